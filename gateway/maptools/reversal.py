"""Whether a rule has a way back: every rule is tried with the tables themselves, as a reply would (RFC 2156 4.4).

Two questions a rule: what becomes of its own domain (or prefix), and of one level below it. The second finds pairs that look like each
other and part ways below, such as ``O$@`` on one side only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gateway.maptools.problems import Problem, warning
from gateway.maptools.sources import BY_DOMAIN, Row
from gateway.maptools.values import LEVEL_KEYS
from gateway.mixer.mcgam import MAX_LEVELS, Entry, Levels, MappingTable, MappingTables, normalised

PROBE: Final = "below"
_SUBDOMAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?")


def levels_of_domain(tables: MappingTables, domain: str) -> tuple[Levels, Entry] | None:
    """The O/R hierarchy that a domain becomes (4.3.4 step 8) and the rule that said so; None where no rule fits or too deep."""
    entry = tables.oraddress_of_domain(domain)
    if entry is None:
        return None
    rest = domain[: len(domain) - len(entry.domain)].rstrip(".")
    levels = (*entry.levels, *(reversed(rest.split(".")) if rest else ()))
    return (levels, entry) if len(levels) <= MAX_LEVELS else None


def domain_of_levels(tables: MappingTables, levels: Levels) -> tuple[str, Levels, Entry] | None:
    """The domain of a hierarchy (4.3.5 steps 3 and 4), the levels that stay on the left of the ``@``, and the rule; None without match."""
    for entry in tables.domains_of_oraddress(levels):
        domain, depth = entry.domain, len(entry.levels)
        while depth < len(levels) and _SUBDOMAIN.fullmatch(levels[depth] or "") is not None:
            domain, depth = f"{levels[depth]}.{domain}", depth + 1
        if "." in domain:
            return domain, levels[depth:], entry
    return None


def compared(levels: Levels) -> Levels:
    """Levels as they are compared: folded, and without omitted ones at the end."""
    folded = [normalised(at, value) for at, value in enumerate(levels)]
    while folded and folded[-1] is None:
        folded.pop()
    return tuple(folded)


def text_of_levels(levels: Levels, above: int = 0) -> str:
    """Levels for people, in the order of an O/R address; an omitted one is ``@``.

    Args:
        levels: The levels.
        above: How many more significant ones were cut off.
    """
    named = list(zip(LEVEL_KEYS[above:], levels, strict=False))
    return "/" + "".join(f"{name}={'@' if value is None else value}/" for name, value in reversed(named))


def check_reversal(rows: tuple[Row, ...], tables: MappingTables) -> Iterator[Problem]:
    """What every rule of the two mapping tables becomes on its way back. The gateway tables wrap and need no way back."""
    for row in rows:
        if row.table is MappingTable.DOMAIN_TO_ORADDRESS:
            yield from _domain_and_back(row, tables)
        elif row.table is MappingTable.ORADDRESS_TO_DOMAIN:
            yield from _levels_and_back(row, tables)


def _domain_and_back(row: Row, tables: MappingTables) -> Iterator[Problem]:
    entry = row.entry
    for domain, levels, below in _probes(entry):
        if levels_of_domain(tables, domain) is None:
            continue
        back = domain_of_levels(tables, levels)
        if back is None:
            text = f"{entry.domain} has no way back: no rule maps {text_of_levels(entry.levels)} to a domain, so replies come wrapped"
            yield _warning(row, "no-way-back", text)
            return
        came, left, rule = back
        if came.lower() != domain.lower() or left:
            kept = f" with {text_of_levels(left, len(levels) - len(left))} left over" if left else ""
            yield _warning(row, "not-reversed", f"{_subject(entry.domain, below)} comes back as {came}{kept} ({rule.where})")
            return


def _levels_and_back(row: Row, tables: MappingTables) -> Iterator[Problem]:
    entry = row.entry
    for domain, levels, below in _probes(entry):
        if "." not in domain:
            continue
        there = levels_of_domain(tables, domain)
        if there is None:
            text = f"{text_of_levels(entry.levels)} has no way back: no rule maps {entry.domain} to an O/R address, so replies come wrapped"
            yield _warning(row, "no-way-back", text)
            return
        came, rule = there
        if compared(came) != compared(levels):
            subject = _subject(text_of_levels(entry.levels), below)
            yield _warning(row, "not-reversed", f"{subject} comes back as {text_of_levels(came)} ({rule.where})")
            return


def _probes(entry: Entry) -> Iterator[tuple[str, Levels, bool]]:
    """The rule's own pair, and the pair of one level below it where there is room for one."""
    yield entry.domain, entry.levels, False
    if len(entry.levels) < MAX_LEVELS:
        yield f"{PROBE}.{entry.domain}", (*entry.levels, PROBE), True


def _subject(what: str, below: bool) -> str:
    return f"what is below {what}: {PROBE}" if below else what


def _warning(row: Row, code: str, text: str) -> Problem:
    column = row.column_of_domain() if row.table in BY_DOMAIN else row.column_of_key()
    return warning(code, row.file, row.line, column, text)
