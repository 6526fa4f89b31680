"""Addresses beyond ASCII (RFC 6531): domains in A-labels, local parts by the directory or in universal attributes, else 553 5.6.7."""

from __future__ import annotations

import asyncio
import smtplib
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import asn1, config
from gateway.building.mapping import settings_from
from gateway.correspondent.user import Letter
from gateway.mixer.address import AddressError, Role, oraddress_to_mailbox
from gateway.mixer.policy import Settings
from gateway.mixer.stdor import from_text, to_text
from gateway.mixer.universal import universal_mailbox, with_universal_mailbox
from gateway.x400 import p1
from gateway.x400.ipm import InformationObject
from gateway.x400.oraddress import ORAddress, oraddress_from_orname
from tests.e2e.harness import ANNA, JOERG_OR, OWN, PARTNER, Arrangement, Setting, arrangement

pytestmark = pytest.mark.timeout(60)

JOERG = "jörg.müller@partner.example"
ANNA_UTF8 = "ånna@bücher.example"
ANNA_OR = "/G=Anna/S=Berg/O=Books/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
USERS = f"mailbox,oraddress\n{JOERG},{JOERG_OR}\n{ANNA_UTF8},{ANNA_OR}\n"
UNIVERSAL = 'policy = { universal_addresses = true }\n'


def users(folder: Path) -> None:
    (folder / "mappings").mkdir()
    (folder / "mappings" / "users.csv").write_text(USERS, encoding="utf-8")


def send(a: Arrangement, sender: str, recipient: str) -> None:
    """A message with addresses beyond ASCII in envelope and header (RFC 6532)."""
    text = f"From: {sender}\r\nTo: {recipient}\r\nSubject: S\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n\r\nHello\r\n"
    with smtplib.SMTP("127.0.0.1", a.setting.smtp_port, timeout=20) as client:
        client.sendmail(sender, [recipient], text.encode(), mail_options=["SMTPUTF8", "BODY=8BITMIME"])


def refusal(a: Arrangement, sender: str, recipient: str) -> str:
    """The reply to RCPT: code and enhanced status."""
    with smtplib.SMTP("127.0.0.1", a.setting.smtp_port, timeout=20) as client:
        client.command_encoding = "utf-8"
        client.ehlo()
        assert client.mail(sender, ["SMTPUTF8"])[0] == 250
        code, text = client.docmd("RCPT", f"TO:<{recipient}>")
    return f"{code} {text.decode().split(' ')[0]}"


async def received(a: Arrangement) -> p1.Message:
    message = (await asyncio.wait_for(a.correspondent.received.get(), 20)).apdu.message
    assert message is not None
    return message


def names(message: p1.Message) -> tuple[ORAddress, ORAddress]:
    """Originator and the one recipient."""
    (recipient,) = message.envelope.per_recipient_fields
    return oraddress_from_orname(message.envelope.originator_name), oraddress_from_orname(recipient.recipient_name)


async def test_the_directory_carries_local_parts_beyond_ascii_towards_x400(tmp_path: Path) -> None:
    users(tmp_path)
    async with arrangement(tmp_path) as a:
        await asyncio.to_thread(send, a, ANNA_UTF8, JOERG)
        message = await received(a)
    heading = asn1.decode(message.content, InformationObject).ipm.heading
    assert [to_text(each) for each in names(message)] == [ANNA_OR, JOERG_OR]
    assert to_text(oraddress_from_orname(heading.originator.formal_name)) == ANNA_OR


async def test_the_directory_carries_local_parts_beyond_ascii_towards_the_internet(tmp_path: Path) -> None:
    """Envelope and header in UTF-8, and SMTPUTF8 in MAIL: our sink takes such addresses from nobody who has not said it."""
    users(tmp_path)
    async with arrangement(tmp_path) as a:
        letter = Letter(originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject="S", text="T\n")
        await a.correspondent.send(letter)
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
    assert (arrived.recipients, arrived.reverse_path) == ((ANNA_UTF8,), JOERG)
    assert f"\r\nFrom: {JOERG}\r\n".encode() in arrived.octets and f"\r\nTo: {ANNA_UTF8}\r\n".encode() in arrived.octets


