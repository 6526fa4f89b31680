"""The test user: composes interpersonal messages and receipt notifications, and shows what came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway import asn1
from gateway.mixer.stdor import to_text
from gateway.octets import MemoryOctets, Octets
from gateway.x400 import mts, oids, p1
from gateway.x400.bodyparts import BodyPart, IA5TextBodyPart, IA5TextParameters
from gateway.x400.charsets import general_from_text, t61_from_text, text_from_general, text_from_t61
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, data_of, extended, parameters_of
from gateway.x400.file_attributes import FileAttributes, PathnameAttribute
from gateway.x400.ftbp import FileTransferParameters, file_transfer_data
from gateway.x400.ipm import (
    IPM,
    IPN,
    AcknowledgmentMode,
    Heading,
    InformationObject,
    IPMIdentifier,
    IPNChoice,
    NotificationRequests,
    ORDescriptor,
    ReceiptFields,
    RecipientSpecifier,
)
from gateway.x400.mts_trace import DomainSuppliedInformation, RoutingAction, TraceInformationElement
from gateway.x400.oraddress import ORAddress, ORName, oraddress_from_orname, orname_from_oraddress

__all__ = ["Domain", "Letter", "envelope_for", "ipm_from_letter", "ipn_for", "show_apdu"]

_SHOWN = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """The management domain of the correspondent: its address without a user, and its MTA name."""

    address: ORAddress
    mta_name: str

    def identifier(self) -> mts.GlobalDomainIdentifier:
        """The domain as trace and MTS identifiers carry it."""
        name = orname_from_oraddress(self.address).built_in_standard_attributes
        assert name.country_name is not None
        assert name.administration_domain_name is not None
        private = mts.PrivateDomainIdentifier(printable=self.address.prmd) if self.address.prmd else None
        return mts.GlobalDomainIdentifier(
            country_name=name.country_name, administration_domain_name=name.administration_domain_name, private_domain_identifier=private
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a user writes: text, and files as (name, octets)."""

    originator: ORAddress
    recipients: tuple[ORAddress, ...]
    subject: str
    text: str
    files: tuple[tuple[str, Octets], ...] = ()
    replied_to: IPMIdentifier | None = None
    receipt: bool = False


def ipm_from_letter(letter: Letter, identifier: str) -> IPM:
    """The IPM of a letter (X.420 7): text as ia5-text or general-text, files as file-transfer body parts."""
    requests = frozenset({NotificationRequests.RN}) if letter.receipt else frozenset()
    return IPM(
        heading=Heading(
            this_ipm=IPMIdentifier(user=orname_from_oraddress(letter.originator), user_relative_identifier=identifier),
            originator=_descriptor(letter.originator),
            primary_recipients=tuple(
                RecipientSpecifier(recipient=_descriptor(address), notification_requests=requests) for address in letter.recipients
            ),
            replied_to_ipm=letter.replied_to,
            subject=t61_from_text(letter.subject).octets,
        ),
        body=(_text_part(letter.text), *(_file_part(name, octets) for name, octets in letter.files)),
    )


def ipn_for(ipm: IPM, reader: ORAddress, at: datetime) -> IPN:
    """A receipt notification (X.420 8.3): the user has read the message."""
    return IPN(
        subject_ipm=ipm.heading.this_ipm,
        ipn_originator=_descriptor(reader),
        choice=IPNChoice(receipt_fields=ReceiptFields(receipt_time=at, acknowledgment_mode=AcknowledgmentMode.AUTOMATIC)),
    )


def envelope_for(
    domain: Domain, originator: ORAddress, recipients: Sequence[ORAddress], local_identifier: str, now: datetime, *, report: bool
) -> p1.MessageTransferEnvelope:
    """A P1 envelope (X.411 12.2.1.1) with our trace element; ``report`` asks for a delivery report."""
    bits = mts.PerRecipientIndicators
    wanted = bits.ORIGINATOR_REPORT if report else bits.ORIGINATOR_NON_DELIVERY_REPORT
    here = domain.identifier()
    return p1.MessageTransferEnvelope(
        message_identifier=mts.MTSIdentifier(global_domain_identifier=here, local_identifier=local_identifier),
        originator_name=orname_from_oraddress(originator),
        content_type=mts.ContentType(built_in=mts.BuiltInContentType.INTERPERSONAL_MESSAGING_1988),
        content_identifier=local_identifier[:16],
        trace_information=(
            TraceInformationElement(
                global_domain_identifier=here,
                domain_supplied_information=DomainSuppliedInformation(arrival_time=now, routing_action=RoutingAction.RELAYED),
            ),
        ),
        per_message_indicators=frozenset({mts.PerMessageIndicators.CONTENT_RETURN_REQUEST}),
        per_recipient_fields=tuple(
            p1.PerRecipientMessageTransferFields(
                recipient_name=orname_from_oraddress(address),
                originally_specified_recipient_number=number,
                per_recipient_indicators=frozenset({bits.RESPONSIBILITY, bits.ORIGINATING_MTA_NON_DELIVERY_REPORT, wanted}),
            )
            for number, address in enumerate(recipients, 1)
        ),
    )


