"""Internet messages: ordered header fields and a MIME tree over the octets as received (RFC 5322, 2045, 2046).

Parsing is lazy: only headers are read into memory; bodies are slices of the `Octets` the message came in, parts are
found when somebody asks for them. Nothing in here raises on what a sender wrote; what was odd is in `Entity.defects`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from gateway.internet import charsets
from gateway.internet.fields import Field
from gateway.internet.fields import field as build_field
from gateway.internet.mime import ContentType, Disposition, parse_content_type, parse_disposition, serialise_parameters
from gateway.internet.multipart import Layout, lay_out
from gateway.internet.tokens import without_comments
from gateway.internet.transfer_encodings import base64_body, decoded, is_known, quoted_printable_body
from gateway.octets import ConcatOctets, MemoryOctets, Octets, octets

__all__ = [
    "DEFAULT_LIMITS",
    "ContentType",
    "Disposition",
    "Entity",
    "Field",
    "Header",
    "Limits",
    "Message",
    "base64_body",
    "entity",
    "message",
    "parse",
    "parse_header",
    "quoted_printable_body",
    "serialise",
]

_FIELD = re.compile(rb"([\x21-\x39\x3b-\x7e]+)[ \t]*:")
_EMBEDDED = frozenset({"message/rfc822", "message/global"})
_NOTHING = MemoryOctets(b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a hostile message is looked at.

    Attributes:
        header: Octets of one header that are kept; fields beyond are left out (they stay in the octets).
        fields: Fields of one header.
        depth: Nesting of multiparts and messages.
        parts: Body parts in the whole message.
    """

    header: int = 512 * 1024
    fields: int = 5_000
    depth: int = 50
    parts: int = 10_000


DEFAULT_LIMITS = Limits()


class Header(tuple[Field, ...]):
    """The fields of a header in their order. Names are compared without case."""

    __slots__ = ()

    def get(self, name: str) -> Field | None:
        """The first field of this name."""
        return next((field for field in self if field.name.lower() == name.lower()), None)

    def all(self, name: str) -> tuple[Field, ...]:
        """Every field of this name, in order."""
        return tuple(field for field in self if field.name.lower() == name.lower())

    def value(self, name: str) -> str:
        """The unfolded value of the first field of this name; empty where there is none."""
        found = self.get(name)
        return found.value if found else ""

    def without(self, *names: str) -> Header:
        """The header less the fields of these names."""
        unwanted = {name.lower() for name in names}
        return Header(field for field in self if field.name.lower() not in unwanted)

    def serialise(self) -> bytes:
        """The header as it goes out, without the empty line after it."""
        return b"".join(field.serialise() for field in self)


class _Budget:
    """How many body parts of one message may still be made."""

    __slots__ = ("remaining",)

    def __init__(self, parts: int) -> None:
        self.remaining = parts


