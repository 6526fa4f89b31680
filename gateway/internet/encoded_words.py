"""Encoded words of RFC 2047 (with the language suffix of RFC 2231 section 5) in header text and phrases."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from gateway.internet import charsets

# RFC 2047 section 2. Lenient: spaces inside the text of a Q word are accepted, as many senders put them there.
_WORD = re.compile(r"=\?([^?*\s]{1,60})(\*[^?\s]{0,60})?\?([bBqQ])\?([^?]*)\?=")
_WORD_LIMIT = 75
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+")
_Q_TEXT = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")


def sanitise(text: str) -> str:
    """Text that cannot break a header: line ends and tabs become one space each, other control characters go."""
    if text.isprintable():
        return text
    text = text.replace("\r\n", " ")
    spaced = "".join(" " if character in "\r\n\t\v\f\x85\u2028\u2029" else character for character in text)
    return "".join(character for character in spaced if not _is_control(character))


def _is_control(character: str) -> bool:
    code = ord(character)
    return code < 32 or 127 <= code < 160 or 0xD800 <= code < 0xE000


def decode_text(value: str) -> str:
    """Unstructured header text, or a phrase, with its encoded words decoded (RFC 2047 section 6).

    White space between two encoded words goes; octets of neighbours in one charset are joined before decoding, since
    senders split characters. What is not a well-formed encoded word stays as it is.
    """
    if "=?" not in value:
        return value
    pieces: list[str] = []
    pending, pending_charset, end = bytearray(), "", 0
    for match in _WORD.finditer(value):
        octets = _octets_of(match.group(3), match.group(4))
        if octets is None:
            continue
        gap, charset = value[end : match.start()], match.group(1).lower()
        if pending_charset and (gap.strip(" \t\r\n") or charset != pending_charset):
            pieces.append(charsets.decode(bytes(pending), pending_charset))
            pending.clear()
        if not pending_charset or gap.strip(" \t\r\n"):
            pieces.append(gap)
        pending += octets
        pending_charset, end = charset, match.end()
    if pending_charset:
        pieces.append(charsets.decode(bytes(pending), pending_charset))
    return "".join(pieces) + value[end:]


def _octets_of(encoding: str, text: str) -> bytes | None:
    if encoding in "qQ":
        return binascii.a2b_qp(text.encode("utf-8", "replace"), header=True)
    try:
        return binascii.a2b_base64(text.encode("ascii", "replace") + b"===")
    except binascii.Error:
        return None


def encode_text(text: str, *, charset: str = "utf-8") -> str:
    """Header text in ASCII: encoded words where it holds anything else, or could be taken for an encoded word.

    Args:
        text: Any text; control characters are dropped.
        charset: Used where it can express the text, otherwise UTF-8.
    """
    text = sanitise(text).strip(" ")
    if text.isascii() and "=?" not in text:
        return text
    words = text.split(" ")
    needed = [index for index, word in enumerate(words) if not word.isascii() or "=?" in word]
    first, last = needed[0], needed[-1]
    middle = " ".join(_encoded_words(" ".join(words[first : last + 1]), charset))
    return " ".join([*words[:first], middle, *words[last + 1 :]])


def as_ascii(value: str) -> str:
    """A field body that is in its final form, for where only ASCII may stand: encoded words in it stay, what is beyond ASCII is encoded."""
    return value if value.isascii() else encode_text(value)


def encode_phrase(text: str, *, charset: str = "utf-8") -> str:
    """A phrase of RFC 5322 3.2.5: atoms, else a quoted string, else encoded words (RFC 2047 5 (3))."""
    text = sanitise(text).strip(" ")
    if not text.isascii() or "=?" in text:
        return " ".join(_encoded_words(text, charset))
    if all(_ATOM.fullmatch(word) for word in text.split(" ")):
        return text
    return quote(text)


def quote(text: str) -> str:
    """A quoted-string of RFC 5322 3.2.4."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _encoded_words(text: str, charset: str) -> Iterator[str]:
    charset, octets = _encodable(text, charset)
    q_size = sum(1 if octet in _Q_TEXT or octet == 32 else 3 for octet in octets)
    use_q = q_size <= (len(octets) + 2) // 3 * 4
    room = _WORD_LIMIT - len(charset) - len("=??Q??=")
    piece = b""
    for character in text:
        more = character.encode(charset)
        if piece and _size(piece + more, use_q) > room:
            yield _encoded_word(piece, charset, use_q)
            piece = b""
        piece += more
    yield _encoded_word(piece, charset, use_q)


def _encodable(text: str, charset: str) -> tuple[str, bytes]:
    try:
        return charset, text.encode(charset)
    except (UnicodeError, LookupError):
        return "utf-8", text.encode("utf-8")


def _size(octets: bytes, use_q: bool) -> int:
    return len(_q(octets)) if use_q else (len(octets) + 2) // 3 * 4


def _q(octets: bytes) -> str:
    return "".join("_" if octet == 32 else chr(octet) if octet in _Q_TEXT else f"={octet:02X}" for octet in octets)


def _encoded_word(octets: bytes, charset: str, use_q: bool) -> str:
    text = _q(octets) if use_q else binascii.b2a_base64(octets, newline=False).decode("ascii")
    return f"=?{charset}?{'q' if use_q else 'b'}?{text}?="
