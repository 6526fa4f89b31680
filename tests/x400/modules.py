"""Reads ASN.1 module text and holds declared classes to it.

For whoever owns a module::

    differences = compare_module(require_shared() / "specs/asn1/....asn1", CLASSES, EXCEPTIONS, values=BOUNDS)
    assert differences == []

* ``CLASSES``: name of the ASN.1 type -> the class declared for it, or the element descriptor, or the ``IntEnum`` of its numbers. Nested
  inline types need no entry: they are followed through the members.
* ``EXCEPTIONS``: ``"Type"`` (not declared at all) or ``"Type.component"``, ``"Type.name-of-number"`` (declared otherwise) -> the reason.
  A dotted name covers what is below it.
* ``values``: name -> number for the upper bounds that the module imports; sizes and ranges are compared where they resolve.

Compared: that every SEQUENCE, SET, CHOICE, ENUMERATED, named INTEGER and named BIT STRING has an entry; kind; names and order of
components, with COMPONENTS OF filled in; tags down to the universal one, with the rule that a tag on a CHOICE or an open type is explicit;
OPTIONAL, DEFAULT and simple default values; numbers; sizes. What a module imports is compared as far as its tag is written in this module,
or through ``CLASSES``.

The reader knows comments (``--`` to the next ``--`` or the end of the line, and the bracketed form), parameterised types, information
object classes and the ``&field`` types; values, objects, object sets and class definitions are stepped over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from gateway import asn1

Keys = tuple[tuple[int, int], ...]
"""Tags, outermost first: class (0 universal, 1 application, 2 context, 3 private) and number."""

BUILT_IN = {
    "BOOLEAN": 1, "INTEGER": 2, "BIT STRING": 3, "OCTET STRING": 4, "NULL": 5, "OBJECT IDENTIFIER": 6, "ObjectDescriptor": 7,
    "EXTERNAL": 8, "INSTANCE OF": 8, "REAL": 9, "ENUMERATED": 10, "EMBEDDED PDV": 11, "UTF8String": 12, "RELATIVE-OID": 13,
    "SEQUENCE": 16, "SEQUENCE OF": 16, "SET": 17, "SET OF": 17, "NumericString": 18, "PrintableString": 19, "TeletexString": 20,
    "T61String": 20, "VideotexString": 21, "IA5String": 22, "UTCTime": 23, "GeneralizedTime": 24, "GraphicString": 25,
    "VisibleString": 26, "ISO646String": 26, "GeneralString": 27, "UniversalString": 28, "CHARACTER STRING": 29, "BMPString": 30,
}  # fmt: skip
OPEN = {"CHOICE", "OPEN", "ANY"}
STRUCTURED = {"SEQUENCE", "SET", "CHOICE"}


# --- tokens -------------------------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""(?P<comment>--(?:(?!--).)*?(?:--|$)|/\*[\s\S]*?\*/)|(?P<space>\s+)
    |(?P<token>::=|\.\.\.|\.\.|&?[A-Za-z](?:[A-Za-z0-9]|-(?!-))*|\d+|"[^"]*"|'[^']*'[HB]|.)""",
    re.MULTILINE | re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    text: str
    at_line_start: bool

    @property
    def reference(self) -> bool:
        """A type, class or object set reference: first letter a capital."""
        return self.text[0].isalpha() and self.text[0].isupper()


def tokens(text: str) -> list[Token]:
    found = []
    for match in _TOKEN.finditer(text):
        if match["token"]:
            start = match.start()
            found.append(Token(match["token"], start == 0 or text[start - 1] == "\n"))
    return found


# --- the module as a tree -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TagText:
    class_: int
    number: int
    explicit: bool | None


@dataclass
class Type:
    """A type as it is written.

    Attributes:
        kind: A key of `BUILT_IN`, one of `OPEN`, or ``reference``.
        name: Of a reference.
        numbers: Of ENUMERATED, named INTEGER and named BIT STRING.
        of: Element type of SEQUENCE OF and SET OF.
        bounds: Least and most of a SIZE or value constraint, as they are written.
    """

    kind: str
    tags: list[TagText] = field(default_factory=list)
    name: str = ""
    components: list[Component] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)
    of: Type | None = None
    bounds: list[str] = field(default_factory=list)
    parameterised: bool = False


@dataclass
class Component:
    """A component; ``components_of`` stands for COMPONENTS OF."""

    name: str
    type: Type
    optional: bool = False
    default: list[str] | None = None
    components_of: bool = False


