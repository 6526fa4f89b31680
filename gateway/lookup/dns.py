"""Where mail for a domain goes, by the DNS: MX with the fall-back to addresses (RFC 5321 5.1) and the null MX (RFC 7505)."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from gateway.errors import GatewayError


class DNSError(GatewayError):
    """A look-up did not give what was asked for.

    Attributes:
        temporary: Trying again later can help (time-out, SERVFAIL, refused); the default for the unknown.
        null_mx: The domain says that it takes no mail (RFC 7505).
    """

    def __init__(self, text: str, *, temporary: bool = True, null_mx: bool = False) -> None:
        super().__init__(text)
        self.temporary = temporary
        self.null_mx = null_mx


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """One host that takes mail for a domain.

    Attributes:
        host: Name without the last dot, for the certificate check and the log.
        addresses: IPv6 and IPv4 addresses as text; empty where none could be looked up, with the reason in `problem`.
        preference: Of the MX record; lower is tried first.
    """

    host: str
    addresses: tuple[str, ...]
    preference: int = 0
    problem: str = ""


class DNSResolver:
    """Mail servers by DNS.

    Args:
        nameservers: Addresses to ask; those of the system by default.
        port: Of the name servers.
        lifetime_seconds: Limit for one look-up with all its repetitions.
        most_servers: How many MX hosts of one domain are looked at.
        ipv6: Whether AAAA records are of use.
    """

    def __init__(
        self,
        *,
        nameservers: Iterable[str] = (),
        port: int = 53,
        lifetime_seconds: float = 15,
        most_servers: int = 10,
        ipv6: bool = True,
    ) -> None:
        servers = list(nameservers)
        self._resolver = dns.asyncresolver.Resolver(configure=not servers)
        if servers:
            self._resolver.nameservers = servers
            self._resolver.port = port
        self._resolver.lifetime = lifetime_seconds
        self._resolver.cache = dns.resolver.LRUCache(2000)
        self._most_servers = most_servers
        self._kinds = ("AAAA", "A") if ipv6 else ("A",)

    async def mail_servers(self, domain: str) -> tuple[MailServer, ...]:
        """The servers to try for a domain, in order; those of equal preference are shuffled (RFC 5321 5.1).

        Raises:
            DNSError: Permanently: no such domain, null MX, nothing that takes mail. Otherwise temporarily.
        """
        name = _name(domain)
        records = await self._ask(name, "MX")
        if records is None:
            return (await self._implicit(domain, name),)
        targets = [(record.preference, record.exchange) for record in records]
        if all(exchange == dns.name.root for _, exchange in targets):
            raise DNSError(f"the domain {domain} takes no mail (null MX)", temporary=False, null_mx=True)
        random.shuffle(targets)
        targets.sort(key=lambda target: target[0])
        found = [
            await self._server(exchange, preference) for preference, exchange in targets[: self._most_servers] if exchange != dns.name.root
        ]
        return tuple(found)

    async def _implicit(self, domain: str, name: dns.name.Name) -> MailServer:
        """Without MX the domain itself is the host."""
        server = await self._server(name, 0)
        if not server.addresses:
            raise DNSError(f"the domain {domain} has no mail server: {server.problem}", temporary=server.problem.startswith("temporary"))
        return server

    async def _server(self, host: dns.name.Name, preference: int) -> MailServer:
        addresses: list[str] = []
        problem = "no address records"
        for kind in self._kinds:
            try:
                addresses.extend(record.address for record in await self._ask(host, kind) or ())
            except DNSError as error:
                problem = f"temporary: {error}" if error.temporary else str(error)
        return MailServer(
            host=host.to_text(omit_final_dot=True).lower(),
            addresses=tuple(addresses),
            preference=preference,
            problem="" if addresses else problem,
        )

    async def _ask(self, name: dns.name.Name, kind: str) -> dns.resolver.Answer | None:
        """The answer, None where the name has no such record.

        Raises:
            DNSError: The name does not exist, or nobody answered.
        """
        try:
            return await self._resolver.resolve(name, kind, search=False)
        except dns.resolver.NoAnswer:
            return None
        except dns.resolver.NXDOMAIN as error:
            raise DNSError(f"{name.to_text(omit_final_dot=True)} does not exist in the DNS", temporary=False) from error
        except dns.exception.DNSException as error:
            raise DNSError(f"looking up {kind} of {name.to_text(omit_final_dot=True)}: {error}") from error
        except OSError as error:
            raise DNSError(f"no name server can be reached: {error}") from error


def _name(domain: str) -> dns.name.Name:
    try:
        return dns.name.from_text(domain.rstrip(".") + ".", idna_codec=dns.name.IDNA_2003)
    except (dns.exception.DNSException, UnicodeError, ValueError) as error:
        raise DNSError(f"{domain[:100]!r} is no domain name: {error}", temporary=False) from error
