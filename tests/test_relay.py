"""The relay on a real queue with journeys of the test's own: a fault of ours harms nothing but itself (laws 2 to 4)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from gateway.errors import Failure, SpoolError
from gateway.octets import MemoryOctets, Octets
from gateway.relay import Group, Prepared, Relay
from gateway.spool.schedule import Pace, RetryPolicy
from gateway.spool.store import Store
from gateway.spool.transfer import Claim, Kind, Outcome, Plan, Recipient, RecipientState, Result, Side, Source, Transfer

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
PACE = Pace(first=timedelta(minutes=1), longest=timedelta(hours=1), warn_after=timedelta(hours=4), expire_after=timedelta(days=5))
DELIVERED = Outcome(result=Result.DELIVERED, at=START, peer="p", reply="ok")
REFUSED = Outcome(
    result=Result.FAILED, at=START, peer="p", reply="550",
    failure=Failure(reason=1, diagnostic=0, smtp_code=550, status="5.1.1", text="nobody of that name"),
)  # fmt: skip
DOWN = Outcome(
    result=Result.DEFERRED, at=START, peer="p", reply="421",
    failure=Failure(reason=0, smtp_code=451, status="4.4.1", text="cannot be reached"),
)  # fmt: skip


@dataclass
class Script:
    """Implements `relay.Journey`: each recipient is a group of its own, and does what the script says for it."""

    ends: dict[str, list[Outcome | Exception]]
    attempts: list[str] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    warned: list[tuple[frozenset[int], datetime]] = field(default_factory=list)
    report: Callable[[], Sequence[tuple[Transfer, Octets]]] = tuple

    async def sort(self, claim: Claim) -> tuple[tuple[Group, ...], Mapping[int, Failure]]:
        return tuple(Group(key=each.address, recipients=(each,)) for each in claim.due), {}

    async def prepare(self, claim: Claim, group: Group, plan: Plan) -> Prepared:
        async def send() -> Mapping[int, Outcome]:
            self.attempts.append(group.key)
            self.plans.append(plan)
            end = self.ends[group.key].pop(0)
            if isinstance(end, Exception):
                raise end
            return {group.recipients[0].number: end}

        return Prepared(send=send)

    def reports(self, claim: Claim, ended: Mapping[int, Outcome], now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        return self.report()

    def warnings(
        self, claim: Claim, late: Mapping[int, Outcome], until: datetime, now: datetime
    ) -> Sequence[tuple[Transfer, Octets]]:
        self.warned.append((frozenset(late), until))
        return ()

    def is_unreadable_answer(self, claim: Claim, ended: Mapping[int, Outcome]) -> bool:
        return False


@dataclass
class Bench:
    store: Store
    now: datetime = START

    def relay(self, script: Script) -> Relay:
        policy = RetryPolicy(urgent=PACE, normal=PACE, non_urgent=PACE)
        return Relay(self.store, lambda transfer: script, policy=policy, clock=lambda: self.now)

    async def put(self, *addresses: str, kind: Kind = Kind.MESSAGE) -> str:
        recipients = tuple(Recipient(number=number, address=each, target=Side.X400) for number, each in enumerate(addresses, 1))
        transfer = Transfer(
            id=self.store.new_id(), origin=Side.INTERNET, kind=kind, arrived=START, size=1, sender="a@b.example",
            source=Source(side=Side.INTERNET, peer="test"), recipients=recipients,
        )  # fmt: skip
        return (await self.store.accept(transfer, b"x")).id

    async def work(self, relay: Relay) -> None:
        """One claim, carried through as the relay's own loop does; then an hour passes."""
        (claim,) = await self.store.claim("test", self.now, lease_seconds=60)
        await relay._carry_safely(claim)
        self.now += timedelta(hours=1)

    async def states(self, transfer_id: str) -> dict[str, RecipientState]:
        found = await self.store.get(transfer_id)
        assert found is not None
        return {each.address: each.state for each in found.recipients}


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    count = itertools.count(1)
    store = await Store.open(f"sqlite:///{tmp_path}/q.sqlite", ids=lambda: f"T{next(count)}", low_water_octets=0, reserve_octets=4096)
    with capture_logs():
        yield Bench(store)
    await store.close()


async def test_a_fault_in_one_group_does_not_send_the_others_twice(bench: Bench) -> None:
    """Each group's outcome is recorded, whatever happens to its neighbours."""
    script = Script({"good": [DELIVERED], "bad": [ValueError("a fault"), DELIVERED]})
    relay, transfer = bench.relay(script), await bench.put("bad", "good")
    await bench.work(relay)
    assert await bench.states(transfer) == {"bad": RecipientState.DEFERRED, "good": RecipientState.DELIVERED}
    await bench.work(relay)
    assert await bench.states(transfer) == {"bad": RecipientState.DELIVERED, "good": RecipientState.DELIVERED}
    assert sorted(script.attempts) == ["bad", "bad", "good"]


async def test_faults_in_a_row_set_a_transfer_aside(bench: Bench) -> None:
    script = Script({"bad": [ValueError("a fault")] * 3})
    relay, transfer = bench.relay(script), await bench.put("bad")
    for _ in range(3):
        assert await bench.states(transfer) != {"bad": RecipientState.QUARANTINED}
        await bench.work(relay)
    assert await bench.states(transfer) == {"bad": RecipientState.QUARANTINED}
    found = await bench.store.get(transfer)
    assert found is not None and found.recipients[0].note == "ValueError: a fault"


