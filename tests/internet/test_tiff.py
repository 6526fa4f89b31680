"""TIFF of class F (RFC 2306), held to a file that Pillow (libtiff) wrote; Pillow was seen to read what is written as the same pixels."""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import replace

import pytest

from gateway.internet.tiff import FaxPage, TIFFError, lines_of, read_tiff, turned, write_tiff
from gateway.octets import FilterOctets, octets

LIBTIFF = base64.b64decode(
    "SUkqAOAAAAAAE1AyhuACagZQ3ABNQMobgAmoGUNwATUDKG4AJqBlDcAE1AyhuACagZQ3ABNQMobgAmoGUNwATUDKG4AJqBlDcAE1AyhuACagZQ3ABNQMobgA"
    "moGUNwATUDKG4AJqBlDcAE1AyhuACagZQ3ABNQMobgAmoGUNwATUDKG4AJqBlDcAE1AyhuACagZQ3ABNQMobgAmoGUNwATUDKG4AJqBlDcAE1AyhuACagZQ3"
    "ABNQMobgAmoGUNwATUDKG4AJqBlDcAE1AyhuACagZQ3ABNQMobgAmoGUNwAMAAABAwABAAAAwAYAAAEBAwABAAAAKAAAAAIBAwABAAAAAQAAAAMBAwABAAAA"
    "AwAAAAYBAwABAAAAAAAAABEBBAABAAAACAAAABYBAwABAAAAKAAAABcBBAABAAAA1wAAABoBBQABAAAAdgEAABsBBQABAAAAfgEAABwBAwABAAAAAQAAACgB"
    "AwABAAAAAgAAADoCAADMAAAAAQAAAMQAAAABAAAAAAAAAAAAAAAAAElJKgCqAAAAABNQMobgAmoGUNwATUDKG4AJqBlDcAE1AyhuACagZQ3ABNQMobgAmoGU"
    "NwATUDKG4AJqBlDcAE1AyhuACagZQ3ABNQMobgAmoGUNwATUDKG4AJqBlDcAE1AyhuACagZQ3ABNQMobgAmoGUNwATUDKG4AJqBlDcAE1AyhuACagZQ3ABNQ"
    "MobgAmoGUNwATUDKG4AJqBlDcAE1AyhuACagZQ3ADAAAAQMAAQAAAMAGAAABAQMAAQAAAB4AAAACAQMAAQAAAAEAAAADAQMAAQAAAAMAAAAGAQMAAQAAAAAA"
    "AAARAQQAAQAAAJgBAAAWAQMAAQAAAB4AAAAXAQQAAQAAAKIAAAAaAQUAAQAAANACAAAbAQUAAQAAANgCAAAcAQMAAQAAAAEAAAAoAQMAAQAAAAIAAAAAAAAA"
    "zAAAAAEAAADEAAAAAQAAAA=="
)
"""Two pages, 1728 wide, 40 and 30 lines, one-dimensional, 196 lines an inch."""


def test_a_file_of_libtiff_is_read() -> None:
    pages = read_tiff(octets(LIBTIFF))
    assert [(page.width, page.length, page.fine, page.two_dimensional) for page in pages] == [
        (1728, 40, True, False), (1728, 30, True, False),
    ]  # fmt: skip
    assert all(page.data.read(0, 1) == b"\0" and page.data.read(1, 2)[0] >> 4 == 1 for page in pages), "each begins with an end of line"


def test_the_lines_that_libtiff_wrote_are_counted() -> None:
    """A reader of images takes the number from the directory and shows nothing without it."""
    assert [lines_of(page.data) for page in read_tiff(octets(LIBTIFF))] == [40, 30]


def test_what_is_written_is_read_as_the_same_pages() -> None:
    pages = read_tiff(octets(LIBTIFF))
    again = read_tiff(write_tiff([replace(page, length=0) for page in pages]))
    assert again == pages


@pytest.mark.parametrize("page", [FaxPage(data=octets(b"\0\x10x"), width=2048, fine=False, two_dimensional=True, uncompressed=True)])
def test_every_member_of_a_page_survives(page: FaxPage) -> None:
    assert read_tiff(write_tiff([page, page])) == (replace(page, length=1),) * 2


def test_bits_in_the_other_order_are_turned() -> None:
    written = bytearray(write_tiff([FaxPage(data=octets(b"\x01\x80"))]).to_bytes())
    at = written.index(b"\x0a\x01\x03\x00\x01\x00\x00\x00\x01\x00")
    written[at + 8] = 2
    assert read_tiff(octets(bytes(written)))[0].data.to_bytes() == b"\x80\x01"
    assert turned(octets(b"\x01")).to_bytes() == b"\x80"


@pytest.mark.parametrize("size", range(0, len(LIBTIFF), 7))
def test_a_cut_file_is_refused(size: int) -> None:
    try:
        pages = read_tiff(octets(LIBTIFF[:size]))
    except TIFFError:
        return
    assert len(pages) == 2


@pytest.mark.parametrize("at", range(0, len(LIBTIFF), 3))
def test_a_damaged_file_gives_pages_or_an_error(at: int) -> None:
    for flip in (0x01, 0x80, 0xFF):
        damaged = bytearray(LIBTIFF)
        damaged[at] ^= flip
        with suppress(TIFFError):
            read_tiff(octets(bytes(damaged)))


def test_directories_in_a_circle_end() -> None:
    written = bytearray(write_tiff([FaxPage(data=octets(b"ab"))]).to_bytes())
    written[8 + 2 + 16 * 12 : 8 + 2 + 16 * 12 + 4] = b"\x08\x00\x00\x00"
    with pytest.raises(TIFFError, match="circle"):
        read_tiff(octets(bytes(written)))


def test_a_page_with_black_and_white_exchanged_is_no_fax() -> None:
    written = bytearray(write_tiff([FaxPage(data=octets(b"ab"))]).to_bytes())
    at = written.index(b"\x06\x01\x03\x00\x01\x00\x00\x00\x00")
    written[at + 8] = 1
    with pytest.raises(TIFFError, match="exchanged"):
        read_tiff(octets(bytes(written)))


def test_a_large_page_stays_where_it_is() -> None:
    big = FilterOctets(lambda: iter([b"\x00" * 65536] * 64), 64 * 65536)
    written = write_tiff([FaxPage(data=big, length=1)])
    assert len(read_tiff(written)[0].data) == 64 * 65536
