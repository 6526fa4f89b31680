"""Whether the addresses of a heading come back from the other side as they were (RFC 2156 4.4): who replies to them depends on it.

The RFC promises it of what is wrapped, and of what tables translate that reverse each other. Everything else is named in a Note: a rule
without its counterpart, an old name that is answered under the new one, a local part that has two forms.
"""

from __future__ import annotations

from typing import Final

from gateway.errors import GatewayError
from gateway.internet.fields import Mailbox
from gateway.mixer.address import Mapped, mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.mcgam import ascii_domain
from gateway.mixer.policy import Context
from gateway.mixer.rules import Notes
from gateway.mixer.stdor import to_text
from gateway.x400.oraddress import ORAddress

_SHOWN: Final = 200
"""Characters of an address in a Note."""
_MOST: Final = 20
"""Addresses of one message that are named."""
_SECTION: Final = "4.4"
_UNWRAPPED: Final = "4.3.5 mapping A"
"""The step that takes a mailbox out of the attribute RFC-822: replies to it stay in the Internet."""
_WRAPPED: Final = "a wrapped address, since no rule leads back"


def note_other_mailbox(mailbox: Mailbox, mapped: Mapped[ORAddress], context: Context, notes: Notes) -> None:
    """Note a mailbox whose O/R address is answered under another mailbox.

    Args:
        mailbox: As it stands in a header.
        mapped: What became of it.
        context: Of the conversion; nothing is looked up outside for a Note.
        notes: Takes it.
    """
    if mapped.encapsulated or not _is_at_hand(context):
        return
    try:
        back = oraddress_to_mailbox(mapped.result, context.settings)
    except GatewayError:
        return  # what no reply reaches is named elsewhere
    if _key(back.result) != _key(mailbox):
        _note(mailbox.address, _WRAPPED if back.encapsulated else back.result.address, notes)


def note_other_oraddress(address: ORAddress, mapped: Mapped[Mailbox], context: Context, notes: Notes) -> None:
    """Note an O/R address whose mailbox is answered under another O/R address; the arguments as in `note_other_mailbox`."""
    if mapped.encapsulated or not _is_at_hand(context) or any(step.clause == _UNWRAPPED for step in mapped.steps):
        return
    try:
        back = mailbox_to_oraddress(mapped.result.address, context.settings, x400_version=context.policy.x400_version)
        if back.result.key() != address.key():
            _note(to_text(address), _WRAPPED if back.encapsulated else to_text(back.result), notes)
    except GatewayError:
        return


def _note(address: str, other: str, notes: Notes) -> None:
    named = sum(note.section == _SECTION for note in notes.taken())
    if named < _MOST:
        notes.add("address", _SECTION, f"{address[:_SHOWN]} comes back as {other[:_SHOWN]}")
    elif named == _MOST:
        notes.add("address", _SECTION, "more addresses do not come back as they are")


def _key(mailbox: Mailbox) -> tuple[str, str]:
    return mailbox.local, ascii_domain(mailbox.domain).lower()


def _is_at_hand(context: Context) -> bool:
    """Whether all rules are at hand, so that the way back asks nobody."""
    knowledge = context.settings.knowledge
    return knowledge is None or knowledge.is_at_hand
