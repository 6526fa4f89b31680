"""DKIM with dkimpy as the other side: it verifies what we sign, we verify what it signs, and both say no together."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import re
import time
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from dkim.canonicalization import CanonicalizationPolicy
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import ConfigurationError
from gateway.lookup.dns import DNSError
from gateway.octets import FilterOctets, MemoryOctets, Octets
from gateway.smtp.dkim.canonical import BodyHash, raw_fields
from gateway.smtp.dkim.signing import SigningKey, signature_fields
from gateway.smtp.dkim.tags import DKIMError, parse_key, parse_signature, parse_tags
from gateway.smtp.dkim.verifying import MOST_SIGNATURES, SignatureResult, split, verify

NOW = datetime(2026, 8, 1, tzinfo=UTC)
RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)
ED = ed25519.Ed25519PrivateKey.generate()
MESSAGE = (
    b"Received: by x\r\nFrom: Ann  Berg <ann@example.org>\r\nTo: bob@example.net\r\nSubject: a\r\n  folded\tone \r\n"
    b"List-Id: <l.example.org>\r\n\r\nHello  there \r\n\r\n.dot\t\r\nend\r\n\r\n\r\n"
)


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    kind = serialization.PrivateFormat.TraditionalOpenSSL if isinstance(key, rsa.RSAPrivateKey) else serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())


KEYS = (
    SigningKey.from_pem(pem(RSA), domain="Example.ORG.", selector="r1"),
    SigningKey.from_pem(pem(ED), domain="example.org", selector="e1"),
)
RECORDS = {f"{key.selector}._domainkey.example.org": key.record for key in KEYS}


async def look_up(name: str) -> Sequence[str]:
    return (RECORDS[name],) if name in RECORDS else ()


def dns(name: bytes, timeout: int = 5) -> bytes:
    return RECORDS.get(name.decode().rstrip("."), "").encode()


def ours(message: bytes, keys: Sequence[SigningKey] = KEYS) -> bytes:
    header, start = split(MemoryOctets(message))
    return signature_fields(raw_fields(header), [message[start:]], keys) + message


def checked(message: bytes | Octets, keys=look_up) -> list[str]:
    found = asyncio.run(verify(MemoryOctets(message) if isinstance(message, bytes) else message, keys, NOW))
    return [each.result for each in found]


def theirs(message: bytes, key: str = "rsa", **more: object) -> bytes:
    if key == "rsa":
        return dkim.sign(message, b"r1", b"example.org", pem(RSA), **more) + message
    seed = base64.b64encode(ED.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()))
    return dkim.sign(message, b"e1", b"example.org", seed, signature_algorithm=b"ed25519-sha256", **more) + message


def test_dkimpy_verifies_what_we_sign() -> None:
    signed = ours(MESSAGE)
    verifier = dkim.DKIM(signed)
    assert verifier.verify(0, dnsfunc=dns) and verifier.verify(1, dnsfunc=dns)
    assert checked(signed) == ["pass", "pass"]
    assert all(len(line) <= 78 for line in signed.partition(b"Received:")[0].split(b"\r\n"))


def test_the_same_message_gives_the_same_signature() -> None:
    """A second attempt sends the same octets: no time stands in a signature of ours."""
    assert ours(MESSAGE) == ours(MESSAGE)


CHANGES = [(b"Hello", b"Hallo"), (b"a\r\n  folded", b"b\r\n  folded"), (b"From:", b"From: x@y\r\nFrom:"), (b"end", b"end ?")]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_or_one_more_from_breaks_it(change: tuple[bytes, bytes]) -> None:
    signed = ours(MESSAGE).replace(change[0], change[1], 1)
    assert checked(signed) == ["fail", "fail"]
    assert not dkim.verify(signed, dnsfunc=dns)


def test_blanks_may_change_on_the_way() -> None:
    """RFC 6376 3.4.2, 3.4.4: what relays do to blanks and folding does no harm."""
    changed = ours(MESSAGE).replace(b"a\r\n  folded", b"a folded").replace(b"Hello  there ", b"Hello there")
    assert checked(changed) == ["pass", "pass"] and dkim.verify(changed, dnsfunc=dns)


@pytest.mark.parametrize("key", ["rsa", "ed25519"])
@pytest.mark.parametrize("header", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
def test_we_verify_what_dkimpy_signs(key: str, header: bytes, body: bytes) -> None:
    signed = theirs(MESSAGE, key, canonicalize=(header, body))
    assert checked(signed) == ["pass"]
    assert checked(signed.replace(b"Hello", b"Hallo")) == ["fail"]


@settings(max_examples=120, deadline=None)
@given(st.text("\r\n \tab.", max_size=40).map(str.encode), st.integers(1, 9), st.booleans())
def test_bodies_are_hashed_as_dkimpy_hashes_them(body: bytes, size: int, relaxed: bool) -> None:
    """Every body of blanks and line ends, however it comes (RFC 6376 3.4.3, 3.4.4)."""
    body = re.sub(rb"\r(?!\n)|(?<!\r)\n", b"\r\n", body) + (b"\r\n" if body else b"")
    policy = CanonicalizationPolicy.from_c_value(b"simple/relaxed" if relaxed else b"simple/simple")
    expected = hashlib.sha256(policy.canonicalize_body(body)).digest()
    running = BodyHash(relaxed=relaxed)
    for at in range(0, len(body), size):
        running.feed(body[at : at + size])
    assert running.finish() == expected


def test_the_example_of_rfc_8463() -> None:
    """RFC 8463 Appendix A: one message, two signatures, keys as published."""
    message = (
        b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
        b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n"
        b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
        b" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
        b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
        b" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n date : message-id : from : subject : date;\r\n"
        b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
        b" b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
        b" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
        b"From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\nSubject: Is dinner ready?\r\n"
        b"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\nMessage-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n"
        b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
    )
    records = {
        "brisbane._domainkey.football.example.com": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "test._domainkey.football.example.com": "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3id"
        "Y6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
        "Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
    }

    async def published(name: str) -> Sequence[str]:
        return (records[name],)

    assert checked(message, published) == ["pass", "pass"]


REPLACED = [
    (b"a=rsa-sha256", b"a=rsa-sha1", "permerror"),
    (b"v=1", b"v=2", "permerror"),
    (b" v=1;", b" v=1; v=1;", "permerror"),
    (b"d=example.org", b"d=other.example", "permerror"),  # no key there
    (b"d=example.org", b"d=exa..mple", "permerror"),
    (b"h=from:from:", b"h=x:", "permerror"),
    (b"bh=", b"bh=!", "permerror"),
    (b"s=r1;", b"", "permerror"),
    (b"s=r1;", b"s=e1;", "permerror"),  # a key of another kind
    (b"s=r1;", b"s=r1; i=a@other.example;", "permerror"),
    (b"s=r1;", b"s=r1; x=1;", "fail"),
    (b"s=r1;", b"s=r1; l=99999;", "permerror"),
    (b"s=r1;", b"s=r1; l=x;", "permerror"),
    (b"s=r1;", b"s=r1; q=dns/other;", "permerror"),
    (b"s=r1;", b"s=r1; c=odd;", "permerror"),
    (b"s=r1;", b"s=r1; " + b"z=x;" * 100, "permerror"),
    (b"s=r1;", b"s=r1; y=" + b"x" * 20_000 + b";", "permerror"),
]


@pytest.mark.parametrize(("old", "new", "result"), REPLACED, ids=[new[:20].decode() or "no-selector" for _, new, _ in REPLACED])
def test_signatures_that_cannot_be_used(old: bytes, new: bytes, result: str) -> None:
    signed = ours(MESSAGE, KEYS[:1])
    head = signed.partition(b"Received:")[0]
    assert checked(head.replace(old, new, 1) + MESSAGE) == [result]


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("", "permerror"),
        ("v=DKIM1; p=", "permerror"),  # revoked
        ("v=DKIM2; p=AAAA", "permerror"),
        ("v=DKIM1; k=rsa; p=AAAA", "permerror"),
        ("v=DKIM1; k=dsa; p=AAAA", "permerror"),
        (KEYS[0].record + "; h=sha1", "permerror"),
        (KEYS[0].record + "; s=tlsrpt", "permerror"),
        (KEYS[0].record + "; t=y", "neutral"),
        (KEYS[0].record + "; t=s", "pass"),
        (KEYS[0].record.replace("v=DKIM1; ", "") + "; n=note; unknown=1", "pass"),
        ("x" * 20_000, "permerror"),
    ],
)
def test_key_records(record: str, result: str) -> None:
    async def published(name: str) -> Sequence[str]:
        return (record,)

    assert checked(ours(MESSAGE, KEYS[:1]), published) == [result]


def test_a_weak_key_is_no_proof() -> None:
    """RFC 8301 3.2: RSA below 1024 bits does not count; and we do not sign with it."""
    weak = serialization.load_pem_private_key(WEAK_KEY, None)
    assert isinstance(weak, rsa.RSAPrivateKey)
    key = SigningKey(domain="example.org", selector="r1", key=weak)

    async def published(name: str) -> Sequence[str]:
        return (key.record,)

    assert checked(ours(MESSAGE, [key]), published) == ["policy"]
    with pytest.raises(ConfigurationError, match=r"r1\._domainkey\.example\.org must be RSA of 1024"):
        SigningKey.from_pem(WEAK_KEY, domain="example.org", selector="r1")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        SigningKey.from_pem(b"-----BEGIN", domain="example.org", selector="r1")


def test_several_records_or_none_or_no_answer() -> None:
    async def two(name: str) -> Sequence[str]:
        return (RECORDS["r1._domainkey.example.org"],) * 2

    async def nobody(name: str) -> Sequence[str]:
        raise DNSError("time-out")

    signed = ours(MESSAGE, KEYS[:1])
    assert checked(signed, two) == ["permerror"] and checked(signed, nobody) == ["temperror"]


def test_what_is_not_signed_is_not_vouched_for() -> None:
    """RFC 6376 8.2: text after l= may be anybody's."""
    signed = theirs(MESSAGE, canonicalize=(b"relaxed", b"simple"), length=True)
    assert checked(signed) == ["pass"]
    assert checked(signed.rstrip(b"\r\n") + b"\r\n\r\n\r\nAdvertisement\r\n") == ["policy"]


