"""Receiving transfers on an association, whoever opened it: octets go into the store as they arrive.

The activity-end response ("secured") goes out only after the store has committed (law 1 of the spool).
"""

from __future__ import annotations

from typing import Any, Protocol

from gateway import log
from gateway.errors import GatewayError, NoSpaceError
from gateway.mta.association import Association
from gateway.mta.peers import Peer
from gateway.osi.service import (
    ConnectionReference,
    ExceptionReason,
    Mode,
    RTCheckpointIndication,
    RTCheckpointResponse,
    RTExceptionRequest,
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
    """

    def __init__(
        self, association: Association, peer: Peer, intake: Intake, *, reference: ConnectionReference, largest: int
    ) -> None:
        self._association = association
        self._peer = peer
        self._intake = intake
        self._session = " ".join((reference.user.hex(), reference.common.hex(), reference.additional.hex()))
        self._largest = largest
        self._writer: Writer | None = None
        self._received = 0
        self._refused = False

    async def handle(self, event: object) -> bool:
        """Deal with one primitive; False when it is none of ours."""
        match event:
            case RTTransferStart():
                await self._start()
            case RTTransferData():
                await self._data(event.data)
            case RTCheckpointIndication():
                if event.confirm and not self._refused:
                    self._association.response(RTCheckpointResponse(serial=event.serial))
            case RTTransferIndication():
                await self._complete(event.activity)
            case RTTransferDiscarded() | RTTransferInterrupted():
                await self.abandon()
            case _:
                return False
        return True

    async def abandon(self) -> None:
        """Drop what came of an unfinished transfer: the peer still has it."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.abort()

    async def _start(self) -> None:
        self._received, self._refused = 0, False
        await self.abandon()
        try:
            self._writer = await self._intake.begin()
        except NoSpaceError as error:
            self._refuse(ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED, str(error))

    async def _data(self, data: bytes) -> None:
        if self._writer is None:
            return
        self._received += len(data)
        if self._received > self._largest:
            await self.abandon()
            self._refuse(ExceptionReason.IRRECOVERABLE, f"the transfer is larger than {self._largest} octets")
            return
        try:
            await self._writer.write(data)
        except NoSpaceError as error:
            await self.abandon()
            self._refuse(ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED, str(error))

    async def _complete(self, activity: bytes) -> None:
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        taken = False
        try:
            content = await writer.finish()
            normal_mode = self._association.stack.mode is Mode.NORMAL
            queue_id = await self._intake.accept(content, self._source(activity), self._peer, normal_mode=normal_mode)
        except NoSpaceError as error:
            self._refuse(ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED, str(error))
        except GatewayError as error:
            self._refuse(ExceptionReason.LOCAL_USER_ERROR, str(error))
        else:
            taken = True
            self._association.response(RTTransferResponse())
            _log.info("transfer.received", peer=self._peer.name, octets=self._received, id=queue_id)
        finally:
            if not taken:
                await writer.abort()

    def _source(self, activity: bytes) -> Source:
        return Source(
            side=Side.X400,
            peer=self._peer.name,
            address=self._association.peer_address,
            identity=self._peer.theirs.mta_name,
            session=f"{self._session} activity {activity.hex()}",
        )

    def _refuse(self, reason: ExceptionReason, text: str) -> None:
        self._refused = True
        _log.warning("transfer.refused", peer=self._peer.name, reason=reason.name, text=text)
        self._association.request(RTExceptionRequest(reason=reason))
