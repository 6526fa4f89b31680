"""What the fields of a result are compared as: times, O/R addresses, bit strings, octets, structures (the conformance schema, 2.3)."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from gateway import asn1
from gateway.conformance.notation import NotationError, notation_of, oraddress_from_notation
from gateway.conformance.vector import VectorError
from gateway.errors import GatewayError
from gateway.internet.mime import ContentType, parse_content_type
from gateway.x400.oraddress import ORAddress


class Absent:
    """What is not there."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = Absent()


class Leaf(ABC):
    """A value that is compared by a rule of its own."""

    @abstractmethod
    def equals(self, expected: Any) -> bool:
        """Whether it is what a vector expects."""

    def text(self) -> str | None:
        """The text that the suffixes for texts look at; None where it has none."""
        return None


@dataclass(frozen=True, slots=True)
class Defaulted(Leaf):
    """An element with a DEFAULT; ``absent`` means not encoded, or encoded with the default."""

    value: Any
    default: Any

    def equals(self, expected: Any) -> bool:
        """Integer or truth value."""
        return type(expected) is type(self.value) and bool(expected == self.value)


@dataclass(frozen=True, slots=True)
class Moment(Leaf):
    """A time: the same local time and the same offset."""

    at: datetime
    run: datetime | None = None

    def equals(self, expected: Any) -> bool:
        """UTCTime or GeneralizedTime text, or the word for the time of the run (within a minute)."""
        if expected == "conversion-time" and self.run is not None and self.at.tzinfo is not UTC:
            return abs(self.at - self.run) <= timedelta(minutes=1)
        other = time_from_text(expected)
        if self.at.tzinfo is UTC:
            return False  # it came as Z, which 3.3.5 forbids in output
        return (other.replace(tzinfo=None), other.utcoffset()) == (self.at.replace(tzinfo=None), self.at.utcoffset())

    def __repr__(self) -> str:
        return self.at.isoformat()


_TIME: Final = re.compile(r"([0-9]{10}|[0-9]{12}|[0-9]{14})(Z|[+-][0-9]{4})")


def time_from_text(raw: object) -> datetime:
    """A UTCTime, or a GeneralizedTime with a year of four digits.

    Raises:
        VectorError: Neither.
    """
    if not isinstance(raw, str) or _TIME.fullmatch(raw) is None:
        raise VectorError(f"{raw!r:.60} is no UTCTime or GeneralizedTime")
    general = re.match(r"[0-9]{14}", raw) is not None
    tag, kind = (b"\x18", asn1.GeneralizedTime()) if general else (b"\x17", asn1.UTCTime())
    try:
        found = asn1.decode(tag + bytes([len(raw)]) + raw.encode("ascii"), kind)
    except GatewayError as error:
        raise VectorError(f"{raw!r} is no time: {error}") from error
    return found if isinstance(found, datetime) else datetime.fromisoformat(str(found))


@dataclass(frozen=True, slots=True)
class Address(Leaf):
    """An O/R address: the listed attributes and no others, text without case and with single spaces."""

    address: ORAddress

    def equals(self, expected: Any) -> bool:
        """The notation of the schema."""
        return bool(_folded(notation_of(self.address)) == _folded(notation_of(oraddress(expected))))

    def __repr__(self) -> str:
        return repr(notation_of(self.address))


def _folded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _folded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_folded(one) for one in value]
    return re.sub(" +", " ", value).lower() if isinstance(value, str) else value


def oraddress(raw: object) -> ORAddress:
    """An O/R address in the notation of message vectors, where a domain-defined attribute is ``{type, value}``.

    Raises:
        VectorError: It is none.
    """
    try:
        return oraddress_from_notation(_with_pairs(raw))
    except NotationError as error:
        raise VectorError(str(error)) from error


def _with_pairs(raw: object) -> object:
    if not isinstance(raw, dict) or not isinstance(raw.get("DDA"), list):
        return raw
    for one in raw["DDA"]:
        if not isinstance(one, dict) or set(one) != {"type", "value"}:
            raise VectorError(f"a DDA is a mapping of type and value, not {one!r:.80}")
    return {**raw, "DDA": [[one["type"], one["value"]] for one in raw["DDA"]]}


@dataclass(frozen=True, slots=True)
class Bits(Leaf):
    """A bit string by the numbers of the bits that are 1."""

    ones: frozenset[int]

    def equals(self, expected: Any) -> bool:
        """A list of the bits that are 1, or a map from bit to 0 or 1."""
        if isinstance(expected, Mapping):
            if not all(str(bit).isdigit() and value in (0, 1) for bit, value in expected.items()):
                raise VectorError(f"bits are 0 or 1, not {expected!r:.80}")
            return all((int(bit) in self.ones) == bool(value) for bit, value in expected.items())
        return isinstance(expected, list) and frozenset(expected) == self.ones

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self.ones))

    def __repr__(self) -> str:
        return repr(sorted(self.ones))


