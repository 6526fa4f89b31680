"""X.400 messages to the Internet: loop and permission checked, converted under a plan, sent by SMTP; ends become Reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from gateway import asn1
from gateway.conversions.jobs import MessageForInternet
from gateway.errors import Failure
from gateway.internet.envelope import SmtpEnvelope
from gateway.journeys.attempt import Attempt
from gateway.journeys.common import TOO_LONG, Surroundings, local_source, threaded
from gateway.journeys.correlating import sent_to_internet
from gateway.journeys.facts import message_facts, report_language
from gateway.journeys.manners import ReturnPaths
from gateway.journeys.receipts import asker_language, receipts
from gateway.journeys.received import received_apdu, received_names
from gateway.journeys.sending import is_too_large
from gateway.mixer.convert import ReportedOutcome, report_for_x400
from gateway.mixer.correlation import questions_of_x400
from gateway.mixer.display import shown_name
from gateway.mixer.identifiers import text_from_mts_identifier
from gateway.mixer.policy import Context, Settings
from gateway.mixer.reports import without_returned_content
from gateway.mixer.return_paths import new_tag, path_of_tag
from gateway.octets import Octets
from gateway.permission import ToInternet, from_p1
from gateway.relay import Group, Prepared
from gateway.spool.expectations import Known
from gateway.spool.transfer import Claim, Kind, Outcome, Plan, Recipient, Result, Side, Transfer
from gateway.x400.mts import NonDeliveryDiagnosticCode, PerMessageIndicators
from gateway.x400.p1 import Message, Probe

_IPN_TAG = b"\xa1"
"""First octet of the alternative ipn of InformationObject (X.420 6)."""
_OCTETS_A_RECIPIENT = 1024
"""What a recipient takes in time is as much as so many octets of a message."""
_SYNTAX_ERROR = NonDeliveryDiagnosticCode.CONTENT_SYNTAX_ERROR


class MessageToInternet:
    """Implements `relay.Journey` for P1 messages."""

    def __init__(self, surroundings: Surroundings, transfer: Transfer) -> None:
        self._around = surroundings
        self._attempt = Attempt(surroundings, transfer)

    async def sort(self, claim: Claim) -> tuple[tuple[Group, ...], Mapping[int, Failure]]:
        """Recipients by next SMTP hop, and those that the peer may not reach or that map nowhere."""
        if claim.transfer.size > self._around.largest_from(claim.transfer.source.peer):
            return (), dict.fromkeys((recipient.number for recipient in claim.due), TOO_LONG)
        granted = self._around.granted(claim.transfer.source)
        names = await threaded(claim.transfer.size, lambda: received_names(claim))
        meanings = await self._attempt.meanings(claim.due, lambda directions, each: directions.of_oraddress(names.of(each)))
        groups: dict[str, list[Recipient]] = defaultdict(list)
        failed: dict[int, Failure] = {}
        for recipient in claim.due:
            meaning = meanings[recipient.number]
            refusal = meaning if isinstance(meaning, Failure) else from_p1(granted, names.originator, meaning)
            refusal = refusal or names.refused.get(recipient.number)
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
        names, peer = received_names(claim), claim.transfer.source.peer
        language = await asker_language(self._around, known)

        def made(settings: Settings) -> tuple[MessageForInternet, Context]:
            context = replace(self._around.planned(claim.transfer, plan, settings, peer, known), language=language)
            mailboxes = tuple(self._around.mailbox_of(names.of(each), context.settings) for each in recipients)
            return MessageForInternet(places=tuple(each.number for each in recipients), mailboxes=mailboxes), context

        converted = await self._attempt.converted(claim, made)
        assert converted.envelope is not None
        manners = self._around.manners
        plain = converted.envelope
        # A thousand recipients take seconds, and everybody else would wait for them.
        subjects = await threaded(
            max(claim.transfer.size, _OCTETS_A_RECIPIENT * len(recipients)),
            lambda: sent_to_internet(claim.transfer, message, recipients, plain, converted.remember, manners, plan.made_at),
        )
        envelope, return_path = self._return_path(claim, plan, plain, subjects)

        async def send() -> Mapping[int, Outcome]:
            found = await self._around.internet.deliver(envelope, converted.octets)
            return {recipient.number: found[position] for position, recipient in enumerate(recipients, 1)}

        return Prepared(
            send=send, notes=tuple(str(note) for note in converted.notes), remember=converted.remember, subjects=subjects,
            return_path=return_path, facts=await threaded(claim.transfer.size, lambda: message_facts(message)),
            answers=await receipts(self._around, message, known, plan.made_at),
        )  # fmt: skip

    def _return_path(
        self, claim: Claim, plan: Plan, envelope: SmtpEnvelope, subjects: Sequence[Known]
    ) -> tuple[SmtpEnvelope, tuple[str, Mapping[str, str]] | None]:
        """The envelope with a reverse path of ours for servers without DSN, and where its tag leads."""
        if not subjects or self._around.manners.return_paths is ReturnPaths.STRICT:
            return envelope, None
        # Deviation: RFC 2156 4.6.2.1 has the originator in MAIL FROM always, and then a bounce without ENVID leads nowhere;
        # `return_paths = "strict"` does so. X400-Originator has the originator either way.
        about, *_ = subjects
        tag = new_tag(self._around.planned(claim.transfer, plan, self._attempt.settings))
        leads_to = {
            "subject": about.subject.key, "transfer": about.subject.transfer,
            "numbers": " ".join(str(each.number) for each in about.recipients),
        }  # fmt: skip
        return replace(envelope, tagged_path=path_of_tag(tag, self._attempt.settings.gateway_domain)), (tag, leads_to)

    def reports(self, claim: Claim, ended: Mapping[int, Outcome], now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """The X.400 report that the originator or its MTA asked for (X.411 12.2.1.3); none about a notification."""
        message = received_apdu(claim).message
        assert message is not None
        if _is_notification(claim):
            return ()
        told = {number: one for number, one in reported(ended).items() if not one.relayed or self._around.manners.report_relayed}
        return x400_report(self._around, claim, message, told, now)

    def warnings(self, claim: Claim, late: Mapping[int, Outcome], until: datetime, now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """X.400 has no word for a delay."""
        return ()

    def is_unreadable_answer(self, claim: Claim, ended: Mapping[int, Outcome]) -> bool:
        """An IPN that does not decode. Peer: identifiers of a wrong length inside a notification brought products down."""
        unread = any(one.failure is not None and one.failure.diagnostic == _SYNTAX_ERROR for one in ended.values())
        return unread and _is_notification(claim)


def _is_notification(claim: Claim) -> bool:
    """Told by its tag alone: what stands behind it may be broken."""
    message = received_apdu(claim).message
    return message is not None and message.content.read(0, 1) == _IPN_TAG


def _in_envelope_order(claim: Claim, group: Group) -> list[Recipient]:
    """The recipients of a group in the order of the P1 envelope, which the converted envelope keeps."""
    place = {recipient.number: index for index, recipient in enumerate(claim.transfer.recipients)}
    return sorted(group.recipients, key=lambda recipient: place[recipient.number])


def reported(ended: Mapping[int, Outcome], *, by_us: bool = False) -> dict[int, ReportedOutcome]:
    """The ends of recipients as `mixer` takes them.

    Args:
        ended: By recipient number.
        by_us: Nobody else will report, as about a probe; otherwise a server that offers DSN does (RFC 2156 Appendix A 3.2).
    """
    found: dict[int, ReportedOutcome] = {}
    for number, outcome in ended.items():
        if outcome.result is Result.FAILED:
            found[number] = ReportedOutcome(failure=outcome.failure, peer=outcome.peer)
            continue
        relayed = outcome.result is Result.RELAYED
        found[number] = ReportedOutcome(
            delivered_at=outcome.at, relayed=relayed, notify_passed=not relayed and not by_us, peer=outcome.peer
        )  # fmt: skip
    return found


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
    if not outcomes:
        return ()
    conversion = report_for_x400(subject, outcomes, context, language=report_language(around, subject))
    if conversion is None:
        return ()
    apdu = conversion.result
    assert apdu.report is not None
    destination = apdu.report.envelope.report_destination_name
    octets = asn1.encode_octets(apdu, dialects=around.dialects_of(peer), strict=False)
    if is_too_large(len(octets), around.policy_of(peer).largest_octets):
        apdu = without_returned_content(apdu)
        octets = asn1.encode_octets(apdu, dialects=around.dialects_of(peer), strict=False)
    assert apdu.report is not None
    report = Transfer(
        id=around.new_id(), origin=Side.X400, kind=Kind.REPORT, arrived=now, size=len(octets),
        source=replace(local_source(Side.X400), session=peer), sender="", subject_of=transfer.id,
        mts_identifier=text_from_mts_identifier(apdu.report.envelope.report_identifier),
        recipients=(Recipient(number=1, address=shown_name(destination), target=Side.X400),),
    )  # fmt: skip
    return ((report, octets),)
