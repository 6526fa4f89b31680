"""Files: the file transfer body part (FTBP) <-> a MIME entity with name, dates and size (RFC 2157 2.3, 3.1.1, 3.3, 6.4).

Contents stay `Octets`: a transfer encoding is undone and made lazily.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from gateway import asn1
from gateway.errors import GatewayError
from gateway.internet.fields import Field, as_ascii, decode_text, encode_text, parse_date, sanitise, serialise_date
from gateway.internet.message import Entity, entity
from gateway.internet.mime import ContentType, Disposition, parse_content_type, parse_disposition
from gateway.internet.transfer_encodings import base64_body
from gateway.mixer.body_losses import note_file, shown
from gateway.mixer.body_policy import BodyPolicy
from gateway.mixer.body_text import text_entity
from gateway.mixer.descriptors import Scope
from gateway.mixer.heading import carried_field
from gateway.mixer.identifiers import IdentifierError, ipm_identifier_from_msg_id, msg_id_from_ipm_identifier
from gateway.mixer.text import with_offset
from gateway.octets import ConcatOctets, Octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart, ExtendedBodyPart
from gateway.x400.charsets import general_from_text, text_from_general
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, data_of, extended, parameters_of
from gateway.x400.file_attributes import DateAndTimeAttribute, FileAttributes, ObjectSizeAttribute, PathnameAttribute
from gateway.x400.ftbp import (
    UNSTRUCTURED_BINARY,
    CrossReference,
    EnvironmentParameter,
    FileIdentifier,
    FileTransferParameters,
    GeneralIdentifier,
    MessageReference,
    RelatedFile,
    Relationship,
    file_transfer_data,
)
from gateway.x400.ipms_fields import IPMIdentifier, IPMSExtension

OCTET_STREAM: Final = "application/octet-stream"
APPLICATIONS: Final[dict[str, str]] = {
    "2.16.840.1.113694.2.2.1.1": OCTET_STREAM,
    "1.2.840.113694.2.2.1.1": OCTET_STREAM,
    "1.2.840.1.113694.2.2.1.1": OCTET_STREAM,
    "2.16.840.1.113694.2.2.1.4": "image/gif",
    "2.16.840.1.113694.2.2.1.6": "image/jpeg",
    oids.ID_MIME_FTBP_POSTSCRIPT: "application/postscript",
}
"""Application reference -> content type (RFC 2157 3.3, 6.4 with the number of the drafts, RFC 2158, RFC 2160)."""

_X_FTBP: Final = "x-ftbp."
_INTERNET_PART: Final = b"Internet MIME Body Part"
"""The relationship that marks a related file as the Content-ID (RFC 2157 2.3.2)."""

_FILENAME_LIMIT: Final = 255
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)

# --- file names and other strings
# ----------------------------------------------------------------------------------------------------------------------


def safe_filename(name: str) -> str:
    """The last component of a file name that a stranger chose, without controls and reserved device names (RFC 2157 2.3.2)."""
    last = re.split(r"[/\\]", sanitise(name).strip())[-1].strip(" .")
    if not last:
        return ""
    return f"_{last}"[:_FILENAME_LIMIT] if _RESERVED.fullmatch(last) else last[-_FILENAME_LIMIT:]


def _graphic(text: str) -> bytes:
    return text.encode("ascii") if text.isascii() else general_from_text(text).octets


def _is_graphic(text: str) -> bool:
    """Whether the sets of a GraphicString hold all of a text."""
    return text.isascii() or not general_from_text(text).losses


def _graphic_text(octets: bytes) -> str:
    # Peer: GraphicStrings hold UTF-8 or Latin-1 without any designation as often as ISO 2022.
    if b"\x1b" not in octets:
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return text_from_general(octets)


def _parameter_text(octets: bytes, policy: BodyPolicy) -> str:
    """A GraphicString for a parameter: its characters, or to the letter of 2.3.1 those of ASCII and question marks."""
    text = _graphic_text(octets)
    return text.encode("ascii", "replace").decode("ascii") if policy.strict_bodies else text


# --- MIME -> X.400
# -----------------------------------------------------------------------------------------------------------------------------


def reference_of(item: Entity, policy: BodyPolicy) -> str | None:
    """The application reference that means the type of an entity; None where there is none."""
    kind = item.content_type
    if kind.subtype.startswith(_X_FTBP):
        given = kind.subtype.removeprefix(_X_FTBP)
        return given if re.fullmatch(r"[0-2](?:\.[0-9]{1,20}){1,40}", given) else None
    if kind.essence == OCTET_STREAM:
        return policy.file_reference
    table = (*APPLICATIONS.items(), *policy.applications.items())
    return next((reference for reference, essence in table if essence == kind.essence), None)


def own_fields(item: Entity, whole: bool) -> list[Field]:
    """The fields that travel with an entity: of a part all, of a message only those that describe its body."""
    dropped = ("Content-Transfer-Encoding", "MIME-Version")
    return [field for field in item.header.without(*dropped) if not whole or field.name.lower().startswith("content-")]


def line_of(field: Field) -> str:
    """A field as one element of a field list."""
    return f"{field.name}: {as_ascii(field.value)}"


def file_part(item: Entity, scope: Scope, whole: bool, reference: str | None = None) -> tuple[BodyPart, tuple[str, ...]]:
    """FTBP with the file name, dates and size (RFC 2157 3.1.1, 6.4).

    Args:
        item: The entity.
        scope: Policy and notes.
        whole: It is the body of a message.
        reference: Application reference that somebody chose for it; otherwise that of its type, or the one for any MIME content.
    """
    known = reference or reference_of(item, scope.context.policy.body)
    if known is not None:
        note_file(item, scope)
    fields = [field for field in own_fields(item, whole) if not _is_mapped(field, item, known)]
    description = sanitise(decode_text(item.header.value("Content-Description")))
    parameters = FileTransferParameters(
        related_stored_file=_related(item),
        environment=EnvironmentParameter(
            application_reference=GeneralIdentifier(registered_identifier=known or oids.ID_MIME_FTBP_DATA),
            user_visible_string=(_graphic(description),) if description else None,
        ),
        file_attributes=_file_attributes(item, scope),
        extensions=(IPMSExtension(type_=oids.ID_RFC_822_FIELD_LIST, value=tuple(map(line_of, fields))),) if fields else None,
    )
    part = extended(EXTENDED_BODY_PART_TYPES[oids.ID_ET_FILE_TRANSFER], file_transfer_data(item.content()), parameters)
    return part, (oids.ID_EIT_FILE_TRANSFER,)


def _is_mapped(field: Field, item: Entity, reference: str | None) -> bool:
    """Whether the parameters hold all of a field, so that the field list need not."""
    if field.is_named("Content-Type"):
        return reference is not None
    if field.is_named("Content-Disposition"):
        return reference is not None and _is_graphic(item.filename)
    return False


def _related(item: Entity) -> tuple[RelatedFile, ...] | None:
    """The Content-ID as a reference to a message (RFC 2157 2.3.2); the field list has it too, since few read this."""
    value = item.header.value("Content-ID").strip()
    if not re.fullmatch(r"<[^<>\s]+@[^<>\s]+>", value):
        return None
    try:
        identifier = ipm_identifier_from_msg_id(value)
    except IdentifierError:
        return None
    reference = MessageReference(user=identifier.user, user_relative_identifier=identifier.user_relative_identifier)
    cross = CrossReference(application_cross_reference=b"", message_reference=reference)
    marked = Relationship(descriptive_relationship=_INTERNET_PART)
    return (RelatedFile(file_identifier=FileIdentifier(cross_reference=cross), relationship=marked),)


def _file_attributes(item: Entity, scope: Scope) -> FileAttributes:
    name = sanitise(item.filename) if scope.context.policy.body.strict_bodies else safe_filename(item.filename)
    if name != item.filename:
        scope.notes.add("filename", "RFC 2157 2.3.2", f"{shown(item.filename)!r} was made {name!r}")
    if not _is_graphic(name):
        scope.notes.add("filename", "RFC 2157 2.3.1", f"{shown(name)!r} has characters that no registered set has; approximated")
    dates = item.disposition.parameters if item.disposition is not None else {}
    return FileAttributes(
        pathname=PathnameAttribute(incomplete_pathname=(_graphic(name),)) if name else None,
        date_and_time_of_creation=_timed("creation-date", dates.get("creation-date", ""), scope),
        date_and_time_of_last_modification=_timed("modification-date", dates.get("modification-date", ""), scope),
        date_and_time_of_last_read_access=_timed("read-date", dates.get("read-date", ""), scope),
        object_size=ObjectSizeAttribute(actual_values=len(item.content())),
    )


def _timed(name: str, text: str, scope: Scope) -> DateAndTimeAttribute | None:
    at: datetime | None = parse_date(text)
    if at is None and text:
        scope.notes.add(name, "RFC 2157 2.3.2", f"is no date and was dropped: {shown(text)}")
    return DateAndTimeAttribute(actual_values=with_offset(at)) if at is not None else None


# --- X.400 -> MIME
# -----------------------------------------------------------------------------------------------------------------------------


def content_fields(lines: Sequence[str], scope: Scope, without: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Carried fields of an entity, checked; those that the gateway makes itself are left out."""
    unwanted = {"content-transfer-encoding", "mime-version", *without}
    fields = [carried_field(line, scope) for line in lines]
    return [one for one in fields if one is not None and one[0].lower() not in unwanted]


