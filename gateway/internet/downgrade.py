"""A message with 8-bit content made fit for a server that takes 7 bits only (RFC 6152 section 3, RFC 2045 6.4)."""

from __future__ import annotations

from gateway.internet.fields import Field
from gateway.internet.message import Entity, Header, base64_body, entity, parse, quoted_printable_body, serialise
from gateway.octets import ConcatOctets, Octets

_ENCODING = "Content-Transfer-Encoding"


def is_seven_bit(octets: Octets) -> bool:
    """Whether there is no octet above 127. Reads everything."""
    return all(chunk.isascii() for chunk in octets.chunks())


def seven_bit(message: Octets) -> Octets:
    """The message with 8-bit bodies in quoted-printable (text) or base64; parts that are 7-bit stay octet for octet.

    Multiparts and embedded messages are opened, since they cannot be encoded themselves (RFC 2045 6.4). The header of
    the message is not touched: text beyond ASCII in it needs SMTPUTF8.
    """
    return _downgraded(parse(message))


def _downgraded(item: Entity) -> Octets:
    if is_seven_bit(item.body):
        return serialise(item)
    if item.is_multipart:
        return ConcatOctets([_with_encoding(item, "7bit").serialise(), b"\r\n", _multipart_body(item)])
    if item.message is not None:
        return ConcatOctets([_with_encoding(item, "7bit").serialise(), b"\r\n", _downgraded(item.message)])
    if item.content_type.type == "text" and item.encoding in ("7bit", "8bit"):
        return serialise(entity(_with_encoding(item, "quoted-printable"), quoted_printable_body(item.body)))
    return serialise(entity(_with_encoding(item, "base64"), base64_body(item.content())))


def _multipart_body(item: Entity) -> Octets:
    """The body with its parts replaced; delimiter lines, preamble and epilogue stay as they are, unless they hold 8 bits."""
    assert item.layout is not None
    pieces: list[Octets] = []
    position = 0
    for (start, end), part in zip(item.layout.parts, item.parts, strict=True):
        pieces += [item.body.slice(position, start), _downgraded(part)]
        position = end
    return ConcatOctets([*pieces, item.body.slice(position)])


def _with_encoding(item: Entity, encoding: str) -> Header:
    kept = item.header.without(_ENCODING)
    return Header([*kept, Field(_ENCODING, b" " + encoding.encode("ascii"))])
