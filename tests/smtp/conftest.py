"""A listener with an intake in memory, raw clients, and a certificate for loopback."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.errors import Failure, GatewayError, NoSpaceError
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.smtp.listener import ListenerSettings, SMTPListener
from gateway.spool.content import StoredContent
from gateway.spool.transfer import Source

UNKNOWN = Failure(reason=1, diagnostic=0, smtp_code=550, status="5.1.1", text="nobody of that name")


class Sink:
    def __init__(self, intake: MemoryIntake) -> None:
        self._intake = intake
        self.octets = bytearray()
        self.largest = 0
        self.aborted = False

    async def write(self, data: bytes) -> None:
        if self._intake.full_after is not None and len(self.octets) + len(data) > self._intake.full_after:
            raise NoSpaceError("full")
        self.largest = max(self.largest, len(data))
        self.octets += data
        await asyncio.sleep(0)

    async def finish(self) -> StoredContent:
        return StoredContent(id="c", length=len(self.octets), memory=bytes(self.octets))

    async def abort(self) -> None:
        self.aborted = True
        self._intake.sink_ended.set()


@dataclass
class MemoryIntake:
    """Implements `Intake`; ``unknown@...`` is refused at RCPT."""

    taken: list[tuple[SmtpEnvelope, bytes, Source]] = field(default_factory=list)
    sinks: list[Sink] = field(default_factory=list)
    full_after: int | None = None
    accept_error: GatewayError | None = None
    sink_ended: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None

    async def sender_allowed(self, envelope: SmtpEnvelope, source: Source) -> Failure | None:
        return UNKNOWN if envelope.reverse_path.startswith("unknown@") else None

    async def recipient(self, envelope: SmtpEnvelope, recipient: SmtpRecipient, source: Source) -> Failure | None:
        return UNKNOWN if recipient.address.startswith("unknown@") else None

    async def begin(self) -> Sink:
        if self.full_after == 0:
            raise NoSpaceError("full")
        self.sinks.append(Sink(self))
        return self.sinks[-1]

    async def accept(self, envelope: SmtpEnvelope, content: StoredContent, source: Source) -> str:
        if self.gate is not None:
            await self.gate.wait()
        if self.accept_error is not None:
            raise self.accept_error
        assert content.memory is not None
        self.taken.append((envelope, content.memory, source))
        return f"Q{len(self.taken)}"


class Client:
    """A raw SMTP client that sends octets as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def reply(self) -> str:
        lines: list[str] = []
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), 4)).decode("utf-8")
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return "\n".join(lines)

    async def say(self, *octets: bytes | str) -> str:
        """Send lines, return the last reply."""
        reply = ""
        for item in octets:
            self.writer.write((item.encode("utf-8") if isinstance(item, str) else item) + b"\r\n")
            reply = await self.reply()
        return reply

    async def begin(self, *, recipient: str = "bob@x400.example", sender: str = "ann@example.org") -> None:
        """Up to the 354."""
        assert (await self.say("EHLO client.example", f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA")).startswith("354")

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    def close(self) -> None:
        self.writer.close()


@dataclass
class Running:
    listener: SMTPListener
    intake: MemoryIntake
    clients: list[Client]

    async def client(self, *, greeting: bool = True) -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.listener.port)
        client = Client(reader, writer)
        self.clients.append(client)
        if greeting:
            assert (await client.reply()).startswith("220 gw.example ESMTP")
        return client


Start = Callable[..., Awaitable[Running]]


@pytest_asyncio.fixture
async def start() -> AsyncIterator[Start]:
    """Starts listeners; keyword arguments are settings."""
    running: list[Running] = []

    async def begin(**settings: Any) -> Running:
        intake = MemoryIntake()
        listener = SMTPListener(ListenerSettings(hostname="gw.example", port=0, **settings), intake)
        await listener.start()
        running.append(Running(listener, intake, []))
        return running[-1]

    yield begin
    for one in running:
        for client in one.clients:
            client.close()
        await one.listener.stop(seconds=1)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server context for ``localhost``, and the file to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1)).not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, folder / "cert.pem"
