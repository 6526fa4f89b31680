"""Names of character sets as mail uses them, and the decoders behind them."""

from __future__ import annotations

import codecs

# Names that mail uses and Python's registry lacks, or where the field means a superset.
_ALIASES = {
    "ansi_x3.4-1968": "us-ascii",
    "ansi_x3.4-1986": "us-ascii",
    "iso-8859-6-e": "iso-8859-6",
    "iso-8859-6-i": "iso-8859-6",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-8-i": "iso-8859-8",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "x-unknown": "us-ascii",
    "unknown-8bit": "us-ascii",
    "windows-874": "cp874",
    "x-sjis": "cp932",
    "x-euc-jp": "euc-jp",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
}
# Codecs of Python that are not character sets: they raise on input, or interpret escapes.
_NOT_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"})
_FALLBACK = "gateway.internet.latin1"


def _octets_as_latin1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(_FALLBACK, _octets_as_latin1)


def codec_name(charset: str) -> str | None:
    """Python's name for a MIME charset, None for one we do not know.

    Args:
        charset: As in the parameter, in any case; a language suffix (RFC 2231 section 5) must be gone.
    """
    name = charset.strip().lower()
    name = _ALIASES.get(name, name)
    if not name or not name.isascii() or not name.isprintable():
        return None
    try:
        found = codecs.lookup(name).name
        b"a".decode(found, "replace")  # a codec that is no text encoding is refused here
    except (LookupError, ValueError):
        return None
    return None if found.replace("-", "_") in _NOT_CHARSETS else found


def incremental_decoder(charset: str) -> codecs.IncrementalDecoder:
    """A decoder that never fails.

    US-ASCII is read as UTF-8 (RFC 6532, and what senders do). In UTF-8 an octet that does not fit is read as Latin-1;
    other character sets give U+FFFD. An unknown character set is read like US-ASCII.
    """
    name = codec_name(charset) or "ascii"
    if name in ("ascii", "utf-8"):
        return codecs.getincrementaldecoder("utf-8")(errors=_FALLBACK)
    return codecs.getincrementaldecoder(name)(errors="replace")


def decode(octets: bytes, charset: str = "us-ascii") -> str:
    """Octets as text; see `incremental_decoder` for what happens to what does not fit."""
    try:
        return incremental_decoder(charset).decode(octets, True)
    except UnicodeError:  # some multi-octet codecs of Python raise in spite of errors="replace"
        return octets.decode("latin-1")
