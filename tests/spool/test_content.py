"""Content of any size: what goes in comes out, nothing is visible half, what nobody claims is swept."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import NoSpaceError, SpoolError
from gateway.octets import ConcatOctets, MemoryOctets
from gateway.spool.content import CHUNK_OCTETS, SMALL_OCTETS
from tests.spool.given import DAY, NOW, claim_one, open_store, transfer

ROOT = Path(__file__).resolve().parents[2]
SIZES = [0, 1, SMALL_OCTETS, SMALL_OCTETS + 1, CHUNK_OCTETS - 1, CHUNK_OCTETS, CHUNK_OCTETS + 1, 3 * CHUNK_OCTETS, 700_001]


def noise(size):
    return random.Random(size).randbytes(size)


async def write(store, octets, piece=50_000):
    writer = await store.begin()
    for start in range(0, len(octets), piece):
        await writer.write(memoryview(octets)[start : start + piece])
    return await writer.finish()


@pytest.mark.parametrize("size", SIZES)
async def test_streamed_content_comes_out_as_it_went_in(store, size):
    octets = noise(size)
    stored = await write(store, octets)
    assert stored.length == size
    assert store.content(stored) == MemoryOctets(octets)
    accepted = await store.accept(transfer(store), stored)
    assert (await claim_one(store)).content == MemoryOctets(octets)
    assert await store.content_of(accepted.id) == MemoryOctets(octets)
    assert store.content(stored.id) == MemoryOctets(octets)


@pytest.mark.parametrize("size", SIZES)
async def test_content_given_whole_comes_out_as_it_went_in(store, size):
    accepted = await store.accept(transfer(store), noise(size))
    assert await store.content_of(accepted.id) == MemoryOctets(noise(size))


async def test_any_part_can_be_read(store):
    octets = noise(3 * CHUNK_OCTETS + 17)
    content = store.content(await write(store, octets))
    places = random.Random(1)
    for _ in range(100):
        start, end = (places.randrange(len(octets) + 100) for _ in "ab")
        assert content.read(start, end) == octets[start:end]
        assert content.slice(start, end).read(0, 1000) == octets[start:end][:1000]


async def test_small_content_needs_no_commit_of_its_own(store):
    before = store.commits
    await store.accept(transfer(store), await write(store, noise(SMALL_OCTETS)))
    assert store.commits - before == 1


async def test_a_lazy_value_can_be_kept(store):
    lazy = ConcatOctets([b"head", MemoryOctets(noise(500_000)), b"tail"])
    assert store.content(await store.keep(lazy)) == lazy


async def test_content_that_is_not_accepted_is_no_transfer_and_is_swept_by_age(store):
    await write(store, noise(300_000))
    writer = await store.begin()
    await writer.write(noise(300_000))
    assert await store.list() == ()
    assert (await store.counts())["unclaimed"] == 2
    assert await store.sweep(NOW + DAY) == 0
    assert await store.sweep(NOW + 2 * DAY) == 2
    with pytest.raises(SpoolError, match="swept"):
        await writer.write(noise(300_000))


async def test_accepting_swept_content_is_refused_and_leaves_nothing(store):
    stored = await write(store, noise(300_000))
    await store.sweep(NOW + 2 * DAY)
    with pytest.raises(SpoolError, match="cannot be accepted"):
        await store.accept(transfer(store), stored)
    assert await store.list() == ()


async def test_accepted_content_is_not_swept(store):
    accepted = await store.accept(transfer(store), await write(store, noise(300_000)))
    await store.sweep(NOW + 2 * DAY)
    assert await store.content_of(accepted.id) == MemoryOctets(noise(300_000))


async def test_content_is_accepted_once(store):
    stored = await write(store, noise(300_000))
    await store.accept(transfer(store), stored)
    with pytest.raises(SpoolError, match="accepted before"):
        await store.accept(transfer(store), stored)
    assert len(await store.list()) == 1


async def test_an_aborted_writer_leaves_nothing(store):
    writer = await store.begin()
    await writer.write(noise(300_000))
    await writer.abort()
    await writer.abort()
    assert (await store.counts())["unclaimed"] == 0
    with pytest.raises(SpoolError, match="finished or aborted"):
        await writer.write(b"x")


async def test_abort_after_accept_takes_nothing_away(store):
    writer = await store.begin()
    await writer.write(noise(300_000))
    accepted = await store.accept(transfer(store), await writer.finish())
    await writer.abort()
    assert await store.content_of(accepted.id) == MemoryOctets(noise(300_000))


async def test_reading_content_that_is_gone_is_a_spool_error(store):
    accepted = await store.accept(transfer(store), b"x" * 1000)
    content = await store.content_of(accepted.id)
    await store.delete(accepted.id, "spam", NOW)
    with pytest.raises(SpoolError, match="no longer"):
        content.to_bytes()
    with pytest.raises(SpoolError, match="not in the queue"):
        store.content("nowhere")


async def test_a_full_disk_stops_content_in_the_middle(tmp_path):
    free = [1 << 40]
    store = await open_store(tmp_path, low_water_octets=1000, free_space=lambda folder: free[0])
    writer = await store.begin()
    await writer.write(noise(300_000))
    free[0] = 999
    with pytest.raises(NoSpaceError):
        await writer.write(noise(300_000))
    await writer.abort()
    assert (await store.counts())["unclaimed"] == 0
    await store.close()


BIG = """
import asyncio, resource, sys
from hashlib import sha256
from tests.spool.given import NOW, claim_one, open_store, transfer

MEGABYTE = bytes(range(256)) * 4096
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

async def main():
    store = await open_store(sys.argv[1])
    await store.accept(transfer(store, arrived=NOW), b"first, so that everything is loaded")
    claim = await claim_one(store)
    await store.release_claim(claim)
    await store.delete(claim.transfer.id, "", NOW)
    before, written, read = peak(), sha256(), sha256()
    writer = await store.begin()
    for _ in range(100):
        await writer.write(MEGABYTE)
        written.update(MEGABYTE)
    await store.accept(transfer(store), await writer.finish())
    content = (await claim_one(store)).content
    assert len(content) == 100 << 20
    for piece in content.chunks():
        read.update(piece)
    assert read.digest() == written.digest()
    print((peak() - before) // 1024)
    await store.close()

asyncio.run(main())
"""


@pytest.mark.slow
def test_a_hundred_megabytes_stream_through_a_little_memory(tmp_path):
    command = [sys.executable, "-c", BIG, str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 32, "megabytes of memory for 100 of content"
