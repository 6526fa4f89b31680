"""Little room on the disk: nothing new is taken, what is here can still be ended and reported."""

import pytest

from gateway.errors import NoSpaceError, SpoolError
from gateway.octets import MemoryOctets
from gateway.spool.space import Space
from gateway.spool.transfer import Result
from tests.spool.given import NOW, claim_one, open_store, outcome, transfer

RESERVE = 1 << 20


async def test_below_the_low_water_mark_nothing_is_taken_but_outcomes_and_reports_are_recorded(tmp_path):
    free = [5000]
    store = await open_store(tmp_path, low_water_octets=1000, free_space=lambda folder: free[0])
    accepted = await store.accept(transfer(store), b"x")
    free[0] = 999
    assert not store.has_space
    with pytest.raises(NoSpaceError, match="999 octets free"):
        await store.accept(transfer(store), b"x")
    with pytest.raises(NoSpaceError):
        await store.begin()
    claim = await claim_one(store)
    content = await store.keep(MemoryOctets(bytes(400_000)))
    await store.record(claim, {1: outcome(Result.FAILED)}, spawn=[(transfer(store, subject_of=accepted.id), content)])
    assert len((await claim_one(store)).content) == 400_000
    free[0] = 1000
    assert store.has_space
    await store.accept(transfer(store), b"x")
    await store.close()


async def limit_pages(store, extra):
    """Let the queue file grow by so many pages and no more: SQLite then says that the disk is full."""
    def work(connection):
        pages = connection.exec_driver_sql("PRAGMA main.page_count").scalar()
        return connection.exec_driver_sql(f"PRAGMA main.max_page_count = {pages + extra}").scalar()

    return await store._writer.run(work)


async def test_a_disk_that_is_full_all_the_same_refuses_mail_and_goes_on(tmp_path):
    store = await open_store(tmp_path)
    accepted = await store.accept(transfer(store), b"x")
    await limit_pages(store, 4)
    with pytest.raises(NoSpaceError, match="disk is full"):
        await store.accept(transfer(store), bytes(300_000))
    assert [each.id for each in await store.list()] == [accepted.id]
    await store.record(await claim_one(store), {1: outcome()})
    await store.close()


async def test_the_reserve_is_given_up_for_reports_and_not_for_new_mail(tmp_path, monkeypatch):
    store = await open_store(tmp_path, reserve_octets=RESERVE)
    reserve = tmp_path / "queue.sqlite-reserve"
    assert reserve.stat().st_size == RESERVE
    accepted = await store.accept(transfer(store), b"x")
    claim = await claim_one(store)
    await limit_pages(store, 4)
    with pytest.raises(NoSpaceError):
        await store.accept(transfer(store), bytes(300_000))
    assert reserve.exists()

    def make_room(give_up=store._writer._make_room):
        store._writer._connection.exec_driver_sql("PRAGMA main.max_page_count = 100000")
        store._writer._connection.rollback()
        return give_up()

    monkeypatch.setattr(store._writer, "_make_room", make_room)
    report = transfer(store, subject_of=accepted.id)
    await store.record(claim, {1: outcome(Result.FAILED)}, spawn=[(report, bytes(300_000))])
    assert not reserve.exists()
    assert await store.get(report.id) is not None
    await store.sweep(NOW)
    assert reserve.exists()
    await store.close()


async def test_without_a_reserve_the_record_is_refused_and_can_be_repeated(tmp_path):
    store = await open_store(tmp_path)
    await store.accept(transfer(store), b"x")
    claim = await claim_one(store)
    await limit_pages(store, 4)
    with pytest.raises(SpoolError, match="disk is full"):
        await store.record(claim, {1: outcome(Result.FAILED)}, spawn=[(transfer(store), bytes(300_000))])
    await limit_pages(store, 1000)
    await store.record(claim, {1: outcome(Result.FAILED)}, spawn=[(transfer(store), bytes(300_000))])
    await store.close()


def test_the_reserve_is_not_set_aside_where_it_would_itself_fill_the_disk(tmp_path):
    free = [RESERVE]
    space = Space(tmp_path / "q", 1000, RESERVE, lambda folder: free[0])
    assert not space.hold_back()
    free[0] = RESERVE + 1000
    assert space.hold_back()
    assert space.give_up()
    assert not space.give_up()
