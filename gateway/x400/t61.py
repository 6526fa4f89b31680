"""Teletex text: T.61 octets <-> characters (X.420 subject, free-form names, teletex bodies).

T.61 puts a non-spacing accent (octets C1 to CF) *before* its letter. Real senders put Latin-1, UTF-8 or plain ASCII into the same string
type, so the reader first decides which of them it has in hand (`guess_reading`); a peer's profile may decide instead.
"""

from __future__ import annotations

import codecs
import enum
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from gateway.x400.charset_tables import ACCENT_BASE, ACCENTS, APPROXIMATIONS, COMPOSED, IR_103, NOT_IN_TELETEX, approximate
from gateway.x400.iso2022 import Decoder

DESIGNATE_IR_103: Final = b"\x1b\x29\x76"
"""ESC 2/9 7/6: RFC 2157 Appendix C asks for it before the first character of ISO-IR 103."""

_MISSING_FROM_ASCII: Final = "\\^`{}~"
"""Characters of ASCII that the primary set of T.61 (ISO-IR 102) does not have."""

class Reading(enum.Enum):
    """What the octets of a TeletexString are taken for."""

    T61 = "t61"
    LATIN_1 = "latin-1"
    UTF_8 = "utf-8"
    ASCII = "ascii"


class Encoded(NamedTuple):
    """Octets, and the characters that could not be expressed in them (in order of first appearance, each once)."""

    octets: bytes
    losses: tuple[str, ...]


def _encoding_table() -> dict[int, str]:
    """Character -> its T.61 octets, each octet written as the Latin-1 character of the same number."""
    table = {code: chr(code) for code in (*range(0x20, 0x7F), 0x08, 0x0A, 0x0C, 0x0D) if chr(code) not in _MISSING_FROM_ASCII}
    for code, character in enumerate(IR_103.table, 0xA0):
        if not ACCENT_BASE <= ord(character) <= ACCENT_BASE + 0xFF and character != "\ufffd" and character not in NOT_IN_TELETEX:
            table[ord(character)] = chr(code)
    for octet, (_, spacing, _) in ACCENTS.items():
        if octet not in (0xC1, 0xC3, 0xC4, 0xC9, 0xCC):
            table[ord(spacing)] = chr(octet) + " "
    for pair, character in COMPOSED.items():
        if pair[0] not in "\ue0c9" and pair != "\ue0cbg":
            table[ord(character)] = chr(ord(pair[0]) - ACCENT_BASE) + pair[1]
    return table | {0x2126: "\xe0"}  # the ohm sign is capital omega (ISO-IR 103)


_SHARED: Final = {"Ð": "\xe2"}
"""Capital eth is written as D with stroke, with which it shares an octet in ISO-IR 103; it comes back as that, so it is a loss."""

_ENCODING: Final = _encoding_table()
_PAIRS: Final = b"|".join(b"\\x%02x[%s]" % (octet, (letters + " ").encode("ascii")) for octet, (_, _, letters) in ACCENTS.items())
_ACCENTED_LETTER: Final = re.compile(_PAIRS)
_NOT_ACCENTED: Final = re.compile(b"(?!%s)[\\xc1-\\xcf](?=[\\x00-\\xff])" % _PAIRS)
"""An accent octet in front of something that never takes that accent."""

_NOT_T61: Final = re.compile(rb"[\xc0\xd0-\xdf\xe5\xf6\xfc\xff]")
"""Octets that ISO-IR 103 leaves empty, and ij and thorn (F6, FC), where Latin-1 has o and u with diaeresis."""

_CAPITAL_INSIDE: Final = re.compile(
    rb"[A-Za-z][\xe0-\xef][a-z]|[a-z][\xe0-\xe2\xe4-\xea\xec-\xef]|(?<![A-Za-z])[\xe0\xe3\xe4\xe7\xed-\xef](?=[a-z ])"
)
"""E0 to EF are capitals in T.61 and small letters in Latin-1: here such a capital would stand behind a small letter, or be a rare one."""


