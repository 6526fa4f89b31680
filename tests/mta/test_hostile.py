"""Hostile and broken callers: each gets the protocol's own answer, each leaves a line in the log, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from gateway.osi import service as s
from gateway.osi.stack import Stack
from tests.mta.given import APDU, BRISK, apdu, called, eventually, listening, opening, sending, transferred

CR = bytes.fromhex("030000 0b 06 e0 0000 0001 00")
CC = "06d0"


def tpkt(payload: bytes) -> bytes:
    return b"\x03\x00" + (len(payload) + 4).to_bytes(2, "big") + payload


def dt(tsdu: bytes, *, end: bool = True) -> bytes:
    return tpkt(b"\x02\xf0" + (b"\x80" if end else b"\x00") + tsdu)


def endless(beginning: bytes) -> bytes:
    """A TSDU of 2 MB that never ends."""
    return dt(beginning, end=False) + dt(bytes(8000), end=False) * 250


class Recorder:
    """The client side of an association without sockets, for its octets: what it says until the point where it misbehaves."""

    def __init__(self) -> None:
        self.stack = Stack.initiator(opening(), timers=s.StackTimers())

    def said(self) -> bytes:
        self.stack.start(0.0)
        found = b""
        while data := self.stack.data_to_send():
            found += data
        return found


class Caller:
    """A raw TCP client that can first bind correctly."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._recorder = Recorder()

    async def bind(self) -> None:
        stack = self._recorder.stack
        self.writer.write(self._recorder.said())
        while True:
            event = stack.next_event()
            if isinstance(event, s.RTOpenConfirm):
                assert event.accepted
                return
            if out := self._recorder.said():
                self.writer.write(out)
            stack.receive_data(await asyncio.wait_for(self.reader.read(65536), 2))

    async def answer(self) -> bytes:
        """Everything until the other side closes TCP."""
        try:
            return await asyncio.wait_for(self.reader.read(-1), 3)
        except ConnectionResetError:
            return b""


AB_PROTOCOL_ERROR = b"\x11\x01\x05"
NOTHING = b""

