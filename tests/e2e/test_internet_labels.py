"""Mailboxes in attributes with the label of Exchange, ``SMTP`` for ``RFC-822``, from end to end (interoperability case 66)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway import asn1
from gateway.correspondent.user import Letter
from gateway.mixer.stdor import from_text
from gateway.x400 import p1
from gateway.x400.ipm import InformationObject
from gateway.x400.oraddress import ORAddress, oraddress_from_orname
from tests.e2e.harness import JOERG_OR, OWN, Arrangement, arrangement, failures, simple_message

pytestmark = pytest.mark.timeout(60)

CAROL = "carol@elsewhere.example"
AS_EXCHANGE_WRITES = f"/DD.MSXENCAP=SMTP/DD.SMTP=carol(a)elsewhere.example{OWN}"
READS_SMTP = 'policy = { internet_labels = ["SMTP"] }\n'
BOTH_WAYS = 'policy = { internet_label = "SMTP" }\n'


async def send(a: Arrangement, recipient: str) -> None:
    letter = Letter(originator=from_text(JOERG_OR), recipients=(from_text(recipient),), subject="S", text="T\n")
    await a.correspondent.send(letter)


async def apdu_at_the_partner(a: Arrangement) -> p1.MTSAPDU:
    return (await asyncio.wait_for(a.correspondent.received.get(), 20)).apdu


def originators(message: p1.Message) -> tuple[ORAddress, ORAddress]:
    """Of envelope and heading."""
    ipm = asn1.decode(message.content, InformationObject).ipm
    assert ipm is not None and ipm.heading.originator is not None and ipm.heading.originator.formal_name is not None
    return oraddress_from_orname(message.envelope.originator_name), oraddress_from_orname(ipm.heading.originator.formal_name)


async def test_IC_066_a_recipient_with_the_label_smtp_gets_the_mail_in_envelope_and_header(tmp_path: Path) -> None:
    async with arrangement(tmp_path, peer=READS_SMTP) as a:
        await send(a, AS_EXCHANGE_WRITES)
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
    assert arrived.recipients == (CAROL,)
    assert f"\r\nTo: {CAROL}\r\n".encode() in arrived.octets


async def test_IC_066_without_the_setting_the_label_is_any_other_one(tmp_path: Path) -> None:
    async with arrangement(tmp_path) as a:
        await send(a, AS_EXCHANGE_WRITES)
        report = (await apdu_at_the_partner(a)).report
    assert report is not None
    assert a.sink.received.empty()


async def test_IC_066_a_report_names_the_recipient_as_the_peer_wrote_it(tmp_path: Path) -> None:
    async with arrangement(tmp_path, peer=READS_SMTP, refused=frozenset({CAROL})) as a:
        await send(a, AS_EXCHANGE_WRITES)
        apdu = await apdu_at_the_partner(a)
    assert apdu.report is not None and failures(apdu)[1] is not None
    (recipient,) = apdu.report.content.per_recipient_fields
    assert oraddress_from_orname(recipient.actual_recipient_name).key() == from_text(AS_EXCHANGE_WRITES).key()


async def test_IC_066_a_peer_that_wants_the_label_gets_it_and_its_reply_arrives(tmp_path: Path) -> None:
    async with arrangement(tmp_path, peer=BOTH_WAYS) as a:
        message_from_carol = simple_message()
        message_from_carol.replace_header("From", CAROL)
        await asyncio.to_thread(a.send_smtp, message_from_carol, CAROL)
        sent = (await apdu_at_the_partner(a)).message
        assert sent is not None
        envelope, heading = originators(sent)
        assert envelope.domain_defined == heading.domain_defined == (("SMTP", "carol(a)elsewhere.example"),)
        letter = Letter(originator=from_text(JOERG_OR), recipients=(envelope,), subject="Re: S", text="T\n")
        await a.correspondent.send(letter)
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
    assert arrived.recipients == (CAROL,)
