"""Report -> DSN (RFC 2156 5.3.8): multipart/report for the Internet originator, in the words of the ledger where it knows the subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gateway.errors import GatewayError
from gateway.internet import dsn
from gateway.internet.fields import sanitise, serialise_date
from gateway.internet.message import Message, serialise
from gateway.mixer.address import AddressError, Role, oraddress_to_mailbox
from gateway.mixer.codes import words
from gateway.mixer.descriptors import Scope
from gateway.mixer.display import shown_name
from gateway.mixer.eits import text_from_content_type, text_from_eits
from gateway.mixer.envelope import ENVID_PREFIX, address_text
from gateway.mixer.envelope_fields import redirection_reason
from gateway.mixer.identifiers import text_from_global_domain, text_from_mts_identifier
from gateway.mixer.messages import information_object, message_of_ipm
from gateway.mixer.phrases import Language, Phrases, phrases
from gateway.mixer.policy import Context
from gateway.mixer.reports import diagnostic_text, dsn_header, is_utf8, needs_utf8, null_envelope, returned_part
from gateway.mixer.results import Conversion, InternetResult
from gateway.mixer.rules import Notes
from gateway.mixer.sent import InternetSubject
from gateway.mixer.status import status_from_x400
from gateway.mixer.stdor import StdOrError, to_text
from gateway.mixer.text import ia5_form, labelled_integer, text_from_oid
from gateway.mixer.trace import Hop, hops_of, note_domains, received_field, text_from_hop
from gateway.x400 import p1
from gateway.x400.extensions import StandardExtension, extension_value
from gateway.x400.mts import ReportType, TypeOfMTSUser
from gateway.x400.oraddress import oraddress_from_orname
from gateway.x400.orname import ORName

_E = StandardExtension


def wanted(report: p1.Report, about: InternetSubject) -> p1.Report | None:
    """The report with those of its recipients that its subject was sent to, whose end the sender wants to know and does not know yet.

    X.400 gives reports of failure to whoever asks for reports at all; who asked for success alone is not told of it (RFC 3461 5.2.6).

    Returns:
        None when nobody is left.
    """
    fields = tuple(one for one in report.content.per_recipient_fields if _is_wanted(one, about))
    return replace(report, content=replace(report.content, per_recipient_fields=fields)) if fields else None


def _is_wanted(one: p1.PerRecipientReportTransferFields, about: InternetSubject) -> bool:
    recipient = about.recipients.get(one.originally_specified_recipient_number)
    if recipient is None:
        return False
    failed = one.last_trace_information.report_type.non_delivery is not None
    if (one.originally_specified_recipient_number, "failed" if failed else "delivered") in about.told and not _is_somebody_else(one, about):
        return False
    notify = recipient.notify if recipient.notify is not None else frozenset({"FAILURE"})
    return ("FAILURE" if failed else "SUCCESS") in notify


def _is_somebody_else(one: p1.PerRecipientReportTransferFields, about: InternetSubject) -> bool:
    """Whether the report is about a member of a list or a deputy, who has the number of the recipient: each of them is told of."""
    sent_to = about.names.get(one.originally_specified_recipient_number)
    return sent_to is not None and oraddress_from_orname(sent_to).key() != oraddress_from_orname(one.actual_recipient_name).key()


def report_to_internet(
    report: p1.Report, context: Context, about: InternetSubject | None = None, language: Language = Language.ENGLISH
) -> Conversion[InternetResult]:
    """Convert a Report to a DSN (5.3.8).

    Args:
        report: The report; `wanted` has left the recipients that are told.
        context: Settings, policy, time and seed.
        about: What the ledger knows of its subject; None for a subject that this gateway did not send.
        language: Of the part for people.

    Raises:
        ConversionError: The report's destination leads to no mailbox.
    """
    scope = Scope(context=context, notes=Notes())
    envelope, content = report.envelope, report.content
    recipient = about.reverse_path if about is not None else _destination(report, context)
    hops = hops_of(envelope.trace_information, extension_value(envelope.extensions, _E.INTERNAL_TRACE_INFORMATION) or ())
    note_domains(hops, content.subject_identifier, scope.notes)
    failed = _is_failure(content)
    returned = _returned_content(content, scope) or (about.original if about is not None else None)
    full = failed and (about is None or about.ret != "HDRS")
    groups = [_recipient_fields(one, scope, about) for one in content.per_recipient_fields]
    header_is_utf8 = returned is not None and about is not None and about.smtputf8 and is_utf8(returned)
    utf8 = header_is_utf8 or needs_utf8(recipient, groups)
    message = dsn.report_message(
        _report_header(report, hops, recipient, scope, about),
        report_type="delivery-status",
        text=_report_text(content, hops, returned is not None and full, scope, about, language),
        machine_part=dsn.status_part(_message_fields(report, hops, scope, about), groups, utf8=utf8),
        returned=returned_part(returned, full=full, utf8=header_is_utf8) if returned is not None else None,
    )
    result = InternetResult(envelope=null_envelope(recipient, utf8=utf8), message=serialise(message))
    return Conversion(result=result, notes=scope.notes.taken())


def _destination(report: p1.Report, context: Context) -> str:
    name = oraddress_from_orname(report.envelope.report_destination_name)
    return oraddress_to_mailbox(name, context.settings, Role.RECIPIENT).result.address


def _is_failure(content: p1.ReportTransferContent) -> bool:
    return any(one.last_trace_information.report_type.non_delivery is not None for one in content.per_recipient_fields)


def _report_header(
    report: p1.Report, hops: Sequence[Hop], recipient: str, scope: Scope, about: InternetSubject | None
) -> list[tuple[str, str]]:
    context = scope.context
    trace = [received_field(hops, context), *(("X400-Received", text_from_hop(hop)) for hop in reversed(hops))]
    subject, references = _report_subject(report.content, scope, about), about.message_id if about is not None else ""
    fields = [one for one in dsn_header(context, recipient, subject, references) if one[0] != "Date"]
    date = hops[0].arrival if hops else context.now
    own = [("Message-Type", "Delivery Report"), ("X400-MTS-Identifier", text_from_mts_identifier(report.envelope.report_identifier))]
    return [*trace, ("Date", serialise_date(date)), *fields, *own]


def _report_subject(content: p1.ReportTransferContent, scope: Scope, about: InternetSubject | None) -> str:
    """``Delivery-Report (success|failure|success and failures) [for mailbox]`` (5.3.8.1, Appendix G)."""
    kinds = {one.last_trace_information.report_type.non_delivery is None for one in content.per_recipient_fields}
    word = "success and failures" if len(kinds) > 1 else "success" if kinds == {True} else "failure"
    only = f" for {_shown(content.per_recipient_fields[0], scope, about)}" if len(content.per_recipient_fields) == 1 else ""
    return f"Delivery-Report ({word}){only}"


def _shown(recipient: p1.PerRecipientReportTransferFields, scope: Scope, about: InternetSubject | None) -> str:
    """The mailbox that people know: as they wrote it, else the originally intended recipient's if there is one (5.3.8.1)."""
    sent_to = about.recipients.get(recipient.originally_specified_recipient_number) if about is not None else None
    if sent_to is not None:
        return sent_to.address
    return address_text(recipient.originally_intended_recipient_name or recipient.actual_recipient_name, scope)


