# ruff: noqa: E501 - one case a line
"""The rules of MIXER addressing one by one: A1 to A148 and the readings D1 to D28 of the texts' own defects.

Each case carries the number of its rule. What other tests hold is named in `ELSEWHERE`, and that nothing is forgotten is a test too.
Values are those of the RFC where it prints them; ``@gw.example`` is a gateway without a mapping of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway import asn1
from gateway.errors import GatewayError
from gateway.internet.fields import Group, parse_addresses
from gateway.mixer import mcgam
from gateway.mixer.address import Role, mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.convert import map_smtp_recipient
from gateway.mixer.descriptors import Scope, descriptors_from_text, text_from_descriptor
from gateway.mixer.identifiers import ipm_identifier_from_msg_id, msg_id_from_ipm_identifier, mts_local_identifier_from_msg_id
from gateway.mixer.legality import bound_faults, fault
from gateway.mixer.policy import Context, GlobalDomain, PeerPolicy, Settings, SourceRoutes
from gateway.mixer.stdor import Grammar, StdOrError, from_text, personal_name_from_text, text_from_personal_name, to_text
from gateway.mixer.text import TextError, integer_from_label, pair_from_text, ps_decode, ps_encode, teletex_from_text, text_from_teletex
from gateway.x400.extension_attributes import PDSParameter
from gateway.x400.ipms_fields import IPMIdentifier, ORDescriptor
from gateway.x400.oraddress import ORAddress, ORName, oraddress_from_orname, orname_from_oraddress

TABLES = {
    "domain-to-oraddress": "tlec.nl#PRMD$tlec.ADMD$ade.C$nl#\nhne.egm#O$HNE.PRMD$@.ADMD$ECQ.C$TC#\nAC.UK#PRMD$UK\\.AC.ADMD$GOLD 400.C$GB#\n"
    "deep.tlec.nl#PRMD$other.ADMD$ade.C$nl#\n",
    "oraddress-to-domain": "PRMD$tlec.ADMD$ade.C$nl#tlec.nl#\nO$HNE.PRMD$@.ADMD$ECQ.C$TC#hne.egm#\nPRMD$UK\\.AC.ADMD$GOLD 400.C$GB#AC.UK#\n"
    "ADMD$Master400.C$it#Master400.it#\nADMD$acme.C$it#it#\n",
    "domain-to-gateway": "alter.net#PRMD$gate.ADMD$us.C$us#\n",
    "oraddress-to-gateway": "ADMD$ATT.C$us#attmail.com#\n",
}
SETTINGS = Settings(
    gateway_domain="gw.example",
    gateway_oraddress=ORAddress(country="zz", admd="gw", prmd="local"),
    global_domain=GlobalDomain(country="zz", admd="gw"),
    mta_name="gw",
    tables=mcgam.load({name: [(name, text)] for name, text in TABLES.items()}),
)
CONTEXT = Context(settings=SETTINGS, now=datetime(2026, 11, 23, 12, tzinfo=UTC), plan_seed="5eed")
LOCAL = "/PRMD=local/ADMD=gw/C=zz/"


def there(mailbox: str, role: Role = Role.HEADER, settings: Settings = SETTINGS, version: int = 88) -> str:
    return to_text(mailbox_to_oraddress(mailbox, settings, role, x400_version=version).result)


def back(text: str | ORAddress) -> str:
    return oraddress_to_mailbox(from_text(text) if isinstance(text, str) else text, SETTINGS, Role.RECIPIENT).result.address


def refused(work: Callable[[], object]) -> bool:
    try:
        work()
    except GatewayError:
        return True
    return False


def shown(descriptor: ORDescriptor) -> str:
    return text_from_descriptor(descriptor, Scope(context=CONTEXT))


def described(text: str) -> tuple[ORDescriptor, ...]:
    return descriptors_from_text(text, Scope(context=CONTEXT))


def on_the_wire(address: ORAddress) -> ORName:
    return asn1.decode(asn1.encode(orname_from_oraddress(address)), ORName)


# --- sections 1 to 4: characters, attributes, grammar, names -----------------------------------------------------------------------------

PS = [
    ("A1", "foo@bar", "foo(a)bar"), ("A2", "Tom_Harris@cs.widget.com", "Tom(u)Harris(a)cs.widget.com"), ("A2", "~\t", "(126)(009)"),
    ("A3", "(a)", "(l)a(r)"), ("A4", "\x7f", "(127)"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "encoded"), PS, ids=[f"{rule}-{encoded}" for rule, _, encoded in PS])
def test_ps_encoding(rule: str, text: str, encoded: str) -> None:
    assert ps_encode(text) == encoded
    assert ps_decode(encoded) == ps_decode(encoded.upper() if rule == "A4" else encoded) == text


NOT_PS = ["A4-(128)", "A5-foo(x)bar", "A5-foo(12)", "A5-foo)", "D11-a(", "A10-{}", "A10-{16}", "A10-{256}", "A10-{165"]


@pytest.mark.parametrize("case", NOT_PS)
def test_what_does_not_parse(case: str) -> None:
    rule, _, text = case.partition("-")
    with pytest.raises(TextError):
        (teletex_from_text if rule == "A10" else ps_decode)(text)


READ = [
    ("A6", "/O=Foo (a) Bar/C=gb/ADMD=a/", "/O=Foo (a) Bar/ADMD=a/C=gb/"),
    ("A16", "/NET-NUM=441813337777/C=gb/ADMD=a/", "/NET-NUM=441813337777/ADMD=a/C=gb/"),
    ("A17", "/PD-STREET=Hauptstr*Hauptstra{223}e/", "/PD-STREET=Hauptstr*Hauptstra{223}e/"),
    ("A18", "/S=x/P=p/A=a/C=gb/", "/S=x/PRMD=p/ADMD=a/C=gb/"), ("A18", "/N-ID=1/Q=5/PD-S=s/PD-R=r/PD-PC=c/", "/PD-RESTANTE=r/PD-STREET=s/PD-CODE=c/UA-ID=1/GQ=5/"),
    ("A19", "/X.121=2342/", "/X121=2342/"), ("A19", "/E.164=44/PD-OFFICE NUMBER=1/", "/PD-OFFICE-NUM=1/NET-NUM=44/"),
    ("A20", "/OU2=low/OU1=top/", "/OU=low/OU=top/"), ("A22", "/DD1.a=1/DD2.b=2/", "/DD.b=2/DD.a=1/"),
    ("A21", "/PD-A1=one/PD-A2=two/", "/PD-ADDRESS=one|two/"), ("D20", "/PD-A2=two/PD-A1=one/", "/PD-ADDRESS=one|two/"),
    ("A23", "/ISDN=+44 181 333 7777/", "/NET-NUM=441813337777/"), ("A24", "/PD-ADDRESS=The Dome|The Square/", "/PD-ADDRESS=The Dome|The Square/"),
    ("A25", "/T-TY=g3fax(5)/", "/T-TY=g3fax(5)/"), ("A14", "/T-TY=whatever ( 5 )/", "/T-TY=g3fax(5)/"),
    ("A26", "/NET-PSAP='3a'H$/TELEX+00728722/", "/NET-PSAP='3A'H$/TELEX+00728722/"),
    ("A27", "/O=/", "/O=/"), ("A28", "/S=x/PRMD=p/C=gb/", "/S=x/PRMD=p/ADMD= /C=gb/"),
    ("A29", "/S=Dietrich/O=Siemens/ADMD=DBP/C=DE/", "/S=Dietrich/O=Siemens/ADMD=DBP/C=DE/"),
    ("A30", "/S=x;P=p/A=a;C=gb/", "/S=x/PRMD=p/ADMD=a/C=gb/"), ("A30", "S=x/P=p/A=a/C=gb", "/S=x/PRMD=p/ADMD=a/C=gb/"),
    ("D1", "S=x;P=p;A=a;C=gb", "/S=x/PRMD=p/ADMD=a/C=gb/"), ("A31", "/O=A$/B$=C/", "/O=A$/B$=C/"), ("A32", "/DD.R$=x=1/", "/DD.R$=x=1/"),
    ("A33", "/s=x/Prmd=p/", "/S=x/PRMD=p/"), ("A34", "/DDA:RFC-822=fred(a)widget.co.uk/", "/RFC-822=fred(a)widget.co.uk/"),
    ("D22", "/DD.RFC-822=fred(a)widget.co.uk/", "/RFC-822=fred(a)widget.co.uk/"),
    ("A35", "/PN=J.Linnimouth/GQ=5/", "/I=J/S=Linnimouth/GQ=5/"), ("A38", "/C=gb/ADMD=gold 400/PRMD=uk.ac/O=ucl/OU=cs/DD.x=1/", "/DD.x=1/OU=cs/O=ucl/PRMD=uk.ac/ADMD=gold 400/C=gb/"),
    ("A40", "G=john; S=smith; OU1=a; P=abl; C=aq", "/G=john/S=smith/OU=a/PRMD=abl/ADMD= /C=aq/"),
    ("A41", "/CN=list/X121=23/ADMD=a/C=gb/", "/X121=23/CN=list/ADMD=a/C=gb/"),
    ("A42", "G=john; S=smith; O=a bank ltd; P=abl; A=snomail; C=aq", "/G=john/S=smith/O=a bank ltd/PRMD=abl/ADMD=snomail/C=aq/"),
    ("D8", "/o=x/", "/O=x/"), ("D7", "/S=x/P=p/A=a/C=gb", "/S=x/PRMD=p/ADMD=a/C=gb/"), ("D17", "/S=x/ADMD=/C=gb/", "/S=x/ADMD=/C=gb/"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "written"), READ, ids=[f"{rule}-{text}" for rule, text, _ in READ])
def test_the_text_form(rule: str, text: str, written: str) -> None:
    assert to_text(from_text(text)) == written
    assert from_text(written) == from_text(text)


NOT_READ = [
    "A11-/S=a*b*c/", "A20-/OU=a/OU1=b/", "A21-/PD-A1=x/PD-ADDRESS=y/", "A22-/DD.a=1/DD1.b=2/", "A28-/C=g/b/", "A30-john=doe", "A31-/O=A$$B/",
    "A31-/O=A$|B/", "A34-/DD.a=*{165}/", "A35-/DD=x/", "A39-/S=x/S=y/", "A66-/X121=abc/", "D27-/FOO=bar/S=x/", "A14-/ S = x/",
]  # fmt: skip


@pytest.mark.parametrize("case", NOT_READ)
def test_what_is_no_address(case: str) -> None:
    with pytest.raises(StdOrError):
        from_text(case.partition("-")[2])


def test_A9_A10_A11_A12_teletex_values_are_octets_in_braces() -> None:
    assert text_from_teletex(b"a\xa5b") == "a{165}b"
    assert teletex_from_text("{195196}") == b"\xc3\xc4"
    assert text_from_teletex(b"\x1b$BF|K\\\x1b(B") == "{027036066070124075092027040066}"
    assert pair_from_text("yen*{165}") == ("yen", b"\xa5") and pair_from_text("*{165}") == (None, b"\xa5")
    assert to_text(ORAddress(teletex_organization=b"Widget")) == "/O=Widget/"
    assert to_text(ORAddress(organization="Widget", teletex_organization=b"Widget")) == "/O=Widget/"
    assert to_text(ORAddress(organization="x", teletex_organization=b"*")) == "/O=x*{042}/"


def test_D19_teletex_octets_are_kept_whatever_they_mean() -> None:
    assert oraddress_from_orname(on_the_wire(ORAddress(teletex_common_name=b"\xc8u\x1b-A\xfc"))).teletex_common_name == b"\xc8u\x1b-A\xfc"


def test_A13_digits_alone_are_numericstring() -> None:
    standard = on_the_wire(ORAddress(country="234", admd=" ", prmd="42", postal_code="1010")).built_in_standard_attributes
    assert standard.country_name is not None and standard.country_name.x121_dcc_code == "234"
    assert standard.administration_domain_name is not None and standard.administration_domain_name.printable == " "
    assert standard.private_domain_name is not None and standard.private_domain_name.numeric == "42"


def test_A14_only_the_number_of_a_labelled_integer_counts() -> None:
    assert integer_from_label("g3fax(5)") == integer_from_label("anything ( 5 )") == 5


def test_A17_both_variants_of_a_postal_attribute_are_in_one_set() -> None:
    street = from_text("/PD-STREET=Hauptstr*Hauptstra{223}e/").street_address
    assert street == PDSParameter(printable_string="Hauptstr", teletex_string=b"Hauptstra\xdfe")


def test_A30_the_grammar_as_printed_wants_outer_separators() -> None:
    with pytest.raises(StdOrError):
        from_text("S=x/P=p/A=a/C=gb", grammar=Grammar.STRICT)


def test_A36_A37_D25_the_rightmost_is_the_first_of_the_sequence() -> None:
    address = ORAddress(organization="o", organizational_units=("one", "two"), domain_defined=(("a", "1"), ("b", "2")))
    assert to_text(address) == "/DD.b=2/DD.a=1/OU=two/OU=one/O=o/"
    assert from_text(to_text(address)) == address


NAMES = [
    ("A43", "Marshall.M.T.Rose", {"given_name": "Marshall", "initials": "MT", "surname": "Rose"}),
    ("A43", "M.T.Rose", {"initials": "MT", "surname": "Rose"}), ("A46", "1.vk", {"surname": "1.vk"}), ("A46", "a/b=c", {"surname": "a/b=c"}),
    ("A44", "Pat.St.John", {"given_name": "Pat", "surname": "St.John"}), ("A47", "A.B.C.D.E.F.x", {"initials": "ABCDEF", "surname": "x"}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "parts"), NAMES, ids=[f"{rule}-{text}" for rule, text, _ in NAMES])
def test_personal_names_are_read(rule: str, text: str, parts: dict[str, str]) -> None:
    assert personal_name_from_text(text) == parts


NOT_SHORT = [
    ("A44", {"given_name": "J", "surname": "Smith"}), ("A44", {"surname": "St.John"}), ("A44", {"given_name": "A.B", "surname": "x"}),
    ("A44", {"surname": "x", "generation": "5"}), ("A44", {"initials": "J-P", "surname": "x"}), ("A44", {"given_name": "Jo", "surname": "x.y"}),
    ("A49", {"surname": "/C=gb/"}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "parts"), NOT_SHORT, ids=[f"{rule}-{'-'.join(parts.values())}" for rule, parts in NOT_SHORT])
def test_names_that_need_the_long_form(rule: str, parts: dict[str, str]) -> None:
    address = ORAddress(**parts)  # type: ignore[arg-type]
    assert text_from_personal_name(address) is None
    assert from_text(to_text(address)) == address


def test_A48_initials_and_given_name_of_a_short_name_have_no_full_stops() -> None:
    assert personal_name_from_text("John.A.B.Smith") == {"given_name": "John", "initials": "AB", "surname": "Smith"}


# --- section 6 and 7: RFC 822 -> X.400 ---------------------------------------------------------------------------------------------------

TO_X400 = [
    ("A50", "x@AC.UK", "/S=x/PRMD=UK.AC/ADMD=GOLD 400/C=GB/"), ("A51", "x@R-D.Salford.AC.UK", "/S=x/OU=R-D/O=Salford/PRMD=UK.AC/ADMD=GOLD 400/C=GB/"),
    ("A51", "x@deep.tlec.nl", "/S=x/PRMD=other/ADMD=ade/C=nl/"), ("A52", "x@ZI.HNE.EGM", "/S=x/OU=ZI/O=HNE/ADMD=ECQ/C=TC/"),
    ("D6", "x@ZI.hne.egm", "/S=x/OU=ZI/O=HNE/ADMD=ECQ/C=TC/"), ("A53", "x@bad_name.tlec.nl", f"/RFC-822=x(a)bad(u)name.tlec.nl{LOCAL}"),
    ("A53", "x@3com.tlec.nl", "/S=x/O=3com/PRMD=tlec/ADMD=ade/C=nl/"),
    ("A59", "x@tlec.nl", "/S=x/PRMD=tlec/ADMD=ade/C=nl/"),
    ("A63", '"two  spaces"@tlec.nl', "/RFC-822=(q)two  spaces(q)(a)tlec.nl/PRMD=tlec/ADMD=ade/C=nl/"), ("A63", '"J".Linnimouth@tlec.nl', "/I=J/S=Linnimouth/PRMD=tlec/ADMD=ade/C=nl/"),
    ("A64", "x%y@tlec.nl", "/RFC-822=x(p)y(a)tlec.nl/PRMD=tlec/ADMD=ade/C=nl/"), ("D2", "/S=x;P=p;A=a;C=gb/@gw.example", "/S=x/PRMD=p/ADMD=a/C=gb/"),
    ("D2", '"/PD-ADDRESS=a|b/PD-C=gb/PD-SERVICE=s/ADMD=a/C=gb/"@gw.example', "/PD-ADDRESS=a|b/PD-C=gb/PD-SERVICE=s/ADMD=a/C=gb/"),
    ("A65", "/I=J/S=Linnimouth/GQ=5/@tlec.nl", "/I=J/S=Linnimouth/GQ=5/PRMD=tlec/ADMD=ade/C=nl/"),
    ("A66", "/X121=abc/@tlec.nl", "/RFC-822=$/X121$=abc$/(a)tlec.nl/PRMD=tlec/ADMD=ade/C=nl/"),
    ("A67", "/S=x/PRMD=p/ADMD=a/C=gb/@owe.tlec.nl", "/S=x/PRMD=p/ADMD=a/C=gb/"), ("A67", "/X121=2342/@tlec.nl", "/X121=2342/"),
    ("A68", "/UA-ID=12345/@tlec.nl", "/RFC-822=$/UA-ID$=12345$/(a)tlec.nl/PRMD=tlec/ADMD=ade/C=nl/"),
    ("D16", "/C=gb/@tlec.nl", "/RFC-822=$/C$=gb$/(a)tlec.nl/PRMD=tlec/ADMD=ade/C=nl/"), ("D4", "a!b@tlec.nl", "/RFC-822=a(b)b(a)tlec.nl/PRMD=tlec/ADMD=ade/C=nl/"),
    ("A69", "plork@owe.you.tlec.nl", "/S=plork/OU=owe/O=you/PRMD=tlec/ADMD=ade/C=nl/"), ("A69", "x@xtlec.nl", f"/RFC-822=x(a)xtlec.nl{LOCAL}"),
    ("A70", "x@a.b.c.d.e.f.tlec.nl", "/RFC-822=x(a)a.b.c.d.e.f.tlec.nl/OU=b/OU=c/OU=d/OU=e/O=f/PRMD=tlec/ADMD=ade/C=nl/"),
    ("A71", "/S=x/O=other/@owe.tlec.nl", "/S=x/O=other/PRMD=tlec/ADMD=ade/C=nl/"), ("A71", "/S=x/PRMD=p/@owe.tlec.nl", "/S=x/PRMD=p/ADMD=ade/C=nl/"),
    ("A71", "/S=x/ADMD=a/@owe.tlec.nl", "/S=x/ADMD=a/C=nl/"), ("A72", "/S=x/OU=l2/OU=l1/@d2.d1.you.tlec.nl", "/S=x/OU=l2/OU=l1/OU=d2/OU=d1/O=you/PRMD=tlec/ADMD=ade/C=nl/"),
    ("A73", f"{'G' * 18}.x@tlec.nl", f"/RFC-822={'G' * 18}.x(a)tlec.nl/PRMD=tlec/ADMD=ade/C=nl/"), ("A146", "/G=Andy/@tlec.nl", "/RFC-822=$/G$=Andy$/(a)tlec.nl/PRMD=tlec/ADMD=ade/C=nl/"),
    ("A47", "A.B.C.D.E.F.x@tlec.nl", "/RFC-822=A.B.C.D.E.F.x(a)tlec.nl/PRMD=tlec/ADMD=ade/C=nl/"),
    ("A74", '"John Smith"@x.org', f"/RFC-822=(q)John Smith(q)(a)x.org{LOCAL}"), ("A75", "100%user@work.tlec.nl", "/RFC-822=100(p)user(a)work.tlec.nl/O=work/PRMD=tlec/ADMD=ade/C=nl/"),
    ("A76", "joe@UK.alter.net", "/RFC-822=joe(a)UK.alter.net/PRMD=gate/ADMD=us/C=us/"), ("A78", "postmaster@UK.alter.net", "/RFC-822=postmaster(a)UK.alter.net/PRMD=gate/ADMD=us/C=us/"),
    ("A80", "x@you.tlec.nl", "/S=x/O=you/PRMD=tlec/ADMD=ade/C=nl/"), ("A77", "x@egm.HNE.EGM", "/S=x/OU=egm/O=HNE/ADMD=ECQ/C=TC/"),
    ("A62", "local%part@x.org", f"/RFC-822=local(p)part(a)x.org{LOCAL}"), ("A145", "x@tlec.nl", "/S=x/PRMD=tlec/ADMD=ade/C=nl/"),
    ("A148", "/S=x/O=FUNET/ADMD=FUMAIL/C=FI/@gw.example", "/S=x/O=FUNET/ADMD=FUMAIL/C=FI/"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "mailbox", "expected"), TO_X400, ids=[f"{rule}-{mailbox}" for rule, mailbox, _ in TO_X400])
def test_rfc_822_to_x400(rule: str, mailbox: str, expected: str) -> None:
    assert there(mailbox) == expected
    assert fault(from_text(expected)) is None


ROUTED = "@gw.example,@b.example:joe@c.example"
ROUTES = [
    (SourceRoutes.STRIP, Role.RECIPIENT, "joe(a)c.example"), (SourceRoutes.STRIP_OWN, Role.RECIPIENT, "(a)b.example:joe(a)c.example"),
    (SourceRoutes.KEEP, Role.RECIPIENT, "(a)gw.example,(a)b.example:joe(a)c.example"), (SourceRoutes.KEEP, Role.HEADER, "joe(a)c.example"),
]  # fmt: skip


@pytest.mark.parametrize(("way", "role", "value"), ROUTES, ids=[f"A62-{way.value}-{role.value}" for way, role, _ in ROUTES])
def test_A62_the_three_treatments_of_a_source_route(way: SourceRoutes, role: Role, value: str) -> None:
    assert there(ROUTED, role, replace(SETTINGS, source_routes=way)) == f"/RFC-822={value}{LOCAL}"


def test_A61_a_source_route_is_stage_two_with_the_attributes_of_the_domain_that_is_routed_on() -> None:
    kept = replace(SETTINGS, source_routes=SourceRoutes.KEEP)
    assert there("@owe.tlec.nl:joe@c.example", Role.RECIPIENT, kept) == "/RFC-822=(a)owe.tlec.nl:joe(a)c.example/O=owe/PRMD=tlec/ADMD=ade/C=nl/"


def test_A62_our_own_hop_goes_from_an_attribute_too() -> None:
    own = replace(SETTINGS, source_routes=SourceRoutes.STRIP_OWN)
    name = from_text("/RFC-822=(a)gw.example,(a)b.example:joe(a)c.example/C=zz/ADMD=gw/")
    assert oraddress_to_mailbox(name, own, Role.RECIPIENT).address == "@b.example:joe@c.example"
    alone = from_text("/RFC-822=(a)GW.example:joe(a)c.example/C=zz/ADMD=gw/")
    assert oraddress_to_mailbox(alone, own, Role.RECIPIENT).address == "joe@c.example"


def test_A60_A113_phrase_and_comments_carry_no_address() -> None:
    (one,) = described("Steve (at home) <S.Kille@tlec.nl>")
    assert one.formal_name is not None and to_text(oraddress_from_orname(one.formal_name)) == there("S.Kille@tlec.nl")
    assert one.free_form_name == b"Steve (at home)"


def test_A76_a_return_path_comes_home() -> None:
    assert there("joe@UK.alter.net", Role.ORIGINATOR) == f"/RFC-822=joe(a)UK.alter.net{LOCAL}"
    assert there("joe@UK.alter.net", Role.RECIPIENT) == there("joe@UK.alter.net")


def test_A82_units_are_turned_round_where_only_that_is_known() -> None:
    known = from_text("/S=x/OU=second/OU=first/O=owe/PRMD=tlec/ADMD=ade/C=nl/")

    class Users:
        def of_mailbox(self, mailbox: object) -> None:
            return None

        def of_oraddress(self, address: ORAddress) -> object:
            return address.key() == known.key() or None

    inverted = "/C=nl/ADMD=ade/PRMD=tlec/O=owe/OU=first/OU=second/S=x/@gw.example"
    heuristic = replace(SETTINGS, inverted_units=True, users=Users())  # type: ignore[arg-type]
    assert there(inverted, settings=heuristic) == to_text(known)
    assert there(inverted) == "/S=x/OU=first/OU=second/O=owe/PRMD=tlec/ADMD=ade/C=nl/"  # 4.3.3 always, unless it is asked for
    assert there(inverted, settings=replace(SETTINGS, inverted_units=True)) == there(inverted)


def test_A83_A84_A85_A86_D21_the_attribute_and_its_continuations() -> None:
    mailbox = f"{'a_b' * 60}@example.org"
    found = mailbox_to_oraddress(mailbox, SETTINGS).result
    assert [type_ for type_, _ in found.domain_defined] == ["RFC-822", "RFC822C1", "RFC822C2"]
    assert [len(value) for _, value in found.domain_defined[:2]] == [128, 128]
    shuffled = replace(found, domain_defined=tuple((type_.lower(), value) for type_, value in reversed(found.domain_defined)))
    assert back(found) == back(shuffled) == mailbox
    assert refused(lambda: there(f"{'a' * 510}@example.org"))  # 4 x 128 and no more


def test_A81_what_is_too_long_is_refused_in_the_envelope_and_text_in_a_header() -> None:
    long = f"{'a' * 600}@example.org"
    assert refused(lambda: there(long, Role.RECIPIENT))
    (one,) = described(long)
    assert one.formal_name is None and one.free_form_name


# --- section 8 and 9: X.400 -> RFC 822 ---------------------------------------------------------------------------------------------------

TO_INTERNET = [
    ("A54", "/X121=2342/PRMD=tlec/ADMD=ade/C=nl/", "/X121=2342/PRMD=tlec/ADMD=ade/C=nl/@gw.example"), ("A83", "/DD.rfc-822=x(a)y.org/C=zz/ADMD=gw/", "x@y.org"),
    ("A87", "/DD.*RFC-822=*a{095}b{064}x.org/C=zz/ADMD=gw/", "a_b@x.org"), ("A89", "/RFC-822=jj(a)seismo.css.gov/PRMD=other/ADMD=ade/C=nl/", "jj@seismo.css.gov"),
    ("A90", "/RFC-822=x(a)y.org/S=dropped/DD.x=1/C=zz/ADMD=gw/", "x@y.org"),
    ("A91", "/S=x/PRMD=uk.ac/ADMD=gold  400/C=gb/", "x@AC.UK"), ("A92", "/S=x/PRMD=tlec/ADMD=ade/C=204/", "x@tlec.nl"),
    ("A93", "/S=x/O=HNE/PRMD=p/ADMD=ECQ/C=TC/", "/S=x/O=HNE/PRMD=p/ADMD=ECQ/C=TC/@gw.example"), ("D15", "/S=x/O=HNE/ADMD=ECQ/C=TC/", "x@hne.egm"),
    ("A94", "/S=x/PRMD=p/ADMD=unknown/C=gb/", "/S=x/PRMD=p/ADMD=unknown/C=gb/@gw.example"),
    ("A95", "/S=x/ADMD=acme/C=it/", "/S=x/ADMD=acme/C=it/@gw.example"), ("A95", "/S=x/PRMD=foo/ADMD=acme/C=it/", "x@foo.it"),
    ("A96", "/S=x/OU=u/OU=spc ctr/O=you/PRMD=tlec/ADMD=ade/C=nl/", '"/S=x/OU=u/OU=spc ctr/"@you.tlec.nl'),
    ("A97", "/S=Support/O=sales/ADMD=Master400/C=it/", "/S=Support/O=sales/@Master400.it"), ("A98", "/O=owe/PRMD=tlec/ADMD=ade/C=nl/", "/O=owe/@tlec.nl"),
    ("D13", "/PRMD=tlec/ADMD=ade/C=nl/", "/PRMD=tlec/ADMD=ade/C=nl/@gw.example"),
    ("A99", "/S=x/O=A.B/PRMD=tlec/ADMD=ade/C=nl/", "/S=x/O=A.B/@tlec.nl"), ("A100", "/UA-ID=12345/ADMD=ade/C=nl/", "/UA-ID=12345/ADMD=ade/C=nl/@gw.example"),
    ("D12", "/UA-ID=12345/PRMD=tlec/ADMD=ade/C=nl/", "/UA-ID=12345/PRMD=tlec/ADMD=ade/C=nl/@gw.example"),
    ("A101", "/I=J/S=Linnimouth/PRMD=tlec/ADMD=ade/C=nl/", "J.Linnimouth@tlec.nl"), ("A101", "/I=J/S=Linnimouth/GQ=5/PRMD=tlec/ADMD=ade/C=nl/", "/I=J/S=Linnimouth/GQ=5/@tlec.nl"),
    ("A45", "/CN=list/PRMD=tlec/ADMD=ade/C=nl/", "/CN=list/@tlec.nl"), ("A45", "/S=x*{252}/PRMD=tlec/ADMD=ade/C=nl/", "/S=x*{252}/@tlec.nl"),
    ("A102", "/S=renseignements/O=Region Parisienne/ADMD=Master400/C=it/", '"/S=renseignements/O=Region Parisienne/"@Master400.it'),
    ("A103", "/G=Andy/S=Wharol/O=MMNY/ADMD=ATT/C=us/", "/G=Andy/S=Wharol/O=MMNY/ADMD=ATT/C=us/@attmail.com"),
    ("A104", "/S=a b/PRMD=tlec/ADMD=ade/C=nl/", '"a b"@tlec.nl'), ("A105", "/RFC-822=Smith(a)you.tlec.nl/C=zz/ADMD=gw/", "Smith@you.tlec.nl"),
    ("A58", "/DD.ACME-ML=joe(a)host/PRMD=p/ADMD=a/C=gb/", '"/DD.ACME-ML=joe(a)host/PRMD=p/ADMD=a/C=gb/"@gw.example'),
    ("A125", "/S=x/O=/PRMD=p/ADMD=a/C=gb/", "/S=x/O=/PRMD=p/ADMD=a/C=gb/@gw.example"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "address", "expected"), TO_INTERNET, ids=[f"{rule}-{address}" for rule, address, _ in TO_INTERNET])
def test_x400_to_rfc_822(rule: str, address: str, expected: str) -> None:
    assert back(address) == expected


def test_A88_printable_and_teletex_attribute_have_to_agree() -> None:
    both = ORAddress(country="zz", admd="gw", domain_defined=(("RFC-822", "x(a)y.org"),), teletex_domain_defined=((b"RFC-822", b"x(a)y.org"),))
    assert back(both) == "x@y.org"
    assert refused(lambda: back(replace(both, teletex_domain_defined=((b"RFC-822", b"z(a)y.org"),))))


def test_A90_two_such_attributes_are_not_mapping_a() -> None:
    twice = ORAddress(country="zz", admd="gw", domain_defined=(("RFC-822", "x(a)y.org"), ("RFC-822", "z(a)y.org")))
    assert back(twice).endswith("@gw.example")


def test_A106_each_crossing_peels_one_layer() -> None:
    nested = '"/RFC-822=jj(a)seismo.css.gov/PRMD=AC/ADMD=BT/C=GB/"@gw.example'
    once = mailbox_to_oraddress(nested, SETTINGS).result
    assert to_text(once) == "/RFC-822=jj(a)seismo.css.gov/PRMD=AC/ADMD=BT/C=GB/"
    assert back(once) == "jj@seismo.css.gov"


def test_D18_double_blanks_are_written_as_they_are_and_wrapped_on_the_way_back() -> None:
    mailbox = back("/S=a  b/PRMD=p/ADMD=a/C=gb/")
    assert mailbox == '"/S=a  b/PRMD=p/ADMD=a/C=gb/"@gw.example'
    assert "RFC-822" in there(mailbox)


def test_D24_what_names_nobody_is_no_mnemonic_address() -> None:
    assert fault(from_text("/ADMD=a/C=gb/")) and not fault(from_text("/DD.x=1/ADMD=a/C=gb/")) and not fault(from_text("/O=x/ADMD=a/C=gb/"))


# --- section 10 and 11: envelope, descriptors, identifiers -------------------------------------------------------------------------------


def test_A111_an_mts_identifier_keeps_the_brackets_and_32_characters() -> None:
    assert mts_local_identifier_from_msg_id("<1803.665941698@UK.AC.UCL.CS>") == "<1803.665941698@UK.AC.UCL.CS>"
    assert mts_local_identifier_from_msg_id(f"<{'a' * 40}@b.org>") == f"<{'a' * 31}"


def test_A114_a_group_is_its_members_and_its_name() -> None:
    found = described("list: a@tlec.nl, b@tlec.nl;")
    assert [one.formal_name is not None for one in found] == [True, True, False]
    assert found[2].free_form_name == b"list"


def test_A115_A116_descriptors_as_mailboxes() -> None:
    name = orname_from_oraddress(from_text("/G=Steve/S=Kille/PRMD=tlec/ADMD=ade/C=nl/"))
    assert shown(ORDescriptor(formal_name=name)) == "Steve.Kille@tlec.nl"
    assert shown(ORDescriptor(formal_name=name, free_form_name=b"Steve Kille")) == "Steve Kille <Steve.Kille@tlec.nl>"
    assert shown(ORDescriptor(formal_name=name, telephone_number="+44-181-333-7777")) == "Steve.Kille@tlec.nl (Tel +44-181-333-7777)"
    assert shown(ORDescriptor(free_form_name=b"Free Form Name")) == "Free Form Name:;"


def test_A115_a_route_needs_a_phrase() -> None:
    kept = replace(CONTEXT, settings=replace(SETTINGS, source_routes=SourceRoutes.KEEP))
    name = orname_from_oraddress(from_text("/RFC-822=(a)a.example:joe(a)c.example/C=zz/ADMD=gw/"))
    assert text_from_descriptor(ORDescriptor(formal_name=name), Scope(context=kept)) == "joe <@a.example:joe@c.example>"


def test_A117_a_free_form_name_is_cut_before_an_unfinished_comment() -> None:
    (one,) = described(f"{'x' * 40} (a comment that goes on beyond the bound of it) <a@tlec.nl>")
    assert one.free_form_name == b"x" * 40


def test_A118_D28_a_directory_name_without_address_is_an_empty_group() -> None:
    directory_name = bytes.fromhex("300d310b3009060355040613024742")  # C=GB
    text = shown(ORDescriptor(formal_name=orname_from_oraddress(ORAddress(), directory_name=directory_name), free_form_name=b"Jo"))
    (found,) = parse_addresses(text)
    assert isinstance(found, Group) and not found.members and "C=GB" in text


def test_A119_A120_A122_identifiers() -> None:
    born = "<147*/S=Dietrich/O=Siemens/ADMD=DBP/C=DE/@MHS>"
    assert msg_id_from_ipm_identifier(ipm_identifier_from_msg_id(born)) == born
    assert ipm_identifier_from_msg_id("<a_b@x.org>").user_relative_identifier == "a(u)b(a)x.org"
    assert msg_id_from_ipm_identifier(IPMIdentifier(user_relative_identifier="PC1000-910530172027-57D8")) == "<PC1000-910530172027-57D8*@MHS>"
    older = "<147*/S=Dietrich/ADMD=DBP/C=DE/@siemens.de>"
    assert ipm_identifier_from_msg_id(older).user is None
    assert ipm_identifier_from_msg_id(older, rfc_987=True).user is not None


def test_A122_the_form_of_rfc_987_is_read_in_whole_messages_where_the_policy_says_so() -> None:
    from gateway.mixer.references import MESSAGE_ID

    older = "<147*/S=Dietrich/ADMD=DBP/C=DE/@siemens.de>"
    asked = replace(CONTEXT, policy=PeerPolicy(rfc_987_identifiers=True))
    assert MESSAGE_ID.to_element(older, Scope(context=asked)).user is not None
    assert MESSAGE_ID.to_element(older, Scope(context=CONTEXT)).user is None


# --- section 12: X.400(1984) -------------------------------------------------------------------------------------------------------------


def test_A123_newer_attributes_become_an_rfc_822_attribute_towards_1984() -> None:
    for mailbox in ('"/S=Muller*M{252}ller/PRMD=p/ADMD=a/C=de/"@gw.example', "/PD-CODE=TW9/PD-C=GB/PD-SERVICE=bt/ADMD=a/C=gb/@gw.example"):
        assert "RFC-822" in there(mailbox, version=84)


def test_A124_a_common_name_becomes_common() -> None:
    assert there("/CN=list/@tlec.nl", version=84) == "/DD.Common=list/PRMD=tlec/ADMD=ade/C=nl/"


@pytest.mark.parametrize("text", ["/S=x/O=/PRMD=p/ADMD=a/C=gb/", "/S=x/PRMD=/ADMD=a/C=gb/", "/S=/OU=u/OU=/O=o/ADMD=a/C=gb/"])
def test_A27_A125_what_a_1984_system_sent_empty_goes_back_empty_to_1984_and_nowhere_else(text: str) -> None:
    received = oraddress_from_orname(on_the_wire(from_text(text)))
    mailbox = back(received)
    assert there(mailbox, version=84) == text
    assert oraddress_from_orname(on_the_wire(from_text(there(mailbox, version=84)))) == received
    assert "RFC-822" in there(mailbox)


def test_A27_an_empty_domain_defined_attribute_goes_nowhere() -> None:
    assert "RFC-822" in there("/S=x/DD.ID=/ADMD=a/C=gb/@gw.example", version=84)


# --- sections 13 to 16 -------------------------------------------------------------------------------------------------------------------

LINES = [
    ("A126", "acme.gb#PRMD$ACME.ADMD$ .C$GB#", ("GB", " ", "ACME")), ("A127", "x.y#PRMD$DEC.ADMD$@.C$US#", ("US", None, "DEC")),
    ("A127", "x.y#O$A\\.B.PRMD$P.ADMD$A.C$US#", ("US", "A", "P", "A.B")), ("A128", "x.y#O$Xerox.ADMD$ATT.C$US#", ("US", "ATT", None, "Xerox")),
    ("D10", "x.y#O$Xerox.ADMD$ATT.C$US#", ("US", "ATT", None, "Xerox")), ("A126", "x.y:PRMD$P.ADMD$A.C$US", ("US", "A", "P")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "line", "levels"), LINES, ids=[f"{rule}-{line}" for rule, line, _ in LINES])
def test_lines_of_the_tables(rule: str, line: str, levels: tuple[str | None, ...]) -> None:
    entry = mcgam.read_line(mcgam.MappingTable.DOMAIN_TO_ORADDRESS, line, "t:1")
    assert entry is not None and entry.levels == levels


def test_A126_a_comment_is_no_line_and_both_signs_are_needed() -> None:
    assert mcgam.read_line(mcgam.MappingTable.DOMAIN_TO_ORADDRESS, "# acme", "t:1") is None
    with pytest.raises(ValueError, match="expected key#value#"):
        mcgam.read_line(mcgam.MappingTable.DOMAIN_TO_ORADDRESS, "acme.gb#PRMD$ACME.C$GB", "t:1")


def test_A128_A129_only_gateways_for_domains_have_other_attributes() -> None:
    line = "a.example#~ROLE$Big\\.Chief.ADMD$ATT.C$US#"
    entry = mcgam.read_line(mcgam.MappingTable.DOMAIN_TO_GATEWAY, line, "t:1")
    assert entry is not None and entry.others == (("~ROLE", "Big.Chief"),)
    with pytest.raises(ValueError, match="not allowed"):
        mcgam.read_line(mcgam.MappingTable.DOMAIN_TO_ORADDRESS, line, "t:1")


def test_A130_whole_components_count_and_the_longest_wins() -> None:
    tables = mcgam.load({"domain-to-oraddress": [("t", "K.L#PRMD$short.ADMD$a.C$xx#\nJ.K.L#PRMD$long.ADMD$a.C$xx#\n")]})
    found = [tables.oraddress_of_domain(domain) for domain in ("I.J.K.L", "xj.k.l", "A.B.C")]
    assert [entry.domain if entry else None for entry in found] == ["J.K.L", "K.L", None]


def test_D26_an_address_is_filled_up_with_omitted_levels_to_the_depth_of_the_key() -> None:
    tables = mcgam.load({"oraddress-to-domain": [("t", "O$@.PRMD$GMD.ADMD$a.C$de#gmd.de#\n")]})
    assert next(tables.domains_of_oraddress(("de", "a", "GMD")), None) is not None
    assert next(tables.domains_of_oraddress(("de", "a", "GMD", "o")), None) is None


def test_D14_a_rule_of_the_tables_goes_before_a_longer_gateway() -> None:
    tables = mcgam.load({"domain-to-oraddress": [("t", "a.example#PRMD$p.ADMD$a.C$xx#\n")], "domain-to-gateway": [("g", "b.a.example#PRMD$g.ADMD$a.C$xx#\n")]})
    assert there("x@b.a.example", settings=replace(SETTINGS, tables=tables)) == "/S=x/O=b/PRMD=p/ADMD=a/C=xx/"


def test_A145_bounds_of_x411() -> None:
    assert list(bound_faults(ORAddress(prmd="Griddle MHS Providers"))) == ["PRMD is empty or longer than 16 characters"]
    assert not list(bound_faults(ORAddress(country="gb", admd="", surname="s" * 40, domain_defined=(("t" * 8, "v" * 128),))))


def test_D3_a_presentation_address_without_a_form_is_refused_and_several_networks_have_one() -> None:
    several = from_text("/NET-PSAP='3A'H$/NS+A433BB93C1|NS+AA3106/")
    assert several.psap_address is not None and len(several.psap_address.n_addresses) == 2
    assert from_text(to_text(several)) == several
    assert refused(lambda: to_text(ORAddress(psap_address=replace_networks(several))))


def replace_networks(address: ORAddress) -> object:
    psap = address.psap_address
    assert psap is not None
    return type(psap)(n_addresses=())


def test_D9_the_rfcs_own_prmd_of_21_characters_is_only_an_illustration() -> None:
    table = mcgam.load({"domain-to-oraddress": [("t", "griddle.uk#PRMD$Griddle MHS Providers.ADMD$ .C$GB#\n")]})
    assert "RFC-822" in there("x@griddle.uk", settings=replace(SETTINGS, tables=table))


def test_D23_two_digits_of_a_year_are_a_hundred_years() -> None:
    from gateway.mixer.text import in_utc_time

    assert in_utc_time(datetime(2079, 1, 1, tzinfo=UTC)) and in_utc_time(datetime(1980, 1, 1, tzinfo=UTC))
    assert in_utc_time(datetime(2080, 1, 1, tzinfo=UTC)) is None


def test_A108_a_directory_name_is_not_part_of_an_envelope_address() -> None:
    name = orname_from_oraddress(from_text("/S=x/PRMD=tlec/ADMD=ade/C=nl/"), directory_name=bytes.fromhex("3000"))
    assert back(oraddress_from_orname(name)) == "x@tlec.nl"


def test_A112_an_orcpt_of_type_x400_is_a_std_or_string() -> None:
    text = "/S=x/PRMD=tlec/ADMD=ade/C=nl/"
    assert to_text(map_smtp_recipient("x@tlec.nl", CONTEXT).result) == text


# --- nothing forgotten -------------------------------------------------------------------------------------------------------------------

ELSEWHERE = {
    "A7": "tests/conformance/test_message_vectors.py::test_vector",
    "A8": "tests/conformance/test_message_vectors.py::test_vector",
    "A15": "tests/x400/test_charsets.py::test_final_octets_of_rfc_1502",
    "A55": "tests/maptools/test_check.py::test_rules_for_public_domains_are_named",
    "A56": "tests/mixer/test_mcgam.py::test_later_files_overlay_earlier_ones",
    "A57": "tests/e2e/test_lookup.py::test_a_header_address_holds_the_message_up_until_the_limit_and_is_then_encapsulated_with_a_note",
    "A79": "tests/test_permission.py::test_whatever_finally_means_the_internet_is_relaying",
    "A107": "tests/conformance/test_laws.py::test_a_legal_address_comes_back_from_the_internet",
    "A109": "tests/conformance/test_message_vectors.py::test_vector",
    "A110": "tests/conformance/test_message_vectors.py::test_vector",
    "A121": "tests/conformance/test_message_vectors.py::test_vector",
    "A131": "tests/lookup/test_px.py::test_the_lowest_preference_counts",
    "A132": "tests/lookup/test_px_nsd.py::test_the_x400_query_example_of_5_1",
    "A133": "tests/conformance/test_rules.py::test_px_names",
    "A134": "tests/conformance/test_rules.py::test_px_names",
    "A135": "tests/conformance/test_laws.py::test_px_names_are_reversible",
    "A136": "tests/lookup/test_px_nsd.py::test_gateway_entries_are_told_by_their_suffix",
    "A137": "tests/conformance/test_rules.py::test_px_records_and_their_use",
    "A138": "tests/lookup/test_px.py::test_only_validated_answers_where_that_is_asked_for",
    "A139": "tests/lookup/test_px.py::test_no_clear_answer_never_means_no_match",
    "A140": "tests/maptools/test_importing.py::test_a_name_server_reads_the_exported_zone_and_every_rule_is_there_with_and_without_wildcard",
    "A141": "tests/lookup/test_ldap_slapd.py::test_the_longest_match_counts_over_all_collections",
    "A142": "tests/lookup/test_ldap_slapd.py::test_gateways_and_nodes_that_say_nothing",
    "A143": "tests/lookup/test_ldap_rules.py::test_the_longest_match_is_told_by_the_matched_name",
    "A144": "tests/lookup/test_ldap_rules.py::test_the_entries_are_those_that_rfc_2164_names",
    "A147": "tests/test_deviations.py::test",
}
NO_BEHAVIOUR = {"D5": "cross references of the RFC's text"}
"""Rules that say nothing that a program could do."""


def test_every_rule_has_a_test() -> None:
    own = Path(__file__).read_text(encoding="utf-8")
    here = set(re.findall(r'\("([AD][0-9]+)"', own)) | set(re.findall(r'"([AD][0-9]+)-', own))
    here |= {rule for name in re.findall(r"def test_((?:[AD][0-9]+_)+)", own) for rule in name.strip("_").split("_")}
    every = {f"A{number}" for number in range(1, 149)} | {f"D{number}" for number in range(1, 29)}
    assert sorted(every - here - ELSEWHERE.keys() - NO_BEHAVIOUR.keys()) == []


@pytest.mark.parametrize(("rule", "where"), ELSEWHERE.items(), ids=ELSEWHERE)
def test_what_is_tested_elsewhere_is_there(rule: str, where: str) -> None:
    path, _, name = where.partition("::")
    assert f"def {name}" in (Path(__file__).parents[2] / path).read_text(encoding="utf-8")
