"""Blind copies: nobody else learns of them (RFC 2156 5.1.3, RFC 5322 3.6.3).

One IPM has one heading for all its recipients. A copy for one blind recipient names that one; every other copy names none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.errors import GatewayError
from gateway.internet.envelope import SmtpEnvelope
from gateway.internet.fields import Mailbox, mailboxes
from gateway.internet.message import Header
from gateway.mixer.descriptors import Scope
from gateway.x400 import p1
from gateway.x400.extensions import StandardExtension, extension_value
from gateway.x400.ipm import Heading, RecipientSpecifier
from gateway.x400.oraddress import oraddress_from_orname
from gateway.x400.orname import ORName

_HIDDEN = "the blind copies of others were left out of this copy"


def heading_for(heading: Heading, header: Header, envelope: SmtpEnvelope, recipients: Sequence[int], scope: Scope) -> Heading:
    """The heading of a copy for some recipients of an Internet message.

    # Deviation: RFC 2156 5.1.3 maps Bcc for all recipients of the one IPM, who would all see it; peers were seen to show it.
    """
    if not heading.blind_copy_recipients:
        return heading
    kept: tuple[RecipientSpecifier, ...] = ()
    if len(recipients) == 1:
        named = [mailbox for field in header.all("Bcc") for mailbox in mailboxes(field.value)]
        wanted = _mailbox(envelope.recipients[recipients[0] - 1].address)
        # The list holds a specifier for each mailbox in order only where no group stands in it; a group hides everybody.
        if len(named) == len(heading.blind_copy_recipients):
            kept = tuple(one for one, mailbox in zip(heading.blind_copy_recipients, named, strict=True) if mailbox == wanted)
    return _hidden(heading, kept, scope)


def _mailbox(address: str) -> Mailbox | None:
    try:
        return Mailbox.from_text(address)
    except GatewayError:
        return None


def heading_of_copy(heading: Heading, recipients: Sequence[p1.PerRecipientMessageTransferFields], scope: Scope) -> Heading:
    """The heading of a copy for some recipients of an IPM."""
    if not heading.blind_copy_recipients:
        return heading
    kept: tuple[RecipientSpecifier, ...] = ()
    if len(recipients) == 1:
        names = _names(recipients[0])
        kept = tuple(
            one
            for one in heading.blind_copy_recipients
            if one.recipient.formal_name is not None and _key(one.recipient.formal_name) in names
        )
    return _hidden(heading, kept, scope)


def _hidden(heading: Heading, kept: tuple[RecipientSpecifier, ...], scope: Scope) -> Heading:
    if kept == heading.blind_copy_recipients:
        return heading
    if any(one.recipient.formal_name is not None for one in heading.blind_copy_recipients or () if one not in kept):
        scope.notes.add("Bcc", "5.1.3", _HIDDEN)
    elif not kept:
        return heading  # only names such as BCC, which disclose nobody
    return replace(heading, blind_copy_recipients=kept or None)


def _names(recipient: p1.PerRecipientMessageTransferFields) -> set[object]:
    """A recipient under its own name and under those that the originator wrote."""
    history = extension_value(recipient.extensions, StandardExtension.REDIRECTION_HISTORY) or ()
    return {_key(name) for name in (recipient.recipient_name, *(one.intended_recipient_name.intended_recipient for one in history))}


def _key(name: ORName) -> object:
    return oraddress_from_orname(name).key()
