"""Messages that cross the mixer both ways, for the cases about headings and trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gateway import asn1
from gateway.internet import message as internet
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.mixer import mcgam
from gateway.mixer.convert import message_to_internet, message_to_x400
from gateway.mixer.identifiers import global_domain_from_text
from gateway.mixer.policy import Context, GlobalDomain, PeerPolicy, Settings
from gateway.mixer.results import Conversion, InternetResult
from gateway.mixer.stdor import from_text
from gateway.octets import octets
from gateway.x400 import p1
from gateway.x400.bodyparts import BodyPart, IA5TextBodyPart, IA5TextParameters
from gateway.x400.ipm import IPM, Heading, InformationObject, IPMIdentifier, ORDescriptor, RecipientSpecifier
from gateway.x400.mts import ContentType, MTSIdentifier, PerRecipientIndicators
from gateway.x400.mts_trace import DomainSuppliedInformation, TraceInformationElement
from gateway.x400.oraddress import ORAddress, orname_from_oraddress

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
_TABLES = mcgam.load(
    {
        "domain-to-oraddress": [("map2", "widget.example#PRMD$WIDGET.ADMD$TESTMAIL.C$XX#\n")],
        "oraddress-to-domain": [("map1", "PRMD$WIDGET.ADMD$TESTMAIL.C$XX#widget.example#\n")],
    }
)
SETTINGS = Settings(
    gateway_domain="gw.example",
    gateway_oraddress=ORAddress(country="XX", admd="TESTMAIL", prmd="GATEWAY"),
    global_domain=GlobalDomain(country="XX", admd="TESTMAIL", prmd="GATEWAY"),
    mta_name="gw.example",
    tables=_TABLES,
)
CONTEXT = Context(settings=SETTINGS, now=NOW, plan_seed="5eed", queue_id="Q1")
ELSEWHERE = replace(CONTEXT, settings=replace(SETTINGS, mta_name="other", global_domain=GlobalDomain(country="YY", admd="OTHER")))
"""Another gateway with the same tables."""

JANE, JOHN = "Jane.Doe@widget.example", "John.Roe@widget.example"
ANN = "/G=Ann/S=Lee/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/"
BOB = "/RFC-822=bob(a)example.org/PRMD=GATEWAY/ADMD=TESTMAIL/C=XX/"
CAROL = "/RFC-822=carol(a)example.org/PRMD=GATEWAY/ADMD=TESTMAIL/C=XX/"


def peer(**changes: Any) -> Context:
    """The context of a conversion for a peer whose policy has these changes."""
    return replace(CONTEXT, policy=replace(PeerPolicy(), **changes))


def to_x400(
    header: str, *, context: Context = CONTEXT, to: tuple[str, ...] = (JANE,), numbers: tuple[int, ...] = (1,), **envelope: Any
) -> Conversion[p1.MTSAPDU]:
    """Convert a message with these header lines; From, Date and Message-ID are added where they are not among them."""
    given = {line.partition(":")[0].lower() for line in header.splitlines()}
    standing = {"From": "a@example.org", "Date": "Mon, 23 Nov 2026 10:59:00 +0100", "Message-ID": "<1@example.org>"}
    lines = [f"{name}: {body}" for name, body in standing.items() if name.lower() not in given] + header.splitlines()
    smtp = SmtpEnvelope(**{"reverse_path": "a@example.org", "recipients": tuple(SmtpRecipient(address=one) for one in to)} | envelope)
    return message_to_x400(internet.parse("\r\n".join([*lines, "", "Text", ""]).encode()), smtp, numbers, context)


def p1_of(conversion: Conversion[p1.MTSAPDU]) -> p1.Message:
    """The message, encoded and decoded again: what a peer reads."""
    found = asn1.decode(asn1.encode_octets(conversion.result), p1.MTSAPDU).message
    assert found is not None
    return found


def heading_of(conversion: Conversion[p1.MTSAPDU]) -> Heading:
    """The heading of the IPM in it."""
    found = asn1.decode(p1_of(conversion).content, InformationObject).ipm
    assert found is not None
    return found.heading


def descriptor(address: str) -> ORDescriptor:
    return ORDescriptor(formal_name=orname_from_oraddress(from_text(address)))


def ipm(**heading: Any) -> IPM:
    """An IPM from Ann with one line of text."""
    standing = {"this_ipm": IPMIdentifier(user_relative_identifier="1"), "originator": descriptor(ANN)}
    text = IA5TextBodyPart(parameters=IA5TextParameters(), data=octets(b"Text\r\n"))
    return IPM(heading=Heading(**standing | heading), body=(BodyPart(ia5_text=text),))


def recipients(*addresses: str) -> tuple[RecipientSpecifier, ...]:
    return tuple(RecipientSpecifier(recipient=descriptor(one)) for one in addresses)


def element(domain: str, **supplied: Any) -> TraceInformationElement:
    """An element of external trace."""
    information = DomainSuppliedInformation(**{"arrival_time": NOW, "routing_action": 0} | supplied)
    return TraceInformationElement(global_domain_identifier=global_domain_from_text(domain), domain_supplied_information=information)


def p1_message(content: IPM, *to: str, responsible: tuple[int, ...] | None = None, **changes: Any) -> p1.Message:
    """A P1 message from Ann; ``responsible`` are the places whose bit is set, all by default."""
    fields = tuple(
        p1.PerRecipientMessageTransferFields(
            recipient_name=orname_from_oraddress(from_text(one)),
            originally_specified_recipient_number=place,
            per_recipient_indicators=frozenset(
                {PerRecipientIndicators.ORIGINATING_MTA_NON_DELIVERY_REPORT, PerRecipientIndicators.ORIGINATOR_NON_DELIVERY_REPORT}
                | ({PerRecipientIndicators.RESPONSIBILITY} if responsible is None or place in responsible else set())
            ),
        )
        for place, one in enumerate(to or (BOB,), 1)
    )
    domain = global_domain_from_text("/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/")
    standing = {
        "message_identifier": MTSIdentifier(global_domain_identifier=domain, local_identifier="m1"),
        "originator_name": orname_from_oraddress(from_text(ANN)),
        "content_type": ContentType(built_in=22),
        "trace_information": (element("/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/"),),
        "per_recipient_fields": fields,
    }
    content_octets = asn1.encode_octets(InformationObject(ipm=content), strict=False)
    return p1.Message(envelope=p1.MessageTransferEnvelope(**standing | changes), content=content_octets)


def to_internet(message: p1.Message, *places: int, context: Context = CONTEXT) -> Conversion[InternetResult]:
    return message_to_internet(message, places or range(1, len(message.envelope.per_recipient_fields) + 1), context)


def header_of(conversion: Conversion[InternetResult]) -> internet.Header:
    return internet.parse_header(conversion.result.message)


def noted(conversion: Conversion[Any], rule: str) -> list[str]:
    """What the notes of one rule say."""
    return [note.text for note in conversion.notes if note.rule.lower() == rule.lower()]
