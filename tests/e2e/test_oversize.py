"""What is too large for us is read to its end, acknowledged and reported, not refused for days (DESIGN section 7)."""

from pathlib import Path

import pytest

from gateway.correspondent.user import Letter
from gateway.mixer.stdor import from_text
from tests.e2e.harness import ANNA_OR, JOERG_OR, arrangement

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
