"""The four mapping tables (RFC 2156 4.2 and Appendix F): file format, checks, longest match.

| table | maps | RFC 2163 |
|---|---|---|
| ``domain-to-oraddress`` | domain -> O/R address prefix (MCGAM) | table2 |
| ``oraddress-to-domain`` | O/R address prefix -> domain (MCGAM) | table1 |
| ``domain-to-gateway`` | domain -> O/R address of a preferred gateway | gate2 |
| ``oraddress-to-gateway`` | O/R address prefix -> domain of a preferred gateway | gate1 |

Tables are immutable and swapped whole on reload, so that a message never sees half a table.
"""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

from gateway.errors import ConfigurationError, GatewayError
from gateway.mixer.stdor import StdOrError, address_from_components
from gateway.x400.oraddress import ORAddress

Levels = tuple[str | None, ...]
"""Values of C, ADMD, PRMD, O, OU1 to OU4, most significant first; None is an omitted level (written ``@`` in the files)."""

MAX_LEVELS: Final = 8
_HIERARCHY: Final[Mapping[str, int]] = MappingProxyType({"C": 0, "ADMD": 1, "PRMD": 2, "O": 3, "OU": 4})
_DOMAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?)*")
_PART: Final = re.compile(r"((?:\\\.|[^.\\])*)(?:\.|$)")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
"""No other character ends a line, whatever Unicode says: tools and engine have to count the same lines, and a comment hides no rule."""
_VALUE_CHARACTERS: Final = frozenset(string.ascii_letters + string.digits + " '()+,-./:=?{}*")


class MappingTable(Enum):
    """The four tables, by the names of their files."""

    DOMAIN_TO_ORADDRESS = "domain-to-oraddress"
    ORADDRESS_TO_DOMAIN = "oraddress-to-domain"
    DOMAIN_TO_GATEWAY = "domain-to-gateway"
    ORADDRESS_TO_GATEWAY = "oraddress-to-gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of a table that cannot be used, or that says something odd."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


