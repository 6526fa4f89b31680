"""The listener on loopback: RFC 5321, the extensions, smuggling, limits, and nothing kept that was not taken."""

from __future__ import annotations

import asyncio
import base64
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from gateway.errors import ConversionError, Failure, SpoolError
from gateway.internet.envelope import SmtpRecipient


async def test_ehlo_offers_what_crosses_and_not_what_does_not(start) -> None:
    client = await (await start()).client()
    offered = (await client.say("EHLO client.example")).split("\n")
    assert [line[4:] for line in offered] == [
        "gw.example", "PIPELINING", f"SIZE {50 << 20}", "8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8", "DSN",
        "ENHANCEDSTATUSCODES",
    ]  # fmt: skip


async def test_a_message_of_smtplib_is_taken_octet_for_octet(start) -> None:
    running = await start()
    message = EmailMessage()
    message["Subject"] = "Grüße"
    message.set_content("line\n.dot\n..two dots\n")

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", running.listener.port) as client:
            client.send_message(message, "ann@example.org", ["bob@x400.example", "/S=Lee/C=xx/@gw.example"])

    await asyncio.to_thread(send)
    ((envelope, octets, source),) = running.intake.taken
    assert octets == message.as_bytes().replace(b"\n", b"\r\n")
    assert envelope.reverse_path == "ann@example.org"
    assert [one.address for one in envelope.recipients] == ["bob@x400.example", "/S=Lee/C=xx/@gw.example"]
    assert source.address == "127.0.0.1" and source.authentication["protocol"] == "ESMTP"


async def test_dsn_parameters_reach_the_envelope(start) -> None:
    running = await start()
    client = await running.client()
    mail = "MAIL FROM:<ann@example.org> RET=hdrs ENVID=QQ+2B1 BODY=8BITMIME SIZE=10"
    rcpt = "RCPT TO:<bob@x400.example> NOTIFY=success,FAILURE ORCPT=rfc822;Bob+2Bx@example.net"
    assert (await client.say("EHLO c", mail, rcpt, "RCPT TO:<carl@x400.example> NOTIFY=NEVER", "DATA")).startswith("354")
    assert (await client.say(b"hi\r\n.")).startswith("250 2.0.0")
    envelope = running.intake.taken[0][0]
    assert (envelope.ret, envelope.envid, envelope.body) == ("HDRS", "QQ+1", "8BITMIME")
    assert envelope.recipients == (
        SmtpRecipient(address="bob@x400.example", notify=frozenset({"SUCCESS", "FAILURE"}), orcpt="rfc822;Bob+x@example.net"),
        SmtpRecipient(address="carl@x400.example", notify=frozenset({"NEVER"})),
    )


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("MAIL FROM:<a@b> SIZE=99999999999", "552 5.3.4"),
        ("MAIL FROM:<a@b> SIZE=x", "501 5.5.4"),
        ("MAIL FROM:<a@b> BODY=9BIT", "501 5.5.4"),
        ("MAIL FROM:<a@b> REQUIRETLS", "550 5.7.30"),
        ("MAIL FROM:<a@b> RET=SOME", "501 5.5.4"),
        ("MAIL FROM:<a@b> RET=FULL RET=FULL", "501 5.5.4"),
        ("MAIL FROM:<a@b> ENVID=a=b", "501 5.5.4"),
        ("MAIL FROM:<a@b> ENVID=a+0D+0AX", "501 5.5.4"),
        ("MAIL FROM:<a@b> BY=10;R", "555 5.5.4"),
        ("MAIL FROM:<a@b> X=1", "555 5.5.4"),
        ("MAIL FROM:a b@c", "501 5.5.4"),
        ("MAIL FROM:<a@b", "501 5.1.3"),
        ("MAIL FROM:<é@b>", "553 5.6.7"),
        ("MAIL FROM:<a@b>x", "501 5.5.4"),
        ("MAIL FROM:<a@b(c)>", "553 5.1.3"),
        ("MAIL FROM:<nodomain>", "553 5.1.3"),
        ("MAIL", "501 5.5.4"),
        ("MAIL FROM:<unknown@b>", "550 5.1.1 nobody"),
        ("RCPT TO:<a@b>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("VRFY bob", "252 2.5.0"),
        ("EXPN list", "502 5.5.1"),
        ("NOSUCH", "500 5.5.2"),
        ("AUTH PLAIN AAAA", "502 5.5.1"),
        ("STARTTLS", "454 4.7.0"),
        ("NOOP", "250 2.0.0"),
        ("RSET", "250 2.0.0"),
        ("QUIT", "221 2.0.0"),
    ],
)
async def test_replies_have_words_and_an_enhanced_code(start, command: str, reply: str) -> None:
    client = await (await start()).client()
    assert (await client.say("EHLO c", command)).startswith(reply)


