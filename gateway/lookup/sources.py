"""Answers the questions of conversions: each goes to its source, in parallel, with a time limit and a cap for each message.

One attempt for one message has one `Inquiry`, which runs its conversions: run, answer what is open, run again with the answers, a bounded
number of rounds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from gateway import log
from gateway.mixer.mcgam import MappingTables
from gateway.mixer.questions import (
    NO_MATCH,
    NO_USERS,
    Answer,
    Answers,
    Knowledge,
    Question,
    Source,
    Unreachable,
    Unresolved,
    Users,
)

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

_log = log.get("lookup")

_MOST_ROUNDS: Final = 6


class Oracle(Protocol):
    """A source that can be asked; `px.PXResolver` and `ldap.LDAPSource` implement it."""

    def cached(self, question: Question) -> bool:
        """Whether an answer is at hand without asking anybody."""

    async def answer(self, question: Question) -> Answer:
        """The answer; `Unreachable` where there is none at present. Raises nothing."""

    def close(self) -> None:
        """End idle connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Generic[T]):
    """A conversion whose questions are answered.

    Attributes:
        given_up: Questions of header addresses that were given up after the time limit, with the reasons; each is worth a Note.
    """

    result: T
    given_up: Mapping[Question, str]


class Sources:
    """All sources, in the order of the configuration.

    Args:
        order: Which sources are used, and in which order rules are taken from them. `Source.DIRECTORY` and `LDAP` also have users.
        oracles: What answers for `Source.PX` and `Source.LDAP`.
        ldap_users: Whether LDAP is asked for users as well.
        most_questions: Look-ups for one message that go over the wire at one attempt. What is cached does not count, so that a message
            with more of them gets further at every attempt.
        most_at_once: Look-ups of one message under way at the same time.
        seconds: Limit for one round of look-ups.
    """

    def __init__(
        self,
        order: Sequence[Source] = (Source.DIRECTORY, Source.TABLES),
        oracles: Mapping[Source, Oracle] | None = None,
        *,
        ldap_users: bool = True,
        most_questions: int = 200,
        most_at_once: int = 10,
        seconds: float = 30,
    ) -> None:
        self._oracles = dict(oracles or {})
        self.rules_from = tuple(source for source in order if source is Source.TABLES or source in self._oracles)
        self.users_from = tuple(source for source in order if source is Source.LDAP and source in self._oracles and ldap_users)
        self._most_questions = most_questions
        self._most_at_once = most_at_once
        self._seconds = seconds

    def knowledge(self, tables: MappingTables, users: Users = NO_USERS, answers: Answers | None = None) -> Knowledge:
        """What one run of a conversion may know: fresh for every run."""
        return Knowledge(tables=tables, users=users, answers=answers, rules_from=self.rules_from, users_from=self.users_from)

    def inquiry(
        self, tables: MappingTables, users: Users = NO_USERS, *, header_limit_passed: bool = False, most: int | None = None
    ) -> Inquiry:
        """The look-ups of one attempt for one message.

        Args:
            tables: The present tables; the same for the whole attempt.
            users: The present directory, likewise.
            header_limit_passed: The message has waited for header addresses long enough (4.2.1).
            most: Look-ups over the wire, else as configured; with 0 only what is cached counts, and nobody waits.
        """
        most = self._most_questions if most is None else most
        return Inquiry(self, tables, users, Answers(header_limit_passed=header_limit_passed), most)

    async def answer(self, questions: Sequence[Question], *, most: int | None = None) -> dict[Question, Answer]:
        """An answer for each question.

        Args:
            questions: The most important first.
            most: How many may go over the wire; the others are `Unreachable` for now.
        """
        allowed = self._most_questions if most is None else most
        answers: dict[Question, Answer] = {}
        tasks: dict[asyncio.Task[Answer], Question] = {}
        slots = asyncio.Semaphore(self._most_at_once)
        for question in questions:
            oracle = self._oracles.get(question.source)
            if oracle is None:
                answers[question] = NO_MATCH
            elif oracle.cached(question) or allowed > 0:
                allowed -= not oracle.cached(question)
                tasks[asyncio.create_task(_ask(oracle, question, slots))] = question
            else:
                answers[question] = Unreachable(reason="too many look-ups for one message; the others are made at the next attempt")
        return answers | await self._gathered(tasks)

    def close(self) -> None:
        """End the idle connections of all sources."""
        for oracle in self._oracles.values():
            oracle.close()

    async def _gathered(self, tasks: Mapping[asyncio.Task[Answer], Question]) -> dict[Question, Answer]:
        if not tasks:
            return {}
        try:
            done, late = await asyncio.wait(tasks, timeout=self._seconds)
        finally:
            for task in tasks:
                task.cancel()
        if late:
            _log.warning("lookup.unreachable", source="all", reason=f"{len(late)} look-ups without answer after {self._seconds} seconds")
        answers: dict[Question, Answer] = {tasks[task]: task.result() for task in done}
        return answers | {tasks[task]: Unreachable(reason=f"no answer from {tasks[task].source.value} in time") for task in late}

    def on_the_wire(self, questions: Sequence[Question]) -> int:
        """How many of these questions have no cached answer."""
        return sum(1 for question in questions if (oracle := self._oracles.get(question.source)) and not oracle.cached(question))


