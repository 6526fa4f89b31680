"""``mixer map test`` and ``diff``: pairs kept beside the tables, and what a change of the tables means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli.map_settings import settings_with
from gateway.errors import ConfigurationError
from gateway.maptools.cases import Verdict, problem_of, read_cases, run_cases
from gateway.maptools.diff import addresses_in, changed_addresses, changed_rules, tables_of
from gateway.maptools.mapper import settings_for
from gateway.maptools.problems import Problem
from gateway.maptools.sources import SourceFile, Sources

MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
Make = Callable[..., Sources]


def run(text: str) -> tuple[list[Verdict], list[Problem]]:
    problems: list[Problem] = []
    cases = list(read_cases(SourceFile(name="expected", octets=text.encode()), problems))
    return list(run_cases(cases, settings_with(None, MAPPINGS))), problems


def test_the_example_that_ships_passes() -> None:
    verdicts, problems = run((MAPPINGS / "expected.txt").read_text(encoding="utf-8"))
    assert problems == []
    assert len(verdicts) >= 15
    assert all(verdict.passed for verdict in verdicts)


@pytest.mark.parametrize(
    "line",
    [
        "J.Doe@lab.widget.example <-> /I=J/S=Doe/O=lab/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/",
        "J.Doe@lab.widget.example -> c=xx; a=testmail; p=widget; o=LAB; s=doe; i=j",
        "J.Doe@LAB.WIDGET.EXAMPLE <- /I=J/S=Doe/O=lab/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/   # a comment",
        "/S=info/PRMD=MINISTRY/C=XX/ -> info@ministry.example",
        "joe@elsewhere.example -> wrapped",
        "wrapped <- /S=joe/PRMD=ELSEWHERE/ADMD= /C=XX/",
        "refused <- /RFC-822=nonsense/PRMD=ELSEWHERE/ADMD= /C=XX/",
    ],
)
def test_pairs_that_hold_pass_in_all_notations(line: str) -> None:
    verdicts, problems = run(line)
    assert problems == []
    assert verdicts
    assert all(verdict.passed for verdict in verdicts)


@pytest.mark.parametrize(
    "line",
    [
        "j.doe@lab.widget.example <- /I=J/S=Doe/O=lab/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/",
        "J.Doe@lab.widget.example -> wrapped",
        "J.Doe@lab.widget.example -> refused",
        "joe@elsewhere.example -> /S=joe/PRMD=ELSEWHERE/ADMD= /C=XX/",
    ],
)
def test_pairs_that_do_not_hold_fail_and_say_what_came(line: str) -> None:
    verdicts, problems = run(f"\n{line}")
    assert problems == []
    problem = problem_of(verdicts[0])
    assert not verdicts[0].passed
    assert (problem.file, problem.line, problem.code) == ("expected", 2, "case")
    assert verdicts[0].came.text in problem.text


def test_a_pair_that_holds_one_way_only_fails_the_other_way() -> None:
    verdicts, _ = run("J.Doe@widget.example <-> /I=J/S=Doe/PRMD=WIDGET LTD/ADMD=TESTMAIL/C=XX/")
    assert [verdict.passed for verdict in verdicts] == [False, True]


def test_a_role_and_a_gateway_hold_for_what_is_below_them() -> None:
    verdicts, problems = run(
        "gateway gw.example /PRMD=GW/ADMD= /C=XX/\n"
        "as originator\njoe@partner.example -> /RFC-822=joe(a)partner.example/PRMD=GW/ADMD= /C=XX/\n"
        "as header\njoe@partner.example -> /RFC-822=joe(a)partner.example/O=Mail Gateway/PRMD=PARTNER/ADMD=TESTMAIL/C=XX/\n"
    )
    assert problems == []
    assert [verdict.passed for verdict in verdicts] == [True, True]


@pytest.mark.parametrize(
    "line",
    ["joe@a.example", "joe@a.example <> /S=x/C=XX/", "joe@a.example -> jim@b.example", "wrapped -> joe@a.example", "joe -> /S=x/C=XX/",
     "joe@a.example -> /QQ=x/C=XX/", "as postmaster", "gateway gw.example", "joe@a.example->/S=x/C=XX/", "\x07@a.example -> wrapped"],
)  # fmt: skip
def test_a_line_that_is_no_case_is_named_and_the_rest_goes_on(line: str) -> None:
    verdicts, problems = run(f"{line}\njoe@elsewhere.example -> wrapped\n")
    assert [problem.line for problem in problems] == [1]
    assert [verdict.passed for verdict in verdicts] == [True]


# --- diff ------------------------------------------------------------------------------------------------------------------------------


def test_rules_that_were_added_removed_or_changed_are_told_apart(sources: Make) -> None:
    old = sources(domain_to_oraddress="a.example#PRMD$A.C$XX#\nb.example#PRMD$B.C$XX#\nc.example#PRMD$C.C$XX#\n")
    new = sources(domain_to_oraddress="# moved\nC.EXAMPLE#PRMD$C.C$XX#\nb.example#PRMD$BB.C$XX#\nd.example#PRMD$D.C$XX#\n")
    changes = list(changed_rules(old, new))
    assert [(change.kind, change.key) for change in changes] == [("removed", "a.example"), ("changed", "b.example"), ("added", "d.example")]
    assert changes[1].facts()["new"] == {"value": "/PRMD=BB/ADMD=@/C=XX/", "where": "domain-to-oraddress:3"}


def test_the_same_rules_in_other_files_are_no_difference(sources: Make) -> None:
    one = sources(domain_to_oraddress={"base": "a.example#PRMD$OLD.C$XX#", "local": "a.example#PRMD$A.C$XX#"})
    other = sources(domain_to_oraddress="a.example#PRMD$A.C$XX#")
    assert list(changed_rules(one, other)) == []


def test_only_addresses_that_map_differently_are_told_from_any_iterator(sources: Make) -> None:
    old = settings_for(tables_of(sources(domain_to_oraddress="a.example#PRMD$A.ADMD$ .C$XX#\nb.example#PRMD$B.ADMD$ .C$XX#")))
    new = settings_for(tables_of(sources(domain_to_oraddress="a.example#PRMD$A.ADMD$ .C$XX#\nb.example#PRMD$BB.ADMD$ .C$XX#")))
    listed = ["# comment\n", "\n", "joe@a.example\n", "joe@b.example\n", "#joe@b.example\n", "/S=x/PRMD=B/ADMD= /C=XX/\n", "nonsense\n"]
    changes = list(changed_addresses(addresses_in(iter(listed)), old, new))
    assert [change.address for change in changes] == ["joe@b.example", "#joe@b.example"]
    assert changes[0].facts() == {"address": "joe@b.example", "old": "/S=joe/PRMD=B/ADMD= /C=XX/", "new": "/S=joe/PRMD=BB/ADMD= /C=XX/"}


def test_a_set_that_the_gateway_would_refuse_is_no_set_to_compare_addresses_with(sources: Make) -> None:
    with pytest.raises(ConfigurationError, match="domain-to-oraddress:1"):
        tables_of(sources(domain_to_oraddress="a.example"))
