"""O/R names as they stand on the wire (X.411 8.5.5 and figure 2).

``ORName`` is what every P1, P2 and P22 element holds. The value class for mapping, comparing and hashing is
`gateway.x400.oraddress.ORAddress`.

Tag traps (X.411 is IMPLICIT TAGS, yet a tag on a CHOICE is explicit): country ``61 { 13 | 12 }``, ADMD ``62 { 13 | 12 }``, PRMD
``A2 { 13 | 12 }``. Where a name is tagged [n] the ``60`` disappears.

Attributes that X.400(1984) has may be of zero length.
# Peer: 1984 systems send such ones and rely on them (RFC 2156 Appendix B); `gateway.mixer.legality` sees that nobody else gets any.
"""

from __future__ import annotations

from gateway import asn1
from gateway.x400 import bounds as ub
from gateway.x400.extension_attributes import ExtensionAttribute, ExtensionAttributes

__all__ = [
    "AdministrationDomainName",
    "BuiltInDomainDefinedAttribute",
    "BuiltInDomainDefinedAttributes",
    "BuiltInStandardAttributes",
    "CountryName",
    "EncodedORAddress",
    "ExtensionAttribute",
    "ORAddressAndOptionalDirectoryName",
    "ORAddressAndOrDirectoryName",
    "ORName",
    "OrganizationalUnitNames",
    "PersonalName",
    "PrivateDomainName",
]


@asn1.choice(tag=asn1.application(1))
class CountryName(asn1.Choice):
    """X.411 CountryName, [APPLICATION 1] EXPLICIT: an X.121 data country code or an ISO 3166 code."""

    x121_dcc_code: str | None = asn1.alternative(asn1.NumericString(size=(3, ub.UB_COUNTRY_NAME_NUMERIC_LENGTH)), name="x121-dcc-code")
    iso_3166_alpha2_code: str | None = asn1.alternative(
        asn1.PrintableString(size=(2, ub.UB_COUNTRY_NAME_ALPHA_LENGTH)), name="iso-3166-alpha2-code"
    )


@asn1.choice(tag=asn1.application(2))
class AdministrationDomainName(asn1.Choice):
    """X.411 AdministrationDomainName, [APPLICATION 2] EXPLICIT; one space means any ADMD of the country, zero length is legal."""

    numeric: str | None = asn1.alternative(asn1.NumericString(size=(0, ub.UB_DOMAIN_NAME_LENGTH)))
    # Peer: names such as R&D and UK_GOV are on the wire; what came so goes back so, or no reply would reach anybody there.
    printable: str | None = asn1.alternative(asn1.PrintableString(size=(0, ub.UB_DOMAIN_NAME_LENGTH), visible=True))


@asn1.choice()
class PrivateDomainName(asn1.Choice):
    """X.411 PrivateDomainName."""

    numeric: str | None = asn1.alternative(asn1.NumericString(size=(1, ub.UB_DOMAIN_NAME_LENGTH), null=True))
    # Peer: as for the ADMD.
    printable: str | None = asn1.alternative(asn1.PrintableString(size=(1, ub.UB_DOMAIN_NAME_LENGTH), null=True, visible=True))


NetworkAddress = X121Address = asn1.NumericString(size=(1, ub.UB_X121_ADDRESS_LENGTH), null=True)
TerminalIdentifier = asn1.PrintableString(size=(1, ub.UB_TERMINAL_ID_LENGTH), null=True)
OrganizationName = asn1.PrintableString(size=(1, ub.UB_ORGANIZATION_NAME_LENGTH), null=True)
NumericUserIdentifier = asn1.NumericString(size=(1, ub.UB_NUMERIC_USER_ID_LENGTH), null=True)
OrganizationalUnitName = asn1.PrintableString(size=(1, ub.UB_ORGANIZATIONAL_UNIT_NAME_LENGTH), null=True)
OrganizationalUnitNames = asn1.SequenceOf(OrganizationalUnitName, size=(1, ub.UB_ORGANIZATIONAL_UNITS))


