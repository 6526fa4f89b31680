"""Internet messages to X.400: mapped, grouped by P1 peer, converted under a plan, transferred; failures become DSNs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway import asn1
from gateway.conversions.jobs import MessageForX400
from gateway.errors import Failure
from gateway.internet.addresses import Mailbox
from gateway.internet.envelope import SmtpEnvelope
from gateway.internet.message import Message, parse, parse_header
from gateway.journeys.attempt import Attempt
from gateway.journeys.common import Surroundings, check_size, local_source, threaded
from gateway.journeys.correlating import sender_language, sent_to_x400
from gateway.journeys.facts import internet_facts
from gateway.journeys.postmaster import POSTMASTER, to_postmaster
from gateway.journeys.receipts import genuine
from gateway.journeys.returned import Returned
from gateway.mixer.convert import ReportedOutcome, dsn_for_internet, map_smtp_recipient
from gateway.mixer.correlation import questions_of_internet
from gateway.mixer.delivery_options import tells_of_relaying
from gateway.mixer.phrases import Language
from gateway.mixer.policy import Context
from gateway.octets import Octets
from gateway.permission import ToX400, from_smtp
from gateway.relay import Group, Prepared
from gateway.spool.transfer import Claim, Kind, Outcome, Plan, Recipient, Result, Side, Transfer
from gateway.x400.oraddress import ORAddress
from gateway.x400.p1 import MTSAPDU

_OCTETS_A_RECIPIENT = 1024
"""One more recipient is as much work as so much more of a message."""


class MessageToX400:
    """Implements `relay.Journey`."""

    def __init__(self, surroundings: Surroundings, transfer: Transfer) -> None:
        self._around = surroundings
        self._attempt = Attempt(surroundings, transfer)
        self._returned = Returned(surroundings, self._attempt)

    async def sort(self, claim: Claim) -> tuple[tuple[Group, ...], Mapping[int, Failure]]:
        """Recipients by P1 peer. Asked anew at every attempt: routes and tables may have changed for the better."""
        granted = self._around.granted(claim.transfer.source)
        groups: dict[str, list[Recipient]] = defaultdict(list)
        failed: dict[int, Failure] = {}
        groups[POSTMASTER] = [each for each in claim.due if self._attempt.settings.is_postmaster(each.address)]
        returns, expired, left = await self._returned.sort(claim)
        others = [each for each in left if each not in groups[POSTMASTER]]
        failed |= expired
        meanings = await self._attempt.meanings(
            others, lambda directions, each: directions.of_mailbox(Mailbox.from_text(each.address))
        )  # fmt: skip
        for recipient in others:
            meaning = meanings[recipient.number]
            refusal = meaning if isinstance(meaning, Failure) else from_smtp(granted, meaning)
            if refusal is not None:
                failed[recipient.number] = refusal
            elif isinstance(meaning, ToX400):
                groups[meaning.peer].append(recipient)
        return (*returns, *(Group(key=peer, recipients=tuple(members)) for peer, members in groups.items() if members)), failed

    async def prepare(self, claim: Claim, group: Group, plan: Plan) -> Prepared:
        """Convert for the peer; every recipient of the group will have the outcome of the transfer."""
        if group.key == POSTMASTER:
            return to_postmaster(self._around, claim, group, plan)
        if self._returned.leads_back(group):
            return await self._returned.prepare(claim, group, plan)
        message = parse(claim.content)
        recalled = await self._around.recall(questions_of_internet(message))
        known, answers = await genuine(self._around, message, recalled, plan.made_at)
        converted = await self._attempt.converted(
            claim, lambda settings: self._job(claim, group, self._around.planned(claim.transfer, plan, settings, group.key, known))
        )
        check_size(len(converted.octets), self._around.policy_of(group.key).largest_octets)

        async def send() -> Mapping[int, Outcome]:
            outcome = await self._around.x400.transfer(group.key, converted.octets, claim.transfer.priority)
            return dict.fromkeys((recipient.number for recipient in group.recipients), outcome)

        def told() -> Prepared:
            apdu = converted.apdu or asn1.decode(converted.octets, MTSAPDU)
            return Prepared(
                send=send, notes=tuple(str(note) for note in converted.notes), remember=converted.remember,
                subjects=sent_to_x400(
                    claim.transfer, message, SmtpEnvelope.from_json(claim.transfer.envelope), apdu, converted.remember,
                    self._around.manners, plan.made_at, group.key,
                ),
                answers=answers, facts=internet_facts(message, apdu),
            )  # fmt: skip

        # A thousand recipients are a thousand subjects of reports: that takes seconds, and everybody else would wait for it.
        return await threaded(max(claim.transfer.size, _OCTETS_A_RECIPIENT * len(group.recipients)), told)

    def _job(self, claim: Claim, group: Group, context: Context) -> tuple[MessageForX400, Context]:
        job = MessageForX400(
            envelope=SmtpEnvelope.from_json(claim.transfer.envelope),
            numbers=tuple(recipient.number for recipient in group.recipients),
            meant=self._nested(group, context),
            dialects=self._around.dialects_of(group.key),
            results=claim.transfer.source.authentication,
        )
        return job, context

    def _nested(self, group: Group, context: Context) -> dict[int, ORAddress]:
        """What the recipients mean whose mailbox holds another one, mapped as this peer needs it (X.400 of 1984 or 1988)."""
        directions = self._around.directions(context.settings)
        found: dict[int, ORAddress] = {}
        for each in group.recipients:
            mailbox = Mailbox.from_text(each.address)
            meaning = directions.of_mailbox(mailbox)
            if isinstance(meaning, ToX400) and meaning.mailbox is not None and meaning.mailbox != mailbox:
                found[each.number] = map_smtp_recipient(meaning.mailbox.address, context).result
        return found

    def reports(self, claim: Claim, ended: Mapping[int, Outcome], now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """The DSN for the sender about recipients that failed (RFC 3461); success is told by the X.400 report that we asked for.

        What went to our own postmaster by SMTP has no such report: there the end is told here. And who sent with BY may want to know
        that it was handed on (`tells_of_relaying`).
        """
        addresses = {each.number: each.address for each in claim.transfer.recipients}
        traced = tells_of_relaying(SmtpEnvelope.from_json(claim.transfer.envelope), claim.transfer.arrived, now)
        outcomes = {
            number: ReportedOutcome(failure=outcome.failure)
            if outcome.result is Result.FAILED
            else ReportedOutcome(delivered_at=outcome.at, relayed=True)
            for number, outcome in ended.items()
            if outcome.result is Result.FAILED or traced or self._attempt.settings.is_postmaster(addresses[number])
        }
        return self._dsn(claim, outcomes, now)

    def warnings(self, claim: Claim, late: Mapping[int, Outcome], until: datetime, now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """The DSN ``delayed`` for who asked for it (NOTIFY=DELAY, RFC 3461 4.1)."""
        outcomes = {number: ReportedOutcome(failure=outcome.failure, trying_until=until) for number, outcome in late.items()}
        return self._dsn(claim, outcomes, now)

    def is_unreadable_answer(self, claim: Claim, ended: Mapping[int, Outcome]) -> bool:
        """See `relay.Journey`."""
        return False

    def _dsn(self, claim: Claim, outcomes: Mapping[int, ReportedOutcome], now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        transfer = claim.transfer
        if not outcomes or not transfer.sender:
            return ()
        envelope = SmtpEnvelope.from_json(transfer.envelope)
        context, message = self._around.reporting(transfer, outcomes, now), parse(claim.content)
        conversion = dsn_for_internet(envelope, message, outcomes, context, self._language(message))
        if conversion is None:
            return ()
        result = conversion.result
        report = Transfer(
            id=self._around.new_id(), origin=Side.INTERNET, kind=Kind.REPORT, arrived=now, size=len(result.message),
            source=local_source(Side.INTERNET), sender="", envelope=result.envelope.to_json(), subject_of=transfer.id,
            recipients=(Recipient(number=1, address=transfer.sender, target=Side.INTERNET),),
            message_id=parse_header(result.message).value("Message-ID"),
        )  # fmt: skip
        return ((report, result.message),)

    def _language(self, message: Message) -> Language:
        named = sender_language(message) if self._around.manners.follow_sender else ""
        return Language(named) if named else self._around.manners.language
