"""Section 8 of the interoperability cases: addresses that broke thirty years of X.400 products. Each test is named for its case."""

from __future__ import annotations

import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.asn1 import decode, encode
from gateway.errors import ConversionError, Failure
from gateway.internet.addresses import Mailbox
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import parse
from gateway.lookup.users import UserDirectory
from gateway.lookup.users_compile import compile_users
from gateway.mixer.address import Role, mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.convert import map_smtp_recipient, map_x400_recipient, message_to_x400
from gateway.mixer.descriptors import Scope, descriptors_from_text, text_from_descriptor
from gateway.mixer.mcgam import load
from gateway.mixer.policy import Context, GlobalDomain, PeerPolicy, Settings
from gateway.mixer.product_forms import is_oraddress, oraddress_from
from gateway.mixer.stdor import from_text, to_text
from gateway.mixer.text import ps_decode, ps_encode
from gateway.mta.peers import Credentials, Peer
from gateway.mta.routing import X400Router, within
from gateway.octets import MemoryOctets
from gateway.x400.ipm import InformationObject
from gateway.x400.ipms_fields import ORDescriptor
from gateway.x400.oraddress import ORAddress, oraddress_from_orname, orname_from_oraddress

OURS = "/O=GW/PRMD=P/ADMD=A/C=XX/"
SETTINGS = Settings(
    gateway_domain="mixer.example.org",
    gateway_oraddress=from_text(OURS),
    global_domain=GlobalDomain(country="XX", admd="A", prmd="P"),
    mta_name="GATEWAY",
    tables=load(
        {
            "domain-to-oraddress": [("d2o", "partner.example#PRMD$PARTNER.ADMD$DEMO.C$XX#\n")],
            "oraddress-to-domain": [
                (
                    "o2d",
                    "PRMD$PARTNER.ADMD$DEMO.C$XX#partner.example#\nPRMD$COMPANY.ADMD$PTT.C$US#company.example#\n"
                    "PRMD$FRENCH.ADMD$ATLAS.C$FR#french.example#\n",
                )
            ],
            "domain-to-gateway": [("d2g", "gated.example#O$Gate.PRMD$GATED.ADMD$DEMO.C$XX#\n")],
        }
    ),
)
CONTEXT = Context(settings=SETTINGS, now=datetime(2026, 11, 23, 12, tzinfo=UTC), plan_seed="5eed")
TO_1984 = replace(CONTEXT, policy=PeerPolicy(x400_version=84))


def address(**attributes: object) -> ORAddress:
    return ORAddress(**{"country": "XX", "admd": "A", "prmd": "P", **attributes})  # type: ignore[arg-type]


def with_dda(*pairs: tuple[str, str]) -> ORAddress:
    return address(organization="GW", domain_defined=pairs)


def to_internet(name: ORAddress | str) -> str:
    found = map_x400_recipient(from_text(name) if isinstance(name, str) else name, CONTEXT)
    return found.result.address


def to_x400(mailbox: str, context: Context = CONTEXT) -> str:
    return to_text(map_smtp_recipient(mailbox, context).result)


def in_heading(name: ORAddress, free_form_name: str = "") -> str:
    descriptor = ORDescriptor(formal_name=orname_from_oraddress(name), free_form_name=free_form_name.encode() or None)
    return text_from_descriptor(descriptor, Scope(context=CONTEXT))


def mailboxes_in(text: str) -> list[Mailbox]:
    """What the standard library's parser, which knows nothing of O/R addresses, finds to reply to."""
    header = email.policy.default.header_factory("to", text)
    return [Mailbox(local=one.username, domain=one.domain) for one in header.addresses]


def refusal(name: ORAddress) -> Failure:
    with pytest.raises(ConversionError) as refused:
        map_x400_recipient(name, CONTEXT)
    return refused.value.failure


# --- IC-059 to IC-062: what is not legal ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("country", ["U", "USA", "1", "20", "2080", "U1", "", "G B"])
def test_IC_059_no_mailbox_becomes_an_address_with_such_a_country(country: str) -> None:
    found = mailbox_to_oraddress(f'"/S=x/PRMD=P/ADMD=A/C={country}/"@mixer.example.org', SETTINGS, Role.RECIPIENT).result
    assert found.country == "XX"
    assert found.domain_defined[0][0] == "RFC-822"


def test_IC_059_a_heading_with_such_an_address_is_text_and_the_message_goes_on() -> None:
    text = in_heading(address(country="U", surname="x"), "Joe Doe")
    assert text.startswith("Joe Doe /S=x/PRMD=P/ADMD=A/C=U/: (not replyable: ")
    assert "not replyable" in text
    assert not mailboxes_in(text)


