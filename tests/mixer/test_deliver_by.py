"""BY of RFC 2852: who is told of delays and of relaying."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.errors import Failure
from gateway.internet import message as internet
from gateway.internet.envelope import DeliverBy, SmtpEnvelope, SmtpRecipient
from gateway.mixer.convert import Context, ReportedOutcome, dsn_for_internet
from gateway.octets import MemoryOctets
from tests.strict_reports import strict_dsn

ORIGINAL = internet.parse(MemoryOctets(b"From: a@example.org\r\nSubject: x\r\n\r\nhi\r\n"))
DOWN = Failure(reason=0, diagnostic=None, smtp_code=451, status="4.4.1", text="no answer")
HOUR = timedelta(hours=1)


def told(context: Context, outcome: ReportedOutcome, left: timedelta, *, mode: str = "N", trace: bool = False, notify: str = "") -> list:
    by = DeliverBy(seconds=int(left.total_seconds()), mode=mode, trace=trace, until=context.now + left)
    wanted = frozenset(notify.split(",")) if notify else None
    envelope = SmtpEnvelope(reverse_path="a@example.org", recipients=(SmtpRecipient(address="b@x.example", notify=wanted),), by=by)
    made = dsn_for_internet(envelope, ORIGINAL, {1: outcome}, context)
    return [] if made is None else [(one["Action"], one["Status"]) for one in strict_dsn(made.result.message.to_bytes())[1]]


@pytest.mark.parametrize(("notify", "said"), [("", True), ("FAILURE,DELAY", True), ("FAILURE", False), ("NEVER", False)])
def test_a_time_that_is_over_with_mode_n_is_told_to_who_did_not_say_otherwise(notify: str, said: bool, context: Context) -> None:
    """RFC 2852 4.1.3: "delayed" with 4.4.7 for no NOTIFY and for one with DELAY; delivery goes on."""
    late = ReportedOutcome(failure=DOWN, trying_until=context.now + 5 * HOUR)
    assert told(context, late, -HOUR, notify=notify) == ([("delayed", "4.4.7")] if said else [])


def test_a_delay_before_that_time_is_told_to_who_asked_for_delays_alone(context: Context) -> None:
    waits = ReportedOutcome(failure=DOWN, trying_until=context.now + 5 * HOUR)
    assert told(context, waits, HOUR) == []
    assert told(context, waits, HOUR, notify="DELAY") == [("delayed", "4.4.1")]


def test_handing_on_to_x400_is_told_where_nobody_there_watches_the_time(context: Context) -> None:
    """RFC 2852 4.1.4.2 (mode N, before its time) and 4.1.4 (T)."""
    relayed = ReportedOutcome(delivered_at=context.now, relayed=True)
    assert told(context, relayed, HOUR) == [("relayed", "2.0.0")]
    assert told(context, relayed, HOUR, mode="R") == []
    assert told(context, relayed, HOUR, mode="R", trace=True) == [("relayed", "2.0.0")]
    assert told(context, relayed, HOUR, notify="NEVER") == []
