"""P1 envelope <-> SMTP envelope and header fields (RFC 2156 4.6, 5.1.5, 5.1.6, 5.3.6, 5.3.7, Appendix A)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from gateway.errors import ConversionError, Failure, GatewayError
from gateway.internet.envelope import DeliverBy, SmtpEnvelope, SmtpRecipient, encode_orcpt, encode_xtext
from gateway.internet.fields import Mailbox, parse_date, sanitise, serialise_date
from gateway.internet.message import Header
from gateway.mixer.address import AddressError, Role, mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.delivery_options import mt_priority_from_priority
from gateway.mixer.descriptors import Scope
from gateway.mixer.eits import eits_from_text, text_from_content_type, text_from_eits
from gateway.mixer.heading import DATE
from gateway.mixer.identifiers import text_from_mts_identifier
from gateway.mixer.rules import Bodies, Codec, Elements, JointRule, Law, Rule, UnmappedError, same_text
from gateway.mixer.stdor import StdOrError, from_text, to_text
from gateway.mixer.text import (
    TextError,
    ia5_form,
    in_utc_time,
    is_printable,
    ps_encode,
    ps_truncate,
    with_offset,
)
from gateway.x400 import p1
from gateway.x400.bounds import UB_CONTENT_CORRELATOR_LENGTH, UB_CONTENT_ID_LENGTH
from gateway.x400.extension_values import (
    ContentCorrelator,
    ConversionWithLossProhibited,
    DLExpansion,
    IntendedRecipientName,
    Redirection,
    RedirectionReason,
)
from gateway.x400.extensions import ExtensionField, StandardExtension, extension_field, extension_value
from gateway.x400.mts import MTSIdentifier, PerMessageIndicators, PerRecipientIndicators, Priority
from gateway.x400.oraddress import ORAddress, oraddress_from_orname, orname_from_oraddress
from gateway.x400.orname import EncodedORAddress, ORName

EXTENSION: Final = "extension "
"""Prefix of an element name that is a standard extension: its number follows."""

INDICATOR: Final = "indicator "
"""Prefix of an element name that is a bit of per-message-indicators."""

ENVID_PREFIX: Final = "SMTP/NOTARY ENVID: "
"""Start of a content correlator that holds an ENVID (Appendix A 3.1)."""

MTS_ENVID_PREFIX: Final = "X400-MTS-Identifier: "
"""Start of an ENVID that holds an MTS identifier (Appendix A 3.2); it is never turned back."""

UNREPORTED: Final[frozenset[int]] = frozenset(
    {PerRecipientIndicators.RESPONSIBILITY, PerRecipientIndicators.ORIGINATING_MTA_NON_DELIVERY_REPORT}
)
"""Per-recipient indicators that ask for no report; X.411 12.2.1.1.1 wants one of the two bits of the originating MTA all the same."""

_ENVID_LIMIT, _ORCPT_LIMIT = 100, 500
_E = StandardExtension


def _name(number: StandardExtension) -> str:
    return f"{EXTENSION}{int(number)}"


# --- codecs
# ----------------------------------------------------------------------------------------------------------------------------------

_PRIORITIES: Final = {"normal": Priority.NORMAL, "non-urgent": Priority.NON_URGENT, "urgent": Priority.URGENT}


def _priority(text: str, _scope: Scope) -> int:
    if text.lower() not in _PRIORITIES:
        raise UnmappedError(f"{text[:40]!r} is none of {', '.join(_PRIORITIES)}")
    return _PRIORITIES[text.lower()]


def _priority_text(value: int, _scope: Scope) -> str | None:
    return None if value == Priority.NORMAL else next((word for word, number in _PRIORITIES.items() if number == value), None)


def _prohibited(text: str, _scope: Scope) -> bool:
    if text.lower() not in ("prohibited", "allowed"):
        raise UnmappedError(f"{text[:40]!r} is neither Prohibited nor Allowed")
    return text.lower() == "prohibited"


def _return_address(text: str, scope: Scope) -> EncodedORAddress:
    address = mailbox_to_oraddress(Mailbox.from_text(text).address, scope.context.settings, Role.HEADER).result
    name = orname_from_oraddress(address)
    return EncodedORAddress(
        built_in_standard_attributes=name.built_in_standard_attributes,
        built_in_domain_defined_attributes=name.built_in_domain_defined_attributes,
        extension_attributes=name.extension_attributes,
    )


def _return_address_text(value: EncodedORAddress, scope: Scope) -> str:
    return oraddress_to_mailbox(oraddress_from_orname(value), scope.context.settings, Role.HEADER).result.address


def _content_identifier(text: str, _scope: Scope) -> str:
    if not 1 <= len(text) <= UB_CONTENT_ID_LENGTH or not is_printable(text):
        raise UnmappedError(f"{text[:40]!r} is not of 1 to 16 printable characters")
    return text


def _content_identifier_text(value: str, _scope: Scope) -> str:
    return sanitise(ia5_form(value))


def _are_same_types(one: str, other: str) -> bool:
    return eits_from_text(one) == eits_from_text(other)


def _expansions(bodies: Bodies, scope: Scope) -> Mapping[str, Any]:
    """DL-Expansion-History, one element a field, newest first in the header and oldest first in X.400 (5.3.6)."""
    found: list[DLExpansion] = []
    for body in reversed(bodies["dl-expansion-history"]):
        mailbox, _, rest = body.partition(";")
        at = in_utc_time(parse_date(rest.strip().rstrip(";")))
        if at is None:
            raise UnmappedError(f"{body[:80]!r} is not of the form mailbox ; date ;")
        list_ = Mailbox.from_text(mailbox)
        if list_.display or list_.comments:
            scope.notes.add("DL-Expansion-History", "5.1.7", f"only the address of {mailbox.strip()[:200]!r} is passed on")
        address = mailbox_to_oraddress(list_.address, scope.context.settings, Role.HEADER).result
        found.append(DLExpansion(dl=orname_from_oraddress(address), dl_expansion_time=at))
    return {_name(_E.DL_EXPANSION_HISTORY): tuple(found)}


def _expansion_fields(elements: Elements, scope: Scope) -> list[tuple[str, str]]:
    history = elements[_name(_E.DL_EXPANSION_HISTORY)]
    shown = [(address_text(one.dl, scope), serialise_date(one.dl_expansion_time)) for one in reversed(history)]
    return [("DL-Expansion-History", f"{address} ; {at} ;") for address, at in shown]


def address_text(name: ORName, scope: Scope) -> str:
    """The mailbox of an O/R name in a header; a name that has none is shown as an empty group."""
    address = oraddress_from_orname(name)
    try:
        return oraddress_to_mailbox(address, scope.context.settings, Role.HEADER).result.address
    except AddressError as error:
        scope.notes.add("address", "4.3.5", f"an O/R address cannot be written: {error}")
        return "unknown:;"


def _one_way(name: str, text: Any) -> Any:
    return lambda elements, scope: [(name, text(next(iter(elements.values())), scope))]


# --- the table
# -------------------------------------------------------------------------------------------------------------------------------

ENVELOPE: Final[tuple[Rule | JointRule, ...]] = (
    JointRule(
        fields=("X400-MTS-Identifier",), elements=("message_identifier",), section="5.3.6", law=Law.ONE_WAY, clause="5.1.7",
        to_elements=None, to_fields=_one_way("X400-MTS-Identifier", lambda value, _scope: text_from_mts_identifier(value)),
    ),
    JointRule(
        fields=("X400-Originator",), elements=("originator_name",), section="4.6.2.2", law=Law.ONE_WAY, clause="5.1.7",
        to_elements=None, to_fields=_one_way("X400-Originator", address_text),
    ),
    JointRule(
        fields=("X400-Content-Type",), elements=("content_type",), section="5.3.6", law=Law.ONE_WAY, clause="5.1.7",
        to_elements=None, to_fields=_one_way("X400-Content-Type", lambda value, _scope: text_from_content_type(value)),
    ),
    Rule(
        field="X400-Content-Identifier", aliases=("Content-Identifier",), element="content_identifier", section="5.3.6",
        codec=Codec(to_element=_content_identifier, to_field=_content_identifier_text, same=same_text), law=Law.SETTLES,
        clause="5.3.6: characters outside PrintableString, which some peers send, are not read back",
    ),
    Rule(
        field="Original-Encoded-Information-Types", element="original_encoded_information_types", section="5.3.3.1, 5.3.6",
        codec=Codec(
            to_element=lambda text, _scope: eits_from_text(text), to_field=lambda value, _scope: text_from_eits(value) or None,
            same=_are_same_types,
        ),
        law=Law.SETTLES, clause="5.3.3.1: non-basic parameters are dropped",
    ),
    Rule(field="Priority", element="priority", codec=Codec(to_element=_priority, to_field=_priority_text), section="5.3.6"),
    Rule(
        field="Conversion", element=f"{INDICATOR}{int(PerMessageIndicators.IMPLICIT_CONVERSION_PROHIBITED)}", section="5.3.6",
        codec=Codec(to_element=_prohibited, to_field=lambda value, _scope: "Prohibited" if value else None),
    ),
    Rule(
        field="Conversion-With-Loss", element=_name(_E.CONVERSION_WITH_LOSS_PROHIBITED), section="5.3.6",
        codec=Codec(
            to_element=lambda text, scope: ConversionWithLossProhibited(int(_prohibited(text, scope))),
            to_field=lambda value, _scope: "Prohibited" if value == 1 else None,
        ),
    ),
    Rule(field="Deferred-Delivery", element="deferred_delivery_time", codec=DATE, section="5.3.7"),
    Rule(field="Latest-Delivery-Time", element=_name(_E.LATEST_DELIVERY_TIME), codec=DATE, section="5.3.7"),
    Rule(
        field="Originator-Return-Address", element=_name(_E.ORIGINATOR_RETURN_ADDRESS), section="5.3.6", law=Law.SETTLES,
        codec=Codec(to_element=_return_address, to_field=_return_address_text, same=same_text),
        clause="4.3: an address that is not mapped is wrapped",
    ),
    JointRule(
        fields=("DL-Expansion-History",), elements=(_name(_E.DL_EXPANSION_HISTORY),), section="5.3.6", law=Law.SETTLES,
        to_elements=_expansions, to_fields=_expansion_fields, repeatable=("DL-Expansion-History",),
        clause="4.3: an address that is not mapped is wrapped; directory names",
    ),
)  # fmt: skip
"""Every row of envelope mapping, in the order in which fields are written."""


# --- SMTP -> X.400
# ---------------------------------------------------------------------------------------------------------------------------


def indicators_from_notify(recipient: SmtpRecipient, *, null_sender: bool) -> frozenset[int]:
    """Per-recipient indicators from NOTIFY (Appendix A 3.1). Nobody is told where the reverse path is null (RFC 5321 4.5.5)."""
    bits = {PerRecipientIndicators.RESPONSIBILITY}
    if recipient.notify is not None and "SUCCESS" in recipient.notify and not null_sender:
        return frozenset(bits | {PerRecipientIndicators.ORIGINATING_MTA_REPORT, PerRecipientIndicators.ORIGINATOR_REPORT})
    # X.411 12.2.1.1.1: at least one of the two bits of the originating MTA is set.
    bits.add(PerRecipientIndicators.ORIGINATING_MTA_NON_DELIVERY_REPORT)
    if not null_sender and (recipient.notify is None or "NEVER" not in recipient.notify):
        bits.add(PerRecipientIndicators.ORIGINATOR_NON_DELIVERY_REPORT)
    return frozenset(bits)


def recipient_fields(envelope: SmtpEnvelope, number: int, scope: Scope) -> p1.PerRecipientMessageTransferFields:
    """One recipient of the P1 envelope.

    Raises:
        ConversionError: Its address cannot be mapped.
    """
    recipient, context = envelope.recipients[number - 1], scope.context
    version = context.policy.x400_version
    mapped = mailbox_to_oraddress(recipient.address, context.settings, Role.RECIPIENT, x400_version=version)
    return p1.PerRecipientMessageTransferFields(
        recipient_name=orname_from_oraddress(mapped.result),
        originally_specified_recipient_number=number,
        per_recipient_indicators=indicators_from_notify(recipient, null_sender=not envelope.reverse_path),
        extensions=_redirection(recipient, scope),
    )


def _redirection(recipient: SmtpRecipient, scope: Scope) -> tuple[ExtensionField, ...]:
    """ORCPT that differs from the recipient, as one element of redirection history with the reason alias (Appendix A 3.1)."""
    kind, _, text = (recipient.orcpt or "").partition(";")
    if not text or text.lower() == recipient.address.lower() or kind.lower() not in ("rfc822", "x400"):
        return ()
    try:
        address = from_text(text) if kind.lower() == "x400" else mailbox_to_oraddress(text, scope.context.settings, Role.RECIPIENT).result
        name = orname_from_oraddress(address)
    except GatewayError as error:
        scope.notes.add("ORCPT", "Appendix A", f"{text[:100]} is not passed on: {error}")
        return ()
    intended = IntendedRecipientName(intended_recipient=name, redirection_time=with_offset(scope.context.now))
    history = (Redirection(intended_recipient_name=intended, redirection_reason=RedirectionReason.ALIAS),)
    return (extension_field(_E.REDIRECTION_HISTORY, history),)


def originator_address(envelope: SmtpEnvelope, scope: Scope) -> ORAddress:
    """O/R address of the SMTP originator; of the administrator where the reverse path is null, since X.400 has no such thing."""
    sender = envelope.reverse_path or scope.context.settings.administrator
    version = scope.context.policy.x400_version
    return mailbox_to_oraddress(sender, scope.context.settings, Role.ORIGINATOR, x400_version=version).result


def content_identifier(subject: str) -> str | None:
    """The content identifier from Subject: 16 printable characters, or 13 and ``...`` (5.1.5)."""
    try:
        encoded = ps_encode(ia5_form(sanitise(subject)).strip())
    except TextError:
        return None
    if len(encoded) <= UB_CONTENT_ID_LENGTH:
        return encoded or None
    return f"{ps_truncate(encoded, UB_CONTENT_ID_LENGTH - 3)}..."


def content_correlator(envelope: SmtpEnvelope, header: Header) -> str | None:
    """The content correlator: ENVID, or the lines by which a person recognises the message (5.1.5, Appendix A 3.1)."""
    if envelope.envid:
        return f"{ENVID_PREFIX}{ia5_form(sanitise(envelope.envid))}"[:UB_CONTENT_CORRELATOR_LENGTH]
    lines = [f"{name}: {ia5_form(sanitise(header.value(name)))}" for name in ("Subject", "Message-ID", "Date", "To") if header.value(name)]
    return "\r\n".join(lines)[:UB_CONTENT_CORRELATOR_LENGTH] or None


def indicators(elements: Mapping[str, Any]) -> frozenset[int]:
    """Per-message indicators (5.1.5): alternate recipient allowed, content return requested, disclosure prohibited."""
    bits = {int(PerMessageIndicators.ALTERNATE_RECIPIENT_ALLOWED), int(PerMessageIndicators.CONTENT_RETURN_REQUEST)}
    return frozenset(bits | {int(name.removeprefix(INDICATOR)) for name, value in elements.items() if name.startswith(INDICATOR) and value})


def extensions_of(elements: Mapping[str, Any]) -> tuple[ExtensionField, ...]:
    """Extension fields of all elements that are extensions."""
    return tuple(
        extension_field(StandardExtension(int(name.removeprefix(EXTENSION))), value)
        for name, value in elements.items()
        if name.startswith(EXTENSION)
    )


def correlator_field(text: str) -> ExtensionField:
    """The extension content-correlator."""
    return extension_field(_E.CONTENT_CORRELATOR, ContentCorrelator(ia5text=text))


# --- X.400 -> SMTP
# ---------------------------------------------------------------------------------------------------------------------------


def notify_from_indicators(bits: frozenset[int]) -> frozenset[str]:
    """NOTIFY from the originator's report request (Appendix A 3.2)."""
    # Deviation: the RFC has SUCCESS for a report; a report of X.411 also tells of failure, so FAILURE stands beside it.
    if PerRecipientIndicators.ORIGINATOR_REPORT in bits:
        return frozenset({"SUCCESS", "FAILURE"})
    if PerRecipientIndicators.ORIGINATOR_NON_DELIVERY_REPORT in bits:
        return frozenset({"FAILURE"})
    return frozenset({"NEVER"})