def test_many_signatures_cost_no_more_than_a_few() -> None:
    asked: list[str] = []

    async def counted(name: str) -> Sequence[str]:
        asked.append(name)
        return await look_up(name)

    one = ours(MESSAGE, KEYS[:1]).partition(b"Received:")[0]
    assert checked(one * 200 + MESSAGE, counted) == ["pass"] * MOST_SIGNATURES and len(asked) == MOST_SIGNATURES


def test_results_carry_what_authentication_results_needs() -> None:
    found = asyncio.run(verify(MemoryOctets(ours(MESSAGE, KEYS[:1])), look_up, NOW))
    value = re.search(rb"b=([A-Za-z0-9+/]{8})", ours(MESSAGE, KEYS[:1]).partition(b"bh=")[2])
    assert value is not None
    mark = value.group(1).decode()
    assert found == (SignatureResult(result="pass", domain="example.org", selector="r1", agent="@example.org", mark=mark),)


@pytest.mark.parametrize("message", [b"", b"\r\n", b"DKIM-Signature:\r\n\r\n", b"no header at all", b"DKIM-Signature: a=b", b"\r\nbody"])
def test_odd_messages_have_no_good_signature(message: bytes) -> None:
    assert set(checked(message)) <= {"permerror"}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80), st.text("v=1;abhdsixlct:/ \r\n\t", max_size=60))
