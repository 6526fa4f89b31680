"""The P1 listener: binds of adjacent MTAs, and what they transfer to us."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from gateway import log
from gateway.mta.association import Association
from gateway.mta.binding import read_bind_argument, refuse_bind, result_of_bind
from gateway.mta.peers import BindFault, Peer, Peers
from gateway.mta.reception import Intake, Reception
from gateway.osi.service import (
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
    StackLimits,
    StackTimers,
    TConnectIndication,
    TConnectResponse,
    TDisconnectRequest,
)
from gateway.osi.stack import Stack
from gateway.x400.bind import MTABindError

_log = log.get("mta")

MTS_TRANSFER = "2.6.0.1.6"
"""The application context id-ac-mts-transfer (X.419)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerSettings:
    """How the P1 listener behaves.

    Attributes:
        tsels: Transport selectors that we answer to; an empty one among them takes calls without a selector.
        ssels, psels: The same for session and presentation; empty means any.
        connections: The most connections at once, all peers together.
        wrong_bind_delay_seconds: How long the answer to a wrong password waits, times the number of failures in a row.
        largest_octets: Largest APDU that is received at all.
    """

    host: str = "127.0.0.1"
    port: int = 102
    tsels: Collection[bytes] = (b"",)
    ssels: Collection[bytes] = ()
    psels: Collection[bytes] = ()
    connections: int = 200
    wrong_bind_delay_seconds: float = 0.2
    tpdu_size: int = 8192
    largest_octets: int = 1 << 30
    timers: StackTimers = StackTimers()


