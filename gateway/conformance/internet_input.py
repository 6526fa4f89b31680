"""Inputs of vectors on the Internet side: octets of a message, its SMTP envelope, a DSN (the conformance schema, 2.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from gateway.conformance.message_world import NOW, field_name
from gateway.conformance.vector import VectorError, list_of, mapping_of, octets_of, text_of
from gateway.internet.dsn import parse_groups, status_part, text_part
from gateway.internet.envelope import EnvelopeError, SmtpEnvelope, SmtpRecipient, decode_orcpt, decode_xtext
from gateway.internet.fields import serialise_date
from gateway.internet.message import Entity, Message, entity, parse, serialise
from gateway.internet.transfer_encodings import base64_body
from gateway.octets import octets

KEYS: Final = frozenset(
    {"mail_from", "rcpt_to", "rcpt", "envid_xtext", "header", "header_raw", "body", "body_hex", "mime",
     "prior_mixer_conversions_same_direction"}
)  # fmt: skip
DSN_KEYS: Final = frozenset({"mail_from", "rcpt_to", "outer_header", "dsn_per_message", "dsn_recipients"})
_MIME_KEYS: Final = frozenset({"type", "headers", "body", "decoded_body_hex", "raw", "parts"})
_PRIOR: Final = "X400-Received: by /PRMD=P/ADMD=A/C=XX/; converted (IA5-Text, (1)(3)(6)(1)(7)(1)(3)(5)); Relayed; "


def message_from(given: Mapping[str, Any]) -> Message:
    """The message, parsed from the octets that SMTP would bring.

    Raises:
        VectorError: Something cannot be read.
    """
    trace = _prior(given.get("prior_mixer_conversions_same_direction", 0))
    header = b"".join(one.encode("utf-8") + b"\r\n" for one in (*trace, *_header(given)))
    header += text_of(given.get("header_raw", ""), "header_raw").encode("utf-8")
    if "mime" not in given:
        return parse(octets(header + b"\r\n" + _body(given)))
    made = mime_from(mapping_of(given["mime"], "mime"))
    return parse(octets(header + b"MIME-Version: 1.0\r\n" + serialise(made).to_bytes()))


def _header(given: Mapping[str, Any]) -> list[str]:
    fields = [text_of(one, "header") for one in list_of(given.get("header", []), "header")]
    raw = {name.strip().lower() for name in re.findall(r"(?m)^([^\s:][^:\r\n]*):", given.get("header_raw", ""))}
    for one in fields:
        if "\r" in one or "\n" in one:
            raise VectorError("fields of 'header' are unfolded; 'header_raw' holds folded ones")
    return [one for one in fields if field_name(one) not in raw]


def _prior(number: object) -> list[str]:
    """What earlier gateways leave: each conversion is an element of the trace that says into what was converted (5.1.6, 5.3.7)."""
    if not isinstance(number, int):
        raise VectorError("a number of conversions is expected")
    return [f"{_PRIOR}{serialise_date(NOW)}"] * number


def _body(given: Mapping[str, Any]) -> bytes:
    if "body_hex" in given:
        return octets_of(given["body_hex"], "body_hex")
    return text_of(given.get("body", ""), "body").encode("utf-8")


def mime_from(node: Mapping[str, Any]) -> Entity:
    """A tree of MIME entities."""
    unknown = node.keys() - _MIME_KEYS
    if unknown or "type" not in node:
        raise VectorError(f"unknown key {min(unknown)!r} of mime" if unknown else "mime needs 'type'")
    fields: list[tuple[str, str]] = [("Content-Type", text_of(node["type"], "type"))]
    for line in list_of(node.get("headers", []), "headers"):
        name, _, value = text_of(line, "headers").partition(":")
        fields.append((name.strip(), value.strip()))
    if "parts" in node:
        return entity(fields, [mime_from(mapping_of(one, "parts")) for one in list_of(node["parts"], "parts")])
    if "raw" in node:
        return entity(fields, text_of(node["raw"], "raw").encode("utf-8"))
    if "decoded_body_hex" in node:
        content = octets(octets_of(node["decoded_body_hex"], "decoded_body_hex"))
        return entity([*fields, ("Content-Transfer-Encoding", "base64")], base64_body(content))
    body = text_of(node.get("body", ""), "body")
    eight_bit = [] if body.isascii() else [("Content-Transfer-Encoding", "8bit")]
    return entity([*fields, *eight_bit], body.encode("utf-8"))


def envelope_from(given: Mapping[str, Any]) -> SmtpEnvelope:
    """The SMTP envelope."""
    recipients = [SmtpRecipient(address=text_of(one, "rcpt_to")) for one in given.get("rcpt_to", [])]
    recipients += [_recipient(mapping_of(one, "rcpt")) for one in given.get("rcpt", [])]
    try:
        envid = decode_xtext(text_of(given["envid_xtext"], "envid_xtext")) if "envid_xtext" in given else None
    except EnvelopeError as error:
        raise VectorError(f"envid_xtext: {error}") from error
    sender = text_of(given["mail_from"], "mail_from")
    return SmtpEnvelope(reverse_path="" if sender == "<>" else sender, recipients=tuple(recipients), envid=envid)


def _recipient(one: Mapping[str, Any]) -> SmtpRecipient:
    unknown = one.keys() - {"to", "notify", "orcpt"}
    if unknown:
        raise VectorError(f"unknown key {min(unknown)!r} of rcpt")
    try:
        orcpt = decode_orcpt(text_of(one["orcpt"], "orcpt")) if "orcpt" in one else None
    except EnvelopeError as error:
        raise VectorError(f"orcpt: {error}") from error
    return SmtpRecipient(
        address=text_of(one["to"], "to"), notify=notify_from(one["notify"]) if "notify" in one else None, orcpt=orcpt
    )


def notify_from(text: object) -> frozenset[str]:
    """The keywords of a NOTIFY parameter."""
    found = frozenset(one.strip().upper() for one in text_of(text, "notify").split(","))
    if not found <= {"NEVER", "SUCCESS", "FAILURE", "DELAY"}:
        raise VectorError(f"NOTIFY={text} is unknown")
    return found


def dsn_from(given: Mapping[str, Any]) -> Message:
    """A DSN: text, status fields, nothing returned."""
    header = [text_of(one, "outer_header") for one in list_of(given["outer_header"], "outer_header")]
    about = [text_of(one, "dsn_per_message") for one in list_of(given["dsn_per_message"], "dsn_per_message")]
    groups = [[text_of(line, "dsn_recipients") for line in list_of(one, "dsn_recipients")] for one in given["dsn_recipients"]]
    parts = [text_part("Your message could not be delivered.\n"), status_part(_fields(about), [_fields(group) for group in groups])]
    made = entity([("Content-Type", "multipart/report; report-type=delivery-status")], parts)
    lines = "".join(f"{one}\r\n" for one in header).encode("utf-8")
    return parse(octets(lines + b"MIME-Version: 1.0\r\n" + serialise(made).to_bytes()))


def _fields(lines: list[str]) -> list[Any]:
    groups = parse_groups(octets("".join(f"{one}\r\n" for one in lines).encode("utf-8")))
    return list(groups[0]) if groups else []
