"""What a conversion may know: order of the sources, open questions, and time-outs that never mean "no match" (RFC 2156 4.2.1)."""

from __future__ import annotations

from gateway.errors import ConversionError, Failure
from gateway.internet.addresses import Mailbox
from gateway.mixer.mcgam import Entry, MappingTable, load
from gateway.mixer.questions import (
    NO_MATCH,
    Answers,
    DomainRule,
    Knowledge,
    ORAddressRule,
    Rule,
    Source,
    Unreachable,
    Unresolved,
    UserOfMailbox,
    UserOfORAddress,
    UserPair,
    attempt,
    shown,
)
from gateway.mixer.stdor import from_text

TABLES = load(
    {
        "domain-to-oraddress": [("t", "acme.gb#PRMD$ACME.ADMD$A.C$GB#\n")],
        "oraddress-to-domain": [("t", "PRMD$ACME.ADMD$A.C$GB#acme.gb#\n")],
        "domain-to-gateway": [("t", "fr#ADMD$GW.C$FR#\n")],
    }
)
PX, LDAP = DomainRule(source=Source.PX, domain="x.fr"), DomainRule(source=Source.LDAP, domain="x.fr")
RULE = Rule(table=MappingTable.DOMAIN_TO_ORADDRESS, entry=Entry(domain="x.fr", levels=("fr", "a")))
GATEWAY = Rule(table=MappingTable.DOMAIN_TO_GATEWAY, entry=Entry(domain="x.fr", levels=("fr", "gw")))
JANE = UserPair(mailbox=Mailbox(local="jane", domain="x.fr"), oraddress=from_text("/S=Doe/O=x/ADMD=a/C=FR/"), where="here")
ALL = (Source.TABLES, Source.PX, Source.LDAP)


def known(found=None, *, rules_from=ALL, limit_passed=False, **others) -> Knowledge:
    return Knowledge(tables=TABLES, answers=Answers(found=found or {}, header_limit_passed=limit_passed), rules_from=rules_from, **others)


def test_tables_that_know_a_rule_ask_nobody() -> None:
    knowledge = known()
    assert knowledge.oraddress_of_domain("sub.ACME.gb", envelope=True) is TABLES.by_domain["acme.gb"]
    assert [one.domain for one in knowledge.domains_of_oraddress(("GB", "A", "ACME", "X"), envelope=True)] == ["acme.gb"]
    assert not knowledge.open


def test_what_the_tables_do_not_know_is_a_question_to_the_others_in_one_round() -> None:
    knowledge = known()
    assert knowledge.oraddress_of_domain("X.fr.", envelope=True) is None
    assert knowledge.open == (PX, LDAP)


def test_the_first_source_with_an_answer_counts() -> None:
    assert known({PX: RULE, LDAP: GATEWAY}).oraddress_of_domain("x.fr", envelope=True) == RULE.entry
    assert known({PX: NO_MATCH, LDAP: RULE}).oraddress_of_domain("x.fr", envelope=True) == RULE.entry


def test_a_source_before_the_tables_wins_over_them() -> None:
    question = DomainRule(source=Source.PX, domain="acme.gb")
    order = (Source.PX, Source.TABLES)
    assert known({question: RULE}, rules_from=order).oraddress_of_domain("acme.gb", envelope=True) == RULE.entry
    assert known({question: NO_MATCH}, rules_from=order).oraddress_of_domain("acme.gb", envelope=True) is TABLES.by_domain["acme.gb"]


def test_a_stated_gateway_ends_the_search_for_rules_but_one_in_the_tables_does_not() -> None:
    knowledge = known({PX: GATEWAY, LDAP: RULE})
    assert knowledge.oraddress_of_domain("x.fr", envelope=True) is None
    assert knowledge.gateway_of_domain("x.fr", envelope=True) is TABLES.gateway_by_domain["fr"], "the tables come first"
    assert known({PX: GATEWAY}, rules_from=(Source.PX, Source.TABLES)).gateway_of_domain("x.fr", envelope=True) == GATEWAY.entry
    assert not knowledge.open


def test_an_unreachable_source_is_waited_for_and_not_passed_over() -> None:
    knowledge = known({PX: Unreachable(reason="time-out"), LDAP: RULE})
    assert knowledge.oraddress_of_domain("x.fr", envelope=True) is None
    assert dict(knowledge.waiting) == {PX: "time-out"} and not knowledge.open


def test_header_addresses_wait_until_the_limit_and_then_go_on_with_a_note() -> None:
    found = {PX: Unreachable(reason="time-out"), LDAP: RULE}
    assert known(found).oraddress_of_domain("x.fr", envelope=False) is None
    knowledge = known(found, limit_passed=True)
    assert knowledge.oraddress_of_domain("x.fr", envelope=False) == RULE.entry
    assert dict(knowledge.given_up) == {PX: "time-out"} and not knowledge.waiting
    knowledge.oraddress_of_domain("x.fr", envelope=True)
    assert dict(knowledge.waiting) == {PX: "time-out"}, "an envelope address waits all the same"


