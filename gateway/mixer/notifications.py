"""IPN -> Internet message (RFC 2156 5.3.5): a text that tells what happened to the message, in the words of the RFC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.internet.dsn import text_part
from gateway.internet.fields import sanitise, serialise_date
from gateway.internet.message import Entity, Message, entity, serialise
from gateway.internet.message import message as build_message
from gateway.mixer.descriptors import Scope, text_from_descriptor
from gateway.mixer.eits import text_from_eits
from gateway.mixer.identifiers import msg_id_from_ipm_identifier, new_msg_id
from gateway.mixer.messages import message_of_ipm
from gateway.mixer.text import ia5_form, text_from_oid
from gateway.x400.ipm import IPN
from gateway.x400.notifications import AcknowledgmentMode, NonReceiptFields, NonReceiptReason, ReceiptFields

_DISCARDED: Final[dict[int, str]] = {0: "Expired", 1: "Obsoleted", 2: "User Subscription Terminated", 3: "IPM Deleted"}


def message_of_ipn(
    ipn: IPN, scope: Scope, *, leading: Sequence[tuple[str, str]], trailing: Sequence[tuple[str, str]], defaults: Sequence[tuple[str, str]]
) -> Message:
    """Convert a notification.

    Args:
        ipn: The notification.
        scope: Settings, policy, notes.
        leading: Trace fields.
        trailing: Fields of the envelope.
        defaults: Date, From and To from the envelope.
    """
    choice = ipn.choice
    failed = choice.non_receipt_fields is not None
    author = text_from_descriptor(ipn.ipn_originator, scope) if ipn.ipn_originator is not None else ""
    fields = [
        *([("From", author)] if author and not author.endswith(":;") else []),
        ("Subject", f"X.400 Inter-Personal Notification{' (failure)' if failed else ''}"),
        ("Message-ID", new_msg_id(scope.context, "ipn")),
        ("References", msg_id_from_ipm_identifier(ipn.subject_ipm, scope.context)),
        ("Message-Type", "InterPersonal Notification"),
        ("Auto-Submitted", "auto-replied"),
    ]
    discarded = [one.type_ for one in ipn.notification_extensions or ()]
    if discarded:
        scope.notes.add("notification extensions", "5.3.5", f"not mapped: {', '.join(discarded)}")
        fields.append(("Discarded-X400-IPMS-Extensions", ", ".join(text_from_oid(oid) for oid in discarded)))
    names = {name.lower() for name, _ in fields}
    fields = [*leading, *fields, *(one for one in defaults if one[0].lower() not in names), *trailing, ("MIME-Version", "1.0")]
    text, returned = text_part(_text(ipn, author, scope)), _returned(ipn, scope)
    if returned is None:
        return build_message([*fields, *text.header], text.body)
    return build_message([*fields, ("Content-Type", "multipart/mixed")], [text, returned])


def _returned(ipn: IPN, scope: Scope) -> Entity | None:
    fields = ipn.choice.non_receipt_fields
    if fields is None or fields.returned_ipm is None:
        return None
    return entity([("Content-Type", "message/rfc822")], serialise(message_of_ipm(fields.returned_ipm, scope)))


def _text(ipn: IPN, author: str, scope: Scope) -> str:
    intended = ipn.ipm_intended_recipient
    recipient = text_from_descriptor(intended, scope) if intended is not None else author
    lines = ["Your message to:", f"    {recipient or 'an X.400 user'}"]
    if ipn.choice.receipt_fields is not None:
        lines += _receipt(ipn.choice.receipt_fields)
    elif ipn.choice.non_receipt_fields is not None:
        lines += _non_receipt(ipn.choice.non_receipt_fields)
    else:
        scope.notes.add("other-notification", "5.3.5", "a notification of another type than receipt and non-receipt is only named")
        lines.append("was the subject of another notification.")
    if ipn.conversion_eits is not None:
        lines += ["", "The following information types were converted:", f"    {text_from_eits(ipn.conversion_eits)}"]
    if ipn.choice.non_receipt_fields is not None:
        available = ipn.choice.non_receipt_fields.returned_ipm is not None
        lines += ["", "The Original Message follows:" if available else "The Original Message is not available"]
    return "\n".join([*lines, ""])


def _receipt(fields: ReceiptFields) -> list[str]:
    mode = "Automatically" if fields.acknowledgment_mode == AcknowledgmentMode.AUTOMATIC else "Manually"
    lines = [f"was received at {serialise_date(fields.receipt_time)}", "", f"This notification was generated {mode}"]
    if fields.suppl_receipt_info:
        lines += ["", "The following extra information was given:", f"    {sanitise(ia5_form(fields.suppl_receipt_info))}"]
    return lines


def _non_receipt(fields: NonReceiptFields) -> list[str]:
    if fields.non_receipt_reason == NonReceiptReason.IPM_AUTO_FORWARDED:
        comment = fields.auto_forward_comment
        more = ["The following comment was made:", f"    {sanitise(ia5_form(comment))}"] if comment else []
        return ["was automatically forwarded.", *more]
    reason = _DISCARDED.get(int(fields.discard_reason), "Unknown") if fields.discard_reason is not None else "Unknown"
    return ["was discarded for the following reason:", f"    {reason}"]
