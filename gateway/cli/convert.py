"""``mixer convert`` and ``mixer decode``: offline, from files, with the production code."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.building.policy import profile_policy
from gateway.cli.common import ConfigOption, JSONOption, app, settings_of, show
from gateway.cli.conversion import Result, envelope_of, to_internet, to_x400, under
from gateway.cli.convert_explain import Explanation, explain_to_internet, explain_to_x400, text
from gateway.cli.decoding import decoded
from gateway.cli.recognise import recognise
from gateway.config import profile_names
from gateway.correspondent.mailbox import octets_of_file
from gateway.errors import GatewayError
from gateway.internet.message import parse
from gateway.mixer.policy import Context


class Target(Enum):
    """What to convert to."""

    X400 = "x400"
    INTERNET = "internet"


def _profile(name: str | None) -> str | None:
    if name is not None and name not in profile_names():
        raise typer.BadParameter(f"there is no such profile; known are {', '.join(profile_names())}")
    return name


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(help="An Internet message, or MTS-APDU, P2 or P22 in BER.", exists=True, dir_okay=False)],
    config: ConfigOption,
    to: Annotated[Target | None, typer.Option(help="Target; recognised from the file when left out.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write; standard output shows it for people.")] = None,
    sender: Annotated[str | None, typer.Option("--from", help="Reverse path; else from the header.")] = None,
    rcpt: Annotated[list[str] | None, typer.Option(help="SMTP recipient; else from the header.")] = None,
    profile: Annotated[str | None, typer.Option(help="Convert as for a peer of this profile.", callback=_profile)] = None,
    explain: Annotated[bool, typer.Option(help="Say which rules ran, what each profile makes of it, and what comes back.")] = False,
    json: JSONOption = False,
) -> None:
    """Convert a message either way without sending it; Notes say what was truncated, dropped or approximated."""
    settings = settings_of(config)
    context = Context(settings=settings, now=datetime.now(UTC), plan_seed=secrets.token_hex(16), queue_id="CONVERT")
    policy = profile_policy(profile or "default")
    octets = octets_of_file(file)
    found = recognise(octets)
    target = to or (Target.INTERNET if found is not None else Target.X400)
    explanation: Explanation | None = None
    if target is Target.X400:
        message = parse(octets)
        envelope = envelope_of(message, sender, rcpt or [])
        result = to_x400(message, envelope, under(context, policy))
        explanation = explain_to_x400(message, envelope, context, policy, result) if explain else None
    elif found is None:
        raise GatewayError(f"{file} holds neither an MTS-APDU nor P2 or P22 content")
    else:
        result = to_internet(found, under(context, policy))
        explanation = explain_to_internet(found, context, policy, result) if explain else None
    if out is not None:
        with out.open("wb") as written:
            written.writelines(result.octets.chunks())
    _tell(result, target, explanation, shown=out is None, json=json)


def _tell(result: Result, target: Target, explanation: Explanation | None, *, shown: bool, json: bool) -> None:
    notes = [str(note) for note in result.notes]
    facts: dict[str, Any] = {"target": target.value, "octets": len(result.octets), "notes": notes, "shown": result.shown}
    lines = [*([result.shown] if shown else []), *(f"Note: {note}" for note in notes)]
    if explanation is not None:
        facts["explain"] = explanation.facts()
        lines += ["", text(explanation)]
    show(facts, as_json=json, text="\n".join(lines))


@app.command()
def decode(
    file: Annotated[Path, typer.Argument(help="BER, a dump of TPKTs, or a pcap.", exists=True, dir_okay=False)],
    json: JSONOption = False,
) -> None:
    """Show what a file of BER, TPKTs or captured packets holds, in ASN.1 value notation."""
    values = list(decoded(octets_of_file(file)))
    lines = "\n".join(f"-- {title}\n{notation}" for title, notation in values)
    show([{"what": title, "value": notation} for title, notation in values], as_json=json, text=lines)
