"""Reports and DSNs that the gateway made itself: already in the form of the side they go to, so they are only handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.errors import Failure
from gateway.internet.addresses import Mailbox
from gateway.internet.envelope import SmtpEnvelope
from gateway.journeys.common import Surroundings, failing
from gateway.journeys.sending import send_report
from gateway.mixer.stdor import from_text
from gateway.octets import Octets
from gateway.permission import NO_ROUTE
from gateway.relay import Group, Prepared
from gateway.spool.transfer import Claim, Outcome, Plan, Priority, Side, Transfer


class OwnReport:
    """Implements `relay.Journey` for what has `common.local_source` as its source."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings

    async def sort(self, claim: Claim) -> tuple[tuple[Group, ...], Mapping[int, Failure]]:
        """The next hop of the one recipient: the peer that handed the subject in, or what takes the sender's domain."""
        recipient = claim.due[0]
        if recipient.target is Side.INTERNET:
            mailbox = failing(lambda: Mailbox.from_text(recipient.address))
            if isinstance(mailbox, Failure):
                return (), {recipient.number: mailbox}
            return (Group(key=self._around.internet.next_hop(mailbox.domain), recipients=(recipient,)),), {}
        address = failing(lambda: from_text(recipient.address))
        route = None if isinstance(address, Failure) else self._around.directions(self._around.settings()).route(address)
        peer = route or claim.transfer.source.session  # what handed the subject in knows the way to its originator
        if not peer:
            return (), {recipient.number: NO_ROUTE}
        return (Group(key=peer, recipients=(recipient,)),), {}

    async def prepare(self, claim: Claim, group: Group, plan: Plan) -> Prepared:
        """It is handed over as it is."""
        recipient = group.recipients[0]

        async def to_x400() -> Mapping[int, Outcome]:
            return {recipient.number: await self._around.x400.transfer(group.key, claim.content, Priority.URGENT)}

        async def to_internet() -> Mapping[int, Outcome]:
            envelope = SmtpEnvelope.from_json(claim.transfer.envelope)
            return {recipient.number: await send_report(self._around.internet, envelope, claim.content)}

        return Prepared(send=to_x400 if recipient.target is Side.X400 else to_internet)

    def reports(self, claim: Claim, ended: Mapping[int, Outcome], now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """Never a report about a report."""
        return ()

    def warnings(self, claim: Claim, late: Mapping[int, Outcome], until: datetime, now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        """Nor a warning."""
        return ()

    def is_unreadable_answer(self, claim: Claim, ended: Mapping[int, Outcome]) -> bool:
        """See `relay.Journey`."""
        return False
