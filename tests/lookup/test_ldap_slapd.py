"""LDAP look-ups against a real slapd with the tree that RFC 2164 draws."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.internet.addresses import Mailbox
from gateway.lookup.ldap import LDAPSettings, LDAPSource, LDAPUsers
from gateway.mixer.mcgam import MappingTable
from gateway.mixer.questions import NO_MATCH, DomainRule, ORAddressRule, Rule, Source, Unreachable, UserOfMailbox, UserOfORAddress, UserPair
from gateway.mixer.stdor import from_text
from tests.lookup.servers import Slapd

pytestmark = pytest.mark.peer

ZYDECO = "OU=MIXER MCGAMs, O=Zydeco Plc, C=GB"
OTHER = "OU=Other MCGAMs, O=Zydeco Plc, C=GB"


def entry(name: str, *classes: str, **attributes: str) -> str:
    lines = [f"dn: {name}", *(f"objectClass: {one}" for one in classes)]
    lines += [f"{key.replace('_', '-')}: {value}" for key, value in attributes.items()]
    return "\n".join(lines) + "\n\n"


def tree() -> str:
    x400, domains = f"CN=X.400 to RFC 822,{ZYDECO}", f"CN=RFC 822 to X.400,{ZYDECO}"
    found = entry("c=GB", "country", c="GB") + entry("o=Zydeco Plc,c=GB", "organization", o="Zydeco Plc")
    for collection, unit in ((ZYDECO, "MIXER MCGAMs"), (OTHER, "Other MCGAMs")):
        found += entry(collection, "organizationalUnit", ou=unit)
        for name in ("X.400 to RFC 822", "RFC 822 to X.400"):
            found += entry(f"CN={name},{collection}", "applicationProcess", cn=name)
    found += entry(f"C=FI,{x400}", "country", c="FI")
    found += entry(f"ADMD=Mailnet,C=FI,{x400}", "aDMD", "x400ToRFC822Mapping", ADMD="Mailnet", associatedInternetGateway="gw.mailnet.fi")
    found += entry(f"PRMD=Isode,ADMD=Mailnet,C=FI,{x400}", "pRMD", "x400ToRFC822Mapping", PRMD="Isode", associatedDomain="isode.com")
    found += entry(f"MHS-O=Node,PRMD=Isode,ADMD=Mailnet,C=FI,{x400}", "mHSOrganization", MHS_O="Node")
    found += entry(f"C=TC,{x400}", "country", c="TC") + entry(f"ADMD=ECQ,C=TC,{x400}", "aDMD", ADMD="ECQ")
    found += entry(
        f"oRAddressComponentType=1.3.6.1.4.1.453.7.2.2.10,ADMD=ECQ,C=TC,{x400}", "omittedORAddressComponent",
        oRAddressComponentType="1.3.6.1.4.1.453.7.2.2.10",
    )  # fmt: skip
    found += entry(
        f"MHS-O=HNE,oRAddressComponentType=1.3.6.1.4.1.453.7.2.2.10,ADMD=ECQ,C=TC,{x400}", "mHSOrganization", "x400ToRFC822Mapping",
        MHS_O="HNE", associatedDomain="hne.egm",
    )  # fmt: skip
    found += entry(f"C=DE,{x400}", "country", c="DE") + f"dn: ADMD=\\ ,C=DE,{x400}\nobjectClass: aDMD\n"
    found += "objectClass: x400ToRFC822Mapping\nADMD:: IA==\nassociatedDomain: blank.de\n\n"
    found += entry(f"dc=COM,{domains}", "rFC822ToX400Mapping", dc="COM")
    found += entry(f"dc=ISODE,dc=COM,{domains}", "rFC822ToX400Mapping", dc="ISODE", associatedORAddress="PRMD=Isode,ADMD=Mailnet,C=FI")
    found += entry(f"dc=FR,{domains}", "rFC822ToX400Mapping", dc="FR", associatedX400Gateway="/O=gw/ADMD=atlas/C=FR/")
    found += entry(f"dc=COM,CN=RFC 822 to X.400,{OTHER}", "rFC822ToX400Mapping", dc="COM", associatedORAddress="ADMD=com,C=US")
    for name, address in (("Jane", "G=Jane; S=Doe; O=Zydeco; P=Z; A=x; C=GB"), ("Joe", "/S=Roe/O=Zydeco/PRMD=Z/ADMD=x/C=GB/")):
        mail = f"{name}@zydeco.example"
        found += entry(f"cn={name},o=Zydeco Plc,c=GB", "testUser", cn=name, mail=mail, mhsORAddresses=address)
    return found


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Slapd:
    return Slapd(tmp_path_factory.mktemp("slapd"), tree())


@pytest.fixture(scope="module")
def slapd(directory: Slapd) -> Iterator[Slapd]:
    with directory.running():
        yield directory


def source(slapd: Slapd, **options: object) -> LDAPSource:
    users = LDAPUsers(base="o=Zydeco Plc,c=GB")
    return LDAPSource(LDAPSettings(urls=(slapd.url,), collections=(OTHER, ZYDECO), users=users, **options))  # type: ignore[arg-type]


async def by_domain(slapd: Slapd, domain: str) -> object:
    return await source(slapd).answer(DomainRule(source=Source.LDAP, domain=domain))


async def by_levels(slapd: Slapd, *levels: str | None) -> object:
    return await source(slapd).answer(ORAddressRule(source=Source.LDAP, levels=levels))


async def test_the_examples_of_rfc_2164(slapd: Slapd) -> None:
    found = await by_domain(slapd, "isode.com")
    assert isinstance(found, Rule) and found.entry.levels == ("FI", "Mailnet", "Isode") and found.entry.domain == "isode.com"
    back = await by_levels(slapd, "fi", "mailnet", "isode")
    assert isinstance(back, Rule) and back.entry.domain == "isode.com" and back.table is MappingTable.ORADDRESS_TO_DOMAIN


async def test_the_longest_match_counts_over_all_collections(slapd: Slapd) -> None:
    deep = await by_domain(slapd, "a.b.isode.com")
    assert isinstance(deep, Rule) and deep.entry.domain == "isode.com", "the other collection, though first, only has com"
    short = await by_domain(slapd, "example.com")
    assert isinstance(short, Rule) and short.entry.levels == ("US", "com")


async def test_gateways_and_nodes_that_say_nothing(slapd: Slapd) -> None:
    gateway = await by_domain(slapd, "x.fr")
    assert isinstance(gateway, Rule) and gateway.table is MappingTable.DOMAIN_TO_GATEWAY
    assert gateway.entry.levels == ("FR", "atlas", None, "gw")
    back = await by_levels(slapd, "fi", "mailnet", "unknown", "o")
    assert isinstance(back, Rule) and back.table is MappingTable.ORADDRESS_TO_GATEWAY and back.entry.levels == ("fi", "mailnet")
    above = await by_levels(slapd, "fi", "mailnet", "isode", "node", "unit")
    assert isinstance(above, Rule) and above.entry.domain == "isode.com", "O=Node is there and has no rule: the one above counts"


async def test_omitted_and_blank_levels(slapd: Slapd) -> None:
    omitted = await by_levels(slapd, "tc", "ecq", None, "hne", "zi")
    assert isinstance(omitted, Rule) and omitted.entry.domain == "hne.egm" and omitted.entry.levels == ("tc", "ecq", None, "hne")
    blank = await by_levels(slapd, "de", " ", "prmd")
    assert isinstance(blank, Rule) and blank.entry.domain == "blank.de"


async def test_nothing_there_is_no_match(slapd: Slapd) -> None:
    assert await by_domain(slapd, "nothing.org") == NO_MATCH
    assert await by_levels(slapd, "aq", "x") == NO_MATCH


async def test_users_both_ways(slapd: Slapd) -> None:
    one = source(slapd)
    found = await one.answer(UserOfMailbox(source=Source.LDAP, mailbox=Mailbox(local="jane", domain="zydeco.example")))
    assert isinstance(found, UserPair) and found.oraddress == from_text("/G=Jane/S=Doe/O=Zydeco/PRMD=Z/ADMD=x/C=GB/")
    joe = from_text("/S=ROE/O=zydeco/PRMD=Z/ADMD=x/C=gb/")
    for address, mailbox in ((found.oraddress, "Jane@zydeco.example"), (joe, "Joe@zydeco.example")):
        question = UserOfORAddress(source=Source.LDAP, key=address.key(), address=address)
        back = await one.answer(question)
        assert isinstance(back, UserPair) and back.mailbox.address == mailbox
        assert one.cached(question)
    assert await one.answer(UserOfMailbox(source=Source.LDAP, mailbox=Mailbox(local="x", domain="zydeco.example"))) == NO_MATCH


async def test_everything_but_a_clear_answer_is_unreachable(slapd: Slapd) -> None:
    question = DomainRule(source=Source.LDAP, domain="isode.com")
    refused = source(slapd, bind_name="cn=admin,c=GB", bind_password="wrong")
    assert isinstance(await refused.answer(question), Unreachable)
    assert isinstance(await source(slapd, bind_name="cn=admin,c=GB", bind_password="geheim").answer(question), Rule)
    assert isinstance(await source(slapd, start_tls=True).answer(question), Unreachable), "slapd has no certificate here"
    elsewhere = LDAPSource(LDAPSettings(urls=("ldap://127.0.0.1:9", slapd.url), collections=("o=not here,c=DE",)))
    found = await elsewhere.answer(question)
    assert found == NO_MATCH, "a collection that does not exist holds nothing; the second server was asked"


async def test_a_server_that_was_started_again_is_used_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    again = Slapd(tmp_path_factory.mktemp("again"), tree())
    one = source(again, cache_seconds=0)
    question = DomainRule(source=Source.LDAP, domain="isode.com")
    with again.running():
        assert isinstance(await one.answer(question), Rule)
    with again.running():
        assert isinstance(await one.answer(question), Rule), "the kept connection is dead, a fresh one is made"
    assert isinstance(await one.answer(question), Unreachable)
    one.close()
