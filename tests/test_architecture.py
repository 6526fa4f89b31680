"""The import drawing of docs/architecture.md, held by a test: imports point down only, the pure packages stay pure."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "gateway"

MAY_IMPORT = {
    "errors": set(),
    "events": set(),
    "log": set(),
    "octets": {"errors"},
    "asn1": {"errors", "octets"},
    "osi": {"asn1", "errors", "octets"},
    "x400": {"asn1", "errors", "octets"},
    "internet": {"errors", "octets"},
    "mixer": {"x400", "internet", "asn1", "errors", "octets"},
    "spool": {"errors", "events", "log", "octets"},
    "maptools": {"mixer", "x400", "internet", "errors"},
    "lookup": {"mixer", "x400", "internet", "errors", "events", "log"},
    "permission": {"mixer", "x400", "internet", "errors"},
    "relay": {"permission", "mixer", "spool", "internet", "x400", "asn1", "lookup", "errors", "events", "log", "octets"},
    "conversions": {"mixer", "internet", "x400", "osi", "asn1", "errors", "events", "log", "octets"},
    "journeys": {"conversions", "lookup", "relay", "permission", "mixer", "spool", "internet", "x400", "osi", "asn1", "errors", "octets"},
    "config": {"mixer", "x400", "internet", "spool", "asn1", "errors", "octets"},
    "smtp": {"permission", "relay", "spool", "internet", "lookup", "errors", "events", "log", "octets", "mixer"},
    "mta": {"permission", "relay", "spool", "osi", "x400", "asn1", "errors", "events", "log", "octets", "mixer"},
    "admin": {"relay", "spool", "config", "errors", "events", "log", "octets", "x400", "internet", "mixer", "asn1"},
}
"""Package (or module) -> the packages it may import. What is not listed here (`app`, `cli`, `correspondent`) may import all."""

PURE = ("asn1", "osi", "x400", "internet", "mixer", "maptools", "permission.py", "spool/schedule.py")
IMPURE_MODULES = {"asyncio", "socket", "time", "logging", "structlog", "os", "random", "secrets", "uuid", "threading", "subprocess"}
ONLY_IN = {"pyasn1": {"asn1"}, "aiosmtpd": {"smtp"}, "dns": {"lookup"}, "ldap3": {"lookup"}, "sqlalchemy": {"spool"}, "sqlite3": {"spool"}}
NOW_CALLS = {"now", "utcnow", "today"}

FILES = sorted(path for path in ROOT.rglob("*.py"))


def package_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def is_pure(path: Path) -> bool:
    relative = path.relative_to(ROOT).as_posix()
    return any(relative == pure or relative.startswith(pure + "/") for pure in PURE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_down(path):
    package = package_of(path)
    faults = []
    for line, name in imports(ast.parse(path.read_text())):
        top, *rest = name.split(".")
        other = rest[0] if top == "gateway" and rest else package
        if package in MAY_IMPORT and other not in {package, "__version__"} | MAY_IMPORT[package]:
            faults.append(f"line {line}: {package} may not import {other}")
        if top in ONLY_IN and package not in ONLY_IN[top]:
            faults.append(f"line {line}: {top} may be imported in {sorted(ONLY_IN[top])} only")
        if is_pure(path) and top in IMPURE_MODULES:
            faults.append(f"line {line}: a pure module imports {top}")
    assert not faults


@pytest.mark.parametrize("path", [path for path in FILES if is_pure(path)], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_pure_modules_never_ask_for_the_time(path):
    calls = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in NOW_CALLS
    ]
    assert not calls, f"time arrives as a parameter; asked for in lines {calls}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_and_functions_are_small(path):
    text = path.read_text()
    tree = ast.parse(text)
    lines = text.count("\n")
    assert lines < 1000, f"{lines} lines"
    if lines > 600:
        assert "lines" in (ast.get_docstring(tree) or ""), f"{lines} lines: the docstring has to say why"
    long = [
        f"{node.name} has {(node.end_lineno or 0) - node.lineno + 1} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 80
    ]
    assert not long


EDGES = {"mta/listener.py", "smtp/listener.py", "smtp/server.py", "relay.py", "admin/control.py", "cli/__init__.py", "__main__.py"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_broad_except_only_at_the_edges(path):
    broad = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
    ]
    assert not broad or path.relative_to(ROOT).as_posix() in EDGES, f"lines {broad}"


def test_every_package_is_in_the_drawing():
    known = set(MAY_IMPORT) | {"__init__", "__main__", "app", "building", "cli", "conformance", "correspondent"}
    assert {package_of(path) for path in FILES} <= known
    assert sys.version_info >= (3, 11)
