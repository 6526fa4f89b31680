"""P1 peers as the operator describes them, and how an incoming bind is matched to one.

A peer is known by the selectors it calls and by its MTA name and its proof (a password, a signed token, a TLS certificate), never by
reverse DNS (FIELD row 3); an address range only narrows that further. Several peers may share one network address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from gateway.mixer.policy import PeerPolicy
from gateway.mta.certificates import Expected as ExpectedCertificate
from gateway.mta.credentials import Authentication, Credentials, Offer, same_password
from gateway.mta.strong import Replays, strong_fault
from gateway.mta.tls import CallerTLS
from gateway.osi.service import DialogueMode, Mode, Selectors
from gateway.x400.oraddress import ORAddress

__all__ = ["BindFault", "Credentials", "Expected", "Grant", "Offer", "Peer", "Peers", "overlaps", "same_password"]


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
        ours: The name and proof we give when we call it.
        theirs: The name and proof we expect in its answer.
        answering: What we give when it calls us; None: the same as ``ours``.
        expected: What we expect when it calls us; None: the same as ``theirs``.
        checks_answer: Whether its answer to our bind must hold the right name and proof (two-way authentication).
        networks: Where its calls must come from; empty means anywhere.
        expects: Selectors that its calls carry; they tell peers of one MTA name apart.
        certificate: The TLS client certificate that its calls must show; None: calls without TLS are taken.
        tls: We call it under TLS (RFC 1006 inside TLS); None: in the clear.
        mode: Normal or X.410-1984, when we call.
        application_context: Of normal mode (X.419).
        application_protocol: Of X.410-1984 mode: 12 for P1 of 1988, 1 (or 8883) for P1 of 1984; None leaves it out.
        dialogue: What we propose, and what we take when it calls us; with ``either_dialogue`` the other one is fine as well (IC-026).
        checkpoint_size: In units of 1024 octets (X.228): what we propose and the most we answer.
        dialects: Encode dialects of `asn1` for this peer, such as ``draft-extension-type`` (PP 6.0).
        associations: The most we open to it at once, urgent ones not counted; the most it may open to us is ``incoming``.
        urgent_associations: Kept for urgent messages, probes and reports, so that they never wait behind a large one.
        threshold: One association more is opened when so many transfers wait for each that is open.
        lifetime_seconds: An association is released after this time even when there is more to send; 0: never.
        retry_seconds, longest_retry_seconds: The pause after a call that failed, doubled after each further one up to the longest.
        recovery: Transfers that broke off are resumed, in both directions; most peers cannot, and some fall over it (quirk profiles).
        trace: Whether the octets of its associations are kept for `mixer trace` from the start.
    """

    name: str
    host: str = ""
    port: int = 102
    calling: Selectors = Selectors()
    called: Selectors = Selectors()
    ours: Credentials
    theirs: Credentials
    answering: Credentials | None = None
    expected: Credentials | None = None
    checks_answer: bool = True
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    expects: Expected = field(default_factory=lambda: Expected())
    certificate: ExpectedCertificate | None = None
    tls: CallerTLS | None = None
    routes: tuple[ORAddress, ...] = ()
    grant: Grant = Grant()
    policy: PeerPolicy = field(default_factory=PeerPolicy)
    dialects: frozenset[str] = frozenset()
    mode: Mode = Mode.NORMAL
    application_context: str = "2.6.0.1.6"
    application_protocol: int | None = None
    checkpoint_size: int = 10
    window_size: int = 3
    tpdu_size: int = 8192
    dialogue: DialogueMode = DialogueMode.MONOLOGUE
    either_dialogue: bool = False
    session_versions: frozenset[int] = frozenset({1, 2})
    associations: int = 2
    urgent_associations: int = 1
    threshold: int = 1
    incoming: int = 10
    idle_timeout_seconds: float = 60.0
    lifetime_seconds: float = 0.0
    connect_timeout_seconds: float = 30.0
    retry_seconds: float = 60.0
    longest_retry_seconds: float = 3600.0
    recovery: bool = False
    trace: bool = False

    @property
    def we_answer_as(self) -> Credentials:
        """What we give when it calls us."""
        return self.answering or self.ours

    @property
    def it_calls_as(self) -> Credentials:
        """What we expect when it calls us."""
        return self.expected or self.theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class BindFault:
    """Why a bind was not believed: for the log only, the peer never learns which of name and password was wrong.

    Attributes:
        text: In words.
        peer: The peer that it comes nearest to.
        expected: What that peer would have offered, without the secret.
    """

    text: str
    peer: Peer | None = None
    expected: str = ""


