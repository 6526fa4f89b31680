"""Identifiers: RFC 2156 4.7.3 and 5.3.6."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.mixer.identifiers import (
    IdentifierError,
    ipm_identifier_facts,
    ipm_identifier_from_msg_id,
    ipm_identifier_key,
    is_truncated,
    known_ipm_identifier,
    msg_id_from_ipm_identifier,
    mts_identifier_from_text,
    new_mts_identifier,
    short_identifier_facts,
    text_from_mts_identifier,
)
from gateway.mixer.policy import Context
from gateway.mixer.stdor import from_text
from gateway.x400.ipms_fields import IPMIdentifier
from gateway.x400.oraddress import oraddress_from_orname, orname_from_oraddress


@pytest.mark.parametrize(("msg_id", "identifier"), [
    ("<1229.614418325@UK.AC.NOTT.CS>", "1229.614418325(a)UK.AC.NOTT.CS"), ("<a_b@x.example>", "a(u)b(a)x.example"),
])  # fmt: skip
def test_an_internet_identifier_is_ps_encoded(msg_id: str, identifier: str) -> None:
    assert ipm_identifier_from_msg_id(msg_id) == IPMIdentifier(user_relative_identifier=identifier)
    assert msg_id_from_ipm_identifier(IPMIdentifier(user_relative_identifier=identifier)) == msg_id


def test_an_x400_identifier_of_4_7_3_2() -> None:
    found = ipm_identifier_from_msg_id("<147*/S=Dietrich/O=Siemens/ADMD=DBP/C=DE/@MHS>")
    assert found.user_relative_identifier == "147"
    assert found.user is not None
    assert oraddress_from_orname(found.user).surname == "Dietrich"
    assert msg_id_from_ipm_identifier(found) == "<147*/S=Dietrich/O=Siemens/ADMD=DBP/C=DE/@MHS>"


def test_an_x400_identifier_without_user() -> None:
    identifier = IPMIdentifier(user_relative_identifier="PC1000-910530172027-57D8")
    assert msg_id_from_ipm_identifier(identifier) == "<PC1000-910530172027-57D8*@MHS>"
    assert ipm_identifier_from_msg_id("<PC1000-910530172027-57D8*@MHS>") == identifier


def test_a_long_identifier_is_cut_and_restored_from_memory(context: Context) -> None:
    long = f"<{'a_' * 40}@example.org>"
    cut = ipm_identifier_from_msg_id(long)
    assert is_truncated(long)
    assert len(cut.user_relative_identifier) <= 64
    remembering = replace(context, known={cut.user_relative_identifier: long})
    assert msg_id_from_ipm_identifier(cut, remembering) == long


def test_an_identifier_beyond_ascii_is_refused() -> None:
    with pytest.raises(IdentifierError):
        ipm_identifier_from_msg_id("<ü@example.org>")


def test_controls_in_an_identifier_do_not_reach_the_header() -> None:
    assert "\n" not in msg_id_from_ipm_identifier(IPMIdentifier(user_relative_identifier="a\r\nBcc: x"))
    assert "\n" not in msg_id_from_ipm_identifier(IPMIdentifier(user_relative_identifier="a(013)(010)b(a)c.d"))


def test_mts_identifiers_of_5_3_6() -> None:
    text = "[/PRMD=HMG/ADMD=GOLD 400/C=GB/;PC1000-910530172027-57D8]"
    assert text_from_mts_identifier(mts_identifier_from_text(text)) == text
    with pytest.raises(IdentifierError):
        mts_identifier_from_text("PC1000")


def test_our_own_identifiers_are_determined_by_the_plan(context: Context) -> None:
    one, other = new_mts_identifier(context, "1"), new_mts_identifier(context, "2")
    assert one == new_mts_identifier(context, "1")
    assert one != other
    assert len(one.local_identifier) <= 32


# --- what has to be remembered -----------------------------------------------------------------------------------------------------------

JOHN = orname_from_oraddress(from_text("/S=Roe/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/"))


def test_long_identifiers_are_remembered_once_and_short_ones_never() -> None:
    long = f"<{'a_' * 40}@example.org>"
    facts = short_identifier_facts([long, long, "<1@example.org>", "<147*/S=Dietrich/O=Siemens/ADMD=DBP/C=DE/@MHS>"])
    assert [(fact.kind, fact.value) for fact in facts] == [("message-id", long)]
    assert facts[0].key == ipm_identifier_from_msg_id(long).user_relative_identifier


def test_of_a_thousand_long_identifiers_twenty_are_remembered() -> None:
    assert len(short_identifier_facts(f"<{number}{'_' * 40}@example.org>" for number in range(1000))) == 20


@pytest.mark.parametrize(("identifier", "remembered"), [
    (IPMIdentifier(user=JOHN, user_relative_identifier="147"), False), (IPMIdentifier(user_relative_identifier="1(a)example.org"), False),
    (IPMIdentifier(user=JOHN, user_relative_identifier="note_7@desk"), True), (IPMIdentifier(user_relative_identifier="a*b"), True),
])  # fmt: skip
def test_an_ipm_identifier_is_remembered_where_its_msg_id_does_not_hold_it(identifier: IPMIdentifier, remembered: bool) -> None:
    facts = ipm_identifier_facts([identifier])
    assert bool(facts) == remembered
    if remembered:
        msg_id = msg_id_from_ipm_identifier(identifier)
        assert facts[0].key == ipm_identifier_key(msg_id)
        assert known_ipm_identifier(msg_id, {facts[0].key: facts[0].value}) == identifier


@pytest.mark.parametrize("garbage", ["", "zz", "30", "3003020100", "31" * 500])
def test_a_fact_that_cannot_be_read_is_none(garbage: str) -> None:
    assert known_ipm_identifier("<a@MHS>", {"ipm-identifier <a@MHS>": garbage}) is None


def test_only_identifiers_that_look_like_x400_are_asked_for() -> None:
    assert ipm_identifier_key("<1@example.org>") is None
    assert ipm_identifier_key("<1*@mhs>") == "ipm-identifier <1*@mhs>"