def test_IC_059_a_reply_to_all_takes_such_an_address_as_a_name_and_to_nobody() -> None:
    shown = in_heading(address(country="U", surname="x"))
    (back,) = descriptors_from_text(shown, Scope(context=CONTEXT))
    assert back.formal_name is None
    assert back.free_form_name is not None and b"/C=U/" in back.free_form_name


def test_IC_059_an_attribute_that_holds_no_mailbox_is_text_too() -> None:
    text = in_heading(with_dda(("RFC-822", "x(013)(010)Bcc: y(a)z")))
    assert not mailboxes_in(text)
    assert "\r" not in text and "\n" not in text
    assert "/RFC-822=x(013)(010)Bcc: y(a)z/" in text


def test_IC_059_a_recipient_with_a_country_of_one_letter_is_1_11() -> None:
    assert refusal(address(country="U", surname="x")).diagnostic == 11


def test_IC_060_a_numeric_country_is_looked_up_by_its_letters_and_stays_as_it_came() -> None:
    french = ORAddress(country="208", admd="ATLAS", prmd="FRENCH", surname="x")
    assert to_internet(french) == "x@french.example"
    unknown = replace(french, prmd="OTHER")
    assert to_internet(unknown) == "/S=x/PRMD=OTHER/ADMD=ATLAS/C=208/@mixer.example.org"
    assert to_x400(to_internet(unknown)) == "/S=x/PRMD=OTHER/ADMD=ATLAS/C=208/"
    assert oraddress_from_orname(orname_from_oraddress(unknown)) == unknown


def test_IC_060_a_numeric_country_is_routed_as_its_letters() -> None:
    peer = Peer(name="fr", ours=Credentials(mta_name="A"), theirs=Credentials(mta_name="B"), routes=(from_text("/ADMD=ATLAS/C=FR/"),))
    assert X400Router((peer,)).route(ORAddress(country="208", admd="ATLAS", surname="x")) == "fr"


# X.121 numbers have 15 digits in the case and in X.411 (1988); X.411 (1992) allows 16.
OVER = [
    ("country", "XXXX"), ("admd", "A" * 17), ("prmd", "P" * 17), ("organization", "O" * 65), ("organizational_units", ("U" * 33,)),
    ("organizational_units", tuple("abcde")), ("surname", "S" * 41), ("given_name", "G" * 17), ("initials", "I" * 6),
    ("generation", "Q" * 4), ("domain_defined", (("T" * 9, "v"),)), ("domain_defined", (("T", "v" * 129),)), ("x121", "1" * 17),
    ("numeric_user_id", "1" * 33), ("terminal_id", "T" * 25),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), OVER)
def test_IC_061_an_address_over_a_bound_is_shown_unchanged_in_a_heading(name: str, value: object) -> None:
    over = address(**{"surname": "x", name: value})
    text = in_heading(over)
    assert not mailboxes_in(text)
    assert "(not replyable: " in text
    assert from_text(text.partition(": (")[0].strip('"')).key() == over.key()


def test_IC_061_what_is_more_than_four_times_its_bound_is_cut_off_with_a_note() -> None:
    scope = Scope(context=CONTEXT)
    for times, cut in ((4, False), (5, True)):
        over = ORDescriptor(formal_name=orname_from_oraddress(address(surname="S" * 40 * times)))
        shown = text_from_descriptor(over, scope).partition(": (")[0].strip('"')
        assert from_text(shown).surname == "S" * 160
        assert any("four times the bound: surname" in note.text for note in scope.notes.taken()) == cut


@pytest.mark.parametrize(("name", "value"), OVER)
def test_IC_061_no_mailbox_becomes_an_address_over_a_bound(name: str, value: object) -> None:
    text = to_text(address(**{"surname": "x", name: value}))
    assert mailbox_to_oraddress(f'"{text}"@mixer.example.org', SETTINGS).result.domain_defined[0][0] == "RFC-822"


@pytest.mark.parametrize(("name", "value"), OVER)
def test_IC_061_an_envelope_recipient_over_a_bound_is_1_11(name: str, value: object) -> None:
    assert refusal(address(**{"surname": "x", name: value})).diagnostic == 11


@pytest.mark.parametrize("dda", [("", ""), ("ID", ""), ("", "x")])
def test_IC_062_an_empty_domain_defined_attribute_is_never_sent(dda: tuple[str, str]) -> None:
    text = to_text(address(surname="x", domain_defined=(dda,)))
    sent = mailbox_to_oraddress(f'"{text}"@mixer.example.org', SETTINGS).result
    assert all(type_ and value for type_, value in sent.domain_defined)


