"""``mixer map check``: everything that can be said about a set of tables without looking outside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gateway.maptools.claims import check_registries, check_values
from gateway.maptools.keys import check_both_tables, check_duplicates, check_never, key_of
from gateway.maptools.mapper import settings_for
from gateway.maptools.problems import Problem, Severity, error
from gateway.maptools.reversal import check_reversal
from gateway.maptools.sources import Reading, Row, Sources, read
from gateway.maptools.users import Rules, UserLines, check_contradictions
from gateway.mixer.address import Role, mailbox_to_oraddress
from gateway.mixer.mcgam import MappingTableError, MappingTables, load

_ROUNDS: Final = 3


def check(sources: Sources, users: UserLines | None = None) -> tuple[Problem, ...]:
    """Check a set of tables, and the users that belong to it.

    Args:
        sources: The files of each table, later ones overlaying earlier ones.
        users: The pairs of the users' directory; None without one.

    Returns:
        Problems in the order of files and lines. Where an error is among them the gateway refuses the set, or it would harm mail.
    """
    reading = read(sources)
    problems = list(reading.problems)
    rows = _without_conflicts(reading, problems)
    tables, rows = _loaded(rows, problems)
    effective = tuple({key_of(row): row for row in rows}.values())
    problems += check_values(effective)
    problems += check_registries(effective)
    problems += check_never(effective, tables)
    problems += check_reversal(effective, tables)
    if users is not None:
        problems += check_contradictions(users, _rules(tables))
    return _sorted(problems, sources)


def _rules(tables: MappingTables) -> Rules:
    settings = settings_for(tables)
    return Rules(
        know=lambda domain: tables.oraddress_of_domain(domain) is not None,
        map=lambda mailbox: mailbox_to_oraddress(mailbox, settings, Role.RECIPIENT),
    )


def _without_conflicts(reading: Reading, problems: list[Problem]) -> tuple[Row, ...]:
    """The rows that the gateway would take; both kinds of conflict are named."""
    refused: set[int] = set()
    for problem, row in (*check_duplicates(reading.rows), *check_both_tables(reading.rows)):
        problems.append(problem)
        if row is not None:
            refused.add(id(row))
    return tuple(row for row in reading.rows if id(row) not in refused)


def _loaded(rows: tuple[Row, ...], problems: list[Problem]) -> tuple[MappingTables, tuple[Row, ...]]:
    """The tables as the engine loads them; whatever it refuses beyond what was found here is an error too."""
    for _ in range(_ROUNDS):
        try:
            return load(_texts(rows)), rows
        except MappingTableError as refused:
            wrong = {finding.where: finding.text for finding in refused.findings}
            problems += [error("refused", row.file, row.line, 0, wrong[row.where]) for row in rows if row.where in wrong]
            rows = tuple(row for row in rows if row.where not in wrong)
    return MappingTables(), ()


def _texts(rows: Iterable[Row]) -> Mapping[str, list[tuple[str, str]]]:
    """The rows as files again, every row on its line, so that the engine names the same places."""
    lines: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        kept = lines.setdefault((row.table.value, row.file), [])
        kept += [""] * (row.line - 1 - len(kept))
        kept.append(row.text)
    texts: dict[str, list[tuple[str, str]]] = {}
    for (table, file), text in lines.items():
        texts.setdefault(table, []).append((file, "\n".join(text)))
    return texts


def _sorted(problems: Iterable[Problem], sources: Sources) -> tuple[Problem, ...]:
    names = [source.name for files in sources.values() for source in files]
    order = {name: at for at, name in enumerate(names)}

    def place(one: Problem) -> tuple[int, int, bool, int]:
        return order.get(one.file, len(order)), one.line, one.severity is Severity.WARNING, one.column

    return tuple(sorted(problems, key=place))
