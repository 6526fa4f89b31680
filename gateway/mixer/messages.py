"""Whole messages without their transfer: IPM <-> Internet message, header and body together (RFC 2156 5.1.3, 5.3.2, 5.3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway import asn1
from gateway.errors import ConversionError, Failure, GatewayError
from gateway.internet.fields import Field, serialise_date
from gateway.internet.message import Message
from gateway.internet.message import message as build_message
from gateway.mixer.body import Body, BodyMaker, EntityMaker, headers_part
from gateway.mixer.descriptors import EMPTY_LIST, Scope
from gateway.mixer.envelope import ENVELOPE
from gateway.mixer.envelope import EXTENSION as P1_EXTENSION
from gateway.mixer.heading import ELSEWHERE, EXTENSION, HEADING, carried_fields, fields_of_heading, heading_elements, heading_from_elements
from gateway.mixer.identifiers import Fact, ipm_identifier_from_msg_id, is_truncated, new_msg_id
from gateway.mixer.notification_requests import is_requesting, with_request
from gateway.mixer.policy import Context
from gateway.mixer.rules import JointRule, Notes, Rule, Table, elements_from_fields
from gateway.octets import Octets
from gateway.x400 import oids
from gateway.x400.bodyparts import MessageParameters
from gateway.x400.ipm import IPM, InformationObject, IPMIdentifier
from gateway.x400.mts import BuiltInContentType, ContentType

P2: Final = ContentType(built_in=BuiltInContentType.INTERPERSONAL_MESSAGING_1984)
P22: Final = ContentType(built_in=BuiltInContentType.INTERPERSONAL_MESSAGING_1988)
_INTERPERSONAL: Final = (2, 22, oids.ID_MCT_P2_1984, oids.ID_MCT_P2_1988)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedMessage:
    """An Internet message as an IPM, with what the P1 envelope needs of it.

    Attributes:
        elements: Envelope elements that header fields gave.
        facts: Identifiers that were cut.
    """

    ipm: IPM
    body: Body
    elements: dict[str, Any]
    facts: tuple[Fact, ...]

    @property
    def content_type(self) -> ContentType:
        """P2 where nothing in it is newer than 1984, else P22 (5.1.3)."""
        return P22 if self.ipm.heading.extensions or self.body.newer else P2


# --- RFC 822 -> X.400
# ------------------------------------------------------------------------------------------------------------------------


def ipm_of_message(message: Message, scope: Scope, *, envelope: bool = True, purpose: str = "ipm", depth: int = 0) -> MappedMessage:
    """Convert header and body.

    Args:
        message: The message.
        scope: Settings, policy, notes.
        envelope: Let fields such as Priority fill the envelope; False for an embedded message, which keeps them as text.
        purpose: Makes the identifier of a message that has none unique within the plan.
        depth: Of nesting.
    """
    for defect in message.header_defects:
        scope.notes.add("header", "RFC 5322 2.2", defect)
    heading, left = heading_elements(message.header, scope)
    elements: dict[str, Any] = {}
    if envelope:
        mapped = elements_from_fields(ENVELOPE, left, scope, scope.notes)
        elements, left = dict(mapped.elements), mapped.left
    left = tuple(dict.fromkeys((*_for_1984(heading, elements, message.header, scope), *left)))
    carried = carried_fields(left, scope, embedded=not envelope)
    body = _maker(scope, purpose, depth).body(message)
    invented = _invented(scope.context, purpose)
    if scope.context.policy.x400_version == 84 and carried:
        body = Body(parts=(headers_part(carried), *body.parts), types=body.types, newer=body.newer)
        carried = ()
    made = heading_from_elements(heading, invented, carried)
    made = replace(made, extensions=(*made.extensions, *body.extensions))
    return MappedMessage(ipm=IPM(heading=made, body=body.parts), body=body, elements=elements, facts=_facts(message, made.this_ipm))


def _invented(context: Context, purpose: str) -> IPMIdentifier:
    return ipm_identifier_from_msg_id(new_msg_id(context, purpose))


def _maker(scope: Scope, purpose: str, depth: int) -> BodyMaker:
    counter = [0]

    def forwarded(inner: Message, inner_scope: Scope) -> tuple[IPM, Body]:
        counter[0] += 1
        mapped = ipm_of_message(inner, inner_scope, envelope=False, purpose=f"{purpose}.{counter[0]}", depth=depth + 1)
        return mapped.ipm, mapped.body

    return BodyMaker(scope=scope, forwarded=forwarded, invented=lambda name: _invented(scope.context, f"{purpose}/{name}"), depth=depth)


def _for_1984(heading: dict[str, Any], elements: dict[str, Any], fields: Sequence[Field], scope: Scope) -> tuple[Field, ...]:
    """Towards 1984 no extension is sent; the fields that would have made one are carried as text (Appendix B)."""
    if scope.context.policy.x400_version != 84:
        return ()
    gone: set[str] = set()
    for table, found, prefix in ((HEADING, heading, EXTENSION), (ENVELOPE, elements, P1_EXTENSION)):
        for name in [name for name in found if name.startswith(prefix)]:
            del found[name]
            gone |= _fields_of(table, name)
    return tuple(field for field in fields if field.name.lower() in gone)


def _fields_of(table: Table, element: str) -> set[str]:
    names: set[str] = set()
    for row in table:
        if isinstance(row, Rule) and row.element == element:
            names |= {row.field.lower(), *(alias.lower() for alias in row.aliases)}
        elif isinstance(row, JointRule) and element in row.elements:
            names |= {name.lower() for name in row.fields}
    return names


def _facts(message: Message, this_ipm: IPMIdentifier) -> tuple[Fact, ...]:
    msg_id = message.header.value("Message-ID")
    if not msg_id or not is_truncated(msg_id):
        return ()
    return (Fact(kind="message-id", key=this_ipm.user_relative_identifier, value=msg_id),)


# --- X.400 -> RFC 822
# ------------------------------------------------------------------------------------------------------------------------


def check_content_type(content_type: ContentType) -> None:
    """Refuse every content but interpersonal messages, which alone is mapped (1.5.3).

    Raises:
        ConversionError: 1/15, content-type-not-supported.
    """
    if content_type.value not in _INTERPERSONAL:
        text = f"the content type {content_type.value} has no counterpart in Internet mail"
        raise ConversionError(Failure(reason=1, diagnostic=15, smtp_code=554, status="5.6.1", text=text))


def information_object(content_type: ContentType, content: Octets, notes: Notes) -> InformationObject:
    """Decode P2 or P22 content; octets behind it are noted.

    Raises:
        ConversionError: Another content type (1/15), or content that does not decode (1/12).
    """
    check_content_type(content_type)
    try:
        found, used = asn1.decode_prefix(content, InformationObject)
    except GatewayError as error:
        text = "the content of the message is not an interpersonal message"
        failure = Failure(reason=1, diagnostic=12, smtp_code=554, status="5.5.2", text=text, detail=str(error))
        raise ConversionError(failure) from error
    if used < len(content):
        # Peer: EAN (1985) leaves octets behind a message that has no body.
        notes.add("content", "X.420 6", f"{len(content) - used} octets behind the message were dropped")
    return found


def message_of_ipm(
    ipm: IPM,
    scope: Scope,
    *,
    leading: Sequence[tuple[str, str]] = (),
    trailing: Sequence[tuple[str, str]] = (),
    defaults: Sequence[tuple[str, str]] = (),
    request: Sequence[tuple[str, str]] = (),
    depth: int = 0,
) -> Message:
    """Convert heading and body.

    Args:
        ipm: The IPM.
        scope: Settings, policy, notes.
        leading: Trace fields, which stand first.
        trailing: Fields of the envelope.
        defaults: Fields for what neither heading nor envelope gave (5.3.2), used where no field of that name is there.
        request: The field that asks for a notification.
        depth: Of nesting.
    """

    def forwarded(inner: IPM, parameters: MessageParameters, inner_scope: Scope) -> Message:
        delivered = [("Delivery-Date", serialise_date(parameters.delivery_time))] if parameters.delivery_time is not None else []
        if parameters.delivery_envelope is not None:
            inner_scope.notes.add("delivery-envelope", "RFC 2157 6.5", "of a forwarded message was dropped")
        return message_of_ipm(inner, inner_scope, trailing=delivered, depth=depth + 1)

    body = EntityMaker(scope=scope, forwarded=forwarded, depth=depth).body(ipm)
    fields = with_request([*fields_of_heading(ipm.heading, scope, embedded=not defaults), *trailing], request, scope)
    if depth and is_requesting(ipm.heading):
        scope.notes.add("notification-requests", "4.7.2", "what was asked of the recipients of a forwarded message was dropped")
    fields = [one for one in fields if not (one[0] == "From" and one[1].rstrip().endswith(":;"))] if defaults else fields
    present = {name.lower() for name, _ in fields}
    fields += [one for one in body.fields if one[0].lower() not in present | ELSEWHERE]
    fields += [one for one in defaults if one[0].lower() not in {name.lower() for name, _ in fields}]
    if defaults and not any(name.lower() in ("to", "cc", "bcc") for name, _ in fields):
        fields.append(("To", EMPTY_LIST))
    wire: list[Field | tuple[str, str]] = [*leading, *fields, ("MIME-Version", "1.0"), *body.entity.header]
    return build_message(wire, body.entity.built if body.entity.built is not None else body.entity.body)
