"""A certification authority for tests, and certificates of it in files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.mta.certificates import Certificate, certificate_from_der
from gateway.mta.strong import Identity

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def key(kind: str = "ec") -> Key:
    return ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)


def name(common: str) -> x509.Name:
    return x509.Name((x509.NameAttribute(NameOID.COUNTRY_NAME, "XX"), x509.NameAttribute(NameOID.COMMON_NAME, common)))


@dataclass(frozen=True)
class Issued:
    """A certificate with its key, and where both are."""

    certificate: x509.Certificate
    key: Key
    certificate_file: Path
    key_file: Path

    @property
    def identity(self) -> Identity:
        return Identity(certificate=self.certificate, key=self.key)

    @property
    def read(self) -> Certificate:
        return certificate_from_der(self.certificate.public_bytes(Encoding.DER))


class Authority:
    def __init__(self, folder: Path, common: str = "Test Authority", *, over: Authority | None = None, below: int | None = None) -> None:
        self._folder = folder
        self._key = key()
        self._name = name(common)
        self.certificate = (over or self)._signed(self._name, self._key, is_authority=True, valid=DAY, below=below)
        self.file = folder / f"{common}.pem"
        self.file.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def issue(self, common: str, *, kind: str = "ec", valid: timedelta = DAY, host: str = "") -> Issued:
        own = key(kind)
        certificate = self._signed(name(common), own, is_authority=False, valid=valid, host=host)
        certificate_file, key_file = self._folder / f"{common}.pem", self._folder / f"{common}.key"
        certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
        key_file.write_bytes(own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return Issued(certificate, own, certificate_file, key_file)

    def _signed(
        self, subject: x509.Name, own: Key, *, is_authority: bool, valid: timedelta, host: str = "", below: int | None = None
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - 2 * DAY)
            .not_valid_after(NOW + valid)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=below), critical=True)
        )
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return builder.sign(self._key, hashes.SHA256())
