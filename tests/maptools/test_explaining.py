"""What `mixer map explain` says: every step, every key that was tried, the entry that decided, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from gateway.internet.addresses import Mailbox
from gateway.maptools.explaining import Explainer, Way
from gateway.maptools.mapper import bare_mailbox, settings_for
from gateway.mixer import questions
from gateway.mixer.address import Role
from gateway.mixer.mcgam import Entry, MappingTable, MappingTables, load
from gateway.mixer.questions import NO_MATCH, Answer, Answers, DomainRule, Knowledge, Question, Rule, Source, Unreachable, UserPair
from gateway.mixer.stdor import from_text
from gateway.x400.oraddress import ORAddress

TABLES = load(
    {
        "domain-to-oraddress": [("d2o", "w.example#PRMD$W.ADMD$T.C$XX#\n\ns.w.example#O$Sales.PRMD$W.ADMD$T.C$XX#\n")],
        "oraddress-to-domain": [("o2d", "PRMD$W.ADMD$T.C$XX#w.example#\nPRMD$OLD.ADMD$T.C$XX#w.example#\nC$IT#it#\n")],
        "domain-to-gateway": [("d2g", "p.example#O$Gate.PRMD$P.ADMD$T.C$XX#\n")],
        "oraddress-to-gateway": [("o2g", "ADMD$O.C$XX#gw.p.example#\n")],
    }
)
BOSS = from_text("/G=Big/S=Boss/PRMD=W/ADMD=T/C=XX/")


class Users:
    def of_mailbox(self, mailbox: Mailbox) -> UserPair | None:
        return UserPair(mailbox=mailbox, oraddress=BOSS, where="users.csv:7") if mailbox.local == "boss" else None

    def of_oraddress(self, address: ORAddress) -> UserPair | None:
        mailbox = Mailbox(local="boss", domain="w.example")
        return UserPair(mailbox=mailbox, oraddress=BOSS, where="users.csv:7") if address.key() == BOSS.key() else None


def tried(way: Way) -> list[tuple[str, str, str]]:
    return [(one.table, one.key, one.where) for one in way.tried if not one.key.startswith("/OU=@")]


def explainer(role: Role = Role.RECIPIENT) -> Explainer:
    return Explainer(settings_for(TABLES), role)


def test_each_key_of_the_longest_match_is_named_misses_too() -> None:
    found = explainer().explain("Jane.Doe@a.b.w.example")
    assert tried(found.there) == [
        ("domain-to-oraddress", "a.b.w.example", ""),
        ("domain-to-oraddress", "b.w.example", ""),
        ("domain-to-oraddress", "w.example", "d2o:1"),
    ]
    assert found.there.result == "/G=Jane/S=Doe/OU=a/O=b/PRMD=W/ADMD=T/C=XX/"
    assert found.there.rule == "d2o:1"


@pytest.mark.parametrize(
    ("address", "rule", "back"),
    [
        ("joe@s.w.example", "d2o:3", "o2d:1"),
        ("/S=joe/PRMD=OLD/ADMD=T/C=XX/", "o2d:2", "d2o:1"),
        ("joe@p.example", "d2g:1", ""),
        ("joe@nowhere.example", "", ""),
        ("/S=joe/ADMD=O/C=XX/", "o2g:1", ""),
        ("/S=joe/ADMD= /C=IT/", "", ""),
        ("/S=joe/ADMD=Z/C=ZZ/", "", ""),
    ],
)
def test_the_entry_that_decided_is_named_with_file_and_line(address: str, rule: str, back: str) -> None:
    found = explainer().explain(address)
    assert found.back is not None
    assert (found.there.rule, found.back.rule) == (rule, back)


def test_an_originator_never_gets_the_preferred_gateway_and_nobody_looks_for_it() -> None:
    found = explainer(Role.ORIGINATOR).explain("joe@p.example")
    assert found.there.rule == ""
    assert {one.table for one in found.there.tried} == {"domain-to-oraddress"}


def test_the_way_back_says_whether_it_returns_the_address() -> None:
    assert explainer().explain("joe@w.example").same
    assert explainer().explain("JOE@W.Example").same
    assert explainer().explain("x400:c=xx;a=t;p=w;s=JOE").same
    other = explainer().explain("/S=joe/PRMD=OLD/ADMD=T/C=XX/")
    assert not other.same
    assert "back: /S=joe/PRMD=W/ADMD=T/C=XX/ (NOT the same)" in other.text()
    assert other.line() == "/S=joe/PRMD=OLD/ADMD=T/C=XX/ -> joe@w.example (back: /S=joe/PRMD=W/ADMD=T/C=XX/)"


@pytest.mark.parametrize(
    "shown",
    ["Joe Doe <joe@w.example>", '"Doe, Joe" <joe@w.example>', "<joe@w.example>", "SMTP:joe@w.example", "smtp: joe@w.example"],
)
def test_a_mailbox_may_be_written_as_mail_programs_show_it(shown: str) -> None:
    found = explainer().explain(shown)
    assert (found.address, found.there.result, found.same) == (shown, "/S=joe/PRMD=W/ADMD=T/C=XX/", True)


@pytest.mark.parametrize("odd", ["", " ", "<>", "smtp:", "a <b", "x>", '"<a>"@w.example', "a<b@w.example>c"])
def test_what_is_no_such_form_is_left_as_it_is(odd: str) -> None:
    assert bare_mailbox(odd) == odd.strip()


def test_what_was_looked_up_stands_before_the_step_that_did_it() -> None:
    lines = explainer().explain("joe@a.w.example").text().splitlines()
    place = lines.index("      tried domain-to-oraddress w.example: d2o:1")
    assert lines[place - 1] == "      tried domain-to-oraddress a.w.example: no entry"
    assert lines[place + 1].startswith("    4.3.4 step 8: w.example is")
    assert "    by d2o:1" in lines


def test_a_refused_address_says_why_and_what_was_tried() -> None:
    found = explainer().explain("/S=x/QQ=y/C=XX/")
    assert "'QQ' is not a keyword" in found.error
    assert set(found.facts()) == {"address", "error"}
    assert explainer().explain(f"{'(' * 200}@w.example").error


def test_a_user_of_the_directory_decides_and_is_named() -> None:
    watched = Explainer(replace(settings_for(TABLES), users=Users()), Role.HEADER)
    found = watched.explain("boss@w.example")
    assert (found.there.rule, found.there.result, found.same) == ("users.csv:7", "/G=Big/S=Boss/PRMD=W/ADMD=T/C=XX/", True)
    assert tried(found.there) == [("directory", "boss@w.example", "users.csv:7")]
    assert tried(watched.explain("joe@w.example").there)[0] == ("directory", "joe@w.example", "")


class Lookups:
    """A name server that knows one rule and is not reachable for what is below ``late.example``."""

    def knowledge(self, tables: MappingTables, users: questions.Users, answers: Answers) -> Knowledge:
        return Knowledge(tables=tables, users=users, answers=answers, rules_from=(Source.TABLES, Source.PX))

    def answer(self, asked: Sequence[Question]) -> Mapping[Question, Answer]:
        entry = Entry(domain="px.example", levels=("XX", "T", "PX"), where="px.example PX 10")
        rule = Rule(table=MappingTable.DOMAIN_TO_ORADDRESS, entry=entry)
        found: dict[Question, Answer] = {}
        for question in asked:
            domain = question.domain if isinstance(question, DomainRule) else ""
            known: Answer = rule if domain.endswith("px.example") else NO_MATCH
            found[question] = Unreachable(reason="no answer") if domain.endswith("late.example") else known
        return found


def test_other_sources_are_asked_and_what_they_said_is_told() -> None:
    asking = Explainer(settings_for(TABLES), Role.RECIPIENT, Lookups())
    found = asking.explain("joe@a.px.example")
    assert (found.there.result, found.there.rule) == ("/S=joe/O=a/PRMD=PX/ADMD=T/C=XX/", "px.example PX 10")
    assert ("px", "a.px.example", "px.example PX 10") in tried(found.there)
    assert found.back is not None
    assert ("px", "/O=a/PRMD=px/ADMD=t/C=xx/", "") in tried(found.back)
    assert asking.explain("joe@w.example").there.rule == "d2o:1"
    late = asking.explain("joe@late.example")
    assert late.error == "it cannot be looked up at present: no answer"
    assert ("px", "late.example", "unreachable: no answer") in tried(late.there)


def test_facts_are_for_machines() -> None:
    facts = explainer().explain("joe@w.example").facts()
    assert facts["tried"] == [{"table": "domain-to-oraddress", "key": "w.example", "entry": "d2o:1"}]
    assert (facts["result"], facts["way back"], facts["same"]) == ("/S=joe/PRMD=W/ADMD=T/C=XX/", "joe@w.example", True)
    assert (facts["rule"], facts["rule back"], facts["wrapped"]) == ("d2o:1", "o2d:1", False)
    assert facts["steps"][0] == "4.3.4 step 2: local part is joe"


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in explainer().explain("\x1b[31mjoe@w.example").text()
    assert "\x1b" not in explainer().explain("\x1b[31mjoe@w.example").line()
