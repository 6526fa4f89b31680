"""A message made fit for the next server: without 8BITMIME, and without octets that no line-oriented transport carries.

RFC 6152 section 3, RFC 3030 section 3, RFC 2045 6.4.
"""

from __future__ import annotations

import re
from enum import IntEnum

from gateway.internet.fields import Field
from gateway.internet.message import Entity, Header, base64_body, entity, parse, quoted_printable_body, serialise
from gateway.octets import ConcatOctets, Octets, octets

_ENCODING = "Content-Transfer-Encoding"
_LONGEST_LINE = 998
_LONG = re.compile(rb"[^\n]{%d}" % (_LONGEST_LINE + 2))


class Demand(IntEnum):
    """What a message asks of its transport (RFC 2045 2.7 to 2.9)."""

    SEVEN_BIT = 0
    EIGHT_BIT = 1
    BINARY = 2


_LABEL = {Demand.SEVEN_BIT: "7bit", Demand.EIGHT_BIT: "8bit"}


def demand(content: Octets) -> Demand:
    """What these octets ask of a transport: BINARY for NUL, a lone CR, or a line above 998 octets. Reads everything.

    A lone LF is a line end here, as wherever text is read; in what is labelled binary it is not, which `fit` minds.
    """
    found, held = Demand.SEVEN_BIT, b""
    for chunk in content.chunks():
        window = held + chunk
        if _is_binary(window, at_end=False):
            return Demand.BINARY
        if found is Demand.SEVEN_BIT and not chunk.isascii():
            found = Demand.EIGHT_BIT
        held = window[window.rfind(b"\n") + 1 :]
    return Demand.BINARY if _is_binary(held, at_end=True) else found


def _is_binary(window: bytes, *, at_end: bool) -> bool:
    """Whether octets that begin with a line cannot be lines; a CR at the end may be half a line end."""
    carriage_returns = window.count(b"\r") - (not at_end and window.endswith(b"\r"))
    return carriage_returns != window.count(b"\r\n") or b"\0" in window or _LONG.search(window) is not None


def _has_lone_line_feed(content: Octets) -> bool:
    before = b""
    for chunk in content.chunks():
        window = before + chunk
        if window.count(b"\n") != window.count(b"\r\n"):
            return True
        before = b"\r" if chunk.endswith(b"\r") else b""
    return False


def fit(message: Octets, most: Demand = Demand.SEVEN_BIT) -> Octets:
    """The message with every body that asks for more in quoted-printable (text) or base64; the others stay octet for octet.

    Multiparts and embedded messages are opened, since they cannot be encoded themselves (RFC 2045 6.4). The header of
    the message is not touched: text beyond ASCII in it needs SMTPUTF8.

    Args:
        message: The message.
        most: What the transport carries, SEVEN_BIT or EIGHT_BIT.
    """
    return _fit(parse(message), most)


def _fit(item: Entity, most: Demand) -> Octets:
    asked = demand(item.body)
    if item.encoding == "binary" and not (item.is_multipart or item.message) and _has_lone_line_feed(item.body):
        asked = Demand.BINARY
    if asked <= most:
        # A label `binary` on what is lines is true no more than it must be, and a gateway further on may refuse it.
        return serialise(item) if item.encoding != "binary" else ConcatOctets([_labelled(item, asked), b"\r\n", item.body])
    if item.is_multipart:
        return ConcatOctets([_labelled(item, most), b"\r\n", _multipart_body(item, most)])
    if item.message is not None:
        return ConcatOctets([_labelled(item, most), b"\r\n", _fit(item.message, most)])
    if item.content_type.type == "text" and item.encoding in ("7bit", "8bit") and asked is not Demand.BINARY:
        return serialise(entity(_with_encoding(item, "quoted-printable"), quoted_printable_body(item.body)))
    return serialise(entity(_with_encoding(item, "base64"), base64_body(item.content())))


def _multipart_body(item: Entity, most: Demand) -> Octets:
    """The body with its parts replaced; delimiter lines, preamble and epilogue stay as they are, unless they hold 8 bits."""
    assert item.layout is not None
    pieces: list[Octets] = []
    position = 0
    for (start, end), part in zip(item.layout.parts, item.parts, strict=True):
        pieces += [item.body.slice(position, start), _fit(part, most)]
        position = end
    return ConcatOctets([*pieces, item.body.slice(position)])


def _labelled(item: Entity, asked: Demand) -> Octets:
    return octets(_with_encoding(item, _LABEL[asked]).serialise())


def _with_encoding(item: Entity, encoding: str) -> Header:
    kept = item.header.without(_ENCODING)
    return Header([*kept, Field(_ENCODING, b" " + encoding.encode("ascii"))])
