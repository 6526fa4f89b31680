"""X.411 and X.419 as declared, held to the published modules; and the reader of the modules held to small texts."""

from __future__ import annotations

import re
from enum import IntEnum
from pathlib import Path

import pytest

from gateway import asn1
from gateway.x400 import bounds, extension_attributes, extensions, oids
from tests.shared import require_shared
from tests.x400.module_exceptions import EXCEPTIONS
from tests.x400.modules import Module, Type, compare_module, compare_type, read_module, tokens
from tests.x400.x411_classes import BOUNDS, CLASSES

X411 = "itu-t_x_x411_1999_{}.asn1"
MODULES = (
    X411.format("MTSAbstractService"),
    X411.format("MTAAbstractService"),
    X411.format("MTSAbstractService88"),
    "itu-t_x_x419_1999_MTSTransferProtocol.asn1",
)


def module_path(name: str) -> Path:
    return require_shared() / "specs" / "asn1" / name


@pytest.mark.parametrize("name", MODULES)
def test_every_type_is_declared_as_published(name: str) -> None:
    assert compare_module(module_path(name), CLASSES, EXCEPTIONS, values=BOUNDS) == []


def test_every_exception_is_needed() -> None:
    found = " ".join(text for name in MODULES for text in compare_module(module_path(name), CLASSES, {}, values=BOUNDS))
    assert [name for name in EXCEPTIONS if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", found)] == []


# --- tables of objects --------------------------------------------------------------------------------------------------------------

OBJECT = re.compile(r"^([a-z][\w-]*) +(EXTENSION(?:-ATTRIBUTE)?)\s+::=\s*\{(.*?)\n ?\}", re.MULTILINE | re.DOTALL)


def objects(name: str, class_: str) -> dict[int, tuple[str, str, str]]:
    """number -> (object name, type name, the whole text) of the information objects of a class."""
    found = {}
    text = re.sub(r"--.*?(?:--|$)", "", module_path(name).read_text(), flags=re.MULTILINE)
    for match in OBJECT.finditer(text):
        number = re.search(r"IDENTIFIED BY\s+(?:standard-extension:)?(\d+)", match[3])
        type_ = re.match(r"\s*([A-Z]\w*)", match[3])
        if match[2] == class_ and number and type_:
            found[int(number[1])] = (match[1], type_[1], match[3])
    return found


def enum_name(name: str) -> str:
    return name.upper().replace("-", "_")


@pytest.mark.parametrize("number", range(1, 41))
def test_extension_attribute_is_of_the_published_type(number: int) -> None:
    name = X411.format("MTSAbstractService")
    _, type_name, _ = objects(name, "EXTENSION-ATTRIBUTE")[number]
    assert compare_type(read_module(module_path(name)), type_name, extension_attributes.EXTENSION_ATTRIBUTES[number], CLASSES) == []


def test_no_extension_attribute_is_missing_or_invented() -> None:
    assert objects(X411.format("MTSAbstractService"), "EXTENSION-ATTRIBUTE").keys() == extension_attributes.EXTENSION_ATTRIBUTES.keys()


@pytest.mark.parametrize(
    "name",
    [
        X411.format("MTSAbstractService"),
        "itu-t_x_x420_1999_IPMSInformationObjects.asn1",
        "itu-t_x_x420_1999_IPMSSecurityExtensions.asn1",
    ],
)
def test_extensions_have_the_published_number_type_and_criticality(name: str) -> None:
    module = read_module(module_path(name))
    found = objects(name, "EXTENSION")
    for number, (object_name, type_name, text) in found.items():
        row = extensions.EXTENSIONS[number]
        assert row.number.name == enum_name(object_name)
        published = re.search(r"RECOMMENDED CRITICALITY\s+\{(.*?)\}", text)
        assert {enum_name(bit.strip()) for bit in (published[1].split(",") if published else ())} == {
            extensions.Criticality(bit).name for bit in row.criticality
        }, object_name
        if not any(part.endswith("SIGNATURE") for part in _outermost(module, type_name)):
            assert compare_type(module, type_name, row.element, CLASSES) == [], object_name


def _outermost(module: Module, name: str) -> list[str]:
    found: list[str] = []
    type_: Type | None = Type("reference", name=name)
    while type_ is not None and type_.kind == "reference":
        found.append(type_.name)
        type_ = module.types.get(type_.name)
    return found


def test_all_extensions_are_in_the_table() -> None:
    published = {
        *objects(X411.format("MTSAbstractService"), "EXTENSION"),
        *objects("itu-t_x_x420_1999_IPMSInformationObjects.asn1", "EXTENSION"),
        *objects("itu-t_x_x420_1999_IPMSSecurityExtensions.asn1", "EXTENSION"),
    }
    assert extensions.EXTENSIONS.keys() - published == {36, 37, 38}, "36 is of X.413, 37 and 38 of MTAAbstractService"
    assert published <= extensions.EXTENSIONS.keys()
    assert {number for number in objects(X411.format("MTAAbstractService"), "EXTENSION")} == {2, 37, 38}


# --- values -------------------------------------------------------------------------------------------------------------------------

OID_MODULES = {
    "x411_1999_MTSObjectIdentifiers": {},
    "x419_1999_MHSProtocolObjectIdentifiers": {},
    "x420_1999_IPMSObjectIdentifiers": {"id-eit": "ID_EIT_IPMS", "id-eit-voice": "ID_EIT_IPMS_VOICE"},
    "x420_1999_IPMSObjectIdentifiers2": {},
}


def published_oids(name: str) -> dict[str, str]:
    found: dict[str, str] = {"joint-iso-itu-t": "2", "iso": "1", "standard": "0"}
    words = [token.text for token in tokens(module_path(name).read_text())]
    for at, word in enumerate(words):
        if word == "ID" and words[at + 1] == "::=" and words[at + 2] == "{":
            inside = words[at + 3 : words.index("}", at)]
            while "(" in inside:
                opening = inside.index("(")
                inside[opening - 1 : opening + 3] = [inside[opening + 1]]
            found[words[at - 1]] = ".".join(found.get(part, part) for part in inside)
    return {name: oid for name, oid in found.items() if name.startswith("id-")}


@pytest.mark.parametrize("name", OID_MODULES)
def test_object_identifiers_are_the_published_ones(name: str) -> None:
    published = published_oids(f"itu-t_x_{name}.asn1")
    assert len(published) > 5 or name.endswith("2")
    renamed = OID_MODULES[name]
    declared = {key: getattr(oids, renamed.get(key, enum_name(key)), None) for key in published}
    assert {key: oid for key, oid in declared.items() if oid is not None and oid != published[key]} == {}
    assert sum(oid is not None for oid in declared.values()) >= 4


def test_upper_bounds_are_the_published_ones() -> None:
    assert read_module(module_path(X411.format("MTSUpperBounds"))).values == BOUNDS
    assert bounds.UB_MTA_NAME_LENGTH == 32


# --- the reader ---------------------------------------------------------------------------------------------------------------------

SMALL = """
Small DEFINITIONS IMPLICIT TAGS ::=
BEGIN

Colour ::= ENUMERATED {red(0), green(1), ...}

Inner ::= CHOICE {a  [0]  INTEGER(0..ub-a), b  BOOLEAN}

Base ::= SET {first  [0]  INTEGER OPTIONAL}

-- a comment with "quotes" and { brackets -- Thing ::= [APPLICATION 3]  SEQUENCE {-- swallowed? --inner
                                   [1]  Inner,
  colour  Colour DEFAULT red, -- to the end
  text    [2]  SEQUENCE {inside  PrintableString(SIZE (1..ub-a)) OPTIONAL},
  open    [3]  SOME-CLASS.&Type({Table}{@colour})
}

Whole ::= SET {COMPONENTS OF Base, second  [1]  IA5String}

Table SOME-CLASS ::= {...}

ub-a INTEGER ::= 7

END
"""


class Colour(IntEnum):
    RED = 0
    GREEN = 1


@asn1.choice()
class Inner:
    a: int | None = asn1.alternative(asn1.Integer(range=(0, 7)), tag=asn1.context(0))
    b: bool | None = asn1.alternative(asn1.Boolean())


@asn1.sequence()
class Text:
    inside: str | None = asn1.member(asn1.PrintableString(size=(1, 7)), optional=True)


@asn1.sequence(tag=asn1.application(3))
class Thing:
    inner: Inner = asn1.member(Inner, tag=asn1.context(1))
    colour: int = asn1.member(asn1.Enumerated(Colour), default=Colour.RED)
    text: Text = asn1.member(Text, tag=asn1.context(2))
    open_: bytes = asn1.member(asn1.Any(), tag=asn1.context(3), name="open")


@asn1.set_()
class Base:
    first: int | None = asn1.member(asn1.Integer(), tag=asn1.context(0), optional=True)


@asn1.set_()
class Whole(Base):
    second: str = asn1.member(asn1.IA5String(), tag=asn1.context(1))


RIGHT: dict[str, object] = {"Colour": Colour, "Inner": Inner, "Thing": Thing, "Base": Base, "Whole": Whole}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.asn1"
    path.write_text(SMALL.replace("brackets -- Thing", "brackets --\nThing"))
    return path


def test_reader_agrees_with_a_right_declaration(small: Path) -> None:
    assert compare_module(small, RIGHT, {}) == []


@asn1.sequence(tag=asn1.application(3))
class WrongThing:
    inner: Inner = asn1.member(Inner, tag=asn1.context(4))
    colour: int = asn1.member(asn1.Enumerated(Colour), default=Colour.GREEN)
    text: Text | None = asn1.member(Text, tag=asn1.context(2), optional=True)
    open_: bytes = asn1.member(asn1.OctetString(), tag=asn1.context(3), name="open")


@asn1.set_()
class WrongWhole:
    second: str = asn1.member(asn1.IA5String(), tag=asn1.context(1))


class WrongColour(IntEnum):
    RED = 0
    GREEN = 2
    BLUE = 3


@pytest.mark.parametrize(
    ("name", "declared", "complaints"),
    [
        ("Thing", WrongThing, {"Thing.inner", "Thing.colour", "Thing.text", "Thing.open"}),
        ("Whole", WrongWhole, {"Whole"}),
        ("Colour", WrongColour, {"Colour.green", "Colour.blue"}),
        ("Base", Whole, {"Base"}),
    ],
)
def test_reader_finds_what_is_wrong(small: Path, name: str, declared: object, complaints: set[str]) -> None:
    found = compare_module(small, {**RIGHT, name: declared}, {})
    assert complaints <= {text.partition(":")[0] for text in found}


def test_reader_finds_what_is_missing_and_honours_exceptions(small: Path) -> None:
    without = {name: declared for name, declared in RIGHT.items() if name != "Inner"}
    assert compare_module(small, without, {}) == ["Inner: is neither declared nor an exception"]
    assert compare_module(small, without, {"Inner": "because"}) == []
    reasons = {f"Thing.{component}": "because" for component in ("inner", "colour", "text", "open")}
    assert compare_module(small, {**RIGHT, "Thing": WrongThing}, reasons) == []
