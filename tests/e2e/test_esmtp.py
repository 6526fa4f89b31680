"""The extensions of SMTP through a whole gateway: chunks and binary content, verification and signatures with a real DNS, holding."""

from __future__ import annotations

import asyncio
import email
import email.policy
import smtplib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import dkim
import dns.resolver
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from gateway import asn1
from gateway.correspondent.user import Letter
from gateway.mixer.stdor import from_text
from gateway.smtp.dkim.signing import SigningKey
from gateway.x400.ipm import IPM, InformationObject
from tests.e2e.harness import ANNA, ANNA_OR, JOERG, JOERG_OR, Arrangement, arrangement, settled, simple_message, until
from tests.lookup.servers import nsd

pytestmark = [pytest.mark.peer, pytest.mark.timeout(90), pytest.mark.asyncio(loop_scope="module")]

_SMTP = """
deliver_by = true
mt_priority = true
future_release_seconds = 3600

[[smtp.client]]
name = "anyone"
may_set_delivery_options = true

[smtp.dns]
nameservers = ["127.0.0.1"]
port = {port}

[smtp.verification]
dmarc_reject = "refuse"

[smtp.signing]
keys = [
  {{ selector = "r1", key = {{ file = "rsa.pem" }} }},
  {{ selector = "e1", key = {{ file = "ed.pem" }} }},
]
"""
_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_ED = ed25519.Ed25519PrivateKey.generate()


def _zones(folder: Path) -> dict[str, str]:
    """Writes the keys; the zones with their records."""
    lines = ['@ IN TXT "v=spf1 ip4:127.0.0.1 -all"', '_dmarc IN TXT "v=DMARC1; p=reject"']
    published = SigningKey(domain="example.org", selector="u", key=_RSA).record
    lines.append("u._domainkey IN TXT " + " ".join(f'"{published[at : at + 200]}"' for at in range(0, len(published), 200)))
    for name, selector, key in (("rsa", "r1", _RSA), ("ed", "e1", _ED)):
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / f"{name}.pem").write_bytes(pem)
        record = SigningKey.from_pem(pem, domain="x400.example.org", selector=selector).record
        lines.append(f"{selector}._domainkey.x400 IN TXT " + " ".join(f'"{record[at : at + 200]}"' for at in range(0, len(record), 200)))
    strict = '@ IN TXT "v=spf1 -all"\n_dmarc IN TXT "v=DMARC1; p=reject"\n'
    return {"example.org": "\n".join(lines) + "\n", "victim.example": strict, "partner.example": strict}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Arrangement, int]]:
    folder = tmp_path_factory.mktemp("esmtp")
    (folder / "nsd").mkdir()
    with nsd(folder / "nsd", _zones(folder)) as port:
        async with arrangement(folder, smtp=_SMTP.format(port=port)) as a:
            yield a, port


async def received(a: Arrangement) -> IPM:
    arrived = await asyncio.wait_for(a.correspondent.received.get(), 20)
    ipm = asn1.decode(arrived.apdu.message.content, InformationObject).ipm
    assert ipm is not None
    return ipm


def carried(ipm: IPM) -> list[str]:
    """The fields in the heading extension rfc-822-field-list, and whatever else of the heading can be read as text."""
    octets = asn1.encode(ipm.heading)
    return [line.decode("latin-1") for line in octets.split(b"Authentication-Results: ")[1:]]


async def test_the_verdict_on_entry_crosses_and_forged_ones_do_not(gateway: tuple[Arrangement, int]) -> None:
    a, _ = gateway
    message = simple_message("verified")
    message["Authentication-Results"] = "x400.example.org; dkim=pass header.d=forged.example"
    await asyncio.to_thread(a.send_smtp, message)
    (found,) = carried(await received(a))
    assert found.startswith(f"x400.example.org; spf=pass (ip4:127.0.0.1) smtp.mailfrom={ANNA}; dkim=none; dmarc=pass (p=reject)")
    assert "forged" not in found


async def test_a_signature_over_a_large_message_is_verified_from_the_store(gateway: tuple[Arrangement, int]) -> None:
    """A relay that SPF does not know hands in mail that its author's domain has signed: DKIM alone speaks for it (RFC 7489 3.1)."""
    a, _ = gateway
    message = simple_message("signed")
    message.add_attachment(b"0123456789" * 40_000, maintype="application", subtype="octet-stream", filename="a.bin")
    octets = message.as_bytes(policy=email.policy.SMTP)
    pem = _RSA.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    signed = dkim.sign(octets, b"u", b"example.org", pem) + octets
    await asyncio.to_thread(a.send_smtp, signed, "relay@partner.example")
    (found,) = carried(await received(a))
    assert "spf=fail (-all) smtp.mailfrom=relay@partner.example; dkim=pass header.d=example.org" in found
    assert "dmarc=pass (p=reject) header.from=example.org" in found


