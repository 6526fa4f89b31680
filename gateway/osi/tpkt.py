"""TPKT, the packets in which RFC 1006 and RFC 2126 carry TPDUs over TCP.

A packet is four octets of header, ``03``, a reserved octet and the length of the whole packet, and one TPDU.
"""

from __future__ import annotations

from gateway.errors import ProtocolError

VERSION = 3
HEADER = 4
SHORTEST = 7  # RFC 1006 6: a TPDU has at least a length indicator and two octets
LONGEST = 65535
LARGEST_TPDU = LONGEST - HEADER  # RFC 2126 4: also the TPDU size where nobody names one


def encode_tpkt(payload: bytes) -> bytes:
    """One packet around a TPDU.

    Raises:
        ProtocolError: The TPDU has fewer than 3 or more than 65531 octets.
    """
    if not SHORTEST <= len(payload) + HEADER <= LONGEST:
        raise ProtocolError("TPKT", f"a TPDU of {len(payload)} octets does not fit", clause="RFC 1006 6", ours=True)
    return bytes((VERSION, 0)) + (len(payload) + HEADER).to_bytes(2, "big") + payload


class TPKTReader:
    """Cuts a byte stream into packets.

    There is no way to find the next packet after a fault, so that a reader that raised goes on raising.

    Attributes:
        reserved: The first value of the reserved octet that was not 0; 0 when there was none.
    """

    __slots__ = ("_buffer", "_start", "reserved")

    def __init__(self) -> None:
        self.reserved = 0
        self._buffer = bytearray()
        self._start = 0

    @property
    def buffered(self) -> int:
        """Octets that were received and not read yet."""
        return len(self._buffer) - self._start

    def receive_data(self, data: bytes) -> None:
        """Take what TCP brought; nothing is looked at yet."""
        if self._start:
            del self._buffer[: self._start]
            self._start = 0
        self._buffer += data

    def next_packet(self) -> bytes | None:
        """The TPDU of the next complete packet, or None when more octets are needed.

        Raises:
            ProtocolError: The header is not that of a TPKT; TCP is to be closed.
        """
        if self.buffered and self._buffer[self._start] != VERSION:
            raise ProtocolError("TPKT", f"version {self._buffer[self._start]} instead of 3", clause="RFC 1006 6")
        if self.buffered < HEADER:
            return None
        # Peer: an Exchange 4.0 MTA sends 11 in the reserved octet, which is ignored on receipt (RFC 1006 6).
        self.reserved = self.reserved or self._buffer[self._start + 1]
        length = int.from_bytes(self._buffer[self._start + 2 : self._start + HEADER], "big")
        if length < SHORTEST:
            raise ProtocolError("TPKT", f"length {length} is below {SHORTEST}", clause="RFC 1006 6")
        if self.buffered < length:
            return None
        payload = bytes(self._buffer[self._start + HEADER : self._start + length])
        self._start += length
        return payload
