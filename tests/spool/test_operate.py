"""What an operator does to the queue, how it is looked at, and what the sweep removes."""

import pytest

from gateway.errors import SpoolError
from gateway.spool.transfer import Plan, RecipientState, Result
from tests.spool.given import DAY, HOUR, NOW, claim_one, open_store, outcome, recipient, story, transfer


async def names(store, transfer_id):
    return [each.name for each in await story(store, transfer_id)]


async def test_held_mail_waits_until_it_is_released(store):
    accepted = await store.accept(transfer(store), b"x")
    assert await store.hold(accepted.id, "on request", NOW) == 1
    assert await store.claim("w", NOW + DAY, lease_seconds=60) == ()
    assert [each.id for each in await store.list(state=RecipientState.HELD)] == [accepted.id]
    assert await store.release(accepted.id, NOW + HOUR) == 1
    await claim_one(store, now=NOW + HOUR)
    assert await names(store, accepted.id) == ["spool.held", "spool.released"]


async def test_the_relay_quarantines_what_it_has_claimed(store):
    accepted = await store.accept(transfer(store, recipient(1), recipient(2)), b"x")
    claim = await claim_one(store)
    await store.record(claim, {1: outcome()}, done=False)
    assert await store.quarantine(accepted.id, "heading does not decode at offset 17", NOW) == 1
    found = await store.get(accepted.id)
    assert [each.state for each in found.recipients] == [RecipientState.DELIVERED, RecipientState.QUARANTINED]
    assert found.recipients[1].note == "heading does not decode at offset 17"


async def test_quarantined_mail_that_is_released_gets_three_more_attempts(store):
    accepted = await store.accept(transfer(store), b"x")
    for n in range(3):
        await claim_one(store, now=NOW + n * HOUR)
    await store.claim("w", NOW + 3 * HOUR, lease_seconds=60)
    assert await store.release(accepted.id, NOW + 4 * HOUR) == 1
    for n in range(3):
        await claim_one(store, now=NOW + (4 + n) * HOUR)


async def test_retry_makes_waiting_mail_due_at_once(store):
    accepted = await store.accept(transfer(store), b"x")
    await store.record(await claim_one(store), {1: outcome(Result.DEFERRED)}, due={1: NOW + DAY})
    assert await store.retry(accepted.id, NOW) == 1
    await claim_one(store)


async def test_a_fresh_retry_forgets_the_plans(store):
    accepted = await store.accept(transfer(store), b"x")
    claim = await claim_one(store)
    await store.commit_plan(claim, Plan(group="g", seed="00", made_at=NOW, tables="1"))
    with pytest.raises(SpoolError, match="being worked on by w1"):
        await store.retry(accepted.id, NOW, fresh=True)
    await store.record(claim, {1: outcome(Result.DEFERRED)}, due={1: NOW + DAY})
    await store.retry(accepted.id, NOW)
    claim = await claim_one(store)
    assert await store.plan(claim, "g") is not None
    await store.release_claim(claim)
    await store.retry(accepted.id, NOW, fresh=True)
    assert await store.plan(await claim_one(store), "g") is None


async def test_one_recipient_can_be_redirected(store):
    accepted = await store.accept(transfer(store, recipient(1), recipient(2)), b"x")
    await store.redirect(accepted.id, 2, "elsewhere@example.org", NOW)
    assert (await store.get(accepted.id)).recipients[1].address == "elsewhere@example.org"
    with pytest.raises(SpoolError, match="no recipient 3"):
        await store.redirect(accepted.id, 3, "x@example.org", NOW)


async def test_deleted_mail_ends_as_failed_and_stays_on_record(store):
    accepted = await store.accept(transfer(store, message_id="<m@x>"), b"x")
    assert await store.delete(accepted.id, "spam", NOW) == 1
    (found,) = await store.track("<m@x>")
    assert (found.recipients[0].state, found.recipients[0].note) == (RecipientState.FAILED, "spam")
    assert await store.list() == ()
    assert await names(store, accepted.id) == ["spool.deleted"]


