"""Submission envelopes of X.411 (8.2.1.1): never on a P1 association, but inside forwarded contents and proofs (X.420, X.413)."""

from __future__ import annotations

from datetime import datetime

from gateway import asn1
from gateway.x400 import bounds as ub
from gateway.x400 import mts
from gateway.x400.extensions import EXTENSION_FIELDS, ExtensionField
from gateway.x400.mts import ContentType, EncodedInformationTypes, Priority
from gateway.x400.orname import ORName


@asn1.set_()
class PerMessageSubmissionFields(asn1.Members):
    """X.411 PerMessageSubmissionFields."""

    originator_name: ORName = asn1.member(ORName)
    original_encoded_information_types: EncodedInformationTypes | None = asn1.member(EncodedInformationTypes, optional=True)
    content_type: ContentType = asn1.member(ContentType)
    content_identifier: str | None = asn1.member(mts.CONTENT_IDENTIFIER, optional=True)
    priority: int = asn1.member(mts.PRIORITY, default=Priority.NORMAL)
    per_message_indicators: frozenset[int] = asn1.member(mts.PER_MESSAGE_INDICATORS, default=frozenset())
    deferred_delivery_time: datetime | None = asn1.member(mts.TIME, tag=asn1.context(0), optional=True)
    extensions: tuple[ExtensionField, ...] = asn1.member(EXTENSION_FIELDS, tag=asn1.context(2), default=())


@asn1.set_()
class PerRecipientMessageSubmissionFields(asn1.Members):
    """X.411 PerRecipientMessageSubmissionFields."""

    recipient_name: ORName = asn1.member(ORName)
    originator_report_request: frozenset[int] = asn1.member(mts.ORIGINATOR_REPORT_REQUEST, tag=asn1.context(0))
    explicit_conversion: int | None = asn1.member(mts.EXPLICIT_CONVERSION, tag=asn1.context(1), optional=True)
    extensions: tuple[ExtensionField, ...] = asn1.member(EXTENSION_FIELDS, tag=asn1.context(2), default=())


@asn1.set_()
class MessageSubmissionEnvelope(PerMessageSubmissionFields):
    """X.411 MessageSubmissionEnvelope."""

    per_recipient_fields: tuple[PerRecipientMessageSubmissionFields, ...] = asn1.member(
        asn1.SequenceOf(PerRecipientMessageSubmissionFields, size=(1, ub.UB_RECIPIENTS)), tag=asn1.context(1)
    )


@asn1.set_()
class PerProbeSubmissionFields(asn1.Members):
    """X.411 PerProbeSubmissionFields."""

    originator_name: ORName = asn1.member(ORName)
    original_encoded_information_types: EncodedInformationTypes | None = asn1.member(EncodedInformationTypes, optional=True)
    content_type: ContentType = asn1.member(ContentType)
    content_identifier: str | None = asn1.member(mts.CONTENT_IDENTIFIER, optional=True)
    content_length: int | None = asn1.member(mts.CONTENT_LENGTH, tag=asn1.context(0), optional=True)
    per_message_indicators: frozenset[int] = asn1.member(mts.PER_MESSAGE_INDICATORS, default=frozenset())
    extensions: tuple[ExtensionField, ...] = asn1.member(EXTENSION_FIELDS, tag=asn1.context(2), default=())


@asn1.set_()
class PerRecipientProbeSubmissionFields(asn1.Members):
    """X.411 PerRecipientProbeSubmissionFields."""

    recipient_name: ORName = asn1.member(ORName)
    originator_report_request: frozenset[int] = asn1.member(mts.ORIGINATOR_REPORT_REQUEST, tag=asn1.context(0))
    explicit_conversion: int | None = asn1.member(mts.EXPLICIT_CONVERSION, tag=asn1.context(1), optional=True)
    extensions: tuple[ExtensionField, ...] = asn1.member(EXTENSION_FIELDS, tag=asn1.context(2), default=())


@asn1.set_()
class ProbeSubmissionEnvelope(PerProbeSubmissionFields):
    """X.411 ProbeSubmissionEnvelope."""

    per_recipient_fields: tuple[PerRecipientProbeSubmissionFields, ...] = asn1.member(
        asn1.SequenceOf(PerRecipientProbeSubmissionFields, size=(1, ub.UB_RECIPIENTS)), tag=asn1.context(3)
    )
