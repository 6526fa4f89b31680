"""One attempt at one transfer: its addresses are mapped under one set of tables, and what has to be looked up for them is looked up.

Sorting and converting share the answers and the cap of look-ups. An address of the envelope that cannot be looked up now makes its
recipient wait; one of a header makes the message wait, until the limit of RFC 2156 4.2.1 has passed and it is encapsulated.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from gateway.errors import ConversionError, Failure
from gateway.journeys.common import Surroundings, failing, threaded
from gateway.lookup.sources import Settled
from gateway.mixer.policy import Settings
from gateway.mixer.questions import Knowledge, Question, Unresolved, attempt, shown
from gateway.mixer.rules import Note
from gateway.permission import Directions, Meaning
from gateway.spool.transfer import Recipient, Side, Transfer

T = TypeVar("T")


class Attempt:
    """The mapping and the look-ups of one attempt at one transfer.

    Attributes:
        settings: As they were when the attempt began: a reload in the middle of it counts for the next one.
    """

    def __init__(self, surroundings: Surroundings, transfer: Transfer) -> None:
        settings, source = surroundings.settings(), transfer.source
        self.settings = settings.towards(surroundings.policy_of(source.peer)) if source.side is Side.X400 else settings
        self._around = surroundings
        self._size = transfer.size
        limit_passed = surroundings.clock() - transfer.arrived >= surroundings.header_limit
        self._inquiry = surroundings.sources.inquiry(self.settings.tables, self.settings.users, header_limit_passed=limit_passed)

    async def meanings(
        self, recipients: Sequence[Recipient], meaning: Callable[[Directions, Recipient], Meaning]
    ) -> Mapping[int, Meaning | Failure]:
        """What each recipient finally means, by number; a failure below 500 where that cannot be looked up now."""

        def run_of(recipient: Recipient) -> Callable[[Knowledge], Awaitable[Meaning | Failure | Unresolved]]:
            def work(knowledge: Knowledge) -> Meaning:
                return meaning(self._around.directions(self._with(knowledge)), recipient)

            async def run(knowledge: Knowledge) -> Meaning | Failure | Unresolved:
                return failing(lambda: attempt(work, knowledge))

            return run

        found: Mapping[int, Settled[Meaning | Failure] | Unresolved]
        found = await self._inquiry.settled_each({each.number: run_of(each) for each in recipients})
        return {number: each.result if isinstance(each, Settled) else each.failure() for number, each in found.items()}

    async def settled(self, work: Callable[[Settings], T]) -> tuple[T, tuple[Note, ...]]:
        """Run a conversion until it has no open questions; with the notes of header addresses that were given up.

        Raises:
            ConversionError: The conversion refuses; or an address cannot be looked up now (a code below 500).
        """

        async def run(knowledge: Knowledge) -> T | Unresolved:
            return await threaded(self._size, lambda: attempt(lambda known: work(self._with(known)), knowledge))

        found = await self._inquiry.settled(run)
        if isinstance(found, Unresolved):
            raise ConversionError(found.failure())
        return found.result, tuple(_given_up(question, reason) for question, reason in found.given_up.items())

    def _with(self, knowledge: Knowledge) -> Settings:
        return replace(self.settings, knowledge=knowledge)


def _given_up(question: Question, reason: str) -> Note:
    text = f"{shown(question)} could not be looked up in time and was encapsulated: {reason}"
    return Note(rule="address", section="4.2.1", text=text)
