"""Nodes of what has no tag of its own: CHOICE, ANY, open types, variants (X.690 8.13 to 8.15)."""

from __future__ import annotations

from typing import Any

from gateway.asn1 import elements as e
from gateway.asn1.elements import Tagged, Variant
from gateway.asn1.errors import BERError, Limits
from gateway.asn1.node import Encoding, Node, Pieces, Writing, makes, node_of
from gateway.asn1.tlv import Header, Reading
from gateway.asn1.types import MemberDescription, describe
from gateway.asn1.values import Raw
from gateway.octets import Octets


class ChoiceNode(Node):
    """A declared CHOICE (X.690 8.13)."""

    def __init__(self, cls: type[Any]) -> None:
        self.cls = cls
        self.name = cls.__name__
        self._alternatives: tuple[tuple[MemberDescription, Node], ...] | None = None
        self._by_key: dict[int, tuple[MemberDescription, Node]] = {}
        self._open: tuple[MemberDescription, Node] | None = None
        self._keys: frozenset[int] | None = None

    @property
    def alternatives(self) -> tuple[tuple[MemberDescription, Node], ...]:
        """The alternatives with their nodes; made at first use, since types may contain themselves."""
        if self._alternatives is None:
            found = tuple((each, node_of(_element(each))) for each in describe(self.cls).members)
            for each, node in found:
                for key in node.keys or ():
                    self._by_key.setdefault(key, (each, node))
                if node.keys is None:
                    self._open = self._open or (each, node)
            self._keys = None if self._open else frozenset(self._by_key)
            self._alternatives = found
        return self._alternatives

    @property
    def keys(self) -> frozenset[int] | None:
        """Those of all alternatives."""
        return self._keys if self.alternatives else None

    def read(self, reading: Reading, header: Header) -> Any:
        """See `Node.read`."""
        chosen = self._by_key.get(header.key, self._open) if self.alternatives else None
        if chosen is None:
            raise BERError(f"{self.name} expected, {header.tag} found", offset=header.start)
        alternative, node = chosen
        try:
            value = node.read(reading, header)
        except BERError as error:
            error.within(alternative.name)
            raise
        try:
            return self.cls(**{alternative.attribute: value})
        except ValueError as error:
            raise BERError(f"not a valid {self.name}: {error}", offset=header.start) from None

    def write(self, writing: Writing, value: Any) -> Encoding:
        """See `Node.write`."""
        if not isinstance(value, self.cls):
            raise BERError(f"a {type(value).__name__} is not a {self.name}")
        for alternative, node in self.alternatives:
            inner = getattr(value, alternative.attribute)
            if inner is not None:
                try:
                    return node.write(writing, inner)
                except BERError as error:
                    error.within(alternative.name)
                    raise
        raise BERError(f"{self.name} without an alternative")


def _element(alternative: MemberDescription) -> e.ElementLike:
    return alternative.element if alternative.tag is None else Tagged(alternative.element, tag=alternative.tag)


class AnyNode(Node):
    """ANY: the complete TLV as it is."""

    name = e.Any.ASN1_NAME
    keys = None
    gives_bytes = True

    def read(self, reading: Reading, header: Header) -> bytes:
        """See `Node.read`."""
        return reading.raw(header)

    def write(self, writing: Writing, value: Any) -> Encoding:
        """See `Node.write`."""
        if not isinstance(value, bytes | Octets):
            raise BERError(f"a {type(value).__name__} is not a complete TLV")
        if writing.strict:
            check_complete(value)
        return bytes(value) if isinstance(value, bytes) else Pieces([value])


class LargeAnyNode(AnyNode):
    """ANY of any size, as a slice of the input."""

    gives_bytes = False

    def read(self, reading: Reading, header: Header) -> Any:
        """See `Node.read`."""
        return reading.source.slice(header.start, reading.skip(header))


def check_complete(octets: bytes | Octets) -> None:
    """Raise BERError unless octets are one complete TLV, as far as its frame tells."""
    reading = Reading(octets, Limits())
    header = reading.next(reading.root())
    if header is None or reading.skip(header) != reading.length:
        raise BERError("raw octets that are not one complete TLV")


class OpenTypeNode(Node):
    """A type that a sibling tells."""

    name = e.OpenType.ASN1_NAME
    keys = None

    def __init__(self, element: e.OpenType) -> None:
        self.depends = element.key
        self.registry = element.registry

    def read(self, reading: Reading, header: Header) -> Any:
        """The value; or the raw TLV, if the type is not known or the value is not of that type."""
        node = self._node(reading.siblings.get(self.depends or ""))
        if node is None:
            return Raw(reading.raw(header))
        at, siblings = reading.at, reading.siblings
        try:
            return node.read_checked(reading, header)
        except BERError:
            if reading.strict_open_types:
                raise
            reading.at, reading.siblings = at, siblings
            return Raw(reading.raw(header))

    def write(self, writing: Writing, value: Any) -> Encoding:
        """See `Node.write`."""
        node = None if isinstance(value, Raw) else self._node(getattr(writing.parent, self.depends or "", None))
        if node is not None and (node.gives_bytes or not isinstance(value, bytes)):
            return node.write(writing, value)
        if not isinstance(value, bytes):
            raise BERError(f"a {type(value).__name__} of a type that is not known")
        if writing.strict:
            check_complete(value)
        return bytes(value)

    def _node(self, key: Any) -> Node | None:
        element = None if key is None else self.registry(key)
        return None if element is None else node_of(element)


class VariantsNode(Node):
    """One abstract value with several encodings."""

    name = "one of several forms"

    def __init__(self, element: e.Variants) -> None:
        self.main = node_of(element.main)
        self.others = tuple((name, variant, node_of(variant.element)) for name, variant in element.others)
        self.depends = self.main.depends
        self.gives_bytes = self.main.gives_bytes
        self.name = self.main.name

    @property
    def keys(self) -> frozenset[int] | None:
        """Those of all forms."""
        found: set[int] = set()
        for node in (self.main, *(node for _, _, node in self.others)):
            if node.keys is None:
                return None
            found |= node.keys
        return frozenset(found)

    def read(self, reading: Reading, header: Header) -> Any:
        """Read the form that the tag fits; where it fits several, the first that decodes, the main one before the others."""
        forms: list[tuple[Variant | None, Node]] = [(None, self.main), *((variant, node) for _, variant, node in self.others)]
        fitting = [(variant, node) for variant, node in forms if node.accepts(header.key)]
        at, siblings = reading.at, reading.siblings
        first: BERError | None = None
        for variant, node in fitting:
            reading.at, reading.siblings = at, siblings
            try:
                value = node.read(reading, header)
                return value if variant is None else self._converted(variant.to_main, value, header.start)
            except BERError as error:
                first = first or error
        raise first or BERError(f"{self.name} expected, {header.tag} found", offset=header.start)

    def write(self, writing: Writing, value: Any) -> Encoding:
        """See `Node.write`."""
        for name, variant, node in self.others:
            if name in writing.dialects:
                return node.write(writing, self._converted(variant.from_main, value, None))
        return self.main.write(writing, value)

    def _converted(self, convert: Any, value: Any, offset: int | None) -> Any:
        try:
            return convert(value)
        except (ValueError, TypeError, KeyError) as error:
            raise BERError(f"{self.name} in another form does not convert: {error}", offset=offset) from None


makes(e.OpenType)(lambda element, key: OpenTypeNode(element))
makes(e.Variants)(lambda element, key: VariantsNode(element))
makes(e.Any)(lambda element, key: AnyNode())
makes(e.LargeAny)(lambda element, key: LargeAnyNode())
