"""Interpersonal notifications (X.420 clause 8): receipt, non-receipt and other notifications."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING

from gateway import asn1
from gateway.x400 import ipms_bounds as ub
from gateway.x400.bodyparts import BodyPart, late_ipm
from gateway.x400.ipms_fields import (
    IPMIdentifier,
    IPMSExtension,
    NotificationExtensionsField,
    NRNExtensionsField,
    ORDescriptor,
    OtherNotificationTypeFields,
    RNExtensionsField,
)
from gateway.x400.mts import SUPPLEMENTARY_INFORMATION, EncodedInformationTypes

if TYPE_CHECKING:
    from gateway.x400.ipm import IPM


class NonReceiptReason(IntEnum):
    """X.420 8.2.1 NonReceiptReasonField."""

    IPM_DISCARDED = 0
    IPM_AUTO_FORWARDED = 1


class DiscardReason(IntEnum):
    """X.420 8.2.2 DiscardReasonField; 3 is not-used in the ITU-T text and ipm-deleted in ISO/IEC 10021-7."""

    IPM_EXPIRED = 0
    IPM_OBSOLETED = 1
    USER_SUBSCRIPTION_TERMINATED = 2
    NOT_USED = 3


class AcknowledgmentMode(IntEnum):
    """X.420 8.3.2 AcknowledgmentModeField."""

    MANUAL = 0
    AUTOMATIC = 1


@asn1.set_()
class NonReceiptFields(asn1.Members):
    """X.420 8.2 NonReceiptFields: the recipient's system took the IPM and the recipient did not receive it."""

    non_receipt_reason: int = asn1.member(asn1.Enumerated(NonReceiptReason), tag=asn1.context(0))
    discard_reason: int | None = asn1.member(asn1.Enumerated(DiscardReason), tag=asn1.context(1), optional=True)
    auto_forward_comment: str | None = asn1.member(
        asn1.PrintableString(size=(0, ub.UB_AUTO_FORWARD_COMMENT)), tag=asn1.context(2), optional=True
    )
    returned_ipm: IPM | None = asn1.member(late_ipm, tag=asn1.context(3), optional=True)
    nrn_extensions: tuple[IPMSExtension, ...] | None = asn1.member(NRNExtensionsField, tag=asn1.context(4), optional=True)


@asn1.set_()
class ReceiptFields(asn1.Members):
    """X.420 8.3 ReceiptFields: the recipient received the IPM.

    Attributes:
        receipt_time: When.
        acknowledgment_mode: Whether the recipient or its system said so.
    """

    receipt_time: datetime = asn1.member(asn1.UTCTime(), tag=asn1.context(0))
    acknowledgment_mode: int = asn1.member(asn1.Enumerated(AcknowledgmentMode), tag=asn1.context(1), default=AcknowledgmentMode.MANUAL)
    suppl_receipt_info: str | None = asn1.member(SUPPLEMENTARY_INFORMATION, tag=asn1.context(2), optional=True)
    rn_extensions: tuple[IPMSExtension, ...] | None = asn1.member(RNExtensionsField, tag=asn1.context(3), optional=True)


@asn1.choice()
class IPNChoice(asn1.Choice):
    """What an IPN says; anonymous in X.420."""

    non_receipt_fields: NonReceiptFields | None = asn1.alternative(NonReceiptFields, tag=asn1.context(0))
    receipt_fields: ReceiptFields | None = asn1.alternative(ReceiptFields, tag=asn1.context(1))
    other_notification_type_fields: tuple[IPMSExtension, ...] | None = asn1.alternative(
        OtherNotificationTypeFields, tag=asn1.context(2)
    )


@asn1.set_()
class CommonFields(asn1.Members):
    """X.420 8.1 CommonFields: what every IPN has.

    Attributes:
        subject_ipm: The IPM that the notification is about.
        ipn_originator: Who sends the notification, where it differs from what the envelope says.
        ipm_intended_recipient: Whom the IPM was meant for, where it was redirected or expanded.
        conversion_eits: Encoded information types after a conversion on the way.
    """

    subject_ipm: IPMIdentifier = asn1.member(IPMIdentifier)
    ipn_originator: ORDescriptor | None = asn1.member(ORDescriptor, tag=asn1.context(1), optional=True)
    ipm_intended_recipient: ORDescriptor | None = asn1.member(ORDescriptor, tag=asn1.context(2), optional=True)
    conversion_eits: EncodedInformationTypes | None = asn1.member(EncodedInformationTypes, optional=True)
    notification_extensions: tuple[IPMSExtension, ...] | None = asn1.member(
        NotificationExtensionsField, tag=asn1.context(3), optional=True
    )


@asn1.set_()
class IPN(CommonFields):
    """X.420 8 IPN: the common fields and one of three kinds."""

    choice: IPNChoice = asn1.member(IPNChoice, tag=asn1.context(0))


@asn1.sequence()
class AbsenceAdvice(asn1.Members):
    """X.420 8.4.1: the recipient is away (other-notification type 2.6.1.19.0)."""

    advice: BodyPart | None = asn1.member(BodyPart, optional=True)
    next_available: datetime | None = asn1.member(asn1.UTCTime(), optional=True)


@asn1.sequence()
class ChangeOfAddressAdvice(asn1.Members):
    """X.420 8.4.2: the recipient has another address (other-notification type 2.6.1.19.1)."""

    new_address: ORDescriptor = asn1.member(ORDescriptor, tag=asn1.context(0))
    effective_from: datetime | None = asn1.member(asn1.UTCTime(), tag=asn1.context(1), optional=True)
