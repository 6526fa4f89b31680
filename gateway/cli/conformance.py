"""``mixer conformance``: run files of examples against the gateway's own mapping."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.common import JSONOption, app, show
from gateway.conformance.runner import run_files


@app.command()
def conformance(
    files: Annotated[list[Path], typer.Argument(help="Files of vectors (YAML).")],
    json: JSONOption = False,
) -> None:
    """Run conformance vectors: PASS or FAIL for each, and how many of both. Exit code 1 when one failed."""
    verdicts = list(run_files(files))
    failed = sum(not verdict.passed for verdict in verdicts)
    lines = [*(str(verdict) for verdict in verdicts), f"{len(verdicts) - failed} passed, {failed} failed"]
    show([asdict(verdict) for verdict in verdicts], as_json=json, text="\n".join(lines))
    if failed:
        raise typer.Exit(1)
