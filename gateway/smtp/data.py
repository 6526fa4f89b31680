"""How a message crosses the wire, as pure transformations: DATA with its dots, the chunks of BDAT, and line ends that cannot be abused.

SMTP smuggling: a server that ends a message at ``LF . CRLF`` and one that does not disagree about where the next
command begins. Here data ends at ``CRLF . CRLF`` and nowhere else (RFC 5321 2.3.8, 4.1.1.4), and what leaves has no
stray CR or LF at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_END = b"\r\n.\r\n"
_STRAY = re.compile(rb"\r\n|\r|\n")


class LineCheck:
    """Watches line ends and lengths of a message that passes.

    Args:
        repair: Make CRLF of a stray CR or LF, instead of only noting it in `stray`.

    Attributes:
        stray: A CR or LF stood alone.
        length: Octets of the message so far.
        longest_line: Octets of the longest line so far, without its end.
    """

    def __init__(self, *, repair: bool = False) -> None:
        self._repair = repair
        self._line = 0
        self.stray = False
        self.length = 0
        self.longest_line = 0

    def _repaired(self, region: bytes) -> bytes:
        """A region that does not end between CR and LF, with its stray line ends noted or repaired."""
        if region.count(b"\n") != region.count(b"\r\n") or region.count(b"\r") != region.count(b"\r\n"):
            self.stray = True
            return _STRAY.sub(b"\r\n", region) if self._repair else region
        return region

    def _measure(self, message: bytes) -> None:
        self.length += len(message)
        first, *others = message.split(b"\n")
        self._line += len(first)
        self.longest_line = max(self.longest_line, self._line - first.endswith(b"\r"))
        if others:
            self.longest_line = max(self.longest_line, *(len(line) - line.endswith(b"\r") for line in others))
            self._line = len(others[-1])


class DataDecoder(LineCheck):
    """Takes the octets after 354 as they come and gives the message.

    Args:
        repair: See `LineCheck`.

    Attributes:
        finished: The end of data was seen.
        surplus: Octets after the end of data: the next commands.
    """

    def __init__(self, *, repair: bool = False) -> None:
        super().__init__(repair=repair)
        # The CRLF of the DATA command counts as the one before the first line, but is no part of the message.
        self._held = b"\r\n"
        self._begun = False
        self.finished = False
        self.surplus = b""

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
        message = self._repaired(region).replace(b"\r\n.", b"\r\n")
        if not self._begun and message:
            self._begun, message = True, message[2:]
        self._measure(message)
        return message


class ChunkDecoder(LineCheck):
    """Takes the octets of BDAT chunks, which are the message as it is (RFC 3030 section 2), and watches its lines.

    Args:
        repair: See `LineCheck`.
        binary: The message is BODY=BINARYMIME: it need not consist of lines (RFC 3030 section 3), only its length counts.
    """

    def __init__(self, *, repair: bool = False, binary: bool = False) -> None:
        super().__init__(repair=repair)
        self._binary = binary
        self._held = b""

    def feed(self, octets: bytes) -> bytes:
        """The part of the message that is certain after these octets."""
        if self._binary:
            self.length += len(octets)
            return octets
        window = self._held + octets
        # A chunk may end anywhere, between CR and LF too.
        self._held = b"\r" if window.endswith(b"\r") else b""
        return self._checked(window[: len(window) - len(self._held)])

    def finish(self) -> bytes:
        """What is left after the last chunk."""
        held, self._held = self._held, b""
        return self._checked(held) if held else b""

    def _checked(self, region: bytes) -> bytes:
        message = self._repaired(region)
        self._measure(message)
        return message


def crlf_octets(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Octets with CRLF line ends only, in pieces of which none is empty."""
    held = b""
    for chunk in chunks:
        octets = held + chunk
        held = b"\r" if octets.endswith(b"\r") else b""
        octets = octets[: len(octets) - len(held)]
        if not octets:
            continue
        if octets.count(b"\n") != octets.count(b"\r\n") or octets.count(b"\r") != octets.count(b"\r\n"):
            octets = _STRAY.sub(b"\r\n", octets)
        yield octets
    if held:
        yield b"\r\n"


def data_octets(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A message as it goes out after 354: CRLF line ends only, dots doubled, the end of data last (RFC 5321 4.5.2)."""
    at_line_start = True
    for octets in crlf_octets(chunks):
        stuffed = octets.replace(b"\r\n.", b"\r\n..")
        yield b"." + stuffed if at_line_start and stuffed.startswith(b".") else stuffed
        at_line_start = stuffed.endswith(b"\r\n")
    yield b".\r\n" if at_line_start else b"\r\n.\r\n"
