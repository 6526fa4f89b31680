"""What the parts of the RTSE share: the variables of one association, and the ways in which it ends."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.osi import acse
from gateway.osi import service as s
from gateway.osi import upper_service as u
from gateway.osi.layer import Layer
from gateway.osi.rtse.apdu import ConnectionData, RTABapdu, RTORQapdu, RTSEapdus, encode_apdu
from gateway.osi.rtse.forms import FORMS, Form
from gateway.osi.rtse.tables import WITH_ACTIVITY, State
from gateway.osi.rtse.transfer import Incoming, Outgoing

MTA_RTSE = "2.6.0.2.12"
"""id-as-mta-rtse, the abstract syntax of the RTSE APDUs in the application context mts-transfer (X.419)."""
MTSE = "2.6.0.2.7"
"""id-as-mtse, the abstract syntax of the MTS-APDUs."""
CONTEXTS: Mapping[int, str] = {1: acse.ABSTRACT_SYNTAX, 3: MTA_RTSE, 5: MTSE}
"""The presentation contexts that we propose; both known implementations have the same numbers."""
ABSTRACT_SYNTAXES = frozenset(CONTEXTS.values())


class RTPM(Layer):
    """The reliable-transfer-protocol-machine of X.228, without its procedures.

    Args:
        initiates: We open the association; only who opened it may release it.
        limits: What one transfer may be.

    Attributes:
        form: How things are written in the mode of the association; the stack sets it.
        reference: The name of the association, under which it can be recovered.
        resumption: Our user takes transfers that the peer resumes.
        outgoing, incoming: The transfer that is going on, at most one of them.
    """

    def __init__(self, *, initiates: bool, limits: s.StackLimits) -> None:
        super().__init__()
        self.state = State.UNASSOCIATED
        self.form: Form = FORMS[s.Mode.NORMAL]
        self.checkpoint_size = 0
        self.window_size = 3
        self.session_version = 2
        self.dialogue = s.DialogueMode.MONOLOGUE
        self.reference = s.ConnectionReference()
        self.resumption = False
        self.outgoing: Outgoing | None = None
        self.incoming: Incoming | None = None
        self._initiates = initiates
        self._limits = limits
        self._tokens = s.TokenSide.REQUESTOR
        self._contexts: Mapping[str, int] = {}
        self._proposal = RTORQapdu(connection_data_rq=ConnectionData(open=b""))
        self._application_context = ""

    @property
    def _activity_open(self) -> bool:
        return self.state in WITH_ACTIVITY

    def fail(self, text: str, reason: s.AbortReason = s.AbortReason.PROTOCOL_ERROR) -> None:
        """Give the association up because of the peer: RTAB to it, an abort indication to the user."""
        self._send_abort(self.form.abort(reason, b""))
        self._indicate_end(self._abortion("RTSE", text, reason=reason, ours=True))

    def lose(self, layer: str, text: str, *, ours: bool) -> None:
        """The association is gone without a word of the protocol: TCP or the transport connection has ended."""
        if self.state is State.WAIT_OPEN_CONFIRM or (self.state is State.UNASSOCIATED and self._initiates):
            self._indicate_end(s.RTOpenConfirm(accepted=False, kind=s.RefusalKind.TRANSPORT, text=text))
        elif self.state is not State.CLOSED:
            self._indicate_end(self._abortion(layer, text, ours=ours))

    def _indicate_end(self, event: s.Primitive) -> None:
        self._up.append(event)
        self.state = State.CLOSED

    def _abortion(self, layer: str, text: str, *, reason: int | None = None, ours: bool) -> s.RTAbortIndication:
        """The end, with what it leaves of a transfer: one that was ours may have arrived, any other may be resumed."""
        sending = self.outgoing if self._activity_open else None
        transfer = sending or (self.incoming if self._activity_open else None)
        completed = reason == s.AbortReason.TRANSFER_COMPLETED
        # The peer does not know it any more (unrecognizedActivity), or has it whole.
        hopeless = completed or reason == s.AbortReason.UNRECOGNIZED_ACTIVITY
        return s.RTAbortIndication(
            layer=layer,
            reason=reason,
            text=text,
            ours=ours,
            activity_open=self._activity_open,
            transferred=completed and sending is not None and not ours,
            point=None if transfer is None or hopeless else transfer.point,
        )

    def _send_abort(self, rtab: RTABapdu) -> None:
        context = self._contexts.get(MTA_RTSE)
        information = None if context is None else encode_apdu(RTSEapdus(rtab_apdu=rtab))
        self._down.append(u.AAbortRequest(user_context=context, user_information=information))


def identifiers(contexts: Mapping[int, str]) -> dict[str, int]:
    """The identifier of each abstract syntax."""
    return {syntax: identifier for identifier, syntax in contexts.items()}
