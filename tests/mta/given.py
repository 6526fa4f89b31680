"""What the tests of the X.400 side start from: two MTAs on loopback, an intake in memory, peers that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from gateway.mta.association import Association
from gateway.mta.binding import argument_of_bind, result_of_bind
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.peers import Credentials, Peer, Peers
from gateway.mta.sender import Sender
from gateway.octets import MemoryOctets
from gateway.osi import service as s
from gateway.osi.rtse.external import unwrap
from gateway.osi.stack import Stack
from gateway.spool.transfer import Result, Source

HERE = Credentials(mta_name="MTA-HERE", password=b"our secret")
THERE = Credentials(mta_name="MTA-THERE", password=b"their secret")
PATIENT = s.StackTimers(connect=10, open_answer=10, bind_input=10, progress=10, confirm=10, release=0.3)
"""For tests that are not about time: a machine under load is slow, not dead."""
BRISK = s.StackTimers(connect=5, open_answer=5, bind_input=0.8, progress=0.8, confirm=5, release=0.1)
"""For silence on one connection while another one works."""
QUICK = s.StackTimers(connect=0.3, open_answer=0.3, bind_input=0.3, progress=0.3, confirm=0.3, release=0.08)


def apdu(size: int) -> MemoryOctets:
    """Something that RTSE takes for an APDU: one BER value (X.228 needs it in an EXTERNAL), here an OCTET STRING of ``size`` octets."""
    return MemoryOctets(b"\x04\x84" + size.to_bytes(4, "big") + (bytes(range(256)) * (size // 256 + 1))[:size])


APDU = apdu(2500)
_references = itertools.count(1)


def reference() -> s.ConnectionReference:
    additional = b"\x14\x02%02d" % (next(_references) % 100)
    return s.ConnectionReference(user=b"\x14\x04test", common=b"\x17\x0d261123144607Z", additional=additional)


def caller(**changes: Any) -> Peer:
    """How the called MTA knows its caller."""
    return Peer(**({"name": "caller", "ours": THERE, "theirs": HERE} | changes))


def called(port: int, **changes: Any) -> Peer:
    """How the calling MTA knows whom it calls."""
    known = {"name": "called", "host": "127.0.0.1", "port": port, "ours": HERE, "theirs": THERE, "connect_timeout_seconds": 1.0}
    return Peer(**(known | changes))


class MemoryIntake:
    """Takes transfers into memory.

    Attributes:
        taken: The APDUs, without their EXTERNAL.
        sources: Where they came from.
        aborted: How many unfinished ones were dropped.
        has_room: Whether new binds are welcome.
        begin_fault, accept_fault: Raised instead.
        gate: Cleared, `accept` waits for it.
    """

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.sources: list[Source] = []
        self.modes: list[bool] = []
        self.begun = 0
        self.aborted = 0
        self.has_room = True
        self.begin_fault: Exception | None = None
        self.accept_fault: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    @property
    def ready(self) -> bool:
        return self.has_room

    async def begin(self) -> MemoryWriter:
        if self.begin_fault is not None:
            raise self.begin_fault
        self.begun += 1
        return MemoryWriter(self)

    async def accept(self, content: bytes, source: Source, peer: Peer, *, normal_mode: bool) -> str:
        await self.gate.wait()
        if self.accept_fault is not None:
            raise self.accept_fault
        self.modes.append(normal_mode)
        self.taken.append(unwrap(MemoryOctets(content)).to_bytes(1 << 27) if normal_mode else content)
        self.sources.append(source)
        return f"Q{len(self.taken)}"


class MemoryWriter:
    def __init__(self, intake: MemoryIntake) -> None:
        self._intake = intake
        self._data = bytearray()
        self._open = True

    async def write(self, data: bytes) -> None:
        self._data += data

    async def finish(self) -> bytes:
        self._open = False
        return bytes(self._data)

    async def abort(self) -> None:
        self._intake.aborted += self._open
        self._open = False


class There:
    """The called MTA: a listener and what it took."""

    def __init__(self, listener: Listener, intake: MemoryIntake) -> None:
        self.listener = listener
        self.intake = intake

    @property
    def port(self) -> int:
        return self.listener.port

    @property
    def taken(self) -> list[bytes]:
        return self.intake.taken


@contextlib.asynccontextmanager
async def listening(*peers: Peer, **settings: Any) -> AsyncIterator[There]:
    """A listener on a free port of loopback."""
    intake = MemoryIntake()
    known = {"port": 0, "timers": PATIENT, "wrong_bind_delay_seconds": 0.0}
    listener = Listener(ListenerSettings(**(known | settings)), Peers(peers or (caller(),)), intake)
    await listener.start()
    try:
        yield There(listener, intake)
    finally:
        await listener.stop()


@contextlib.asynccontextmanager
async def sending(*peers: Peer, intake: MemoryIntake | None = None, timers: s.StackTimers = PATIENT) -> AsyncIterator[Sender]:
    sender = Sender(Peers(peers), intake or MemoryIntake(), reference=reference, timers=timers)
    try:
        yield sender
    finally:
        await sender.stop()


async def transferred(sender: Sender, apdu: MemoryOctets = APDU, peer: str = "called") -> str:
    """Transfer, and what came of it: ``relayed``, or the reason why not."""
    outcome = await asyncio.wait_for(sender.transfer(peer, apdu), 10)
    return "relayed" if outcome.result is Result.RELAYED else outcome.reply


def opening(**changes: Any) -> s.RTOpenRequest:
    """A correct RT-OPEN request of the caller, with our changes."""
    known = {"user_data": argument_of_bind(called(0), s.Mode.NORMAL), "reference": reference()}
    return s.RTOpenRequest(**(known | changes))


async def associate(port: int, timers: s.StackTimers = QUICK, **changes: Any) -> Association:
    """TCP and a stack that opens an association; its events are still to be pulled."""
    stack = Stack.initiator(opening(**changes), timers=timers)
    _, association = await asyncio.get_running_loop().create_connection(lambda: Association(stack), "127.0.0.1", port)
    return association


async def pull(association: Association, kind: type, seconds: float = 5.0) -> Any:
    """The next event of a type; what comes before it is passed over."""
    async with asyncio.timeout(seconds):
        while not isinstance(event := await association.event(), kind):
            assert event is not None, f"the connection ended before {kind.__name__}"
    return event


async def rest(association: Association, seconds: float = 5.0) -> list[object]:
    """All events until TCP is closed."""
    events = []
    async with asyncio.timeout(seconds):
        while (event := await association.event()) is not None:
            events.append(event)
    return events


@contextlib.asynccontextmanager
async def answering(behaviour: Callable[[Association], Awaitable[None]], peer: Peer | None = None) -> AsyncIterator[int]:
    """An MTA that answers the bind of `called` as it should and then does what ``behaviour`` says; gives its port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(association: Association) -> None:
        await pull(association, s.TConnectIndication)
        association.response(s.TConnectResponse())
        event = await pull(association, s.RTOpenIndication)
        result = result_of_bind(peer or caller(), event.mode)
        association.response(s.RTOpenResponse(user_data=result, checkpoint_size=event.checkpoint_size))
        await association.flush()
        await behaviour(association)

    def opened(association: Association) -> None:
        tasks.add(asyncio.get_running_loop().create_task(serve(association)))

    server = await asyncio.get_running_loop().create_server(lambda: Association(Stack.responder(), opened=opened), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [fault for fault in results if isinstance(fault, Exception)], results


@contextlib.asynccontextmanager
async def tcp_server(handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[int]:
    """Any TCP server; gives its port."""
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def eventually(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait for what another task is about to do."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for knows nothing of the test
            await asyncio.sleep(0.005)
