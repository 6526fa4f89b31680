"""Section 12 of the interoperability cases: reports as thirty years of products sent and spoiled them."""

from __future__ import annotations

import email
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import asn1
from gateway.errors import ConversionError, Failure
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import Message, parse
from gateway.journeys.common import TOO_LONG
from gateway.journeys.sending import send_report
from gateway.mixer import mcgam
from gateway.mixer.convert import map_x400_recipient, message_to_internet, message_to_x400
from gateway.mixer.identifiers import mts_identifier_from_text
from gateway.mixer.policy import Context, GlobalDomain, Settings
from gateway.mixer.report_to_dsn import report_to_internet, wanted
from gateway.mixer.reports import dsn_for_internet, report_for_x400
from gateway.mixer.results import ReportedOutcome
from gateway.mixer.sent import InternetSubject
from gateway.mixer.stdor import from_text
from gateway.octets import Octets, octets
from gateway.permission import NO_SUCH_MAILBOX
from gateway.spool.transfer import Outcome, Result
from gateway.x400 import p1
from gateway.x400.mts import ContentType, NonDeliveryReport, ReportType
from gateway.x400.mts import DeliveryReport as Delivery
from gateway.x400.oraddress import ORAddress, orname_from_oraddress
from tests.captures import children, tlv
from tests.e2e.harness import ANNA_OR, arrangement, settled
from tests.e2e.plain_server import plain_server
from tests.e2e.test_reports import ON_BOTH, next_report, p1_message
from tests.strict_reports import strict_dsn

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANN, BOB = "Ann.Lee@widget.example", "Bob.Ray@partner.example"
BOB_OR = "/G=Bob/S=Ray/PRMD=PARTNER/ADMD=TESTMAIL/C=XX/"


def gateway_context(seed: str = "5eed", **settings: object) -> Context:
    """A gateway with two mapped domains."""
    domains = {"widget.example": "WIDGET", "partner.example": "PARTNER"}
    there = "".join(f"{domain}#PRMD${prmd}.ADMD$TESTMAIL.C$XX#\n" for domain, prmd in domains.items())
    back = "".join(f"PRMD${prmd}.ADMD$TESTMAIL.C$XX#{domain}#\n" for domain, prmd in domains.items())
    tables = mcgam.load({"domain-to-oraddress": [("t", there)], "oraddress-to-domain": [("t", back)]})
    found = Settings(
        gateway_domain="gw.example", gateway_oraddress=ORAddress(country="XX", admd="TESTMAIL", prmd="GATEWAY"),
        global_domain=GlobalDomain(country="XX", admd="TESTMAIL", prmd="GATEWAY"), mta_name="gw.example", tables=tables,
    )  # fmt: skip
    return Context(settings=replace(found, **settings), now=NOW, plan_seed=seed, queue_id="Q1")


def sent(text: str = "Subject: Offer\r\n\r\nx\r\n", **recipient: object) -> p1.Message:
    """An Internet message as it went to X.400; what was asked for is in ``recipient``."""
    envelope = SmtpEnvelope(reverse_path=ANN, recipients=(SmtpRecipient(address=BOB, **recipient),))
    header = f"From: {ANN}\r\nTo: {BOB}\r\nMessage-ID: <m@widget.example>\r\n"
    made = message_to_x400(parse(f"{header}{text}".encode()), envelope, (1,), gateway_context())
    assert made.result.message is not None
    return made.result.message


def report(failed: bool = True, **changes: object) -> p1.Report:
    """A report of another system on `sent`."""
    outcome = ReportedOutcome(failure=Failure(reason=1, diagnostic=0, text="nobody")) if failed else ReportedOutcome(delivered_at=NOW)
    elsewhere = gateway_context("f00d", gateway_domain="other.example", global_domain=GlobalDomain(country="YY", admd="OTHER"))
    asked = frozenset({"SUCCESS", "FAILURE"})
    made = report_for_x400(sent(notify=asked), {1: outcome}, elsewhere)
    assert made is not None and made.result.report is not None
    return replace(made.result.report, content=replace(made.result.report.content, **changes))


def tagged(tag: int, content: bytes) -> bytes:
    """One BER value of the definite form."""
    length = len(content)
    return bytes([tag]) + (bytes([length]) if length < 128 else b"\x82" + length.to_bytes(2, "big")) + content


