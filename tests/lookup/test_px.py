"""PX records (RFC 2163): what an answer means, and what no answer means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
import pytest_asyncio

from gateway.lookup.px import PXResolver
from gateway.mixer.mcgam import MappingTable
from gateway.mixer.questions import NO_MATCH, DomainRule, ORAddressRule, Rule, Source, Unreachable

ZONE = {
    "odd.it.": ["10 other.it. ADMD-acme.C-it.", "20 odd.it. O--bad.C-it.", "50 it. PRMD-p.ADMD-acme.C-it."],
    "two.it.": ["60 two.it. PRMD-b.ADMD-acme.C-it.", "50 two.it. PRMD-a.ADMD-acme.C-it."],
    "*.recipe.it.": ["50 recipe.it. PRMD-r.ADMDb.C-it."],
    "prmd-p.admd-a.x42d.uk.": ["50 p.uk. PRMD-p.ADMD-a.C-gb."],
    "prmd-q.admd-a.x42d.it.": ["50 q.it. PRMD-other.ADMD-a.C-it."],
}


class NameServer(asyncio.DatagramProtocol):
    """Answers from `ZONE`; ``fail`` with SERVFAIL, ``silent`` not at all, ``bare`` with NXDOMAIN and no SOA."""

    asked: list[str]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.asked = []

    def datagram_received(self, data: bytes, peer: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text().lower()
        self.asked.append(name)
        reply = dns.message.make_response(query)
        if name == "validated.it.":
            reply.flags |= dns.flags.AD
        if "silent" in name:
            return
        if "fail" in name or "refused" in name:
            reply.set_rcode(dns.rcode.SERVFAIL if "fail" in name else dns.rcode.REFUSED)
        elif (records := ZONE.get(name) or (["50 validated.it. ADMD-a.C-it."] if name == "validated.it." else None)) is not None:
            reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "PX", *records))
        else:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(reply.to_wire(), peer)  # type: ignore[attr-defined]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[NameServer]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    yield protocol
    transport.close()


def resolver(server: NameServer, **options: object) -> PXResolver:
    port = server.transport.get_extra_info("sockname")[1]  # type: ignore[attr-defined]
    return PXResolver(nameservers=["127.0.0.1"], port=port, lifetime_seconds=0.3, **options)  # type: ignore[arg-type]


def domain(name: str) -> DomainRule:
    return DomainRule(source=Source.PX, domain=name)


def hierarchy(*levels: str | None) -> ORAddressRule:
    return ORAddressRule(source=Source.PX, levels=levels)


async def test_the_lowest_preference_counts(server: NameServer) -> None:
    found = await resolver(server).answer(domain("two.it"))
    assert isinstance(found, Rule) and found.entry.levels == ("it", "acme", "a") and found.table is MappingTable.DOMAIN_TO_ORADDRESS


async def test_records_that_do_not_fit_the_question_are_passed_over(server: NameServer) -> None:
    found = await resolver(server).answer(domain("odd.it"))
    assert isinstance(found, Rule) and found.entry.domain == "it" and "odd.it" in found.entry.where
    assert await resolver(server).answer(hierarchy("it", "a", "q")) == NO_MATCH


async def test_a_line_published_by_the_recipe_of_the_rfc_holds_for_its_own_domain_too(server: NameServer) -> None:
    found = await resolver(server).answer(domain("recipe.it"))
    assert isinstance(found, Rule) and found.entry.levels == ("it", " ", "r")


async def test_a_national_tree_can_stand_elsewhere(server: NameServer) -> None:
    found = await resolver(server, trees={"GB": "X42D.uk"}).answer(hierarchy("gb", "a", "p"))
    assert isinstance(found, Rule) and found.entry.domain == "p.uk" and found.table is MappingTable.ORADDRESS_TO_DOMAIN


@pytest.mark.parametrize("name", ["fail.it", "refused.it", "silent.it"])
async def test_no_clear_answer_never_means_no_match(server: NameServer, name: str) -> None:
    assert isinstance(await resolver(server).answer(domain(name)), Unreachable)


async def test_no_such_name_means_no_match(server: NameServer) -> None:
    assert await resolver(server).answer(domain("none.it")) == NO_MATCH


@pytest.mark.parametrize("levels", [("234", "a"), ("it", "a", "x" * 60), (None,), ("it",) * 3 + ("y" * 64,)])
async def test_what_the_dns_cannot_hold_is_not_asked_for(server: NameServer, levels: tuple[str | None, ...]) -> None:
    assert await resolver(server).answer(hierarchy(*levels)) == NO_MATCH
    assert not server.asked


async def test_answers_are_kept_by_their_ttl_also_negative_ones(server: NameServer) -> None:
    one = resolver(server)
    for _ in range(2):
        await one.answer(domain("two.it"))
        await one.answer(domain("none.it"))
    assert server.asked == ["two.it.", "none.it.", "*.none.it."]
    assert one.cached(domain("two.it")) and one.cached(domain("none.it")) and not one.cached(domain("new.it"))


async def test_only_validated_answers_where_that_is_asked_for(server: NameServer) -> None:
    one = resolver(server, authenticated_only=True)
    assert isinstance(await one.answer(domain("validated.it")), Rule)
    assert await one.answer(domain("two.it")) == NO_MATCH


async def test_a_name_server_that_is_not_there(server: NameServer) -> None:
    nobody = PXResolver(nameservers=["127.0.0.1"], port=9, lifetime_seconds=0.3)
    assert isinstance(await nobody.answer(domain("two.it")), Unreachable)
