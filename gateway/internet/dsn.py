"""Delivery status notifications: multipart/report of RFC 6522 with the fields of RFC 3464 (and 6533), read and built."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.internet.envelope import decode_unitext, encode_unitext
from gateway.internet.fields import Field, field, parse_date, sanitise
from gateway.internet.message import Entity, Header, Message, entity, message, parse, parse_header, quoted_printable_body, serialise
from gateway.internet.tokens import without_comments
from gateway.octets import MATERIALISE_LIMIT, MemoryOctets, Octets, octets

STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_GROUPS_LIMIT = 10_000
_HEADERS_TYPES = frozenset({"text/rfc822-headers", "message/global-headers"})
_MESSAGE_TYPES = frozenset({"message/rfc822", "message/global"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedValue:
    """A value with its type in front, such as ``rfc822; a@b`` or ``smtp; 550 no``. The type is in lower case."""

    type: str
    value: str

    def to_text(self) -> str:
        """The value as it stands in the field."""
        return f"{self.type}; {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFields:
    """One group of status fields: those about the message, or those about one recipient."""

    header: Header

    def typed(self, name: str) -> TypedValue | None:
        """A field of the form ``type; value``; a value without a type gets the type ``unknown``."""
        found = self.header.get(name)
        return parse_typed(found.value) if found else None

    def date(self, name: str) -> datetime | None:
        """A date field."""
        found = self.header.get(name)
        return parse_date(found.value) if found else None

    @property
    def action(self) -> str:
        """Action in lower case, empty where it is missing."""
        return without_comments(self.header.value("Action")).strip().lower()

    @property
    def status(self) -> str:
        """The enhanced status code without comments, empty where it is missing."""
        return without_comments(self.header.value("Status")).strip().split(" ")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """The machine-readable part: fields about the message, and one group for each recipient."""

    message: StatusFields
    recipients: tuple[StatusFields, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """A DSN as it arrived.

    Attributes:
        status: The status fields.
        explanation: The part for people, None where it is missing.
        returned: The message or header that came back, as an entity of its own type, None where nothing did.
    """

    status: DeliveryStatus
    explanation: Entity | None
    returned: Entity | None

    def returned_header(self) -> Header | None:
        """The header of what came back, whole message or header only."""
        if self.returned is None:
            return None
        inner = self.returned.message
        return inner.header if inner is not None else parse_header(self.returned.content())


def parse_typed(value: str) -> TypedValue:
    """Read ``type; value``; an address of the type ``utf-8`` without the escapes of RFC 6533 section 3."""
    kind, semicolon, rest = value.partition(";")
    if not semicolon or not kind.strip():
        return TypedValue(type="unknown", value=value.strip())
    name = without_comments(kind).strip().lower()
    return TypedValue(type=name, value=sanitise(decode_unitext(rest)).strip() if name == "utf-8" else rest.strip())


def parse_groups(content: Octets) -> tuple[Header, ...]:
    """Groups of fields with an empty line between (RFC 3464 2.1); what lies beyond 1 MiB or 10,000 groups is left out."""
    text = content.read(0, MATERIALISE_LIMIT).replace(b"\r\n", b"\n")
    groups: list[Header] = []
    for block in text.split(b"\n\n"):
        header = parse_header(MemoryOctets(block.strip(b"\n") + b"\n"))
        if header:
            groups.append(header)
        if len(groups) > _GROUPS_LIMIT:
            break
    return tuple(groups)


def parse_delivery_status(content: Octets) -> DeliveryStatus:
    """Read a message/delivery-status body.

    # Peer: some MTAs leave the group about the message out; a first group with Final-Recipient is about a recipient.
    """
    groups = parse_groups(content)
    first = 0 if groups and groups[0].get("Final-Recipient") and groups[0].get("Action") else 1
    about_message = groups[0] if first and groups else Header()
    return DeliveryStatus(
        message=StatusFields(header=about_message), recipients=tuple(StatusFields(header=group) for group in groups[first:])
    )


def read_delivery_report(item: Entity) -> DeliveryReport | None:
    """The DSN in a message; None where it is none: no multipart/report with status fields for at least one recipient."""
    if item.content_type.essence != "multipart/report":
        return None
    machine_part = next((part for part in item.parts[:5] if part.content_type.essence in STATUS_TYPES), None)
    if machine_part is None:
        return None
    status = parse_delivery_status(machine_part.content())
    if not status.recipients:
        return None
    return DeliveryReport(status=status, explanation=explanation_of(item, machine_part), returned=returned_in(item))


def explanation_of(item: Entity, machine_part: Entity) -> Entity | None:
    """The part for people of a multipart/report: what stands before the machine-readable one."""
    first = item.parts[0]
    return None if first is machine_part else first


def returned_in(item: Entity) -> Entity | None:
    """The returned message or header of a multipart/report, None where there is none."""
    wanted = _HEADERS_TYPES | _MESSAGE_TYPES
    return next((part for part in item.parts[1:5] if part.content_type.essence in wanted), None)


def status_body(
    about_message: Iterable[Field | tuple[str, str]], recipients: Iterable[Iterable[Field | tuple[str, str]]], *, utf8: bool = False
) -> Octets:
    """The body of a message/delivery-status, or of any other type made of groups of fields; in UTF-8 or in ASCII."""
    groups = [about_message, *recipients]
    return octets(b"\r\n".join(_group(group, utf8=utf8) for group in groups))


def _group(fields: Iterable[Field | tuple[str, str]], *, utf8: bool) -> bytes:
    return b"".join((item if isinstance(item, Field) else _status_field(*item, utf8=utf8)).serialise() for item in fields)


def _status_field(name: str, value: str, *, utf8: bool) -> Field:
    """A field; an address beyond ASCII has the type ``utf-8``, and escapes where the part is to be ASCII (RFC 6533 section 3)."""
    kind, semicolon, address = value.partition(";")
    if value.isascii() or not semicolon or not name.endswith("-Recipient") or kind.lower() == "x400":
        return field(name, value, utf8=utf8)
    address = address.strip()
    return field(name, f"utf-8; {address if utf8 else encode_unitext(address)}", utf8=utf8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What goes back with a report.

    Attributes:
        content: The whole message, or only its header.
        headers_only: Which of the two.
        eight_bit: It holds octets above 127, so that the part is to be marked ``8bit``.
        utf8: Its header is internationalised (RFC 6532): message/global types are used.
    """

    content: Octets
    headers_only: bool = False
    eight_bit: bool = False
    utf8: bool = False


