"""The plan of a body: which part of a message became which body part, for people who want to know before it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.errors import GatewayError
from gateway.internet.message import Entity
from gateway.mixer.body import bp_type
from gateway.octets import MATERIALISE_LIMIT, Octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, basic_of, data_of, parameters_of

_CARRIERS = {
    oids.ID_ET_FILE_TRANSFER: "file-transfer",
    oids.ID_MIME_BP_DATA: "mime-body-part",
    oids.ID_ET_GENERAL_TEXT: "general-text",
}
_DEEPEST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One part of a body.

    Attributes:
        depth: 0 for the parts of the message itself, more inside forwarded messages and multiparts.
        kind: Content type of a MIME entity, or name of a body part.
        detail: Character set, file name and the like.
        octets: Size of the contents; None for what only holds other parts.
        digest: Of the contents, by which the same contents are known on the other side; empty for large ones.
    """

    depth: int
    kind: str
    detail: str = ""
    octets: int | None = None
    digest: str = ""

    def __str__(self) -> str:
        size = "" if self.octets is None else f", {self.octets} octets"
        return f"{'  ' * self.depth}{self.kind}{f' ({self.detail})' if self.detail else ''}{size}"


def digest_of(content: Octets) -> str:
    """A digest of contents that fit into memory; empty for larger ones."""
    return hashlib.sha256(content.to_bytes()).hexdigest() if len(content) <= MATERIALISE_LIMIT else ""


# --- MIME ----------------------------------------------------------------------------------------------------------------


def lines_of_entity(item: Entity, depth: int = 0) -> Iterator[Line]:
    """The parts of a MIME entity, in order."""
    kind = item.content_type
    inner = item.message if kind.essence == "message/rfc822" else None
    if depth < _DEEPEST and (item.is_multipart or inner is not None):
        yield Line(depth=depth, kind=kind.essence)
        for child in item.parts if inner is None else (inner,):
            yield from lines_of_entity(child, depth + 1)
        return
    content = item.content()
    words = [f"charset {kind.charset}"] if kind.type == "text" else []
    words += [f"{item.filename!r}"] if item.filename else []
    yield Line(depth=depth, kind=kind.essence, detail=", ".join(words), octets=len(content), digest=_entity_digest(item, content))


def _entity_digest(item: Entity, content: Octets) -> str:
    """Text is the same in whichever charset it comes back."""
    if item.content_type.essence == "text/plain" and len(content) <= MATERIALISE_LIMIT:
        return hashlib.sha256("".join(item.text()).rstrip("\r\n").encode()).hexdigest()
    return digest_of(content)


# --- X.400 ---------------------------------------------------------------------------------------------------------------


def lines_of_body(parts: Sequence[BodyPart], depth: int = 0) -> Iterator[Line]:
    """The body parts of an IPM, in order."""
    for part in parts:
        yield from _lines_of_part(basic_of(part), depth)


def _lines_of_part(part: BodyPart, depth: int) -> Iterator[Line]:
    if part.message is not None:
        yield Line(depth=depth, kind="message")
        if depth < _DEEPEST:
            yield from lines_of_body(part.message.data.body, depth + 1)
    elif part.ia5_text is not None:
        yield _leaf(depth, "ia5-text", "", part.ia5_text.data)
    elif part.teletex is not None:
        yield Line(depth=depth, kind="teletex", detail=f"{len(part.teletex.data)} pages", octets=sum(map(len, part.teletex.data)))
    elif part.bilaterally_defined is not None:
        yield _leaf(depth, "bilaterally-defined", "", part.bilaterally_defined)
    elif part.extended is not None:
        yield _extended(part, depth)
    else:
        yield Line(depth=depth, kind=part.chosen.replace("_", "-"))


def _leaf(depth: int, kind: str, detail: str, content: Octets) -> Line:
    return Line(depth=depth, kind=kind, detail=detail, octets=len(content), digest=digest_of(content))


def _extended(part: BodyPart, depth: int) -> Line:
    number = bp_type(part)
    kind = _CARRIERS.get(number) or (f"extended {number}" if number in EXTENDED_BODY_PART_TYPES else f"unknown {number}")
    try:
        return _leaf(depth, kind, _detail(part, number), _contents(part, number))
    except (GatewayError, TypeError):
        return Line(depth=depth, kind=kind)


def _contents(part: BodyPart, number: str) -> Octets:
    """What an extended body part carries.

    Raises:
        GatewayError: It does not decode.
        TypeError: It is no run of octets.
    """
    assert part.extended is not None
    data = data_of(part.extended)
    if number == oids.ID_ET_FILE_TRANSFER:
        data = data[0].encoding.octet_aligned or data[0].encoding.single_asn1_type
    if not isinstance(data, Octets):
        raise TypeError("no octets")
    return data


def _detail(part: BodyPart, number: str) -> str:
    assert part.extended is not None
    parameters = parameters_of(part.extended)
    if number == oids.ID_MIME_BP_DATA:
        return str(parameters.content_type)
    if number == oids.ID_ET_GENERAL_TEXT:
        return f"ISO-IR {', '.join(map(str, sorted(parameters or ())))}"
    if number != oids.ID_ET_FILE_TRANSFER or parameters is None:
        return ""
    attributes, environment = parameters.file_attributes, parameters.environment
    pathname = attributes.pathname.incomplete_pathname if attributes is not None and attributes.pathname is not None else None
    reference = environment.application_reference if environment is not None else None
    words = [repr(b"/".join(pathname).decode("latin-1"))] if pathname else []
    words += [f"application {reference.registered_identifier}"] if reference is not None and reference.registered_identifier else []
    return ", ".join(words)
