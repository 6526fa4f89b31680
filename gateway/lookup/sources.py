"""Answers the questions of a conversion: each goes to its source, in parallel, with a time limit and a cap for each message.

The relay runs a conversion with `Sources.settled`: run, answer what is open, run again with the answers, a bounded number of rounds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
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

_log = log.get("lookup")

_MOST_ROUNDS: Final = 6


class Oracle(Protocol):
    """A source that can be asked; `px.PXResolver` and `ldap.LDAPSource` implement it."""

    def cached(self, question: Question) -> bool:
        """Whether an answer is at hand without asking anybody."""

    async def answer(self, question: Question) -> Answer:
        """The answer; `Unreachable` where there is none at present. Raises nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Generic[T]):
    """A conversion whose questions are answered.

    Attributes:
        given_up: Questions of header addresses that were given up after the time limit, with the reasons; each is worth a Note.
    """

    result: T
    answers: Answers
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

    async def settled(
        self,
        run: Callable[[Knowledge], Awaitable[T | Unresolved]],
        fresh: Callable[[Answers], Knowledge],
        answers: Answers | None = None,
    ) -> Settled[T] | Unresolved:
        """Run a conversion until it has no open questions.

        Args:
            run: One run, in a thread where it is long: ``attempt`` of the conversion with the knowledge given.
            fresh: `knowledge` with the present tables and directory.
            answers: To begin with; says whether the time limit of header addresses has passed.

        Returns:
            The result, or an `Unresolved` without questions: the message has to wait, its ``failure()`` says why.
        """
        answers = answers or Answers()
        waiting: dict[Question, str] = {}
        left = self._most_questions
        for _ in range(_MOST_ROUNDS):
            knowledge = fresh(answers)
            found = await run(knowledge)
            if not isinstance(found, Unresolved):
                return Settled(result=found, answers=answers, given_up=knowledge.given_up)
            if not found.questions:
                return found
            waiting = dict.fromkeys(found.questions, f"more than {_MOST_ROUNDS} rounds of look-ups")
            wired = self._on_the_wire(found.questions)
            answers |= await self.answer(found.questions, most=left)
            left = max(0, left - wired)
        return Unresolved(questions=(), waiting=waiting)

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

    def _on_the_wire(self, questions: Sequence[Question]) -> int:
        return sum(1 for question in questions if (oracle := self._oracles.get(question.source)) and not oracle.cached(question))


async def _ask(oracle: Oracle, question: Question, slots: asyncio.Semaphore) -> Answer:
    async with slots:
        return await oracle.answer(question)
