"""Reports end to end with a real mail server, both ways: Postfix on the Internet side, tshark as the reader of what goes to X.400."""

from __future__ import annotations

import asyncio
import re
import smtplib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from gateway import asn1
from gateway.correspondent.agent import Correspondent
from gateway.correspondent.demo import free_ports
from gateway.correspondent.sink import Sink
from gateway.errors import Failure
from gateway.mixer.convert import ReportedOutcome, report_for_x400
from gateway.mixer.stdor import to_text
from gateway.spool.expectations import Fate
from gateway.x400 import p1
from gateway.x400.ipm import InformationObject
from gateway.x400.oraddress import oraddress_from_orname
from tests.e2e.harness import ANNA, ANNA_OR, JOERG, JOERG_OR, Arrangement, arrangement, failures, partner, settled, simple_message
from tests.e2e.p1_capture import captured
from tests.e2e.postfix import Postfix, require_postfix, running
from tests.e2e.test_reports import ON_BOTH, ON_FAILURE, _partners_context, next_report, p1_message
from tests.e2e.tshark import Seen, seen
from tests.shared import require_program
from tests.strict_reports import strict_dsn

pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(90)]
NOBODY_OR = "/G=no/S=body/O=Example/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
ELSEWHERE_OR = "/RFC-822=karl(a)elsewhere.example/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
KARL = "karl.x@partner.example"


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    require_postfix()
    gateway_port, port, strict_port = free_ports(3)
    with running(gateway_port, port, {"elsewhere.example": f"smtp:[127.0.0.1]:{strict_port}"}) as found:
        found.strict_port = strict_port  # type: ignore[attr-defined]
        yield found


@asynccontextmanager
async def refusing(postfix: Postfix) -> AsyncIterator[None]:
    """The mail server of elsewhere.example, which does not know Karl."""
    sink = Sink(refused=frozenset({"karl@elsewhere.example"}), port=postfix.strict_port)  # type: ignore[attr-defined]
    await sink.start()
    try:
        yield
    finally:
        await sink.stop()


def beside(postfix: Postfix, folder: Path, **changes: object):  # type: ignore[no-untyped-def]
    """A gateway that Postfix finds, with Postfix as its smart host."""
    return arrangement(folder, smtp_port=postfix.gateway_port, smart_host_port=postfix.port, **changes)


@asynccontextmanager
async def watched(postfix: Postfix, folder: Path) -> AsyncIterator[tuple[Arrangement, Correspondent, list[Seen]]]:
    """The same, with what the gateway sends to X.400 recorded and read by tshark at the end."""
    require_program("tshark")
    p1_port, listen_port = free_ports(2)
    there, found = partner(p1_port, folder / "watched", listen_port=listen_port), list[Seen]()
    await there.start()
    try:
        async with (
            captured(listen_port, folder / "p1.pcap", live=False) as port,
            beside(postfix, folder, p1_port=p1_port, partner_port=port) as a,
        ):
            yield a, there, found
        found.append(await seen(folder / "p1.pcap", listen_port))
    finally:
        await there.stop()


def check_as_tshark_reads_it(found: Seen, subject: p1.MTSAPDU, reason: str, diagnostic: str) -> None:
    assert found.errors == []
    identifier = subject.message.envelope.message_identifier.local_identifier
    assert identifier in {value for name in ("p1.localIdentifier", "p1.mts_identifier") for value in found.values(name)} or any(
        identifier in name for name in found.names("subject-identifier")
    )
    assert any("joerg" in name for name in found.names("report-destination-name"))
    assert any(reason in name for name in found.names("non-delivery-reason-code"))
    assert any(diagnostic in name for name in found.names("non-delivery-diagnostic-code"))


async def test_an_unknown_user_behind_postfix_is_reported_with_the_content(postfix: Postfix, tmp_path: Path) -> None:
    """Refused at RCPT: our own report, with the content that the originator asked to have back."""
    subject = p1_message(NOBODY_OR, bits=ON_FAILURE)
    async with watched(postfix, tmp_path) as (_, there, wire):
        await there.send_apdu(subject)
        report = await next_report(there)
    assert failures(p1.MTSAPDU(report=report)) == {1: (1, 0)}
    assert report.content.subject_identifier == subject.message.envelope.message_identifier
    assert to_text(oraddress_from_orname(report.envelope.report_destination_name)) == JOERG_OR
    (fields,) = report.content.per_recipient_fields
    assert to_text(oraddress_from_orname(fields.actual_recipient_name)) == NOBODY_OR
    assert "User unknown" in fields.supplementary_information
    assert report.content.returned_content.to_bytes() == subject.message.content.to_bytes()
    check_as_tshark_reads_it(wire[0], subject, "unable-to-transfer", "unrecognised-OR-name")


