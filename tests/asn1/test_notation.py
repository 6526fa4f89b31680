"""Values as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway import asn1
from gateway.octets import MemoryOctets
from tests.asn1.samples import Indicator, Priority, message
from tests.asn1.test_x690_examples import RECORD


def test_the_personnel_record_of_x690_annex_a() -> None:
    assert (
        asn1.to_notation(RECORD)
        == """{
  name { given-name "John", initial "P", family-name "Smith" },
  title "Director",
  number 51,
  date-of-hire "19710917",
  name-of-spouse { given-name "Mary", initial "T", family-name "Smith" },
  children {
    { name { given-name "Ralph", initial "T", family-name "Smith" }, date-of-birth "19571111" },
    { name { given-name "Susan", initial "B", family-name "Jones" }, date-of-birth "19590717" }
  }
}"""
    )


@pytest.mark.parametrize(
    ("value", "element", "text"),
    [
        (True, asn1.Boolean(), "TRUE"),
        (asn1.NULL, asn1.Null(), "NULL"),
        (Priority.NON_URGENT, asn1.Enumerated(Priority), "non-urgent"),
        (9, asn1.Enumerated(Priority), "9"),
        (frozenset((Indicator.RESPONSIBILITY, 7)), asn1.NamedBitString(Indicator), "{ responsibility, 7 }"),
        (asn1.Bits(MemoryOctets(b"\xa8"), 3), asn1.BitString(), "'10101'B"),
        (b"\x01\xff", asn1.OctetString(), "'01FF'H"),
        (b"\x00" * 33, asn1.OctetString(), "'" + "00" * 32 + "...'H -- 33 octets --"),
        ("2.6.1.4.11", asn1.ObjectIdentifier(), "{ 2 6 1 4 11 }"),
        ('say "hi"\r\n', asn1.IA5String(), '"say ""hi""\\x0d\\x0a"'),
        (b"plain", asn1.TeletexString(), '"plain"'),
        (b"M\xc8u", asn1.TeletexString(), "'4DC875'H"),
        ((), asn1.SequenceOf(asn1.Integer()), "{ }"),
        ((1, 2), asn1.SequenceOf(asn1.Integer()), "{ 1, 2 }"),
        (datetime(1994, 1, 2, 3, 4, 5, tzinfo=UTC), asn1.UTCTime(), '"940102030405Z"'),
        (0.5, asn1.Real(), "0.5"),
    ],
)
def test_every_type(value: object, element: asn1.Element, text: str) -> None:
    assert asn1.to_notation(value, element) == text


def test_open_types_are_printed_by_their_type_and_unknown_ones_raw() -> None:
    text = asn1.to_notation(message(b"x" * 100))
    assert "{ type standard-extension : 4, criticality { responsibility }, value non-urgent }" in text
    assert "{ type private-extension : { 1 3 26 0 4406 0 }, value '0800'H }" in text
    assert "-- 100 octets --" in text


def test_unknown_members_are_shown() -> None:
    value = asn1.decode(bytes.fromhex("28 05 81 01 41 8F 00"), asn1.External)
    assert "-- unknown member '8F00'H --" in asn1.to_notation(value)
