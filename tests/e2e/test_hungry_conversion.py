"""A conversion that takes too much is killed, counts as an attempt, and is set aside after three; other mail goes on flowing.

One that had a fault in the gateway's own process is made again in a worker.
"""

import asyncio
import time
from pathlib import Path

import pytest

from gateway.conversions import jobs
from gateway.spool.transfer import RecipientState
from tests.e2e.harness import ANNA, JOERG, arrangement, simple_message, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]

LIMITS = "conversion = { processor_seconds = 1, from_octets = 100000 }"
PARTS = 120_000
OTHER_MAIL_SECONDS = 8.0


def hostile() -> bytes:
    """Some 10 MB of tiny parts, each of which has to be converted."""
    fields = f"From: {ANNA}\r\nTo: {JOERG}\r\nMessage-ID: <hungry@example.org>\r\nMIME-Version: 1.0\r\n"
    part = "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC\r\n"
    return (f"{fields}Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * PARTS + "--b--\r\n").encode()


async def test_it_is_set_aside_after_three_attempts_and_others_do_not_notice(tmp_path: Path) -> None:
    async with arrangement(tmp_path, relay=LIMITS) as a:
        await asyncio.to_thread(a.send_smtp, hostile())
        (hungry,) = [each for each in await a.gateway.store.track("<hungry@example.org>")]

        async def set_aside() -> bool:
            (found,) = await a.gateway.store.track("<hungry@example.org>")
            return found.recipients[0].state is RecipientState.QUARANTINED

        waiting = asyncio.create_task(until(set_aside, seconds=60))
        number = 0
        while not waiting.done():
            number, began = number + 1, time.monotonic()
            await asyncio.to_thread(a.send_smtp, simple_message(f"beside {number}", message_id=f"<beside.{number}@example.org>"))
            async with asyncio.timeout(OTHER_MAIL_SECONDS):
                await a.correspondent.received.get()
            assert time.monotonic() - began < OTHER_MAIL_SECONDS
        await waiting
        (found,) = await a.gateway.store.track("<hungry@example.org>")
        names = [event.name for event in await a.gateway.store.events(hungry.id)]
        status = a.gateway.workers.status()
    assert number > 3
    assert "processor time" in found.recipients[0].note
    assert found.recipients[0].attempts == 3
    assert status["killed"] == 3
    assert "relay.quarantined" in names or "spool.quarantined" in names


async def test_after_a_fault_the_next_attempt_is_made_in_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object) -> None:
        raise RecursionError("as a library would")

    monkeypatch.setattr(jobs, "message_to_x400", faulty)
    async with arrangement(tmp_path) as a:
        await asyncio.to_thread(a.send_smtp, simple_message("small"))
        async with asyncio.timeout(30):
            assert (await a.correspondent.received.get()).apdu.message is not None
        assert a.gateway.workers.status()["conversions"] == 1
