"""The RTSE, X.228: runs the tables of `gateway.osi.rtse.tables`.

Above it is the user of the whole stack with the RT- primitives, below it ACSE for opening, releasing and aborting, and the
presentation service for activities. It asks for nothing and keeps nothing but the state of one activity: octets of a transfer go up
as they arrive, and are pulled with `more` while there is room below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateway import asn1
from gateway.errors import ProtocolError
from gateway.osi import acse
from gateway.osi import service as s
from gateway.osi import upper_service as u
from gateway.osi.framing import FramingError
from gateway.osi.layer import Layer
from gateway.osi.rtse.apdu import (
    ConnectionData,
    RTABapdu,
    RTOACapdu,
    RTORQapdu,
    RTSEapdus,
    decode_apdu,
    encode_apdu,
    identifier_from_reference,
    reference_from_identifier,
)
from gateway.osi.rtse.external import wrap
from gateway.osi.rtse.refusal import classify, refusal
from gateway.osi.rtse.tables import PAUSING, REMEDIES, TABLE, WITH_ACTIVITY, AllSent, Cell, Remedy, State
from gateway.osi.rtse.transfer import Incoming, Outgoing, Step

MTA_RTSE = "2.6.0.2.12"
"""id-as-mta-rtse, the abstract syntax of the RTSE APDUs in the application context mts-transfer (X.419)."""
MTSE = "2.6.0.2.7"
"""id-as-mtse, the abstract syntax of the MTS-APDUs."""
CONTEXTS: Mapping[int, str] = {1: acse.ABSTRACT_SYNTAX, 3: MTA_RTSE, 5: MTSE}
"""The presentation contexts that we propose; both known implementations have the same numbers."""
ABSTRACT_SYNTAXES = frozenset(CONTEXTS.values())
REQUIREMENTS = 0x0249
"""Half duplex, minor synchronize, activity management, exceptions (X.228 8.4)."""


class RTSE(Layer):
    """One association.

    Args:
        initiates: We open the association; only who opened it may release it.
        limits: What one transfer may be.
    """

    def __init__(self, *, initiates: bool, limits: s.StackLimits) -> None:
        super().__init__()
        self.state = State.UNASSOCIATED
        self.checkpoint_size = 0
        self.window_size = 3
        self.session_version = 2
        self.dialogue = s.DialogueMode.MONOLOGUE
        self.outgoing: Outgoing | None = None
        self.incoming: Incoming | None = None
        self._initiates = initiates
        self._limits = limits
        self._tokens = s.TokenSide.REQUESTOR
        self._contexts: Mapping[str, int] = {}
        self._proposal = RTORQapdu(connection_data_rq=ConnectionData(open=b""))
        self._application_context = ""
        self._activities = 0
        self._exception: int | None = None

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

    def more(self) -> bool:
        """Queue the next piece of the activity that we send; False when there is none or the window is full."""
        if self.state is not State.SENDING or self.outgoing is None:
            return False
        step = self.outgoing.step()
        if step is Step.WAIT:
            return False
        if step is Step.CHECKPOINT:
            self._down.append(s.SSyncMinorRequest())
        elif step is Step.END:
            self.request(AllSent())
        else:
            assert not isinstance(step, Step)
            self._down.append(u.PDataRequest(context=self._contexts[MTA_RTSE], value=step))
        return True

    def fail(self, text: str, reason: s.AbortReason = s.AbortReason.PROTOCOL_ERROR) -> None:
        """Give the association up because of the peer: RTAB to it, an abort indication to the user."""
        self._send_abort(RTABapdu(abort_reason=reason))
        self._indicate_end(s.RTAbortIndication(layer="RTSE", reason=reason, text=text, ours=True, activity_open=self._activity_open))

    def lose(self, layer: str, text: str, *, ours: bool) -> None:
        """The association is gone without a word of the protocol: TCP or the transport connection has ended."""
        if self.state is State.WAIT_OPEN_CONFIRM or (self.state is State.UNASSOCIATED and self._initiates):
            self._indicate_end(s.RTOpenConfirm(accepted=False, kind=s.RefusalKind.TRANSPORT, text=text))
        elif self.state is not State.CLOSED:
            self._indicate_end(s.RTAbortIndication(layer=layer, text=text, ours=ours, activity_open=self._activity_open))

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

    def _indicate_end(self, event: s.Primitive) -> None:
        self._up.append(event)
        self.state = State.CLOSED

    @property
    def _activity_open(self) -> bool:
        return self.state in WITH_ACTIVITY

    # --- predicates -------------------------------------------------------------------------------------------------

    @property
    def _our_turn_at_start(self) -> bool:
        return (self._tokens is not s.TokenSide.ACCEPTOR) is self._initiates

    def _if_normal_mode(self, request: s.RTOpenRequest) -> bool:
        return request.mode is s.Mode.NORMAL

    def _if_association_fits(self, indication: u.AAssociateIndication) -> bool:
        return self._misfit(indication) == ""

    def _if_not_recovering_with_turn(self, _: s.RTOpenResponse) -> bool:
        return self._proposal.connection_data_rq.recover is None and self._our_turn_at_start

    def _if_not_recovering_without_turn(self, _: s.RTOpenResponse) -> bool:
        return self._proposal.connection_data_rq.recover is None and not self._our_turn_at_start

    def _if_refused(self, confirm: u.AAssociateConfirm) -> bool:
        return not confirm.accepted

    def _if_accepted_with_turn(self, confirm: u.AAssociateConfirm) -> bool:
        return confirm.lower.tokens is s.TokenSide.REQUESTOR

    def _if_accepted_without_turn(self, confirm: u.AAssociateConfirm) -> bool:
        return confirm.lower.tokens is not s.TokenSide.REQUESTOR

    def _if_worth_resuming(self, report: s.SUExceptionReportIndication) -> bool:
        remedy = REMEDIES.get(report.reason, Remedy.DISCARD)
        confirmed = self.outgoing is not None and self.outgoing.confirmed > 0
        return remedy is Remedy.INTERRUPT or (remedy is Remedy.INTERRUPT_IF_CONFIRMED and confirmed)

    def _if_within_limit(self, indication: u.PDataIndication) -> bool:
        return self.incoming is not None and self.incoming.fits(len(indication.data))

    def _if_checkpoint_is_known(self, response: s.RTCheckpointResponse) -> bool:
        return self.incoming is not None and self.incoming.confirmed < response.serial <= self.incoming.serial

    def _if_two_way(self, _: s.Primitive) -> bool:
        return self.dialogue is s.DialogueMode.TWO_WAY_ALTERNATE

    def _if_initiates(self, _: s.RTCloseRequest) -> bool:
        return self._initiates

    def _if_responds(self, _: u.AReleaseIndication) -> bool:
        return not self._initiates

    # --- opening ----------------------------------------------------------------------------------------------------

    def _do_send_open(self, request: s.RTOpenRequest) -> None:
        recover = identifier_from_reference(request.recover) if request.recover else None
        data = ConnectionData(recover=recover) if recover else ConnectionData(open=request.user_data)
        self._proposal = RTORQapdu(
            checkpoint_size=request.checkpoint_size,
            window_size=request.window_size,
            dialogue_mode=request.dialogue,
            connection_data_rq=data,
        )
        self.dialogue = request.dialogue
        self._tokens = request.initial_turn
        self._application_context = request.application_context
        self._down.append(
            u.AAssociateRequest(
                calling=request.calling,
                called=request.called,
                contexts=CONTEXTS,
                application_context=request.application_context,
                user_context=_identifiers(CONTEXTS)[MTA_RTSE],
                user_information=encode_apdu(RTSEapdus(rtorq_apdu=self._proposal), user_data=data.open != b""),
                reference=request.reference,
                versions=request.session_versions,
                tokens=request.initial_turn,
            )
        )

    def _misfit(self, indication: u.AAssociateIndication) -> str:
        """Why an association cannot be, the empty text when it can."""
        missing = sorted(ABSTRACT_SYNTAXES - set(indication.contexts.values()))
        if missing:
            return f"no presentation context for the abstract syntax {', '.join(missing)}"
        if indication.requirements & REQUIREMENTS != REQUIREMENTS:
            return f"session requirements {indication.requirements:04x} without all of {REQUIREMENTS:04x}"
        try:
            apdu = decode_apdu(indication.user_information or b"")
        except asn1.BERError as error:
            return f"RTORQ: {error}"
        return "" if apdu.rtorq_apdu is not None else f"{apdu.chosen} where RTORQ belongs"

    def _do_refuse_unfit(self, indication: u.AAssociateIndication) -> None:
        kind = s.RefusalKind.NOT_SPECIFIED
        if not set(indication.contexts.values()) >= ABSTRACT_SYNTAXES:
            kind = s.RefusalKind.CONTEXT
        elif indication.requirements & REQUIREMENTS == REQUIREMENTS:
            kind = s.RefusalKind.UNREADABLE
        self._down.append(refusal(s.RTOpenReject(kind=kind), None))
        self._up.append(s.RTAbortIndication(layer="RTSE", text=f"refused: {self._misfit(indication)}", ours=True))

    def _do_indicate_open(self, indication: u.AAssociateIndication) -> None:
        apdu = decode_apdu(indication.user_information or b"").rtorq_apdu
        assert apdu is not None, "the predicate has looked"
        self._proposal = apdu
        self._contexts = _identifiers(indication.contexts)
        self._tokens = indication.tokens
        self.dialogue = s.DialogueMode(bool(apdu.dialogue_mode))
        self.session_version = indication.version
        recover = apdu.connection_data_rq.recover
        self._up.append(
            s.RTOpenIndication(
                mode=s.Mode.NORMAL,
                calling=indication.calling,
                called=indication.called,
                user_data=apdu.connection_data_rq.open or b"",
                checkpoint_size=apdu.checkpoint_size,
                window_size=apdu.window_size,
                dialogue=self.dialogue,
                initial_turn=indication.tokens,
                application_context=indication.application_context,
                application_protocol=apdu.application_protocol,
                session_version=indication.version,
                reference=indication.reference,
                recover=reference_from_identifier(recover) if recover else None,
            )
        )

    def _do_accept_open(self, response: s.RTOpenResponse) -> None:
        self.checkpoint_size = max(0, min(self._proposal.checkpoint_size, response.checkpoint_size))
        self.window_size = max(0, min(self._proposal.window_size, response.window_size))
        apdu = RTOACapdu(
            checkpoint_size=self.checkpoint_size,
            window_size=self.window_size,
            connection_data_ac=ConnectionData(open=response.user_data),
        )
        information = encode_apdu(RTSEapdus(rtoac_apdu=apdu), user_data=response.user_data != b"")
        self._down.append(u.AAssociateResponse(user_context=self._contexts[MTA_RTSE], user_information=information))

    def _do_refuse_open(self, reject: s.RTOpenReject) -> None:
        self._down.append(refusal(reject, self._contexts[MTA_RTSE]))

    def _do_confirm_refusal(self, confirm: u.AAssociateConfirm) -> None:
        recovering = self._proposal.connection_data_rq.recover is not None
        self._up.append(classify(confirm, ABSTRACT_SYNTAXES, recovering=recovering))

    def _do_confirm_open(self, confirm: u.AAssociateConfirm) -> None:
        lower = confirm.lower
        self._contexts = _identifiers(lower.contexts)
        missing = sorted(ABSTRACT_SYNTAXES - self._contexts.keys())
        if missing:
            raise ProtocolError("RTSE", f"the peer does not support the abstract syntax {', '.join(missing)}", clause="X.419 6.2")
        if confirm.application_context != self._application_context:
            raise ProtocolError("RTSE", f"the peer answers with application context {confirm.application_context}", clause="X.227 7.1")
        if lower.requirements != REQUIREMENTS:
            raise ProtocolError("RTSE", f"session requirements {lower.requirements:04x} instead of {REQUIREMENTS:04x}", clause="X.228 8.4")
        apdu = decode_apdu(confirm.user_information or b"").rtoac_apdu
        if apdu is None:
            raise ProtocolError("RTSE", "no RTOAC in the answer", clause="X.228 7.1")
        self._agree(apdu)
        self.session_version = lower.version
        self._up.append(
            s.RTOpenConfirm(
                accepted=True,
                user_data=apdu.connection_data_ac.open or b"",
                checkpoint_size=self.checkpoint_size,
                window_size=self.window_size,
                our_turn=lower.tokens is s.TokenSide.REQUESTOR,
                session_version=lower.version,
                responding=lower.responding,
            )
        )

    def _agree(self, apdu: RTOACapdu) -> None:
        """Take the answered sizes; an answer above the proposal is cut to it, unless 0 left the choice to the responder."""
        proposed = self._proposal.checkpoint_size
        self.checkpoint_size = max(0, min(proposed, apdu.checkpoint_size) if proposed else apdu.checkpoint_size)
        self.window_size = max(0, min(self._proposal.window_size, apdu.window_size))

    # --- sending ----------------------------------------------------------------------------------------------------

    def _do_start_activity(self, request: s.RTTransferRequest) -> None:
        self._activities += 1
        self.outgoing = Outgoing(wrap(request.apdu, self._contexts[MTSE]), self.checkpoint_size, self.window_size)
        self._down.append(s.SActivityStartRequest(activity=asn1.encode(self._activities, asn1.Integer())))

    def _do_end_activity(self, _: AllSent) -> None:
        self._down.append(s.SActivityEndRequest())

    def _do_advance_window(self, confirm: s.SSyncMinorConfirm) -> None:
        assert self.outgoing is not None
        self.outgoing.confirm(confirm.serial)

    def _do_confirm_transfer(self, _: s.SActivityEndConfirm) -> None:
        self.outgoing = None
        self._up.append(s.RTTransferConfirm(transferred=True))

    def _do_interrupt_activity(self, report: s.SUExceptionReportIndication) -> None:
        self._exception = report.reason
        self._down.append(s.SActivityInterruptRequest(reason=_reason_to_echo(report.reason)))

    def _do_discard_activity(self, report: s.SUExceptionReportIndication) -> None:
        self._exception = report.reason
        self._down.append(s.SActivityDiscardRequest(reason=_reason_to_echo(report.reason)))

    def _do_confirm_exception(self, _: s.Primitive) -> None:
        reason, self._exception, self.outgoing = self._exception or 0, None, None
        remedy = REMEDIES.get(reason, Remedy.DISCARD)
        self._up.append(
            s.RTTransferConfirm(
                transferred=remedy is Remedy.DISCARD_AS_TRANSFERRED,
                reason=reason,
                text=f"the peer reported exception {reason}: {remedy.value}",
            )
        )

    # --- receiving --------------------------------------------------------------------------------------------------

    def _do_start_receiving(self, indication: s.SActivityStartIndication) -> None:
        self.incoming = Incoming(indication.activity, self._limits.apdu)
        self._up.append(s.RTTransferStart(activity=indication.activity))

    def _do_refuse_resumption(self, _: s.SActivityResumeIndication) -> None:
        self._down.append(s.SUExceptionReportRequest(reason=s.ExceptionReason.IRRECOVERABLE))

    def _do_take_data(self, indication: u.PDataIndication) -> None:
        if indication.context != self._contexts[MTA_RTSE]:
            raise ProtocolError("RTSE", f"data in context {indication.context}, which is not that of the RTSE", clause="X.228 8.5")
        assert self.incoming is not None
        taken = self.incoming.take(indication.data, end=indication.end)
        for at in range(0, len(taken), self._limits.event):
            self._up.append(s.RTTransferData(data=taken[at : at + self._limits.event]))

    def _do_refuse_size(self, _: u.PDataIndication) -> None:
        self._down.append(s.SUExceptionReportRequest(reason=s.ExceptionReason.IRRECOVERABLE))

    def _do_indicate_checkpoint(self, indication: s.SSyncMinorIndication) -> None:
        assert self.incoming is not None
        if indication.confirm:
            self.incoming.serial = indication.serial
        self._up.append(s.RTCheckpointIndication(serial=indication.serial, confirm=indication.confirm))

    def _do_confirm_checkpoint(self, response: s.RTCheckpointResponse) -> None:
        assert self.incoming is not None
        self.incoming.confirmed = response.serial
        self._down.append(s.SSyncMinorResponse(serial=response.serial))

    def _do_indicate_transfer(self, _: s.SActivityEndIndication) -> None:
        assert self.incoming is not None
        self._up.append(s.RTTransferIndication(activity=self.incoming.activity))

    def _do_secure_transfer(self, _: s.RTTransferResponse) -> None:
        self.incoming = None
        self._down.append(s.SActivityEndResponse())

    def _do_report_exception(self, request: s.RTExceptionRequest) -> None:
        self._down.append(s.SUExceptionReportRequest(reason=request.reason))

    def _do_indicate_discard(self, indication: s.SActivityDiscardIndication) -> None:
        self.incoming = None
        self._down.append(s.SActivityDiscardResponse())
        self._up.append(s.RTTransferDiscarded(reason=indication.reason))

    def _do_indicate_interrupt(self, indication: s.SActivityInterruptIndication) -> None:
        self.incoming = None
        self._down.append(s.SActivityInterruptResponse())
        self._up.append(s.RTTransferInterrupted(reason=indication.reason))

    def _do_abort_completed(self, _: s.Primitive) -> None:
        self.fail("the peer discards an activity that we had secured already", s.AbortReason.TRANSFER_COMPLETED)

    # --- the turn ---------------------------------------------------------------------------------------------------

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

    def _do_release(self, _: s.RTCloseRequest) -> None:
        self._down.append(u.AReleaseRequest())

    def _do_confirm_close(self, confirm: u.AReleaseConfirm) -> None:
        self._up.append(s.RTCloseConfirm(user_data=confirm.user_information))

    def _do_answer_release(self, indication: u.AReleaseIndication) -> None:
        self._down.append(u.AReleaseResponse())
        self._up.append(s.RTCloseIndication(user_data=indication.user_information))

    def _do_abort(self, request: s.RTUAbortRequest) -> None:
        user_data = request.user_data or None
        self._send_abort(RTABapdu(abort_reason=request.reason, user_data_ab=user_data))

    def _send_abort(self, rtab: RTABapdu) -> None:
        context = self._contexts.get(MTA_RTSE)
        information = None if context is None else encode_apdu(RTSEapdus(rtab_apdu=rtab))
        self._down.append(u.AAbortRequest(user_context=context, user_information=information))

    def _do_indicate_abort(self, indication: u.AAbortIndication) -> None:
        layer, text, reason = indication.layer, indication.text, indication.x410_abort_reason
        if indication.user_information:
            try:
                rtab = decode_apdu(indication.user_information).rtab_apdu
                reason = rtab.abort_reason if rtab else reason
            except asn1.BERError as error:
                text = f"{text}; its RTAB cannot be read: {error}"
        if reason is not None:
            name = reason.name.lower().replace("_", " ") if isinstance(reason, s.AbortReason) else f"reason {reason}"
            layer, text = "RTSE", f"the peer aborted: {name}"
        self._up.append(
            s.RTAbortIndication(layer=layer, reason=reason, text=text, ours=indication.ours, activity_open=self._activity_open)
        )


def _identifiers(contexts: Mapping[int, str]) -> dict[str, int]:
    return {syntax: identifier for identifier, syntax in contexts.items()}


def _reason_to_echo(reason: int) -> int:
    """The reason of AI or AD that answers a report; the demand for the data token is no reason for them (X.225 8.3.32)."""
    return s.ExceptionReason.NON_SPECIFIC if reason == s.ExceptionReason.DEMAND_DATA_TOKEN else reason
