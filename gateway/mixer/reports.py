"""Reports that the gateway makes of its own outcomes, in the words of either world (RFC 2156 4.6.2.3, Appendix A, RFC 3464).

A report has one truth, the outcome of each recipient, and two renderings. A report about a report is never made, nor one that nobody
asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from gateway.internet import dsn
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.fields import sanitise, serialise_date
from gateway.internet.message import Message, serialise
from gateway.mixer.codes import names, words
from gateway.mixer.delivery_options import notify_at, tells_of_relaying
from gateway.mixer.identifiers import new_msg_id, new_mts_identifier
from gateway.mixer.phrases import Language, Phrases, phrases
from gateway.mixer.policy import Context
from gateway.mixer.results import Conversion, InternetResult, ReportedOutcome
from gateway.mixer.text import labelled_integer_2, printable_form, with_offset
from gateway.mixer.trace import external_trace, hops_of, internal_trace, own_hop
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
)

Subject = p1.Message | p1.ProbeTransferEnvelope
_I = PerRecipientIndicators
_E = StandardExtension

_FOR_SUCCESS: Final = frozenset({_I.ORIGINATING_MTA_REPORT, _I.ORIGINATOR_REPORT})
_FOR_FAILURE: Final = _FOR_SUCCESS | {_I.ORIGINATING_MTA_NON_DELIVERY_REPORT, _I.ORIGINATOR_NON_DELIVERY_REPORT}
_AUDITED: Final = frozenset({_I.ORIGINATING_MTA_REPORT, _I.ORIGINATING_MTA_NON_DELIVERY_REPORT})

# --- outcomes -> Report
# ------------------------------------------------------------------------------------------------------------------------


def report_for_x400(
    subject: Subject | p1.Report,
    outcomes: Mapping[int, ReportedOutcome],
    context: Context,
    returned_content: Octets | None = None,
    language: Language = Language.ENGLISH,
) -> Conversion[p1.MTSAPDU] | None:
    """A Report about a message or probe.

    Args:
        subject: What the report is about; for a Report there is none.
        outcomes: By place of the recipient in the subject's envelope, from 1.
        context: Settings, time and seed.
        returned_content: Content to return where the originator asked for it; by default that of the subject.
        language: Of the supplementary information.

    Returns:
        None when nobody asked for a report.
    """
    if isinstance(subject, p1.Report):
        return None
    envelope: Any = subject.envelope if isinstance(subject, p1.Message) else subject
    probe = not isinstance(subject, p1.Message)
    recipients = tuple(
        _reported(one, outcomes[place], context, probe, phrases(language))
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


def _reported(recipient: Any, outcome: ReportedOutcome, context: Context, probe: bool, say: Phrases) -> p1.PerRecipientReportTransferFields:
    history = extension_value(recipient.extensions, _E.REDIRECTION_HISTORY) or ()
    return p1.PerRecipientReportTransferFields(
        actual_recipient_name=recipient.recipient_name,
        originally_specified_recipient_number=recipient.originally_specified_recipient_number,
        per_recipient_indicators=recipient.per_recipient_indicators,
        last_trace_information=p1.LastTraceInformation(arrival_time=with_offset(context.now), report_type=_report_type(outcome, context)),
        originally_intended_recipient_name=history[0].intended_recipient_name.intended_recipient if history else None,
        supplementary_information=_supplementary(outcome, context, probe, say),
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


def _supplementary(outcome: ReportedOutcome, context: Context, probe: bool, say: Phrases) -> str:
    """Names the gateway, as 4.6.2.3 and 5.3.9 ask of every report that a gateway makes."""
    if outcome.failure is not None:
        pattern = say.p1_failed
    elif probe:
        pattern = say.p1_probe
    else:
        pattern = say.p1_relayed if outcome.relayed else say.p1_delivered
    text = pattern.format(gateway=context.settings.gateway_domain, text=outcome.failure.text if outcome.failure is not None else "")
    return printable_form(sanitise(text))[:UB_SUPPLEMENTARY_INFO_LENGTH]


def without_returned_content(apdu: p1.MTSAPDU) -> p1.MTSAPDU:
    """A Report without the content that it returns; any other APDU as it is."""
    report = apdu.report
    if report is None or report.content.returned_content is None:
        return apdu
    return p1.MTSAPDU(report=replace(report, content=replace(report.content, returned_content=None)))


# --- outcomes -> DSN
# -----------------------------------------------------------------------------------------------------------------------------


def dsn_for_internet(
    envelope: SmtpEnvelope,
    original: Message,
    outcomes: Mapping[int, ReportedOutcome],
    context: Context,
    language: Language = Language.ENGLISH,
) -> Conversion[InternetResult] | None:
    """A DSN to the sender of an Internet message (RFC 3464).

    Args:
        envelope: Of the message it is about.
        original: That message.
        outcomes: By recipient number, 1 is the first RCPT; ends, or delays (`ReportedOutcome.trying_until`).
        context: Settings, time and seed.
        language: Of the part for people.

    Returns:
        None when the reverse path is null, or NOTIFY asked for nothing that happened.
    """
    by_time = notify_at(envelope, context.arrived or context.now)
    late = by_time is not None and by_time <= context.now
    traced = tells_of_relaying(envelope, context.arrived or context.now, context.now)
    told = {
        number: one
        for number, one in sorted(outcomes.items())
        if _notified(envelope.recipients[number - 1], one, asked_by=late if one.trying_until is not None else traced and one.relayed)
    }
    if not envelope.reverse_path or not told:
        return None
    failed = any(one.failure is not None and one.trying_until is None for one in told.values())
    about = [("Reporting-MTA", f"dns; {context.settings.gateway_domain}")]
    if envelope.envid:
        about.insert(0, ("Original-Envelope-Id", sanitise(envelope.envid)))
    groups = [_outcome_fields(envelope.recipients[number - 1], one, context, late=late) for number, one in told.items()]
    header_is_utf8 = envelope.smtputf8 and is_utf8(original)
    utf8 = header_is_utf8 or needs_utf8(envelope.reverse_path, groups)
    message = dsn.report_message(
        dsn_header(
            context, envelope.reverse_path, f"Delivery-Report ({_outcome_word(told.values())})", original.header.value("Message-ID")
        ),
        report_type="delivery-status",
        text=_dsn_text(envelope, told, context, language),
        machine_part=dsn.status_part(about, groups, utf8=utf8),
        returned=returned_part(original, full=failed and envelope.ret != "HDRS", utf8=header_is_utf8),
    )
    return Conversion(result=InternetResult(envelope=null_envelope(envelope.reverse_path, utf8=utf8), message=serialise(message)))


def needs_utf8(reverse_path: str, groups: Iterable[Iterable[tuple[str, str]]]) -> bool:
    """Whether a DSN is to be in the international form (RFC 6533 4): its reader, or somebody it speaks of, has a mailbox beyond ASCII."""
    told = (value for group in groups for name, value in group if name.endswith("-Recipient"))
    return not reverse_path.isascii() or not all(value.isascii() for value in told)


def is_utf8(original: Message) -> bool:
    """Whether the header of a message is internationalised (RFC 6532)."""
    header = original.header.serialise()
    try:
        return not header.isascii() and bool(header.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _outcome_word(told: Iterable[ReportedOutcome]) -> str:
    """The word in the subject (5.3.8.1, Appendix G; ``delay`` is RFC 3464's, the RFC has no word for it)."""
    words_of = {"delay" if one.trying_until else "failure" if one.failure else "success" for one in told}
    return words_of.pop() if len(words_of) == 1 else "success and failures"


def _notified(recipient: SmtpRecipient, outcome: ReportedOutcome, *, asked_by: bool) -> bool:
    """NOTIFY (RFC 3461 4.1); without it failures are told and nothing else.

    ``asked_by``: BY asks for it; a delay is told without NOTIFY too, and a relaying unless NOTIFY is NEVER (RFC 2852 4.1.3, 4.1.4).
    """
    notify = recipient.notify if recipient.notify is not None else frozenset({"FAILURE"})
    if outcome.trying_until is not None:
        return "DELAY" in notify or (asked_by and recipient.notify is None)
    if asked_by:
        return "NEVER" not in notify
    return ("FAILURE" if outcome.failure is not None else "SUCCESS") in notify


def null_envelope(recipient: str, *, utf8: bool = False) -> SmtpEnvelope:
    """The envelope of a DSN; ``utf8`` for one in the international form, which a server without SMTPUTF8 gets in the other."""
    # Deviation: RFC 2156 5.3.2 names the administrator as SMTP originator; RFC 3464 and 5321 demand the null reverse path.
    return SmtpEnvelope(reverse_path="", recipients=(SmtpRecipient(address=recipient, notify=frozenset({"NEVER"})),), smtputf8=utf8)


def dsn_header(context: Context, recipient: str, subject: str, references: str = "") -> list[tuple[str, str]]:
    """The header of a DSN (RFC 3464 2, RFC 3834 5)."""
    return [
        ("Date", serialise_date(context.now)),
        ("From", f"Mail Gateway <{context.settings.administrator}>"),
        ("To", _ascii_domain(recipient)),
        ("Subject", subject),
        ("Message-ID", new_msg_id(context, "report")),
        *([("References", sanitise(references))] if references else []),
        ("Auto-Submitted", "auto-replied"),
    ]


def _ascii_domain(mailbox: str) -> str:
    """The mailbox with A-labels where that makes it ASCII: then servers without SMTPUTF8 take the report too."""
    local, _, domain = mailbox.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}" if local.isascii() and not domain.isascii() else mailbox
    except UnicodeError:
        return mailbox


