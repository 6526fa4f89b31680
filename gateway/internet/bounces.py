"""Bounces from before RFC 3464: those of sendmail, qmail, Exim and Exchange, read as if they were DSNs.

Their words are for people, and anybody may write such words. So only a known form counts, only for addresses that the caller
says were really sent to, and only what is final: warnings of delay, vacation replies and free text are ordinary messages.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.internet.dsn import DeliveryReport, DeliveryStatus, StatusFields
from gateway.internet.fields import field, sanitise
from gateway.internet.message import Entity, Header, Message

_READ: Final = 64 * 1024
"""Octets of a bounce that are looked at; what was returned follows behind."""
_LONGEST: Final = 300
_ENHANCED: Final = re.compile(r"(?<![\d.])5\.\d{1,3}\.\d{1,3}(?![\d.])")
_CODE: Final = re.compile(r"(?<!\d)(4\d\d|5\d\d)(?=[ -])")
_UNKNOWN: Final = re.compile(
    r"user unknown|unknown (?:user|recipient)|no such (?:user|mailbox|recipient)|recipient .{0,20}not (?:found|recognized)|no mailbox here",
    re.I,
)
_TOO_LARGE: Final = re.compile(r"too (?:large|big)|size limit|exceeds .{0,20}size", re.I)
_LATE: Final = re.compile(
    r"still (?:trying|undelivered)|will (?:keep trying|be retried|retry)|warning message only|do not need to resend|has been delayed", re.I
)
"""Words of a warning; the end is told in another message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How one program writes.

    Attributes:
        opening: What must stand in the text.
        recipient: Finds an address and the words about it, up to the next one; groups ``address`` and ``reason``.
        ends: Where the words of the program end and the returned message begins.
    """

    opening: re.Pattern[str]
    recipient: re.Pattern[str]
    ends: re.Pattern[str]


_ADDRESS: Final = r"<?(?P<address>[^\s<>'\"@]{1,64}@[^\s<>'\",:;]{1,255})>?"
_FORMS: Final = (
    _Form(  # qmail-send
        opening=re.compile(r"^Hi\. This is the .{0,100}program at", re.M),
        recipient=re.compile(rf"^{_ADDRESS}:\n(?P<reason>(?:(?!<).+\n?)*)", re.M),
        ends=re.compile(r"^--- Below this line is a copy", re.M),
    ),
    _Form(  # sendmail 5 and 8 before DSNs
        opening=re.compile(r"^\s*-{3,} The following addresses had (?:permanent fatal|delivery) (?:errors|problems) -{3,}", re.M),
        recipient=re.compile(rf"^{_ADDRESS}[ \t]*(?:\([^\n]*\))?\n(?P<reason>(?:[ \t]+\([^\n]*\n)*)", re.M),
        ends=re.compile(r"^\s*-{3,} (?:Original|Unsent) message|^\s*-{3,} Message header", re.M),
    ),
    _Form(  # Exim
        opening=re.compile(r"^This is a permanent error\. The following address\(es\) failed:", re.M),
        recipient=re.compile(rf"^  {_ADDRESS}\n(?P<reason>(?:    .*\n?)*)", re.M),
        ends=re.compile(r"^-{3,} This is a copy of the message", re.M),
    ),
    _Form(  # Exchange 4 to 5.5
        opening=re.compile(r"^Your message did not reach some or all of the intended recipients", re.M | re.I),
        recipient=re.compile(rf"^[ \t]+'?{_ADDRESS}'? on \S[^\n]*\n(?P<reason>(?:[ \t]+(?!'?[^\s@]+@)\S[^\n]*\n?)*)", re.M),
        ends=re.compile(r"\Z"),
    ),
)
_TRANSCRIPT: Final = re.compile(rf"^(?:5\d\d)[ -](?:5\.\d+\.\d+ )?{_ADDRESS}\.\.\. [^\n]*", re.M)
"""A line in the transcript of sendmail: ``550 <nobody@example.org>... User unknown``."""


def read_bounce(message: Message, addresses: Collection[str]) -> DeliveryReport | None:
    """A bounce in a known form as a delivery report about some of these addresses; None for anything else.

    Args:
        message: What came from the null reverse path to an address that we gave for this purpose.
        addresses: The mailboxes to which the subject was sent.
    """
    text_part = _text_of(message)
    if text_part is None:
        return None
    text = text_part.content().read(0, _READ).decode("utf-8", "replace").replace("\r\n", "\n")
    form = next((form for form in _FORMS if form.opening.search(text)), None)
    if form is None or _LATE.search(text):
        return None
    sent_to = {each.lower(): each for each in addresses}
    words = form.ends.split(text, maxsplit=1)[0]
    found = {sent_to[address]: reason for address, reason in _recipients(form, words) if address in sent_to}
    if not found:
        return None
    status = DeliveryStatus(message=StatusFields(header=Header()), recipients=tuple(_group(*each) for each in found.items()))
    return DeliveryReport(status=status, explanation=text_part, returned=None)


def _text_of(message: Message) -> Entity | None:
    """The message itself, or its first part, where that is plain text."""
    parts: Sequence[Entity] = message.parts[:1] if message.content_type.essence.startswith("multipart/") else (message,)
    return next((part for part in parts if part.content_type.essence == "text/plain"), None)


def _recipients(form: _Form, text: str) -> Iterator[tuple[str, str]]:
    """Addresses in lower case with the words about them."""
    begin = form.opening.search(text)
    transcript = {match["address"].lower(): match[0] for match in _TRANSCRIPT.finditer(text)}
    for match in form.recipient.finditer(text, begin.end() if begin is not None else 0):
        address = match["address"].lower()
        yield address, sanitise(" ".join(match["reason"].split()) or transcript.get(address, ""))[:_LONGEST]


def _group(address: str, reason: str) -> StatusFields:
    code = f"smtp; {reason}" if _CODE.search(reason) else f"x-unknown; {reason or 'no reason was given'}"
    return StatusFields(
        header=Header(
            (
                field("Final-Recipient", f"rfc822; {address}"), field("Action", "failed"), field("Status", _status(reason)),
                field("Diagnostic-Code", code),
            )
        )
    )  # fmt: skip


def _status(reason: str) -> str:
    """The enhanced status code in the words, or what they mean."""
    match = _ENHANCED.search(reason)
    if match is not None:
        return match.group()
    if _UNKNOWN.search(reason):
        return "5.1.1"
    return "5.3.4" if _TOO_LARGE.search(reason) else "5.0.0"