class MappingTableError(ConfigurationError):
    """A mapping table cannot be used; ``findings`` has every line that is wrong, the text the first ones."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        more = f" (and {len(findings) - 10} more)" if len(findings) > 10 else ""
        super().__init__("; ".join(str(finding) for finding in findings[:10]) + more)
        self.findings = tuple(findings)


class PrefixError(GatewayError):
    """An O/R address is not in the ``dmn`` form of Appendix F.3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of one table.

    Attributes:
        domain: As written, in A-labels.
        levels: The O/R hierarchy of the line, down to the deepest level it names.
        others: For a preferred gateway: attributes outside the hierarchy by keyword, ``~TYPE`` for a domain-defined one (Appendix F.7).
        where: ``file:line``.
    """

    domain: str
    levels: Levels
    others: tuple[tuple[str, str], ...] = ()
    where: str = ""


def normalised(level: int, value: str | None) -> str | None:
    """A value as the tables compare it (4.3.5 step 1): case, outer and repeated blanks do not count; an empty ADMD is one space."""
    if value is None:
        return None
    squeezed = " ".join(word for word in value.lower().split(" ") if word)
    return squeezed or (" " if level == 1 else "")


_MEMBERS: Final[Mapping[MappingTable, str]] = MappingProxyType(
    {
        MappingTable.DOMAIN_TO_ORADDRESS: "by_domain",
        MappingTable.ORADDRESS_TO_DOMAIN: "by_levels",
        MappingTable.DOMAIN_TO_GATEWAY: "gateway_by_domain",
        MappingTable.ORADDRESS_TO_GATEWAY: "gateway_by_levels",
    }
)


def _key(levels: Levels) -> Levels:
    return tuple(normalised(at, value) for at, value in enumerate(levels))


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingTables:
    """All four tables.

    Attributes:
        version: Short digest of what was loaded; goes into the plan of a conversion.
    """

    by_domain: Mapping[str, Entry] = field(default_factory=dict)
    by_levels: Mapping[Levels, Entry] = field(default_factory=dict)
    gateway_by_domain: Mapping[str, Entry] = field(default_factory=dict)
    gateway_by_levels: Mapping[Levels, Entry] = field(default_factory=dict)
    version: str = "empty"

    def oraddress_of_domain(self, domain: str) -> Entry | None:
        """Longest match of a domain, by whole components (``domain-to-oraddress``)."""
        return _longest_domain(self.by_domain, domain)

    def gateway_of_domain(self, domain: str) -> Entry | None:
        """Longest match of a domain in ``domain-to-gateway``."""
        return _longest_domain(self.gateway_by_domain, domain)

    def domains_of_oraddress(self, levels: Levels) -> Iterator[Entry]:
        """All matching prefixes of an O/R hierarchy, longest first (``oraddress-to-domain``).

        Args:
            levels: The levels of the address; trailing levels that it lacks may be left out.
        """
        return _longest_levels(self.by_levels, levels)

    def gateway_of_oraddress(self, levels: Levels) -> Entry | None:
        """Longest match in ``oraddress-to-gateway``."""
        return next(_longest_levels(self.gateway_by_levels, levels), None)

    def __len__(self) -> int:
        return sum(len(one) for one in (self.by_domain, self.by_levels, self.gateway_by_domain, self.gateway_by_levels))


    def overlaid(self, table: MappingTable, entries: Iterable[Entry]) -> MappingTables:
        """These tables with entries that a directory or name server answered; an answer replaces what a file says of the same key."""
        name = _MEMBERS[table]
        added = {_entry_key(table, entry): entry for entry in entries}
        changed: dict[str, Any] = {name: MappingProxyType({**getattr(self, name), **added})}
        return replace(self, **changed)


def _longest_domain(entries: Mapping[str, Entry], domain: str) -> Entry | None:
    rest = domain.lower().rstrip(".")
    while rest:
        if rest in entries:
            return entries[rest]
        rest = rest.partition(".")[2]
    return None


def _longest_levels(entries: Mapping[Levels, Entry], levels: Levels) -> Iterator[Entry]:
    # A key that ends in omitted levels also fits an address that stops above them, so the address is filled up with omitted levels.
    padded = _key((*levels, *(None,) * MAX_LEVELS)[:MAX_LEVELS])
    for depth in range(MAX_LEVELS, 0, -1):
        if padded[:depth] in entries:
            yield entries[padded[:depth]]


# --- file format ---------------------------------------------------------------------------------------------------------------------


def _split_line(line: str) -> tuple[str, str] | None:
    """Key and value of ``key#value#``, or of the older ``key:value``; None when the line has neither form."""
    parts = line.split("#")
    if len(parts) == 3 and parts[2].strip() == "":
        return parts[0], parts[1]
    key, colon, value = line.partition(":")
    # Peer: PP wrote its tables as key:value. Blanks at the end of an O/R value would be data, those of a line are not.
    return (key, value) if colon and "#" not in line else None


def split_dmn(text: str) -> tuple[tuple[str, str], ...]:
    r"""The ``KEY$value`` parts of ``dmn`` form, least significant first; ``\.`` is a full stop inside a value.

    Raises:
        ValueError: With what is wrong.
    """
    parts: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None or match.end() == position:
            raise ValueError(f"{text!r} does not split into KEY$value parts joined by full stops")
        position = match.end()
        key, dollar, value = match.group(1).replace("\\.", ".").partition("$")
        if not dollar:
            raise ValueError(f"{match.group(1)!r} is not of the form KEY$value")
        if value != "@" and not _VALUE_CHARACTERS.issuperset(value):
            raise ValueError(f"{value!r} has characters that no O/R address attribute has (RFC 2156 Appendix F.3)")
        parts.append((key.strip().upper() if not key.startswith("~") else key, value))
    if not parts:
        raise ValueError("the O/R address is empty")
    return tuple(parts)


