"""``mixer map import``: rules in any of the forms in which they have been passed around, to lines of the tables.

| form | a line |
|---|---|
| ``rfc`` | ``PRMD$tlec.ADMD$ade.C$nl#tlec.nl#`` (RFC 987, 1148, 1327, 2156 Appendix F) |
| ``pp`` | ``PRMD$tlec.ADMD$ade.C$nl:tlec.nl`` |
| ``ean`` | ``P=tlec; A=ade; C=nl;   # tlec.nl`` (RFC 1506 3.6) |
| ``csv`` | ``table,domain,oraddress``, the table may be missing: then a row is a rule both ways |
| ``px`` | zone files with PX records (RFC 2163) |

Every line that cannot be taken is named and left out; the rest goes on. Nothing is completed by guesses, least of all a domain.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from gateway.errors import GatewayError
from gateway.maptools.claims import values_of
from gateway.maptools.exporting import line_of, prefix_of_address
from gateway.maptools.keys import Key, check_both_tables, key_of, means
from gateway.maptools.problems import Problem, Severity, error, warning
from gateway.maptools.px_rules import px_rules
from gateway.maptools.rules import Rule
from gateway.maptools.sources import OTHER_NAMES, Row, SourceFile, lines, table_of_name
from gateway.mixer.mcgam import MappingTable, read_line
from gateway.mixer.stdor import from_text

_PX: Final = re.compile(rb"^(?:\$(?:ORIGIN|TTL)\b|[^#\r\n]*\sPX\s+[0-9]+\s)", re.MULTILINE | re.IGNORECASE)
_LOOKED_AT: Final = 262_144
"""Octets of a file that decide about its form."""

_HEADER: Final = re.compile(rb"^\s*(?:[A-Za-z_ ]+,)*\s*\"?(?:domain|oraddress)\"?\s*(?:,|\r?\n)", re.IGNORECASE)
_DMN: Final = re.compile(r"(?:~[^$]*|[A-Za-z0-9\-]+)\$")

_OTHER_WAY: Final[Mapping[MappingTable, MappingTable]] = {
    MappingTable.DOMAIN_TO_ORADDRESS: MappingTable.ORADDRESS_TO_DOMAIN,
    MappingTable.ORADDRESS_TO_DOMAIN: MappingTable.DOMAIN_TO_ORADDRESS,
    MappingTable.DOMAIN_TO_GATEWAY: MappingTable.ORADDRESS_TO_GATEWAY,
    MappingTable.ORADDRESS_TO_GATEWAY: MappingTable.DOMAIN_TO_GATEWAY,
}


class Form(Enum):
    """In which form rules come."""

    RFC = "rfc"
    PP = "pp"
    EAN = "ean"
    CSV = "csv"
    PX = "px"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What was taken, and what was wrong with the rest."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


def import_rules(sources: Iterable[SourceFile], form: Form | None = None, table: MappingTable | None = None) -> Imported:
    """Read rules from files.

    Args:
        sources: The files.
        form: Their form; None finds out for each.
        table: The table that their lines belong to; None goes by column, by the name of the file, or by which side the domain stands on.
    """
    rows: list[Row] = []
    problems: list[Problem] = []
    for source in sources:
        read = _READERS[form or form_of(source)]
        for rule in read(source, table or table_of_name(source.name.replace("\\", "/").rpartition("/")[2]), problems):
            rows += _row(rule, source.name, problems)
    return _without_conflicts(rows, problems)


def form_of(source: SourceFile) -> Form:
    """The form of a file, by its first rule."""
    octets = source.octets[:_LOOKED_AT].removeprefix(b"\xef\xbb\xbf")
    if _PX.search(octets) is not None:
        return Form.PX
    first = next((line for line in octets.splitlines() if line.strip() and not line.startswith((b"#", b";", b"!"))), b"")
    if _HEADER.match(first + b"\n") is not None:
        return Form.CSV
    if b"=" in first and b"$" not in first:
        return Form.EAN
    return Form.RFC if b"#" in first else Form.PP


def _row(rule: Rule, file: str, problems: list[Problem]) -> Iterator[Row]:
    """The rule as a line of its table, if the engine takes it and its values are legal."""
    line = line_of(rule.table, rule.domain, rule.prefix)
    try:
        entry = read_line(rule.table, line, f"{file}:{rule.line}")
    except (ValueError, GatewayError) as fault:
        problems.append(error("not-taken", file, rule.line, 0, str(fault)))
        return
    if entry is None:
        problems.append(error("not-taken", file, rule.line, 0, "the rule is empty"))
        return
    row = Row(table=rule.table, entry=entry, file=file, line=rule.line, text=line)
    found = [replace(problem, column=0) for problem in values_of(row)]
    problems += found
    if not any(problem.severity is Severity.ERROR for problem in found):
        yield row


def _without_conflicts(rows: list[Row], problems: list[Problem]) -> Imported:
    """One rule for each key. Between imported files there is no order: of two the first is taken, from whichever file."""
    first: dict[Key, Row] = {}
    for row in rows:
        earlier = first.setdefault(key_of(row), row)
        if earlier is row:
            continue
        if means(earlier) == means(row):
            problems.append(warning("duplicate", row.file, row.line, 0, f"the same rule stands in {earlier.where}"))
        else:
            text = f"a second value for a key that {earlier.where} has already; the first is taken"
            problems.append(error("duplicate-key", row.file, row.line, 0, text))
    refused = set[int]()
    for problem, row in check_both_tables(first.values()):
        problems.append(replace(problem, column=0))
        refused.add(id(row))
    return Imported(rows=tuple(row for row in first.values() if id(row) not in refused), problems=tuple(problems))


# --- the forms -------------------------------------------------------------------------------------------------------------------------


def _is_prefix(text: str) -> bool:
    return _DMN.match(text.strip()) is not None


def _tables_of_line(table: MappingTable | None, oraddress_first: bool) -> MappingTable:
    """The table of a line: a gateway table only where somebody says so, otherwise by the side on which the O/R address stands."""
    found = table or (MappingTable.ORADDRESS_TO_DOMAIN if oraddress_first else MappingTable.DOMAIN_TO_ORADDRESS)
    keyed_by_oraddress = found in (MappingTable.ORADDRESS_TO_DOMAIN, MappingTable.ORADDRESS_TO_GATEWAY)
    return found if keyed_by_oraddress == oraddress_first else _OTHER_WAY[found]


def _marked(mark: str) -> Callable[[SourceFile, MappingTable | None, list[Problem]], Iterator[Rule]]:
    """A reader of ``key#value#`` or ``key:value``."""

    def read(source: SourceFile, table: MappingTable | None, problems: list[Problem]) -> Iterator[Rule]:
        for number, line in lines(source, problems, comments=False):
            if not line.strip() or line.startswith("#"):
                continue
            parts = _split(line, mark)
            if parts is None or _is_prefix(parts[0]) == _is_prefix(parts[1]):
                form = "key#value#" if mark == "#" else "key:value"
                text = f"{line.strip()[:120]!r} is no rule"
                problems.append(error("not-taken", source.name, number, 0, text, f"{form}, one side an O/R address such as PRMD$x.C$gb"))
                continue
            first = _is_prefix(parts[0])
            domain, prefix = (parts[1], parts[0]) if first else parts
            yield Rule(table=_tables_of_line(table, first), domain=domain.strip(), prefix=prefix, line=number)

    return read


