"""O/R addresses: the model, its table, matching, and both directions of the wire form."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import asn1
from gateway.x400.extension_attributes import (
    CharacterEncoding,
    PDSParameter,
    PresentationAddress,
    UnformattedPostalAddress,
    UniversalOrBMPString,
)
from gateway.x400.oraddress import (
    ATTRIBUTE_BY_KEYWORD,
    ATTRIBUTE_BY_NAME,
    ATTRIBUTES,
    ORAddress,
    ORAddressError,
    ORName,
    Syntax,
    oraddress_from_orname,
    orname_from_oraddress,
)

FULL = ORAddress(
    country="234",
    admd="gold 400",
    prmd="42",
    organization="UCL",
    organizational_units=("CS", "Systems"),
    surname="Kille",
    given_name="Steve",
    initials="SE",
    generation="II",
    common_name="list",
    x121="234219200300",
    terminal_id="term",
    terminal_type=5,
    numeric_user_id="12345",
    network_number="441813337777",
    network_sub_address="1",
    pds_name="bt",
    physical_delivery_country="GB",
    postal_code="TW9 1DT",
    street_address=PDSParameter(printable_string="Hauptstr", teletex_string=b"Hauptstra\xfbe"),
    unformatted_postal_address=UnformattedPostalAddress(printable_address=("The Dome", "The Square"), teletex_string=b"T"),
    domain_defined=(("RFC-822", "a(a)b"), ("x", "y")),
    teletex_common_name=b"yen \xa5",
    teletex_organization=b"\xc8aa",
    teletex_organizational_units=(b"one", b"two"),
    teletex_surname=b"M\xc8uller",
    teletex_initials=b"M",
    teletex_domain_defined=((b"t", b"v"),),
    universal=((24, UniversalOrBMPString(character_encoding=CharacterEncoding(two_octets="M\u00fcller"), iso_639_language_code="de")),),
)


def through_octets(address: ORAddress) -> ORAddress:
    name = asn1.decode(asn1.encode(orname_from_oraddress(address), strict=False), ORName)
    assert name == orname_from_oraddress(address)
    return oraddress_from_orname(name)


def test_everything_survives() -> None:
    assert through_octets(FULL) == FULL
    asn1.encode(orname_from_oraddress(FULL))  # and keeps to bounds and repertoires


@pytest.mark.parametrize("row", [row for row in ATTRIBUTES if row.extension and row.extension == row.teletex and row.extension != 16])
def test_physical_delivery_attributes_stand_under_their_number(row: object) -> None:
    address = ORAddress(**{row.name: PDSParameter(printable_string="x")})  # type: ignore[attr-defined]
    name = orname_from_oraddress(address)
    assert [each.extension_attribute_type for each in name.extension_attributes or ()] == [row.extension]  # type: ignore[attr-defined]
    assert through_octets(address) == address


@pytest.mark.parametrize(
    ("address", "octets"),
    [
        (ORAddress(country="GB"), "6008 3006 6104 1302 4742"),
        (ORAddress(country="234"), "6009 3007 6105 1203 323334"),
        (ORAddress(admd=" "), "6007 3005 6203 1301 20"),
        (ORAddress(admd="0"), "6007 3005 6203 1201 30"),
        (ORAddress(prmd="uk"), "6008 3006 A204 1302 756B"),
        (ORAddress(surname="a", initials="b"), "600A 3008 A506 800161 820162"),
        (ORAddress(organizational_units=("top", "low")), "600E 300C A60A 1303 746F70 1303 6C6F77"),
        (ORAddress(domain_defined=(("t", "v"),)), "600C 3000 3008 3006 130174 130176"),
        (ORAddress(common_name="c"), "600E 3000 310A 3008 800101 A103 130163"),
        (ORAddress(terminal_type=3), "600E 3000 310A 3008 800117 A103 020103"),
    ],
)
def test_octets(address: ORAddress, octets: str) -> None:
    """X.411 figure 2 with its tags; country, ADMD and PRMD are explicit, numeric where digits only (RFC 2156 4.1.1)."""
    assert asn1.encode(orname_from_oraddress(address)) == bytes.fromhex(octets)
    assert oraddress_from_orname(asn1.decode(bytes.fromhex(octets), ORName)) == address


@pytest.mark.parametrize(
    ("octets", "field"),
    [("600A 3008 6206 1304 31323334", "admd"), ("6008 3006 A204 1202 3420", "prmd"), ("6009 3007 6105 1303 323334", "country")],
)
def test_unusual_string_type_is_kept(octets: str, field: str) -> None:
    address = oraddress_from_orname(asn1.decode(bytes.fromhex(octets), ORName))
    assert address.other_kind == {field}
    assert asn1.encode(orname_from_oraddress(address), strict=False) == bytes.fromhex(octets)
    assert address.key() == dataclasses.replace(address, other_kind=frozenset()).key()


def test_empty_attributes_of_1985_are_not_absent() -> None:
    """[EAN]: country and ADMD of zero length, one of them constructed."""
    address = oraddress_from_orname(asn1.decode(bytes.fromhex("600A 3008 6102 1300 6202 3300"), ORName))
    assert (address.country, address.admd, address.prmd) == ("", "", None)


def test_unknown_and_broken_extension_attributes_are_kept_octet_for_octet() -> None:
    octets = bytes.fromhex("6019 3000 3115 3007 800163 A102 0500 300A 800102 A105 0C03 C3A478".replace(" ", ""))
    address = oraddress_from_orname(asn1.decode(octets, ORName))
    assert address.unknown_extensions == ((99, bytes.fromhex("0500")), (2, bytes.fromhex("0C03C3A478")))
    assert address.teletex_common_name is None
    assert asn1.encode(orname_from_oraddress(address)) == octets


@pytest.mark.parametrize(
    "fields",
    [{"given_name": "a"}, {"initials": "a"}, {"generation": "a"}, {"teletex_given_name": b"a"}, {"network_sub_address": "1"}],
)
def test_addresses_without_an_encoding_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ORAddressError):
        orname_from_oraddress(ORAddress(**fields))  # type: ignore[arg-type]


def test_psap_address() -> None:
    address = ORAddress(psap_address=PresentationAddress(t_selector=b"x", n_addresses=(b"\x54\x00",)))
    assert through_octets(address) == address


def test_directory_name_goes_with_the_name_and_not_with_the_address() -> None:
    name = orname_from_oraddress(ORAddress(surname="a"), directory_name=bytes.fromhex("3000"))
    octets = asn1.encode(name)
    assert octets.endswith(bytes.fromhex("A002 3000"))
    assert oraddress_from_orname(asn1.decode(octets, ORName)) == ORAddress(surname="a")


# --- matching -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (ORAddress(country="gb", surname="Kille"), ORAddress(country="GB", surname="KILLE")),
        (ORAddress(organization=" A  bank "), ORAddress(organization="a bank")),
        (ORAddress(admd=" "), ORAddress(admd="")),
        (ORAddress(x121="2342 1920"), ORAddress(x121="23421920")),
        (ORAddress(domain_defined=(("Rfc-822", "A(a)b"),)), ORAddress(domain_defined=(("RFC-822", "a(a)B"),))),
        (ORAddress(street_address=PDSParameter(printable_string="A b")), ORAddress(street_address=PDSParameter(printable_string="a  B"))),
    ],
)
def test_addresses_that_match(left: ORAddress, right: ORAddress) -> None:
    assert left != right
    assert left.key() == right.key() and hash(left.key()) == hash(right.key())


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (ORAddress(surname="a b"), ORAddress(surname="ab")),
        (ORAddress(organizational_units=("a", "b")), ORAddress(organizational_units=("b", "a"))),
        (ORAddress(prmd="a"), ORAddress(admd="a")),
        (ORAddress(organization=""), ORAddress()),
    ],
)
def test_addresses_that_do_not_match(left: ORAddress, right: ORAddress) -> None:
    assert left.key() != right.key()


def test_addresses_are_hashable_and_an_empty_one_is_false() -> None:
    assert len({FULL, dataclasses.replace(FULL)}) == 1
    assert not ORAddress() and ORAddress(country="") and FULL


# --- the table ----------------------------------------------------------------------------------------------------------------------

KEYWORDS_OF_RFC_2156_4_1_1 = (
    "C ADMD PRMD X121 T-ID O OU UA-ID S G I GQ DD CN PD-SERVICE PD-C PD-CODE PD-OFFICE PD-OFFICE-NUM PD-EXT-ADDRESS PD-PN PD-O "
    "PD-EXT-DELIVERY PD-ADDRESS PD-STREET PD-BOX PD-RESTANTE PD-UNIQUE PD-LOCAL NET-NUM NET-SUB NET-PSAP T-TY"
)


def test_table_has_every_keyword_of_the_rfc_and_every_field_of_the_model() -> None:
    assert {row.key for row in ATTRIBUTES} == set(KEYWORDS_OF_RFC_2156_4_1_1.split())
    fields = {field.name for field in dataclasses.fields(ORAddress)}
    assert ATTRIBUTE_BY_NAME.keys() <= fields
    rest = fields - ATTRIBUTE_BY_NAME.keys()
    assert all(name.startswith("teletex_") or name in {"other_kind", "universal", "unknown_extensions"} for name in rest)
    for row in ATTRIBUTES:
        separate = row.teletex is not None and row.teletex != row.extension
        assert (f"teletex_{row.name}" in fields) == separate, row.name


def test_keywords_are_unique_and_places_run_from_country_to_domain_defined() -> None:
    words = [word for row in ATTRIBUTES for word in (row.key, *row.aliases)]
    assert len(words) == len(set(words)) == len(ATTRIBUTE_BY_KEYWORD)
    assert [row.place for row in ATTRIBUTES] == list(range(len(ATTRIBUTES)))
    assert [row.key for row in ATTRIBUTES][:5] == ["C", "ADMD", "PRMD", "O", "OU"] and ATTRIBUTES[-1].key == "DD"


def test_1984_has_no_extension_attributes() -> None:
    assert all(row.extension is None for row in ATTRIBUTES if row.in_84)
    assert {row.syntax for row in ATTRIBUTES} == set(Syntax)


# --- any address --------------------------------------------------------------------------------------------------------------------

TEXT = st.text("ABab 01'", max_size=5)
PDS = st.builds(PDSParameter, printable_string=st.none() | TEXT, teletex_string=st.none() | st.binary(max_size=4))


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        ORAddress,
        country=st.none() | TEXT,
        admd=st.none() | TEXT,
        prmd=st.none() | TEXT,
        postal_code=st.none() | TEXT,
        physical_delivery_country=st.none() | TEXT,
        other_kind=st.frozensets(st.sampled_from(["admd", "prmd", "country"])),
        organization=st.none() | TEXT,
        organizational_units=st.lists(TEXT, max_size=5).map(tuple),
        surname=TEXT,
        initials=st.none() | TEXT,
        street_address=st.none() | PDS,
        teletex_common_name=st.none() | st.binary(max_size=5),
        teletex_organizational_units=st.lists(st.binary(max_size=3), max_size=3).map(tuple),
        domain_defined=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
        terminal_type=st.none() | st.integers(0, 300),
    )
)
def test_any_address_survives(address: ORAddress) -> None:
    kinds = frozenset(name for name in address.other_kind if getattr(address, name) is not None)
    address = dataclasses.replace(address, other_kind=kinds)
    assert through_octets(address) == address
