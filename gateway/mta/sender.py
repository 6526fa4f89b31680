"""The P1 sender: persistent associations to each peer, opened when there is mail, released when they stay idle.

Every peer has its own queue of jobs and its own associations, so a slow or dead peer never slows another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway import log
from gateway.errors import Failure, GatewayError
from gateway.mta.association import Association, connect
from gateway.mta.binding import argument_of_bind, check_bind_result, refusal_text
from gateway.mta.peers import Peer, Peers
from gateway.mta.reception import Intake, Reception
from gateway.octets import Octets
from gateway.osi.service import (
    NEED_DATA,
    AbortReason,
    ConnectionReference,
    DialogueMode,
    Mode,
    RTAbortIndication,
    RTCloseConfirm,
    RTCloseRequest,
    RTOpenConfirm,
    RTOpenRequest,
    RTTransferConfirm,
    RTTransferRequest,
    RTTurnGiveIndication,
    RTTurnGiveRequest,
    RTTurnPleaseIndication,
    RTTurnPleaseRequest,
    RTUAbortRequest,
    StackLimits,
    StackTimers,
)
from gateway.osi.stack import Stack
from gateway.spool.transfer import Outcome, Result

_log = log.get("mta")


_RELEASE_SECONDS = 10.0
"""How long a peer may take to give the turn back and to answer a release before the association is aborted instead."""


class TransferFailedError(GatewayError):
    """A transfer did not succeed this time; nothing is known to be wrong with the message itself."""


@dataclass(slots=True, eq=False)
class _Job:
    """One APDU that somebody waits to see transferred."""

    apdu: Octets
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def succeed(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, text: str) -> None:
        """Not this time; without effect when the end is known already."""
        if not self.done.done():
            self.done.set_exception(TransferFailedError(text))


class Sender:
    """Delivers encoded MTS-APDUs to peers.

    Args:
        peers: The peers; those with a host can be called.
        intake: Where goes what a peer sends over an association of ours (two-way alternate).
        reference: Makes a session connection reference that no other association ever had.
        timers: How long a peer may take.
        largest_octets: Largest APDU that is received.
    """

    def __init__(
        self,
        peers: Peers,
        intake: Intake,
        *,
        reference: Callable[[], ConnectionReference],
        timers: StackTimers | None = None,
        largest_octets: int = 1 << 30,
    ) -> None:
        self._lines = {
            peer.name: _Line(peer, intake, reference, timers or StackTimers(), largest_octets) for peer in peers if peer.host
        }

    async def transfer(self, peer_name: str, apdu: Octets) -> Outcome:
        """Hand one APDU to a peer and wait until the peer has secured it.

        Returns:
            RELAYED when it has; DEFERRED with the reason in words otherwise.
        """
        line = self._lines.get(peer_name)
        if line is None:
            return _deferred(peer_name, f"peer {peer_name} has no host to call: it only calls us")
        try:
            await line.transfer(apdu)
        except TransferFailedError as error:
            return _deferred(peer_name, str(error))
        return Outcome(result=Result.RELAYED, at=datetime.now(UTC), peer=peer_name, reply="transferred")

    async def stop(self) -> None:
        """Release what is idle and abort what is not; who waits for a transfer learns that it is deferred."""
        await asyncio.gather(*(line.stop() for line in self._lines.values()))


def _deferred(peer: str, text: str) -> Outcome:
    failure = Failure(reason=0, smtp_code=451, status="4.4.1", text=f"The X.400 system {peer} cannot be reached.", detail=text)
    return Outcome(result=Result.DEFERRED, at=datetime.now(UTC), peer=peer, reply=text, failure=failure)


class _Line:
    """The queue and the associations of one peer; each association is the work of one task."""

    def __init__(
        self, peer: Peer, intake: Intake, reference: Callable[[], ConnectionReference], timers: StackTimers, largest: int
    ) -> None:
        self._peer = peer
        self._intake = intake
        self._reference = reference
        self._timers = timers
        self._largest = largest
        self._jobs: deque[_Job] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._conversations: set[_Conversation] = set()
        self._not_before = 0.0
        self._no_second_before = 0.0
        self._last_error = ""
        self._stopping = False

    async def transfer(self, apdu: Octets) -> None:
        """Queue one APDU and wait until the peer has it.

        Raises:
            TransferFailedError: Not this time; the text says why.
        """
        if self._stopping:
            raise TransferFailedError("the gateway is stopping")
        if not self._workers and asyncio.get_running_loop().time() < self._not_before:
            raise TransferFailedError(f"waiting before the next call to {self._peer.name}: {self._last_error}")
        job = _Job(apdu)
        self._jobs.append(job)
        self._call_workers()
        try:
            await job.done
        finally:
            # Whoever waited may have been cancelled: then nobody would record that it was sent, so it is not.
            if job in self._jobs:
                self._jobs.remove(job)

    async def stop(self) -> None:
        """End all associations."""
        self._stopping = True
        workers = tuple(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        self._fail_waiting("the gateway is stopping")

    def _call_workers(self) -> None:
        """Wake who is idle, and open one association more when there are fewer of those than jobs."""
        free = [conversation for conversation in self._conversations if conversation.free]
        for conversation in free:
            conversation.wake()
        if len(self._jobs) <= len(free) or len(self._workers) >= self._peer.associations:
            return
        loop = asyncio.get_running_loop()
        if self._workers and loop.time() < self._no_second_before:
            return
        worker = loop.create_task(self._work())
        self._workers.add(worker)
        worker.add_done_callback(self._tell_of_fault)

    def _tell_of_fault(self, worker: asyncio.Task[None]) -> None:
        if not worker.cancelled() and (error := worker.exception()) is not None:
            _log.error("association.aborted", peer=self._peer.name, direction="outgoing", reason="a fault of our own", exc_info=error)

    def _fail_waiting(self, text: str) -> None:
        while self._jobs:
            self._jobs.popleft().fail(text)

    async def _work(self) -> None:
        """The life of one worker; when the last one goes, nobody is left for the jobs that still wait."""
        try:
            await self._associate()
        finally:
            worker = asyncio.current_task()
            self._workers -= {worker} if worker else set()
            if not self._workers:
                self._fail_waiting("the gateway is stopping" if self._stopping else self._last_error)

    async def _associate(self) -> None:
        """One association after the other, as long as there are jobs and the last one was of use."""
        while self._jobs and not self._stopping:
            self._last_error = "a fault of our own"
            try:
                association, reference = await self._open()
            except GatewayError as error:
                self._hold_off(str(error))
                return
            self._not_before = 0.0
            self._last_error = f"the association with {self._peer.name} ended before this transfer began"
            if not await self._serve(association, reference):
                return

    def _hold_off(self, text: str) -> None:
        """The peer cannot be had: no more calls for a while. While another association stands, only further ones wait."""
        _log.warning("association.refused", peer=self._peer.name, reason=text, direction="outgoing")
        later = asyncio.get_running_loop().time() + self._peer.retry_seconds
        if len(self._workers) > 1:
            self._no_second_before = later
        else:
            self._not_before = later
        self._last_error = text

    async def _open(self) -> tuple[Association, ConnectionReference]:
        peer, reference = self._peer, self._reference()
        request = RTOpenRequest(
            mode=Mode.NORMAL, calling=peer.calling, called=peer.called, user_data=argument_of_bind(peer, Mode.NORMAL),
            checkpoint_size=peer.checkpoint_size, window_size=peer.window_size, dialogue=peer.dialogue,
            session_versions=peer.session_versions, reference=reference, tpdu_size=peer.tpdu_size,
        )  # fmt: skip
        stack = Stack.initiator(request, timers=self._timers, limits=StackLimits(apdu=self._largest + 65536))
        association = await connect(
            stack, peer.host, peer.port, seconds=peer.connect_timeout_seconds, stall_seconds=self._timers.progress
        )
        bound = False
        try:
            await self._bound(association)
            bound = True
        finally:
            if not bound:
                await association.close()
        _log.info("association.opened", peer=peer.name, address=association.peer_address, direction="outgoing", detail=stack.description)
        return association, reference

    async def _bound(self, association: Association) -> None:
        """Wait for the answer to our bind and check who answered."""
        event = await association.event()
        match event:
            case RTOpenConfirm(accepted=True):
                fault = check_bind_result(self._peer, event.user_data)
                if fault:
                    association.request(RTUAbortRequest(reason=AbortReason.USER_ERROR))
                    raise TransferFailedError(f"{self._peer.name} answered the bind, but {fault}")
            case RTOpenConfirm():
                raise TransferFailedError(f"{self._peer.name} refused the bind: {refusal_text(event)}")
            case RTAbortIndication():
                raise TransferFailedError(f"{self._peer.name} ended the connection during the bind: {event.layer}: {event.text}")
            case _:
                raise TransferFailedError(f"{self._peer.name} closed the connection during the bind")

    async def _serve(self, association: Association, reference: ConnectionReference) -> int:
        """Send jobs until the association ends or stays idle; how many were tried."""
        reception = Reception(association, self._peer, self._intake, reference=reference, largest=self._largest)
        conversation = _Conversation(association, self._peer, reception, self._timers)
        self._conversations.add(conversation)
        tried = 0
        try:
            while await conversation.ready(lambda: bool(self._jobs)):
                tried += 1
                await self._run(conversation, self._jobs.popleft())
        finally:
            self._conversations.discard(conversation)
            try:
                await conversation.end()
            finally:
                await association.close()
        return tried

    async def _run(self, conversation: _Conversation, job: _Job) -> None:
        try:
            await conversation.transfer(job.apdu)
        except GatewayError as error:
            _log.warning("transfer.failed", peer=self._peer.name, reason=str(error), octets=len(job.apdu))
            job.fail(str(error))
        else:
            _log.info("transfer.sent", peer=self._peer.name, octets=len(job.apdu))
            job.succeed()
        finally:
            job.fail("the transfer was broken off on our side")


class _Conversation:
    """One open association of ours: one transfer at a time, turns, incoming transfers, release.

    Attributes:
        open: The association stands, and nothing went wrong that forbids its release in order.
        free: It waits for a job.
    """

    def __init__(self, association: Association, peer: Peer, reception: Reception, timers: StackTimers) -> None:
        self.open = True
        self.free = False
        self._association = association
        self._stack = association.stack
        self._peer = peer
        self._reception = reception
        self._timers = timers
        self._peer_wants_turn = False
        self._turn_due: float | None = None

    def wake(self) -> None:
        """There is a job."""
        self._association.wake()

    async def ready(self, wanted: Callable[[], bool]) -> bool:
        """Wait until there is a job and it is our turn to send.

        Args:
            wanted: Whether there is a job.

        Returns:
            False when the association ended, stayed idle too long, or the peer does not give the turn.
        """
        self.free = True
        try:
            idle_until = _now() + self._peer.idle_timeout_seconds
            while self.open:
                event = await self._association.event(wanted=lambda: True)  # what has come meanwhile counts first
                if event is NEED_DATA:
                    self._mind_turn(wanted())
                    if self._has_turn and wanted():
                        return True
                    if self._over(idle_until, wanted()):
                        return False
                    event = await self._wait(wanted, idle_until)
                if event is not NEED_DATA:
                    await self._handle(event)
                    idle_until = _now() + self._peer.idle_timeout_seconds
            return False
        finally:
            self.free = False

    @property
    def _has_turn(self) -> bool:
        return self._stack.idle and self._stack.our_turn

    def _mind_turn(self, wanted: bool) -> None:
        """Give the turn when the peer has asked for it, ask for it when there is something to send."""
        if self._has_turn:
            self._turn_due = None
            if self._peer_wants_turn:
                self._peer_wants_turn = False
                self._association.request(RTTurnGiveRequest())
        elif self._stack.idle and wanted and self._turn_due is None:
            self._association.request(RTTurnPleaseRequest())
            self._turn_due = _now() + self._timers.confirm

    def _over(self, idle_until: float, wanted: bool) -> bool:
        """Whether there is no point in waiting on."""
        if not self._stack.idle:
            return False
        if self._turn_due is not None and self._turn_due <= _now():
            _log.warning("association.aborted", peer=self._peer.name, direction="outgoing", reason="the peer does not give us the turn")
            self.open = False
            return True
        return not wanted and idle_until <= _now()

    async def _wait(self, wanted: Callable[[], bool], idle_until: float) -> object:
        """The next primitive, or NEED_DATA when there is a job we can do something about or a time is over."""
        if not self._stack.idle:
            return await self._association.event(wanted=lambda: self._stack.idle)
        asked = not self._stack.our_turn and self._turn_due is not None
        return await self._association.event(
            wanted=(lambda: False) if asked else wanted, deadline=self._turn_due if asked else idle_until
        )

    async def transfer(self, apdu: Octets) -> None:
        """Send one APDU and wait for its confirm; afterwards the association is idle again, or not `open`.

        Raises:
            TransferFailedError: The association broke, or the peer could not take it now.
            GatewayError: The octets of the APDU cannot be read.
        """
        settled = False
        try:
            self._association.request(RTTransferRequest(apdu=apdu))
            while not settled:
                event = await self._association.event()
                settled = isinstance(event, RTTransferConfirm)
                if not settled:
                    await self._handle(event)
                    self._check_open(event)
        finally:
            self.open = self.open and settled
        assert isinstance(event, RTTransferConfirm)
        if not event.transferred:
            raise TransferFailedError(f"{self._peer.name} did not take the transfer: {event.text}")

    def _check_open(self, event: object) -> None:
        if isinstance(event, RTAbortIndication):
            raise TransferFailedError(f"the association with {self._peer.name} broke: {event.layer}: {event.text}")
        if not self.open:
            raise TransferFailedError(f"the connection to {self._peer.name} was lost")

    async def end(self) -> None:
        """Release in order when that is possible; `Association.close` aborts what is left."""
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                if self.open and self._stack.idle and not self._stack.our_turn:
                    # Priority 0: we want the turn in order to close (X.228, RTTP).
                    self._association.request(RTTurnPleaseRequest(priority=0))
                    while self.open and not self._has_turn:
                        await self._handle(await self._association.event())
                if self.open and self._has_turn:
                    self._association.request(RTCloseRequest())
                    while self.open:
                        await self._handle(await self._association.event())
        except (TimeoutError, GatewayError) as error:
            _log.warning(
                "association.aborted", peer=self._peer.name, direction="outgoing", reason=f"no release in order: {error or 'no answer'}"
            )
        finally:
            await self._reception.abandon()

    async def _handle(self, event: object) -> None:
        """Deal with what the peer does of its own accord."""
        if self._turn_due is not None:
            self._turn_due = _now() + self._timers.confirm  # it uses the turn
        if await self._reception.handle(event):
            return
        match event:
            case RTTurnPleaseIndication():
                self._peer_wants_turn = self._peer.dialogue is DialogueMode.TWO_WAY_ALTERNATE
            case RTTurnGiveIndication():
                self._turn_due = None
            case RTCloseConfirm():
                self.open = False
                _log.info("association.closed", peer=self._peer.name, direction="outgoing")
            case RTAbortIndication():
                self.open = False
                _log.warning(
                    "association.aborted", peer=self._peer.name, address=self._association.peer_address, direction="outgoing",
                    layer=event.layer, reason=event.text or str(event.reason), found_by="us" if event.ours else "the peer",
                    transfer_lost=event.activity_open,
                )  # fmt: skip
            case None:
                self.open = False
            case _:
                pass


def _now() -> float:
    return asyncio.get_running_loop().time()
