"""The Internet side: the SMTP listener and the sender."""

from __future__ import annotations

import hmac
import ssl
from collections.abc import Callable
from ipaddress import ip_address

from gateway.config import Config, SMTPClient, SMTPUser, TLSSection
from gateway.errors import ConfigurationError, GatewayError
from gateway.internet.addresses import Mailbox
from gateway.lookup.dns import DNSResolver
from gateway.lookup.records import RecordResolver
from gateway.smtp import listener as smtp_listener
from gateway.smtp.authentication import VerificationSettings, Verifier
from gateway.smtp.departure import Departure, DepartureSettings, ForeignFrom
from gateway.smtp.dkim.signing import SigningKey
from gateway.smtp.routing import Route, SmartHost, SMTPRouter, TLSMode
from gateway.smtp.sender import SenderSettings, SMTPSender


def smtp_listener_settings(config: Config) -> smtp_listener.ListenerSettings:
    """How the SMTP listener behaves.

    Raises:
        ConfigurationError: A certificate or a password cannot be read.
    """
    smtp = config.smtp
    return smtp_listener.ListenerSettings(
        hostname=smtp.hostname or config.gateway.domain, host=smtp.host, port=smtp.port, size_limit=smtp.largest_octets,
        recipients_limit=smtp.recipients, connections=smtp.connections, timeout_seconds=smtp.command_timeout_seconds,
        refuse_stray_line_ends=not smtp.accept_bare_line_feeds, tls=_server_tls(smtp.tls), authenticate=_authenticator(smtp.users),
        auth_requires_tls=smtp.tls is not None, client_class=_client_class(smtp.client),
        chunking=smtp.chunking, mt_priority=smtp.mt_priority, deliver_by=smtp.deliver_by,
        deliver_by_minimum=smtp.deliver_by_minimum_seconds, future_release=smtp.future_release_seconds,
        may_set_delivery_options=frozenset(each.name for each in smtp.client if each.may_set_delivery_options),
    )  # fmt: skip


def _server_tls(section: TLSSection | None) -> ssl.SSLContext | None:
    if section is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(section.certificate, section.key)
    except OSError as error:
        raise ConfigurationError(f"smtp.tls: {section.certificate}, {section.key}: {error}") from error
    return context


def _authenticator(users: tuple[SMTPUser, ...]) -> Callable[[str, str], bool] | None:
    if not users:
        return None
    passwords = {user.name: user.password.read(f"smtp.users {user.name}.password") for user in users}

    def right(name: str, password: str) -> bool:
        expected = passwords.get(name)
        return hmac.compare_digest(expected or b"", password.encode()) and expected is not None

    return right


def _client_class(classes: tuple[SMTPClient, ...]) -> Callable[[str, str], str]:
    """The first class that fits a client's address and authenticated user; empty when none does."""

    def fits(section: SMTPClient, address: str, user: str) -> bool:
        if section.users and user not in section.users:
            return False
        return not section.networks or any(ip_address(address) in network for network in section.networks)

    return lambda address, user: next((section.name for section in classes if fits(section, address, user)), "")


def records_from(config: Config) -> RecordResolver:
    """Where SPF, DKIM and DMARC records come from."""
    dns = config.smtp.dns
    return RecordResolver(nameservers=[str(address) for address in dns.nameservers], port=dns.port)


def verifier_from(config: Config) -> Verifier | None:
    """What verifies mail on entry; None where that is not asked for."""
    section = config.smtp.verification
    if section is None:
        return None
    settings = VerificationSettings(
        seconds=section.timeout_seconds, refuse=section.dmarc_reject == "refuse",
        exempt=frozenset(each.name for each in config.smtp.client if not each.verify),
    )  # fmt: skip
    return Verifier(settings, records_from(config))


def signing_keys(config: Config) -> tuple[SigningKey, ...]:
    """The DKIM keys.

    Raises:
        ConfigurationError: One cannot be read.
    """
    section = config.smtp.signing
    return () if section is None else tuple(
        SigningKey.from_pem(
            each.key.read(f"smtp.signing.keys {each.selector}.key"), domain=each.domain or config.gateway.domain, selector=each.selector
        )
        for each in section.keys
    )  # fmt: skip


def departure_from(config: Config) -> Departure:
    """What happens to mail before it leaves.

    Raises:
        ConfigurationError: A key cannot be read, or the mailbox for From is none.
    """
    section = config.smtp.signing
    mailbox = (section.from_mailbox if section is not None else None) or f"postmaster@{config.gateway.domain}"
    try:
        Mailbox.from_text(mailbox)
    except GatewayError as error:
        raise ConfigurationError(f"smtp.signing.from_mailbox: {error}") from error
    settings = DepartureSettings(
        identifier=config.gateway.domain, keys=signing_keys(config), mailbox=mailbox,
        foreign_from=ForeignFrom.KEEP if section is None else ForeignFrom(section.foreign_from),
    )  # fmt: skip
    return Departure(settings, records_from(config))


def smtp_sender_from(config: Config) -> SMTPSender:
    """The SMTP sender: to the smart host, or by MX.

    Raises:
        ConfigurationError: The smart host's password, or a DKIM key, cannot be read.
    """
    section = config.smtp.smart_host
    host = None
    if section is not None:
        password = section.password.read("smtp.smart_host.password").decode() if section.password is not None else ""
        host = SmartHost(
            host=section.host, port=section.port, tls=TLSMode(section.tls), user=section.user or "", password=password
        )  # fmt: skip
    hostname = config.smtp.hostname or config.gateway.domain
    dns = config.smtp.dns
    resolver = DNSResolver(nameservers=[str(address) for address in dns.nameservers], port=dns.port)
    router = SMTPRouter((Route(smart_host=host),), resolver, own_names=(hostname,))
    return SMTPSender(SenderSettings(hostname=hostname), router, departure=departure_from(config))