async def test_a_forged_author_is_refused(gateway: tuple[Arrangement, int]) -> None:
    """RFC 7489: the domain asks to reject, and the configuration says to."""
    a, _ = gateway
    message = simple_message("forged")
    message.replace_header("From", "Boss <boss@victim.example>")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        await asyncio.to_thread(a.send_smtp, message, "boss@victim.example")
    assert refused.value.smtp_code == 550 and refused.value.smtp_error.startswith(b"5.7.1 The policy (DMARC)")
    await settled(a.gateway.store)
    assert a.correspondent.received.empty()


async def test_what_leaves_is_signed(gateway: tuple[Arrangement, int]) -> None:
    """dkimpy finds the keys by itself in the DNS and says yes to both signatures; From is aligned, as the policy demands."""
    a, port = gateway
    await a.correspondent.send(Letter(originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject="Grüße", text="Hallo ä\n"))
    arrived = await asyncio.wait_for(a.sink.received.get(), 20)
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], port

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        return b"".join(next(iter(resolver.resolve(name.decode(), "TXT"))).strings)

    verifier = dkim.DKIM(arrived.octets)
    assert await asyncio.to_thread(verifier.verify, 0, look_up) and await asyncio.to_thread(verifier.verify, 1, look_up)
    message = email.message_from_bytes(arrived.octets, policy=email.policy.default)
    assert verifier.domain == b"x400.example.org"
    # partner.example publishes a policy, and we have no key of it.
    assert message["From"].addresses[0].addr_spec == "postmaster@x400.example.org"
    assert message["Reply-To"].addresses[0].addr_spec == JOERG


async def test_binary_content_in_chunks_crosses_octet_for_octet(gateway: tuple[Arrangement, int]) -> None:
    """RFC 3030: pipelined chunks, binary parts, into a file transfer body part as they are."""
    a, _ = gateway
    content = bytes(range(256)) * 40 + b"\r\n.\r\n\n\r\x00"
    message = (
        f"From: {ANNA}\r\nTo: {JOERG}\r\nSubject: binary\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=a.bin\r\n"
        "Content-Transfer-Encoding: binary\r\n\r\n"
    ).encode() + content
    half = len(message) // 2
    reader, writer = await asyncio.open_connection("127.0.0.1", a.setting.smtp_port)
    writer.write(b"EHLO c.example\r\n")
    while not (await asyncio.wait_for(reader.readline(), 5)).startswith(b"250 "):
        continue
    writer.write(
        f"MAIL FROM:<{ANNA}> BODY=BINARYMIME\r\nRCPT TO:<{JOERG}>\r\nBDAT {half}\r\n".encode() + message[:half]
        + f"BDAT {len(message) - half} LAST\r\n".encode() + message[half:] + b"QUIT\r\n"
    )  # fmt: skip
    replies = (await asyncio.wait_for(reader.read(), 20)).decode().split("\r\n")
    assert [reply[:3] for reply in replies if reply] == ["250", "250", "250", "250", "221"]
    writer.close()
    assert content in asn1.encode_octets(await received(a)).to_bytes()


@pytest.mark.parametrize("ending", [b"", b"RSET\r\nQUIT\r\n", b"BDAT 99999999999 LAST\r\n", b"BDAT what\r\n", b"BDAT 1000 LAST\r\nhalf"])
async def test_a_message_in_chunks_that_is_never_ended_leaves_nothing(gateway: tuple[Arrangement, int], ending: bytes) -> None:
    """Large enough to be in the store already: cut off, reset, or followed by nonsense, it is swept at once."""
    a, _ = gateway
    reader, writer = await asyncio.open_connection("127.0.0.1", a.setting.smtp_port)
    chunk = b"Subject: x\r\n\r\n" + (b"y" * 70 + b"\r\n") * 10_000
    writer.write(f"EHLO c.example\r\nMAIL FROM:<{ANNA}>\r\nRCPT TO:<{JOERG}>\r\nBDAT {len(chunk)}\r\n".encode() + chunk + ending)
    while b"octets received" not in await asyncio.wait_for(reader.readline(), 20):
        continue
    writer.close()

    async def swept() -> bool:
        return (await a.gateway.store.counts())["unclaimed"] == 0

    await until(swept)
    assert a.correspondent.received.empty()


async def test_a_message_is_held_until_its_time(gateway: tuple[Arrangement, int]) -> None:
    """RFC 4865: the gateway itself waits; RFC 2156 5.3.7 lets it."""
    a, _ = gateway
    began = time.monotonic()
    await asyncio.to_thread(a.send_smtp, simple_message("held"), mail_options=["HOLDFOR=2"])
    assert time.monotonic() - began < 2
    await received(a)
    assert time.monotonic() - began >= 2
