"""The demo: a gateway and an X.400 correspondent as two processes, and an Internet user here.

A MIME message with accents, an attachment and two recipients goes in by SMTP and arrives over P1; the correspondent reads it
(its receipt notification comes back as an MDN) and replies; the reply arrives by SMTP. Each hop is told as it happens, and
each message is shown as it looks on both sides. The exit code is 0 only if both messages crossed. The mapping
tables are those of `mappings/`; configuration and queue are the demo's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import smtplib
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import gateway
from gateway.correspondent.sink import Arrived, Sink
from gateway.errors import GatewayError

_SENDER = "Käthe Bauer <kaethe.bauer@example.org>"
_RECIPIENTS = ("joerg.mueller@widget.example", '"/G=Eva/S=Sand/O=Head Office/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/"@x400.example.org')
_REPLY_SUBJECT = "Subject: Re:"
_REPLY = "Danke, ist angekommen. Grüße aus der X.400-Welt!"
_SECONDS = 30.0
_RECEIPT_SECONDS = 5.0
_TABLES = Path(gateway.__file__).resolve().parent.parent / "mappings"
"""The tables of the demo's organisation, the ones that an administrator would edit."""
_TELLING = {
    "smtp.accepted": "gateway: message from SMTP is on disk, 250",
    "relay.converted": "gateway: converted",
    "association.opened": "gateway: P1 association opened",
    "transfer.sent": "gateway: the X.400 side has secured the transfer",
    "transfer.received": "gateway: transfer from X.400 is on disk, acknowledged",
    "relay.delivered": "gateway: handed over",
    "relay.deferred": "gateway: deferred",
    "relay.failed": "gateway: failed",
    "relay.reported": "gateway: report queued",
    "smtp.sent": "gateway: the SMTP server took the message",
    "association.refused": "gateway: association refused",
    "association.aborted": "gateway: association aborted",
    "relay.fault": "gateway: FAULT",
}


class Demo:
    """One run of the demo.

    Args:
        keep: Where configuration, queue, logs and messages stay; a temporary folder without it.
        seconds: How long it may take.
    """

    def __init__(self, keep: Path | None = None, *, seconds: float = _SECONDS) -> None:
        self._keep = keep
        self._seconds = seconds
        self._crossed = {"to X.400": False, "to the Internet": False}
        self._read = asyncio.Event()

    async def run(self) -> int:
        """Run it; 0 when both messages crossed."""
        with contextlib.ExitStack() as stack:
            folder = self._keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mixer-demo-")))
            folder.mkdir(parents=True, exist_ok=True)
            try:
                async with asyncio.timeout(self._seconds):
                    await self._run(folder)
            except TimeoutError:
                print(f"the demo did not end within {self._seconds:g} seconds; --keep FOLDER keeps its logs")
            except GatewayError as error:
                print(f"the demo failed: {error}")
        missing = [direction for direction, crossed in self._crossed.items() if not crossed]
        print(f"\nNOT crossed: {', '.join(missing)}" if missing else "\nBoth messages crossed.")
        return 1 if missing else 0

    async def _run(self, folder: Path) -> None:
        sink = Sink()
        await sink.start()
        ports = free_ports(3)
        config = folder / "gateway.toml"
        config.write_text(_configuration(ports, sink.port), encoding="utf-8")
        try:
            async with (
                running("serve", "-c", str(config), log=folder / "gateway.log") as gateway,
                running(*_correspondent(folder, ports), log=folder / "correspondent.log") as correspondent,
            ):
                await asyncio.gather(until(gateway, "gateway.started"), until(correspondent, "listening on"))
                telling = [asyncio.create_task(_tell_gateway(gateway)), asyncio.create_task(self._tell_correspondent(correspondent))]
                message = _message()
                _show("What the Internet user sends (SMTP)", message.as_string())
                await asyncio.to_thread(_send, message, ports[0])
                await self._read.wait()
                await self._wait_for_reply(sink)
                for task in telling:
                    task.cancel()
        finally:
            await sink.stop()

    async def _wait_for_reply(self, sink: Sink) -> None:
        """Show what arrives by SMTP until the reply has come and, for a little while longer, the receipt notification."""
        receipt = False
        while not self._crossed["to the Internet"]:
            receipt |= self._arrived(await sink.received.get())
        try:
            async with asyncio.timeout(_RECEIPT_SECONDS):
                while not receipt:
                    receipt = self._arrived(await sink.received.get())
        except TimeoutError:
            print(f"the receipt notification did not come within {_RECEIPT_SECONDS:g} seconds")

    def _arrived(self, message: Arrived) -> bool:
        """Show one message; whether it is the receipt notification."""
        text = message.text()
        _show(f"What the Internet user receives from <{message.reverse_path}> (SMTP)", text)
        if text.count(_REPLY_SUBJECT):
            self._crossed["to the Internet"] = True
        return "disposition-notification" in text or "InterPersonal Notification" in text

    async def _tell_correspondent(self, output: asyncio.StreamReader) -> None:
        async for block in _blocks(output):
            for line in block:
                title = f"\n=== What the X.400 user {'sends' if 'reply' in line else 'receives'} (P1)"
                print(title if line.startswith("--- ") else f"    {line}")
            print(flush=True)
            if any(line.startswith("Subject") for line in block):
                self._crossed["to X.400"] = True
                self._read.set()


