"""Receiving transfers on an association, whoever opened it: octets go into the store as they arrive.

The activity-end response ("secured") goes out only after the store has committed (law 1 of the spool).
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any, Protocol

from gateway import log
from gateway.errors import GatewayError, NoSpaceError
from gateway.mta.association import Association, host_of
from gateway.mta.partials import Key, Partial, Partials
from gateway.mta.peers import Peer
from gateway.osi.service import (
    ConnectionReference,
    ExceptionReason,
    Mode,
    RTCheckpointIndication,
    RTCheckpointResponse,
    RTExceptionRequest,
    RTResumeIndication,
    RTResumeResponse,
    RTTransferData,
    RTTransferDiscarded,
    RTTransferIndication,
    RTTransferInterrupted,
    RTTransferResponse,
    RTTransferStart,
)
from gateway.spool.transfer import Side, Source

_log = log.get("mta")


class Writer(Protocol):
    """Takes the octets of one transfer while they arrive; `spool.content.ContentWriter` is one."""

    async def write(self, data: bytes) -> None:
        """Take the next octets."""

    async def finish(self) -> Any:
        """The transfer is complete; the result goes to `Intake.accept`."""

    async def abort(self) -> None:
        """Forget it; harmless after `finish`."""


class Intake(Protocol):
    """Where received APDUs go; `mta.intake` implements it on the store."""

    @property
    def ready(self) -> bool:
        """Whether there is room for another transfer; without it binds are answered with *busy*."""

    async def begin(self) -> Writer:
        """A place for the octets of one transfer.

        Raises:
            NoSpaceError: The queue is full.
        """

    async def accept(self, content: Any, source: Source, peer: Peer, *, normal_mode: bool) -> str:
        """Commit one transfer; returns its queue id. What arrived whole is always taken, quarantined if need be."""


class Reception:
    """The transfers that arrive on one association.

    Args:
        association: Where they arrive.
        peer: Who sends them, as the bind has proved.
        intake: Where they go.
        reference: Session connection reference of the association; with the activity it names a transfer (law 5 of the spool).
        largest: Octets of one APDU that are taken at most.
        partials: Where goes what broke off; None: it is dropped, and the peer begins anew.
    """

    def __init__(
        self,
        association: Association,
        peer: Peer,
        intake: Intake,
        *,
        reference: ConnectionReference,
        largest: int,
        partials: Partials | None = None,
    ) -> None:
        self._reference = reference
        self._partials = partials
        self._key: Key = (peer.name, reference, b"")
        self._marks: dict[int, int] = {}
        self._skip = 0  # octets that come again after a resumption, and are here already
        self._association = association
        self._peer = peer
        self._intake = intake
        self._largest = largest
        self._writer: Writer | None = None
        self._received = 0
        self._digest = hashlib.sha256()
        self._refused = False
        self._busy = asyncio.Lock()

    async def handle(self, event: object) -> bool:
        """Deal with one primitive; False when it is none of ours."""
        async with self._busy:
            return await self._handle(event)

    async def _handle(self, event: object) -> bool:
        match event:
            case RTTransferStart():
                await self._start(event.activity)
            case RTResumeIndication():
                await self._resume(event)
            case RTTransferData():
                await self._data(event.data)
            case RTCheckpointIndication():
                if event.confirm and not self._refused:
                    await self._checkpoint(event)
            case RTTransferIndication():
                await self._complete()
            case RTTransferDiscarded():
                await self._drop()
            case RTTransferInterrupted():
                await self._abandon()
            case _:
                return False
        return True

    async def abandon(self) -> None:
        """An unfinished transfer broke off: the peer still has it, and may take it up again behind a checkpoint."""
        async with self._busy:
            await self._abandon()

    async def give_up(self) -> None:
        """See `partials.Holder.give_up`."""
        async with self._busy:
            self._refused = True
            await self._abandon()

    async def _abandon(self) -> None:
        if self._writer is None or self._partials is None or not self._marks:
            await self._drop()
            return
        partial = self._partial()
        self._writer = None
        await self._partials.keep(partial)
        _log.info("transfer.broken_off", peer=self._peer.name, octets=self._received)

    async def _drop(self) -> None:
        """Nothing of it is wanted any more."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.abort()
            if self._partials is not None:
                self._partials.drop(self._key)

    async def _checkpoint(self, event: RTCheckpointIndication) -> None:
        """Confirm a checkpoint; what lies before it is on disk by then, where parts outlive the process."""
        self._marks[event.serial] = event.octets
        try:
            if self._partials is not None and self._writer is not None:
                await self._partials.secure(self._partial())
        except GatewayError as error:
            await self._drop()
            self._refuse(ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED, str(error))
        else:
            self._association.response(RTCheckpointResponse(serial=event.serial))

    def _partial(self) -> Partial:
        """What is here of the present transfer."""
        return Partial(
            key=self._key, host=host_of(self._association), writer=self._writer, digest=self._digest, received=self._received,
            marks=self._marks,
        )  # fmt: skip

    async def _resume(self, event: RTResumeIndication) -> None:
        """The peer goes on with a transfer behind a checkpoint; what is here beyond that comes once more and is passed over."""
        await self._drop()
        self._refused = False
        key = (self._peer.name, event.association, event.started_as)
        partial = await self._partials.take(key) if self._partials is not None else None
        octets = partial.marks.get(event.serial) if partial is not None else None
        if partial is None or octets is None:
            complete = self._partials is not None and await self._partials.is_complete(key)
            reason = ExceptionReason.SEQUENCE_ERROR if complete else ExceptionReason.IRRECOVERABLE
            self._refuse(reason, "a resumed transfer is here as a whole" if complete else "a resumed transfer is not known here")
            if partial is not None and self._partials is not None:
                await partial.writer.abort()
                self._partials.drop(key)
            return
        self._key, self._writer, self._digest, self._received = key, partial.writer, partial.digest, partial.received
        self._marks = {serial: mark for serial, mark in partial.marks.items() if mark <= octets}
        self._skip = partial.received - octets
        self._arrives()
        self._association.response(RTResumeResponse(octets=octets))
        _log.info("transfer.resumed", peer=self._peer.name, octets=octets)

    async def _start(self, activity: bytes) -> None:
        await self._drop()
        self._received, self._refused, self._skip = 0, False, 0
        self._key, self._marks = (self._peer.name, self._reference, activity), {}
        self._digest = hashlib.sha256()
        try:
            self._writer = await self._intake.begin()
            self._arrives()
        except NoSpaceError as error:
            self._refuse(ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED, str(error))

    def _arrives(self) -> None:
        if self._partials is not None:
            self._partials.arrives(self._key, self)

    async def _data(self, data: bytes) -> None:
        if self._writer is None:
            return
        passed, self._skip = min(self._skip, len(data)), max(0, self._skip - len(data))
        data = data[passed:]
        if not data:
            return
        self._received += len(data)
        if self._received > self._largest:
            await self._drop()
            self._refuse(ExceptionReason.IRRECOVERABLE, f"the transfer is larger than {self._largest} octets")
            return
        try:
            self._digest.update(data)
            await self._writer.write(data)
        except NoSpaceError as error:
            await self._drop()
            self._refuse(ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED, str(error))

    async def _complete(self) -> None:
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        taken = False
        try:
            content = await writer.finish()
            normal_mode = self._association.stack.mode is Mode.NORMAL
            queue_id = await self._intake.accept(content, self._source(), self._peer, normal_mode=normal_mode)
        except NoSpaceError as error:
            self._refuse(ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED, str(error))
        except GatewayError as error:
            self._refuse(ExceptionReason.LOCAL_USER_ERROR, str(error))
        else:
            taken = True
            if self._partials is not None:
                self._partials.complete(self._key)
            self._association.response(RTTransferResponse())
            _log.info("transfer.received", peer=self._peer.name, octets=self._received, id=queue_id)
        finally:
            if not taken:
                await writer.abort()
                if self._partials is not None:
                    self._partials.drop(self._key)

    def _source(self) -> Source:
        _, reference, activity = self._key
        session = " ".join((reference.user.hex(), reference.common.hex(), reference.additional.hex()))
        return Source(
            side=Side.X400,
            peer=self._peer.name,
            address=self._association.peer_address,
            identity=self._peer.theirs.mta_name,
            session=f"{session} activity {activity.hex()}",
            digest=self._digest.hexdigest(),
        )

    def _refuse(self, reason: ExceptionReason, text: str) -> None:
        self._refused = True
        _log.warning("transfer.refused", peer=self._peer.name, reason=reason.name, text=text)
        self._association.request(RTExceptionRequest(reason=reason))
