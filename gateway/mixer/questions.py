"""What a mapping needs to know from outside, as values: questions, answers, and the tables with answers laid over them.

The mappings of 4.3.4 and 4.3.5 ask a `Knowledge` (through `Asking`) instead of the bare tables. It has what is at hand (the four tables,
the users' directory) and the answers that came in before; what is missing it notes as an open question, and says "nothing known" for the
moment. So one run of a conversion collects all its questions, the relay answers them (``lookup.sources``), and the next run, with the same
arguments and the answers, finds them settled. `attempt` is one such run::

    answers = Answers()
    while isinstance(found := attempt(lambda known: convert(..., known), Knowledge(tables=..., answers=answers)), Unresolved):
        answers |= await sources.answer(found.questions)

(`lookup.sources.Inquiry` is this loop with its bounds.)

**Time-outs.** An unreachable source is "don't know", never "no match" (4.2.1). An envelope address that met one leaves the conversion
`Unresolved` with ``waiting``: the message is deferred. So does a header address, until `Answers.header_limit_passed`; from then on it
is encapsulated, and `Knowledge.given_up` names the questions for the Notes.

**Order.** Exact pairs of individual users win over rules: first the directory's, then those of LDAP. Rules come from the sources in the
order of the configuration. A source that states a rule or a preferred gateway for an address ends the search among what stands behind
it, except that a preferred gateway in the tables is only the fallback of stage II (defect D14 of the RFC's text): other sources may still
know a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeVar

from gateway.errors import ConversionError, Failure
from gateway.internet.addresses import Mailbox
from gateway.mixer.mcgam import Entry, Levels, MappingTable, MappingTables, normalised
from gateway.x400.oraddress import ORAddress

T = TypeVar("T")


class Source(Enum):
    """Where mappings come from; the names of the configuration."""

    DIRECTORY = "directory"
    TABLES = "tables"
    PX = "px"
    LDAP = "ldap"


# --- questions -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRule:
    """Which rule or preferred gateway does a source have for a domain (RFC 2163 table2 and gate2)?

    Attributes:
        domain: In lower case, without the last dot.
    """

    source: Source
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ORAddressRule:
    """Which rule or preferred gateway does a source have for an O/R hierarchy (RFC 2163 table1 and gate1)?

    Attributes:
        levels: As the tables compare them (`mcgam.normalised`), without omitted levels at the end.
    """

    source: Source
    levels: Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class UserOfMailbox:
    """Which O/R address has the user of this mailbox?"""

    source: Source
    mailbox: Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class UserOfORAddress:
    """Which mailbox has the user of this O/R address? Addresses that match (X.402 18.4) ask the same question."""

    source: Source
    key: tuple[tuple[str, object], ...]
    address: ORAddress = field(compare=False)


Question = DomainRule | ORAddressRule | UserOfMailbox | UserOfORAddress

# --- answers -------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that was found.

    Attributes:
        table: The one of the four tables that it would stand in; says whether it is a rule or a preferred gateway.
        entry: The rule; ``where`` names the record or the entry.
    """

    table: MappingTable
    entry: Entry

    @property
    def is_gateway(self) -> bool:
        """Whether it names a preferred gateway: the address is encapsulated, not translated."""
        return self.table in (MappingTable.DOMAIN_TO_GATEWAY, MappingTable.ORADDRESS_TO_GATEWAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPair:
    """An individual user: an exact pair.

    Attributes:
        where: ``file:line`` or the name of the directory entry, for `Mapped.steps`.
    """

    mailbox: Mailbox
    oraddress: ORAddress
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMatch:
    """The source was asked and knows nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """The source could not be asked: a time-out, an error code, too many look-ups. Never "no match" (4.2.1, RFC 2163 5)."""

    reason: str


Answer = Rule | UserPair | NoMatch | Unreachable

NO_MATCH: Final = NoMatch()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What is known from outside, for one message.

    Attributes:
        header_limit_passed: The message has waited for header addresses long enough (4.2.1): what cannot be reached is encapsulated.
    """

    found: Mapping[Question, Answer] = field(default_factory=lambda: MappingProxyType({}))
    header_limit_passed: bool = False

    def __or__(self, more: Mapping[Question, Answer]) -> Answers:
        """With more answers; newer ones count."""
        return replace(self, found=MappingProxyType({**self.found, **more}))


class Users(Protocol):
    """Individual users that are at hand at once; the compiled directory implements it."""

    def of_mailbox(self, mailbox: Mailbox) -> UserPair | None:
        """The user of a mailbox."""

    def of_oraddress(self, address: ORAddress) -> UserPair | None:
        """The user of an O/R address."""


class _NoUsers:
    def of_mailbox(self, mailbox: Mailbox) -> UserPair | None:
        return None

    def of_oraddress(self, address: ORAddress) -> UserPair | None:
        return None


NO_USERS: Final[Users] = _NoUsers()

# --- the overlay ---------------------------------------------------------------------------------------------------------------------


class Knowledge:
    """Tables, directory and answers as one, for one run of one conversion; notes what else would have to be known.

    Args:
        tables: The four tables.
        users: The directory.
        answers: What was answered before this run.
        rules_from: Sources of rules in order; `TABLES` among them marks the place of the tables.
        users_from: Sources of users that have to be asked, in order; they stand behind ``users``.
    """

    def __init__(
        self,
        *,
        tables: MappingTables,
        users: Users = NO_USERS,
        answers: Answers | None = None,
        rules_from: Sequence[Source] = (Source.TABLES,),
        users_from: Sequence[Source] = (),
    ) -> None:
        self._tables = tables
        self._users = users
        self._answers = answers or Answers()
        self._rules_from = tuple(rules_from)
        self._users_from = tuple(users_from)
        self._open_of_envelope: dict[Question, None] = {}
        self._open_of_header: dict[Question, None] = {}
        self._waiting: dict[Question, str] = {}
        self._given_up: dict[Question, str] = {}
        self._made: dict[tuple[Hashable, int], tuple[object, Any]] = {}

    def once(self, key: Hashable, settings: object, make: Callable[[], T]) -> T:
        """What is made once in this run: a later call with the same key and the very same settings gets the same value.

        Its questions are noted when it is made, and nothing that could change it does so within a run.
        """
        kept = self._made.get((key, id(settings)))
        if kept is None:
            kept = self._made[(key, id(settings))] = (settings, make())
        found: T = kept[1]
        return found

    def asking(self, *, envelope: bool) -> Asking:
        """This knowledge for one address; of the envelope (recipient, originator) or of a header."""
        return Asking(self, envelope)

    @property
    def is_at_hand(self) -> bool:
        """Whether nobody is asked: all rules and users are in the tables and the directory, and those are here."""
        return self._rules_from == (Source.TABLES,) and not self._users_from and bool(self._tables)

    @property
    def open(self) -> tuple[Question, ...]:
        """Questions that nobody has answered yet, those of the envelope first: it decides whether the message can go at all."""
        return tuple({**self._open_of_envelope, **self._open_of_header})

    @property
    def waiting(self) -> Mapping[Question, str]:
        """Questions whose source is unreachable and that the message has to wait for; with the reasons."""
        return MappingProxyType(self._waiting)

    @property
    def given_up(self) -> Mapping[Question, str]:
        """Questions of header addresses that were given up after the time limit; with the reasons, for the Notes."""
        return MappingProxyType(self._given_up)

    def user_of_mailbox(self, mailbox: Mailbox, *, envelope: bool) -> UserPair | None:
        """The individual user of a mailbox: before stage I of 4.3.4."""
        found = self._users.of_mailbox(mailbox)
        if found is not None:
            return found
        return self._user([UserOfMailbox(source=source, mailbox=_bare(mailbox)) for source in self._users_from], envelope)

    def user_of_oraddress(self, address: ORAddress, *, envelope: bool) -> UserPair | None:
        """The individual user of an O/R address: before mapping B of 4.3.5, and after mapping A has failed to apply."""
        found = self._users.of_oraddress(address)
        if found is not None:
            return found
        key = address.key()
        return self._user([UserOfORAddress(source=source, key=key, address=address) for source in self._users_from], envelope)

    def oraddress_of_domain(self, domain: str, *, envelope: bool) -> Entry | None:
        """The rule for a domain (4.3.4 step 8): the longest match of the first source that has one."""
        found = self._rule(self._domain_questions(domain), lambda: self._tables.oraddress_of_domain(domain), envelope)
        return found if isinstance(found, Entry) else None

    def gateway_of_domain(self, domain: str, *, envelope: bool) -> Entry | None:
        """The preferred gateway for a domain (4.3.4 stage II), by the same order."""
        return self._gateway(self._domain_questions(domain), lambda: self._tables.gateway_of_domain(domain), envelope)

    def domains_of_oraddress(self, levels: Levels, *, envelope: bool) -> Iterator[Entry]:
        """The rules for an O/R hierarchy (4.3.5 step 3): all matches of the first source that has one, longest first.

        Only the tables can have several: a source that is asked returns its longest.
        """
        of_tables = list(self._tables.domains_of_oraddress(levels))
        found = self._rule(self._levels_questions(levels), lambda: of_tables[0] if of_tables else None, envelope)
        if isinstance(found, Entry):
            yield from of_tables if of_tables and found is of_tables[0] else (found,)

    def gateway_of_oraddress(self, levels: Levels, *, envelope: bool) -> Entry | None:
        """The preferred gateway for an O/R hierarchy (4.3.5 step 3), by the same order."""
        return self._gateway(self._levels_questions(levels), lambda: self._tables.gateway_of_oraddress(levels), envelope)

    def _domain_questions(self, domain: str) -> dict[Source, Question]:
        bare = domain.lower().rstrip(".")
        return {source: DomainRule(source=source, domain=bare) for source in self._rules_from if source is not Source.TABLES}

    def _levels_questions(self, levels: Levels) -> dict[Source, Question]:
        folded = normalised_levels(levels)
        return {source: ORAddressRule(source=source, levels=folded) for source in self._rules_from if source is not Source.TABLES}

    def _user(self, questions: Sequence[Question], envelope: bool) -> UserPair | None:
        for question in questions:
            answer = self._answer(question, envelope)
            if isinstance(answer, UserPair):
                return answer
            if not isinstance(answer, NoMatch):
                return None
        return None

    def _rule(self, questions: Mapping[Source, Question], in_tables: Callable[[], Entry | None], envelope: bool) -> Entry | Rule | None:
        """The first source's rule; a `Rule` when a source states a preferred gateway instead, which ends the search for rules too."""
        for source in self._rules_from:
            if source is Source.TABLES:
                if (entry := in_tables()) is not None:
                    return entry
                continue
            answer = self._answer(questions[source], envelope)
            if isinstance(answer, Rule):
                return answer if answer.is_gateway else answer.entry
            if answer is None:
                self._ask_ahead(questions, source, envelope)
            if not isinstance(answer, NoMatch):
                return None
        return None

    def _gateway(self, questions: Mapping[Source, Question], in_tables: Callable[[], Entry | None], envelope: bool) -> Entry | None:
        """The first preferred gateway; a source that has a rule in its place has no gateway for this address."""
        for source in self._rules_from:
            if source is Source.TABLES:
                if (entry := in_tables()) is not None:
                    return entry
                continue
            answer = self._answer(questions[source], envelope)
            if isinstance(answer, Rule) and answer.is_gateway:
                return answer.entry
            if not isinstance(answer, NoMatch | Rule):
                return None
        return None

    def _answer(self, question: Question, envelope: bool) -> Answer | None:
        """What is known; an unreachable source of a header address counts as "no match" when the message has waited long enough."""
        answer = self._answers.found.get(question)
        if answer is None:
            self._note_open(question, envelope)
        elif isinstance(answer, Unreachable) and not envelope and self._answers.header_limit_passed:
            self._given_up[question] = answer.reason
            return NO_MATCH
        elif isinstance(answer, Unreachable):
            self._waiting[question] = answer.reason
        return answer

    def _note_open(self, question: Question, envelope: bool) -> None:
        (self._open_of_envelope if envelope else self._open_of_header).setdefault(question)

    def _ask_ahead(self, questions: Mapping[Source, Question], source: Source, envelope: bool) -> None:
        """Ask the sources behind an open one in the same round, unless the tables come first and have the rule anyway."""
        behind = self._rules_from[self._rules_from.index(source) + 1 :]
        for other in behind:
            if other is Source.TABLES:
                return
            if questions[other] not in self._answers.found:
                self._note_open(questions[other], envelope)


@dataclass(frozen=True, slots=True)
class Asking:
    """What the mapping of one address asks: a `Knowledge`, and whether the address is of the envelope.

    The four look-ups of rules have the names and arguments that they have in `MappingTables`.
    """

    knowledge: Knowledge
    envelope: bool

    def user_of_mailbox(self, mailbox: Mailbox) -> UserPair | None:
        """The individual user of a mailbox."""
        return self.knowledge.user_of_mailbox(mailbox, envelope=self.envelope)

    def user_of_oraddress(self, address: ORAddress) -> UserPair | None:
        """The individual user of an O/R address."""
        return self.knowledge.user_of_oraddress(address, envelope=self.envelope)

    def oraddress_of_domain(self, domain: str) -> Entry | None:
        """The rule for a domain."""
        return self.knowledge.oraddress_of_domain(domain, envelope=self.envelope)

    def gateway_of_domain(self, domain: str) -> Entry | None:
        """The preferred gateway for a domain."""
        return self.knowledge.gateway_of_domain(domain, envelope=self.envelope)

    def domains_of_oraddress(self, levels: Levels) -> Iterator[Entry]:
        """The rules for an O/R hierarchy, longest first."""
        return self.knowledge.domains_of_oraddress(levels, envelope=self.envelope)

    def gateway_of_oraddress(self, levels: Levels) -> Entry | None:
        """The preferred gateway for an O/R hierarchy."""
        return self.knowledge.gateway_of_oraddress(levels, envelope=self.envelope)


def shown(question: Question) -> str:
    """A question in words, for Notes and the log."""
    if isinstance(question, DomainRule):
        return f"{question.domain} in {question.source.value}"
    if isinstance(question, ORAddressRule):
        return f"{'/'.join(value or '@' for value in question.levels)} in {question.source.value}"
    if isinstance(question, UserOfMailbox):
        return f"the user {question.mailbox.address} in {question.source.value}"
    return f"the user with {', '.join(f'{name}={value}' for name, value in question.key)} in {question.source.value}"


def normalised_levels(levels: Levels) -> Levels:
    """Levels as the tables compare them, without omitted ones at the end."""
    found = [normalised(at, value) for at, value in enumerate(levels)]
    while found and found[-1] is None:
        found.pop()
    return tuple(found)


def _bare(mailbox: Mailbox) -> Mailbox:
    return Mailbox(local=mailbox.local, domain=mailbox.domain) if mailbox.display or mailbox.comments else mailbox


# --- one run -------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """A conversion that is not settled.

    Attributes:
        questions: To be asked; empty when all that is missing is unreachable.
        waiting: What was asked and could not be reached, with the reasons. With no ``questions`` the message has to wait.
    """

    questions: tuple[Question, ...]
    waiting: Mapping[Question, str]

    def failure(self) -> Failure:
        """Why the message is deferred, for the outcome and a 451: X.411 transfer-failure(0), RFC 3463 4.4.3."""
        reasons = "; ".join(dict.fromkeys(self.waiting.values()))
        return Failure(
            reason=0, smtp_code=451, status="4.4.3", text="An address cannot be looked up at present; it is tried again later.",
            detail=reasons,
        )  # fmt: skip


def attempt(work: Callable[[Knowledge], T], knowledge: Knowledge) -> T | Unresolved:
    """Run a conversion once.

    Args:
        work: The conversion; what it returns, or refuses, without all answers does not count.
        knowledge: Fresh for this run.

    Raises:
        ConversionError: The conversion refuses, and nothing that is open could change that.
    """
    result: T | None = None
    refusal: ConversionError | None = None
    try:
        result = work(knowledge)
    except ConversionError as error:
        refusal = error
    if knowledge.open or knowledge.waiting:
        return Unresolved(questions=knowledge.open, waiting=dict(knowledge.waiting))
    if refusal is not None:
        raise refusal
    return result  # type: ignore[return-value]