class Peers:
    """All configured peers."""

    def __init__(self, peers: tuple[Peer, ...]) -> None:
        self._by_name = {peer.name: peer for peer in peers}
        self._replays = Replays()

    def __iter__(self) -> Iterator[Peer]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Peer | None:
        """The peer of that configured name."""
        return self._by_name.get(name)

    def authenticate(self, offer: Offer, now: datetime | None = None) -> Peer | BindFault:
        """Find the peer that a bind comes from. Every step narrows the circle, and the first that leaves nobody is the reason."""
        if offer.mta_name is None:
            named = [peer for peer in self if peer.it_calls_as.bind is Authentication.NONE]
            nobody = "the bind carries no MTA name (unauthenticated), and no peer is configured for that"
        else:
            named = [peer for peer in self if peer.it_calls_as.is_named(offer.mta_name)]
            nobody = f"no peer has the MTA name {offer.mta_name!r}{self._nearly(offer.mta_name)}"
        if not named:
            return BindFault(text=nobody)
        who = "a caller without MTA name" if offer.mta_name is None else f"MTA {offer.mta_name!r}"
        near = [peer for peer in named if _in_range(peer, offer.address)]
        if not near:
            return _fault(f"{who} called from {offer.address}, which is outside its networks", named[0])
        fitting = sorted((peer for peer in near if not peer.expects.faults(offer.calling, offer.called)), key=_closeness)
        if not fitting:
            return _fault(f"{who} called with {', '.join(near[0].expects.faults(offer.calling, offer.called))}", near[0])
        faults = {peer.name: self._unproved(peer, offer, now or datetime.now(UTC)) for peer in fitting}
        proved = next((peer for peer in fitting if not faults[peer.name]), None)
        return proved or _fault(f"{who} offered {faults[fitting[0].name]}", fitting[0])

    def _unproved(self, peer: Peer, offer: Offer, now: datetime) -> str:
        """What is wrong with the proof of a caller that says it is this peer; empty when nothing is."""
        expected = peer.it_calls_as
        if peer.certificate is not None and (fault := peer.certificate.fault(offer.certificate)):
            return f"{fault} (TLS)"
        if expected.bind is Authentication.NONE or offer.mta_name is None:
            return "" if expected.bind is Authentication.NONE else "no MTA name"
        if expected.bind is Authentication.STRONG:
            if expected.trust is None or offer.credentials is None or offer.credentials.strong is None:
                return "no strong credentials"
            fault = strong_fault(expected.trust, offer.credentials, peer.we_answer_as.mta_name, now, self._replays)
            return f"strong credentials, but {fault}" if fault else ""
        if expected.has_password(offer.password):
            return ""
        return "no password" if offer.password is None else "a wrong password"

    def _nearly(self, mta_name: str) -> str:
        """MTA names are case-sensitive; an operator who got the case wrong is told."""
        near = [peer.it_calls_as.mta_name for peer in self if peer.it_calls_as.mta_name.lower() == mta_name.lower()]
        return f"; {near[0]!r} differs only in case, and case counts" if near else ""


def overlaps(peers: Iterable[Peer]) -> str:
    """Which two peers nobody could tell apart when one of them calls; empty when there are none (IC-021)."""
    seen: dict[tuple[object, ...], str] = {}
    for peer in peers:
        calls = peer.it_calls_as
        name = "" if calls.bind is Authentication.NONE else calls.mta_name.casefold() if calls.caseless else calls.mta_name
        key = (name, calls.bind, calls.password, calls.trust, peer.expects, peer.networks, peer.certificate)
        if key in seen:
            return (
                f"calls of {seen[key]!r} and {peer.name!r} look the same: give one of them another password, "
                "calling or called selectors (expects) or networks"
            )
        seen[key] = peer.name
    return ""


def _fault(text: str, peer: Peer) -> BindFault:
    return BindFault(text=text, peer=peer, expected=expectation(peer))


def expectation(peer: Peer) -> str:
    """What a call of a peer must look like, for the log: everything but the secret."""
    expected = peer.it_calls_as
    password = "any password" if expected.password is None else "its password" if expected.password else "an empty password"
    proof = {
        Authentication.NONE: "no authentication",
        Authentication.STRONG: f"strong credentials of {expected.trust.expected if expected.trust else 'anybody'}",
        Authentication.SIMPLE: password,
    }
    selectors = [
        f"{side} {name.upper()} {getattr(given, name)!r}"
        for side, given in (("calling", peer.expects.calling), ("called", peer.expects.called))
        for name in ("tsel", "ssel", "psel")
        if getattr(given, name)
    ]
    networks = [f"from {', '.join(str(network) for network in peer.networks)}"] if peer.networks else []
    tls = [f"TLS certificate {peer.certificate}"] if peer.certificate is not None else []
    return ", ".join([f"MTA name {expected.mta_name!r}", proof[expected.bind], *selectors, *networks, *tls])


def _closeness(peer: Peer) -> int:
    """The closer description of a caller comes first."""
    return -peer.expects.weight()


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