BEFORE_BIND: dict[str, tuple[bytes, bytes, str]] = {
    "garbage": (b"GET / HTTP/1.0\r\n\r\n", NOTHING, "TPKT: version 71 instead of 3"),
    "tls": (bytes.fromhex("160301020001"), NOTHING, "TPKT: version 22 instead of 3"),
    "tpkt length 0": (b"\x03\x00\x00\x00", NOTHING, "TPKT: length 0 is below 7"),
    "tpkt length 6": (b"\x03\x00\x00\x06\x01\x80", NOTHING, "TPKT: length 6 is below 7"),
    "tpkt longer than what comes": (b"\x03\x00\xff\xff\x06\xe0" + bytes(90), NOTHING, "bind_input: the peer took too long"),
    "tpkt shorter than the cr": (b"\x03\x00\x00\x08\x10\xe0\x00\x00", NOTHING, "COTP"),
    "cotp li 255": (tpkt(b"\xff\xe0\x00\x00\x00\x01\x00"), NOTHING, "COTP"),
    "dt before cr": (dt(b"\x0d\x00"), NOTHING, "DT TPDU in state CLOSED"),
    "cc to a responder": (tpkt(bytes.fromhex("06d00001000100")), NOTHING, "CC TPDU in state CLOSED"),
    "second cr": (CR + CR, bytes.fromhex(CC), "CR TPDU in state OPEN"),
    "class 4 only": (tpkt(bytes.fromhex("06e00000000140")), bytes.fromhex("80000100"), "class 4 without class 0"),
    "silence after cc": (CR, bytes.fromhex(CC), "bind_input: the peer took too long"),
    "endless dt without eot": (CR + endless(b"\x0d\xff\xff\xff\xf0\xff\xff\xfb"), bytes.fromhex(CC), "CPType expected"),
    "cn li lies": (CR + dt(bytes.fromhex("0d7f 0506 1301 0016 0102")), bytes.fromhex(CC), "session"),
    "pi beyond pgi": (CR + dt(bytes.fromhex("0d08 0503 13ff 0016 0102")), bytes.fromhex(CC), "session"),
    "ab in place of cn": (CR + dt(bytes.fromhex("1903110103")), bytes.fromhex(CC), "before the bind"),
    "unknown spdu": (CR + dt(bytes.fromhex("7f00")), bytes.fromhex(CC), "session"),
    "cn without cp": (CR + dt(bytes.fromhex("0d0e 0506 130100 160102 14020249 c100".replace(" ", ""))), bytes.fromhex(CC), ""),
    "cp of garbage": (CR + dt(bytes.fromhex("0d13 0506130100160102 14020249 c105 3103deadff".replace(" ", ""))), bytes.fromhex(CC), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BEFORE_BIND)
async def test_before_the_bind(name):
    octets, answer, said = BEFORE_BIND[name]
    with capture_logs() as logs:
        async with listening(timers=BRISK) as there, sending(called(there.port)) as sender:
            client = Caller(*await asyncio.open_connection("127.0.0.1", there.port))
            client.writer.write(octets)
            beside = asyncio.create_task(transferred(sender))
            got = await client.answer()
            assert await beside == "relayed", "another connection has noticed"
            client.writer.close()
            await eventually(lambda: len(there.listener._tasks) <= 1)
    assert answer in got
    assert answer or not got
    lines = [line for line in logs if line["log_level"] == "warning"]
    assert any(said in str(line.get("reason")) for line in lines), lines
    assert not [line for line in logs if line["log_level"] == "error"]


ACTIVITY_START = dt(bytes.fromhex("0100 2d05 2903 020101".replace(" ", "")))
DATA_PREFIX = bytes.fromhex("01000100")


def rttr(octets: bytes, context: int = 3) -> bytes:
    body = b"\x04\x82" + len(octets).to_bytes(2, "big") + octets
    value = bytes((2, 1, context)) + b"\xa0\x82" + len(body).to_bytes(2, "big") + body
    pdv = b"\x30\x82" + len(value).to_bytes(2, "big") + value
    return dt(DATA_PREFIX + b"\x61\x82" + len(pdv).to_bytes(2, "big") + pdv)


AFTER_BIND: dict[str, tuple[bytes, bytes, str]] = {
    "garbage": (b"\x00garbage", NOTHING, "TPKT: version 0 instead of 3"),
    "spdu li lies": (dt(bytes.fromhex("0100 2d7f 2903 020101".replace(" ", ""))), AB_PROTOCOL_ERROR, "session"),
    "activity end without activity": (dt(bytes.fromhex("010029032a0131")), AB_PROTOCOL_ERROR, "session"),
    "data without activity": (rttr(b"x"), b"\x19", "DATA TRANSFER in state STA713"),
    "two activity starts": (ACTIVITY_START * 2, AB_PROTOCOL_ERROR, "session"),
    "checkpoint serial jumps": (ACTIVITY_START + rttr(b"x") + dt(bytes.fromhex("010031032a0137")), AB_PROTOCOL_ERROR, "session"),
    "wrong ppdu": (ACTIVITY_START + dt(DATA_PREFIX + b"\x31\x80\x00\x00"), b"\x19", "presentation"),
    "unknown context": (ACTIVITY_START + rttr(b"x", context=9), b"\x19", ""),
    "data in the acse context": (ACTIVITY_START + rttr(b"x", context=1), b"\x19", ""),
    "no octet string": (ACTIVITY_START + rttr(b"x").replace(b"\x04\x82\x00\x01", b"\x05\x82\x00\x01"), b"\x19", "octet string"),
    "ab in the middle": (ACTIVITY_START + rttr(b"x") + dt(bytes.fromhex("1903110103")), NOTHING, ""),
    "cn in the middle": (ACTIVITY_START + dt(bytes.fromhex("0d00")), AB_PROTOCOL_ERROR, "session"),
    "release in the middle": (ACTIVITY_START + dt(bytes.fromhex("0903110101")), b"\x19", ""),
    "silence in the middle": (ACTIVITY_START + rttr(b"x"), b"\x19", "progress: the peer took too long"),
    "endless spdu without eot": (endless(b"\x01\x00\x2d\xff\xff\xff\xf0\xff\xff\xfb"), AB_PROTOCOL_ERROR, "session"),
    "data that is cut off": (ACTIVITY_START + rttr(b"x" * 9000)[:5000], b"\x19", "progress: the peer took too long"),
}


@pytest.mark.parametrize("name", AFTER_BIND)
async def test_after_the_bind(name):
    octets, answer, said = AFTER_BIND[name]
    with capture_logs() as logs:
        async with listening(timers=BRISK) as there, sending(called(there.port)) as sender:
            client = Caller(*await asyncio.open_connection("127.0.0.1", there.port))
            await client.bind()
            client.writer.write(octets)
            beside = asyncio.create_task(transferred(sender, apdu(100_000)))
            got = await client.answer()
            assert await beside == "relayed", "another connection has noticed"
            client.writer.close()
            await eventually(lambda: len(there.listener._tasks) <= 1)
            assert len(there.taken) == 1
            assert there.intake.aborted == there.intake.begun - 1, "what came of an unfinished transfer is dropped"
    assert answer in got
    (line,) = [line for line in logs if line["event"] == "association.aborted"]
    assert line["peer"] == "caller"
    assert said in f"{line['layer']}: {line['reason']}"


async def test_every_prefix_of_an_association_ends_without_a_fault_of_our_own():
    """TCP ends at any octet of CR, CN, transfer."""
    whole = await recorded()
    with capture_logs() as logs:
        async with listening() as there:
            for at in range(0, len(whole), 23):
                reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
                writer.write(whole[:at])
                writer.write_eof()
                await asyncio.wait_for(reader.read(-1), 3)
                writer.close()
            await eventually(lambda: not there.listener._tasks)
            assert +there.listener._incoming == {}
            assert there.intake.begun == there.intake.aborted + len(there.taken)
    assert not [line for line in logs if line["log_level"] == "error"]


async def test_a_caller_that_sends_octet_by_octet_is_served():
    whole = await recorded()
    async with listening() as there:
        reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
        for at in range(len(whole)):
            writer.write(whole[at : at + 1])
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            while not there.taken:
                assert await reader.read(65536)
        writer.close()
    assert there.taken == [APDU.to_bytes()]


async def test_a_hundred_random_callers_change_nothing():
    whole = await recorded()
    chance = random.Random(1006)
    with capture_logs() as logs:
        async with listening(unbound=1000) as there:

            async def one(mutate: Callable[[bytearray], None]) -> None:
                octets = bytearray(whole)
                mutate(octets)
                reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
                writer.write(octets)
                writer.write_eof()
                with contextlib.suppress(ConnectionResetError):
                    await asyncio.wait_for(reader.read(-1), 5)
                writer.close()

            def flip(octets: bytearray) -> None:
                for _ in range(chance.randint(1, 4)):
                    octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)

            await asyncio.gather(*(one(flip) for _ in range(100)))
            async with sending(called(there.port)) as sender:
                assert await transferred(sender) == "relayed"
            await eventually(lambda: not there.listener._tasks)
    assert not [line for line in logs if line["log_level"] == "error"], [line for line in logs if line["log_level"] == "error"]


async def recorded() -> bytes:
    """What a correct caller says from CR to the end of a transfer (it does not need to hear anything in between)."""
    said: list[bytes] = []
    async with listening() as there:

        async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ahead, behind = await asyncio.open_connection("127.0.0.1", there.port)

            async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, record: list[bytes] | None) -> None:
                while data := await source.read(65536):
                    if record is not None:
                        record.append(data)
                    sink.write(data)
                sink.close()

            await asyncio.gather(pump(reader, behind, said), pump(ahead, writer, None))

        server = await asyncio.start_server(through, "127.0.0.1", 0)
        async with sending(called(server.sockets[0].getsockname()[1], checkpoint_size=0)) as sender:
            assert await transferred(sender) == "relayed"
            transfer_end = len(said)
        server.close()
    return b"".join(said[:transfer_end])
