"""Directory names inside O/R names (X.501 Name) as text for people, the string form of RFC 4514."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from gateway import asn1
from gateway.asn1 import BERError

_KEYWORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "2.5.4.3": "CN",
        "2.5.4.4": "SN",
        "2.5.4.5": "serialNumber",
        "2.5.4.6": "C",
        "2.5.4.7": "L",
        "2.5.4.8": "ST",
        "2.5.4.9": "STREET",
        "2.5.4.10": "O",
        "2.5.4.11": "OU",
        "2.5.4.12": "title",
        "2.5.4.42": "GN",
        "2.5.4.43": "initials",
        "2.5.4.44": "generationQualifier",
        "0.9.2342.19200300.100.1.1": "UID",
        "0.9.2342.19200300.100.1.25": "DC",
    }
)
_STRINGS: Final[Mapping[int, Any]] = MappingProxyType(
    {
        0x0C: asn1.UTF8String(),
        0x12: asn1.NumericString(),
        0x13: asn1.PrintableString(),
        0x14: asn1.TeletexString(),
        0x16: asn1.IA5String(),
        0x1A: asn1.VisibleString(),
        0x1C: asn1.UniversalString(),
        0x1E: asn1.BMPString(),
    }
)
"""The string types of attribute values by their tag octet."""
_SPECIAL: Final = frozenset('",+;<>\\')


@asn1.sequence()
class AttributeTypeAndValue(asn1.Members):
    """X.501 AttributeTypeAndDistinguishedValue, as far as LDAP knows it."""

    type_: str = asn1.member(asn1.ObjectIdentifier(), name="type")
    value: bytes = asn1.member(asn1.Any())


RDNSequence: Final = asn1.SequenceOf(asn1.SetOf(AttributeTypeAndValue))


def text_from_directory_name(octets: bytes) -> str:
    """``CN=Steve Kille, O=Isode, C=GB`` for the complete encoding of a Name.

    Raises:
        BERError: It is no Name.
    """
    name = asn1.decode(octets, RDNSequence)
    return ", ".join("+".join(_shown(one) for one in rdn) for rdn in reversed(name))


def _shown(one: AttributeTypeAndValue) -> str:
    return f"{_KEYWORDS.get(one.type_, one.type_)}={_value(one.value)}"


def _value(octets: bytes) -> str:
    element = _STRINGS.get(octets[0]) if octets else None
    if element is None:
        return f"#{octets.hex()}"
    try:
        value = asn1.decode(octets, element)
    except BERError:
        return f"#{octets.hex()}"
    return escaped(value.decode("latin-1") if isinstance(value, bytes) else str(value))


def escaped(value: str) -> str:
    """An attribute value inside a distinguished name (RFC 4514 2.4)."""
    shown = "".join(f"\\{character}" if character in _SPECIAL else character for character in value).replace("\0", "\\00")
    if shown.startswith((" ", "#")):
        shown = f"\\{shown}"
    if value.endswith(" ") and len(value) > 1:
        shown = f"{shown[:-1]}\\ "
    return shown
