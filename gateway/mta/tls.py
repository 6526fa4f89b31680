"""TLS under RFC 1006: the whole stack inside one TLS connection, client certificates as a further proof of who calls.

There is no registered port and no STARTTLS for P1: TLS begins with the first octet, on a port of its own.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import ConfigurationError, GatewayError
from gateway.mta.certificates import Certificate, Expected, certificate_from_der


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerTLS:
    """How we call a peer under TLS.

    Attributes:
        authorities: PEM file of who may have issued its certificate; None: the authorities of the system.
        certificate, key: PEM files of our own certificate; None: we show none.
        expected: Its certificate; the host name does not count then, since X.400 hosts rarely have one in theirs.
    """

    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    expected: Expected | None = None

    def context(self) -> ssl.SSLContext:
        """The context of our calls.

        Raises:
            ConfigurationError: A file cannot be used.
        """
        try:
            context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.authorities)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"TLS: {self.authorities or ''} {self.certificate or ''}: {error}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = self.expected is None
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerTLS:
    """How we are called under TLS.

    Attributes:
        certificate, key: PEM files of our certificate.
        authorities: PEM file of who may have issued the certificates of callers; None: callers are asked for none.
        required: A caller without a certificate is turned away in the handshake; else it is a matter of the peer.
    """

    certificate: Path
    key: Path
    authorities: Path | None = None
    required: bool = False

    def context(self) -> ssl.SSLContext:
        """The context of the listener.

        Raises:
            ConfigurationError: A file cannot be used.
        """
        try:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.authorities)
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"TLS: {self.certificate}: {error}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.authorities is not None:
            context.verify_mode = ssl.CERT_REQUIRED if self.required else ssl.CERT_OPTIONAL
        return context


def certificate_of(connection: ssl.SSLObject | None) -> Certificate | None:
    """The certificate that the other side of a connection showed; None without TLS, or when it showed none."""
    der = connection.getpeercert(binary_form=True) if connection is not None else None
    if der is None:
        return None
    try:
        return certificate_from_der(der)
    except GatewayError:
        return None  # TLS believed it, but nothing can be compared with it
