"""Bodies made to hurt: shift bombs, thousands of parts, levels, constructed strings. All end soon, with a message or a refusal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from gateway import asn1
from gateway.errors import GatewayError
from gateway.internet.message import Message, parse, serialise
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import ipm_of_message, message_of_ipm
from gateway.octets import octets
from gateway.x400 import oids
from gateway.x400.bodyparts import (
    BodyPart,
    ExtendedBodyPart,
    IA5TextBodyPart,
    IA5TextParameters,
    MessageBodyPart,
    MessageParameters,
    iso6937_part,
)
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, MimeContentParameter, MimeParameters, extended
from gateway.x400.ftbp import FileTransferParameters
from gateway.x400.ipm import IPM, Heading, InformationObject, IPMIdentifier

HEAD = b"From: a@b.example\r\nMIME-Version: 1.0\r\n"
SIZE = 64 * 1024


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Processor time of this process, so that a loaded machine does not matter."""
    began = time.process_time()
    yield
    assert time.process_time() - began < seconds


def mail(scope: Scope, *parts: BodyPart) -> Message:
    ipm = IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="1")), body=parts)
    return parse(serialise(message_of_ipm(ipm, scope, defaults=[("From", "x@y.example")])))


def general(data: bytes, *registrations: int) -> BodyPart:
    return extended(EXTENDED_BODY_PART_TYPES[oids.ID_ET_GENERAL_TEXT], octets(data), registrations)


SHIFTS = {
    "locking": b"\x0e\x0f",
    "designations": b"\x1b(B\x1b-A",
    "single": b"\x1bNa\x1bOb",
    "two-octet sets": b"\x1b$Bab\x1b(B",
    "other coding systems": b"\x1b%G\x1b%@",
    "unfinished": b"\x1b",
    "long escapes": b"\x1b    ",
    "nothing designated": b"\x1bn\xff\x1b~\xfe",
    "accents": b"\x1b-R\xc1\xc2\xc3",
}


@pytest.mark.parametrize("unit", SHIFTS.values(), ids=SHIFTS)
def test_many_shifts_are_read_in_linear_time(unit: bytes, scope: Scope) -> None:
    """The text is never much longer than its octets: no sequence of ISO 2022 repeats anything."""
    data = unit * (SIZE // len(unit))
    with within(4):
        text = "".join(mail(scope, general(data, 6, 100, 87)).text())
    assert len(text) <= 2 * len(data)


def test_many_lines_of_iso_6937_are_read(scope: Scope) -> None:
    with within(8):
        mail(scope, iso6937_part([octets(b"x")] * 6_000))


def test_every_character_of_unicode_is_looked_at_once(scope: Scope) -> None:
    """A text of more different characters than all sets have does not go through them all."""
    text = "".join(chr(code) for code in range(0xA0, 0xD000))
    body = HEAD + b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + text.encode()
    with within(8):
        ipm_of_message(parse(body), scope)


@pytest.mark.slow
def test_ten_thousand_parts_end_soon(scope: Scope) -> None:
    body = HEAD + b"Content-Type: multipart/mixed; boundary=A\r\n\r\n" + b"--A\r\n\r\nx\r\n" * 12_000 + b"--A--\r\n"
    with within(30):
        made = ipm_of_message(parse(body), scope).ipm
        back = mail(scope, *made.body)
    assert len(made.body) == 10_000
    assert len(back.parts) == 10_000


@pytest.mark.parametrize("kind", [b"multipart/mixed; boundary=A%d", b"message/rfc822"])
def test_five_hundred_levels_end_soon(kind: bytes, scope: Scope) -> None:
    body = b"Content-Type: text/plain\r\n\r\nend"
    for level in range(500):
        typed = kind % level if b"%" in kind else kind
        body = b"Content-Type: " + typed + b"\r\n\r\n" + (b"--A%d\r\n%s\r\n--A%d--\r\n" % (level, body, level) if b"%" in kind else body)
    with within(20):
        made = ipm_of_message(parse(HEAD + body), scope).ipm
        mail(scope, *made.body)


@pytest.mark.parametrize("depth", [31, 60, 400])
def test_forwarded_messages_in_one_another_are_read_or_refused(depth: int, scope: Scope) -> None:
    """A content that no decoder should follow is refused as a whole; what is followed ends at the limit."""
    content = asn1.encode(IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="1")), body=()))
    for _ in range(depth):
        content = _forwarding(content)
    with within(20):
        try:
            found = asn1.decode(b"\xa0" + content[1:], InformationObject, limits=asn1.Limits(depth=100)).ipm
        except GatewayError:
            return
        assert found is not None
        mail(scope, *found.body)


