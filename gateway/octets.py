"""Octets: an immutable run of octets that may be larger than memory.

Every body, attachment, returned content and P1 content is an `Octets`: held in memory, read on demand from the store,
cut out of another one, joined from several, or computed by a filter. Nothing above `MATERIALISE_LIMIT` is ever one
``bytes`` (DESIGN section 4).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from typing_extensions import Buffer

from gateway.errors import GatewayError

CHUNK = 64 * 1024
MATERIALISE_LIMIT = 1 << 20


class TooLargeError(GatewayError):
    """Somebody asked for one ``bytes`` of more than the limit; use `Octets.chunks`."""


class Octets(ABC):
    """An immutable run of octets with a length, slices and chunks."""

    __slots__ = ()

    @abstractmethod
    def __len__(self) -> int:
        """Length in octets."""

    @abstractmethod
    def read(self, start: int, end: int) -> bytes:
        """The octets ``[start, end)`` as one ``bytes``; ``end`` beyond the length is cut."""

    def slice(self, start: int, end: int | None = None) -> Octets:
        """The octets ``[start, end)`` as a view that copies nothing."""
        stop = len(self) if end is None else min(end, len(self))
        if start == 0 and stop == len(self):
            return self
        return SliceOctets(self, start, max(start, stop))

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """All octets in order, at most ``size`` at a time."""
        position, length = 0, len(self)
        while position < length:
            yield self.read(position, min(position + size, length))
            position += size

    def to_bytes(self, limit: int = MATERIALISE_LIMIT) -> bytes:
        """Everything as one ``bytes``.

        Raises:
            TooLargeError: More than ``limit`` octets.
        """
        if len(self) > limit:
            raise TooLargeError(f"{len(self)} octets asked for at once, at most {limit} are allowed")
        return self.read(0, len(self))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Octets):
            return NotImplemented
        if len(self) != len(other):
            return False
        return all(self.read(at, at + CHUNK) == other.read(at, at + CHUNK) for at in range(0, len(self), CHUNK))

    def __hash__(self) -> int:
        return hash((len(self), self.read(0, 256)))

    def __repr__(self) -> str:
        head = self.read(0, 16)
        return f"<Octets {len(self)}: {head.hex(' ')}{' ...' if len(self) > 16 else ''}>"


class MemoryOctets(Octets):
    """Octets held in memory; slices share the memory."""

    __slots__ = ("_view",)

    def __init__(self, octets: Buffer = b"") -> None:
        self._view = memoryview(octets).toreadonly()

    def __len__(self) -> int:
        return len(self._view)

    def read(self, start: int, end: int) -> bytes:
        """See `Octets.read`."""
        return bytes(self._view[start:end])

    def slice(self, start: int, end: int | None = None) -> Octets:
        """See `Octets.slice`."""
        return MemoryOctets(self._view[start:end])


class SliceOctets(Octets):
    """A part of another `Octets`."""

    __slots__ = ("_base", "_length", "_start")

    def __init__(self, base: Octets, start: int, end: int) -> None:
        self._base, self._start, self._length = base, start, end - start

    def __len__(self) -> int:
        return self._length

    def read(self, start: int, end: int) -> bytes:
        """See `Octets.read`."""
        return self._base.read(self._start + start, self._start + min(end, self._length)) if start < self._length else b""

    def slice(self, start: int, end: int | None = None) -> Octets:
        """See `Octets.slice`."""
        stop = self._length if end is None else min(end, self._length)
        return SliceOctets(self._base, self._start + start, self._start + max(start, stop))


class ConcatOctets(Octets):
    """Several `Octets` one after the other."""

    __slots__ = ("_ends", "_parts")

    def __init__(self, parts: Iterable[Octets | bytes]) -> None:
        self._parts = tuple(part if isinstance(part, Octets) else MemoryOctets(part) for part in parts)
        self._ends = tuple(accumulate(len(part) for part in self._parts))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, start: int, end: int) -> bytes:
        """See `Octets.read`."""
        found: list[bytes] = []
        index = bisect_right(self._ends, start)
        while start < min(end, len(self)):
            begin = self._ends[index] - len(self._parts[index])
            found.append(self._parts[index].read(start - begin, end - begin))
            start, index = self._ends[index], index + 1
        return b"".join(found)

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """See `Octets.chunks`; the parts set the borders."""
        for part in self._parts:
            yield from part.chunks(size)


class FilterOctets(Octets):
    """The lazy result of a filter (base64, line ends, escapes) over a source; the length comes from a counting pass.

    Reading forward is cheap: the running filter is kept between calls. Reading backward starts it again. One reader at a
    time: two threads would take the running filter from each other.

    Args:
        run: Starts the filter and yields its output; called anew whenever the reader goes back.
        length: Length of the output in octets where it is known beforehand, otherwise it is counted at first use.
    """

    __slots__ = ("_buffer", "_iterator", "_length", "_position", "_run")

    def __init__(self, run: Callable[[], Iterator[bytes]], length: int | None = None) -> None:
        self._run = run
        self._length = length
        self._iterator: Iterator[bytes] | None = None
        self._position = 0
        self._buffer = b""

    def __len__(self) -> int:
        if self._length is None:
            self._length = sum(len(chunk) for chunk in self._run())
        return self._length

    def read(self, start: int, end: int) -> bytes:
        """See `Octets.read`."""
        if self._iterator is None or start < self._position:
            self._iterator, self._position, self._buffer = self._run(), 0, b""
        found: list[bytes] = []
        while self._position < end:
            if not self._buffer:
                # A filter may yield nothing now and then; only its end is the end.
                self._buffer = next(filter(None, self._iterator), b"")
                if not self._buffer:
                    break
            take = min(len(self._buffer), end - self._position)
            if self._position + take > start:
                found.append(self._buffer[max(0, start - self._position) : take])
            self._buffer, self._position = self._buffer[take:], self._position + take
        return b"".join(found)

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """See `Octets.chunks`; runs the filter once, in chunks of its own size, none of them empty."""
        yield from filter(None, self._run())


def octets(value: Octets | bytes | str) -> Octets:
    """Wrap ``bytes`` (or the ASCII octets of a ``str``) as `Octets`; an `Octets` is returned as it is."""
    if isinstance(value, Octets):
        return value
    return MemoryOctets(value.encode("ascii") if isinstance(value, str) else value)
