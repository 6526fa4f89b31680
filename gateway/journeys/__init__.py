"""The journeys that `relay` knows, one class for each kind of transfer on its way to one side.

`to_x400` takes Internet messages to P1 peers, `to_internet` takes X.400 messages and reports to SMTP hosts, `probe` answers
probes, and `own` sends the reports that the gateway made itself, which are already in the form of the side they go to.
"""

from __future__ import annotations

from gateway.journeys.common import Surroundings
from gateway.journeys.own import OwnReport
from gateway.journeys.probe import ProbeAnswer
from gateway.journeys.report_to_internet import ReportToInternet
from gateway.journeys.to_internet import MessageToInternet
from gateway.journeys.to_x400 import MessageToX400
from gateway.relay import Journey
from gateway.spool.transfer import Kind, Side, Transfer

LOCAL = "local"
"""Source of what the gateway made itself."""

__all__ = ["LOCAL", "Surroundings", "journey_of"]


def journey_of(transfer: Transfer, surroundings: Surroundings) -> Journey:
    """The journey of a transfer, by where it came from and what it is."""
    if transfer.source.peer == LOCAL:
        return OwnReport(surroundings)
    if transfer.origin is Side.INTERNET:
        return MessageToX400(surroundings, transfer)
    if transfer.kind is Kind.PROBE:
        return ProbeAnswer(surroundings, transfer)
    return ReportToInternet(surroundings, transfer) if transfer.kind is Kind.REPORT else MessageToInternet(surroundings, transfer)
