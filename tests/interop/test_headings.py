"""Section 9 of the interoperability cases: headings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway import asn1
from gateway.internet import message as internet
from gateway.mixer.policy import Context
from gateway.x400 import oids
from gateway.x400.charsets import text_from_t61
from gateway.x400.heading_extensions import value_of
from gateway.x400.ipm import IPMSExtension, ORDescriptor
from tests.interop.mixing import (
    ANN,
    BOB,
    CAROL,
    CONTEXT,
    ELSEWHERE,
    JANE,
    JOHN,
    descriptor,
    header_of,
    heading_of,
    ipm,
    noted,
    p1_message,
    p1_of,
    peer,
    recipients,
    to_internet,
    to_x400,
)

# --- IC-076


def test_ic_076_a_subject_of_one_nul_is_empty() -> None:
    assert header_of(to_internet(p1_message(ipm(subject=b"\0")))).get("Subject") is None


@pytest.mark.parametrize("body", ["", " ", "=?utf-8?q?=00?=", "\x07"])
def test_ic_076_an_empty_subject_is_not_sent(body: str) -> None:
    assert heading_of(to_x400(f"Subject: {body}")).subject is None


def test_ic_076_no_control_character_in_a_teletex_string() -> None:
    heading = heading_of(to_x400("Subject: =?utf-8?q?a=07b=0Ac?=\nFrom: =?utf-8?q?A=01nn?= <a@example.org>"))
    assert heading.originator is not None
    for text in (heading.subject, heading.originator.free_form_name):
        assert text is not None
        assert min(text) >= 0x20


# --- IC-077


@pytest.mark.parametrize("subject", [b"one\rtwo", b"one\r\ntwo", b"one\n\n\ntwo", b"one\x00\x01two"])
def test_ic_077_line_ends_in_a_subject_are_one_blank(subject: bytes) -> None:
    assert header_of(to_internet(p1_message(ipm(subject=subject)))).value("Subject") == "one two"


def test_ic_077_folding_is_undone() -> None:
    assert heading_of(to_x400("Subject: one\n two")).subject == b"one two"


# --- IC-078


@pytest.mark.parametrize("length", [73, 74, 127, 128, 129, 998])
def test_ic_078_subjects_of_many_lengths(length: int) -> None:
    words = ("word " * 200)[: length - 1] + "x"
    there = to_x400(f"Subject: {words}")
    assert heading_of(there).subject == words[:128].strip().encode()
    carried = value_of(heading_of(there).extensions, oids.ID_RFC_822_FIELD_LIST)
    assert (carried == (f"Subject: {words}",)) == (length > 128)
    assert header_of(to_internet(p1_of(there), context=ELSEWHERE)).value("Subject") == words


@pytest.mark.parametrize("length", [74, 128])
def test_ic_078_trailing_blanks_are_removed_both_ways(length: int) -> None:
    padded = "Hello".ljust(length)
    assert header_of(to_internet(p1_message(ipm(subject=padded.encode())))).value("Subject") == "Hello"
    assert heading_of(to_x400(f"Subject: {padded}")).subject == b"Hello"


def test_ic_078_a_subject_is_not_cut_between_an_accent_and_its_letter() -> None:
    subject = heading_of(to_x400("Subject: =?utf-8?q?" + "a" * 127 + "?= =?utf-8?q?=C3=A9?=")).subject
    assert subject == b"a" * 127


def test_ic_078_a_peer_without_heading_extensions_gets_the_whole_subject_as_text() -> None:
    words = "word " * 40 + "end"
    there = to_x400(f"Subject: {words}", context=peer(heading_extension=False))
    assert heading_of(there).extensions == ()
    assert b"RFC-822-Headers:\r\nSubject: word" in p1_of(there).content.to_bytes()


# --- IC-079


def test_ic_079_without_originator_from_is_the_p1_originator() -> None:
    assert header_of(to_internet(p1_message(ipm(originator=None)))).value("From") == "Ann.Lee@widget.example"


def test_ic_079_an_originator_without_address_keeps_its_name() -> None:
    made = to_internet(p1_message(ipm(originator=ORDescriptor(free_form_name=b"Ann at home"))))
    assert header_of(made).value("From") == "Ann at home <Ann.Lee@widget.example>"
    assert noted(made, "From")


def test_ic_079_the_heading_always_has_an_originator() -> None:
    made = to_x400("From: nobody", reverse_path="boss@widget.example")
    assert heading_of(made).originator is not None
    absent = to_x400("Subject: x\nFrom:", reverse_path="boss@widget.example")
    assert heading_of(absent).originator == descriptor("/S=boss/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/")


# --- IC-080


def test_ic_080_a_name_is_cut_at_64_octets_between_characters() -> None:
    name = "Ren=C3=A9_" * 10
    originator = heading_of(to_x400(f"From: =?utf-8?q?{name}?= <a@example.org>")).originator
    assert originator is not None
    assert originator.free_form_name is not None
    assert len(originator.free_form_name) <= 64
    assert set(text_from_t61(originator.free_form_name)) == set("René ")


def test_ic_080_a_peer_that_takes_no_names_gets_none() -> None:
    made = to_x400("From: Ann Lee <a@example.org>\nTo: Jane <Jane.Doe@widget.example>", context=peer(free_form_names=False))
    heading = heading_of(made)
    assert heading.originator is not None
    assert heading.originator.free_form_name is None
    assert [one.recipient.free_form_name for one in heading.primary_recipients] == [None]
    assert any("Ann Lee" in note.text for note in made.notes)


def test_ic_080_who_comes_without_a_name_may_get_that_of_the_address() -> None:
    """By setting, since RFC 2156 4.7.2 shows the bare address."""
    message = p1_message(ipm(primary_recipients=recipients(BOB)))
    assert header_of(to_internet(message)).value("From") == "Ann.Lee@widget.example"
    header = header_of(to_internet(message, context=peer(names_from_addresses=True)))
    assert (header.value("From"), header.value("To")) == ("Ann Lee <Ann.Lee@widget.example>", "bob@example.org")


# --- IC-081


@pytest.mark.parametrize("oid", [oids.ID_RFC_822_FIELD_LIST, oids.ID_RFC_822_FIELD_LIST_1327])
def test_ic_081_fields_of_old_and_new_gateways_are_read(oid: str) -> None:
    extension = IPMSExtension(type_=oid, value=("X-Note: old", "Keywords: a, b"))
    header = header_of(to_internet(p1_message(ipm(extensions=(extension,)))))
    assert (header.value("X-Note"), header.value("Keywords")) == ("old", "a, b")


def test_ic_081_an_unknown_heading_extension_is_listed_and_never_a_reason_to_refuse() -> None:
    extension = IPMSExtension(type_="1.2.840.113556.3.1", value=asn1.NULL)
    header = header_of(to_internet(p1_message(ipm(extensions=(extension,)))))
    assert header.value("Discarded-X400-IPMS-Extensions") == "(1)(2)(840)(113556)(3)(1)"


def test_ic_081_exchange_4_gets_no_heading_extension() -> None:
    made = to_x400("X-Note: new", context=peer(heading_extension=False))
    assert heading_of(made).extensions == ()
    assert b"RFC-822-Headers:\r\nX-Note: new\r\n" in p1_of(made).content.to_bytes()


# --- IC-082


@pytest.mark.parametrize(("value", "field"), [(True, "TRUE"), (False, "")])
def test_ic_082_auto_forwarded_may_be_explicit(value: bool, field: str) -> None:
    header = header_of(to_internet(p1_message(ipm(auto_forwarded=value, originator=descriptor(BOB)))))
    assert header.value("Autoforwarded") == field


@pytest.mark.parametrize("name", ["Autoforwarded", "Auto-Forwarded"])
def test_ic_082_both_spellings_are_read(name: str) -> None:
    assert heading_of(to_x400(f"{name}: TRUE")).auto_forwarded is True
    assert heading_of(to_x400(f"{name}: false")).auto_forwarded is False


# --- IC-083


def test_ic_083_priority_and_importance_never_feed_each_other() -> None:
    made = to_x400("Priority: urgent\nImportance: low")
    assert (p1_of(made).envelope.priority, heading_of(made).importance) == (2, 0)
    header = header_of(to_internet(p1_of(made), context=ELSEWHERE))
    assert (header.value("Priority"), header.value("Importance")) == ("urgent", "low")


@pytest.mark.parametrize(
    ("line", "priority", "importance"),
    [("Importance: high", 0, 2), ("Priority: urgent", 2, 1), ("Priority: non-urgent", 1, 1), ("X-Priority: 1", 0, 1), ("Subject: x", 0, 1)],
)
def test_ic_083_what_is_absent_is_normal(line: str, priority: int, importance: int) -> None:
    made = to_x400(line)
    assert (p1_of(made).envelope.priority, heading_of(made).importance) == (priority, importance)


# --- IC-084

BLIND = f"To: {JANE}\nBcc: {JOHN}, hidden@example.org"


def blind_of(number: int) -> list[str]:
    made = to_x400(BLIND, to=(JANE, JOHN, "hidden@example.org"), numbers=(number,))
    return [repr(one) for one in heading_of(made).blind_copy_recipients or ()]


def test_ic_084_the_copy_for_open_recipients_names_no_blind_one() -> None:
    assert blind_of(1) == []


def test_ic_084_a_blind_recipient_is_told_of_himself_alone() -> None:
    assert len(blind_of(2)) == len(blind_of(3)) == 1
    assert blind_of(2) != blind_of(3)


def test_ic_084_one_copy_for_several_recipients_names_no_blind_one() -> None:
    made = to_x400(BLIND, to=(JANE, JOHN), numbers=(1, 2))
    assert heading_of(made).blind_copy_recipients is None
    assert noted(made, "Bcc")
    assert 0 not in p1_of(made).envelope.per_message_indicators  # disclosure-of-other-recipients


def test_ic_084_blind_copies_of_a_peer_are_hidden_from_the_others() -> None:
    message = p1_message(ipm(primary_recipients=recipients(BOB), blind_copy_recipients=recipients(CAROL)), BOB, CAROL)
    assert header_of(to_internet(message, 1)).get("Bcc") is None
    assert header_of(to_internet(message, 2)).value("Bcc") == "carol@example.org"
    both = to_internet(message, 1, 2)
    assert "carol" not in " ".join(one.value for one in header_of(both))
    assert noted(both, "Bcc")


def test_ic_084_an_empty_bcc_discloses_nobody_and_stays() -> None:
    assert header_of(to_internet(p1_message(ipm(blind_copy_recipients=())), 1)).get("Bcc") is not None
    assert heading_of(to_x400("Bcc:")).blind_copy_recipients == ()


# --- delivery options of strangers (M36, M40 to M42)

STRANGER: Context = replace(CONTEXT, delivery_options=False)
ASKING = (
    "Priority: urgent\nDeferred-Delivery: Tue, 24 Nov 2026 12:00:00 +0000\nLatest-Delivery-Time: Wed, 25 Nov 2026 12:00:00 +0000\n"
    "Originator-Return-Address: Ann.Lee@widget.example"
)


def test_M40_M41_M42_an_authorised_source_may_set_delivery_options() -> None:
    envelope = p1_of(to_x400(ASKING)).envelope
    assert (envelope.priority, envelope.deferred_delivery_time is None) == (2, False)
    assert {5, 13} <= {one.number for one in envelope.extensions}


def test_M40_M41_M42_of_anybody_else_the_fields_are_text() -> None:
    made = to_x400(ASKING, context=STRANGER)
    envelope = p1_of(made).envelope
    assert (envelope.priority, envelope.deferred_delivery_time) == (0, None)
    assert not {5, 13} & {one.number for one in envelope.extensions}
    carried = value_of(heading_of(made).extensions, oids.ID_RFC_822_FIELD_LIST)
    assert sorted(carried) == sorted(ASKING.splitlines())
    assert {note.rule for note in made.notes} >= {line.partition(":")[0] for line in ASKING.splitlines()}
    header = header_of(to_internet(p1_of(made), context=ELSEWHERE))
    assert header.value("Originator-Return-Address") == "Ann.Lee@widget.example"


@pytest.mark.parametrize("word", ["normal", "non-urgent"])
def test_M36_anybody_may_ask_for_less(word: str) -> None:
    made = to_x400(f"Priority: {word}", context=STRANGER)
    assert p1_of(made).envelope.priority == {"normal": 0, "non-urgent": 1}[word]


def test_S13_a_stranger_gets_no_priority_above_normal_by_smtp() -> None:
    assert p1_of(to_x400("Subject: x", context=STRANGER, mt_priority=4)).envelope.priority == 0
    assert p1_of(to_x400("Subject: x", context=STRANGER, mt_priority=-4)).envelope.priority == 1


def test_the_message_comes_back_by_a_peer_unchanged_whoever_sent_it() -> None:
    """X.400 to the Internet knows no such question: a P1 peer is trusted with its envelope."""
    message = p1_message(ipm(), priority=2)
    assert header_of(to_internet(message, context=STRANGER)).value("Priority") == "urgent"
    assert ANN
    assert isinstance(internet.parse(b""), internet.Message)
