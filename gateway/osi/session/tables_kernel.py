"""Kernel functional unit: connect, refuse, release, abort (X.225 tables A.7 and A.12)."""

from __future__ import annotations

from gateway.osi.session.cells import FROM_PEER, Event, State, Table, cell, everywhere, merge

CONNECTED = (
    State.STA03,
    State.STA04B,
    State.STA05B,
    State.STA05C,
    State.STA09,
    State.STA10B,
    State.STA11B,
    State.STA11C,
    State.STA18,
    State.STA19,
    State.STA20,
    State.STA713,
)
"""States in which there is a session connection."""
KNOWN_TO_USER = (State.STA02A, State.STA08, *CONNECTED)
"""States in which the user has to hear of the end."""

CONNECT: Table = {
    (State.STA01C, Event.SCONreq): (cell("CN", to=State.STA02A, when="we opened the transport connection"),),
    (State.STA01C, Event.CN): (
        cell("SCONind", to=State.STA08, when="CN acceptable"),
        cell("RF 132", "start TIM", to=State.STA16, when="no common version"),
        cell("RF 134", "start TIM", to=State.STA16, when="data overflow"),
    ),
    (State.STA08, Event.SCONrsp_plus): (cell("AC", to=State.STA713),),
    (State.STA08, Event.SCONrsp_minus): (cell("RF", "start TIM", to=State.STA16),),
    (State.STA02A, Event.AC): (cell("SCONcnf+", to=State.STA713, when="AC selects an offered version"),),
    (State.STA02A, Event.RF): (cell("SCONcnf-", "TDISreq", to=State.STA01),),
}

RELEASE: Table = {
    (State.STA713, Event.SRELreq): (cell("FN", to=State.STA03, when="I(all) and no activity"),),
    (State.STA713, Event.FN): (cell("SRELind", to=State.STA09, when="peer has all tokens and no activity"),),
    (State.STA09, Event.SRELrsp): (cell("DN", "start TIM", to=State.STA16),),
    (State.STA03, Event.DN): (
        # Who opened the transport connection closes it; the other side waits for that.
        cell("SRELcnf+", "TDISreq", to=State.STA01, when="we opened the transport connection"),
        cell("SRELcnf+", "start TIM", to=State.STA16),
    ),
}

ABORT: Table = merge(
    everywhere(KNOWN_TO_USER, Event.SUABreq, "AB", "start TIM", to=State.STA16),
    everywhere((State.STA01, State.STA16), Event.SUABreq),
    everywhere((State.STA01C,), Event.SUABreq, "TDISreq", to=State.STA01),
    # X.225 7.9.3 leaves the choice between closing the transport connection and AA; closing is sooner over.
    everywhere(KNOWN_TO_USER, Event.AB, "SABind", "TDISreq", to=State.STA01),
    everywhere((State.STA01C,), Event.AB, "TDISreq", to=State.STA01),
    everywhere(KNOWN_TO_USER, Event.TDISind, "SPABind", to=State.STA01),
    everywhere((State.STA01, State.STA01C, State.STA16), Event.TDISind, to=State.STA01),
)

ENDING: Table = merge(
    everywhere((State.STA16,), Event.AA, "TDISreq", to=State.STA01),
    everywhere((State.STA16,), Event.AB, "TDISreq", to=State.STA01),
    everywhere((State.STA16,), Event.TIM, "TDISreq", to=State.STA01),
    *(everywhere((State.STA16,), event) for event in FROM_PEER if event not in (Event.AA, Event.AB)),
    *(everywhere((State.STA01,), event) for event in (*FROM_PEER, Event.TIM)),
)

KERNEL = merge(CONNECT, RELEASE, ABORT, ENDING)
