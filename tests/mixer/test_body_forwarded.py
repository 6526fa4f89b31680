"""Forwarded messages: delivery time and delivery envelope, both ways (RFC 2157 6.5), and the structure around them (6.6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from gateway import asn1
from gateway.internet.message import Message, parse, serialise
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import ipm_of_message, message_of_ipm
from gateway.octets import octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart, IA5TextBodyPart, IA5TextParameters, MessageBodyPart, MessageParameters
from gateway.x400.heading_extensions import MultipartType, MultipartTypeV1, PartialMessage
from gateway.x400.ipm import IPM, Heading, InformationObject, IPMIdentifier, IPMSExtension
from gateway.x400.mts import BuiltInEncodedInformationTypes, DeliveredContentType, EncodedInformationTypes, Priority
from gateway.x400.mts_delivery import OtherMessageDeliveryFields
from gateway.x400.oraddress import ORAddress, orname_from_oraddress
from gateway.x400.orname import ORName

SUBMITTED = datetime(2024, 3, 1, 9, 0, tzinfo=timezone(timedelta(hours=1)))
DELIVERED = datetime(2024, 3, 1, 9, 15, tzinfo=timezone(timedelta(hours=1)))
V2, V1, PARTIAL = oids.ID_HEX_MULTIPART_MESSAGE_V2, oids.ID_HEX_MULTIPART_MESSAGE, oids.ID_HEX_PARTIAL_MESSAGE


def name(surname: str) -> ORName:
    return orname_from_oraddress(ORAddress(country="XX", admd="TESTMAIL", prmd="WIDGET", surname=surname))


ENVELOPE = OtherMessageDeliveryFields(
    content_type=DeliveredContentType(built_in=22),
    originator_name=name("Doe"),
    original_encoded_information_types=EncodedInformationTypes(
        built_in_encoded_information_types=frozenset({BuiltInEncodedInformationTypes.IA5_TEXT})
    ),
    priority=Priority.URGENT,
    delivery_flags=frozenset({1}),
    other_recipient_names=(name("Poe"),),
    this_recipient_name=name("Roe"),
    message_submission_time=SUBMITTED,
    content_identifier="A test",
)


def ia5(text: bytes) -> BodyPart:
    return BodyPart(ia5_text=IA5TextBodyPart(parameters=IA5TextParameters(), data=octets(text)))


def ipm(*body: BodyPart, identifier: str = "2", **heading: Any) -> IPM:
    return IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier=identifier), **heading), body=body)


def forwarded(inner: IPM, **parameters: Any) -> BodyPart:
    return BodyPart(message=MessageBodyPart(parameters=MessageParameters(**parameters), data=inner))


def mail(scope: Scope, made: IPM) -> Message:
    return parse(serialise(message_of_ipm(made, scope, defaults=[("From", "x@y.example")])))


def marked(oid: str, value: Any) -> tuple[IPMSExtension, ...]:
    return (IPMSExtension(type_=oid, value=value),)


def test_the_delivery_of_a_forwarded_message_is_in_its_header(scope: Scope) -> None:
    inner = mail(scope, ipm(forwarded(ipm(ia5(b"x")), delivery_time=DELIVERED, delivery_envelope=ENVELOPE))).message
    assert inner is not None
    expected = {
        "Delivery-Date": "Fri, 01 Mar 2024 09:15:00 +0100",
        "Date": "Fri, 01 Mar 2024 09:00:00 +0100",
        "X400-Originator": "Doe@widget.example",
        "X400-Recipients": "Roe@widget.example, Poe@widget.example",
        "X400-Content-Type": "P2-1988 (22)",
        "X400-Content-Identifier": "A test",
        "Original-Encoded-Information-Types": "IA5-Text",
        "Priority": "urgent",
        "Conversion": "Prohibited",
    }
    assert {one: inner.header.value(one) for one in expected} == expected


def test_the_delivery_comes_back_as_it_was(scope: Scope) -> None:
    part = forwarded(ipm(ia5(b"x")), delivery_time=DELIVERED, delivery_envelope=ENVELOPE)
    (again,) = ipm_of_message(mail(scope, ipm(part)), scope).ipm.body
    assert again.message is not None
    assert asn1.encode(again.message.parameters) == asn1.encode(MessageParameters(delivery_time=DELIVERED, delivery_envelope=ENVELOPE))


def test_an_internet_message_tells_its_delivery_time_only(scope: Scope) -> None:
    """The mandatory members of an envelope are never made up."""
    text = (
        b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n"
        b"Delivery-Date: Fri, 1 Mar 2024 09:15:00 +0100\r\nDate: Fri, 1 Mar 2024 09:00:00 +0100\r\nFrom: c@d.example\r\n\r\nx\r\n"
    )
    (part,) = ipm_of_message(parse(text), scope).ipm.body
    assert part.message is not None
    assert part.message.parameters == MessageParameters(delivery_time=DELIVERED)
    again = mail(scope, ipm(part)).message
    assert again is not None
    assert len(again.header.all("Delivery-Date")) == len(again.header.all("Date")) == 1


@pytest.mark.parametrize("broken", ["X400-Originator: nobody", "X400-Content-Type: rubbish", "X400-Recipients: list:;"])
def test_what_does_not_parse_makes_no_envelope(broken: str, scope: Scope) -> None:
    good = ["X400-Originator: Doe@widget.example", "X400-Content-Type: P2-1988 (22)", "X400-Recipients: Roe@widget.example"]
    fields = [broken if one.split(":")[0] == broken.split(":")[0] else one for one in good]
    text = "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\nDate: Fri, 1 Mar 2024 09:00:00 +0100\r\n"
    (part,) = ipm_of_message(parse((text + "\r\n".join(fields) + "\r\n\r\nx\r\n").encode()), scope).ipm.body
    assert part.message is not None
    assert part.message.parameters.delivery_envelope is None


def test_a_mark_that_says_a_message_makes_a_message(scope: Scope) -> None:
    """6.6: isAMessage FALSE is a multipart in a multipart; TRUE, and the default, is the outermost level of a message."""
    inner = ipm(ia5(b"a"), ia5(b"b"), extensions=marked(V2, MultipartType(subtype="parallel")))
    made = mail(scope, ipm(forwarded(inner)))
    assert made.message is not None
    assert made.message.content_type.essence == "multipart/parallel"
    nested = ipm(ia5(b"a"), ia5(b"b"), extensions=marked(V2, MultipartType(subtype="parallel", is_a_message=False)))
    assert mail(scope, ipm(ia5(b"x"), forwarded(nested))).parts[1].content_type.essence == "multipart/parallel"


def test_the_newer_mark_wins_and_the_older_is_read(scope: Scope) -> None:
    old = marked(V1, MultipartTypeV1.DIGEST)
    assert mail(scope, ipm(ia5(b"a"), ia5(b"b"), extensions=old)).content_type.subtype == "digest"
    both = (*old, *marked(V2, MultipartType(subtype="report")))
    assert mail(scope, ipm(ia5(b"a"), ia5(b"b"), extensions=both)).content_type.subtype == "report"


def test_a_hostile_subtype_is_mixed(scope: Scope) -> None:
    evil = marked(V2, MultipartType(subtype="x\r\nX-Evil: 1"))
    made = mail(scope, ipm(ia5(b"a"), ia5(b"b"), extensions=evil))
    assert (made.content_type.subtype, made.header.get("X-Evil")) == ("mixed", None)


def test_a_piece_of_a_message_by_rfc_1495(scope: Scope) -> None:
    made = mail(scope, ipm(ia5(b"half a mess"), extensions=marked(PARTIAL, PartialMessage(number=1, total=2, id_="a@b"))))
    assert made.content_type.essence == "message/partial"
    assert dict(made.content_type.parameters) == {"number": "1", "total": "2", "id": "a@b"}
    assert made.body.to_bytes() == b"half a mess"


@pytest.mark.parametrize(
    ("subtype", "subject"),
    [
        ("mixed", b"Multipart Message"),
        ("alternative", b"Alternative Body Parts containing the same information"),
        ("digest", b"Message Digest"),
        ("parallel", b"Body Parts interpreted in parallel"),
        ("related", b"Multipart Message (related)"),
        ("x-own", b"Multipart Message (x-own)"),
    ],
)
def test_a_nested_multipart_says_what_it_is_to_people(subtype: str, subject: bytes, scope: Scope) -> None:
    inner = f"Content-Type: multipart/{subtype}; boundary=B\r\n\r\n--B\r\n\r\nFrom: a@b\r\n\r\nx\r\n--B--\r\n"
    text = f"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\n--A\r\n{inner}\r\n--A--\r\n"
    (part,) = ipm_of_message(parse(text.encode()), scope).ipm.body
    assert part.message is not None
    heading = part.message.data.heading
    assert heading.subject == subject
    assert heading.extensions == marked(V2, MultipartType(subtype=subtype, is_a_message=False))


def test_a_message_in_a_message_in_a_message(scope: Scope) -> None:
    inner = ipm(ia5(b"x"), identifier="3", subject=b"three")
    middle = ipm(forwarded(inner), identifier="2", subject=b"two")
    made = asn1.decode(asn1.encode(InformationObject(ipm=ipm(forwarded(middle), identifier="1"))), InformationObject).ipm
    assert made is not None
    outer = mail(scope, made)
    assert outer.message is not None
    assert outer.message.message is not None
    assert outer.message.message.header.value("Subject") == "three"


def test_the_plan_does_not_hang_on_the_scope(scope: Scope) -> None:
    """The same plan makes the same octets, however often it is made."""
    made = ipm(forwarded(ipm(ia5(b"x")), delivery_time=DELIVERED, delivery_envelope=ENVELOPE))
    assert serialise(mail(scope, made)) == serialise(mail(replace(scope), made))
