"""The character sets of X.400 text: IA5, Teletex (T.61) and general text (ISO 2022).

One import for those who convert bodies and headers; the work is in `t61`, `general_text` and `iso2022`. Every writing function returns what
it could not express; every reading function shows octets without a meaning as U+FFFD.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Final

from gateway.x400.charset_tables import IR_6, SETS_94, SETS_96, approximate
from gateway.x400.general_text import (
    DEFAULT_SETS,
    GENERAL_TEXT_CHARSETS,
    GeneralText,
    Repertoire,
    charset_of_registrations,
    choose_repertoire,
    decode_general,
    designation_prefix,
    encode_general,
    general_from_text,
    text_from_general,
)
from gateway.x400.iso2022 import Decoder
from gateway.x400.t61 import Encoded, Reading, T61Encoder, decode_t61, guess_reading, t61_from_text, text_from_t61

__all__ = [
    "DEFAULT_SETS",
    "GENERAL_TEXT_CHARSETS",
    "Encoded",
    "GeneralText",
    "NATIONAL_VARIANTS",
    "Reading",
    "Repertoire",
    "T61Encoder",
    "charset_of_registrations",
    "choose_repertoire",
    "decode_general",
    "decode_ia5",
    "decode_iso6937",
    "decode_t61",
    "designation_prefix",
    "decode_variant",
    "encode_general",
    "encode_variant",
    "general_from_text",
    "guess_ia5_charset",
    "guess_reading",
    "ia5_from_text",
    "t61_from_text",
    "text_from_general",
    "text_from_ia5",
    "text_from_t61",
]

NATIONAL_VARIANTS: Final[dict[int, str]] = {
    one.registration: one.table for one in SETS_94.values() if one.registration not in (13, 102, 103)
}
"""National versions of ISO 646 by ISO-IR number, such as 21 (German), 10 and 11 (Swedish), 60 (Norwegian): characters 2/0 to 7/15."""

_ISO_6937_FINAL: Final = 0x52
US_ASCII: Final = "us-ascii"
UTF_8: Final = "utf-8"


def guess_ia5_charset(octets: Iterable[bytes], eight_bit: str = "iso-8859-1") -> str:
    """The charset that an ia5-text body is really in: ``us-ascii``, ``utf-8`` where it is valid UTF-8, else ``eight_bit``.

    Octets above 7F are forbidden in IA5String and common all the same; bit 8 is never stripped (RFC 1428).
    """
    # Peer: MTAs of the nineties send Latin-1 in ia5-text, gateways of today UTF-8.
    decoder, seven_bit, utf8 = codecs.getincrementaldecoder("utf-8")(), True, True
    for chunk in octets:
        seven_bit = seven_bit and chunk.isascii()
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            return eight_bit
    try:
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        utf8 = False
    if seven_bit:
        return US_ASCII
    return UTF_8 if utf8 else eight_bit


def decode_ia5(octets: Iterable[bytes], charset: str) -> Iterator[str]:
    """Text of an IA5String that arrives in chunks, read in the charset that `guess_ia5_charset` or the peer's profile gave."""
    decoder = codecs.getincrementaldecoder(charset)("replace")
    for chunk in octets:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", True)


def text_from_ia5(octets: bytes, eight_bit: str = "iso-8859-1") -> str:
    """Text of a short IA5String, with the leniency of `guess_ia5_charset`."""
    return "".join(decode_ia5((octets,), guess_ia5_charset((octets,), eight_bit)))


def ia5_from_text(text: str) -> Encoded:
    """IA5 octets of a text; characters outside ASCII are approximated and returned as losses."""
    losses = tuple(one for one in dict.fromkeys(text) if not one.isascii())
    approximated = text.translate({ord(one): approximate(one) for one in losses})
    return Encoded(approximated.encode("ascii"), losses)


def decode_iso6937(lines: Iterable[Iterable[bytes]]) -> Iterator[str]:
    """Text of lines of ISO 6937, each in chunks; ASCII is on the left, the supplementary set (ISO-IR 156) on the right."""
    for line in lines:
        decoder = Decoder(IR_6, SETS_96[_ISO_6937_FINAL])
        for chunk in line:
            yield decoder.feed(chunk)
        yield decoder.finish()


def decode_variant(octets: Iterable[bytes], registration: int) -> Iterator[str]:
    """Text of an IA5String in a national version of ISO 646; octets above 7F are read as Latin-1."""
    table = _variant(registration)
    for chunk in octets:
        yield chunk.decode("latin-1").translate(table)


def encode_variant(text: str, registration: int) -> bytes | None:
    """Octets of a text in a national version of ISO 646; None where it has a character that the version lacks, ASCII ones too."""
    table = _variant(registration)
    lost = set(table) - set(map(ord, table.values()))
    if any(ord(one) in lost for one in set(text)):
        return None
    octets = text.translate({ord(character): code for code, character in table.items()})
    return octets.encode("ascii") if octets.isascii() else None


def _variant(registration: int) -> dict[int, str]:
    """ASCII code -> the character that the version has in its place."""
    changed = NATIONAL_VARIANTS.get(registration, IR_6.table)
    return {0x20 + at: one for at, one in enumerate(changed) if one != IR_6.table[at]}
