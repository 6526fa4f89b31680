"""Reads the shared captures with nothing but the standard library, as a second opinion on the stack under test.

A pcap file gives conversations (`streams`), each a list of ``(direction, octets)`` in time order, and from there every layer up to complete
MTS-APDUs (`mts_apdus`). The little BER reader here (`tlv`, `walk`) is deliberately not the one of ``gateway.asn1``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

Direction = Literal["initiator", "responder"]

DT_SPDU, CN_SPDU, AC_SPDU, RF_SPDU, AS_SPDU, AE_SPDU = 1, 13, 14, 12, 45, 41
SYN, ACK = 2, 16


@dataclass
class Conversation:
    """One TCP connection.

    Attributes:
        segments: In time order, without retransmissions; the octets of one segment are what arrived in one packet.
    """

    initiator: tuple[str, int]
    responder: tuple[str, int]
    segments: list[tuple[Direction, bytes]] = field(default_factory=list)

    def octets(self, direction: Direction) -> bytes:
        """Everything that one side sent."""
        return b"".join(octets for side, octets in self.segments if side == direction)

    def tpkts(self, direction: Direction) -> list[bytes]:
        """The TPDUs of one side: what stands in its TPKTs, without the four octets of header."""
        return [tpdu for side, tpdu in self.timed_tpkts() if side == direction]

    def timed_tpkts(self) -> list[tuple[Direction, bytes]]:
        """The TPDUs of both sides in the order in which they were complete."""
        found: list[tuple[Direction, bytes]] = []
        pending: dict[Direction, bytes] = {"initiator": b"", "responder": b""}
        for side, octets in self.segments:
            pending[side] += octets
            while len(pending[side]) >= 4:
                length = int.from_bytes(pending[side][2:4], "big")
                assert pending[side][0] == 3 and length >= 7, "not a TPKT"
                if len(pending[side]) < length:
                    break
                found.append((side, pending[side][4:length]))
                pending[side] = pending[side][length:]
        assert not any(pending.values()), "the capture ends inside a TPKT"
        return found

    def tsdus(self, direction: Direction) -> list[bytes]:
        """The TSDUs of one side: DT TPDUs of COTP class 0 joined up to the end-of-TSDU mark."""
        found, pending = [], b""
        for tpdu in self.tpkts(direction):
            if tpdu[1] & 0xF0 == 0xF0:
                pending += tpdu[1 + tpdu[0] :]
                if tpdu[2] & 0x80:
                    found.append(pending)
                    pending = b""
        return found

    def spdus(self, direction: Direction) -> list[tuple[int, bytes, bytes]]:
        """The SPDUs of one side: SI, parameters, user information; the GT or PT in front of category 2 is left out."""
        return [spdu for tsdu in self.tsdus(direction) for spdu in _spdus(tsdu)]


def streams(path: Path) -> list[Conversation]:
    """The TCP connections of a pcap file, in the order in which they were opened."""
    found: list[Conversation] = []
    open_: dict[frozenset[tuple[str, int]], Conversation] = {}
    expected: dict[tuple[int, Direction], int] = {}
    held: dict[tuple[int, Direction], dict[int, bytes]] = {}
    for source, target, sequence, flags, payload in _packets(path.read_bytes()):
        ends = frozenset((source, target))
        if flags & SYN and not flags & ACK:
            open_[ends] = Conversation(initiator=source, responder=target)
            found.append(open_[ends])
        conversation = open_[ends]
        side: Direction = "initiator" if source == conversation.initiator else "responder"
        key = (id(conversation), side)
        if flags & SYN:
            expected[key] = (sequence + 1) & 0xFFFFFFFF
        elif payload:
            waiting = held.setdefault(key, {})
            waiting.setdefault(sequence, payload)
            while (part := waiting.pop(expected[key], None)) is not None:
                conversation.segments.append((side, part))
                expected[key] = (expected[key] + len(part)) & 0xFFFFFFFF
    return found


def _packets(capture: bytes) -> Iterator[tuple[tuple[str, int], tuple[str, int], int, int, bytes]]:
    """(source, target, sequence number, TCP flags, payload) of every TCP packet over IPv4 and Ethernet."""
    order = {0xA1B2C3D4: "<", 0xD4C3B2A1: ">"}[struct.unpack("<I", capture[:4])[0]]
    assert struct.unpack(order + "I", capture[20:24])[0] == 1, "not an Ethernet capture"
    at = 24
    while at < len(capture):
        (length,) = struct.unpack(order + "8xI4x", capture[at : at + 16])
        frame = capture[at + 16 : at + 16 + length]
        at += 16 + length
        if frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        ip = frame[14:]
        tcp = ip[(ip[0] & 15) * 4 : int.from_bytes(ip[2:4], "big")]
        source_port, target_port, sequence, _ack, offset, flags = struct.unpack(">HHIIBB", tcp[:14])
        addresses = (".".join(map(str, ip[12:16])), ".".join(map(str, ip[16:20])))
        yield (addresses[0], source_port), (addresses[1], target_port), sequence, flags, tcp[(offset >> 4) * 4 :]


def _spdus(tsdu: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    at, first = 0, True
    while at < len(tsdu):
        si, length, header = tsdu[at], tsdu[at + 1], 2
        if length == 0xFF:
            length, header = int.from_bytes(tsdu[at + 2 : at + 4], "big"), 4
        parameters = tsdu[at + header : at + header + length]
        at += header + length
        if first and si in (1, 2) and at < len(tsdu):
            first = False
            continue
        first = False
        if si == DT_SPDU:
            yield si, parameters, tsdu[at:]
            return
        yield si, parameters, b""


def spdu_parameters(parameters: bytes) -> list[tuple[int, bytes]]:
    """(PGI or PI, value) of the parameter field of an SPDU; groups are not opened."""
    found, at = [], 0
    while at < len(parameters):
        code, length, header = parameters[at], parameters[at + 1], 2
        if length == 0xFF:
            length, header = int.from_bytes(parameters[at + 2 : at + 4], "big"), 4
        found.append((code, parameters[at + header : at + header + length]))
        at += header + length
    return found


class TLV(NamedTuple):
    """One BER value: the tag octets, where its contents are and where the next value starts."""

    tag: bytes
    start: int
    end: int
    next: int

    @property
    def constructed(self) -> bool:
        return bool(self.tag[0] & 0x20)


def tlv(octets: bytes, at: int = 0) -> TLV:
    """The BER value at an offset; of the indefinite form the end-of-contents octets are not part of the contents."""
    begin = at
    if octets[at] & 0x1F == 0x1F:
        at += 1
        while octets[at] & 0x80:
            at += 1
    at += 1
    tag = octets[begin:at]
    length = octets[at]
    at += 1
    if length == 0x80:
        end = at
        while octets[end : end + 2] != b"\0\0":
            end = tlv(octets, end).next
        return TLV(tag, at, end, end + 2)
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(octets[at : at + count], "big")
        at += count
    assert at + length <= len(octets), "a value runs over the end"
    return TLV(tag, at, at + length, at + length)


def children(octets: bytes, start: int, end: int) -> Iterator[tuple[int, TLV]]:
    """(offset, value) of each value between two offsets."""
    while start < end:
        value = tlv(octets, start)
        yield start, value
        start = value.next


def walk(octets: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, TLV]]:
    """(offset, value) of every value and everything inside constructed ones, in order of the octets."""
    for at, value in children(octets, start, len(octets) if end is None else end):
        yield at, value
        if value.constructed:
            yield from walk(octets, value.start, value.end)


def string_octets(octets: bytes, at: int = 0) -> bytes:
    """The octets of a primitive or constructed OCTET STRING at an offset."""
    value = tlv(octets, at)
    if not value.constructed:
        return octets[value.start : value.end]
    return b"".join(string_octets(octets, inner) for inner, _ in children(octets, value.start, value.end))


@dataclass(frozen=True)
class CapturedAPDU:
    """One MTS-APDU as it crossed, complete.

    Attributes:
        normal_mode: False in X.410-1984 mode.
    """

    capture: str
    octets: bytes
    normal_mode: bool
    direction: Direction


def mts_apdus(path: Path) -> list[CapturedAPDU]:
    """Every MTS-APDU of a capture, in time order within each connection and direction."""
    found = []
    for conversation in streams(path):
        for direction in ("initiator", "responder"):
            data = b""
            for si, parameters, user in conversation.spdus(direction):
                if si == AS_SPDU:
                    data = b""
                elif si == DT_SPDU:
                    data += user if not user.startswith(b"\x61") else _rttr_octets(user)
                elif si == AE_SPDU and not any(code == 15 for code, _ in spdu_parameters(parameters)):
                    normal = data.startswith(b"\x28")
                    found.append(CapturedAPDU(path.name, _external_value(data) if normal else data, normal, direction))
    return found


def _rttr_octets(user_data: bytes) -> bytes:
    """The contents of the RTTR APDUs in one presentation user data (X.226 fully-encoded-data)."""
    whole = tlv(user_data)
    found = b""
    for _, pdv in children(user_data, whole.start, whole.end):
        for _, member in children(user_data, pdv.start, pdv.end):
            if member.tag == b"\xa0":
                found += string_octets(user_data, member.start)
    return found


def _external_value(external: bytes) -> bytes:
    """The complete value in the single-ASN1-type encoding of an EXTERNAL."""
    whole = tlv(external)
    for _, member in children(external, whole.start, whole.end):
        if member.tag == b"\xa0":
            return external[member.start : member.end]
    raise AssertionError("an EXTERNAL without single-ASN1-type")


def connect_user_data(conversation: Conversation, direction: Direction) -> list[bytes]:
    """What travels above the session in CN, AC and RF: the PPDUs CP, CPA, CPR."""
    found = []
    for si, parameters, _ in conversation.spdus(direction):
        for code, value in spdu_parameters(parameters) if si in (CN_SPDU, AC_SPDU, RF_SPDU) else ():
            if code in (0xC1, 0xC2):
                found.append(value)
            elif code == 50 and len(value) > 1:
                found.append(value[1:])
    return found


def values_tagged(octets: bytes, tag: int) -> list[bytes]:
    """Every complete value anywhere inside a BER value whose tag is this one octet."""
    return [octets[at : value.next] for at, value in walk(octets) if value.tag == bytes([tag])]
