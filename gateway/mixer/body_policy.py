"""What RFC 2157 leaves to configuration about bodies: what `policy.PeerPolicy` holds as ``body`` (RFC 2157 2 and 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final

MICROSOFT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1.2.840.113556.4.2": "application/msword",
        "1.2.840.113556.4.3": "application/vnd.ms-excel",
        "1.2.840.113556.3.10.1": "application/ms-tnef",
        "1.2.840.113556.3.10.2": "application/octet-stream",
    }
)
"""What Microsoft's mail systems write."""


EMA_UNKNOWN: Final = "2.16.840.1.113694.2.2.1.1"
"""Application reference of a file of unknown type (EMA file transfer profile)."""


class Carrier(Enum):
    """What carries a MIME entity to X.400: file transfer, mime-body-part, HARPOON text or bilaterally-defined (RFC 2157 2, 3.1)."""

    FTBP = "ftbp"
    BP15 = "bp15"
    IA5 = "ia5"
    BP14 = "bp14"


class UnknownBody(Enum):
    """What becomes of a body part without an equivalence, in both directions (RFC 2157 2 step 5)."""

    ENCAPSULATE = "encapsulate"
    DROP = "drop"
    REJECT = "reject"


class Alternative(Enum):
    """Which variants of a multipart/alternative are sent."""

    ALL = "all"
    CHOOSE = "choose"


class Signed(Enum):
    """What becomes of multipart/signed (RFC 2157 7.3): HARPOON alone, its content in the clear before that, or its content alone."""

    HARPOON = "harpoon"
    BOTH = "both"
    STRIP = "strip"


class TextForm(Enum):
    """What carries text beyond ASCII: general-text, a teletex body part, or the lines of ISO 6937 in body part 13 (MOTIS)."""

    GENERAL_TEXT = "general-text"
    TELETEX = "teletex"
    ISO_6937 = "iso6937"


class FaxForm(Enum):
    """How a G3 facsimile looks in MIME: image/g3fax (RFC 2159), or TIFF of class F, which people can open."""

    G3FAX = "g3fax"
    TIFF = "tiff"


class FileNames(Enum):
    """Where the names of files in body part 14 travel: nowhere, or in a text part that lists them (the manifest of several products)."""

    NONE = "none"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyPolicy:
    """How one peer wants the bodies of its mail. What comes from it is read in every known form, whatever stands here.

    Attributes:
        octet_stream: What application/octet-stream becomes: body part 14 or FTBP, by RFC 2157 (6.3, 6.4).
        unknown_mime: What carries any other MIME entity without an equivalence (3.1).
        unknown_body: Whether such an entity, or body part, is carried, dropped with a marker, or rejects the message (2).
        applications: Content types by the application reference of a file, beside those of RFC 2157 and RFC 2158 (3.3).
        alternative: All variants of a multipart/alternative, or the plain text with the richest of the others (6.6).
        html_text: HTML that comes without a text variant is preceded by its text.
        open_tnef: A winmail.dat is opened, and what is in it is sent in its place.
        convert_charsets: Write text as general-text where ISO 8859 suffices; False sends it as an attachment.
        general_text_charsets: The charsets that go as general-text; empty: every one of RFC 2157 6.2.
        utf8_general_text: Text that no ISO 8859 charset holds goes as general-text in UTF-8 (ISO-IR 196) and not as an attachment.
        teletex_charset: ``teletex`` keeps the octets of a teletex body part as charset=teletex (6.7); otherwise they are converted.
        eight_bit_ia5: Charset in which 8-bit octets of ia5-text from this peer are read.
        strict_bodies: RFC 2157 to the letter where practice differs: the C1 sequence of 6.2, question marks in file names (2.3.1).
        text_form: What carries text beyond ASCII while `convert_charsets` holds. Teletex and ISO 6937 are known to 1984 systems too.
        text_preamble: Octets in front of every general-text; None writes the designations of RFC 2157 6.2.
        ia5_variant: ISO-IR number of the national version of ISO 646 that this peer means by ia5-text, both ways; 6 is ASCII.
        iso6937_chunks: Lines of equal length in body part 13 are blocks of a text whose lines end in LF.
        empty_text: A text part without text is sent, as one line end; False leaves it out where other parts follow.
        text_wrap: Longest line that is sent, in characters; longer ones are broken at blanks. 0 breaks none.
        text_longest_line: Text with a longer line, in octets, is sent as an attachment; 0 for no limit.
        file_names: Where the names of files in body part 14 are written, and looked for.
        bilateral_extended: Bilaterally defined body parts are written in the extended form (X.420 Annex B).
        file_reference: Application reference that is written for a file of no known type.
        join_files: A file transfer of several data values is one file in pieces; otherwise it is carried as it is (RFC 2157 3.3).
        native_parts: PKCS #7, voice, ODA, JPEG, GIF and PostScript go as the extended body parts that X.420, RFC 2158 and RFC 2160 have
            for them; their file names are lost.
        fax_form: What a G3 facsimile becomes; with ``tiff`` a TIFF of class F becomes a G3 facsimile too.
        signed: What becomes of multipart/signed.
    """

    octet_stream: Carrier = Carrier.FTBP
    unknown_mime: Carrier = Carrier.FTBP
    unknown_body: UnknownBody = UnknownBody.ENCAPSULATE
    applications: Mapping[str, str] = field(default_factory=lambda: MICROSOFT)
    alternative: Alternative = Alternative.ALL
    html_text: bool = False
    open_tnef: bool = True
    convert_charsets: bool = True
    general_text_charsets: frozenset[str] = frozenset()
    utf8_general_text: bool = False
    teletex_charset: str = ""
    eight_bit_ia5: str = "iso-8859-1"
    strict_bodies: bool = False
    text_form: TextForm = TextForm.GENERAL_TEXT
    text_preamble: bytes | None = None
    ia5_variant: int = 6
    iso6937_chunks: bool = False
    empty_text: bool = False
    text_wrap: int = 0
    text_longest_line: int = 0
    file_names: FileNames = FileNames.NONE
    bilateral_extended: bool = False
    file_reference: str = EMA_UNKNOWN
    join_files: bool = False
    native_parts: bool = False
    fax_form: FaxForm = FaxForm.G3FAX
    signed: Signed = Signed.HARPOON


def carried_by(carrier: Carrier) -> BodyPolicy:
    """The policy of a peer that takes attachments of every type in one carrier."""
    return BodyPolicy(octet_stream=carrier, unknown_mime=carrier)
