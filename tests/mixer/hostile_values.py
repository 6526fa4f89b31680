"""Values of declared ASN.1 types in which every string holds the same hostile text, found by walking the declarations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from gateway import asn1
from gateway.asn1 import elements as e
from gateway.asn1.types import Kind, is_declared
from gateway.octets import MemoryOctets

DEEPEST = 12


class Hostile:
    """Makes values.

    Args:
        text: What every string holds.
        turn: Which alternative of every CHOICE is taken, counted round.
        keys: For a class with an open type: the values of the member that tells the type. A SET OF them holds one of each.
    """

    def __init__(self, text: str, turn: int, keys: Callable[[type[Any]], Sequence[Any]]) -> None:
        self._text = text
        self._turn = turn
        self._keys = keys

    def value(self, element: asn1.ElementLike, depth: int = 0) -> Any:
        """A value of an element."""
        element = element() if callable(element) and not isinstance(element, type) and not isinstance(element, e.Element) else element
        if is_declared(element):
            return self._declared(element, depth)  # type: ignore[arg-type]
        if isinstance(element, e.Tagged | e.Variants):
            return self.value(element.element if isinstance(element, e.Tagged) else element.main, depth)
        if isinstance(element, e.SequenceOf | e.SetOf):
            return self._several(element.element, depth + 1) if depth < DEEPEST else ()
        return self._leaf(element)

    def _several(self, element: Any, depth: int) -> tuple[Any, ...]:
        keys = self._keys(element) if is_declared(element) else ()
        return tuple(self._declared(element, depth, key) for key in keys) if keys else (self.value(element, depth),)

    def _leaf(self, element: Any) -> Any:
        octets = self._text.encode("latin-1")
        if isinstance(element, e.TextString):
            return self._text
        if isinstance(element, e.LargeOctetString | e.LargeAny):
            return MemoryOctets(b"body")
        if isinstance(element, e.RawString | e.OctetString):
            return octets
        for kind, value in (
            (e.Boolean, True), (e.Integer, 1), (e.Enumerated, 1), (e.NamedBitString, frozenset({1})), (e.Null, asn1.NULL), (e.Real, 1.0),
            (e.BitString, asn1.Bits(octets=b"\x80", unused=0)), (e.ObjectIdentifier, "1.2.3"), (e.RelativeOID, "1.2"), (e.Any, b"\x05\x00"),
            (e.UTCTime | e.GeneralizedTime, datetime(2024, 3, 1, 9, tzinfo=UTC)),
        ):  # fmt: skip
            if isinstance(element, kind):
                return value
        raise AssertionError(element)

    def _declared(self, cls: type[Any], depth: int, key: Any = None) -> Any:
        description = asn1.describe(cls)
        if description.kind is Kind.CHOICE:
            usable = [one for one in description.members if depth < DEEPEST - 4 or not is_declared(one.element)] or description.members
            chosen = usable[self._turn % len(usable)]
            return cls(**{chosen.attribute: self.value(chosen.element, depth + 1)})
        made: dict[str, Any] = {}
        told = next((one.element.key for one in description.members if isinstance(one.element, e.OpenType)), None)
        if told is not None:
            keys = self._keys(cls)
            made[told] = key if key is not None else keys[self._turn % len(keys)]
        for one in description.members:
            if one.attribute in made or isinstance(one.element, e.OpenType):
                continue
            if one.mandatory or depth < DEEPEST - 6:
                made[one.attribute] = self.value(one.element, depth + 1)
        for one in description.members:
            if isinstance(one.element, e.OpenType):
                inner = one.element.registry(made[one.element.key])
                made[one.attribute] = self.value(inner, depth + 1) if inner is not None else asn1.NULL
        return cls(**made)
