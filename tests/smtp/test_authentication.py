"""Verification on entry: what is found and how it is said, that nothing holds mail, and when it is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import authres
import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import ConversionError
from gateway.internet.authentication_results import results_field
from gateway.internet.envelope import SmtpEnvelope
from gateway.lookup.dns import DNSError
from gateway.octets import MemoryOctets
from gateway.smtp.authentication import VerificationSettings, Verifier, author_domain
from gateway.smtp.dkim.signing import SigningKey
from gateway.spool.transfer import Side, Source

RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)
PEM = RSA.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
RECORDS = {
    "example.org": "v=spf1 ip4:192.0.2.0/24 -all",
    "client.example.org": "v=spf1 a:client.example.org -all",
    "_dmarc.example.org": "v=DMARC1; p=reject",
    "s._domainkey.example.org": SigningKey(domain="example.org", selector="s", key=RSA).record,
}
MESSAGE = b"From: Ann <ann@example.org>\r\nTo: bob@x400.example\r\nSubject: x\r\n\r\nhello\r\n"
SIGNED = dkim.sign(MESSAGE, b"s", b"example.org", PEM) + MESSAGE
NOW = datetime(2026, 8, 1, tzinfo=UTC)


class DNS:
    def __init__(self, texts: Mapping[str, str], *, mute: bool = False, broken: bool = False) -> None:
        self.texts, self.mute, self.broken = texts, mute, broken

    async def records(self, name: str, kind: str) -> tuple[str, ...]:
        if self.mute:
            await asyncio.Event().wait()
        if self.broken:
            raise DNSError("nobody answers")
        if kind in ("A", "AAAA"):
            return ("192.0.2.1",) if name == "client.example.org" else ()
        return (self.texts[name.lower()],) if name.lower() in self.texts else ()


def source(address: str = "192.0.2.1", **more: Any) -> Source:
    return Source(side=Side.INTERNET, peer="anyone", address=address, authentication={"helo": "client.example.org"}, **more)


async def verified(
    message: bytes = MESSAGE, *, sender: str = "ann@example.org", address: str = "192.0.2.1", dns: DNS | None = None,
    how: VerificationSettings | None = None, **more: Any,
) -> Mapping[str, str]:  # fmt: skip
    verifier = Verifier(how or VerificationSettings(), dns or DNS(RECORDS), clock=lambda: NOW)
    envelope = SmtpEnvelope(reverse_path=sender, recipients=())
    return await verifier.results(envelope, source(address, **more), MemoryOctets(message))


async def test_what_is_found_in_words_of_rfc_8601() -> None:
    found = await verified(SIGNED)
    assert found["spf"] == "pass (ip4:192.0.2.0/24) smtp.mailfrom=ann@example.org"
    assert found["dkim"].startswith("pass header.d=example.org header.i=@example.org header.s=s header.b=")
    assert found["dmarc"] == "pass (p=reject) header.from=example.org"


async def test_either_proof_is_enough_for_dmarc() -> None:
    by_spf = await verified()
    assert (by_spf["dkim"], by_spf["dmarc"]) == ("none", "pass (p=reject) header.from=example.org")
    by_dkim = await verified(SIGNED, sender="list@other.example", address="198.51.100.1")
    assert by_dkim["spf"].startswith("none smtp.mailfrom=list@other.example") and by_dkim["dmarc"].startswith("pass")


async def test_a_null_reverse_path_is_checked_by_helo() -> None:
    """RFC 7208 2.4."""
    assert (await verified(sender=""))["spf"] == "pass (a:client.example.org) smtp.helo=client.example.org"


async def test_a_forgery_is_recorded_or_refused() -> None:
    """RFC 7489 10.3; the default keeps the mail."""
    found = await verified(address="198.51.100.1")
    assert found["spf"].startswith("fail (-all)") and found["dmarc"] == "fail (p=reject) header.from=example.org"
    with pytest.raises(ConversionError) as refused:
        await verified(address="198.51.100.1", how=VerificationSettings(refuse=True))
    assert (refused.value.failure.smtp_code, refused.value.failure.status) == (550, "5.7.1")


@pytest.mark.parametrize("policy", ["v=DMARC1; p=quarantine", "v=DMARC1; p=none", "v=DMARC1; p=reject; pct=50", ""])
async def test_only_a_whole_reject_refuses(policy: str) -> None:
    dns = DNS({**RECORDS, "_dmarc.example.org": policy})
    assert "dmarc" in await verified(address="198.51.100.1", dns=dns, how=VerificationSettings(refuse=True))


@pytest.mark.parametrize("dns", [DNS({}, mute=True), DNS({}, broken=True)], ids=["mute", "broken"])
async def test_who_cannot_be_asked_holds_nothing(dns: DNS) -> None:
    """Time-outs never hold mail, and never refuse it."""
    found = await verified(SIGNED, dns=dns, address="198.51.100.1", how=VerificationSettings(refuse=True, seconds=0.05))
    assert [found[method].split()[0] for method in ("spf", "dkim", "dmarc")] == ["temperror"] * 3


async def test_a_failure_that_a_key_could_have_healed_is_no_failure() -> None:
    class NoKeys(DNS):
        async def records(self, name: str, kind: str) -> tuple[str, ...]:
            if "_domainkey" in name:
                raise DNSError("nobody answers")
            return await super().records(name, kind)

    found = await verified(SIGNED, address="198.51.100.1", dns=NoKeys(RECORDS), how=VerificationSettings(refuse=True))
    assert found["dmarc"].startswith("temperror")


async def test_known_clients_need_no_proof() -> None:
    assert await verified(identity="ann doe") == {"auth": 'pass smtp.auth="ann doe"'}
    assert await verified(address="198.51.100.1", how=VerificationSettings(refuse=True, exempt=frozenset({"anyone"}))) == {}


@pytest.mark.parametrize(
    ("header", "domain"),
    [
        (b"From: a@Example.ORG\r\n", "example.org"),
        (b"From: a@b.example, c@b.example\r\n", "b.example"),
        (b"From: a@b.example, c@d.example\r\n", None),
        (b"From: a@b.example\r\nFrom: a@b.example\r\n", None),
        (b"Subject: x\r\n", None),
        (b"From: nobody\r\n", None),
        ("From: a@b\u00fccher.example\r\n".encode(), "xn--bcher-kva.example"),
        (b"From: " + b"a" * 70_000 + b"\r\n", None),
    ],
)
def test_the_domain_of_the_author(header: bytes, domain: str | None) -> None:
    assert author_domain(MemoryOctets(header + b"\r\nx")) == domain


@pytest.mark.parametrize("address", ["", "nonsense", "fe80::1%eth0", "::ffff:192.0.2.1"])
async def test_odd_clients(address: str) -> None:
    assert (await verified(address=address))["spf"].split()[0] in ("none", "fail", "pass")


@pytest.mark.parametrize("helo", ["", "\udcff.example", "x" * 255, "..", "[192.0.2.1]", "a b\r\nc"])
async def test_odd_names_in_helo(helo: str) -> None:
    verifier = Verifier(VerificationSettings(), DNS(RECORDS), clock=lambda: NOW)
    client = Source(side=Side.INTERNET, peer="anyone", address="192.0.2.1", authentication={"helo": helo})
    found = await verifier.results(SmtpEnvelope(reverse_path="", recipients=()), client, MemoryOctets(MESSAGE))
    assert found["spf"].startswith("none") and found["spf"].isascii()


@pytest.mark.parametrize("sender", ["x@" + "a" * 300, "x@..", '"a b"@example.org', "j\u00f6rg@b\u00fccher.example", "x@[192.0.2.1]"])
async def test_odd_senders(sender: str) -> None:
    assert "spf" in await verified(sender=sender)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=40), st.text(max_size=30))
def test_whatever_a_client_says_there_is_an_answer(helo: str, sender: str, author: str, record: str) -> None:
    """Names from strangers, surrogates and controls among them, and records from their DNS."""

    class Anything(DNS):
        async def records(self, name: str, kind: str) -> tuple[str, ...]:
            return (f"v=spf1 {record}", f"v=DMARC1; {record}", f"v=DKIM1; {record}", record)

    message = f"From: {author}\r\nDKIM-Signature: {record}\r\n\r\nx".encode("utf-8", "surrogatepass")
    client = Source(side=Side.INTERNET, peer="anyone", address="192.0.2.1", authentication={"helo": helo})
    verifier = Verifier(VerificationSettings(), Anything({}), clock=lambda: NOW)
    found = asyncio.run(verifier.results(SmtpEnvelope(reverse_path=sender, recipients=()), client, MemoryOctets(message)))
    made = results_field("gw.example", found)
    assert made is not None
    read = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {made.value}")
    assert [one.method for one in read.results] == ["spf", "dkim", "dmarc"]
