"""When to try again, when to warn the sender, and when to give up: a pure function of facts that arrive as arguments.

One rule decides the end of a transfer: its lifetime by priority. The retries of connections never return mail, they
only set the pace of the attempts (what peers were seen to do otherwise is to return everything after 144 attempts
while the lifetime of the message was still ten days).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from gateway.spool.transfer import Priority, Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The times of one priority.

    Attributes:
        first: Wait after the first failed attempt; it doubles with each further one.
        longest: No wait is longer.
        warn_after: Age at which the sender is told of the delay.
        expire_after: Age at which the transfer is returned (RFC 5321 4.5.4.1: four to five days).
    """

    first: timedelta
    longest: timedelta
    warn_after: timedelta
    expire_after: timedelta


_NORMAL = Pace(
    first=timedelta(minutes=1), longest=timedelta(hours=1), warn_after=timedelta(hours=4), expire_after=timedelta(days=5)
)
_URGENT = Pace(
    first=timedelta(seconds=30), longest=timedelta(minutes=15), warn_after=timedelta(hours=1), expire_after=timedelta(days=1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The pace of each priority; the defaults are those of DESIGN section 7."""

    urgent: Pace = _URGENT
    normal: Pace = _NORMAL
    non_urgent: Pace = field(default=_NORMAL)

    def pace(self, priority: Priority) -> Pace:
        """The times that hold for one priority."""
        return {Priority.URGENT: self.urgent, Priority.NORMAL: self.normal, Priority.NON_URGENT: self.non_urgent}[priority]


class Limit(Enum):
    """Which time ran out."""

    LIFETIME = "the time allowed for delivery of this priority is over"
    LATEST_DELIVERY = "the latest-delivery-time that the sender set has passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Try (again) at ``at``."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Warn:
    """Tell the sender of the delay now, and try again at ``at``."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """Give up now (X.411 1/5 maximum-time-expired, SMTP 5.4.7)."""

    reason: Limit


Step = Retry | Warn | Expire


def next_step(
    *,
    attempts: int,
    arrived: datetime,
    now: datetime,
    priority: Priority,
    latest_delivery: datetime | None = None,
    deferred_until: datetime | None = None,
    policy: RetryPolicy,
    warned: bool,
    notify_at: datetime | None = None,
) -> Step:
    """What to do with a recipient who could not be served at ``now``.

    Ages count from the deferred-delivery-time where that is later than the arrival: who asked us to wait is not warned
    that we waited. The last attempt is made at the very end of the lifetime, and one when the warning falls due.

    Args:
        attempts: How many attempts were made; 0 before the first one.
        arrived: When responsibility was taken.
        now: The present time.
        priority: Of the transfer.
        latest_delivery: Latest-delivery-time (X.411 8.2.1.1.1.14, RFC 2852 BY with mode R), if there is one.
        deferred_until: Deferred-delivery-time or HOLDUNTIL, if there is one.
        policy: The times to use.
        warned: True when the sender was told of the delay before.
        notify_at: When the sender himself wants to be told of it (RFC 2852 BY with mode N), instead of ours; None for no wish.
    """
    if latest_delivery is not None and now >= latest_delivery:
        return Expire(reason=Limit.LATEST_DELIVERY)
    if deferred_until is not None and now < deferred_until:
        return Retry(at=deferred_until)
    pace = policy.pace(priority)
    start = arrived if deferred_until is None else max(arrived, deferred_until)
    if now >= start + pace.expire_after:
        return Expire(reason=Limit.LIFETIME)
    warn_at = start + pace.warn_after if notify_at is None else notify_at
    at = min(now + back_off(attempts, pace), start + pace.expire_after, latest_delivery or datetime.max.replace(tzinfo=now.tzinfo))
    if warned:
        return Retry(at=at)
    return Warn(at=at) if now >= warn_at else Retry(at=min(at, warn_at))


def gives_up_at(transfer: Transfer, policy: RetryPolicy) -> datetime:
    """When a transfer that cannot be delivered is returned: at the end of its lifetime, or at its latest-delivery-time."""
    start = transfer.arrived if transfer.deferred_until is None else max(transfer.arrived, transfer.deferred_until)
    end = start + policy.pace(transfer.priority).expire_after
    return end if transfer.latest_delivery is None else min(end, transfer.latest_delivery)


def back_off(attempts: int, pace: Pace) -> timedelta:
    """The wait after so many failed attempts: doubling from ``first``, at most ``longest``, none before the first."""
    if attempts <= 0:
        return timedelta(0)
    doublings = min(attempts - 1, 32)
    return min(pace.first * (1 << doublings), pace.longest)
