"""Events: written with their cause, moved to a file of their own, neither lost nor doubled."""

import sqlite3

from gateway.spool import audit
from gateway.spool.transfer import Event
from tests.spool.given import MINUTE, NOW, open_store, story, transfer


def told(number):
    return Event(at=NOW + number * MINUTE, name="smtp.accepted", text=str(number))


def audit_rows(folder):
    connection = sqlite3.connect(folder / "queue-audit.sqlite")
    try:
        return connection.execute("SELECT count(*) FROM event WHERE name <> 'spool.accepted'").fetchone()[0]
    finally:
        connection.close()


async def test_the_story_is_the_same_before_and_after_the_move(tmp_path):
    store = await open_store(tmp_path)
    accepted = await store.accept(transfer(store), b"x", events=[told(1), told(2)])
    before = await story(store, accepted.id)
    assert audit_rows(tmp_path) == 0
    await store.sweep(NOW)
    assert audit_rows(tmp_path) == 2
    assert await story(store, accepted.id) == before == (told(1), told(2))
    await store.close()


async def test_closing_moves_what_is_left(tmp_path):
    store = await open_store(tmp_path)
    await store.accept(transfer(store), b"x", events=[told(1)])
    await store.close()
    assert audit_rows(tmp_path) == 1


async def test_many_events_are_moved_while_the_work_goes_on(tmp_path):
    store = await open_store(tmp_path)
    await store.accept(transfer(store), b"x", events=[told(n) for n in range(600)])
    await store.hold("Q000001", "", NOW)
    await store._move
    assert audit_rows(tmp_path) >= 600
    await store.close()


async def test_a_crash_between_copy_and_removal_doubles_nothing(tmp_path):
    store = await open_store(tmp_path)
    accepted = await store.accept(transfer(store), b"x", events=[told(1), told(2)])
    await store._writer.run(audit.copy)  # and here the machine stops
    assert await story(store, accepted.id) == (told(1), told(2))
    again = await open_store(tmp_path)
    assert await story(again, accepted.id) == (told(1), told(2))
    assert audit_rows(tmp_path) == 2
    await again.close()
    await store.close()


async def test_an_audit_file_that_was_taken_away_starts_anew(tmp_path):
    store = await open_store(tmp_path)
    await store.accept(transfer(store), b"x", events=[told(1)])
    await store.close()
    (tmp_path / "queue-audit.sqlite").rename(tmp_path / "archive.sqlite")
    store = await open_store(tmp_path, ids=iter(["R1"]).__next__)
    accepted = await store.accept(transfer(store), b"x", events=[told(2)])
    await store.close()
    assert audit_rows(tmp_path) == 1
    store = await open_store(tmp_path)
    assert await story(store, accepted.id) == (told(2),)
    await store.close()
