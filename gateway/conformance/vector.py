"""One vector as it stands in a file: read strictly, so that nothing passes unread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from gateway.conformance.notation import NotationError, oraddress_from_notation
from gateway.errors import GatewayError
from gateway.mixer import mcgam
from gateway.mixer.address import Role
from gateway.mixer.policy import GlobalDomain, Settings, SourceRoutes
from gateway.mixer.stdor import Grammar
from gateway.x400.oraddress import ORAddress

TABLES: Final = {
    "rfc2or": mcgam.MappingTable.DOMAIN_TO_ORADDRESS,
    "or2rfc": mcgam.MappingTable.ORADDRESS_TO_DOMAIN,
    "gate2": mcgam.MappingTable.DOMAIN_TO_GATEWAY,
    "gate1": mcgam.MappingTable.ORADDRESS_TO_GATEWAY,
}
"""Names of the mapping tables in vectors."""

_KEYS: Final = frozenset(
    {"id", "section", "direction", "kind", "source", "firm", "tables", "settings", "input", "expected", "note", "compare"}
)
_NEEDED: Final = ("id", "direction", "input", "expected")
_SETTINGS: Final = frozenset({"role", "gateway_or", "local_domain", "mode", "grammar", "strip_source_route"})


class VectorError(GatewayError):
    """A vector cannot be read, so it fails whatever the gateway does."""


class Compare(Enum):
    """How what came is compared with what was expected."""

    EXACT = "exact"
    ADDR = "addr"
    SET = "set"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The settings of one vector; what it does not name is the algorithm as RFC 2156 prints it, not what the product is set to.

    Attributes:
        role: What an address is for.
        gateway_or: O/R address of the local gateway; without any attribute where the vector gives none.
        local_domain: Domain of the local gateway.
        mode: 84 or 88.
        grammar: How std-or text is read.
        strip_source_route: Whether source routes are removed.
    """

    role: Role = Role.HEADER
    gateway_or: ORAddress = field(default_factory=ORAddress)
    local_domain: str = ""
    mode: int = 88
    grammar: Grammar = Grammar.STRICT
    strip_source_route: bool = False

    def settings(self, tables: mcgam.MappingTables) -> Settings:
        """The gateway that lives in this world."""
        return Settings(
            gateway_domain=self.local_domain,
            gateway_oraddress=self.gateway_or,
            global_domain=GlobalDomain(country="", admd=""),
            mta_name="",
            tables=tables,
            source_routes=SourceRoutes.STRIP if self.strip_source_route else SourceRoutes.KEEP,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One example.

    Attributes:
        id: Unique in its file.
        operation: Direction and kind; the kind ``address`` where none was given.
        input: Argument of the operation.
        expected: Its result; None where there is none.
        fails: The operation has to fail, and `expected` means nothing.
        tables: The mapping tables, by `mcgam.MappingTable`: the text of each.
    """

    id: str
    operation: tuple[str, str]
    input: Any
    expected: Any
    fails: bool
    compare: Compare
    tables: Mapping[mcgam.MappingTable, str]
    world: World

    def settings(self) -> Settings:
        """The gateway of this vector, with its tables.

        Raises:
            VectorError: The tables cannot be loaded.
        """
        try:
            return self.world.settings(load_tables(self.tables))
        except mcgam.MappingTableError as error:
            raise VectorError(f"tables: {error}") from error


def load_tables(tables: Mapping[mcgam.MappingTable, str]) -> mcgam.MappingTables:
    """The tables as the gateway loads them.

    Raises:
        MappingTableError: They cannot be used.
    """
    return mcgam.load({table.value: [(table.value, text)] for table, text in tables.items()})


def vector_from(raw: object) -> Vector:
    """Read one element of the list.

    Raises:
        VectorError: An unknown key, setting, table or comparison; something missing; a value of the wrong type.
    """
    parts = mapping_of(raw, "a vector")
    _only(parts, _KEYS, "key")
    missing = [key for key in _NEEDED if key not in parts]
    if missing:
        raise VectorError(f"{missing[0]} is missing")
    expected = parts["expected"]
    fails = isinstance(expected, Mapping) and "error" in expected
    if fails and len(expected) > 1:
        raise VectorError("'error' stands alone in 'expected'")
    return Vector(
        id=text_of(parts["id"], "id"),
        operation=(text_of(parts["direction"], "direction"), text_of(parts.get("kind", "address"), "kind")),
        input=parts["input"],
        expected=expected,
        fails=fails,
        compare=_member(Compare, parts.get("compare", "exact"), "compare"),
        tables=tables_from(parts.get("tables", {})),
        world=_world_from(parts.get("settings", {})),
    )


def tables_from(raw: object) -> dict[mcgam.MappingTable, str]:
    """The texts of tables given as lists of lines.

    Raises:
        VectorError: An unknown table, or no list of lines.
    """
    parts = mapping_of(raw, "tables")
    _only(parts, TABLES.keys(), "table")
    return {TABLES[name]: "".join(f"{text_of(line, name)}\n" for line in list_of(lines, name)) for name, lines in parts.items()}


def _world_from(raw: object) -> World:
    parts = mapping_of(raw, "settings")
    _only(parts, _SETTINGS, "setting")
    found: dict[str, Any] = dict(parts)
    if "role" in found:
        found["role"] = _member(Role, found["role"], "role")
    if "grammar" in found:
        found["grammar"] = _member(Grammar, found["grammar"], "grammar")
    if "gateway_or" in found:
        found["gateway_or"] = _oraddress(found["gateway_or"], "gateway_or")
    if "local_domain" in found:
        text_of(found["local_domain"], "local_domain")
    if found.get("mode", 88) not in (84, 88):
        raise VectorError(f"mode {found['mode']!r} is unknown: 84 or 88")
    if not isinstance(found.get("strip_source_route", False), bool):
        raise VectorError("strip_source_route is true or false")
    return World(**found)


def _oraddress(raw: object, what: str) -> ORAddress:
    try:
        return oraddress_from_notation(raw)
    except NotationError as error:
        raise VectorError(f"{what}: {error}") from error


def _member(kind: Any, value: object, what: str) -> Any:
    if value not in {one.value for one in kind}:
        raise VectorError(f"{what} {value!r} is unknown: {', '.join(str(one.value) for one in kind)}")
    return kind(value)


def _only(parts: Mapping[str, Any], known: Any, what: str) -> None:
    unknown = sorted(str(key) for key in parts if key not in known)
    if unknown:
        raise VectorError(f"unknown {what} {unknown[0]!r}")


def exactly(raw: object, what: str, *, needed: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """An input that is a mapping with these keys and no others.

    Raises:
        VectorError: It is not.
    """
    parts = mapping_of(raw, what)
    _only(parts, {*needed, *optional}, f"key of {what}")
    missing = [key for key in needed if key not in parts]
    if missing:
        raise VectorError(f"{what} needs {missing[0]!r}")
    return parts


def mapping_of(raw: object, what: str) -> dict[str, Any]:
    """A mapping.

    Raises:
        VectorError: It is none.
    """
    if not isinstance(raw, dict):
        raise VectorError(f"{what} has to be a mapping, not {raw!r:.80}")
    return raw


def list_of(raw: object, what: str) -> list[Any]:
    """A list.

    Raises:
        VectorError: It is none.
    """
    if not isinstance(raw, list):
        raise VectorError(f"{what} has to be a list, not {raw!r:.80}")
    return raw


def text_of(raw: object, what: str) -> str:
    """A text. YAML reads ``no`` as a truth value and ``5`` as a number: such texts have to be quoted.

    Raises:
        VectorError: It is none.
    """
    if not isinstance(raw, str):
        raise VectorError(f"{what} has to be a text, not {raw!r:.80}")
    return raw


def octets_of(raw: object, what: str) -> bytes:
    """Octets in hexadecimal.

    Raises:
        VectorError: They are not.
    """
    try:
        return bytes.fromhex(text_of(raw, what))
    except ValueError as error:
        raise VectorError(f"{what} has to be hexadecimal, not {raw!r:.80}") from error
