"""Kinds of notification: IPN <-> the fields of an MDN (RFC 8098 3.2 and 8, X.420 8), and MDN -> IPN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.errors import GatewayError
from gateway.internet.dsn import TypedValue
from gateway.internet.fields import parse_date, sanitise, serialise_date
from gateway.internet.mdn import DispositionField, DispositionReport, read_disposition_report
from gateway.internet.message import Message
from gateway.mixer.correlation import disposition_key, notification_key, subject_identifier, subject_message_id
from gateway.mixer.descriptors import Scope, descriptors_from_text, mailbox_of_orname
from gateway.mixer.eits import text_from_eits
from gateway.mixer.identifiers import text_from_global_domain
from gateway.mixer.stdor import from_text, to_text
from gateway.mixer.text import ia5_form, in_utc_time, integer_from_label, labelled_integer, printable_form, with_offset
from gateway.mixer.trace import Hop
from gateway.x400.ipm import (
    IPN,
    AcknowledgmentMode,
    DiscardReason,
    IPNChoice,
    NonReceiptFields,
    NonReceiptReason,
    ORDescriptor,
    ReceiptFields,
)
from gateway.x400.ipms_bounds import UB_AUTO_FORWARD_COMMENT
from gateway.x400.oraddress import oraddress_from_orname, orname_from_oraddress

_MANUAL: Final = ("manual-action", "mdn-sent-manually")
_AUTOMATIC: Final = ("automatic-action", "mdn-sent-automatically")

# --- IPN -> MDN
# ------------------------------------------------------------------------------------------------------------------------------


def disposition_of(choice: IPNChoice) -> DispositionField | None:
    """What happened to the message in the words of RFC 8098; None for the other notifications of X.420 8.4, which tell of no message."""
    if choice.receipt_fields is not None:
        # "displayed" and not "processed" for automatic ones too: X.420 acknowledges when the message is retrieved.
        action, sending = _AUTOMATIC if choice.receipt_fields.acknowledgment_mode == AcknowledgmentMode.AUTOMATIC else _MANUAL
        return DispositionField(action=action, sending=sending, type="displayed")
    if choice.non_receipt_fields is None:
        return None
    forwarded = choice.non_receipt_fields.non_receipt_reason == NonReceiptReason.IPM_AUTO_FORWARDED
    return DispositionField(action=_AUTOMATIC[0], sending=_AUTOMATIC[1], type="dispatched" if forwarded else "deleted")


def disposition_fields(ipn: IPN, disposition: DispositionField, hops: Sequence[Hop], author: str, scope: Scope) -> list[tuple[str, str]]:
    """The fields of the MDN, in the order of RFC 8098 3.1.

    Args:
        ipn: The notification.
        disposition: Of `disposition_of`.
        hops: Its trace; the first one names where it comes from.
        author: Mailbox of who sends it, for a notification that does not name its originator.
        scope: Settings and notes.
    """
    original = subject_message_id(ipn, scope.context)
    return [
        ("Reporting-UA", _reporting_ua(hops)),
        ("MDN-Gateway", f"dns; {scope.context.settings.gateway_domain}"),
        *_original_recipient(ipn, scope),
        ("Final-Recipient", _final_recipient(ipn.ipn_originator, author, scope)),
        *([("Original-Message-ID", original)] if original else []),
        ("Disposition", disposition.to_text()),
        *_extension_fields(ipn),
    ]


def _reporting_ua(hops: Sequence[Hop]) -> str:
    if not hops:
        return "X.400"
    mta = f"mta {sanitise(ia5_form(hops[0].mta)).replace(';', ',')} in " if hops[0].mta else ""
    return f"X.400; {mta}{text_from_global_domain(hops[0].domain)}"


def _original_recipient(ipn: IPN, scope: Scope) -> list[tuple[str, str]]:
    """Only where we mapped the recipient of the subject: then our tables give the form that its sender used (RFC 8098 3.2.3)."""
    if ipn.ipm_intended_recipient is None or notification_key(ipn.subject_ipm) not in scope.context.known:
        return []
    mailbox = _mailbox(ipn.ipm_intended_recipient, scope)
    return [("Original-Recipient", f"rfc822; {mailbox}")] if mailbox else []


def _final_recipient(originator: ORDescriptor | None, author: str, scope: Scope) -> str:
    """The mailbox in From (RFC 8098 3.2.4), else the O/R address, since the field must be there."""
    mailbox = _mailbox(originator, scope) if originator is not None else author
    if mailbox:
        return f"rfc822; {mailbox}"
    try:
        name = originator.formal_name if originator is not None else None
        return f"x400; {to_text(oraddress_from_orname(name)) if name is not None else 'unknown'}"
    except GatewayError:
        return "x400; unknown"


def _mailbox(descriptor: ORDescriptor, scope: Scope) -> str:
    found = mailbox_of_orname(descriptor.formal_name, scope) if descriptor.formal_name is not None else None
    return found.address if found is not None else ""


def _extension_fields(ipn: IPN) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    receipt, failure = ipn.choice.receipt_fields, ipn.choice.non_receipt_fields
    if receipt is not None:
        fields.append(("X400-Receipt-Time", serialise_date(receipt.receipt_time)))
        fields.append(("X400-Acknowledgement-Mode", labelled_integer(int(receipt.acknowledgment_mode), AcknowledgmentMode)))
    if failure is not None:
        fields.append(("X400-Non-Receipt-Reason", labelled_integer(int(failure.non_receipt_reason), NonReceiptReason)))
        if failure.discard_reason is not None:
            fields.append(("X400-Discard-Reason", labelled_integer(int(failure.discard_reason), DiscardReason)))
        if failure.auto_forward_comment:
            fields.append(("X400-Auto-Forward-Comment", sanitise(ia5_form(failure.auto_forward_comment))))
    if ipn.conversion_eits is not None:
        fields.append(("X400-Conversion-EITs", text_from_eits(ipn.conversion_eits)))
    return fields


# --- MDN -> IPN
# ------------------------------------------------------------------------------------------------------------------------------

_REASONS: Final = {
    "expired": DiscardReason.IPM_EXPIRED,
    "superseded": DiscardReason.IPM_OBSOLETED,
    "mailbox-terminated": DiscardReason.USER_SUBSCRIPTION_TERMINATED,
}
"""Disposition modifiers of RFC 2298, which later documents removed."""


def ipn_of_message(message: Message, scope: Scope) -> IPN | None:
    """The notification that an MDN is, where it answers a request that this gateway made on an X.400 user's behalf.

    Any other one is an ordinary message (5.1.1: one message becomes one IPM), and so is one that tells of no disposition that X.420 has.

    Returns:
        None for an ordinary message.
    """
    report = read_disposition_report(message)
    if report is None:
        return None
    subject = subject_identifier(report)
    if subject is None or disposition_key(subject) not in scope.context.known:
        scope.notes.add("MDN", "5.1.1", "answers no request that this gateway knows of: carried as an ordinary message")
        return None
    choice = _choice(report, message, scope)
    if choice is None:
        text = f"the disposition {report.disposition.type[:40]!r} has no counterpart in X.420: carried as an ordinary message"
        scope.notes.add("MDN", "RFC 8098 3.2.6", sanitise(text))
        return None
    scope.notes.add("MDN", "RFC 8098 8.2", "its text, what it returns and fields without counterpart in X.420 were dropped")
    author = _described(message.header.value("From"), scope)
    return IPN(subject_ipm=subject, ipn_originator=author, ipm_intended_recipient=_intended(report, author, scope), choice=choice)


def _choice(report: DispositionReport, message: Message, scope: Scope) -> IPNChoice | None:
    disposition = report.disposition
    if "error" in disposition.modifiers:
        return None
    if disposition.type in ("displayed", "processed"):
        at = report.fields.date("X400-Receipt-Time") or parse_date(message.header.value("Date"))
        manual = disposition.sending == _MANUAL[1]
        mode = AcknowledgmentMode.MANUAL if manual else AcknowledgmentMode.AUTOMATIC
        time = in_utc_time(at) or with_offset(scope.context.now)
        return IPNChoice(receipt_fields=ReceiptFields(receipt_time=time, acknowledgment_mode=mode))
    if disposition.type == "dispatched":
        comment = printable_form(sanitise(report.fields.header.value("X400-Auto-Forward-Comment")))[:UB_AUTO_FORWARD_COMMENT]
        reason = NonReceiptReason.IPM_AUTO_FORWARDED
        return IPNChoice(non_receipt_fields=NonReceiptFields(non_receipt_reason=reason, auto_forward_comment=comment or None))
    if disposition.type == "deleted":
        fields = NonReceiptFields(non_receipt_reason=NonReceiptReason.IPM_DISCARDED, discard_reason=_discard_reason(report))
        return IPNChoice(non_receipt_fields=fields)
    return None


def _discard_reason(report: DispositionReport) -> int | None:
    """From a modifier of RFC 2298, or as another gateway wrote it; deleted alone does not say why."""
    named = next((_REASONS[one] for one in report.disposition.modifiers if one in _REASONS), None)
    if named is not None:
        return named
    try:
        number = integer_from_label(report.fields.header.value("X400-Discard-Reason").strip())
    except GatewayError:
        return None
    return number if number in set(DiscardReason) else None


def _described(text: str, scope: Scope) -> ORDescriptor | None:
    try:
        return next(iter(descriptors_from_text(text, scope)), None)
    except GatewayError:
        return None


def _intended(report: DispositionReport, author: ORDescriptor | None, scope: Scope) -> ORDescriptor | None:
    """Whom the message was meant for, where that is not who answers (X.420 8.1.3)."""
    original = report.fields.typed("Original-Recipient")
    found = _recipient(original, scope) if original is not None else None
    if found is None or found.formal_name is None or (author is not None and author.formal_name == found.formal_name):
        return None
    return found


def _recipient(value: TypedValue, scope: Scope) -> ORDescriptor | None:
    if value.type == "rfc822":
        return _described(value.value, scope)
    try:
        return ORDescriptor(formal_name=orname_from_oraddress(from_text(value.value))) if value.type == "x400" else None
    except GatewayError:
        return None
