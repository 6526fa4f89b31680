"""Accepting: what one commit writes when responsibility for a transfer is taken, and the suppression of duplicates.

Law 5: a P1 duplicate is the same MTS identifier *and* the same responsible recipient *and* the same history of DL
expansion and redirection. Only those recipients are suppressed, each with an event; the same identifier with other
recipients is another transfer, since MTAs split messages and keep the identifier (X.411 14.3). A repeat of a P1 activity
whose confirmation was lost is known before that, whole: nothing of it is kept but a line in the story of the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, insert, select

from gateway.errors import SpoolError
from gateway.spool import audit, content, ledger, rows
from gateway.spool.content import StoredContent
from gateway.spool.ledger import Activity, FactKind
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
        repeated: The peer repeated an activity: ``id`` is the transfer of the first time, nothing new was stored.
    """

    id: str
    suppressed: tuple[int, ...] = ()
    repeated: bool = False


def check(offered: Transfer) -> None:
    """Refuse what could not be told apart later.

    Raises:
        SpoolError: Two recipients have the same number.
    """
    numbers = [each.number for each in offered.recipients]
    if len(set(numbers)) != len(numbers):
        raise SpoolError(f"transfer {offered.id}: recipient numbers {sorted(numbers)} are not unique")


def accept(
    connection: Connection, offered: Transfer, stored: StoredContent, events: Sequence[Event], remembered: timedelta = timedelta(days=30)
) -> Accepted:
    """Write a transfer, its recipients, its content and its first events; a repeated activity is only noted.

    Args:
        connection: In the writer's transaction.
        offered: The transfer.
        stored: Its content.
        events: The first lines of its story.
        remembered: How long a repeat of its activity is recognised.
    """
    first = _secured_before(connection, offered, remembered)
    if first is not None:
        content.drop(connection, stored.id)
        audit.write(connection, first, (_repetition(offered),))
        return Accepted(id=first, repeated=True)
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


def _secured_before(connection: Connection, offered: Transfer, remembered: timedelta) -> str | None:
    """The transfer as which the activity was secured before, else None and it is remembered that it is secured now."""
    source = offered.source
    if not source.digest:
        return None
    activity = Activity(mta_name=source.identity, session=source.session, digest=source.digest)
    found = ledger.find(connection, FactKind.ACTIVITY, activity.key)
    if found is None:
        ledger.remember(connection, (activity.secured_as(offered.id, offered.arrived + remembered),))
    return None if found is None else found.value["transfer"]


def _repetition(offered: Transfer) -> Event:
    return Event(
        at=offered.arrived, name="spool.repeated", text="the peer repeated this transfer, whose confirmation it had not seen",
        peer=offered.source.peer, fields={"session": offered.source.session, "address": offered.source.address},
    )  # fmt: skip


def _accepted(offered: Transfer) -> Event:
    """The first line of every story: who sent it to whom. The audit trail keeps it longer than the queue keeps the transfer."""
    recipients = [each.address for each in offered.recipients]
    return Event(
        at=offered.arrived, name=audit.ACCEPTED, text=f"{offered.kind.value} taken for {len(recipients)} recipients",
        peer=offered.source.peer, fields={"sender": offered.sender, "recipients": json.dumps(recipients), **_particulars(offered)},
    )  # fmt: skip


def _particulars(offered: Transfer) -> dict[str, str]:
    """What ICAO Doc 9880 asks to be kept of every transfer, as far as its record has it; conversions add the rest."""
    found = {
        "kind": offered.kind.value, "origin": offered.origin.value, "priority": offered.priority.name.lower().replace("_", "-"),
        "size": str(offered.size), "arrived": offered.arrived.isoformat(), "identity": offered.source.identity,
        "address": offered.source.address, "message_id": offered.message_id, "mts_identifier": offered.mts_identifier,
        "ipm_identifier": offered.ipm_identifier, "subject_of": offered.subject_of,
        "deferred_until": offered.deferred_until.isoformat() if offered.deferred_until is not None else "",
        "latest_delivery": offered.latest_delivery.isoformat() if offered.latest_delivery is not None else "",
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


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
