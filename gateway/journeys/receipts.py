"""Notifications that arrive: whose they are, and what they say of the request that they answer (X.420 8, RFC 8098)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.errors import GatewayError
from gateway.internet.fields import mailboxes
from gateway.internet.mdn import DispositionReport, read_disposition_report
from gateway.internet.message import Message as InternetMessage
from gateway.journeys.common import Surroundings
from gateway.mixer.correlation import is_request
from gateway.mixer.messages import information_object
from gateway.mixer.phrases import Language
from gateway.mixer.rules import Notes
from gateway.mixer.stdor import from_text
from gateway.spool.expectations import Answer, Expectation, Fate, Known
from gateway.x400.ipm import IPN
from gateway.x400.oraddress import oraddress_from_orname
from gateway.x400.p1 import Message

_READ = frozenset({"displayed", "processed"})
_UNREAD = frozenset({"deleted", "dispatched"})


async def receipts(around: Surroundings, message: Message, known: Mapping[str, str], now: datetime) -> tuple[Answer, ...]:
    """What an IPN says of the request of an Internet user; nothing for any other content, or a request that we do not know."""
    keys = [key for key in known if is_request(key)]
    ipn = _notification(message) if keys else None
    if ipn is None:
        return ()
    fate = Fate.DELIVERED if ipn.choice.receipt_fields is not None else Fate.FAILED if ipn.choice.non_receipt_fields is not None else None
    found: list[Answer] = []
    for subject in [one for key in keys for one in await around.subjects(key)]:
        reader = _reader(ipn, message, subject)
        if reader is not None and fate is not None:
            found.append(_answer(subject, reader, fate, now, "read" if fate is Fate.DELIVERED else "not read"))
    return tuple(found)


async def asker_language(around: Surroundings, known: Mapping[str, str]) -> Language:
    """The language of who asked for the notification that arrives: that of his message where it named one, else the configured one."""
    if around.manners.follow_sender:
        for key in (each for each in known if is_request(each)):
            for subject in await around.subjects(key):
                if named := subject.subject.fields.get("language", ""):
                    return Language(named)
    return around.manners.language


def _notification(message: Message) -> IPN | None:
    try:
        return information_object(message.envelope.content_type, message.content, Notes()).ipn
    except GatewayError:
        return None


def _reader(ipn: IPN, message: Message, subject: Known) -> Expectation | None:
    """The recipient who sends it: under the originator of the notification, or of its envelope; a single one is nobody else."""
    originator = ipn.ipn_originator.formal_name if ipn.ipn_originator is not None else None
    names = [name for name in (originator, message.envelope.originator_name) if name is not None]
    keys = [oraddress_from_orname(name).key() for name in names]
    for each in subject.recipients:
        try:
            if from_text(each.address).key() in keys:
                return each
        except GatewayError:
            continue
    return subject.recipients[0] if len(subject.recipients) == 1 else None


async def genuine(
    around: Surroundings, message: InternetMessage, known: Mapping[str, str], now: datetime
) -> tuple[Mapping[str, str], tuple[Answer, ...]]:
    """The facts that an Internet message may use, and what it says as an MDN.

    An MDN about a request of ours counts only from somebody who got the message; anybody else's is a message like any other.
    """
    report = read_disposition_report(message)
    keys = [key for key in known if is_request(key)]
    if report is None or not keys:
        return known, ()
    left, answers = dict(known), list[Answer]()
    for key in keys:
        subjects = await around.subjects(key)
        found = [(subject, each) for subject in subjects for each in _readers(report, message, subject)]
        if subjects and not found:
            del left[key]
        answers += [_answer(subject, each, fate, now, report.disposition.type) for subject, each in found for fate in _fate(report)]
    return left, tuple(answers)


def _fate(report: DispositionReport) -> Sequence[Fate]:
    kind = report.disposition.type
    return (Fate.DELIVERED,) if kind in _READ else (Fate.FAILED,) if kind in _UNREAD else ()


def _readers(report: DispositionReport, message: InternetMessage, subject: Known) -> list[Expectation]:
    """The recipient who sends it, by any of the names that an MDN gives (RFC 8098 3.2.3, 3.2.4)."""
    values = [value for name in ("Original-Recipient", "Final-Recipient") if (value := report.fields.typed(name)) is not None]
    addresses = {value.value.strip().lower() for value in values}
    try:
        addresses |= {one.address.lower() for one in mailboxes(message.header.value("From"))}
    except GatewayError:
        addresses.discard("")  # an author that cannot be read names nobody
    return [each for each in subject.recipients if addresses & {each.address.lower(), each.original.lower()}]


def _answer(subject: Known, each: Expectation, fate: Fate, now: datetime, said: str) -> Answer:
    about = subject.subject
    return Answer(key=about.key, transfer=about.transfer, number=each.number, fate=fate, at=now, peer=each.address, said=said)
