"""RFC 2156 chapter 3: the text encodings that every mapping uses.

PrintableString encoding of ASCII (3.4), teletex octets inside O/R addresses (3.3.4), integers with a label (3.3.6) and object
identifiers (3.3.7). Dates are written by `gateway.internet.fields`; the values on both sides are aware datetimes that keep the sender's
offset.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from enum import IntEnum
from typing import Final

from gateway.errors import GatewayError
from gateway.x400.charsets import ia5_from_text


class TextError(GatewayError):
    """A text is not in the encoding that was expected."""


PRINTABLE: Final = frozenset(string.ascii_letters + string.digits + " '()+,-./:=?")
"""The PrintableString repertoire (3.3.3)."""

_PS_LETTERS: Final[Mapping[str, str]] = {"@": "a", "%": "p", "!": "b", '"': "q", "_": "u", "(": "l", ")": "r"}
_PS_DIRECT: Final = PRINTABLE - {"(", ")"}
_PS_CODES: Final[Mapping[str, str]] = {letter: character for character, letter in _PS_LETTERS.items()}
_PS_ESCAPE: Final = re.compile(r"\(([A-Za-z]|[0-9]{3})\)")
_PS_TOKEN: Final = re.compile(r"\((?:[A-Za-z]|[0-9]{3})\)|[A-Za-z0-9 '+,\-./:=?]")
_TELETEX_TOKEN: Final = re.compile(r"\{((?:[0-9]{3})+)\}|([A-Za-z0-9 '()+,\-./:=?]+)")
_ESC: Final = 0x1B
_SO: Final = 0x0E
_SI: Final = 0x0F
_ESCAPE: Final = re.compile(rb"\x1b([\x20-\x2f]*)([\x30-\x7e])")
_REGISTERS: Final[Mapping[bytes, int]] = {b"(": 0, b")": 1, b"-": 1, b"*": 2, b".": 2, b"+": 3, b"/": 3}
_DEFAULT_SETS: Final = frozenset({b"(B", b"-A"})
"""ASCII in G0, the right-hand part of ISO Latin 1 in G1 (3.3.4)."""
_LABELLED: Final = re.compile(r"\s*(?:([A-Za-z0-9][A-Za-z0-9\-]*)\s*)?\(\s*([0-9]{1,10})\s*\)\s*")
_LABELLED_2: Final = re.compile(r"\s*([0-9]{1,10})\s*(?:\([^()]*\))?\s*")
_OID_ARC: Final = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9\-]*)?\s*\(\s*([0-9]{1,20})\s*\)\s*")
_ACRONYMS: Final = frozenset({"OR", "DL", "MTA", "MTS", "MS", "PDAU", "MD"})
_NO_OFFSET: Final = timezone(timedelta(0), "+0000")
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")


def is_printable(text: str) -> bool:
    """Whether all characters are of the PrintableString repertoire."""
    return PRINTABLE.issuperset(text)


def ps_encode(text: str) -> str:
    """ASCII as PrintableString (3.4, ``EBNF.ps-encoded``).

    Raises:
        TextError: A character is outside ASCII; 3.4 has no code for it.
    """
    return "".join(character if character in _PS_DIRECT else _ps_escape(character) for character in text)


def _ps_escape(character: str) -> str:
    if ord(character) > 127:
        raise TextError(f"U+{ord(character):04X} has no code in the PrintableString encoding (RFC 2156 3.4), only ASCII has")
    return f"({_PS_LETTERS.get(character, f'{ord(character):03d}')})"


def ps_decode(text: str) -> str:
    """The inverse of `ps_encode`; letter escapes are read in any case.

    The result may hold CR, LF and NUL: the caller checks it before it comes near a command or a header.

    Raises:
        TextError: The text does not parse; the caller decides whether to use it as it stands.
    """
    found: list[str] = []
    position = 0
    while position < len(text):
        match = _PS_TOKEN.match(text, position)
        if match is None:
            raise TextError(f"{text[:80]!r} is not ps-encoded: stopped at character {position + 1} (RFC 2156 3.4)")
        found.append(_ps_unescape(match.group()))
        position = match.end()
    return "".join(found)


def _ps_unescape(token: str) -> str:
    if len(token) == 1:
        return token
    code = token[1:-1].lower()
    character = _PS_CODES.get(code) or (chr(int(code)) if code.isdigit() and int(code) < 128 else None)
    if character is None:
        raise TextError(f"{token} is no ps-encoded character (RFC 2156 3.4)")
    return character


def ps_truncate(encoded: str, bound: int) -> str:
    """At most ``bound`` characters of a ps-encoded text, never ending inside an escape (5.1.3)."""
    if len(encoded) <= bound:
        return encoded
    cut = encoded[:bound]
    start = cut.rfind("(")
    return cut[:start] if start >= 0 and ")" not in cut[start:] else cut


_BLANKS: Final = re.compile(rb" {2,}")


def text_from_teletex(octets: bytes) -> str:
    """Teletex octets inside an O/R address (3.3.4): printable characters direct, others three decimal digits in braces.

    A change of character set holds until the closing brace, so everything from an escape sequence to the return to the default sets stands
    in one group. So do several blanks in a row: written directly, 4.3.4 step 2 would not read them back.
    """
    found: list[str] = []
    position = 0
    while position < len(octets):
        end = _end_of_group(octets, position)
        if end == position:
            found.append(chr(octets[position]))
            position += 1
        else:
            found.append("{" + "".join(f"{octet:03d}" for octet in octets[position:end]) + "}")
            position = end
    return "".join(found)


def _end_of_group(octets: bytes, position: int) -> int:
    """Where the group that begins here ends; the same position when the octet is printable and stands for itself."""
    end = position
    while end < len(octets):
        blanks = _BLANKS.match(octets, end)
        if blanks is not None:
            end = blanks.end()
        elif octets[end] > 127 or chr(octets[end]) not in PRINTABLE:
            end = _end_of_shift(octets, end) if octets[end] in (_ESC, _SO) else end + 1
        else:
            break
    return end


def _end_of_shift(octets: bytes, position: int) -> int:
    """After the octets that an escape sequence or a shift-out changes the meaning of (ISO 2022); the end where nothing returns."""
    changed: dict[int, bool] = {}
    shifted = False
    while position < len(octets):
        match = _ESCAPE.match(octets, position)
        if match is not None:
            register = _REGISTERS.get(match.group(1)[-1:], 0)
            changed[register] = match.group(1) + match.group(2) not in _DEFAULT_SETS
            position = match.end()
        else:
            shifted = octets[position] == _SO or (shifted and octets[position] != _SI)
            position += 1
        if not shifted and not any(changed.values()):
            return position
    return position


def teletex_from_text(text: str) -> bytes:
    """The inverse of `text_from_teletex`.

    Raises:
        TextError: An empty, unfinished or too large group.
    """
    octets = bytearray()
    position = 0
    while position < len(text):
        match = _TELETEX_TOKEN.match(text, position)
        if match is None:
            raise TextError(f"{text[:80]!r} is no teletex string: stopped at character {position + 1} (RFC 2156 3.3.4)")
        octets += _teletex_octets(match)
        position = match.end()
    return bytes(octets)


def _teletex_octets(match: re.Match[str]) -> bytes:
    digits, direct = match.groups()
    if direct is not None:
        return str(direct).encode("ascii")
    codes = [int(digits[at : at + 3]) for at in range(0, len(digits), 3)]
    if max(codes) > 255:
        raise TextError(f"{max(codes)} in {match.group()[:80]} is not an octet (RFC 2156 3.3.4)")
    return bytes(codes)


def text_from_pair(printable: str | None, teletex: bytes | None) -> str:
    """``EBNF.teletex-and-or-ps`` (3.3.4): ``printable*teletex``; equal forms, and printable teletex, are written once (4.1.1)."""
    if teletex is None:
        return printable or ""
    other = text_from_teletex(teletex)
    if printable == other or (printable is None and "{" not in other):
        return other
    return f"{printable or ''}*{other}"


def pair_from_text(text: str) -> tuple[str | None, bytes | None]:
    """The inverse of `text_from_pair`.

    Raises:
        TextError: The printable part is not printable, or the teletex part does not parse.
    """
    printable, star, teletex = text.partition("*")
    if not is_printable(printable):
        raise TextError(f"{printable[:80]!r} is not PrintableString (RFC 2156 3.3.3)")
    if not star:
        return printable, None
    return printable or None, teletex_from_text(teletex)


def labelled_integer(number: int, names: type[IntEnum] | None = None) -> str:
    """``EBNF.labelled-integer`` (3.3.6): ``label (number)``, or ``(number)`` where no label is known."""
    label = _label(number, names)
    return f"{label} ({number})" if label else f"({number})"


def labelled_integer_2(number: int, names: type[IntEnum] | None = None) -> str:
    """``EBNF.labelled-integer-2`` (3.3.6): ``number (label)``, for fields of delivery status notifications."""
    label = _label(number, names)
    return f"{number} ({label})" if label else str(number)


def _label(number: int, names: type[IntEnum] | None) -> str:
    if names is None or number not in set(names):
        return ""
    return "-".join(word if word in _ACRONYMS else word.capitalize() for word in names(number).name.split("_"))


def integer_from_label(text: str) -> int:
    """The number of ``label (number)``, ``(number)``, ``number (label)`` or ``number``; only the number counts (3.3.6).

    Raises:
        TextError: None of these.
    """
    match = _LABELLED.fullmatch(text)
    if match is not None:
        return int(match.group(2))
    match = _LABELLED_2.fullmatch(text)
    if match is None:
        raise TextError(f"{text[:80]!r} is no labelled integer such as 'ia5 (7)' (RFC 2156 3.3.6)")
    return int(match.group(1))


def text_from_oid(dotted: str) -> str:
    """``EBNF.object-identifier`` (3.3.7) of a dotted identifier: ``(2)(6)(1)``; numbers are authoritative, names optional."""
    return "".join(f"({arc})" for arc in dotted.split("."))


def oid_from_text(text: str) -> str:
    """The dotted identifier of ``joint-iso-ccitt(2) mhs (6) ipms (1)`` or ``(2)(6)(1)``.

    Raises:
        TextError: Not an object identifier.
    """
    arcs: list[str] = []
    position = 0
    while position < len(text):
        match = _OID_ARC.match(text, position)
        if match is None:
            raise TextError(f"{text[:80]!r} is no object identifier such as '(2)(6)(1)' (RFC 2156 3.3.7)")
        arcs.append(str(int(match.group(1))))
        position = match.end()
    if len(arcs) < 2:
        raise TextError(f"{text[:80]!r} is no object identifier: it has fewer than two arcs")
    return ".".join(arcs)


def in_utc_time(at: datetime | None) -> datetime | None:
    """The time when a UTCTime can hold it: its two digits of the year mean 1980 to 2079 (3.3.5); else None."""
    return with_offset(at) if at is not None and 1980 <= at.year <= 2079 else None


def with_offset(at: datetime) -> datetime:
    """The same time in the form that X.400 gets: with a numeric offset, ``+0000`` where another program would write ``Z`` (3.3.5)."""
    return at if at.utcoffset() else at.replace(tzinfo=_NO_OFFSET)


def one_line(text: str) -> str:
    """Text that is safe in one header line: line ends and control characters become one space, whatever the sender put there."""
    return _UNSAFE.sub(" ", text).strip()


def printable_form(text: str) -> str:
    """Text for people squeezed into PrintableString: what the repertoire lacks becomes ``?``."""
    return "".join(character if character in PRINTABLE else "?" for character in ia5_form(text))


def ia5_form(text: str) -> str:
    """Text for people squeezed into IA5: what ASCII lacks is approximated."""
    return ia5_from_text(text).octets.decode("ascii")
