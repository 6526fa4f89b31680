"""SMTPUTF8 (RFC 6531) on both sides: what is asked for, what is said back, and what goes on to the next server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from gateway.internet.dsn import report_message, status_part
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import serialise
from gateway.lookup.dns import DNSError, MailServer
from gateway.octets import MemoryOctets
from gateway.smtp.routing import Route, SmartHost, SMTPRouter, TLSMode
from gateway.smtp.sender import SenderSettings, SMTPSender
from gateway.spool.transfer import Outcome, Result
from tests.smtp.scripted import Scripted

PLAIN = MemoryOctets(b"Subject: x\r\n\r\nhello\r\n")
INTERNATIONAL = MemoryOctets("From: J\u00f6rg <j\u00f6rg@b\u00fccher.example>\r\nSubject: Gr\u00fc\u00dfe\r\n\r\nhello\r\n".encode())


class NoServers:
    async def mail_servers(self, domain: str) -> tuple[MailServer, ...]:
        raise DNSError(f"{domain} was asked for")


async def deliver(
    port: int, recipients: Sequence[str], *, sender: str = "ann@example.org", smtputf8: bool = False, message: MemoryOctets = PLAIN
) -> dict[int, Outcome]:
    route = Route(smart_host=SmartHost(host="localhost", port=port, tls=TLSMode.NONE))
    router = SMTPRouter((route,), NoServers())
    one = SMTPSender(SenderSettings(hostname="gw.example"), router, clock=lambda: datetime(2026, 8, 1, tzinfo=UTC))
    named = tuple(SmtpRecipient(address=each, orcpt=f"utf-8;{each}") for each in recipients)
    envelope = SmtpEnvelope(reverse_path=sender, recipients=named, smtputf8=smtputf8)
    found = await one.deliver(envelope, message)
    await one.stop()
    return dict(found)


async def test_what_one_gateway_sends_another_takes(start) -> None:
    """Addresses, ORCPT and a raw UTF-8 header cross as they are (RFC 6531 3.2 to 3.4, RFC 6533 section 3)."""
    running = await start()
    sender, recipient = "j\u00f6rg@b\u00fccher.example", "m\u00fcller@b\u00fccher.example"
    found = await deliver(running.listener.port, [recipient], sender=sender, smtputf8=True, message=INTERNATIONAL)
    assert found[1].result is Result.DELIVERED
    ((envelope, octets, source),) = running.intake.taken
    assert envelope.smtputf8 and envelope.body == "8BITMIME" and octets == INTERNATIONAL.to_bytes()
    assert envelope.reverse_path == "j\u00f6rg@b\u00fccher.example"
    assert envelope.recipients == (SmtpRecipient(address="m\u00fcller@b\u00fccher.example", orcpt="utf-8;m\u00fcller@b\u00fccher.example"),)
    assert source.authentication["protocol"] == "UTF8SMTP"  # RFC 6531 4.3


async def test_ascii_mail_does_not_ask_for_it(start) -> None:
    """RFC 6531 3.1: only mail that needs it is sent with SMTPUTF8, so that it can go further."""
    running = await start()
    await deliver(running.listener.port, ["bob@example.net"])
    envelope, _, source = running.intake.taken[0]
    assert not envelope.smtputf8 and source.authentication["protocol"] == "ESMTP"


@pytest.mark.parametrize(
    ("sender", "recipient", "message", "smtputf8", "failed"),
    [
        ("ann@example.org", "j\u00f6rg@x.example", PLAIN, False, True),
        ("j\u00f6rg@x.example", "bob@x.example", PLAIN, True, True),
        ("ann@example.org", "bob@x.example", INTERNATIONAL, True, True),
        ("ann@b\u00fccher.example", "bob@m\u00fcller.example", PLAIN, True, False),
    ],
)
async def test_a_server_without_it(sender: str, recipient: str, message: MemoryOctets, smtputf8: bool, failed: bool) -> None:
    """RFC 6531 3.2: domains become A-labels; a local part or a header that cannot be written is 5.6.7."""
    server = Scripted({})
    found = await deliver(await server.start(), [recipient], sender=sender, smtputf8=smtputf8, message=message)
    server.stop()
    if failed:
        failure = found[1].failure
        assert found[1].result is Result.FAILED and failure is not None and failure.status == "5.6.7" and server.messages == []
    else:
        assert "MAIL FROM:<ann@xn--bcher-kva.example>" in server.commands and "RCPT TO:<bob@xn--mller-kva.example>" in server.commands


async def test_recipients_are_served_one_by_one() -> None:
    """One whom the server cannot be told of takes nobody else with it."""
    server = Scripted({})
    found = await deliver(await server.start(), ["j\u00f6rg@x.example", "bob@x.example"])
    server.stop()
    assert (found[1].result, found[2].result) == (Result.FAILED, Result.RELAYED)


async def test_replies_are_ascii_unless_it_was_asked_for(start) -> None:
    """RFC 6531 3.7.4.2."""
    client = await (await start()).client()
    await client.say("EHLO c")
    assert (await client.say("GR\u00dcSSE")).isascii()
    assert (await client.say("MAIL FROM:<a@b> \u00fc=1")).isascii()
    assert (await client.say("MAIL FROM:<\u00fc@b>")).startswith("553 5.6.7")
    assert (await client.say("MAIL FROM:<\u00fc@b> SMTPUTF8=1")).startswith("501 5.5.4")
    assert (await client.say("MAIL FROM:<\u00fc@b> SMTPUTF8", "RCPT TO:<\u00fc@b>")).startswith("250")


async def test_a_report_goes_to_a_server_without_it_in_the_other_form() -> None:
    """RFC 6533 4.5: utf-8-addr-xtext and encoded parts; a report is not lost for want of SMTPUTF8."""
    group = [("Final-Recipient", "rfc822; j\u00f6rg@x.example"), ("Action", "failed"), ("Status", "5.1.1")]
    part = status_part([("Reporting-MTA", "dns; gw.example")], [group], utf8=True)
    made = report_message([("To", "ann@example.org")], report_type="delivery-status", text="x", machine_part=part)
    server = Scripted({}, extensions=("8BITMIME",))
    await deliver(await server.start(), ["ann@example.org"], sender="", smtputf8=True, message=MemoryOctets(serialise(made).to_bytes()))
    server.stop()
    assert b"utf-8; j\\x{F6}rg@x.example" in server.messages[0] and b"message/delivery-status" in server.messages[0]
