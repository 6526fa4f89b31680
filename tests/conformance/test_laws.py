"""Laws of the address mapping: what RFC 2156 promises to return comes back the same, and nothing dangerous ever comes out."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from gateway.conformance.vector import World
from gateway.errors import GatewayError
from gateway.internet.fields import Mailbox
from gateway.mixer import mcgam
from gateway.mixer.address import Role, mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.legality import fault
from gateway.mixer.px import name_from_prefix, prefix_from_name
from gateway.mixer.stdor import Grammar, from_text, to_text
from gateway.mixer.text import ps_decode, ps_encode, teletex_from_text, text_from_teletex
from gateway.x400.extension_attributes import PDSParameter, TerminalType, UnformattedPostalAddress
from gateway.x400.oraddress import ORAddress, oraddress_from_orname, orname_from_oraddress

TABLES = mcgam.load({
    "domain-to-oraddress": [("map2", "tlec.nl#PRMD$tlec.ADMD$ade.C$nl#\nGMD.DE#O$@.PRMD$GMD.ADMD$DBP.C$DE#\n")],
    "oraddress-to-domain": [("map1", "PRMD$tlec.ADMD$ade.C$nl#tlec.nl#\nO$@.PRMD$GMD.ADMD$DBP.C$DE#GMD.DE#\n")],
})  # fmt: skip
GATEWAY = World(gateway_or=ORAddress(country="zz", admd="gw"), local_domain="gw.example", strip_source_route=True).settings(TABLES)
EXAMPLES = limits(max_examples=80, deadline=None)

PRINTABLE = string.ascii_letters + string.digits + " '()+,-./:=?"
ATOM = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+"
QUOTED = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"'
SAFE = re.compile(rf"(?:{ATOM}(?:\.{ATOM})*|{QUOTED})@(?:{ATOM}(?:\.{ATOM})*|\[[\x21-\x5a\x5e-\x7e]*\])")
"""A mailbox of RFC 5321: nothing outside quotes that could end a command, a path or a header."""


def printable(length: int, least: int = 1) -> st.SearchStrategy[str]:
    """Values that X.400 compares as they are: without outer and double blanks, which a local part cannot hold (4.3.4 step 2)."""
    squeezed = st.text(PRINTABLE, min_size=least, max_size=length).map(lambda text: " ".join(text.split()))
    return squeezed.filter(lambda text: len(text) >= least)


def teletex(length: int) -> st.SearchStrategy[bytes]:
    """T.61 strings that are not also printable: those are written as if they were (4.1.1)."""
    return st.binary(min_size=0, max_size=length - 1).map(lambda octets: octets.replace(b"\x1b", b"x") + b"\xe1")


def pds() -> st.SearchStrategy[PDSParameter]:
    return st.builds(PDSParameter, printable_string=printable(30), teletex_string=st.none() | teletex(30))


DOMAINS = st.sampled_from([("nl", "ade", "tlec"), ("DE", "DBP", "GMD"), ("gb", " ", None), ("234", "0", "42"), ("fr", "atlas", "a b")])


@st.composite
def mnemonic(draw: st.DrawFn) -> ORAddress:
    country, admd, prmd = draw(DOMAINS)
    surname = draw(st.none() | printable(40))
    named = surname is not None
    types = printable(8).filter(lambda text: text.upper() != "RFC-822")
    units = tuple(draw(st.lists(printable(32), max_size=4)))
    return ORAddress(
        country=country, admd=admd, prmd=prmd, organization=draw(st.none() | printable(64)), organizational_units=units,
        teletex_organizational_units=tuple(draw(teletex(20)) for _ in units) if draw(st.booleans()) else (),
        surname=surname, teletex_surname=draw(st.none() | teletex(40)) if named else None,
        given_name=draw(st.none() | printable(16)) if named else None, initials=draw(st.none() | printable(5)) if named else None,
        generation=draw(st.none() | printable(3)) if named else None, common_name=draw(st.none() | printable(64)),
        teletex_common_name=draw(st.none() | teletex(20)),
        domain_defined=tuple(draw(st.lists(st.tuples(types, printable(128)), max_size=4))),
    )  # fmt: skip


@st.composite
def other_form(draw: st.DrawFn) -> ORAddress:
    country, admd, _ = draw(DOMAINS)
    digits = st.text(string.digits, min_size=1, max_size=15)
    lines = tuple(draw(st.lists(printable(30), min_size=1, max_size=6)))
    return ORAddress(
        country=country, admd=admd, x121=draw(st.none() | digits), terminal_id=draw(st.none() | printable(24)),
        terminal_type=draw(st.none() | st.sampled_from(TerminalType)), numeric_user_id=draw(digits),
        network_number=draw(st.none() | digits),
        pds_name=draw(st.none() | printable(16)), physical_delivery_country=draw(st.none() | st.just("GB")),
        postal_code=draw(st.none() | printable(16)), street_address=draw(st.none() | pds()),
        local_postal_attributes=draw(st.none() | pds()),
        extension_or_address_components=draw(st.none() | pds()), unique_postal_name=draw(st.none() | pds()),
        unformatted_postal_address=UnformattedPostalAddress(printable_address=lines, teletex_string=draw(st.none() | teletex(180))),
    )  # fmt: skip


@given(mnemonic() | other_form())
@EXAMPLES
def test_an_address_comes_back_from_its_text_under_both_grammars(address: ORAddress) -> None:
    for grammar in Grammar:
        assert from_text(to_text(address), grammar=grammar) == address


_SEEN = st.text([chr(code) for code in range(32, 127) if chr(code) != "$"], min_size=1, max_size=16)
_DOMAIN_OF_PEER = st.builds(
    ORAddress, country=st.just("XX"), admd=_SEEN, prmd=st.none() | _SEEN, terminal_id=st.none() | _SEEN, pds_name=st.none() | _SEEN,
    postal_code=st.none() | _SEEN, surname=st.none() | printable(40),
)  # fmt: skip


@given(_DOMAIN_OF_PEER)
@EXAMPLES
def test_what_peers_write_where_no_teletex_form_exists_comes_back_from_its_text(address: ORAddress) -> None:
    """PRMD=R&D and the like are on the wire as PrintableString."""
    assert from_text(to_text(address)).key() == address.key()


@given(mnemonic() | other_form())
@EXAMPLES
def test_a_legal_address_comes_back_from_the_internet(address: ORAddress) -> None:
    """4.1: all components shall be encoded; 4.3.5 step 4: the mapping is reversible."""
    if fault(address) is not None:
        return
    mailbox = oraddress_to_mailbox(address, GATEWAY).result
    assert SAFE.fullmatch(mailbox.address)
    back = mailbox_to_oraddress(mailbox.address, GATEWAY).result
    assert back.key() == address.key()
    assert oraddress_from_orname(orname_from_oraddress(back)).key() == address.key()


_ATOM = st.text(string.ascii_letters + string.digits + "!#$%&'*+-/=?^_`{|}~", min_size=1, max_size=20)
_ASCII = [chr(code) for code in range(32, 127)]
_LOCAL = st.lists(_ATOM, min_size=1, max_size=4).map(".".join) | st.text(_ASCII, min_size=1, max_size=30)
_LABEL = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,10}[A-Za-z0-9])?", fullmatch=True)
_DOMAIN = st.lists(_LABEL, min_size=1, max_size=4).map(".".join) | st.sampled_from(["a.tlec.nl", "tlec.nl", "b.GMD.DE", "[192.0.2.1]"])


@given(_LOCAL, _DOMAIN, st.sampled_from(Role))
@EXAMPLES
def test_a_mailbox_comes_back_from_x400_or_means_the_same(local: str, domain: str, role: Role) -> None:
    """What stage II wraps comes back to the letter; what stage I translates comes back as a mailbox that translates to the same address."""
    mailbox = Mailbox(local=local, domain=domain)
    there = mailbox_to_oraddress(mailbox.address, GATEWAY, role)
    back = oraddress_to_mailbox(there.result, GATEWAY, role).result
    if there.encapsulated:
        assert back == mailbox
    else:
        assert mailbox_to_oraddress(back.address, GATEWAY, role).result.key() == there.result.key()


_ODD = st.text(max_size=40) | st.text("/;=$*{}|()@\"\\.,:<>%! \r\n\x00abSOC0123", max_size=40)


@given(_ODD, _ODD)
@EXAMPLES
def test_no_mailbox_leads_to_an_address_that_is_not_legal(local: str, domain: str) -> None:
    try:
        found = mailbox_to_oraddress(f"{local}@{domain}", GATEWAY).result
    except GatewayError:
        return
    assert fault(found) is None
    orname_from_oraddress(found)


@given(
    st.builds(
        ORAddress, country=st.none() | _ODD, admd=st.none() | _ODD, prmd=st.none() | _ODD, organization=st.none() | _ODD,
        organizational_units=st.lists(_ODD, max_size=6).map(tuple), surname=st.none() | _ODD, initials=st.none() | _ODD,
        given_name=st.none() | _ODD, common_name=st.none() | _ODD, teletex_surname=st.none() | st.binary(max_size=20),
        teletex_given_name=st.none() | st.binary(max_size=20),
        domain_defined=st.lists(st.tuples(st.just("RFC-822") | _ODD, _ODD | st.just("a(013)(010)b(a)c.d")), max_size=5).map(tuple),
        teletex_domain_defined=st.lists(st.tuples(st.just(b"RFC-822"), st.binary(max_size=20)), max_size=2).map(tuple),
    ),
    st.sampled_from(Role),
)  # fmt: skip
@EXAMPLES
def test_no_address_leads_to_a_mailbox_with_a_control_or_an_unquoted_special(address: ORAddress, role: Role) -> None:
    try:
        found = oraddress_to_mailbox(address, GATEWAY, role)
    except GatewayError:
        return
    assert SAFE.fullmatch(found.result.address), found.result.address


@given(_ODD)
@EXAMPLES
def test_no_text_makes_the_reader_raise_anything_but_its_own_error(text: str) -> None:
    for grammar in Grammar:
        try:
            from_text(text, grammar=grammar)
        except GatewayError:
            continue


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda octets: b"\x1b$B" + octets))
@EXAMPLES
def test_teletex_strings_are_reversible(octets: bytes) -> None:
    assert teletex_from_text(text_from_teletex(octets)) == octets


@given(st.text([chr(code) for code in range(128)], max_size=40))
@EXAMPLES
def test_ps_encoding_is_reversible(text: str) -> None:
    assert ps_decode(ps_encode(text)) == text


@given(st.lists(st.text(string.ascii_letters + string.digits + " '()+,-:/=?", min_size=1, max_size=8), min_size=3, max_size=3))
@EXAMPLES
def test_px_names_are_reversible(values: list[str]) -> None:
    prefix = ".".join(f"{key}${value}" for key, value in zip(("O", "PRMD", "ADMD"), values, strict=True)) + ".C$nl"
    assert prefix_from_name(name_from_prefix(prefix) + ".").prefix == prefix


@pytest.mark.parametrize("size", [1000, 30_000])
def test_hostile_sizes_take_no_time(size: int) -> None:
    """No input makes the readers backtrack: each of these is refused or read in one pass."""
    for local in ("a" * size, "a." * size, "/" * size, "$" * size, "(" * size, "/OU=a" * size, '"' * size, "A." * size):
        for run in (lambda text=local: mailbox_to_oraddress(f"{text}@a.example", GATEWAY), lambda text=local: from_text(text)):
            try:
                run()
            except GatewayError:
                continue
    nested = ORAddress(country="zz", admd="gw", domain_defined=(("RFC-822", "a" * size + "!"),))
    with pytest.raises(GatewayError):
        oraddress_to_mailbox(nested, GATEWAY, Role.RECIPIENT)
