"""``mixer demo``: what it shows, and that its exit code tells the truth."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from gateway.correspondent import demo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]


async def test_the_demo_crosses_both_ways_and_shows_both_forms(tmp_path: Path) -> None:
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "demo", "--keep", str(tmp_path), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    shown = (await process.communicate())[0].decode()
    assert process.returncode == 0, shown
    assert time.monotonic() - began < 25
    assert "Both messages crossed." in shown
    titles = [line for line in shown.splitlines() if line.startswith("=== ")]
    assert "=== What the Internet user sends (SMTP)" in titles
    assert "=== What the X.400 user receives (P1)" in titles
    assert "=== What the X.400 user sends (P1)" in titles
    assert "=== What the Internet user receives from <joerg.mueller@widget.example> (SMTP)" in titles
    assert "P1 recipient 2  /G=Eva/S=Sand/O=Head Office/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/" in shown
    assert "file-transfer 'übersicht.csv', 52 octets" in shown
    assert "In-Reply-To: <demo.1@example.org>" in shown
    assert "Traceback" not in shown
    assert {"gateway.toml", "queue.sqlite", "gateway.log", "mailbox"} <= {found.name for found in tmp_path.iterdir()}  # noqa: ASYNC240


async def test_the_demo_fails_with_a_peer_that_has_the_wrong_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = demo._correspondent

    def wrong(folder: Path, ports: list[int]) -> list[str]:
        return ["wrong-secret" if word == "gateway-secret" else word for word in right(folder, ports)]

    monkeypatch.setattr(demo, "_correspondent", wrong)
    assert await demo.Demo(tmp_path, seconds=6).run() == 1
    shown = capsys.readouterr().out
    assert "gateway: association refused" in shown
    assert "NOT crossed: to X.400, to the Internet" in shown


async def test_the_demo_fails_with_a_peer_that_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "_correspondent", lambda folder, ports: ["receive", "--no-such-option"])
    assert await demo.Demo(tmp_path, seconds=20).run() == 1
    assert "the demo failed: a process ended early" in capsys.readouterr().out
