"""DSN -> Report (RFC 2156 5.1.8): recipients that failed or were delivered make a Report, all others an ordinary message.

Whether a DSN belongs to something that this gateway has sent, the ledger knows (`sent.X400Subject`): then identifier, names, numbers and
the reports that were asked for come from there, and what it says of anybody else is told in an ordinary message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway import asn1
from gateway.asn1 import BERError
from gateway.errors import GatewayError
from gateway.internet.dsn import STATUS_TYPES, DeliveryReport, StatusFields, TypedValue, read_delivery_report
from gateway.internet.envelope import SmtpEnvelope
from gateway.internet.fields import Field, Mailbox, as_ascii, sanitise
from gateway.internet.message import Entity, Message, entity
from gateway.internet.message import message as build_message
from gateway.mixer.address import Role, mailbox_to_oraddress
from gateway.mixer.convert import message_to_x400
from gateway.mixer.descriptors import Scope
from gateway.mixer.envelope import MTS_ENVID_PREFIX, originator_address
from gateway.mixer.heading import TRACE
from gateway.mixer.identifiers import (
    global_domain_identifier,
    mts_identifier_from_text,
    mts_local_identifier_from_msg_id,
    new_mts_identifier,
)
from gateway.mixer.messages import ipm_of_message
from gateway.mixer.policy import Context
from gateway.mixer.reports import non_delivery
from gateway.mixer.results import Conversion
from gateway.mixer.rules import Notes, UnmappedError
from gateway.mixer.sent import X400Recipient, X400Subject
from gateway.mixer.statements import FINAL, Statement, statements
from gateway.mixer.status import x400_from_status
from gateway.mixer.stdor import from_text
from gateway.mixer.text import in_utc_time, printable_form, with_offset
from gateway.mixer.trace import check_received, external_trace, hops_from_fields, internal_trace, own_hop
from gateway.octets import Octets
from gateway.x400 import oids, p1
from gateway.x400.bounds import UB_LOCAL_ID_LENGTH, UB_RECIPIENTS, UB_SUPPLEMENTARY_INFO_LENGTH
from gateway.x400.extension_values import ContentCorrelator
from gateway.x400.extensions import ExtensionField, ExtensionType, StandardExtension, extension_field
from gateway.x400.ipm import InformationObject
from gateway.x400.mts import DeliveryReport as Delivery
from gateway.x400.mts import MTSIdentifier, ReportType
from gateway.x400.mts import PerRecipientIndicators as Bit
from gateway.x400.oraddress import orname_from_oraddress
from gateway.x400.orname import ORName

_FIELD_LIST: Final = asn1.SequenceOf(asn1.IA5String())
_CODES: Final = re.compile(r"Reason\s*([0-9]{1,5})[^;]*(?:;\s*Diagnostic\s*([0-9]{1,5}))?", re.IGNORECASE)
_REQUESTS: Final = frozenset({Bit.ORIGINATOR_REPORT, Bit.ORIGINATOR_NON_DELIVERY_REPORT})
_MAPPED: Final = ("Original-Recipient", "Final-Recipient", "Action")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reported:
    """A recipient that goes into the Report; ``sent`` is what the ledger knows of it."""

    fields: StatusFields
    actual: ORName
    intended: ORName | None
    sent: X400Recipient | None = None


def dsn_to_x400(message: Message, envelope: SmtpEnvelope, context: Context) -> tuple[Conversion[p1.MTSAPDU], ...]:
    """Convert a DSN for its one recipient: a Report, an ordinary message, or both (5.1.8.3).

    Raises:
        ConversionError: An address of the envelope, or a loop.
    """
    found = read_delivery_report(message)
    if found is None:
        return (message_to_x400(message, envelope, (1,), context),)
    check_received(message.header, context.settings)
    scope = Scope(context=context, notes=Notes())
    reported = [one for fields in found.status.recipients if (one := _reported(fields, scope)) is not None]
    others = len(found.status.recipients) - len(reported)
    return _made(message, envelope, found, reported, scope, None, others=bool(others))


def dsn_about(message: Message, envelope: SmtpEnvelope, context: Context, about: X400Subject) -> tuple[Conversion[p1.MTSAPDU], ...]:
    """Convert a DSN, or a bounce of older days, about something that was sent.

    Args:
        message: What came.
        envelope: With the mailbox of who is told as its one recipient.
        context: Settings, policy of the peer, time and seed.
        about: What was sent, to whom, and what was asked.

    Returns:
        A Report, an ordinary message, or both; nothing where all that it says is known already or nobody asked for it.

    Raises:
        ConversionError: An address of the envelope, or a loop.
    """
    said = statements(message, about)
    if said is None or (said.others and not said.known):
        return (message_to_x400(message, envelope, (1,), context),)
    check_received(message.header, context.settings)
    news = list({(one.recipient.place, one.action): one for one in said.known if one.action in FINAL and one.is_news}.values())
    # 5.1.8.3: what is delayed, relayed or expanded has not ended in X.400's sense, and is told in a message.
    others = bool(said.others) or any(one.action not in FINAL for one in said.known)
    if not news and not others:
        return ()
    reported = [_known(one) for one in news]
    return _made(message, envelope, said.report, reported, Scope(context=context, notes=Notes()), about, others=others)


def _known(one: Statement) -> _Reported:
    return _Reported(fields=one.fields, actual=one.recipient.name, intended=one.recipient.intended, sent=one.recipient)


def _made(
    message: Message, envelope: SmtpEnvelope, found: DeliveryReport, reported: Sequence[_Reported], scope: Scope,
    about: X400Subject | None, *, others: bool,
) -> tuple[Conversion[p1.MTSAPDU], ...]:  # fmt: skip
    """A Report about those that have ended, and a message where it tells more than that or cannot be made."""
    made: list[Conversion[p1.MTSAPDU]] = []
    report = _encodable(message, envelope, found, reported, scope, about) if reported else None
    if report is not None:
        made.append(Conversion(result=p1.MTSAPDU(report=report), notes=scope.notes.taken()))
    if others or report is None:
        made.append(message_to_x400(message, envelope, (1,), scope.context))
    return tuple(made)


def _reported(fields: StatusFields, scope: Scope) -> _Reported | None:
    """The recipient of a group of fields; None where it has not ended, or is nobody that X.400 could name."""
    if fields.action not in FINAL:
        return None
    final, original = _name(fields.typed("Final-Recipient"), scope), _name(fields.typed("Original-Recipient"), scope)
    actual = final or original
    return _Reported(fields=fields, actual=actual, intended=original) if actual is not None else None


def _name(value: TypedValue | None, scope: Scope) -> ORName | None:
    """The O/R name of an address with its type, rfc822 or x400 (5.1.8.3)."""
    if value is None:
        return None
    version = scope.context.policy.x400_version
    try:
        if value.type == "x400":
            return orname_from_oraddress(from_text(value.value, x400_version=version))
        if value.type not in ("rfc822", "utf-8", "unknown"):
            raise UnmappedError(f"addresses of the type {value.type[:40]} are not known")
        mailbox = Mailbox.from_text(value.value).address
        return orname_from_oraddress(mailbox_to_oraddress(mailbox, scope.context.settings, Role.HEADER, x400_version=version).result)
    except GatewayError as error:
        scope.notes.add("Final-Recipient", "5.1.8.3", f"{sanitise(value.to_text())[:100]} is no recipient of a report: {error}")
        return None


def _encodable(
    message: Message, envelope: SmtpEnvelope, found: DeliveryReport, reported: Sequence[_Reported], scope: Scope, about: X400Subject | None
) -> p1.Report | None:
    """The Report; None where the DSN holds a value that X.400 cannot express."""
    try:
        made = _report(message, envelope, found, reported, scope, about)
        asn1.encode_octets(made)
    except BERError:
        return None
    return made


def _report(
    message: Message, envelope: SmtpEnvelope, found: DeliveryReport, reported: Sequence[_Reported], scope: Scope, about: X400Subject | None
) -> p1.Report:
    context, newer = scope.context, scope.context.policy.x400_version != 84
    originator = originator_address(envelope, scope)
    sender = envelope.reverse_path.rpartition("@")[2]
    hops = (*hops_from_fields(message.header, originator, sender, context, scope.notes), own_hop(context, None))
    mapped = ipm_of_message(_readable(message), scope)
    returned: Octets = asn1.encode_octets(InformationObject(ipm=mapped.ipm))
    arrival = _arrival(message, found, context)
    trace = (extension_field(StandardExtension.INTERNAL_TRACE_INFORMATION, internal_trace(hops)),) if newer else ()
    return p1.Report(
        envelope=p1.ReportTransferEnvelope(
            report_identifier=_report_identifier(message, context),
            report_destination_name=about.destination if about is not None else _destination(envelope, context),
            trace_information=external_trace(hops),
            extensions=trace,
        ),
        content=p1.ReportTransferContent(
            subject_identifier=about.identifier if about is not None else _subject_identifier(found, scope),
            content_identifier=about.content_identifier if about is not None else None,
            content_type=mapped.content_type,
            returned_content=returned,
            extensions=(*_correlators(about, context), *_per_report(message, found, context)),
            per_recipient_fields=tuple(_fields(one, number, arrival, context) for number, one in enumerate(reported, 1)),
        ),
    )


def _destination(envelope: SmtpEnvelope, context: Context) -> ORName:
    address, version = envelope.recipients[0].address, context.policy.x400_version
    return orname_from_oraddress(mailbox_to_oraddress(address, context.settings, Role.RECIPIENT, x400_version=version).result)


def _correlators(about: X400Subject | None, context: Context) -> tuple[ExtensionField, ...]:
    """By what the originator's user agent finds the subject (X.411 8.2.1.1.1.34)."""
    if about is None or about.correlator is None or context.policy.x400_version == 84:
        return ()
    return (extension_field(StandardExtension.CONTENT_CORRELATOR, ContentCorrelator(ia5text=about.correlator)),)


