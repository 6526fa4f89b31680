"""Look-ups on a whole gateway: users win over rules, sources are asked, and what cannot be asked waits (RFC 2156 4.2.1)."""

from __future__ import annotations

import asyncio
import email
import email.policy
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway import asn1
from gateway.correspondent.user import Letter
from gateway.mixer.mcgam import Entry, MappingTable
from gateway.mixer.questions import NO_MATCH, Answer, DomainRule, ORAddressRule, Question, Rule, Source, Unreachable
from gateway.mixer.stdor import from_text, to_text
from gateway.x400 import p1
from gateway.x400.ipm import InformationObject
from gateway.x400.oraddress import oraddress_from_orname
from tests.e2e.harness import ANNA, ANNA_OR, JOERG, JOERG_OR, Arrangement, arrangement, settled, simple_message, until
from tests.lookup.servers import Slapd, free_port, nsd

pytestmark = pytest.mark.timeout(60)

GRACE = "grace.hopper@partner.example"
GRACE_OR = "/G=Grace/S=Hopper/O=Navy/PRMD=PARTNER/ADMD=DEMO/C=XX/"
ANNA_ELSEWHERE = "/G=Anna/S=Berg/O=Elsewhere/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
USERS = f"mailbox,oraddress\n{GRACE},{GRACE_OR}\n{ANNA},{ANNA_ELSEWHERE}\n"
PX = """
[lookup]
sources = ["directory", "tables", "px"]
{more}
[lookup.px]
nameservers = ["127.0.0.1"]
port = {port}
timeout_seconds = 0.5
"""
PARTNER_ZONE = "@ IN PX 50 px.example. PRMD-PARTNER.ADMD-DEMO.C-xx.\n* IN PX 50 px.example. PRMD-PARTNER.ADMD-DEMO.C-xx.\n"
TREE_ZONE = "*.PRMD-PARTNER.ADMD-DEMO IN PX 50 px.example. PRMD-PARTNER.ADMD-DEMO.C-xx.\n"
NOBODY = "@ IN A 127.0.0.1\n"


def write_users(folder: Path, text: str = USERS) -> None:
    (folder / "mappings").mkdir(exist_ok=True)
    (folder / "mappings" / "users.csv").write_text(text)


def recipients(message: p1.Message) -> list[str]:
    return [to_text(oraddress_from_orname(each.recipient_name)) for each in message.envelope.per_recipient_fields]


def originator(message: p1.Message) -> str:
    return to_text(oraddress_from_orname(message.envelope.originator_name))


async def received(a: Arrangement, seconds: float = 20) -> p1.Message:
    found = (await asyncio.wait_for(a.correspondent.received.get(), seconds)).apdu.message
    assert found is not None
    return found


async def deferred(a: Arrangement, number: int = 1) -> None:
    """Wait until so many recipients were tried in vain."""
    await until(lambda: _is_deferred(a, number))


async def _is_deferred(a: Arrangement, number: int) -> bool:
    return (await a.gateway.store.counts())["deferred"] >= number


def reply(a: Arrangement, recipient: str) -> int:
    """The code of the reply to RCPT TO."""
    import smtplib

    with smtplib.SMTP("127.0.0.1", a.setting.smtp_port, timeout=10) as client:
        client.ehlo()
        client.mail(ANNA)
        return client.rcpt(recipient)[0]


# --- the directory ---------------------------------------------------------------------------------------------------------------------


async def test_a_user_wins_over_the_tables_towards_x400(tmp_path: Path) -> None:
    """Recipient, originator and the addresses of the header: the tables would say S=hopper without O, and O=Example."""
    write_users(tmp_path)
    async with arrangement(tmp_path) as a:
        await asyncio.to_thread(a.send_smtp, simple_message(to=GRACE), ANNA, (GRACE,))
        message = await received(a)
    heading = asn1.decode(message.content, InformationObject).ipm.heading
    assert (recipients(message), originator(message)) == ([GRACE_OR], ANNA_ELSEWHERE)
    assert to_text(oraddress_from_orname(heading.originator.formal_name)) == ANNA_ELSEWHERE
    assert to_text(oraddress_from_orname(heading.primary_recipients[0].recipient.formal_name)) == GRACE_OR


async def test_a_user_wins_over_the_tables_towards_the_internet(tmp_path: Path) -> None:
    write_users(tmp_path)
    async with arrangement(tmp_path) as a:
        letter = Letter(originator=from_text(GRACE_OR), recipients=(from_text(ANNA_ELSEWHERE),), subject="S", text="T\n")
        await a.correspondent.send(letter)
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
    message = email.message_from_bytes(arrived.octets, policy=email.policy.default)
    assert (arrived.recipients, arrived.reverse_path) == ((ANNA,), GRACE)
    assert message["From"].addresses[0].addr_spec == GRACE and message["To"].addresses[0].addr_spec == ANNA


