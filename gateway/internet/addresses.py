"""Mailboxes, groups and lists of them: RFC 5322 section 3.4 and 4.4, RFC 6532."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gateway.errors import GatewayError
from gateway.internet.encoded_words import decode_text, encode_phrase, quote, sanitise
from gateway.internet.tokens import Kind, Token, address_tokens

_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\U0010ffff]+(\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\U0010ffff]+)*")


class AddressSyntaxError(GatewayError):
    """A text that should be one mailbox is not."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mailbox:
    """One mailbox. Equal to another when the local parts are the same and the domains are, whatever their case.

    Attributes:
        local: Local part as it is meant, without quotes and backslashes.
        domain: Domain or domain literal (with its brackets), as written; empty where the field had none.
        display: Display name, decoded.
        comments: Comments in and beside the mailbox, decoded.
    """

    local: str
    domain: str
    display: str = ""
    comments: tuple[str, ...] = field(default=())

    @property
    def address(self) -> str:
        """``local@domain``, the local part quoted where it must be."""
        text = sanitise(self.local)
        local = text if _DOT_ATOM.fullmatch(text) else quote(text)
        return f"{local}@{sanitise(self.domain)}" if self.domain else local

    def to_text(self) -> str:
        """The mailbox as it stands in a header field: ``display <address>``, or the bare address."""
        return f"{encode_phrase(self.display)} <{self.address}>" if self.display else self.address

    @classmethod
    def from_text(cls, text: str) -> Mailbox:
        """Read exactly one mailbox with a domain, with or without a display name.

        Raises:
            AddressSyntaxError: It is empty, a group, several, or without a domain.
        """
        found = parse_addresses(text)
        if len(found) != 1 or not isinstance(found[0], Mailbox):
            raise AddressSyntaxError(f"one mailbox was expected, not {text[:200]!r}")
        if not found[0].domain or not found[0].local:
            raise AddressSyntaxError(f"the mailbox {text[:200]!r} has no {'local part' if found[0].domain else 'domain'}")
        return found[0]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mailbox):
            return NotImplemented
        return self.local == other.local and self.domain.lower() == other.domain.lower()

    def __hash__(self) -> int:
        return hash((self.local, self.domain.lower()))

    def __str__(self) -> str:
        return self.to_text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named group of mailboxes, possibly empty (``undisclosed-recipients:;``)."""

    name: str
    members: tuple[Mailbox, ...] = ()

    def to_text(self) -> str:
        """The group as it stands in a header field."""
        return f"{encode_phrase(self.name)}: {', '.join(member.to_text() for member in self.members)};"


def parse_addresses(value: str) -> tuple[Mailbox | Group, ...]:
    """The addresses of a field, in order. Whatever cannot be read as one is left out; nothing raises."""
    return tuple(_AddressReader(address_tokens(value)).read())


def left_out(value: str) -> tuple[str, ...]:
    """What `parse_addresses` leaves out of a field: names without an address, source routes, comments at the name of a group."""
    reader = _AddressReader(address_tokens(value))
    for _ in reader.read():
        pass
    return tuple(text for text in reader.left_out if text)


def mailboxes(value: str) -> tuple[Mailbox, ...]:
    """The mailboxes of a field, those inside groups too."""
    found: list[Mailbox] = []
    for address in parse_addresses(value):
        found.extend(address.members if isinstance(address, Group) else (address,))
    return tuple(found)


def serialise_addresses(addresses: Iterable[Mailbox | Group]) -> str:
    """The value of an address field."""
    return ", ".join(address.to_text() for address in addresses)


class _AddressReader:
    """One pass over the tokens of an address list."""

    def __init__(self, tokens: Iterator[Token]) -> None:
        self._tokens = tokens
        self._words: list[Token] = []
        self._angle: list[Token] | None = None
        self._comments: list[str] = []
        self._group: str | None = None
        self._members: list[Mailbox] = []
        self.left_out: list[str] = []

    def read(self) -> Iterator[Mailbox | Group]:
        for token in self._tokens:
            if token.kind is Kind.COMMENT:
                self._comments.append(token.text)
            elif token.is_special("<"):
                self._read_angle()
            elif token.is_special(",;"):
                yield from self._mailbox()
                if token.text == ";":
                    yield from self._end_group()
            elif token.is_special(":") and self._group is None and not any(word.is_special("@") for word in self._words):
                self._group, self._words = _phrase(self._words), []
                self._forget_comments()
            else:
                self._words.append(token)
        yield from self._mailbox()
        yield from self._end_group()

    def _read_angle(self) -> None:
        """``<`` up to ``>``: the address, with the source route of RFC 5322 4.4 left out."""
        self._angle = []
        for token in self._tokens:
            if token.is_special(">"):
                break
            if token.kind is Kind.COMMENT:
                self._comments.append(token.text)
            elif token.is_special(":") and self._angle[:1] and self._angle[0].is_special("@"):
                self.left_out.append("".join(part.text for part in self._angle))
                self._angle.clear()
            elif not token.is_special("<"):
                self._angle.append(token)

    def _mailbox(self) -> Iterator[Mailbox]:
        """The mailbox that the words so far make; inside a group it is kept as a member."""
        found: Mailbox | None = None
        comments = tuple(decode_text(comment) for comment in self._comments)
        if self._angle is not None:
            local, domain, _ = _address(self._angle, whole=True)
            if local or domain:
                found = Mailbox(local=local, domain=domain, display=_phrase(self._words), comments=comments)
            else:
                self.left_out.append(_phrase(self._words))
        elif self._words:
            local, domain, before = _address(self._words, whole=False)
            if local or domain:
                found = Mailbox(local=local, domain=domain, display=_phrase(before), comments=comments)
        if found is None:
            self._forget_comments()
        self._words, self._angle = [], None
        self._comments.clear()
        if found is not None and self._group is not None:
            self._members.append(found)
        elif found is not None:
            yield found

    def _forget_comments(self) -> None:
        self.left_out.extend(self._comments)
        self._comments.clear()

    def _end_group(self) -> Iterator[Group]:
        if self._group is not None:
            yield Group(name=self._group, members=tuple(self._members))
        self._group, self._members = None, []


def _phrase(words: list[Token]) -> str:
    """A display name: words with the spaces they had; encoded words are decoded, but not inside quoted strings."""
    found, atoms = "", ""
    for index, word in enumerate(words):
        space = " " if word.spaced and index else ""
        if word.kind is Kind.QUOTED:
            found, atoms = found + decode_text(atoms) + (space or (" " if index else "")) + word.text, ""
        else:
            atoms += space + word.text
    return (found + decode_text(atoms)).strip()


def _address(tokens: list[Token], *, whole: bool) -> tuple[str, str, list[Token]]:
    """Local part, domain, and the words before the local part (only where not ``whole``)."""
    at = max((index for index, token in enumerate(tokens) if token.is_special("@")), default=None)
    if at is None:
        return _join(tokens), "", []
    start = 0 if whole else _start_of_local(tokens[:at])
    return _join(tokens[start:at]), "".join(token.text for token in tokens[at + 1 :]), tokens[:start]


def _start_of_local(tokens: list[Token]) -> int:
    """Where a local part begins: its words are joined by dots (RFC 5322 4.4), other words before it are a name.

    # Peer: unquoted std-or addresses with blanks (``/CN=Ann Lee/C=xx/@gw``) are taken whole, as 822 gateways wrote them.
    """
    if tokens and tokens[0].text.startswith("/"):
        return 0
    start = len(tokens)
    while start > 0:
        current = tokens[start] if start < len(tokens) else None
        before = tokens[start - 1]
        if current and current.spaced and not before.is_special(".@") and not current.is_special(".@"):
            break
        start -= 1
    return start


def _join(tokens: list[Token]) -> str:
    """The meaning of a local part; blanks stay only between words that no dot joins."""
    found: list[str] = []
    for index, token in enumerate(tokens):
        if index and token.spaced and not token.is_special(".@") and not tokens[index - 1].is_special(".@"):
            found.append(" ")
        found.append(token.text)
    return "".join(found)
