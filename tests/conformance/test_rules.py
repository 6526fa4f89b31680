"""Rules of RFC 2156 chapters 3 and 4, appendix B and F, RFC 1685, 2163 and 2164 that the shared vectors leave out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.conformance.runner import run_vector
from gateway.conformance.vector import World
from gateway.mixer.descriptors import Scope, text_from_descriptor
from gateway.mixer.mcgam import MappingTables
from gateway.mixer.policy import Context
from gateway.x400.ipms_fields import ORDescriptor
from gateway.x400.oraddress import ORAddress, orname_from_oraddress

TLEC = {"rfc2or": ["tlec.nl#PRMD$tlec.ADMD$ade.C$nl#"]}
BACK = {"or2rfc": ["PRMD$tlec.ADMD$ade.C$nl#tlec.nl#"]}
NL = {"C": "nl", "ADMD": "ade", "PRMD": "tlec"}
GW = {"C": "zz", "ADMD": "gw"}
ERROR = {"error": ""}


def check(direction: str, given: object, expected: object, **more: Any) -> None:
    verdict = run_vector({"id": "x", "direction": direction, "input": given, "expected": expected, **more})
    assert verdict.passed, verdict.came


@pytest.mark.parametrize(("text", "expected"), [
    ("(a)", "(l)a(r)"), ("\x7f\x00", "(127)(000)"), ("", ""),
])  # fmt: skip
def test_ps_encoding(text: str, expected: str) -> None:
    check("ps_encode", text, expected)
    check("ps_decode", expected, text)


@pytest.mark.parametrize("text", ["foo)", "(128)", "(1)", "()", "((a))", "(aa)", "a_b"])
def test_what_is_not_ps_encoded(text: str) -> None:
    check("ps_decode", text, ERROR)


@pytest.mark.parametrize(("octets", "text"), [
    ("1b244230211b2842", "{027036066048033027040066}"), ("c3c4", "{195196}"), ("2a", "{042}"), ("576964676574", "Widget"),
    ("611b2d46e11b2d4162", "a{027045070225027045065}b"),
])  # fmt: skip
def test_teletex_strings_of_3_3_4(octets: str, text: str) -> None:
    check("std_or_format", {"hex": octets}, text, kind="t61")
    check("std_or_parse", text, {"hex": octets}, kind="t61")


@pytest.mark.parametrize(("pair", "text"), [({"t": "576964676574"}, "Widget"), ({"ps": "Widget", "t": "576964676574"}, "Widget")])
def test_equal_forms_are_written_once(pair: dict[str, str], text: str) -> None:
    check("std_or_format", pair, text, kind="pt")


@pytest.mark.parametrize(("text", "expected"), [
    ("Rose", {"S": "Rose"}), ("1.vk", {"S": "1.vk"}), ("a/b=c", {"S": "a/b=c"}), ("ABC.D.E.F.G.H.I", {"G": "ABC", "I": "DEFGH", "S": "I"}),
])  # fmt: skip
def test_personal_names(text: str, expected: dict[str, str]) -> None:
    check("std_or_parse", text, expected, kind="pn")


@pytest.mark.parametrize("name", [{"S": "Rose", "GQ": "5"}, {"S": "St.John"}, {"I": "J", "S": "S.Smith"}, {"G": "Pat"}, {"S": ""}])
def test_names_without_a_short_form(name: dict[str, str]) -> None:
    check("std_or_format", name, ERROR, kind="pn")


@pytest.mark.parametrize(("text", "expected"), [
    ("/X.121=2342/ADMD=a/C=gb/", {"X121": "2342", "ADMD": "a", "C": "gb"}),
    ("/E.164=441813337777/NET-SUB=1/", {"NET-NUM": "441813337777", "NET-SUB": "1"}),
    ("/ISDN=+44 181 333 7777/", {"NET-NUM": "441813337777"}),
    ("/DD1.a=1/DD2.b=2/S=x/", {"DDA": [["a", "1"], ["b", "2"]], "S": "x"}),
    ("/PD-A2=The Square/PD-A1=The Dome/", {"PD-ADDRESS": ["The Dome", "The Square"]}),
    ("/PD-A=The Dome|The Square/", {"PD-ADDRESS": ["The Dome", "The Square"]}),
    ("/PD-STREET=Hauptstr*Hauptstra{223}e/", {"PD-STREET": "Hauptstr", "T": {"PD-STREET": "4861757074737472" "61df65"}}),
    ("/PD-S=a/PD-R=b/PD-PC=c/PD-SN=d/PD-U=e/PD-L=f/PD-B=g/PD-OF=h/PD-OFN=i/PD-ED=j/PD-EA=k/", {
        "PD-STREET": "a", "PD-RESTANTE": "b", "PD-CODE": "c", "PD-SERVICE": "d", "PD-UNIQUE": "e", "PD-LOCAL": "f", "PD-BOX": "g",
        "PD-OFFICE": "h", "PD-OFFICE-NUM": "i", "PD-EXT-DELIVERY": "j", "PD-EXT-ADDRESS": "k",
    }),
    ("/T-TY=9/", {"T-TY": 9}),
    ("/OU=b*{165}/OU=a/", {"OU": ["a", "b"], "T": {"OU": ["61", "a5"]}}),
    ("/RFC-822=jj(a)seismo.css.gov/", {"DDA": [["RFC-822", "jj(a)seismo.css.gov"]]}),
])  # fmt: skip
def test_the_text_form_is_read(text: str, expected: dict[str, Any]) -> None:
    check("std_or_parse", text, expected)


@pytest.mark.parametrize("text", [
    "/S=x/S=y/", "/C=gb/C=gb/", "/S = x/", "/S=a=b/", "/S=x//O=o/", "/S=x", "S=x/", "/O=A$|B/", "/O=A$", "/RFC-822=*{165}/",
    "/PD-A1=a/PD-A=b/", "/OU1=a/OU1=b/", "/OU5=a/", "/DD1.a=1/DD.b=2/", "/DDA=x/", "/T-TY=fax/", "//", "/", "",
    "/OU=a/OU=*{165}/", "/O=*{1}/", "/PN=a_b/",
    "G=john; S=smith", "/X121=abc/",
])  # fmt: skip
def test_what_the_grammar_as_printed_refuses(text: str) -> None:
    check("std_or_parse", text, ERROR)


@pytest.mark.parametrize(("text", "expected"), [
    ("c=de;a=dbp;p=acme;o=x;s=mueller;g=hans", {"C": "de", "ADMD": "dbp", "PRMD": "acme", "O": "x", "S": "mueller", "G": "hans"}),
    ("X.400: G=john; S=smith; P=abl; C=aq", {"G": "john", "S": "smith", "PRMD": "abl", "ADMD": " ", "C": "aq"}),
    ("DDA:RFC-822=fred(a)widget.co.uk; O=gateway; P=abc; C=gb",
     {"DDA": [["RFC-822", "fred(a)widget.co.uk"]], "O": "gateway", "PRMD": "abc", "ADMD": " ", "C": "gb"}),
    ("S=x; A= ; C=gb;", {"S": "x", "ADMD": " ", "C": "gb"}),
    ("/T-TY=g3fax/X.121=1/", {"T-TY": 5, "X121": "1"}),
])  # fmt: skip
def test_the_forms_of_rfc_1685(text: str, expected: dict[str, Any]) -> None:
    check("std_or_parse", text, expected, settings={"grammar": "lenient"})


def test_john_equals_doe_is_somebody() -> None:
    check("std_or_parse", "john=doe", ERROR, settings={"grammar": "lenient"})
    check("822_to_x400", "john=doe@tlec.nl", {**NL, "S": "john=doe"}, tables=TLEC, settings={"grammar": "lenient"})


@pytest.mark.parametrize(("address", "text"), [
    ({"DDA": [["a", "1"], ["b", "2"]]}, "/DD.b=2/DD.a=1/"), ({"OU": ["one", "two"], "O": "o"}, "/OU=two/OU=one/O=o/"),
    ({"DDA": [["rfc-822", "a(a)b"]]}, "/RFC-822=a(a)b/"), ({"T-TY": 5}, "/T-TY=g3fax(5)/"), ({"O": ""}, "/O=/"),
    ({"PD-ADDRESS": ["a", "b"], "T": {"PD-ADDRESS": "a5"}}, "/PD-ADDRESS=a|b*{165}/"), ({"NET-NUM": "44"}, "/NET-NUM=44/"),
    ({"DDA": [["R=x", "a/b"]]}, "/DD.R$=x=a$/b/"),
])  # fmt: skip
def test_the_text_form_is_written(address: dict[str, Any], text: str) -> None:
    check("std_or_format", address, text)


@pytest.mark.parametrize(("mailbox", "expected"), [
    ("/S=x/ADMD=a2/@owe.tlec.nl", {"C": "nl", "ADMD": "a2", "S": "x"}),
    ("/S=x/PRMD=p2/@owe.tlec.nl", {"C": "nl", "ADMD": "ade", "PRMD": "p2", "S": "x"}),
    ("/S=x/O=other/@owe.tlec.nl", {**NL, "O": "other", "S": "x"}),
    ("x@f.e.d.c.b.tlec.nl", {**NL, "O": "b", "OU": ["c", "d", "e", "f"], "S": "x"}),
    ("x@g.f.e.d.c.b.tlec.nl", {**NL, "O": "b", "OU": ["c", "d", "e", "f"], "DDA": [["RFC-822", "x(a)g.f.e.d.c.b.tlec.nl"]]}),
    (f"x@{'d' * 33}.o.tlec.nl", {**NL, "O": "o", "DDA": [["RFC-822", f"x(a){'d' * 33}.o.tlec.nl"]]}),
    ("100%user@work.tlec.nl", {**NL, "O": "work", "DDA": [["RFC-822", "100(p)user(a)work.tlec.nl"]]}),
    ("A.B.C.D.E.F.Smith@tlec.nl", {**NL, "DDA": [["RFC-822", "A.B.C.D.E.F.Smith(a)tlec.nl"]]}),
    ("/S=*M{252}ller/@tlec.nl", {**NL, "T": {"S": "4dfc6c6c6572"}}),
    ("/G=*{252}a/S=x/@tlec.nl", {**NL, "DDA": [["RFC-822", "/G=(042)(123)252(125)a/S=x/(a)tlec.nl"]]}),
    ("/CN=x/C=gb/@tlec.nl", {"C": "gb", "ADMD": " ", "CN": "x"}),
    ("/C=gb/@tlec.nl", {**NL, "DDA": [["RFC-822", "/C=gb/(a)tlec.nl"]]}),
    ('""@tlec.nl', {**NL, "DDA": [["RFC-822", "(q)(q)(a)tlec.nl"]]}),
    (f"/PD-S={'x' * 31}/A=a/C=gb/@tlec.nl", {**NL, "DDA": [["RFC-822", f"/PD-S={'x' * 31}/A=a/C=gb/(a)tlec.nl"]]}),
    ("/X121=1/T-TY=g3fax(5)/ADMD=a/C=gb/@tlec.nl", {"C": "gb", "ADMD": "a", "X121": "1", "T-TY": 5}),
])  # fmt: skip
def test_rfc_822_to_x400(mailbox: str, expected: dict[str, Any]) -> None:
    check("822_to_x400", mailbox, expected, tables=TLEC)


def test_towards_1984_the_domain_still_gives_its_attributes() -> None:
    expected = {**NL, "DDA": [["RFC-822", "/S=M(042)(123)252(125)/(a)tlec.nl"]]}
    check("822_to_x400", "/S=M*{252}/@tlec.nl", expected, tables=TLEC, settings={"mode": 84})
    check("std_or_parse", "/PD-C=GB/", ERROR, settings={"mode": 84})


def test_a_source_route_counts_by_the_domain_that_is_routed_on() -> None:
    tables = {"gate2": ["relay.co.uk#PRMD$uk\\.ac.ADMD$ .C$gb#", "host2.example#PRMD$wrong.ADMD$ .C$gb#"]}
    expected = {"C": "gb", "ADMD": " ", "PRMD": "uk.ac", "DDA": [["RFC-822", "(a)relay.co.uk:u(a)host2.example"]]}
    check("822_to_x400", "@relay.co.uk:u@host2.example", expected, tables=tables, settings={"role": "recipient"})
    stripped = {**GW, "DDA": [["RFC-822", "u(a)host2"]]}
    settings = {"gateway_or": GW, "role": "recipient", "strip_source_route": True}
    check("822_to_x400", "@relay.co.uk,@b.example:u@host2", stripped, settings=settings)
    check("822_to_x400", "@relay.co.uk:u@host2", stripped, settings={"gateway_or": GW})


def test_a_preferred_gateway_may_have_any_attribute() -> None:
    tables = {"gate2": ["alter.net#~ROLE$Big\\.Chief.T-TY$(5).CN$relay.PRMD$p.ADMD$BT.C$gb#"]}
    attributes = [["ROLE", "Big.Chief"], ["RFC-822", "x(a)UK.alter.net"]]
    expected = {"C": "gb", "ADMD": "BT", "PRMD": "p", "CN": "relay", "T-TY": 5, "DDA": attributes}
    check("822_to_x400", "x@UK.alter.net", expected, tables=tables)


@pytest.mark.parametrize(("address", "mailbox"), [
    ({**NL, "O": "owe", "OU": ["spc ctr", "u"], "S": "x"}, '"/S=x/OU=u/OU=spc ctr/"@owe.tlec.nl'),
    ({**NL, "T": {"O": "576964676574"}, "S": "x"}, "x@Widget.tlec.nl"),
    ({**NL, "O": "owe", "OU": ["a"], "T": {"OU": ["a5"]}, "S": "x"}, "/S=x/OU=a*{165}/@owe.tlec.nl"),
    ({**NL, "S": "/C=gb/"}, "/S=$/C$=gb$//@tlec.nl"),
    ({**NL, "CN": "postmaster"}, "/CN=postmaster/@tlec.nl"),
    ({**NL, "DDA": [["RFC-822", "a(a)b.example"], ["RFC-822", "c(a)d.example"]], "S": "x"},
     '"/RFC-822=c(a)d.example/RFC-822=a(a)b.example/S=x/"@tlec.nl'),
    ({**NL, "DDA": [["RFC822C1", "(a)example.org"], ["RFC-822", "a(u)b"]]}, "a_b@example.org"),
    ({**NL, "DDA": [["RFC-822", "joe(a)bad(u)name.tlec.nl"]]}, "joe@bad_name.tlec.nl"),
    ({**NL, "DDA": [["RFC-822", "u(a)(091)192.0.2.1(093)"]]}, "u@[192.0.2.1]"),
    ({**NL, "O": "d" * 64, "S": "x"}, f"/S=x/O={'d' * 64}/@tlec.nl"),
    ({**NL, "O": "a_b", "S": "x"}, "/S=x/O=*a{095}b/@tlec.nl"),
])  # fmt: skip
def test_x400_to_rfc_822(address: dict[str, Any], mailbox: str) -> None:
    check("x400_to_822", address, mailbox, tables=BACK)


def test_a_numeric_country_is_looked_up_by_its_letters() -> None:
    tables = {"or2rfc": ["PRMD$p.ADMD$a.C$gb#p.example.gb#"]}
    check("x400_to_822", {"C": "234", "ADMD": "a", "PRMD": "p", "S": "x"}, "x@p.example.gb", tables=tables)
    settings = {"local_domain": "gw.example"}
    check("x400_to_822", {"C": "234", "ADMD": "a", "S": "x"}, "/S=x/ADMD=a/C=234/@gw.example", settings=settings)


def test_an_omitted_level_does_not_match_one_that_has_only_a_teletex_form() -> None:
    tables = {"or2rfc": ["O$@.PRMD$GMD.ADMD$DBP.C$DE#GMD.DE#"]}
    address = {"C": "DE", "ADMD": "DBP", "PRMD": "GMD", "T": {"O": "a5"}, "S": "x"}
    settings = {"local_domain": "gw.example"}
    check("x400_to_822", address, "/S=x/O=*{165}/PRMD=GMD/ADMD=DBP/C=DE/@gw.example", tables=tables, settings=settings)


@pytest.mark.parametrize("value", [
    "a(a)b.example(013)(010)RCPT TO:x", "a(000)(a)b.example", "a b(a)c.example", "(a)b.example", "a", "(x)", "a(a)b.example,c(a)d.example",
])  # fmt: skip
def test_an_attribute_that_holds_no_mailbox_is_refused(value: str) -> None:
    check("x400_to_822", {**NL, "DDA": [["RFC-822", value]]}, ERROR, settings={"role": "recipient"})
    check("x400_to_822", {**NL, "DDA": [["RFC-822", value]]}, ERROR)


@pytest.mark.parametrize(("line", "expected"), [
    ("b.us#PRMD$DEC.ADMD$@.C$US#", {"domain": "b.us", "or": {"PRMD": "DEC", "C": "US"}, "omitted": ["ADMD"]}),
    ("b.us#OU$x.O$@.PRMD$@.ADMD$a.C$US#", {"domain": "b.us", "or": {"OU": ["x"], "ADMD": "a", "C": "US"}, "omitted": ["O", "PRMD"]}),
    ("b.us#C$US#", {"domain": "b.us", "or": {"C": "US"}}),
    ("b.us#OU$5.OU$4.OU$3.OU$2.OU$1.O$o.PRMD$p.ADMD$a.C$US#", ERROR), ("b.us#S$x.ADMD$a.C$US#", ERROR), ("b.us#C$US.ADMD$a#", ERROR),
    ("b.us#PRMD$a_b.ADMD$a.C$US#", ERROR), ("b.us#PRMD$a\\,b.ADMD$a.C$US#", ERROR), ("b.us##", ERROR), ("", {"comment": True}),
])  # fmt: skip
def test_table_lines(line: str, expected: object) -> None:
    check("table", {"table": "rfc2or", "line": line}, expected, kind="line")


def test_tables_that_are_refused_together() -> None:
    both = {"or2rfc": ["PRMD$p.ADMD$ .C$gb#a.gb#"], "gate1": ["PRMD$P.ADMD$.C$GB#b.gb#"]}
    check("table", both, ERROR, kind="set")
    check("table", {"rfc2or": ["a.gb#C$gb#", "A.gb#C$ie#"]}, ERROR, kind="set")
    check("table", {"rfc2or": ["a.gb#C$gb#"]}, None, kind="set")


@pytest.mark.parametrize(("prefix", "name"), [
    ("PRMD$@", "PRMD"), ("O$ab-", "O-ab-h"),
    ("OU$uuu.O$@.PRMD$ppp\\.rrr.ADMD$aaa ddd-mmm.C$cc", "OU-uuu.O.PRMD-ppp-d-rrr.ADMD-aaa-b-ddd-h-mmm.C-cc"),
    ("O$  ", "O--b--b"), ("O$b", "O-b"), ("O$-", "O--h"),
])  # fmt: skip
def test_px_names(prefix: str, name: str) -> None:
    check("px", prefix, name, kind="encode")
    check("px", f"{name}.", {"dmn": prefix, "gate": False}, kind="decode")


@pytest.mark.parametrize("name", ["O-a-b-c-x", "O-", "PD-x.C-gb", "", "O-a-200-", "OX"])
def test_what_is_no_px_name(name: str) -> None:
    check("px", name, ERROR, kind="decode")


def test_px_records_and_their_use() -> None:
    line = {"table": "gate2", "line": "co.it#O$mhs-relay.PRMD$x4net.ADMD$ .C$it#"}
    check("px", line, "*.co.it. IN PX 50 co.it. O-mhs-h-relay.PRMD-x4net.ADMDb.C-it.G.", kind="rr")
    check("px", {"table": "table2", "line": "ab.fr#PRMD$ab.ADMD$ac.C$fr#"}, "*.ab.fr. IN PX 50 ab.fr. PRMD-ab.ADMD-ac.C-fr.", kind="rr")
    there = {"direction": "822_to_x400", "address": "x@a.mw", "map822": "mw.", "mapx400": "O-cce.PRMD-nrc.ADMD-acme.C-it.G."}
    expected = {"C": "it", "ADMD": "acme", "PRMD": "nrc", "O": "cce", "DDA": [["RFC-822", "x(a)a.mw"]]}
    check("px", there, expected, kind="apply")
    us = {"C": "us", "ADMD": "PWT400", "S": "x"}
    back = {"direction": "x400_to_822", "address": us, "map822": "intGw.com.", "mapx400": "ADMD-PWT400.C-us.G."}
    check("px", back, "/S=x/ADMD=PWT400/C=us/@intGw.com", kind="apply")
    check("px", {**back, "mapx400": "PRMD-x.ADMD-y."}, ERROR, kind="apply")


def test_directory_names() -> None:
    or_address = {"X121": "1", "PRMD": "p", "ADMD": " ", "C": "FI", "DDA": [["a", "1"]]}
    check("table", {"or": or_address}, 'MHS-DDA-Type=a + MHS-DDA-Value=1, MHS-X121=1, PRMD=p, ADMD=" ", C=FI', kind="ldap")
    check("table", {"or": {"C": "FI", "S": "x"}}, ERROR, kind="ldap")
    check("table", {"or": {"C": "FI", "ADMD": "a", "PD-STREET": "x"}}, ERROR, kind="ldap")
    check("table", {"or": {"C": "FI", "ADMD": "a", "O": "x, y"}}, 'MHS-O="x, y", ADMD=a, C=FI', kind="ldap")


@pytest.mark.parametrize(("text", "expected"), [
    ("list: a@x.example, B <b@y.example>;", [
        {"address": "a@x.example", "free_form_name": None, "telephone": None},
        {"address": "b@y.example", "free_form_name": "B", "telephone": None},
        {"address": None, "free_form_name": "list", "telephone": None},
    ]),
    (f"{'n' * 50} <a@x.example> (a comment that is long)", {"address": "a@x.example", "free_form_name": "n" * 50, "telephone": None}),
])  # fmt: skip
def test_descriptors_of_mailboxes(text: str, expected: object) -> None:
    check("822_to_x400", text, expected, kind="or-descriptor", settings={"gateway_or": GW})


def test_a_route_needs_a_phrase() -> None:
    routed = {"mapped_address": "@relay.example:joe@host.example"}
    check("x400_to_822", routed, "joe <@relay.example:joe@host.example>", kind="or-descriptor")


def test_msg_ids() -> None:
    user = {"S": "x", "ADMD": "a", "C": "de"}
    check("822_to_x400", "<1*/S=x/ADMD=a/C=de/@MHS>", {"user_relative": "1", "user": user}, kind="msg-id")
    check("822_to_x400", "<1*/S=x/ADMD=a/C=de/@example.org>", {"user_relative": "1(042)/S=x/ADMD=a/C=de/(a)example.org"}, kind="msg-id")
    check("x400_to_822", {"user_relative": "my letter"}, '<"my letter*"@MHS>', kind="msg-id")
    check("822_to_x400", "<a@b>", {"local_identifier": "<a@b>"}, kind="mts-id")


def test_an_internationalised_domain_is_looked_up_by_its_a_labels() -> None:
    tables = {"rfc2or": ["xn--mller-kva.example#PRMD$m.ADMD$a.C$de#"]}
    check("822_to_x400", "x@m\u00fcller.example", {"C": "de", "ADMD": "a", "PRMD": "m", "S": "x"}, tables=tables)
    check("822_to_x400", "\u00fc@m\u00fcller.example", ERROR, tables=tables)


def test_a_directory_name_is_a_trailing_comment_of_4_7_2() -> None:
    settings = World(local_domain="gw.example").settings(MappingTables())
    context = Context(settings=settings, now=datetime(2026, 1, 1, tzinfo=UTC), plan_seed="")
    name = bytes.fromhex("3012" "3110" "300e" "0603550403" "1307") + b"Ann (X)"
    address = ORAddress(country="gb", admd="a", surname="Lee")
    descriptor = ORDescriptor(formal_name=orname_from_oraddress(address, directory_name=name), telephone_number="+44 1")
    text = text_from_descriptor(descriptor, Scope(context=context), ["Reply requested"])
    assert text == "/S=Lee/ADMD=a/C=gb/@gw.example (Tel +44 1) (CN=Ann \\(X\\)) (Reply requested)"