def _forwarding(ipm: bytes) -> bytes:
    """An IPM with another one in it, put together from octets: the encoder has limits too."""
    part = _tlv(0xA9, b"\x31\x00" + ipm)
    return _tlv(0x30, asn1.encode(Heading(this_ipm=IPMIdentifier(user_relative_identifier="1"))) + _tlv(0x30, part))


def _tlv(tag: int, content: bytes) -> bytes:
    return bytes((tag, 0x84)) + len(content).to_bytes(4, "big") + content


def test_a_file_of_endless_segments_ends_soon(scope: Scope) -> None:
    """An octet-aligned value of thirty thousand pieces of one octet."""
    pieces = b"\x04\x01a" * 30_000
    external = _tlv(0x28, b"\x06\x05\x28\xc2\x7b\x02\x04" + _tlv(0xA1, pieces))
    kind = EXTENDED_BODY_PART_TYPES[oids.ID_ET_FILE_TRANSFER]
    with within(20):
        data = asn1.decode(_tlv(0x30, external), kind.data)
        assert len(mail(scope, extended(kind, data, FileTransferParameters())).content()) == 30_000


@pytest.mark.parametrize("depth", [10, 60, 5000])
def test_a_file_of_segments_in_segments_is_read_or_refused(depth: int, scope: Scope) -> None:
    value = b"\x04\x01a"
    for _ in range(depth):
        value = _tlv(0x24, value)
    external = _tlv(0x28, b"\x06\x05\x28\xc2\x7b\x02\x04" + _tlv(0xA1, value))
    kind = EXTENDED_BODY_PART_TYPES[oids.ID_ET_FILE_TRANSFER]
    with within(20):
        try:
            data = asn1.decode(_tlv(0x30, external), kind.data)
        except GatewayError:
            return
        mail(scope, extended(kind, data, FileTransferParameters()))


def test_thousands_of_pieces_of_a_file(scope: Scope) -> None:
    external = asn1.encode(
        asn1.LargeExternal(direct_reference="1.0.8571.2.4", encoding=asn1.LargeExternalEncoding(octet_aligned=octets(b"x")))
    )
    kind = EXTENDED_BODY_PART_TYPES[oids.ID_ET_FILE_TRANSFER]
    raw = _tlv(0x30, external * 5_000)
    encoding = asn1.LargeExternalEncoding(single_asn1_type=octets(raw))
    part = BodyPart(extended=_with_data(extended(kind, (), FileTransferParameters()), encoding))
    with within(20):
        assert mail(scope, part).content_type.essence == "application/x400-bp"


def _with_data(part: BodyPart, encoding: asn1.LargeExternalEncoding) -> ExtendedBodyPart:
    assert part.extended is not None
    return replace(part.extended, data=replace(part.extended.data, encoding=encoding))


def test_a_harpoon_text_in_a_harpoon_text_ends(scope: Scope) -> None:
    text = b"end"
    for _ in range(300):
        text = b"MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n" + text
    part = BodyPart(ia5_text=IA5TextBodyPart(parameters=IA5TextParameters(), data=octets(text)))
    with within(10):
        assert mail(scope, part).content_type.essence == "message/rfc822"


INJECTIONS = ["x\r\nX-Evil: 1", "x\nX-Evil: 1", "x\r\n\r\nX-Evil: 1", "x\0y"]


@pytest.mark.parametrize("evil", INJECTIONS)
def test_no_string_of_a_body_part_becomes_a_header(evil: str, scope: Scope) -> None:
    kind = EXTENDED_BODY_PART_TYPES[oids.ID_MIME_BP_DATA]
    pairs = (MimeContentParameter(parameter=evil, parameter_value=evil),)
    for given in (
        MimeParameters(content_type=evil, content_parameters=(), other_header_fields=()),
        MimeParameters(content_type="a/b", content_parameters=pairs, other_header_fields=()),
        MimeParameters(content_type="a/b", content_parameters=(), other_header_fields=(f"Content-X: {evil}", evil)),
    ):
        made = mail(scope, extended(kind, octets(b"x"), given))
        assert made.header.get("X-Evil") is None


def test_a_forwarded_part_beside_a_broken_one_is_kept(scope: Scope) -> None:
    broken = BodyPart(
        extended=_with_data(
            extended(EXTENDED_BODY_PART_TYPES[oids.ID_ET_GENERAL_TEXT], octets(b"x"), (6,)),
            asn1.LargeExternalEncoding(single_asn1_type=octets(b"\x02\x01\x05")),
        )
    )
    inner = IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="2")), body=())
    kept = BodyPart(message=MessageBodyPart(parameters=MessageParameters(), data=inner))
    assert [part.content_type.essence for part in mail(scope, broken, kept).parts] == ["application/x400-bp", "message/rfc822"]
