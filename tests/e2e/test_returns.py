"""What comes back about something that was sent: told once, to whom it concerns, as it was asked for; a forged report changes nothing."""

from __future__ import annotations

import asyncio
import email
import email.policy
import itertools
import smtplib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from gateway import asn1
from gateway.mixer.convert import ReportedOutcome, report_for_x400
from gateway.mixer.identifiers import text_from_mts_identifier
from gateway.mixer.stdor import to_text
from gateway.spool.expectations import Fate
from gateway.spool.transfer import RecipientState
from gateway.x400 import p1
from gateway.x400.ipm import InformationObject
from gateway.x400.oraddress import oraddress_from_orname
from tests.e2e.harness import ANNA, ANNA_OR, JOERG, JOERG_OR, Arrangement, arrangement, failures, settled, simple_message
from tests.e2e.plain_server import plain_server
from tests.e2e.test_reports import ON_BOTH, ON_FAILURE, _partners_context, _report_to, next_report, p1_message

pytestmark = pytest.mark.timeout(60)


def dsn(recipient: str, action: str = "failed", *, envid: str = "", status: str = "5.1.1", to: str = JOERG, original: str = "") -> bytes:
    """As a mail server of today writes it (RFC 3464)."""
    about = f"Original-Envelope-Id: {envid}\r\n" if envid else ""
    first = f"Original-Recipient: {original}\r\n" if original else ""
    return (
        f"From: MAILER-DAEMON@mail.example.org\r\nTo: {to}\r\nSubject: Undelivered\r\nMessage-ID: <b1@mail.example.org>\r\n"
        "Date: Mon, 23 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\nSorry.\r\n'
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\n{about}Reporting-MTA: dns; mail.example.org\r\n\r\n"
        f"{first}Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} no mailbox here by that name\r\n--b--\r\n"
    ).encode()


def hand_in(a: Arrangement, octets: bytes, recipient: str, sender: str = "") -> None:
    with smtplib.SMTP("127.0.0.1", a.setting.smtp_port, timeout=30) as client:
        client.sendmail(sender, [recipient], octets)


async def next_message(a: Arrangement) -> p1.Message:
    received = await asyncio.wait_for(a.correspondent.received.get(), 20)
    assert received.apdu.message is not None
    return received.apdu.message


async def quiet(a: Arrangement) -> bool:
    await settled(a.gateway.store)
    return a.correspondent.received.empty()


# --- a reverse path of our own


async def test_a_server_without_dsn_gets_a_reverse_path_of_ours_and_its_dsn_becomes_the_report(tmp_path: Path) -> None:
    async with plain_server() as server, arrangement(tmp_path, smart_host_port=server.port) as a:
        subject = p1_message(ANNA_OR, bits=ON_FAILURE)
        await a.correspondent.send_apdu(subject)
        path, recipients, octets = await server.next()
        assert path.startswith("mixer-") and path.endswith("@x400.example.org") and len(path) == len("mixer-@x400.example.org") + 32
        assert recipients == (ANNA,)
        assert email.message_from_bytes(octets)["X400-Originator"] == JOERG
        await asyncio.to_thread(hand_in, a, dsn(ANNA), path)
        report = await next_report(a.correspondent)
        await asyncio.to_thread(hand_in, a, dsn(ANNA), path.upper())
        assert await quiet(a)  # told once
        (known,) = await a.gateway.store.expectations.of_address(ANNA)
    assert failures(p1.MTSAPDU(report=report)) == {1: (1, 0)}
    assert report.content.subject_identifier == subject.message.envelope.message_identifier
    assert report.content.content_identifier == subject.message.envelope.content_identifier
    assert to_text(oraddress_from_orname(report.envelope.report_destination_name)) == JOERG_OR
    (fields,) = report.content.per_recipient_fields
    assert to_text(oraddress_from_orname(fields.actual_recipient_name)) == ANNA_OR
    assert "no mailbox here" in fields.supplementary_information
    returned = asn1.decode(report.content.returned_content, InformationObject).ipm
    assert returned is not None  # RFC 2156 5.1.8.3: the DSN as a message
    assert known.subject.key == text_from_mts_identifier(subject.message.envelope.message_identifier)
    assert [each.fate for each in known.recipients] == [Fate.FAILED]


