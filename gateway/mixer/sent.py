"""What was sent, as the answer to it needs to know it again: subjects of reports, told by the ledger to pure conversions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.internet.envelope import SmtpRecipient
from gateway.internet.message import Message
from gateway.x400.mts import MTSIdentifier
from gateway.x400.mts import PerRecipientIndicators as Bit
from gateway.x400.orname import ORName

_FOR_SUCCESS = frozenset({Bit.ORIGINATING_MTA_REPORT, Bit.ORIGINATOR_REPORT})
_FOR_FAILURE = _FOR_SUCCESS | {Bit.ORIGINATING_MTA_NON_DELIVERY_REPORT, Bit.ORIGINATOR_NON_DELIVERY_REPORT}


@dataclass(frozen=True, slots=True, kw_only=True)
class X400Recipient:
    """A recipient of an X.400 message that was sent to the Internet.

    Attributes:
        place: In the P1 envelope, from 1.
        name: In the P1 envelope.
        address: The mailbox to which the copy was sent.
        number: Originally-specified-recipient-number.
        indicators: Per-recipient indicators: which reports were asked for.
        intended: Who it was meant for before a redirection.
        orcpt: The ORCPT that was sent along, ``type;address``.
        ended: Actions that were told before (``failed``, ``delivered``): not again.
    """

    place: int
    name: ORName
    address: str
    number: int
    indicators: frozenset[int]
    intended: ORName | None = None
    orcpt: str = ""
    ended: frozenset[str] = frozenset()

    def wants(self, *, failed: bool) -> bool:
        """Whether the originator or its MTA asked to be told of this end (X.411 8.2.1.1.1.22, 12.2.1.1.1)."""
        return bool(self.indicators & (_FOR_FAILURE if failed else _FOR_SUCCESS))


@dataclass(frozen=True, slots=True, kw_only=True)
class X400Subject:
    """An X.400 message of which a copy was sent to the Internet.

    Attributes:
        identifier: Of the message.
        destination: Who is told: the distribution list that expanded last, else the originator (X.411 14.3.2.4).
        recipients: Those to whom it was really sent, and no other.
        content_identifier, correlator: By which older user agents find their message again.
    """

    identifier: MTSIdentifier
    destination: ORName
    recipients: tuple[X400Recipient, ...]
    content_identifier: str | None = None
    correlator: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InternetSubject:
    """An Internet message that was sent to X.400.

    Attributes:
        reverse_path: Who is told.
        recipients: By recipient number, with NOTIFY and ORCPT.
        envid, ret: Of the transaction in which it came.
        names: O/R names by recipient number, as they were sent.
        header: Lines such as ``Subject: x``, by which people know it; empty where nothing is known.
        message_id: Of the message, empty for none.
        smtputf8: It came with SMTPUTF8 (RFC 6531).
        original: The message as it came, while the queue still keeps it.
        told: Numbers of recipients with the action that was told before.
    """

    reverse_path: str
    recipients: Mapping[int, SmtpRecipient]
    envid: str | None = None
    ret: str | None = None
    names: Mapping[int, ORName] = field(default_factory=dict)
    header: tuple[str, ...] = ()
    message_id: str = ""
    smtputf8: bool = False
    original: Message | None = None
    told: frozenset[tuple[int, str]] = field(default_factory=frozenset)