@dataclass
class Module:
    explicit_tags: bool
    types: dict[str, Type]
    values: dict[str, int]


class _Reader:
    def __init__(self, found: list[Token]) -> None:
        self.tokens, self.at = found, 0

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead].text if self.at + ahead < len(self.tokens) else ""

    def take(self, expected: str | None = None) -> str:
        text = self.peek()
        assert expected is None or text == expected, f"{expected!r} expected, {text!r} found at {[t.text for t in self.tokens[:30]]}"
        self.at += 1
        return text

    def skip(self, *expected: str) -> bool:
        if self.peek() in expected and self.peek():
            self.at += 1
            return True
        return False

    def balanced(self) -> list[str]:
        """The tokens inside the bracket that opens here."""
        depth, start = 0, self.at + 1
        while True:
            text = self.take()
            depth += text in "([{"
            depth -= text in ")]}"
            if depth == 0:
                return [token.text for token in self.tokens[start : self.at - 1]]

    def type(self) -> Type:
        tags = []
        while self.peek() == "[" and self.peek(1) != "[":
            inside = self.balanced()
            class_ = {"UNIVERSAL": 0, "APPLICATION": 1, "PRIVATE": 3}.get(inside[0], 2)
            explicit = {"EXPLICIT": True, "IMPLICIT": False}.get(self.peek())
            if explicit is not None:
                self.take()
            tags.append(TagText(class_, int(inside[-1]), explicit))
        found = self._untagged()
        found.tags = tags + found.tags
        while self.peek() in ("(", "SIZE"):
            self._constraint(found)
        return found

    def _constraint(self, type_: Type) -> None:
        self.skip("SIZE")
        inside = self.balanced()
        words = [text for text in inside if text not in ("SIZE", "(", ")", "..", "|", "INTEGER")]
        if all(re.fullmatch(r"\d+|[a-z][\w-]*|MIN|MAX", text) for text in words) and not {",", ":"} & set(inside):
            type_.bounds = words

    def _untagged(self) -> Type:
        text = self.take()
        if text in ("SEQUENCE", "SET"):
            return self._collection(text)
        if text == "CHOICE":
            return Type("CHOICE", components=self._components())
        if text in ("ENUMERATED", "INTEGER"):
            return Type(text, numbers=self._numbers())
        if text in ("BIT", "OCTET", "CHARACTER"):
            self.take("STRING")
            return Type(f"{text} STRING", numbers=self._numbers() if text == "BIT" else {})
        if text == "OBJECT":
            self.take("IDENTIFIER")
            return Type("OBJECT IDENTIFIER")
        if text == "EMBEDDED":
            self.take("PDV")
            return Type("EMBEDDED PDV")
        if text == "INSTANCE":
            self.take("OF")
            self.take()
            return Type("INSTANCE OF")
        if text == "ANY":
            if self.skip("DEFINED"):
                self.take("BY")
                self.take()
            return Type("ANY")
        return Type(text) if text in BUILT_IN else self._reference(text)

    def _reference(self, text: str) -> Type:
        if self.peek() == "<":
            self.take()
            self.take()
            return Type("reference", name=f"selection {text}")
        assert text[0].isupper(), f"a type expected, {text!r} found"
        while self.skip("."):
            text = f"{text}.{self.take()}" if self.peek().startswith("&") else self.take()
        parameterised = self.peek() == "{"
        if parameterised:
            self.balanced()
        if "&" not in text:
            return Type("reference", name=text, parameterised=parameterised)
        field_name = text.partition("&")[2]
        return Type("OPEN", name=text) if field_name[0].isupper() else Type("reference", name=text)

    def _collection(self, word: str) -> Type:
        bounds: list[str] = []
        if self.peek() in ("SIZE", "("):
            size = Type(word)
            self._constraint(size)
            bounds = size.bounds
        if self.skip("OF"):
            if self.peek()[:1].islower():
                self.take()
            return Type(f"{word} OF", of=self.type(), bounds=bounds)
        return Type(word, components=self._components())

    def _components(self) -> list[Component]:
        self.take("{")
        found = []
        while not self.skip("}"):
            if self.skip("..."):
                if self.skip("!"):
                    self.take()
            elif self.peek() == "[" and self.peek(1) == "[":
                self.at += 2
                continue
            elif self.peek() == "]" and self.peek(1) == "]":
                self.at += 2
            else:
                found.append(self._component())
            self.skip(",")
        return found

    def _component(self) -> Component:
        if self.peek() == "COMPONENTS":
            self.at += 1
            self.take("OF")
            return Component("", self.type(), components_of=True)
        name = self.take() if self.peek()[0].islower() else ""
        component = Component(name, self.type())
        if self.skip("OPTIONAL"):
            component.optional = True
        elif self.skip("DEFAULT"):
            component.default = self._default()
        return component

    def _default(self) -> list[str]:
        found: list[str] = []
        while self.peek() not in (",", "}", "]"):
            found += ["{", *self.balanced(), "}"] if self.peek() == "{" else [self.take()]
        return found

    def _numbers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.peek() == "{":
            inside = self.balanced()
            for at, text in enumerate(inside):
                if text == "(":
                    found[inside[at - 1]] = "".join(inside[at + 1 : inside.index(")", at)])
        return found


