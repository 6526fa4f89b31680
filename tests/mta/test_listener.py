"""The listener on loopback: each refusal has the protocol's own answer on the wire and a line in the log."""

from __future__ import annotations

import asyncio
import socket

import pytest
from structlog.testing import capture_logs

from gateway.errors import NoSpaceError, SpoolError
from gateway.mta.binding import argument_of_bind
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.peers import Credentials, Peers
from gateway.osi import service as s
from tests.mta.given import (
    APDU,
    HERE,
    QUICK,
    MemoryIntake,
    apdu,
    associate,
    called,
    caller,
    eventually,
    listening,
    pull,
    rest,
    sending,
    transferred,
)

TWA = s.DialogueMode.TWO_WAY_ALTERNATE
AUTHENTICATION_ERROR, BUSY, DIALOGUE = (bytes.fromhex(f"b20302010{number}") for number in (2, 0, 3))


def bind(name: str, password: bytes | None) -> bytes:
    return argument_of_bind(called(0, ours=Credentials(mta_name=name, password=password)), s.Mode.NORMAL)


async def refusal(port: int, **changes: object) -> s.RTOpenConfirm:
    association = await associate(port, **changes)
    confirm = await pull(association, s.RTOpenConfirm)
    assert not confirm.accepted
    await association.close()
    return confirm


@pytest.mark.parametrize(
    ("changes", "kind", "user_data", "said"),
    [
        ({"user_data": bind("MTA-HERE", b"guess")}, s.RefusalKind.USER, AUTHENTICATION_ERROR, "offered a wrong password"),
        ({"user_data": bind("MTA-HERE", None)}, s.RefusalKind.USER, AUTHENTICATION_ERROR, "offered a wrong password"),
        ({"user_data": bind("MTA-Here", HERE.password)}, s.RefusalKind.USER, AUTHENTICATION_ERROR, "differs only in case"),
        ({"user_data": bind("MTA-X", b"x")}, s.RefusalKind.USER, AUTHENTICATION_ERROR, "no peer has the MTA name 'MTA-X'"),
        ({"user_data": b"\xb0\x02\x05\x00"}, s.RefusalKind.USER, AUTHENTICATION_ERROR, "carries no MTA name"),
        ({"user_data": b"\xb0\x03\x30\x01\x00"}, s.RefusalKind.UNREADABLE, b"", "the bind argument does not decode"),
        ({"dialogue": TWA}, s.RefusalKind.USER, DIALOGUE, "proposes two-way alternate, monologue is configured"),
        ({"initial_turn": s.TokenSide.ACCEPTOR}, s.RefusalKind.USER, DIALOGUE, "a monologue in which only we could send"),
        ({"application_context": "2.6.0.1.4"}, s.RefusalKind.APPLICATION_CONTEXT, b"", "unknown application context 2.6.0.1.4"),
        (
            {"recover": s.ConnectionReference(user=b"\x14\x01x", common=b"\x17\x0d261123144607Z")},
            s.RefusalKind.CANNOT_RECOVER, b"", "recovery of an earlier association is not offered",
        ),
    ],
)  # fmt: skip
async def test_refusals(changes, kind, user_data, said):
    with capture_logs() as logs:
        async with listening() as there:
            confirm = await refusal(there.port, **changes)
    assert (confirm.kind, confirm.user_data) == (kind, user_data)
    (refused,) = [line for line in logs if line["event"] == "association.refused"]
    assert said in refused["reason"]
    assert refused["address"].startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("settings", "selectors", "kind", "said"),
    [
        ({"ssels": (b"S",)}, s.Selectors(ssel=b"T"), s.RefusalKind.SSEL_UNKNOWN, "unknown called SSEL b'T'"),
        ({"psels": (b"P",)}, s.Selectors(psel=b"p"), s.RefusalKind.PSEL_UNKNOWN, "unknown called PSEL b'p'"),
        ({"tsels": (b"T",)}, s.Selectors(tsel=b"t"), s.RefusalKind.TRANSPORT, "unknown called TSEL"),
        ({"tsels": (b"T",)}, s.Selectors(), s.RefusalKind.TRANSPORT, "unknown called TSEL"),
    ],
)
async def test_unknown_selectors(settings, selectors, kind, said):
    with capture_logs() as logs:
        async with listening(**settings) as there:
            confirm = await refusal(there.port, called=selectors)
    assert confirm.kind is kind
    assert [line for line in logs if said in line.get("reason", "")]
    if kind is s.RefusalKind.TRANSPORT:
        assert "reason 3" in confirm.text


async def test_a_listener_with_an_empty_tsel_takes_calls_with_and_without():
    async with listening(tsels=(b"", b"X400-88")) as there:
        for tsel in (b"", b"X400-88"):
            association = await associate(there.port, called=s.Selectors(tsel=tsel))
            assert (await pull(association, s.RTOpenConfirm)).accepted
            await association.close()


