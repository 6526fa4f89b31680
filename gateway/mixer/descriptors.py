"""Mailbox lists of header fields <-> OR descriptors and recipient specifiers (RFC 2156 4.7.1, 4.7.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from gateway.asn1 import BERError
from gateway.internet.fields import Group, Mailbox, encode_phrase, encode_text, mailboxes, parse_addresses, sanitise
from gateway.mixer.address import AddressError, MappedMailbox, Role, mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.policy import Context
from gateway.mixer.rules import Notes, UnmappedError
from gateway.mixer.text import ia5_form, text_from_oid
from gateway.mixer.unreplyable import Unreplyable, unreplyable
from gateway.mixer.way_back import note_other_mailbox, note_other_oraddress
from gateway.x400.charsets import t61_from_text, text_from_t61
from gateway.x400.directory_names import text_from_directory_name
from gateway.x400.ipms_bounds import UB_FREE_FORM_NAME
from gateway.x400.ipms_fields import ORDescriptor, RecipientSpecifier
from gateway.x400.oraddress import oraddress_from_orname, orname_from_oraddress
from gateway.x400.orname import ORName

LATIN_1: Final = "iso-8859-1"
"""Charset of encoded words that text from X.400 becomes, where it has all of it (3.3.4)."""

EMPTY_LIST: Final = "list:;"
"""Recipients where there are none (5.3.2)."""


_MAY_BE_CUT: Final = re.compile(r"[\"()\\^`{|}~\u0080-\U0010ffff]|=\?|[^<>,;:@]{60}")
"""What every address list has in which a name is cut; the others need not be read a second time."""
_UNFINISHED_WORD: Final = re.compile(rb"=\?[^?\s]*(?:\?[^?\s]*(?:\?[^?\s]*\??)?)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the codecs of the tables may use.

    Attributes:
        addresses: Mailboxes in the header fields so far, of the message and those inside it; counted here since each one costs a mapping.
    """

    context: Context
    notes: Notes = field(default_factory=Notes)
    addresses: list[int] = field(default_factory=lambda: [0])


def t61(text: str, bound: int, scope: Scope, rule: str) -> bytes:
    """Text for people as T.61, cut at a bound in octets without parting an accent from its letter; losses are noted."""
    encoded = t61_from_text(sanitise(text))
    if encoded.losses:
        scope.notes.add(rule, "3.3.4", f"characters that T.61 lacks were approximated: {' '.join(encoded.losses[:20])}")
    if len(encoded.octets) <= bound:
        return encoded.octets
    cut = encoded.octets[:bound]
    cut = cut[:-1] if 0xC1 <= cut[-1] <= 0xCF else cut
    scope.notes.add(rule, "5.1.3", f"cut at {bound} characters; the rest was {text_from_t61(encoded.octets[len(cut) :])!r}")
    return cut


def _cut_display(display: str, scope: Scope) -> bytes:
    """A free-form name at its bound, without a part of a comment or of an encoded word at its end (5.1.3)."""
    octets = t61(display, UB_FREE_FORM_NAME, scope, "free-form-name")
    if len(octets) < UB_FREE_FORM_NAME or octets == t61_from_text(sanitise(display)).octets:
        return octets
    opened: list[int] = []
    for at, octet in enumerate(octets):
        if octet == ord("("):
            opened.append(at)
        elif octet == ord(")") and opened:
            opened.pop()
    word = _UNFINISHED_WORD.search(octets)
    end = min([len(octets), *opened[:1], *([word.start()] if word else [])])
    whole = octets[:end].rstrip(b" ") or octets
    if len(whole) < len(octets):
        scope.notes.add("free-form-name", "5.1.3", f"the part {text_from_t61(octets[len(whole):])!r} was left out too")
    return whole


def comment(text: str) -> str:
    """An RFC 5322 comment with its parentheses, in ASCII; what would end it early is quoted."""
    clean = sanitise(text)
    if not clean.isascii():
        # Encoded words stand as atoms of the comment, where quoted pairs have no meaning.
        return f"({encode_text(clean.replace('(', '[').replace(')', ']'), charset=LATIN_1)})"
    escaped = clean.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"({escaped})"


# --- 4.7.1
# -----------------------------------------------------------------------------------------------------------------------------------


