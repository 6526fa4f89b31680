"""Reports the gateway makes, and Report -> DSN (RFC 2156 4.6.2.3, 5.3.8, Appendix A).

A report has one truth, the outcome of each recipient, and two renderings. A report about a report is never made, nor one that nobody
asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from gateway.errors import GatewayError
from gateway.internet import dsn
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.fields import sanitise, serialise_date
from gateway.internet.message import Message, serialise
from gateway.mixer.address import AddressError, Role, oraddress_to_mailbox
from gateway.mixer.descriptors import Scope
from gateway.mixer.eits import text_from_content_type, text_from_eits
from gateway.mixer.envelope import ENVID_PREFIX, address_text, redirection_reason
from gateway.mixer.identifiers import new_msg_id, new_mts_identifier, text_from_global_domain, text_from_mts_identifier
from gateway.mixer.messages import information_object, message_of_ipm
from gateway.mixer.policy import Context
from gateway.mixer.results import Conversion, InternetResult, ReportedOutcome
from gateway.mixer.rules import Notes
from gateway.mixer.status import status_from_x400
from gateway.mixer.stdor import StdOrError, to_text
from gateway.mixer.text import ia5_form, labelled_integer, labelled_integer_2, printable_form, text_from_oid, with_offset
from gateway.mixer.trace import Hop, external_trace, hops_of, internal_trace, note_domains, own_hop, received_field, text_from_hop
from gateway.octets import MemoryOctets, Octets
from gateway.x400 import p1
from gateway.x400.bounds import UB_SUPPLEMENTARY_INFO_LENGTH
from gateway.x400.extension_values import OriginatorAndDLExpansion
from gateway.x400.extensions import ExtensionField, StandardExtension, extension_field, extension_value
from gateway.x400.mts import (
    DeliveryReport,
    NonDeliveryDiagnosticCode,
    NonDeliveryReasonCode,
    NonDeliveryReport,
    PerMessageIndicators,
    PerRecipientIndicators,
    ReportType,
    TypeOfMTSUser,
)
from gateway.x400.oraddress import oraddress_from_orname
from gateway.x400.orname import ORName

Subject = p1.Message | p1.ProbeTransferEnvelope
_I = PerRecipientIndicators
_E = StandardExtension

_FOR_SUCCESS: Final = frozenset({_I.ORIGINATING_MTA_REPORT, _I.ORIGINATOR_REPORT})
_FOR_FAILURE: Final = _FOR_SUCCESS | {_I.ORIGINATING_MTA_NON_DELIVERY_REPORT, _I.ORIGINATOR_NON_DELIVERY_REPORT}
_AUDITED: Final = frozenset({_I.ORIGINATING_MTA_REPORT, _I.ORIGINATING_MTA_NON_DELIVERY_REPORT})

# --- outcomes -> Report
# ------------------------------------------------------------------------------------------------------------------------


def report_for_x400(
    subject: Subject | p1.Report, outcomes: Mapping[int, ReportedOutcome], context: Context, returned_content: Octets | None = None
) -> Conversion[p1.MTSAPDU] | None:
    """A Report about a message or probe.

    Args:
        subject: What the report is about; for a Report there is none.
        outcomes: By place of the recipient in the subject's envelope, from 1.
        context: Settings, time and seed.
        returned_content: Content to return where the originator asked for it; by default that of the subject.

    Returns:
        None when nobody asked for a report.
    """
    if isinstance(subject, p1.Report):
        return None
    envelope: Any = subject.envelope if isinstance(subject, p1.Message) else subject
    probe = not isinstance(subject, p1.Message)
    recipients = tuple(
        _reported(one, outcomes[place], context, probe)
        for place, one in enumerate(envelope.per_recipient_fields, 1)
        if place in outcomes and _asked(one, outcomes[place])
    )
    if not recipients:
        return None
    failed = any(one.last_trace_information.report_type.non_delivery is not None for one in recipients)
    content = returned_content if returned_content is not None or probe else subject.content  # type: ignore[union-attr]
    wanted = PerMessageIndicators.CONTENT_RETURN_REQUEST in envelope.per_message_indicators and failed
    report = p1.Report(
        envelope=_report_envelope(envelope, context),
        content=p1.ReportTransferContent(
            subject_identifier=envelope.probe_identifier if probe else envelope.message_identifier,
            subject_intermediate_trace_information=envelope.trace_information if _is_audited(envelope) else None,
            original_encoded_information_types=envelope.original_encoded_information_types,
            content_type=envelope.content_type,
            content_identifier=envelope.content_identifier,
            returned_content=content if wanted else None,
            extensions=() if _is_1984(context) else _copied(envelope.extensions, _E.CONTENT_CORRELATOR),
            per_recipient_fields=recipients,
        ),
    )
    return Conversion(result=p1.MTSAPDU(report=report))


def _asked(recipient: Any, outcome: ReportedOutcome) -> bool:
    """Whether the originator, or its MTA, wants to know how this ended; the MTA's demand may exceed the originator's."""
    bits = recipient.per_recipient_indicators
    if _I.RESPONSIBILITY not in bits:
        return False
    if outcome.failure is None and outcome.notify_passed:
        # Appendix A 3.2: a report will come from there; here only what the MTA demands beyond the originator.
        return _I.ORIGINATING_MTA_REPORT in bits and _I.ORIGINATOR_REPORT not in bits
    return bool(bits & (_FOR_FAILURE if outcome.failure is not None else _FOR_SUCCESS))


def _is_audited(envelope: Any) -> bool:
    return any(one.per_recipient_indicators >= _AUDITED for one in envelope.per_recipient_fields)


def _is_1984(context: Context) -> bool:
    return context.policy.x400_version == 84


def _copied(extensions: Iterable[ExtensionField], number: StandardExtension) -> tuple[ExtensionField, ...]:
    return tuple(one for one in extensions if one.number == number)[:1]


def _report_envelope(envelope: Any, context: Context) -> p1.ReportTransferEnvelope:
    hop = own_hop(context, None)
    history = extension_value(envelope.extensions, _E.DL_EXPANSION_HISTORY) or ()
    # X.411 14.3.2.4: a report goes back along the distribution lists, to the one that expanded last.
    destination = history[-1].dl if history else envelope.originator_name
    extensions: list[ExtensionField] = []
    if not _is_1984(context):
        extensions.append(extension_field(_E.INTERNAL_TRACE_INFORMATION, internal_trace((hop,))))
        if history:
            first = OriginatorAndDLExpansion(
                originator_or_dl_name=envelope.originator_name,
                origination_or_expansion_time=hops_of(envelope.trace_information)[0].arrival,
            )
            lists = (
                OriginatorAndDLExpansion(originator_or_dl_name=one.dl, origination_or_expansion_time=one.dl_expansion_time)
                for one in history
            )
            extensions.append(extension_field(_E.ORIGINATOR_AND_DL_EXPANSION_HISTORY, (first, *lists)))
    return p1.ReportTransferEnvelope(
        report_identifier=new_mts_identifier(context, "report"),
        report_destination_name=destination,
        trace_information=external_trace((hop,)),
        extensions=tuple(extensions),
    )


def _reported(recipient: Any, outcome: ReportedOutcome, context: Context, probe: bool) -> p1.PerRecipientReportTransferFields:
    history = extension_value(recipient.extensions, _E.REDIRECTION_HISTORY) or ()
    return p1.PerRecipientReportTransferFields(
        actual_recipient_name=recipient.recipient_name,
        originally_specified_recipient_number=recipient.originally_specified_recipient_number,
        per_recipient_indicators=recipient.per_recipient_indicators,
        last_trace_information=p1.LastTraceInformation(arrival_time=with_offset(context.now), report_type=_report_type(outcome, context)),
        originally_intended_recipient_name=history[0].intended_recipient_name.intended_recipient if history else None,
        supplementary_information=_supplementary(outcome, context, probe),
        extensions=() if _is_1984(context) else _copied(recipient.extensions, _E.REDIRECTION_HISTORY),
    )


def _report_type(outcome: ReportedOutcome, context: Context) -> ReportType:
    failure = outcome.failure
    if failure is None:
        return ReportType(delivery=DeliveryReport(message_delivery_time=with_offset(outcome.delivered_at or context.now)))
    return non_delivery(failure.reason, failure.diagnostic, context)


def non_delivery(reason: int, diagnostic: int | None, context: Context) -> ReportType:
    """A non-delivery with the codes that the peer knows: X.411 (1984) has reasons 0 to 2 and diagnostics 0 to 11 only."""
    if _is_1984(context):
        reason = reason if reason <= NonDeliveryReasonCode.CONVERSION_NOT_PERFORMED else NonDeliveryReasonCode.UNABLE_TO_TRANSFER
        diagnostic = diagnostic if diagnostic is not None and diagnostic <= NonDeliveryDiagnosticCode.INVALID_ARGUMENTS else None
    return ReportType(non_delivery=NonDeliveryReport(non_delivery_reason_code=reason, non_delivery_diagnostic_code=diagnostic))


def _supplementary(outcome: ReportedOutcome, context: Context, probe: bool) -> str:
    """Names the gateway, as 4.6.2.3 and 5.3.9 ask of every report that a gateway makes."""
    gateway = context.settings.gateway_domain
    if outcome.failure is not None:
        text = f"{outcome.failure.text} (reported by the MIXER gateway {gateway})"
    elif probe:
        text = f"The probe was serviced by the MIXER gateway {gateway}"
    elif outcome.relayed:
        text = f"Relayed to Internet mail by the MIXER gateway {gateway}; delivery is not confirmed"
    else:
        text = f"Delivered through the MIXER gateway {gateway}"
    return printable_form(sanitise(text))[:UB_SUPPLEMENTARY_INFO_LENGTH]


# --- outcomes -> DSN
# -----------------------------------------------------------------------------------------------------------------------------


def dsn_for_internet(
    envelope: SmtpEnvelope, original: Message, outcomes: Mapping[int, ReportedOutcome], context: Context
) -> Conversion[InternetResult] | None:
    """A DSN to the sender of an Internet message (RFC 3464).

    Args:
        envelope: Of the message it is about.
        original: That message.
        outcomes: By recipient number, 1 is the first RCPT.
        context: Settings, time and seed.

    Returns:
        None when the reverse path is null, or NOTIFY asked for nothing that happened.
    """
    told = {number: one for number, one in sorted(outcomes.items()) if _notified(envelope.recipients[number - 1], one)}
    if not envelope.reverse_path or not told:
        return None
    failed = any(one.failure is not None for one in told.values())
    about = [("Reporting-MTA", f"dns; {context.settings.gateway_domain}")]
    if envelope.envid:
        about.insert(0, ("Original-Envelope-Id", sanitise(envelope.envid)))
    groups = [_outcome_fields(envelope.recipients[number - 1], one, context) for number, one in told.items()]
    subject = "success and failures" if failed and not all(one.failure for one in told.values()) else "failure" if failed else "success"
    message = dsn.report_message(
        _dsn_header(context, envelope.reverse_path, f"Delivery-Report ({subject})", original.header.value("Message-ID")),
        report_type="delivery-status",
        text=_dsn_text(envelope, told, context),
        machine_part=dsn.status_part(about, groups),
        returned=_returned(original, full=failed and envelope.ret != "HDRS"),
    )
    return Conversion(result=InternetResult(envelope=_null_envelope(envelope.reverse_path), message=serialise(message)))


def _notified(recipient: SmtpRecipient, outcome: ReportedOutcome) -> bool:
    """NOTIFY (RFC 3461 4.1); without it failures are told and nothing else."""
    notify = recipient.notify if recipient.notify is not None else frozenset({"FAILURE"})
    return ("FAILURE" if outcome.failure is not None else "SUCCESS") in notify


def _null_envelope(recipient: str) -> SmtpEnvelope:
    # Deviation: RFC 2156 5.3.2 names the administrator as SMTP originator; RFC 3464 and 5321 demand the null reverse path.
    return SmtpEnvelope(reverse_path="", recipients=(SmtpRecipient(address=recipient, notify=frozenset({"NEVER"})),))


def _dsn_header(context: Context, recipient: str, subject: str, references: str = "") -> list[tuple[str, str]]:
    return [
        ("Date", serialise_date(context.now)),
        ("From", f"Mail Gateway <{context.settings.administrator}>"),
        ("To", recipient),
        ("Subject", subject),
        ("Message-ID", new_msg_id(context, "report")),
        *([("References", sanitise(references))] if references else []),
        ("Auto-Submitted", "auto-replied"),
    ]


def _outcome_fields(recipient: SmtpRecipient, outcome: ReportedOutcome, context: Context) -> list[tuple[str, str]]:
    fields = [("Original-Recipient", _typed(recipient.orcpt))] if recipient.orcpt else []
    fields.append(("Final-Recipient", f"rfc822; {recipient.address}"))
    failure = outcome.failure
    if failure is None:
        at = [("X400-Delivery-Time", serialise_date(outcome.delivered_at))] if outcome.delivered_at is not None else []
        return [*fields, ("Action", "relayed" if outcome.relayed else "delivered"), ("Status", "2.0.0"), *at]
    fields += [("Action", "failed"), ("Status", failure.status)]
    fields.append(("Diagnostic-Code", f"x400; {diagnostic_text(failure.reason, failure.diagnostic)}"))
    return [*fields, ("Last-Attempt-Date", serialise_date(context.now))]


def _typed(orcpt: str) -> str:
    kind, _, address = orcpt.partition(";")
    return f"{sanitise(kind)}; {sanitise(address)}"


def diagnostic_text(reason: int, diagnostic: int | None) -> str:
    """``EBNF.dr-diagnostic`` (5.3.8.1): ``Reason 1 (Unable-To-Transfer); Diagnostic 0 (Unrecognised-OR-Name)``."""
    text = f"Reason {labelled_integer_2(reason, NonDeliveryReasonCode)}"
    return text if diagnostic is None else f"{text}; Diagnostic {labelled_integer_2(diagnostic, NonDeliveryDiagnosticCode)}"


def _dsn_text(envelope: SmtpEnvelope, told: Mapping[int, ReportedOutcome], context: Context) -> str:
    lines = [f"This is the mail gateway {context.settings.gateway_domain}. It reports on a message that you sent.", ""]
    for number, outcome in told.items():
        address = envelope.recipients[number - 1].address
        if outcome.failure is not None:
            lines += [
                "Your message was not delivered to:",
                f"    {address}",
                "for the following reason:",
                f"    {outcome.failure.text}",
                "",
            ]
        elif outcome.relayed:
            lines += ["Your message was handed on to a system that does not confirm delivery, for:", f"    {address}", ""]
        else:
            at = serialise_date(outcome.delivered_at or context.now)
            lines += ["Your message was successfully delivered to:", f"    {address}", f"at {at}", ""]
    return "\n".join(lines)


def _returned(original: Message, *, full: bool) -> dsn.Returned:
    header = original.header.serialise()
    if not full:
        return dsn.Returned(content=MemoryOctets(header), headers_only=True, eight_bit=not header.isascii())
    content = serialise(original)
    return dsn.Returned(content=content, eight_bit=not all(chunk.isascii() for chunk in content.chunks()))


# --- Report -> DSN
# -------------------------------------------------------------------------------------------------------------------------------


def report_to_internet(report: p1.Report, context: Context) -> Conversion[InternetResult]:
    """Convert a Report to a DSN (5.3.8).

    Raises:
        ConversionError: The report's destination leads to no mailbox.
    """
    scope = Scope(context=context, notes=Notes())
    envelope, content = report.envelope, report.content
    destination = oraddress_to_mailbox(oraddress_from_orname(envelope.report_destination_name), context.settings, Role.RECIPIENT)
    recipient = destination.result.address
    hops = hops_of(envelope.trace_information, extension_value(envelope.extensions, _E.INTERNAL_TRACE_INFORMATION) or ())
    note_domains(hops, content.subject_identifier, scope.notes)
    returned, failed = _returned_content(content, scope), _is_failure(content)
    message = dsn.report_message(
        [*_report_header(report, hops, recipient, scope)],
        report_type="delivery-status",
        text=_report_text(content, hops, returned is not None and failed, scope),
        machine_part=dsn.status_part(
            _message_fields(report, hops, scope), [_recipient_fields(one, scope) for one in content.per_recipient_fields]
        ),
        returned=_returned(returned, full=failed) if returned is not None else None,
    )
    result = InternetResult(envelope=_null_envelope(recipient), message=serialise(message))
    return Conversion(result=result, notes=scope.notes.taken())


def _is_failure(content: p1.ReportTransferContent) -> bool:
    return any(one.last_trace_information.report_type.non_delivery is not None for one in content.per_recipient_fields)


def _report_header(report: p1.Report, hops: Sequence[Hop], recipient: str, scope: Scope) -> list[tuple[str, str]]:
    context = scope.context
    trace = [received_field(hops, context), *(("X400-Received", text_from_hop(hop)) for hop in reversed(hops))]
    fields = [one for one in _dsn_header(context, recipient, _report_subject(report.content, scope)) if one[0] != "Date"]
    date = hops[0].arrival if hops else context.now
    own = [("Message-Type", "Delivery Report"), ("X400-MTS-Identifier", text_from_mts_identifier(report.envelope.report_identifier))]
    return [*trace, ("Date", serialise_date(date)), *fields, *own]


def _report_subject(content: p1.ReportTransferContent, scope: Scope) -> str:
    """``Delivery-Report (success|failure|success and failures) [for mailbox]`` (5.3.8.1, Appendix G)."""
    kinds = {one.last_trace_information.report_type.non_delivery is None for one in content.per_recipient_fields}
    word = "success and failures" if len(kinds) > 1 else "success" if kinds == {True} else "failure"
    only = f" for {_shown(content.per_recipient_fields[0], scope)}" if len(content.per_recipient_fields) == 1 else ""
    return f"Delivery-Report ({word}){only}"


def _shown(recipient: p1.PerRecipientReportTransferFields, scope: Scope) -> str:
    """The mailbox that people know: the originally intended recipient's if there is one (5.3.8.1)."""
    return address_text(recipient.originally_intended_recipient_name or recipient.actual_recipient_name, scope)


