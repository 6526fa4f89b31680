"""A line that is cut at every single octet of a transfer, in either direction: nothing lost, nothing twice, both sides agree."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.mta.intake import X400Intake
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.peers import Peers
from gateway.mta.shelf import StoredShelf
from gateway.spool.store import Store
from gateway.spool.transfer import RecipientState
from tests.mta.given import BRISK, called, caller, sending, transferred
from tests.mta.letters import message_apdu
from tests.spool.given import open_store

_AT_ONCE = 4


class CutLine:
    """A line to a port whose first connection is cut after exactly so many octets of one direction.

    Attributes:
        length: Octets of that direction that got through on the first connection.
    """

    def __init__(self, port: int, at: int | None, *, outward: bool) -> None:
        self._port = port
        self._left = at
        self._outward = outward
        self._first = True
        self.length = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, self._first = self._first, False
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        ways = [
            asyncio.create_task(self._pass(reader, far_writer, cut=first and self._outward)),
            asyncio.create_task(self._pass(far_reader, writer, cut=first and not self._outward)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for each in (writer, far_writer):
            each.close()  # what is on its way arrives; the cut is exactly where it should be

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, cut: bool) -> None:
        while (not cut or self._left != 0) and (data := await reader.read(4096)):
            if cut:
                data = data if self._left is None else data[: self._left]
                self._left = None if self._left is None else self._left - len(data)
                self.length += len(data)
            writer.write(data)
            await writer.drain()


async def until_relayed(line: CutLine, identifier: str) -> int:
    """Transfer as the relay does, again until the peer has it; how many tries that took."""
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with sending(called(port, retry_seconds=0.0, associations=1), timers=BRISK) as sender:
            for attempt in range(1, 4):
                if await transferred(sender, message_apdu(identifier)) == "relayed":
                    return attempt
    finally:
        server.close()
    raise AssertionError(f"{identifier} never got through")


async def served(store: Store, identifier: str) -> int:
    """How many recipients will be served: neither duplicates nor what is set aside."""
    found = await store.track(f"[/PRMD=PARTNER/ADMD=DEMO/C=XX/;{identifier}]")
    return sum(each.state is RecipientState.QUEUED for transfer in found for each in transfer.recipients)


@pytest.mark.slow
@pytest.mark.parametrize("outward", [True, False], ids=["ours", "theirs"])
async def test_a_cut_at_every_octet_loses_nothing_and_doubles_nothing(tmp_path: Path, outward: bool) -> None:
    store = await open_store(tmp_path)
    settings = ListenerSettings(port=0, timers=BRISK, wrong_bind_delay_seconds=0)
    listener = Listener(settings, Peers((caller(incoming=100),)), X400Intake(store), shelf=StoredShelf(store.parts))
    await listener.start()
    whole = CutLine(listener.port, None, outward=outward)
    assert await until_relayed(whole, "whole") == 1
    gate, attempts = asyncio.Semaphore(_AT_ONCE), []

    async def cut(at: int) -> None:
        async with gate:
            attempts.append(await until_relayed(CutLine(listener.port, at, outward=outward), f"at-{at}"))
            assert await served(store, f"at-{at}") == 1, at

    await asyncio.gather(*(cut(at) for at in range(whole.length)))
    assert len(attempts) == whole.length
    assert max(attempts) == 2
    await listener.stop()
    await store.close()
