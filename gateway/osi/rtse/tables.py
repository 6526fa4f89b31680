"""The states of the RTSE as data: ``(state, event) -> cells``, one table for each part of an association's life.

An event is the type of a primitive, from above or from below. Of the cells of one event the first is taken whose predicate holds;
actions and predicates are names of methods of `gateway.osi.rtse.machine.RTSE`. An event without a cell is refused when it comes from
above, and ends the association with RTAB protocolError when it comes from below (X.228 annex A).

Both sides of an association share the table: once it stands they differ in the turn only, and in who may release it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from gateway.osi import service as s
from gateway.osi import upper_service as u


class State(Enum):
    """Where an association is; the names of the X.228 digest's machines in brackets: I initiator, R responder."""

    UNASSOCIATED = "no association yet (I0, R1)"
    WAIT_OPEN_CONFIRM = "the peer's answer to RTORQ is due (I2)"
    WAIT_OPEN_RESPONSE = "our answer to RTORQ is due (R1)"
    TURN = "idle, the turn is ours (I3, R5)"
    NO_TURN = "idle, the turn is the peer's (I7, R2)"
    SENDING = "an activity of ours (I4)"
    WAIT_END = "everything is sent, the peer has to secure it (I5)"
    WAIT_INTERRUPT = "we interrupted our activity (I9)"
    WAIT_DISCARD = "we discarded our activity (I9)"
    WAIT_GIVE = "we gave the turn (I6)"
    RECEIVING = "an activity of the peer (R3)"
    WAIT_SECURED = "everything is here, we have to secure it (R3)"
    WAIT_RESUME = "the peer resumes an activity, we have to say whether (R2)"
    EXCEPTION = "we reported an exception in the peer's activity (RX)"
    WAIT_RELEASE = "the peer's answer to our release is due (I8)"
    CLOSED = "over"


@dataclass(frozen=True, slots=True)
class AllSent:
    """Local event: the last RTTR of the activity has gone."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one event does: ``actions`` in their order, then ``next_state`` (None: the same), if ``predicate`` holds."""

    actions: tuple[str, ...]
    next_state: State | None = None
    predicate: str = ""


Table = Mapping[tuple[State, type], tuple[Cell, ...]]


def _one(action: str, next_state: State | None = None, predicate: str = "") -> tuple[Cell, ...]:
    return (Cell((action,), next_state, predicate),)


def _by_turn(action: str, predicate: str) -> tuple[Cell, ...]:
    return (Cell((action,), State.TURN, f"{predicate}_with_turn"), Cell((action,), State.NO_TURN, f"{predicate}_without_turn"))


_NOTHING = (Cell(()),)

OPENING: Table = {
    (State.UNASSOCIATED, s.RTOpenRequest): _one("send_open", State.WAIT_OPEN_CONFIRM),
    (State.UNASSOCIATED, u.AAssociateIndication): (
        Cell(("indicate_open",), State.WAIT_OPEN_RESPONSE, "association_fits"),
        Cell(("refuse_unfit",), State.CLOSED),
    ),
    (State.WAIT_OPEN_RESPONSE, s.RTOpenResponse): _by_turn("accept_open", "answer_fits"),
    (State.WAIT_OPEN_RESPONSE, s.RTOpenReject): _one("refuse_open", State.CLOSED),
    (State.WAIT_OPEN_CONFIRM, u.AAssociateConfirm): (
        Cell(("confirm_refusal",), State.CLOSED, "refused"),
        *_by_turn("confirm_open", "accepted"),
    ),
}

SENDING: Table = {
    (State.TURN, s.RTTransferRequest): _one("start_activity", State.SENDING),
    (State.TURN, s.RTResumeRequest): _one("resume_activity", State.SENDING, "point_fits"),
    (State.SENDING, AllSent): _one("end_activity", State.WAIT_END),
    (State.SENDING, s.SSyncMinorConfirm): _one("advance_window"),
    (State.WAIT_END, s.SSyncMinorConfirm): _one("advance_window"),
    (State.WAIT_END, s.SActivityEndConfirm): _one("confirm_transfer", State.TURN),
}

