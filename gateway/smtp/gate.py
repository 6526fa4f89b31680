"""The door from SMTP to the queue: implements `intake.Intake` with the mapping, the permissions and the store.

A recipient that can never be mapped or routed, or that the client may not reach, is refused at RCPT; a small message that
cannot be converted is refused at the end of DATA: what is refused here needs no report later (no backscatter). What has to be looked up
first is asked for a moment only; without an answer the recipient is taken, and the relay decides.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeVar

from gateway import log
from gateway.errors import ConversionError, Failure, GatewayError
from gateway.internet.addresses import Mailbox
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import Message, parse
from gateway.lookup.sources import Settled, Sources
from gateway.mixer.address import Role, mailbox_to_oraddress
from gateway.mixer.convert import message_to_x400
from gateway.mixer.delivery_options import deadline
from gateway.mixer.policy import Context, PeerPolicy, Settings
from gateway.mixer.questions import Knowledge, Unresolved, attempt
from gateway.mixer.return_paths import tag_of_path
from gateway.permission import EXPIRED_PATH, NOT_GRANTED, Directions, Granted, Meaning, ToX400, from_smtp
from gateway.smtp.authentication import Verifier
from gateway.spool.content import ContentWriter, StoredContent
from gateway.spool.ledger import FactKind
from gateway.spool.store import Store
from gateway.spool.transfer import Kind, Priority, Recipient, Side, Source, Transfer

T = TypeVar("T")
_log = log.get("smtp")

_PATIENCE_SECONDS: Final = 2.0
"""How long an SMTP client waits for look-ups at RCPT."""
_PAUSE_SECONDS: Final = 10.0
"""After a look-up that took too long nobody waits for one for so long."""

_QUICK = 8 * 1024
"""Octets of a message that is rehearsed on the event loop."""
_FEW = 20
"""Recipients of such a message."""
_BAD_SENDER = Failure(
    reason=1, diagnostic=11, smtp_code=553, status="5.1.7", text="The sender address cannot be read as a mailbox with a domain."
)


class SMTPGate:
    """Implements `intake.Intake`.

    Args:
        store: The queue.
        settings: The present settings of the mapping.
        directions: What addresses finally mean under settings.
        granted: What a source may do.
        sources: What can be asked about addresses.
        policy_of: Policy of a P1 peer by name.
        verifier: Finds out who messages are really from; None where nobody does.
    """

    def __init__(
        self,
        store: Store,
        settings: Callable[[], Settings],
        directions: Callable[[Settings], Directions],
        granted: Callable[[Source], Granted],
        *,
        sources: Sources,
        policy_of: Callable[[str], PeerPolicy],
        verifier: Verifier | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._settings = settings
        self._directions = directions
        self._granted = granted
        self._sources = sources
        self._policy_of = policy_of
        self._verifier = verifier
        self._clock = clock
        self._impatient_until = 0.0

    async def sender_allowed(self, envelope: SmtpEnvelope, source: Source) -> Failure | None:
        """See `intake.Intake`: anybody may send, but reports must be able to go back."""
        if not envelope.reverse_path:
            return None
        try:
            Mailbox.from_text(envelope.reverse_path)
        except GatewayError:
            return _BAD_SENDER
        return None

    async def recipient(self, envelope: SmtpEnvelope, recipient: SmtpRecipient, source: Source) -> Failure | None:
        """See `intake.Intake`: what the address finally means decides; the postmaster takes mail from everybody."""
        settings = self._settings()
        if settings.is_postmaster(recipient.address):
            return None
        tag = tag_of_path(recipient.address, settings.gateway_domain)
        if tag is not None:
            return await self._returning(tag, envelope, source)
        try:
            mailbox = Mailbox.from_text(recipient.address)
            meaning = await self._meaning(mailbox, envelope.reverse_path, settings)
        except ConversionError as error:
            return error.failure
        except GatewayError as error:
            return Failure(reason=1, diagnostic=11, smtp_code=553, status="5.1.3", text=f"The address cannot be read: {error}")
        return from_smtp(self._granted(source), meaning) if meaning is not None else None

    async def _returning(self, tag: str, envelope: SmtpEnvelope, source: Source) -> Failure | None:
        """A reverse path of ours: reports come to it from anywhere, letters from who may send letters; not after its time."""
        fact = await self._store.ledger.recall(FactKind.RETURN_PATH, tag)
        if fact is None or fact.expires <= self._clock():
            return EXPIRED_PATH
        return None if not envelope.reverse_path or self._granted(source).to_x400 else NOT_GRANTED

    async def _meaning(self, mailbox: Mailbox, sender: str, settings: Settings) -> Meaning | None:
        """What a mailbox finally means; None when that has to be looked up and takes too long.

        Raises:
            ConversionError: It leads nowhere, or its peer takes no such sender.
        """

        def work(knowledge: Knowledge) -> Meaning:
            known = replace(settings, knowledge=knowledge)
            meaning = self._directions(known).of_mailbox(mailbox)
            if isinstance(meaning, ToX400) and not sender.isascii():
                mailbox_to_oraddress(sender, known.towards(self._policy_of(meaning.peer)), Role.ORIGINATOR)
            return meaning

        began = time.monotonic()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await self._settled(work, settings, most=None if began >= self._impatient_until else 0)
        except TimeoutError:
            self._impatient_until = time.monotonic() + _PAUSE_SECONDS
            return None

    async def _settled(
        self, work: Callable[[Knowledge], T], settings: Settings, *, most: int | None, in_thread: bool = False
    ) -> T | None:
        """The result of a mapping; None when something could not be looked up."""

        async def run(knowledge: Knowledge) -> T | Unresolved:
            return await asyncio.to_thread(attempt, work, knowledge) if in_thread else attempt(work, knowledge)

        found = await self._sources.inquiry(settings.tables, settings.users, most=most).settled(run)
        return found.result if isinstance(found, Settled) else None

    async def begin(self) -> ContentWriter:
        """See `intake.Intake`."""
        return await self._store.begin()

    async def accept(self, envelope: SmtpEnvelope, content: StoredContent, source: Source) -> str:
        """See `intake.Intake`."""
        queue_id, now = self._store.new_id(), self._clock()
        octets = self._store.content(content)
        if self._verifier is not None:
            results = await self._verifier.results(envelope, source, octets)
            source = replace(source, authentication={**source.authentication, **results})
            words = {key.replace("/", "_"): text for key, text in results.items()}
            _log.info("smtp.verified", id=queue_id, session=source.session, **words)
        message = parse(octets)
        if content.memory is not None:
            await self._rehearse(message, envelope, queue_id, now)
        transfer = self._transfer(queue_id, envelope, message, content.length, source, now)
        return (await self._store.accept(transfer, content)).id

    async def _rehearse(self, message: Message, envelope: SmtpEnvelope, queue_id: str, now: datetime) -> None:
        """Convert a small message for the sake of its refusals: what must fail fails now, in the reply to DATA.

        Nothing is looked up for it; a refusal that a look-up could change does not count.
        """
        settings = self._settings()
        numbers = tuple(
            number
            for number, each in enumerate(envelope.recipients, 1)
            if not settings.is_postmaster(each.address) and tag_of_path(each.address, settings.gateway_domain) is None
        )

        def work(knowledge: Knowledge) -> object:
            # Which peer it is for does not count here: at RCPT that was asked for each recipient.
            known = replace(settings, knowledge=knowledge, universal_addresses=not envelope_is_ascii)
            context = Context(settings=known, now=now, plan_seed="rehearsal", queue_id=queue_id)
            return message_to_x400(message, envelope, numbers, context)

        envelope_is_ascii = all(text.isascii() for text in (envelope.reverse_path, *(each.address for each in envelope.recipients)))
        if numbers:
            # A few kilobytes of addresses take a good part of a second; other sessions must not wait for that.
            large = len(message.body) + len(message.header.serialise()) > _QUICK or len(numbers) > _FEW
            await self._settled(work, settings, most=0, in_thread=large)

    def _transfer(self, queue_id: str, envelope: SmtpEnvelope, message: Message, size: int, source: Source, now: datetime) -> Transfer:
        message_id = message.header.get("Message-ID")
        return Transfer(
            id=queue_id, origin=Side.INTERNET, kind=Kind.MESSAGE, arrived=now, size=size, source=source,
            sender=envelope.reverse_path, envelope=envelope.to_json(), priority=_priority(envelope.mt_priority),
            deferred_until=envelope.hold_until, latest_delivery=deadline(envelope, now),
            message_id=message_id.value.strip() if message_id is not None else "",
            recipients=tuple(
                Recipient(number=number, address=recipient.address, target=Side.X400)
                for number, recipient in enumerate(envelope.recipients, 1)
            ),
        )  # fmt: skip


def _priority(mt_priority: int | None) -> Priority:
    """The order of work for an MT-PRIORITY (RFC 6710); the mapping to P1 is the mixer's."""
    if mt_priority is None or -4 < mt_priority <= 0:
        return Priority.NORMAL
    return Priority.URGENT if mt_priority > 0 else Priority.NON_URGENT
