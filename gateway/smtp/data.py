"""The DATA phase as pure transformations: dot-stuffing out, dot-unstuffing in, and line ends that cannot be abused.

SMTP smuggling: a server that ends a message at ``LF . CRLF`` and one that does not disagree about where the next
command begins. Here data ends at ``CRLF . CRLF`` and nowhere else (RFC 5321 2.3.8, 4.1.1.4), and what leaves has no
stray CR or LF at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_END = b"\r\n.\r\n"
_STRAY = re.compile(rb"\r\n|\r|\n")


class DataDecoder:
    """Takes the octets after 354 as they come and gives the message.

    Args:
        repair: Make CRLF of a stray CR or LF, instead of only noting it in `stray`.

    Attributes:
        finished: The end of data was seen.
        surplus: Octets after the end of data: the next commands.
        stray: A CR or LF stood alone.
        length: Octets of the message so far.
        longest_line: Octets of the longest line so far, without its end.
    """

    def __init__(self, *, repair: bool = False) -> None:
        self._repair = repair
        # The CRLF of the DATA command counts as the one before the first line, but is no part of the message.
        self._held = b"\r\n"
        self._begun = False
        self._line = 0
        self.finished = False
        self.surplus = b""
        self.stray = False
        self.length = 0
        self.longest_line = 0

    def feed(self, octets: bytes) -> bytes:
        """The part of the message that is certain after these octets."""
        window = self._held + octets
        end = window.find(_END)
        if end >= 0:
            self.finished, self.surplus, self._held = True, window[end + len(_END) :], b""
            return self._decode(window[: end + 2])
        cut = max(len(window) - len(_END) + 1, 0)
        # A line end stays with what follows it, which may be a dot.
        if window[:cut].endswith(b"\r\n"):
            cut -= 2
        elif window[:cut].endswith((b"\r", b"\n")):
            cut -= 1
        self._held = window[cut:]
        return self._decode(window[:cut])

    def _decode(self, region: bytes) -> bytes:
        if region.count(b"\n") != region.count(b"\r\n") or region.count(b"\r") != region.count(b"\r\n"):
            self.stray = True
            region = _STRAY.sub(b"\r\n", region) if self._repair else region
        message = region.replace(b"\r\n.", b"\r\n")
        if not self._begun and message:
            self._begun, message = True, message[2:]
        self._measure(message)
        return message

    def _measure(self, message: bytes) -> None:
        self.length += len(message)
        first, *others = message.split(b"\n")
        self._line += len(first)
        self.longest_line = max(self.longest_line, self._line - first.endswith(b"\r"))
        if others:
            self.longest_line = max(self.longest_line, *(len(line) - line.endswith(b"\r") for line in others))
            self._line = len(others[-1])


def data_octets(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A message as it goes out after 354: CRLF line ends only, dots doubled, the end of data last (RFC 5321 4.5.2)."""
    at_line_start, held = True, b""
    for chunk in chunks:
        octets = held + chunk
        held = b"\r" if octets.endswith(b"\r") else b""
        octets = octets[: len(octets) - len(held)]
        if not octets:
            continue
        if octets.count(b"\n") != octets.count(b"\r\n") or octets.count(b"\r") != octets.count(b"\r\n"):
            octets = _STRAY.sub(b"\r\n", octets)
        stuffed = octets.replace(b"\r\n.", b"\r\n..")
        yield b"." + stuffed if at_line_start and stuffed.startswith(b".") else stuffed
        at_line_start = stuffed.endswith(b"\r\n")
    yield b".\r\n" if at_line_start and not held else b"\r\n.\r\n"
