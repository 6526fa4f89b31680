"""What is too large for us is read to its end, acknowledged and reported, not refused for days (DESIGN section 7)."""

import asyncio
from pathlib import Path

import pytest

from gateway.correspondent.user import Letter
from gateway.mixer.stdor import from_text
from tests.e2e.harness import ANNA_OR, JOERG_OR, arrangement, simple_message

pytestmark = pytest.mark.timeout(60)


async def test_a_transfer_above_the_limit_is_answered_with_content_too_long(tmp_path: Path) -> None:
    async with arrangement(tmp_path, mta="largest_octets = 20000") as a:
        text = "x" * 30_000
        await a.correspondent.send(Letter(originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject="Big", text=text))
        report = (await a.correspondent.received.get()).apdu.report
        assert a.sink.received.empty()
    assert report is not None
    (fields,) = report.content.per_recipient_fields
    failed = fields.last_trace_information.report_type.non_delivery
    assert (failed.non_delivery_reason_code, failed.non_delivery_diagnostic_code) == (1, 7)
    assert report.content.returned_content is None, "what is too long for us is not sent back either"


async def test_a_peer_may_have_a_smaller_limit_for_what_it_sends(tmp_path: Path) -> None:
    async with arrangement(tmp_path, peer="policy.largest_received_octets = 20000") as a:
        text = "x" * 30_000
        await a.correspondent.send(Letter(originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject="Big", text=text))
        report = (await a.correspondent.received.get()).apdu.report
        assert a.sink.received.empty()
    assert report is not None
    (fields,) = report.content.per_recipient_fields
    failed = fields.last_trace_information.report_type.non_delivery
    assert (failed.non_delivery_reason_code, failed.non_delivery_diagnostic_code) == (1, 7)


async def test_what_is_too_large_for_a_peer_is_not_sent_there_but_reported(tmp_path: Path) -> None:
    """5.3.4 (RFC 3463: message too big for system) in a DSN; nothing of it reaches the peer, which would refuse it for days."""
    async with arrangement(tmp_path, peer="policy.largest_octets = 20000") as a:
        await asyncio.to_thread(a.send_smtp, simple_message("Big", "x" * 70 + "\n" + 400 * ("x" * 70 + "\n")))
        bounce = (await a.sink.received.get()).octets
        assert a.correspondent.received.empty()
        await asyncio.to_thread(a.send_smtp, simple_message("Small", message_id="<small@example.org>"))
        assert (await a.correspondent.received.get()).apdu.message is not None
    assert b"Status: 5.3.4" in bounce