class Listener:
    """Listens for P1 associations and serves each in a task of its own."""

    def __init__(self, settings: ListenerSettings, peers: Peers, intake: Intake) -> None:
        self._settings = settings
        self._peers = peers
        self._intake = intake
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._incoming: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()

    @property
    def port(self) -> int:
        """The port that is really bound."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self, bound: socket.socket | None = None) -> None:
        """Bind (or take over a bound socket) and listen."""
        loop = asyncio.get_running_loop()
        if bound is not None:
            self._server = await loop.create_server(self._accepted, sock=bound)
        else:
            self._server = await loop.create_server(self._accepted, self._settings.host, self._settings.port)

    async def stop(self) -> None:
        """Stop listening and cut what is still open; unacknowledged transfers stay with their senders."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accepted(self) -> Association:
        limits = StackLimits(apdu=self._settings.largest_octets + 65536)
        association = Association(Stack.responder(timers=self._settings.timers, limits=limits))
        association.stack.now = asyncio.get_running_loop().time()
        task = asyncio.get_running_loop().create_task(self._serve(association))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return association

    async def _serve(self, association: Association) -> None:
        """One connection from CR to its end. This is an edge: whatever goes wrong ends this connection only."""
        try:
            if len(self._tasks) > self._settings.connections:
                _log.warning("connection.refused", address=association.peer_address, reason="too many connections")
                return
            peer = await self._open(association)
            if peer is not None:
                await self._receive(association, peer)
        except Exception:
            _log.exception("association.aborted", address=association.peer_address, reason="a fault of our own")
        finally:
            await association.close()

    async def _open(self, association: Association) -> Peer | None:
        """Transport connection and bind; None when it was refused or broke off."""
        while (event := await association.event()) is not None:
            match event:
                case TConnectIndication():
                    self._answer_connect(association, event)
                case RTOpenIndication():
                    return await self._answer_open(association, event)
                case RTAbortIndication():
                    _log_abort(association, None, event)
                    return None
                case _:
                    pass
        return None

    def _answer_connect(self, association: Association, event: TConnectIndication) -> None:
        if event.called in self._settings.tsels:
            association.response(TConnectResponse(tpdu_size=self._settings.tpdu_size))
            return
        _log.warning(
            "connection.refused", address=association.peer_address, reason="unknown called TSEL", offered=event.called,
            expected=", ".join(repr(tsel) for tsel in self._settings.tsels),
        )  # fmt: skip
        association.request(TDisconnectRequest(reason=DisconnectReason.ADDRESS_UNKNOWN))

    async def _answer_open(self, association: Association, event: RTOpenIndication) -> Peer | None:
        found = self._judge(association, event)
        if isinstance(found, Peer):
            self._incoming[found.name] += 1
            self._failures.pop(_host(association), None)
            association.response(
                RTOpenResponse(
                    user_data=result_of_bind(found, event.mode), checkpoint_size=found.checkpoint_size, window_size=found.window_size
                )
            )
            _log.info("association.opened", peer=found.name, address=association.peer_address, detail=association.stack.description)
            return found
        text, reject = found
        _log.warning(
            "association.refused", address=association.peer_address, reason=text, calling=event.calling.tsel, called=event.called.tsel
        )
        if reject.kind is RefusalKind.USER:
            self._failures[_host(association)] += 1
            await asyncio.sleep(min(10.0, self._settings.wrong_bind_delay_seconds * self._failures[_host(association)]))
        association.response(reject)
        await association.flush()
        while await association.event() is not None:
            pass
        return None

    def _judge(self, association: Association, event: RTOpenIndication) -> Peer | tuple[str, RTOpenReject]:
        """The table "which answer for which fault" of p1-stack.md section 6."""
        settings = self._settings
        if settings.ssels and event.called.ssel not in settings.ssels:
            return f"unknown called SSEL {event.called.ssel!r}", RTOpenReject(kind=RefusalKind.SSEL_UNKNOWN)
        if settings.psels and event.called.psel not in settings.psels:
            return f"unknown called PSEL {event.called.psel!r}", RTOpenReject(kind=RefusalKind.PSEL_UNKNOWN)
        if event.mode is Mode.NORMAL and event.application_context != MTS_TRANSFER:
            return f"application context {event.application_context}", RTOpenReject(kind=RefusalKind.APPLICATION_CONTEXT)
        if event.recover is not None:
            return "recovery of an earlier association is not offered", RTOpenReject(kind=RefusalKind.CANNOT_RECOVER)
        argument = read_bind_argument(event.user_data)
        if argument is None:
            return "the bind argument does not decode", RTOpenReject(kind=RefusalKind.UNREADABLE)
        peer = self._peers.authenticate(argument.mta_name, argument.password, _host(association))
        if isinstance(peer, BindFault):
            return peer.text, refuse_bind(MTABindError.AUTHENTICATION_ERROR, event.mode)
        if event.dialogue is not DialogueMode.MONOLOGUE and event.dialogue is not peer.dialogue:
            text = f"peer {peer.name} proposes two-way alternate, monologue is configured"
            return text, refuse_bind(MTABindError.UNACCEPTABLE_DIALOGUE_MODE, event.mode)
        if self._incoming[peer.name] >= peer.incoming:
            return f"peer {peer.name} has {peer.incoming} associations to us already", refuse_bind(MTABindError.BUSY, event.mode)
        return peer

    async def _receive(self, association: Association, peer: Peer) -> None:
        """The life of an open association: transfers in, turns given back, release or abort."""
        reception = Reception(
            association, peer, self._intake, session=association.stack.description, largest=self._settings.largest_octets
        )
        try:
            while (event := await association.event()) is not None:
                if await reception.handle(event):
                    continue
                match event:
                    case RTCloseIndication():
                        _log.info("association.closed", peer=peer.name, address=association.peer_address)
                    case RTAbortIndication():
                        _log_abort(association, peer, event)
                    case RTTurnGiveIndication():
                        # We send over associations of our own, so a turn given to us goes straight back.
                        association.request(RTTurnGiveRequest())
                    case _:
                        pass
        finally:
            self._incoming[peer.name] -= 1
            await reception.abandon()


def _host(association: Association) -> str:
    return association.peer_address.rpartition(":")[0]


def _log_abort(association: Association, peer: Peer | None, event: RTAbortIndication) -> None:
    _log.warning(
        "association.aborted",
        peer=peer.name if peer else None, address=association.peer_address, layer=event.layer, reason=event.text or str(event.reason),
        found_by="us" if event.ours else "the peer", transfer_lost=event.activity_open,
    )  # fmt: skip
