"""IPM body <-> MIME entity (RFC 2157): the registry of equivalences and the structure around it.

Text is in `body_text`, everything that is carried rather than mapped in `attachments`; here is what decides between them, multiparts and
forwarded messages. The two directions of whole messages meet in `convert`, which hands the recursion in (`Nested`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway import asn1
from gateway.errors import GatewayError
from gateway.internet.fields import Field
from gateway.internet.message import Entity, Message, entity, parse
from gateway.mixer import attachments, body_text, fax
from gateway.mixer.descriptors import Scope
from gateway.mixer.eits import IA5_TEXT
from gateway.mixer.heading import carried_field
from gateway.octets import Octets, octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BODY_PART_NUMBERS, BodyPart, MessageBodyPart, MessageParameters
from gateway.x400.extended_bodyparts import basic_of, data_of, parameters_of
from gateway.x400.heading_extensions import MultipartType, MultipartTypeV1, value_of
from gateway.x400.ipm import IPM, Heading, IPMSExtension

X400_BP: Final = "application/x400-bp"
"""Content type that carries the encoding of a body part without an equivalent (RFC 2157 3.2)."""

DEPTH_LIMIT: Final = 16
"""How deep forwarded messages are converted; a deeper one travels as it is."""

_HARPOON: Final = re.compile(rb"MIME-Version:\s*1\.0\b", re.IGNORECASE)
_HEADERS_PART: Final = re.compile(rb"RFC-822-Headers:?[ \t]*\r?\n", re.IGNORECASE)
_OF_THE_BODY: Final = frozenset({"content-id", "content-description"})
"""Fields of a message that the heading leaves to the body (`heading.ELSEWHERE`) and that are not about its coding."""
_SIGNED: Final = frozenset({"signed", "encrypted"})
_SUBJECTS: Final[dict[str, bytes]] = {
    "mixed": b"Multipart Message",
    "alternative": b"Alternative Body Parts containing the same information",
    "digest": b"Message Digest",
    "parallel": b"Body Parts interpreted in parallel",
}
"""Subject of the forwarded message that stands for a nested multipart (RFC 2157 6.6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The body of an IPM.

    Attributes:
        parts: Body parts in order.
        types: Object identifiers of the encoded information types in them, nested messages too.
        extensions: Heading extensions that the structure needs (multipart-message-v2).
        newer: It holds what X.400(1984) does not have, so that the content is P22.
    """

    parts: tuple[BodyPart, ...]
    types: tuple[str, ...]
    extensions: tuple[IPMSExtension, ...] = ()
    newer: bool = False


IpmFromMessage = Callable[[Message, Scope], tuple[IPM, Body]]
"""Converts an embedded Internet message; from `convert`."""

MessageFromIpm = Callable[[IPM, MessageParameters, Scope], Message]
"""Converts a forwarded IPM; from `convert`."""

# --- MIME -> X.400
# -----------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyMaker:
    """Makes IPM bodies of MIME entities."""

    scope: Scope
    forwarded: IpmFromMessage
    invented: Callable[[str], Any]
    depth: int = 0
    counter: list[int] = field(default_factory=lambda: [0])

    def body(self, item: Entity) -> Body:
        """The body of a message: parts of an outermost multipart become body parts directly (RFC 2157 6.6)."""
        if item.header.get("MIME-Version") is None and item.header.get("Content-Type") is None:
            return self._plain(item)
        if item.is_multipart and item.content_type.subtype not in _SIGNED:
            return self._outermost(item)
        parts, types = self._part(item, whole=True)
        return Body(parts=parts, types=types, newer=_is_newer(parts))

    def _plain(self, item: Entity) -> Body:
        """No MIME-Version: one ia5-text part (RFC 2157 2.1); 8-bit octets are read as the text they probably are."""
        parts, types = self._text(item, whole=True)
        return Body(parts=parts, types=types, newer=_is_newer(parts))

    def _outermost(self, item: Entity) -> Body:
        self._note_lost(item, "multipart", whole=True, parameters=("boundary",))
        parts, types = self._children(item)
        extensions: tuple[IPMSExtension, ...] = ()
        if item.content_type.subtype != "mixed":
            extensions = self._marked(item.content_type.subtype, outermost=True)
        return Body(parts=parts, types=types, extensions=extensions, newer=bool(extensions) or _is_newer(parts))

    def _marked(self, subtype: str, *, outermost: bool) -> tuple[IPMSExtension, ...]:
        """The extension multipart-message-v2; a 1984 peer takes none, the subtype is then lost."""
        if self.scope.context.policy.x400_version == 84:
            self.scope.notes.add(f"multipart/{subtype}", "RFC 2157 6.6", "sent as multipart/mixed to a 1984 system")
            return ()
        return (IPMSExtension(type_=oids.ID_HEX_MULTIPART_MESSAGE_V2, value=MultipartType(subtype=subtype[:64], is_a_message=outermost)),)

    def _children(self, item: Entity) -> tuple[tuple[BodyPart, ...], tuple[str, ...]]:
        parts: list[BodyPart] = []
        types: dict[str, None] = {}
        for child in item.parts:
            made, of_child = self._part(child, whole=False)
            parts += made
            types |= dict.fromkeys(of_child)
        return tuple(parts), tuple(types)

    def _part(self, item: Entity, *, whole: bool) -> tuple[tuple[BodyPart, ...], tuple[str, ...]]:
        kind = item.content_type
        if kind.essence == "text/plain" and item.decodable and not _is_file(item):
            return self._text(item, whole=whole)
        if kind.essence == X400_BP:
            restored = self._restored(item)
            if restored is not None:
                return restored
        if kind.essence == fax.G3FAX and item.decodable and (page := fax.part_of_fax(item)) is not None:
            return (page,), (oids.ID_EIT_G3_FACSIMILE,)
        if kind.essence == "message/rfc822" and item.message is not None and self.depth < DEPTH_LIMIT:
            self._note_lost(item, "forwarded message", whole=whole, parameters=())
            return self._message(item.message)
        if item.is_multipart and kind.subtype not in _SIGNED and self.depth < DEPTH_LIMIT:
            return self._nested(item)
        if kind.type == "multipart" or kind.essence in ("message/partial", "message/external-body"):
            # Signatures cover the encoded form, and the parts of a partial message make no sense alone: the entity travels as it is.
            return (attachments.harpoon_part(item, self.scope),), (IA5_TEXT,)
        part, types = attachments.attachment_part(item, self.scope, whole=whole)
        return (part,), types

    def _text(self, item: Entity, *, whole: bool) -> tuple[tuple[BodyPart, ...], tuple[str, ...]]:
        made = body_text.part_of_text(item, self.scope)
        if made is not None:
            self._note_lost(item, "text part", whole=whole, parameters=("charset",))
            return (made[0],), made[1]
        part, types = attachments.attachment_part(item, self.scope, whole=whole)
        return (part,), types

    def _note_lost(self, item: Entity, what: str, *, whole: bool, parameters: Sequence[str]) -> None:
        """Name what of an entity no body part has a place for; of a whole message that is what the heading does not carry either."""
        notes, section = self.scope.notes, "RFC 2157 6.1"
        for one in item.header.without("Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version"):
            if not whole or one.name.lower() in _OF_THE_BODY:
                notes.add(one.name, section, f"of a {what} was dropped: {one.value[:80]}")
        known = (*parameters, "name") if item.filename else parameters
        lost = "; ".join(f"{name}={value}" for name, value in item.content_type.parameters.items() if name not in known)
        if lost:
            notes.add("Content-Type", section, f"parameters of a {what} were dropped: {lost[:80]}")
        if item.filename:
            notes.add("Content-Disposition", section, f"the file name of a {what} was dropped: {item.filename[:80]}")
        if item.header_defects and not whole:
            notes.add("header", "RFC 2046 5.1", f"of a {what}: {'; '.join(item.header_defects)}")

    def _message(self, inner: Message) -> tuple[tuple[BodyPart, ...], tuple[str, ...]]:
        ipm, body = self.forwarded(inner, self.scope)
        return (BodyPart(message=MessageBodyPart(parameters=MessageParameters(), data=ipm)),), body.types

    def _nested(self, item: Entity) -> tuple[tuple[BodyPart, ...], tuple[str, ...]]:
        """A multipart inside a multipart: a forwarded message whose heading says so (RFC 2157 6.6)."""
        self._note_lost(item, "multipart", whole=False, parameters=("boundary",))
        inner = BodyMaker(scope=self.scope, forwarded=self.forwarded, invented=self.invented, depth=self.depth + 1, counter=self.counter)
        parts, types = inner._children(item)
        subtype = item.content_type.subtype
        self.counter[0] += 1
        heading = Heading(
            this_ipm=self.invented(f"multipart/{self.counter[0]}"),
            subject=_SUBJECTS.get(subtype, f"Multipart Message ({subtype[:40]})".encode("ascii", "replace")),
            extensions=self._marked(subtype, outermost=False),
        )
        ipm = IPM(heading=heading, body=parts)
        return (BodyPart(message=MessageBodyPart(parameters=MessageParameters(), data=ipm)),), types

    def _restored(self, item: Entity) -> tuple[tuple[BodyPart, ...], tuple[str, ...]] | None:
        """application/x400-bp -> the body part whose encoding it is, when it is one and of the type it says (RFC 2157 3.2)."""
        try:
            part = asn1.decode(item.content(), BodyPart)
        except GatewayError as error:
            self.scope.notes.add(X400_BP, "RFC 2157 3.2", f"is no body part and travels as an attachment: {error}")
            return None
        said = item.content_type.parameters.get("bp-type", "")
        if said and said != bp_type(part):
            self.scope.notes.add(X400_BP, "RFC 2157 3.2", f"says bp-type {said[:40]} and holds {bp_type(part)}; travels as an attachment")
            return None
        return (part,), (oids.ID_EIT_UNKNOWN,)


def _is_file(item: Entity) -> bool:
    return item.disposition is not None and item.disposition.kind != "inline" and bool(item.filename)


def _is_newer(parts: Sequence[BodyPart]) -> bool:
    """Whether a body part is of a type that came with 1988 (bilaterally defined, extended), also inside a forwarded message."""
    for part in parts:
        if part.chosen in ("bilaterally_defined", "extended"):
            return True
        if part.message is not None and (part.message.data.heading.extensions or _is_newer(part.message.data.body)):
            return True
    return False


def headers_part(carried: Sequence[str]) -> BodyPart:
    """The fields of the heading extension as the first text part, for 1984 peers (Appendix B, RFC 1496)."""
    return body_text.ia5_part(octets(b"RFC-822-Headers:\r\n" + b"".join(line.encode("ascii", "replace") + b"\r\n" for line in carried)))


# --- X.400 -> MIME
# -----------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MimeBody:
    """What becomes of an IPM body.

    Attributes:
        entity: Content fields and body, without MIME-Version.
        fields: Header fields that came in an RFC-822-Headers text part; they belong to the message.
    """

    entity: Entity
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityMaker:
    """Makes MIME entities of IPM bodies."""

    scope: Scope
    forwarded: MessageFromIpm
    depth: int = 0

    def body(self, ipm: IPM) -> MimeBody:
        """The entity of a whole body (RFC 2157 2.2)."""
        parts, fields = self._without_headers_part(ipm.body)
        if not parts:
            self.scope.notes.add("body", "RFC 2157 2.2", "the message has no body part; the text is empty")
            return MimeBody(entity=entity([], b""), fields=fields)
        subtype = _multipart_subtype(ipm.heading)
        if len(parts) == 1 and subtype is None:
            return MimeBody(entity=self.part(parts[0], bare=True), fields=fields)
        return MimeBody(entity=self._multipart(parts, subtype), fields=fields)

    def _multipart(self, parts: Sequence[BodyPart], subtype: str | None) -> Entity:
        children = [self.part(part) for part in parts]
        if subtype is None:
            all_messages = all(child.content_type.essence == "message/rfc822" for child in children)
            subtype = "digest" if all_messages else "mixed"
        return entity([("Content-Type", f"multipart/{subtype}")], children)

    def _without_headers_part(self, parts: Sequence[BodyPart]) -> tuple[Sequence[BodyPart], tuple[tuple[str, str], ...]]:
        """Takes a first text part of RFC-822-Headers out, whichever version of X.400 it came by (Appendix B)."""
        first = parts[0].ia5_text if parts else None
        if first is None:
            return parts, ()
        start = first.data.read(0, 65536)
        match = _HEADERS_PART.match(start)
        if match is None:
            return parts, ()
        found: list[tuple[str, str]] = []
        for one in parse(octets(start[match.end() :])).header:
            pair = carried_field(f"{one.name}: {one.value}", self.scope)
            found += [pair] if pair is not None else []
        return parts[1:], tuple(found)

    def part(self, part: BodyPart, *, bare: bool = False) -> Entity:
        """The entity of one body part; whatever has no equivalent or does not decode is carried as application/x400-bp.

        Args:
            part: The body part.
            bare: Leave out what is implied: it is the only text of a message.
        """
        try:
            made = self._mapped(basic_of(part), bare)
        except GatewayError as error:
            self.scope.notes.add(f"body part {bp_type(part)}", "RFC 2157 3.2", f"does not decode and is carried as it is: {error}")
            made = None
        return made if made is not None else self._encapsulated(part)

    def _mapped(self, part: BodyPart, bare: bool) -> Entity | None:
        if part.ia5_text is not None:
            return self._harpoon(part.ia5_text.data) or body_text.entity_of_ia5(part.ia5_text.data, self.scope, bare=bare)
        if part.teletex is not None:
            return body_text.entity_of_teletex(part.teletex, self.scope)
        if part.g3_facsimile is not None:
            return fax.entity_of_fax(part.g3_facsimile)
        if part.bilaterally_defined is not None:
            return attachments.octet_entity(part.bilaterally_defined)
        if part.message is not None:
            return self._message(part.message)
        if part.extended is not None and part.extended.data.direct_reference == oids.ID_ET_GENERAL_TEXT:
            registrations = frozenset(parameters_of(part.extended) or ())
            return body_text.entity_of_general_text(data_of(part.extended), registrations)
        return attachments.entity_of_extended(part.extended, self.scope) if part.extended is not None else None

    def _message(self, part: MessageBodyPart) -> Entity | None:
        """A forwarded message -> message/rfc822, or the multipart that it was (RFC 2157 6.5, 6.6)."""
        if self.depth >= DEPTH_LIMIT:
            return None
        mark = value_of(part.data.heading.extensions, oids.ID_HEX_MULTIPART_MESSAGE_V2)
        inner = EntityMaker(scope=self.scope, forwarded=self.forwarded, depth=self.depth + 1)
        if isinstance(mark, MultipartType) and not mark.is_a_message and part.data.body:
            return inner._multipart(part.data.body, _multipart_subtype(part.data.heading))
        message = self.forwarded(part.data, part.parameters, self.scope)
        from gateway.internet.message import serialise

        return entity([("Content-Type", "message/rfc822")], serialise(message))

    def _harpoon(self, data: Octets) -> Entity | None:
        """Text that is a complete MIME entity (RFC 2157 2.2); None where its header makes no sense."""
        if _HARPOON.match(data.read(0, 80)) is None:
            return None
        found = parse(data)
        kept = [Field(one.name, one.body) for one in found.header if one.name.lower().startswith("content-")]
        if not any(one.is_named("Content-Type") for one in kept):
            return None
        return entity(kept, found.body)

    def _encapsulated(self, part: BodyPart) -> Entity:
        number = bp_type(part)
        dropped = attachments.dropped_part(f"{X400_BP}; bp-type={number}", self.scope)
        if dropped is not None:
            return dropped
        self.scope.notes.add(f"body part {number}", "RFC 2157 3.2", f"has no equivalent and is carried as {X400_BP}")
        return attachments.octet_entity(asn1.encode_octets(part, BodyPart, strict=False), f"{X400_BP}; bp-type={number}")


def bp_type(part: BodyPart) -> str:
    """``bp-type`` of a body part: its context tag number, or the object identifier of an extended one (RFC 2157 3.2)."""
    if part.extended is not None:
        return part.extended.data.direct_reference or "15"
    if part.chosen == "unknown":
        return str(asn1.first_tag(part.value).number)
    return str(BODY_PART_NUMBERS.get(part.chosen, 15))


def _multipart_subtype(heading: Heading) -> str | None:
    """Subtype from the extension multipart-message-v2, else from that of RFC 1495; None where there is neither."""
    mark = value_of(heading.extensions, oids.ID_HEX_MULTIPART_MESSAGE_V2)
    if isinstance(mark, MultipartType):
        return mark.subtype.lower() if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+\-]{0,63}", mark.subtype) else "mixed"
    older = value_of(heading.extensions, oids.ID_HEX_MULTIPART_MESSAGE)
    names: Mapping[int, str] = {int(one): one.name.lower() for one in MultipartTypeV1}
    return names.get(int(older)) if isinstance(older, int) else None
