"""The neutral record of one transfer: all that the spool and the relay know of a message, probe or report.

It holds no subject and no body: RFC 2156 maps two named models element by element, and what both sides share is only
the handling (DESIGN section 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum

from gateway.errors import Failure
from gateway.octets import Octets


class Side(Enum):
    """The two mail worlds."""

    INTERNET = "internet"
    X400 = "x400"


class Kind(Enum):
    """What crosses. Notifications (IPN, MDN) are messages; a DSN that arrives by SMTP is a message until `mixer` knows it."""

    MESSAGE = "message"
    PROBE = "probe"
    REPORT = "report"


class Priority(IntEnum):
    """Order of work; the numbers rank, they are not those of X.411."""

    NON_URGENT = 0
    NORMAL = 1
    URGENT = 2


class RecipientState(Enum):
    """Where one recipient is on its way. The last four are ends."""

    QUEUED = "queued"
    DEFERRED = "deferred"
    HELD = "held"
    QUARANTINED = "quarantined"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


ENDS = frozenset({RecipientState.DELIVERED, RecipientState.RELAYED, RecipientState.FAILED, RecipientState.SUPPRESSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who handed a transfer in, as far as we proved it.

    Attributes:
        side: The side it came from.
        peer: Name of the configured P1 peer or of the SMTP client class; ``local`` for what the gateway itself made.
        address: Network address of the client, for the log.
        identity: What authentication proved: MTA name, SMTP AUTH user, certificate subject; empty when nothing.
        session: Names the connection: SMTP session id, or session connection reference and activity of P1.
        digest: Of all octets that a P1 activity transferred; with identity and session it tells a repeat of it (law 5).
        authentication: Results of checks made on entry (SPF, DKIM, TLS ...), as text by method.
    """

    side: Side
    peer: str
    address: str = ""
    identity: str = ""
    session: str = ""
    digest: str = ""
    authentication: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One recipient for whom we are responsible.

    Attributes:
        number: Its number in this transfer: originally-specified-recipient-number of P1, or 1.. in RCPT order.
        address: As it stood on its own side: a mailbox, or an O/R address in the std-or form of RFC 2156 4.1.
        target: The side it is to be delivered on.
        state, attempts, due, note: How far it is; ``note`` is the last reason in words.
        identity: What makes a P1 duplicate of this recipient (law 5): number, name, DL-expansion and redirection history.
    """

    number: int
    address: str
    target: Side
    state: RecipientState = RecipientState.QUEUED
    attempts: int = 0
    due: datetime | None = None
    warned: bool = False
    note: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One transfer in the queue.

    Attributes:
        id: Queue identifier, unique for ever.
        envelope: The SMTP envelope as a versioned JSON value; empty for P1, whose envelope is part of the octets.
        sender: Reverse path or originator in the text form of its side; empty for a null reverse path.
        duplicate_key: MTS identifier text for P1 arrivals, else empty.
        subject_of: For a report: id of the transfer it is about.
    """

    id: str
    origin: Side
    kind: Kind
    arrived: datetime
    size: int
    source: Source
    sender: str
    recipients: tuple[Recipient, ...]
    priority: Priority = Priority.NORMAL
    deferred_until: datetime | None = None
    latest_delivery: datetime | None = None
    message_id: str = ""
    mts_identifier: str = ""
    ipm_identifier: str = ""
    envelope: bytes = b""
    duplicate_key: str = ""
    subject_of: str = ""


class Result(Enum):
    """How one attempt for one recipient ended."""

    DELIVERED = "delivered"
    RELAYED = "relayed"
    DEFERRED = "deferred"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of one attempt for one recipient.

    Attributes:
        peer: Where it was handed over, or which peer refused.
        reply: What the peer said: the SMTP reply, or the P1 refusal in words.
        failure: For `Result.FAILED` and `Result.DEFERRED`: why.
        at: When.
    """

    result: Result
    at: datetime
    peer: str = ""
    reply: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a conversion invents, fixed before the first transfer attempt and used by every later one.

    Identifiers, boundaries and the like are derived from ``seed`` by `mixer`, so the same plan gives the same octets.

    Attributes:
        group: Which recipients: the routing key they share (peer or domain), so that a split is repeated the same way.
        seed: At least 128 random bits, hexadecimal.
        made_at: Time of conversion.
        tables: Version of the mapping tables in use.
    """

    group: str
    seed: str
    made_at: datetime
    tables: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A lease on the due recipients of one transfer. ``fence`` grows with every claim; a stale one is refused.

    Attributes:
        unended: Attempts before this one that began and never ended.
    """

    transfer: Transfer
    due: tuple[Recipient, ...]
    content: Octets
    worker: str
    fence: int
    attempt: int
    until: datetime
    unended: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a transfer's story: the source of tracking and audit."""

    at: datetime
    name: str
    text: str
    recipient: int | None = None
    peer: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
