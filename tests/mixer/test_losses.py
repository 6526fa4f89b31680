"""Nothing is lost silently: what of a header does not come back from X.400 is named in a note (RFC 2156 5.1.2, 5.1.3).

A generated header crosses to X.400 and back through another gateway. Every word of every field is then in the header that came back, or
in a note that names the field or quotes the word.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from gateway.internet import message as internet
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.fields import Field, decode_text, encode_phrase, field, parse_date
from gateway.mixer.convert import message_to_internet, message_to_x400
from gateway.mixer.policy import Context
from gateway.mixer.rules import Note

SMTP = SmtpEnvelope(reverse_path="a@example.org", recipients=(SmtpRecipient(address="Jane.Doe@widget.example"),))
BY_THE_TRACE = {"received", "date"}
"""Fields that become trace (M5, M6): their clauses are lost by rule (T13)."""
TODAY = {"expiry-date": "Expires", "obsoletes": "Supersedes", "language": "Content-Language", "auto-forwarded": "Autoforwarded"}
"""Names that older gateways wrote, and those of today (RFC 2156 Appendix J)."""
SAYS_NOTHING = {
    ("subject", ""), ("importance", "normal"), ("priority", "normal"), ("autoforwarded", "false"), ("auto-forwarded", "false"),
    ("conversion", "allowed"), ("conversion-with-loss", "allowed"),
}  # fmt: skip
"""A default written out means the same as no field."""


def cross(fields: list[Field], context: Context, elsewhere: Context) -> tuple[internet.Header, tuple[Note, ...]]:
    first = message_to_x400(internet.message([*fields], b"Text\r\n"), SMTP, [1], context)
    assert first.result.message is not None
    known = {fact.key: fact.value for fact in first.remember}
    second = message_to_internet(first.result.message, [1], replace(elsewhere, known=known))
    return internet.parse_header(second.result.message), (*first.notes, *second.notes)


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\s\"\\,;:<>()]+", decode_text(text).casefold()))


def _is_named(word: str, there: str, told: str) -> bool:
    """Whether a word came back, or the end of it that was cut off is in a note."""
    return any(word[:at] in there and word[at:] in told for at in range(len(word) + 1))


def unnamed(fields: list[Field], header: internet.Header, notes: tuple[Note, ...]) -> list[str]:
    """What is neither in the header that came back nor in a note."""
    there = decode_text(" ".join(f"{one.name} {one.value}" for one in header)).casefold()
    told = " ".join(note.text for note in notes).casefold()
    found = []
    for one in fields:
        name = one.name.lower()
        if name in BY_THE_TRACE or (name, one.value.strip().lower()) in SAYS_NOTHING:
            continue
        if any(note.rule.lower() == name or name in note.rule.lower().split("/") for note in notes):
            continue
        names = (one.name, f"X-Original-{one.name}", TODAY.get(name, one.name))
        if (at := parse_date(one.value)) is not None and at in {parse_date(other.value) for other in header if other.is_named(*names)}:
            continue
        parts = words(one.value)
        missing = {word for word in parts if not _is_named(word, there, told)}
        if missing or not (any(other.is_named(*names) for other in header) or any(word in told for word in parts)):
            found.append(f"{one.name}: {one.value} (missing: {sorted(missing)})")
    return found


@pytest.mark.parametrize("line", [
    "In-Reply-To: Your message of Monday <1@x.org> <2@x.org>",
    "In-Reply-To: Your message of Monday <1@x.org>",
    f"In-Reply-To: Your message about {'everything ' * 9}",
    "In-Reply-To: Jane's letter_of_Monday",
    "References: <1@x.org> and what was said in Paris <2@x.org>",
    "References: <1@x.org> (a remark)",
    "Message-ID: <1@x.org> (a remark)",
    "Auto-Submitted: auto-notified; owner-email=\"me@x.org\"",
    "Auto-Submitted: auto-replied; cause=vacation",
    "Autosubmitted: auto-sorted",
    "Auto-Submitted: auto-forwarded",
    "Autoforwarded: perhaps",
    "Expires: Sun, 31 Mar 2024 00:00:00 +0000 (or later)",
    "Incomplete-Copy: very",
    "To: Team: a@x.org, b@x.org;",
    "To: <@relay.example,@other.example:jane@x.org>, Jane <>",
    "To: jane@x.org (here) (there)",
    "Sender: a@x.org, b@x.org",
    "Supersedes: <1@x.org> (old)",
    "Priority: urgent (really)",
    "Original-Encoded-Information-Types: IA5-Text, (remark)",
    "Originator-Return-Address: Jane <jane@x.org>",
    "DL-Expansion-History: The List <list@x.org> ; Fri, 1 Mar 2024 09:05:00 +0000 ;",
    "Subject: ",
    "Content-Language: en-GB (English), fr",
])  # fmt: skip
def test_what_is_odd_is_carried_or_noted(line: str, context: Context, elsewhere: Context) -> None:
    fields = [field(*line.split(": ", 1))]
    if not fields[0].is_named("To"):
        fields.append(field("To", "Jane.Doe@widget.example"))
    assert not unnamed(fields, *cross(fields, context, elsewhere))


@pytest.mark.parametrize(
    "name", ["Subject", "Sender", "In-Reply-To", "Message-ID", "Auto-Submitted", "Expires", "Priority", "X-Foo", "Date"]
)
def test_a_field_that_stands_twice_loses_neither(name: str, context: Context, elsewhere: Context) -> None:
    fields = [field(name, f"<{number}@x.org>") for number in (1, 2)]
    assert not unnamed(fields, *cross(fields, context, elsewhere))


def test_an_in_reply_to_of_several_values_and_a_phrase_comes_back_as_it_was(context: Context, elsewhere: Context) -> None:
    body = "Your message of Monday <1@x.org> <2@x.org>"
    header, notes = cross([field("In-Reply-To", body)], context, elsewhere)
    assert header.value("In-Reply-To") == body
    assert any(note.rule == "In-Reply-To" for note in notes)


def test_an_odd_auto_submitted_means_that_no_person_sent_it_and_comes_back_as_it_was(context: Context, elsewhere: Context) -> None:
    body = 'auto-notified; owner-email="me@x.org"'
    header, _ = cross([field("Auto-Submitted", body)], context, elsewhere)
    assert (header.value("Auto-Submitted"), header.value("Autosubmitted")) == (body, "auto-generated")


# --- a generated header ---------------------------------------------------------------------------------------------------------------

_word = st.text(st.sampled_from("abcXYZ019-_é"), min_size=1, max_size=70)
_text = st.lists(_word, min_size=1, max_size=12).map(" ".join)
_remark = st.sampled_from(["", "", " (remark)"])
_msg_id = st.builds("<{}@{}.example>".format, st.text(st.sampled_from("abc019._+-"), min_size=1, max_size=80).filter(
    lambda text: ".." not in text and text.strip(".") == text), st.sampled_from("xyz"))  # fmt: skip
_date = st.builds(
    "{}, {:02} Mar {} 10:00:00 {}".format, st.just("Fri"), st.integers(1, 28), st.integers(1975, 2090),
    st.sampled_from(["+0000", "-0500", "EST"]),
)  # fmt: skip
_mailbox = st.builds("{} <{}@{}>{}".format, _text.map(encode_phrase), st.sampled_from(["jane", '"j d"']),
                     st.sampled_from(["x.org", "widget.example"]), _remark)  # fmt: skip
_list = st.lists(_mailbox | st.just("Team: a@x.org;") | st.just("<@r.example:c@x.org>") | st.just("nobody"), min_size=1, max_size=3).map(
    ", ".join
)
_identifiers = st.lists(_msg_id | _text, min_size=1, max_size=3).map(" ".join)
_KINDS: dict[str, st.SearchStrategy[str]] = {
    **dict.fromkeys(("From", "Sender", "To", "Cc", "Reply-To"), _list),
    **dict.fromkeys(("Subject", "Comments", "Keywords", "X-Foo", "Organization", "List-Id", "DKIM-Signature", "Return-Path"), _text),
    **dict.fromkeys(("Expires", "Reply-By", "Deferred-Delivery", "Latest-Delivery-Time", "Resent-Date", "Expiry-Date"), _date),
    **dict.fromkeys(("In-Reply-To", "References", "Supersedes", "Obsoletes"), _identifiers),
    "Message-ID": _msg_id,
    **dict.fromkeys(("Importance", "Sensitivity", "Priority", "Conversion", "Conversion-With-Loss", "Autosubmitted", "Auto-Submitted",
                     "Autoforwarded", "Incomplete-Copy", "X400-Content-Identifier", "Content-Language",
                     "Original-Encoded-Information-Types"),
                    st.sampled_from(["high", "normal", "Private", "urgent", "Prohibited", "allowed", "TRUE", "auto-replied", "no; a=b", "",
                                     "auto-notified", "G3-Fax", "en, fr", "en-GB", "word (remark)"])),
    **dict.fromkeys(("X400-Originator", "X400-Content-Type", "Message-Type", "Discarded-X400-MTS-Extensions", "X400-Trace"), _text),
}  # fmt: skip
_fields = st.lists(
    st.sampled_from(sorted(_KINDS)).flatmap(lambda name: _KINDS[name].map(lambda body: field(name, body))), min_size=1, max_size=6
)


def test_nothing_of_a_header_is_lost_silently(context: Context, elsewhere: Context) -> None:
    @given(_fields)
    @limits(max_examples=120, deadline=None, database=None, derandomize=True)
    def holds(fields: list[Field]) -> None:
        assert not unnamed(fields, *cross(fields, context, elsewhere))

    holds()
