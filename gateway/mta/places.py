"""The associations that all lines together may have: a limit of our own, so that hundreds of peers never exhaust the machine."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Protocol


class Holder(Protocol):
    """Who has places: a line."""

    def yield_place(self) -> bool:
        """Give back a place that is not needed; whether there is one."""


class Places:
    """A number of places, given in the order of asking; who holds one idly is asked for it first.

    Args:
        number: How many there are.
        holders: All who may hold some.
    """

    def __init__(self, number: int, holders: Callable[[], Iterable[Holder]]) -> None:
        self._free = number
        self._holders = holders
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def taken(self, by: Holder) -> AsyncIterator[None]:
        """Hold a place while the block runs; waits for one when none is free."""
        await self._take(by)
        try:
            yield
        finally:
            self._give()

    async def _take(self, by: Holder) -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        any(holder.yield_place() for holder in self._holders() if holder is not by)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise

    def _give(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
