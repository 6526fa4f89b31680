"""``mixer map diff``: what changed between two sets of tables, and which addresses feel it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from gateway.building.queue import open_store
from gateway.cli.common import JSONOption, show
from gateway.cli.map_ import map_
from gateway.cli.map_settings import ConfigurationOption, settings_with
from gateway.config import load
from gateway.maptools.diff import AddressChange, RuleChange, addresses_in, changed_addresses, changed_rules, tables_of, value_of
from gateway.maptools.problems import shown
from gateway.maptools.sources import sources_of_folder
from gateway.mixer.address import Role


@map_.command()
def diff(
    old: Annotated[Path, typer.Argument(help="Folder of the old tables.")],
    new: Annotated[Path, typer.Argument(help="Folder of the new tables.")],
    addresses: Annotated[
        Path | None, typer.Option(help="Addresses of either kind, one a line, to map by both; - reads standard input.")
    ] = None,
    audit: Annotated[
        int | None, typer.Option(metavar="DAYS", min=1, max=36500, help="Map the senders and recipients of the last DAYS days by both.")
    ] = None,
    role: Annotated[Role, typer.Option(help="What the addresses are for.")] = Role.RECIPIENT,
    config: ConfigurationOption = None,
    json: JSONOption = False,
) -> None:
    """Show which rules changed between two sets of tables, and which addresses map differently. Exit code 1 when anything does."""
    before, after = sources_of_folder(old), sources_of_folder(new)
    rules = list(changed_rules(before, after))
    moved: list[AddressChange] = []
    if addresses is not None or audit is not None:
        listed = chain(addresses_in(_lines(addresses)) if addresses else (), _audited(config, audit) if audit else ())
        one, other = settings_with(config, old, tables_of(before)), settings_with(config, new, tables_of(after))
        moved = list(changed_addresses(listed, one, other, role))
    facts = {"rules": [change.facts() for change in rules], "addresses": [change.facts() for change in moved]}
    show(facts, as_json=json, text="\n".join([*map(_rule_text, rules), *map(_address_text, moved)]) or "no difference")
    if rules or moved:
        raise typer.Exit(1)


def _rule_text(change: RuleChange) -> str:
    sign = {"added": "+", "removed": "-", "changed": "!"}[change.kind]
    sides = [f"{value_of(row)} ({row.where})" for row in (change.old, change.new) if row is not None]
    return shown(f"{sign} {change.table.value}: {change.key}: {' -> '.join(sides)}")


def _address_text(change: AddressChange) -> str:
    return shown(f"{change.address}: {change.old} -> {change.new}")


def _lines(path: Path) -> Iterator[str]:
    if str(path) == "-":
        yield from sys.stdin
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        yield from file


def _audited(config: Path | None, days: int) -> list[str]:
    """Who wrote and who was written to, by the queue of the gateway."""
    if config is None:
        raise typer.BadParameter("the queue is that of a configuration: expected --config FILE too", param_hint="--audit")
    loaded = load(config)

    async def read() -> list[str]:
        store = await open_store(loaded)
        try:
            return [address async for address in store.addresses_since(datetime.now(UTC) - timedelta(days=days))]
        finally:
            await store.close()

    return asyncio.run(read())
