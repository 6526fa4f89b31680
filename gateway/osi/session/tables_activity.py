"""Activity management functional unit (X.225 tables A.10 and A.11)."""

from __future__ import annotations

from gateway.osi.session.cells import Event, State, Table, cell, everywhere, merge

START_AND_END: Table = merge(
    {
        (State.STA713, Event.SACTSreq): (cell("AS", to=State.STA713, when="I(all) and no activity"),),
        (State.STA713, Event.AS): (cell("SACTSind", to=State.STA713, when="peer has all tokens and no activity"),),
        (State.STA713, Event.SACTRreq): (cell("AR", to=State.STA713, when="I(all) and no activity"),),
        (State.STA713, Event.AR): (cell("SACTRind", to=State.STA713, when="peer has all tokens and no activity"),),
        (State.STA713, Event.SACTEreq): (cell("AE", to=State.STA04B, when="I(all) and activity"),),
        (State.STA713, Event.AE): (cell("SACTEind", to=State.STA10B, when="peer has all tokens, activity, serial = V(M)"),),
        (State.STA10B, Event.SACTErsp): (cell("AEA", to=State.STA713),),
        (State.STA04B, Event.AEA): (cell("SACTEcnf", to=State.STA713, when="serial = V(M) - 1"),),
    },
    # It crossed our AI or AD: the activity is over either way, and the peer's next answer tells which.
    everywhere((State.STA05B, State.STA05C), Event.AEA),
)

_CAN_STOP = "peer has ma, and activity or it just ended"

INTERRUPT: Table = merge(
    everywhere((State.STA713, State.STA04B, State.STA20), Event.SACTIreq, "AI", to=State.STA05B, when="I(ma) and activity"),
    everywhere((State.STA713, State.STA10B, State.STA19), Event.AI, "SACTIind", to=State.STA11B, when=_CAN_STOP),
    everywhere((State.STA11B,), Event.SACTIrsp, "AIA", to=State.STA713),
    everywhere((State.STA05B,), Event.AIA, "SACTIcnf", to=State.STA713),
)

DISCARD: Table = merge(
    everywhere((State.STA713, State.STA04B, State.STA20), Event.SACTDreq, "AD", to=State.STA05C, when="I(ma) and activity"),
    everywhere((State.STA713, State.STA10B, State.STA19), Event.AD, "SACTDind", to=State.STA11C, when=_CAN_STOP),
    everywhere((State.STA11C,), Event.SACTDrsp, "ADA", to=State.STA713),
    everywhere((State.STA05C,), Event.ADA, "SACTDcnf", to=State.STA713),
)

ACTIVITY_MANAGEMENT = merge(START_AND_END, INTERRUPT, DISCARD)
