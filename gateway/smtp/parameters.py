"""Arguments of MAIL and RCPT: paths and the parameters of the extensions, each refused in words where it cannot cross.

RFC 5321 4.1.1.2 and 4.1.2, RFC 1870 (SIZE), 6152 (8BITMIME), 3461 (DSN), 6531 (SMTPUTF8), 6710 (MT-PRIORITY), 2852
(DELIVERBY), 4865 (FUTURERELEASE), 4954 (AUTH=).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gateway.errors import GatewayError
from gateway.internet.addresses import Mailbox
from gateway.internet.envelope import (
    BODY_VALUES,
    NOTIFY_VALUES,
    DeliverBy,
    EnvelopeError,
    SmtpEnvelope,
    SmtpRecipient,
    decode_orcpt,
    decode_xtext,
)

_ENVID_LIMIT = 100
_ORCPT_LIMIT = 500
_PATH_LIMIT = 1000
_KEYWORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


class Refusal(GatewayError):
    """A command that is answered with 4yz or 5yz; ``str()`` of it is the whole reply."""

    def __init__(self, code: int, status: str, text: str) -> None:
        super().__init__(f"{code} {status} {text}")
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What this listener offers, for the parser of parameters.

    Attributes:
        size_limit: Octets of the largest message.
        dsn, smtputf8, chunking, deliver_by, mt_priority, future_release: Whether the extension was offered.
        deliver_by_minimum: Seconds, the smallest by-time that is taken with mode R (RFC 2852 section 3).
        hold_limit: Seconds, the longest time that a message is held (RFC 4865 section 3).
        authorised: The client may set delivery options; only then positive priorities count (RFC 6710 section 4.1).
        hostname: Completes ``RCPT TO:<Postmaster>``.
    """

    size_limit: int
    hostname: str
    dsn: bool = True
    smtputf8: bool = True
    chunking: bool = True
    deliver_by: bool = False
    mt_priority: bool = False
    future_release: bool = False
    deliver_by_minimum: int = 0
    hold_limit: int = 0
    authorised: bool = False


def parse_mail(argument: str | None, offer: Offer, now: datetime, *, extended: bool = True) -> SmtpEnvelope:
    """The envelope, still without recipients, that ``MAIL FROM:...`` begins.

    Raises:
        Refusal: With the reply.
    """
    path, parameters = _split(argument, "FROM:", "MAIL FROM:<address>", extended=extended)
    utf8 = "SMTPUTF8" in parameters
    address = "" if path == "" else _address(path, utf8=utf8 and offer.smtputf8)
    envelope = SmtpEnvelope(reverse_path=address, recipients=())
    for keyword, value in parameters.items():
        handler = _MAIL.get(keyword)
        if handler is None:
            raise Refusal(555, "5.5.4", f"the parameter {keyword} of MAIL is not known here")
        envelope = handler(envelope, value, offer, now)
    _consistent(envelope)
    return envelope


def _consistent(envelope: SmtpEnvelope) -> None:
    """What parameters demand of each other (RFC 4865 5.1.1 and 5.2)."""
    if envelope.hold_until is None:
        return
    if not envelope.reverse_path:
        raise Refusal(501, "5.5.4", "a report cannot be held for later (RFC 4865 5.1.1)")
    if envelope.by is not None and envelope.by.until is not None and envelope.by.until <= envelope.hold_until:
        raise Refusal(501, "5.5.4", "the message would be held until after its BY time (RFC 4865 5.2)")


def parse_rcpt(argument: str | None, offer: Offer, *, utf8: bool, extended: bool = True) -> SmtpRecipient:
    """The recipient that ``RCPT TO:...`` names; ``utf8`` when the transaction has SMTPUTF8.

    Raises:
        Refusal: With the reply.
    """
    path, parameters = _split(argument, "TO:", "RCPT TO:<address>", extended=extended)
    if path == "":
        raise Refusal(501, "5.1.3", "a recipient cannot be empty")
    if path.lower() == "postmaster":
        path = f"{path}@{offer.hostname}"
    recipient = SmtpRecipient(address=_address(path, utf8=utf8))
    for keyword, value in parameters.items():
        if keyword == "NOTIFY" and offer.dsn:
            recipient = replace(recipient, notify=_notify(value))
        elif keyword == "ORCPT" and offer.dsn:
            recipient = replace(recipient, orcpt=_orcpt(value))
        else:
            raise Refusal(555, "5.5.4", f"the parameter {keyword} of RCPT is not known here")
    return recipient


def _split(argument: str | None, keyword: str, syntax: str, *, extended: bool) -> tuple[str, Mapping[str, str]]:
    """The path without angle brackets and the parameters, names in capitals."""
    text = (argument or "").strip()
    if text[: len(keyword)].upper() != keyword:
        raise Refusal(501, "5.5.4", f"syntax: {syntax}")
    # Peer: a blank after the colon is wrong but common.
    text = text[len(keyword) :].lstrip()
    if len(text) > _PATH_LIMIT * 2:
        raise Refusal(501, "5.5.4", "the command is too long")
    path, rest = _path(text, syntax)
    words = rest.split()
    if words and not extended:
        raise Refusal(555, "5.5.4", "parameters are for sessions that began with EHLO")
    parameters: dict[str, str] = {}
    for word in words:
        name, _, value = word.partition("=")
        if not _KEYWORD.fullmatch(name) or name.upper() in parameters:
            raise Refusal(501, "5.5.4", "a parameter is malformed or stands twice")
        parameters[name.upper()] = value
    return path, parameters


