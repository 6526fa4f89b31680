"""Contents larger than memory stay where they are, and cost the octets of their headers."""

from __future__ import annotations

from itertools import chain

from gateway import asn1
from gateway.octets import ConcatOctets, MemoryOctets, Octets
from tests.asn1.samples import APDU, message

MEGABYTE = 1 << 20


class Enormous(Octets):
    """A hundred megabytes that exist only where somebody looks, and count who looks."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.looked_at = 0

    def __len__(self) -> int:
        return self.length

    def read(self, start: int, end: int) -> bytes:
        size = max(0, min(end, self.length) - start)
        self.looked_at += size
        return b"x" * size


def test_encoding_a_large_content_reads_none_of_it() -> None:
    content = Enormous(100 * MEGABYTE)
    encoded = asn1.encode_octets(message(content))
    assert content.looked_at == 0
    assert len(encoded) > 100 * MEGABYTE
    assert encoded.read(0, 2) == b"\xa0\x84"


def test_decoding_a_large_content_reads_only_headers() -> None:
    content = Enormous(100 * MEGABYTE)
    decoded = asn1.decode(asn1.encode_octets(message(content)), APDU)
    assert decoded.message is not None
    assert len(decoded.message.content) == 100 * MEGABYTE
    assert content.looked_at < 16 * 1024


def test_a_large_segmented_content_is_joined_from_slices() -> None:
    parts: list[Octets | bytes] = [b"\x24\x80"]
    segment = Enormous(MEGABYTE)
    for _ in range(50):
        parts += [b"\x04\x83\x10\x00\x00", segment]
    parts.append(b"\x00\x00")
    value = asn1.decode(ConcatOctets(parts), asn1.LargeOctetString())
    assert len(value) == 50 * MEGABYTE
    assert segment.looked_at < 50 * 8192
    assert value.read(MEGABYTE - 1, MEGABYTE + 1) == b"xx"


def test_raw_values_of_any_size() -> None:
    encoded = ConcatOctets([b"\x30\x80\x04\x84\x06\x40\x00\x00", Enormous(100 * MEGABYTE), b"\x00\x00"])
    value = asn1.decode(encoded, asn1.LargeAny())
    assert len(value) == len(encoded)
    assert asn1.encode_octets(value, asn1.LargeAny()).read(0, 4) == b"\x30\x80\x04\x84"


def test_what_must_be_one_piece_may_not_be_large() -> None:
    encoded = ConcatOctets([b"\x04\x84\x06\x40\x00\x00", Enormous(100 * MEGABYTE)])
    for element in (asn1.OctetString(), asn1.Any(), asn1.TeletexString(tag=asn1.universal(4))):
        try:
            asn1.decode(encoded, element)
        except asn1.BERError as error:
            assert "at most" in error.reason
        else:
            raise AssertionError("accepted")


def test_the_window_moves_over_many_elements() -> None:
    numbers = tuple(range(10_000))
    element = asn1.SequenceOf(asn1.Integer())
    plain = asn1.encode(numbers[:3000], element)
    assert asn1.decode(plain, element) == numbers[:3000]
    body = b"".join(asn1.encode(numbers[at : at + 100], element) for at in range(0, len(numbers), 100))
    filler = asn1.encode(b"z" * 300_000, asn1.OctetString())
    whole = b"\x30\x80" + filler + b"\x30\x80" + body + b"\x00\x00" + b"\x00\x00"

    @asn1.sequence()
    class Both:
        filler: Octets = asn1.member(asn1.LargeOctetString())
        rows: tuple[tuple[int, ...], ...] = asn1.member(asn1.SequenceOf(element))

    value = asn1.decode(ConcatOctets([whole]), Both)
    assert tuple(chain.from_iterable(value.rows)) == numbers
    assert value.filler == MemoryOctets(b"z" * 300_000)


def test_small_pieces_of_a_large_encoding_are_joined() -> None:
    encoded = asn1.encode_octets(message(MemoryOctets(b"hello")))
    assert len(list(encoded.chunks())) <= 3
    assert encoded.to_bytes() == asn1.encode(message(b"hello"))
