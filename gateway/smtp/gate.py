"""The door from SMTP to the queue: implements `intake.Intake` with the mapping, the permissions and the store.

A recipient that can never be mapped or routed, or that the client may not reach, is refused at RCPT; a small message that
cannot be converted is refused at the end of DATA: what is refused here needs no report later (no backscatter).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from gateway.errors import ConversionError, Failure, GatewayError
from gateway.internet.addresses import Mailbox
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import Message, parse
from gateway.mixer.convert import message_to_x400
from gateway.mixer.policy import Context, Settings
from gateway.permission import Directions, Granted, from_smtp
from gateway.spool.content import ContentWriter, StoredContent
from gateway.spool.store import Store
from gateway.spool.transfer import Kind, Priority, Recipient, Side, Source, Transfer

_BAD_SENDER = Failure(
    reason=1, diagnostic=11, smtp_code=553, status="5.1.7", text="The sender address cannot be read as a mailbox with a domain."
)


class SMTPGate:
    """Implements `intake.Intake`.

    Args:
        store: The queue.
        settings: The present settings of the mapping.
        directions: What addresses finally mean.
        granted: What a source may do.
    """

    def __init__(
        self,
        store: Store,
        settings: Callable[[], Settings],
        directions: Callable[[], Directions],
        granted: Callable[[Source], Granted],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._settings = settings
        self._directions = directions
        self._granted = granted
        self._clock = clock

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
        if self._settings().is_postmaster(recipient.address):
            return None
        try:
            meaning = self._directions().of_mailbox(Mailbox.from_text(recipient.address))
        except ConversionError as error:
            return error.failure
        except GatewayError as error:
            return Failure(reason=1, diagnostic=11, smtp_code=553, status="5.1.3", text=f"The address cannot be read: {error}")
        return from_smtp(self._granted(source), meaning)

    async def begin(self) -> ContentWriter:
        """See `intake.Intake`."""
        return await self._store.begin()

    async def accept(self, envelope: SmtpEnvelope, content: StoredContent, source: Source) -> str:
        """See `intake.Intake`."""
        queue_id, now = self._store.new_id(), self._clock()
        message = parse(self._store.content(content))
        if content.memory is not None:
            self._rehearse(message, envelope, queue_id, now)
        transfer = self._transfer(queue_id, envelope, message, content.length, source, now)
        return (await self._store.accept(transfer, content)).id

    def _rehearse(self, message: Message, envelope: SmtpEnvelope, queue_id: str, now: datetime) -> None:
        """Convert a small message for the sake of its refusals: what must fail fails now, in the reply to DATA."""
        settings = self._settings()
        context = Context(settings=settings, now=now, plan_seed="rehearsal", queue_id=queue_id)
        numbers = tuple(number for number, each in enumerate(envelope.recipients, 1) if not settings.is_postmaster(each.address))
        if numbers:
            message_to_x400(message, envelope, numbers, context)

    def _transfer(self, queue_id: str, envelope: SmtpEnvelope, message: Message, size: int, source: Source, now: datetime) -> Transfer:
        message_id = message.header.get("Message-ID")
        return Transfer(
            id=queue_id, origin=Side.INTERNET, kind=Kind.MESSAGE, arrived=now, size=size, source=source,
            sender=envelope.reverse_path, envelope=envelope.to_json(), priority=_priority(envelope.mt_priority),
            deferred_until=envelope.hold_until, message_id=message_id.value.strip() if message_id is not None else "",
            recipients=tuple(
                Recipient(number=number, address=recipient.address, target=Side.X400)
                for number, recipient in enumerate(envelope.recipients, 1)
            ),
        )  # fmt: skip


def _priority(mt_priority: int | None) -> Priority:
    """The order of work for an MT-PRIORITY (RFC 6710); the mapping to P1 is the mixer's."""
    if mt_priority is None or mt_priority == 0:
        return Priority.NORMAL
    return Priority.URGENT if mt_priority > 0 else Priority.NON_URGENT