@dataclass(frozen=True, kw_only=True, eq=False)
class Entity:
    """A header and a body (RFC 2045 2.4); the parts, if any, are found when first asked for.

    Attributes:
        header: The fields as received or as built.
        body: The body as transmitted, transfer encoding and all.
    """

    header: Header
    body: Octets
    header_defects: tuple[str, ...] = ()
    default_type: str = "text/plain"
    depth: int = 0
    limits: Limits = DEFAULT_LIMITS
    budget: _Budget = field(default_factory=lambda: _Budget(DEFAULT_LIMITS.parts), repr=False)
    built: tuple[Entity, ...] | None = field(default=None, repr=False)

    @cached_property
    def content_type(self) -> ContentType:
        """The media type; the default of RFC 2045 5.2 (in a digest, of RFC 2046 5.1.5) where there is none to read."""
        found = self.header.get("Content-Type")
        parsed = parse_content_type(found.value) if found else None
        if parsed is not None:
            return parsed
        main, _, sub = self.default_type.partition("/")
        return ContentType(type=main, subtype=sub)

    @property
    def encoding(self) -> str:
        """The transfer encoding in lower case; ``7bit`` where there is no field."""
        value = without_comments(self.header.value("Content-Transfer-Encoding")).strip().strip('";').lower()
        return value or "7bit"

    @property
    def decodable(self) -> bool:
        """Whether the transfer encoding is known; an entity with another one is opaque (RFC 2045 6.4)."""
        return is_known(self.encoding)

    @cached_property
    def disposition(self) -> Disposition | None:
        """The content disposition (RFC 2183), None where there is none to read."""
        found = self.header.get("Content-Disposition")
        return parse_disposition(found.value) if found else None

    @property
    def filename(self) -> str:
        """The suggested file name: of Content-Disposition, else the ``name`` of Content-Type; empty where there is none."""
        named = self.disposition.filename if self.disposition else ""
        return named or self.content_type.parameters.get("name", "")

    @property
    def charset(self) -> str:
        """The charset parameter in lower case, ``us-ascii`` by default."""
        return self.content_type.charset

    @property
    def is_multipart(self) -> bool:
        """Whether this is a multipart whose parts can be told apart."""
        return self.content_type.type == "multipart" and bool(self.parts)

    @cached_property
    def layout(self) -> Layout | None:
        """Where the parts lie in the body; None where this is no multipart, or nested too deep."""
        boundary = self.content_type.parameters.get("boundary", "").rstrip(" ")
        if self.content_type.type != "multipart" or not boundary or self.depth >= self.limits.depth:
            return None
        return lay_out(self.body, boundary, max(self.budget.remaining, 1))

    @cached_property
    def parts(self) -> tuple[Entity, ...]:
        """The children of a multipart; empty for anything else, and where no part was found."""
        if self.built is not None:
            return self.built
        if self.layout is None:
            return ()
        self.budget.remaining -= len(self.layout.parts)
        return tuple(self._child(self.body.slice(start, end)) for start, end in self.layout.parts)

    def _child(self, content: Octets) -> Entity:
        header, body, defects = _read_header(content, self.limits)
        return Entity(
            header=header, body=body, header_defects=defects, depth=self.depth + 1, limits=self.limits, budget=self.budget,
            default_type="message/rfc822" if self.content_type.subtype == "digest" else "text/plain",
        )  # fmt: skip

    @cached_property
    def message(self) -> Message | None:
        """The message inside a message/rfc822 or message/global entity; None for anything else, or nested too deep."""
        if self.content_type.essence not in _EMBEDDED or self.depth >= self.limits.depth:
            return None
        header, body, defects = _read_header(self.content(), self.limits)
        return Message(header=header, body=body, header_defects=defects, depth=self.depth + 1, limits=self.limits, budget=self.budget)

    def content(self) -> Octets:
        """The body without its transfer encoding."""
        return decoded(self.body, self.encoding)

    def text(self) -> Iterator[str]:
        """The content as text, in pieces, line ends as they are; see `charsets` for what does not fit the charset."""
        decoder = charsets.incremental_decoder(self.charset)
        for chunk in self.content().chunks():
            yield _decode_piece(decoder, chunk, final=False)
        yield _decode_piece(decoder, b"", final=True)

    @cached_property
    def defects(self) -> tuple[str, ...]:
        """What was odd in this entity and in everything inside it, in words."""
        found = list(self.header_defects)
        if self.content_type.type == "multipart" and self.built is None:
            found.extend(self._multipart_defects())
        found.extend(defect for child in self.parts for defect in child.defects)
        if self.content_type.essence in _EMBEDDED:
            found.extend(self.message.defects if self.message else ("messages nested too deep",))
        return tuple(found)

    def _multipart_defects(self) -> tuple[str, ...]:
        if self.layout is not None:
            return self.layout.defects
        return ("multiparts nested too deep",) if self.depth >= self.limits.depth else ("a multipart without a boundary parameter",)

    def walk(self) -> Iterator[Entity]:
        """This entity and all below it, not into embedded messages; the outer one first."""
        yield self
        for child in self.parts:
            yield from child.walk()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Entity):
            return NotImplemented
        return self.header == other.header and self.body == other.body

    def __hash__(self) -> int:
        return hash((self.header, self.body))


def _decode_piece(decoder: object, chunk: bytes, *, final: bool) -> str:
    try:
        return decoder.decode(chunk, final)  # type: ignore[attr-defined, no-any-return]
    except UnicodeError:  # some multi-octet codecs of Python raise in spite of errors="replace"
        return chunk.decode("latin-1")


@dataclass(frozen=True, kw_only=True, eq=False)
class Message(Entity):
    """A whole message: an entity whose header has the fields of RFC 5322."""


def parse(content: Octets | bytes, limits: Limits = DEFAULT_LIMITS) -> Message:
    """Read a message. Never raises on what it says; CRLF and bare LF are accepted.

    Args:
        content: The message as received.
        limits: How much of it is looked at.
    """
    header, body, defects = _read_header(octets(content), limits)
    return Message(header=header, body=body, header_defects=defects, limits=limits, budget=_Budget(limits.parts))


def parse_header(content: Octets | bytes, limits: Limits = DEFAULT_LIMITS) -> Header:
    """Only the header of a message, or of a text/rfc822-headers part."""
    return _read_header(octets(content), limits)[0]