def _correlator(content: p1.ReportTransferContent) -> str:
    value = extension_value(content.extensions, _E.CONTENT_CORRELATOR)
    return value.ia5text if value is not None and value.ia5text is not None else ""


def _report_text(content: p1.ReportTransferContent, hops: Sequence[Hop], returned: bool, scope: Scope) -> str:
    correlator = _correlator(content)
    known = content.content_identifier or "" if correlator.startswith(ENVID_PREFIX) or not correlator else correlator
    lines = ["This report relates to your message:", *(f"    {sanitise(ia5_form(line))}" for line in known.splitlines())]
    if content.subject_intermediate_trace_information:
        first = content.subject_intermediate_trace_information[0].domain_supplied_information.arrival_time
        lines.append(f"of {serialise_date(first)}")
    lines.append("")
    for one in content.per_recipient_fields:
        lines += _recipient_text(one, scope)
    return "\n".join([*lines, "The Original Message follows:" if returned else "The Original Message is not available", ""])


def _recipient_text(one: p1.PerRecipientReportTransferFields, scope: Scope) -> list[str]:
    kind, address = one.last_trace_information.report_type, _shown(one, scope)
    extra = [f"    {sanitise(ia5_form(one.supplementary_information))}"] if one.supplementary_information else []
    if kind.delivery is not None:
        at = serialise_date(kind.delivery.message_delivery_time)
        return ["Your message was successfully delivered to:", f"    {address}", f"at {at}", *extra, ""]
    failure = kind.non_delivery
    reason = diagnostic_text(failure.non_delivery_reason_code, failure.non_delivery_diagnostic_code) if failure is not None else ""
    return ["Your message was not delivered to:", f"    {address}", "for the following reason:", f"    {reason}", *extra, ""]


