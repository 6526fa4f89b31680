"""What we promised and what we must recognise later: facts with a key, kept until they expire.

* A shortened or invented identifier and the one it stands for, both ways (RFC 2156 4.7): the first pair that was
  remembered stands, so the same short form never means two things.
* The report we expect about something we sent: whom to tell when it comes, and when to ask why it does not.
* The way back: where a report or notification about an identifier goes.
* An activity of a P1 peer that we secured and whose confirmation may have been lost (law 5): MTA name, session
  connection reference and activity identifier.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select

from gateway.spool.reader import Reader
from gateway.spool.schema import fact, ticks, time_of
from gateway.spool.writer import Writer


class FactKind(Enum):
    """What a fact is about; says what its key is."""

    SHORT_IDENTIFIER = "short-identifier"
    LONG_IDENTIFIER = "long-identifier"
    EXPECTED_REPORT = "expected-report"
    RETURN_PATH = "return-path"
    ACTIVITY = "activity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of the ledger.

    Attributes:
        kind, key: What it is about; together they are unique.
        value: What is known.
        due: For what we wait for: when its absence is worth a look.
        expires: When it is forgotten.
    """

    kind: FactKind
    key: str
    value: Mapping[str, str] = field(default_factory=dict)
    due: datetime | None = None
    expires: datetime


def identifier_pair(short: str, long: str, expires: datetime) -> tuple[Fact, Fact]:
    """The facts that a short identifier stands for a long one, so that either leads to the other."""
    return (
        Fact(kind=FactKind.SHORT_IDENTIFIER, key=short, value={"long": long}, expires=expires),
        Fact(kind=FactKind.LONG_IDENTIFIER, key=long, value={"short": short}, expires=expires),
    )


def expected_report(mts_identifier: str, transfer_id: str, numbers: Iterable[int], due: datetime, expires: datetime) -> Fact:
    """The fact that a report about what we sent under an MTS identifier concerns these recipients of a transfer."""
    value = {"transfer": transfer_id, "recipients": " ".join(str(number) for number in sorted(numbers))}
    return Fact(kind=FactKind.EXPECTED_REPORT, key=mts_identifier, value=value, due=due, expires=expires)


def activity(mta_name: str, reference: str, identifier: str, transfer_id: str, expires: datetime) -> Fact:
    """The fact that a P1 activity was secured as a transfer; a repeat of it is confirmed again and taken only once."""
    key = activity_key(mta_name, reference, identifier)
    return Fact(kind=FactKind.ACTIVITY, key=key, value={"transfer": transfer_id}, expires=expires)


def activity_key(mta_name: str, reference: str, identifier: str) -> str:
    """The key of an activity: JSON, so that no choice of names can make two activities one."""
    return json.dumps([mta_name, reference, identifier])


_THIS = (fact.c.kind == bindparam("of_kind"), fact.c.key == bindparam("of_key"))
_FIND = select(fact).where(*_THIS)
_ADD = insert(fact)
_FORGET = delete(fact).where(*_THIS)
_OVERDUE = (
    select(fact)
    .where(fact.c.kind == bindparam("of_kind"), fact.c.due_at <= bindparam("now"))
    .order_by(fact.c.due_at)
    .limit(bindparam("at_most"))
)
_EXPIRED = delete(fact).where(fact.c.expires_at < bindparam("now"))


def remember(connection: Connection, facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Write facts, in the caller's transaction; what stands for each key: the one remembered before, else the new one."""
    standing = []
    for each in facts:
        found = find(connection, each.kind, each.key)
        if found is None:
            connection.execute(_ADD, _row(each))
        standing.append(found or each)
    return tuple(standing)


def find(connection: Connection, kind: FactKind, key: str) -> Fact | None:
    """The fact of a key, if there is one."""
    row = connection.execute(_FIND, {"of_kind": kind.value, "of_key": key}).one_or_none()
    return None if row is None else _fact(row)


def expire(connection: Connection, now: datetime) -> int:
    """Forget what has expired; how many facts."""
    return connection.execute(_EXPIRED, {"now": ticks(now)}).rowcount


def _row(each: Fact) -> dict[str, Any]:
    return {
        "kind": each.kind.value,
        "key": each.key,
        "value": json.dumps(dict(each.value), separators=(",", ":")),
        "due_at": None if each.due is None else ticks(each.due),
        "expires_at": ticks(each.expires),
    }


def _fact(row: Row[Any]) -> Fact:
    return Fact(
        kind=FactKind(row.kind),
        key=row.key,
        value=json.loads(row.value),
        due=None if row.due_at is None else time_of(row.due_at),
        expires=time_of(row.expires_at),
    )


class Ledger:
    """The facts of a queue, for callers on the event loop. `Store.ledger` is the one of the store."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def remember(self, *facts: Fact) -> tuple[Fact, ...]:
        """Commit facts in one commit; what stands for each: the first one remembered under its key wins.

        Raises:
            SpoolError: The queue cannot be written; nothing was.
        """
        return await self._writer.run(lambda connection: remember(connection, facts), essential=True)

    async def recall(self, kind: FactKind, key: str) -> Fact | None:
        """The fact of a key, None when it was never remembered or has expired."""
        return await self._reader.run(lambda connection: find(connection, kind, key))

    async def forget(self, kind: FactKind, key: str) -> bool:
        """Remove a fact that has served (the report came); says whether it was there."""
        values = {"of_kind": kind.value, "of_key": key}
        return await self._writer.run(lambda connection: connection.execute(_FORGET, values).rowcount == 1, essential=True)

    async def overdue(self, kind: FactKind, now: datetime, limit: int = 100) -> tuple[Fact, ...]:
        """What we waited for and did not get by its due time, the longest overdue first."""
        values = {"of_kind": kind.value, "now": ticks(now), "at_most": limit}
        return await self._reader.run(lambda connection: tuple(_fact(row) for row in connection.execute(_OVERDUE, values)))
