"""Body parts: RFC 2157."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway import asn1
from gateway.internet.message import Entity, Message, parse, serialise
from gateway.mixer.body_files import safe_filename
from gateway.mixer.body_policy import Carrier, carried_by
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import ipm_of_message, message_of_ipm
from gateway.octets import MemoryOctets, octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart, TeletexBodyPart, TeletexParameters
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, extended
from gateway.x400.ipm import IPM, Heading, IPMIdentifier


def ipm(*parts: BodyPart) -> IPM:
    return IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="1")), body=parts)


def ia5(text: bytes) -> BodyPart:
    from gateway.mixer.body_text_parts import ia5_part

    return ia5_part(octets(text))


def converted(scope: Scope, *parts: BodyPart) -> Message:
    return parse(serialise(message_of_ipm(ipm(*parts), scope, defaults=[("From", "x@y.example")])))


def made(scope: Scope, content: bytes) -> IPM:
    return ipm_of_message(parse(b"From: a@b.example\r\nMessage-ID: <1@b.example>\r\n" + content), scope).ipm


def test_a_single_ia5_part_needs_no_content_type(scope: Scope) -> None:
    message = converted(scope, ia5(b"one\ntwo\r\nthree\r"))
    assert message.header.get("Content-Type") is None
    assert message.body.to_bytes() == b"one\r\ntwo\r\nthree\r\n"


def test_eight_bit_ia5_keeps_its_octets(scope: Scope) -> None:
    message = converted(scope, ia5(b"Gr\xfc\xdfe"))
    assert (message.charset, "".join(message.text())) == ("iso-8859-1", "Grüße")
    assert scope.notes.taken()


def test_several_parts_are_mixed_and_all_messages_a_digest(scope: Scope) -> None:
    inner = made(scope, b"\r\nx\r\n")
    from gateway.x400.bodyparts import MessageBodyPart, MessageParameters

    forwarded = BodyPart(message=MessageBodyPart(parameters=MessageParameters(), data=inner))
    assert converted(scope, ia5(b"a"), forwarded).content_type.subtype == "mixed"
    assert converted(scope, forwarded, forwarded).content_type.subtype == "digest"


@pytest.mark.parametrize(
    ("registrations", "data", "charset", "text"),
    [
        ((6, 100), b"\x1b(B\x1b-A\x1b~Gr\xfc\xdfe", "iso-8859-1", "Grüße"),
        ((1, 6, 100), b"Gr\xfc\xdfe", "iso-8859-1", "Grüße"),
        ((6, 126), b"\x1b-F\x1b~\xe1\xe2", "iso-8859-7", "αβ"),
        ((6,), b"plain", "us-ascii", "plain"),
    ],
)
def test_general_text_in_the_charset_of_its_registrations(
    registrations: tuple[int, ...], data: bytes, charset: str, text: str, scope: Scope
) -> None:
    part = extended(EXTENDED_BODY_PART_TYPES[oids.ID_ET_GENERAL_TEXT], octets(data), registrations)
    message = converted(scope, part)
    assert (message.charset, "".join(message.text())) == (charset, text)


@pytest.mark.parametrize(
    ("charset", "text", "registrations"),
    [
        ("iso-8859-1", "Grüße", {6, 100}),
        ("iso-8859-2", "Zażółć", {6, 101}),
        ("utf-8", "Привет", {6, 144}),
        ("windows-1252", "Gr\xfc\xdfe", {6, 100}),
    ],
)
def test_text_becomes_general_text_where_iso_8859_suffices(charset: str, text: str, registrations: set[int], scope: Scope) -> None:
    head = f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    found = made(scope, head.encode() + text.encode(charset))
    assert found.body[0].extended is not None
    assert found.body[0].extended.data.direct_reference == oids.ID_ET_GENERAL_TEXT
    types = ipm_of_message(parse(head.encode() + text.encode(charset)), scope).body.types
    assert set(types) == {f"1.0.10021.7.1.0.{number}" for number in registrations}
    assert "".join(converted(scope, *found.body).text()) == text


def test_text_that_no_set_has_travels_as_a_utf_8_attachment(scope: Scope) -> None:
    head = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    found = made(scope, head + "😀".encode())
    again = converted(scope, *found.body)
    assert (again.charset, "".join(again.text())) == ("utf-8", "😀")


def test_teletex_pages_are_joined_with_form_feeds(scope: Scope) -> None:
    part = BodyPart(teletex=TeletexBodyPart(parameters=TeletexParameters(), data=(MemoryOctets(b"Caf\xc2e"), MemoryOctets(b"two"))))
    assert "".join(converted(scope, part).text()) == "Café\x0ctwo"


def test_an_unknown_body_part_is_carried_whole_and_comes_back(scope: Scope) -> None:
    part = extended(EXTENDED_BODY_PART_TYPES[oids.ID_ET_VOICE], octets(b"abc"))
    message = converted(scope, part)
    assert message.content_type.essence == "application/x400-bp"
    assert message.content_type.parameters["bp-type"] == oids.ID_ET_VOICE
    head = serialise(message).to_bytes()
    again = made(scope, head.split(b"Message-ID")[1].split(b"\r\n", 1)[1])
    assert asn1.encode(again.body[0]) == asn1.encode(part)


def test_a_part_of_a_tag_that_nobody_knows_is_named_by_its_number(scope: Scope) -> None:
    part = asn1.decode(bytes.fromhex("b403040161"), BodyPart)
    message = converted(scope, part)
    assert message.content_type.parameters["bp-type"] == "20"
    assert message.content().to_bytes() == bytes.fromhex("b403040161")


def test_nested_multiparts_come_back_as_they_were(scope: Scope) -> None:
    content = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\n"
        b"--A\r\nContent-Type: multipart/alternative; boundary=B\r\n\r\n"
        b"--B\r\n\r\nplain\r\n--B\r\nContent-Type: text/html\r\n\r\n<b>html</b>\r\n--B--\r\n--A--\r\n"
    )
    found = made(scope, content)
    assert found.body[0].message is not None
    assert found.body[0].message.data.heading.subject == b"Alternative Body Parts containing the same information"
    again = converted(scope, *found.body)
    assert again.content_type.essence == "multipart/alternative" or again.parts[0].content_type.essence == "multipart/alternative"


def test_a_signed_message_travels_octet_for_octet(scope: Scope) -> None:
    content = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=A; micalg=x; protocol=y\r\n\r\n"
        b"--A\r\n\r\nsigned\r\n--A\r\n\r\nsig\r\n--A--\r\n"
    )
    found = made(scope, content)
    assert found.body[0].ia5_text is not None
    again = converted(scope, *found.body)
    assert again.content_type.essence == "multipart/signed"
    assert again.body.to_bytes() == parse(content).body.to_bytes()


@pytest.mark.parametrize(("name", "safe"), [
    ("../../etc/passwd", "passwd"), ("C:\\TEMP\\A.DOC", "A.DOC"), ("con.txt", "_con.txt"),
    ("a\r\nb.txt", "a b.txt"), ("..", ""), ("x.pdf", "x.pdf"),
])  # fmt: skip
def test_a_file_name_is_a_bare_name(name: str, safe: str) -> None:
    assert safe_filename(name) == safe


def test_depth_is_bounded(scope: Scope) -> None:
    content = b"MIME-Version: 1.0\r\n\r\nend"
    for _ in range(45):
        content = b"MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n" + content
    found: Entity = converted(scope, *made(scope, content).body)
    assert found.content_type.essence == "message/rfc822"


LEFT_OVER = {
    b"Content-Type: text/plain; format=flowed; charset=us-ascii\r\n": "format=flowed",
    b"Content-Type: text/plain\r\nContent-Description: what it is\r\n": "what it is",
    b"Content-Type: text/plain\r\nContent-ID: <part@x.example>\r\n": "<part@x.example>",
    b"Content-Type: text/plain\r\nContent-Disposition: inline; filename=read.me\r\n": "read.me",
    b"Content-Type: text/plain; name=read.me\r\n": "read.me",
    b"Content-Type: multipart/related; boundary=B; start=first\r\n": "start=first",
    b"Content-Type: multipart/mixed; boundary=B\r\nContent-Description: what it is\r\n": "what it is",
    b"Content-Type: message/rfc822\r\nContent-Description: what it is\r\n": "what it is",
}
"""Content fields that neither body part nor heading extension of X.420 has a place for, and what the Note must say of each."""


@pytest.mark.parametrize(("fields", "left"), LEFT_OVER.items())
@pytest.mark.parametrize("whole", [True, False])
def test_what_no_body_part_has_a_place_for_is_named_in_a_note(fields: bytes, left: str, whole: bool, scope: Scope) -> None:
    inner = fields + (b"\r\n--B\r\n\r\nx\r\n--B--\r\n" if b"boundary" in fields else b"\r\nSubject: s\r\n\r\nx\r\n")
    outer = b"Content-Type: multipart/mixed; boundary=A\r\n\r\n--A\r\n" + inner + b"\r\n--A--\r\n"
    parts = made(scope, b"MIME-Version: 1.0\r\n" + (inner if whole else outer)).body
    # A text with a name is a file where it is a part: then it holds its name.
    held = left == "read.me" and not whole and any(left.encode() in asn1.encode(one) for one in parts)
    assert held or [note for note in scope.notes.taken() if left in note.text]


def test_a_text_part_without_more_makes_no_note(scope: Scope) -> None:
    made(scope, b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: inline\r\n\r\nx\r\n")
    assert scope.notes.taken() == ()


@pytest.mark.parametrize("field", [b"Content-Description: what it is", b"Content-ID: <part@x.example>", b"Content-Duration: 77"])
def test_body_part_14_names_the_fields_that_it_cannot_hold(field: bytes, scope: Scope) -> None:
    old = replace(scope, context=replace(scope.context, policy=replace(scope.context.policy, body=carried_by(Carrier.BP14))))
    made(old, b"MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n" + field + b"\r\n\r\nx\r\n")
    assert [note for note in old.notes.taken() if field.split(b": ")[1].decode() in note.text]


@pytest.mark.parametrize("header", [b"X-Long: " + b"a" * 600_000 + b"\r\n", b"X-Many: y\r\n" * 5_001])
def test_a_header_beyond_the_limits_is_named_in_a_note(header: bytes, scope: Scope) -> None:
    made(scope, header + b"\r\nx\r\n")
    assert [note for note in scope.notes.taken() if "the rest was left out" in note.text]
    inner = Scope(context=scope.context)
    made(inner, b"MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n" + header + b"\r\nx\r\n")
    assert [note for note in inner.notes.taken() if "the rest was left out" in note.text]


def test_the_return_path_of_a_delivery_that_is_over_is_named_in_a_note(scope: Scope) -> None:
    made(scope, b"Return-Path: <old@x.example>\r\n\r\nx\r\n")
    assert [note for note in scope.notes.taken() if "old@x.example" in note.text]