async def test_a_domain_beyond_ascii_is_looked_up_and_written_in_a_labels(tmp_path: Path) -> None:
    """RFC 5890: the tables have A-labels, and so has the RFC-822 attribute that wraps a mailbox."""
    async with arrangement(tmp_path) as a:
        (tmp_path / "mappings" / "domain-to-oraddress.d").mkdir()
        (tmp_path / "mappings" / "domain-to-oraddress.d" / "idn").write_text("xn--bcher-kva.example#O$Books.PRMD$PARTNER.ADMD$DEMO.C$XX#\n")
        await a.gateway._reload({})
        await asyncio.to_thread(send, a, "anna@übung.example", "joerg@Bücher.example")
        originator, recipient = names(await received(a))
    assert to_text(recipient) == "/S=joerg/O=Books/PRMD=PARTNER/ADMD=DEMO/C=XX/"
    assert originator.domain_defined == (("RFC-822", "anna(a)xn--bung-zra.example"),)


async def test_without_directory_and_universal_attributes_553_5_6_7(tmp_path: Path) -> None:
    """Said at RCPT, for the recipient as for the sender: no report has to be sent later to an address that nothing can carry."""
    async with arrangement(tmp_path) as a:
        assert await asyncio.to_thread(refusal, a, ANNA, JOERG) == "553 5.6.7"
        assert await asyncio.to_thread(refusal, a, ANNA_UTF8, "joerg.mueller@partner.example") == "553 5.6.7"


async def test_universal_attributes_carry_mailboxes_to_a_peer_that_takes_them_and_back(tmp_path: Path) -> None:
    """X.411 1999: attribute 28 of type RFC-822, the mailbox as it stands. What a reply carries there comes back as the same mailbox."""
    async with arrangement(tmp_path, peer=UNIVERSAL) as a:
        await asyncio.to_thread(send, a, ANNA_UTF8, JOERG)
        originator, recipient = names(await received(a))
        letter = Letter(originator=from_text(JOERG_OR), recipients=(originator,), subject="S", text="T\n")
        await a.correspondent.send(letter)
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
    assert universal_mailbox(recipient) == JOERG and to_text(replace(recipient, universal=())) == PARTNER
    assert universal_mailbox(originator) == "ånna@xn--bcher-kva.example" and to_text(replace(originator, universal=())) == OWN
    assert arrived.recipients == ("ånna@xn--bcher-kva.example",)


async def test_a_peer_without_them_gets_none_though_another_takes_them(tmp_path: Path) -> None:
    other = """
[[mta.peer]]
name = "modern"
mta_name = "MODERN-MTA"
routes = ["/PRMD=MODERN/ADMD=DEMO/C=XX/"]
policy = { universal_addresses = true }
"""
    async with arrangement(tmp_path, more_peers=other) as a:
        assert await asyncio.to_thread(refusal, a, ANNA, JOERG) == "553 5.6.7"


DANGEROUS = [
    "ä\r\nRCPT TO:<x@y>@b.example", "ä\x00@b.example", "ä\u2028@b.example", "ä b@b.example", "ä", "ä@b.example, c@d.example", "",
]  # fmt: skip


@pytest.mark.parametrize("text", DANGEROUS)
def test_nothing_dangerous_comes_out_of_a_universal_attribute(text: str, tmp_path: Path) -> None:
    """As for the printable attribute (4.3.2): one clean mailbox, or it counts as none."""
    settings = replace(_settings(tmp_path), universal_addresses=True)
    good = with_universal_mailbox(settings.gateway_oraddress, "ä@b.example")
    assert oraddress_to_mailbox(good, settings, Role.RECIPIENT).result.address == "ä@b.example"
    ((number, (attribute,)),) = good.universal
    value = replace(attribute.value, character_encoding=replace(attribute.value.character_encoding, two_octets=text))
    bad = replace(good, universal=((number, (replace(attribute, value=value),)),))
    with pytest.raises(AddressError, match="no text form"):
        oraddress_to_mailbox(bad, settings, Role.RECIPIENT)


def _settings(folder: Path) -> Settings:
    return settings_from(config.load(Setting(folder, 1, 2, 3, 4).write()))
