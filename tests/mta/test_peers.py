"""Which configured peer an incoming bind comes from (X.411 8.2.1.1), and what the log says when it is none."""

from __future__ import annotations

import hmac
from ipaddress import ip_network

import pytest

from gateway.mta.peers import BindFault, Credentials, Expected, Offer, Peer, Peers, same_password
from gateway.osi.service import Selectors
from tests.mta.given import THERE


def peer(name: str, mta_name: str = "MTA-A", password: bytes | None = b"secret", networks: tuple[str, ...] = ()) -> Peer:
    return Peer(
        name=name, ours=THERE, theirs=Credentials(mta_name=mta_name, password=password), networks=tuple(map(ip_network, networks))
    )


PEERS = Peers(
    (
        peer("a"),
        peer("open", "MTA-OPEN", None),
        peer("north", "MTA-TWIN", b"n", ("192.0.2.0/25",)),
        peer("south", "MTA-TWIN", b"s", ("192.0.2.128/25", "2001:db8::/32")),
        peer("left", "MTA-PAIR", b"left"),
        peer("right", "MTA-PAIR", b"right"),
        peer("empty", "MTA-EMPTY", b""),
    )
)


@pytest.mark.parametrize(
    ("mta_name", "password", "address", "expected"),
    [
        ("MTA-A", b"secret", "198.51.100.1", "a"),
        ("MTA-OPEN", None, "198.51.100.1", "open"),
        ("MTA-OPEN", b"whatever", "198.51.100.1", "open"),
        ("MTA-TWIN", b"n", "192.0.2.1", "north"),
        ("MTA-TWIN", b"s", "192.0.2.200", "south"),
        ("MTA-TWIN", b"s", "2001:db8::1", "south"),
        ("MTA-TWIN", b"n", "::ffff:192.0.2.1", "north"),
        ("MTA-PAIR", b"left", "198.51.100.1", "left"),
        ("MTA-PAIR", b"right", "198.51.100.1", "right"),
        ("MTA-EMPTY", b"", "198.51.100.1", "empty"),
    ],
)
def test_a_peer_is_known_by_name_and_password_and_perhaps_by_network(mta_name, password, address, expected):
    found = PEERS.authenticate(Offer(mta_name=mta_name, password=password, address=address))
    assert isinstance(found, Peer)
    assert found.name == expected


@pytest.mark.parametrize(
    ("mta_name", "password", "address", "said"),
    [
        (None, None, "192.0.2.1", "carries no MTA name"),
        ("MTA-B", b"secret", "192.0.2.1", "no peer has the MTA name 'MTA-B'"),
        ("mta-a", b"secret", "192.0.2.1", "'MTA-A' differs only in case, and case counts"),
        ("MTA-A", b"Secret", "192.0.2.1", "offered a wrong password"),
        ("MTA-A", b"", "192.0.2.1", "offered a wrong password"),
        ("MTA-A", None, "192.0.2.1", "offered no password"),
        ("MTA-TWIN", b"n", "198.51.100.1", "called from 198.51.100.1, which is outside its networks"),
        ("MTA-TWIN", b"n", "192.0.2.200", "offered a wrong password"),
        ("MTA-TWIN", b"n", "no address", "outside its networks"),
    ],
)
def test_anybody_else_is_refused_and_the_log_learns_why(mta_name, password, address, said):
    fault = PEERS.authenticate(Offer(mta_name=mta_name, password=password, address=address))
    assert isinstance(fault, BindFault)
    assert said in fault.text


def test_the_reason_never_contains_a_password():
    for name, password in (("MTA-A", b"guess"), ("MTA-X", b"guess")):
        fault = PEERS.authenticate(Offer(mta_name=name, password=password, address="192.0.2.1"))
        assert isinstance(fault, BindFault)
        assert "guess" not in fault.text
        assert "secret" not in fault.text


def test_passwords_are_compared_in_constant_time(monkeypatch):
    compared = []
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append((one, other)) or one == other)
    assert same_password(b"right", b"right")
    assert not same_password(b"right", b"r")
    assert not same_password(b"right", None)
    assert compared == [(b"right", b"right"), (b"right", b"r"), (b"right", b"")]


def with_selectors(name: str, calling: bytes = b"", called: bytes = b"") -> Peer:
    expects = Expected(calling=Selectors(tsel=calling), called=Selectors(tsel=called))
    return Peer(name=name, ours=THERE, theirs=Credentials(mta_name="MTA-S", password=b"s"), expects=expects)


SELECTED = Peers((with_selectors("any"), with_selectors("from x", b"x"), with_selectors("from x to y", b"x", b"y")))


@pytest.mark.parametrize(
    ("calling", "called", "expected"),
    [(b"", b"", "any"), (b"z", b"y", "any"), (b"x", b"", "from x"), (b"x", b"q", "from x"), (b"x", b"y", "from x to y")],
)
def test_selectors_tell_peers_of_one_name_apart(calling, called, expected):
    """FIELD row 3: peers are told apart by selectors and MTA name, never by reverse DNS; the closer description wins."""
    found = SELECTED.authenticate(
        Offer(mta_name="MTA-S", password=b"s", address="192.0.2.1", calling=Selectors(tsel=calling), called=Selectors(tsel=called))
    )
    assert isinstance(found, Peer)
    assert found.name == expected


def test_wrong_selectors_are_named_for_the_operator():
    fault = Peers((with_selectors("x", b"x"),)).authenticate(Offer(mta_name="MTA-S", password=b"s", calling=Selectors(tsel=b"w")))
    assert isinstance(fault, BindFault)
    assert "calling TSEL b'w' instead of b'x'" in fault.text
