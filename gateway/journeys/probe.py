"""Probes: answered from what mapping, routes and permissions say of each recipient, never delivered (RFC 2156 5.3.9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.errors import ConversionError, Failure
from gateway.journeys.common import Surroundings
from gateway.journeys.received import received_apdu
from gateway.journeys.to_internet import TOO_LONG, MessageToInternet, reported, x400_report
from gateway.mixer.messages import check_content_type
from gateway.octets import Octets
from gateway.relay import Group, Prepared
from gateway.spool.transfer import Claim, Outcome, Plan, Result, Transfer


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
        outcome = Outcome(result=Result.DELIVERED, at=plan.made_at, peer=group.key, reply="the gateway serviced the probe")

        async def send() -> Mapping[int, Outcome]:
            return dict.fromkeys((recipient.number for recipient in group.recipients), outcome)

        return Prepared(send=send)

    def reports(self, claim: Claim, ended: Mapping[int, Outcome], now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """The report that answers the probe."""
        probe = received_apdu(claim).probe
        assert probe is not None
        return x400_report(self._around, claim, probe, reported(ended), now)