async def test_without_the_source_the_users_do_not_count(tmp_path: Path) -> None:
    write_users(tmp_path)
    async with arrangement(tmp_path, extra='[lookup]\nsources = ["tables"]\n') as a:
        await asyncio.to_thread(a.send_smtp, simple_message())
        assert originator(await received(a)) == ANNA_OR


# --- PX with a real name server --------------------------------------------------------------------------------------------------------


@pytest.mark.peer
async def test_px_records_map_both_ways(tmp_path: Path) -> None:
    """A domain that no table has, found in the DNS: RFC 2163 5.1, and back by the tree X42D."""
    zones = {"px.example": PARTNER_ZONE, "X42D.xx": TREE_ZONE, "example.org": NOBODY, "partner.example": NOBODY}
    (tmp_path / "nsd").mkdir()
    with nsd(tmp_path / "nsd", zones) as port:
        more = PX.format(port=port, more="").replace('"tables", "px"', '"px", "tables"')
        async with arrangement(tmp_path, extra=more) as a:
            await asyncio.to_thread(a.send_smtp, simple_message(to="joe.roe@px.example"), ANNA, ("joe.roe@px.example",))
            message = await received(a)
            assert [text.lower() for text in recipients(message)] == ["/g=joe/s=roe/prmd=partner/admd=demo/c=xx/"]
            letter = Letter(originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject="S", text="T\n")
            await a.correspondent.send(letter)
            arrived = await asyncio.wait_for(a.sink.received.get(), 20)
            assert (arrived.recipients, arrived.reverse_path) == ((ANNA,), "joerg.mueller@px.example")


@pytest.mark.slow
@pytest.mark.peer
async def test_a_silent_name_server_defers_and_never_means_no_match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 2163 5: 250 at RCPT though nobody answers; the message waits, and goes by the right rule once the server is there."""
    zones = {"px.example": PARTNER_ZONE, "X42D.xx": TREE_ZONE, "example.org": NOBODY}
    port = free_port()
    monkeypatch.setattr("tests.lookup.servers.free_port", lambda: port)
    (tmp_path / "nsd").mkdir()
    async with arrangement(tmp_path, extra=PX.format(port=port, more="")) as a:
        await asyncio.to_thread(a.send_smtp, simple_message(to="joe.roe@px.example"), ANNA, ("joe.roe@px.example",))
        await deferred(a)
        assert a.correspondent.received.empty() and a.sink.received.empty(), "neither wrapped nor returned"
        (transfer,) = await a.gateway.store.track("<test.1@example.org>")
        told = [event.fields["detail"] for event in await a.gateway.store.events(transfer.id) if event.name == "recipient.deferred"]
        assert "PX record of px.example." in told[0]
        with nsd(tmp_path / "nsd", zones):
            message = await received(a)
    assert [text.lower() for text in recipients(message)] == ["/g=joe/s=roe/prmd=partner/admd=demo/c=xx/"]


@pytest.mark.peer
async def test_an_ldap_server_that_is_down_defers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 2164 3, and users by ``mail``: the recipient is known to LDAP alone; until that answers nobody decides."""
    monkeypatch.setattr("gateway.lookup.ldap._PAUSE_SECONDS", 0.2)
    (tmp_path / "ldap").mkdir()
    entries = (
        "dn: c=GB\nobjectClass: country\nc: GB\n\n"
        f"dn: cn=Grace,c=GB\nobjectClass: testUser\ncn: Grace\nmail: {GRACE}\nmhsORAddresses: {GRACE_OR}\n\n"
    )
    slapd = Slapd(tmp_path / "ldap", entries)
    section = f'[lookup]\nsources = ["tables", "ldap"]\n[lookup.ldap]\nurls = ["{slapd.url}"]\n[lookup.ldap.users]\nbase = "c=GB"\n'
    async with arrangement(tmp_path, extra=section) as a:
        await asyncio.to_thread(a.send_smtp, simple_message(to=GRACE), ANNA, (GRACE,))
        await deferred(a)
        with slapd.running():
            assert recipients(await received(a)) == [GRACE_OR]


# --- unreachable sources, with one of the test's own -----------------------------------------------------------------------------------


class Oracle:
    """Knows what it is told; everything else it cannot reach, or does not know."""

    def __init__(self, found: Mapping[str, Answer], otherwise: Answer) -> None:
        self.found = dict(found)
        self.otherwise = otherwise

    def cached(self, question: Question) -> bool:
        return False

    async def answer(self, question: Question) -> Answer:
        if isinstance(question, DomainRule):
            return self.found.get(question.domain, self.otherwise)
        assert isinstance(question, ORAddressRule)
        return NO_MATCH

    def close(self) -> None:
        return None


