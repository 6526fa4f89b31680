"""P1 on the wire: every captured APDU, the 1985 EAN envelopes, and the traps of the encoding octet by octet."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime

import pytest

from gateway import asn1
from gateway.octets import ConcatOctets, MemoryOctets, Octets
from gateway.x400 import oids
from gateway.x400.extensions import DRAFT_EXTENSION_TYPE, StandardExtension, extension_value
from gateway.x400.mts import (
    BuiltInContentType,
    BuiltInEncodedInformationTypes,
    ContentType,
    EncodedInformationTypes,
    GlobalDomainIdentifier,
    MTSIdentifier,
    NonDeliveryDiagnosticCode,
    NonDeliveryReasonCode,
    PerMessageIndicators,
    PerRecipientIndicators,
    Priority,
    PrivateDomainIdentifier,
    TypeOfMTSUser,
)
from gateway.x400.mts_trace import DomainSuppliedInformation, RoutingAction, TraceInformationElement
from gateway.x400.oraddress import ORAddress, oraddress_from_orname, orname_from_oraddress
from gateway.x400.orname import AdministrationDomainName, CountryName
from gateway.x400.p1 import MTSAPDU, Message, MessageTransferEnvelope, PerRecipientMessageTransferFields, Probe
from tests.captures import CapturedAPDU, children, mts_apdus, tlv
from tests.shared import SHARED, require_program, require_shared

CAPTURES = sorted((SHARED / "captures").glob("*.pcap")) if SHARED else []
PUBLISHED_FORM = {"p1-88-plain-ext1992.pcap"}


def apdus() -> list[object]:
    if SHARED is None:
        return [pytest.param(None, id="none")]
    found = [apdu for path in CAPTURES for apdu in mts_apdus(path)]
    return [pytest.param(apdu, id=f"{apdu.capture}-{number}") for number, apdu in enumerate(found)]


def dialects(apdu: CapturedAPDU) -> frozenset[str]:
    """PP writes extension types in the draft form; it was patched for one capture, and one sender is not PP."""
    draft = b"\xa0\x03\x02\x01\x26" in apdu.octets
    return frozenset({DRAFT_EXTENSION_TYPE}) if draft else frozenset()


def one(capture: str, number: int = 0) -> MTSAPDU:
    return asn1.decode(mts_apdus(require_shared() / "captures" / capture)[number].octets, MTSAPDU)


@pytest.mark.parametrize("apdu", apdus())
def test_every_captured_apdu_survives_decoding_and_encoding(apdu: CapturedAPDU | None) -> None:
    if apdu is None:
        require_shared()
    assert apdu is not None
    value = asn1.decode(apdu.octets, MTSAPDU)
    again = asn1.encode_octets(value, dialects=dialects(apdu))
    assert asn1.decode(again, MTSAPDU) == value
    assert asn1.decode(again, MTSAPDU, strict_members=True) == value


@pytest.mark.parametrize("apdu", apdus())
def test_canonical_members_are_written_octet_for_octet(apdu: CapturedAPDU | None) -> None:
    """Only the two outer indefinite lengths, the order and trailing zero bits differ from what PP wrote."""
    if apdu is None:
        require_shared()
    assert apdu is not None
    value = asn1.decode(apdu.octets, MTSAPDU)
    ours = asn1.encode(value, dialects=dialects(apdu))
    assert sorted(leaves(ours)) == sorted(leaves(apdu.octets))


def leaves(octets: bytes) -> list[bytes]:
    """The primitive values with their tags; BIT STRINGs without trailing zero bits, OCTET STRINGs joined."""
    found = []

    def visit(start: int, end: int) -> None:
        for at, value in children(octets, start, end):
            content = octets[value.start : value.end]
            if value.tag in (b"\x24", b"\x04"):
                found.append(b"\x04" + joined(octets, at))
            elif value.constructed:
                visit(value.start, value.end)
            elif value.tag in (b"\x80", b"\x81", b"\x82", b"\x48") and content[:1] < b"\x08" and len(content) > 1:
                found.append(value.tag + content[1:].rstrip(b"\0"))
            else:
                found.append(value.tag + content)

    visit(0, len(octets))
    return found


def joined(octets: bytes, at: int) -> bytes:
    value = tlv(octets, at)
    if not value.constructed:
        return octets[value.start : value.end]
    return b"".join(joined(octets, inner) for inner, _ in children(octets, value.start, value.end))


def test_all_captures_are_covered() -> None:
    require_shared()
    found = [apdu for path in CAPTURES for apdu in mts_apdus(path)]
    kinds = [asn1.decode(apdu.octets, MTSAPDU).chosen for apdu in found]
    assert (kinds.count("message"), kinds.count("report")) == (15, 8)
    assert sum(not apdu.normal_mode for apdu in found) == 3


# --- fields -------------------------------------------------------------------------------------------------------------------------


def test_fields_of_a_message() -> None:
    message = one("p1-88-multircpt.pcap").message
    assert message is not None
    envelope = message.envelope
    assert envelope.message_identifier.local_identifier == "N11-multi-rcpt"
    assert envelope.content_type == ContentType(built_in=BuiltInContentType.INTERPERSONAL_MESSAGING_1988)
    assert envelope.priority is Priority.NORMAL
    assert envelope.per_message_indicators == {
        PerMessageIndicators.DISCLOSURE_OF_OTHER_RECIPIENTS,
        PerMessageIndicators.ALTERNATE_RECIPIENT_ALLOWED,
        PerMessageIndicators.CONTENT_RETURN_REQUEST,
    }
    surnames = [oraddress_from_orname(each.recipient_name).surname for each in envelope.per_recipient_fields]
    assert surnames == ["bob", "raw", "nosuchuser", "alice"]
    assert [each.originally_specified_recipient_number for each in envelope.per_recipient_fields] == [1, 2, 3, 4]
    assert envelope.per_recipient_fields[0].per_recipient_indicators == {
        PerRecipientIndicators.RESPONSIBILITY,
        PerRecipientIndicators.ORIGINATING_MTA_REPORT,
        PerRecipientIndicators.ORIGINATOR_REPORT,
    }
    internal = extension_value(envelope.extensions, StandardExtension.INTERNAL_TRACE_INFORMATION)
    assert [element.mta_name for element in internal] == ["ppa.test"]


def test_fields_of_reports() -> None:
    delivered = one("p1-88-dr.pcap", 1).report
    failed = one("p1-88-multircpt.pcap", 1).report
    assert delivered is not None and failed is not None
    success = delivered.content.per_recipient_fields[0].last_trace_information.report_type.delivery
    failure = failed.content.per_recipient_fields[0].last_trace_information.report_type.non_delivery
    assert success is not None and failure is not None
    assert success.type_of_mts_user == TypeOfMTSUser.PRIVATE
    assert failure.non_delivery_reason_code is NonDeliveryReasonCode.UNABLE_TO_TRANSFER
    assert failure.non_delivery_diagnostic_code is NonDeliveryDiagnosticCode.UNRECOGNISED_OR_NAME
    assert failed.content.subject_identifier.local_identifier == "N11-multi-rcpt"
    assert isinstance(failed.content.returned_content, Octets) and len(failed.content.returned_content) == 314


def test_draft_and_published_extension_types_give_the_same_value() -> None:
    draft, published = one("p1-88-plain.pcap").message, one("p1-88-plain-ext1992.pcap").message
    assert draft is not None and published is not None
    for message in (draft, published):
        assert message.envelope.extensions[0].number == StandardExtension.INTERNAL_TRACE_INFORMATION
        assert message.envelope.extensions[0].understood


@pytest.mark.peer
@pytest.mark.parametrize("capture", ["p1-88-multircpt.pcap", "p1-88-dr.pcap"])
def test_identifiers_names_and_numbers_are_those_that_tshark_prints(capture: str) -> None:
    path = require_shared() / "captures" / capture
    command = [require_program("tshark"), "-r", str(path), "-d", "tcp.port==20012,tpkt", "-d", "tcp.port==20011,tpkt", "-V"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    sections = re.split(r"^(?=\S)", printed, flags=re.MULTILINE)
    transfers = [section for section in sections if section.startswith("X.411") and "MTS-APDU:" in section]
    assert [_words(section) for section in transfers] == [_as_tshark(asn1.decode(each.octets, MTSAPDU)) for each in mts_apdus(path)]


def _words(section: str) -> dict[str, list[str]]:
    names = ("local-identifier", "surname", "originally-specified-recipient-number")
    return {name: re.findall(rf"^ +{name}: (.*)$", section, re.MULTILINE) for name in names}


def _as_tshark(apdu: MTSAPDU) -> dict[str, list[str]]:
    if apdu.message is not None:
        envelope = apdu.message.envelope
        identifiers = [envelope.message_identifier]
        names = [envelope.originator_name, *(each.recipient_name for each in envelope.per_recipient_fields)]
        numbers = [each.originally_specified_recipient_number for each in envelope.per_recipient_fields]
    else:
        assert apdu.report is not None
        content = apdu.report.content
        identifiers = [apdu.report.envelope.report_identifier, content.subject_identifier]
        names = [apdu.report.envelope.report_destination_name, *(each.actual_recipient_name for each in content.per_recipient_fields)]
        numbers = [each.originally_specified_recipient_number for each in content.per_recipient_fields]
    return {
        "local-identifier": [identifier.local_identifier for identifier in identifiers],
        "surname": [oraddress_from_orname(name).surname or "" for name in names],
        "originally-specified-recipient-number": [str(number) for number in numbers],
    }


# --- EAN, 1985 ----------------------------------------------------------------------------------------------------------------------


def ean_envelope(number: int) -> MessageTransferEnvelope:
    """The envelope in an EAN message: [0] { SET }, with the P2 behind it instead of in an OCTET STRING."""
    octets = (require_shared() / "captures" / "ean" / f"msg{number}.pe").read_bytes()
    outer = tlv(octets)
    assert outer.tag == b"\xa0"
    return asn1.decode(octets[outer.start : outer.end], MessageTransferEnvelope)


@pytest.mark.parametrize("number", range(1, 8))
def test_ean_envelopes_of_1985_survive(number: int) -> None:
    envelope = ean_envelope(number)
    assert asn1.decode(asn1.encode(envelope, strict=False), MessageTransferEnvelope) == envelope
    assert envelope.content_type == ContentType(built_in=BuiltInContentType.INTERPERSONAL_MESSAGING_1984)


def test_ean_fields() -> None:
    """As printed in the X.409 decode that came with the messages (NOTE)."""
    envelope = ean_envelope(1)
    assert envelope.message_identifier.local_identifier == "851106103311"
    assert envelope.content_identifier == "420"
    assert envelope.trace_information[0].domain_supplied_information.arrival_time == datetime(1985, 11, 6, 10, 33, 11, tzinfo=UTC)
    assert oraddress_from_orname(envelope.originator_name) == ORAddress(
        country="", admd="", prmd="uk", domain_defined=(("", "ean"), ("", "ean.vax2.cs.ucl.ac"))
    )
    offset = ean_envelope(4).trace_information[0].domain_supplied_information.arrival_time.utcoffset()
    assert offset is not None and offset.total_seconds() == -3600


def test_members_that_1988_does_not_have_are_kept() -> None:
    """EAN's status report has an empty SET in the envelope and an INTEGER among the recipient's fields; neither has a meaning in P1."""
    envelope = ean_envelope(4)
    assert [unknown.octets for unknown in envelope.unknown] == [b"\x11\x00"]
    assert [unknown.octets for unknown in envelope.per_recipient_fields[0].unknown] == [b"\x02\x01\x00"]
    assert asn1.decode(asn1.encode(envelope, strict=False), MessageTransferEnvelope) == envelope


# --- what we write ------------------------------------------------------------------------------------------------------------------

DOMAIN = GlobalDomainIdentifier(
    country_name=CountryName(iso_3166_alpha2_code="GB"),
    administration_domain_name=AdministrationDomainName(printable=" "),
    private_domain_identifier=PrivateDomainIdentifier(printable="GW"),
)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def message_envelope(**more: object) -> MessageTransferEnvelope:
    return MessageTransferEnvelope(
        message_identifier=MTSIdentifier(global_domain_identifier=DOMAIN, local_identifier="m1"),
        originator_name=orname_from_oraddress(ORAddress(country="GB", admd=" ", surname="a")),
        content_type=ContentType(built_in=BuiltInContentType.INTERPERSONAL_MESSAGING_1988),
        trace_information=(
            TraceInformationElement(
                global_domain_identifier=DOMAIN,
                domain_supplied_information=DomainSuppliedInformation(arrival_time=NOW, routing_action=RoutingAction.RELAYED),
            ),
        ),
        per_recipient_fields=(
            PerRecipientMessageTransferFields(
                recipient_name=orname_from_oraddress(ORAddress(country="GB", admd=" ", surname="b")),
                originally_specified_recipient_number=1,
                per_recipient_indicators=frozenset({0, 2, 4}),
            ),
        ),
        **more,
    )


def test_tags_of_the_message() -> None:
    written = asn1.encode(MTSAPDU(message=Message(envelope=message_envelope(), content=MemoryOctets(b"abc"))))
    assert written[:1] == b"\xa0" and written.endswith(b"\x04\x03abc")
    for expected in (
        b"\x63\x0f\x61\x04\x13\x02GB\x62\x03\x13\x01 \x13\x02GW",  # GDI: country and ADMD explicit, PRMD an untagged CHOICE
        b"\x46\x01\x16",  # content type 22
        b"\x80\x0d261123120000Z\x82\x01\x00",  # arrival time and routing action, both implicit
        b"\x80\x01\x01\x81\x02\x00\xa8",  # recipient number, indicators of 8 bits
        b"\xa5\x03\x80\x01b",  # personal name [5], surname [0]
    ):
        assert expected in written, expected.hex(" ")


def test_probe_is_an_implicit_set_without_an_inner_tag() -> None:
    envelope = message_envelope()
    probe = Probe(
        probe_identifier=envelope.message_identifier,
        originator_name=envelope.originator_name,
        content_type=envelope.content_type,
        content_length=4096,
        trace_information=envelope.trace_information,
        per_recipient_fields=(),
    )
    written = asn1.encode(MTSAPDU(probe=probe), strict=False)
    assert written[0] == 0xA2 and tlv(written, tlv(written).start).tag == b"\x64"
    assert b"\x80\x02\x10\x00" in written
    assert asn1.decode(written, MTSAPDU).probe == probe


def test_content_type_may_be_an_object_identifier() -> None:
    """P772, as Nexor's MTA sends it: a plain OBJECT IDENTIFIER, not the RELATIVE-OID of the published text."""
    octets = bytes.fromhex("0608 2B1A00A236000401")
    assert asn1.decode(octets, ContentType) == ContentType(extended=oids.ID_P772_CONTENT)
    assert asn1.encode(ContentType(extended=oids.ID_P772_CONTENT)) == octets


