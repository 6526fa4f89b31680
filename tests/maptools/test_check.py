"""``mixer map check``: every check with a set that it names, and one that it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cli.map_users import problems_in, users_in
from gateway.errors import ConfigurationError
from gateway.maptools.check import check
from gateway.maptools.problems import Problem, Severity
from gateway.maptools.sources import SourceFile, Sources, sources_of_folder
from gateway.mixer.mcgam import MappingTable, load

Make = Callable[..., Sources]
GOOD = {
    "domain_to_oraddress": "widget.example#PRMD$WIDGET.ADMD$TEST.C$XX#\n",
    "oraddress_to_domain": "PRMD$WIDGET.ADMD$TEST.C$XX#widget.example#\n",
}


def codes(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.code for problem in problems]


def only(problems: tuple[Problem, ...], code: str) -> Problem:
    found = [problem for problem in problems if problem.code == code]
    assert len(found) == 1, [str(problem) for problem in problems]
    return found[0]


def test_a_pair_of_rules_that_reverse_has_nothing_wrong(sources: Make) -> None:
    assert check(sources(**GOOD)) == ()


def test_the_tables_that_ship_have_no_errors_and_one_known_warning() -> None:
    folder = Path(__file__).resolve().parents[2] / "mappings"
    problems = check(sources_of_folder(folder))
    assert [(problem.code, problem.line) for problem in problems] == [("not-reversed", 7)]


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        ("widget.example", 15, "key#value#"),
        ("widget.example#PRMD$X.ADMD$Y.C$XX", 34, "closing '#'"),
        ("widget.example#C$XX# comment", 21, "nothing after"),
        ("wid_get.example#C$XX#", 4, "letters, digits"),
        ("widget..example#C$XX#", 8, "letters, digits"),
        ("-widget.example#C$XX#", 1, "letters, digits"),
        ("widget.example#PRMD$X.ADMD$Y#", 29, "country"),
        ("widget.example#C$XX.ADMD$Y#", 21, "least significant"),
        ("widget.example#PRMD$X.PRMD$Y.ADMD$ .C$XX#", 23, "least significant"),
        ("widget.example#PRMD.ADMD$ .C$XX#", 16, "KEY$value"),
        ("widget.example#P$X.ADMD$ .C$XX#", 16, "one of OU, O, PRMD"),
        ("widget.example#S$Doe.PRMD$X.ADMD$ .C$XX#", 16, "one of OU, O, PRMD"),
        ("widget.example#PRMD$X.Y.ADMD$ .C$XX#", 23, "'\\.'"),
    ],
)
def test_a_syntax_error_has_line_column_and_what_was_expected(sources: Make, line: str, column: int, expected: str) -> None:
    problem = only(check(sources(domain_to_oraddress=f"# comment\n\n{line}\n")), "syntax")
    assert (problem.severity, problem.file, problem.line, problem.column) == (Severity.ERROR, "domain-to-oraddress", 3, column)
    assert expected in problem.expected


def test_columns_of_the_other_table_count_from_its_own_key(sources: Make) -> None:
    problem = only(check(sources(oraddress_to_domain="PRMD$X.ADMD$ .C$XX#wid_get.example#\n")), "syntax")
    assert problem.column == 23


@pytest.mark.parametrize(
    ("line", "code", "column"),
    [
        ("widget.example#PRMD$WID_GET.ADMD$ .C$XX#", "string-type", 24),
        ("widget.example#O$R&D.PRMD$W.ADMD$ .C$XX#", "string-type", 19),
        ("widget.example#O$Caf\u00e9.PRMD$W.ADMD$ .C$XX#", "string-type", 21),
        ("widget.example#PRMD$W*{165}.ADMD$ .C$XX#", "string-type", 22),
        ("widget.example#ADMD$ .C$XXX#", "string-type", 25),
        ("widget.example#PRMD$Griddle MHS Providers.ADMD$ .C$XX#", "bounds", 37),
        ("widget.example#PRMD$W .ADMD$ .C$XX#", "blanks", 21),
        ("widget.example#PRMD$.ADMD$ .C$XX#", "blanks", 21),
        ("widget.example#ADMD$.C$XX#", "blanks", 21),
    ],
)
def test_values_that_no_oraddress_can_have_are_named_with_their_place(sources: Make, line: str, code: str, column: int) -> None:
    assert (code, column) in [(problem.code, problem.column) for problem in check(sources(domain_to_oraddress=line))]


@pytest.mark.parametrize("prefix", ["PRMD$W.ADMD$ .C$234", "O$A, B (C) + D/E: 'F'?=.PRMD$W.ADMD$0.C$xx", "PRMD$@.ADMD$T.C$XX"])
def test_legal_values_are_left_alone(sources: Make, prefix: str) -> None:
    found = codes(check(sources(domain_to_oraddress=f"widget.example#{prefix}#")))
    assert not {"string-type", "bounds", "blanks", "syntax"} & set(found)


def test_what_is_looked_up_may_be_too_long_with_a_warning_since_peers_go_over_the_bounds(sources: Make) -> None:
    line = "PRMD$Griddle MHS Providers.ADMD$ .C$XX#griddle.example#"
    assert only(check(sources(oraddress_to_domain=line)), "bounds").severity is Severity.WARNING


def test_attributes_of_a_gateway_are_checked_too(sources: Make) -> None:
    line = f"a.example#~TOOLONGTYPE$x.CN${'x' * 65}.PRMD$W.ADMD$ .C$XX#"
    found = [problem for problem in check(sources(domain_to_gateway=line)) if problem.severity is Severity.ERROR]
    assert found
    assert only(check(sources(domain_to_gateway=f"a.example#CN${'x' * 65}.PRMD$W.ADMD$ .C$XX#")), "bounds").column == 78
    assert check(sources(domain_to_gateway="a.example#~ROLE$Big\\.Chief.CN$relay.PRMD$W.ADMD$ .C$XX#")) == ()


def test_the_same_key_twice_is_an_error_with_another_value_and_a_warning_with_the_same(sources: Make) -> None:
    again = "Widget.Example#PRMD$OTHER.ADMD$TEST.C$XX#\nWIDGET.EXAMPLE#PRMD$widget.ADMD$TEST.C$XX#\n"
    problems = check(sources(domain_to_oraddress=GOOD["domain_to_oraddress"] + again, oraddress_to_domain=GOOD["oraddress_to_domain"]))
    assert [(problem.code, problem.line) for problem in problems] == [("duplicate-key", 2), ("duplicate", 3)]


def test_blanks_and_case_do_not_make_another_key(sources: Make) -> None:
    text = "PRMD$A  B.ADMD$ .C$XX#one.example#\nPRMD$a b.ADMD$.C$xx#two.example#\n"
    assert "duplicate-key" in codes(check(sources(oraddress_to_domain=text)))


def test_a_rule_that_hides_one_of_an_earlier_file_is_named_and_wins(sources: Make) -> None:
    files = {"base": "widget.example#PRMD$OLD.ADMD$TEST.C$XX#", "local": GOOD["domain_to_oraddress"]}
    problems = check(sources(domain_to_oraddress=files, oraddress_to_domain=GOOD["oraddress_to_domain"]))
    hides = only(problems, "hides")
    assert (hides.file, hides.severity) == ("local", Severity.WARNING)
    assert "base:1" in hides.text
    assert codes(problems) == ["hides"]


def test_a_key_in_a_table_and_its_gateway_table_is_an_error(sources: Make) -> None:
    problem = only(check(sources(**GOOD, domain_to_gateway="WIDGET.example#PRMD$G.ADMD$TEST.C$XX#")), "both-tables")
    assert (problem.file, problem.line, problem.severity) == ("domain-to-gateway", 1, Severity.ERROR)


def test_rules_without_a_way_back_are_named_in_both_tables(sources: Make) -> None:
    there = only(check(sources(domain_to_oraddress=GOOD["domain_to_oraddress"])), "no-way-back")
    back = only(check(sources(oraddress_to_domain=GOOD["oraddress_to_domain"])), "no-way-back")
    assert (there.file, back.file) == ("domain-to-oraddress", "oraddress-to-domain")


def test_a_rule_that_comes_back_as_something_else_says_as_what_and_by_which_rule(sources: Make) -> None:
    problem = only(
        check(
            sources(
                domain_to_oraddress=GOOD["domain_to_oraddress"] + "old.example#PRMD$WIDGET.ADMD$TEST.C$XX#\n",
                oraddress_to_domain=GOOD["oraddress_to_domain"],
            )
        ),
        "not-reversed",
    )
    assert problem.line == 2
    assert "widget.example (oraddress-to-domain:1)" in problem.text


def test_a_pair_that_parts_ways_below_is_named(sources: Make) -> None:
    # O$@ demands that there is no O, which the other side allocates (RFC 2156 4.2).
    same = "O$@.PRMD$GMD.ADMD$DBP.C$XX"
    problems = check(sources(domain_to_oraddress="gmd.example#PRMD$GMD.ADMD$DBP.C$XX#", oraddress_to_domain=f"{same}#gmd.example#"))
    assert {problem.code for problem in problems} == {"no-way-back", "not-reversed"}
    assert check(sources(domain_to_oraddress=f"gmd.example#{same}#", oraddress_to_domain=f"{same}#gmd.example#")) == ()


@pytest.mark.parametrize(
    ("domain", "severity"),
    [("com", Severity.ERROR), ("fr", Severity.ERROR), ("egm", Severity.ERROR), ("co.uk", Severity.WARNING), ("edu.au", Severity.WARNING)],
)
def test_rules_for_public_domains_are_named(sources: Make, domain: str, severity: Severity) -> None:
    problems = check(sources(domain_to_oraddress=f"{domain}#PRMD$W.ADMD$ .C$XX#"))
    assert only(problems, "public-domain").severity is severity


@pytest.mark.parametrize("domain", ["widget.com", "widget.co.uk", "ac.example", "co.widget.uk"])
def test_domains_of_one_organisation_are_not_public(sources: Make, domain: str) -> None:
    assert "public-domain" not in codes(check(sources(domain_to_oraddress=f"{domain}#PRMD$W.ADMD$ .C$XX#")))


def test_a_rule_that_invents_domains_under_a_top_level_domain_is_an_error(sources: Make) -> None:
    problem = only(check(sources(oraddress_to_domain="ADMD$atlas.C$fr#fr#")), "public-domain")
    assert (problem.severity, problem.column) == (Severity.ERROR, 17)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"oraddress_to_domain": "PRMD$DEC.ADMD$@.C$US#dec.example#"}, "has an ADMD"),
        ({**GOOD, "domain_to_gateway": "lab.widget.example#PRMD$G.ADMD$TEST.C$XX#"}, "mapping goes before gateways"),
        ({**GOOD, "oraddress_to_gateway": "O$lab.PRMD$WIDGET.ADMD$TEST.C$XX#gw.example#"}, "mapping goes before gateways"),
        ({"domain_to_oraddress": f"{'x' * 64}.example#PRMD$G.ADMD$TEST.C$XX#"}, "63 characters"),
        ({"oraddress_to_domain": "OU$d.OU$c.OU$b.OU$a.O$o.PRMD$p.ADMD$a.C$XX#xx#"}, "counts as no match"),
    ],
)
def test_rules_that_can_never_match_are_named(sources: Make, files: dict[str, str], reason: str) -> None:
    assert reason in only(check(sources(**files)), "never-matches").text


def test_a_gateway_beside_the_mapped_domain_is_left_alone(sources: Make) -> None:
    assert check(sources(**GOOD, domain_to_gateway="other.example#PRMD$G.ADMD$TEST.C$XX#")) == ()


def test_a_rule_that_only_repeats_a_shorter_one_is_named_in_both_tables(sources: Make) -> None:
    problems = check(
        sources(
            domain_to_oraddress=GOOD["domain_to_oraddress"] + "lab.widget.example#O$Lab.PRMD$WIDGET.ADMD$TEST.C$XX#\n",
            oraddress_to_domain=GOOD["oraddress_to_domain"] + "O$LAB.PRMD$WIDGET.ADMD$TEST.C$XX#lab.widget.example#\n",
        )
    )
    assert [(problem.code, problem.line) for problem in problems] == [("redundant", 2), ("redundant", 2)]


def test_a_longer_rule_that_says_something_else_is_not_redundant(sources: Make) -> None:
    line = "O$Laboratory.PRMD$WIDGET.ADMD$TEST.C$XX"
    problems = check(
        sources(
            domain_to_oraddress=GOOD["domain_to_oraddress"] + f"lab.widget.example#{line}#\n",
            oraddress_to_domain=GOOD["oraddress_to_domain"] + f"{line}#lab.widget.example#\n",
        )
    )
    assert problems == ()


# --- users -----------------------------------------------------------------------------------------------------------------------------


def users_file(folder: Path, text: str) -> Path:
    path = folder / "users.csv"
    path.write_text(text, encoding="utf-8")
    return path


def check_with(sources: Sources, users: Path) -> tuple[Problem, ...]:
    return (*check(sources, users_in(users)), *problems_in(users))


def test_a_user_whom_a_rule_contradicts_is_named_with_the_rule(sources: Make, tmp_path: Path) -> None:
    users = users_file(tmp_path, "mailbox,oraddress\nboss@widget.example,/G=Jane/S=Doe/PRMD=WIDGET/ADMD=TEST/C=XX/\n")
    problem = only(check_with(sources(**GOOD), users), "user-contradicts-rule")
    assert (problem.line, problem.severity) == (2, Severity.WARNING)
    assert "domain-to-oraddress:1" in problem.text


def test_a_user_whose_mail_the_rules_would_give_to_another_user_is_an_error(sources: Make, tmp_path: Path) -> None:
    users = users_file(
        tmp_path,
        "mailbox,oraddress,primary\nS.Doe@widget.example,/S=Other/PRMD=WIDGET/ADMD=TEST/C=XX/,\n"
        "sam@widget.example,/I=S/S=Doe/PRMD=WIDGET/ADMD=TEST/C=XX/,\n",
    )
    problem = only(check_with(sources(**GOOD), users), "user-collides")
    assert (problem.line, problem.severity) == (2, Severity.ERROR)
    assert "sam@widget.example in line 3" in problem.text


def test_users_whom_the_rules_confirm_or_do_not_know_are_left_alone(sources: Make, tmp_path: Path) -> None:
    users = users_file(
        tmp_path,
        "mailbox,oraddress,primary\nJ.Doe@widget.example,/I=J/S=Doe/PRMD=WIDGET/ADMD=TEST/C=XX/,\n"
        "joe@elsewhere.example,/S=Joe/PRMD=P/ADMD=A/C=XX/,\n",
    )
    assert check_with(sources(**GOOD), users) == ()


def test_a_users_line_that_cannot_be_used_has_its_place(sources: Make, tmp_path: Path) -> None:
    users = users_file(tmp_path, "mailbox,oraddress\njoe@x.example,/S=Joe/PRMD=P/ADMD=A/C=G/\n")
    problem = only(check_with(sources(**GOOD), users), "users")
    assert (problem.line, problem.severity) == (2, Severity.ERROR)


# --- hostile files ---------------------------------------------------------------------------------------------------------------------


def hostile(octets: bytes) -> Sources:
    return {table: [SourceFile(name=table.value, octets=octets)] for table in MappingTable}


def test_octets_that_are_no_text_have_their_place() -> None:
    problems = check({MappingTable.DOMAIN_TO_ORADDRESS: [SourceFile(name="t", octets=b"# caf\xe9\na.ex\xffmple#C$XX#\n")]})
    assert [(problem.code, problem.line, problem.column) for problem in problems] == [("encoding", 1, 6), ("encoding", 2, 5)]


def test_a_line_without_end_and_control_characters_are_refused_in_one_line_each() -> None:
    problems = check(hostile(b"a" * 1_000_000 + b"\nx\x1b[2Jy.example#C$XX#\n"))
    assert {(problem.code, problem.line) for problem in problems} == {("syntax", 1), ("control-character", 2)}
    assert all(str(problem).isprintable() and len(str(problem)) < 300 for problem in problems)


_ALMOST_A_RULE = st.from_regex(rb"[a-c.\-]{0,9}#(?:[A-Z]{1,4}\$[a-zA-Z@ \\.]{0,6}[.#]){1,5}", fullmatch=True)


@given(st.lists(st.one_of(st.binary(max_size=60), _ALMOST_A_RULE), max_size=8))
@settings(max_examples=80, deadline=None)
def test_no_file_breaks_the_check(lines: list[bytes]) -> None:
    for problem in check(hostile(b"\n".join(lines))):
        assert str(problem).isprintable()


@given(st.text(alphabet="ab.#$@\\ CDMADRPOU-:~{}*", max_size=40))
@settings(max_examples=300, deadline=None)
def test_a_line_is_good_for_the_check_exactly_when_the_engine_takes_it(line: str) -> None:
    sources = {MappingTable.DOMAIN_TO_GATEWAY: [SourceFile(name="t", octets=line.encode())]}
    refused = any(problem.code in ("syntax", "refused", "string-type") and problem.severity is Severity.ERROR for problem in check(sources))
    try:
        load({"domain-to-gateway": [("t", line)]})
    except ConfigurationError:
        assert refused


def test_of_very_many_contradictions_the_first_thousand_are_named_and_the_others_counted(sources: Make, tmp_path: Path) -> None:
    lines = "".join(f"u{number}@widget.example,/S=Doe{number}/O=X/PRMD=WIDGET/ADMD=TEST/C=XX/\n" for number in range(1100))
    found = [one for one in check_with(sources(**GOOD), users_file(tmp_path, lines)) if one.code == "user-contradicts-rule"]
    assert len(found) == 1001
    assert any("100 more users" in one.text for one in found)


def test_a_user_with_several_addresses_may_have_the_one_that_the_rules_give(sources: Make, tmp_path: Path) -> None:
    both = (
        "mailbox,oraddress,primary\njoe@widget.example,/CN=Joe/PRMD=WIDGET/ADMD=TEST/C=XX/,yes\n"
        "joe@widget.example,/S=joe/PRMD=WIDGET/ADMD=TEST/C=XX/,\n"
    )
    assert check_with(sources(**GOOD), users_file(tmp_path, both)) == ()
