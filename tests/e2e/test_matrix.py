"""Who may send what where, on a whole gateway: every class of source to every class of target (DESIGN section 7).

What is allowed crosses. What is not is refused where the source can hear it: 550 at RCPT for SMTP, a Report with reason and
diagnostic for P1.
"""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from gateway import asn1
from gateway.correspondent.agent import Correspondent
from gateway.correspondent.demo import free_ports
from gateway.correspondent.user import Letter
from gateway.mixer.stdor import from_text, to_text
from gateway.x400.ipm import InformationObject
from gateway.x400.oraddress import oraddress_from_orname
from tests.e2e.harness import ANNA, ANNA_OR, JOERG, JOERG_OR, OWN, Arrangement, arrangement, failures, partner, settled, simple_message

pytestmark = pytest.mark.timeout(60)

UNROUTED = "/G=no/S=body/PRMD=NOWHERE/ADMD=DEMO/C=XX/"
GATEWAY = "x400.example.org"
WRAPPED_SOMEONE = f"/DD.RFC-822=someone(a)elsewhere.example{OWN}"
WRAPPED_JOERG = f"/DD.RFC-822=joerg.mueller(a)partner.example{OWN}"
WRAPPED_TWICE = f"/DD.RFC-822=$/S$=mueller$/G$=joerg$/PRMD$=PARTNER$/ADMD$=DEMO$/C$=XX$/(a){GATEWAY}{OWN}"

CLIENTS = """
[[smtp.users]]
name = "anna"
password = { environment = "TEST_ANNA" }

[[smtp.client]]
name = "users"
users = ["anna"]

[[smtp.client]]
name = "lan"
networks = ["127.0.0.2/32"]

[[smtp.client]]
name = "guests"
networks = ["127.0.0.3/32"]
may_send_to_x400 = false
"""

PEERS = {
    "plain": "{}",
    "foreign": '{ to_internet = true, originators = ["/PRMD=SOMEBODY/ADMD=DEMO/C=XX/"] }',
    "narrow": '{ to_internet = true, domains = ["example.org"] }',
}


def peer_section(name: str, port: int, grant: str) -> str:
    return f"""
[[mta.peer]]
name = "{name}"
host = "127.0.0.1"
port = {port}
mta_name = "{name.upper()}-MTA"
password = {{ environment = "TEST_PARTNER_SECRET" }}
our_password = {{ environment = "TEST_GATEWAY_SECRET" }}
routes = ["/PRMD={name.upper()}/ADMD=DEMO/C=XX/"]
grant = {grant}
"""


@dataclass
class Matrix:
    """A gateway with every class of source."""

    arrangement: Arrangement
    peers: dict[str, Correspondent]

    def verdict(self, recipient: str, *, source: str = "127.0.0.1", user: str = "") -> tuple[int, str]:
        """The reply to RCPT TO: code and enhanced status."""
        with smtplib.SMTP("127.0.0.1", self.arrangement.setting.smtp_port, timeout=10, source_address=(source, 0)) as client:
            client.ehlo()
            if user:
                client.login(user, "anna-secret")
            assert client.mail(ANNA)[0] == 250
            code, text = client.docmd("RCPT", f"TO:<{recipient}>")  # smtplib's own rcpt() takes parentheses for comments
        return code, text.decode().split(" ")[0]

    async def send(self, name: str, recipients: list[str]) -> None:
        originator = from_text(f"/G=joerg/S=mueller/PRMD={name.upper()}/ADMD=DEMO/C=XX/")
        addresses = tuple(from_text(text) for text in recipients)
        await self.peers[name].send(Letter(originator=originator, recipients=addresses, subject=name, text="T\n"))

    async def report(self, name: str) -> dict[int, tuple[int, int | None] | None]:
        received = await asyncio.wait_for(self.peers[name].received.get(), 15)
        return failures(received.apdu)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def matrix(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Matrix]:
    folder: Path = tmp_path_factory.mktemp("matrix")
    ports = dict(zip(PEERS, free_ports(len(PEERS)), strict=True))
    sections = "".join(peer_section(name, ports[name], grant) for name, grant in PEERS.items())
    environment = {"TEST_GATEWAY_SECRET": "gateway-secret", "TEST_PARTNER_SECRET": "partner-secret", "TEST_ANNA": "anna-secret"}
    async with contextlib.AsyncExitStack() as stack:
        a = await stack.enter_async_context(arrangement(folder, smtp=CLIENTS, more_peers=sections, environment=environment))
        peers = {"partner": a.correspondent}
        for name, port in ports.items():
            mta = partner(
                a.setting.p1_port, folder / name, listen_port=port, mta_name=f"{name.upper()}-MTA",
                domain=f"/PRMD={name.upper()}/ADMD=DEMO/C=XX/",
            )  # fmt: skip
            await mta.start()
            stack.push_async_callback(mta.stop)
            peers[name] = mta
        yield Matrix(a, peers)