def test_IC_062_an_empty_value_stays_in_a_heading() -> None:
    assert "/DD.ID=/" in in_heading(address(surname="x", domain_defined=(("ID", ""),)))


def test_IC_062_an_entirely_empty_attribute_is_dropped() -> None:
    assert in_heading(address(surname="x", domain_defined=(("", ""),))) == in_heading(address(surname="x"))


def test_IC_062_a_recipient_with_an_empty_value_is_1_11() -> None:
    assert refusal(address(surname="x", domain_defined=(("ID", ""),))).diagnostic == 11


# --- IC-063 to IC-066: text in domain-defined attributes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "/C=us/A=MCI/P=microsoft/O=PSS/DDA.MS=net$/po$/mailbox",
        "/C=us/A=MCI/P=microsoft/O=PSS/DDA.MS=net//po//mailbox/",
        "/C=us/A=MCI/P=microsoft/O=PSS/DDA.MS=net\\/po\\/mailbox/",
        "C=us;A=MCI;P=microsoft;O=PSS;DDA:MS=net/po/mailbox",
        "C=us;A=MCI;P=microsoft;O=PSS;DDA:MS=net$/po$/mailbox;",
    ],
)
def test_IC_063_every_escape_of_a_slash_is_read_as_one_slash(text: str) -> None:
    found = oraddress_from(text)
    assert found.domain_defined == (("MS", "net/po/mailbox"),)
    assert to_text(found) == "/DD.MS=net$/po$/mailbox/O=PSS/PRMD=microsoft/ADMD=MCI/C=us/"


def test_IC_063_a_slash_needs_no_escape_between_semicolons() -> None:
    assert oraddress_from("C=CH;A=ARCOM;P=X;G=URS / F;S=MUELLER").given_name == "URS / F"


def test_IC_063_an_address_with_slashes_comes_back_with_single_ones() -> None:
    there = to_internet(with_dda(("MS", "net/po/mailbox")))
    assert there.count("$/") == 2
    assert map_smtp_recipient(there, CONTEXT).result.domain_defined == (("MS", "net/po/mailbox"),)


def test_IC_064_decoding_is_one_pass_only() -> None:
    assert ps_decode("(040)a(041)") == "(a)"
    assert ps_decode(ps_encode("first(u)last(a)x")) == "first(u)last(a)x"
    for damaged in ("first(040)u(041)last(a)domain.example", "first(l)u(r)last(a)domain.example"):
        assert refusal(with_dda(("RFC-822", damaged))).status == "5.1.1"


def test_IC_064_an_address_that_crosses_twice_is_escaped_once() -> None:
    assert to_x400("first_last@domain.example") == f"/RFC-822=first(u)last(a)domain.example{OURS}"
    there = to_internet(with_dda(("RFC-822", "first(u)last(a)domain.example")))
    assert there == "first_last@domain.example"
    again = map_smtp_recipient(there, CONTEXT).result
    assert again.domain_defined == (("RFC-822", "first(u)last(a)domain.example"),)


def test_IC_065_an_at_sign_always_leaves_as_an_escape() -> None:
    for mailbox in ("user@domain.example", '"a@b"@domain.example', "@relay.example:user@domain.example"):
        assert "@" not in to_x400(mailbox)


@pytest.mark.parametrize("value", ["user@domain.example", "first_last@domain.example", "first_last(a)domain.example"])
def test_IC_065_raw_signs_are_read_where_people_write_them(value: str) -> None:
    found = oraddress_from(f"C=XX;A=A;P=P;O=GW;DDA:RFC-822={value}")
    assert to_internet(found) == value.replace("(a)", "@")


@pytest.mark.parametrize("value", ["user@domain.example", "first_last@domain.example", "first_last(a)domain.example"])
def test_IC_065_raw_signs_are_read_on_the_wire(value: str) -> None:
    assert to_internet(with_dda(("RFC-822", value))) == value.replace("(a)", "@")


@pytest.mark.parametrize("label", ["RFC-822", "rfc-822", "Rfc-822"])
def test_IC_066_the_label_is_known_in_any_case_and_sent_as_rfc_822(label: str) -> None:
    assert to_internet(with_dda((label, "joe(a)domain.example"))) == "joe@domain.example"
    assert "/RFC-822=joe(a)domain.example/" in to_x400("joe@domain.example")


