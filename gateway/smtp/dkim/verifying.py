"""Checking signatures (RFC 6376 section 6): header read once, body hashed once for all of them, keys by a function."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from gateway.errors import GatewayError
from gateway.octets import Octets
from gateway.smtp.dkim.canonical import BodyHash, raw_fields, relaxed_field, simple_field
from gateway.smtp.dkim.signing import signed_octets
from gateway.smtp.dkim.tags import DKIMError, KeyRecord, Signature, parse_key, parse_signature

MOST_SIGNATURES = 5
"""Signatures of one message that are looked at, from the top; the others are not."""
_USUAL_HEADER, _HEADER_LIMIT = 32 * 1024, 1 << 20
_SMALLEST_RSA, _LARGEST_RSA = 1024, 8192  # bits; RFC 8301 3.2
_ON_THE_LOOP = 64 * 1024

KeyLookup = Callable[[str], Awaitable[Sequence[str]]]
"""The TXT records of a name. Raises `GatewayError` where nobody answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureResult:
    """What became of one signature.

    Attributes:
        result: A word of RFC 8601 2.7.1: pass, fail, policy, neutral, temperror, permerror.
        domain, selector, agent: Of the signature; empty where it cannot be read.
        reason: For people.
        mark: The first characters of ``b=``, which tell signatures of one domain apart (RFC 6008).
    """

    result: str
    domain: str = ""
    selector: str = ""
    agent: str = ""
    reason: str = ""
    mark: str = ""


def split(message: Octets) -> tuple[bytes, int]:
    """The header with its last line end, and where the body begins."""
    begin = b""
    for most in (_USUAL_HEADER, _HEADER_LIMIT):
        begin = message.read(0, min(len(message), most))
        if begin.startswith(b"\r\n"):
            return b"", 2
        end = begin.find(b"\r\n\r\n")
        if end >= 0:
            return begin[: end + 2], end + 4
    return begin, len(begin)


async def verify(message: Octets, keys: KeyLookup, now: datetime) -> tuple[SignatureResult, ...]:
    """Check the signatures of a message.

    Args:
        message: As it came, with CRLF.
        keys: Where key records come from.
        now: The present time, for expiry.
    """
    header, start = split(message)
    fields = raw_fields(header)
    found = [field for field in fields if field[:15].lower().rstrip(b" \t:") == b"dkim-signature"][:MOST_SIGNATURES]
    if not found:
        return ()
    read = [_read(field) for field in found]
    good = [each for each in read if isinstance(each, Signature)]
    small = len(message) <= _ON_THE_LOOP
    hashes_ = _body_hashes(message, start, good) if small else await asyncio.to_thread(_body_hashes, message, start, good)
    results = []
    for each in read:
        if isinstance(each, Signature):
            results.append(await _checked(each, fields, hashes_[_kind(each)], keys, now))
        else:
            results.append(SignatureResult(result=each.result, reason=str(each)))
    return tuple(results)


def _read(field: bytes) -> Signature | DKIMError:
    try:
        return parse_signature(field)
    except DKIMError as error:
        return error


def _kind(signature: Signature) -> tuple[bool, int | None]:
    return signature.relaxed_body, signature.limit


def _body_hashes(message: Octets, start: int, signatures: Sequence[Signature]) -> dict[tuple[bool, int | None], tuple[bytes, int]]:
    """Digest and length of the canonical body, for each way in which a signature wants it."""
    running = {_kind(each): BodyHash(relaxed=each.relaxed_body, limit=each.limit) for each in signatures}
    if start < len(message):
        for chunk in message.slice(start).chunks():
            for one in running.values():
                one.feed(chunk)
    return {kind: (one.finish(), one.length) for kind, one in running.items()}


async def _checked(
    signature: Signature, fields: Sequence[bytes], body: tuple[bytes, int], keys: KeyLookup, now: datetime
) -> SignatureResult:
    def ended(result: str, reason: str = "") -> SignatureResult:
        mark = base64.b64encode(signature.signature[:6]).decode()
        return SignatureResult(
            result=result, domain=signature.domain, selector=signature.selector, agent=signature.agent, reason=reason, mark=mark
        )  # fmt: skip

    digest, length = body
    if signature.expires is not None and now.timestamp() > signature.expires:
        return ended("fail", "the signature has expired")
    if signature.limit is not None and signature.limit > length:
        return ended("permerror", "l= is larger than the body")
    try:
        records = await keys(signature.key_name)
        if len(records) != 1:
            raise DKIMError("no key record" if not records else "several key records")
        key = parse_key(records[0])
        if key.strict and signature.agent.rpartition("@")[2].lower() != signature.domain:
            raise DKIMError("i= must be of the domain d= itself")
        public = _public_key(key, signature)
    except DKIMError as error:
        return ended(error.result, str(error))
    except GatewayError as error:
        return ended("temperror", str(error))
    if digest != signature.body_hash:
        return ended("fail", "the body was changed")
    if not _is_right(public, signature, fields):
        return ended("fail", "the signature does not fit the header")
    if signature.limit is not None and signature.limit < length:
        return ended("policy", "a part of the body is not signed")  # RFC 6376 8.2
    # RFC 6376 3.6.1: mail of a domain that only tests must not be treated otherwise than mail without a signature.
    return ended("neutral", "the domain tests its signatures") if key.testing else ended("pass")


def _public_key(record: KeyRecord, signature: Signature) -> RSAPublicKey | Ed25519PublicKey:
    """The key, which must be of the kind that the signature names.

    Raises:
        DKIMError: It is not, or is too weak, or cannot be read.
    """
    if record.kind != signature.algorithm.partition("-")[0]:
        raise DKIMError("key and signature are of different kinds")
    try:
        if record.kind == "ed25519":
            return Ed25519PublicKey.from_public_bytes(record.key)
        key = serialization.load_der_public_key(record.key)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise DKIMError("the key cannot be read") from error
    if not isinstance(key, RSAPublicKey):
        raise DKIMError("the key is no RSA key")
    if not _SMALLEST_RSA <= key.key_size <= _LARGEST_RSA:
        raise DKIMError(f"an RSA key of {key.key_size} bits", "policy")
    return key


def _is_right(key: RSAPublicKey | Ed25519PublicKey, signature: Signature, fields: Sequence[bytes]) -> bool:
    canonical = relaxed_field if signature.relaxed_header else simple_field
    octets = signed_octets(fields, signature.names, signature.field, canonical)
    try:
        if isinstance(key, Ed25519PublicKey):
            digest = hashes.Hash(hashes.SHA256())
            digest.update(octets)
            key.verify(signature.signature, digest.finalize())
        else:
            key.verify(signature.signature, octets, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
