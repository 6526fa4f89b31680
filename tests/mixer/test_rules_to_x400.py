"""RFC 822 -> X.400, rule by rule: each test id is the rule of the message checklist (C, I, M, E, T, S, Z) that it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.internet.envelope import SmtpRecipient
from gateway.mixer.results import Conversion
from gateway.x400 import oids, p1
from gateway.x400.charsets import text_from_t61
from gateway.x400.extensions import StandardExtension, extension_value
from gateway.x400.heading_extensions import value_of
from gateway.x400.mts import PerMessageIndicators, PerRecipientIndicators
from gateway.x400.oraddress import oraddress_from_orname
from tests.interop.mixing import CONTEXT, JANE, JOHN, NOW, heading_of, noted, p1_of, to_x400

Made = Conversion[p1.MTSAPDU]


def carried(made: Made) -> tuple[str, ...]:
    """The list of fields in the heading extension."""
    found = value_of(heading_of(made).extensions, oids.ID_RFC_822_FIELD_LIST)
    return tuple(found) if found is not None else ()


def transfer(made: Made) -> p1.MessageTransferEnvelope:
    return p1_of(made).envelope


def extension(made: Made, number: StandardExtension) -> Any:
    return extension_value(transfer(made).extensions, number)


def surnames(names: Any) -> list[str | None]:
    return [oraddress_from_orname(one.recipient.formal_name).surname if one.recipient.formal_name else None for one in names]


def is_p2(made: Made) -> bool:
    return transfer(made).content_type.built_in == 2


CASES: dict[str, tuple[str, dict[str, Any], Callable[[Made], Any]]] = {
    "C15": ("From: Steve Kille <S.Kille@widget.example> (home)", {},
            lambda made: text_from_t61(heading_of(made).originator.free_form_name) == "Steve Kille (home)"),
    "C17": ("To: Old Friend:;", {}, lambda made: heading_of(made).primary_recipients[0].recipient.formal_name is None),
    "I4": ("Message-ID: <" + "_" * 30 + "@x.example>", {},
           lambda made: heading_of(made).this_ipm.user_relative_identifier == "(u)" * 21),  # 63: never cut inside an escape
    "I6": ("Message-ID: <foo*/S=x/@example.com>", {}, lambda made: heading_of(made).this_ipm.user is None),
    "I7": ("Message-ID: <1803.665941698@UK.AC.UCL.CS>", {},
           lambda made: "1803" not in transfer(made).message_identifier.local_identifier),
    "I8": ("X400-MTS-Identifier: [/ADMD=a/C=XX/;forged]", {}, lambda made: transfer(made).message_identifier.local_identifier != "forged"),
    "M3": ("Message-ID: not one", {}, lambda made: heading_of(made).this_ipm.user_relative_identifier.endswith("(a)gw.example")),
    "M4": (f"To: {JANE}\nTo: {JOHN}", {}, lambda made: surnames(heading_of(made).primary_recipients) == ["Doe", "Roe"]),
    "M8": ("Message-ID: <a_b@x.example>", {}, lambda made: heading_of(made).this_ipm.user_relative_identifier == "a(u)b(a)x.example"),
    "M9-two-authors": ("From: a@widget.example, b@widget.example", {},
                       lambda made: len(heading_of(made).authorizing_users) == 2 and heading_of(made).originator is not None),
    "M11": (f"Reply-To: {JANE}", {}, lambda made: len(heading_of(made).reply_recipients) == 1),
    "M12": (f"To: {JANE}", {}, lambda made: surnames(heading_of(made).primary_recipients) == ["Doe"]),
    "M13": (f"Cc: {JOHN}", {}, lambda made: surnames(heading_of(made).copy_recipients) == ["Roe"]),
    "M16": ("References: <1@x.org> <2@x.org>", {},
            lambda made: [one.user_relative_identifier for one in heading_of(made).related_ipms] == ["1(a)x.org", "2(a)x.org"]),
    "M17": ("Keywords: a, b", {}, lambda made: carried(made) == ("Keywords: a, b",)),
    "M20": ("Encrypted: ROT13", {}, lambda made: carried(made) == ("Encrypted: ROT13",)),
    "M21": ("Resent-Date: Fri, 1 Mar 2024 10:00:00 +0100\nResent-From: b@x.org", {},
            lambda made: len(carried(made)) == 2
            and transfer(made).trace_information[0].domain_supplied_information.arrival_time.year == 2024),
    "M22-M34": ("Content-Language: en-GB, fr", {},
                lambda made: value_of(heading_of(made).extensions, oids.ID_HEX_LANGUAGES) == ("en", "fr")
                and carried(made) == ("Content-Language: en-GB, fr",)),
    "M23-Z17": ("List-Id: <l.example>\nX-A: 1\nX-A: 2", {}, lambda made: carried(made) == ("List-Id: <l.example>", "X-A: 1", "X-A: 2")),
    "M23-Z12": ("DKIM-Signature: v=1", {}, lambda made: carried(made) == ("X-Original-DKIM-Signature: v=1",)),
    "M7": ("Return-Path: <b@x.org>", {}, lambda made: carried(made) == () and noted(made, "Return-Path")),
    "M25": ("MIME-Version: 1.0\nContent-Type: text/plain\nContent-Description: x", {}, lambda made: is_p2(made)),
    "M27-comma": ("Obsoletes: <1@x.org>, <2@x.org>", {}, lambda made: len(heading_of(made).obsoleted_ipms) == 2),
    "M35": ("Auto-Submitted: auto-generated\nAutosubmitted: auto-replied", {},
            lambda made: value_of(heading_of(made).extensions, oids.ID_HEX_AUTO_SUBMITTED) == 1 and len(carried(made)) == 1),
    "M39-E42": ("Original-Encoded-Information-Types: G3-Fax", {},
                lambda made: transfer(made).original_encoded_information_types.built_in_encoded_information_types == {2, 3}),
    "M44-T7": ("X400-Received: by /ADMD=a/C=XX/; Relayed; Thu, 30 May 1991 18:23:26 +0100", {},
               lambda made: transfer(made).trace_information[0].domain_supplied_information.arrival_time.year == 1991),
    "M45-E42": ("X400-Content-Identifier: mine\nSubject: other", {}, lambda made: transfer(made).content_identifier == "mine"),
    "M48-not-claimed": ("Prevent-NonDelivery-Report:\nDisclose-Recipients: Allowed", {},
                        lambda made: len(carried(made)) == 2 and 0 not in transfer(made).per_message_indicators),
    "M50-Z2": ("Subject: x", {"reverse_path": ""},
               lambda made: not transfer(made).per_recipient_fields[0].per_recipient_indicators
               & {PerRecipientIndicators.ORIGINATOR_REPORT, PerRecipientIndicators.ORIGINATOR_NON_DELIVERY_REPORT}),
    "M51-M45a": ("Delivery-Date: Fri, 1 Mar 2024 09:00:00 +0000", {}, lambda made: len(carried(made)) == 1),
    "M52": ("Content-Language: en", {}, lambda made: not is_p2(made)),
    "M52-M2-M47": ("Subject: x", {}, lambda made: is_p2(made)),
    "M53": ("Reply-To: Office: office@widget.example;", {},
            lambda made: len(heading_of(made).reply_recipients) == 1 and carried(made) == ("Reply-To: Office: office@widget.example;",)),
    "E0b-E9-E11-E12-E13-E16-E17": ("Subject: x", {},
                                   lambda made: not {1, 2, 3, 6, 7, 13, 22} & {one.number for one in transfer(made).extensions}
                                   and not transfer(made).per_domain_bilateral_information),
    "E0c": ("Subject: x", {}, lambda made: len({one.number for one in transfer(made).extensions}) == len(transfer(made).extensions)),
    "E7": ("Subject: x", {}, lambda made: transfer(made).per_message_indicators
           == {PerMessageIndicators.ALTERNATE_RECIPIENT_ALLOWED, PerMessageIndicators.CONTENT_RETURN_REQUEST}),
    "E15": ("Latest-Delivery-Time: Tue, 24 Nov 2026 12:00:00 +0000", {},
            lambda made: extension(made, StandardExtension.LATEST_DELIVERY_TIME).day == 24),
    "E18-M42": (f"Originator-Return-Address: {JANE}", {}, lambda made: extension(made, StandardExtension.ORIGINATOR_RETURN_ADDRESS)),
    "E24-T17": ("Subject: x", {}, lambda made: extension(made, StandardExtension.INTERNAL_TRACE_INFORMATION)[-1].mta_name == "gw.example"
                and transfer(made).trace_information[-1].domain_supplied_information.arrival_time == NOW),
    "E31": ("Subject: x", {"to": (JANE, JOHN), "numbers": (2,)},
            lambda made: [one.originally_specified_recipient_number for one in transfer(made).per_recipient_fields] == [2]),
    "E38-S2": ("Subject: x", {}, lambda made: PerRecipientIndicators.ORIGINATOR_NON_DELIVERY_REPORT
               in transfer(made).per_recipient_fields[0].per_recipient_indicators),
    "E42-S5": ("Subject: x", {"envid": "QQ"},
               lambda made: extension(made, StandardExtension.CONTENT_CORRELATOR).ia5text == "SMTP/NOTARY ENVID: QQ"),
    "E42-M18": ("Subject: " + "x" * 20, {}, lambda made: transfer(made).content_identifier == "x" * 13 + "..."),
    "T14": ("Received: from a by unmapped.example; Fri, 1 Mar 2024 09:00:00 +0000", {"reverse_path": JANE},
            lambda made: len(transfer(made).trace_information) == 2),
    "T13": ("Received: from a by b.example with ESMTP id 7; Fri, 1 Mar 2024 09:00:00 +0000", {},
            lambda made: extension(made, StandardExtension.INTERNAL_TRACE_INFORMATION)[1].mta_name == "b.example"),
    "T15-M6": ("Received: from a by b.example; Fri, 1 Mar 2024 09:00:00 +0000", {}, lambda made: carried(made) == ()),
    "S3": ("Subject: x", {"ret": "HDRS"},
           lambda made: PerMessageIndicators.CONTENT_RETURN_REQUEST in transfer(made).per_message_indicators),
    "S4": ("Subject: x", {"recipients": (SmtpRecipient(address=JANE, notify=frozenset({"DELAY"})),)},
           lambda made: PerRecipientIndicators.ORIGINATOR_NON_DELIVERY_REPORT
           in transfer(made).per_recipient_fields[0].per_recipient_indicators),
    "S6": ("Subject: x", {"recipients": (SmtpRecipient(address=JANE, orcpt=f"rfc822;{JANE}"),)},
           lambda made: transfer(made).per_recipient_fields[0].extensions == ()),
    "S7": ("Subject: x", {"envid": "X400-MTS-Identifier: [/ADMD=a/C=XX/;m]"},
           lambda made: transfer(made).message_identifier.local_identifier != "m"),
    "Z8": ("Importance: high", {"mt_priority": -4}, lambda made: transfer(made).priority == 1 and heading_of(made).importance == 2),
    "Z10": ("Auto-Submitted: no", {}, lambda made: value_of(heading_of(made).extensions, oids.ID_HEX_AUTO_SUBMITTED) == 0),
    "Z14": ("X-A: =?utf-8?q?a=0D=0ABcc:_x?=", {}, lambda made: not any("\n" in one or "\r" in one for one in carried(made))),
}  # fmt: skip


@pytest.mark.parametrize("rule", CASES)
def test_rule(rule: str) -> None:
    header, changes, holds = CASES[rule]
    assert holds(to_x400(header, **changes))


def test_M1_whatever_looks_like_a_notification_is_one_message() -> None:
    made = to_x400("Message-Type: InterPersonal Notification\nSubject: x")
    assert made.result.message is not None
    assert heading_of(made).subject == b"x"


def test_M49_nothing_of_1992_is_needed_for_a_plain_message() -> None:
    assert is_p2(to_x400("Subject: x", context=replace(CONTEXT, queue_id="other")))
