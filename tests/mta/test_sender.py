"""The sender on loopback: associations are kept and released, jobs always end, and what went wrong is said in words."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest
from structlog.testing import capture_logs

from gateway.errors import GatewayError
from gateway.mta.association import Association
from gateway.mta.peers import Credentials
from gateway.octets import FilterOctets
from gateway.osi import service as s
from gateway.spool.transfer import Result
from tests.mta.given import (
    APDU,
    QUICK,
    THERE,
    MemoryIntake,
    answering,
    apdu,
    called,
    caller,
    eventually,
    listening,
    pull,
    sending,
    tcp_server,
    transferred,
)

TWA = s.DialogueMode.TWO_WAY_ALTERNATE


def events_of(logs: list, name: str) -> list[dict]:
    return [line for line in logs if line["event"] == name]


# --- associations -------------------------------------------------------------------------------------------------


async def test_one_association_carries_many_transfers_and_is_released_when_idle():
    with capture_logs() as logs:
        async with listening() as there, sending(called(there.port, idle_timeout_seconds=0.1)) as sender:
            for _ in range(3):
                assert await transferred(sender) == "relayed"
            assert there.taken == [APDU.to_bytes()] * 3
            await eventually(lambda: len(events_of(logs, "association.closed")) == 2)
            assert len({source.session for source in there.intake.sources}) == 3, "each activity has a name of its own"
            assert await transferred(sender) == "relayed"
    opened = [line for line in events_of(logs, "association.opened") if line.get("direction") == "outgoing"]
    assert len(opened) == 2
    assert not events_of(logs, "association.aborted")


async def test_never_more_associations_than_the_peer_has_configured():
    most = 0

    async with listening() as there, sending(called(there.port, associations=2)) as sender:
        there.intake.gate.clear()
        jobs = [asyncio.create_task(transferred(sender)) for _ in range(6)]
        await eventually(lambda: there.intake.begun == 2)
        for _ in range(20):
            await asyncio.sleep(0.005)
            most = max(most, len(there.listener._tasks))
        there.intake.gate.set()
        assert await asyncio.gather(*jobs) == ["relayed"] * 6
    assert most == 2
    assert len(there.taken) == 6


async def test_a_refused_second_association_does_not_disturb_the_first():
    with capture_logs() as logs:
        async with listening(caller(incoming=1)) as there, sending(called(there.port, associations=2)) as sender:
            jobs = [asyncio.create_task(transferred(sender)) for _ in range(20)]
            assert await asyncio.gather(*jobs) == ["relayed"] * 20
    refused = [line["reason"] for line in events_of(logs, "association.refused") if line.get("direction") == "outgoing"]
    assert [text.partition(": it")[0] for text in refused] == ["called refused the bind: bind error busy"], "one try is enough for a while"
    assert any("peer caller has 1 associations to us already" in line["reason"] for line in events_of(logs, "association.refused"))


@pytest.mark.parametrize("checkpoint_size", [0, 1, 10])
async def test_checkpoints_in_either_direction(checkpoint_size):
    large = apdu(40_000)
    sizes = {"checkpoint_size": checkpoint_size, "window_size": 2}
    async with listening(caller(**sizes)) as there, sending(called(there.port, **sizes)) as sender:
        assert await transferred(sender, large) == "relayed"
        assert there.taken == [large.to_bytes()]


@pytest.mark.parametrize(("proposed", "answered"), [(63, 1), (1, 63), (5, 0)])
async def test_the_smaller_checkpoint_size_counts(proposed, answered):
    large = apdu(40_000)
    with capture_logs() as logs:
        async with (
            listening(caller(checkpoint_size=answered)) as there,
            sending(called(there.port, checkpoint_size=proposed)) as sender,
        ):
            assert await transferred(sender, large) == "relayed"
    assert all(f"checkpoint {min(proposed, answered)}," in line["detail"] for line in events_of(logs, "association.opened"))


# --- two-way alternate --------------------------------------------------------------------------------------------


async def test_two_way_alternate_the_peer_gets_the_turn_sends_and_gives_it_back():
    async def behave(association: Association) -> None:
        await pull(association, s.RTTransferIndication)
        association.request(s.RTTurnPleaseRequest(priority=1))
        association.response(s.RTTransferResponse())
        await pull(association, s.RTTurnGiveIndication)
        association.request(s.RTTransferRequest(apdu=apdu(9)))
        assert (await pull(association, s.RTTransferConfirm)).transferred
        await pull(association, s.RTTurnPleaseIndication)
        association.request(s.RTTurnGiveRequest())
        while (event := await association.event()) is not None:
            if isinstance(event, s.RTTransferIndication):
                association.response(s.RTTransferResponse())

    intake = MemoryIntake()
    async with answering(behave) as port, sending(called(port, dialogue=TWA, associations=1), intake=intake) as sender:
        assert await transferred(sender) == "relayed"
        await eventually(lambda: intake.taken)
        assert await transferred(sender) == "relayed"
    assert intake.taken == [apdu(9).to_bytes()]


async def test_a_peer_that_keeps_the_turn_does_not_keep_our_mail():
    async def behave(association: Association) -> None:
        await pull(association, s.RTTransferIndication)
        association.request(s.RTTurnPleaseRequest(priority=1))
        association.response(s.RTTransferResponse())
        while await association.event() is not None:
            pass

    async with answering(behave) as port, sending(called(port, dialogue=TWA, associations=1, retry_seconds=0), timers=QUICK) as sender:
        assert await transferred(sender) == "relayed"
        await asyncio.sleep(0.05)
        with capture_logs() as logs:
            assert await transferred(sender) == "relayed", "over a second association"
    assert "the peer does not give us the turn" in [line.get("reason") for line in logs]


async def test_the_turn_is_asked_for_before_a_release():
    closed = []

    async def behave(association: Association) -> None:
        await pull(association, s.RTTransferIndication)
        association.request(s.RTTurnPleaseRequest(priority=1))
        association.response(s.RTTransferResponse())
        while (event := await association.event()) is not None:
            if isinstance(event, s.RTTurnPleaseIndication):
                closed.append(event.priority)
                association.request(s.RTTurnGiveRequest())
            if isinstance(event, s.RTCloseIndication):
                closed.append("closed")

    async with answering(behave) as port, sending(called(port, dialogue=TWA, idle_timeout_seconds=0.1)) as sender:
        assert await transferred(sender) == "relayed"
        await eventually(lambda: len(closed) == 2)
    assert closed == [0, "closed"]


# --- what can be wrong with a peer --------------------------------------------------------------------------------


async def test_our_password_is_wrong():
    ours = Credentials(mta_name="MTA-HERE", password=b"forgotten")
    with capture_logs() as logs:
        async with listening() as there, sending(called(there.port, ours=ours)) as sender:
            said = await transferred(sender)
    assert said == (
        "called refused the bind: bind error authentication-error: "
        "it does not accept our MTA name, our password or our calling address"
    )
    assert "MTA 'MTA-HERE' offered a wrong password" in [line.get("reason") for line in logs]


async def test_the_answerers_password_is_wrong():
    theirs = Credentials(mta_name="MTA-THERE", password=b"another")
    with capture_logs() as logs:
        async with listening() as there, sending(called(there.port, theirs=theirs)) as sender:
            assert await transferred(sender) == "called answered the bind, but its password is not the configured one"
            await eventually(lambda: events_of(logs, "association.aborted"))
            assert there.taken == []
    (aborted,) = events_of(logs, "association.aborted")
    assert (aborted["layer"], aborted["reason"], aborted["found_by"]) == ("RTSE", "the peer aborted: user error", "the peer")


async def test_the_answerer_is_somebody_else():
    theirs = Credentials(mta_name="MTA-there", password=THERE.password)
    async with listening() as there, sending(called(there.port, theirs=theirs)) as sender:
        assert "it calls itself 'MTA-THERE', 'MTA-there' is configured (case counts)" in await transferred(sender)


async def test_a_refused_port_and_the_time_that_follows():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with capture_logs() as logs:
            async with sending(called(port, retry_seconds=0.2)) as sender:
                assert "Connect call failed" in await transferred(sender) or "refused" in await transferred(sender)
                assert "waiting before the next call to called" in await transferred(sender)
                assert len(events_of(logs, "association.refused")) == 1
                await asyncio.sleep(0.2)
                assert "waiting" not in await transferred(sender)


async def test_a_peer_that_accepts_tcp_and_never_answers():
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with tcp_server(silent) as port, sending(called(port), timers=QUICK) as sender:
        assert "connect: the peer took too long" in await transferred(sender)


async def test_a_peer_that_answers_the_bind_and_never_the_transfer():
    async def behave(association: Association) -> None:
        await pull(association, s.RTTransferStart)
        association._transport.pause_reading()
        association._resume_reading = lambda: None
        await asyncio.sleep(30)

    with capture_logs() as logs:
        async with answering(behave) as port, sending(called(port), timers=QUICK) as sender:
            assert "confirm: the peer took too long" in await transferred(sender)
    assert events_of(logs, "transfer.failed")


async def test_unknown_tsel_is_answered_with_dr_3():
    with capture_logs() as logs:
        async with (
            listening(tsels=(b"gate",)) as there,
            sending(called(there.port, called=s.Selectors(tsel=b"Gate"))) as sender,
        ):
            assert "DR TPDU with reason 3" in await transferred(sender)
    (refused,) = events_of(logs, "connection.refused")
    assert (refused["reason"], refused["offered"], refused["expected"]) == ("unknown called TSEL", b"Gate", "b'gate'")


async def test_a_transfer_that_the_peer_cannot_take_now_leaves_the_association_as_it_is():
    async with listening() as there, sending(called(there.port)) as sender:
        there.intake.accept_fault = GatewayError("no")
        assert "did not take the transfer: the peer reported exception 5" in await transferred(sender)
        there.intake.accept_fault = None
        with capture_logs() as logs:
            assert await transferred(sender) == "relayed"
        assert not events_of(logs, "association.opened")


@pytest.mark.parametrize("gracefully", [True, False])
async def test_a_connection_cut_in_the_middle_of_a_transfer(gracefully):
    """The job is deferred, the receiver forgets what came, and the next attempt succeeds over a new connection."""
    large = apdu(400_000)
    async with listening() as there:

        async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ahead, behind = await asyncio.open_connection("127.0.0.1", there.port)
            back = asyncio.create_task(pump(ahead, writer, 1 << 30))
            await pump(reader, behind, 100_000 if len(cuts) == 0 else 1 << 30)
            cuts.append(1)
            for end in (behind, writer):
                end.close() if gracefully else end.transport.abort()
            back.cancel()

        cuts: list[int] = []
        async with tcp_server(cut) as port, sending(called(port)) as sender:
            said = await transferred(sender, large)
            assert "the association with called broke" in said
            await eventually(lambda: there.intake.aborted == 1)
            assert there.taken == []
            assert await transferred(sender, large) == "relayed"
        assert there.taken == [large.to_bytes()]


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, octets: int) -> None:
    with contextlib.suppress(ConnectionError):
        while octets > 0 and (data := await reader.read(min(octets, 65536))):
            octets -= len(data)
            writer.write(data)
            await writer.drain()


# --- no job is ever lost ------------------------------------------------------------------------------------------


async def test_stop_while_transferring_tells_everybody_and_aborts_in_words():
    with capture_logs() as logs:
        async with listening() as there, sending(called(there.port, associations=1)) as sender:
            there.intake.gate.clear()
            jobs = [asyncio.create_task(transferred(sender)) for _ in range(3)]
            await eventually(lambda: there.intake.begun == 1)
            await sender.stop()
            assert await asyncio.gather(*jobs) == ["the transfer was broken off on our side"] + ["the gateway is stopping"] * 2
            there.intake.gate.set()
            await eventually(lambda: not there.listener._tasks)
            assert await transferred(sender) == "the gateway is stopping"
    assert "the peer aborted: temporary problem" in [line.get("reason") for line in events_of(logs, "association.aborted")]


async def test_stop_releases_an_idle_association_in_order():
    with capture_logs() as logs:
        async with listening() as there, sending(called(there.port)) as sender:
            assert await transferred(sender) == "relayed"
            await sender.stop()
            await eventually(lambda: not there.listener._tasks)
    assert len(events_of(logs, "association.closed")) == 2
    assert not events_of(logs, "association.aborted")


async def test_a_job_whose_owner_went_away_is_not_sent():
    async with listening() as there, sending(called(there.port, associations=1)) as sender:
        there.intake.gate.clear()
        first, second = (asyncio.create_task(transferred(sender)) for _ in range(2))
        await eventually(lambda: there.intake.begun == 1)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        there.intake.gate.set()
        assert await first == "relayed"
        assert await transferred(sender) == "relayed"
        assert len(there.taken) == 2


async def test_jobs_that_wait_when_an_association_dies_go_over_a_new_one():
    served = []

    async def behave(association: Association) -> None:
        served.append(association)
        await pull(association, s.RTTransferIndication)
        association.response(s.RTTransferResponse())
        await association.flush()
        association._transport.close()

    async with answering(behave) as port, sending(called(port, associations=1)) as sender:
        results = await asyncio.gather(*(transferred(sender) for _ in range(5)))
    assert len(results) == 5
    assert results.count("relayed") >= 1
    assert all(said == "relayed" or "broke" in said or "ended before" in said for said in results)
    assert len(served) > 1


async def test_content_that_cannot_be_read_fails_its_own_transfer_only():
    def broken():
        yield apdu(99_994).read(0, 50_000)
        raise GatewayError("the store is gone")

    with capture_logs() as logs:
        async with listening() as there, sending(called(there.port)) as sender:
            assert await transferred(sender, FilterOctets(broken, 100_000)) == "the store is gone"
            assert await transferred(sender) == "relayed"
            assert there.taken == [APDU.to_bytes()]
            assert there.intake.aborted == 1
    assert "the peer aborted: temporary problem" in [line.get("reason") for line in logs]


async def test_a_fault_of_our_own_fails_the_jobs_and_is_logged():
    def broken():
        yield apdu(94).read(0, 6)
        raise ZeroDivisionError

    with capture_logs() as logs:
        async with listening() as there, sending(called(there.port, associations=1)) as sender:
            said = await asyncio.gather(transferred(sender, FilterOctets(broken, 100)), transferred(sender))
            assert said[0] == "the transfer was broken off on our side"
            assert said[1] != "relayed"
            assert await transferred(sender) == "relayed"
    assert "a fault of our own" in [line.get("reason") for line in logs]


async def test_a_password_that_cannot_be_encoded_is_an_error_in_words_and_no_dead_job():
    ours = Credentials(mta_name="M" * 200, password=b"x")
    async with listening() as there, sending(called(there.port, ours=ours)) as sender:
        outcome = await asyncio.wait_for(sender.transfer("called", APDU), 2)
        assert outcome.result is Result.DEFERRED
        assert outcome.reply


async def test_a_peer_without_host_is_never_called():
    async with sending(caller()) as sender:
        assert await transferred(sender, peer="caller") == "peer caller has no host to call: it only calls us"
