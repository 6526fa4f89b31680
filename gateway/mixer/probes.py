"""Probes: what would become of a message with these parameters (RFC 2156 5.3.9); the report about it says that the gateway answered."""

from __future__ import annotations

from gateway.errors import ConversionError, Failure
from gateway.mixer.address import Role, oraddress_to_mailbox
from gateway.mixer.messages import check_content_type
from gateway.mixer.policy import Context
from gateway.mixer.results import ReportedOutcome
from gateway.x400 import p1
from gateway.x400.mts import PerRecipientIndicators
from gateway.x400.oraddress import oraddress_from_orname


def probe_outcomes(probe: p1.Probe, context: Context) -> dict[int, ReportedOutcome]:
    """The end of a message with the content type and the recipients of a probe, by place of the recipient, from 1.

    Only recipients that the probe is responsible for have one. Routes and permissions are not asked here.
    """
    failure = _content_failure(probe)
    return {
        place: _outcome(one, failure, context)
        for place, one in enumerate(probe.per_recipient_fields, 1)
        if PerRecipientIndicators.RESPONSIBILITY in one.per_recipient_indicators
    }


def _content_failure(probe: p1.Probe) -> Failure | None:
    try:
        check_content_type(probe.content_type)
    except ConversionError as error:
        return error.failure
    return None


def _outcome(one: p1.PerRecipientProbeTransferFields, failure: Failure | None, context: Context) -> ReportedOutcome:
    if failure is not None:
        return ReportedOutcome(failure=failure)
    try:
        oraddress_to_mailbox(oraddress_from_orname(one.recipient_name), context.settings, Role.RECIPIENT)
    except ConversionError as error:
        return ReportedOutcome(failure=error.failure)
    return ReportedOutcome(delivered_at=context.now)
