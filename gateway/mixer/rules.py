"""The engine of the mapping tables: two row shapes, run in either direction.

A table row names its header field(s), its ASN.1 element(s), the section, and the law it obeys. What no row consumes, or what does
not parse, is handed back to the caller, who carries it in the heading extension or names it in a `Note`: nothing is lost silently.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from gateway.errors import GatewayError
from gateway.internet.message import Field

T = TypeVar("T")
S = TypeVar("S")


class UnmappedError(GatewayError):
    """A value has no counterpart on the other side; the text says why. The engine turns it into a `Note`."""


class Law(Enum):
    """What a round trip through a row does.

    ``EXACT``: the element comes back as it was. ``SETTLES``: after one round trip it changes no more. ``ONE_WAY``: only one direction
    exists.
    """

    EXACT = "exact"
    SETTLES = "settles"
    ONE_WAY = "one way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a conversion truncated, dropped, approximated or invented.

    Attributes:
        rule: Field, element or step that it is about.
        section: Section of RFC 2156, unless another document is named.
        text: One sentence for an operator.
    """

    rule: str
    section: str
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.text} [{self.section}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A row of a table that ran.

    Attributes:
        source, target: Field and element, in the direction it ran.
        section: Of RFC 2156, unless another document is named.
        law: What a round trip through the row does.
    """

    source: str
    target: str
    section: str
    law: Law

    def __str__(self) -> str:
        return f"{self.source} -> {self.target} [{self.section}; {self.law.value}]"


class Notes:
    """The notes of one conversion while it runs, and the rows that ran; `Conversion` takes them as tuples."""

    def __init__(self) -> None:
        self._notes: list[Note] = []
        self._ran: list[tuple[str, str, Rule | JointRule]] = []

    def add(self, rule: str, section: str, text: str) -> None:
        """Note one thing, once."""
        note = Note(rule=rule, section=section, text=text)
        if note not in self._notes:
            self._notes.append(note)

    def taken(self) -> tuple[Note, ...]:
        """All of them, in order."""
        return tuple(self._notes)

    def ran(self, source: str, target: str, row: Rule | JointRule) -> None:
        """A row ran."""
        self._ran.append((source, target, row))

    def steps(self) -> tuple[Step, ...]:
        """The rows that ran, in order, each once."""
        return tuple(
            Step(source=source, target=target, section=row.section, law=row.law)
            for source, target, row in {(source, target): (source, target, row) for source, target, row in self._ran}.values()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec(Generic[T, S]):
    """Two inverse functions between the body of a field and the value of an element.

    Attributes:
        to_element: Unfolded field body to value; raises a `GatewayError` when the body does not parse.
        to_field: Value to field body; None leaves the field out (a default that is not written).
        same: Whether the body that the value would give says what the body said from which it was read; where it does not, the
            difference is noted. None: the codec notes its losses itself.
    """

    to_element: Callable[[str, S], T]
    to_field: Callable[[T, S], str | None]
    same: Callable[[str, str], bool] | None = None


def same_text(one: str, other: str) -> bool:
    """Whether two bodies differ in case and white space only."""
    return one.casefold().split() == other.casefold().split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One field, one element, one codec.

    Attributes:
        field: Name of the header field, as generated.
        aliases: Other names that are read (historic spellings).
        element: ``heading.<attribute>``, ``envelope.<attribute>``, or either with ``extension <type>``; a start-up test resolves it.
        clause: For a law weaker than EXACT: what is lost, and by which clause.
        joiner: Put between the bodies of repeated fields to make them one (5.1.3: two ``To`` are one list); None when only one may be.
        also_carried: Says of a field body that it has to be carried in the heading extension too, because the element holds only a part
            of it.
    """

    field: str
    element: str
    codec: Codec[Any, Any]
    section: str
    law: Law = Law.EXACT
    clause: str = ""
    aliases: tuple[str, ...] = ()
    joiner: str | None = None
    also_carried: Callable[[str, Any], bool] | None = None
    names: frozenset[str] = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(name.lower() for name in (self.field, *self.aliases)))


Bodies = Mapping[str, tuple[str, ...]]
"""Field bodies by the lower-case names a `JointRule` lists; every listed name is present, perhaps with no body."""

