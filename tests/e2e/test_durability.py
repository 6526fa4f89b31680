"""Law 1 and law 4 of the spool, seen from outside: what the kernel was asked, and what is there after SIGKILL.

The traced tests need strace: between the last write to the queue and the octets that say "taken" (the 250 of SMTP, the
session activity-end acknowledgement that carries RTSE's confirmation) an fsync or fdatasync of that file must have returned.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import itertools
import random
import re
import smtplib
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway import asn1
from gateway.correspondent.user import Letter
from gateway.errors import GatewayError
from gateway.mixer.stdor import from_text
from gateway.spool.store import Store
from gateway.spool.transfer import RecipientState
from gateway.x400.charsets import text_from_t61
from gateway.x400.ipm import InformationObject
from tests.e2e.harness import ANNA, ANNA_OR, JOERG, JOERG_OR, simple_message
from tests.e2e.processes import Apart, apart
from tests.shared import require_program

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

SMTP_MARK, P1_MARK = "a mark in a message", "a mark in a letter"
SMTP_TAKEN = b"250 2.0.0 taken as "
P1_TAKEN = b"\x02\x00\x2a"
"""PLEASE TOKENS (empty) and the SPDU ACTIVITY END ACK (X.225 8.3.33), concatenated as X.225 6.3.7 wants it."""

_CALLS = "write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,fdatasync,msync,sync_file_range"
_LINE = re.compile(
    r"(?P<pid>\d+) +(?:(?P<name>\w+)\((?P<arguments>.*?)(?:(?P<open> <unfinished \.\.\.>)|\) += (?P<result>-?\d+|\?).*)"
    r"|<\.\.\. (?P<resumed>\w+) resumed>.*= (?P<later>-?\d+|\?).*)$"
)
_TARGET = re.compile(r"\d+<(?P<path>[^>]*)>")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass
class Call:
    """One system call: the lines of the trace where it began and where it returned."""

    name: str
    path: str
    octets: bytes
    began: int
    returned: int | None = None


def calls_of(trace: str) -> list[Call]:
    """The calls of a trace in the order they began; those that failed or never returned have no ``returned``."""
    found: list[Call] = []
    pending: dict[str, Call] = {}
    for number, line in enumerate(trace.splitlines()):
        match = _LINE.match(line)
        if match is None:
            continue
        if match["resumed"]:
            call, result = pending.pop(match["pid"]), match["later"]
        else:
            target = _TARGET.match(match["arguments"])
            octets = b"".join(_plain(text) for text in _STRING.findall(match["arguments"]))
            call = Call(match["name"], _plain(target["path"]).decode() if target else "", octets, number)
            found.append(call)
            if match["open"]:
                pending[match["pid"]] = call
                continue
            result = match["result"]
        call.returned = None if result.startswith(("?", "-")) else number
    return found


def _plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def sync_before(calls: list[Call], queue: Path, mark: bytes, reply: bytes) -> Call | None:
    """The sync of the queue that returned between the last write of the commit that holds the mark and the reply; None when there is none.

    The queue has one writer: what it writes from the mark to the next sync is that commit, and what other work writes comes after it.

    Raises:
        AssertionError: The trace does not show the message being written and the reply being sent at all.
    """
    files = {str(queue), f"{queue}-wal"}
    written = [call for call in calls if "write" in call.name and call.path in files]
    marked = next(call for call in written if mark in call.octets)
    sent = [call for call in calls if call.began > marked.began and call.path.startswith("socket:")]
    answer = next(call for call in sent if reply in call.octets)
    for call in calls:
        if call.name not in ("fsync", "fdatasync") or call.path != marked.path or call.returned is None or call.began < marked.began:
            continue
        commit = [one for one in written if one.path == marked.path and marked.began <= one.began < call.began]
        if all(one.returned is not None and one.returned < call.began for one in commit) and call.returned < answer.began:
            return call
    return None


def traced(folder: Path) -> tuple[str, ...]:
    """The command that traces the gateway."""
    return (require_program("strace"), "-f", "-y", "-xx", "-s", "16384", "-e", f"trace={_CALLS}", "-o", str(folder / "trace"))


def send(port: int, subject: str, text: str) -> None:
    """Hand in one message by SMTP; returns when the gateway has said 250."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.send_message(simple_message(subject, text, message_id=f"<{subject}@example.org>"), ANNA, [JOERG])


