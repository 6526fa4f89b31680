"""The alphabet of the session tables (X.225 Annex A): states, events and cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from gateway.osi.session.spdu import Kind


class State(Enum):
    """States of X.225 table A.2.

    Left out, because nothing that RTSE uses leads there: STA01A (we never ask to keep the transport connection after AB),
    STA01B (the stack connects the transport before it builds the session), STA01D and STA02B (data overflow), STA04A, 05A, 06,
    10A, 11A (major and re-synchronisation), STA15A to D (PREPARE, which needs expedited transport), STA21 and 22 (capability data).
    """

    STA01 = "no transport connection"
    STA01C = "idle, transport connected"
    STA02A = "wait for AC"
    STA03 = "wait for DN"
    STA04B = "wait for AEA"
    STA05B = "wait for AIA"
    STA05C = "wait for ADA"
    STA08 = "wait for S-CONNECT response"
    STA09 = "wait for S-RELEASE response"
    STA10B = "wait for S-ACTIVITY-END response"
    STA11B = "wait for S-ACTIVITY-INTERRUPT response"
    STA11C = "wait for S-ACTIVITY-DISCARD response"
    STA16 = "wait for T-DISCONNECT indication"
    STA18 = "wait for GTA"
    STA19 = "wait for recovery by the peer, after our ED"
    STA20 = "wait for recovery by our user, after the peer's ED or ER"
    STA713 = "data transfer"


class Event(Enum):
    """Incoming events of X.225 table A.1, under the standard's names."""

    # from the user
    SCONreq = "S-CONNECT request"
    SCONrsp_plus = "S-CONNECT response, accept"
    SCONrsp_minus = "S-CONNECT response, reject"
    SDTreq = "S-DATA request"
    SPTreq = "S-TOKEN-PLEASE request"
    SCGreq = "S-CONTROL-GIVE request"
    SSYNmreq = "S-SYNC-MINOR request"
    SSYNmrsp = "S-SYNC-MINOR response"
    SACTSreq = "S-ACTIVITY-START request"
    SACTRreq = "S-ACTIVITY-RESUME request"
    SACTEreq = "S-ACTIVITY-END request"
    SACTErsp = "S-ACTIVITY-END response"
    SACTIreq = "S-ACTIVITY-INTERRUPT request"
    SACTIrsp = "S-ACTIVITY-INTERRUPT response"
    SACTDreq = "S-ACTIVITY-DISCARD request"
    SACTDrsp = "S-ACTIVITY-DISCARD response"
    SUERreq = "S-U-EXCEPTION-REPORT request"
    SRELreq = "S-RELEASE request"
    SRELrsp = "S-RELEASE response, affirmative"
    SUABreq = "S-U-ABORT request"
    # from below
    TDISind = "T-DISCONNECT indication"
    TIM = "time-out"
    # from the peer
    CN = "CONNECT"
    AC = "ACCEPT"
    RF = "REFUSE"
    FN = "FINISH"
    DN = "DISCONNECT"
    NF = "NOT FINISHED"
    AB = "ABORT"
    AA = "ABORT ACCEPT"
    GTC = "GIVE TOKENS CONFIRM"
    GTA = "GIVE TOKENS ACK"
    GT = "GIVE TOKENS"
    PT = "PLEASE TOKENS"
    DT = "DATA TRANSFER"
    MIP = "MINOR SYNC POINT"
    MIA = "MINOR SYNC ACK"
    AS = "ACTIVITY START"
    AR = "ACTIVITY RESUME"
    AE = "ACTIVITY END"
    AEA = "ACTIVITY END ACK"
    AI = "ACTIVITY INTERRUPT"
    AIA = "ACTIVITY INTERRUPT ACK"
    AD = "ACTIVITY DISCARD"
    ADA = "ACTIVITY DISCARD ACK"
    ED = "EXCEPTION DATA"
    ER = "EXCEPTION REPORT"


FROM_PEER = tuple(Event[kind.name] for kind in Kind)
"""The events that are SPDUs of the peer."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One alternative in a cell of Annex A: if the predicate holds, the actions in order, then the next state.

    Attributes:
        predicate: Name in `predicates.PREDICATES`, empty when there is no condition.
        actions: Names in `actions.ACTIONS`: outgoing events of table A.3 and local operations.
    """

    predicate: str
    actions: tuple[str, ...]
    next_state: State


Table = Mapping[tuple[State, Event], tuple[Cell, ...]]
"""The cells of one functional unit. Alternatives are tried in order; none holding is a protocol error, as is a missing cell."""


class DuplicateCellError(Exception):
    """Two functional units define the same cell."""


def cell(*actions: str, to: State, when: str = "") -> Cell:
    """A cell, written shortly."""
    return Cell(when, actions, to)


def everywhere(states: Iterable[State], event: Event, *actions: str, to: State | None = None, when: str = "") -> Table:
    """The same cell in several states; without ``to`` each state stays as it is."""
    return {(state, event): (Cell(when, actions, to or state),) for state in states}


def merge(*tables: Table) -> Table:
    """One table from those of the functional units.

    Raises:
        DuplicateCellError: A cell is defined twice.
    """
    merged: dict[tuple[State, Event], tuple[Cell, ...]] = {}
    for table in tables:
        for (state, event), alternatives in table.items():
            if (state, event) in merged:
                raise DuplicateCellError(f"{state.name} / {event.name} is defined twice")
            merged[state, event] = alternatives
    return merged
