"""text/plain -> text bodies of X.400: IA5, general text, teletex and the lines of ISO 6937 (RFC 2157 6.1, 6.2, 6.7).

Which of them is the peer's policy; whatever is chosen holds all of the text, or none is made and the text travels as an attachment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gateway.internet.charsets import codec_name
from gateway.internet.message import Entity
from gateway.mixer.body_lines import crlf, lazy, shape_of, wrapped
from gateway.mixer.body_policy import BodyPolicy, TextForm
from gateway.mixer.body_text import ASCII, TELETEX, X_ISO
from gateway.mixer.descriptors import Scope
from gateway.mixer.eits import IA5_TEXT
from gateway.octets import MATERIALISE_LIMIT, MemoryOctets, Octets, octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart, IA5TextBodyPart, IA5TextParameters, TeletexBodyPart, TeletexParameters, iso6937_part
from gateway.x400.charsets import (
    DEFAULT_SETS,
    GENERAL_TEXT_CHARSETS,
    Repertoire,
    T61Encoder,
    choose_repertoire,
    designation_prefix,
    encode_general,
    encode_variant,
)
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, extended
from gateway.x400.general_text import UTF_8

_X_ISO_NUMBERS: Final = re.compile(rf"{X_ISO}([0-9]{{1,5}}(?:-[0-9]{{1,5}}){{0,19}})")
_UNSHOWN: Final = 20

Made = tuple[BodyPart, tuple[str, ...]]
"""A body part, and the object identifiers of the encoded information types that it brings."""


def ia5_part(octets: Octets) -> BodyPart:
    """An ia5-text body part of octets that are ASCII already."""
    return BodyPart(ia5_text=IA5TextBodyPart(parameters=IA5TextParameters(), data=octets))


def part_of_text(item: Entity, scope: Scope) -> Made | None:
    """text/plain -> the text body part that holds all of it, by the peer's policy; None where none does."""
    kept = _part_of_octets(item, scope)
    if kept is not None:
        return kept
    if codec_name(item.charset) is None:
        return _in_unknown_charset(item, scope)
    policy = scope.context.policy.body
    if policy.text_longest_line and shape_of(item.content().chunks()).longest > policy.text_longest_line:
        scope.notes.add("text/plain", "RFC 2157 2", f"has a line above {policy.text_longest_line} octets and travels as an attachment")
        return None
    if not len(item.body):
        return ia5_part(octets(b"\r\n")), (IA5_TEXT,)  # Peer: an IA5 text of no octets (16 00) makes Exchange refuse the message.
    text = _Text(item, scope)
    if text.fits_ia5():
        return ia5_part(text.ia5_octets()), (IA5_TEXT,)
    made = _beyond_ascii(text, scope) if policy.convert_charsets else None
    if made is None and text.ascii_only:
        scope.notes.add("text/plain", "RFC 2157 6.1", f"has characters that ISO-IR {policy.ia5_variant} lacks; sent in ASCII")
        return ia5_part(text.octets_of("ascii")), (IA5_TEXT,)
    return made


def _in_unknown_charset(item: Entity, scope: Scope) -> Made | None:
    """Text whose characters nobody here knows: seven-bit octets are taken as ASCII, others travel whole (RFC 2157 6.2)."""
    if all(chunk.isascii() for chunk in item.content().chunks()):
        scope.notes.add("Content-Type", "RFC 2157 6.1", f"the charset {item.charset[:80]!r} is not known; read as ASCII")
        return ia5_part(item.content()), (IA5_TEXT,)
    scope.notes.add("Content-Type", "RFC 2157 6.2", f"the charset {item.charset[:80]!r} is not known; the part travels as an attachment")
    return None


class _Text:
    """The text of an entity as often as it is needed, in pieces."""

    def __init__(self, item: Entity, scope: Scope) -> None:
        self._item, self._policy = item, scope.context.policy.body
        self.charset = item.charset.lower()
        self.length = len(item.body)
        self.ascii_only = all(piece.isascii() for piece in item.text())

    def pieces(self) -> Iterator[str]:
        """The text, wrapped where the peer wants it."""
        return wrapped(self._item.text(), self._policy.text_wrap)

    def fits_ia5(self) -> bool:
        """Whether the peer's IA5 holds all of it."""
        variant = self._policy.ia5_variant
        return self.ascii_only if variant == ASCII else all(encode_variant(one, variant) is not None for one in self._item.text())

    def ia5_octets(self) -> Octets:
        """Octets of the peer's IA5."""
        variant = self._policy.ia5_variant
        if variant == ASCII:
            return self.octets_of("ascii")
        return lazy(lambda: crlf(encode_variant(piece, variant) or b"" for piece in self.pieces()), self.length)

    def octets_of(self, codec: str) -> Octets:
        """Octets of a codec of Python that has all of it."""
        return lazy(lambda: crlf(piece.encode(codec) for piece in self.pieces()), self.length)


