"""Exceptions functional unit (X.225 table A.14)."""

from __future__ import annotations

from gateway.osi.session.cells import Event, State, Table, cell, everywhere, merge

EXCEPTIONS: Table = merge(
    everywhere((State.STA713, State.STA10B), Event.SUERreq, "ED", to=State.STA19, when="not I(dk) and activity"),
    everywhere((State.STA713, State.STA04B), Event.ED, "SUERind", to=State.STA20, when="I(dk) and activity"),
    everywhere((State.STA713, State.STA04B, State.STA10B), Event.ER, "SPERind", to=State.STA20),
    # Crossed our AI or AD, which are the answer to it anyway; or a second one.
    *(everywhere((State.STA05B, State.STA05C, State.STA20), event) for event in (Event.ED, Event.ER)),
    # X.225 7.26.2: after ED we drop what comes until the peer interrupts, discards, aborts or gives the data token.
    *(everywhere((State.STA19,), event) for event in (Event.DT, Event.MIP, Event.AE, Event.ER)),
    {
        (State.STA19, Event.GT): (
            cell("SGTind", to=State.STA713, when="peer gives dk"),
            cell(to=State.STA19),
        ),
    },
)
