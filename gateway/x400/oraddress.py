"""O/R addresses as values: immutable, hashable, one attribute per name of X.402 18.3.

The wire form is `ORName` (module `gateway.x400.orname`), the table of attributes is in `gateway.x400.oraddress_attributes` (both are
re-exported here). `oraddress_from_orname` and `orname_from_oraddress` lose nothing that is known, and keep extension attributes that are
not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from gateway import asn1
from gateway.errors import GatewayError
from gateway.x400.countries import ISO_3166_OF_X121
from gateway.x400.extension_attributes import (
    E1634Address,
    ExtendedNetworkAddress,
    ExtensionAttribute,
    PDSParameter,
    PhysicalDeliveryCountryName,
    PostalCode,
    PresentationAddress,
    TeletexDomainDefinedAttribute,
    TeletexPersonalName,
    TerminalType,
    UnformattedPostalAddress,
)
from gateway.x400.oraddress_attributes import ATTRIBUTE_BY_KEYWORD, ATTRIBUTE_BY_NAME, ATTRIBUTES, Attribute, Syntax
from gateway.x400.orname import (
    AdministrationDomainName,
    BuiltInDomainDefinedAttribute,
    BuiltInStandardAttributes,
    CountryName,
    EncodedORAddress,
    ORName,
    PersonalName,
    PrivateDomainName,
)

__all__ = [
    "ATTRIBUTES",
    "ATTRIBUTE_BY_KEYWORD",
    "ATTRIBUTE_BY_NAME",
    "Attribute",
    "EncodedORAddress",
    "ORAddress",
    "ORAddressError",
    "ORName",
    "PDSParameter",
    "Syntax",
    "oraddress_from_orname",
    "orname_from_oraddress",
]


class ORAddressError(GatewayError):
    """An O/R address that has no encoding: given name, initials or generation without a surname (X.411 PersonalName)."""


_PDS_FIELDS: Final[dict[int, str]] = {
    row.extension: row.name for row in ATTRIBUTES if row.extension is not None and row.extension == row.teletex and row.extension != 16
}
_UNIVERSAL: Final = frozenset(range(24, 41))


@dataclass(frozen=True, slots=True, kw_only=True)
class ORAddress:
    """An O/R address (X.402 clause 18).

    None means absent; a zero-length value is not the same (RFC 2156 Appendix B: 1984 peers send them). ``==`` is exact; addresses that
    mean the same user have the same `key`.

    Attributes:
        organizational_units: Most significant first, as in the SEQUENCE.
        domain_defined: Pairs of type and value, most significant first.
        other_kind: Names of attributes whose string type on the wire is not the usual one. Usual is NumericString for digits only and
            PrintableString for everything else (RFC 2156 4.1.1).
        universal: Universal variants (X.411 1999, attributes 24 to 40) as their wire values, by number, ascending.
        unknown_extensions: Extension attributes that are not known or did not decode: number and raw encoding.
    """

    country: str | None = None
    admd: str | None = None
    prmd: str | None = None
    organization: str | None = None
    organizational_units: tuple[str, ...] = ()
    surname: str | None = None
    given_name: str | None = None
    initials: str | None = None
    generation: str | None = None
    common_name: str | None = None
    x121: str | None = None
    terminal_id: str | None = None
    terminal_type: int | None = None
    numeric_user_id: str | None = None
    network_number: str | None = None
    network_sub_address: str | None = None
    psap_address: PresentationAddress | None = None
    pds_name: str | None = None
    physical_delivery_country: str | None = None
    postal_code: str | None = None
    physical_delivery_office_name: PDSParameter | None = None
    physical_delivery_office_number: PDSParameter | None = None
    extension_or_address_components: PDSParameter | None = None
    physical_delivery_personal_name: PDSParameter | None = None
    physical_delivery_organization_name: PDSParameter | None = None
    extension_physical_delivery_address_components: PDSParameter | None = None
    unformatted_postal_address: UnformattedPostalAddress | None = None
    street_address: PDSParameter | None = None
    post_office_box_address: PDSParameter | None = None
    poste_restante_address: PDSParameter | None = None
    unique_postal_name: PDSParameter | None = None
    local_postal_attributes: PDSParameter | None = None
    domain_defined: tuple[tuple[str, str], ...] = ()
    teletex_common_name: bytes | None = None
    teletex_organization: bytes | None = None
    teletex_organizational_units: tuple[bytes, ...] = ()
    teletex_surname: bytes | None = None
    teletex_given_name: bytes | None = None
    teletex_initials: bytes | None = None
    teletex_generation: bytes | None = None
    teletex_domain_defined: tuple[tuple[bytes, bytes], ...] = ()
    other_kind: frozenset[str] = frozenset()
    universal: tuple[tuple[int, Any], ...] = ()
    unknown_extensions: tuple[tuple[int, bytes], ...] = ()

    def __bool__(self) -> bool:
        """False when no attribute at all is present (X.411: the address is then semantically absent)."""
        return self != _ABSENT

    def changed(self, **changes: Any) -> ORAddress:
        """The address with other values; what `dataclasses.replace` does, cheaper."""
        return ORAddress(**{**dict(zip(ORAddress.__slots__, _ALL_VALUES(self), strict=True)), **changes})

    def attributes(self) -> Iterator[tuple[Attribute, Any]]:
        """The attributes that are present in the table's order, most significant first; teletex and universal variants are left out."""
        return ((row, value) for row, value in zip(ATTRIBUTES, _VALUES(self), strict=True) if value is not None and value != ())

    @property
    def has_teletex(self) -> bool:
        """Whether any teletex variant is present outside of the attributes that hold both in one value."""
        return _TELETEX_VALUES(self) != _NO_TELETEX

    def key(self) -> tuple[tuple[str, Any], ...]:
        """A hashable value that is equal for addresses that match (X.402 18.4).

        A numeric country is the one of two letters (X.121 Annex J).

        Case does not count, leading and trailing blanks do not, several count as one, blanks in numbers do not; the string type does not. A
        zero-length and a one-space ADMD are alike.
        """
        return tuple(
            (name, _folded(name, value))
            for name, value in zip(_COMPARED, _COMPARED_VALUES(self), strict=True)
            if value is not None and value != ()
        )


