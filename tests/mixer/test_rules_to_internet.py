"""X.400 -> RFC 822, rule by rule: each test id is the rule of the message checklist (C, I, X, E, T, S, Z) that it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway import asn1
from gateway.errors import ConversionError
from gateway.internet.message import Header
from gateway.mixer.policy import PeerPolicy
from gateway.mixer.stdor import from_text
from gateway.mixer.trace import external_trace, hop_from_text
from gateway.octets import octets
from gateway.x400 import oids, p1
from gateway.x400.bodyparts import BodyPart, IA5TextBodyPart, IA5TextParameters
from gateway.x400.extensions import Criticality, ExtensionField, ExtensionType, StandardExtension, extension_field
from gateway.x400.ipm import IPMIdentifier, IPMSExtension
from gateway.x400.mts import ContentType, EncodedInformationTypes
from gateway.x400.oraddress import orname_from_oraddress
from tests.interop.mixing import ANN, BOB, CAROL, CONTEXT, descriptor, header_of, ipm, noted, p1_message, recipients, to_internet

S = StandardExtension


def critical(number: int | str, value: Any = asn1.NULL) -> ExtensionField:
    type_ = ExtensionType(standard_extension=number) if isinstance(number, int) else ExtensionType(private_extension=number)
    return ExtensionField(type_=type_, criticality=frozenset({Criticality.FOR_TRANSFER}), value=value)


def harmless(number: int) -> ExtensionField:
    return ExtensionField(type_=ExtensionType(standard_extension=number), value=asn1.NULL)


def on_recipient(message: p1.Message, *extensions: ExtensionField, **changes: Any) -> p1.Message:
    first, *others = message.envelope.per_recipient_fields
    fields = (replace(first, extensions=extensions, **changes), *others)
    return replace(message, envelope=replace(message.envelope, per_recipient_fields=fields))


def listed(*texts: str) -> IPMSExtension:
    return IPMSExtension(type_=oids.ID_RFC_822_FIELD_LIST, value=texts)


ident = IPMIdentifier(user_relative_identifier="1(a)x.org")
OLD = "by /ADMD=a/C=XX/; Relayed; Thu, 30 May 1991 18:23:26 +0100"
ANN_S_NAME = orname_from_oraddress(from_text(ANN))
LONG_LINE = BodyPart(ia5_text=IA5TextBodyPart(parameters=IA5TextParameters(), data=octets(b"x" * 1500 + b"\r\n")))

CASES: dict[str, tuple[p1.Message, Callable[[Header], Any]]] = {
    "C2-X18": (p1_message(ipm(auto_forwarded=True)), lambda header: header.value("Autoforwarded") == "TRUE"),
    "C7-X13-X14": (p1_message(ipm(expiry_time=datetime(2024, 3, 1, tzinfo=UTC), reply_time=datetime(2024, 3, 2, tzinfo=UTC))),
                   lambda header: (header.value("Expires"), header.value("Reply-By"))
                   == ("Fri, 01 Mar 2024 00:00:00 +0000", "Sat, 02 Mar 2024 00:00:00 +0000")),
    "C11-C12-E1": (p1_message(ipm()), lambda header: header.value("X400-MTS-Identifier") == "[/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/;m1]"),
    "C13": (p1_message(ipm()), lambda header: not any("(" in header.value(name) for name in ("X400-Originator", "X400-MTS-Identifier"))),
    "C14": (p1_message(ipm(originator=replace(descriptor(ANN), free_form_name=b"Ren\xc2e"))),
            lambda header: header.value("From") == "=?iso-8859-1?q?Ren=E9?= <Ann.Lee@widget.example>"),
    "I5-X9": (p1_message(ipm(replied_to_ipm=IPMIdentifier(user_relative_identifier="PC1"))),
              lambda header: header.value("In-Reply-To") == "<PC1*@MHS>"),
    "I9-X5": (p1_message(ipm()), lambda header: header.value("Message-ID") == "<1*@MHS>"),
    "I10-X10": (p1_message(ipm(related_ipms=(ident, ident))), lambda header: header.value("References") == "<1@x.org> <1@x.org>"),
    "X2": (p1_message(ipm(originator=None)),
           lambda header: (header.value("To"), header.value("From")) == ("list:;", "Ann.Lee@widget.example") and header.value("Date")),
    "X4": (p1_message(ipm(primary_recipients=(), blind_copy_recipients=())), lambda header: header.get("Bcc") is not None),
    "X6": (p1_message(ipm(authorizing_users=(descriptor(BOB),))),
           lambda header: (header.value("From"), header.value("Sender")) == ("bob@example.org", "Ann.Lee@widget.example")),
    "X7": (p1_message(ipm(primary_recipients=recipients(BOB), copy_recipients=recipients(CAROL))),
           lambda header: (header.value("To"), header.value("Cc")) == ("bob@example.org", "carol@example.org")),
    "X8-T16": (p1_message(ipm(), trace_information=external_trace([hop_from_text(OLD)])),
               lambda header: header.value("Date") == "Thu, 30 May 1991 18:23:26 +0100"),
    "X11": (p1_message(ipm(obsoleted_ipms=(ident,))), lambda header: header.value("Supersedes") == "<1@x.org>"),
    "X15": (p1_message(ipm(reply_recipients=(descriptor(BOB),))), lambda header: header.value("Reply-To") == "bob@example.org"),
    "X16-X17": (p1_message(ipm(importance=1, sensitivity=3)),
                lambda header: (header.value("Importance"), header.value("Sensitivity")) == ("", "Company-Confidential")),
    "X22-repeated": (p1_message(ipm(extensions=(listed("X-A: 1", "X-A: 2"),))), lambda header: len(header.all("X-A")) == 2),
    "X22-Z14": (p1_message(ipm(extensions=(listed("X-A: 1\r\nBcc: x", "From: f@x.org", "Return-Path: <x>", "Received: by x; now"),))),
                lambda header: not header.all("Bcc") and len(header.all("From")) == len(header.all("Received")) == 1
                and not header.all("Return-Path")),
    "X23": (p1_message(ipm(extensions=(IPMSExtension(type_="1.2.3", value=asn1.NULL), IPMSExtension(type_="1.2.4", value=asn1.NULL)))),
            lambda header: header.value("Discarded-X400-IPMS-Extensions") == "(1)(2)(3), (1)(2)(4)"),
    "X24-E4": (p1_message(ipm()), lambda header: header.value("X400-Content-Type") == "P2-1988 (22)"),
    "X25-E2": (p1_message(ipm(originator=descriptor(BOB))), lambda header: header.value("X400-Originator") == "Ann.Lee@widget.example"),
    "X26-E7": (p1_message(ipm(), BOB, CAROL, per_message_indicators=frozenset({0})),
               lambda header: header.value("X400-Recipients") == "bob@example.org, carol@example.org"),
    "X26-not-disclosed": (p1_message(ipm(), BOB, CAROL), lambda header: header.value("X400-Recipients") == "non-disclosure:;"),
    "X28-E17": (on_recipient(p1_message(ipm()), extension_field(S.PHYSICAL_FORWARDING_PROHIBITED, 1)),
                lambda header: header.value("X400-Recipients") == "bob@example.org (Physical Forwarding Prohibited)"),
    "E12": (on_recipient(p1_message(ipm()), extension_field(S.ORIGINATOR_REQUESTED_ALTERNATE_RECIPIENT, ANN_S_NAME)),
            lambda header: "Alternate Recipient Requested" in header.value("X400-Recipients")),
    "E16": (on_recipient(p1_message(ipm()), extension_field(S.REQUESTED_DELIVERY_METHOD, (1,))),
            lambda header: "Delivery Method Requested" in header.value("X400-Recipients")),
    "X29": (p1_message(ipm()), lambda header: header.get("Message-Type") is None),
    "X30-X31-T11": (p1_message(ipm()), lambda header: [one.name for one in header[:2]] == ["Received", "X400-Received"]
                    and len(header.all("Received")) == 1),
    "X33-S18": (p1_message(replace(ipm(), body=(LONG_LINE,))),
                lambda header: header.value("Content-Transfer-Encoding") == "quoted-printable"),
    "E3": (p1_message(ipm(), original_encoded_information_types=EncodedInformationTypes(built_in_encoded_information_types=frozenset({2}))),
           lambda header: header.value("Original-Encoded-Information-Types") == "IA5-Text"),
    "E5": (p1_message(ipm(), content_identifier="abc"), lambda header: header.value("X400-Content-Identifier") == "abc"),
    "E6": (p1_message(ipm(), priority=0), lambda header: header.get("Priority") is None),
    "E8": (p1_message(ipm(), deferred_delivery_time=datetime(2024, 3, 2, 8, tzinfo=UTC)),
           lambda header: header.value("Deferred-Delivery") == "Sat, 02 Mar 2024 08:00:00 +0000"),
    "E11-E13-E40": (p1_message(ipm(), extensions=(extension_field(S.RECIPIENT_REASSIGNMENT_PROHIBITED, 1),
                                                  extension_field(S.DL_EXPANSION_PROHIBITED, 1))),
                    lambda header: header.get("Discarded-X400-MTS-Extensions") is None),
    "E20-E25": (p1_message(ipm(), extensions=(harmless(20), harmless(40), harmless(42), harmless(45))),
                lambda header: header.value("Discarded-X400-MTS-Extensions").count("(") == 4),
    "E26-E28": (on_recipient(p1_message(ipm()), harmless(28), harmless(41), harmless(43), harmless(46)),
                lambda header: header.value("Discarded-X400-MTS-Extensions").count("(") == 4),
    "E35": (on_recipient(p1_message(ipm()), per_recipient_indicators=frozenset({0, 2, 4, 5, 6, 7})),
            lambda header: header.value("X400-Recipients") == "bob@example.org"),
    "T12-E23": (p1_message(ipm()), lambda header: header.get("DL-Expansion-History") is None),
    "Z10-X21": (p1_message(ipm(extensions=(IPMSExtension(type_=oids.ID_HEX_AUTO_SUBMITTED, value=0),))),
                lambda header: (header.value("Autosubmitted"), header.value("Auto-Submitted")) == ("not-auto-submitted", "no")),
}  # fmt: skip


@pytest.mark.parametrize("rule", CASES)
def test_rule(rule: str) -> None:
    message, holds = CASES[rule]
    assert holds(header_of(to_internet(message)))


REFUSED: dict[str, tuple[p1.Message, tuple[int, int]]] = {
    "X3": (p1_message(ipm(), content_type=ContentType(built_in=35)), (1, 15)),
    "E0a-E27": (p1_message(ipm(), extensions=(critical("1.2.3"),)), (1, 18)),
    "E20": (p1_message(ipm(), extensions=(critical(20),)), (1, 18)),
    "E25": (p1_message(ipm(), extensions=(critical(42),)), (1, 18)),
    "E26": (on_recipient(p1_message(ipm()), critical(43)), (1, 18)),
    "E15": (p1_message(ipm(), extensions=(extension_field(S.LATEST_DELIVERY_TIME, datetime(2024, 3, 1, tzinfo=UTC)),)), (1, 5)),
    "E36": (on_recipient(p1_message(ipm()), explicit_conversion=1), (2, 8)),
    "E32-nobody": (p1_message(ipm(), responsible=()), (1, 11)),
}


@pytest.mark.parametrize("rule", REFUSED)
def test_rule_refuses(rule: str) -> None:
    message, codes = REFUSED[rule]
    with pytest.raises(ConversionError) as refusal:
        to_internet(message)
    assert (refusal.value.failure.reason, refusal.value.failure.diagnostic) == codes


def test_X1_X32_E32_one_message_for_the_responsible_recipients() -> None:
    made = to_internet(p1_message(ipm(), BOB, CAROL, responsible=(2,)))
    assert [one.address for one in made.result.envelope.recipients] == ["carol@example.org"]


def test_E9_what_of_the_envelope_nothing_can_hold_is_noted() -> None:
    made = to_internet(p1_message(ipm(), extensions=(extension_field(S.DL_EXPANSION_PROHIBITED, 1),)))
    assert noted(made, "extensions")


def test_S8_S9_S10_S11_the_smtp_envelope() -> None:
    made = to_internet(p1_message(ipm(), per_message_indicators=frozenset({3}))).result.envelope
    assert (made.reverse_path, made.ret, made.envid) == (
        "Ann.Lee@widget.example", "FULL", "X400-MTS-Identifier: [/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/;m1]",
    )  # fmt: skip
    assert made.recipients[0].notify == frozenset({"FAILURE"})
    assert to_internet(p1_message(ipm())).result.envelope.ret == "HDRS"


def test_I5_strict_writes_a_phrase() -> None:
    strict = replace(CONTEXT, policy=PeerPolicy(phrase_references=True))
    message = p1_message(ipm(replied_to_ipm=IPMIdentifier(user_relative_identifier="Your letter")))
    assert header_of(to_internet(message, context=strict)).value("In-Reply-To") == '"Your letter"'