def _message_fields(report: p1.Report, hops: Sequence[Hop], scope: Scope) -> list[tuple[str, str]]:
    """Per-message fields of the DSN (5.3.8.1)."""
    context, content = scope.context, report.content
    identifier, correlator = text_from_mts_identifier(content.subject_identifier), _correlator(content)
    fields = [("Original-Envelope-Id", identifier)]
    if correlator.startswith(ENVID_PREFIX):
        # Only one Original-Envelope-Id may exist; the ENVID that the sender gave wins.
        fields = [
            ("Original-Envelope-Id", sanitise(correlator.removeprefix(ENVID_PREFIX))), ("X400-Subject-Submision-Identifier", identifier),
        ]  # fmt: skip
    fields += [("Reporting-MTA", _reporting_mta(report, hops)), ("DSN-Gateway", f"dns; {context.settings.gateway_domain}")]
    last = content.per_recipient_fields[0].last_trace_information
    fields += [("Arrival-Date", serialise_date(last.arrival_time)), ("X400-Conversion-Date", serialise_date(context.now))]
    if correlator and not correlator.startswith(ENVID_PREFIX):
        fields.append(("X400-Content-Correlator", sanitise(ia5_form(correlator))))
    if content.content_identifier is not None:
        fields.append(("X400-Content-Identifier", sanitise(ia5_form(content.content_identifier))))
    if content.content_type is not None:
        fields.append(("X400-Content-Type", text_from_content_type(content.content_type)))
    if content.original_encoded_information_types is not None:
        fields.append(("X400-Original-Encoded-Information-Types", text_from_eits(content.original_encoded_information_types)))
    return [*fields, *_history_fields(report, scope), *_discarded(report)]


