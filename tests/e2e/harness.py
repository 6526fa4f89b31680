"""A whole gateway for tests: in this process or as a process of its own, with an X.400 correspondent and an SMTP sink beside it."""

from __future__ import annotations

import asyncio
import contextlib
import email.policy
import os
import smtplib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from gateway import config as configuration
from gateway.app import Gateway
from gateway.correspondent.agent import Correspondent
from gateway.correspondent.demo import free_ports
from gateway.correspondent.sink import Sink
from gateway.correspondent.user import Domain
from gateway.mixer.stdor import from_text
from gateway.mta.peers import Credentials, Peer
from gateway.osi.service import Selectors
from gateway.spool.store import Store
from gateway.x400.p1 import MTSAPDU

PARTNER = "/PRMD=PARTNER/ADMD=DEMO/C=XX/"
OWN = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
ANNA = "anna.berg@example.org"
JOERG = "joerg.mueller@partner.example"
JOERG_OR = "/G=joerg/S=mueller/PRMD=PARTNER/ADMD=DEMO/C=XX/"
ANNA_OR = "/G=anna/S=berg/O=Example/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
TABLES = {
    "domain-to-oraddress": "partner.example#PRMD$PARTNER.ADMD$DEMO.C$XX#\nexample.org#O$Example.PRMD$EXAMPLE.ADMD$DEMO.C$XX#\n",
    "oraddress-to-domain": "PRMD$PARTNER.ADMD$DEMO.C$XX#partner.example#\nO$Example.PRMD$EXAMPLE.ADMD$DEMO.C$XX#example.org#\n",
}
SECRETS = {"TEST_GATEWAY_SECRET": "gateway-secret", "TEST_PARTNER_SECRET": "partner-secret"}


@dataclass
class Setting:
    """One arrangement; ``extra`` is more TOML, ``peer`` more keys of the partner, ``grant`` what it may do."""

    folder: Path
    smtp_port: int
    p1_port: int
    partner_port: int
    smart_host_port: int
    extra: str = ""
    smtp: str = ""
    peer: str = ""
    mta: str = ""
    spool: str = ""
    relay: str = ""
    grant: str = "{ to_internet = true }"
    routes: tuple[str, ...] = (PARTNER,)
    more_peers: str = ""
    environment: dict[str, str] = field(default_factory=lambda: dict(SECRETS))

    def write(self) -> Path:
        """Write tables and configuration; the path of the latter."""
        tables = self.folder / "mappings"
        tables.mkdir(parents=True, exist_ok=True)
        for name, text in TABLES.items():
            (tables / name).write_text(text)
        path = self.folder / "gateway.toml"
        path.write_text(self._text())
        return path

    def _text(self) -> str:
        return f"""
[gateway]
domain = "x400.example.org"
oraddress = "{OWN}"
global_domain = "{OWN}"
mta_name = "TEST-GATEWAY"
postmaster = "postmaster@example.org"

[spool]
url = "sqlite:///queue.sqlite"
{self.spool}

[relay]
first_retry_seconds = 0.5
longest_retry_seconds = 1
{self.relay}

[smtp]
port = {self.smtp_port}
{self.smtp}

[smtp.smart_host]
host = "127.0.0.1"
port = {self.smart_host_port}
tls = "none"

[mta]
port = {self.p1_port}
tsels = ["MIXER"]
{self.mta}

[[mta.peer]]
name = "partner"
host = "127.0.0.1"
port = {self.partner_port}
mta_name = "PARTNER-MTA"
password = {{ environment = "TEST_PARTNER_SECRET" }}
our_password = {{ environment = "TEST_GATEWAY_SECRET" }}
routes = [{", ".join(f'"{route}"' for route in self.routes)}]
grant = {self.grant}
retry_seconds = 0.5
{self.peer}
{self.more_peers}
[admin]
socket = "control.sock"
{self.extra}
"""


