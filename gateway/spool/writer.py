"""The one thread that writes, and group commit.

Work is handed in from the event loop and waits while a commit is on its way to the disk; everything that has gathered
by then shares the next transaction. A future is resolved only after the commit that carries its work: nobody hears
"taken" before the octets are on the disk (law 1).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from gateway.errors import SpoolError
from gateway.spool.database import disk_full, translated

T = TypeVar("T")
Work = Callable[[Connection], T]
"""A piece of work inside a transaction. It may run twice (see `Writer`), so its only effects are on the database."""

BATCH = 64
"""At most so many pieces of work share a commit; with 256 KiB of content each a transaction stays below 16 MiB."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Work[Any]
    future: asyncio.Future[Any]
    essential: bool


class Writer:
    """Runs work on the writing connection, many pieces in one commit.

    When a piece fails, its whole transaction is rolled back and every piece of the batch runs again in a transaction
    of its own, so that one refusal never spoils its neighbours.

    Args:
        engine: The writing engine; this object uses one connection of it, on one thread.
        make_room: Called when the disk is full and essential work waits; frees the reserve, and says whether it did.
    """

    def __init__(self, engine: Engine, make_room: Callable[[], bool]) -> None:
        self._engine = engine
        self._make_room = make_room
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool-writer")
        self._connection: Connection | None = None
        self._waiting: deque[_Job] = deque()
        self._drain: asyncio.Task[None] | None = None
        self._closed = False
        self.commits = 0

    async def run(self, work: Work[T], *, essential: bool = False) -> T:
        """Run the work and return its result after the commit.

        Args:
            work: What to do; may run twice, see `Work`.
            essential: It must succeed although the disk is full (outcomes, reports), and is done even when the caller
                has been cancelled meanwhile; other work whose caller is gone before it began is dropped.

        Raises:
            SpoolError: The queue refused, or is closed; nothing was written.
        """
        if self._closed:
            raise SpoolError("the queue is closed")
        job = _Job(work, asyncio.get_running_loop().create_future(), essential)
        self._waiting.append(job)
        if self._drain is None or self._drain.done():
            self._drain = asyncio.create_task(self._drain_waiting(), name="spool-writer")
        return await job.future  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Finish what waits, then close the connection. Further work is refused."""
        self._closed = True
        if self._drain is not None:
            await asyncio.wait((self._drain,))
        await self._drain_waiting()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    async def _drain_waiting(self) -> None:
        while batch := self._next_batch():
            outcome = await self._commit(batch)
            if isinstance(outcome, list):
                _resolve(batch, outcome)
                continue
            for job in batch:
                await self._run_alone(job)

    def _next_batch(self) -> list[_Job]:
        batch: list[_Job] = []
        while self._waiting and len(batch) < BATCH:
            job = self._waiting.popleft()
            if job.essential or not job.future.cancelled():
                batch.append(job)
        return batch

    async def _run_alone(self, job: _Job) -> None:
        outcome = await self._commit([job])
        if not isinstance(outcome, list) and disk_full(outcome) and job.essential and self._make_room():
            outcome = await self._commit([job])
        if isinstance(outcome, list):
            _resolve([job], outcome)
        elif not job.future.done():
            job.future.set_exception(translated(outcome))

    async def _commit(self, batch: Sequence[_Job]) -> list[Any] | BaseException:
        """The results of one transaction, or what made it fail.

        The error is looked at, not caught: it belongs to the futures, whatever it is, and the thread goes on.
        """
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(self._thread, self._transact, [job.work for job in batch])
        await asyncio.wait((done,))
        return done.exception() or done.result()

    def _transact(self, works: Sequence[Work[Any]]) -> list[Any]:
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():
            results = [work(self._connection) for work in works]
        self.commits += 1
        return results

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()


def _resolve(batch: Sequence[_Job], results: Sequence[Any]) -> None:
    for job, result in zip(batch, results, strict=True):
        if not job.future.done():
            job.future.set_result(result)
