"""The session protocol machine: runs the tables of X.225 Annex A (`tables.TABLE`) on one connection, without any socket or clock.

It is built when the transport connection is there (state STA01C). Who opened the transport connection, and only he, sends CN.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import ProtocolError
from gateway.osi import service
from gateway.osi.service import NEED_DATA, Pull, SDataIndication, SPAbortIndication, StackLimits
from gateway.osi.session.actions import ACTIONS
from gateway.osi.session.assembly import Assembler
from gateway.osi.session.connection import Connection
from gateway.osi.session.outgoing import PROTOCOL_ERROR
from gateway.osi.session.parameters import Field
from gateway.osi.session.predicates import PREDICATES
from gateway.osi.session.reader import TSDUReader
from gateway.osi.session.spdu import SPDU, Kind, UserInformation
from gateway.osi.session.tables import TABLE, Event, State

REQUESTS: Mapping[type, Event] = {
    service.SConnectRequest: Event.SCONreq,
    service.SDataRequest: Event.SDTreq,
    service.STokenPleaseRequest: Event.SPTreq,
    service.SControlGiveRequest: Event.SCGreq,
    service.SSyncMinorRequest: Event.SSYNmreq,
    service.SActivityStartRequest: Event.SACTSreq,
    service.SActivityResumeRequest: Event.SACTRreq,
    service.SActivityEndRequest: Event.SACTEreq,
    service.SActivityInterruptRequest: Event.SACTIreq,
    service.SActivityDiscardRequest: Event.SACTDreq,
    service.SUExceptionReportRequest: Event.SUERreq,
    service.SReleaseRequest: Event.SRELreq,
    service.SUAbortRequest: Event.SUABreq,
}
RESPONSES: Mapping[type, Event] = {
    service.SConnectResponse: Event.SCONrsp_plus,
    service.SConnectReject: Event.SCONrsp_minus,
    service.SSyncMinorResponse: Event.SSYNmrsp,
    service.SActivityEndResponse: Event.SACTErsp,
    service.SActivityInterruptResponse: Event.SACTIrsp,
    service.SActivityDiscardResponse: Event.SACTDrsp,
    service.SReleaseResponse: Event.SRELrsp,
}
_INSIDE_SSDU = frozenset({Event.SDTreq, Event.SUABreq, Event.SACTIreq, Event.SACTDreq})
"""What our user may ask for while an SSDU of his is not complete."""
_NOT_INSIDE_SSDU = frozenset({Kind.MIP, Kind.AE, Kind.FN, Kind.GTC, Kind.AS, Kind.AR})
"""What the peer may not send between the segments of an SSDU."""
_OVER = frozenset({State.STA01, State.STA16})


class Session:
    """One session connection.

    Args:
        initiator: We opened the transport connection.
        limits: ``connect_tsdu`` and ``tsdu`` bound what is held of an SPDU; the data of DT is not held.
        versions: What we take as responder; the requestor's offer is part of `SConnectRequest`.
        tsdu_size: TSDU maximum size to propose and to agree to, in octets; 0 never segments.
        accept_bare: Accept category 2 SPDUs that lack the GT or PT in front.
    """

    def __init__(
        self,
        *,
        initiator: bool,
        limits: StackLimits | None = None,
        versions: frozenset[int] = frozenset({1, 2}),
        tsdu_size: int = 0,
        accept_bare: bool = False,
    ) -> None:
        limits = limits or StackLimits()
        self._state = State.STA01C
        self._connection = Connection(initiator=initiator, limits=limits, versions=versions, tsdu_size=tsdu_size)
        self._limits = limits
        self._reader = TSDUReader(limit=limits.connect_tsdu, accept_bare=accept_bare)
        self._assembler = Assembler(limit=limits.connect_tsdu)

    # --- upward ---------------------------------------------------------------------------------------------------

    def receive_tsdu(self, data: bytes, end: bool) -> None:
        """Take a slice of a TSDU (T-DATA indication); `next_event` looks at it."""
        if self._state is not State.STA01:
            self._reader.receive(data, end)

    def receive_disconnect(self, text: str = "") -> None:
        """T-DISCONNECT indication: comes up as `SPAbortIndication` where there was something to lose."""
        self._run(Event.TDISind, text, ours=False)

    def next_event(self) -> object | Pull:
        """The next primitive, or NEED_DATA. A fault of the peer is answered with AB and comes up as `SPAbortIndication`."""
        while not self._connection.events:
            try:
                item = self._reader.next()
                if item is None:
                    return NEED_DATA
                self._receive(item)
            except ProtocolError as fault:
                self._abort(fault)
        return self._connection.events.popleft()

    def _receive(self, item: SPDU | UserInformation) -> None:
        if isinstance(item, UserInformation):
            self._receive_data(item)
            return
        spdu = self._assembler.take(item)
        if spdu is None:
            return
        if self._connection.ssdu_in and spdu.kind in _NOT_INSIDE_SSDU:
            raise ProtocolError("session", f"{spdu.kind.name} between the segments of an SSDU", clause="X.225 6.3.5")
        self._connection.taking = False
        self._run(Event[spdu.kind.name], spdu, ours=False)

    def _receive_data(self, slice_: UserInformation) -> None:
        """A slice of the user information of DT, unless the state has changed since its SPDU began."""
        connection = self._connection
        if connection.taking and self._state is State.STA713:
            end = slice_.end and connection.data_ends
            if slice_.data or end:
                connection.indicate(SDataIndication(data=slice_.data, end=end))

    def _abort(self, fault: ProtocolError) -> None:
        """A protocol error of the peer (X.225 A.5.2): AB, and then only AA or the end of the transport connection counts."""
        self._reader.skip()
        self._assembler.clear()
        if self._state in _OVER:
            return
        connection = self._connection
        connection.vact = connection.taking = False
        connection.send(Kind.AB, {Field.TRANSPORT_DISCONNECT: PROTOCOL_ERROR})
        connection.timer = True
        connection.indicate(SPAbortIndication(reason=PROTOCOL_ERROR[0], text=str(fault), ours=True))
        self._state = State.STA16

    # --- downward -------------------------------------------------------------------------------------------------

    def request(self, primitive: object) -> None:
        """A request of the user.

        Raises:
            ProtocolError: The state, a token or a length does not allow it; nothing was changed.
        """
        self._submit(REQUESTS, primitive)

    def response(self, primitive: object) -> None:
        """A response of the user to an indication.

        Raises:
            ProtocolError: As for `request`.
        """
        self._submit(RESPONSES, primitive)

    def _submit(self, known: Mapping[type, Event], primitive: object) -> None:
        event = known.get(type(primitive))
        if event is None:
            raise ProtocolError("session", f"{type(primitive).__name__} is not a primitive of this direction", ours=True)
        if self._connection.ssdu_out and event not in _INSIDE_SSDU:
            raise ProtocolError("session", f"{event.value} while an SSDU is not complete", ours=True)
        self._run(event, primitive, ours=True)

    def next_tsdu(self) -> tuple[bytes, bool] | None:
        """The next piece of an outgoing TSDU and whether it is the last one; None when there is nothing."""
        return self._connection.output.popleft() if self._connection.output else None

    def timer_expired(self) -> None:
        """TIM: the peer did not close the transport connection in time, so we do."""
        if self._connection.timer:
            self._connection.timer = False
            self._run(Event.TIM, None, ours=False)

    # --- the tables -----------------------------------------------------------------------------------------------

    def _run(self, event: Event, item: object, *, ours: bool) -> None:
        """Find the cell whose predicate holds, do its actions, enter its state."""
        for cell in TABLE.get((self._state, event), ()):
            if PREDICATES[cell.predicate](self._connection, item):
                for action in cell.actions:
                    ACTIONS[action](self._connection, item)
                self._enter(cell.next_state)
                return
        tried = "; ".join(cell.predicate for cell in TABLE.get((self._state, event), ()))
        why = f", where it needs: {tried}" if tried else ""
        raise ProtocolError("session", f"{event.value} in state {self._state.name}{why}", clause="X.225 Annex A", ours=ours)

    def _enter(self, state: State) -> None:
        if state is State.STA713:
            self._reader.limit = self._assembler.limit = self._limits.tsdu
        if state is State.STA01:
            self._connection.timer = False
        self._state = state

    # --- how things stand -----------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """State in the tables."""
        return self._state

    @property
    def disconnect_wanted(self) -> bool:
        """T-DISCONNECT request, as soon as `next_tsdu` is drained."""
        return self._connection.disconnect

    @property
    def timer_wanted(self) -> bool:
        """TIM is running: the peer has to close the transport connection; call `timer_expired` when it took too long."""
        return self._connection.timer

    @property
    def closed(self) -> bool:
        """There is no connection any more."""
        return self._state is State.STA01

    @property
    def version(self) -> int:
        """Protocol version: that in effect, or before the answer the highest offered."""
        return self._connection.version

    @property
    def requirements(self) -> int:
        """Session user requirements in effect, those that both sides named; before the answer the proposed ones."""
        return self._connection.requirements

    @property
    def owns_tokens(self) -> bool:
        """All tokens that exist are ours: in RTSE's words, the turn."""
        return bool(self._connection.available) and self._connection.owns(self._connection.available)

    @property
    def activity(self) -> bool:
        """Vact: an activity is in progress."""
        return self._connection.vact

    @property
    def next_serial(self) -> int:
        """V(M): the serial number that the next MIP or AE gets."""
        return self._connection.vm

    @property
    def confirmed_serial(self) -> int:
        """V(A) - 1: the last checkpoint that was confirmed, 0 when none."""
        return self._connection.va - 1

    @property
    def tsdu_limit(self) -> int:
        """TSDU maximum size agreed for what we send, in octets; 0 when there is none."""
        return self._connection.send_limit
