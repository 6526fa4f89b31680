"""RFC 2164: how rules stand in a directory, without asking one. Names of entries, and what the attributes of an entry say.

A collection of rules is a subtree with two trees: ``CN=RFC 822 to X.400`` by domain, ``CN=X.400 to RFC 822`` by O/R hierarchy (RFC 2294).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.errors import GatewayError
from gateway.mixer.ldap_names import TO_RFC_822, TO_X400
from gateway.mixer.mcgam import Entry, Levels, MappingTable
from gateway.mixer.questions import DomainRule, ORAddressRule, Rule
from gateway.mixer.stdor import from_text
from gateway.x400.directory_names import escaped
from gateway.x400.oraddress import ORAddress

ASSOCIATED_DOMAIN: Final = "associatedDomain"
ASSOCIATED_INTERNET_GATEWAY: Final = "associatedInternetGateway"
ASSOCIATED_ORADDRESS: Final = "associatedORAddress"
ASSOCIATED_X400_GATEWAY: Final = "associatedX400Gateway"
RULE_ATTRIBUTES: Final = (ASSOCIATED_DOMAIN, ASSOCIATED_INTERNET_GATEWAY, ASSOCIATED_ORADDRESS, ASSOCIATED_X400_GATEWAY)

_OMITTED: Final = "oRAddressComponentType"
_TREE: Final = "1.3.6.1.4.1.453.7.2.2"
_LEVEL_TYPES: Final = ("C", "ADMD", "PRMD", "MHS-O", "MHS-OU", "MHS-OU", "MHS-OU", "MHS-OU")
_LEVEL_OIDS: Final = ("2.5.4.6", f"{_TREE}.1", f"{_TREE}.10", f"{_TREE}.6", *(f"{_TREE}.7",) * 4)
_PLACES: Final = {
    "c": 0, "countryname": 0, "2.5.4.6": 0, "mhs-numeric-country": 0, "mhsnumericcountryname": 0, f"{_TREE}.5": 0,
    "admd": 1, "admdname": 1, f"{_TREE}.1": 1,
    "prmd": 2, "prmdname": 2, f"{_TREE}.10": 2,
    "mhs-o": 3, "mhsorganizationname": 3, f"{_TREE}.6": 3, "o": 3, "organizationname": 3,
    "mhs-ou": 4, "mhsorganizationalunitname": 4, f"{_TREE}.7": 4, "ou": 4, "organizationalunitname": 4,
}  # fmt: skip
"""Level by attribute type of a name: the keywords of RFC 2294 Table 3, the long names, the object identifiers."""
_OMITTED_TYPES: Final = frozenset({_OMITTED.lower(), "1.3.6.1.4.1.453.7.4.2.7"})
_DOMAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?)*")


class DirectoryEntryError(GatewayError):
    """An entry of the directory does not say what RFC 2164 lets it say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Where the rules for one question stand in one tree.

    Attributes:
        root: The tree, relative to a collection.
        names: Relative names below it, the least significant first.
        depths: For each of ``names``: how many levels (labels) of the question an entry at this name covers.
    """

    root: str
    names: tuple[str, ...]
    depths: tuple[int, ...]

    def name(self, length: int, collection: str) -> str:
        """The distinguished name of the entry ``length`` names below the tree."""
        return ",".join([*self.names[len(self.names) - length :], self.root, collection])

    def depth(self, length: int) -> int:
        """How many levels or labels that entry covers."""
        return self.depths[len(self.names) - length]


def paths_of(question: DomainRule | ORAddressRule) -> tuple[Path, ...]:
    """Where to look. An omitted level has an entry of its own (RFC 2164 2), or is left out as RFC 2294 4 derives the name."""
    if isinstance(question, DomainRule):
        labels = question.domain.split(".")
        names = tuple(f"DomainComponent={escaped(label)}" for label in labels)
        return (Path(root=TO_X400, names=names, depths=tuple(range(len(labels), 0, -1))),) if all(labels) else ()
    levels = question.levels
    if not levels or levels[0] is None:
        return ()
    marked = _levels_path(levels, mark_omitted=True)
    return (marked, _levels_path(levels, mark_omitted=False)) if None in levels else (marked,)


def _levels_path(levels: Levels, *, mark_omitted: bool) -> Path:
    parts = [
        (_level_name(place, value), place + 1) for place, value in enumerate(levels) if value is not None or mark_omitted
    ][::-1]  # fmt: skip
    return Path(root=TO_RFC_822, names=tuple(name for name, _ in parts), depths=tuple(depth for _, depth in parts))


def _level_name(place: int, value: str | None) -> str:
    if value is None:
        return f"{_OMITTED}={_LEVEL_OIDS[place]}"
    numeric = place == 0 and value.isdigit()
    return f"{'MHS-Numeric-Country' if numeric else _LEVEL_TYPES[place]}={escaped(value)}"


def length_below(name: str, path: Path, collection: str) -> int | None:
    """How many names below the path's tree a matched name is; None when it is not in that tree or no name."""
    try:
        matched, root = relative_names(name.lower()), relative_names(f"{path.root},{collection}".lower())
    except DirectoryEntryError:
        return None
    length = len(matched) - len(root)
    return length if length >= 0 and matched[length:] == root else None