async def test_mail_that_is_being_worked_on_is_not_deleted_under_the_worker(store):
    accepted = await store.accept(transfer(store), b"x")
    await claim_one(store)
    with pytest.raises(SpoolError, match="being worked on"):
        await store.delete(accepted.id, "", NOW)
    assert await store.delete(accepted.id, "", NOW + HOUR) == 1  # that worker is dead


@pytest.mark.parametrize("action", ["hold", "quarantine", "delete"])
async def test_an_unknown_transfer_is_an_error(store, action):
    with pytest.raises(SpoolError, match="not in the queue"):
        await getattr(store, action)("nothing", "why", NOW)


async def test_mail_is_found_by_every_identifier_and_its_reports_with_it(store):
    values = {"message_id": "<a@b>", "mts_identifier": "[/C=GB/;7]", "ipm_identifier": "ipm*1"}
    accepted = await store.accept(transfer(store, **values), b"x")
    claim = await claim_one(store)
    report = transfer(store, subject_of=accepted.id, message_id="<dsn@gw>")
    await store.record(claim, {1: outcome(Result.FAILED)}, spawn=[(report, b"r")], identifiers=["<converted@gw>", "<a@b>"])
    for name in (accepted.id, *values.values(), "<converted@gw>"):
        assert [each.id for each in await store.track(name)] == [accepted.id, report.id]
    assert [each.id for each in await store.track("<dsn@gw>")] == [report.id]
    assert await store.track("<nobody@knows>") == ()
    assert await store.get("nothing") is None


async def test_the_list_is_in_order_of_arrival_and_limited(store):
    ids = [(await store.accept(transfer(store), b"x")).id for _ in range(5)]
    assert [each.id for each in await store.list(limit=3)] == ids[:3]


async def test_the_counts_tell_how_many_wait_and_why(store):
    held = await store.accept(transfer(store, recipient(1), recipient(2)), b"x")
    await store.hold(held.id, "", NOW)
    await store.accept(transfer(store), b"x")
    await store.accept(transfer(store), b"x")
    await store.record(await claim_one(store), {1: outcome()})
    await claim_one(store)
    found = await store.counts()
    wanted = {"held": 2, "queued": 1, "delivered": 1, "transfers": 2, "leased": 1, "unclaimed": 0, "quarantined": 0}
    assert {name: found[name] for name in wanted} == wanted


async def test_finished_mail_is_kept_for_its_time_and_then_removed_but_not_its_story(store, tmp_path):
    accepted = await store.accept(transfer(store, message_id="<m@x>"), b"x" * 400_000)
    await store.hold(accepted.id, "", NOW)
    await store.release(accepted.id, NOW)
    await store.record(await claim_one(store), {1: outcome()})
    assert await store.sweep(NOW + 6 * DAY) == 0
    assert len(await store.track("<m@x>")) == 1
    assert await store.sweep(NOW + 8 * DAY) == 1
    assert await store.track("<m@x>") == ()
    assert await names(store, accepted.id) == ["spool.held", "spool.released"]
    await store.sweep(NOW + 100 * DAY)
    assert await store.events(accepted.id) == ()


async def test_unfinished_mail_is_never_swept(store):
    accepted = await store.accept(transfer(store), b"x")
    await store.quarantine(accepted.id, "odd", NOW)
    await store.sweep(NOW + 1000 * DAY)
    assert (await store.content_of(accepted.id)).to_bytes() == b"x"


async def test_more_than_one_step_is_swept(tmp_path):
    store = await open_store(tmp_path, synchronous="OFF")
    for _ in range(250):
        await store.accept(transfer(store, recipient(state=RecipientState.FAILED)), b"x")
    assert await store.sweep(NOW + 8 * DAY) == 250
    await store.close()
