"""The memory of the queue as the journeys ask for it: what was sent, where a reverse path leads, what a message was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from gateway.errors import SpoolError
from gateway.octets import Octets
from gateway.spool.expectations import Known
from gateway.spool.ledger import FactKind
from gateway.spool.store import Store


class Remembered:
    """Answers from one queue; what has expired is not there any more."""

    def __init__(self, store: Store, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock

    async def subjects(self, key: str) -> tuple[Known, ...]:
        """What was sent under a name."""
        return await self._store.expectations.recall(key, self._clock())

    async def return_path(self, tag: str) -> Mapping[str, str] | None:
        """What a tag leads to."""
        fact = await self._store.ledger.recall(FactKind.RETURN_PATH, tag)
        return fact.value if fact is not None and fact.expires > self._clock() else None

    async def original(self, transfer_id: str) -> Octets | None:
        """The octets of a transfer as they came, while they are kept."""
        try:
            found = await self._store.content_of(transfer_id)
            found.read(0, 1)
        except SpoolError:
            return None
        return found
