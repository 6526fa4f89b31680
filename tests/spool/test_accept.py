"""Taking responsibility: the one commit, what shares it, and what a failure leaves behind."""

import asyncio
import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from gateway.errors import ConfigurationError, SpoolError
from gateway.spool.transfer import Event, Priority, RecipientState, Side, Source
from tests.spool.given import HOUR, NOW, claim_one, open_store, recipient, story, transfer


def count(folder, table="transfer"):
    connection = sqlite3.connect(f"file:{folder}/queue.sqlite?mode=ro", uri=True)
    try:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    finally:
        connection.close()


async def test_the_writing_connection_flushes_at_every_commit(store):
    assert await store.durability() == {
        "main.journal_mode": "WAL",
        "main.synchronous": "FULL",
        "audit.journal_mode": "WAL",
        "audit.synchronous": "FULL",
    }


async def test_synchronous_is_a_setting_and_a_wrong_one_is_refused(tmp_path):
    store = await open_store(tmp_path, synchronous="OFF")
    assert (await store.durability())["main.synchronous"] == "OFF"
    await store.close()
    with pytest.raises(ConfigurationError, match="NORMAL, FULL"):
        await open_store(tmp_path, synchronous="sometimes")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "postgresql://host/queue", "queue.sqlite", ""])
async def test_a_url_that_is_no_file_is_refused(url):
    from gateway.spool.store import Store

    with pytest.raises(ConfigurationError, match="expected sqlite:///path"):
        await Store.open(url, ids=str)


async def test_a_queue_of_a_newer_program_is_not_touched(tmp_path):
    await (await open_store(tmp_path)).close()
    with sqlite3.connect(tmp_path / "queue.sqlite") as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    connection.close()
    with pytest.raises(ConfigurationError, match="schema version 99"):
        await open_store(tmp_path)


async def test_a_file_that_is_no_queue_is_refused_with_a_spool_error(tmp_path):
    (tmp_path / "queue.sqlite").write_bytes(b"From MAILER-DAEMON\n" * 100)
    with pytest.raises(SpoolError):
        await open_store(tmp_path)


async def test_mail_is_readable_by_its_owner_only(store, tmp_path):
    await store.accept(transfer(store), b"secret")
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


async def test_what_was_accepted_is_read_back_as_it_was(store):
    offered = transfer(
        store,
        recipient(1, identity="1:A", due=NOW + HOUR),
        recipient(7, "/S=Ünïcode/", note="noted", warned=True),
        arrived=datetime(2026, 3, 1, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2))),
        priority=Priority.URGENT,
        deferred_until=NOW + HOUR,
        latest_delivery=NOW + 2 * HOUR,
        message_id="<a@b>",
        mts_identifier="[/PRMD=P/ADMD=A/C=GB/;x]",
        ipm_identifier="ipm 1",
        envelope=b'{"version": 1}\x00\xff',
        source=Source(side=Side.INTERNET, peer="lan", address="::1", identity="ada", session="s1", authentication={"spf": "pass"}),
    )
    await store.accept(offered, b"octets")
    found = await store.get(offered.id)
    assert found == replace(offered, recipients=(offered.recipients[0], replace(offered.recipients[1], due=NOW + HOUR)))
    assert found.arrived.utcoffset() == timedelta(hours=2)


async def test_nothing_is_acknowledged_while_the_commit_has_not_happened(store, tmp_path):
    other = sqlite3.connect(tmp_path / "queue.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # the writer cannot commit while somebody else holds the lock
    accepting = asyncio.create_task(store.accept(transfer(store), b"x"))
    done, _ = await asyncio.wait((accepting,), timeout=0.05)
    assert not done
    assert count(tmp_path) == 0
    other.execute("ROLLBACK")
    await accepting
    assert count(tmp_path) == 1
    other.close()


async def test_concurrent_accepts_share_commits(store):
    before = store.commits
    await asyncio.gather(*(store.accept(transfer(store), b"x" * 2000) for _ in range(100)))
    assert store.commits - before <= 10
    assert (await store.counts())["queued"] == 100


async def test_one_refused_accept_leaves_its_neighbours_alone(store):
    good = [transfer(store) for _ in range(10)]
    bad = replace(good[3], sender="again under the same identifier")
    results = await asyncio.gather(*(store.accept(each, b"x") for each in [*good, bad]), return_exceptions=True)
    assert [type(each).__name__ for each in results] == ["Accepted"] * 10 + ["SpoolError"]
    assert len(await store.list()) == 10
    assert (await store.get(bad.id)).sender == good[3].sender


async def test_recipient_numbers_have_to_differ(store, tmp_path):
    with pytest.raises(SpoolError, match="not unique"):
        await store.accept(transfer(store, recipient(1), recipient(1, "other@example.org")), b"x")
    assert count(tmp_path) == 0


async def test_a_transfer_without_recipients_is_kept_for_an_operator(store):
    accepted = await store.accept(replace(transfer(store), recipients=()), b"\x30\x80 garbage")
    assert [each.id for each in await store.list()] == [accepted.id]
    assert await store.next_due() is None
    assert [each.name for each in await story(store, accepted.id)] == ["spool.quarantined"]


async def test_a_transfer_can_arrive_quarantined(store):
    accepted = await store.accept(transfer(store, recipient(state=RecipientState.QUARANTINED, note="not BER")), b"x")
    assert await store.claim("w", NOW, lease_seconds=1) == ()
    (found,) = await store.list(state=RecipientState.QUARANTINED)
    assert (found.id, found.recipients[0].note) == (accepted.id, "not BER")


async def test_deferred_delivery_is_not_claimed_before_its_time(store):
    await store.accept(transfer(store, deferred_until=NOW + HOUR), b"x")
    assert await store.claim("w", NOW, lease_seconds=1) == ()
    assert await store.next_due() == NOW + HOUR
    assert len(await store.claim("w", NOW + HOUR, lease_seconds=1)) == 1


async def test_events_are_committed_with_the_transfer(store):
    told = Event(at=NOW, name="smtp.accepted", text="250", recipient=1, peer="lan", fields={"tls": "1.3"})
    accepted = await store.accept(transfer(store), b"x", events=(told,))
    assert await story(store, accepted.id) == (told,)


async def test_the_queue_is_still_there_after_closing_and_opening(tmp_path):
    store = await open_store(tmp_path)
    accepted = await store.accept(transfer(store), b"octets")
    await store.close()
    with pytest.raises(SpoolError, match="closed"):
        await store.accept(transfer(store), b"x")
    again = await open_store(tmp_path)
    claim = await claim_one(again)
    assert (claim.transfer.id, claim.content.to_bytes()) == (accepted.id, b"octets")
    await again.close()


async def test_two_processes_can_share_one_queue(tmp_path):
    one, two = await open_store(tmp_path), await open_store(tmp_path)
    accepted = await one.accept(transfer(one), b"x")
    claims = await asyncio.gather(*(each.claim("w", NOW, lease_seconds=9) for each in (one, two)))
    assert sorted(len(each) for each in claims) == [0, 1]
    assert (await two.get(accepted.id)).recipients[0].attempts == 1
    await one.close()
    await two.close()
