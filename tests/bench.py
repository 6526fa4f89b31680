"""``make bench``: messages per second each way over loopback, with 2 kB messages and the queue on disk.

The gateway is a process of its own with default settings; what sends and what receives are two more processes, so that
the processor time and the memory that are shown are the gateway's alone. On a machine with few cores all of them compete:
the processor time of a message says more about the gateway than the rate does. Nothing is asserted; the run takes about
half a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway import asn1, log
from gateway.correspondent.demo import free_ports
from gateway.correspondent.sink import Sink
from gateway.correspondent.user import Domain, Letter, envelope_for, ipm_from_letter
from gateway.mixer.stdor import from_text
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.peers import Credentials, Peer, Peers
from gateway.mta.sender import Sender
from gateway.osi.service import ConnectionReference, Selectors
from gateway.spool.transfer import Result, Source
from gateway.x400 import p1
from gateway.x400.ipm import InformationObject
from tests.e2e.harness import ANNA, ANNA_OR, JOERG, JOERG_OR, PARTNER, Setting
from tests.e2e.processes import GatewayProcess

MESSAGES = 300
"""Handed in as fast as they are taken, each way; then the end of the last delivery is waited for."""

LONGEST_SECONDS = 14.0
"""One direction takes no longer; what is not delivered by then is told."""

CONNECTIONS = 8
TEXT = "".join(f"Line {number:02} of a message that is about two thousand octets long.\r\n" for number in range(31))


# --- what sends: prints how many were acknowledged ----------------------------------------------------------------------


async def send_by_smtp(port: int) -> None:
    """Several connections, one message after the other on each, MAIL to DATA in one go."""
    numbers = iter(range(MESSAGES))

    async def client() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        writer.write(b"EHLO bench.example.org\r\n")
        while not (await reader.readline()).startswith(b"250 "):
            pass
        sent = 0
        for number in numbers:
            writer.write(f"MAIL FROM:<{ANNA}>\r\nRCPT TO:<{JOERG}>\r\nDATA\r\n".encode())
            for expected in (b"250", b"250", b"354"):
                assert (await reader.readline()).startswith(expected)
            writer.write(_internet_message(number))
            assert (await reader.readline()).startswith(b"250")
            sent += 1
        writer.close()
        return sent

    await _timed(client)


async def _timed(client: Callable[[], Awaitable[int]]) -> None:
    began = time.monotonic()
    sent = sum(await asyncio.gather(*(client() for _ in range(CONNECTIONS))))
    print(sent, began, time.monotonic(), flush=True)


def _internet_message(number: int) -> bytes:
    return (
        f"From: Anna Berg <{ANNA}>\r\nTo: {JOERG}\r\nSubject: Message {number}\r\nMessage-ID: <bench.{number}@example.org>\r\n"
        f"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n\r\n{TEXT}.\r\n"
    ).encode()


async def send_by_p1(port: int) -> None:
    """A few associations, as an MTA keeps them."""
    sender = Sender(Peers((_gateway_at(port),)), _Counter(), reference=_reference)
    numbers = iter(range(MESSAGES))

    async def user() -> int:
        sent = 0
        for number in numbers:
            outcome = await sender.transfer("gateway", asn1.encode_octets(_x400_message(number)))
            sent += outcome.result is Result.RELAYED
        return sent

    await _timed(user)
    await sender.stop()


def _x400_message(number: int) -> p1.MTSAPDU:
    identifier = f"bench.{number}"
    letter = Letter(originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject=f"Message {number}", text=TEXT)
    domain = Domain(address=from_text(PARTNER), mta_name="PARTNER-MTA")
    envelope = envelope_for(domain, letter.originator, letter.recipients, identifier, datetime.now(UTC), report=False)
    content = asn1.encode_octets(InformationObject(ipm=ipm_from_letter(letter, identifier)))
    return p1.MTSAPDU(message=p1.Message(envelope=envelope, content=content))


def _gateway_at(port: int) -> Peer:
    return Peer(
        name="gateway", host="127.0.0.1", port=port, called=Selectors(tsel=b"MIXER"), associations=4,
        ours=Credentials(mta_name="PARTNER-MTA", password=b"partner-secret"),
        theirs=Credentials(mta_name="TEST-GATEWAY", password=b"gateway-secret"),
    )  # fmt: skip


_references = itertools.count(1)


def _reference() -> ConnectionReference:
    number = next(_references)
    return ConnectionReference(
        user=asn1.encode(b"BENCH", asn1.TeletexString()), common=asn1.encode(f"2611231200{number:02}Z", asn1.VisibleString())
    )  # fmt: skip


# --- what receives: prints a line with the count and the time of the last arrival, again and again -----------------------


class _Counter:
    """Takes transfers and forgets them; implements `mta.reception.Intake` and its writer."""

    ready = True

    def __init__(self) -> None:
        self.count, self.last = 0, 0.0

    async def begin(self) -> _Counter:
        return self

    async def write(self, data: bytes) -> None:
        """Forgotten."""

    async def finish(self) -> None:
        """Nothing is kept."""

    async def abort(self) -> None:
        """Nothing was kept."""

    async def accept(self, content: object, source: Source, peer: Peer, *, normal_mode: bool) -> str:
        self.count, self.last = self.count + 1, time.monotonic()
        return "bench"


async def receive_by_p1(port: int) -> None:
    counter = _Counter()
    listener = Listener(ListenerSettings(host="127.0.0.1", port=port), Peers((_gateway_at(1),)), counter)
    await listener.start()
    await _tell(counter)


async def receive_by_smtp(port: int) -> None:
    sink, counter = Sink(port=port), _Counter()
    await sink.start()
    telling = asyncio.create_task(_tell(counter))
    while True:
        await sink.received.get()
        counter.count, counter.last = counter.count + 1, time.monotonic()
        assert not telling.done()


async def _tell(counter: _Counter) -> None:
    while True:
        print(counter.count, counter.last, flush=True)
        await asyncio.sleep(0.1)


# --- the run ------------------------------------------------------------------------------------------------------------

ROLES: dict[str, Callable[[int], Awaitable[None]]] = {
    each.__name__: each for each in (send_by_smtp, send_by_p1, receive_by_smtp, receive_by_p1)
}


@contextlib.asynccontextmanager
async def process(role: Callable[[int], Awaitable[None]], port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    found = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench", role.__name__, str(port), stdout=asyncio.subprocess.PIPE
    )  # fmt: skip
    try:
        yield found
    finally:
        with contextlib.suppress(ProcessLookupError):
            found.kill()
        await found.wait()


@dataclass(frozen=True)
class Measured:
    """One direction."""

    direction: str
    accepted: int
    delivered: int
    accepted_seconds: float
    delivered_seconds: float
    processor_seconds: float

    def row(self) -> tuple[str, ...]:
        return (
            self.direction, str(self.delivered), f"{self.accepted / self.accepted_seconds:.0f}",
            f"{self.delivered / self.delivered_seconds:.0f}", f"{1000 * self.processor_seconds / max(1, self.delivered):.1f}",
            "" if self.delivered == self.accepted else f"{self.accepted - self.delivered} NOT delivered in time",
        )  # fmt: skip


async def measure(
    direction: str, gateway: GatewayProcess, sender: tuple[Any, int], receiver: tuple[Any, int]
) -> Measured:
    """Hand in, then wait until everything has arrived."""
    async with process(*receiver) as receiving:
        assert receiving.stdout is not None
        await receiving.stdout.readline()
        processor, until = gateway.processor_seconds(), time.monotonic() + LONGEST_SECONDS
        async with process(*sender) as sending:
            assert sending.stdout is not None
            arriving = asyncio.create_task(_arrivals(receiving.stdout, until))
            accepted, began, ended = map(float, (await sending.stdout.readline()).split())
            count, last = await arriving
        return Measured(direction, int(accepted), count, ended - began, last - began, gateway.processor_seconds() - processor)


async def _arrivals(stdout: asyncio.StreamReader, until: float) -> tuple[int, float]:
    """Count and time of the last arrival, when all have arrived or the time is over."""
    count, last = 0, 0.0
    while time.monotonic() < until and count < MESSAGES:
        words = (await stdout.readline()).split()
        count, last = int(words[0]), float(words[1])
    return count, last


async def bench(folder: Path) -> None:
    smtp_port, p1_port, partner_port, sink_port = free_ports(4)
    gateway = GatewayProcess(Setting(folder, smtp_port, p1_port, partner_port, sink_port))
    try:
        await gateway.start()
        idle = gateway.memory()
        rows = [
            await measure("SMTP -> X.400", gateway, (send_by_smtp, smtp_port), (receive_by_p1, partner_port)),
            await measure("X.400 -> SMTP", gateway, (send_by_p1, p1_port), (receive_by_smtp, sink_port)),
        ]
        peak = gateway.peak_memory()
    finally:
        await gateway.stop()
    show(rows, idle, peak)


def show(rows: list[Measured], idle: int, peak: int) -> None:
    titles = ("direction", "messages", "accepted/s", "delivered/s", "processor ms each", "")
    for row in (titles, *(row.row() for row in rows)):
        print("{:<16}{:>10}{:>12}{:>13}{:>19}  {}".format(*row).rstrip())
    print(f"\nmemory of the gateway: {idle / 2**20:.0f} MiB idle, {peak / 2**20:.0f} MiB at the peak")
    print(f"{len(TEXT)} octets of text each, {CONNECTIONS} clients, queue on disk with synchronous = FULL")


def main() -> None:
    if len(sys.argv) == 3:
        log.configure(level="error")
        asyncio.run(ROLES[sys.argv[1]](int(sys.argv[2])))
        return
    with tempfile.TemporaryDirectory(prefix="mixer-bench-", dir=".") as folder:
        asyncio.run(bench(Path(folder).resolve()))


if __name__ == "__main__":
    main()
