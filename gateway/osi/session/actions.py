"""The actions of the session tables: outgoing events of X.225 table A.3 by name, and the two local operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.osi.session import incoming, outgoing
from gateway.osi.session.connection import Connection

Action = Callable[[Connection, Any], None]


def _start_timer(connection: Connection, _: object) -> None:
    """TIM: the peer has to close the transport connection."""
    connection.timer = True


def _disconnect(connection: Connection, _: object) -> None:
    """TDISreq, once everything that is queued has been sent."""
    connection.timer = False
    connection.disconnect = True


ACTIONS: Mapping[str, Action] = {
    "start TIM": _start_timer,
    "TDISreq": _disconnect,
    # SPDUs
    "CN": outgoing.send_cn,
    "AC": outgoing.send_ac,
    "RF": outgoing.send_rf,
    "RF 132": incoming.refuse_version,
    "RF 134": incoming.refuse_overflow,
    "FN": outgoing.send_fn,
    "DN": outgoing.send_dn,
    "AB": outgoing.send_ab,
    "DT": outgoing.send_dt,
    "PT": outgoing.send_pt,
    "GTC": outgoing.send_gtc,
    "GTA": incoming.control_given,
    "MIP": outgoing.send_mip,
    "MIA": outgoing.send_mia,
    "AS": outgoing.send_as,
    "AR": outgoing.send_ar,
    "AE": outgoing.send_ae,
    "AEA": outgoing.send_aea,
    "AI": outgoing.send_ai,
    "AIA": outgoing.send_aia,
    "AD": outgoing.send_ad,
    "ADA": outgoing.send_ada,
    "ED": outgoing.send_ed,
    # primitives
    "SCONind": incoming.connect_indication,
    "SCONcnf+": incoming.connect_confirm,
    "SCONcnf-": incoming.connect_refused,
    "SRELind": incoming.release_indication,
    "SRELcnf+": incoming.release_confirm,
    "SABind": incoming.abort_indication,
    "SPABind": incoming.transport_lost,
    "SDTind": incoming.data_indication,
    "SPTind": incoming.token_please_indication,
    "SGTind": incoming.tokens_given,
    "SCGind": incoming.control_give_indication,
    "SCGcnf": incoming.control_give_confirm,
    "SSYNmind": incoming.sync_minor_indication,
    "SSYNmcnf": incoming.sync_minor_confirm,
    "SACTSind": incoming.activity_start_indication,
    "SACTRind": incoming.activity_resume_indication,
    "SACTEind": incoming.activity_end_indication,
    "SACTEcnf": incoming.activity_end_confirm,
    "SACTIind": incoming.activity_interrupt_indication,
    "SACTIcnf": incoming.activity_interrupt_confirm,
    "SACTDind": incoming.activity_discard_indication,
    "SACTDcnf": incoming.activity_discard_confirm,
    "SUERind": incoming.user_exception_indication,
    "SPERind": incoming.provider_exception_indication,
}
