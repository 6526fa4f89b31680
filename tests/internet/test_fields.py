"""Header fields: RFC 5322, 2047, 6532; Python's `email` is asked for a second opinion."""

from __future__ import annotations

import email.header
import email.utils
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.internet.fields import (
    AddressSyntaxError,
    Field,
    Group,
    Mailbox,
    Phrase,
    decode_text,
    encode_phrase,
    encode_text,
    field,
    mailboxes,
    parse_addresses,
    parse_date,
    parse_message_ids,
    parse_words,
    serialise_addresses,
    serialise_date,
)

HOSTILE = st.one_of(st.text(max_size=120), st.text(alphabet='<>@,;:"\\()[]. \t\r\n=?abQ_\0é', max_size=120))


# RFC 5322 appendix A and RFC 822 A.1: (field value, [(local, domain, display)])
ADDRESSES = [
    ("John Doe <jdoe@machine.example>", [("jdoe", "machine.example", "John Doe")]),
    ('"Joe Q. Public" <john.q.public@example.com>', [("john.q.public", "example.com", "Joe Q. Public")]),
    ("Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
     [("mary", "x.test", "Mary Smith"), ("jdoe", "example.org", ""), ("one", "y.test", "Who?")]),
    ('<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
     [("boss", "nil.test", ""), ("sysservices", "example.net", 'Giant; "Big" Box')]),
    ("Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
     [("mary", "example.net", "Mary Smith"), ("jdoe", "test.example", "")]),
    ("Joe Q. Public <john.q.public@example.com>", [("john.q.public", "example.com", "Joe Q. Public")]),
    ("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", [("pete", "silly.test", "Pete")]),
    ("<@a.example,@b.example:joe@c.example>", [("joe", "c.example", "")]),
    ('"Wild Bill"@[192.0.2.1]', [("Wild Bill", "[192.0.2.1]", "")]),
    ('"/G=Ann/S=Lee/O=Widget Co/C=xx/"@gw.example', [("/G=Ann/S=Lee/O=Widget Co/C=xx/", "gw.example", "")]),
    ("/G=Ann/S=Lee/O=Widget Co/C=xx/@gw.example", [("/G=Ann/S=Lee/O=Widget Co/C=xx/", "gw.example", "")]),
    ("=?iso-8859-1?Q?Keld_J=F8rn_Simonsen?= <keld@dkuug.dk>", [("keld", "dkuug.dk", "Keld Jørn Simonsen")]),
    ("Jörg <jörg@müller.example>", [("jörg", "müller.example", "Jörg")]),
    ("a . b . c@d.example", [("a.b.c", "d.example", "")]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), ADDRESSES)
def test_addresses_of_the_standard(value: str, expected: list[tuple[str, str, str]]) -> None:
    assert [(one.local, one.domain, one.display) for one in mailboxes(value)] == expected


def test_groups_with_and_without_members() -> None:
    value = "A Group(Some people):Chris Jones <c@public.example>, joe@example.org (my dear friend); Undisclosed recipients: ;"
    first, second = parse_addresses(value)
    assert isinstance(first, Group) and first.name == "A Group"
    assert [member.address for member in first.members] == ["c@public.example", "joe@example.org"]
    assert first.members[1].comments == ("my dear friend",)
    assert second == Group(name="Undisclosed recipients")
    assert serialise_addresses([second]) == "Undisclosed recipients: ;"


def test_mailbox_is_equal_by_local_exactly_and_domain_without_case() -> None:
    ann = Mailbox(local="Ann", domain="Example.ORG", display="Ann Lee")
    assert ann == Mailbox(local="Ann", domain="example.org") and hash(ann) == hash(Mailbox(local="Ann", domain="example.org"))
    assert ann != Mailbox(local="ann", domain="example.org")


@pytest.mark.parametrize(
    ("local", "written"), [("a.b", "a.b@x"), ("a..b", '"a..b"@x'), ('a"b\\', '"a\\"b\\\\"@x'), ("", '""@x'), ("é", "é@x")]
)
def test_local_part_is_quoted_where_it_must_be(local: str, written: str) -> None:
    mailbox = Mailbox(local=local, domain="x")
    assert mailbox.address == written
    assert mailboxes(written)[0].local == local