@dataclass(frozen=True, slots=True)
class Blob(Leaf):
    """Octets, and the text that they are.

    Attributes:
        searched: What the suffixes for texts look at, where that is another text.
    """

    octets: bytes
    decoded: str | None = None
    searched: str | None = None

    def equals(self, expected: Any) -> bool:
        """The text."""
        return isinstance(expected, str) and expected == self._plain()

    def text(self) -> str:
        """The text that is searched."""
        return self.searched if self.searched is not None else self._plain()

    def _plain(self) -> str:
        return self.decoded if self.decoded is not None else self.octets.decode("utf-8", "replace")

    def __repr__(self) -> str:
        return repr(self._plain())[:300]


@dataclass(frozen=True, slots=True)
class Word(Leaf):
    """A text whose case does not count."""

    word: str

    def equals(self, expected: Any) -> bool:
        """In any case."""
        return str(expected).lower() == self.word.lower()

    def text(self) -> str:
        """The word."""
        return self.word


@dataclass(frozen=True, slots=True)
class NumberSet(Leaf):
    """Numbers or texts whose order and number do not count."""

    members: frozenset[Any]

    def equals(self, expected: Any) -> bool:
        """A list with the same members."""
        return isinstance(expected, list) and frozenset(expected) == self.members

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(self.members))


@dataclass(frozen=True, slots=True)
class Chosen(Leaf):
    """An alternative of a CHOICE with its text."""

    name: str
    value: str

    def equals(self, expected: Any) -> bool:
        """The text."""
        return bool(expected == self.value)

    def text(self) -> str:
        """The text."""
        return self.value


@dataclass(frozen=True, slots=True)
class IfUsed(Leaf):
    """Parameters of SMTP that may be left out; each that is there has to be the expected one."""

    values: tuple[str, ...]

    def equals(self, expected: Any) -> bool:
        """The value of every one."""
        return all(one == expected for one in self.values)


@dataclass(frozen=True, slots=True)
class MediaType(Leaf):
    """A MIME type; parameters that a vector gives must be there."""

    kind: ContentType

    def equals(self, expected: Any) -> bool:
        """Type and subtype without case, with perhaps some parameters."""
        other = parse_content_type(expected) if isinstance(expected, str) else None
        if other is None:
            raise VectorError(f"{expected!r} is no MIME type")
        mine = {key.lower(): value.lower() for key, value in self.kind.parameters.items()}
        return other.essence == self.kind.essence and all(mine.get(k.lower()) == v.lower() for k, v in other.parameters.items())

    def text(self) -> str:
        """Type and subtype."""
        return self.kind.essence


class UnequalError(GatewayError):
    """A value is not what a vector expects."""


# --- structures ---------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Node:
    """A structure with named members.

    Attributes:
        members: By name; `ABSENT` what is not there.
        open: Which other names may be asked for, and are absent; without it an unknown name fails the vector.
    """

    members: Mapping[str, Any]
    open: re.Pattern[str] | None = field(default=None)

    def has(self, name: str) -> bool:
        """Whether a name is known."""
        return name in self.members or (self.open is not None and self.open.fullmatch(name) is not None)

    def get(self, name: str) -> Any:
        """The member of a known name."""
        return self.members.get(name, ABSENT)

    def __repr__(self) -> str:
        return repr({name: value for name, value in self.members.items() if value is not ABSENT})[:600]


class Given(list[Any]):
    """A list whose emptiness means something: it counts as present."""


def optional(value: Any, shape: Callable[[Any], Any] = lambda value: value) -> Any:
    """A member that is there only where it is not None."""
    return ABSENT if value is None else shape(value)


def is_absent(value: Any) -> bool:
    """Whether an element is not there, or only as its default."""
    if isinstance(value, Defaulted):
        return bool(value.value == value.default)
    if isinstance(value, Bits):
        return not value.ones
    if isinstance(value, Node):
        return value.open is not None and not value.members
    return value is ABSENT or value is False or (isinstance(value, list) and not value and not isinstance(value, Given))


def equal(came: Any, expected: Any) -> bool:
    """Whether a value is the expected one; maps are subsets and compared by `matchers`."""
    if expected == "absent":
        return is_absent(came)
    if expected == "present":
        return not is_absent(came)
    if isinstance(came, Leaf):
        return came.equals(expected)
    if isinstance(came, list | tuple) and isinstance(expected, list):
        return len(came) == len(expected) and all(equal(one, other) for one, other in zip(came, expected, strict=True))
    if came is None or isinstance(came, str | bool | int):
        return type(came) is type(expected) and bool(came == expected)
    return False


def texts_of(values: Sequence[Any]) -> list[str]:
    """The texts of a list."""
    return [one.text() or "" if isinstance(one, Leaf) else str(one) for one in values]