def test_IC_066_the_label_smtp_is_relayed_untouched() -> None:
    relayed = with_dda(("SMTP", "joe(a)domain.example"))
    assert map_smtp_recipient(to_internet(relayed), CONTEXT).result == relayed


def test_IC_066_the_label_smtp_can_be_known_too() -> None:
    name = with_dda(("SMTP", "joe(a)domain.example"), ("MSXENCAP", "SMTP"))
    from_exchange = SETTINGS.towards(PeerPolicy(internet_labels=frozenset({"SMTP"})))
    assert map_x400_recipient(name, replace(CONTEXT, settings=from_exchange)).result.address == "joe@domain.example"


def test_IC_066_the_label_that_is_sent_is_the_peers() -> None:
    to_exchange = replace(CONTEXT, settings=SETTINGS.towards(PeerPolicy(internet_label="SMTP")))
    assert to_x400("joe@domain.example", to_exchange) == f"/DD.SMTP=joe(a)domain.example{OURS}"
    name = map_smtp_recipient("joe@domain.example", to_exchange).result
    assert map_x400_recipient(name, to_exchange).result.address == "joe@domain.example"


def test_IC_064_what_is_escaped_twice_can_be_repaired() -> None:
    repairing = replace(CONTEXT, settings=SETTINGS.towards(PeerPolicy(repair_double_escapes=True)))
    for value in ("first(040)u(041)last(a)domain.example", "first(l)u(r)last(l)a(r)domain.example", "first(u)last(a)domain.example"):
        assert map_x400_recipient(with_dda(("RFC-822", value)), repairing).result.address == "first_last@domain.example"


# --- IC-067 to IC-071: which address is made, and whose it is ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mailbox", "routing"),
    [("joe@anywhere.example", ("XX", "A", "P", "GW")), ("joe@gated.example", ("XX", "DEMO", "GATED", "Gate"))],
)
def test_IC_067_wrapped_addresses_carry_all_routing_attributes(mailbox: str, routing: tuple[str, ...]) -> None:
    found = map_smtp_recipient(mailbox, CONTEXT).result
    assert (found.country, found.admd, found.prmd, found.organization) == routing
    assert within(found, (replace(found, domain_defined=()),))


def test_IC_068_third_parties_get_no_invented_domain() -> None:
    other = "/G=another/S=user/PRMD=prmd/ADMD=mci/C=us/"
    assert to_internet(other) == f"{other}@mixer.example.org"
    assert in_heading(from_text(other)) == f"{other}@mixer.example.org"


@pytest.mark.parametrize("role", list(Role))
def test_IC_069_encapsulation_is_at_the_gateways_own_domain(role: Role) -> None:
    sender = from_text("/S=Sender/PRMD=prmd/ADMD=admd/C=gb/")
    assert oraddress_to_mailbox(sender, SETTINGS, role).address == "/S=Sender/PRMD=prmd/ADMD=admd/C=gb/@mixer.example.org"


@pytest.mark.parametrize("mailbox", ["user@example.com", "user@mail.example.org", "user@a.fr", "user@b.co.uk"])
def test_IC_070_no_country_is_made_of_a_top_level_domain(mailbox: str) -> None:
    found = map_smtp_recipient(mailbox, CONTEXT).result
    assert replace(found, domain_defined=()) == SETTINGS.gateway_oraddress


def test_IC_071_a_missing_prmd_matches_neither_rule_nor_route_nor_user(tmp_path: Path) -> None:
    local, foreign = from_text("/S=USER1/PRMD=COMPANY/ADMD=PTT/C=US/"), from_text("/S=USER1/ADMD=PTT/C=US/")
    assert to_internet(local) == "USER1@company.example"
    assert to_internet(foreign) == "/S=USER1/ADMD=PTT/C=US/@mixer.example.org"
    assert not within(foreign, (from_text("/PRMD=COMPANY/ADMD=PTT/C=US/"),))
    (tmp_path / "users.csv").write_text(f"mailbox,oraddress\nuser1@company.example,{to_text(local)}\n", encoding="utf-8")
    compile_users((tmp_path / "users.csv",), tmp_path / "compiled")
    users = UserDirectory(tmp_path / "compiled")
    assert users.of_oraddress(local) is not None
    assert users.of_oraddress(foreign) is None
    assert users.of_mailbox(Mailbox(local="user", domain="company.example")) is None


