"""The queue: where it is, the names in it, and the pace of attempts."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from gateway.config import Config
from gateway.spool.schedule import Pace, RetryPolicy
from gateway.spool.store import Store


async def open_store(config: Config) -> Store:
    """Open the queue of the configuration; created where there is none."""
    url = config.spool.url
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return await Store.open(url, ids=queue_ids(), synchronous=config.spool.synchronous, low_water_octets=config.spool.low_water_octets)


def queue_ids() -> Callable[[], str]:
    """A source of queue identifiers: time and chance, in the 32 letters of Crockford's alphabet, sorted by time."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

    def new() -> str:
        number = (time.time_ns() // 1_000_000) << 40 | secrets.randbits(40)
        return "".join(alphabet[number >> shift & 31] for shift in range(80, -1, -5))

    return new


def retry_policy(config: Config) -> RetryPolicy:
    """The pace of attempts by priority."""
    relay = config.relay
    pace = Pace(
        first=timedelta(seconds=relay.first_retry_seconds),
        longest=timedelta(seconds=relay.longest_retry_seconds),
        warn_after=timedelta(hours=relay.warn_after_hours),
        expire_after=timedelta(hours=relay.expire_after_hours),
    )
    urgent = Pace(first=pace.first / 2, longest=pace.longest / 4, warn_after=pace.warn_after / 4, expire_after=pace.expire_after / 5)
    return RetryPolicy(urgent=urgent, normal=pace, non_urgent=pace)
