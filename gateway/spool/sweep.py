"""Removing what nobody needs any more, a little at a time, so that accepts need not wait for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select

from gateway.spool import audit, content, expectations, ledger, operate, pacing
from gateway.spool.schema import seen, ticks, transfer, unclaimed

_TRANSFERS_A_STEP = 100
_CONTENTS_A_STEP = 4

_FINISHED = select(transfer.c.id).where(transfer.c.finished_at < bindparam("before")).limit(_TRANSFERS_A_STEP)
_ORPHANS = select(unclaimed.c.content).where(unclaimed.c.touched_at < bindparam("before")).limit(_CONTENTS_A_STEP)
_SEEN = delete(seen).where(seen.c.seen_at < bindparam("before"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long things are kept.

    Attributes:
        orphans: Content that was written and not accepted, since its last octets.
        finished: Finished transfers with their content, for disputes and tracking.
        duplicates: MTS identifiers and recipients that were taken (law 5); longer than any peer tries again.
        audit: Events.
    """

    orphans: timedelta = timedelta(days=1)
    finished: timedelta = timedelta(days=7)
    duplicates: timedelta = timedelta(days=30)
    audit: timedelta = timedelta(days=90)


def step(connection: Connection, now: datetime, retention: Retention) -> int:
    """Remove some orphans and finished transfers; how many, 0 when none is left."""
    orphans = connection.execute(_ORPHANS, {"before": ticks(now - retention.orphans)}).scalars().all()
    for content_id in orphans:
        content.drop(connection, content_id)
    finished = connection.execute(_FINISHED, {"before": ticks(now - retention.finished)}).scalars().all()
    return len(orphans) + operate.remove(connection, finished)


def forget(connection: Connection, now: datetime, retention: Retention) -> None:
    """Forget duplicates, facts and events whose time is over."""
    connection.execute(_SEEN, {"before": ticks(now - retention.duplicates)})
    ledger.expire(connection, now)
    expectations.expire(connection, now)
    pacing.expire(connection, now)
    audit.expire(connection, ticks(now - retention.audit))
