"""Under which settings the tools of the tables map: those of a configuration, or of a gateway of which only the tables count."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gateway.building.lookup import sources_from
from gateway.building.mapping import USERS_FILE, tables_from
from gateway.cli.common import settings_of
from gateway.config import load
from gateway.lookup.users import UserDirectory
from gateway.lookup.users_compile import compile_users
from gateway.maptools.mapper import settings_for
from gateway.mixer.mcgam import MappingTables
from gateway.mixer.policy import Settings
from gateway.mixer.questions import Answer, Answers, Knowledge, Question, Users

ConfigurationOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar="MIXER_CONFIG", exists=True, dir_okay=False, help="Configuration of the gateway, for its own addresses."
    ),
]


def settings_with(config: Path | None, folder: Path | None, tables: MappingTables | None = None) -> Settings:
    """The settings for a folder of tables; its tables, and its users where it has some, go before those of the configuration.

    Args:
        config: The configuration file; None for a gateway that is nobody's.
        folder: The folder; None to take everything from the configuration.
        tables: The tables of the folder, where they have been read already.

    Raises:
        ConfigurationError: Something cannot be read or is not good.
    """
    if folder is None:
        return settings_of(config) if config is not None else settings_for(MappingTables())
    tables = tables or tables_from(folder)
    settings = replace(settings_of(config), tables=tables) if config is not None else settings_for(tables)
    users = users_beside(folder)
    return settings if users is None else _with_users(settings, directory_of(users))


def _with_users(settings: Settings, users: UserDirectory) -> Settings:
    return replace(settings, users=users, users_version=users.version)


def users_beside(folder: Path) -> Path | None:
    """The users' file of a folder of tables."""
    path = folder / USERS_FILE
    return path if path.is_file() else None


def directory_of(path: Path) -> UserDirectory:
    """A users' file as the gateway would have it: compiled, only not kept.

    Raises:
        ConfigurationError: Lines cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="mixer-users-") as folder:
        target = Path(folder) / "users.compiled"
        compile_users((path,), target)
        return UserDirectory(target)


class ConfiguredLookups:
    """Implements `gateway.maptools.explaining.Lookups`: asks the sources of a configuration and waits for them.

    Args:
        path: The configuration.

    Raises:
        ConfigurationError: A source cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._sources = sources_from(load(path))
        self._runner = asyncio.Runner()

    def knowledge(self, tables: MappingTables, users: Users, answers: Answers) -> Knowledge:
        """What one run of a mapping may know."""
        return self._sources.knowledge(tables, users, answers)

    def answer(self, questions: Sequence[Question]) -> Mapping[Question, Answer]:
        """An answer to each question; repeated ones come from the caches of the sources."""
        return self._runner.run(self._sources.answer(questions))

    def close(self) -> None:
        """End the connections."""
        self._sources.close()
        self._runner.close()