def _path(text: str, syntax: str) -> tuple[str, str]:
    """What stands between the angle brackets, and what follows; brackets inside quoted strings do not count."""
    if not text.startswith("<"):
        # Peer: some clients leave the angle brackets out.
        path, _, rest = text.partition(" ")
        if not path:
            raise Refusal(501, "5.5.4", f"syntax: {syntax}")
        return path, rest
    quoted = False
    position = 1
    while position < len(text):
        character = text[position]
        if character == "\\" and quoted:
            position += 1
        elif character == '"':
            quoted = not quoted
        elif character == ">" and not quoted:
            rest = text[position + 1 :]
            if rest and not rest.startswith(" "):
                raise Refusal(501, "5.5.4", f"syntax: {syntax}")
            return text[1:position], rest
        position += 1
    raise Refusal(501, "5.1.3", "the address has no end")


def _address(path: str, *, utf8: bool) -> str:
    """The mailbox of a path, the source route left out (RFC 5321 appendix C), in canonical quoting.

    A local part above 64 octets is accepted: O/R addresses encoded on the left-hand side are longer (RFC 2156 4.3.5).
    """
    if len(path) > _PATH_LIMIT:
        raise Refusal(553, "5.1.3", "the address is too long")
    if any(0xD800 <= ord(character) < 0xE000 for character in path):
        raise Refusal(501, "5.1.3", "the address is neither ASCII nor UTF-8")
    if not path.isascii() and not utf8:
        raise Refusal(553, "5.6.7", "an address beyond ASCII needs the SMTPUTF8 parameter of MAIL")
    if not path.isprintable() or "(" in _unquoted(path):
        raise Refusal(553, "5.1.3", "the address is malformed")
    try:
        mailbox = Mailbox.from_text(f"<{path}>")
    except GatewayError as error:
        raise Refusal(553, "5.1.3", "the address is malformed: local-part@domain is needed") from error
    if any(character in mailbox.domain for character in '<>"\\,; @'):
        raise Refusal(553, "5.1.3", "the domain of the address is malformed")
    return mailbox.address


def _unquoted(path: str) -> str:
    return re.sub(r'"(?:[^"\\]|\\.)*"', "", path)


def _size(envelope: SmtpEnvelope, value: str, offer: Offer, now: datetime) -> SmtpEnvelope:
    if not re.fullmatch(r"[0-9]{1,20}", value):
        raise Refusal(501, "5.5.4", "SIZE needs a number of octets")
    if int(value) > offer.size_limit:
        raise Refusal(552, "5.3.4", f"the message is larger than the {offer.size_limit} octets accepted here")
    return envelope


def _body(envelope: SmtpEnvelope, value: str, offer: Offer, now: datetime) -> SmtpEnvelope:
    if value.upper() == "BINARYMIME" and not offer.chunking:
        raise Refusal(555, "5.6.1", "BINARYMIME is not offered here; send 8BITMIME, or base64")
    if value.upper() not in BODY_VALUES:
        raise Refusal(501, "5.5.4", "BODY is 7BIT, 8BITMIME or BINARYMIME")
    return replace(envelope, body=value.upper())


def _smtputf8(envelope: SmtpEnvelope, value: str, offer: Offer, now: datetime) -> SmtpEnvelope:
    if not offer.smtputf8:
        raise Refusal(555, "5.6.7", "SMTPUTF8 is not offered here")
    if value:
        raise Refusal(501, "5.5.4", "SMTPUTF8 takes no value")
    return replace(envelope, smtputf8=True)


def _ret(envelope: SmtpEnvelope, value: str, offer: Offer, now: datetime) -> SmtpEnvelope:
    _require(offer.dsn, "RET")
    if value.upper() not in ("FULL", "HDRS"):
        raise Refusal(501, "5.5.4", "RET is FULL or HDRS")
    return replace(envelope, ret=value.upper())


def _envid(envelope: SmtpEnvelope, value: str, offer: Offer, now: datetime) -> SmtpEnvelope:
    _require(offer.dsn, "ENVID")
    if not value or len(value) > _ENVID_LIMIT:
        raise Refusal(501, "5.5.4", f"ENVID has 1 to {_ENVID_LIMIT} characters")
    try:
        return replace(envelope, envid=decode_xtext(value))
    except EnvelopeError as error:
        raise Refusal(501, "5.5.4", "ENVID is no xtext (RFC 3461)") from error


def _auth(envelope: SmtpEnvelope, value: str, offer: Offer, now: datetime) -> SmtpEnvelope:
    """AUTH= of RFC 4954 section 5 is a statement of the client; nobody here builds on it."""
    return envelope


