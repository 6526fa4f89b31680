"""A call to a peer: TCP, TLS, the whole stack, the bind; and who answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gateway import asn1, log
from gateway.mta.association import Association
from gateway.mta.binding import argument_of_bind, bind_error_of, check_bind_result, refusal_text
from gateway.mta.connecting import connect
from gateway.mta.conversation import TransferFailedError
from gateway.mta.credentials import Authentication
from gateway.mta.peers import Peer
from gateway.mta.strong import Replays, fresh_random
from gateway.mta.trace import Trace
from gateway.osi.service import (
    AbortReason,
    ConnectionReference,
    DialogueMode,
    RefusalKind,
    RTAbortIndication,
    RTOpenConfirm,
    RTOpenRequest,
    RTUAbortRequest,
    StackLimits,
    StackTimers,
)
from gateway.osi.stack import Stack
from gateway.x400.bind import MTABindError

_log = log.get("mta")

_TRANSIENT = frozenset({RefusalKind.USER_TRANSIENT, RefusalKind.BUSY, RefusalKind.TRANSPORT, RefusalKind.NOT_SPECIFIED})
_OTHER_DIALOGUE = {
    DialogueMode.MONOLOGUE: DialogueMode.TWO_WAY_ALTERNATE,
    DialogueMode.TWO_WAY_ALTERNATE: DialogueMode.MONOLOGUE,
}


class RefusedError(TransferFailedError):
    """A peer does not want this association.

    Attributes:
        permanent: It will not want it the next time either, unless an operator changes something.
    """

    def __init__(self, text: str, *, permanent: bool) -> None:
        super().__init__(text)
        self.permanent = permanent


def open_request(peer: Peer, reference: ConnectionReference, user_data: bytes, dialogue: DialogueMode | None = None) -> RTOpenRequest:
    """What we propose to a peer: every negotiated value is a setting of it.

    Args:
        peer: Whom we call.
        reference: Names the association.
        user_data: The bind argument.
        dialogue: Instead of the configured one.
    """
    return RTOpenRequest(
        mode=peer.mode, calling=peer.calling, called=peer.called, user_data=user_data, checkpoint_size=peer.checkpoint_size,
        window_size=peer.window_size, dialogue=peer.dialogue if dialogue is None else dialogue,
        application_context=peer.application_context, application_protocol=peer.application_protocol,
        session_versions=peer.session_versions, reference=reference, tpdu_size=peer.tpdu_size,
    )  # fmt: skip


class Call:
    """Opens associations with one peer.

    Args:
        peer: Whom to call.
        reference: Makes a session connection reference that no other association ever had.
        timers: How long the peer may take.
        largest_octets: Largest APDU that is received.
        trace: Who listens in.
    """

    def __init__(
        self,
        peer: Peer,
        reference: Callable[[], ConnectionReference],
        timers: StackTimers,
        largest_octets: int,
        trace: Trace,
    ) -> None:
        self._peer = peer
        self._reference = reference
        self._timers = timers
        self._largest = largest_octets
        self._trace = trace
        self._dialogue = peer.dialogue
        self._replays = Replays()

    async def open(self, *, recover: ConnectionReference | None = None) -> tuple[Association, ConnectionReference]:
        """Call the peer and bind.

        Args:
            recover: Take up a dead association instead of a bind (p1-stack.md 7.8).

        Raises:
            GatewayError: It cannot be reached, refuses (`RefusedError`), or is not who it should be.
        """
        try:
            return await self._open(recover)
        except _OtherDialogueError:
            # IC-026: once with the other mode; whichever the peer takes is used from then on.
            self._dialogue = _OTHER_DIALOGUE[self._dialogue]
            return await self._open(recover)

    async def _open(self, recover: ConnectionReference | None) -> tuple[Association, ConnectionReference]:
        peer, reference = self._peer, self._reference()
        random = fresh_random() if Authentication.STRONG in (peer.ours.bind, peer.theirs.bind) else None
        request = open_request(peer, reference, argument_of_bind(peer, peer.mode, random), self._dialogue)
        request = replace(request, recover=recover, resumption=peer.recovery)
        stack = Stack.initiator(request, timers=self._timers, limits=StackLimits(apdu=self._largest + 65536))
        association = await connect(
            stack, peer.host, peer.port, seconds=peer.connect_timeout_seconds, stall_seconds=self._timers.progress, tls=peer.tls,
            connected=lambda association: self._trace.connected(association, peer),
        )  # fmt: skip
        bound = False
        try:
            await self._bound(association, random)
            bound = True
        finally:
            if not bound:
                await self.close(association)
        _log.info("association.opened", peer=peer.name, address=association.peer_address, direction="outgoing", detail=stack.description)
        return association, reference

    async def close(self, association: Association) -> None:
        """End an association that `open` gave, however it stands."""
        try:
            await association.close()
        finally:
            self._trace.closed(association)

    async def _bound(self, association: Association, random: asn1.Bits | None) -> None:
        """Wait for the answer to our bind and check who answered."""
        name = self._peer.name
        event = await association.event()
        match event:
            case RTOpenConfirm(accepted=True, recovered=True):
                pass  # who it is was proved when it was opened; it knows the reference
            case RTOpenConfirm(accepted=True):
                if fault := check_bind_result(self._peer, event.user_data, random, self._replays):
                    association.request(RTUAbortRequest(reason=AbortReason.USER_ERROR))
                    raise RefusedError(f"{name} answered the bind, but {fault}", permanent=True)
            case RTOpenConfirm():
                raise self._refusal(event)
            case RTAbortIndication():
                raise TransferFailedError(f"{name} ended the connection during the bind: {event.layer}: {event.text}")
            case _:
                raise TransferFailedError(f"{name} closed the connection during the bind")

    def _refusal(self, confirm: RTOpenConfirm) -> RefusedError:
        error = bind_error_of(confirm)
        text = f"{self._peer.name} refused the bind: {refusal_text(confirm)}"
        if error == MTABindError.UNACCEPTABLE_DIALOGUE_MODE and self._peer.either_dialogue and self._dialogue is self._peer.dialogue:
            return _OtherDialogueError(text, permanent=True)
        return RefusedError(text, permanent=confirm.kind not in _TRANSIENT if error is None else error != MTABindError.BUSY)


class _OtherDialogueError(RefusedError):
    """The peer wants the other dialogue mode, and may have it."""
