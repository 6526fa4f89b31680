"""An SMTP server that offers neither DSN nor anything else, as old ones did: MAIL, RCPT and DATA, kept in memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass
class PlainServer:
    """What came: reverse path, recipients, octets."""

    port: int = 0
    received: asyncio.Queue[tuple[str, tuple[str, ...], bytes]] = field(default_factory=asyncio.Queue)

    async def next(self, *, seconds: float = 20) -> tuple[str, tuple[str, ...], bytes]:
        """The next message; it is taken out."""
        return await asyncio.wait_for(self.received.get(), seconds)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        writer.write(b"220 plain.example\r\n")
        sender, recipients = "", []
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                verb, _, rest = line.decode("latin-1").strip().partition(":")
                word = verb.upper()
                if word == "DATA":
                    writer.write(b"354 go on\r\n")
                    octets = await reader.readuntil(b"\r\n.\r\n")
                    self.received.put_nowait((sender, tuple(recipients), octets[:-3].replace(b"\r\n..", b"\r\n.")))
                    recipients = []
                elif word == "MAIL FROM":
                    sender = rest.partition(">")[0].lstrip(" <")
                elif word == "RCPT TO":
                    recipients.append(rest.partition(">")[0].lstrip(" <"))
                elif word == "QUIT":
                    break
                writer.write(b"250 ok\r\n")
        writer.close()


@contextlib.asynccontextmanager
async def plain_server() -> AsyncIterator[PlainServer]:
    """A server on a free port of loopback."""
    found = PlainServer()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0, limit=1 << 24)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
