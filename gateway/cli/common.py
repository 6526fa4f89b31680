"""What all commands share: the application, common options, and output as text or JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(name="mixer", help="SMTP to X.400 gateway: MIXER (RFC 2156).", no_args_is_help=True, pretty_exceptions_enable=False)

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="Configuration file (TOML).")]
JSONOption = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]


def show(facts: Any, *, as_json: bool, text: str) -> None:
    """Print facts, as JSON or as text for people."""
    print(json.dumps(facts, indent=2, default=str) if as_json else text)
