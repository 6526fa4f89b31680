"""A large attachment streams through every carrier, both ways: the memory that a conversion takes does not grow with it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from gateway import asn1
from gateway.internet.message import parse, serialise
from gateway.internet.tiff import FaxPage, write_tiff
from gateway.mixer.body_policy import BodyPolicy, Carrier, FaxForm, TextForm
from gateway.mixer.body_text_parts import ia5_part
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import ipm_of_message, message_of_ipm
from gateway.octets import ConcatOctets, Octets, octets
from gateway.x400 import oids
from gateway.x400.bodyparts import (
    BodyPart,
    G3FacsimileBodyPart,
    G3FacsimileParameters,
    MessageBodyPart,
    MessageParameters,
    TeletexBodyPart,
    TeletexParameters,
    VideotexBodyPart,
    VideotexParameters,
)
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, MimeParameters, extended
from gateway.x400.ftbp import FileTransferParameters, file_transfer_data
from gateway.x400.ipm import IPM, Heading, InformationObject, IPMIdentifier

SIZE = 30 * 1024 * 1024
TEXT_SIZE = 4 * 1024 * 1024
"""Of text whose characters are looked at one by one, so that the tests end today."""
PEAK = 3 * 1024 * 1024
"""Below either size, far above what a chunk of 64 KiB and its transformations need."""


class Repeated(Octets):
    """A pattern over and over, computed wherever it is read."""

    def __init__(self, pattern: bytes, size: int) -> None:
        self._size = size // len(pattern) * len(pattern)
        self._length = len(pattern)
        self._many = pattern * (65536 // len(pattern) + 2)

    def __len__(self) -> int:
        return self._size

    def read(self, start: int, end: int) -> bytes:
        end = min(end, self._size)
        assert end - start <= 1 << 20, "somebody wants it in one piece"
        found, at = [], start
        while at < end:
            skip = at % self._length
            take = min(end - at, len(self._many) - skip)
            found.append(self._many[skip : skip + take])
            at += take
        return b"".join(found)


@contextmanager
def little_memory(peak: int = PEAK) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < peak
    finally:
        tracemalloc.stop()


def consume(made: Octets) -> int:
    return sum(len(chunk) for chunk in made.chunks())


BASE64 = Repeated(b"QUJD" * 19 + b"\r\n", SIZE)
TEXT = Repeated(b"A line of ASCII that is neither short nor long, as people write.\r\n", TEXT_SIZE)
LATIN = Repeated("Ein Satz über größere Häuser, wie ihn die Leute so schreiben.\r\n".encode("latin-1"), TEXT_SIZE)
BINARY = Repeated(bytes(range(256)), SIZE)


def part(fields: str, body: Octets) -> Octets:
    head = "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\n--A\r\n\r\nx\r\n--A\r\n"
    return ConcatOctets([f"{head}{fields}\r\n\r\n".encode(), body, b"\r\n--A--\r\n"])


FILE = "Content-Type: application/x-foo; name=a.foo\r\nContent-Transfer-Encoding: base64"
LATIN_1 = "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit"
TO_X400: dict[str, tuple[dict[str, Any], Callable[[], Octets]]] = {
    "ftbp": ({}, lambda: part(FILE, BASE64)),
    "bp15": ({"unknown_mime": Carrier.BP15}, lambda: part(FILE, BASE64)),
    "bp14": ({"unknown_mime": Carrier.BP14}, lambda: part(FILE, BASE64)),
    "harpoon": ({"unknown_mime": Carrier.IA5}, lambda: part(FILE, BASE64)),
    "native": ({"native_parts": True}, lambda: part(FILE.replace("application/x-foo", "image/gif"), BASE64)),
    "ia5-text": ({}, lambda: part("Content-Type: text/plain", TEXT)),
    "ia5-text wrapped": ({"text_wrap": 40}, lambda: part("Content-Type: text/plain", TEXT)),
    "general-text": ({}, lambda: part(LATIN_1, LATIN)),
    "teletex": ({"text_form": TextForm.TELETEX}, lambda: part(LATIN_1, LATIN)),
    "file of text": ({"convert_charsets": False}, lambda: part(LATIN_1, LATIN)),
    "g3fax": ({}, lambda: part("Content-Type: image/g3fax\r\nContent-Transfer-Encoding: base64", BASE64)),
    "signed": ({}, lambda: part("Content-Type: multipart/signed; boundary=B", ConcatOctets([b"--B\r\n\r\n", TEXT, b"\r\n--B--"]))),
    "forwarded": ({}, lambda: part("Content-Type: message/rfc822", ConcatOctets([b"Subject: s\r\n\r\n", TEXT]))),
    "html with text": ({"html_text": True}, lambda: part("Content-Type: text/html", Repeated(b"<p>Some HTML in a line.</p>\r\n", SIZE))),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TO_X400)
def test_towards_x400(name: str, scope: Scope) -> None:
    body, source = TO_X400[name]
    told = replace(scope, context=replace(scope.context, policy=replace(scope.context.policy, body=BodyPolicy(**body))))
    # Of HTML the first half megabyte is read at once, whatever its length.
    with little_memory(4 * PEAK if "html" in name else PEAK):
        made = ipm_of_message(parse(source()), told).ipm
        assert consume(asn1.encode_octets(InformationObject(ipm=made))) > TEXT_SIZE // 2


def kind(reference: str) -> Any:
    return EXTENDED_BODY_PART_TYPES[reference]


FROM_X400: dict[str, tuple[dict[str, Any], Callable[[], BodyPart]]] = {
    "ftbp": ({}, lambda: extended(kind(oids.ID_ET_FILE_TRANSFER), file_transfer_data(BINARY), FileTransferParameters())),
    "ftbp in pieces": (
        {"join_files": True},
        lambda: extended(kind(oids.ID_ET_FILE_TRANSFER), file_transfer_data(BINARY) * 2, FileTransferParameters()),
    ),
    "bp14": ({}, lambda: BodyPart(bilaterally_defined=BINARY)),
    "bp15": (
        {},
        lambda: extended(
            kind(oids.ID_MIME_BP_DATA), BINARY, MimeParameters(content_type="a/b", content_parameters=(), other_header_fields=())
        ),
    ),
    "native": ({}, lambda: extended(kind(oids.ID_MIME_GIF_BODY), BINARY)),
    "ia5-text": ({}, lambda: ia5_part(TEXT)),
    "ia5-text of 8 bits": ({}, lambda: ia5_part(LATIN)),
    "ia5-text that is data": ({}, lambda: ia5_part(BINARY)),
    "harpoon": ({}, lambda: ia5_part(ConcatOctets([b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n", TEXT]))),
    "general-text": ({}, lambda: extended(kind(oids.ID_ET_GENERAL_TEXT), LATIN, (6, 100))),
    "general-text unknown": ({}, lambda: extended(kind(oids.ID_ET_GENERAL_TEXT), LATIN, (6, 155))),
    "teletex": ({}, lambda: BodyPart(teletex=TeletexBodyPart(parameters=TeletexParameters(), data=(TEXT,)))),
    "g3fax": (
        {},
        lambda: BodyPart(g3_facsimile=G3FacsimileBodyPart(parameters=G3FacsimileParameters(), data=(asn1.Bits(octets=BINARY),))),
    ),
    "x400-bp": ({}, lambda: BodyPart(videotex=VideotexBodyPart(parameters=VideotexParameters(), data=BINARY))),
    "forwarded": (
        {},
        lambda: BodyPart(
            message=MessageBodyPart(
                parameters=MessageParameters(),
                data=IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="2")), body=(ia5_part(TEXT),)),
            )
        ),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FROM_X400)
def test_towards_the_internet(name: str, scope: Scope) -> None:
    body, made = FROM_X400[name]
    told = replace(scope, context=replace(scope.context, policy=replace(scope.context.policy, body=BodyPolicy(**body))))
    with little_memory():
        ipm = IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="1")), body=(ia5_part(octets(b"x")), made()))
        assert consume(serialise(message_of_ipm(ipm, told, defaults=[("From", "x@y.example")]))) > TEXT_SIZE // 2


@pytest.mark.slow
def test_a_large_tiff_is_copied_page_by_page(scope: Scope) -> None:
    told = replace(scope, context=replace(scope.context, policy=replace(scope.context.policy, body=BodyPolicy(fax_form=FaxForm.TIFF))))
    tiff = write_tiff([FaxPage(data=Repeated(b"\x00\x10" + bytes(range(1, 200)), SIZE // 2), length=1)] * 2)
    text = part("Content-Type: image/tiff\r\nContent-Transfer-Encoding: binary", tiff)
    with little_memory():
        made = ipm_of_message(parse(text), told).ipm
        assert made.body[1].g3_facsimile is not None
        assert consume(asn1.encode_octets(InformationObject(ipm=made))) > TEXT_SIZE // 2