async def test_a_peer_with_too_many_associations_is_told_busy_and_the_place_is_free_again_after_a_close():
    with capture_logs() as logs:
        async with listening(caller(incoming=2)) as there:
            first, second = [await associate(there.port) for _ in range(2)]
            assert all([(await pull(each, s.RTOpenConfirm)).accepted for each in (first, second)])
            confirm = await refusal(there.port)
            assert (confirm.kind, confirm.user_data) == (s.RefusalKind.USER_TRANSIENT, BUSY)
            await first.close()
            await eventually(lambda: len(there.listener._tasks) == 1)
            third = await associate(there.port)
            assert (await pull(third, s.RTOpenConfirm)).accepted
            for each in (second, third):
                await each.close()
    assert "peer caller has 2 associations to us already" in [line.get("reason") for line in logs]


async def test_too_many_connections_of_strangers_do_not_keep_a_peer_out():
    with capture_logs() as logs:
        async with listening(unbound=3, timers=QUICK) as there:
            held = [await asyncio.open_connection("127.0.0.1", there.port) for _ in range(3)]
            reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
            assert await reader.read() == b""
            await eventually(lambda: not there.listener._tasks)  # bind_input has run out
            async with sending(called(there.port)) as sender:
                assert await transferred(sender) == "relayed"
            for _, each in (*held, (reader, writer)):
                each.close()
    assert "3 connections of 127.0.0.1 have not said who they are" in [line.get("reason") for line in logs]
    assert "bind_input: the peer took too long" in [line.get("reason") for line in logs]


async def test_the_limit_of_all_connections():
    async with listening(connections=1) as there:
        association = await associate(there.port)
        await pull(association, s.RTOpenConfirm)
        reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
        assert await reader.read() == b""
        writer.close()
        await association.close()


async def test_wrong_passwords_are_answered_more_slowly_each_time():
    times = []
    async with listening(wrong_bind_delay_seconds=0.03) as there:
        for _ in range(3):
            before = asyncio.get_running_loop().time()
            await refusal(there.port, user_data=bind("MTA-HERE", b"guess"))
            times.append(asyncio.get_running_loop().time() - before)
        assert (await pull(await associate(there.port), s.RTOpenConfirm)).accepted
        assert there.listener._failures == {}
    assert all(seconds >= 0.03 * number for number, seconds in enumerate(times, 1))


async def test_no_password_and_no_octet_of_one_is_ever_logged():
    with capture_logs() as logs:
        async with listening() as there:
            await refusal(there.port, user_data=bind("MTA-HERE", b"my-guess"))
    assert "my-guess" not in str(logs)
    assert HERE.password is not None
    assert HERE.password.decode() not in str(logs)


# --- transfers ----------------------------------------------------------------------------------------------------


async def test_nobody_is_told_taken_before_it_is():
    async with listening() as there:
        there.intake.gate.clear()
        association = await associate(there.port, timers=s.StackTimers())
        await pull(association, s.RTOpenConfirm)
        association.request(s.RTTransferRequest(apdu=APDU))
        loop = asyncio.get_running_loop()
        assert await association.event(deadline=loop.time() + 0.05) is s.NEED_DATA
        there.intake.gate.set()
        assert (await pull(association, s.RTTransferConfirm)).transferred
        await association.close()


@pytest.mark.parametrize(
    ("fault", "where", "reason"),
    [
        (NoSpaceError("full"), "begin_fault", s.ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED),
        (NoSpaceError("full"), "accept_fault", s.ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED),
        (SpoolError("broken"), "accept_fault", s.ExceptionReason.LOCAL_USER_ERROR),
    ],
)
async def test_what_cannot_be_stored_is_refused_with_the_reason_and_the_next_transfer_goes_on(fault, where, reason):
    with capture_logs() as logs:
        async with listening() as there:
            setattr(there.intake, where, fault)
            association = await associate(there.port)
            await pull(association, s.RTOpenConfirm)
            association.request(s.RTTransferRequest(apdu=apdu(50_000)))
            confirm = await pull(association, s.RTTransferConfirm)
            assert (confirm.transferred, confirm.reason) == (False, reason)
            setattr(there.intake, where, None)
            association.request(s.RTTransferRequest(apdu=APDU))
            assert (await pull(association, s.RTTransferConfirm)).transferred
            await association.close()
    (refused,) = [line for line in logs if line["event"] == "transfer.refused"]
    assert (refused["reason"], refused["text"]) == (reason.name, str(fault))


async def test_a_transfer_above_the_limit_is_refused_while_it_arrives():
    async with listening(largest_octets=30_000) as there:
        async with sending(called(there.port)) as sender:
            assert "exception 6" in await transferred(sender, apdu(200_000))
            assert await transferred(sender, apdu(29_000)) == "relayed"
        assert there.intake.aborted == 1


