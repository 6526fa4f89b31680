"""The main job: a message crosses from SMTP to X.400 and one crosses back."""

import asyncio
import email
import email.policy
from pathlib import Path

import pytest

from gateway import asn1
from gateway.correspondent.user import Letter
from gateway.mixer.stdor import from_text, to_text
from gateway.x400.charsets import text_from_t61
from gateway.x400.ipm import InformationObject
from gateway.x400.oraddress import oraddress_from_orname
from tests.e2e.harness import ANNA, ANNA_OR, JOERG_OR, arrangement, simple_message

pytestmark = pytest.mark.timeout(30)


async def test_internet_message_leaves_over_p1(tmp_path: Path) -> None:
    async with arrangement(tmp_path) as a:
        await asyncio.to_thread(a.send_smtp, simple_message("Grüße", "Hello\n"))
        received = await a.correspondent.received.get()
    message = received.apdu.message
    ipm = asn1.decode(message.content, InformationObject).ipm
    assert to_text(oraddress_from_orname(message.envelope.originator_name)) == ANNA_OR
    assert [to_text(oraddress_from_orname(each.recipient_name)) for each in message.envelope.per_recipient_fields] == [JOERG_OR]
    assert text_from_t61(ipm.heading.subject) == "Grüße"
    assert ipm.body[0].ia5_text.data.to_bytes() == b"Hello\r\n"


async def test_x400_message_leaves_by_smtp(tmp_path: Path) -> None:
    async with arrangement(tmp_path) as a:
        letter = Letter(originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject="Grüße", text="Hallo\n")
        await a.correspondent.send(letter)
        arrived = await a.sink.received.get()
    message = email.message_from_bytes(arrived.octets, policy=email.policy.default)
    assert arrived.recipients == (ANNA,)
    assert message["Subject"] == "Grüße"
    assert message["From"].addresses[0].addr_spec == "joerg.mueller@partner.example"
    assert message.get_content().replace("\r\n", "\n") == "Hallo\n"


async def test_smtp_client_is_refused_at_rcpt_for_the_internet(tmp_path: Path) -> None:
    """The gateway is no relay: 550 5.7.1 (DESIGN section 7)."""
    import smtplib

    async with arrangement(tmp_path) as a:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
            await asyncio.to_thread(a.send_smtp, simple_message(), ANNA, ("someone@elsewhere.example",))
    (code, text), = refusal.value.recipients.values()
    assert code == 550
    assert text.startswith(b"5.7.1")
