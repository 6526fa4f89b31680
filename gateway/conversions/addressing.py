"""Nested addresses are delivered to what they finally mean, not to the gateway that would unwrap them again.

The pure conversion maps each recipient once (RFC 2156 4.3); `permission` has followed the nesting to its end. Where the two
differ, the envelope of the converted message gets the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.internet.addresses import Mailbox
from gateway.internet.envelope import SmtpEnvelope
from gateway.x400.oraddress import ORAddress, oraddress_from_orname, orname_from_oraddress
from gateway.x400.p1 import MTSAPDU, PerRecipientMessageTransferFields


def addressed_in_x400(apdu: MTSAPDU, meant: Mapping[int, ORAddress]) -> MTSAPDU:
    """The message with the recipients that are meant, by originally-specified-recipient-number."""
    message = apdu.message
    assert message is not None
    fields = tuple(_recipient(each, meant) for each in message.envelope.per_recipient_fields)
    if all(new is old for new, old in zip(fields, message.envelope.per_recipient_fields, strict=True)):
        return apdu
    return MTSAPDU(message=replace(message, envelope=replace(message.envelope, per_recipient_fields=fields)))


def _recipient(fields: PerRecipientMessageTransferFields, meant: Mapping[int, ORAddress]) -> PerRecipientMessageTransferFields:
    address = meant.get(fields.originally_specified_recipient_number)
    if address is None or oraddress_from_orname(fields.recipient_name).key() == address.key():
        return fields
    return replace(fields, recipient_name=orname_from_oraddress(address))


def addressed_in_internet(envelope: SmtpEnvelope, meant: tuple[Mailbox, ...]) -> SmtpEnvelope:
    """The envelope with the mailboxes that are meant, in the same order."""
    recipients = tuple(
        recipient if recipient.address == mailbox.address else replace(recipient, address=mailbox.address)
        for recipient, mailbox in zip(envelope.recipients, meant, strict=True)
    )
    return replace(envelope, recipients=recipients)
