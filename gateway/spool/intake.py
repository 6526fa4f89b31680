"""Accepting: what one commit writes when responsibility for a transfer is taken, and the suppression of duplicates.

Law 5: a P1 duplicate is the same MTS identifier *and* the same responsible recipient *and* the same history of DL
expansion and redirection. Only those recipients are suppressed, each with an event; the same identifier with other
recipients is another transfer, since MTAs split messages and keep the identifier (X.411 14.3).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select

from gateway.errors import SpoolError
from gateway.spool import audit, content, rows
from gateway.spool.content import StoredContent
from gateway.spool.schema import identifier, recipient, seen, ticks, transfer
from gateway.spool.transfer import ENDS, Event, Recipient, RecipientState, Transfer

WAITING = frozenset({RecipientState.QUEUED, RecipientState.DEFERRED})
"""The states in which a recipient is worked on when it is due."""

_ADD_TRANSFER = insert(transfer)
_ADD_RECIPIENT = insert(recipient)
_ADD_SEEN = insert(seen)
_SEEN_BY = select(seen.c.transfer).where(seen.c.duplicate_key == bindparam("key"), seen.c.identity == bindparam("identity"))
_ADD_IDENTIFIER = insert(identifier)
_HAS_IDENTIFIER = select(identifier.c.identifier).where(
    identifier.c.identifier == bindparam("name"), identifier.c.transfer == bindparam("id")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The transfer is on disk and ours.

    Attributes:
        id: Its queue identifier.
        suppressed: Numbers of the recipients that were duplicates (law 5).
    """

    id: str
    suppressed: tuple[int, ...] = ()


def check(offered: Transfer) -> None:
    """Refuse what could not be told apart later.

    Raises:
        SpoolError: Two recipients have the same number.
    """
    numbers = [each.number for each in offered.recipients]
    if len(set(numbers)) != len(numbers):
        raise SpoolError(f"transfer {offered.id}: recipient numbers {sorted(numbers)} are not unique")


def accept(connection: Connection, offered: Transfer, stored: StoredContent, events: Sequence[Event]) -> Accepted:
    """Write a transfer, its recipients, its content and its first events."""
    recipients, duplicates = _suppress(connection, offered)
    placed = [_placed(offered, each) for each in recipients]
    due = [ticks(each.due) for each in placed if each.state in WAITING and each.due is not None]
    finished = bool(placed) and all(each.state in ENDS for each in placed)
    connection.execute(
        _ADD_TRANSFER,
        {
            "id": offered.id,
            "record": rows.record_json(offered),
            "envelope": offered.envelope,
            "content": stored.id,
            "length": stored.length,
            "priority": offered.priority.value,
            "ready_at": min(due, default=None),
            "worker": "",
            "fence": 0,
            "begun": 0,
            "attempts": 0,
            "finished_at": ticks(offered.arrived) if finished else None,
        },
    )
    if placed:
        connection.execute(_ADD_RECIPIENT, [rows.recipient_row(offered.id, each) for each in placed])
    content.put(connection, stored)
    _name(connection, offered)
    if not placed:
        # Kept all the same, for an operator: an APDU that arrived whole is never lost (DESIGN section 7, Space).
        duplicates.append(Event(at=offered.arrived, name="spool.quarantined", text="the transfer names no recipient"))
    audit.write(connection, offered.id, (_accepted(offered), *events, *duplicates))
    return Accepted(id=offered.id, suppressed=tuple(each.recipient for each in duplicates if each.recipient is not None))


def _accepted(offered: Transfer) -> Event:
    """The first line of every story: who sent it to whom. The audit trail keeps it longer than the queue keeps the transfer."""
    recipients = [each.address for each in offered.recipients]
    return Event(
        at=offered.arrived, name=audit.ACCEPTED, text=f"{offered.kind.value} taken for {len(recipients)} recipients",
        peer=offered.source.peer, fields={"sender": offered.sender, "recipients": json.dumps(recipients)},
    )  # fmt: skip


def _placed(offered: Transfer, each: Recipient) -> Recipient:
    """The recipient with a due time: its own, or the end of the deferral that the sender asked for, or at once."""
    if each.due is not None or each.state not in WAITING:
        return each
    return replace(each, due=_start(offered.arrived, offered.deferred_until))


def _start(arrived: datetime, deferred_until: datetime | None) -> datetime:
    return arrived if deferred_until is None else max(arrived, deferred_until)


def _suppress(connection: Connection, offered: Transfer) -> tuple[tuple[Recipient, ...], list[Event]]:
    if not offered.duplicate_key:
        return offered.recipients, []
    kept: list[Recipient] = []
    events: list[Event] = []
    for each in offered.recipients:
        first = _first_taken_by(connection, offered, each)
        if first is None:
            kept.append(each)
            continue
        note = f"duplicate of transfer {first}"
        kept.append(replace(each, state=RecipientState.SUPPRESSED, note=note, due=None))
        events.append(_suppression(offered, each, note, first))
    return tuple(kept), events


def _first_taken_by(connection: Connection, offered: Transfer, each: Recipient) -> str | None:
    """The transfer that took this recipient before, else None and it is remembered that this one did.

    The writer is alone in its transaction, on SQLite through ``BEGIN IMMEDIATE``; elsewhere the primary key refuses a
    simultaneous copy, and the writer runs the work again.
    """
    if not each.identity or each.state in ENDS:
        return None  # nothing by which a copy could be known
    first: str | None = connection.execute(_SEEN_BY, {"key": offered.duplicate_key, "identity": each.identity}).scalar()
    if first is None:
        row = {"duplicate_key": offered.duplicate_key, "identity": each.identity}
        connection.execute(_ADD_SEEN, {**row, "transfer": offered.id, "seen_at": ticks(offered.arrived)})
    return first


def _suppression(offered: Transfer, each: Recipient, note: str, first: str) -> Event:
    return Event(
        at=offered.arrived,
        name="spool.suppressed",
        text=note,
        recipient=each.number,
        peer=offered.source.peer,
        fields={"first": first, "mts_identifier": offered.duplicate_key},
    )


def _name(connection: Connection, offered: Transfer) -> None:
    names = {offered.message_id, offered.mts_identifier, offered.ipm_identifier, offered.duplicate_key, offered.subject_of} - {""}
    if names:
        connection.execute(_ADD_IDENTIFIER, [{"identifier": name, "transfer": offered.id} for name in sorted(names)])


def add_names(connection: Connection, transfer_id: str, names: Iterable[str]) -> None:
    """Further identifiers under which a transfer can be tracked, such as those its conversion made."""
    for name in sorted(set(names) - {""}):
        if connection.execute(_HAS_IDENTIFIER, {"name": name, "id": transfer_id}).scalar() is None:
            connection.execute(_ADD_IDENTIFIER, {"identifier": name, "transfer": transfer_id})
