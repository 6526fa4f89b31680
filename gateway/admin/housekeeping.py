"""Housekeeping of the queue: what nobody needs any more is removed, a minute after the start and then once an hour."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from gateway import log
from gateway.errors import SpoolError
from gateway.spool.store import Store

_log = log.get("admin")
_EVERY_SECONDS = 3600.0
_FIRST_SECONDS = 60.0
"""After a start the queue has better things to do."""


class Housekeeping:
    """Sweeps a queue while the gateway runs."""

    def __init__(self, store: Store, *, every_seconds: float = _EVERY_SECONDS) -> None:
        self._store = store
        self._every = every_seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End; a sweep that is under way has small steps."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        await asyncio.sleep(min(_FIRST_SECONDS, self._every))
        while True:
            await self._sweep()
            await asyncio.sleep(self._every)

    async def _sweep(self) -> None:
        try:
            removed = await self._store.sweep(datetime.now(UTC))
        except SpoolError as error:
            _log.warning("spool.swept", removed=0, reason=str(error))
        else:
            if removed:
                _log.info("spool.swept", removed=removed)
