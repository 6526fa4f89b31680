"""Paths and suffixes of expectations (the conformance schema, 2.3): every key is resolved, or the vector fails.

A suffix is either a view, which makes another value of the one before it (`VIEWS`), or a test, which may stand last only (`TESTS`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from email.errors import HeaderParseError
from email.header import decode_header
from typing import Any, Final

from gateway.conformance.header_values import Date, Instances
from gateway.conformance.message_values import (
    ABSENT,
    Absent,
    Address,
    Bits,
    Blob,
    Chosen,
    Leaf,
    Node,
    NumberSet,
    UnequalError,
    Word,
    equal,
    is_absent,
    texts_of,
)
from gateway.conformance.vector import VectorError
from gateway.internet.fields import decode_text, mailboxes
from gateway.mixer.text import TextError, integer_from_label, oid_from_text

View = Callable[[Any], Any]
Test = Callable[[Any, Any], bool]


def compare(came: Any, expected: Any, path: str = "") -> str:
    """What is not as expected, with its place; empty when all is."""
    if isinstance(expected, Mapping) and not isinstance(came, Address | Bits):
        if not isinstance(came, Node):
            return f"{path or 'result'}: {came!r:.300}"
        return next((found for key, one in expected.items() if (found := _member(came, str(key), one, path))), "")
    if isinstance(expected, list) and isinstance(came, list) and any(isinstance(one, Mapping) for one in expected):
        if len(came) != len(expected):
            return f"{path}: {len(came)} elements: {came!r:.300}"
        pairs = enumerate(zip(came, expected, strict=True))
        return next((found for at, (one, other) in pairs if (found := compare(one, other, f"{path}.{at}"))), "")
    return "" if equal(came, expected) else f"{path}: {came!r:.300}"


def _member(node: Node, key: str, expected: Any, path: str) -> str:
    here = f"{path}.{key}" if path else key
    value: Any = node
    *steps, last = key.split(".") if key[:1].isalpha() and not node.has(key) else [key]
    try:
        for step in steps:
            value = _step(value, step, here)
        found, test = _resolved(value, last, here)
        if test is None:
            return compare(found, expected, here)
        return "" if test(found, expected) else f"{here}: {found!r:.300}"
    except UnequalError as error:
        return f"{here}: {error}"


def _step(value: Any, step: str, path: str) -> Any:
    if isinstance(value, Node) and value.has(step):
        return value.get(step)
    if isinstance(value, list | tuple) and step.isdigit():
        return value[int(step)] if int(step) < len(value) else ABSENT
    if isinstance(value, Absent):
        raise UnequalError(f"there is nothing to look for {step!r} in")
    raise VectorError(f"unknown key {path!r}: nothing here is called {step!r}")


def _resolved(value: Any, name: str, path: str) -> tuple[Any, Test | None]:
    """The value that a step with suffixes means, and the test that stands last."""
    known = _known(value, name)
    if known:
        return _step(value, name, path), None
    if isinstance(value, Absent):
        raise UnequalError(f"there is nothing to look for {name!r} in")
    for suffix in _SUFFIXES:
        if not name.endswith(f"_{suffix}"):
            continue
        base = name[: -len(suffix) - 1]
        if not _is_resolvable(value, base):
            continue
        inner, test = _resolved(value, base, path)
        if test is not None:
            break
        return (inner, TESTS[suffix]) if suffix in TESTS else (VIEWS[suffix](inner), None)
    raise VectorError(f"unknown key or suffix {path!r}")


def _known(value: Any, name: str) -> bool:
    return (isinstance(value, Node) and value.has(name)) or (isinstance(value, list | tuple) and name.isdigit())


def _is_resolvable(value: Any, name: str) -> bool:
    if _known(value, name):
        return True
    bases = [name[: -len(suffix) - 1] for suffix in VIEWS if name.endswith(f"_{suffix}")]
    return any(_is_resolvable(value, base) for base in bases)


# --- views --------------------------------------------------------------------------------------------------------------------------------


def _there(value: Any) -> Any:
    if isinstance(value, Absent):
        raise UnequalError("is absent")
    return value


def _text(value: Any) -> str:
    """The one text of a value."""
    _there(value)
    found = value.only if isinstance(value, Instances) else value.text() if isinstance(value, Leaf) else value
    if not isinstance(found, str):
        raise VectorError(f"{value!r:.100} is no text")
    return found


def _elements(value: Any) -> list[Any]:
    if isinstance(value, Absent):
        return []
    if isinstance(value, list | tuple | Bits | NumberSet):
        return list(value)
    raise VectorError(f"{value!r:.100} is no list")


def _count(value: Any) -> int:
    return len(value.bodies) if isinstance(value, Instances) else len(_elements(value))


def _types(value: Any) -> list[Any]:
    return [one.get("type") if one.has("type") else one.get("content_type") for one in _elements(value)]


def _type(value: Any) -> Word:
    return Word(_text(value).partition(";")[0].strip())


def _integer(value: Any) -> int:
    try:
        return integer_from_label(_text(value))
    except TextError as error:
        raise UnequalError(str(error)) from error


def _oids(value: Any) -> NumberSet:
    try:
        return NumberSet(frozenset(oid_from_text(one) for one in _text(value).split(",")))
    except TextError as error:
        raise UnequalError(str(error)) from error


def _value(value: Any) -> str:
    if not isinstance(_there(value), Instances):
        raise VectorError("only header fields have comments")
    return str(value.bare())


def _decoded(value: Any) -> str:
    return unicodedata.normalize("NFC", decode_text(_text(value)))


def _charset(value: Any) -> Word:
    try:
        words = {charset.lower() for _, charset in decode_header(_text(value)) if charset}
    except HeaderParseError as error:
        raise UnequalError(str(error)) from error
    return Word(",".join(sorted(words)))


def _mailbox(value: Any) -> Any:
    found = mailboxes(_text(value))
    if len(found) != 1:
        raise UnequalError(f"{len(found)} mailboxes")
    return found[0]


def _dates(value: Any) -> list[Any]:
    if isinstance(value, Absent):
        return []
    if isinstance(value, Instances):
        return [Date(body.rstrip("; \t").rpartition(";")[2].strip()) for body in value.bodies]
    raise VectorError("only header fields have dates")


def _times(value: Any) -> list[Any]:
    return [one.get("time") for one in _elements(value)]


def _hex(value: Any) -> str:
    if not isinstance(_there(value), Blob):
        raise VectorError(f"{value!r:.80} are no octets")
    return str(value.octets.hex().upper())


def _described(one: Any) -> Any:
    return one.get("recipient") if one.has("recipient") else one


def _formal_names(value: Any) -> list[Any]:
    names = [_described(one).get("formal-name") for one in _elements(value)]
    return [name for name in names if name is not ABSENT]


def _free_form_only(value: Any) -> int:
    found = [_described(one) for one in _elements(value)]
    return sum(one.get("formal-name") is ABSENT and one.get("free-form-name") is not ABSENT for one in found)


def _dda(value: Any) -> str:
    if not isinstance(_there(value), Address):
        raise VectorError("only an O/R address has domain-defined attributes")
    found = value.address.domain_defined
    if len(found) != 1 or found[0][0].upper() != "RFC-822":
        raise UnequalError(f"domain-defined attributes {found!r}")
    return str(found[0][1])


def _bits(value: Any) -> Bits:
    if isinstance(value, Bits):
        return value
    raise VectorError(f"{_there(value)!r:.80} is no bit string")


def _semantics(value: Any) -> Any:
    from gateway.conformance.internet_view import semantics

    return semantics(_there(value).bodies[0])


def _choice(value: Any) -> str:
    if not isinstance(_there(value), Chosen):
        raise VectorError(f"{value!r:.80} is no choice")
    return str(value.name)


VIEWS: Final[Mapping[str, View]] = {
    "count": _count,
    "types": _types,
    "type": _type,
    "integer": _integer,
    "oids": _oids,
    "value": _value,
    "length": lambda value: len(_text(value)),
    "choice": _choice,
    "decoded": _decoded,
    "charset": _charset,
    "address": lambda value: Instances("From", (_mailbox(value).address,)),
    "display_name": lambda value: _mailbox(value).display,
    "comment": lambda value: Chosen("comment", " ".join(_mailbox(value).comments)),
    "dates": _dates,
    "times": _times,
    "hex": _hex,
    "formal_names": _formal_names,
    "with_formal_name": lambda value: len(_formal_names(value)),
    "free_form_only": _free_form_only,
    "dda": _dda,
    "semantics": _semantics,
    "bits": _bits,
}


# --- tests --------------------------------------------------------------------------------------------------------------------------------


def _strings(expected: Any) -> list[str]:
    found = expected if isinstance(expected, list) else [expected]
    if not all(isinstance(one, str) for one in found):
        raise VectorError(f"texts are expected, not {expected!r:.80}")
    return found


def _contains_in_order(value: Any, expected: Any) -> bool:
    text, position = re.sub(r"\s+", " ", _text(value)), 0
    for one in _strings(expected):
        found = text.find(re.sub(r"\s+", " ", one), position)
        if found < 0:
            return False
        position = found + len(re.sub(r"\s+", " ", one))
    return True


def _contains_hex(value: Any, expected: Any) -> bool:
    octets, position = _there(value).octets, 0
    for one in _strings(expected):
        wanted = bytes.fromhex(one)
        found = octets.find(wanted, position)
        if found < 0:
            return False
        position = found + len(wanted)
    return True


def _whole_text(value: Any) -> str:
    return "" if value is ABSENT else "\n".join(texts_of(value)) if isinstance(value, list) else str(value.text() or "") if isinstance(
        value, Leaf
    ) else str(value)  # fmt: skip


def _has_element(value: Any, expected: Any) -> bool:
    if isinstance(value, Instances):
        return any(value.one_equals(body, expected) for body in value.bodies)
    return any(not compare(one, expected) for one in _elements(value))


def _all_in(value: Any, expected: Any) -> bool:
    return all(_has_element(value, one) for one in _listed(expected))


def _listed(expected: Any) -> list[Any]:
    if not isinstance(expected, list):
        raise VectorError(f"a list is expected, not {expected!r:.80}")
    return expected


def _subsequence(value: Any, expected: Any) -> bool:
    rest = iter(texts_of(_elements(value)))
    return all(any(one == wanted for one in rest) for wanted in _strings(expected))


def _same_set(value: Any, expected: Any) -> bool:
    wanted, left = _listed(expected), _elements(value)
    if wanted and all(isinstance(one, str) for one in wanted):
        left = [one.get("id") if isinstance(one, Node) and one.has("id") else one for one in left]
    for one in wanted:
        at = next((at for at, other in enumerate(left) if not compare(other, one)), None)
        if at is None:
            return False
        del left[at]
    return not left


def _order(value: Any, expected: Any) -> bool:
    lines, position = _text(value).splitlines(), 0
    for label in _strings(expected):
        at = next((at for at in range(position, len(lines)) if lines[at].startswith(label)), None)
        if at is None:
            return False
        position = at + 1
    return True


def _matches(value: Any, expected: Any) -> bool:
    return re.search(expected, _text(value)) is not None


def _contains(value: Any, expected: Any) -> bool:
    text = _text(value)
    return all(one in text for one in _strings(expected))


def _bits_of(value: Any) -> frozenset[int]:
    return _bits(value).ones


TESTS: Final[Mapping[str, Test]] = {
    "matches": _matches,
    "contains": _contains,
    "has_element": _has_element,
    "contains_in_order": _contains_in_order,
    "contains_hex": _contains_hex,
    "excludes": lambda value, expected: not any(one in _whole_text(value) for one in _strings(expected)),
    "include": _all_in,
    "set_include": _all_in,
    "clear_include": lambda value, expected: not _bits_of(value) & set(_listed(expected)),
    "at_least_one_of": lambda value, expected: bool(_bits_of(value) & set(_listed(expected))),
    "at_most_one_of": lambda value, expected: len(_bits_of(value) & set(_listed(expected))) <= 1,
    "exclude": lambda value, expected: not any(_has_element(value, one) for one in _listed(expected)),
    "excludes_prefix": lambda value, expected: not any(
        text.startswith(prefix) for text in texts_of(_elements(value)) for prefix in _strings(expected)
    ),
    "subsequence": _subsequence,
    "set": _same_set,
    "is_not": lambda value, expected: is_absent(value) or not equal(value, expected),
    "one_of": lambda value, expected: any(equal(value, one) for one in _listed(expected)),
    "max": lambda value, expected: len(_text(value)) <= expected,
    "order": _order,
    "starts_with_ci": lambda value, expected: _text(value).lower().startswith(str(expected).lower()),
}

_SUFFIXES: Final = tuple(sorted((*VIEWS, *TESTS), key=len, reverse=True))