# --- SMTP

X400_TARGETS = [JOERG, f"{JOERG_OR}@{GATEWAY}", f'"{WRAPPED_JOERG}"@{GATEWAY}', f'"{WRAPPED_TWICE}"@{GATEWAY}']
INTERNET_TARGETS = [
    "someone@elsewhere.example",
    "anna.berg@example.org",
    f'"{WRAPPED_SOMEONE}"@{GATEWAY}',
    f"someone%elsewhere.example@{GATEWAY}",
    f"elsewhere.example!someone@{GATEWAY}",
    f"@{GATEWAY}:someone@elsewhere.example",
]
SOURCES = {
    "anonymous": {},
    "without the right": {"source": "127.0.0.3"},
    "with the right": {"source": "127.0.0.2"},
    "authenticated": {"user": "anna"},
}
MAY_REACH_X400 = {"with the right", "authenticated"}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.asyncio(loop_scope="module")
async def test_smtp_source_classes(matrix: Matrix, source: str) -> None:
    async def verdicts(targets: list[str]) -> dict[str, tuple[int, str]]:
        return {each: await asyncio.to_thread(matrix.verdict, each, **SOURCES[source]) for each in targets}

    allowed = (250, "2.1.5") if source in MAY_REACH_X400 else (550, "5.7.1")
    assert await verdicts(X400_TARGETS) == dict.fromkeys(X400_TARGETS, allowed)
    assert await verdicts(INTERNET_TARGETS) == dict.fromkeys(INTERNET_TARGETS, (550, "5.7.1"))
    assert await verdicts([f"{UNROUTED}@{GATEWAY}"]) == {f"{UNROUTED}@{GATEWAY}": (550, "5.1.2")}


@pytest.mark.asyncio(loop_scope="module")
async def test_source_route_to_an_x400_user_counts_as_its_last_address(matrix: Matrix) -> None:
    """RFC 5321 Appendix C: strip the route; what is behind it decides."""
    route = f"@relay.elsewhere.example,@{GATEWAY}:{JOERG}"
    assert await asyncio.to_thread(matrix.verdict, route, source="127.0.0.2") == (250, "2.1.5")


@pytest.mark.asyncio(loop_scope="module")
async def test_depth_bomb_is_refused_at_rcpt(matrix: Matrix) -> None:
    bomb = JOERG
    for _ in range(7):
        bomb = f"/RFC-822={bomb.replace('@', '(a)').replace('/', '|')}{OWN}@{GATEWAY}"
    code, status = await asyncio.to_thread(matrix.verdict, bomb, source="127.0.0.2")
    assert (code in (550, 553) and status.startswith("5.1.")) or status == "5.7.1"


@pytest.mark.asyncio(loop_scope="module")
async def test_allowed_smtp_mail_crosses_to_the_user_that_is_meant(matrix: Matrix) -> None:
    """The P1 recipient is the end of the nesting, not our own address that would have to be unwrapped again."""

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", matrix.arrangement.setting.smtp_port, timeout=10, source_address=("127.0.0.2", 0)) as client:
            assert client.ehlo()[0] == client.mail(ANNA)[0] == 250
            for recipient in (JOERG, f'"{WRAPPED_JOERG}"@{GATEWAY}', f'"{WRAPPED_TWICE}"@{GATEWAY}'):
                assert client.docmd("RCPT", f"TO:<{recipient}>")[0] == 250
            assert client.data(simple_message().as_string())[0] == 250

    await asyncio.to_thread(send)
    received = await asyncio.wait_for(matrix.peers["partner"].received.get(), 15)
    fields = received.apdu.message.envelope.per_recipient_fields
    assert [to_text(oraddress_from_orname(each.recipient_name)) for each in fields] == [JOERG_OR] * 3
    assert asn1.decode(received.apdu.message.content, InformationObject).ipm is not None


