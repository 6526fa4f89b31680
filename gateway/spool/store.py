"""The queue: what every other package sees of the spool (DESIGN section 7).

A `Store` belongs to one process and one event loop; any number of processes may have one on the same queue. Changes
go through one writing thread and are answered after their commit (`spool.writer`); looking goes to reader threads.

The laws it keeps: nobody is told "taken" before the commit; a transfer is whole or not there; a worker whose lease is
over records nothing; what kills its workers is quarantined; duplicates of P1 are suppressed recipient by recipient.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from types import MappingProxyType

from sqlalchemy import Connection

from gateway.errors import SpoolError
from gateway.octets import MemoryOctets, Octets
from gateway.spool import audit, database, expectations, intake, ledger, look, operate, pacing, sweep, work
from gateway.spool.content import ChunkCache, ContentWriter, StoredContent, StoreOctets, stored_length
from gateway.spool.database import QueueFiles
from gateway.spool.expectations import Answer, Expectations, Known
from gateway.spool.intake import Accepted
from gateway.spool.ledger import Fact, Ledger
from gateway.spool.parts import Parts
from gateway.spool.reader import Reader
from gateway.spool.schema import migrate, ticks
from gateway.spool.space import FreeSpace, Space, free_octets
from gateway.spool.sweep import Retention
from gateway.spool.transfer import Claim, Event, Kind, Outcome, Plan, RecipientState, Transfer
from gateway.spool.writer import Writer

__all__ = ["Accepted", "ContentWriter", "Retention", "Store", "StoredContent"]

LOW_WATER_OCTETS = 256 << 20
RESERVE_OCTETS = 16 << 20
_EVENTS_A_MOVE = 512
_TRANSFERS_A_LOOK = 500
_EVENTS_A_LOOK = 1000

_NO_DUE: Mapping[int, datetime] = MappingProxyType({})
_KEEP_ALL = Retention()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Store:
    """The queue of one process. Make it with `Store.open`."""

    def __init__(
        self, writer: Writer, reader: Reader, space: Space, ids: Callable[[], str], clock: Callable[[], datetime],
        retention: Retention, reports_an_hour: int,
    ) -> None:  # fmt: skip
        self._writer = writer
        self._reader = reader
        self._space = space
        self._ids = ids
        self._clock = clock
        self._retention = retention
        self._reports_an_hour = reports_an_hour
        self._cache = ChunkCache(reader)
        self._work = asyncio.Event()
        self._events_waiting = 0
        self._move: asyncio.Task[None] | None = None
        self.ledger = Ledger(writer, reader)
        self.parts = Parts(writer, reader, space, clock)
        self.expectations = Expectations(reader)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        ids: Callable[[], str],
        clock: Callable[[], datetime] = _utc_now,
        synchronous: str = "FULL",
        low_water_octets: int = LOW_WATER_OCTETS,
        reserve_octets: int = RESERVE_OCTETS,
        free_space: FreeSpace = free_octets,
        retention: Retention = _KEEP_ALL,
        reports_an_hour: int = 0,
    ) -> Store:
        """Open a queue; it is created, or brought to this program's version, where needed.

        Args:
            url: ``sqlite:///path/queue.sqlite``; the events go to ``path/queue-audit.sqlite``.
            ids: Makes queue identifiers, unique for ever.
            clock: The present time, used where content is written; all other times are arguments.
            synchronous: SQLite's setting. Anything but ``FULL`` or ``EXTRA`` breaks law 1.
            low_water_octets: Below so much free space new mail is refused.
            reserve_octets: Size of the file that is given up for outcomes and reports when the disk is full.
            free_space: Asks the file system for its free octets.
            retention: How long things are kept.
            reports_an_hour: To one address; more of them leave later. 0 sets no limit.

        Raises:
            ConfigurationError: The URL, the folder or its file system cannot be used, or the queue is newer than we are.
            SpoolError: The file is no queue, or is damaged.
        """
        files = QueueFiles.from_url(url)
        files.create()
        space = Space(files.queue, low_water_octets, reserve_octets, free_space)
        writer = Writer(database.writing_engine(files, synchronous), space.give_up)
        async with _closed_on_error(writer):
            await writer.run(lambda connection: database.check_durability(connection, synchronous))
            await writer.run(migrate)
        space.hold_back()
        store = cls(writer, Reader(database.reading_engine(files)), space, ids, clock, retention, reports_an_hour)
        await store._move_events()
        return store

    async def close(self) -> None:
        """Finish the work that was handed in and close the files. Claims that are still held run out."""
        try:
            if self._move is not None:
                await asyncio.wait((self._move,))
            await self._move_events()
        finally:
            await self._writer.close()
            self._reader.close()

    # ---- accepting -------------------------------------------------------------------------------------------------

    def new_id(self) -> str:
        """A fresh queue identifier."""
        return self._ids()

    @property
    def has_space(self) -> bool:
        """Whether new mail may be taken; listeners ask before they say so."""
        return self._space.enough

    async def begin(self) -> ContentWriter:
        """Start to write content that arrives in pieces.

        Raises:
            NoSpaceError: The disk is below the low-water mark.
        """
        self._space.check()
        return ContentWriter(self._ids(), self._writer, self._space, self._clock)

    async def keep(self, octets: Octets) -> StoredContent:
        """Write content that can be read already, such as that of a report, ready for `accept` or ``spawn``.

        It is the gateway's own and belongs to mail that is here already, so the low-water mark does not stop it.
        """
        writer = ContentWriter(self._ids(), self._writer, None, self._clock)
        pieces = octets.chunks()
        while piece := await self._reader.elsewhere(lambda: next(pieces, b"")):
            await writer.write(piece)
        return await writer.finish()

    async def accept(self, transfer: Transfer, content: StoredContent | bytes, *, events: Sequence[Event] = ()) -> Accepted:
        """Take responsibility: when this returns, the transfer is on disk. Concurrent accepts share a commit.

        Recipients that a P1 peer sent before (law 5) are suppressed. If all are, the transfer is kept as finished. Of a repeated
        activity nothing is kept.

        Args:
            transfer: Its recipients are due at their ``due``, else at ``deferred_until``, else at once.
            content: Finished content of `begin`, or octets (that fit in memory).
            events: The first lines of its story.

        Raises:
            NoSpaceError: The disk is below the low-water mark; nothing was taken.
            SpoolError: The content is gone or accepted already, or the identifiers are not unique; nothing was taken.
        """
        intake.check(transfer)
        self._space.check()
        stored = _stored(transfer, content)
        remembered = self._retention.duplicates
        accepted = await self._writer.run(lambda connection: intake.accept(connection, transfer, stored, events, remembered))
        self._noted(1 + len(events) + len(accepted.suppressed))
        self._work.set()
        return accepted

    def content(self, content: StoredContent | str) -> Octets:
        """Content as `Octets`, read on demand; before or after it was accepted.

        Raises:
            SpoolError: There is no such content.
        """
        if isinstance(content, str):
            length = self._reader.here(lambda connection: stored_length(connection, content))
            return StoreOctets(content, length, self._cache)
        if content.memory is not None:
            return MemoryOctets(content.memory)
        return StoreOctets(content.id, content.length, self._cache)

    # ---- working ---------------------------------------------------------------------------------------------------

    async def claim(
        self,
        worker: str,
        now: datetime,
        *,
        lease_seconds: float,
        limit: int = 1,
        exclude: Collection[str] = (),
        full_lanes: Collection[str] = (),
    ) -> tuple[Claim, ...]:
        """Lease the due recipients of some transfers, urgent transfers first, then the oldest due.

        The attempt is counted here: `Recipient.attempts` of the claim includes it. A transfer whose attempts began
        three times and never ended is quarantined instead.

        Args:
            worker: Who claims; any name that says where to look.
            now: The present time.
            lease_seconds: After so long without `renew` or `record` another worker may take it.
            limit: At most so many.
            exclude: Identifiers of transfers to leave alone.
            full_lanes: Lanes without room: what was parked for one of them is left alone.
        """
        until = now + timedelta(seconds=lease_seconds)
        leased = await self._writer.run(lambda connection: work.claim(connection, worker, now, until, limit, exclude, full_lanes))
        return tuple(self._with_content(each) for each in leased)

    def _with_content(self, leased: work.Leased) -> Claim:
        if len(leased.claim.content) == leased.length:
            return leased.claim
        return replace(leased.claim, content=StoreOctets(leased.content_id, leased.length, self._cache))

    async def renew(self, claim: Claim, now: datetime, lease_seconds: float) -> Claim:
        """Lengthen a lease while work proceeds.

        Raises:
            StaleLeaseError: Somebody else holds the transfer by now: stop.
        """
        until = now + timedelta(seconds=lease_seconds)
        return await self._writer.run(lambda connection: work.renew(connection, claim, until), essential=True)

    async def plan(self, claim: Claim, group: str) -> Plan | None:
        """The plan that was committed for a group of recipients, if any."""
        return await self._reader.run(lambda connection: work.read_plan(connection, claim.transfer.id, group))

    async def commit_plan(
        self,
        claim: Claim,
        plan: Plan,
        *,
        facts: Sequence[Fact] = (),
        identifiers: Collection[str] = (),
        subjects: Sequence[Known] = (),
    ) -> Plan:
        """Fix what a conversion invents, before the first attempt; the plan that stands, which may be an earlier one.

        Args:
            claim: The lease.
            plan: For one group.
            facts: What must be in the ledger before anything is sent (`Conversion.remember`).
            identifiers: Names that the conversion gave the message, for tracking.
            subjects: Names under which reports and notifications will come, and about whom.

        Raises:
            StaleLeaseError: Somebody else holds the transfer by now.
        """

        def commit(connection: Connection) -> Plan:
            standing = work.keep_plan(connection, claim, plan)
            ledger.remember(connection, facts)
            expectations.promise(connection, subjects)
            intake.add_names(connection, claim.transfer.id, identifiers)
            return standing

        return await self._writer.run(commit, essential=True)

    async def record(
        self,
        claim: Claim,
        outcomes: Mapping[int, Outcome],
        *,
        due: Mapping[int, datetime] = _NO_DUE,
        warned: Collection[int] = (),
        spawn: Sequence[tuple[Transfer, bytes | StoredContent]] = (),
        events: Sequence[Event] = (),
        identifiers: Collection[str] = (),
        answers: Sequence[Answer] = (),
        done: bool = True,
    ) -> None:
        """Write the ends of attempts, the reports they cause and the events, in one commit.

        Args:
            claim: The lease.
            outcomes: By recipient number. Recipients that have ended already stay as they are.
            due: The next attempt of each deferred recipient; may also move a recipient that has no outcome.
            warned: Recipients about whose delay the sender is told by what is spawned.
            spawn: Reports and other transfers that this causes, with their content.
            events: Lines for the story of the claimed transfer.
            identifiers: Further names under which to track it.
            answers: What the transfer, a report or notification itself, said of what was sent before.
            done: End the lease. Recipients that still wait can be claimed again when due.

        Raises:
            StaleLeaseError: Somebody else holds the transfer by now; nothing was written.
            SpoolError: A deferred recipient without due time, or content that is gone; nothing was written.
        """
        reports = [(transfer, _stored(transfer, content)) for transfer, content in spawn]
        for transfer, _ in reports:
            intake.check(transfer)
        done_at = max((outcome.at for outcome in outcomes.values()), default=self._clock()) if done else None

        def commit(connection: Connection) -> None:
            work.record(connection, claim, outcomes, due, warned, done_at)
            expectations.handed_over(connection, claim.transfer.id, outcomes)
            expectations.settle(connection, answers)
            for transfer, stored in reports:
                intake.accept(connection, self._paced(connection, transfer), stored, ())
            audit.write(connection, claim.transfer.id, events)
            intake.add_names(connection, claim.transfer.id, identifiers)

        await self._writer.run(commit, essential=True)
        self._noted(len(events))
        if spawn or done:
            self._work.set()

    def _paced(self, connection: Connection, transfer: Transfer) -> Transfer:
        """A report that leaves no sooner than the limit of its address allows."""
        if transfer.kind is not Kind.REPORT:
            return transfer
        recipients = tuple(
            replace(each, due=pacing.leaves_at(connection, each.address, transfer.arrived, self._reports_an_hour))
            for each in transfer.recipients
        )
        return replace(transfer, recipients=recipients)

    async def promise(self, subjects: Sequence[Known], *facts: Fact) -> None:
        """Commit what is to be recognised of something that is sent without a transfer of its own, such as a probe.

        Raises:
            SpoolError: The queue cannot be written; nothing was.
        """

        def commit(connection: Connection) -> None:
            expectations.promise(connection, subjects)
            ledger.remember(connection, facts)

        await self._writer.run(commit, essential=True)

    async def release_claim(self, claim: Claim) -> None:
        """Give a transfer back untouched, as at shutdown: the attempt does not count. Harmless with a stale lease."""
        await self._writer.run(lambda connection: work.give_back(connection, claim), essential=True)
        self._work.set()

    async def park(self, claim: Claim, lane: str) -> None:
        """Give a transfer back untouched until there is room in its lane (`spool.lanes`)."""
        await self._writer.run(lambda connection: work.park(connection, claim, lane), essential=True)

    def wake(self) -> None:
        """There may be work again: a lane has room."""
        self._work.set()

    async def next_due(self, *, full_lanes: Collection[str] = ()) -> datetime | None:
        """When the next transfer becomes ready or a lease runs out; None when nothing waits.

        Args:
            full_lanes: Lanes without room: what was parked for one of them does not count.
        """
        return await self._reader.run(lambda connection: look.next_due(connection, full_lanes))

    async def wait_for_work(self, timeout: float) -> bool:  # noqa: ASYNC109 (the caller's loop is built on the timeout)
        """Wait until this process has accepted, recorded or released something; False after ``timeout`` seconds.

        Other processes on the same queue are not heard: claim again after each timeout.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._work.wait()
        except TimeoutError:
            return False
        self._work.clear()
        return True

    # ---- operating -------------------------------------------------------------------------------------------------

    async def quarantine(self, transfer_id: str, reason: str, now: datetime) -> int:
        """Set a transfer aside with its reason, and end its lease; the number of recipients that waited."""
        return await self._operate(lambda connection: operate.quarantine(connection, transfer_id, reason, now))

    async def hold(self, transfer_id: str, reason: str, now: datetime) -> int:
        """Stop work on the recipients that wait; a running attempt still ends. The number of recipients."""
        return await self._operate(lambda connection: operate.hold(connection, transfer_id, reason, now))

    async def release(self, transfer_id: str, now: datetime) -> int:
        """Let held and quarantined recipients go on at once; the number of recipients."""
        return await self._operate(lambda connection: operate.release(connection, transfer_id, now))

    async def retry(self, transfer_id: str, now: datetime, *, fresh: bool = False) -> int:
        """Make waiting recipients due at once, with ``fresh`` under a new plan; the number of recipients."""
        return await self._operate(lambda connection: operate.retry(connection, transfer_id, now, fresh=fresh))

    async def redirect(self, transfer_id: str, number: int, address: str, now: datetime) -> None:
        """Send one waiting recipient's copy to another address, under a new plan.

        Raises:
            SpoolError: No such recipient waits, or the transfer is being worked on.
        """
        await self._operate(lambda connection: operate.redirect(connection, transfer_id, number, address, now))

    async def delete(self, transfer_id: str, reason: str, now: datetime) -> int:
        """End the open recipients as failed with nobody told, and remove the content; the number of recipients.

        Raises:
            SpoolError: The transfer is unknown, or being worked on.
        """
        return await self._operate(lambda connection: operate.delete_transfer(connection, transfer_id, reason, now))

    async def _operate(self, change: Callable[[Connection], int]) -> int:
        count = await self._writer.run(change, essential=True)
        self._noted(1)
        self._work.set()
        return count

    async def sweep(self, now: datetime) -> int:
        """Remove orphaned content, finished transfers and old events; how many contents and transfers."""
        removed = 0
        while count := await self._writer.run(lambda connection: sweep.step(connection, now, self._retention)):
            removed += count
        await self._writer.run(lambda connection: sweep.forget(connection, now, self._retention))
        await self._move_events()
        self._space.hold_back()
        return removed

    # ---- looking ---------------------------------------------------------------------------------------------------

    async def list(self, *, state: RecipientState | None = None, limit: int = 100) -> tuple[Transfer, ...]:
        """Transfers with a recipient in ``state``, or all that are not finished; in the order of arrival."""
        return await self._reader.run(lambda connection: look.listing(connection, state, limit))

    async def get(self, transfer_id: str) -> Transfer | None:
        """One transfer by its queue identifier."""
        found = await self._reader.run(lambda connection: look.by_id(connection, (transfer_id,)))
        return found[0] if found else None

    async def track(self, any_identifier: str) -> tuple[Transfer, ...]:
        """The transfers with this queue, message, MTS or IPM identifier, and the reports about them."""
        return await self._reader.run(lambda connection: look.track(connection, any_identifier))

    async def events(self, transfer_id: str) -> tuple[Event, ...]:
        """The story of a transfer, oldest first; it outlives the transfer itself."""
        return await self._reader.run(lambda connection: audit.story(connection, transfer_id))

    async def named(self, name: str, limit: int = 100) -> tuple[str, ...]:
        """Queue identifiers of everything that has this name or address in the queue or the audit trail, the newest first."""
        held = await self._reader.run(lambda connection: look.track(connection, name))
        told = await self._reader.run(lambda connection: audit.named(connection, name, limit))
        return tuple(dict.fromkeys((*told, *(each.id for each in reversed(held)))))[:limit]

    async def trail(self, since: datetime, until: datetime) -> AsyncIterator[tuple[str, Event]]:
        """The audit trail of a time: queue identifier and event, in the order in which they were written."""
        after = 0
        while True:
            page = partial(audit.between, since=ticks(since), until=ticks(until), after=after, limit=_EVENTS_A_LOOK)
            found = await self._reader.run(page)
            if not found:
                return
            for _, transfer_id, event in found:
                yield transfer_id, event
            after = found[-1][0]

    async def addresses_since(self, when: datetime) -> AsyncIterator[str]:
        """Every sender and recipient of what arrived since ``when``, each once, in the text form of its side.

        Taken from the audit trail, which is kept as long as `Retention.audit` says.
        """
        told: set[str] = set()
        after = 0
        while True:
            page = partial(audit.addresses, since=ticks(when), after=after, limit=_TRANSFERS_A_LOOK)
            after, found = await self._reader.run(page)
            if not after:
                return
            for address in sorted(found - told):
                yield address
            told |= found

    async def content_of(self, transfer_id: str) -> Octets:
        """The octets of a transfer exactly as they were received.

        Raises:
            SpoolError: No such transfer; when its content was deleted, reading says so.
        """
        content_id, length = await self._reader.run(lambda connection: look.content_place(connection, transfer_id))
        return StoreOctets(content_id, length, self._cache)

    async def counts(self) -> Mapping[str, int]:
        """Recipients by state, and ``transfers`` (unfinished), ``leased``, ``unclaimed`` (contents)."""
        return await self._reader.run(look.counts)

    async def durability(self) -> Mapping[str, str]:
        """Journal mode and synchronous level of the writing connection, as SQLite reports them."""
        return await self._writer.run(database.durability)

    @property
    def commits(self) -> int:
        """Commits of this process so far: with many accepts at once there are fewer of them than accepts."""
        return self._writer.commits

    # ---- events ----------------------------------------------------------------------------------------------------

    def _noted(self, count: int) -> None:
        self._events_waiting += count
        if self._events_waiting >= _EVENTS_A_MOVE and (self._move is None or self._move.done()):
            self._move = asyncio.create_task(self._move_in_passing(), name="spool-audit")

    async def _move_in_passing(self) -> None:
        with suppress(SpoolError):  # the events are safe in the outbox; the next sweep tells what is wrong
            await self._move_events()

    async def _move_events(self) -> None:
        """Copy the outbox to the audit file and, when that is on disk, empty it: two commits, in this order."""
        self._events_waiting = 0
        last = await self._writer.run(audit.copy)
        if last:
            await self._writer.run(lambda connection: audit.forget(connection, last))


def _stored(transfer: Transfer, content: StoredContent | bytes) -> StoredContent:
    if isinstance(content, StoredContent):
        return content
    return StoredContent(id=transfer.id, length=len(content), memory=content)


@asynccontextmanager
async def _closed_on_error(writer: Writer) -> AsyncIterator[None]:
    opened = False
    try:
        yield
        opened = True
    finally:
        if not opened:
            await writer.close()
