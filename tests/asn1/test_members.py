"""SEQUENCE, SET, CHOICE, open types and variants: which members are taken, kept, refused, and under which path."""

from __future__ import annotations

import pytest

from gateway import asn1
from tests.asn1.samples import (
    APDU,
    EXTENSION_TYPE,
    CountryName,
    Envelope,
    ExtensionAttribute,
    ExtensionField,
    ExtensionType,
    Indicator,
    ORName,
    Priority,
    Recipient,
    message,
)


@asn1.sequence(extensible=True)
class Record:
    version: int = asn1.member(asn1.Integer(), default=0)
    name: str = asn1.member(asn1.IA5String(size=(1, 4)), tag=asn1.context(0))
    this_ipm: bool | None = asn1.member(asn1.Boolean(), tag=asn1.context(1), optional=True, name="this-IPM")
    rest: bytes | None = asn1.member(asn1.Any(), optional=True)


@asn1.sequence()
class Closed:
    a: int = asn1.member(asn1.Integer(), tag=asn1.context(0))
    b: int | None = asn1.member(asn1.Integer(), tag=asn1.context(1), optional=True)


@asn1.set_()
class Mixed:
    """A SET with an untagged CHOICE within CHOICE, so that one member has several tags."""

    country: object = asn1.member(lambda: Either)
    flag: bool = asn1.member(asn1.Boolean(), default=False)


@asn1.choice()
class Inner(asn1.Choice):
    small: int | None = asn1.alternative(asn1.Integer())
    text: str | None = asn1.alternative(asn1.IA5String())


@asn1.choice()
class Either(asn1.Choice):
    inner: Inner | None = asn1.alternative(Inner)
    country: CountryName | None = asn1.alternative(CountryName)
    nothing: asn1.NullType | None = asn1.alternative(asn1.Null, tag=asn1.context(0))


def h(octets: str) -> bytes:
    return bytes.fromhex(octets)


def test_default_is_filled_in_and_not_written() -> None:
    assert asn1.decode(h("30 03 80 01 41"), Record) == Record(name="A")
    assert asn1.encode(Record(name="A")) == h("30 03 80 01 41")


def test_default_written_out_is_accepted() -> None:
    assert asn1.decode(h("30 06 02 01 00 80 01 41"), Record) == Record(name="A")


def test_any_last_takes_whatever_comes() -> None:
    assert asn1.decode(h("30 08 80 01 41 BF 1F 02 05 00"), Record).rest == h("BF 1F 02 05 00")
    assert asn1.decode(h("30 09 80 01 41 30 80 05 00 00 00"), Record, trailing=True).rest == h("30 80 05 00 00 00")


@pytest.mark.parametrize(
    ("octets", "path", "reason"),
    [
        ("30 00", "a", "missing"),
        ("30 03 81 01 05", "a", "missing"),
        ("30 06 81 01 05 80 01 05", "a", "missing"),
        ("30 06 80 01 05 80 01 05", "a", "a second time"),
        ("30 09 80 01 05 81 01 05 80 01 05", "a", "out of order"),
        ("30 05 80 03 01", "a", ""),
    ],
)
def test_the_order_of_a_sequence_is_enforced(octets: str, path: str, reason: str) -> None:
    with pytest.raises(asn1.BERError) as caught:
        asn1.decode(h(octets), Closed, trailing=True)
    assert reason in caught.value.reason
    assert reason == "" or caught.value.path == path


def test_unknown_members_are_kept_where_they_were() -> None:
    octets = h("30 0E 88 01 01 80 01 05 A9 80 05 00 00 00 8A 00")
    value = asn1.decode(octets, Closed)
    assert value.unknown == (  # type: ignore[attr-defined]
        asn1.Unknown(None, h("88 01 01")), asn1.Unknown("a", h("A9 80 05 00 00 00")), asn1.Unknown("a", h("8A 00")),
    )  # fmt: skip
    assert asn1.encode(value) == octets


