"""Addresses: the worked examples of RFC 2156 chapter 4, the recorded steps, and what must never come out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from gateway import asn1
from gateway.errors import GatewayError
from gateway.mixer import mcgam
from gateway.mixer.address import AddressError, Role, mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.policy import Settings
from gateway.mixer.questions import DomainRule, Knowledge, Source
from gateway.mixer.stdor import NotStdOrError, StdOrError, from_text, personal_name_from_text, text_from_personal_name, to_text
from gateway.x400.extension_attributes import CharacterEncoding, UniversalOrBMPString
from gateway.x400.oraddress import ORAddress, ORName, oraddress_from_orname, orname_from_oraddress

TLEC = "tlec.nl#PRMD$tlec.ADMD$ade.C$nl#\n"


def with_tables(settings: Settings, **files: str) -> Settings:
    names = {"map2": "domain-to-oraddress", "map1": "oraddress-to-domain", "gate2": "domain-to-gateway", "gate1": "oraddress-to-gateway"}
    return replace(settings, tables=mcgam.load({names[key]: [(key, text)] for key, text in files.items()}))


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("/I=J/S=Linnimouth/GQ=5/", {"initials": "J", "surname": "Linnimouth", "generation": "5"}),
        ("/PRMD=uk.ac/ADMD= /C=gb/", {"prmd": "uk.ac", "admd": " ", "country": "gb"}),
        ("/S=x;P=p/A=a;C=gb/", {"surname": "x", "prmd": "p", "admd": "a", "country": "gb"}),
        ("G=john; S=smith; O=a bank ltd; P=abl; C=aq", {
            "given_name": "john", "surname": "smith", "organization": "a bank ltd", "prmd": "abl", "admd": " ", "country": "aq",
        }),
        ("/O=A$/B$=C/C=gb/ADMD=a/", {"organization": "A/B=C", "country": "gb", "admd": "a"}),
        ("/DD.b=2/DD.a=1/", {"domain_defined": (("a", "1"), ("b", "2"))}),
        ("/OU2=low/OU1=top/", {"organizational_units": ("top", "low")}),
        ("/OU=low/OU=top/", {"organizational_units": ("top", "low")}),
        ("/PN=Duval/DD.Title=Manager/", {"surname": "Duval", "domain_defined": (("Title", "Manager"),)}),
        ("/CN=yen*{165}/", {"common_name": "yen", "teletex_common_name": b"\xa5"}),
    ],
)  # fmt: skip
def test_std_or_is_read_in_all_its_forms(text: str, fields: dict[str, object]) -> None:
    assert from_text(text) == ORAddress(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["/S=x/S=y/", "/FOO=bar/S=x/", "/OU=a/OU1=b/", "/X121=abc/", "/O=A$$B/"])
def test_wrong_addresses_are_refused(text: str) -> None:
    with pytest.raises(StdOrError):
        from_text(text)


def test_john_equals_doe_is_no_address() -> None:
    with pytest.raises(NotStdOrError):
        from_text("john=doe")


@pytest.mark.parametrize(("text", "parts"), [
    ("Marshall.M.T.Rose", ("Marshall", "MT", "Rose")), ("M.T.Rose", (None, "MT", "Rose")), ("Rose", (None, None, "Rose")),
    ("Marshall.Rose", ("Marshall", None, "Rose")), ("Pat.St.John", ("Pat", None, "St.John")),
])  # fmt: skip
def test_personal_names_of_4_1_2(text: str, parts: tuple[str | None, str | None, str]) -> None:
    address = ORAddress(given_name=parts[0], initials=parts[1], surname=parts[2])
    assert text_from_personal_name(address) == text
    found = personal_name_from_text(text)
    assert found == {key: value for key, value in zip(("given_name", "initials", "surname"), parts, strict=True) if value is not None}


@pytest.mark.parametrize("address", [
    ORAddress(surname="Rose", generation="5"), ORAddress(surname="Smith", given_name="J"), ORAddress(surname="St.John"),
    ORAddress(surname="/C=gb/"), ORAddress(surname="Sartre", initials="J-P"),
])  # fmt: skip
def test_names_that_would_not_come_back_are_not_written_short(address: ORAddress) -> None:
    assert text_from_personal_name(address) is None


_printable = st.text(st.sampled_from("abcXYZ019 '()+,-./:=?"), min_size=1, max_size=16).filter(lambda text: text == text.strip())
_addresses = st.builds(
    ORAddress, country=st.just("gb"), admd=st.sampled_from([" ", "bt", "0"]), prmd=st.none() | _printable,
    organization=st.none() | _printable,
    organizational_units=st.lists(_printable, max_size=4).map(tuple), surname=st.none() | _printable, common_name=st.none() | _printable,
    domain_defined=st.lists(st.tuples(_printable.map(lambda text: text[:8]), _printable), max_size=4).map(tuple),
    teletex_common_name=st.none() | st.binary(min_size=1, max_size=8).map(lambda octets: octets + b"\xe1"),
)  # fmt: skip


@given(_addresses)
@limits(max_examples=150, deadline=None)
def test_the_text_form_is_reversible(address: ORAddress) -> None:
    assert from_text(to_text(address)) == address


@pytest.mark.parametrize(("mailbox", "expected"), [
    ("plork@owe.you.tlec.nl", "/S=plork/OU=owe/O=you/PRMD=tlec/ADMD=ade/C=nl/"),
    ("J.Linnimouth@tlec.nl", "/I=J/S=Linnimouth/PRMD=tlec/ADMD=ade/C=nl/"),
    ("/I=J/S=Linnimouth/GQ=5/@tlec.nl", "/I=J/S=Linnimouth/GQ=5/PRMD=tlec/ADMD=ade/C=nl/"),
    ("100%user@work.tlec.nl", "/RFC-822=100(p)user(a)work.tlec.nl/O=work/PRMD=tlec/ADMD=ade/C=nl/"),
    ('"John Smith"@x.org', "/RFC-822=(q)John Smith(q)(a)x.org/PRMD=GATEWAY/ADMD=TESTMAIL/C=XX/"),
    ("/S=x/PRMD=p/ADMD=a/C=gb/@tlec.nl", "/S=x/PRMD=p/ADMD=a/C=gb/"),
    ("/S=x/O=other/@owe.tlec.nl", "/S=x/O=other/PRMD=tlec/ADMD=ade/C=nl/"),
])  # fmt: skip
def test_rfc_822_to_x400_of_4_3_4(settings: Settings, mailbox: str, expected: str) -> None:
    assert to_text(mailbox_to_oraddress(mailbox, with_tables(settings, map2=TLEC)).result) == expected


def test_a_return_path_does_not_use_the_gateway_table(settings: Settings) -> None:
    tables = with_tables(settings, gate2="alter.net#PRMD$gate.ADMD$a.C$us#\n")
    assert mailbox_to_oraddress("postmaster@uk.alter.net", tables).result.prmd == "gate"
    assert mailbox_to_oraddress("postmaster@uk.alter.net", tables, Role.ORIGINATOR).result.prmd == "GATEWAY"


@pytest.mark.parametrize(("address", "expected"), [
    ("/S=Support/O=sales/ADMD=Master400/C=it/", "/S=Support/O=sales/@Master400.it"),
    ("/S=renseignements/O=Region Parisienne/PRMD=autoroutes/ADMD=atlas/C=fr/", '"/S=renseignements/O=Region Parisienne/"@autoroutes.fr'),
    ("/DD.cap=20100/DD.ph1=Via Larga 11/DD.city=Milano/S=Rossi/ADMD=PtPostel/C=it/",
     '"/DD.cap=20100/DD.ph1=Via Larga 11/DD.city=Milano/S=Rossi/"@ptpostel.it'),
    ("/G=Andy/S=Wharol/O=MMNY/ADMD=ATT/C=us/", "/G=Andy/S=Wharol/O=MMNY/ADMD=ATT/C=us/@attmail.com"),
])  # fmt: skip
def test_the_four_examples_of_4_3_5(settings: Settings, address: str, expected: str) -> None:
    map1 = "ADMD$master400.C$it#Master400.it#\nPRMD$autoroutes.ADMD$atlas.C$fr#autoroutes.fr#\nADMD$PtPostel.C$it#ptpostel.it#\n"
    tables = with_tables(settings, map1=map1, gate1="ADMD$ATT.C$us#attmail.com#\n")
    assert oraddress_to_mailbox(from_text(address), tables).result.address == expected


def test_a_recursive_address_of_4_4_1(settings: Settings) -> None:
    address = from_text("/RFC-822=Smith(a)ZZ.YY.XX/O=ZZ/ADMD=YY/C=XX/")
    assert oraddress_to_mailbox(address, settings).result.address == "Smith@ZZ.YY.XX"


def test_the_rfc_822_attribute_is_split_at_128_and_joined_before_decoding(settings: Settings) -> None:
    mailbox = f"{'a_b' * 60}@example.org"
    address = mailbox_to_oraddress(mailbox, settings).result
    assert [type_ for type_, _ in address.domain_defined] == ["RFC-822", "RFC822C1", "RFC822C2"]
    assert all(len(value) == 128 for _, value in address.domain_defined[:-1])
    assert oraddress_to_mailbox(address, settings).result.address == mailbox


def test_an_address_beyond_512_characters_is_refused(settings: Settings) -> None:
    with pytest.raises(AddressError):
        mailbox_to_oraddress(f"{'a' * 600}@example.org", settings)


@pytest.mark.parametrize("value", ["a(a)b.org(013)(010)Bcc: x(a)y", "(000)(a)b.org", "a(a)b.org,c(a)d.org", "a(a)b.org(010)DATA", "nobody"])
def test_no_attribute_leads_to_a_second_command_or_header(settings: Settings, value: str) -> None:
    address = ORAddress(country="XX", admd="TESTMAIL", domain_defined=(("RFC-822", value),))
    with pytest.raises(AddressError) as error:
        oraddress_to_mailbox(address, settings, Role.RECIPIENT)
    assert error.value.failure.diagnostic == 0
    assert not any(ord(character) < 32 for character in oraddress_to_mailbox(address, settings, Role.HEADER).result.address)


def test_the_steps_tell_how_an_address_was_mapped(settings: Settings) -> None:
    mapped = mailbox_to_oraddress("Jane.Doe@lab.widget.example", settings)
    assert [step.clause for step in mapped.steps] == ["4.3.4 step 2", "4.3.4 step 4", "4.3.4 step 8", "4.3.4 step 9"]
    assert "map2:1" in mapped.steps[2].text
    assert not mapped.encapsulated
    assert mailbox_to_oraddress("a@b.org", settings).encapsulated


def test_towards_1984_a_common_name_becomes_an_attribute_and_the_rest_an_rfc_822_address(settings: Settings) -> None:
    named = mailbox_to_oraddress("/CN=list/@widget.example", settings, x400_version=84).result
    assert named.domain_defined == (("Common", "list"),)
    postal = mailbox_to_oraddress("/CN=a*{225}/@widget.example", settings, x400_version=84).result
    assert postal.domain_defined[0][0] == "RFC-822"


@given(st.text(max_size=60), st.text(max_size=30))
@limits(max_examples=150, deadline=None)
def test_no_mailbox_breaks_the_mapping(local: str, domain: str) -> None:
    settings = Settings(
        gateway_domain="gw.example",
        gateway_oraddress=ORAddress(country="XX", admd=" "),
        global_domain=None,
        mta_name="m",  # type: ignore[arg-type]
    )
    try:
        address = mailbox_to_oraddress(f"{local}@{domain}", settings).result
        back = oraddress_to_mailbox(address, settings).result
    except GatewayError:
        return
    assert not any(ord(character) < 32 for character in back.address)


ODD = ["R&D", "UK_GOV", "a@b", "#1", "100%", "x*y", 'quo"te', "back\\slash", "A[1]", "~"]


@pytest.mark.parametrize("domain", ODD)
@pytest.mark.parametrize("name", ["admd", "prmd"])
def test_a_management_domain_beyond_printablestring_is_answered_as_it_came(settings: Settings, name: str, domain: str) -> None:
    """Peers have such names; a reply has to reach them in the octets that they sent."""
    there = ORAddress(**{"country": "XX", "admd": "A", "prmd": "P", "surname": "Doe", name: domain})  # type: ignore[arg-type]
    octets = asn1.encode(orname_from_oraddress(there))
    received = oraddress_from_orname(asn1.decode(octets, ORName))
    mailbox = oraddress_to_mailbox(received, settings).result.address
    answered = mailbox_to_oraddress(mailbox, settings, Role.RECIPIENT).result
    assert answered == there
    assert asn1.encode(orname_from_oraddress(answered)) == octets


@pytest.mark.parametrize("local", [
    "/S=x/PRMD=R&D/ADMD=A/C=X&/", "/S=x/T-ID=R&D/ADMD=A/C=XX/", "/S=R&D/ADMD=A/C=XX/", "S=x;P=R&D;A=A;C=XX", "R&D",
])  # fmt: skip
def test_nothing_else_is_written_like_that(settings: Settings, local: str) -> None:
    found = mailbox_to_oraddress(f"{local}@elsewhere.example", settings).result
    assert found.domain_defined[0][0] == "RFC-822"
    asn1.encode(orname_from_oraddress(found))


def test_one_run_maps_a_mailbox_once_for_each_role(settings: Settings) -> None:
    """A message has the same mailbox in its envelope and in several fields; the mapping of each is made once."""
    knowledge = Knowledge(tables=settings.tables)
    here = replace(settings, knowledge=knowledge)
    first = mailbox_to_oraddress("Jane.Doe@widget.example", here)
    assert mailbox_to_oraddress("Jane.Doe@widget.example", here) is first
    assert mailbox_to_oraddress("Jane.Doe@widget.example", here, Role.RECIPIENT) is not first
    assert mailbox_to_oraddress("Jane.Doe@widget.example", here, x400_version=84) is not first
    assert mailbox_to_oraddress("Jane.Doe@widget.example", replace(here, internet_label="SMTP")) is not first
    assert mailbox_to_oraddress("Jane.Doe@widget.example", replace(settings, knowledge=Knowledge(tables=settings.tables))) is not first
    back = oraddress_to_mailbox(first.result, here)
    assert oraddress_to_mailbox(first.result, here) is back


def test_an_open_question_stays_open_when_the_address_comes_again(settings: Settings) -> None:
    knowledge = Knowledge(tables=settings.tables, rules_from=(Source.TABLES, Source.PX))
    here = replace(settings, knowledge=knowledge)
    for _ in range(2):
        mailbox_to_oraddress("joe@elsewhere.example", here, Role.RECIPIENT)
        assert [question.domain for question in knowledge.open if isinstance(question, DomainRule)] == ["elsewhere.example"]


def test_a_universal_variant_beside_a_printable_one_does_not_hold_the_address_up(settings: Settings) -> None:
    """X.411 (1999) peers send both; the printable one may go into the domain."""
    text = UniversalOrBMPString(character_encoding=CharacterEncoding(two_octets="lab"))
    both = ORAddress(country="XX", admd="TESTMAIL", prmd="WIDGET", organization="lab", surname="Doe", universal=((25, text),))
    assert oraddress_to_mailbox(both, settings).result.address == "Doe@lab.widget.example"
