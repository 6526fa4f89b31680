"""Section 14 of the interoperability cases as far as it is about routing. IC-117 and IC-118 are about transfer and times."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from gateway.building.mta import peers_from
from gateway.config import PeerSection, load
from gateway.mixer.stdor import from_text
from gateway.mta.peers import Credentials, Peer
from gateway.mta.routing import X400Router

CONFIG = """
[gateway]
domain = "x400.example.org"
oraddress = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
global_domain = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
mta_name = "GATEWAY"
postmaster = "postmaster@example.org"

[[mta.peer]]
name = {name}
mta_name = {mta_name}
routes = ["/PRMD=PARTNER/ADMD=DEMO/C=XX/"]
"""
JOERG = from_text("/S=mueller/PRMD=PARTNER/ADMD=DEMO/C=XX/")


def peer(name: str, *routes: str) -> Peer:
    return Peer(name=name, ours=Credentials(mta_name="A"), theirs=Credentials(mta_name="B"), routes=tuple(map(from_text, routes)))


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def test_IC_115_a_peer_may_open_ten_associations_and_we_open_one_more_than_one() -> None:
    section = PeerSection(name="a", mta_name="A")
    assert section.incoming == 10
    assert section.associations == 2


def test_IC_115_the_way_depends_on_the_address_alone_so_a_full_peer_is_waited_for() -> None:
    router = X400Router((peer("near", "/PRMD=PARTNER/ADMD=DEMO/C=XX/"), peer("backup", "/ADMD=DEMO/C=XX/"), peer("default", "/C=XX/")))
    assert {router.route(JOERG) for _ in range(100)} == {"near"}


def test_IC_116_an_overlapping_route_is_no_alternative() -> None:
    peers = (peer("first", "/PRMD=PARTNER/ADMD=DEMO/C=XX/"), peer("second", "/PRMD=PARTNER/ADMD=DEMO/C=XX/"))
    assert X400Router(peers).route(JOERG) == "first"
    assert X400Router(peers[::-1]).route(JOERG) == "second"


@pytest.mark.parametrize("name", ["MTA01,.", "PO4_MTA", "a b", "back\\slash", 'quo"te', "semi;colon/slash", " lead", "trail "])
def test_IC_119_names_with_separators_are_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG.format(name=quoted(name), mta_name=quoted(name)), encoding="utf-8")
    (found,) = peers_from(load(path))
    assert (found.name, found.theirs.mta_name) == (name, name)
    assert X400Router((found,)).route(JOERG) == name


def test_IC_119_every_printable_character_stays_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    for start in range(0, len(string.printable) - 5, 24):
        name = "".join(each for each in string.printable[start : start + 24] if each.isprintable())
        path.write_text(CONFIG.format(name=quoted(name), mta_name=quoted(name)), encoding="utf-8")
        (found,) = peers_from(load(path))
        assert (found.name, found.theirs.mta_name) == (name, name)
