"""The settings of the mapping, with tables and users read from their files."""

from __future__ import annotations

import tempfile
from pathlib import Path

from gateway.building.addresses import oraddress_at
from gateway.config import Config
from gateway.errors import ConfigurationError
from gateway.lookup.users import UserDirectory
from gateway.lookup.users_compile import activate, compiled_from
from gateway.mixer.mcgam import MappingTable, MappingTables, load
from gateway.mixer.policy import GlobalDomain, Settings, SourceRoutes
from gateway.mixer.questions import NO_USERS, Source

USERS_FILE = "users.csv"
"""The users' file in the folder of the tables; taken when the configuration names none."""


def settings_from(config: Config, *, keep_users: bool = False) -> Settings:
    """The settings of the mapping, with the tables and the users read from their files.

    Args:
        config: The configuration.
        keep_users: Write the compiled users' directory to its place, for the running gateway.

    Raises:
        ConfigurationError: An address, a table or a user cannot be used; the text says where and why.
    """
    gateway = config.gateway
    domain = oraddress_at(gateway.global_domain, "gateway.global_domain")
    if domain.country is None:
        raise ConfigurationError("gateway.global_domain: a country (C) is needed")
    users = users_from(config, keep=keep_users)
    return Settings(
        gateway_domain=gateway.domain,
        gateway_oraddress=oraddress_at(gateway.oraddress, "gateway.oraddress"),
        global_domain=GlobalDomain(country=domain.country, admd=domain.admd or " ", prmd=domain.prmd),
        mta_name=gateway.mta_name,
        tables=tables_from(config.mixer.tables),
        users=users if users is not None else NO_USERS,
        users_version=users.version if users is not None else "",
        postmaster=gateway.postmaster,
        source_routes=SourceRoutes(config.mixer.source_routes),
        inverted_units=config.mixer.inverted_units,
        most_addresses=config.mixer.most_addresses,
    )


def users_from(config: Config, *, keep: bool) -> UserDirectory | None:
    """The users' directory, compiled where its files have changed; None when there is none.

    Args:
        config: The configuration.
        keep: Write what is compiled to its place; else it is for this process alone, and nothing is written there.

    Raises:
        ConfigurationError: Lines that cannot be used, or a file that cannot be read or written.
    """
    files = user_files(config)
    if not files:
        return None
    section = config.lookup.directory
    if keep:
        return activate(files, section.compiled, fold_local=section.fold_local_parts)
    present = compiled_from(files, section.compiled, fold_local=section.fold_local_parts)
    if present is not None:
        return present
    with tempfile.TemporaryDirectory() as folder:
        return activate(files, Path(folder) / "users", fold_local=section.fold_local_parts)  # it stays mapped when the file has gone


def user_files(config: Config) -> tuple[Path, ...]:
    """The users' files that the configuration means; none where the directory is no source."""
    if Source.DIRECTORY.value not in config.lookup.sources:
        return ()
    if config.lookup.directory.files is not None:
        return config.lookup.directory.files
    beside = config.mixer.tables / USERS_FILE
    return (beside,) if beside.is_file() else ()


def stamps_from(config: Config) -> tuple[tuple[str, int, int], ...]:
    """How the files of tables and users look now: path, time of change in nanoseconds, size; one that is not there has -1."""
    tables = [path for table in MappingTable for path in table_files(config.mixer.tables, table)]
    return tuple(_stamp(path) for path in (*tables, *user_files(config)))


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), -1, -1
    return str(path), found.st_mtime_ns, found.st_size


def tables_from(folder: Path) -> MappingTables:
    """The tables of a folder: for each one a file of its name, then the files of the folder ``NAME.d``, in order of their names."""
    if not folder.is_dir():
        raise ConfigurationError(f"mixer.tables: {folder} is no folder")
    files: dict[str, list[tuple[str, str]]] = {}
    for table in MappingTable:
        files[table.value] = [(str(path), _text_of(path)) for path in table_files(folder, table)]
    return load(files)


def table_files(folder: Path, table: MappingTable) -> tuple[Path, ...]:
    """The files of one table in their order. What editors leave behind in ``NAME.d`` (hidden files, ``*~``) is no table."""
    more = sorted((folder / f"{table.value}.d").glob("*"))
    paths = [folder / table.value, *(path for path in more if not path.name.startswith(".") and not path.name.endswith("~"))]
    return tuple(path for path in paths if path.is_file())


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # editors on Windows begin a file with a byte order mark
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