def test_unknown_members_take_part_in_equality_and_can_be_refused() -> None:
    octets = h("30 05 80 01 05 89 00")
    assert asn1.decode(octets, Closed) != Closed(a=5)
    with pytest.raises(asn1.BERError, match="unknown member"):
        asn1.decode(octets, Closed, strict_members=True)


def test_a_set_is_read_in_any_order_and_written_in_the_declared_one() -> None:
    either = Either(inner=Inner(text="GB"))
    for octets in ("31 07 16 02 47 42 01 01 FF", "31 07 01 01 FF 16 02 47 42"):
        assert asn1.decode(h(octets), Mixed) == Mixed(country=either, flag=True)
    assert asn1.encode(Mixed(country=either, flag=True)) == h("31 07 16 02 47 42 01 01 FF")


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("02 01 05", Either(inner=Inner(small=5))),
        ("61 04 13 02 47 42", Either(country=CountryName(iso_3166_alpha2_code="GB"))),
        ("61 05 12 03 32 33 34", Either(country=CountryName(x121_dcc_code="234"))),
        ("80 00", Either(nothing=asn1.NULL)),
    ],
)
def test_a_choice_within_a_choice_is_found_by_its_inner_tags(octets: str, value: Either) -> None:
    body = h(octets)
    assert asn1.decode(body, Either) == value
    assert asn1.encode(value) == body
    assert asn1.decode(b"\x31" + bytes((len(body),)) + body, Mixed) == Mixed(country=value)


def test_a_second_alternative_of_the_same_member_is_a_duplicate() -> None:
    with pytest.raises(asn1.BERError, match="sent twice") as caught:
        asn1.decode(h("31 07 16 02 47 42 02 01 05"), Mixed)
    assert caught.value.path == "country"


def test_duplicates_and_unknown_members_of_a_set() -> None:
    with pytest.raises(asn1.BERError, match="sent twice"):
        asn1.decode(h("31 09 01 01 FF 02 01 05 01 01 FF"), Mixed)
    value = asn1.decode(h("31 08 8F 00 02 01 05 9F 1F 00"), Mixed)
    assert [each.octets for each in value.unknown] == [h("8F 00"), h("9F 1F 00")]  # type: ignore[attr-defined]
    assert asn1.encode(value) == h("31 08 02 01 05 8F 00 9F 1F 00")


def test_an_unknown_alternative_is_refused() -> None:
    with pytest.raises(asn1.BERError, match=r"Either expected, \[5\] found"):
        asn1.decode(h("85 00"), Either)


def test_a_tag_on_a_choice_is_explicit() -> None:
    element = asn1.tagged(Either, asn1.context(7))
    assert asn1.encode(Either(inner=Inner(small=5)), element) == h("A7 03 02 01 05")
    assert asn1.decode(h("A7 80 02 01 05 00 00"), element) == Either(inner=Inner(small=5))
    for wrong in ("A7 00", "A7 06 02 01 05 02 01 05", "87 03 02 01 05", "A7 80 02 01 05 02 01 05 00 00"):
        with pytest.raises(asn1.BERError):
            asn1.decode(h(wrong), element)


def test_an_implicit_tag_replaces_an_application_tag() -> None:
    """p1-p22.md section 3: under [0] IMPLICIT the 60 of ORName disappears: A0 { 30 .. }."""
    plain = h("60 0C 30 0A 61 04 13 02 47 42 62 02 13 00")
    value = asn1.decode(plain, ORName)
    assert asn1.encode(value, strict=False) == plain
    implicit = asn1.tagged(ORName, asn1.context(0))
    assert asn1.encode(value, implicit, strict=False) == b"\xa0" + plain[1:]
    assert asn1.decode(b"\xa0" + plain[1:], implicit) == value


def test_open_type_is_decoded_by_its_sibling() -> None:
    known = h("30 0C 80 01 01 A1 07 13 05 53 6D 69 74 68")
    value = asn1.decode(known, ExtensionAttribute)
    assert value == ExtensionAttribute(extension_attribute_type=1, extension_attribute_value="Smith")
    assert asn1.encode(value) == known


