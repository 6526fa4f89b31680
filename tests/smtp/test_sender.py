"""The sender against aiosmtpd as it is, against our own listener, and against servers that misbehave by script."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiosmtpd.smtp
import pytest
import pytest_asyncio

from gateway.internet.envelope import DeliverBy, SmtpEnvelope, SmtpRecipient
from gateway.internet.message import parse
from gateway.lookup.dns import DNSError, MailServer
from gateway.octets import FilterOctets, MemoryOctets
from gateway.smtp.client import Timeouts
from gateway.smtp.routing import NoRoute, Route, SmartHost, SMTPRouter, TLSMode
from gateway.smtp.sender import SenderSettings, SMTPSender
from gateway.spool.transfer import Outcome, Result
from tests.smtp.scripted import Scripted

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
MESSAGE = MemoryOctets(b"Subject: x\r\n\r\nhello\r\n.dot\r\n..\r\nlast")
TIMEOUTS = Timeouts(connect=2, command=2, data_start=2, data_block=2, data_end=2)


class NoDNS:
    async def mail_servers(self, domain: str) -> tuple[MailServer, ...]:
        raise DNSError(f"{domain} was asked for", temporary=True)


class FixedDNS:
    def __init__(self, *servers: MailServer | DNSError) -> None:
        self.servers = servers

    async def mail_servers(self, domain: str) -> tuple[MailServer, ...]:
        if isinstance(self.servers[0], DNSError):
            raise self.servers[0]
        return tuple(server for server in self.servers if isinstance(server, MailServer))


def envelope(*addresses: str, **more: Any) -> SmtpEnvelope:
    recipients = tuple(SmtpRecipient(address=address) for address in addresses or ("bob@example.net",))
    return SmtpEnvelope(reverse_path="ann@example.org", recipients=recipients, **more)


def sender_to(port: int, **more: Any) -> SMTPSender:
    route = Route(smart_host=SmartHost(host="localhost", port=port, **({"tls": TLSMode.NONE} | more)))
    return SMTPSender(SenderSettings(hostname="gw.example", timeouts=TIMEOUTS), SMTPRouter((route,), NoDNS()), clock=lambda: NOW)


Script = Callable[..., Any]


@pytest_asyncio.fixture
async def script() -> AsyncIterator[Script]:
    """Starts scripted servers: gives the server and a sender to it."""
    started: list[tuple[Scripted, SMTPSender]] = []

    async def begin(
        replies: Mapping[str, str | None] | None = None, extensions: tuple[str, ...] = (), **more: Any
    ) -> tuple[Scripted, SMTPSender]:
        server = Scripted(replies or {}, extensions)
        started.append((server, sender_to(await server.start(), **more)))
        return started[-1]

    yield begin
    for server, sender in started:
        await sender.stop()
        server.stop()


async def test_aiosmtpd_gets_the_message_octet_for_octet() -> None:
    taken: list[Any] = []

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            taken.append(envelope)
            return "250 2.0.0 ok"

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: aiosmtpd.smtp.SMTP(Handler(), loop=loop, hostname="other"), "localhost", 0)
    sender = sender_to(server.sockets[0].getsockname()[1])
    outcomes = await sender.deliver(envelope("bob@x.example", "carl@y.example", body="8BITMIME"), MESSAGE)
    big = FilterOctets(lambda: (b"." * 60 + b"\n" for _ in range(20_000)))
    assert (await sender.deliver(envelope(), big))[1].result is Result.RELAYED
    await sender.stop()
    server.close()
    assert {number: outcome.result for number, outcome in outcomes.items()} == {1: Result.RELAYED, 2: Result.RELAYED}
    assert outcomes[1].at == NOW and outcomes[1].reply == "250 2.0.0 ok" and outcomes[1].peer.startswith("localhost")
    assert taken[0].original_content == MESSAGE.to_bytes() + b"\r\n" and taken[0].rcpt_tos == ["bob@x.example", "carl@y.example"]
    assert taken[1].original_content == (b"." * 60 + b"\r\n") * 20_000  # bare LF left as CRLF, dots doubled on the way


async def test_dsn_goes_on_to_a_server_that_offers_it(start) -> None:
    running = await start(deliver_by=True, mt_priority=True, may_set_delivery_options=frozenset({"smtp"}))
    sender = sender_to(running.listener.port)
    sent = SmtpEnvelope(
        reverse_path="", ret="HDRS", envid="X400-MTS-Identifier: [/C=xx/;a+b]", body="8BITMIME", mt_priority=-4,
        by=DeliverBy(seconds=600, mode="R"),
        recipients=(SmtpRecipient(address="bob@x", notify=frozenset({"SUCCESS", "FAILURE"}), orcpt="x400;/S=Lee/C=xx/"),),
    )  # fmt: skip
    outcome = (await sender.deliver(sent, MESSAGE))[1]
    assert outcome.result is Result.DELIVERED
    await sender.stop()
    received, octets, _ = running.intake.taken[0]
    assert received.by is not None and received.by.until is not None
    assert replace(received, by=replace(received.by, until=None)) == sent and octets == MESSAGE.to_bytes() + b"\r\n"


@pytest.mark.parametrize(
    ("offer", "left", "parameter"),
    [
        ("DELIVERBY", 600, "BY=600;R"),
        ("DELIVERBY 600", 600, "BY=600;R"),
        ("DELIVERBY 601", 600, ""),
        ("DELIVERBY 60,X", 59, ""),
        ("SIZE", 600, ""),
    ],
)
async def test_the_time_that_is_left_goes_on(script: Script, offer: str, left: int, parameter: str) -> None:
    """RFC 2852 4.1.4 and section 3: a hop gets the remaining time, unless it says that it is too short for it."""
    server, sender = await script({}, (offer,))
    by = DeliverBy(seconds=99_999, mode="R", until=NOW + timedelta(seconds=left))
    assert (await sender.deliver(envelope(by=by), MESSAGE))[1].result is Result.RELAYED
    mail = next(command for command in server.commands if command.startswith("MAIL"))
    assert mail.partition(" BY=")[2] == parameter.removeprefix("BY=")


async def test_nothing_is_sent_after_its_time(script: Script) -> None:
    """RFC 2852 4.1.3: 5.4.7, X.411 1/5 maximum-time-expired."""
    server, sender = await script()
    by = DeliverBy(seconds=99, mode="R", until=NOW)
    failure = (await sender.deliver(envelope(by=by), MESSAGE))[1].failure
    assert failure is not None and (failure.status, failure.reason, failure.diagnostic) == ("5.4.7", 1, 5)
    assert server.messages == []


async def test_eight_bit_that_nobody_announced_is_found(script: Script) -> None:
    """A report returns what it returns: the octets decide whether BODY=8BITMIME is due, or an encoding (RFC 6152 section 3)."""
    message = MemoryOctets("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGr\u00fc\u00dfe\r\n".encode())
    server, sender = await script({}, ("8BITMIME",))
    await sender.deliver(envelope(), message)
    assert server.commands[1] == "MAIL FROM:<ann@example.org> BODY=8BITMIME" and b"Gr\xc3\xbc" in server.messages[0]
    plain, other = await script()
    await other.deliver(envelope(), message)
    assert b"quoted-printable" in plain.messages[0] and b"Gr=C3=BC=C3=9Fe" in plain.messages[0]


async def test_every_recipient_keeps_its_own_reply(script: Script) -> None:
    server, sender = await script(
        {"RCPT TO:<no@x>": "550 5.1.1 no such user", "RCPT TO:<later@x>": "450 4.2.1 mailbox busy", "RCPT TO:<bare@x>": "550 no"},
        ("PIPELINING",),
    )
    found = await sender.deliver(envelope("yes@x", "no@x", "later@x", "bare@x"), MESSAGE)
    assert [found[number].result for number in (1, 2, 3, 4)] == [Result.RELAYED, Result.FAILED, Result.DEFERRED, Result.FAILED]
    failures = [found[number].failure for number in (2, 3, 4)]
    assert [(one.reason, one.diagnostic, one.smtp_code, one.status) for one in failures if one] == [
        (1, 0, 550, "5.1.1"), (1, 4, 450, "4.2.1"), (1, 0, 550, "5.1.1"),
    ]  # fmt: skip
    assert server.messages[0] == b"Subject: x\r\n\r\nhello\r\n..dot\r\n...\r\nlast\r\n.\r\n"


@pytest.mark.parametrize(
    ("replies", "result", "status", "x400"),
    [
        ({"MAIL": "550 5.7.1 go away"}, Result.FAILED, "5.7.1", (1, 29)),
        ({"MAIL": "451 4.3.0 later"}, Result.DEFERRED, "4.3.0", (0, None)),
        ({"RCPT": "556 5.1.10 null mx"}, Result.FAILED, "5.1.10", (1, 0)),
        ({"RCPT": "550 5.2.37 unknown detail"}, Result.FAILED, "5.2.37", (1, None)),
        ({"RCPT": "550 4.1.1 class does not fit"}, Result.FAILED, "5.1.1", (1, 0)),
        ({"DATA": "554 5.5.1 no"}, Result.FAILED, "5.5.1", (1, 14)),
        ({".": "552 too big"}, Result.FAILED, "5.3.4", (1, 7)),
        ({".": "452 4.3.1 full"}, Result.DEFERRED, "4.3.1", (1, 2)),
        ({".": "999 what"}, Result.DEFERRED, "4.5.0", (1, None)),
        ({".": None}, Result.DEFERRED, "4.4.2", (0, None)),
        ({"MAIL": None}, Result.DEFERRED, "4.4.1", (0, None)),
        ({"MAIL": "421 4.3.2 going down"}, Result.DEFERRED, "4.4.1", (0, None)),
        ({"MAIL": "nonsense"}, Result.DEFERRED, "4.4.1", (0, None)),
        ({"greeting": "554 no service"}, Result.DEFERRED, "4.4.1", (0, None)),
    ],
)
async def test_what_replies_mean_to_both_sides(
    script: Script, replies: Mapping[str, str | None], result: Result, status: str, x400: tuple[int, int | None]
) -> None:
    _, sender = await script(replies)
    outcome = (await sender.deliver(envelope(), MESSAGE))[1]
    assert outcome.failure is not None
    assert (outcome.result, outcome.failure.status, (outcome.failure.reason, outcome.failure.diagnostic)) == (result, status, x400)


async def test_a_connection_is_used_again_and_a_stale_one_is_replaced(script: Script) -> None:
    server, sender = await script({"MAIL FROM:<refused@x>": "550 5.7.1 no"})
    await sender.deliver(envelope(), MESSAGE)
    await sender.deliver(SmtpEnvelope(reverse_path="refused@x", recipients=(SmtpRecipient(address="a@b"),)), MESSAGE)
    await sender.deliver(envelope(), MESSAGE)
    assert server.connections == 1 and len(server.messages) == 2
    for writer in server.writers:
        writer.close()
    await asyncio.sleep(0)
    assert (await sender.deliver(envelope(), MESSAGE))[1].result is Result.RELAYED and server.connections == 2


async def test_a_message_above_the_size_of_the_server_is_not_sent(script: Script) -> None:
    server, sender = await script(extensions=("SIZE 10",))
    outcome = (await sender.deliver(envelope(), MESSAGE))[1]
    assert outcome.failure is not None and (outcome.failure.status, outcome.failure.reason, outcome.failure.diagnostic) == ("5.3.4", 1, 7)
    assert not any(command.startswith("MAIL") for command in server.commands)


async def test_without_8bitmime_the_message_becomes_7bit(script: Script) -> None:
    server, sender = await script()
    head = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
    text = b"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\ncaf\xe9\r\n"
    plain = b"--b\r\nX-Kept:  as   it is\r\n\r\nplain\r\n"
    inner = b"--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: application/x\r\n"
    inner += b"Content-Transfer-Encoding: 8bit\r\n\r\n\xff\xfe\r\n--b--\r\n"
    outcome = (await sender.deliver(envelope(body="8BITMIME"), MemoryOctets(head + text + plain + inner)))[1]
    assert outcome.result is Result.RELAYED and server.messages[0].isascii()
    assert "BODY=" not in " ".join(server.commands)
    received = parse(server.messages[0].removesuffix(b".\r\n"))
    assert received.defects == () and "".join(received.parts[0].text()) == "café"
    assert plain.removeprefix(b"--b\r\n") in server.messages[0]
    assert received.parts[2].message is not None and received.parts[2].message.content().to_bytes() == b"\xff\xfe"


async def test_smtputf8_that_is_not_offered(script: Script) -> None:
    server, sender = await script()
    found = await sender.deliver(envelope("é@x.example", "bob@müller.example", "carl@x.example"), MESSAGE)
    failure = found[1].failure
    assert failure is not None and (failure.status, failure.reason, failure.diagnostic) == ("5.6.7", 1, 0)
    assert found[2].result is found[3].result is Result.RELAYED
    assert "RCPT TO:<bob@xn--mller-kva.example>" in server.commands
    header = MemoryOctets("Subject: é\r\n\r\n".encode())
    refused = (await sender.deliver(envelope(smtputf8=True), header))[1].failure
    assert refused is not None and refused.status == "5.6.7"


async def test_smtputf8_that_is_offered(script: Script) -> None:
    server, sender = await script(extensions=("SMTPUTF8", "8BITMIME"))
    assert (await sender.deliver(envelope("é@x.example", smtputf8=True), MESSAGE))[1].result is Result.RELAYED
    assert "MAIL FROM:<ann@example.org> SMTPUTF8" in server.commands and "RCPT TO:<é@x.example>" in server.commands


async def test_an_address_cannot_inject_commands(script: Script) -> None:
    server, sender = await script()
    outcome = (await sender.deliver(envelope("a@b>\r\nRCPT TO:<evil@x"), MESSAGE))[1]
    assert outcome.result is not Result.RELAYED and not any("evil" in command for command in server.commands if command.startswith("RCPT"))


async def test_many_recipients_go_in_several_transactions(script: Script) -> None:
    server, sender = await script(extensions=("PIPELINING",))
    found = await sender.deliver(envelope(*(f"u{number}@x" for number in range(250))), MESSAGE)
    assert len(found) == 250 and all(outcome.result is Result.RELAYED for outcome in found.values())
    assert len(server.messages) == 3 and server.connections == 1


async def test_a_silent_server_times_out(script: Script) -> None:
    server, _ = await script()
    port = server.server.sockets[0].getsockname()[1]
    server.replies["RCPT"] = "250-never ends"
    sender = SMTPSender(
        SenderSettings(hostname="gw", timeouts=Timeouts(connect=1, command=0.1)),
        SMTPRouter((Route(smart_host=SmartHost(host="localhost", port=port, tls=TLSMode.NONE)),), NoDNS()),
    )
    outcome = (await sender.deliver(envelope(), MESSAGE))[1]
    assert outcome.result is Result.DEFERRED and outcome.failure is not None and "no reply within" in outcome.failure.text
    await sender.stop()


async def test_tls_modes(start, script: Script, certificate: tuple[ssl.SSLContext, Path]) -> None:
    running = await start(tls=certificate[0], authenticate=lambda user, password: password == "right")

    async def attempt(**more: Any) -> Outcome:
        sender = sender_to(running.listener.port, **more)
        outcome = (await sender.deliver(envelope(), MESSAGE))[1]
        await sender.stop()
        return outcome

    assert (await attempt(tls=TLSMode.REQUIRED, ca_file=str(certificate[1]), user="ann", password="right")).result is Result.DELIVERED
    assert "tls" in running.intake.taken[-1][2].authentication and running.intake.taken[-1][2].identity == "ann"
    assert (await attempt(tls=TLSMode.OPPORTUNISTIC)).result is Result.DELIVERED
    assert "tls" in running.intake.taken[-1][2].authentication
    untrusted = await attempt(tls=TLSMode.REQUIRED)
    assert untrusted.result is Result.DEFERRED and untrusted.failure is not None and untrusted.failure.status == "4.7.0"
    wrong = await attempt(tls=TLSMode.REQUIRED, ca_file=str(certificate[1]), user="ann", password="wrong")
    assert wrong.result is Result.DEFERRED and wrong.failure is not None and "535" in wrong.failure.text
    server, sender = await script(tls=TLSMode.REQUIRED)
    plain = (await sender.deliver(envelope(), MESSAGE))[1]
    assert plain.result is Result.DEFERRED and plain.failure is not None and "STARTTLS" in plain.failure.text
    assert not any(command.startswith("MAIL") for command in server.commands)
    broken, fallback = await script({"STARTTLS": "454 4.7.0 not now"}, ("STARTTLS",), tls=TLSMode.OPPORTUNISTIC)
    assert (await fallback.deliver(envelope(), MESSAGE))[1].result is Result.RELAYED and broken.connections == 2


async def test_mx_hosts_are_tried_in_order(script: Script) -> None:
    server, _ = await script()
    port = server.server.sockets[0].getsockname()[1]
    address = server.server.sockets[0].getsockname()[0]
    dead = MailServer(host="mx1.example", addresses=("127.0.0.9",) if ":" not in address else ("::ffff:127.0.0.9",), preference=1)
    live = MailServer(host="mx2.example", addresses=(address,), preference=2)
    router = SMTPRouter((Route(mx_port=port),), FixedDNS(dead, live))
    sender = SMTPSender(SenderSettings(hostname="gw", timeouts=TIMEOUTS), router)
    assert sender.next_hop("Example.NET.") == "mx:example.net"
    outcome = (await sender.deliver(envelope(), MESSAGE))[1]
    assert outcome.result is Result.RELAYED and outcome.peer.startswith("mx2.example")
    await sender.stop()


ROUTES = (
    Route(domain="one.example", smart_host=SmartHost(host="a")),
    Route(domain=".example", smart_host=SmartHost(host="b")),
)


def test_the_first_route_that_fits_counts() -> None:
    router = SMTPRouter(ROUTES, NoDNS())
    hops = [router.next_hop(domain) for domain in ("ONE.example", "two.example", "example", "x.test")]
    assert hops == ["smtp:a:25", "smtp:b:25", "mx:example", "mx:x.test"]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (DNSError("SERVFAIL"), "4.4.3"),
        (DNSError("NXDOMAIN", temporary=False), "5.1.2"),
        (DNSError("null", temporary=False, null_mx=True), "5.1.10"),
        (MailServer(host="gw.example", addresses=("192.0.2.1",)), "5.4.6"),
        (MailServer(host="mx.example", addresses=(), problem="temporary: x"), "4.4.3"),
    ],
)
async def test_where_there_is_no_way(answer: MailServer | DNSError, status: str) -> None:
    router = SMTPRouter((), FixedDNS(answer), own_names=("GW.example",))
    with pytest.raises(NoRoute) as caught:
        await router.targets("x.test")
    assert caught.value.failure.status == status
    sender = SMTPSender(SenderSettings(hostname="gw"), router)
    outcome = (await sender.deliver(envelope("a@x.test"), MESSAGE))[1]
    assert outcome.result is (Result.DEFERRED if status.startswith("4") else Result.FAILED)


async def test_address_literals() -> None:
    router = SMTPRouter((), NoDNS())
    assert (await router.targets("[192.0.2.1]"))[0].address == "192.0.2.1"
    assert (await router.targets("[IPv6:2001:db8::1]"))[0].address == "2001:db8::1"
    with pytest.raises(NoRoute):
        await router.targets("[nonsense]")