@lru_cache
def read_module(path: Path) -> Module:
    """The type assignments and the integer values of a module."""
    found = tokens(path.read_text(encoding="utf-8"))
    words = [token.text for token in found]
    begin = words.index("BEGIN")
    header = words[:begin]
    body = found[begin + 1 : len(words) - 1 - words[::-1].index("END")]
    for keyword in ("EXPORTS", "IMPORTS"):
        names = [token.text for token in body]
        if keyword in names[:2000] and (keyword == "IMPORTS" or names[0] == keyword):
            body = body[names.index(";", names.index(keyword)) + 1 :]
    module = Module("IMPLICIT" not in header and "AUTOMATIC" not in header, {}, {})
    for part in _assignments(body):
        _read_assignment(module, part)
    return module


def _assignments(body: list[Token]) -> Iterator[list[Token]]:
    """Cut the body: an assignment begins at the start of a line, outside of all brackets, and has its ``::=`` soon after."""
    starts, depth = [], 0
    for at, token in enumerate(body):
        if depth == 0 and token.at_line_start and token.text[0].isalpha() and _begins_assignment(body, at):
            starts.append(at)
        depth += token.text in "([{"
        depth -= token.text in ")]}"
    for start, end in zip(starts, [*starts[1:], len(body)], strict=True):
        yield body[start:end]


def _begins_assignment(body: list[Token], at: int) -> bool:
    words = [token.text for token in body[at : at + 40]]
    if len(words) > 1 and words[1] == "{" and body[at].reference:
        return "}" in words and words[words.index("}") + 1 : words.index("}") + 2] == ["::="]
    return "::=" in words[1:4] or (words[0][0].islower() and "::=" in words)


def _read_assignment(module: Module, part: list[Token]) -> None:
    words = [token.text for token in part]
    middle = words.index("::=")
    if not part[0].reference:
        if middle == 2 and words[1] == "INTEGER" and words[3].isdigit():
            module.values[words[0]] = int(words[3])
        return
    if middle != 1 and words[1] != "{":
        return  # a value set or an object set
    if middle == 1 and (words[0].isupper() and _class_definition(words[2:])):
        return
    module.types[words[0]] = _Reader(part[middle + 1 :]).type()


def _class_definition(words: list[str]) -> bool:
    return words[0] in ("CLASS", "TYPE-IDENTIFIER", "ABSTRACT-SYNTAX", "MACRO") or (len(words) == 1 and words[0].isupper())


# --- comparison ---------------------------------------------------------------------------------------------------------------------


def compare_module(
    path: Path, classes: Mapping[str, object], exceptions: Mapping[str, str], *, values: Mapping[str, int] | None = None
) -> list[str]:
    """What differs between a module and what was declared for it; see the top of this file."""
    return _Comparison(read_module(path), classes, exceptions, values or {}).run()


def compare_type(
    module: Module, name: str, declared: object, classes: Mapping[str, object], *, values: Mapping[str, int] | None = None
) -> list[str]:
    """What differs between one type of a module and what was declared for it, nested inline types included."""
    comparison = _Comparison(module, classes, {}, values or {})
    comparison.type(name, Type("reference", name=name), declared)
    if name in module.types:
        comparison.type(name, module.types[name], declared)
    return comparison.found


