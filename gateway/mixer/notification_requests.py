"""Requests: Disposition-Notification-To <-> notification-requests (RFC 2156 4.7.1 and 2.3.1.2, RFC 8098 2.1 and 8.3, X.420 7.1.3).

Disposition-Notification-To asks all recipients of a copy, notification-requests each recipient alone. Delivery reports are another
service (NOTIFY) and never touched here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from gateway.errors import GatewayError
from gateway.internet.envelope import SmtpEnvelope
from gateway.internet.fields import Mailbox, mailboxes
from gateway.internet.message import Message
from gateway.mixer.descriptors import Scope
from gateway.x400 import p1
from gateway.x400.extensions import StandardExtension, extension_value
from gateway.x400.ipm import Heading, NotificationRequests, RecipientSpecifier
from gateway.x400.oraddress import oraddress_from_orname
from gateway.x400.orname import ORName

FIELD: Final = "Disposition-Notification-To"

_Key = tuple[tuple[str, object], ...]
"""An O/R address for comparison."""

_ASKED: Final[frozenset[int]] = frozenset({NotificationRequests.RN, NotificationRequests.NRN})

# --- RFC 822 -> X.400
# ------------------------------------------------------------------------------------------------------------------------


def with_requests(heading: Heading, message: Message, envelope: SmtpEnvelope, scope: Scope) -> Heading:
    """The heading with receipt and non-receipt notifications requested of every recipient, where the message asks for them.

    The field itself stays among the carried fields either way.
    """
    if not _is_asking(message, envelope, scope):
        return heading
    blind = heading.blind_copy_recipients
    return replace(
        heading,
        primary_recipients=_asked(heading.primary_recipients),
        copy_recipients=_asked(heading.copy_recipients),
        blind_copy_recipients=_asked(blind) if blind is not None else None,
    )


def _asked(recipients: Iterable[RecipientSpecifier]) -> tuple[RecipientSpecifier, ...]:
    # X.420 7.1.3: a request counts only for a recipient with a formal name.
    return tuple(one if one.recipient.formal_name is None else replace(one, notification_requests=_ASKED) for one in recipients)


def _is_asking(message: Message, envelope: SmtpEnvelope, scope: Scope) -> bool:
    """X.400 sends notifications to the originator only, so a request with another address is not made (RFC 8098 8.3)."""
    fields = message.header.all(FIELD)
    if not fields:
        return False
    if message.content_type.essence == "multipart/report":
        scope.notes.add(FIELD, "RFC 8098 2.1", "a report asks for no notification: not requested")
        return False
    if not _names(", ".join(one.value for one in fields), envelope.reverse_path):
        scope.notes.add(FIELD, "RFC 8098 8.3", "is not the address of the sender alone: no notification is requested")
        return False
    return True


def _names(text: str, address: str) -> bool:
    """Whether one mailbox is named, that one; the domain in any case, the local part as it is (RFC 8098 2.1)."""
    try:
        return set(mailboxes(text)) == {Mailbox.from_text(address)}
    except GatewayError:
        return False


def is_requesting(heading: Heading) -> bool:
    """Whether anybody is asked for a notification."""
    return any(one.notification_requests for one in _specifiers(heading))


# --- X.400 -> RFC 822
# ------------------------------------------------------------------------------------------------------------------------


def request_fields(
    heading: Heading, recipients: Sequence[p1.PerRecipientMessageTransferFields], reverse_path: str, scope: Scope
) -> list[tuple[str, str]]:
    """The request in a copy, where every recipient of the copy is asked for a receipt notification; what is lost is noted.

    Args:
        heading: Of the IPM.
        recipients: Those of the copy.
        reverse_path: Its SMTP originator.
        scope: Notes.
    """
    if not is_requesting(heading):
        return []
    asked_of = _by_address(heading)
    requests = [_requests(asked_of, one) for one in recipients]
    _note_losses(requests, scope)
    asked = [NotificationRequests.RN in one for one in requests]
    if not any(asked) or not reverse_path:
        return []
    if not all(asked):
        scope.notes.add("notification-requests", "RFC 8098 2.1", "a receipt was asked of some recipients of this copy only: not requested")
        return []
    # Return-Path and the field must agree, or nobody's agent answers by itself (RFC 8098 2.1).
    return [(FIELD, reverse_path)]


def _by_address(heading: Heading) -> Mapping[_Key, frozenset[int]]:
    """What is asked of each address; more than once named, everything that is asked anywhere."""
    found: dict[_Key, frozenset[int]] = {}
    for one in _specifiers(heading):
        if one.recipient.formal_name is not None and one.notification_requests:
            key = _key(one.recipient.formal_name)
            found[key] = found.get(key, frozenset()) | one.notification_requests
    return found


def _requests(asked_of: Mapping[_Key, frozenset[int]], recipient: p1.PerRecipientMessageTransferFields) -> frozenset[int]:
    """What is asked of one recipient, under its own name or, when it was redirected, under the one the originator wrote."""
    history = extension_value(recipient.extensions, StandardExtension.REDIRECTION_HISTORY) or ()
    names = (recipient.recipient_name, *(one.intended_recipient_name.intended_recipient for one in history))
    return frozenset[int]().union(*(asked_of.get(_key(name), frozenset()) for name in names))


def _key(name: ORName) -> _Key:
    return oraddress_from_orname(name).key()


def _specifiers(heading: Heading) -> tuple[RecipientSpecifier, ...]:
    return (*heading.primary_recipients, *heading.copy_recipients, *(heading.blind_copy_recipients or ()))


def _note_losses(requests: Sequence[frozenset[int]], scope: Scope) -> None:
    if any(NotificationRequests.NRN in one and NotificationRequests.RN not in one for one in requests):
        scope.notes.add("notification-requests", "2.3.1.2", "a request for non-receipt notifications alone has no counterpart: dropped")
    if any(NotificationRequests.IPM_RETURN in one for one in requests):
        scope.notes.add("notification-requests", "2.3.1.2", "the return of the message with a notification cannot be asked for: dropped")


def with_request(fields: Sequence[tuple[str, str]], request: Sequence[tuple[str, str]], scope: Scope) -> list[tuple[str, str]]:
    """Header fields with a request of `request_fields`; a carried field that names the same mailbox is the original and stays."""
    carried = [one for one in fields if one[0].lower() == FIELD.lower()]
    if not request or (len(carried) == 1 and _names(carried[0][1], request[0][1])):
        return list(fields)
    if carried:
        scope.notes.add(FIELD, "RFC 8098 2.1", "the carried field names another address than the originator's: dropped")
    return [*(one for one in fields if one not in carried), *request]
