"""P1: what one MTA hands to another (X.411 12.2.1 and X.419 MTS-APDU): Message, Probe and Report.

The content is `gateway.octets.Octets`, cut out of the input and never read: an envelope decodes in memory whatever the size of the message.
What the declarations do not know is kept in ``unknown`` and written back octet for octet; 1984 P1 is read by the same classes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from gateway import asn1
from gateway.octets import Octets
from gateway.x400 import bounds as ub
from gateway.x400 import mts
from gateway.x400.extensions import EXTENSION_FIELDS, ExtensionField
from gateway.x400.mts import ContentType, EncodedInformationTypes, MTSIdentifier, Priority, PrivateDomainIdentifier, ReportType
from gateway.x400.mts_trace import TRACE_INFORMATION, TraceInformationElement
from gateway.x400.orname import AdministrationDomainName, CountryName, ORName

# --- per-domain bilateral information -----------------------------------------------------------------------------------------------


@asn1.sequence()
class BilateralPrivateDomain(asn1.Members):
    """X.411 BilateralDomain.domain.private-domain."""

    administration_domain_name: AdministrationDomainName = asn1.member(AdministrationDomainName, tag=asn1.context(0))
    private_domain_identifier: PrivateDomainIdentifier = asn1.member(PrivateDomainIdentifier, tag=asn1.context(1))


@asn1.choice()
class BilateralDomainName(asn1.Choice):
    """X.411 BilateralDomain.domain."""

    administration_domain_name: AdministrationDomainName | None = asn1.alternative(AdministrationDomainName)
    private_domain: BilateralPrivateDomain | None = asn1.alternative(BilateralPrivateDomain)


@asn1.sequence()
class BilateralDomain(asn1.Members):
    """X.411 BilateralDomain."""

    country_name: CountryName = asn1.member(CountryName)
    domain: BilateralDomainName = asn1.member(BilateralDomainName)


@asn1.sequence()
class PerDomainBilateralInformation(BilateralDomain):
    """X.411 PerDomainBilateralInformation: for other domains it is relayed, our own is taken out."""

    bilateral_information: bytes = asn1.member(asn1.Any())


PER_DOMAIN_BILATERAL_INFORMATION: Final = asn1.SequenceOf(PerDomainBilateralInformation, size=(1, ub.UB_TRANSFERS))

# --- message ------------------------------------------------------------------------------------------------------------------------


@asn1.set_()
class PerMessageTransferFields(asn1.Members):
    """X.411 PerMessageTransferFields."""

    message_identifier: MTSIdentifier = asn1.member(MTSIdentifier)
    originator_name: ORName = asn1.member(ORName)
    original_encoded_information_types: EncodedInformationTypes | None = asn1.member(EncodedInformationTypes, optional=True)
    content_type: ContentType = asn1.member(ContentType)
    content_identifier: str | None = asn1.member(mts.CONTENT_IDENTIFIER, optional=True)
    priority: int = asn1.member(mts.PRIORITY, default=Priority.NORMAL)
    per_message_indicators: frozenset[int] = asn1.member(mts.PER_MESSAGE_INDICATORS, default=frozenset())
    deferred_delivery_time: datetime | None = asn1.member(mts.TIME, tag=asn1.context(0), optional=True)
    per_domain_bilateral_information: tuple[PerDomainBilateralInformation, ...] | None = asn1.member(
        PER_DOMAIN_BILATERAL_INFORMATION, tag=asn1.context(1), optional=True
    )
    trace_information: tuple[TraceInformationElement, ...] = asn1.member(TRACE_INFORMATION)
    extensions: tuple[ExtensionField, ...] = asn1.member(EXTENSION_FIELDS, tag=asn1.context(3), default=())


@asn1.set_()
class PerRecipientMessageTransferFields(asn1.Members):
    """X.411 PerRecipientMessageTransferFields."""

    recipient_name: ORName = asn1.member(ORName)
    originally_specified_recipient_number: int = asn1.member(mts.ORIGINALLY_SPECIFIED_RECIPIENT_NUMBER, tag=asn1.context(0))
    per_recipient_indicators: frozenset[int] = asn1.member(mts.PER_RECIPIENT_INDICATORS, tag=asn1.context(1))
    explicit_conversion: int | None = asn1.member(mts.EXPLICIT_CONVERSION, tag=asn1.context(2), optional=True)
    extensions: tuple[ExtensionField, ...] = asn1.member(EXTENSION_FIELDS, tag=asn1.context(3), default=())


@asn1.set_()
class MessageTransferEnvelope(PerMessageTransferFields):
    """X.411 MessageTransferEnvelope."""

    per_recipient_fields: tuple[PerRecipientMessageTransferFields, ...] = asn1.member(
        asn1.SequenceOf(PerRecipientMessageTransferFields, size=(1, ub.UB_RECIPIENTS)), tag=asn1.context(2)
    )


@asn1.sequence()
class Message(asn1.Members):
    """X.411 Message.

    Attributes:
        content: The octets of the content as they came; for content-type 2 and 22 the encoding of an InformationObject.
    """

    envelope: MessageTransferEnvelope = asn1.member(MessageTransferEnvelope)
    content: Octets = asn1.member(mts.CONTENT)


# --- probe --------------------------------------------------------------------------------------------------------------------------


@asn1.set_()
class PerProbeTransferFields(asn1.Members):
    """X.411 PerProbeTransferFields."""

    probe_identifier: MTSIdentifier = asn1.member(MTSIdentifier)
    originator_name: ORName = asn1.member(ORName)
    original_encoded_information_types: EncodedInformationTypes | None = asn1.member(EncodedInformationTypes, optional=True)
    content_type: ContentType = asn1.member(ContentType)
    content_identifier: str | None = asn1.member(mts.CONTENT_IDENTIFIER, optional=True)
    content_length: int | None = asn1.member(mts.CONTENT_LENGTH, tag=asn1.context(0), optional=True)
    per_message_indicators: frozenset[int] = asn1.member(mts.PER_MESSAGE_INDICATORS, default=frozenset())
    per_domain_bilateral_information: tuple[PerDomainBilateralInformation, ...] | None = asn1.member(
        PER_DOMAIN_BILATERAL_INFORMATION, tag=asn1.context(1), optional=True
    )
    trace_information: tuple[TraceInformationElement, ...] = asn1.member(TRACE_INFORMATION)
    extensions: tuple[ExtensionField, ...] = asn1.member(EXTENSION_FIELDS, tag=asn1.context(3), default=())


@asn1.set_()
class PerRecipientProbeTransferFields(asn1.Members):
    """X.411 PerRecipientProbeTransferFields."""

    recipient_name: ORName = asn1.member(ORName)
    originally_specified_recipient_number: int = asn1.member(mts.ORIGINALLY_SPECIFIED_RECIPIENT_NUMBER, tag=asn1.context(0))
    per_recipient_indicators: frozenset[int] = asn1.member(mts.PER_RECIPIENT_INDICATORS, tag=asn1.context(1))
    explicit_conversion: int | None = asn1.member(mts.EXPLICIT_CONVERSION, tag=asn1.context(2), optional=True)
    extensions: tuple[ExtensionField, ...] = asn1.member(EXTENSION_FIELDS, tag=asn1.context(3), default=())


@asn1.set_()
class ProbeTransferEnvelope(PerProbeTransferFields):
    """X.411 ProbeTransferEnvelope."""

    per_recipient_fields: tuple[PerRecipientProbeTransferFields, ...] = asn1.member(
        asn1.SequenceOf(PerRecipientProbeTransferFields, size=(1, ub.UB_RECIPIENTS)), tag=asn1.context(2)
    )


Probe = ProbeTransferEnvelope

# --- report -------------------------------------------------------------------------------------------------------------------------


@asn1.set_()
class ReportTransferEnvelope(asn1.Members):
    """X.411 ReportTransferEnvelope."""

    report_identifier: MTSIdentifier = asn1.member(MTSIdentifier)
    report_destination_name: ORName = asn1.member(ORName)
    trace_information: tuple[TraceInformationElement, ...] = asn1.member(TRACE_INFORMATION)
    extensions: tuple[ExtensionField, ...] = asn1.member(EXTENSION_FIELDS, tag=asn1.context(1), default=())


@asn1.set_()
class LastTraceInformation(asn1.Members):
    """X.411 LastTraceInformation."""

    arrival_time: datetime = asn1.member(mts.TIME, tag=asn1.context(0))
    converted_encoded_information_types: EncodedInformationTypes | None = asn1.member(EncodedInformationTypes, optional=True)
    report_type: ReportType = asn1.member(ReportType, tag=asn1.context(1))


@asn1.set_()
class PerRecipientReportTransferFields(asn1.Members):
    """X.411 PerRecipientReportTransferFields."""

    actual_recipient_name: ORName = asn1.member(ORName, tag=asn1.context(0))
    originally_specified_recipient_number: int = asn1.member(mts.ORIGINALLY_SPECIFIED_RECIPIENT_NUMBER, tag=asn1.context(1))
    per_recipient_indicators: frozenset[int] = asn1.member(mts.PER_RECIPIENT_INDICATORS, tag=asn1.context(2))
    last_trace_information: LastTraceInformation = asn1.member(LastTraceInformation, tag=asn1.context(3))
    originally_intended_recipient_name: ORName | None = asn1.member(ORName, tag=asn1.context(4), optional=True)
    supplementary_information: str | None = asn1.member(mts.SUPPLEMENTARY_INFORMATION, tag=asn1.context(5), optional=True)
    extensions: tuple[ExtensionField, ...] = asn1.member(EXTENSION_FIELDS, tag=asn1.context(6), default=())


@asn1.set_()
class PerReportTransferFields(asn1.Members):
    """X.411 PerReportTransferFields.

    Attributes:
        returned_content: The content of the subject message, octet for octet; only where the originator asked for it.
        additional_information: 1984 billing information, as its complete encoding; never sent.
    """

    subject_identifier: MTSIdentifier = asn1.member(MTSIdentifier)
    subject_intermediate_trace_information: tuple[TraceInformationElement, ...] | None = asn1.member(TRACE_INFORMATION, optional=True)
    original_encoded_information_types: EncodedInformationTypes | None = asn1.member(EncodedInformationTypes, optional=True)
    content_type: ContentType | None = asn1.member(ContentType, optional=True)
    content_identifier: str | None = asn1.member(mts.CONTENT_IDENTIFIER, optional=True)
    returned_content: Octets | None = asn1.member(mts.CONTENT, tag=asn1.context(1), optional=True)
    additional_information: bytes | None = asn1.member(asn1.Any(), tag=asn1.context(2), optional=True)
    extensions: tuple[ExtensionField, ...] = asn1.member(EXTENSION_FIELDS, tag=asn1.context(3), default=())


@asn1.set_()
class ReportTransferContent(PerReportTransferFields):
    """X.411 ReportTransferContent."""

    per_recipient_fields: tuple[PerRecipientReportTransferFields, ...] = asn1.member(
        asn1.SequenceOf(PerRecipientReportTransferFields, size=(1, ub.UB_RECIPIENTS)), tag=asn1.context(0)
    )


@asn1.sequence()
class Report(asn1.Members):
    """X.411 Report."""

    envelope: ReportTransferEnvelope = asn1.member(ReportTransferEnvelope)
    content: ReportTransferContent = asn1.member(ReportTransferContent)


# --- the APDU -----------------------------------------------------------------------------------------------------------------------


@asn1.choice()
class MTSAPDU(asn1.Choice):
    """X.419 MTS-APDU: one transfer."""

    message: Message | None = asn1.alternative(Message, tag=asn1.context(0))
    probe: ProbeTransferEnvelope | None = asn1.alternative(ProbeTransferEnvelope, tag=asn1.context(2))
    report: Report | None = asn1.alternative(Report, tag=asn1.context(1))
