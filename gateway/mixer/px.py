"""RFC 2163: O/R address prefixes as domain names, and PX records.

A PX record holds one line of a mapping table: ``*.PRMD-ab.ADMD-ac.X42D.fr. IN PX 50 ab.fr. PRMD-ab.ADMD-ac.C-fr.`` Nothing is looked up
here; `overlaid` puts an answer that somebody got onto the tables, from where the mapping takes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gateway.errors import GatewayError
from gateway.mixer.mcgam import Entry, Levels, MappingTable, MappingTables, keyword, prefix_from_text, split_dmn

PREFERENCE: Final = 50
"""The one preference that a table can be written with (4.1)."""

_GATEWAY_MARK: Final = ".G"
_MAX_LABEL: Final = 63
_KEYWORDS: Final = frozenset({"C", "ADMD", "PRMD", "O", "OU"})
_ESCAPES: Final = {"-": "h", ".": "d", " ": "b"}
_MEANINGS: Final = {code: character for character, code in _ESCAPES.items()}
_LABEL: Final = re.compile(r"(OU|O|PRMD|ADMD|C)(?:(B)|-(.*))?", re.IGNORECASE | re.DOTALL)
_TOKEN: Final = re.compile(r"-([hdb]|[0-9]{3})(?:-|$)|([A-Za-z0-9]+)", re.IGNORECASE)
_DOMAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?)*")


class PXError(GatewayError):
    """An O/R address prefix has no domain name, or a name or record is not of the form of RFC 2163."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The data of a PX record: the two ends of a mapping, as domain names with or without the last dot."""

    map822: str
    mapx400: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """What a MAPX400 name says.

    Attributes:
        prefix: The attributes in the form of the tables: ``PRMD$ab.ADMD$ac.C$fr``.
        gateway: Whether it is an entry of a gateway table (``.G.``, 4.4).
    """

    prefix: str
    gateway: bool


# --- writing (4.2.1) -------------------------------------------------------------------------------------------------------------------


def name_from_prefix(prefix: str) -> str:
    r"""Write ``PRMD$UK\.BD.ADMD$ .C$gb`` as ``PRMD-UK-d-BD.ADMDb.C-gb``, without a last dot; attribute by attribute (4.2.2).

    Raises:
        PXError: An attribute has no domain name, a label would be longer than 63 octets, or a value is empty.
    """
    try:
        parts = split_dmn(prefix)
    except ValueError as error:
        raise PXError(f"{prefix[:200]!r}: {error}") from error
    return ".".join(_label(word, None if value == "@" else value) for word, value in parts)


def _hierarchy(prefix: str) -> Levels:
    levels, others = prefix_from_text(prefix)
    if others:
        raise PXError(f"{others[0][0]} has no domain name: only C, ADMD, PRMD, O and OU have one (RFC 2163 4.2)")
    return levels


def _labels(levels: Levels) -> list[str]:
    """One label for each level, the least significant first."""
    return [_label(keyword(place), value) for place, value in enumerate(levels)][::-1]


def _label(word: str, value: str | None) -> str:
    if word not in _KEYWORDS:
        raise PXError(f"{word} has no domain name: only C, ADMD, PRMD, O and OU have one (RFC 2163 4.2)")
    label = f"{word}{_suffix(word, value)}"
    if len(label) > _MAX_LABEL:
        raise PXError(f"the label {label} is longer than {_MAX_LABEL} octets (RFC 1035 2.3.4)")
    return label


def _suffix(word: str, value: str | None) -> str:
    if value is None:
        return ""
    if value == " " or (value == "" and word == "ADMD"):
        return "b"
    if not value:
        raise PXError(f"an empty {word} has no domain name (RFC 2163 4.2.1)")
    return f"-{''.join(_escaped(character) for character in value)}".removesuffix("-")


