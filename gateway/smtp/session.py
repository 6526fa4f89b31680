"""The connection of an SMTP client: greeting, STARTTLS, AUTH, time-outs, and how we reply.

aiosmtpd reads commands, does STARTTLS and AUTH, and keeps time-outs. Every reply leaves through `Session.push`, which
completes enhanced status codes (RFC 2034) and logs each refusal.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiosmtpd.smtp as aiosmtpd

from gateway import log
from gateway.errors import Failure, GatewayError
from gateway.internet.encoded_words import sanitise
from gateway.internet.envelope import SmtpEnvelope
from gateway.smtp.incoming import refusal_for
from gateway.smtp.parameters import Offer
from gateway.spool.transfer import Side, Source

if TYPE_CHECKING:
    from gateway.smtp.listener import SMTPListener

_log = log.get("smtp")
logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd repeats what clients say; each refusal is in our own log
READ = 64 * 1024
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


class Session(aiosmtpd.SMTP):
    """The connection of one client: its life, its identity, our replies. `server.SMTPSession` adds mail to it.

    Args:
        listener: Settings, intake, and the count of connections.
    """

    line_length_limit = READ
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
        """The WITH word of RFC 3848; UTF8SMTP where the transaction is internationalised (RFC 6531 section 4.3)."""
        assert self.session is not None
        international = self._envelope is not None and self._envelope.smtputf8
        word = "UTF8SMTP" if international else "ESMTP" if self.session.extended_smtp else "SMTP"
        return word + ("S" if tls else "") + ("A" if self.identity else "")

    def _offer(self) -> Offer:
        settings = self._listener.settings
        return Offer(
            size_limit=settings.size_limit, hostname=settings.hostname, chunking=settings.chunking, mt_priority=settings.mt_priority,
            deliver_by=settings.deliver_by and self._authorised(), deliver_by_minimum=settings.deliver_by_minimum,
            future_release=settings.future_release > 0 and self._authorised(), hold_limit=settings.future_release,
            authorised=self._authorised(),
        )  # fmt: skip

    def _authorised(self) -> bool:
        """Whether this client may say when and how fast its mail is delivered."""
        settings = self._listener.settings
        return settings.client_class(self.address, self.identity) in settings.may_set_delivery_options

    # Replies

    async def push(self, status: str | bytes) -> None:
        """Send a reply, with an enhanced status code where it lacks one; refusals are logged, too many end the session."""
        reply = status if isinstance(status, str) else status.decode("utf-8", "replace")
        match = _REPLY.match(reply)
        if match and "\n" not in reply and match.group(1) in _STATUS:
            # aiosmtpd repeats unknown commands as they came, controls and all.
            reply = f"{match.group(1)} {_STATUS[match.group(1)]} {sanitise(match.group(2))}"
        if self._envelope is None or not self._envelope.smtputf8:
            # RFC 6531 3.7.4.2: replies beyond ASCII are for transactions that asked for SMTPUTF8.
            reply = reply.encode("ascii", "backslashreplace").decode("ascii")
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
            "BINARYMIME": settings.chunking,
            "CHUNKING": settings.chunking,
            "SMTPUTF8": True,
            "DSN": True,
            "ENHANCEDSTATUSCODES": True,
            "STARTTLS": settings.tls is not None and not secure,
            "AUTH PLAIN LOGIN": settings.authenticate is not None and (secure or not settings.auth_requires_tls),
            "MT-PRIORITY MIXER": settings.mt_priority,
            f"DELIVERBY {settings.deliver_by_minimum}".removesuffix(" 0"): settings.deliver_by and self._authorised(),
            f"FUTURERELEASE {settings.future_release} {_latest_release(settings.future_release)}":
                settings.future_release > 0 and self._authorised(),
        }  # fmt: skip
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


def _latest_release(seconds: int) -> str:
    """The max-future-release-date-time of RFC 4865 section 3, now."""
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


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
            return str(refusal_for(error))
        else:
            _log.error("smtp.refused", reply="fault", exc_info=error)
        return "451 4.3.0 a fault on our side; try again later"
