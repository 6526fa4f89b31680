"""Notifications: an IPN becomes the text of RFC 2156 5.3.5 or an MDN of RFC 8098, an MDN that we asked for becomes an IPN."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest

from gateway import asn1
from gateway.errors import GatewayError
from gateway.internet import message as internet
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.mdn import read_disposition_report
from gateway.mixer.convert import Conversion, InternetResult, message_to_internet, message_to_x400
from gateway.mixer.correlation import disposition_request, notification_request, questions_of_internet, questions_of_x400
from gateway.mixer.eits import eits
from gateway.mixer.phrases import Language
from gateway.mixer.policy import Context, PeerPolicy
from gateway.mixer.stdor import from_text
from gateway.octets import MemoryOctets
from gateway.x400 import oids, p1
from gateway.x400.bodyparts import BodyPart, IA5TextBodyPart, IA5TextParameters
from gateway.x400.extension_values import IntendedRecipientName, Redirection
from gateway.x400.extensions import StandardExtension, extension_field
from gateway.x400.ipm import (
    IPM,
    IPN,
    Heading,
    InformationObject,
    IPMIdentifier,
    IPMSExtension,
    IPNChoice,
    NonReceiptFields,
    ORDescriptor,
    ReceiptFields,
)
from gateway.x400.mts import PerRecipientIndicators as Bit
from gateway.x400.notifications import AbsenceAdvice, ChangeOfAddressAdvice
from gateway.x400.oraddress import ORName, orname_from_oraddress

READ_AT = datetime(1989, 6, 21, 8, 45, 25, tzinfo=timezone(timedelta(hours=1)))
NOTTINGHAM = IPMIdentifier(user_relative_identifier="1229.614418325(a)UK.AC.NOTT.CS")
ANN = "/G=Ann/S=Lee/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/"
BOB = "/RFC-822=bob(a)example.org/PRMD=GATE/ADMD=TESTMAIL/C=XX/"


def name(text: str) -> ORName:
    return orname_from_oraddress(from_text(text))


def descriptor(text: str) -> ORDescriptor:
    return ORDescriptor(formal_name=name(text))


def ipn(subject: IPMIdentifier = NOTTINGHAM, *, choice: Mapping[str, Any], **common: Any) -> IPN:
    return IPN(**{"subject_ipm": subject, "ipn_originator": descriptor(ANN), "choice": IPNChoice(**choice), **common})


def receipt(**changes: Any) -> dict[str, Any]:
    return {"receipt_fields": ReceiptFields(**{"receipt_time": READ_AT, **changes})}


def non_receipt(**fields: Any) -> dict[str, Any]:
    return {"non_receipt_fields": NonReceiptFields(**fields)}


def transfer(content: InformationObject, context: Context, **recipient: Any) -> p1.Message:
    """What Ann of an X.400 system sends to bob@example.org; the envelope is one that this gateway would make."""
    raw = b"From: Ann.Lee@widget.example\r\nTo: bob@example.org\r\nMessage-ID: <t1@widget.example>\r\n\r\n"
    smtp = SmtpEnvelope(reverse_path="Ann.Lee@widget.example", recipients=(SmtpRecipient(address="bob@example.org"),))
    made = message_to_x400(internet.parse(raw), smtp, [1], context).result.message
    assert made is not None
    fields = replace(made.envelope.per_recipient_fields[0], **recipient)
    whole = p1.MTSAPDU(
        message=p1.Message(envelope=replace(made.envelope, per_recipient_fields=(fields,)), content=asn1.encode_octets(content))
    )
    decoded = asn1.decode(asn1.encode_octets(whole), p1.MTSAPDU).message
    assert decoded is not None
    return decoded


def to_internet(notification: IPN, context: Context, elsewhere: Context, **recipient: Any) -> Conversion[InternetResult]:
    """``context`` is the gateway behind which Ann is, ``elsewhere`` the one that converts."""
    return message_to_internet(transfer(InformationObject(ipn=notification), context, **recipient), [1], elsewhere)


def message(made: Conversion[InternetResult]) -> internet.Message:
    return internet.parse(made.result.message)


def text_of(found: internet.Message) -> str:
    part = found.parts[0] if found.parts else found
    return "".join(part.text())


def asked(context: Context, subject: IPMIdentifier = NOTTINGHAM, message_id: str = "<1229.614418325@UK.AC.NOTT.CS>") -> Context:
    """A context that knows of our request."""
    fact = notification_request(subject, message_id)
    return replace(context, known={fact.key: fact.value})


# --- IPN -> MDN
# ------------------------------------------------------------------------------------------------------------------------------


def test_a_receipt_is_an_mdn_with_the_words_of_5_3_5(context: Context, elsewhere: Context) -> None:
    """VN-RN-01: the header and text of RFC 2156 inside the multipart/report of RFC 8098."""
    made = to_internet(ipn(choice=receipt(acknowledgment_mode=1)), context, elsewhere)
    found = message(made)
    header = {one.name: one.value for one in found.header}
    assert found.content_type.essence == "multipart/report"
    assert found.content_type.parameters["report-type"] == "disposition-notification"
    assert [part.content_type.essence for part in found.parts] == ["text/plain", "message/disposition-notification"]
    assert header["Subject"] == "X.400 Inter-Personal Notification"
    assert header["Message-Type"] == "InterPersonal Notification"
    assert header["References"] == header["In-Reply-To"] == "<1229.614418325@UK.AC.NOTT.CS>"
    assert (header["From"], header["To"]) == ("Ann.Lee@widget.example", "bob@example.org")
    assert header["Auto-Submitted"] == "auto-replied"
    assert "Disposition-Notification-To" not in header
    text = text_of(found)
    words = ["Your message to:", "was received at Wed, 21 Jun 1989 08:45:25 +0100", "This notification was generated Automatically"]
    assert [text.index(one) for one in words] == sorted(text.index(one) for one in words)
    assert "The Original Message" not in text


def test_the_fields_of_the_mdn(context: Context, elsewhere: Context) -> None:
    """RFC 8098 3.1 gives the order, 8.1 demands MDN-Gateway of a translated notification."""
    notification = ipn(choice=receipt(acknowledgment_mode=1), conversion_eits=eits(["2.6.3.4.3"]))
    report = read_disposition_report(message(to_internet(notification, context, elsewhere)))
    assert report is not None
    assert [(one.name, one.value) for one in report.fields.header] == [
        ("Reporting-UA", "X.400; mta widget.example in /PRMD=WIDGET/ADMD=TESTMAIL/C=XX/"),
        ("MDN-Gateway", "dns; other.example"),
        ("Final-Recipient", "rfc822; Ann.Lee@widget.example"),
        ("Original-Message-ID", "<1229.614418325@UK.AC.NOTT.CS>"),
        ("Disposition", "automatic-action/MDN-sent-automatically; displayed"),
        ("X400-Receipt-Time", "Wed, 21 Jun 1989 08:45:25 +0100"),
        ("X400-Acknowledgement-Mode", "Automatic (1)"),
        ("X400-Conversion-EITs", "G3-Fax"),
    ]


@pytest.mark.parametrize(
    ("choice", "disposition"),
    [
        (receipt(), "manual-action/MDN-sent-manually; displayed"),
        (receipt(acknowledgment_mode=1), "automatic-action/MDN-sent-automatically; displayed"),
        (non_receipt(non_receipt_reason=1), "automatic-action/MDN-sent-automatically; dispatched"),
        (non_receipt(non_receipt_reason=0, discard_reason=2), "automatic-action/MDN-sent-automatically; deleted"),
    ],
)
def test_the_disposition_of_every_kind(choice: dict[str, Any], disposition: str, context: Context, elsewhere: Context) -> None:
    """Without the default of acknowledgment-mode in the octets a receipt is manual (X.420 8.3.2)."""
    report = read_disposition_report(message(to_internet(ipn(choice=choice), context, asked(elsewhere))))
    assert report is not None
    assert report.disposition.to_text() == disposition


def test_nobody_is_told_about_the_fate_of_a_notification(context: Context, elsewhere: Context) -> None:
    """RFC 8098 3: the null reverse path; RFC 3461: NOTIFY=NEVER with it, whatever the P1 envelope asks."""
    bits = frozenset({Bit.RESPONSIBILITY, Bit.ORIGINATING_MTA_REPORT, Bit.ORIGINATOR_REPORT})
    envelope = to_internet(ipn(choice=receipt()), context, elsewhere, per_recipient_indicators=bits).result.envelope
    assert (envelope.reverse_path, envelope.ret) == ("", None)
    assert [one.notify for one in envelope.recipients] == [frozenset({"NEVER"})]


def test_a_returned_ipm_is_the_third_part_of_the_report(context: Context, elsewhere: Context) -> None:
    fields = non_receipt(non_receipt_reason=0, discard_reason=0, returned_ipm=original())
    found = message(to_internet(ipn(choice=fields), context, asked(elsewhere)))
    assert [part.content_type.essence for part in found.parts] == ["text/plain", "message/disposition-notification", "message/rfc822"]
    assert text_of(found).rstrip().endswith("The Original Message follows:")
    assert found.parts[2].message is not None
    assert found.parts[2].message.header.value("Subject") == "Returned"


def original() -> IPM:
    return IPM(heading=Heading(this_ipm=NOTTINGHAM, subject=b"Returned"), body=(ia5("text\r\n"),))


def ia5(text: str) -> BodyPart:
    return BodyPart(ia5_text=IA5TextBodyPart(parameters=IA5TextParameters(), data=MemoryOctets(text.encode("ascii"))))


def test_the_intended_recipient_is_named_to_a_sender_whose_form_we_know(context: Context, elsewhere: Context) -> None:
    """RFC 8098 3.2.3: Original-Recipient only where it is reliably known."""
    notification = ipn(choice=receipt(), ipm_intended_recipient=descriptor(ANN.replace("Ann", "Eva")))
    for known, expected in ((elsewhere, ""), (asked(elsewhere), "rfc822; Eva.Lee@widget.example")):
        found = message(to_internet(notification, context, known))
        report = read_disposition_report(found)
        assert report is not None
        assert report.fields.header.value("Original-Recipient") == expected
        assert "Eva.Lee@widget.example" in text_of(found)


def test_a_cut_identifier_is_the_whole_message_id_again(context: Context, elsewhere: Context) -> None:
    """RFC 8098 3.2.5; an IPM identifier has room for 64 characters (RFC 2156 4.7.3.1)."""
    long = f"<{'x' * 80}@example.org>"
    cut = IPMIdentifier(user_relative_identifier="x" * 64)
    report = read_disposition_report(message(to_internet(ipn(cut, choice=receipt()), context, asked(elsewhere, cut, long))))
    assert report is not None
    assert report.original_message_id == long


def test_a_message_without_an_identifier_has_none_in_its_notification(context: Context, elsewhere: Context) -> None:
    """RFC 8098 3.2.5: Original-Message-ID if and only if the original had one."""
    found = message(to_internet(ipn(choice=receipt()), context, asked(elsewhere, NOTTINGHAM, "")))
    report = read_disposition_report(found)
    assert report is not None
    assert report.fields.header.get("Original-Message-ID") is None
    assert found.header.get("References") is None


# --- IPN -> text
# ------------------------------------------------------------------------------------------------------------------------------


def test_an_auto_forwarded_message_without_known_request(context: Context, elsewhere: Context) -> None:
    """VN-NRN-01."""
    fields = non_receipt(non_receipt_reason=1, auto_forward_comment="Sent on to a random destination")
    found = message(to_internet(ipn(choice=fields, conversion_eits=eits(["2.6.3.4.3"])), context, elsewhere))
    assert found.content_type.essence == "text/plain"
    assert found.header.value("Subject") == "X.400 Inter-Personal Notification (failure)"
    text = " ".join(text_of(found).split())
    assert text.startswith("Your message to: Ann.Lee@widget.example was automatically forwarded. The following comment was made: Sent on")
    assert text.endswith("The following information types were converted: G3-Fax The Original Message is not available")


@pytest.mark.parametrize(("reason", "text"), [(0, "Expired"), (1, "Obsoleted"), (2, "User Subscription Terminated"), (3, "IPM Deleted")])
def test_a_discarded_message_is_returned_in_multipart_mixed(reason: int, text: str, context: Context, elsewhere: Context) -> None:
    """VN-NRN-02, VN-DISC-01."""
    fields = non_receipt(non_receipt_reason=0, discard_reason=reason, returned_ipm=original())
    found = message(to_internet(ipn(IPMIdentifier(user_relative_identifier="1(a)w.example"), choice=fields), context, elsewhere))
    assert found.content_type.essence == "multipart/mixed"
    assert [part.content_type.essence for part in found.parts] == ["text/plain", "message/rfc822"]
    words = " ".join(text_of(found).split())
    assert f"was discarded for the following reason: {text} The Original Message follows:" in words


def test_a_receipt_for_a_message_born_in_x400_is_a_text(context: Context, elsewhere: Context) -> None:
    """Its sender had no Disposition-Notification-To, so there is nothing that an MDN could answer."""
    for subject in (IPMIdentifier(user=name(ANN), user_relative_identifier="147"), IPMIdentifier(user_relative_identifier="147")):
        found = message(to_internet(ipn(subject, choice=receipt()), context, elsewhere))
        assert found.content_type.essence == "text/plain"
        assert found.header.value("References").endswith("@MHS>")


def test_the_addressee_before_a_redirection_is_shown(context: Context, elsewhere: Context) -> None:
    """5.3.5: "If there have been redirects, the original address shall be used"."""
    intended = IntendedRecipientName(intended_recipient=name(BOB.replace("bob", "eve")), redirection_time=READ_AT)
    history = (Redirection(intended_recipient_name=intended, redirection_reason=0),)
    extensions = (extension_field(StandardExtension.REDIRECTION_HISTORY, history),)
    made = to_internet(ipn(choice=receipt()), context, elsewhere, extensions=extensions)
    assert [one.address for one in made.result.envelope.recipients] == ["bob@example.org"]
    assert "eve" in message(made).header.value("To")


def test_a_notification_that_does_not_name_its_originator(context: Context, elsewhere: Context) -> None:
    """IC-110: the P1 originator stands in for it."""
    found = message(to_internet(ipn(choice=receipt(), ipn_originator=None), context, elsewhere))
    report = read_disposition_report(found)
    assert found.header.value("From") == "Ann.Lee@widget.example"
    assert report is not None
    assert report.fields.header.value("Final-Recipient") == "rfc822; Ann.Lee@widget.example"
    assert len(found.header.all("From")) == len(found.header.all("To")) == 1


def test_absence_and_a_new_address_are_told_as_text(context: Context, elsewhere: Context) -> None:
    """X.420 8.4, which no disposition of RFC 8098 expresses."""
    advice = AbsenceAdvice(advice=ia5("On leave.\r\nCall Eva."), next_available=READ_AT)
    absence = IPMSExtension(type_=oids.ID_ON_ABSENCE_ADVICE, value=advice)
    moved = IPMSExtension(
        type_=oids.ID_ON_CHANGE_OF_ADDRESS_ADVICE, value=ChangeOfAddressAdvice(new_address=descriptor(ANN.replace("Ann", "Eva")))
    )
    other = IPMSExtension(type_="1.2.3.4", value=asn1.NULL)
    notification = ipn(choice={"other_notification_type_fields": (absence, moved, other)})
    made = to_internet(notification, context, asked(elsewhere))
    found = message(made)
    assert found.content_type.essence == "text/plain"
    for words in ("is absent", "Wed, 21 Jun 1989", "On leave.", "Call Eva.", "Eva.Lee@widget.example"):
        assert words in text_of(found)
    assert found.header.value("Discarded-X400-IPMS-Extensions") == "(1)(2)(3)(4)"


# --- MDN -> IPN
# ------------------------------------------------------------------------------------------------------------------------------

SUBJECT = IPMIdentifier(user=name(ANN), user_relative_identifier="147")
MDN = (
    "From: Bob Ray <bob@example.org>\r\nTo: Ann.Lee@widget.example\r\nDate: Mon, 23 Nov 2026 12:00:00 +0100\r\n"
    "Message-ID: <mdn1@example.org>\r\nSubject: Read: 147\r\nDisposition-Notification-To: bob@example.org\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/report; report-type=disposition-notification; boundary=B\r\n\r\n"
    "--B\r\n\r\nYour message was displayed.\r\n--B\r\nContent-Type: message/disposition-notification\r\n\r\n"
    "Reporting-UA: mua.example; Mailer\r\n{more}Final-Recipient: rfc822; bob@example.org\r\n"
    'Original-Message-ID: <"147*/G=Ann/S=Lee/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/"@MHS>\r\nDisposition: {disposition}\r\n\r\n--B--\r\n'
)


def mdn(disposition: str, more: str = "") -> internet.Message:
    return internet.parse(MDN.format(disposition=disposition, more=more).encode())


def answered(context: Context, report: internet.Message, reverse_path: str = "") -> tuple[p1.Message, InformationObject]:
    smtp = SmtpEnvelope(reverse_path=reverse_path, recipients=(SmtpRecipient(address="Ann.Lee@widget.example"),))
    made = asn1.decode(asn1.encode_octets(message_to_x400(report, smtp, [1], context).result), p1.MTSAPDU).message
    assert made is not None
    return made, asn1.decode(made.content, InformationObject)


def requesting(context: Context) -> Context:
    fact = disposition_request(SUBJECT)
    return replace(context, known={fact.key: fact.value})


@pytest.mark.parametrize(
    ("disposition", "choice"),
    [
        ("manual-action/MDN-sent-manually; displayed", "receipt_fields manual"),
        ("automatic-action/MDN-sent-automatically; processed", "receipt_fields automatic"),
        ("manual-action/MDN-sent-automatically; dispatched", "auto-forwarded"),
        ("manual-action/MDN-sent-automatically; deleted", "discarded None"),
        ("automatic-action/MDN-sent-automatically; deleted/expired", "discarded 0"),
        ("automatic-action/MDN-sent-automatically; deleted/superseded", "discarded 1"),
        ("automatic-action/MDN-sent-automatically; deleted/mailbox-terminated", "discarded 2"),
    ],
)
def test_an_mdn_that_we_asked_for_is_a_notification(disposition: str, choice: str, context: Context) -> None:
    """RFC 8098 8.2; the modifiers are those of RFC 2298, which matched the discard reasons of X.420."""
    _, content = answered(requesting(context), mdn(disposition))
    assert content.ipn is not None
    assert content.ipn.subject_ipm == SUBJECT
    found, failure = content.ipn.choice.receipt_fields, content.ipn.choice.non_receipt_fields
    if found is not None:
        assert found.receipt_time == datetime(2026, 11, 23, 12, 0, tzinfo=timezone(timedelta(hours=1)))
        assert choice == f"receipt_fields {('manual', 'automatic')[found.acknowledgment_mode]}"
    else:
        assert failure is not None
        assert choice == ("auto-forwarded" if failure.non_receipt_reason == 1 else f"discarded {failure.discard_reason}")


@pytest.mark.parametrize("version", [84, 88])
@pytest.mark.parametrize("reverse_path", ["", "bob@example.org"])
def test_the_envelope_of_a_notification_asks_for_nothing(version: int, reverse_path: str, context: Context) -> None:
    """X.420 (1984) table 3 and RFC 8098 3: content type P2, no encoded information types, no reports."""
    known = replace(requesting(context), policy=PeerPolicy(x400_version=version))
    made, content = answered(known, mdn("manual-action/MDN-sent-manually; displayed"), reverse_path)
    assert content.ipn is not None
    assert made.envelope.content_type.built_in == 2
    assert made.envelope.original_encoded_information_types is None
    assert made.envelope.per_message_indicators == frozenset()
    bits = made.envelope.per_recipient_fields[0].per_recipient_indicators
    assert bits == {Bit.RESPONSIBILITY, Bit.ORIGINATING_MTA_NON_DELIVERY_REPORT}


@pytest.mark.parametrize("disposition", ["manual-action/MDN-sent-manually; denied", "a/b; failed", "x", "a/b; displayed/error", ""])
def test_a_disposition_that_x420_does_not_have_is_an_ordinary_message(disposition: str, context: Context) -> None:
    _, content = answered(requesting(context), mdn(disposition))
    assert content.ipm is not None


def test_an_mdn_that_nobody_asked_for_is_an_ordinary_message_and_asks_nothing(context: Context) -> None:
    """RFC 2156 5.1.1: one message becomes one IPM, even if it looks like a notification; RFC 8098 2.1: no MDN for an MDN."""
    _, content = answered(context, mdn("manual-action/MDN-sent-manually; displayed"), "bob@example.org")
    assert content.ipm is not None
    assert not any(one.notification_requests for one in content.ipm.heading.primary_recipients)
    _, content = answered(context, mdn("manual-action/MDN-sent-manually; displayed"))
    assert content.ipm is not None


def test_the_original_recipient_is_the_intended_one(context: Context) -> None:
    """RFC 8098 8.2; where it is the one who answers, X.420 8.1.3 has no need of it."""
    for original_recipient, expected in (("rfc822; eve@example.org", True), ("rfc822; bob@example.org", False), ("x400; nonsense", False)):
        report = mdn("manual-action/MDN-sent-manually; displayed", f"Original-Recipient: {original_recipient}\r\n")
        _, content = answered(requesting(context), report)
        assert content.ipn is not None
        assert (content.ipn.ipm_intended_recipient is not None) is expected
        assert content.ipn.ipn_originator is not None
        assert content.ipn.ipn_originator.free_form_name == b"Bob Ray"


def test_a_notification_that_crosses_twice_keeps_what_it_says(context: Context, elsewhere: Context) -> None:
    """RFC 8098 8.2: tunnelling; the X400 fields hold what a disposition does not."""
    fields = non_receipt(non_receipt_reason=0, discard_reason=1)
    crossed = message(to_internet(ipn(SUBJECT, choice=fields), context, asked(elsewhere, SUBJECT, _message_id(SUBJECT))))
    _, content = answered(requesting(context), crossed)
    assert content.ipn is not None
    assert content.ipn.choice.non_receipt_fields is not None
    assert content.ipn.choice.non_receipt_fields.discard_reason == 1


def _message_id(identifier: IPMIdentifier) -> str:
    return disposition_request(identifier).value


# --- what has to be known
# ------------------------------------------------------------------------------------------------------------------------------


def test_the_questions_of_a_notification_are_the_facts_of_its_request(context: Context) -> None:
    notification = transfer(InformationObject(ipn=ipn(choice=receipt())), context)
    asked_for = questions_of_x400(notification)
    assert notification_request(NOTTINGHAM, "<x@y>").key in asked_for
    assert NOTTINGHAM.user_relative_identifier in asked_for
    report = mdn("manual-action/MDN-sent-manually; displayed")
    assert questions_of_internet(report) == (disposition_request(SUBJECT).key,)
    assert questions_of_internet(internet.parse(b"Subject: none\r\n\r\n")) == ()


def test_a_reply_asks_for_the_message_ids_that_were_cut(context: Context) -> None:
    heading = Heading(this_ipm=SUBJECT, replied_to_ipm=NOTTINGHAM, related_ipms=(SUBJECT, NOTTINGHAM))
    letter = transfer(InformationObject(ipm=IPM(heading=heading, body=())), context)
    assert questions_of_x400(letter) == (NOTTINGHAM.user_relative_identifier,)


def test_damaged_notifications_give_a_message_or_a_reason(context: Context, elsewhere: Context) -> None:
    """A seeded walk over damaged octets, both ways: a value or a GatewayError, and never a field that nobody wrote."""
    chance = Random(8098)
    content = InformationObject(ipn=ipn(choice=non_receipt(non_receipt_reason=1, auto_forward_comment="Away", returned_ipm=original())))
    whole, report = transfer(content, context), MDN.format(disposition="a/b; deleted/expired", more="Original-Recipient: x400; /C=XX/\r\n")
    for _ in range(80):
        wire, raw = bytearray(whole.content.to_bytes()), bytearray(report.encode())
        wire[chance.randrange(len(wire))] = chance.choice((0, 10, 13, chance.randrange(256)))
        raw[chance.randrange(len(raw))] = chance.choice((0, 10, 58, 59, chance.randrange(256)))
        with suppress(GatewayError):
            broken = p1.Message(envelope=whole.envelope, content=MemoryOctets(bytes(wire)))
            questions_of_x400(broken)
            found = message(message_to_internet(broken, [1], asked(elsewhere)))
            assert not found.header.get("Bcc")
        questions_of_internet(internet.parse(bytes(raw)))
        with suppress(GatewayError):
            answered(requesting(context), internet.parse(bytes(raw)))


@pytest.mark.parametrize("choice", [receipt(), non_receipt(non_receipt_reason=0, discard_reason=0)])
def test_the_text_is_in_the_language_of_the_context_and_the_machine_part_stays(
    choice: dict[str, Any], context: Context, elsewhere: Context
) -> None:
    german = message(to_internet(ipn(choice=choice), context, replace(asked(elsewhere), language=Language.GERMAN)))
    english = message(to_internet(ipn(choice=choice), context, asked(elsewhere)))
    assert "Ihre Nachricht an:" in text_of(german) and "Your message to:" in text_of(english)
    assert german.parts[1].content().to_bytes() == english.parts[1].content().to_bytes()
