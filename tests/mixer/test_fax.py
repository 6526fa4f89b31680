"""G3 facsimile: RFC 2159."""

from __future__ import annotations

import base64

from gateway import asn1
from gateway.internet.message import Entity, entity
from gateway.internet.transfer_encodings import base64_body
from gateway.mixer.descriptors import Scope
from gateway.mixer.fax import PAGE_END, entity_of_fax, part_of_fax
from gateway.mixer.messages import ipm_of_message, message_of_ipm
from gateway.octets import octets
from gateway.x400.bodyparts import BodyPart, G3FacsimileBodyPart, G3FacsimileParameters

REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


def fax(*pages: bytes, bits: frozenset[int] = frozenset()) -> G3FacsimileBodyPart:
    data = tuple(asn1.Bits(octets=octets(page)) for page in pages)
    return G3FacsimileBodyPart(parameters=G3FacsimileParameters(non_basic_parameters=bits), data=data)


def image(content: bytes, parameters: str = "") -> Entity:
    fields = [("Content-Type", f"image/g3fax{parameters}"), ("Content-Transfer-Encoding", "base64")]
    return entity(fields, base64_body(octets(content)))


def test_pages_are_turned_and_end_with_six_end_of_line_codes() -> None:
    """RFC 2159 3: the first bit of the fax is the highest of its octet on the Internet and the lowest in X.400."""
    made = entity_of_fax(fax(b"\x85\x13", b"\xff"))
    assert made.content().to_bytes() == b"\xa1\xc8" + PAGE_END + b"\xff" + PAGE_END
    assert made.content_type.parameters["pages"] == "2"


def test_end_of_line_codes_at_the_end_of_a_page_are_taken_off() -> None:
    page = b"\xa5" + PAGE_END
    assert entity_of_fax(fax(page.translate(REVERSED))).content().to_bytes() == page
    twice = b"\xa5" + PAGE_END + PAGE_END
    assert entity_of_fax(fax(twice.translate(REVERSED))).content().to_bytes() == page


def test_the_bits_of_the_table() -> None:
    """RFC 2159 2.1."""
    assert dict(entity_of_fax(fax(b"\x01", bits=frozenset({21, 22, 30}))).content_type.parameters) == {
        "page-length": "B4", "page-width": "A3", "encoding": "Uncompressed", "pages": "1",
    }  # fmt: skip
    part = part_of_fax(image(b"\x01" + PAGE_END, "; resolution=fine; page-length=Unlimited; encoding=2-dimensional"))
    assert part is not None
    assert part.g3_facsimile is not None
    assert part.g3_facsimile.parameters.non_basic_parameters == frozenset({8, 9, 20})


def test_other_bits_travel_as_the_control_string_of_t30() -> None:
    """RFC 2159 2.1: T.30 counts from the other end of each octet, so X.400 bit 25 is T.30 bit 31."""
    made = entity_of_fax(fax(b"\x01", bits=frozenset({9, 25})))
    string = base64.b64decode(made.content_type.parameters["dcs"])
    ones = {at * 8 + place + 1 for at, octet in enumerate(string) for place in range(8) if octet & (0x80 >> place)}
    assert ones == {15, 31}
    back = part_of_fax(made)
    assert back is not None
    assert back.g3_facsimile is not None
    assert back.g3_facsimile.parameters.non_basic_parameters == frozenset({9, 25})


def test_back_in_x400_each_page_keeps_its_end() -> None:
    """RFC 2159 3, from G3Fax to X.400: the implementors' guide wants every page to end with six end-of-line codes."""
    part = part_of_fax(image(b"\xa1\xc8" + PAGE_END + b"\xff" + PAGE_END))
    assert part is not None
    assert part.g3_facsimile is not None
    pages = [page.octets.to_bytes() for page in part.g3_facsimile.data]
    assert pages == [(b"\xa1\xc8" + PAGE_END).translate(REVERSED), (b"\xff" + PAGE_END).translate(REVERSED)]
    assert entity_of_fax(part.g3_facsimile).content().to_bytes() == b"\xa1\xc8" + PAGE_END + b"\xff" + PAGE_END


def test_a_page_end_across_chunks_is_found() -> None:
    first = b"\xa5" * (64 * 1024 - 4)
    part = part_of_fax(image(first + PAGE_END + b"\x5a" + PAGE_END))
    assert part is not None
    assert part.g3_facsimile is not None
    assert [len(page.octets) for page in part.g3_facsimile.data] == [len(first) + 9, 10]


def test_a_fax_crosses_as_a_body_part_of_its_own(scope: Scope) -> None:
    from gateway.internet.message import parse, serialise
    from gateway.x400.ipm import IPM, Heading, IPMIdentifier

    ipm = IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="1")), body=(BodyPart(g3_facsimile=fax(b"\x01")),))
    message = parse(serialise(message_of_ipm(ipm, scope, defaults=[("From", "x@y.example")])))
    assert message.content_type.essence == "image/g3fax"
    assert ipm_of_message(message, scope).ipm.body[0].chosen == "g3_facsimile"


def test_a_fax_without_pages_is_an_attachment(scope: Scope) -> None:
    from gateway.internet.message import parse, serialise

    empty = parse(b"From: a@b.example\r\n" + serialise(image(b"")).to_bytes())
    assert ipm_of_message(empty, scope).ipm.body[0].chosen == "extended"
