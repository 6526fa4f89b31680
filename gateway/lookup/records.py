"""DNS records as text, for what SPF, DKIM and DMARC ask: no records and no such name are the same answer there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver

from gateway.lookup.dns import DNSError

_MOST_RECORDS = 100


class RecordResolver:
    """Implements `spf.RecordSource`.

    Args:
        nameservers: Addresses to ask; those of the system by default.
        port: Of the name servers.
        lifetime_seconds: Limit for one question with all its repetitions.
    """

    def __init__(self, *, nameservers: Iterable[str] = (), port: int = 53, lifetime_seconds: float = 5) -> None:
        servers = list(nameservers)
        self._resolver = dns.asyncresolver.Resolver(configure=not servers)
        if servers:
            self._resolver.nameservers = servers
            self._resolver.port = port
        self._resolver.lifetime = lifetime_seconds
        self._resolver.cache = dns.resolver.LRUCache(5000)

    async def records(self, name: str, kind: str) -> tuple[str, ...]:
        """The records of a name: TXT strings joined octet for octet, addresses, or host names, MX in order of preference.

        Raises:
            DNSError: Nobody answered.
        """
        try:
            question = dns.name.from_text(name.rstrip(".") + ".")
        except (dns.exception.DNSException, UnicodeError, ValueError):
            return ()  # what is no name has no records
        try:
            answer = await self._resolver.resolve(question, kind, search=False)
        except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
            return ()
        except (dns.exception.DNSException, OSError) as error:
            raise DNSError(f"looking up {kind} of {name[:100]}: {error}") from error
        found = sorted(answer, key=lambda record: getattr(record, "preference", 0))
        return tuple(_text(record, kind) for record in found[:_MOST_RECORDS])


def _text(record: Any, kind: str) -> str:
    match kind:
        case "TXT":
            return b"".join(record.strings).decode("latin-1")
        case "MX":
            return str(record.exchange.to_text(omit_final_dot=True))
        case "PTR":
            return str(record.target.to_text(omit_final_dot=True))
        case _:
            return str(record.address)