@pytest.mark.parametrize("text", ["", "a@b, c@d", "g: a@b;", "nobody", "<@b>"])
def test_what_is_not_one_mailbox_is_refused(text: str) -> None:
    with pytest.raises(AddressSyntaxError):
        Mailbox.from_text(text)


@given(
    st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()), st.text(max_size=40).filter(lambda text: text.isprintable())
)
@settings(max_examples=100)
def test_mailbox_survives_being_written_and_read(local: str, display: str) -> None:
    mailbox = Mailbox(local=local, domain="example.org", display=" ".join(display.split(" ")).strip())
    (read,) = mailboxes(field("To", mailbox.to_text(), utf8=True).value)
    assert read == mailbox and " ".join(read.display.split()) == " ".join(mailbox.display.split())


@given(
    st.lists(
        st.tuples(
            st.text("abcxyz.", min_size=1, max_size=8).filter(lambda t: ".." not in t and t.strip(".") == t), st.text("AbCd ", max_size=8)
        )
    )
)
@settings(max_examples=50)
def test_email_package_reads_our_address_lists_the_same(pairs: list[tuple[str, str]]) -> None:
    boxes = [Mailbox(local=local, domain="example.org", display=" ".join(display.split())) for local, display in pairs]
    assert [pair for pair in email.utils.getaddresses([serialise_addresses(boxes)]) if pair[1]] == [
        (box.display, box.address) for box in boxes
    ]


@given(HOSTILE)
@settings(max_examples=300)
def test_no_value_makes_a_reader_raise(value: str) -> None:
    for box in mailboxes(value):
        assert not set("\r\n\0") & set(box.address)
    parse_message_ids(value)
    parse_date(value)
    decode_text(value)
    parse_words(value)


