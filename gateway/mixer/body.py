"""MIME entity -> IPM body (RFC 2157 2.1 and 6): what decides between text, files and encapsulation, multiparts and forwarded messages.

The other direction is `body_entities`. The two directions of whole messages meet in `messages`, which hands the recursion in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gateway import asn1
from gateway.errors import GatewayError
from gateway.internet.message import Entity, Message
from gateway.mixer import attachments, fax
from gateway.mixer.body_entities import DEPTH_LIMIT, EntityMaker, MessageFromIpm, MimeBody, bp_type
from gateway.mixer.body_expand import expanded
from gateway.mixer.body_losses import note_entity, note_outside_parts
from gateway.mixer.body_names import names_text
from gateway.mixer.body_notices import X400_BP, notice_in
from gateway.mixer.body_policy import FaxForm, FileNames
from gateway.mixer.body_text_parts import ia5_part, part_of_text
from gateway.mixer.body_types import for_1984, is_newer, types_of
from gateway.mixer.body_wanted import Wanted, wish_of, wishes_of
from gateway.mixer.descriptors import Scope
from gateway.mixer.eits import IA5_TEXT
from gateway.octets import octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart, MessageBodyPart, MessageParameters
from gateway.x400.heading_extensions import MultipartType
from gateway.x400.ipm import IPM, Heading, IPMSExtension

__all__ = [
    "DEPTH_LIMIT",
    "X400_BP",
    "Body",
    "BodyMaker",
    "EntityMaker",
    "IpmFromMessage",
    "MessageFromIpm",
    "MimeBody",
    "bp_type",
    "headers_part",
]

_WHOLE: Final = frozenset({"signed", "encrypted"})
"""Multiparts that travel whole: their signature covers the encoded form (RFC 2157 7.3, 7.4)."""
_SUBJECTS: Final[dict[str, bytes]] = {
    "mixed": b"Multipart Message",
    "alternative": b"Alternative Body Parts containing the same information",
    "digest": b"Message Digest",
    "parallel": b"Body Parts interpreted in parallel",
}
"""Subject of the forwarded message that stands for a nested multipart (RFC 2157 6.6)."""

Parts = tuple[tuple[BodyPart, ...], tuple[str, ...]]
"""Body parts, and the object identifiers of the encoded information types in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The body of an IPM.

    Attributes:
        parts: Body parts in order.
        types: Object identifiers of the encoded information types in them, nested messages too.
        extensions: Heading extensions that the structure needs (multipart-message-v2).
        newer: It holds what X.400(1984) does not have, so that the content is P22.
        fields: Header fields that say what the extensions would, for a 1984 peer's RFC-822-Headers part (RFC 2157 6.6).
    """

    parts: tuple[BodyPart, ...]
    types: tuple[str, ...]
    extensions: tuple[IPMSExtension, ...] = ()
    newer: bool = False
    fields: tuple[str, ...] = ()


IpmFromMessage = Callable[[Message, Scope], tuple[IPM, Body, MessageParameters]]
"""Converts an embedded Internet message, with what its header says of its delivery; from `messages`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyMaker:
    """Makes IPM bodies of MIME entities."""

    scope: Scope
    forwarded: IpmFromMessage
    invented: Callable[[str], Any]
    depth: int = 0
    counter: list[int] = field(default_factory=lambda: [0])
    wishes: Mapping[str, Wanted] = field(default_factory=dict)

    def body(self, item: Entity) -> Body:
        """The body of a message: parts of an outermost multipart become body parts directly (RFC 2157 6.6)."""
        if item.header.get("MIME-Version") is None and item.header.get("Content-Type") is None:
            # RFC 2157 2.1: one ia5-text part; 8-bit octets are read as the text they probably are.
            return self._made(self._text(item, whole=True))
        found = expanded(item, self.scope, whole=True)
        if len(found) != 1:
            return self._made(self._parts(found))
        if (notice := self._notice(found[0])) is not None:
            return self._made(notice)
        if found[0].is_multipart and found[0].content_type.subtype not in _WHOLE:
            return self._outermost(found[0])
        return self._made(self._part(found[0], whole=True))

    @staticmethod
    def _made(made: Parts, extensions: tuple[IPMSExtension, ...] = (), fields: tuple[str, ...] = ()) -> Body:
        parts, types = made
        return Body(parts=parts, types=types, extensions=extensions, newer=bool(extensions) or is_newer(parts), fields=fields)

    def _outermost(self, item: Entity) -> Body:
        self._note_multipart(item, whole=True)
        made = self._children(item)
        subtype = item.content_type.subtype
        if subtype == "mixed":
            return self._made(made)
        if self._is_1984:
            return self._made(made, fields=(f"Content-Type: multipart/{subtype[:64]}",))
        return self._made(made, self._marked(subtype, outermost=True))

    @property
    def _is_1984(self) -> bool:
        return self.scope.context.policy.x400_version == 84

    def _note_multipart(self, item: Entity, *, whole: bool) -> None:
        note_entity(item, "multipart", self.scope, whole=whole, parameters=("boundary",))
        note_outside_parts(item, self.scope)

    def _marked(self, subtype: str, *, outermost: bool) -> tuple[IPMSExtension, ...]:
        """The extension multipart-message-v2; a 1984 peer takes none, a nested subtype is then lost."""
        if self._is_1984:
            self.scope.notes.add(f"multipart/{subtype}", "RFC 2157 6.6", "sent as multipart/mixed to a 1984 system")
            return ()
        return (IPMSExtension(type_=oids.ID_HEX_MULTIPART_MESSAGE_V2, value=MultipartType(subtype=subtype[:64], is_a_message=outermost)),)

    def _children(self, item: Entity) -> Parts:
        """The body parts of a multipart."""
        within = item.content_type.subtype
        wishes = wishes_of(item, self.wishes, self.scope)
        return replace(self, wishes=wishes)._parts([one for child in item.parts for one in expanded(child, self.scope, within=within)])

    def _parts(self, children: Sequence[Entity]) -> Parts:
        """The body parts of several entities, with the list of file names where the peer wants one."""
        parts: list[BodyPart] = []
        types: dict[str, None] = {}
        names: list[str] = []
        for child in children:
            if len(children) > 1 and self._is_left_out(child):
                continue
            made, of_child = self._part(child, whole=False)
            parts += made
            types |= dict.fromkeys(of_child)
            names += [child.filename] if made[0].bilaterally_defined is not None else []
        if any(names) and self.scope.context.policy.body.file_names is FileNames.LIST:
            parts.append(ia5_part(names_text(names)))
            types[IA5_TEXT] = None
        return tuple(parts), tuple(types)

    def _is_left_out(self, item: Entity) -> bool:
        """A text part without text, beside others: peers refuse the whole message for one (IC-090)."""
        empty = item.content_type.essence == "text/plain" and not len(item.body) and not _is_file(item, whole=False)
        if not empty or self.scope.context.policy.body.empty_text:
            return False
        self.scope.notes.add("text part", "X.420 7.3.1", "without text was left out")
        return True

    def _part(self, item: Entity, *, whole: bool) -> Parts:
        kind = item.content_type
        wanted = self._wanted(item, whole=whole) if kind.type != "multipart" else None
        if wanted is not None:
            return wanted
        if kind.essence == "text/plain" and item.decodable and not _is_file(item, whole=whole):
            return self._text(item, whole=whole)
        special = self._notice(item) or self._special(item, whole=whole)
        if special is not None:
            return special
        if kind.essence == "message/rfc822" and item.message is not None and self.depth < DEPTH_LIMIT:
            note_entity(item, "forwarded message", self.scope, whole=whole)
            return self._message(item.message)
        if item.is_multipart and kind.subtype not in _WHOLE and self.depth < DEPTH_LIMIT:
            return self._nested(item)
        if kind.type == "multipart" or kind.essence in ("message/partial", "message/external-body"):
            # Signatures cover the encoded form, and the parts of a partial message make no sense alone: the entity travels as it is.
            return (attachments.harpoon_part(item, self.scope, whole=whole),), (IA5_TEXT,)
        part, types = attachments.attachment_part(item, self.scope, whole=whole)
        return (part,), types

    def _wanted(self, item: Entity, *, whole: bool) -> Parts | None:
        """What the sender asks for, in the part itself or in a multipart around it; None without a wish that can be granted."""
        wish = wish_of(item, self.scope) or self.wishes.get(item.content_type.essence)
        made = attachments.wanted_part(item, wish, self.scope, whole=whole) if wish is not None else None
        return ((made[0],), made[1]) if made is not None else None

    def _special(self, item: Entity, *, whole: bool) -> Parts | None:
        """The body part of a type that is one: an encapsulated body part, a facsimile; None for any other, and where it does not decode."""
        kind = item.content_type
        if kind.essence == X400_BP:
            restored = self._restored(item)
            if restored is not None:
                note_entity(item, "body part", self.scope, whole=whole, parameters=("bp-type",), section="RFC 2157 3.2")
            return restored
        page = None
        if kind.essence == fax.G3FAX and item.decodable:
            page = fax.part_of_fax(item)
        elif kind.essence == fax.TIFF and item.decodable and self.scope.context.policy.body.fax_form is FaxForm.TIFF:
            page = fax.part_of_tiff(item)
        if page is None:
            return None
        note_entity(item, "fax", self.scope, whole=whole, parameters=fax.PARAMETERS, section="RFC 2159 2.1")
        return (page,), (oids.ID_EIT_G3_FACSIMILE,)

    def _notice(self, item: Entity) -> Parts | None:
        """A report or a notification that stands beside its text; None for anything else, and where the peer cannot be sent it."""
        carried = notice_in(item)
        restored = self._restored(carried) if carried is not None else None
        if restored is not None:
            self.scope.notes.add("multipart/alternative", "X.420 Annex D", "the text of a notice was left out: the notice itself is sent")
        return restored

    def _text(self, item: Entity, *, whole: bool) -> Parts:
        made = part_of_text(item, self.scope)
        if made is not None:
            note_entity(item, "text part", self.scope, whole=whole, parameters=("charset",))
            return (made[0],), made[1]
        part, types = attachments.attachment_part(item, self.scope, whole=whole)
        return (part,), types

    def _message(self, inner: Message) -> Parts:
        ipm, body, parameters = self.forwarded(inner, self.scope)
        return (BodyPart(message=MessageBodyPart(parameters=parameters, data=ipm)),), body.types

    def _nested(self, item: Entity) -> Parts:
        """A multipart inside a multipart: a forwarded message whose heading says so (RFC 2157 6.6)."""
        self._note_multipart(item, whole=False)
        inner = replace(self, depth=self.depth + 1)
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

    def _restored(self, item: Entity) -> Parts | None:
        """application/x400-bp -> the body part whose encoding it is, when it is one and of the type it says (RFC 2157 3.2)."""
        try:
            part = asn1.decode(item.content(), BodyPart)
            sent = for_1984(part) if self._is_1984 else part
        except GatewayError as error:
            self.scope.notes.add(X400_BP, "RFC 2157 3.2", f"is no body part and travels as an attachment: {error}")
            return None
        said = item.content_type.parameters.get("bp-type", "")
        if said and _dotted(said) != bp_type(part):
            self.scope.notes.add(X400_BP, "RFC 2157 3.2", f"says bp-type {said[:40]} and holds {bp_type(part)}; travels as an attachment")
            return None
        return ((sent,), types_of(sent)) if sent is not None else None


def _dotted(bp_type_given: str) -> str:
    """An object identifier in the bracket form of the EBNF as dotted numbers; anything else as it is (RFC 2157 3.2)."""
    numbers = bp_type_given.strip().strip("()").replace(" ", "").split(")(")
    return ".".join(numbers) if all(one.isdecimal() for one in numbers) else bp_type_given.strip()


def _is_file(item: Entity, *, whole: bool) -> bool:
    """Whether a text is a file: it has a name, and is not the body of the message itself, unless it says that it is no body.

    # Peer: Apple Mail sends text files inline, older programs without a disposition; a text body part has no place for their names.
    """
    attached = item.disposition is not None and item.disposition.kind != "inline"
    return bool(item.filename) and (attached or not whole)


def headers_part(carried: Sequence[str]) -> BodyPart:
    """The fields of the heading extension as the first text part, for 1984 peers (Appendix B, RFC 1496)."""
    return ia5_part(octets(b"RFC-822-Headers:\r\n" + b"".join(line.encode("ascii", "replace") + b"\r\n" for line in carried)))
