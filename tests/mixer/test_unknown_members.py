"""What newer systems put beside what we know is named when it is dropped (RFC 2156 5.3.4, 5.3.7; RFC 2157 6.2)."""

from __future__ import annotations

from dataclasses import replace

from gateway.octets import octets
from gateway.x400.ipm import IPM, Heading, IPMIdentifier
from tests.corpus.crossing import here, there
from tests.corpus.ipm_structures import p1_message

HEADER = b"From: a@example.org\r\nTo: Jane.Doe@widget.example\r\nDate: Mon, 23 Nov 2026 10:59:00 +0100\r\nMIME-Version: 1.0\r\n"
LATER = octets(b"\xbf\x7f\x02\x05\x00")


def test_members_that_x411_does_not_know_are_named() -> None:
    message = p1_message(IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="1")), body=()))
    recipient = replace(message.envelope.per_recipient_fields[0], unknown=(LATER,))
    envelope = replace(message.envelope, unknown=(LATER,), per_recipient_fields=(recipient,))
    notes = here(replace(message, envelope=envelope)).notes
    assert "2 members that X.411 does not know were dropped" in {note.text for note in notes}


def test_text_in_a_charset_that_nobody_knows_travels_whole() -> None:
    raw = HEADER + b"Content-Type: text/plain; charset=x-martian\r\nContent-Transfer-Encoding: 8bit\r\n\r\nabc \xe9\xff\r\n"
    across = there(raw)
    assert any("x-martian" in note.text for note in across.notes)
    back = here(across.message).email
    assert back.get_content_charset() == "x-martian"
    assert back.get_payload(decode=True) == b"abc \xe9\xff\r\n"
