"""Half-duplex functional unit: data and tokens (X.225 table A.8 and the token part of A.9)."""

from __future__ import annotations

from gateway.osi.session.cells import Event, State, Table, cell, everywhere, merge

DATA: Table = {
    (State.STA713, Event.SDTreq): (cell("DT", to=State.STA713, when="I(dk) and activity"),),
    (State.STA713, Event.DT): (cell("SDTind", to=State.STA713, when="peer has dk and activity"),),
}

TOKENS: Table = merge(
    everywhere((State.STA713, State.STA10B), Event.SPTreq, "PT", when="not I(dk)"),
    {
        (state, Event.PT): (
            cell("SPTind", to=state, when="I(dk)"),
            # A request for what the asker has already: the token was on its way. There is nothing left to do.
            cell(to=state),
        )
        for state in (State.STA713, State.STA04B, State.STA20)
    },
    # The connection ends, or the tokens are on their way: the request is answered or void.
    everywhere((State.STA03, State.STA05B, State.STA05C, State.STA18, State.STA19), Event.PT),
    everywhere((State.STA713, State.STA10B), Event.GT, "SGTind", when="peer has the tokens given"),
    {
        (State.STA713, Event.SCGreq): (cell("GTC", to=State.STA18, when="I(all) and no activity"),),
        (State.STA713, Event.GTC): (cell("GTA", "SCGind", to=State.STA713, when="peer has all tokens and no activity"),),
        (State.STA18, Event.GTA): (cell("SCGcnf", to=State.STA713),),
    },
)

HALF_DUPLEX = merge(DATA, TOKENS)
