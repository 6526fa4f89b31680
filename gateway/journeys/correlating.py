"""What the ledger keeps of everything that is sent, and how it tells the pure conversions about it when an answer comes.

Names of X.400 are kept in BER: what an MTA put into an envelope is not always something that text can express.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from gateway import asn1
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import Message as InternetMessage
from gateway.journeys.manners import Manners
from gateway.mixer.correlation import is_request
from gateway.mixer.display import shown_name
from gateway.mixer.identifiers import Fact, mts_identifier_from_text, text_from_mts_identifier
from gateway.mixer.phrases import language_of
from gateway.mixer.sent import InternetSubject, X400Recipient, X400Subject
from gateway.spool.expectations import Asked, Expectation, Fate, Known, Subject
from gateway.spool.transfer import Recipient, Side, Transfer
from gateway.x400 import p1
from gateway.x400.extensions import StandardExtension, extension_value
from gateway.x400.mts import PerRecipientIndicators as Bit
from gateway.x400.orname import ORName

_HEADER = ("Subject", "Message-ID", "Date", "To")
_LONGEST = 200


def encoded_name(name: ORName) -> str:
    """An O/R name for the ledger."""
    return asn1.encode(name, strict=False).hex()


def decoded_name(text: str) -> ORName:
    """An O/R name from the ledger."""
    return asn1.decode(bytes.fromhex(text), ORName)


# --- X.400 to the Internet ------------------------------------------------------------------------------------------------------


def sent_to_internet(
    transfer: Transfer, message: p1.Message, recipients: Sequence[Recipient], envelope: SmtpEnvelope, facts: Iterable[Fact],
    manners: Manners, now: datetime,
) -> tuple[Known, ...]:  # fmt: skip
    """The subjects under which answers to a message from X.400 will come: its MTS identifier, and its IPM identifier where it asks."""
    if not envelope.reverse_path:
        return ()
    destination = report_destination(message)
    subject = Subject(
        key=text_from_mts_identifier(message.envelope.message_identifier), transfer=transfer.id, origin=Side.X400,
        sender=shown_name(destination), expires=now + manners.lifetime,
        fields=_x400_fields(transfer, message, destination, envelope),
    )  # fmt: skip
    found = tuple(
        _to_mailbox(each, message.envelope.per_recipient_fields[each.number - 1], copy, manners)
        for each, copy in zip(recipients, envelope.recipients, strict=True)
    )
    return (Known(subject=subject, recipients=found), *_requests(subject, found, facts, manners))


def report_destination(message: p1.Message) -> ORName:
    """Who is told: the distribution list that expanded last, else the originator (X.411 14.3.2.4)."""
    history = extension_value(message.envelope.extensions, StandardExtension.DL_EXPANSION_HISTORY) or ()
    return history[-1].dl if history else message.envelope.originator_name


def _x400_fields(transfer: Transfer, message: p1.Message, destination: ORName, envelope: SmtpEnvelope) -> dict[str, str]:
    correlator = extension_value(message.envelope.extensions, StandardExtension.CONTENT_CORRELATOR)
    found = {
        "destination": encoded_name(destination), "reverse_path": envelope.reverse_path, "peer": transfer.source.peer,
        "content_identifier": message.envelope.content_identifier or "",
        "correlator": (correlator.ia5text or "") if correlator is not None else "",
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def _to_mailbox(recipient: Recipient, fields: p1.PerRecipientMessageTransferFields, copy: SmtpRecipient, manners: Manners) -> Expectation:
    bits = fields.per_recipient_indicators
    history = extension_value(fields.extensions, StandardExtension.REDIRECTION_HISTORY) or ()
    found = {
        "name": encoded_name(fields.recipient_name), "number": str(fields.originally_specified_recipient_number),
        "indicators": " ".join(str(int(bit)) for bit in sorted(bits)), "orcpt": copy.orcpt or "",
        "intended": encoded_name(history[0].intended_recipient_name.intended_recipient) if history else "",
    }  # fmt: skip
    success = bool(bits & {Bit.ORIGINATING_MTA_REPORT, Bit.ORIGINATOR_REPORT})
    failure = success or bool(bits & {Bit.ORIGINATING_MTA_NON_DELIVERY_REPORT, Bit.ORIGINATOR_NON_DELIVERY_REPORT})
    asked = frozenset({Asked.SUCCESS} if success else set()) | frozenset({Asked.FAILURE} if failure else set())
    return Expectation(
        number=recipient.number, address=copy.address, original=recipient.address, asked=asked,
        patience=manners.report_patience if Bit.ORIGINATOR_REPORT in bits else None,
        fields={name: value for name, value in found.items() if value},
    )  # fmt: skip


def x400_subject(known: Known, manners: Manners, numbers: frozenset[int] | None = None) -> X400Subject:
    """What the ledger knows of an X.400 message; ``numbers`` are those of one copy."""
    about = known.subject.fields
    return X400Subject(
        identifier=mts_identifier_from_text(known.subject.key),
        destination=decoded_name(about["destination"]),
        recipients=tuple(_x400_recipient(each, manners) for each in known.recipients if numbers is None or each.number in numbers),
        content_identifier=about.get("content_identifier"),
        correlator=about.get("correlator"),
    )


def _x400_recipient(each: Expectation, manners: Manners) -> X400Recipient:
    ended = {fate.value for fate in each.heard if fate is not Fate.RELAYED}
    if Fate.RELAYED in each.heard and manners.report_relayed:
        ended.add(Fate.DELIVERED.value)  # that it was relayed was told as a delivery already
    intended = each.fields.get("intended")
    return X400Recipient(
        place=each.number, name=decoded_name(each.fields["name"]), address=each.address, number=int(each.fields["number"]),
        indicators=frozenset(int(bit) for bit in each.fields["indicators"].split()), orcpt=each.fields.get("orcpt", ""),
        intended=decoded_name(intended) if intended else None, ended=frozenset(ended),
    )  # fmt: skip


# --- the Internet to X.400 ------------------------------------------------------------------------------------------------------


def sent_to_x400(
    transfer: Transfer, message: InternetMessage, envelope: SmtpEnvelope, apdu: p1.MTSAPDU, facts: Sequence[Fact], manners: Manners,
    now: datetime, peer: str,
) -> tuple[Known, ...]:  # fmt: skip
    """The subjects under which answers to an Internet message will come."""
    sent = apdu.message
    if sent is None or not any(fact.kind == "mts-identifier" for fact in facts):
        return ()
    subject = Subject(
        key=text_from_mts_identifier(sent.envelope.message_identifier), transfer=transfer.id, origin=Side.INTERNET,
        sender=envelope.reverse_path, expires=now + manners.lifetime, fields={**_internet_fields(message, envelope), "peer": peer},
    )  # fmt: skip
    found = tuple(_to_oraddress(each, envelope, manners) for each in sent.envelope.per_recipient_fields)
    return (Known(subject=subject, recipients=found), *_requests(subject, found, facts, manners))


def _internet_fields(message: InternetMessage, envelope: SmtpEnvelope) -> dict[str, str]:
    lines = [f"{name}: {' '.join(message.header.value(name).split())[:_LONGEST]}" for name in _HEADER if message.header.value(name)]
    language = sender_language(message)
    found = {
        "envid": envelope.envid or "", "ret": envelope.ret or "", "message_id": message.header.value("Message-ID").strip()[:_LONGEST],
        "header": "\n".join(lines), "language": language, "smtputf8": "yes" if envelope.smtputf8 else "",
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def sender_language(message: InternetMessage) -> str:
    """The language that a sender reads, of those that we write: Accept-Language (RFC 3282), else that of the message; may be empty."""
    for name in ("Accept-Language", "Content-Language"):
        found = language_of(message.header.value(name).split(","))
        if found is not None:
            return found.value
    return ""


def _to_oraddress(fields: p1.PerRecipientMessageTransferFields, envelope: SmtpEnvelope, manners: Manners) -> Expectation:
    number = fields.originally_specified_recipient_number
    recipient = envelope.recipients[number - 1]
    asked = frozenset(Asked(word.lower()) for word in recipient.notify - {"NEVER"}) if recipient.notify is not None else {Asked.FAILURE}
    success = Bit.ORIGINATOR_REPORT in fields.per_recipient_indicators
    found = {"name": encoded_name(fields.recipient_name), "orcpt": recipient.orcpt or ""}
    if recipient.notify is not None:
        found["notify"] = " ".join(sorted(recipient.notify))
    return Expectation(
        number=number, address=shown_name(fields.recipient_name), original=recipient.address, asked=frozenset(asked),
        patience=manners.report_patience if success else None, fields={name: value for name, value in found.items() if value},
    )  # fmt: skip


def internet_subject(known: Known, original: InternetMessage | None) -> InternetSubject:
    """What the ledger knows of an Internet message."""
    about = known.subject.fields
    return InternetSubject(
        reverse_path=known.subject.sender,
        recipients={each.number: _smtp_recipient(each) for each in known.recipients},
        envid=about.get("envid"),
        ret=about.get("ret"),
        names={each.number: decoded_name(each.fields["name"]) for each in known.recipients},
        header=tuple(about.get("header", "").splitlines()),
        message_id=about.get("message_id", ""),
        smtputf8="smtputf8" in about,
        original=original,
        told=frozenset((each.number, fate.value) for each in known.recipients for fate in each.heard),
    )


def _smtp_recipient(each: Expectation) -> SmtpRecipient:
    notify = each.fields.get("notify")
    words = frozenset(notify.split()) if notify is not None else None
    return SmtpRecipient(address=each.original, notify=words, orcpt=each.fields.get("orcpt"))


# --- notifications --------------------------------------------------------------------------------------------------------------


def _requests(about: Subject, recipients: Iterable[Expectation], facts: Iterable[Fact], manners: Manners) -> tuple[Known, ...]:
    """The notifications that the same recipients were asked for."""
    waiting = tuple(
        Expectation(
            number=each.number, address=each.address, original=each.original, asked=frozenset({Asked.SUCCESS}),
            patience=manners.notification_patience, fields=_named(each.fields),
        )
        for each in recipients
    )  # fmt: skip
    return tuple(
        Known(
            subject=Subject(
                key=fact.key, transfer=about.transfer, origin=about.origin, sender=about.sender, expires=about.expires,
                fields={"kind": "notification", **{name: about.fields[name] for name in ("language",) if name in about.fields}},
            ),
            recipients=waiting,
        )
        for fact in facts
        if is_request(fact.key)
    )  # fmt: skip


def _named(fields: Mapping[str, str]) -> dict[str, str]:
    return {"name": fields["name"]} if "name" in fields else {}
