"""What comes back by SMTP about something that was sent for an X.400 user: it becomes a Report, a message, or nothing new.

Two things lead back: a reverse path of our own, which is a secret between us and those to whom the message went, and the ENVID in a
DSN from the null reverse path. What leads nowhere, or speaks of somebody to whom nothing was sent, is a message like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway import asn1
from gateway.conversions.addressing import addressed_in_x400
from gateway.errors import Failure, GatewayError
from gateway.internet.dsn import read_delivery_report
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import Message, parse
from gateway.journeys.attempt import Attempt
from gateway.journeys.common import Surroundings
from gateway.journeys.correlating import x400_subject
from gateway.journeys.sending import is_too_large
from gateway.mixer.convert import message_to_x400
from gateway.mixer.delivery_reports import dsn_about
from gateway.mixer.envelope import MTS_ENVID_PREFIX
from gateway.mixer.identifiers import mts_identifier_from_text, text_from_mts_identifier
from gateway.mixer.policy import Context
from gateway.mixer.reports import without_returned_content
from gateway.mixer.results import Conversion
from gateway.mixer.return_paths import tag_of_path
from gateway.mixer.sent import X400Subject
from gateway.mixer.statements import CLOSING, Statement, statements
from gateway.mixer.stdor import from_text
from gateway.octets import Octets
from gateway.permission import EXPIRED_PATH, NO_ROUTE, ToX400, from_smtp
from gateway.relay import Group, Prepared
from gateway.spool.expectations import Answer, Fate, Known
from gateway.spool.transfer import Claim, Outcome, Plan, Priority, Recipient, Result, Side
from gateway.x400.oraddress import oraddress_from_orname
from gateway.x400.p1 import MTSAPDU

_KNOWN_ALREADY = "nobody asked for what this report says, or it was told before"
_FATES = {"failed": Fate.FAILED, "delivered": Fate.DELIVERED, "relayed": Fate.RELAYED, "expanded": Fate.RELAYED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A recipient of a message from SMTP that leads back to something that was sent.

    Attributes:
        known: What was sent.
        numbers: To whom, of its recipients: those of one copy; None for all.
        peer: The P1 peer through which its originator is reached.
    """

    known: Known
    numbers: frozenset[int] | None
    peer: str


