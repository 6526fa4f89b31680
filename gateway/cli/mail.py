"""``mixer send`` and ``mixer receive``: test users of a small X.400 MTA (`correspondent`)."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from gateway import log
from gateway.cli.common import app
from gateway.correspondent.agent import Correspondent, Received
from gateway.correspondent.mailbox import octets_of_file
from gateway.correspondent.user import Domain, Letter, show_apdu
from gateway.errors import GatewayError
from gateway.mixer.stdor import from_text
from gateway.mta.peers import Credentials, Peer
from gateway.osi.service import Selectors
from gateway.x400.oraddress import ORAddress

ToOption = Annotated[list[str], typer.Option("--to", help="O/R address of a recipient, /G=../S=../../C=../; may be repeated.")]
DomainOption = Annotated[str, typer.Option("--domain", help="Our management domain as O/R address.")]
NameOption = Annotated[str, typer.Option("--mta-name", help="Our MTA name.")]
PasswordOption = Annotated[str, typer.Option("--password", help="Our password.", envvar="MIXER_CORRESPONDENT_PASSWORD")]
PeerNameOption = Annotated[str, typer.Option("--peer-mta-name", help="MTA name of the other side.")]
PeerPasswordOption = Annotated[str, typer.Option("--peer-password", help="Its password.", envvar="MIXER_PEER_PASSWORD")]
ConnectOption = Annotated[str, typer.Option("--connect", help="Where the other side listens, host:port.")]
TselOption = Annotated[str, typer.Option("--tsel", help="Transport selector to call.")]


@app.command()
def send(
    to: ToOption,
    originator: Annotated[str, typer.Option("--from", help="O/R address of the sender.")],
    connect: ConnectOption,
    mta_name: NameOption,
    peer_mta_name: PeerNameOption,
    password: PasswordOption = "",
    peer_password: PeerPasswordOption = "",
    tsel: TselOption = "",
    subject: Annotated[str, typer.Option(help="Subject.")] = "Test",
    text: Annotated[str, typer.Option(help="Text of the message, or - for standard input.")] = "-",
    attach: Annotated[list[Path] | None, typer.Option(help="File to send as file-transfer body part.", exists=True, dir_okay=False)] = None,
    receipt: Annotated[bool, typer.Option(help="Ask for a receipt notification.")] = False,
    report: Annotated[bool, typer.Option(help="Ask for a delivery report.")] = False,
) -> None:
    """Send one interpersonal message over P1."""
    sender = from_text(originator)
    body = typer.get_text_stream("stdin").read() if text == "-" else text
    letter = Letter(
        originator=sender, recipients=tuple(from_text(each) for each in to), subject=subject, text=body, receipt=receipt,
        files=tuple((path.name, octets_of_file(path)) for path in attach or ()),
    )  # fmt: skip
    peer = peer_at(connect, mta_name, password, peer_mta_name, peer_password, tsel)
    log.configure(level="warning")
    print(asyncio.run(_send(Domain(address=domain_of(originator), mta_name=mta_name), peer, letter, report=report)))


async def _send(domain: Domain, peer: Peer, letter: Letter, *, report: bool) -> str:
    with tempfile.TemporaryDirectory() as folder:
        correspondent = Correspondent(domain, peer, Path(folder), answers=False)
        await correspondent.start()
        try:
            return await correspondent.send(letter, report=report)
        finally:
            await correspondent.stop()


@app.command()
def receive(
    mailbox: Annotated[Path, typer.Option(help="Folder for what is received, one BER file each.")],
    domain: DomainOption,
    connect: ConnectOption,
    mta_name: NameOption,
    peer_mta_name: PeerNameOption,
    listen: Annotated[str, typer.Option(help="Where to listen, host:port.")] = "127.0.0.1:0",
    password: PasswordOption = "",
    peer_password: PeerPasswordOption = "",
    tsel: TselOption = "",
    count: Annotated[int, typer.Option(help="Stop after this many transfers; 0 never stops.")] = 0,
    reply: Annotated[str, typer.Option(help="Answer every message to its originator with this text.")] = "",
    answers: Annotated[bool, typer.Option(help="Send reports and receipt notifications where they are asked for.")] = True,
) -> None:
    """Run a small X.400 MTA: receive over P1, show what came, answer as its users would."""
    log.configure(level="warning")
    address = from_text(domain, complete=False)
    peer = peer_at(connect, mta_name, password, peer_mta_name, peer_password, tsel)
    where = _host_port(listen)
    correspondent_domain = Domain(address=address, mta_name=mta_name)
    asyncio.run(_receive(correspondent_domain, peer, mailbox, where, count, reply, answers))


async def _receive(
    domain: Domain, peer: Peer, mailbox: Path, listen: tuple[str, int], count: int, reply: str, answers: bool
) -> None:
    correspondent = Correspondent(domain, peer, mailbox, listen=listen, answers=answers)
    await correspondent.start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(f"listening on {listen[0]}:{correspondent.port}", flush=True)
    show = asyncio.get_running_loop().create_task(_show(correspondent, count, reply))
    waiting = asyncio.get_running_loop().create_task(stop.wait())
    await asyncio.wait({show, waiting}, return_when=asyncio.FIRST_COMPLETED)
    show.cancel()
    waiting.cancel()
    await correspondent.stop()


async def _show(correspondent: Correspondent, count: int, reply: str) -> None:
    seen = 0
    while not count or seen < count:
        received = await correspondent.received.get()
        seen += 1
        print(f"--- {received.path.name}\n" + "\n".join(show_apdu(received.apdu)) + "\n", flush=True)
        if reply:
            await _answer(correspondent, received, reply)


async def _answer(correspondent: Correspondent, received: Received, text: str) -> None:
    try:
        sent = await correspondent.reply(received.apdu, text)
    except GatewayError as error:
        print(f"the reply was not sent: {error}\n", flush=True)
    else:
        if sent is not None:
            print("--- the reply\n" + "\n".join(show_apdu(sent)) + "\n", flush=True)


def peer_at(connect: str, mta_name: str, password: str, peer_name: str, peer_password: str, tsel: str) -> Peer:
    """The other side as the options describe it.

    Raises:
        BadParameter: ``connect`` is not host:port.
    """
    host, port = _host_port(connect)
    return Peer(
        name="gateway", host=host, port=port, called=Selectors(tsel=tsel.encode("ascii")),
        ours=Credentials(mta_name=mta_name, password=password.encode()),
        theirs=Credentials(mta_name=peer_name, password=peer_password.encode() or None),
    )  # fmt: skip


def _host_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise typer.BadParameter(f"{text!r} is not host:port")
    return host, int(port)


def domain_of(originator: str) -> ORAddress:
    """The management domain of an O/R address."""
    address = from_text(originator)
    return ORAddress(country=address.country, admd=address.admd, prmd=address.prmd)