def relative_names(name: str) -> tuple[tuple[tuple[str, str], ...], ...]:
    """The parts of a distinguished name (RFC 4514), each of one or several pairs of type and value, unquoted.

    Raises:
        DirectoryEntryError: A part is not of the form type=value.
    """
    found: list[tuple[tuple[str, str], ...]] = []
    for part in _split(name, ",;") if name.strip() else ():
        pairs = [pair.partition("=") for pair in _split(part, "+")]
        if not all(equals and type_.strip() for type_, equals, _ in pairs):
            raise DirectoryEntryError(f"{name[:120]!r} is no distinguished name (RFC 4514)")
        found.append(tuple((type_.strip(), unescaped(_stripped(value))) for type_, _, value in pairs))
    return tuple(found)


def _split(text: str, separators: str) -> list[str]:
    """At the separators that no backslash stands before."""
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] in separators:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def _stripped(value: str) -> str:
    """Without blanks around it; a last one that is quoted stays, and so does one that is the whole value."""
    bare = value.strip(" ")
    if not bare and value:
        # Peer: the ADMD of one blank is also met unquoted, where RFC 4514 writes it as "\ " or "\20".
        return " "
    return f"{bare} " if bare.endswith("\\") and value.rstrip(" ") != value and not bare.endswith("\\\\") else bare


# --- what an entry says --------------------------------------------------------------------------------------------------------------


def rule_of(question: DomainRule | ORAddressRule, depth: int, attributes: Mapping[str, Sequence[str]], where: str) -> Rule | None:
    """The rule of one entry; None when it has no attribute of a rule (a node on the way to others).

    Args:
        question: What was asked.
        depth: How many labels or levels of it the entry covers.
        attributes: Values by attribute type, in any case.
        where: The entry, for `Entry.where`.

    Raises:
        DirectoryEntryError: An attribute says what it must not.
    """
    values = {type_.lower(): sorted(found) for type_, found in attributes.items() if found}
    if isinstance(question, DomainRule):
        domain = ".".join(question.domain.split(".")[-depth:])
        if names := values.get(ASSOCIATED_ORADDRESS.lower()):
            entry = Entry(domain=domain, levels=levels_from_name(names[0]), where=where)
            return Rule(table=MappingTable.DOMAIN_TO_ORADDRESS, entry=entry)
        if addresses := values.get(ASSOCIATED_X400_GATEWAY.lower()):
            # RFC 2164 4: of several gateways the MTA may select the one it chooses; the first in order is always the same.
            return Rule(table=MappingTable.DOMAIN_TO_GATEWAY, entry=_gateway(domain, addresses[0], where))
        return None
    levels = question.levels[:depth]
    if domains := values.get(ASSOCIATED_DOMAIN.lower()):
        return Rule(table=MappingTable.ORADDRESS_TO_DOMAIN, entry=Entry(domain=_domain(domains[0]), levels=levels, where=where))
    if domains := values.get(ASSOCIATED_INTERNET_GATEWAY.lower()):
        return Rule(table=MappingTable.ORADDRESS_TO_GATEWAY, entry=Entry(domain=_domain(domains[0]), levels=levels, where=where))
    return None