def _levels_of(parts: Sequence[tuple[str, str]]) -> tuple[Levels, tuple[tuple[str, str], ...]]:
    """The hierarchy of ``dmn`` parts, and what is outside it."""
    levels: list[str | None] = []
    others: list[tuple[str, str]] = []
    for key, value in reversed(parts):
        if key not in _HIERARCHY:
            others.append((key, value))
            continue
        place = _HIERARCHY[key]
        if key == "OU":
            place = max(place, len(levels))
        if place < len(levels):
            raise ValueError(f"{key} stands in the wrong place: write the least significant attribute first")
        # Peer: Appendix F itself prints O$Xerox.ADMD$ATT.C$US; a level that is left out between two others counts as omitted.
        levels += [None] * (place - len(levels))
        levels.append(None if value == "@" else value)
    if not levels or levels[0] is None:
        raise ValueError("the O/R address needs a country, such as C$GB")
    if len(levels) > MAX_LEVELS:
        raise ValueError("an O/R address has at most four organizational units")
    return tuple(levels), tuple(others)


def _check_others(others: Sequence[tuple[str, str]], table: MappingTable) -> None:
    if others and table is not MappingTable.DOMAIN_TO_GATEWAY:
        raise ValueError(f"{others[0][0]} is not allowed here: only C, ADMD, PRMD, O and OU take part in mapping (RFC 2156 4.2)")
    try:
        address_of_others(others)
    except StdOrError as error:
        raise ValueError(str(error)) from error


def address_of_others(others: Sequence[tuple[str, str]]) -> ORAddress:
    """The attributes outside the hierarchy as an address (Appendix F.3, F.7).

    Raises:
        StdOrError: An unknown keyword, or a value that does not fit.
    """
    return address_from_components((f"DD.{key[1:]}" if key.startswith("~") else key, value) for key, value in reversed(others))


def prefix_from_text(text: str) -> tuple[Levels, tuple[tuple[str, str], ...]]:
    """The hierarchy of an O/R address in ``dmn`` form, and the attributes outside it (Appendix F.3), the most significant first.

    Raises:
        PrefixError: It is not of the form.
    """
    try:
        levels, others = _levels_of(split_dmn(text))
        _check_others(others, MappingTable.DOMAIN_TO_GATEWAY)
        return levels, others
    except ValueError as error:
        raise PrefixError(f"{text[:200]!r}: {error}") from error


def keyword(place: int) -> str:
    """The keyword of a level of the hierarchy."""
    return ("C", "ADMD", "PRMD", "O")[place] if place < 4 else "OU"


def ascii_domain(text: str) -> str:
    """A domain in A-labels (RFC 5890), normalised on the way; one that has no such form, and one in ASCII, comes back as it is."""
    if text.isascii():
        return text
    try:
        return text.encode("idna").decode("ascii")
    except UnicodeError:
        return text


def read_line(table: MappingTable, line: str, where: str) -> Entry | None:
    """One line of a table; None for a comment or an empty line.

    Raises:
        ValueError: With what is wrong.
    """
    if not line.strip() or line.startswith("#"):
        return None
    pair = _split_line(line)
    if pair is None:
        raise ValueError("expected key#value# (RFC 2156 Appendix F)")
    by_domain = table in (MappingTable.DOMAIN_TO_ORADDRESS, MappingTable.DOMAIN_TO_GATEWAY)
    domain, oraddress = pair if by_domain else (pair[1], pair[0])
    domain = ascii_domain(domain.strip())
    if _DOMAIN.fullmatch(domain) is None:
        raise ValueError(f"{domain!r} is not a domain of letters, digits and inner hyphens (RFC 2156 4.2)")
    levels, others = _levels_of(split_dmn(oraddress))
    _check_others(others, table)
    return Entry(domain=domain, levels=levels, others=others, where=where)


