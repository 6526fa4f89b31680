"""One SMTP session (RFC 5321): aiosmtpd's machinery with our envelope, our replies and a DATA phase that streams.

aiosmtpd reads commands, does STARTTLS and AUTH, and keeps time-outs. MAIL, RCPT and DATA are our own: it knows neither
DSN nor streaming, and collects a message in memory. Every reply leaves through `SMTPSession.push`, which completes
enhanced status codes (RFC 2034) and logs each refusal.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiosmtpd.smtp as aiosmtpd

from gateway import log
from gateway.errors import ConversionError, Failure, GatewayError, NoSpaceError
from gateway.internet.encoded_words import sanitise
from gateway.internet.envelope import SmtpEnvelope
from gateway.smtp.data import DataDecoder
from gateway.smtp.intake import ContentSink
from gateway.smtp.parameters import Offer, Refusal, parse_mail, parse_rcpt
from gateway.spool.transfer import Side, Source

if TYPE_CHECKING:
    from gateway.smtp.listener import SMTPListener

_log = log.get("smtp")
logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd repeats what clients say; each refusal is in our own log
_READ = 64 * 1024
_COMMAND_LIMIT = 4096  # RFC 5321 4.5.3.1.4 says 512 and more for extensions; O/R addresses on the left-hand side are long
_AUTH_LIMIT = 12_288  # RFC 4954 section 4.5
_REPLY = re.compile(r"([245]\d\d) (?![245]\.\d{1,3}\.\d{1,3}(?: |$))(?:Error: )?(.*)", re.DOTALL)
# Enhanced status codes for the replies that aiosmtpd makes (RFC 3463, RFC 5248).
_STATUS: Mapping[str, str] = {
    "250": "2.0.0", "221": "2.0.0", "252": "2.5.0", "421": "4.3.2", "454": "4.7.0", "500": "5.5.2", "501": "5.5.4", "502": "5.5.1",
    "503": "5.5.1", "504": "5.5.4", "530": "5.7.0", "535": "5.7.8", "538": "5.7.11", "552": "5.3.4", "554": "5.0.0", "555": "5.5.4",
}  # fmt: skip
_numbers = itertools.count(1)


class _Session(aiosmtpd.Session):
    """aiosmtpd warns about its own use of ``login_data``; here that is a plain attribute."""

    login_data: Any = None


@dataclass(slots=True)
class _Incoming:
    """A message on its way in: where it goes, and why it is no longer wanted, if so."""

    sink: ContentSink
    decoder: DataDecoder
    refusal: Refusal | None = None


class SMTPSession(aiosmtpd.SMTP):
    """The protocol object of one connection.

    Args:
        listener: Settings, intake, and the count of connections.
    """

    line_length_limit = _READ
    command_size_limit = _COMMAND_LIMIT
    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    def __init__(self, listener: SMTPListener) -> None:
        settings = listener.settings
        self._listener = listener
        self._envelope: SmtpEnvelope | None = None
        self._refused = 0
        self._busy = False
        self.address = ""
        self.identity = ""
        self.session_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{next(_numbers)}"
        super().__init__(
            _Faults(), data_size_limit=settings.size_limit, enable_SMTPUTF8=True, hostname=settings.hostname, ident="ESMTP",
            tls_context=settings.tls, timeout=settings.timeout_seconds, auth_require_tls=settings.auth_requires_tls,
            authenticator=self._authenticated, loop=asyncio.get_running_loop(),
        )  # fmt: skip
        # aiosmtpd keeps these in a dictionary of the class and lets them grow with every EHLO.
        self.command_size_limits = _Limits({"AUTH": _AUTH_LIMIT})

    # Life of the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected, or STARTTLS is done."""
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        self.identity = ""  # what was proved before STARTTLS does not count (RFC 3207 section 4.2)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone."""
        self._listener.left(self)
        super().connection_lost(error)

    def _create_session(self) -> aiosmtpd.Session:
        return _Session(self.loop)

    async def _handle_client(self) -> None:
        refusal = self._listener.entered(self)
        if refusal:
            await self.push(refusal)
            self._close()
            return
        _log.debug("smtp.connected", address=self.address, session=self.session_id)
        await super()._handle_client()

    def _timeout_cb(self) -> None:
        if self.transport is not None and self._writer is not None:
            self._writer.write(b"421 4.4.2 nothing was heard for too long, closing\r\n")
        _log.info("smtp.refused", address=self.address, session=self.session_id, reply="421 4.4.2 time-out")
        super()._timeout_cb()  # type: ignore[no-untyped-call]

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def hang_up(self, *, at_once: bool = False) -> bool:
        """Close for a shutdown unless a message is being taken; whether it was closed."""
        if self._busy and not at_once:
            return False
        if self.transport is not None:
            self._writer.write(b"421 4.3.2 the gateway is going down\r\n")
            self.transport.close()
        return True

    def _set_post_data_state(self) -> None:
        super()._set_post_data_state()  # type: ignore[no-untyped-call]
        self._envelope = None

    def source(self) -> Source:
        """Who this client is, as far as it proved it. No property, as aiosmtpd looks at every attribute of a new session."""
        assert self.session is not None
        tls = self.transport.get_extra_info("cipher") if self.transport is not None else None
        facts = {"helo": sanitise(self.session.host_name or "")[:255], "protocol": self._protocol_name(bool(tls))}
        if tls:
            facts["tls"] = f"{tls[1]} {tls[0]}"
        return Source(
            side=Side.INTERNET, peer=self._listener.settings.client_class(self.address, self.identity), address=self.address,
            identity=self.identity, session=self.session_id, authentication=facts,
        )  # fmt: skip

    def _protocol_name(self, tls: bool) -> str:
        """The WITH word of RFC 3848."""
        assert self.session is not None
        return ("ESMTP" if self.session.extended_smtp else "SMTP") + ("S" if tls else "") + ("A" if self.identity else "")

    def _offer(self) -> Offer:
        settings = self._listener.settings
        return Offer(
            size_limit=settings.size_limit, hostname=settings.hostname, deliver_by=settings.deliver_by,
            mt_priority=settings.mt_priority, future_release=settings.future_release and bool(self.identity),
            authenticated=bool(self.identity),
        )  # fmt: skip

    # Replies

    async def push(self, status: str | bytes) -> None:
        """Send a reply, with an enhanced status code where it lacks one; refusals are logged, too many end the session."""
        reply = status if isinstance(status, str) else status.decode("utf-8", "replace")
        match = _REPLY.match(reply)
        if match and "\n" not in reply and match.group(1) in _STATUS:
            # aiosmtpd repeats unknown commands as they came, controls and all.
            reply = f"{match.group(1)} {_STATUS[match.group(1)]} {sanitise(match.group(2))}"
        await super().push(reply)
        if reply[:1] in ("4", "5"):
            await self._count_refusal(reply)

    async def _count_refusal(self, reply: str) -> None:
        _log.info("smtp.refused", address=self.address, session=self.session_id, reply=reply, identity=self.identity)
        # A full queue or too many recipients are no fault of the client: only 5yz count.
        self._refused += reply.startswith("5")
        if self._refused == self._listener.settings.refusals_limit and reply.startswith("5"):
            await self.push("421 4.7.0 too many refused commands, closing")
            self._close()

    async def _push_failure(self, failure: Failure) -> None:
        await self.push(f"{failure.smtp_code} {failure.status} {sanitise(failure.text)}")

    def _plain(self, reply: str) -> None:
        """Replies to HELO and EHLO have no enhanced status codes (RFC 2034 section 4)."""
        self._writer.write(reply.encode("ascii", "replace") + b"\r\n")

    # Commands

    async def smtp_HELO(self, hostname: str) -> None:
        """HELO (RFC 5321 4.1.1.1)."""
        if await self._greeted(hostname):
            self._plain(f"250 {self.hostname}")

    async def smtp_EHLO(self, hostname: str) -> None:
        """EHLO (RFC 5321 4.1.1.1): what we offer."""
        if await self._greeted(hostname):
            assert self.session is not None
            self.session.extended_smtp = True
            lines = [self.hostname, *self._extensions()]
            self._plain("\r\n".join(f"250{'-' if number < len(lines) else ' '}{line}" for number, line in enumerate(lines, 1)))

    async def _greeted(self, hostname: str | None) -> bool:
        if not hostname or not hostname.isprintable() or len(hostname) > 255:
            await self.push("501 5.5.4 a host name is needed")
            return False
        self._set_rset_state()  # type: ignore[no-untyped-call]
        assert self.session is not None
        self.session.extended_smtp = False
        self.session.host_name = hostname
        return True

    def _extensions(self) -> list[str]:
        settings = self._listener.settings
        secure = self._tls_protocol is not None
        offered = {
            "PIPELINING": True,
            f"SIZE {settings.size_limit}": True,
            "8BITMIME": True,
            "SMTPUTF8": True,
            "DSN": True,
            "ENHANCEDSTATUSCODES": True,
            "STARTTLS": settings.tls is not None and not secure,
            "AUTH PLAIN LOGIN": settings.authenticate is not None and (secure or not settings.auth_requires_tls),
            "DELIVERBY": settings.deliver_by,
            "MT-PRIORITY MIXER": settings.mt_priority,
            "FUTURERELEASE 315360000 9999-12-31T23:59:59Z": settings.future_release and bool(self.identity),
        }
        return [word for word, wanted in offered.items() if wanted]

    async def smtp_STARTTLS(self, arg: str) -> None:
        """STARTTLS (RFC 3207), once."""
        if self._tls_protocol is not None:
            await self.push("503 5.5.1 TLS is active already")
        else:
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        """AUTH PLAIN and LOGIN (RFC 4954); mechanism names in any case."""
        if self._listener.settings.authenticate is None:
            await self.push("502 5.5.1 AUTH is not offered here")
        elif self._envelope is not None:
            await self.push("503 5.5.1 AUTH within a mail transaction")
        else:
            mechanism, blank, initial = (arg or "").partition(" ")
            await super().smtp_AUTH(mechanism.upper() + blank + initial)

    def _authenticated(self, server: Any, session: Any, envelope: Any, mechanism: str, credentials: Any) -> aiosmtpd.AuthResult:
        check = self._listener.settings.authenticate
        try:
            user, password = credentials.login.decode("utf-8"), credentials.password.decode("utf-8")
        except UnicodeDecodeError:
            return aiosmtpd.AuthResult(success=False, handled=False)
        if check is None or not check(user, password):
            return aiosmtpd.AuthResult(success=False, handled=False)
        self.identity = user
        return aiosmtpd.AuthResult(success=True, auth_data=user)

    async def smtp_VRFY(self, arg: str) -> None:
        """VRFY never tells (RFC 5321 3.5.3, 7.3)."""
        await self.push("252 2.5.0 not verified here; send, and a refusal will say why" if arg else "501 5.5.4 syntax: VRFY <address>")

    async def smtp_BDAT(self, arg: str) -> None:
        """BDAT is not offered (RFC 3030); as its octets follow at once, they must not be taken for commands."""
        await self.push("502 5.5.1 CHUNKING is not offered here; use DATA")
        self._close()

    async def smtp_MAIL(self, arg: str | None) -> None:
        """MAIL (RFC 5321 4.1.1.2)."""
        if await self.check_helo_needed():
            return
        assert self.session is not None
        try:
            if self._envelope is not None:
                raise Refusal(503, "5.5.1", "a mail transaction is open already")
            envelope = parse_mail(arg, self._offer(), datetime.now(UTC), extended=self.session.extended_smtp)
        except Refusal as refusal:
            await self.push(str(refusal))
            return
        failure = await self._listener.intake.sender_allowed(envelope, self.source())
        if failure is not None:
            await self._push_failure(failure)
            return
        self._envelope = envelope
        await self.push("250 2.1.0 sender ok")

    async def smtp_RCPT(self, arg: str | None) -> None:
        """RCPT (RFC 5321 4.1.1.3): refused here when the recipient can never be reached or is not allowed."""
        assert self.session is not None
        envelope = self._envelope
        try:
            if envelope is None:
                raise Refusal(503, "5.5.1", "MAIL comes first")
            if len(envelope.recipients) >= self._listener.settings.recipients_limit:
                raise Refusal(452, "4.5.3", "too many recipients for one message; send the others with another copy")
            recipient = parse_rcpt(arg, self._offer(), utf8=envelope.smtputf8, extended=self.session.extended_smtp)
        except Refusal as refusal:
            await self.push(str(refusal))
            return
        failure = await self._listener.intake.recipient(envelope, recipient, self.source())
        if failure is not None:
            await self._push_failure(failure)
            return
        self._envelope = replace(envelope, recipients=(*envelope.recipients, recipient))
        await self.push("250 2.1.5 recipient ok")

    async def smtp_DATA(self, arg: str) -> None:
        """DATA (RFC 5321 4.1.1.4): into the store while it arrives; 250 when it is on disk and not before."""
        envelope = self._envelope
        if envelope is None or not envelope.recipients or arg:
            await self.push("501 5.5.4 syntax: DATA" if arg else "503 5.5.1 MAIL and at least one good RCPT come first")
            return
        try:
            sink = await self._listener.intake.begin()
        except GatewayError as error:
            await self.push(_reply_for(error))
            return
        self._busy = True
        reply = ""
        try:
            reply = await self._take(envelope, sink)
        finally:
            self._busy = False
            self._set_post_data_state()
            if not reply.startswith("2"):
                # Runs on its own: this task may be cancelled a second time while it waits.
                self._listener.in_background(sink.abort())
        await self.push(reply)
        if self._listener.stopping:
            self.hang_up()

    async def _take(self, envelope: SmtpEnvelope, sink: ContentSink) -> str:
        """Receive the message and commit it; the reply."""
        await self.push("354 end data with <CR><LF>.<CR><LF>")
        settings = self._listener.settings
        incoming = _Incoming(sink, DataDecoder(repair=not settings.refuse_stray_line_ends))
        try:
            await self._receive(incoming)
        except asyncio.CancelledError:
            _log.info("smtp.vanished", address=self.address, session=self.session_id, octets=incoming.decoder.length)
            raise
        if incoming.refusal is not None:
            return str(incoming.refusal)
        try:
            queue_id = await self._listener.intake.accept(envelope, await sink.finish(), self.source())
        except GatewayError as error:
            return _reply_for(error)
        _log.info(
            "smtp.accepted", id=queue_id, address=self.address, session=self.session_id, sender=envelope.reverse_path,
            recipients=len(envelope.recipients), octets=incoming.decoder.length,
        )  # fmt: skip
        return f"250 2.0.0 taken as {queue_id}"

    async def _receive(self, incoming: _Incoming) -> None:
        """Read to the end of data; what is no longer wanted is read as well, since only then a reply is due."""
        decoder = incoming.decoder
        deadline = self.loop.time() + self._listener.settings.data_seconds
        while not decoder.finished:
            octets = await self._reader.read(_READ)
            if not octets or self.loop.time() > deadline:
                self._close()
                raise asyncio.CancelledError
            self._reset_timeout()
            content = decoder.feed(octets)
            if incoming.refusal is None:
                incoming.refusal = self._judge(decoder)
            if incoming.refusal is None and content:
                incoming.refusal = await _written(incoming.sink, content)
        if decoder.surplus:
            # The next commands of a pipelining client go back; StreamReader has no public way to put them.
            self._reader._buffer[:0] = decoder.surplus  # type: ignore[attr-defined]

    def _judge(self, decoder: DataDecoder) -> Refusal | None:
        settings = self._listener.settings
        if decoder.length > settings.size_limit:
            return Refusal(552, "5.3.4", f"the message is larger than the {settings.size_limit} octets accepted here")
        if decoder.stray and settings.refuse_stray_line_ends:
            return Refusal(550, "5.6.11", "a CR or LF stands alone in the message; every line must end with both")
        if decoder.longest_line > settings.line_limit:
            return Refusal(554, "5.6.0", f"a line of the message is longer than {settings.line_limit} octets")
        return None