def _readable(message: Message) -> Message:
    """The DSN with its status fields as plain text, as which they are mapped (5.1.8.3)."""
    parts = [_readable_part(part) if part.content_type.essence in STATUS_TYPES else part for part in message.parts]
    return build_message([*message.header.without("Content-Type"), ("Content-Type", "multipart/mixed")], parts)


def _readable_part(part: Entity) -> Entity:
    charset = "utf-8" if part.content_type.essence == "message/global-delivery-status" else "us-ascii"
    return entity([("Content-Type", f"text/plain; charset={charset}")], part.content())


def _arrival(message: Message, found: DeliveryReport, context: Context) -> datetime:
    """Arrival-Date, else the Date of the DSN (5.1.8.3)."""
    dates = (found.status.message.date("Arrival-Date"), StatusFields(header=message.header).date("Date"))
    return next((at for at in map(in_utc_time, dates) if at is not None), with_offset(context.now))


def _report_identifier(message: Message, context: Context) -> MTSIdentifier:
    """From the Message-ID of the DSN where it fits, since a cut one is not unique (5.1.8.3, 4.6.3)."""
    msg_id = message.header.value("Message-ID").strip()
    if not msg_id or len(msg_id) > UB_LOCAL_ID_LENGTH or not msg_id.isascii():
        return new_mts_identifier(context, "report")
    domain = global_domain_identifier(context.settings.global_domain)
    return MTSIdentifier(global_domain_identifier=domain, local_identifier=mts_local_identifier_from_msg_id(msg_id))


