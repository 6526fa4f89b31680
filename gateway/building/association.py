"""What a peer's section says of its associations: credentials, TLS, modes, numbers and times."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.config import Config, PeerSection, Secret
from gateway.config.association import CertificateSection, ListenerTLSSection, PeerTLSSection, StrongSection
from gateway.errors import ConfigurationError
from gateway.mta.certificates import Expected
from gateway.mta.credentials import Authentication, Credentials
from gateway.mta.peers import Peer
from gateway.mta.strong import Identity, Trust
from gateway.mta.tls import CallerTLS, ListenerTLS
from gateway.osi.service import Mode

_ANY_VERSION = frozenset({1, 2})
_PROTOCOL_1988, _PROTOCOL_1984 = 12, 1
"""applicationProtocol of X.410-1984 mode (X.419): P1 of 1988, P1 of 1984."""


def associated(peer: Peer, section: PeerSection, config: Config) -> Peer:
    """A peer with all that its section says of associations.

    Raises:
        ConfigurationError: A secret or a certificate cannot be read, or what a setting needs is not there.
    """
    where = f"mta.peer {section.name}"
    ours, theirs = _ours(section, config, where), _theirs(section, where)
    return replace(
        peer, ours=ours, theirs=theirs,
        answering=_other(ours, section.answer_mta_name, section.answer_password, f"{where}.answer_password"),
        expected=_other(theirs, section.calling_mta_name, section.calling_password, f"{where}.calling_password"),
        checks_answer=section.check_answer,
        certificate=_expected(section.certificate), tls=_tls(section.tls, f"{where}.tls"),
        mode=Mode.NORMAL if section.mode == "88-normal" else Mode.X410_1984,
        application_context=section.application_context, application_protocol=_protocol(section),
        session_versions=_versions(section),
        urgent_associations=section.urgent_associations, threshold=section.threshold, lifetime_seconds=section.lifetime_seconds,
        connect_timeout_seconds=section.connect_timeout_seconds, longest_retry_seconds=section.longest_retry_seconds,
        recovery=section.recovery, trace=section.trace,
    )  # fmt: skip


def _ours(section: PeerSection, config: Config, where: str) -> Credentials:
    strong = section.authentication == "strong"
    return Credentials(
        mta_name=section.our_mta_name or config.gateway.mta_name,
        password=section.our_password.read(f"{where}.our_password") if section.our_password else None,
        octet_string=section.octet_string_password,
        bind=Authentication(section.authentication),
        identity=_identity(section.strong, f"{where}.strong") if strong else None,
    )


def _theirs(section: PeerSection, where: str) -> Credentials:
    strong = section.its_authentication == "strong"
    return Credentials(
        mta_name=section.mta_name,
        password=section.password.read(f"{where}.password") if section.password else None,
        bind=Authentication(section.its_authentication),
        trust=_trust(section.strong, f"{where}.strong") if strong else None,
        caseless=section.name_match == "caseless",
    )


def _other(same: Credentials, mta_name: str | None, password: Secret | None, where: str) -> Credentials | None:
    """The credentials of the other direction, None where they are the same."""
    if mta_name is None and password is None:
        return None
    return replace(same, mta_name=mta_name or same.mta_name, password=password.read(where) if password else same.password)


def _protocol(section: PeerSection) -> int | None:
    if section.mode == "88-normal":
        return None
    default = _PROTOCOL_1984 if section.mode == "1984" else _PROTOCOL_1988
    return default if section.application_protocol is None else section.application_protocol


def _versions(section: PeerSection) -> frozenset[int]:
    """Quirk profiles, standard defaults: version 1 where 1984 is spoken, both elsewhere."""
    if section.session_version is None:
        return frozenset({1}) if section.mode == "1984" else _ANY_VERSION
    return _ANY_VERSION if section.session_version == "any" else frozenset({int(section.session_version)})


def _expected(section: CertificateSection | None) -> Expected | None:
    return None if section is None else Expected(subject=section.subject, fingerprint=section.fingerprint)


def _tls(section: PeerTLSSection | None, where: str) -> CallerTLS | None:
    if section is None:
        return None
    found = CallerTLS(
        authorities=section.authorities, certificate=section.certificate, key=section.key, expected=_expected(section.expects)
    )
    return _tried(found, where)


def listener_tls(section: ListenerTLSSection | None) -> ListenerTLS | None:
    """How we are called under TLS.

    Raises:
        ConfigurationError: The certificates cannot be used.
    """
    if section is None:
        return None
    found = ListenerTLS(
        certificate=section.certificate, key=section.key, authorities=section.authorities, required=section.certificate_required
    )
    try:
        found.context()
    except ConfigurationError as error:
        raise ConfigurationError(f"mta.tls: {error}") from error
    return found


def _tried(tls: CallerTLS, where: str) -> CallerTLS:
    """The files are read now, so that a mistake is found by `mixer check` and not by the first call."""
    try:
        tls.context()
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from error
    return tls


def _identity(section: StrongSection | None, where: str) -> Identity:
    if section is None or section.certificate is None or section.key is None:
        raise ConfigurationError(f"{where}: a strong bind needs certificate and key")
    (certificate, *path) = _certificates(section.certificate, where)
    try:
        key = load_pem_private_key(section.key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(f"{where}: {section.key}: {error}") from error
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise ConfigurationError(f"{where}: {section.key}: an RSA or ECDSA key is wanted")
    return Identity(certificate=certificate, key=key, path=tuple(path))


def _trust(section: StrongSection | None, where: str) -> Trust:
    expected = _expected(section.expects) if section is not None else None
    if section is None or section.authorities is None or expected is None:
        raise ConfigurationError(f"{where}: a peer that binds with strong credentials needs authorities and expects")
    return Trust(expected=expected, anchors=_certificates(section.authorities, where))


def _certificates(path: Path, where: str) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{where}: {path}: {error}") from error
