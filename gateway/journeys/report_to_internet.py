"""Reports of X.400 systems: those about something that was sent for an Internet user become DSNs as its sender asked for them.

A peer may hand in reports about what this gateway sent, and about anything else only where it may send to the Internet at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.errors import Failure
from gateway.internet.addresses import Mailbox
from gateway.internet.message import Message, parse
from gateway.journeys.attempt import Attempt
from gateway.journeys.common import Surroundings, failing
from gateway.journeys.correlating import internet_subject
from gateway.journeys.received import received_apdu, received_names
from gateway.journeys.sending import Sent, send_report
from gateway.mixer.codes import words
from gateway.mixer.convert import InternetResult, report_to_internet
from gateway.mixer.display import shown_name
from gateway.mixer.identifiers import text_from_mts_identifier
from gateway.mixer.phrases import Language
from gateway.mixer.policy import Settings
from gateway.mixer.report_to_dsn import wanted
from gateway.mixer.results import Conversion
from gateway.mixer.text import ia5_form
from gateway.octets import Octets
from gateway.permission import RELAYING, ToInternet, from_p1
from gateway.relay import Group, Prepared
from gateway.spool.expectations import Answer, Fate, Known
from gateway.spool.transfer import Claim, Outcome, Plan, Recipient, Result, Side, Transfer
from gateway.x400.p1 import PerRecipientReportTransferFields, Report

_HERE = "kept here"
"""Key of the group of a report that nobody waits for, or that answers a question of our own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is to be sent: a report, and what is known of its subject."""

    report: Report
    known: Known | None = None
    original: Message | None = None


class ReportToInternet:
    """Implements `relay.Journey` for P1 reports (RFC 2156 5.3.8)."""

    def __init__(self, surroundings: Surroundings, transfer: Transfer) -> None:
        self._around = surroundings
        self._attempt = Attempt(surroundings, transfer)
        self._known: Known | None = None

    async def sort(self, claim: Claim) -> tuple[tuple[Group, ...], Mapping[int, Failure]]:
        """To the sender of the subject; without a subject of ours, to the mailbox that the destination means, if the peer may."""
        recipient, report = claim.due[0], _report(claim)
        self._known = await self._subject(report)
        if self._known is None:
            return await self._unknown(claim, recipient)
        sender = self._known.subject.sender
        if not sender or self._known.subject.fields.get("kind") == "probe":
            return (Group(key=_HERE, recipients=(recipient,)),), {}
        mailbox = failing(lambda: Mailbox.from_text(sender))
        if isinstance(mailbox, Failure):
            return (), {recipient.number: mailbox}
        return (Group(key=self._around.internet.next_hop(mailbox.domain), recipients=(recipient,)),), {}

    async def _subject(self, report: Report) -> Known | None:
        """What was sent under the identifier: to Internet users nothing else counts, and only those to whom it went."""
        found = await self._around.subjects(text_from_mts_identifier(report.content.subject_identifier))
        return next((known for known in found if known.subject.origin is Side.INTERNET), None)

    async def _unknown(self, claim: Claim, recipient: Recipient) -> tuple[tuple[Group, ...], Mapping[int, Failure]]:
        names = received_names(claim)
        meanings = await self._attempt.meanings((recipient,), lambda directions, each: directions.of_oraddress(names.of(each)))
        meaning = meanings[recipient.number]
        if not isinstance(meaning, ToInternet):
            return (), {recipient.number: meaning if isinstance(meaning, Failure) else RELAYING}
        granted = replace(self._around.granted(claim.transfer.source), originator=None)  # a report speaks for nobody
        refusal = from_p1(granted, names.originator, meaning)
        if refusal is not None:
            return (), {recipient.number: refusal}
        return (Group(key=self._around.internet.next_hop(meaning.address.domain), recipients=(recipient,)),), {}

    async def prepare(self, claim: Claim, group: Group, plan: Plan) -> Prepared:
        """Convert; it will be sent from the null reverse path."""
        report, known, (recipient,) = _report(claim), self._known, group.recipients
        answers = _answers(report, known, claim.transfer.source.peer, plan.made_at) if known is not None else ()
        told = await self._told(report, known, group)
        if told is None:
            return Prepared(send=_nothing(recipient, plan), answers=answers, facts=_facts(report, known))

        def convert(settings: Settings) -> Conversion[InternetResult]:
            return self._convert(claim, told, recipient, plan, settings)

        conversion, given_up = await self._attempt.settled(convert)

        async def send() -> Sent:
            result = conversion.result
            return {recipient.number: await send_report(self._around.internet, result.envelope, result.message)}

        return Prepared(
            send=send, notes=tuple(str(note) for note in (*conversion.notes, *given_up)), remember=conversion.remember, answers=answers,
            facts=_facts(report, known),
        )  # fmt: skip

    async def _told(self, report: Report, known: Known | None, group: Group) -> _Told | None:
        if known is None:
            return _Told(report=report)
        if group.key == _HERE:
            return None
        octets = await self._around.original(known.subject.transfer)
        original = parse(octets) if octets is not None else None
        left = wanted(report, internet_subject(known, original))
        return _Told(report=left, known=known, original=original) if left is not None else None

    def _convert(self, claim: Claim, told: _Told, recipient: Recipient, plan: Plan, settings: Settings) -> Conversion[InternetResult]:
        context = self._around.planned(claim.transfer, plan, settings, claim.transfer.source.peer)
        if told.known is not None:
            about = internet_subject(told.known, told.original)
            return report_to_internet(told.report, context, about, self._language(told.known))
        conversion = report_to_internet(told.report, context, None, self._around.manners.language)
        mailbox = self._around.mailbox_of(received_names(claim).of(recipient), settings)
        result = conversion.result
        envelope = replace(result.envelope, recipients=(replace(result.envelope.recipients[0], address=mailbox.address),))
        return replace(conversion, result=replace(result, envelope=envelope))

    def _language(self, known: Known) -> Language:
        named = known.subject.fields.get("language", "")
        return Language(named) if named and self._around.manners.follow_sender else self._around.manners.language

    def reports(self, claim: Claim, ended: Mapping[int, Outcome], now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """Never a report about a report (X.411 12.2.1.3)."""
        return ()

    def warnings(self, claim: Claim, late: Mapping[int, Outcome], until: datetime, now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """Nor a warning."""
        return ()

    def is_unreadable_answer(self, claim: Claim, ended: Mapping[int, Outcome]) -> bool:
        """See `relay.Journey`."""
        return False


def _report(claim: Claim) -> Report:
    report = received_apdu(claim).report
    assert report is not None
    return report


def _nothing(recipient: Recipient, plan: Plan) -> Callable[[], Awaitable[Sent]]:
    """Nobody is told: nobody asked, or it was told before, or it answers a probe of ours."""

    async def send() -> Sent:
        said = "nobody asked for what this report says, or it was told before"
        return {recipient.number: Outcome(result=Result.DELIVERED, at=plan.made_at, reply=said)}

    return send


def _answers(report: Report, known: Known, peer: str, now: datetime) -> tuple[Answer, ...]:
    """What the report says of those to whom the subject was sent."""
    numbers = {each.number for each in known.recipients}
    return tuple(
        Answer(
            key=known.subject.key, transfer=known.subject.transfer, number=one.originally_specified_recipient_number, fate=fate,
            at=now, peer=peer, said=said,
        )
        for one in report.content.per_recipient_fields
        if one.originally_specified_recipient_number in numbers
        for fate, said in (_said(one),)
    )  # fmt: skip


def _said(one: PerRecipientReportTransferFields) -> tuple[Fate, str]:
    kind = one.last_trace_information.report_type
    extra = ia5_form(one.supplementary_information) if one.supplementary_information else ""
    if kind.non_delivery is None:
        return Fate.DELIVERED, extra
    reason, diagnostic = kind.non_delivery.non_delivery_reason_code, kind.non_delivery.non_delivery_diagnostic_code
    codes = f"{reason}/{'-' if diagnostic is None else diagnostic}"
    return Fate.FAILED, " ".join(part for part in (f"{codes} {words(reason, diagnostic)}", f"({extra})" if extra else "") if part)


def _facts(report: Report, known: Known | None) -> dict[str, str]:
    """What ICAO Doc 9880 asks a gateway to keep of a report."""
    kinds = {
        "non-delivery" if one.last_trace_information.report_type.non_delivery is not None else "delivery"
        for one in report.content.per_recipient_fields
    }
    return {
        "report_identifier": text_from_mts_identifier(report.envelope.report_identifier),
        "subject_identifier": text_from_mts_identifier(report.content.subject_identifier),
        "actual_recipients": "; ".join(shown_name(one.actual_recipient_name) for one in report.content.per_recipient_fields),
        "report_type": ", ".join(sorted(kinds)),
        "destination": shown_name(report.envelope.report_destination_name),
        "action": "report converted",
        **({"about_transfer": known.subject.transfer} if known is not None else {}),
    }
