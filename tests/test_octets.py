"""Octets: every form gives the same octets by every way of reading, and nothing large becomes one ``bytes`` by accident."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.octets import (
    CHUNK,
    MATERIALISE_LIMIT,
    ConcatOctets,
    FilterOctets,
    MemoryOctets,
    Octets,
    SliceOctets,
    TooLargeError,
    octets,
)


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def forms(content: bytes, cut: int) -> dict[str, Octets]:
    """The same content in every form."""
    cut = min(cut, len(content))
    return {
        "memory": MemoryOctets(content),
        "buffer": MemoryOctets(bytearray(content)),
        "slice": SliceOctets(MemoryOctets(b"ab" + content + b"cd"), 2, 2 + len(content)),
        "slice of a slice": MemoryOctets(b"xy" + content + b"z").slice(1).slice(1, 1 + len(content)),
        "concatenation": ConcatOctets([content[:cut], b"", MemoryOctets(content[cut:])]),
        "many": ConcatOctets(bytes((octet,)) for octet in content),
        "filter": FilterOctets(lambda: pieces(content, 7)),
        "filter of known length": FilterOctets(lambda: pieces(content, 3), len(content)),
        "slice of a filter": FilterOctets(lambda: pieces(b"ab" + content + b"cd", 5)).slice(2, 2 + len(content)),
        "concatenation of filters": ConcatOctets(
            [FilterOctets(lambda: pieces(content[:cut], 2)), FilterOctets(lambda: pieces(content[cut:], 9))]
        ),
    }


@settings(max_examples=60)
@given(st.binary(max_size=60), st.integers(0, 60), st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70)), max_size=6))
def test_all_forms_read_alike(content: bytes, cut: int, reads: list[tuple[int, int]]) -> None:
    """Reads in any order, backward too, beyond the end too, as ``bytes`` slices do."""
    for name, form in forms(content, cut).items():
        assert len(form) == len(content), name
        for start, end in reads:
            assert form.read(start, end) == content[start:end], name
            assert form.slice(start, end).read(0, 99) == content[start:end], name
            assert len(form.slice(start, end)) == len(content[start:end]), name
        assert b"".join(form.chunks(4)) == content, name
        assert form.to_bytes() == content, name


@settings(max_examples=40)
@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(0, 40))
def test_equality_is_by_content(one: bytes, other: bytes, cut: int) -> None:
    for left in forms(one, cut).values():
        for right in forms(other, cut).values():
            assert (left == right) == (one == other)
            assert one != other or hash(left) == hash(right)


def test_octets_are_no_bytes() -> None:
    assert MemoryOctets(b"x") != b"x"
    assert octets("text") == MemoryOctets(b"text")
    kept = MemoryOctets(b"y")
    assert octets(kept) is kept
    with pytest.raises(UnicodeEncodeError):
        octets("ü")


def test_memory_is_shared_and_not_writable() -> None:
    source = bytearray(b"0123456789")
    view = MemoryOctets(source).slice(2, 5)
    source[3] = 0x41
    assert view.read(0, 9) == b"2A4"
    assert MemoryOctets(b"abc").slice(0) == MemoryOctets(b"abc")


def test_nothing_large_becomes_one_bytes() -> None:
    large = ConcatOctets([bytes(MATERIALISE_LIMIT), b"x"])
    with pytest.raises(TooLargeError, match="1048577 octets asked for at once, at most 1048576"):
        large.to_bytes()
    assert len(large.to_bytes(limit=MATERIALISE_LIMIT + 1)) == MATERIALISE_LIMIT + 1


def test_chunks_are_bounded() -> None:
    content = MemoryOctets(bytes(3 * CHUNK + 5))
    for form in (content, content.slice(1), ConcatOctets([content, b"x", content]), SliceOctets(content, 3, 2 * CHUNK)):
        found = list(form.chunks())
        assert max(map(len, found)) <= CHUNK
        assert sum(map(len, found)) == len(form)


class Counting:
    """A filter that counts how often it runs and how much it gives."""

    def __init__(self, size: int, chunks: int) -> None:
        self.size, self.chunks, self.runs, self.given = size, chunks, 0, 0

    def __call__(self) -> Iterator[bytes]:
        self.runs += 1
        for number in range(self.chunks):
            self.given += self.size
            yield bytes((number % 256,)) * self.size


def test_a_filter_that_is_read_forward_runs_once() -> None:
    source = Counting(1000, 100)
    filtered = FilterOctets(source, 100_000)
    assert sum(len(filtered.read(at, at + 700)) for at in range(0, 100_000, 700)) == 100_000
    assert source.runs == 1


def test_the_length_of_a_filter_costs_one_run_for_ever() -> None:
    source = Counting(1000, 10)
    filtered = FilterOctets(source)
    assert len(filtered) == len(filtered) == 10_000
    assert source.runs == 1


def test_a_filter_that_is_read_backward_starts_again() -> None:
    source = Counting(10, 10)
    filtered = FilterOctets(source, 100)
    assert filtered.read(50, 52) == b"\x05\x05"
    assert filtered.read(9, 11) == b"\x00\x01"
    assert source.runs == 2


def test_a_filter_is_run_no_further_than_is_read() -> None:
    source = Counting(10, 1000)
    assert FilterOctets(source, 10_000).read(0, 15) == 10 * b"\x00" + 5 * b"\x01"
    assert source.given == 20


def test_a_filter_may_yield_nothing_now_and_then() -> None:
    """A decoder may have to wait for more before it can say anything; that is not its end."""
    filtered = FilterOctets(lambda: iter((b"", b"ab", b"", b"", b"c", b"")))
    assert filtered.read(0, 9) == b"abc"
    assert list(filtered.chunks()) == [b"ab", b"c"], "who loops until nothing comes must get everything"


def test_chunks_of_a_filter_do_not_disturb_reading() -> None:
    filtered = FilterOctets(Counting(10, 10), 100)
    assert filtered.read(0, 5) == bytes(5)
    assert len(list(filtered.chunks())) == 10
    assert filtered.read(5, 12) == bytes(5) + b"\x01\x01"


def test_repr_is_short() -> None:
    assert repr(MemoryOctets(b"\x01" * 100)) == "<Octets 100: " + " ".join(["01"] * 16) + " ...>"
