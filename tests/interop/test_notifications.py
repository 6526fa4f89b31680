"""Section 13 of the interoperability cases: receipts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import asn1
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import parse
from gateway.mixer.convert import message_to_internet, message_to_x400
from gateway.mixer.correlation import disposition_key, notification_key
from gateway.mixer.identifiers import msg_id_from_ipm_identifier
from gateway.mixer.policy import PeerPolicy
from gateway.mixer.stdor import from_text
from gateway.octets import octets
from gateway.spool.store import Store
from gateway.spool.transfer import RecipientState
from gateway.x400 import p1
from gateway.x400.ipm import IPN, InformationObject, IPMIdentifier, IPNChoice, NotificationRequests, ReceiptFields
from gateway.x400.mts import PerRecipientIndicators as Bit
from gateway.x400.oraddress import orname_from_oraddress
from tests.e2e.harness import ANNA_OR, arrangement, until
from tests.e2e.test_reports import ON_BOTH, p1_message
from tests.interop.test_reports import ANN, BOB, BOB_OR, NOW, gateway_context, sent
from tests.strict_reports import strict_mdn

SUBJECT = IPMIdentifier(user_relative_identifier="m(a)widget.example")


def ipn_message(ipn: IPN) -> p1.Message:
    """A notification in an envelope from Bob to Ann."""
    base = sent()
    recipient = replace(
        base.envelope.per_recipient_fields[0],
        recipient_name=orname_from_oraddress(from_text("/G=Ann/S=Lee/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/")),
    )  # fmt: skip
    envelope = replace(
        base.envelope, originator_name=orname_from_oraddress(from_text(BOB_OR)), per_recipient_fields=(recipient,), trace_information=(),
        extensions=(),
    )  # fmt: skip
    return p1.Message(envelope=envelope, content=asn1.encode_octets(InformationObject(ipn=ipn)))


def test_IC_110_a_receipt_with_nothing_but_the_time_says_what_it_is_about() -> None:
    ipn = IPN(subject_ipm=SUBJECT, choice=IPNChoice(receipt_fields=ReceiptFields(receipt_time=NOW)))
    context = replace(gateway_context("f00d"), known={notification_key(SUBJECT): "<m@widget.example>"})
    made = message_to_internet(ipn_message(ipn), (1,), context).result
    fields = strict_mdn(made.message.to_bytes())
    assert fields["Original-Message-ID"] == "<m@widget.example>"
    assert fields["Disposition"] == "manual-action/MDN-sent-manually; displayed"
    message = parse(made.message)
    assert message.header.value("In-Reply-To") == "<m@widget.example>"
    assert BOB in message.header.value("From") and b"was received at" in message.parts[0].content().to_bytes()


async def _quarantined(store: Store) -> bool:
    return bool(await store.list(state=RecipientState.QUARANTINED))


@pytest.mark.timeout(60)
async def test_IC_111_an_identifier_of_a_wrong_length_sets_the_notification_aside_and_is_not_reported(tmp_path: Path) -> None:
    ipn = IPN(subject_ipm=SUBJECT, choice=IPNChoice(receipt_fields=ReceiptFields(receipt_time=NOW)))
    content = bytearray(asn1.encode(InformationObject(ipn=ipn)))
    at = content.index(b"m(a)widget.example") - 1
    content[at] += 40  # the identifier states a length beyond its end
    base = p1_message(ANNA_OR, bits=ON_BOTH).message
    async with arrangement(tmp_path) as a:
        await a.correspondent.send_apdu(p1.MTSAPDU(message=replace(base, content=octets(bytes(content)))))
        await until(lambda: _quarantined(a.gateway.store))
        kept = await a.gateway.store.list(state=RecipientState.QUARANTINED)
        assert a.correspondent.received.empty() and a.sink.received.empty()
        await a.correspondent.send_apdu(p1_message(ANNA_OR, bits=frozenset({Bit.ORIGINATOR_NON_DELIVERY_REPORT}), identifier="next"))
        await asyncio.wait_for(a.sink.received.get(), 20)  # the next one is served
    assert "not an interpersonal message" in kept[0].recipients[0].note


MDN = """\
From: Käthe Berg <Ann.Lee@widget.example>
To: {to}
Message-ID: <mdn@widget.example>
Date: Mon, 23 Nov 2026 12:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary="b"

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Ich habe es gelesen, a été lu
--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822; Ann.Lee@widget.example
Original-Message-ID: {original}
Disposition: manual-action/MDN-sent-manually; displayed

