"""Capture files of recorded associations: what was said, put into TCP over IPv4 so that tshark and Wireshark read it.

The called side has port 102 always, whatever it was really: the dissectors begin there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

from gateway.errors import GatewayError

_MAGIC = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101)
"""Little-endian, microseconds, link type 101: raw IP."""
_OURS = IPv4Address("192.0.2.1")
_THEIRS = IPv4Address("192.0.2.2")
"""Documentation addresses (RFC 5737), where the real one is none of version 4."""
_P1_PORT = 102
_CALLER_PORT = 49152
_MOST_OCTETS = 32768
_SYN, _ACK, _PSH = 0x02, 0x10, 0x08
_RECORD = struct.Struct("<IIII")
_IP = struct.Struct(">BBHHHBBH4s4s")
_TCP = struct.Struct(">HHIIBBHHH")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Some octets that one side said at once."""

    at: datetime
    ours: bool
    data: bytes


@dataclass(slots=True)
class _End:
    """One end of the TCP connection."""

    address: IPv4Address
    port: int
    sequence: int = 0


def pcap(segments: Iterable[Segment], *, called_by_us: bool, peer: str = "") -> bytes:
    """Segments as a capture file.

    Args:
        segments: In the order of time.
        called_by_us: We have opened the connection.
        peer: Network address of the peer.
    """
    ours = _End(_OURS, _CALLER_PORT if called_by_us else _P1_PORT)
    theirs = _End(_address(peer), _P1_PORT if called_by_us else _CALLER_PORT)
    return _MAGIC + b"".join(_packets(tuple(segments), ours, theirs, called_by_us))


def _packets(segments: tuple[Segment, ...], ours: _End, theirs: _End, called_by_us: bool) -> Iterator[bytes]:
    if not segments:
        return
    caller, called = (ours, theirs) if called_by_us else (theirs, ours)
    start = segments[0].at
    yield _packet(start, caller, called, _SYN, b"")
    yield _packet(start, called, caller, _SYN | _ACK, b"")
    yield _packet(start, caller, called, _ACK, b"")
    for segment in segments:
        source, target = (ours, theirs) if segment.ours else (theirs, ours)
        for position in range(0, len(segment.data), _MOST_OCTETS):
            yield _packet(segment.at, source, target, _ACK | _PSH, segment.data[position : position + _MOST_OCTETS])


def _packet(at: datetime, source: _End, target: _End, flags: int, data: bytes) -> bytes:
    """One packet with the header of its record; the sequence number of its source moves on."""
    acknowledged = target.sequence if flags & _ACK else 0
    tcp = _TCP.pack(source.port, target.port, source.sequence, acknowledged, 5 << 4, flags, 65535, 0, 0)
    pseudo = source.address.packed + target.address.packed + struct.pack(">BBH", 0, 6, len(tcp) + len(data))
    tcp = tcp[:16] + struct.pack(">H", _checksum(pseudo + tcp + data)) + tcp[18:]
    source.sequence = (source.sequence + len(data) + bool(flags & _SYN)) & 0xFFFFFFFF
    length = _IP.size + len(tcp) + len(data)
    ip = _IP.pack(0x45, 0, length, 0, 0x4000, 64, 6, 0, source.address.packed, target.address.packed)
    ip = ip[:10] + struct.pack(">H", _checksum(ip)) + ip[12:]
    micros = (at - _EPOCH) // timedelta(microseconds=1)
    return _RECORD.pack(micros // 1_000_000, micros % 1_000_000, length, length) + ip + tcp + data


def _checksum(octets: bytes) -> int:
    """RFC 1071."""
    padded = octets + b"\0" * (len(octets) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _address(text: str) -> IPv4Address:
    try:
        found = ip_address(text)
    except ValueError:
        return _THEIRS
    if isinstance(found, IPv6Address):
        return found.ipv4_mapped or _THEIRS
    return found


def segments_of(capture: bytes) -> Iterator[Segment]:
    """Read back what `pcap` wrote; "ours" is whoever spoke from or to port 102 as we did when it was written: the first address seen.

    Raises:
        GatewayError: It is no capture file of ours.
    """
    if capture[: len(_MAGIC)] != _MAGIC:
        raise GatewayError("not a capture that `mixer trace` wrote")
    position, caller = len(_MAGIC), b""
    while position + _RECORD.size <= len(capture):
        seconds, micros, length, _ = _RECORD.unpack_from(capture, position)
        packet = capture[position + _RECORD.size : position + _RECORD.size + length]
        position += _RECORD.size + length
        if len(packet) < _IP.size + _TCP.size:
            raise GatewayError("the capture ends inside a packet")
        source, data = packet[_IP.size : _IP.size + 2], packet[_IP.size + _TCP.size :]
        caller = caller or source
        if data:
            yield Segment(at=_EPOCH + timedelta(seconds=seconds, microseconds=micros), ours=source == caller, data=data)
