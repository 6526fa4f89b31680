"""Header lines of a megabyte, thousands of fields, a thousand recipients: a sound message or a refusal, and what was left out is noted."""

from __future__ import annotations

import pytest

from gateway import asn1
from gateway.errors import ConversionError
from gateway.internet import message as internet
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.mixer.convert import message_to_x400
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
