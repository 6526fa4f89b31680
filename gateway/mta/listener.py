"""The P1 listener: binds of adjacent MTAs, and what they transfer to us."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from gateway import log
from gateway.mta.association import Association, ConnectionFailedError, host_of
from gateway.mta.binding import read_bind_argument, refuse_bind, result_of_bind
from gateway.mta.credentials import Offer
from gateway.mta.line import Line
from gateway.mta.listener_settings import ListenerSettings
from gateway.mta.partials import Partials, Shelf
from gateway.mta.peers import BindFault, Peer, Peers
from gateway.mta.reception import Intake, Reception
from gateway.mta.trace import Trace
from gateway.osi.service import (
    NEED_DATA,
    AbortReason,
    ConnectionReference,
    DialogueMode,
    DisconnectReason,
    Mode,
    RefusalKind,
    RTAbortIndication,
    RTCloseIndication,
    RTOpenIndication,
    RTOpenReject,
    RTOpenResponse,
    RTTurnGiveIndication,
    RTTurnGiveRequest,
    RTTurnPleaseIndication,
    RTUAbortRequest,
    StackLimits,
    TConnectIndication,
    TConnectResponse,
    TDisconnectRequest,
    TokenSide,
)
from gateway.osi.stack import Stack
from gateway.x400.bind import MTABindError

__all__ = ["MTS_TRANSFER", "Listener", "ListenerSettings"]

_log = log.get("mta")

MTS_TRANSFER = "2.6.0.1.6"
"""The application context id-ac-mts-transfer (X.419)."""


_RECOVERIES_BEFORE_ALARM = 3
_RECOVERIES_WITHOUT_END = "a peer asks for recovery again and again: set checkpoint 0 at the peer, or recovery = true for it here"

_REMEMBERED_FAILURES = 1000
"""Network addresses whose wrong binds are counted; when there are more, counting begins again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    """A bind that is not taken: why, for the log, and what the caller is told."""

    text: str
    reject: RTOpenReject
    offered: str = ""
    expected: str = ""
    guess: bool = False  # of a name or a proof: the next answer comes more slowly


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bound:
    """A bind that is taken: who calls, and with what."""

    peer: Peer
    offer: Offer


