"""What was sent and is to be heard of: nothing counts that was not written before it was sent; each end is known; the rest is overdue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.spool.expectations import Answer, Asked, Expectation, Fate, Known, Subject
from gateway.spool.transfer import Plan, Result, Side
from tests.spool.given import DAY, HOUR, NOW, claim_one, open_store, outcome, transfer

KEY = "[/C=GB/;1]"


def known(transfer_id="Q000001", *, origin=Side.X400, key=KEY, patience=DAY, numbers=(1,), expires=NOW + 30 * DAY):
    subject = Subject(key=key, transfer=transfer_id, origin=origin, sender="/S=Lovelace/C=GB/", expires=expires, fields={"envid": "x"})
    asked = frozenset({Asked.SUCCESS, Asked.FAILURE})
    recipients = tuple(
        Expectation(number=number, address=f"user{number}@example.org", original=f"/S=user{number}/C=DE/", asked=asked, patience=patience)
        for number in numbers
    )
    return Known(subject=subject, recipients=recipients)


async def sent(store, result=Result.DELIVERED, **values):
    """A transfer whose plan was committed with its subject, and that has ended so."""
    accepted = await store.accept(transfer(store), b"x")
    claim = await claim_one(store)
    about = known(accepted.id, **values)
    await store.commit_plan(claim, Plan(group="g", seed="00", made_at=NOW, tables="1"), subjects=[about])
    await store.record(claim, {1: outcome(result, peer="mail.example.org")})
    return about.subject


async def only(store, key=KEY):
    (found,) = await store.expectations.recall(key, NOW)
    (recipient,) = found.recipients
    return recipient


async def test_what_was_handed_on_is_awaited_and_then_overdue(store):
    await sent(store)
    found = await only(store)
    assert (found.fate, found.due, found.peer) == (Fate.OPEN, NOW + DAY, "mail.example.org")
    assert await store.expectations.overdue(NOW + 23 * HOUR) == ()
    assert [each.subject.key for each in await store.expectations.overdue(NOW + DAY)] == [KEY]
    assert (await store.expectations.counts(NOW))["awaited"] == 1
    assert (await store.expectations.counts(NOW + DAY))["overdue"] == 1


async def test_nothing_is_awaited_where_nobody_asked(store):
    await sent(store, patience=None)
    assert (await only(store)).due is None
    assert await store.expectations.overdue(NOW + 29 * DAY) == ()
    assert (await store.expectations.counts(NOW))["awaited"] == 0


@pytest.mark.parametrize(
    ("origin", "result", "fate"),
    [
        (Side.X400, Result.FAILED, Fate.FAILED), (Side.X400, Result.RELAYED, Fate.RELAYED), (Side.X400, Result.DELIVERED, Fate.OPEN),
        # A P1 peer that secured a message reports by itself, whatever its word for that is here.
        (Side.INTERNET, Result.RELAYED, Fate.OPEN), (Side.INTERNET, Result.FAILED, Fate.FAILED),
    ],
)  # fmt: skip
async def test_the_end_of_an_attempt_says_who_will_tell(store, origin, result, fate):
    await sent(store, result, origin=origin)
    assert (await only(store)).fate is fate


async def test_an_answer_is_kept_with_who_gave_it_and_what_it_said(store):
    about = await sent(store)
    accepted = await store.accept(transfer(store), b"dsn")
    claim = await claim_one(store)
    answer = Answer(key=KEY, transfer=about.transfer, number=1, fate=Fate.DELIVERED, at=NOW + HOUR, peer="mail", said="2.0.0")
    await store.record(claim, {1: outcome()}, answers=[answer])
    found = await only(store)
    assert (found.fate, found.ended, found.peer, found.said, found.due) == (Fate.DELIVERED, NOW + HOUR, "mail", "2.0.0", None)
    assert found.heard == {Fate.DELIVERED}
    assert accepted.id


async def test_a_failed_message_will_not_be_read_either(store):
    about = await sent(store)
    await store.promise([known(about.transfer, key="notification-request <m>", patience=14 * DAY)])
    await store.accept(transfer(store), b"dsn")
    claim = await claim_one(store)
    failed = Answer(key=KEY, transfer=about.transfer, number=1, fate=Fate.FAILED, at=NOW)
    await store.record(claim, {1: outcome()}, answers=[failed])
    assert (await only(store, "notification-request <m>")).fate is Fate.FAILED


async def test_what_was_written_first_stands(store):
    await store.promise([known()])
    await store.promise([known(patience=HOUR, numbers=(1, 2))])
    (found,) = await store.expectations.recall(KEY, NOW)
    assert [each.patience for each in found.recipients] == [DAY, HOUR]


async def test_one_identifier_may_name_two_transfers(store):
    """MTAs split messages and keep the identifier (X.411 14.3)."""
    await store.promise([known("Q1"), known("Q2")])
    assert {each.subject.transfer for each in await store.expectations.recall(KEY, NOW)} == {"Q1", "Q2"}


async def test_it_is_found_by_either_address_in_any_case(store):
    await store.promise([known()])
    for address in ("USER1@example.org", "/s=USER1/c=de/", "/S=lovelace/C=GB/"):
        assert [each.subject.key for each in await store.expectations.of_address(address)] == [KEY]
    assert await store.expectations.of_address("user2@example.org") == ()


async def test_what_has_expired_is_not_known_and_then_gone(store):
    await store.promise([known(expires=NOW + HOUR)])
    assert await store.expectations.recall(KEY, NOW + HOUR) == ()
    await store.sweep(NOW + DAY)
    assert await store.expectations.of_transfers(["Q000001"]) == ()


async def test_it_survives_the_process(tmp_path):
    store = await open_store(tmp_path)
    await store.promise([known()])
    await store.close()
    store = await open_store(tmp_path)
    (found,) = await store.expectations.recall(KEY, NOW)
    assert found == known()
    await store.close()


async def test_reports_to_one_address_leave_at_the_pace_of_the_limit(tmp_path):
    """None is lost: the first ones at once, each further one an hour behind the one so many before it."""
    from gateway.spool.transfer import Kind, Recipient

    store = await open_store(tmp_path, reports_an_hour=2)
    due = []
    for number in range(5):
        await store.accept(transfer(store), b"x")
        claim = await claim_one(store)
        told = Recipient(number=1, address="Victim@example.org" if number % 2 else "victim@example.org", target=Side.INTERNET)
        report = transfer(store, told, kind=Kind.REPORT, arrived=NOW + number * timedelta(minutes=1))
        await store.record(claim, {1: outcome()}, spawn=[(report, b"report")])
        due.append((await store.get(report.id)).recipients[0].due - NOW)
    minute = timedelta(minutes=1)
    assert due == [0 * minute, 1 * minute, HOUR, HOUR + minute, 2 * HOUR]
    await store.close()


async def test_a_queue_of_the_first_version_gets_the_tables(tmp_path):
    import sqlite3

    store = await open_store(tmp_path)
    await store.close()
    with sqlite3.connect(tmp_path / "queue.sqlite") as connection:
        for table in ("subject", "expectation", "told"):
            connection.execute(f"drop table {table}")
        connection.execute("update schema_version set version = 1")
    store = await open_store(tmp_path)
    await store.promise([known()])
    assert len(await store.expectations.recall(KEY, NOW)) == 1
    await store.close()
