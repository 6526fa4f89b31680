"""Body parts: RFC 2157."""

from __future__ import annotations

import pytest

from gateway import asn1
from gateway.internet.message import Entity, Message, parse, serialise
from gateway.mixer.attachments import safe_filename
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
    from gateway.mixer.body_text import ia5_part

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
