"""Never an open relay, in no nested form: generated addresses that hold addresses that hold addresses (DESIGN section 7).

Wrappers are what products and people write: the attribute RFC-822 under every label, in printable and in teletex form, continued, escaped
twice, with other attributes beside it; O/R addresses on the left-hand side of our domain in any case, quoted, behind source routes and
percent signs.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from gateway.building.permissions import directions_from, granted_to_peer
from gateway.errors import ConversionError, GatewayError
from gateway.internet.addresses import Mailbox
from gateway.mixer.stdor import from_text
from gateway.mixer.text import ps_encode
from gateway.mta.peers import Credentials, Grant, Peer, Peers
from gateway.mta.routing import X400Router, within
from gateway.permission import Directions, Granted, Meaning, ToInternet, ToX400, from_p1, from_smtp
from gateway.x400.oraddress import ORAddress
from tests.test_permission import GATEWAY, JOERG, OWN, SETTINGS

BASE = from_text(OWN)
ROUTES = {
    "one organisation": from_text("/PRMD=PARTNER/ADMD=DEMO/C=XX/"),
    "an ADMD that holds us too": ORAddress(country="XX", admd="DEMO"),
    "the rest of the world": ORAddress(),
}


def peer(route: ORAddress) -> Peer:
    return Peer(
        name="partner", ours=Credentials(mta_name="A"), theirs=Credentials(mta_name="B"), routes=(route,), grant=Grant(to_internet=True)
    )


def directions(route: ORAddress) -> Directions:
    settings = replace(SETTINGS, internet_labels=frozenset({"SMTP"}))
    return directions_from(settings, X400Router(Peers((peer(route),)), own=(BASE,)))


DIRECTIONS = {name: directions(route) for name, route in ROUTES.items()}

# --- addresses in addresses --------------------------------------------------------------------------------------------------------------


def _std_or(text: str) -> str:
    return text.replace("$", "$$").replace("/", "$/").replace("=", "$=")


def _teletex(text: str) -> str:
    return "*" + "".join(each if each.isalnum() else f"{{{ord(each)}}}" for each in text)


def _continued(text: str) -> str:
    half = len(text) // 2
    return f"/DD.RFC-822={_std_or(text[:half])}/DD.RFC822C1={_std_or(text[half:])}"


IN_AN_ATTRIBUTE = [
    lambda text: f"/RFC-822={_std_or(ps_encode(text))}",
    lambda text: f"/DD.rfc-822={_std_or(ps_encode(text))}",
    lambda text: f"/DDA:RFC-822={_std_or(ps_encode(text))}",
    lambda text: f"/DD.SMTP={_std_or(ps_encode(text))}",
    lambda text: f"/DD.SMTP={_std_or(ps_encode(text))}/DD.MSXENCAP=SMTP",
    lambda text: f"/DD.RFC-822={_std_or(ps_encode(ps_encode(text)))}",
    lambda text: f"/DD.RFC-822={_std_or(ps_encode(text))}/CN=Team/G=Jo/S=Doe",
    lambda text: f"/DD.*RFC-822={_teletex(text)}",
    lambda text: f"/DD.RFC-822*RFC-822={_std_or(ps_encode(text))}{_teletex(text)}",
    lambda text: _continued(ps_encode(text)),
    lambda text: f"/DD.RFC-822={_std_or(ps_encode(f'<{text}>'))}",
]
OURS = [OWN, "/PRMD=example/ADMD=demo/C=xx/", "/PRMD= EXAMPLE /ADMD=DEMO/C=XX/", f"/OU=a/O=Example{OWN}", f"/X121=1{OWN}", f"/N-ID=1{OWN}"]
ELSEWHERE = ["/PRMD=PARTNER/ADMD=DEMO/C=XX/", "/PRMD=NOWHERE/ADMD=DEMO/C=XX/", "/ADMD=DEMO/C=XX/", "/PRMD=P/ADMD= /C=YY/"]
ON_THE_LEFT = [
    lambda text, domain: Mailbox(local=text, domain=domain).address,
    lambda text, domain: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + f'"@{domain}',
    lambda text, domain: f"@{domain}:{Mailbox(local=text, domain=domain).address}",
    lambda text, domain: f"@relay.example,@{domain}:{Mailbox(local=text, domain=domain).address}",
    lambda text, domain: f"{text.replace('@', '%')}@{domain}",
    lambda text, domain: f"{domain}!{text}@{domain}",
]
INTERNET = ["someone@elsewhere.example", "anna.berg@example.org", "x@[192.0.2.1]", "a%b@elsewhere.example", "someone@sub.example.org"]
DOMAINS = [GATEWAY, GATEWAY.upper(), "x400.Example.Org"]


@st.composite
def nested(draw: st.DrawFn, leaves: st.SearchStrategy[str], ends: list[str], domains: list[str]) -> tuple[str, str]:
    """A mailbox and an O/R address that hold a leaf, at some depth."""
    mailbox = draw(leaves)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 2, 3]))):
        oraddress = draw(st.sampled_from(IN_AN_ATTRIBUTE))(mailbox) + draw(st.sampled_from(ends))
        mailbox = draw(st.sampled_from(ON_THE_LEFT))(oraddress, draw(st.sampled_from(domains)))
    return mailbox, oraddress


def meaning(directions: Directions, mailbox: str) -> Meaning | None:
    try:
        return directions.of_mailbox(Mailbox.from_text(mailbox))
    except GatewayError as error:
        assert isinstance(error, ConversionError) or "@" in mailbox
        return None


def meaning_of_oraddress(directions: Directions, text: str) -> Meaning | None:
    try:
        return directions.of_oraddress(from_text(text))
    except GatewayError:
        return None


# --- laws --------------------------------------------------------------------------------------------------------------------------------

EXAMPLES = limits(max_examples=150, deadline=None)


@pytest.mark.parametrize("name", ROUTES)
def test_what_holds_an_internet_address_at_our_own_is_for_no_smtp_client(name: str) -> None:
    @given(nested(st.sampled_from(INTERNET), OURS, DOMAINS))
    @EXAMPLES
    def holds(address: tuple[str, str]) -> None:
        found = meaning(DIRECTIONS[name], address[0])
        assert found is None or from_smtp(Granted(to_x400=True), found) is not None, found

    holds()


@pytest.mark.parametrize("name", ROUTES)
def test_what_an_smtp_client_reaches_lies_under_the_route_of_the_peer_and_never_under_our_own_address(name: str) -> None:
    @given(nested(st.sampled_from(INTERNET) | st.just(f'"{JOERG}"@{GATEWAY}'), [*OURS, *ELSEWHERE], [*DOMAINS, "partner.example"]))
    @EXAMPLES
    def holds(address: tuple[str, str]) -> None:
        found = meaning(DIRECTIONS[name], address[0])
        if found is not None and from_smtp(Granted(to_x400=True), found) is None:
            assert isinstance(found, ToX400)
            assert within(found.address, (ROUTES[name],)) and not within(found.address, (BASE,))

    holds()


@pytest.mark.parametrize("name", ROUTES)
def test_what_a_peer_reaches_is_a_mailbox_that_leads_to_no_x400_user_and_not_to_us(name: str) -> None:
    @given(nested(st.sampled_from(INTERNET) | st.just(f'"{JOERG}"@{GATEWAY}'), [*OURS, *ELSEWHERE], [*DOMAINS, "partner.example"]))
    @EXAMPLES
    def holds(address: tuple[str, str]) -> None:
        found = meaning_of_oraddress(DIRECTIONS[name], address[1])
        if found is not None and from_p1(granted_to_peer(peer(ROUTES[name])), from_text(JOERG), found) is None:
            assert isinstance(found, ToInternet)
            assert found.address.domain.lower().rstrip(".") != GATEWAY
            assert meaning(DIRECTIONS[name], found.address.address) == found

    holds()
