"""Records of SPF, DKIM and DMARC from a real name server (NSD): long ones, missing ones, and a server that has no answer."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.internet.envelope import SmtpEnvelope
from gateway.lookup.dns import DNSError
from gateway.lookup.records import RecordResolver
from gateway.lookup.spf import SPFResult, check_host
from gateway.octets import MemoryOctets
from gateway.smtp.authentication import VerificationSettings, Verifier
from gateway.smtp.dkim.signing import SigningKey
from gateway.spool.transfer import Side, Source
from tests.lookup.servers import free_port, nsd

pytestmark = pytest.mark.peer

RSA = rsa.generate_private_key(public_exponent=65537, key_size=4096)
PEM = RSA.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
RECORD = SigningKey(domain="example.org", selector="s", key=RSA).record
STRINGS = " ".join(f'"{RECORD[at : at + 200]}"' for at in range(0, len(RECORD), 200))
ZONE = f"""
@ IN TXT "v=spf1 " "mx include:_spf.example.org exists:%{{i}}._e.%{{d}} -all"
@ IN MX 20 mail2
@ IN MX 10 mail1
mail1 IN A 192.0.2.1
mail2 IN A 192.0.2.2
mail2 IN AAAA 2001:db8::2
_spf IN TXT "v=spf1 ip6:2001:db8:1::/48 a:alias.example.org ~all"
alias IN CNAME mail3
mail3 IN A 192.0.2.3
192.0.2.9._e IN A 127.0.0.2
s._domainkey IN TXT {STRINGS}
_dmarc IN TXT "v=DMARC1; p=reject; rua=mailto:d@example.org"
many IN TXT "{'x' * 250}" "{'y' * 250}" "{'z' * 250}" "{'w' * 250}" "{'v' * 250}" "{'u' * 250}" "{'t' * 250}"
empty IN A 192.0.2.1
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordResolver]:
    folder: Path = tmp_path_factory.mktemp("nsd")
    with nsd(folder, {"example.org": ZONE, "2.0.192.in-addr.arpa": "1 IN PTR mail1.example.org.\n"}) as port:
        yield RecordResolver(nameservers=["127.0.0.1"], port=port, lifetime_seconds=5)


async def test_records_as_text(source: RecordResolver) -> None:
    assert await source.records("example.org", "MX") == ("mail1.example.org", "mail2.example.org")
    assert await source.records("alias.example.org", "A") == ("192.0.2.3",)
    assert await source.records("1.2.0.192.in-addr.arpa", "PTR") == ("mail1.example.org",)
    assert await source.records("s._domainkey.example.org", "TXT") == (RECORD,)
    assert len((await source.records("many.example.org", "TXT"))[0]) == 1750  # above what one UDP answer holds


@pytest.mark.parametrize("name", ["nobody.example.org", "empty.example.org", "a..b", "x" * 70 + ".example.org", "\u00fc" * 64, ""])
async def test_no_such_record_is_an_answer(source: RecordResolver, name: str) -> None:
    if name:
        assert await source.records(name, "TXT") == ()


async def test_no_answer_is_none(source: RecordResolver) -> None:
    """NSD refuses what it has no zone for; nobody answers at all on a free port."""
    with pytest.raises(DNSError) as refused:
        await source.records("elsewhere.example", "TXT")
    assert refused.value.temporary
    with pytest.raises(DNSError):
        await RecordResolver(nameservers=["127.0.0.1"], port=free_port(), lifetime_seconds=0.3).records("example.org", "TXT")


@pytest.mark.parametrize(
    ("address", "result"),
    [
        ("192.0.2.2", SPFResult.PASS),
        ("2001:db8::2", SPFResult.PASS),
        ("2001:db8:1::9", SPFResult.PASS),
        ("192.0.2.3", SPFResult.PASS),
        ("192.0.2.9", SPFResult.PASS),
        ("192.0.2.10", SPFResult.FAIL),
    ],
)
async def test_a_whole_policy(source: RecordResolver, address: str, result: SPFResult) -> None:
    assert (await check_host(address, "example.org", "ann@example.org", "h.example.org", source)).result is result


async def test_a_whole_verification(source: RecordResolver) -> None:
    message = b"From: ann@example.org\r\nTo: b@x\r\nSubject: s\r\n\r\nhello\r\n"
    signed = dkim.sign(message, b"s", b"example.org", PEM) + message
    verifier = Verifier(VerificationSettings(), source)
    client = Source(side=Side.INTERNET, peer="anyone", address="192.0.2.1", authentication={"helo": "mail1.example.org"})
    found = await verifier.results(SmtpEnvelope(reverse_path="ann@example.org", recipients=()), client, MemoryOctets(signed))
    assert {method: text.split()[0] for method, text in found.items()} == {"spf": "pass", "dkim": "pass", "dmarc": "pass"}
    assert base64.b64decode(signed.partition(b" b=")[2].partition(b"\r\n")[0][:4])
