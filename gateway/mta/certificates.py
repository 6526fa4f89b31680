"""X.509 certificates of peers: who one is about, and whether it is the one that is expected.

The same question is asked of a client certificate under TLS and of the certificate in a strong bind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.errors import GatewayError


class CertificateError(GatewayError):
    """A certificate cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What counts of a certificate.

    Attributes:
        subject: Distinguished name in the form of RFC 4514.
        names: DNS names of the subject alternative name.
        fingerprint: SHA-256 of the DER encoding, hexadecimal in lower case.
        der: The encoding.
    """

    subject: str
    names: tuple[str, ...]
    fingerprint: str
    der: bytes

    def __str__(self) -> str:
        """For the log and for operators."""
        return f"{self.subject or 'no subject'} (sha256 {self.fingerprint})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Which certificate a peer has; at least one of the two is given.

    Attributes:
        subject: A distinguished name (RFC 4514), or one of the DNS names; compared without case.
        fingerprint: SHA-256 of the certificate: pins exactly one.
    """

    subject: str = ""
    fingerprint: str = ""

    def fault(self, found: Certificate | None) -> str:
        """Why a certificate is not the expected one; empty when it is."""
        if found is None:
            return f"no certificate instead of {self}"
        if self.fingerprint and found.fingerprint != self.fingerprint.replace(":", "").lower():
            return f"the certificate {found} instead of {self}"
        wanted = self.subject.lower()
        if wanted and wanted not in (found.subject.lower(), *(name.lower() for name in found.names)):
            return f"the certificate {found} instead of {self}"
        return ""

    def __str__(self) -> str:
        """For the log and for operators."""
        pinned = f"sha256 {self.fingerprint}" if self.fingerprint else ""
        return " with ".join(part for part in (self.subject, pinned) if part)


def certificate_from_der(der: bytes) -> Certificate:
    """What counts of a certificate.

    Raises:
        CertificateError: It does not decode.
    """
    loaded = load_der(der)
    try:
        names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        names = []
    try:
        subject = loaded.subject.rfc4514_string()
    except ValueError as error:
        raise CertificateError(f"the subject of a certificate cannot be read: {error}") from error
    return Certificate(subject=subject, names=tuple(names), fingerprint=loaded.fingerprint(SHA256()).hex(), der=der)


def load_der(der: bytes) -> x509.Certificate:
    """The certificate as the library knows it.

    Raises:
        CertificateError: It does not decode.
    """
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateError(f"a certificate does not decode: {error}") from error


def trust_fault(
    certificate: x509.Certificate, anchors: Iterable[x509.Certificate], now: datetime, path: Sequence[x509.Certificate] = ()
) -> str:
    """Why a certificate is not to be believed: out of its time, or issued by none of the anchors; empty when it is.

    Args:
        certificate: What a peer has shown.
        anchors: Certification authorities, or the certificate itself (pinned).
        now: The present time.
        path: CA certificates between it and an anchor, as the peer gave them, in any order.
    """
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        return f"its certificate is valid from {certificate.not_valid_before_utc} to {certificate.not_valid_after_utc} only"
    trusted, left, reached, below = tuple(anchors), list(path), [certificate], 0
    while reached:
        if any(found in trusted or any(_issued(found, anchor, now, below) for anchor in trusted) for found in reached):
            return ""
        # Every certificate of the path is reached once, at its shortest distance: whatever a peer sends is a few verifications.
        issuers = [issuer for issuer in left if any(_issued(found, issuer, now, below) for found in reached)]
        left = [other for other in left if other not in issuers]
        reached, below = issuers, below + 1
    return "its certificate is issued by none of the authorities that are trusted for it"


def _issued(certificate: x509.Certificate, authority: x509.Certificate, now: datetime, below: int) -> bool:
    """Whether an authority has issued a certificate that has so many CA certificates between itself and the peer's (RFC 5280 6.1)."""
    if not authority.not_valid_before_utc <= now <= authority.not_valid_after_utc:
        return False
    try:
        constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(authority)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return constraints.ca and _may_sign(authority) and (constraints.path_length is None or below <= constraints.path_length)


def _may_sign(authority: x509.Certificate) -> bool:
    """Whether its key is for certificates; without the extension it is for everything."""
    try:
        return authority.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True
    except (x509.DuplicateExtension, ValueError):
        return False
