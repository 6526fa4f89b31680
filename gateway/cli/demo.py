"""``mixer demo``: a message crosses from SMTP to X.400 and a reply comes back, shown on both sides."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway import log
from gateway.cli.common import app
from gateway.correspondent.demo import Demo


@app.command()
def demo(
    keep: Annotated[Path | None, typer.Option(help="Keep configuration, queue, logs and messages in this folder.", file_okay=False)] = None,
) -> None:
    """Run a gateway and an X.400 correspondent as two processes and pass a real message both ways."""
    log.configure(level="error")
    raise typer.Exit(asyncio.run(Demo(keep).run()))