def _subject_identifier(found: DeliveryReport, scope: Scope) -> MTSIdentifier:
    """From Original-Envelope-Id (5.1.8.3); without the prefix too, since 5.3.8.1 writes it so."""
    envid = found.status.message.header.value("Original-Envelope-Id").strip()
    try:
        return mts_identifier_from_text(envid[len(MTS_ENVID_PREFIX) :] if envid.startswith(MTS_ENVID_PREFIX) else envid)
    except GatewayError:
        scope.notes.add("Original-Envelope-Id", "5.1.8.3", "names no X.400 message; an identifier was invented")
        return new_mts_identifier(scope.context, "subject")


# --- extensions (5.1.8.2) -----------------------------------------------------------------------------------------------------------------


def _per_report(message: Message, found: DeliveryReport, context: Context) -> tuple[ExtensionField, ...]:
    if not context.policy.report_extensions or context.policy.x400_version == 84:
        return ()
    header = [one for one in message.header if one.name.lower() not in TRACE]
    return (*_list(oids.ID_DSN_HEADER_LIST, header), *_list(oids.ID_DSN_FIELD_LIST, found.status.message.header))


def _list(oid: str, fields: Iterable[Field]) -> tuple[ExtensionField, ...]:
    """A private extension that lists fields, unfolded; none for no fields."""
    lines = tuple(f"{one.name}: {as_ascii(one.value.strip())}" for one in fields)
    if not lines:
        return ()
    value = asn1.Raw(asn1.encode(lines, _FIELD_LIST))
    return (ExtensionField(type_=ExtensionType(private_extension=oid), value=value),)


