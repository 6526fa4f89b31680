"""No string of an X.400 message makes a header line (RFC 5322 2.2): every string of every declared type, with line ends in it.

The values are found by walking the type declarations of envelope, heading and body parts, so a type that is added is tried as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.errors import ConversionError
from gateway.internet import message as internet
from gateway.mixer.descriptors import Scope
from gateway.mixer.envelope_fields import fields_of_envelope
from gateway.mixer.messages import message_of_ipm
from gateway.mixer.policy import Context
from gateway.mixer.trace import hops_of, received_field, text_from_hop
from gateway.octets import octets
from gateway.x400 import p1
from gateway.x400.extension_attributes import EXTENSION_ATTRIBUTES, ExtensionAttribute
from gateway.x400.extensions import EXTENSIONS, ExtensionField, ExtensionType, extension_value
from gateway.x400.extensions import StandardExtension as Standard
from gateway.x400.heading_extensions import HEADING_EXTENSIONS
from gateway.x400.ipm import IPM
from gateway.x400.ipms_fields import IPMSExtension
from gateway.x400.security import TOKEN_DATA, TOKENS
from tests.mixer.hostile_values import Hostile

PAYLOADS = (
    "a\r\nX-Injected: 1\r\n\r\nX-Injected: 2",
    "a\nX-Injected: 1",
    "a\rX-Injected: 1",
    "X-Injected: 1\0\r\n .\r\n.\r\nX-Injected: 2",
    "\r\n",
    "a\x0bX-Injected: 1\x0cX-Injected: 2\x85X-Injected: 3",
    '"\r\nX-Injected: 1',
    "(\r\nX-Injected: 1",
    "=?utf-8?q?a=0D=0AX-Injected:_1?=",
    "a;\r\n b=c\r\nX-Injected: 1",
)
_NAMES = re.compile(rb"[!-9;-~]+")


def keys(cls: type[Any]) -> Sequence[Any]:
    """The types of open types: all that are known, and one that is not."""
    if cls is IPMSExtension:
        return [*HEADING_EXTENSIONS, "1.2.3.4"]
    if cls is ExtensionField:
        return [*(ExtensionType(standard_extension=number) for number in EXTENSIONS if number != Standard.LATEST_DELIVERY_TIME)]
    if cls is ExtensionAttribute:
        return [*EXTENSION_ATTRIBUTES]
    tables = {"AsymmetricToken": TOKENS, "Token": TOKENS}
    return [*tables.get(cls.__name__, TOKEN_DATA)]


def without_criticality(value: Any) -> Any:
    """An envelope whose extensions demand nothing, so that none of them is a reason to refuse it."""
    from dataclasses import replace

    harmless = tuple(replace(one, criticality=frozenset()) for one in value.extensions)
    recipients = tuple(
        replace(one, explicit_conversion=None, extensions=tuple(replace(each, criticality=frozenset()) for each in one.extensions))
        for one in value.per_recipient_fields
    )
    return replace(value, extensions=harmless, per_recipient_fields=recipients)


def headers_of(message: internet.Message) -> list[bytes]:
    """The headers of a message and of everything in it, as they go out."""
    found = [message.header.serialise()]
    for item in message.walk():
        found.append(item.header.serialise())
        if item is not message and item.message is not None:
            found += headers_of(item.message)
    return found


def check(message: internet.Message) -> None:
    wire = internet.serialise(message).to_bytes()
    head = wire.partition(b"\r\n\r\n")[0]
    for raw in (head, *headers_of(internet.parse(octets(wire)))):
        assert not re.search(rb"(?m)^X-Injected", raw.replace(b"\r", b"\n")), raw
        assert b"\0" not in raw
        assert raw.replace(b"\r\n", b"").count(b"\n") == raw.replace(b"\r\n", b"").count(b"\r") == 0
        for line in raw.split(b"\r\n"):
            assert not line or line[:1] in (b" ", b"\t") or _NAMES.match(line.partition(b":")[0])
            assert len(line) <= 998


@pytest.mark.parametrize("turn", range(6))
@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_no_string_of_an_ipm_makes_a_header_line(payload: str, turn: int, context: Context) -> None:
    made = Hostile(payload, turn, keys)
    ipm = made.value(IPM)
    assert isinstance(ipm, IPM)
    assert payload.encode("latin-1") == ipm.heading.subject
    assert len(ipm.heading.extensions) > 10
    scope = Scope(context=context)
    check(message_of_ipm(ipm, scope, defaults=[("From", "gw@gw.example")]))


@pytest.mark.parametrize("turn", range(6))
@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_no_string_of_an_envelope_makes_a_header_line(payload: str, turn: int, context: Context) -> None:
    envelope = without_criticality(Hostile(payload, turn, keys).value(p1.MessageTransferEnvelope))
    assert len(envelope.extensions) > 20
    scope = Scope(context=context)
    hops = hops_of(envelope.trace_information, extension_value(envelope.extensions, Standard.INTERNAL_TRACE_INFORMATION) or ())
    trace = [received_field(hops, context), *(("X400-Received", text_from_hop(hop)) for hop in hops)]
    try:
        fields = fields_of_envelope(envelope, envelope.per_recipient_fields, scope)
    except ConversionError:
        return
    assert len(fields) > 5
    check(internet.message([*trace, *fields], b""))