def wrapped_entity(kind: ContentType, content: Octets, fields: Sequence[tuple[str, str]]) -> Entity:
    """An entity in the transfer encoding that its type allows: text quoted-printable, composites as they are, all else base64."""
    if kind.type in ("multipart", "message"):
        return entity([*fields, ("Content-Type", kind.to_text())], content)
    if kind.type == "text" and kind.subtype == "plain" and not _has_bare_line_ends(content):
        return text_entity(content, kind.charset, fields)
    return entity([*fields, ("Content-Type", kind.to_text()), ("Content-Transfer-Encoding", "base64")], base64_body(content))


def _has_bare_line_ends(content: Octets) -> bool:
    """Whether text has line ends that quoted-printable would turn into CRLF."""
    last = b""
    for chunk in content.chunks():
        piece = last + chunk
        last = b"\r" if piece.endswith(b"\r") else b""
        plain = piece.replace(b"\r\n", b"")
        if b"\n" in plain or b"\r" in plain[: len(plain) - len(last)]:
            return True
    return bool(last)


def entity_of_file(part: ExtendedBodyPart, scope: Scope) -> Entity | None:
    """FTBP -> MIME; None where the file cannot be taken out: compressed, structured, or in several pieces (RFC 2157 3.3).

    Raises:
        BERError: Parameters or data do not decode.
    """
    parameters = parameters_of(part)
    if not isinstance(parameters, FileTransferParameters):
        parameters = FileTransferParameters()
    policy = scope.context.policy.body
    content = _content_of(data_of(part), policy)
    if content is None or parameters.compression is not None or not _is_binary(parameters):
        return None
    carried = _carried_lines(parameters)
    kind = _file_type(parameters, carried, scope)
    fields = content_fields(carried, scope, ("content-type",))
    present = {name.lower() for name, _ in fields}
    name = _pathname(parameters, policy)
    description = _description(parameters)
    if description and "content-description" not in present and description != name:
        fields.append(("Content-Description", encode_text(description)))
    content_id = _content_id(parameters) if "content-id" not in present else ""
    if content_id:
        fields.append(("Content-ID", content_id))
    # An entity that went through the tunnel keeps the disposition that it had, or had not: HTML is no attachment.
    if "content-disposition" not in present and (name or not carried):
        disposition = Disposition(kind="attachment", parameters=_disposition_parameters(parameters, name))
        fields.append(("Content-Disposition", disposition.to_text()))
    return wrapped_entity(kind, content, with_safe_names(fields, scope))


