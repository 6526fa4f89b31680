"""What a conversion gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from gateway.errors import Failure
from gateway.internet.envelope import SmtpEnvelope
from gateway.mixer.identifiers import Fact
from gateway.mixer.rules import Note, Step
from gateway.octets import Octets

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion(Generic[T]):
    """A result, what was lost or approximated on the way, what has to be remembered before anything is sent, and the rows that ran."""

    result: T
    notes: tuple[Note, ...] = ()
    remember: tuple[Fact, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InternetResult:
    """A message for SMTP: envelope and octets."""

    envelope: SmtpEnvelope
    message: Octets


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedOutcome:
    """The end of one recipient, as far as a report tells of it.

    Attributes:
        delivered_at: When it was delivered, or handed to a system that will not report; None when it failed.
        failure: Why it failed; None when it did not.
        relayed: Handed on to a system that does not confirm delivery.
        notify_passed: Handed on with the originator's report request, to a system that will report itself (RFC 3461 5.2.2).
        peer: Who took or refused it, for people.
        trying_until: Not the end: ``failure`` is why it has not been delivered yet, and this is when it will be given up.
    """

    delivered_at: datetime | None = None
    failure: Failure | None = None
    relayed: bool = False
    notify_passed: bool = False
    peer: str = ""
    trying_until: datetime | None = None
