"""SPF: whether a host may use a domain in its MAIL FROM or HELO (RFC 7208).

The known Python library asks the DNS synchronously, with a time-out for each question only, and from module-wide state;
a listener with many sessions needs `check_host` as a coroutine that its caller can bound. The published test suite of
RFC 7208 is run over this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Protocol

from gateway.lookup.dns import DNSError
from gateway.lookup.spf_macros import Macros, is_domain
from gateway.lookup.spf_record import Mechanism, Record, SPFSyntaxError, parse_record

Address = IPv4Address | IPv6Address
_MOST_LOOKUPS = 10
_MOST_VOID = 2
_MOST_NAMES = 10
_DEEPEST = 10


class SPFResult(Enum):
    """The results of RFC 7208 section 2.6, spelled as in Authentication-Results."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


_QUALIFIERS = {"+": SPFResult.PASS, "-": SPFResult.FAIL, "~": SPFResult.SOFTFAIL, "?": SPFResult.NEUTRAL}


class RecordSource(Protocol):
    """Answers questions; `lookup.authentication.RecordResolver` is one."""

    async def records(self, name: str, kind: str) -> tuple[str, ...]:
        """The records of a name as text, of kind TXT, A, AAAA, MX (in order of preference) or PTR; none when there are none.

        Raises:
            DNSError: Nobody answered.
        """


class _Broken(Exception):
    """The check ends here with a result of its own."""

    def __init__(self, result: SPFResult, reason: str) -> None:
        super().__init__(reason)
        self.result = result


@dataclass(frozen=True, slots=True, kw_only=True)
class SPFOutcome:
    """What a check found; ``reason`` is for people."""

    result: SPFResult
    reason: str = ""


async def check_host(address: str, domain: str, sender: str, helo: str, source: RecordSource) -> SPFOutcome:
    """Check a client, as section 4 of RFC 7208 defines it.

    Args:
        address: Of the client, IPv4 or IPv6.
        domain: Of the sender, or what HELO named.
        sender: The reverse path, or ``postmaster@`` and what HELO named.
        helo: What HELO named.
        source: Where records come from.
    """
    local, _, _ = sender.rpartition("@")
    client = ip_address(address)
    if isinstance(client, IPv6Address) and client.ipv4_mapped is not None:
        client = client.ipv4_mapped
    if not is_domain(domain) or "." not in domain.strip("."):
        return SPFOutcome(result=SPFResult.NONE, reason="the domain is no domain name with several labels")
    check = _Check(client, f"{local or 'postmaster'}@{sender.rpartition('@')[2]}", helo, source)
    try:
        return SPFOutcome(result=await check.host(domain.rstrip("."), 0), reason=check.matched)
    except _Broken as error:
        return SPFOutcome(result=error.result, reason=str(error))


