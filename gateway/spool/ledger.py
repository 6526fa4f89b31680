"""What we promised and what we must recognise later: facts with a key, kept until they expire.

* A shortened or invented identifier and the one it stands for (RFC 2156 4.7), and a request for notifications: what was
  remembered first stands, so the same short form never means two things.
* The way back: what a reverse path of ours leads to (`spool.expectations` holds what was sent, and to whom).
* An activity of a P1 peer that we secured and whose confirmation may have been lost (law 5): MTA name, session
  connection reference, activity identifier and a digest of what was transferred.
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
    RETURN_PATH = "return-path"
    ACTIVITY = "activity"
    PART = "part"
    SENT = "sent"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """A P1 activity that was transferred whole; a repeat of it is confirmed again and taken only once (law 5).

    Attributes:
        mta_name: Of the peer, as its bind proved it.
        session: Session connection reference under which the activity began, and its identifier in that session connection.
        digest: Of all octets transferred. Two associations that a peer opened in one second may carry one reference (a host name and
            a time in seconds, p1-stack.md 3.5), and both count their activities from 1: only equal octets are a repeat.
    """

    mta_name: str
    session: str
    digest: str

    @property
    def key(self) -> str:
        """The key in the ledger: JSON, so that no choice of names can make two activities one."""
        return json.dumps([self.mta_name, self.session, self.digest])

    def secured_as(self, transfer_id: str, expires: datetime) -> Fact:
        """The fact that it is on disk."""
        return Fact(kind=FactKind.ACTIVITY, key=self.key, value={"transfer": transfer_id}, expires=expires)


_THIS = (fact.c.kind == bindparam("of_kind"), fact.c.key == bindparam("of_key"))
_FIND = select(fact).where(*_THIS)
_ADD = insert(fact)
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