class Inquiry:
    """The look-ups of one attempt for one message; made by `Sources.inquiry`.

    Its conversions (of each recipient, then of the message) see one set of tables and one directory, share the answers, and share the cap.
    """

    def __init__(self, sources: Sources, tables: MappingTables, users: Users, answers: Answers, most: int) -> None:
        self._sources = sources
        self._tables = tables
        self._users = users
        self._answers = answers
        self._left = most

    async def settled(self, run: Callable[[Knowledge], Awaitable[T | Unresolved]]) -> Settled[T] | Unresolved:
        """Run one conversion until it has no open questions.

        Args:
            run: One run, in a thread where it is long: ``attempt`` of the conversion with the knowledge given.

        Returns:
            The result, or an `Unresolved` without questions: the message has to wait, its ``failure()`` says why.
        """
        return (await self.settled_each({0: run}))[0]

    async def settled_each(
        self, runs: Mapping[K, Callable[[Knowledge], Awaitable[T | Unresolved]]]
    ) -> dict[K, Settled[T] | Unresolved]:
        """Run several conversions, each until it has no open questions; those that are left over in one round ask together."""
        found: dict[K, Settled[T] | Unresolved] = {}
        for _ in range(_MOST_ROUNDS):
            asked: dict[Question, None] = {}
            for key, run in runs.items():
                if key not in found and (questions := await self._run(key, run, found)):
                    asked |= dict.fromkeys(questions)
            if not asked:
                return found
            await self._answer(tuple(asked))
        waiting = dict.fromkeys(asked, f"more than {_MOST_ROUNDS} rounds of look-ups")
        return found | {key: Unresolved(questions=(), waiting=waiting) for key in runs if key not in found}

    async def _run(
        self, key: K, run: Callable[[Knowledge], Awaitable[T | Unresolved]], found: dict[K, Settled[T] | Unresolved]
    ) -> tuple[Question, ...]:
        """One run; its result, or the questions that it leaves open."""
        knowledge = self._sources.knowledge(self._tables, self._users, self._answers)
        result = await run(knowledge)
        if not isinstance(result, Unresolved):
            found[key] = Settled(result=result, given_up=knowledge.given_up)
        elif not result.questions:
            found[key] = result
        return result.questions if isinstance(result, Unresolved) else ()

    async def _answer(self, questions: Sequence[Question]) -> None:
        wired = self._sources.on_the_wire(questions)
        self._answers |= await self._sources.answer(questions, most=self._left)
        self._left = max(0, self._left - wired)


async def _ask(oracle: Oracle, question: Question, slots: asyncio.Semaphore) -> Answer:
    async with slots:
        return await oracle.answer(question)
