"""The text of an SPF record (RFC 7208 sections 4.6, 5, 6 and 12): read whole before anything is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from gateway.errors import GatewayError
from gateway.lookup.spf_macros import is_domain_spec, is_macro_string

_LONGEST = 4096
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)", re.DOTALL)
_NO_ZEROS = re.compile(r"0|[1-9][0-9]*", re.ASCII)


class SPFSyntaxError(GatewayError):
    """A record that cannot be read: permerror."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """One directive.

    Attributes:
        qualifier: ``+``, ``-``, ``~`` or ``?``.
        name: In lower case.
        text: As it stands.
        spec: The domain-spec, empty where it is left out.
        network: Of ip4 and ip6.
        prefix4, prefix6: Of a and mx.
    """

    qualifier: str
    name: str
    text: str
    spec: str = ""
    network: IPv4Network | IPv6Network | None = None
    prefix4: int = 32
    prefix6: int = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A policy. ``redirect`` counts only where no mechanism is ``all`` (section 6.1)."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str | None = None


def parse_record(text: str) -> Record:
    """Read a record that begins with ``v=spf1``.

    Raises:
        SPFSyntaxError: Any term of it is malformed (section 4.6).
    """
    if len(text) > _LONGEST or not text.isascii():
        raise SPFSyntaxError("it is too long, or not ASCII")
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in text[6:].split(" "):
        if not term:
            continue
        modifier = _MODIFIER.fullmatch(term)
        if modifier is None:
            mechanisms.append(_mechanism(term))
        else:
            _modifier(modifier.group(1).lower(), modifier.group(2), modifiers)
    has_all = any(each.name == "all" for each in mechanisms)
    return Record(mechanisms=tuple(mechanisms), redirect=None if has_all else modifiers.get("redirect"))


def _modifier(name: str, value: str, modifiers: dict[str, str]) -> None:
    if name in ("redirect", "exp"):
        if name in modifiers:
            raise SPFSyntaxError(f"{name} stands twice")
        if not is_domain_spec(value):
            raise SPFSyntaxError(f"{name} without a domain")
        modifiers[name] = value
    elif not is_macro_string(value):
        raise SPFSyntaxError(f"the value of {name[:50]} is malformed")


def _mechanism(term: str) -> Mechanism:
    match = re.fullmatch(r"([+?~-]?)([A-Za-z][A-Za-z0-9]*)(.*)", term, re.DOTALL)
    if match is None:
        raise SPFSyntaxError(f"{term[:100]!r} is no term")
    qualifier, name, rest = match.group(1) or "+", match.group(2).lower(), match.group(3)
    if name == "all" and not rest:
        return Mechanism(qualifier=qualifier, name=name, text=term)
    if name in ("ip4", "ip6"):
        return Mechanism(qualifier=qualifier, name=name, text=term, network=_network(name, rest))
    if name in ("include", "exists", "ptr", "a", "mx"):
        return _asking(qualifier, name, rest, term)
    raise SPFSyntaxError(f"{term[:100]!r} is no mechanism")


def _asking(qualifier: str, name: str, rest: str, term: str) -> Mechanism:
    """A mechanism with a domain-spec, which only include and exists must have, and prefixes, which only a and mx may have."""
    prefix4, prefix6 = 32, 128
    if name in ("a", "mx"):
        rest, prefix4, prefix6 = _without_prefixes(rest)
    if not rest and name in ("a", "mx", "ptr"):
        return Mechanism(qualifier=qualifier, name=name, text=term, prefix4=prefix4, prefix6=prefix6)
    if not rest.startswith(":") or not is_domain_spec(rest[1:]):
        raise SPFSyntaxError(f"{term[:100]!r} has no good domain")
    return Mechanism(qualifier=qualifier, name=name, text=term, spec=rest[1:], prefix4=prefix4, prefix6=prefix6)


def _without_prefixes(rest: str) -> tuple[str, int, int]:
    """What stands before ``/24//64``, and the two prefix lengths."""
    match = re.fullmatch(r"(.*?)(?:/([0-9]+))?(?://([0-9]+))?", rest, re.DOTALL)
    assert match is not None
    return match.group(1), _prefix(match.group(2), 32), _prefix(match.group(3), 128)


def _prefix(text: str | None, most: int) -> int:
    if text is None:
        return most
    if not _NO_ZEROS.fullmatch(text) or int(text) > most:
        raise SPFSyntaxError(f"/{text[:20]} is no prefix length")
    return int(text)


def _network(name: str, rest: str) -> IPv4Network | IPv6Network:
    kind, most = (IPv4Address, 32) if name == "ip4" else (IPv6Address, 128)
    address, slash, prefix = rest[1:].partition("/")
    try:
        if not rest.startswith(":"):
            raise ValueError
        return ip_network(f"{kind(address)}/{_prefix(prefix if slash else None, most)}", strict=False)
    except ValueError as error:
        raise SPFSyntaxError(f"{name}{rest[:60]!r} is no network") from error
