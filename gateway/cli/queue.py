"""``mixer queue``: what waits, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, TypeVar

import typer

from gateway.building.queue import open_store
from gateway.cli.common import ConfigOption, JSONOption, app, show
from gateway.config import Config, load
from gateway.errors import GatewayError
from gateway.log import printable
from gateway.spool.store import Store
from gateway.spool.transfer import ENDS, Event, RecipientState, Transfer

queue = typer.Typer(help="Look at the queue.", no_args_is_help=True)
app.add_typer(queue, name="queue")
_T = TypeVar("_T")


@queue.command("list")
def list_(
    config: ConfigOption,
    state: Annotated[RecipientState | None, typer.Option(help="Only transfers with a recipient in this state.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Finished transfers too.")] = False,
    limit: Annotated[int, typer.Option(help="At most this many.")] = 100,
    json: JSONOption = False,
) -> None:
    """List transfers, oldest first, with the reason why each still waits."""
    transfers = _looked(load(config), lambda store: store.list(state=state, limit=limit))
    shown = [transfer for transfer in transfers if all_ or state or _waiting(transfer)]
    show([asdict(transfer) for transfer in shown], as_json=json, text="\n".join(_line(transfer) for transfer in shown) or "nothing waits")


@queue.command("show")
def show_(config: ConfigOption, id: Annotated[str, typer.Argument(help="Queue identifier.")], json: JSONOption = False) -> None:
    """Show one transfer: where it came from, each recipient, and its story so far."""

    async def look(store: Store) -> tuple[Transfer | None, tuple[Event, ...]]:
        return await store.get(id), await store.events(id)

    transfer, events = _looked(load(config), look)
    if transfer is None:
        raise GatewayError(f"no transfer {id} is in the queue")
    facts = {**asdict(transfer), "events": [asdict(event) for event in events]}
    show(facts, as_json=json, text="\n".join(_lines(transfer, events)))


def _looked(config: Config, work: Callable[[Store], Awaitable[_T]]) -> _T:
    async def run() -> _T:
        store = await open_store(config)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def _waiting(transfer: Transfer) -> bool:
    return any(recipient.state not in ENDS for recipient in transfer.recipients)


def _line(transfer: Transfer) -> str:
    states = ", ".join(sorted({recipient.state.value for recipient in transfer.recipients}))
    notes = "; ".join(sorted({recipient.note for recipient in transfer.recipients if recipient.note}))
    sender = printable(transfer.sender) or "<>"
    return f"{transfer.id}  {transfer.arrived:%Y-%m-%d %H:%M:%S}  {transfer.size:>9}  {states:<12} {sender}  {printable(notes)}"


def _lines(transfer: Transfer, events: tuple[Event, ...]) -> list[str]:
    lines = [
        f"id          {transfer.id}",
        f"from        {transfer.origin.value} by {transfer.source.peer} {transfer.source.address} {transfer.source.identity}",
        f"kind        {transfer.kind.value}, {transfer.size} octets, priority {transfer.priority.name.lower()}",
        f"arrived     {transfer.arrived.isoformat()}",
        f"sender      {printable(transfer.sender) or '<>'}",
        f"identifiers {printable(transfer.message_id)} {printable(transfer.mts_identifier)}",
    ]
    for recipient in transfer.recipients:
        due = f", next attempt {recipient.due.isoformat()}" if recipient.due and recipient.state not in ENDS else ""
        state = f"{recipient.state.value}, {recipient.attempts} attempts{due}"
        lines.append(f"recipient {recipient.number} {printable(recipient.address)}: {state}")
        if recipient.note:
            lines.append(f"            {printable(recipient.note)}")
    lines += [f"{event.at.isoformat()}  {event.name}  {event.recipient or ''}  {printable(event.text)}" for event in events]
    return lines