# RFC 2047 section 8: encoded form -> as displayed
RFC2047 = [
    ("=?ISO-8859-1?Q?a?=", "a"),
    ("=?ISO-8859-1?Q?a?= b", "a b"),
    ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
    ("=?ISO-8859-1?Q?a?=  \r\n   =?ISO-8859-1?Q?b?=", "ab"),
    ("=?ISO-8859-1?Q?a_b?=", "a b"),
    ("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
    ("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
     "If you can read this you understand the example."),
    ("=?US-ASCII*EN?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"),
    ("=?x-none?q?abc?=", "abc"),
    ("=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "shown"), RFC2047)
def test_encoded_words_of_rfc_2047(value: str, shown: str) -> None:
    assert decode_text(value) == shown


@given(st.text(max_size=200))
@settings(max_examples=100)
def test_encoded_text_is_ascii_in_words_of_75_and_email_reads_the_same(text: str) -> None:
    encoded = encode_text(text)
    assert encoded.isascii() and encoded.isprintable()
    assert all(len(word) <= 75 for word in encoded.split(" ") if word.startswith("=?utf-8?"))
    decoded = decode_text(encoded)
    if "=?" in encoded and all(word.startswith("=?utf-8?") for word in encoded.split(" ")):
        assert decoded == str(email.header.make_header(email.header.decode_header(encoded)))
    assert encode_text(decoded) == encoded


def test_encoding_keeps_what_is_ascii_readable() -> None:
    assert encode_text("Re: Grüße an alle") == "Re: =?utf-8?b?R3LDvMOfZQ==?= an alle"
    assert encode_text("Grüße", charset="iso-8859-1") == "=?iso-8859-1?b?R3L832U=?="
    assert encode_phrase("A. Nother") == '"A. Nother"'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"),
        ("Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T10:52:37+02:00"),
        ("21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06+00:00"),
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T09:55:06-06:00"),
        ("Thu,\r\n      13\r\n        Feb\r\n   1969\r\n  23:32\r\n   -0330 (Newfoundland Time)", "1969-02-13T23:32:00-03:30"),
        ("1 Jan 49 00:00 EST", "2049-01-01T00:00:00-05:00"),
        ("1 Jan 50 00:00 K", "1950-01-01T00:00:00+00:00"),
        ("1 Jan 103 00:00:60 -0000", "2003-01-01T00:00:59+00:00"),
        ("Mon Jan  2 15:04:05 2006", "2006-01-02T15:04:05+00:00"),
    ],
)  # fmt: skip
def test_dates_with_obsolete_forms(value: str, expected: str) -> None:
    found = parse_date(value)
    assert found is not None and found.isoformat() == expected


@pytest.mark.parametrize("value", ["", "yesterday", "31 Feb 1999 00:00:00 +0000", "1 Jan 1999 25:00:00 +0000", "1 Jan 1999 00:00:00 +9999"])
def test_what_is_no_date_gives_none(value: str) -> None:
    assert parse_date(value) is None


@given(st.datetimes(min_value=datetime(1900, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001 - hypothesis wants it naive
@settings(max_examples=100)
def test_dates_keep_their_instant_and_offset(moment: datetime, minutes: int) -> None:
    instant = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    text = serialise_date(instant)
    assert parse_date(text) == instant == email.utils.parsedate_to_datetime(text)
    assert (found := parse_date(text)) and found.utcoffset() == instant.utcoffset()


def test_an_offset_with_seconds_is_written_in_utc() -> None:
    assert serialise_date(datetime(1880, 1, 1, tzinfo=timezone(timedelta(seconds=75)))) == "Wed, 31 Dec 1879 23:58:45 +0000"
    assert serialise_date(datetime(2026, 8, 1, 1, 2, 3, tzinfo=UTC)) == "Sat, 01 Aug 2026 01:02:03 +0000"


def test_message_identifiers_and_phrases() -> None:
    assert parse_message_ids("<5678.21-Nov-1997@example.com>\r\n <a@b>") == ("<5678.21-Nov-1997@example.com>", "<a@b>")
    assert parse_message_ids("Your letter of May <a (c) . b @ c>, <") == (Phrase("Your letter of May"), "<a.b@c>")
    assert parse_message_ids('<"a b"@c>') == ('<"a b"@c>',)
    assert parse_words("one, two three, =?utf-8?q?=C3=A9?=,") == ("one", "two three", "é")


def test_a_field_folds_at_blanks_and_unfolds_to_the_same_value() -> None:
    value = "word " * 40 + "end"
    made = field("Subject", value)
    assert all(len(line) <= 76 for line in made.serialise().split(b"\r\n"))
    assert made.value == value


@given(st.text(min_size=1, max_size=30), st.one_of(HOSTILE, st.binary(max_size=200).map(lambda b: b.decode("latin-1"))), st.booleans())
@settings(max_examples=200)
def test_no_string_breaks_out_of_its_field(name: str, value: str, utf8: bool) -> None:
    wire = field(name, value, utf8=utf8).serialise()
    assert wire.endswith(b"\r\n") and b"\0" not in wire
    first, *rest = wire[:-2].split(b"\r\n")
    assert all(line[:1] == b" " and line.strip() for line in rest)
    assert not any(end in line for line in (first, *rest) for end in (b"\r", b"\n"))
    assert all(len(line) <= 998 for line in (first, *rest))


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_a_field_with_hostile_octets_cannot_add_a_field(body: bytes) -> None:
    wire = Field("Subject", body).serialise()
    lines = wire[:-2].split(b"\r\n")
    assert lines[0].startswith(b"Subject:") and all(line[:1] in (b" ", b"\t") for line in lines[1:])
    assert not any(end in line for line in lines for end in (b"\r", b"\n", b"\0"))


def test_a_very_long_word_is_cut_below_998_octets() -> None:
    wire = field("References", "x" * 5000).serialise()
    assert all(len(line) <= 998 for line in wire.split(b"\r\n"))
    assert field("X-É", "é" * 1000, utf8=True).serialise().decode("utf-8").count("é") == 1000


def test_a_field_kept_as_received_is_written_as_received() -> None:
    body = b"  odd \t spacing\r\n\tand folding "
    assert Field("X-Odd", body).serialise() == b"X-Odd:" + body + b"\r\n"
    assert Field("X-Odd", b" caf\xe9").value == "café"
