"""X.225 session: the functional units that RTSE needs, as one state machine.

`parameters` and `spdu` know the octets, `reader` cuts TSDUs into SPDUs, the `tables_*` modules are Annex A as data, `predicates`
and `outgoing`, `incoming` are what their cells name, `machine.Session` runs them.
"""

from gateway.osi.session.cells import State
from gateway.osi.session.machine import Session

__all__ = ["Session", "State"]