def _escaped(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character
    return f"-{_ESCAPES.get(character, f'{ord(character):03d}')}-"


def owner_of_prefix(prefix: str) -> str:
    """The name under which the mapping of a prefix is looked up: the country becomes ``X42D.cc.`` (4.2.3).

    Raises:
        PXError: As `name_from_prefix`, or the country is not of two letters.
        PrefixError: Not in the form of RFC 2156 Appendix F.3.
    """
    return owner_of_levels(_hierarchy(prefix))


def owner_of_levels(levels: Levels) -> str:
    """As `owner_of_prefix`, for the hierarchy of an address down to its lowest OU (5.1).

    Raises:
        PXError: As `owner_of_prefix`.
    """
    country = (levels[0] if levels else None) or ""
    if re.fullmatch(r"[A-Za-z]{2}", country) is None:
        raise PXError(f"the country {country!r} has no top-level domain: two letters are needed (RFC 2163 4.2.3)")
    return ".".join([*_labels(levels)[:-1], "X42D", country, ""])


def record_of_entry(table: MappingTable, entry: Entry) -> str:
    """One line of a table as a resource record of a zone file, with a wildcard owner (4.3).

    Raises:
        PXError: The line has no such record.
    """
    if entry.others:
        raise PXError(f"{entry.others[0][0]} has no domain name: only C, ADMD, PRMD, O and OU have one (RFC 2163 4.2)")
    by_domain = table in (MappingTable.DOMAIN_TO_ORADDRESS, MappingTable.DOMAIN_TO_GATEWAY)
    owner = f"{entry.domain}." if by_domain else owner_of_levels(entry.levels)
    mark = _GATEWAY_MARK if table in (MappingTable.DOMAIN_TO_GATEWAY, MappingTable.ORADDRESS_TO_GATEWAY) else ""
    return f"*.{owner} IN PX {PREFERENCE} {entry.domain}. {'.'.join(_labels(entry.levels))}{mark}."


# --- reading (4.2.2) -------------------------------------------------------------------------------------------------------------------


def prefix_from_name(name: str) -> Prefix:
    """Read a MAPX400 name.

    Raises:
        PXError: Not of the form.
    """
    bare = name.removesuffix(".")
    gateway = bare.upper().endswith(_GATEWAY_MARK)
    labels = (bare[: -len(_GATEWAY_MARK)] if gateway else bare).split(".")
    parts = (_attribute(label) for label in labels)
    prefix = ".".join(f"{word}${_quoted(value)}" for word, value in parts)
    return Prefix(prefix=prefix, gateway=gateway)


def _quoted(value: str | None) -> str:
    return "@" if value is None else value.replace(".", "\\.")


def _attribute(label: str) -> tuple[str, str | None]:
    match = _LABEL.fullmatch(label)
    if match is None:
        raise PXError(f"the label {label[:80]!r} is no attribute (RFC 2163 4.2.1)")
    word, blank, value = match.groups()
    if value is None:
        return word.upper(), " " if blank else None
    return word.upper(), _unescaped(value)


def _unescaped(value: str) -> str:
    """Strictly from left to right; an escape at the end has lost its last hyphen."""
    found = ""
    position = 0
    while position < len(value):
        match = _TOKEN.match(value, position)
        if match is None:
            raise PXError(f"{value[:80]!r} has a hyphen that begins no escape (RFC 2163 4.2.1)")
        code, plain = match.groups()
        found += plain or _MEANINGS.get(code.lower()) or _character(code)
        position = match.end()
    if not found:
        raise PXError("an attribute has an empty value (RFC 2163 4.2.1)")
    return found


def _character(code: str) -> str:
    if not 32 <= int(code) < 127:
        raise PXError(f"-{code}- is no character of an O/R address (RFC 2163 4.2.1)")
    return chr(int(code))


# --- use (5) ---------------------------------------------------------------------------------------------------------------------------


def overlaid(tables: MappingTables, answer: Answer, *, by_domain: bool) -> MappingTables:
    """The tables with what an answer says; it is a template, the two ends of a mapping (5).

    Args:
        tables: The tables so far.
        answer: Data of the record with the lowest preference.
        by_domain: Whether a domain was looked up; otherwise an O/R address.

    Raises:
        PXError: The answer is not of the form.
        PrefixError: Its attributes do not follow the hierarchy up to a country.
    """
    found = prefix_from_name(answer.mapx400)
    domain = answer.map822.removesuffix(".")
    if _DOMAIN.fullmatch(domain) is None:
        raise PXError(f"{domain[:200]!r} is not a domain of letters, digits and inner hyphens (RFC 2156 4.2)")
    if by_domain:
        table = MappingTable.DOMAIN_TO_GATEWAY if found.gateway else MappingTable.DOMAIN_TO_ORADDRESS
    else:
        table = MappingTable.ORADDRESS_TO_GATEWAY if found.gateway else MappingTable.ORADDRESS_TO_DOMAIN
    return tables.overlaid(table, [Entry(domain=domain, levels=_hierarchy(found.prefix), where="PX record")])