async def test_recipients_are_refused_one_by_one(start) -> None:
    running = await start(recipients_limit=2)
    client = await running.client()
    await client.say("EHLO c", "MAIL FROM:<>")
    assert (await client.say("RCPT TO:<unknown@x>")).startswith("550 5.1.1 nobody of that name")
    assert (await client.say("RCPT TO:<>")).startswith("501")
    assert (await client.say("RCPT TO:<a@x> NOTIFY=NEVER,SUCCESS")).startswith("501 5.5.4")
    assert (await client.say("RCPT TO:<a@x> ORCPT=nonsense")).startswith("501 5.5.4")
    assert (await client.say("RCPT TO:<Postmaster>")).startswith("250 2.1.5")
    assert (await client.say('RCPT TO:<@a,@b:"x y>z"@[192.0.2.1]>')).startswith("250 2.1.5")
    assert (await client.say("RCPT TO:<c@x>")).startswith("452 4.5.3")
    assert (await client.say("DATA", b"x\r\n.")).startswith("250")
    assert [one.address for one in running.intake.taken[0][0].recipients] == ["Postmaster@gw.example", '"x y>z"@[192.0.2.1]']
    assert running.intake.taken[0][0].reverse_path == ""


async def test_a_thousand_pipelined_recipients_let_others_have_their_turn(start) -> None:
    running = await start()
    many, other = await running.client(), await running.client()
    await many.say("EHLO c", "MAIL FROM:<a@b>")
    await other.say("EHLO c")
    taken: list[str] = []
    recipient = running.intake.recipient

    async def counted(envelope, one, source):
        taken.append(one.address)
        return await recipient(envelope, one, source)

    running.intake.recipient = counted
    many.send(b"".join(b"RCPT TO:<r%d@x>\r\n" % number for number in range(1000)))
    await many.reply()
    assert (await other.say("NOOP")).startswith("250")
    assert len(taken) < 900
    for _ in range(999):
        assert (await many.reply()).startswith("250")


async def test_internationalised_addresses(start) -> None:
    running = await start()
    client = await running.client()
    await client.say("EHLO c", "MAIL FROM:<jörg@müller.example> SMTPUTF8", "RCPT TO:<é@x> ORCPT=utf-8;\\x{E9}@x", "DATA", b"x\r\n.")
    envelope = running.intake.taken[0][0]
    assert envelope.smtputf8 and envelope.reverse_path == "jörg@müller.example" and envelope.recipients[0].orcpt == "utf-8;é@x"
    assert (await client.say(b"MAIL FROM:<\xff@x> SMTPUTF8")).startswith("501 5.1.3")


async def test_a_whole_pipelined_session_in_one_packet(start) -> None:
    running = await start()
    client = await running.client()
    await client.say("EHLO c")
    one = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nfirst\r\n.\r\n"
    client.send(one + one.replace(b"first", b"second") + b"QUIT\r\n")
    replies = [(await client.reply())[:3] for _ in range(9)]
    assert replies == ["250", "250", "354", "250", "250", "250", "354", "250", "221"]
    assert [octets for _, octets, _ in running.intake.taken] == [b"first\r\n", b"second\r\n"]


SMUGGLED = b"MAIL FROM:<evil@x>\r\nRCPT TO:<victim@x>\r\nDATA\r\nforged\r\n.\r\n"


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\r\n.\r\r\n", b"\n.\r\r\n"])
@pytest.mark.parametrize("refuse", [True, False])
async def test_nothing_but_crlf_dot_crlf_ends_a_message(start, end: bytes, refuse: bool) -> None:
    running = await start(refuse_stray_line_ends=refuse)
    client = await running.client()
    await client.begin()
    client.send(b"hello" + end + SMUGGLED)
    reply = await client.reply()
    if refuse:
        assert reply.startswith("550 5.6.11") and running.intake.taken == []
    else:
        ((envelope, octets, _),) = running.intake.taken
        assert envelope.reverse_path == "ann@example.org" and b"forged" in octets
        assert octets.count(b"\r") == octets.count(b"\n") == octets.count(b"\r\n")
    assert (await client.say("NOOP")).startswith("250")  # the session is in step


