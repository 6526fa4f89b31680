"""What we promised and must recognise later."""

from gateway.spool.ledger import Fact, FactKind, activity, activity_key, expected_report, identifier_pair
from tests.spool.given import DAY, HOUR, NOW, open_store


async def test_a_short_identifier_leads_to_the_long_one_and_back(store):
    await store.ledger.remember(*identifier_pair("880704*1", "<very-long@example.org>", NOW + DAY))
    assert (await store.ledger.recall(FactKind.SHORT_IDENTIFIER, "880704*1")).value["long"] == "<very-long@example.org>"
    assert (await store.ledger.recall(FactKind.LONG_IDENTIFIER, "<very-long@example.org>")).value["short"] == "880704*1"
    assert await store.ledger.recall(FactKind.SHORT_IDENTIFIER, "<very-long@example.org>") is None


async def test_a_short_identifier_never_changes_its_meaning(store):
    first, _ = identifier_pair("S", "<one@x>", NOW + DAY)
    await store.ledger.remember(first)
    (standing,) = await store.ledger.remember(identifier_pair("S", "<two@x>", NOW + DAY)[0])
    assert standing == first


async def test_facts_survive_the_process(tmp_path):
    store = await open_store(tmp_path)
    fact = Fact(kind=FactKind.RETURN_PATH, key="[/C=GB/;1]", value={"to": "a@b"}, expires=NOW + DAY)
    await store.ledger.remember(fact)
    await store.close()
    store = await open_store(tmp_path)
    assert await store.ledger.recall(FactKind.RETURN_PATH, "[/C=GB/;1]") == fact
    await store.close()


async def test_an_expected_report_that_does_not_come_is_found(store):
    for n in (3, 1, 2):
        await store.ledger.remember(expected_report(f"[/C=GB/;{n}]", f"Q{n}", [2, 1], NOW + n * HOUR, NOW + 9 * DAY))
    overdue = await store.ledger.overdue(FactKind.EXPECTED_REPORT, NOW + 2 * HOUR)
    assert [each.value for each in overdue] == [{"transfer": f"Q{n}", "recipients": "1 2"} for n in (1, 2)]


async def test_a_report_that_came_is_no_longer_expected(store):
    await store.ledger.remember(expected_report("[/C=GB/;1]", "Q1", [1], NOW, NOW + DAY))
    assert await store.ledger.forget(FactKind.EXPECTED_REPORT, "[/C=GB/;1]")
    assert not await store.ledger.forget(FactKind.EXPECTED_REPORT, "[/C=GB/;1]")
    assert await store.ledger.overdue(FactKind.EXPECTED_REPORT, NOW + DAY) == ()


async def test_a_repeat_of_an_activity_is_recognised(store):
    await store.ledger.remember(activity("PP", "ref", "1", "Q1", NOW + DAY))
    assert (await store.ledger.recall(FactKind.ACTIVITY, activity_key("PP", "ref", "1"))).value == {"transfer": "Q1"}
    assert await store.ledger.recall(FactKind.ACTIVITY, activity_key("PP", 're","f', "1")) is None


async def test_expired_facts_are_forgotten(store):
    await store.ledger.remember(*identifier_pair("S", "L", NOW + DAY))
    await store.sweep(NOW + DAY)
    assert await store.ledger.recall(FactKind.SHORT_IDENTIFIER, "S") is not None
    await store.sweep(NOW + 2 * DAY)
    assert await store.ledger.recall(FactKind.SHORT_IDENTIFIER, "S") is None