def spoiled(found: p1.Report, *, envelope: bytes = b"", content: bytes = b"") -> p1.MTSAPDU:
    """The report with more octets at the end of its envelope or of its content, as an MTA might send it."""
    whole = asn1.encode(p1.MTSAPDU(report=found), strict=False)
    outer = tlv(whole)
    parts = [(whole[value.start : value.end], value.tag[0]) for _, value in children(whole, outer.start, outer.end)]
    (first, first_tag), (second, second_tag) = parts
    octets_ = tagged(outer.tag[0], tagged(first_tag, first + envelope) + tagged(second_tag, second + content))
    return asn1.decode(octets_, p1.MTSAPDU)


def dsn_of(found: p1.Report, about: InternetSubject | None = None):  # type: ignore[no-untyped-def]
    made = report_to_internet(found, gateway_context(), about)
    return (made.result.message.to_bytes(), *strict_dsn(made.result.message.to_bytes()))


@pytest.mark.parametrize("empty", ["a1800000", "a100"])
def test_IC_101_empty_extensions_are_read_and_never_written(empty: str) -> None:
    bare = replace(report(), envelope=replace(report().envelope, extensions=()))
    apdu = spoiled(bare, envelope=bytes.fromhex(empty))
    assert apdu.report is not None and apdu.report.envelope.extensions == ()
    assert dsn_of(apdu.report)[2][0]["Action"] == "failed"
    ours = asn1.encode(p1.MTSAPDU(report=bare))
    outer = tlv(ours)
    for _, value in children(ours, outer.start, outer.end):
        assert all(inner.end > inner.start or not inner.constructed for _, inner in children(ours, value.start, value.end))


@pytest.mark.parametrize("odd", ["a2030201 05", "a2058003 616263", "a2820004 30020500"])
def test_IC_102_unusual_additional_information_is_kept_and_not_interpreted(odd: str) -> None:
    apdu = spoiled(report(), content=bytes.fromhex(odd.replace(" ", "")))
    assert apdu.report is not None
    assert dsn_of(apdu.report)[2][0]["Status"] == "5.1.1"


def test_IC_102_long_and_odd_supplementary_information_is_shown() -> None:
    one = replace(report().content.per_recipient_fields[0], supplementary_information="No such user, sorry @ 100% " * 20)
    found = asn1.decode(asn1.encode(p1.MTSAPDU(report=report(per_recipient_fields=(one,))), strict=False), p1.MTSAPDU).report
    assert "sorry @ 100%" in dsn_of(found)[2][0]["X400-Supplementary-Info"]


def test_IC_103_a_content_type_without_content_does_not_count() -> None:
    odd = ContentType(extended="1.2.840.113556.5.1")
    octets_, about, recipients = dsn_of(report(content_type=odd, returned_content=None))
    assert recipients[0]["Action"] == "failed"
    assert about["X400-Content-Type"] == "(1)(2)(840)(113556)(5)(1)"
    assert len(email.message_from_bytes(octets_).get_payload()) == 2


def test_IC_103_our_reports_have_the_content_type_of_the_subject() -> None:
    subject = sent()
    for kind in (ContentType(built_in=2), ContentType(built_in=22), ContentType(extended="1.2.840.113556.5.1")):
        other = replace(subject, envelope=replace(subject.envelope, content_type=kind))
        made = report_for_x400(other, {1: ReportedOutcome(failure=TOO_LONG)}, gateway_context())
        assert made is not None and made.result.report.content.content_type == kind


@pytest.mark.parametrize("failed", [False, True])
def test_IC_104_the_type_of_each_recipient_alone_tells_the_outcome(failed: bool) -> None:
    octets_, _, recipients = dsn_of(report(failed, returned_content=None))
    assert recipients[0]["Action"] == ("failed" if failed else "delivered")
    assert len(email.message_from_bytes(octets_).get_payload()) == 2


def about(**changes: object) -> InternetSubject:
    """What the ledger keeps of `sent`."""
    recipient = SmtpRecipient(address=BOB, notify=frozenset({"SUCCESS", "FAILURE"}))
    found = InternetSubject(
        reverse_path=ANN, recipients={1: recipient}, names={1: orname_from_oraddress(from_text(BOB_OR))}, envid="QQ+1",
        header=("Subject: Offer", f"To: {BOB}", "Message-ID: <m@widget.example>"), message_id="<m@widget.example>",
    )  # fmt: skip
    return replace(found, **changes)


