"""``mixer map``: what the address mapping does, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli.common import ConfigOption, JSONOption, app, settings_of, show
from gateway.errors import GatewayError
from gateway.mixer.address import Mapped, Role, mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.policy import Settings
from gateway.mixer.stdor import from_text, to_text

map_ = typer.Typer(help="The address mapping tables.", no_args_is_help=True)
app.add_typer(map_, name="map")


@map_.command()
def explain(
    addresses: Annotated[list[str], typer.Argument(help="Mailboxes (user@domain) or O/R addresses (/S=../C=../).")],
    config: ConfigOption,
    role: Annotated[Role, typer.Option(help="What the address is for.")] = Role.RECIPIENT,
    json: JSONOption = False,
) -> None:
    """Show how addresses map: each step that ran, the result, the way back, and whether it returns the same address."""
    settings = settings_of(config)
    explained = [_explain(address, settings, role) for address in addresses]
    show(explained, as_json=json, text="\n\n".join(_text(facts) for facts in explained))
    if any("error" in facts for facts in explained):
        raise typer.Exit(1)


def _explain(address: str, settings: Settings, role: Role) -> dict[str, Any]:
    facts: dict[str, Any] = {"address": address}
    try:
        there, steps = _map(address, settings, role)
        facts |= {"result": there, "steps": steps}
        back, steps_back = _map(there, settings, role)
        facts |= {"way back": back, "steps back": steps_back, "same": _same(address, back)}
    except GatewayError as error:
        facts["error"] = str(error)
    return facts


def _map(address: str, settings: Settings, role: Role) -> tuple[str, list[str]]:
    if _is_oraddress(address):
        mapped: Mapped[Any] = oraddress_to_mailbox(from_text(address), settings, role)
        return mapped.result.address, [str(step) for step in mapped.steps]
    mapped = mailbox_to_oraddress(address, settings, role)
    return to_text(mapped.result), [str(step) for step in mapped.steps]


def _is_oraddress(address: str) -> bool:
    """A std-or text has no ``@``: the letter is written ``(a)`` there (RFC 2156 3.4)."""
    return address.lstrip().startswith("/") and "@" not in address


def _same(address: str, back: str) -> bool:
    if _is_oraddress(address):
        return from_text(address).key() == from_text(back).key()
    return address.lower() == back.lower()


def _text(facts: dict[str, Any]) -> str:
    lines = [facts["address"]]
    lines += [f"    {step}" for step in facts.get("steps", ())]
    if "result" in facts:
        lines.append(f"  = {facts['result']}")
    lines += [f"    {step}" for step in facts.get("steps back", ())]
    if "way back" in facts:
        lines.append(f"  back: {facts['way back']} ({'the same' if facts['same'] else 'NOT the same'})")
    if "error" in facts:
        lines.append(f"  error: {facts['error']}")
    return "\n".join(lines)