class _Comparison:
    def __init__(self, module: Module, classes: Mapping[str, object], exceptions: Mapping[str, str], values: Mapping[str, int]) -> None:
        self.module, self.classes, self.exceptions = module, classes, exceptions
        self.values = {**values, **module.values}
        self.found: list[str] = []

    def run(self) -> list[str]:
        for name, type_ in self.module.types.items():
            if name in self.exceptions:
                continue
            if name in self.classes:
                self.type(name, type_, self.classes[name], outer=True)
            elif self.must_be_declared(type_):
                self.say(name, "is neither declared nor an exception")
        return self.found

    def must_be_declared(self, type_: Type) -> bool:
        if type_.of is not None:
            return self.must_be_declared(type_.of)
        return type_.kind in STRUCTURED or bool(type_.numbers) or type_.kind == "ENUMERATED"

    def say(self, where: str, text: str) -> None:
        parts = where.split(".")
        if not any(".".join(parts[:end]) in self.exceptions for end in range(1, len(parts) + 1)):
            self.found.append(f"{where}: {text}")

    def type(self, where: str, type_: Type, declared: object, *, outer: bool = False) -> None:
        """Compare one type, and what is written inside it."""
        if isinstance(declared, type) and issubclass(declared, IntEnum):
            self.numbers(where, type_, declared)
            return
        self.tags(where, type_, declared)
        element = _bare(declared)
        if type_.kind == "reference":
            self.reference(where, type_, element)
            return
        if type_.kind in STRUCTURED and not (isinstance(element, type) and asn1.describe(element).kind.value == type_.kind):
            self.say(where, f"is a {type_.kind}, declared is {element!r}")
        elif type_.kind in STRUCTURED:
            self.components(where, type_, element)
        elif type_.of is not None and isinstance(element, asn1.SequenceOf | asn1.SetOf):
            self.type(f"{where}.*" if outer else where, type_.of, element.element)
        if type_.numbers:
            self.numbers(where, type_, getattr(element, "names", None))
        if type_.bounds:
            self.bounds(where, type_, element)

    def reference(self, where: str, type_: Type, element: Any) -> None:
        expected = self.classes.get(type_.name)
        if expected is None:
            return
        if isinstance(expected, type) and issubclass(expected, IntEnum):
            if getattr(element, "names", None) is not expected:
                self.say(where, f"does not use the numbers of {type_.name}")
        elif isinstance(bare := _bare(expected), type) and element is not bare:
            self.say(where, f"is a {type_.name}, declared is {element!r}")

    def numbers(self, where: str, type_: Type, names: type[IntEnum] | None) -> None:
        type_ = self.resolved(type_) or type_
        if names is None:
            self.say(where, "has named numbers, the declaration has none")
            return
        expected = {name.lower(): self.values.get(text, text) for name, text in type_.numbers.items()}
        declared = {name.lower().replace("_", "-"): int(value) for name, value in names.__members__.items()}
        for name in expected.keys() | declared.keys():
            ours, theirs = declared.get(name), expected.get(name)
            if str(ours) != str(theirs):
                self.say(f"{where}.{name}", f"is {theirs} in the module, declared is {ours}")

    def components(self, where: str, type_: Type, cls: type[Any]) -> None:
        expected = [each for each in self.expanded(type_) if f"{where}.{each.name}" not in self.exceptions]
        declared = [each for each in asn1.describe(cls).members if f"{where}.{each.name}" not in self.exceptions]
        if [each.name for each in expected] != [each.name for each in declared]:
            self.say(where, f"has {[each.name for each in expected]}, declared is {[each.name for each in declared]}")
            return
        for theirs, ours in zip(expected, declared, strict=True):
            inside = f"{where}.{theirs.name}"
            if type_.kind != "CHOICE":
                self.presence(inside, theirs, ours)
            self.type(inside, theirs.type, asn1.tagged(ours.element, ours.tag) if ours.tag else ours.element)

    def presence(self, where: str, theirs: Component, ours: asn1.MemberDescription) -> None:
        if (theirs.optional, theirs.default is not None) != (ours.optional, ours.default is not asn1.MISSING):
            self.say(where, f"optional {theirs.optional}, default {theirs.default}; declared {ours.optional}, {ours.default!r}")
            return
        text = "".join(theirs.default or ())
        simple = {"TRUE": True, "FALSE": False}.get(text, int(text) if text.isdigit() else None)
        if simple is not None and ours.default != simple:
            self.say(where, f"DEFAULT {text}, declared is {ours.default!r}")
        if text == "{}" and ours.default not in ((), frozenset()) and ours.default != type(ours.default)():
            self.say(where, f"DEFAULT {{}}, declared is {ours.default!r}")
        if isinstance(ours.default, IntEnum) and ours.default.name.lower().replace("_", "-") != text.lower():
            self.say(where, f"DEFAULT {text}, declared is {ours.default!r}")

    def bounds(self, where: str, type_: Type, element: Any) -> None:
        limits = [self.values.get(text) if not text.isdigit() else int(text) for text in type_.bounds]
        declared = getattr(element, "size", None) or getattr(element, "range", None)
        if None in limits or not (hasattr(element, "size") or hasattr(element, "range")):
            return
        if isinstance(declared, int):
            declared = (declared, declared)
        numbers = [limit for limit in limits if limit is not None]
        if declared != (min(numbers), max(numbers)):
            self.say(where, f"bounds {type_.bounds} = {numbers}, declared is {declared}")

    def expanded(self, type_: Type) -> list[Component]:
        """The components with COMPONENTS OF filled in."""
        found: list[Component] = []
        for each in type_.components:
            if not each.components_of:
                found.append(each)
                continue
            inner = self.resolved(each.type)
            if inner is None:
                self.say(each.type.name, "COMPONENTS OF something that is not in this module")
            else:
                found += self.expanded(inner)
        return found

    def resolved(self, type_: Type) -> Type | None:
        """The type behind references, None when it is not in this module."""
        seen = 0
        while type_.kind == "reference" and seen < 20:
            if type_.name not in self.module.types:
                return None
            type_, seen = self.module.types[type_.name], seen + 1
        return type_

    def tags(self, where: str, type_: Type, declared: object) -> None:
        theirs, known = self.keys(type_)
        ours = element_keys(declared)
        if type_.kind in ("OPEN", "ANY"):  # any type may be inside, but then the tag is around it
            known = isinstance(_bare(declared), asn1.Any | asn1.LargeAny | asn1.OpenType)
            if not known and len(ours) == len(theirs):
                self.say(where, f"is an open type, declared is {_bare(declared)!r} with an implicit tag")
        if ours[: len(theirs)] != theirs or (known and len(ours) != len(theirs)):
            self.say(where, f"tags {_written(theirs)}{'' if known else ' ...'}, declared is {_written(ours)}")

    def keys(self, type_: Type) -> tuple[Keys, bool]:
        """The tags of a type, and whether these are all: of an imported type only those written here are known."""
        if type_.kind == "reference":
            keys, known = self.reference_keys(type_)
        elif type_.kind in OPEN:
            keys, known = (), True
        else:
            keys, known = ((0, BUILT_IN[type_.kind]),), True
        for tag in reversed(type_.tags):
            explicit = self.module.explicit_tags if tag.explicit is None else tag.explicit
            open_ = known and not keys
            keys = ((tag.class_, tag.number), *(keys if explicit or open_ else keys[1:]))
        return keys, known

    def reference_keys(self, type_: Type) -> tuple[Keys, bool]:
        if type_.name in self.module.types:
            return self.keys(self.module.types[type_.name])
        expected = self.classes.get(type_.name)
        if expected is None or (isinstance(expected, type) and issubclass(expected, IntEnum)):
            return (), False
        return element_keys(expected), True


