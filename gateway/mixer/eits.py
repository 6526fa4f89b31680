"""Encoded information types and content types as text (RFC 2156 5.3.3.1, 5.3.6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gateway.mixer.text import TextError, oid_from_text, text_from_oid
from gateway.x400 import oids
from gateway.x400.mts import ContentType, EncodedInformationTypes

_NAMES: Final[dict[int, str]] = {
    0: "Undefined",
    1: "Telex",
    2: "IA5-Text",
    3: "G3-Fax",
    4: "TIF0",
    5: "Teletex",
    6: "Videotex",
    7: "Voice",
    8: "SFD",
    9: "TIF1",
}
"""``EBNF.encoded-info`` names of the built-in types."""

_READ: Final[dict[str, int]] = {name.lower(): bit for bit, name in _NAMES.items()} | {"ia5": 2, "ia5text": 2, "g3fax": 3, "telex": 1}
_CONTENT_TYPES: Final[dict[int, str]] = {2: "P2-1984", 22: "P2-1988", 35: "EDI", 40: "Voice"}

IA5_TEXT: Final = "2.6.3.4.2"
"""The object identifier that means the built-in type ia5-text."""

_BIT_OF_OID: Final[dict[str, int]] = {oid: bit for bit, oid in oids.BUILT_IN_EITS.items()}


def eits(types: Iterable[str]) -> EncodedInformationTypes:
    """Encoded information types from object identifiers; those that a built-in bit means become the bit."""
    ordered = tuple(dict.fromkeys(types))
    bits = frozenset(_BIT_OF_OID[oid] for oid in ordered if oid in _BIT_OF_OID)
    extended = tuple(oid for oid in ordered if oid not in _BIT_OF_OID)
    return EncodedInformationTypes(built_in_encoded_information_types=bits, extended_encoded_information_types=extended or None)


def merged(one: EncodedInformationTypes, other: EncodedInformationTypes) -> EncodedInformationTypes:
    """Both, without what only one of them has as non-basic parameters."""
    extended = tuple(dict.fromkeys((*(one.extended_encoded_information_types or ()), *(other.extended_encoded_information_types or ()))))
    return EncodedInformationTypes(
        built_in_encoded_information_types=one.built_in_encoded_information_types | other.built_in_encoded_information_types,
        extended_encoded_information_types=extended or None,
    )


def is_mixer_conversion(types: EncodedInformationTypes | None) -> bool:
    """Whether the list carries eit-mixer, the mark of a MIXER gateway's conversion (5.1.6)."""
    return types is not None and oids.EIT_MIXER in (types.extended_encoded_information_types or ())


def text_from_eits(types: EncodedInformationTypes) -> str:
    """``EBNF.encoded-info``: comma separated names and object identifiers; non-basic parameters are dropped (5.3.3.1)."""
    names = [_NAMES.get(bit, f"Undefined-{int(bit)}") for bit in sorted(types.built_in_encoded_information_types)]
    return ", ".join([*names, *(text_from_oid(oid) for oid in types.extended_encoded_information_types or ())])


def eits_from_text(text: str) -> EncodedInformationTypes:
    """The inverse of `text_from_eits`; older spellings are read.

    Raises:
        TextError: A name is not known.
    """
    bits: set[int] = set()
    extended: list[str] = []
    for part in (piece.strip() for piece in text.split(",")):
        if part.lower() in _READ:
            bits.add(_READ[part.lower()])
        elif "(" in part:
            extended.append(oid_from_text(part))
        elif part:
            raise TextError(f"{part[:40]!r} is no encoded information type (RFC 2156 5.3.3.1)")
    return EncodedInformationTypes(
        built_in_encoded_information_types=frozenset(bits), extended_encoded_information_types=tuple(dict.fromkeys(extended)) or None
    )


def text_from_content_type(content_type: ContentType) -> str:
    """``P2-1988 (22)``, or an object identifier (5.3.6)."""
    if content_type.extended is not None:
        return text_from_oid(content_type.extended)
    number = int(content_type.built_in or 0)
    return f"{_CONTENT_TYPES[number]} ({number})" if number in _CONTENT_TYPES else f"({number})"


