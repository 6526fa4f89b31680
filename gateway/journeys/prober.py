"""Probes of our own: would a message reach this O/R address? The answer is a report, which comes by the ordinary way.

What is asked stands in the ledger before the probe leaves (RFC 2156 knows no probe from the Internet; here an operator asks).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gateway import asn1
from gateway.errors import Failure, GatewayError
from gateway.internet.envelope import SmtpEnvelope
from gateway.journeys.common import Surroundings
from gateway.journeys.correlating import encoded_name
from gateway.mixer.descriptors import Scope
from gateway.mixer.display import shown_name
from gateway.mixer.envelope import originator_address
from gateway.mixer.identifiers import new_mts_identifier, text_from_mts_identifier
from gateway.mixer.policy import Context
from gateway.mixer.stdor import from_text
from gateway.mixer.trace import external_trace, internal_trace, own_hop
from gateway.permission import NO_ROUTE
from gateway.spool.expectations import Asked, Expectation, Fate, Known, Subject
from gateway.spool.store import Store
from gateway.spool.transfer import Result, Side
from gateway.x400 import p1
from gateway.x400.extensions import StandardExtension, extension_field
from gateway.x400.mts import ContentType, MTSIdentifier
from gateway.x400.mts import PerRecipientIndicators as Bit
from gateway.x400.oraddress import ORAddress, orname_from_oraddress

_LOOK_SECONDS = 0.2
_LIFETIME = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    Attributes:
        address: Of whom.
        content_type: 22 (P22), 2 (P2), 35 (EDI) or any other built-in type.
        content_length: Of the message that is meant, in octets; None for any.
        patience_seconds: How long the answer is waited for; later it is in the ledger.
    """

    address: ORAddress
    content_type: int = 22
    content_length: int | None = None
    patience_seconds: float = 30


def question_from(request: Mapping[str, Any]) -> Question:
    """The question in a control command: ``address``, and where wanted ``content_type``, ``content_length``, ``patience_seconds``.

    Raises:
        GatewayError: An address or a number cannot be read.
    """
    try:
        length = request.get("content_length")
        return Question(
            address=from_text(str(request["address"])), content_type=int(request.get("content_type", 22)),
            content_length=None if length is None else int(length), patience_seconds=float(request.get("patience_seconds", 30)),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise GatewayError(f"not a question for a probe: {error}") from error


class Prober:
    """Sends probes and waits for what comes of them."""

    def __init__(self, surroundings: Surroundings, store: Store) -> None:
        self._around = surroundings
        self._store = store

    async def ask(self, question: Question) -> Mapping[str, Any]:
        """The answer as facts: ``outcome`` is ``deliverable``, ``undeliverable`` or ``unanswered``, beside who said so and in which words.

        Raises:
            GatewayError: No peer leads there, or it did not take the probe.
        """
        settings, now = self._around.settings(), self._around.clock()
        peer = self._around.directions(settings).route(question.address)
        if peer is None:
            raise GatewayError(NO_ROUTE.text)
        policy = self._around.policy_of(peer)
        context = Context(settings=settings.towards(policy), now=now, plan_seed=secrets.token_hex(16), policy=policy)
        apdu, identifier = probe_apdu(question, context)
        key = text_from_mts_identifier(identifier)
        await self._store.promise((_promised(question, key, peer, context),))
        outcome = await self._around.x400.transfer(peer, asn1.encode_octets(apdu, dialects=self._around.dialects_of(peer)))
        if outcome.result is not Result.RELAYED:
            raise GatewayError(f"{peer} did not take the probe: {_why(outcome.failure) or outcome.reply}")
        answer = await self._answer(key, question.patience_seconds)
        return {"identifier": key, "peer": peer, "address": shown_name(orname_from_oraddress(question.address)), **_facts(answer)}

    async def _answer(self, key: str, seconds: float) -> Expectation:
        """Looks in the ledger, since the report may reach another process of this gateway."""
        waited = 0.0
        while True:
            (known,) = await self._store.expectations.recall(key, self._around.clock())
            (found,) = known.recipients
            if found.fate is not Fate.OPEN or waited >= seconds:
                return found
            await asyncio.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS


def _why(failure: Failure | None) -> str:
    return failure.text if failure is not None else ""


def _facts(found: Expectation) -> dict[str, str]:
    outcome = {Fate.OPEN: "unanswered", Fate.FAILED: "undeliverable"}.get(found.fate, "deliverable")
    return {"outcome": outcome, "said": found.said, "by": found.peer, "at": found.ended.isoformat() if found.ended else ""}


def _promised(question: Question, key: str, peer: str, context: Context) -> Known:
    name = orname_from_oraddress(question.address)
    subject = Subject(
        key=key, transfer=f"probe {context.token('probe', 12)}", origin=Side.INTERNET, sender=context.settings.administrator,
        expires=context.now + _LIFETIME, fields={"kind": "probe", "peer": peer},
    )  # fmt: skip
    waiting = Expectation(
        number=1, address=shown_name(name), original="mixer probe", asked=frozenset({Asked.SUCCESS, Asked.FAILURE}),
        patience=timedelta(seconds=question.patience_seconds), due=context.now + timedelta(seconds=question.patience_seconds),
        fields={"name": encoded_name(name)},
    )  # fmt: skip
    return Known(subject=subject, recipients=(waiting,))


def probe_apdu(question: Question, context: Context) -> tuple[p1.MTSAPDU, MTSIdentifier]:
    """The probe (X.411 12.2.1.2) from the gateway's administrator, with a request for reports of both kinds."""
    hop = own_hop(context, None)
    identifier = new_mts_identifier(context, "probe")
    originator = originator_address(SmtpEnvelope(reverse_path="", recipients=()), Scope(context=context))
    internal = (extension_field(StandardExtension.INTERNAL_TRACE_INFORMATION, internal_trace((hop,))),)
    recipient = p1.PerRecipientProbeTransferFields(
        recipient_name=orname_from_oraddress(question.address),
        originally_specified_recipient_number=1,
        per_recipient_indicators=frozenset({Bit.RESPONSIBILITY, Bit.ORIGINATING_MTA_REPORT, Bit.ORIGINATOR_REPORT}),
    )
    probe = p1.ProbeTransferEnvelope(
        probe_identifier=identifier,
        originator_name=orname_from_oraddress(originator),
        content_type=ContentType(built_in=question.content_type),
        content_length=question.content_length,
        trace_information=external_trace((hop,)),
        extensions=internal if context.policy.x400_version != 84 else (),
        per_recipient_fields=(recipient,),
    )
    return p1.MTSAPDU(probe=probe), identifier