def test_questions_of_the_envelope_come_first() -> None:
    knowledge = known(rules_from=(Source.TABLES, Source.PX))
    knowledge.oraddress_of_domain("header.fr", envelope=False)
    knowledge.oraddress_of_domain("envelope.fr", envelope=True)
    assert [one.domain for one in knowledge.open if isinstance(one, DomainRule)] == ["envelope.fr", "header.fr"]


def test_users_at_hand_come_before_users_that_are_asked_for() -> None:
    class Directory:
        def of_mailbox(self, mailbox: Mailbox) -> UserPair | None:
            return JANE if mailbox == JANE.mailbox else None

        def of_oraddress(self, address: object) -> UserPair | None:
            return None

    knowledge = known(users=Directory(), users_from=(Source.LDAP,))
    assert knowledge.user_of_mailbox(Mailbox(local="jane", domain="X.fr"), envelope=True) is JANE and not knowledge.open
    joe = Mailbox(local="joe", domain="x.fr", display="Joe")
    assert knowledge.user_of_mailbox(joe, envelope=True) is None
    assert knowledge.open == (UserOfMailbox(source=Source.LDAP, mailbox=Mailbox(local="joe", domain="X.FR")),)


def test_addresses_that_match_ask_one_question() -> None:
    knowledge = known(users_from=(Source.LDAP,))
    for text in ("/S=Doe/O=x/ADMD=a/C=FR/", "/S=DOE/O=X/ADMD=A/C=fr/"):
        knowledge.user_of_oraddress(from_text(text), envelope=True)
    assert len(knowledge.open) == 1 and isinstance(knowledge.open[0], UserOfORAddress)
    assert known({knowledge.open[0]: JANE}, users_from=(Source.LDAP,)).user_of_oraddress(JANE.oraddress, envelope=True) is JANE


def test_levels_are_asked_for_as_the_tables_compare_them() -> None:
    knowledge = known(rules_from=(Source.TABLES, Source.PX))
    assert list(knowledge.domains_of_oraddress(("FR", "", "Big  Co", None), envelope=True)) == []
    assert knowledge.open == (ORAddressRule(source=Source.PX, levels=("fr", " ", "big co")),)


def test_a_run_is_settled_or_says_what_it_needs() -> None:
    def work(knowledge: Knowledge) -> str:
        entry = knowledge.oraddress_of_domain("x.fr", envelope=True)
        if entry is None:
            raise ConversionError(Failure(reason=1, text="no mapping"))
        return entry.domain

    first = attempt(work, known())
    assert isinstance(first, Unresolved) and first.questions == (PX, LDAP)
    assert attempt(work, known({PX: RULE})) == "x.fr"
    waiting = attempt(work, known({PX: Unreachable(reason="SERVFAIL")}))
    assert isinstance(waiting, Unresolved) and not waiting.questions
    failure = waiting.failure()
    assert not failure.permanent and failure.smtp_code == 451 and failure.detail == "SERVFAIL"


def test_a_refusal_counts_only_when_all_is_known() -> None:
    def work(knowledge: Knowledge) -> str:
        knowledge.oraddress_of_domain("x.fr", envelope=True)
        raise ConversionError(Failure(reason=1, text="no mapping"))

    try:
        attempt(work, known({PX: NO_MATCH, LDAP: NO_MATCH}))
    except ConversionError as error:
        assert error.failure.text == "no mapping"
    else:
        raise AssertionError("the refusal stands")


def test_one_address_asks_as_it_would_ask_the_tables() -> None:
    knowledge = known(users_from=(Source.LDAP,), limit_passed=True)
    asking = knowledge.asking(envelope=False)
    assert asking.oraddress_of_domain("acme.gb") is TABLES.oraddress_of_domain("acme.gb")
    assert asking.gateway_of_domain("x.fr") is TABLES.gateway_of_domain("x.fr")
    assert list(asking.domains_of_oraddress(("GB", "A", "ACME"))) == list(TABLES.domains_of_oraddress(("GB", "A", "ACME")))
    assert asking.gateway_of_oraddress(("FR", "x")) is None
    assert asking.user_of_mailbox(JANE.mailbox) is None and asking.user_of_oraddress(JANE.oraddress) is None
    assert [shown(question) for question in knowledge.open] == [
        "fr/x in px", "the user jane@x.fr in ldap",
        "the user with country=fr, admd=a, organization=x, surname=doe in ldap",
    ]  # fmt: skip