def with_safe_names(fields: Sequence[tuple[str, str]], scope: Scope) -> list[tuple[str, str]]:
    """Carried dispositions with their file names made safe: whoever wrote the field list chose them."""
    found: list[tuple[str, str]] = []
    for name, value in fields:
        parsed = parse_disposition(value) if name.lower() == "content-disposition" else None
        safe = safe_filename(parsed.filename) if parsed is not None else ""
        if parsed is not None and safe != parsed.filename:
            scope.notes.add("filename", "RFC 2157 2.3.2", f"{shown(parsed.filename)!r} was made {safe!r}")
            others = {key: one for key, one in parsed.parameters.items() if key != "filename"}
            value = Disposition(kind=parsed.kind, parameters={**({"filename": safe} if safe else {}), **others}).to_text()
        found.append((name, value))
    return found


def _content_of(data: Sequence[asn1.LargeExternal], policy: BodyPolicy) -> Octets | None:
    """The octets of the file; of several data values only where the peer is known to cut files into them."""
    # Peer: HP OpenMail writes a file as several constructed octet-aligned values.
    if len(data) != 1 and not (data and policy.join_files):
        return None
    pieces = [_octets_of(one) for one in data]
    if any(one is None for one in pieces):
        return None
    return pieces[0] if len(pieces) == 1 else ConcatOctets([one for one in pieces if one is not None])


