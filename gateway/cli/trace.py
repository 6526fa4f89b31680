"""``mixer trace``: wire traces of P1 associations, switched on and off while the gateway runs."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import log
from gateway.admin.control import ask
from gateway.cli.common import ConfigOption, JSONOption, app, show
from gateway.config import load
from gateway.errors import GatewayError
from gateway.mta.pcap import segments_of
from gateway.mta.transcript import Line, transcript

trace = typer.Typer(help="Wire traces of P1 associations: decoded text with passwords masked, and capture files.", no_args_is_help=True)
app.add_typer(trace, name="trace")

PeerArgument = Annotated[str, typer.Argument(help="Name of a peer; without it everybody, strangers included.")]
NumberArgument = Annotated[int, typer.Argument(help="Number of a recording, as `list` shows it.")]


@trace.command("on")
def on(config: ConfigOption, peer: PeerArgument = "*", json: JSONOption = False) -> None:
    """Record the associations of a peer from now on; those that are open are recorded from here."""
    loaded = load(config)
    if peer != "*" and peer not in {section.name for section in loaded.mta.peer}:
        raise GatewayError(f"there is no peer {peer}; `mixer peer list` shows what there is")
    answer = asyncio.run(ask(loaded.admin.socket, "trace", action="on", peer=peer))
    show(answer, as_json=json, text=f"traced: {_names(answer)}; {answer['open']} open associations are recorded from here")


@trace.command("off")
def off(config: ConfigOption, peer: PeerArgument = "*", json: JSONOption = False) -> None:
    """Record no more; what was recorded can still be read."""
    answer = asyncio.run(ask(load(config).admin.socket, "trace", action="off", peer=peer))
    show(answer, as_json=json, text=f"traced: {_names(answer)}")


@trace.command("list")
def list_(config: ConfigOption, json: JSONOption = False) -> None:
    """Show who is traced, which associations are open, and what was recorded."""
    answer = asyncio.run(ask(load(config).admin.socket, "trace", action="list"))
    show(answer, as_json=json, text="\n".join(_listed(answer)))


@trace.command("show")
def show_(config: ConfigOption, number: NumberArgument, json: JSONOption = False) -> None:
    """Show one recording in plain text."""
    lines = list(transcript(segments_of(asyncio.run(_capture(config, number)))))
    facts = [{"at": line.at, "from": _side(line), "text": line.text, "detail": line.detail} for line in lines]
    show(facts, as_json=json, text="\n".join(_shown(line) for line in lines))


@trace.command("export")
def export(
    config: ConfigOption, number: NumberArgument, out: Annotated[Path, typer.Option("--out", "-o", help="Capture file to write (pcap).")]
) -> None:
    """Write one recording as a capture file that tshark and Wireshark read; passwords are masked."""
    out.write_bytes(asyncio.run(_capture(config, number)))
    print(f"{out}: read it with tshark -r {out} -V")


async def _capture(config: Path, number: int) -> bytes:
    """One recording, fetched piece by piece."""
    path = load(config).admin.socket
    found = b""
    while True:
        answer = await ask(path, "trace", action="read", recording=number, offset=len(found))
        found += base64.b64decode(answer["piece"])
        if not answer["piece"] or len(found) >= answer["octets"]:
            return found


def _names(answer: Mapping[str, Any]) -> str:
    return ", ".join("everybody" if name == "*" else name for name in answer["on"]) or "nobody"


def _listed(answer: Mapping[str, Any]) -> Iterator[str]:
    yield f"traced: {_names(answer)}"
    for each in answer["open"]:
        direction = "from" if each["incoming"] else "to"
        yield f"open      {direction:<4} {each['peer'] or '?':<16} {each['address']:<22} since {each['since']}  {each['state']}"
    for each in answer["recordings"]:
        direction = "from" if each["incoming"] else "to"
        rest = ", more came than is kept" if each["cut_off"] else ""
        yield (
            f"recording {each['recording']:<4} {direction} {each['peer'] or '?'} {each['address']} "
            f"since {each['started']}: {each['octets']} octets{rest}"
        )


def _side(line: Line) -> str:
    return "caller" if line.caller else "called"


def _shown(line: Line) -> str:
    arrow = ">" if line.caller else "<"
    if line.detail:
        return f"{'':16}{log.printable(line.text)}"
    return f"{line.at:%H:%M:%S.%f} {arrow} {log.printable(line.text)}"