def test_IC_104_the_header_comes_from_what_the_queue_keeps() -> None:
    original: Message = parse(b"Subject: Offer\r\nMessage-ID: <m@widget.example>\r\n\r\nthe text\r\n")
    octets_, _, _ = dsn_of(report(False, returned_content=None), about(original=original))
    (third,) = email.message_from_bytes(octets_).get_payload()[2:]
    assert third.get_content_type() == "text/rfc822-headers" and "Subject: Offer" in third.get_payload()


def test_IC_105_the_ledger_knows_what_a_report_of_1984_does_not_say() -> None:
    plain = report(returned_content=None, extensions=(), content_identifier=None)
    octets_, fields, recipients = dsn_of(plain, about())
    text = email.message_from_bytes(octets_).get_payload(0).get_payload()
    assert "Subject: Offer" in text and f"To: {BOB}" in text and "<m@widget.example>" in text
    assert fields["Original-Envelope-Id"] == "QQ+1"
    assert recipients[0]["Original-Recipient"] == f"rfc822; {BOB}"


def test_IC_105_domain_defined_attributes_stay_what_they_are() -> None:
    name = orname_from_oraddress(from_text("/DD.PHONE=12345/S=Ray/PRMD=PARTNER/ADMD=TESTMAIL/C=XX/"))
    one = replace(report().content.per_recipient_fields[0], actual_recipient_name=name)
    assert "/DD.PHONE=12345/" in dsn_of(report(per_recipient_fields=(one,)))[2][0]["Final-Recipient"]


def test_IC_105_it_is_kept_for_thirty_days() -> None:
    from gateway.journeys.manners import Manners

    assert Manners().lifetime >= timedelta(days=30)


@pytest.mark.parametrize(
    "address",
    [
        ORAddress(country="DEUTSCHLAND", admd="TESTMAIL", surname="Ray"),
        ORAddress(country="XX", admd="TESTMAIL", surname="x" * 120),
        ORAddress(country="XX", domain_defined=(("MUCHTOOLONGATYPE", "v" * 400),)),
        ORAddress(country="XX", admd="TESTMAIL", surname="a;b/c=d"),
        ORAddress(),
    ],
)
def test_IC_106_a_report_about_a_wrong_address_is_no_wrong_report(address: ORAddress) -> None:
    one = replace(report().content.per_recipient_fields[0], actual_recipient_name=orname_from_oraddress(address))
    apdu = asn1.decode(asn1.encode(p1.MTSAPDU(report=report(per_recipient_fields=(one,))), strict=False), p1.MTSAPDU)
    known = about()
    left = wanted(apdu.report, known)
    assert left is not None
    _, _, recipients = dsn_of(left, known)
    assert recipients[0]["Action"] == "failed"
    assert recipients[0]["Original-Recipient"] == f"rfc822; {BOB}"
    _, _, recipients = dsn_of(apdu.report)
    value = recipients[0]["Final-Recipient"]
    assert value.startswith("x400; ")
    if address.surname:
        assert address.surname[:8].strip(";/=")[:1] in value


