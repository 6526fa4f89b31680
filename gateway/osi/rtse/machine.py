"""The RTSE, X.228: runs the tables of `gateway.osi.rtse.tables`.

Above it is the user of the whole stack with the RT- primitives, below it ACSE for opening, releasing and aborting, and the
presentation service for activities; in X.410-1984 mode `gateway.osi.x410` speaks for both. It asks for nothing and keeps nothing but
the state of one activity: octets of a transfer go up as they arrive, and are pulled with `more` while there is room below.

**Recovery.** Nothing here survives an association, so the user keeps what is to be recovered (p1-stack.md 7.8). For a sender::

    RTTransferRequest(apdu, checkpoints=True)           RTCheckpointConfirm(point) as the peer secures more and more
    RTAbortIndication(point) or RTTransferConfirm(point)   it broke off: the same APDU and the point are all that is needed
    RTOpenRequest(recover=point.association)            where the association is gone; RTOpenConfirm(recovered=True)
    RTResumeRequest(apdu, point)                        goes on behind the point; ends as any transfer

and for a receiver::

    RTOpenIndication(reference), RTTransferStart(activity)   the name of what now arrives
    RTCheckpointIndication(serial, octets)              confirm it when that many octets are secured; they may be asked for again
    RTOpenIndication(recover=reference)                 RTOpenResponse(recovered=True, resumption=True), or RTOpenReject
    RTResumeIndication(started_as, association, serial) RTResumeResponse(octets) behind which the rest follows, or a refusal

Who answers an open with ``resumption=False``, as by default, never sees an `RTResumeIndication`.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway import asn1
from gateway.errors import ProtocolError
from gateway.osi import service as s
from gateway.osi import upper_service as u
from gateway.osi.framing import FramingError
from gateway.osi.rtse.apdu import RTSEapdus, decode_apdu, encode_apdu
from gateway.osi.rtse.opening import REQUIREMENTS, Opening
from gateway.osi.rtse.protocol_machine import ABSTRACT_SYNTAXES, CONTEXTS, MTA_RTSE, MTSE
from gateway.osi.rtse.receiving import Receiving
from gateway.osi.rtse.sending import Sending
from gateway.osi.rtse.tables import PAUSING, TABLE, Cell, State

__all__ = ["ABSTRACT_SYNTAXES", "CONTEXTS", "MTA_RTSE", "MTSE", "REQUIREMENTS", "RTSE"]


class RTSE(Opening, Sending, Receiving):
    """One association: runs the tables, and has the procedures of the turn and of the end."""

    @property
    def paused(self) -> bool:
        """Whether a response of our user is due."""
        return self.state in PAUSING

    def request(self, primitive: s.Primitive) -> None:
        """Take a request or response of the user.

        Raises:
            ProtocolError: The state does not allow it; nothing has changed.
        """
        cell = self._cell(primitive)
        if cell is None:
            raise ProtocolError("RTSE", f"{type(primitive).__name__} is not possible: {self.state.value}", clause="X.228 A", ours=True)
        self._run(cell, primitive)

    def receive(self, primitive: s.Primitive) -> None:
        """Take an indication or confirm from below. What X.228 does not allow ends the association."""
        if self.state is State.CLOSED:
            return
        cell = self._cell(primitive)
        if cell is None:
            self.fail(f"{type(primitive).__name__} where it is not allowed: {self.state.value}")
            return
        try:
            self._run(cell, primitive)
        except (asn1.BERError, FramingError, ProtocolError) as error:
            self.fail(str(error))

    # --- running the tables -----------------------------------------------------------------------------------------

    def _cell(self, primitive: s.Primitive) -> Cell | None:
        cells = TABLE.get((self.state, type(primitive)), ())
        return next((cell for cell in cells if not cell.predicate or self._holds(cell.predicate, primitive)), None)

    def _holds(self, name: str, primitive: s.Primitive) -> bool:
        predicate: Callable[[s.Primitive], bool] = getattr(self, f"_if_{name}")
        return predicate(primitive)

    def _run(self, cell: Cell, primitive: s.Primitive) -> None:
        before = self.state
        for name in cell.actions:
            action: Callable[[s.Primitive], None] = getattr(self, f"_do_{name}")
            action(primitive)
        if cell.next_state is not None and self.state is before:
            self.state = cell.next_state

    # --- the turn ---------------------------------------------------------------------------------------------------

    def _if_two_way(self, _: s.Primitive) -> bool:
        return self.dialogue is s.DialogueMode.TWO_WAY_ALTERNATE

    def _do_give_turn(self, _: s.RTTurnGiveRequest) -> None:
        self._down.append(s.SControlGiveRequest())

    def _do_indicate_turn(self, _: s.SControlGiveIndication) -> None:
        self._up.append(s.RTTurnGiveIndication())

    def _do_ask_for_turn(self, request: s.RTTurnPleaseRequest) -> None:
        value = encode_apdu(RTSEapdus(rttp_apdu=request.priority))
        self._down.append(u.PTokenPleaseRequest(values=(u.PDV(context=self._contexts[MTA_RTSE], value=value),)))

    def _do_indicate_turn_please(self, indication: u.PTokenPleaseIndication) -> None:
        """Without user data the priority is 0 (X.228, RTTP)."""
        own = [pdv.value for pdv in indication.values if pdv.context == self._contexts[MTA_RTSE]]
        priority = decode_apdu(own[0]).rttp_apdu if own else 0
        if priority is None:
            raise ProtocolError("RTSE", "another APDU where RTTP belongs", clause="X.228 7.5")
        self._up.append(s.RTTurnPleaseIndication(priority=priority))

    # --- the end ----------------------------------------------------------------------------------------------------

    def _if_initiates(self, _: s.RTCloseRequest) -> bool:
        return self._initiates

    def _if_responds(self, _: u.AReleaseIndication) -> bool:
        return not self._initiates

    def _do_release(self, _: s.RTCloseRequest) -> None:
        self._down.append(u.AReleaseRequest())

    def _do_confirm_close(self, confirm: u.AReleaseConfirm) -> None:
        self._up.append(s.RTCloseConfirm(user_data=confirm.user_information))

    def _do_answer_release(self, indication: u.AReleaseIndication) -> None:
        self._down.append(u.AReleaseResponse())
        self._up.append(s.RTCloseIndication(user_data=indication.user_information))

    def _do_abort(self, request: s.RTUAbortRequest) -> None:
        self._send_abort(self.form.abort(request.reason, request.user_data))

    def _do_abort_on_report(self, _: s.SPExceptionReportIndication) -> None:
        """The session providers do not agree on what was said, so the association is of no use (p1-stack.md 3.7)."""
        self.fail("the peer's session provider reported a protocol error (ER SPDU)")

    def _do_indicate_abort(self, indication: u.AAbortIndication) -> None:
        layer, text, reason = indication.layer, indication.text, indication.x410_abort_reason
        if indication.user_information:
            try:
                apdu = decode_apdu(indication.user_information)
                reason = apdu.rtab_apdu.abort_reason if apdu.rtab_apdu else reason
                text = text if apdu.rtab_apdu else f"{text}; {apdu.chosen} where RTAB belongs"
            except asn1.BERError as error:
                text = f"{text}; its RTAB cannot be read: {error}"
        if reason is not None:
            name = reason.name.lower().replace("_", " ") if isinstance(reason, s.AbortReason) else f"reason {reason}"
            layer, text = "RTSE", f"the peer aborted: {name}"
        self._up.append(self._abortion(layer, text, reason=reason, ours=indication.ours))
