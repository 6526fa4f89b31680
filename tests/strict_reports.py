"""A strict reader of DSNs (RFC 3464) and MDNs (RFC 8098), on Python's ``email`` and nothing of the gateway: every field by its grammar."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

_ATOM = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.]+"
_TYPED = re.compile(rf"({_ATOM}); *(\S.*)", re.S)
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_MSG_ID = re.compile(r"<[^<>\s@]+(?:\s[^<>@]*)?@[^<>@]+>|<\"(?:[^\"\\]|\\.)*\"@[^<>]+>")
_ACTIONS = {"failed", "delayed", "delivered", "relayed", "expanded"}
_MODES = re.compile(r"(manual|automatic)-action/MDN-sent-(manually|automatically)")
_DISPOSITIONS = {"displayed", "dispatched", "processed", "deleted"}

_ABOUT = {
    "Original-Envelope-Id": "text", "Reporting-MTA": "typed", "DSN-Gateway": "typed", "Received-From-MTA": "typed", "Arrival-Date": "date",
}  # fmt: skip
_RECIPIENT = {
    "Original-Recipient": "typed", "Final-Recipient": "typed", "Action": "action", "Status": "status", "Remote-MTA": "typed",
    "Diagnostic-Code": "typed", "Last-Attempt-Date": "date", "Final-Log-Id": "text", "Will-Retry-Until": "date",
}  # fmt: skip
_MDN = {
    "Reporting-UA": "text", "MDN-Gateway": "typed", "Original-Recipient": "typed", "Final-Recipient": "typed",
    "Original-Message-ID": "msg-id", "Disposition": "disposition", "Error": "text",
}  # fmt: skip


def strict(octets: bytes, report_type: str) -> EmailMessage:
    """The message, if it is a whole and legal multipart/report of this type (RFC 6522), with the header that such a thing must have."""
    for line in octets.split(b"\r\n"):
        assert len(line) <= 998 and b"\n" not in line and b"\r" not in line
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    for name in ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type"):
        assert len(message.get_all(name, [])) == 1, name
    assert message["Auto-Submitted"].startswith("auto-replied")
    assert message.get_content_type() == "multipart/report" and message.get_param("report-type") == report_type
    parts = message.get_payload()
    assert 2 <= len(parts) <= 3 and parts[0].get_content_maintype() == "text"
    assert parts[1].get_content_type() == f"message/{report_type}"
    assert all(not part.defects for part in message.walk())
    if len(parts) == 3:
        assert parts[2].get_content_type() in ("message/rfc822", "text/rfc822-headers")
    return message


def strict_dsn(octets: bytes) -> tuple[EmailMessage, list[EmailMessage]]:
    """The groups of a DSN: about the message, and about each recipient."""
    about, *recipients = strict(octets, "delivery-status").get_payload(1).get_payload()
    assert recipients
    _check(about, _ABOUT, needed=("Reporting-MTA",))
    for group in recipients:
        _check(group, _RECIPIENT, needed=("Final-Recipient", "Action", "Status"))
        if group["Action"] == "delivered":
            assert group["Status"].startswith("2.")
    return about, recipients


def strict_mdn(octets: bytes) -> EmailMessage:
    """The fields of an MDN."""
    part = strict(octets, "disposition-notification").get_payload(1)
    payload = part.get_payload()
    fields = payload[0] if isinstance(payload, list) else email.message_from_string(payload, policy=email.policy.default)
    _check(fields, _MDN, needed=("Final-Recipient", "Disposition"))
    return fields


def _check(group: EmailMessage, known: dict[str, str], *, needed: tuple[str, ...]) -> None:
    for name in needed:
        assert group[name] is not None, f"{name} is missing"
    names = [name.lower() for name in group]
    for name, value in group.items():
        kind = known.get(name)
        if kind is None:
            assert name.lower().startswith(("x400-", "x-")), f"{name} is registered nowhere"
            continue
        assert names.count(name.lower()) == 1, f"{name} stands there twice"
        _value(name, kind, str(value))


def _value(name: str, kind: str, value: str) -> None:
    assert value.strip(), name
    if kind == "typed":
        assert _TYPED.fullmatch(value), f"{name}: {value}"
    elif kind == "date":
        assert parsedate_to_datetime(value).tzinfo is not None, f"{name}: {value}"
    elif kind == "status":
        assert _STATUS.fullmatch(value), value
    elif kind == "action":
        assert value in _ACTIONS, value
    elif kind == "msg-id":
        assert _MSG_ID.fullmatch(value), value
    elif kind == "disposition":
        modes, _, word = value.partition("; ")
        assert _MODES.fullmatch(modes) and word.partition("/")[0] in _DISPOSITIONS, value