@dataclass(slots=True)
class _Check:
    """One check with its limits (RFC 7208 section 4.6.4)."""

    client: Address
    sender: str
    helo: str
    source: RecordSource
    lookups: int = 0
    void: int = 0
    matched: str = ""
    validated: dict[str, tuple[str, ...]] = field(default_factory=dict)

    async def host(self, domain: str, depth: int) -> SPFResult:
        record = await self._record(domain)
        if record is None:
            return SPFResult.NONE
        for mechanism in record.mechanisms:
            if await self._matches(mechanism, domain, depth):
                self.matched = mechanism.text if depth == 0 else self.matched
                return _QUALIFIERS[mechanism.qualifier]
        if record.redirect is None:
            return SPFResult.NEUTRAL
        return await self._redirected(record.redirect, domain, depth)

    async def _redirected(self, spec: str, domain: str, depth: int) -> SPFResult:
        self._count()
        target = await self._expanded(spec, domain)
        result = await self.host(target, depth + 1) if is_domain(target) else SPFResult.NONE
        if result is SPFResult.NONE:
            raise _Broken(SPFResult.PERMERROR, f"redirect to {target[:100]}, which has no policy")
        return result

    async def _record(self, domain: str) -> Record | None:
        """The one record of a domain (section 4.5)."""
        found = [text for text in await self._ask(domain, "TXT") if text[:6].lower() == "v=spf1" and text[6:7] in ("", " ")]
        if len(found) > 1:
            raise _Broken(SPFResult.PERMERROR, f"{domain} has more than one policy")
        try:
            return parse_record(found[0]) if found else None
        except SPFSyntaxError as error:
            raise _Broken(SPFResult.PERMERROR, f"policy of {domain}: {error}") from error

    async def _matches(self, mechanism: Mechanism, domain: str, depth: int) -> bool:
        if mechanism.name == "all":
            return True
        if mechanism.network is not None:
            return self.client in mechanism.network
        self._count()
        target = await self._expanded(mechanism.spec, domain) if mechanism.spec else domain
        if not is_domain(target):
            return await self._included(target, depth) if mechanism.name == "include" else False
        match mechanism.name:
            case "include":
                return await self._included(target, depth)
            case "a":
                return self._among(await self._addresses(target), mechanism)
            case "mx":
                return await self._mx(target, mechanism)
            case "ptr":
                return any(_is_below(name, target) for name in await self._validated(target))
            case _:
                return bool(await self._counted(target, "A"))

    async def _included(self, target: str, depth: int) -> bool:
        """Section 5.2: an included policy answers yes or no; where it is missing or broken the whole is."""
        if depth >= _DEEPEST:
            raise _Broken(SPFResult.PERMERROR, "policies include each other")
        result = await self.host(target, depth + 1) if is_domain(target) else SPFResult.NONE
        if result is SPFResult.NONE:
            raise _Broken(SPFResult.PERMERROR, f"includes {target[:100]}, which has no policy")
        return result is SPFResult.PASS

    async def _mx(self, target: str, mechanism: Mechanism) -> bool:
        hosts = await self._counted(target, "MX")
        if len(hosts) > _MOST_NAMES:
            raise _Broken(SPFResult.PERMERROR, f"{target} has more than {_MOST_NAMES} mail servers")
        for host in hosts:
            if self._among(await self._addresses(host), mechanism):
                return True
        return False

    async def _validated(self, target: str) -> tuple[str, ...]:
        """The names of the client that lead back to it (section 5.5); errors only make them fewer."""
        if target in self.validated:
            return self.validated[target]
        found: list[str] = []
        try:
            names = await self._ask(self.client.reverse_pointer, "PTR")
        except _Broken:
            names = ()
        self._note_void(names)
        for name in names[:_MOST_NAMES]:
            try:
                if is_domain(name) and str(self.client) in _plain(await self._ask(name, self._kind)):
                    found.append(name)
            except _Broken:
                continue
        self.validated[target] = tuple(found)
        return self.validated[target]

    @property
    def _kind(self) -> str:
        return "A" if isinstance(self.client, IPv4Address) else "AAAA"

    async def _addresses(self, name: str) -> tuple[str, ...]:
        return await self._counted(name, self._kind)

    def _among(self, addresses: Sequence[str], mechanism: Mechanism) -> bool:
        prefix = mechanism.prefix4 if isinstance(self.client, IPv4Address) else mechanism.prefix6
        return any(self.client in ip_network(f"{each}/{prefix}", strict=False) for each in addresses)

    async def _expanded(self, spec: str, domain: str) -> str:
        macros = Macros(client=self.client, sender=self.sender, helo=self.helo, domain=domain)
        name = ""
        if macros.asks_for_name(spec):
            validated = await self._validated(domain)
            name = next((each for each in validated if _is_below(each, domain)), validated[0] if validated else "unknown")
        return macros.expand(spec, validated=name)

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > _MOST_LOOKUPS:
            raise _Broken(SPFResult.PERMERROR, f"more than {_MOST_LOOKUPS} terms that ask the DNS")

    async def _counted(self, name: str, kind: str) -> tuple[str, ...]:
        found = await self._ask(name, kind)
        self._note_void(found)
        return found

    def _note_void(self, found: Sequence[str]) -> None:
        self.void += not found
        if self.void > _MOST_VOID:
            raise _Broken(SPFResult.PERMERROR, f"more than {_MOST_VOID} questions that nothing answers")

    async def _ask(self, name: str, kind: str) -> tuple[str, ...]:
        try:
            return await self.source.records(name.rstrip("."), kind)
        except DNSError as error:
            raise _Broken(SPFResult.TEMPERROR, str(error)) from error


def _is_below(name: str, domain: str) -> bool:
    name, domain = name.lower().rstrip("."), domain.lower().rstrip(".")
    return name == domain or name.endswith("." + domain)


def _plain(addresses: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(ip_address(each)) for each in addresses)


__all__ = ["RecordSource", "SPFOutcome", "SPFResult", "check_host"]
