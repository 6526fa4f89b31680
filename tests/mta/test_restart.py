"""Checkpoints on disk on both sides: a transfer goes on behind its last confirmed checkpoint although a gateway was started anew."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.mta.intake import X400Intake
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.partials import Partial, Partials
from gateway.mta.peers import Peers
from gateway.mta.sender import Sender
from gateway.mta.shelf import StoredProgress, StoredShelf
from gateway.octets import Octets
from gateway.osi import service as s
from gateway.osi.rtse.external import unwrap
from gateway.spool.content import StoredContent
from gateway.spool.store import Store
from gateway.spool.transfer import Result
from tests.mta.given import PATIENT, called, caller, reference
from tests.mta.letters import message_apdu
from tests.mta.test_recovery import BOTH, REFERENCE, Cutter, settings
from tests.spool.given import counting_ids, open_store

MESSAGE = message_apdu("880704-1", "Hello, world. " * 120_000)  # 1.7 MB: several chunks of the store, many checkpoints
KEY = ("caller", REFERENCE, b"\x02\x01\x01")


class Receiver:
    """A gateway that receives, and can be started anew on the same queue."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.starts = 0
        self.store: Store
        self.listener: Listener

    async def start(self) -> None:
        self.starts += 1
        self.store = await open_store(self._folder, ids=counting_ids(f"S{self.starts}-"))
        shelf = StoredShelf(self.store.parts)
        self.listener = Listener(
            ListenerSettings(port=0, timers=PATIENT), Peers((caller(recovery=True),)), X400Intake(self.store), shelf=shelf
        )
        await self.listener.start()

    async def stop(self) -> None:
        await self.listener.stop()
        await self.store.close()

    async def one_whole_copy(self, message: Octets) -> None:
        (kept,) = await self.store.list()
        assert kept.mts_identifier.endswith("880704-1]")
        (claim,) = await self.store.claim("w", kept.arrived, lease_seconds=9)
        assert unwrap(claim.content).to_bytes(1 << 27) == message.to_bytes(1 << 27)


class RestartingLine(Cutter):
    """A line that breaks, and whose far end is started anew at some of the breaks."""

    def __init__(self, receiver: Receiver, *, after: int, restarts: int) -> None:
        super().__init__(receiver.listener.port, after=after)
        self._receiver = receiver
        self._restarts = restarts

    async def broken(self) -> None:
        if self._restarts:
            self._restarts -= 1
            await self._receiver.stop()
            await self._receiver.start()
            self._port = self._receiver.listener.port


@contextlib.asynccontextmanager
async def receiving(folder: Path) -> AsyncIterator[Receiver]:
    receiver = Receiver(folder)
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.stop()


@contextlib.asynccontextmanager
async def served(line: Cutter) -> AsyncIterator[int]:
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def remembering(store: Store, port: int, mode: s.Mode = s.Mode.NORMAL, **changes: object) -> Sender:
    known = settings(mode) | {"retry_seconds": 0.0} | changes
    progress = StoredProgress(store.parts, 3600)
    return Sender(Peers((called(port, **known),)), X400Intake(store), reference=reference, timers=PATIENT, progress=progress)


async def result(sender: Sender, apdu: Octets = MESSAGE) -> Result:
    return (await asyncio.wait_for(sender.transfer("called", apdu), 120)).result


async def test_a_transfer_outlives_a_restart_of_the_gateway_that_receives_it(tmp_path: Path) -> None:
    async with receiving(tmp_path / "there") as there:
        line = RestartingLine(there, after=700_000, restarts=2)
        async with served(line) as port:
            here = await open_store(tmp_path / "here")
            sender = remembering(here, port)
            assert await result(sender) is Result.RELAYED
            await sender.stop()
            await here.close()
        assert there.starts == 3
        assert line.carried < len(MESSAGE) + 3 * 300_000, "what lies before a checkpoint is not sent again"
        await there.one_whole_copy(MESSAGE)


async def test_a_transfer_outlives_a_restart_of_the_gateway_that_sends_it(tmp_path: Path) -> None:
    async with receiving(tmp_path / "there") as there:
        line = Cutter(there.listener.port)
        async with served(line) as port:
            here = await open_store(tmp_path / "here")
            sender = remembering(here, port)
            first = asyncio.create_task(sender.transfer("called", MESSAGE))
            while line.carried < 1_000_000:  # noqa: ASYNC110 - the line knows nothing of the test
                await asyncio.sleep(0.001)
            first.cancel()  # as a kill does it: nobody says goodbye to the queue
            await sender.stop()
            await here.close()
            before = line.carried
            here = await open_store(tmp_path / "here")
            sender = remembering(here, port)
            assert await result(sender) is Result.RELAYED
            await sender.stop()
            assert line.carried - before < len(MESSAGE) - 500_000
            await there.one_whole_copy(MESSAGE)
            await here.close()


