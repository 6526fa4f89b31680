"""The story of every transfer: events are written with the change they tell of and kept in a file of their own.

A commit over two files is not one commit when the machine stops between them. So an event goes to the ``outbox``
table, in the same file and commit as its cause, and is copied to the audit file later; only when the copy is on disk
is it removed from the outbox. Serials are never used again and the copy ignores those it has, so a crash at any point
neither loses nor doubles an event.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, delete, func, insert, literal, select

from gateway.spool import rows
from gateway.spool.schema import event, outbox
from gateway.spool.transfer import Event

_COLUMNS = tuple(column.name for column in outbox.columns)
_ADD = insert(outbox)
# OR IGNORE: a copy that was made before the crash stays as it is.
_COPY = (
    insert(event)
    .prefix_with("OR IGNORE", dialect="sqlite")
    .from_select(_COLUMNS, select(outbox).where(outbox.c.serial <= bindparam("last")))
)
_LAST = select(func.max(outbox.c.serial))
_FORGET = delete(outbox).where(outbox.c.serial <= bindparam("last"))
_EXPIRE = delete(event).where(event.c.at < bindparam("before"))


ACCEPTED = "spool.accepted"
"""The event with which every story begins; its fields are the sender and the recipients."""

CONVERTED = "relay.converted"
"""The event of a conversion; its fields are the identifiers of what came out."""


def write(connection: Connection, transfer_id: str, events: Iterable[Event]) -> None:
    """Add events to a transfer's story, in the caller's transaction."""
    found = [rows.event_row(transfer_id, each) for each in events]
    if found:
        connection.execute(_ADD, found)


def copy(connection: Connection) -> int:
    """Copy the outbox to the audit file; the last serial, 0 when there was nothing. `forget` follows after the commit."""
    last = connection.execute(_LAST).scalar()
    if last is None:
        return 0
    connection.execute(_COPY, {"last": last})
    return int(last)


def forget(connection: Connection, last: int) -> None:
    """Remove from the outbox what the audit file has by now."""
    connection.execute(_FORGET, {"last": last})


def expire(connection: Connection, before: int) -> None:
    """Remove events older than a time (in ticks) from the audit file."""
    connection.execute(_EXPIRE, {"before": before})


def _rows_of(table: Table, place: int) -> Select[Any]:
    return select(literal(place).label("place"), *table.columns).where(table.c.transfer == bindparam("transfer"))


_STORY = _rows_of(event, 0).union(_rows_of(outbox, 1)).order_by("serial", "place")


def story(connection: Connection, transfer_id: str) -> tuple[Event, ...]:
    """The events of one transfer in the order in which they were written, moved or not."""
    found = {row.serial: row for row in connection.execute(_STORY, {"transfer": transfer_id})}
    return tuple(rows.event_from_row(row) for row in found.values())


def _like(table: Table) -> Select[Any]:
    named = table.c.name.in_((ACCEPTED, CONVERTED))
    return select(table.c.transfer, table.c.at, table.c.fields).where(named, table.c.fields.like(bindparam("pattern"), escape="\\"))


_LIKE = _like(event).union(_like(outbox)).order_by("at")


def named(connection: Connection, text: str, limit: int) -> tuple[str, ...]:
    """Queue identifiers of transfers whose story has a text as one of its names or addresses, in any case; the newest first."""
    escaped = "".join(f"\\{each}" if each in "\\%_" else each for each in json.dumps(text)[1:-1])
    found: dict[str, None] = {}
    for row in connection.execute(_LIKE, {"pattern": f"%{escaped}%"}):
        if text.lower() in _values(json.loads(row.fields)):
            found[row.transfer] = None
    return tuple(reversed(found))[:limit]


def _values(fields: Mapping[str, str]) -> set[str]:
    told = {value.lower() for value in fields.values()}
    return told | {each.lower() for each in json.loads(fields.get("recipients", "[]"))}


def _between(table: Table) -> Select[Any]:
    return select(table).where(
        table.c.serial > bindparam("after"), table.c.at >= bindparam("since"), table.c.at < bindparam("until")
    )  # fmt: skip


_BETWEEN = _between(event).union(_between(outbox)).order_by("serial").limit(bindparam("at_most"))


def between(connection: Connection, since: int, until: int, after: int, limit: int) -> tuple[tuple[int, str, Event], ...]:
    """Events of a time (in ticks) behind a serial, in their order: serial, queue identifier, event."""
    found = connection.execute(_BETWEEN, {"since": since, "until": until, "after": after, "at_most": limit})
    return tuple((row.serial, row.transfer, rows.event_from_row(row)) for row in found)


def _accepted_of(table: Table) -> Select[Any]:
    return select(table.c.serial, table.c.fields).where(
        table.c.name == ACCEPTED, table.c.at >= bindparam("since"), table.c.serial > bindparam("after")
    )


_ACCEPTED_SINCE = _accepted_of(event).union(_accepted_of(outbox)).order_by("serial").limit(bindparam("at_most"))


def addresses(connection: Connection, since: int, after: int, limit: int) -> tuple[int, frozenset[str]]:
    """Senders and recipients of what was accepted since a time (in ticks), behind a serial.

    Returns:
        The serial to go on from, 0 at the end, and the addresses in the text form of their side.
    """
    found = connection.execute(_ACCEPTED_SINCE, {"since": since, "after": after, "at_most": limit}).all()
    if not found:
        return 0, frozenset()
    told: set[str] = set()
    for row in found:
        fields = json.loads(row.fields)
        told |= {fields["sender"], *json.loads(fields["recipients"])}
    return found[-1].serial, frozenset(told - {""})
