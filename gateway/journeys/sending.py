"""Reports that are too large go without the message that they return, since silence would be worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.internet.dsn import without_returned_message
from gateway.internet.envelope import SmtpEnvelope
from gateway.journeys.common import InternetDeliverer
from gateway.octets import Octets
from gateway.spool.transfer import Outcome, Result

Sent = Mapping[int, Outcome]
"""Outcomes by recipient number."""

_ORDINARY = 64 * 1024
"""Octets of a report that goes whatever a limit says."""
_TOO_LARGE = frozenset({"5.3.4", "5.2.3"})


async def send_report(internet: InternetDeliverer, envelope: SmtpEnvelope, message: Octets) -> Outcome:
    """Deliver a DSN to its one recipient; refused for its size, once more with the header of what it returns alone."""
    outcome = (await internet.deliver(envelope, message))[1]
    if outcome.result is not Result.FAILED or outcome.failure is None or outcome.failure.status not in _TOO_LARGE:
        return outcome
    smaller = without_returned_message(message)
    if smaller is None:
        return outcome
    again = (await internet.deliver(envelope, smaller))[1]
    return replace(again, reply=f"{again.reply} (without the returned message, which was too large)".strip())


def is_too_large(octets: int, limit: int) -> bool:
    """Whether a report is to leave its content here.

    Args:
        octets: Its size.
        limit: The largest that the peer takes; 0 for any size.
    """
    return 0 < limit < octets and octets > _ORDINARY
