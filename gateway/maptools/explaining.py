"""``mixer map explain``: how one address maps, why, and what comes of it on the way back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from gateway.errors import GatewayError
from gateway.maptools.mapper import bare_mailbox, same_mailbox
from gateway.maptools.problems import shown
from gateway.maptools.watching import Tried, Watch
from gateway.mixer.address import Mapped, Role, Step, mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.mcgam import MappingTable, MappingTables
from gateway.mixer.policy import Settings
from gateway.mixer.product_forms import is_oraddress, oraddress_from
from gateway.mixer.questions import Answer, Answers, Knowledge, Question, Source, Unresolved, Users, attempt
from gateway.mixer.stdor import to_text
from gateway.x400.oraddress import ORAddress

_STEPS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys((source.value for source in Source if source is not Source.TABLES), ("4.3",)),
    MappingTable.DOMAIN_TO_ORADDRESS.value: ("step 8", "stage II"),
    MappingTable.ORADDRESS_TO_DOMAIN.value: ("step 3",),
    MappingTable.DOMAIN_TO_GATEWAY.value: ("stage II: preferred", "stage II: attributes"),
    MappingTable.ORADDRESS_TO_GATEWAY.value: ("encapsulation",),
}
"""The steps that look into each table; other sources are asked before all of them."""
_MOST_ROUNDS: Final = 6
_Mapping = tuple[Mapped[Any], str | ORAddress, str]
"""A mapping, what it gave, and that as text."""
_ONLY_FILLED_UP: Final = re.compile(r"/[A-Z0-9]+=@/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One mapping of one address.

    Attributes:
        kind: Of the address that was mapped: ``mailbox`` or ``O/R address``.
        steps: Stages and steps that ran; none when the address was refused.
        tried: Keys that were looked up in the tables.
        rule: ``file:line`` of the entry that decided; empty where none did.
        result: The other kind of address; empty when refused.
        wrapped: It was encapsulated and not translated.
        error: Why the address was refused.
    """

    kind: str
    steps: tuple[Step, ...] = ()
    tried: tuple[Tried, ...] = ()
    rule: str = ""
    result: str = ""
    wrapped: bool = False
    error: str = ""

    def lines(self) -> Iterator[str]:
        """For people: every step, before it what was looked up for it, and the result."""
        waiting = [one for one in self.tried if one.where or not _ONLY_FILLED_UP.match(one.key)]
        for step in self.steps:
            said = str(step)
            for one in [one for one in waiting if any(word in said for word in _STEPS_OF[one.table])]:
                yield f"      tried {one}"
                waiting.remove(one)
            yield f"    {said}"
        yield from (f"      tried {one}" for one in waiting)
        if self.result:
            yield f"  = {self.result}"
            yield f"    by {self.rule}" if self.rule else "    by no entry of the tables"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """An address, its mapping and the way back.

    Attributes:
        back: None when there is nothing to map back.
        same: Whether the way back returned the address.
    """

    address: str
    there: Way
    back: Way | None = None
    same: bool = False

    @property
    def error(self) -> str:
        """Why the address or what came of it was refused; empty when neither was."""
        return self.there.error or (self.back.error if self.back else "")

    def facts(self) -> dict[str, Any]:
        """For JSON."""
        found = {"address": self.address, **_facts(self.there, "")}
        if self.back is not None and not self.back.error:
            found |= {"way back": self.back.result, **_facts(self.back, " back"), "same": self.same}
            del found["result back"]
        return found | ({"error": self.error} if self.error else {})

    def text(self) -> str:
        """For people, many lines."""
        lines = [self.address, *self.there.lines()]
        if self.back is not None:
            lines += self.back.lines()
        if self.back is not None and self.back.result:
            lines.append(f"  back: {self.back.result} ({'the same' if self.same else 'NOT the same'})")
        if self.error:
            lines.append(f"  error: {self.error}")
        return "\n".join(map(shown, lines))

    def line(self) -> str:
        """For people, one line."""
        if not self.there.result:
            return shown(f"{self.address} -> refused: {self.error}")
        back = "the same" if self.same else f"back: {self.back.result or 'refused'}" if self.back else ""
        return shown(f"{self.address} -> {self.there.result} ({'wrapped, ' if self.there.wrapped else ''}{back})")


