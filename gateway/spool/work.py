"""Working: claims with leases and fencing numbers, plans, and the commit that records how an attempt ended.

Every function runs inside a transaction of the writer. The attempt is counted by the claim, not at its end, so that a
message that kills its worker is found out: after three attempts that began and never ended it is quarantined (law 3).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, case, func, insert, select, update

from gateway.errors import SpoolError, StaleLeaseError
from gateway.octets import MemoryOctets, Octets
from gateway.spool import audit, content, rows
from gateway.spool.intake import WAITING
from gateway.spool.schema import one_of, plan, recipient, ticks, time_of, transfer
from gateway.spool.transfer import ENDS, Claim, Event, Outcome, Plan, Priority, Recipient, RecipientState, Result

UNFINISHED_ATTEMPTS = 3
"""So many attempts in a row may begin without ending; then the transfer is quarantined."""

_HELD = RecipientState.HELD.value
_RESULT_STATES = {
    Result.DELIVERED: RecipientState.DELIVERED.value,
    Result.RELAYED: RecipientState.RELAYED.value,
    Result.DEFERRED: RecipientState.DEFERRED.value,
    Result.FAILED: RecipientState.FAILED.value,
}

_THIS = transfer.c.id == bindparam("transfer_id")
_LEASED = (_THIS, transfer.c.fence == bindparam("held_fence"), transfer.c.worker == bindparam("held_by"))
_RECIPIENTS_OF = recipient.c.transfer == bindparam("transfer_id")
_WAITS = one_of(recipient.c.state, WAITING)
_ENDED = one_of(recipient.c.state, ENDS)
_DUE = (_RECIPIENTS_OF, _WAITS, recipient.c.due <= bindparam("now"))


def _ready(exclude: bool, lanes: bool) -> Select[Any]:
    """The claim query, the only one of its kind: the oldest due transfers of one priority, free or with an expired lease.

    ``SKIP LOCKED`` lets several gateways claim from one PostgreSQL side by side; SQLite has one writer and leaves it out.
    """
    query = (
        select(transfer)
        .where(transfer.c.priority == bindparam("rank"), transfer.c.ready_at <= bindparam("now"))
        .order_by(transfer.c.ready_at)
        .limit(bindparam("at_most"))
        .with_for_update(skip_locked=True)
    )
    query = query.where(transfer.c.id.not_in(bindparam("exclude", expanding=True))) if exclude else query
    return query.where(transfer.c.lane.not_in(bindparam("lanes", expanding=True))) if lanes else query


_READY = {(exclude, lanes): _ready(exclude, lanes) for exclude in (False, True) for lanes in (False, True)}
_LEASE = (
    update(transfer)
    .where(_THIS)
    .values(
        worker=bindparam("new_worker"),
        lane="",
        ready_at=bindparam("until"),
        fence=transfer.c.fence + 1,
        begun=transfer.c.begun + 1,
        attempts=transfer.c.attempts + 1,
    )
)
_COUNT_ATTEMPT = update(recipient).where(*_DUE).values(attempts=recipient.c.attempts + 1)
_RECIPIENTS = select(recipient).where(_RECIPIENTS_OF).order_by(recipient.c.number)
_STILL_HELD = select(transfer.c.id).where(*_LEASED)
_RENEW = update(transfer).where(*_LEASED).values(ready_at=bindparam("until"))
_END_LEASE = (
    update(transfer)
    .where(*_LEASED)
    .values(worker="", begun=0, ready_at=bindparam("next_at"), finished_at=bindparam("finished"))
)
_GIVE_BACK = (
    update(transfer)
    .where(*_LEASED)
    .values(
        worker="",
        begun=case((transfer.c.begun > 0, transfer.c.begun - 1), else_=0),  # an operator's retry has set it to 0 already
        attempts=transfer.c.attempts - 1,
        ready_at=bindparam("next_at"),
    )
)
_UNCOUNT = (
    update(recipient)
    .where(_RECIPIENTS_OF, recipient.c.number == bindparam("which"), recipient.c.attempts > 0)
    .values(attempts=recipient.c.attempts - 1)
)
_PARK = update(transfer).where(_THIS).values(lane=bindparam("full_lane"))
_WORKER = select(transfer.c.worker).where(_THIS)
_SETTLE = update(transfer).where(_THIS).values(worker="", ready_at=bindparam("next_at"), finished_at=bindparam("finished"))
_REMAINS = select(
    func.min(case((_WAITS, recipient.c.due))).label("next_at"),
    func.sum(case((_ENDED, 0), else_=1)).label("open"),
).where(_RECIPIENTS_OF)

_OF_NUMBER = (_RECIPIENTS_OF, recipient.c.number == bindparam("which"), ~_ENDED)
_OUTCOME = (
    update(recipient)
    .where(*_OF_NUMBER)
    .values(
        # Held by an operator while the attempt ran: it stays held, unless it came to an end.
        state=case(
            ((recipient.c.state == _HELD) & (bindparam("new_state") == RecipientState.DEFERRED.value), _HELD),
            else_=bindparam("new_state"),
        ),
        due=bindparam("new_due"),
        note=bindparam("new_note"),
    )
)
_MOVE_DUE = update(recipient).where(*_OF_NUMBER).values(due=bindparam("new_due"))
_WARNED = update(recipient).where(*_OF_NUMBER).values(warned=1)
_QUARANTINE = (
    update(recipient)
    .where(_RECIPIENTS_OF, ~_ENDED)
    .values(state=RecipientState.QUARANTINED.value, due=None, note=bindparam("new_note"))
)

_PLAN = select(plan).where(plan.c.transfer == bindparam("transfer_id"), plan.c.recipients == bindparam("group"))
_ADD_PLAN = insert(plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """What a claim found, before its content is attached: small content is read along, of large the place is given."""

    claim: Claim
    content_id: str
    length: int


def claim(
    connection: Connection,
    worker: str,
    now: datetime,
    until: datetime,
    limit: int,
    exclude: Collection[str],
    full_lanes: Collection[str] = (),
) -> tuple[Leased, ...]:
    """Lease due transfers, urgent ones first, then the oldest; quarantine those whose attempts never end."""
    found: list[Leased] = []
    for priority in sorted(Priority, reverse=True):
        while len(found) < limit:
            ready = _ready_rows(connection, priority, now, limit - len(found), exclude, full_lanes)
            if not ready:
                break
            for row in ready:
                leased = _take(connection, row, worker, now, until)
                if leased is not None:
                    found.append(leased)
    return tuple(found)


def _ready_rows(
    connection: Connection, priority: Priority, now: datetime, limit: int, exclude: Collection[str], full_lanes: Collection[str]
) -> list[Row[Any]]:
    values: dict[str, Any] = {"rank": priority.value, "now": ticks(now), "at_most": limit}
    values |= {"exclude": list(exclude)} if exclude else {}
    values |= {"lanes": list(full_lanes)} if full_lanes else {}
    return list(connection.execute(_READY[bool(exclude), bool(full_lanes)], values))


def _take(connection: Connection, row: Row[Any], worker: str, now: datetime, until: datetime) -> Leased | None:
    if row.begun >= UNFINISHED_ATTEMPTS:
        quarantine(connection, row.id, f"{row.begun} attempts began and never ended", now)
        return None
    here = {"transfer_id": row.id}
    if connection.execute(_COUNT_ATTEMPT, {**here, "now": ticks(now)}).rowcount == 0:
        settle(connection, row.id, now, ended=True)  # held or ended since its lease, which is over
        return None
    connection.execute(_LEASE, {**here, "new_worker": worker, "until": ticks(until)})
    recipients = tuple(rows.recipient_from_row(each) for each in connection.execute(_RECIPIENTS, here))
    octets: Octets = MemoryOctets()
    if row.length <= content.SMALL_OCTETS:
        octets = MemoryOctets(content.first_chunk(connection, row.content))
    leased = Claim(
        transfer=rows.transfer_from_row(row, recipients),
        due=tuple(each for each in recipients if _is_due(each, now)),
        content=octets,
        worker=worker,
        fence=row.fence + 1,
        attempt=row.attempts + 1,
        until=time_of(ticks(until)),
        unended=row.begun,
    )
    return Leased(claim=leased, content_id=row.content, length=row.length)


def _is_due(each: Recipient, now: datetime) -> bool:
    return each.state in WAITING and each.due is not None and each.due <= now


def _lease_of(held: Claim) -> dict[str, Any]:
    return {"transfer_id": held.transfer.id, "held_fence": held.fence, "held_by": held.worker}


def _stale(held: Claim) -> StaleLeaseError:
    return StaleLeaseError(f"transfer {held.transfer.id}: the lease of {held.worker!r} (fence {held.fence}) is over")


def renew(connection: Connection, held: Claim, until: datetime) -> Claim:
    """Lengthen a lease.

    Raises:
        StaleLeaseError: Somebody else holds the transfer by now.
    """
    if connection.execute(_RENEW, {**_lease_of(held), "until": ticks(until)}).rowcount != 1:
        raise _stale(held)
    return replace(held, until=time_of(ticks(until)))


def give_back(connection: Connection, held: Claim) -> bool:
    """End a lease as if it had never been; False when it is stale and there is nothing to give back."""
    here = {"transfer_id": held.transfer.id}
    next_at = connection.execute(_REMAINS, here).one().next_at
    if connection.execute(_GIVE_BACK, {**_lease_of(held), "next_at": next_at}).rowcount != 1:
        return False
    if held.due:
        connection.execute(_UNCOUNT, [{**here, "which": each.number} for each in held.due])
    return True


def park(connection: Connection, held: Claim, lane: str) -> None:
    """Give a transfer back until there is room in its lane; harmless with a stale lease."""
    if give_back(connection, held):
        connection.execute(_PARK, {"transfer_id": held.transfer.id, "full_lane": lane})


def read_plan(connection: Connection, transfer_id: str, group: str) -> Plan | None:
    """The plan of a group, if one was committed."""
    row = connection.execute(_PLAN, {"transfer_id": transfer_id, "group": group}).one_or_none()
    return None if row is None else rows.plan_from_row(row)


def keep_plan(connection: Connection, held: Claim, wanted: Plan) -> Plan:
    """The plan that stands: the one committed before, else this one.

    Raises:
        StaleLeaseError: Somebody else holds the transfer by now.
    """
    check_lease(connection, held)
    standing = read_plan(connection, held.transfer.id, wanted.group)
    if standing is not None:
        return standing
    row = {"transfer": held.transfer.id, "recipients": wanted.group, "seed": wanted.seed}
    connection.execute(_ADD_PLAN, {**row, "made_at": ticks(wanted.made_at), "tables": wanted.tables})
    return wanted


def check_lease(connection: Connection, held: Claim) -> None:
    """Refuse a worker whose lease somebody else holds.

    Raises:
        StaleLeaseError: So it is.
    """
    if connection.execute(_STILL_HELD, _lease_of(held)).one_or_none() is None:
        raise _stale(held)


def record(
    connection: Connection,
    held: Claim,
    outcomes: Mapping[int, Outcome],
    due: Mapping[int, datetime],
    warned: Iterable[int],
    done_at: datetime | None,
) -> None:
    """Write the ends of attempts; with ``done_at`` the lease ends as well.

    Raises:
        StaleLeaseError: Somebody else holds the transfer by now.
        SpoolError: A deferred recipient has no due time.
    """
    here = {"transfer_id": held.transfer.id}
    check_lease(connection, held)
    if outcomes:
        connection.execute(_OUTCOME, [{**here, **row} for row in _outcome_rows(held, outcomes, due)])
    if moved := [{**here, "which": number, "new_due": ticks(at)} for number, at in due.items() if number not in outcomes]:
        connection.execute(_MOVE_DUE, moved)
    if told := [{**here, "which": number} for number in warned]:
        connection.execute(_WARNED, told)
    if done_at is not None:
        left = connection.execute(_REMAINS, here).one()
        finished = None if left.open is None or left.open else ticks(done_at)
        connection.execute(_END_LEASE, {**_lease_of(held), "next_at": left.next_at, "finished": finished})


def _outcome_rows(held: Claim, outcomes: Mapping[int, Outcome], due: Mapping[int, datetime]) -> Iterator[dict[str, Any]]:
    for number, outcome in outcomes.items():
        at = None
        if outcome.result is Result.DEFERRED:
            if number not in due:
                raise SpoolError(f"transfer {held.transfer.id}: recipient {number} is deferred without a due time")
            at = ticks(due[number])
        note = outcome.failure.text if outcome.failure is not None else outcome.reply
        yield {"which": number, "new_state": _RESULT_STATES[outcome.result], "new_due": at, "new_note": note}


def quarantine(connection: Connection, transfer_id: str, reason: str, now: datetime) -> int:
    """Set a transfer aside with its reason; ends its lease. The number of recipients that waited."""
    count = connection.execute(_QUARANTINE, {"transfer_id": transfer_id, "new_note": reason}).rowcount
    settle(connection, transfer_id, now, ended=True)
    audit.write(connection, transfer_id, (Event(at=now, name="spool.quarantined", text=reason),))
    return count


def settle(connection: Connection, transfer_id: str, now: datetime, *, ended: bool) -> None:
    """Work out anew when a transfer is ready, and whether it is finished; a running lease stays, unless it ``ended``."""
    here = {"transfer_id": transfer_id}
    if not ended and connection.execute(_WORKER, here).scalar():
        return
    left = connection.execute(_REMAINS, here).one()
    finished = None if left.open is None or left.open else ticks(now)
    connection.execute(_SETTLE, {**here, "next_at": left.next_at, "finished": finished})
