"""The tables as they stand in files: every line with its place, so that a message can point at the character.

Lines are read by the engine's own `gateway.mixer.mcgam.read_line`, which alone decides whether one is good. What this module adds is
the column: where the parts of a good line stand, and where a bad one stops being one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.errors import ConfigurationError, GatewayError
from gateway.maptools.problems import Problem, error
from gateway.mixer.mcgam import Entry, MappingTable, ascii_domain, read_line
from gateway.mixer.text import PRINTABLE

LONGEST_LINE: Final = 4096
"""Characters; the longest legal line (a domain of 253, eight levels, four domain-defined attributes) has about 1,200."""

BY_DOMAIN: Final = frozenset({MappingTable.DOMAIN_TO_ORADDRESS, MappingTable.DOMAIN_TO_GATEWAY})
"""The tables whose key is the domain."""

OTHER_NAMES: Final[Mapping[str, MappingTable]] = {
    name: table
    for table, names in {
        MappingTable.ORADDRESS_TO_DOMAIN: ("or2rfc", "mapping1", "map1", "table1"),
        MappingTable.DOMAIN_TO_ORADDRESS: ("rfc2or", "mapping2", "map2", "table2"),
        MappingTable.DOMAIN_TO_GATEWAY: ("rfc1148gate", "rfc1327gate", "gate2", "gate"),
        MappingTable.ORADDRESS_TO_GATEWAY: ("gate1",),
    }.items()
    for name in names
}
"""What RFC 1148, 1327, 1506 and 2163 and the products of their time called the tables."""

_ORDER: Final = {"C": 0, "ADMD": 1, "PRMD": 2, "O": 3, "OU": 4}
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?(?=\.|$)")
_PART: Final = re.compile(r"(?:\\.|[^.\\])*")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file of a table."""

    name: str
    octets: bytes


Sources = Mapping[MappingTable, Sequence[SourceFile]]
"""The files of each table; later ones overlay earlier ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One usable line.

    Attributes:
        line: From 1.
        text: The line as it stands.
    """

    table: MappingTable
    entry: Entry
    file: str
    line: int
    text: str

    @property
    def where(self) -> str:
        """``file:line``."""
        return f"{self.file}:{self.line}"

    def column_of_domain(self) -> int:
        """Column of the domain, from 1."""
        _, start, _ = _sides(self.text, self.table)[0]
        return start + 1

    def column_of_key(self) -> int:
        """Column of the side that is looked up."""
        return 1 + len(self.text) - len(self.text.lstrip())

    def columns_of_parts(self) -> tuple[int, ...]:
        """Columns of the values on the O/R side, least significant first, as `gateway.mixer.mcgam.split_dmn` gives them."""
        oraddress, start, _ = _sides(self.text, self.table)[1]
        return tuple(start + at + part.find("$") + 2 for part, at in _parts(oraddress))

    def column_of_level(self, level: int) -> int:
        """Column of the value of one level, 0 for the country; that of the O/R side for a level that the line leaves out."""
        oraddress, start, _ = _sides(self.text, self.table)[1]
        values = [at for part, at in _parts(oraddress) if part.partition("$")[0].strip().upper() in _ORDER]
        columns = [column for column, at in zip(self.columns_of_parts(), values, strict=False)]
        # Levels that are left out have no part of their own; counting from the right is exact for all lines that leave none out.
        return columns[-1 - level] if len(columns) == len(self.entry.levels) and level < len(columns) else start + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All lines of some tables: the usable ones, and what is wrong with the others."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


# --- files -----------------------------------------------------------------------------------------------------------------------------


def table_of_name(name: str) -> MappingTable | None:
    """Which table a file of this name holds, by today's names and by the old ones."""
    by_name = {table.value: table for table in MappingTable}
    stem = name.lower().removesuffix(".txt").removesuffix(".map")
    return by_name.get(stem) or OTHER_NAMES.get(stem)


