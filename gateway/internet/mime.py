"""Content-Type and Content-Disposition with their parameters: RFC 2045 5.1, RFC 2183, RFC 2231."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes, unquote_to_bytes

from gateway.internet import charsets
from gateway.internet.encoded_words import decode_text, quote, sanitise
from gateway.internet.tokens import without_comments

_TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+")
_SECTION = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")
_VALUE_LIMIT = 60
_PARAMETERS_LIMIT = 200
_ATTRIBUTE_CHARS = "!#$&+-.^_`{|}~"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentType:
    """A media type. ``parameters`` has lower case names; the values are decoded (RFC 2231, and RFC 2047 by leniency)."""

    type: str = "text"
    subtype: str = "plain"
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def essence(self) -> str:
        """``type/subtype`` in lower case."""
        return f"{self.type}/{self.subtype}"

    @property
    def charset(self) -> str:
        """The charset parameter in lower case; ``us-ascii`` where there is none."""
        return self.parameters.get("charset", "").strip().lower() or "us-ascii"

    def to_text(self) -> str:
        """The value of the field."""
        return self.essence + serialise_parameters(self.parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """A content disposition; ``kind`` is ``inline``, ``attachment`` or an extension, in lower case."""

    kind: str
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def filename(self) -> str:
        """The suggested file name, empty where there is none. It may hold anything, path separators too."""
        return self.parameters.get("filename", "")

    def to_text(self) -> str:
        """The value of the field."""
        return self.kind + serialise_parameters(self.parameters)


def parse_content_type(value: str) -> ContentType | None:
    """Read a Content-Type value; None where it is not one (RFC 2045 5.2: then take the default)."""
    essence, parameters = _split(value)
    main, slash, sub = essence.partition("/")
    main, sub = main.strip().lower(), sub.strip().lower()
    if not slash or not _TOKEN.fullmatch(main) or not _TOKEN.fullmatch(sub):
        return None
    return ContentType(type=main, subtype=sub, parameters=_parameters(parameters))


def parse_disposition(value: str) -> Disposition | None:
    """Read a Content-Disposition value; None where it is not one. An unknown kind is to be treated as attachment."""
    kind, parameters = _split(value)
    kind = kind.strip().lower()
    return Disposition(kind=kind, parameters=_parameters(parameters)) if _TOKEN.fullmatch(kind) else None


def _split(value: str) -> tuple[str, list[tuple[str, str, bool]]]:
    """The part before the first semicolon, and the parameters as (name, raw value, was quoted)."""
    pieces = _outside_quotes(without_comments(value))
    found: list[tuple[str, str, bool]] = []
    for piece in pieces[1 : _PARAMETERS_LIMIT + 1]:
        name, equals, raw = piece.partition("=")
        raw = raw.strip()
        if equals and raw.startswith('"'):
            found.append((name.strip().lower(), _unquote(raw), True))
        elif equals:
            found.append((name.strip().lower(), raw, False))
    return pieces[0], found


def _outside_quotes(value: str) -> list[str]:
    """Split at semicolons that stand outside quoted strings."""
    pieces, start, position, quoted = [], 0, 0, False
    while position < len(value):
        character = value[position]
        if character == "\\" and quoted:
            position += 1
        elif character == '"':
            quoted = not quoted
        elif character == ";" and not quoted:
            pieces.append(value[start:position])
            start = position + 1
        position += 1
    return [*pieces, value[start:]]


def _unquote(raw: str) -> str:
    r"""The meaning of a quoted string; what follows its end is ignored.

    # Peer: Windows senders put unescaped backslashes into file names (``"C:\TEMP\A.DOC"``); a backslash stays unless a
    quote or another backslash follows.
    """
    match = re.match(r'"((?:[^"\\]|\\.)*)', raw, re.DOTALL)
    return re.sub(r'\\(["\\])', r"\1", match.group(1)) if match else raw


def _parameters(raw: list[tuple[str, str, bool]]) -> dict[str, str]:
    """Put the sections of RFC 2231 together; the first of several with one name counts, an extended form beats a plain one."""
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value, _ in raw:
        match = _SECTION.fullmatch(name)
        if match is None:
            continue
        base, number, extended = match.groups()
        if number is None and extended is None:
            plain.setdefault(base, decode_text(value))
        else:
            sections.setdefault(base, {}).setdefault(int(number or 0), (value, extended is not None))
    return plain | {base: _joined(parts) for base, parts in sections.items()}


def _joined(sections: Mapping[int, tuple[str, bool]]) -> str:
    """RFC 2231 sections 3 and 4: sections 0, 1, ... up to the first gap; charset and language stand in the first."""
    charset = ""
    octets = bytearray()
    for index in sorted(sections):
        text, extended = sections[index]
        if extended and not charset and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
            charset = charset or "us-ascii"
        octets += unquote_to_bytes(text) if extended else text.encode("utf-8", "replace")
    return charsets.decode(bytes(octets), charset or "utf-8")


def serialise_parameters(parameters: Mapping[str, str]) -> str:
    """``; name=value`` for each parameter: a token, a quoted string, or the extended form of RFC 2231."""
    return "".join(f"; {text}" for name, value in parameters.items() for text in _parameter(name, value))


def _parameter(name: str, value: str) -> list[str]:
    name = "".join(_TOKEN.findall(name)).replace("*", "").replace("'", "").replace("%", "") or "x-unnamed"
    clean = sanitise(value)
    if clean.isascii() and len(clean) <= _VALUE_LIMIT * 4 and "=?" not in clean:
        return [f"{name}={clean if _TOKEN.fullmatch(clean) else quote(clean)}"]
    pieces = _cut(quote_from_bytes(clean.encode("utf-8"), safe=_ATTRIBUTE_CHARS))
    if len(pieces) == 1:
        return [f"{name}*=utf-8''{pieces[0]}"]
    return [f"{name}*{number}*={'' if number else chr(39).join(('utf-8', '', ''))}{piece}" for number, piece in enumerate(pieces)]


def _cut(encoded: str) -> list[str]:
    """Pieces of at most the limit that do not cut a ``%XX``."""
    pieces: list[str] = []
    while len(encoded) > _VALUE_LIMIT:
        cut = _VALUE_LIMIT
        cut = next((cut - back for back in (1, 2) if encoded[cut - back] == "%"), cut)
        pieces.append(encoded[:cut])
        encoded = encoded[cut:]
    return [*pieces, encoded]