def descriptor_from_mailbox(mailbox: Mailbox, scope: Scope) -> ORDescriptor:
    """One OR descriptor; a mailbox that no O/R address can hold keeps its text as free-form name."""
    display = _words_of(mailbox)
    free = _cut_display(display, scope) if display else None
    try:
        mapped = mailbox_to_oraddress(mailbox.address, scope.context.settings, Role.HEADER, x400_version=scope.context.policy.x400_version)
        note_other_mailbox(mailbox, mapped, scope.context, scope.notes)
        if free and not scope.context.policy.free_form_names:
            scope.notes.add("free-form-name", "X.420 7.1.2", f"left out by the peer's policy: {display[:80]}")
            free = None
        return ORDescriptor(formal_name=orname_from_oraddress(mapped.result), free_form_name=free)
    except AddressError as error:
        scope.notes.add("address", "4.7.1", f"shown as text only: {error}")
        return ORDescriptor(free_form_name=t61(mailbox.to_text(), UB_FREE_FORM_NAME, scope, "free-form-name"))


def count_addresses(text: str, scope: Scope) -> None:
    """Count the addresses of a field.

    Raises:
        UnmappedError: With them there are more in the message than the settings allow.
    """
    most = scope.context.settings.most_addresses
    # Each address but the first has a separator before it: as a rule counting those is enough.
    found = 1 + text.count(",") + text.count(";")
    if found + scope.addresses[0] > most:
        found = len(mailboxes(text))
    if found + scope.addresses[0] > most:
        raise UnmappedError(f"with its {found} addresses the header has more than {most}")
    scope.addresses[0] += found


def _words_of(mailbox: Mailbox) -> str:
    """What a mailbox says beside its address: phrase and comments."""
    return " ".join(word for word in (mailbox.display, *(f"({text})" for text in mailbox.comments)) if word)


def descriptors_from_text(text: str, scope: Scope) -> tuple[ORDescriptor, ...]:
    """All mailboxes of an address list; a group adds a descriptor that has only its name.

    Raises:
        UnmappedError: Text without any address in it.
    """
    found: list[ORDescriptor] = []
    for one in parse_addresses(text):
        if isinstance(one, Group):
            found += [descriptor_from_mailbox(member, scope) for member in one.members]
            found.append(ORDescriptor(free_form_name=t61(one.name or "group", UB_FREE_FORM_NAME, scope, "free-form-name")))
        else:
            found.append(descriptor_from_mailbox(one, scope))
    if not found and text.strip():
        raise UnmappedError(f"no address in {text[:100]!r}")
    return tuple(found)


def specifiers_from_text(text: str, scope: Scope) -> tuple[RecipientSpecifier, ...]:
    """As `descriptors_from_text`, for recipients: no notification is requested and no reply (4.7.1)."""
    return tuple(RecipientSpecifier(recipient=one) for one in descriptors_from_text(text, scope))


def names_are_cut(text: str, scope: Scope) -> bool:
    """Whether a name in an address list does not come back from its free-form name, so that the field itself is carried too (5.1.3).

    That are characters which T.61 lacks, more than 64 of them, and parentheses that would be read as comments. Only where the field can
    travel without being seen: not as a text part before the message.
    """
    policy = scope.context.policy
    if not _MAY_BE_CUT.search(text) or policy.x400_version == 84 or not policy.heading_extension or not policy.free_form_names:
        return False
    return any(_name_is_cut(one, scope) for one in mailboxes(text))


def _name_is_cut(mailbox: Mailbox, scope: Scope) -> bool:
    named = _words_of(mailbox)
    if not named or (mailbox.display.isalnum() and mailbox.display.isascii() and not mailbox.comments):
        return False
    encoded = t61_from_text(sanitise(named))
    if encoded.losses or len(encoded.octets) > UB_FREE_FORM_NAME:
        return True
    shown = sanitise(text_from_t61(encoded.octets, scope.context.policy.t61_reading)).strip()
    again = parse_addresses(f"{_phrase(shown)}<a@b.example>")
    if len(again) != 1 or not isinstance(again[0], Mailbox):
        return True
    return (again[0].display, again[0].comments) != (mailbox.display, mailbox.comments)


# --- 4.7.2
# -----------------------------------------------------------------------------------------------------------------------------------


def mailbox_of_orname(name: ORName, scope: Scope) -> Mailbox | None:
    """The mailbox of a name, None when it has no address or none that can be shown."""
    mapped = _mapped(name, scope)
    return mapped.result if isinstance(mapped, MappedMailbox) else None


