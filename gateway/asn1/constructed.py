"""Nodes of SEQUENCE, SET, SEQUENCE OF and SET OF (X.690 8.9 to 8.12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.asn1 import elements as e
from gateway.asn1.elements import Tagged
from gateway.asn1.errors import BERError
from gateway.asn1.leaves import check_bound
from gateway.asn1.node import DECLARED, Encoding, Node, Pieces, TypeNode, Writing, makes, node_of
from gateway.asn1.selected import ChoiceNode
from gateway.asn1.tlv import Header, Reading
from gateway.asn1.types import MISSING, Kind, MemberDescription, describe
from gateway.asn1.values import Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One member with its node."""

    attribute: str
    name: str
    node: Node
    keys: frozenset[int] | None
    mandatory: bool
    default: Any
    depends: str | None


class Table:
    """The members of a declared class, found by tag.

    Attributes:
        places: In the declared order.
        mandatory: Those that must be there.
        by_key: First place for each tag.
        open: First place that takes any tag.
        absent: Python value of each member that was not sent.
    """

    __slots__ = ("absent", "by_key", "mandatory", "open", "places")

    def __init__(self, members: tuple[MemberDescription, ...]) -> None:
        self.places = tuple(_place(member) for member in members)
        self.mandatory = tuple(place for place in self.places if place.mandatory)
        self.by_key: dict[int, int] = {}
        for index, place in enumerate(self.places):
            for key in place.keys or ():
                self.by_key.setdefault(key, index)
        self.open = next((index for index, place in enumerate(self.places) if place.keys is None), None)
        self.absent = {member.attribute: member.absent for member in members}
        for place in self.places:
            if place.depends is not None and place.depends not in self.absent:
                raise TypeError(f"{place.name}: there is no member {place.depends!r} to tell its type")

    def find_in_set(self, header: Header) -> Place | None:
        """The member of a SET that begins with this tag; None if unknown."""
        index = self.by_key.get(header.key, self.open)
        return None if index is None else self.places[index]

    def find_in_sequence(self, header: Header, position: int) -> int | None:
        """Index of the member of a SEQUENCE that begins with this tag, from ``position`` on; None if unknown.

        Raises:
            BERError: The tag belongs to an earlier member, or a mandatory one is passed over.
        """
        key = header.key
        passed = None
        for index in range(position, len(self.places)):
            place = self.places[index]
            if place.keys is None or key in place.keys:
                if passed is not None:
                    raise missing(passed, header)
                return index
            if place.mandatory and passed is None:
                passed = place
        if key in self.by_key:
            place = self.places[self.by_key[key]]
            raise BERError(f"{header.tag} out of order, or a second time", offset=header.start, path=place.name)
        return None


def _place(member: MemberDescription) -> Place:
    element = member.element if member.tag is None else Tagged(member.element, tag=member.tag)
    node = node_of(element)
    return Place(
        attribute=member.attribute, name=member.name, node=node, keys=node.keys, mandatory=member.mandatory,
        default=member.default, depends=node.depends,
    )  # fmt: skip


def missing(place: Place, header: Header) -> BERError:
    """The error for a mandatory member that is not there."""
    return BERError(f"{place.node.name} is missing", offset=header.start, path=place.name)


class _Members:
    """The members read so far of one value."""

    __slots__ = ("later", "seen", "unknown", "values")

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.seen: set[str] = set()
        self.unknown: list[Unknown] = []
        self.later: list[tuple[Place, Header]] = []

    def take(self, reading: Reading, place: Place, header: Header) -> None:
        """Read a member, or put it off until the one that tells its type is known."""
        if place.attribute in self.seen:
            raise BERError("sent twice", offset=header.start, path=place.name)
        self.seen.add(place.attribute)
        if place.depends is not None and place.depends not in self.values:
            self.later.append((place, header))
            reading.skip(header)
            return
        try:
            self.values[place.attribute] = place.node.read(reading, header)
        except BERError as error:
            error.within(place.name)
            raise

    def keep(self, reading: Reading, header: Header, after: str | None) -> None:
        """Keep an unknown member as it is."""
        if reading.strict_members:
            raise BERError(f"unknown member {header.tag}", offset=header.start)
        self.unknown.append(Unknown(after, reading.raw(header)))

    def read_later(self, reading: Reading, absent: dict[str, Any]) -> None:
        """Read what was put off."""
        behind = reading.at
        for place, header in self.later:
            self.values.setdefault(place.depends or "", absent.get(place.depends or ""))
            self.seen.discard(place.attribute)
            reading.at = header.content
            self.take(reading, place, header)
        reading.at = behind


