"""Header fields: one field, its folding, and the values inside. The readers never raise, whatever they are given.

Addresses, dates and encoded words have modules of their own; their public names can be imported from here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.internet.addresses import (
    AddressSyntaxError,
    Group,
    Mailbox,
    mailboxes,
    parse_addresses,
    serialise_addresses,
)
from gateway.internet.dates import parse_date, serialise_date
from gateway.internet.encoded_words import as_ascii, decode_text, encode_phrase, encode_text, quote, sanitise
from gateway.internet.tokens import Kind, Token, address_tokens

__all__ = [
    "AddressSyntaxError",
    "Field",
    "Group",
    "Mailbox",
    "Phrase",
    "as_ascii",
    "decode_text",
    "encode_phrase",
    "encode_text",
    "field",
    "mailboxes",
    "parse_addresses",
    "parse_date",
    "parse_message_ids",
    "parse_words",
    "quote",
    "sanitise",
    "serialise_addresses",
    "serialise_date",
]

FOLD_AT = 76
LINE_LIMIT = 998
_LONGEST_NAME = 200
_NOT_NAME = re.compile(r"[^\x21-\x39\x3b-\x7e]")
_LINE_BREAK = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Field:
    """One header field as received.

    Attributes:
        name: As written, without the colon and blanks before it.
        body: What follows the colon, still folded, without the last line end; octets untouched.
    """

    name: str
    body: bytes

    @property
    def value(self) -> str:
        """The body unfolded and stripped, as text: UTF-8, else Latin-1. Encoded words stay (see `decode_text`)."""
        flat = _LINE_BREAK.sub(b"", self.body).strip(b" \t")
        try:
            return flat.decode("utf-8")
        except UnicodeDecodeError:
            return flat.decode("latin-1")

    @property
    def text(self) -> str:
        """`value` with encoded words decoded: for unstructured fields."""
        return decode_text(self.value)

    def is_named(self, *names: str) -> bool:
        """Whether the field has one of these names, in any case."""
        return self.name.lower() in {name.lower() for name in names}

    def serialise(self) -> bytes:
        """The field as it goes out, with its last CRLF; repaired where it could break the header.

        A line break that no white space follows, a lone CR or LF, a NUL and a line above 998 octets cannot pass.
        """
        wire = b"".join((_clean_name(self.name).encode("ascii"), b":", self.body, b"\r\n"))
        if _is_sound(wire):
            return wire
        lines = [line for line in _LINE_BREAK.split(self.body.replace(b"\0", b"")) if line.strip(b" \t")]
        first = b"".join((_clean_name(self.name).encode("ascii"), b":", *lines[:1]))
        rest = [line if line[:1] in (b" ", b"\t") else b" " + line for line in lines[1:]]
        return b"".join(piece + b"\r\n" for line in (first, *rest) for piece in _hard_wrap(line))


def _is_sound(wire: bytes) -> bool:
    if b"\0" in wire or wire.count(b"\r") != wire.count(b"\r\n") or wire.count(b"\n") != wire.count(b"\r\n"):
        return False
    lines = wire[:-2].split(b"\r\n")
    if any(len(line) > LINE_LIMIT for line in lines):
        return False
    return all(line[:1] in (b" ", b"\t") and line.strip(b" \t") for line in lines[1:])


def _hard_wrap(line: bytes) -> Iterator[bytes]:
    """A line in pieces that are not too long, without cutting a UTF-8 character; it prefers to cut at a blank."""
    while len(line) > LINE_LIMIT:
        cut = line.rfind(b" ", 1, LINE_LIMIT)
        if cut <= 0 or not line[:cut].strip(b" \t"):
            cut = LINE_LIMIT - 1
            while line[cut] & 0xC0 == 0x80 and cut > LINE_LIMIT - 8:
                cut -= 1
        yield line[:cut]
        line = b" " + line[cut:].lstrip(b" ")
    yield line


def _clean_name(name: str) -> str:
    return _NOT_NAME.sub("-", name)[:_LONGEST_NAME] or "X-Unnamed"


_ADDRESS_FIELDS = frozenset(
    {
        "from", "sender", "reply-to", "to", "cc", "bcc", "disposition-notification-to", "dl-expansion-history", "x400-originator",
        "x400-recipients",
    }
)  # fmt: skip
_BETWEEN_MAILBOXES = re.compile(r"[\s<>,;:]")


def field(name: str, value: str, *, utf8: bool = False) -> Field:
    """Build a field: control characters removed, folded at 76 octets where there are blanks, no line above 998.

    Args:
        name: A character that no field name may have becomes ``-``.
        value: In its final form where it is ASCII. Text beyond ASCII becomes encoded words, which is right for
            unstructured fields only; structured ones are to be made with `encode_phrase` and its like first.
        utf8: Leave text beyond ASCII as it is (RFC 6532). A mailbox beyond ASCII in a field of addresses always stays: there is no other
            form of it, and encoded words are no mailbox (RFC 2047 5).
    """
    clean = sanitise(value).strip(" ")
    utf8 = utf8 or (name.lower() in _ADDRESS_FIELDS and not clean.isascii() and _has_utf8_mailbox(clean))
    if not utf8 and not clean.isascii():
        clean = encode_text(clean)
    name = _clean_name(name)
    return Field(name, _fold(clean.encode("utf-8", "replace"), len(name) + 1))


def _has_utf8_mailbox(text: str) -> bool:
    return any("@" in word and not word.isascii() for word in _BETWEEN_MAILBOXES.split(text))


def _fold(value: bytes, used: int) -> bytes:
    """The value with a blank before it and CRLF before some of its blanks. ``used`` octets stand before it."""
    if not value:
        return b""
    lines: list[bytes] = []
    line = b""
    for piece in re.findall(rb" *[^ ]+", b" " + value):
        if line and len(line) + len(piece) > FOLD_AT - (0 if lines else used):
            lines.append(line)
            line = b""
        line += piece
    lines.append(line)
    name = b":" * used  # counts for the length of the first line
    return b"\r\n".join(part for text in (name + lines[0], *lines[1:]) for part in _hard_wrap(text))[used:]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand where message identifiers are expected (obsolete In-Reply-To and References)."""

    text: str


