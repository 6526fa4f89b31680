"""RFC 5321 4.5.1: mail for the postmaster is accepted, from everybody, and reaches a person."""

import asyncio
from pathlib import Path

import pytest

from tests.e2e.harness import arrangement, simple_message

pytestmark = pytest.mark.timeout(30)


@pytest.mark.parametrize("address", ["postmaster", "Postmaster@X400.example.org"])
async def test_mail_for_the_postmaster_is_forwarded_to_the_administrator(tmp_path: Path, address: str) -> None:
    async with arrangement(tmp_path) as a:
        await asyncio.to_thread(a.send_smtp, simple_message("Help"), "someone@elsewhere.example", (address,))
        arrived = await a.sink.received.get()
    assert arrived.recipients == ("postmaster@example.org",)
    assert arrived.reverse_path == "someone@elsewhere.example"
    assert arrived.octets.startswith(b"Received: from ")
    assert b"Subject: Help" in arrived.octets
