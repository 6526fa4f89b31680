"""Reports: who is told what, and in which form (RFC 2156 5.3.8, RFC 3464)."""

from __future__ import annotations

import pytest

from gateway import asn1
from gateway.errors import Failure
from gateway.internet import dsn
from gateway.internet import message as internet
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.mixer.convert import (
    Context,
    ReportedOutcome,
    dsn_for_internet,
    message_to_x400,
    report_for_x400,
    report_to_internet,
)
from gateway.octets import MemoryOctets
from gateway.x400 import p1

RAW = b"From: a@example.org\r\nTo: Jane.Doe@widget.example\r\nSubject: A useful message\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n"
FAILED = ReportedOutcome(failure=Failure(reason=1, diagnostic=0, status="5.1.1", text="No such user"))


def smtp(notify: str | None = None, **changes: object) -> SmtpEnvelope:
    wanted = frozenset(notify.split(",")) if notify else None
    recipients = (SmtpRecipient(address="Jane.Doe@widget.example", notify=wanted),)
    return SmtpEnvelope(**{"reverse_path": "a@example.org", "recipients": recipients, **changes})  # type: ignore[arg-type]


def x400(context: Context, notify: str | None = None, **changes: object) -> p1.Message:
    found = message_to_x400(internet.parse(RAW), smtp(notify, **changes), [1], context).result.message
    assert found is not None
    return found


def report(context: Context, subject: p1.Message, outcome: ReportedOutcome) -> p1.Report:
    made = report_for_x400(subject, {1: outcome}, context)
    assert made is not None
    decoded = asn1.decode(asn1.encode_octets(made.result), p1.MTSAPDU)
    assert decoded.report is not None
    return decoded.report


def delivered(context: Context, **changes: object) -> ReportedOutcome:
    return ReportedOutcome(**{"delivered_at": context.now, **changes})  # type: ignore[arg-type]


def test_a_failure_names_subject_recipient_and_gateway(context: Context) -> None:
    subject = x400(context)
    made = report(context, subject, FAILED)
    assert made.content.subject_identifier == subject.envelope.message_identifier
    assert made.envelope.report_destination_name == subject.envelope.originator_name
    one = made.content.per_recipient_fields[0]
    assert one.last_trace_information.report_type.non_delivery is not None
    assert one.originally_specified_recipient_number == 1
    assert "gw.example" in (one.supplementary_information or "")
    assert made.content.returned_content == subject.content


@pytest.mark.parametrize(("notify", "success", "failure"), [(None, False, True), ("SUCCESS", True, True), ("NEVER", False, True)])
def test_nobody_is_told_what_nobody_asked_for(notify: str | None, success: bool, failure: bool, context: Context) -> None:
    subject = x400(context, notify)
    assert (report_for_x400(subject, {1: delivered(context)}, context) is not None) == success
    # X.411 obliges the originating MTA to ask for non-delivery reports at least; it is the one that honours NEVER.
    assert (report_for_x400(subject, {1: FAILED}, context) is not None) == failure


def test_there_is_no_report_about_a_report(context: Context) -> None:
    assert report_for_x400(report(context, x400(context), FAILED), {1: FAILED}, context) is None


def test_a_positive_report_returns_no_content_and_says_when_it_only_relayed(context: Context) -> None:
    made = report(context, x400(context, "SUCCESS"), delivered(context, relayed=True))
    assert made.content.returned_content is None
    assert "not confirmed" in (made.content.per_recipient_fields[0].supplementary_information or "")


def test_a_probe_is_answered_by_the_gateway(context: Context) -> None:
    message = x400(context, "SUCCESS").envelope
    recipient = message.per_recipient_fields[0]
    probe = p1.Probe(
        probe_identifier=message.message_identifier, originator_name=message.originator_name, content_type=message.content_type,
        trace_information=message.trace_information,
        per_recipient_fields=(p1.PerRecipientProbeTransferFields(
            recipient_name=recipient.recipient_name, originally_specified_recipient_number=1,
            per_recipient_indicators=recipient.per_recipient_indicators,
        ),),
    )  # fmt: skip
    made = report_for_x400(probe, {1: delivered(context)}, context)
    assert made is not None
    assert made.result.report is not None
    assert "serviced" in (made.result.report.content.per_recipient_fields[0].supplementary_information or "")


