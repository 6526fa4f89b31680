"""RT-TRANSFER at the side that sends: activities, checkpoints, exceptions of the peer, interruption and resumption (X.228 7.3, 7.6, 7.8).

A transfer ends in one `RTTransferConfirm`, or with the association. Either says where it can be resumed: a `TransferPoint`, which
together with the same APDU makes an `RTResumeRequest`, here or on a recovered association. Without a point it is sent again whole.
"""

from __future__ import annotations

from gateway import asn1
from gateway.octets import Octets
from gateway.osi import service as s
from gateway.osi import upper_service as u
from gateway.osi.rtse.protocol_machine import MTA_RTSE, MTSE, RTPM
from gateway.osi.rtse.tables import REMEDIES, AllSent, Remedy, State
from gateway.osi.rtse.transfer import Outgoing, Step


class Sending(RTPM):
    """The procedures of the sender of an activity."""

    def __init__(self, *, initiates: bool, limits: s.StackLimits) -> None:
        super().__init__(initiates=initiates, limits=limits)
        self._activities = 0
        self._exception: int | None = None

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

    # --- predicates -------------------------------------------------------------------------------------------------

    def _if_worth_resuming(self, report: s.SUExceptionReportIndication) -> bool:
        remedy = REMEDIES.get(report.reason, Remedy.DISCARD)
        confirmed = self.outgoing is not None and self.outgoing.confirmed > 0
        return remedy is Remedy.INTERRUPT or (remedy is Remedy.INTERRUPT_IF_CONFIRMED and confirmed)

    def _if_point_fits(self, request: s.RTResumeRequest) -> bool:
        """Where no checkpoint was confirmed there is nothing to resume (p1-stack.md 7.8)."""
        return request.point.serial > 0 and 0 <= request.point.octets <= len(self._enclosed(request.apdu))

    # --- the activity -----------------------------------------------------------------------------------------------

    def _enclosed(self, apdu: Octets) -> Octets:
        return self.form.enclose(apdu, self._contexts[MTSE])

    def _next_activity(self) -> bytes:
        """Identifiers are BER INTEGERs from 1 (p1-stack.md 7.4)."""
        self._activities += 1
        return asn1.encode(self._activities, asn1.Integer())

    def _begin(self, apdu: Octets, start: s.TransferPoint, *, reports: bool) -> None:
        self.outgoing = Outgoing(
            self._enclosed(apdu), self.checkpoint_size, self.window_size, start=start, form=self.form, reports=reports
        )

    def _do_start_activity(self, request: s.RTTransferRequest) -> None:
        activity = self._next_activity()
        start = s.TransferPoint(activity=activity, association=self.reference, serial=0, octets=0)
        self._begin(request.apdu, start, reports=request.checkpoints)
        self._down.append(s.SActivityStartRequest(activity=activity))

    def _do_resume_activity(self, request: s.RTResumeRequest) -> None:
        """The references of the old association are left out when it is this one (X.225 8.3.29.4)."""
        point = request.point
        self._begin(request.apdu, point, reports=request.checkpoints)
        old = point.association if point.association != self.reference else s.ConnectionReference()
        linking = s.LinkingInformation(
            activity=point.activity, serial=point.serial, calling=old.user, common=old.common, additional=old.additional
        )
        self._down.append(s.SActivityResumeRequest(activity=self._next_activity(), linking=linking))

    def _do_end_activity(self, _: AllSent) -> None:
        self._down.append(s.SActivityEndRequest())

    def _do_advance_window(self, confirm: s.SSyncMinorConfirm) -> None:
        assert self.outgoing is not None
        self.outgoing.confirm(confirm.serial)
        if self.outgoing.reports and self.outgoing.point is not None:
            self._up.append(s.RTCheckpointConfirm(point=self.outgoing.point))

    def _do_confirm_transfer(self, _: s.SActivityEndConfirm) -> None:
        self.outgoing = None
        self._up.append(s.RTTransferConfirm(transferred=True))

    # --- when it cannot go on ---------------------------------------------------------------------------------------

    def _do_interrupt_activity(self, report: s.SUExceptionReportIndication) -> None:
        self._exception = report.reason
        self._down.append(s.SActivityInterruptRequest(reason=_reason_to_echo(report.reason)))

    def _do_discard_activity(self, report: s.SUExceptionReportIndication) -> None:
        self._exception = report.reason
        self._down.append(s.SActivityDiscardRequest(reason=_reason_to_echo(report.reason)))

    def _do_interrupt_for_user(self, _: s.RTInterruptRequest) -> None:
        self._exception = None
        self._down.append(s.SActivityInterruptRequest(reason=s.ExceptionReason.LOCAL_USER_ERROR))

    def _do_discard_for_user(self, _: s.RTDiscardRequest) -> None:
        self._exception = None
        self._down.append(s.SActivityDiscardRequest(reason=s.ExceptionReason.LOCAL_USER_ERROR))

    def _do_confirm_interrupt(self, _: s.SActivityInterruptConfirm) -> None:
        self._confirm_stop(None if self.outgoing is None else self.outgoing.point)

    def _do_confirm_discard(self, _: s.SActivityDiscardConfirm) -> None:
        self._confirm_stop(None)

    def _confirm_stop(self, point: s.TransferPoint | None) -> None:
        reason, self._exception, self.outgoing = self._exception, None, None
        remedy = None if reason is None else REMEDIES.get(reason, Remedy.DISCARD)
        text = "stopped by our side" if remedy is None else f"the peer reported exception {reason}: {remedy.value}"
        transferred = remedy is Remedy.DISCARD_AS_TRANSFERRED
        self._up.append(s.RTTransferConfirm(transferred=transferred, reason=reason, text=text, point=point))


def _reason_to_echo(reason: int) -> int:
    """The reason of AI or AD that answers a report; the demand for the data token is no reason for them (X.225 8.3.32)."""
    return s.ExceptionReason.NON_SPECIFIC if reason == s.ExceptionReason.DEMAND_DATA_TOKEN else reason
