"""Delivery of a forwarded message: parameters of a message body part <-> fields of the embedded message (RFC 2157 6.5).

The envelope's mandatory members are never invented: an Internet message that does not tell them gets no delivery envelope.
"""

from __future__ import annotations

import re
from typing import Any, Final

from gateway.errors import GatewayError
from gateway.internet.fields import mailboxes, parse_date, serialise_date
from gateway.internet.message import Header, Message
from gateway.mixer.address import Role, mailbox_to_oraddress
from gateway.mixer.descriptors import Scope
from gateway.mixer.eits import eits_from_text
from gateway.mixer.envelope import ENVELOPE, EXTENSION, INDICATOR, address_text
from gateway.mixer.heading import carried_of
from gateway.mixer.rules import fields_from_elements
from gateway.mixer.text import oid_from_text, with_offset
from gateway.x400.bodyparts import MessageParameters
from gateway.x400.ipm import IPM
from gateway.x400.mts import ContentType, DeliveredContentType, PerMessageIndicators, Priority
from gateway.x400.mts_delivery import OtherMessageDeliveryFields
from gateway.x400.oraddress import orname_from_oraddress
from gateway.x400.orname import ORName

_PROHIBITED: Final = f"{INDICATOR}{int(PerMessageIndicators.IMPLICIT_CONVERSION_PROHIBITED)}"
_FLAG: Final = 1
"""DeliveryFlags implicit-conversion-prohibited."""
_PRIORITIES: Final = {"normal": Priority.NORMAL, "non-urgent": Priority.NON_URGENT, "urgent": Priority.URGENT}
_TELLING: Final = ("X400-Originator", "X400-Recipients", "X400-Content-Type", "Date")
"""Fields without which there is no delivery envelope."""
_CONSUMED: Final = (
    "X400-Originator", "X400-Recipients", "X400-Content-Type", "X400-Content-Identifier", "Original-Encoded-Information-Types", "Priority",
    "Conversion", "Date",
)  # fmt: skip
_RECIPIENTS: Final = 1000


# --- X.400 -> MIME ------------------------------------------------------------------------------------------------------------------------


def fields_of_delivery(ipm: IPM, parameters: MessageParameters, scope: Scope) -> list[tuple[str, str]]:
    """Fields of an embedded message for how it was delivered; those that its heading carries itself stay as they are there."""
    fields = [("Delivery-Date", serialise_date(parameters.delivery_time))] if parameters.delivery_time is not None else []
    if parameters.delivery_envelope is not None:
        fields += _fields_of_envelope(parameters.delivery_envelope, scope)
    carried = {line.partition(":")[0].strip().lower() for line in carried_of(ipm.heading)}
    return [one for one in fields if one[0].lower() not in carried]


def _fields_of_envelope(envelope: OtherMessageDeliveryFields, scope: Scope) -> list[tuple[str, str]]:
    """As of a transfer envelope (RFC 2156 5.3.6); Date is the time of submission (5.3.2)."""
    found: dict[str, Any] = {
        "originator_name": envelope.originator_name,
        "content_type": ContentType(built_in=envelope.content_type.built_in, extended=envelope.content_type.extended),
        "content_identifier": envelope.content_identifier,
        "original_encoded_information_types": envelope.original_encoded_information_types,
        "priority": envelope.priority,
        _PROHIBITED: _FLAG in (envelope.delivery_flags or ()) or None,
    }
    for one in envelope.extensions:
        if one.number is not None and one.understood:
            found.setdefault(f"{EXTENSION}{one.number}", one.value)
    recipients = [envelope.this_recipient_name, *(envelope.other_recipient_names or ())]
    if envelope.originally_intended_recipient_name is not None:
        intended = address_text(envelope.originally_intended_recipient_name, scope)
        scope.notes.add("originally-intended-recipient-name", "RFC 2157 6.5", f"of a forwarded message was dropped: {intended}")
    return [
        ("Date", serialise_date(envelope.message_submission_time)),
        *fields_from_elements(ENVELOPE, found, scope, scope.notes),
        ("X400-Recipients", ", ".join(address_text(one, scope) for one in recipients[:_RECIPIENTS])),
    ]


# --- MIME -> X.400 ------------------------------------------------------------------------------------------------------------------------


def delivery_of(message: Message, scope: Scope) -> tuple[MessageParameters, Header]:
    """The parameters that the header of an embedded message tells, and the header without the fields that are all in them."""
    header = message.header
    consumed: list[str] = []
    at = parse_date(header.value("Delivery-Date"))
    if at is not None:
        consumed.append("Delivery-Date")
    envelope = _envelope(header, scope)
    if envelope is not None:
        consumed += _CONSUMED
    parameters = MessageParameters(delivery_time=with_offset(at) if at is not None else None, delivery_envelope=envelope)
    return parameters, Header(header.without(*consumed)) if consumed else header


def _envelope(header: Header, scope: Scope) -> OtherMessageDeliveryFields | None:
    """The delivery envelope, where all of its mandatory members are told and everything parses."""
    if not all(header.value(name) for name in _TELLING):
        return None
    try:
        return _told(header, scope)
    except GatewayError as error:
        scope.notes.add("delivery-envelope", "RFC 2157 6.5", f"of a forwarded message cannot be made: {error}")
        return None


def _told(header: Header, scope: Scope) -> OtherMessageDeliveryFields | None:
    originator = _names(header.value("X400-Originator"), scope)
    recipients = _names(header.value("X400-Recipients"), scope)
    submitted = parse_date(header.value("Date"))
    if len(originator) != 1 or not recipients or submitted is None:
        return None
    types = header.value("Original-Encoded-Information-Types")
    prohibited = header.value("Conversion").strip().lower() == "prohibited"
    return OtherMessageDeliveryFields(
        content_type=_content_type(header.value("X400-Content-Type")),
        originator_name=originator[0],
        original_encoded_information_types=eits_from_text(types) if types else None,
        priority=_PRIORITIES.get(header.value("Priority").strip().lower(), Priority.NORMAL),
        delivery_flags=frozenset({_FLAG}) if prohibited else None,
        other_recipient_names=recipients[1:] or None,
        this_recipient_name=recipients[0],
        message_submission_time=with_offset(submitted),
        content_identifier=header.value("X400-Content-Identifier").strip()[:16] or None,
    )


def _content_type(text: str) -> DeliveredContentType:
    """The inverse of `eits.text_from_content_type`.

    Raises:
        TextError: It is neither a number in parentheses nor an object identifier.
    """
    number = re.fullmatch(r"\s*(?:[A-Za-z][A-Za-z0-9-]*\s*)?\((\d{1,5})\)\s*", text)
    return DeliveredContentType(built_in=int(number[1])) if number else DeliveredContentType(extended=oid_from_text(text))


def _names(text: str, scope: Scope) -> tuple[ORName, ...]:
    """O/R names of mailboxes.

    Raises:
        AddressError: One cannot be mapped.
    """
    settings, version = scope.context.settings, scope.context.policy.x400_version
    mapped = [mailbox_to_oraddress(one.address, settings, Role.HEADER, x400_version=version) for one in mailboxes(text)[:_RECIPIENTS]]
    return tuple(orname_from_oraddress(one.result) for one in mapped)
