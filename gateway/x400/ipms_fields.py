"""Component types of IPM headings and notifications (X.420 7.1, 7.2 and 8.1): identifiers, descriptors, extensions.

They contain neither a heading nor a body part, so that headings, body parts and extensions can all be built on them.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from gateway import asn1
from gateway.x400 import ipms_bounds as ub
from gateway.x400.orname import ORName


def _value_type(type_: str) -> asn1.ElementLike | None:
    """The type of an IPMS extension's value; looked up late because extensions contain body parts and body parts headings."""
    from gateway.x400.heading_extensions import IPMS_EXTENSIONS

    return IPMS_EXTENSIONS.get(type_)


@asn1.sequence()
class IPMSExtension(asn1.Members):
    """X.420 7.1.1 IPMSExtension: one extension of a heading, a recipient specifier or a notification.

    Attributes:
        type_: Object identifier of the extension.
        value: The value of its declared type; the raw TLV where the type is not known (or the value does not decode), which is written
            back octet for octet. `asn1.NULL` when no value was sent.
    """

    type_: str = asn1.member(asn1.ObjectIdentifier(), name="type")
    value: Any = asn1.member(asn1.OpenType(key="type_", registry=_value_type), default=asn1.NULL)


ExtensionsField = asn1.SetOf(IPMSExtension)
RecipientExtensionsField = asn1.SetOf(IPMSExtension)
NotificationExtensionsField = asn1.SetOf(IPMSExtension)
NRNExtensionsField = asn1.SetOf(IPMSExtension)
RNExtensionsField = asn1.SetOf(IPMSExtension)
OtherNotificationTypeFields = asn1.SetOf(IPMSExtension)

# Peer: some write identifiers with '_' or '@' in them; a reply has to name them as they came.
LocalIPMIdentifier = asn1.PrintableString(size=(0, ub.UB_LOCAL_IPM_IDENTIFIER), visible=True)
FreeFormName = asn1.TeletexString(size=(0, ub.UB_FREE_FORM_NAME))
TelephoneNumber = asn1.PrintableString(size=(0, ub.UB_TELEPHONE_NUMBER))


@asn1.set_(tag=asn1.application(11))
class IPMIdentifier(asn1.Members):
    """X.420 7.1.2 IPMIdentifier: names an IPM for ever and everywhere.

    Attributes:
        user: Whose user-relative identifier it is; left out by some senders.
        user_relative_identifier: Unique among the IPMs of that user.
    """

    user: ORName | None = asn1.member(ORName, optional=True)
    user_relative_identifier: str = asn1.member(LocalIPMIdentifier)


@asn1.set_()
class ORDescriptor(asn1.Members):
    """X.420 7.1.4 ORDescriptor: a user or distribution list, by name, by free text, or both.

    Attributes:
        formal_name: O/R name.
        free_form_name: Display name, T.61 octets.
        telephone_number: As it is written, not normalised.
    """

    formal_name: ORName | None = asn1.member(ORName, optional=True)
    free_form_name: bytes | None = asn1.member(FreeFormName, tag=asn1.context(0), optional=True)
    telephone_number: str | None = asn1.member(TelephoneNumber, tag=asn1.context(1), optional=True)


class NotificationRequests(IntEnum):
    """X.420 7.1.3: bits of notification-requests. They count only for a recipient with a formal name."""

    RN = 0
    NRN = 1
    IPM_RETURN = 2
    AN_SUPPORTED = 3
    SUPPRESS_AN = 4


@asn1.set_()
class RecipientSpecifier(asn1.Members):
    """X.420 7.1.3 RecipientSpecifier: a recipient and what is asked of it."""

    recipient: ORDescriptor = asn1.member(ORDescriptor, tag=asn1.context(0))
    notification_requests: frozenset[int] = asn1.member(
        asn1.NamedBitString(NotificationRequests), tag=asn1.context(1), default=frozenset()
    )
    reply_requested: bool = asn1.member(asn1.Boolean(), tag=asn1.context(2), default=False)
    recipient_extensions: tuple[IPMSExtension, ...] | None = asn1.member(RecipientExtensionsField, tag=asn1.context(3), optional=True)


PrimaryRecipientsField = CopyRecipientsField = BlindCopyRecipientsField = asn1.SequenceOf(RecipientSpecifier)
"""The last one is also the value of P1 extension 41, blind-copy-recipients."""
