"""What differs between the two modes in the RTSE itself (X.228 5.1): how an APDU and its pieces look, and what an abort may say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.octets import ConcatOctets, Octets
from gateway.osi import service as s
from gateway.osi.framing import OctetStringReader
from gateway.osi.rtse.apdu import RTABapdu
from gateway.osi.rtse.external import length_octets, wrap

MTS_TRANSFER_PROTOCOL = 12
"""applicationProtocol of P1 of 1988 (X.419)."""
MTS_TRANSFER_PROTOCOL_1984 = 1
"""applicationProtocol of P1 of 1984 (X.410, X.411 of 1984)."""

PROTOCOLS: Mapping[int | None, int] = {
    MTS_TRANSFER_PROTOCOL: MTS_TRANSFER_PROTOCOL,
    MTS_TRANSFER_PROTOCOL_1984: MTS_TRANSFER_PROTOCOL_1984,
    None: MTS_TRANSFER_PROTOCOL_1984,
    # Peer: PP on little-endian machines writes the two octets of the number in the wrong order.
    MTS_TRANSFER_PROTOCOL << 8: MTS_TRANSFER_PROTOCOL,
    MTS_TRANSFER_PROTOCOL_1984 << 8: MTS_TRANSFER_PROTOCOL_1984,
    # Peer: MTAs of the MOTIS profiles call P1 of 1984 by the number of their standard, ISO 8883.
    8883: MTS_TRANSFER_PROTOCOL_1984,
}
"""What a peer may write as applicationProtocol in X.410-1984 mode, and what it means by it."""

_NORMAL_ONLY = frozenset({s.AbortReason.PERMANENT_PROBLEM, s.AbortReason.USER_ERROR})


class Reader(Protocol):
    """Takes the octets of a transfer out of presentation data values."""

    def feed(self, data: bytes) -> bytes:
        """The octets of the transfer in a slice of a value."""

    @property
    def between_elements(self) -> bool:
        """Whether the value may end here."""


class BareReader:
    """X.410-1984 mode: the values are the octets of the transfer themselves."""

    between_elements = True

    def feed(self, data: bytes) -> bytes:
        """All of it."""
        return data


@dataclass(frozen=True, slots=True)
class Form:
    """The forms of one mode.

    Attributes:
        enclose: The octets that the RTTR APDUs carry together, from an MTS-APDU and the context of its abstract syntax.
        frame: One RTTR APDU.
        reader: Makes what reads them.
        abort: The RTAB for a reason and user data.
    """

    mode: s.Mode
    enclose: Callable[[Octets, int], Octets]
    frame: Callable[[Octets], Octets]
    reader: Callable[[], Reader]
    abort: Callable[[s.AbortReason, bytes], RTABapdu]


def _octet_string(piece: Octets) -> Octets:
    return ConcatOctets((b"\x04" + length_octets(len(piece)), piece))


def _normal_abort(reason: s.AbortReason, user_data: bytes) -> RTABapdu:
    return RTABapdu(abort_reason=reason, user_data_ab=user_data or None)


def _x410_abort(reason: s.AbortReason, _: bytes) -> RTABapdu:
    """Two of the reasons, and user data, are for normal mode only (X.228, AbortReason)."""
    return RTABapdu(abort_reason=s.AbortReason.LOCAL_SYSTEM_PROBLEM if reason in _NORMAL_ONLY else reason)


FORMS: Mapping[s.Mode, Form] = {
    s.Mode.NORMAL: Form(s.Mode.NORMAL, wrap, _octet_string, OctetStringReader, _normal_abort),
    s.Mode.X410_1984: Form(s.Mode.X410_1984, lambda apdu, _: apdu, lambda piece: piece, BareReader, _x410_abort),
}
