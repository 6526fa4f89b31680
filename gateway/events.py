"""Names of the log events, one line of meaning each; ``docs/`` and the metrics use the same names."""

from __future__ import annotations

from typing import Final

EVENTS: Final = {
    "gateway.started": "all listeners are bound and the relay works",
    "gateway.stopping": "a stop was asked for; connections and leases are being wound up",
    "gateway.stopped": "everything is closed",
    "tables.reloaded": "a new set of mapping tables and users is active",
    "tables.refused": "a new set of mapping tables and users does not check; the old one stays active",
    "lookup.unreachable": "a source of addresses could not be asked; what depends on it waits",
    "lookup.odd_answer": "a source of addresses gave an answer that cannot be used",
    "association.opened": "an association with a P1 peer is up",
    "association.refused": "we refused a P1 bind, or a peer refused ours; the reason says what did not match",
    "association.closed": "an association was released in order",
    "association.aborted": "an association ended without release; the layer and the reason say why",
    "connection.refused": "a connection was refused before anything was negotiated (limit, unknown selector)",
    "transfer.received": "an MTS-APDU is on disk and acknowledged",
    "transfer.refused": "an MTS-APDU was not taken; the exception reason says why",
    "transfer.sent": "a peer has secured an MTS-APDU of ours",
    "transfer.failed": "a transfer to a P1 peer did not succeed; it stays queued",
    "smtp.connected": "an SMTP client connected",
    "smtp.refused": "an SMTP command was refused; the reply says why",
    "smtp.accepted": "a message is on disk and acknowledged with 250",
    "smtp.vanished": "an SMTP client went away in the middle of a transaction; nothing was kept",
    "smtp.sent": "an SMTP server took a message of ours",
    "smtp.failed": "an SMTP delivery did not succeed",
    "relay.converted": "a message was converted; notes say what was truncated, dropped or approximated",
    "relay.delivered": "recipients were handed over",
    "relay.deferred": "recipients stay queued for another attempt",
    "relay.delayed": "a recipient could not be served for so long that it counts as late",
    "relay.failed": "recipients failed for good",
    "relay.reported": "a report or DSN was queued for the sender",
    "relay.quarantined": "a transfer was set aside; the reason says what is wrong with it",
    "relay.fault": "an unexpected fault in the relay; the transfer is kept for another attempt",
    "library.warning": "a library that we use warns of something",
    "control.fault": "a control command failed for an unexpected reason",
    "spool.suppressed": "a recipient was received before (same identifier, recipient and history) and is not delivered twice",
    "spool.quarantined": "a transfer was set aside: its attempts began and never ended, or somebody said so",
    "spool.held": "an operator holds a transfer",
    "spool.released": "an operator released a transfer",
    "spool.retried": "an operator asked for an attempt now",
    "spool.redirected": "an operator gave a recipient another address",
    "spool.deleted": "an operator deleted a transfer",
    "spool.swept": "orphaned content and finished transfers were removed",
}
"""Event name -> meaning."""
