"""The strong bind (X.411 8.2.1.1.1.2): a certificate, and a token that its key has signed for the other MTA.

A token names whom it is for, when it was made, and a random number that is used once. The answer carries the number of the call, so that
it belongs to this call and no other.

A certificate may come with its certification path (X.509 Certificates): CA certificates that lead from its issuer to an authority that is
trusted for the peer. They count for nothing but their signatures.

# Deviation: attribute certificates, cross certificates towards the subject (CertificatePair.reverse) and revocation lists are not used.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from gateway import asn1
from gateway.errors import GatewayError
from gateway.mta.certificates import CertificateError, Expected, certificate_from_der, load_der, trust_fault
from gateway.octets import MemoryOctets
from gateway.x400 import oids
from gateway.x400.security import (
    AlgorithmIdentifier,
    AsymmetricToken,
    AsymmetricTokenContent,
    Certificates,
    Credentials,
    StrongCredentials,
    Token,
    TokenData,
    TokenMTA,
    TokenName,
)

_RSA_SHA256: Final = "1.2.840.113549.1.1.11"
_ECDSA_SHA256: Final = "1.2.840.10045.4.3.2"
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    _RSA_SHA256: hashes.SHA256(),
    "1.2.840.113549.1.1.12": hashes.SHA384(),
    "1.2.840.113549.1.1.13": hashes.SHA512(),
    _ECDSA_SHA256: hashes.SHA256(),
    "1.2.840.10045.4.3.3": hashes.SHA384(),
    "1.2.840.10045.4.3.4": hashes.SHA512(),
}
"""Signature algorithms that are believed (RFC 4055, RFC 5758). MD5 and SHA-1 of the standard's own time are not."""

_BIND_TOKEN: Final = 1  # bind-token-signed-data in X.411 TokenDataTable
_RANDOM_OCTETS: Final = 16
_FRESH: Final = timedelta(minutes=5)
"""How far the clocks of two MTAs may be apart, and how long a token counts."""
_REMEMBERED: Final = 10_000
_LONGEST_SIGNATURE: Final = 4096
_LONGEST_PATH: Final = 8
_FORWARD_PATH: Final = asn1.SequenceOf(asn1.SetOf(asn1.Any(), size=(1, _LONGEST_PATH)), size=(1, _LONGEST_PATH))
"""X.509 ForwardCertificationPath: a SET of certificates for every step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are: our certificate, its private key, and the CA certificates that lead to an authority which peers know."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    path: tuple[x509.Certificate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whose tokens are believed: the certificate that is expected, and who may have issued it."""

    expected: Expected
    anchors: tuple[x509.Certificate, ...]


