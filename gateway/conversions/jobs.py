"""What is converted: one job for each kind of message, with everything that a conversion needs but the message and the context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

from gateway import asn1
from gateway.conversions.addressing import addressed_in_internet, addressed_in_x400
from gateway.internet.addresses import Mailbox
from gateway.internet.authentication_results import stamped
from gateway.internet.envelope import SmtpEnvelope
from gateway.internet.message import parse, parse_header
from gateway.mixer.convert import message_to_internet, message_to_x400
from gateway.mixer.identifiers import Fact
from gateway.mixer.policy import Context
from gateway.mixer.results import Conversion, InternetResult
from gateway.mixer.rules import Note
from gateway.octets import MemoryOctets, Octets
from gateway.osi.rtse.external import unwrap
from gateway.x400.oraddress import ORAddress
from gateway.x400.p1 import MTSAPDU

_SMALL = 64 * 1024
_EXTERNAL = b"\x28"
"""First octet of an EXTERNAL: what normal mode wraps around an APDU; a bare one begins with its context tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What came of a job.

    Attributes:
        octets: The MTS-APDU, or the Internet message.
        envelope: Of an Internet message.
        notes: What was truncated, dropped or approximated.
        remember: What has to be on disk before anything is sent.
        apdu: The MTS-APDU before it was encoded, where that was in this process.
    """

    octets: Octets
    envelope: SmtpEnvelope | None = None
    notes: tuple[Note, ...] = ()
    remember: tuple[Fact, ...] = ()
    apdu: MTSAPDU | None = field(default=None, compare=False)


class Job(Protocol):
    """A conversion of a message that is still to be read."""

    def run(self, content: Octets, context: Context) -> Converted:
        """Convert.

        Args:
            content: The message as it was received.
            context: Settings, policy, time and seed.

        Raises:
            ConversionError: It cannot be converted.
            GatewayError: The content does not decode, which the intake would have refused.
        """


def received_mts_apdu(content: Octets) -> MTSAPDU:
    """The MTS-APDU that a P1 peer transferred; large contents stay where they are.

    Raises:
        BERError: It does not decode.
    """
    return _remembered(content.to_bytes()) if len(content) <= _SMALL else _decoded(content)


def _decoded(content: Octets) -> MTSAPDU:
    return asn1.decode(unwrap(content) if content.read(0, 1) == _EXTERNAL else content, MTSAPDU)


@lru_cache(maxsize=32)
def _remembered(content: bytes) -> MTSAPDU:
    """Sorting, converting and reporting look at the same message one after the other."""
    return _decoded(MemoryOctets(content))


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageForX400:
    """An Internet message for one P1 peer.

    Attributes:
        envelope: Its SMTP envelope.
        numbers: The recipients in it that the peer takes, 1 is the first RCPT.
        meant: O/R addresses of recipients whose mailbox holds another one, by number.
        dialects: Encode dialects of the peer.
        results: What was found out about the sender on entry, by method; it travels as Authentication-Results (RFC 8601).
    """

    envelope: SmtpEnvelope
    numbers: tuple[int, ...]
    meant: Mapping[int, ORAddress]
    dialects: frozenset[str]
    results: Mapping[str, str] = field(default_factory=dict)

    def run(self, content: Octets, context: Context) -> Converted:
        """See `Job`."""
        message = stamped(parse(content), context.settings.gateway_domain, self.results)
        conversion = message_to_x400(message, self.envelope, self.numbers, context)
        apdu = addressed_in_x400(conversion.result, self.meant)
        octets = asn1.encode_octets(apdu, dialects=self.dialects)
        return Converted(octets=octets, notes=conversion.notes, remember=conversion.remember, apdu=apdu)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageForInternet:
    """A P1 message for one SMTP hop.

    Attributes:
        places: Its recipients there, by their place in the P1 envelope, from 1.
        mailboxes: What they finally mean, in the same order.
    """

    places: tuple[int, ...]
    mailboxes: tuple[Mailbox, ...]

    def run(self, content: Octets, context: Context) -> Converted:
        """See `Job`."""
        message = received_mts_apdu(content).message
        assert message is not None
        return _addressed(message_to_internet(message, self.places, context), self.mailboxes)


def _addressed(conversion: Conversion[InternetResult], mailboxes: tuple[Mailbox, ...]) -> Converted:
    """The message with the mailboxes that are meant in its envelope."""
    result = conversion.result
    envelope = addressed_in_internet(result.envelope, mailboxes)
    # RFC 6532: only the mailbox of a user of the directory, or a universal attribute, puts more than ASCII into a header.
    international = not all(each.body.isascii() for each in parse_header(result.message))
    envelope = replace(envelope, smtputf8=envelope.smtputf8 or international)
    return Converted(octets=result.message, envelope=envelope, notes=conversion.notes, remember=conversion.remember)
