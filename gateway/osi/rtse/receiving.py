"""RT-TRANSFER at the side that receives: activities, checkpoints, exceptions of ours, interruption and resumption (X.228 7.3, 7.6, 7.8).

The user keeps what arrives. It may keep it beyond the association under the activity's identifier and the association's reference,
up to the last checkpoint that it confirmed with the octets that `RTCheckpointIndication` named; an `RTResumeIndication` then asks for it.
"""

from __future__ import annotations

from gateway.errors import ProtocolError
from gateway.osi import service as s
from gateway.osi import upper_service as u
from gateway.osi.rtse.protocol_machine import MTA_RTSE, RTPM
from gateway.osi.rtse.transfer import Incoming


class Receiving(RTPM):
    """The procedures of the receiver of an activity."""

    def __init__(self, *, initiates: bool, limits: s.StackLimits) -> None:
        super().__init__(initiates=initiates, limits=limits)
        self._resuming: s.RTResumeIndication | None = None

    # --- predicates -------------------------------------------------------------------------------------------------

    def _if_within_limit(self, indication: u.PDataIndication) -> bool:
        return self.incoming is not None and self.incoming.fits(len(indication.data))

    def _if_checkpoint_is_known(self, response: s.RTCheckpointResponse) -> bool:
        return self.incoming is not None and self.incoming.confirmed < response.serial <= self.incoming.serial

    def _if_takes_resumption(self, _: s.SActivityResumeIndication) -> bool:
        return self.resumption

    def _if_resumption_fits(self, response: s.RTResumeResponse) -> bool:
        return 0 <= response.octets <= self._limits.apdu

    # --- the activity -----------------------------------------------------------------------------------------------

    def _do_start_receiving(self, indication: s.SActivityStartIndication) -> None:
        start = s.TransferPoint(activity=indication.activity, association=self.reference, serial=0, octets=0)
        self.incoming = Incoming(indication.activity, self._limits.apdu, start=start, form=self.form)
        self._up.append(s.RTTransferStart(activity=indication.activity))

    def _do_refuse_resumption(self, _: s.SActivityResumeIndication) -> None:
        self._down.append(s.SUExceptionReportRequest(reason=s.ExceptionReason.IRRECOVERABLE))

    def _do_indicate_resumption(self, indication: s.SActivityResumeIndication) -> None:
        old = indication.linking
        named = bool(old.calling or old.called or old.common)
        association = s.ConnectionReference(user=old.calling or old.called, common=old.common, additional=old.additional)
        self._resuming = s.RTResumeIndication(
            activity=indication.activity,
            started_as=old.activity,
            association=association if named else self.reference,
            serial=old.serial,
        )
        self._up.append(self._resuming)

    def _do_accept_resumption(self, response: s.RTResumeResponse) -> None:
        asked, self._resuming = self._resuming, None
        assert asked is not None, "the state says so"
        start = s.TransferPoint(
            activity=asked.started_as, association=asked.association, serial=asked.serial, octets=response.octets
        )
        self.incoming = Incoming(asked.activity, self._limits.apdu, start=start, form=self.form)

    def _do_take_data(self, indication: u.PDataIndication) -> None:
        if indication.context != self._contexts[MTA_RTSE]:
            raise ProtocolError("RTSE", f"data in context {indication.context}, which is not that of the RTSE", clause="X.228 8.5")
        assert self.incoming is not None
        taken = self.incoming.take(indication.data, end=indication.end)
        for at in range(0, len(taken), self._limits.event):
            self._up.append(s.RTTransferData(data=taken[at : at + self._limits.event]))

    def _do_indicate_checkpoint(self, indication: s.SSyncMinorIndication) -> None:
        assert self.incoming is not None
        if indication.confirm:
            self.incoming.mark(indication.serial)
        self._up.append(
            s.RTCheckpointIndication(serial=indication.serial, confirm=indication.confirm, octets=self.incoming.received)
        )

    def _do_confirm_checkpoint(self, response: s.RTCheckpointResponse) -> None:
        assert self.incoming is not None
        self.incoming.confirm(response.serial)
        self._down.append(s.SSyncMinorResponse(serial=response.serial))

    def _do_indicate_transfer(self, _: s.SActivityEndIndication) -> None:
        assert self.incoming is not None
        self._up.append(s.RTTransferIndication(activity=self.incoming.activity))

    def _do_secure_transfer(self, _: s.RTTransferResponse) -> None:
        self.incoming = None
        self._down.append(s.SActivityEndResponse())

    # --- when it cannot go on ---------------------------------------------------------------------------------------

    def _do_refuse_size(self, _: u.PDataIndication) -> None:
        self._down.append(s.SUExceptionReportRequest(reason=s.ExceptionReason.IRRECOVERABLE))

    def _do_report_exception(self, request: s.RTExceptionRequest) -> None:
        self._down.append(s.SUExceptionReportRequest(reason=request.reason))

    def _do_indicate_discard(self, indication: s.SActivityDiscardIndication) -> None:
        self.incoming = None
        self._down.append(s.SActivityDiscardResponse())
        self._up.append(s.RTTransferDiscarded(reason=indication.reason))

    def _do_indicate_interrupt(self, indication: s.SActivityInterruptIndication) -> None:
        point = None if self.incoming is None else self.incoming.point
        self.incoming = None
        self._down.append(s.SActivityInterruptResponse())
        self._up.append(s.RTTransferInterrupted(reason=indication.reason, point=point))

    def _do_abort_completed(self, _: s.Primitive) -> None:
        self.fail("the peer discards an activity that we had secured already", s.AbortReason.TRANSFER_COMPLETED)
