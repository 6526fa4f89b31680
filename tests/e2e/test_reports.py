"""Every recipient's end is told to whom it concerns, once, in the words of their own world (DESIGN section 7, laws 1 and 2)."""

from __future__ import annotations

import asyncio
import email
import email.policy
import email.utils
import sqlite3
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from gateway import asn1
from gateway.correspondent.agent import Correspondent
from gateway.correspondent.sink import Arrived
from gateway.correspondent.user import Domain, Letter, envelope_for, ipm_from_letter
from gateway.errors import Failure
from gateway.mixer.convert import ReportedOutcome, report_for_x400
from gateway.mixer.policy import Context, GlobalDomain, Settings
from gateway.mixer.stdor import from_text, to_text
from gateway.spool.transfer import Kind, RecipientState
from gateway.x400 import mts, p1
from gateway.x400.ipm import InformationObject
from gateway.x400.oraddress import oraddress_from_orname, orname_from_oraddress
from tests.e2e.harness import (
    ANNA,
    ANNA_OR,
    JOERG,
    JOERG_OR,
    OWN,
    PARTNER,
    arrangement,
    failures,
    settled,
    simple_message,
)
from tests.e2e.plain_server import plain_server

pytestmark = pytest.mark.timeout(60)
_SOON = "expire_after_hours = 0.0002\nwarn_after_hours = 0.0001"
"""Less than a second of patience."""


