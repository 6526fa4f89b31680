"""New tables and users while the gateway runs: by command, by signal, and when their files change.

A set is read whole in a thread, checked, and then replaces the old one in one assignment; a set that does not check is refused whole,
and the reason stands in the log, in the status and in the answer to the command. What is under way goes on with the set that it began with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway import log
from gateway.errors import GatewayError
from gateway.mixer.policy import Settings

_log = log.get("admin")

Stamps = tuple[tuple[str, int, int], ...]
"""Path, time of change in nanoseconds and size of each file that belongs to the set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A set that did not check."""

    at: datetime
    reason: str


class Reloader:
    """Keeps the set of tables and users up to date.

    Args:
        present: The settings that are active.
        load: Reads and checks tables and users; in a thread.
        activate: Makes settings the active ones.
        stamps: How the files look now; in a thread.
        seen: How they looked before the present settings were read from them.
        watch_seconds: How often the files are looked at; 0: never.
    """

    def __init__(
        self,
        present: Callable[[], Settings],
        load: Callable[[], Settings],
        activate: Callable[[Settings], None],
        stamps: Callable[[], Stamps],
        *,
        seen: Stamps,
        watch_seconds: float,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._present = present
        self._load = load
        self._activate = activate
        self._stamps = stamps
        self._seconds = watch_seconds
        self._clock = clock
        self._lock = asyncio.Lock()
        self._tried = seen
        self._active_since = clock()
        self._refusal: Refusal | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to watch the files."""
        if self._seconds:
            self._spawn(self._watch())

    async def stop(self) -> None:
        """Watch no more."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def request(self) -> None:
        """Reload soon; for a signal."""
        self._spawn(self._reload_safely("a signal"))

    async def reload(self, why: str) -> Settings:
        """Read the set again and make it the active one.

        Args:
            why: Who asked, for the log.

        Raises:
            GatewayError: It does not check; the old set stays active.
        """
        async with self._lock:
            # Looked at before they are read: what changes meanwhile is seen as a change later.
            self._tried = await asyncio.to_thread(self._stamps)
            try:
                settings = await asyncio.to_thread(self._load)
            except GatewayError as error:
                self._refusal = Refusal(at=self._clock(), reason=str(error))
                _log.error("tables.refused", why=why, reason=str(error), active=self._present().mapping_version)
                raise
            self._activate(settings)
            self._active_since, self._refusal = self._clock(), None
            _log.info("tables.reloaded", why=why, version=settings.mapping_version)
            return settings

    def status(self) -> Mapping[str, Any]:
        """The active set, and why the last one that was tried is not active."""
        settings, refusal = self._present(), self._refusal
        return {
            "tables": settings.tables.version,
            "users": settings.users_version,
            "tables_since": self._active_since.isoformat(timespec="seconds"),
            "tables_refused": f"{refusal.at.isoformat(timespec='seconds')} {refusal.reason}" if refusal is not None else "",
        }

    async def _reload_safely(self, why: str) -> None:
        try:
            await self.reload(why)
        except GatewayError:
            return  # the log and the status have the reason

    async def _watch(self) -> None:
        """Reload when the files have changed and then stood still for one interval, so that half a file is rarely read."""
        last = self._tried
        while True:
            await asyncio.sleep(self._seconds)
            now = await asyncio.to_thread(self._stamps)
            if now == last and now != self._tried:
                await self._reload_safely("a file changed")
            last = now

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
