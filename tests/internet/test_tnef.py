"""winmail.dat, held to tnefparse, a library that other people wrote; and what no hostile file may do."""

from __future__ import annotations

import struct
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise

import pytest
import tnefparse
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.internet.tnef import SIGNATURE, TNEFError, open_tnef
from gateway.octets import ConcatOctets, FilterOctets, octets

RENDERING, TITLE, DATA, MODIFIED, ATTACHMENT = 0x00069002, 0x00018010, 0x0006800F, 0x00038013, 0x00069005
CLASS, CODEPAGE, PROPERTIES = 0x00078008, 0x00069007, 0x00069003


def attribute(level: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def text_16(name: int, text: str) -> bytes:
    value = text.encode("utf-16-le") + b"\0\0"
    return struct.pack("<III", name << 16 | 0x1F, 1, len(value)) + value.ljust((len(value) + 3) & ~3, b"\0")


def number(name: int, value: int) -> bytes:
    return struct.pack("<II", name << 16 | 3, value)


def properties(*found: bytes) -> bytes:
    return struct.pack("<I", len(found)) + b"".join(found)


def file_(name: str, content: bytes, *more: bytes) -> bytes:
    return (
        attribute(2, RENDERING, bytes(14))
        + attribute(2, TITLE, b"SHORT~1.TXT\0")
        + attribute(2, MODIFIED, struct.pack("<7H", 2024, 2, 29, 12, 30, 15, 4))
        + attribute(2, DATA, content)
        + attribute(2, ATTACHMENT, properties(text_16(0x3707, name), *more))
    )


def winmail(*attributes: bytes, message_class: bytes = b"IPM.Microsoft Mail.Note\0") -> bytes:
    head = SIGNATURE + b"\x01\x00" + attribute(1, CODEPAGE, struct.pack("<II", 1252, 0)) + attribute(1, CLASS, message_class)
    return head + b"".join(attributes)


GOOD = winmail(file_("Übersicht für März.txt", b"\x00\x01\x02"), file_("zwei.bin", b"", number(0x3705, 1)))


def test_names_contents_and_times_as_the_library_reads_them() -> None:
    theirs = tnefparse.TNEF(GOOD).attachments
    ours = open_tnef(octets(GOOD)).files
    assert [one.name for one in ours] == [one.long_filename() for one in theirs] == ["Übersicht für März.txt", "zwei.bin"]
    assert [one.content.to_bytes() for one in ours] == [bytes(one.data) for one in theirs] == [b"\x00\x01\x02", b""]
    assert ours[0].modified == theirs[0].modification_date.replace(tzinfo=UTC) == datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC)


def test_what_a_file_says_of_itself() -> None:
    told = winmail(file_("a.png", b"x", text_16(0x370E, "image/png"), text_16(0x3712, "a@b")))
    (file,) = open_tnef(octets(told)).files
    assert (file.media_type, file.content_id) == ("image/png", "a@b")


def test_the_short_name_serves_where_there_is_no_long_one() -> None:
    told = winmail(attribute(2, RENDERING, bytes(14)) + attribute(2, TITLE, b"SHORT.TXT\0") + attribute(2, DATA, b"x"))
    assert open_tnef(octets(told)).files[0].name == "SHORT.TXT"


def test_meetings_are_no_notes_and_formatting_is_seen() -> None:
    assert open_tnef(octets(GOOD)).is_note
    assert not open_tnef(octets(winmail(message_class=b"IPM.Microsoft Schedule.MtgReq\0"))).is_note
    rich = struct.pack("<III", 0x1009 << 16 | 0x0102, 1, 4) + b"LZFu"
    assert open_tnef(octets(winmail(attribute(1, PROPERTIES, properties(rich))))).formatted
    assert not open_tnef(octets(GOOD)).formatted


@pytest.mark.parametrize("odd", [number(0x3705, 5), struct.pack("<III", 0x3701 << 16 | 0x0D, 1, 4) + b"abcd"])
def test_an_embedded_message_or_object_is_a_doubt(odd: bytes) -> None:
    with pytest.raises(TNEFError, match="no file"):
        open_tnef(octets(winmail(file_("a", b"x", odd))))


def test_a_wrong_checksum_is_a_doubt() -> None:
    with pytest.raises(TNEFError, match="checksum"):
        open_tnef(octets(GOOD[:-1] + bytes([GOOD[-1] ^ 1])))


@pytest.mark.parametrize("size", range(0, len(GOOD), 5))
def test_a_cut_file_is_refused_or_read_to_an_attribute(size: int) -> None:
    try:
        found = open_tnef(octets(GOOD[:size]))
    except TNEFError:
        return
    assert len(found.files) <= 2


@pytest.mark.parametrize(
    "bomb",
    [
        struct.pack("<I", 0xFFFFFFFF),
        properties(struct.pack("<II", 0x3707 << 16 | 0x1002, 0xFFFFFFFF)),
        properties(struct.pack("<II", 0x3707 << 16 | 0x101F, 0xFFFFFFFF)),
        properties(struct.pack("<III", 0x3707 << 16 | 0x1F, 0xFFFFFFF0, 1)),
    ],
)
def test_counts_that_nothing_stands_behind_cost_nothing(bomb: bytes) -> None:
    """tnefparse 1.4 counts to four thousand million here, which is why it only serves as a witness."""
    with pytest.raises(TNEFError):
        open_tnef(octets(winmail(attribute(2, RENDERING, bytes(14)) + attribute(2, ATTACHMENT, bomb))))


def test_many_tiny_attributes_are_refused() -> None:
    with pytest.raises(TNEFError, match="more than"):
        open_tnef(octets(winmail(attribute(1, 0x00060001, b"") * 20_000)))


@given(st.binary(max_size=300), st.integers(0, len(GOOD)))
@settings(max_examples=200, deadline=None)
def test_any_octets_give_files_or_an_error(noise: bytes, at: int) -> None:
    with suppress(TNEFError):
        open_tnef(octets(GOOD[:at] + noise + GOOD[at:]))


def test_a_large_file_is_a_slice() -> None:
    chunk = bytes(65536)
    big = FilterOctets(lambda: iter([chunk] * 64), 64 * 65536)
    head = winmail(attribute(2, RENDERING, bytes(14))) + struct.pack("<BII", 2, DATA, len(big))
    (file,) = open_tnef(ConcatOctets([head, big, b"\0\0"])).files
    assert len(file.content) == len(big)
    assert all(one == two for one, two in pairwise(file.content.chunks()))
