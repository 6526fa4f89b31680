"""Reports and notifications as body parts (X.420 Annexes D and E): people read what they say, and X.400 gets them back as they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes

import pytest

from gateway import asn1
from gateway.internet.message import Message, parse, serialise
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import ipm_of_message, message_of_ipm
from gateway.mixer.stdor import from_text
from gateway.octets import octets
from gateway.x400 import mts, oids
from gateway.x400.bodyparts import BodyPart, IA5TextBodyPart, IA5TextParameters, MessageParameters
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, extended
from gateway.x400.ipm import IPM, Heading, IPMIdentifier, ORDescriptor
from gateway.x400.mts_delivery import PerRecipientReportDeliveryFields, ReportDeliveryArgument
from gateway.x400.notifications import IPN, IPNChoice, NonReceiptFields, ReceiptFields
from gateway.x400.oraddress import orname_from_oraddress

AT = datetime(1997, 12, 1, 10, 30, tzinfo=UTC)
JANE = orname_from_oraddress(from_text("/G=Jane/S=Doe/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/"))
JOHN = orname_from_oraddress(from_text("/G=John/S=Roe/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/"))


def notification(**choice: object) -> BodyPart:
    ipn = IPN(
        subject_ipm=IPMIdentifier(user=JOHN, user_relative_identifier="77"), ipn_originator=ORDescriptor(formal_name=JANE),
        choice=IPNChoice(**choice),  # type: ignore[arg-type]
    )  # fmt: skip
    return extended(EXTENDED_BODY_PART_TYPES[oids.ID_ET_NOTIFICATION], ipn, MessageParameters(delivery_time=AT))


def recipient(name: mts.ORName, kind: mts.ReportType) -> PerRecipientReportDeliveryFields:
    return PerRecipientReportDeliveryFields(actual_recipient_name=name, report_type=kind)


_IDENTIFIER = mts.MTSIdentifier(
    global_domain_identifier=mts.GlobalDomainIdentifier(
        country_name=mts.CountryName(iso_3166_alpha2_code="XX"), administration_domain_name=mts.AdministrationDomainName(printable="A")
    ),
    local_identifier="541",
)
REPORT = extended(
    EXTENDED_BODY_PART_TYPES[oids.ID_ET_REPORT],
    ReportDeliveryArgument(
        subject_submission_identifier=_IDENTIFIER,
        content_identifier="Lunch",
        per_recipient_fields=(
            recipient(JANE, mts.ReportType(delivery=mts.DeliveryReport(message_delivery_time=AT))),
            recipient(JOHN, mts.ReportType(non_delivery=mts.NonDeliveryReport(non_delivery_reason_code=1, non_delivery_diagnostic_code=0))),
        ),
    ),
)
NOTICES = {
    "report": (REPORT, ["541", "Lunch", "Jane.Doe@widget.example", "Mon, 01 Dec 1997", "John.Roe@widget.example", "no such address"]),
    "receipt": (notification(receipt_fields=ReceiptFields(receipt_time=AT)), ["77*", "Jane.Doe@widget.example", "received at Mon, 01 Dec"]),
    "forwarded": (
        notification(non_receipt_fields=NonReceiptFields(non_receipt_reason=1, auto_forward_comment="on leave")),
        ["automatically forwarded", "on leave"],
    ),
    "discarded": (notification(non_receipt_fields=NonReceiptFields(non_receipt_reason=0)), ["discarded"]),
}
TEXT = BodyPart(ia5_text=IA5TextBodyPart(parameters=IA5TextParameters(), data=octets(b"See below\r\n")))


def mail(scope: Scope, *parts: BodyPart) -> Message:
    ipm = IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="1")), body=parts)
    return parse(serialise(message_of_ipm(ipm, scope, defaults=[("From", "a@b.example")])))


@pytest.mark.parametrize(("part", "words"), NOTICES.values(), ids=NOTICES)
@pytest.mark.parametrize("before", [(), (TEXT,)], ids=["alone", "behind a text"])
def test_people_read_it_and_x400_gets_it_back(part: BodyPart, words: list[str], before: tuple[BodyPart, ...], scope: Scope) -> None:
    sent = mail(scope, *before, part)
    read = message_from_bytes(serialise(sent).to_bytes())
    texts = [one.get_payload(decode=True).decode() for one in read.walk() if one.get_content_type() == "text/plain"]
    assert all(word in texts[-1] for word in words), texts
    back = ipm_of_message(sent, scope).ipm.body
    assert [asn1.encode(one) for one in back] == [asn1.encode(one) for one in (*before, part)]


def test_a_1984_peer_gets_the_text(scope: Scope) -> None:
    old = Scope(context=replace(scope.context, policy=replace(scope.context.policy, x400_version=84)))
    body = ipm_of_message(mail(scope, TEXT, REPORT), old).ipm.body
    assert b"John.Roe@widget.example" in b"".join(asn1.encode(one) for one in body)


def test_a_report_that_does_not_decode_is_carried_whole(scope: Scope) -> None:
    broken = asn1.decode(bytes.fromhex("af0d280b06045601040ea003020100"), BodyPart)
    sent = mail(scope, broken)
    assert sent.header.value("Content-Type").startswith("application/x400-bp")
    assert [asn1.encode(one) for one in ipm_of_message(sent, scope).ipm.body] == [asn1.encode(broken)]


def test_other_alternatives_are_alternatives(scope: Scope) -> None:
    raw = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nA\r\n--b\r\n"
        b"Content-Type: application/x400-bp; bp-type=2.6.1.4.14\r\n\r\nno body part\r\n--b--\r\n"
    )
    body = ipm_of_message(parse(raw), scope).ipm.body
    assert body[0].ia5_text is not None
    assert len(body) == 2
