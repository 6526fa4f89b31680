"""What a DSN says of those to whom a message was really sent; whatever it says of others counts for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.errors import GatewayError
from gateway.internet.bounces import read_bounce
from gateway.internet.dsn import DeliveryReport, StatusFields, TypedValue, read_delivery_report
from gateway.internet.message import Message
from gateway.mixer.sent import X400Recipient, X400Subject
from gateway.mixer.stdor import from_text
from gateway.x400.oraddress import oraddress_from_orname

FINAL: Final = frozenset({"failed", "delivered"})
"""Actions that are the end of a recipient and have a report of X.400 (5.1.8.3)."""
CLOSING: Final = FINAL | {"relayed", "expanded"}
"""Actions behind which no other will come (RFC 3464 2.3.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One group of fields about somebody to whom the message was sent."""

    recipient: X400Recipient
    fields: StatusFields

    @property
    def action(self) -> str:
        """The Action field in lower case."""
        return self.fields.action

    @property
    def is_news(self) -> bool:
        """Whether it is an end that was not told before and that somebody wants to know."""
        return self.action not in self.recipient.ended and self.recipient.wants(failed=self.action == "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """A DSN, read against what was sent.

    Attributes:
        report: The DSN.
        known: About whom it speaks of those to whom the message was sent.
        others: How many groups are about somebody else.
    """

    report: DeliveryReport
    known: tuple[Statement, ...]
    others: int


def statements(message: Message, about: X400Subject) -> Statements | None:
    """Read a DSN, or a bounce of older days; None for any other message."""
    found = read_delivery_report(message) or read_bounce(message, [each.address for each in about.recipients])
    if found is None:
        return None
    people = _People(about)
    known: list[Statement] = []
    for fields in found.status.recipients:
        recipient = people.meant_by(fields)
        if recipient is not None:
            known.append(Statement(recipient=recipient, fields=fields))
    return Statements(report=found, known=tuple(known), others=len(found.status.recipients) - len(known))


class _People:
    """Those to whom the subject was sent, by each of their names: a DSN of a megabyte must not take minutes."""

    def __init__(self, about: X400Subject) -> None:
        self._mailboxes: dict[str, X400Recipient] = {}
        self._originals: dict[str, X400Recipient] = {}
        self._names: dict[object, X400Recipient] = {}
        for each in about.recipients:
            self._mailboxes.setdefault(each.address.lower(), each)
            self._names.setdefault(oraddress_from_orname(each.name).key(), each)
            if each.orcpt:
                self._originals.setdefault(_plain(each.orcpt), each)

    def meant_by(self, fields: StatusFields) -> X400Recipient | None:
        """Original-Recipient tells best (it is our ORCPT); Final-Recipient may be an alias of somebody else's making."""
        values = (fields.typed("Original-Recipient"), fields.typed("Final-Recipient"))
        return next((found for value in values if value is not None and (found := self._named(value)) is not None), None)

    def _named(self, value: TypedValue) -> X400Recipient | None:
        found = self._originals.get(_plain(value.to_text()))
        if found is not None or value.type != "x400":
            return found or self._mailboxes.get(value.value.strip().strip("<>").lower())
        try:
            return self._names.get(from_text(value.value).key())
        except GatewayError:
            return None


def _plain(typed: str) -> str:
    return typed.replace(" ", "").lower()
