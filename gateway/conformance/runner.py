"""Runs conformance files. A vector passes when what came is what it expects; whatever cannot be read or crashes fails."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from gateway.conformance.addresses import EXPECTATION, OPERATIONS
from gateway.conformance.comparison import agrees
from gateway.conformance.message_world import MessageWorld, world_from
from gateway.conformance.messages import run_message_vector
from gateway.conformance.notation import NotationError
from gateway.conformance.vector import Vector, VectorError, mapping_of, vector_from
from gateway.errors import GatewayError

MAX_FILE_OCTETS: Final = 64 * 1024 * 1024
_CRASHES: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a defect of the gateway raises. It fails its vector, also one that expects an error, and the others still run."""


class ConformanceFileError(GatewayError):
    """A file holds no vectors that can be run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one vector.

    Attributes:
        id: Of the vector.
        passed: Whether what came was what it expects.
        came: What came instead; empty where it passed.
    """

    id: str
    passed: bool
    came: str = ""

    def __str__(self) -> str:
        return f"{self.id} PASS" if self.passed else f"{self.id} FAIL {self.came}"


@dataclass(frozen=True, slots=True)
class VectorFile:
    """The vectors of a file, as the YAML reader gives them.

    Attributes:
        vectors: One element each.
        world: What message vectors share; None of a file of address vectors.
    """

    vectors: list[Any] = field(default_factory=list)
    world: MessageWorld | None = None


def run_files(paths: Iterable[Path]) -> Iterator[Verdict]:
    """Run the vectors of files, in order.

    Raises:
        ConformanceFileError: A file cannot be read, is no YAML, or is not of a form that can be run.
    """
    for path in paths:
        found = read_file(path)
        yield from run_vectors(found.vectors, found.world)


def read_file(path: Path) -> VectorFile:
    """The vectors of a file: a list of address vectors, or a mapping with message vectors.

    Raises:
        ConformanceFileError: It cannot be read, is no YAML, or not of a form that can be run.
    """
    try:
        if path.stat().st_size > MAX_FILE_OCTETS:
            raise ConformanceFileError(f"{path} is larger than {MAX_FILE_OCTETS} octets")
        # The loader is a SafeLoader: it makes plain values and nothing else.
        found = yaml.load(path.read_bytes(), Loader=_Loader)
    except (OSError, yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConformanceFileError(f"{path} cannot be read as YAML: {error}") from error
    return _file_of(found, path)


def _file_of(found: object, path: Path) -> VectorFile:
    if isinstance(found, list):
        return VectorFile(found)
    if not isinstance(found, dict) or found.keys() != {"meta", "vectors"} or not isinstance(found["vectors"], list):
        text = "is no conformance file: a list of address vectors, or 'meta' and 'vectors' of message vectors, was expected"
        raise ConformanceFileError(f"{path} {text}")
    try:
        return VectorFile(found["vectors"], world_from(found["meta"]))
    except VectorError as error:
        raise ConformanceFileError(f"{path}: {error}") from error


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses a key that occurs twice, of which YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for at, key in enumerate(keys):
            if key in keys[:at]:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} occurs twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


def run_vectors(raw: Iterable[Any], world: MessageWorld | None = None) -> Iterator[Verdict]:
    """Run vectors as the YAML reader gives them; an id that occurs again fails."""
    seen: set[str] = set()
    for number, one in enumerate(raw, 1):
        verdict = run_vector(one, number, world)
        if verdict.id in seen:
            verdict = Verdict(id=verdict.id, passed=False, came="the id occurs twice in the file")
        seen.add(verdict.id)
        yield verdict


def run_vector(raw: Any, number: int = 0, world: MessageWorld | None = None) -> Verdict:
    """Run one vector as the YAML reader gives it.

    Args:
        raw: The vector.
        number: Names a vector without id.
        world: What the message vectors of its file share; None for an address vector.
    """
    name = raw.get("id") if isinstance(raw, dict) else None
    name = name if isinstance(name, str) and name else f"vector {number}"
    try:
        came = _address_result(raw) if world is None else run_message_vector(mapping_of(raw, "a vector"), world)
    except (VectorError, NotationError) as error:
        came = f"the vector cannot be run: {error}"
    except GatewayError as error:
        came = f"an error: {error}"
    except _CRASHES as error:
        came = f"a crash: {type(error).__name__}: {error}"
    return Verdict(id=name, passed=not came, came=" ".join(came.split()))


def _address_result(raw: Any) -> str:
    vector = vector_from(raw)
    operation = OPERATIONS.get(vector.operation)
    if operation is None:
        raise VectorError(f"unknown operation: direction {vector.operation[0]!r}, kind {vector.operation[1]!r}")
    return _result(vector, operation)


def _result(vector: Vector, operation: Callable[[Vector], Any]) -> str:
    """What came instead of what was expected; empty when it is the same."""
    try:
        found = operation(vector)
    except VectorError:
        raise
    except GatewayError as error:
        return "" if vector.fails else f"error: {error}"
    if vector.fails:
        return f"{found!r} instead of an error"
    adapt = EXPECTATION.get(vector.operation)
    expected = adapt(vector.expected) if adapt is not None else vector.expected
    return "" if agrees(found, expected, vector.compare) else repr(found)
