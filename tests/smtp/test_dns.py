"""MX look-ups against a small name server on loopback that dnspython's message classes make."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
import pytest_asyncio

from gateway.lookup.dns import DNSError, DNSResolver

ZONE = {
    ("two.test.", "MX"): ["20 b.two.test.", "10 a.two.test."],
    ("a.two.test.", "A"): ["192.0.2.1"],
    ("a.two.test.", "AAAA"): ["2001:db8::1"],
    ("b.two.test.", "A"): ["192.0.2.2"],
    ("null.test.", "MX"): ["0 ."],
    ("plain.test.", "A"): ["192.0.2.3"],
    ("xn--mller-kva.test.", "A"): ["192.0.2.4"],
    ("text.test.", "TXT"): ['"x"'],
    ("broken.test.", "MX"): ["10 gone.test."],
}


class NameServer(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, peer: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        reply = dns.message.make_response(query)
        if name == "fail.test.":
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif (name, kind) in ZONE:
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *ZONE[name, kind]))
        elif not any(owner == name for owner, _ in ZONE):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(reply.to_wire(), peer)  # type: ignore[attr-defined]


@pytest_asyncio.fixture
async def resolver() -> AsyncIterator[DNSResolver]:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    yield DNSResolver(nameservers=["127.0.0.1"], port=transport.get_extra_info("sockname")[1], lifetime_seconds=1)
    transport.close()


async def test_servers_in_order_of_preference(resolver: DNSResolver) -> None:
    found = await resolver.mail_servers("Two.Test")
    assert [(one.host, one.preference, one.addresses) for one in found] == [
        ("a.two.test", 10, ("2001:db8::1", "192.0.2.1")), ("b.two.test", 20, ("192.0.2.2",)),
    ]  # fmt: skip


async def test_without_mx_the_domain_itself(resolver: DNSResolver) -> None:
    assert [(one.host, one.addresses) for one in await resolver.mail_servers("plain.test")] == [("plain.test", ("192.0.2.3",))]
    assert (await resolver.mail_servers("müller.test"))[0].addresses == ("192.0.2.4",)


async def test_an_mx_without_address_says_why(resolver: DNSResolver) -> None:
    (server,) = await resolver.mail_servers("broken.test")
    assert server.addresses == () and "gone.test" in server.problem


@pytest.mark.parametrize(
    ("domain", "temporary", "null"),
    [("null.test", False, True), ("nowhere.test", False, False), ("text.test", False, False), ("fail.test", True, False),
     ("a..b", False, False), ("x" * 70 + ".test", False, False)],
)  # fmt: skip
async def test_what_cannot_be_found(resolver: DNSResolver, domain: str, temporary: bool, null: bool) -> None:
    with pytest.raises(DNSError) as caught:
        await resolver.mail_servers(domain)
    assert (caught.value.temporary, caught.value.null_mx) == (temporary, null)
