"""The SMTP listener: one socket, many sessions, limits, and an orderly end."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from gateway import log
from gateway.errors import GatewayError
from gateway.smtp.intake import ContentSink, Intake
from gateway.smtp.server import SMTPSession
from gateway.smtp.session import Session

__all__ = ["ContentSink", "Intake", "ListenerSettings", "SMTPListener"]

_log = log.get("smtp")


def _one_class(address: str, identity: str) -> str:
    return "smtp"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerSettings:
    """How to listen.

    Attributes:
        hostname: Our name in the greeting.
        host, port: Where to listen when no socket is passed in; port 0 takes any free one.
        size_limit: Octets of the largest message (RFC 1870).
        recipients_limit: Of one message (RFC 5321 4.5.3.1.8 asks for at least 100).
        connections: At the same time.
        connections_of_one: At the same time from one address.
        timeout_seconds: Longest silence (RFC 5321 4.5.3.2.7 asks for at least 300).
        data_seconds: Longest DATA phase.
        line_limit: Octets of the longest line of a message. RFC 5321 says 998; senders do not all keep to it.
        refusals_limit: Refused commands before the session is closed.
        refuse_stray_line_ends: Refuse a message with a lone CR or LF with 550 5.6.11; otherwise they become CRLF.
            Either way only ``CRLF . CRLF`` ends a message.
        tls: Server context for STARTTLS, None to not offer it.
        authenticate: Whether user and password are right; None to not offer AUTH.
        auth_requires_tls: Offer AUTH only under TLS.
        client_class: Name of the class of clients for an address and an authenticated user (empty: none); it becomes
            `Source.peer`.
        chunking: Offer CHUNKING and BINARYMIME (RFC 3030).
        mt_priority: Offer MT-PRIORITY (RFC 6710); priorities above normal count only from classes in `may_set_delivery_options`.
        deliver_by: Offer DELIVERBY (RFC 2852) to those classes.
        deliver_by_minimum: Seconds, the smallest by-time that is taken with mode R.
        future_release: Offer FUTURERELEASE (RFC 4865) to those classes for so many seconds at most; 0 to not offer it.
        may_set_delivery_options: Names of the classes of clients that may say when their mail is delivered.
    """

    hostname: str
    host: str = "127.0.0.1"
    port: int = 25
    size_limit: int = 50 << 20
    recipients_limit: int = 1000
    connections: int = 200
    connections_of_one: int = 50
    timeout_seconds: float = 300
    data_seconds: float = 7200
    line_limit: int = 64 * 1024
    refusals_limit: int = 100
    refuse_stray_line_ends: bool = True
    tls: ssl.SSLContext | None = None
    authenticate: Callable[[str, str], bool] | None = None
    auth_requires_tls: bool = True
    client_class: Callable[[str, str], str] = _one_class
    chunking: bool = True
    mt_priority: bool = False
    deliver_by: bool = False
    deliver_by_minimum: int = 0
    future_release: int = 0
    may_set_delivery_options: frozenset[str] = frozenset()


class SMTPListener:
    """Listens and hands what arrives to the intake.

    Args:
        settings: How to listen.
        intake: Who decides and stores.
    """

    def __init__(self, settings: ListenerSettings, intake: Intake) -> None:
        self.settings = settings
        self.intake = intake
        self._server: asyncio.Server | None = None
        self._sessions: set[Session] = set()
        self._of_one: Counter[str] = Counter()
        self._background: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.stopping = False

    @property
    def port(self) -> int:
        """The port that is really listened on; 0 while stopped."""
        if self._server is None or not self._server.sockets:
            return 0
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        """Sessions at this moment."""
        return len(self._sessions)

    async def start(self, sock: socket.socket | None = None) -> None:
        """Listen on a socket that is bound already, or on host and port of the settings.

        Raises:
            OSError: The address is in use or not ours.
        """
        loop = asyncio.get_running_loop()
        self.stopping = False
        if sock is not None:
            self._server = await loop.create_server(lambda: SMTPSession(self), sock=sock, backlog=512)
        else:
            self._server = await loop.create_server(
                lambda: SMTPSession(self), self.settings.host, self.settings.port, backlog=512, reuse_address=True
            )

    async def stop(self, *, seconds: float = 10) -> None:
        """Take no more connections, let messages in progress end, then close. Harmless when not started."""
        self.stopping = True
        if self._server is not None:
            self._server.close()
        for session in tuple(self._sessions):
            session.hang_up()
        if not await self._emptied(seconds):
            for session in tuple(self._sessions):
                session.hang_up(at_once=True)
            await self._emptied(1)
        if self._background:
            await asyncio.wait(self._background, timeout=seconds)
        self._server = None

    async def _emptied(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._empty.wait(), seconds)
        except TimeoutError:
            return False
        return True

    # For the sessions

    def entered(self, session: Session) -> str:
        """Count a session in; the reply that refuses it, or nothing."""
        if self.stopping:
            return "421 4.3.2 the gateway is going down"
        if len(self._sessions) >= self.settings.connections:
            return "421 4.3.2 too many connections; try again later"
        if self._of_one[session.address] >= self.settings.connections_of_one:
            return "421 4.7.0 too many connections from your address; try again later"
        self._sessions.add(session)
        self._empty.clear()
        self._of_one[session.address] += 1
        return ""

    def left(self, session: Session) -> None:
        """Count a session out."""
        if session in self._sessions:
            self._sessions.discard(session)
            self._of_one[session.address] -= 1
            if not self._of_one[session.address]:
                del self._of_one[session.address]
            if not self._sessions:
                self._empty.set()

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run what must end even when the client is gone; `stop` waits for it."""
        task = asyncio.ensure_future(_quietly(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except GatewayError as error:
        _log.warning("smtp.refused", reply="clean-up", detail=str(error))
