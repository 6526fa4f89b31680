"""ASN.1 types declared once, as the Python classes that the rest of the program uses.

    @asn1.sequence(tag=asn1.application(4))
    class MTSIdentifier:
        global_domain_identifier: GlobalDomainIdentifier = asn1.member(GlobalDomainIdentifier)
        local_identifier: str = asn1.member(asn1.IA5String(size=(1, 32)))

The decorators make frozen, slotted, keyword-only dataclasses. A declared class that derives from another one has the
members of that one first, which is COMPONENTS OF. Tags are IMPLICIT unless they say otherwise.

A checker takes every member for optional in the constructor, because ``optional=True`` means nothing to
``typing.dataclass_transform``; at run time a mandatory member that is not given is a TypeError. The bases `Members` and
`Choice` are not needed at run time either: they tell a checker of the attributes that the decorators add.
"""

from __future__ import annotations

import dataclasses
import keyword
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from inspect import get_annotations
from typing import Any, TypeVar, dataclass_transform

from gateway.asn1.elements import ElementLike
from gateway.asn1.tags import SEQUENCE_NUMBER, SET_NUMBER, Tag, apply, universal
from gateway.asn1.values import Unknown

T = TypeVar("T")


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = 0


MISSING = Missing.MISSING
"""There is no DEFAULT."""


class Kind(Enum):
    """What a declared class is."""

    SEQUENCE = "SEQUENCE"
    SET = "SET"
    CHOICE = "CHOICE"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberDescription:
    """One member or alternative of a declared class.

    Attributes:
        name: Its name in the ASN.1 module.
        attribute: Its name in Python.
        element: Its type as it was given, without ``tag``.
        tag: The tag put on it here, None if none was.
        optional: OPTIONAL.
        default: DEFAULT, or `MISSING`.
    """

    name: str
    attribute: str
    element: ElementLike
    tag: Tag | None
    optional: bool
    default: Any

    @property
    def mandatory(self) -> bool:
        """Neither OPTIONAL nor DEFAULT."""
        return not self.optional and self.default is MISSING

    @property
    def absent(self) -> Any:
        """The Python value when nothing was sent."""
        return None if self.default is MISSING else self.default


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What was declared.

    Attributes:
        name: Name of the class.
        kind: SEQUENCE, SET or CHOICE.
        tag: The tag given to the decorator, None if none was.
        extensible: The type has an extension marker.
        members: Members or alternatives in their order.
    """

    name: str
    kind: Kind
    tag: Tag | None
    extensible: bool
    members: tuple[MemberDescription, ...]

    @property
    def keys(self) -> tuple[int, ...]:
        """Keys of the tags of the type, outermost first; none for an untagged CHOICE."""
        own = {Kind.SEQUENCE: (universal(SEQUENCE_NUMBER).key,), Kind.SET: (universal(SET_NUMBER).key,), Kind.CHOICE: ()}
        return apply(self.tag, own[self.kind])

    @property
    def untagged(self) -> bool:
        """The type has no tag of its own, so that every tag is explicit: it is a CHOICE."""
        return self.kind is Kind.CHOICE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What `member` and `alternative` were given, until the decorator takes it."""

    element: ElementLike
    tag: Tag | None
    optional: bool
    default: Any
    name: str | None


def member(element: ElementLike, *, tag: Tag | None = None, optional: bool = False, default: Any = MISSING, name: str | None = None) -> Any:
    """A member of a SEQUENCE or SET.

    Args:
        element: Descriptor, declared class, or a function that returns one (for types declared further down).
        tag: Put on the element here.
        optional: OPTIONAL; None stands for absence.
        default: DEFAULT; not written when equal, filled in when absent.
        name: Name in the module, where it is not the attribute with hyphens for underscores.
    """
    return _Given(element=element, tag=tag, optional=optional, default=default, name=name)


