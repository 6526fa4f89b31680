"""Where Internet mail goes next: a smart host, by domain or for everything, or the mail servers of the domain's MX."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from gateway.errors import Failure, GatewayError
from gateway.lookup.dns import DNSError, MailServer
from gateway.smtp.failures import x400_reason


class TLSMode(Enum):
    """How a hop is protected."""

    NONE = "none"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartHost:
    """A host that takes mail for every domain of its route.

    Attributes:
        host: Name or address.
        tls: ``REQUIRED`` and ``IMPLICIT`` check the certificate against the name; ``OPPORTUNISTIC`` encrypts where it can.
        user, password: For AUTH; an empty user means none.
        ca_file: Certificates to trust instead of those of the system.
    """

    host: str
    port: int = 25
    tls: TLSMode = TLSMode.OPPORTUNISTIC
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A rule: mail for ``domain`` goes to ``smart_host``, or by MX where that is None.

    Attributes:
        domain: A domain, ``.domain`` for everything below it, or ``*`` for everything.
        mx_port, mx_tls: For delivery by MX.
    """

    domain: str = "*"
    smart_host: SmartHost | None = None
    mx_port: int = 25
    mx_tls: TLSMode = TLSMode.OPPORTUNISTIC

    def fits(self, domain: str) -> bool:
        """Whether the rule is about this domain (in lower case)."""
        pattern = self.domain.lower()
        return pattern == "*" or pattern == domain or (pattern.startswith(".") and domain.endswith(pattern))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One host to try.

    Attributes:
        host: Name for the log and the certificate check.
        address: What to connect to: an address, or the name where the system's resolver is to look it up.
    """

    host: str
    address: str
    port: int
    tls: TLSMode
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""


class Resolver(Protocol):
    """Finds mail servers; `lookup.dns.DNSResolver` is one."""

    async def mail_servers(self, domain: str) -> tuple[MailServer, ...]:
        """The servers in the order to try.

        Raises:
            DNSError: Nothing was found, for now or for ever.
        """


class NoRoute(GatewayError):
    """There is nowhere to go; carries the `Failure`, whose class says whether to try again."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


class SMTPRouter:
    """The routing table of the Internet side.

    Args:
        routes: In order; the first that fits counts, and a domain that none fits goes by MX.
        resolver: For routes by MX.
        own_names: Our own host names: an MX that points to us would be a loop (RFC 5321 5.1).
    """

    def __init__(self, routes: Sequence[Route], resolver: Resolver, *, own_names: Sequence[str] = ()) -> None:
        self._routes = tuple(routes)
        self._resolver = resolver
        self._own = frozenset(name.lower().rstrip(".") for name in own_names)

    def next_hop(self, domain: str) -> str:
        """Name of what takes mail for a domain; recipients with the same one can share a transaction."""
        route = self._route(domain)
        if route.smart_host is not None:
            return f"smtp:{route.smart_host.host.lower()}:{route.smart_host.port}"
        return f"mx:{domain.lower().rstrip('.')}"

    def _route(self, domain: str) -> Route:
        name = domain.lower().rstrip(".")
        return next((route for route in self._routes if route.fits(name)), Route())

    async def targets(self, domain: str) -> tuple[Target, ...]:
        """The hosts to try for a domain, in order.

        Raises:
            NoRoute: None.
        """
        route = self._route(domain)
        if route.smart_host is not None:
            host = route.smart_host
            return (
                Target(
                    host=host.host, address=host.host, port=host.port, tls=host.tls, user=host.user, password=host.password,
                    ca_file=host.ca_file,
                ),
            )  # fmt: skip
        if domain.startswith("["):
            return (self._literal(domain, route),)
        return await self._by_mx(domain, route)

    def _literal(self, domain: str, route: Route) -> Target:
        """An address literal of RFC 5321 4.1.3."""
        text = domain.strip("[]")
        try:
            address = str(ipaddress.ip_address(text[5:] if text.lower().startswith("ipv6:") else text))
        except ValueError as error:
            raise NoRoute(_failure("5.1.2", 550, f"{domain[:100]} is no address literal")) from error
        return Target(host=domain, address=address, port=route.mx_port, tls=route.mx_tls)

    async def _by_mx(self, domain: str, route: Route) -> tuple[Target, ...]:
        try:
            servers = await self._resolver.mail_servers(domain)
        except DNSError as error:
            if error.null_mx:
                raise NoRoute(_failure("5.1.10", 556, str(error))) from error
            if error.temporary:
                raise NoRoute(_failure("4.4.3", 451, str(error))) from error
            raise NoRoute(_failure("5.1.2", 550, str(error))) from error
        usable = self._before_us(servers, domain)
        targets = tuple(
            Target(host=server.host, address=address, port=route.mx_port, tls=route.mx_tls)
            for server in usable
            for address in server.addresses
        )
        if not targets:
            raise NoRoute(_failure("4.4.3", 451, f"no mail server of {domain} has an address: {usable[0].problem}"))
        return targets

    def _before_us(self, servers: Sequence[MailServer], domain: str) -> Sequence[MailServer]:
        """RFC 5321 5.1: only servers that are preferred to ourselves."""
        ours = [server.preference for server in servers if server.host.lower() in self._own]
        kept = [server for server in servers if not ours or server.preference < min(ours)]
        if not kept:
            raise NoRoute(_failure("5.4.6", 554, f"mail for {domain} leads back to this gateway"))
        return kept


def _failure(status: str, code: int, text: str) -> Failure:
    reason, diagnostic = x400_reason(status)
    return Failure(reason=reason, diagnostic=diagnostic, smtp_code=code, status=status, text=text)
