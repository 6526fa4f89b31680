"""A DSN about something that was sent: only those to whom it went count, only news is told, and nothing that it says can do harm."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import asn1
from gateway.errors import GatewayError
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import Message, parse
from gateway.mixer.delivery_reports import dsn_about
from gateway.mixer.identifiers import mts_identifier_from_text
from gateway.mixer.policy import Context
from gateway.mixer.reports import without_returned_content
from gateway.mixer.sent import X400Recipient, X400Subject
from gateway.mixer.statements import statements
from gateway.mixer.stdor import from_text
from gateway.x400 import p1
from gateway.x400.mts import PerRecipientIndicators as Bit
from gateway.x400.oraddress import orname_from_oraddress

ENVELOPE = SmtpEnvelope(reverse_path="", recipients=(SmtpRecipient(address="Ann.Lee@widget.example"),))
BOTH = frozenset({Bit.RESPONSIBILITY, Bit.ORIGINATING_MTA_REPORT, Bit.ORIGINATOR_REPORT})
FAILURE = frozenset({Bit.RESPONSIBILITY, Bit.ORIGINATING_MTA_NON_DELIVERY_REPORT, Bit.ORIGINATOR_NON_DELIVERY_REPORT})


def recipient(place: int, address: str, **changes: object) -> X400Recipient:
    name = orname_from_oraddress(from_text(f"/S=user{place}/PRMD=NET/ADMD=TESTMAIL/C=XX/"))
    found = X400Recipient(place=place, name=name, address=address, number=place + 10, indicators=BOTH)
    return replace(found, **changes)


def about(*recipients: X400Recipient) -> X400Subject:
    return X400Subject(
        identifier=mts_identifier_from_text("[/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/;m1]"),
        destination=orname_from_oraddress(from_text("/S=Lee/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/")),
        recipients=recipients or (recipient(1, "bob@example.org"),),
        content_identifier="An offer",
        correlator="Subject: An offer",
    )


def dsn(*groups: str) -> Message:
    status = "\r\n".join(["Reporting-MTA: dns; m\r\n", *groups])
    return parse(
        (
            "From: MAILER-DAEMON@m.example\r\nMessage-ID: <d@m.example>\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\nSorry\r\n'
            f"--b\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n--b--\r\n"
        ).encode("utf-8", "replace")
    )


def group(final: str, action: str = "failed", original: str = "") -> str:
    first = f"Original-Recipient: {original}\r\n" if original else ""
    return f"{first}Final-Recipient: {final}\r\nAction: {action}\r\nStatus: 5.1.1\r\n"


def kinds(message: Message, subject: X400Subject, context: Context) -> list[str]:
    return [one.result.chosen for one in dsn_about(message, ENVELOPE, context, subject)]


@pytest.mark.parametrize(
    ("final", "original"),
    [
        ("rfc822; bob@example.org", ""), ("RFC822;BOB@Example.ORG", ""), ("rfc822; <bob@example.org>", ""),
        ("x400; /C=XX/ADMD=TESTMAIL/PRMD=NET/S=user1/", ""), ("rfc822; root@inside.example", "rfc822; bob@example.org"),
        ("rfc822; root@inside.example", "x400;/S=user1/PRMD=NET/ADMD=TESTMAIL/C=XX/"), ("bob@example.org", ""),
    ],
)  # fmt: skip
def test_a_recipient_is_known_by_each_of_its_names(final: str, original: str) -> None:
    found = statements(dsn(group(final, original=original)), about(recipient(1, "bob@example.org", orcpt="x400;/S=other/C=XX/")))
    assert found is not None
    assert [one.recipient.place for one in found.known] == [1]


def test_identifier_number_requests_and_correlators_come_from_the_ledger(context: Context) -> None:
    (made,) = dsn_about(dsn(group("rfc822; bob@example.org")), ENVELOPE, context, about())
    report = asn1.decode(asn1.encode(made.result), p1.MTSAPDU).report
    assert report.content.subject_identifier.local_identifier == "m1"
    assert report.content.content_identifier == "An offer"
    (fields,) = report.content.per_recipient_fields
    assert fields.originally_specified_recipient_number == 11
    # RFC 2156 5.1.8.3 for bit 2, X.411 for what the originator asked.
    assert fields.per_recipient_indicators == {Bit.ORIGINATING_MTA_NON_DELIVERY_REPORT, Bit.ORIGINATOR_REPORT}


@pytest.mark.parametrize(
    ("action", "indicators", "ended", "expected"),
    [
        ("failed", BOTH, frozenset(), ["report"]), ("failed", FAILURE, frozenset(), ["report"]),
        ("failed", frozenset({0}), frozenset(), []), ("failed", BOTH, frozenset({"failed"}), []),
        ("failed", BOTH, frozenset({"delivered"}), ["report"]), ("delivered", BOTH, frozenset(), ["report"]),
        ("delivered", FAILURE, frozenset(), []), ("delayed", BOTH, frozenset(), ["message"]),
        ("relayed", BOTH, frozenset(), ["message"]), ("expanded", BOTH, frozenset(), ["message"]), ("odd", BOTH, frozenset(), ["message"]),
    ],
)  # fmt: skip
def test_only_news_that_somebody_asked_for(
    context: Context, action: str, indicators: frozenset[int], ended: frozenset[str], expected: list[str]
) -> None:
    subject = about(recipient(1, "bob@example.org", indicators=indicators, ended=ended))
    assert kinds(dsn(group("rfc822; bob@example.org", action)), subject, context) == expected


def test_somebody_to_whom_nothing_was_sent_is_told_of_in_a_message(context: Context) -> None:
    assert kinds(dsn(group("rfc822; eve@example.org")), about(), context) == ["message"]
    both = dsn(group("rfc822; bob@example.org"), group("rfc822; eve@example.org"))
    assert kinds(both, about(), context) == ["report", "message"]


def test_one_recipient_is_in_a_report_once(context: Context) -> None:
    (made,) = dsn_about(dsn(*[group("rfc822; bob@example.org")] * 3), ENVELOPE, context, about())
    assert len(made.result.report.content.per_recipient_fields) == 1


def test_IC_107_a_report_without_its_content_is_the_same_report(context: Context) -> None:
    (made,) = dsn_about(dsn(group("rfc822; bob@example.org")), ENVELOPE, context, about())
    assert made.result.report.content.returned_content is not None
    short = without_returned_content(made.result).report
    assert short.content.returned_content is None
    assert short.content.per_recipient_fields == made.result.report.content.per_recipient_fields


def test_ten_thousand_groups_about_a_thousand_recipients_take_no_minute(context: Context) -> None:
    subject = about(*(recipient(1, f"user{number}@example.org") for number in range(1, 1001)))
    message = dsn(*(group("x400; /S=nobody/C=XX/") for _ in range(9000)))
    began = time.process_time()
    found = statements(message, subject)
    assert found is not None and not found.known
    assert time.process_time() - began < 20


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=60), max_size=4), st.text(max_size=12))
def test_whatever_a_dsn_says_gives_an_answer_or_a_refusal(values: list[str], action: str) -> None:
    from tests.interop.test_reports import gateway_context

    word = action.replace("\r", "").replace("\n", "")
    groups = [f"Original-Recipient: {value}\r\n{group('rfc822; bob@example.org', word)}X400-Odd: {value}\r\n" for value in values]
    try:
        for one in dsn_about(dsn(*groups), ENVELOPE, gateway_context(), about()):
            asn1.encode(one.result)
    except GatewayError:
        return


def test_each_member_of_a_list_is_told_of_and_nobody_twice(context: Context) -> None:
    """Members have the number of the list; a report about the recipient himself is not repeated."""
    from gateway.mixer.report_to_dsn import wanted
    from gateway.mixer.sent import InternetSubject
    from tests.interop.test_reports import BOB, BOB_OR, report

    bob, member = (orname_from_oraddress(from_text(text)) for text in (BOB_OR, "/S=member/PRMD=PARTNER/ADMD=TESTMAIL/C=XX/"))
    known = InternetSubject(
        reverse_path="Ann.Lee@widget.example", recipients={1: SmtpRecipient(address=BOB)}, names={1: bob}, told=frozenset({(1, "failed")})
    )
    first = report()
    assert wanted(first, known) is None
    (fields,) = first.content.per_recipient_fields
    assert wanted(report(per_recipient_fields=(replace(fields, actual_recipient_name=member),)), known) is not None
    assert wanted(report(per_recipient_fields=(replace(fields, originally_specified_recipient_number=7),)), known) is None
