"""RFC 1006 section 6: the packet format."""

import pytest

from gateway.errors import ProtocolError
from gateway.osi.tpkt import LARGEST_TPDU, TPKTReader, encode_tpkt

PACKET = bytes.fromhex("03 00 00 07 02 F0 80")


def packets(reader: TPKTReader) -> list[bytes]:
    return list(iter(reader.next_packet, None))


def test_the_length_counts_the_header() -> None:
    assert encode_tpkt(b"\x02\xf0\x80") == PACKET


def test_the_longest_packet_is_65535_octets() -> None:
    assert encode_tpkt(bytes(LARGEST_TPDU))[2:4] == b"\xff\xff"
    with pytest.raises(ProtocolError) as caught:
        encode_tpkt(bytes(LARGEST_TPDU + 1))
    assert caught.value.ours


def test_several_packets_in_one_segment_and_one_packet_in_many() -> None:
    stream = PACKET + encode_tpkt(b"abcdef") + PACKET
    whole = TPKTReader()
    whole.receive_data(stream)
    single = TPKTReader()
    found = []
    for octet in stream:
        single.receive_data(bytes((octet,)))
        found += packets(single)
    assert packets(whole) == found == [PACKET[4:], b"abcdef", PACKET[4:]]
    assert whole.buffered == single.buffered == 0


def test_O27_the_reserved_octet_is_ignored_on_receipt() -> None:
    reader = TPKTReader()
    reader.receive_data(bytes.fromhex("03 FF 00 07 02 F0 80"))
    assert packets(reader) == [PACKET[4:]]


@pytest.mark.parametrize("length", range(7))
def test_O27_a_length_below_7_is_refused_for_good(length: int) -> None:
    reader = TPKTReader()
    reader.receive_data(bytes((3, 0, 0, length)) + bytes(20))
    for _ in range(2):
        with pytest.raises(ProtocolError, match="TPKT"):
            reader.next_packet()


@pytest.mark.parametrize("version", [0, 2, 4, ord("E"), 255])
def test_O27_another_version_is_refused_at_its_first_octet(version: int) -> None:
    reader = TPKTReader()
    reader.receive_data(bytes((version,)))
    with pytest.raises(ProtocolError, match="version"):
        reader.next_packet()


def test_O27_a_length_that_promises_more_waits() -> None:
    reader = TPKTReader()
    reader.receive_data(bytes.fromhex("03 00 FF FF 02 F0 80"))
    assert packets(reader) == []
    assert reader.buffered == 7
