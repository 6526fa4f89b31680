"""One connection to an SMTP server: aiosmtplib opens it (EHLO, STARTTLS, AUTH), then our own protocol takes it over.

aiosmtplib sends a message as one ``bytes`` and loses replies when commands are pipelined; so after the opening the
transport is handed to `_Replies`, which queues replies and slows the writer down to the speed of the network.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import aiosmtplib

from gateway.errors import GatewayError
from gateway.octets import Octets
from gateway.smtp.data import data_octets
from gateway.smtp.failures import Reply
from gateway.smtp.routing import Target, TLSMode

_LONGEST_LINE = 8 * 1024
_MOST_LINES = 200
_MOST_READY = 5000
_LINE = re.compile(rb"(\d{3})(?:([ -])(.*))?\Z", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BLOCK = 64 * 1024
_THREAD_ABOVE = 256 * 1024  # octets; reading more than this from the store is worth a thread


class ConnectionFailed(GatewayError):
    """The connection could not be made, or broke. ``reply`` is what the server said, if it said anything."""

    def __init__(self, text: str, reply: Reply | None = None) -> None:
        super().__init__(text)
        self.reply = reply


class TLSUnavailable(ConnectionFailed):
    """TLS is required and cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds to wait (RFC 5321 4.5.3.2)."""

    connect: float = 60
    command: float = 300
    data_start: float = 120
    data_block: float = 180
    data_end: float = 600


class Connection:
    """An open connection after EHLO, TLS and AUTH. One transaction at a time."""

    def __init__(self, target: Target, client: aiosmtplib.SMTP, timeouts: Timeouts) -> None:
        self.target = target
        self.extensions: Mapping[str, str] = {name.upper(): value for name, value in client.esmtp_extensions.items()}
        self.idle_since = 0.0  # time of the loop
        self.messages = 0
        self._timeouts = timeouts
        self._client = client  # kept, as its protocol object was the first owner of the transport
        self._transport = cast(asyncio.Transport, client.transport)
        self._replies = _Replies()
        self._transport.set_protocol(self._replies)
        self.tls = self._transport.get_extra_info("sslcontext") is not None

    @property
    def name(self) -> str:
        """Host and address, for outcomes and the log."""
        return f"{self.target.host} [{self.target.address.strip('[]')}]:{self.target.port}"

    @property
    def alive(self) -> bool:
        """Whether the server has neither closed nor said anything unasked."""
        return not self._transport.is_closing() and self._replies.quiet

    def offers(self, extension: str) -> bool:
        """Whether the server offered an extension."""
        return extension in self.extensions

    async def command(self, *lines: str) -> tuple[Reply, ...]:
        """Send commands, pipelined where the server offers it, and read a reply for each.

        Raises:
            ConnectionFailed: The connection broke, timed out, or the server broke the protocol.
        """
        if self.offers("PIPELINING"):
            self._write(lines)
            return tuple([await self._reply(self._timeouts.command) for _ in lines])
        found: list[Reply] = []
        for line in lines:
            self._write((line,))
            found.append(await self._reply(self._timeouts.command))
        return tuple(found)

    async def data(self, message: Octets) -> Reply:
        """DATA and the message; the reply to its end, or to DATA itself when that was refused.

        Raises:
            ConnectionFailed: As for `command`. The message may have been taken when the connection broke at the very end.
        """
        self._write(("DATA",))
        reply = await self._reply(self._timeouts.data_start)
        if reply.code != 354:
            return reply
        whole = False
        try:
            await self._send(message)
            whole = True
        finally:
            if not whole:  # only cutting the line keeps half a message from being taken for a whole one
                self._transport.abort()
        return await self._reply(self._timeouts.data_end)

    async def _send(self, message: Octets) -> None:
        pieces = data_octets(message.chunks())
        threaded = len(message) > _THREAD_ABOVE
        while piece := await asyncio.to_thread(_next, pieces) if threaded else _next(pieces):
            self._transport.write(piece)
            await self._drained()

    def quit(self) -> None:
        """Say goodbye and close; the reply is not waited for."""
        if not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
        self._transport.close()

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    def _write(self, lines: Sequence[str]) -> None:
        if any(_CONTROL.search(line) for line in lines):
            raise ConnectionFailed("a command of ours holds control characters")
        self._transport.write(b"".join(line.encode("utf-8") + b"\r\n" for line in lines))

    async def _reply(self, seconds: float) -> Reply:
        try:
            reply = await asyncio.wait_for(self._replies.next(), seconds)
        except TimeoutError:
            self._transport.abort()
            raise ConnectionFailed(f"no reply within {seconds:g} seconds") from None
        if reply.code == 421:
            self._transport.abort()
            raise ConnectionFailed(f"the server closes: {reply}", reply)
        return reply

    async def _drained(self) -> None:
        try:
            await asyncio.wait_for(self._replies.drained(), self._timeouts.data_block)
        except TimeoutError:
            raise ConnectionFailed(f"the server took nothing for {self._timeouts.data_block:g} seconds") from None


async def open_connection(target: Target, *, hostname: str, timeouts: Timeouts) -> Connection:
    """Connect, greet, secure, authenticate.

    Raises:
        ConnectionFailed: It did not come about; TLSUnavailable where TLS was required.
    """
    try:
        return await _open(target, hostname, timeouts, tls=target.tls is not TLSMode.NONE)
    except _HandshakeFailed as error:
        if target.tls is not TLSMode.OPPORTUNISTIC:
            raise TLSUnavailable(f"the TLS handshake failed: {error}") from error
        return await _open(target, hostname, timeouts, tls=False)


class _HandshakeFailed(GatewayError):
    """STARTTLS was begun and failed."""


async def _open(target: Target, hostname: str, timeouts: Timeouts, *, tls: bool) -> Connection:
    client = aiosmtplib.SMTP(
        hostname=target.address, port=target.port, local_hostname=hostname, timeout=timeouts.connect, start_tls=False,
        use_tls=target.tls is TLSMode.IMPLICIT, tls_context=_context(target) if tls else None,
    )  # fmt: skip
    opened = False
    try:
        await client.connect()
        await _greet(client)
        if tls and target.tls is not TLSMode.IMPLICIT:
            await _secure(client, target)
        if target.user:
            await client.login(target.user, target.password)
        opened = True
        return Connection(target, client, timeouts)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise ConnectionFailed(str(error) or type(error).__name__, _reply_of(error)) from error
    finally:
        if not opened:
            client.close()


async def _greet(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        await client.helo()


async def _secure(client: aiosmtplib.SMTP, target: Target) -> None:
    """STARTTLS where it is offered, and where it must be."""
    if not client.supports_extension("starttls"):
        if target.tls is TLSMode.REQUIRED:
            raise TLSUnavailable("the server does not offer STARTTLS")
        return
    try:
        await client.starttls(server_hostname=target.host)
    except (ssl.SSLError, aiosmtplib.SMTPException, ConnectionError) as error:
        raise _HandshakeFailed(str(error) or type(error).__name__) from error
    await client.ehlo()


def _context(target: Target) -> ssl.SSLContext:
    """Certificates are checked where TLS is required; opportunistic TLS takes any (RFC 7435)."""
    context = ssl.create_default_context(cafile=target.ca_file or None)
    if target.tls is TLSMode.OPPORTUNISTIC:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _reply_of(error: Exception) -> Reply | None:
    if isinstance(error, aiosmtplib.SMTPResponseException) and 400 <= error.code <= 599:
        return Reply(code=error.code, lines=tuple(error.message.splitlines()))
    return None


class _Replies(asyncio.Protocol):
    """Splits what the server says into replies and queues them; keeps the flow control of the transport."""

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[str] = []
        self._ready: deque[Reply] = deque()
        self._lost: ConnectionFailed | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def quiet(self) -> bool:
        """Nothing came that nobody has read, and the connection stands."""
        return not (self._ready or self._lines or self._buffer or self._lost)

    async def next(self) -> Reply:
        """The next reply."""
        while not self._ready:
            if self._lost is not None:
                raise self._lost
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        return self._ready.popleft()

    async def drained(self) -> None:
        """Wait until the transport takes more."""
        await self._writable.wait()
        if self._lost is not None and not self._ready:
            raise self._lost

    def data_received(self, data: bytes) -> None:
        """Octets from the server."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._take(line.rstrip(b"\r"))
        if len(self._buffer) > _LONGEST_LINE or len(self._lines) > _MOST_LINES or len(self._ready) > _MOST_READY:
            self._fail(ConnectionFailed("the server broke the protocol: an endless reply"))
        self._wake()

    def _take(self, line: bytes) -> None:
        match = _LINE.match(line)
        if match is None:
            self._fail(ConnectionFailed(f"the server broke the protocol: {line[:60]!r} is no reply"))
            return
        self._lines.append((match.group(3) or b"").decode("utf-8", "replace"))
        if match.group(2) != b"-":
            self._ready.append(Reply(code=int(match.group(1)), lines=tuple(self._lines)))
            self._lines = []

    def pause_writing(self) -> None:
        """The transport is full."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The transport takes more."""
        self._writable.set()

    def eof_received(self) -> bool:
        """The server will say no more."""
        self._fail(ConnectionFailed("the server closed the connection"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._fail(ConnectionFailed(f"the connection broke: {exc}" if exc else "the server closed the connection"))

    def _fail(self, failure: ConnectionFailed) -> None:
        self._lost = self._lost or failure
        self._writable.set()
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


def _next(pieces: Iterator[bytes]) -> bytes:
    """The next pieces, together about `_BLOCK` octets; empty at the end."""
    found: list[bytes] = []
    length = 0
    while length < _BLOCK and (piece := next(pieces, b"")):
        found.append(piece)
        length += len(piece)
    return b"".join(found)
