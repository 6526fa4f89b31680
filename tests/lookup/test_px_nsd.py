"""PX look-ups against a real name server (NSD) with the zones that RFC 2163 prints (4.3, 5.1)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.lookup.px import PXResolver
from gateway.mixer.address import mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.mcgam import MappingTable, MappingTables, load
from gateway.mixer.policy import GlobalDomain, Settings
from gateway.mixer.px import record_of_entry
from gateway.mixer.questions import NO_MATCH, DomainRule, ORAddressRule, Rule, Source, Unreachable
from gateway.mixer.stdor import from_text
from tests.lookup.servers import nsd

pytestmark = pytest.mark.peer

ZONES = {
    "it": """
*.ADMD-acme.X42D.it.               IN  PX  50  it. ADMD-acme.C-it.
*.PRMD-accred.ADMD-tx400.X42D.it.  IN  PX  50  accred.it. PRMD-accred.ADMD-tx400.C-it.
*.O-u-h-newcity.PRMD-x4net.ADMDb.X42D.it. IN PX 50 cs.ncty.it. O-u-h-newcity.PRMD-x4net.ADMDb.C-it.
*.nrc.it.    IN  PX  50   nrc.it. PRMD-nrc.ADMD-acme.C-it.
*.cce.nrc.it.  IN PX 50   cce.nrc.it.  O-cce.PRMD-nrc.ADMD-acme.C-it.
*.bd.it.     IN  PX  50   bd.it. PRMD-uk-d-bd.ADMDb.C-it.
*.PRMD-Super-b-Inc.ADMDb.X42D.it.  IN  PX  50 GlobalGw.it. PRMD-Super-b-Inc.ADMDb.C-it.G.
my.it.  IN PX 50  my.it. OU-int-h-gw.O.PRMD-ninp.ADMD-acme.C-it.G.
""",
    "mw": "*.mw. IN PX 50 mw. O-cce.PRMD-nrc.ADMD-acme.C-it.G.\n",
    "de": "*.ADMD-pkz.X42D.de. IN PX 50 pkz.de. ADMD-pkz.C-de.\n",
}
LINES = {"domain-to-oraddress": [("t", "sub.ours.org#PRMD$Ours \\. Co.ADMD$ .C$GB#\n")]}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    (entry,) = load(LINES).by_domain.values()
    ours = record_of_entry(MappingTable.DOMAIN_TO_ORADDRESS, entry)
    with nsd(tmp_path_factory.mktemp("nsd"), {**ZONES, "org": ours + "\n"}) as found:
        yield found


def resolver(port: int) -> PXResolver:
    return PXResolver(nameservers=["127.0.0.1"], port=port, lifetime_seconds=5)


def settings(rule: Rule) -> Settings:
    return Settings(
        gateway_domain="gw.example.org", gateway_oraddress=from_text("/O=gw/ADMD=a/C=gb/"),
        global_domain=GlobalDomain(country="gb"), mta_name="gw", tables=MappingTables().overlaid(rule.table, [rule.entry]),
    )  # fmt: skip


async def rule_of_domain(port: int, domain: str) -> Rule:
    found = await resolver(port).answer(DomainRule(source=Source.PX, domain=domain))
    assert isinstance(found, Rule)
    return found


async def rule_of_levels(port: int, *levels: str | None) -> Rule:
    found = await resolver(port).answer(ORAddressRule(source=Source.PX, levels=levels))
    assert isinstance(found, Rule)
    return found


async def test_the_query_example_of_5_1(port: int) -> None:
    rule = await rule_of_domain(port, "sun.cce.nrc.it")
    found = mailbox_to_oraddress("x@SUN.CCE.NRC.IT", settings(rule)).result
    assert found == from_text("/S=x/OU=SUN/O=cce/PRMD=nrc/ADMD=acme/C=it/")


async def test_the_x400_query_example_of_5_1(port: int) -> None:
    rule = await rule_of_levels(port, "de", "pkz", "nfc", "top")
    found = oraddress_to_mailbox(from_text("/S=x/O=top/PRMD=nfc/ADMD=pkz/C=de/"), settings(rule)).result
    assert found.address.lower() == "x@top.nfc.pkz.de"


async def test_gateway_entries_are_told_by_their_suffix(port: int) -> None:
    rule = await rule_of_domain(port, "some.where.mw")
    assert rule.table is MappingTable.DOMAIN_TO_GATEWAY and rule.entry.levels == ("it", "acme", "nrc", "cce")
    assert (await rule_of_domain(port, "my.it")).entry.levels == ("it", "acme", "ninp", None, "int-gw")
    gate1 = await rule_of_levels(port, "it", " ", "super inc", "x")
    assert gate1.table is MappingTable.ORADDRESS_TO_GATEWAY and gate1.entry.domain.lower() == "globalgw.it"


async def test_escaped_values_and_longest_match(port: int) -> None:
    assert (await rule_of_domain(port, "a.bd.it")).entry.levels == ("it", " ", "uk.bd")
    assert (await rule_of_levels(port, "it", " ", "x4net", "u-newcity", "ou")).entry.domain == "cs.ncty.it"
    assert (await rule_of_levels(port, "it", "acme", "deep", None, "er")).entry.domain == "it"


async def test_a_wildcard_holds_for_its_own_name_too(port: int) -> None:
    assert (await rule_of_domain(port, "nrc.it")).entry.domain == "nrc.it"
    assert (await rule_of_levels(port, "it", "tx400", "accred")).entry.domain == "accred.it"


async def test_what_we_export_we_find(port: int) -> None:
    # NSD lowers the case of names in data, as name servers may: the case of attributes does not survive the DNS.
    assert (await rule_of_domain(port, "a.b.sub.ours.org")).entry.levels == ("gb", " ", "ours . co")


async def test_nothing_there_is_no_match_and_another_servers_zone_is_no_answer(port: int) -> None:
    one = resolver(port)
    assert await one.answer(DomainRule(source=Source.PX, domain="nobody.org")) == NO_MATCH
    assert await one.answer(ORAddressRule(source=Source.PX, levels=("it", "unknown"))) == NO_MATCH
    assert isinstance(await one.answer(DomainRule(source=Source.PX, domain="example.com")), Unreachable), "NSD refuses: not its zone"
