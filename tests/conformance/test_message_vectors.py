"""The shared message vectors, one test each (RFC 2156, 2157 and the later Internet standards), and the promises of their runner."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from gateway.conformance.message_world import MessageWorld
from gateway.conformance.runner import VectorFile, Verdict, read_file, run_vector
from tests.shared import SHARED, require_shared

FILE = SHARED / "vectors" / "messages.yaml" if SHARED is not None else None
FOUND: VectorFile = read_file(FILE) if FILE is not None and FILE.exists() else VectorFile()

OPEN: Final[dict[str, str]] = {}
"""Vectors that do not pass yet, with the reason. Each is run: one that passes has to leave this table."""


@pytest.mark.parametrize("vector", FOUND.vectors, ids=[vector["id"] for vector in FOUND.vectors])
def test_vector(vector: dict[str, Any]) -> None:
    verdict = run_vector(vector, world=FOUND.world)
    if vector["id"] in OPEN:
        assert not verdict.passed, f"{vector['id']} passes: it has to leave the table of open vectors"
    else:
        wanted = vector.get("expect", vector.get("expect_any_of"))
        assert verdict.passed, f"{verdict}; expected {wanted!r} ({vector['section']}: {vector['reasoning']})"


def test_there_are_vectors() -> None:
    found = read_file(require_shared() / "vectors" / "messages.yaml")
    assert len(found.vectors) > 100
    assert OPEN.keys() <= {vector["id"] for vector in found.vectors}


# --- nothing passes unread ----------------------------------------------------------------------------------------------------------------

XX: Final = {"C": "XX", "ADMD": "TESTMAIL", "PRMD": "GATE"}
WORLD: Final = MessageWorld(
    config={"mcgam": [{"domain": "widget.example", "or": {**XX, "PRMD": "WIDGET"}}], "gateway_domain": "gw.example", "gateway_or": XX},
    baseline={
        "internet": {
            "mail_from": "Ann.Lee@widget.example", "rcpt_to": ["Bob.Ray@widget.example"],
            "header": ["From: Ann.Lee@widget.example", "To: Bob.Ray@widget.example", "Date: Fri, 1 Mar 2024 09:00:00 +0000"],
            "body": "text\r\n",
        }
    },
)  # fmt: skip
GOOD: Final[dict[str, Any]] = {
    "id": "A", "section": "2156 5.1.3", "source": "2156", "level": "shall", "direction": "822-to-x400", "reasoning": "",
    "input": {"header": ["Subject: x"]}, "expect": {"heading": {"subject": "x"}},
}  # fmt: skip


def run(**changes: Any) -> Verdict:
    return run_vector({**GOOD, **changes}, world=WORLD)


def test_a_vector_passes_and_fails() -> None:
    assert run().passed
    assert str(run(expect={"heading": {"subject": "y"}})) == "A FAIL heading.subject: 'x'"


@pytest.mark.parametrize("change", [
    {"colour": "red"}, {"direction": "sideways"}, {"level": "perhaps"}, {"source": "hearsay"}, {"config": {"mood": 1}},
    {"config": {"x400_version": 92}}, {"config": {"rfc987_ids": "no"}}, {"input": {"mood": 1}}, {"input": None}, {"input": {"header": 5}},
    {"function": "invent"}, {"expect": None}, {"expect_any_of": []}, {"reversible": "no"},
    {"expect": {"mood": "absent"}}, {"expect": {"heading": {"mood": "absent"}}}, {"expect": {"heading.mood": "absent"}},
    {"expect": {"heading": {"subject_frobs": "x"}}}, {"expect": {"heading": {"subject_contains_contains": "x"}}},
    {"expect": {"heading": {"reply-recipients_frobs": "absent"}}}, {"expect": {"body_parts.0": {"mood": "absent"}}},
    {"expect": {"headers": "absent", "heading": {"extensions": {"not-an-oid": "absent"}}}},
    {"input": {"mime": {"type": "text/plain", "mood": 1}}}, {"input": {"rcpt": [{"to": "a@b.example", "notify": "SOON"}]}},
])  # fmt: skip
def test_what_the_runner_does_not_know_fails(change: dict[str, Any]) -> None:
    verdict = run(**change)
    assert not verdict.passed
    assert "cannot be run" in verdict.came


def test_a_path_through_what_is_not_there_fails_even_for_absent() -> None:
    assert not run(expect={"heading": {"replied-to-IPM.id": "absent"}}).passed
    assert not run(expect={"body_parts.7": {"type": "absent"}}).passed


def test_one_of_several_expectations_is_enough() -> None:
    several = {key: value for key, value in GOOD.items() if key != "expect"}
    either = [{"heading": {"subject": "y"}}, {"heading": {"subject": "x"}}]
    assert run_vector({**several, "expect_any_of": either}, world=WORLD).passed
    assert not run_vector({**several, "expect_any_of": either[:1]}, world=WORLD).passed
    assert not run_vector({**GOOD, "expect_any_of": either}, world=WORLD).passed


@pytest.mark.parametrize(("expected", "passes"), [
    ({"subject_length": 1}, True), ({"subject_length": 2}, False), ({"subject_matches": "^x$"}, True), ({"subject_matches": "y"}, False),
    ({"importance": 1}, True), ({"importance": "absent"}, True), ({"importance": 2}, False), ({"sensitivity": "absent"}, True),
    ({"sensitivity": 1}, False), ({"blind-copy-recipients": "absent"}, True), ({"blind-copy-recipients": []}, False),
    ({"primary-recipients_count": 1}, True), ({"primary-recipients_count": 2}, False), ({"copy-recipients": []}, True),
    ({"copy-recipients": "absent"}, True), ({"copy-recipients": "present"}, False), ({"auto-forwarded": False}, True),
    ({"auto-forwarded": 0}, False), ({"originator": {"formal-name": {"G": "ANN", "S": "lee", **XX, "PRMD": "Widget"}}}, True),
    ({"originator": {"formal-name": {"S": "lee", **XX, "PRMD": "Widget"}}}, False), ({"originator.formal-name": "present"}, True),
    ({"primary-recipients.0.notification-requests": []}, True), ({"primary-recipients.0.notification-requests": [0]}, False),
    ({"languages_set": []}, True), ({"languages_set": ["en"]}, False), ({"rfc822_field_list": "absent"}, True),
    ({"subject_is_not": "y"}, True), ({"subject_is_not": "x"}, False), ({"subject_one_of": ["x", "y"]}, True), ({"subject_max": 0}, False),
])  # fmt: skip
def test_the_comparison_of_headings(expected: dict[str, Any], passes: bool) -> None:
    assert run(expect={"heading": expected}).passed is passes


STRICT: Final = [one for one in FOUND.vectors if "expect" in one and "forbidden" not in one.get("function", "")]


@pytest.mark.parametrize("vector", STRICT, ids=[one["id"] for one in STRICT])
def test_a_vector_with_another_expectation_fails(vector: dict[str, Any]) -> None:
    """Guards the runner: whatever single value a vector expects, another one in its place makes it fail."""
    for number, changed in enumerate(_changed(vector["expect"])):
        verdict = run_vector({**vector, "expect": changed}, world=FOUND.world)
        assert not verdict.passed, f"change {number}: {changed!r}"


_LOOSE: Final = (
    "_excludes", "_exclude", "_is_not", "_clear_include", "_excludes_prefix", "_matches", "_max", "_one_of", "_at_least_one_of",
    "_at_most_one_of",
)  # fmt: skip


def _changed(value: Any) -> list[Any]:
    """All copies of an expectation in which one value is another one; tests that only forbid something cannot fail so."""
    if isinstance(value, dict):
        pairs = [(key, one) for key, one in value.items() if not str(key).endswith(_LOOSE)]
        return [{**value, key: other} for key, one in pairs for other in _changed(one)]
    if isinstance(value, list):
        return [[*value[:at], other, *value[at + 1 :]] for at, one in enumerate(value) for other in _changed(one)]
    if value in ("absent", "present"):
        return ["present" if value == "absent" else "absent"]
    if isinstance(value, bool):
        return [not value]
    if value == "conversion-time":
        return ["800101000000+0000"]
    if isinstance(value, str) and len(value) >= 15 and value[:10].isdigit():
        return ["8" + value[1:] if value[0] != "8" else "9" + value[1:]]
    if isinstance(value, str) and re.search(r"[0-9]:[0-9]{2}:[0-9]", value):
        return [re.sub(r"[0-9]{2}:[0-9]{2}:", "03:59:", value)]
    return [value + 50] if isinstance(value, int) else [f"{value}x"] if isinstance(value, str) else ["another"]
