"""Runs the command ``mixer`` in this process, as the shell would: arguments in; exit code, output and errors out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway.cli import main

TABLES = {
    "domain-to-oraddress": "partner.example#PRMD$PARTNER.ADMD$DEMO.C$XX#\nexample.org#O$Example.PRMD$EXAMPLE.ADMD$DEMO.C$XX#\n",
    "oraddress-to-domain": "PRMD$PARTNER.ADMD$DEMO.C$XX#partner.example#\nO$Example.PRMD$EXAMPLE.ADMD$DEMO.C$XX#example.org#\n",
}
CONFIG = """
[gateway]
domain = "x400.example.org"
oraddress = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
global_domain = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
mta_name = "GATEWAY"
postmaster = "postmaster@example.org"

[[mta.peer]]
name = "partner"
mta_name = "PARTNER"
routes = ["/PRMD=PARTNER/ADMD=DEMO/C=XX/"]
"""


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code in (0, 1), self.err
        return json.loads(self.out)


Mixer = Callable[..., Ran]


@pytest.fixture
def mixer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Mixer]:
    """``mixer("check", "-c", path)``."""

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["mixer", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        code = ended.value.code
        return Ran(code if isinstance(code, int) else int(code is not None), said.out, said.err)

    yield run
    structlog.reset_defaults()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A good configuration with tables."""
    (tmp_path / "mappings").mkdir()
    for name, text in TABLES.items():
        (tmp_path / "mappings" / name).write_text(text)
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG)
    return path
