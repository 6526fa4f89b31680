"""Reports about internationalised mail (RFC 6533), for servers with and without SMTPUTF8.

A report is made in the international form where its subject needs it, and rewritten when the next server turns out not to offer
SMTPUTF8: then addresses stand in the utf-8-addr-xtext form, and what is returned is encoded (RFC 6533 section 4.5).
"""

from __future__ import annotations

from gateway.internet.dsn import parse_groups, status_part
from gateway.internet.fields import Field
from gateway.internet.message import Entity, Header, base64_body, entity, message, parse, serialise
from gateway.octets import Octets

_RETURNED = frozenset({"message/global", "message/global-headers"})


def conventional(content: Octets) -> Octets:
    """A report for a server without SMTPUTF8; any other message, and a report without international parts, as it is."""
    whole = parse(content)
    if whole.content_type.essence != "multipart/report":
        return content
    parts = tuple(_part(part) for part in whole.parts)
    if all(new is old for new, old in zip(parts, whole.parts, strict=True)):
        return content
    return serialise(message(whole.header, parts))


def _part(part: Entity) -> Entity:
    kind = part.content_type.essence
    if kind == "message/global-delivery-status":
        first, *others = parse_groups(part.content()) or (Header(),)
        return status_part(_ascii(first), [_ascii(group) for group in others])
    if kind in _RETURNED:
        fields = [("Content-Type", kind), ("Content-Transfer-Encoding", "base64")]
        return entity(fields, base64_body(part.content()))
    return part


def _ascii(group: Header) -> list[Field | tuple[str, str]]:
    """The fields; those beyond ASCII as text, which `status_part` writes in ASCII."""
    return [each if each.body.isascii() else (each.name, each.value) for each in group]