def parsed(arrived: Arrived) -> EmailMessage:
    message = email.message_from_bytes(arrived.octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def p1_message(*recipients: str, bits: frozenset[mts.PerRecipientIndicators], returned: bool = True, identifier: str = "m1") -> p1.MTSAPDU:
    """A message from Joerg with just these requests for reports."""
    here = Domain(address=from_text(PARTNER), mta_name="PARTNER-MTA")
    letter = Letter(originator=from_text(JOERG_OR), recipients=tuple(from_text(each) for each in recipients), subject="S", text="T\n")
    plain = envelope_for(here, letter.originator, letter.recipients, identifier, datetime(2026, 11, 23, tzinfo=UTC), report=False)
    members = {one.attribute: getattr(plain, one.attribute) for one in asn1.describe(type(plain)).members}
    members["per_recipient_fields"] = tuple(
        p1.PerRecipientMessageTransferFields(
            recipient_name=each.recipient_name, originally_specified_recipient_number=each.originally_specified_recipient_number,
            per_recipient_indicators=bits | {mts.PerRecipientIndicators.RESPONSIBILITY},
        )
        for each in plain.per_recipient_fields
    )  # fmt: skip
    if not returned:
        members["per_message_indicators"] = frozenset()
    content = asn1.encode_octets(InformationObject(ipm=ipm_from_letter(letter, identifier)))
    return p1.MTSAPDU(message=p1.Message(envelope=p1.MessageTransferEnvelope(**members), content=content))


_I = mts.PerRecipientIndicators
ON_FAILURE = frozenset({_I.ORIGINATING_MTA_NON_DELIVERY_REPORT, _I.ORIGINATOR_NON_DELIVERY_REPORT})
ON_BOTH = frozenset({_I.ORIGINATING_MTA_REPORT, _I.ORIGINATOR_REPORT})


async def next_report(correspondent: Correspondent) -> p1.Report:
    received = await asyncio.wait_for(correspondent.received.get(), 20)
    assert received.apdu.report is not None
    return received.apdu.report


# --- to the Internet


async def test_expired_mail_becomes_a_dsn_for_those_who_want_one(tmp_path: Path) -> None:
    """RFC 3464 field by field; NOTIFY=NEVER and the null reverse path get nothing (RFC 3461 4.1, RFC 5321 4.5.5)."""
    async with arrangement(tmp_path, relay=_SOON) as a:
        await a.correspondent.stop()
        began = datetime.now(UTC)
        full = {"mail_options": ("RET=FULL", "ENVID=QQ+2B1"), "rcpt_options": ("NOTIFY=FAILURE", f"ORCPT=rfc822;{JOERG}")}
        await asyncio.to_thread(a.send_smtp, simple_message("full", "the text\n"), **full)
        headers = {"mail_options": ("RET=HDRS",)}
        await asyncio.to_thread(a.send_smtp, simple_message("headers", "the text\n"), **headers)
        await asyncio.to_thread(a.send_smtp, simple_message("never"), rcpt_options=("NOTIFY=NEVER",))
        await asyncio.to_thread(a.send_smtp, simple_message("success"), rcpt_options=("NOTIFY=SUCCESS",))
        await asyncio.to_thread(a.send_smtp, simple_message("null"), "")
        await settled(a.gateway.store)
        arrived = [a.sink.received.get_nowait() for _ in range(a.sink.received.qsize())]
        failed = await a.gateway.store.list(state=RecipientState.FAILED)
    assert len(failed) == 5
    assert [(each.reverse_path, each.recipients) for each in arrived] == [("", (ANNA,))] * 2
    by_subject = {_returned_subject(parsed(each)): parsed(each) for each in arrived}
    _check_dsn(by_subject["full"], began)
    about, recipient = by_subject["headers"].get_payload(1).get_payload()
    assert about["Original-Envelope-Id"] is None and recipient["Original-Recipient"] is None
    assert by_subject["headers"].get_payload(2).get_content_type() == "text/rfc822-headers"
    assert b"the text" not in by_subject["headers"].as_bytes()


def _returned_subject(dsn: EmailMessage) -> str:
    part = dsn.get_payload(2)
    text = part.get_payload(0).as_string() if part.is_multipart() else part.get_payload()
    return str(email.message_from_string(text)["Subject"])


def _check_dsn(dsn: EmailMessage, began: datetime) -> None:
    assert dsn.get_content_type() == "multipart/report"
    assert dsn.get_param("report-type") == "delivery-status"
    assert dsn["To"].addresses[0].addr_spec == ANNA
    assert dsn["From"].addresses[0].addr_spec == "postmaster@example.org"
    assert dsn["Auto-Submitted"].startswith("auto-")
    assert dsn["References"] == "<test.1@example.org>"
    assert dsn["Message-ID"] and dsn["Date"]
    assert not dsn.defects
    text, status, returned = dsn.iter_parts()
    assert text.get_content_type() == "text/plain" and JOERG in text.get_content()
    assert status.get_content_type() == "message/delivery-status"
    about, recipient = status.get_payload()
    assert about["Original-Envelope-Id"] == "QQ+1"
    assert about["Reporting-MTA"] == "dns; x400.example.org"
    assert recipient["Original-Recipient"] == f"rfc822; {JOERG}"
    assert recipient["Final-Recipient"] == f"rfc822; {JOERG}"
    assert recipient["Action"] == "failed"
    assert recipient["Status"] == "5.4.7"
    assert recipient["Diagnostic-Code"].startswith("x400; Reason 1 (")
    assert timedelta() <= email.utils.parsedate_to_datetime(recipient["Last-Attempt-Date"]) - began + timedelta(seconds=1)
    assert returned.get_content_type() == "message/rfc822"
    assert returned.get_payload(0).get_content().splitlines() == ["the text"]


async def test_report_of_an_x400_system_becomes_a_dsn(tmp_path: Path) -> None:
    """RFC 2156 5.3.8: the other MTA does not know the user."""
    async with arrangement(tmp_path) as a:
        options = {"mail_options": ("ENVID=QQ1",), "rcpt_options": ("NOTIFY=FAILURE", f"ORCPT=rfc822;{JOERG}")}
        await asyncio.to_thread(a.send_smtp, simple_message(), **options)
        message = (await a.correspondent.received.get()).apdu.message
        unknown = ReportedOutcome(failure=Failure(reason=1, diagnostic=0, status="5.1.1", text="Nobody of that name works here."))
        report = report_for_x400(message, {1: unknown}, _partners_context())
        await a.correspondent.send_apdu(report.result)
        arrived = await asyncio.wait_for(a.sink.received.get(), 20)
    assert (arrived.reverse_path, arrived.recipients) == ("", (ANNA,))
    dsn = parsed(arrived)
    about, recipient = dsn.get_payload(1).get_payload()
    assert about["Original-Envelope-Id"] == "QQ1"
    assert about["Reporting-MTA"] == "x400; mta PARTNER-MTA in /PRMD=PARTNER/ADMD=DEMO/C=XX/"
    assert about["DSN-Gateway"] == "dns; x400.example.org"
    assert recipient["Original-Recipient"] == f"rfc822; {JOERG}"
    assert recipient["Final-Recipient"] == f"x400; {JOERG_OR}"
    assert (recipient["Action"], recipient["Status"]) == ("failed", "5.1.1")
    assert recipient["Diagnostic-Code"].startswith("x400; Reason 1 (Unable-To-Transfer); Diagnostic 0 (Unrecognised-OR-Name)")
    assert "Nobody of that name works here." in recipient["X400-Supplementary-Info"]


def _partners_context() -> Context:
    base = from_text(PARTNER)
    domain = GlobalDomain(country="XX", admd="DEMO", prmd="PARTNER")
    settings = Settings(gateway_domain="partner.invalid", gateway_oraddress=base, global_domain=domain, mta_name="PARTNER-MTA")
    return Context(settings=settings, now=datetime.now(UTC), plan_seed="partner")


# --- to X.400


async def test_refusals_of_the_next_server_become_one_report(tmp_path: Path) -> None:
    """X.411 8.3.1.2.1.10 numbers, the words of the server, the content where it was asked for (RFC 2156 5.1.8.4)."""
    nobody = "/G=no/S=body/O=Example/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
    async with arrangement(tmp_path, refused=frozenset({"no.body@example.org"})) as a:
        subject = p1_message(nobody, ANNA_OR, bits=ON_FAILURE)
        await a.correspondent.send_apdu(subject)
        report = await next_report(a.correspondent)
        await a.correspondent.send_apdu(p1_message(nobody, bits=ON_FAILURE, returned=False, identifier="m2"))
        bare = await next_report(a.correspondent)
        await settled(a.gateway.store)
        assert a.sink.received.qsize() == 1
        assert a.correspondent.received.empty()
    assert failures(p1.MTSAPDU(report=report)) == {1: (1, 0)}
    assert report.content.subject_identifier == subject.message.envelope.message_identifier
    assert to_text(oraddress_from_orname(report.envelope.report_destination_name)) == JOERG_OR
    assert report.content.content_identifier == subject.message.envelope.content_identifier
    assert report.content.returned_content.to_bytes() == subject.message.content.to_bytes()
    (fields,) = report.content.per_recipient_fields
    assert "No such user here." in fields.supplementary_information
    assert failures(p1.MTSAPDU(report=bare)) == {1: (1, 0)}
    assert bare.content.returned_content is None


async def test_expired_mail_for_the_internet_is_reported_as_maximum_time_expired(tmp_path: Path) -> None:
    async with arrangement(tmp_path, relay=_SOON) as a:
        await a.sink.stop()
        await a.correspondent.send_apdu(p1_message(ANNA_OR, bits=ON_FAILURE))
        report = await next_report(a.correspondent)
    assert failures(p1.MTSAPDU(report=report)) == {1: (1, 5)}


async def test_success_is_reported_when_asked_for_and_not_otherwise(tmp_path: Path) -> None:
    """A server without DSN confirms nothing, and so does the report (RFC 2156 4.6.2.3); the one with DSN will report itself."""
    async with plain_server() as server, arrangement(tmp_path, smart_host_port=server.port) as a:
        await a.correspondent.send_apdu(p1_message(ANNA_OR, bits=ON_FAILURE))
        began = datetime.now(UTC).replace(microsecond=0)
        await a.correspondent.send_apdu(p1_message(ANNA_OR, bits=ON_BOTH, identifier="m2"))
        report = await next_report(a.correspondent)
        await settled(a.gateway.store)
        assert a.correspondent.received.empty()
        assert server.received.qsize() == 2
    (fields,) = report.content.per_recipient_fields
    delivery = fields.last_trace_information.report_type.delivery
    assert report.content.subject_identifier.local_identifier == "m2"
    assert delivery.message_delivery_time - began < timedelta(minutes=1)
    assert "Relayed to Internet mail by the MIXER gateway x400.example.org" in fields.supplementary_information
    assert report.content.returned_content is None  # X.411 8.3.1.2.1.14: only with non-delivery


async def test_no_report_of_success_where_the_next_server_reports_itself(tmp_path: Path) -> None:
    """RFC 2156 Appendix A 3.2: once, and from where it is known."""
    async with arrangement(tmp_path) as a:
        await a.correspondent.send_apdu(p1_message(ANNA_OR, bits=ON_BOTH, identifier="m2"))
        await asyncio.wait_for(a.sink.received.get(), 20)
        await settled(a.gateway.store)
        assert a.correspondent.received.empty()
        counts = await a.gateway.store.expectations.counts(datetime.now(UTC))
    assert counts["awaited"] == 1


# --- reports about reports, and nobody to be told


async def test_a_dsn_that_is_refused_causes_nothing_more_and_stays_in_sight(tmp_path: Path) -> None:
    """Law 2: a report that cannot be delivered is kept for the operator, and nobody is told."""
    async with arrangement(tmp_path, relay=_SOON, refused=frozenset({ANNA})) as a:
        await a.correspondent.stop()
        await asyncio.to_thread(a.send_smtp, simple_message())
        await settled(a.gateway.store)
        (kept,) = await a.gateway.store.list(state=RecipientState.QUARANTINED)
        counts = await a.gateway.store.counts()
    assert kept.kind is Kind.REPORT and kept.sender == ""
    assert "No such user here." in kept.recipients[0].note
    assert (counts["failed"], counts["quarantined"], counts["relayed"] + counts["delivered"]) == (1, 1, 0)


async def test_a_report_from_x400_that_is_refused_causes_no_report(tmp_path: Path) -> None:
    async with arrangement(tmp_path, refused=frozenset({ANNA})) as a:
        for destination, identifier in ((ANNA_OR, "r1"), (JOERG_OR, "r2"), (f"/DD.RFC-822=joerg.mueller(a)partner.example{OWN}", "r3")):
            await a.correspondent.send_apdu(_report_to(destination, identifier))
        await settled(a.gateway.store)
        kept = await a.gateway.store.list(state=RecipientState.QUARANTINED)
        assert a.correspondent.received.empty() and a.sink.received.empty()
    notes = [each.recipients[0].note for each in kept]
    assert len(notes) == 3
    assert "No such user here." in notes[0]
    assert all("Relaying is not allowed" in note for note in notes[1:])  # back to X.400 by way of SMTP is relaying too


def _report_to(destination: str, identifier: str) -> p1.MTSAPDU:
    message = p1_message(ANNA_OR, bits=ON_FAILURE, identifier=identifier).message
    members = {one.attribute: getattr(message.envelope, one.attribute) for one in asn1.describe(type(message.envelope)).members}
    members["originator_name"] = orname_from_oraddress(from_text(destination))
    subject = p1.Message(envelope=p1.MessageTransferEnvelope(**members), content=message.content)
    context = Context(settings=_partners_context().settings, now=datetime.now(UTC), plan_seed=identifier)
    failed = ReportedOutcome(failure=Failure(reason=1, diagnostic=0, status="5.1.1", text="nobody"))
    return report_for_x400(subject, {1: failed}, context).result


# --- law 4: the report is in the commit of the outcome


@pytest.mark.parametrize("crash", ["before", "after"])
async def test_outcome_and_report_share_a_commit(tmp_path: Path, crash: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks at the file after a crash sees both or neither."""
    async with arrangement(tmp_path, refused=frozenset({ANNA})) as a:
        store = a.gateway.store
        reached, commits = asyncio.Event(), []
        record = store.record

        async def stopping(*args: object, **kwargs: object) -> None:
            if crash == "after":
                commits.append(store.commits)
                await record(*args, **kwargs)  # type: ignore[arg-type]
                commits.append(store.commits)
            reached.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(store, "record", stopping)
        await a.correspondent.send_apdu(p1_message(ANNA_OR, bits=ON_FAILURE))
        await asyncio.wait_for(reached.wait(), 20)
        found = _look(tmp_path / "queue.sqlite")
        await a.gateway.relay.stop(seconds=0)
    if crash == "before":
        assert found == ({"queued": 1}, 1)
    else:
        assert found == ({"failed": 1, "queued": 1}, 2)
        assert commits[1] - commits[0] == 1


def _look(path: Path) -> tuple[dict[str, int], int]:
    """Recipients by state, and transfers, as another process reads them from the file."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        states = dict(connection.execute("select state, count(*) from recipient group by state").fetchall())
        (transfers,) = connection.execute("select count(*) from transfer").fetchone()
    return states, transfers