@asn1.set_()
class PersonalName(asn1.Members):
    """X.411 PersonalName."""

    surname: str = asn1.member(asn1.PrintableString(size=(1, ub.UB_SURNAME_LENGTH), null=True), tag=asn1.context(0))
    given_name: str | None = asn1.member(
        asn1.PrintableString(size=(1, ub.UB_GIVEN_NAME_LENGTH), null=True), tag=asn1.context(1), optional=True
    )
    initials: str | None = asn1.member(asn1.PrintableString(size=(1, ub.UB_INITIALS_LENGTH), null=True), tag=asn1.context(2), optional=True)
    generation_qualifier: str | None = asn1.member(
        asn1.PrintableString(size=(1, ub.UB_GENERATION_QUALIFIER_LENGTH), null=True), tag=asn1.context(3), optional=True
    )


@asn1.sequence()
class BuiltInStandardAttributes(asn1.Members):
    """X.411 BuiltInStandardAttributes."""

    country_name: CountryName | None = asn1.member(CountryName, optional=True)
    administration_domain_name: AdministrationDomainName | None = asn1.member(AdministrationDomainName, optional=True)
    network_address: str | None = asn1.member(NetworkAddress, tag=asn1.context(0), optional=True)
    terminal_identifier: str | None = asn1.member(TerminalIdentifier, tag=asn1.context(1), optional=True)
    private_domain_name: PrivateDomainName | None = asn1.member(PrivateDomainName, tag=asn1.context(2), optional=True)
    organization_name: str | None = asn1.member(OrganizationName, tag=asn1.context(3), optional=True)
    numeric_user_identifier: str | None = asn1.member(NumericUserIdentifier, tag=asn1.context(4), optional=True)
    personal_name: PersonalName | None = asn1.member(PersonalName, tag=asn1.context(5), optional=True)
    organizational_unit_names: tuple[str, ...] | None = asn1.member(OrganizationalUnitNames, tag=asn1.context(6), optional=True)


@asn1.sequence()
class BuiltInDomainDefinedAttribute(asn1.Members):
    """X.411 BuiltInDomainDefinedAttribute (DDA)."""

    type_: str = asn1.member(asn1.PrintableString(size=(1, ub.UB_DOMAIN_DEFINED_ATTRIBUTE_TYPE_LENGTH)), name="type")
    value: str = asn1.member(asn1.PrintableString(size=(1, ub.UB_DOMAIN_DEFINED_ATTRIBUTE_VALUE_LENGTH)))


BuiltInDomainDefinedAttributes = asn1.SequenceOf(BuiltInDomainDefinedAttribute, size=(1, ub.UB_DOMAIN_DEFINED_ATTRIBUTES))


@asn1.sequence()
class EncodedORAddress(asn1.Members):
    """X.411 ORAddress as a wire type, without directory name (only originator-return-address, extension 13, holds one)."""

    built_in_standard_attributes: BuiltInStandardAttributes = asn1.member(BuiltInStandardAttributes)
    built_in_domain_defined_attributes: tuple[BuiltInDomainDefinedAttribute, ...] | None = asn1.member(
        BuiltInDomainDefinedAttributes, optional=True
    )
    extension_attributes: tuple[ExtensionAttribute, ...] | None = asn1.member(ExtensionAttributes, optional=True)


@asn1.sequence(tag=asn1.application(0))
class ORName(EncodedORAddress):
    """X.411 ORName: the components of ORAddress and an optional directory name.

    Attributes:
        directory_name: X.501 Name as its complete encoding; the gateway carries it and never looks inside.
    """

    directory_name: bytes | None = asn1.member(asn1.Any(), tag=asn1.context(0), optional=True)


ORAddressAndOrDirectoryName = ORName
ORAddressAndOptionalDirectoryName = ORName
