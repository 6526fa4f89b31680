"""Bad input at the SMTP listener of a whole gateway: the right reply, the right log line, nothing kept, other sessions unaffected."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs

from gateway import asn1
from gateway.x400.charsets import text_from_t61
from gateway.x400.ipm import InformationObject
from tests.e2e.harness import ANNA, JOERG, SECRETS, Arrangement, arrangement, settled

pytestmark = [pytest.mark.timeout(60), pytest.mark.asyncio(loop_scope="module")]
Logs = list[Mapping[str, Any]]

_SMTP = """
largest_octets = 20000
recipients = 3

[smtp.tls]
certificate = "{folder}/certificate.pem"
key = "{folder}/key.pem"

[[smtp.users]]
name = "anna"
password = {{ environment = "TEST_ANNA" }}
"""


def write_certificate(folder: Path) -> None:
    """A key and a certificate that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x400.example.org")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Arrangement]:
    folder: Path = tmp_path_factory.mktemp("input")
    write_certificate(folder)
    environment = SECRETS | {"TEST_ANNA": "anna-secret"}
    async with arrangement(folder, smtp=_SMTP.format(folder=folder), environment=environment) as a:
        yield a


@dataclass
class Client:
    """A session written by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def reply(self) -> str:
        """One reply, its lines joined; empty when the server closed."""
        lines: list[str] = []
        while True:
            try:
                line = (await asyncio.wait_for(self.reader.readline(), 10)).decode()
            except ConnectionError:
                line = ""
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return "\n".join(lines)

    async def say(self, *lines: str | bytes) -> str:
        """Write lines, each with CRLF, in one piece; the reply to the last one."""
        octets = b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines)
        self.writer.write(octets)
        await self.writer.drain()
        for _ in lines[:-1]:
            await self.reply()
        return await self.reply()

    async def greet(self) -> Client:
        assert (await self.reply()).startswith("220 ")
        assert (await self.say("EHLO client.example")).startswith("250-")
        return self

    async def to_data(self) -> None:
        assert (await self.say(f"MAIL FROM:<{ANNA}>", f"RCPT TO:<{JOERG}>", "DATA")).startswith("354")


@contextlib.asynccontextmanager
async def connected(gateway: Arrangement) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.setting.smtp_port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def beside_a_good_session(gateway: Arrangement) -> AsyncIterator[Logs]:
    """A session that was open before delivers one message afterwards, and only that one crosses. Gives the log lines."""
    async with connected(gateway) as good:
        await good.greet()
        assert (await good.say(f"MAIL FROM:<{ANNA}>")).startswith("250")
        with capture_logs() as logs:
            yield logs
        assert (await good.say(f"RCPT TO:<{JOERG}>", "DATA")).startswith("354")
        assert (await good.say("Subject: good\r\n\r\ngood\r\n.")).startswith("250 2.0.0")
        received = await asyncio.wait_for(gateway.correspondent.received.get(), 15)
    ipm = asn1.decode(received.apdu.message.content, InformationObject).ipm
    assert text_from_t61(ipm.heading.subject) == "good"
    await settled(gateway.gateway.store)
    assert gateway.correspondent.received.empty()
    assert (await gateway.gateway.store.counts())["unclaimed"] == 0


def refusals(logs: Logs) -> list[str]:
    return [str(each["reply"])[:9] for each in logs if each["event"] == "smtp.refused"]


async def until_logged(logs: Logs, event: str) -> Mapping[str, Any]:
    async with asyncio.timeout(10):
        while True:
            found = next((each for each in logs if each["event"] == event), None)
            if found is not None:
                return found
            await asyncio.sleep(0.01)


async def test_garbage_commands(gateway: Arrangement) -> None:
    async with beside_a_good_session(gateway) as logs, connected(gateway) as bad:
        await bad.greet()
        replies = [
            await bad.say("HELLO there"),
            await bad.say(b"\x80\x81\xff\x00"),
            await bad.say("X" * 3000),
            await bad.say("RCPT TO:<a@b.example>"),
            await bad.say("DATA"),
            await bad.say("MAIL FROM: who knows"),
            await bad.say("MAIL FROM:<a@b.example> SIZE=many"),
            await bad.say("MAIL FROM:<a@b.example> FROB=1"),
            await bad.say("BDAT x"),
        ]
    assert [each[:3] for each in replies] == ["500", "500", "500", "503", "503", replies[5][:3], "501", "555", "501"]
    assert replies[5][:3] in ("501", "553", "555")
    assert all(each[4:6] == "5." for each in replies), replies
    assert len(refusals(logs)) == len(replies)


async def test_an_endless_command_line_is_cut_off(gateway: Arrangement) -> None:
    async with beside_a_good_session(gateway) as logs, connected(gateway) as bad:
        await bad.greet()
        with contextlib.suppress(ConnectionError):
            for _ in range(40):
                bad.writer.write(b"A" * 8192)
                await bad.writer.drain()
        assert (await bad.say("")).startswith(("500 5.5.", "421 4."))
    assert refusals(logs)[0].startswith(("500", "421"))


async def test_client_that_vanishes_in_data(gateway: Arrangement) -> None:
    async with beside_a_good_session(gateway) as logs:
        async with connected(gateway) as bad:
            await bad.greet()
            await bad.to_data()
            bad.writer.write(b"Subject: lost\r\n\r\nhalf a mess")
            await bad.writer.drain()
        line = await until_logged(logs, "smtp.vanished")
    assert line["address"] == "127.0.0.1" and line["session"]


async def test_end_of_connection_right_before_the_final_dot(gateway: Arrangement) -> None:
    """CRLF . without CRLF is not the end (RFC 5321 4.1.1.4)."""
    async with beside_a_good_session(gateway) as logs:
        async with connected(gateway) as bad:
            await bad.greet()
            await bad.to_data()
            bad.writer.write(b"Subject: lost\r\n\r\nx\r\n.")
            bad.writer.write_eof()
            assert await bad.reply() == ""
        await until_logged(logs, "smtp.vanished")
    assert not [each for each in logs if each["event"] == "smtp.accepted" and each.get("octets", 0) > 30]


async def test_oversize_message(gateway: Arrangement) -> None:
    """RFC 1870: refused at MAIL when declared, after the end of data when not; the session goes on."""
    async with beside_a_good_session(gateway) as logs, connected(gateway) as bad:
        await bad.greet()
        assert (await bad.say(f"MAIL FROM:<{ANNA}> SIZE=20001")).startswith("552 5.3.4")
        await bad.to_data()
        bad.writer.write((b"x" * 70 + b"\r\n") * 400)
        assert (await bad.say(".")).startswith("552 5.3.4")
        assert (await bad.say("NOOP")).startswith("250")
    assert refusals(logs) == ["552 5.3.4", "552 5.3.4"]


async def test_too_many_recipients(gateway: Arrangement) -> None:
    """RFC 5321 4.5.3.1.10: 452, and the message still goes to those that were taken."""
    async with beside_a_good_session(gateway) as logs, connected(gateway) as bad:
        await bad.greet()
        await bad.say(f"MAIL FROM:<{ANNA}>")
        replies = [await bad.say(f"RCPT TO:<user{number}@partner.example>") for number in range(5)]
        assert (await bad.say("RSET")).startswith("250")
    assert [each[:9] for each in replies] == ["250 2.1.5"] * 3 + ["452 4.5.3"] * 2
    assert refusals(logs) == ["452 4.5.3"] * 2


@pytest.mark.slow
async def test_silent_client(tmp_path: Path) -> None:
    """RFC 5321 4.5.3.2: between commands and inside DATA."""
    async with arrangement(tmp_path, smtp="command_timeout_seconds = 1.5") as impatient:
        with capture_logs() as logs:
            async with connected(impatient) as silent, connected(impatient) as trickling:
                await silent.greet()
                await trickling.greet()
                await trickling.to_data()
                trickling.writer.write(b"Subject: never ends\r\n")
                said = await asyncio.gather(silent.reply(), trickling.reply())
                assert [each[:9] for each in said] == ["421 4.4.2"] * 2
                assert await silent.reply() == ""
            await until_logged(logs, "smtp.vanished")
        assert refusals(logs) == ["421 4.4.2"] * 2
        async with beside_a_good_session(impatient):
            pass


async def test_wrong_authentication(gateway: Arrangement) -> None:
    """AUTH only under TLS; one answer for wrong user and wrong password (RFC 4954); the password is never logged."""
    wrong = [base64.b64encode(f"\0{user}\0{word}".encode()).decode() for user, word in (("anna", "guess-me"), ("nobody", "guess-me"))]
    async with beside_a_good_session(gateway) as logs, connected(gateway) as bad:
        await bad.greet()
        assert (await bad.say(f"AUTH PLAIN {wrong[0]}"))[:3] in ("538", "530")
        assert (await bad.say("STARTTLS")).startswith("220")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        await bad.writer.start_tls(context)
        assert "AUTH PLAIN LOGIN" in await bad.say("EHLO client.example")
        replies = [await bad.say(f"AUTH PLAIN {each}") for each in (*wrong, "!!! not base64", "AAAA")]
        right = base64.b64encode(b"\0anna\0anna-secret").decode()
        assert (await bad.say(f"AUTH PLAIN {right}")).startswith("235 2.7.0")
    assert replies[0] == replies[1] and replies[0].startswith("535 5.7.8")
    assert all(each.startswith(("501 5.5.", "535 5.7.8")) for each in replies[2:])
    assert "guess-me" not in repr(logs) and wrong[0] not in repr(logs)
    assert sum(each.startswith("535") for each in refusals(logs)) >= 2


async def test_starttls_with_garbage_instead_of_a_hello(gateway: Arrangement) -> None:
    async with beside_a_good_session(gateway) as logs, connected(gateway) as bad:
        await bad.greet()
        assert (await bad.say("STARTTLS")).startswith("220")
        bad.writer.write(b"\x16\x03\x01\xff\xffgarbage" * 20)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            rest = await asyncio.wait_for(bad.reader.read(), 10)
            assert b"250" not in rest
    assert all(each["log_level"] != "error" for each in logs)


async def test_commands_pipelined_behind_starttls_are_not_obeyed(gateway: Arrangement) -> None:
    """RFC 3207 section 6, CVE-2011-0411: what came in clear must not count under TLS."""
    async with beside_a_good_session(gateway), connected(gateway) as bad:
        await bad.greet()
        bad.writer.write(f"STARTTLS\r\nMAIL FROM:<evil@attacker.example>\r\nRCPT TO:<{JOERG}>\r\n".encode())
        assert (await bad.reply()).startswith("220")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            await asyncio.wait_for(bad.writer.start_tls(context), 5)
        except (OSError, ssl.SSLError, TimeoutError):
            return  # closing at once is right as well
        assert (await bad.say("EHLO client.example")).startswith("250-")
        assert (await bad.say("DATA")).startswith("503")


SMUGGLED = f"MAIL FROM:<boss@example.org>\r\nRCPT TO:<{JOERG}>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n".encode()


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\r\n\x00.\r\n"])
async def test_smuggling(gateway: Arrangement, end: bytes) -> None:
    """Only CRLF . CRLF ends a message (RFC 5321 4.1.1.4): one transaction is seen, and a stray line end refuses it."""
    async with beside_a_good_session(gateway) as logs, connected(gateway) as bad:
        await bad.greet()
        await bad.to_data()
        bad.writer.write(b"Subject: outer\r\n\r\nouter" + end + SMUGGLED)
        reply = await bad.reply()
        assert (await bad.say("QUIT")).startswith("221")
        if b"\x00" in end:
            # A dot behind NUL is text; the whole is one message.
            assert reply.startswith("250")
            received = await asyncio.wait_for(gateway.correspondent.received.get(), 15)
            content = asn1.decode(received.apdu.message.content, InformationObject)
            assert text_from_t61(content.ipm.heading.subject) == "outer"
        else:
            assert reply.startswith("550 5.6.11")
    assert len([each for each in logs if each["event"] == "smtp.accepted"]) == (1 if b"\x00" in end else 0)


async def test_too_many_refusals_end_the_session(gateway: Arrangement) -> None:
    async with beside_a_good_session(gateway) as logs, connected(gateway) as bad:
        await bad.greet()
        replies = []
        while (reply := await bad.say("RCPT TO:<x@elsewhere.example>")) and len(replies) < 200:
            replies.append(reply)
            if reply.startswith("421"):
                break
    assert len(replies) <= 101
    assert "421 4.7.0" in refusals(logs)