EXCEPTION_OF_PEER: Table = {
    (state, s.SUExceptionReportIndication): (
        Cell(("interrupt_activity",), State.WAIT_INTERRUPT, "worth_resuming"),
        Cell(("discard_activity",), State.WAIT_DISCARD),
    )
    for state in (State.SENDING, State.WAIT_END)
}

STOPPED_BY_USER: Table = {
    (state, request): _one(action, waiting)
    for state in (State.SENDING, State.WAIT_END)
    for request, action, waiting in (
        (s.RTInterruptRequest, "interrupt_for_user", State.WAIT_INTERRUPT),
        (s.RTDiscardRequest, "discard_for_user", State.WAIT_DISCARD),
    )
}

AFTER_STOP: Table = {
    (State.WAIT_INTERRUPT, s.SActivityInterruptConfirm): _one("confirm_interrupt", State.TURN),
    (State.WAIT_DISCARD, s.SActivityDiscardConfirm): _one("confirm_discard", State.TURN),
    # These may have crossed our AI or AD (X.225 A.4).
    (State.WAIT_INTERRUPT, s.SSyncMinorConfirm): _NOTHING,
    (State.WAIT_DISCARD, s.SSyncMinorConfirm): _NOTHING,
    (State.WAIT_INTERRUPT, s.SUExceptionReportIndication): _NOTHING,
    (State.WAIT_DISCARD, s.SUExceptionReportIndication): _NOTHING,
}

RECEIVING: Table = {
    (State.NO_TURN, s.SActivityStartIndication): _one("start_receiving", State.RECEIVING),
    (State.NO_TURN, s.SActivityResumeIndication): (
        Cell(("indicate_resumption",), State.WAIT_RESUME, "takes_resumption"),
        Cell(("refuse_resumption",), State.EXCEPTION),
    ),
    (State.WAIT_RESUME, s.RTResumeResponse): _one("accept_resumption", State.RECEIVING, "resumption_fits"),
    (State.WAIT_RESUME, s.RTExceptionRequest): _one("report_exception", State.EXCEPTION),
    (State.RECEIVING, u.PDataIndication): (
        Cell(("take_data",), None, "within_limit"),
        Cell(("refuse_size",), State.EXCEPTION),
    ),
    (State.RECEIVING, s.SSyncMinorIndication): _one("indicate_checkpoint"),
    (State.RECEIVING, s.RTCheckpointResponse): _one("confirm_checkpoint", None, "checkpoint_is_known"),
    (State.RECEIVING, s.SActivityEndIndication): _one("indicate_transfer", State.WAIT_SECURED),
    (State.WAIT_SECURED, s.RTCheckpointResponse): _one("confirm_checkpoint", None, "checkpoint_is_known"),
    (State.WAIT_SECURED, s.RTTransferResponse): _one("secure_transfer", State.NO_TURN),
    (State.RECEIVING, s.RTExceptionRequest): _one("report_exception", State.EXCEPTION),
    (State.WAIT_SECURED, s.RTExceptionRequest): _one("report_exception", State.EXCEPTION),
    # Responsibility has moved already: the activity cannot be discarded any more (X.228, transferCompleted).
    (State.NO_TURN, s.SActivityDiscardIndication): _one("abort_completed", State.CLOSED),
    (State.NO_TURN, s.SActivityInterruptIndication): _one("abort_completed", State.CLOSED),
}

END_OF_RECEIVING: Table = {
    (state, event): _one(action, State.NO_TURN)
    for state in (State.RECEIVING, State.EXCEPTION)
    for event, action in ((s.SActivityDiscardIndication, "indicate_discard"), (s.SActivityInterruptIndication, "indicate_interrupt"))
}

AFTER_EXCEPTION: Table = {
    # The sender goes on until our report reaches it (X.225 A.4, STA19).
    (State.EXCEPTION, event): _NOTHING
    for event in (u.PDataIndication, s.SSyncMinorIndication, s.SActivityEndIndication, u.PTokenPleaseIndication)
}

EXCEPTION_OF_PROVIDER: Table = {
    (state, s.SPExceptionReportIndication): _one("abort_on_report", State.CLOSED)
    for state in (State.SENDING, State.WAIT_END, State.RECEIVING, State.WAIT_SECURED, State.TURN, State.NO_TURN)
}