def replaced(a: Arrangement, oracle: Oracle) -> None:
    """Put a source of the test's own in the place of PX."""
    a.gateway.sources._oracles[Source.PX] = oracle


DOWN = Unreachable(reason="nobody answers")


@pytest.mark.slow
async def test_a_header_address_holds_the_message_up_until_the_limit_and_is_then_encapsulated_with_a_note(tmp_path: Path) -> None:
    """4.2.1: the recipient maps by the tables; a mailbox in Cc would have to be looked up, and nobody answers."""
    message = simple_message()
    message["Cc"] = "someone@slow.example"
    more = PX.format(port=1, more="header_lookup_limit_seconds = 1.5")
    async with arrangement(tmp_path, extra=more) as a:
        replaced(a, Oracle({}, DOWN))
        began = time.monotonic()
        await asyncio.to_thread(a.send_smtp, message)
        await deferred(a)
        arrived = await received(a)
        waited = time.monotonic() - began
        await settled(a.gateway.store)
        (transfer,) = await a.gateway.store.track("<test.1@example.org>")
        events = await a.gateway.store.events(transfer.id)
    heading = asn1.decode(arrived.content, InformationObject).ipm.heading
    copied = oraddress_from_orname(heading.copy_recipients[0].recipient.formal_name)
    assert copied.domain_defined == (("RFC-822", "someone(a)slow.example"),)
    notes = " ".join(event.text for event in events if event.name == "relay.converted")
    assert "slow.example in px could not be looked up in time and was encapsulated: nobody answers [4.2.1]" in notes
    assert waited > 1.4


async def test_one_recipient_that_waits_does_not_hold_up_the_other(tmp_path: Path) -> None:
    async with arrangement(tmp_path, extra=PX.format(port=1, more="")) as a:
        oracle = Oracle({}, DOWN)
        replaced(a, oracle)
        await asyncio.to_thread(a.send_smtp, simple_message(), ANNA, (JOERG, "late@slow.example"))
        assert recipients(await received(a)) == [JOERG_OR]
        entry = Entry(domain="slow.example", levels=("XX", "DEMO", "PARTNER", "Late"))
        oracle.found["slow.example"] = Rule(table=MappingTable.DOMAIN_TO_ORADDRESS, entry=entry)
        assert recipients(await received(a)) == ["/S=late/O=Late/PRMD=PARTNER/ADMD=DEMO/C=XX/"]


async def test_rcpt_is_taken_when_nobody_knows_and_refused_when_somebody_says_no(tmp_path: Path) -> None:
    """What would be relaying is refused at RCPT, once it is known to be that."""
    async with arrangement(tmp_path, extra=PX.format(port=1, more="")) as a:
        replaced(a, Oracle({}, DOWN))
        assert await asyncio.to_thread(reply, a, "someone@slow.example") == 250
        replaced(a, Oracle({}, NO_MATCH))
        assert await asyncio.to_thread(reply, a, "someone@slow.example") == 550


async def test_a_sender_of_x400_that_cannot_be_looked_up_waits(tmp_path: Path) -> None:
    """The originator is of the envelope too: nobody is shown under a wrong name because a source is down."""
    write_users(tmp_path, f"{ANNA},{ANNA_OR}\n")
    more = '[lookup]\nsources = ["directory", "px", "tables"]\n[lookup.px]\nnameservers = ["127.0.0.1"]\nport = 1\n'
    async with arrangement(tmp_path, extra=more) as a:
        oracle = Oracle({}, NO_MATCH)
        replaced(a, oracle)
        down = True

        async def answer(question: Question) -> Answer:
            return DOWN if down and isinstance(question, ORAddressRule) else NO_MATCH

        oracle.answer = answer  # type: ignore[method-assign]
        letter = Letter(originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject="S", text="T\n")
        await a.correspondent.send(letter)
        await deferred(a)
        down = False
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
    assert arrived.reverse_path == JOERG


async def test_a_client_waits_two_seconds_and_the_next_one_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open questions do not delay the answers to SMTP clients: a source that hangs costs one of them a moment."""
    monkeypatch.setattr("gateway.smtp.gate._PATIENCE_SECONDS", 0.2)
    async with arrangement(tmp_path, extra=PX.format(port=1, more="")) as a:
        oracle = Oracle({}, DOWN)
        replaced(a, oracle)
        asked: list[Question] = []

        async def answer(question: Question) -> Answer:
            asked.append(question)
            await asyncio.Event().wait()
            raise AssertionError

        oracle.answer = answer  # type: ignore[method-assign]
        assert await asyncio.to_thread(reply, a, "someone@slow.example") == 250
        assert len(asked) == 1
        assert await asyncio.to_thread(reply, a, "someone@slow.example") == 250
        assert len(asked) == 1
