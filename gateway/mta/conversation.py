"""One open association seen from the side that has mail to send: one transfer at a time, turns, incoming transfers, release."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway import log
from gateway.errors import GatewayError
from gateway.mta.association import Association
from gateway.mta.peers import Peer
from gateway.mta.reception import Reception
from gateway.octets import Octets
from gateway.osi.service import (
    NEED_DATA,
    AbortReason,
    DialogueMode,
    RTAbortIndication,
    RTCheckpointConfirm,
    RTCloseConfirm,
    RTCloseIndication,
    RTCloseRequest,
    RTResumeRequest,
    RTTransferConfirm,
    RTTransferRequest,
    RTTurnGiveIndication,
    RTTurnGiveRequest,
    RTTurnPleaseIndication,
    RTTurnPleaseRequest,
    RTUAbortRequest,
    StackTimers,
    TransferPoint,
)
from gateway.spool.transfer import Priority

_log = log.get("mta")

_RELEASE_SECONDS = 10.0
"""How long a peer may take to give the turn back and to answer a release before the association is aborted instead."""

_CLOSING = 0
_TURN_PRIORITY = {Priority.URGENT: 1, Priority.NORMAL: 2, Priority.NON_URGENT: 3}
"""Priority of RT-TURN-PLEASE (p1-stack.md 7.5): 0 is the highest and reserved for closing."""


class TransferFailedError(GatewayError):
    """A transfer did not succeed this time; nothing is known to be wrong with the message itself."""


class BrokenOffError(TransferFailedError):
    """A transfer broke off.

    Attributes:
        point: Behind which it may be resumed; None: it begins anew.
        again: It is worth another try at once: a resumption was refused.
    """

    def __init__(self, text: str, *, point: TransferPoint | None, again: bool = False) -> None:
        super().__init__(text)
        self.point = point
        self.again = again


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an association is kept, in seconds.

    Attributes:
        idle: Without a transfer in either direction.
        lifetime: In all; 0: as long as it is of use.
        turn: For the turn after we have asked for it.
    """

    idle: float
    lifetime: float
    turn: float

    @classmethod
    def of(cls, peer: Peer, timers: StackTimers) -> Patience:
        """What a peer's description says."""
        return cls(idle=peer.idle_timeout_seconds, lifetime=peer.lifetime_seconds, turn=timers.confirm)