_ABSENT: Final = ORAddress()
_ALL_VALUES: Final = attrgetter(*ORAddress.__slots__)
_VALUES: Final = attrgetter(*(row.name for row in ATTRIBUTES))
_TELETEX_VALUES: Final = attrgetter(*(name for name in ORAddress.__slots__ if name.startswith("teletex_")))
_NO_TELETEX: Final = _TELETEX_VALUES(_ABSENT)
_COMPARED: Final = tuple(name for name in ORAddress.__slots__ if name != "other_kind")
_COMPARED_VALUES: Final = attrgetter(*_COMPARED)
_NUMBERS: Final = frozenset(row.name for row in ATTRIBUTES if row.syntax is Syntax.NUMERIC)


def _folded(name: str, value: Any) -> Any:
    if name == "country" and value in ISO_3166_OF_X121:
        return ISO_3166_OF_X121[value].lower()
    if isinstance(value, str):
        return value.replace(" ", "") if name in _NUMBERS else " ".join(word for word in value.lower().split(" ") if word)
    if isinstance(value, bytes):
        return b" ".join(word for word in value.lower().split(b" ") if word)
    if isinstance(value, PDSParameter):
        return _folded(name, value.printable_string), _folded(name, value.teletex_string)
    if isinstance(value, UnformattedPostalAddress):
        return _folded(name, value.printable_address), _folded(name, value.teletex_string)
    if isinstance(value, PresentationAddress):
        selectors = (value.p_selector or b"", value.s_selector or b"", value.t_selector or b"")
        return selectors, frozenset(value.n_addresses)
    if isinstance(value, tuple):
        return tuple(_folded(name, part) for part in value)
    return value


# --- from the wire ------------------------------------------------------------------------------------------------------------------


def oraddress_from_orname(name: ORName | EncodedORAddress) -> ORAddress:
    """The address of a wire name; its directory name, and members that X.411 does not have, stay behind."""
    found: dict[str, Any] = {}
    other: set[str] = set()
    _read_standard(name.built_in_standard_attributes, found, other)
    if name.built_in_domain_defined_attributes is not None:
        found["domain_defined"] = tuple((dda.type_, dda.value) for dda in name.built_in_domain_defined_attributes)
    universal: dict[int, Any] = {}
    unknown: list[tuple[int, bytes]] = []
    for attribute in name.extension_attributes or ():
        number, value = attribute.extension_attribute_type, attribute.extension_attribute_value
        if isinstance(value, asn1.Raw) or number not in _READERS.keys() | _UNIVERSAL:
            unknown.append((number, bytes(value)))
        elif number in _UNIVERSAL:
            universal[number] = value
        else:
            _READERS[number](value, found, other)
    return ORAddress(
        **found, other_kind=frozenset(other), universal=tuple(sorted(universal.items())), unknown_extensions=tuple(unknown)
    )


