"""TIFF files of class F (RFC 2306, TIFF 6.0 section 11): pages of T.4 coded lines in their container. Nothing is decoded.

A reader takes any TIFF whose pages are one strip of T.4 each and refuses the rest; a writer makes what every viewer of faxes opens.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.errors import GatewayError
from gateway.octets import ConcatOctets, FilterOctets, Octets

WIDTH: Final = 1728
"""Picture elements of a line of an A4 page; of B4 2048, of A3 2432."""
COARSE, FINE = 98, 196
"""Lines an inch, rounded as RFC 2306 has them."""

_EOL: Final = re.compile("0{11}1")
_RETURN: Final = re.compile("(?:0{11}11?)+0*$")
_LONGEST_FILL, _TAIL = 4096, 128
_REVERSED: Final = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
_PAGES: Final = 10_000
_ENTRIES: Final = 64
_T4: Final = 3
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8}
_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 256, 257, 258, 259, 262, 266
_OFFSETS, _SAMPLES, _ROWS, _COUNTS, _X, _Y, _T4_OPTIONS, _UNIT, _SUBFILE, _PAGE = 273, 277, 278, 279, 282, 283, 292, 296, 254, 297
_UNKNOWN_LENGTH: Final = 0xFFFFFFFF


class TIFFError(GatewayError):
    """The octets are no TIFF of class F."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaxPage:
    """One page.

    Attributes:
        data: T.4 coded lines, first bit highest.
        width: Picture elements of a line.
        fine: 196 lines an inch and not 98.
        two_dimensional: Coded in two dimensions.
        uncompressed: It may use the uncompressed mode.
        length: Lines; 0 where nobody counted them, `write_tiff` then does.
    """

    data: Octets
    width: int = WIDTH
    fine: bool = False
    two_dimensional: bool = False
    uncompressed: bool = False
    length: int = 0


# --- reading ------------------------------------------------------------------------------------------------------------------------------