def _mt_priority(envelope: SmtpEnvelope, value: str, offer: Offer, now: datetime) -> SmtpEnvelope:
    _require(offer.mt_priority, "MT-PRIORITY")
    if not re.fullmatch(r"-[1-9]|[0-9]", value):
        raise Refusal(501, "5.5.4", "MT-PRIORITY is a number from -9 to 9")
    return replace(envelope, mt_priority=int(value) if offer.authorised else min(int(value), 0))


def asked_priority(argument: str | None) -> int:
    """The MT-PRIORITY that a good argument of MAIL asked for; 0 without one."""
    match = re.search(r"(?i) MT-PRIORITY=(-?[0-9])(?: |$)", (argument or "").rpartition(">")[2])
    return int(match.group(1)) if match else 0


def _by(envelope: SmtpEnvelope, value: str, offer: Offer, now: datetime) -> SmtpEnvelope:
    _require(offer.deliver_by, "BY")
    match = re.fullmatch(r"(-?[0-9]{1,9});([NR])(T?)", value.upper())
    if match is None:
        raise Refusal(501, "5.5.4", "BY is a number of seconds, ;R or ;N, and perhaps T (RFC 2852)")
    seconds = int(match.group(1))
    if seconds <= 0 and match.group(2) == "R":
        raise Refusal(501, "5.5.4", "BY with R needs a positive time (RFC 2852 section 4)")
    if match.group(2) == "R" and seconds < offer.deliver_by_minimum:
        raise Refusal(555, "5.5.4", f"BY with R needs at least {offer.deliver_by_minimum} seconds here (RFC 2852 section 4)")
    until = now + timedelta(seconds=seconds)
    return replace(envelope, by=DeliverBy(seconds=seconds, mode=match.group(2), trace=bool(match.group(3)), until=until))


def _hold_for(envelope: SmtpEnvelope, value: str, offer: Offer, now: datetime) -> SmtpEnvelope:
    _require(offer.future_release, "HOLDFOR")
    if not re.fullmatch(r"[1-9][0-9]{0,8}", value):
        raise Refusal(501, "5.5.4", "HOLDFOR is a number of seconds (RFC 4865)")
    return _held(envelope, now + timedelta(seconds=int(value)), now, offer)


def _hold_until(envelope: SmtpEnvelope, value: str, offer: Offer, now: datetime) -> SmtpEnvelope:
    _require(offer.future_release, "HOLDUNTIL")
    try:
        until = datetime.fromisoformat(value.upper())
        return _held(envelope, until if until.tzinfo else until.replace(tzinfo=UTC), now, offer)
    except (ValueError, OverflowError) as error:
        raise Refusal(501, "5.5.4", "HOLDUNTIL is a date and time of RFC 3339") from error


def _held(envelope: SmtpEnvelope, until: datetime, now: datetime, offer: Offer) -> SmtpEnvelope:
    if envelope.hold_until is not None:
        raise Refusal(501, "5.5.4", "HOLDFOR and HOLDUNTIL exclude each other")
    if not timedelta(0) < until - now <= timedelta(seconds=offer.hold_limit):
        raise Refusal(501, "5.5.4", "the release time lies in the past or too far ahead (RFC 4865 section 4.2)")
    return replace(envelope, hold_until=until)


def _require_tls(envelope: SmtpEnvelope, value: str, offer: Offer, now: datetime) -> SmtpEnvelope:
    raise Refusal(550, "5.7.30", "REQUIRETLS cannot be promised beyond this gateway: X.400 has no such service")


def _require(offered: bool, keyword: str) -> None:
    if not offered:
        raise Refusal(555, "5.5.4", f"the parameter {keyword} is not offered here")


def _notify(value: str) -> frozenset[str]:
    values = value.upper().split(",")
    if not set(values) <= NOTIFY_VALUES or len(set(values)) != len(values) or ("NEVER" in values and len(values) > 1):
        raise Refusal(501, "5.5.4", "NOTIFY is NEVER, or some of SUCCESS, FAILURE, DELAY")
    return frozenset(values)


def _orcpt(value: str) -> str:
    if len(value) > _ORCPT_LIMIT:
        raise Refusal(501, "5.5.4", f"ORCPT has at most {_ORCPT_LIMIT} characters")
    try:
        return decode_orcpt(value)
    except EnvelopeError as error:
        raise Refusal(501, "5.5.4", "ORCPT is malformed (RFC 3461 4.2)") from error


_Handler = Callable[[SmtpEnvelope, str, Offer, datetime], SmtpEnvelope]
_MAIL: Mapping[str, _Handler] = {
    "SIZE": _size,
    "BODY": _body,
    "SMTPUTF8": _smtputf8,
    "RET": _ret,
    "ENVID": _envid,
    "AUTH": _auth,
    "MT-PRIORITY": _mt_priority,
    "BY": _by,
    "HOLDFOR": _hold_for,
    "HOLDUNTIL": _hold_until,
    "REQUIRETLS": _require_tls,
}