def test_open_type_of_bytes_is_not_mistaken_for_raw() -> None:
    value = ExtensionAttribute(extension_attribute_type=2, extension_attribute_value=b"M\xc8uller")
    octets = asn1.encode(value)
    assert octets == h("30 0E 80 01 02 A1 09 14 07") + b"M\xc8uller"
    assert asn1.decode(octets, ExtensionAttribute) == value


@pytest.mark.parametrize("octets", ["30 0A 80 01 63 A1 05 13 03 41 42 43", "30 0A 80 01 01 A1 05 02 03 41 42 43"])
def test_open_type_unknown_or_not_as_promised_stays_raw(octets: str) -> None:
    value = asn1.decode(h(octets), ExtensionAttribute)
    assert value.extension_attribute_value == h(octets)[7:]
    assert isinstance(value.extension_attribute_value, asn1.Raw)
    assert asn1.encode(value) == h(octets)


def test_open_type_can_be_held_to_its_promise() -> None:
    with pytest.raises(asn1.BERError) as caught:
        asn1.decode(h("30 0A 80 01 01 A1 05 02 03 41 42 43"), ExtensionAttribute, strict_open_types=True)
    assert caught.value.path == "extension-attribute-value"
    assert caught.value.offset == 7


@asn1.set_()
class KeyLast:
    values: tuple[object, ...] = asn1.member(
        asn1.SetOf(asn1.OpenType(key="type_", registry={"1.2.3": asn1.Integer()}.get)), tag=asn1.context(0)
    )
    type_: str = asn1.member(asn1.ObjectIdentifier())


def test_open_type_in_a_set_may_come_before_its_key() -> None:
    value = KeyLast(values=(1, 2), type_="1.2.3")
    octets = asn1.encode(value)
    assert octets == h("31 0C A0 06 02 01 01 02 01 02 06 02 2A 03")
    assert asn1.decode(octets, KeyLast) == value
    assert asn1.decode(h("31 80 A0 80 02 01 01 02 01 02 00 00 06 02 2A 03 00 00"), KeyLast) == value


@pytest.mark.parametrize("octets", ["80 01 26", "A0 03 02 01 26"])
def test_both_encodings_of_an_extension_type_are_read(octets: str) -> None:
    """The published form, and the draft form that PP 6.0 sends (p1-p22.md 4.1)."""
    assert asn1.decode(h(octets), EXTENSION_TYPE) == ExtensionType(standard_extension=38)


@pytest.mark.parametrize("octets", ["83 02 2A 03", "A0 04 06 02 2A 03"])
def test_both_encodings_of_a_private_extension_type_are_read(octets: str) -> None:
    assert asn1.decode(h(octets), EXTENSION_TYPE) == ExtensionType(private_extension="1.2.3")


def test_the_dialect_chooses_the_encoding() -> None:
    value = ExtensionType(standard_extension=38)
    assert asn1.encode(value, EXTENSION_TYPE) == h("80 01 26")
    assert asn1.encode(value, EXTENSION_TYPE, dialects=frozenset({"draft"})) == h("A0 03 02 01 26")
    assert asn1.encode(message(b""), dialects=frozenset({"draft"})) != asn1.encode(message(b""))


def test_an_extension_field_takes_its_default_criticality_and_value() -> None:
    assert asn1.decode(h("30 03 80 01 63"), ExtensionField) == ExtensionField(type_=ExtensionType(standard_extension=99))
    assert asn1.decode(h("30 05 80 01 63 81 00"), ExtensionField).criticality == frozenset()


@pytest.mark.parametrize("octets", ["81 03 07 F0 00", "81 02 04 F0", "81 03 00 F0 00"])
def test_zero_bits_at_the_end_do_not_matter(octets: str) -> None:
    element = asn1.NamedBitString(Indicator, size=(8, 256), tag=asn1.context(1))
    value = asn1.decode(h(octets), element)
    assert value == {0, 1, 2, 3}
    assert {type(bit) for bit in value} == {Indicator, int}
    assert asn1.encode(value, element) == h("81 02 00 F0")


