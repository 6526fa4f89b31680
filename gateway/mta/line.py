"""The line to one peer: its jobs by priority, the associations that carry them, and the pauses after calls that failed.

Every peer has its own line, so a slow or dead peer never slows another. Urgent jobs have associations of their own (IC-115: one, for
urgent messages and all reports), so that they never wait behind a large message.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway import log
from gateway.errors import GatewayError
from gateway.mta.association import Association
from gateway.mta.call import Call, RefusedError
from gateway.mta.conversation import BrokenOffError, Conversation, Patience, TransferFailedError
from gateway.mta.peers import Peer
from gateway.mta.places import Places
from gateway.mta.reception import Intake, Reception
from gateway.mta.shelf import Progress, StoredProgress
from gateway.octets import Octets
from gateway.osi.service import ConnectionReference, StackTimers, TransferPoint
from gateway.spool.transfer import Priority

_log = log.get("mta")

_BY_URGENCY = sorted(Priority, reverse=True)
_PERMANENT = 4
"""A refusal that only an operator can mend counts as so many failures: the pause is eight times as long at once."""


@dataclass(slots=True, eq=False)
class Job:
    """One APDU that somebody waits to see transferred.

    Attributes:
        apdu: The APDU.
        priority: Its place among the jobs.
        point: Behind which it goes on, when it broke off.
        progress: How far it had come, where that outlives the process.
        patience: How often it may break off without having come any further.
        done: Ends with the transfer.
    """

    apdu: Octets
    priority: Priority
    point: TransferPoint | None = None
    progress: Progress | None = None
    patience: int = 3
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def goes_on(self, broken: BrokenOffError) -> bool:
        """Whether a transfer that broke off is worth another try at once, and from where."""
        behind = self.point.octets if self.point is not None else 0
        if broken.point is None or broken.point.octets <= behind:
            self.patience -= 1
        self.point = broken.point
        return self.patience > 0 and (broken.again or broken.point is not None)

    def succeed(self) -> None:
        """The peer has it."""
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, text: str) -> None:
        """Not this time; without effect when the end is known already."""
        if not self.done.done():
            self.done.set_exception(TransferFailedError(text))


class Jobs:
    """Jobs that wait, the most urgent first and in order of arrival among equals."""

    def __init__(self) -> None:
        self._waiting: dict[Priority, deque[Job]] = {priority: deque() for priority in _BY_URGENCY}

    def __len__(self) -> int:
        return sum(len(waiting) for waiting in self._waiting.values())

    def add(self, job: Job) -> None:
        """One more."""
        self._waiting[job.priority].append(job)

    def put_back(self, job: Job) -> None:
        """One that was taken and goes on: before its equals."""
        self._waiting[job.priority].appendleft(job)

    def point(self) -> TransferPoint | None:
        """Behind which the next job goes on; None when it begins anew."""
        first = self.first()
        return self._waiting[first][0].point if first is not None else None

    def drop(self, job: Job) -> None:
        """Nobody waits for it any more."""
        if job in self._waiting[job.priority]:
            self._waiting[job.priority].remove(job)

    def first(self, *, urgent_only: bool = False) -> Priority | None:
        """Priority of the most urgent one, None when there is none."""
        urgencies = (Priority.URGENT,) if urgent_only else _BY_URGENCY
        return next((priority for priority in urgencies if self._waiting[priority]), None)

    def urgent(self) -> int:
        """How many urgent ones wait."""
        return len(self._waiting[Priority.URGENT])

    def take(self, priority: Priority) -> Job:
        """The oldest of a priority."""
        return self._waiting[priority].popleft()

    def take_all(self) -> list[Job]:
        """All of them; none waits any more."""
        found = [job for priority in _BY_URGENCY for job in self._waiting[priority]]
        for waiting in self._waiting.values():
            waiting.clear()
        return found


class Line:
    """Jobs and associations of one peer.

    Args:
        peer: Whom it leads to.
        intake: Where goes what the peer sends over an association of ours (two-way alternate).
        call: Opens an association.
        places: The associations that all lines together may have.
        timers: How long a peer may take.
        largest_octets: Largest APDU that is received.
        progress: Where the progress of transfers outlives the process; None: it does not.
    """

    def __init__(
        self, peer: Peer, intake: Intake, call: Call, places: Places, timers: StackTimers, largest_octets: int,
        progress: StoredProgress | None = None,
    ) -> None:  # fmt: skip
        self._progress = progress
        self.peer = peer
        self._intake = intake
        self._call = call
        self._places = places
        self._timers = timers
        self._largest = largest_octets
        self._jobs = Jobs()
        self._workers: dict[asyncio.Task[None], bool] = {}  # whether it carries urgent jobs only
        self._conversations: set[Conversation] = set()
        self._adopted = 0
        self._failures = 0
        self._not_before = 0.0
        self._no_second_before = 0.0
        self._last_error = ""
        self._stopping = False

    async def transfer(self, apdu: Octets, priority: Priority) -> None:
        """Queue one APDU and wait until the peer has it.

        Raises:
            TransferFailedError: Not this time; the text says why.
        """
        progress = await self._progress.of(self.peer.name, apdu) if self._progress is not None and self.peer.recovery else None
        point = await progress.so_far() if progress is not None else None
        if self._stopping:
            raise TransferFailedError("the gateway is stopping")
        if not self.peer.host and not self._adopted:
            raise TransferFailedError(f"peer {self.peer.name} has no host to call: it only calls us")
        if self.peer.host and not self._workers and not self._adopted and _now() < self._not_before:
            raise TransferFailedError(f"waiting before the next call to {self.peer.name}: {self._last_error}")
        job = Job(apdu, priority, point, progress)
        self._jobs.add(job)
        self._call_workers()
        try:
            await job.done
        finally:
            # Whoever waited may have been cancelled: then nobody would record that it was sent, so it is not.
            self._jobs.drop(job)

    async def adopt(self, association: Association, reception: Reception, idle_seconds: float) -> None:
        """Use a two-way alternate association that the peer has opened, until it ends: send on it what waits here."""
        patience = Patience(idle=idle_seconds, lifetime=0.0, turn=self._timers.confirm)
        conversation = Conversation(association, self.peer, reception, patience, opened_by_us=False)
        self._adopted += 1
        try:
            await self._converse(conversation, urgent_only=False)
        finally:
            self._adopted -= 1
            if not self._adopted and not self._workers:
                self._fail_waiting(f"the association that {self.peer.name} had opened is over")

    async def stop(self) -> None:
        """End all associations."""
        self._stopping = True
        workers = tuple(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        self._fail_waiting("the gateway is stopping")

    @property
    def opened(self) -> int:
        """Associations that we have opened and that are up."""
        return len(self._conversations) - self._adopted

    def yield_place(self) -> bool:
        """Release an association that is idle, because another line needs its place; whether there is one."""
        for conversation in self._conversations:
            if conversation.free and not conversation.unwanted and not self._jobs:
                conversation.unwanted = True
                conversation.wake()
                return True
        return False

    # --- workers ------------------------------------------------------------------------------------------------

    def _call_workers(self) -> None:
        """Wake who is idle, and open one association more when there are too few of those for the jobs."""
        free = [conversation for conversation in self._conversations if conversation.free]
        for conversation in free:
            conversation.wake()
        if not self.peer.host:
            return
        urgent = sum(self._workers.values())
        ordinary = len(self._workers) - urgent
        waiting = len(self._jobs) - len(free)
        if waiting <= 0 or (self._workers and _now() < self._no_second_before):
            return
        if not ordinary or (ordinary < self.peer.associations and waiting >= self.peer.threshold * ordinary):
            self._start_worker(urgent_only=False)
        elif self._jobs.urgent() and urgent < self.peer.urgent_associations:
            self._start_worker(urgent_only=True)

    def _start_worker(self, *, urgent_only: bool) -> None:
        worker = asyncio.get_running_loop().create_task(self._work(urgent_only=urgent_only))
        self._workers[worker] = urgent_only
        worker.add_done_callback(self._tell_of_fault)

    def _tell_of_fault(self, worker: asyncio.Task[None]) -> None:
        if not worker.cancelled() and (error := worker.exception()) is not None:
            _log.error("association.aborted", peer=self.peer.name, direction="outgoing", reason="a fault of our own", exc_info=error)

    def _fail_waiting(self, text: str) -> None:
        for job in self._jobs.take_all():
            job.fail(text)

    async def _work(self, *, urgent_only: bool) -> None:
        """The life of one worker; when the last one goes, nobody is left for the jobs that still wait."""
        try:
            async with self._places.taken(self):
                await self._associate(urgent_only=urgent_only)
        finally:
            worker = asyncio.current_task()
            if worker is not None:
                self._workers.pop(worker, None)
            if not self._workers and not self._adopted:
                self._fail_waiting("the gateway is stopping" if self._stopping else self._last_error)

    async def _associate(self, *, urgent_only: bool) -> None:
        """One association after the other, as long as there are jobs and the last one was of use."""
        while self._jobs.first(urgent_only=urgent_only) is not None and not self._stopping:
            self._last_error = "a fault of our own"
            try:
                association, reference = await self._called()
            except GatewayError as error:
                self._hold_off(error)
                return
            self._not_before, self._failures = 0.0, 0
            self._last_error = f"the association with {self.peer.name} ended before this transfer began"
            reception = Reception(association, self.peer, self._intake, reference=reference, largest=self._largest)
            if not await self._serve(association, reception, urgent_only=urgent_only):
                return

    async def _called(self) -> tuple[Association, ConnectionReference]:
        """An association; where a transfer broke off, the one that it was on, if the peer recovers it."""
        point = self._jobs.point()
        if point is not None:
            try:
                return await self._call.open(recover=point.association)
            except RefusedError as error:
                _log.info("association.refused", peer=self.peer.name, reason=f"no recovery: {error}", direction="outgoing")
        return await self._call.open()

    def _hold_off(self, error: GatewayError) -> None:
        """The peer cannot be had: no more calls for a while. While another association stands, only further ones wait."""
        permanent = isinstance(error, RefusedError) and error.permanent
        tell = _log.error if permanent else _log.warning
        tell("association.refused", peer=self.peer.name, reason=str(error), direction="outgoing")
        self._last_error = str(error)
        if len(self._workers) > 1 or self._adopted:
            self._no_second_before = _now() + self.peer.retry_seconds
            return
        self._failures += _PERMANENT if permanent else 1
        doubled = self.peer.retry_seconds * 2.0 ** min(self._failures - 1, 30)
        self._not_before = _now() + min(doubled, max(self.peer.longest_retry_seconds, self.peer.retry_seconds))

    async def _serve(self, association: Association, reception: Reception, *, urgent_only: bool) -> int:
        """Send jobs until the association ends or stays idle; how many were tried."""
        conversation = Conversation(association, self.peer, reception, Patience.of(self.peer, self._timers))
        try:
            return await self._converse(conversation, urgent_only=urgent_only)
        finally:
            await self._call.close(association)

    async def _converse(self, conversation: Conversation, *, urgent_only: bool) -> int:
        self._conversations.add(conversation)
        wanted: Callable[[], Priority | None] = lambda: self._jobs.first(urgent_only=urgent_only)  # noqa: E731
        tried = 0
        try:
            while await conversation.ready(wanted):
                priority = wanted()
                if priority is not None:
                    tried += 1
                    await self._run(conversation, self._jobs.take(priority))
        finally:
            self._conversations.discard(conversation)
            await conversation.end()
        return tried

    async def _run(self, conversation: Conversation, job: Job) -> None:
        goes_on = False
        try:
            await conversation.transfer(job.apdu, job.point, job.progress.confirmed if job.progress is not None else None)
        except BrokenOffError as error:
            if self.peer.recovery and job.goes_on(error):
                _log.info("transfer.resumed", peer=self.peer.name, reason=str(error), octets=job.point.octets if job.point else 0)
                self._jobs.put_back(job)
                goes_on = True
                return
            _log.warning("transfer.failed", peer=self.peer.name, reason=str(error), octets=len(job.apdu))
            job.fail(str(error))
        except GatewayError as error:
            _log.warning("transfer.failed", peer=self.peer.name, reason=str(error), octets=len(job.apdu))
            job.fail(str(error))
        else:
            _log.info("transfer.sent", peer=self.peer.name, octets=len(job.apdu))
            job.succeed()
            if job.progress is not None:
                await job.progress.ended()
        finally:
            if not goes_on:
                job.fail("the transfer was broken off on our side")


def _now() -> float:
    return asyncio.get_running_loop().time()


Reference = Callable[[], ConnectionReference]
"""Makes a session connection reference that no other association ever had."""
