"""New tables and users while the gateway runs: a set is active whole or not at all, and a message never sees half of one."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.admin.control import ask
from gateway.correspondent.demo import free_ports
from gateway.correspondent.sink import Sink
from gateway.errors import GatewayError
from gateway.mixer.stdor import to_text
from gateway.x400.oraddress import oraddress_from_orname
from tests.e2e.harness import JOERG, JOERG_OR, PYTHON, TABLES, Arrangement, Setting, arrangement, simple_message, until

pytestmark = pytest.mark.timeout(60)

OTHER = "/G=joerg/S=mueller/O=Other/PRMD=PARTNER/ADMD=DEMO/C=XX/"
RULE = "partner.example#O$Other.PRMD$PARTNER.ADMD$DEMO.C$XX#\n"
BAD = "partner.example#PRMD$PARTNER\n"
NOT_WATCHED = "[mixer]\nwatch_seconds = 0\n"
WATCHED = "[mixer]\nwatch_seconds = 0.1\n"


async def status(a: Arrangement) -> Mapping[str, Any]:
    return await ask(a.setting.folder / "control.sock", "status")


async def command(a: Arrangement) -> Mapping[str, Any]:
    return await ask(a.setting.folder / "control.sock", "reload")


async def _holds(a: Arrangement, condition: Callable[[Mapping[str, Any]], Any]) -> bool:
    return bool(condition(await status(a)))


def more(a: Arrangement, text: str, name: str = "10-more") -> Path:
    """A file beside the table ``domain-to-oraddress``."""
    path = a.setting.folder / "mappings" / "domain-to-oraddress.d" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


async def mapped(a: Arrangement) -> str:
    """What the partner gets for joerg.mueller@partner.example."""
    await asyncio.to_thread(a.send_smtp, simple_message(message_id=f"<{os.urandom(4).hex()}@example.org>"))
    message = (await asyncio.wait_for(a.correspondent.received.get(), 20)).apdu.message
    assert message is not None
    return to_text(oraddress_from_orname(message.envelope.per_recipient_fields[0].recipient_name))


async def test_a_command_makes_new_tables_and_users_active(tmp_path: Path) -> None:
    async with arrangement(tmp_path, extra=NOT_WATCHED) as a:
        before = await status(a)
        assert await mapped(a) == JOERG_OR
        more(a, RULE)
        assert await mapped(a) == JOERG_OR, "nobody has asked yet"
        assert (await command(a))["tables"] != before["tables"]
        assert await mapped(a) == OTHER
        (tmp_path / "mappings" / "users.csv").write_text(f"{JOERG},/CN=Joerg/PRMD=PARTNER/ADMD=DEMO/C=XX/\n")
        assert (await command(a))["users"]
        assert await mapped(a) == "/CN=Joerg/PRMD=PARTNER/ADMD=DEMO/C=XX/"
        (tmp_path / "mappings" / "users.csv").unlink()
        assert (await command(a))["users"] == ""
        assert await mapped(a) == OTHER


@pytest.mark.parametrize(("name", "text"), [("domain-to-oraddress", BAD), ("users.csv", "joerg@partner.example,nonsense\n")])
async def test_a_set_that_does_not_check_is_refused_whole(tmp_path: Path, name: str, text: str) -> None:
    """The good file beside the bad one does not count either; the reason is in the answer, in the log and in the status."""
    async with arrangement(tmp_path, extra=NOT_WATCHED) as a:
        before = await status(a)
        (tmp_path / "mappings" / name).write_text(text)
        good = more(a, RULE)
        with capture_logs() as logs, pytest.raises(GatewayError, match=f"{name}:1") as refusal:
            await command(a)
        (event,) = [each for each in logs if each["event"] == "tables.refused"]
        after = await status(a)
        assert event["reason"] == str(refusal.value) and str(refusal.value) in after["tables_refused"]
        assert (after["tables"], after["users"], after["tables_since"]) == (before["tables"], before["users"], before["tables_since"])
        assert await mapped(a) == JOERG_OR
        good.unlink()
        (tmp_path / "mappings" / name).write_text(TABLES.get(name, ""))
        await command(a)
        assert (await status(a))["tables_refused"] == ""


async def test_changed_files_are_noticed(tmp_path: Path) -> None:
    async with arrangement(tmp_path, extra=WATCHED) as a:
        before = (await status(a))["tables"]
        path = more(a, BAD)
        await until(lambda: _holds(a, lambda found: found["tables_refused"]))
        assert (await status(a))["tables"] == before
        path.write_text(RULE)
        await until(lambda: _holds(a, lambda found: found["tables"] != before))
        assert await mapped(a) == OTHER


async def test_a_file_that_is_still_being_written_is_not_read(tmp_path: Path) -> None:
    """Only what stood still for one interval is read: nobody sees the first half of a file."""
    async with arrangement(tmp_path, extra="[mixer]\nwatch_seconds = 0.2\n") as a:
        with capture_logs() as logs:
            for count in range(1, 10):
                more(a, BAD * count)
                await asyncio.sleep(0.1)
            more(a, RULE)
            await until(lambda: _holds(a, lambda found: any(each["event"] == "tables.reloaded" for each in logs)))
        assert not any(each["event"] == "tables.refused" for each in logs)


async def test_what_editors_leave_behind_is_no_table(tmp_path: Path) -> None:
    async with arrangement(tmp_path, extra=NOT_WATCHED) as a:
        before = (await status(a))["tables"]
        for name in ("10-more~", ".10-more.swp"):
            more(a, BAD, name)
        assert (await command(a))["tables"] == before


async def test_what_is_under_way_goes_on_with_the_set_that_it_began_with(tmp_path: Path) -> None:
    """Sorted under one set and converted under another, a recipient could get an address that its peer does not route."""
    async with arrangement(tmp_path, extra=NOT_WATCHED) as a:
        recall = a.gateway._recall
        reloaded = 0

        async def slow(keys: Any) -> Mapping[str, str]:
            nonlocal reloaded  # between sorting and converting
            more(a, RULE)
            await command(a)
            reloaded += 1
            return await recall(keys)

        a.gateway.relay._journey_of = _journeys(a, slow)
        assert await mapped(a) == JOERG_OR and reloaded == 1
        a.gateway.relay._journey_of = a.gateway._journeys(a.gateway._surroundings())
        assert await mapped(a) == OTHER


def _journeys(a: Arrangement, recall: Any) -> Any:
    a.gateway._recall = recall  # type: ignore[method-assign]
    return a.gateway._journeys(a.gateway._surroundings())


@pytest.mark.slow
def test_sighup_and_the_command_line(tmp_path: Path) -> None:
    """``kill -HUP``; ``mixer reload`` says what is active and exits 0, or why not and exits 1; ``mixer status`` keeps the reason."""

    async def ports() -> tuple[int, ...]:
        sink = Sink()
        await sink.start()
        found = (*free_ports(3), sink.port)
        await sink.stop()
        return found

    setting = Setting(tmp_path, *asyncio.run(ports()), extra=NOT_WATCHED)
    config = setting.write()
    environment = {**os.environ, **setting.environment}
    mixer = [PYTHON, "-m", "gateway"]

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*mixer, *words, "-c", str(config)], env=environment, capture_output=True, text=True, timeout=30)

    serve = [*mixer, "serve", "-c", str(config)]
    with (tmp_path / "log").open("w") as output, subprocess.Popen(serve, env=environment, stderr=output) as process:
        try:
            _wait_for(tmp_path / "log", "gateway.started", process)
            (tmp_path / "mappings" / "domain-to-oraddress").write_text(RULE)
            process.send_signal(signal.SIGHUP)
            _wait_for(tmp_path / "log", "tables.reloaded", process)
            (tmp_path / "mappings" / "domain-to-oraddress").write_text(BAD)
            refused = run("reload")
            assert refused.returncode == 1 and "domain-to-oraddress:1" in refused.stderr
            _wait_for(tmp_path / "log", "tables.refused", process)
            process.send_signal(signal.SIGHUP)
            assert "domain-to-oraddress:1" in run("status").stdout
            (tmp_path / "mappings" / "domain-to-oraddress").write_text(RULE)
            good = run("reload")
            assert good.returncode == 0 and good.stdout.startswith("active: tables ")
        finally:
            process.terminate()
            process.wait(20)
    assert process.returncode == 0


def _wait_for(path: Path, event: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while event not in path.read_text():
        assert process.poll() is None, path.read_text()
        assert time.monotonic() < deadline, path.read_text()
        time.sleep(0.05)
