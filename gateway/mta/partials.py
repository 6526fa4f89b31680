"""Parts of transfers that broke off, kept until the peer takes them up again (p1-stack.md 7.8).

Recovering an association bypasses the password, so the right to it is bound to the network address and the peer of the dead association,
and to a short time. With a shelf (`mta.shelf`) what lies before a confirmed checkpoint is on disk, and outlives the process. A resumption
that is not known is refused, and the peer begins anew.
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


class Shelf(Protocol):
    """Where parts outlive the process."""

    async def secure(self, partial: Partial, seconds: float) -> None:
        """Put a part on disk, with its marks and in one commit.

        Raises:
            GatewayError: It cannot be written, and nothing was.
        """

    async def restore(self, key: Key) -> Partial | None:
        """A part as it was secured last, ready to be gone on with; None when there is none."""

    async def is_complete(self, key: Key) -> bool:
        """Whether a transfer that was secured before its end is here as a whole by now."""

    async def owner(self, reference: ConnectionReference, host: str) -> str:
        """Name of the peer of a dead association that has left a part; empty when there is none."""


class Holder(Protocol):
    """Who takes in a transfer at present; `mta.reception.Reception`."""

    async def give_up(self) -> None:
        """Somebody goes on with it on another association: keep what is here, and take no more."""


class Partials:
    """All parts that may be resumed.

    Args:
        seconds: How long they are kept.
        clock: Seconds of any clock that only goes forward.
        shelf: Where they outlive the process; None: they do not.
    """

    def __init__(self, *, seconds: float = 3600.0, clock: Callable[[], float], shelf: Shelf | None = None) -> None:
        self._seconds = seconds
        self._clock = clock
        self._shelf = shelf
        self._kept: OrderedDict[Key, Partial] = OrderedDict()
        self._completed: OrderedDict[Key, None] = OrderedDict()
        self._arriving: dict[Key, Holder] = {}

    def arrives(self, key: Key, holder: Holder) -> None:
        """A transfer is in the hands of a living association."""
        self._arriving[key] = holder

    async def secure(self, partial: Partial) -> None:
        """Put what has arrived on disk, before its last checkpoint is confirmed.

        Raises:
            GatewayError: It cannot be written: do not confirm.
        """
        if self._shelf is not None:
            await self._shelf.secure(partial, self._seconds)

    async def keep(self, partial: Partial) -> None:
        """Keep a part; the oldest gives way when there are too many."""
        await self._expire()
        self._arriving.pop(partial.key, None)
        partial.until = self._clock() + self._seconds
        self._kept[partial.key] = partial
        while len(self._kept) > _MOST:
            _, oldest = self._kept.popitem(last=False)
            await oldest.writer.abort()

    async def take(self, key: Key) -> Partial | None:
        """A part that its peer wants to go on with; it is no longer kept here.

        A peer may notice sooner than we that a line is dead: then its association still stands here, and gives the part up.
        """
        if (holder := self._arriving.get(key)) is not None:
            await holder.give_up()
        await self._expire()
        found = self._kept.pop(key, None)
        if found is None and self._shelf is not None:
            found = await self._shelf.restore(key)
        return found

    def drop(self, key: Key) -> None:
        """A transfer was dropped by its association."""
        self._arriving.pop(key, None)

    def complete(self, key: Key) -> None:
        """A transfer is here as a whole: whoever resumes it has missed the confirmation."""
        self._arriving.pop(key, None)
        self._completed[key] = None
        while len(self._completed) > _MOST_COMPLETED:
            self._completed.popitem(last=False)

    async def is_complete(self, key: Key) -> bool:
        """Whether a transfer is here as a whole."""
        return key in self._completed or (self._shelf is not None and await self._shelf.is_complete(key))

    async def owner(self, reference: ConnectionReference, host: str) -> str:
        """Name of the peer whose dead association this was, for a caller from the same address; empty when there is nothing to recover."""
        await self._expire()
        found = next((key[0] for key, part in self._kept.items() if key[1] == reference and part.host == host), "")
        if found or self._shelf is None or any(key[1] == reference for key in self._arriving):
            return found
        return await self._shelf.owner(reference, host)

    async def close(self) -> None:
        """Drop everything but what is on a shelf."""
        while self._kept:
            _, partial = self._kept.popitem()
            if self._shelf is None:
                await partial.writer.abort()

    async def _expire(self) -> None:
        for key in [key for key, partial in self._kept.items() if partial.until <= self._clock()]:
            await self._kept.pop(key).writer.abort()
