"""Parts of P1 transfers that may be resumed (p1-stack.md 7.8): they outlive the process, as the checkpoints that name them.

What we receive: the octets are unclaimed content, and a fact beside them says whose they are and which octets lie before which
checkpoint. Both are committed together, before the checkpoint is confirmed. What we send: a fact says how far the peer has confirmed;
its name holds a digest of the octets, so that only the same octets are ever gone on with.

A fact expires; its content is then an orphan like any other, and swept by age.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from gateway.errors import SpoolError
from gateway.spool import ledger
from gateway.spool.content import CHUNK_OCTETS, ContentWriter, State, drop_beyond, nth_chunk, state_of
from gateway.spool.ledger import Fact, FactKind
from gateway.spool.reader import Reader
from gateway.spool.schema import fact, ticks
from gateway.spool.space import Space
from gateway.spool.writer import Writer

_OF_ASSOCIATION = select(fact.c.value).where(
    fact.c.kind == FactKind.PART.value,
    fact.c.key >= bindparam("low"),
    fact.c.key < bindparam("high"),
    fact.c.expires_at > bindparam("now"),
)
_FORGET = delete(fact).where(fact.c.kind == bindparam("of_kind"), fact.c.key == bindparam("of_key"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is on disk of one transfer that we receive.

    Attributes:
        peer: Who sends it.
        association: Reference of the association on which it was started, as text without blanks.
        activity: Identifier under which it was started, as text without blanks.
        host: Network address of the peer.
        content: Identifier of the octets.
        received: How many octets there are.
        marks: Octets that lie before each confirmed checkpoint, by serial.
    """

    peer: str
    association: str
    activity: str
    host: str
    content: str
    received: int
    marks: Mapping[int, int]

    @property
    def key(self) -> str:
        """The key in the ledger; those of one association stand together."""
        return part_key(self.peer, self.association, self.activity)

    def secured(self, expires: datetime) -> Fact:
        """The fact that it is on disk."""
        value = {
            "peer": self.peer, "association": self.association, "activity": self.activity, "host": self.host, "content": self.content,
            "received": str(self.received), "marks": json.dumps(self.marks),
        }  # fmt: skip
        return Fact(kind=FactKind.PART, key=self.key, value=value, expires=expires)


def part_key(peer: str, association: str, activity: str) -> str:
    """The key of a part in the ledger."""
    return f"{association} {activity} {peer}"


def _part(value: Mapping[str, str]) -> Part:
    marks = {int(serial): int(octets) for serial, octets in json.loads(value["marks"]).items()}
    known: dict[str, Any] = {name: value[name] for name in ("peer", "association", "activity", "host", "content")}
    return Part(**known, received=int(value["received"]), marks=marks)


class Parts:
    """The parts of a queue; `Store.parts` is the one of the store."""

    def __init__(self, writer: Writer, reader: Reader, space: Space, clock: Callable[[], datetime]) -> None:
        self._writer = writer
        self._reader = reader
        self._space = space
        self._clock = clock

    async def secure(self, octets: ContentWriter, part: Part, seconds: float) -> None:
        """Commit all octets taken so far and what is known of them, in one commit.

        Args:
            octets: Takes them.
            part: What is known.
            seconds: How long the transfer may be resumed.

        Raises:
            NoSpaceError: The disk is below the low-water mark.
            SpoolError: The content was finished, aborted or swept.
        """
        secured = part.secured(self._until(seconds))
        await octets.secure(lambda connection: _replace(connection, secured))

    async def find(self, peer: str, association: str, activity: str) -> tuple[Part, State] | None:
        """A part by its name and what became of its octets; None when nothing is known of it, or its time is over."""
        return await self._reader.run(lambda connection: self._find(connection, part_key(peer, association, activity)))

    async def of_association(self, association: str) -> tuple[Part, ...]:
        """The parts that may be resumed of what was started on one association."""
        names = {"low": f"{association} ", "high": f"{association}!", "now": ticks(self._clock())}

        def look(connection: Connection) -> tuple[Part, ...]:
            found = [_part(json.loads(value)) for value in connection.execute(_OF_ASSOCIATION, names).scalars()]
            return tuple(part for part in found if state_of(connection, part.content) is State.UNCLAIMED)

        return await self._reader.run(look)

    async def resume(self, part: Part) -> ContentWriter:
        """Go on with the octets of a part behind the last that was secured.

        Raises:
            SpoolError: They are gone.
        """
        tail = await self._writer.run(lambda connection: drop_beyond(connection, part.content, part.received, ticks(self._clock())))
        return ContentWriter(part.content, self._writer, self._space, self._clock, length=part.received, tail=tail)

    async def octets(self, part: Part) -> AsyncIterator[bytes]:
        """The octets of a part, chunk by chunk and past the cache of chunks: the last one will change."""
        for number in range(-(-part.received // CHUNK_OCTETS)):
            chunk = await self._reader.run(lambda connection, number=number: nth_chunk(connection, part.content, number))  # type: ignore[misc]
            yield chunk[: part.received - number * CHUNK_OCTETS]

    async def sent(self, key: str, value: Mapping[str, str], seconds: float) -> None:
        """Note how far a peer has confirmed a transfer of ours; what was noted under the key before is replaced."""
        noted = Fact(kind=FactKind.SENT, key=key, value=value, expires=self._until(seconds))
        await self._writer.run(lambda connection: _replace(connection, noted))

    async def sent_so_far(self, key: str) -> Mapping[str, str] | None:
        """What was noted by `sent`; None when there is nothing, or its time is over."""
        found = await self._reader.run(lambda connection: ledger.find(connection, FactKind.SENT, key))
        return found.value if found is not None and found.expires > self._clock() else None

    async def sent_all(self, key: str) -> None:
        """Forget what was noted by `sent`: the activity has ended."""
        await self._writer.run(lambda connection: _forget(connection, FactKind.SENT, key), essential=True)

    def _until(self, seconds: float) -> datetime:
        return self._clock() + timedelta(seconds=seconds)

    def _find(self, connection: Connection, key: str) -> tuple[Part, State] | None:
        found = ledger.find(connection, FactKind.PART, key)
        if found is None or found.expires <= self._clock():
            return None
        part = _part(found.value)
        return part, state_of(connection, part.content)


def _replace(connection: Connection, new: Fact) -> None:
    _forget(connection, new.kind, new.key)
    if ledger.remember(connection, (new,)) != (new,):
        raise SpoolError(f"the fact {new.key!r} could not be replaced")


def _forget(connection: Connection, kind: FactKind, key: str) -> None:
    connection.execute(_FORGET, {"of_kind": kind.value, "of_key": key})
