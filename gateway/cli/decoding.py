"""What ``mixer decode`` shows: MTS-APDUs and contents in BER, dumps of TPKTs, and pcap files of P1 traffic."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator

from gateway import asn1
from gateway.cli.recognise import recognise
from gateway.errors import GatewayError
from gateway.octets import MemoryOctets, Octets
from gateway.osi.overhear import overhear
from gateway.osi.rtse.external import unwrap
from gateway.x400 import p1
from gateway.x400.ipm import InformationObject

_LARGEST = 1 << 28
_PCAP = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">"}
_PCAP_HEADER = 24
_LINK_HEADERS = {0: 4, 1: 14, 12: 0, 101: 0, 113: 16, 276: 20}
"""Link type of a pcap -> octets before the IP header: loopback, Ethernet, raw IP (twice), Linux cooked capture (both versions)."""
_TCP = 6
_TPKT = b"\x03"
_EXTERNAL = b"\x28"

Shown = tuple[str, str]
"""A title and a value in ASN.1 notation (or nothing but the title)."""


def decoded(octets: Octets) -> Iterator[Shown]:
    """Titles and value notations of what the octets hold.

    Raises:
        GatewayError: They hold nothing that is known.
    """
    magic = octets.read(0, 4)
    if magic in _PCAP:
        yield from _of_pcap(octets.to_bytes(limit=_LARGEST))
    elif magic[:1] == _TPKT:
        yield from _of_stream(octets.to_bytes(limit=_LARGEST), "")
    else:
        yield from _of_ber(octets)


def _of_ber(octets: Octets) -> Iterator[Shown]:
    try:
        apdu = asn1.decode(unwrap(octets) if octets.read(0, 1) == _EXTERNAL else octets, p1.MTSAPDU)
    except GatewayError as fault:
        found = recognise(octets)
        if found is None:
            raise GatewayError(f"neither an MTS-APDU nor P2, P22, TPKTs or a pcap ({fault})") from fault
        yield found.form, asn1.to_notation(asn1.decode(found.message.content, InformationObject))
        return
    yield f"MTS-APDU: {apdu.chosen}", asn1.to_notation(apdu)
    if apdu.message is not None:
        try:
            yield "content", asn1.to_notation(asn1.decode(apdu.message.content, InformationObject))
        except GatewayError as fault:
            yield f"content that is not P2 or P22: {fault}", ""


def _of_stream(stream: bytes, who: str) -> Iterator[Shown]:
    for heard in overhear(stream):
        yield f"{who}{heard.text}", ""
        if heard.transfer is not None:
            try:
                yield from _of_ber(MemoryOctets(heard.transfer))
            except GatewayError as fault:
                yield f"transfer of {len(heard.transfer)} octets: {fault}", ""


def _of_pcap(capture: bytes) -> Iterator[Shown]:
    """Each direction of each TCP connection that begins like P1."""
    found = {names: stream for names, stream in _tcp_streams(capture).items() if stream[:1] == _TPKT}
    if not found:
        raise GatewayError("the capture holds no TCP connection over IPv4 that begins with a TPKT")
    for (source, target), stream in found.items():
        yield from _of_stream(stream, f"{source} -> {target}: ")


def _tcp_streams(capture: bytes) -> dict[tuple[str, str], bytes]:
    """Octets by direction; retransmissions are dropped by their sequence numbers."""
    if len(capture) < _PCAP_HEADER:
        raise GatewayError("the pcap ends inside its header")
    order = _PCAP[capture[:4]]
    link = _LINK_HEADERS.get(struct.unpack(order + "I", capture[20:24])[0] & 0xFFFF)
    if link is None:
        raise GatewayError("the pcap has a link type that is not supported; capture on Ethernet or loopback")
    pieces: dict[tuple[str, str], dict[int, bytes]] = defaultdict(dict)
    position = _PCAP_HEADER
    while position + 16 <= len(capture):
        length = struct.unpack(order + "I", capture[position + 8 : position + 12])[0]
        packet = capture[position + 16 + link : position + 16 + length]
        position += 16 + length
        found = _tcp_payload(packet)
        if found is not None:
            direction, sequence, payload = found
            pieces[direction].setdefault(sequence, payload)
    return {direction: _joined(found) for direction, found in pieces.items()}


def _tcp_payload(packet: bytes) -> tuple[tuple[str, str], int, bytes] | None:
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != _TCP:
        return None
    start = (packet[0] & 15) * 4
    end = int.from_bytes(packet[2:4], "big")
    segment = packet[start:end]
    if len(segment) < 20:
        return None
    source, target, sequence = struct.unpack(">HHI", segment[:8])
    names = tuple(".".join(str(octet) for octet in packet[at : at + 4]) for at in (12, 16))
    payload = segment[(segment[12] >> 4) * 4 :]
    return ((f"{names[0]}:{source}", f"{names[1]}:{target}"), sequence, payload) if payload else None


def _joined(pieces: dict[int, bytes]) -> bytes:
    """The stream from the first octet captured; sequence numbers count modulo 2**32."""
    stream = bytearray()
    first = next(iter(pieces))
    for offset, payload in sorted(((sequence - first) & 0xFFFFFFFF, payload) for sequence, payload in pieces.items()):
        stream += payload[max(0, len(stream) - offset) :]
    return bytes(stream)