def _reporting_mta(report: p1.Report, hops: Sequence[Hop]) -> str:
    named = extension_value(report.envelope.extensions, _E.REPORTING_MTA_NAME)
    if named is not None:
        return f"x400; mta {sanitise(ia5_form(named.mta_name))} in {text_from_global_domain(named.domain)}"
    if not hops:
        return "x400; unknown"
    mta = f"mta {sanitise(ia5_form(hops[0].mta))} in " if hops[0].mta else ""
    return f"x400; {mta}{text_from_global_domain(hops[0].domain)}"


def _history_fields(report: p1.Report, scope: Scope) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    for one in reversed(extension_value(report.envelope.extensions, _E.ORIGINATOR_AND_DL_EXPANSION_HISTORY) or ()):
        shown = f"{address_text(one.originator_or_dl_name, scope)} ; {serialise_date(one.origination_or_expansion_time)} ;"
        fields.append(("X400-Originator-and-DL-Expansion-History", shown))
    list_name = extension_value(report.envelope.extensions, _E.REPORTING_DL_NAME)
    if list_name is not None:
        fields.append(("X400-Reporting-DL-Name", address_text(list_name, scope)))
    for hop in reversed(hops_of(report.content.subject_intermediate_trace_information or ())):
        fields.append(("X400-Subject-Intermediate-Trace-Information", text_from_hop(hop)))
    return fields