def smtp_recipient(recipient: p1.PerRecipientMessageTransferFields, scope: Scope) -> SmtpRecipient:
    """One RCPT TO.

    Raises:
        ConversionError: The address leads to no mailbox.
    """
    address = oraddress_from_orname(recipient.recipient_name)
    mailbox = oraddress_to_mailbox(address, scope.context.settings, Role.RECIPIENT).result
    return SmtpRecipient(
        address=mailbox.address, notify=notify_from_indicators(recipient.per_recipient_indicators), orcpt=_orcpt(recipient, scope)
    )


def _orcpt(recipient: p1.PerRecipientMessageTransferFields, scope: Scope) -> str | None:
    history = extension_value(recipient.extensions, _E.REDIRECTION_HISTORY)
    if not history:
        return None
    try:
        text = orcpt_from_orname(history[0].intended_recipient_name.intended_recipient)
    except StdOrError as error:
        scope.notes.add("ORCPT", "Appendix A", f"left out: {error}")
        return None
    return text if text != "x400;" and len(encode_orcpt(text)) <= _ORCPT_LIMIT else None


def responsible_recipients(
    envelope: p1.MessageTransferEnvelope, recipients: Sequence[int]
) -> tuple[p1.PerRecipientMessageTransferFields, ...]:
    """Those of some recipients, by place from 1, that this copy of the message is responsible for (4.6.2.1).

    Places and not originally-specified-recipient-numbers: the members of an expanded distribution list share one number.
    """
    wanted = frozenset(recipients)
    return tuple(
        one
        for place, one in enumerate(envelope.per_recipient_fields, 1)
        if place in wanted and PerRecipientIndicators.RESPONSIBILITY in one.per_recipient_indicators
    )