def partner(
    p1_port: int, folder: Path, *, answers: bool = False, listen_port: int = 0, password: str = "partner-secret",
    retry_seconds: float = 60, mta_name: str = "PARTNER-MTA", domain: str = PARTNER,
) -> Correspondent:  # fmt: skip
    """The X.400 correspondent of the arrangement; start and stop it yourself, or use `arrangement`."""
    peer = Peer(
        name="gateway",
        host="127.0.0.1",
        port=p1_port,
        called=Selectors(tsel=b"MIXER"),
        ours=Credentials(mta_name=mta_name, password=password.encode()),
        theirs=Credentials(mta_name="TEST-GATEWAY", password=b"gateway-secret"),
        retry_seconds=retry_seconds,
    )
    here = Domain(address=from_text(domain), mta_name=mta_name)
    return Correspondent(here, peer, folder, answers=answers, listen=("127.0.0.1", listen_port))


@dataclass
class Arrangement:
    """A running gateway in this process, the correspondent and the sink."""

    gateway: Gateway
    correspondent: Correspondent
    sink: Sink
    setting: Setting

    def send_smtp(
        self, message: EmailMessage | bytes, sender: str = ANNA, recipients: tuple[str, ...] = (JOERG,), **options: object
    ) -> None:
        """Hand a message in by SMTP; blocking, call it in a thread (``asyncio.to_thread``)."""
        octets = message if isinstance(message, bytes) else message.as_bytes(policy=email.policy.SMTP)
        with smtplib.SMTP("127.0.0.1", self.setting.smtp_port, timeout=30) as client:
            client.sendmail(sender, list(recipients), octets, **options)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def arrangement(
    folder: Path, *, refused: frozenset[str] = frozenset(), answers: bool = False, **changes: object
) -> AsyncIterator[Arrangement]:
    """Start everything in this process on free ports; keyword arguments change the `Setting`."""
    sink = Sink(refused=refused)
    await sink.start()
    smtp_port, p1_port, partner_port = free_ports(3)
    setting = Setting(folder, smtp_port, p1_port, partner_port, sink.port)
    for name, value in changes.items():
        setattr(setting, name, value)
    correspondent = partner(p1_port, folder / "mailbox", answers=answers, listen_port=partner_port)
    await correspondent.start()
    os.environ.update(setting.environment)
    gateway = Gateway(configuration.load(setting.write()))
    await gateway.start()
    try:
        yield Arrangement(gateway, correspondent, sink, setting)
    finally:
        await correspondent.stop()
        await gateway.stop()
        await sink.stop()


def simple_message(
    subject: str = "Test", text: str = "Hello\n", *, message_id: str = "<test.1@example.org>", to: str = JOERG
) -> EmailMessage:
    """A plain message from Anna to Joerg."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"Anna Berg <{ANNA}>", to, subject
    message["Message-ID"] = message_id
    message["Date"] = "Mon, 23 Nov 2026 12:00:00 +0000"
    message.set_content(text)
    return message


async def settled(store: Store, *, waiting: int = 0, seconds: float = 20) -> None:
    """Wait until the queue has no more than ``waiting`` recipients that are still worked on, and no lease."""
    async with asyncio.timeout(seconds):
        while True:
            counts = await store.counts()
            if counts["queued"] + counts["deferred"] <= waiting and not counts["leased"]:
                return
            await asyncio.sleep(0.02)


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 20) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)


def failures(apdu: MTSAPDU) -> dict[int, tuple[int, int | None] | None]:
    """A Report by recipient number: reason and diagnostic of a non-delivery, None for a delivery."""
    assert apdu.report is not None, apdu
    found: dict[int, tuple[int, int | None] | None] = {}
    for each in apdu.report.content.per_recipient_fields:
        failed = each.last_trace_information.report_type.non_delivery
        found[each.originally_specified_recipient_number] = (
            None if failed is None else (failed.non_delivery_reason_code, failed.non_delivery_diagnostic_code)
        )
    return found


PYTHON = sys.executable
