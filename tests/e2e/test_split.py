"""Split messages: MTAs split a message by route and keep its MTS identifier, so equal identifiers are not yet duplicates (law 5)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway import asn1
from gateway.correspondent.agent import Correspondent
from gateway.correspondent.user import Domain, Letter, envelope_for, ipm_from_letter
from gateway.mixer.stdor import from_text
from gateway.spool.transfer import RecipientState
from gateway.x400 import mts, p1
from gateway.x400.ipm import InformationObject
from tests.e2e.harness import JOERG_OR, PARTNER, Arrangement, arrangement, partner, settled

pytestmark = pytest.mark.timeout(30)

NAMES = ("anna", "berta", "carla", "dora")
MAILBOXES = frozenset(f"{name}.berg@example.org" for name in NAMES)


def copy_for(numbers: set[int], identifier: str = "split.1") -> p1.MTSAPDU:
    """One copy of a message to four recipients: all are named, the receiver is responsible for some (X.411 12.2.1.1.1.2)."""
    recipients = tuple(from_text(f"/G={name}/S=berg/O=Example/PRMD=EXAMPLE/ADMD=DEMO/C=XX/") for name in NAMES)
    letter = Letter(originator=from_text(JOERG_OR), recipients=recipients, subject="split", text="Hallo\n")
    domain = Domain(address=from_text(PARTNER), mta_name="PARTNER-MTA")
    envelope = envelope_for(domain, letter.originator, recipients, identifier, datetime.now(UTC), report=False)
    fields = tuple(_responsible(each, numbers) for each in envelope.per_recipient_fields)
    content = asn1.encode_octets(InformationObject(ipm=ipm_from_letter(letter, identifier)))
    return p1.MTSAPDU(message=p1.Message(envelope=replace(envelope, per_recipient_fields=fields), content=content))


def _responsible(fields: p1.PerRecipientMessageTransferFields, numbers: set[int]) -> p1.PerRecipientMessageTransferFields:
    if fields.originally_specified_recipient_number in numbers:
        return fields
    return replace(fields, per_recipient_indicators=fields.per_recipient_indicators - {mts.PerRecipientIndicators.RESPONSIBILITY})


async def delivered(a: Arrangement) -> list[str]:
    """The envelope recipients of everything that reached the Internet, when nothing waits any more."""
    await settled(a.gateway.store)
    arrived = [a.sink.received.get_nowait() for _ in range(a.sink.received.qsize())]
    return [recipient for each in arrived for recipient in each.recipients]


async def second(a: Arrangement) -> Correspondent:
    """Another MTA process of the partner: the same names, associations of its own."""
    found = partner(a.setting.p1_port, a.setting.folder / "second")
    found._count = 50  # its session connection references differ from the other's, or equal octets would be a repeated activity (law 5)
    await found.start()
    return found


async def test_two_copies_for_two_recipients_each_are_four_deliveries(tmp_path: Path) -> None:
    async with arrangement(tmp_path) as a:
        other = await second(a)
        await asyncio.gather(a.correspondent.send_apdu(copy_for({1, 3})), other.send_apdu(copy_for({2, 4})))
        found = await delivered(a)
        await other.stop()
    assert sorted(found) == sorted(MAILBOXES)


async def test_the_same_copy_twice_is_delivered_once(tmp_path: Path) -> None:
    """Both copies are acknowledged; the second adds nothing, and its story says why."""
    async with arrangement(tmp_path) as a:
        other = await second(a)
        await a.correspondent.send_apdu(copy_for({1, 2}))
        await other.send_apdu(copy_for({1, 2}))
        found = await delivered(a)
        transfers = await a.gateway.store.track("[/PRMD=PARTNER/ADMD=DEMO/C=XX/;split.1]")
        stories = [[event.name for event in await a.gateway.store.events(each.id)] for each in transfers]
        await other.stop()
    assert sorted(found) == ["anna.berg@example.org", "berta.berg@example.org"]
    assert len(transfers) == 2
    assert sum(story.count("spool.suppressed") for story in stories) == 2
    assert {each.state for each in transfers[1].recipients} == {RecipientState.SUPPRESSED}


async def test_copies_at_the_same_time_are_delivered_once(tmp_path: Path) -> None:
    """The decision is made inside the commit: two associations that end together cannot both win."""
    async with arrangement(tmp_path) as a:
        other = await second(a)
        await asyncio.gather(a.correspondent.send_apdu(copy_for({1, 2, 3})), other.send_apdu(copy_for({2, 3, 4})))
        found = await delivered(a)
        await other.stop()
    assert sorted(found) == sorted(MAILBOXES)


async def test_another_identifier_is_another_message(tmp_path: Path) -> None:
    async with arrangement(tmp_path) as a:
        await a.correspondent.send_apdu(copy_for({1, 2}))
        await a.correspondent.send_apdu(copy_for({1, 2}, "split.2"))
        found = await delivered(a)
    assert sorted(found) == 2 * ["anna.berg@example.org"] + 2 * ["berta.berg@example.org"]


async def test_a_copy_for_nobody_of_ours_is_kept_and_raises_an_alarm(tmp_path: Path) -> None:
    """No responsibility bit is set: nothing is to be delivered (X.411 12.2.1.1.1.2), yet what arrived whole is not lost in silence."""
    async with arrangement(tmp_path) as a:
        with capture_logs() as logs:
            await a.correspondent.send_apdu(copy_for(set()))
        assert await delivered(a) == []
        kept = await a.gateway.store.track("[/PRMD=PARTNER/ADMD=DEMO/C=XX/;split.1]")
    assert len(kept) == 1
    (alarm,) = [line for line in logs if line["event"] == "relay.quarantined"]
    assert (alarm["id"], alarm["peer"]) == (kept[0].id, "partner")
