"""Framing: identifier and length octets (X.690 8.1), limits and offsets, without reading what need not be read.

A `Reading` is one decode in progress. It looks at its input through one window: the whole input when that is small, a
whole definite-length region when that is small, else a few kilobytes; so an APDU of 100 MB costs the octets of its
headers. Everything here is iterative: what is nested deeper than `Limits.depth` is refused at the level where it
happens, and no loop runs longer than the limits allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.asn1.errors import BERError, Limits
from gateway.asn1.tags import LARGEST_NUMBER, name_of_key
from gateway.octets import MATERIALISE_LIMIT, Octets, octets

SMALL = 256 * 1024
"""Regions up to this many octets are held in the window at once."""

WINDOW = 4096
LONGEST_HEADER = 1 + 5 + 1 + 126
NO_SIBLINGS: Mapping[str, Any] = {}


class Header:
    """Identifier and length octets of one element.

    Attributes:
        key: Key of the tag, see `gateway.asn1.tags`.
        constructed: The encoding is constructed.
        start: Offset of the first identifier octet.
        content: Offset of the first contents octet.
        end: Offset behind the contents; -1 for the indefinite form.
        limit: Offset that the contents cannot pass: ``end``, or that of what is around it.
        depth: Level of nesting, 1 for the outermost element.
    """

    __slots__ = ("constructed", "content", "depth", "end", "key", "limit", "start")

    def __init__(self, key: int, constructed: bool, start: int, content: int, end: int, limit: int, depth: int) -> None:
        self.key = key
        self.constructed = constructed
        self.start = start
        self.content = content
        self.end = end
        self.limit = limit
        self.depth = depth

    @property
    def tag(self) -> str:
        """The tag as it is written."""
        return name_of_key(self.key)


class Reading:
    """One decode in progress.

    Attributes:
        at: Offset of the next octet to be read.
        source: The whole input.
        siblings: Members read so far of the SEQUENCE or SET in progress, for open types.
        strict_members: Unknown members are refused.
        strict_open_types: A value of an open type whose type is known must decode.
    """

    __slots__ = (
        "_base", "_elements", "_memory", "_most_depth", "_segments", "_stop", "_window", "at", "length", "siblings", "source",
        "strict_members", "strict_open_types",
    )  # fmt: skip

    def __init__(self, source: bytes | Octets, limits: Limits, *, strict_members: bool = False, strict_open_types: bool = False) -> None:
        self.source = octets(source)
        self.length = len(self.source)
        self.at = 0
        self.siblings = NO_SIBLINGS
        self.strict_members = strict_members
        self.strict_open_types = strict_open_types
        self._most_depth = limits.depth
        self._elements, self._segments, self._memory = limits.elements, limits.segments, limits.memory
        self._base = self._stop = 0
        self._window = b""
        if self.length > limits.size:
            raise BERError(f"{self.length} octets, at most {limits.size} are allowed", offset=0)

    def root(self) -> Header:
        """What is around the outermost element: all of the input."""
        return Header(-1, True, 0, 0, self.length, self.length, 0)

    def next(self, parent: Header) -> Header | None:
        """The next element inside ``parent``, or None behind the last one, end-of-contents octets taken.

        Raises:
            BERError: Bad framing, a length beyond the parent's, missing or misplaced end-of-contents, a limit.
        """
        if self.at == parent.end:
            return None
        header = self._header(parent)
        if not header.key:
            if parent.end >= 0 or header.constructed or header.end != header.content:
                raise BERError("end-of-contents octets where none are due", offset=header.start)
            return None
        self._elements -= 1
        if self._elements < 0:
            raise BERError("too many elements", offset=header.start)
        if header.depth > self._most_depth:
            raise BERError(f"nested deeper than {self._most_depth} levels", offset=header.start)
        return header

    def skip(self, header: Header) -> int:
        """Go behind an element; gives the offset there."""
        if header.end >= 0:
            self.at = header.end
            return header.end
        waiting = [header]
        self.at = header.content
        while waiting:
            inner = self.next(waiting[-1])
            if inner is None:
                waiting.pop()
            elif inner.end < 0:
                waiting.append(inner)
            else:
                self.at = inner.end
        return self.at

    def segments(self, header: Header, keys: frozenset[int]) -> list[tuple[int, int]]:
        """Offsets of the contents of a string, segment by segment (X.690 8.7.3, 8.23.6).

        Args:
            header: The string, in either form.
            keys: Tags that a segment may have.
        """
        if not header.constructed:
            self.at = header.end
            return [(header.content, header.end)]
        found: list[tuple[int, int]] = []
        waiting = [header]
        while waiting:
            inner = self.next(waiting[-1])
            if inner is None:
                waiting.pop()
                continue
            self._count_segment(inner, keys)
            if inner.constructed:
                waiting.append(inner)
            else:
                found.append((inner.content, inner.end))
                self.at = inner.end
        return found

    def read(self, start: int, end: int) -> bytes:
        """The octets ``[start, end)``, at most 1 MiB at a time and at most `Limits.memory` in all."""
        size = end - start
        if size > MATERIALISE_LIMIT:
            raise BERError(f"{size} octets in one piece, at most {MATERIALISE_LIMIT} are allowed here", offset=start)
        self._memory -= size
        if self._memory < 0:
            raise BERError("the values need too much memory", offset=start)
        if self._base <= start and end <= self._stop:
            return self._window[start - self._base : end - self._base]
        return self.source.read(start, end)

    def content(self, header: Header, most: int = MATERIALISE_LIMIT) -> bytes:
        """The contents octets of a primitive element; goes behind it."""
        if header.end - header.content > most:
            raise BERError(f"{header.end - header.content} contents octets, at most {most} make sense", offset=header.start)
        self.at = header.end
        return self.read(header.content, header.end)

    def raw(self, header: Header) -> bytes:
        """The complete TLV as bytes; goes behind it."""
        end = self.skip(header)
        return self.read(header.start, end)

    def _count_segment(self, inner: Header, keys: frozenset[int]) -> None:
        if inner.key not in keys:
            raise BERError(f"{inner.tag} cannot be a segment of a string", offset=inner.start)
        self._elements += 1
        self._segments -= 1
        if self._segments < 0:
            raise BERError("too many segments of strings", offset=inner.start)

    def _header(self, parent: Header) -> Header:
        """Read identifier and length octets at ``at``."""
        start, limit = self.at, parent.limit
        if not self._base <= start or (start + LONGEST_HEADER > self._stop and self._stop < self.length):
            self._move_window(start, limit)
        position = start - self._base
        stop = min(limit, self._stop) - self._base
        window = self._window
        if position + 2 <= stop and window[position] & 0x1F != 0x1F and window[position + 1] < 0x80:
            first, length = window[position], window[position + 1]
            key = (first & 0x1F) << 2 | first >> 6
            position += 2
        else:
            first, key, length, position = self._long_header(position, stop)
        content = self._base + position
        self.at = content
        constructed = first & 0x20 != 0
        if length < 0:
            if not constructed:
                raise BERError("indefinite length of a primitive encoding", offset=start)
            return Header(key, True, start, content, -1, limit, parent.depth + 1)
        if length > limit - content:
            raise BERError(f"a length of {length} octets where {limit - content} are left", offset=start)
        return Header(key, constructed, start, content, content + length, content + length, parent.depth + 1)

    def _long_header(self, position: int, stop: int) -> tuple[int, int, int, int]:
        """First octet, key, length (-1: indefinite) and position behind, for whatever is not the shortest form."""
        start = position + self._base
        window = self._window[position:stop]
        try:
            first, used = window[0], 1
            number = first & 0x1F
            if number == 0x1F:
                number, used = _long_number(window, start)
            length, used = _length(window, used, start)
        except IndexError:
            raise BERError("ends before its identifier and length octets are complete", offset=start) from None
        return first, number << 2 | first >> 6, length, position + used

    def _move_window(self, start: int, limit: int) -> None:
        """Let the window begin at ``start``: with all of the region around if that is small."""
        stop = self.length if self.length - start <= SMALL else limit if limit - start <= SMALL else start + WINDOW
        stop = min(max(stop, start + LONGEST_HEADER), self.length)
        self._window = self.source.read(start, stop)
        self._base, self._stop = start, stop


def _long_number(window: bytes, start: int) -> tuple[int, int]:
    """A tag number in its long form (X.690 8.1.2.4), and how many octets it used."""
    number, used = 0, 1
    if window[1] == 0x80:
        raise BERError("a tag number that begins with zero bits", offset=start)
    while True:
        octet = window[used]
        number = number << 7 | octet & 0x7F
        used += 1
        if number > LARGEST_NUMBER:
            raise BERError(f"a tag number above {LARGEST_NUMBER}", offset=start)
        if octet < 0x80:
            return number, used


def _length(window: bytes, used: int, start: int) -> tuple[int, int]:
    """Length octets (X.690 8.1.3), superfluous leading zeros accepted; -1 for the indefinite form."""
    octet = window[used]
    used += 1
    if octet < 0x80:
        return octet, used
    if octet == 0x80:
        return -1, used
    if octet == 0xFF:
        raise BERError("a length that begins with FF, which is reserved", offset=start)
    count = octet & 0x7F
    if used + count > len(window):
        raise IndexError
    return int.from_bytes(window[used : used + count], "big"), used + count
