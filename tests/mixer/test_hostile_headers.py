"""Header lines of a megabyte, thousands of fields, a thousand recipients: a sound message or a refusal, and what was left out is noted."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from gateway import asn1
from gateway.errors import ConversionError
from gateway.internet import message as internet
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.mixer.convert import message_to_x400
from gateway.mixer.heading import carried_of
from gateway.mixer.policy import Context
from gateway.x400.ipm import InformationObject
from tests.mixer.test_convert import HEADER, envelope

MEGABYTE = 1 << 20
FILLS = {"letters": "x", "parentheses": "(", "quotes": '"', "backslashes": "\\", "words": "a b "}


@pytest.mark.slow
@pytest.mark.parametrize("fill", FILLS.values(), ids=FILLS)
@pytest.mark.parametrize(
    "name", ["X-Foo", "Subject", "Expires", "Message-ID", "Received", "X400-Received", "Auto-Submitted", "Content-Type"]
)
def test_a_line_of_a_megabyte_ends_in_a_message_and_a_note(name: str, fill: str, context: Context) -> None:
    raw = f"{name}: {fill * (MEGABYTE // len(fill))}\r\n".encode() + HEADER + b"\r\nHello\r\n"
    made = message_to_x400(internet.parse(raw), envelope(), [1], context)
    assert made.result.message is not None
    ipm = asn1.decode(made.result.message.content, InformationObject).ipm
    assert ipm is not None
    assert len(ipm.heading.subject or b"") <= 128
    assert len(made.result.message.content) < 2 * MEGABYTE
    assert any("larger than" in note.text for note in made.notes)


@pytest.mark.parametrize("name", ["X400-Received", "DL-Expansion-History", "Received"])
def test_thousands_of_trace_fields_are_a_loop(name: str, context: Context) -> None:
    raw = f"{name}: by /ADMD=a/C=xx/; Relayed; Fri, 1 Mar 2024 09:00:00 +0000\r\n".encode() * 4000 + HEADER + b"\r\n"
    with pytest.raises(ConversionError) as refusal:
        message_to_x400(internet.parse(raw), envelope(), [1], context)
    assert refusal.value.failure.status == "5.4.6"


@pytest.mark.slow
def test_a_thousand_recipients_are_one_message(context: Context) -> None:
    addresses = [f"First{number}.Last{number}@widget.example" for number in range(1000)]
    raw = f"To: {', '.join(addresses)}\r\n".encode() + HEADER.replace(b"To:", b"Cc:") + b"\r\nHello\r\n"
    smtp = SmtpEnvelope(reverse_path="a@example.org", recipients=tuple(SmtpRecipient(address=one) for one in addresses))
    made = message_to_x400(internet.parse(raw), smtp, range(1, 1001), context)
    assert made.result.message is not None
    assert len(made.result.message.envelope.per_recipient_fields) == 1000
    assert len(asn1.encode(made.result)) < MEGABYTE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["To", "Cc", "Bcc", "Reply-To", "From", "Sender"])
def test_tens_of_thousands_of_mailboxes_cost_seconds_and_are_named(name: str, context: Context) -> None:
    listed = ",".join(["a@b.org"] * 44_000)
    kept = (b"\r\n" + HEADER).replace(f"\r\n{name}:".encode(), b"\r\nX-Was:").lstrip()
    raw = kept + f"{name}: {listed}\r\n\r\nHello\r\n".encode()
    started = time.process_time()
    made = message_to_x400(internet.parse(raw), envelope(), [1], context)
    assert time.process_time() - started < 8
    assert made.result.message is not None
    assert any("44000 addresses" in note.text for note in made.notes)
    ipm = asn1.decode(made.result.message.content, InformationObject).ipm
    assert ipm is not None
    assert any(line.startswith(f"{name}: a@b.org,a@b.org") for line in carried_of(ipm.heading))


def test_addresses_of_messages_inside_count_too(context: Context) -> None:
    listed = b", ".join(b"u%d@h.org" % one for one in range(40))
    inner = b"Content-Type: message/rfc822\r\n\r\nFrom: a@b.org\r\nTo: " + listed + b"\r\n\r\nHi\r\n"
    raw = HEADER + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + (b"--b\r\n" + inner) * 10 + b"--b--\r\n"
    few = replace(context, settings=replace(context.settings, most_addresses=200))
    made = message_to_x400(internet.parse(raw), envelope(), [1], few)
    assert any("addresses the header has more than 200" in note.text for note in made.notes)
    carried = asn1.encode(made.result).count(b"To: u0@h.org")
    assert carried == 6
    assert not any("addresses" in note.text for note in message_to_x400(internet.parse(raw), envelope(), [1], context).notes)
