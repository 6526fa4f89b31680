"""DSN -> Report (RFC 2156 5.1.8), probes (5.3.9), and reports that another system will make (Appendix A 3.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway import asn1
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import Message, parse
from gateway.mixer.convert import message_to_x400
from gateway.mixer.delivery_reports import dsn_to_x400
from gateway.mixer.identifiers import mts_identifier_from_text
from gateway.mixer.policy import Context, PeerPolicy
from gateway.mixer.probes import probe_outcomes
from gateway.mixer.report_to_dsn import report_to_internet
from gateway.mixer.reports import report_for_x400
from gateway.mixer.results import ReportedOutcome
from gateway.mixer.stdor import from_text, to_text
from gateway.x400 import oids, p1
from gateway.x400.extensions import ExtensionField
from gateway.x400.ipm import InformationObject
from gateway.x400.mts import ContentType
from gateway.x400.oraddress import oraddress_from_orname, orname_from_oraddress

ENVELOPE = SmtpEnvelope(reverse_path="", recipients=(SmtpRecipient(address="Ann.Lee@widget.example"),))
BOB = "Final-Recipient: rfc822;bob@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"


def dsn(*groups: str, about: str = "Reporting-MTA: dns; mail.example.org\r\n", header: str = "") -> Message:
    status = "\r\n".join([about, *groups])
    text = (
        f"From: MAILER-DAEMON@mail.example.org\r\nTo: Ann.Lee@widget.example\r\n{header}MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\nSorry\r\n'
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n--b--\r\n"
    )
    return parse(text.encode())


def report(message: Message, context: Context, **policy: Any) -> p1.Report:
    made = dsn_to_x400(message, ENVELOPE, replace(context, policy=PeerPolicy(**policy)))
    assert len(made) == 1
    found = asn1.decode(asn1.encode(made[0].result), p1.MTSAPDU).report
    assert found is not None
    return found


def codes(one: p1.PerRecipientReportTransferFields) -> tuple[int, int | None]:
    failure = one.last_trace_information.report_type.non_delivery
    assert failure is not None
    return failure.non_delivery_reason_code, failure.non_delivery_diagnostic_code


def test_the_status_part_is_text_in_the_returned_content(context: Context) -> None:
    """5.1.8.3: the DSN as an IPM, its status fields as IA5 text."""
    content = report(dsn(BOB), context).content
    assert content.returned_content is not None
    ipm = asn1.decode(content.returned_content, InformationObject).ipm
    assert ipm is not None
    assert [part.chosen for part in ipm.body] == ["ia5_text", "ia5_text"]
    assert ipm.body[1].ia5_text is not None
    assert b"Status: 5.1.1" in ipm.body[1].ia5_text.data.to_bytes()


def test_a_delayed_recipient_is_told_in_a_message_beside_the_report(context: Context) -> None:
    """5.1.8.3: both a Report and an IPM where recipients differ."""
    late = "Final-Recipient: rfc822;late@example.org\r\nAction: delayed\r\nStatus: 4.4.1\r\n"
    made = dsn_to_x400(dsn(late, BOB), ENVELOPE, context)
    assert [one.result.chosen for one in made] == ["report", "message"]
    assert made[0].result.report is not None
    assert len(made[0].result.report.content.per_recipient_fields) == 1
    assert [one.result.chosen for one in dsn_to_x400(dsn(late), ENVELOPE, context)] == ["message"]


@pytest.mark.parametrize("envid", ["X400-MTS-Identifier: [/PRMD=P/ADMD=A/C=XX/;m1]", "[/PRMD=P/ADMD=A/C=XX/;m1]"])
def test_the_subject_identifier_is_read_with_its_prefix_and_without(context: Context, envid: str) -> None:
    """5.1.8.3 reads it with the prefix, 5.3.8.1 writes it without."""
    content = report(dsn(BOB, about=f"Original-Envelope-Id: {envid}\r\nReporting-MTA: dns; m\r\n"), context).content
    assert content.subject_identifier.local_identifier == "m1"


def test_a_code_of_x400_counts_more_than_the_status(context: Context) -> None:
    """RFC 3464 Appendix B."""
    code = "Diagnostic-Code: x400; Reason 2 (Conversion-Not-Performed); Diagnostic 19 (x)\r\n"
    assert codes(report(dsn(BOB + code), context).content.per_recipient_fields[0]) == (2, 19)


def test_a_recipient_that_x400_cannot_name_is_told_in_a_message(context: Context) -> None:
    odd = "Final-Recipient: fax; +49 1\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    assert [one.result.chosen for one in dsn_to_x400(dsn(odd), ENVELOPE, context)] == ["message"]


def test_an_x400_recipient_is_read_as_such(context: Context) -> None:
    named = BOB.replace("rfc822;bob@example.org", "x400; /S=Lee/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/")
    one = report(dsn(named), context).content.per_recipient_fields[0]
    assert to_text(oraddress_from_orname(one.actual_recipient_name)) == "/S=Lee/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/"


def test_private_extensions_go_to_partners_of_iso_only(context: Context) -> None:
    """5.1.8.2."""

    def lists(found: p1.Report) -> set[str | None]:
        fields: list[ExtensionField] = [*found.content.extensions, *found.content.per_recipient_fields[0].extensions]
        return {one.type_.private_extension for one in fields}

    assert lists(report(dsn(BOB), context)) == set()
    assert lists(report(dsn(BOB), context, report_extensions=True)) == {oids.ID_DSN_HEADER_LIST, oids.ID_DSN_FIELD_LIST}
    assert lists(report(dsn(BOB), context, report_extensions=True, x400_version=84)) == set()


def test_to_1984_go_only_codes_of_1984(context: Context) -> None:
    moved = BOB.replace("5.1.1", "5.7.1")
    assert codes(report(dsn(moved), context).content.per_recipient_fields[0]) == (1, 29)
    assert codes(report(dsn(moved), context, x400_version=84).content.per_recipient_fields[0]) == (1, None)


def test_what_is_no_dsn_stays_a_message(context: Context) -> None:
    plain = parse(b"From: a@b.example\r\nTo: Ann.Lee@widget.example\r\n\r\nSorry\r\n")
    assert [one.result.chosen for one in dsn_to_x400(plain, ENVELOPE, context)] == ["message"]


def test_a_report_that_became_a_dsn_becomes_the_report_again(context: Context, elsewhere: Context) -> None:
    first = report(dsn(BOB, about="Original-Envelope-Id: [/PRMD=P/ADMD=A/C=XX/;m1]\r\nReporting-MTA: dns; m\r\n"), context)
    made = report_to_internet(first, elsewhere).result
    back = report(parse(made.message), context)
    assert back.content.subject_identifier == first.content.subject_identifier
    assert codes(back.content.per_recipient_fields[0]) == codes(first.content.per_recipient_fields[0])


# --- probes and reports of others ---------------------------------------------------------------------------------------------------------


def subject(context: Context, notify: str) -> p1.Message:
    recipient = SmtpRecipient(address="Bob.Ray@widget.example", notify=frozenset({notify}))
    envelope = SmtpEnvelope(reverse_path="Ann.Lee@widget.example", recipients=(recipient,))
    made = message_to_x400(parse(b"From: Ann.Lee@widget.example\r\n\r\nx\r\n"), envelope, (1,), context).result.message
    assert made is not None
    return made


def test_no_report_of_success_where_the_next_system_will_make_it(context: Context) -> None:
    """Appendix A 3.2: the gateway shall not generate one where NOTIFY was handed on."""
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    message = subject(context, "SUCCESS")
    assert report_for_x400(message, {1: ReportedOutcome(delivered_at=at)}, context) is not None
    assert report_for_x400(message, {1: ReportedOutcome(delivered_at=at, notify_passed=True)}, context) is None


def probe(content_type: int, address: str) -> p1.Probe:
    recipient = p1.PerRecipientProbeTransferFields(
        recipient_name=orname_from_oraddress(from_text(address)), originally_specified_recipient_number=1,
        per_recipient_indicators=frozenset({0, 1, 3}),
    )  # fmt: skip
    return p1.ProbeTransferEnvelope(
        probe_identifier=mts_identifier_from_text("[/PRMD=P/ADMD=A/C=XX/;p1]"),
        originator_name=orname_from_oraddress(from_text("/S=o/PRMD=P/ADMD=A/C=XX/")),
        content_type=ContentType(built_in=content_type),
        trace_information=(),
        per_recipient_fields=(recipient,),
    )


@pytest.mark.parametrize(("content_type", "address", "diagnostic"), [
    (22, "/S=Lee/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/", None),
    (35, "/S=Lee/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/", 15),
    (22, "/DD.RFC-822=nonsense/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/", 0),
])  # fmt: skip
def test_a_probe_ends_as_a_message_would(context: Context, content_type: int, address: str, diagnostic: int | None) -> None:
    """5.3.9."""
    outcome = probe_outcomes(probe(content_type, address), context)[1]
    assert (outcome.failure.diagnostic if outcome.failure is not None else None) == diagnostic
