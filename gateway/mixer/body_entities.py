"""IPM body -> MIME entity (RFC 2157 2.2 and 6): the registry of equivalences and the structure around it.

Text is in `body_text`, files in `body_files`, everything else that is carried rather than mapped in `attachments`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway import asn1
from gateway.errors import GatewayError
from gateway.internet.fields import Field
from gateway.internet.message import Entity, Message, entity, parse, serialise
from gateway.internet.mime import ContentType, Disposition, parse_content_type
from gateway.internet.tnef import SIGNATURE
from gateway.mixer import attachments, body_text, fax
from gateway.mixer.body_expand import expanded, is_tnef
from gateway.mixer.body_names import invented_name, names_in
from gateway.mixer.body_native import forwarded_content
from gateway.mixer.body_notices import X400_BP, entity_of_notice, is_notice
from gateway.mixer.body_policy import FaxForm, FileNames
from gateway.mixer.descriptors import Scope
from gateway.mixer.heading import carried_field
from gateway.octets import Octets, octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BODY_PART_NUMBERS, BodyPart, MessageBodyPart, MessageParameters, iso6937_text
from gateway.x400.extended_bodyparts import basic_of, data_of, parameters_of
from gateway.x400.heading_extensions import MultipartType, MultipartTypeV1, PartialMessage, value_of
from gateway.x400.ipm import IPM, Heading

DEPTH_LIMIT: Final = 32
"""How deep forwarded messages are converted; a deeper one travels as it is."""

_HARPOON: Final = re.compile(rb"MIME-Version:\s*1\.0\b", re.IGNORECASE)
_HEADERS_PART: Final = re.compile(rb"RFC-822-Headers:?[ \t]*\r?\n", re.IGNORECASE)
_LONGEST_HEADERS: Final = 64 * 1024
_SUBTYPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+\-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MimeBody:
    """What becomes of an IPM body.

    Attributes:
        entity: Content fields and body, without MIME-Version.
        fields: Header fields that came in an RFC-822-Headers text part; they belong to the message.
    """

    entity: Entity
    fields: tuple[tuple[str, str], ...] = ()


MessageFromIpm = Callable[[IPM, MessageParameters, Scope], Message]
"""Converts a forwarded IPM; from `messages`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityMaker:
    """Makes MIME entities of IPM bodies."""

    scope: Scope
    forwarded: MessageFromIpm
    depth: int = 0

    def body(self, ipm: IPM) -> MimeBody:
        """The entity of a whole body (RFC 2157 2.2)."""
        if (piece := self._partial(ipm)) is not None:
            return MimeBody(entity=piece)
        parts, header = self._without_headers_part(ipm.body)
        fields = tuple(pair for pair in (carried_field(f"{one.name}: {one.value}", self.scope) for one in header) if pair is not None)
        if not parts:
            self.scope.notes.add("body", "RFC 2157 2.2", "the message has no body part; the text is empty")
            return MimeBody(entity=entity([], b""), fields=fields)
        subtype = multipart_subtype(ipm.heading) or _subtype_in(header)
        if len(parts) == 1 and subtype is None:
            return MimeBody(entity=self._alone(parts[0]), fields=fields)
        return MimeBody(entity=self._multipart(parts, subtype), fields=fields)

    @staticmethod
    def _partial(ipm: IPM) -> Entity | None:
        """message/partial of a message with the extension of RFC 1495; its text is a piece of a message and nothing for itself."""
        mark = value_of(ipm.heading.extensions, oids.ID_HEX_PARTIAL_MESSAGE)
        text = ipm.body[0].ia5_text if len(ipm.body) == 1 else None
        if not isinstance(mark, PartialMessage) or text is None:
            return None
        total = {"total": str(mark.total)} if mark.total is not None else {}
        parameters = {"number": str(mark.number), **total, "id": mark.id_}
        return entity([("Content-Type", ContentType(type="message", subtype="partial", parameters=parameters).to_text())], text.data)

    def _alone(self, part: BodyPart) -> Entity:
        """The one body part of a message; the files of a winmail.dat are a multipart of their own."""
        made = self.part(part, bare=True)
        opened = self._opened(made, whole=True)
        return opened[0] if len(opened) == 1 else entity([("Content-Type", "multipart/mixed")], opened)

    def _multipart(self, parts: Sequence[BodyPart], subtype: str | None) -> Entity:
        if not parts:
            return entity([("Content-Type", f"multipart/{subtype or 'mixed'}")], [entity([], b"\r\n")])
        children = [one for child in self._named(parts) for one in self._opened(child, whole=False)]
        children = children or [entity([], b"\r\n")]
        if subtype is None:
            all_messages = all(child.content_type.essence == "message/rfc822" for child in children)
            subtype = "digest" if all_messages else "mixed"
        return entity([("Content-Type", f"multipart/{subtype}")], children)

    def _named(self, parts: Sequence[BodyPart]) -> list[Entity]:
        """The entities of several body parts; those of type 14 get the names of a list among them, or invented ones."""
        bilateral = [at for at, part in enumerate(parts) if _is_bilateral(part)]
        names: dict[int, str] = {at: invented_name(at + 1) for at in bilateral}
        listed: int | None = None
        if self.scope.context.policy.body.file_names is FileNames.LIST and bilateral:
            lists = [(at, found) for at, part in enumerate(parts) if (found := names_in(part)) is not None]
            # A name is given only where there are as many names as parts: a wrong name is worse than none.
            fitting = next(((at, found) for at, found in lists if len(found) == len(bilateral)), None)
            if fitting is not None:
                listed, given = fitting
                names = dict(zip(bilateral, given, strict=True))
        kept = [(at, part) for at, part in enumerate(parts) if at != listed]
        return [self._with_name(self.part(part), names.get(at)) for at, part in kept]

    @staticmethod
    def _with_name(made: Entity, name: str | None) -> Entity:
        if name is None or made.disposition is not None:
            return made
        disposition = Disposition(kind="attachment", parameters={"filename": name}).to_text()
        return entity([*made.header, ("Content-Disposition", disposition)], made.body)

    def _opened(self, made: Entity, *, whole: bool) -> tuple[Entity, ...]:
        """The files of a winmail.dat, whatever body part it came in (Wang: type 14, HP OpenMail: file transfer)."""
        return expanded(made, self.scope, whole=whole) if is_tnef(made) else (made,)

    def _without_headers_part(self, parts: Sequence[BodyPart]) -> tuple[Sequence[BodyPart], Sequence[Field]]:
        """Takes a first text part of RFC-822-Headers out, whichever version of X.400 it came by (Appendix B)."""
        first = parts[0].ia5_text if parts else None
        if first is None:
            return parts, ()
        start = first.data.read(0, _LONGEST_HEADERS)
        match = _HEADERS_PART.match(start)
        return (parts, ()) if match is None else (parts[1:], parse(octets(start[match.end() :])).header)

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
            is_tiff = self.scope.context.policy.body.fax_form is FaxForm.TIFF and bool(part.g3_facsimile.data)
            return fax.tiff_of_fax(part.g3_facsimile) if is_tiff else fax.entity_of_fax(part.g3_facsimile)
        if part.bilaterally_defined is not None:
            return _entity_of_bilateral(part.bilaterally_defined)
        if part.message is not None:
            return self._message(part.message)
        if (lines := iso6937_text(part)) is not None:
            return body_text.entity_of_iso6937(lines, self.scope)
        return self._extended(part)

    def _extended(self, part: BodyPart) -> Entity | None:
        if part.extended is None:
            return None
        if part.extended.data.direct_reference == oids.ID_ET_GENERAL_TEXT:
            registrations = frozenset(parameters_of(part.extended) or ())
            return body_text.entity_of_general_text(data_of(part.extended), registrations)
        if (content := forwarded_content(part.extended)) is not None:
            return self._message(content)
        if is_notice(part.extended):
            return entity_of_notice(part.extended, _carried(part), self.scope)
        return attachments.entity_of_extended(part.extended, self.scope)

    def _message(self, part: MessageBodyPart) -> Entity | None:
        """A forwarded message -> message/rfc822, or the multipart that it was (RFC 2157 6.5, 6.6)."""
        if self.depth >= DEPTH_LIMIT:
            return None
        mark = value_of(part.data.heading.extensions, oids.ID_HEX_MULTIPART_MESSAGE_V2)
        if isinstance(mark, MultipartType) and not mark.is_a_message:
            inner = EntityMaker(scope=self.scope, forwarded=self.forwarded, depth=self.depth + 1)
            return inner._multipart(part.data.body, multipart_subtype(part.data.heading))
        message = self.forwarded(part.data, part.parameters, self.scope)
        return entity([("Content-Type", "message/rfc822")], serialise(message))

    def _harpoon(self, data: Octets) -> Entity | None:
        """Text that is a complete MIME entity (RFC 2157 2.2); None where its header makes no sense."""
        if _HARPOON.match(data.read(0, 80)) is None:
            return None
        found = parse(data)
        kept = [Field(one.name, one.body) for one in found.header if one.name.lower().startswith("content-")]
        typed = next((one for one in kept if one.is_named("Content-Type")), None)
        if found.header_defects or typed is None or parse_content_type(typed.value) is None:
            self.scope.notes.add("ia5-text", "RFC 2157 2.2", "begins like a MIME entity and is none; mapped as text")
            return None
        return entity(kept, found.body)

    def _encapsulated(self, part: BodyPart) -> Entity:
        number = bp_type(part)
        dropped = attachments.dropped_part(f"{X400_BP}; bp-type={number}", self.scope)
        if dropped is not None:
            return dropped
        self.scope.notes.add(f"body part {number}", "RFC 2157 3.2", f"has no equivalent and is carried as {X400_BP}")
        return _carried(part)