class Conversation:
    """One open association.

    Args:
        association: The association.
        peer: Who is at its other end.
        reception: Takes what the peer sends.
        patience: How long it is kept.
        opened_by_us: Only then may we release it (X.228 RT-CLOSE).

    Attributes:
        open: The association stands, and nothing went wrong that forbids its release in order.
        free: It waits for a job.
        unwanted: Somebody else needs its place: it ends as soon as it is idle.
    """

    def __init__(
        self, association: Association, peer: Peer, reception: Reception, patience: Patience, *, opened_by_us: bool = True
    ) -> None:
        self.open = True
        self.free = False
        self.unwanted = False
        self._association = association
        self._stack = association.stack
        self._peer = peer
        self._reception = reception
        self._patience = patience
        self._ours = opened_by_us
        self._direction = "outgoing" if opened_by_us else "incoming"
        self._peer_wants: int | None = None
        self._turn_due: float | None = None
        self._ends_at = _now() + patience.lifetime if patience.lifetime else None

    def wake(self) -> None:
        """There is a job."""
        self._association.wake()

    async def ready(self, wanted: Callable[[], Priority | None]) -> bool:
        """Wait until there is a job and it is our turn to send.

        Args:
            wanted: The priority of the most urgent job, None when there is none.

        Returns:
            False when the association ended, stayed idle too long, or the peer does not give the turn.
        """
        self.free = True
        try:
            idle_until = _now() + self._patience.idle
            while self.open:
                event = await self._association.event(wanted=lambda: True)  # what has come meanwhile counts first
                if event is NEED_DATA:
                    job = wanted()
                    self._mind_turn(job)
                    if self._has_turn and job is not None and not self._outlived:
                        return True
                    if self._over(idle_until, job):
                        return False
                    event = await self._wait(wanted, idle_until)
                if event is not NEED_DATA:
                    await self._handle(event)
                    idle_until = _now() + self._patience.idle
            return False
        finally:
            self.free = False

    @property
    def _has_turn(self) -> bool:
        return self._stack.idle and self._stack.our_turn

    @property
    def _outlived(self) -> bool:
        return self._ends_at is not None and self._ends_at <= _now()

    def _mind_turn(self, job: Priority | None) -> None:
        """Give the turn to a peer that has asked for it and has nothing less urgent than we; ask for it when we have something."""
        if self._has_turn:
            self._turn_due = None
            if self._peer_wants is not None and (job is None or self._peer_wants <= _TURN_PRIORITY[job]):
                self._peer_wants = None
                self._association.request(RTTurnGiveRequest())
        elif self._stack.idle and job is not None and self._turn_due is None:
            self._association.request(RTTurnPleaseRequest(priority=_TURN_PRIORITY[job]))
            self._turn_due = _now() + self._patience.turn

    def _over(self, idle_until: float, job: Priority | None) -> bool:
        """Whether there is no point in waiting on."""
        if not self._stack.idle:
            return False
        if self._turn_due is not None and self._turn_due <= _now():
            self._log_abort("the peer does not give us the turn")
            self.open = False
            return True
        if self._outlived or (self.unwanted and job is None):
            return True
        return job is None and idle_until <= _now()

    async def _wait(self, wanted: Callable[[], Priority | None], idle_until: float) -> object:
        """The next primitive, or NEED_DATA when there is a job we can do something about or a time is over."""
        if not self._stack.idle:
            return await self._association.event(wanted=lambda: self._stack.idle)
        asked = not self._stack.our_turn and self._turn_due is not None
        due = self._turn_due if asked else idle_until
        times = [time for time in (due, self._ends_at) if time is not None]
        return await self._association.event(
            wanted=(lambda: False) if asked else (lambda: self.unwanted or wanted() is not None), deadline=min(times)
        )

    async def transfer(
        self,
        apdu: Octets,
        point: TransferPoint | None = None,
        confirmed: Callable[[TransferPoint], Awaitable[None]] | None = None,
    ) -> None:
        """Send one APDU and wait for its confirm; afterwards the association is idle again, or not `open`.

        Args:
            apdu: The APDU.
            point: Behind which to go on, for one that broke off.
            confirmed: Is told of every checkpoint that the peer confirms.

        Raises:
            TransferFailedError: The association broke, or the peer could not take it now; `BrokenOffError` where it may be resumed.
            GatewayError: The octets of the APDU cannot be read.
        """
        settled = False
        try:
            told = confirmed is not None
            whole = RTTransferRequest(apdu=apdu, checkpoints=told)
            self._association.request(whole if point is None else RTResumeRequest(apdu=apdu, point=point, checkpoints=told))
            while not settled:
                event = await self._association.event()
                if confirmed is not None and isinstance(event, RTCheckpointConfirm):
                    await confirmed(event.point)
                    continue
                settled = isinstance(event, RTTransferConfirm)
                if not settled:
                    await self._handle(event)
                    if isinstance(event, RTAbortIndication) and event.transferred:
                        return  # the confirmation was lost, and it says so (RTAB transfer-completed)
                    self._check_open(event)
        finally:
            self.open = self.open and settled
        assert isinstance(event, RTTransferConfirm)
        if not event.transferred:
            text = f"{self._peer.name} did not take the transfer: {event.text}"
            raise BrokenOffError(text, point=event.point, again=point is not None and event.point is None)

    def _check_open(self, event: object) -> None:
        if isinstance(event, RTAbortIndication):
            raise BrokenOffError(f"the association with {self._peer.name} broke: {event.layer}: {event.text}", point=event.point)
        if not self.open:
            raise TransferFailedError(f"the connection to {self._peer.name} was lost")

    async def end(self) -> None:
        """Release in order when that is possible; `Association.close` aborts what is left."""
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                if self._ours:
                    await self._release()
                elif self.open and self._stack.idle:
                    # Releasing it is its opener's business (X.228); one that has been idle for so long is gone or forgotten.
                    self._log_abort(f"nothing was transferred for {self._patience.idle:g} seconds")
                    self._association.request(RTUAbortRequest(reason=AbortReason.TEMPORARY_PROBLEM))
        except (TimeoutError, GatewayError) as error:
            self._log_abort(f"no release in order: {error or 'no answer'}")
        finally:
            await self._reception.abandon()

    async def _release(self) -> None:
        if self.open and self._stack.idle and not self._stack.our_turn:
            self._association.request(RTTurnPleaseRequest(priority=_CLOSING))
            while self.open and not self._has_turn:
                await self._handle(await self._association.event())
        if self.open and self._has_turn:
            self._association.request(RTCloseRequest())
            while self.open:
                await self._handle(await self._association.event())

    def _log_abort(self, reason: str) -> None:
        _log.warning("association.aborted", peer=self._peer.name, direction=self._direction, reason=reason)

    async def _handle(self, event: object) -> None:
        """Deal with what the peer does of its own accord."""
        if self._turn_due is not None:
            self._turn_due = _now() + self._patience.turn  # it uses the turn
        if await self._reception.handle(event):
            return
        match event:
            case RTTurnPleaseIndication():
                self._peer_wants = event.priority if self._may_alternate else None
            case RTTurnGiveIndication():
                self._turn_due = None
            case RTCloseConfirm() | RTCloseIndication():
                self.open = False
                _log.info("association.closed", peer=self._peer.name, direction=self._direction, address=self._association.peer_address)
            case RTAbortIndication():
                self.open = False
                _log.warning(
                    "association.aborted", peer=self._peer.name, address=self._association.peer_address, direction=self._direction,
                    layer=event.layer, reason=event.text or str(event.reason), found_by="us" if event.ours else "the peer",
                    transfer_lost=event.activity_open,
                )  # fmt: skip
            case None:
                self.open = False
            case _:
                pass

    @property
    def _may_alternate(self) -> bool:
        return self._peer.dialogue is DialogueMode.TWO_WAY_ALTERNATE or self._peer.either_dialogue


def _now() -> float:
    return asyncio.get_running_loop().time()