@pytest.mark.parametrize("size", [1, 2, 3, 5])
async def test_data_in_small_pieces(start, size: int) -> None:
    running = await start()
    client = await running.client()
    await client.begin()
    wire = b"..a\r\n.b\r\n\r\n...\r\nc\r\n.\r\n"
    for at in range(0, len(wire), size):
        client.send(wire[at : at + size])
        await client.writer.drain()
        await asyncio.sleep(0)
    assert (await client.reply()).startswith("250")
    assert running.intake.taken[0][1] == b".a\r\nb\r\n\r\n..\r\nc\r\n"


async def test_an_empty_message(start) -> None:
    running = await start()
    client = await running.client()
    await client.begin()
    assert (await client.say(b".")).startswith("250") and running.intake.taken[0][1] == b""


async def test_a_message_above_the_limit_is_read_to_its_end_and_refused(start) -> None:
    running = await start(size_limit=1 << 20)
    client = await running.client()
    await client.begin()
    client.send(b"x" * 998 + b"\r\n")
    for _ in range(1100):
        client.send(b"x" * 998 + b"\r\n")
    assert (await client.say(b".")).startswith("552 5.3.4")
    assert running.intake.taken == [] and (await client.say("NOOP")).startswith("250")


async def test_a_big_message_arrives_in_pieces(start) -> None:
    running = await start()
    client = await running.client()
    await client.begin()
    line = b"." + b"y" * 100 + b"\r\n"
    for _ in range(20):
        client.send((b"." + line) * 1000)
        await client.writer.drain()
    assert (await client.say(b".")).startswith("250")
    assert running.intake.taken[0][1] == line * 20_000 and running.intake.sinks[0].largest <= 70_000


async def test_a_line_that_is_too_long(start) -> None:
    running = await start(line_limit=2000)
    client = await running.client()
    await client.begin()
    assert (await client.say(b"x" * 200_000 + b"\r\n.")).startswith("554 5.6.0") and running.intake.taken == []


async def test_a_full_queue_is_temporary(start) -> None:
    running = await start()
    client = await running.client()
    running.intake.full_after = 10
    await client.begin()
    assert (await client.say(b"x" * 100 + b"\r\n.")).startswith("452 4.3.1")
    running.intake.full_after = 0
    assert (await client.say("MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA")).startswith("452 4.3.1")


async def test_refusals_after_the_data(start) -> None:
    running = await start()
    client = await running.client()
    failure = Failure(reason=2, diagnostic=8, smtp_code=554, status="5.6.3", text="cannot be\r\nconverted")
    for error, reply in ((ConversionError(failure), "554 5.6.3 cannot be converted"), (SpoolError("disk"), "451 4.3.0")):
        running.intake.accept_error = error
        await client.begin()
        assert (await client.say(b"x\r\n.")).startswith(reply)


async def test_250_is_said_after_the_commit_and_not_before(start) -> None:
    running = await start()
    running.intake.gate = asyncio.Event()
    client = await running.client()
    await client.begin()
    client.send(b"x\r\n.\r\n")
    reading = asyncio.ensure_future(client.reply())
    done, _ = await asyncio.wait([reading], timeout=0.1)
    assert not done
    running.intake.gate.set()
    assert (await reading).startswith("250 2.0.0 taken as Q1")


async def test_a_client_that_vanishes_leaves_nothing(start) -> None:
    running = await start()
    client = await running.client()
    await client.begin()
    client.send(b"half a mess")
    await client.writer.drain()
    client.close()
    await asyncio.wait_for(running.intake.sink_ended.wait(), 4)
    assert running.intake.sinks[0].aborted and running.intake.taken == []


async def test_limits_of_connections(start) -> None:
    running = await start(connections=2)
    first = await running.client()
    await running.client()
    third = await running.client(greeting=False)
    assert (await third.reply()).startswith("421 4.3.2 too many connections")
    assert (await first.say("QUIT")).startswith("221")
    for _ in range(100):
        if running.listener.connections < 2:
            break
        await asyncio.sleep(0.01)
    assert await running.client()


