"""Puts P1 traffic on loopback into a pcap file: captured by dumpcap where that is permitted, else by a proxy that records.

The recording proxy stands between the two MTAs, keeps every octet with its direction and order, and writes them as the
TCP segments that they might have been. A decoder does not see the difference, except that the checksums are zero.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import struct
from collections.abc import AsyncIterator
from pathlib import Path

from tests.shared import require_program

_RAW_IP = 101  # LINKTYPE_RAW
_SEGMENT = 16_000
_SYN, _ACK, _FIN, _PSH = 0x02, 0x10, 0x01, 0x08
_FLUSH_SECONDS = 1.2  # dumpcap hands packets over once a second


@contextlib.asynccontextmanager
async def captured(target: int, file: Path, *, live: bool) -> AsyncIterator[int]:
    """Record what goes to and from ``target``, a port of loopback, into ``file``; gives the port to call instead."""
    async with (_dumpcap(target, file) if live else _proxy(target, file)) as port:
        yield port


async def may_capture() -> bool:
    """Whether this user may capture on loopback."""
    process = await asyncio.create_subprocess_exec(
        require_program("dumpcap"), "-i", "lo", "-c", "1", "-a", "duration:1", "-w", "/dev/null",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    return await process.wait() == 0


@contextlib.asynccontextmanager
async def _dumpcap(target: int, file: Path) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        require_program("dumpcap"), "-q", "-i", "lo", "-f", f"tcp port {target}", "-w", str(file),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    while b"File:" not in (line := await process.stderr.readline()):
        assert line, "dumpcap does not capture"
    try:
        yield target
        await asyncio.sleep(_FLUSH_SECONDS)
    finally:
        process.send_signal(signal.SIGINT)
        await process.communicate()


@contextlib.asynccontextmanager
async def _proxy(target: int, file: Path) -> AsyncIterator[int]:
    connections: list[Recording] = []
    tasks: set[asyncio.Task[None]] = set()

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recording = Recording(target, writer.get_extra_info("peername")[1])
        connections.append(recording)
        ahead, behind = await asyncio.open_connection("127.0.0.1", target)
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await asyncio.gather(_pump(reader, behind, recording, True), _pump(ahead, writer, recording, False))
        tasks.discard(task)

    server = await asyncio.start_server(through, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
        if tasks:
            await asyncio.wait(tasks, timeout=5)
    finally:
        server.close()
        for task in tasks:
            task.cancel()
    write_pcap(file, connections)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, recording: Recording, forward: bool) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            recording.add(forward, data)
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(ConnectionError):
        writer.close()


class Recording:
    """The octets of one TCP connection in the order in which the proxy saw them."""

    def __init__(self, target: int, caller: int) -> None:
        self._ports = (caller, target)
        self._pieces: list[tuple[bool, bytes]] = []

    def add(self, forward: bool, data: bytes) -> None:
        """More octets, ``forward`` from the one who called."""
        self._pieces.append((forward, data))

    def packets(self) -> list[bytes]:
        """The IP packets of the connection, from SYN to FIN."""
        self._sequence = {True: 1000, False: 2000}
        found = [self._packet(True, b"", _SYN), self._packet(False, b"", _SYN | _ACK), self._packet(True, b"", _ACK)]
        for forward, data in self._pieces:
            found += [self._packet(forward, data[at : at + _SEGMENT], _ACK | _PSH) for at in range(0, len(data), _SEGMENT)]
        return [*found, self._packet(True, b"", _FIN | _ACK), self._packet(False, b"", _FIN | _ACK), self._packet(True, b"", _ACK)]

    def _packet(self, forward: bool, data: bytes, flags: int) -> bytes:
        source, destination = self._ports if forward else self._ports[::-1]
        acknowledged = self._sequence[not forward] if flags & _ACK else 0
        tcp = struct.pack("!HHIIBBHHH", source, destination, self._sequence[forward], acknowledged, 5 << 4, flags, 65535, 0, 0)
        self._sequence[forward] += len(data) + bool(flags & (_SYN | _FIN))
        local = bytes((127, 0, 0, 1))
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40 + len(data), 0, 0x4000, 64, 6, 0, local, local) + tcp + data


def write_pcap(file: Path, connections: list[Recording]) -> None:
    """Write the connections one after the other."""
    out = bytearray(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, _RAW_IP))
    packets = [packet for connection in connections for packet in connection.packets()]
    for number, packet in enumerate(packets):
        out += struct.pack("=IIII", 1_000_000_000 + number // 1000, number % 1000 * 1000, len(packet), len(packet)) + packet
    file.write_bytes(bytes(out))
