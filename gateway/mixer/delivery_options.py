"""What a sender may ask of the transfer of its message: priority, deferral, a deadline, a return address (RFC 2156 5.1.7, RFC 6710).

Such a request holds mail, kills it or lets it pass others, and header fields are written by anybody. It takes effect for sources that are
authorised; of any other the field travels as text in the heading extension.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.errors import ConversionError, Failure
from gateway.internet.dates import serialise_date
from gateway.internet.envelope import SmtpEnvelope
from gateway.internet.fields import Field
from gateway.mixer.descriptors import Scope
from gateway.mixer.text import in_utc_time, with_offset
from gateway.x400.extensions import StandardExtension
from gateway.x400.mts import Priority

DEFERRED: Final = "deferred_delivery_time"
LATEST: Final = f"extension {int(StandardExtension.LATEST_DELIVERY_TIME)}"
RETURN_ADDRESS: Final = f"extension {int(StandardExtension.ORIGINATOR_RETURN_ADDRESS)}"

_OPTIONS: Final[Mapping[str, str]] = {
    DEFERRED: "Deferred-Delivery",
    LATEST: "Latest-Delivery-Time",
    RETURN_ADDRESS: "Originator-Return-Address",
    "priority": "Priority",
}
"""Elements that need authority, and the fields that they come from."""


def permitted(elements: Mapping[str, Any], header: Sequence[Field], scope: Scope) -> tuple[dict[str, Any], tuple[Field, ...]]:
    """The elements that the source may set, and the fields of the others, which are carried as text.

    # Deviation: RFC 2156 5.1.7 maps these fields whoever wrote them; a stranger could hold mail with them, or have it returned.
    """
    if scope.context.delivery_options:
        return dict(elements), ()
    refused = {name for name in elements if name in _OPTIONS and (name != "priority" or elements[name] == Priority.URGENT)}
    fields = {_OPTIONS[name].lower() for name in refused}
    for name in sorted(refused):
        text = "takes effect for authorised sources only; it is carried as text"
        scope.notes.add(_OPTIONS[name], "5.1.7", text)
    return {name: value for name, value in elements.items() if name not in refused}, tuple(
        field for field in header if field.name.lower() in fields
    )


def smtp_elements(envelope: SmtpEnvelope, elements: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """With what ESMTP parameters say, which win over header fields: MT-PRIORITY (RFC 6710 B), HOLDUNTIL (RFC 4865), BY (RFC 2852).

    Raises:
        ConversionError: 1/5, since the time that BY allows is over.
    """
    found = dict(elements)
    if envelope.mt_priority is not None:
        found["priority"] = _permitted_priority(envelope.mt_priority, scope)
    if envelope.hold_until is not None and envelope.hold_until > scope.context.now:
        found[DEFERRED] = with_offset(envelope.hold_until)
    latest = deadline(envelope, scope.context.arrived or scope.context.now)
    if latest is not None and latest <= scope.context.now:
        text = f"the message had to be delivered before {serialise_date(latest)}"
        raise ConversionError(Failure(reason=1, diagnostic=5, smtp_code=554, status="5.4.7", text=text))
    if latest is not None:
        found[LATEST] = with_offset(latest)
    elif envelope.by is not None:
        scope.notes.add("BY", "RFC 2852 4", "asks to be told of a delay; X.400 has no element for it, the gateway alone watches the time")
    return found


def _permitted_priority(number: int, scope: Scope) -> Priority:
    """RFC 6710 3: who is not authorised gets no priority above 0."""
    if number > 0 and not scope.context.delivery_options:
        scope.notes.add("MT-PRIORITY", "RFC 6710 3", f"{number} is above normal, which only authorised sources may ask for: taken as 0")
        return Priority.NORMAL
    return priority_from_mt_priority(number)


def deadline(envelope: SmtpEnvelope, arrived: datetime) -> datetime | None:
    """The latest delivery time that BY asks for; None without one, or where the sender only wants to be told (mode N, RFC 2852 4).

    Args:
        envelope: The SMTP envelope; its seconds count from the transaction, where the moment itself is not known.
        arrived: Time of the transaction.
    """
    if envelope.by is None or envelope.by.mode.upper() != "R":
        return None
    return in_utc_time(envelope.by.until or arrived + timedelta(seconds=envelope.by.seconds))


def notify_at(envelope: SmtpEnvelope, arrived: datetime) -> datetime | None:
    """When the sender wants to be told that the message is still under way: BY with mode N (RFC 2852 4); None without one.

    Args:
        envelope: The SMTP envelope.
        arrived: Time of the transaction, see `deadline`.
    """
    if envelope.by is None or envelope.by.mode.upper() != "N":
        return None
    return envelope.by.until or arrived + timedelta(seconds=envelope.by.seconds)


def tells_of_relaying(envelope: SmtpEnvelope, arrived: datetime, now: datetime) -> bool:
    """Whether BY asks for a DSN ``relayed`` when X.400 takes the message (RFC 2852 4.1.4 and 4.1.4.2).

    With ``T`` always; with mode N before its time, since nobody behind us watches the time.
    """
    by_time = notify_at(envelope, arrived)
    return envelope.by is not None and (envelope.by.trace or (by_time is not None and now < by_time))


def checked_times(elements: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Without a deferred or latest delivery time that has passed: taken at its word it would hold or kill the message."""
    found = dict(elements)
    for name in (DEFERRED, LATEST):
        if name in found and found[name] <= scope.context.now:
            scope.notes.add(_OPTIONS[name], "5.1.7", f"{serialise_date(found[name])} has passed and is not taken over")
            del found[name]
    return found


def mt_priority_from_priority(priority: int) -> int:
    """MT-PRIORITY of the MIXER policy (RFC 6710 Appendix B)."""
    return {int(Priority.NON_URGENT): -4, int(Priority.URGENT): 4}.get(int(priority), 0)


def priority_from_mt_priority(number: int) -> Priority:
    """The inverse: -9 to -4 non-urgent, up to 0 normal, above urgent (RFC 6710 5 and Appendix B)."""
    return Priority.URGENT if number > 0 else Priority.NON_URGENT if number <= -4 else Priority.NORMAL