def _outcome_fields(recipient: SmtpRecipient, outcome: ReportedOutcome, context: Context, *, late: bool) -> list[tuple[str, str]]:
    fields = [("Original-Recipient", _typed(recipient.orcpt))] if recipient.orcpt else []
    fields.append(("Final-Recipient", f"rfc822; {recipient.address}"))
    failure = outcome.failure
    if failure is None:
        at = [("X400-Delivery-Time", serialise_date(outcome.delivered_at))] if outcome.delivered_at is not None else []
        return [*fields, ("Action", "relayed" if outcome.relayed else "delivered"), ("Status", "2.0.0"), *at]
    delayed = outcome.trying_until is not None
    # RFC 3464 2.3.3: a delay is not final, whatever the code that caused it would say at the end. RFC 2852 4.1.3 has a code of its own.
    status = failure.status if not delayed else "4.4.7" if late else f"4{failure.status[1:]}"
    fields += [("Action", "delayed" if delayed else "failed"), ("Status", status)]
    fields.append(("Diagnostic-Code", f"x400; {diagnostic_text(failure.reason, failure.diagnostic)}"))
    fields.append(("Last-Attempt-Date", serialise_date(context.now)))
    return [*fields, *([("Will-Retry-Until", serialise_date(outcome.trying_until))] if outcome.trying_until is not None else [])]


