"""What a declared class is in Python, and what a checker knows of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gateway import asn1
from gateway.asn1.node import node_of
from tests.asn1.samples import APDU, Envelope, ORName, Priority, Recipient


@asn1.sequence(tag=asn1.application(9))
class Base(asn1.Members):
    first: int = asn1.member(asn1.Integer())
    class_: str | None = asn1.member(asn1.IA5String(), optional=True)


@asn1.sequence()
class Derived(Base):
    """COMPONENTS OF Base, and one more."""

    second: bool = asn1.member(asn1.Boolean())

    def both(self) -> tuple[int, bool]:
        return self.first, self.second


@asn1.choice()
class Tree(asn1.Choice):
    leaf: int | None = asn1.alternative(asn1.Integer())
    branch: tuple[Tree, ...] | None = asn1.alternative(asn1.SequenceOf(lambda: Tree))


@asn1.choice()
class Plain:
    nothing: asn1.NullType | None = asn1.alternative(asn1.Null, tag=asn1.context(0))
    some: int | None = asn1.alternative(asn1.Integer(), tag=asn1.context(1))


def test_values_are_frozen_slotted_and_keyword_only() -> None:
    value = Derived(first=1, second=True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.first = 2  # type: ignore[misc]
    with pytest.raises((TypeError, AttributeError)):
        value.extra = 2  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Derived(1, True)  # type: ignore[misc]
    with pytest.raises(TypeError, match="second"):
        Derived(first=1)
    assert not hasattr(value, "__dict__")
    assert hash(value) == hash(dataclasses.replace(value))
    assert value.unknown == ()
    assert value.both() == (1, True)


def test_components_of_is_inheritance() -> None:
    assert [each.name for each in asn1.describe(Derived).members] == ["first", "class", "second"]
    value = Derived(first=1, class_="x", second=True)
    assert asn1.encode(value) == bytes.fromhex("30 09 02 01 01 16 01 78 01 01 FF")
    assert asn1.encode(Base(first=1)) == bytes.fromhex("69 03 02 01 01")
    assert asn1.decode(asn1.encode(value), Derived) == value


def test_recursive_types() -> None:
    tree = Tree(branch=(Tree(leaf=1), Tree(branch=(Tree(leaf=2), Tree(branch=())))))
    assert asn1.decode(asn1.encode(tree), Tree) == tree
    assert asn1.to_notation(tree) == "branch : { leaf : 1, branch : { leaf : 2, branch : { } } }"


def test_a_choice_holds_exactly_one_alternative() -> None:
    assert Plain(nothing=asn1.NULL).chosen == "nothing"  # type: ignore[attr-defined]
    assert Plain(nothing=asn1.NULL).value is asn1.NULL  # type: ignore[attr-defined]
    assert Tree(leaf=0).chosen == "leaf"
    assert Tree(leaf=0).value == 0
    for wrong in ({}, {"leaf": 1, "branch": ()}):
        with pytest.raises(TypeError, match="exactly one"):
            Tree(**wrong)  # type: ignore[arg-type]


def test_mistakes_in_a_declaration_are_told_at_once() -> None:
    with pytest.raises(TypeError, match="annotation"):

        @asn1.sequence()
        class NoAnnotation:
            x = asn1.member(asn1.Integer())

    with pytest.raises(TypeError, match="underscore"):

        @asn1.choice()
        class Value:
            value: int | None = asn1.alternative(asn1.Integer())

    with pytest.raises(TypeError, match="neither"):
        node_of(int)
    with pytest.raises(TypeError, match="not declared"):
        asn1.describe(int)


def test_an_open_type_needs_the_member_that_tells_it() -> None:
    @asn1.sequence()
    class Lost:
        value: object = asn1.member(asn1.OpenType(key="type_", registry={}.get))

    with pytest.raises(TypeError, match="no member 'type_'"):
        asn1.decode(b"\x30\x02\x05\x00", Lost)


def test_describe_tells_what_was_declared() -> None:
    found = asn1.describe(Recipient)
    assert (found.name, found.kind, found.tag, found.extensible) == ("Recipient", asn1.Kind.SET, None, False)
    assert [(each.name, str(each.tag)) for each in found.members][1:] == [
        ("originally-specified-recipient-number", "[0]"),
        ("per-recipient-indicators", "[1]"),
        ("actual-recipient-name", "[4]"),
        ("extensions", "[3]"),
    ]
    priority = next(each for each in asn1.describe(Envelope).members if each.attribute == "priority")
    assert isinstance(priority.element, asn1.Enumerated)
    assert priority.element.names is Priority
    assert priority.default is Priority.NORMAL
    assert asn1.describe(ORName).tag == asn1.application(0)
    assert asn1.describe(APDU).kind is asn1.Kind.CHOICE


CHECKED = """
from __future__ import annotations

from enum import IntEnum

from gateway import asn1
from gateway.octets import Octets


class Colour(IntEnum):
    RED = 0


@asn1.sequence(tag=asn1.application(4))
class Leaf(asn1.Members):
    name: str = asn1.member(asn1.IA5String(size=(1, 32)))
    colour: Colour | int = asn1.member(asn1.Enumerated(Colour), default=Colour.RED)
    bits: frozenset[int] | None = asn1.member(asn1.NamedBitString(Colour, size=(8, 256)), optional=True)
    inner: tuple[Leaf, ...] = asn1.member(asn1.SequenceOf(lambda: Leaf), tag=asn1.context(0), default=())


@asn1.choice()
class Either(asn1.Choice):
    leaf: Leaf | None = asn1.alternative(Leaf, tag=asn1.context(0))
    content: Octets | None = asn1.alternative(asn1.LargeOctetString())


leaf = asn1.decode(b"", Leaf)
reveal_type(leaf)
reveal_type(leaf.unknown)
reveal_type(asn1.decode(b"", asn1.Integer()))
reveal_type(asn1.decode_prefix(b"", asn1.LargeOctetString()))
either = Either(leaf=Leaf(name="x"))
reveal_type(either.chosen)
Leaf(nome="x")
leaf.name = "y"
Leaf(name=5)
"""


@pytest.mark.slow
def test_a_checker_knows_the_classes(tmp_path: Path) -> None:
    api = pytest.importorskip("mypy.api")
    sample = tmp_path / "sample.py"
    sample.write_text(CHECKED)
    out, _, _ = api.run(["--strict", "--cache-dir", str(tmp_path / "cache"), "--hide-error-context", str(sample)])
    revealed = [line.split('"')[1] for line in out.splitlines() if "Revealed type" in line]
    errors = [line.rsplit("[", 1)[1] for line in out.splitlines() if ": error:" in line]
    assert [each.replace("builtins.", "") for each in revealed] == [
        "sample.Leaf", "tuple[gateway.asn1.values.Unknown, ...]", "int", "tuple[gateway.octets.Octets, int]", "str",
    ]  # fmt: skip
    assert errors == ["call-arg]", "misc]", "arg-type]"]