def sources_of_folder(folder: Path) -> Sources:
    """The tables of a folder, in the order in which the gateway reads them: the file of the table's name, then those of ``NAME.d``.

    Tables under their old names are taken too, so that a set from elsewhere can be checked before it is imported.

    Raises:
        ConfigurationError: No folder, no tables in it, or a file cannot be read.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder")
    found: dict[MappingTable, list[SourceFile]] = {table: [] for table in MappingTable}
    old = sorted(path for path in folder.iterdir() if path.is_file() and path.name in OTHER_NAMES)
    for path in old:
        found[OTHER_NAMES[path.name]].append(_read(path))
    for table in MappingTable:
        paths = [folder / table.value, *sorted((folder / f"{table.value}.d").glob("*"))]
        # What editors leave behind is no table for the gateway either.
        found[table] += [_read(path) for path in paths if path.is_file() and path.name[0] != "." and path.name[-1] != "~"]
    if not any(found.values()):
        names = ", ".join(table.value for table in MappingTable)
        raise ConfigurationError(f"there are no mapping tables in {folder}; they are files named {names}")
    return found


def _read(path: Path) -> SourceFile:
    try:
        return SourceFile(name=str(path), octets=path.read_bytes())
    except OSError as fault:
        raise ConfigurationError(f"{path}: {fault}") from fault


# --- lines -----------------------------------------------------------------------------------------------------------------------------


def read(sources: Sources) -> Reading:
    """Read all lines of all tables."""
    rows: list[Row] = []
    problems: list[Problem] = []
    for table in MappingTable:
        for source in sources.get(table, ()):
            for number, text in lines(source, problems):
                _take(table, source.name, number, text, rows, problems)
    return Reading(rows=tuple(rows), problems=tuple(problems))


def lines(source: SourceFile, problems: list[Problem], *, comments: bool = True) -> Iterator[tuple[int, str]]:
    """Number and text of every line that is text at all; the others become problems.

    Args:
        source: The file.
        problems: Where to put what is wrong.
        comments: Whether comments have to be UTF-8 too, as the gateway wants it; old tables have them in any charset.
    """
    octets = source.octets.removeprefix(b"\xef\xbb\xbf")
    for number, raw in enumerate(octets.splitlines(), 1):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as fault:
            if comments or not raw.startswith(b"#"):
                column = len(raw[: fault.start].decode("utf-8")) + 1
                problems.append(error("encoding", source.name, number, column, f"octet {raw[fault.start]:#04x} is not UTF-8", "UTF-8"))
            continue
        if not text.startswith("#") and (match := _CONTROL.search(text)) is not None:
            problems.append(error("control-character", source.name, number, match.start() + 1, f"U+{ord(match.group()):04X} in the line"))
        elif len(text) > LONGEST_LINE:
            problems.append(error("syntax", source.name, number, LONGEST_LINE, f"the line has {len(text)} characters", "one rule a line"))
        else:
            yield number, text


def _take(table: MappingTable, file: str, number: int, text: str, rows: list[Row], problems: list[Problem]) -> None:
    try:
        entry = read_line(table, text, f"{file}:{number}")
    except (ValueError, GatewayError) as fault:
        code, column, expected = locate(table, text)
        problems.append(error(code, file, number, column, str(fault), expected))
        return
    if entry is not None:
        rows.append(Row(table=table, entry=entry, file=file, line=number, text=text))


def _sides(line: str, table: MappingTable) -> tuple[tuple[str, int, int], tuple[str, int, int]]:
    """Domain and O/R side of a line, each with its place in the line."""
    mark = "#" if "#" in line else ":"
    cut = line.find(mark)
    end = line.find(mark, cut + 1) if mark == "#" else len(line)
    first, second = (line[:cut], 0, cut), (line[cut + 1 : end], cut + 1, end)
    domain, oraddress = (first, second) if table in BY_DOMAIN else (second, first)
    blanks = len(domain[0]) - len(domain[0].lstrip())
    return (domain[0].strip(), domain[1] + blanks, domain[2]), oraddress


def _parts(oraddress: str) -> Iterator[tuple[str, int]]:
    """The ``KEY$value`` parts between full stops, quoted ones kept, with their places."""
    at = 0
    while at <= len(oraddress):
        match = _PART.match(oraddress, at)
        end = match.end() if match else len(oraddress)
        yield oraddress[at:end], at
        at = end + 1


def locate(table: MappingTable, line: str) -> tuple[str, int, str]:
    """Where a line that the engine refuses goes wrong: the kind of problem, the column, from 1, and what was expected there."""
    marks = [at for at, character in enumerate(line) if character == "#"]
    if len(marks) > 2:
        return "syntax", marks[2] + 1, "nothing after the closing '#'"
    if len(marks) == 2 and line[marks[1] + 1 :].strip():
        return "syntax", marks[1] + 2, "nothing after the closing '#'"
    if len(marks) == 1:
        return "syntax", len(line) + 1, "the closing '#' of key#value#"
    if not marks and ":" not in line:
        return "syntax", len(line.rstrip()) + 1, "'#', as in key#value#"
    (domain, domain_at, _), (oraddress, at, _) = _sides(line, table)
    if (bad := _bad_label(domain)) is not None:
        return "syntax", domain_at + bad + 1, "a domain: labels of letters, digits and inner hyphens, joined by full stops"
    return _locate_in_oraddress(oraddress, at)


def _bad_label(domain: str) -> int | None:
    """Place of the first character that no domain has; the beginning for one beyond ASCII whose A-labels are no domain."""
    if (converted := ascii_domain(domain)) != domain:
        return None if _bad_label(converted) is None else 0
    at = 0
    while True:
        match = _LABEL.match(domain, at)
        if match is None:
            legal = re.match(r"[A-Za-z0-9\-]*", domain[at:])
            bad = at + (legal.end() if legal else 0)
            return bad if bad > at and domain[at] != "-" else at
        if match.end() == len(domain):
            return None
        at = match.end() + 1


def _odd_character(value: str) -> int | None:
    """Place of the first character that no value has; ``{}*`` belong to teletex forms and are looked at elsewhere."""
    if value == "@":
        return None
    bare = value.replace("\\.", "..")
    return next((at for at, character in enumerate(bare) if character not in PRINTABLE and character not in "{}*"), None)


def _locate_in_oraddress(oraddress: str, start: int) -> tuple[str, int, str]:
    """The first part that is not of the form, is no attribute, has a character that no value has, or stands in the wrong order."""
    last = 9
    for part, at in _parts(oraddress):
        key, dollar, value = part.partition("$")
        word = key.strip().upper()
        if not dollar:
            return "syntax", start + at + 1, "KEY$value, such as PRMD$ACME; a full stop inside a value is written '\\.'"
        if (odd := _odd_character(value)) is not None:
            return "string-type", start + at + len(key) + odd + 2, "letters, digits, space and '()+,-./:=? only, a full stop as '\\.'"
        if key.startswith("~"):
            continue
        place = _ORDER.get(word)
        if place is None:
            return "syntax", start + at + 1, "one of OU, O, PRMD, ADMD, C"
        if place > last or (place == last and word != "OU"):
            return "syntax", start + at + 1, "the least significant attribute first: OU, O, PRMD, ADMD, C"
        last = place
    if last != 0:
        return "syntax", start + len(oraddress) + 1, "the country at the end, such as .C$GB"
    return "syntax", start + 1, "an O/R address of C, ADMD, PRMD, O and up to four OU"