@contextlib.asynccontextmanager
async def silent_peer() -> AsyncIterator[int]:
    """Something that takes TCP connections and never says a word; its port."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.mark.peer
@pytest.mark.parametrize("synchronous", ["FULL", "OFF"])
async def test_the_queue_is_synced_before_taken_is_said(tmp_path: Path, synchronous: str) -> None:
    """With ``OFF`` the same check must find nothing: that shows that it can.

    The relay's only worker waits for a silent peer, so that nothing but the accepts writes to the queue.
    """
    async with silent_peer() as port, apart(
        tmp_path, wrapper=traced(tmp_path), partner_port=port, relay="workers = 1", spool=f'synchronous = "{synchronous}"'
    ) as a:  # fmt: skip
        await asyncio.to_thread(send, a.setting.smtp_port, "first", "keeps the worker busy\n")
        await asyncio.sleep(1)
        await asyncio.to_thread(send, a.setting.smtp_port, "traced", SMTP_MARK + "\n")
        await a.correspondent.send(Letter(originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject="x", text=P1_MARK))
        await a.gateway.kill()
    calls = calls_of((tmp_path / "trace").read_text(errors="replace"))
    for mark, reply in ((SMTP_MARK, SMTP_TAKEN), (P1_MARK, P1_TAKEN)):
        found = sync_before(calls, tmp_path / "queue.sqlite", mark.encode(), reply)
        assert (found is not None) == (synchronous == "FULL"), reply


# --- SIGKILL ------------------------------------------------------------------------------------------------------------

KILLS = 8
LEASE_SECONDS = 3
SETTLE_SECONDS = 45
WORKERS = 8
AT_THE_KILL = 1.0
"""What left the gateway before it died may reach the other end this many seconds later."""


@dataclass(frozen=True)
class Copy:
    """One copy of a message that reached the other side; ``identifier`` is what tells a second copy from another message."""

    at: float
    identifier: str


class Ends:
    """Both ends of the traffic: what was acknowledged, and every copy that arrived, by the name of the message."""

    def __init__(self, a: Apart) -> None:
        self._a = a
        self._stopped = asyncio.Event()
        self.acknowledged: set[str] = set()
        self.unacknowledged: set[str] = set()
        self.copies: dict[str, list[Copy]] = defaultdict(list)

    async def smtp_client(self, client: int) -> None:
        """Hand in messages one after the other; a failed one is not repeated."""
        for number in itertools.count():
            if self._stopped.is_set():
                return
            name = f"to-x400-{client}-{number}"
            try:
                await asyncio.to_thread(send, self._a.setting.smtp_port, name, "Hello\n")
            except (OSError, smtplib.SMTPException):
                self.unacknowledged.add(name)
                await asyncio.sleep(0.1)
            else:
                self.acknowledged.add(name)
            await asyncio.sleep(0.02)

    async def p1_user(self, user: int) -> None:
        """The same on the other side."""
        for number in itertools.count():
            if self._stopped.is_set():
                return
            name = f"to-internet-{user}-{number}"
            letter = Letter(originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject=name, text="Hallo\n")
            try:
                await self._a.correspondent.send(letter)
            except GatewayError:
                self.unacknowledged.add(name)
                await asyncio.sleep(0.1)
            else:
                self.acknowledged.add(name)
            await asyncio.sleep(0.02)

    async def watch_x400(self) -> None:
        while True:
            message = (await self._a.correspondent.received.get()).apdu.message
            assert message is not None
            ipm = asn1.decode(message.content, InformationObject).ipm
            assert ipm is not None
            copy = Copy(time.monotonic(), message.envelope.message_identifier.local_identifier)
            self.copies[text_from_t61(ipm.heading.subject or b"")].append(copy)

    async def watch_internet(self) -> None:
        while True:
            message = email.message_from_bytes((await self._a.sink.received.get()).octets)
            self.copies[message["Subject"]].append(Copy(time.monotonic(), message["Message-ID"]))

    def stop(self) -> None:
        self._stopped.set()

    @property
    def missing(self) -> set[str]:
        return self.acknowledged - self.copies.keys()


async def test_nothing_acknowledged_is_lost_by_sigkill(tmp_path: Path) -> None:
    """Law 4: after SIGKILL at any instant everything acknowledged arrives; second copies only of what was under way then."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance, kills = random.Random(seed), []
    async with apart(tmp_path, retry_seconds=0, relay=f"lease_seconds = {LEASE_SECONDS}\nworkers = {WORKERS}") as a:
        ends = Ends(a)
        traffic = [asyncio.create_task(work) for work in (*map(ends.smtp_client, range(3)), *map(ends.p1_user, range(2)))]
        watching = [asyncio.create_task(ends.watch_x400()), asyncio.create_task(ends.watch_internet())]
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.2, 1.5))
            kills.append(time.monotonic())
            await a.gateway.kill()
            await a.gateway.start()
        ends.stop()
        await asyncio.gather(*traffic)
        until = time.monotonic() + SETTLE_SECONDS
        while ends.missing and time.monotonic() < until:
            await release_what_was_set_aside(tmp_path)
            await asyncio.sleep(0.2)
        for task in watching:
            task.cancel()
        ended = await asyncio.gather(*watching, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended
    print(f"{len(ends.acknowledged)} acknowledged, {len(ends.unacknowledged)} not, {sum(map(len, ends.copies.values()))} copies")
    assert len(ends.acknowledged) > 8 * KILLS
    assert not ends.missing
    second_copies = [(name, found) for name, found in ends.copies.items() if len(found) > 1]
    assert sum(len(found) - 1 for _, found in second_copies) <= KILLS * WORKERS
    for name, found in second_copies:
        assert len({copy.identifier for copy in found}) == 1, f"{name}: the plan was not kept"
        for earlier, later in itertools.pairwise(found):
            assert any(earlier.at - AT_THE_KILL < kill < later.at for kill in kills), f"{name} came twice without a kill between"


async def release_what_was_set_aside(folder: Path) -> None:
    """A transfer that was under way at three kills is quarantined: visible with its reason, and let go by an operator."""
    store = await Store.open(f"sqlite:///{folder / 'queue.sqlite'}", ids=lambda: "operator")
    try:
        for transfer in await store.list(state=RecipientState.QUARANTINED):
            assert "attempts" in transfer.recipients[0].note, transfer
            await store.release(transfer.id, datetime.now(UTC))
    finally:
        await store.close()
