"""``mixer probe``: would a message reach this X.400 user? The running gateway asks, through the peer that leads there."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from gateway.admin.control import ask
from gateway.cli.common import ConfigOption, JSONOption, app, show
from gateway.config import load


@app.command()
def probe(
    config: ConfigOption,
    address: Annotated[str, typer.Argument(help="O/R address, /G=../S=../C=../.")],
    size: Annotated[int | None, typer.Option(help="Octets of the message that is meant.", min=0)] = None,
    content_type: Annotated[int, typer.Option(help="Built-in content type: 22 (P22), 2 (P2), 35 (EDI) ...", min=0)] = 22,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the answer; later `mixer track` has it.", min=0)] = 30,
    json: JSONOption = False,
) -> None:
    """Send an X.400 probe and print the answer; exit code 1 when no message would arrive, or nobody answers."""
    loaded = load(config)
    arguments = {"address": address, "content_length": size, "content_type": content_type, "patience_seconds": wait}
    facts = dict(asyncio.run(ask(loaded.admin.socket, "probe", **arguments)))
    by = f" (says {facts['by']})" if facts.get("by") else ""
    text = f"{facts['address']}: {facts['outcome']}{by} {facts['said']}".rstrip()
    show(facts, as_json=json, text=f"{text}\nprobe {facts['identifier']} through {facts['peer']}")
    if facts["outcome"] != "deliverable":
        raise typer.Exit(1)
