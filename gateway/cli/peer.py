"""``mixer peer``: the P1 peers, and a call to one of them that says which layer failed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import asn1, log
from gateway.building.mta import peers_from, stack_timers
from gateway.cli.common import ConfigOption, JSONOption, app, naming, settings_of, show
from gateway.config import Config, load
from gateway.errors import GatewayError
from gateway.journeys.prober import Question, probe_apdu
from gateway.mixer.policy import Context
from gateway.mixer.stdor import from_text
from gateway.mta.checkup import Checkup, alternatives, check_up, now_reference
from gateway.mta.credentials import selectors_text
from gateway.mta.peers import Peer, Peers, expectation
from gateway.octets import Octets

peer = typer.Typer(help="The P1 peers.", no_args_is_help=True)
app.add_typer(peer, name="peer")


@peer.command("list")
def list_(config: ConfigOption, json: JSONOption = False) -> None:
    """List the peers: where we call them, what we propose, what their calls must look like."""
    with naming(config):
        peers = tuple(peers_from(load(config)))
    show([_facts(each) for each in peers], as_json=json, text="\n".join(line for each in peers for line in _lines(each)) or "no peers")


@peer.command("test")
def test(
    config: ConfigOption,
    name: Annotated[str, typer.Argument(help="Name of the peer, as the configuration has it.")],
    probe: Annotated[str, typer.Option(help="Send a probe for this O/R address over the association.")] = "",
    try_others: Annotated[bool, typer.Option("--others/--no-others", help="After a failure, try other modes.")] = True,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show all that was said.")] = False,
    json: JSONOption = False,
) -> None:
    """Call a peer and say which of TCP, TLS, selectors, session, presentation, application context, mode, name or password failed."""
    log.configure(level="error")
    loaded = load(config)
    with naming(config):
        found = _peer(peers_from(loaded), name)
    if not found.host:
        raise GatewayError(f"peer {name} has no host: it only calls us, and `mixer trace on {name}` shows what it says")
    apdu = _probe(config, found, probe) if probe else None
    checkup, working = asyncio.run(_tested(loaded, found, apdu, try_others=try_others))
    facts = {**_checked(checkup), "others_that_work": working}
    show(facts, as_json=json, text="\n".join(_report(name, checkup, working, verbose=verbose)))
    if not checkup.good:
        sys.exit(1)


async def _tested(config: Config, found: Peer, apdu: Octets | None, *, try_others: bool) -> tuple[Checkup, list[str]]:
    timers, name = stack_timers(config), config.gateway.mta_name
    checkup = await check_up(found, lambda: now_reference(name), timers, apdu)
    working = []
    for setting, changed in alternatives(found, checkup.failed_at) if try_others else ():
        other = await check_up(changed, lambda: now_reference(name), timers)
        if other.good or (other.failed_at in ("bind", "its name and password") and other.failed_at != checkup.failed_at):
            working.append(setting)
    return checkup, working


def _peer(peers: Peers, name: str) -> Peer:
    found = peers.get(name)
    if found is None:
        raise GatewayError(f"there is no peer {name}; known are {', '.join(each.name for each in peers) or 'none'}")
    return found


def _probe(config: Path, found: Peer, address: str) -> Octets:
    settings, now = settings_of(config), datetime.now(UTC)
    context = Context(settings=settings.towards(found.policy), now=now, plan_seed=f"peer test {now.isoformat()}", policy=found.policy)
    apdu, _ = probe_apdu(Question(address=from_text(address)), context)
    octets: Octets = asn1.encode_octets(apdu, dialects=found.dialects)
    return octets


def _facts(each: Peer) -> dict[str, Any]:
    return {
        "name": each.name, "host": each.host, "port": each.port, "tls": each.tls is not None, "mode": each.mode.value,
        "calling": selectors_text(each.calling), "called": selectors_text(each.called), "our_mta_name": each.ours.mta_name,
        "dialogue": each.dialogue.name.lower().replace("_", "-"), "checkpoint_size_kilobytes": each.checkpoint_size,
        "window_size": each.window_size, "tpdu_size_octets": each.tpdu_size, "associations": each.associations,
        "incoming": each.incoming, "its_calls": expectation(each),
    }  # fmt: skip


def _lines(each: Peer) -> Iterator[str]:
    where = f"{each.host}:{each.port}{' (TLS)' if each.tls else ''}" if each.host else "only calls us"
    sizes = f"checkpoint {each.checkpoint_size}, window {each.window_size}, TPDU {each.tpdu_size}"
    yield f"{each.name}  {where}  {each.mode.value}  {each.dialogue.name.lower().replace('_', '-')}  {sizes}"
    yield f"    we call as {each.ours.mta_name!r}, calling {selectors_text(each.calling)}, called {selectors_text(each.called)}"
    yield f"    it calls with {expectation(each)}"


def _checked(checkup: Checkup) -> dict[str, Any]:
    return {
        "good": checkup.good, "failed_at": checkup.failed_at, "sent": checkup.sent, "steps": [asdict(step) for step in checkup.steps],
        "offered": dict(checkup.offered), "last_octets": checkup.last_octets,
        "said": [{"from": "us" if line.caller else "the peer", "text": line.text} for line in checkup.lines],
    }  # fmt: skip


def _report(name: str, checkup: Checkup, working: list[str], *, verbose: bool) -> Iterator[str]:
    yield f"sent: {checkup.sent}"
    for step in checkup.steps:
        yield f"{'good  ' if step.good else 'FAILED'} {step.layer}: {log.printable(step.text)}"
    for what, value in checkup.offered:
        yield f"it offered {what}: {log.printable(value)}"
    failed = next((step for step in checkup.steps if not step.good), None)
    if failed is not None or verbose:
        came = [line for line in checkup.lines if verbose or not line.caller]
        yield "what was said:" if verbose else "what came back:"
        yield from (f"  {'us:  ' if line.caller else 'peer:'} {'  ' if line.detail else ''}{log.printable(line.text)}" for line in came)
        yield f"  its last octets: {checkup.last_octets or 'none'}"
    if failed is None:
        yield f"{name} is well"
        return
    yield f"what to change: {failed.advice}"
    yield from (f"the same call is taken with {setting}" for setting in working)