def read_table(table: MappingTable, files: Sequence[tuple[str, str]]) -> tuple[tuple[Entry, ...], tuple[Finding, ...]]:
    """All usable lines of one table, and every line that is not.

    Args:
        table: Which of the four.
        files: File name and text of each; later files overlay earlier ones line by line.
    """
    entries: dict[object, Entry] = {}
    findings: list[Finding] = []
    for name, text in files:
        seen: dict[object, Entry] = {}
        for number, line in enumerate(_LINE_END.split(text), 1):
            where = f"{name}:{number}"
            try:
                entry = read_line(table, line, where)
            except ValueError as error:
                findings.append(Finding(where=where, text=str(error)))
                continue
            if entry is not None:
                findings += _note_duplicate(seen, _entry_key(table, entry), entry)
        entries |= seen
    return tuple(entries.values()), tuple(findings)


def _entry_key(table: MappingTable, entry: Entry) -> object:
    by_domain = table in (MappingTable.DOMAIN_TO_ORADDRESS, MappingTable.DOMAIN_TO_GATEWAY)
    return entry.domain.lower() if by_domain else _key(entry.levels)


def _note_duplicate(seen: dict[object, Entry], key: object, entry: Entry) -> Iterator[Finding]:
    first = seen.setdefault(key, entry)
    if first is not entry and (first.domain.lower(), _key(first.levels)) != (entry.domain.lower(), _key(entry.levels)):
        yield Finding(where=entry.where, text=f"a second value for a key that {first.where} already has; the first one counts")


def load(files: Mapping[str, Sequence[tuple[str, str]]]) -> MappingTables:
    """Build the tables.

    Args:
        files: By table name (`MappingTable` values): file name and text, the later ones overlaying the earlier. A missing table is empty.

    Raises:
        MappingTableError: Lines that cannot be used, each with file and line; or one key in a table and in its gateway table.
        ConfigurationError: An unknown table name.
    """
    unknown = set(files) - {table.value for table in MappingTable}
    if unknown:
        raise ConfigurationError(f"{sorted(unknown)[0]!r} is no mapping table; there are {', '.join(one.value for one in MappingTable)}")
    keyed: dict[MappingTable, dict[object, Entry]] = {}
    findings: list[Finding] = []
    for table in MappingTable:
        entries, wrong = read_table(table, files.get(table.value, ()))
        findings += wrong
        keyed[table] = {_entry_key(table, entry): entry for entry in entries}
    findings += _in_both(keyed[MappingTable.DOMAIN_TO_ORADDRESS], keyed[MappingTable.DOMAIN_TO_GATEWAY])
    findings += _in_both(keyed[MappingTable.ORADDRESS_TO_DOMAIN], keyed[MappingTable.ORADDRESS_TO_GATEWAY])
    if findings:
        raise MappingTableError(findings)
    return _tables(keyed)


def _in_both(mapping: Mapping[object, Entry], gateways: Mapping[object, Entry]) -> Iterator[Finding]:
    for key in mapping.keys() & gateways.keys():
        yield Finding(where=gateways[key].where, text=f"the same key is mapped by {mapping[key].where} (RFC 2156 Appendix F.7)")


def _tables(keyed: Mapping[MappingTable, Mapping[object, Entry]]) -> MappingTables:
    digest = hashlib.sha256()
    for table, entries in keyed.items():
        for entry in sorted(entries.values(), key=lambda one: (one.domain.lower(), repr(one.levels))):
            digest.update(repr((table.value, entry.domain, entry.levels, entry.others)).encode())
    return MappingTables(
        by_domain=MappingProxyType({str(key): entry for key, entry in keyed[MappingTable.DOMAIN_TO_ORADDRESS].items()}),
        by_levels=MappingProxyType({_key(entry.levels): entry for entry in keyed[MappingTable.ORADDRESS_TO_DOMAIN].values()}),
        gateway_by_domain=MappingProxyType({str(key): entry for key, entry in keyed[MappingTable.DOMAIN_TO_GATEWAY].items()}),
        gateway_by_levels=MappingProxyType({_key(entry.levels): entry for entry in keyed[MappingTable.ORADDRESS_TO_GATEWAY].values()}),
        version=digest.hexdigest()[:16],
    )