class Limited:
    """An SMTP server with a limit, that remembers what it was offered."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.taken: list[bytes] = []

    async def deliver(self, envelope: SmtpEnvelope, message: Octets) -> Mapping[int, Outcome]:
        if len(message) > self._limit:
            return {1: Outcome(result=Result.FAILED, at=NOW, failure=TOO_LONG)}
        self.taken.append(message.to_bytes())
        return {1: Outcome(result=Result.RELAYED, at=NOW, reply="250 ok")}

    def next_hop(self, domain: str) -> str:
        return domain


async def test_IC_107_a_size_limit_removes_the_returned_message_and_not_the_report() -> None:
    original = parse(b"Subject: Offer\r\n\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 5000)
    recipient = SmtpRecipient(address=BOB)
    made = dsn_for_internet(
        SmtpEnvelope(reverse_path=ANN, recipients=(recipient,)), original, {1: ReportedOutcome(failure=TOO_LONG)}, gateway_context()
    )  # fmt: skip
    assert made is not None and len(made.result.message) > 300_000
    server = Limited(64 * 1024)
    outcome = await send_report(server, made.result.envelope, made.result.message)
    assert outcome.result is Result.RELAYED
    (octets_,) = server.taken
    _, recipients = strict_dsn(octets_)
    assert recipients[0]["Status"] == "5.3.4"
    third = email.message_from_bytes(octets_).get_payload(2)
    assert third.get_content_type() == "text/rfc822-headers" and third.get_payload().strip() == "Subject: Offer"


def failure_of(work) -> Failure:  # type: ignore[no-untyped-def]
    with pytest.raises(ConversionError) as refusal:
        work()
    return refusal.value.failure


def unreadable(content: bytes, kind: int = 22) -> Failure:
    subject = sent()
    other = p1.Message(envelope=replace(subject.envelope, content_type=ContentType(built_in=kind)), content=octets(content))
    elsewhere = gateway_context("f00d", gateway_domain="other.example", global_domain=GlobalDomain(country="YY", admd="OTHER"))
    return failure_of(lambda: message_to_internet(other, (1,), elsewhere))


@pytest.mark.parametrize(
    ("cause", "codes", "said"),
    [
        ("size", (1, 7), (552, "5.3.4")),
        ("no such address", (1, 0), (550, "5.1.1")),
        ("illegal address", (1, 11), (550, "5.1.3")),
        ("content", (1, 12), (554, "5.5.2")),
        ("type of content", (1, 15), (554, "5.6.1")),
    ],
)
def test_IC_108_the_diagnostic_names_the_cause(cause: str, codes: tuple[int, int], said: tuple[int, str]) -> None:
    context = gateway_context()
    found = {
        "size": lambda: TOO_LONG,
        "no such address": lambda: NO_SUCH_MAILBOX,
        "illegal address": lambda: failure_of(lambda: map_x400_recipient(ORAddress(country="ZZ9", admd="X", surname="y"), context)),
        "content": lambda: unreadable(b"\x30\x03garbage"),
        "type of content": lambda: unreadable(b"", kind=35),
    }[cause]()
    assert (found.reason, found.diagnostic) == codes
    assert (found.smtp_code, found.status) == said


def test_IC_108_no_address_is_reported_as_a_type_of_content() -> None:
    wrapped = from_text("/DD.RFC-822=nonsense/PRMD=GATEWAY/ADMD=TESTMAIL/C=XX/")
    found = failure_of(lambda: map_x400_recipient(wrapped, gateway_context()))
    assert (found.reason, found.diagnostic) in ((1, 0), (1, 11)) and found.status.startswith("5.1.")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("policy", "reports"), [("report", 1), ("ledger", 0)])
async def test_IC_109_handing_over_to_a_system_without_reports(tmp_path: Path, policy: str, reports: int) -> None:
    """Relayed by policy, with words that say so; in the ledger it is relayed and never delivered."""
    async with plain_server() as server, arrangement(
        tmp_path, smart_host_port=server.port, extra=f'[reports]\nrelayed = "{policy}"\n'
    ) as a:  # fmt: skip
        await a.correspondent.send_apdu(p1_message(ANNA_OR, bits=ON_BOTH))
        await server.next()
        await settled(a.gateway.store)
        if reports:
            found = await next_report(a.correspondent)
            assert "delivery is not confirmed" in found.content.per_recipient_fields[0].supplementary_information
        assert a.correspondent.received.empty()
        counts = await a.gateway.store.expectations.counts(datetime.now(UTC))
    assert (counts["relayed"], counts["delivered"]) == (1, 0)


def test_the_outcome_is_told_by_its_type_and_never_by_its_words() -> None:
    """As IC-104: a delivery whose words speak of failure is a delivery."""
    kind = ReportType(delivery=Delivery(message_delivery_time=NOW))
    assert kind.non_delivery is None and ReportType(non_delivery=NonDeliveryReport(non_delivery_reason_code=0)).delivery is None
    one = replace(report(False).content.per_recipient_fields[0], supplementary_information="failed")
    assert dsn_of(report(False, per_recipient_fields=(one,)))[2][0]["Action"] == "delivered"


def test_subjects_of_reports_are_found_by_their_text() -> None:
    identifier = report().content.subject_identifier
    from gateway.mixer.identifiers import text_from_mts_identifier

    assert mts_identifier_from_text(text_from_mts_identifier(identifier)) == identifier