def _read_header(content: Octets, limits: Limits) -> tuple[Header, Octets, tuple[str, ...]]:
    """The fields, the body and the defects. A line that is no field ends the header and begins the body."""
    defects: list[str] = []
    fields: list[tuple[str, bytearray]] = []
    position = kept = 0
    for line, end in _lines(content):
        bare = line.rstrip(b"\r\n")
        if not bare:
            position = end
            break
        match = _FIELD.match(line)
        if bare[:1] in (b" ", b"\t") and fields:
            kept += len(line)
            if kept <= limits.header:
                fields[-1][1].extend(line)
        elif match:
            kept += len(line)
            if kept <= limits.header and len(fields) < limits.fields:
                fields.append((match.group(1).decode("ascii"), bytearray(line[match.end() :])))
        elif position == 0 and line.startswith((b"From ", b">From ")):
            defects.append("an mbox separator line before the header")
        else:
            defects.append("the header ends without an empty line")
            break
        position = end
    if kept > limits.header or len(fields) >= limits.fields:
        defects.append(f"the header is larger than {limits.header} octets or {limits.fields} fields; the rest was left out")
    header = Header(Field(name, _without_line_end(bytes(body))) for name, body in fields)
    return header, content.slice(position) if position < len(content) else _NOTHING, tuple(defects)


def _lines(content: Octets) -> Iterator[tuple[bytes, int]]:
    """Lines with their ends, and the offset after each. A line above 64 KiB comes in pieces that begin with a blank."""
    position, pending = 0, b""
    for chunk in content.chunks(16 * 1024):
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            position += len(line) + 1
            yield line + b"\n", position
        if len(pending) > 64 * 1024:
            position += len(pending)
            yield pending, position
            pending = b" "
            position -= 1
    if pending:
        yield pending, position + len(pending)


def _without_line_end(body: bytes) -> bytes:
    return body[:-2] if body.endswith(b"\r\n") else body[:-1] if body.endswith(b"\n") else body


def entity(fields: Iterable[Field | tuple[str, str]], body: Octets | bytes | Sequence[Entity], *, boundary: str | None = None) -> Entity:
    """Build an entity.

    Args:
        fields: In the order they go out; pairs are built with `gateway.internet.fields.field`.
        body: The body as transmitted (already transfer-encoded), or the children of a multipart.
        boundary: For a multipart without a boundary parameter; by default derived from the whole content, so that no
            content can hold it by intent or accident.
    """
    header = Header(_built(item) for item in fields)
    if isinstance(body, Octets | bytes):
        return Entity(header=header, body=octets(body))
    children = tuple(body)
    wires = [serialise(child) for child in children]
    named = _boundary_of(header)
    if not named:
        named = boundary or _boundary_for(wires)
        header = _with_boundary(header, named)
    return Entity(header=header, body=_joined(wires, named), built=children)


def message(fields: Iterable[Field | tuple[str, str]], body: Octets | bytes | Sequence[Entity], *, boundary: str | None = None) -> Message:
    """Build a message; see `entity`. The caller gives MIME-Version and every other field."""
    made = entity(fields, body, boundary=boundary)
    return Message(header=made.header, body=made.body, built=made.built)


def _built(item: Field | tuple[str, str]) -> Field:
    return item if isinstance(item, Field) else build_field(*item)


def _boundary_of(header: Header) -> str:
    parsed = parse_content_type(header.value("Content-Type"))
    return parsed.parameters.get("boundary", "") if parsed else ""


def _with_boundary(header: Header, boundary: str) -> Header:
    """The header with a Content-Type that has this boundary parameter; multipart/mixed where it had none to read."""
    found = header.get("Content-Type")
    if found is None or parse_content_type(found.value) is None:
        return Header([*header.without("Content-Type"), build_field("Content-Type", _grown("multipart/mixed", boundary))])
    return Header(build_field(item.name, _grown(item.value, boundary)) if item is found else item for item in header)


def _grown(value: str, boundary: str) -> str:
    return value + serialise_parameters({"boundary": boundary})


def _boundary_for(wires: Sequence[Octets]) -> str:
    """A boundary out of a digest of all content; ``=_`` occurs in neither base64 nor quoted-printable (RFC 2045 6.7)."""
    digest = hashlib.sha256()
    for wire in wires:
        digest.update(len(wire).to_bytes(8, "big"))
        for chunk in wire.chunks():
            digest.update(chunk)
    return "=_" + digest.hexdigest()[:40]


def _joined(wires: Sequence[Octets], boundary: str) -> Octets:
    mark = boundary.encode("utf-8", "replace")
    pieces: list[Octets | bytes] = []
    for number, wire in enumerate(wires):
        pieces += [b"--" if number == 0 else b"\r\n--", mark, b"\r\n", wire]
    return ConcatOctets([*pieces, b"\r\n--" if wires else b"--", mark, b"--\r\n"])


def serialise(item: Entity) -> Octets:
    """The octets of an entity or message: header with CRLF and no line above 998 octets, empty line, body as it is."""
    return ConcatOctets([item.header.serialise(), b"\r\n", item.body])
