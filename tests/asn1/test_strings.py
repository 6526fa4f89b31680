"""Strings, primitive and constructed, and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway import asn1
from tests.asn1.samples import Indicator


def h(octets: str) -> bytes:
    return bytes.fromhex(octets)


TEXT = {18: asn1.NumericString, 19: asn1.PrintableString, 22: asn1.IA5String, 26: asn1.VisibleString, 12: asn1.UTF8String}
RAW = {
    4: asn1.OctetString, 7: asn1.ObjectDescriptor, 20: asn1.TeletexString, 21: asn1.VideotexString, 25: asn1.GraphicString,
    27: asn1.GeneralString,
}  # fmt: skip


@pytest.mark.parametrize("number", [*TEXT, *RAW])
def test_every_string_may_be_constructed_with_empty_and_nested_segments(number: int) -> None:
    element = (TEXT.get(number) or RAW[number])()
    expected = "1234" if number in TEXT else b"1234"
    body = h("04 02 31 32 04 00 24 80 04 01 33 24 03 04 01 34 00 00")
    constructed = bytes((number | 0x20, len(body))) + body
    assert asn1.decode(constructed, element) == expected
    assert asn1.decode(bytes((number | 0x20, 0x80)) + body + b"\x00\x00", element) == expected
    assert asn1.decode(bytes((number, 4)) + b"1234", element) == expected
    assert asn1.encode(expected, element) == bytes((number, 4)) + b"1234"


@pytest.mark.parametrize("octets", ["33 00", "33 80 00 00", "13 00", "33 02 04 00"])
def test_empty_printable_string_in_every_form(octets: str) -> None:
    """1985 EAN sends `62 02 33 00`."""
    assert asn1.decode(h(octets), asn1.PrintableString()) == ""


@pytest.mark.parametrize("octets", ["81 02 41 42", "A1 04 04 02 41 42", "A1 80 04 01 41 04 01 42 00 00", "A1 06 13 01 41 04 01 42"])
def test_implicitly_tagged_strings_in_both_forms(octets: str) -> None:
    assert asn1.decode(h(octets), asn1.PrintableString(tag=asn1.context(1))) == "AB"


def test_segments_have_no_other_tags() -> None:
    for octets in ("33 03 16 01 41", "33 03 80 01 41", "24 03 13 01 41", "23 04 04 02 00 41"):
        for element in (asn1.PrintableString(), asn1.OctetString(), asn1.LargeOctetString(), asn1.BitString()):
            with pytest.raises(asn1.BERError):
                asn1.decode(h(octets), element)


@pytest.mark.parametrize(
    ("octets", "bits"),
    [
        ("03 02 04 50", "0101"),
        ("03 01 00", ""),
        ("03 00", ""),
        ("23 00", ""),
        ("23 80 03 02 00 FF 03 01 00 03 02 07 80 00 00", "111111111"),
        ("A3 80 03 02 00 FF 23 04 03 02 07 80 00 00", "111111111"),
    ],
)
def test_bit_strings(octets: str, bits: str) -> None:
    tag = asn1.context(3) if octets.startswith("A3") else None
    assert "".join(str(bit) for bit in asn1.decode(h(octets), asn1.BitString(tag=tag))) == bits


@pytest.mark.parametrize("octets", ["03 02 08 50", "03 01 07", "23 08 03 02 04 50 03 02 00 50", "03 02 FF 50"])
def test_impossible_bit_strings_are_refused(octets: str) -> None:
    for element in (asn1.BitString(), asn1.NamedBitString(Indicator)):
        with pytest.raises(asn1.BERError):
            asn1.decode(h(octets), element)


def test_octets_above_127_are_read_as_latin_1() -> None:
    assert asn1.decode(h("16 02 41 E9"), asn1.IA5String()) == "A\xe9"
    with pytest.raises(asn1.BERError, match="repertoire"):
        asn1.encode("A\xe9", asn1.IA5String())
    assert asn1.encode("A\xe9", asn1.IA5String(), strict=False) == h("16 02 41 E9")
    with pytest.raises(asn1.BERError):
        asn1.encode("A\u20ac", asn1.IA5String(), strict=False)


@pytest.mark.parametrize(
    ("element", "text"),
    [
        (asn1.NumericString(), "12 A"), (asn1.PrintableString(), "a@b"), (asn1.PrintableString(), "a_b"), (asn1.PrintableString(), "a*"),
        (asn1.VisibleString(), "a\n"), (asn1.IA5String(), "\x80"),
    ],
)  # fmt: skip
def test_repertoires(element: asn1.Element[str], text: str) -> None:
    with pytest.raises(asn1.BERError, match="repertoire"):
        asn1.encode(text, element)
    assert asn1.decode(asn1.encode(text, element, strict=False), element) == text


def test_wide_strings_are_counted_in_characters() -> None:
    element = asn1.BMPString(size=(1, 2))
    assert asn1.encode("\u00e4\u20ac", element) == h("1E 04 00 E4 20 AC")
    assert asn1.decode(h("3E 06 04 01 00 04 01 41"), asn1.BMPString()) == "A"
    for wrong in ("1E 01 41", "1C 03 00 00 41", "0C 01 FF"):
        with pytest.raises(asn1.BERError):
            asn1.decode(h(wrong), {0x1E: asn1.BMPString(), 0x1C: asn1.UniversalString(), 0x0C: asn1.UTF8String()}[h(wrong)[0]])


EAST = timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("940102030405Z", datetime(1994, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("9401020304Z", datetime(1994, 1, 2, 3, 4, tzinfo=UTC)),
        ("9401020304", datetime(1994, 1, 2, 3, 4, tzinfo=UTC)),
        ("940102030405", datetime(1994, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("940102030405+0530", datetime(1994, 1, 2, 3, 4, 5, tzinfo=EAST)),
        ("9401020304-0100", datetime(1994, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=-1)))),
        ("800101000000Z", datetime(1980, 1, 1, tzinfo=UTC)),
        ("790101000000Z", datetime(2079, 1, 1, tzinfo=UTC)),
        ("051001145108Z", datetime(2005, 10, 1, 14, 51, 8, tzinfo=UTC)),
        ("161231235960Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_every_form_of_utc_time(text: str, value: datetime) -> None:
    found = asn1.decode(bytes((0x17, len(text))) + text.encode(), asn1.UTCTime())
    assert found == value
    assert found.utcoffset() == value.utcoffset()


@pytest.mark.parametrize(
    "text", ["", "9401", "940132030405Z", "941302030405Z", "94010203040Z", "940102030405+2500", "9401020304+0099", "x" * 13]
)
def test_what_is_no_utc_time(text: str) -> None:
    with pytest.raises(asn1.BERError):
        asn1.decode(bytes((0x17, len(text))) + text.encode(), asn1.UTCTime())


@pytest.mark.parametrize("text", ["940102030405Z", "940102030405+0530", "940102030405-0100", "940102030405+0000"])
def test_utc_time_keeps_the_sender_s_offset(text: str) -> None:
    octets = bytes((0x17, len(text))) + text.encode()
    assert asn1.encode(asn1.decode(octets, asn1.UTCTime()), asn1.UTCTime()) == octets


def test_a_time_that_has_no_encoding_is_refused() -> None:
    with pytest.raises(asn1.BERError, match="1980 to 2079"):
        asn1.encode(datetime(1970, 1, 1, tzinfo=UTC), asn1.UTCTime())
    with pytest.raises(asn1.BERError, match="no time zone"):
        asn1.encode(datetime(1994, 1, 1), asn1.UTCTime())  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("19851106210627.3Z", datetime(1985, 11, 6, 21, 6, 27, 300_000, tzinfo=UTC)),
        ("19851106210627.3-0500", datetime(1985, 11, 6, 21, 6, 27, 300_000, tzinfo=timezone(timedelta(hours=-5)))),
        ("1985110621Z", datetime(1985, 11, 6, 21, tzinfo=UTC)),
        ("1985110621.5Z", datetime(1985, 11, 6, 21, 30, tzinfo=UTC)),
        ("198511062106+01", datetime(1985, 11, 6, 21, 6, tzinfo=timezone(timedelta(hours=1)))),
    ],
)
def test_generalized_time(text: str, value: datetime) -> None:
    found = asn1.decode(bytes((0x18, len(text))) + text.encode(), asn1.GeneralizedTime())
    assert found == value
    assert asn1.decode(asn1.encode(found, asn1.GeneralizedTime()), asn1.GeneralizedTime()) == value


def test_generalized_time_at_the_end_of_time_is_refused_not_raised_through() -> None:
    with pytest.raises(asn1.BERError):
        asn1.decode(b"\x18\x15" + b"99991231235959.99Z+01", asn1.GeneralizedTime())
    assert asn1.decode(b"\x18\x12" + b"99991231235959.99Z", asn1.GeneralizedTime()).microsecond == 990_000
    with pytest.raises(asn1.BERError):
        asn1.decode(b"\x18\x13" + b"9999123123.9999999Z", asn1.GeneralizedTime(tag=asn1.context(1)))


def test_boolean_true_is_any_octet_but_zero() -> None:
    assert asn1.decode(h("01 01 01"), asn1.Boolean()) is True
    assert asn1.decode(h("01 01 00"), asn1.Boolean()) is False


@pytest.mark.parametrize("text", ["", "1", "1.2.", "3.1", "1.40", "a.b", "1.2.-3", "1..2"])
def test_what_is_no_object_identifier(text: str) -> None:
    with pytest.raises(asn1.BERError):
        asn1.encode(text, asn1.ObjectIdentifier())


@pytest.mark.parametrize("octets", ["06 00", "06 01 80", "06 02 80 01", "06 02 2A 80"])
def test_object_identifiers_that_are_cut_or_padded(octets: str) -> None:
    with pytest.raises(asn1.BERError):
        asn1.decode(h(octets), asn1.ObjectIdentifier())


def test_enormous_numbers_are_refused_before_they_are_computed() -> None:
    octets = b"\x02\x82\x10\x00" + b"\x7f" * 4096
    with pytest.raises(asn1.BERError, match="at most 1024"):
        asn1.decode(octets, asn1.Integer())
