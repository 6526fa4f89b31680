"""Individual users in a directory: how they are looked for, and what their entries say (``mail``, ``mhsORAddresses``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ldap3.utils.conv import escape_filter_chars

from gateway import log
from gateway.errors import GatewayError
from gateway.internet.addresses import Mailbox
from gateway.mixer.questions import NO_MATCH, NoMatch, UserOfMailbox, UserOfORAddress, UserPair
from gateway.mixer.stdor import StdOrError, from_text, to_text
from gateway.x400.oraddress import ORAddress

_log = log.get("lookup")


@dataclass(frozen=True, slots=True, kw_only=True)
class LDAPUsers:
    """Where individual users stand.

    Attributes:
        base: Distinguished name of the subtree.
        mailbox_filter: Finds the user of a mailbox; ``{}`` is the mailbox.
        oraddress_filter: Finds the user of an O/R address; ``{}`` is one of its text forms.
        mailbox_attribute: The user's mailbox.
        oraddress_attribute: The user's O/R address as text (RFC 2156 4.1, RFC 1685).
        domains: Mailboxes of these domains (and below) are looked up; empty for all.
    """

    base: str
    mailbox_filter: str = "(mail={})"
    oraddress_filter: str = "(mhsORAddresses={})"
    mailbox_attribute: str = "mail"
    oraddress_attribute: str = "mhsORAddresses"
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One entry: its name, and values by attribute type."""

    name: str
    attributes: Mapping[str, tuple[str, ...]]


def filter_of(users: LDAPUsers, question: UserOfMailbox | UserOfORAddress) -> str | None:
    """The search filter (RFC 4515) for a question; None when there is nothing to look for."""
    if isinstance(question, UserOfMailbox):
        domain = question.mailbox.domain.lower()
        if users.domains and not any(f".{domain}".endswith(f".{one.lower()}") for one in users.domains):
            return None
        return users.mailbox_filter.replace("{}", escape_filter_chars(question.mailbox.address))
    parts = [users.oraddress_filter.replace("{}", escape_filter_chars(form)) for form in text_forms(question.address)]
    return f"(|{''.join(parts)})" if parts else None


def user_of(users: LDAPUsers, question: UserOfMailbox | UserOfORAddress, entries: Sequence[Found]) -> UserPair | NoMatch:
    """The user that the entries found tell of. Entries that contradict each other are as good as none, and an operator reads of it."""
    if isinstance(question, UserOfMailbox):
        pairs = [
            UserPair(mailbox=question.mailbox, oraddress=addresses[0], where=entry.name)
            for entry in entries
            if (addresses := _oraddresses(entry, users))
        ]
        return _only(pairs, question.mailbox.address, len({pair.oraddress.key() for pair in pairs}))
    pairs = [
        UserPair(mailbox=mailboxes[0], oraddress=question.address, where=entry.name)
        for entry in entries
        if question.key in {address.key() for address in _oraddresses(entry, users)} and (mailboxes := _mailboxes(entry, users))
    ]
    return _only(pairs, str(question.key), len({pair.mailbox for pair in pairs}))


def _only(pairs: Sequence[UserPair], asked: str, different: int) -> UserPair | NoMatch:
    if different > 1:
        _log.warning("lookup.odd_answer", source="ldap", name=asked, reason=f"{len(pairs)} entries with different addresses: none is used")
        return NO_MATCH
    return pairs[0] if pairs else NO_MATCH


def _oraddresses(entry: Found, users: LDAPUsers) -> list[ORAddress]:
    found = []
    for text in sorted(_values(entry, users.oraddress_attribute)):
        try:
            found.append(from_text(text))
        except StdOrError as error:
            _log.warning("lookup.odd_answer", source="ldap", name=entry.name, reason=f"{users.oraddress_attribute}: {error}")
    return found


def _mailboxes(entry: Found, users: LDAPUsers) -> list[Mailbox]:
    found = []
    for text in sorted(_values(entry, users.mailbox_attribute)):
        try:
            found.append(Mailbox.from_text(text))
        except GatewayError as error:
            _log.warning("lookup.odd_answer", source="ldap", name=entry.name, reason=f"{users.mailbox_attribute}: {error}")
    return found


def _values(entry: Found, attribute: str) -> tuple[str, ...]:
    return next((values for type_, values in entry.attributes.items() if type_.lower() == attribute.lower()), ())


# --- text forms ----------------------------------------------------------------------------------------------------------------------

_LABELS: Final = {
    "given_name": "G", "initials": "I", "surname": "S", "generation": "GQ", "common_name": "CN", "organization": "O",
    "organizational_units": "OU", "prmd": "P", "admd": "A", "country": "C",
}  # fmt: skip
"""Labels of RFC 1685 in the order in which people write them."""


def text_forms(address: ORAddress) -> tuple[str, ...]:
    """The texts under which an O/R address may be written in a directory: std-or (RFC 2156 4.1), and the two usual forms of RFC 1685.

    A directory compares text: case and repeated blanks do not count there, order and separators do.
    """
    try:
        slashed = to_text(address)
    except StdOrError:
        return ()
    if not slashed:
        return ()
    plain = {row.name for row, _ in address.attributes()} <= _LABELS.keys() and not {"$", ";", "*", "{"} & set(slashed)
    return (slashed, "; ".join(_labelled(address)), ";".join(_labelled(address))) if plain else (slashed,)


def _labelled(address: ORAddress) -> list[str]:
    parts: list[str] = []
    for name, label in _LABELS.items():
        value = getattr(address, name)
        if name == "organizational_units":
            parts += [f"{label}{number}={unit}" for number, unit in enumerate(value, 1)]
        elif value is not None:
            parts.append(f"{label}={value}")
    return parts