# --- recipients ---------------------------------------------------------------------------------------------------------------------------


def _fields(one: _Reported, number: int, arrival: datetime, context: Context) -> p1.PerRecipientReportTransferFields:
    """The per-recipient fields.

    X.411 leaves open what bits 1 and 2 mean here, 5.1.8.3 tells to set them; bits 3 and 4 say what the originator asked for.
    """
    failed = one.fields.action == "failed"
    bit = Bit.ORIGINATING_MTA_NON_DELIVERY_REPORT if failed else Bit.ORIGINATING_MTA_REPORT
    kept = context.policy.report_extensions and context.policy.x400_version != 84
    return p1.PerRecipientReportTransferFields(
        actual_recipient_name=one.actual,
        originally_specified_recipient_number=one.sent.number if one.sent is not None else _number(one.fields) or number,
        per_recipient_indicators=frozenset({bit}) | (one.sent.indicators & _REQUESTS if one.sent is not None else frozenset()),
        last_trace_information=p1.LastTraceInformation(arrival_time=arrival, report_type=_type(one.fields, failed, arrival, context)),
        originally_intended_recipient_name=one.intended,
        supplementary_information=_supplementary(one.fields),
        # 5.1.8.3 has Status in the list of the whole report, where nobody could tell whose it is.
        extensions=_list(oids.ID_DSN_FIELD_LIST, one.fields.header.without(*_MAPPED)) if kept else (),
    )


def _number(fields: StatusFields) -> int | None:
    text = fields.header.value("X400-Originally-Specified-Recipient-Number").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,5}", text) and 1 <= int(text) <= UB_RECIPIENTS else None


def _type(fields: StatusFields, failed: bool, arrival: datetime, context: Context) -> ReportType:
    if not failed:
        return ReportType(delivery=Delivery(message_delivery_time=arrival))
    code = fields.typed("Diagnostic-Code")
    match = _CODES.match(code.value) if code is not None and code.type == "x400" else None
    if match is not None:
        return non_delivery(int(match[1]), int(match[2]) if match[2] else None, context)
    return non_delivery(*x400_from_status(fields.status), context)


def _supplementary(fields: StatusFields) -> str | None:
    """What the other system said: the only words of it that most user agents show."""
    code = fields.typed("Diagnostic-Code")
    return printable_form(sanitise(code.value))[:UB_SUPPLEMENTARY_INFO_LENGTH] or None if code is not None else None
