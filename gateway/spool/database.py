"""Connections to the queue file: what is set on each of them, and the check that the setting took.

``synchronous=FULL`` with the write-ahead log means that a commit has returned only after the log was flushed to the
disk; the promise "taken" (SMTP 250, RTSE activity-end response) rests on it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool, StaticPool

from gateway.errors import ConfigurationError, GatewayError, NoSpaceError, SpoolError

LOCK_WAIT_SECONDS = 30.0
"""How long a process waits for another one on the same queue file to finish its commit."""

_WAL_PAGES = 4000  # a checkpoint every 16 MB of log: fewer flushes of the main file than the default of 1000 pages
_WAL_OCTETS = 64 << 20  # the log file shrinks back to this after a burst
_SYNCHRONOUS = {"OFF": 0, "NORMAL": 1, "FULL": 2, "EXTRA": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFiles:
    """Where the queue lives.

    Attributes:
        queue: The main file; its write-ahead log lies beside it.
        audit: The file of the event table.
    """

    queue: Path
    audit: Path

    @classmethod
    def from_url(cls, url: str) -> QueueFiles:
        """The files of ``sqlite:///path/queue.sqlite``; the audit file is ``path/queue-audit.sqlite``.

        Raises:
            ConfigurationError: Not such a URL.
        """
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise ConfigurationError(f"queue URL {url!r}: expected sqlite:///path/queue.sqlite") from error
        if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
            raise ConfigurationError(f"queue URL {parsed.render_as_string()!r}: expected sqlite:///path/queue.sqlite (a file)")
        queue = Path(str(parsed.database))
        return cls(queue=queue, audit=queue.with_name(f"{queue.stem}-audit{queue.suffix}"))

    def create(self) -> None:
        """Make the files, for their owner only: they hold other people's mail.

        Raises:
            ConfigurationError: The folder cannot be written.
        """
        try:
            self.queue.parent.mkdir(parents=True, exist_ok=True)
            for path in (self.queue, self.audit):
                path.touch(mode=0o600, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"queue file {self.queue}: {error.strerror}") from error


def writing_engine(files: QueueFiles, synchronous: str) -> Engine:
    """The engine with the one connection that writes.

    Args:
        files: The queue.
        synchronous: ``FULL`` in production; ``OFF`` breaks law 1 of the spool and exists for the test that shows it.

    Raises:
        ConfigurationError: No such setting.
    """
    level = synchronous.upper()
    if level not in _SYNCHRONOUS:
        raise ConfigurationError(f"queue setting synchronous = {synchronous!r}: expected one of {', '.join(_SYNCHRONOUS)}")
    engine = _engine(files, StaticPool)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        _attach(connection, files)
        for schema in ("main", "audit"):
            connection.execute(f"PRAGMA {schema}.journal_mode = WAL")
            connection.execute(f"PRAGMA {schema}.synchronous = {level}")
            connection.execute(f"PRAGMA {schema}.journal_size_limit = {_WAL_OCTETS}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE: the write lock is taken at the start, so that no transaction fails half-way on the upgrade.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def reading_engine(files: QueueFiles, connections: int = 4) -> Engine:
    """The engine of the readers: several connections, none of which can write; each transaction sees one snapshot."""
    engine = _engine(files, QueuePool, pool_size=connections, max_overflow=connections)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        _attach(connection, files)
        connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _engine(files: QueueFiles, pool: type[QueuePool] | type[StaticPool], **options: Any) -> Engine:
    arguments = {"timeout": LOCK_WAIT_SECONDS, "check_same_thread": False}
    return create_engine(f"sqlite:///{files.queue}", poolclass=pool, connect_args=arguments, **options)


def _attach(connection: sqlite3.Connection, files: QueueFiles) -> None:
    # None: the driver begins no transactions of its own; the engine's "begin" event does.
    connection.isolation_level = None
    connection.execute("ATTACH DATABASE ? AS audit", (str(files.audit),))


def durability(connection: Connection) -> Mapping[str, str]:
    """What the connection's settings really are: journal mode and synchronous level of both files."""
    names = {str(number): name for name, number in _SYNCHRONOUS.items()}
    found: dict[str, str] = {}
    for schema in ("main", "audit"):
        found[f"{schema}.journal_mode"] = str(connection.exec_driver_sql(f"PRAGMA {schema}.journal_mode").scalar()).upper()
        found[f"{schema}.synchronous"] = names[str(connection.exec_driver_sql(f"PRAGMA {schema}.synchronous").scalar())]
    return found


def check_durability(connection: Connection, synchronous: str) -> None:
    """Refuse a file whose settings did not take.

    Raises:
        ConfigurationError: The file system cannot do write-ahead logging (a network share), or a setting was ignored.
    """
    for name, value in durability(connection).items():
        expected = "WAL" if name.endswith("journal_mode") else synchronous.upper()
        if value != expected:
            raise ConfigurationError(f"the queue's file system gives {name} = {value}, needed is {expected}: use a local disk")


def disk_full(error: BaseException) -> bool:
    """Whether this is SQLite saying that disk or database is full."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def translated(error: BaseException) -> BaseException:
    """The error to show to callers: the library's own errors become `SpoolError`, everything else stays what it is."""
    if isinstance(error, GatewayError) or not isinstance(error, SQLAlchemyError):
        return error
    found: GatewayError = NoSpaceError("the queue's disk is full") if disk_full(error) else SpoolError(f"queue: {error}")
    found.__cause__ = error
    return found
