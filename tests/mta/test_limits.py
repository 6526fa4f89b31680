"""What one caller may make us do: TPKT rate, sizes, connections of one address, silence in each state. Each has an end."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from gateway.mta.pace import Framing, Pace
from gateway.osi import service as s
from tests.mta.given import APDU, BRISK, PATIENT, QUICK, apdu, associate, called, eventually, listening, pull, sending, transferred

TPKT = b"\x03\x00\x00\x07\x02\xf0\x80"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_tpkts_are_counted_however_tcp_cuts_them(size):
    stream = (TPKT + b"\x03\x00\x00\x0a\x02\xf0\x80abc") * 50
    framing = Framing()
    assert sum(framing.follow(stream[at : at + size]) for at in range(0, len(stream), size)) == 100
    assert (framing.left, framing.header) == (0, b"")


def test_who_is_too_fast_waits_and_who_is_not_does_not():
    pace = Pace(100)
    assert pace.take(200, 1.0) == 0, "a burst"
    assert pace.take(50, 1.0) == pytest.approx(0.5)
    assert pace.take(100, 2.5) == 0
    assert Pace(0).take(10**9, 0.0) == 0


async def test_a_flood_of_tiny_tpkts_is_read_slowly_and_others_do_not_notice():
    async with listening(tpkts_per_second=200.0, timers=BRISK) as there:
        flood = await associate(there.port, timers=PATIENT)
        assert (await pull(flood, s.RTOpenConfirm)).accepted
        (served,) = there.listener._tasks
        assert flood._transport is not None
        flood._transport.write(b"\x03\x00\x00\x07\x02\xf0\x00" * 20_000)
        began = asyncio.get_running_loop().time()
        async with sending(called(there.port)) as sender:
            assert await transferred(sender) == "relayed"
        assert asyncio.get_running_loop().time() - began < 2
        await asyncio.sleep(0)
        assert not served.cancelled()
        await flood.close(seconds=0.1)


async def test_mail_of_ordinary_speed_is_never_slowed_down():
    async with listening() as there, sending(called(there.port, tpdu_size=128)) as sender:
        began = asyncio.get_running_loop().time()
        assert await transferred(sender, apdu(200_000)) == "relayed"
        assert asyncio.get_running_loop().time() - began < 3


async def test_connections_of_one_address_are_limited_whoever_they_are():
    with capture_logs() as logs:
        async with listening(per_address=2) as there:
            first, second = [await associate(there.port) for _ in range(2)]
            assert all([(await pull(each, s.RTOpenConfirm)).accepted for each in (first, second)])
            reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
            assert await reader.read() == b""
            writer.close()
            await first.close()
            await eventually(lambda: there.listener._addresses["127.0.0.1"] == 1)
            third = await associate(there.port)
            assert (await pull(third, s.RTOpenConfirm)).accepted
            for each in (second, third):
                await each.close()
        assert not +there.listener._addresses
    assert "there are 2 connections of 127.0.0.1 already" in [line.get("reason") for line in logs]


CR = bytes.fromhex("0300000b06e00000000100")


@pytest.mark.parametrize(
    "said", [b"", b"\x03", b"\x03\x00\x00", CR, CR + b"\x03\x00\xff\xff\x02\xf0\x80\x0d"], ids=["tcp", "1", "3", "cr", "cn"]
)
async def test_silence_before_the_bind_ends_in_every_state(said):
    async with listening(timers=QUICK) as there:
        reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
        writer.write(said)
        async with asyncio.timeout(3):
            await reader.read(-1)
        writer.close()
        await eventually(lambda: not there.listener._tasks)
        assert not +there.listener._unbound


async def test_one_octet_at_a_time_does_not_lengthen_the_time_for_the_bind():
    async with listening(timers=QUICK) as there:
        reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
        began = asyncio.get_running_loop().time()

        async def drip() -> None:
            for octet in CR + b"\x03\x00\x10\x00\x02\xf0\x80" + b"\x0d" * 500:
                writer.write(bytes((octet,)))
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        async with asyncio.timeout(8):
            await reader.read(-1)
        assert asyncio.get_running_loop().time() - began < 6, "the octets alone would take ten seconds"
        dripping.cancel()
        writer.close()


async def test_silence_in_a_transfer_and_after_it_ends():
    async with listening(timers=BRISK, idle_timeout_seconds=0.3) as there:
        association = await associate(there.port, timers=PATIENT)
        assert (await pull(association, s.RTOpenConfirm)).accepted
        assert (await pull(association, s.RTAbortIndication)).reason == s.AbortReason.TEMPORARY_PROBLEM
        await association.close()


async def test_an_apdu_beyond_the_limit_is_broken_off_and_not_kept():
    async with listening(largest_octets=10_000) as there:
        association = await associate(there.port)
        assert (await pull(association, s.RTOpenConfirm)).accepted
        association.request(s.RTTransferRequest(apdu=apdu(90_000)))
        event = await pull(association, s.RTTransferConfirm)
        assert not event.transferred
        association.request(s.RTTransferRequest(apdu=APDU))
        assert (await pull(association, s.RTTransferConfirm)).transferred
        await association.close()
        assert len(there.taken) == 1


async def test_a_tsdu_without_end_before_the_bind_is_refused_before_it_grows():
    async with listening() as there:
        reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
        writer.write(CR)
        await reader.readexactly(4)
        piece = b"\x03\x00\x10\x00\x02\xf0\x00" + b"\x0d" * (0x1000 - 7)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError, TimeoutError)):
            async with asyncio.timeout(5):
                for _ in range(1000):
                    writer.write(piece)
                    await writer.drain()
                await reader.readexactly(1 << 20)
        await eventually(lambda: not there.listener._tasks)
        writer.close()
