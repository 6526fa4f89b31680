"""Identifier and length octets: what is accepted, what is refused, where, and how fast."""

from __future__ import annotations

import itertools

import pytest

from gateway import asn1

INTEGERS = asn1.SequenceOf(asn1.Integer())


@pytest.mark.parametrize(
    "octets",
    [
        "30 06 02 01 01 02 01 02",
        "30 80 02 01 01 02 01 02 00 00",
        "30 81 06 02 01 01 02 01 02",
        "30 84 00 00 00 06 02 01 01 02 01 02",
        "30 88 00 00 00 00 00 00 00 06 02 01 01 02 01 02",
        "30 82 00 08 02 82 00 01 01 02 01 02",
        "30 80 02 02 00 01 02 81 01 02 00 00",
    ],
)
def test_every_form_of_a_length_is_accepted(octets: str) -> None:
    assert asn1.decode(bytes.fromhex(octets), INTEGERS) == (1, 2)


@pytest.mark.parametrize(
    ("octets", "reason", "offset"),
    [
        ("", "no octets", 0),
        ("30", "ends before", 0),
        ("30 06 02 01 01", "6 octets where 3 are left", 0),
        ("30 84 FF FF FF FF 02 01 01", "a length of 4294967295", 0),
        ("30 88 FF FF FF FF FF FF FF FF 00", "a length of", 0),
        ("30 82 01", "ends before", 0),
        ("30 FF 00", "reserved", 0),
        ("30 03 02 02 01", "2 octets where 1 are left", 2),
        ("30 80 02 01 01", "ends before", 5),
        ("30 80 02 01 01 00", "ends before", 5),
        ("30 05 02 01 01 00 00", "end-of-contents", 5),
        ("30 80 02 01 01 00 01 00", "end-of-contents", 5),
        ("30 02 00 00", "end-of-contents", 2),
        ("00 00", "end-of-contents", 0),
        ("30 80 02 80 01 00 00 00 00", "indefinite length of a primitive", 2),
        ("30 03 22 01 01", "INTEGER in a constructed", 2),
        ("10 03 02 01 01", "SEQUENCE OF in a primitive", 0),
        ("30 02 02 00", "without contents", 2),
        ("30 07 9F 90 80 80 80 00 00", "tag number above", 2),
        ("30 09 9F FF FF FF FF FF FF 7F 00", "tag number above", 2),
        ("30 04 9F 80 01 00", "begins with zero bits", 2),
        ("30 02 9F 85", "ends before", 2),
        ("30 03 04 01 01", "INTEGER expected, [UNIVERSAL 4] found", 2),
        ("30 00 FF", "1 octets behind the value", 2),
    ],
)
def test_bad_framing_is_refused_with_its_offset(octets: str, reason: str, offset: int) -> None:
    with pytest.raises(asn1.BERError) as caught:
        asn1.decode(bytes.fromhex(octets), INTEGERS)
    assert reason in caught.value.reason
    assert caught.value.offset == offset


def test_trailing_octets_can_be_allowed_and_counted() -> None:
    assert asn1.decode(b"\x02\x01\x05rest", asn1.Integer(), trailing=True) == 5
    assert asn1.decode_prefix(b"\x02\x01\x05rest", asn1.Integer()) == (5, 3)
    assert asn1.decode_prefix(bytes.fromhex("30 80 02 01 01 00 00 FF FF"), INTEGERS) == ((1,), 7)


def test_first_tag_tells_what_begins_here() -> None:
    assert asn1.first_tag(bytes.fromhex("A0 80 00 00")) == asn1.context(0)
    assert asn1.first_tag(bytes.fromhex("7F 87 68 00")) == asn1.application(1000)


def recursive() -> type:
    @asn1.sequence()
    class Nested:
        inner: object = asn1.member(lambda: Nested, optional=True)

    return Nested


