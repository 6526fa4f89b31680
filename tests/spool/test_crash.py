"""kill -9 in the middle: what was accepted is there, whole; what was not is not there, not even half."""

import os
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.spool.transfer import RecipientState
from tests.spool.given import DAY, NOW, open_store

ROOT = Path(__file__).resolve().parents[2]

# Each accepted transfer is printed after its accept returned. Its sender is the digest of its content.
WORK = """
import asyncio, itertools, os, random, sys
from hashlib import sha256
from tests.spool.given import NOW, open_store, outcome, recipient, transfer

folder, seed = sys.argv[1], int(sys.argv[2])
NEVER = NOW.replace(year=2030)  # reports are not due before, so they stay to be counted
numbers = itertools.count()

def say(word, name):
    os.write(1, f"{word} {name}\\n".encode())

async def sender(store, chance):
    while True:
        octets = chance.randbytes(chance.choice([100, 5000, 70_000, 600_000]))
        digest = sha256(octets).hexdigest()
        writer = await store.begin()
        for start in range(0, len(octets), 30_000):
            await writer.write(octets[start:start + 30_000])
        accepted = await store.accept(transfer(store, recipient(1), recipient(2), sender=digest), await writer.finish())
        say("accepted", accepted.id)

async def worker(store, name):
    while True:
        for claim in await store.claim(name, NOW, lease_seconds=60):
            report = transfer(store, subject_of=claim.transfer.id, arrived=NEVER, sender=sha256(b"r").hexdigest())
            await store.record(claim, {1: outcome(), 2: outcome()}, spawn=[(report, b"r")])
            say("recorded", claim.transfer.id)
        await asyncio.sleep(0)

async def main():
    store = await open_store(folder, ids=lambda: f"{seed}-{next(numbers)}")
    say("ready", "-")
    chances = [random.Random(f"{seed} {n}") for n in range(6)]
    await asyncio.gather(*(sender(store, each) for each in chances), *(worker(store, f"w{n}") for n in range(2)))

asyncio.run(main())
"""


def run_and_kill(folder, seed, lines):
    process = subprocess.Popen(
        [sys.executable, "-c", WORK, str(folder), str(seed)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    said = []
    for line in process.stdout:
        said.append(line.split())
        if len(said) == lines:
            os.kill(process.pid, signal.SIGKILL)
            break
    rest, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors
    return said + [line.split() for line in rest.splitlines(keepends=True) if line.endswith("\n")]


@pytest.mark.slow
async def test_after_a_kill_nothing_accepted_is_lost_and_nothing_half_accepted_is_seen(tmp_path):
    accepted, recorded = set(), set()
    for seed, lines in enumerate((3, 40, 90, 151)):
        for word, name in run_and_kill(tmp_path, seed, lines):
            {"accepted": accepted, "recorded": recorded, "ready": set()}[word].add(name)

    store = await open_store(tmp_path, ids=lambda: "none")
    everything = {each.id: each for state in RecipientState for each in await store.list(state=state, limit=100_000)}
    assert accepted <= set(everything)
    assert len(accepted) > 50
    for each in everything.values():
        digest = sha256()
        for piece in (await store.content_of(each.id)).chunks():
            digest.update(piece)
        assert digest.hexdigest() == each.sender, f"the content of {each.id} is not whole"

    reported = {each.subject_of for each in everything.values() if each.subject_of}
    ended = {each.id for each in everything.values() if each.recipients[0].state is RecipientState.DELIVERED}
    assert recorded <= ended
    assert ended == reported, "an outcome is there with its report, or not at all"
    for each in everything.values():
        assert len({recipient.state for recipient in each.recipients}) == 1, "recipients end in one commit"

    await store.sweep(NOW + 2 * DAY)
    counts = await store.counts()
    assert counts["unclaimed"] == 0
    assert {each.id for each in await store.list(limit=100_000)} >= accepted - ended
    await store.close()
