"""``mixer map diff``: what changed between two sets of tables, and which addresses feel it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.maptools.keys import Key, key_of
from gateway.maptools.mapper import Answer, answer
from gateway.maptools.reversal import text_of_levels
from gateway.maptools.sources import BY_DOMAIN, Row, Sources, read
from gateway.mixer.address import Role
from gateway.mixer.mcgam import MappingTable, MappingTables, load
from gateway.mixer.policy import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """A key whose rule is not the same in both sets; None where one has none."""

    table: MappingTable
    key: str
    old: Row | None
    new: Row | None

    @property
    def kind(self) -> str:
        """``added``, ``removed`` or ``changed``."""
        return "added" if self.old is None else "removed" if self.new is None else "changed"

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        sides = {"old": self.old, "new": self.new}
        values = {name: row and {"value": value_of(row), "where": row.where} for name, row in sides.items()}
        return {"change": self.kind, "table": self.table.value, "key": self.key, **values}


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChange:
    """An address that the two sets map differently."""

    address: str
    old: Answer
    new: Answer

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        return {"address": self.address, "old": str(self.old), "new": str(self.new)}


def tables_of(sources: Sources) -> MappingTables:
    """The tables as the gateway would load them.

    Raises:
        ConfigurationError: Lines cannot be used, or a file is not UTF-8.
    """
    return load({table.value: [(one.name, one.octets.decode("utf-8", "replace")) for one in files] for table, files in sources.items()})


def changed_rules(old: Sources, new: Sources) -> Iterator[RuleChange]:
    """Rules that were added, removed or changed, by table and key. Case, order, comments and files do not count; values do, as written."""
    before, after = _by_key(old), _by_key(new)
    order = list(MappingTable)
    keys = sorted(before.keys() | after.keys(), key=lambda key: (order.index(key[0]), str(key[1])))
    for key in keys:
        one, other = before.get(key), after.get(key)
        if one is None or other is None or _said(one) != _said(other):
            shown = other or one
            if shown is not None:
                yield RuleChange(table=key[0], key=_key_text(shown), old=one, new=other)


def _by_key(sources: Sources) -> dict[Key, Row]:
    found: dict[Key, Row] = {}
    for row in read(sources).rows:
        known = found.get(key_of(row))
        # The last file counts, and in it the first line, as in the gateway.
        if known is None or known.file != row.file:
            found[key_of(row)] = row
    return found


def _said(row: Row) -> object:
    entry = row.entry
    return (entry.levels, entry.others) if row.table in BY_DOMAIN else entry.domain.lower()


def value_of(row: Row) -> str:
    """What a rule gives for its key."""
    if row.table not in BY_DOMAIN:
        return row.entry.domain
    others = "".join(f"/{f'DD.{key[1:]}' if key.startswith('~') else key}={value}" for key, value in reversed(row.entry.others))
    return others + text_of_levels(row.entry.levels)


def _key_text(row: Row) -> str:
    return row.entry.domain if row.table in BY_DOMAIN else text_of_levels(row.entry.levels)


def changed_addresses(addresses: Iterable[str], old: Settings, new: Settings, role: Role = Role.RECIPIENT) -> Iterator[AddressChange]:
    """Addresses of either kind that map differently, in their order. Takes any source of addresses and holds none of them."""
    for address in addresses:
        before, after = answer(address, old, role), answer(address, new, role)
        if before != after:
            yield AddressChange(address=address, old=before, new=after)


def addresses_in(lines: Iterable[str]) -> Iterator[str]:
    """The addresses of a list, one a line; empty lines and comments (``#`` and a blank, or ``#`` alone) are left out."""
    for line in lines:
        text = line.strip()
        if text and text != "#" and not text.startswith(("# ", "#\t")):
            yield text
