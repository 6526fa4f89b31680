"""Dot-stuffing, the end of data, stray line ends."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.smtp.data import DataDecoder, data_octets

TEXT = st.text("\r\n.ax", max_size=60).map(str.encode)


def cut(octets: bytes, sizes: list[int]) -> list[bytes]:
    pieces: list[bytes] = []
    for size in sizes:
        pieces.append(octets[:size])
        octets = octets[size:]
    return [*pieces, octets]


def decode(pieces: list[bytes], *, repair: bool = False) -> tuple[bytes, DataDecoder]:
    decoder = DataDecoder(repair=repair)
    found = b""
    surplus = b""
    for piece in pieces:
        if decoder.finished:
            surplus += piece
        else:
            found += decoder.feed(piece)
    decoder.surplus += surplus
    return found, decoder


@given(TEXT, st.lists(st.integers(0, 9), max_size=8), st.lists(st.integers(0, 9), max_size=8))
@settings(max_examples=300)
def test_what_is_sent_is_received_whatever_the_pieces(message: bytes, out: list[int], into: list[int]) -> None:
    wire = b"".join(data_octets(cut(message, out)))
    canonical = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    expected = canonical if canonical.endswith(b"\r\n") or not canonical else canonical + b"\r\n"
    found, decoder = decode(cut(wire + b"NOOP\r\n", into))
    assert found == expected and decoder.finished and decoder.surplus == b"NOOP\r\n" and not decoder.stray
    assert decoder.longest_line == max((len(line) for line in found.split(b"\r\n")), default=0) and decoder.length == len(found)


@given(TEXT, st.lists(st.integers(0, 9), max_size=8), st.booleans())
@settings(max_examples=300)
def test_decoding_does_not_depend_on_the_pieces(wire: bytes, sizes: list[int], repair: bool) -> None:
    wire += b"\r\n.\r\nrest"
    whole, one = decode([wire], repair=repair)
    found, other = decode(cut(wire, sizes), repair=repair)
    assert (found, other.surplus, other.stray) == (whole, one.surplus, one.stray)
    if repair:
        assert whole.count(b"\r") == whole.count(b"\n") == whole.count(b"\r\n")


@pytest.mark.parametrize("wire", [b"a\n.\n", b"a\n.\r\n", b"a\r.\r", b"a\r\n.\n", b".\n", b"a\r\n.\r\r\n", b".\r"])
def test_nothing_else_ends_data(wire: bytes) -> None:
    _, decoder = decode([wire])
    assert not decoder.finished


def test_the_end_of_data_at_once() -> None:
    found, decoder = decode([b".\r\nQUIT"])
    assert (found, decoder.finished, decoder.surplus) == (b"", True, b"QUIT")
