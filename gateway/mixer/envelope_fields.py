"""P1 envelope -> header fields of an Internet message, and what of it no message can express (RFC 2156 5.3.6, 5.3.7, 4.6.2.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.errors import ConversionError, Failure
from gateway.internet.fields import serialise_date
from gateway.mixer.conversion_control import EXPLICIT_CONVERSION
from gateway.mixer.descriptors import Scope, comment
from gateway.mixer.envelope import ENVELOPE, EXTENSION, INDICATOR, address_text
from gateway.mixer.rules import fields_from_elements
from gateway.mixer.text import labelled_integer, text_from_oid
from gateway.x400 import p1
from gateway.x400.extensions import Criticality, ExtensionField, StandardExtension, extension_value
from gateway.x400.mts import PerMessageIndicators

_E = StandardExtension

_ON_MESSAGES: Final = frozenset({1, 3, 4, 5, 13, 23, 26, 37, 38})
"""Extensions of a message that have a field, or that RFC 2156 5.3.7 lets pass although nothing can honour them (1 and 3)."""

_UNENFORCED: Final = {
    _E.RECIPIENT_REASSIGNMENT_PROHIBITED: "the prohibition of redirection",
    _E.DL_EXPANSION_PROHIBITED: "the prohibition of list expansion",
}

_ON_RECIPIENTS: Final = frozenset({2, 6, 7, 8, 9, 10, 11, 12, 14, 22, 25})
"""Extensions of a recipient that become a comment in X400-Recipients (4.6.2.2)."""

_REASONS: Final = (
    "Recipient Assigned Alternate Recipient",
    "Originator Requested Alternate Recipient",
    "Recipient MD Assigned Alternate Recipient",
    "Directory Look Up",
    "Alias",
)


def redirection_reason(number: int) -> str:
    """``EBNF.redirection-reason`` (4.6.2.2)."""
    return _REASONS[number] if 0 <= number < len(_REASONS) else f"Reason {number}"


def elements_of_envelope(fields: p1.PerMessageTransferFields) -> dict[str, Any]:
    """Elements of a P1 envelope by the names that the table uses."""
    found: dict[str, Any] = {
        name: getattr(fields, name)
        for name in (
            "message_identifier", "originator_name", "content_type", "content_identifier", "original_encoded_information_types", "priority",
            "deferred_delivery_time",
        )
    }  # fmt: skip
    found |= {f"{INDICATOR}{int(bit)}": True for bit in fields.per_message_indicators}
    for extension in fields.extensions:
        if extension.number is not None and extension.understood:
            found.setdefault(f"{EXTENSION}{extension.number}", extension.value)
    return found


def _name_of(extension: ExtensionField) -> str:
    number, oid = extension.type_.standard_extension, extension.type_.private_extension
    return labelled_integer(number, StandardExtension) if number is not None else text_from_oid(oid or "0.0")


def critical_failure(extensions: Sequence[ExtensionField], known: frozenset[int]) -> Failure | None:
    """1/18, unsupported-critical-function, where an extension is critical and leaves no trace in the Internet message (5.3.6)."""
    for extension in extensions:
        if extension.number in known and extension.understood:
            continue
        if extension.criticality & {Criticality.FOR_TRANSFER, Criticality.FOR_DELIVERY}:
            text = f"the message demands the extension {_name_of(extension)}, which has no counterpart in Internet mail"
            return Failure(reason=1, diagnostic=18, smtp_code=554, status="5.3.3", text=text)
    return None


def refused_recipient(recipient: p1.PerRecipientMessageTransferFields) -> Failure | None:
    """Why one recipient cannot be served, whatever comes of the others: an explicit conversion, a critical extension."""
    return EXPLICIT_CONVERSION if recipient.explicit_conversion is not None else critical_failure(recipient.extensions, _ON_RECIPIENTS)


def refused_recipients(envelope: p1.MessageTransferEnvelope) -> Mapping[int, Failure]:
    """`refused_recipient` for all of them, by place from 1."""
    found = {place: refused_recipient(one) for place, one in enumerate(envelope.per_recipient_fields, 1)}
    return {place: failure for place, failure in found.items() if failure is not None}


def discarded_extensions(extensions: Sequence[ExtensionField], known: frozenset[int], scope: Scope) -> list[str]:
    """Names of the extensions that leave no trace in the Internet message (5.3.6)."""
    found = [_name_of(one) for one in extensions if one.number not in known or not one.understood]
    for name in found:
        scope.notes.add("extensions", "5.3.6", f"{name} was discarded")
    return found


def fields_of_envelope(
    envelope: p1.MessageTransferEnvelope, copy: Sequence[p1.PerRecipientMessageTransferFields], scope: Scope
) -> list[tuple[str, str]]:
    """Header fields of a P1 envelope, without trace (5.3.6, 4.6.2.2).

    Args:
        envelope: Of the message.
        copy: The recipients whom this copy is for.
        scope: Settings and notes.

    Raises:
        ConversionError: A critical extension that cannot be honoured, or an explicit conversion that was not made.
    """
    refusals = [critical_failure(envelope.extensions, _ON_MESSAGES), *map(refused_recipient, copy)]
    for failure in refusals:
        if failure is not None:
            raise ConversionError(failure)
    fields = list(fields_from_elements(ENVELOPE, elements_of_envelope(envelope), scope, scope.notes))
    discarded = discarded_extensions(envelope.extensions, _ON_MESSAGES, scope)
    for recipient in copy:
        discarded += discarded_extensions(recipient.extensions, _ON_RECIPIENTS, scope)
    fields.append(("X400-Recipients", _recipients_text(envelope, scope)))
    if discarded:
        fields.append(("Discarded-X400-MTS-Extensions", ", ".join(dict.fromkeys(discarded))))
    for number, text in _UNENFORCED.items():
        if extension_value(envelope.extensions, number) == 1:
            scope.notes.add("extensions", "5.3.7", f"{text} cannot be enforced in Internet mail")
    if unknown := len(envelope.unknown) + sum(len(recipient.unknown) for recipient in copy):
        scope.notes.add("envelope", "5.3.7", f"{unknown} members that X.411 does not know were dropped")
    if envelope.per_domain_bilateral_information:
        scope.notes.add("per-domain-bilateral-information", "5.3.7", "dropped")
    return fields


def _recipients_text(envelope: p1.MessageTransferEnvelope, scope: Scope) -> str:
    """Body of X400-Recipients; several recipients who may not know of each other are left out (4.6.2.2)."""
    disclosed = PerMessageIndicators.DISCLOSURE_OF_OTHER_RECIPIENTS in envelope.per_message_indicators
    if not disclosed and len(envelope.per_recipient_fields) > 1:
        return "non-disclosure:;"
    return ", ".join(_recipient_text(recipient, scope) for recipient in envelope.per_recipient_fields)


def _recipient_text(recipient: p1.PerRecipientMessageTransferFields, scope: Scope) -> str:
    comments = [_redirections_text(recipient, scope), *_service_comments(recipient)]
    return " ".join([address_text(recipient.recipient_name, scope), *(comment(text) for text in comments if text)])


def _redirections_text(recipient: p1.PerRecipientMessageTransferFields, scope: Scope) -> str:
    parts: list[str] = []
    for one in extension_value(recipient.extensions, _E.REDIRECTION_HISTORY) or ():
        intended = one.intended_recipient_name
        mailbox, at = address_text(intended.intended_recipient, scope), serialise_date(intended.redirection_time)
        reason = redirection_reason(one.redirection_reason)
        first = f"Originally To: {mailbox} Redirected on {at} To: {reason}"
        parts.append(f"{mailbox} Redirected Again on {at} To: {reason}" if parts else first)
    return " ".join(parts)


_SERVICES: Final[tuple[tuple[StandardExtension, object, str], ...]] = (
    (_E.PHYSICAL_FORWARDING_PROHIBITED, 0, "Physical Forwarding Prohibited"),
    (_E.PHYSICAL_FORWARDING_ADDRESS_REQUEST, 0, "Physical Forwarding Address Requested"),
    (_E.PHYSICAL_DELIVERY_REPORT_REQUEST, 0, "Physical Delivery Report Requested"),
    (_E.PROOF_OF_DELIVERY_REQUEST, 0, "Proof of Delivery Requested"),
    (_E.ORIGINATOR_REQUESTED_ALTERNATE_RECIPIENT, None, "Alternate Recipient Requested"),
    (_E.REQUESTED_DELIVERY_METHOD, (0,), "Delivery Method Requested"),
    (_E.PHYSICAL_DELIVERY_MODES, frozenset({0}), "Physical Delivery Mode Requested"),
    (_E.REGISTERED_MAIL_TYPE, 0, "Registered Mail Requested"),
    (_E.RECIPIENT_NUMBER_FOR_ADVICE, None, "Advice by Telephone Requested"),
    (_E.PHYSICAL_RENDITION_ATTRIBUTES, None, "Physical Rendition Requested"),
)
"""Extension, default, comment when the value differs from the default (4.6.2.2)."""


def _service_comments(recipient: p1.PerRecipientMessageTransferFields) -> list[str]:
    found: list[str] = []
    for number, default, text in _SERVICES:
        value = extension_value(recipient.extensions, number)
        if value is not None and value != default:
            found.append(text)
    return found
