"""What leaves: our signature over exactly what is sent, checked by dkimpy; no verdict in our name; a foreign author rewritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from gateway.internet.addresses import mailboxes
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import parse
from gateway.lookup.dns import DNSError, MailServer
from gateway.octets import FilterOctets, MemoryOctets, Octets
from gateway.smtp.departure import Departure, DepartureSettings, ForeignFrom
from gateway.smtp.dkim.signing import SigningKey
from gateway.smtp.routing import Route, SmartHost, SMTPRouter, TLSMode
from gateway.smtp.sender import SenderSettings, SMTPSender
from gateway.spool.transfer import Result
from tests.smtp.scripted import Scripted

KEYS = (
    SigningKey(domain="gw.example", selector="r", key=rsa.generate_private_key(public_exponent=65537, key_size=1024)),
    SigningKey(domain="gw.example", selector="e", key=ed25519.Ed25519PrivateKey.generate()),
    SigningKey(domain="widget.example", selector="w", key=rsa.generate_private_key(public_exponent=65537, key_size=1024)),
)
PUBLISHED = {f"{key.selector}._domainkey.{key.domain}.": key.record.encode() for key in KEYS}
STRICT = {"_dmarc.strict.example": "v=DMARC1; p=reject", "_dmarc.lax.example": "v=DMARC1; p=none"}
TEXT = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n.Grüße \r\nfrom\nhere"


class DNS:
    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    async def records(self, name: str, kind: str) -> tuple[str, ...]:
        if name == "_dmarc.mute.example":
            raise DNSError("nobody answers")
        return (self.texts[name],) if name in self.texts else ()


class NoServers:
    async def mail_servers(self, domain: str) -> tuple[MailServer, ...]:
        raise DNSError(f"{domain} was asked for")


def departure(keys: Sequence[SigningKey] = KEYS, **more: Any) -> Departure:
    settings = DepartureSettings(identifier="gw.example", keys=tuple(keys), mailbox="postmaster@gw.example", **more)
    return Departure(settings, DNS(STRICT))


def message(author: str, rest: str = TEXT) -> Octets:
    return MemoryOctets(f"From: {author}\r\nSubject: x\r\n{rest}".encode())


def verifies(octets: bytes, which: int = 0) -> bool:
    return dkim.DKIM(octets).verify(which, dnsfunc=lambda name, timeout=5: PUBLISHED.get(name.decode(), b""))


async def sent(octets: Octets, extensions: tuple[str, ...], how: Departure) -> bytes:
    """What the next server sees of a message, dots undone."""
    server = Scripted({}, extensions)
    route = Route(smart_host=SmartHost(host="localhost", port=await server.start(), tls=TLSMode.NONE))
    sender = SMTPSender(
        SenderSettings(hostname="gw.example"), SMTPRouter((route,), NoServers()), departure=how,
        clock=lambda: datetime(2026, 8, 1, tzinfo=UTC),
    )  # fmt: skip
    envelope = SmtpEnvelope(reverse_path="a@gw.example", recipients=(SmtpRecipient(address="b@x.example"),), body="8BITMIME")
    assert (await sender.deliver(envelope, octets))[1].result is Result.RELAYED
    await sender.stop()
    server.stop()
    return server.messages[0].removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")


@pytest.mark.parametrize("extensions", [(), ("8BITMIME",)])
async def test_what_arrives_verifies(extensions: tuple[str, ...]) -> None:
    """Signed last of all: after the downgrade for a 7-bit server (RFC 6376 5.3), with line ends as they are sent."""
    octets = await sent(message("Ann <ann@gw.example>"), extensions, departure())
    assert octets.count(b"DKIM-Signature:") == 2 and verifies(octets, 0) and verifies(octets, 1)
    assert (b"quoted-printable" in octets) is not bool(extensions)


@pytest.mark.parametrize(
    ("author", "domain"),
    [
        ("a@gw.example", b"gw.example"),
        ("a@WIDGET.example", b"widget.example"),
        ("a@dept.widget.example", b"widget.example"),
        ("a@notwidget.example", b"gw.example"),
        ("nobody", b"gw.example"),
    ],
)
def test_the_key_of_the_authors_domain_signs(author: str, domain: bytes) -> None:
    """RFC 7489 3.1.1: only a signature of the author's domain, or of one above it, is aligned."""
    octets = departure().signed(message(author)).to_bytes().replace(b"from\nhere", b"from\r\nhere")
    assert b" d=" + domain + b";" in octets and verifies(octets)


