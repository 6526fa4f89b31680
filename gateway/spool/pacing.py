"""How many reports go to one address: no more than so many in an hour, the others later, none lost.

Somebody whose address is forged into a thousand bad messages gets the thousand reports over days instead of minutes, and an
operator sees them wait.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select

from gateway.spool.schema import ticks, time_of, told

WINDOW = timedelta(hours=1)

_NTH_BEFORE = select(told.c.at).where(told.c.address == bindparam("to")).order_by(told.c.at.desc()).limit(1).offset(bindparam("skipped"))
_NOTE = insert(told)
_EXPIRED = delete(told).where(told.c.at < bindparam("before"))


def leaves_at(connection: Connection, address: str, now: datetime, most: int) -> datetime:
    """When the next report for an address may leave; it is counted from then on.

    Args:
        connection: In the writer's transaction.
        address: Of who is told, in the text form of its side; its case does not count.
        now: The present time.
        most: Reports in an hour; 0 sets no limit.
    """
    key = address.lower()
    found = connection.execute(_NTH_BEFORE, {"to": key, "skipped": most - 1}).scalar() if most else None
    at = now if found is None else max(now, time_of(found) + WINDOW)
    connection.execute(_NOTE, {"address": key, "at": ticks(at)})
    return at


def expire(connection: Connection, now: datetime) -> None:
    """Forget what no longer counts."""
    connection.execute(_EXPIRED, {"before": ticks(now - WINDOW)})