_SHOWN: Final = frozenset({_E.CONTENT_CORRELATOR, 25, 27, 30, 31, 38, 39})


def _discarded(report: p1.Report) -> list[tuple[str, str]]:
    """Every extension of the report that has no field, whatever its criticality (5.3.8.1)."""
    extensions = [*report.envelope.extensions, *report.content.extensions]
    extensions += [one for recipient in report.content.per_recipient_fields for one in recipient.extensions]
    names: dict[str, None] = {}
    for one in extensions:
        if one.number not in _SHOWN or not one.understood:
            number, oid = one.type_.standard_extension, one.type_.private_extension
            names[labelled_integer(number, StandardExtension) if number is not None else text_from_oid(oid or "0.0")] = None
    return [("X400-Discarded-DR-Extensions", ", ".join(names))] if names else []


def _x400_text(name: ORName) -> str:
    try:
        return to_text(oraddress_from_orname(name))
    except StdOrError:
        return "unknown"


def _mapped(name: ORName, scope: Scope) -> str:
    try:
        return oraddress_to_mailbox(oraddress_from_orname(name), scope.context.settings, Role.HEADER).result.address
    except AddressError:
        return "unknown"


def _recipient_fields(one: p1.PerRecipientReportTransferFields, scope: Scope) -> list[tuple[str, str]]:
    """Per-recipient fields of the DSN (5.3.8.1).

    For a redirected recipient the RFC prints the address types the other way round than for the others; that is taken for a slip.
    """
    intended = one.originally_intended_recipient_name
    known = intended or one.actual_recipient_name
    fields = [("Original-Recipient", f"rfc822; {_mapped(known, scope)}"), ("Final-Recipient", f"x400; {_x400_text(known)}")]
    last = one.last_trace_information
    fields += _action_fields(last.report_type)
    if intended is not None:
        fields += [
            ("X400-Mapped-Redirect-Recipient", f"rfc822; {_mapped(one.actual_recipient_name, scope)}"),
            ("X400-Redirect-Recipient", f"x400; {_x400_text(one.actual_recipient_name)}"),
        ]
    if last.converted_encoded_information_types is not None:
        fields.append(("X400-Converted-EITs", f"{text_from_eits(last.converted_encoded_information_types)};"))
    if one.supplementary_information:
        fields.append(("X400-Supplementary-Info", f'"{sanitise(ia5_form(one.supplementary_information)).replace(chr(34), chr(39))}";'))
    for item in extension_value(one.extensions, _E.REDIRECTION_HISTORY) or ():
        name = item.intended_recipient_name
        text = (
            f"intended recipient {address_text(name.intended_recipient, scope)} redirected to {redirection_reason(item.redirection_reason)}"
        )
        fields.append(("X400-Redirection-History", f"{text} on {serialise_date(name.redirection_time)}"))
    forwarding = extension_value(one.extensions, _E.PHYSICAL_FORWARDING_ADDRESS)
    if forwarding is not None:
        fields.append(("X400-Physical-Forwarding-Address", address_text(forwarding, scope)))
    fields.append(("X400-Last-Trace", serialise_date(last.arrival_time)))
    return [*fields, ("X400-Originally-Specified-Recipient-Number", str(one.originally_specified_recipient_number))]