def _beyond_ascii(text: _Text, scope: Scope) -> Made | None:
    """The text in the form that the policy names; None where that form does not hold all of it."""
    form = scope.context.policy.body.text_form
    if form is TextForm.GENERAL_TEXT:
        return _general_text(text, scope) if scope.context.policy.x400_version != 84 else None
    losses = _losses_of_t61(text, keep_ascii=form is TextForm.ISO_6937)
    if losses:
        name = "ISO 6937" if form is TextForm.ISO_6937 else "T.61"
        scope.notes.add("text/plain", "RFC 2157 6.7", f"{name} lacks {' '.join(losses[:_UNSHOWN])}; the text travels as an attachment")
        return None
    if form is TextForm.ISO_6937:
        return iso6937_part(_lines_of_iso6937(text)), (oids.ID_EIT_UNKNOWN,)
    return _teletex_part(text), (oids.ID_EIT_TELETEX,)


def _losses_of_t61(text: _Text, *, keep_ascii: bool) -> tuple[str, ...]:
    encoder = T61Encoder(keep_ascii=keep_ascii)
    for piece in text.pieces():
        encoder.encode(piece)
        if encoder.losses:
            break
    return encoder.losses


def _teletex_part(text: _Text) -> BodyPart:
    """T.61 octets, a page for each form feed; of a very long text one page."""
    data = lazy(lambda: crlf(map(T61Encoder().encode, text.pieces())), text.length * 2)
    pages = _pages(data) if len(data) <= MATERIALISE_LIMIT else (data,)
    return BodyPart(teletex=TeletexBodyPart(parameters=TeletexParameters(number_of_pages=len(pages)), data=pages))


def _pages(data: Octets) -> tuple[Octets, ...]:
    return tuple(MemoryOctets(page) for page in data.to_bytes().removesuffix(b"\x0c").split(b"\x0c"))


def _lines_of_iso6937(text: _Text) -> Iterator[Octets]:
    """One element a line, without line ends."""
    encoder, held = T61Encoder(keep_ascii=True), b""
    for chunk in crlf(map(encoder.encode, text.pieces())):
        *lines, held = (held + chunk).split(b"\r\n")
        yield from map(MemoryOctets, lines)
    if held:
        yield MemoryOctets(held)


def _general_text(text: _Text, scope: Scope) -> Made | None:
    policy = scope.context.policy.body
    repertoire = _repertoire(text, policy)
    if repertoire is None:
        scope.notes.add("text/plain", "RFC 2157 6.2", f"{text.charset[:40]} is no charset that this peer takes; travels as an attachment")
        return None
    if repertoire.losses:
        scope.notes.add("text/plain", "RFC 2157 6.2", "has characters that no registered set has, and travels as an attachment")
        return None
    data = lazy(lambda: crlf(encode_general(text.pieces(), repertoire, _prefix(repertoire, policy))), text.length * 2)
    return _extended_text(data, tuple(sorted(repertoire.registrations)))


def _prefix(repertoire: Repertoire, policy: BodyPolicy) -> bytes | None:
    """What stands in front of the text, where it is not what `encode_general` writes by itself."""
    if policy.text_preamble is not None:
        return policy.text_preamble
    return designation_prefix(repertoire.registrations, strict=True) if policy.strict_bodies else None


def _repertoire(text: _Text, policy: BodyPolicy) -> Repertoire | None:
    """The sets of the text's own charset (the table of RFC 2157 6.2) where they have all of it, else the fewest that do.

    None: the policy lists charsets, and no set of theirs has any of it.
    """
    charsets = policy.general_text_charsets
    allowed = _sets(policy)
    if not allowed:
        return None
    own = GENERAL_TEXT_CHARSETS.get(text.charset)
    if own is not None and UTF_8 not in own and (not charsets or text.charset in charsets):
        sets = tuple(one for one in DEFAULT_SETS if one in own)
        if not choose_repertoire(text.pieces(), sets).losses:
            return Repertoire(registrations=own, losses=())
    return choose_repertoire(text.pieces(), allowed)


def _sets(policy: BodyPolicy) -> tuple[int, ...]:
    """The registrations that may be written, best first."""
    listed = frozenset().union(*(GENERAL_TEXT_CHARSETS.get(one.lower(), frozenset()) for one in policy.general_text_charsets))
    sets = tuple(one for one in DEFAULT_SETS if not policy.general_text_charsets or one in listed)
    return (*sets, UTF_8) if policy.utf8_general_text or UTF_8 in listed else sets


def _part_of_octets(item: Entity, scope: Scope) -> Made | None:
    """The body part of a charset that only names octets of X.400: teletex (6.7), or x-iso with registrations (6.2)."""
    charset = item.content_type.charset.lower()
    if charset == TELETEX and len(item.body) <= MATERIALISE_LIMIT:
        pages = _pages(item.content())
        parameters = TeletexParameters(number_of_pages=len(pages))
        return BodyPart(teletex=TeletexBodyPart(parameters=parameters, data=pages)), (oids.ID_EIT_TELETEX,)
    match = _X_ISO_NUMBERS.fullmatch(charset)
    if match is None or scope.context.policy.x400_version == 84:
        return None
    registrations = tuple(sorted({int(one) for one in match[1].split("-")}))
    return _extended_text(item.content(), registrations) if all(1 <= one <= 32767 for one in registrations) else None


def _extended_text(data: Octets, registrations: tuple[int, ...]) -> Made:
    kind = EXTENDED_BODY_PART_TYPES[oids.ID_ET_GENERAL_TEXT]
    return extended(kind, data, registrations), tuple(f"{oids.ID_CS_EIT_AUTHORITY}.{one}" for one in registrations)
