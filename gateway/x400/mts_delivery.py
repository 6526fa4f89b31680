"""Delivery envelopes of X.411 (8.3.1): on a P1 association never, inside forwarded messages and forwarded reports (X.420) always."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from gateway import asn1
from gateway.octets import Octets
from gateway.x400 import bounds as ub
from gateway.x400 import mts
from gateway.x400.extensions import EXTENSION_FIELDS, ExtensionField
from gateway.x400.mts import ContentType, DeliveredContentType, EncodedInformationTypes, MTSIdentifier, Priority, ReportType
from gateway.x400.orname import ORName

OTHER_RECIPIENT_NAMES: Final = asn1.SequenceOf(ORName, size=(1, ub.UB_RECIPIENTS))


@asn1.set_()
class OtherMessageDeliveryFields(asn1.Members):
    """X.411 OtherMessageDeliveryFields: the delivery envelope of a forwarded message."""

    content_type: DeliveredContentType = asn1.member(DeliveredContentType)
    originator_name: ORName = asn1.member(ORName)
    original_encoded_information_types: EncodedInformationTypes | None = asn1.member(
        EncodedInformationTypes, tag=asn1.context(1), optional=True
    )
    priority: int = asn1.member(mts.PRIORITY, default=Priority.NORMAL)
    delivery_flags: frozenset[int] | None = asn1.member(mts.DELIVERY_FLAGS, tag=asn1.context(2), optional=True)
    other_recipient_names: tuple[ORName, ...] | None = asn1.member(OTHER_RECIPIENT_NAMES, tag=asn1.context(3), optional=True)
    this_recipient_name: ORName = asn1.member(ORName, tag=asn1.context(4))
    originally_intended_recipient_name: ORName | None = asn1.member(ORName, tag=asn1.context(5), optional=True)
    converted_encoded_information_types: EncodedInformationTypes | None = asn1.member(
        EncodedInformationTypes, tag=asn1.context(6), optional=True
    )
    message_submission_time: datetime = asn1.member(mts.TIME, tag=asn1.context(7))
    content_identifier: str | None = asn1.member(mts.CONTENT_IDENTIFIER, tag=asn1.context(8), optional=True)
    extensions: tuple[ExtensionField, ...] = asn1.member(EXTENSION_FIELDS, tag=asn1.context(9), default=())


@asn1.sequence()
class MessageDeliveryEnvelope(asn1.Members):
    """X.411 MessageDeliveryEnvelope."""

    message_delivery_identifier: MTSIdentifier = asn1.member(MTSIdentifier)
    message_delivery_time: datetime = asn1.member(mts.TIME)
    other_fields: OtherMessageDeliveryFields = asn1.member(OtherMessageDeliveryFields)


@asn1.sequence()
class MessageDeliveryArgument(MessageDeliveryEnvelope):
    """X.411 MessageDeliveryArgument."""

    content: Octets = asn1.member(mts.CONTENT)


@asn1.set_()
class PerReportDeliveryFields(asn1.Members):
    """X.411 PerReportDeliveryFields."""

    subject_submission_identifier: MTSIdentifier = asn1.member(MTSIdentifier)
    content_identifier: str | None = asn1.member(mts.CONTENT_IDENTIFIER, optional=True)
    content_type: ContentType | None = asn1.member(ContentType, optional=True)
    original_encoded_information_types: EncodedInformationTypes | None = asn1.member(EncodedInformationTypes, optional=True)
    extensions: tuple[ExtensionField, ...] = asn1.member(EXTENSION_FIELDS, tag=asn1.context(1), default=())


@asn1.set_()
class PerRecipientReportDeliveryFields(asn1.Members):
    """X.411 PerRecipientReportDeliveryFields."""

    actual_recipient_name: ORName = asn1.member(ORName, tag=asn1.context(0))
    report_type: ReportType = asn1.member(ReportType, tag=asn1.context(1))
    converted_encoded_information_types: EncodedInformationTypes | None = asn1.member(EncodedInformationTypes, optional=True)
    originally_intended_recipient_name: ORName | None = asn1.member(ORName, tag=asn1.context(2), optional=True)
    supplementary_information: str | None = asn1.member(mts.SUPPLEMENTARY_INFORMATION, tag=asn1.context(3), optional=True)
    extensions: tuple[ExtensionField, ...] = asn1.member(EXTENSION_FIELDS, tag=asn1.context(4), default=())


@asn1.set_()
class ReportDeliveryEnvelope(PerReportDeliveryFields):
    """X.411 ReportDeliveryEnvelope."""

    per_recipient_fields: tuple[PerRecipientReportDeliveryFields, ...] = asn1.member(
        asn1.SequenceOf(PerRecipientReportDeliveryFields, size=(1, ub.UB_RECIPIENTS))
    )


@asn1.set_()
class ReportDeliveryArgument(ReportDeliveryEnvelope):
    """X.411 ReportDeliveryArgument: a delivered report, data of the report body part (X.420)."""

    returned_content: Octets | None = asn1.member(mts.CONTENT, tag=asn1.context(0), optional=True)
