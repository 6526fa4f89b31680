"""What all commands share: the application, common options, and output as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import config as configuration
from gateway.building.mapping import settings_from
from gateway.errors import ConfigurationError
from gateway.mixer.policy import Settings

app = typer.Typer(name="mixer", help="SMTP to X.400 gateway: MIXER (RFC 2156).", no_args_is_help=True, pretty_exceptions_enable=False)

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="Configuration file (TOML).", envvar="MIXER_CONFIG", exists=True, dir_okay=False)
]
JSONOption = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]


def show(facts: Any, *, as_json: bool, text: str) -> None:
    """Print facts, as JSON or as text for people."""
    print(json.dumps(facts, indent=2, default=str) if as_json else text)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the configuration file in errors that know only the key."""
    try:
        yield
    except ConfigurationError as error:
        if str(error).startswith(str(path)):
            raise
        raise ConfigurationError(f"{path}: {error}") from error


def settings_of(path: Path) -> Settings:
    """The settings of the mapping that a configuration file describes.

    Raises:
        ConfigurationError: With file, key and what was expected.
    """
    loaded = configuration.load(path)
    with naming(path):
        return settings_from(loaded)
