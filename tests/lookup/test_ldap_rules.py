"""Names and attributes of RFC 2164 and 2294."""

from __future__ import annotations

import re

import pytest
import yaml

from gateway.errors import ConfigurationError
from gateway.internet.addresses import Mailbox
from gateway.lookup.ldap import LDAPSettings, LDAPSource, LDAPUsers
from gateway.lookup.ldap_rules import DirectoryEntryError, length_below, levels_from_name, paths_of, rule_of
from gateway.lookup.ldap_users import Found, filter_of, text_forms, user_of
from gateway.mixer.mcgam import MappingTable
from gateway.mixer.questions import NO_MATCH, DomainRule, ORAddressRule, Source, Unreachable, UserOfMailbox, UserOfORAddress, UserPair
from gateway.mixer.stdor import from_text
from tests.lookup.servers import free_port
from tests.shared import require_shared

COLLECTION = "OU=MIXER MCGAMs, O=Zydeco Plc, C=GB"
JANE = from_text("/G=Jane/S=Doe/OU=Low/OU=Top/O=Acme/PRMD=P/ADMD= /C=GB/")


def domain(name: str) -> DomainRule:
    return DomainRule(source=Source.LDAP, domain=name)


def hierarchy(*levels: str | None) -> ORAddressRule:
    return ORAddressRule(source=Source.LDAP, levels=levels)


def test_the_entries_are_those_that_rfc_2164_names() -> None:
    vectors = {one["id"]: one for one in yaml.safe_load((require_shared() / "vectors" / "addresses.yaml").read_text())}
    for name, question in (("TB-24", hierarchy("FI", "Mailnet", "Isode")), ("TB-25", domain("ISODE.COM"))):
        (path,) = paths_of(question)
        shown = path.name(len(path.names), vectors[name]["input"]["collection"])
        assert re.sub(r",\s*", ",", shown) == re.sub(r",\s*", ",", vectors[name]["expected"])


def test_an_omitted_level_has_an_entry_that_names_its_type_or_none_at_all() -> None:
    marked, plain = paths_of(hierarchy("tc", "ecq", None, "hne"))
    assert marked.names == ("MHS-O=hne", "oRAddressComponentType=1.3.6.1.4.1.453.7.2.2.10", "ADMD=ecq", "C=tc")
    assert plain.names == ("MHS-O=hne", "ADMD=ecq", "C=tc") and plain.depth(3) == 4 and plain.depth(2) == 2


def test_values_are_quoted_in_names() -> None:
    (path,) = paths_of(hierarchy("gb", " ", "a, b+c"))
    assert path.names == (r"PRMD=a\, b\+c", r"ADMD=\ ", "C=gb")
    assert levels_from_name(path.name(3, "")[: -len(",CN=X.400 to RFC 822,")]) == ("gb", " ", "a, b+c")


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("PRMD=Isode, ADMD=Mailnet, C=FI", ("FI", "Mailnet", "Isode")),
        ("1.3.6.1.4.1.453.7.2.2.10=Isode,aDMDName=Mailnet,countryName=FI", ("FI", "Mailnet", "Isode")),
        ("MHS-OU=b,MHS-OU=a,MHS-O=o,oRAddressComponentType=1.3.6.1.4.1.453.7.2.2.10,ADMD=x,C=gb", ("gb", "x", None, "o", "a", "b")),
        ("MHS-O=o,ADMD=x,C=gb", ("gb", "x", None, "o")),
    ],
)
def test_an_associated_oraddress_is_a_hierarchy(name: str, levels: tuple[str | None, ...]) -> None:
    assert levels_from_name(name) == levels


FIVE_UNITS = ",".join(["MHS-OU=x"] * 5 + ["MHS-O=o,PRMD=p,ADMD=a,C=gb"])


@pytest.mark.parametrize("name", ["", "PRMD=x", "C=gb,ADMD=a", "CN=x,C=gb", "no name", "ADMD=a+PRMD=p,C=gb", FIVE_UNITS])
def test_what_is_no_hierarchy_is_refused(name: str) -> None:
    with pytest.raises(DirectoryEntryError):
        levels_from_name(name)