def _action_fields(kind: ReportType) -> list[tuple[str, str]]:
    if kind.delivery is not None:
        return [
            ("Action", "delivered"), ("Status", "2.0.0"), ("X400-Delivery-Time", serialise_date(kind.delivery.message_delivery_time)),
            ("X400-Type-of-MTS-User", labelled_integer(kind.delivery.type_of_mts_user, TypeOfMTSUser)),
        ]  # fmt: skip
    failure = kind.non_delivery
    reason, diagnostic = (failure.non_delivery_reason_code, failure.non_delivery_diagnostic_code) if failure is not None else (1, None)
    status = ("Status", status_from_x400(reason, diagnostic))
    return [("Action", "failed"), status, ("Diagnostic-Code", f"x400; {diagnostic_text(reason, diagnostic)}")]


def _returned_content(content: p1.ReportTransferContent, scope: Scope) -> Message | None:
    """The returned content as a message; None where there is none, or none that can be read."""
    if content.returned_content is None or content.content_type is None:
        return None
    try:
        found = information_object(content.content_type, content.returned_content, scope.notes)
    except GatewayError as error:
        scope.notes.add("returned-content", "5.3.8.1", f"cannot be converted and was left out: {error}")
        return None
    return message_of_ipm(found.ipm, Scope(context=scope.context)) if found.ipm is not None else None
