"""What a peer's policy makes of bodies before they are mapped: variants, the text of HTML, winmail.dat, signatures, faxes."""

from __future__ import annotations

import base64
import struct
from dataclasses import replace
from typing import Any

import pytest

from gateway.internet.message import Message, parse, serialise
from gateway.internet.tiff import FaxPage, write_tiff
from gateway.internet.tnef import SIGNATURE
from gateway.mixer.body_policy import Alternative, BodyPolicy, FaxForm, Signed
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import ipm_of_message, message_of_ipm
from gateway.octets import octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart
from gateway.x400.heading_extensions import value_of
from gateway.x400.ipm import IPM, Heading, IPMIdentifier

HEAD = "From: a@b.example\r\nMIME-Version: 1.0\r\n"


def wanting(scope: Scope, version: int = 88, **body: Any) -> Scope:
    policy = replace(scope.context.policy, x400_version=version, body=BodyPolicy(**body))
    return replace(scope, context=replace(scope.context, policy=policy))


def multipart(subtype: str, *parts: str, boundary: str = "A") -> str:
    body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f"Content-Type: multipart/{subtype}; boundary={boundary}\r\n\r\n{body}--{boundary}--\r\n"


PLAIN = "Content-Type: text/plain\r\n\r\nplain"
HTML = "Content-Type: text/html\r\n\r\n<p>rich &amp; famous</p>"
CALENDAR = "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR"


def sent(scope: Scope, text: str) -> IPM:
    return ipm_of_message(parse((HEAD + text).encode()), scope).ipm


def mail(scope: Scope, *parts: BodyPart, heading: Heading | None = None) -> Message:
    made = IPM(heading=heading or Heading(this_ipm=IPMIdentifier(user_relative_identifier="1")), body=parts)
    return parse(serialise(message_of_ipm(made, scope, defaults=[("From", "x@y.example")])))


def there_and_back(scope: Scope, text: str) -> Message:
    made = sent(scope, text)
    return mail(scope, *made.body, heading=made.heading)


# --- alternatives


def test_all_variants_of_an_alternative_are_sent_by_default(scope: Scope) -> None:
    made = there_and_back(scope, multipart("alternative", PLAIN, CALENDAR, HTML))
    assert made.content_type.essence == "multipart/alternative"
    assert [part.content_type.essence for part in made.parts] == ["text/plain", "text/calendar", "text/html"]


def test_a_peer_can_have_the_text_and_the_best_variant(scope: Scope) -> None:
    told = wanting(scope, alternative=Alternative.CHOOSE)
    assert len(sent(told, multipart("alternative", PLAIN, CALENDAR, HTML)).body) == 2
    assert any("text/calendar" in note.text for note in told.notes.taken())


def test_the_best_of_variants_without_a_text_is_alone(scope: Scope) -> None:
    told = wanting(scope, alternative=Alternative.CHOOSE)
    (part,) = sent(told, multipart("alternative", CALENDAR, HTML)).body
    assert part.extended is not None
    assert mail(told, part).content_type.essence == "text/html"


def test_nested_alternatives_are_chosen_from_too(scope: Scope) -> None:
    inner = multipart("alternative", PLAIN, CALENDAR, HTML, boundary="B")
    part = sent(wanting(scope, alternative=Alternative.CHOOSE), multipart("mixed", inner, PLAIN)).body[0]
    assert part.message is not None
    assert len(part.message.data.body) == 2


# --- HTML


@pytest.mark.parametrize("text", [HTML, multipart("related", HTML, "Content-Type: image/gif\r\n\r\nGIF89a", boundary="R")])
def test_html_goes_with_its_text_as_an_alternative(text: str, scope: Scope) -> None:
    told = wanting(scope, html_text=True)
    made = sent(told, text)
    assert made.body[0].ia5_text is not None
    assert made.body[0].ia5_text.data.to_bytes() == b"rich & famous\r\n"
    mark: Any = value_of(made.heading.extensions, oids.ID_HEX_MULTIPART_MESSAGE_V2)
    assert (mark.subtype, mark.is_a_message) == ("alternative", True)
    back = mail(told, *made.body, heading=made.heading)
    assert back.content_type.essence == "multipart/alternative"
    assert back.parts[1].content_type.essence == text.split()[1].rstrip(";")


