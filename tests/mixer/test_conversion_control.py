"""Conversion control (RFC 2156 2.3.1.2, 5.3.6; RFC 2157 6; X.411 8.2.1.1.1.8): refused with the right reason, never damaged in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway import asn1
from gateway.errors import ConversionError
from gateway.internet import message as internet
from gateway.mixer.body_policy import BodyPolicy, Carrier
from gateway.mixer.convert import message_to_x400
from gateway.mixer.envelope_fields import refused_recipients
from gateway.mixer.policy import Context, PeerPolicy
from gateway.octets import MemoryOctets
from gateway.x400 import p1
from gateway.x400.bodyparts import BodyPart, MessageBodyPart, MessageParameters, TeletexBodyPart, TeletexParameters
from gateway.x400.extensions import Criticality, ExtensionField, ExtensionType, StandardExtension, extension_field
from gateway.x400.ipm import InformationObject
from gateway.x400.mts import PerMessageIndicators
from tests.interop.mixing import BOB, CAROL, CONTEXT, ipm, p1_message, to_internet
from tests.mixer.test_convert import envelope

TELETEX = BodyPart(teletex=TeletexBodyPart(parameters=TeletexParameters(), data=(MemoryOctets(b"caf\xc2e"),)))
PROHIBITED = frozenset({int(PerMessageIndicators.IMPLICIT_CONVERSION_PROHIBITED)})
WITHOUT_LOSS = (extension_field(StandardExtension.CONVERSION_WITH_LOSS_PROHIBITED, 1),)


def codes(error: ConversionError) -> tuple[int, int | None, str]:
    return error.failure.reason, error.failure.diagnostic, error.failure.status


def with_body(*parts: BodyPart, **changes: object) -> p1.Message:
    return p1_message(replace(ipm(), body=parts), **changes)


# --- X.400 -> Internet


@pytest.mark.parametrize("depth", [0, 1])
def test_E7_a_body_that_changes_its_coding_is_refused_where_conversion_is_prohibited(depth: int) -> None:
    inner = MessageBodyPart(parameters=MessageParameters(), data=replace(ipm(), body=(TELETEX,)))
    part = BodyPart(message=inner) if depth else TELETEX
    assert to_internet(with_body(part)).result.message
    with pytest.raises(ConversionError) as refusal:
        to_internet(with_body(part, per_message_indicators=PROHIBITED))
    assert codes(refusal.value) == (2, 9, "5.6.3")


def test_teletex_that_is_kept_as_it_is_may_pass() -> None:
    policy = PeerPolicy(body=BodyPolicy(teletex_charset="teletex"))
    made = to_internet(with_body(TELETEX, per_message_indicators=PROHIBITED), context=replace(CONTEXT, policy=policy))
    assert internet.parse(made.result.message).charset == "teletex"


def test_what_needs_no_conversion_passes_and_says_what_is_prohibited() -> None:
    made = to_internet(p1_message(ipm(), per_message_indicators=PROHIBITED, extensions=WITHOUT_LOSS))
    header = internet.parse_header(made.result.message)
    assert (header.value("Conversion"), header.value("Conversion-With-Loss")) == ("Prohibited", "Prohibited")


def test_E14_a_loss_is_refused_where_it_is_prohibited() -> None:
    pages = BodyPart(teletex=TeletexBodyPart(parameters=TeletexParameters(), data=(MemoryOctets(b"one"), MemoryOctets(b"two"))))
    assert any("lost" in note.text for note in to_internet(with_body(pages)).notes)
    with pytest.raises(ConversionError) as refusal:
        to_internet(with_body(pages, extensions=WITHOUT_LOSS))
    assert codes(refusal.value) == (2, 19, "5.6.2")


def test_E36_an_explicit_conversion_that_was_not_made_is_reported_for_its_recipient_alone() -> None:
    message = p1_message(ipm(), BOB, CAROL)
    first, second = message.envelope.per_recipient_fields
    asked = replace(message.envelope, per_recipient_fields=(replace(first, explicit_conversion=1), second))
    failures = refused_recipients(asked)
    assert {place: (one.reason, one.diagnostic) for place, one in failures.items()} == {1: (2, 8)}
    changed = p1.Message(envelope=asked, content=message.content)
    assert to_internet(changed, 2).result.envelope.recipients[0].address == "carol@example.org"
    with pytest.raises(ConversionError) as refusal:
        to_internet(changed, 1)
    assert codes(refusal.value) == (2, 8, "5.6.3")


def test_E0a_a_critical_extension_of_one_recipient_does_not_fail_the_others() -> None:
    message = p1_message(ipm(), BOB, CAROL)
    first, second = message.envelope.per_recipient_fields
    critical = ExtensionField(
        type_=ExtensionType(private_extension="1.2.3"), criticality=frozenset({Criticality.FOR_DELIVERY}), value=asn1.NULL
    )
    asked = replace(message.envelope, per_recipient_fields=(replace(first, extensions=(critical,)), second))
    assert {place: (one.reason, one.diagnostic) for place, one in refused_recipients(asked).items()} == {1: (1, 18)}
    made = to_internet(p1.Message(envelope=asked, content=message.content), 2)
    assert internet.parse_header(made.result.message).get("Discarded-X400-MTS-Extensions") is None


# --- Internet -> X.400

HEAD = b"From: a@example.org\r\nTo: Jane.Doe@widget.example\r\nMIME-Version: 1.0\r\n"
LATIN = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
PDF = b'Content-Type: application/pdf; name="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n'


def made_of(raw: bytes, context: Context) -> p1.Message:
    found = message_to_x400(internet.parse(raw), envelope(), [1], context).result.message
    assert found is not None
    return found


def test_M37_text_that_would_change_its_charset_is_carried_whole_where_conversion_is_prohibited(context: Context) -> None:
    plain, kept = made_of(HEAD + LATIN, context), made_of(HEAD + b"Conversion: Prohibited\r\n" + LATIN, context)
    assert kept.envelope.per_message_indicators >= PROHIBITED
    assert not PROHIBITED & plain.envelope.per_message_indicators
    assert b"Gr\xfc\xdfe" in plain.content.to_bytes()
    assert b"Gr\xc3\xbc\xc3\x9fe" in kept.content.to_bytes()


def test_M38_a_loss_is_refused_where_it_is_prohibited(context: Context) -> None:
    carrier = BodyPolicy(octet_stream=Carrier.BP14, unknown_mime=Carrier.BP14)
    lossy = replace(context, policy=PeerPolicy(body=carrier))
    assert made_of(HEAD + PDF, lossy)
    for name in (b"Conversion-With-Loss", b"Conversion"):
        with pytest.raises(ConversionError) as refusal:
            made_of(HEAD + name + b": Prohibited\r\n" + PDF, lossy)
        assert codes(refusal.value) == (2, 19, "5.6.2")
    assert made_of(HEAD + b"Conversion-With-Loss: Prohibited\r\n" + PDF, context).envelope.extensions


def test_a_prohibition_survives_the_way_there_and_back(context: Context, elsewhere: Context) -> None:
    there = made_of(HEAD + b"Conversion: Prohibited\r\nConversion-With-Loss: Prohibited\r\n" + LATIN, context)
    back = internet.parse(to_internet(there, 1, context=elsewhere).result.message)
    assert (back.header.value("Conversion"), back.header.value("Conversion-With-Loss")) == ("Prohibited", "Prohibited")
    assert "Grüße" in "".join("".join(part.text()) for part in back.walk() if part.content_type.type == "text")
    assert asn1.decode(there.content, InformationObject).ipm is not None


def test_E41_a_wish_for_a_conversion_counts_more_than_a_prohibition(context: Context) -> None:
    raw = HEAD + b"Conversion-With-Loss: Prohibited\r\nWanted-X400-Conversion: to tunnel in bp14\r\n" + PDF
    assert made_of(raw, context).envelope.extensions
