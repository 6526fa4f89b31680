"""The journey of one transfer: convert, route, deliver, record, report. The only module that knows the whole of it.

A claim on the queue is a lease on the due recipients of one transfer. They are grouped by where they go next; each
group gets a plan, is converted under it (the same plan gives the same octets at every attempt) and handed to the
deliverer of its side. What came of it, and the reports that follow, are recorded in one commit.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from gateway import log
from gateway.errors import ConversionError, Failure, SpoolError, StaleLeaseError
from gateway.internet.envelope import EnvelopeError, SmtpEnvelope
from gateway.mixer import codes
from gateway.mixer.delivery_options import notify_at
from gateway.mixer.identifiers import Fact
from gateway.octets import Octets
from gateway.spool import ledger
from gateway.spool.expectations import Answer, Known
from gateway.spool.lanes import Hold, Lanes
from gateway.spool.schedule import Expire, Limit, Retry, RetryPolicy, Warn, gives_up_at, next_step
from gateway.spool.store import Store
from gateway.spool.transfer import Claim, Event, Kind, Outcome, Plan, Recipient, Result, Side, Transfer

_log = log.get("relay")
_T = TypeVar("_T")
_MEMORY = timedelta(days=30)
"""How long identifiers are remembered for replies and reports."""

_NAMES = frozenset({"input_identifier", "output_identifier", "ipm_identifier", "ipm_local", "report_identifier", "about_transfer"})
"""Facts of a conversion by which its transfer can be tracked."""

_SMALL = 32 * 1024
"""Transfers up to this many octets are converted on the event loop, larger ones in a thread."""

_PAUSE_SECONDS = 5.0
"""How long to wait before asking a queue again that could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Recipients that share their next hop, and with it one conversion and one transfer."""

    key: str
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A group's message, converted and ready to be handed over.

    Attributes:
        send: Hands it over; outcomes by recipient number.
        notes: Notes of the conversion as text.
        remember: Facts of the conversion that must be on disk before anything is sent.
        subjects: Names under which reports and notifications about it will come; on disk before anything is sent.
        return_path: A tag of a reverse path with what it leads to; on disk before anything is sent.
        answers: What it says itself of something that was sent before; counts when it has been handed over.
        facts: What the audit trail keeps of it.
    """

    send: Callable[[], Awaitable[Mapping[int, Outcome]]]
    notes: tuple[str, ...] = ()
    remember: tuple[Fact, ...] = ()
    subjects: tuple[Known, ...] = ()
    return_path: tuple[str, Mapping[str, str]] | None = None
    answers: tuple[Answer, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


class Journey(Protocol):
    """What is particular to one kind of transfer on its way to one side; `journeys` has a class for each."""

    async def sort(self, claim: Claim) -> tuple[tuple[Group, ...], Mapping[int, Failure]]:
        """The groups of due recipients, and the failures of those that go nowhere, or nowhere yet (a code below 500)."""

    async def prepare(self, claim: Claim, group: Group, plan: Plan) -> Prepared:
        """Convert for one group under a plan; nothing is sent yet.

        Raises:
            ConversionError: It cannot be converted; the whole group fails with its `Failure`, or waits when the code is below 500.
        """

    def reports(self, claim: Claim, ended: Mapping[int, Outcome], now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """The reports for the transfer's sender that these ends ask for, as transfers of their own."""

    def warnings(self, claim: Claim, late: Mapping[int, Outcome], until: datetime, now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """The warnings for the sender, who asked for them, that these recipients wait and will be tried until a time."""

    def is_unreadable_answer(self, claim: Claim, ended: Mapping[int, Outcome]) -> bool:
        """Whether it is a notification that could not even be read: nobody is told of it, so an operator must see it."""


def ledger_fact(fact: Fact, expires: datetime) -> ledger.Fact:
    """A fact of a conversion as the ledger keeps it."""
    return ledger.Fact(kind=ledger.FactKind.SHORT_IDENTIFIER, key=fact.key, value={"for": fact.value}, expires=expires)


def _facts(prepared: Prepared, made_at: datetime) -> list[ledger.Fact]:
    """What must be in the ledger before a group is sent. A reverse path is good as long as its subject is known."""
    found = [ledger_fact(fact, made_at + _MEMORY) for fact in prepared.remember if fact.kind == "message-id"]
    if prepared.return_path is not None:
        tag, leads_to = prepared.return_path
        expires = max((known.subject.expires for known in prepared.subjects), default=made_at + _MEMORY)
        found.append(ledger.Fact(kind=ledger.FactKind.RETURN_PATH, key=tag, value=leads_to, expires=expires))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivered:
    """What came of one group, or of all."""

    outcomes: Mapping[int, Outcome]
    notes: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


class Relay:
    """Works the queue with a number of workers."""

    def __init__(
        self,
        store: Store,
        journey_of: Callable[[Transfer], Journey],
        *,
        policy: RetryPolicy,
        faults_before_quarantine: int = 3,
        workers: int = 8,
        lease_seconds: float = 300,
        name: str = "relay",
        tables_version: Callable[[], str] = lambda: "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        lanes: Lanes | None = None,
    ) -> None:
        self._store = store
        self._journey_of = journey_of
        self._policy = policy
        self._faults = faults_before_quarantine
        self._workers = workers
        self._lease = lease_seconds
        self._name = name
        self._tables_version = tables_version
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._lanes = lanes or Lanes(room_again=store.wake)
        self._busy: set[str] = set()  # transfers that keep a worker busy: claimed, and not yet being sent
        self._freed = asyncio.Event()
        self._faulted: Counter[str] = Counter()
        self._runner: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work the queue."""
        self._runner = asyncio.get_running_loop().create_task(self._run())

    async def stop(self, *, seconds: float = 10) -> None:
        """Claim nothing new, give what is under way ``seconds`` to finish, then give the leases back."""
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self) -> None:
        """Work the queue for ever; a queue that cannot be read now (a full disk, a lock) is asked again later."""
        while True:
            try:
                await self._take_up()
            except SpoolError as error:
                _log.error("relay.fault", id="", reason=f"the queue cannot be worked on: {error}")
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _take_up(self) -> None:
        """Give what is due to free workers; wait when there is nothing due, or nobody free.

        Whoever waits for a next hop to take what was converted is no busy worker: a slow peer keeps none of the others waiting.
        """
        self._freed.clear()
        free = min(self._workers - len(self._busy), self._lanes.room(len(self._tasks)))
        full = self._lanes.full
        claims = (
            await self._store.claim(self._name, self._clock(), lease_seconds=self._lease, limit=free, full_lanes=full) if free > 0 else ()
        )
        for claim in claims:
            self._busy.add(claim.transfer.id)
            task = asyncio.get_running_loop().create_task(self._carry_safely(claim))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if free <= len(claims):
            await self._freed.wait()
        elif not claims:
            await self._wait()

    def _free(self, claim: Claim) -> None:
        """A transfer keeps no worker busy any more."""
        self._busy.discard(claim.transfer.id)
        self._freed.set()

    async def _wait(self) -> None:
        """Until something is due, new work arrives, or a worker is free."""
        due = await self._store.next_due(full_lanes=self._lanes.full)
        seconds = 30.0 if due is None else min(30.0, max(0.02, (due - self._clock()).total_seconds()))
        await self._store.wait_for_work(seconds)

    async def _carry_safely(self, claim: Claim) -> None:
        """One relay item. This is an edge: a fault keeps the mail and stops nothing but itself (law 3)."""
        renewal = asyncio.get_running_loop().create_task(self._renew(claim))
        try:
            await self.carry(claim)
        except StaleLeaseError:
            _log.warning("relay.fault", id=claim.transfer.id, reason="the lease was lost; another worker has the transfer")
        except asyncio.CancelledError:
            await self._store.release_claim(claim)
            raise
        except Exception as error:
            _log.exception("relay.fault", id=claim.transfer.id, attempt=claim.attempt)
            await self._keep(claim, _said(error))
        finally:
            renewal.cancel()
            self._free(claim)

    async def _renew(self, claim: Claim) -> None:
        """Hold the lease while work proceeds. A lease that is lost is found out by whoever records."""
        while True:
            await asyncio.sleep(self._lease / 3)
            try:
                await self._store.renew(claim, self._clock(), self._lease)
            except StaleLeaseError:
                return
            except SpoolError as error:
                _log.warning("relay.fault", id=claim.transfer.id, reason=f"the lease was not renewed: {error}")

    async def _keep(self, claim: Claim, text: str) -> None:
        """After a fault of ours: everything stays, and is tried again by the schedule.

        Faults in a row set the transfer aside, and so does a fault at the end of its time: what fails then may well be the
        making of the report. When not even this can be written the lease runs out, and the claim counts attempts too.
        """
        now = self._clock()
        self._faulted[claim.transfer.id] += 1
        steps = {each.number: self._step(claim.transfer, each, now) for each in claim.due}
        due = {number: step.at for number, step in steps.items() if not isinstance(step, Expire)}
        try:
            if self._is_poison(claim) or len(due) < len(steps):
                await self._set_aside(claim, text)
                return
            outcomes = dict.fromkeys(due, _deferred_by_fault(text, now))
            await self._store.record(claim, outcomes, due=due, events=tuple(_events(outcomes, _Delivered(outcomes=outcomes), now)))
            self._tell(claim.transfer, outcomes, due, ())
        except SpoolError as error:
            _log.error("relay.fault", id=claim.transfer.id, reason=f"the fault could not be recorded: {error}")

    def _is_poison(self, claim: Claim) -> bool:
        """Whether this transfer failed by faults of ours so often in a row that it is set aside (law 3)."""
        return self._faulted[claim.transfer.id] >= self._faults

    async def _set_aside(self, claim: Claim, text: str) -> None:
        self._faulted.pop(claim.transfer.id, None)
        await self._store.quarantine(claim.transfer.id, text, self._clock())
        _log.error("relay.quarantined", id=claim.transfer.id, reason=text)

    async def carry(self, claim: Claim) -> None:
        """Carry one claim through: sort, plan, convert, deliver, record, report."""
        transfer, now = claim.transfer, self._clock()
        journey = self._journey_of(transfer)
        expired = self._expired(claim, now)
        if expired is not None:
            await self._record(claim, _Delivered(outcomes=expired), journey)
            return
        groups, failed = await journey.sort(claim)
        if not failed and self._lanes.are_full(group.key for group in groups):
            await self._store.park(claim, groups[0].key)
            return
        outcomes = {number: _outcome_of(failure, now) for number, failure in failed.items()}
        with self._lanes.hold(group.key for group in groups) as hold:
            results = await asyncio.gather(*(self._deliver(claim, journey, group, hold) for group in groups), return_exceptions=True)
        parts: list[_Delivered] = []
        faulty: dict[int, Outcome] = {}
        for group, result in zip(groups, results, strict=True):
            if isinstance(result, BaseException):
                faulty |= self._faulty(claim, group, result)
            else:
                outcomes |= result.outcomes
                parts.append(result)
        await self._record(claim, _joined({**outcomes, **faulty}, parts), journey)
        await self._judge(claim, outcomes, faulty)

    def _faulty(self, claim: Claim, group: Group, error: BaseException) -> Mapping[int, Outcome]:
        """A fault of ours in one group: its recipients wait, and what came of the other groups is recorded all the same."""
        if isinstance(error, StaleLeaseError) or not isinstance(error, Exception):
            raise error
        _log.error("relay.fault", id=claim.transfer.id, attempt=claim.attempt, peer=group.key, exc_info=error)
        return dict.fromkeys((each.number for each in group.recipients), _deferred_by_fault(_said(error), self._clock()))

    async def _judge(self, claim: Claim, outcomes: Mapping[int, Outcome], faulty: Mapping[int, Outcome]) -> None:
        """Count faults in a row; what nothing else keeps in the queue is set aside after too many of them."""
        if not faulty:
            self._faulted.pop(claim.transfer.id, None)
            return
        self._faulted[claim.transfer.id] += 1
        if self._is_poison(claim) and all(outcome.result is not Result.DEFERRED for outcome in outcomes.values()):
            await self._set_aside(claim, next(iter(faulty.values())).reply)

    async def _deliver(self, claim: Claim, journey: Journey, group: Group, hold: Hold) -> _Delivered:
        """One group on its lane."""
        try:
            return await self._deliver_on_lane(claim, journey, group)
        finally:
            hold.release(group.key)

    async def _deliver_on_lane(self, claim: Claim, journey: Journey, group: Group) -> _Delivered:
        """Plan, convert, commit what the conversion invented, and only then send."""
        standing = await self._store.plan(claim, group.key)
        plan = standing or Plan(group=group.key, seed=secrets.token_hex(16), made_at=self._clock(), tables=self._tables_version())
        try:
            prepared = await journey.prepare(claim, group, plan)
        except ConversionError as error:
            outcome = _outcome_of(error.failure, self._clock())
            return _Delivered(outcomes=dict.fromkeys((recipient.number for recipient in group.recipients), outcome))
        if standing is None:
            names = {fact.key for fact in prepared.remember if fact.kind == "mts-identifier"}
            names |= {value for key, value in prepared.facts.items() if key in _NAMES}
            facts = _facts(prepared, plan.made_at)
            await self._store.commit_plan(claim, plan, facts=facts, identifiers=names, subjects=prepared.subjects)
        self._free(claim)
        outcomes = await prepared.send()
        handed = any(outcome.result in (Result.DELIVERED, Result.RELAYED) for outcome in outcomes.values())
        return _Delivered(
            outcomes=outcomes, notes=prepared.notes, answers=prepared.answers if handed else (), facts=prepared.facts
        )  # fmt: skip

    async def _threaded(self, size: int, work: Callable[[], _T]) -> _T:
        return work() if size <= _SMALL else await asyncio.to_thread(work)

    def _expired(self, claim: Claim, now: datetime) -> dict[int, Outcome] | None:
        """The outcomes of a transfer whose time is over; None while there is time."""
        step = self._step(claim.transfer, claim.due[0], now)
        if not isinstance(step, Expire) or step.reason is not Limit.LATEST_DELIVERY:
            # The lifetime alone does not keep a last attempt from being made: after a long stop mail is tried before it is returned.
            return None
        failure = Failure(
            reason=1, diagnostic=5, smtp_code=554, status="5.4.7", text=f"The message could not be delivered: {step.reason.value}."
        )
        return {recipient.number: Outcome(result=Result.FAILED, at=now, reply=recipient.note, failure=failure) for recipient in claim.due}

    def _step(self, transfer: Transfer, recipient: Recipient, now: datetime) -> Retry | Warn | Expire:
        return next_step(
            attempts=recipient.attempts, arrived=transfer.arrived, now=now, priority=transfer.priority,
            latest_delivery=transfer.latest_delivery, deferred_until=transfer.deferred_until, policy=self._policy,
            warned=recipient.warned, notify_at=_notify_at(transfer),
        )  # fmt: skip

    async def _record(self, claim: Claim, delivered: _Delivered, journey: Journey) -> None:
        """One commit: outcomes, next attempts, and the reports and warnings that they ask for."""
        now, outcomes, notes = self._clock(), delivered.outcomes, delivered.notes
        transfer = claim.transfer
        ended, due, late = self._ends(claim, outcomes, now)
        lost = _failure_among(ended)
        if lost and (transfer.kind is Kind.REPORT or journey.is_unreadable_answer(claim, ended)):
            # Law 2: a report that cannot be delivered has nobody to be reported to; an operator must see it.
            await self._set_aside(claim, f"the {transfer.kind.value} cannot be delivered: {lost}")
            return
        reports = await self._threaded(transfer.size, lambda: self._told(claim, journey, ended, {n: outcomes[n] for n in late}, now))
        spawn = [(report, await self._store.keep(octets)) for report, octets in reports]
        final = {**outcomes, **ended}
        events = (*_events(final, delivered, now), *_report_events(claim, reports, ended, now))
        await self._store.record(claim, final, due=due, warned=late, spawn=spawn, events=events, answers=delivered.answers)
        for number in late:
            _log.warning("relay.delayed", id=transfer.id, arrived=transfer.arrived.isoformat(), reason=outcomes[number].reply)
        if notes:
            _log.info("relay.converted", id=transfer.id, notes="; ".join(notes))
        self._tell(transfer, final, due, spawn)

    def _told(
        self, claim: Claim, journey: Journey, ended: Mapping[int, Outcome], late: Mapping[int, Outcome], now: datetime
    ) -> list[tuple[Transfer, Octets]]:
        """What the sender is told of these ends and delays; nothing that breaks off a journey of a report."""
        found = list(journey.reports(claim, ended, now)) if ended else []
        if late and claim.transfer.kind is not Kind.REPORT:
            found += journey.warnings(claim, late, gives_up_at(claim.transfer, self._policy), now)
        return found

    def _ends(
        self, claim: Claim, outcomes: Mapping[int, Outcome], now: datetime
    ) -> tuple[dict[int, Outcome], dict[int, datetime], list[int]]:
        """What these outcomes mean: the ends, the times of the next attempts, and who has become late."""
        ended: dict[int, Outcome] = {}
        due: dict[int, datetime] = {}
        late: list[int] = []
        recipients = {recipient.number: recipient for recipient in claim.due}
        for number, outcome in outcomes.items():
            if outcome.result is not Result.DEFERRED:
                ended[number] = outcome
                continue
            step = self._step(claim.transfer, recipients[number], now)
            if isinstance(step, Expire):
                assert outcome.failure is not None
                failure = replace(outcome.failure, reason=1, diagnostic=5, status="5.4.7", smtp_code=554)  # IC-118
                ended[number] = replace(outcome, result=Result.FAILED, failure=failure)
                continue
            due[number] = step.at
            if isinstance(step, Warn):
                late.append(number)
        return ended, due, late

    def _tell(
        self, transfer: Transfer, outcomes: Mapping[int, Outcome], due: Mapping[int, datetime], spawn: Sequence[tuple[Transfer, object]]
    ) -> None:
        names = {Result.DELIVERED: "relay.delivered", Result.RELAYED: "relay.delivered", Result.DEFERRED: "relay.deferred"}
        addresses = {recipient.number: recipient.address for recipient in transfer.recipients}
        for number, outcome in outcomes.items():
            reason = outcome.failure.text if outcome.failure else ""
            _log.info(
                names.get(outcome.result, "relay.failed"), id=transfer.id, recipient=addresses.get(number, str(number)), peer=outcome.peer,
                reply=outcome.reply, reason=reason, detail=outcome.failure.detail if outcome.failure else "",
                again_at=due[number].isoformat() if number in due else "",
            )  # fmt: skip
        for report, _ in spawn:
            _log.info("relay.reported", id=transfer.id, report=report.id, to=report.recipients[0].address if report.recipients else "")


def _notify_at(transfer: Transfer) -> datetime | None:
    """When the sender wants to hear of a delay (BY with mode N); None for X.400, which has no such wish."""
    if transfer.origin is not Side.INTERNET or not transfer.envelope:
        return None
    try:
        return notify_at(SmtpEnvelope.from_json(transfer.envelope), transfer.arrived)
    except EnvelopeError:
        return None  # the journey says what is wrong with it; here the mail is only kept


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _outcome_of(failure: Failure, now: datetime) -> Outcome:
    """The end of an attempt that came to nothing before anything was sent; a temporary failure (an address cannot be looked up) waits."""
    if failure.smtp_code >= 500:
        return Outcome(result=Result.FAILED, at=now, failure=failure)
    return Outcome(result=Result.DEFERRED, at=now, reply=failure.detail or failure.text, failure=failure)


def _deferred_by_fault(text: str, now: datetime) -> Outcome:
    failure = Failure(reason=0, smtp_code=451, status="4.3.0", text="The gateway had an internal problem.", detail=text)
    return Outcome(result=Result.DEFERRED, at=now, reply=text, failure=failure)


def _failure_among(outcomes: Mapping[int, Outcome]) -> str:
    """Why the first of these that failed did so; empty when none has."""
    return next((each.failure.text for each in outcomes.values() if each.result is Result.FAILED and each.failure is not None), "")


def _joined(outcomes: Mapping[int, Outcome], parts: Sequence[_Delivered]) -> _Delivered:
    """What came of all groups."""
    facts: dict[str, str] = {}
    for part in parts:
        facts |= {key: value if facts.get(key, value) == value else f"{facts[key]}; {value}" for key, value in part.facts.items()}
    if len(parts) > 1 and "action" in facts:
        facts["action"] += f", split into {len(parts)}"
    return _Delivered(
        outcomes=outcomes, notes=tuple(note for part in parts for note in part.notes),
        answers=tuple(answer for part in parts for answer in part.answers), facts=facts,
    )  # fmt: skip


def _events(outcomes: Mapping[int, Outcome], delivered: _Delivered, now: datetime) -> list[Event]:
    """What the audit trail keeps of one attempt."""
    events = [
        Event(
            at=outcome.at,
            name=f"recipient.{outcome.result.value}",
            text=outcome.failure.text if outcome.failure else outcome.reply,
            recipient=number,
            peer=outcome.peer,
            fields={"reply": outcome.reply, **_failure_fields(outcome.failure)},
        )
        for number, outcome in outcomes.items()
    ]
    if delivered.notes or delivered.facts:
        events.append(Event(at=now, name="relay.converted", text="; ".join(delivered.notes), fields=delivered.facts))
    return events


def _failure_fields(failure: Failure | None) -> dict[str, str]:
    """A failure in the codes of both worlds, those of X.411 by name."""
    if failure is None:
        return {}
    return {
        "reason": str(failure.reason), "diagnostic": "" if failure.diagnostic is None else str(failure.diagnostic),
        "x411": codes.names(failure.reason, failure.diagnostic), "status": failure.status, "detail": failure.detail,
    }  # fmt: skip


def _report_events(claim: Claim, reports: Sequence[tuple[Transfer, Octets]], ended: Mapping[int, Outcome], now: datetime) -> list[Event]:
    """The reports that were made, with the fields of ICAO Doc 9880."""
    about, addresses = claim.transfer, {each.number: each.address for each in claim.transfer.recipients}
    kinds = {"non-delivery" if outcome.result is Result.FAILED else "delivery" for outcome in ended.values()}
    fields = {
        "subject_identifier": about.mts_identifier or about.message_id,
        "actual_recipients": "; ".join(addresses.get(number, str(number)) for number in sorted(ended)),
        "report_type": ", ".join(sorted(kinds)) or "delay",
        "action": "report made",
    }
    return [
        Event(
            at=now,
            name="relay.reported",
            text=f"report {report.id} for {each.address}",
            fields={
                **fields,
                "report": report.id,
                "destination": each.address,
                "report_identifier": report.mts_identifier or report.message_id,
            },
        )
        for report, _ in reports
        for each in report.recipients
    ]
