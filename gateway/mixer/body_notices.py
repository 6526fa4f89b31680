"""Notifications and reports inside a message (X.420 Annexes D and E) <-> a text of what they say with the body part itself beside it.

RFC 2157 has no mapping for them. People get the text; the body part stands beside it as application/x400-bp, the two being forms of one
thing, and so it comes back to X.400 octet for octet.
"""

from __future__ import annotations

from typing import Final

from gateway.internet.dsn import text_part
from gateway.internet.fields import sanitise, serialise_date
from gateway.internet.message import Entity, entity
from gateway.mixer.codes import names, words
from gateway.mixer.descriptors import Scope, text_from_descriptor
from gateway.mixer.envelope import address_text
from gateway.mixer.identifiers import msg_id_from_ipm_identifier, text_from_mts_identifier
from gateway.mixer.phrases import Language, phrases
from gateway.mixer.text import ia5_form
from gateway.x400 import oids
from gateway.x400.bodyparts import ExtendedBodyPart
from gateway.x400.extended_bodyparts import data_of
from gateway.x400.mts_delivery import PerRecipientReportDeliveryFields, ReportDeliveryArgument
from gateway.x400.notifications import IPN, NonReceiptFields, NonReceiptReason, ReceiptFields

X400_BP: Final = "application/x400-bp"
"""Content type that carries the encoding of a body part (RFC 2157 3.2)."""
_NOTICES: Final = frozenset({oids.ID_ET_REPORT, oids.ID_ET_NOTIFICATION})
_RECIPIENTS: Final = 200
"""Recipients of a report that the text names; the body part beside it has all of them."""

# --- X.400 -> MIME ------------------------------------------------------------------------------------------------------------------------


def is_notice(part: ExtendedBodyPart) -> bool:
    """Whether a body part is a report or a notification."""
    return part.data.direct_reference in _NOTICES


def entity_of_notice(part: ExtendedBodyPart, carried: Entity, scope: Scope) -> Entity:
    """The text of a notice, with the body part itself as the other form of it.

    Args:
        part: The body part.
        carried: The same as application/x400-bp.
        scope: Settings and notes.

    Raises:
        BERError: It does not decode.
    """
    told = data_of(part)
    lines = _report(told, scope) if isinstance(told, ReportDeliveryArgument) else _notification(told, scope)
    return entity([("Content-Type", "multipart/alternative")], [text_part("\n".join(lines) + "\n"), carried])


def _report(report: ReportDeliveryArgument, scope: Scope) -> list[str]:
    say = phrases(Language.ENGLISH)
    lines = ["Delivery report", "", say.relates, f"    {text_from_mts_identifier(report.subject_submission_identifier)}"]
    if report.content_identifier:
        lines.append(f"    {sanitise(ia5_form(report.content_identifier))}")
    for one in report.per_recipient_fields[:_RECIPIENTS]:
        lines += ["", *_recipient(one, scope)]
    left = len(report.per_recipient_fields) - _RECIPIENTS
    return [*lines, "", f"and {left} more recipients"] if left > 0 else lines


def _recipient(one: PerRecipientReportDeliveryFields, scope: Scope) -> list[str]:
    say, kind = phrases(Language.ENGLISH), one.report_type
    address = f"    {address_text(one.originally_intended_recipient_name or one.actual_recipient_name, scope)}"
    extra = [f"    {sanitise(ia5_form(one.supplementary_information))}"] if one.supplementary_information else []
    if kind.delivery is not None:
        return [say.delivered, address, f"{say.at} {serialise_date(kind.delivery.message_delivery_time)}", *extra]
    failure = kind.non_delivery
    codes = (failure.non_delivery_reason_code, failure.non_delivery_diagnostic_code) if failure is not None else (1, None)
    return [say.not_delivered, address, say.because, f"    {words(*codes)} ({names(*codes)})", *extra]


def _notification(ipn: IPN, scope: Scope) -> list[str]:
    who = ipn.ipm_intended_recipient or ipn.ipn_originator
    recipient = text_from_descriptor(who, scope) if who is not None else "an X.400 user"
    lines = ["Notification", "", "The message", f"    {msg_id_from_ipm_identifier(ipn.subject_ipm)}", "to:", f"    {recipient}"]
    choice = ipn.choice
    if choice.receipt_fields is not None:
        return [*lines, *_receipt(choice.receipt_fields)]
    if choice.non_receipt_fields is not None:
        return [*lines, *_non_receipt(choice.non_receipt_fields)]
    return [*lines, "was the subject of another notification."]


def _receipt(fields: ReceiptFields) -> list[str]:
    extra = [f"    {sanitise(ia5_form(fields.suppl_receipt_info))}"] if fields.suppl_receipt_info else []
    return [f"was received at {serialise_date(fields.receipt_time)}", *extra]


def _non_receipt(fields: NonReceiptFields) -> list[str]:
    if fields.non_receipt_reason != NonReceiptReason.IPM_AUTO_FORWARDED:
        return ["was discarded without being received."]
    extra = [f"    {sanitise(ia5_form(fields.auto_forward_comment))}"] if fields.auto_forward_comment else []
    return ["was automatically forwarded.", *extra]


# --- MIME -> X.400 ------------------------------------------------------------------------------------------------------------------------


def notice_in(item: Entity) -> Entity | None:
    """The application/x400-bp of a notice in the form of `entity_of_notice`; None for any other entity."""
    if item.content_type.essence != "multipart/alternative" or not item.is_multipart or len(item.parts) != 2:
        return None
    text, carried = item.parts
    if text.content_type.essence != "text/plain" or carried.content_type.essence != X400_BP:
        return None
    return carried if carried.content_type.parameters.get("bp-type", "").strip() in _NOTICES else None
