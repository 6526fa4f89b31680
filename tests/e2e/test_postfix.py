"""A real mail server on the Internet side: Postfix hands mail in, takes mail, refuses users, and waits when the X.400 side is down."""

from __future__ import annotations

import asyncio
import smtplib
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from gateway import asn1
from gateway.correspondent.demo import free_ports
from gateway.correspondent.user import Letter
from gateway.mixer.stdor import from_text, to_text
from gateway.octets import MemoryOctets
from gateway.spool.transfer import RecipientState
from gateway.x400 import oids
from gateway.x400.charsets import text_from_general, text_from_t61
from gateway.x400.extended_bodyparts import data_of, parameters_of
from gateway.x400.extensions import StandardExtension, extension_value
from gateway.x400.ipm import IPM, InformationObject
from gateway.x400.mts import PerMessageIndicators, PerRecipientIndicators
from gateway.x400.oraddress import oraddress_from_orname
from gateway.x400.p1 import Message
from tests.e2e.harness import ANNA, ANNA_OR, JOERG, JOERG_OR, arrangement, failures, partner, simple_message
from tests.e2e.postfix import Postfix, require_postfix, running

pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(60)]
_BITS = PerRecipientIndicators


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    require_postfix()
    gateway_port, port = free_ports(2)
    with running(gateway_port, port) as found:
        yield found


def gateway_beside(postfix: Postfix, folder: Path, *, answers: bool = False):
    """A gateway that Postfix finds, with Postfix as its smart host."""
    return arrangement(folder, answers=answers, smtp_port=postfix.gateway_port, smart_host_port=postfix.port)


def submit(postfix: Postfix, message: EmailMessage, mail: tuple[str, ...] = (), rcpt: tuple[str, ...] = ()) -> None:
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=20) as client:
        client.sendmail(ANNA, [JOERG], message.as_bytes(policy=message.policy.clone(linesep="\r\n")), mail, rcpt)


def ipm_of(message: Message) -> IPM:
    ipm = asn1.decode(message.content, InformationObject).ipm
    assert ipm is not None
    return ipm


async def test_postfix_hands_in_a_message_with_dsn_parameters(postfix: Postfix, tmp_path: Path) -> None:
    """RFC 3461 parameters become P1 fields (RFC 2156 Appendix A), 8-bit text general-text, the attachment a file."""
    message = simple_message("Grüße aus Kiel", "Guten Tag,\n\nfünf Zeilen später.\n")
    message.replace_header("Content-Transfer-Encoding", "8bit")
    message.set_payload("Guten Tag,\n\nfünf Zeilen später.\n".encode())
    message.add_attachment(bytes(range(256)), maintype="application", subtype="octet-stream", filename="daten.bin")
    async with gateway_beside(postfix, tmp_path) as a:
        mail = ("RET=HDRS", "ENVID=QQ314159", "BODY=8BITMIME")
        rcpt = ("NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;j.mueller@old.example")
        await asyncio.to_thread(submit, postfix, message, mail, rcpt)
        received = await asyncio.wait_for(a.correspondent.received.get(), 20)
    p1 = received.apdu.message
    assert p1 is not None
    (recipient,) = p1.envelope.per_recipient_fields
    assert to_text(oraddress_from_orname(p1.envelope.originator_name)) == ANNA_OR
    assert to_text(oraddress_from_orname(recipient.recipient_name)) == JOERG_OR
    assert recipient.per_recipient_indicators == {_BITS.RESPONSIBILITY, _BITS.ORIGINATING_MTA_REPORT, _BITS.ORIGINATOR_REPORT}
    # RFC 2156 5.2: the gateway always asks for the content; RET=HDRS is about what the sender gets of it.
    assert PerMessageIndicators.CONTENT_RETURN_REQUEST in p1.envelope.per_message_indicators
    assert "QQ314159" in extension_value(p1.envelope.extensions, StandardExtension.CONTENT_CORRELATOR).ia5text
    (redirected,) = extension_value(recipient.extensions, StandardExtension.REDIRECTION_HISTORY)
    was = oraddress_from_orname(redirected.intended_recipient_name.intended_recipient)
    assert dict(was.domain_defined)["RFC-822"] == "j.mueller(a)old.example"
    ipm = ipm_of(p1)
    assert text_from_t61(ipm.heading.subject) == "Grüße aus Kiel"
    text, file = ipm.body
    assert text.extended.data.direct_reference == oids.ID_ET_GENERAL_TEXT
    said = text_from_general(data_of(text.extended).read(0, 100), frozenset(parameters_of(text.extended)))
    assert said == "Guten Tag,\r\n\r\nfünf Zeilen später.\r\n"
    assert file.extended.data.direct_reference == oids.ID_ET_FILE_TRANSFER
    assert b"".join(external.encoding.octet_aligned.to_bytes() for external in data_of(file.extended)) == bytes(range(256))
    assert parameters_of(file.extended).file_attributes.pathname.value == (b"daten.bin",)


