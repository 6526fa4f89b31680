"""Files: FTBP <-> MIME (RFC 2157 2.3, 3.1.1, 3.3, 6.4): names, identifiers, dates, sizes; what strangers put there."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import asn1
from gateway.internet.message import Entity, Message, parse, serialise
from gateway.mixer.body_files import safe_filename
from gateway.mixer.body_policy import BodyPolicy, Carrier
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import ipm_of_message, message_of_ipm
from gateway.octets import octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, data_of, extended, parameters_of
from gateway.x400.file_attributes import DateAndTimeAttribute, FileAttributes, ObjectSizeAttribute, PathnameAttribute
from gateway.x400.ftbp import (
    CompressionParameter,
    EnvironmentParameter,
    FileTransferParameters,
    GeneralIdentifier,
    RelatedFile,
    Relationship,
    file_transfer_data,
)
from gateway.x400.ipm import IPM, Heading, IPMIdentifier
from gateway.x400.ipms_fields import IPMSExtension

FTBP = EXTENDED_BODY_PART_TYPES[oids.ID_ET_FILE_TRANSFER]


def part_of(scope: Scope, fields: str, content: bytes = b"\x00\x01") -> BodyPart:
    """The body part of the second part of a multipart."""
    head = "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\n--A\r\n\r\nx\r\n--A\r\n"
    text = f"{head}{fields}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode() + base64.encodebytes(content) + b"--A--\r\n"
    return ipm_of_message(parse(text), scope).ipm.body[1]


def parameters(part: BodyPart) -> FileTransferParameters:
    assert part.extended is not None
    found = parameters_of(part.extended)
    assert isinstance(found, FileTransferParameters)
    return found


def file_(given: FileTransferParameters, content: bytes = b"x") -> BodyPart:
    return extended(FTBP, file_transfer_data(octets(content)), given)


def entity_of(scope: Scope, part: BodyPart) -> Message:
    ipm = IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="1")), body=(part,))
    return parse(serialise(message_of_ipm(ipm, scope, defaults=[("From", "x@y.example")])))


def there_and_back(scope: Scope, fields: str, content: bytes = b"\x00\x01") -> Entity:
    return entity_of(scope, part_of(scope, fields, content))


@pytest.mark.parametrize(
    "name",
    ["Übung.doc", "Отчёт.xls", "見積書.pdf", "보고서.hwp", "报告.txt", "ταξίδι.txt", "a b.txt", 'a"b.txt', "x" * 99, "😀.png"]
)
@pytest.mark.parametrize("kind", ["application/octet-stream", "application/x-foo"])
def test_file_names_come_back_character_for_character(name: str, kind: str, scope: Scope) -> None:
    from gateway.internet.mime import serialise_parameters

    fields = f"Content-Type: {kind}\r\nContent-Disposition: attachment{serialise_parameters({'filename': name})}"
    assert there_and_back(scope, fields).filename == name


def test_a_name_that_no_set_has_is_approximated_for_x400_and_noted(scope: Scope) -> None:
    part = part_of(scope, "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename*=utf-8''%F0%9F%98%80.png")
    attributes = parameters(part).file_attributes
    assert attributes is not None
    assert attributes.pathname is not None
    assert attributes.pathname.incomplete_pathname == (b"?.png",)
    assert any("approximated" in note.text for note in scope.notes.taken())


def test_to_the_letter_a_name_beyond_ascii_has_question_marks(scope: Scope) -> None:
    """RFC 2157 2.3.1 (2); by default the name is written by RFC 2231, as everybody reads it."""
    letter = replace(scope, context=replace(scope.context, policy=replace(scope.context.policy, body=BodyPolicy(strict_bodies=True))))
    given = FileTransferParameters(file_attributes=FileAttributes(pathname=PathnameAttribute(incomplete_pathname=(b"\x1b-A\xdcb.txt",))))
    assert entity_of(letter, file_(given)).filename == "?b.txt"
    assert entity_of(scope, file_(given)).filename == "Üb.txt"


def test_a_content_id_is_the_related_file_of_rfc_2157(scope: Scope) -> None:
    """2.3.2: message-reference, an empty application cross-reference, and the relationship as a marker."""
    part = part_of(scope, "Content-Type: image/jpeg\r\nContent-ID: <logo@x.example>")
    (related,) = parameters(part).related_stored_file or ()
    assert related.relationship.descriptive_relationship == b"Internet MIME Body Part"
    cross = related.file_identifier.cross_reference
    assert cross is not None
    assert (cross.application_cross_reference, cross.message_reference is not None) == (b"", True)
    assert entity_of(scope, part).header.value("Content-ID") == "<logo@x.example>"
    alone = replace(parameters(part), extensions=None)
    assert entity_of(scope, file_(alone)).header.value("Content-ID") == "<logo@x.example>"


def test_another_relationship_is_no_content_id(scope: Scope) -> None:
    related = parameters(part_of(scope, "Content-Type: image/jpeg\r\nContent-ID: <logo@x.example>")).related_stored_file
    assert related is not None
    other = RelatedFile(file_identifier=related[0].file_identifier, relationship=Relationship(descriptive_relationship=b"Old version"))
    assert entity_of(scope, file_(FileTransferParameters(related_stored_file=(other,)))).header.get("Content-ID") is None


def test_every_date_and_the_size_both_ways(scope: Scope) -> None:
    dates = {"creation-date": "Thu, 01 Feb 2024 10:00:00 +0100", "modification-date": "Fri, 02 Feb 2024 10:00:00 +0100"}
    dates["read-date"] = "Sat, 03 Feb 2024 10:00:00 +0100"
    text = "".join(f'; {name}="{value}"' for name, value in dates.items())
    fields = f"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=a{text}; size=2"
    attributes = parameters(part_of(scope, fields)).file_attributes
    assert attributes is not None
    assert attributes.date_and_time_of_creation is not None
    assert attributes.date_and_time_of_creation.actual_values == datetime(2024, 2, 1, 10, tzinfo=timezone(timedelta(hours=1)))
    back = there_and_back(scope, fields).disposition
    assert back is not None
    assert {name: back.parameters[name] for name in dates} == dates
    assert back.parameters["size"] == "2"


def test_no_value_available_is_no_parameter(scope: Scope) -> None:
    attributes = FileAttributes(
        pathname=PathnameAttribute(incomplete_pathname=(b"a.b",)),
        object_size=ObjectSizeAttribute(no_value_available=asn1.NULL),
        date_and_time_of_creation=DateAndTimeAttribute(no_value_available=asn1.NULL),
    )
    made = entity_of(scope, file_(FileTransferParameters(file_attributes=attributes)))
    assert made.disposition is not None
    assert dict(made.disposition.parameters) == {"filename": "a.b"}


def test_a_complete_pathname_gives_its_last_component(scope: Scope) -> None:
    attributes = FileAttributes(pathname=PathnameAttribute(complete_pathname=(b"C:", b"TEMP", b"A.DOC")))
    assert entity_of(scope, file_(FileTransferParameters(file_attributes=attributes))).filename == "A.DOC"


@pytest.mark.parametrize("shown", [b"REPORT.DOC", b"Annual report.doc"])
def test_a_file_name_in_the_user_visible_string(shown: bytes, scope: Scope) -> None:
    """Exchange and HP OpenMail (Q164852)."""
    given = FileTransferParameters(environment=EnvironmentParameter(user_visible_string=(shown,)))
    assert entity_of(scope, file_(given)).filename == shown.decode()


def test_a_compressed_file_is_carried_whole(scope: Scope) -> None:
    compression = CompressionParameter(compression_algorithm_id="1.2.3", compression_algorithm_param=b"\x05\x00")
    made = entity_of(scope, file_(FileTransferParameters(compression=compression)))
    assert (made.content_type.essence, made.content_type.parameters["bp-type"]) == ("application/x400-bp", "2.6.1.4.12")


@pytest.mark.parametrize("reference", ["2.16.840.1.113694.2.2.1.1", "1.2.840.1.113694.2.2.1.1", "1.2.840.113556.3.10.2"])
def test_references_of_unknown_files_are_octet_streams(reference: str, scope: Scope) -> None:
    """The EMA number, that of its drafts (RFC 2157 6.4), MAPI's."""
    environment = EnvironmentParameter(application_reference=GeneralIdentifier(registered_identifier=reference))
    assert entity_of(scope, file_(FileTransferParameters(environment=environment))).content_type.essence == "application/octet-stream"


