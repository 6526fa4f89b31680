"""An SMTP server that answers from a table and keeps what it was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping


class Scripted:
    """An SMTP server that answers from a table: first word(s) of the command -> reply; ``None`` closes the connection."""

    def __init__(self, replies: Mapping[str, str | None], extensions: tuple[str, ...] = ()) -> None:
        usual = {"HELO": "250 me", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", ".": "250 2.0.0 taken", "RSET": "250 ok"}
        self.replies: dict[str, str | None] = {**usual, "QUIT": "221 bye", **replies}
        self.extensions = extensions
        self.commands: list[str] = []
        self.messages: list[bytes] = []
        self.connections = 0
        self.server: asyncio.Server
        self.writers: list[asyncio.StreamWriter] = []

    async def start(self) -> int:
        self.server = await asyncio.start_server(self._talk, "localhost", 0)
        return int(self.server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        self.server.close()
        for writer in self.writers:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        writer.write((self.replies.get("greeting") or "220 scripted").encode() + b"\r\n")
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            self.commands.append(line)
            reply = self._reply(line)
            if reply is None:
                writer.close()
                return
            writer.write(reply.encode() + b"\r\n")
            if line == "DATA" and reply.startswith("354"):
                self.messages.append(await reader.readuntil(b"\r\n.\r\n"))
                final = self.replies["."]
                if final is None:
                    writer.close()
                    return
                writer.write(final.encode() + b"\r\n")

    def _reply(self, line: str) -> str | None:
        if line.startswith("EHLO") and "EHLO" not in self.replies:
            return "\r\n".join(f"250-{item}" for item in ("me", *self.extensions)) + "\r\n250 HELP"
        key = max((key for key in self.replies if line.startswith(key)), key=len, default="")
        return self.replies.get(key, "502 5.5.1 what?")
