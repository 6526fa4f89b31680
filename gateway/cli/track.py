"""``mixer track`` and ``mixer audit export``: what became of a message, and the trail of all of them. They read the queue's files."""

from __future__ import annotations

import asyncio
import json as json_
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from gateway.admin import tracking
from gateway.admin.control import ask
from gateway.building.queue import open_store
from gateway.cli.common import ConfigOption, JSONOption, app, show
from gateway.config import Config, load
from gateway.errors import GatewayError
from gateway.spool.expectations import Expectation, Fate, Known
from gateway.spool.store import Store
from gateway.spool.transfer import Side

audit = typer.Typer(help="The audit trail.", no_args_is_help=True)
app.add_typer(audit, name="audit")
_T = TypeVar("_T")


@app.command()
def track(
    config: ConfigOption,
    name: Annotated[str, typer.Argument(help="Message-ID, MTS or IPM identifier, queue id, mailbox or O/R address.")] = "",
    overdue: Annotated[bool, typer.Option("--overdue", help="List the reports and notifications that should have come.")] = False,
    ask_: Annotated[bool, typer.Option("--ask", help="With --overdue: probe the X.400 recipients of whom nothing is heard.")] = False,
    json: JSONOption = False,
) -> None:
    """Tell the whole story of a message, found by any of its names; exit code 1 when nothing is known by that name."""
    loaded, now = load(config), datetime.now(UTC)
    if overdue:
        _overdue(loaded, now, asking=ask_, json=json)
        return
    if not name:
        raise typer.BadParameter("a name, or --overdue, is wanted")
    found = _looked(loaded, lambda store: tracking.stories(store, name))
    if not found:
        raise GatewayError(f"nothing is known of {name}")
    text = "\n\n".join("\n".join(tracking.lines(story, now)) for story in found)
    show([asdict(story) for story in found], as_json=json, text=text)


def _overdue(config: Config, now: datetime, *, asking: bool, json: bool) -> None:
    found = _looked(config, lambda store: store.expectations.overdue(now))
    if asking:
        for address in dict.fromkeys(each.address for known in found for each in _unheard(known, now)):
            answer = asyncio.run(ask(config.admin.socket, "probe", address=address))
            print(f"{address}: {answer['outcome']} {answer['said']}")
        return
    text = "\n".join(line for known in found for line in tracking.overdue_lines(known, now))
    show([asdict(known) for known in found], as_json=json, text=text or "nothing is overdue")


def _unheard(known: Known, now: datetime) -> list[Expectation]:
    """The X.400 recipients who can be asked after with a probe."""
    if known.subject.origin is not Side.INTERNET or known.subject.fields.get("kind"):
        return []
    return [each for each in known.recipients if each.fate is Fate.OPEN and each.due is not None and each.due <= now]


@audit.command()
def export(
    config: ConfigOption,
    since: Annotated[datetime | None, typer.Option(help="From this time on (UTC); by default all that is kept.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Up to this time (UTC); by default now.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File; by default standard output.")] = None,
) -> None:
    """Write the audit trail as JSON, one event a line."""
    loaded = load(config)
    begin = since.replace(tzinfo=UTC) if since is not None else datetime.now(UTC) - timedelta(days=36500)
    end = until.replace(tzinfo=UTC) if until is not None else datetime.now(UTC) + timedelta(days=1)

    async def write(store: Store) -> int:
        with ExitStack() as stack:
            file: Any = stack.enter_context(output.open("w", encoding="utf-8")) if output is not None else sys.stdout
            count = 0
            async for transfer_id, event in store.trail(begin, end):
                file.write(json_.dumps(tracking.exported(transfer_id, event), ensure_ascii=False) + "\n")
                count += 1
            return count

    count = _looked(loaded, write)
    if output is not None:
        print(f"{count} events in {output}")


def _looked(config: Config, work: Callable[[Store], Awaitable[_T]]) -> _T:
    async def run() -> _T:
        store = await open_store(config)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())