def _correlator(content: p1.ReportTransferContent) -> str:
    value = extension_value(content.extensions, _E.CONTENT_CORRELATOR)
    return value.ia5text if value is not None and value.ia5text is not None else ""


def _report_text(
    content: p1.ReportTransferContent, hops: Sequence[Hop], returned: bool, scope: Scope, about: InternetSubject | None, language: Language
) -> str:
    say = phrases(language)
    lines = [say.relates, *(f"    {line}" for line in _subject_lines(content, about))]
    if content.subject_intermediate_trace_information:
        first = content.subject_intermediate_trace_information[0].domain_supplied_information.arrival_time
        lines.append(f"{say.of} {serialise_date(first)}")
    lines.append("")
    for one in content.per_recipient_fields:
        lines += _recipient_text(one, _shown(one, scope, about), say, language)
    return "\n".join([*lines, say.follows if returned else say.not_available, ""])


def _subject_lines(content: p1.ReportTransferContent, about: InternetSubject | None) -> Sequence[str]:
    """By what people know their message: the correlator, what the ledger kept, the content identifier."""
    correlator = _correlator(content)
    if correlator and not correlator.startswith(ENVID_PREFIX):
        return [sanitise(ia5_form(line)) for line in correlator.splitlines()]
    if about is not None and about.header:
        # Peer: reports of 1984 carry no correlator, and products then showed "To: Unknown, Subject: Unknown".
        return [sanitise(line) for line in about.header]
    return [sanitise(ia5_form(line)) for line in (content.content_identifier or "").splitlines()]


