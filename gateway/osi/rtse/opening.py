"""RT-OPEN of the RTSE: a new association, or the recovery of one that broke off (X.228 7.1, p1-stack.md 7.8)."""

from __future__ import annotations

from gateway import asn1
from gateway.errors import ProtocolError
from gateway.osi import service as s
from gateway.osi import upper_service as u
from gateway.osi.rtse.apdu import (
    ConnectionData,
    RTOACapdu,
    RTORQapdu,
    RTSEapdus,
    decode_apdu,
    encode_apdu,
    identifier_from_reference,
    reference_from_identifier,
    same_association,
)
from gateway.osi.rtse.forms import PROTOCOLS
from gateway.osi.rtse.protocol_machine import ABSTRACT_SYNTAXES, CONTEXTS, MTA_RTSE, RTPM, identifiers
from gateway.osi.rtse.refusal import classify, refusal
from gateway.osi.service import Mode

UNITS = {0x0001: "half duplex", 0x0008: "minor synchronize", 0x0040: "activity management", 0x0200: "exceptions"}
"""The session functional units that the RTSE needs (X.228 8.4)."""
REQUIREMENTS = sum(UNITS)
_REFUSED_BY_SPM = 133  # X.225 8.3.5.9: refused by the SPM, reason not specified


class Opening(RTPM):
    """The procedures of opening an association."""

    # --- predicates -------------------------------------------------------------------------------------------------

    @property
    def _our_turn_at_start(self) -> bool:
        return (self._tokens is not s.TokenSide.ACCEPTOR) is self._initiates

    def _if_association_fits(self, indication: u.AAssociateIndication) -> bool:
        return self._misfit(indication) == ""

    def _answers_proposal(self, response: s.RTOpenResponse) -> bool:
        """A recovery is accepted only by a user who knows that it is one: it replaces the password."""
        return response.recovered is (self._proposal.connection_data_rq.recover is not None)

    def _if_answer_fits_with_turn(self, response: s.RTOpenResponse) -> bool:
        return self._answers_proposal(response) and self._our_turn_at_start

    def _if_answer_fits_without_turn(self, response: s.RTOpenResponse) -> bool:
        return self._answers_proposal(response) and not self._our_turn_at_start

    def _if_refused(self, confirm: u.AAssociateConfirm) -> bool:
        return not confirm.accepted

    def _if_accepted_with_turn(self, confirm: u.AAssociateConfirm) -> bool:
        return confirm.lower.tokens is s.TokenSide.REQUESTOR

    def _if_accepted_without_turn(self, confirm: u.AAssociateConfirm) -> bool:
        return confirm.lower.tokens is not s.TokenSide.REQUESTOR

    # --- as initiator -----------------------------------------------------------------------------------------------

    def _do_send_open(self, request: s.RTOpenRequest) -> None:
        recover = identifier_from_reference(request.recover) if request.recover else None
        data = ConnectionData(recover=recover) if recover else ConnectionData(open=request.user_data)
        self._proposal = RTORQapdu(
            checkpoint_size=request.checkpoint_size,
            window_size=request.window_size,
            dialogue_mode=request.dialogue,
            connection_data_rq=data,
            application_protocol=request.application_protocol if self.form.mode is Mode.X410_1984 else None,
        )
        self.dialogue = request.dialogue
        self.reference = request.reference
        self.resumption = request.resumption
        self._tokens = request.initial_turn
        self._application_context = request.application_context
        self._down.append(
            u.AAssociateRequest(
                calling=request.calling,
                called=request.called,
                contexts=CONTEXTS,
                application_context=request.application_context,
                user_context=identifiers(CONTEXTS)[MTA_RTSE],
                user_information=encode_apdu(RTSEapdus(rtorq_apdu=self._proposal), user_data=data.open != b""),
                reference=request.reference,
                versions=request.session_versions,
                tokens=request.initial_turn,
            )
        )

    def _do_confirm_refusal(self, confirm: u.AAssociateConfirm) -> None:
        recovering = self._proposal.connection_data_rq.recover is not None
        self._up.append(classify(confirm, ABSTRACT_SYNTAXES, recovering=recovering))

    def _do_confirm_open(self, confirm: u.AAssociateConfirm) -> None:
        lower = confirm.lower
        self._contexts = identifiers(lower.contexts)
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
        self._check_recovery(apdu.connection_data_ac)
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
                recovered=apdu.connection_data_ac.recover is not None,
            )
        )

    def _check_recovery(self, answered: ConnectionData) -> None:
        """A recovery is answered with the same reference, a bind with a bind result."""
        asked = self._proposal.connection_data_rq.recover
        if (asked is None) is not (answered.recover is None):
            raise ProtocolError("RTSE", "the peer answers a bind with a recovery, or a recovery with a bind", clause="X.228 7.1")
        if asked is not None and answered.recover is not None and not same_association(asked, answered.recover):
            raise ProtocolError("RTSE", "the peer recovers another association than the one asked for", clause="X.228 7.1")

    def _agree(self, apdu: RTOACapdu) -> None:
        """Take the answered sizes; an answer above the proposal is cut to it, unless 0 left the choice to the responder."""
        proposed = self._proposal.checkpoint_size
        self.checkpoint_size = max(0, min(proposed, apdu.checkpoint_size) if proposed else apdu.checkpoint_size)
        self.window_size = max(0, min(self._proposal.window_size, apdu.window_size))

    # --- as responder -----------------------------------------------------------------------------------------------

    def _misfit(self, indication: u.AAssociateIndication) -> str:
        """Why an association cannot be, the empty text when it can."""
        missing = sorted(ABSTRACT_SYNTAXES - set(indication.contexts.values()))
        if missing:
            return f"no presentation context for the abstract syntax {', '.join(missing)}"
        if units := _missing_units(indication):
            return f"session requirements {indication.requirements:04x} without {units}"
        try:
            apdu = decode_apdu(indication.user_information or b"")
        except asn1.BERError as error:
            return f"RTORQ: {error}"
        if apdu.rtorq_apdu is None:
            return f"{apdu.chosen} where RTORQ belongs"
        if self.form.mode is Mode.X410_1984 and apdu.rtorq_apdu.application_protocol not in PROTOCOLS:
            return f"application protocol {apdu.rtorq_apdu.application_protocol} is not one of P1"
        return ""

    def _do_refuse_unfit(self, indication: u.AAssociateIndication) -> None:
        self._down.append(self._unfit(indication))
        self._up.append(s.RTAbortIndication(layer="RTSE", text=f"refused: {self._misfit(indication)}", ours=True))

    def _unfit(self, indication: u.AAssociateIndication) -> s.Primitive:
        if not set(indication.contexts.values()) >= ABSTRACT_SYNTAXES:
            kind = s.RefusalKind.CONTEXT
        elif _missing_units(indication):
            return s.SConnectReject(reason=_REFUSED_BY_SPM)
        else:
            kind = s.RefusalKind.UNREADABLE
        return refusal(s.RTOpenReject(kind=kind), None, self.form.mode)

    def _do_indicate_open(self, indication: u.AAssociateIndication) -> None:
        apdu = decode_apdu(indication.user_information or b"").rtorq_apdu
        assert apdu is not None, "the predicate has looked"
        self._proposal = apdu
        self._contexts = identifiers(indication.contexts)
        self._tokens = indication.tokens
        self.dialogue = s.DialogueMode(bool(apdu.dialogue_mode))
        self.session_version = indication.version
        self.reference = indication.reference
        recover = apdu.connection_data_rq.recover
        protocol = apdu.application_protocol
        self._up.append(
            s.RTOpenIndication(
                mode=self.form.mode,
                calling=indication.calling,
                called=indication.called,
                user_data=apdu.connection_data_rq.open or b"",
                checkpoint_size=apdu.checkpoint_size,
                window_size=apdu.window_size,
                dialogue=self.dialogue,
                initial_turn=indication.tokens,
                application_context=indication.application_context,
                application_protocol=PROTOCOLS[protocol] if self.form.mode is Mode.X410_1984 else protocol,
                session_version=indication.version,
                reference=indication.reference,
                recover=reference_from_identifier(recover) if recover else None,
            )
        )

    def _do_accept_open(self, response: s.RTOpenResponse) -> None:
        self.checkpoint_size = max(0, min(self._proposal.checkpoint_size, response.checkpoint_size))
        self.window_size = max(0, min(self._proposal.window_size, response.window_size))
        self.resumption = response.resumption
        recover = self._proposal.connection_data_rq.recover
        apdu = RTOACapdu(
            checkpoint_size=self.checkpoint_size,
            window_size=self.window_size,
            connection_data_ac=ConnectionData(recover=recover) if recover else ConnectionData(open=response.user_data),
        )
        information = encode_apdu(RTSEapdus(rtoac_apdu=apdu), user_data=recover is not None or response.user_data != b"")
        self._down.append(u.AAssociateResponse(user_context=self._contexts[MTA_RTSE], user_information=information))

    def _do_refuse_open(self, reject: s.RTOpenReject) -> None:
        self._down.append(refusal(reject, self._contexts[MTA_RTSE], self.form.mode))


def _missing_units(indication: u.AAssociateIndication) -> str:
    """The functional units that a proposal lacks, by name."""
    return " and ".join(name for bit, name in UNITS.items() if not indication.requirements & bit)