def _octets_of(external: asn1.LargeExternal) -> Octets | None:
    """The octets in an EXTERNAL: octet-aligned, as a single ASN.1 type, or arbitrary in whole octets."""
    encoding = external.encoding
    if encoding.octet_aligned is not None:
        return encoding.octet_aligned
    if encoding.arbitrary is not None:
        return encoding.arbitrary.octets if not encoding.arbitrary.unused else None
    if encoding.single_asn1_type is None:
        return None
    try:
        return asn1.decode(encoding.single_asn1_type, asn1.LargeOctetString())
    except GatewayError:
        return encoding.single_asn1_type


def _is_binary(parameters: FileTransferParameters) -> bool:
    return (
        parameters.contents_type == UNSTRUCTURED_BINARY
        or parameters.contents_type.document_type is None
        or (parameters.contents_type.document_type.document_type_name == oids.ID_FTAM_UNSTRUCTURED_BINARY)
    )


def _carried_lines(parameters: FileTransferParameters) -> tuple[str, ...]:
    return next(
        (one.value for one in parameters.extensions or () if one.type_ == oids.ID_RFC_822_FIELD_LIST and isinstance(one.value, tuple)), ()
    )


def _file_type(parameters: FileTransferParameters, carried: Sequence[str], scope: Scope) -> ContentType:
    """The content type by the application reference (RFC 2157 3.3); a carried Content-Type counts only where the reference says so."""
    environment = parameters.environment
    reference = environment.application_reference if environment is not None else None
    oid = reference.registered_identifier if reference is not None else None
    octet_stream = ContentType(type="application", subtype="octet-stream")
    if oid == oids.ID_MIME_FTBP_DATA:
        lines = dict((name.lower(), body) for name, body in filter(None, (carried_field(line, scope) for line in carried)))
        return parse_content_type(lines.get("content-type", "text/plain")) or octet_stream
    policy = scope.context.policy.body
    if oid is None or oid == policy.file_reference:
        return octet_stream
    essence = APPLICATIONS.get(oid) or policy.applications.get(oid)
    return (parse_content_type(essence) or octet_stream) if essence else ContentType(type="application", subtype=f"{_X_FTBP}{oid}")


def _pathname(parameters: FileTransferParameters, policy: BodyPolicy) -> str:
    attributes = parameters.file_attributes
    if attributes is not None and attributes.pathname is not None and attributes.pathname.value:
        return safe_filename(_parameter_text(attributes.pathname.value[-1], policy))
    # Peer: Exchange and HP OpenMail put the file name into the user-visible string and leave the pathname out.
    shown_name = _description(parameters)
    return safe_filename(shown_name) if re.search(r"\.[A-Za-z0-9]{1,8}$", shown_name) else ""


def _description(parameters: FileTransferParameters) -> str:
    environment = parameters.environment
    strings = environment.user_visible_string if environment is not None else None
    return sanitise(_graphic_text(strings[0])).strip() if strings else ""


def _content_id(parameters: FileTransferParameters) -> str:
    """The Content-ID that a related file of the right relationship is; empty where there is none (RFC 2157 2.3.2)."""
    for one in parameters.related_stored_file or ():
        cross = one.file_identifier.cross_reference
        if one.relationship.descriptive_relationship == _INTERNET_PART and cross is not None and cross.message_reference is not None:
            reference = cross.message_reference
            identifier = IPMIdentifier(user=reference.user, user_relative_identifier=reference.user_relative_identifier)
            return msg_id_from_ipm_identifier(identifier)
    return ""


def _disposition_parameters(parameters: FileTransferParameters, name: str) -> dict[str, str]:
    found = {"filename": name} if name else {}
    attributes = parameters.file_attributes
    if attributes is None:
        return found
    dates = {
        "creation-date": attributes.date_and_time_of_creation,
        "modification-date": attributes.date_and_time_of_last_modification,
        "read-date": attributes.date_and_time_of_last_read_access,
    }
    found |= {key: serialise_date(one.actual_values) for key, one in dates.items() if one is not None and one.actual_values is not None}
    if attributes.object_size is not None and attributes.object_size.actual_values is not None:
        found["size"] = str(attributes.object_size.actual_values)
    return found