def _split(line: str, mark: str) -> tuple[str, str] | None:
    # Peer: the tables of PP were distributed with a mixture of both marks; a line has one of them.
    key, found, value = line.partition(mark if mark in line else "#" if mark == ":" else ":")
    if not found or not value.strip():
        return None
    value = value.rstrip("\r\n")
    return (key, value.rstrip().removesuffix("#")) if found == "#" else (key, value.rstrip())


def _ean(source: SourceFile, table: MappingTable | None, problems: list[Problem]) -> Iterator[Rule]:
    for number, line in lines(source, problems, comments=False):
        if not line.strip() or line.startswith("#"):
            continue
        left, mark, right = (part.strip() for part in line.partition("#"))
        first = "=" in left
        if not mark or first == ("=" in right):
            text = f"{line.strip()[:120]!r} is no rule"
            problems.append(error("not-taken", source.name, number, 0, text, "an O/R address, '#' and a domain: P=x; A=y; C=gb; # x.gb"))
            continue
        domain, oraddress = (right, left) if first else (left, right)
        yield from _by_address(domain, oraddress, _tables_of_line(table, first), source.name, number, problems)


def _by_address(domain: str, oraddress: str, table: MappingTable, file: str, number: int, problems: list[Problem]) -> Iterator[Rule]:
    """A rule whose O/R side is in the ``dmn`` form or in one of the forms for people."""
    try:
        prefix = oraddress if _is_prefix(oraddress) else prefix_of_address(from_text(oraddress))
    except GatewayError as fault:
        problems.append(error("not-taken", file, number, 0, f"{oraddress[:120]!r}: {fault}"))
        return
    yield Rule(table=table, domain=domain, prefix=prefix, line=number)


def _csv(source: SourceFile, table: MappingTable | None, problems: list[Problem]) -> Iterator[Rule]:
    text = source.octets.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            problems.append(error("not-taken", source.name, reader.line_num, 0, f"the row is not CSV: {fault}"))
            continue
        if not any(cell.strip() for cell in cells) or cells[0].startswith("#"):
            continue
        if header is None:
            header = [cell.strip().lower() for cell in cells]
            if missing := {"domain", "oraddress"} - set(header):
                where = f"the first row has no column {sorted(missing)[0]!r}"
                problems.append(error("not-taken", source.name, reader.line_num, 0, where, "columns domain, oraddress and perhaps table"))
                return
            continue
        yield from _csv_row(dict(zip(header, cells, strict=False)), table, source.name, reader.line_num, problems)


def _csv_row(cells: Mapping[str, str], table: MappingTable | None, file: str, number: int, problems: list[Problem]) -> Iterator[Rule]:
    domain, oraddress, word = cells.get("domain", "").strip(), cells.get("oraddress", "").strip(), cells.get("table", "").strip()
    named = table_of_name(word) if word else table
    if word and named is None:
        names = ", ".join(one.value for one in MappingTable)
        problems.append(error("not-taken", file, number, 0, f"{word[:40]!r} is no table", f"one of {names}, or {', '.join(OTHER_NAMES)}"))
        return
    both = (MappingTable.DOMAIN_TO_ORADDRESS, MappingTable.ORADDRESS_TO_DOMAIN)
    for one in (named,) if named is not None else both:
        taken = list(_by_address(domain, oraddress, one, file, number, problems))
        yield from taken
        if not taken:
            return


_READERS: Final[Mapping[Form, Callable[[SourceFile, MappingTable | None, list[Problem]], Iterator[Rule]]]] = {
    Form.RFC: _marked("#"),
    Form.PP: _marked(":"),
    Form.EAN: _ean,
    Form.CSV: _csv,
    Form.PX: lambda source, _, problems: px_rules(source, problems),
}