@pytest.mark.parametrize(
    ("octets", "bits"),
    [
        ("6504 8002 0520", {BuiltInEncodedInformationTypes.IA5_TEXT}),
        ("6503 8001 00", set()),
        ("6505 8003 062000", {BuiltInEncodedInformationTypes.IA5_TEXT}),
    ],
)
def test_encoded_information_types_as_peers_write_them(octets: str, bits: set[int]) -> None:
    assert asn1.decode(bytes.fromhex(octets), EncodedInformationTypes).built_in_encoded_information_types == bits


def test_members_of_a_set_come_in_any_order_and_defaults_may_be_written_out() -> None:
    written = asn1.encode(message_envelope())
    outer = tlv(written)
    members = [written[at : value.next] for at, value in children(written, outer.start, outer.end)]
    turned = b"".join([b"\x47\x01\x00", b"\xa3\x00", *reversed(members)])
    length = len(turned).to_bytes(2, "big")
    assert asn1.decode(b"\x31\x82" + length + turned, MessageTransferEnvelope) == message_envelope()


def test_unknown_members_survive_octet_for_octet() -> None:
    written = asn1.encode(message_envelope())
    outer = tlv(written)
    future = bytes.fromhex("BF4E 04 0202 1234")
    body = written[outer.start :] + future
    envelope = asn1.decode(b"\x31\x82" + len(body).to_bytes(2, "big") + body, MessageTransferEnvelope)
    assert [unknown.octets for unknown in envelope.unknown] == [future]
    assert future in asn1.encode(envelope)


