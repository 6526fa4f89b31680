"""Lines of text bodies: their ends, their length, and what tells text from data that is only called text. All of it in streams."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.octets import MATERIALISE_LIMIT, FilterOctets, MemoryOctets, Octets

LINE_LIMIT: Final = 998
"""Octets of a line that SMTP takes, without its end (RFC 5322 2.1.1)."""

_HELD: Final = 64 * 1024
_TOKENS: Final = re.compile(r"[^ \t\r\n]+[ \t]*|[ \t]+|[\r\n]+")
_CONTROLS: Final = bytes({*range(0x20), 0x7F} - set(b"\t\n\x0b\x0c\r\x0e\x0f\x1a\x1b"))
"""Controls that no text has; shifts, escape, page ends and the end-of-file mark of DOS are in texts of the field."""
_MOST_CONTROLS: Final = 100
"""One octet in so many may be such a control before a text counts as data."""


def lazy(run: Callable[[], Iterator[bytes]], expected: int) -> Octets:
    """The output of a filter: at once for a small body, computed on demand for a large one.

    Args:
        run: Starts the filter.
        expected: About how many octets come out.
    """
    return MemoryOctets(b"".join(run())) if expected <= MATERIALISE_LIMIT else FilterOctets(run)


def crlf(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Every line end as CRLF: a lone LF or CR becomes one."""
    held = b""
    for chunk in chunks:
        piece = held + chunk
        held = b"\r" if piece.endswith(b"\r") else b""
        piece = piece[:-1] if held else piece
        yield piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    if held:
        yield b"\r\n"


@dataclass(slots=True)
class Shape:
    """What a text is like.

    Attributes:
        length: Octets.
        longest: Octets of the longest line.
        ascii: Nothing above 7F.
        controls: How many controls that no text has.
    """

    length: int = 0
    longest: int = 0
    ascii: bool = True
    controls: int = 0

    @property
    def plain(self) -> bool:
        """Whether it needs no transfer encoding: neither long lines nor octets above 7F nor odd controls (RFC 2157 2.2)."""
        return self.ascii and not self.controls and self.longest <= LINE_LIMIT

    @property
    def is_data(self) -> bool:
        """Whether it is no text whatever its type says: more than one octet in a hundred is a control that no text has."""
        return self.controls * _MOST_CONTROLS > self.length


def shape_of(chunks: Iterable[bytes]) -> Shape:
    """Look at a text once."""
    shape, current = Shape(), 0
    for chunk in chunks:
        shape.length += len(chunk)
        shape.ascii = shape.ascii and chunk.isascii()
        shape.controls += len(chunk) - len(chunk.translate(None, _CONTROLS))
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            shape.longest = max(shape.longest, current + len(line) - line.endswith(b"\r"))
            current = 0
        current += len(rest)
        shape.longest = max(shape.longest, current - rest.endswith(b"\r"))
    return shape


def wrapped(pieces: Iterable[str], width: int) -> Iterator[str]:
    """Text with a line end put in where a line would be longer than ``width`` characters.

    A line is broken behind a blank and nowhere else; no character is taken away, and a word longer than the line stays whole.

    Args:
        pieces: The text, cut anywhere.
        width: Characters of a line without the blanks at its end; 0 breaks nothing.
    """
    if not width:
        yield from pieces
        return
    wrapper = _Wrapper(width)
    for piece in pieces:
        yield wrapper.feed(piece)
    yield wrapper.feed("", last=True)


class _Wrapper:
    """State of `wrapped` between two pieces: the column, and a word that may go on."""

    def __init__(self, width: int) -> None:
        self._width, self._column, self._held, self._inside = width, 0, "", False

    def feed(self, piece: str, *, last: bool = False) -> str:
        text, self._held = self._held + piece, ""
        out: list[str] = []
        for match in _TOKENS.finditer(text):
            token = match.group()
            if match.end() == len(text) and not last and token[-1] not in "\r\n" and len(token) < _HELD:
                self._held = token
                break
            out.append(self._placed(token))
            self._inside = token[-1] not in " \t\r\n"
        return "".join(out)

    def _placed(self, token: str) -> str:
        if token[-1] in "\r\n":
            self._column = 0
            return token
        breaks = self._column and not self._inside and token[0] not in " \t" and self._column + len(token.rstrip(" \t")) > self._width
        self._column = len(token) if breaks else self._column + len(token)
        return f"\r\n{token}" if breaks else token
