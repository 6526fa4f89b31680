"""The writing thread: who gave up before the work began, and work that fails in an unforeseen way."""

import asyncio
import sqlite3
import threading

import pytest
from sqlalchemy import event

from gateway.spool.transfer import RecipientState
from tests.spool.given import claim_one, open_store, outcome, transfer


@pytest.fixture
async def busy(tmp_path):
    """A queue whose writer waits for another process; calling the second value lets it go on."""
    store = await open_store(tmp_path)
    accepted = await store.accept(transfer(store), b"x")
    claim = await claim_one(store)
    other = sqlite3.connect(tmp_path / "queue.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    first = asyncio.create_task(store.accept(transfer(store), b"on its way to the disk"))
    await asyncio.wait((first,), timeout=0.02)

    async def go_on():
        other.execute("ROLLBACK")
        await first

    yield store, go_on, accepted.id, claim
    other.close()
    await store.close()


async def test_mail_whose_client_is_gone_before_the_work_began_is_not_taken(busy):
    store, go_on, _, _ = busy
    offered = transfer(store)
    accepting = asyncio.create_task(store.accept(offered, b"x"))
    await asyncio.sleep(0)
    accepting.cancel()
    await asyncio.wait((accepting,))
    await go_on()
    assert await store.get(offered.id) is None


async def test_an_outcome_is_recorded_although_its_worker_was_cancelled(busy):
    store, go_on, accepted, claim = busy
    recording = asyncio.create_task(store.record(claim, {1: outcome()}))
    await asyncio.sleep(0)
    recording.cancel()
    await asyncio.wait((recording,))
    await go_on()
    await store.durability()  # one more turn of the writer
    assert (await store.get(accepted)).recipients[0].state is RecipientState.DELIVERED


async def test_nobody_is_answered_between_the_statements_and_the_commit(tmp_path):
    store = await open_store(tmp_path)
    answered = threading.Event()
    before_commit = []
    event.listen(store._writer._engine, "commit", lambda connection: before_commit.append(answered.wait(0.05)))
    accepting = asyncio.create_task(store.accept(transfer(store), b"x"))
    accepting.add_done_callback(lambda task: answered.set())
    await accepting
    assert before_commit == [False]
    await store.close()


async def test_a_fault_in_one_piece_of_work_reaches_its_caller_and_nobody_else(tmp_path):
    store = await open_store(tmp_path)
    run = store._writer.run
    results = await asyncio.gather(run(lambda _: 1), run(lambda _: 1 // 0), run(lambda _: 2), return_exceptions=True)
    assert (results[0], results[2]) == (1, 2)
    assert isinstance(results[1], ZeroDivisionError)
    assert await run(lambda _: 3) == 3
    await store.close()
