"""``mixer send`` to ``mixer receive``, ``mixer serve`` and ``mixer status``: as processes, over loopback."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.correspondent.demo import free_ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

MIXER = (sys.executable, "-m", "gateway")


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*MIXER, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def send(port: int, *more: str, password: str = "two") -> subprocess.CompletedProcess[str]:
    words = (
        "send", "--from", "/G=Anna/S=Berg/PRMD=ONE/ADMD=DEMO/C=XX/", "--to", "/G=Eva/S=Sand/PRMD=TWO/ADMD=DEMO/C=XX/",
        "--connect", f"127.0.0.1:{port}", "--mta-name", "ONE", "--peer-mta-name", "TWO", "--password", "one",
        "--peer-password", password, "--subject", "Grüße", *more,
    )  # fmt: skip
    return subprocess.run([*MIXER, *words], capture_output=True, text=True, input="Zeile eins\nZeile zwei\n", timeout=30, check=False)


def test_send_and_receive(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("0123456789")
    words = (
        "receive", "--mailbox", str(tmp_path / "mailbox"), "--domain", "/PRMD=TWO/ADMD=DEMO/C=XX/", "--mta-name", "TWO",
        "--peer-mta-name", "ONE", "--password", "two", "--peer-password", "one", "--connect", "127.0.0.1:1", "--count", "1",
        "--no-answers",
    )  # fmt: skip
    with running(*words) as receiving:
        assert receiving.stdout is not None
        port = int(receiving.stdout.readline().rpartition(":")[2])
        assert send(port, password="wrong").returncode == 1
        sent = send(port, "--attach", str(tmp_path / "file.txt"))
        assert sent.returncode == 0, sent.stderr
        shown = receiving.communicate(timeout=20)[0]
        assert receiving.returncode == 0
    assert f"P1 identifier   {sent.stdout.strip()}" in shown
    assert "Subject         Grüße" in shown
    assert "ia5-text, 24 octets: 'Zeile eins\\r\\nZeile zwei\\r\\n'" in shown
    assert "file-transfer 'file.txt', 10 octets" in shown
    (path,) = (tmp_path / "mailbox").glob("*.ber")
    decoded = subprocess.run([*MIXER, "decode", str(path)], capture_output=True, text=True, check=True, timeout=30)
    assert decoded.stdout.startswith("-- MTS-APDU: message")


def test_serve_status_and_stop(config: Path) -> None:
    smtp, p1 = free_ports(2)
    config.write_text(config.read_text() + f"\n[smtp]\nport = {smtp}\n")
    config.write_text(config.read_text().replace("[[mta.peer]]", f"[mta]\nport = {p1}\n[[mta.peer]]"))
    with running("serve", "-c", str(config)) as serving:
        assert serving.stdout is not None
        while "gateway.started" not in (line := serving.stdout.readline()):
            assert line, "it ended"
        status = subprocess.run([*MIXER, "status", "-c", str(config), "--json"], capture_output=True, text=True, check=True, timeout=30)
        facts = json.loads(status.stdout)
        assert (facts["smtp_port"], facts["p1_port"], facts["transfers"]) == (smtp, p1, 0)
        second = subprocess.run([*MIXER, "serve", "-c", str(config)], capture_output=True, text=True, check=False, timeout=30)
        assert second.returncode == 1
        assert "cannot listen" in second.stderr
        serving.send_signal(signal.SIGTERM)
        said = serving.communicate(timeout=20)[0]
        assert serving.returncode == 0
        assert "gateway.stopped" in said