def test_hostile_text_gives_an_answer(noise: bytes, text: str) -> None:
    for read in (lambda: parse_signature(b"DKIM-Signature:" + noise), lambda: parse_tags(text), lambda: parse_key(text)):
        with contextlib.suppress(DKIMError):
            read()
    signed = ours(MESSAGE, KEYS[:1]).replace(b"s=r1;", b"s=r1;" + text.encode(), 1)
    assert len(checked(signed)) <= 1


def test_a_header_folded_without_end_is_read_in_time() -> None:
    """A megabyte of continuation lines costs what a megabyte costs."""
    began = time.process_time()
    folded = b"X: y\r\n" + b" \r\n" * 300_000
    assert checked(b"DKIM-Signature: v=1\r\n" + folded + MESSAGE) == ["permerror"]
    assert len(raw_fields(folded)) == 1
    assert time.process_time() - began < 5


def test_a_large_body_streams() -> None:
    """Signing and verifying 12 MB needs no more memory than a few chunks."""
    line = b"x" * 76 + b"\r\n"
    body = FilterOctets(lambda: (line * 800 for _ in range(200)), length=len(line) * 800 * 200)
    header = b"From: a@example.org\r\nSubject: x\r\n"
    tracemalloc.start()
    fields = signature_fields(raw_fields(header), body.chunks(), KEYS[:1])
    front = fields + header + b"\r\n"
    whole = FilterOctets(lambda: (piece for source in ((front,), body.chunks()) for piece in source), length=len(front) + len(body))
    assert checked(whole) == ["pass"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


WEAK_KEY = b"""-----BEGIN RSA PRIVATE KEY-----
MIIBOwIBAAJBANGNHuGhkoDD58sLFPJThReNWMufGHqmzoKtKPJEpcZBYZzgUgqC
A14u9hCFsW3UoMNtWcX9mAs9HgNC+7P6GTMCAwEAAQJAKbA3io/IQ5G11XEY87Sl
76+REMFP72asAtdMJBaAHFadEShUl5v73Uvg4Z9/OZraDT+uLn8oaBk3id8mVGyW
UQIhAPqjfr9Q4FBiOXi40RuhIBGJPq7B+ovDQHKTApRbWYw3AiEA1gihMfcn+RhR
GkZNK8nqZ7hIcLJN6vSp726038F/tOUCIQC7H4+EhHxEZ2EjGVC9QQlxLjdHP/mv
mQGnyMwXOTBc9wIgG3Pj6RrAf8zEqlAWGeW+MSuL7xiPsfFL0rAqdwDEtpkCIQCq
bElsd+xJSwbHWXbVgxvzjoQbDp0XKfvGYoR801mUGQ==
-----END RSA PRIVATE KEY-----
"""
"""512 bits, made for this test."""
