"""``mixer serve``, ``check``, ``status`` and ``reload``."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from gateway import config as configuration
from gateway import log
from gateway.admin.control import ask
from gateway.app import Gateway
from gateway.building.lookup import sources_from
from gateway.building.mapping import settings_from
from gateway.building.mta import p1_listener_settings, peers_from
from gateway.building.smtp import signing_keys, smtp_listener_settings, smtp_sender_from
from gateway.cli.common import ConfigOption, JSONOption, app, naming, show


@app.command()
def serve(config: ConfigOption) -> None:
    """Run the gateway until it is told to stop (SIGTERM, SIGINT). SIGHUP reads the mapping tables and the users again."""
    loaded = configuration.load(config)
    log.configure(json=loaded.log.json_lines, level=loaded.log.level)
    with naming(config):
        asyncio.run(_serve(loaded))


async def _serve(config: configuration.Config) -> None:
    gateway = Gateway(config)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, gateway.reload_soon)
    await gateway.start()
    await stop.wait()
    await gateway.stop()


@app.command()
def check(config: ConfigOption, json: JSONOption = False) -> None:
    """Check a configuration with its mapping tables and secrets, without starting anything."""
    loaded = configuration.load(config)
    with naming(config):
        settings = settings_from(loaded)
        peers = [peer.name for peer in peers_from(loaded)]
        p1_listener_settings(loaded)
        smtp_listener_settings(loaded)
        smtp_sender_from(loaded)
        sources_from(loaded)
        records = {f"{key.selector}._domainkey.{key.domain}": key.record for key in signing_keys(loaded)}
    facts: dict[str, Any] = {"config": str(config), "tables": settings.tables.version, "users": settings.users_version, "peers": peers}
    lines = [f"{config}: good; peers: {', '.join(peers) or 'none'}; tables {settings.tables.version}"]
    lines += [f"publish: {name}. IN TXT {_txt(record)}" for name, record in records.items()]
    show(facts | {"dkim_records": records}, as_json=json, text="\n".join(lines))


def _txt(text: str) -> str:
    """A TXT record in the form of a zone file: strings of at most 255 octets."""
    return " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))


@app.command()
def status(config: ConfigOption, json: JSONOption = False) -> None:
    """Ask the running gateway how it is; exit code 1 when none answers. The health check of the container."""
    loaded = configuration.load(config)
    facts = dict(asyncio.run(ask(loaded.admin.socket, "status")))
    show(facts, as_json=json, text="\n".join(f"{key}: {value}" for key, value in facts.items()))


@app.command()
def reload(config: ConfigOption, json: JSONOption = False) -> None:
    """Make the running gateway read its mapping tables and users again; exit code 1, and why, when they do not check."""
    loaded = configuration.load(config)
    facts = dict(asyncio.run(ask(loaded.admin.socket, "reload")))
    users = f"; users {facts['users']}" if facts.get("users") else ""
    show(facts, as_json=json, text=f"active: tables {facts.get('tables')}{users}")
