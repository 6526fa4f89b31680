"""Every prefix, every bit flip and random octets give a value or a BERError; what was written is read back, by pyasn1 too."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder

from gateway import asn1
from gateway.asn1.schema import pyasn1_schema
from gateway.octets import MemoryOctets
from tests.asn1.samples import APDU, EXTENSION_TYPE, Envelope, Indicator, MTSIdentifier, ORName, Priority, message, name
from tests.asn1.test_declarations import Tree
from tests.asn1.test_x690_examples import ANNEX_A, RECORD, PersonnelRecord

SAMPLE = message(MemoryOctets(b"some content"))
OCTETS = asn1.encode(SAMPLE)


def indefinite(octets: bytes) -> bytes:
    """The same value with indefinite lengths where BER allows them, and superfluous length octets elsewhere."""
    return b"".join(
        head + b"\x80" + indefinite(content) + b"\x00\x00"
        if head[0] & 0x20
        else head + (bytes((0x81, len(content))) + content if content else b"\x00")
        for head, content in asn1_items(octets)
    )


def asn1_items(octets: bytes) -> list[tuple[bytes, bytes]]:
    items = []
    while octets:
        size, used = (octets[1], 2) if octets[1] < 0x80 else (int.from_bytes(octets[2 : 2 + octets[1] - 0x80], "big"), octets[1] - 0x80 + 2)
        items.append((octets[:1], octets[used : used + size]))
        octets = octets[used + size :]
    return items


def attempt(octets: bytes) -> None:
    try:
        value = asn1.decode(octets, APDU)
    except asn1.BERError as error:
        assert error.offset is not None
        assert 0 <= error.offset <= len(octets)
        return
    again = asn1.encode(value, strict=False)
    assert asn1.decode(again, APDU) == value
    asn1.to_notation(value)


def test_every_prefix_is_refused_with_an_offset_inside() -> None:
    for octets in (OCTETS, indefinite(OCTETS)):
        for end in range(len(octets)):
            try:
                asn1.decode(octets[:end], APDU)
            except asn1.BERError as error:
                assert error.offset is not None
                assert error.offset <= end
            else:
                raise AssertionError(f"a prefix of {end} octets was accepted")


def test_every_bit_flip_gives_a_value_or_an_error() -> None:
    """Every seventh bit here: 7 has no divisor with 8, so that all positions in an octet have their turn."""
    for bit in range(0, 8 * len(OCTETS), 7):
        flipped = bytearray(OCTETS)
        flipped[bit >> 3] ^= 1 << (bit & 7)
        attempt(bytes(flipped))


@given(st.binary(max_size=60))
@settings(max_examples=150, deadline=None)
def test_random_octets_give_a_value_or_an_error(octets: bytes) -> None:
    attempt(octets)


def test_indefinite_form_is_the_same_value() -> None:
    assert asn1.decode(indefinite(OCTETS), APDU) == SAMPLE
    assert asn1.decode(indefinite(ANNEX_A), PersonnelRecord) == RECORD


def test_pyasn1_reads_what_we_write_and_writes_the_same() -> None:
    for value, octets in ((SAMPLE, OCTETS), (RECORD, ANNEX_A)):
        found, rest = decoder.decode(octets, asn1Spec=pyasn1_schema(type(value)))
        assert not rest
        assert encoder.encode(found) == octets


def test_pyasn1_reads_types_that_contain_themselves() -> None:
    tree = Tree(branch=(Tree(leaf=1), Tree(branch=(Tree(leaf=2),))))
    found, rest = decoder.decode(asn1.encode(tree), asn1Spec=pyasn1_schema(Tree))
    assert not rest
    assert encoder.encode(found) == asn1.encode(tree)


def test_we_read_the_indefinite_and_segmented_forms_that_pyasn1_writes() -> None:
    found, _ = decoder.decode(OCTETS, asn1Spec=pyasn1_schema(APDU))
    chunked = encoder.encode(found, defMode=False, maxChunkSize=3)
    assert chunked != OCTETS
    assert asn1.decode(chunked, APDU) == SAMPLE


VALUES: list[tuple[asn1.Element, st.SearchStrategy]] = [
    (asn1.Boolean(), st.booleans()),
    (asn1.Integer(), st.integers(-(1 << 70), 1 << 70)),
    (asn1.Integer(), st.integers(-300, 300)),
    (asn1.Enumerated(Priority), st.integers(0, 5)),
    (asn1.NamedBitString(Indicator), st.frozensets(st.integers(0, 40))),
    (asn1.NamedBitString(Indicator, size=(8, 64)), st.frozensets(st.integers(0, 40))),
    (asn1.OctetString(), st.binary(max_size=300)),
    (asn1.LargeOctetString(), st.binary(max_size=300).map(MemoryOctets)),
    (asn1.IA5String(), st.text(st.characters(max_codepoint=127), max_size=200)),
    (asn1.UTF8String(), st.text(max_size=50)),
    (asn1.BMPString(), st.text(st.characters(max_codepoint=0xD7FF), max_size=50)),
    (asn1.UniversalString(), st.text(st.characters(exclude_categories=["Cs"]), max_size=50)),
    (asn1.NumericString(), st.text("0123456789 ", max_size=20)),
    (asn1.Real(), st.floats(allow_nan=False)),
    (asn1.ObjectIdentifier(), st.lists(st.integers(0, 1 << 40), min_size=1).map(lambda arcs: ".".join(map(str, [2, *arcs])))),
    (asn1.RelativeOID(), st.lists(st.integers(0, 1 << 40), min_size=1).map(lambda arcs: ".".join(map(str, arcs)))),
    (
        asn1.UTCTime(),
        st.builds(
            lambda seconds, minutes: (datetime(1980, 1, 2, tzinfo=UTC) + timedelta(seconds=seconds)).astimezone(
                timezone(timedelta(minutes=minutes))
            ),
            st.integers(0, 3_000_000_000), st.integers(-700, 700),
        ),
    ),
]  # fmt: skip


LEAVES = [
    asn1.Boolean, asn1.Integer, asn1.Null, asn1.ObjectIdentifier, asn1.RelativeOID, asn1.Real, asn1.NumericString, asn1.PrintableString,
    asn1.IA5String, asn1.VisibleString, asn1.UTF8String, asn1.BMPString, asn1.UniversalString, asn1.TeletexString, asn1.UTCTime,
    asn1.GeneralizedTime, asn1.BitString, asn1.OctetString, asn1.LargeOctetString,
]  # fmt: skip


@given(st.binary(max_size=20), st.sampled_from(LEAVES), st.booleans())
@settings(max_examples=400, deadline=None)
def test_random_contents_of_every_type_give_a_value_or_an_error(content: bytes, kind: type, constructed: bool) -> None:
    octets = bytes((kind.NUMBER | 0x20 * constructed, len(content))) + content
    try:
        value = asn1.decode(octets, kind)
    except asn1.BERError as error:
        assert error.offset is not None
        return
    if not constructed:
        assert asn1.decode(asn1.encode(value, kind, strict=False), kind) == value


@given(st.data())
@settings(max_examples=250, deadline=None)
def test_every_element_reads_back_what_it_wrote_under_every_tag(data: st.DataObject) -> None:
    element, values = data.draw(st.sampled_from(VALUES))
    value = data.draw(values)
    tag = data.draw(st.sampled_from([None, asn1.context(3), asn1.application(77, explicit=True), asn1.private(5)]))
    tagged = element if tag is None else asn1.tagged(element, tag)
    octets = asn1.encode(value, tagged)
    assert asn1.decode(octets, tagged) == value
    assert asn1.encode(asn1.decode(octets, tagged), tagged) == octets
    _, rest = decoder.decode(octets, asn1Spec=pyasn1_schema(tagged))
    assert not rest


@given(st.text("ABC é@", max_size=70), st.integers(-5, 40000), st.booleans())
@settings(max_examples=60, deadline=None)
def test_strict_writing_refuses_or_reads_back(text: str, number: int, strict: bool) -> None:
    assert SAMPLE.message is not None
    recipient = SAMPLE.message.envelope.recipients[0]
    changed = replace(recipient, recipient_name=name(text), originally_specified_recipient_number=number)
    try:
        octets = asn1.encode(changed, strict=strict)
    except asn1.BERError as error:
        assert strict
        assert error.path
        return
    assert asn1.decode(octets, type(changed)) == changed


def test_members_of_a_set_in_reverse_order() -> None:
    assert SAMPLE.message is not None
    envelope = SAMPLE.message.envelope
    body = b"".join(
        head + bytes((0x82, *len(content).to_bytes(2, "big"))) + content
        for head, content in reversed(asn1_items(asn1.encode(envelope)[4:]))
    )
    assert asn1.decode(b"\x31\x82" + len(body).to_bytes(2, "big") + body, Envelope) == envelope


def test_every_declared_sample_is_its_own_inverse() -> None:
    assert SAMPLE.message is not None
    for value, element in (
        (SAMPLE.message.envelope.message_identifier, MTSIdentifier), (SAMPLE.message.envelope.originator_name, ORName),
        (SAMPLE.message.envelope.recipients[0].extensions[0].type_, EXTENSION_TYPE),
    ):  # fmt: skip
        assert asn1.decode(asn1.encode(value, element), element) == value  # type: ignore[call-overload]