async def test_a_single_fault_after_many_ordinary_retries_is_no_reason_to_set_aside(bench: Bench) -> None:
    script = Script({"slow": [DOWN, DOWN, DOWN, DOWN, ValueError("a fault"), DOWN, DELIVERED]})
    relay, transfer = bench.relay(script), await bench.put("slow")
    for _ in range(7):
        await bench.work(relay)
    assert await bench.states(transfer) == {"slow": RecipientState.DELIVERED}


async def test_a_poisonous_group_does_not_set_aside_what_still_has_a_chance(bench: Bench) -> None:
    script = Script({"bad": [ValueError("a fault")] * 5, "down": [DOWN] * 4 + [DELIVERED]})
    relay, transfer = bench.relay(script), await bench.put("bad", "down")
    for _ in range(5):
        await bench.work(relay)
    assert await bench.states(transfer) == {"bad": RecipientState.QUARANTINED, "down": RecipientState.DELIVERED}


async def test_the_same_plan_at_every_attempt(bench: Bench) -> None:
    script = Script({"slow": [DOWN, ValueError("a fault"), DELIVERED]})
    relay = bench.relay(script)
    await bench.put("slow")
    for _ in range(3):
        await bench.work(relay)
    assert len(set(script.plans)) == 1


async def test_a_fault_in_the_making_of_the_report_keeps_the_message(bench: Bench) -> None:
    def faulty() -> Sequence[tuple[Transfer, Octets]]:
        raise ValueError("no report")

    script = Script({"nobody": [REFUSED] * 3}, report=faulty)
    relay, transfer = bench.relay(script), await bench.put("nobody")
    await bench.work(relay)
    assert await bench.states(transfer) == {"nobody": RecipientState.DEFERRED}
    await bench.work(relay)
    await bench.work(relay)
    assert await bench.states(transfer) == {"nobody": RecipientState.QUARANTINED}


async def test_what_expires_and_cannot_be_reported_stays_in_sight(bench: Bench) -> None:
    def faulty() -> Sequence[tuple[Transfer, Octets]]:
        raise ValueError("no report")

    relay, transfer = bench.relay(Script({}, report=faulty)), await bench.put("late")
    bench.now += timedelta(days=6)
    await bench.work(relay)
    assert await bench.states(transfer) == {"late": RecipientState.QUARANTINED}


async def test_an_undeliverable_report_is_kept_for_the_operator(bench: Bench) -> None:
    """Law 2; released, it is tried again."""
    script = Script({"sender": [REFUSED, DELIVERED]})
    relay, transfer = bench.relay(script), await bench.put("sender", kind=Kind.REPORT)
    await bench.work(relay)
    assert await bench.states(transfer) == {"sender": RecipientState.QUARANTINED}
    await bench.store.release(transfer, bench.now)
    await bench.work(relay)
    assert await bench.states(transfer) == {"sender": RecipientState.DELIVERED}


async def test_ends_and_reports_are_written_together(bench: Bench) -> None:
    report = Transfer(
        id="R", origin=Side.INTERNET, kind=Kind.REPORT, arrived=START, size=6, sender="", subject_of="T1",
        source=Source(side=Side.INTERNET, peer="local"), recipients=(Recipient(number=1, address="a@b.example", target=Side.INTERNET),),
    )  # fmt: skip
    script = Script({"nobody": [REFUSED]}, report=lambda: ((report, MemoryOctets(b"report")),))
    relay, transfer = bench.relay(script), await bench.put("nobody")
    await bench.work(relay)
    assert await bench.states(transfer) == {"nobody": RecipientState.FAILED}
    assert {each.id for each in await bench.store.track(transfer)} == {transfer, "R"}
    assert (await bench.store.content_of("R")).to_bytes() == b"report"


async def test_a_queue_that_cannot_be_read_for_a_while_does_not_end_the_work(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One failed claim once ended the relay's loop for good, with the listeners still accepting."""
    monkeypatch.setattr("gateway.relay._PAUSE_SECONDS", 0.0)
    script = Script({"good": [DELIVERED]})
    relay, transfer = bench.relay(script), await bench.put("good")
    claim, faults = bench.store.claim, iter([SpoolError("disk I/O error"), SpoolError("database is locked")])

    async def failing(*args: object, **kwargs: object) -> tuple[Claim, ...]:
        for fault in faults:
            raise fault
        return await claim(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.store, "claim", failing)
    relay.start()
    async with asyncio.timeout(5):
        while not script.attempts:
            await bench.store.wait_for_work(0.01)
    await relay.stop()
    assert await bench.states(transfer) == {"good": RecipientState.DELIVERED}


@pytest.mark.parametrize(("end", "state"), [(DELIVERED, RecipientState.DELIVERED), (DOWN, RecipientState.FAILED)])
async def test_after_a_long_stop_mail_is_tried_once_before_it_is_returned(bench: Bench, end: Outcome, state: RecipientState) -> None:
    script = Script({"late": [end]})
    relay, transfer = bench.relay(script), await bench.put("late")
    bench.now += timedelta(days=6)
    await bench.work(relay)
    assert await bench.states(transfer) == {"late": state}
    assert script.attempts == ["late"]


async def test_the_sender_is_warned_of_a_delay_once(bench: Bench) -> None:
    script = Script({"slow": [DOWN] * 8})
    relay = bench.relay(script)
    await bench.put("slow")
    with capture_logs() as logs:
        for _ in range(7):
            await bench.work(relay)
    assert [line["event"] for line in logs].count("relay.delayed") == 1
    assert script.warned == [(frozenset({1}), START + PACE.expire_after)]
