"""Reading the file: validated whole, and every fault named with file, key and what was expected."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from gateway.config.lookup import LookupSection
from gateway.config.mta import MTASection
from gateway.config.node import AdminSection, GatewaySection, LogSection, MixerSection, RelaySection, SpoolSection
from gateway.config.reports import ReportsSection
from gateway.config.section import Section
from gateway.config.smtp import SMTPSection
from gateway.errors import ConfigurationError


class Config(Section):
    """The whole file."""

    gateway: GatewaySection
    spool: SpoolSection = SpoolSection()
    relay: RelaySection = RelaySection()
    smtp: SMTPSection = SMTPSection()
    mta: MTASection = MTASection()
    mixer: MixerSection = MixerSection()
    lookup: LookupSection = LookupSection()
    reports: ReportsSection = ReportsSection()
    log: LogSection = LogSection()
    admin: AdminSection = AdminSection()


_SAID = {
    "extra_forbidden": "unknown key; look for a spelling mistake",
    "missing": "must be given",
    "model_type": "a table is wanted here: { key = value, ... }",
}
"""Types of faults with words of our own. The value is not repeated: it may be a secret in the wrong place."""


def load(path: Path) -> Config:
    """Read and validate a configuration file. Relative paths in it are relative to the file.

    Raises:
        ConfigurationError: With file, key and what was expected, one line for each fault.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}") from error
    try:
        return Config.model_validate(_completed(Config, table), context=path.absolute().parent)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_faults(path, table, error))) from error


def _completed(model: type[BaseModel], table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with the sections that are left out, which are validated too: their defaults hold relative paths."""
    found = dict(table)
    for name, field in model.model_fields.items():
        inner = found.get(name, {})
        if isinstance(field.default, Section) and isinstance(inner, dict):
            found[name] = _completed(type(field.default), inner)
    return found


def _faults(path: Path, table: Mapping[str, Any], error: ValidationError) -> list[str]:
    lines = []
    for fault in error.errors():
        key = _key(table, fault["loc"])
        said = _SAID.get(fault["type"], fault["msg"].removeprefix("Value error, "))
        plain = isinstance(fault["input"], str | int | float) and fault["type"] not in _SAID
        given = f" (given: {fault['input']!r})" if plain else ""
        lines.append(f"{path}: {key}: {said}{given}")
    return lines


def _key(table: Any, steps: Sequence[str | int]) -> str:
    """The key as people say it: ``mta.peer partner.port``, with the number of a section that has no name."""
    words = ""
    for step in steps:
        table = _inside(table, step)
        name = table.get("name") if isinstance(step, int) and isinstance(table, dict) else None
        words += f" {step if name is None else name}" if isinstance(step, int) else f".{step}" if words else step
    return words


def _inside(table: Any, step: str | int) -> Any:
    try:
        return table[step]
    except (KeyError, IndexError, TypeError):
        return None
