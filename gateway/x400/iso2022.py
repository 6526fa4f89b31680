"""Reads ISO 2022 text (X.420 general-text, T.61): designations, locking and single shifts, one- and two-octet sets, accents before letters.

The decoder takes chunks of any size and keeps what a border cuts. It works on runs between control octets with translation tables, so that
a body of 100 MB costs one pass and no loop over single octets.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import Final

from gateway.x400.charset_tables import ACCENTS, COMPOSED, IR_6, IR_102, IR_103, SETS_94, SETS_96, SETS_MULTI, UNDEFINED, GraphicSet

_EVENT: Final = re.compile(rb"[\x0e\x0f\x1b\x8e\x8f]")
_ESCAPE: Final = re.compile(rb"\x1b[\x20-\x2f]{0,4}[\x30-\x7e]")
_UNFINISHED_ESCAPE: Final = re.compile(rb"\x1b[\x20-\x2f]{0,4}\Z")
_PIECES: Final = re.compile(rb"[\x21-\x7e]+|[\xa1-\xfe]+|[^\x21-\x7e\xa1-\xfe]+")
_ACCENT_AND_NEXT: Final = re.compile(r"([\ue0c1-\ue0cf])(?:(?=[\ue0c1-\ue0cf]|\Z)|(.))", re.DOTALL)
_HIGH: Final = bytes(octet | 0x80 for octet in range(256))
_LEFT_SHIFTS: Final = {b"\x1bn": 2, b"\x1bo": 3}
_RIGHT_SHIFTS: Final = {b"\x1b~": 1, b"\x1b}": 2, b"\x1b|": 3}
_DESIGNATE_94: Final = {0x28: 0, 0x29: 1, 0x2A: 2, 0x2B: 3}
_DESIGNATE_96: Final = {0x2D: 1, 0x2E: 2, 0x2F: 3}


@lru_cache(maxsize=256)
def _eight_bit_table(left: GraphicSet | None, right: GraphicSet | None) -> str:
    """The 256 characters that one-octet sets in both halves give; C0 and C1 controls stand for themselves."""
    empty = UNDEFINED * 96
    left_half = left.table if left is not None else empty
    right_half = right.table if right is not None else empty
    if left is None or left.size == 94:
        left_half = " " + left_half[1:95] + "\x7f"
    return "".join(map(chr, range(32))) + left_half + "".join(map(chr, range(128, 160))) + right_half


def _two_octet_text(graphic: GraphicSet, octets: bytes) -> str:
    high = octets.translate(_HIGH)
    if graphic.lead:
        high = b"".join(graphic.lead + high[at : at + 2] for at in range(0, len(high), 2))
    return high.decode(graphic.codec, "replace")


def _accented(match: re.Match[str]) -> str:
    """An accent and the character after it: one character where the standard has it, else letter and combining mark."""
    accent, base = match.groups()
    combining, spacing, _ = ACCENTS[ord(accent) & 0xFF]
    if base is None or base == " ":
        return spacing
    if base < " ":
        return spacing + base
    return COMPOSED.get(accent + base) or base + combining


class Decoder:
    """State of one ISO 2022 string while it is read.

    Args:
        left: Set in G0, invoked in the left half (octets 21 to 7E).
        right: Set in G1, invoked in the right half (octets A0 to FF).
    """

    def __init__(self, left: GraphicSet = IR_6, right: GraphicSet | None = None) -> None:
        self._sets: list[GraphicSet | None] = [left, right, None, None]
        self._left, self._right = 0, 1
        self._shifted: int | None = None
        self._pending = b""
        self._accent = ""
        self._utf8: codecs.IncrementalDecoder | None = None

    @classmethod
    def teletex(cls) -> Decoder:
        """A decoder in the initial state of a TeletexString: ISO-IR 102 left, 103 right (RFC 2157 Appendix C)."""
        return cls(IR_102, IR_103)

    def begin_utf_8(self) -> None:
        """Read what follows as UTF-8 until the return sequence."""
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, octets: bytes) -> str:
        """The text of the next octets, as far as it is complete."""
        data, self._pending = self._pending + octets, b""
        text: list[str] = []
        position = 0
        while position < len(data):
            event = _EVENT.search(data, position) if self._shifted is None else None
            if self._shifted is not None:
                position = self._single(data, position, text)
                continue
            end = event.start() if event else len(data)
            text.append(self._run(data[position:end], last=event is None))
            if event is None:
                break
            position = self._event(data, end, text)
        return self._compose("".join(text))

    def finish(self) -> str:
        """What is left at the end of the string: half characters as U+FFFD, an accent without its letter as a character of its own."""
        rest = self._utf8.decode(b"", True) if self._utf8 else ""
        if self._pending:
            rest += UNDEFINED
        if self._accent:
            rest = ACCENTS[ord(self._accent) & 0xFF][1] + rest
        self._pending, self._accent = b"", ""
        return rest

    def _event(self, data: bytes, at: int, text: list[str]) -> int:
        """Act on a shift or an escape sequence; gives the position behind it."""
        octet = data[at]
        if octet == 0x1B:
            return self._escape(data, at, text)
        if self._utf8 is not None or (octet in (0x8E, 0x8F) and self._sets[octet - 0x8C] is None):
            # Without a set in G2 or G3 these two are ordinary C1 controls (or a peer's Windows-1252 letters).
            text.append(self._run(data[at : at + 1], last=False))
        elif octet in (0x8E, 0x8F):
            self._shifted = octet - 0x8C
        else:
            self._left = 1 if octet == 0x0E else 0
        return at + 1

    def _escape(self, data: bytes, at: int, text: list[str]) -> int:
        match = _ESCAPE.match(data, at)
        if match is None:
            if _UNFINISHED_ESCAPE.match(data, at):
                self._pending = data[at:]
                return len(data)
            text.append(UNDEFINED)
            return at + 1
        self._apply(match.group(), text)
        return match.end()

    def _apply(self, sequence: bytes, text: list[str]) -> None:
        """Carry out one escape sequence; announcers, C0 and C1 designations and unknown sets without a table change nothing visible."""
        if sequence in (b"\x1b%G", b"\x1b%/G", b"\x1b%/H", b"\x1b%/I"):
            self.begin_utf_8()
        elif sequence == b"\x1b%@" and self._utf8 is not None:
            text.append(self._utf8.decode(b"", True))
            self._utf8 = None
        elif sequence in _LEFT_SHIFTS:
            self._left = _LEFT_SHIFTS[sequence]
        elif sequence in _RIGHT_SHIFTS:
            self._right = _RIGHT_SHIFTS[sequence]
        elif sequence in (b"\x1bN", b"\x1bO"):
            self._shifted = 2 if sequence == b"\x1bN" else 3
        else:
            self._designate(sequence)

    def _designate(self, sequence: bytes) -> None:
        kind, final = sequence[1], sequence[-1]
        if kind == 0x24:
            self._sets[_DESIGNATE_94.get(sequence[2], 0)] = SETS_MULTI.get(final)
        elif kind in _DESIGNATE_94 and len(sequence) == 3:
            self._sets[_DESIGNATE_94[kind]] = SETS_94.get(final)
        elif kind in _DESIGNATE_96 and len(sequence) == 3:
            self._sets[_DESIGNATE_96[kind]] = SETS_96.get(final)

    def _single(self, data: bytes, at: int, text: list[str]) -> int:
        """One character from G2 or G3 after a single shift."""
        graphic = self._sets[self._shifted or 0]
        width = graphic.octets if graphic is not None else 1
        if at + width > len(data):
            self._pending = data[at:]
            return len(data)
        octets = data[at : at + width]
        self._shifted = None
        if graphic is None:
            text.append(UNDEFINED)
        elif width == 2:
            text.append(_two_octet_text(graphic, octets))
        else:
            text.append(_eight_bit_table(graphic, graphic)[octets[0] | 0x80 if octets[0] & 0x60 else octets[0]])
        return at + width

    def _run(self, octets: bytes, *, last: bool) -> str:
        """Octets between two shifts."""
        if not octets:
            return ""
        if self._utf8 is not None:
            return self._utf8.decode(octets)
        left, right = self._sets[self._left], self._sets[self._right]
        if (left is None or not left.codec) and (right is None or not right.codec):
            return codecs.charmap_decode(octets, "strict", _eight_bit_table(left, right))[0]
        return "".join(self._mixed(octets, left, right, last=last))

    def _mixed(self, octets: bytes, left: GraphicSet | None, right: GraphicSet | None, *, last: bool) -> list[str]:
        """A run where a half holds a two-octet set; half a character at the end waits for the next chunk."""
        text: list[str] = []
        for match in _PIECES.finditer(octets):
            piece = match.group()
            graphic = left if piece[0] < 0x7F else right
            if graphic is None or not graphic.codec or piece[0] in b"\x20\x7f" or piece[0] & 0x60 == 0 or piece[0] in (0xA0, 0xFF):
                one_left = left if left is not None and not left.codec else IR_6
                one_right = right if right is not None and not right.codec else None
                text.append(codecs.charmap_decode(piece, "strict", _eight_bit_table(one_left, one_right))[0])
                continue
            if len(piece) % 2:
                if last and match.end() == len(octets):
                    self._pending = piece[-1:]
                else:
                    text.append(_two_octet_text(graphic, piece[:-1]) + UNDEFINED)
                    continue
                piece = piece[:-1]
            text.append(_two_octet_text(graphic, piece))
        return text

    def _compose(self, text: str) -> str:
        """Join accents with their letters; an accent at the very end waits, one before another accent stands alone."""
        text, self._accent = self._accent + text, ""
        if text and "\ue0c1" <= text[-1] <= "\ue0cf":
            text, self._accent = text[:-1], text[-1]
        return _ACCENT_AND_NEXT.sub(_accented, text)