def _usually_numeric(value: str) -> bool:
    return value.isascii() and value.isdigit()


def _read_kind(field: str, numeric: str | None, printable: str | None, found: dict[str, Any], other: set[str]) -> None:
    value = printable if numeric is None else numeric
    found[field] = value
    if value is not None and _usually_numeric(value) != (numeric is not None):
        other.add(field)


def _read_standard(standard: BuiltInStandardAttributes, found: dict[str, Any], other: set[str]) -> None:
    if (country := standard.country_name) is not None:
        _read_kind("country", country.x121_dcc_code, country.iso_3166_alpha2_code, found, other)
    if (admd := standard.administration_domain_name) is not None:
        _read_kind("admd", admd.numeric, admd.printable, found, other)
    if (prmd := standard.private_domain_name) is not None:
        _read_kind("prmd", prmd.numeric, prmd.printable, found, other)
    found.update(
        x121=standard.network_address,
        terminal_id=standard.terminal_identifier,
        organization=standard.organization_name,
        numeric_user_id=standard.numeric_user_identifier,
        organizational_units=standard.organizational_unit_names or (),
    )
    if (person := standard.personal_name) is not None:
        found.update(
            surname=person.surname,
            given_name=person.given_name,
            initials=person.initials,
            generation=person.generation_qualifier,
        )


_Reader = Callable[[Any, dict[str, Any], set[str]], None]


def _plain(field: str) -> _Reader:
    def read(value: Any, found: dict[str, Any], _other: set[str]) -> None:
        found[field] = value

    return read


def _read_teletex_personal_name(value: TeletexPersonalName, found: dict[str, Any], _other: set[str]) -> None:
    found.update(
        teletex_surname=value.surname,
        teletex_given_name=value.given_name,
        teletex_initials=value.initials,
        teletex_generation=value.generation_qualifier,
    )


def _read_teletex_dda(value: tuple[TeletexDomainDefinedAttribute, ...], found: dict[str, Any], _other: set[str]) -> None:
    found["teletex_domain_defined"] = tuple((dda.type_, dda.value) for dda in value)


def _read_pd_country(value: PhysicalDeliveryCountryName, found: dict[str, Any], other: set[str]) -> None:
    _read_kind("physical_delivery_country", value.x121_dcc_code, value.iso_3166_alpha2_code, found, other)


def _read_postal_code(value: PostalCode, found: dict[str, Any], other: set[str]) -> None:
    _read_kind("postal_code", value.numeric_code, value.printable_code, found, other)


def _read_network(value: ExtendedNetworkAddress, found: dict[str, Any], _other: set[str]) -> None:
    found["psap_address"] = value.psap_address
    if (number := value.e163_4_address) is not None:
        found.update(network_number=number.number, network_sub_address=number.sub_address)


_READERS: Final[dict[int, _Reader]] = {
    1: _plain("common_name"),
    2: _plain("teletex_common_name"),
    3: _plain("teletex_organization"),
    4: _read_teletex_personal_name,
    5: _plain("teletex_organizational_units"),
    6: _read_teletex_dda,
    7: _plain("pds_name"),
    8: _read_pd_country,
    9: _read_postal_code,
    16: _plain("unformatted_postal_address"),
    22: _read_network,
    23: _plain("terminal_type"),
    **{number: _plain(field) for number, field in _PDS_FIELDS.items()},
}


# --- to the wire --------------------------------------------------------------------------------------------------------------------


def orname_from_oraddress(address: ORAddress, *, directory_name: bytes | None = None) -> ORName:
    """The wire name of an address.

    Args:
        address: The address; bounds and repertoires are checked when the name is encoded.
        directory_name: Complete encoding of an X.501 Name to go with it.

    Raises:
        ORAddressError: Given name, initials or generation without surname, or a network sub-address without number.
    """
    return ORName(
        built_in_standard_attributes=_standard(address),
        built_in_domain_defined_attributes=tuple(
            BuiltInDomainDefinedAttribute(type_=type_, value=value) for type_, value in address.domain_defined
        )
        or None,
        extension_attributes=tuple(_extensions(address)) or None,
        directory_name=directory_name,
    )


def _numeric(address: ORAddress, field: str, value: str) -> bool:
    return _usually_numeric(value) != (field in address.other_kind)