def test_html_in_a_multipart_has_its_text_before_it(scope: Scope) -> None:
    part = sent(wanting(scope, html_text=True), multipart("mixed", HTML, PLAIN)).body[0]
    assert part.message is not None
    assert part.message.data.body[0].ia5_text is not None


@pytest.mark.parametrize(
    "text", [multipart("alternative", PLAIN, HTML), HTML.replace("\r\n", "\r\nContent-Disposition: attachment; filename=a.html\r\n", 1)]
)
def test_html_that_needs_no_text_gets_none(text: str, scope: Scope) -> None:
    told, plain = wanting(scope, html_text=True), wanting(scope, html_text=False)
    assert len(sent(told, text).body) == len(sent(plain, text).body)


def test_html_itself_is_untouched(scope: Scope) -> None:
    html = "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    html += base64.encodebytes("<p>Grüße 😀\n</p>".encode()).decode()
    back = there_and_back(wanting(scope, html_text=True), html)
    assert "".join(back.parts[1].text()) == "<p>Grüße 😀\n</p>"


# --- winmail.dat


def attribute(level: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def winmail(*files: tuple[str, bytes], message_class: bytes = b"IPM.Note\0") -> bytes:
    made = SIGNATURE + b"\x01\x00" + attribute(1, 0x00078008, message_class)
    for name, content in files:
        made += attribute(2, 0x00069002, bytes(14)) + attribute(2, 0x00018010, name.encode("cp1252") + b"\0")
        made += attribute(2, 0x0006800F, content)
    return made


def tnef(content: bytes, kind: str = "application/ms-tnef; name=winmail.dat") -> str:
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content).decode()


TWO = winmail(("Bericht.doc", b"\xd0\xcf"), ("böse/../x.exe", b"MZ"))


@pytest.mark.parametrize("kind", ["application/ms-tnef", "application/octet-stream; name=WINMAIL.DAT"])
def test_the_files_of_winmail_dat_are_sent_in_its_place(kind: str, scope: Scope) -> None:
    told = wanting(scope, open_tnef=True)
    made = there_and_back(told, multipart("mixed", PLAIN, tnef(TWO, kind)))
    assert [(part.filename, part.content().to_bytes()) for part in made.parts[1:]] == [("Bericht.doc", b"\xd0\xcf"), ("x.exe", b"MZ")]
    assert any("was opened" in note.text for note in told.notes.taken())


def test_winmail_dat_can_be_left_closed(scope: Scope) -> None:
    made = there_and_back(wanting(scope, open_tnef=False), multipart("mixed", PLAIN, tnef(TWO)))
    assert made.parts[1].content().to_bytes() == TWO


@pytest.mark.parametrize("closed", [winmail(message_class=b"IPM.Schedule.Meeting.Request\0"), TWO[:-3]])
def test_a_doubtful_winmail_dat_stays_closed(closed: bytes, scope: Scope) -> None:
    made = there_and_back(wanting(scope, open_tnef=True), multipart("mixed", PLAIN, tnef(closed)))
    assert made.parts[1].content().to_bytes() == closed


def test_winmail_dat_that_only_formats_is_left_out_and_noted(scope: Scope) -> None:
    told = wanting(scope, open_tnef=True)
    assert [part.chosen for part in sent(told, multipart("mixed", PLAIN, tnef(winmail()))).body] == ["ia5_text"]
    assert any("files: none" in note.text for note in told.notes.taken())


def test_a_message_that_is_winmail_dat_becomes_its_files(scope: Scope) -> None:
    assert len(sent(wanting(scope, open_tnef=True), tnef(TWO)).body) == 2
    assert len(sent(wanting(scope, open_tnef=True), tnef(winmail())).body) == 1