def parse_message_ids(value: str) -> tuple[str | Phrase, ...]:
    """The message identifiers of a field, each with its angle brackets, and the phrases between them, in order.

    Blanks and comments inside an identifier (RFC 5322 4.5.4) go.
    """
    found: list[str | Phrase] = []
    words: list[Token] = []
    identifier: list[str] | None = None
    for token in address_tokens(value):
        if token.kind is Kind.COMMENT:
            continue
        if identifier is None and token.is_special("<"):
            found.extend(_phrase(words))
            words, identifier = [], []
        elif identifier is None:
            words.append(token)
        elif token.is_special(">"):
            found.append(f"<{''.join(identifier)}>")
            identifier = None
        else:
            identifier.append(quote(token.text) if token.kind is Kind.QUOTED else token.text)
    found.extend([f"<{''.join(identifier)}>"] if identifier else _phrase(words))
    return tuple(found)


def _phrase(words: list[Token]) -> list[str | Phrase]:
    text = "".join((" " if word.spaced else "") + word.text for word in words).strip(" ,")
    return [Phrase(decode_text(text))] if text else []


def parse_words(value: str) -> tuple[str, ...]:
    """A comma separated list of phrases, as in Keywords: each decoded, empty ones left out."""
    found: list[str] = []
    words: list[Token] = []
    for token in [*address_tokens(value), Token(Kind.SPECIAL, ",")]:
        if token.is_special(","):
            text = "".join((" " if word.spaced else "") + word.text for word in words).strip()
            found.extend([decode_text(text)] if text else [])
            words = []
        elif token.kind is not Kind.COMMENT:
            words.append(token)
    return tuple(found)
