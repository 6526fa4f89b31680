"""X.400 messages and reports to the Internet: loop and permission checked, converted under a plan, sent by SMTP; ends become Reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from gateway import asn1
from gateway.errors import Failure
from gateway.internet.addresses import Mailbox
from gateway.internet.message import parse_header
from gateway.journeys.addressing import addressed_in_internet
from gateway.journeys.attempt import Attempt
from gateway.journeys.common import Surroundings, local_source, threaded
from gateway.journeys.received import received_apdu, received_names
from gateway.mixer.convert import InternetResult, ReportedOutcome, message_to_internet, report_for_x400, report_to_internet
from gateway.mixer.correlation import questions_of_x400
from gateway.mixer.display import shown_name
from gateway.mixer.policy import Context, Settings
from gateway.mixer.results import Conversion
from gateway.octets import Octets
from gateway.permission import RELAYING, ToInternet, from_p1
from gateway.relay import Group, Prepared
from gateway.spool.transfer import Claim, Kind, Outcome, Plan, Recipient, Result, Side, Transfer
from gateway.x400.mts import PerMessageIndicators
from gateway.x400.p1 import Message, Probe

TOO_LONG = Failure(
    reason=1, diagnostic=7, smtp_code=552, status="5.3.4", text="The message is larger than this gateway passes on."
)  # fmt: skip
"""X.411 unable-to-transfer(1) / content-too-long(7). A refusal of the transfer would make the peer try for days."""


class MessageToInternet:
    """Implements `relay.Journey` for P1 messages."""

    def __init__(self, surroundings: Surroundings, transfer: Transfer) -> None:
        self._around = surroundings
        self._attempt = Attempt(surroundings, transfer)

    async def sort(self, claim: Claim) -> tuple[tuple[Group, ...], Mapping[int, Failure]]:
        """Recipients by next SMTP hop, and those that the peer may not reach or that map nowhere."""
        if claim.transfer.size > self._around.largest_octets:
            return (), dict.fromkeys((recipient.number for recipient in claim.due), TOO_LONG)
        granted = self._around.granted(claim.transfer.source)
        names = await threaded(claim.transfer.size, lambda: received_names(claim))
        meanings = await self._attempt.meanings(claim.due, lambda directions, each: directions.of_oraddress(names.of(each)))
        groups: dict[str, list[Recipient]] = defaultdict(list)
        failed: dict[int, Failure] = {}
        for recipient in claim.due:
            meaning = meanings[recipient.number]
            refusal = meaning if isinstance(meaning, Failure) else from_p1(granted, names.originator, meaning)
            if refusal is not None:
                failed[recipient.number] = refusal
            elif isinstance(meaning, ToInternet):
                groups[self._around.internet.next_hop(meaning.address.domain)].append(recipient)
        return tuple(Group(key=hop, recipients=tuple(members)) for hop, members in groups.items()), failed

    async def prepare(self, claim: Claim, group: Group, plan: Plan) -> Prepared:
        """Convert for the recipients of one hop; each will have an outcome of its own."""
        message = received_apdu(claim).message
        assert message is not None
        known = await self._around.recall(questions_of_x400(message))
        recipients = _in_envelope_order(claim, group)
        conversion, given_up = await self._attempt.settled(
            lambda settings: self._convert(
                claim, message, recipients, self._around.planned(claim.transfer, plan, settings, claim.transfer.source.peer, known)
            )
        )
        envelope = conversion.result.envelope

        async def send() -> Mapping[int, Outcome]:
            found = await self._around.internet.deliver(envelope, conversion.result.message)
            return {recipient.number: found[position] for position, recipient in enumerate(recipients, 1)}

        return Prepared(send=send, notes=tuple(str(note) for note in (*conversion.notes, *given_up)), remember=conversion.remember)

    def _convert(
        self, claim: Claim, message: Message, recipients: Sequence[Recipient], context: Context
    ) -> Conversion[InternetResult]:
        conversion = message_to_internet(message, tuple(each.number for each in recipients), context)
        names = received_names(claim)
        mailboxes = tuple(self._around.mailbox_of(names.of(each), context.settings) for each in recipients)
        return _addressed(conversion, mailboxes)

    def reports(self, claim: Claim, ended: Mapping[int, Outcome], now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """The X.400 report that the originator or its MTA asked for (X.411 12.2.1.3)."""
        message = received_apdu(claim).message
        assert message is not None
        return x400_report(self._around, claim, message, reported(ended), now)


def _addressed(conversion: Conversion[InternetResult], mailboxes: tuple[Mailbox, ...]) -> Conversion[InternetResult]:
    """The conversion with the mailboxes that are meant in its envelope."""
    result = conversion.result
    envelope = addressed_in_internet(result.envelope, mailboxes)
    # RFC 6532: only the mailbox of a user of the directory, or a universal attribute, puts more than ASCII into a header.
    international = not all(each.body.isascii() for each in parse_header(result.message))
    return replace(conversion, result=replace(result, envelope=replace(envelope, smtputf8=envelope.smtputf8 or international)))


def _in_envelope_order(claim: Claim, group: Group) -> list[Recipient]:
    """The recipients of a group in the order of the P1 envelope, which the converted envelope keeps."""
    place = {recipient.number: index for index, recipient in enumerate(claim.transfer.recipients)}
    return sorted(group.recipients, key=lambda recipient: place[recipient.number])


class ReportToInternet:
    """Implements `relay.Journey` for P1 reports: each becomes a DSN for the Internet originator (RFC 2156 5.3.8)."""

    def __init__(self, surroundings: Surroundings, transfer: Transfer) -> None:
        self._around = surroundings
        self._attempt = Attempt(surroundings, transfer)

    async def sort(self, claim: Claim) -> tuple[tuple[Group, ...], Mapping[int, Failure]]:
        """The one recipient of a report: the originator of its subject, who is an Internet user or it is not for us."""
        recipient = claim.due[0]
        names = received_names(claim)
        meanings = await self._attempt.meanings((recipient,), lambda directions, each: directions.of_oraddress(names.of(each)))
        meaning = meanings[recipient.number]
        if not isinstance(meaning, ToInternet):
            return (), {recipient.number: meaning if isinstance(meaning, Failure) else RELAYING}
        return (Group(key=self._around.internet.next_hop(meaning.address.domain), recipients=(recipient,)),), {}

    async def prepare(self, claim: Claim, group: Group, plan: Plan) -> Prepared:
        """Convert; it will be sent from the null reverse path."""
        report = received_apdu(claim).report
        assert report is not None
        recipient = group.recipients[0]
        address = received_names(claim).of(recipient)

        def convert(settings: Settings) -> Conversion[InternetResult]:
            conversion = report_to_internet(report, self._around.planned(claim.transfer, plan, settings, claim.transfer.source.peer))
            return _addressed(conversion, (self._around.mailbox_of(address, settings),))

        conversion, given_up = await self._attempt.settled(convert)

        async def send() -> Mapping[int, Outcome]:
            found = await self._around.internet.deliver(conversion.result.envelope, conversion.result.message)
            return {recipient.number: found[1]}

        return Prepared(send=send, notes=tuple(str(note) for note in (*conversion.notes, *given_up)), remember=conversion.remember)

    def reports(self, claim: Claim, ended: Mapping[int, Outcome], now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """Never a report about a report (X.411 12.2.1.3)."""
        return ()


def reported(ended: Mapping[int, Outcome]) -> dict[int, ReportedOutcome]:
    """The ends of recipients as `mixer` takes them."""
    return {
        number: ReportedOutcome(failure=outcome.failure)
        if outcome.result is Result.FAILED
        else ReportedOutcome(delivered_at=outcome.at, relayed=outcome.result is Result.RELAYED)
        for number, outcome in ended.items()
    }


def _without_return(subject: Message) -> Message:
    indicators = subject.envelope.per_message_indicators - {PerMessageIndicators.CONTENT_RETURN_REQUEST}
    return replace(subject, envelope=replace(subject.envelope, per_message_indicators=indicators))


def x400_report(
    around: Surroundings, claim: Claim, subject: Message | Probe, outcomes: Mapping[int, ReportedOutcome], now: datetime
) -> Sequence[tuple[Transfer, Octets]]:
    """A Report about a P1 message or probe, as a transfer of its own to the peer that handed the subject in."""
    transfer = claim.transfer
    peer = transfer.source.peer
    context = around.reporting(transfer, outcomes, now, peer)
    if transfer.size > around.largest_octets and isinstance(subject, Message):
        subject = _without_return(subject)  # what is too long for us is not sent back either
    conversion = report_for_x400(subject, outcomes, context)
    if conversion is None:
        return ()
    apdu = conversion.result
    assert apdu.report is not None
    destination = apdu.report.envelope.report_destination_name
    octets = asn1.encode_octets(apdu, dialects=around.dialects_of(peer), strict=False)
    report = Transfer(
        id=around.new_id(), origin=Side.X400, kind=Kind.REPORT, arrived=now, size=len(octets),
        source=replace(local_source(Side.X400), session=peer), sender="", subject_of=transfer.id,
        recipients=(Recipient(number=1, address=shown_name(destination), target=Side.X400),),
    )  # fmt: skip
    return ((report, octets),)

