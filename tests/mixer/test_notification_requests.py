"""Requests for notifications: Disposition-Notification-To (RFC 8098 2.1, 8.3) and notification-requests (X.420 7.1.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from gateway import asn1
from gateway.internet import message as internet
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.mixer.convert import Conversion, InternetResult, message_to_internet, message_to_x400
from gateway.mixer.correlation import disposition_request, notification_request
from gateway.mixer.policy import Context, PeerPolicy
from gateway.mixer.stdor import from_text
from gateway.x400 import oids, p1
from gateway.x400.heading_extensions import value_of
from gateway.x400.ipm import IPM, Heading, InformationObject, IPMIdentifier, NotificationRequests, ORDescriptor, RecipientSpecifier
from gateway.x400.oraddress import orname_from_oraddress

RN, NRN, RETURN = NotificationRequests.RN, NotificationRequests.NRN, NotificationRequests.IPM_RETURN
BOTH = frozenset({RN, NRN})
HEADER = (
    "From: a@example.org\r\nTo: Jane.Doe@widget.example, Team: b@example.org;\r\nCc: John.Roe@widget.example\r\n"
    "Message-ID: <1@example.org>\r\nDisposition-Notification-To: {to}\r\n{more}\r\nHello\r\n"
)


def to_x400(to: str, context: Context, *, sender: str = "a@example.org", more: str = "") -> tuple[Heading, Conversion[p1.MTSAPDU]]:
    smtp = SmtpEnvelope(reverse_path=sender, recipients=(SmtpRecipient(address="Jane.Doe@widget.example"),))
    made = message_to_x400(internet.parse(HEADER.format(to=to, more=more).encode()), smtp, [1], context)
    decoded = asn1.decode(asn1.encode_octets(made.result), p1.MTSAPDU).message
    assert decoded is not None
    content = asn1.decode(decoded.content, InformationObject)
    assert content.ipm is not None
    return content.ipm.heading, made


def requests(heading: Heading) -> list[frozenset[int]]:
    return [one.notification_requests for one in (*heading.primary_recipients, *heading.copy_recipients)]


@pytest.mark.parametrize("version", [84, 88])
@pytest.mark.parametrize("to", ["a@example.org", "Ann A <a@EXAMPLE.org> (me)", '"a"@example.org'])
def test_a_request_of_the_sender_asks_every_recipient_with_a_name(version: int, to: str, context: Context) -> None:
    """RFC 8098 8.3 case 1; the group name among the recipients is nobody who could answer (X.420 7.1.3)."""
    heading, made = to_x400(to, replace(context, policy=PeerPolicy(x400_version=version)))
    assert requests(heading) == [BOTH, BOTH, frozenset(), BOTH]
    assert notification_request(heading.this_ipm, "<1@example.org>") in made.remember


@pytest.mark.parametrize(
    ("to", "sender"),
    [
        ("b@example.org", "a@example.org"),
        ("A@example.org", "a@example.org"),
        ("a@example.org, b@example.org", "a@example.org"),
        ("a@example.org", "list-bounces@example.org"),
        ("a@example.org", ""),
        ("nobody", "a@example.org"),
        ("", "a@example.org"),
    ],
)
def test_any_other_request_is_dropped_silently(to: str, sender: str, context: Context) -> None:
    """RFC 8098 8.3 case 2; local parts are compared with their case (2.1)."""
    heading, made = to_x400(to, context, sender=sender)
    assert requests(heading) == [frozenset()] * 4
    assert any(note.rule == "Disposition-Notification-To" for note in made.notes)
    assert not any(fact.key.startswith("notification-request") for fact in made.remember)


def test_the_field_itself_is_carried_either_way(context: Context) -> None:
    for to in ("a@example.org", "b@example.org"):
        carried = value_of(to_x400(to, context)[0].extensions, oids.ID_RFC_822_FIELD_LIST)
        assert carried == (f"Disposition-Notification-To: {to}",)


def test_a_report_asks_nothing(context: Context) -> None:
    """RFC 8098 2.1: no MDN in answer to an MDN."""
    heading, _ = to_x400("a@example.org", context, more="MIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=B\r\n")
    assert requests(heading) == [frozenset()] * 4


# --- X.400 -> RFC 822
# ------------------------------------------------------------------------------------------------------------------------------

ANN = "/G=Ann/S=Lee/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/"
THIS = IPMIdentifier(user=orname_from_oraddress(from_text(ANN)), user_relative_identifier="147")


def from_x400(
    asked: Sequence[frozenset[int]], context: Context, elsewhere: Context, numbers: Sequence[int] = (1, 2)
) -> Conversion[InternetResult]:
    """A letter of Ann to bob and eve@example.org, who are asked for these notifications, as ``elsewhere`` converts it for some."""
    raw = b"From: Ann.Lee@widget.example\r\nTo: bob@example.org, eve@example.org\r\n\r\n"
    smtp = SmtpEnvelope(
        reverse_path="Ann.Lee@widget.example",
        recipients=(SmtpRecipient(address="bob@example.org"), SmtpRecipient(address="eve@example.org")),
    )
    made = message_to_x400(internet.parse(raw), smtp, [1, 2], context).result.message
    assert made is not None
    names = [ORDescriptor(formal_name=one.recipient_name) for one in made.envelope.per_recipient_fields]
    specifiers = tuple(RecipientSpecifier(recipient=one, notification_requests=bits) for one, bits in zip(names, asked, strict=True))
    originator = ORDescriptor(formal_name=made.envelope.originator_name)
    ipm = IPM(heading=Heading(this_ipm=THIS, originator=originator, primary_recipients=specifiers), body=())
    return message_to_internet(
        p1.Message(envelope=made.envelope, content=asn1.encode_octets(InformationObject(ipm=ipm))), numbers, elsewhere
    )


def field_of(made: Conversion[InternetResult]) -> str:
    return internet.parse(made.result.message).header.value("Disposition-Notification-To")


def test_a_receipt_asked_of_all_recipients_asks_for_the_originator(context: Context, elsewhere: Context) -> None:
    """RFC 8098 2.1: the field has to agree with Return-Path."""
    made = from_x400([frozenset({RN}), BOTH], context, elsewhere)
    assert field_of(made) == made.result.envelope.reverse_path == "Ann.Lee@widget.example"
    assert disposition_request(THIS) in made.remember


def test_only_the_recipients_of_this_copy_count(context: Context, elsewhere: Context) -> None:
    """RFC 8098 2.1: two copies where some are asked and others are not."""
    asked = [BOTH, frozenset[int]()]
    assert field_of(from_x400(asked, context, elsewhere, [1])) == "Ann.Lee@widget.example"
    assert field_of(from_x400(asked, context, elsewhere, [2])) == ""
    both = from_x400(asked, context, elsewhere, [1, 2])
    assert field_of(both) == ""
    assert any("some recipients" in note.text for note in both.notes)
    assert not both.remember


@pytest.mark.parametrize(("bits", "words"), [({NRN}, "non-receipt notifications alone"), ({RN, RETURN}, "return of the message")])
def test_what_mdns_cannot_ask_is_noted(bits: set[int], words: str, context: Context, elsewhere: Context) -> None:
    made = from_x400([frozenset(bits)] * 2, context, elsewhere)
    assert (field_of(made) != "") is (RN in bits)
    assert any(words in note.text for note in made.notes)


def test_a_request_that_is_honoured_leaves_no_note(context: Context, elsewhere: Context) -> None:
    assert not any("notification" in note.rule for note in from_x400([BOTH, BOTH], context, elsewhere).notes)


def test_a_request_crosses_twice_in_the_form_that_the_sender_wrote(context: Context, elsewhere: Context) -> None:
    apdu = to_x400("Ann A <a@example.org>", context)[1].result.message
    assert apdu is not None
    found = internet.parse(message_to_internet(apdu, [1], elsewhere).result.message)
    assert [one.value for one in found.header.all("Disposition-Notification-To")] == ["Ann A <a@example.org>"]


def test_a_request_to_somebody_else_crosses_as_text(context: Context, elsewhere: Context) -> None:
    """Nobody's agent answers it by itself, since Return-Path differs (RFC 8098 2.1); people may."""
    apdu = to_x400("b@example.org", context)[1].result.message
    assert apdu is not None
    made = message_to_internet(apdu, [1], elsewhere)
    assert field_of(made) == "b@example.org"
    assert not made.remember


def test_a_request_inside_a_forwarded_message_asks_nobody(context: Context, elsewhere: Context) -> None:
    inner: Any = HEADER.format(to="a@example.org", more="")
    raw = f"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n{inner}"
    smtp = SmtpEnvelope(reverse_path="a@example.org", recipients=(SmtpRecipient(address="Jane.Doe@widget.example"),))
    apdu = message_to_x400(internet.parse(raw.encode()), smtp, [1], context).result.message
    assert apdu is not None
    content = asn1.decode(apdu.content, InformationObject)
    assert content.ipm is not None
    forwarded = content.ipm.body[0].message
    assert forwarded is not None
    assert not any(requests(forwarded.data.heading))
    assert field_of(message_to_internet(apdu, [1], elsewhere)) == ""
