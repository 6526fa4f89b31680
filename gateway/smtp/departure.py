"""What happens to every message before it leaves by SMTP: forged verdicts removed, a foreign author rewritten, signed.

Conversion makes new octets, so no signature of an author survives it. What leaves carries the gateway's
own: aligned where the author's domain is ours. Where it is not (mail of the Internet that comes back through X.400), no
signature of ours helps its author's domain, and a receiver that heeds DMARC would refuse it; then From is rewritten as
mailing lists do, with the author in Reply-To.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from gateway.errors import GatewayError
from gateway.internet.addresses import Mailbox, mailboxes
from gateway.internet.authentication_results import without_results_of
from gateway.internet.fields import field
from gateway.internet.message import Header, Message, parse, serialise
from gateway.lookup.dmarc import Disposition, find_policy
from gateway.lookup.spf import RecordSource
from gateway.octets import ConcatOctets, Octets
from gateway.smtp.data import crlf_octets
from gateway.smtp.dkim.canonical import raw_fields
from gateway.smtp.dkim.signing import SigningKey, signature_fields
from gateway.smtp.dkim.verifying import split

_MOST_NAMES = 3
_PAUSE_SECONDS = 60.0


class ForeignFrom(Enum):
    """What becomes of a From whose domain we cannot sign for."""

    KEEP = "keep"
    DMARC = "dmarc"
    REWRITE = "rewrite"


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartureSettings:
    """How mail leaves.

    Attributes:
        identifier: Our authserv-id: only we may speak in its name.
        keys: Who signs; those of the author's domain, or of a domain above it, else those of the first domain. None: nobody.
        foreign_from: DMARC rewrites where the author's domain asks to quarantine or reject.
        mailbox: What a rewritten From has as its address.
        seconds: Limit for asking for a policy; without an answer From is kept.
    """

    identifier: str
    keys: tuple[SigningKey, ...] = ()
    foreign_from: ForeignFrom = ForeignFrom.DMARC
    mailbox: str = ""
    seconds: float = 10


class Departure:
    """Prepares and signs messages.

    Args:
        settings: How.
        records: Where policies come from.
    """

    def __init__(self, settings: DepartureSettings, records: RecordSource) -> None:
        self._settings = settings
        self._records = records
        self._mute_until = 0.0
        domains: dict[str, tuple[SigningKey, ...]] = {}
        for key in settings.keys:
            domains[key.domain] = (*domains.get(key.domain, ()), key)
        self._keys: Mapping[str, tuple[SigningKey, ...]] = domains

    async def prepared(self, message: Octets) -> Octets:
        """The message as it is to be seen: without verdicts in our name, and with an author that receivers can accept."""
        parsed = parse(message)
        header = without_results_of(parsed.header, self._settings.identifier)
        author = await self._foreign_author(header)
        if author:
            header = self._rewritten(header, author)
        return message if header is parsed.header else serialise(_with_header(parsed, header))

    def signed(self, message: Octets) -> Octets:
        """The message with our signatures before it; reads everything. To be called on what really leaves, last of all."""
        if not self._keys:
            return message
        header, start = split(message)
        fields = raw_fields(b"".join(crlf_octets([header])))
        if not fields or start >= len(message):
            return message
        found = signature_fields(fields, crlf_octets(message.slice(start).chunks()), self._keys_for(fields))
        return ConcatOctets((found, message))

    def _keys_for(self, fields: Sequence[bytes]) -> tuple[SigningKey, ...]:
        authors = [each for each in fields if each[:5].lower() == b"from:"]
        domain = _domain_of(authors[0].partition(b":")[2].decode("utf-8", "replace")) if len(authors) == 1 else ""
        return self._keys[self._signing_domain(domain) or next(iter(self._keys))]

    def _signing_domain(self, author: str) -> str | None:
        """Our domain that is the author's or lies above it: relaxed alignment holds there (RFC 7489 3.1.1)."""
        names = author.split(".")
        above = (".".join(names[start:]) for start in range(len(names)))
        return next((domain for domain in above if domain in self._keys), None)

    async def _foreign_author(self, header: Header) -> tuple[Mailbox, ...]:
        """The authors, where From must be rewritten; empty where it may stay."""
        if not self._keys or self._settings.foreign_from is ForeignFrom.KEEP:
            return ()
        if header.get("DKIM-Signature") is not None:
            return ()  # forwarded to the postmaster as it came: the author's own signature speaks for it, and would break
        try:
            authors = mailboxes(", ".join(each.value for each in header.all("From")))
        except GatewayError:
            return ()
        domain = authors[0].domain.lower() if authors else ""
        if not domain or self._signing_domain(domain) is not None:
            return ()
        return authors if self._settings.foreign_from is ForeignFrom.REWRITE or await self._is_strict(domain) else ()

    async def _is_strict(self, domain: str) -> bool:
        """Whether the domain's policy asks for more than reports."""
        now = asyncio.get_running_loop().time()
        if now < self._mute_until:
            return False
        try:
            async with asyncio.timeout(self._settings.seconds):
                policy = await find_policy(domain, self._records)
        except (TimeoutError, GatewayError):
            self._mute_until = now + _PAUSE_SECONDS  # a DNS that is down slows down one message, not each
            return False
        return policy is not None and policy.disposition is not Disposition.NONE

    def _rewritten(self, header: Header, authors: Sequence[Mailbox]) -> Header:
        """``Ann Berg via gw.example <postmaster@gw.example>``, and the author in Reply-To unless replies go elsewhere already."""
        # Deviation: RFC 2156 5.3.4 writes the originator into From, which is older than DMARC (RFC 7489); smtp.signing.foreign_from.
        names = ", ".join(each.display or each.address for each in authors[:_MOST_NAMES])
        ours = Mailbox.from_text(f"<{self._settings.mailbox}>")
        shown = replace(ours, display=f"{names} via {ours.domain}")
        fields = [field("From", shown.to_text()) if each.is_named("From") else each for each in header]
        if header.get("Reply-To") is None:
            fields.append(field("Reply-To", ", ".join(each.to_text() for each in authors)))
        return Header(fields)


def _with_header(message: Message, header: Header) -> Message:
    return Message(header=header, body=message.body)


def _domain_of(value: str) -> str:
    try:
        found = mailboxes(value)
    except GatewayError:
        return ""
    return found[0].domain.lower() if found else ""

