"""The P1 sender: persistent associations to each peer, opened when there is mail, released when they stay idle.

Every peer has its own queue of jobs and its own associations, so a slow or dead peer never slows another.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway import log
from gateway.errors import Failure, GatewayError
from gateway.mta.association import Association, ConnectionFailedError, connect
from gateway.mta.binding import argument_of_bind, check_bind_result, refusal_text
from gateway.mta.peers import Peer, Peers
from gateway.mta.reception import Intake, Reception
from gateway.octets import Octets
from gateway.osi.service import (
    AbortReason,
    ConnectionReference,
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
    StackTimers,
)
from gateway.osi.stack import Stack
from gateway.spool.transfer import Outcome, Result

_log = log.get("mta")


class TransferFailedError(GatewayError):
    """A transfer did not succeed this time; nothing is known to be wrong with the message itself."""


@dataclass(slots=True)
class _Job:
    apdu: Octets
    done: asyncio.Future[None]


class Sender:
    """Delivers encoded MTS-APDUs to peers."""

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
        """Release all associations."""
        await asyncio.gather(*(line.stop() for line in self._lines.values()))


def _deferred(peer: str, text: str) -> Outcome:
    failure = Failure(reason=0, smtp_code=451, status="4.4.1", text=f"The X.400 system {peer} cannot be reached.", detail=text)
    return Outcome(result=Result.DEFERRED, at=datetime.now(UTC), peer=peer, reply=text, failure=failure)


class _Line:
    """The queue and the associations of one peer."""

    def __init__(
        self, peer: Peer, intake: Intake, reference: Callable[[], ConnectionReference], timers: StackTimers, largest: int
    ) -> None:
        self._peer = peer
        self._intake = intake
        self._reference = reference
        self._timers = timers
        self._largest = largest
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue()
        self._workers: set[asyncio.Task[None]] = set()
        self._idle = 0
        self._not_before = 0.0
        self._last_error = ""

    async def transfer(self, apdu: Octets) -> None:
        loop = asyncio.get_running_loop()
        if not self._workers and loop.time() < self._not_before:
            raise TransferFailedError(f"waiting before the next call to {self._peer.name}: {self._last_error}")
        job = _Job(apdu, loop.create_future())
        self._jobs.put_nowait(job)
        if self._idle < self._jobs.qsize() and len(self._workers) < self._peer.associations:
            worker = loop.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        await job.done

    async def stop(self) -> None:
        for worker in tuple(self._workers):
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._fail_waiting("the gateway is stopping")

    async def _work(self) -> None:
        """One association: open, send what is queued, release after the idle time."""
        try:
            association = await self._open()
        except TransferFailedError as error:
            self._last_error = str(error)
            self._not_before = asyncio.get_running_loop().time() + self._peer.retry_seconds
            _log.warning("association.refused", peer=self._peer.name, reason=str(error), direction="outgoing")
            if len(self._workers) == 1:
                self._fail_waiting(str(error))
            return
        try:
            await self._serve(association)
        finally:
            await association.close()
            if len(self._workers) == 1 and not self._jobs.empty():
                self._fail_waiting("the association ended before this transfer began")

    def _fail_waiting(self, text: str) -> None:
        while not self._jobs.empty():
            job = self._jobs.get_nowait()
            if not job.done.done():
                job.done.set_exception(TransferFailedError(text))

    async def _open(self) -> Association:
        peer = self._peer
        request = RTOpenRequest(
            mode=Mode.NORMAL, calling=peer.calling, called=peer.called, user_data=argument_of_bind(peer, Mode.NORMAL),
            checkpoint_size=peer.checkpoint_size, window_size=peer.window_size, dialogue=peer.dialogue,
            session_versions=peer.session_versions, reference=self._reference(), tpdu_size=peer.tpdu_size,
        )  # fmt: skip
        stack = Stack.initiator(request, timers=self._timers)
        try:
            association = await connect(stack, peer.host, peer.port, seconds=peer.connect_timeout_seconds)
        except ConnectionFailedError as error:
            raise TransferFailedError(str(error)) from error
        try:
            await self._bound(association)
        except BaseException:
            await association.close()
            raise
        _log.info("association.opened", peer=peer.name, address=association.peer_address, direction="outgoing", detail=stack.description)
        return association

    async def _bound(self, association: Association) -> None:
        """Wait for the answer to our bind and check who answered."""
        event = await association.event()
        match event:
            case RTOpenConfirm(accepted=True):
                fault = check_bind_result(self._peer, event.user_data)
                if fault:
                    association.request(RTUAbortRequest(reason=AbortReason.USER_ERROR))
                    await association.flush()
                    raise TransferFailedError(f"{self._peer.name} answered the bind, but {fault}")
            case RTOpenConfirm():
                raise TransferFailedError(f"{self._peer.name} refused the bind: {refusal_text(event)}")
            case RTAbortIndication():
                raise TransferFailedError(f"{self._peer.name} ended the connection during the bind: {event.layer}: {event.text}")
            case _:
                raise TransferFailedError(f"{self._peer.name} closed the connection during the bind")

    async def _serve(self, association: Association) -> None:
        """Send jobs until the association ends or stays idle."""
        conversation = _Conversation(
            association,
            self._peer,
            Reception(association, self._peer, self._intake, session=association.stack.description, largest=self._largest),
        )
        try:
            while conversation.open:
                self._idle += 1
                try:
                    job = await conversation.idle(self._jobs, self._peer.idle_timeout_seconds)
                finally:
                    self._idle -= 1
                if job is None:
                    return
                await self._run(conversation, job)
        finally:
            await conversation.end()

    async def _run(self, conversation: _Conversation, job: _Job) -> None:
        try:
            await conversation.transfer(job.apdu)
        except TransferFailedError as error:
            _log.warning("transfer.failed", peer=self._peer.name, reason=str(error), octets=len(job.apdu))
            if not job.done.done():
                job.done.set_exception(error)
        except BaseException:
            if not job.done.done():
                job.done.set_exception(TransferFailedError("the transfer was broken off on our side"))
            raise
        else:
            _log.info("transfer.sent", peer=self._peer.name, octets=len(job.apdu))
            if not job.done.done():
                job.done.set_result(None)


class _Conversation:
    """One open association of ours: one transfer at a time, turns, incoming transfers, release."""

    def __init__(self, association: Association, peer: Peer, reception: Reception) -> None:
        self.open = True
        self._association = association
        self._peer = peer
        self._reception = reception
        self._pending: asyncio.Task[object] | None = None

    def _event(self) -> asyncio.Task[object]:
        """The task that waits for the next primitive; kept over several waits, so that none is lost."""
        if self._pending is None:
            self._pending = asyncio.get_running_loop().create_task(self._association.event())
        self._association.wake()
        return self._pending

    async def _next(self) -> object:
        event = await self._event()
        self._pending = None
        return event

    async def idle(self, jobs: asyncio.Queue[_Job], seconds: float) -> _Job | None:
        """Wait for a job; None when the association ended or nothing came for ``seconds``."""
        waiting = asyncio.get_running_loop().create_task(jobs.get())
        deadline = asyncio.get_running_loop().time() + seconds
        asked = False
        try:
            while self.open:
                if waiting.done() and self._association.stack.our_turn:
                    return waiting.result()
                if waiting.done() and not asked:
                    self._association.request(RTTurnPleaseRequest())
                    asked = True
                left = deadline - asyncio.get_running_loop().time()
                event = self._event()
                wanted = {event} if waiting.done() else {event, waiting}
                await asyncio.wait(wanted, timeout=max(0.0, left), return_when=asyncio.FIRST_COMPLETED)
                if event.done():
                    await self._handle(await self._next())
                elif not waiting.done() and left <= 0:
                    return None
            return None
        finally:
            if waiting.done() and not waiting.cancelled():
                if not self.open:
                    jobs.put_nowait(waiting.result())
            else:
                waiting.cancel()

    async def transfer(self, apdu: Octets) -> None:
        """Send one APDU and wait for its confirm.

        Raises:
            TransferFailedError: The association broke, or the peer could not take it now.
        """
        self._association.request(RTTransferRequest(apdu=apdu))
        while True:
            event = await self._next()
            match event:
                case RTTransferConfirm(transferred=True):
                    return
                case RTTransferConfirm():
                    raise TransferFailedError(f"{self._peer.name} did not take the transfer: {event.text} (reason {event.reason})")
                case RTAbortIndication():
                    await self._handle(event)
                    raise TransferFailedError(f"the association with {self._peer.name} broke: {event.layer}: {event.text}")
                case None:
                    self.open = False
                    raise TransferFailedError(f"the connection to {self._peer.name} was lost")
                case _:
                    await self._handle(event)

    async def end(self) -> None:
        """Release in order when that is still possible."""
        try:
            if self.open and self._association.stack.our_turn:
                self._association.request(RTCloseRequest())
                async with asyncio.timeout(10):
                    while self.open:
                        await self._handle(await self._next())
        except (TimeoutError, GatewayError):
            pass
        finally:
            if self._pending is not None:
                self._pending.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._pending
            await self._reception.abandon()

    async def _handle(self, event: object) -> None:
        if await self._reception.handle(event):
            return
        match event:
            case RTTurnPleaseIndication():
                if self._association.stack.our_turn and self._association.stack.idle:
                    self._association.request(RTTurnGiveRequest())
            case RTTurnGiveIndication():
                pass
            case RTCloseConfirm():
                self.open = False
                _log.info("association.closed", peer=self._peer.name, direction="outgoing")
            case RTAbortIndication():
                self.open = False
                reason = event.text or str(event.reason)
                _log.warning("association.aborted", peer=self._peer.name, layer=event.layer, reason=reason, direction="outgoing")
            case None:
                self.open = False
            case _:
                pass