def test_a_report_becomes_a_dsn_with_the_null_sender(context: Context) -> None:
    result = report_to_internet(report(context, x400(context, envid="QQ1"), FAILED), context).result
    assert (result.envelope.reverse_path, [one.address for one in result.envelope.recipients]) == ("", ["a@example.org"])
    message = internet.parse(result.message)
    assert message.header.value("Subject") == "Delivery-Report (failure) for Jane.Doe@widget.example"
    found = dsn.read_delivery_report(message)
    assert found is not None
    assert found.status.message.header.value("Original-Envelope-Id") == "QQ1"
    one = found.status.recipients[0]
    assert (one.action, one.status) == ("failed", "5.1.1")
    assert one.header.value("Final-Recipient") == "x400; /G=Jane/S=Doe/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/"
    assert one.header.value("Diagnostic-Code") == "x400; Reason 1 (Unable-To-Transfer); Diagnostic 0 (Unrecognised-OR-Name)"
    assert found.returned is not None
    assert found.returned.message is not None
    assert found.returned.message.header.value("Message-ID") == "<1@example.org>"


def test_a_positive_report_returns_headers_only(context: Context) -> None:
    message = internet.parse(report_to_internet(report(context, x400(context, "SUCCESS"), delivered(context)), context).result.message)
    found = dsn.read_delivery_report(message)
    assert found is not None
    assert (found.status.recipients[0].action, found.returned) == ("delivered", None)


@pytest.mark.parametrize(
    ("notify", "success", "failure"), [(None, False, True), ("SUCCESS", True, False), ("FAILURE", False, True), ("NEVER", False, False)]
)
def test_a_dsn_is_made_for_what_notify_names(notify: str | None, success: bool, failure: bool, context: Context) -> None:
    original = internet.parse(RAW)
    assert (dsn_for_internet(smtp(notify), original, {1: delivered(context)}, context) is not None) == success
    assert (dsn_for_internet(smtp(notify), original, {1: FAILED}, context) is not None) == failure


def test_the_null_reverse_path_gets_no_dsn(context: Context) -> None:
    assert dsn_for_internet(smtp("FAILURE", reverse_path=""), internet.parse(RAW), {1: FAILED}, context) is None


@pytest.mark.parametrize(("ret", "kind"), [("FULL", "message/rfc822"), ("HDRS", "text/rfc822-headers")])
def test_ret_decides_what_goes_back(ret: str, kind: str, context: Context) -> None:
    made = dsn_for_internet(smtp(ret=ret), internet.parse(RAW), {1: FAILED}, context)
    assert made is not None
    message = internet.parse(made.result.message)
    assert [part.content_type.essence for part in message.parts] == ["text/plain", "message/delivery-status", kind]
    assert made.result.envelope.reverse_path == ""


def test_a_hostile_report_creates_no_header(context: Context) -> None:
    made = report(context, x400(context), FAILED)
    fields = {one.attribute: getattr(made.content, one.attribute) for one in asn1.describe(p1.ReportTransferContent).members}
    bad = p1.ReportTransferContent(**{**fields, "content_identifier": "x\r\nBcc: a@b"})
    message = internet.parse(report_to_internet(p1.Report(envelope=made.envelope, content=bad), context).result.message)
    assert message.header.get("Bcc") is None
    found = dsn.read_delivery_report(message)
    assert found is not None
    assert found.status.message.header.get("Bcc") is None


@pytest.mark.parametrize("utf8", [True, False])
def test_a_dsn_about_smtputf8_mail_is_international(utf8: bool, context: Context) -> None:
    """RFC 6533 4: addresses, status and what is returned in their UTF-8 forms, and only where something needs it."""
    address, subject = ("j\u00f6rg@widget.example", "Gr\u00fc\u00dfe") if utf8 else ("joerg@widget.example", "x")
    envelope = smtp(recipients=(SmtpRecipient(address=address),), smtputf8=utf8)
    original = internet.parse(MemoryOctets(f"From: a@example.org\r\nSubject: {subject}\r\n\r\nhi\r\n".encode()))
    made = dsn_for_internet(envelope, original, {1: FAILED}, context)
    assert made is not None and made.result.envelope.smtputf8 == utf8
    _, status, returned = internet.parse(made.result.message).parts
    kinds = ("message/global-delivery-status", "message/global") if utf8 else ("message/delivery-status", "message/rfc822")
    assert (status.content_type.essence, returned.content_type.essence) == kinds
    line = f"Final-Recipient: {'utf-8' if utf8 else 'rfc822'}; {address}\r\n"
    assert line.encode() in status.content().to_bytes()
