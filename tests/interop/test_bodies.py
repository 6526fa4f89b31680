"""Section 10 of the interoperability cases: body parts and file names that broke thirty years of X.400 products."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway import asn1
from gateway.internet.message import Entity, Message, parse, serialise
from gateway.mixer.body_policy import BodyPolicy, Carrier, FileNames
from gateway.mixer.body_text_parts import ia5_part
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import ipm_of_message, message_of_ipm
from gateway.mixer.policy import Context, GlobalDomain, PeerPolicy, Settings
from gateway.octets import octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart, MessageBodyPart, MessageParameters
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, extended, parameters_of
from gateway.x400.ftbp import FileTransferParameters
from gateway.x400.ipm import IPM, Heading, InformationObject, IPMIdentifier
from gateway.x400.oraddress import ORAddress

SETTINGS = Settings(
    gateway_domain="gw.example",
    gateway_oraddress=ORAddress(country="XX", admd="A", prmd="P"),
    global_domain=GlobalDomain(country="XX", admd="A", prmd="P"),
    mta_name="GW",
)
FTBP = EXTENDED_BODY_PART_TYPES[oids.ID_ET_FILE_TRANSFER]
MESSAGE = (
    b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\n"
    b"--A\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
    b"--A\r\nContent-Type: application/x-foo\r\nContent-Disposition: attachment; filename=report.foo\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nAP8B\r\n--A--\r\n"
)
TNEF_HEAD = b"\x78\x9f\x3e\x22\x01\x00"


def scope(version: int = 88, **body: Any) -> Scope:
    policy = PeerPolicy(x400_version=version, body=BodyPolicy(**body))
    return Scope(context=Context(settings=SETTINGS, now=datetime(2026, 11, 23, 12, tzinfo=UTC), plan_seed="5eed", policy=policy))


def heading(**members: Any) -> Heading:
    return Heading(this_ipm=IPMIdentifier(user_relative_identifier="1"), **members)


def mail(told: Scope, *parts: BodyPart) -> Message:
    ipm = IPM(heading=heading(), body=parts)
    return parse(serialise(message_of_ipm(ipm, told, defaults=[("From", "x@y.example")])))


def sent(told: Scope, content: bytes = MESSAGE) -> IPM:
    ipm = ipm_of_message(parse(content), told).ipm
    return asn1.decode(asn1.encode(InformationObject(ipm=ipm)), InformationObject).ipm  # type: ignore[return-value]


def file_part(*externals: asn1.LargeExternal, parameters: FileTransferParameters | None = None) -> BodyPart:
    return extended(FTBP, externals, parameters or FileTransferParameters())


def aligned(content: bytes) -> asn1.LargeExternal:
    encoding = asn1.LargeExternalEncoding(octet_aligned=octets(content))
    return asn1.LargeExternal(direct_reference="1.0.8571.2.4", encoding=encoding)


def leaf(message: Entity, at: int) -> Entity:
    return message.parts[at]


def test_ic_085_a_peer_that_knows_only_body_part_14_gets_only_that() -> None:
    told = scope(unknown_mime=Carrier.BP14, octet_stream=Carrier.BP14, file_names=FileNames.LIST)
    body = sent(told).body
    assert [part.chosen for part in body] == ["ia5_text", "bilaterally_defined", "ia5_text"]
    assert body[1].bilaterally_defined == octets(b"\x00\xff\x01")
    assert body[2].ia5_text is not None
    assert b"report.foo" in body[2].ia5_text.data.to_bytes()
    assert any("application/x-foo" in note.rule for note in told.notes.taken())


OPTIONAL = {
    "subject": b"s", "importance": 2, "sensitivity": 1, "auto_forwarded": True, "reply_time": datetime(2026, 1, 1, tzinfo=UTC),
    "primary_recipients": (), "originator": None,
}  # fmt: skip


@pytest.mark.parametrize("absent", [None, *OPTIONAL])
@pytest.mark.parametrize("name", ["ia5", "ftbp", "bp14", "general", "message"])
def test_ic_086_heading_and_body_are_read_independently(absent: str | None, name: str) -> None:
    """Whatever optional element the heading lacks, a body part of each type keeps its octets."""
    inner = IPM(heading=heading(), body=(ia5_part(octets(b"\x00inside"[1:])),))
    part = {
        "ia5": ia5_part(octets(b"text")),
        "ftbp": file_part(aligned(b"\x00\x01")),
        "bp14": BodyPart(bilaterally_defined=octets(b"\x00\x01")),
        "general": extended(EXTENDED_BODY_PART_TYPES[oids.ID_ET_GENERAL_TEXT], octets(b"text"), (6,)),
        "message": BodyPart(message=MessageBodyPart(parameters=MessageParameters(), data=inner)),
    }[name]
    ipm = IPM(heading=heading(**{one: value for one, value in OPTIONAL.items() if one != absent}), body=(part,))
    again = asn1.decode(asn1.encode(InformationObject(ipm=ipm)), InformationObject).ipm
    assert again is not None
    made = message_of_ipm(again, scope(), defaults=[("From", "x@y.example")])
    content = parse(serialise(made)).content().to_bytes()
    assert content.endswith({"ia5": b"text", "general": b"text", "message": b"inside"}.get(name, b"\x00\x01"))


@pytest.mark.parametrize("count", [2, 3])
def test_ic_087_a_file_in_several_data_values_is_one_file_where_the_peer_cuts_files(count: int) -> None:
    part = file_part(*(aligned(bytes([at])) for at in range(count)))
    assert mail(scope(join_files=True), part).content().to_bytes() == bytes(range(count))
    # RFC 2157 3.3 for everybody else: not guessed, carried whole.
    assert mail(scope(), part).content_type.essence == "application/x400-bp"


def test_ic_087_every_encoding_of_the_data_is_read() -> None:
    single = asn1.LargeExternalEncoding(single_asn1_type=octets(b"\x04\x02ab"))
    arbitrary = asn1.LargeExternalEncoding(arbitrary=asn1.Bits(octets=octets(b"ab")))
    for encoding in (single, arbitrary, asn1.LargeExternalEncoding(octet_aligned=octets(b"ab"))):
        part = file_part(asn1.LargeExternal(direct_reference="1.0.8571.2.4", encoding=encoding))
        assert mail(scope(), part).content().to_bytes() == b"ab"


def test_ic_087_a_constructed_octet_aligned_value_of_indefinite_length_is_read() -> None:
    """Exchange 4.0 failed on it: A1 80 04 01 61 04 01 62 00 00."""
    external = bytes.fromhex("2880 0605 28C27B0204 A180 040161 040162 0000 0000".replace(" ", ""))
    inside = asn1.decode(b"\x30" + bytes([len(external)]) + external, FTBP.data)
    assert mail(scope(), extended(FTBP, inside, FileTransferParameters())).content().to_bytes() == b"ab"


@pytest.mark.parametrize(
    "damaged",
    [
        TNEF_HEAD,
        TNEF_HEAD + b"\x01\x00",
        TNEF_HEAD + b"\x02\x0f\x80\x06\x00\xff\xff\xff\xff",
        TNEF_HEAD + b"\x02\x10\x80\x01\x00\x01\x00\x00\x00a\x00\x00",
        b"no TNEF at all",
    ],
)
def test_ic_088_damaged_tnef_is_delivered_as_winmail_dat(damaged: bytes) -> None:
    told = scope(open_tnef=True)
    head = b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n"
    head += b"Content-Transfer-Encoding: base64\r\n\r\n"
    body = sent(told, head + base64.b64encode(damaged)).body
    back = mail(told, *body)
    assert (back.content_type.essence, back.content().to_bytes()) == ("application/ms-tnef", damaged)


def test_ic_088_tnef_without_a_name_in_body_part_14_is_called_winmail_dat() -> None:
    """Wang sends it so (Q166586)."""
    made = mail(scope(open_tnef=False), BodyPart(bilaterally_defined=octets(TNEF_HEAD)))
    assert (made.content_type.essence, made.filename) == ("application/ms-tnef", "winmail.dat")


def test_ic_089_names_are_applied_where_there_are_as_many_as_parts() -> None:
    told = scope(file_names=FileNames.LIST)
    files = (BodyPart(bilaterally_defined=octets(b"1")), BodyPart(bilaterally_defined=octets(b"2")))
    manifest = ia5_part(octets(b"REPORT.DOC 12.03.98 14:05:00\r\nBUDGET.XLS 13.03.98 09:00\r\n"))
    made = mail(told, ia5_part(octets(b"hello")), manifest, *files)
    assert [part.filename for part in made.parts] == ["", "REPORT.DOC", "BUDGET.XLS"]


def test_ic_089_an_undetected_manifest_stays_visible_and_names_nothing() -> None:
    told = scope(file_names=FileNames.LIST)
    manifest = ia5_part(octets(b"REPORT.DOC\r\nBUDGET.XLS\r\n"))
    made = mail(told, manifest, BodyPart(bilaterally_defined=octets(b"1")))
    assert made.parts[0].content().to_bytes() == b"REPORT.DOC\r\nBUDGET.XLS\r\n"
    assert made.parts[1].filename == "part-2.bin"


def test_ic_089_what_we_list_we_read() -> None:
    told = scope(unknown_mime=Carrier.BP14, file_names=FileNames.LIST)
    made = mail(told, *sent(told).body)
    assert [part.filename for part in made.parts] == ["", "report.foo"]


def test_ic_089_names_without_a_dialect_are_stable() -> None:
    parts = (ia5_part(octets(b"hello")), BodyPart(bilaterally_defined=octets(b"1")))
    assert [mail(scope(), *parts).parts[1].filename for _ in range(2)] == ["part-2.bin"] * 2


@pytest.mark.parametrize("part", [ia5_part(octets(b"")), BodyPart(bilaterally_defined=octets(b"")), file_part(aligned(b""))])
def test_ic_090_zero_length_parts_are_accepted(part: BodyPart) -> None:
    assert mail(scope(), part).content().to_bytes() == b""
    assert len(mail(scope(), ia5_part(octets(b"text")), part).parts) == 2


EMPTY_TEXT = MESSAGE.replace(b"hello\r\n--A", b"--A", 1)


@pytest.mark.parametrize(("kept", "chosen"), [(False, ["extended"]), (True, ["ia5_text", "extended"])])
def test_ic_090_no_empty_text_part_is_sent(kept: bool, chosen: list[str]) -> None:
    body = sent(scope(empty_text=kept), EMPTY_TEXT).body
    assert [part.chosen for part in body] == chosen
    assert b"\x16\x00" not in asn1.encode(body[0])


def test_ic_090_a_message_without_text_has_one_line_end() -> None:
    body = sent(scope(), b"From: a@b.example\r\n\r\n").body
    assert body[0].ia5_text is not None
    assert body[0].ia5_text.data.to_bytes() == b"\r\n"


def test_ic_090_an_empty_file_keeps_its_name() -> None:
    body = sent(scope(), MESSAGE.replace(b"AP8B\r\n", b"")).body
    made = mail(scope(), *body).parts[1]
    assert (made.filename, made.content().to_bytes()) == ("report.foo", b"")


def nested(depth: int) -> IPM:
    ipm = IPM(heading=heading(subject=b"inner"), body=(ia5_part(octets(b"one\r\ntwo\r\n")),))
    for _ in range(depth):
        ipm = IPM(heading=heading(), body=(BodyPart(message=MessageBodyPart(parameters=MessageParameters(), data=ipm)),))
    return ipm


def test_ic_091_a_forwarded_message_is_always_there_with_its_lines() -> None:
    made = mail(scope(), *nested(1).body)
    assert made.content_type.essence == "message/rfc822"
    assert made.message is not None
    assert (made.message.header.value("Subject"), made.message.body.to_bytes()) == ("inner", b"one\r\ntwo\r\n")


def test_ic_091_a_forwarded_message_beside_tnef_is_not_replaced_by_it() -> None:
    tnef = BodyPart(bilaterally_defined=octets(TNEF_HEAD))
    made = mail(scope(open_tnef=True), *nested(1).body, tnef)
    assert "message/rfc822" in [part.content_type.essence for part in made.parts]


@pytest.mark.parametrize("depth", [28, 40])
def test_ic_091_depth_is_limited_and_nothing_is_lost(depth: int) -> None:
    found: Entity = mail(scope(), *nested(depth).body)
    levels = 0
    while found.message is not None:
        found, levels = found.message, levels + 1
    assert levels == min(depth, 32)
    assert found.content_type.essence == ("text/plain" if depth <= 32 else "application/x400-bp")


def test_ic_092_a_bitmap_that_is_called_text_is_a_file() -> None:
    bitmap = b"BM\x86\x00\x00\x00\x00\x00\x00\x00\x3e\x00\x00\x00" + bytes(range(256)) * 4
    told = scope()
    made = mail(told, ia5_part(octets(bitmap)))
    assert (made.content_type.essence, made.content().to_bytes()) == ("application/octet-stream", bitmap)
    assert any("carried as a file" in note.text for note in told.notes.taken())


def test_ic_092_text_with_a_shift_here_and_there_is_text() -> None:
    assert mail(scope(), ia5_part(octets(b"a\x0e page\x0c and a mark\x1a"))).content_type.type == "text"


def test_ic_085_the_file_name_of_a_file_transfer_is_kept_where_the_peer_takes_one() -> None:
    part = sent(scope()).body[1].extended
    assert part is not None
    parameters = parameters_of(part)
    assert parameters.file_attributes.pathname.incomplete_pathname == (b"report.foo",)
