"""Interpersonal messages with every body part of X.420 and of RFC 2157, drawn at random."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from gateway import asn1
from gateway.octets import Octets, octets
from gateway.x400 import bodyparts as bp
from gateway.x400 import extended_bodyparts as ep
from gateway.x400 import file_attributes as fa
from gateway.x400 import ftbp, mts, mts_trace, oids, p1
from gateway.x400.charsets import general_from_text, t61_from_text
from gateway.x400.ipm import IPM, Heading, InformationObject, IPMIdentifier, ORDescriptor, RecipientSpecifier
from gateway.x400.mts_delivery import PerRecipientReportDeliveryFields, ReportDeliveryArgument
from gateway.x400.notifications import IPN, IPNChoice, ReceiptFields
from gateway.x400.oraddress import ORAddress, orname_from_oraddress
from gateway.x400.orname import AdministrationDomainName, CountryName

MOMENT = datetime(1997, 12, 1, 10, 30, tzinfo=UTC)
_WEST = "abc ÄÖÜéñ.,"
_subject = st.text(_WEST, min_size=1, max_size=30).map(str.strip).filter(bool)
_data = st.binary(min_size=1, max_size=120).map(octets)
_JANE = ORAddress(country="XX", admd="TESTMAIL", prmd="WIDGET", surname="Doe", given_name="Jane")
_DOMAIN = mts.GlobalDomainIdentifier(
    country_name=CountryName(iso_3166_alpha2_code="XX"), administration_domain_name=AdministrationDomainName(printable="TESTMAIL")
)
_surname = st.text("abcXYZ", min_size=1, max_size=12)
_name = st.text("abcXYZ09_-", min_size=1, max_size=12)


def _lines(alphabet: str) -> st.SearchStrategy[str]:
    return st.lists(st.text(alphabet, max_size=40).map(str.rstrip), min_size=1, max_size=3).map(lambda lines: "\r\n".join(lines) + "\r\n")


def _general(text: str) -> bp.BodyPart:
    made = general_from_text(text)
    return ep.extended(ep.EXTENDED_BODY_PART_TYPES[oids.ID_ET_GENERAL_TEXT], octets(made.octets), tuple(made.registrations))


def _file(content: Octets, name: str) -> bp.BodyPart:
    parameters = ftbp.FileTransferParameters(
        file_attributes=fa.FileAttributes(pathname=fa.PathnameAttribute(incomplete_pathname=(name.encode(),)))
    )
    return ep.extended(ep.EXTENDED_BODY_PART_TYPES[oids.ID_ET_FILE_TRANSFER], ftbp.file_transfer_data(content), parameters)


def _page(octets_of_page: bytes) -> asn1.Bits:
    return asn1.Bits(octets(octets_of_page), 0)


PARTS: dict[str, st.SearchStrategy[bp.BodyPart]] = {
    "ia5-text": _lines("abc Z09 .,").map(
        lambda text: bp.BodyPart(ia5_text=bp.IA5TextBodyPart(parameters=bp.IA5TextParameters(), data=octets(text.encode())))
    ),
    "general-text": _lines(_WEST).map(_general),
    "teletex": st.lists(_lines(_WEST), min_size=1, max_size=3).map(
        lambda pages: bp.BodyPart(
            teletex=bp.TeletexBodyPart(
                parameters=bp.TeletexParameters(number_of_pages=len(pages)),
                data=tuple(octets(t61_from_text(page).octets) for page in pages),
            )
        )
    ),
    "voice": st.binary(min_size=1, max_size=50).map(
        lambda data: bp.BodyPart(voice=bp.VoiceBodyPart(parameters=b"\x31\x00", data=_page(data)))
    ),
    "g4-class-1": st.just(bp.BodyPart(g4_class1=(octets(b"\xa0\x03\x80\x01\x00"),))),
    "videotex": _data.map(lambda data: bp.BodyPart(videotex=bp.VideotexBodyPart(parameters=bp.VideotexParameters(syntax=0), data=data))),
    "nationally-defined": st.binary(max_size=50).map(
        lambda data: bp.BodyPart(nationally_defined=octets(asn1.encode(octets(data), asn1.LargeOctetString())))
    ),
    "encrypted": st.binary(min_size=1, max_size=50).map(
        lambda data: bp.BodyPart(encrypted=bp.EncryptedBodyPart(parameters=bp.EncryptedParameters(), data=_page(data)))
    ),
    "mixed-mode": st.just(bp.BodyPart(mixed_mode=(octets(b"\xa0\x03\x80\x01\x00"), octets(b"\xa1\x00")))),
    "bilaterally-defined": _data.map(lambda data: bp.BodyPart(bilaterally_defined=data)),
    "file-transfer": st.builds(_file, _data, _name),
    "pkcs7": st.just(
        ep.extended(
            ep.EXTENDED_BODY_PART_TYPES[oids.ID_ET_PKCS7],
            ep.ContentInfo(content_type="1.2.840.113549.1.7.1", pkcs7_content=octets(b"\x04\x01x")),
            None,
        )
    ),
    "postscript": _data.map(lambda data: ep.extended(ep.EXTENDED_BODY_PART_TYPES[oids.ID_MIME_POSTSCRIPT_BODY], data, None)),
    "jpeg": _data.map(lambda data: ep.extended(ep.EXTENDED_BODY_PART_TYPES[oids.ID_MIME_JPEG_BODY], data, None)),
    "gif": _data.map(lambda data: ep.extended(ep.EXTENDED_BODY_PART_TYPES[oids.ID_MIME_GIF_BODY], data, None)),
    # No zeros: lines of a page are no random bits, and eleven zeros with a one behind them would be the end of one (T.4 2.1).
    "g3-facsimile": st.lists(st.lists(st.integers(1, 255), min_size=1, max_size=40).map(bytes).map(_page), min_size=1, max_size=3).map(
        lambda pages: bp.BodyPart(
            g3_facsimile=bp.G3FacsimileBodyPart(parameters=bp.G3FacsimileParameters(number_of_pages=len(pages)), data=tuple(pages))
        )
    ),
    "notification": st.just(
        ep.extended(
            ep.EXTENDED_BODY_PART_TYPES[oids.ID_ET_NOTIFICATION],
            IPN(
                subject_ipm=IPMIdentifier(user=orname_from_oraddress(_JANE), user_relative_identifier="77"),
                choice=IPNChoice(receipt_fields=ReceiptFields(receipt_time=MOMENT)),
            ),
            bp.MessageParameters(delivery_time=MOMENT),
        )
    ),
    "report": st.just(
        ep.extended(
            ep.EXTENDED_BODY_PART_TYPES[oids.ID_ET_REPORT],
            ReportDeliveryArgument(
                subject_submission_identifier=mts.MTSIdentifier(global_domain_identifier=_DOMAIN, local_identifier="541"),
                per_recipient_fields=(
                    PerRecipientReportDeliveryFields(
                        actual_recipient_name=orname_from_oraddress(_JANE),
                        report_type=mts.ReportType(delivery=mts.DeliveryReport(message_delivery_time=MOMENT)),
                    ),
                ),
            ),
        )
    ),
    "unknown tag": st.just(bp.BodyPart(unknown=octets(b"\xbe\x02\x05\x00"))),
    "unknown extended": st.just(asn1.decode(bytes.fromhex("af0f 280d 06062a0304050607 a003 160178".replace(" ", "")), bp.BodyPart)),
}


def _message(inner: IPM, told: bool) -> bp.BodyPart:
    return bp.BodyPart(message=bp.MessageBodyPart(parameters=bp.MessageParameters(delivery_time=MOMENT if told else None), data=inner))


@st.composite
def ipms(draw: st.DrawFn, depth: int = 2) -> IPM:
    """An IPM with up to four body parts; a body part may be an IPM."""
    sender = ORAddress(country="XX", admd="TESTMAIL", prmd="WIDGET", surname=draw(_surname))
    heading = Heading(
        this_ipm=IPMIdentifier(
            user=orname_from_oraddress(sender), user_relative_identifier=draw(st.text("0123456789", min_size=1, max_size=9))
        ),
        originator=ORDescriptor(formal_name=orname_from_oraddress(sender)),
        primary_recipients=(RecipientSpecifier(recipient=ORDescriptor(formal_name=orname_from_oraddress(_JANE))),),
        subject=t61_from_text(draw(_subject)).octets,
    )
    kinds = st.sampled_from(sorted(PARTS)).flatmap(PARTS.__getitem__)
    if depth:
        kinds |= st.builds(_message, ipms(depth - 1), st.booleans())
    return IPM(heading=heading, body=tuple(draw(st.lists(kinds, max_size=4))))


_SUBMITTED = mts_trace.DomainSuppliedInformation(arrival_time=MOMENT, routing_action=mts_trace.RoutingAction.RELAYED)


def p1_message(ipm: IPM) -> p1.Message:
    """In an envelope for one recipient."""
    recipient = p1.PerRecipientMessageTransferFields(
        recipient_name=orname_from_oraddress(_JANE),
        originally_specified_recipient_number=1,
        per_recipient_indicators=frozenset({mts.PerRecipientIndicators.RESPONSIBILITY}),
    )
    envelope = p1.MessageTransferEnvelope(
        message_identifier=mts.MTSIdentifier(global_domain_identifier=_DOMAIN, local_identifier="1"),
        originator_name=orname_from_oraddress(ORAddress(country="XX", admd="TESTMAIL", prmd="WIDGET", surname="Sender")),
        content_type=mts.ContentType(built_in=22),
        trace_information=(mts_trace.TraceInformationElement(global_domain_identifier=_DOMAIN, domain_supplied_information=_SUBMITTED),),
        per_recipient_fields=(recipient,),
    )
    return p1.Message(envelope=envelope, content=asn1.encode_octets(InformationObject(ipm=ipm)))