# --- IC-072 to IC-075: forms ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keyword", ["X.121", "X121", "x121", "x.121"])
def test_IC_072_both_spellings_of_x121_are_read(keyword: str) -> None:
    found = oraddress_from(f"C=FR;A=ATLAS;{keyword}=93312345678")
    assert found.x121 == "93312345678"
    # The case asks to print X.121; RFC 2156 4.1.1 has that as an alternative keyword for input, and X121 for output.
    assert to_text(found) == "/X121=93312345678/ADMD=ATLAS/C=FR/"


def test_IC_072_an_x121_recipient_is_the_same_in_envelope_and_heading() -> None:
    mailbox = "/X121=93312345678/ADMD=ATLAS/C=FR/@mixer.example.org"
    raw = f"From: a@example.org\r\nTo: {mailbox}\r\nSubject: s\r\n\r\nx\r\n".encode()
    envelope = SmtpEnvelope(reverse_path="a@example.org", recipients=(SmtpRecipient(address=mailbox),))
    message = message_to_x400(parse(MemoryOctets(raw)), envelope, (1,), CONTEXT).result.message
    assert message is not None
    content = decode(message.content.read(0, len(message.content)), InformationObject)
    assert content.ipm is not None
    (heading,) = content.ipm.heading.primary_recipients
    assert heading.recipient.formal_name == message.envelope.per_recipient_fields[0].recipient_name
    assert oraddress_from_orname(heading.recipient.formal_name).x121 == "93312345678"
    assert encode(heading)


@pytest.mark.parametrize("attribute", ["X121=93312345678", "N-ID=123456"])
def test_IC_073_a_numeric_form_with_prmd_cannot_go_to_1984(attribute: str) -> None:
    mailbox = f"/{attribute}/PRMD=P/ADMD=A/C=XX/@mixer.example.org"
    assert map_smtp_recipient(mailbox, CONTEXT)
    with pytest.raises(ConversionError) as refused:
        map_smtp_recipient(mailbox, TO_1984)
    assert refused.value.failure.diagnostic == 47


@pytest.mark.parametrize("attribute", ["X121=93312345678", "N-ID=123456"])
def test_IC_073_without_prmd_it_can(attribute: str) -> None:
    assert map_smtp_recipient(f"/{attribute}/ADMD=A/C=XX/@mixer.example.org", TO_1984)


@pytest.mark.parametrize("attribute", ["X121=93312345678", "N-ID=123456"])
def test_IC_073_a_peer_can_be_sent_it_without_the_prmd(attribute: str) -> None:
    policy = PeerPolicy(x400_version=84, drop_numeric_prmd=True)
    dropping = replace(CONTEXT, settings=SETTINGS.towards(policy), policy=policy)
    mailbox = f"/{attribute}/PRMD=P/ADMD=A/C=XX/@mixer.example.org"
    assert to_x400(mailbox, dropping) == to_x400(f"/{attribute}/ADMD=A/C=XX/@mixer.example.org", dropping)
    (heading,) = descriptors_from_text(mailbox, Scope(context=dropping))
    assert heading.formal_name is not None and to_text(oraddress_from_orname(heading.formal_name)) == to_x400(mailbox, dropping)
    assert "/PRMD=P/" in to_x400("/S=x/PRMD=P/ADMD=A/C=XX/@mixer.example.org", dropping)


def test_IC_074_no_character_is_replaced_by_another() -> None:
    assert to_x400("a&b@partner.example").startswith("/RFC-822=a(038)b(a)partner.example/")
    odd = address(organization="A & B", surname="x")
    assert map_smtp_recipient(to_internet(odd), CONTEXT).result.teletex_organization == b"A & B"
    with pytest.raises(ConversionError) as refused:
        map_smtp_recipient("\u00f8re@partner.example", CONTEXT)
    assert refused.value.failure.status == "5.6.7"
    danish = address(teletex_surname="S\u00f8rensen".encode("latin-1"), surname="Soerensen")
    assert map_smtp_recipient(to_internet(danish), CONTEXT).result == danish


@pytest.mark.parametrize("key", ["dda:rfc-822", "DDA.RFC-822", "DD.RFC-822", "dd:rfc-822", "RFC-822"])
@pytest.mark.parametrize(
    "form",
    ["[X400:c=fr;a=atlas;{}=user@example.com]", "X400:c=fr;a=atlas;{}=user@example.com", "/{}=user@example.com/A=atlas/C=fr/"],
)
def test_IC_075_only_the_leading_colon_ends_a_type(form: str, key: str) -> None:
    text = form.format(key)
    assert is_oraddress(text)
    found = oraddress_from(text)
    assert (found.country, found.admd, found.domain_defined[0][1]) == ("fr", "atlas", "user(a)example.com")
    assert to_internet(found) == "user@example.com"
