"""Claims, leases, fencing, plans, and the commit that ends an attempt."""

import asyncio
from datetime import timedelta

import pytest

from gateway.errors import Failure, SpoolError, StaleLeaseError
from gateway.octets import MemoryOctets
from gateway.spool.ledger import Fact, FactKind
from gateway.spool.transfer import Event, Plan, Priority, RecipientState, Result
from tests.spool.given import DAY, HOUR, MINUTE, NOW, claim_one, open_store, outcome, recipient, story, transfer

LATER = NOW + 2 * MINUTE  # when a lease of a minute is over


def states(found):
    return [each.state for each in found.recipients]


async def test_urgent_comes_first_then_the_oldest_due(store):
    offers = [
        transfer(store, priority=Priority.NON_URGENT, arrived=NOW - 9 * MINUTE),
        transfer(store, arrived=NOW - MINUTE),
        transfer(store, arrived=NOW - 2 * MINUTE),
        transfer(store, priority=Priority.URGENT, arrived=NOW),
    ]
    for each in offers:
        await store.accept(each, b"x")
    claims = await store.claim("w", NOW, lease_seconds=60, limit=10)
    assert [each.transfer.id for each in claims] == [offers[n].id for n in (3, 2, 1, 0)]


async def test_a_claim_takes_at_most_its_limit_and_leaves_the_excluded(store):
    ids = [(await store.accept(transfer(store, arrived=NOW - n * MINUTE), b"x")).id for n in (4, 3, 2, 1)]
    claims = await store.claim("w", NOW, lease_seconds=60, limit=2, exclude={ids[0], ids[2]})
    assert [each.transfer.id for each in claims] == [ids[1], ids[3]]


async def test_only_due_recipients_are_claimed(store):
    await store.accept(transfer(store, recipient(1), recipient(2, due=NOW + HOUR), recipient(3, state=RecipientState.HELD)), b"x")
    claim = await claim_one(store)
    assert [each.number for each in claim.due] == [1]
    assert [each.attempts for each in claim.transfer.recipients] == [1, 0, 0]


async def test_many_workers_never_get_the_same_transfer(store):
    for _ in range(20):
        await store.accept(transfer(store), b"x")
    claims = await asyncio.gather(*(store.claim(f"w{n}", NOW, lease_seconds=60, limit=3) for n in range(10)))
    ids = [each.transfer.id for found in claims for each in found]
    assert len(ids) == len(set(ids)) == 20


async def test_a_lease_runs_out_and_a_renewed_one_does_not(store):
    await store.accept(transfer(store), b"x")
    claim = await claim_one(store)
    renewed = await store.renew(claim, NOW + MINUTE / 2, 3600)
    assert renewed.until == NOW + MINUTE / 2 + HOUR
    assert await store.claim("w2", LATER, lease_seconds=60) == ()
    assert (await claim_one(store, "w2", NOW + 2 * HOUR)).fence == claim.fence + 1


async def test_a_worker_whose_lease_was_taken_over_records_nothing(store):
    accepted = await store.accept(transfer(store), b"x")
    old = await claim_one(store, "w1")
    new = await claim_one(store, "w2", LATER)
    report = transfer(store)
    with pytest.raises(StaleLeaseError, match="fence 1"):
        await store.record(old, {1: outcome()}, spawn=[(report, b"r")], events=[Event(at=NOW, name="relay.delivered", text="")])
    with pytest.raises(StaleLeaseError):
        await store.renew(old, LATER, 60)
    with pytest.raises(StaleLeaseError):
        await store.commit_plan(old, Plan(group="g", seed="00", made_at=NOW, tables="1"))
    await store.release_claim(old)
    assert await store.get(report.id) is None
    assert await story(store, accepted.id) == ()
    await store.record(new, {1: outcome()})
    assert states(await store.get(accepted.id)) == [RecipientState.DELIVERED]


async def test_the_same_worker_is_fenced_from_its_own_older_lease(store):
    await store.accept(transfer(store), b"x")
    old = await claim_one(store, "w")
    await claim_one(store, "w", LATER)
    with pytest.raises(StaleLeaseError):
        await store.record(old, {1: outcome()})


async def test_a_lease_that_ran_out_but_was_not_taken_over_still_records(store):
    accepted = await store.accept(transfer(store), b"x")
    claim = await claim_one(store)
    await store.record(claim, {1: outcome(Result.RELAYED)})
    assert states(await store.get(accepted.id)) == [RecipientState.RELAYED]
    with pytest.raises(StaleLeaseError):
        await store.record(claim, {1: outcome()})