def test_the_longest_match_is_told_by_the_matched_name() -> None:
    (path,) = paths_of(hierarchy("fi", "mailnet", "isode"))
    assert length_below("admd=Mailnet,c=FI,cn=x.400 to rfc 822,ou=MIXER MCGAMs,o=Zydeco Plc,c=GB", path, COLLECTION) == 2
    assert length_below("cn=X.400 to RFC 822,ou=MIXER MCGAMs,o=Zydeco Plc,c=GB", path, COLLECTION) == 0
    assert length_below("o=Zydeco Plc,c=GB", path, COLLECTION) is None and length_below("", path, COLLECTION) is None


def test_what_an_entry_says() -> None:
    rule = rule_of(domain("a.isode.com"), 2, {"associatedoraddress": ["PRMD=Isode,ADMD=Mailnet,C=FI"]}, "here")
    assert rule is not None and rule.entry.domain == "isode.com" and rule.table is MappingTable.DOMAIN_TO_ORADDRESS
    gateway = rule_of(domain("x.fr"), 1, {"associatedX400Gateway": ["/CN=gw/O=o/ADMD=a/C=FR/", "/CN=zz/ADMD=a/C=FR/"]}, "here")
    assert gateway is not None and gateway.entry.levels == ("FR", "a", None, "o") and gateway.entry.others == (("CN", "gw"),)
    back = rule_of(hierarchy("fi", "mailnet", "isode", "x"), 3, {"associatedInternetGateway": ["gw.isode.com"]}, "here")
    assert back is not None and back.is_gateway and back.entry.levels == ("fi", "mailnet", "isode")
    assert rule_of(domain("x.fr"), 1, {"objectClass": ["top"]}, "here") is None
    with pytest.raises(DirectoryEntryError):
        rule_of(hierarchy("fi"), 1, {"associatedDomain": ["a b\r\n"]}, "here")


# --- users -------------------------------------------------------------------------------------------------------------------------

USERS = LDAPUsers(base="o=Acme,c=GB", domains=("example.org",))


def test_a_user_is_looked_for_with_everything_quoted_and_only_where_configured() -> None:
    odd = UserOfMailbox(source=Source.LDAP, mailbox=Mailbox(local="a*)(mail=*", domain="sub.Example.org"))
    assert filter_of(USERS, odd) == r'(mail="a\2a\29\28mail=\2a"@sub.Example.org)'
    assert filter_of(USERS, UserOfMailbox(source=Source.LDAP, mailbox=Mailbox(local="a", domain="badexample.org"))) is None


def test_an_oraddress_is_looked_for_in_the_usual_forms() -> None:
    assert text_forms(JANE) == (
        "/G=Jane/S=Doe/OU=Low/OU=Top/O=Acme/PRMD=P/ADMD= /C=GB/",
        "G=Jane; S=Doe; O=Acme; OU1=Top; OU2=Low; P=P; A= ; C=GB",
        "G=Jane;S=Doe;O=Acme;OU1=Top;OU2=Low;P=P;A= ;C=GB",
    )
    assert all(from_text(form) == JANE for form in text_forms(JANE))


def test_entries_that_only_look_alike_are_not_the_user() -> None:
    question = UserOfORAddress(source=Source.LDAP, key=JANE.key(), address=JANE)
    entry = Found(name="cn=Jane", attributes={"MAIL": ("jane@example.org",), "mhsoraddresses": (text_forms(JANE)[1],)})
    other = Found(name="cn=John", attributes={"mail": ("john@example.org",), "mhsORAddresses": ("/S=Roe/O=Acme/ADMD=a/C=GB/", "?")})
    assert user_of(USERS, question, [other]) == NO_MATCH
    found = user_of(USERS, question, [entry, other])
    assert isinstance(found, UserPair) and found.mailbox.address == "jane@example.org" and found.where == "cn=Jane"
    twin = Found(name="cn=Twin", attributes={"mail": ("twin@example.org",), "mhsORAddresses": (text_forms(JANE)[0],)})
    assert user_of(USERS, question, [entry, twin]) == NO_MATCH, "two users of one address: nobody knows which"


async def test_a_server_that_is_not_there_is_unreachable_and_left_alone_for_a_while() -> None:
    source = LDAPSource(LDAPSettings(urls=(f"ldap://127.0.0.1:{free_port()}",), collections=(COLLECTION,), timeout_seconds=0.5))
    for question in (domain("x.fr"), hierarchy("fr")):
        assert isinstance(await source.answer(question), Unreachable)
        assert not source.cached(question)


def test_urls_are_checked() -> None:
    with pytest.raises(ConfigurationError, match="ldap://host:port"):
        LDAPSource(LDAPSettings(urls=("http://x",)))
