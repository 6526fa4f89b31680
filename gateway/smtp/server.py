"""The mail of one SMTP session (RFC 5321): MAIL, RCPT, DATA and BDAT with our envelope, streaming into the store.

They are our own: aiosmtpd knows neither DSN nor chunks, and collects a message in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway import log
from gateway.errors import GatewayError
from gateway.internet.envelope import SmtpEnvelope
from gateway.smtp.chunking import Chunk, parse_bdat
from gateway.smtp.data import ChunkDecoder, DataDecoder, LineCheck
from gateway.smtp.incoming import Incoming, refusal_for, too_large
from gateway.smtp.parameters import Refusal, asked_priority, parse_mail, parse_rcpt
from gateway.smtp.session import READ, Session

if TYPE_CHECKING:
    from gateway.smtp.listener import SMTPListener

_log = log.get("smtp")
_NOTHING_TO_SEND = Refusal(503, "5.5.1", "MAIL and at least one good RCPT come first")


class SMTPSession(Session):
    """The protocol object of one connection.

    Args:
        listener: Settings, intake, and the count of connections.
    """

    def __init__(self, listener: SMTPListener) -> None:
        self._chunks: Incoming | None = None
        super().__init__(listener)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected, or STARTTLS is done."""
        self._drop_chunks()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone."""
        if self._chunks is not None:
            _log.info("smtp.vanished", address=self.address, session=self.session_id, octets=self._chunks.lines.length)
        self._drop_chunks()
        super().connection_lost(error)

    def _set_post_data_state(self) -> None:
        super()._set_post_data_state()
        self._drop_chunks()

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
        lowered = envelope.mt_priority == 0 and asked_priority(arg) > 0
        # RFC 6710 section 4.1: who asked for more is told what it got.
        await self.push("250 2.3.6 0 is the priority of the message; more is not for you" if lowered else "250 2.1.0 sender ok")

    async def smtp_RCPT(self, arg: str | None) -> None:
        """RCPT (RFC 5321 4.1.1.3): refused here when the recipient can never be reached or is not allowed."""
        assert self.session is not None
        envelope = self._envelope
        try:
            if envelope is None or self._chunks is not None:
                raise Refusal(503, "5.5.1", "MAIL comes first" if envelope is None else "recipients come before the message")
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
        # A thousand pipelined recipients never wait for the network: the other sessions get their turn here.
        await asyncio.sleep(0)

    async def smtp_DATA(self, arg: str) -> None:
        """DATA (RFC 5321 4.1.1.4): into the store while it arrives; 250 when it is on disk and not before."""
        envelope = self._envelope
        if envelope is None or not envelope.recipients or arg:
            await self.push("501 5.5.4 syntax: DATA" if arg else str(_NOTHING_TO_SEND))
            return
        if self._chunks is not None or envelope.body == "BINARYMIME":
            await self.push("503 5.5.1 " + ("BDAT was begun" if self._chunks else "BINARYMIME needs BDAT") + ", DATA cannot follow")
            return
        decoder = DataDecoder(repair=not self._listener.settings.refuse_stray_line_ends)
        try:
            incoming = await self._begun(decoder)
        except GatewayError as error:
            await self.push(str(refusal_for(error)))
            return
        reply = ""
        try:
            await self.push("354 end data with <CR><LF>.<CR><LF>")
            await self._receive(incoming, decoder)
            reply = await self._taken(envelope, incoming)
        except asyncio.CancelledError:
            _log.info("smtp.vanished", address=self.address, session=self.session_id, octets=decoder.length)
            raise
        finally:
            self._ended(incoming, taken=reply.startswith("2"))
        await self.push(reply)
        if self._listener.stopping:
            self.hang_up()

    async def smtp_BDAT(self, arg: str | None) -> None:
        """BDAT (RFC 3030 section 2): a chunk; its octets follow at once and are read whatever becomes of them."""
        settings = self._listener.settings
        try:
            chunk = parse_bdat(arg)
            # Nobody announces so much in good faith; reading it for nothing would take hours.
            if chunk.octets > 4 * settings.size_limit:
                raise too_large(settings.size_limit)
        except Refusal as refusal:
            # Where the next command begins is not known, or too far away.
            await self.push(str(refusal))
            self._close()
            return
        unwanted = await self._opened_for(chunk)
        if unwanted is None:
            await self._take(chunk)
            return
        await self._skip(chunk)
        self._set_post_data_state()
        await self.push(str(unwanted))

    async def _opened_for(self, chunk: Chunk) -> Refusal | None:
        """Begin a message in chunks with the first of them; why the chunk cannot be taken."""
        envelope, settings = self._envelope, self._listener.settings
        if not settings.chunking:
            return Refusal(502, "5.5.1", "CHUNKING is not offered here; use DATA")
        if envelope is None or not envelope.recipients:
            return _NOTHING_TO_SEND
        if self._chunks is None:
            decoder = ChunkDecoder(repair=not settings.refuse_stray_line_ends, binary=envelope.body == "BINARYMIME")
            try:
                self._chunks = await self._begun(decoder)
            except GatewayError as error:
                return refusal_for(error)
        return too_large(settings.size_limit) if self._chunks.lines.length + chunk.octets > settings.size_limit else None

    async def _take(self, chunk: Chunk) -> None:
        """Store a chunk; the last one commits the message. A refusal ends the transaction (RFC 3030 section 2)."""
        envelope, incoming = self._envelope, self._chunks
        assert envelope is not None and incoming is not None and isinstance(incoming.lines, ChunkDecoder)
        async for octets in self._chunk_octets(chunk, incoming.deadline):
            await incoming.take(incoming.lines.feed(octets))
        if chunk.last:
            await incoming.take(incoming.lines.finish())
        elif incoming.refusal is None:
            await self.push(f"250 2.0.0 {chunk.octets} octets received")
            return
        reply = ""
        self._chunks = None
        try:
            reply = await self._taken(envelope, incoming)
        finally:
            self._ended(incoming, taken=reply.startswith("2"))
        await self.push(reply)
        if self._listener.stopping:
            self.hang_up()

    async def _chunk_octets(self, chunk: Chunk, deadline: float) -> AsyncIterator[bytes]:
        left = chunk.octets
        while left:
            octets = await self._read(min(left, READ), deadline)
            left -= len(octets)
            yield octets

    async def _skip(self, chunk: Chunk) -> None:
        """Read a chunk that is not wanted."""
        deadline = self.loop.time() + self._listener.settings.data_seconds if self._chunks is None else self._chunks.deadline
        async for _ in self._chunk_octets(chunk, deadline):
            pass

    async def _read(self, most: int, deadline: float) -> bytes:
        """The next octets of a message.

        Raises:
            CancelledError: The client is gone, or took too long.
        """
        octets = await self._reader.read(most)
        if not octets or self.loop.time() > deadline:
            self._close()
            raise asyncio.CancelledError
        self._reset_timeout()
        return octets

    async def _begun(self, lines: LineCheck) -> Incoming:
        """A message begins to arrive; a shutdown waits for it."""
        settings = self._listener.settings
        sink = await self._listener.intake.begin()
        self._busy = True
        return Incoming(sink, lines, settings, self.loop.time() + settings.data_seconds)

    async def _receive(self, incoming: Incoming, decoder: DataDecoder) -> None:
        """Read to the end of data; what is no longer wanted is read as well, since only then a reply is due."""
        while not decoder.finished:
            octets = await self._read(READ, incoming.deadline)
            await incoming.take(decoder.feed(octets))
        if decoder.surplus:
            # The next commands of a pipelining client go back; StreamReader has no public way to put them.
            self._reader._buffer[:0] = decoder.surplus  # type: ignore[attr-defined]

    async def _taken(self, envelope: SmtpEnvelope, incoming: Incoming) -> str:
        """Commit a message that arrived whole; the reply."""
        if incoming.refusal is not None:
            return str(incoming.refusal)
        try:
            queue_id = await self._listener.intake.accept(envelope, await incoming.sink.finish(), self.source())
        except GatewayError as error:
            return str(refusal_for(error))
        _log.info(
            "smtp.accepted", id=queue_id, address=self.address, session=self.session_id, sender=envelope.reverse_path,
            recipients=len(envelope.recipients), octets=incoming.lines.length,
        )  # fmt: skip
        return f"250 2.0.0 taken as {queue_id}"

    def _ended(self, incoming: Incoming, *, taken: bool) -> None:
        """Nothing more comes of a message."""
        self._busy = False
        self._set_post_data_state()
        if not taken:
            # Runs on its own: this task may be cancelled a second time while it waits.
            self._listener.in_background(incoming.sink.abort())

    def _drop_chunks(self) -> None:
        """Forget a message in chunks that will not be ended: RSET, EHLO, STARTTLS, or the client is gone."""
        incoming, self._chunks = self._chunks, None
        if incoming is not None:
            self._busy = False
            self._listener.in_background(incoming.sink.abort())
