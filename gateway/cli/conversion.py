"""A message in a file, converted either way as the gateway would; what ``mixer convert`` runs once, and once more for each explanation."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import TypeVar

from gateway import asn1
from gateway.cli.recognise import Recognised
from gateway.errors import GatewayError
from gateway.internet.addresses import Group, Mailbox, parse_addresses
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import Message, parse
from gateway.mixer.convert import message_to_internet, message_to_x400
from gateway.mixer.mapped import Mapped
from gateway.mixer.policy import Context, PeerPolicy
from gateway.mixer.questions import Knowledge
from gateway.mixer.results import Conversion, InternetResult
from gateway.mixer.rules import Note, Step
from gateway.octets import Octets
from gateway.x400 import mts, p1
from gateway.x400.ipm import IPM, InformationObject

T = TypeVar("T")
_SHOWN_OCTETS = 1 << 20


class RecordingKnowledge(Knowledge):
    """What is at hand, and how each address was mapped with it."""

    def once(self, key: Hashable, settings: object, make: Callable[[], T]) -> T:
        """See `Knowledge`."""
        made = super().once(key, settings, make)
        if isinstance(made, Mapped) and isinstance(key, tuple):
            self.mapped[key[0]] = made
        return made

    @property
    def mapped(self) -> dict[object, Mapped[object]]:
        """Addresses in the order in which they came up."""
        found: dict[object, Mapped[object]] = self.__dict__.setdefault("_mapped", {})
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A conversion and what can be said of it.

    Attributes:
        octets: What would be sent.
        shown: The same for people.
        mapped: Addresses by how they were written, with the steps of their mapping.
    """

    octets: Octets
    shown: str
    notes: tuple[Note, ...]
    steps: tuple[Step, ...]
    mapped: dict[object, Mapped[object]]
    apdu: p1.Message | None = None
    internet: InternetResult | None = None

    @property
    def ipm(self) -> IPM | None:
        """The interpersonal message in the APDU; None for a notification."""
        assert self.apdu is not None
        return asn1.decode(self.apdu.content, InformationObject).ipm

    @property
    def message(self) -> Message:
        """The Internet message."""
        assert self.internet is not None
        return parse(self.internet.message)


def under(context: Context, policy: PeerPolicy) -> Context:
    """A context for a peer, with a knowledge of its own that remembers what it was asked."""
    settings = context.settings.towards(policy)
    knowledge = RecordingKnowledge(tables=settings.tables, users=settings.users)
    return replace(context, settings=replace(settings, knowledge=knowledge), policy=policy)


def _mapped(context: Context) -> dict[object, Mapped[object]]:
    knowledge = context.settings.knowledge
    return knowledge.mapped if isinstance(knowledge, RecordingKnowledge) else {}


# --- to X.400 ------------------------------------------------------------------------------------------------------------


def envelope_of(message: Message, sender: str | None, rcpt: list[str]) -> SmtpEnvelope:
    """The SMTP envelope of a message in a file: as given, else from its header.

    Raises:
        GatewayError: It names no recipient.
    """
    recipients = rcpt or [address for name in ("To", "Cc", "Bcc") for address in _addresses(message, name)]
    if not recipients:
        raise GatewayError("the message names no recipient; give --rcpt")
    reverse_path = sender if sender is not None else next(iter(_addresses(message, "From")), "")
    return SmtpEnvelope(reverse_path=reverse_path, recipients=tuple(SmtpRecipient(address=address) for address in recipients))


def _addresses(message: Message, name: str) -> list[str]:
    """The mailboxes of a header field, groups taken apart."""
    found: list[Mailbox] = []
    for field in message.header.all(name):
        for each in parse_addresses(field.value):
            found += each.members if isinstance(each, Group) else (each,)
    return [mailbox.address for mailbox in found if mailbox.domain]


def to_x400(message: Message, envelope: SmtpEnvelope, context: Context) -> Result:
    """Convert for all recipients.

    Raises:
        ConversionError: It cannot be converted.
    """
    conversion: Conversion[p1.MTSAPDU] = message_to_x400(message, envelope, tuple(range(1, len(envelope.recipients) + 1)), context)
    apdu = conversion.result
    return Result(
        octets=asn1.encode_octets(apdu), shown=asn1.to_notation(apdu), notes=conversion.notes, steps=conversion.steps,
        mapped=_mapped(context), apdu=apdu.message,
    )  # fmt: skip


# --- to the Internet -----------------------------------------------------------------------------------------------------


def to_internet(found: Recognised, context: Context) -> Result:
    """Convert for all recipients that we are responsible for.

    Raises:
        ConversionError: It cannot be converted.
    """
    # A file may well be one that we wrote: our own name in its trace is no loop. The name is used for nothing else this way.
    context = replace(context, settings=replace(context.settings, mta_name=""))
    responsible = mts.PerRecipientIndicators.RESPONSIBILITY
    fields = found.message.envelope.per_recipient_fields
    places = tuple(place for place, each in enumerate(fields, 1) if responsible in each.per_recipient_indicators)
    conversion = message_to_internet(found.message, places, context)
    octets = conversion.result.message
    return Result(
        octets=octets, shown=octets.read(0, _SHOWN_OCTETS).decode("utf-8", "replace"), notes=conversion.notes, steps=conversion.steps,
        mapped=_mapped(context), internet=conversion.result,
    )  # fmt: skip
