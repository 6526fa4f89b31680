"""One association: the thin asyncio shell around `osi.stack.Stack`.

Octets that arrive go into the stack, what the stack wants to say goes out, and whoever owns the association pulls one
primitive at a time with `Association.event`. Who does not pull is not filled: reading stops while primitives wait.
A peer that does not read is not waited for longer than `stall_seconds`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from gateway.errors import GatewayError, ProtocolError
from gateway.mta.certificates import Certificate
from gateway.mta.pace import Framing, Pace
from gateway.mta.tls import certificate_of
from gateway.osi.service import NEED_DATA, PAUSED, AbortReason, RTAbortIndication, RTOpenConfirm, RTUAbortRequest
from gateway.osi.stack import Stack

_READ_AHEAD = 64 * 1024
"""Octets that may wait for the stack before reading from the socket is paused."""

_SLICE = 16 * 1024
"""Octets given to the stack at once: a flood of tiny packets must not keep the other associations from their turn."""

_LAST_WORDS_SECONDS = 5.0
"""How long the last octets may take to reach a peer whose TCP connection we close."""

_KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
"""RFC 2126 6: class 0 has no timer of its own for a peer that is silently gone."""


class ConnectionFailedError(ProtocolError):
    """TCP (or TLS) to a peer could not be opened."""

    def __init__(self, text: str, *, layer: str = "TCP") -> None:
        super().__init__(layer, text)


class Tap(Protocol):
    """Hears every octet of an association."""

    def received(self, data: bytes) -> None:
        """The peer said this."""

    def sent(self, data: bytes) -> None:
        """We said this."""


class Association(asyncio.Protocol):
    """The asyncio end of one stack. Exactly one task may use it.

    Args:
        stack: The protocol machine; every association has its own.
        stall_seconds: How long a peer may take none of the octets that wait for it.
        opened: Called when TCP is up; the listener starts the task of the association there.
        secured: TLS comes before the first octet of the stack: nothing is read until `start_tls`.
        tpkts_per_second: How fast the peer may send TPKTs before it is read from more slowly; 0: as fast as it can.

    Attributes:
        peer_address: Network address and port of the peer.
        certificate: What the peer showed under TLS.
        tap: Whoever listens in (`mta.trace`), None mostly.
        incoming, outgoing: Where either direction stands in its TPKTs.
    """

    def __init__(
        self,
        stack: Stack,
        *,
        stall_seconds: float = 300.0,
        opened: Callable[[Association], None] | None = None,
        secured: bool = False,
        tpkts_per_second: float = 0.0,
    ) -> None:
        self.stack = stack
        self.tap: Tap | None = None
        self.peer_address = ""
        self.certificate: Certificate | None = None
        self._stall = stall_seconds
        self._secured = secured
        self._pace = Pace(tpkts_per_second)
        self._slow_until = 0.0
        self.incoming, self.outgoing = Framing(), Framing()
        self._opened = opened
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._wake = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost = asyncio.Event()
        self._input = bytearray()
        self._eof = False
        self._why_lost = ""
        self._cutter: asyncio.TimerHandle | None = None
        self._tick()

    # --- asyncio.Protocol ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP is up; small TPKTs must not wait for each other (Nagle costs 40 ms a message)."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        raw = transport.get_extra_info("socket")
        if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
            self._socket = raw
            _tune(raw)
        name = transport.get_extra_info("peername")
        self.peer_address = f"{name[0]}:{name[1]}" if isinstance(name, tuple) else str(name or "")
        if self._secured:
            transport.pause_reading()  # the first octets belong to TLS
        self._wake.set()
        if self._opened is not None:
            self._opened(self)

    def data_received(self, data: bytes) -> None:
        """Octets of the peer: they wait for the owner, who is woken."""
        self._input += data
        if self.tap is not None:
            self.tap.received(data)
        wait = self._pace.take(self.incoming.follow(data), self._loop.time())
        if wait:
            self._slow_until = self._loop.time() + wait
            self._loop.call_later(wait, self._wake.set)
        if (wait or len(self._input) > _READ_AHEAD) and self._transport is not None:
            self._transport.pause_reading()
        if self._socket is not None and hasattr(socket, "TCP_QUICKACK"):
            # Peer: some leave Nagle on and send a TPKT in two segments; the kernel forgets this option by itself.
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        self._wake.set()

    def eof_received(self) -> bool:
        """The peer closed its half: P1 has no half-open connections, so this is the end."""
        self._eof = True
        self._wake.set()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """TCP is gone, in order or not."""
        self._eof = True
        if isinstance(exc, OSError) and not self._why_lost:
            self._why_lost = f"TCP was lost: {exc.strerror or exc}"
        if self._cutter is not None:
            self._cutter.cancel()
        self._lost.set()
        self._writable.set()
        self._wake.set()

    def pause_writing(self) -> None:
        """The peer reads too slowly: wait before handing over more."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._writable.set()

    # --- for the owner ------------------------------------------------------------------------------------------

    async def event(self, *, wanted: Callable[[], bool] = lambda: False, deadline: float | None = None) -> object:
        """The next primitive of the stack; everything due is written meanwhile. May be cancelled: no primitive is lost.

        Args:
            wanted: Asked when there is no primitive, and again after each `wake`; waiting ends when it says True.
            deadline: Time of the event loop at which waiting ends.

        Returns:
            A primitive of `osi.service`; NEED_DATA when waiting ended without one; None when TCP is closed and nothing
            more can come.

        Raises:
            GatewayError: The octets of a transfer that is being sent cannot be read.
        """
        while True:
            primitive = await self._pull()
            if primitive is not NEED_DATA and primitive is not PAUSED:
                return self._explained(primitive)
            if self._lost.is_set():
                return None
            if wanted() or (deadline is not None and deadline <= self._loop.time()):
                return NEED_DATA
            if not self._timer_ran():
                await self._sleep(deadline)

    async def flush(self) -> None:
        """Write what the stack has to say, as fast as the peer takes it; close TCP when the stack is done."""
        while data := self._outgoing():
            if self._transport is None or self._transport.is_closing():
                self._close_tcp()
                return
            self._transport.write(data)
            if self.tap is not None:
                self.tap.sent(data)
            self.outgoing.follow(data)
            await self._written()
        if self.stack.closed:
            self._close_tcp()

    async def start_tls(self, context: ssl.SSLContext, *, server_side: bool, seconds: float, hostname: str | None = None) -> None:
        """Put TLS under the stack, before the first octet of it.

        Args:
            context: Certificates and authorities.
            server_side: The peer has called us.
            seconds: How long the handshake may take.
            hostname: For our own calls: the name that the certificate must hold, where it is checked.

        Raises:
            ConnectionFailedError: The handshake failed.
        """
        assert self._transport is not None
        try:
            upgraded = await self._loop.start_tls(
                self._transport, self, context, server_side=server_side, server_hostname=hostname, ssl_handshake_timeout=seconds
            )
        except (OSError, ssl.SSLError, TimeoutError) as error:
            self._transport.abort()
            self.connection_lost(None)  # asyncio tells only the TLS layer, which is gone
            raise ConnectionFailedError(_tls_text(error), layer="TLS") from error
        assert upgraded is not None
        self._transport = upgraded
        self._secured = False
        self.certificate = certificate_of(upgraded.get_extra_info("ssl_object"))
        self._tick()

    def request(self, primitive: object) -> None:
        """A request downward; it is on the wire after the next `event` or `flush`.

        Raises:
            ProtocolError: The state does not allow it; nothing has changed.
        """
        self._tick()
        self.stack.request(primitive)

    def response(self, primitive: object) -> None:
        """A response downward.

        Raises:
            ProtocolError: There is nothing to answer, or not like that; nothing has changed.
        """
        self._tick()
        self.stack.response(primitive)

    async def close(self, *, seconds: float = _LAST_WORDS_SECONDS) -> None:
        """End the association, however it stands: abort it unless it is over, and wait until TCP is closed.

        The peer gets ``seconds`` to read our last words and to close TCP, then it is cut.
        """
        try:
            with contextlib.suppress(TimeoutError, GatewayError):
                async with asyncio.timeout(seconds):
                    with contextlib.suppress(ProtocolError):
                        self.request(RTUAbortRequest(reason=AbortReason.TEMPORARY_PROBLEM))
                    while await self.event() is not None:
                        pass
        finally:
            if self._transport is not None and not self._lost.is_set():
                self._transport.abort()

    def wake(self) -> None:
        """Make a waiting `event` ask its ``wanted`` again."""
        self._wake.set()

    # --- inside -------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self.stack.now = self._loop.time()

    async def _pull(self) -> object:
        """The next primitive of what is here; octets go into the stack slice by slice, and others get their turn between."""
        taken = 0
        while True:
            await self.flush()
            self._tick()
            primitive = self.stack.next_event()
            if primitive is PAUSED:
                await self.flush()
            if primitive is not NEED_DATA:
                return primitive
            if self._input:
                taken += self._feed()
                await asyncio.sleep(0)
                if taken > _READ_AHEAD:
                    taken = 0
                    self._timer_ran()
            elif self._eof:
                self._eof = False
                self.stack.receive_eof()
            else:
                await self.flush()
                self._resume_reading()
                if not self._input and not self._eof:
                    return primitive

    def _feed(self) -> int:
        """Hand one slice to the stack; its length in octets."""
        piece = bytes(self._input[:_SLICE])
        del self._input[:_SLICE]
        self.stack.receive_data(piece)
        return len(piece)

    def _outgoing(self) -> bytes:
        self._tick()
        return self.stack.data_to_send()

    async def _written(self) -> None:
        """Wait until the peer has taken most of what was written; one that takes nothing at all is cut off."""
        assert self._transport is not None
        while not self._writable.is_set():
            before = self._transport.get_write_buffer_size()
            try:
                async with asyncio.timeout(self._stall):
                    await self._writable.wait()
            except TimeoutError:
                if self._transport.get_write_buffer_size() >= before:
                    self._why_lost = f"the peer has not read anything for {self._stall:g} seconds"
                    self._transport.abort()
                    await self._lost.wait()

    def _explained(self, primitive: object) -> object:
        """The stack knows only that TCP ended; how it ended is known here."""
        if self._why_lost and isinstance(primitive, RTAbortIndication) and primitive.layer == "transport":
            return replace(primitive, layer="TCP", text=self._why_lost)
        if self._why_lost and isinstance(primitive, RTOpenConfirm) and not primitive.accepted:
            return replace(primitive, text=f"{primitive.text}; {self._why_lost}")
        return primitive

    def _resume_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing() and self._slow_until <= self._loop.time():
            self._transport.resume_reading()

    def _close_tcp(self) -> None:
        """Close TCP once everything is written, and cut it when the peer does not take that."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()
        if self._transport is not None and self._cutter is None and not self._lost.is_set():
            self._cutter = self._loop.call_later(_LAST_WORDS_SECONDS, self._transport.abort)

    def _timer_ran(self) -> bool:
        """Tell the stack when its deadline has come. Octets that are here count first, a flood of them does not delay it for ever."""
        due = self.stack.next_deadline()
        if due is None or due > self._loop.time():
            return False
        self.stack.handle_timer(self._loop.time())
        return True

    async def _sleep(self, deadline: float | None) -> None:
        """Wait for octets, for a `wake`, or for the nearest deadline."""
        times = [time for time in (deadline, self.stack.next_deadline()) if time is not None]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(min(times, default=None)):
                await self._wake.wait()
        self._wake.clear()


def _tune(raw: socket.socket) -> None:
    with contextlib.suppress(OSError):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE:
            if hasattr(socket, name):
                raw.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def host_of(association: Association) -> str:
    """Network address of the peer, without its port."""
    return association.peer_address.rpartition(":")[0]


def _tls_text(error: Exception) -> str:
    """What went wrong in a handshake, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not believed: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"the handshake failed: {error.reason or error}"
    if isinstance(error, (TimeoutError, ConnectionAbortedError)):
        return "the handshake was not finished in time, or broken off by the other side: does it speak TLS on this port?"
    return f"the handshake failed: {error}"
