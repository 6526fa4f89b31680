"""The worked examples of X.690, octet for octet."""

from __future__ import annotations

import pytest

from gateway import asn1

VISIBLE = asn1.VisibleString()
TYPE2 = asn1.VisibleString(tag=asn1.application(3))
TYPE3 = asn1.tagged(TYPE2, asn1.context(2, explicit=True))
TYPE4 = asn1.tagged(TYPE3, asn1.application(7))
TYPE5 = asn1.tagged(TYPE2, asn1.context(2))

EXAMPLES = [
    ("8.2.2", "01 01 FF", asn1.Boolean(), True),
    ("8.8.2", "05 00", asn1.Null(), asn1.NULL),
    ("8.14.3 Type1", "1A 05 4A 6F 6E 65 73", VISIBLE, "Jones"),
    ("8.14.3 Type2", "43 05 4A 6F 6E 65 73", TYPE2, "Jones"),
    ("8.14.3 Type3", "A2 07 43 05 4A 6F 6E 65 73", TYPE3, "Jones"),
    ("8.14.3 Type4", "67 07 43 05 4A 6F 6E 65 73", TYPE4, "Jones"),
    ("8.14.3 Type5", "82 05 4A 6F 6E 65 73", TYPE5, "Jones"),
    ("8.19.5", "06 03 81 34 03", asn1.ObjectIdentifier(), "2.100.3"),
    ("8.20.5", "0D 04 C2 7B 03 02", asn1.RelativeOID(), "8571.3.2"),
    ("8.6.4.2 primitive", "03 07 04 0A 3B 5F 29 1C D0", asn1.BitString(), asn1.Bits(bytes.fromhex("0A3B5F291CD0"), 4)),  # type: ignore[arg-type]
]

READ_ONLY = [
    ("8.23.6 constructed", "3A 09 04 03 4A 6F 6E 04 02 65 73", VISIBLE, "Jones"),
    ("8.23.6 indefinite", "3A 80 04 03 4A 6F 6E 04 02 65 73 00 00", VISIBLE, "Jones"),
    (
        "8.6.4.2 constructed",
        "23 80 03 03 00 0A 3B 03 05 04 5F 29 1C D0 00 00",
        asn1.BitString(),
        asn1.Bits(bytes.fromhex("0A3B5F291CD0"), 4),  # type: ignore[arg-type]
    ),
]


@pytest.mark.parametrize(("clause", "octets", "element", "value"), EXAMPLES + READ_ONLY)
def test_is_read(clause: str, octets: str, element: asn1.Element, value: object) -> None:
    assert asn1.decode(bytes.fromhex(octets), element) == value


@pytest.mark.parametrize(("clause", "octets", "element", "value"), EXAMPLES)
def test_is_written(clause: str, octets: str, element: asn1.Element, value: object) -> None:
    assert asn1.encode(value, element) == bytes.fromhex(octets)


@asn1.sequence()
class NameAndOk:
    """X.690 8.9.3."""

    name: str = asn1.member(asn1.IA5String())
    ok: bool = asn1.member(asn1.Boolean())


def test_sequence_of_8_9_3() -> None:
    octets = bytes.fromhex("30 0A 16 05 53 6D 69 74 68 01 01 FF")
    assert asn1.decode(octets, NameAndOk) == NameAndOk(name="Smith", ok=True)
    assert asn1.encode(NameAndOk(name="Smith", ok=True)) == octets


@asn1.sequence(tag=asn1.application(1))
class Name:
    given_name: str = asn1.member(VISIBLE)
    initial: str = asn1.member(VISIBLE)
    family_name: str = asn1.member(VISIBLE)


DATE = asn1.VisibleString(tag=asn1.application(3))


@asn1.set_()
class ChildInformation:
    name: Name = asn1.member(Name)
    date_of_birth: str = asn1.member(DATE, tag=asn1.context(0, explicit=True))


@asn1.set_(tag=asn1.application(0))
class PersonnelRecord:
    """X.690 Annex A."""

    name: Name = asn1.member(Name)
    title: str = asn1.member(VISIBLE, tag=asn1.context(0, explicit=True))
    number: int = asn1.member(asn1.Integer(tag=asn1.application(2)))
    date_of_hire: str = asn1.member(DATE, tag=asn1.context(1, explicit=True))
    name_of_spouse: Name = asn1.member(Name, tag=asn1.context(2, explicit=True))
    children: tuple[ChildInformation, ...] = asn1.member(asn1.SequenceOf(ChildInformation), tag=asn1.context(3), default=())


RECORD = PersonnelRecord(
    name=Name(given_name="John", initial="P", family_name="Smith"),
    title="Director",
    number=51,
    date_of_hire="19710917",
    name_of_spouse=Name(given_name="Mary", initial="T", family_name="Smith"),
    children=(
        ChildInformation(name=Name(given_name="Ralph", initial="T", family_name="Smith"), date_of_birth="19571111"),
        ChildInformation(name=Name(given_name="Susan", initial="B", family_name="Jones"), date_of_birth="19590717"),
    ),
)
ANNEX_A = bytes.fromhex(
    "608185 6110 1A044A6F686E 1A0150 1A05536D697468 A00A 1A084469726563746F72 420133 A10A 43083139373130393137"
    "A212 6110 1A044D617279 1A0154 1A05536D697468 A342"
    "311F 6111 1A0552616C7068 1A0154 1A05536D697468 A00A 43083139353731313131"
    "311F 6111 1A05537573616E 1A0142 1A054A6F6E6573 A00A 43083139353930373137"
)


def test_personnel_record_of_annex_a() -> None:
    assert asn1.decode(ANNEX_A, PersonnelRecord) == RECORD
    assert asn1.encode(RECORD) == ANNEX_A


def test_tags_above_30_use_the_long_form() -> None:
    element = asn1.Boolean(tag=asn1.context(1000))
    assert asn1.encode(True, element) == bytes.fromhex("9F 87 68 01 FF")
    assert asn1.decode(bytes.fromhex("9F 87 68 01 FF"), element) is True


@pytest.mark.parametrize(("value", "octets"), [(0, "020100"), (127, "02017F"), (128, "02020080"), (-128, "020180"), (-129, "0202FF7F")])
def test_integers_are_two_s_complement_in_the_fewest_octets(value: int, octets: str) -> None:
    assert asn1.encode(value, asn1.Integer()) == bytes.fromhex(octets)
    assert asn1.decode(bytes.fromhex(octets), asn1.Integer()) == value


@pytest.mark.parametrize("value", [0.0, 1.0, -0.15625, 1e300, -1e-300, 5e-324, float("inf"), float("-inf"), 0.1])
def test_reals_come_back(value: float) -> None:
    assert asn1.decode(asn1.encode(value, asn1.Real()), asn1.Real()) == value


def test_decimal_reals_are_read() -> None:
    assert asn1.decode(b"\x09\x09\x03" + b"15625E-5", asn1.Real()) == 0.15625


def test_a_real_with_an_exponent_of_many_digits_is_refused_at_once() -> None:
    with pytest.raises(asn1.BERError):
        asn1.decode(bytes.fromhex("09 0C 83 08 7F FFFFFFFFFFFFFF 01 01".replace(" ", "")), asn1.Real())