NESTED = recursive()
BOMBS = {
    "indefinite sequences": b"\x30\x80" * 10_000,
    "constructed octet strings": b"\x24\x80" * 10_000,
    "explicit tags": b"\xa0\x80" * 10_000,
    "closed": b"\x30\x80" * 10_000 + b"\x00\x00" * 10_000,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize(
    "element", [NESTED, asn1.Any(), asn1.LargeAny(), asn1.OctetString(), asn1.LargeOctetString(), asn1.SequenceOf(asn1.Any())]
)
def test_ten_thousand_levels_are_refused_without_recursion(bomb: bytes, element: asn1.ElementLike) -> None:
    """The offset tells that nothing beyond the limit of depth was looked at."""
    with pytest.raises(asn1.BERError) as caught:
        asn1.decode(bomb, element)  # type: ignore[call-overload]
    assert caught.value.offset is not None
    assert caught.value.offset <= 2 * 64


def test_depth_is_counted_for_unknown_members_too() -> None:
    octets = b"\x30\x80" + b"\xa9\x80" * 80 + b"\x00\x00" * 81
    with pytest.raises(asn1.BERError, match="deeper than 64"):
        asn1.decode(octets, NESTED)
    assert asn1.decode(octets, NESTED, limits=asn1.Limits(depth=100)).unknown[0].octets == octets[2:-2]


def test_definite_lengths_may_nest_to_the_limit_and_not_beyond() -> None:
    def nested(levels: int) -> bytes:
        octets = b""
        for _ in range(levels):
            octets = b"\x30" + bytes((0x81, len(octets))) + octets
        return octets

    assert asn1.decode(nested(64), NESTED) is not None
    with pytest.raises(asn1.BERError) as caught:
        asn1.decode(nested(65), NESTED)
    assert caught.value.path.startswith("inner.inner")


def test_the_number_of_elements_is_limited() -> None:
    octets = asn1.encode(tuple(range(100)), INTEGERS)
    with pytest.raises(asn1.BERError, match="too many elements"):
        asn1.decode(octets, INTEGERS, limits=asn1.Limits(elements=100))
    assert len(asn1.decode(octets, INTEGERS, limits=asn1.Limits(elements=101))) == 100


def test_a_million_segments_of_one_octet_are_refused_at_the_limit() -> None:
    octets = b"\x24\x80" + b"\x04\x01x" * 1_000_000 + b"\x00\x00"
    for element in (asn1.LargeOctetString(), asn1.OctetString()):
        with pytest.raises(asn1.BERError, match="too many segments") as caught:
            asn1.decode(octets, element, limits=asn1.Limits(segments=20_000))
        assert caught.value.offset == 2 + 3 * 20_000


def test_the_size_of_the_input_and_of_the_values_is_limited() -> None:
    octets = asn1.encode((b"x" * 600, b"y" * 600), asn1.SequenceOf(asn1.OctetString()))
    with pytest.raises(asn1.BERError, match="at most 1000"):
        asn1.decode(octets, asn1.SequenceOf(asn1.OctetString()), limits=asn1.Limits(size=1000))
    with pytest.raises(asn1.BERError, match="memory"):
        asn1.decode(octets, asn1.SequenceOf(asn1.OctetString()), limits=asn1.Limits(memory=1000))


def test_limits_keep_recursion_far_from_the_interpreter_s_own() -> None:
    with pytest.raises(ValueError, match="depth"):
        asn1.Limits(depth=1000)


def test_short_random_looking_octets_never_raise_anything_else() -> None:
    heads = (0x30, 0x31, 0xA0, 0x24, 0x04, 0x02, 0x00, 0x80, 0x81, 0xFF, 0x1F)
    for octets in itertools.product(heads, repeat=4):
        for element in (NESTED, INTEGERS, asn1.Any(), asn1.External):
            try:
                asn1.decode(bytes(octets), element, trailing=True)  # type: ignore[call-overload]
            except asn1.BERError as error:
                assert error.offset is not None
