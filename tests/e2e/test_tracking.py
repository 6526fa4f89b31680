"""What an operator is told: the whole story of a message by any of its names, what is overdue, the answer to a probe, the trail."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.mixer.identifiers import text_from_mts_identifier
from gateway.x400 import p1
from tests.e2e.harness import ANNA, ANNA_OR, JOERG, JOERG_OR, arrangement, settled, simple_message
from tests.e2e.test_reports import ON_FAILURE, _partners_context, p1_message
from tests.e2e.test_returns import next_message, report_on

pytestmark = [pytest.mark.timeout(60), pytest.mark.slow]


async def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """A command as an operator gives it, beside the running gateway."""
    command = [arguments[0], *([arguments[1]] if arguments[0] == "audit" else []), "-c", str(folder / "gateway.toml")]
    rest = arguments[2:] if arguments[0] == "audit" else arguments[1:]
    result = await asyncio.to_thread(CliRunner().invoke, app, [*command, *rest])
    return result.exit_code, result.output


async def test_one_message_has_one_story_under_each_of_its_names(tmp_path: Path) -> None:
    """Message-ID, MTS identifier, IPM identifier, queue id, either address: time, peer and code in plain words."""
    async with arrangement(tmp_path) as a:
        options = {"rcpt_options": ("NOTIFY=SUCCESS,FAILURE",)}
        await asyncio.to_thread(a.send_smtp, simple_message(), **options)
        message = await next_message(a)
        await a.correspondent.send_apdu(report_on(message, failed=True))
        await asyncio.wait_for(a.sink.received.get(), 20)
        await settled(a.gateway.store)
        mts = text_from_mts_identifier(message.envelope.message_identifier)
        (queue_id, *_) = await a.gateway.store.named("<test.1@example.org>")
        texts = {}
        for name in ("<test.1@example.org>", mts, "test.1(a)example.org", queue_id, ANNA, JOERG.upper(), JOERG_OR):
            code, texts[name] = await run(tmp_path, "track", name)
            assert code == 0, (name, texts[name])
        code, _ = await run(tmp_path, "track", "<never@example.org>")
    assert code == 1
    for name, text in texts.items():
        assert ANNA in text and JOERG in text, name
        assert "handed over" in text and "partner" in text
        assert "failed" in text and "1/0 there is no such address" in text
        assert "report" in text and mts in text


async def test_failures_are_told_in_the_words_of_both_worlds(tmp_path: Path) -> None:
    async with arrangement(tmp_path, refused=frozenset({ANNA})) as a:
        await a.correspondent.send_apdu(p1_message(ANNA_OR, bits=ON_FAILURE))
        await asyncio.wait_for(a.correspondent.received.get(), 20)
        await settled(a.gateway.store)
        _, text = await run(tmp_path, "track", ANNA_OR)
        code, _ = await run(tmp_path, "audit", "export", "-o", str(tmp_path / "trail.jsonl"))
    assert "[5.1.1; X.411 unable-to-transfer, unrecognised-OR-name: there is no such address]" in text
    assert code == 0
    trail = [json.loads(line) for line in (tmp_path / "trail.jsonl").read_text().splitlines()]
    accepted = next(each for each in trail if each["event"] == "spool.accepted" and each["kind"] == "message")
    # ICAO Doc 9880: identifier, priority, originator, recipients, size, arrival; then the end of each recipient and the reports.
    assert accepted["mts_identifier"].endswith(";m1]") and accepted["priority"] == "normal"
    assert (accepted["sender"], accepted["recipients"]) == (JOERG_OR, [ANNA_OR])
    assert int(accepted["size"]) > 100 and accepted["arrived"] and accepted["peer"] == "partner"
    failed = next(each for each in trail if each["event"] == "recipient.failed")
    assert (failed["x411"], failed["status"]) == ("unable-to-transfer, unrecognised-OR-name", "5.1.1")
    reported = next(each for each in trail if each["event"] == "relay.reported")
    assert reported["destination"] == JOERG_OR and reported["report_identifier"]
    assert reported["subject_identifier"].endswith(";m1]") and reported["actual_recipients"] == ANNA_OR
    assert (reported["report_type"], reported["action"]) == ("non-delivery", "report made")
    converted = next(each for each in trail if each["event"] == "relay.converted")
    assert converted["content_type"] and converted["last_trace"] and converted["ipm_identifier"] and converted["action"] == "converted"


async def test_overdue_reports_are_listed_and_counted(tmp_path: Path) -> None:
    async with arrangement(tmp_path, extra="[reports]\nreport_patience_hours = 0.0001\n") as a:
        await asyncio.to_thread(a.send_smtp, simple_message(), rcpt_options=("NOTIFY=SUCCESS",))
        await next_message(a)
        await settled(a.gateway.store)
        await asyncio.sleep(0.5)
        code, text = await run(tmp_path, "track", "--overdue")
        status = await a.gateway._status({})
    assert code == 0
    assert ANNA in text and JOERG_OR in text and "OVERDUE since" in text and "handed to" in text
    assert status["reports"]["overdue"] == 1


@pytest.mark.parametrize("failed", [False, True])
async def test_a_probe_is_asked_and_its_answer_printed(tmp_path: Path, failed: bool) -> None:
    async with arrangement(tmp_path) as a:
        asked = asyncio.create_task(run(tmp_path, "probe", JOERG_OR, "--size", "5000"))
        probe = (await asyncio.wait_for(a.correspondent.received.get(), 20)).apdu.probe
        assert probe is not None and probe.content_length == 5000
        await a.correspondent.send_apdu(answer_to(probe, failed=failed))
        code, text = await asked
        assert a.sink.received.empty()  # nobody is told but who asked
    assert code == (1 if failed else 0)
    assert (f"{JOERG_OR}: undeliverable (says partner) 1/0 there is no such address" if failed else f"{JOERG_OR}: deliverable") in text


async def test_the_test_mta_of_mixer_receive_answers_probes(tmp_path: Path) -> None:
    async with arrangement(tmp_path, answers=True):
        code, text = await run(tmp_path, "probe", JOERG_OR)
    assert code == 0 and f"{JOERG_OR}: deliverable (says partner)" in text


async def test_a_probe_without_answer_or_way_says_so(tmp_path: Path) -> None:
    async with arrangement(tmp_path) as a:
        code, text = await run(tmp_path, "probe", JOERG_OR, "--wait", "0.3")
        assert code == 1 and "unanswered" in text
        await a.correspondent.received.get()
        code, text = await run(tmp_path, "probe", "/S=x/ADMD=NOWHERE/C=YY/")
    assert code == 1


def answer_to(probe: p1.Probe, *, failed: bool) -> p1.MTSAPDU:
    from gateway.errors import Failure
    from gateway.mixer.convert import ReportedOutcome, report_for_x400

    outcome = (
        ReportedOutcome(failure=Failure(reason=1, diagnostic=0, status="5.1.1", text="Nobody of that name."))
        if failed
        else ReportedOutcome(delivered_at=datetime.now(UTC))
    )
    conversion = report_for_x400(probe, {1: outcome}, _partners_context())
    assert conversion is not None
    return conversion.result
