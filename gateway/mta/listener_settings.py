"""How the P1 listener behaves: where it listens, and what one caller may make us do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from gateway.mta.tls import ListenerTLS
from gateway.osi.service import StackTimers


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerSettings:
    """How the P1 listener behaves.

    Attributes:
        tsels: Transport selectors that we answer to; an empty one among them takes calls without a selector.
        ssels, psels: The same for session and presentation; empty means any.
        connections: The most connections at once, all peers together.
        unbound: The most connections of one network address that have not said who they are.
        per_address: The most connections of one network address, whoever they say they are.
        tpkts_per_second: How fast one connection may send TPKTs before it is read from more slowly; 0: as fast as it can.
        tls, tls_port: A second port, for calls under TLS; None: there is none.
        recovery_seconds: How long a transfer that broke off may be resumed, by peers that may.
        wrong_bind_delay_seconds: How long the answer to a wrong password waits, times the number of failures in a row.
        idle_timeout_seconds: After this time without a transfer an association is aborted; releasing it is its opener's business.
        largest_octets: Largest APDU that is received at all; what is too large to be delivered is judged later, and answered with a report.
    """

    host: str = "127.0.0.1"
    port: int = 102
    tsels: Collection[bytes] = (b"",)
    ssels: Collection[bytes] = ()
    psels: Collection[bytes] = ()
    connections: int = 200
    unbound: int = 20
    per_address: int = 100
    tpkts_per_second: float = 5000.0
    tls: ListenerTLS | None = None
    tls_port: int = 0
    recovery_seconds: float = 3600.0
    wrong_bind_delay_seconds: float = 0.2
    idle_timeout_seconds: float = 600.0
    tpdu_size: int = 8192
    largest_octets: int = 1 << 30
    timers: StackTimers = StackTimers()