async def test_a_bounce_that_postfix_sends_later_is_reported_too(postfix: Postfix, tmp_path: Path) -> None:
    """Taken with 250 and returned by a DSN: ENVID and ORCPT lead back, the returned content is the DSN (RFC 2156 5.1.8.3)."""
    subject = p1_message(ELSEWHERE_OR, ANNA_OR, bits=ON_FAILURE)
    async with refusing(postfix), watched(postfix, tmp_path) as (a, there, wire):
        await there.send_apdu(subject)
        report = await next_report(there)
        await asyncio.to_thread(postfix.mail)
        await settled(a.gateway.store)
        assert there.received.empty()
        (known,) = await a.gateway.store.expectations.of_address("karl@elsewhere.example")
    assert failures(p1.MTSAPDU(report=report)) == {1: (1, 0)}
    assert report.content.subject_identifier == subject.message.envelope.message_identifier
    assert report.content.content_identifier == subject.message.envelope.content_identifier
    (fields,) = report.content.per_recipient_fields
    assert to_text(oraddress_from_orname(fields.actual_recipient_name)) == ELSEWHERE_OR
    assert "No such user here" in fields.supplementary_information
    returned = asn1.decode(report.content.returned_content, InformationObject).ipm
    assert returned is not None and len(returned.body) == 3
    assert {each.number: each.fate for each in known.recipients} == {1: Fate.FAILED, 2: Fate.OPEN}
    check_as_tshark_reads_it(wire[0], subject, "unable-to-transfer", "unrecognised-OR-name")


async def test_postfix_confirms_a_delivery_and_the_originator_is_told_once(postfix: Postfix, tmp_path: Path) -> None:
    subject = p1_message(ANNA_OR, bits=ON_BOTH)
    async with beside(postfix, tmp_path) as a:
        await a.correspondent.send_apdu(subject)
        message = await asyncio.to_thread(postfix.mail)
        report = await next_report(a.correspondent)
        await settled(a.gateway.store)
        assert a.correspondent.received.empty()
        counts = await a.gateway.store.expectations.counts(datetime.now(UTC))
    assert message["Return-Path"] == f"<{JOERG}>"
    assert failures(p1.MTSAPDU(report=report)) == {1: None}
    assert report.content.subject_identifier == subject.message.envelope.message_identifier
    assert (counts["delivered"], counts["awaited"], counts["overdue"]) == (1, 0, 0)


async def test_success_and_failure_are_told_to_a_user_of_postfix_as_rfc_3461_asks(postfix: Postfix, tmp_path: Path) -> None:
    """NOTIFY, ORCPT, ENVID and RET=HDRS to a good and a bad recipient: one DSN for each, with the header and not the text."""
    async with beside(postfix, tmp_path) as a:
        await asyncio.to_thread(_submit, postfix)
        message = (await asyncio.wait_for(a.correspondent.received.get(), 20)).apdu.message
        unknown = ReportedOutcome(failure=Failure(reason=1, diagnostic=0, status="5.1.1", text="Nobody of that name works here."))
        for place, outcome in ((1, ReportedOutcome(delivered_at=datetime.now(UTC))), (2, unknown)):
            made = report_for_x400(message, {place: outcome}, replace(_partners_context(), plan_seed=f"report {place}"))
            await a.correspondent.send_apdu(made.result)
        dsns = [await asyncio.to_thread(postfix.mail) for _ in range(2)]
        await settled(a.gateway.store)
        with pytest.raises(AssertionError, match="no mail"):
            await asyncio.to_thread(postfix.mail, seconds=2)
    found = {}
    for dsn in dsns:
        about, recipients = strict_dsn(_wire(dsn))
        assert dsn["Return-Path"] == "<>" and about["Original-Envelope-Id"] == "QQ314159"
        (recipient,) = recipients
        found[recipient["Original-Recipient"]] = (recipient["Action"], recipient["Status"])
        third = dsn.get_payload(2)
        assert third.get_content_type() == "text/rfc822-headers" and "the secret text" not in str(dsn)
    assert found == {f"rfc822; {JOERG}": ("delivered", "2.0.0"), "rfc822; karl@old.example": ("failed", "5.1.1")}


def _submit(postfix: Postfix) -> None:
    message = simple_message("An offer", "the secret text\n", to=f"{JOERG}, {KARL}")
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=20) as client:
        client.ehlo()
        client.mail(ANNA, ("RET=HDRS", "ENVID=QQ314159"))
        client.rcpt(JOERG, ("NOTIFY=SUCCESS,FAILURE", f"ORCPT=rfc822;{JOERG}"))
        client.rcpt(KARL, ("NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;karl@old.example"))
        code, said = client.data(message.as_bytes(policy=message.policy.clone(linesep="\r\n")))
        assert code == 250, said


def _wire(message: EmailMessage) -> bytes:
    """As it crossed: a maildir has lines that end with LF, and header fields of its own in front."""
    octets = message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return re.sub(rb"^(?:(?:Return-Path|X-Original-To|Delivered-To|Received): .*\r\n(?:[ \t].*\r\n)*)+", b"", octets)
