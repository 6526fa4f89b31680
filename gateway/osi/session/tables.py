"""The session tables of X.225 Annex A for the functional units that RTSE needs, merged into one.

A cell that two functional units define fails the import, as does a predicate or an action without a function.
"""

from __future__ import annotations

from gateway.osi.session.actions import ACTIONS
from gateway.osi.session.cells import Event, State, Table, merge
from gateway.osi.session.predicates import PREDICATES
from gateway.osi.session.tables_activity import ACTIVITY_MANAGEMENT
from gateway.osi.session.tables_duplex import HALF_DUPLEX
from gateway.osi.session.tables_exceptions import EXCEPTIONS
from gateway.osi.session.tables_kernel import KERNEL
from gateway.osi.session.tables_minor import MINOR_SYNCHRONIZE


class UnknownNameError(Exception):
    """A table names a predicate or an action that does not exist."""


def _checked(table: Table) -> Table:
    """The table, when every name in it has its function."""
    for (state, event), alternatives in table.items():
        for alternative in alternatives:
            unknown = {*alternative.actions} - ACTIONS.keys() | {alternative.predicate} - PREDICATES.keys()
            if unknown:
                raise UnknownNameError(f"{state.name} / {event.name}: {', '.join(sorted(unknown))}")
    return table


TABLE = _checked(merge(KERNEL, HALF_DUPLEX, MINOR_SYNCHRONIZE, ACTIVITY_MANAGEMENT, EXCEPTIONS))

__all__ = ["TABLE", "Event", "State", "Table"]
