"""What `mixer conformance` promises: nothing passes unread, a crash fails, and the output has one line for each vector."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.conformance import runner
from gateway.conformance.comparison import agrees, canonical_name
from gateway.conformance.runner import ConformanceFileError, read_file, run_vector, run_vectors
from gateway.conformance.vector import Compare

GOOD: dict[str, Any] = {"id": "A", "direction": "ps_encode", "input": "foo@bar", "expected": "foo(a)bar"}


def test_a_vector_passes_and_fails() -> None:
    assert run_vector(GOOD).passed
    wrong = run_vector({**GOOD, "expected": "foo@bar"})
    assert str(wrong) == "A FAIL 'foo(a)bar'"


@pytest.mark.parametrize("change", [
    {"colour": "red"}, {"kind": "loud"}, {"direction": "sideways"}, {"compare": "roughly"}, {"settings": {"mood": 1}},
    {"settings": {"role": "spectator"}}, {"settings": {"mode": 92}}, {"settings": {"grammar": "modern"}}, {"tables": {"table9": []}},
    {"settings": {"gateway_or": {"COLOUR": "red"}}}, {"expected": {"error": "x", "also": 1}}, {"input": 7}, {"input": None},
    {"settings": {"strip_source_route": "no"}}, {"tables": {"rfc2or": "x"}},
])  # fmt: skip
def test_what_the_runner_does_not_know_fails(change: dict[str, Any]) -> None:
    verdict = run_vector({**GOOD, **change})
    assert not verdict.passed
    assert "cannot be run" in verdict.came


@pytest.mark.parametrize("expected", [{"error": "anything"}, "text"])
def test_a_vector_that_cannot_be_read_does_not_count_as_the_error_it_expects(expected: object) -> None:
    broken = {"id": "A", "direction": "822_to_x400", "input": "a@b.example", "expected": expected, "tables": {"rfc2or": ["nonsense"]}}
    assert not run_vector(broken).passed


@pytest.mark.parametrize("raw", [None, 5, [], {}, {"id": "A"}, {"direction": "ps_encode"}])
def test_what_is_no_vector_fails(raw: object) -> None:
    assert not run_vector(raw, 3).passed


def test_an_expected_error_has_to_come() -> None:
    assert run_vector({**GOOD, "input": "\u00fc", "expected": {"error": "a hint"}}).passed
    assert not run_vector({**GOOD, "expected": {"error": "a hint"}}).passed


def test_a_crash_of_the_gateway_fails_even_a_vector_that_expects_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_vector: object) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr(runner, "OPERATIONS", {("ps_encode", "address"): crash})
    verdict = run_vector({**GOOD, "expected": {"error": "a hint"}})
    assert not verdict.passed
    assert "crash" in verdict.came


def test_an_id_counts_once() -> None:
    assert [verdict.passed for verdict in run_vectors([GOOD, GOOD])] == [True, False]


def test_null_is_a_result_of_its_own() -> None:
    lookup = {"id": "L", "direction": "table", "kind": "lookup", "input": {"keys": ["K.L"], "domain": "A.B.C"}, "expected": None}
    assert run_vector(lookup).passed
    assert not run_vector({**lookup, "expected": {}}).passed


@pytest.mark.parametrize(("one", "other", "same"), [
    ('"/S=x/O=o/"@GW.example', "/o=o/s=x/@gw.EXAMPLE", True),
    ("/OU=a/OU=b/@gw", "/OU=b/OU=a/@gw", False),
    ("/DD.a=1/DD.b=2/@gw", "/DD.b=2/DD.a=1/@gw", False),
    ("J.Smith@gw", "j.smith@gw", False),
    ("/S=x/@gw", "/S=X/@gw", False),
    ('<"1*/S=x/C=de/"@MHS>', "<1*/C=de/S=x/@mhs>", True),
    ("<1*/S=x/@MHS>", "<2*/S=x/@MHS>", False),
    ("Name : ;", "Name:;", True),
    ("/O=A$/B/S=x/@gw", "/S=x/O=A$/B/@gw", True),
])  # fmt: skip
def test_the_comparison_of_addresses(one: str, other: str, same: bool) -> None:
    assert agrees(one, other, Compare.ADDR) is same


def test_the_other_comparisons() -> None:
    pairs = [["a", "1"], ["b", "2"]]
    assert agrees({"DDA": pairs}, {"DDA": pairs[::-1]}, Compare.SET)
    assert not agrees({"DDA": pairs}, {"DDA": pairs[::-1]}, Compare.EXACT)
    assert not agrees(1, True, Compare.EXACT)
    assert canonical_name("PRMD=a,ADMD=\" \",C=FI") == canonical_name("PRMD=a, ADMD=\\ ,  C=FI")


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "vectors.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", [
    "meta: {version: 1}\n", "meta: {version: 1}\nvectors: {}\n", "meta: {mood: 1}\nvectors: []\n", "just text\n",
    "{a: [}\n", "- {id: A, id: B}\n", "- !!python/object/apply:os.system [true]\n",
    "\x00",
])  # fmt: skip
def test_a_file_that_is_no_list_of_vectors_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConformanceFileError):
        read_file(write(tmp_path, text))


def test_a_file_of_message_vectors_is_read_with_what_its_vectors_share(tmp_path: Path) -> None:
    found = read_file(write(tmp_path, "meta: {version: 1, config: {gateway_domain: gw.example}}\nvectors: []\n"))
    assert found.world is not None
    assert found.world.config == {"gateway_domain": "gw.example"}


def test_the_command_prints_a_line_for_each_vector_and_a_closing_one(tmp_path: Path) -> None:
    good = "- {id: A, direction: ps_encode, input: '@', expected: '(a)'}\n"
    found = CliRunner().invoke(app, ["conformance", str(write(tmp_path, good))])
    assert (found.exit_code, found.stdout) == (0, "A PASS\n1 passed, 0 failed\n")
    mixed = write(tmp_path, good + "- {id: B, direction: ps_decode, input: '(a)', expected: 'x'}\n")
    found = CliRunner().invoke(app, ["conformance", str(mixed)])
    assert (found.exit_code, found.stdout) == (1, "A PASS\nB FAIL '@'\n1 passed, 1 failed\n")
    found = CliRunner().invoke(app, ["conformance", "--json", str(mixed)])
    assert [one["passed"] for one in json.loads(found.stdout)] == [True, False]
