"""The single table of O/R address attributes: name, keywords, syntax, extension numbers, bounds, place in the hierarchy.

Everything that reads or writes addresses in text form (`gateway.mixer.address`), checks bounds or downgrades to 1984 looks here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from gateway.x400 import bounds as ub


class Syntax(Enum):
    """What RFC 2156 4.1.1 calls the encoding of an attribute."""

    PRINTABLE = "P"
    NUMERIC = "N"
    PRINTABLE_OR_TELETEX = "P/T"
    POSTAL = "UPA"
    INTEGER = "I"
    PSAP = "X"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One line of the attribute table.

    Attributes:
        name: Field of `ORAddress`.
        key: Keyword that is written (RFC 2156 4.1.1).
        syntax: Which of the text encodings of RFC 2156 4.1.1.
        bound: Largest length in characters (X.411 Annex B); for INTEGER syntax the largest value.
        place: Place in the hierarchy, 0 (country) is the most significant; text is written with the highest place leftmost.
        aliases: Keywords that are read and never written (RFC 2156 4.1.1, F.401).
        extension: Number of the extension attribute that holds the printable value, None for a standard attribute.
        teletex: Number of the extension attribute that holds the teletex value; equal to ``extension`` where one SET holds both.
        universal: Number of the extension attribute of the universal variant (X.411 1999).
        in_84: True when X.400 (1984) has the attribute.
        kinds: True when the attribute is a CHOICE of NumericString and PrintableString.
    """

    name: str
    key: str
    syntax: Syntax
    bound: int
    place: int
    aliases: tuple[str, ...] = ()
    extension: int | None = None
    teletex: int | None = None
    universal: int | None = None
    in_84: bool = False
    kinds: bool = False


def _pds(name: str, key: str, extension: int, place: int, *aliases: str) -> Attribute:
    return Attribute(
        name=name,
        key=key,
        syntax=Syntax.PRINTABLE_OR_TELETEX,
        bound=ub.UB_PDS_PARAMETER_LENGTH,
        place=place,
        aliases=aliases,
        extension=extension,
        teletex=extension,
        universal=extension + 19,
    )


_P, _N, _T = Syntax.PRINTABLE, Syntax.NUMERIC, Syntax.PRINTABLE_OR_TELETEX
_DOMAIN: Final = ub.UB_DOMAIN_NAME_LENGTH

