"""What each captured association is, written down from the README of the captures and from p1-stack.md, not from our code.

`events` spells a row out as the things that happen to a responder, one line of text each; `test_as_responder` holds our stack to
these lines, and tshark as well, so that the rows cannot be wrong in our favour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

NORMAL, X410 = "normal", "x410-1984"
MESSAGE, REPORT = b"\xa0", b"\xa1"
UNIT = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One association of a capture.

    Attributes:
        capture, index: The file, and which of its TCP connections.
        mta: The name in the initiator's bind.
        calling, called: Transport selectors.
        transfers: First octet of each MTS-APDU, and how many octets its RTTR APDUs carry together.
        agreed: The checkpoint size of the answer, in units of 1024 octets.
        protocol: applicationProtocol as it stands on the wire, in X.410-1984 mode.
        refused: The responder refused the bind.
    """

    capture: str
    index: int = 0
    mta: str = "PPA"
    calling: str = "ppa"
    called: str = "p188"
    transfers: tuple[tuple[bytes, int], ...] = ()
    agreed: int = 1
    mode: str = NORMAL
    protocol: int | None = None
    refused: bool = False

    @property
    def name(self) -> str:
        return f"{self.capture}-{self.index}"


_BACK = {"mta": "PPB", "calling": "ppb"}
_INDEPENDENT = {"agreed": 63}

RECORDED = (
    Recorded(capture="p1-84-ndr", called="591", mode=X410, protocol=1, transfers=((MESSAGE, 443),)),
    Recorded(capture="p1-84-ndr", index=1, transfers=((REPORT, 732),), **_BACK),
    Recorded(capture="p1-84-plain", called="591", mode=X410, protocol=1, transfers=((MESSAGE, 435),)),
    Recorded(capture="p1-88-big40000", transfers=((MESSAGE, 39 * UNIT + 511),)),
    Recorded(capture="p1-88-dda", transfers=((MESSAGE, 538),)),
    Recorded(capture="p1-88-dr", transfers=((MESSAGE, 508),)),
    Recorded(capture="p1-88-dr", index=1, transfers=((REPORT, 511),), **_BACK),
    Recorded(
        capture="p1-88-gateway-gets-reports", mta="GW", calling="gw", transfers=((MESSAGE, 372), (MESSAGE, 386), (MESSAGE, 457))
    ),
    Recorded(
        capture="p1-88-gateway-gets-reports", index=1, transfers=((REPORT, 663), (REPORT, 690), (REPORT, 460)), **_BACK, **_INDEPENDENT
    ),
    Recorded(capture="p1-88-gateway-gets-reports", index=2, transfers=((REPORT, 687),), **_BACK, **_INDEPENDENT),
    Recorded(capture="p1-88-initiator-rejects-name"),
    Recorded(capture="p1-88-multi", transfers=((MESSAGE, 811),)),
    Recorded(capture="p1-88-multircpt", transfers=((MESSAGE, 762),)),
    Recorded(capture="p1-88-multircpt", index=1, transfers=((REPORT, 839),), **_BACK),
    Recorded(capture="p1-88-multircpt", index=2, transfers=((REPORT, 830),), **_BACK),
    Recorded(capture="p1-88-nrn", transfers=((MESSAGE, 398),)),
    Recorded(capture="p1-88-plain", transfers=((MESSAGE, 507),)),
    Recorded(capture="p1-88-plain-ext1992", transfers=((MESSAGE, 505),)),
    Recorded(capture="p1-88-refused-badpassword", refused=True),
    Recorded(capture="p1-88-rnreq", transfers=((MESSAGE, 516),)),
    # Peer: PP writes applicationProtocol 12 in the wrong octet order (p1-stack.md 4.2).
    Recorded(capture="p1-88-x410mode", called="p188x", mode=X410, protocol=0x0C00, transfers=((MESSAGE, 504),)),
)


def events(recorded: Recorded) -> list[str]:
    """Everything that a responder is told, in order: opening, activities, data, checkpoints, ends, release."""
    opening = f"RT-OPEN {recorded.mode} {recorded.mta} checkpoint 63 window 3 monologue"
    found = [f"T-CONNECT {recorded.calling} -> {recorded.called}", opening]
    if recorded.refused:
        return found
    for number, (_, octets) in enumerate(recorded.transfers, start=1):
        found += [f"activity 0201{number:02x}", *_pieces(octets, recorded.agreed * UNIT), "end"]
    return [*found, "RT-CLOSE"]


def _pieces(octets: int, size: int) -> Iterator[str]:
    """A checkpoint after every full piece but the last (p1-stack.md 7.3)."""
    serial = 0
    while octets > size:
        serial, octets = serial + 1, octets - size
        yield f"data {size}"
        yield f"checkpoint {serial}"
    yield f"data {octets}"