class Replays:
    """Random numbers of tokens that came lately: none counts twice."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, datetime] = OrderedDict()

    def first(self, signed: bytes, now: datetime) -> bool:
        """Whether this token was not here before; it is from now on."""
        token = hashlib.sha256(signed).digest()
        while self._seen and (len(self._seen) > _REMEMBERED or next(iter(self._seen.values())) < now - 2 * _FRESH):
            self._seen.popitem(last=False)
        if token in self._seen:
            return False
        self._seen[token] = now
        return True


def fresh_random() -> asn1.Bits:
    """A random number for a call."""
    return asn1.Bits(octets=MemoryOctets(os.urandom(_RANDOM_OCTETS)))


def strong_credentials(identity: Identity, for_mta: str, random: asn1.Bits, now: datetime) -> Credentials:
    """Credentials with a token for one MTA.

    Args:
        identity: Who we are.
        for_mta: Name of the MTA that the token is for.
        random: Of this call; in an answer that of the call which is answered.
        now: The present time.
    """
    algorithm = _algorithm(identity.key)
    content = AsymmetricTokenContent(
        signature_algorithm_identifier=algorithm,
        name=TokenName(mta=TokenMTA(mta_name=for_mta)),
        time=now.replace(microsecond=0),
        signed_data=TokenData(type_=_BIND_TOKEN, value=random),
    )
    signed = asn1.encode(content)
    signature = asn1.Bits(octets=MemoryOctets(_sign(identity.key, signed)))
    token = AsymmetricToken(to_be_signed=signed, algorithm_identifier=algorithm, encrypted=signature)
    return Credentials(
        strong=StrongCredentials(
            bind_token=Token(token_type_identifier=oids.ID_TOK_ASYMMETRICTOKEN, token=token),
            certificate=Certificates(
                user_certificate=identity.certificate.public_bytes(Encoding.DER), certification_path=_encoded_path(identity.path)
            ),
        )
    )


def strong_fault(
    trust: Trust, credentials: Credentials, our_name: str, now: datetime, replays: Replays | None, answer_to: asn1.Bits | None = None
) -> str:
    """Why strong credentials are not believed; empty when they are.

    Args:
        trust: Whom the peer must prove to be.
        credentials: What it offered.
        our_name: Our MTA name, which its token must name.
        now: The present time.
        replays: Tokens that were used before; None: only a token that answers ours is believed.
        answer_to: For an answer: the random number of our call.
    """
    strong = credentials.strong
    if strong is None:
        return "it offered no strong credentials"
    if strong.bind_token is None or not isinstance(strong.bind_token.token, AsymmetricToken):
        return "its strong credentials hold no asymmetric bind token"
    if strong.certificate is None:
        return "its strong credentials hold no certificate"
    try:
        certificate = load_der(strong.certificate.user_certificate)
        found = certificate_from_der(strong.certificate.user_certificate)
        path = _path(strong.certificate.certification_path)
        content: AsymmetricTokenContent = asn1.decode(strong.bind_token.token.to_be_signed, AsymmetricTokenContent)
    except GatewayError as error:
        return f"its strong credentials do not decode: {error}"
    return (
        _offered(trust.expected.fault(found))
        or trust_fault(certificate, trust.anchors, now, path)
        or _signature_fault(certificate, strong.bind_token.token)
        or _content_fault(content, our_name, now)
        or _random_fault(content, strong.bind_token.token, answer_to, now, replays)
    )


def _path(octets: bytes | None) -> tuple[x509.Certificate, ...]:
    """The certificates of a ForwardCertificationPath.

    Raises:
        GatewayError: They do not decode, or are too many.
    """
    if octets is None:
        return ()
    steps: tuple[tuple[bytes, ...], ...] = asn1.decode(octets, _FORWARD_PATH)
    certificates = tuple(each for step in steps for each in step)
    if len(certificates) > _LONGEST_PATH:
        raise CertificateError(f"its certification path has {len(certificates)} certificates, more than {_LONGEST_PATH}")
    return tuple(load_der(each) for each in certificates)


def _encoded_path(path: tuple[x509.Certificate, ...]) -> bytes | None:
    return asn1.encode(tuple((each.public_bytes(Encoding.DER),) for each in path), _FORWARD_PATH) if path else None


def _offered(fault: str) -> str:
    return f"it offered {fault}" if fault else ""


def _content_fault(content: AsymmetricTokenContent, our_name: str, now: datetime) -> str:
    if content.name.mta is None or content.name.mta.mta_name != our_name:
        named = content.name.mta.mta_name if content.name.mta is not None else "no MTA"
        return f"its token is for {named!r}, we are {our_name!r}"
    if abs(content.time - now) > _FRESH:
        return f"its token was made at {content.time.isoformat()}, which is not now: compare the clocks"
    return ""


def _random_fault(
    content: AsymmetricTokenContent, token: AsymmetricToken, answer_to: asn1.Bits | None, now: datetime, replays: Replays | None
) -> str:
    """A number used once: an answer carries ours, or its token was never seen before."""
    data = content.signed_data
    if data is None or data.type_ != _BIND_TOKEN or not isinstance(data.value, asn1.Bits):
        return "its token holds no random number"
    if answer_to is not None and data.value == answer_to:
        return ""
    if replays is None:
        return "its token does not carry the number of our call"
    return "" if replays.first(token.to_be_signed, now) else "its token was used before (a replay)"


def random_of(credentials: Credentials) -> asn1.Bits | None:
    """The random number in a token, for the answer to it; None when there is none."""
    strong = credentials.strong
    if strong is None or strong.bind_token is None or not isinstance(strong.bind_token.token, AsymmetricToken):
        return None
    try:
        content: AsymmetricTokenContent = asn1.decode(strong.bind_token.token.to_be_signed, AsymmetricTokenContent)
    except GatewayError:
        return None
    value = content.signed_data.value if content.signed_data is not None else None
    return value if isinstance(value, asn1.Bits) else None


def _algorithm(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> AlgorithmIdentifier:
    if isinstance(key, rsa.RSAPrivateKey):
        return AlgorithmIdentifier(algorithm=_RSA_SHA256, parameters=b"\x05\x00")
    return AlgorithmIdentifier(algorithm=_ECDSA_SHA256)


def _sign(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, octets: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(octets, ec.ECDSA(hashes.SHA256()))


def _signature_fault(certificate: x509.Certificate, token: AsymmetricToken) -> str:
    name = token.algorithm_identifier.algorithm
    digest = _HASHES.get(name)
    if digest is None:
        return f"its token is signed with algorithm {name}, which is not believed"
    if len(token.encrypted.octets) > _LONGEST_SIGNATURE:
        return "the signature of its token is absurdly long"
    signature = token.encrypted.octets.to_bytes()
    try:
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, token.to_be_signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, token.to_be_signed, ec.ECDSA(digest))
        else:
            return "its certificate has a key that is neither RSA nor ECDSA"
    except InvalidSignature:
        return "the signature of its token is wrong"
    except (ValueError, UnsupportedAlgorithm) as error:
        return f"the key of its certificate cannot be used: {error}"
    return ""
