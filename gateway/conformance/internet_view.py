"""Internet messages as vectors name their parts (the conformance schema, 2.5): header, MIME structure, SMTP envelope, status fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from gateway.conformance.header_values import Date, Instances
from gateway.conformance.message_values import (
    ABSENT,
    Blob,
    IfUsed,
    Leaf,
    MediaType,
    Node,
    UnequalError,
    Word,
)
from gateway.internet.dsn import STATUS_TYPES, parse_groups
from gateway.internet.envelope import SmtpEnvelope
from gateway.internet.fields import Field
from gateway.internet.message import Entity, Message
from gateway.mixer.address import unquote
from gateway.mixer.trace import MIXER_COMMENT

_NAME: Final = re.compile(r"[A-Za-z0-9-]+")
_TRACE: Final = frozenset({"received", "x400-received"})


def header_view(fields: Iterable[Field], extra: dict[str, Any] | None = None) -> Node:
    """A header: fields by name, unfolded and trimmed; names in any case."""
    found: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    for one in fields:
        name = spelled.setdefault(one.name.lower(), one.name)
        found.setdefault(name, []).append(" ".join(one.value.split()) if one.name.lower() in _TRACE else one.value.strip())
    return _Header({name: Instances(name, tuple(bodies)) for name, bodies in found.items()} | (extra or {}), _NAME)


class _Header(Node):
    """A structure whose names have no case."""

    def get(self, name: str) -> Any:
        return next((value for other, value in self.members.items() if other.lower() == name.lower()), ABSENT)


def message_view(message: Message, envelope: SmtpEnvelope) -> dict[str, Any]:
    """All that a vector can ask of a message that goes to SMTP."""
    fields = message.header
    names = [one.name.lower() in _TRACE for one in fields]
    x400 = [one.value for one in fields if one.is_named("X400-Received")]
    received = [one.value for one in fields if one.is_named("Received")]
    own = next((text for text in received if MIXER_COMMENT in text), received[0] if received else "")
    return {
        **entity_view(message).members,
        "headers": header_view(fields),
        "header_order": header_view(fields, {"trace_fields_first": names == sorted(names, reverse=True)}),
        "x400_received_count": len(x400),
        "x400_received_mentions_mta": Mentioned(tuple(x400)),
        "received_added": len(received),
        "received_comment": " ".join(re.findall(r"\(([^()]*)\)", own)),
        "smtp": _envelope(envelope),
        "smtp_messages": 1,
    }


class Mentioned(Leaf):
    """The X400-Received fields; one has to name an MTA."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self._fields = fields

    def equals(self, expected: Any) -> bool:
        """Whether one of them names this MTA."""
        found = [semantics(one).get("mta") for one in self._fields]
        return any(isinstance(mta, Word) and mta.equals(expected) for mta in found)

    def __repr__(self) -> str:
        return repr(self._fields)


def _envelope(envelope: SmtpEnvelope) -> Node:
    return Node({
        "mail_from": Instances("From", (envelope.reverse_path,)) if envelope.reverse_path else "<>",
        "rcpt_to": [Instances("To", (one.address,)) for one in envelope.recipients],
        "notify_if_used": IfUsed(tuple(",".join(sorted(one.notify)) for one in envelope.recipients if one.notify is not None)),
        "ret": ABSENT if envelope.ret is None else Word(envelope.ret),
        "envid": ABSENT if envelope.envid is None else envelope.envid,
    })  # fmt: skip


# --- MIME ---------------------------------------------------------------------------------------------------------------------------------


def entity_view(item: Entity) -> Node:
    """A message or a part of one."""
    kind, parts = item.content_type, item.parts if item.is_multipart else ()
    inner = item.message.header if kind.essence == "message/rfc822" and item.message is not None else ()
    disposition = item.disposition
    parameters = {name.lower(): Word(value) for name, value in kind.parameters.items()}
    declared = item.header.get("Content-Type") is not None
    return Node({
        "headers": header_view([*item.header, *inner]),
        "content_type": MediaType(kind),
        "charset": parameters.get("charset", ABSENT if declared else Word("us-ascii")),
        "bp-type": parameters.get("bp-type", ABSENT),
        "parameters": Node(parameters, _NAME),
        "disposition": ABSENT if disposition is None else Word(disposition.kind),
        "filename": item.filename or ABSENT,
        "size_parameter": ABSENT if disposition is None else disposition.parameters.get("size", ABSENT),
        **_bodies(item),
        "parts": [entity_view(one) for one in parts],
        "part_types": [MediaType(one.content_type) for one in parts],
        "part_count": len(parts),
    })  # fmt: skip


def _bodies(item: Entity) -> dict[str, Any]:
    if item.is_multipart:
        return {"body": Blob(item.body.to_bytes(), None, _first_text(item)), "decoded_body": ABSENT}
    octets, text = item.content().to_bytes(), _text(item)
    return {"body": Blob(item.body.to_bytes(), None, text), "decoded_body": Blob(octets, text)}


def _text(item: Entity) -> str:
    """The decoded text; teletex and other charsets that Python does not know are taken octet by octet."""
    if item.content_type.type == "text" and item.charset.lower() != "teletex":
        return "".join(item.text())
    return item.content().to_bytes().decode("utf-8", "replace")


def _first_text(item: Entity) -> str:
    return next((_text(one) for one in item.walk() if one.content_type.essence == "text/plain"), "")


# --- status fields ------------------------------------------------------------------------------------------------------------------------


def report_view(message: Message, envelope: SmtpEnvelope) -> dict[str, Any]:
    """All that a vector can ask of a DSN."""
    status = next((one for one in message.parts if one.content_type.essence in STATUS_TYPES), None)
    groups: Sequence[Iterable[Field]] = parse_groups(status.content()) if status is not None else ()
    return {
        **message_view(message, envelope),
        "outer": header_view(message.header),
        "dsn_per_message": header_view(groups[0] if groups else ()),
        "dsn_recipients": [header_view(group) for group in groups[1:]],
        "any_field": header_view(field for group in groups for field in group),
    }


# --- X400-Received ------------------------------------------------------------------------------------------------------------------------

_BY: Final = re.compile(r'by\s+(?:mta\s+("(?:[^"\\]|\\.)*"|\S+)\s+in\s+)?(/.*/)\s*', re.IGNORECASE)


def semantics(body: str) -> Node:
    """The parts of an X400-Received field, read by the grammar of RFC 2156 5.3.7 alone.

    Raises:
        UnequalError: It is not of the form.
    """
    parts = [one.strip() for one in re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^;"])+', body)]
    match = _BY.fullmatch(parts[0]) if parts else None
    if match is None or len(parts) < 3:
        raise UnequalError(f"{body[:200]!r} is no X400-Received")
    found: dict[str, Any] = {"deferred": ABSENT, "converted": ABSENT, "attempted": ABSENT}
    for part in parts[1:-2]:
        found |= _trace_part(part)
    return Node({
        "mta": Word(unquote(match[1])) if match[1] else ABSENT,
        "domain": match[2],
        "date": Date(parts[-1]),
        "actions": [one.strip() for one in parts[-2].split(",")],
        **found,
    })  # fmt: skip


def _trace_part(part: str) -> dict[str, Any]:
    word, _, rest = part.partition(" ")
    if part.lower().startswith("deferred until "):
        return {"deferred": Date(part[15:])}
    if word.lower() == "converted":
        return {"converted": [Word(one.strip()) for one in rest.strip().removeprefix("(").removesuffix(")").split(",")]}
    if word.lower() == "attempted":
        return {"attempted": rest.strip()}
    raise UnequalError(f"{part!r} is no part of an X400-Received")