Elements = Mapping[str, Any]
"""Element values by name; an absent element has no entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JointRule:
    """Named fields, named elements, two named functions.

    Attributes:
        fields: Fields that the rule consumes.
        elements: Elements that the rule consumes.
        to_elements: From field bodies to element values; what it leaves out stays absent.
        to_fields: From element values to fields in the order of writing.
        repeatable: Those of the fields that may stand more than once; of any other the first counts and the rest is left over.
        also_carried: Lower-case names of the fields that have to be carried too, because the elements hold only a part of them.
    """

    fields: tuple[str, ...]
    elements: tuple[str, ...]
    to_elements: Callable[[Bodies, Any], Mapping[str, Any]] | None
    to_fields: Callable[[Elements, Any], Sequence[tuple[str, str]]] | None
    section: str
    law: Law = Law.EXACT
    clause: str = ""
    repeatable: tuple[str, ...] = ()
    also_carried: Callable[[Bodies, Any], Sequence[str]] | None = None
    names: frozenset[str] = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(name.lower() for name in self.fields))


Table = Sequence[Rule | JointRule]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableResult:
    """What a table made of header fields.

    Attributes:
        elements: Values by element name.
        left: Fields that no row consumed, or whose body did not parse, in order: they go to the heading extension (5.1.3).
    """

    elements: Mapping[str, Any]
    left: tuple[Field, ...]


def elements_from_fields(table: Table, fields: Sequence[Field], scope: Any, notes: Notes) -> TableResult:
    """Run a table towards X.400.

    Args:
        table: The rows.
        fields: Header fields in order; bodies are unfolded here.
        scope: Handed to the codecs (addresses, policy, time).
        notes: Receives a note for every body that does not parse.
    """
    elements: dict[str, Any] = {}
    consumed: set[int] = set()
    named = [(at, field.name.lower(), field) for at, field in enumerate(fields)]
    present = {name for _, name, _ in named}
    for row in table:
        if row.names.isdisjoint(present):
            continue
        mine = [(at, field) for at, name, field in named if name in row.names]
        if isinstance(row, Rule):
            consumed |= _apply_rule(row, mine, elements, scope, notes)
        elif row.to_elements is not None:
            consumed |= _apply_joint(row, mine, elements, scope, notes)
    return TableResult(elements=elements, left=tuple(field for at, field in enumerate(fields) if at not in consumed))


def _apply_rule(row: Rule, mine: Sequence[tuple[int, Field]], elements: dict[str, Any], scope: Any, notes: Notes) -> set[int]:
    if row.joiner is not None and len(mine) > 1:
        # Read once, not once for each: a hostile header has thousands of them.
        body = row.joiner.join(body for _, field in mine if (body := field.value.strip()))
        return {at for at, _ in mine} if _apply_body(row, mine[0][1].name, body, elements, scope, notes) else set()
    consumed: set[int] = set()
    for at, field in mine:
        if row.element in elements and row.joiner is None:
            notes.add(field.name, row.section, "a second field of this name is carried as text")
        elif _apply_body(row, field.name, field.value.strip(), elements, scope, notes):
            consumed.add(at)
    return consumed


def _apply_body(row: Rule, name: str, body: str, elements: dict[str, Any], scope: Any, notes: Notes) -> bool:
    """Read one field body into its element; whether the element holds all of it."""
    try:
        elements[row.element] = row.codec.to_element(body, scope)
    except GatewayError as error:
        notes.add(name, row.section, f"does not parse and is carried as text: {error}")
        return False
    if row.also_carried is not None and row.also_carried(body, scope):
        return False
    _note_difference(row, name, body, elements[row.element], scope, notes)
    notes.ran(name, row.element, row)
    return True


def _note_difference(row: Rule, name: str, body: str, value: Any, scope: Any, notes: Notes) -> None:
    """Say what a body loses on its way through the element, such as a comment."""
    if row.codec.same is None:
        return
    try:
        again = row.codec.to_field(value, scope)
    except GatewayError:
        again = ""
    if again is not None and not row.codec.same(body, again):
        notes.add(name, row.section, f"{body[:200]!r} is passed on as {again[:200]!r}")


def _apply_joint(row: JointRule, mine: Sequence[tuple[int, Field]], elements: dict[str, Any], scope: Any, notes: Notes) -> set[int]:
    if row.to_elements is None or not mine:
        return set()
    counted = _counted(row, mine, notes)
    bodies = {name.lower(): tuple(field.value.strip() for _, field in counted if field.is_named(name)) for name in row.fields}
    try:
        elements.update(row.to_elements(bodies, scope))
    except GatewayError as error:
        notes.add("/".join(row.fields), row.section, f"does not parse and is carried as text: {error}")
        return set()
    notes.ran(", ".join(dict.fromkeys(field.name for _, field in counted)), ", ".join(row.elements), row)
    carried = row.also_carried(bodies, scope) if row.also_carried is not None else ()
    return {at for at, field in counted if field.name.lower() not in carried}


def _counted(row: JointRule, mine: Sequence[tuple[int, Field]], notes: Notes) -> list[tuple[int, Field]]:
    """Fields that a joint rule reads: of those that may stand once only, the first."""
    many, seen, found = {name.lower() for name in row.repeatable}, set[str](), []
    for at, field in mine:
        name = field.name.lower()
        if name in seen and name not in many:
            notes.add(field.name, row.section, "a second field of this name is carried as text")
            continue
        seen.add(name)
        found.append((at, field))
    return found


def fields_from_elements(table: Table, elements: Elements, scope: Any, notes: Notes) -> tuple[tuple[str, str], ...]:
    """Run a table towards the Internet: name and body of the fields, in the order of the rows.

    An element whose value has no field is named in a note.
    """
    fields: list[tuple[str, str]] = []
    for row in table:
        try:
            made = _rule_fields(row, elements, scope) if isinstance(row, Rule) else _joint_fields(row, elements, scope)
            if made:
                source = row.element if isinstance(row, Rule) else ", ".join(name for name in row.elements if name in elements)
                notes.ran(source, ", ".join(dict.fromkeys(name for name, _ in made)), row)
            fields += made
        except GatewayError as error:
            notes.add(row.element if isinstance(row, Rule) else "/".join(row.elements), row.section, f"has no field form: {error}")
    return tuple(fields)


def _rule_fields(row: Rule, elements: Elements, scope: Any) -> list[tuple[str, str]]:
    if elements.get(row.element) is None:
        return []
    body = row.codec.to_field(elements[row.element], scope)
    return [] if body is None else [(row.field, body)]


def _joint_fields(row: JointRule, elements: Elements, scope: Any) -> list[tuple[str, str]]:
    mine = {name: elements[name] for name in row.elements if elements.get(name) is not None}
    return list(row.to_fields(mine, scope)) if row.to_fields is not None and mine else []


def covered(table: Table) -> frozenset[str]:
    """Names of all elements that the rows of a table write to fields."""
    names: set[str] = set()
    for row in table:
        names |= {row.element} if isinstance(row, Rule) else set(row.elements)
    return frozenset(names)