async def test_a_fault_of_our_own_ends_that_connection_only():
    with capture_logs() as logs:
        async with listening() as there:
            other = await associate(there.port)
            await pull(other, s.RTOpenConfirm)
            there.intake.accept_fault = ZeroDivisionError("a bug")
            async with sending(called(there.port)) as sender:
                assert "broke" in await transferred(sender)
            there.intake.accept_fault = None
            other.request(s.RTTransferRequest(apdu=APDU))
            assert (await pull(other, s.RTTransferConfirm)).transferred
            await other.close()
    (fault,) = [line for line in logs if line.get("reason") == "a fault of our own"]
    assert fault["log_level"] == "error"
    assert fault["exc_info"]


async def test_discarded_by_the_sender_is_forgotten():
    async with listening() as there:
        association = await associate(there.port)
        await pull(association, s.RTOpenConfirm)
        association.request(s.RTTransferRequest(apdu=apdu(200_000)))
        await association.flush()
        association.request(s.RTUAbortRequest(reason=s.AbortReason.LOCAL_SYSTEM_PROBLEM))
        await association.close()
        await eventually(lambda: there.intake.aborted == 1)
        assert there.taken == []


async def test_where_a_transfer_came_from_is_kept():
    async with listening() as there, sending(called(there.port)) as sender:
        await transferred(sender)
        (source,) = there.intake.sources
    assert (source.peer, source.identity) == ("caller", "MTA-HERE")
    assert source.address.startswith("127.0.0.1:")
    assert b"\x17\x0d261123144607Z".hex() in source.session
    assert source.session.endswith("activity 020101")


# --- the turn and the end -----------------------------------------------------------------------------------------


async def test_two_way_alternate_a_turn_given_to_us_comes_back():
    async with listening(caller(dialogue=TWA)) as there:
        association = await associate(there.port, dialogue=TWA)
        await pull(association, s.RTOpenConfirm)
        association.request(s.RTTurnGiveRequest())
        await pull(association, s.RTTurnGiveIndication)
        association.request(s.RTTransferRequest(apdu=APDU))
        assert (await pull(association, s.RTTransferConfirm)).transferred
        association.request(s.RTCloseRequest())
        await pull(association, s.RTCloseConfirm)
        await association.close()


async def test_two_way_alternate_a_caller_that_leaves_us_the_first_turn_gets_it():
    async with listening(caller(dialogue=TWA)) as there:
        association = await associate(there.port, dialogue=TWA, initial_turn=s.TokenSide.ACCEPTOR)
        await pull(association, s.RTTurnGiveIndication)
        association.request(s.RTTransferRequest(apdu=APDU))
        assert (await pull(association, s.RTTransferConfirm)).transferred
        await association.close()


async def test_an_association_that_stays_idle_too_long_is_aborted():
    with capture_logs() as logs:
        async with listening(idle_timeout_seconds=0.1) as there:
            association = await associate(there.port)
            await pull(association, s.RTOpenConfirm)
            (aborted,) = [event for event in await rest(association) if isinstance(event, s.RTAbortIndication)]
            assert aborted.reason is s.AbortReason.TEMPORARY_PROBLEM
            await eventually(lambda: not there.listener._tasks)
    assert "nothing was transferred for 0.1 seconds" in [line.get("reason") for line in logs]


async def test_stop_aborts_in_words_and_leaves_no_task_behind():
    async with listening() as there:
        bound = await associate(there.port)
        await pull(bound, s.RTOpenConfirm)
        sending_ = await associate(there.port, timers=s.StackTimers())
        await pull(sending_, s.RTOpenConfirm)
        there.intake.gate.clear()
        sending_.request(s.RTTransferRequest(apdu=APDU))
        await sending_.flush()
        await eventually(lambda: there.intake.begun == 1)
        waits = [asyncio.create_task(rest(each)) for each in (bound, sending_)]
        await there.listener.stop()
        for events in await asyncio.gather(*waits):
            (aborted,) = [event for event in events if isinstance(event, s.RTAbortIndication)]
            assert aborted.reason is s.AbortReason.TEMPORARY_PROBLEM
        assert not there.listener._tasks
        assert not there.taken


async def test_a_socket_bound_by_somebody_else_can_be_served():
    bound = socket.create_server(("127.0.0.1", 0))
    listener = Listener(ListenerSettings(timers=QUICK), Peers((caller(),)), MemoryIntake())
    await listener.start(bound)
    async with sending(called(listener.port)) as sender:
        assert await transferred(sender) == "relayed"
    await listener.stop()


async def test_a_full_queue_answers_new_binds_with_busy():
    """DESIGN section 7: below the low-water mark new binds get *busy*, which is worth trying again."""
    with capture_logs() as logs:
        async with listening() as there:
            there.intake.has_room = False
            confirm = await refusal(there.port)
    assert (confirm.kind, confirm.user_data) == (s.RefusalKind.USER_TRANSIENT, BUSY)
    assert "the queue is below its low-water mark" in [line.get("reason") for line in logs]
