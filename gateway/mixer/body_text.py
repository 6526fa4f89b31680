"""Text bodies of X.400 -> text/plain: IA5, general text, teletex and the lines of ISO 6937 (RFC 2157 6.1, 6.2, 6.7).

The other direction is `body_text_parts`. Large bodies stay lazy.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from gateway.internet.message import Entity, entity
from gateway.internet.mime import ContentType
from gateway.internet.transfer_encodings import base64_body, quoted_printable_body
from gateway.mixer.body_lines import crlf, lazy, shape_of
from gateway.mixer.descriptors import Scope
from gateway.octets import ConcatOctets, Octets
from gateway.x400.bodyparts import ISO6937TextBodyPart, TeletexBodyPart
from gateway.x400.charset_tables import SETS_94, SETS_96, SETS_MULTI
from gateway.x400.charsets import (
    charset_of_registrations,
    decode_general,
    decode_iso6937,
    decode_t61,
    decode_variant,
    guess_ia5_charset,
    guess_reading,
)

_FORM_FEED: Final = "\x0c"
TELETEX: Final = "teletex"
"""The charset of octets of T.61 (RFC 2157 6.7)."""
ASCII: Final = 6
KNOWN_REGISTRATIONS: Final = frozenset(
    {1, 77, 106, 107, 168, 196, *(one.registration for table in (SETS_94, SETS_96, SETS_MULTI) for one in table.values())}
)
"""ISO-IR numbers that a decoder knows what to do with: graphic sets, control sets, and UTF-8."""

X_ISO: Final = "x-iso-"
"""Begins the charset of text whose sets nobody can read, followed by their numbers (RFC 2157 6.2)."""


def text_entity(octets: Octets, charset: str, fields: Iterable[tuple[str, str]] = (), *, bare: bool = False) -> Entity:
    """A text/plain entity of octets in a charset: as it is where SMTP takes it, else quoted-printable.

    Args:
        octets: The text, line ends CRLF.
        charset: For the parameter.
        fields: More header fields.
        bare: Leave Content-Type out of plain ASCII (RFC 2157 6.1: it is what is implied).
    """
    plain = shape_of(octets.chunks()).plain
    if bare and plain and charset == "us-ascii":
        return entity([*fields], octets)
    typed = [*fields, ("Content-Type", ContentType(parameters={"charset": charset}).to_text())]
    if plain:
        return entity(typed, octets)
    return entity([*typed, ("Content-Transfer-Encoding", "quoted-printable")], quoted_printable_body(octets))


def entity_from_pieces(pieces: Callable[[], Iterator[str]], expected: int, preferred: str = "utf-8", *, bare: bool = False) -> Entity:
    """Text in the narrowest charset of us-ascii, ``preferred`` and UTF-8 that holds all of it."""
    charset = _charset_for(pieces(), preferred)
    encoder = codecs.getincrementalencoder(charset)
    return text_entity(lazy(lambda: _encoded(pieces(), encoder), expected * 2), charset, bare=bare)


def _charset_for(pieces: Iterable[str], preferred: str) -> str:
    ascii_only, fits = True, True
    for piece in pieces:
        ascii_only = ascii_only and piece.isascii()
        if fits and not piece.isascii():
            try:
                piece.encode(preferred)
            except (UnicodeError, LookupError):
                fits = False
    return "us-ascii" if ascii_only else preferred if fits else "utf-8"


def _encoded(pieces: Iterable[str], encoder: Callable[[str], codecs.IncrementalEncoder]) -> Iterator[bytes]:
    state = encoder("replace")
    yield from crlf(state.encode(piece) for piece in pieces)


def entity_of_ia5(data: Octets, scope: Scope, *, bare: bool = False) -> Entity:
    """ia5-text -> text/plain. Octets above 7F are forbidden there and common all the same: their charset is guessed, bit 8 stays.

    What is no text is delivered as a file of the same octets.
    """
    if shape_of(data.chunks()).is_data:
        # Peer: Microsoft Mail's table of body part types can send bitmaps as IA5 text.
        scope.notes.add("ia5-text", "RFC 2157 6.1", "is no text, since more than one octet in a hundred is a control; carried as a file")
        return entity([("Content-Type", "application/octet-stream"), ("Content-Transfer-Encoding", "base64")], base64_body(data))
    body = scope.context.policy.body
    if body.ia5_variant != ASCII:
        return entity_from_pieces(lambda: decode_variant(data.chunks(), body.ia5_variant), len(data), "iso-8859-1", bare=bare)
    charset = guess_ia5_charset(data.chunks(), body.eight_bit_ia5)
    if charset != "us-ascii":
        scope.notes.add("ia5-text", "RFC 2157 6.1", f"8-bit octets, taken for {charset}")
    return text_entity(lazy(lambda: crlf(data.chunks()), len(data)), charset, bare=bare)


def entity_of_general_text(data: Octets, registrations: frozenset[int]) -> Entity:
    """general-text -> text/plain in the charset of its registrations, UTF-8 where there is none.

    Text in sets that cannot be read keeps its octets, in a charset that names the registrations (RFC 2157 6.2).
    """
    if not registrations <= KNOWN_REGISTRATIONS:
        charset = f"{X_ISO}{'-'.join(map(str, sorted(registrations)))}"
        return _as_octets(lazy(lambda: crlf(data.chunks()), len(data)), charset)
    preferred = charset_of_registrations(registrations) or "utf-8"
    return entity_from_pieces(lambda: decode_general(data.chunks(), registrations), len(data), preferred)


def entity_of_teletex(part: TeletexBodyPart, scope: Scope) -> Entity:
    """Teletex -> text/plain, pages joined with form feeds (RFC 2157 6.7)."""
    if scope.context.policy.body.teletex_charset == TELETEX:
        scope.notes.add("teletex", "RFC 2157 6.7", "teletex parameters are lost")
        return _as_octets(ConcatOctets([piece for page in part.data for piece in _ended(page)]), TELETEX)
    scope.notes.add("teletex", "RFC 2157 6.7", "page structure and teletex parameters are lost")
    reading = scope.context.policy.t61_reading or guess_reading(chunk for page in part.data for chunk in page.chunks())

    def pieces() -> Iterator[str]:
        for number, page in enumerate(part.data, 1):
            last = ""
            for piece in decode_t61(page.chunks(), reading):
                yield piece
                last = piece[-1:] or last
            if number < len(part.data) and last != _FORM_FEED:
                yield _FORM_FEED

    return entity_from_pieces(pieces, sum(len(page) for page in part.data), "iso-8859-1")


def entity_of_iso6937(part: ISO6937TextBodyPart, scope: Scope) -> Entity:
    """Body part 13 -> text/plain: one element is one line, or a block of text where the peer's policy says so and it looks like it."""
    size = sum(len(line) for line in part.data) + 2 * len(part.data)
    if scope.context.policy.body.iso6937_chunks and _are_chunks(part.data):
        # Peer: OSIware cuts the text every 256 octets; its real line ends are LF inside.
        whole = ConcatOctets(part.data)
        return entity_from_pieces(lambda: decode_iso6937([whole.chunks()]), size, "iso-8859-1")

    def pieces() -> Iterator[str]:
        for line in part.data:
            yield from decode_iso6937([line.chunks()])
            yield "\r\n"

    return entity_from_pieces(pieces, size, "iso-8859-1")


def _are_chunks(lines: Sequence[Octets]) -> bool:
    """Several elements of one length, the last one perhaps shorter, with LF in them."""
    if len(lines) < 2 or not len(lines[0]):
        return False
    size = len(lines[0])
    equal = all(len(line) == size for line in lines[:-1]) and len(lines[-1]) <= size
    return equal and any(b"\n" in chunk for line in lines for chunk in line.chunks())


def _ended(page: Octets) -> tuple[Octets | bytes, ...]:
    """A page with the form feed that 6.7 puts behind each one that has none."""
    return (page,) if page.read(max(len(page) - 1, 0), len(page)) == b"\x0c" else (page, b"\x0c")


def _as_octets(octets: Octets, charset: str) -> Entity:
    """Text whose octets are kept; always encoded, since its line ends and controls are not those of text/plain."""
    kind = ContentType(parameters={"charset": charset}).to_text()
    return entity([("Content-Type", kind), ("Content-Transfer-Encoding", "quoted-printable")], quoted_printable_body(octets))