def test_numbers_without_a_name_stay_numbers() -> None:
    assert asn1.decode(h("0A 01 02"), asn1.Enumerated(Priority)) is Priority.URGENT
    assert asn1.decode(h("0A 01 09"), asn1.Enumerated(Priority)) == 9
    assert asn1.encode(9, asn1.Enumerated(Priority)) == h("0A 01 09")


def test_the_path_leads_to_the_fault() -> None:
    octets = asn1.encode(message(b"", recipients=3))
    at = octets.rindex(b"\x80\x01\x03")
    with pytest.raises(asn1.BERError) as caught:
        asn1.decode(octets[: at + 1] + b"\x00" + octets[at + 2 :], APDU)
    assert caught.value.path.startswith("message.envelope.recipients.2.")
    assert str(caught.value).startswith("message.envelope.recipients.2.originally-specified-recipient-number, octet ")


def test_a_missing_member_is_named() -> None:
    with pytest.raises(asn1.BERError, match=r"recipient-name, octet 0: ORName is missing"):
        asn1.decode(h("31 07 80 01 01 81 02 00 80"), Recipient)
    with pytest.raises(asn1.BERError, match="message-identifier"):
        asn1.decode(h("31 00"), Envelope)


@pytest.mark.parametrize(
    ("value", "element", "reason"),
    [
        (Record(name="ABCDE"), Record, "the length is 5, 1 to 4 allowed"),
        (Record(name="\xe9"), Record, "repertoire"),
        (Record(name=5), Record, "a int is not a value of IA5String"),  # type: ignore[arg-type]
        (Record(name="A", rest=b"\x30\x05"), Record, "5 octets where 0 are left"),
        (Record(name="A", rest=b"\x05\x00\x05\x00"), Record, "not one complete TLV"),
    ],
)
def test_strict_encoding_refuses_with_the_path(value: Record, element: type[Record], reason: str) -> None:
    with pytest.raises(asn1.BERError) as caught:
        asn1.encode(value, element)
    assert reason in caught.value.reason
    assert caught.value.path in ("name", "rest")
    assert caught.value.offset in (None, 0)


def test_lenient_encoding_writes_what_it_is_given() -> None:
    assert asn1.encode(Record(name="ABCDE\xe9"), strict=False) == h("30 08 80 06 41 42 43 44 45 E9")
    assert asn1.decode(h("30 08 80 06 41 42 43 44 45 E9"), Record).name == "ABCDE\xe9"


@pytest.mark.parametrize(
    ("octets", "encoding"),
    [
        ("28 09 06 02 51 01 A0 03 02 01 05", asn1.ExternalEncoding(single_asn1_type=b"\x02\x01\x05")),
        ("28 09 06 02 51 01 81 03 02 01 05", asn1.ExternalEncoding(octet_aligned=b"\x02\x01\x05")),  # type: ignore[arg-type]
        ("28 08 06 02 51 01 82 02 04 50", asn1.ExternalEncoding(arbitrary=asn1.Bits(b"\x50", 4))),  # type: ignore[arg-type]
    ],
)
def test_the_three_encodings_of_an_external(octets: str, encoding: asn1.ExternalEncoding) -> None:
    value = asn1.decode(h(octets), asn1.External)
    assert value.direct_reference == "2.1.1"
    assert value.encoding.chosen == encoding.chosen
    assert asn1.encode(value) == h(octets)


def test_an_external_may_lack_either_reference() -> None:
    """p1-stack.md 4.2: accept each alone."""
    assert asn1.decode(h("28 08 02 01 03 A0 03 02 01 05"), asn1.External).indirect_reference == 3
    assert asn1.decode(h("28 80 02 01 05 A0 80 A0 80 31 80 00 00 00 00 00 00 00 00"), asn1.LargeExternal).encoding.value is not None