def _recipient_text(one: p1.PerRecipientReportTransferFields, address: str, say: Phrases, language: Language) -> list[str]:
    kind = one.last_trace_information.report_type
    extra = [f"    {sanitise(ia5_form(one.supplementary_information))}"] if one.supplementary_information else []
    if kind.delivery is not None:
        at = serialise_date(kind.delivery.message_delivery_time)
        return [say.delivered, f"    {address}", f"{say.at} {at}", *extra, ""]
    failure = kind.non_delivery
    assert failure is not None
    codes = (failure.non_delivery_reason_code, failure.non_delivery_diagnostic_code)
    plain = words(*codes, german=language is Language.GERMAN)
    return [say.not_delivered, f"    {address}", say.because, f"    {diagnostic_text(*codes)}", f"    ({plain})", *extra, ""]


def _envid(correlator: str, about: InternetSubject | None) -> str:
    """The ENVID that the sender gave: from the ledger, where it is whole, else as it came back."""
    if about is not None:
        return about.envid or ""
    return correlator.removeprefix(ENVID_PREFIX) if correlator.startswith(ENVID_PREFIX) else ""


def _message_fields(report: p1.Report, hops: Sequence[Hop], scope: Scope, about: InternetSubject | None) -> list[tuple[str, str]]:
    """Per-message fields of the DSN (5.3.8.1)."""
    context, content = scope.context, report.content
    identifier, correlator = text_from_mts_identifier(content.subject_identifier), _correlator(content)
    fields = [("Original-Envelope-Id", identifier)]
    if envid := _envid(correlator, about):
        # Only one Original-Envelope-Id may exist; the ENVID that the sender gave wins.
        fields = [
            ("Original-Envelope-Id", sanitise(envid)), ("X400-Subject-Submision-Identifier", identifier),
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
    """What came back is quoted, not checked: the report may be about an address that was wrong from the beginning."""
    try:
        return to_text(oraddress_from_orname(name)) or "unknown"
    except StdOrError:
        return sanitise(shown_name(name))


def _mapped(name: ORName, scope: Scope) -> str:
    try:
        return oraddress_to_mailbox(oraddress_from_orname(name), scope.context.settings, Role.HEADER).result.address
    except AddressError:
        return "unknown"


def _original_recipient(one: p1.PerRecipientReportTransferFields, name: ORName, scope: Scope, about: InternetSubject | None) -> str:
    """As the sender gave it (ORCPT, RFC 3464 2.3.1), else the recipient of his transaction, else what our tables say."""
    sent_to = about.recipients.get(one.originally_specified_recipient_number) if about is not None else None
    if sent_to is None:
        return f"rfc822; {_mapped(name, scope)}"
    kind, semicolon, address = (sent_to.orcpt or "").partition(";")
    return f"{sanitise(kind)}; {sanitise(address)}" if semicolon else f"rfc822; {sent_to.address}"


def _known_and_redirected(one: p1.PerRecipientReportTransferFields, about: InternetSubject | None) -> tuple[ORName, ORName | None]:
    """Whom the message was for, and who got it or was to get it instead.

    The originally intended recipient may be no more than the ORCPT that we sent along (Appendix A 3.1); the ledger knows the recipient.
    """
    intended, actual = one.originally_intended_recipient_name, one.actual_recipient_name
    sent_to = about.names.get(one.originally_specified_recipient_number) if about is not None else None
    if sent_to is None:
        return intended or actual, actual if intended is not None else None
    same = oraddress_from_orname(sent_to).key() == oraddress_from_orname(actual).key()
    return sent_to, None if same else actual


def _recipient_fields(one: p1.PerRecipientReportTransferFields, scope: Scope, about: InternetSubject | None) -> list[tuple[str, str]]:
    """Per-recipient fields of the DSN (5.3.8.1).

    For a redirected recipient the RFC prints the address types the other way round than for the others; that is taken for a slip.
    """
    known, redirected = _known_and_redirected(one, about)
    fields = [("Original-Recipient", _original_recipient(one, known, scope, about)), ("Final-Recipient", f"x400; {_x400_text(known)}")]
    last = one.last_trace_information
    fields += _action_fields(last.report_type)
    if redirected is not None:
        fields += [
            ("X400-Mapped-Redirect-Recipient", f"rfc822; {_mapped(redirected, scope)}"),
            ("X400-Redirect-Recipient", f"x400; {_x400_text(redirected)}"),
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
