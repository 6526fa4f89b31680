"""One message across and back, between two gateways that share their tables: what the corpora of this folder are put through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message as Email

from gateway import asn1
from gateway.internet import message as internet
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.mixer import mcgam
from gateway.mixer.convert import Context, GlobalDomain, PeerPolicy, Settings, message_to_internet, message_to_x400
from gateway.mixer.rules import Note
from gateway.x400 import p1
from gateway.x400.oraddress import ORAddress

_DOMAIN, _PREFIX = "widget.example", "PRMD$WIDGET.ADMD$TESTMAIL.C$XX"
_TABLES = mcgam.load(
    {"domain-to-oraddress": [("map2", f"{_DOMAIN}#{_PREFIX}#\n")], "oraddress-to-domain": [("map1", f"{_PREFIX}#{_DOMAIN}#\n")]}
)
_NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ENVELOPE = SmtpEnvelope(reverse_path="a@example.org", recipients=(SmtpRecipient(address=f"Jane.Doe@{_DOMAIN}"),))


def _gateway(domain: str, country: str, prmd: str) -> Context:
    address = ORAddress(country=country, admd="TESTMAIL", prmd=prmd)
    settings = Settings(
        gateway_domain=domain, gateway_oraddress=address, mta_name=prmd, tables=_TABLES,
        global_domain=GlobalDomain(country=country, admd="TESTMAIL", prmd=prmd),
    )  # fmt: skip
    return Context(settings=settings, now=_NOW, plan_seed=prmd, queue_id="Q1")


NEAR, FAR = _gateway("near.example", "XX", "NEAR"), _gateway("far.example", "YY", "FAR")
"""The gateway that takes a message from the Internet, and the one that gives it back to it; in the other direction likewise."""


@dataclass(frozen=True, kw_only=True)
class There:
    """An Internet message in X.400: what P1 carries, decoded from its octets, and what was noted on the way."""

    message: p1.Message
    notes: tuple[Note, ...]


@dataclass(frozen=True, kw_only=True)
class Here:
    """An X.400 message in the Internet, read by the parser of the standard library."""

    email: Email
    octets: bytes
    notes: tuple[Note, ...]


def there(raw: bytes, policy: PeerPolicy | None = None) -> There:
    """To X.400, encoded and decoded again."""
    context = NEAR if policy is None else replace(NEAR, policy=policy)
    made = message_to_x400(internet.parse(raw), ENVELOPE, [1], context)
    decoded = asn1.decode(asn1.encode_octets(made.result), p1.MTSAPDU).message
    assert decoded is not None
    return There(message=decoded, notes=made.notes)


def here(message: p1.Message) -> Here:
    """To the Internet."""
    made = message_to_internet(message, [1], FAR)
    octets = made.result.message.to_bytes()
    return Here(email=message_from_bytes(octets), octets=octets, notes=made.notes)
