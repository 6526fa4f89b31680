"""Our own P1 on the wire, read by an independent decoder: Wireshark knows every layer of it, complains of nothing, and reads what was sent.

Each scenario runs between our sender and our listener on loopback, is put into a pcap file, and is looked at through the PDML of tshark.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway import asn1
from gateway.correspondent.user import Domain, Letter, envelope_for, ipm_from_letter
from gateway.mta.peers import Credentials, Peer
from gateway.octets import MemoryOctets, Octets
from gateway.osi import service as s
from gateway.x400 import extension_values, mts, p1
from gateway.x400.extensions import StandardExtension, extension_field
from gateway.x400.ipm import InformationObject
from gateway.x400.mts_trace import InternalTraceInformationElement, MTASuppliedInformation, RoutingAction
from gateway.x400.oraddress import ORAddress, orname_from_oraddress
from tests.e2e.p1_capture import captured, may_capture
from tests.e2e.tshark import Seen, seen
from tests.mta.given import HERE, called, caller, listening, sending, transferred
from tests.shared import require_program

pytestmark = [pytest.mark.peer, pytest.mark.slow]

LAYERS = {"tpkt", "cotp", "ses", "pres", "acse", "rtse", "p1"}
"""Wireshark calls X.411 p1 and X.420 p22."""
AT = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
DOMAIN = Domain(address=ORAddress(country="XX", admd="T", prmd="A"), mta_name="MTA-HERE")
ANNA = ORAddress(country="XX", admd="T", prmd="A", surname="Berg", given_name="Anna")
ORGANIZATION = ORAddress(country="XX", admd="T", prmd="B", organization="Org", organizational_units=("Unit",))
RECIPIENTS = tuple(replace(ORGANIZATION, surname="Ray", given_name=f"Bob{number}") for number in range(1, 5))
PATIENT = s.StackTimers()


@pytest.fixture(params=["live", "recorded"])
async def wire(request, tmp_path) -> Callable[..., Awaitable[Seen]]:
    """Runs transfers over a captured connection and gives what tshark makes of it."""
    require_program("tshark")
    live = request.param == "live"
    if live and not await may_capture():
        pytest.skip("this user may not capture on loopback; the recorded octets are read instead")

    async def run(*apdus: Octets, receiver: Peer | None = None, expected: str = "relayed", **sender_changes: object) -> Seen:
        file = tmp_path / "p1.pcap"
        async with listening(receiver or caller(), timers=PATIENT) as there:
            async with (
                captured(there.port, file, live=live) as port,
                sending(called(port, associations=1, **sender_changes), timers=PATIENT) as sender,
            ):
                for apdu in apdus:
                    assert expected in await transferred(sender, apdu)
                await sender.stop()
            return await seen(file, there.port)

    return run


# --- what is sent -------------------------------------------------------------------------------------------------


def letter(**changes: object) -> Letter:
    known = {"originator": ANNA, "recipients": RECIPIENTS, "subject": "Wire test 4711", "text": "First line\nSecond line"}
    return Letter(**(known | changes))  # type: ignore[arg-type]


def message(content: Letter, identifier: str = "HERE.4711") -> p1.Message:
    envelope = envelope_for(DOMAIN, content.originator, content.recipients, identifier, AT, report=True)
    octets = asn1.encode_octets(InformationObject(ipm=ipm_from_letter(content, identifier)))
    return p1.Message(envelope=replace(envelope, extensions=extensions()), content=octets)


def extensions() -> tuple:
    """Extensions of each kind of syntax: enumerated, time, choice, sequences of sequences."""
    here = DOMAIN.identifier()
    supplied = MTASuppliedInformation(arrival_time=AT, routing_action=RoutingAction.RELAYED)
    trace = InternalTraceInformationElement(global_domain_identifier=here, mta_name="MTA-HERE", mta_supplied_information=supplied)
    history = extension_values.DLExpansion(dl=orname_from_oraddress(ANNA), dl_expansion_time=AT)
    return (
        extension_field(StandardExtension.DL_EXPANSION_PROHIBITED, 1),
        extension_field(StandardExtension.CONVERSION_WITH_LOSS_PROHIBITED, 1),
        extension_field(StandardExtension.LATEST_DELIVERY_TIME, AT),
        extension_field(StandardExtension.CONTENT_CORRELATOR, extension_values.ContentCorrelator(ia5text="correlator-4711")),
        extension_field(StandardExtension.DL_EXPANSION_HISTORY, (history,)),
        extension_field(StandardExtension.INTERNAL_TRACE_INFORMATION, (trace,)),
    )


def encoded(**choice: object) -> Octets:
    return asn1.encode_octets(p1.MTSAPDU(**choice))  # type: ignore[arg-type]


def report() -> p1.Report:
    here = DOMAIN.identifier()
    bits = mts.PerRecipientIndicators
    types = (
        mts.ReportType(delivery=mts.DeliveryReport(message_delivery_time=AT)),
        mts.ReportType(non_delivery=mts.NonDeliveryReport(non_delivery_reason_code=1, non_delivery_diagnostic_code=0)),
    )
    envelope = envelope_for(DOMAIN, ANNA, RECIPIENTS, "HERE.R1", AT, report=False)
    return p1.Report(
        envelope=p1.ReportTransferEnvelope(
            report_identifier=envelope.message_identifier,
            report_destination_name=orname_from_oraddress(ANNA),
            trace_information=envelope.trace_information,
        ),
        content=p1.ReportTransferContent(
            subject_identifier=mts.MTSIdentifier(global_domain_identifier=here, local_identifier="SUBJECT.1"),
            content_identifier="HERE.4711",
            per_recipient_fields=tuple(
                p1.PerRecipientReportTransferFields(
                    actual_recipient_name=orname_from_oraddress(address),
                    originally_specified_recipient_number=number,
                    per_recipient_indicators=frozenset({bits.RESPONSIBILITY, bits.ORIGINATOR_REPORT}),
                    last_trace_information=p1.LastTraceInformation(arrival_time=AT, report_type=type_),
                    supplementary_information="what happened",
                )
                for number, (address, type_) in enumerate(zip(RECIPIENTS, types, strict=False), 1)
            ),
        ),
    )


# --- scenarios ----------------------------------------------------------------------------------------------------


async def test_a_message_with_recipients_extensions_and_attachments(wire):
    large = bytes(range(256)) * 3
    files = (("letter.bin", MemoryOctets(large)), ("second.dat", MemoryOctets(b"attached")))
    found = await wire(encoded(message=message(letter(files=files, receipt=True))))
    assert found.complaints == []
    assert found.layers >= LAYERS | {"p22"}
    names = [f"(/C=XX/A=T/P=B/O=Org/S=Ray/G=Bob{number}/OU=Unit/)" for number in range(1, 5)]
    assert found.names("recipient-name") == [f"recipient-name {name}" for name in names]
    assert [name for name in found.names("formal-name") if "Bob" in name] == [f"formal-name {name}" for name in names]
    assert found.values("p1.originally_specified_recipient_number") == ["1", "2", "3", "4"]
    assert found.values("p1.PerRecipientIndicators.originator.report") == ["1"] * 4
    assert found.names("message-identifier") == ["message-identifier (/C=XX/A=T/P=A/ $ HERE.4711)"]
    assert found.names("originator-name") == ["originator-name (/C=XX/A=T/P=A/S=Berg/G=Anna/)"]
    assert found.values("p1.content_identifier") == ["HERE.4711"]
    assert found.values("p22.user_relative_identifier") == ["HERE.4711"]
    assert found.values("p22.subject") == ["Wire test 4711"]
    assert found.octets("p22.ia5text.data") == [b"First line\r\nSecond line"]
    assert found.values("p22.NotificationRequests.rn") == ["1"] * 4
    assert found.values("ftam.Pathname_item") == ["letter.bin", "second.dat"]
    assert found.octets("ber.octet_aligned") == [large, b"attached"]


async def test_extensions_are_read_as_what_they_are(wire):
    found = await wire(encoded(message=message(letter())))
    assert found.complaints == []
    assert found.values("p1.standard_extension") == ["3", "4", "5", "23", "26", "38"]
    assert found.values("p1.DLExpansionProhibited") == ["1"]
    assert found.values("p1.ConversionWithLossProhibited") == ["1"]
    assert found.values("p1.LatestDeliveryTime") == ["26-11-23 12:00:30 (UTC)"]
    assert found.values("p1.ia5text") == ["correlator-4711"]
    assert found.names("dl (") == ["dl (/C=XX/A=T/P=A/S=Berg/G=Anna/)"]
    assert found.names("InternalTraceInformationElement") == ["InternalTraceInformationElement (/C=XX/A=T/P=A/ MTA-HERE relayed)"]


async def test_general_text_is_read_with_its_character_sets(wire):
    found = await wire(encoded(message=message(letter(text="Grüße aus Århus"))))
    assert found.complaints == []
    assert "2.6.1.4.11" in found.values("ber.direct_reference"), "id-et-general-text"
    assert any("Grüße aus Århus".encode("latin-1") in octets for octets in found.octets("p22.GeneralTextData"))


async def test_forty_kilobytes_with_checkpoints(wire):
    content = bytes(range(256)) * 160
    sizes = {"checkpoint_size": 10, "window_size": 2}
    apdu = encoded(message=message(letter(files=(("large.bin", MemoryOctets(content)),))))
    found = await wire(apdu, receiver=caller(**sizes), **sizes)
    assert found.complaints == []
    assert found.values("rtse.checkpointSize") == ["10", "10"]
    assert found.values("rtse.windowSize") == ["2", "2"]
    minor = found.names("SPDU Type: MINOR SYNC")
    assert sum("ACK" not in name for name in minor) == len(apdu) // 10240 == 4
    assert sum("ACK" in name for name in minor) == 4
    assert len(found.values("rtse.segment")) == 5
    assert found.octets("ber.octet_aligned") == [content]
    assert found.values("p22.subject") == ["Wire test 4711"]


async def test_several_transfers_on_one_association(wire):
    found = await wire(*(encoded(message=message(letter(subject=f"number {number}"), f"HERE.{number}")) for number in range(3)))
    assert found.complaints == []
    assert found.values("p22.subject") == ["number 0", "number 1", "number 2"]
    assert len(found.names("MTABindArgument")) == 1
    assert found.names("rl") == ["rlrq", "rlre"]
    assert found.octets("ses.activity_identifier") == [b"\x02\x01\x01", b"\x02\x01\x02", b"\x02\x01\x03"]


async def test_a_report(wire):
    found = await wire(encoded(report=report()))
    assert found.complaints == []
    assert found.layers >= LAYERS
    assert found.values("p1.local_identifier") == ["HERE.R1", "SUBJECT.1"]
    assert found.names("report-destination-name") == ["report-destination-name (/C=XX/A=T/P=A/S=Berg/G=Anna/)"]
    assert found.names("actual-recipient-name") == [
        f"actual-recipient-name (/C=XX/A=T/P=B/O=Org/S=Ray/G=Bob{number}/OU=Unit/)" for number in (1, 2)
    ]
    assert found.values("p1.message_delivery_time") == ["26-11-23 12:00:30 (UTC)"]
    assert found.values("p1.non_delivery_reason_code") == ["1"]
    assert found.values("p1.non_delivery_diagnostic_code") == ["0"]
    assert found.values("p1.supplementary_information") == ["what happened"] * 2


async def test_a_refused_bind(wire):
    wrong = Credentials(mta_name=HERE.mta_name, password=b"wrong")
    found = await wire(encoded(message=message(letter())), expected="authentication-error", ours=wrong)
    assert found.complaints == []
    assert found.layers >= LAYERS
    assert "REFUSE (RF) SPDU" in " ".join(found.names("SPDU Type"))
    assert found.values("acse.result") == ["1"]
    assert found.names("rtorj-apdu")
    assert found.names("MTABindError") == ["MTABindError: authentication-error (2)"]


async def test_the_guard_itself_sees_what_is_wrong(wire):
    """An APDU whose envelope is cut short: were there no complaint, the other tests would prove nothing."""
    whole = encoded(message=message(letter())).to_bytes()
    at = whole.index(b"HERE.4711") - 1
    found = await wire(MemoryOctets(whole[:at] + b"\x7f" + whole[at + 1 :]))
    assert found.complaints
