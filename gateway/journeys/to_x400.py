"""Internet messages to X.400: mapped, grouped by P1 peer, converted under a plan, transferred; failures become DSNs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway import asn1
from gateway.errors import Failure
from gateway.internet.addresses import Mailbox
from gateway.internet.envelope import SmtpEnvelope
from gateway.internet.message import Message, parse
from gateway.journeys.addressing import addressed_in_x400
from gateway.journeys.attempt import Attempt
from gateway.journeys.common import Surroundings, local_source
from gateway.journeys.postmaster import POSTMASTER, to_postmaster
from gateway.mixer.convert import ReportedOutcome, dsn_for_internet, map_smtp_recipient, message_to_x400
from gateway.mixer.correlation import questions_of_internet
from gateway.mixer.policy import Context
from gateway.mixer.results import Conversion
from gateway.octets import Octets
from gateway.permission import ToX400, from_smtp
from gateway.relay import Group, Prepared
from gateway.spool.transfer import Claim, Kind, Outcome, Plan, Recipient, Result, Side, Transfer
from gateway.x400.oraddress import ORAddress
from gateway.x400.p1 import MTSAPDU


class MessageToX400:
    """Implements `relay.Journey`."""

    def __init__(self, surroundings: Surroundings, transfer: Transfer) -> None:
        self._around = surroundings
        self._attempt = Attempt(surroundings, transfer)

    async def sort(self, claim: Claim) -> tuple[tuple[Group, ...], Mapping[int, Failure]]:
        """Recipients by P1 peer. Asked anew at every attempt: routes and tables may have changed for the better."""
        granted = self._around.granted(claim.transfer.source)
        groups: dict[str, list[Recipient]] = defaultdict(list)
        failed: dict[int, Failure] = {}
        groups[POSTMASTER] = [each for each in claim.due if self._attempt.settings.is_postmaster(each.address)]
        others = [each for each in claim.due if each not in groups[POSTMASTER]]
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
        return tuple(Group(key=peer, recipients=tuple(members)) for peer, members in groups.items() if members), failed

    async def prepare(self, claim: Claim, group: Group, plan: Plan) -> Prepared:
        """Convert for the peer; every recipient of the group will have the outcome of the transfer."""
        if group.key == POSTMASTER:
            return to_postmaster(self._around, claim, group, plan)
        message = parse(claim.content)
        known = await self._around.recall(questions_of_internet(message))
        (apdu, conversion), given_up = await self._attempt.settled(
            lambda settings: self._convert(claim, message, group, self._around.planned(claim.transfer, plan, settings, group.key, known))
        )

        async def send() -> Mapping[int, Outcome]:
            outcome = await self._around.x400.transfer(group.key, apdu)
            return dict.fromkeys((recipient.number for recipient in group.recipients), outcome)

        return Prepared(send=send, notes=tuple(str(note) for note in (*conversion.notes, *given_up)), remember=conversion.remember)

    def _convert(self, claim: Claim, message: Message, group: Group, context: Context) -> tuple[Octets, Conversion[MTSAPDU]]:
        envelope = SmtpEnvelope.from_json(claim.transfer.envelope)
        numbers = tuple(recipient.number for recipient in group.recipients)
        conversion = message_to_x400(message, envelope, numbers, context)
        apdu = addressed_in_x400(conversion.result, self._nested(group, context))
        return asn1.encode_octets(apdu, dialects=self._around.dialects_of(group.key)), conversion

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
        """The DSN for the sender about recipients that failed (RFC 3461); success is told by the X.400 report that we asked for."""
        transfer = claim.transfer
        outcomes = {
            number: ReportedOutcome(failure=outcome.failure) for number, outcome in ended.items() if outcome.result is Result.FAILED
        }
        if not outcomes or not transfer.sender:
            return ()
        envelope = SmtpEnvelope.from_json(transfer.envelope)
        context = self._around.reporting(transfer, outcomes, now)
        conversion = dsn_for_internet(envelope, parse(claim.content), outcomes, context)
        if conversion is None:
            return ()
        result = conversion.result
        report = Transfer(
            id=self._around.new_id(), origin=Side.INTERNET, kind=Kind.REPORT, arrived=now, size=len(result.message),
            source=local_source(Side.INTERNET), sender="", envelope=result.envelope.to_json(), subject_of=transfer.id,
            recipients=(Recipient(number=1, address=transfer.sender, target=Side.INTERNET),),
        )  # fmt: skip
        return ((report, result.message),)
