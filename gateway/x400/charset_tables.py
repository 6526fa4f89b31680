"""Coded character sets of Teletex and general-text bodies, each as the 96 characters of one half of the code table.

Numbers are those of the ISO International Register (ISO-IR) and final octets those of its escape sequences (ISO 2022, ECMA-35).
The right-hand parts of ISO 8859 and the Asian sets come from Python's codecs; what Python does not have is written out here.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

UNDEFINED: Final = "\ufffd"
ACCENT_BASE: Final = 0xE000
"""Non-spacing accents stand in the tables as private characters U+E0C1..U+E0CF until they meet their letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphicSet:
    """One registered set of graphic characters.

    Attributes:
        registration: Number in the ISO International Register.
        size: 94 or 96 characters (positions 2/1 to 7/14, or 2/0 to 7/15); 8836 for the two-octet sets of 94 by 94.
        final: Final octet of the escape sequences that designate it.
        table: The 96 characters of columns 2 to 7; empty for a two-octet set.
        codec: Of a two-octet set: Python's codec that has it in its right half.
        lead: Of a two-octet set: octets that the codec wants in front of each character.
    """

    registration: int
    size: int
    final: int
    table: str = ""
    codec: str = ""
    lead: bytes = b""

    @property
    def octets(self) -> int:
        """Octets for one character."""
        return 2 if self.codec else 1


_ASCII = "".join(map(chr, range(0x20, 0x7F))) + "\x7f"


def _national(registration: int, final: int, changes: str) -> GraphicSet:
    """A national version of ISO 646: ``changes`` lists position and character pairs, such as ``#£``."""
    swap = str.maketrans(dict(zip(changes[::2], changes[1::2], strict=True)))
    return GraphicSet(registration=registration, size=94, final=final, table=_ASCII.translate(swap))


def _right_half(registration: int, final: int, codec: str) -> GraphicSet:
    table = bytes(range(0xA0, 0x100)).decode(codec, "replace")
    return GraphicSet(registration=registration, size=96, final=final, table=table)


def _two_octets(registration: int, final: int, codec: str, lead: bytes = b"") -> GraphicSet:
    return GraphicSet(registration=registration, size=94 * 94, final=final, codec=codec, lead=lead)


# ISO 6937 columns 10 to 15. ISO-IR 103, the Teletex set, is a subset of it: what it lacks is read all the same and never written.
_ISO_6937 = (
    "\u00a0¡¢£$¥#§¤‘“«←↑→↓"
    "°±²³×µ¶·÷’”»¼½¾¿"
    "\ufffd" + "".join(chr(ACCENT_BASE + octet) for octet in range(0xC1, 0xD0)) + "―¹®©™♪¬¦\ufffd\ufffd\ufffd\ufffd⅛⅜⅝⅞"
    "ΩÆĐªĦ\ufffdĲĿŁØŒºÞŦŊŉ"
    "ĸæđðħıĳŀłøœßþŧŋ\u00ad"
)
NOT_IN_TELETEX: Final = frozenset("\u00a0‘“←↑→↓’”―¹®©™♪¬¦⅛⅜⅝⅞\u00ad")
"""Characters of ISO 6937 that ISO-IR 103 does not have."""

IR_6: Final = GraphicSet(registration=6, size=94, final=0x42, table=_ASCII)
IR_87: Final = _two_octets(87, 0x42, "euc_jp")
IR_100: Final = _right_half(100, 0x41, "iso8859_1")
# T.61: 2/3 is read as the number sign and 2/4 as the currency sign; six positions of ASCII are empty.
IR_102: Final = GraphicSet(registration=102, size=94, final=0x75, table=_ASCII.replace("$", "¤"))
IR_103: Final = GraphicSet(registration=103, size=94, final=0x76, table=_ISO_6937)

SETS_94: Final[dict[int, GraphicSet]] = {
    one.final: one
    for one in (
        _national(2, 0x40, "$¤~‾"),
        _national(4, 0x41, "#£~‾"),
        IR_6,
        _national(10, 0x47, "$¤[Ä\\Ö]Å{ä|ö}å~‾"),
        _national(11, 0x48, "$¤@É[Ä\\Ö]Å^Ü`é{ä|ö}å~ü"),
        GraphicSet(
            registration=13,
            size=94,
            final=0x49,
            table=bytes(range(0xA0, 0x100)).decode("shift_jis", "replace")[:64].replace("\xa0", " ").ljust(96, UNDEFINED)[:96],
        ),
        _national(14, 0x4A, "\\¥~‾"),
        _national(15, 0x59, "#£@§\\ç]é`ù{à|ò}è~ì"),
        _national(16, 0x4C, "@§[Ã\\Ç]Õ{ã|ç}õ~°"),
        _national(17, 0x5A, "#£@§[¡\\Ñ]¿{°|ñ}ç"),
        _national(21, 0x4B, "@§[Ä\\Ö]Ü{ä|ö}ü~ß"),
        _national(25, 0x52, "#£@à[°\\ç]§{é|ù}è~¨"),
        _national(60, 0x60, "[Æ\\Ø]Å{æ|ø}å~‾"),
        _national(69, 0x66, "#£@à[°\\ç]§`µ{é|ù}è~¨"),
        IR_102,
        IR_103,
    )
}