def test_winmail_dat_from_x400_is_opened_too(scope: Scope) -> None:
    """Wang in body part 14 (Q166586), HP OpenMail as a file (Q169670)."""
    made = mail(wanting(scope, open_tnef=True), BodyPart(bilaterally_defined=octets(TWO)))
    assert [part.filename for part in made.parts] == ["Bericht.doc", "x.exe"]


# --- signatures

SIGNED = multipart("signed", HTML, "Content-Type: application/pgp-signature\r\n\r\nsig")


def test_a_signed_message_goes_whole(scope: Scope) -> None:
    (part,) = sent(scope, SIGNED).body
    assert part.ia5_text is not None
    assert part.ia5_text.data.read(0, 12) == b"MIME-Version"


def test_a_signed_message_can_go_twice_or_bare(scope: Scope) -> None:
    """RFC 2157 7.3."""
    both = sent(wanting(scope, signed=Signed.BOTH), SIGNED).body
    assert [part.chosen for part in both] == ["extended", "ia5_text"]
    told = wanting(scope, signed=Signed.STRIP)
    assert [part.chosen for part in sent(told, SIGNED).body] == ["extended"]
    assert any("signature was removed" in note.text for note in told.notes.taken())


def test_an_encrypted_message_is_never_taken_apart(scope: Scope) -> None:
    for choice in Signed:
        (part,) = sent(wanting(scope, signed=choice), SIGNED.replace("signed", "encrypted")).body
        assert part.ia5_text is not None


@pytest.mark.parametrize("kind", ["message/partial; id=x; number=1; total=2", "message/external-body; access-type=anon-ftp"])
def test_composites_that_are_a_part_of_something_go_whole(kind: str, scope: Scope) -> None:
    """RFC 2157 7.1, 7.2."""
    text = f"Content-Type: {kind}\r\n\r\nContent-Type: text/plain\r\n\r\nx\r\n"
    (part,) = sent(scope, text).body
    assert part.ia5_text is not None
    assert part.ia5_text.data.to_bytes().startswith(b"MIME-Version: 1.0 (generated by gateway)\r\nContent-Type: message/")
    assert mail(scope, part).content_type.essence == kind.split(";")[0]


# --- facsimiles

PAGES = write_tiff([FaxPage(data=octets(b"\x00\x10\x81"), fine=True), FaxPage(data=octets(b"\x00\x18"), fine=True)])


def test_a_tiff_of_class_f_is_a_facsimile_where_the_peer_wants_faxes(scope: Scope) -> None:
    text = "Content-Type: image/tiff\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(PAGES.to_bytes()).decode()
    told = wanting(scope, fax_form=FaxForm.TIFF)
    (part,) = sent(told, text).body
    assert part.g3_facsimile is not None
    assert part.g3_facsimile.parameters.number_of_pages == 2
    assert part.g3_facsimile.data[0].octets.to_bytes() == bytes([0x00, 0x08, 0x81])
    back = mail(told, part)
    assert (back.content_type.essence, back.content()) == ("image/tiff", PAGES)
    assert sent(scope, text).body[0].extended is not None


def test_another_tiff_is_a_file(scope: Scope) -> None:
    text = "Content-Type: image/tiff\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"II*\0\x08\0\0\0\0\0").decode()
    assert sent(wanting(scope, fax_form=FaxForm.TIFF), text).body[0].extended is not None


# --- towards 1984


def test_the_subtype_of_a_multipart_survives_1984_in_the_headers_part(scope: Scope) -> None:
    """RFC 2157 6.6, note: the Content-Type is regenerated into the RFC-822-Headers part."""
    old = wanting(scope, version=84)
    made = sent(old, multipart("alternative", PLAIN, PLAIN))
    assert made.body[0].ia5_text is not None
    assert b"Content-Type: multipart/alternative\r\n" in made.body[0].ia5_text.data.to_bytes()
    assert mail(old, *made.body).content_type.essence == "multipart/alternative"
