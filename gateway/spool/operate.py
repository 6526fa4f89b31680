"""What an operator may do to a transfer in the queue. Each function runs inside a transaction of the writer.

None of them disturbs an attempt that is running: its outcome is recorded when it ends, because a recipient who was
served must not be served again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from gateway.errors import SpoolError
from gateway.spool import audit, content, work
from gateway.spool.schema import identifier, one_of, plan, recipient, ticks, transfer
from gateway.spool.transfer import ENDS, Event, RecipientState

_HELD = RecipientState.HELD.value
_QUARANTINED = RecipientState.QUARANTINED.value
_QUEUED = RecipientState.QUEUED.value
_DEFERRED = RecipientState.DEFERRED.value

_IN = (recipient.c.transfer == bindparam("transfer_id"), recipient.c.state.in_(bindparam("states", expanding=True)))
_OPEN = (recipient.c.transfer == bindparam("transfer_id"), ~one_of(recipient.c.state, ENDS))
_HOLD = update(recipient).where(*_IN).values(state=_HELD, note=bindparam("new_note"))
_QUEUE = update(recipient).where(*_IN).values(state=_QUEUED, due=bindparam("new_due"))
_END = update(recipient).where(*_OPEN).values(state=RecipientState.FAILED.value, due=None, note=bindparam("new_note"))
_REDIRECT = (
    update(recipient)
    .where(*_OPEN, recipient.c.number == bindparam("which"))
    .values(address=bindparam("new_address"), state=_QUEUED, due=bindparam("new_due"), attempts=0)
)
_FRESH = update(transfer).where(transfer.c.id == bindparam("transfer_id")).values(begun=0)
_LEASE = select(transfer.c.worker, transfer.c.ready_at, transfer.c.content).where(transfer.c.id == bindparam("transfer_id"))
_DROP_PLANS = delete(plan).where(plan.c.transfer == bindparam("transfer_id"))


def hold(connection: Connection, transfer_id: str, reason: str, now: datetime) -> int:
    """Stop work on the recipients that wait; the number of recipients."""
    _find(connection, transfer_id)
    values = {"transfer_id": transfer_id, "states": [_QUEUED, _DEFERRED], "new_note": reason}
    return _changed(connection, transfer_id, "spool.held", reason, now, connection.execute(_HOLD, values).rowcount)


def release(connection: Connection, transfer_id: str, now: datetime) -> int:
    """Let held and quarantined recipients go on at once, with their unended attempts forgotten."""
    _find(connection, transfer_id)
    return _queue(connection, transfer_id, [_HELD, _QUARANTINED], "spool.released", now)


def retry(connection: Connection, transfer_id: str, now: datetime, *, fresh: bool) -> int:
    """Make waiting recipients due at once; ``fresh`` forgets the plans, so that the message is converted anew."""
    row = _find(connection, transfer_id)
    if fresh:
        _refuse_leased(transfer_id, row, now)
        connection.execute(_DROP_PLANS, {"transfer_id": transfer_id})
    return _queue(connection, transfer_id, [_QUEUED, _DEFERRED], "spool.retried", now)


def redirect(connection: Connection, transfer_id: str, number: int, address: str, now: datetime) -> int:
    """Send one recipient's copy to another address of the same side, as a new plan.

    Raises:
        SpoolError: Unknown transfer, being worked on, or the recipient does not wait.
    """
    _refuse_leased(transfer_id, _find(connection, transfer_id), now)
    values = {"transfer_id": transfer_id, "which": number, "new_address": address, "new_due": ticks(now)}
    if connection.execute(_REDIRECT, values).rowcount != 1:
        raise SpoolError(f"transfer {transfer_id}: no recipient {number} waits")
    connection.execute(_DROP_PLANS, {"transfer_id": transfer_id})
    connection.execute(_FRESH, {"transfer_id": transfer_id})
    return _changed(connection, transfer_id, "spool.redirected", f"recipient {number} to {address}", now, 1)


def delete_transfer(connection: Connection, transfer_id: str, reason: str, now: datetime) -> int:
    """End the open recipients as failed with nobody told, and remove the content; the record stays for tracking.

    Raises:
        SpoolError: Unknown transfer, or being worked on.
    """
    row = _find(connection, transfer_id)
    _refuse_leased(transfer_id, row, now)
    count = connection.execute(_END, {"transfer_id": transfer_id, "new_note": reason}).rowcount
    content.drop(connection, row.content)
    audit.write(connection, transfer_id, (Event(at=now, name="spool.deleted", text=reason),))
    work.settle(connection, transfer_id, now, ended=True)
    finish = update(transfer).where(transfer.c.id == transfer_id, transfer.c.finished_at.is_(None)).values(finished_at=ticks(now))
    connection.execute(finish)
    return count


def quarantine(connection: Connection, transfer_id: str, reason: str, now: datetime) -> int:
    """Set a transfer aside with its reason, and end its lease; the number of recipients that waited."""
    _find(connection, transfer_id)
    return work.quarantine(connection, transfer_id, reason, now)


def remove(connection: Connection, transfer_ids: Iterable[str]) -> int:
    """Remove finished transfers with everything that belongs to them but their events; how many."""
    found = connection.execute(select(transfer.c.id, transfer.c.content).where(transfer.c.id.in_(list(transfer_ids)))).all()
    ids = [row.id for row in found]
    for row in found:
        content.drop(connection, row.content)
    for table, column in ((recipient, recipient.c.transfer), (plan, plan.c.transfer), (identifier, identifier.c.transfer)):
        connection.execute(delete(table).where(column.in_(ids)))
    connection.execute(delete(transfer).where(transfer.c.id.in_(ids)))
    return len(ids)


def _find(connection: Connection, transfer_id: str) -> Any:
    row = connection.execute(_LEASE, {"transfer_id": transfer_id}).one_or_none()
    if row is None:
        raise SpoolError(f"transfer {transfer_id} is not in the queue")
    return row


def _refuse_leased(transfer_id: str, row: Any, now: datetime) -> None:
    if row.worker and row.ready_at is not None and row.ready_at > ticks(now):
        raise SpoolError(f"transfer {transfer_id} is being worked on by {row.worker}: try again when the attempt has ended")


def _queue(connection: Connection, transfer_id: str, states: list[str], name: str, now: datetime) -> int:
    count = connection.execute(_QUEUE, {"transfer_id": transfer_id, "states": states, "new_due": ticks(now)}).rowcount
    connection.execute(_FRESH, {"transfer_id": transfer_id})
    return _changed(connection, transfer_id, name, f"{count} recipients", now, count)


def _changed(connection: Connection, transfer_id: str, name: str, text: str, now: datetime, count: int) -> int:
    if count:
        audit.write(connection, transfer_id, (Event(at=now, name=name, text=text),))
        work.settle(connection, transfer_id, now, ended=False)
    return count
