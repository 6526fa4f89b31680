"""What an earlier conversion must have remembered so that an answer finds its question: requests for notifications, cut identifiers.

A conversion asks nothing itself. Whoever calls it looks the keys of `questions_of_x400` or `questions_of_internet` up in the ledger and
hands what is known over as `Context.known`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gateway.errors import GatewayError
from gateway.internet.fields import parse_message_ids
from gateway.internet.mdn import DispositionReport, read_disposition_report
from gateway.internet.message import Message
from gateway.mixer.identifiers import (
    X400_DOMAIN,
    Fact,
    ipm_identifier_from_msg_id,
    ipm_identifier_key,
    msg_id_from_ipm_identifier,
)
from gateway.mixer.messages import information_object
from gateway.mixer.policy import Context
from gateway.mixer.rules import Notes
from gateway.x400 import p1
from gateway.x400.ipm import IPN, Heading, IPMIdentifier

_NOTIFICATION: Final = "notification-request "
_DISPOSITION: Final = "disposition-request "
_REFERRING: Final = ("In-Reply-To", "References", "Supersedes", "Obsoletes")
_QUESTIONS_LIMIT: Final = 100
"""Identifiers of one message that are looked up; who refers to more gets the others as they are."""


def notification_request(identifier: IPMIdentifier, message_id: str) -> Fact:
    """The fact that we asked X.400 users for notifications of an IPM made of an Internet message.

    Args:
        identifier: Of the IPM.
        message_id: Body of its Message-ID field; what is no identifier is remembered as none.
    """
    found = [one for one in parse_message_ids(message_id) if isinstance(one, str) and one.isascii()]
    return Fact(kind="message-id", key=notification_key(identifier), value=found[0] if len(found) == 1 else "")


def notification_key(identifier: IPMIdentifier) -> str:
    """Key of `notification_request`."""
    return _NOTIFICATION + msg_id_from_ipm_identifier(identifier)


def disposition_request(identifier: IPMIdentifier) -> Fact:
    """The fact that we asked Internet users for the disposition of a message made of an IPM."""
    return Fact(kind="message-id", key=disposition_key(identifier), value=msg_id_from_ipm_identifier(identifier))


def disposition_key(identifier: IPMIdentifier) -> str:
    """Key of `disposition_request`."""
    return _DISPOSITION + msg_id_from_ipm_identifier(identifier)


def is_request(key: str) -> bool:
    """Whether a fact of this key says that notifications were asked for."""
    return key.startswith((_NOTIFICATION, _DISPOSITION))


def was_requested(ipn: IPN, context: Context) -> bool:
    """Whether the sender of an Internet message asked for a notification (Disposition-Notification-To).

    Without the fact, a receipt notification of a message with an Internet identifier says so by itself: nobody sends one unasked (X.420
    8.3). For any other notification this gateway has to know.
    """
    if notification_key(ipn.subject_ipm) in context.known:
        return True
    return ipn.choice.receipt_fields is not None and not subject_message_id(ipn, context).endswith(f"@{X400_DOMAIN}>")


def subject_message_id(ipn: IPN, context: Context) -> str:
    """Message-ID of the subject of a notification; empty where it is known to have none."""
    remembered = context.known.get(notification_key(ipn.subject_ipm))
    return remembered if remembered is not None else msg_id_from_ipm_identifier(ipn.subject_ipm, context)


def subject_identifier(report: DispositionReport) -> IPMIdentifier | None:
    """The IPM that an MDN is about, by its Original-Message-ID; None where that is missing or no identifier."""
    found = [one for one in parse_message_ids(report.original_message_id) if isinstance(one, str)]
    try:
        return ipm_identifier_from_msg_id(found[0]) if len(found) == 1 else None
    except GatewayError:
        return None


# --- questions
# -------------------------------------------------------------------------------------------------------------------------------


def questions_of_x400(message: p1.Message) -> tuple[str, ...]:
    """Keys of the facts that `message_to_internet` can use; none for content that does not decode."""
    try:
        content = information_object(message.envelope.content_type, message.content, Notes())
    except GatewayError:
        return ()
    if content.ipn is not None:
        return (*_short([content.ipn.subject_ipm]), notification_key(content.ipn.subject_ipm))
    return _short(identifiers_of(content.ipm.heading)) if content.ipm is not None else ()


def identifiers_of(heading: Heading) -> list[IPMIdentifier]:
    """The identifiers in a heading, its own first."""
    replied = [heading.replied_to_ipm] if heading.replied_to_ipm is not None else []
    return [heading.this_ipm, *replied, *heading.related_ipms, *heading.obsoleted_ipms]


def _short(identifiers: Iterable[IPMIdentifier]) -> tuple[str, ...]:
    """Identifiers that may be what was left of a Message-ID (4.7.3.1)."""
    found = dict.fromkeys(one.user_relative_identifier for one in identifiers if one.user is None)
    return tuple(found)[:_QUESTIONS_LIMIT]


def questions_of_internet(message: Message) -> tuple[str, ...]:
    """Keys of the facts that `message_to_x400` can use."""
    report = read_disposition_report(message)
    identifier = subject_identifier(report) if report is not None else None
    asked = (disposition_key(identifier),) if identifier is not None else ()
    referred = [one for name in _REFERRING for field in message.header.all(name) for one in parse_message_ids(field.value)]
    keys = (ipm_identifier_key(one) for one in dict.fromkeys(referred) if isinstance(one, str))
    return (*asked, *(key for key in keys if key is not None))[:_QUESTIONS_LIMIT]
