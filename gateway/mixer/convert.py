"""Whole objects: the public conversions (RFC 2156 chapter 5), pure functions of their arguments.

The same `Context` gives the same octets: time, identifiers and boundaries come from the plan and never from the clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway import asn1
from gateway.asn1 import BERError
from gateway.errors import ConversionError, Failure
from gateway.internet.envelope import SmtpEnvelope
from gateway.internet.fields import Mailbox, decode_text, serialise_date
from gateway.internet.message import Message, serialise
from gateway.mixer.address import AddressError, Role, mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.bilateral import bilateral_information
from gateway.mixer.blind_copies import heading_for, heading_of_copy
from gateway.mixer.body_policy import Carrier
from gateway.mixer.conversion_control import check_conversion
from gateway.mixer.correlation import disposition_request, identifiers_of, notification_request
from gateway.mixer.delivery_options import checked_times, smtp_elements
from gateway.mixer.descriptors import Scope
from gateway.mixer.dispositions import ipn_of_message
from gateway.mixer.downgrading import downgraded
from gateway.mixer.eits import eits, merged
from gateway.mixer.envelope import (
    UNREPORTED,
    address_text,
    content_correlator,
    content_identifier,
    correlator_field,
    extensions_of,
    indicators,
    originator_address,
    recipient_fields,
    responsible_recipients,
    smtp_envelope,
)
from gateway.mixer.envelope_fields import fields_of_envelope
from gateway.mixer.identifiers import Fact, ipm_identifier_facts, new_msg_id, new_mts_identifier, text_from_mts_identifier
from gateway.mixer.legality import received_fault
from gateway.mixer.messages import P2, check_content_type, information_object, ipm_of_message, message_of_ipm
from gateway.mixer.notification_requests import is_requesting, request_fields, with_requests
from gateway.mixer.notifications import message_of_ipn
from gateway.mixer.policy import Context, GlobalDomain, PeerPolicy, Settings
from gateway.mixer.report_to_dsn import report_to_internet
from gateway.mixer.reports import dsn_for_internet, report_for_x400
from gateway.mixer.results import Conversion, InternetResult, ReportedOutcome
from gateway.mixer.rfc822_attribute import without_empty
from gateway.mixer.rules import Note, Notes
from gateway.mixer.trace import (
    Hop,
    check_hops,
    check_identifier,
    check_received,
    external_trace,
    hops_from_fields,
    hops_of,
    internal_trace,
    note_domains,
    own_hop,
    received_field,
    text_from_hop,
)
from gateway.octets import Octets
from gateway.x400 import oids, p1
from gateway.x400.extensions import StandardExtension, extension_field, extension_value
from gateway.x400.ipm import IPN, Heading, InformationObject, ORDescriptor
from gateway.x400.mts import ContentType, Priority
from gateway.x400.oraddress import ORAddress, orname_from_oraddress

__all__ = [
    "Carrier",
    "Context",
    "Conversion",
    "Fact",
    "GlobalDomain",
    "InternetResult",
    "Note",
    "PeerPolicy",
    "ReportedOutcome",
    "Settings",
    "dsn_for_internet",
    "map_smtp_recipient",
    "map_x400_recipient",
    "message_to_internet",
    "message_to_x400",
    "report_for_x400",
    "report_to_internet",
]

# --- addresses
# -----------------------------------------------------------------------------------------------------------------------------------


def map_smtp_recipient(address: str, context: Context) -> Conversion[ORAddress]:
    """Map the mailbox of a RCPT TO.

    Raises:
        ConversionError: It can never be mapped; the `Failure` says what to answer.
    """
    version = context.policy.x400_version
    return Conversion(result=mailbox_to_oraddress(address, context.settings, Role.RECIPIENT, x400_version=version).result)


def map_x400_recipient(oraddress: ORAddress, context: Context) -> Conversion[Mailbox]:
    """Map the O/R address of a P1 recipient.

    Raises:
        ConversionError: It leads to no mailbox, or is not valid: a wrong country, a value over its bound, an empty domain-defined one.
    """
    if (wrong := received_fault(without_empty(oraddress))) is not None:
        raise AddressError(f"the O/R address is not valid: {wrong}", diagnostic=11, status="5.1.3")
    return Conversion(result=oraddress_to_mailbox(oraddress, context.settings, Role.RECIPIENT).result)


# --- Internet -> X.400
# ---------------------------------------------------------------------------------------------------------------------------


def message_to_x400(message: Message, envelope: SmtpEnvelope, recipients: Sequence[int], context: Context) -> Conversion[p1.MTSAPDU]:
    """Convert an Internet message for some of its recipients.

    Args:
        message: The message.
        envelope: Its SMTP envelope.
        recipients: Numbers in the envelope, 1 is the first RCPT; those for whom the result is responsible.
        context: Settings, policy, time and seed.

    Raises:
        ConversionError: It cannot be converted: an address of the envelope, a loop, a number that the envelope does not have.
    """
    check_received(message.header, context.settings)
    if not recipients or not all(1 <= number <= len(envelope.recipients) for number in recipients):
        raise ConversionError(Failure(reason=1, diagnostic=11, smtp_code=554, status="5.5.4", text="the message has no recipient"))
    scope = Scope(context=context, notes=Notes())
    originator = originator_address(envelope, scope)
    ipn = ipn_of_message(message, scope)
    if ipn is not None:
        return _notification_to_x400(message, envelope, recipients, ipn, originator, scope)
    mapped = ipm_of_message(message, scope)
    heading = with_requests(mapped.ipm.heading, message, envelope, scope)
    heading = _with_originator(heading_for(heading, message.header, envelope, recipients, scope), originator, scope)
    transfer = _transfer_envelope(
        message, envelope, recipients, originator, scope,
        content_type=mapped.content_type, types=mapped.body.types, found=mapped.elements,
    )  # fmt: skip
    content = _encoded(InformationObject(ipm=replace(mapped.ipm, heading=heading)), transfer)
    identifier = message.header.value("Message-ID")
    facts = [
        *mapped.facts,
        Fact(kind="mts-identifier", key=text_from_mts_identifier(transfer.message_identifier), value=identifier),
        *([notification_request(heading.this_ipm, identifier)] if is_requesting(heading) else []),
    ]
    apdu = p1.MTSAPDU(message=p1.Message(envelope=transfer, content=content))
    return Conversion(result=apdu, notes=scope.notes.taken(), remember=tuple(facts), steps=scope.notes.steps())


def _with_originator(heading: Heading, originator: ORAddress, scope: Scope) -> Heading:
    """Peers show no sender where the heading has none, so it gets that of the envelope (5.1.3 leaves it out without From and Sender)."""
    if heading.originator is not None:
        return heading
    scope.notes.add("From", "5.1.3", "is missing: the sender of the envelope was taken")
    return replace(heading, originator=ORDescriptor(formal_name=orname_from_oraddress(originator)))


def _notification_to_x400(
    message: Message, envelope: SmtpEnvelope, recipients: Sequence[int], ipn: IPN, originator: ORAddress, scope: Scope
) -> Conversion[p1.MTSAPDU]:
    """An IPN in its envelope: nothing is asked of anybody, and no report (RFC 8098 3).

    X.420 (1984) table 3 leaves encoded information types and indicators of a notification out, and peers read that literally.
    """
    transfer = _transfer_envelope(message, envelope, recipients, originator, scope, content_type=P2, types=(), found={})
    transfer = replace(
        transfer,
        original_encoded_information_types=None,
        per_message_indicators=frozenset(),
        per_recipient_fields=tuple(replace(one, per_recipient_indicators=UNREPORTED) for one in transfer.per_recipient_fields),
    )
    apdu = p1.MTSAPDU(message=p1.Message(envelope=transfer, content=_encoded(InformationObject(ipn=ipn), transfer)))
    return Conversion(result=apdu, notes=scope.notes.taken())


def _encoded(content: InformationObject, transfer: p1.MessageTransferEnvelope) -> Octets:
    """The content; whatever X.411 or X.420 does not allow is found here, before anything is sent."""
    try:
        asn1.encode(transfer)
        return asn1.encode_octets(content)
    except BERError as error:
        text = "the message holds a value that X.400 cannot express"
        raise ConversionError(Failure(reason=1, diagnostic=11, smtp_code=554, status="5.6.0", text=text, detail=str(error))) from error


def _transfer_envelope(
    message: Message, envelope: SmtpEnvelope, recipients: Sequence[int], originator: ORAddress, scope: Scope,
    *, content_type: ContentType, types: Sequence[str], found: Mapping[str, Any],
) -> p1.MessageTransferEnvelope:  # fmt: skip
    """The P1 envelope; ``types`` are those of the content, ``found`` what header fields gave."""
    context = scope.context
    elements = checked_times(smtp_elements(envelope, found, scope), scope)
    converted = eits((*types, oids.EIT_MIXER))
    own = own_hop(context, converted)
    hops = (*hops_from_fields(message.header, originator, envelope.reverse_path.rpartition("@")[2], context, scope.notes), own)
    declared = elements.get("original_encoded_information_types")
    inner = internal_trace(hops, context.policy.internal_trace)
    correlator = content_correlator(envelope, message.header)
    extensions = list(extensions_of(elements))
    extensions += [extension_field(StandardExtension.INTERNAL_TRACE_INFORMATION, inner)] if inner else []
    extensions += [correlator_field(correlator)] if correlator else []
    transfer = p1.MessageTransferEnvelope(
        message_identifier=new_mts_identifier(context, f"message/{','.join(map(str, recipients))}"),
        originator_name=orname_from_oraddress(originator),
        original_encoded_information_types=merged(converted, declared) if declared is not None else converted,
        content_type=content_type,
        content_identifier=elements.get("content_identifier") or content_identifier(decode_text(message.header.value("Subject"))),
        priority=elements.get("priority", Priority.NORMAL),
        per_message_indicators=indicators(elements),
        deferred_delivery_time=elements.get("deferred_delivery_time"),
        per_domain_bilateral_information=bilateral_information(context.policy),
        trace_information=external_trace(hops),
        extensions=tuple(extensions),
        per_recipient_fields=tuple(recipient_fields(envelope, number, scope) for number in recipients),
    )
    return downgraded(transfer, scope) if context.policy.x400_version == 84 else transfer


# --- X.400 -> Internet
# ---------------------------------------------------------------------------------------------------------------------------


def message_to_internet(apdu: p1.Message, recipients: Sequence[int], context: Context) -> Conversion[InternetResult]:
    """Convert an X.400 message (IPM or IPN) for some of its recipients.

    Args:
        apdu: The P1 message.
        recipients: Their places in the P1 envelope, from 1.
        context: Settings, policy, time and seed.

    Raises:
        ConversionError: It cannot be converted: content type, content, a critical extension, an address, a loop, a time that has passed.
    """
    scope = Scope(context=context, notes=Notes())
    transfer = apdu.envelope
    hops = hops_of(transfer.trace_information, extension_value(transfer.extensions, StandardExtension.INTERNAL_TRACE_INFORMATION) or ())
    check_hops(hops, context.settings, context.policy)
    check_identifier(transfer.message_identifier, hops, context.policy, scope.notes)
    note_domains(hops, transfer.message_identifier, scope.notes)
    check_content_type(transfer.content_type, context.policy.content_types)
    content = information_object(transfer.content_type, apdu.content, scope.notes)
    envelope = smtp_envelope(transfer, recipients, scope, null_sender=content.ipn is not None)
    if not envelope.recipients:
        raise ConversionError(Failure(reason=1, diagnostic=11, smtp_code=554, status="5.5.4", text="the message has no recipient here"))
    trace = [received_field(hops, context), *(("X400-Received", text_from_hop(hop)) for hop in reversed(hops))]
    copy = responsible_recipients(transfer, recipients)
    trailing = fields_of_envelope(transfer, copy, scope)
    defaults = _defaults(apdu, hops, envelope, scope)
    facts: list[Fact] = []
    if content.ipn is not None:
        defaults += [("To", envelope.recipients[0].address)]
        defaults = list((dict(defaults) | _notification_defaults(transfer, copy[0], scope)).items())
        message = message_of_ipn(content.ipn, scope, leading=trace, trailing=trailing, defaults=defaults, hops=hops)
    elif content.ipm is not None:
        request = request_fields(content.ipm.heading, copy, envelope.reverse_path, scope)
        facts += [disposition_request(content.ipm.heading.this_ipm)] if request else []
        facts += ipm_identifier_facts(identifiers_of(content.ipm.heading))
        lossless = check_conversion(transfer, content.ipm, scope)
        ipm = replace(content.ipm, heading=heading_of_copy(content.ipm.heading, copy, scope))
        message = message_of_ipm(
            ipm, scope, leading=trace, trailing=trailing, defaults=defaults, request=request, lossless=lossless
        )  # fmt: skip
    else:
        raise ConversionError(
            Failure(reason=1, diagnostic=12, smtp_code=554, status="5.5.2", text="the content is neither message nor notification")
        )
    result = InternetResult(envelope=envelope, message=serialise(message))
    return Conversion(result=result, notes=scope.notes.taken(), remember=tuple(facts), steps=scope.notes.steps())


def _notification_defaults(
    transfer: p1.MessageTransferEnvelope, recipient: p1.PerRecipientMessageTransferFields, scope: Scope
) -> dict[str, str]:
    """From and To of a notification: its P1 originator, and the recipient before any redirection (5.3.5)."""
    history = extension_value(recipient.extensions, StandardExtension.REDIRECTION_HISTORY) or ()
    addressed = history[0].intended_recipient_name.intended_recipient if history else recipient.recipient_name
    fields = {"From": address_text(transfer.originator_name, scope), "To": address_text(addressed, scope)}
    return {name: text for name, text in fields.items() if not text.endswith(":;")}


def _defaults(apdu: p1.Message, hops: Sequence[Hop], envelope: SmtpEnvelope, scope: Scope) -> list[tuple[str, str]]:
    """Fields that a message must have, for when the heading gives none (5.3.2); Date is the time of submission."""
    context = scope.context
    return [
        ("Date", serialise_date(hops[0].arrival if hops else context.now)),
        ("From", envelope.reverse_path or f"X.400 gateway <{context.settings.administrator}>"),
        ("Message-ID", new_msg_id(context, text_from_mts_identifier(apdu.envelope.message_identifier))),
    ]