async def test_silence_ends_with_421(start) -> None:
    client = await (await start(timeout_seconds=0.1)).client()
    assert (await client.reply()).startswith("421 4.4.2")


async def test_too_many_refusals_end_the_session(start) -> None:
    client = await (await start(refusals_limit=3)).client()
    await client.say("EHLO c", "RCPT TO:<a@b>", "RCPT TO:<a@b>", "RCPT TO:<a@b>")
    assert (await client.reply()).startswith("421 4.7.0")


async def test_helo_sessions_have_no_parameters(start) -> None:
    client = await (await start()).client()
    assert await client.say("HELO c") == "250 gw.example"
    assert (await client.say("MAIL FROM:<a@b> SIZE=10")).startswith("555")
    assert (await client.say("MAIL FROM:<a@b>")).startswith("250")


async def test_starttls_and_auth(start, certificate: tuple[ssl.SSLContext, Path]) -> None:
    context, trusted = certificate
    running = await start(
        tls=context, authenticate=lambda user, password: (user, password) == ("ann", "sécret"), mt_priority=True,
        may_set_delivery_options=frozenset({"staff"}),
        client_class=lambda address, user: "staff" if user == "ann" else "anyone",
    )  # fmt: skip
    client = aiosmtplib.SMTP(
        hostname="localhost", port=running.listener.port, start_tls=True, tls_context=ssl.create_default_context(cafile=trusted)
    )
    await client.connect()
    await client.ehlo()
    assert client.supported_auth_methods == ["plain", "login"] and not client.supports_extension("starttls")
    with pytest.raises(aiosmtplib.SMTPAuthenticationError) as refused:
        await client.auth_plain("ann", "wrong")
    assert refused.value.code == 535 and refused.value.message.startswith("5.7.8")
    await client.auth_login("ann", "sécret")
    await client.sendmail("ann@example.org", ["bob@x"], b"hi\r\n", mail_options=["MT-PRIORITY=6"])
    await client.quit()
    envelope, octets, source = running.intake.taken[0]
    assert octets == b"hi\r\n" and envelope.mt_priority == 6
    assert (source.peer, source.identity, source.authentication["protocol"]) == ("staff", "ann", "ESMTPSA")
    assert source.authentication["tls"].startswith("TLSv1.3")


async def test_auth_needs_tls_and_commands_before_tls_are_forgotten(start, certificate: tuple[ssl.SSLContext, Path]) -> None:
    running = await start(tls=certificate[0], authenticate=lambda user, password: True)
    client = await running.client()
    assert "AUTH" not in await client.say("EHLO c")
    initial = base64.b64encode(b"\0ann\0x").decode()
    assert (await client.say(f"AUTH plain {initial}")).startswith("538 5.7.11")
    context = ssl.create_default_context(cafile=certificate[1])
    client.send(b"STARTTLS\r\nMAIL FROM:<injected@x>\r\n")
    assert (await client.reply()).startswith("220")
    await client.writer.start_tls(context, server_hostname="localhost")
    assert (await client.say("MAIL FROM:<a@b>")).startswith("503")
    assert "AUTH PLAIN LOGIN" in await client.say("EHLO c")
    assert (await client.say("STARTTLS")).startswith("503")
    assert (await client.say(f"AUTH plain {initial}")).startswith("235 2.7.0")


async def test_stop_lets_a_message_in_progress_end(start) -> None:
    running = await start()
    idle, busy = await running.client(), await running.client()
    await busy.begin()
    stopping = asyncio.ensure_future(running.listener.stop(seconds=4))
    assert (await idle.reply()).startswith("421 4.3.2")
    assert (await busy.say(b"x\r\n.")).startswith("250")
    assert (await busy.reply()).startswith("421")
    await asyncio.wait_for(stopping, 4)
    assert len(running.intake.taken) == 1 and running.listener.port == 0


async def test_an_unknown_command_is_not_repeated_with_its_controls(start) -> None:
    """Terminals of people who read a session must not be told what to do by the other end's words."""
    client = await (await start()).client()
    reply = await client.say("EHLO c", "G\x1b[31mET /")
    assert reply.startswith("500 5.5.2")
    assert "\x1b" not in reply
