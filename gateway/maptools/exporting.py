"""``mixer map export``: tables as RFC 2156 Appendix F lines, PP lines, CSV, or a zone file with PX records (RFC 2163)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from gateway.errors import GatewayError
from gateway.maptools.keys import key_of
from gateway.maptools.problems import Problem, error
from gateway.maptools.sources import BY_DOMAIN, Row
from gateway.maptools.values import LEVEL_KEYS
from gateway.mixer.mcgam import Entry, Levels, MappingTable
from gateway.mixer.px import PXError, record_of_entry
from gateway.x400.oraddress import ORAddress

_TTL_SECONDS: Final = 86400
_HIERARCHY: Final = frozenset({"country", "admd", "prmd", "organization", "organizational_units", "domain_defined"})
_TITLES: Final[Mapping[MappingTable, str]] = {
    MappingTable.DOMAIN_TO_ORADDRESS: "domain -> O/R address (table2)",
    MappingTable.ORADDRESS_TO_DOMAIN: "O/R address -> domain (table1)",
    MappingTable.DOMAIN_TO_GATEWAY: "domain -> O/R address of the preferred gateway (gate2)",
    MappingTable.ORADDRESS_TO_GATEWAY: "O/R address -> domain of the preferred gateway (gate1)",
}


class ExportForm(Enum):
    """In which form rules go."""

    RFC = "rfc"
    PP = "pp"
    CSV = "csv"
    PX = "px"


class PrefixFormError(GatewayError):
    """An O/R address has attributes that no rule can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written, by file name (one file for CSV and PX), and the rules that have no such form."""

    files: Mapping[str, str]
    problems: tuple[Problem, ...]


# --- the dmn form (Appendix F.3) -------------------------------------------------------------------------------------------------------


def prefix_of(levels: Levels, others: Iterable[tuple[str, str]] = ()) -> str:
    """The O/R side of a line, least significant first."""
    named = [*reversed(tuple(others)), *reversed(list(zip(LEVEL_KEYS, levels, strict=False)))]
    return ".".join(f"{key}${'@' if value is None else _quoted(value)}" for key, value in named)


def _quoted(value: str) -> str:
    return value.replace(".", "\\.")


def prefix_of_address(address: ORAddress) -> str:
    """The O/R side of a line for an address as people write it; levels that it leaves out between others are omitted ones.

    Raises:
        PrefixFormError: No country, or an attribute that the form does not have.
    """
    if address.country is None:
        raise PrefixFormError("the country (C) is missing")
    levels: list[str | None] = [address.country, address.admd, address.prmd, address.organization, *address.organizational_units]
    while levels[-1] is None:
        levels.pop()
    others = [(f"~{type_}", value) for type_, value in address.domain_defined]
    for row, value in address.attributes():
        if row.name not in _HIERARCHY:
            if not isinstance(value, str):
                raise PrefixFormError(f"{row.key} has no form in a table")
            others.append((row.key, value))
    return prefix_of(tuple(levels), others)


def line_of(table: MappingTable, domain: str, prefix: str) -> str:
    """A line of a table."""
    return f"{domain}#{prefix}#" if table in BY_DOMAIN else f"{prefix}#{domain}#"


# --- whole tables ----------------------------------------------------------------------------------------------------------------------


def export_rules(rows: Iterable[Row], form: ExportForm) -> Exported:
    """Write rules; of several with one key the last file's, as in the gateway."""
    effective = list({key_of(row): row for row in rows}.values())
    problems: list[Problem] = []
    return Exported(files=_WRITERS[form](effective, problems), problems=tuple(problems))


def _by_table(rows: Iterable[Row], write: Callable[[MappingTable, Entry], str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    found = list(rows)
    for table in MappingTable:
        lines = [write(table, row.entry) for row in found if row.table is table]
        if lines:
            texts[table.value] = "\n".join([f"# {_TITLES[table]}", *lines, ""])
    return texts


def _rfc(rows: list[Row], _problems: list[Problem]) -> dict[str, str]:
    return _by_table(rows, lambda table, entry: line_of(table, entry.domain, prefix_of(entry.levels, entry.others)))


def _pp(rows: list[Row], problems: list[Problem]) -> dict[str, str]:
    def line(table: MappingTable, entry: Entry) -> str:
        prefix = prefix_of(entry.levels, entry.others)
        return f"{entry.domain}:{prefix}" if table in BY_DOMAIN else f"{prefix}:{entry.domain}"

    kept = [row for row in rows if not _has_colon(row, problems)]
    return _by_table(kept, line)


def _has_colon(row: Row, problems: list[Problem]) -> bool:
    found = ":" in prefix_of(row.entry.levels, row.entry.others)
    if found:
        problems.append(error("not-written", row.file, row.line, 0, "the form key:value cannot hold a value with a colon"))
    return found


def _csv(rows: list[Row], _problems: list[Problem]) -> dict[str, str]:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("table", "domain", "oraddress"))
    writer.writerows((row.table.value, row.entry.domain, prefix_of(row.entry.levels, row.entry.others)) for row in rows)
    return {"rules.csv": text.getvalue()}


def _px(rows: list[Row], problems: list[Problem]) -> dict[str, str]:
    lines = [
        "; PX records (RFC 2163). Names below X42D.cc belong into the zone of that country, all others into that of their domain.",
        f"$TTL {_TTL_SECONDS}",
    ]
    for table in MappingTable:
        records = [record for row in rows if row.table is table for record in _records(row, problems)]
        if records:
            lines += ["", f"; {_TITLES[table]}", *records]
    return {"px.zone": "\n".join([*lines, ""])}


def _records(row: Row, problems: list[Problem]) -> list[str]:
    """Two records a rule: a wildcard does not cover the name it hangs under (RFC 1034 4.3.3), and a rule does."""
    try:
        wildcard = record_of_entry(row.table, row.entry)
    except PXError as fault:
        problems.append(error("not-written", row.file, row.line, 0, str(fault)))
        return []
    return [wildcard.removeprefix("*."), wildcard]


_WRITERS: Final[Mapping[ExportForm, Callable[[list[Row], list[Problem]], dict[str, str]]]] = {
    ExportForm.RFC: _rfc,
    ExportForm.PP: _pp,
    ExportForm.CSV: _csv,
    ExportForm.PX: _px,
}