# --- processes ----------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def running(*arguments: str, log: Path) -> AsyncIterator[asyncio.StreamReader]:
    """A ``mixer`` command as a process of its own; gives its output and error lines, which are kept in ``log`` too."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "DEMO_GATEWAY": "gateway-secret", "DEMO_PARTNER": "partner-secret"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", *arguments, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        stdin=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    copy = asyncio.StreamReader()
    copying = asyncio.create_task(_copy(process.stdout, copy, log))
    try:
        yield copy
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(15):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        await copying


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamReader, log: Path) -> None:
    with log.open("wb") as file:
        while chunk := await source.read(65536):
            file.write(chunk)
            target.feed_data(chunk)
    target.feed_eof()


async def lines(reader: asyncio.StreamReader) -> AsyncIterator[str]:
    """The lines of some output."""
    while line := await reader.readline():
        yield line.decode("utf-8", "replace").rstrip("\n")


async def _blocks(reader: asyncio.StreamReader) -> AsyncIterator[list[str]]:
    """What was said together: an empty line ends it."""
    block: list[str] = []
    async for line in lines(reader):
        if line:
            block.append(line)
        else:
            yield block
            block = []


async def until(output: asyncio.StreamReader, words: str) -> None:
    """Wait until a process has said something.

    Raises:
        GatewayError: It ended without saying so.
    """
    said: list[str] = []
    async for line in lines(output):
        said.append(line)
        if words in line:
            return
    raise GatewayError("a process ended early: " + " / ".join(said[-3:]))


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


# --- what is said -------------------------------------------------------------------------------------------------------


async def _tell_gateway(output: asyncio.StreamReader) -> None:
    async for line in lines(output):
        try:
            event: dict[str, Any] = json.loads(line)
        except ValueError:
            print(f"  | {line}", flush=True)
            continue
        if event.get("event") in _TELLING:
            facts = ", ".join(f"{key} {event[key]}" for key in ("peer", "recipient", "octets", "reply", "reason", "to") if event.get(key))
            print(f"  | {_TELLING[event['event']]}{': ' if facts else ''}{facts}", flush=True)


def _show(title: str, text: str) -> None:
    shown = text.splitlines()
    body = shown if len(shown) <= 60 else [*shown[:60], f"... and {len(shown) - 60} lines more"]
    print(f"\n=== {title}\n" + "\n".join(f"    {line}" for line in body) + "\n", flush=True)


def _message() -> EmailMessage:
    message = EmailMessage()
    message["From"] = _SENDER
    message["To"] = ", ".join(_RECIPIENTS)
    message["Subject"] = "Grüße und eine Datei"
    message["Message-ID"] = "<demo.1@example.org>"
    message["Date"] = "Mon, 23 Nov 2026 12:00:00 +0100"
    message["Importance"] = "high"
    message["Disposition-Notification-To"] = "kaethe.bauer@example.org"
    message.set_content("Guten Tag,\n\nanbei die Übersicht als Datei: fünf Zeilen.\n\nViele Grüße\nKäthe\n")
    table = "".join(f"Zeile {number};{number * number}\n" for number in range(1, 6))
    message.add_attachment(table.encode(), maintype="application", subtype="octet-stream", filename="übersicht.csv")
    return message


def _send(message: EmailMessage, port: int) -> None:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            refused = client.send_message(message, "kaethe.bauer@example.org", list(_RECIPIENTS))
    except (OSError, smtplib.SMTPException) as error:
        raise GatewayError(f"the gateway did not take the message: {error}") from error
    if refused:
        raise GatewayError(f"the gateway refused recipients: {refused}")


def _correspondent(folder: Path, ports: list[int]) -> list[str]:
    return [
        "receive", "--mailbox", str(folder / "mailbox"), "--domain", "/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/", "--mta-name", "WIDGET-MTA",
        "--peer-mta-name", "DEMO-GATEWAY", "--password", "partner-secret", "--peer-password", "gateway-secret",
        "--listen", f"127.0.0.1:{ports[2]}", "--connect", f"127.0.0.1:{ports[1]}", "--tsel", "MIXER", "--reply", _REPLY,
    ]  # fmt: skip


def _configuration(ports: list[int], sink: int) -> str:
    return f"""
[gateway]
domain = "x400.example.org"
oraddress = "/PRMD=GATE/ADMD=TESTMAIL/C=XX/"
global_domain = "/PRMD=GATE/ADMD=TESTMAIL/C=XX/"
mta_name = "DEMO-GATEWAY"
postmaster = "postmaster@example.org"

[spool]
url = "sqlite:///queue.sqlite"

[smtp]
port = {ports[0]}

[smtp.smart_host]
host = "127.0.0.1"
port = {sink}
tls = "none"

[mta]
port = {ports[1]}
tsels = ["MIXER"]

[[mta.peer]]
name = "widget"
host = "127.0.0.1"
port = {ports[2]}
mta_name = "WIDGET-MTA"
password = {{ environment = "DEMO_PARTNER" }}
our_password = {{ environment = "DEMO_GATEWAY" }}
routes = ["/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/"]
retry_seconds = 1
grant = {{ to_internet = true }}

[mixer]
tables = "{_TABLES}"

[log]
json_lines = true

[admin]
socket = "control.sock"
"""
