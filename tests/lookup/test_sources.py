"""Questions go to their sources in parallel, within limits, and a message gets further at every attempt."""

from __future__ import annotations

import asyncio

from gateway.lookup.sources import Settled, Sources
from gateway.mixer.mcgam import Entry, MappingTable, MappingTables
from gateway.mixer.questions import (
    NO_MATCH,
    Answer,
    DomainRule,
    Knowledge,
    Question,
    Rule,
    Source,
    Unreachable,
    Unresolved,
    attempt,
)

ORDER = (Source.DIRECTORY, Source.TABLES, Source.PX)


def question(number: int) -> DomainRule:
    return DomainRule(source=Source.PX, domain=f"d{number}.fr")


class Oracle:
    """Knows a rule for every domain but those that it is told to be silent about."""

    def __init__(self, silent: tuple[str, ...] = ()) -> None:
        self.silent = silent
        self.asked: list[Question] = []
        self.kept: dict[Question, Answer] = {}

    def cached(self, question: Question) -> bool:
        return question in self.kept

    async def answer(self, question: Question) -> Answer:
        assert isinstance(question, DomainRule)
        if question not in self.kept:
            self.asked.append(question)
            if question.domain in self.silent:
                await asyncio.Event().wait()
        entry = Entry(domain=question.domain, levels=("fr", "a"))
        return self.kept.setdefault(question, Rule(table=MappingTable.DOMAIN_TO_ORADDRESS, entry=entry))


def sources(oracle: Oracle, **limits: float) -> Sources:
    return Sources(ORDER, {Source.PX: oracle}, **limits)  # type: ignore[arg-type]


def conversion(several: Sources, domains: range):
    def work(knowledge: Knowledge) -> list[str]:
        entries = [knowledge.oraddress_of_domain(f"d{number}.fr", envelope=True) for number in domains]
        return [entry.domain for entry in entries if entry is not None]

    async def run(knowledge: Knowledge) -> list[str] | Unresolved:
        return attempt(work, knowledge)

    return lambda: several.inquiry(MappingTables()).settled(run)


async def test_a_conversion_is_run_again_with_the_answers() -> None:
    found = await conversion(sources(Oracle()), range(3))()
    assert isinstance(found, Settled) and found.result == ["d0.fr", "d1.fr", "d2.fr"] and not found.given_up


async def test_more_look_ups_than_allowed_wait_for_the_next_attempt() -> None:
    oracle = Oracle()
    convert = conversion(sources(oracle, most_questions=4), range(10))
    waiting = await convert()
    assert isinstance(waiting, Unresolved) and not waiting.questions and len(oracle.asked) == 4
    assert "too many" in waiting.failure().detail
    await convert()
    assert isinstance(await convert(), Settled) and len(oracle.asked) == 10


async def test_a_source_that_does_not_answer_in_time_is_unreachable() -> None:
    several = sources(Oracle(silent=("d1.fr",)), seconds=0.02)
    found = await several.answer([question(0), question(1)])
    assert isinstance(found[question(0)], Rule) and isinstance(found[question(1)], Unreachable)


async def test_a_source_that_is_not_configured_knows_nothing() -> None:
    assert await Sources(ORDER).answer([question(0)]) == {question(0): NO_MATCH}
    assert Sources(ORDER).rules_from == (Source.TABLES,)


async def test_header_addresses_are_given_up_after_the_limit() -> None:
    several = sources(Oracle(silent=("d0.fr",)), seconds=0.02)

    async def run(knowledge: Knowledge) -> Entry | Unresolved | None:
        return attempt(lambda known: known.oraddress_of_domain("d0.fr", envelope=False), knowledge)

    assert isinstance(await several.inquiry(MappingTables()).settled(run), Unresolved)
    found = await several.inquiry(MappingTables(), header_limit_passed=True).settled(run)
    assert isinstance(found, Settled) and found.result is None and list(found.given_up) == [question(0)]


async def test_rounds_are_bounded() -> None:
    several = sources(Oracle())
    rounds = 0

    async def run(knowledge: Knowledge) -> Unresolved:
        nonlocal rounds
        rounds += 1
        return Unresolved(questions=(question(rounds),), waiting={})

    found = await several.inquiry(MappingTables()).settled(run)
    assert isinstance(found, Unresolved) and not found.questions and rounds <= 10


async def test_conversions_of_one_message_ask_together_and_share_answers_and_the_cap() -> None:
    oracle = Oracle()
    inquiry = sources(oracle, most_questions=3).inquiry(MappingTables())

    def unknown(knowledge: Knowledge) -> str:
        return getattr(knowledge.oraddress_of_domain("d0.fr", envelope=True), "domain", "")

    async def again(knowledge: Knowledge) -> str | Unresolved:
        return attempt(unknown, knowledge)

    first = await inquiry.settled_each({"a": again, "b": again})
    assert [each.result for each in first.values() if isinstance(each, Settled)] == ["d0.fr", "d0.fr"] and len(oracle.asked) == 1
    assert isinstance(await inquiry.settled(again), Settled) and len(oracle.asked) == 1


async def test_one_that_waits_does_not_hold_up_the_others() -> None:
    several = sources(Oracle(silent=("d1.fr",)), seconds=0.02)

    def run(number: int):
        async def once(knowledge: Knowledge) -> bool | Unresolved:
            return attempt(lambda known: known.oraddress_of_domain(f"d{number}.fr", envelope=True) is not None, knowledge)

        return once

    found = await several.inquiry(MappingTables()).settled_each({number: run(number) for number in range(3)})
    assert [isinstance(each, Settled) for each in found.values()] == [True, False, True]


async def test_with_no_look_ups_allowed_only_what_is_cached_counts() -> None:
    oracle = Oracle()
    several = sources(oracle)

    async def run(knowledge: Knowledge) -> Entry | Unresolved | None:
        return attempt(lambda known: known.oraddress_of_domain("d0.fr", envelope=True), knowledge)

    assert isinstance(await several.inquiry(MappingTables(), most=0).settled(run), Unresolved) and not oracle.asked
    await several.inquiry(MappingTables()).settled(run)
    assert isinstance(await several.inquiry(MappingTables(), most=0).settled(run), Settled)
