"""Minor synchronise functional unit (X.225 table A.9)."""

from __future__ import annotations

from gateway.osi.session.cells import Event, State, Table, cell, everywhere, merge

MINOR_SYNCHRONIZE: Table = merge(
    {
        (State.STA713, Event.SSYNmreq): (cell("MIP", to=State.STA713, when="I(dk) and I(mi) and activity"),),
        (State.STA713, Event.MIP): (cell("SSYNmind", to=State.STA713, when="peer has dk and mi, activity, serial = V(M)"),),
    },
    everywhere((State.STA713,), Event.SSYNmrsp, "MIA", when="Vsc and V(A) <= serial < V(M)"),
    everywhere((State.STA713,), Event.MIA, "SSYNmcnf", when="not Vsc and V(A) <= serial < V(M)"),
    # A confirmation may come late, after AE has passed it (X.225 7.16); the number of AE itself is not among them.
    everywhere((State.STA10B,), Event.SSYNmrsp, "MIA", when="Vsc and V(A) <= serial < V(M) - 1"),
    everywhere((State.STA04B,), Event.MIA, "SSYNmcnf", when="not Vsc and V(A) <= serial < V(M) - 1"),
    # Crossed our AI or AD, or came before the peer's ED was answered.
    everywhere((State.STA05B, State.STA05C, State.STA20), Event.MIA),
)
