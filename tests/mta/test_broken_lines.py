"""A line that cuts, delays, fragments and corrupts at every position of a transfer: nothing lost, nothing twice, nobody else disturbed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.mta.certificates import Expected
from gateway.mta.intake import X400Intake
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.peers import Peers
from gateway.mta.tls import CallerTLS, ListenerTLS
from gateway.spool.store import Store
from gateway.spool.transfer import RecipientState
from tests.mta.certificates import Authority
from tests.mta.given import BRISK, MemoryIntake, called, caller, sending, transferred
from tests.mta.letters import message_apdu
from tests.spool.given import open_store

Spoil = Callable[[bytes, int], bytes | None]
"""Octets and their place in the direction -> what is passed on, None to cut the line."""


class Line:
    """A line to a port that spoils one direction of its first connection; later ones are good.

    Attributes:
        length: Octets of the spoiled direction.
    """

    def __init__(self, port: int, spoil: Spoil, *, outward: bool) -> None:
        self._port = port
        self._spoil: Spoil | None = spoil
        self._outward = outward
        self.length = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        spoil, self._spoil = self._spoil, None
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        ways = [
            asyncio.create_task(self._pass(reader, far_writer, spoil if self._outward else None)),
            asyncio.create_task(self._pass(far_reader, writer, spoil if not self._outward else None)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for each in (writer, far_writer):
            each.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, spoil: Spoil | None) -> None:
        place = 0
        while data := await reader.read(4096):
            passed = data if spoil is None else spoil(data, place)
            place += len(data)
            if spoil is not None:
                self.length = place
            if passed is None:
                return
            writer.write(passed)
            await writer.drain()


@contextlib.asynccontextmanager
async def line(port: int, spoil: Spoil, *, outward: bool = True) -> AsyncIterator[tuple[Line, int]]:
    found = Line(port, spoil, outward=outward)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    try:
        yield found, server.sockets[0].getsockname()[1]
    finally:
        server.close()


def cutting(at: int) -> Spoil:
    def spoil(data: bytes, place: int) -> bytes | None:
        return data if place + len(data) <= at else None

    return spoil


def flipping(at: int, bit: int) -> Spoil:
    def spoil(data: bytes, place: int) -> bytes:
        if not place <= at < place + len(data):
            return data
        changed = bytearray(data)
        changed[at - place] ^= 1 << bit
        return bytes(changed)

    return spoil


def whole(data: bytes, place: int) -> bytes:
    return data


@contextlib.asynccontextmanager
async def receiving(folder: Path) -> AsyncIterator[tuple[Store, Listener]]:
    folder.mkdir()  # noqa: ASYNC240 - a folder of the test
    store = await open_store(folder)
    listener = Listener(ListenerSettings(port=0, timers=BRISK, wrong_bind_delay_seconds=0), Peers((caller(),)), X400Intake(store))
    await listener.start()
    try:
        yield store, listener
    finally:
        await listener.stop()
        await store.close()


async def until_relayed(port: int, tries: int = 4) -> int:
    """Transfer as the relay does, again until the peer has it; how many tries that took."""
    async with sending(called(port, retry_seconds=0.0, associations=1), timers=BRISK) as sender:
        for attempt in range(1, tries + 1):
            if await transferred(sender, message_apdu("880704-1")) == "relayed":
                return attempt
    raise AssertionError("it never got through")


async def served(store: Store) -> int:
    """How many recipients will be served: neither duplicates nor what is set aside."""
    found = await store.track("[/PRMD=PARTNER/ADMD=DEMO/C=XX/;880704-1]")
    return sum(each.state is RecipientState.QUEUED for transfer in found for each in transfer.recipients)


@pytest.mark.slow
@pytest.mark.parametrize("outward", [True, False], ids=["ours", "theirs"])
async def test_a_cut_at_every_position_loses_nothing_and_doubles_nothing(tmp_path: Path, outward: bool) -> None:
    async with receiving(tmp_path / "whole") as (_, listener), line(listener.port, whole, outward=outward) as (found, port):
        assert await until_relayed(port) == 1
    for number, at in enumerate(range(0, found.length, max(1, found.length // 40))):
        async with receiving(tmp_path / str(number)) as (store, listener), line(listener.port, cutting(at), outward=outward) as (_, port):
            assert await until_relayed(port) <= 3, at
            assert await served(store) == 1, at


async def test_single_octets_and_delays_change_nothing(tmp_path: Path) -> None:
    async with receiving(tmp_path / "q") as (store, listener):

        async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", listener.port)

            async def out() -> None:
                while data := await reader.read(4096):
                    for octet in data:
                        far_writer.write(bytes((octet,)))
                        await far_writer.drain()
                        await asyncio.sleep(0)

            async def back() -> None:
                while data := await far_reader.read(4096):
                    for octet in data:
                        writer.write(bytes((octet,)))
                        await asyncio.sleep(0)

            ways = [asyncio.create_task(out()), asyncio.create_task(back())]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for each in (*ways,):
                each.cancel()
            for each in (writer, far_writer):
                each.close()

        server = await asyncio.start_server(drip, "127.0.0.1", 0)
        assert await until_relayed(server.sockets[0].getsockname()[1]) == 1
        assert await served(store) == 1
        server.close()


@pytest.mark.slow
@pytest.mark.parametrize("outward", [True, False], ids=["ours", "theirs"])
async def test_a_flipped_bit_harms_nothing_but_its_own_association(tmp_path: Path, outward: bool) -> None:
    """A class 0 transport has no checksum: what was changed may arrive changed, but there is no crash, no hang, and others go on."""
    with capture_logs() as logs:
        async with receiving(tmp_path / "q") as (_, listener):
            for number in range(30):
                async with line(listener.port, flipping(number * 61 % 1700, number % 8), outward=outward) as (_, port):
                    await until_relayed(port)
    assert not [entry for entry in logs if entry.get("reason") == "a fault of our own"]


@pytest.mark.slow
async def test_under_tls_a_flipped_bit_is_always_found(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own = authority.issue("there.example")
    intake = MemoryIntake()
    tls = ListenerTLS(certificate=own.certificate_file, key=own.key_file)
    listener = Listener(ListenerSettings(port=0, timers=BRISK, tls=tls), Peers((caller(),)), intake)
    await listener.start()
    sent = message_apdu("880704-1").to_bytes()
    caller_tls = CallerTLS(authorities=authority.file, expected=Expected(subject="CN=there.example,C=XX"))
    for number in range(20):
        async with (
            line(listener.tls_port, flipping(60 + number * 97, number % 8)) as (_, port),
            sending(called(port, tls=caller_tls, retry_seconds=0.0, associations=1), timers=BRISK) as sender,
        ):
            for _ in range(3):
                if await transferred(sender, message_apdu("880704-1")) == "relayed":
                    break
    assert set(intake.taken) == {sent}
    await listener.stop()
