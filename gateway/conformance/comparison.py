"""Whether what came is what a vector expects: octet by octet, as addresses, or as sets of attributes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.conformance.vector import Compare
from gateway.mixer.address import unquote

_COMPONENT: Final = re.compile(r"((?:\$.|[^/$])*)/")
_ORDERED: Final = re.compile(r"(?:OU|O|RFC-822|DD\..*)", re.DOTALL)
_DN: Final = re.compile(r'(?:\\.|"(?:\\.|[^"\\])*"|[^,+\\"])+|[,+]')


def agrees(came: Any, expected: Any, compare: Compare) -> bool:
    """Whether two results are the same under one of the comparisons."""
    return bool(_COMPARE[compare](came, expected))


def _exact(came: Any, expected: Any) -> bool:
    return type(came) is type(expected) and came == expected


def _as_set(came: Any, expected: Any) -> bool:
    return _exact(_with_unordered_attributes(came), _with_unordered_attributes(expected))


def _with_unordered_attributes(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: sorted(one, key=repr) if key == "DDA" and isinstance(one, list) else one for key, one in value.items()}


def _as_address(came: Any, expected: Any) -> bool:
    if not isinstance(came, str) or not isinstance(expected, str):
        return _exact(came, expected)
    return canonical_address(came) == canonical_address(expected)


def canonical_address(text: str) -> tuple[Any, ...]:
    """A mailbox, a msg-id, a std-or address or an empty group in a form in which equal ones are equal.

    Quotes of the local part are taken away, the case of the domain and of keywords and the order of single-valued attributes do not count,
    the order of OU, O and domain-defined attributes does.
    """
    bare = text[1:-1] if text.startswith("<") and text.endswith(">") else text
    if bare.endswith(";") or " <" in bare:
        return (re.sub(r"\s*([:;<>])\s*", r"\1", bare),)
    local, at, domain = bare.rpartition("@")
    if not at:
        local, domain = bare, ""
    prefix, attributes = _split(unquote(local))
    single = Counter(f"{key}={value}" for key, value in attributes if not _ORDERED.fullmatch(key))
    ordered = tuple(f"{key}={value}" for key, value in attributes if _ORDERED.fullmatch(key))
    return (prefix, frozenset(single.items()), ordered, domain.lower())


def _split(local: str) -> tuple[str, list[tuple[str, str]]]:
    """What stands before a std-or address (all of it where there is none), and the attributes with keywords in capitals."""
    start = local.find("/")
    if start < 0 or not local.endswith("/") or (start > 0 and local[start - 1] != "*"):
        return local, []
    attributes: list[tuple[str, str]] = []
    for component in _COMPONENT.findall(local[start + 1 :]):
        key, _, value = component.partition("=")
        word = key.upper()
        attributes.append((f"DD.{key[3:]}" if word.startswith("DD.") else word, value))
    return local[:start], attributes


def canonical_name(text: str) -> tuple[str, ...]:
    """A distinguished name without the blanks around its separators; quoted and escaped values are the same (RFC 1485, RFC 4514)."""
    return tuple(_unescaped(re.sub(r"(?<!\\) +$", "", piece.lstrip(" "))) for piece in _DN.findall(text))


def _unescaped(piece: str) -> str:
    key, equals, value = piece.partition("=")
    if len(value) > 1 and value.startswith('"') and value.endswith('"'):
        value = value[1:-1]
    value = re.sub(r"\\([0-9A-Fa-f]{2}|.)", lambda match: chr(int(match[1], 16)) if len(match[1]) == 2 else match[1], value)
    return f"{key}{equals}{value}"


_COMPARE: Final[Mapping[Compare, Callable[[Any, Any], bool]]] = {
    Compare.EXACT: _exact,
    Compare.ADDR: _as_address,
    Compare.SET: _as_set,
}
