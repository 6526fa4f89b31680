"""Identifiers: RFC 2156 4.7.3 and 5.3.6."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.mixer.identifiers import (
    IdentifierError,
    ipm_identifier_from_msg_id,
    is_truncated,
    msg_id_from_ipm_identifier,
    mts_identifier_from_text,
    new_mts_identifier,
    text_from_mts_identifier,
)
from gateway.mixer.policy import Context
from gateway.x400.ipms_fields import IPMIdentifier
from gateway.x400.oraddress import oraddress_from_orname


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
