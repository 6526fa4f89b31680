"""``mixer peer`` and ``mixer trace``: exit codes, words and JSON, against a listener and a gateway that really run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.admin.control import ControlServer
from gateway.admin.trace import TraceCommand
from gateway.mta.credentials import Credentials
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.peers import Peer, Peers
from gateway.mta.trace import Trace
from tests.mta.given import MemoryIntake

GATEWAY = Peer(
    name="gateway", ours=Credentials(mta_name="PARTNER", password=b"theirs"), theirs=Credentials(mta_name="GATEWAY", password=b"ours")
)


@contextmanager
def beside(start: Callable[[], Any]) -> Iterator[Any]:
    """An event loop of its own in a thread, with what ``start`` starts on it; the command has the loop of this thread."""
    ready, stop = threading.Event(), threading.Event()
    found: list[Any] = []

    async def run() -> None:
        running = await start()
        found.append(running)
        ready.set()
        await asyncio.to_thread(stop.wait)
        await running.stop()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert ready.wait(10)
        yield found[0]
    finally:
        stop.set()
        thread.join(10)


class Running:
    """An MTA at the other end, traced, with a control socket."""

    def __init__(self, folder: Path) -> None:
        self.intake = MemoryIntake()
        self.trace = Trace()
        self.listener = Listener(ListenerSettings(port=0, wrong_bind_delay_seconds=0), Peers((GATEWAY,)), self.intake, trace=self.trace)
        self.control = ControlServer(folder / "control.sock", {"trace": TraceCommand(self.trace)})

    async def stop(self) -> None:
        await self.listener.stop()
        await self.control.stop()


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Running]:
    async def start() -> Running:
        running = Running(tmp_path)
        await running.listener.start()
        await running.control.start()
        return running

    with beside(start) as running:
        yield running


@pytest.fixture
def calling(config: Path, there: Running) -> Path:
    """A configuration whose peer is that MTA."""
    (config.parent / "ours").write_text("ours\n")
    (config.parent / "theirs").write_text("theirs\n")
    more = f'host = "127.0.0.1"\nport = {there.listener.port}\nour_password = {{ file = "ours" }}\npassword = {{ file = "theirs" }}\n'
    config.write_text(config.read_text() + more + '[admin]\nsocket = "control.sock"\n')
    return config


def test_peers_are_listed_with_what_we_propose_and_what_they_must_offer(mixer, config):
    ran = mixer("peer", "list", "-c", config)
    assert ran.code == 0
    assert ran.out.startswith("partner  only calls us  normal  monologue")
    assert "it calls with MTA name 'PARTNER', any password" in ran.out
    assert mixer("peer", "list", "-c", config, "--json").json[0]["name"] == "partner"


def test_a_peer_that_is_well(mixer, calling):
    ran = mixer("peer", "test", "partner", "-c", calling)
    assert ran.code == 0, ran.out
    assert ran.out.splitlines()[-1] == "partner is well"
    assert "good   bind: accepted" in ran.out
    assert "it offered window: 3" in ran.out
    facts = mixer("peer", "test", "partner", "-c", calling, "--json").json
    assert (facts["good"], facts["failed_at"]) == (True, "")


def test_a_wrong_password_is_named_and_never_shown(mixer, calling):
    (calling.parent / "ours").write_text("wrong-password")
    ran = mixer("peer", "test", "partner", "-c", calling)
    assert ran.code == 1
    assert "FAILED bind: bind error authentication-error" in ran.out
    assert "what to change: compare, with case: our_mta_name" in ran.out
    assert "its last octets: 0300" in ran.out
    assert "wrong-password" not in ran.out + ran.err
    assert b"wrong-password".hex() not in ran.out


def test_another_dialogue_mode_that_works_is_found(mixer, calling):
    calling.write_text(calling.read_text().replace('name = "partner"', 'name = "partner"\ndialogue = "two-way-alternate"'))
    ran = mixer("peer", "test", "partner", "-c", calling)
    assert ran.code == 1
    assert 'the same call is taken with dialogue = "monologue"' in ran.out


def test_a_probe_is_handed_over(mixer, calling, there):
    ran = mixer("peer", "test", "partner", "-c", calling, "--probe", "/S=mueller/PRMD=PARTNER/ADMD=DEMO/C=XX/")
    assert ran.code == 0, ran.out + ran.err
    assert "good   transfer: it has taken" in ran.out
    (taken,) = there.intake.taken
    assert taken[:1] == b"\xa2", "a Probe (X.411 MTS-APDU [2])"


@pytest.mark.parametrize("name", ["nobody", "partner"])
def test_a_peer_that_cannot_be_called(mixer, config, name):
    ran = mixer("peer", "test", name, "-c", config)
    assert ran.code == 1
    assert "there is no peer nobody; known are partner" in ran.err or "it only calls us" in ran.err


def test_traces_are_switched_on_listed_shown_and_exported(mixer, calling, there, tmp_path):
    assert "traced: everybody" in mixer("trace", "on", "-c", calling).out
    assert mixer("peer", "test", "partner", "-c", calling).code == 0
    listed = mixer("trace", "list", "-c", calling)
    assert "recording 1    from gateway" in listed.out
    shown = mixer("trace", "show", 1, "-c", calling)
    assert "> CR" in shown.out
    assert "binds with MTA name 'GATEWAY', a password as IA5String" in shown.out
    assert "< AC" in shown.out
    assert "ours" not in shown.out.replace("hours", "")
    assert mixer("trace", "show", 1, "-c", calling, "--json").json[0]["from"] == "caller"
    capture = tmp_path / "out.pcap"
    assert mixer("trace", "export", 1, "-c", calling, "-o", capture).code == 0
    assert capture.read_bytes()[:4] == b"\xd4\xc3\xb2\xa1"
    assert b"\x16\x04ours" not in capture.read_bytes()
    decoded = mixer("decode", capture)
    assert decoded.code == 0
    assert "CN" in decoded.out
    assert mixer("trace", "off", "-c", calling).out.startswith("traced: nobody")
    assert mixer("trace", "show", 99, "-c", calling).code == 1


def test_a_trace_of_nobody_and_without_a_gateway(mixer, config):
    assert "there is no peer nobody" in mixer("trace", "on", "nobody", "-c", config).err
    assert "no gateway answers" in mixer("trace", "list", "-c", config).err
