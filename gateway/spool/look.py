"""Looking at the queue: queries for the command line, the console and tracking. They never write."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, union

from gateway.errors import SpoolError
from gateway.spool import rows
from gateway.spool.schema import identifier, recipient, time_of, transfer, unclaimed
from gateway.spool.transfer import Priority, Recipient, RecipientState, Transfer

_BY_ID = select(transfer).where(transfer.c.id.in_(bindparam("ids", expanding=True))).order_by(transfer.c.serial)
_RECIPIENTS = (
    select(recipient)
    .where(recipient.c.transfer.in_(bindparam("ids", expanding=True)))
    .order_by(recipient.c.transfer, recipient.c.number)
)
_UNFINISHED = (
    select(transfer.c.id).where(transfer.c.finished_at.is_(None)).order_by(transfer.c.serial).limit(bindparam("at_most"))
)
_WITH_STATE = (
    select(transfer.c.id)
    .where(transfer.c.id.in_(select(recipient.c.transfer).where(recipient.c.state == bindparam("state"))))
    .order_by(transfer.c.serial)
    .limit(bindparam("at_most"))
)
_NAMED = union(
    select(transfer.c.id).where(transfer.c.id == bindparam("name")),
    select(identifier.c.transfer).where(identifier.c.identifier == bindparam("name")),
)
_ABOUT = select(identifier.c.transfer).where(identifier.c.identifier.in_(bindparam("ids", expanding=True)))
_EARLIEST = select(func.min(transfer.c.ready_at)).where(transfer.c.priority == bindparam("rank"), transfer.c.ready_at.is_not(None))
_EARLIEST_BESIDE = _EARLIEST.where(transfer.c.lane.not_in(bindparam("lanes", expanding=True)))
_STATES = select(recipient.c.state, func.count()).group_by(recipient.c.state)
_CONTENT = select(transfer.c.content, transfer.c.length).where(transfer.c.id == bindparam("id"))


def listing(connection: Connection, state: RecipientState | None, limit: int) -> tuple[Transfer, ...]:
    """Transfers with a recipient in a state, or all unfinished ones; in the order of arrival."""
    query: Select[Any] = _UNFINISHED if state is None else _WITH_STATE
    values: dict[str, Any] = {"at_most": limit} if state is None else {"at_most": limit, "state": state.value}
    return by_id(connection, connection.execute(query, values).scalars())


def by_id(connection: Connection, ids: Iterable[str]) -> tuple[Transfer, ...]:
    """The transfers with these identifiers, in the order of arrival; unknown ones are left out."""
    wanted = list(ids)
    recipients: dict[str, list[Recipient]] = {each: [] for each in wanted}
    for row in connection.execute(_RECIPIENTS, {"ids": wanted}):
        recipients[row.transfer].append(rows.recipient_from_row(row))
    return tuple(rows.transfer_from_row(row, recipients[row.id]) for row in connection.execute(_BY_ID, {"ids": wanted}))


def track(connection: Connection, name: str) -> tuple[Transfer, ...]:
    """The transfers that somebody may mean by an identifier of any kind, and the reports about them."""
    found = set(connection.execute(_NAMED, {"name": name}).scalars())
    about = set(connection.execute(_ABOUT, {"ids": sorted(found)}).scalars())
    return by_id(connection, found | about)


def next_due(connection: Connection, full_lanes: Collection[str] = ()) -> datetime | None:
    """When the next transfer becomes ready (or a lease runs out), None when nothing waits. What is parked for a full lane is left out."""
    query, lanes = (_EARLIEST_BESIDE, {"lanes": list(full_lanes)}) if full_lanes else (_EARLIEST, {})
    earliest = [connection.execute(query, {"rank": priority.value, **lanes}).scalar() for priority in Priority]
    found = min((each for each in earliest if each is not None), default=None)
    return None if found is None else time_of(found)


def counts(connection: Connection) -> Mapping[str, int]:
    """Recipients by state, unfinished ``transfers``, transfers being worked on (``leased``), contents ``unclaimed``."""
    found = {state.value: 0 for state in RecipientState}
    found.update((row[0], row[1]) for row in connection.execute(_STATES))
    unfinished = select(func.count()).select_from(transfer).where(transfer.c.finished_at.is_(None))
    found["transfers"] = connection.execute(unfinished).scalar_one()
    found["leased"] = connection.execute(unfinished.where(transfer.c.worker != "")).scalar_one()
    found["unclaimed"] = connection.execute(select(func.count()).select_from(unclaimed)).scalar_one()
    return found


def content_place(connection: Connection, transfer_id: str) -> tuple[str, int]:
    """Identifier and length of a transfer's content.

    Raises:
        SpoolError: No such transfer.
    """
    row = connection.execute(_CONTENT, {"id": transfer_id}).one_or_none()
    if row is None:
        raise SpoolError(f"transfer {transfer_id} is not in the queue")
    return row.content, row.length
