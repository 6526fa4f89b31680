"""Reports and notifications that real systems sent (PP 6.0, EAN of 1985) become DSNs and MDNs that a strict reader takes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway import asn1
from gateway.mixer.convert import message_to_internet
from gateway.mixer.correlation import notification_key
from gateway.mixer.identifiers import new_mts_identifier
from gateway.mixer.policy import Context
from gateway.mixer.report_to_dsn import report_to_internet
from gateway.mixer.stdor import from_text
from gateway.octets import octets
from gateway.x400 import p1
from gateway.x400.ipm import InformationObject
from gateway.x400.mts import ContentType
from gateway.x400.mts_trace import DomainSuppliedInformation, RoutingAction, TraceInformationElement
from gateway.x400.oraddress import orname_from_oraddress
from tests import captures
from tests.shared import require_shared
from tests.strict_reports import strict_dsn, strict_mdn

_DELIVERED, _FAILED = ("delivered", "2.0.0"), ("failed", "5.1.1")
REPORTS = {
    "p1-84-ndr": [_FAILED],
    "p1-88-dr": [_DELIVERED],
    "p1-88-gateway-gets-reports": [_FAILED, _FAILED, _DELIVERED, _DELIVERED],
    "p1-88-multircpt": [_FAILED, _DELIVERED],
}
"""What the README of the captures says of them, in order."""


def apdus(name: str) -> list[p1.MTSAPDU]:
    path = require_shared() / "captures" / f"{name}.pcap"
    return [asn1.decode(one.octets, p1.MTSAPDU) for one in captures.mts_apdus(path)]


@pytest.mark.parametrize("name", REPORTS)
def test_a_captured_report_becomes_a_legal_dsn(name: str, context: Context) -> None:
    ends = []
    for apdu in apdus(name):
        if apdu.report is None:
            continue
        conversion = report_to_internet(apdu.report, context)
        assert conversion.result.envelope.reverse_path == ""
        about, recipients = strict_dsn(conversion.result.message.to_bytes())
        assert about["Reporting-MTA"].startswith("x400; ") and about["DSN-Gateway"] == "dns; gw.example"
        for group, said in zip(recipients, apdu.report.content.per_recipient_fields, strict=True):
            assert group["Final-Recipient"].startswith("x400; /")
            assert said.supplementary_information in group["X400-Supplementary-Info"]
            ends.append((group["Action"], group["Status"]))
    assert ends == REPORTS[name]


def test_a_captured_non_receipt_becomes_a_legal_mdn(context: Context) -> None:
    (apdu,) = apdus("p1-88-nrn")
    assert apdu.message is not None
    fields = strict_mdn(notification(apdu.message, context))
    assert fields["Disposition"].partition("; ")[2] in ("deleted", "dispatched")
    assert fields["MDN-Gateway"] == "dns; gw.example"


def notification(message: p1.Message, context: Context) -> bytes:
    """The Internet form of a notification whose request we know."""
    ipn = asn1.decode(message.content, InformationObject, trailing=True).ipn
    assert ipn is not None
    known = {notification_key(ipn.subject_ipm): "<asked@widget.example>"}
    return message_to_internet(message, (1,), replace(context, known=known)).result.message.to_bytes()


def ean(number: int, context: Context) -> p1.Message:
    """A message of 1985 in an envelope: only its content has survived."""
    content = (require_shared() / f"captures/ean/p2/ipm{number}.ber").read_bytes()
    end = captures.tlv(content).next
    domain = new_mts_identifier(context, "x").global_domain_identifier
    trace = TraceInformationElement(
        global_domain_identifier=domain,
        domain_supplied_information=DomainSuppliedInformation(
            arrival_time=datetime(1985, 11, 14, 23, 14, tzinfo=UTC), routing_action=RoutingAction.RELAYED
        ),
    )  # fmt: skip
    recipient = p1.PerRecipientMessageTransferFields(
        recipient_name=orname_from_oraddress(from_text("/S=Lee/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/")),
        originally_specified_recipient_number=1, per_recipient_indicators=frozenset({0, 1}),
    )  # fmt: skip
    envelope = p1.MessageTransferEnvelope(
        message_identifier=new_mts_identifier(context, f"ean{number}"),
        originator_name=orname_from_oraddress(from_text("/S=Neufeld/O=UBC/PRMD=CDN/ADMD=EAN/C=CA/")),
        content_type=ContentType(built_in=2), trace_information=(trace,), per_recipient_fields=(recipient,),
    )  # fmt: skip
    return p1.Message(envelope=envelope, content=octets(content[:end]))


@pytest.mark.parametrize("number", [4, 6])
def test_EAN_notifications_of_1985_become_legal_mdns(number: int, elsewhere: Context) -> None:
    message = ean(number, elsewhere)
    fields = strict_mdn(notification(message, elsewhere))
    ipn = asn1.decode(message.content, InformationObject).ipn
    received = ipn.choice.receipt_fields is not None
    assert fields["Disposition"].endswith("displayed" if received else ("deleted", "dispatched"))
    assert fields["Original-Message-ID"] == "<asked@widget.example>"
    if received:
        assert re.search(r"\b1985\b", fields["X400-Receipt-Time"])