def _standard(address: ORAddress) -> BuiltInStandardAttributes:
    return BuiltInStandardAttributes(
        country_name=_country(address),
        administration_domain_name=_admd(address),
        network_address=address.x121,
        terminal_identifier=address.terminal_id,
        private_domain_name=_prmd(address),
        organization_name=address.organization,
        numeric_user_identifier=address.numeric_user_id,
        personal_name=_personal_name(address),
        organizational_unit_names=address.organizational_units or None,
    )


def _country(address: ORAddress) -> CountryName | None:
    if (value := address.country) is None:
        return None
    return CountryName(x121_dcc_code=value) if _numeric(address, "country", value) else CountryName(iso_3166_alpha2_code=value)


def _admd(address: ORAddress) -> AdministrationDomainName | None:
    if (value := address.admd) is None:
        return None
    numeric = _numeric(address, "admd", value)
    return AdministrationDomainName(numeric=value) if numeric else AdministrationDomainName(printable=value)


def _prmd(address: ORAddress) -> PrivateDomainName | None:
    if (value := address.prmd) is None:
        return None
    return PrivateDomainName(numeric=value) if _numeric(address, "prmd", value) else PrivateDomainName(printable=value)


def _personal_name(address: ORAddress) -> PersonalName | None:
    parts = (address.given_name, address.initials, address.generation)
    if address.surname is None:
        if parts != (None, None, None):
            raise ORAddressError("an O/R address with given name, initials or generation needs a surname (X.411 PersonalName)")
        return None
    given_name, initials, generation = parts
    return PersonalName(surname=address.surname, given_name=given_name, initials=initials, generation_qualifier=generation)


def _teletex_personal_name(address: ORAddress) -> TeletexPersonalName | None:
    parts = (address.teletex_given_name, address.teletex_initials, address.teletex_generation)
    if address.teletex_surname is None:
        if parts != (None, None, None):
            raise ORAddressError("an O/R address with a teletex given name, initials or generation needs a teletex surname (X.411)")
        return None
    given_name, initials, generation = parts
    return TeletexPersonalName(
        surname=address.teletex_surname, given_name=given_name, initials=initials, generation_qualifier=generation
    )


def _network(address: ORAddress) -> ExtendedNetworkAddress | None:
    if address.network_number is not None:
        return ExtendedNetworkAddress(
            e163_4_address=E1634Address(number=address.network_number, sub_address=address.network_sub_address)
        )
    if address.network_sub_address is not None:
        raise ORAddressError("a network sub-address needs a network number (X.411 ExtendedNetworkAddress)")
    return None if address.psap_address is None else ExtendedNetworkAddress(psap_address=address.psap_address)


def _pd_country(address: ORAddress) -> PhysicalDeliveryCountryName | None:
    if (value := address.physical_delivery_country) is None:
        return None
    if _numeric(address, "physical_delivery_country", value):
        return PhysicalDeliveryCountryName(x121_dcc_code=value)
    return PhysicalDeliveryCountryName(iso_3166_alpha2_code=value)


def _postal_code(address: ORAddress) -> PostalCode | None:
    if (value := address.postal_code) is None:
        return None
    return PostalCode(numeric_code=value) if _numeric(address, "postal_code", value) else PostalCode(printable_code=value)


def _terminal_type(address: ORAddress) -> int | None:
    value = address.terminal_type
    return TerminalType(value) if value is not None and value in TerminalType.__members__.values() else value


def _extensions(address: ORAddress) -> Iterator[ExtensionAttribute]:
    """The extension attributes in ascending order of their numbers, the unknown ones at the end."""
    values: dict[int, Any] = {
        1: address.common_name,
        2: address.teletex_common_name,
        3: address.teletex_organization,
        4: _teletex_personal_name(address),
        5: address.teletex_organizational_units or None,
        6: tuple(TeletexDomainDefinedAttribute(type_=type_, value=value) for type_, value in address.teletex_domain_defined) or None,
        7: address.pds_name,
        8: _pd_country(address),
        9: _postal_code(address),
        16: address.unformatted_postal_address,
        22: _network(address),
        23: _terminal_type(address),
        **{number: getattr(address, field) for number, field in _PDS_FIELDS.items()},
        **dict(address.universal),
    }
    unknown = ((number, asn1.Raw(octets)) for number, octets in address.unknown_extensions)
    for number, value in (*sorted(values.items()), *unknown):
        if value is not None:
            yield ExtensionAttribute(extension_attribute_type=number, extension_attribute_value=value)
