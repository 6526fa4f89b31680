"""Message disposition notifications: RFC 8098, and what RFC 2298 and 3798 wrote before it, read and built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.internet.dsn import Returned, StatusFields, explanation_of, parse_groups, report_message, returned_in, status_body
from gateway.internet.fields import Field
from gateway.internet.message import Entity, Header, Message, entity
from gateway.internet.tokens import without_comments

MDN_TYPES = frozenset({"message/disposition-notification", "message/global-disposition-notification"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionField:
    """The Disposition field (RFC 8098 3.2.6): ``action/sending; type/modifier,...``, everything in lower case.

    Attributes:
        action: ``manual-action`` or ``automatic-action``; empty where it cannot be read.
        sending: ``mdn-sent-manually`` or ``mdn-sent-automatically``; empty where it cannot be read.
        type: ``displayed``, ``dispatched``, ``processed``, ``deleted``; of RFC 2298 also ``denied`` and ``failed``.
        modifiers: ``error``, and those of RFC 2298 (``expired``, ``superseded``, ``mailbox-terminated``, ...).
    """

    action: str
    sending: str
    type: str
    modifiers: tuple[str, ...] = ()

    def to_text(self) -> str:
        """The value of the field, in the capitals that RFC 8098 prints."""
        modifiers = "/" + ",".join(self.modifiers) if self.modifiers else ""
        return f"{self.action}/{self.sending.replace('mdn-', 'MDN-', 1)}; {self.type}{modifiers}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionReport:
    """An MDN as it arrived.

    Attributes:
        fields: The fields of the notification.
        disposition: The Disposition field.
        explanation: The part for people, None where it is missing.
        returned: The message or header that came back, None where nothing did.
    """

    fields: StatusFields
    disposition: DispositionField
    explanation: Entity | None
    returned: Entity | None

    @property
    def original_message_id(self) -> str:
        """Original-Message-ID as written, empty where it is missing."""
        return self.fields.header.value("Original-Message-ID")


def parse_disposition_field(value: str) -> DispositionField:
    """Read the value of a Disposition field; what is missing is empty."""
    modes, _, kinds = without_comments(value).lower().partition(";")
    if not kinds:  # Peer: a few agents leave the modes out.
        modes, kinds = "", modes
    action, _, sending = modes.partition("/")
    kind, _, modifiers = kinds.partition("/")
    return DispositionField(
        action=action.strip(),
        sending=sending.strip(),
        type=kind.strip(),
        modifiers=tuple(modifier.strip() for modifier in modifiers.split(",") if modifier.strip()),
    )


def read_disposition_report(item: Entity) -> DispositionReport | None:
    """The MDN in a message; None where it is none: no multipart/report with a Disposition field."""
    if item.content_type.essence != "multipart/report":
        return None
    part = next((part for part in item.parts[:5] if part.content_type.essence in MDN_TYPES), None)
    if part is None:
        return None
    groups = parse_groups(part.content())
    fields = Header(field for group in groups for field in group)
    if fields.get("Disposition") is None:
        return None
    return DispositionReport(
        fields=StatusFields(header=fields),
        disposition=parse_disposition_field(fields.value("Disposition")),
        explanation=explanation_of(item, part),
        returned=returned_in(item),
    )


def notification_message(
    header: Iterable[Field | tuple[str, str]],
    *,
    text: str,
    fields: Iterable[Field | tuple[str, str]],
    returned: Returned | None = None,
    boundary: str | None = None,
) -> Message:
    """An MDN message.

    Args:
        header: Header fields except MIME-Version and Content-Type.
        text: The part for people.
        fields: The fields of the notification, Disposition among them.
        returned: The subject message, None when nothing goes back.
        boundary: See `gateway.internet.message.entity`.
    """
    part = entity([("Content-Type", "message/disposition-notification")], status_body(fields, []))
    return report_message(
        header, report_type="disposition-notification", text=text, machine_part=part, returned=returned, boundary=boundary
    )
