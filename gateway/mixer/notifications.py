"""IPN -> Internet message (RFC 2156 5.3.5): a text that tells what happened, and an MDN (RFC 8098) around it where one was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.internet.dsn import Returned, text_part
from gateway.internet.fields import Mailbox, mailboxes, sanitise, serialise_date
from gateway.internet.mdn import notification_message
from gateway.internet.message import Entity, Message, entity, serialise
from gateway.internet.message import message as build_message
from gateway.mixer.correlation import subject_message_id, was_requested
from gateway.mixer.descriptors import Scope, text_from_descriptor
from gateway.mixer.dispositions import disposition_fields, disposition_of
from gateway.mixer.eits import text_from_eits
from gateway.mixer.identifiers import new_msg_id
from gateway.mixer.messages import message_of_ipm
from gateway.mixer.notification_phrases import ENGLISH, NotificationPhrases, notification_phrases
from gateway.mixer.text import ia5_form, text_from_oid
from gateway.mixer.trace import Hop
from gateway.octets import Octets
from gateway.x400.ipm import IPN, AcknowledgmentMode, IPMSExtension, IPNChoice, NonReceiptFields, NonReceiptReason, ReceiptFields
from gateway.x400.notifications import AbsenceAdvice, ChangeOfAddressAdvice

_ADVICE_LIMIT: Final = 10_000
"""Octets of a text of absence that are shown."""

_Fields = Sequence[tuple[str, str]]


def message_of_ipn(ipn: IPN, scope: Scope, *, leading: _Fields, trailing: _Fields, defaults: _Fields, hops: Sequence[Hop] = ()) -> Message:
    """Convert a notification.

    Args:
        ipn: The notification.
        scope: Settings, policy, notes.
        leading: Trace fields.
        trailing: Fields of the envelope.
        defaults: Date, From and To from the envelope.
        hops: The trace, oldest first.
    """
    author = text_from_descriptor(ipn.ipn_originator, scope) if ipn.ipn_originator is not None else ""
    fields = _header(ipn, "" if author.endswith(";") else author, scope)
    names = {name.lower() for name, _ in fields}
    fields = [*leading, *fields, *(one for one in defaults if one[0].lower() not in names), *trailing]
    text, returned = _text(ipn, author, scope), _returned(ipn, scope)
    disposition = disposition_of(ipn.choice) if was_requested(ipn, scope.context) else None
    if disposition is None:
        return _plain(fields, text_part(text), returned)
    # Deviation: RFC 2156 5.3.5 has a text, or multipart/mixed; its text and header fields stand, with an RFC 8098 report of them.
    machine = disposition_fields(ipn, disposition, hops, _author_of(defaults), scope)
    part = Returned(content=returned, eight_bit=not all(chunk.isascii() for chunk in returned.chunks())) if returned is not None else None
    return notification_message(_threaded(fields, subject_message_id(ipn, scope.context)), text=text, fields=machine, returned=part)


def _header(ipn: IPN, author: str, scope: Scope) -> list[tuple[str, str]]:
    failed = ipn.choice.non_receipt_fields is not None
    subject = subject_message_id(ipn, scope.context)
    fields = [
        *([("From", author)] if author else []),
        ("Subject", f"X.400 Inter-Personal Notification{' (failure)' if failed else ''}"),
        ("Message-ID", new_msg_id(scope.context, "ipn")),
        *([("References", subject)] if subject else []),
        ("Message-Type", "InterPersonal Notification"),
        ("Auto-Submitted", "auto-replied"),
    ]
    discarded = _discarded(ipn)
    if discarded:
        scope.notes.add("notification extensions", "5.3.5", f"not mapped: {', '.join(discarded)}")
        fields.append(("Discarded-X400-IPMS-Extensions", ", ".join(text_from_oid(oid) for oid in discarded)))
    return fields


def _discarded(ipn: IPN) -> list[str]:
    """Object identifiers of all extensions but those that the text tells of."""
    extensions = [*(ipn.notification_extensions or ()), *(one for one in _others(ipn.choice) if not _is_told(one))]
    if ipn.choice.receipt_fields is not None:
        extensions += ipn.choice.receipt_fields.rn_extensions or ()
    if ipn.choice.non_receipt_fields is not None:
        extensions += ipn.choice.non_receipt_fields.nrn_extensions or ()
    return list(dict.fromkeys(one.type_ for one in extensions))


def _threaded(fields: _Fields, subject: str) -> list[tuple[str, str]]:
    """With In-Reply-To before References: user agents show the notification beneath the message that it is about."""
    found: list[tuple[str, str]] = []
    for one in fields:
        found += [("In-Reply-To", subject), one] if one[0] == "References" else [one]
    return found


def _author_of(fields: _Fields) -> str:
    found: list[Mailbox] = [mailbox for name, value in fields if name == "From" for mailbox in mailboxes(value)]
    return found[0].address if found else ""


def _returned(ipn: IPN, scope: Scope) -> Octets | None:
    fields = ipn.choice.non_receipt_fields
    if fields is None or fields.returned_ipm is None:
        return None
    return serialise(message_of_ipm(fields.returned_ipm, scope))


def _plain(fields: _Fields, text: Entity, returned: Octets | None) -> Message:
    """The form of 5.3.5: a text, with the returned message as multipart/mixed."""
    fields = [*fields, ("MIME-Version", "1.0")]
    if returned is None:
        return build_message([*fields, *text.header], text.body)
    return build_message([*fields, ("Content-Type", "multipart/mixed")], [text, entity([("Content-Type", "message/rfc822")], returned)])


# --- the text
# --------------------------------------------------------------------------------------------------------------------------------


def _text(ipn: IPN, author: str, scope: Scope) -> str:
    intended = ipn.ipm_intended_recipient
    recipient = text_from_descriptor(intended, scope) if intended is not None else author
    say = notification_phrases(scope.context.language)
    lines = [say.message_to, f"    {recipient or say.somebody}", *_said(ipn.choice, scope, say)]
    if ipn.conversion_eits is not None:
        lines += ["", say.converted, f"    {text_from_eits(ipn.conversion_eits)}"]
    if ipn.choice.non_receipt_fields is not None:
        available = ipn.choice.non_receipt_fields.returned_ipm is not None
        lines += ["", say.follows if available else say.not_available]
    return "\n".join([*lines, ""])


def _said(choice: IPNChoice, scope: Scope, say: NotificationPhrases) -> list[str]:
    if choice.receipt_fields is not None:
        return _receipt(choice.receipt_fields, say)
    if choice.non_receipt_fields is not None:
        return _non_receipt(choice.non_receipt_fields, say)
    return [line for one in _others(choice) for line in _other(one, scope, say)] or [f"{say.other}."]


def _receipt(fields: ReceiptFields, say: NotificationPhrases) -> list[str]:
    mode = say.automatically if fields.acknowledgment_mode == AcknowledgmentMode.AUTOMATIC else say.manually
    lines = [f"{say.received} {serialise_date(fields.receipt_time)}", "", f"{say.generated} {mode}"]
    if fields.suppl_receipt_info:
        lines += ["", say.extra, f"    {sanitise(ia5_form(fields.suppl_receipt_info))}"]
    return lines


def _non_receipt(fields: NonReceiptFields, say: NotificationPhrases) -> list[str]:
    if fields.non_receipt_reason == NonReceiptReason.IPM_AUTO_FORWARDED:
        comment = fields.auto_forward_comment
        more = [say.comment, f"    {sanitise(ia5_form(comment))}"] if comment else []
        return [say.forwarded, *more]
    return [say.discarded, f"    {discard_text(fields.discard_reason, say)}"]


def discard_text(reason: int | None, say: NotificationPhrases = ENGLISH) -> str:
    """The fixed phrase of a discard-reason (5.3.5)."""
    return say.reasons[int(reason)] if reason is not None and 0 <= int(reason) < len(say.reasons) else say.unknown


def _others(choice: IPNChoice) -> Sequence[IPMSExtension]:
    return choice.other_notification_type_fields or ()


def _is_told(one: IPMSExtension) -> bool:
    return isinstance(one.value, AbsenceAdvice | ChangeOfAddressAdvice)


def _other(one: IPMSExtension, scope: Scope, say: NotificationPhrases) -> list[str]:
    """The notifications of X.420 8.4 that later editions brought; RFC 2156 has no words for them."""
    if isinstance(one.value, AbsenceAdvice):
        back = one.value.next_available
        lines = [say.absent, *([f"{say.available} {serialise_date(back)}"] if back is not None else [])]
        return [*lines, *_advice(one.value, scope, say)]
    if isinstance(one.value, ChangeOfAddressAdvice):
        since = one.value.effective_from
        lines = [say.moved, f"    {text_from_descriptor(one.value.new_address, scope)}"]
        return [*lines, *([f"{say.valid_from} {serialise_date(since)}"] if since is not None else [])]
    scope.notes.add("other-notification", "5.3.5", f"a notification of the type {one.type_} is only named")
    return [f"{say.other}: {text_from_oid(one.type_)}"]


def _advice(value: AbsenceAdvice, scope: Scope, say: NotificationPhrases) -> list[str]:
    if value.advice is None:
        return []
    if value.advice.ia5_text is None:
        scope.notes.add("other-notification", "X.420 8.4.1", "an advice of absence that is not ia5-text was dropped")
        return []
    text = value.advice.ia5_text.data.read(0, _ADVICE_LIMIT).decode("ascii", "replace")
    return [say.said, *(f"    {sanitise(line)}" for line in text.splitlines())]