TURN: Table = {
    (State.TURN, s.RTTurnGiveRequest): _one("give_turn", State.WAIT_GIVE, "two_way"),
    (State.WAIT_GIVE, s.SControlGiveConfirm): (Cell((), State.NO_TURN),),
    (State.NO_TURN, s.SControlGiveIndication): _one("indicate_turn", State.TURN, "two_way"),
    **{(state, s.RTTurnPleaseRequest): _one("ask_for_turn") for state in (State.NO_TURN, State.RECEIVING, State.WAIT_SECURED)},
    **{
        (state, u.PTokenPleaseIndication): _one("indicate_turn_please")
        for state in (State.TURN, State.SENDING, State.WAIT_END, State.WAIT_INTERRUPT, State.WAIT_DISCARD)
    },
    **{(state, u.PTokenPleaseIndication): _NOTHING for state in (State.WAIT_GIVE, State.WAIT_RELEASE)},
}

RELEASE: Table = {
    (State.TURN, s.RTCloseRequest): _one("release", State.WAIT_RELEASE, "initiates"),
    (State.WAIT_RELEASE, u.AReleaseConfirm): _one("confirm_close", State.CLOSED),
    (State.NO_TURN, u.AReleaseIndication): _one("answer_release", State.CLOSED, "responds"),
}

ABORT: Table = {
    **{(state, s.RTUAbortRequest): _one("abort", State.CLOSED) for state in State if state is not State.CLOSED},
    **{(state, u.AAbortIndication): _one("indicate_abort", State.CLOSED) for state in State if state is not State.CLOSED},
}


def merge(*tables: Table) -> Table:
    """One table of several.

    Raises:
        ValueError: An event of a state stands in two of them.
    """
    merged: dict[tuple[State, type], tuple[Cell, ...]] = {}
    for table in tables:
        twice = merged.keys() & table.keys()
        if twice:
            raise ValueError(f"defined twice: {sorted((state.name, event.__name__) for state, event in twice)}")
        merged.update(table)
    return merged


TABLE: Table = merge(
    OPENING,
    SENDING,
    EXCEPTION_OF_PEER,
    STOPPED_BY_USER,
    AFTER_STOP,
    RECEIVING,
    END_OF_RECEIVING,
    AFTER_EXCEPTION,
    EXCEPTION_OF_PROVIDER,
    TURN,
    RELEASE,
    ABORT,
)

WITH_ACTIVITY = frozenset(
    {
        State.SENDING,
        State.WAIT_END,
        State.WAIT_INTERRUPT,
        State.WAIT_DISCARD,
        State.RECEIVING,
        State.WAIT_SECURED,
        State.WAIT_RESUME,
        State.EXCEPTION,
    }
)
"""The states in which an abort leaves an activity behind."""

PAUSING = frozenset({State.WAIT_OPEN_RESPONSE, State.WAIT_SECURED, State.WAIT_RESUME})
"""The states in which our user has the word: nothing is taken from below."""


class Remedy(Enum):
    """What the sender of an activity does about an exception report (X.228 7.6.3)."""

    INTERRUPT = "interrupt: what arrived may be resumed"
    INTERRUPT_IF_CONFIRMED = "interrupt where a checkpoint was confirmed, else discard"
    DISCARD = "discard and start again"
    DISCARD_AS_TRANSFERRED = "discard; the peer has it already"


REMEDIES: Mapping[int, Remedy] = {
    s.ExceptionReason.NON_SPECIFIC: Remedy.DISCARD,
    s.ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED: Remedy.INTERRUPT,
    s.ExceptionReason.SEQUENCE_ERROR: Remedy.DISCARD_AS_TRANSFERRED,
    s.ExceptionReason.LOCAL_USER_ERROR: Remedy.INTERRUPT_IF_CONFIRMED,
    s.ExceptionReason.IRRECOVERABLE: Remedy.DISCARD,
    s.ExceptionReason.DEMAND_DATA_TOKEN: Remedy.DISCARD,
}
"""By the reason of the report; any other one counts as non-specific."""