class Listener:
    """Listens for P1 associations and serves each in a task of its own.

    Args:
        settings: How it behaves.
        peers: Who may call.
        intake: Where goes what they send.
        line_to: The line to a peer, which sends over the two-way alternate associations that the peer opens.
        trace: Who listens in.
        shelf: Where parts of transfers outlive the process; None: they do not.
    """

    def __init__(
        self,
        settings: ListenerSettings,
        peers: Peers,
        intake: Intake,
        *,
        line_to: Callable[[Peer], Line | None] = lambda peer: None,
        trace: Trace | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self._line_to = line_to
        self._trace = trace or Trace()
        clock = lambda: asyncio.get_running_loop().time()  # noqa: E731 - there is no loop yet
        self._partials = Partials(seconds=settings.recovery_seconds, clock=clock, shelf=shelf)
        self._unknown_recoveries: Counter[str] = Counter()
        self._settings = settings
        self._peers = peers
        self._intake = intake
        self._server: asyncio.Server | None = None
        self._tls_server: asyncio.Server | None = None
        self._tls_context = settings.tls.context() if settings.tls is not None else None
        self._addresses: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._incoming: Counter[str] = Counter()
        self._unbound: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()

    @property
    def port(self) -> int:
        """The port that is really bound."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def associations(self) -> dict[str, int]:
        """How many associations peers have opened, by peer."""
        return {name: self._incoming[name] for name in (peer.name for peer in self._peers)}

    @property
    def tls_port(self) -> int:
        """The port that is really bound for calls under TLS."""
        assert self._tls_server is not None
        port: int = self._tls_server.sockets[0].getsockname()[1]
        return port

    async def start(self, bound: socket.socket | None = None) -> None:
        """Bind (or take over a bound socket) and listen; with TLS on a second port, too."""
        loop = asyncio.get_running_loop()
        if bound is not None:
            self._server = await loop.create_server(self._accepted, sock=bound)
        else:
            self._server = await loop.create_server(self._accepted, self._settings.host, self._settings.port)
        if self._tls_context is not None:
            secured = partial(self._accepted, secured=True)
            self._tls_server = await loop.create_server(secured, self._settings.host, self._settings.tls_port)

    async def stop(self) -> None:
        """Stop listening and abort what is still open; unacknowledged transfers stay with their senders."""
        for server in (self._server, self._tls_server):
            if server is not None:
                server.close()
        while self._tasks:
            for task in tuple(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._partials.close()

    def _accepted(self, *, secured: bool = False) -> Association:
        timers = self._settings.timers
        limits = StackLimits(apdu=self._settings.largest_octets + 65536)
        stack = Stack.responder(timers=timers, limits=limits)
        return Association(
            stack, stall_seconds=timers.progress, opened=partial(self._begin, secured=secured), secured=secured,
            tpkts_per_second=self._settings.tpkts_per_second,
        )  # fmt: skip

    def _begin(self, association: Association, *, secured: bool) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(association, secured=secured))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, association: Association, *, secured: bool) -> None:
        """One connection from CR to its end. This is an edge: whatever goes wrong ends this connection only."""
        host = host_of(association)
        self._addresses[host] += 1
        self._trace.connected(association, None)
        try:
            if reason := self._too_many(host):
                _log.warning("connection.refused", address=association.peer_address, reason=reason)
                return
            self._unbound[host] += 1
            try:
                if secured:
                    await self._secure(association)
                opened = await self._open(association)
            finally:
                self._unbound -= Counter((host,))
            if opened is not None:
                await self._receive(association, *opened)
        except ConnectionFailedError as error:
            _log.warning("connection.refused", address=association.peer_address, reason=str(error))
        except Exception:
            _log.exception("association.aborted", address=association.peer_address, reason="a fault of our own")
        finally:
            self._addresses -= Counter((host,))
            try:
                await association.close()
            finally:
                self._trace.closed(association)

    async def _secure(self, association: Association) -> None:
        """TLS before the first octet of the stack; the handshake counts as time to say who one is."""
        assert self._tls_context is not None
        await association.start_tls(self._tls_context, server_side=True, seconds=self._settings.timers.bind_input)

    def _too_many(self, host: str) -> str:
        """Why one connection more is not served; empty when it is. There is nobody to tell yet: TCP is closed."""
        if len(self._tasks) > self._settings.connections:
            return f"there are {self._settings.connections} connections already"
        if self._addresses[host] > self._settings.per_address:
            return f"there are {self._settings.per_address} connections of {host} already"
        if self._unbound[host] >= self._settings.unbound:
            return f"{self._settings.unbound} connections of {host} have not said who they are"
        return ""

    async def _open(self, association: Association) -> tuple[Peer, RTOpenIndication] | None:
        """Transport connection and bind; None when it was refused or broke off, and TCP is closed."""
        explained = False
        while (event := await association.event()) is not None:
            match event:
                case TConnectIndication():
                    explained = not self._answer_connect(association, event)
                case RTOpenIndication():
                    peer = await self._answer_open(association, event)
                    if peer is not None:
                        return peer, event
                    explained = True
                case RTAbortIndication():
                    # Going on until TCP is closed gives the caller the time to read what we answered.
                    _log_abort(association, None, event)
                    explained = True
                case _:
                    pass
        if not explained:
            _log.warning("association.aborted", address=association.peer_address, reason="the caller ended the connection before the bind")
        return None

    def _answer_connect(self, association: Association, event: TConnectIndication) -> bool:
        if event.called in self._settings.tsels:
            association.response(TConnectResponse(tpdu_size=self._settings.tpdu_size))
            return True
        _log.warning(
            "connection.refused", address=association.peer_address, reason="unknown called TSEL", offered=event.called,
            expected=", ".join(repr(tsel) for tsel in self._settings.tsels),
        )  # fmt: skip
        association.request(TDisconnectRequest(reason=DisconnectReason.ADDRESS_UNKNOWN))
        return False

    async def _answer_open(self, association: Association, event: RTOpenIndication) -> Peer | None:
        if event.recover is not None:
            found = await self._judge_recovery(association, event, event.recover)
        else:
            found = self._judge(association, event)
        if isinstance(found, _Refusal):
            await self._refuse(association, event, found)
            return None
        peer = found.peer
        answer = RTOpenResponse(checkpoint_size=peer.checkpoint_size, window_size=peer.window_size, resumption=peer.recovery)
        if event.recover is None:
            answer = replace(answer, user_data=result_of_bind(peer, event.mode, found.offer))
        association.response(replace(answer, recovered=event.recover is not None))
        self._incoming[peer.name] += 1
        self._failures.pop(host_of(association), None)
        _log.info("association.opened", peer=peer.name, address=association.peer_address, detail=association.stack.description)
        return peer

    async def _refuse(self, association: Association, event: RTOpenIndication, refusal: _Refusal) -> None:
        """Say no, more slowly each time that the same address offers a wrong name or password."""
        _log.warning(
            "association.refused", address=association.peer_address, reason=refusal.text, calling=event.calling.tsel,
            called=event.called.tsel, offered=refusal.offered, expected=refusal.expected,
        )  # fmt: skip
        if refusal.guess:
            host = host_of(association)
            if len(self._failures) >= _REMEMBERED_FAILURES:
                self._failures.clear()
            self._failures[host] += 1
            await asyncio.sleep(min(10.0, self._settings.wrong_bind_delay_seconds * self._failures[host]))
        association.response(refusal.reject)

    def _judge(self, association: Association, event: RTOpenIndication) -> _Bound | _Refusal:
        """The table "which answer for which fault" of p1-stack.md section 6."""
        if refusal := self._misaddressed(event):
            return refusal
        argument = read_bind_argument(event.user_data)
        if argument is None:
            return _Refusal(text="the bind argument does not decode", reject=RTOpenReject(kind=RefusalKind.UNREADABLE))
        offer = replace(
            argument, address=host_of(association), calling=event.calling, called=event.called, certificate=association.certificate
        )
        peer = self._peers.authenticate(offer)
        self._trace.known(association, peer.peer if isinstance(peer, BindFault) else peer, offer.password)
        if isinstance(peer, BindFault):
            reject = refuse_bind(MTABindError.AUTHENTICATION_ERROR, event.mode)
            return _Refusal(text=peer.text, reject=reject, offered=str(offer), expected=peer.expected, guess=True)
        if text := _dialogue_fault(peer, event):
            return _Refusal(text=text, reject=refuse_bind(MTABindError.UNACCEPTABLE_DIALOGUE_MODE, event.mode))
        if not self._intake.ready:
            return _Refusal(text="the queue is below its low-water mark", reject=refuse_bind(MTABindError.BUSY, event.mode))
        if self._incoming[peer.name] >= peer.incoming:
            text = f"peer {peer.name} has {peer.incoming} associations to us already"
            return _Refusal(text=text, reject=refuse_bind(MTABindError.BUSY, event.mode))
        return _Bound(peer=peer, offer=offer)

    def _misaddressed(self, event: RTOpenIndication) -> _Refusal | None:
        """Whether the caller wants somebody or something else than this MTA offers.

        In X.410 mode only transport selectors say who is called (IC-007): whatever session selector a peer sends there is taken.
        """
        settings = self._settings
        if event.mode is Mode.NORMAL and settings.ssels and event.called.ssel not in settings.ssels:
            return _Refusal(text=f"unknown called SSEL {event.called.ssel!r}", reject=RTOpenReject(kind=RefusalKind.SSEL_UNKNOWN))
        if event.mode is Mode.NORMAL and settings.psels and event.called.psel not in settings.psels:
            return _Refusal(text=f"unknown called PSEL {event.called.psel!r}", reject=RTOpenReject(kind=RefusalKind.PSEL_UNKNOWN))
        if event.mode is Mode.NORMAL and event.application_context != MTS_TRANSFER:
            text = f"unknown application context {event.application_context}, only {MTS_TRANSFER} (mts-transfer) is offered"
            return _Refusal(text=text, reject=RTOpenReject(kind=RefusalKind.APPLICATION_CONTEXT))
        return None

    async def _judge_recovery(
        self, association: Association, event: RTOpenIndication, reference: ConnectionReference
    ) -> _Bound | _Refusal:
        """Whether a dead association may be taken up again: only from the address that it came from, for a short time, by who may."""
        if refusal := self._misaddressed(event):
            return refusal
        host = host_of(association)
        peer = self._peers.get(await self._partials.owner(reference, host))
        if peer is not None and peer.recovery:
            self._trace.known(association, peer)
            return _Bound(peer=peer, offer=Offer(address=host))
        self._unknown_recoveries[host] += 1
        if self._unknown_recoveries[host] % _RECOVERIES_BEFORE_ALARM == 0:
            # IC-028: some peers ask without end and then declare the whole gateway invalid.
            _log.error("association.refused", address=association.peer_address, reason=_RECOVERIES_WITHOUT_END)
        text = "recovery of an earlier association is not offered, or there is nothing of it"
        return _Refusal(text=text, reject=RTOpenReject(kind=RefusalKind.CANNOT_RECOVER))

    async def _receive(self, association: Association, peer: Peer, opening: RTOpenIndication) -> None:
        """The life of an open association: transfers in, turns given back, release or abort."""
        largest = self._settings.largest_octets
        partials = self._partials if peer.recovery else None
        reception = Reception(association, peer, self._intake, reference=opening.reference, largest=largest, partials=partials)
        line = self._line_to(peer) if opening.dialogue is DialogueMode.TWO_WAY_ALTERNATE else None
        try:
            if line is not None:
                await line.adopt(association, reception, self._settings.idle_timeout_seconds)
                return
            if opening.initial_turn is TokenSide.ACCEPTOR:
                association.request(RTTurnGiveRequest())
            while (event := await self._next(association)) is not None:
                if not await reception.handle(event):
                    self._handle(association, peer, event)
        finally:
            self._incoming[peer.name] -= 1
            await reception.abandon()

    async def _next(self, association: Association) -> object:
        """The next primitive; an association that stays idle too long gets an abort instead of more patience."""
        idle = association.stack.idle
        deadline = asyncio.get_running_loop().time() + self._settings.idle_timeout_seconds if idle else None
        event = await association.event(deadline=deadline)
        if event is not NEED_DATA:
            return event
        text = f"nothing was transferred for {self._settings.idle_timeout_seconds:g} seconds"
        association.request(RTUAbortRequest(reason=AbortReason.TEMPORARY_PROBLEM))
        return RTAbortIndication(layer="RTSE", reason=AbortReason.TEMPORARY_PROBLEM, text=text, ours=True)

    def _handle(self, association: Association, peer: Peer, event: object) -> None:
        match event:
            case RTCloseIndication():
                _log.info("association.closed", peer=peer.name, address=association.peer_address)
            case RTAbortIndication():
                _log_abort(association, peer, event)
            case RTTurnGiveIndication() | RTTurnPleaseIndication():
                # We send over associations of our own, so a turn given to us goes straight back.
                if association.stack.our_turn and association.stack.idle:
                    association.request(RTTurnGiveRequest())
            case _:
                pass


def _dialogue_fault(peer: Peer, event: RTOpenIndication) -> str:
    """Why the proposed dialogue is not for us; empty when it is."""
    if peer.either_dialogue:
        return ""
    if event.dialogue is DialogueMode.TWO_WAY_ALTERNATE and peer.dialogue is not DialogueMode.TWO_WAY_ALTERNATE:
        return f"peer {peer.name} proposes two-way alternate, monologue is configured"
    if event.dialogue is DialogueMode.MONOLOGUE and event.initial_turn is TokenSide.ACCEPTOR:
        return f"peer {peer.name} proposes a monologue in which only we could send"
    return ""


def _log_abort(association: Association, peer: Peer | None, event: RTAbortIndication) -> None:
    _log.warning(
        "association.aborted",
        peer=peer.name if peer else None, address=association.peer_address, layer=event.layer, reason=event.text or str(event.reason),
        found_by="us" if event.ours else "the peer", transfer_lost=event.activity_open,
    )  # fmt: skip