def guess_reading(octets: Iterable[bytes]) -> Reading:
    """Decide what the octets of a TeletexString are, from the evidence in all of them.

    Args:
        octets: The whole string, in chunks; they are looked at once.

    Returns:
        ``UTF_8`` when the octets above 7F form UTF-8 (C2 or C3 before an octet above 7F is never T.61). ``LATIN_1`` when there is more
        evidence against T.61 than for it: accents in front of something else than their letters against accents in front of them, octets
        that are empty in T.61, capitals behind small letters. ``ASCII`` when there is nothing above 7F and a character that ASCII has
        and T.61 lacks: then 2/4 is the dollar too. Otherwise ``T61``, which the standard says it is.
    """
    utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
    eight_bit, ascii_only, t61, latin = False, False, 0, 0
    tail = b""
    for chunk in octets:
        utf8 = _still_utf8(utf8, chunk)
        if b"\x1b" in chunk:
            return Reading.T61
        eight_bit = eight_bit or not chunk.isascii()
        ascii_only = ascii_only or any(ord(one) in chunk for one in _MISSING_FROM_ASCII)
        window = tail + chunk
        t61 += len(_ACCENTED_LETTER.findall(window))
        latin += len(_NOT_ACCENTED.findall(window)) + len(_CAPITAL_INSIDE.findall(window)) + len(_NOT_T61.findall(chunk))
        tail = chunk[-1:]
    if not eight_bit:
        return Reading.ASCII if ascii_only else Reading.T61
    if utf8 is not None and _still_utf8(utf8, b"", final=True) is not None:
        return Reading.UTF_8
    latin += tail[-1:] >= b"\xc1" and tail[-1:] <= b"\xcf"
    return Reading.LATIN_1 if latin > t61 else Reading.T61


def _still_utf8(decoder: codecs.IncrementalDecoder | None, chunk: bytes, final: bool = False) -> codecs.IncrementalDecoder | None:
    if decoder is None:
        return None
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return None
    return decoder


def decode_t61(octets: Iterable[bytes], reading: Reading = Reading.T61) -> Iterator[str]:
    """Text of a TeletexString that arrives in chunks; accents and escape sequences may be cut by the border of two chunks.

    Octets without a meaning come out as U+FFFD.
    """
    if reading in (Reading.T61, Reading.ASCII):
        decoder = Decoder.teletex()
        for chunk in octets:
            yield decoder.feed(chunk).replace("¤", "$") if reading is Reading.ASCII else decoder.feed(chunk)
        yield decoder.finish()
        return
    incremental = codecs.getincrementaldecoder(reading.value)("replace")
    for chunk in octets:
        yield incremental.decode(chunk)
    yield incremental.decode(b"", True)


def text_from_t61(octets: bytes, reading: Reading | None = None) -> str:
    """Text of a short TeletexString.

    Args:
        octets: The contents of the string.
        reading: What they are, where the peer's profile knows it; guessed when None.
    """
    return "".join(decode_t61((octets,), reading or guess_reading((octets,))))


class T61Encoder:
    """Writes T.61 in pieces and collects what could not be written.

    Args:
        designate: Put ESC 2/9 7/6 before the first character of ISO-IR 103, as RFC 2157 Appendix C says. Off by default: the peers seen
            assume the designation, and some show the escape sequence to their users.
        keep_ascii: Write backslash, caret, grave accent, braces and tilde as in ASCII, for peers that read the string so.

    Attributes:
        losses: Characters that had to be approximated so far, each once.
    """

    def __init__(self, *, designate: bool = False, keep_ascii: bool = False) -> None:
        self._table = _ENCODING | {ord(one): one for one in _MISSING_FROM_ASCII} if keep_ascii else _ENCODING
        self._designation = DESIGNATE_IR_103 if designate else b""
        self.losses: tuple[str, ...] = ()

    def encode(self, text: str) -> bytes:
        """T.61 octets of one piece of text."""
        text = unicodedata.normalize("NFC", text)
        missing = [one for one in dict.fromkeys(text) if ord(one) not in self._table]
        self.losses += tuple(one for one in missing if one not in self.losses)
        table = self._table | {ord(one): self._instead_of(one) for one in missing}
        octets = text.translate(table).encode("latin-1")
        if self._designation and not octets.isascii():
            octets, self._designation = self._designation + octets, b""
        return octets

    def _instead_of(self, character: str) -> str:
        """An approximation, itself in T.61."""
        if character in _SHARED:
            return _SHARED[character]
        return "".join(self._table.get(ord(one), APPROXIMATIONS.get(one, "?")) for one in approximate(character))


def t61_from_text(text: str, *, designate: bool = False, keep_ascii: bool = False) -> Encoded:
    """T.61 octets of a short text, and the characters that T.61 lacks (they are approximated, never dropped in silence).

    Example:
        ``t61_from_text("Café")`` gives octets ``43 61 66 C2 65`` and no losses.
    """
    encoder = T61Encoder(designate=designate, keep_ascii=keep_ascii)
    return Encoded(encoder.encode(text), encoder.losses)
