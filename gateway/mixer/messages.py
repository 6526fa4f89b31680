"""Whole messages without their transfer: IPM <-> Internet message, header and body together (RFC 2156 5.1.3, 5.3.2, 5.3.4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway import asn1
from gateway.errors import ConversionError, Failure, GatewayError
from gateway.internet.fields import Field, Group, encode_phrase, mailboxes, parse_addresses, parse_message_ids
from gateway.internet.message import Message
from gateway.internet.message import message as build_message
from gateway.mixer.body import Body, BodyMaker, EntityMaker, headers_part
from gateway.mixer.body_forwarded import delivery_of, fields_of_delivery
from gateway.mixer.conversion_control import forbids_loss, refuse_losses, unconverted
from gateway.mixer.delivery_options import permitted
from gateway.mixer.descriptors import EMPTY_LIST, Scope
from gateway.mixer.downgrading import fields_for_1984, note_headers_part
from gateway.mixer.envelope import ENVELOPE
from gateway.mixer.heading import ELSEWHERE, carried_fields, fields_of_heading, heading_elements, heading_from_elements
from gateway.mixer.identifiers import Fact, ipm_identifier_from_msg_id, new_msg_id, short_identifier_facts
from gateway.mixer.notification_requests import is_requesting, with_request
from gateway.mixer.policy import Context
from gateway.mixer.rules import Notes, elements_from_fields
from gateway.octets import Octets
from gateway.x400 import oids
from gateway.x400.bodyparts import MessageParameters
from gateway.x400.ipm import IPM, InformationObject, IPMIdentifier
from gateway.x400.mts import BuiltInContentType, ContentType

P2: Final = ContentType(built_in=BuiltInContentType.INTERPERSONAL_MESSAGING_1984)
P22: Final = ContentType(built_in=BuiltInContentType.INTERPERSONAL_MESSAGING_1988)
_LIMITS: Final = asn1.Limits(depth=100)
"""About 31 messages, each forwarded in the next one; a heading is six levels deep."""
_IDENTIFYING: Final = ("Message-ID", "In-Reply-To", "References", "Supersedes", "Obsoletes")
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
        elements, refused = permitted(mapped.elements, message.header, scope)
        left = (*refused, *mapped.left)
    lossless, policy = forbids_loss(elements) and not _is_overridden(message), scope.context.policy
    body_scope = unconverted(scope, elements)
    if policy.x400_version == 84:
        left = tuple(dict.fromkeys((*fields_for_1984(heading, elements, message.header, scope), *left)))
    carried = carried_fields(left, scope, embedded=not envelope)
    body = _body(message, body_scope, purpose, depth, lossless=lossless)
    invented = _invented(scope.context, purpose)
    if (carried or body.fields) and (policy.x400_version == 84 or not policy.heading_extension):
        fields = (*carried, *body.fields)
        body = replace(body, parts=(headers_part(fields), *body.parts))
        note_headers_part(fields, scope)
        carried = ()
    if policy.x400_version == 84:
        # Body part 14 came with 1988, but 1984 systems that take it expect it in P2.
        body = replace(body, newer=False)
    made = heading_from_elements(heading, invented, carried)
    made = replace(made, extensions=(*made.extensions, *body.extensions))
    return MappedMessage(ipm=IPM(heading=made, body=body.parts), body=body, elements=elements, facts=_facts(message) if envelope else ())


def _body(message: Message, scope: Scope, purpose: str, depth: int, *, lossless: bool) -> Body:
    """The body; where the sender forbids losses, none that would be noted.

    Raises:
        ConversionError: 2/19.
    """
    before = len(scope.notes.taken())
    body = _maker(scope, purpose, depth).body(message)
    if lossless:
        refuse_losses(scope.notes.taken()[before:])
    return body


def _is_overridden(message: Message) -> bool:
    """Whether the sender says how parts are to be converted, which counts more than a prohibition (RFC 2157 4)."""
    return any(item.header.get("Wanted-X400-Conversion") is not None for item in message.walk())


def _invented(context: Context, purpose: str) -> IPMIdentifier:
    return ipm_identifier_from_msg_id(new_msg_id(context, purpose))


def _maker(scope: Scope, purpose: str, depth: int) -> BodyMaker:
    counter = [0]

    def forwarded(inner: Message, inner_scope: Scope) -> tuple[IPM, Body, MessageParameters]:
        counter[0] += 1
        parameters, header = delivery_of(inner, inner_scope)
        rest = replace(inner, header=header)
        mapped = ipm_of_message(rest, inner_scope, envelope=False, purpose=f"{purpose}.{counter[0]}", depth=depth + 1)
        return mapped.ipm, mapped.body, parameters

    return BodyMaker(scope=scope, forwarded=forwarded, invented=lambda name: _invented(scope.context, f"{purpose}/{name}"), depth=depth)


def _facts(message: Message) -> tuple[Fact, ...]:
    """Identifiers that are cut, its own and those that it refers to."""
    fields = [field for name in _IDENTIFYING for field in message.header.all(name)]
    found = [one for field in fields for one in parse_message_ids(field.value)]
    return short_identifier_facts(one for one in found if isinstance(one, str))


# --- X.400 -> RFC 822
# ------------------------------------------------------------------------------------------------------------------------


def check_content_type(content_type: ContentType, taken: Collection[str] = ()) -> None:
    """Refuse every content but interpersonal messages, which alone is mapped (1.5.3).

    Args:
        content_type: Of a message or probe.
        taken: Those that are taken from its peer; none named: all that are mapped.

    Raises:
        ConversionError: 1/15, content-type-not-supported.
    """
    if content_type.value not in _INTERPERSONAL:
        text = f"the content type {content_type.value} has no counterpart in Internet mail"
        raise ConversionError(Failure(reason=1, diagnostic=15, smtp_code=554, status="5.6.1", text=text))
    if taken and str(content_type.value) not in taken:
        text = f"the content type {content_type.value} is not taken from there"
        raise ConversionError(Failure(reason=1, diagnostic=15, smtp_code=554, status="5.6.1", text=text))


def information_object(content_type: ContentType, content: Octets, notes: Notes) -> InformationObject:
    """Decode P2 or P22 content; octets behind it are noted.

    Raises:
        ConversionError: Another content type (1/15), or content that does not decode (1/12).
    """
    check_content_type(content_type)
    try:
        found, used = asn1.decode_prefix(content, InformationObject, limits=_LIMITS)
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
    lossless: bool = False,
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
        lossless: The sender forbids conversion with loss.

    Raises:
        ConversionError: 2/19, where it would lose something all the same.
    """
    if ipm.unknown:
        scope.notes.add("IPM", "5.3.4", f"{len(ipm.unknown)} members that X.420 does not know were dropped")

    def forwarded(inner: IPM, parameters: MessageParameters, inner_scope: Scope) -> Message:
        return message_of_ipm(inner, inner_scope, trailing=fields_of_delivery(inner, parameters, inner_scope), depth=depth + 1)

    before = len(scope.notes.taken())
    body = EntityMaker(scope=scope, forwarded=forwarded, depth=depth).body(ipm)
    if lossless:
        refuse_losses(scope.notes.taken()[before:])
    fields = with_request([*fields_of_heading(ipm.heading, scope, embedded=not defaults), *trailing], request, scope)
    if depth and is_requesting(ipm.heading):
        scope.notes.add("notification-requests", "4.7.2", "what was asked of the recipients of a forwarded message was dropped")
    if defaults:
        fields = _from_somebody(fields, dict(defaults).get("From", ""), scope)
    present = {name.lower() for name, _ in fields}
    fields += [one for one in body.fields if one[0].lower() not in present | ELSEWHERE]
    fields += [one for one in defaults if one[0].lower() not in {name.lower() for name, _ in fields}]
    if defaults and not any(name.lower() in ("to", "cc", "bcc") for name, _ in fields):
        fields.append(("To", EMPTY_LIST))
    wire: list[Field | tuple[str, str]] = [*leading, *fields, ("MIME-Version", "1.0"), *body.entity.header]
    return build_message(wire, body.entity.built if body.entity.built is not None else body.entity.body)


def _from_somebody(fields: Sequence[tuple[str, str]], otherwise: str, scope: Scope) -> list[tuple[str, str]]:
    """With a From that names a mailbox: one that holds a name only gets the address of the P1 originator (5.3.2)."""
    found: list[tuple[str, str]] = []
    for name, body in fields:
        if name != "From" or any(one.domain for one in mailboxes(body)):
            found.append((name, body))
        elif (named := next(iter(parse_addresses(body)), None)) is not None and otherwise:
            scope.notes.add("From", "5.3.2", f"has no address ({body[:100]}); that of the P1 originator was taken")
            display = encode_phrase(named.name if isinstance(named, Group) else named.display)
            found.append((name, f"{display} <{otherwise}>" if "<" not in otherwise and display else otherwise))
    return found
