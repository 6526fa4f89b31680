"""The asyncio end of a stack: deadlines, peers that do not read, floods, and that no primitive is lost."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from gateway.mta.association import Association, ConnectionFailedError
from gateway.mta.connecting import connect
from gateway.osi import service as s
from gateway.osi.stack import Stack
from tests.mta.given import (
    QUICK,
    answering,
    apdu,
    associate,
    called,
    eventually,
    listening,
    opening,
    pull,
    rest,
    sending,
    tcp_server,
    transferred,
)


async def test_waiting_ends_at_the_deadline_or_when_woken_and_loses_nothing():
    async with listening() as there:
        association = await associate(there.port)
        await pull(association, s.RTOpenConfirm)
        loop = asyncio.get_running_loop()
        assert await association.event(deadline=loop.time() + 0.02) is s.NEED_DATA
        jobs: list[int] = []
        loop.call_later(0.02, lambda: (jobs.append(1), association.wake()))
        assert await association.event(wanted=lambda: bool(jobs)) is s.NEED_DATA
        waiting = asyncio.create_task(association.event())
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        association.request(s.RTTransferRequest(apdu=apdu(2)))
        assert await pull(association, s.RTTransferConfirm) == s.RTTransferConfirm(transferred=True)
        await association.close()


async def test_tcp_options_against_nagle_and_silent_death():
    async with listening() as there:
        association = await associate(there.port)
        raw = association._socket
        assert raw is not None
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert raw.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        await association.close()


async def test_a_peer_that_does_not_read_is_cut_and_the_owner_is_told_why():
    async def accept_and_sleep(association: Association) -> None:
        association._transport.pause_reading()
        association._resume_reading = lambda: None
        await asyncio.sleep(30)

    async with answering(accept_and_sleep) as port:
        stack = Stack.initiator(opening(checkpoint_size=0), timers=s.StackTimers())
        association = await connect(stack, "127.0.0.1", port, seconds=1, stall_seconds=0.2)
        await pull(association, s.RTOpenConfirm)
        association.request(s.RTTransferRequest(apdu=apdu(20 << 20)))
        aborted = await pull(association, s.RTAbortIndication)
        assert (aborted.layer, aborted.text) == ("TCP", "the peer has not read anything for 0.2 seconds")
        assert await rest(association) == []


@pytest.mark.slow
async def test_a_peer_that_reads_slowly_is_not_cut():
    async def read_slowly(association: Association) -> None:
        association._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        while (event := await association.event()) is not None:
            await asyncio.sleep(0.002)
            if isinstance(event, s.RTTransferIndication):
                association.response(s.RTTransferResponse())

    async with answering(read_slowly) as port:
        stack = Stack.initiator(opening(checkpoint_size=0), timers=s.StackTimers())
        association = await connect(stack, "127.0.0.1", port, seconds=1, stall_seconds=0.25)
        association._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        await pull(association, s.RTOpenConfirm)
        association.request(s.RTTransferRequest(apdu=apdu(4 << 20)))
        started = time.monotonic()
        assert (await pull(association, s.RTTransferConfirm)).transferred
        assert time.monotonic() - started > 0.25, "too fast to prove anything"
        await association.close()


async def test_a_connection_that_is_reset_says_so():
    async def reset(association: Association) -> None:
        await asyncio.sleep(0.01)
        linger = b"\x01\0\0\0\0\0\0\0"
        association._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        association._transport.abort()

    async with answering(reset) as port:
        association = await associate(port)
        await pull(association, s.RTOpenConfirm)
        aborted = await pull(association, s.RTAbortIndication)
        assert "Connection reset by peer" in aborted.text


async def test_tcp_closes_even_when_the_peer_never_does():
    """After our abort the peer has to close; one that does not is cut by the release timer."""

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with tcp_server(deaf) as port:
        association = await associate(port, timers=s.StackTimers(connect=0.05))
        events = await rest(association, 2)
        assert [type(event) for event in events] == [s.RTOpenConfirm]
        assert "connect" in events[0].text


@pytest.mark.slow
async def test_a_flood_of_tiny_packets_does_not_keep_others_from_their_turn():
    """TPKTs with nothing in them are worked on in slices, and others get their turn between."""
    async with listening() as there, sending(called(there.port)) as sender:
        flooder = await associate(there.port)
        await pull(flooder, s.RTOpenConfirm)
        sent = 0

        async def flood() -> None:
            nonlocal sent
            while True:
                flooder._transport.write(b"\x03\x00\x00\x07\x02\xf0\x00" * 10_000)
                sent += 1
                await flooder._writable.wait()
                await asyncio.sleep(0)

        flooding = asyncio.create_task(flood())
        await eventually(lambda: sent > 3)
        assert [await transferred(sender) for _ in range(3)] == ["relayed"] * 3
        assert not flooding.done()
        flooding.cancel()
        await flooder.close(seconds=0.05)


async def test_a_host_that_is_no_host_name_is_a_failed_connection():
    for host in ("no.such.host.invalid", "a" * 70 + ".example", "127.0.0.1"):
        stack = Stack.initiator(opening(), timers=QUICK)
        try:
            await connect(stack, host, 1, seconds=2)
        except ConnectionFailedError as error:
            assert host in str(error)
        else:
            raise AssertionError(host)