class MembersNode(TypeNode):
    """A declared SEQUENCE or SET."""

    def __init__(self, cls: type[Any], key: int) -> None:
        super().__init__(key, constructed=True)
        self.cls = cls
        self.name = cls.__name__
        self.description = describe(cls)
        self.is_set = self.description.kind is Kind.SET
        self._table: Table | None = None

    @property
    def table(self) -> Table:
        """The members; made at first use, since types may contain themselves."""
        if self._table is None:
            self._table = Table(self.description.members)
        return self._table

    def read(self, reading: Reading, header: Header) -> Any:
        """See `Node.read`."""
        self.enter(header)
        table, members, around = self.table, _Members(), reading.siblings
        reading.siblings = members.values
        (self._read_set if self.is_set else self._read_sequence)(reading, header, table, members)
        for place in table.mandatory:
            if place.attribute not in members.seen:
                raise missing(place, header)
        if members.later:
            members.read_later(reading, table.absent)
        reading.siblings = around
        if members.unknown:
            members.values["unknown"] = tuple(members.unknown)
        try:
            return self.cls(**members.values)
        except ValueError as error:
            raise BERError(f"not a valid {self.name}: {error}", offset=header.start) from None

    def _read_set(self, reading: Reading, header: Header, table: Table, members: _Members) -> None:
        while (inner := reading.next(header)) is not None:
            place = table.find_in_set(inner)
            if place is None:
                members.keep(reading, inner, None)
            else:
                members.take(reading, place, inner)

    def _read_sequence(self, reading: Reading, header: Header, table: Table, members: _Members) -> None:
        position, last = 0, None
        while (inner := reading.next(header)) is not None:
            index = table.find_in_sequence(inner, position)
            if index is None:
                members.keep(reading, inner, last)
                continue
            place = table.places[index]
            members.take(reading, place, inner)
            position, last = index + 1, place.attribute

    def write(self, writing: Writing, value: Any) -> Encoding:
        """See `Node.write`."""
        if not isinstance(value, self.cls):
            raise BERError(f"a {type(value).__name__} is not a {self.name}")
        around, writing.parent = writing.parent, value
        unknown: tuple[Unknown, ...] = value.unknown
        parts: list[Encoding] = []
        if unknown and not self.is_set:
            parts += [each.octets for each in unknown if each.after is None]
        for place in self.table.places:
            self._write_member(writing, place, getattr(value, place.attribute), parts)
            if unknown and not self.is_set:
                parts += [each.octets for each in unknown if each.after == place.attribute]
        if unknown and self.is_set:
            parts += [each.octets for each in unknown]
        writing.parent = around
        return self.frame(concatenated(parts))

    @staticmethod
    def _write_member(writing: Writing, place: Place, value: Any, parts: list[Encoding]) -> None:
        if value is None and not place.mandatory:
            return
        if place.default is not MISSING and value == place.default:
            return
        try:
            if value is None:
                raise BERError(f"{place.node.name} is missing")
            parts.append(place.node.write(writing, value))
        except BERError as error:
            error.within(place.name)
            raise


class RepeatedNode(TypeNode):
    """SEQUENCE OF and SET OF."""

    def __init__(self, element: e.SequenceOf | e.SetOf, key: int) -> None:
        super().__init__(key, constructed=True)
        self.name = element.ASN1_NAME
        self.element = element
        self._inner: Node | None = None

    @property
    def inner(self) -> Node:
        """The node of what is repeated; made at first use, since types may contain themselves."""
        if self._inner is None:
            self._inner = node_of(self.element.element)
        return self._inner

    @property
    def depends(self) -> str | None:  # type: ignore[override]
        """See `Node.depends`."""
        return self.inner.depends if isinstance(self.element.element, e.Element) else None

    def read(self, reading: Reading, header: Header) -> tuple[Any, ...]:
        """See `Node.read`."""
        self.enter(header)
        inner = self.inner
        values: list[Any] = []
        while (item := reading.next(header)) is not None:
            try:
                values.append(inner.read_checked(reading, item))
            except BERError as error:
                error.within(len(values))
                raise
        return tuple(values)

    def write(self, writing: Writing, value: Any) -> Encoding:
        """See `Node.write`."""
        if not isinstance(value, tuple | list):
            raise BERError(f"a {type(value).__name__} is not a {self.name}")
        if writing.strict:
            try:
                check_bound(len(value), self.element.size, "the number of elements")
            except ValueError as error:
                raise BERError(f"not a valid {self.name}: {error}") from None
        parts: list[Encoding] = []
        for index, item in enumerate(value):
            try:
                parts.append(self.inner.write(writing, item))
            except BERError as error:
                error.within(index)
                raise
        return self.frame(concatenated(parts))


def concatenated(parts: list[Encoding]) -> Encoding:
    """Encodings one after the other."""
    if all(isinstance(part, bytes) for part in parts):
        return b"".join(parts)  # type: ignore[arg-type]
    flat: list[Any] = []
    for part in parts:
        flat.extend((part,) if isinstance(part, bytes) else part.parts)
    return Pieces(flat)


makes(e.SequenceOf, e.SetOf)(RepeatedNode)


@makes(DECLARED)
def _declared(cls: type[Any], key: int | None) -> Node:
    return ChoiceNode(cls) if key is None else MembersNode(cls, key)