def smtp_envelope(
    envelope: p1.MessageTransferEnvelope, recipients: Sequence[int], scope: Scope, *, null_sender: bool = False
) -> SmtpEnvelope:
    """The SMTP envelope for some of the responsible recipients (4.6.2.1, Appendix A 3.2).

    Args:
        envelope: Of the P1 message.
        recipients: Their places in the envelope, from 1.
        scope: Settings and notes.
        null_sender: For a notification, which must not be answered by a report.

    Raises:
        ConversionError: An address leads to no mailbox, or the latest delivery time has passed.
    """
    chosen = [smtp_recipient(one, scope) for one in responsible_recipients(envelope, recipients)]
    return SmtpEnvelope(
        reverse_path="" if null_sender else _reverse_path(envelope.originator_name, scope),
        # RFC 5321 4.5.5, RFC 3461 4.1: nobody is told about mail from the null reverse path.
        recipients=tuple(replace(one, notify=frozenset({"NEVER"})) if null_sender else one for one in chosen),
        ret=None if null_sender else ret_from_indicators(envelope.per_message_indicators),
        envid=_envid(envelope),
        # RFC 6710 4.1: without the parameter the priority is 0.
        mt_priority=mt_priority_from_priority(envelope.priority) or None,
        by=_deliver_by(envelope, scope),
    )


