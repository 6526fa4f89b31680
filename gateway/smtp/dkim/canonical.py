"""Canonicalisation (RFC 6376 section 3.4): header fields one by one, bodies as they stream by."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

_BLANKS = re.compile(rb"[ \t]+")
_BLANKS_AT_END = re.compile(rb"[ \t]+\r\n")
_LONE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_MANY = 8192


def simple_field(field: bytes) -> bytes:
    """A header field with its CRLF as it stands (3.4.1)."""
    return field


def relaxed_field(field: bytes) -> bytes:
    """A header field with its CRLF: name in lower case, unfolded, blanks reduced (3.4.2)."""
    name, _, body = field.partition(b":")
    unfolded = _BLANKS.sub(b" ", body.replace(b"\r\n", b""))
    return name.strip(b" \t").lower() + b":" + unfolded.strip(b" ") + b"\r\n"


def raw_fields(header: bytes) -> tuple[bytes, ...]:
    """The fields of a header as they came, folded and each with its CRLF; a line that is no field ends it."""
    fields: list[list[bytes]] = []
    for line in _lines(header):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1].append(line)
        elif b":" in line:
            fields.append([line])
        else:
            break
    return tuple(b"".join(lines) for lines in fields)


def _lines(header: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(header):
        end = header.find(b"\n", start) + 1 or len(header)
        yield header[start:end]
        start = end


class BodyHash:
    """Takes a body as it comes and hashes what RFC 6376 3.4.3 or 3.4.4 makes of it.

    Args:
        relaxed: Which of the two.
        limit: Octets of the canonical body that count, the tag ``l=``; None for all.

    Attributes:
        length: Octets of the canonical body.
    """

    def __init__(self, *, relaxed: bool, limit: int | None = None) -> None:
        self._relaxed = relaxed
        self._limit = limit
        self._digest = hashlib.sha256()
        self._ends = 0  # line ends that were not passed on: those at the end of a body do not count
        self._blank = False  # a blank after them
        self._held = b""
        self.length = 0

    def feed(self, octets: bytes) -> None:
        """Take the next octets."""
        window = self._held + octets
        self._held = b"\r" if window.endswith(b"\r") else b""
        self._take(window[: len(window) - len(self._held)])

    def finish(self) -> bytes:
        """The digest."""
        self._take(self._held)
        self._held = b""
        if self.length or not self._relaxed:
            self._hash(b"\r\n")
        return self._digest.digest()

    def _take(self, window: bytes) -> None:
        cut = self._end_of_content(window)
        content, tail = window[:cut], window[cut:]
        if content:
            while self._ends > _MANY:
                self._ends -= _MANY
                self._hash(b"\r\n" * _MANY)
            self._hash(self._canonical(b"\r\n" * self._ends + b" " * self._blank + content))
            self._ends, self._blank = 0, False
        ends = tail.count(b"\r\n")
        self._blank = tail[-1:] in (b" ", b"\t") or (self._blank and not ends)
        self._ends += ends

    def _end_of_content(self, window: bytes) -> int:
        """Where the part begins that may be the end of the body: line ends, and blanks where they do not count."""
        found = len(window.rstrip(b" \t\r\n" if self._relaxed else b"\r\n"))
        for match in _LONE.finditer(window, found):
            found = match.end()
        return found

    def _canonical(self, content: bytes) -> bytes:
        return _BLANKS.sub(b" ", _BLANKS_AT_END.sub(b"\r\n", content)) if self._relaxed else content

    def _hash(self, octets: bytes) -> None:
        kept = octets if self._limit is None else octets[: max(self._limit - self.length, 0)]
        self._digest.update(kept)
        self.length += len(octets)