async def test_strict_leaves_the_originator_in_the_reverse_path(tmp_path: Path) -> None:
    async with plain_server() as server, arrangement(
        tmp_path, smart_host_port=server.port, extra='[reports]\nreturn_paths = "strict"\n'
    ) as a:  # fmt: skip
        await a.correspondent.send_apdu(p1_message(ANNA_OR, bits=ON_FAILURE))
        path, _, _ = await server.next()
    assert path == JOERG


async def test_a_tag_that_is_not_ours_or_not_any_more_is_no_mailbox(tmp_path: Path) -> None:
    async with plain_server() as server, arrangement(
        tmp_path, smart_host_port=server.port, extra="[reports]\nlifetime_days = 0.00001\n"
    ) as a:  # fmt: skip
        await a.correspondent.send_apdu(p1_message(ANNA_OR, bits=ON_FAILURE))
        path, _, _ = await server.next()
        await asyncio.sleep(0.9)
        for address in (path, f"mixer-{'0' * 32}@x400.example.org"):
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
                await asyncio.to_thread(hand_in, a, dsn(ANNA), address)
            (code, text) = refusal.value.recipients[address]
            assert code == 550 and text.startswith(b"5.1.1 ")
        assert await quiet(a)


@pytest.mark.parametrize("case", ["somebody else", "a letter", "free text"])
async def test_what_is_no_report_about_somebody_who_got_it_is_a_message_for_the_originator(tmp_path: Path, case: str) -> None:
    async with plain_server() as server, arrangement(tmp_path, smart_host_port=server.port) as a:
        await a.correspondent.send_apdu(p1_message(ANNA_OR, bits=ON_BOTH))
        path, _, _ = await server.next()
        await next_report(a.correspondent)  # that it was relayed
        if case == "somebody else":
            await asyncio.to_thread(hand_in, a, dsn("karl@example.org"), path)
        elif case == "a letter":
            await asyncio.to_thread(hand_in, a, simple_message().as_bytes(policy=email.policy.SMTP), path, ANNA)
        else:
            text = f"From: postmaster@example.org\r\nTo: {path}\r\nSubject: Sorry\r\n\r\nYour mail to {ANNA} is lost. Bad luck.\r\n"
            await asyncio.to_thread(hand_in, a, text.encode(), path)
        message = await next_message(a)
        (known,) = await a.gateway.store.expectations.of_address(ANNA)
    (recipient,) = message.envelope.per_recipient_fields
    assert to_text(oraddress_from_orname(recipient.recipient_name)) == JOERG_OR
    assert [each.fate for each in known.recipients] == [Fate.RELAYED]


async def test_a_bounce_from_before_rfc_3464_is_recognised_at_a_tag(tmp_path: Path) -> None:
    text = (
        "From: MAILER-DAEMON@example.org\r\nTo: x\r\nSubject: failure notice\r\n\r\n"
        "Hi. This is the qmail-send program at example.org.\r\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\r\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\r\n\r\n"
        f"<{ANNA}>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n"
        "--- Below this line is a copy of the message.\r\n\r\nReturn-Path: <x>\r\n"
    )
    async with plain_server() as server, arrangement(tmp_path, smart_host_port=server.port) as a:
        await a.correspondent.send_apdu(p1_message(ANNA_OR, bits=ON_FAILURE))
        path, _, _ = await server.next()
        await asyncio.to_thread(hand_in, a, text.encode(), path)
        report = await next_report(a.correspondent)
    assert failures(p1.MTSAPDU(report=report)) == {1: (1, 0)}
    assert "no mailbox here" in report.content.per_recipient_fields[0].supplementary_information


# --- ENVID