class _Limits(dict[str, int]):
    """Longest command lines; a command we do not know gets the common limit."""

    def __missing__(self, command: str) -> int:
        return _COMMAND_LIMIT


class _Faults:
    """aiosmtpd's handler object; all it handles here is the unexpected, one of the four edges of the program."""

    async def handle_exception(self, error: Exception) -> str:
        if isinstance(error, aiosmtpd.TLSSetupException | ConnectionError):
            _log.info("smtp.refused", reply=f"TLS: {error.__cause__ or error}")
        elif isinstance(error, GatewayError):
            return _reply_for(error)
        else:
            _log.error("smtp.refused", reply="fault", exc_info=error)
        return "451 4.3.0 a fault on our side; try again later"


async def _written(sink: ContentSink, content: bytes) -> Refusal | None:
    try:
        await sink.write(content)
    except GatewayError as error:
        reply = _reply_for(error)
        return Refusal(int(reply[:3]), reply.split(" ", 2)[1], reply.split(" ", 2)[2])
    return None


def _reply_for(error: GatewayError) -> str:
    """The reply for an error on our side: temporary unless it carries a `Failure` that says otherwise."""
    if isinstance(error, ConversionError):
        failure = error.failure
        return f"{failure.smtp_code} {failure.status} {sanitise(failure.text)}"
    if isinstance(error, NoSpaceError):
        return "452 4.3.1 the queue is full; try again later"
    _log.warning("smtp.refused", reply="451 4.3.0", detail=str(error))
    return "451 4.3.0 the message cannot be taken now; try again later"
