"""The tables of the queue, and how an older file becomes a newer one.

Times are integers: microseconds since 1970 UTC, so that they sort and compare in every dialect. What is only read
back whole (source, the sender's own time offsets) is JSON in ``transfer.record``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from enum import Enum

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    inspect,
    or_,
    select,
    update,
)

from gateway.errors import ConfigurationError

QUEUE = MetaData()
AUDIT = MetaData(schema="audit")

transfer = Table(
    "transfer",
    QUEUE,
    Column("serial", Integer, primary_key=True),  # order of arrival
    Column("id", Text, nullable=False, unique=True),
    Column("record", Text, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("content", Text, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    # When a worker may next take it: the earliest due time of a waiting recipient, or the end of the running lease;
    # NULL when there is nothing to do (held, quarantined, finished).
    Column("ready_at", BigInteger),
    Column("worker", Text, nullable=False),  # '' when nobody holds a lease
    Column("fence", BigInteger, nullable=False),
    Column("begun", Integer, nullable=False),  # attempts in a row that began and have not ended
    Column("attempts", Integer, nullable=False),
    Column("finished_at", BigInteger),  # NULL while any recipient has not come to an end
    Column("lane", Text, nullable=False, server_default=""),  # the full lane that it waits for (`spool.lanes`), else ''
)
Index(
    "transfer_ready",
    transfer.c.priority,
    transfer.c.ready_at,
    sqlite_where=transfer.c.ready_at.is_not(None),
    postgresql_where=transfer.c.ready_at.is_not(None),
)
Index(
    "transfer_finished",
    transfer.c.finished_at,
    sqlite_where=transfer.c.finished_at.is_not(None),
    postgresql_where=transfer.c.finished_at.is_not(None),
)

recipient = Table(
    "recipient",
    QUEUE,
    Column("transfer", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("address", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", BigInteger),
    Column("warned", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("identity", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("recipient_state", recipient.c.state)

# Law 5: who was taken before, under which MTS identifier. It outlives the transfer that an operator deletes.
seen = Table(
    "seen",
    QUEUE,
    Column("duplicate_key", Text, primary_key=True),
    Column("identity", Text, primary_key=True),
    Column("transfer", Text, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("seen_age", seen.c.seen_at)

# Every name under which an operator may ask for a transfer.
identifier = Table(
    "identifier",
    QUEUE,
    Column("identifier", Text, primary_key=True),
    Column("transfer", Text, primary_key=True),
    sqlite_with_rowid=False,
)
Index("identifier_transfer", identifier.c.transfer)

chunk = Table(
    "chunk",
    QUEUE,
    Column("serial", Integer, primary_key=True),
    Column("content", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("octets", LargeBinary, nullable=False),
    UniqueConstraint("content", "number"),
)

# Content that is being written and belongs to no transfer yet; ``length`` is NULL until it is complete.
unclaimed = Table(
    "unclaimed",
    QUEUE,
    Column("content", Text, primary_key=True),
    Column("touched_at", BigInteger, nullable=False),
    Column("length", BigInteger),
)

plan = Table(
    "plan",
    QUEUE,
    Column("transfer", Text, primary_key=True),
    Column("recipients", Text, primary_key=True),  # the group's routing key
    Column("seed", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("tables", Text, nullable=False),
)

fact = Table(
    "fact",
    QUEUE,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("due_at", BigInteger),
    Column("expires_at", BigInteger, nullable=False),
)
Index("fact_due", fact.c.kind, fact.c.due_at)
Index("fact_expiry", fact.c.expires_at)


# What was sent under a name by which reports and notifications come back, and what is known of each recipient
# (`spool.expectations`). Both outlive the transfer.
subject = Table(
    "subject",
    QUEUE,
    Column("subject", Text, primary_key=True),
    Column("transfer", Text, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
Index("subject_transfer", subject.c.transfer)
Index("subject_expiry", subject.c.expires_at)
Index("subject_sender", func.lower(subject.c.sender))

expectation = Table(
    "expectation",
    QUEUE,
    Column("subject", Text, primary_key=True),
    Column("transfer", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("address", Text, nullable=False),
    Column("original", Text, nullable=False),
    Column("asked", Text, nullable=False),
    Column("fate", Text, nullable=False),
    Column("patience", BigInteger),  # microseconds; NULL where no answer is expected
    Column("ends_relayed", SmallInteger, nullable=False),
    Column("fields", Text, nullable=False),
    Column("due_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("peer", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("heard", Text, nullable=False),  # every fate that was ever told, with a blank behind each
)
Index("expectation_transfer", expectation.c.transfer, expectation.c.number)
Index("expectation_due", expectation.c.fate, expectation.c.due_at)
Index("expectation_address", func.lower(expectation.c.address))
Index("expectation_original", func.lower(expectation.c.original))

# Reports that were made for an address, when each of them may leave: what `spool.pacing` counts.
told = Table(
    "told",
    QUEUE,
    Column("serial", Integer, primary_key=True),
    Column("address", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
Index("told_address", told.c.address, told.c.at)


def _event_columns() -> tuple[Column[int] | Column[str], ...]:
    return (
        Column("transfer", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("name", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("recipient", Integer),
        Column("peer", Text, nullable=False),
        Column("fields", Text, nullable=False),
    )


# Events are written beside the change they tell of, in the same commit and file, and moved to the audit file later
# (`spool.audit` says why). AUTOINCREMENT: a serial is never used twice, which makes the move repeatable.
outbox = Table("outbox", QUEUE, Column("serial", Integer, primary_key=True), *_event_columns(), sqlite_autoincrement=True)
Index("outbox_transfer", outbox.c.transfer)
event = Table("event", AUDIT, Column("serial", Integer, primary_key=True, autoincrement=False), *_event_columns())
Index("event_transfer", event.c.transfer)
Index("event_at", event.c.at)

version = Table("schema_version", QUEUE, Column("version", Integer, primary_key=True))


def _create(connection: Connection) -> None:
    QUEUE.create_all(connection)


def _add_expectations(connection: Connection) -> None:
    QUEUE.create_all(connection, tables=[subject, expectation, told])  # a queue of this version has them already


def _add_lanes(connection: Connection) -> None:
    if "lane" not in {column["name"] for column in inspect(connection).get_columns("transfer")}:
        connection.exec_driver_sql("ALTER TABLE transfer ADD COLUMN lane TEXT NOT NULL DEFAULT ''")


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_create, _add_expectations, _add_lanes)
"""Step *n* turns a queue of version *n* into one of version *n* + 1. Steps are only ever added."""


def migrate(connection: Connection) -> None:
    """Bring the queue to the version of this program; called inside the writer's transaction.

    Raises:
        ConfigurationError: The queue was written by a newer program.
    """
    version.create(connection, checkfirst=True)
    found = connection.execute(select(version.c.version)).scalar()
    present = found or 0
    if present > len(MIGRATIONS):
        raise ConfigurationError(
            f"the queue has schema version {present}, this program knows {len(MIGRATIONS)}: start the newer program again"
        )
    for step in MIGRATIONS[present:]:
        step(connection)
    AUDIT.create_all(connection)  # always: the file may have been taken to an archive, and starts anew
    if found is None:
        connection.execute(insert(version).values(version=len(MIGRATIONS)))
    elif present < len(MIGRATIONS):
        connection.execute(update(version).values(version=len(MIGRATIONS)))


def one_of(column: Column[str], values: Iterable[Enum]) -> ColumnElement[bool]:
    """The column has the value of one of these; spelled out, because an ``IN`` list is compiled at every execution."""
    return or_(*(column == value for value in sorted(each.value for each in values)))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def ticks(time: datetime) -> int:
    """A time as the tables keep it: microseconds since 1970 UTC."""
    return (time - _EPOCH) // _MICROSECOND


def time_of(value: int) -> datetime:
    """The time, in UTC, that the tables keep as ``value``."""
    return _EPOCH + timedelta(microseconds=value)
