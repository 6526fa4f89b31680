"""Writing signatures (RFC 6376 section 5): the header in memory, the body as it streams by."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from gateway.errors import ConfigurationError
from gateway.smtp.dkim.canonical import BodyHash, relaxed_field

_VALUE_OF_B = re.compile(rb"([;:][ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_SIGNED = (
    "from", "reply-to", "subject", "date", "to", "cc", "resent-date", "resent-from", "resent-to", "resent-cc", "in-reply-to",
    "references", "message-id", "mime-version", "content-type", "content-transfer-encoding", "list-id", "list-unsubscribe",
    "auto-submitted",
)  # fmt: skip
"""What RFC 6376 5.4.1 recommends to sign; each also once more than it stands there, so that none can be added."""
_LINE = 72
_SMALLEST_RSA = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key that signs for a domain.

    Attributes:
        domain: ``d=``; its key record is at ``selector._domainkey.domain``.
        selector: ``s=``; a new one for every new key, so that both records can stand while mail is under way.
        key: RSA or Ed25519.
    """

    domain: str
    selector: str
    key: RSAPrivateKey | Ed25519PrivateKey

    @classmethod
    def from_pem(cls, pem: bytes, *, domain: str, selector: str) -> SigningKey:
        """Read a private key.

        Raises:
            ConfigurationError: It is none, or none for DKIM.
        """
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ConfigurationError(f"the DKIM key of {selector}._domainkey.{domain} cannot be read: {error}") from error
        if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey) or (isinstance(key, RSAPrivateKey) and key.key_size < _SMALLEST_RSA):
            raise ConfigurationError(f"the DKIM key of {selector}._domainkey.{domain} must be RSA of 1024 bits or more, or Ed25519")
        return cls(domain=domain.lower().rstrip("."), selector=selector.lower(), key=key)

    @property
    def algorithm(self) -> str:
        """``a=``."""
        return "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"

    @property
    def record(self) -> str:
        """The text of the TXT record to publish."""
        public = self.key.public_key()
        if isinstance(self.key, RSAPrivateKey):
            octets = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        else:
            octets = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return f"v=DKIM1; k={self.algorithm.partition('-')[0]}; p={base64.b64encode(octets).decode()}"

    def sign(self, octets: bytes) -> bytes:
        """The signature over the canonical header (RFC 6376 3.3.1, RFC 8463 section 3)."""
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(hashlib.sha256(octets).digest())


def signature_fields(fields: Sequence[bytes], body: Iterable[bytes], keys: Sequence[SigningKey]) -> bytes:
    """The DKIM-Signature fields to put before a message, relaxed/relaxed, one for each key.

    They have no time ``t=``: the same message gives the same octets at every attempt.

    Args:
        fields: The header as it goes out, each field with its CRLF.
        body: The body as it goes out.
        keys: Who signs.
    """
    running = BodyHash(relaxed=True)
    for chunk in body:
        running.feed(chunk)
    digest = base64.b64encode(running.finish()).decode()
    names = signed_names(fields)
    return b"".join(_field(fields, names, digest, key) for key in keys)


def signed_names(fields: Sequence[bytes]) -> tuple[str, ...]:
    """The names for ``h=``: each as often as it stands there, and once more."""
    counts: defaultdict[str, int] = defaultdict(int)
    for field in fields:
        counts[_name(field)] += 1
    return tuple(name for name in _SIGNED if counts[name] for _ in range(counts[name] + 1))


def _field(fields: Sequence[bytes], names: Sequence[str], digest: str, key: SigningKey) -> bytes:
    tags = [f"v=1; a={key.algorithm}; c=relaxed/relaxed; d={key.domain};", f"s={key.selector};", *_folded_names(names), f"bh={digest};"]
    unsigned = ("DKIM-Signature: " + "\r\n\t".join([*tags, "b="]) + "\r\n").encode("ascii")
    signature = base64.b64encode(key.sign(signed_octets(fields, names, unsigned, relaxed_field)))
    lines = [signature[at : at + _LINE] for at in range(0, len(signature), _LINE)]
    return unsigned[:-2] + b"\r\n\t".join(lines) + b"\r\n"


def _folded_names(names: Sequence[str]) -> list[str]:
    lines = ["h="]
    for number, name in enumerate(names, 1):
        word = name + (";" if number == len(names) else ":")
        if len(lines[-1]) + len(word) > _LINE:
            lines.append(word)
        else:
            lines[-1] += word
    return lines


def signed_octets(fields: Sequence[bytes], names: Sequence[str], signature: bytes, canonical: Callable[[bytes], bytes]) -> bytes:
    """What the signature is made over: the named fields from the bottom up, then the signature field without its value (3.7)."""
    standing: defaultdict[str, list[bytes]] = defaultdict(list)
    for field in fields:
        standing[_name(field)].append(field)
    chosen = [canonical(standing[name].pop()) for name in names if standing[name]]
    return b"".join(chosen) + canonical(_VALUE_OF_B.sub(rb"\1", signature, count=1)).removesuffix(b"\r\n")


def _name(field: bytes) -> str:
    return field.partition(b":")[0].strip(b" \t").decode("latin-1").lower()