def test_a_peer_gets_the_reference_that_it_knows(scope: Scope) -> None:
    """Lotus expects another identifier for the MAPI attachment (Q184995)."""
    lotus = replace(
        scope, context=replace(scope.context, policy=replace(scope.context.policy, body=BodyPolicy(file_reference="2.840.113556.3.10.2")))
    )
    environment = parameters(part_of(lotus, "Content-Type: application/octet-stream")).environment
    assert environment is not None
    assert environment.application_reference == GeneralIdentifier(registered_identifier="2.840.113556.3.10.2")
    assert there_and_back(lotus, "Content-Type: application/octet-stream").content_type.essence == "application/octet-stream"


def test_bilaterally_defined_in_the_extended_form_where_a_peer_wants_it(scope: Scope) -> None:
    body = BodyPolicy(octet_stream=Carrier.BP14, bilateral_extended=True)
    told = replace(scope, context=replace(scope.context, policy=replace(scope.context.policy, body=body)))
    part = part_of(told, "Content-Type: application/octet-stream")
    assert part.extended is not None
    assert part.extended.data.direct_reference == oids.ID_ET_BILATERALLY_DEFINED
    assert data_of(part.extended).to_bytes() == b"\x00\x01"


HOSTILE_NAMES = ["../../etc/passwd", "C:\\AUTOEXEC.BAT", "a\r\nX-Evil: 1", "\x00", "..", "con.txt", "a" * 5000, "/", "name\x1b[2J.txt"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("where", ["pathname", "list", "visible"])
def test_hostile_names_do_no_harm_wherever_they_stand(name: str, where: str, scope: Scope) -> None:
    raw = name.encode()
    line = f'Content-Disposition: attachment; filename="{name}"'
    given = {
        "pathname": FileTransferParameters(file_attributes=FileAttributes(pathname=PathnameAttribute(incomplete_pathname=(raw,)))),
        "list": FileTransferParameters(
            environment=EnvironmentParameter(application_reference=GeneralIdentifier(registered_identifier=oids.ID_MIME_FTBP_DATA)),
            extensions=(IPMSExtension(type_=oids.ID_RFC_822_FIELD_LIST, value=("Content-Type: a/b", line)),),
        ),
        "visible": FileTransferParameters(environment=EnvironmentParameter(user_visible_string=(raw,))),
    }[where]
    message = entity_of(scope, file_(given))
    assert message.header.get("X-Evil") is None
    assert safe_filename(message.filename) == message.filename


@given(
    content=st.binary(max_size=2000),
    carrier=st.sampled_from(list(Carrier)),
    kind=st.sampled_from(["application/octet-stream", "image/jpeg", "text/x-y", "text/html"]),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_attachments_come_back_octet_for_octet_in_every_carrier(content: bytes, carrier: Carrier, kind: str, scope: Scope) -> None:
    body = BodyPolicy(octet_stream=carrier, unknown_mime=carrier)
    told = replace(scope, context=replace(scope.context, policy=replace(scope.context.policy, body=body)))
    assert there_and_back(told, f"Content-Type: {kind}", content).content().to_bytes() == content


@given(content=st.binary(max_size=400))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_text_file_keeps_its_line_ends(content: bytes, scope: Scope) -> None:
    made = there_and_back(scope, "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt", content)
    assert made.content().to_bytes() == content


def test_times_keep_the_zone_of_their_sender(scope: Scope) -> None:
    at = datetime(1997, 2, 12, 16, 29, 51, tzinfo=UTC)
    attributes = FileAttributes(date_and_time_of_creation=DateAndTimeAttribute(actual_values=at))
    made = entity_of(scope, file_(FileTransferParameters(file_attributes=attributes)))
    assert made.disposition is not None
    assert made.disposition.parameters["creation-date"] == "Wed, 12 Feb 1997 16:29:51 +0000"