async def test_other_octets_are_never_gone_on_with(tmp_path: Path) -> None:
    """The tables changed between two attempts: the same transfer has become another APDU, and begins anew."""
    other = message_apdu("880704-1", "Hello, other. " * 120_000)
    store = await open_store(tmp_path)
    point = s.TransferPoint(activity=b"\x02\x01\x01", association=REFERENCE, serial=3, octets=2_000_000)
    progress = StoredProgress(store.parts, 3600)
    await (await progress.of("called", MESSAGE)).confirmed(point)
    assert await (await progress.of("called", MESSAGE)).so_far() == point
    assert await (await progress.of("called", other)).so_far() is None
    assert await (await progress.of("another", MESSAGE)).so_far() is None
    await (await progress.of("called", MESSAGE)).ended()
    assert await (await progress.of("called", MESSAGE)).so_far() is None
    await store.close()


def partial(writer: object, octets: int, marks: dict[int, int]) -> Partial:
    return Partial(key=KEY, host="192.0.2.1", writer=writer, digest=None, received=octets, marks=marks)


@pytest.mark.parametrize("size", [1, 1000, 256 * 1024, 256 * 1024 + 1, 700_000])
async def test_what_was_secured_is_there_after_a_kill_and_what_came_later_is_not(tmp_path: Path, size: int) -> None:
    octets = bytes(range(256)) * 4000
    killed = await open_store(tmp_path)
    writer = await killed.begin()
    await writer.write(octets[:size])
    await StoredShelf(killed.parts).secure(partial(writer, size, {1: size}), 60)
    await writer.write(b"never confirmed" * 40_000)

    store = await open_store(tmp_path)  # the first one is never closed, and its writer neither
    found = await StoredShelf(store.parts).restore(KEY)
    assert found is not None
    assert (found.received, found.marks, found.host) == (size, {1: size}, "192.0.2.1")
    await found.writer.write(octets[size:])
    content: StoredContent = await found.writer.finish()
    assert store.content(content).to_bytes(1 << 21) == octets
    await store.close()
    await killed.close()


async def test_a_part_belongs_to_its_peer_address_and_time(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    shelf = StoredShelf(store.parts)
    writer = await store.begin()
    await writer.write(b"octets")
    await shelf.secure(partial(writer, 6, {1: 6}), 60)
    assert await shelf.owner(REFERENCE, "192.0.2.1") == "caller"
    assert await shelf.owner(REFERENCE, "192.0.2.2") == ""
    assert await shelf.restore(("other", *KEY[1:])) is None
    assert not await shelf.is_complete(KEY)
    await shelf.secure(partial(writer, 6, {1: 6}), 0)
    assert await shelf.owner(REFERENCE, "192.0.2.1") == ""
    assert await shelf.restore(KEY) is None, "its time is over"
    await store.close()


async def test_a_living_association_gives_up_a_part_to_a_peer_that_knows_better(tmp_path: Path) -> None:
    """The peer has noticed first that the line is dead, and goes on over another: one hand at a time writes the octets."""
    store = await open_store(tmp_path)
    partials = Partials(clock=lambda: 0.0, shelf=StoredShelf(store.parts))
    writer = await store.begin()
    await writer.write(b"octets")
    living = partial(writer, 6, {1: 6})

    class Holder:
        async def give_up(self) -> None:
            await partials.keep(living)

    partials.arrives(KEY, Holder())
    await partials.secure(living)
    assert await partials.owner(REFERENCE, "192.0.2.1") == "", "without a bind only a dead association is recovered"
    assert await partials.take(KEY) is living
    await store.close()


@pytest.mark.slow
@BOTH
async def test_50_megabytes_over_a_line_that_breaks_every_5_get_through_and_are_transferred_once(tmp_path: Path, mode: s.Mode) -> None:
    message = message_apdu("880704-1", "Hello, world. " * (50_000_000 // 14))
    async with receiving(tmp_path / "there") as there:
        line = RestartingLine(there, after=5_000_000, restarts=2)
        async with served(line) as port:
            here = await open_store(tmp_path / "here")
            sender = remembering(here, port, mode)
            assert await result(sender, message) is Result.RELAYED
            await sender.stop()
            await here.close()
        assert line.connections >= 10
        assert line.carried < 1.1 * len(message)
        (kept,) = await there.store.list()
        assert kept.size >= len(message)
