"""How reports are made: warnings for who asked, in the sender's language, back along the lists, and receipts in the ledger."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway import asn1
from gateway.correspondent.user import Letter, ipn_for
from gateway.mixer.correlation import notification_key
from gateway.mixer.stdor import from_text, to_text
from gateway.spool.expectations import Fate
from gateway.x400 import p1
from gateway.x400.extension_values import DLExpansion
from gateway.x400.extensions import StandardExtension, extension_field
from gateway.x400.ipm import InformationObject
from gateway.x400.oraddress import oraddress_from_orname, orname_from_oraddress
from tests.e2e.harness import ANNA, ANNA_OR, JOERG, JOERG_OR, arrangement, failures, settled, simple_message
from tests.e2e.plain_server import plain_server
from tests.e2e.test_reports import ON_FAILURE, next_report, p1_message, parsed
from tests.e2e.test_returns import dsn, hand_in, next_message, parsed_dsn, report_on, sent_by_anna
from tests.strict_reports import strict_dsn

pytestmark = [pytest.mark.timeout(60), pytest.mark.slow]
_LATE_SOON = "warn_after_hours = 0.0002\nexpire_after_hours = 1\n"


async def test_a_delay_is_told_once_and_only_to_who_asked(tmp_path: Path) -> None:
    """RFC 3461 4.1, RFC 3464 2.3.3."""
    async with arrangement(tmp_path, relay=_LATE_SOON) as a:
        await a.correspondent.stop()
        await asyncio.to_thread(a.send_smtp, simple_message("quiet"))
        await asyncio.to_thread(a.send_smtp, simple_message("asked"), rcpt_options=("NOTIFY=FAILURE,DELAY",))
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
        await asyncio.sleep(2)
        assert a.sink.received.empty()
    _, recipients = strict_dsn(arrived.octets)
    assert (recipients[0]["Action"], recipients[0]["Status"][0]) == ("delayed", "4")
    assert recipients[0]["Will-Retry-Until"]
    assert arrived.reverse_path == "" and "Subject: asked" in str(parsed(arrived))


@pytest.mark.parametrize(
    ("header", "settings", "words"),
    [
        ("Accept-Language: de-DE, en;q=0.5", "", "Ihre Nachricht wurde nicht zugestellt"),
        ("Content-Language: de", "follow_sender_language = false", "Your message was not delivered"),
        ("X-Nothing: x", 'language = "de"', "Ihre Nachricht wurde nicht zugestellt"),
    ],
)
async def test_the_language_of_a_report(tmp_path: Path, header: str, settings: str, words: str) -> None:
    async with arrangement(tmp_path, extra=f"[reports]\n{settings}\n") as a:
        message = simple_message()
        name, _, value = header.partition(": ")
        message[name] = value
        await asyncio.to_thread(a.send_smtp, message)
        await a.correspondent.send_apdu(report_on(await next_message(a), failed=True))
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
    assert words in parsed_dsn(arrived.octets)[0].get_payload(0).get_content()


async def test_a_report_on_a_list_s_message_goes_to_the_list_that_expanded_last(tmp_path: Path) -> None:
    """X.411 14.3.2.4, for our own failure and for a DSN that comes later."""
    lists = [f"/S={name}/PRMD=PARTNER/ADMD=DEMO/C=XX/" for name in ("all", "some")]
    history = tuple(DLExpansion(dl=orname_from_oraddress(from_text(each)), dl_expansion_time=datetime.now(UTC)) for each in lists)
    message = p1_message(ANNA_OR, bits=ON_FAILURE).message
    envelope = replace(message.envelope, extensions=(extension_field(StandardExtension.DL_EXPANSION_HISTORY, history),))
    async with plain_server() as server, arrangement(tmp_path, smart_host_port=server.port) as a:
        await a.correspondent.send_apdu(p1.MTSAPDU(message=replace(message, envelope=envelope)))
        path, _, _ = await server.next()
        await asyncio.to_thread(hand_in, a, dsn(ANNA), path)
        report = await next_report(a.correspondent)
    assert to_text(oraddress_from_orname(report.envelope.report_destination_name)) == lists[-1]
    assert failures(p1.MTSAPDU(report=report)) == {1: (1, 0)}


async def test_a_time_that_is_over_is_told_to_who_named_it(tmp_path: Path) -> None:
    """RFC 2852 4.1.3: BY with mode N; nobody asked for delays in general, and the time for warnings is hours away."""
    async with arrangement(tmp_path, smtp='deliver_by = true\n[[smtp.client]]\nname = "anyone"\nmay_set_delivery_options = true\n') as a:
        await a.correspondent.stop()
        await asyncio.to_thread(a.send_smtp, simple_message("soon"), mail_options=("BY=1;N",))
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
    _, recipients = strict_dsn(arrived.octets)
    assert (recipients[0]["Action"], recipients[0]["Status"]) == ("delayed", "4.4.7")


async def test_a_receipt_ends_what_was_awaited(tmp_path: Path) -> None:
    """X.420 8.3: who asked for a receipt sees in the ledger that it came."""
    async with arrangement(tmp_path) as a:
        letter = simple_message()
        letter["Disposition-Notification-To"] = ANNA
        letter["Accept-Language"] = "de"
        await asyncio.to_thread(a.send_smtp, letter)
        ipm = asn1.decode((await next_message(a)).content, InformationObject).ipm
        key, store = notification_key(ipm.heading.this_ipm), a.gateway.store
        await settled(store)
        (known,) = await store.expectations.recall(key, datetime.now(UTC))
        assert known.recipients[0].fate is Fate.OPEN and known.recipients[0].due is not None
        content = InformationObject(ipn=ipn_for(ipm, from_text(JOERG_OR), datetime.now(UTC)))
        base = p1_message(ANNA_OR, bits=frozenset(), identifier="n1").message
        await a.correspondent.send_apdu(p1.MTSAPDU(message=replace(base, content=asn1.encode_octets(content))))
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
        await settled(store)
        (known,) = await store.expectations.recall(key, datetime.now(UTC))
    assert parsed(arrived).get_param("report-type") == "disposition-notification"
    assert "Ihre Nachricht an:" in parsed(arrived).get_payload()[0].get_payload()
    assert (known.recipients[0].fate, known.recipients[0].said) == (Fate.DELIVERED, "read")


async def test_an_overdue_report_is_asked_after_with_a_probe(tmp_path: Path) -> None:
    from tests.e2e.test_tracking import answer_to, run

    async with arrangement(tmp_path, extra="[reports]\nreport_patience_hours = 0.0001\n") as a:
        await sent_by_anna(a, "NOTIFY=SUCCESS")
        await settled(a.gateway.store)
        await asyncio.sleep(0.5)
        asked = asyncio.create_task(run(tmp_path, "track", "--overdue", "--ask"))
        probe = (await asyncio.wait_for(a.correspondent.received.get(), 20)).apdu.probe
        await a.correspondent.send_apdu(answer_to(probe, failed=False))
        code, text = await asked
    assert code == 0 and f"{JOERG_OR}: deliverable" in text


@pytest.mark.parametrize(("checked", "expected"), [("true", (1, 0)), ("false", None)])
async def test_recipients_of_probes_are_checked_where_that_is_wanted(
    tmp_path: Path, checked: str, expected: tuple[int, int] | None
) -> None:
    """RFC 2156 5.3.9: the answer may be sharpened by asking the mail server; nothing is sent."""
    from tests.e2e.test_probe import probe

    extra = f"[reports]\ncheck_recipients_of_probes = {checked}\n"
    async with arrangement(tmp_path, refused=frozenset({ANNA}), extra=extra) as a:
        await a.correspondent.send_apdu(probe(22, 1000))
        report = await next_report(a.correspondent)
        assert a.sink.received.empty()
    assert failures(p1.MTSAPDU(report=report)) == {1: expected}


def mdn(reader: str, original: str) -> bytes:
    return (
        f"From: {reader}\r\nTo: {JOERG}\r\nMessage-ID: <{reader}>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\r\n\r\n--b\r\n\r\nRead.\r\n'
        f"--b\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; {reader}\r\n"
        f"Original-Message-ID: {original}\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n--b--\r\n"
    ).encode()


async def test_an_mdn_counts_only_from_somebody_who_got_the_message(tmp_path: Path) -> None:
    """RFC 8098 8, X.420 8.3: from anybody else it is a message like any other, and the request stays open."""
    async with arrangement(tmp_path) as a:
        letter = Letter(originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject="S", text="T\n", receipt=True)
        await a.correspondent.send(letter)
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
        original = parsed(arrived)["Message-ID"]
        fates = []
        for reader in ("eve@example.org", ANNA):
            await asyncio.to_thread(hand_in, a, mdn(reader, original), JOERG)
            content = asn1.decode((await next_message(a)).content, InformationObject)
            await settled(a.gateway.store)
            found = [one for one in await a.gateway.store.expectations.of_address(ANNA) if one.subject.fields.get("kind") == "notification"]
            fates.append((content.chosen, found[0].recipients[0].fate))
    assert fates == [("ipm", Fate.OPEN), ("ipn", Fate.DELIVERED)]
