"""The contents of P2 and P22: interpersonal messages and notifications (X.420 clauses 7 and 8).

P2 (content type 2, 1984) and P22 (content type 22, 1988 and later) have the same shape, and one declaration reads both. What a peer sends
beyond it - members, extensions, body parts - is kept and written back octet for octet.

Tag traps: ``subject`` is ``A8 { 14 }`` (explicit in the module); ``ipn-originator`` is an implicit ORDescriptor, ``A1 { 60 .. }``, without
the ``A0`` that RecipientSpecifier has around its descriptor; a forwarded message is ``30 IPM`` and not ``A0``.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from gateway import asn1
from gateway.x400 import ipms_bounds as ub
from gateway.x400.bodyparts import BodyPart
from gateway.x400.ipms_fields import (
    BlindCopyRecipientsField,
    CopyRecipientsField,
    ExtensionsField,
    IPMIdentifier,
    IPMSExtension,
    LocalIPMIdentifier,
    NotificationRequests,
    ORDescriptor,
    PrimaryRecipientsField,
    RecipientSpecifier,
)
from gateway.x400.notifications import (
    IPN,
    AcknowledgmentMode,
    CommonFields,
    DiscardReason,
    IPNChoice,
    NonReceiptFields,
    NonReceiptReason,
    ReceiptFields,
)

__all__ = [
    "IPM",
    "IPN",
    "AcknowledgmentMode",
    "BodyPart",
    "CommonFields",
    "DiscardReason",
    "Heading",
    "IPMIdentifier",
    "IPMSExtension",
    "IPNChoice",
    "Importance",
    "InformationObject",
    "LocalIPMIdentifier",
    "NonReceiptFields",
    "NonReceiptReason",
    "NotificationRequests",
    "ORDescriptor",
    "ReceiptFields",
    "RecipientSpecifier",
    "Sensitivity",
]


class Importance(IntEnum):
    """X.420 7.2.13 ImportanceField."""

    LOW = 0
    NORMAL = 1
    HIGH = 2


class Sensitivity(IntEnum):
    """X.420 7.2.14 SensitivityField; there is no 0."""

    PERSONAL = 1
    PRIVATE = 2
    COMPANY_CONFIDENTIAL = 3


SubjectField = asn1.TeletexString(size=(0, ub.UB_SUBJECT_FIELD))


@asn1.set_()
class Heading(asn1.Members):
    """X.420 7.2 Heading.

    Attributes:
        subject: T.61 octets; `gateway.x400.charsets` reads and writes them.
        extensions: Heading extensions, their values decoded where `heading_extensions` knows the type.
    """

    this_ipm: IPMIdentifier = asn1.member(IPMIdentifier, name="this-IPM")
    originator: ORDescriptor | None = asn1.member(ORDescriptor, tag=asn1.context(0), optional=True)
    authorizing_users: tuple[ORDescriptor, ...] | None = asn1.member(asn1.SequenceOf(ORDescriptor), tag=asn1.context(1), optional=True)
    primary_recipients: tuple[RecipientSpecifier, ...] = asn1.member(PrimaryRecipientsField, tag=asn1.context(2), default=())
    copy_recipients: tuple[RecipientSpecifier, ...] = asn1.member(CopyRecipientsField, tag=asn1.context(3), default=())
    blind_copy_recipients: tuple[RecipientSpecifier, ...] | None = asn1.member(
        BlindCopyRecipientsField, tag=asn1.context(4), optional=True
    )
    replied_to_ipm: IPMIdentifier | None = asn1.member(IPMIdentifier, tag=asn1.context(5), optional=True, name="replied-to-IPM")
    obsoleted_ipms: tuple[IPMIdentifier, ...] = asn1.member(
        asn1.SequenceOf(IPMIdentifier), tag=asn1.context(6), default=(), name="obsoleted-IPMs"
    )
    related_ipms: tuple[IPMIdentifier, ...] = asn1.member(
        asn1.SequenceOf(IPMIdentifier), tag=asn1.context(7), default=(), name="related-IPMs"
    )
    subject: bytes | None = asn1.member(SubjectField, tag=asn1.context(8, explicit=True), optional=True)
    expiry_time: datetime | None = asn1.member(asn1.UTCTime(), tag=asn1.context(9), optional=True)
    reply_time: datetime | None = asn1.member(asn1.UTCTime(), tag=asn1.context(10), optional=True)
    reply_recipients: tuple[ORDescriptor, ...] | None = asn1.member(asn1.SequenceOf(ORDescriptor), tag=asn1.context(11), optional=True)
    importance: int = asn1.member(asn1.Enumerated(Importance), tag=asn1.context(12), default=Importance.NORMAL)
    sensitivity: int | None = asn1.member(asn1.Enumerated(Sensitivity), tag=asn1.context(13), optional=True)
    auto_forwarded: bool = asn1.member(asn1.Boolean(), tag=asn1.context(14), default=False)
    extensions: tuple[IPMSExtension, ...] = asn1.member(ExtensionsField, tag=asn1.context(15), default=())


@asn1.sequence()
class IPM(asn1.Members):
    """X.420 7 IPM: heading and body.

    Attributes:
        body: Body parts in order.
    """

    heading: Heading = asn1.member(Heading)
    body: tuple[BodyPart, ...] = asn1.member(asn1.SequenceOf(BodyPart))


@asn1.sequence()
class _IPMWithoutBody(asn1.Members):
    # Peer: EAN (1985) leaves the body out of a message that has none.
    heading: Heading = asn1.member(Heading)


def _with_empty_body(value: _IPMWithoutBody) -> IPM:
    if value.unknown:
        raise ValueError("something else stands where the body should be")
    return IPM(heading=value.heading, body=())


def _without_body(value: IPM) -> _IPMWithoutBody:
    return _IPMWithoutBody(heading=value.heading)


@asn1.choice()
class InformationObject(asn1.Choice):
    """X.420 6 InformationObject: what the content octets of P2 and P22 hold."""

    ipm: IPM | None = asn1.alternative(
        asn1.Variants(
            asn1.tagged(IPM, asn1.context(0)),
            without_body=asn1.Variant(asn1.tagged(_IPMWithoutBody, asn1.context(0)), _with_empty_body, _without_body),
        )
    )
    ipn: IPN | None = asn1.alternative(IPN, tag=asn1.context(1))
