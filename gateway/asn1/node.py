"""Nodes: what the codec derives, once, from each element; and the frame in which a value is written.

A node knows the tags by which its encodings begin, reads a value from an element whose header has been read, and writes
a value. The modules `leaves`, `constructed` and `selected` hold the nodes and say with `makes` for which elements.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from gateway.asn1.elements import Element, ElementLike, Tagged
from gateway.asn1.errors import BERError
from gateway.asn1.tags import UNIVERSAL, apply, identifier_octets, length_octets
from gateway.asn1.tlv import Header, Reading
from gateway.asn1.types import describe, is_declared
from gateway.octets import ConcatOctets, Octets


class Pieces:
    """An encoding too long to be one ``bytes``: its pieces in order."""

    __slots__ = ("length", "parts")

    def __init__(self, parts: list[bytes | Octets]) -> None:
        self.parts = parts
        self.length = sum(len(part) for part in parts)

    def __len__(self) -> int:
        return self.length

    def to_octets(self) -> Octets:
        """All pieces as one `Octets`, neighbouring ``bytes`` joined."""
        joined: list[bytes | Octets] = []
        small: list[bytes] = []
        for part in self.parts:
            if isinstance(part, bytes):
                small.append(part)
                continue
            joined += [b"".join(small), part]
            small.clear()
        return ConcatOctets((*joined, b"".join(small)))


Encoding = bytes | Pieces


class Writing:
    """One encode in progress.

    Attributes:
        dialects: Names of the `Variants` to be written instead of the main form.
        strict: Sizes, ranges and repertoires are checked.
        parent: The SEQUENCE or SET in progress, for open types.
    """

    __slots__ = ("dialects", "parent", "strict")

    def __init__(self, dialects: frozenset[str], strict: bool) -> None:
        self.dialects = dialects
        self.strict = strict
        self.parent: object = None


class Node(ABC):
    """How one element is read and written.

    Attributes:
        name: What it is, for error messages.
        keys: Keys of the tags with which an encoding may begin; None if with any.
        depends: Attribute of the sibling that must be known before this can be read.
        gives_bytes: The Python value is ``bytes``.
    """

    name: str = ""
    depends: str | None = None
    gives_bytes: bool = False

    @property
    @abstractmethod
    def keys(self) -> frozenset[int] | None:
        """See the class."""

    @abstractmethod
    def read(self, reading: Reading, header: Header) -> Any:
        """Read the value whose header has been read and whose tag fits; leaves ``reading.at`` behind the element."""

    @abstractmethod
    def write(self, writing: Writing, value: Any) -> Encoding:
        """The complete encoding of a value."""

    def accepts(self, key: int) -> bool:
        """Whether an encoding may begin with this tag."""
        return self.keys is None or key in self.keys

    def read_checked(self, reading: Reading, header: Header) -> Any:
        """`read`, after a look at the tag."""
        if not self.accepts(header.key):
            raise BERError(f"{self.name} expected, {header.tag} found", offset=header.start)
        return self.read(reading, header)


class TypeNode(Node):
    """A node of a type with a tag of its own, or with one in its place."""

    def __init__(self, key: int, constructed: bool) -> None:
        self._keys = frozenset((key,))
        self._identifier = identifier_octets(key, constructed)

    @property
    def keys(self) -> frozenset[int]:
        """See `Node.keys`."""
        return self._keys

    def frame(self, content: Encoding) -> Encoding:
        """Put identifier and length octets before the contents octets."""
        head = self._identifier + length_octets(len(content))
        return head + content if isinstance(content, bytes) else Pieces([head, *content.parts])

    def enter(self, header: Header) -> None:
        """Check that an encoding is constructed."""
        if not header.constructed:
            raise BERError(f"{self.name} in a primitive encoding", offset=header.start)


class ExplicitNode(TypeNode):
    """An explicit tag around another node (X.690 8.14.2)."""

    def __init__(self, key: int, inner: Node) -> None:
        super().__init__(key, constructed=True)
        self.inner = inner
        self.name = inner.name
        self.depends = inner.depends
        self.gives_bytes = inner.gives_bytes

    def read(self, reading: Reading, header: Header) -> Any:
        """See `Node.read`."""
        self.enter(header)
        inner = reading.next(header)
        if inner is None:
            raise BERError(f"{header.tag} EXPLICIT is empty, {self.name} expected", offset=header.start)
        value = self.inner.read_checked(reading, inner)
        more = reading.next(header)
        if more is not None:
            raise BERError(f"{header.tag} EXPLICIT holds more than one element", offset=more.start)
        return value

    def write(self, writing: Writing, value: Any) -> Encoding:
        """See `Node.write`."""
        return self.frame(self.inner.write(writing, value))


Maker = Callable[[Any, Any], Node]
"""From a descriptor, and the key of its tag (None where it has none of its own), to its node."""

_MAKERS: dict[object, Maker] = {}
DECLARED = "declared class"


def makes(*kinds: object) -> Callable[[Maker], Maker]:
    """Register the function that makes the nodes of these descriptors (`DECLARED`: of declared classes)."""

    def register(maker: Maker) -> Maker:
        for kind in kinds:
            _MAKERS[kind] = maker
        return maker

    return register


def node_of(element: ElementLike) -> Node:
    """The node of an element, made at its first use.

    Raises:
        TypeError: It is neither a descriptor nor a declared class.
    """
    if isinstance(element, Element):
        if element.node is None:
            object.__setattr__(element, "node", _make(element))
        node: Node = element.node
        return node
    resolved = resolve(element)
    if isinstance(resolved, Element):
        return node_of(resolved)
    node = resolved.__dict__.get("__asn1_node__") or _make(resolved)
    resolved.__asn1_node__ = node
    return node


_BARE: dict[type[Any], Element[Any]] = {}


def resolve(element: ElementLike) -> Element[Any] | type[Any]:
    """A descriptor or a declared class, with functions called and bare descriptor classes instantiated."""
    if isinstance(element, Element) or is_declared(element):
        return element  # type: ignore[return-value]
    if isinstance(element, type) and issubclass(element, Element):
        return _BARE.setdefault(element, element())
    if callable(element) and not isinstance(element, type):
        return resolve(element())
    raise TypeError(f"{element!r} is neither an ASN.1 element nor a declared class")


def layers(element: ElementLike) -> tuple[tuple[int, ...], Element[Any] | type[Any], bool]:
    """Keys of the tags of an element, outermost first; what is inside them; and whether that has no tag of its own."""
    found = resolve(element)
    if not isinstance(found, Element):
        description = describe(found)
        return description.keys, found, description.untagged
    if isinstance(found, Tagged):
        keys, core, untagged = layers(found.element)
        return apply(found.tag, keys), core, untagged
    if found.NUMBER is None:
        return apply(found.tag, ()), found, True
    return apply(found.tag, (found.NUMBER << 2 | UNIVERSAL,)), found, False


def _make(element: ElementLike) -> Node:
    keys, core, untagged = layers(element)
    maker = _MAKERS[type(core) if isinstance(core, Element) else DECLARED]
    around = keys if untagged else keys[:-1]
    node = maker(core, None if untagged else keys[-1])
    for key in reversed(around):
        node = ExplicitNode(key, node)
    return node
