"""Law 5: what is a duplicate over P1, and what is another copy that only looks like one."""

import asyncio

from gateway.spool.transfer import RecipientState
from tests.spool.given import DAY, NOW, claim_one, open_store, outcome, recipient, story, transfer

KEY = "[/PRMD=Engine/ADMD=Town/C=GB/;880704-1]"


def p1(store, *numbers, key=KEY, history=""):
    recipients = [recipient(number, identity=f"{number}|/S=User{number}/|{history}") for number in numbers]
    return transfer(store, *recipients, duplicate_key=key, mts_identifier=key)


async def test_the_second_of_two_same_copies_is_suppressed(store):
    first = await store.accept(p1(store, 1, 2), b"x")
    second = await store.accept(p1(store, 1, 2), b"x")
    assert (first.suppressed, second.suppressed) == ((), (1, 2))
    kept = await store.get(second.id)
    assert {each.state for each in kept.recipients} == {RecipientState.SUPPRESSED}
    assert {each.note for each in kept.recipients} == {f"duplicate of transfer {first.id}"}


async def test_a_wholly_suppressed_copy_is_finished_and_tells_its_story(store):
    first = await store.accept(p1(store, 1), b"x")
    second = await store.accept(p1(store, 1), b"x")
    assert [each.id for each in await store.list()] == [first.id]
    assert [each.transfer.id for each in await store.claim("w", NOW, lease_seconds=9, limit=9)] == [first.id]
    (event,) = await story(store, second.id)
    assert (event.name, event.recipient, event.fields["first"]) == ("spool.suppressed", 1, first.id)


async def test_four_recipients_that_arrive_two_and_two_on_two_associations_are_all_kept(store):
    accepted = await asyncio.gather(store.accept(p1(store, 1, 2), b"x"), store.accept(p1(store, 3, 4), b"x"))
    assert [each.suppressed for each in accepted] == [(), ()]
    assert (await store.counts())["queued"] == 4


async def test_the_same_copies_on_two_associations_at_once_are_served_once(store):
    accepted = await asyncio.gather(*(store.accept(p1(store, 1, 2), b"x") for _ in range(8)))
    assert sorted(len(each.suppressed) for each in accepted) == [0] + [2] * 7


async def test_the_same_identifier_with_other_recipients_is_a_new_transfer(store):
    await store.accept(p1(store, 1), b"x")
    assert (await store.accept(p1(store, 2), b"x")).suppressed == ()


async def test_only_the_recipients_seen_before_are_suppressed(store):
    await store.accept(p1(store, 1, 2), b"x")
    mixed = await store.accept(p1(store, 2, 3), b"x")
    assert mixed.suppressed == (2,)
    claims = await store.claim("w", NOW, lease_seconds=9, limit=9)
    assert [[each.number for each in claim.due] for claim in claims] == [[1, 2], [3]]


async def test_another_history_of_expansion_or_redirection_is_another_copy(store):
    await store.accept(p1(store, 1), b"x")
    assert (await store.accept(p1(store, 1, history="dl:/CN=staff/"), b"x")).suppressed == ()


async def test_another_identifier_is_another_message(store):
    await store.accept(p1(store, 1), b"x")
    assert (await store.accept(p1(store, 1, key=KEY + "2"), b"x")).suppressed == ()


async def test_internet_mail_is_never_suppressed(store):
    for _ in range(2):
        assert (await store.accept(p1(store, 1, key=""), b"x")).suppressed == ()


async def test_a_recipient_without_identity_is_never_suppressed(store):
    for _ in range(2):
        assert (await store.accept(transfer(store, recipient(1), duplicate_key=KEY), b"x")).suppressed == ()


async def test_a_duplicate_is_known_after_the_first_copy_was_finished_deleted_or_swept(store):
    await store.accept(p1(store, 1), b"x")
    await store.record(await claim_one(store), {1: outcome()})
    assert (await store.accept(p1(store, 1), b"x")).suppressed == (1,)
    await store.sweep(NOW + 10 * DAY)
    assert (await store.accept(p1(store, 1), b"x")).suppressed == (1,)
    await store.sweep(NOW + 50 * DAY)
    assert (await store.accept(p1(store, 1), b"x")).suppressed == ()


async def test_a_duplicate_is_known_to_every_process(tmp_path):
    one, two = await open_store(tmp_path), await open_store(tmp_path, ids=iter("ABC").__next__)
    await one.accept(p1(one, 1), b"x")
    assert (await two.accept(p1(two, 1), b"x")).suppressed == (1,)
    await one.close()
    await two.close()