def alternative(element: ElementLike, *, tag: Tag | None = None, name: str | None = None) -> Any:
    """An alternative of a CHOICE; see `member`."""
    return _Given(element=element, tag=tag, optional=True, default=MISSING, name=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Optional base of declared SEQUENCEs and SETs, for checkers.

    Attributes:
        unknown: Members that the declaration does not know, kept octet for octet.
    """

    unknown: tuple[Unknown, ...] = ()


class Choice:
    """Optional base of declared CHOICEs, for checkers."""

    __slots__ = ()

    @property
    def chosen(self) -> str:
        """Attribute of the alternative that is there."""
        return next(each.attribute for each in describe(type(self)).members if getattr(self, each.attribute) is not None)

    @property
    def value(self) -> Any:
        """Value of the alternative that is there."""
        return getattr(self, self.chosen)


@dataclass_transform(eq_default=True, kw_only_default=True, frozen_default=True)
def sequence(*, tag: Tag | None = None, extensible: bool = False) -> Callable[[type[T]], type[T]]:
    """Declare a SEQUENCE.

    Args:
        tag: Replaces ``[UNIVERSAL 16]``; put around it when explicit.
        extensible: The module has an extension marker. Unknown members are kept with and without it.
    """
    return lambda cls: _declare(cls, Kind.SEQUENCE, tag, extensible)


@dataclass_transform(eq_default=True, kw_only_default=True, frozen_default=True)
def set_(*, tag: Tag | None = None, extensible: bool = False) -> Callable[[type[T]], type[T]]:
    """Declare a SET: read in any order, written in the declared order; see `sequence`."""
    return lambda cls: _declare(cls, Kind.SET, tag, extensible)


@dataclass_transform(eq_default=True, kw_only_default=True, frozen_default=True)
def choice(*, tag: Tag | None = None, extensible: bool = False) -> Callable[[type[T]], type[T]]:
    """Declare a CHOICE; a tag on it is EXPLICIT.

    An instance holds exactly one alternative, or the constructor raises TypeError.
    """
    return lambda cls: _declare(cls, Kind.CHOICE, tag, extensible)


def describe(cls: type[Any]) -> Description:
    """What was declared for a class.

    Raises:
        TypeError: The class is not declared.
    """
    found = getattr(cls, "__asn1__", None)
    if not isinstance(found, Description):
        raise TypeError(f"{cls!r} is not declared with sequence, set_ or choice")
    return found


def is_declared(cls: object) -> bool:
    """Whether something is a class declared here."""
    return isinstance(cls, type) and isinstance(getattr(cls, "__asn1__", None), Description)


def _declare(cls: type[T], kind: Kind, tag: Tag | None, extensible: bool) -> type[T]:
    """Turn an annotated class into a dataclass that remembers its declaration."""
    own = tuple(_describe_member(attribute, given) for attribute, given in vars(cls).items() if isinstance(given, _Given))
    members = _inherited(cls, own) + own
    if not members and kind is Kind.CHOICE:
        raise TypeError(f"{cls.__name__}: a CHOICE needs alternatives")
    _give_defaults(cls, own)
    if kind is Kind.CHOICE:
        _add_choice_behaviour(cls, members)
    else:
        _add_unknown(cls)
    made: type[T] = dataclass(frozen=True, slots=True, kw_only=True)(cls)
    description = Description(name=cls.__name__, kind=kind, tag=tag, extensible=extensible, members=members)
    made.__asn1__ = description  # type: ignore[attr-defined]
    return made


def _describe_member(attribute: str, given: _Given) -> MemberDescription:
    plain = attribute.removesuffix("_")
    python = plain if keyword.iskeyword(plain) else attribute
    name = given.name or python.rstrip("_").replace("_", "-")
    return MemberDescription(
        name=name, attribute=attribute, element=given.element, tag=given.tag, optional=given.optional, default=given.default
    )


def _inherited(cls: type[Any], own: tuple[MemberDescription, ...]) -> tuple[MemberDescription, ...]:
    """COMPONENTS OF (X.680 25.4): the members of the declared bases, in their order."""
    again = {each.attribute for each in own}
    found: dict[str, MemberDescription] = {}
    for base in cls.__bases__:
        if is_declared(base):
            found.update({each.attribute: each for each in describe(base).members if each.attribute not in again})
    return tuple(found.values())


def _give_defaults(cls: type[Any], own: tuple[MemberDescription, ...]) -> None:
    for each in own:
        if each.attribute not in get_annotations(cls):
            raise TypeError(f"{cls.__name__}.{each.attribute} needs an annotation")
        if each.mandatory:
            delattr(cls, each.attribute)
        else:
            setattr(cls, each.attribute, dataclasses.field(default=each.absent))


def _add_unknown(cls: type[Any]) -> None:
    if any("unknown" in get_annotations(base) for base in cls.__mro__):
        return
    cls.__annotations__["unknown"] = "tuple[Unknown, ...]"
    cls.unknown = ()


def _add_choice_behaviour(cls: type[Any], members: tuple[MemberDescription, ...]) -> None:
    names = tuple(each.attribute for each in members)
    if {"chosen", "value"} & set(names):
        raise TypeError(f"{cls.__name__}: an alternative cannot be called 'chosen' or 'value' in Python; put an underscore behind it")
    own_check = cls.__dict__.get("__post_init__")

    def __post_init__(self: Any) -> None:
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            raise TypeError(f"{cls.__name__} needs exactly one alternative, not {', '.join(given) or 'none'}")
        if own_check is not None:
            own_check(self)

    cls.__post_init__ = __post_init__
    if not issubclass(cls, Choice):
        cls.chosen = Choice.chosen
        cls.value = Choice.value
