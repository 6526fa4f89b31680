"""FIELD row 17 and IC-117: a slow next hop keeps neither the workers nor the queue from serving the others."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest_asyncio
from structlog.testing import capture_logs

from gateway.errors import Failure
from gateway.octets import Octets
from gateway.relay import Group, Prepared, Relay
from gateway.spool.lanes import Lanes
from gateway.spool.schedule import Pace, RetryPolicy
from gateway.spool.store import Store
from gateway.spool.transfer import Claim, Kind, Outcome, Plan, Recipient, RecipientState, Result, Side, Source, Transfer

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
PACE = Pace(first=timedelta(minutes=1), longest=timedelta(hours=1), warn_after=timedelta(hours=4), expire_after=timedelta(days=5))
DELIVERED = Outcome(result=Result.DELIVERED, at=START, peer="p", reply="ok")


class Hops:
    """Implements `relay.Journey`: what goes to a hop whose name begins with ``slow`` waits for its gate."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.sending: list[str] = []
        self.sent: list[str] = []

    async def sort(self, claim: Claim) -> tuple[tuple[Group, ...], Mapping[int, Failure]]:
        return tuple(Group(key=each.address, recipients=(each,)) for each in claim.due), {}

    async def prepare(self, claim: Claim, group: Group, plan: Plan) -> Prepared:
        async def send() -> Mapping[int, Outcome]:
            self.sending.append(group.key)
            if group.key.startswith("slow"):
                await self.gate.wait()
            self.sent.append(group.key)
            return {group.recipients[0].number: DELIVERED}

        return Prepared(send=send)

    def reports(self, claim: Claim, ended: Mapping[int, Outcome], now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        return ()

    def warnings(self, claim: Claim, late: Mapping[int, Outcome], until: datetime, now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        return ()


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    count = itertools.count(1)
    opened = await Store.open(f"sqlite:///{tmp_path}/q.sqlite", ids=lambda: f"T{next(count)}", low_water_octets=0, reserve_octets=4096)
    with capture_logs():
        yield opened
    await opened.close()


async def put(store: Store, *addresses: str) -> str:
    recipients = tuple(Recipient(number=number, address=each, target=Side.X400) for number, each in enumerate(addresses, 1))
    transfer = Transfer(
        id=store.new_id(), origin=Side.INTERNET, kind=Kind.MESSAGE, arrived=START, size=1, sender="a@b.example",
        source=Source(side=Side.INTERNET, peer="test"), recipients=recipients,
    )  # fmt: skip
    return (await store.accept(transfer, b"x")).id


def working(store: Store, hops: Hops, **settings: object) -> Relay:
    policy = RetryPolicy(urgent=PACE, normal=PACE, non_urgent=PACE)
    return Relay(store, lambda transfer: hops, policy=policy, **settings)


async def eventually(condition: object, seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for knows nothing of the test
            await asyncio.sleep(0.005)


async def test_slow_peers_do_not_hold_the_workers(store: Store) -> None:
    hops = Hops()
    for name in [f"slow{number}" for number in range(6)] * 2 + ["good"] * 5:
        await put(store, name)
    relay = working(store, hops, workers=2)
    relay.start()
    await eventually(lambda: hops.sent.count("good") == 5)
    assert len(hops.sent) == 5
    hops.gate.set()
    await eventually(lambda: len(hops.sent) == 17)
    await relay.stop()


async def test_a_backlog_for_one_peer_is_parked_and_goes_on_by_itself(store: Store) -> None:
    hops = Hops()
    transfers = [await put(store, "slow") for _ in range(30)]
    good = [await put(store, "good") for _ in range(3)]
    relay = working(store, hops, workers=4, lanes=Lanes(each=5, total=50, room_again=store.wake))
    relay.start()
    await eventually(lambda: hops.sent.count("good") == 3 and hops.sending.count("slow") == 5)
    await asyncio.sleep(0.1)
    assert hops.sending.count("slow") == 5, "the others are in the queue, not in memory"
    waiting = [await store.get(each) for each in transfers]
    attempts = sorted(each.recipients[0].attempts for each in waiting if each is not None)
    assert attempts == [0] * 25 + [1] * 5, "to be parked is no attempt"
    hops.gate.set()
    await eventually(lambda: hops.sent.count("slow") == 30)
    await eventually(lambda: not relay._tasks)
    for each in (*transfers, *good):
        found = await store.get(each)
        assert found is not None
        assert found.recipients[0].state is RecipientState.DELIVERED
    await relay.stop()


async def test_one_recipient_behind_a_full_lane_does_not_keep_the_other_waiting(store: Store) -> None:
    hops = Hops()
    lanes = Lanes(each=1, room_again=store.wake)
    relay = working(store, hops, workers=4, lanes=lanes)
    relay.start()
    await put(store, "slow")
    await eventually(lambda: lanes.full == ("slow",))
    await put(store, "slow", "good")
    await eventually(lambda: hops.sent == ["good"])
    hops.gate.set()
    await eventually(lambda: len(hops.sent) == 3)
    await relay.stop()


async def test_what_is_parked_is_claimed_by_another_process_whose_lane_has_room(store: Store) -> None:
    await put(store, "slow")
    (claim,) = await store.claim("one", START, lease_seconds=60)
    await store.park(claim, "slow")
    assert await store.claim("one", START, lease_seconds=60, full_lanes=("slow",)) == ()
    assert await store.next_due(full_lanes=("slow",)) is None
    assert await store.next_due() == START
    (again,) = await store.claim("two", START, lease_seconds=60, full_lanes=("other",))
    assert (again.attempt, again.due[0].attempts) == (1, 1)
