"""Who may send what where (RFC 2156 leaves it to the gateway): decided on what an address finally means."""

from __future__ import annotations

import pytest

from gateway.errors import ConversionError
from gateway.internet.addresses import Mailbox
from gateway.mta.peers import Credentials, Peer
from gateway.mta.routing import X400Router, within
from gateway.permission import NO_ROUTE, NOT_GRANTED, RELAYING, Directions, Granted, ToInternet, ToX400, from_p1, from_smtp
from gateway.x400.oraddress import ORAddress

NOBODY = Credentials(mta_name="X")
ROUTED = ORAddress(country="DE", admd="dbp", prmd="gmd", surname="S")
UNROUTED = ORAddress(country="FR", admd="atlas", surname="S")
GATEWAY = ORAddress(country="GB", admd=" ", prmd="gate")
ROUTER = X400Router((Peer(name="gmd", ours=NOBODY, theirs=NOBODY, routes=(ORAddress(country="DE", admd="dbp", prmd="gmd"),)),))

TO_ORADDRESS = {
    "s@gmd.example": ROUTED,
    "s@gate.example": UNROUTED,
    "someone@far.example": ORAddress(country="GB", admd=" ", prmd="gate", domain_defined=(("RFC-822", "someone(a)far.example"),)),
}
TO_MAILBOX = {address: text for text, address in TO_ORADDRESS.items()}


def mailbox(text: str) -> Mailbox:
    local, _, domain = text.rpartition("@")
    return Mailbox(local=local, domain=domain)


DIRECTIONS = Directions(
    to_oraddress=lambda box: TO_ORADDRESS[f"{box.local}@{box.domain}"],
    to_mailbox=lambda address: mailbox(TO_MAILBOX[address]),
    route=ROUTER.route,
    is_gateway=lambda address: within(address, (GATEWAY,)),
    is_gateway_domain=lambda domain: domain == "gate.example",
)


def test_what_an_address_finally_means():
    for meaning in (DIRECTIONS.of_mailbox(mailbox("s@gmd.example")), DIRECTIONS.of_oraddress(ROUTED)):
        assert isinstance(meaning, ToX400)
        assert (meaning.address, meaning.peer) == (ROUTED, "gmd")
    for meaning in (
        DIRECTIONS.of_mailbox(mailbox("someone@far.example")),
        DIRECTIONS.of_oraddress(TO_ORADDRESS["someone@far.example"]),
    ):
        assert meaning == ToInternet(address=mailbox("someone@far.example"))


def test_an_address_of_the_gateway_that_no_route_covers_is_refused():
    with pytest.raises(ConversionError) as refused:
        DIRECTIONS.of_mailbox(mailbox("s@gate.example"))
    assert refused.value.failure == NO_ROUTE


X400, INTERNET = ToX400(address=ROUTED, peer="gmd"), ToInternet(address=mailbox("someone@far.example"))


def test_smtp_clients_reach_x400_when_granted_and_never_the_internet():
    assert from_smtp(Granted(to_x400=True), X400) is None
    assert from_smtp(Granted(), X400) == NOT_GRANTED
    assert from_smtp(Granted(to_x400=True, to_internet=True), INTERNET) == RELAYING


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        (Granted(to_internet=True), None),
        (Granted(), NOT_GRANTED),
        (Granted(to_internet=True, originator=lambda address: within(address, (ROUTED,))), None),
        (Granted(to_internet=True, originator=lambda address: within(address, (UNROUTED,))), NOT_GRANTED),
        (Granted(to_internet=True, domain=lambda domain: domain.endswith("far.example")), None),
        (Granted(to_internet=True, domain=lambda domain: domain == "near.example"), NOT_GRANTED),
    ],
)
def test_p1_peers_reach_the_internet_as_far_as_granted(granted, expected):
    assert from_p1(granted, ROUTED, INTERNET) == expected


def test_p1_peers_never_reach_another_p1_peer_through_us():
    assert from_p1(Granted(to_internet=True, to_x400=True), ROUTED, X400) == RELAYING
