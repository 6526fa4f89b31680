"""The Internet user of the demo and of tests: an SMTP server that keeps what it gets in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gateway.errors import Failure
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.smtp.listener import ListenerSettings, SMTPListener
from gateway.spool.content import StoredContent
from gateway.spool.transfer import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One message that came."""

    reverse_path: str
    recipients: tuple[str, ...]
    octets: bytes

    def text(self) -> str:
        """The message as text."""
        return self.octets.decode("utf-8", "replace")


class _Memory:
    """Implements `smtp.intake.ContentSink` in memory."""

    def __init__(self) -> None:
        self._octets = bytearray()

    async def write(self, data: bytes) -> None:
        """Take the next octets."""
        self._octets += data

    async def finish(self) -> StoredContent:
        """End the content."""
        return StoredContent(id="memory", length=len(self._octets), memory=bytes(self._octets))

    async def abort(self) -> None:
        """Forget it."""
        self._octets.clear()


class Sink:
    """Implements `smtp.intake.Intake`: takes everything.

    Args:
        refused: Recipients that get 550 5.1.1.
        port: Where to listen; 0 takes any.
    """

    def __init__(self, *, refused: frozenset[str] = frozenset(), port: int = 0, size_limit: int = 1 << 30) -> None:
        self.received: asyncio.Queue[Arrived] = asyncio.Queue()
        self._refused = refused
        settings = ListenerSettings(hostname="sink.invalid", host="127.0.0.1", port=port, size_limit=size_limit)
        self._listener = SMTPListener(settings, self)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._listener.port

    async def start(self) -> None:
        """Listen."""
        await self._listener.start()

    async def stop(self) -> None:
        """Close."""
        await self._listener.stop(seconds=1)

    async def sender_allowed(self, envelope: SmtpEnvelope, source: Source) -> Failure | None:
        """Anybody may send."""
        return None

    async def recipient(self, envelope: SmtpEnvelope, recipient: SmtpRecipient, source: Source) -> Failure | None:
        """All recipients but the refused ones are known."""
        if recipient.address in self._refused:
            return Failure(reason=1, diagnostic=0, smtp_code=550, status="5.1.1", text="No such user here.")
        return None

    async def begin(self) -> _Memory:
        """A place for a message."""
        return _Memory()

    async def accept(self, envelope: SmtpEnvelope, content: StoredContent, source: Source) -> str:
        """Keep it."""
        recipients = tuple(recipient.address for recipient in envelope.recipients)
        self.received.put_nowait(Arrived(reverse_path=envelope.reverse_path, recipients=recipients, octets=content.memory or b""))
        return "sink"
