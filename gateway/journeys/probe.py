"""Probes: answered from what mapping, routes and permissions say of each recipient, never delivered (RFC 2156 5.3.9)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime

from gateway.errors import ConversionError, Failure
from gateway.journeys.common import TOO_LONG, Surroundings
from gateway.journeys.received import received_apdu, received_names
from gateway.journeys.to_internet import MessageToInternet, reported, x400_report
from gateway.mixer.messages import check_content_type
from gateway.octets import Octets
from gateway.relay import Group, Prepared
from gateway.spool.transfer import Claim, Outcome, Plan, Result, Transfer
from gateway.x400.oraddress import ORAddress

_PATIENCE_SECONDS = 30.0
"""How long a mail server may take to say whether it knows a recipient."""


class ProbeAnswer:
    """Implements `relay.Journey`: every recipient that a message could reach counts as deliverable."""

    def __init__(self, surroundings: Surroundings, transfer: Transfer) -> None:
        self._around = surroundings
        self._message = MessageToInternet(surroundings, transfer)

    async def sort(self, claim: Claim) -> tuple[tuple[Group, ...], Mapping[int, Failure]]:
        """As a message with these recipients would be sorted."""
        return await self._message.sort(claim)

    async def prepare(self, claim: Claim, group: Group, plan: Plan) -> Prepared:
        """Nothing will be sent: the answer is yes, unless content of that type or size would not pass."""
        probe = received_apdu(claim).probe
        assert probe is not None
        check_content_type(probe.content_type)
        if (probe.content_length or 0) > self._around.largest_octets:
            raise ConversionError(TOO_LONG)
        names = received_names(claim)

        async def send() -> Mapping[int, Outcome]:
            return {each.number: await self._outcome(names.of(each), group, plan) for each in group.recipients}

        return Prepared(send=send)

    async def _outcome(self, address: ORAddress, group: Group, plan: Plan) -> Outcome:
        """Yes, unless the next mail server is asked and says no."""
        check = self._around.check_recipient
        mailbox = self._around.mailbox_of(address, self._around.settings()).address
        failure = await _asked(check(mailbox)) if check is not None and mailbox.isascii() else None
        if failure is not None:
            return Outcome(result=Result.FAILED, at=plan.made_at, peer=group.key, failure=failure)
        return Outcome(result=Result.DELIVERED, at=plan.made_at, peer=group.key, reply="the gateway serviced the probe")

    def reports(self, claim: Claim, ended: Mapping[int, Outcome], now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """The report that answers the probe."""
        probe = received_apdu(claim).probe
        assert probe is not None
        return x400_report(self._around, claim, probe, reported(ended, by_us=True), now)

    def warnings(self, claim: Claim, late: Mapping[int, Outcome], until: datetime, now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """X.400 has no word for a delay."""
        return ()

    def is_unreadable_answer(self, claim: Claim, ended: Mapping[int, Outcome]) -> bool:
        """See `relay.Journey`."""
        return False


async def _asked(check: Awaitable[Failure | None]) -> Failure | None:
    """What a mail server says; one that thinks for long does not say no."""
    try:
        return await asyncio.wait_for(check, _PATIENCE_SECONDS)
    except TimeoutError:
        return None