async def test_a_delivery_report_reaches_the_sender_as_a_dsn(postfix: Postfix, tmp_path: Path) -> None:
    async with gateway_beside(postfix, tmp_path, answers=True):
        await asyncio.to_thread(submit, postfix, simple_message(), ("ENVID=QQ2718",), ("NOTIFY=SUCCESS", f"ORCPT=rfc822;{JOERG}"))
        dsn = await asyncio.to_thread(postfix.mail)
    assert dsn["Return-Path"] == "<>"
    assert dsn.get_content_type() == "multipart/report" and dsn.get_param("report-type") == "delivery-status"
    message, recipient = dsn.get_payload(1).get_payload()
    assert message["Original-Envelope-Id"] == "QQ2718"
    assert message["Reporting-MTA"].startswith("x400; ")
    assert (recipient["Action"], recipient["Status"]) == ("delivered", "2.0.0")
    assert recipient["Original-Recipient"] == f"rfc822; {JOERG}"
    assert recipient["Final-Recipient"] == f"x400; {JOERG_OR}"


async def test_swaks_submission_crosses(postfix: Postfix, tmp_path: Path) -> None:
    """A second Internet program that was not written here."""
    attachment = tmp_path / "note.txt"
    attachment.write_text("attached text\n")
    command = [
        "swaks", "--server", "127.0.0.1", "--port", str(postfix.port), "--from", ANNA, "--to", JOERG, "--header", "Subject: from swaks",
        "--body", "body of swaks", "--attach-type", "text/plain", "--attach-name", "note.txt", "--attach", f"@{attachment}",
    ]  # fmt: skip
    async with gateway_beside(postfix, tmp_path) as a:
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, done.stdout
        received = await asyncio.wait_for(a.correspondent.received.get(), 20)
    ipm = ipm_of(received.apdu.message)
    assert text_from_t61(ipm.heading.subject) == "from swaks"
    assert "body of swaks" in ipm.body[0].ia5_text.data.to_bytes().decode()
    assert len(ipm.body) == 2


async def test_postfix_takes_a_message_from_x400(postfix: Postfix, tmp_path: Path) -> None:
    file = bytes(range(256)) * 5
    letter = Letter(
        originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject="Grüße", text="Hallo Käthe\n",
        files=(("bericht.bin", MemoryOctets(file)),),
    )  # fmt: skip
    async with gateway_beside(postfix, tmp_path) as a:
        await a.correspondent.send(letter)
        message = await asyncio.to_thread(postfix.mail)
    assert message["Return-Path"] == f"<{JOERG}>"
    assert message["X-Original-To"] in (None, ANNA) and message["Delivered-To"] == ANNA
    assert message["From"].addresses[0].addr_spec == JOERG
    assert message["To"].addresses[0].addr_spec == ANNA
    assert message["Subject"] == "Grüße"
    assert not message.defects
    text, attached = message.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == "Hallo Käthe\n"
    assert attached.get_content() == file and attached.get_filename() == "bericht.bin"


async def test_unknown_user_behind_postfix_is_a_non_delivery_report(postfix: Postfix, tmp_path: Path) -> None:
    """550 5.1.1 is unable-to-transfer, unrecognised-OR-name (RFC 2156 5.1.8.4); the others get their copy."""
    nobody = "/G=no/S=body/O=Example/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
    letter = Letter(originator=from_text(JOERG_OR), recipients=(from_text(nobody), from_text(ANNA_OR)), subject="S", text="T\n")
    async with gateway_beside(postfix, tmp_path) as a:
        await a.correspondent.send(letter)
        received = await asyncio.wait_for(a.correspondent.received.get(), 20)
        message = await asyncio.to_thread(postfix.mail)
    assert message["Subject"] == "S"
    assert failures(received.apdu) == {1: (1, 0)}
    (fields,) = received.apdu.report.content.per_recipient_fields
    assert to_text(oraddress_from_orname(fields.actual_recipient_name)) == nobody
    assert "User unknown" in fields.supplementary_information


async def test_mail_for_a_peer_that_is_down_waits_and_arrives(postfix: Postfix, tmp_path: Path) -> None:
    async with gateway_beside(postfix, tmp_path) as a:
        await a.correspondent.stop()
        await asyncio.to_thread(submit, postfix, simple_message("later"))
        async with asyncio.timeout(20):
            while True:
                waiting = await a.gateway.store.list(state=RecipientState.DEFERRED)
                if waiting and waiting[0].recipients[0].attempts >= 2:
                    break
                await asyncio.sleep(0.05)
        (recipient,) = waiting[0].recipients
        assert "cannot be reached" in recipient.note
        again = partner(a.setting.p1_port, tmp_path / "again", listen_port=a.setting.partner_port)
        await again.start()
        try:
            received = await asyncio.wait_for(again.received.get(), 20)
        finally:
            await again.stop()
    assert text_from_t61(ipm_of(received.apdu.message).heading.subject) == "later"
    assert again.received.empty()
