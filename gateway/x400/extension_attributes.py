"""The extension attributes of an O/R address (X.411 8.5.5, numbers 1 to 40) as wire types.

Teletex values stay octets (charset work is in `gateway.x400.charsets`). An attribute whose number is not known here, or whose value
does not decode, keeps its raw encoding and is written back octet for octet.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from gateway import asn1
from gateway.x400 import bounds as ub


@asn1.choice()
class CharacterEncoding(asn1.Choice):
    """X.411 UniversalOrBMPString.character-encoding."""

    two_octets: str | None = asn1.alternative(asn1.BMPString())
    four_octets: str | None = asn1.alternative(asn1.UniversalString())


@asn1.set_()
class UniversalOrBMPString(asn1.Members):
    """X.411 UniversalOrBMPString{}; the bound, the parameter of the module, is not checked: the gateway never makes one."""

    character_encoding: CharacterEncoding = asn1.member(CharacterEncoding)
    iso_639_language_code: str | None = asn1.member(asn1.PrintableString(size=(2, 5)), name="iso-639-language-code", optional=True)


@asn1.set_()
class PDSParameter(asn1.Members):
    """X.411 PDSParameter: the printable and the teletex variant of a physical delivery attribute."""

    printable_string: str | None = asn1.member(asn1.PrintableString(size=(1, ub.UB_PDS_PARAMETER_LENGTH)), optional=True)
    teletex_string: bytes | None = asn1.member(asn1.TeletexString(size=(1, ub.UB_PDS_PARAMETER_LENGTH)), optional=True)


UniversalPDSParameter = UniversalOrBMPString


@asn1.set_()
class TeletexPersonalName(asn1.Members):
    """X.411 TeletexPersonalName, extension attribute 4."""

    surname: bytes = asn1.member(asn1.TeletexString(size=(1, ub.UB_SURNAME_LENGTH)), tag=asn1.context(0))
    given_name: bytes | None = asn1.member(asn1.TeletexString(size=(1, ub.UB_GIVEN_NAME_LENGTH)), tag=asn1.context(1), optional=True)
    initials: bytes | None = asn1.member(asn1.TeletexString(size=(1, ub.UB_INITIALS_LENGTH)), tag=asn1.context(2), optional=True)
    generation_qualifier: bytes | None = asn1.member(
        asn1.TeletexString(size=(1, ub.UB_GENERATION_QUALIFIER_LENGTH)), tag=asn1.context(3), optional=True
    )


@asn1.set_()
class UniversalPersonalName(asn1.Members):
    """X.411 UniversalPersonalName, extension attribute 26."""

    surname: UniversalOrBMPString = asn1.member(UniversalOrBMPString, tag=asn1.context(0))
    given_name: UniversalOrBMPString | None = asn1.member(UniversalOrBMPString, tag=asn1.context(1), optional=True)
    initials: UniversalOrBMPString | None = asn1.member(UniversalOrBMPString, tag=asn1.context(2), optional=True)
    generation_qualifier: UniversalOrBMPString | None = asn1.member(UniversalOrBMPString, tag=asn1.context(3), optional=True)


TeletexOrganizationalUnitName = asn1.TeletexString(size=(1, ub.UB_ORGANIZATIONAL_UNIT_NAME_LENGTH))
TeletexOrganizationalUnitNames = asn1.SequenceOf(TeletexOrganizationalUnitName, size=(1, ub.UB_ORGANIZATIONAL_UNITS))
UniversalOrganizationalUnitNames = asn1.SequenceOf(UniversalOrBMPString, size=(1, ub.UB_ORGANIZATIONAL_UNITS))


@asn1.sequence()
class TeletexDomainDefinedAttribute(asn1.Members):
    """X.411 TeletexDomainDefinedAttribute."""

    type_: bytes = asn1.member(asn1.TeletexString(size=(1, ub.UB_DOMAIN_DEFINED_ATTRIBUTE_TYPE_LENGTH)), name="type")
    value: bytes = asn1.member(asn1.TeletexString(size=(1, ub.UB_DOMAIN_DEFINED_ATTRIBUTE_VALUE_LENGTH)))


@asn1.sequence()
class UniversalDomainDefinedAttribute(asn1.Members):
    """X.411 UniversalDomainDefinedAttribute."""

    type_: UniversalOrBMPString = asn1.member(UniversalOrBMPString, name="type")
    value: UniversalOrBMPString = asn1.member(UniversalOrBMPString)


TeletexDomainDefinedAttributes = asn1.SequenceOf(TeletexDomainDefinedAttribute, size=(1, ub.UB_DOMAIN_DEFINED_ATTRIBUTES))
UniversalDomainDefinedAttributes = asn1.SequenceOf(UniversalDomainDefinedAttribute, size=(1, ub.UB_DOMAIN_DEFINED_ATTRIBUTES))


@asn1.choice()
class PhysicalDeliveryCountryName(asn1.Choice):
    """X.411 PhysicalDeliveryCountryName, extension attribute 8."""

    x121_dcc_code: str | None = asn1.alternative(asn1.NumericString(size=(3, ub.UB_COUNTRY_NAME_NUMERIC_LENGTH)), name="x121-dcc-code")
    iso_3166_alpha2_code: str | None = asn1.alternative(
        asn1.PrintableString(size=(2, ub.UB_COUNTRY_NAME_ALPHA_LENGTH)), name="iso-3166-alpha2-code"
    )


@asn1.choice()
class PostalCode(asn1.Choice):
    """X.411 PostalCode, extension attribute 9."""

    numeric_code: str | None = asn1.alternative(asn1.NumericString(size=(1, ub.UB_POSTAL_CODE_LENGTH)))
    printable_code: str | None = asn1.alternative(asn1.PrintableString(size=(1, ub.UB_POSTAL_CODE_LENGTH)))


@asn1.set_()
class UnformattedPostalAddress(asn1.Members):
    """X.411 UnformattedPostalAddress, extension attribute 16."""

    printable_address: tuple[str, ...] | None = asn1.member(
        asn1.SequenceOf(asn1.PrintableString(size=(1, ub.UB_PDS_PARAMETER_LENGTH)), size=(1, ub.UB_PDS_PHYSICAL_ADDRESS_LINES)),
        optional=True,
    )
    teletex_string: bytes | None = asn1.member(asn1.TeletexString(size=(1, ub.UB_UNFORMATTED_ADDRESS_LENGTH)), optional=True)


@asn1.sequence()
class E1634Address(asn1.Members):
    """X.411 ExtendedNetworkAddress.e163-4-address."""

    number: str = asn1.member(asn1.NumericString(size=(1, ub.UB_E163_4_NUMBER_LENGTH)), tag=asn1.context(0))
    sub_address: str | None = asn1.member(
        asn1.NumericString(size=(1, ub.UB_E163_4_SUB_ADDRESS_LENGTH)), tag=asn1.context(1), optional=True
    )


@asn1.sequence(extensible=True)
class PresentationAddress(asn1.Members):
    """X.520 PresentationAddress; its module is EXPLICIT TAGS."""

    p_selector: bytes | None = asn1.member(asn1.OctetString(), tag=asn1.context(0, explicit=True), name="pSelector", optional=True)
    s_selector: bytes | None = asn1.member(asn1.OctetString(), tag=asn1.context(1, explicit=True), name="sSelector", optional=True)
    t_selector: bytes | None = asn1.member(asn1.OctetString(), tag=asn1.context(2, explicit=True), name="tSelector", optional=True)
    n_addresses: tuple[bytes, ...] = asn1.member(
        asn1.SetOf(asn1.OctetString()), tag=asn1.context(3, explicit=True), name="nAddresses"
    )


@asn1.choice()
class ExtendedNetworkAddress(asn1.Choice):
    """X.411 ExtendedNetworkAddress, extension attribute 22."""

    e163_4_address: E1634Address | None = asn1.alternative(E1634Address, name="e163-4-address")
    psap_address: PresentationAddress | None = asn1.alternative(PresentationAddress, tag=asn1.context(0))


class TerminalType(IntEnum):
    """X.411 TerminalType, extension attribute 23."""

    TELEX = 3
    TELETEX = 4
    G3_FACSIMILE = 5
    G4_FACSIMILE = 6
    IA5_TERMINAL = 7
    VIDEOTEX = 8


#: X.411 ExtensionAttributeTable: number -> element.
EXTENSION_ATTRIBUTES: Final[dict[int, Any]] = {
    1: asn1.PrintableString(size=(1, ub.UB_COMMON_NAME_LENGTH)),
    2: asn1.TeletexString(size=(1, ub.UB_COMMON_NAME_LENGTH)),
    3: asn1.TeletexString(size=(1, ub.UB_ORGANIZATION_NAME_LENGTH)),
    4: TeletexPersonalName,
    5: TeletexOrganizationalUnitNames,
    6: TeletexDomainDefinedAttributes,
    7: asn1.PrintableString(size=(1, ub.UB_PDS_NAME_LENGTH)),
    8: PhysicalDeliveryCountryName,
    9: PostalCode,
    **{number: PDSParameter for number in (10, 11, 12, 13, 14, 15)},
    16: UnformattedPostalAddress,
    **{number: PDSParameter for number in (17, 18, 19, 20, 21)},
    22: ExtendedNetworkAddress,
    23: asn1.Integer(TerminalType, range=(0, ub.UB_INTEGER_OPTIONS)),
    24: UniversalOrBMPString,
    25: UniversalOrBMPString,
    26: UniversalPersonalName,
    27: UniversalOrganizationalUnitNames,
    28: UniversalDomainDefinedAttributes,
    **{number: UniversalPDSParameter for number in range(29, 35)},
    35: UniversalOrBMPString,
    **{number: UniversalPDSParameter for number in range(36, 41)},
}


@asn1.sequence()
class ExtensionAttribute(asn1.Members):
    """X.411 ExtensionAttribute.

    Attributes:
        extension_attribute_type: Number of the attribute, 1 to 40 in the edition of 1999.
        extension_attribute_value: The decoded value, or `asn1.Raw` of one that is not known or does not decode.
    """

    extension_attribute_type: int = asn1.member(asn1.Integer(range=(0, ub.UB_EXTENSION_ATTRIBUTES)), tag=asn1.context(0))
    extension_attribute_value: Any = asn1.member(
        asn1.OpenType(key="extension_attribute_type", registry=EXTENSION_ATTRIBUTES.get), tag=asn1.context(1)
    )


ExtensionAttributes = asn1.SetOf(ExtensionAttribute, size=(1, ub.UB_EXTENSION_ATTRIBUTES))
