"""Who may send what where: the permissions of the configuration, bound to the mapping and the routes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from gateway.errors import GatewayError
from gateway.mixer.convert import map_smtp_recipient, map_x400_recipient
from gateway.mixer.legality import fault
from gateway.mixer.policy import Context, Settings
from gateway.mixer.stdor import from_text
from gateway.mixer.universal import universal_mailbox
from gateway.mta.peers import Peer
from gateway.mta.routing import X400Router, within
from gateway.permission import Directions, Granted
from gateway.x400.oraddress import ORAddress


def directions_from(settings: Settings, router: X400Router, peers: Iterable[Peer] = ()) -> Directions:
    """What addresses finally mean under these settings and routes; ``peers`` are asked whether they take universal attributes."""
    takes_universal = {peer.name for peer in peers if settings.towards(peer.policy).universal_addresses}
    settings = replace(settings, universal_addresses=bool(takes_universal))
    context = Context(settings=settings, now=datetime.now(UTC), plan_seed="")
    base = settings.gateway_oraddress

    def is_gateway(address: ORAddress) -> bool:
        labels = {"RFC-822", *settings.internet_labels}
        wraps = any(type_.upper() in labels for type_, _ in address.domain_defined) or universal_mailbox(address) is not None
        return wraps and within(address, (base,))

    return Directions(
        route=router.route,
        to_oraddress=lambda mailbox: map_smtp_recipient(mailbox.address, context).result,
        to_mailbox=lambda address: map_x400_recipient(address, context).result,
        is_gateway=is_gateway,
        is_gateway_domain=lambda domain: domain.lower() == settings.gateway_domain.lower(),
        takes_universal=lambda peer: peer in takes_universal,
        wrong_with=_wrong_with,
    )


def _wrong_with(local: str) -> str:
    if "=" not in local:
        return ""
    try:
        return fault(from_text(local)) or ""
    except GatewayError as error:
        return str(error)


def granted_to_peer(peer: Peer | None) -> Granted:
    """What a P1 peer may do; nothing for one that is no longer configured."""
    if peer is None:
        return Granted()
    grant = peer.grant
    domains = tuple(domain.lower() for domain in grant.domains)
    return Granted(
        to_internet=grant.to_internet,
        originator=(lambda address: within(address, grant.originators)) if grant.originators else None,
        domain=(lambda name: any(name.lower() == each or name.lower().endswith("." + each) for each in domains)) if domains else None,
    )