SETS_96: Final[dict[int, GraphicSet]] = {
    one.final: one
    for one in (
        IR_100,
        _right_half(101, 0x42, "iso8859_2"),
        _right_half(109, 0x43, "iso8859_3"),
        _right_half(110, 0x44, "iso8859_4"),
        _right_half(126, 0x46, "iso8859_7"),
        _right_half(127, 0x47, "iso8859_6"),
        _right_half(138, 0x48, "iso8859_8"),
        _right_half(144, 0x4C, "iso8859_5"),
        _right_half(148, 0x4D, "iso8859_9"),
        GraphicSet(registration=156, size=96, final=0x52, table=_ISO_6937),
        _right_half(157, 0x56, "iso8859_10"),
        _right_half(166, 0x54, "iso8859_11"),
        _right_half(179, 0x59, "iso8859_13"),
        _right_half(199, 0x5F, "iso8859_14"),
        _right_half(203, 0x62, "iso8859_15"),
        _right_half(226, 0x66, "iso8859_16"),
    )
}

SETS_MULTI: Final[dict[int, GraphicSet]] = {
    # ISO-IR 42 (1978) and 168 (1990, same final octet as 87) differ from 87 in a handful of characters; Python reads all three as one.
    0x40: _two_octets(42, 0x40, "euc_jp"),
    0x41: _two_octets(58, 0x41, "gb2312"),
    0x42: IR_87,
    0x43: _two_octets(149, 0x43, "euc_kr"),
    0x44: _two_octets(159, 0x44, "euc_jp", b"\x8f"),
}

RIGHT_HAND_BY_REGISTRATION: Final[dict[int, GraphicSet]] = {one.registration: one for one in (*SETS_96.values(), IR_103)}

CODEC_BY_REGISTRATION: Final[dict[int, str]] = {
    100: "iso8859_1", 101: "iso8859_2", 109: "iso8859_3", 110: "iso8859_4", 144: "iso8859_5", 127: "iso8859_6", 126: "iso8859_7",
    138: "iso8859_8", 148: "iso8859_9", 166: "iso8859_11", 199: "iso8859_14", 203: "iso8859_15", 157: "iso8859_10", 179: "iso8859_13",
    226: "iso8859_16",
}  # fmt: skip
"""Right-hand parts that we write, in order of preference: registration -> Python codec."""

# ISO 6937 table 5 / T.51: accent octet -> combining character, spacing form, letters that take it.
ACCENTS: Final[dict[int, tuple[str, str, str]]] = {
    0xC1: ("\u0300", "`", "AEIOUaeiou"),
    0xC2: ("\u0301", "´", "ACEILNORSUYZacegilnorsuyz"),
    0xC3: ("\u0302", "^", "ACEGHIJOSUWYaceghijosuwy"),
    0xC4: ("\u0303", "~", "AINOUainou"),
    0xC5: ("\u0304", "¯", "AEIOUaeiou"),
    0xC6: ("\u0306", "˘", "AGUagu"),
    0xC7: ("\u0307", "˙", "CEGIZcegz"),
    0xC8: ("\u0308", "¨", "AEIOUYaeiouy"),
    0xC9: ("\u0308", "¨", "AEIOUYaeiouy"),  # umlaut of the first T.61, the same sign as diaeresis
    0xCA: ("\u030a", "˚", "AUau"),
    0xCB: ("\u0327", "¸", "CGKLNRSTcklnrst"),
    0xCC: ("\u0332", "_", ""),  # non-spacing underline: allowed with every character
    0xCD: ("\u030b", "˝", "OUou"),
    0xCE: ("\u0328", "˛", "AEIUaeiu"),
    0xCF: ("\u030c", "ˇ", "CDELNRSTZcdelnrstz"),
}


def _composed() -> dict[str, str]:
    """Placeholder and letter -> one character."""
    pairs = {
        chr(ACCENT_BASE + octet) + letter: unicodedata.normalize("NFC", letter + combining)
        for octet, (combining, _, letters) in ACCENTS.items()
        for letter in letters
    }
    # The registered name of C2 67 is "small g with acute", the glyph that Latvian uses for g with cedilla; ISO 6937 has no other form.
    return pairs | {chr(ACCENT_BASE + 0xC2) + "g": "ģ", chr(ACCENT_BASE + 0xCB) + "g": "ģ"}


COMPOSED: Final[dict[str, str]] = _composed()

APPROXIMATIONS: Final[dict[str, str]] = {
    "‘": "'", "’": "'", "‚": ",", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "―": "-", "−": "-", "…": "...", "•": "*", "€": "EUR",
    "©": "(C)", "®": "(R)", "™": "(TM)", "\u00a0": " ", "\u00ad": "-", "\t": " ", "{": "(", "}": ")", "[": "(", "]": ")", "\\": "/",
    "^": "'", "`": "'", "~": "-", "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d",
    "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "¡": "!", "¿": "?", "«": '"', "»": '"', "‹": "'", "›": "'", "×": "x", "÷": ":",
    "£": "GBP", "¥": "JPY", "¢": "ct", "§": "S", "¦": "|", "¬": "-", "‐": "-", "‑": "-",
}  # fmt: skip
"""What is written instead of a character that the set lacks; every use of it is reported as a loss."""


def approximate(character: str) -> str:
    """The ASCII text that stands for a character which cannot be expressed: its base letter, a customary spelling, or ``?``."""
    known = APPROXIMATIONS.get(character)
    if known is not None:
        return known
    plain = "".join(one for one in unicodedata.normalize("NFKD", character) if " " <= one <= "~")
    return plain or ("" if unicodedata.combining(character) else "?")
