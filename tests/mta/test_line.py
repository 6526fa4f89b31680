"""The line to a peer: which association is opened when, who goes first, how long calls pause, and what all lines share."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.mta.association import Association
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.peers import Peers
from gateway.mta.places import Places
from gateway.mta.sender import Sender
from gateway.octets import MemoryOctets
from gateway.osi import service as s
from gateway.spool.transfer import Priority, Result
from tests.mta.given import (
    APDU,
    HERE,
    PATIENT,
    MemoryIntake,
    answering,
    apdu,
    associate,
    called,
    caller,
    eventually,
    listening,
    pull,
    reference,
    sending,
    tcp_server,
    transferred,
)

TWA = s.DialogueMode.TWO_WAY_ALTERNATE
URGENT, NORMAL, SLOW = Priority.URGENT, Priority.NORMAL, Priority.NON_URGENT


def sent(sender: Sender, what: MemoryOctets = APDU, priority: Priority = NORMAL, peer: str = "called") -> asyncio.Task[Any]:
    return asyncio.create_task(sender.transfer(peer, what, priority))


async def relayed(*jobs: asyncio.Task[Any]) -> bool:
    return all(outcome.result is Result.RELAYED for outcome in await asyncio.wait_for(asyncio.gather(*jobs), 10))


async def test_the_most_urgent_goes_first_and_equals_in_their_order():
    async with listening() as there, sending(called(there.port, associations=1, urgent_associations=0)) as sender:
        there.intake.gate.clear()
        first = sent(sender, apdu(1))
        await eventually(lambda: there.intake.begun == 1)
        jobs = [sent(sender, apdu(size), priority) for size, priority in ((2, SLOW), (3, NORMAL), (4, URGENT), (5, NORMAL), (6, URGENT))]
        await asyncio.sleep(0)
        there.intake.gate.set()
        assert await relayed(first, *jobs)
    assert [len(each) - 6 for each in there.taken] == [1, 4, 6, 3, 5, 2]


async def test_IC_115_an_urgent_message_does_not_wait_behind_a_large_one():
    async with listening() as there, sending(called(there.port, associations=1)) as sender:
        there.intake.gate.clear()
        jobs = [sent(sender) for _ in range(3)]
        await eventually(lambda: there.intake.begun == 1)
        jobs += [sent(sender, priority=URGENT) for _ in range(9)]
        await eventually(lambda: there.intake.begun == 2)
        for _ in range(20):
            await asyncio.sleep(0.005)
        assert len(there.listener._tasks) == 2, "one more for nine urgent messages, and not nine"
        there.intake.gate.set()
        assert await relayed(*jobs)


@pytest.mark.parametrize(("threshold", "jobs", "opened"), [(1, 2, 2), (3, 3, 1), (3, 4, 2), (3, 8, 3)])
async def test_one_association_more_when_the_threshold_is_reached(threshold, jobs, opened):
    async with listening() as there, sending(called(there.port, associations=3, threshold=threshold)) as sender:
        there.intake.gate.clear()
        tasks = []
        for _ in range(jobs):
            tasks.append(sent(sender))
            await eventually(lambda: there.intake.begun >= 1)
        await eventually(lambda: there.intake.begun == opened)
        for _ in range(10):
            await asyncio.sleep(0.005)
        assert there.intake.begun == opened
        there.intake.gate.set()
        assert await relayed(*tasks)


async def test_the_pause_between_calls_doubles_up_to_the_longest():
    sender = Sender(Peers((called(1, retry_seconds=0.02, longest_retry_seconds=0.1),)), MemoryIntake(), reference=reference)
    line = sender._lines["called"]
    pauses = []
    loop = asyncio.get_running_loop()
    for _ in range(5):
        while "waiting before the next call" in await transferred(sender):  # noqa: ASYNC110 - the pause is what is measured
            await asyncio.sleep(0.005)
        pauses.append(line._not_before - loop.time())
    assert pauses == pytest.approx([0.02, 0.04, 0.08, 0.1, 0.1], abs=0.015)
    await sender.stop()


async def test_what_only_an_operator_can_mend_is_tried_more_slowly_and_told_as_an_error():
    with capture_logs() as logs:
        async with listening(caller(theirs=THERE_WRONG)) as there, sending(called(there.port, retry_seconds=1.0)) as sender:
            assert "authentication-error" in await transferred(sender)
            pause = sender._lines["called"]._not_before - asyncio.get_running_loop().time()
    assert 7 < pause <= 8
    ours = [line for line in logs if line.get("direction") == "outgoing" and line["event"] == "association.refused"]
    assert [line["log_level"] for line in ours] == ["error"]


THERE_WRONG = type(HERE)(mta_name=HERE.mta_name, password=b"something else")


async def test_an_association_that_has_lived_long_enough_is_released_and_another_opened():
    with capture_logs() as logs:
        async with listening() as there, sending(called(there.port, associations=1, lifetime_seconds=0.05)) as sender:
            assert await transferred(sender) == "relayed"
            await eventually(lambda: [line for line in logs if line["event"] == "association.closed"])
            assert await transferred(sender) == "relayed"
    assert not [line for line in logs if line["event"] == "association.aborted"]


async def test_all_lines_share_a_number_of_associations_and_an_idle_one_gives_its_place():
    async with listening() as there:
        peers = [called(there.port, name=name, idle_timeout_seconds=30.0) for name in "abc"]
        sender = Sender(Peers(tuple(peers)), MemoryIntake(), reference=reference, timers=PATIENT, associations=2)
        for name in "abcab":
            assert await transferred(sender, peer=name) == "relayed"
            assert len(there.listener._tasks) <= 2
        await sender.stop()


async def test_places_are_given_in_the_order_of_asking_and_none_is_lost_by_who_goes_away():
    class Nobody:
        def yield_place(self) -> bool:
            return False

    places, order = Places(1, lambda: ()), []

    async def use(name: str) -> None:
        async with places.taken(Nobody()):
            order.append(name)
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(use(name)) for name in "abcd"]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await use("e")
    assert order == ["a", "c", "d", "e"]


async def test_IC_117_a_dead_and_a_silent_peer_do_not_slow_another():
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with tcp_server(silent) as port, listening() as there:
        peers = (called(there.port, name="good"), called(port, name="silent"), called(1, name="dead"))
        async with sending(*peers) as sender:
            bad = [sent(sender, peer=name) for name in ("silent", "dead") for _ in range(20)]
            began = asyncio.get_running_loop().time()
            assert await relayed(*(sent(sender, peer="good") for _ in range(10)))
            assert asyncio.get_running_loop().time() - began < 2
            for job in bad:
                job.cancel()
            await asyncio.gather(*bad, return_exceptions=True)


@pytest.mark.slow
async def test_IC_117_failed_calls_leave_nothing_behind():
    async with sending(called(1, retry_seconds=0)) as sender:
        for _ in range(1000):
            assert await transferred(sender) != "relayed"
        line = sender._lines["called"]
        assert not line._workers
        assert not len(line._jobs)
        assert not line._conversations
        assert line._places._free == 200


# --- two-way alternate --------------------------------------------------------------------------------------------


async def test_a_peer_gets_the_turn_only_when_what_it_has_is_as_urgent_as_ours():
    given = []

    async def behave(association: Association) -> None:
        await pull(association, s.RTTransferIndication)
        association.request(s.RTTurnPleaseRequest(priority=3))
        association.response(s.RTTransferResponse())
        while (event := await association.event()) is not None:
            if isinstance(event, s.RTTransferIndication):
                given.append("ours")
                association.response(s.RTTransferResponse())
            elif isinstance(event, s.RTTurnGiveIndication):
                given.append("turn")
                association.request(s.RTTurnGiveRequest())

    async with answering(behave) as port:
        peer = called(port, dialogue=TWA, associations=1, urgent_associations=0)
        async with sending(peer) as sender:
            assert await relayed(*(sent(sender, priority=URGENT) for _ in range(3)))
            await eventually(lambda: "turn" in given)
    assert given == ["ours", "ours", "turn"]


@pytest.mark.parametrize(("priority", "asked"), [(URGENT, 1), (NORMAL, 2), (SLOW, 3)])
async def test_the_turn_is_asked_for_with_the_priority_of_what_waits(priority, asked):
    heard = []

    async def behave(association: Association) -> None:
        await pull(association, s.RTTransferIndication)
        association.request(s.RTTurnPleaseRequest(priority=1))
        association.response(s.RTTransferResponse())
        await pull(association, s.RTTurnGiveIndication)
        while (event := await association.event()) is not None:
            if isinstance(event, s.RTTurnPleaseIndication):
                heard.append(event.priority)
                association.request(s.RTTurnGiveRequest())
            elif isinstance(event, s.RTTransferIndication):
                association.response(s.RTTransferResponse())

    async with answering(behave) as port, sending(called(port, dialogue=TWA, associations=1, urgent_associations=0)) as sender:
        assert await transferred(sender) == "relayed"
        await asyncio.sleep(0.02)
        assert await relayed(sent(sender, priority=priority))
    assert heard[0] == asked


@contextlib.asynccontextmanager
async def only_called(**changes: Any) -> Any:
    """A gateway whose peer only ever calls it, two-way alternate."""
    intake = MemoryIntake()
    peers = Peers((caller(dialogue=TWA, **changes),))
    sender = Sender(peers, intake, reference=reference, timers=PATIENT)
    listener = Listener(ListenerSettings(port=0, timers=PATIENT), peers, intake, line_to=sender.line_to)
    await listener.start()
    try:
        yield listener, sender, intake
    finally:
        await listener.stop()
        await sender.stop()


async def test_mail_for_a_peer_that_only_calls_us_goes_over_its_own_association():
    async with only_called() as (listener, sender, intake):
        assert "it only calls us" in await transferred(sender, peer="caller")
        association = await associate(listener.port, timers=PATIENT, dialogue=TWA)
        assert (await pull(association, s.RTOpenConfirm)).accepted
        association.request(s.RTTransferRequest(apdu=APDU))
        assert (await pull(association, s.RTTransferConfirm)).transferred
        job = sent(sender, apdu(77), peer="caller")
        assert (await pull(association, s.RTTurnPleaseIndication)).priority == 2
        association.request(s.RTTurnGiveRequest())
        await pull(association, s.RTTransferIndication)
        association.response(s.RTTransferResponse())
        association.request(s.RTTurnPleaseRequest(priority=0))
        await pull(association, s.RTTurnGiveIndication)
        assert await relayed(job)
        association.request(s.RTCloseRequest())
        await pull(association, s.RTCloseConfirm)
        await association.close()
        assert intake.taken == [APDU.to_bytes()]
        assert "it only calls us" in await transferred(sender, peer="caller")


async def test_IC_026_the_other_dialogue_mode_is_tried_once_and_kept():
    with capture_logs() as logs:
        async with (
            listening(caller()) as there,
            sending(called(there.port, dialogue=TWA, either_dialogue=True, associations=1)) as sender,
        ):
            assert await transferred(sender) == "relayed"
            assert sender._lines["called"]._call._dialogue is s.DialogueMode.MONOLOGUE
    refused = [line for line in logs if line["event"] == "association.refused" and "direction" not in line]
    assert len(refused) == 1