async def test_a_server_with_dsn_gets_the_originator_and_its_dsn_is_known_by_envid(tmp_path: Path) -> None:
    async with arrangement(tmp_path) as a:
        subject = p1_message(ANNA_OR, bits=ON_BOTH)
        await a.correspondent.send_apdu(subject)
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
        assert arrived.reverse_path == JOERG
        envid = f"X400-MTS-Identifier: {text_from_mts_identifier(subject.message.envelope.message_identifier)}"
        said = dsn(ANNA, "delivered", envid=envid, status="2.0.0")
        await asyncio.to_thread(hand_in, a, said.replace(b"rfc822; anna.berg", b"rfc822; somebody.else"), JOERG)
        assert (await next_message(a)) is not None  # forged: nothing of it is believed
        await asyncio.to_thread(hand_in, a, said, JOERG)
        report = await next_report(a.correspondent)
        await asyncio.to_thread(hand_in, a, said, JOERG)
        assert await quiet(a)
    assert failures(p1.MTSAPDU(report=report)) == {1: None}
    assert report.content.subject_identifier == subject.message.envelope.message_identifier


async def test_a_success_that_nobody_asked_for_is_not_told(tmp_path: Path) -> None:
    async with arrangement(tmp_path) as a:
        subject = p1_message(ANNA_OR, bits=ON_FAILURE)
        await a.correspondent.send_apdu(subject)
        await asyncio.wait_for(a.sink.received.get(), 20)
        envid = f"X400-MTS-Identifier: {text_from_mts_identifier(subject.message.envelope.message_identifier)}"
        await asyncio.to_thread(hand_in, a, dsn(ANNA, "delivered", envid=envid, status="2.0.0"), JOERG)
        assert await quiet(a)
        (known,) = await a.gateway.store.expectations.of_address(ANNA)
    assert [each.fate for each in known.recipients] == [Fate.DELIVERED]


async def test_a_delay_is_told_in_a_message(tmp_path: Path) -> None:
    """RFC 2156 5.1.8.3."""
    async with arrangement(tmp_path) as a:
        subject = p1_message(ANNA_OR, bits=ON_BOTH)
        await a.correspondent.send_apdu(subject)
        await asyncio.wait_for(a.sink.received.get(), 20)
        envid = f"X400-MTS-Identifier: {text_from_mts_identifier(subject.message.envelope.message_identifier)}"
        await asyncio.to_thread(hand_in, a, dsn(ANNA, "delayed", envid=envid, status="4.4.1"), JOERG)
        await next_message(a)
        (known,) = await a.gateway.store.expectations.of_address(ANNA)
    assert [each.fate for each in known.recipients] == [Fate.OPEN]


async def test_a_dsn_about_nothing_of_ours_is_a_message(tmp_path: Path) -> None:
    async with arrangement(tmp_path) as a:
        await asyncio.to_thread(hand_in, a, dsn(ANNA, envid="X400-MTS-Identifier: [/PRMD=PARTNER/ADMD=DEMO/C=XX/;never]"), JOERG)
        await next_message(a)


# --- reports of X.400 systems


async def sent_by_anna(a: Arrangement, *rcpt: str, mail: tuple[str, ...] = (), to: tuple[str, ...] = (JOERG,)) -> p1.Message:
    options = {"mail_options": mail, "rcpt_options": rcpt}
    await asyncio.to_thread(a.send_smtp, simple_message("An offer"), ANNA, to, **options)
    return await next_message(a)


_COUNT = itertools.count()


def report_on(message: p1.Message, *places: int, failed: bool = False) -> p1.MTSAPDU:
    from gateway.errors import Failure

    unknown = Failure(reason=1, diagnostic=0, status="5.1.1", text="Nobody of that name works here.")
    outcome = ReportedOutcome(failure=unknown) if failed else ReportedOutcome(delivered_at=datetime.now(UTC))
    context = replace(_partners_context(), plan_seed=f"report {next(_COUNT)}")  # a report of its own, and no copy of the last one
    conversion = report_for_x400(message, dict.fromkeys(places or (1,), outcome), context)
    assert conversion is not None
    return conversion.result


def parsed_dsn(octets: bytes) -> tuple[EmailMessage, EmailMessage, EmailMessage]:
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage) and message.get_param("report-type") == "delivery-status"
    about, recipient = message.get_payload(1).get_payload()
    return message, about, recipient


