"""What the gateway and a worker say to each other, and the knowledge of addresses that a worker has: it asks for every piece of it.

A worker says that it is `Ready`. The gateway sends two open files and `Begin`; the worker answers with any number of `Ask`, each of
which gets one answer, and ends with `Done`, `Refused` or `Broken`. Questions to look-ups arise in the gateway, which runs the job again
when they are answered.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from gateway.conversions.jobs import Job
from gateway.errors import Failure
from gateway.internet.addresses import Mailbox
from gateway.internet.envelope import SmtpEnvelope
from gateway.mixer.identifiers import Fact
from gateway.mixer.mcgam import Entry, Levels, MappingTables
from gateway.mixer.policy import Context
from gateway.mixer.questions import NO_USERS, Knowledge, UserPair
from gateway.mixer.rules import Note
from gateway.x400.oraddress import ORAddress


def _frozen(found: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(found)


def _reduced(found: MappingProxyType[Any, Any]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    return _frozen, (dict(found),)


copyreg.pickle(MappingProxyType, _reduced)  # policies hold some; Python cannot send them by itself


@dataclass(frozen=True, slots=True)
class Ready:
    """What a worker says first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """A job; the files of the message and of the result go before it.

    Attributes:
        processor_seconds: How much processor time it may take.
    """

    job: Job
    context: Context
    processor_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A piece of knowledge that the worker needs: what to call of `Knowledge` or of the tables, and with what."""

    method: str
    argument: object
    envelope: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The result is in the file."""

    envelope: SmtpEnvelope | None
    notes: tuple[Note, ...]
    remember: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The message cannot be converted."""

    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The worker gives up, and ends: out of memory, or a fault in the program."""

    reason: str


_OF_TABLES: Final = "tables.oraddress_of_domain"
_ASKED: Final = frozenset(
    {"user_of_mailbox", "user_of_oraddress", "oraddress_of_domain", "gateway_of_domain", "domains_of_oraddress", "gateway_of_oraddress"}
)


def bare(context: Context) -> Context:
    """A context without the tables, users and answers, which stay in the gateway."""
    tables = MappingTables(version=context.settings.tables.version)
    settings = replace(context.settings, tables=tables, users=NO_USERS, knowledge=None)
    return replace(context, settings=settings)


def answer(ask: Ask, context: Context) -> object:
    """The answer to a worker, from the full context of its job."""
    settings = context.settings
    if ask.method == _OF_TABLES:
        return settings.tables.oraddress_of_domain(str(ask.argument))
    assert ask.method in _ASKED
    knowledge = settings.knowledge or Knowledge(tables=settings.tables, users=settings.users)
    found = getattr(knowledge, ask.method)(ask.argument, envelope=ask.envelope)
    return tuple(found) if isinstance(found, Iterator) else found


class _AskingTables(MappingTables):
    """Tables that are asked for the domain of a trace field, which is no question of the message (`mixer.trace`)."""

    _asking: Callable[[Ask], Any]

    def __init__(self, asking: Callable[[Ask], Any], version: str) -> None:
        super().__init__(version=version)
        object.__setattr__(self, "_asking", asking)  # the tables are frozen

    def oraddress_of_domain(self, domain: str) -> Entry | None:
        """See `MappingTables`."""
        found: Entry | None = self._asking(Ask(method=_OF_TABLES, argument=domain, envelope=None))
        return found


class AskingKnowledge(Knowledge):
    """The knowledge of a worker: each question goes to the gateway, once."""

    def __init__(self, asking: Callable[[Ask], Any]) -> None:
        super().__init__(tables=MappingTables())
        self._asking = asking

    def user_of_mailbox(self, mailbox: Mailbox, *, envelope: bool) -> UserPair | None:
        """See `Knowledge`."""
        found: UserPair | None = self._asking(Ask(method="user_of_mailbox", argument=mailbox, envelope=envelope))
        return found

    def user_of_oraddress(self, address: ORAddress, *, envelope: bool) -> UserPair | None:
        """See `Knowledge`."""
        found: UserPair | None = self._asking(Ask(method="user_of_oraddress", argument=address, envelope=envelope))
        return found

    def oraddress_of_domain(self, domain: str, *, envelope: bool) -> Entry | None:
        """See `Knowledge`."""
        return self._entry("oraddress_of_domain", domain, envelope)

    def gateway_of_domain(self, domain: str, *, envelope: bool) -> Entry | None:
        """See `Knowledge`."""
        return self._entry("gateway_of_domain", domain, envelope)

    def domains_of_oraddress(self, levels: Levels, *, envelope: bool) -> Iterator[Entry]:
        """See `Knowledge`."""
        yield from self._asking(Ask(method="domains_of_oraddress", argument=levels, envelope=envelope))

    def gateway_of_oraddress(self, levels: Levels, *, envelope: bool) -> Entry | None:
        """See `Knowledge`."""
        return self._entry("gateway_of_oraddress", levels, envelope)

    def _entry(self, method: str, argument: object, envelope: bool) -> Entry | None:
        found: Entry | None = self._asking(Ask(method=method, argument=argument, envelope=envelope))
        return found


def asking_context(context: Context, asking: Callable[[Ask], Any]) -> Context:
    """The context of a job in a worker, from what `bare` left of it."""
    tables = _AskingTables(asking, context.settings.tables.version)
    return replace(context, settings=replace(context.settings, tables=tables, knowledge=AskingKnowledge(asking)))
