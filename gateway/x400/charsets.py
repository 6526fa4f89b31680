"""The character sets of X.400 text: IA5, Teletex (T.61) and general text (ISO 2022).

One import for those who convert bodies and headers; the work is in `t61`, `general_text` and `iso2022`. Every writing function returns what
it could not express; every reading function shows octets without a meaning as U+FFFD.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Final

from gateway.x400.charset_tables import approximate
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
from gateway.x400.t61 import Encoded, Reading, T61Encoder, decode_t61, guess_reading, t61_from_text, text_from_t61

__all__ = [
    "DEFAULT_SETS",
    "GENERAL_TEXT_CHARSETS",
    "Encoded",
    "GeneralText",
    "Reading",
    "Repertoire",
    "T61Encoder",
    "charset_of_registrations",
    "choose_repertoire",
    "decode_general",
    "decode_ia5",
    "decode_t61",
    "designation_prefix",
    "encode_general",
    "general_from_text",
    "guess_ia5_charset",
    "guess_reading",
    "ia5_from_text",
    "t61_from_text",
    "text_from_general",
    "text_from_ia5",
    "text_from_t61",
]

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
