"""Looking at the queue for the tools of the mapping tables."""

from datetime import timedelta

from tests.spool.given import DAY, NOW, recipient, transfer


async def since(store, when):
    return [address async for address in store.addresses_since(when)]


async def test_the_addresses_since_a_time_are_senders_and_recipients_each_once(store, monkeypatch):
    monkeypatch.setattr("gateway.spool.store._TRANSFERS_A_LOOK", 2)
    await store.accept(transfer(store, recipient(address="old@a.example"), sender="", arrived=NOW - 2 * DAY), b"x")
    for day in range(3):
        await store.accept(transfer(store, recipient(1), recipient(2), sender=f"s{day}@a.example", arrived=NOW + day * DAY), b"x")
    await store.accept(transfer(store, sender="", arrived=NOW), b"x")
    found = await since(store, NOW)
    assert sorted(found) == ["s0@a.example", "s1@a.example", "s2@a.example", "user1@example.org", "user2@example.org"]
    assert await since(store, NOW + 2 * DAY - timedelta(seconds=1)) == ["s2@a.example", "user1@example.org", "user2@example.org"]


async def test_there_are_none_in_an_empty_queue(store):
    assert await since(store, NOW) == []


async def test_the_audit_trail_knows_addresses_longer_than_the_queue(store):
    accepted = await store.accept(transfer(store, recipient(1), sender="s@a.example"), b"x")
    await store.delete(accepted.id, "test", NOW)
    await store.sweep(NOW + 30 * DAY)
    assert await store.get(accepted.id) is None
    assert sorted(await since(store, NOW)) == ["s@a.example", "user1@example.org"]
