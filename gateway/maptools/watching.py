"""Tables and users that keep a record of what was looked up in them: every key that was tried, and what was there.

They give what the plain ones give: the look-ups are those of `gateway.mixer.mcgam` itself, only its four indexes are wrapped.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, TypeVar

from gateway.internet.addresses import Mailbox
from gateway.maptools.reversal import text_of_levels
from gateway.mixer.mcgam import Entry, MappingTable
from gateway.mixer.policy import Settings
from gateway.mixer.questions import (
    NO_USERS,
    Answer,
    DomainRule,
    ORAddressRule,
    Question,
    Rule,
    Unreachable,
    UserOfMailbox,
    UserPair,
    Users,
)
from gateway.mixer.stdor import StdOrError, to_text
from gateway.x400.oraddress import ORAddress

K = TypeVar("K", bound=Hashable)

_MOST_KEPT: Final = 20_000
"""Texts of what was tried; the addresses of a list have few domains."""

DIRECTORY: Final = "directory"
"""Name of the users' directory in a `Tried`."""

_INDEXES: Final = {
    "by_domain": MappingTable.DOMAIN_TO_ORADDRESS,
    "by_levels": MappingTable.ORADDRESS_TO_DOMAIN,
    "gateway_by_domain": MappingTable.DOMAIN_TO_GATEWAY,
    "gateway_by_levels": MappingTable.ORADDRESS_TO_GATEWAY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One key that was looked up in one place.

    Attributes:
        table: Name of one of the four tables, or of another source (`DIRECTORY`, ``px``, ``ldap``).
        key: A domain, an O/R hierarchy as ``/PRMD=../ADMD=../C=../`` with ``@`` for omitted levels, or a whole address.
        where: ``file:line`` (or the record) of what is there; empty for a miss.
    """

    table: str
    key: str
    where: str

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.where or 'no entry'}"

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        return {"table": self.table, "key": self.key, "entry": self.where or None}


_Seen = list[tuple[str, Hashable, str]]


class Watch:
    """Settings under observation; `settings` goes where the plain ones would, `taken` gives what was tried since it was last called."""

    def __init__(self, settings: Settings) -> None:
        self._seen: _Seen = []
        indexes: dict[str, Any] = {
            name: _Index(getattr(settings.tables, name), table.value, self._seen) for name, table in _INDEXES.items()
        }
        users = settings.users if settings.users is NO_USERS else _WatchedUsers(settings.users, self._seen)
        self.settings = replace(settings, tables=replace(settings.tables, **indexes), users=users)

    def note(self, answers: Mapping[Question, Answer]) -> None:
        """Add what other sources were asked and said."""
        for question, answer in answers.items():
            self._seen.append((question.source.value, _asked(question), _said(answer)))

    def taken(self) -> tuple[Tried, ...]:
        """What was tried, in order, each look-up once; begins anew."""
        seen = list(dict.fromkeys(self._seen))
        self._seen.clear()
        return tuple(_tried(*one) for one in seen)


def _asked(question: Question) -> Hashable:
    if isinstance(question, DomainRule):
        return question.domain
    if isinstance(question, ORAddressRule):
        return question.levels
    return question.mailbox.address if isinstance(question, UserOfMailbox) else _shown(question.address)


def _said(answer: Answer) -> str:
    if isinstance(answer, Rule):
        return answer.entry.where
    if isinstance(answer, UserPair):
        return answer.where
    return f"unreachable: {answer.reason}" if isinstance(answer, Unreachable) else ""


@lru_cache(maxsize=_MOST_KEPT)
def _tried(table: str, key: Hashable, where: str) -> Tried:
    return Tried(table=table, key=text_of_levels(key) if isinstance(key, tuple) else str(key), where=where)


def _shown(address: ORAddress) -> str:
    try:
        return to_text(address)
    except StdOrError:
        return "an address without text form"


class _Index(Mapping[K, Entry]):
    """An index of a table; asking it for a key is what gets recorded."""

    def __init__(self, entries: Mapping[K, Entry], table: str, seen: _Seen) -> None:
        self._entries = entries
        self._table = table
        self._seen = seen

    def __getitem__(self, key: K) -> Entry:
        entry = self._entries.get(key)
        self._seen.append((self._table, key, entry.where if entry else ""))
        if entry is None:
            raise KeyError(key)
        return entry

    def __iter__(self) -> Iterator[K]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


class _WatchedUsers:
    def __init__(self, users: Users, seen: _Seen) -> None:
        self._users = users
        self._seen = seen

    def of_mailbox(self, mailbox: Mailbox) -> UserPair | None:
        return self._noted(mailbox.address, self._users.of_mailbox(mailbox))

    def of_oraddress(self, address: ORAddress) -> UserPair | None:
        return self._noted(_shown(address), self._users.of_oraddress(address))

    def _noted(self, key: str, found: UserPair | None) -> UserPair | None:
        self._seen.append((DIRECTORY, key, found.where if found else ""))
        return found