def read_tiff(octets: Octets) -> tuple[FaxPage, ...]:
    """The pages of a TIFF of class F.

    Raises:
        TIFFError: Another kind of TIFF, or a damaged one.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(octets.read(0, 4))
    if order is None:
        raise TIFFError("the octets are no TIFF")
    pages: list[FaxPage] = []
    seen: set[int] = set()
    at = _number(octets, 4, 4, order)
    while at:
        if at in seen or len(seen) >= _PAGES:
            raise TIFFError("the directories go in a circle, or are too many")
        seen.add(at)
        tags, at = _directory(octets, at, order)
        pages.append(_page(octets, tags))
    if not pages:
        raise TIFFError("there is no page")
    return tuple(pages)


def _directory(octets: Octets, at: int, order: str) -> tuple[dict[int, tuple[int, ...]], int]:
    """Tag -> values, and where the next directory is."""
    count = _number(octets, at, 2, order)
    if count > _ENTRIES:
        raise TIFFError(f"a directory of {count} entries")
    tags = {}
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, number = (_number(octets, entry + skip, size, order) for skip, size in ((0, 2), (2, 2), (4, 4)))
        size = _SIZES.get(kind, 0) * number
        if tag in (_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _OFFSETS, _SAMPLES, _COUNTS, _Y, _T4_OPTIONS, _UNIT):
            if not 0 < number <= 4 or kind not in (1, 3, 4, 5):
                raise TIFFError(f"tag {tag} has {number} values of type {kind}")
            start = entry + 8 if size <= 4 else _number(octets, entry + 8, 4, order)
            tags[tag] = tuple(_value(octets, start + place * _SIZES[kind], kind, order) for place in range(number))
    return tags, _number(octets, at + 2 + 12 * count, 4, order)


def _number(octets: Octets, at: int, size: int, order: str) -> int:
    data = octets.read(at, at + size)
    if len(data) < size:
        raise TIFFError(f"it ends before octet {at + size}")
    return int.from_bytes(data, "little" if order == "<" else "big")


def _value(octets: Octets, at: int, kind: int, order: str) -> int:
    if kind != 5:
        return _number(octets, at, _SIZES[kind], order)
    return round(_number(octets, at, 4, order) / (_number(octets, at + 4, 4, order) or 1))


def _page(octets: Octets, tags: dict[int, tuple[int, ...]]) -> FaxPage:
    def one(tag: int, default: int) -> int:
        return tags.get(tag, (default,))[0]

    if one(_COMPRESSION, 1) != _T4 or one(_BITS, 1) != 1 or one(_SAMPLES, 1) != 1:
        raise TIFFError("a page is not T.4 coded")
    if one(_PHOTOMETRIC, 0) != 0:
        raise TIFFError("a page is coded with black and white exchanged")
    if len(tags.get(_OFFSETS, ())) != 1 or len(tags.get(_COUNTS, ())) != 1:
        raise TIFFError("a page is not one strip")
    start, end = tags[_OFFSETS][0], tags[_OFFSETS][0] + tags[_COUNTS][0]
    if end > len(octets):
        raise TIFFError("a page lies behind the end")
    strip = octets.slice(start, end)
    options = one(_T4_OPTIONS, 0)
    inches = 2.54 if one(_UNIT, 2) == 3 else 1.0
    length = one(_LENGTH, 0)
    return FaxPage(
        data=turned(strip) if one(_FILL_ORDER, 1) == 2 else strip,
        width=one(_WIDTH, WIDTH),
        fine=one(_Y, FINE) * inches > (COARSE + FINE) / 2,
        two_dimensional=bool(options & 1),
        uncompressed=bool(options & 2),
        length=0 if length == _UNKNOWN_LENGTH else length,
    )


def turned(octets: Octets) -> Octets:
    """The bits of every octet in the other order."""
    return FilterOctets(lambda: (chunk.translate(_REVERSED) for chunk in octets.chunks()), len(octets))


# --- writing ------------------------------------------------------------------------------------------------------------------------------


def lines_of(data: Octets) -> int:
    """Lines of T.4 coded data: end-of-line codes but those of the return to control at its end. Viewers need the number."""
    codes, held = 0, ""
    for chunk in data.chunks():
        bits = held + _bits(chunk)
        codes += len(_EOL.findall(bits))
        held = bits[len(bits.rstrip("0")) :][-_LONGEST_FILL:]
    at_end = _RETURN.search(_bits(data.read(max(0, len(data) - _TAIL), len(data))))
    return max(1, codes - (len(_EOL.findall(at_end.group())) if at_end is not None else 0))


def _bits(octets: bytes) -> str:
    return bin(int.from_bytes(b"\1" + octets, "big"))[3:]


def write_tiff(pages: Sequence[FaxPage]) -> Octets:
    """A little-endian TIFF: for each page its directory, then its lines as they are."""
    return ConcatOctets(list(_pieces(pages)))


def _pieces(pages: Sequence[FaxPage]) -> Iterator[Octets | bytes]:
    yield struct.pack("<2sHI", b"II", 42, 8)
    at = 8
    for number, page in enumerate(pages):
        entries = _entries(page, number, len(pages))
        extra = at + 2 + 12 * len(entries) + 4
        start = extra + 16
        following = start + len(page.data) + len(page.data) % 2
        table = b"".join(_entry(tag, kind, values, extra, start) for tag, kind, values in entries)
        rationals = struct.pack("<4I", 204, 1, FINE if page.fine else COARSE, 1)
        yield struct.pack("<H", len(entries)) + table + struct.pack("<I", following if number + 1 < len(pages) else 0) + rationals
        yield page.data
        yield b"\0" * (len(page.data) % 2)
        at = following


def _entries(page: FaxPage, number: int, pages: int) -> list[tuple[int, int, tuple[int, ...]]]:
    """Tag, type and values in ascending order (TIFF 6.0 section 2); the negative values are put in by `_entry`."""
    length = page.length or lines_of(page.data)
    return [
        (_SUBFILE, 4, (2,)), (_WIDTH, 4, (page.width,)), (_LENGTH, 4, (length,)), (_BITS, 3, (1,)), (_COMPRESSION, 3, (_T4,)),
        (_PHOTOMETRIC, 3, (0,)), (_FILL_ORDER, 3, (1,)), (_OFFSETS, 4, (-1,)), (_SAMPLES, 3, (1,)), (_ROWS, 4, (length,)),
        (_COUNTS, 4, (len(page.data),)), (_X, 5, (-2,)), (_Y, 5, (-3,)),
        (_T4_OPTIONS, 4, (page.two_dimensional | page.uncompressed << 1,)), (_UNIT, 3, (2,)), (_PAGE, 3, (number, pages)),
    ]  # fmt: skip


def _entry(tag: int, kind: int, values: tuple[int, ...], extra: int, start: int) -> bytes:
    placed = [{-1: start, -2: extra, -3: extra + 8}.get(value, value) for value in values]
    packed = struct.pack(f"<{len(placed)}{'H' if kind == 3 else 'I'}", *placed)
    return struct.pack("<HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
