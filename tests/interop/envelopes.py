"""P1 envelopes with elements that no encoder of ours would write, and what becomes of them in the queue."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway import asn1
from gateway.errors import GatewayError
from gateway.mta.intake import X400Intake
from gateway.mta.peers import Credentials, Peer
from gateway.octets import MemoryOctets
from gateway.osi.rtse.external import wrap
from gateway.spool.store import Store
from gateway.spool.transfer import Side, Source, Transfer
from gateway.x400 import p1
from tests.interop.mixing import NOW, ipm, p1_message

PEER = Peer(name="partner", ours=Credentials(mta_name="HERE"), theirs=Credentials(mta_name="THERE"))
SOURCE = Source(side=Side.X400, peer="partner")


def encoded(message: p1.Message) -> bytes:
    return bytes(asn1.encode_octets(p1.MTSAPDU(message=message), strict=False).to_bytes())


def plain(*to: str, **changes: object) -> bytes:
    """An ordinary message."""
    return encoded(p1_message(ipm(), *to, **changes))


def decoded(octets: bytes) -> p1.Message:
    """The message, as the gateway reads it."""
    found: p1.Message | None = asn1.decode(octets, p1.MTSAPDU).message
    assert found is not None
    return found


def _elements(octets: bytes) -> list[tuple[bytes, bytes]]:
    """Tag octets and contents of each element (definite lengths, as we write them)."""
    found, at = [], 0
    while at < len(octets):
        start = at
        at += 1
        if octets[start] & 0x1F == 0x1F:
            while octets[at] & 0x80:
                at += 1
            at += 1
        tag, length = octets[start:at], octets[at]
        at += 1
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(octets[at : at + size], "big")
            at += size
        found.append((tag, octets[at : at + length]))
        at += length
    return found


def element(tag: bytes, contents: bytes) -> bytes:
    """An element of definite length."""
    size = len(contents)
    if size < 0x80:
        return tag + bytes((size,)) + contents
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + bytes((0x80 | len(octets),)) + octets + contents


def swapped(octets: bytes, old: bytes, new: bytes) -> bytes:
    """Octets with one element for another, wherever it stands; lengths around it follow."""
    count = 0

    def walk(part: bytes) -> bytes:
        nonlocal count
        found = b""
        for tag, contents in _elements(part):
            whole = element(tag, contents)
            if whole == old:
                count += 1
                found += new
            else:
                found += element(tag, walk(contents)) if tag[0] & 0x20 else whole
        return found

    changed = walk(octets)
    assert count, f"{old.hex()} does not stand there"
    return changed


class Queue:
    """An intake on a queue of its own."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._intake = X400Intake(store, clock=lambda: NOW)

    async def take(self, octets: bytes, *, normal_mode: bool = True) -> Transfer:
        """What the gateway makes of an APDU that a peer has transferred."""
        writer = await self._intake.begin()
        await writer.write(wrap(MemoryOctets(octets), 5).to_bytes(1 << 26) if normal_mode else octets)
        taken = await self._intake.accept(await writer.finish(), SOURCE, PEER, normal_mode=normal_mode)
        found = await self.store.get(taken)
        assert found is not None
        return found


@asynccontextmanager
async def queue(folder: Path) -> AsyncIterator[Queue]:
    count = itertools.count(1)
    store = await Store.open(f"sqlite:///{folder}/q.sqlite", ids=lambda: f"Q{next(count)}", low_water_octets=0, reserve_octets=0)
    try:
        yield Queue(store)
    finally:
        await store.close()


def fault(octets: bytes) -> str:
    """Why an APDU does not decode; empty when it does."""
    try:
        decoded(octets)
    except GatewayError as error:
        return str(error)
    return ""