def _domain(value: str) -> str:
    bare = value.strip().rstrip(".")
    if _DOMAIN.fullmatch(bare) is None:
        raise DirectoryEntryError(f"{value[:120]!r} is not a domain of letters, digits and inner hyphens (RFC 2156 4.2)")
    return bare


def levels_from_name(name: str) -> Levels:
    """The O/R hierarchy of a distinguished name (associatedORAddress).

    Raises:
        DirectoryEntryError: Not a name of C, ADMD, PRMD, O and OU, in this order from the right.
    """
    levels: list[str | None] = []
    for part in reversed(relative_names(name)):
        if len(part) != 1:
            raise DirectoryEntryError(f"{name[:120]!r} has a part of several values (RFC 2294 1)")
        place, text = _level_of(part[0][0].lower(), part[0][1])
        place = max(place, len(levels)) if place >= 4 else place
        if place < len(levels) or place >= 8:
            raise DirectoryEntryError(f"{name[:120]!r} is not in the order C, ADMD, PRMD, O, OU from the right (RFC 2294 1)")
        levels += [None] * (place - len(levels))
        levels.append(text)
    if not levels or levels[0] is None:
        raise DirectoryEntryError(f"{name[:120]!r} names no country (RFC 2294 1)")
    return tuple(levels)


def _level_of(type_: str, value: str) -> tuple[int, str | None]:
    if type_ in _OMITTED_TYPES:
        place = _PLACES.get(value.strip().lower())
        if place is None:
            raise DirectoryEntryError(f"{value[:80]!r} is no attribute type of the hierarchy (RFC 2164 2)")
        return place, None
    if type_ not in _PLACES:
        raise DirectoryEntryError(f"{type_[:80]!r} takes no part in a mapping rule (RFC 2156 4.2)")
    return _PLACES[type_], value


def unescaped(value: str) -> str:
    r"""An attribute value of a distinguished name without its quoting: ``\,`` and ``\2C`` (RFC 4514 2.4)."""
    octets = b""
    for match in re.finditer(r"\\([0-9A-Fa-f]{2})|\\(.)|([^\\]+)", value, re.DOTALL):
        code, quoted, plain = match.groups()
        octets += bytes.fromhex(code) if code else (quoted or plain).encode()
    return octets.decode("utf-8", "replace")


def _gateway(domain: str, text: str, where: str) -> Entry:
    try:
        address = from_text(text)
    except GatewayError as error:
        raise DirectoryEntryError(f"{text[:120]!r} is no O/R address: {error}") from error
    levels: list[str | None] = [address.country, address.admd, address.prmd, address.organization, *address.organizational_units]
    while levels and levels[-1] is None:
        levels.pop()
    if address.country is None:
        raise DirectoryEntryError(f"{text[:120]!r} has no country")
    return Entry(domain=domain, levels=tuple(levels), others=tuple(_others(address)), where=where)


def _others(address: ORAddress) -> Iterator[tuple[str, str]]:
    hierarchy = {"country", "admd", "prmd", "organization", "organizational_units", "domain_defined"}
    for row, value in address.attributes():
        if row.name not in hierarchy:
            if not isinstance(value, str):
                raise DirectoryEntryError(f"{row.key} cannot stand in the address of a preferred gateway here")
            yield row.key, value
    yield from ((f"~{type_}", value) for type_, value in address.domain_defined)
