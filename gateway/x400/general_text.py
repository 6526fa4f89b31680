"""General text: ISO 2022 octets and ISO-IR registrations <-> characters (X.420 Annex B, RFC 2157 6.2, RFC 1502).

Reading is `iso2022.Decoder`; writing picks one right-hand part of ISO 8859 for the whole text where one is enough, otherwise it switches
parts on the way, and designates the two-octet sets of Japanese, Korean and Chinese to G0 as ISO-2022-JP does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from gateway.x400.charset_tables import (
    CODEC_BY_REGISTRATION,
    IR_6,
    IR_100,
    RIGHT_HAND_BY_REGISTRATION,
    SETS_94,
    SETS_MULTI,
    UNDEFINED,
    approximate,
)
from gateway.x400.iso2022 import Decoder

ASCII_TO_G0: Final = b"\x1b\x28\x42"
INVOKE_G1_RIGHT: Final = b"\x1b\x7e"
"""LS1R: what is in G1 is used for the octets A0 to FF."""

UTF_8_BEGIN, UTF_8_END = b"\x1b\x25\x47", b"\x1b\x25\x40"
"""Other coding system UTF-8 with return (ISO-IR 196), and the return."""
C1_OF_THE_RFC: Final = b"\x1b\x21\x41"
"""What RFC 2157 6.2 prints for C1; by ISO 2022 it designates a C0 set, and no reader was seen that asks for it."""

JIS, KS_C, GB, UTF_8 = 87, 149, 58, 196
TWO_OCTET_SETS: Final[dict[int, bytes]] = {JIS: b"\x1b\x24\x42", KS_C: b"\x1b\x24\x28\x43", GB: b"\x1b\x24\x41"}
"""Registration -> escape sequence that designates it to G0 (RFC 1468, RFC 1557, RFC 1922 with the finals of the register)."""
DEFAULT_SETS: Final[tuple[int, ...]] = (*CODEC_BY_REGISTRATION, *TWO_OCTET_SETS)
"""Registrations that are used for writing when nobody chooses, in order of preference."""

_NOT_ASCII: Final = re.compile("[^\x00-\x7f]+")
_MULTI: Final = {one.registration: one for one in SETS_MULTI.values()}
_MOST_CHARACTERS: Final = 30_000
"""More different characters than all sets have together: a text with more cannot be expressed, and is not searched to its end."""
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
    # "Similar procedures can be used with other MIME charsets" (6.2).
    "iso-8859-10": frozenset({6, 157}), "iso-8859-11": frozenset({6, 166}), "iso-8859-13": frozenset({6, 179}),
    "iso-8859-14": frozenset({6, 199}), "iso-8859-15": frozenset({6, 203}), "iso-8859-16": frozenset({6, 226}),
    "euc-kr": frozenset({6, KS_C}), "gb2312": frozenset({6, GB}), "utf-8": frozenset({6, UTF_8}),
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


def designation_prefix(registrations: Set[int], *, strict: bool = False) -> bytes:
    """The escape sequences in front of text in ASCII and one right-hand part (RFC 2157 6.2); empty when there is no right-hand part.

    Args:
        registrations: Of the text.
        strict: Write the C1 sequence that the RFC prints too.
    """
    right = next((RIGHT_HAND_BY_REGISTRATION[one] for one in CODEC_BY_REGISTRATION if one in registrations), None)
    if right is None:
        return b""
    return ASCII_TO_G0 + bytes((0x1B, 0x2D, right.final)) + (C1_OF_THE_RFC if strict else b"") + INVOKE_G1_RIGHT


def general_decoder(registrations: Set[int] = frozenset()) -> Decoder:
    """A decoder in the initial state that the parameters imply.

    X.209 puts nothing in G1, so octets above 7F before any designation have no meaning by the letter. The set that the parameters list
    is assumed, and Latin-1 where they list none.
    """
    # Peer: escape sequences are often left out and the parameters alone tell the right-hand part.
    right = next((RIGHT_HAND_BY_REGISTRATION[one] for one in sorted(registrations) if one in RIGHT_HAND_BY_REGISTRATION), IR_100)
    national = [_NATIONAL[one] for one in sorted(registrations) if one in _NATIONAL]
    left = IR_6 if not national or IR_6 in national else national[0]
    decoder = Decoder(IR_6 if left.registration == 2 or JIS in registrations else left, right)
    if UTF_8 in registrations:
        decoder.begin_utf_8()
    return decoder


def decode_general(octets: Iterable[bytes], registrations: Set[int] = frozenset()) -> Iterator[str]:
    """Text of a GeneralString that arrives in chunks; octets without a meaning come out as U+FFFD."""
    decoder = general_decoder(registrations)
    for chunk in octets:
        yield decoder.feed(chunk)
    yield decoder.finish()


def text_from_general(octets: bytes, registrations: Set[int] = frozenset()) -> str:
    """Text of a short GeneralString with the registrations of its parameters."""
    return "".join(decode_general((octets,), registrations))


@cache
def _codes(registration: int) -> Mapping[str, bytes]:
    """The characters of a set that are not ASCII, with their octets in the half of the code table where we write them."""
    if registration in TWO_OCTET_SETS:
        codec = _MULTI[registration].codec
        pairs = (bytes((row, cell)) for row in range(0xA1, 0xFF) for cell in range(0xA1, 0xFF))
        read = ((pair.decode(codec, "replace"), bytes((pair[0] & 0x7F, pair[1] & 0x7F))) for pair in pairs)
    else:
        read = ((bytes((code,)).decode(CODEC_BY_REGISTRATION[registration], "replace"), bytes((code,))) for code in range(0xA0, 0x100))
    return {text: octets for text, octets in read if len(text) == 1 and text != UNDEFINED}


def choose_repertoire(texts: Iterable[str], sets: tuple[int, ...] = DEFAULT_SETS) -> Repertoire:
    """Find the fewest sets for a text; a first pass, so that the parameters are known before the first octet is written.

    Args:
        texts: The whole text in pieces.
        sets: Registrations that may be used (keys of `CODEC_BY_REGISTRATION` and `TWO_OCTET_SETS`, and 196 for UTF-8), best first.

    Returns:
        The sets. UTF-8 serves for the whole text where it is allowed and the other sets do not suffice; then nothing is lost.
    """
    characters: dict[str, None] = {}
    for text in texts:
        characters.update(dict.fromkeys(one for run in _NOT_ASCII.findall(text) for one in run))
        if len(characters) > _MOST_CHARACTERS:
            break
    plain = tuple(one for one in sets if one != UTF_8)
    missing = characters.keys() - set().union(*(_codes(registration).keys() for registration in plain))
    losses = tuple(one for one in characters if one in missing)
    if losses and UTF_8 in sets:
        return Repertoire(registrations=frozenset({6, UTF_8}), losses=())
    return Repertoire(registrations=frozenset({6, *_fewest(characters.keys() - missing, plain)}), losses=losses)


def _fewest(characters: Set[str], sets: tuple[int, ...]) -> set[int]:
    """Sets that together have all of the characters, which each are in one."""
    right = [one for one in sets if one not in TWO_OCTET_SETS]
    chosen: set[int] = set()
    remaining = set(characters)
    # Only where Japanese, Korean or Chinese is needed does its set also serve for the Greek and Cyrillic letters in it.
    asian = remaining.difference(*(_codes(registration).keys() for registration in right))
    while asian:
        best = _best(asian, [one for one in sets if one in TWO_OCTET_SETS])
        chosen.add(best)
        asian -= _codes(best).keys()
        remaining -= _codes(best).keys()
    while remaining:
        best = _best(remaining, right)
        chosen.add(best)
        remaining -= _codes(best).keys()
    return chosen


def _best(characters: Set[str], sets: list[int]) -> int:
    return max(sets, key=lambda registration: (len(characters & _codes(registration).keys()), -sets.index(registration)))


def encode_general(texts: Iterable[str], repertoire: Repertoire, prefix: bytes | None = None) -> Iterator[bytes]:
    """Write a text with the sets that `choose_repertoire` found for it.

    Two-octet sets return to ASCII before anything else follows, so that every line ends in ASCII (RFC 1468).

    Args:
        texts: The text in pieces.
        repertoire: Its sets.
        prefix: Octets in front of it instead of the designations of RFC 2157 6.2, for a peer that insists on a form of its own.
    """
    if UTF_8 in repertoire.registrations:
        yield UTF_8_BEGIN if prefix is None else prefix
        yield from (text.encode("utf-8", "replace") for text in texts)
        yield UTF_8_END
        return
    order = [one for one in DEFAULT_SETS if one in repertoire.registrations]
    right = [one for one in order if one not in TWO_OCTET_SETS]
    current = right[0] if right else None
    yield designation_prefix(frozenset(right[:1])) if prefix is None else prefix
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
    left = 6
    for character in run:
        candidates = ([current] if current is not None else []) + order
        chosen = next((one for one in candidates if character in _codes(one)), None)
        if left != 6 and chosen != left:
            octets += ASCII_TO_G0
            left = 6
        if chosen is None:
            octets += approximate(character).encode("ascii", "replace")
        elif chosen in TWO_OCTET_SETS:
            octets += (b"" if left == chosen else TWO_OCTET_SETS[chosen]) + _codes(chosen)[character]
            left = chosen
        else:
            if chosen != current:
                octets += bytes((0x1B, 0x2D, RIGHT_HAND_BY_REGISTRATION[chosen].final))
                current = chosen
            octets += _codes(chosen)[character]
    return bytes(octets) + (ASCII_TO_G0 if left != 6 else b""), current


def general_from_text(text: str, sets: tuple[int, ...] = DEFAULT_SETS) -> GeneralText:
    """General text of a short text.

    Example:
        ``general_from_text("Café")`` gives octets ``1B 28 42 1B 2D 41 1B 7E 43 61 66 E9``, registrations {6, 100} and no losses.
    """
    repertoire = choose_repertoire((text,), sets)
    return GeneralText(b"".join(encode_general((text,), repertoire)), repertoire.registrations, repertoire.losses)
