"""Parts of transfers that broke off, kept until the peer takes them up again (p1-stack.md 7.8).

Recovering an association bypasses the password, so the right to it is bound to the network address and the peer of the dead association,
and to a short time. What is kept does not outlive the process: a resumption that is not known is refused, and the peer begins anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.osi.service import ConnectionReference

_MOST = 100
_MOST_COMPLETED = 10_000

Key = tuple[str, ConnectionReference, bytes]
"""Peer, reference of the association on which it was started, identifier under which it was started."""


class Writer(Protocol):
    """What holds the octets; `mta.reception.Writer`."""

    async def abort(self) -> None:
        """Forget them."""


@dataclass(slots=True, eq=False, kw_only=True)
class Partial:
    """What came of one transfer.

    Attributes:
        key: Its name.
        host: Network address of the peer.
        writer: Holds the octets.
        digest: Of the octets, a running one.
        received: How many octets there are.
        marks: Octets that lie before each confirmed checkpoint, by serial.
        until: When it is dropped, seconds of the clock.
    """

    key: Key
    host: str
    writer: Any
    digest: Any
    received: int
    marks: dict[int, int] = field(default_factory=dict)
    until: float = 0.0


class Partials:
    """All parts that may be resumed.

    Args:
        seconds: How long they are kept.
        clock: Seconds of any clock that only goes forward.
    """

    def __init__(self, *, seconds: float = 3600.0, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[Key, Partial] = OrderedDict()
        self._completed: OrderedDict[Key, None] = OrderedDict()

    async def keep(self, partial: Partial) -> None:
        """Keep a part; the oldest gives way when there are too many."""
        await self._expire()
        partial.until = self._clock() + self._seconds
        self._kept[partial.key] = partial
        while len(self._kept) > _MOST:
            _, oldest = self._kept.popitem(last=False)
            await oldest.writer.abort()

    async def take(self, key: Key) -> Partial | None:
        """A part that its peer wants to go on with; it is no longer kept here."""
        await self._expire()
        return self._kept.pop(key, None)

    def complete(self, key: Key) -> None:
        """A transfer is here as a whole: whoever resumes it has missed the confirmation."""
        self._completed[key] = None
        while len(self._completed) > _MOST_COMPLETED:
            self._completed.popitem(last=False)

    def is_complete(self, key: Key) -> bool:
        """Whether a transfer is here as a whole."""
        return key in self._completed

    async def owner(self, reference: ConnectionReference, host: str) -> str:
        """Name of the peer whose dead association this was, for a caller from the same address; empty when there is nothing to recover."""
        await self._expire()
        return next((key[0] for key, part in self._kept.items() if key[1] == reference and part.host == host), "")

    async def close(self) -> None:
        """Drop everything."""
        while self._kept:
            _, partial = self._kept.popitem()
            await partial.writer.abort()

    async def _expire(self) -> None:
        for key in [key for key, partial in self._kept.items() if partial.until <= self._clock()]:
            await self._kept.pop(key).writer.abort()