# --- P1

P1_TARGETS: list[tuple[str, tuple[int, int] | None]] = [
    (ANNA_OR, None),
    (WRAPPED_SOMEONE, None),
    (JOERG_OR, (1, 29)),
    (WRAPPED_JOERG, (1, 29)),
    (WRAPPED_TWICE, (1, 29)),
    (UNROUTED, (1, 0)),
    (f"/DD.RFC-822=someone(p)elsewhere.example(a){GATEWAY}{OWN}", (1, 29)),
    (f"/DD.RFC-822=two(a)at(a)elsewhere.example, b(a)c.example{OWN}", (1, 0)),
]
"""Target, and the non-delivery that a peer with a full grant gets."""


async def outcome(matrix: Matrix, name: str) -> tuple[dict[str, tuple[int, int | None] | None], set[str]]:
    """Send to every target as one peer: the failures by target, and the mailboxes that got a copy."""
    await matrix.send(name, [text for text, _ in P1_TARGETS])
    found = await matrix.report(name)
    await settled(matrix.arrangement.gateway.store)
    served: set[str] = set()
    while not matrix.arrangement.sink.received.empty():
        served |= set(matrix.arrangement.sink.received.get_nowait().recipients)
    return {P1_TARGETS[number - 1][0]: failure for number, failure in found.items()}, served


@pytest.mark.asyncio(loop_scope="module")
async def test_granted_peer(matrix: Matrix) -> None:
    failed, served = await outcome(matrix, "partner")
    assert failed == {text: failure for text, failure in P1_TARGETS if failure is not None}
    assert served == {ANNA, "someone@elsewhere.example"}


@pytest.mark.parametrize("name", ["plain", "foreign"])
@pytest.mark.asyncio(loop_scope="module")
async def test_peer_without_grant_and_peer_that_speaks_for_others(matrix: Matrix, name: str) -> None:
    failed, served = await outcome(matrix, name)
    assert failed == {text: failure or (1, 29) for text, failure in P1_TARGETS}
    assert served == set()


@pytest.mark.asyncio(loop_scope="module")
async def test_peer_with_domain_limits(matrix: Matrix) -> None:
    failed, served = await outcome(matrix, "narrow")
    assert failed == {text: failure or (1, 29) for text, failure in P1_TARGETS if text != ANNA_OR}
    assert served == {ANNA}


@pytest.mark.asyncio(loop_scope="module")
async def test_report_names_the_refusal_in_words(matrix: Matrix) -> None:
    await matrix.send("plain", [ANNA_OR])
    received = await asyncio.wait_for(matrix.peers["plain"].received.get(), 15)
    (fields,) = received.apdu.report.content.per_recipient_fields
    assert fields.supplementary_information.startswith("You are not permitted to send to this recipient")
    assert to_text(oraddress_from_orname(fields.actual_recipient_name)) == ANNA_OR


async def test_an_x400_1984_peer_gets_its_own_form_of_the_address(tmp_path: Path) -> None:
    """RFC 2156 Appendix B: a common name is the domain-defined attribute Common; nested or not."""
    robot = "/CN=Robot/PRMD=PARTNER/ADMD=DEMO/C=XX/"
    nested = f"/DD.RFC-822=$/CN$=Robot$/PRMD$=PARTNER$/ADMD$=DEMO$/C$=XX$/(a){GATEWAY}{OWN}"

    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            assert client.ehlo()[0] == client.mail(ANNA)[0] == 250
            for recipient in (f"{robot}@{GATEWAY}", f'"{nested}"@{GATEWAY}'):
                assert client.docmd("RCPT", f"TO:<{recipient}>")[0] == 250
            assert client.data(simple_message().as_string())[0] == 250

    async with arrangement(tmp_path, peer="policy = { x400_version = 84 }") as a:
        await asyncio.to_thread(send, a.setting.smtp_port)
        received = await asyncio.wait_for(a.correspondent.received.get(), 15)
    fields = received.apdu.message.envelope.per_recipient_fields
    in_1984 = "/DD.Common=Robot/PRMD=PARTNER/ADMD=DEMO/C=XX/"
    assert [to_text(oraddress_from_orname(each.recipient_name)) for each in fields] == [in_1984] * 2
