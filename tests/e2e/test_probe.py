"""Probes are answered with what would become of a message like that, and never delivered (RFC 2156 5.3.9)."""

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.correspondent.user import Domain, envelope_for
from gateway.mixer.stdor import from_text
from gateway.x400 import mts, p1
from tests.e2e.harness import ANNA_OR, JOERG_OR, PARTNER, arrangement

pytestmark = pytest.mark.timeout(30)


def probe(content_type: int, content_length: int | None) -> p1.MTSAPDU:
    domain = Domain(address=from_text(PARTNER), mta_name="PARTNER-MTA")
    like = envelope_for(domain, from_text(JOERG_OR), (from_text(ANNA_OR),), "probe.1", datetime(2026, 11, 23, tzinfo=UTC), report=True)
    (recipient,) = like.per_recipient_fields
    same = {each.name: getattr(recipient, each.name) for each in fields(recipient)}
    return p1.MTSAPDU(
        probe=p1.Probe(
            probe_identifier=like.message_identifier,
            originator_name=like.originator_name,
            content_type=mts.ContentType(built_in=content_type),
            content_length=content_length,
            trace_information=like.trace_information,
            per_recipient_fields=(p1.PerRecipientProbeTransferFields(**same),),
        )
    )


@pytest.mark.parametrize(
    ("content_type", "length", "reason"),
    [(22, 1000, None), (22, None, None), (35, 1000, (1, 15)), (22, 30_000, (1, 7))],
)
async def test_a_probe_is_answered(tmp_path: Path, content_type: int, length: int | None, reason: tuple[int, int] | None) -> None:
    async with arrangement(tmp_path, mta="largest_octets = 20000") as a:
        await a.correspondent.send_apdu(probe(content_type, length))
        report = (await a.correspondent.received.get()).apdu.report
        assert a.sink.received.empty()
    assert report is not None
    (recipient,) = report.content.per_recipient_fields
    kind = recipient.last_trace_information.report_type
    if reason is None:
        assert kind.delivery is not None
    else:
        assert kind.non_delivery is not None
        assert (kind.non_delivery.non_delivery_reason_code, kind.non_delivery.non_delivery_diagnostic_code) == reason