def _facts(way: Way, suffix: str) -> dict[str, Any]:
    return {
        f"result{suffix}": way.result,
        f"steps{suffix}": [str(step) for step in way.steps],
        f"tried{suffix}": [one.facts() for one in way.tried],
        f"rule{suffix}": way.rule or None,
        f"wrapped{suffix}": way.wrapped,
    } if not way.error else {}  # fmt: skip


class Lookups(Protocol):
    """Sources besides tables and directory. What asks somebody is no part of this package, so it is handed in."""

    def knowledge(self, tables: MappingTables, users: Users, answers: Answers) -> Knowledge:
        """What one run of a mapping may know."""

    def answer(self, questions: Sequence[Question]) -> Mapping[Question, Answer]:
        """An answer to each question."""


class Explainer:
    """Explains addresses under fixed settings.

    Args:
        settings: With the tables to explain.
        role: What the addresses are for.
        lookups: Where the questions of a mapping go; without them tables and directory are all there is.
    """

    def __init__(self, settings: Settings, role: Role, lookups: Lookups | None = None) -> None:
        self._watch = Watch(settings)
        self._role = role
        self._lookups = lookups

    def explain(self, address: str) -> Explained:
        """An address of either kind, there and back. Refuses nothing: what is wrong is in the result."""
        try:
            given = oraddress_from(address) if is_oraddress(address) else bare_mailbox(address)
        except GatewayError as error:
            return Explained(address=address, there=Way(kind="O/R address", error=str(error)))
        there, found = self._way(given)
        if found is None:
            return Explained(address=address, there=there)
        back, returned = self._way(found)
        return Explained(address=address, there=there, back=back, same=returned is not None and _same(given, returned))

    def _way(self, given: str | ORAddress) -> tuple[Way, str | ORAddress | None]:
        """The mapping of an address, and what it gave."""
        kind = "mailbox" if isinstance(given, str) else "O/R address"
        try:
            mapped, found, result = self._settled(given)
        except GatewayError as error:
            return Way(kind=kind, tried=self._watch.taken(), error=str(error)), None
        tried = self._watch.taken()
        rule = _rule(mapped, tried)
        return Way(kind=kind, steps=mapped.steps, tried=tried, rule=rule, result=result, wrapped=mapped.encapsulated), found

    def _settled(self, given: str | ORAddress) -> _Mapping:
        """The mapping with all its questions answered."""
        settings, answers = self._watch.settings, Answers()
        if self._lookups is None:
            return self._mapped(given, settings)
        for _ in range(_MOST_ROUNDS):
            knowledge = self._lookups.knowledge(settings.tables, settings.users, answers)
            found = attempt(lambda known: self._mapped(given, replace(settings, knowledge=known)), knowledge)
            if not isinstance(found, Unresolved):
                return found
            if not found.questions:
                raise GatewayError(f"it cannot be looked up at present: {'; '.join(dict.fromkeys(found.waiting.values()))}")
            told = self._lookups.answer(found.questions)
            self._watch.note(told)
            answers |= told
        raise GatewayError(f"more than {_MOST_ROUNDS} rounds of look-ups")

    def _mapped(self, given: str | ORAddress, settings: Settings) -> _Mapping:
        if isinstance(given, str):
            there = mailbox_to_oraddress(given, settings, self._role)
            return there, there.result, to_text(there.result)
        back = oraddress_to_mailbox(given, settings, self._role)
        return back, back.address, back.address


def _same(one: str | ORAddress, other: str | ORAddress) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return same_mailbox(str(one), str(other))
    return one.key() == other.key()


def _rule(mapped: Mapped[Any], tried: Sequence[Tried]) -> str:
    """Where the entry stands that decided: the last one that a step speaks of, unless the local gateway stepped in after it."""
    texts = [str(step) for step in mapped.steps]
    if any("local gateway" in text for text in texts):
        return ""
    hits = [one for one in tried if one.where]
    # The step of an encapsulation does not say where the entry of its gateway stands.
    if gateway := next((one.where for one in hits if one.table == MappingTable.ORADDRESS_TO_GATEWAY.value), ""):
        return gateway
    named = (one.where for text in reversed(texts) for one in hits if f"({one.where})" in text or text.endswith(f": {one.where}"))
    return next(named, "")