async def test_three_attempts_that_never_end_bring_quarantine(store):
    accepted = await store.accept(transfer(store, recipient(1), recipient(2)), b"poison")
    for n in range(3):
        claim = await claim_one(store, f"w{n}", NOW + n * HOUR)  # and the worker dies
        assert claim.due[0].attempts == n + 1
    assert await store.claim("w", NOW + 3 * HOUR, lease_seconds=60) == ()
    found = await store.get(accepted.id)
    assert states(found) == [RecipientState.QUARANTINED] * 2
    assert found.recipients[0].note == "3 attempts began and never ended"
    assert [each.name for each in await story(store, accepted.id)] == ["spool.quarantined"]
    assert await store.next_due() is None
    with pytest.raises(StaleLeaseError):
        await store.record(claim, {1: outcome()})


async def test_a_poisonous_message_does_not_keep_others_from_being_claimed(store):
    poison = await store.accept(transfer(store, priority=Priority.URGENT), b"poison")
    for n in range(3):
        await claim_one(store, f"w{n}", NOW + n * HOUR)
    good = await store.accept(transfer(store), b"good")
    claim = await claim_one(store, "w", NOW + 9 * HOUR)
    assert (claim.transfer.id, states(await store.get(poison.id))) == (good.id, [RecipientState.QUARANTINED])


async def test_attempts_that_end_never_bring_quarantine(store):
    await store.accept(transfer(store), b"x")
    for n in range(6):
        claim = await claim_one(store, now=NOW + n * HOUR)
        await store.record(claim, {1: outcome(Result.DEFERRED)}, due={1: NOW + (n + 1) * HOUR})
    assert (claim.attempt, claim.due[0].attempts) == (6, 6)


async def test_a_claim_given_back_does_not_count(store):
    accepted = await store.accept(transfer(store), b"x")
    for _ in range(5):
        await store.release_claim(await claim_one(store))
    claim = await claim_one(store)
    assert (claim.transfer.id, claim.attempt, claim.due[0].attempts) == (accepted.id, 1, 1)


async def test_a_deferred_recipient_waits_for_its_time_with_its_reason(store):
    accepted = await store.accept(transfer(store, recipient(1), recipient(2)), b"x")
    failure = Failure(reason=1, diagnostic=2, smtp_code=451, status="4.4.1", text="no answer from the peer")
    outcomes = {1: outcome(), 2: outcome(Result.DEFERRED, failure=failure)}
    await store.record(await claim_one(store), outcomes, due={2: NOW + HOUR})
    assert await store.next_due() == NOW + HOUR
    waiting = (await store.get(accepted.id)).recipients[1]
    assert (waiting.state, waiting.due, waiting.note) == (RecipientState.DEFERRED, NOW + HOUR, "no answer from the peer")
    claim = await claim_one(store, now=NOW + HOUR)
    assert [each.number for each in claim.due] == [2]


async def test_a_deferral_without_a_time_is_refused_and_nothing_is_written(store):
    accepted = await store.accept(transfer(store, recipient(1), recipient(2)), b"x")
    claim = await claim_one(store)
    with pytest.raises(SpoolError, match="without a due time"):
        await store.record(claim, {1: outcome(), 2: outcome(Result.DEFERRED)})
    assert states(await store.get(accepted.id)) == [RecipientState.QUEUED] * 2
    await store.record(claim, {1: outcome(), 2: outcome(Result.DEFERRED)}, due={2: NOW})


async def test_outcomes_can_be_recorded_while_the_lease_goes_on(store):
    accepted = await store.accept(transfer(store, recipient(1), recipient(2)), b"x")
    claim = await claim_one(store)
    await store.record(claim, {1: outcome()}, done=False)
    assert states(await store.get(accepted.id)) == [RecipientState.DELIVERED, RecipientState.QUEUED]
    assert await store.claim("w2", NOW, lease_seconds=60) == ()
    await store.record(claim, {2: outcome()})
    assert await store.list() == ()


async def test_a_recipient_that_has_ended_is_not_changed_again(store):
    accepted = await store.accept(transfer(store, recipient(1), recipient(2)), b"x")
    claim = await claim_one(store)
    await store.record(claim, {1: outcome()}, done=False)
    await store.record(claim, {1: outcome(Result.FAILED), 2: outcome()})
    assert states(await store.get(accepted.id))[0] is RecipientState.DELIVERED


