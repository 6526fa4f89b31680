"""Wire traces: switched on and off while associations stand, passwords never in them, readable as text and by tshark."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.admin.trace import TraceCommand
from gateway.errors import GatewayError
from gateway.mta.credentials import Credentials
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.pcap import Segment, pcap, segments_of
from gateway.mta.peers import Peers
from gateway.mta.sender import Sender
from gateway.mta.trace import EVERYBODY, Recording, Trace
from gateway.mta.transcript import transcript
from tests.mta.given import APDU, HERE, PATIENT, MemoryIntake, associate, called, caller, eventually, reference, transferred
from tests.mta.letters import message_apdu
from tests.shared import require_program

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@contextlib.asynccontextmanager
async def pair(trace: Trace) -> AsyncIterator[tuple[Listener, Sender]]:
    """A listener that is traced and a sender that calls it."""
    settings = ListenerSettings(port=0, timers=PATIENT, wrong_bind_delay_seconds=0)
    listener = Listener(settings, Peers((caller(),)), MemoryIntake(), trace=trace)
    await listener.start()
    sender = Sender(Peers((called(listener.port),)), MemoryIntake(), reference=reference, timers=PATIENT)
    try:
        yield listener, sender
    finally:
        await sender.stop()
        await listener.stop()


def text_of(recording: Recording) -> str:
    return "\n".join(line.text for line in transcript(segments_of(recording.pcap())))


async def test_nothing_is_kept_of_an_association_that_nobody_traces():
    trace = Trace()
    async with pair(trace) as (_, sender):
        assert await transferred(sender) == "relayed"
        assert len(list(trace.open_associations())) == 1
    assert not list(trace.recordings())
    assert not list(trace.open_associations())


async def test_a_traced_peer_is_recorded_from_its_first_octet_and_others_are_not():
    trace = Trace(frozenset({"caller"}))
    async with pair(trace) as (listener, sender):
        stranger = await associate(listener.port, user_data=b"\xb0\x02\x05\x00")
        await stranger.close()
        assert await transferred(sender, message_apdu("880704-1")) == "relayed"
    (recording,) = trace.recordings()
    said = text_of(recording)
    assert said.startswith("CR, TPDU size 8192")
    for words in (
        "proposes an association: mode normal, application context 2.6.0.1.6, session version 2, checkpoint 10, window 3, monologue",
        "binds with MTA name 'MTA-HERE', a password as IA5String", "accepts with MTA name 'MTA-THERE'", "AS activity=020101",
        "AE serial=1", "AEA serial=1", '"880704-1"', "FN", "DN",
    ):  # fmt: skip
        assert words in said


async def test_no_password_is_in_a_recording_in_either_form():
    trace = Trace(frozenset({EVERYBODY}))
    async with pair(trace) as (listener, sender):
        assert await transferred(sender) == "relayed"
        guess = Credentials(mta_name="MTA-HERE", password=b"my-guess")
        wrong = Sender(Peers((called(listener.port, ours=guess),)), MemoryIntake(), reference=reference, timers=PATIENT)
        assert "authentication-error" in await transferred(wrong)
        await wrong.stop()
    recordings = list(trace.recordings())
    assert len(recordings) == 2
    for recording in recordings:
        capture = recording.pcap()
        assert b"\x16\x0a**********" in capture or b"\x16\x08********" in capture
        for secret in (b"our secret", b"their secret", b"my-guess"):
            assert secret not in capture


@pytest.mark.parametrize("password", [b" ", b"A", b"ab"])
def test_a_short_password_is_masked_where_it_is_one_and_nowhere_else(password):
    recording = Recording(1, "p", "192.0.2.7:4000", True, NOW, lambda: NOW)
    recording.secrets.add(password)
    octets = b"A A ab \x16" + bytes((len(password),)) + password + b" A\x04" + bytes((len(password),)) + password
    recording.received(octets[:9])
    recording.received(octets[9:])  # a password may be cut by TCP
    stars = b"*" * len(password)
    masked = b"".join(segment.data for segment in recording.masked())
    assert masked == octets.replace(b"\x16" + octets[8:9] + password, b"\x16" + octets[8:9] + stars).replace(
        b"\x04" + octets[8:9] + password, b"\x04" + octets[8:9] + stars
    )


async def test_it_is_switched_on_and_off_while_an_association_stands():
    trace = Trace()
    async with pair(trace) as (_, sender):
        assert await transferred(sender) == "relayed"
        assert trace.switch_on("caller") == 1
        assert await transferred(sender) == "relayed"
        (recording,) = trace.recordings()
        assert [line.text for line in transcript(segments_of(recording.pcap())) if line.text.startswith(("AS", "AEA"))] == [
            "AS activity=020102",
            "AEA serial=1",
        ]
        trace.switch_off("caller")
        before = recording.octets
        assert await transferred(sender) == "relayed"
        assert recording.octets == before
    assert list(trace.recordings()) == [recording], "what was recorded stays"


def test_a_recording_has_a_largest_size():
    recording = Recording(1, "p", "192.0.2.7:4000", True, NOW, lambda: NOW, most=10)
    recording.received(b"x" * 8)
    recording.sent(b"y" * 8)
    assert (recording.octets, recording.cut_off) == (10, True)
    assert [segment.data for segment in recording.segments] == [b"x" * 8, b"yy"]


def test_what_was_written_is_read_back():
    segments = [
        Segment(at=NOW, ours=True, data=b"\x03\x00" * 40_000),
        Segment(at=NOW, ours=False, data=b"answer"),
    ]
    found = list(segments_of(pcap(segments, called_by_us=True)))
    assert b"".join(each.data for each in found if each.ours) == segments[0].data
    assert [each.data for each in found if not each.ours] == [b"answer"]
    with pytest.raises(GatewayError):
        list(segments_of(b"rubbish"))


@pytest.mark.parametrize(
    "octets", [b"\x02\x00\x00\x07", b"\x03\x00\x00\x05x", b"rubbish " * 9, b"\x03\x00\x00\x0b\x06\xd0\x00\x00\x00\x00\x00"]
)
def test_a_transcript_of_rubbish_is_a_line_that_says_so(octets):
    for ours in (True, False):
        lines = list(transcript([Segment(at=NOW, ours=ours, data=octets)]))
        assert lines


async def test_the_command_of_the_control_socket_reads_a_recording_in_pieces():
    trace = Trace(frozenset({"caller"}))
    async with pair(trace) as (_, sender):
        assert await transferred(sender, message_apdu("880704-1", "Hello " * 20_000)) == "relayed"
    command = TraceCommand(trace)
    listed = await command({"action": "list"})
    assert [each["peer"] for each in listed["recordings"]] == ["caller"]
    number, found = listed["recordings"][0]["recording"], b""
    import base64

    while True:
        answer = await command({"action": "read", "recording": number, "offset": len(found)})
        found += base64.b64decode(answer["piece"])
        if len(found) >= answer["octets"]:
            break
    assert found == next(trace.recordings()).pcap()
    assert (await command({"action": "on", "peer": "x"}))["on"] == ["caller", "x"]
    assert (await command({"action": "off"}))["on"] == []
    for request in ({"action": "read", "recording": 99}, {"action": "dance"}):
        with pytest.raises(GatewayError):
            await command(request)


@pytest.mark.peer
async def test_tshark_reads_an_exported_recording(tmp_path: Path):
    program = require_program("tshark")
    trace = Trace(frozenset({"caller"}))
    async with pair(trace) as (_, sender):
        assert await transferred(sender, message_apdu("880704-1")) == "relayed"
        await eventually(lambda: True)
    path = tmp_path / "trace.pcap"
    path.write_bytes(next(trace.recordings()).pcap())
    found = await asyncio.to_thread(
        subprocess.run, [program, "-r", str(path), "-V"], capture_output=True, text=True, check=True, timeout=60
    )  # fmt: skip
    for words in ("ISO 8327-1 OSI Session Protocol", "X.228 OSI Reliable Transfer Service", "X.411 Message Transfer Service", "MTA-HERE"):
        assert words in found.stdout
    for fault in ("Malformed", "BER Error", "our secret", "their secret"):
        assert fault not in found.stdout


def test_the_passwords_of_these_tests_are_what_is_looked_for():
    assert HERE.password == b"our secret"
    assert len(APDU) > 0
