"""Wire traces: every octet of chosen associations, kept in memory, switched on and off while the gateway runs.

A recording is taken above TLS, so what is encrypted on the wire can be read. Passwords are masked when a recording is read, never
shown and never written to a file.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway import log
from gateway.mta.association import Association
from gateway.mta.pcap import Segment, pcap
from gateway.mta.peers import Peer

_log = log.get("mta")

EVERYBODY = "*"
"""Stands for all peers, and for callers that are not (yet) known to be one."""

_MOST_OCTETS = 4 << 20
_MOST_RECORDINGS = 50
_PASSWORD_TAGS = (0x04, 0x16)
"""OCTET STRING and IA5String, the two forms of a password."""
_PLAIN_OCTETS = 6
"""A password of at least so many octets is masked wherever it stands, in whatever encoding; a shorter one only as a whole string."""


@dataclass(slots=True, eq=False)
class Recording:
    """The octets of one association; a `Tap`.

    Attributes:
        number: Its name.
        peer: Whom it is with; empty as long as a caller has not said who it is.
        address: Network address and port of the peer.
        incoming: The peer has called.
        started: When the recording began.
        octets: How many were kept.
        cut_off: More came than is kept.
    """

    number: int
    peer: str
    address: str
    incoming: bool
    started: datetime
    clock: Callable[[], datetime]
    most: int = _MOST_OCTETS
    octets: int = 0
    cut_off: bool = False
    segments: list[Segment] = field(default_factory=list)
    secrets: set[bytes] = field(default_factory=set)
    _skip: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})

    def received(self, data: bytes) -> None:
        """The peer said this."""
        self._keep(data, ours=False)

    def sent(self, data: bytes) -> None:
        """We said this."""
        self._keep(data, ours=True)

    def begin_inside(self, *, ours: bool, left: int, header: bytes) -> None:
        """The recording begins in the middle of an association: leave out the rest of the present TPKT of one direction."""
        self._skip[ours] = left
        if header:
            self._keep(header, ours=ours)

    def _keep(self, data: bytes, *, ours: bool) -> None:
        skipped = min(self._skip[ours], len(data))
        self._skip[ours] -= skipped
        kept = data[skipped : skipped + self.most - self.octets]
        self.cut_off = self.cut_off or len(kept) < len(data) - skipped
        if kept:
            self.octets += len(kept)
            self.segments.append(Segment(at=self.clock(), ours=ours, data=kept))

    def masked(self) -> tuple[Segment, ...]:
        """The octets with all passwords replaced by asterisks of the same number."""
        streams = {ours: self._masked_stream(ours) for ours in (True, False)}
        position = {True: 0, False: 0}
        found = []
        for segment in self.segments:
            start = position[segment.ours]
            position[segment.ours] = start + len(segment.data)
            found.append(Segment(at=segment.at, ours=segment.ours, data=streams[segment.ours][start : position[segment.ours]]))
        return tuple(found)

    def _masked_stream(self, ours: bool) -> bytes:
        stream = b"".join(segment.data for segment in self.segments if segment.ours is ours)
        for secret in sorted(self.secrets, key=len, reverse=True):
            stars = b"*" * len(secret)
            if len(secret) >= _PLAIN_OCTETS:
                stream = stream.replace(secret, stars)
            for tag in _PASSWORD_TAGS if len(secret) < 128 else ():
                head = bytes((tag, len(secret)))
                stream = stream.replace(head + secret, head + stars)
        return stream

    def pcap(self) -> bytes:
        """The recording as a capture file, with passwords masked."""
        return pcap(self.masked(), called_by_us=not self.incoming, peer=self.address.rpartition(":")[0])


@dataclass(slots=True, eq=False)
class _Live:
    """An association that is open now."""

    association: Association
    peer: str
    incoming: bool
    secrets: frozenset[bytes]
    since: datetime


class Trace:
    """Which peers are traced, what is open, and what was recorded.

    Args:
        peers: Names of peers that are traced from the start.
        clock: The present time.
    """

    def __init__(self, peers: frozenset[str] = frozenset(), *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._on = set(peers)
        self._clock = clock
        self._numbers = itertools.count(1)
        self._live: dict[Association, _Live] = {}
        self._recordings: deque[Recording] = deque(maxlen=_MOST_RECORDINGS)

    # --- for operators ------------------------------------------------------------------------------------------

    @property
    def on(self) -> tuple[str, ...]:
        """Names of the peers that are traced."""
        return tuple(sorted(self._on))

    def switch_on(self, peer: str) -> int:
        """Trace a peer (or `EVERYBODY`) from now on; how many associations are open with it, which are recorded from here."""
        self._on.add(peer)
        _log.info("trace.on", peer=peer)
        found = [live for live in self._live.values() if self._wanted(live.peer) and live.association.tap is None]
        for live in found:
            self._record_inside(live)
        return len(found)

    def switch_off(self, peer: str) -> None:
        """Trace a peer no more; what was recorded stays until it is pushed out by newer recordings."""
        self._on -= {peer} if peer != EVERYBODY else set(self._on)
        _log.info("trace.off", peer=peer)
        for live in self._live.values():
            if not self._wanted(live.peer):
                live.association.tap = None

    def recordings(self) -> Iterator[Recording]:
        """What was recorded, the oldest first."""
        yield from self._recordings

    def recording(self, number: int) -> Recording | None:
        """One recording, None when there is none of that number any more."""
        return next((each for each in self._recordings if each.number == number), None)

    def open_associations(self) -> Iterator[tuple[str, bool, str, datetime, str]]:
        """Peer, whether it called, address, since when, and how things stand, of every open association."""
        for live in self._live.values():
            yield live.peer, live.incoming, live.association.peer_address, live.since, live.association.stack.description

    # --- for associations ---------------------------------------------------------------------------------------

    def connected(self, association: Association, peer: Peer | None) -> None:
        """TCP is up: to a peer that we call, or with a caller that has not said who it is."""
        name = peer.name if peer is not None else ""
        live = _Live(association, name, peer is None, _secrets(peer), self._clock())
        self._live[association] = live
        # Who a caller is shows later: while anybody is traced, its first octets are kept until then.
        if self._wanted(name) or (peer is None and self._on):
            association.tap = self._recording(live)

    def known(self, association: Association, peer: Peer | None, offered: bytes | None = None) -> None:
        """A caller has said who it is: keep what was recorded, or drop it; None for a caller that is nobody.

        Args:
            association: Its connection.
            peer: Who it is.
            offered: The password that it has offered, to be masked.
        """
        live = self._live.get(association)
        if live is None:
            return
        name = peer.name if peer is not None else ""
        tap = association.tap
        live.peer, live.secrets = name, _secrets(peer) | _secret(offered)
        if isinstance(tap, Recording):
            tap.peer = name
            tap.secrets |= live.secrets
            if not self._wanted(name):
                self._drop(association, tap)

    def closed(self, association: Association) -> None:
        """The association is over."""
        self._live.pop(association, None)
        if isinstance(association.tap, Recording) and not self._wanted(association.tap.peer):
            self._drop(association, association.tap)

    # --- inside -------------------------------------------------------------------------------------------------

    def _wanted(self, peer: str) -> bool:
        return EVERYBODY in self._on or (bool(peer) and peer in self._on)

    def _recording(self, live: _Live) -> Recording:
        recording = Recording(
            next(self._numbers), live.peer, live.association.peer_address, live.incoming, self._clock(), self._clock
        )
        recording.secrets |= live.secrets
        self._recordings.append(recording)
        return recording

    def _record_inside(self, live: _Live) -> None:
        recording = self._recording(live)
        for ours, framing in ((True, live.association.outgoing), (False, live.association.incoming)):
            recording.begin_inside(ours=ours, left=framing.left, header=framing.header)
        live.association.tap = recording

    def _drop(self, association: Association, recording: Recording) -> None:
        association.tap = None
        if recording in self._recordings:
            self._recordings.remove(recording)


def _secrets(peer: Peer | None) -> frozenset[bytes]:
    if peer is None:
        return frozenset()
    found = (peer.ours, peer.theirs, peer.we_answer_as, peer.it_calls_as)
    return frozenset(each.password for each in found if each.password)


def _secret(offered: bytes | None) -> frozenset[bytes]:
    return frozenset({offered}) if offered else frozenset()