def _descriptor(address: ORAddress) -> ORDescriptor:
    return ORDescriptor(formal_name=orname_from_oraddress(address))


def _text_part(text: str) -> BodyPart:
    lines = text.replace("\r\n", "\n").replace("\n", "\r\n")
    if lines.isascii():
        return BodyPart(ia5_text=IA5TextBodyPart(parameters=IA5TextParameters(), data=MemoryOctets(lines.encode("ascii"))))
    general = general_from_text(lines)
    type_ = EXTENDED_BODY_PART_TYPES[oids.ID_ET_GENERAL_TEXT]
    return extended(type_, MemoryOctets(general.octets), tuple(sorted(general.registrations)))


def _file_part(name: str, contents: Octets) -> BodyPart:
    pathname = PathnameAttribute(incomplete_pathname=(name.encode("latin-1", "replace"),))
    parameters = FileTransferParameters(file_attributes=FileAttributes(pathname=pathname))
    return extended(EXTENDED_BODY_PART_TYPES[oids.ID_ET_FILE_TRANSFER], file_transfer_data(contents), parameters)


def show_apdu(apdu: p1.MTSAPDU) -> Iterator[str]:
    """An MTS-APDU in lines for people."""
    if apdu.report is not None:
        yield from _show_report(apdu.report)
        return
    message = apdu.message
    if message is None:
        yield "a probe"
        return
    yield f"P1 originator   {_address(message.envelope.originator_name)}"
    for fields in message.envelope.per_recipient_fields:
        yield f"P1 recipient {fields.originally_specified_recipient_number:<2} {_address(fields.recipient_name)}"
    yield f"P1 identifier   {message.envelope.message_identifier.local_identifier}"
    content = asn1.decode(message.content, InformationObject)
    yield from _show_ipm(content.ipm) if content.ipm is not None else _show_ipn(content.ipn)


def _show_ipm(ipm: IPM) -> Iterator[str]:
    heading = ipm.heading
    yield f"IPM identifier  {heading.this_ipm.user_relative_identifier}"
    if heading.originator is not None and heading.originator.formal_name is not None:
        yield f"From            {_address(heading.originator.formal_name)}"
    for title, recipients in (("To", heading.primary_recipients), ("Copy", heading.copy_recipients)):
        for specifier in recipients:
            if specifier.recipient.formal_name is not None:
                yield f"{title:<15} {_address(specifier.recipient.formal_name)}"
    if heading.subject is not None:
        yield f"Subject         {text_from_t61(heading.subject)}"
    if heading.replied_to_ipm is not None:
        yield f"Replied-to      {heading.replied_to_ipm.user_relative_identifier}"
    for number, part in enumerate(ipm.body, 1):
        yield f"Body part {number}     {describe_part(part)}"


def _show_ipn(ipn: IPN | None) -> Iterator[str]:
    if ipn is not None:
        yield f"Notification    {ipn.choice.chosen.replace('_', '-')} about {ipn.subject_ipm.user_relative_identifier}"


def _show_report(report: p1.Report) -> Iterator[str]:
    yield f"Report          {report.envelope.report_identifier.local_identifier} about {report.content.subject_identifier.local_identifier}"
    for fields in report.content.per_recipient_fields:
        kind = fields.last_trace_information.report_type
        said = f"not delivered: {kind.value}" if kind.non_delivery is not None else "delivered"
        yield f"  recipient {fields.originally_specified_recipient_number} {_address(fields.actual_recipient_name)}: {said}"


def _address(name: ORName) -> str:
    return to_text(oraddress_from_orname(name))


def describe_part(part: BodyPart) -> str:
    """One body part in one line."""
    if part.ia5_text is not None:
        return f"ia5-text, {len(part.ia5_text.data)} octets: {part.ia5_text.data.read(0, _SHOWN).decode('latin-1')!r}"
    if part.extended is None:
        return part.chosen.replace("_", "-")
    reference = part.extended.data.direct_reference
    data, parameters = data_of(part.extended), parameters_of(part.extended)
    if reference == oids.ID_ET_GENERAL_TEXT:
        return f"general-text {sorted(parameters or ())}: {text_from_general(data.read(0, _SHOWN), frozenset(parameters or ()))!r}"
    if reference == oids.ID_ET_FILE_TRANSFER:
        attributes = parameters.file_attributes if parameters is not None else None
        names = attributes.pathname.value if attributes is not None and attributes.pathname is not None else ()
        size = sum(len(external.encoding.octet_aligned or b"") for external in data)
        return f"file-transfer {text_from_general(b'/'.join(names))!r}, {size} octets"
    return f"extended {reference}"
