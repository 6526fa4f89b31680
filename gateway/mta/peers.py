"""P1 peers as the operator describes them, and how an incoming bind is matched to one.

A peer is known by the selectors it calls and by its MTA name and password, never by reverse DNS (FIELD row 3); an
address range only narrows that further. Several peers may share one network address.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from gateway.mixer.policy import PeerPolicy
from gateway.osi.service import DialogueMode, Selectors
from gateway.x400.oraddress import ORAddress

_NONE = Selectors()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An MTA name and its password (X.411 8.2.1.1: simple authentication); None as password means that none is sent or asked for."""

    mta_name: str
    password: bytes | None = None
    octet_string: bool = False  # send the password as OCTET STRING instead of IA5String, as PP does


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a peer may hand in (DESIGN section 7): to which side, from whom, to whom.

    Attributes:
        to_internet: Whether its messages may leave for the Internet at all.
        originators: O/R address prefixes that its originators must be under; empty means any.
        domains: Internet domains (and what is below them) that it may send to; empty means any.
    """

    to_internet: bool = False
    originators: tuple[ORAddress, ...] = ()
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Selectors in the calls of a peer; an empty one means any, never "the same as those that we send" (FIELD row 2)."""

    calling: Selectors = Selectors()
    called: Selectors = Selectors()

    def faults(self, calling: Selectors, called: Selectors) -> list[str]:
        """What differs between these and the selectors of a call, in words."""
        pairs = (("calling", self.calling, calling), ("called", self.called, called))
        return [
            f"{side} {name.upper()} {getattr(offered, name)!r} instead of {getattr(expected, name)!r}"
            for side, expected, offered in pairs
            for name in ("tsel", "ssel", "psel")
            if getattr(expected, name) not in (b"", getattr(offered, name))
        ]

    def weight(self) -> int:
        """How many selectors are asked for: the peer that asks for more is tried first."""
        return sum(bool(getattr(side, name)) for side in (self.calling, self.called) for name in ("tsel", "ssel", "psel"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One adjacent MTA.

    Attributes:
        host, port: Where we call it; empty host: it only ever calls us.
        calling, called: Selectors we send when we call it.
        ours: The name and password we give.
        theirs: The name and password we expect, in its bind and in its answer to ours.
        networks: Where its calls must come from; empty means anywhere.
        expects: Selectors that its calls carry; they tell peers of one MTA name apart.
        checkpoint_size: In units of 1024 octets (X.228): what we propose and the most we answer.
        dialects: Encode dialects of `asn1` for this peer, such as ``draft-extension-type`` (PP 6.0).
        associations: The most we open to it at once; the most it may open to us is ``incoming``.
    """

    name: str
    host: str = ""
    port: int = 102
    calling: Selectors = Selectors()
    called: Selectors = Selectors()
    ours: Credentials
    theirs: Credentials
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    expects: Expected = field(default_factory=lambda: Expected())
    routes: tuple[ORAddress, ...] = ()
    grant: Grant = Grant()
    policy: PeerPolicy = field(default_factory=PeerPolicy)
    dialects: frozenset[str] = frozenset()
    checkpoint_size: int = 10
    window_size: int = 3
    tpdu_size: int = 8192
    dialogue: DialogueMode = DialogueMode.MONOLOGUE
    session_versions: frozenset[int] = frozenset({1, 2})
    associations: int = 2
    incoming: int = 10
    idle_timeout_seconds: float = 60.0
    connect_timeout_seconds: float = 30.0
    retry_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BindFault:
    """Why a bind was not believed: for the log only, the peer never learns which of name and password was wrong."""

    text: str
    peer: Peer | None = None


class Peers:
    """All configured peers."""

    def __init__(self, peers: tuple[Peer, ...]) -> None:
        self._by_name = {peer.name: peer for peer in peers}

    def __iter__(self) -> Iterator[Peer]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Peer | None:
        """The peer of that configured name."""
        return self._by_name.get(name)

    def authenticate(
        self,
        mta_name: str | None,
        password: bytes | None,
        address: str,
        *,
        calling: Selectors = _NONE,
        called: Selectors = _NONE,
    ) -> Peer | BindFault:
        """Find the peer that a bind comes from.

        Args:
            mta_name: initiator-name of the bind, None for an unauthenticated one.
            password: Its simple credentials as octets.
            address: Network address of the caller, for peers restricted to ranges.
            calling: Selectors that the caller gave as its own.
            called: Selectors that it called.
        """
        if mta_name is None:
            return BindFault(text="the bind carries no MTA name (unauthenticated), and no peer is configured for that")
        named = [peer for peer in self._by_name.values() if peer.theirs.mta_name == mta_name]
        if not named:
            return BindFault(text=f"no peer has the MTA name {mta_name!r}{self._nearly(mta_name)}")
        allowed = [peer for peer in named if _in_range(peer, address)]
        if not allowed:
            return BindFault(text=f"MTA {mta_name!r} called from {address}, which is outside its networks", peer=named[0])
        fitting = sorted((peer for peer in allowed if not peer.expects.faults(calling, called)), key=lambda peer: -peer.expects.weight())
        if not fitting:
            faults = ", ".join(allowed[0].expects.faults(calling, called))
            return BindFault(text=f"MTA {mta_name!r} called with {faults}", peer=allowed[0])
        for peer in fitting:
            if same_password(peer.theirs.password, password):
                return peer
        offered = "no password" if password is None else "a wrong password"
        return BindFault(text=f"MTA {mta_name!r} offered {offered}", peer=fitting[0])

    def _nearly(self, mta_name: str) -> str:
        """MTA names are case-sensitive; an operator who got the case wrong is told."""
        near = [peer.theirs.mta_name for peer in self._by_name.values() if peer.theirs.mta_name.lower() == mta_name.lower()]
        return f"; {near[0]!r} differs only in case, and case counts" if near else ""


def same_password(expected: bytes | None, offered: bytes | None) -> bool:
    """Whether the password is right, in constant time; a peer without a configured password may offer any or none."""
    return expected is None or hmac.compare_digest(expected, offered or b"")


def _in_range(peer: Peer, address: str) -> bool:
    if not peer.networks:
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    # A socket for both IP versions shows an IPv4 caller as ::ffff:192.0.2.1 (RFC 4291 2.5.5.2).
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return any((mapped or found) in network for network in peer.networks)
