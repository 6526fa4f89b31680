"""One attempt at one transfer: its addresses are mapped under one set of tables, and what has to be looked up for them is looked up.

Sorting and converting share the answers and the cap of look-ups. An address of the envelope that cannot be looked up now makes its
recipient wait; one of a header makes the message wait, until the limit of RFC 2156 4.2.1 has passed and it is encapsulated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from gateway.conversions.jobs import Converted, Job
from gateway.conversions.workers import Workers
from gateway.errors import ConversionError, Failure
from gateway.journeys.common import Surroundings, failing, threaded
from gateway.lookup.sources import Settled
from gateway.mixer.policy import Context, Settings
from gateway.mixer.questions import Knowledge, Question, Unresolved, attempt, shown
from gateway.mixer.rules import Note
from gateway.permission import Directions, Meaning
from gateway.spool.transfer import Claim, Recipient, Side, Transfer

T = TypeVar("T")

_OCTETS_A_RECIPIENT = 1024
"""So much more of a message costs as much to convert as one more recipient."""


class Attempt:
    """The mapping and the look-ups of one attempt at one transfer.

    Attributes:
        settings: As they were when the attempt began: a reload in the middle of it counts for the next one.
    """

    def __init__(self, surroundings: Surroundings, transfer: Transfer) -> None:
        settings, source = surroundings.settings(), transfer.source
        self.settings = settings.towards(surroundings.policy_of(source.peer)) if source.side is Side.X400 else settings
        self._around = surroundings
        self._size = max(transfer.size, _OCTETS_A_RECIPIENT * len(transfer.recipients))
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
                await asyncio.sleep(0)  # a thousand recipients take half a second, and everybody else has a turn between them
                return failing(lambda: attempt(work, knowledge))

            return run

        found: Mapping[int, Settled[Meaning | Failure] | Unresolved]
        found = await self._inquiry.settled_each({each.number: run_of(each) for each in recipients})
        return {number: each.result if isinstance(each, Settled) else each.failure() for number, each in found.items()}

    async def converted(self, claim: Claim, made: Callable[[Settings], tuple[Job, Context]]) -> Converted:
        """Run a conversion until it has no open questions, with the notes of header addresses that were given up.

        A large message, and one whose conversion failed before, is converted by a process that can be killed.

        Args:
            claim: Whose content it is.
            made: Makes the job, and its context, with what is known of addresses.

        Raises:
            ConversionError: The conversion refuses; or an address cannot be looked up now (a code below 500).
            WorkerError: It was killed.
        """
        workers = self._around.workers
        apart = workers if workers is not None and workers.takes(claim.transfer.id, claim.transfer.size, claim.unended) else None

        def work(knowledge: Knowledge) -> Converted:
            job, context = made(self._with(knowledge))
            return job.run(claim.content, context) if apart is None else apart.run(job, claim.content, context)

        async def run(knowledge: Knowledge) -> Converted | Unresolved:
            if apart is not None:
                return await apart.seated(lambda: attempt(work, knowledge))
            with _suspecting(workers, claim):
                return await threaded(self._size, lambda: attempt(work, knowledge))

        result, given_up = await self._settled(run)
        return replace(result, notes=(*result.notes, *given_up))

    async def settled(self, work: Callable[[Settings], T]) -> tuple[T, tuple[Note, ...]]:
        """Run a small conversion in this process until it has no open questions; with the notes of header addresses that were given up.

        Raises:
            ConversionError: The conversion refuses; or an address cannot be looked up now (a code below 500).
        """

        async def run(knowledge: Knowledge) -> T | Unresolved:
            return await threaded(self._size, lambda: attempt(lambda known: work(self._with(known)), knowledge))

        return await self._settled(run)

    async def _settled(self, run: Callable[[Knowledge], Awaitable[T | Unresolved]]) -> tuple[T, tuple[Note, ...]]:
        found = await self._inquiry.settled(run)
        if isinstance(found, Unresolved):
            raise ConversionError(found.failure())
        return found.result, tuple(_given_up(question, reason) for question, reason in found.given_up.items())

    def _with(self, knowledge: Knowledge) -> Settings:
        return replace(self.settings, knowledge=knowledge)


@contextmanager
def _suspecting(workers: Workers | None, claim: Claim) -> Iterator[None]:
    """A fault of the conversion here makes the next attempt one in a worker."""
    ended = False
    try:
        yield
        ended = True
    except ConversionError:
        ended = True
        raise
    finally:
        if not ended and workers is not None:
            workers.suspect(claim.transfer.id)


def _given_up(question: Question, reason: str) -> Note:
    text = f"{shown(question)} could not be looked up in time and was encapsulated: {reason}"
    return Note(rule="address", section="4.2.1", text=text)
