"""``mixer convert`` and ``mixer decode``: offline, from files, with the production code."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from gateway import asn1
from gateway.cli.common import ConfigOption, JSONOption, app, settings_of, show
from gateway.cli.decoding import decoded
from gateway.cli.recognise import Recognised, recognise
from gateway.correspondent.mailbox import octets_of_file
from gateway.errors import GatewayError
from gateway.internet.addresses import Group, Mailbox, parse_addresses
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import Message, parse
from gateway.mixer.convert import message_to_internet, message_to_x400
from gateway.mixer.policy import Context
from gateway.mixer.rules import Note
from gateway.octets import Octets
from gateway.x400 import mts


class Target(Enum):
    """What to convert to."""

    X400 = "x400"
    INTERNET = "internet"


@app.command()
def convert(
    file: Annotated[Path, typer.Argument(help="An Internet message, or MTS-APDU, P2 or P22 in BER.", exists=True, dir_okay=False)],
    config: ConfigOption,
    to: Annotated[Target | None, typer.Option(help="Target; recognised from the file when left out.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write; standard output shows it for people.")] = None,
    sender: Annotated[str | None, typer.Option("--from", help="Reverse path; else from the header.")] = None,
    rcpt: Annotated[list[str] | None, typer.Option(help="SMTP recipient; else from the header.")] = None,
    json: JSONOption = False,
) -> None:
    """Convert a message either way without sending it; Notes say what was truncated, dropped or approximated."""
    settings = settings_of(config)
    context = Context(settings=settings, now=datetime.now(UTC), plan_seed=secrets.token_hex(16), queue_id="CONVERT")
    octets = octets_of_file(file)
    found = recognise(octets)
    target = to or (Target.INTERNET if found is not None else Target.X400)
    if target is Target.X400:
        result, shown, notes = _to_x400(parse(octets), sender, rcpt or [], context)
    elif found is None:
        raise GatewayError(f"{file} holds neither an MTS-APDU nor P2 or P22 content")
    else:
        result, shown, notes = _to_internet(found, context)
    if out is not None:
        with out.open("wb") as written:
            written.writelines(result.chunks())
    facts = {"target": target.value, "octets": len(result), "notes": [str(note) for note in notes], "shown": shown}
    text = "\n".join([*([] if out else [shown]), *(f"Note: {note}" for note in notes)])
    show(facts, as_json=json, text=text)


def _to_x400(message: Message, sender: str | None, rcpt: list[str], context: Context) -> tuple[Octets, str, tuple[Note, ...]]:
    recipients = rcpt or [address for name in ("To", "Cc", "Bcc") for address in _addresses(message, name)]
    if not recipients:
        raise GatewayError("the message names no recipient; give --rcpt")
    reverse_path = sender if sender is not None else next(iter(_addresses(message, "From")), "")
    envelope = SmtpEnvelope(reverse_path=reverse_path, recipients=tuple(SmtpRecipient(address=address) for address in recipients))
    conversion = message_to_x400(message, envelope, tuple(range(1, len(recipients) + 1)), context)
    return asn1.encode_octets(conversion.result), asn1.to_notation(conversion.result), conversion.notes


def _addresses(message: Message, name: str) -> list[str]:
    """The mailboxes of a header field, groups taken apart."""
    found: list[Mailbox] = []
    for field in message.header.all(name):
        for each in parse_addresses(field.value):
            found += each.members if isinstance(each, Group) else (each,)
    return [mailbox.address for mailbox in found if mailbox.domain]


def _to_internet(found: Recognised, context: Context) -> tuple[Octets, str, tuple[Note, ...]]:
    # A file may well be one that we wrote: our own name in its trace is no loop. The name is used for nothing else this way.
    context = replace(context, settings=replace(context.settings, mta_name=""))
    responsible = mts.PerRecipientIndicators.RESPONSIBILITY
    fields = found.message.envelope.per_recipient_fields
    places = tuple(place for place, each in enumerate(fields, 1) if responsible in each.per_recipient_indicators)
    conversion = message_to_internet(found.message, places, context)
    octets = conversion.result.message
    return octets, octets.read(0, 1 << 20).decode("utf-8", "replace"), conversion.notes


@app.command()
def decode(
    file: Annotated[Path, typer.Argument(help="BER, a dump of TPKTs, or a pcap.", exists=True, dir_okay=False)],
    json: JSONOption = False,
) -> None:
    """Show what a file of BER, TPKTs or captured packets holds, in ASN.1 value notation."""
    values = list(decoded(octets_of_file(file)))
    text = "\n".join(f"-- {title}\n{notation}" for title, notation in values)
    show([{"what": title, "value": notation} for title, notation in values], as_json=json, text=text)