def report_message(
    fields: Iterable[Field | tuple[str, str]],
    *,
    report_type: str,
    text: str,
    machine_part: Entity,
    returned: Returned | None = None,
    boundary: str | None = None,
) -> Message:
    """A multipart/report message (RFC 6522): text for people, the machine-readable part, what is returned.

    Args:
        fields: Header fields except MIME-Version and Content-Type.
        report_type: ``delivery-status`` or ``disposition-notification``.
        text: With LF or CRLF line ends.
        machine_part: Its entity.
        returned: The subject message, None when nothing goes back.
        boundary: See `gateway.internet.message.entity`.
    """
    parts: Sequence[Entity] = [text_part(text), machine_part, *([_returned_part(returned)] if returned else [])]
    whole = [
        *fields,
        field("MIME-Version", "1.0"),
        field("Content-Type", f"multipart/report; report-type={sanitise(report_type)}"),
    ]
    return message(whole, parts, boundary=boundary)


def status_part(
    about_message: Iterable[Field | tuple[str, str]], recipients: Iterable[Iterable[Field | tuple[str, str]]], *, utf8: bool = False
) -> Entity:
    """The message/delivery-status entity; message/global-delivery-status with ``utf8`` (RFC 6533 section 4)."""
    body = status_body(about_message, recipients, utf8=utf8)
    if utf8:
        return entity([("Content-Type", "message/global-delivery-status"), ("Content-Transfer-Encoding", "8bit")], body)
    return entity([("Content-Type", "message/delivery-status")], body)


def text_part(text: str, *, subtype: str = "plain") -> Entity:
    """A text entity: US-ASCII as it is, anything else, and long lines, in UTF-8 and quoted-printable."""
    flat = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    wire = flat.encode("utf-8", "replace").replace(b"\n", b"\r\n")
    if flat.isascii() and all(len(line) <= 900 for line in wire.split(b"\r\n")):
        return entity([("Content-Type", f"text/{subtype}; charset=us-ascii")], wire)
    fields = [("Content-Type", f"text/{subtype}; charset=utf-8"), ("Content-Transfer-Encoding", "quoted-printable")]
    return entity(fields, quoted_printable_body(octets(wire)))


def _returned_part(returned: Returned) -> Entity:
    kinds = ("message/global-headers", "message/global") if returned.utf8 else ("text/rfc822-headers", "message/rfc822")
    fields = [("Content-Type", kinds[0 if returned.headers_only else 1])]
    if returned.eight_bit or returned.utf8:
        fields.append(("Content-Transfer-Encoding", "8bit"))
    return entity(fields, returned.content)


def without_returned_message(content: Octets) -> Octets | None:
    """A report with the header of the message that it returns instead of the message; None where it returns none."""
    whole = parse(content)
    parts = whole.parts
    if whole.content_type.essence != "multipart/report" or not parts or parts[-1].content_type.essence not in _MESSAGE_TYPES:
        return None
    inner = parts[-1].message
    header = inner.header.serialise() if inner is not None else b""
    utf8 = parts[-1].content_type.essence == "message/global"
    short = _returned_part(Returned(content=MemoryOctets(header), headers_only=True, eight_bit=not header.isascii(), utf8=utf8))
    return serialise(message(whole.header, (*parts[:-1], short)))