def _mapped(name: ORName, scope: Scope) -> MappedMailbox | Unreplyable | None:
    address = oraddress_from_orname(name)
    if not address:
        return None
    mapped, refused = None, None
    try:
        mapped = oraddress_to_mailbox(address, scope.context.settings, Role.HEADER, show_unusable=False)
    except AddressError as error:
        refused = error
    shown = unreplyable(address, refused)
    if shown is None:
        if mapped is not None:
            note_other_oraddress(address, mapped, scope.context, scope.notes)
        return mapped
    scope.notes.add("address", "4.7.2", f"shown as text only, since no reply reaches {shown.text[:200]}: {shown.reason}")
    if shown.cut:
        scope.notes.add("address", "X.411 Annex B", f"cut off at four times the bound: {', '.join(shown.cut)}")
    return shown


def text_from_descriptor(descriptor: ORDescriptor, scope: Scope, extra: Iterable[str] = ()) -> str:
    """``phrase <address> (Tel ...) (CN=...)``; without an address the group form ``Name:;``."""
    comments = [*_telephone(descriptor), *_directory_name(descriptor.formal_name, scope), *extra]
    tail = "".join(f" {comment(text)}" for text in comments)
    free = sanitise(text_from_t61(descriptor.free_form_name, scope.context.policy.t61_reading)).strip() if descriptor.free_form_name else ""
    mailbox = _mapped(descriptor.formal_name, scope) if descriptor.formal_name is not None else None
    # An empty group is what RFC 5322 has for somebody without mailbox; a reply to all passes over it.
    # Peer: Python's own parser of addresses, and so Mailman, trips over a comment behind the semicolon.
    if mailbox is None:
        return f"{encode_phrase(free or 'unknown', charset=LATIN_1)}:{tail};"
    if isinstance(mailbox, Unreplyable):
        phrase = encode_phrase(f"{free} {mailbox.text}".strip(), charset=LATIN_1)
        return f"{phrase}: {comment(f'not replyable: {mailbox.reason}')}{tail};"
    if mailbox.route and not free:
        free = mailbox.result.local  # a route needs the angle brackets, and they a phrase (4.7.2 step 2b)
    if not free and scope.context.policy.names_from_addresses and descriptor.formal_name is not None:
        free = _name_in(descriptor.formal_name)
    return f"{_phrase(free)}<{mailbox.address}>{tail}" if free else f"{mailbox.address}{tail}"


def _name_in(name: ORName) -> str:
    """The name of a person as its O/R address has it, given name first; empty where it has none in plain characters."""
    address = oraddress_from_orname(name)
    return sanitise(" ".join(part for part in (address.given_name, address.surname) if part) or address.common_name or "")


def _telephone(descriptor: ORDescriptor) -> list[str]:
    return [f"Tel {ia5_form(descriptor.telephone_number)}"] if descriptor.telephone_number is not None else []


def _directory_name(name: ORName | None, scope: Scope) -> list[str]:
    """A directory name as text for people (4.5, 4.7.2 step 4)."""
    if name is None or name.directory_name is None:
        return []
    try:
        return [text_from_directory_name(name.directory_name)]
    except BERError as error:
        scope.notes.add("directory-name", "4.5", f"a directory name does not decode and was dropped: {error}")
        return []


def _phrase(free: str) -> str:
    name, opened, rest = free.partition("(")
    # A free-form name that a gateway made of phrase and comments becomes them again.
    if opened and rest.endswith(")") and name.strip() and rest.count("(") == 0 and rest.count(")") == 1:
        return f"{encode_phrase(name.strip(), charset=LATIN_1)} {comment(rest[:-1])} "
    return f"{encode_phrase(free, charset=LATIN_1)} "


def text_from_descriptors(descriptors: Iterable[ORDescriptor], scope: Scope) -> str | None:
    """An address list; None for an empty one (5.3.4)."""
    return ", ".join(text_from_descriptor(one, scope) for one in descriptors) or None


def text_from_specifiers(specifiers: Iterable[RecipientSpecifier], scope: Scope) -> str | None:
    """As `text_from_descriptors`, with the comment ``(Reply requested)`` where a reply is asked for (4.7.2)."""
    texts: list[str] = []
    for one in specifiers:
        if one.notification_requests:
            scope.notes.add("notification-requests", "4.7.2", "a receipt or non-receipt notification was asked for; nobody will send it")
        if one.recipient_extensions:
            named = ", ".join(text_from_oid(each.type_) for each in one.recipient_extensions)
            scope.notes.add("recipient-extensions", "5.3.4", f"of a recipient were dropped: {named[:200]}")
        texts.append(text_from_descriptor(one.recipient, scope, ["Reply requested"] if one.reply_requested else []))
    return ", ".join(texts) or None
