"""Rules that get in each other's way: the same key twice, one file hiding another's rule, rules that never fire or say nothing new."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from gateway.maptools.problems import Problem, error, warning
from gateway.maptools.reversal import compared, levels_of_domain, text_of_levels
from gateway.maptools.sources import BY_DOMAIN, Row
from gateway.mixer.mcgam import MAX_LEVELS, Entry, MappingTable, MappingTables, normalised

_SUBDOMAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?")
_LONGEST_LABEL: Final = 63
_LONGEST_DOMAIN: Final = 253
_GATEWAY_OF: Final = {
    MappingTable.DOMAIN_TO_GATEWAY: MappingTable.DOMAIN_TO_ORADDRESS,
    MappingTable.ORADDRESS_TO_GATEWAY: MappingTable.ORADDRESS_TO_DOMAIN,
}

Key = tuple[MappingTable, object]


def key_of(row: Row) -> Key:
    """What a row is looked up by: table and folded domain or levels."""
    return row.table, _folded(row)


def _folded(row: Row) -> object:
    if row.table in BY_DOMAIN:
        return row.entry.domain.lower()
    return tuple(normalised(at, value) for at, value in enumerate(row.entry.levels))


def means(row: Row) -> object:
    """Everything that a row says, folded."""
    levels = tuple(normalised(at, value) for at, value in enumerate(row.entry.levels))
    return row.entry.domain.lower(), levels, row.entry.others


def check_duplicates(rows: Iterable[Row]) -> Iterator[tuple[Problem, Row | None]]:
    """The same key more than once, with the row that cannot stay (None where the gateway takes it)."""
    first: dict[Key, Row] = {}
    for row in rows:
        key = key_of(row)
        earlier = first.setdefault(key, row)
        if earlier is row:
            continue
        same = means(earlier) == means(row)
        if earlier.file != row.file:
            first[key] = row
            if not same:
                text = f"this rule hides {earlier.where}, which says {_value(earlier)}"
                yield warning("hides", row.file, row.line, row.column_of_key(), text), None
        elif same:
            yield warning("duplicate", row.file, row.line, row.column_of_key(), f"the same rule stands in line {earlier.line}"), None
        else:
            text = f"a second value for a key that line {earlier.line} maps to {_value(earlier)}"
            yield error("duplicate-key", row.file, row.line, row.column_of_key(), text, "one rule for each key"), row


def _value(row: Row) -> str:
    return text_of_levels(row.entry.levels) if row.table in BY_DOMAIN else row.entry.domain


def check_both_tables(rows: Iterable[Row]) -> Iterator[tuple[Problem, Row]]:
    """Keys of a gateway table that the mapping table has too (Appendix F.7, F.8)."""
    mapped = {key_of(row): row for row in rows if row.table not in _GATEWAY_OF}
    for row in rows:
        table = _GATEWAY_OF.get(row.table)
        other = mapped.get((table, _folded(row))) if table is not None else None
        if other is not None:
            text = f"{other.where} maps the same key; it cannot be mapped and be served by a gateway (RFC 2156 Appendix F.7, F.8)"
            yield error("both-tables", row.file, row.line, row.column_of_key(), text), row


def check_never(rows: Iterable[Row], tables: MappingTables) -> Iterator[Problem]:
    """Rules that never fire, and rules that only repeat what a shorter one already does."""
    for row in rows:
        for reason in _never(row, tables):
            yield warning("never-matches", row.file, row.line, row.column_of_key(), f"this rule never matches: {reason}")
        if (shorter := _shorter_saying_the_same(row, tables)) is not None:
            text = f"this rule says nothing new: {shorter.where} gives the same"
            yield warning("redundant", row.file, row.line, row.column_of_key(), text)


def _never(row: Row, tables: MappingTables) -> Iterator[str]:
    entry = row.entry
    if row.table in BY_DOMAIN:
        yield from _domain_faults(entry.domain)
    elif len(entry.levels) > 1 and entry.levels[1] is None:
        yield "every O/R address with a country has an ADMD (RFC 2156 4.1.3); one blank, 'ADMD$ ', means any"
    if row.table is MappingTable.ORADDRESS_TO_DOMAIN and "." not in entry.domain and len(entry.levels) == MAX_LEVELS:
        yield f"{entry.domain} has one component and nothing can be put below it, which counts as no match (RFC 2156 4.3.5 step 3)"
    if row.table is MappingTable.DOMAIN_TO_GATEWAY:
        above = tables.oraddress_of_domain(entry.domain)
        if above is not None:
            yield f"{above.where} maps {above.domain} and all below it, and mapping goes before gateways (RFC 2156 4.3.4 stage II)"
    if row.table is MappingTable.ORADDRESS_TO_GATEWAY:
        over = next((one for one in tables.domains_of_oraddress(entry.levels) if "." in one.domain), None)
        if over is not None and len(over.levels) <= len(entry.levels):
            yield f"{over.where} maps {text_of_levels(over.levels)} and all below it, and mapping goes before gateways (RFC 2156 4.3.5)"


def _domain_faults(domain: str) -> Iterator[str]:
    if any(len(label) > _LONGEST_LABEL for label in domain.split(".")):
        yield f"a label of a domain has at most {_LONGEST_LABEL} characters (RFC 1035 2.3.4)"
    if len(domain) > _LONGEST_DOMAIN:
        yield f"a domain has at most {_LONGEST_DOMAIN} characters (RFC 1035 2.3.4)"


def _shorter_saying_the_same(row: Row, tables: MappingTables) -> Entry | None:
    entry = row.entry
    if row.table is MappingTable.DOMAIN_TO_ORADDRESS:
        # Without the rule its first label would be mapped by the next shorter one.
        label, _, parent = entry.domain.partition(".")
        found = levels_of_domain(tables, parent) if parent else None
        if found is None or len(found[0]) >= MAX_LEVELS:
            return None
        same = (*found[0], label)
        return found[1] if len(same) == len(entry.levels) and compared(same) == compared(entry.levels) else None
    if row.table is MappingTable.ORADDRESS_TO_DOMAIN:
        shorter = next((one for one in tables.domains_of_oraddress(entry.levels) if len(one.levels) < len(entry.levels)), None)
        return shorter if shorter is not None and _extended(shorter, entry) == entry.domain.lower() else None
    return None


def _extended(shorter: Entry, entry: Entry) -> str | None:
    """The domain that a shorter prefix gives for the levels of a longer one; None where a level cannot be a label."""
    labels = entry.levels[len(shorter.levels) :]
    if any(value is None or _SUBDOMAIN.fullmatch(value) is None for value in labels):
        return None
    return ".".join([*(value or "" for value in reversed(labels)), shorter.domain]).lower()
