"""PX records (RFC 2163) as rules of the tables.

The DNS can say what tables cannot: several rules for one name, in order of preference, and rules for one name alone. Of several the
preferred one is taken; a record that answers for another name than its template is left out, since a table would claim more with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.errors import GatewayError
from gateway.maptools.problems import Problem, error, warning
from gateway.maptools.rules import Rule
from gateway.maptools.sources import SourceFile
from gateway.maptools.zones import PXRecord, px_records
from gateway.mixer.mcgam import MappingTable
from gateway.mixer.px import owner_of_prefix, prefix_from_name

_TABLES: Final = {
    (False, False): MappingTable.DOMAIN_TO_ORADDRESS,
    (False, True): MappingTable.DOMAIN_TO_GATEWAY,
    (True, False): MappingTable.ORADDRESS_TO_DOMAIN,
    (True, True): MappingTable.ORADDRESS_TO_GATEWAY,
}
"""By the tree in which the owner stands, and by the mark ``.G`` (4.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    rule: Rule
    record: PXRecord

    @property
    def means(self) -> tuple[str, str]:
        return self.rule.domain.lower(), self.rule.prefix.lower()


def px_rules(source: SourceFile, problems: list[Problem]) -> Iterator[Rule]:
    """The rules of a zone file, in the order in which their names first occur."""
    names: dict[tuple[MappingTable, str], list[_Found]] = {}
    for record in px_records(source, problems):
        found = _found(record, source.name, problems)
        if found is not None:
            names.setdefault((found.rule.table, _bare(record.owner)), []).append(found)
    for records in names.values():
        yield _preferred(records, source.name, problems)


def _bare(owner: str) -> str:
    return owner.lower().removeprefix("*.")


def _found(record: PXRecord, file: str, problems: list[Problem]) -> _Found | None:
    in_tree = record.owner.upper().split(".")[-2:-1] == ["X42D"]
    try:
        name = prefix_from_name(record.mapx400)
        template = owner_of_prefix(name.prefix).removesuffix(".") if in_tree else record.map822
    except GatewayError as fault:
        problems.append(error("not-taken", file, record.line, 0, str(fault)))
        return None
    if _bare(record.owner) != template.lower():
        text = f"{record.owner} answers with the rule of {template}; a table can only hold the rule of {template} itself"
        problems.append(error("not-taken", file, record.line, 0, text))
        return None
    rule = Rule(table=_TABLES[in_tree, name.gateway], domain=record.map822, prefix=name.prefix, line=record.line)
    return _Found(rule=rule, record=record)


def _preferred(records: list[_Found], file: str, problems: list[Problem]) -> Rule:
    """The record with the lowest preference (RFC 2163 4); the first of several."""
    best = min(records, key=lambda one: one.record.preference)
    for other in records:
        if other.means != best.means:
            text = f"preference {other.record.preference} for {other.record.owner}: a table holds one rule, that of line {best.record.line}"
            problems.append(warning("not-taken", file, other.record.line, 0, text))
    if not any(one.record.owner.startswith("*.") for one in records):
        text = f"{best.record.owner} has no wildcard beside it: in a table the rule covers what is below it too"
        problems.append(warning("wider", file, best.record.line, 0, text))
    return best.rule
