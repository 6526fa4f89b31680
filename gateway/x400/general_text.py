"""General text: ISO 2022 octets and ISO-IR registrations <-> characters (X.420 Annex B, RFC 2157 6.2, RFC 1502).

Reading is `iso2022.Decoder`; writing picks one right-hand part of ISO 8859 for the whole text where one is enough, otherwise it switches
parts on the way, and uses JIS X 0208 as ISO-2022-JP does for Japanese.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from gateway.x400.charset_tables import CODEC_BY_REGISTRATION, IR_6, IR_87, IR_100, RIGHT_HAND_BY_REGISTRATION, SETS_94, approximate
from gateway.x400.iso2022 import Decoder

ASCII_TO_G0: Final = b"\x1b\x28\x42"
JIS_TO_G0: Final = b"\x1b\x24\x42"
INVOKE_G1_RIGHT: Final = b"\x1b\x7e"
"""LS1R: what is in G1 is used for the octets A0 to FF."""

JIS: Final = 87
DEFAULT_SETS: Final[tuple[int, ...]] = (*CODEC_BY_REGISTRATION, JIS)
"""Registrations that are used for writing when nobody chooses, in order of preference."""

_NOT_ASCII: Final = re.compile("[^\x00-\x7f]+")
_NATIONAL: Final = {one.registration: one for one in SETS_94.values() if one.registration not in (13, 102, 103)}


class GeneralText(NamedTuple):
    """A general-text body: octets, registrations for its parameters, and the characters that could not be expressed."""

    octets: bytes
    registrations: frozenset[int]
    losses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repertoire:
    """The sets that a text will be written with, found by a first pass over it.

    Attributes:
        registrations: For `GeneralTextParameters`; always has 6 (ASCII).
        losses: Characters that none of the allowed sets has, each once.
    """

    registrations: frozenset[int]
    losses: tuple[str, ...]


# RFC 2157 6.2: MIME charset <-> registrations, for text whose octets are copied. The prefix designates G0 and G1 and invokes G1.
# Deviation: RFC 2157 6.2 also prints ESC 2/1 4/1, which is no C1 designator; RFC 1502 asks for none, so none is written.
GENERAL_TEXT_CHARSETS: Final[dict[str, frozenset[int]]] = {
    "iso-8859-1": frozenset({6, 100}), "iso-8859-2": frozenset({6, 101}), "iso-8859-3": frozenset({6, 109}),
    "iso-8859-4": frozenset({6, 110}), "iso-8859-5": frozenset({6, 144}), "iso-8859-6": frozenset({6, 127}),
    "iso-8859-7": frozenset({6, 126}), "iso-8859-8": frozenset({6, 138}), "iso-8859-9": frozenset({6, 148}),
    "iso-2022-jp": frozenset({6, 14, 42, 87}),
}  # fmt: skip


def charset_of_registrations(registrations: Set[int]) -> str | None:
    """The MIME charset that RFC 2157 6.2 gives for a parameter set, None when there is none.

    Control sets (1 and 77) do not count and ISO-IR 2 counts as 6: real systems list {1, 6} and {1, 6, 100} (the aeronautical profile).
    """
    # Peer: AMHS terminals declare the C0 set 1 beside the graphic sets.
    significant = frozenset(6 if one == 2 else one for one in registrations) - {1, 77}
    if significant <= {6}:
        return "us-ascii"
    wanted = significant | {6}
    exact = next((charset for charset, numbers in GENERAL_TEXT_CHARSETS.items() if numbers == wanted), None)
    return exact or ("iso-2022-jp" if wanted <= GENERAL_TEXT_CHARSETS["iso-2022-jp"] | {13, 168} else None)


def designation_prefix(registrations: Set[int]) -> bytes:
    """The escape sequences in front of text in ASCII and one right-hand part (RFC 2157 6.2); empty when there is no right-hand part."""
    right = next((RIGHT_HAND_BY_REGISTRATION[one] for one in CODEC_BY_REGISTRATION if one in registrations), None)
    return ASCII_TO_G0 + bytes((0x1B, 0x2D, right.final)) + INVOKE_G1_RIGHT if right is not None else b""


def general_decoder(registrations: Set[int] = frozenset()) -> Decoder:
    """A decoder in the initial state that the parameters imply.

    X.209 puts nothing in G1, so octets above 7F before any designation have no meaning by the letter. The set that the parameters list
    is assumed, and Latin-1 where they list none.
    """
    # Peer: escape sequences are often left out and the parameters alone tell the right-hand part.
    right = next((RIGHT_HAND_BY_REGISTRATION[one] for one in sorted(registrations) if one in RIGHT_HAND_BY_REGISTRATION), IR_100)
    national = [_NATIONAL[one] for one in sorted(registrations) if one in _NATIONAL]
    left = IR_6 if not national or IR_6 in national else national[0]
    return Decoder(IR_6 if left.registration == 2 or JIS in registrations else left, right)


def decode_general(octets: Iterable[bytes], registrations: Set[int] = frozenset()) -> Iterator[str]:
    """Text of a GeneralString that arrives in chunks; octets without a meaning come out as U+FFFD."""
    decoder = general_decoder(registrations)
    for chunk in octets:
        yield decoder.feed(chunk)
    yield decoder.finish()


def text_from_general(octets: bytes, registrations: Set[int] = frozenset()) -> str:
    """Text of a short GeneralString with the registrations of its parameters."""
    return "".join(decode_general((octets,), registrations))


@lru_cache(maxsize=1 << 16)
def _has(registration: int, character: str) -> bool:
    if registration == JIS:
        return _jis_octets(character) is not None
    try:
        return character.encode(CODEC_BY_REGISTRATION[registration])[0] >= 0xA0
    except UnicodeEncodeError:
        return False


@lru_cache(maxsize=1 << 13)
def _jis_octets(character: str) -> bytes | None:
    """The two octets of a character of JIS X 0208, None when it is not one."""
    try:
        octets = character.encode(IR_87.codec)
    except UnicodeEncodeError:
        return None
    return bytes(one & 0x7F for one in octets) if len(octets) == 2 and octets[0] >= 0xA1 else None


def choose_repertoire(texts: Iterable[str], sets: tuple[int, ...] = DEFAULT_SETS) -> Repertoire:
    """Find the fewest sets for a text; a first pass, so that the parameters are known before the first octet is written.

    Args:
        texts: The whole text in pieces.
        sets: Registrations that may be used (keys of `CODEC_BY_REGISTRATION`, and 87), best first.
    """
    characters: dict[str, None] = {}
    for text in texts:
        characters.update(dict.fromkeys(one for run in _NOT_ASCII.findall(text) for one in run))
    losses = tuple(one for one in characters if not any(_has(registration, one) for registration in sets))
    right = [one for one in sets if one != JIS]
    remaining = [one for one in characters if one not in losses]
    chosen: set[int] = set()
    if any(not any(_has(registration, one) for registration in right) for one in remaining):
        # Only where Japanese is needed does its set also serve for the Greek and Cyrillic letters in it.
        chosen.add(JIS)
        remaining = [one for one in remaining if not _has(JIS, one)]
    while remaining:
        best = max(right, key=lambda registration: (sum(_has(registration, one) for one in remaining), -right.index(registration)))
        chosen.add(best)
        remaining = [one for one in remaining if not _has(best, one)]
    return Repertoire(registrations=frozenset({6, *chosen}), losses=losses)


def encode_general(texts: Iterable[str], repertoire: Repertoire) -> Iterator[bytes]:
    """Write a text with the sets that `choose_repertoire` found for it.

    Japanese returns to ASCII before anything else follows, so that every line ends in ASCII (RFC 1468).
    """
    order = [one for one in DEFAULT_SETS if one in repertoire.registrations]
    right = [one for one in order if one != JIS]
    current = right[0] if right else None
    yield designation_prefix(frozenset(right[:1]))
    for text in texts:
        pieces: list[bytes] = []
        position = 0
        for match in _NOT_ASCII.finditer(text):
            pieces.append(text[position : match.start()].encode("ascii"))
            written, current = _encode_run(match.group(), order, current)
            pieces.append(written)
            position = match.end()
        pieces.append(text[position:].encode("ascii"))
        yield b"".join(pieces)


def _encode_run(run: str, order: list[int], current: int | None) -> tuple[bytes, int | None]:
    """Characters outside ASCII: the octets, and the right-hand part that is designated behind them."""
    octets = bytearray()
    japanese = False
    for character in run:
        candidates = ([current] if current is not None else []) + order
        chosen = next((one for one in candidates if _has(one, character)), None)
        if japanese and chosen != JIS:
            octets += ASCII_TO_G0
            japanese = False
        if chosen is None:
            octets += approximate(character).encode("ascii", "replace")
        elif chosen == JIS:
            octets += (b"" if japanese else JIS_TO_G0) + (_jis_octets(character) or b"")
            japanese = True
        else:
            if chosen != current:
                octets += bytes((0x1B, 0x2D, RIGHT_HAND_BY_REGISTRATION[chosen].final))
                current = chosen
            octets += character.encode(CODEC_BY_REGISTRATION[chosen])
    return bytes(octets) + (ASCII_TO_G0 if japanese else b""), current


def general_from_text(text: str, sets: tuple[int, ...] = DEFAULT_SETS) -> GeneralText:
    """General text of a short text.

    Example:
        ``general_from_text("Café")`` gives octets ``1B 28 42 1B 2D 41 1B 7E 43 61 66 E9``, registrations {6, 100} and no losses.
    """
    repertoire = choose_repertoire((text,), sets)
    return GeneralText(b"".join(encode_general((text,), repertoire)), repertoire.registrations, repertoire.losses)
