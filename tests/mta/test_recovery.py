"""Recovery through listener and sender: over a line that breaks again and again a transfer gets through, once, without beginning anew."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from gateway.mta.intake import X400Intake
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.partials import Partial, Partials
from gateway.mta.peers import Peers
from gateway.osi import service as s
from gateway.osi.rtse.external import unwrap
from tests.mta.given import APDU, PATIENT, apdu, associate, called, caller, listening, pull, rest, sending, transferred
from tests.mta.letters import message_apdu
from tests.spool.given import open_store

LARGE = apdu(400_000)
BOTH = pytest.mark.parametrize("mode", [s.Mode.NORMAL, s.Mode.X410_1984], ids=["normal", "x410"])


class Cutter:
    """A line to a port that breaks: after so many octets of the caller, or before the called side says something.

    Attributes:
        carried: Octets of the caller that got through, all connections together.
    """

    def __init__(self, port: int, *, after: int = 0, before: bytes = b"", times: int = 1000) -> None:
        self._port = port
        self._after = after
        self._before = before
        self.times = times
        self.carried = 0
        self.connections = 0

    async def broken(self) -> None:
        """The line broke; nobody has noticed yet."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        ways = [asyncio.create_task(self._out(reader, there_writer)), asyncio.create_task(self._back(there_reader, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await self.broken()
        for each in (writer, there_writer):
            each.transport.abort()

    async def _out(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here = 0
        while data := await reader.read(4096):
            if self._after and self.times and here + len(data) > self._after:
                self.times -= 1
                return
            here += len(data)
            self.carried += len(data)
            writer.write(data)
            await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            if self._before and self.times and self._before in data:
                self.times -= 1
                return
            writer.write(data)
            await writer.drain()


@contextlib.asynccontextmanager
async def cut(port: int, **how: object) -> AsyncIterator[tuple[Cutter, int]]:
    cutter = Cutter(port, **how)
    server = await asyncio.start_server(cutter.serve, "127.0.0.1", 0)
    try:
        yield cutter, server.sockets[0].getsockname()[1]
    finally:
        server.close()


def settings(mode: s.Mode) -> dict[str, object]:
    return {"mode": mode, "application_protocol": 12 if mode is s.Mode.X410_1984 else None, "recovery": True, "associations": 1}


@BOTH
async def test_a_transfer_over_a_line_that_breaks_gets_through_once_and_begins_only_once(mode):
    with capture_logs() as logs:
        async with listening(caller(recovery=True)) as there, cut(there.port, after=90_000) as (line, port):
            async with sending(called(port, **settings(mode))) as sender:
                assert await transferred(sender, LARGE) == "relayed"
            assert there.taken == [LARGE.to_bytes(1 << 20)]
            assert line.connections >= 5
            assert line.carried < 1.4 * len(LARGE)
            assert there.intake.begun == 1
    assert len([line for line in logs if line["event"] == "transfer.resumed" and "reason" not in line]) >= 4
    assert "our secret" not in str(logs)


@BOTH
async def test_a_lost_confirmation_does_not_make_a_second_copy(mode):
    """The activity-end response never arrives: the resumption is told that the transfer is here, and it counts as transferred."""
    async with listening(caller(recovery=True)) as there, cut(there.port, before=b"\x02\x00\x2a", times=1) as (line, port):
        async with sending(called(port, **settings(mode))) as sender:
            assert await transferred(sender, LARGE) == "relayed"
        assert line.connections <= 3
        assert there.taken == [LARGE.to_bytes(1 << 20)]


async def test_a_resumed_transfer_is_one_in_the_queue_under_the_name_of_the_first_association(tmp_path):
    message = message_apdu("880704-1", "Hello, world. " * 40_000)
    store = await open_store(tmp_path)
    listener = Listener(ListenerSettings(port=0, timers=PATIENT), Peers((caller(recovery=True),)), X400Intake(store))
    await listener.start()
    async with cut(listener.port, after=150_000) as (line, port), sending(called(port, **settings(s.Mode.NORMAL))) as sender:
        assert await transferred(sender, message) == "relayed"
    (kept,) = await store.list()
    assert (kept.mts_identifier.endswith("880704-1]"), line.connections >= 4) == (True, True)
    assert kept.source.session.endswith("activity 020101")
    (claim,) = await store.claim("w", kept.arrived, lease_seconds=9)
    assert unwrap(claim.content).to_bytes(1 << 21) == message.to_bytes(1 << 21)
    await listener.stop()
    await store.close()


async def test_a_peer_that_does_not_recover_gets_it_from_the_start():
    async with listening(caller()) as there, cut(there.port, after=200_000, times=1) as (line, port):
        async with sending(called(port, **settings(s.Mode.NORMAL))) as sender:
            assert await transferred(sender, LARGE) == "relayed"
        assert there.taken == [LARGE.to_bytes(1 << 20)]
        assert line.connections <= 4


async def test_without_recovery_a_broken_transfer_is_left_to_the_queue():
    async with listening(caller(recovery=True)) as there, cut(there.port, after=200_000, times=1) as (_, port):
        async with sending(called(port, associations=1)) as sender:
            assert "broke" in await transferred(sender, LARGE)
            assert await transferred(sender, LARGE) == "relayed"
        assert len(there.taken) == 1


async def test_a_line_that_never_lets_a_checkpoint_through_is_given_up():
    async with listening(caller(recovery=True)) as there, cut(there.port, after=5_000) as (line, port):
        async with sending(called(port, **settings(s.Mode.NORMAL))) as sender:
            assert "relayed" not in await transferred(sender, LARGE)
        assert line.connections <= 4
        assert there.taken == []


REFERENCE = s.ConnectionReference(user=b"\x14\x04test", common=b"\x17\x0d261123144607Z", additional=b"\x14\x0277")


async def broken(port: int) -> None:
    association = await associate(port, timers=PATIENT, reference=REFERENCE)
    assert (await pull(association, s.RTOpenConfirm)).accepted
    association.request(s.RTTransferRequest(apdu=LARGE, checkpoints=True))
    await pull(association, s.RTCheckpointConfirm)
    assert association._transport is not None
    association._transport.abort()
    await rest(association)


async def recovered(port: int) -> s.RTOpenConfirm:
    association = await associate(port, timers=PATIENT, recover=REFERENCE)
    confirm = await pull(association, s.RTOpenConfirm)
    await association.close()
    return confirm


async def test_O18_a_recovery_needs_a_dead_association_of_the_same_address_within_its_time():
    async with listening(caller(recovery=True), recovery_seconds=0.4) as there:
        assert (await recovered(there.port)).kind is s.RefusalKind.CANNOT_RECOVER, "there is nothing yet"
        await broken(there.port)
        partials = there.listener._partials
        async with asyncio.timeout(5):
            while not await partials.owner(REFERENCE, "127.0.0.1"):  # noqa: ASYNC110 - the listener notices by itself
                await asyncio.sleep(0.01)
        assert await partials.owner(REFERENCE, "192.0.2.9") == "", "from another address it is a stranger's"
        assert (await recovered(there.port)).recovered
        await asyncio.sleep(0.45)
        assert (await recovered(there.port)).kind is s.RefusalKind.CANNOT_RECOVER, "its time is over"


async def test_O40_a_peer_that_may_not_recover_cannot():
    async with listening(caller(recovery=False)) as there:
        await broken(there.port)
        assert (await recovered(there.port)).kind is s.RefusalKind.CANNOT_RECOVER
        async with sending(called(there.port)) as sender:
            assert await transferred(sender) == "relayed", "and others are served as ever (IC-028)"


async def test_IC_028_recoveries_without_end_raise_an_alarm():
    with capture_logs() as logs:
        async with listening() as there:
            for _ in range(3):
                assert (await recovered(there.port)).kind is s.RefusalKind.CANNOT_RECOVER
    assert any("asks for recovery again and again" in line["reason"] for line in logs if line["log_level"] == "error")


async def test_parts_are_bounded_in_number_and_time():
    class Writer:
        aborted = 0

        async def abort(self) -> None:
            Writer.aborted += 1

    now = 0.0
    partials = Partials(seconds=10, clock=lambda: now)
    for number in range(105):
        key = ("p", REFERENCE, bytes((number,)))
        await partials.keep(Partial(key=key, host="h", writer=Writer(), digest=None, received=1, marks={1: 1}))
    assert Writer.aborted == 5
    assert await partials.take(("p", REFERENCE, b"\x00")) is None
    assert await partials.take(("p", REFERENCE, b"\x68")) is not None
    now = 11.0
    assert await partials.take(("p", REFERENCE, b"\x67")) is None
    assert Writer.aborted == 104
    await partials.close()
    assert len(APDU) > 0


async def test_a_peer_that_notices_a_dead_line_before_us_resumes_on_another_association():
    """The first association still stands here and holds the part: it gives it up to a caller that has bound as the same peer."""
    async with listening(caller(recovery=True)) as there:
        first = await associate(there.port, timers=PATIENT, reference=REFERENCE)
        assert (await pull(first, s.RTOpenConfirm)).accepted
        first.request(s.RTTransferRequest(apdu=LARGE, checkpoints=True))
        point = (await pull(first, s.RTCheckpointConfirm)).point
        second = await associate(there.port, timers=PATIENT, resumption=True)
        assert (await pull(second, s.RTOpenConfirm)).accepted
        second.request(s.RTResumeRequest(apdu=LARGE, point=point))
        assert (await pull(second, s.RTTransferConfirm)).transferred
        assert (there.taken, there.intake.begun) == ([LARGE.to_bytes(1 << 20)], 1)
        for each in (first, second):
            await each.close()
