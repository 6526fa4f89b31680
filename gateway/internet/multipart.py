"""Where the parts of a multipart body begin and end (RFC 2046 5.1.1), found in one pass that keeps offsets only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.octets import Octets

# A delimiter line may end in blanks (transport padding); more than this is taken for text.
_PADDING = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimiter:
    """A delimiter line: the octets ``[start, end)`` with the line break before it and its own; ``closing`` for the last."""

    start: int
    end: int
    closing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The offsets of a multipart body. ``preamble`` and ``epilogue`` are the text outside the parts."""

    preamble: tuple[int, int]
    parts: tuple[tuple[int, int], ...]
    epilogue: tuple[int, int]
    defects: tuple[str, ...]


def lay_out(body: Octets, boundary: str, limit: int) -> Layout:
    """Find the parts of a multipart body.

    Args:
        body: The body, CRLF or bare LF.
        boundary: Value of the boundary parameter.
        limit: Most parts to find; the last one then runs to the end, so that nothing is lost.
    """
    length = len(body)
    parts: list[tuple[int, int]] = []
    preamble: tuple[int, int] | None = None
    start = 0
    for delimiter in delimiters(body.chunks(), boundary.encode("utf-8", "replace")):
        if preamble is None:
            preamble = (0, delimiter.start)
        else:
            parts.append((start, max(start, delimiter.start)))
        start = min(delimiter.end, length)
        if delimiter.closing:
            return Layout(preamble=preamble, parts=tuple(parts), epilogue=(start, length), defects=())
        if len(parts) >= limit - 1:
            return _unclosed(preamble, [*parts, (start, length)], length, f"more than {limit} body parts")
    if preamble is None:
        return Layout(preamble=(0, length), parts=(), epilogue=(length, length), defects=("no delimiter line in a multipart body",))
    return _unclosed(preamble, [*parts, (start, length)], length, "a multipart body has no closing delimiter")


def _unclosed(preamble: tuple[int, int], parts: list[tuple[int, int]], length: int, defect: str) -> Layout:
    return Layout(preamble=preamble, parts=tuple(parts), epilogue=(length, length), defects=(defect,))


def delimiters(chunks: Iterable[bytes], boundary: bytes) -> Iterator[Delimiter]:
    """The delimiter lines, in order. Strict about the whole line, so that a boundary which begins another one is no trap."""
    mark = b"--" + boundary
    tail = len(mark) + 2 + _PADDING + 2
    window, base, begin = b"\n", -1, 1  # a virtual line break before the first octet
    for chunk in chunks:
        window += chunk
        until = len(window) - tail  # a delimiter line that begins before this lies in the window whole
        if until > 2:
            yield from _in_window(window, base, mark, begin, until)
            # The line break before the next candidate stays, as it is part of the delimiter.
            window, base, begin = window[until - 2 :], base + until - 2, 2
    yield from _in_window(window + b"\n", base, mark, begin, len(window))


def _in_window(window: bytes, base: int, mark: bytes, begin: int, until: int) -> Iterator[Delimiter]:
    """Delimiters whose mark begins in ``[begin, until)`` of the window, which starts at offset ``base`` of the body."""
    at = window.find(mark, begin)
    while 0 <= at < until:
        if window[at - 1 : at] == b"\n":
            found = _line_end(window, at + len(mark))
            if found is not None:
                end, closing = found
                before = 2 if window[max(at - 2, 0) : at] == b"\r\n" else 1
                yield Delimiter(start=max(base + at - before, 0), end=base + end, closing=closing)
        at = window.find(mark, at + 1)


def _line_end(window: bytes, at: int) -> tuple[int, bool] | None:
    """Where the delimiter line ends whose mark ends at ``at``; None when the line goes on with something else."""
    closing = window[at : at + 2] == b"--"
    at += 2 if closing else 0
    rest = window[at : at + _PADDING + 2]
    blanks = len(rest) - len(rest.lstrip(b" \t"))
    if rest[blanks : blanks + 1] == b"\n":
        return at + blanks + 1, closing
    if rest[blanks : blanks + 2] == b"\r\n":
        return at + blanks + 2, closing
    return None
