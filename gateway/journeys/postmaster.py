"""Mail for the gateway's own postmaster (RFC 5321 4.5.1: it must be accepted): forwarded to the administrator by SMTP."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.internet.addresses import Mailbox
from gateway.internet.dates import serialise_date
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.fields import field
from gateway.journeys.common import Surroundings
from gateway.octets import ConcatOctets
from gateway.relay import Group, Prepared
from gateway.spool.transfer import Claim, Outcome, Plan

POSTMASTER = "postmaster"
"""Key of the group of recipients that are the postmaster."""


def to_postmaster(around: Surroundings, claim: Claim, group: Group, plan: Plan) -> Prepared:
    """The message as it came, with the trace that RFC 5321 4.4 asks for."""
    settings, transfer = around.settings(), claim.transfer
    administrator = Mailbox.from_text(settings.administrator).address
    source = f"from {transfer.source.authentication.get('helo', 'unknown')} ([{transfer.source.address.rpartition(':')[0]}])"
    received = field("Received", f"{source} by {settings.gateway_domain} with ESMTP id {transfer.id}; {serialise_date(plan.made_at)}")
    envelope = SmtpEnvelope(reverse_path=transfer.sender, recipients=(SmtpRecipient(address=administrator),), body="8BITMIME")

    async def send() -> Mapping[int, Outcome]:
        found = await around.internet.deliver(envelope, ConcatOctets((received.serialise(), claim.content)))
        return dict.fromkeys((recipient.number for recipient in group.recipients), found[1])

    return Prepared(send=send)