--b--
"""


def ipn_of(version: int) -> tuple[p1.Message, IPN]:
    """An MDN as the IPN that goes to X.400."""
    identifier = IPMIdentifier(user=orname_from_oraddress(from_text(BOB_OR)), user_relative_identifier="1 2")
    text = MDN.format(to=BOB, original=msg_id_from_ipm_identifier(identifier)).replace("\n", "\r\n")
    context = replace(gateway_context(), known={disposition_key(identifier): "x"}, policy=PeerPolicy(x400_version=version))
    envelope = SmtpEnvelope(reverse_path="", recipients=(SmtpRecipient(address=BOB),))
    apdu = asn1.decode(asn1.encode(message_to_x400(parse(text.encode()), envelope, (1,), context).result), p1.MTSAPDU)
    ipn = asn1.decode(apdu.message.content, InformationObject).ipn
    assert ipn is not None
    return apdu.message, ipn


def test_IC_112_no_word_of_an_mdn_gets_into_supplementary_information() -> None:
    _, ipn = ipn_of(88)
    receipt = ipn.choice.receipt_fields
    assert receipt is not None and receipt.suppl_receipt_info is None


def test_IC_113_the_envelope_of_a_notification_for_1984() -> None:
    """Table 3 column B of X.420 (1984): no information types, no indicators; only what was asked for."""
    message, _ = ipn_of(84)
    envelope = message.envelope
    assert envelope.original_encoded_information_types is None
    assert envelope.per_message_indicators == frozenset()
    assert envelope.content_type.built_in == 2 and envelope.extensions == ()
    (recipient,) = envelope.per_recipient_fields
    assert not recipient.per_recipient_indicators & {Bit.ORIGINATOR_REPORT, Bit.ORIGINATOR_NON_DELIVERY_REPORT}


@pytest.mark.parametrize("notify", [False, True])
@pytest.mark.parametrize("receipt", [False, True])
def test_IC_114_delivered_and_read_are_two_things_to_x400(notify: bool, receipt: bool) -> None:
    header = f"Disposition-Notification-To: {ANN}\r\nSubject: x\r\n\r\nx\r\n" if receipt else "Subject: x\r\n\r\nx\r\n"
    message = sent(header, notify=frozenset({"SUCCESS"} if notify else {"FAILURE"}))
    (recipient,) = message.envelope.per_recipient_fields
    assert (Bit.ORIGINATOR_REPORT in recipient.per_recipient_indicators) is notify
    ipm = asn1.decode(message.content, InformationObject).ipm
    asked = [NotificationRequests.RN in each.notification_requests for each in ipm.heading.primary_recipients]
    assert asked == [receipt]


@pytest.mark.parametrize("report", [False, True])
@pytest.mark.parametrize("receipt", [False, True])
def test_IC_114_delivered_and_read_are_two_things_to_the_internet(report: bool, receipt: bool) -> None:
    header = f"Disposition-Notification-To: {ANN}\r\nSubject: x\r\n\r\nx\r\n" if receipt else "Subject: x\r\n\r\nx\r\n"
    message = sent(header, notify=frozenset({"SUCCESS"} if report else {"FAILURE"}))
    made = message_to_internet(message, (1,), gateway_context("f00d", gateway_domain="o.example", mta_name="o")).result
    (recipient,) = made.envelope.recipients
    assert ("SUCCESS" in (recipient.notify or ())) is report
    assert bool(parse(made.message).header.value("Disposition-Notification-To")) is receipt
