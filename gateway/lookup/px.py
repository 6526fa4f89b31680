"""PX records (RFC 2163): mapping rules and preferred gateways from the DNS.

A domain is asked for as it stands, an O/R hierarchy under its national tree ``X42D.cc`` (5.1); wildcards give the longest match. "No such
name" and "no such record" mean no mapping; a time-out or an error code means that nobody knows at present, and never "no match" (5).
Answers are cached for their TTL, negative ones by RFC 2308.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.resolver

from gateway import log
from gateway.errors import GatewayError
from gateway.mixer.mcgam import Entry, Levels, MappingTable, prefix_from_text
from gateway.mixer.px import PXError, owner_of_levels, prefix_from_name
from gateway.mixer.questions import NO_MATCH, Answer, DomainRule, NoMatch, ORAddressRule, Question, Rule, Unreachable, normalised_levels

_log = log.get("lookup")

_LONGEST_CACHED_SECONDS: Final = 86400
_LONGEST_NEGATIVE_SECONDS: Final = 3600
_WITHOUT_SOA_SECONDS: Final = 60
_TREE: Final = "X42D"


class _Cache(dns.resolver.LRUCache):
    """Answers by TTL, with an upper limit: RFC 2308 5 for negative ones, which without a SOA have no TTL at all."""

    def put(self, key: Any, value: dns.resolver.Answer) -> None:
        if value.rrset is not None:
            limit = _LONGEST_CACHED_SECONDS
        else:
            has_soa = any(rrset.rdtype == dns.rdatatype.SOA for rrset in value.response.authority)
            limit = _LONGEST_NEGATIVE_SECONDS if has_soa else _WITHOUT_SOA_SECONDS
        value.expiration = min(value.expiration, time.time() + limit)
        super().put(key, value)


class PXResolver:
    """Answers `DomainRule` and `ORAddressRule` from PX records.

    Args:
        nameservers: Addresses to ask; those of the system by default.
        port: Of the name servers.
        lifetime_seconds: Limit for one question with all its repetitions.
        trees: Owner of the national X.400 tree by country code, where it is not ``X42D.cc`` (``{"gb": "X42D.uk"}``).
        authenticated_only: Use only answers that the name server has validated with DNSSEC (the AD bit); the way to the name server has to
            be safe then (RFC 4035 4.9.3).
        cached: How many answers are kept.
    """

    def __init__(
        self,
        *,
        nameservers: Iterable[str] = (),
        port: int = 53,
        lifetime_seconds: float = 10,
        trees: Mapping[str, str] | None = None,
        authenticated_only: bool = False,
        cached: int = 10_000,
    ) -> None:
        servers = list(nameservers)
        self._resolver = dns.asyncresolver.Resolver(configure=not servers)
        if servers:
            self._resolver.nameservers = servers
            self._resolver.port = port
        self._resolver.lifetime = lifetime_seconds
        self._resolver.cache = _Cache(cached)
        if authenticated_only:
            self._resolver.use_edns(0, dns.flags.DO, 1232)
            self._resolver.set_flags(dns.flags.RD | dns.flags.AD)
        self._authenticated_only = authenticated_only
        self._trees = {country.lower(): tree.rstrip(".") + "." for country, tree in (trees or {}).items()}

    def cached(self, question: Question) -> bool:
        """Whether an answer is at hand without asking anybody."""
        name = self._name_of(question)
        return name is not None and self._is_cached(name)

    async def answer(self, question: Question) -> Answer:
        """The rule with the lowest preference that fits; `Unreachable` where nobody could tell."""
        name = self._name_of(question)
        if name is None or not isinstance(question, DomainRule | ORAddressRule):
            return NO_MATCH
        try:
            for owner in _asked(name):
                records = await self._records(owner)
                if records is not None:
                    return self._best(question, owner, records)
        except (dns.exception.DNSException, OSError) as error:
            reason = f"PX record of {name.to_text()}: {error}"
            _log.warning("lookup.unreachable", source="px", reason=reason)
            return Unreachable(reason=reason)
        return NO_MATCH

    def close(self) -> None:
        """Nothing: no connection outlives a question."""

    def _name_of(self, question: Question) -> dns.name.Name | None:
        """What to ask for; None where the DNS cannot have it (a numeric country, a label above 63 octets)."""
        try:
            if isinstance(question, DomainRule):
                return dns.name.from_text(question.domain + ".", idna_codec=dns.name.IDNA_2003)
            if isinstance(question, ORAddressRule):
                return dns.name.from_text(self._owner(question.levels))
        except (dns.exception.DNSException, UnicodeError, PXError):
            return None
        return None

    def _owner(self, levels: Levels) -> str:
        owner = owner_of_levels(levels)
        tree = self._trees.get((levels[0] or "").lower())
        if tree is None:
            return owner
        return owner.removesuffix(f"{_TREE}.{levels[0]}.") + tree

    def _is_cached(self, name: dns.name.Name) -> bool:
        cache = self._resolver.cache
        kinds = (dns.rdatatype.PX, dns.rdatatype.ANY)
        return cache is not None and any(cache.get((name, kind, dns.rdataclass.IN)) is not None for kind in kinds)

    async def _records(self, name: dns.name.Name) -> dns.resolver.Answer | None:
        """The records of a name; None where there are none."""
        try:
            found = await self._resolver.resolve(name, "PX", search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        if self._authenticated_only and not found.response.flags & dns.flags.AD:
            _log.warning("lookup.odd_answer", source="px", name=name.to_text(), reason="not validated (no AD bit): not used")
            return None
        return found

    def _best(self, question: DomainRule | ORAddressRule, owner: dns.name.Name, records: Iterable[Any]) -> Rule | NoMatch:
        for record in sorted(records, key=lambda one: (one.preference, one.map822, one.mapx400)):
            try:
                return _rule(question, owner, record)
            except GatewayError as error:
                _log.warning("lookup.odd_answer", source="px", name=owner.to_text(), record=record.to_text(), reason=str(error))
        return NO_MATCH


def _asked(name: dns.name.Name) -> tuple[dns.name.Name, ...]:
    """The name, and its own wildcard."""
    # Peer: RFC 2163 4.3 makes *.ab.fr of the table line ab.fr, and a zone made by that recipe has no record at ab.fr itself, since
    # wildcards do not match their own parent (RFC 4592). The line is about ab.fr too, so the wildcard is asked for by its own name.
    try:
        return (name, dns.name.from_text("*", origin=name))
    except dns.exception.DNSException:
        return (name,)


def _rule(question: DomainRule | ORAddressRule, owner: dns.name.Name, record: Any) -> Rule:
    """What one record says; it is a template, the two ends of a mapping, and has to fit the question (RFC 2163 5).

    Raises:
        GatewayError: It is not of the form, or its own end is not a suffix (prefix) of what was asked for.
    """
    domain = record.map822.to_text(omit_final_dot=True)
    found = prefix_from_name(record.mapx400.to_text())
    levels, _ = prefix_from_text(found.prefix)
    entry = Entry(domain=domain, levels=levels, where=f"PX record at {owner.to_text()}")
    if isinstance(question, DomainRule):
        if not f".{question.domain}".endswith(f".{domain.lower()}"):
            raise PXError(f"MAP822 {domain} is no suffix of {question.domain}")
        return Rule(table=MappingTable.DOMAIN_TO_GATEWAY if found.gateway else MappingTable.DOMAIN_TO_ORADDRESS, entry=entry)
    if not _is_prefix(levels, question.levels):
        raise PXError(f"MAPX400 {found.prefix} is no prefix of the O/R address asked for")
    return Rule(table=MappingTable.ORADDRESS_TO_GATEWAY if found.gateway else MappingTable.ORADDRESS_TO_DOMAIN, entry=entry)


def _is_prefix(levels: Levels, asked: Levels) -> bool:
    folded = normalised_levels(levels)
    padded = (*asked, *(None,) * len(levels))
    return padded[: len(folded)] == folded