def element_keys(declared: object) -> Keys:
    """The tags of a declared class or element descriptor, outermost first."""
    element: Any = _called(declared)
    if isinstance(element, type):
        return tuple((key & 3, key >> 2) for key in asn1.describe(element).keys)
    if hasattr(element, "element") and type(element).NUMBER is None:
        keys = element_keys(element.element)
    elif hasattr(element, "main"):
        keys = element_keys(element.main)
    else:
        keys = () if element.NUMBER is None else ((0, element.NUMBER),)
    if element.tag is None:
        return keys
    own = (element.tag.class_, element.tag.number)
    return (own, *keys) if element.tag.explicit or not keys else (own, *keys[1:])


def _called(declared: object) -> Any:
    if callable(declared) and not isinstance(declared, type | asn1.Element):
        return declared()
    return declared


def _bare(declared: object) -> Any:
    """The declared class or descriptor without tags around it and without its other variants."""
    element = _called(declared)
    while not isinstance(element, type):
        inner = getattr(element, "main", None) or (getattr(element, "element", None) if type(element).NUMBER is None else None)
        if inner is None:
            return element
        element = _called(inner)
    return element


def _written(keys: Keys) -> str:
    return " ".join(f"[{('UNIVERSAL ', 'APPLICATION ', '', 'PRIVATE ')[class_]}{number}]" for class_, number in keys) or "none"