#: The single attribute table, most significant first (X.402 18.3, RFC 2156 4.1.1 and 4.3.3).
ATTRIBUTES: Final[tuple[Attribute, ...]] = (
    Attribute(name="country", key="C", syntax=_P, bound=3, place=0, in_84=True, kinds=True),
    Attribute(name="admd", key="ADMD", aliases=("A",), syntax=_P, bound=_DOMAIN, place=1, in_84=True, kinds=True),
    Attribute(name="prmd", key="PRMD", aliases=("P",), syntax=_P, bound=_DOMAIN, place=2, in_84=True, kinds=True),
    Attribute(
        name="organization", key="O", syntax=_T, bound=ub.UB_ORGANIZATION_NAME_LENGTH, place=3, in_84=True, teletex=3, universal=25
    ),
    Attribute(
        name="organizational_units",
        key="OU",
        syntax=_T,
        bound=ub.UB_ORGANIZATIONAL_UNIT_NAME_LENGTH,
        place=4,
        in_84=True,
        teletex=5,
        universal=27,
    ),
    Attribute(
        name="generation",
        key="GQ",
        aliases=("Q",),
        syntax=_T,
        bound=ub.UB_GENERATION_QUALIFIER_LENGTH,
        place=5,
        in_84=True,
        teletex=4,
        universal=26,
    ),
    Attribute(name="surname", key="S", syntax=_T, bound=ub.UB_SURNAME_LENGTH, place=6, in_84=True, teletex=4, universal=26),
    Attribute(name="initials", key="I", syntax=_T, bound=ub.UB_INITIALS_LENGTH, place=7, in_84=True, teletex=4, universal=26),
    Attribute(name="given_name", key="G", syntax=_T, bound=ub.UB_GIVEN_NAME_LENGTH, place=8, in_84=True, teletex=4, universal=26),
    Attribute(name="common_name", key="CN", syntax=_T, bound=ub.UB_COMMON_NAME_LENGTH, place=9, extension=1, teletex=2, universal=24),
    Attribute(name="x121", key="X121", aliases=("X.121",), syntax=_N, bound=ub.UB_X121_ADDRESS_LENGTH, place=10, in_84=True),
    Attribute(name="terminal_id", key="T-ID", syntax=_P, bound=ub.UB_TERMINAL_ID_LENGTH, place=11, in_84=True),
    Attribute(name="terminal_type", key="T-TY", syntax=Syntax.INTEGER, bound=ub.UB_INTEGER_OPTIONS, place=12, extension=23),
    Attribute(
        name="numeric_user_id", key="UA-ID", aliases=("N-ID",), syntax=_N, bound=ub.UB_NUMERIC_USER_ID_LENGTH, place=13, in_84=True
    ),
    Attribute(
        name="network_number", key="NET-NUM", aliases=("E.164",), syntax=_N, bound=ub.UB_E163_4_NUMBER_LENGTH, place=14, extension=22
    ),
    Attribute(name="network_sub_address", key="NET-SUB", syntax=_N, bound=ub.UB_E163_4_SUB_ADDRESS_LENGTH, place=15, extension=22),
    Attribute(name="psap_address", key="NET-PSAP", aliases=("PSAP",), syntax=Syntax.PSAP, bound=0, place=16, extension=22),
    Attribute(name="pds_name", key="PD-SERVICE", aliases=("PD-SN",), syntax=_P, bound=ub.UB_PDS_NAME_LENGTH, place=17, extension=7),
    Attribute(name="physical_delivery_country", key="PD-C", syntax=_P, bound=3, place=18, extension=8, kinds=True),
    Attribute(
        name="postal_code",
        key="PD-CODE",
        aliases=("PD-PC",),
        syntax=_P,
        bound=ub.UB_POSTAL_CODE_LENGTH,
        place=19,
        extension=9,
        kinds=True,
    ),
    _pds("physical_delivery_office_name", "PD-OFFICE", 10, 20, "PD-OF"),
    _pds("physical_delivery_office_number", "PD-OFFICE-NUM", 11, 21, "PD-OFFICE NUMBER", "PD-OFN"),
    _pds("extension_or_address_components", "PD-EXT-ADDRESS", 12, 22, "PD-EA"),
    _pds("physical_delivery_personal_name", "PD-PN", 13, 23),
    _pds("physical_delivery_organization_name", "PD-O", 14, 24),
    _pds("extension_physical_delivery_address_components", "PD-EXT-DELIVERY", 15, 25, "PD-ED"),
    Attribute(
        name="unformatted_postal_address",
        key="PD-ADDRESS",
        aliases=("PD-A",),
        syntax=Syntax.POSTAL,
        bound=ub.UB_UNFORMATTED_ADDRESS_LENGTH,
        place=26,
        extension=16,
        teletex=16,
        universal=35,
    ),
    _pds("street_address", "PD-STREET", 17, 27, "PD-S"),
    _pds("post_office_box_address", "PD-BOX", 18, 28, "PD-B"),
    _pds("poste_restante_address", "PD-RESTANTE", 19, 29, "PD-R"),
    _pds("unique_postal_name", "PD-UNIQUE", 20, 30, "PD-U"),
    _pds("local_postal_attributes", "PD-LOCAL", 21, 31, "PD-L"),
    Attribute(
        name="domain_defined",
        key="DD",
        aliases=("DDA",),
        syntax=_T,
        bound=ub.UB_DOMAIN_DEFINED_ATTRIBUTE_VALUE_LENGTH,
        place=32,
        in_84=True,
        teletex=6,
        universal=28,
    ),
)

ATTRIBUTE_BY_NAME: Final[dict[str, Attribute]] = {row.name: row for row in ATTRIBUTES}
#: Keyword or alias, in capitals -> row.
ATTRIBUTE_BY_KEYWORD: Final[dict[str, Attribute]] = {word: row for row in ATTRIBUTES for word in (row.key, *row.aliases)}
