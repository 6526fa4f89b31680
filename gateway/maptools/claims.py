"""Checks of single rules: illegal string types and bounds, and domains that belong to a registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from gateway.maptools.domains import Registry, registry_of
from gateway.maptools.problems import Problem, error, warning
from gateway.maptools.sources import BY_DOMAIN, Row
from gateway.maptools.values import LEVEL_KEYS, Fault, blank_fault, dda_faults, value_faults
from gateway.mixer.mcgam import Entry, MappingTable

_LONGEST_LABEL: Final = 63


def check_values(rows: Iterable[Row]) -> Iterator[Problem]:
    """String types and bounds of every O/R value; an error where the gateway could not write it, or nobody could send it."""
    for row in rows:
        yield from values_of(row)


def values_of(row: Row) -> Iterator[Problem]:
    """What is wrong with the O/R values of one row, and with its domain."""
    for level, value in enumerate(row.entry.levels):
        if value is None:
            continue
        column = row.column_of_level(level)
        yield from (_value_problem(row, fault, column) for fault in value_faults(LEVEL_KEYS[level], value))
        if (blank := blank_fault(LEVEL_KEYS[level], value)) is not None:
            yield warning("blanks", row.file, row.line, column, blank)
    for key, value in row.entry.others:
        faults = dda_faults(key[1:], value) if key.startswith("~") else value_faults(key, value)
        yield from (_value_problem(row, fault, _column_of(row, key)) for fault in faults)
    if row.table not in BY_DOMAIN:
        yield from _long_labels(row)


def _value_problem(row: Row, fault: Fault, column: int) -> Problem:
    # What is looked up may be longer than it should: peers go over the bounds. What is written may not.
    if fault.bounds and row.table not in BY_DOMAIN:
        return warning("bounds", row.file, row.line, column + fault.at, fault.text, fault.expected)
    return error("bounds" if fault.bounds else "string-type", row.file, row.line, column + fault.at, fault.text, fault.expected)


def _column_of(row: Row, key: str) -> int:
    """The column of an attribute outside the hierarchy."""
    found = row.text.upper().find(f"{key.upper()}$")
    return found + len(key) + 2 if found >= 0 else 1


def _long_labels(row: Row) -> Iterator[Problem]:
    if any(len(label) > _LONGEST_LABEL for label in row.entry.domain.split(".")):
        text = "a label of the domain has more than 63 characters"
        yield error("string-type", row.file, row.line, row.column_of_domain(), text, "at most 63 (RFC 1035 2.3.4)")


def check_registries(rows: Iterable[Row]) -> Iterator[Problem]:
    """Rules that speak for everybody under a top-level domain, or under a registry's second level."""
    for row in rows:
        registry = registry_of(row.entry.domain)
        if registry is None:
            continue
        text = f"{row.entry.domain} is {registry.value}: {_HARM[row.table](row.entry)}"
        # ac.uk is the standard's own example (Appendix F.5): the academic network may write such a rule. A gateway entry routes nothing.
        bad = registry is Registry.TOP_LEVEL and row.table is not MappingTable.DOMAIN_TO_GATEWAY
        make = error if bad else warning
        yield make("public-domain", row.file, row.line, row.column_of_domain(), text)


_HARM: Final = {
    MappingTable.DOMAIN_TO_ORADDRESS: lambda entry: f"the rule turns every address under .{entry.domain} into one of {_country(entry)}",
    MappingTable.ORADDRESS_TO_DOMAIN: lambda entry: f"the rule invents domains under .{entry.domain} that belong to others",
    MappingTable.DOMAIN_TO_GATEWAY: lambda entry: f"everything unmapped under .{entry.domain} is sent by this gateway",
    MappingTable.ORADDRESS_TO_GATEWAY: lambda entry: f"{entry.domain} is no host that takes mail",
}


def _country(entry: Entry) -> str:
    return f"C={entry.levels[0]}"