class Returned:
    """Finds and carries what comes back; a part of `MessageToX400`."""

    def __init__(self, surroundings: Surroundings, attempt: Attempt) -> None:
        self._around = surroundings
        self._attempt = attempt
        self._found: dict[str, Return] = {}

    async def sort(self, claim: Claim) -> tuple[tuple[Group, ...], Mapping[int, Failure], Sequence[Recipient]]:
        """A group for each recipient that leads back, failures of those that did once, and the recipients that never do."""
        failed: dict[int, Failure] = {}
        others: list[Recipient] = []
        groups: list[Group] = []
        envelope_id = _envid_of(claim)
        for recipient in claim.due:
            tag = tag_of_path(recipient.address, self._attempt.settings.gateway_domain)
            found = await (self._by_tag(tag) if tag is not None else self._by_envid(envelope_id, recipient))
            if found is None and tag is None:
                # Deviation: RFC 2156 5.1.8 makes a Report of every DSN, with an invented subject where it names none: useless to its
                # originator, and anybody could send it. Here it stays a message.
                others.append(recipient)
                continue
            refusal = EXPIRED_PATH if found is None else self._refusal(claim, found)
            if refusal is not None:
                failed[recipient.number] = refusal
            elif found is not None:
                key = f"return {recipient.number} {found.peer}"
                self._found[key] = found
                groups.append(Group(key=key, recipients=(recipient,)))
        return tuple(groups), failed, others

    async def _by_tag(self, tag: str) -> Return | None:
        fact = await self._around.return_path(tag)
        if fact is None:
            return None
        found = await self._around.subjects(fact["subject"])
        known = next((each for each in found if each.subject.transfer == fact["transfer"]), None)
        numbers = frozenset(int(number) for number in fact["numbers"].split())
        return self._leading(known, numbers) if known is not None else None

    async def _by_envid(self, key: str, recipient: Recipient) -> Return | None:
        """Only for its originator: what a DSN says to somebody else is none of that one's business."""
        for known in await self._around.subjects(key) if key else ():
            path = known.subject.fields.get("reverse_path", "")
            if known.subject.origin is Side.X400 and path.lower() == recipient.address.lower():
                return self._leading(known, None)
        return None

    def _leading(self, known: Known, numbers: frozenset[int] | None) -> Return:
        directions = self._around.directions(self._attempt.settings)
        about = x400_subject(known, self._around.manners, numbers)
        # Whoever handed the subject in knows the way to its originator.
        peer = directions.route(oraddress_from_orname(about.destination)) or known.subject.fields.get("peer", "")
        return Return(known=known, numbers=numbers, peer=peer)

    def _refusal(self, claim: Claim, found: Return) -> Failure | None:
        """Reports come from anywhere, and the tag proves that we sent something; a letter to it needs what every letter needs."""
        if not found.peer:
            return NO_ROUTE
        if not claim.transfer.sender:
            return None
        address = from_text(found.known.subject.sender)
        return from_smtp(self._around.granted(claim.transfer.source), ToX400(address=address, peer=found.peer))

    def leads_back(self, group: Group) -> bool:
        """Whether a group is one of `sort`."""
        return group.key in self._found

    async def prepare(self, claim: Claim, group: Group, plan: Plan) -> Prepared:
        """Convert: from the null reverse path a report that speaks of those to whom the subject went, from anybody a message."""
        found, message = self._found[group.key], parse(claim.content)
        about = x400_subject(found.known, self._around.manners, found.numbers)
        (apdus, made), given_up = await self._attempt.settled(
            lambda settings: self._convert(
                claim, message, found, about, self._around.planned(claim.transfer, plan, settings, found.peer)
            )
        )  # fmt: skip
        (recipient,) = group.recipients

        async def send() -> Mapping[int, Outcome]:
            outcome = Outcome(result=Result.DELIVERED, at=plan.made_at, peer="", reply=_KNOWN_ALREADY)
            for apdu in apdus:
                outcome = await self._around.x400.transfer(found.peer, apdu, Priority.URGENT)
                if outcome.result is not Result.RELAYED:
                    break
            return {recipient.number: outcome}

        notes = tuple(str(note) for each in made for note in each.notes)
        return Prepared(
            send=send, notes=(*notes, *(str(note) for note in given_up)),
            remember=tuple(fact for each in made for fact in each.remember),
            answers=self._answers(claim, message, found, about, plan.made_at),
            facts={
                "input_identifier": message.header.value("Message-ID").strip(), "subject_identifier": found.known.subject.key,
                "about_transfer": found.known.subject.transfer, "destination": found.known.subject.sender, "action": _action(made),
            },
        )  # fmt: skip

    def _convert(
        self, claim: Claim, message: Message, found: Return, about: X400Subject, context: Context
    ) -> tuple[list[Octets], Sequence[Conversion[MTSAPDU]]]:
        original = SmtpEnvelope.from_json(claim.transfer.envelope)
        told = SmtpRecipient(address=found.known.subject.fields["reverse_path"])
        envelope = replace(original, recipients=(told,))
        if claim.transfer.sender:
            made: Sequence[Conversion[MTSAPDU]] = (message_to_x400(message, envelope, (1,), context),)
        else:
            made = dsn_about(message, envelope, context, about)
        meant = {1: oraddress_from_orname(about.destination)}
        dialects = self._around.dialects_of(found.peer)
        apdus = [each.result if each.result.message is None else addressed_in_x400(each.result, meant) for each in made]
        encoded = [asn1.encode_octets(apdu, dialects=dialects, strict=False) for apdu in apdus]
        limit = self._around.policy_of(found.peer).largest_octets
        for place, (apdu, octets) in enumerate(zip(apdus, encoded, strict=True)):
            if is_too_large(len(octets), limit):
                encoded[place] = asn1.encode_octets(without_returned_content(apdu), dialects=dialects, strict=False)
        return encoded, made

    def _answers(self, claim: Claim, message: Message, found: Return, about: X400Subject, now: datetime) -> tuple[Answer, ...]:
        said = statements(message, about) if not claim.transfer.sender else None
        if said is None:
            return ()
        reporter = said.report.status.message.typed("Reporting-MTA")
        return tuple(
            Answer(
                key=found.known.subject.key, transfer=found.known.subject.transfer, number=each.recipient.place,
                fate=_FATES[each.action], at=now, peer=reporter.value if reporter is not None else claim.transfer.source.address,
                said=_said(each),
            )
            for each in said.known
            if each.action in CLOSING
        )  # fmt: skip


def _action(made: Sequence[Conversion[MTSAPDU]]) -> str:
    """What became of it: ``report``, ``message``, both, or nothing new."""
    return " and ".join(f"{each.result.chosen} made" for each in made) or "nothing new"


def _said(statement: Statement) -> str:
    code = statement.fields.typed("Diagnostic-Code")
    return " ".join(part for part in (statement.action, statement.fields.status, code.value if code is not None else "") if part)


def _envid_of(claim: Claim) -> str:
    """The MTS identifier in a DSN from the null reverse path, in the form that is a key of the ledger; empty for anything else."""
    if claim.transfer.sender:
        return ""
    report = read_delivery_report(parse(claim.content))
    if report is None:
        return ""
    text = report.status.message.header.value("Original-Envelope-Id").strip()
    try:
        # 5.1.8.3 reads it with the prefix, 5.3.8.1 writes it without.
        return text_from_mts_identifier(mts_identifier_from_text(text.removeprefix(MTS_ENVID_PREFIX)))
    except GatewayError:
        return ""
