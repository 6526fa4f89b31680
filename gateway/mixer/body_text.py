"""Text bodies: IA5, general text and teletex <-> text/plain (RFC 2157 6.1, 6.2, 6.7). Large bodies stay lazy."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.internet.message import Entity, entity
from gateway.internet.mime import ContentType
from gateway.internet.transfer_encodings import quoted_printable_body
from gateway.mixer.body_policy import body_policy
from gateway.mixer.descriptors import Scope
from gateway.mixer.eits import IA5_TEXT
from gateway.octets import MATERIALISE_LIMIT, ConcatOctets, FilterOctets, MemoryOctets, Octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart, IA5TextBodyPart, IA5TextParameters, TeletexBodyPart, TeletexParameters
from gateway.x400.charset_tables import SETS_94, SETS_96, SETS_MULTI
from gateway.x400.charsets import (
    DEFAULT_SETS,
    GENERAL_TEXT_CHARSETS,
    Repertoire,
    charset_of_registrations,
    choose_repertoire,
    decode_general,
    decode_t61,
    encode_general,
    guess_ia5_charset,
    guess_reading,
)
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, extended

LINE_LIMIT: Final = 998
_FORM_FEED: Final = "\x0c"
TELETEX: Final = "teletex"
"""The charset of octets of T.61 (RFC 2157 6.7)."""
KNOWN_REGISTRATIONS: Final = frozenset(
    {1, 77, 106, 107, 168, 196, *(one.registration for table in (SETS_94, SETS_96, SETS_MULTI) for one in table.values())}
)
"""ISO-IR numbers that a decoder knows what to do with: graphic sets, control sets, and UTF-8."""

_X_ISO: Final = "x-iso-"
_X_ISO_NUMBERS: Final = re.compile(r"x-iso-([0-9]{1,5}(?:-[0-9]{1,5}){0,19})")


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
class _Shape:
    """What a text is like, as far as transfer encodings care."""

    longest: int = 0
    ascii: bool = True
    controls: bool = False


def _shape(chunks: Iterable[bytes]) -> _Shape:
    shape, current = _Shape(), 0
    for chunk in chunks:
        shape.ascii = shape.ascii and chunk.isascii()
        shape.controls = shape.controls or b"\0" in chunk
        lines = chunk.split(b"\n")
        lengths = [current + len(lines[0]), *map(len, lines[1:])]
        shape.longest = max(shape.longest, *lengths)
        current = lengths[-1]
    return shape


def text_entity(octets: Octets, charset: str, fields: Iterable[tuple[str, str]] = (), *, bare: bool = False) -> Entity:
    """A text/plain entity of octets in a charset: as it is where SMTP takes it, else quoted-printable.

    Args:
        octets: The text, line ends CRLF.
        charset: For the parameter.
        fields: More header fields.
        bare: Leave Content-Type out of plain ASCII (RFC 2157 6.1: it is what is implied).
    """
    shape = _shape(octets.chunks())
    plain = shape.ascii and not shape.controls and shape.longest <= LINE_LIMIT
    if bare and plain and charset == "us-ascii":
        return entity([*fields], octets)
    typed = [*fields, ("Content-Type", ContentType(parameters={"charset": charset}).to_text())]
    if plain:
        return entity(typed, octets)
    return entity([*typed, ("Content-Transfer-Encoding", "quoted-printable")], quoted_printable_body(octets))


def entity_from_pieces(pieces: Callable[[], Iterator[str]], expected: int, preferred: str = "utf-8") -> Entity:
    """Text in the narrowest charset of us-ascii, ``preferred`` and UTF-8 that holds all of it."""
    charset = _charset_for(pieces(), preferred)
    encoder = codecs.getincrementalencoder(charset)
    return text_entity(lazy(lambda: _encoded(pieces(), encoder), expected * 2), charset)


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


# --- X.400 -> MIME
# ---------------------------------------------------------------------------------------------------------------------------


def entity_of_ia5(data: Octets, scope: Scope, *, bare: bool = False) -> Entity:
    """ia5-text -> text/plain. Octets above 7F are forbidden there and common all the same: their charset is guessed, bit 8 stays."""
    charset = guess_ia5_charset(data.chunks(), scope.context.policy.eight_bit_ia5)
    if charset != "us-ascii":
        scope.notes.add("ia5-text", "RFC 2157 6.1", f"8-bit octets, taken for {charset}")
    return text_entity(lazy(lambda: crlf(data.chunks()), len(data)), charset, bare=bare)


def entity_of_general_text(data: Octets, registrations: frozenset[int]) -> Entity:
    """general-text -> text/plain in the charset of its registrations, UTF-8 where there is none.

    Text in sets that cannot be read keeps its octets, in a charset that names the registrations (RFC 2157 6.2).
    """
    if not registrations <= KNOWN_REGISTRATIONS:
        charset = f"{_X_ISO}{'-'.join(map(str, sorted(registrations)))}"
        return _as_octets(lazy(lambda: crlf(data.chunks()), len(data)), charset)
    preferred = charset_of_registrations(registrations) or "utf-8"
    return entity_from_pieces(lambda: decode_general(data.chunks(), registrations), len(data), preferred)


def entity_of_teletex(part: TeletexBodyPart, scope: Scope) -> Entity:
    """Teletex -> text/plain, pages joined with form feeds (RFC 2157 6.7)."""
    if body_policy(scope.context.policy).teletex_charset == TELETEX:
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


def _ended(page: Octets) -> tuple[Octets | bytes, ...]:
    """A page with the form feed that 6.7 puts behind each one that has none."""
    return (page,) if page.read(len(page) - 1, len(page)) == b"\x0c" else (page, b"\x0c")


def _as_octets(octets: Octets, charset: str) -> Entity:
    """Text whose octets are kept; always encoded, since its line ends and controls are not those of text/plain."""
    kind = ContentType(parameters={"charset": charset}).to_text()
    return entity([("Content-Type", kind), ("Content-Transfer-Encoding", "quoted-printable")], quoted_printable_body(octets))


# --- MIME -> X.400
# ---------------------------------------------------------------------------------------------------------------------------


def ia5_part(octets: Octets) -> BodyPart:
    """An ia5-text body part of octets that are ASCII already."""
    return BodyPart(ia5_text=IA5TextBodyPart(parameters=IA5TextParameters(), data=octets))


def _is_ascii(item: Entity) -> bool:
    return all(piece.isascii() for piece in item.text())


def part_of_text(item: Entity, scope: Scope) -> tuple[BodyPart, tuple[str, ...]] | None:
    """text/plain -> ia5-text, or general-text where ISO 8859 suffices; with the types it makes. None where neither holds the text."""
    kept = _part_of_octets(item, scope)
    if kept is not None:
        return kept
    if _is_ascii(item):
        data = lazy(lambda: crlf(piece.encode("ascii") for piece in item.text()), len(item.body))
        return ia5_part(data), (IA5_TEXT,)
    if scope.context.policy.x400_version == 84 or not scope.context.policy.convert_charsets:
        return None
    repertoire = _repertoire(item)
    if repertoire.losses:
        scope.notes.add("text/plain", "RFC 2157 6.2", "has characters that no registered set has, and travels as an attachment")
        return None
    kind = EXTENDED_BODY_PART_TYPES[oids.ID_ET_GENERAL_TEXT]
    data = lazy(lambda: crlf(encode_general(item.text(), repertoire)), len(item.body) * 2)
    types = tuple(f"{oids.ID_CS_EIT_AUTHORITY}.{number}" for number in sorted(repertoire.registrations))
    return extended(kind, data, tuple(sorted(repertoire.registrations))), types


def _repertoire(item: Entity) -> Repertoire:
    """The sets of the text's own charset (the table of RFC 2157 6.2) where they have all of it, else the fewest that do."""
    own = GENERAL_TEXT_CHARSETS.get(item.charset.lower())
    if own is not None and not choose_repertoire(item.text(), tuple(one for one in DEFAULT_SETS if one in own)).losses:
        return Repertoire(registrations=own, losses=())
    return choose_repertoire(item.text())


def _part_of_octets(item: Entity, scope: Scope) -> tuple[BodyPart, tuple[str, ...]] | None:
    """The body part of a charset that only names octets of X.400: teletex (6.7), or x-iso with registrations (6.2)."""
    charset = item.content_type.charset.lower()
    if charset == TELETEX and len(item.body) <= MATERIALISE_LIMIT:
        pages = tuple(MemoryOctets(page) for page in item.content().to_bytes().removesuffix(b"\x0c").split(b"\x0c"))
        parameters = TeletexParameters(number_of_pages=len(pages))
        return BodyPart(teletex=TeletexBodyPart(parameters=parameters, data=pages)), (oids.ID_EIT_TELETEX,)
    match = _X_ISO_NUMBERS.fullmatch(charset)
    if match is None or scope.context.policy.x400_version == 84:
        return None
    registrations = tuple(sorted({int(one) for one in match[1].split("-")}))
    if not all(1 <= one <= 32767 for one in registrations):
        return None
    kind = EXTENDED_BODY_PART_TYPES[oids.ID_ET_GENERAL_TEXT]
    types = tuple(f"{oids.ID_CS_EIT_AUTHORITY}.{one}" for one in registrations)
    return extended(kind, item.content(), registrations), types


