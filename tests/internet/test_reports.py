"""DSN, MDN and the envelope."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.internet.dsn import Returned, TypedValue, read_delivery_report, report_message, status_part
from gateway.internet.envelope import (
    DeliverBy,
    EnvelopeError,
    SmtpEnvelope,
    SmtpRecipient,
    decode_orcpt,
    decode_xtext,
    encode_orcpt,
    encode_xtext,
)
from gateway.internet.mdn import DispositionField, notification_message, parse_disposition_field, read_disposition_report
from gateway.internet.message import parse, serialise
from gateway.octets import MemoryOctets

# RFC 3464 appendix E.1, a little shortened.
SIMPLE_DSN = b"""Date: Thu, 7 Jul 1994 17:16:05 -0400
From: Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EDU>
Message-Id: <199407072116.RAA14128@CS.UTK.EDU>
Subject: Returned mail: Cannot send message for 5 days
To: <owner-info-mime@cs.utk.edu>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
      boundary="RAA14128.773615765/CS.UTK.EDU"

--RAA14128.773615765/CS.UTK.EDU

The original message was received at Sat, 2 Jul 1994 17:10:28 -0400

--RAA14128.773615765/CS.UTK.EDU
content-type: message/delivery-status

Reporting-MTA: dns; cs.utk.edu

Original-Recipient: rfc822;louisl@larry.slip.umd.edu
Final-Recipient: rfc822;louisl@larry.slip.umd.edu
Action: failed
Status: 4.0.0
Diagnostic-Code: smtp; 426 connection timed out
Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400

--RAA14128.773615765/CS.UTK.EDU
content-type: message/rfc822

Subject: original

[original message goes here]

--RAA14128.773615765/CS.UTK.EDU--
"""


def test_the_simple_dsn_of_rfc_3464() -> None:
    report = read_delivery_report(parse(SIMPLE_DSN))
    assert report is not None and report.explanation is not None
    assert report.status.message.typed("reporting-mta") == TypedValue(type="dns", value="cs.utk.edu")
    (recipient,) = report.status.recipients
    assert (recipient.action, recipient.status) == ("failed", "4.0.0")
    assert recipient.typed("Final-Recipient") == TypedValue(type="rfc822", value="louisl@larry.slip.umd.edu")
    assert (date := recipient.date("Last-Attempt-Date")) and date.isoformat() == "1994-07-07T17:15:49-04:00"
    assert (header := report.returned_header()) and header.value("Subject") == "original"


def test_a_dsn_without_status_fields_is_an_ordinary_message() -> None:
    assert read_delivery_report(parse(SIMPLE_DSN.replace(b"message/delivery-status", b"text/plain"))) is None
    assert read_delivery_report(parse(b"Content-Type: multipart/report; boundary=b\n\n--b\n\nx")) is None


def test_a_built_dsn_is_read_the_same_by_us_and_by_the_email_package() -> None:
    status = status_part(
        [("Reporting-MTA", "x400; mta a\r\nX: y"), ("DSN-Gateway", "dns; gw.example")],
        [[("Final-Recipient", "x400; /S=Lee/C=xx/"), ("Action", "failed"), ("Status", "5.1.1 (unknown)")]],
    )
    made = report_message(
        [("Subject", "Delivery-Report (failure)")],
        report_type="delivery-status",
        text="Grüße\nsee below",
        machine_part=status,
        returned=Returned(content=MemoryOctets(b"Subject: x\r\n\r\n"), headers_only=True),
    )
    wire = serialise(made).to_bytes()
    report = read_delivery_report(parse(wire))
    assert report is not None and report.status.recipients[0].status == "5.1.1"
    assert (header := report.returned_header()) and header.value("subject") == "x"
    other = email.message_from_bytes(wire, policy=email.policy.default)
    groups = other.get_payload()[1].get_payload()  # type: ignore[index, union-attr]
    assert [group.keys() for group in groups] == [["Reporting-MTA", "DSN-Gateway"], ["Final-Recipient", "Action", "Status"]]  # type: ignore[union-attr]
    assert other.get_payload()[0].get_content() == "Grüße\r\nsee below"  # type: ignore[index, union-attr]


def test_mdn_of_rfc_8098() -> None:
    made = notification_message(
        [("Subject", "Disposition notification")],
        text="The message was displayed.\n",
        fields=[
            ("Reporting-UA", "joes-pc.cs.example.com; Foomail 97.1"),
            ("Final-Recipient", "rfc822;Joe_Recipient@example.com"),
            ("Original-Message-ID", "<199509192301.23456@example.org>"),
            ("Disposition", "manual-action/MDN-sent-manually; displayed"),
        ],
    )
    report = read_disposition_report(parse(serialise(made)))
    assert report is not None and report.original_message_id == "<199509192301.23456@example.org>"
    assert report.disposition == DispositionField(action="manual-action", sending="mdn-sent-manually", type="displayed")
    assert report.disposition.to_text() == "manual-action/MDN-sent-manually; displayed"
    assert read_delivery_report(parse(serialise(made))) is None


def test_disposition_modifiers_of_rfc_2298() -> None:
    found = parse_disposition_field("automatic-action/MDN-sent-automatically; deleted/expired,error")
    assert found.type == "deleted" and found.modifiers == ("expired", "error")
    assert parse_disposition_field("displayed").type == "displayed"


ENVELOPE = SmtpEnvelope(
    reverse_path="ann@example.org",
    recipients=(
        SmtpRecipient(address="bob@x", notify=frozenset({"SUCCESS", "FAILURE"}), orcpt="rfc822;bob@x"),
        SmtpRecipient(address="é@y", notify=None),
    ),
    ret="HDRS", envid="a b", body="8BITMIME", smtputf8=True, mt_priority=-4,
    by=DeliverBy(seconds=120, mode="R", trace=True), hold_until=datetime(2026, 8, 1, tzinfo=UTC),
)  # fmt: skip


def test_envelope_survives_the_store() -> None:
    assert SmtpEnvelope.from_json(ENVELOPE.to_json()) == ENVELOPE


@pytest.mark.parametrize(
    "octets", [b"", b"{}", b"[]", b"null", b'{"version":2}', b"\xff", ENVELOPE.to_json().replace(b"120", b'"x"').replace(b'["x"', b"[[")]
)
def test_a_broken_stored_envelope_is_a_gateway_error(octets: bytes) -> None:
    with pytest.raises(GatewayError):
        SmtpEnvelope.from_json(octets)


def test_xtext_of_rfc_3461_and_rfc_2156() -> None:
    assert encode_xtext("X400-MTS-Identifier: [/C=xx/;a+b]") == "X400-MTS-Identifier:+20[/C+3Dxx/;a+2Bb]"
    assert decode_xtext("QQ314159+20x") == "QQ314159 x"
    assert encode_orcpt("rfc822;Bob+tag@x") == "rfc822;Bob+2Btag@x"
    assert decode_orcpt("utf-8;\\x{E9}@x") == "utf-8;é@x" and encode_orcpt("utf-8;é@x") == "utf-8;\\x{E9}@x"


@given(st.text(max_size=40).filter(lambda text: text.isprintable()))
@settings(max_examples=50)
def test_xtext_round_trip(text: str) -> None:
    assert decode_xtext(encode_xtext(text)) == text and encode_xtext(text).isascii()


@pytest.mark.parametrize("text", ["a=b", "a+2", "a+0A", "+0D+0A", "a b", "+2b"])
def test_what_is_no_xtext_or_hides_line_ends_is_refused(text: str) -> None:
    with pytest.raises(EnvelopeError):
        decode_xtext(text)
