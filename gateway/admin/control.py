"""The control socket of one node: a Unix socket that takes one JSON command a line and answers with one JSON line.

Only who may open the socket file may command; it is created for its owner alone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from gateway import log
from gateway.errors import GatewayError

_log = log.get("admin")

Command = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
_LONGEST_LINE = 64 * 1024


class ControlServer:
    """Serves named commands on a Unix socket."""

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        self._path = path
        self._commands = commands
        self._server: asyncio.AbstractServer | None = None

    async def start(self) -> None:
        """Listen; a socket file left by a dead process is replaced."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path=self._path, limit=_LONGEST_LINE)
        self._path.chmod(0o600)

    async def stop(self) -> None:
        """Stop listening and remove the socket file."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One command. This is an edge: a fault in it is the answer, and touches nothing else."""
        try:
            answer = await self._answer(await reader.readline())
        except Exception as error:
            _log.exception("control.fault")
            answer = {"error": f"{type(error).__name__}: {error}"}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
        writer.close()

    async def _answer(self, line: bytes) -> Mapping[str, Any]:
        try:
            request = json.loads(line)
            command = self._commands[request["command"]]
        except (ValueError, KeyError, TypeError):
            return {"error": f"not a command; known are {', '.join(sorted(self._commands))}"}
        try:
            return await command(request)
        except GatewayError as error:
            return {"error": str(error)}


async def ask(path: Path, command: str, **arguments: Any) -> Mapping[str, Any]:
    """Send one command to a running gateway.

    Raises:
        GatewayError: No gateway listens on the socket, or it answered with an error.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(path)
    except OSError as error:
        raise GatewayError(f"no gateway answers on {path}: {error.strerror}") from error
    writer.write(json.dumps({"command": command, **arguments}).encode() + b"\n")
    await writer.drain()
    answer: Mapping[str, Any] = json.loads(await reader.readline() or b'{"error": "the gateway closed the connection"}')
    writer.close()
    if "error" in answer:
        raise GatewayError(str(answer["error"]))
    return answer
