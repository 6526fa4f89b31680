"""Towards X.400 (1984): RFC 2156 Appendix B and X.419 Annex B. The notes are the plan of the downgrade."""

from __future__ import annotations

from dataclasses import replace

from gateway import asn1
from gateway.internet import message as internet
from gateway.internet.envelope import SmtpRecipient
from gateway.mixer.convert import message_to_x400
from gateway.mixer.policy import Context, PeerPolicy
from gateway.x400 import p1
from gateway.x400.ipm import InformationObject
from tests.mixer.test_convert import HEADER, back, envelope

RAW = HEADER + (
    b"X-Foo: bar\r\nContent-Language: en\r\nConversion-With-Loss: Prohibited\r\nLatest-Delivery-Time: Tue, 24 Nov 2026 12:00:00 +0000\r\n"
    b"Original-Encoded-Information-Types: IA5-Text, (1)(0)(10021)(7)(1)(0)(100)\r\n"
    b"X400-Received: by /ADMD=a/C=xx/; Relayed, Expanded; Mon, 23 Nov 2026 09:00:00 +0000\r\nSubject: Hello\r\n\r\nHello\r\n"
)
SMTP = envelope(recipients=(SmtpRecipient(address="Jane.Doe@widget.example", orcpt="rfc822;jd@widget.example"),))


def downgraded(context: Context) -> tuple[p1.Message, list[str]]:
    conversion = message_to_x400(internet.parse(RAW), SMTP, [1], replace(context, policy=PeerPolicy(x400_version=84)))
    assert conversion.result.message is not None
    return conversion.result.message, [str(note) for note in conversion.notes]


def test_D2_nothing_of_1988_is_sent(context: Context) -> None:
    message, _ = downgraded(context)
    transfer = message.envelope
    assert (transfer.content_type.built_in, transfer.extensions) == (2, ())
    assert transfer.per_recipient_fields[0].extensions == ()
    assert transfer.original_encoded_information_types is not None
    assert transfer.original_encoded_information_types.extended_encoded_information_types is None
    for one in transfer.trace_information:
        supplied = one.domain_supplied_information
        assert supplied.other_actions == frozenset()
        types = supplied.converted_encoded_information_types
        assert types is None or types.extended_encoded_information_types is None


def test_D3_D4_what_would_be_an_extension_is_the_first_text_part_and_comes_back(context: Context, elsewhere: Context) -> None:
    message, _ = downgraded(context)
    ipm = asn1.decode(message.content, InformationObject).ipm
    assert ipm is not None
    assert ipm.heading.extensions == ()
    assert ipm.body[0].ia5_text is not None
    lines = ipm.body[0].ia5_text.data.to_bytes().decode().splitlines()
    assert lines[0] == "RFC-822-Headers:"
    assert {line.partition(":")[0] for line in lines[1:]} >= {"X-Foo", "Content-Language", "Conversion-With-Loss", "Latest-Delivery-Time"}
    again = back(message, elsewhere)
    assert again.header.value("X-Foo") == "bar"
    assert again.header.value("Content-Language") == "en"
    assert again.body.to_bytes() == b"Hello\r\n"


def test_the_plan_of_the_downgrade_is_in_the_notes(context: Context) -> None:
    _, notes = downgraded(context)
    plan = "\n".join(note for note in notes if note.startswith("1984: "))
    for step in ("Content-Language goes as text", "Conversion-With-Loss goes as text", "RFC-822-Headers carries", "Content-Correlator (23)",
                 "Internal-Trace-Information (38)", "Redirection-History (25)", "sent as undefined", "left out of the trace"):  # fmt: skip
        assert step in plan


def test_an_unknown_type_counts_as_undefined_and_the_mark_of_the_gateway_as_nothing(context: Context) -> None:
    message, _ = downgraded(context)
    types = message.envelope.original_encoded_information_types
    assert types is not None
    assert types.built_in_encoded_information_types == {0, 2}
    converted = message.envelope.trace_information[-1].domain_supplied_information.converted_encoded_information_types
    assert converted is not None
    assert converted.built_in_encoded_information_types == {2}
