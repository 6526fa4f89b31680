"""Conversions in processes that can be killed: the same octets as here, nothing that takes too much goes on, and others do not notice."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.conversions.jobs import Job, MessageForInternet, MessageForX400
from gateway.conversions.scratch import FileOctets, ScratchError, scratch_file, write
from gateway.conversions.workers import Limits, WorkerError, Workers
from gateway.errors import ConversionError
from gateway.internet.addresses import Mailbox
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.mixer import mcgam
from gateway.mixer.policy import Context, GlobalDomain, Settings
from gateway.mixer.questions import Answers, Knowledge, Source, Unresolved, attempt
from gateway.octets import ConcatOctets, MemoryOctets
from gateway.x400.oraddress import ORAddress
from tests.hungry import Copies, Dies, Falters, Grows, Sleeps, Spins

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MAIL = (
    b"From: Anna <anna@example.org>\r\nTo: Jane.Doe@widget.example\r\nDate: Mon, 23 Nov 2026 10:59:00 +0100\r\n"
    b"Message-ID: <1@example.org>\r\nReceived: from x by relay.widget.example; Mon, 23 Nov 2026 10:59:30 +0100\r\n"
    b"Subject: Hello\r\n\r\nHello Jane\r\n"
)
ENVELOPE = SmtpEnvelope(reverse_path="anna@example.org", recipients=(SmtpRecipient(address="Jane.Doe@widget.example"),))
TO_X400 = MessageForX400(envelope=ENVELOPE, numbers=(1,), meant={}, dialects=frozenset())
LIMITS = Limits(processor_seconds=1, seconds=20, memory_octets=300 << 20)


@pytest.fixture
def context() -> Context:
    tables = mcgam.load(
        {
            "domain-to-oraddress": [("map2", "widget.example#PRMD$WIDGET.ADMD$TESTMAIL.C$XX#\n")],
            "oraddress-to-domain": [("map1", "PRMD$WIDGET.ADMD$TESTMAIL.C$XX#widget.example#\n")],
        }
    )
    settings = Settings(
        gateway_domain="gw.example", gateway_oraddress=ORAddress(country="XX", admd="TESTMAIL", prmd="GATEWAY"),
        global_domain=GlobalDomain(country="XX", admd="TESTMAIL", prmd="GATEWAY"), mta_name="gw.example", tables=tables,
    )  # fmt: skip
    return Context(settings=settings, now=NOW, plan_seed="5eed", queue_id="Q1")


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    found = Workers(LIMITS, tmp_path)
    yield found
    found.stop()


def limited(workers: Workers, **limits: object) -> Workers:
    workers.limits = replace(workers.limits, **limits)  # type: ignore[arg-type]
    return workers


def test_the_same_octets_as_in_this_process(workers: Workers, context: Context) -> None:
    """Both ways; the addresses of envelope, header and trace are mapped by the tables here."""
    there = workers.run(TO_X400, MemoryOctets(MAIL), context)
    here = TO_X400.run(MemoryOctets(MAIL), context)
    assert there == here
    back = MessageForInternet(places=(1,), mailboxes=(Mailbox.from_text("jane.doe@widget.example"),))
    elsewhere = replace(context, settings=replace(context.settings, mta_name="other"), plan_seed="f00d")
    assert workers.run(back, there.octets, elsewhere) == back.run(here.octets, elsewhere)
    assert b"jane.doe@widget.example" in workers.run(back, there.octets, elsewhere).octets.to_bytes().lower()
    assert workers.counts == {"started": 1, "conversions": 3}, "one process does one after the other"


def test_questions_to_look_ups_arise_here(workers: Workers, context: Context) -> None:
    """What the tables lack is noted in the knowledge of this process, which runs the job again with the answers."""
    knowledge = Knowledge(tables=context.settings.tables, answers=Answers(), rules_from=(Source.TABLES, Source.PX))

    def work(known: Knowledge) -> object:
        return workers.run(TO_X400, MemoryOctets(MAIL), replace(context, settings=replace(context.settings, knowledge=known)))

    found = attempt(work, knowledge)
    assert isinstance(found, Unresolved)
    assert "example.org" in str(found.questions)


def test_a_refusal_is_one(workers: Workers, context: Context) -> None:
    with pytest.raises(ConversionError) as refused:
        workers.run(replace(TO_X400, numbers=(2,)), MemoryOctets(MAIL), context)
    assert refused.value.failure.status == "5.5.4"
    assert not workers.counts["failed"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("job", "limits", "reason", "count"),
    [
        (Spins(), {}, "more than 1 seconds of processor time", "killed"),
        (Grows(), {"processor_seconds": 20}, "more memory than the 314572800 octets", "killed"),
        (Sleeps(), {"seconds": 1.0}, "longer than 1 seconds", "killed"),
        (Dies(), {}, "ended with 7", "killed"),
        (Falters(), {}, r"ZeroDivisionError: .*hungry\.py:\d+", "failed"),
    ],
)
async def test_what_takes_too_much_ends_and_others_do_not_notice(
    workers: Workers, context: Context, job: Job, limits: dict[str, object], reason: str, count: str
) -> None:
    limited(workers, **limits)
    began = time.monotonic()
    hungry = asyncio.create_task(workers.seated(lambda: workers.run(job, MemoryOctets(b"x"), context)))
    beside = await workers.seated(lambda: workers.run(Copies(), MemoryOctets(b"beside"), context))
    assert beside.octets.to_bytes() == b"beside"
    with pytest.raises(WorkerError, match=reason):
        await hungry
    assert time.monotonic() - began < 15
    assert workers.counts[count] == 1
    after = await workers.seated(lambda: workers.run(Copies(), MemoryOctets(b"after"), context))
    assert after.octets.to_bytes() == b"after"


@pytest.mark.slow
async def test_pathological_mime_is_killed_at_its_limit(workers: Workers, context: Context) -> None:
    """Some 30 MB of lines that nearly are boundaries, in a worker that may take a second."""
    fields = MAIL.partition(b"\r\n\r\n")[0] + b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    part = b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC\r\n"
    mail = ConcatOctets((fields, MemoryOctets(part * 300_000), b"--b--\r\n"))
    with pytest.raises(WorkerError, match="killed"):
        await workers.seated(lambda: workers.run(TO_X400, mail, context))


@pytest.mark.slow
async def test_stopping_kills_what_is_under_way(workers: Workers, context: Context) -> None:
    limited(workers, processor_seconds=60)
    hungry = asyncio.create_task(workers.seated(lambda: workers.run(Spins(), MemoryOctets(b"x"), context)))
    async with asyncio.timeout(10):
        while not workers.status()["busy"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    workers.stop()
    with pytest.raises(WorkerError):
        await hungry
    with pytest.raises(WorkerError, match="being stopped"):
        workers.run(Copies(), MemoryOctets(b""), context)


@pytest.mark.slow
async def test_an_idle_process_ends_and_gives_its_memory_back(workers: Workers, context: Context) -> None:
    limited(workers, idle_seconds=0.1)
    await workers.seated(lambda: workers.run(Copies(), MemoryOctets(b"x"), context))
    assert workers.status()["processes"] == 1
    async with asyncio.timeout(5):
        while workers.status()["processes"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def test_who_is_converted_apart(workers: Workers) -> None:
    """Large ones, those whose conversion had a fault, and those whose last attempt never ended."""
    assert workers.takes("1", LIMITS.from_octets) and not workers.takes("1", LIMITS.from_octets - 1)
    assert workers.takes("1", 100, unended=1)
    workers.suspect("1")
    assert workers.takes("1", 100) and not workers.takes("2", 100)


def test_an_empty_message(workers: Workers, context: Context) -> None:
    assert len(workers.run(Copies(), MemoryOctets(), context).octets) == 0


def test_scratch_files_have_no_name_and_last_as_long_as_their_octets(tmp_path: Path) -> None:
    file = scratch_file(tmp_path)
    write(file, ConcatOctets((b"ab", b"cdef")))
    found = FileOctets(file)
    assert list(tmp_path.iterdir()) == []
    assert (len(found), found.read(1, 3), found.read(4, 99), found.read(9, 12)) == (6, b"bc", b"ef", b"")
    assert found.slice(2).to_bytes() == b"cdef"
    descriptor = file.fileno()
    del file, found
    with pytest.raises(OSError):
        os.fstat(descriptor)
    with pytest.raises(ScratchError):
        scratch_file(tmp_path / "none")


def test_a_worker_knows_neither_queue_nor_network() -> None:
    """It starts fast, and nothing in a message can reach what it does not have."""
    code = "import sys; import gateway.conversions.worker; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"sqlalchemy", "aiosmtpd", "pydantic", "gateway.spool", "gateway.journeys", "gateway.mta", "asyncio"} & set(found)