async def test_a_report_becomes_the_dsn_that_its_sender_asked_for(tmp_path: Path) -> None:
    """RFC 3461: ENVID and ORCPT as they were given, RET=HDRS keeps the text back, and who has been told is not told again."""
    async with arrangement(tmp_path) as a:
        message = await sent_by_anna(a, "NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;j+2Bm@old.example", mail=("ENVID=QQ+2B1", "RET=HDRS"))
        report = report_on(message, failed=True)
        await a.correspondent.send_apdu(report)
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
        again = report_on(message, failed=True)
        await a.correspondent.send_apdu(again)
        await settled(a.gateway.store)
        assert a.sink.received.empty()
    assert (arrived.reverse_path, arrived.recipients) == ("", (ANNA,))
    whole, about, recipient = parsed_dsn(arrived.octets)
    assert about["Original-Envelope-Id"] == "QQ+1"
    assert recipient["Original-Recipient"] == "rfc822; j+m@old.example"
    assert recipient["Final-Recipient"] == f"x400; {JOERG_OR}"
    assert (recipient["Action"], recipient["Status"]) == ("failed", "5.1.1")
    assert whole["References"] == "<test.1@example.org>"
    assert whole.get_payload(2).get_content_type() == "text/rfc822-headers"
    assert "there is no such address" in whole.get_payload(0).get_content()


@pytest.mark.parametrize(("notify", "failed"), [("SUCCESS", True), ("FAILURE", False), ("NEVER", True)])
async def test_nobody_is_told_what_he_did_not_ask_for(tmp_path: Path, notify: str, failed: bool) -> None:
    """RFC 3461 5.2.6: X.400 reports failures with successes; the sender gets what he asked for."""
    async with arrangement(tmp_path) as a:
        message = await sent_by_anna(a, f"NOTIFY={notify}")
        asking = p1.Message(envelope=_asking(message.envelope), content=message.content)
        await a.correspondent.send_apdu(report_on(asking, failed=failed))
        await settled(a.gateway.store)
        assert a.sink.received.empty()
        (known,) = [one for one in await a.gateway.store.expectations.of_address(JOERG) if "notification" not in one.subject.key]
        quarantined = await a.gateway.store.list(state=RecipientState.QUARANTINED)
    assert [each.fate for each in known.recipients] == [Fate.FAILED if failed else Fate.DELIVERED]
    assert quarantined == ()


def _asking(envelope: p1.MessageTransferEnvelope) -> p1.MessageTransferEnvelope:
    fields = tuple(replace(each, per_recipient_indicators=ON_BOTH | {0}) for each in envelope.per_recipient_fields)
    return replace(envelope, per_recipient_fields=fields)


async def test_a_peer_may_report_on_what_was_sent_to_it_and_no_more(tmp_path: Path) -> None:
    async with arrangement(tmp_path, grant="{ to_internet = false }") as a:
        message = await sent_by_anna(a)
        await a.correspondent.send_apdu(report_on(message, failed=True))
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
        assert arrived.recipients == (ANNA,)
        await a.correspondent.send_apdu(_report_to(ANNA_OR, "not ours"))
        await settled(a.gateway.store)
        assert a.sink.received.empty()
        kept = await a.gateway.store.list(state=RecipientState.QUARANTINED)
    assert "not permitted" in kept[0].recipients[0].note


async def test_what_is_not_reported_in_time_is_overdue(tmp_path: Path) -> None:
    async with arrangement(tmp_path, extra="[reports]\nreport_patience_hours = 1\n") as a:
        message = await sent_by_anna(a, "NOTIFY=SUCCESS")
        await settled(a.gateway.store)
        store, later = a.gateway.store, datetime.now(UTC) + timedelta(hours=2)
        assert (await store.expectations.counts(datetime.now(UTC)))["awaited"] == 1
        (late,) = await store.expectations.overdue(later)
        assert late.subject.key == text_from_mts_identifier(message.envelope.message_identifier)
        assert (await store.expectations.counts(later))["overdue"] == 1
        await a.correspondent.send_apdu(report_on(message))
        await asyncio.wait_for(a.sink.received.get(), 20)
        await settled(store)
        assert await store.expectations.overdue(later) == ()
        assert (await store.expectations.counts(later))["delivered"] == 1
