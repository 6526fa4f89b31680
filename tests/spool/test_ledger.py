"""What we promised and must recognise later."""

from gateway.spool.ledger import Activity, Fact, FactKind
from tests.spool.given import DAY, NOW, open_store


def short(key, stands_for, expires):
    return Fact(kind=FactKind.SHORT_IDENTIFIER, key=key, value={"for": stands_for}, expires=expires)


async def test_a_short_identifier_leads_to_the_long_one(store):
    await store.ledger.remember(short("880704*1", "<very-long@example.org>", NOW + DAY))
    assert (await store.ledger.recall(FactKind.SHORT_IDENTIFIER, "880704*1")).value["for"] == "<very-long@example.org>"
    assert await store.ledger.recall(FactKind.SHORT_IDENTIFIER, "<very-long@example.org>") is None


async def test_a_short_identifier_never_changes_its_meaning(store):
    first = short("S", "<one@x>", NOW + DAY)
    await store.ledger.remember(first)
    (standing,) = await store.ledger.remember(short("S", "<two@x>", NOW + DAY))
    assert standing == first


async def test_facts_survive_the_process(tmp_path):
    store = await open_store(tmp_path)
    fact = Fact(kind=FactKind.RETURN_PATH, key="[/C=GB/;1]", value={"to": "a@b"}, expires=NOW + DAY)
    await store.ledger.remember(fact)
    await store.close()
    store = await open_store(tmp_path)
    assert await store.ledger.recall(FactKind.RETURN_PATH, "[/C=GB/;1]") == fact
    await store.close()


async def test_a_repeat_of_an_activity_is_recognised(store):
    activity = Activity(mta_name="PP", session="ref activity 1", digest="d")
    await store.ledger.remember(activity.secured_as("Q1", NOW + DAY))
    assert (await store.ledger.recall(FactKind.ACTIVITY, activity.key)).value == {"transfer": "Q1"}
    other = Activity(mta_name="PP", session='ref activity 1", "d', digest="")
    assert await store.ledger.recall(FactKind.ACTIVITY, other.key) is None


async def test_expired_facts_are_forgotten(store):
    await store.ledger.remember(short("S", "L", NOW + DAY))
    await store.sweep(NOW + DAY)
    assert await store.ledger.recall(FactKind.SHORT_IDENTIFIER, "S") is not None
    await store.sweep(NOW + 2 * DAY)
    assert await store.ledger.recall(FactKind.SHORT_IDENTIFIER, "S") is None
