"""The whole stack as one machine: octets of TCP below, RT- primitives above (DESIGN section 5).

    stack = Stack.initiator(RTOpenRequest(...))      # or Stack.responder()
    stack.start(now)
    stack.receive_data(octets); stack.receive_eof()  # what TCP gave
    stack.next_event()                               # until NEED_DATA or PAUSED
    stack.request(...), stack.response(...)          # what the user wants and answers
    stack.data_to_send()                             # until it returns nothing
    stack.next_deadline(); stack.handle_timer(now)

Primitives are carried down at once, so that every layer knows of a response before it sees the next thing the peer sent; only the
octets of a transfer wait until `data_to_send` has room. Going up, a primitive is taken from a layer when the one above has nothing
left, and nothing is taken while our user owes a response.

The mode is decided here, and nowhere else: by the request of an initiator, by the connect user data that a responder gets. It says
which layers stand between session and RTSE, and which forms the RTSE writes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from gateway.errors import ProtocolError
from gateway.osi import service as s
from gateway.osi.acse import ACSE
from gateway.osi.layer import DataLayer, Layer
from gateway.osi.presentation import Presentation, mode_of
from gateway.osi.rtse.forms import FORMS
from gateway.osi.rtse.machine import ABSTRACT_SYNTAXES, CONTEXTS, MTA_RTSE, RTSE
from gateway.osi.rtse.tables import State
from gateway.osi.session import Session
from gateway.osi.transport import Transport
from gateway.osi.x410 import X410


@dataclass(frozen=True, slots=True)
class _Phase:
    """What the peer has to do, in how many seconds, and something that changes when it makes progress."""

    name: str
    seconds: float
    progress: object = None


class Stack:
    """One association on one TCP connection; build it with `initiator` or `responder`.

    Attributes:
        now: The time in seconds; set it before each call (or use `start` and `handle_timer`).
        mode: Normal or X.410-1984; of a responder, once the peer's connect has told.
    """

    def __init__(
        self, *, opening: s.RTOpenRequest | None, timers: s.StackTimers, limits: s.StackLimits, reference: int, tsdu_size: int
    ) -> None:
        self.now = 0.0
        self._opening = opening
        self._timers = timers
        self._limits = limits
        self._transport = Transport(initiator=opening is not None, limits=limits, reference=reference)
        self._session: Session | None = None
        self._tsdu_size = tsdu_size
        self._rtse = RTSE(initiates=opening is not None, limits=limits)
        self._enter(opening.mode if opening else s.Mode.NORMAL)
        self._connect_pending = False
        self._armed: s.Timer | None = None
        self._phase: _Phase | None = None
        self._sent = 0
        self._called = opening.called if opening else s.Selectors()
        self._calling = opening.calling if opening else s.Selectors()

    def _enter(self, mode: s.Mode) -> None:
        """Build what the mode asks for: the layers above the session, as pairs of neighbours from the highest down."""
        self.mode = mode
        self._rtse.form = FORMS[mode]
        self._data: DataLayer
        if mode is s.Mode.X410_1984:
            self._data = X410(CONTEXTS, next(number for number, syntax in CONTEXTS.items() if syntax == MTA_RTSE))
            layers: tuple[Layer, ...] = (self._data, self._rtse)
        else:
            self._data = Presentation(ABSTRACT_SYNTAXES)
            layers = (self._data, ACSE(), self._rtse)
        self._neighbours = tuple(reversed(tuple(pairwise(layers))))

    @classmethod
    def initiator(
        cls,
        request: s.RTOpenRequest,
        *,
        timers: s.StackTimers | None = None,
        limits: s.StackLimits | None = None,
        reference: int = 1,
    ) -> Stack:
        """A stack that opens an association; call it when TCP is connected.

        Args:
            request: What to propose.
            timers: How long the peer may take.
            limits: What the peer may make us hold.
            reference: Our transport reference, any number but 0.
        """
        stack = cls(
            opening=request,
            timers=timers or s.StackTimers(),
            limits=limits or s.StackLimits(),
            reference=reference,
            tsdu_size=request.tsdu_size,
        )
        stack._transport.request(
            s.TConnectRequest(calling=request.calling.tsel, called=request.called.tsel, tpdu_size=request.tpdu_size)
        )
        return stack

    @classmethod
    def responder(
        cls,
        *,
        timers: s.StackTimers | None = None,
        limits: s.StackLimits | None = None,
        reference: int = 1,
        tsdu_size: int = 0,
    ) -> Stack:
        """A stack that waits for an association, of either mode, on an accepted TCP connection.

        Args:
            timers: How long the peer may take.
            limits: What the peer may make us hold.
            reference: Our transport reference, any number but 0.
            tsdu_size: TSDU maximum size to agree to where the peer proposes one, in octets; 0 never sends segments.
        """
        return cls(
            opening=None,
            timers=timers or s.StackTimers(),
            limits=limits or s.StackLimits(),
            reference=reference,
            tsdu_size=tsdu_size,
        )

    # --- the octets of TCP ------------------------------------------------------------------------------------------

    def receive_data(self, data: bytes) -> None:
        """Take octets of TCP; only buffers."""
        self._transport.receive_data(data)

    def receive_eof(self) -> None:
        """The peer closed TCP."""
        self._transport.receive_eof()

    def data_to_send(self) -> bytes:
        """Octets for TCP, a bounded piece; call it again until it returns nothing."""
        while self._transport.pending < self._limits.output and (self._data.more() or self._rtse.more()):
            self._flush()
        data = self._transport.data_to_send()
        self._sent += len(data)
        self._rearm()
        return data

    # --- the user ---------------------------------------------------------------------------------------------------

    def next_event(self) -> s.Primitive | s.Pull:
        """The next primitive for the user, ``NEED_DATA``, or ``PAUSED`` while a response of the user is due."""
        event = self._next_event()
        self._rearm()
        return event

    def request(self, primitive: s.Primitive) -> None:
        """Ask for something; RT- primitives, or T-DISCONNECT instead of a T-CONNECT response.

        Raises:
            ProtocolError: The state does not allow it; nothing has changed.
        """
        if isinstance(primitive, s.TDisconnectRequest):
            self._refuse_transport(primitive)
        elif isinstance(primitive, s.RTOpenRequest):
            raise ProtocolError("RTSE", "an association is opened by Stack.initiator", clause="X.228 A", ours=True)
        else:
            self._rtse.request(primitive)
            self._flush()
        self._rearm()

    def response(self, primitive: s.Primitive) -> None:
        """Answer an indication.

        Raises:
            ProtocolError: There is nothing to answer, or not like that; nothing has changed.
        """
        if isinstance(primitive, s.TConnectResponse):
            self._accept_transport(primitive)
        else:
            self._rtse.request(primitive)
            self._flush()
        self._rearm()

    # --- time -------------------------------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Tell the time for the first time, in seconds of any clock."""
        self.now = now
        self._rearm()

    def next_deadline(self) -> float | None:
        """When `handle_timer` wants to be called; None when there is nothing to wait for."""
        return self._armed.at if self._armed else None

    def handle_timer(self, now: float) -> None:
        """The time has come, or so the caller thinks."""
        self.now = now
        if self._armed is None or now < self._armed.at:
            return
        name, self._armed, self._phase = self._armed.name, None, None
        self._expire(name)
        self._flush()
        self._rearm()

    # --- how things stand -------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """TCP is to be closed as soon as `data_to_send` is drained."""
        return self._transport.closed

    @property
    def our_turn(self) -> bool:
        """The turn is ours (also while we send)."""
        return self._rtse.state in (State.TURN, State.SENDING, State.WAIT_END, State.WAIT_INTERRUPT, State.WAIT_DISCARD)

    @property
    def idle(self) -> bool:
        """The association stands and nothing is going on."""
        return self._rtse.state in (State.TURN, State.NO_TURN)

    @property
    def session_version(self) -> int:
        """Version of the session protocol in use."""
        return self._rtse.session_version

    @property
    def reference(self) -> s.ConnectionReference:
        """The name of the association, under which it can be recovered."""
        return self._rtse.reference

    @property
    def checkpoint_size(self) -> int:
        """Agreed checkpoint size in units of 1024 octets; 0: no checkpoints."""
        return self._rtse.checkpoint_size

    @property
    def window_size(self) -> int:
        """Agreed number of checkpoints that may stay unconfirmed."""
        return self._rtse.window_size

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is odd about the peer, but does no harm; for the log."""
        return self._transport.remarks

    @property
    def description(self) -> str:
        """One line for the log."""
        role = "initiator" if self._opening else "responder"
        sides = f"called {_selectors_text(self._called)}, calling {_selectors_text(self._calling)}"
        sizes = f"checkpoint {self.checkpoint_size}, window {self.window_size}"
        return f"{role}, {sides}, {self.mode.value}, session version {self.session_version}, {sizes}: {self._rtse.state.value}"

    # --- upward -----------------------------------------------------------------------------------------------------

    def _next_event(self) -> s.Primitive | s.Pull:
        """Take from the highest layer that has something, and hand it to the one above."""
        while True:
            if (event := self._rtse.next_event()) is not None:
                return self._with_transport_selectors(event) if isinstance(event, s.RTOpenIndication) else event
            if self._rtse.paused or self._connect_pending:
                return s.PAUSED
            if not self._raise_one():
                below = self._transport.next_event()
                if isinstance(below, s.Pull):
                    self._flush()
                    return below
                if isinstance(below, s.TConnectIndication):
                    return self._indicate_transport(below)
                self._from_transport(below)
            self._flush()

    def _raise_one(self) -> bool:
        """Hand one primitive to the layer above the highest one that has something; False when none has."""
        for lower, upper in self._neighbours:
            if (event := lower.next_event()) is not None:
                upper.receive(event)
                return True
        if (event := self._from_session()) is None:
            return False
        self._data.receive(event)
        return True

    def _from_session(self) -> s.Primitive | None:
        """The next primitive of the session; the connect of a peer tells the mode."""
        if self._session is None:
            return None
        event = self._session.next_event()
        if isinstance(event, s.SConnectIndication):
            self._enter(mode_of(event.user_data))
        return None if isinstance(event, s.Pull) else event

    def _from_transport(self, primitive: s.Primitive) -> None:
        match primitive:
            case s.TConnectConfirm():
                self._begin_session()
                assert self._opening is not None
                self._rtse.request(self._opening)
            case s.TDataIndication() if self._session is not None:
                self._session.receive_tsdu(primitive.data, primitive.end)
            case s.TDisconnectIndication():
                fault = primitive.reason == s.DisconnectReason.PROTOCOL_ERROR
                if self._session is not None:
                    self._session.receive_disconnect(primitive.text)
                self._rtse.lose("transport", primitive.text or f"T-DISCONNECT with reason {primitive.reason}", ours=fault)

    def _indicate_transport(self, indication: s.TConnectIndication) -> s.Primitive:
        self._connect_pending = True
        self._called, self._calling = s.Selectors(tsel=indication.called), s.Selectors(tsel=indication.calling)
        return indication

    def _with_transport_selectors(self, event: s.RTOpenIndication) -> s.RTOpenIndication:
        """The layers above the transport know nothing of its selectors."""
        self._called = replace(event.called, tsel=self._called.tsel)
        self._calling = replace(event.calling, tsel=self._calling.tsel)
        return replace(event, called=self._called, calling=self._calling)

    # --- downward ---------------------------------------------------------------------------------------------------

    def _begin_session(self) -> None:
        self._session = Session(initiator=self._opening is not None, limits=self._limits, tsdu_size=self._tsdu_size)

    def _accept_transport(self, response: s.TConnectResponse) -> None:
        if not self._connect_pending:
            raise ProtocolError("COTP", "there is no T-CONNECT indication to answer", clause="X.224 6.5", ours=True)
        self._connect_pending = False
        self._transport.response(response)
        self._begin_session()

    def _refuse_transport(self, request: s.TDisconnectRequest) -> None:
        if not self._connect_pending:
            raise ProtocolError("COTP", "there is no T-CONNECT indication to refuse", clause="X.224 6.5", ours=True)
        self._connect_pending = False
        self._transport.request(request)
        self._rtse.state = State.CLOSED

    def _flush(self) -> None:
        """Carry everything that waits down to the transport."""
        for lower, upper in self._neighbours:
            while (primitive := upper.next_request()) is not None:
                lower.request(primitive)
        while (primitive := self._data.next_request()) is not None:
            self._to_session(primitive)
        self._session_to_transport()

    def _to_session(self, primitive: s.Primitive) -> None:
        if self._session is None:
            self._transport.request(s.TDisconnectRequest())  # an abort before there is a session
            return
        try:
            if type(primitive).__name__.endswith("Request"):
                self._session.request(primitive)
            else:
                self._session.response(primitive)
        except ProtocolError as error:
            # The peer's last SPDU and our request crossed, or it does not fit version 1: nothing was sent, so the association ends here.
            self._session.request(s.SUAbortRequest())
            self._rtse.lose(error.layer, str(error), ours=True)

    def _session_to_transport(self) -> None:
        if self._session is None:
            return
        while (piece := self._session.next_tsdu()) is not None:
            if not self._transport.closed:
                self._transport.request(s.TDataRequest(data=piece[0], end=piece[1]))
        if self._session.disconnect_wanted and not self._transport.closed:
            self._transport.request(s.TDisconnectRequest(reason=s.DisconnectReason.NORMAL))

    # --- timers -----------------------------------------------------------------------------------------------------

    def _present_phase(self) -> _Phase | None:
        """What we are waiting for (p1-stack 7.9); None while nothing is due, or while it is our user who has to act."""
        timers, rtse = self._timers, self._rtse
        if self._transport.closed or (rtse.paused and self._session is not None):
            return None
        match rtse.state:
            case State.UNASSOCIATED if self._opening is not None:
                return _Phase("connect", timers.connect)
            case State.UNASSOCIATED:
                return _Phase("bind_input", timers.bind_input)
            case State.WAIT_OPEN_CONFIRM:
                return _Phase("open_answer", timers.open_answer)
            case State.SENDING if rtse.outgoing is not None and not rtse.outgoing.window_full:
                return _Phase("progress", timers.progress, self._sent)
            case State.SENDING | State.WAIT_END:
                return _Phase("confirm", timers.confirm, rtse.outgoing.confirmed if rtse.outgoing else 0)
            case State.RECEIVING:
                return _Phase("progress", timers.progress, rtse.incoming.received if rtse.incoming else 0)
            case State.TURN | State.NO_TURN:
                return None
        return _Phase("release", timers.release, rtse.state)

    def _rearm(self) -> None:
        phase = self._present_phase()
        if phase != self._phase:
            self._phase = phase
            self._armed = s.Timer(name=phase.name, at=self.now + phase.seconds) if phase else None

    def _expire(self, name: str) -> None:
        match name:
            case "connect" | "bind_input":
                self._give_up(f"{name}: the peer took too long")
            case "open_answer" | "progress" | "confirm":
                self._rtse.fail(f"{name}: the peer took too long", s.AbortReason.TEMPORARY_PROBLEM)
            case _:
                if self._session is not None:
                    self._session.timer_expired()
                self._give_up("release: the peer took too long to end it")

    def _give_up(self, text: str) -> None:
        """Close TCP without another word."""
        self._rtse.lose("transport", text, ours=True)
        self._transport.request(s.TDisconnectRequest())


def _selectors_text(selectors: s.Selectors) -> str:
    """Selectors for a log line; octets that are no printable ASCII stand as hexadecimal."""
    parts = (selectors.tsel, selectors.ssel, selectors.psel)
    return "/".join(repr(part)[1:] if part.isascii() and part.decode("ascii").isprintable() else part.hex() for part in parts)
