"""Looking at the queue, on threads of its own: readers never wait for the writer, nor the writer for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.errors import SpoolError

T = TypeVar("T")

THREADS = 4


class Reader:
    """Runs queries, each in one short transaction that sees one snapshot.

    Args:
        engine: The reading engine.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="spool-reader")

    async def run(self, query: Callable[[Connection], T]) -> T:
        """The query's result, found on another thread.

        Raises:
            SpoolError: The queue cannot be read.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.here, query)

    async def elsewhere(self, work: Callable[[], T]) -> T:
        """Run work that itself reads content (and would block) on a reader's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def here(self, query: Callable[[Connection], T]) -> T:
        """The query's result, found on the calling thread.

        Raises:
            SpoolError: The queue cannot be read.
        """
        try:
            with self._engine.connect() as connection:
                return query(connection)
        except SQLAlchemyError as error:
            raise SpoolError(f"queue: {error}") from error

    def close(self) -> None:
        """End the threads and close the connections."""
        self._threads.shutdown()
        self._engine.dispose()
