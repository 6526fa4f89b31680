"""``mixer map explain``: what the address mapping does with an address, and why."""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.common import JSONOption, app, show
from gateway.cli.map_settings import ConfigurationOption, ConfiguredLookups, settings_with
from gateway.cli.map_stream import explain_stream
from gateway.maptools.explaining import Explainer
from gateway.mixer.address import Role

map_ = typer.Typer(help="The address mapping tables.", no_args_is_help=True)
app.add_typer(map_, name="map")

ADDRESSES = "Mailboxes (user@domain), O/R addresses (/S=../C=../ or c=..;s=..), or - for a list on standard input, one a line."


@map_.command()
def explain(
    addresses: Annotated[list[str], typer.Argument(help=ADDRESSES)],
    config: ConfigurationOption = None,
    tables: Annotated[Path | None, typer.Option(help="Folder of the tables; that of the configuration by default.")] = None,
    role: Annotated[Role, typer.Option(help="What the address is for.")] = Role.RECIPIENT,
    json: JSONOption = False,
) -> None:
    """Show how addresses map: each step, each table entry that was tried, the result, the way back, and whether it returns the same."""
    if config is None and tables is None:
        raise typer.BadParameter("expected a configuration, or a folder with --tables", param_hint="--config")
    settings = settings_with(config, tables)
    with closing(ConfiguredLookups(config)) if config is not None else nullcontext() as lookups:
        refused = _explain(addresses, Explainer(settings, role, lookups), json)
    if refused:
        raise typer.Exit(1)


def _explain(addresses: list[str], explainer: Explainer, as_json: bool) -> int:
    """Explain addresses, or those of standard input; how many were refused."""
    if addresses == ["-"]:
        return explain_stream(explainer, as_json=as_json)
    explained = [explainer.explain(address) for address in addresses]
    show([one.facts() for one in explained], as_json=as_json, text="\n\n".join(one.text() for one in explained))
    return sum(bool(one.error) for one in explained)