async def test_reports_come_with_the_outcome_that_causes_them(store):
    accepted = await store.accept(transfer(store), b"x")
    claim = await claim_one(store)
    report = transfer(store, subject_of=accepted.id, sender="")
    event = Event(at=NOW, name="relay.failed", text="user unknown", recipient=1)
    big = await store.keep(MemoryOctets(b"returned content " * 20_000))
    second = transfer(store, subject_of=accepted.id)
    await store.record(claim, {1: outcome(Result.FAILED)}, spawn=[(report, b"report"), (second, big)], events=[event])
    assert await story(store, accepted.id) == (event,)
    claims = await store.claim("w", NOW, lease_seconds=60, limit=5)
    assert [(each.transfer.id, len(each.content)) for each in claims] == [(report.id, 6), (second.id, 340_000)]


async def test_a_report_that_cannot_be_written_leaves_the_outcome_unwritten(store):
    accepted = await store.accept(transfer(store), b"x")
    claim = await claim_one(store)
    gone = await store.keep(MemoryOctets(bytes(300_000)))
    await store.sweep(NOW + 2 * DAY)
    with pytest.raises(SpoolError):
        await store.record(claim, {1: outcome(Result.FAILED)}, spawn=[(transfer(store), gone)])
    assert states(await store.get(accepted.id)) == [RecipientState.QUEUED]


async def test_who_was_warned_stays_warned(store):
    accepted = await store.accept(transfer(store), b"x")
    await store.record(await claim_one(store), {1: outcome(Result.DEFERRED)}, due={1: NOW}, warned=[1])
    assert (await store.get(accepted.id)).recipients[0].warned


async def test_a_due_time_can_be_moved_without_an_attempt(store):
    await store.accept(transfer(store), b"x")
    await store.record(await claim_one(store), {}, due={1: NOW + DAY})
    assert await store.next_due() == NOW + DAY


async def test_a_hold_during_an_attempt_lets_the_attempt_end(store):
    accepted = await store.accept(transfer(store, recipient(1), recipient(2)), b"x")
    claim = await claim_one(store)
    assert await store.hold(accepted.id, "please wait", NOW) == 2
    await store.record(claim, {1: outcome(), 2: outcome(Result.DEFERRED)}, due={2: NOW})
    assert states(await store.get(accepted.id)) == [RecipientState.DELIVERED, RecipientState.HELD]
    assert await store.claim("w", NOW + DAY, lease_seconds=60) == ()


async def test_a_hold_during_an_attempt_that_dies_is_kept(store):
    accepted = await store.accept(transfer(store), b"x")
    await claim_one(store)
    await store.hold(accepted.id, "", NOW)
    assert await store.claim("w2", LATER, lease_seconds=60) == ()
    assert await store.next_due() is None
    await store.release(accepted.id, LATER)
    await claim_one(store, "w2", LATER)


async def test_the_first_plan_of_a_group_stands(store):
    await store.accept(transfer(store), b"x")
    claim = await claim_one(store)
    first = Plan(group="pp-mta", seed="ab" * 16, made_at=NOW, tables="7")
    assert await store.plan(claim, "pp-mta") is None
    assert await store.commit_plan(claim, first) == first
    assert await store.commit_plan(claim, Plan(group="pp-mta", seed="cd" * 16, made_at=LATER, tables="8")) == first
    again = await claim_one(store, "w2", LATER)
    assert await store.plan(again, "pp-mta") == first
    assert await store.plan(again, "other") is None


async def test_facts_and_names_are_committed_with_the_plan(store):
    accepted = await store.accept(transfer(store), b"x")
    claim = await claim_one(store)
    plan = Plan(group="g", seed="00", made_at=NOW, tables="1")
    await store.commit_plan(claim, plan, facts=[Fact(kind=FactKind.SHORT_IDENTIFIER, key="S1", expires=NOW + DAY)], identifiers=["S1"])
    assert (await store.ledger.recall(FactKind.SHORT_IDENTIFIER, "S1")).value == {}
    assert [each.id for each in await store.track("S1")] == [accepted.id]


async def test_work_that_arrives_wakes_who_waits_for_it(store):
    assert not await store.wait_for_work(0)
    waiting = asyncio.create_task(store.wait_for_work(60))
    await store.accept(transfer(store), b"x")
    assert await waiting
    assert not await store.wait_for_work(0)


async def test_work_that_arrived_before_the_wait_is_not_missed(store):
    await store.accept(transfer(store), b"x")
    assert await store.wait_for_work(60)


async def test_claims_share_commits_too(tmp_path):
    store = await open_store(tmp_path)
    await asyncio.gather(*(store.accept(transfer(store), b"x") for _ in range(60)))
    before = store.commits
    claims = await asyncio.gather(*(store.claim(f"w{n}", NOW, lease_seconds=60) for n in range(60)))
    await asyncio.gather(*(store.record(claim, {1: outcome()}) for (claim,) in claims))
    assert store.commits - before <= 12
    assert timedelta(0) == claims[0][0].until - NOW - MINUTE
    await store.close()