def _carried(part: BodyPart) -> Entity:
    return attachments.octet_entity(asn1.encode_octets(part, BodyPart, strict=False), f"{X400_BP}; bp-type={bp_type(part)}")


def _is_bilateral(part: BodyPart) -> bool:
    extended = part.extended.data.direct_reference == oids.ID_ET_BILATERALLY_DEFINED if part.extended is not None else False
    return part.bilaterally_defined is not None or extended


def _entity_of_bilateral(content: Octets) -> Entity:
    """Body part 14 -> application/octet-stream (RFC 2157 6.3); what is TNEF by its signature is called so."""
    if content.read(0, 4) == SIGNATURE:
        # Peer: Wang sends winmail.dat in body part 14, without a name.
        disposition = ("Content-Disposition", "attachment; filename=winmail.dat")
        return attachments.octet_entity(content, "application/ms-tnef", [disposition])
    return attachments.octet_entity(content)


def bp_type(part: BodyPart) -> str:
    """``bp-type`` of a body part: its context tag number, or the object identifier of an extended one (RFC 2157 3.2)."""
    if part.extended is not None:
        return part.extended.data.direct_reference or "15"
    if part.chosen == "unknown":
        return str(asn1.first_tag(part.value).number)
    return str(BODY_PART_NUMBERS.get(part.chosen, 15))


def multipart_subtype(heading: Heading) -> str | None:
    """Subtype from the extension multipart-message-v2, else from that of RFC 1495; None where there is neither."""
    mark = value_of(heading.extensions, oids.ID_HEX_MULTIPART_MESSAGE_V2)
    if isinstance(mark, MultipartType):
        return mark.subtype.lower() if _SUBTYPE.fullmatch(mark.subtype) else "mixed"
    older = value_of(heading.extensions, oids.ID_HEX_MULTIPART_MESSAGE)
    names: Mapping[int, str] = {int(one): one.name.lower() for one in MultipartTypeV1}
    return names.get(int(older)) if isinstance(older, int) else None


def _subtype_in(header: Sequence[Field]) -> str | None:
    """Subtype of the multipart that a 1984 downgrade wrote as Content-Type into the RFC-822-Headers part (RFC 2157 6.6)."""
    found = next((parse_content_type(one.value) for one in header if one.is_named("Content-Type")), None)
    return found.subtype if found is not None and found.type == "multipart" and _SUBTYPE.fullmatch(found.subtype) else None