def _reverse_path(name: ORName, scope: Scope) -> str:
    address = oraddress_from_orname(name)
    return oraddress_to_mailbox(address, scope.context.settings, Role.ORIGINATOR).result.address


def ret_from_indicators(bits: frozenset[int]) -> str:
    """RET from the content-return-request (Appendix A 3.2)."""
    return "FULL" if PerMessageIndicators.CONTENT_RETURN_REQUEST in bits else "HDRS"


def envid_from_mts_identifier(identifier: MTSIdentifier) -> str:
    """ENVID, still to be written as xtext, from an MTS identifier (Appendix A 3.2)."""
    return f"{MTS_ENVID_PREFIX}{text_from_mts_identifier(identifier)}"


def orcpt_from_orname(name: ORName) -> str:
    """ORCPT, its address still to be written as xtext, from an O/R name (Appendix A 3.2).

    Raises:
        StdOrError: The address has no text form.
    """
    return f"x400;{to_text(oraddress_from_orname(name))}"


def _envid(envelope: p1.MessageTransferEnvelope) -> str | None:
    text = envid_from_mts_identifier(envelope.message_identifier)
    # RFC 3461 4.4: at most 100 characters as xtext; a longer one is left to the ledger.
    return text if len(encode_xtext(text)) <= _ENVID_LIMIT else None


def _deliver_by(envelope: p1.MessageTransferEnvelope, scope: Scope) -> DeliverBy | None:
    latest = extension_value(envelope.extensions, _E.LATEST_DELIVERY_TIME)
    if latest is None:
        return None
    seconds = int((latest - scope.context.now).total_seconds())
    if seconds > 0:
        return DeliverBy(seconds=seconds, mode="R", until=latest)
    text = f"the latest delivery time {serialise_date(latest)} has passed"
    raise ConversionError(Failure(reason=1, diagnostic=5, smtp_code=554, status="5.4.7", text=text))
