"""Routes: the longest matching O/R address prefix wins; attributes match as X.402 18.4 says."""

from __future__ import annotations

import pytest

from gateway.mta.peers import Credentials, Peer
from gateway.mta.routing import X400Router, within
from gateway.x400.oraddress import ORAddress

NOBODY = Credentials(mta_name="X")


def address(*units: str, **attributes: str) -> ORAddress:
    return ORAddress(organizational_units=units, **attributes)


def peer(name: str, *routes: ORAddress) -> Peer:
    return Peer(name=name, ours=NOBODY, theirs=NOBODY, routes=routes)


ROUTER = X400Router(
    (
        peer("country", address(country="DE")),
        peer("admd", address(country="DE", admd="dbp")),
        peer("prmd", address(country="DE", admd="dbp", prmd="gmd"), address(country="GB", admd=" ", prmd="co")),
        peer("unit", address("FIX", country="DE", admd="dbp", prmd="gmd")),
        peer("subunit", address("FIX", "mail", country="DE", admd="dbp", prmd="gmd")),
    )
)


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        (address(country="DE", admd="other", surname="S"), "country"),
        (address(country="DE", admd="DBP", surname="S"), "admd"),
        (address(country="de", admd="dbp", prmd="GMD", surname="S"), "prmd"),
        (address("fix", country="DE", admd="dbp", prmd="gmd", surname="S"), "unit"),
        (address("fix", "other", country="DE", admd="dbp", prmd="gmd", surname="S"), "unit"),
        (address("other", "fix", country="DE", admd="dbp", prmd="gmd", surname="S"), "prmd"),
        (address("fix", "mail", "deep", country="DE", admd="dbp", prmd="gmd", surname="S"), "subunit"),
        (address(country="GB", admd="", prmd="co", surname="S"), "prmd"),
        (address(country="FR", admd="atlas", surname="S"), None),
        (address(admd="dbp", prmd="gmd", surname="S"), None),
    ],
)
def test_the_longest_matching_prefix_wins(recipient, expected):
    assert ROUTER.route(recipient) == expected


def test_a_route_without_attributes_is_the_default_route():
    router = X400Router((peer("default", ORAddress()), peer("de", address(country="DE"))))
    assert router.route(address(country="DE", admd="dbp")) == "de"
    assert router.route(address(country="FR", admd="atlas")) == "default"


def test_within_is_what_grants_are_made_of():
    spaces = (address(country="DE", admd="dbp", prmd="gmd"), address(country="GB", admd=" ", prmd="co"))
    assert within(address("x", country="DE", admd="dbp", prmd="gmd"), spaces)
    assert not within(address(country="DE", admd="dbp", prmd="other"), spaces)
    assert not within(address(country="DE", admd="dbp"), spaces)
    assert not within(address(country="DE", admd="dbp", prmd="gmd"), ())


def test_a_numeric_country_is_the_one_of_letters():
    spaces = (address(country="FR", admd="atlas"),)
    assert within(address(country="208", admd="atlas", surname="S"), spaces)
    assert within(address(country="fr", admd="atlas"), (address(country="209", admd="atlas"),))
    assert not within(address(country="234", admd="atlas"), spaces)
