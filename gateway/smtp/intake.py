"""What the listener needs from the rest of the gateway, as protocols: who may send what where, and the way to the disk."""

from __future__ import annotations

from typing import Protocol

from gateway.errors import Failure
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.spool.content import StoredContent
from gateway.spool.transfer import Source


class ContentSink(Protocol):
    """Takes a message while it arrives; `spool.content.ContentWriter` is one."""

    async def write(self, data: bytes) -> None:
        """Take the next octets; awaiting it slows the client down to the speed of the disk.

        Raises:
            NoSpaceError: The queue is below its low-water mark.
            SpoolError: It cannot be written.
        """

    async def finish(self) -> StoredContent:
        """End the content; it waits for `Intake.accept`."""

    async def abort(self) -> None:
        """Forget everything. Harmless after `finish`, and when nothing was written."""


class Intake(Protocol):
    """The door to the queue. Every refusal is a `Failure`, rendered as a reply with its code, status and text."""

    async def sender_allowed(self, envelope: SmtpEnvelope, source: Source) -> Failure | None:
        """At MAIL: whether this source may send from ``envelope.reverse_path``; None when it may."""

    async def recipient(self, envelope: SmtpEnvelope, recipient: SmtpRecipient, source: Source) -> Failure | None:
        """At RCPT: why this recipient can never be reached or is not allowed; None when it is taken.

        ``envelope`` holds the recipients taken so far.
        """

    async def begin(self) -> ContentSink:
        """At DATA: a sink for the message.

        Raises:
            NoSpaceError: The queue is full.
        """

    async def accept(self, envelope: SmtpEnvelope, content: StoredContent, source: Source) -> str:
        """After the end of data: commit. When it returns, the message is on disk; the queue identifier goes into the 250.

        Raises:
            ConversionError: The message can never cross; its `Failure` becomes the reply.
            NoSpaceError: The queue is full.
            GatewayError: Anything else; the client is told to try again.
        """