def _typed(orcpt: str) -> str:
    kind, _, address = orcpt.partition(";")
    return f"{sanitise(kind)}; {sanitise(address)}"


def diagnostic_text(reason: int, diagnostic: int | None) -> str:
    """``EBNF.dr-diagnostic`` (5.3.8.1): ``Reason 1 (Unable-To-Transfer); Diagnostic 0 (Unrecognised-OR-Name)``."""
    text = f"Reason {labelled_integer_2(reason, NonDeliveryReasonCode)}"
    return text if diagnostic is None else f"{text}; Diagnostic {labelled_integer_2(diagnostic, NonDeliveryDiagnosticCode)}"


def _dsn_text(envelope: SmtpEnvelope, told: Mapping[int, ReportedOutcome], context: Context, language: Language) -> str:
    say = phrases(language)
    lines = [say.gateway.format(gateway=context.settings.gateway_domain), ""]
    for number, outcome in told.items():
        lines += [*_outcome_text(envelope.recipients[number - 1].address, outcome, say, context, language), ""]
    return "\n".join(lines)


def _outcome_text(address: str, outcome: ReportedOutcome, say: Phrases, context: Context, language: Language) -> list[str]:
    failure = outcome.failure
    if failure is None:
        if outcome.relayed:
            return [say.relayed, f"    {address}"]
        return [say.delivered, f"    {address}", f"{say.at} {serialise_date(outcome.delivered_at or context.now)}"]
    plain = words(failure.reason, failure.diagnostic, german=language is Language.GERMAN)
    cause = [say.because, f"    {failure.text}", f"    ({plain}; X.411: {names(failure.reason, failure.diagnostic)})"]
    if outcome.trying_until is None:
        return [say.not_delivered, f"    {address}", *cause]
    until = f"{say.trying_until} {serialise_date(outcome.trying_until)}"
    return [say.delayed, f"    {address}", *cause, until, "", say.no_need]


def returned_part(original: Message, *, full: bool, utf8: bool = False) -> dsn.Returned:
    """What goes back with a DSN: the whole message, or its header (RFC 3461 4.3, RFC 6522; with ``utf8`` as RFC 6533 4.2 and 4.3)."""
    header = original.header.serialise()
    if not full:
        return dsn.Returned(content=MemoryOctets(header), headers_only=True, eight_bit=not header.isascii(), utf8=utf8)
    content = serialise(original)
    return dsn.Returned(content=content, eight_bit=not all(chunk.isascii() for chunk in content.chunks()), utf8=utf8)