def test_the_same_message_leaves_as_the_same_octets_at_every_attempt() -> None:
    assert departure().signed(message("a@gw.example")).to_bytes() == departure().signed(message("a@gw.example")).to_bytes()


def test_without_keys_nothing_is_signed() -> None:
    octets = message("a@gw.example")
    assert departure(()).signed(octets) is octets


@pytest.mark.parametrize("octets", [b"", b"\r\n", b"no header\r\n\r\nx", b"From: a@b\r\n", b"From: a@b\r\n\r\n", b"\r\n\r\nFrom: a"])
def test_odd_messages_leave_too(octets: bytes) -> None:
    assert departure().signed(MemoryOctets(octets)).to_bytes().endswith(octets)


async def test_nobody_speaks_in_our_name() -> None:
    """RFC 8601 section 5: an X.400 user may write any field into the heading extension."""
    ours, other = b"Authentication-Results: GW.example; spf=pass\r\n", b"Authentication-Results: x; none\r\n"
    forged = MemoryOctets(b"From: a@gw.example\r\n" + ours + other + b"\r\nbody")
    octets = (await departure(()).prepared(forged)).to_bytes()
    assert octets == b"From: a@gw.example\r\n" + other + b"\r\nbody"


@pytest.mark.parametrize(
    ("author", "policy", "rewritten"),
    [
        ("Ann <ann@strict.example>", ForeignFrom.DMARC, True),
        ("Ann <ann@lax.example>", ForeignFrom.DMARC, False),
        ("Ann <ann@mute.example>", ForeignFrom.DMARC, False),
        ("Ann <ann@strict.example>", ForeignFrom.KEEP, False),
        ("Ann <ann@lax.example>", ForeignFrom.REWRITE, True),
        ("Ann <ann@widget.example>", ForeignFrom.REWRITE, False),
        ("Ann <ann@sub.gw.example>", ForeignFrom.REWRITE, False),
        ("nobody", ForeignFrom.REWRITE, False),
    ],
)
async def test_a_foreign_author(author: str, policy: ForeignFrom, rewritten: bool) -> None:
    """Aligned at last: From of our domain, the author shown and answered (messages.md Z12)."""
    found = parse(await departure(foreign_from=policy).prepared(message(author)))
    if rewritten:
        assert found.header.value("From") == '"Ann via gw.example" <postmaster@gw.example>'
        assert found.header.value("Reply-To") == author
    else:
        assert found.header.value("From") == author and found.header.get("Reply-To") is None


async def test_what_is_forwarded_as_it_came_keeps_its_author() -> None:
    """Mail for the postmaster goes on unchanged: the author's own signature is aligned, and From is part of it."""
    octets = message("ann@strict.example", "DKIM-Signature: v=1; d=strict.example\r\n" + TEXT)
    assert await departure(foreign_from=ForeignFrom.REWRITE).prepared(octets) is octets


async def test_a_dns_that_is_down_is_asked_once_in_a_while() -> None:
    class Down(DNS):
        asked = 0

        async def records(self, name: str, kind: str) -> tuple[str, ...]:
            self.asked += 1
            raise DNSError("nobody answers")

    down = Down({})
    one = Departure(DepartureSettings(identifier="gw.example", keys=KEYS, mailbox="postmaster@gw.example"), down)
    for _ in range(5):
        octets = message("ann@strict.example")
        assert await one.prepared(octets) is octets
    assert down.asked == 1


async def test_where_replies_go_elsewhere_they_still_do() -> None:
    octets = message("\"M\u00fcller, J.\" <j@strict.example>, <b@strict.example>", "Reply-To: list@x.example\r\n" + TEXT)
    made = await departure().prepared(octets)
    header = parse(made).header
    assert header.value("Reply-To") == "list@x.example"
    (shown,) = mailboxes(header.value("From"))
    assert (shown.display, shown.address) == ("M\u00fcller, J., b@strict.example via gw.example", "postmaster@gw.example")
    assert header.value("From").isascii()
    assert verifies(departure().signed(made).to_bytes().replace(b"from\nhere", b"from\r\nhere"))


def test_a_large_message_streams() -> None:
    line = b"x" * 76 + b"\r\n"
    body = FilterOctets(lambda: iter([b"From: a@gw.example\r\n\r\n", *([line * 800] * 150)]), length=22 + len(line) * 120_000)
    signed = departure().signed(body)
    assert len(signed) > len(body) and signed.read(0, 15) == b"DKIM-Signature:"