class Unread(Octets):
    """A content of 100 million octets that nobody may read as a whole."""

    def __len__(self) -> int:
        return 100_000_000

    def read(self, start: int, end: int) -> bytes:
        assert end - start <= 1 << 20, "the content was read"
        return bytes(max(0, min(end, len(self)) - start))


def test_large_content_is_neither_copied_nor_read() -> None:
    written = asn1.encode_octets(MTSAPDU(message=Message(envelope=message_envelope(), content=Unread())))
    assert len(written) > 100_000_000
    message = asn1.decode(ConcatOctets([written]), MTSAPDU, limits=asn1.Limits(size=200_000_000)).message
    assert message is not None and len(message.content) == 100_000_000


@pytest.mark.parametrize("apdu", apdus()[:3])
def test_every_prefix_gives_an_error_that_names_the_place(apdu: CapturedAPDU | None) -> None:
    if apdu is None:
        require_shared()
    assert apdu is not None
    for length in range(0, len(apdu.octets) - 1, 7):
        with pytest.raises(asn1.BERError):
            asn1.decode(apdu.octets[:length], MTSAPDU)


def test_sizes_are_checked_where_a_value_is_written_and_not_where_it_is_read() -> None:
    identifier = MTSIdentifier(global_domain_identifier=DOMAIN, local_identifier="x" * 33)
    with pytest.raises(asn1.BERError, match="local-identifier"):
        asn1.encode(identifier)
    assert asn1.decode(asn1.encode(identifier, strict=False), MTSIdentifier) == identifier
