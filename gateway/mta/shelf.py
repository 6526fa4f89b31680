"""Parts of transfers on disk: what `mta.partials` keeps and what `mta.line` has to go on with, through the store."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json

from gateway.errors import GatewayError, SpoolError
from gateway.mta.partials import Key, Partial
from gateway.octets import Octets
from gateway.osi.service import ConnectionReference, TransferPoint
from gateway.spool.content import State
from gateway.spool.parts import Part, Parts

_MARKS = 128
"""Checkpoints that are remembered: more than a window (at most 100), so whatever the peer has seen confirmed is among them."""

_STEP = 1 << 18
"""Octets after which the progress of what we send is written down again."""


class StoredShelf:
    """Implements `partials.Shelf` on the store.

    Args:
        parts: Those of the queue.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def secure(self, partial: Partial, seconds: float) -> None:
        """See `partials.Shelf.secure`."""
        peer, reference, activity = partial.key
        latest = sorted(partial.marks)[-_MARKS:]
        part = Part(
            peer=peer, association=_text(reference), activity=activity.hex(), host=partial.host, content=partial.writer.id,
            received=partial.received, marks={serial: partial.marks[serial] for serial in latest},
        )  # fmt: skip
        await self._parts.secure(partial.writer, part, seconds)

    async def restore(self, key: Key) -> Partial | None:
        """See `partials.Shelf.restore`."""
        peer, reference, activity = key
        found = await self._parts.find(peer, _text(reference), activity.hex())
        if found is None or found[1] is not State.UNCLAIMED:
            return None
        part, _ = found
        digest = hashlib.sha256()
        async for octets in self._parts.octets(part):
            digest.update(octets)
        try:
            writer = await self._parts.resume(part)
        except SpoolError:
            return None  # swept a moment ago
        return Partial(key=key, host=part.host, writer=writer, digest=digest, received=part.received, marks=dict(part.marks))

    async def is_complete(self, key: Key) -> bool:
        """See `partials.Shelf.is_complete`."""
        peer, reference, activity = key
        found = await self._parts.find(peer, _text(reference), activity.hex())
        return found is not None and found[1] is State.ACCEPTED

    async def owner(self, reference: ConnectionReference, host: str) -> str:
        """See `partials.Shelf.owner`."""
        found = await self._parts.of_association(_text(reference))
        return next((part.peer for part in found if part.host == host), "")


class Progress:
    """How far a peer has confirmed one transfer of ours, on disk from the first confirmed checkpoint until the activity ends.

    The octets themselves are not written a second time: a plan gives the same octets at every attempt, and where it does not (the
    tables have changed), their digest differs, and the transfer begins anew.

    Args:
        parts: Those of the queue.
        name: Of the transfer.
        seconds: How long it may be resumed.
    """

    def __init__(self, parts: Parts, name: str, seconds: float) -> None:
        self._parts = parts
        self._name = name
        self._seconds = seconds
        self._noted = -_STEP

    async def confirmed(self, point: TransferPoint) -> None:
        """The peer has confirmed a checkpoint; after each so many octets it is written down."""
        if 0 <= point.octets - self._noted < _STEP:
            return
        self._noted = point.octets
        reference = point.association
        value = {
            "activity": point.activity.hex(), "serial": str(point.serial), "octets": str(point.octets),
            "association": json.dumps([reference.user.hex(), reference.common.hex(), reference.additional.hex()]),
        }  # fmt: skip
        with contextlib.suppress(GatewayError):  # a queue without room spoils the resumption, not the transfer
            await self._parts.sent(self._name, value, self._seconds)

    async def so_far(self) -> TransferPoint | None:
        """Behind which it may be resumed; None: it begins anew."""
        value = None
        with contextlib.suppress(GatewayError):
            value = await self._parts.sent_so_far(self._name)
        if value is None:
            return None
        user, common, additional = (bytes.fromhex(text) for text in json.loads(value["association"]))
        return TransferPoint(
            activity=bytes.fromhex(value["activity"]), serial=int(value["serial"]), octets=int(value["octets"]),
            association=ConnectionReference(user=user, common=common, additional=additional),
        )  # fmt: skip

    async def ended(self) -> None:
        """The peer has it: there is nothing to go on with."""
        with contextlib.suppress(GatewayError):
            await self._parts.sent_all(self._name)


class StoredProgress:
    """Finds the progress of transfers, in the parts of a queue.

    Args:
        parts: Those of the queue.
        seconds: How long a transfer may be resumed.
    """

    def __init__(self, parts: Parts, seconds: float) -> None:
        self._parts = parts
        self._seconds = seconds

    async def of(self, peer: str, apdu: Octets) -> Progress:
        """The progress of one transfer, known by its peer and its octets."""
        return Progress(self._parts, f"{peer} {await asyncio.to_thread(_digest, apdu)}", self._seconds)


def _digest(apdu: Octets) -> str:
    digest = hashlib.sha256()
    for chunk in apdu.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _text(reference: ConnectionReference) -> str:
    """A reference without blanks."""
    return f"{reference.user.hex()}.{reference.common.hex()}.{reference.additional.hex()}"
