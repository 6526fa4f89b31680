"""Whole messages: both ways, by policy, deterministic, lazy, safe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from gateway import asn1
from gateway.errors import ConversionError, GatewayError
from gateway.internet import message as internet
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.mixer.body_policy import Carrier, carried_by
from gateway.mixer.convert import message_to_internet, message_to_x400
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import message_of_ipm
from gateway.mixer.policy import Context, PeerPolicy
from gateway.octets import ConcatOctets, MemoryOctets, Octets
from gateway.x400 import oids, p1
from gateway.x400.extensions import Criticality, ExtensionField, ExtensionType, StandardExtension, extension_field, extension_value
from gateway.x400.heading_extensions import value_of
from gateway.x400.ipm import IPM, Heading, InformationObject, IPMIdentifier, IPMSExtension, ORDescriptor
from gateway.x400.mts import GlobalDomainIdentifier
from gateway.x400.mts import PerRecipientIndicators as Bit
from gateway.x400.orname import AdministrationDomainName, CountryName
from tests.shared import require_shared

HEADER = b"From: a@example.org\r\nTo: Jane.Doe@widget.example\r\nDate: Mon, 23 Nov 2026 10:59:00 +0100\r\nMessage-ID: <1@example.org>\r\n"
PLAIN = HEADER + b"Subject: Hello\r\n\r\nHello Jane\r\n"
MIXED = (
    HEADER + b"Subject: Hello\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
    b"--B\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n--B\r\n"
    b"Content-Type: application/pdf\r\n"
    b'Content-Disposition: attachment; filename="../x.pdf"; creation-date="Mon, 23 Nov 2026 10:00:00 +0100"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\nAAECAwQ=\r\n"
    b"--B\r\nContent-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\nSubject: inner\r\n"
    b"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <2@y.example>\r\n\r\ninner text\r\n--B--\r\n"
)


def envelope(**changes: object) -> SmtpEnvelope:
    recipients = (SmtpRecipient(address="Jane.Doe@widget.example"), SmtpRecipient(address="John.Roe@widget.example"))
    return replace(SmtpEnvelope(reverse_path="a@example.org", recipients=recipients), **changes)  # type: ignore[arg-type]


def to_x400(raw: bytes | Octets, context: Context, smtp: SmtpEnvelope | None = None) -> p1.Message:
    apdu = message_to_x400(internet.parse(raw), smtp or envelope(), [1], context).result
    decoded = asn1.decode(asn1.encode_octets(apdu), p1.MTSAPDU)
    assert decoded.message is not None
    return decoded.message


def ipm_of(message: p1.Message) -> IPM:
    found = asn1.decode(message.content, InformationObject)
    assert found.ipm is not None
    return found.ipm


def back(message: p1.Message, elsewhere: Context) -> internet.Message:
    return internet.parse(message_to_internet(message, [1], elsewhere).result.message)


def test_a_plain_message_is_p2_of_one_ia5_part_and_comes_back_the_same(context: Context, elsewhere: Context) -> None:
    message = to_x400(PLAIN, context)
    assert message.envelope.content_type.built_in == 2
    assert [part.chosen for part in ipm_of(message).body] == ["ia5_text"]
    again = back(message, elsewhere)
    assert {one.name: one.value for one in again.header}.items() >= {one.name: one.value for one in internet.parse(PLAIN).header}.items()
    assert again.body.to_bytes() == b"Hello Jane\r\n"


def test_the_same_context_gives_the_same_octets(context: Context) -> None:
    one, other = (asn1.encode_octets(message_to_x400(internet.parse(MIXED), envelope(), [1], context).result) for _ in range(2))
    assert one == other
    assert asn1.encode_octets(message_to_x400(internet.parse(MIXED), envelope(), [1], replace(context, plan_seed="x")).result) != one


@pytest.mark.parametrize("carrier", [Carrier.FTBP, Carrier.BP15])
def test_text_attachment_and_forwarded_message_survive_both_ways(carrier: Carrier, context: Context, elsewhere: Context) -> None:
    message = to_x400(MIXED, replace(context, policy=PeerPolicy(body=carried_by(carrier))))
    assert message.envelope.content_type.built_in == 22
    assert [part.chosen for part in ipm_of(message).body] == ["extended", "extended", "message"]
    text, pdf, inner = back(message, elsewhere).parts
    assert "".join(text.text()) == "Grüße"
    assert (text.charset, pdf.content_type.essence) == ("iso-8859-1", "application/pdf")
    assert pdf.content().to_bytes() == bytes(range(5))
    assert pdf.disposition is not None
    assert pdf.disposition.parameters["creation-date"] == "Mon, 23 Nov 2026 10:00:00 +0100"
    assert inner.message is not None
    assert inner.message.header.value("Date") == "Sun, 22 Nov 2026 10:00:00 +0000"
    assert inner.message.body.to_bytes() == b"inner text"


def test_a_file_name_loses_its_path(context: Context) -> None:
    conversion = message_to_x400(internet.parse(MIXED), envelope(), [1], context)
    assert any(note.rule == "filename" for note in conversion.notes)


def test_body_part_14_drops_type_and_name_and_says_so(context: Context, elsewhere: Context) -> None:
    bp14 = replace(context, policy=PeerPolicy(body=carried_by(Carrier.BP14)))
    conversion = message_to_x400(internet.parse(MIXED), envelope(), [1], bp14)
    assert any("body part 14" in note.text for note in conversion.notes)
    assert back(to_x400(MIXED, bp14), elsewhere).parts[1].content_type.essence == "application/octet-stream"


def test_to_1984_nothing_newer_is_sent_and_nothing_is_lost(context: Context, elsewhere: Context) -> None:
    raw = MIXED.replace(b"Subject: Hello", b"X-Foo: bar\r\nContent-Language: en-GB\r\nSubject: Hello", 1)
    message = to_x400(raw, replace(context, policy=PeerPolicy(x400_version=84)))
    ipm = ipm_of(message)
    assert message.envelope.content_type.built_in == 2
    assert message.envelope.extensions == ipm.heading.extensions == ()
    assert {part.chosen for part in ipm.body} == {"ia5_text", "message"}
    assert ipm.body[0].ia5_text is not None
    assert ipm.body[0].ia5_text.data.to_bytes().startswith(b"RFC-822-Headers:\r\n")
    again = back(message, elsewhere)
    assert (again.header.value("X-Foo"), again.header.value("Content-Language")) == ("bar", "en-GB")
    assert again.parts[1].content().to_bytes() == bytes(range(5))


def test_an_over_long_subject_is_cut_noted_and_restored(context: Context, elsewhere: Context) -> None:
    subject = "Word " * 40 + "end"
    message = to_x400(PLAIN.replace(b"Hello\r\n\r\n", subject.encode() + b"\r\n\r\n"), context)
    assert len(ipm_of(message).heading.subject or b"") == 128
    assert back(message, elsewhere).header.value("Subject") == subject


def test_a_subject_outside_t61_is_approximated_and_restored(context: Context, elsewhere: Context) -> None:
    message = to_x400(PLAIN.replace(b"Hello\r\n\r\n", "日本 Café".encode() + b"\r\n\r\n"), context)
    assert back(message, elsewhere).header.get("Subject").text == "日本 Café"  # type: ignore[union-attr]


def test_a_subject_that_a_guessing_reader_would_take_for_latin_1_survives(context: Context, elsewhere: Context) -> None:
    message = to_x400(PLAIN.replace(b"Hello\r\n\r\n", "Østerbro".encode() + b"\r\n\r\n"), context)
    assert ipm_of(message).heading.subject == b"\xe9sterbro"
    assert back(message, elsewhere).header.get("Subject").text == "Østerbro"  # type: ignore[union-attr]


def test_unknown_fields_travel_in_the_heading_extension(context: Context, elsewhere: Context) -> None:
    raw = b"X-Foo: bar\r\n baz\r\nKeywords: a, b\r\nDKIM-Signature: v=1\r\n" + PLAIN
    message = to_x400(raw, context)
    fields = value_of(ipm_of(message).heading.extensions, oids.ID_RFC_822_FIELD_LIST)
    assert fields == ("X-Foo: bar baz", "Keywords: a, b", "X-Original-DKIM-Signature: v=1")
    assert message.envelope.content_type.built_in == 22
    assert back(message, elsewhere).header.value("X-Foo") == "bar baz"


def test_notify_becomes_report_requests_and_comes_back(context: Context, elsewhere: Context) -> None:
    wanted = {None: "FAILURE", frozenset({"NEVER"}): "NEVER", frozenset({"SUCCESS"}): "SUCCESS,FAILURE", frozenset({"DELAY"}): "FAILURE"}
    for notify, expected in wanted.items():
        smtp = envelope(recipients=(SmtpRecipient(address="Jane.Doe@widget.example", notify=notify),))
        message = to_x400(PLAIN, context, smtp)
        bits = message.envelope.per_recipient_fields[0].per_recipient_indicators
        assert bits & {Bit.ORIGINATING_MTA_REPORT, Bit.ORIGINATING_MTA_NON_DELIVERY_REPORT}
        result = message_to_internet(message, [1], elsewhere).result.envelope
        assert result.recipients[0].notify == frozenset(expected.split(","))


def test_the_null_reverse_path_asks_for_no_report(context: Context) -> None:
    message = to_x400(PLAIN, context, envelope(reverse_path=""))
    bits = message.envelope.per_recipient_fields[0].per_recipient_indicators
    assert not bits & {Bit.ORIGINATOR_REPORT, Bit.ORIGINATOR_NON_DELIVERY_REPORT}


def test_envid_priority_and_times(context: Context, elsewhere: Context) -> None:
    later = context.now + timedelta(hours=2)
    raw = b"Latest-Delivery-Time: Mon, 23 Nov 2026 14:00:00 +0000\r\nDeferred-Delivery: Sun, 1 Nov 2026 00:00:00 +0000\r\n" + PLAIN
    message = to_x400(raw, context, envelope(envid="QQ1", mt_priority=4))
    correlator = extension_value(message.envelope.extensions, StandardExtension.CONTENT_CORRELATOR)
    assert correlator.ia5text == "SMTP/NOTARY ENVID: QQ1"
    assert (message.envelope.priority, message.envelope.deferred_delivery_time) == (2, None)
    assert extension_value(message.envelope.extensions, StandardExtension.LATEST_DELIVERY_TIME) == later
    smtp = message_to_internet(message, [1], elsewhere).result.envelope
    assert smtp.mt_priority == 4
    assert smtp.by is not None
    assert smtp.by.seconds == 7200
    with pytest.raises(ConversionError) as error:
        message_to_internet(message, [1], replace(elsewhere, now=later))
    assert error.value.failure.diagnostic == 5


def with_extension(message: p1.Message, extension: ExtensionField) -> p1.Message:
    changed = replace(message.envelope, extensions=(*message.envelope.extensions, extension))
    return p1.Message(envelope=changed, content=message.content)


def test_a_critical_extension_that_nothing_can_honour_is_refused(context: Context, elsewhere: Context) -> None:
    private = ExtensionType(private_extension="1.2.3.4")
    unknown = ExtensionField(type_=private, criticality=frozenset({Criticality.FOR_DELIVERY}), value=asn1.NULL)
    with pytest.raises(ConversionError) as error:
        message_to_internet(with_extension(to_x400(PLAIN, context), unknown), [1], elsewhere)
    assert (error.value.failure.reason, error.value.failure.diagnostic) == (1, 18)
    harmless = ExtensionField(type_=private, value=asn1.NULL)
    again = back(with_extension(to_x400(PLAIN, context), harmless), elsewhere)
    assert again.header.value("Discarded-X400-MTS-Extensions") == "(1)(2)(3)(4)"


def test_expansion_prohibited_passes(context: Context, elsewhere: Context) -> None:
    extension = extension_field(StandardExtension.DL_EXPANSION_PROHIBITED, 1)
    assert back(with_extension(to_x400(PLAIN, context), extension), elsewhere).header.value("Subject") == "Hello"


def test_only_responsible_recipients_are_sent_to(context: Context, elsewhere: Context) -> None:
    apdu = message_to_x400(internet.parse(PLAIN), envelope(), [1, 2], context).result.message
    assert apdu is not None
    result = message_to_internet(apdu, [2], elsewhere).result.envelope
    assert [one.address for one in result.recipients] == ["John.Roe@widget.example"]


def test_other_content_types_and_broken_contents_are_refused(context: Context, elsewhere: Context) -> None:
    message = to_x400(PLAIN, context)
    edi = p1.Message(envelope=replace(message.envelope, content_type=p1.ContentType(built_in=35)), content=message.content)
    broken = p1.Message(envelope=message.envelope, content=MemoryOctets(b"\xa0\x03\x31"))
    for bad, diagnostic in ((edi, 15), (broken, 12)):
        with pytest.raises(ConversionError) as error:
            message_to_internet(bad, [1], elsewhere)
        assert error.value.failure.diagnostic == diagnostic


@given(st.text(st.sampled_from('ab\r\n:<>@,;(\\"\0 é'), max_size=30))
@limits(max_examples=60, deadline=None)
def test_no_value_of_a_heading_creates_a_header(text: str) -> None:
    heading = Heading(
        this_ipm=IPMIdentifier(user_relative_identifier=text),
        originator=ORDescriptor(free_form_name=text.encode("latin-1"), telephone_number=text),
        subject=text.encode("latin-1") + b"\r\nBcc: evil@example.org",
        related_ipms=(IPMIdentifier(user_relative_identifier=text),),
        extensions=(IPMSExtension(type_=oids.ID_RFC_822_FIELD_LIST, value=(f"X-A: {text}", f"{text}: x", "Bcc: evil@example.org")),),
    )
    scope = Scope(context=_CONTEXT[0])
    made = internet.serialise(message_of_ipm(IPM(heading=heading, body=()), scope, defaults=[("From", "gw@gw.example")]))
    names = [one.name.lower() for one in internet.parse(made).header]
    allowed = {"subject", "message-id", "references", "x-a", "from", "to", "mime-version", "ab", "a", "b", "aa", "bb", "ba"}
    assert "bcc" not in names
    assert all(name in allowed or set(name) <= set('ab<>@,;(\\"') for name in names)


_CONTEXT: list[Context] = []


@pytest.fixture(autouse=True)
def _remember(context: Context) -> Iterator[None]:
    _CONTEXT[:] = [context]
    yield


class Zeros(Octets):
    """100 MiB that exist only when they are read; remembers the largest piece."""

    largest = 0

    def __len__(self) -> int:
        return 100 << 20

    def read(self, start: int, end: int) -> bytes:
        Zeros.largest = max(Zeros.largest, end - start)
        return bytes(max(0, min(end, len(self)) - start))


@pytest.mark.slow
def test_a_large_attachment_stays_lazy_both_ways(context: Context, elsewhere: Context) -> None:
    body = internet.base64_body(Zeros())
    head = HEADER + b"MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    apdu = message_to_x400(internet.parse(ConcatOctets([head, body])), envelope(), [1], context).result
    content = asn1.encode_octets(apdu)
    assert len(content) > 100 << 20
    assert apdu.message is not None
    result = message_to_internet(apdu.message, [1], elsewhere).result.message
    assert len(result) > 130 << 20
    assert Zeros.largest <= 1 << 20


@pytest.mark.parametrize(("number", "text"), [(1, "line 5"), (2, "line 2"), (3, "reply line"), (5, ""), (7, "lines of information")])
def test_messages_of_1985_convert(number: int, text: str, context: Context) -> None:
    octets = (require_shared() / "captures" / "ean" / "p2" / f"ipm{number}.ber").read_bytes()
    found, _ = asn1.decode_prefix(octets, InformationObject)
    assert found.ipm is not None
    scope = Scope(context=context)
    message = message_of_ipm(found.ipm, scope, defaults=[("Date", "Thu, 14 Nov 1985 23:14:16 +0000"), ("From", "x@gw.example")])
    again = internet.parse(internet.serialise(message))
    assert again.content_type.essence == "text/plain"
    assert text in again.body.to_bytes().decode("ascii")
    assert (number == 5) == any("no body part" in note.text for note in scope.notes.taken())
    assert "@gw.example" in again.header.value("From")


def test_damaged_messages_give_a_message_or_a_reason(context: Context, elsewhere: Context) -> None:
    """A seeded walk over damaged octets, both ways: a value or a GatewayError, and never a Bcc that nobody wrote."""
    chance = Random(2156)
    apdu = asn1.encode(message_to_x400(internet.parse(MIXED), envelope(), [1], context).result)
    for _ in range(100):
        wire, raw = bytearray(apdu), bytearray(MIXED)
        wire[chance.randrange(len(wire))] = chance.choice((0, 10, 13, chance.randrange(256)))
        raw[chance.randrange(len(raw))] = chance.choice((0, 10, 58, chance.randrange(256)))
        with suppress(GatewayError):
            message_to_x400(internet.parse(bytes(raw)), envelope(), [1], context)
        with suppress(GatewayError):
            found = asn1.decode(bytes(wire), p1.MTSAPDU).message
            if found is not None:
                again = back(found, elsewhere)
                assert not again.header.value("Bcc")


@pytest.mark.parametrize("odd", ["TES\n", "T\x80ST", "T$ST", 'T"ST'])
def test_a_domain_that_no_text_form_can_hold_holds_up_nothing_and_is_noted(odd: str, context: Context, elsewhere: Context) -> None:
    """Trace and identifiers of a careless MTA: PrintableString with what it must not have (X.411 8.5.4)."""
    message = to_x400(PLAIN, context)
    domain = GlobalDomainIdentifier(
        country_name=CountryName(iso_3166_alpha2_code="XX"), administration_domain_name=AdministrationDomainName(printable=odd)
    )
    identifier = replace(message.envelope.message_identifier, global_domain_identifier=domain)
    trace = tuple(replace(each, global_domain_identifier=domain) for each in message.envelope.trace_information)
    transfer = replace(message.envelope, message_identifier=identifier, trace_information=trace, extensions=())
    conversion = message_to_internet(replace(message, envelope=transfer), [1], elsewhere)
    head = conversion.result.message.to_bytes(1 << 20).split(b"\r\n\r\n")[0]
    assert b"X400-MTS-Identifier: [/ADMD=T" in head
    assert head.isascii()
    assert (odd == 'T"ST') != any(note.rule == "global-domain-identifier" for note in conversion.notes)
