"""Section 14 of the interoperability cases as far as it is about transfer and times: IC-115, IC-117 and IC-118."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from gateway.spool.schedule import Expire, Pace, Retry, RetryPolicy, next_step
from gateway.spool.transfer import Priority, Result
from tests.mta.given import APDU, called, eventually, listening, sending, tcp_server, transferred

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZONES = ("UTC", "Asia/Tehran", "Australia/Darwin")


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """A half-hour zone made every timer of one product fire at once."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


async def test_IC_115_reports_and_urgent_mail_open_one_association_more_and_not_nine() -> None:
    async with listening() as there, sending(called(there.port, associations=1)) as sender:
        there.intake.gate.clear()
        jobs = [asyncio.create_task(sender.transfer("called", *urgent)) for urgent in [(APDU,)] * 2 + [(APDU, Priority.URGENT)] * 9]
        await eventually(lambda: there.intake.begun == 2)
        await asyncio.sleep(0.05)
        assert len(there.listener._tasks) == 2
        there.intake.gate.set()
        assert {outcome.result for outcome in await asyncio.gather(*jobs)} == {Result.RELAYED}


async def test_IC_117_a_peer_that_takes_tcp_and_never_answers_stops_nobody_in_any_time_zone(zone: str) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with (
        tcp_server(silent) as port,
        listening() as there,
        sending(called(there.port, name="good"), called(port, name="silent")) as sender,
    ):
        waiting = [asyncio.create_task(sender.transfer("silent", APDU)) for _ in range(10)]
        for _ in range(5):
            assert await transferred(sender, peer="good") == "relayed", zone
        assert not any(each.done() for each in waiting)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def test_IC_118_the_lifetime_by_priority_decides_and_not_the_number_of_attempts(zone: str) -> None:
    pace = Pace(first=timedelta(minutes=1), longest=timedelta(hours=1), warn_after=timedelta(hours=4), expire_after=timedelta(days=2))
    slow = Pace(first=timedelta(minutes=1), longest=timedelta(hours=1), warn_after=timedelta(hours=4), expire_after=timedelta(days=10))
    policy = RetryPolicy(urgent=pace, normal=pace, non_urgent=slow)

    def step(attempts: int, age: timedelta, priority: Priority) -> object:
        return next_step(
            attempts=attempts, arrived=NOW, now=NOW + age, priority=priority, latest_delivery=None, deferred_until=None, policy=policy,
            warned=True,
        )  # fmt: skip

    assert isinstance(step(144, timedelta(hours=24), Priority.URGENT), Retry), "144 calls in a day return nothing"
    assert isinstance(step(5000, timedelta(hours=47), Priority.NORMAL), Retry)
    assert isinstance(step(3, timedelta(hours=49), Priority.NORMAL), Expire)
    assert isinstance(step(900, timedelta(days=9), Priority.NON_URGENT), Retry)
    assert isinstance(step(900, timedelta(days=11), Priority.NON_URGENT), Expire)


async def test_IC_118_a_call_that_fails_defers_and_says_why() -> None:
    async with sending(called(1, retry_seconds=60.0)) as sender:
        for said in ("Connect call failed", "waiting before the next call to called"):
            outcome = await sender.transfer("called", APDU)
            assert outcome.result is Result.DEFERRED
            assert said in outcome.reply
            assert outcome.failure is not None
            assert (outcome.failure.smtp_code, outcome.failure.status) == (451, "4.4.1")
