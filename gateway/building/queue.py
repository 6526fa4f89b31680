"""The queue: where it is, the names in it, and the pace of attempts."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from gateway.config import Config
from gateway.conversions.workers import Limits, Workers
from gateway.errors import ConfigurationError
from gateway.spool.schedule import Pace, RetryPolicy
from gateway.spool.store import Retention, Store

_SQLITE = "sqlite:///"


async def open_store(config: Config) -> Store:
    """Open the queue of the configuration; created where there is none."""
    url = config.spool.url
    if url.startswith(_SQLITE):
        Path(url.removeprefix(_SQLITE)).parent.mkdir(parents=True, exist_ok=True)
    spool = config.spool
    retention = Retention(finished=timedelta(days=spool.finished_days), audit=timedelta(days=spool.audit_days))
    return await Store.open(
        url, ids=queue_ids(), synchronous=spool.synchronous, low_water_octets=spool.low_water_octets, retention=retention,
        reports_an_hour=config.reports.hourly_to_one_address,
    )  # fmt: skip


def queue_ids() -> Callable[[], str]:
    """A source of queue identifiers: time and chance, in the 32 letters of Crockford's alphabet, sorted by time."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

    def new() -> str:
        number = (time.time_ns() // 1_000_000) << 40 | secrets.randbits(40)
        return "".join(alphabet[number >> shift & 31] for shift in range(80, -1, -5))

    return new


def workers_from(config: Config) -> Workers:
    """The processes that convert large and suspect messages; the folder that they use is made.

    Raises:
        ConfigurationError: The folder cannot be made.
    """
    section = config.relay.conversion
    folder = section.folder or _beside_the_queue(config.spool.url)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"relay.conversion.folder: {folder}: {error.strerror}") from error
    limits = Limits(
        memory_octets=section.memory_octets, processor_seconds=section.processor_seconds, seconds=section.limit_seconds,
        idle_seconds=section.idle_seconds, processes=section.processes, from_octets=section.from_octets,
    )  # fmt: skip
    return Workers(limits, folder)


def _beside_the_queue(url: str) -> Path:
    """A folder on the disk that has room for mail; where the queue is a server, that of temporary files."""
    return Path(url.removeprefix(_SQLITE)).parent / "scratch" if url.startswith(_SQLITE) else Path(tempfile.gettempdir())


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
