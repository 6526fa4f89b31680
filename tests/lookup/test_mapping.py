"""What is known from outside in the algorithms of RFC 2156 4.3.4 and 4.3.5: where it is asked, and what goes before what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gateway.errors import ConversionError
from gateway.internet.addresses import Mailbox
from gateway.lookup.users import UserDirectory
from gateway.lookup.users_compile import activate
from gateway.mixer.address import AddressError, Role, mailbox_to_oraddress, oraddress_to_mailbox
from gateway.mixer.mcgam import Entry, MappingTable, load
from gateway.mixer.policy import GlobalDomain, PeerPolicy, Settings
from gateway.mixer.questions import (
    NO_MATCH,
    Answer,
    Answers,
    DomainRule,
    Knowledge,
    ORAddressRule,
    Question,
    Rule,
    Source,
    Unresolved,
    UserOfMailbox,
    attempt,
)
from gateway.mixer.stdor import from_text, to_text
from gateway.mixer.universal import universal_mailbox

TABLES = load({
    "domain-to-oraddress": [("map2", "acme.example#PRMD$ACME.ADMD$A.C$GB#\n")],
    "oraddress-to-domain": [("map1", "PRMD$ACME.ADMD$A.C$GB#acme.example#\n")],
})  # fmt: skip
JANE = "/G=Jane/S=Doe/O=Sales/PRMD=ACME/ADMD=A/C=GB/"
LINES = f"""jane@acme.example,{JANE}
list@acme.example,/CN=List/PRMD=ACME/ADMD=A/C=GB/
jörg@bücher.example,/CN=Joerg/PRMD=ACME/ADMD=A/C=GB/
"""
PX = (Source.TABLES, Source.PX)


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> UserDirectory:
    folder = tmp_path_factory.mktemp("users")
    (folder / "users.csv").write_text(LINES, encoding="utf-8")
    return activate((folder / "users.csv",), folder / "users.compiled")


@pytest.fixture
def settings(users: UserDirectory) -> Settings:
    return Settings(
        gateway_domain="gw.example", gateway_oraddress=from_text("/PRMD=GW/ADMD=A/C=GB/"), global_domain=GlobalDomain(country="GB"),
        mta_name="GW", tables=TABLES, users=users, users_version=users.version,
    )  # fmt: skip


def test_a_user_goes_before_stage_one_and_the_step_says_where_it_stands(settings: Settings, tmp_path: Path) -> None:
    mapped = mailbox_to_oraddress("jane@ACME.example", settings, Role.RECIPIENT)
    assert to_text(mapped.result) == JANE and not mapped.encapsulated
    (step,) = [str(step) for step in mapped.steps if step.clause == "4.3.4 directory"]
    assert step.endswith("users.csv:1")
    other = mailbox_to_oraddress("Jane@acme.example", settings).result
    assert to_text(other) == "/S=Jane/PRMD=ACME/ADMD=A/C=GB/", "case counts in local parts"


def test_a_user_goes_before_mapping_b_and_behind_mapping_a(settings: Settings) -> None:
    mapped = oraddress_to_mailbox(from_text(JANE), settings, Role.RECIPIENT)
    assert mapped.address == "jane@acme.example" and mapped.steps[-1].clause == "4.3.5 directory"
    wrapped = replace(from_text(JANE), domain_defined=(("RFC-822", "x(a)y.example"),))
    assert oraddress_to_mailbox(wrapped, settings, Role.RECIPIENT).address == "x@y.example"


def test_to_a_peer_of_1984_a_users_common_name_is_written_as_appendix_b_says(settings: Settings) -> None:
    found = mailbox_to_oraddress("list@acme.example", settings, Role.RECIPIENT, x400_version=84).result
    assert (found.common_name, found.domain_defined) == (None, (("Common", "List"),))


def test_a_source_route_is_taken_away_before_the_user_is_looked_for(settings: Settings) -> None:
    assert to_text(mailbox_to_oraddress("@relay.example:jane@acme.example", settings, Role.RECIPIENT).result) == JANE


@dataclass
class Run:
    """Runs with the answers given; what is still open afterwards."""

    settings: Settings
    found: dict[Question, Answer]

    def knowing(self) -> Knowledge:
        return Knowledge(tables=TABLES, answers=Answers() | self.found, rules_from=PX, users_from=(Source.LDAP,))

    def open_after(self, address: str, role: Role) -> tuple[Question, ...]:
        found = attempt(lambda known: mailbox_to_oraddress(address, replace(self.settings, knowledge=known), role), self.knowing())
        return found.questions if isinstance(found, Unresolved) else ()


def test_what_is_not_at_hand_becomes_questions(settings: Settings) -> None:
    user = UserOfMailbox(source=Source.LDAP, mailbox=Mailbox(local="joe", domain="far.example"))
    rule = DomainRule(source=Source.PX, domain="far.example")
    assert set(Run(settings, {}).open_after("joe@far.example", Role.RECIPIENT)) == {user, rule}


def test_the_answers_are_used(settings: Settings) -> None:
    entry = Entry(domain="far.example", levels=("GB", "A", "FAR"))
    user = UserOfMailbox(source=Source.LDAP, mailbox=Mailbox(local="joe", domain="far.example"))
    answers: dict[Question, Answer] = {
        DomainRule(source=Source.PX, domain="far.example"): Rule(table=MappingTable.DOMAIN_TO_ORADDRESS, entry=entry), user: NO_MATCH,
    }  # fmt: skip
    known = replace(settings, knowledge=Run(settings, answers).knowing())
    assert to_text(mailbox_to_oraddress("joe@far.example", known, Role.RECIPIENT).result) == "/S=joe/PRMD=FAR/ADMD=A/C=GB/"


def test_an_oraddress_asks_for_its_hierarchy(settings: Settings) -> None:
    knowledge = Knowledge(tables=TABLES, rules_from=PX)
    oraddress_to_mailbox(from_text("/S=x/O=o/PRMD=FAR/ADMD=A/C=GB/"), replace(settings, knowledge=knowledge), Role.ORIGINATOR)
    assert knowledge.open == (ORAddressRule(source=Source.PX, levels=("gb", "a", "far", "o")),)


# --- beyond ASCII ----------------------------------------------------------------------------------------------------------------------


def test_the_directory_knows_local_parts_beyond_ascii_and_both_forms_of_a_domain(settings: Settings) -> None:
    for address in ("jörg@bücher.example", "jörg@xn--bcher-kva.example", "jörg@BÜCHER.example"):
        assert mailbox_to_oraddress(address, settings, Role.RECIPIENT).result.common_name == "Joerg"
    assert oraddress_to_mailbox(from_text("/CN=Joerg/PRMD=ACME/ADMD=A/C=GB/"), settings).address == "jörg@bücher.example"


@pytest.mark.parametrize("role", Role)
def test_what_nothing_carries_is_553_5_6_7(settings: Settings, role: Role) -> None:
    with pytest.raises(ConversionError) as refusal:
        mailbox_to_oraddress("åsa@acme.example", settings, role)
    assert (refusal.value.failure.smtp_code, refusal.value.failure.status) == (553, "5.6.7")


def test_universal_attributes_hold_it_where_the_peer_takes_them(settings: Settings) -> None:
    towards = settings.towards(PeerPolicy(universal_addresses=True))
    found = mailbox_to_oraddress("åsa@acme.example", towards, Role.RECIPIENT).result
    assert universal_mailbox(found) == "åsa@acme.example" and found.prmd == "ACME", "stage II begins with the domain's own attributes"
    assert oraddress_to_mailbox(found, settings, Role.RECIPIENT).address == "åsa@acme.example"
    assert not mailbox_to_oraddress("asa@acme.example", towards, Role.RECIPIENT).result.universal, "ASCII stays RFC 2156"
    assert not settings.towards(PeerPolicy(universal_addresses=True, x400_version=84)).universal_addresses


@pytest.mark.parametrize("length", [100, 128, 129, 400, 512])
def test_long_ones_are_continued_and_come_back(settings: Settings, length: int) -> None:
    towards = settings.towards(PeerPolicy(universal_addresses=True))
    address = f"{'📮' * (length - 10)}@b.example"
    found = mailbox_to_oraddress(address, towards, Role.RECIPIENT).result
    assert oraddress_to_mailbox(found, settings, Role.RECIPIENT).address == address


def test_too_long_ones_are_refused(settings: Settings) -> None:
    with pytest.raises(AddressError, match="longer than 512"):
        mailbox_to_oraddress(f"{'å' * 520}@b.example", settings.towards(PeerPolicy(universal_addresses=True)), Role.RECIPIENT)


def test_a_printable_attribute_beside_the_universal_one_counts(settings: Settings) -> None:
    found = mailbox_to_oraddress("åsa@acme.example", settings.towards(PeerPolicy(universal_addresses=True)), Role.RECIPIENT).result
    both = replace(found, domain_defined=(("RFC-822", "asa(a)acme.example"),))
    assert oraddress_to_mailbox(both, settings, Role.RECIPIENT).address == "asa@acme.example"
