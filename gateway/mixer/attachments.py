"""Attachments: any MIME entity <-> file transfer (FTBP), body part 14, mime-body-part (BP15), HARPOON text (RFC 2157).

Contents stay `Octets`: a transfer encoding is undone and made lazily.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from gateway import asn1
from gateway.errors import ConversionError, Failure, GatewayError
from gateway.internet.fields import Field, as_ascii, decode_text, encode_text, parse_date, sanitise, serialise_date
from gateway.internet.message import Entity, entity, serialise
from gateway.internet.mime import ContentType, Disposition, parse_content_type
from gateway.internet.transfer_encodings import base64_body
from gateway.mixer.body_policy import BodyPolicy, MimeCarrier, UnknownBody, body_policy
from gateway.mixer.body_text import ia5_part, text_entity
from gateway.mixer.descriptors import Scope
from gateway.mixer.eits import IA5_TEXT
from gateway.mixer.heading import carried_field
from gateway.mixer.text import with_offset
from gateway.octets import Octets, octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart, ExtendedBodyPart
from gateway.x400.charsets import general_from_text, text_from_general
from gateway.x400.extended_bodyparts import (
    EXTENDED_BODY_PART_TYPES,
    MimeContentParameter,
    MimeParameters,
    data_of,
    extended,
    parameters_of,
)
from gateway.x400.file_attributes import DateAndTimeAttribute, FileAttributes, ObjectSizeAttribute, PathnameAttribute
from gateway.x400.ftbp import UNSTRUCTURED_BINARY, EnvironmentParameter, FileTransferParameters, GeneralIdentifier, file_transfer_data
from gateway.x400.ipms_fields import IPMSExtension

EMA_UNKNOWN: Final = "2.16.840.1.113694.2.2.1.1"
"""Application reference of a file of unknown type (EMA file transfer profile)."""

_APPLICATIONS: Final[dict[str, str]] = {
    EMA_UNKNOWN: "application/octet-stream",
    "1.2.840.113694.2.2.1.1": "application/octet-stream",
    "2.16.840.1.113694.2.2.1.4": "image/gif",
    "2.16.840.1.113694.2.2.1.6": "image/jpeg",
    oids.ID_MIME_FTBP_POSTSCRIPT: "application/postscript",
}
"""Application reference -> content type (RFC 2157 3.3, RFC 2158); the first of a type is the one that is written."""

_X_FTBP: Final = "x-ftbp."
_DIRECT_TYPES: Final[dict[str, str]] = {
    oids.ID_MIME_POSTSCRIPT_BODY: "application/postscript",
    oids.ID_MIME_JPEG_BODY: "image/jpeg",
    oids.ID_MIME_GIF_BODY: "image/gif",
}
"""Extended body part types that are a content type (RFC 2158, RFC 2160)."""

_FILENAME_LIMIT: Final = 255
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)

# --- file names and dates
# ----------------------------------------------------------------------------------------------------------------------


def safe_filename(name: str) -> str:
    """The last component of a file name that a stranger chose, without controls and reserved device names (RFC 2157 2.3.2)."""
    last = re.split(r"[/\\]", sanitise(name).strip())[-1].strip(" .")
    if not last:
        return ""
    return f"_{last}"[:_FILENAME_LIMIT] if _RESERVED.fullmatch(last) else last[-_FILENAME_LIMIT:]


def _graphic(text: str) -> bytes:
    return text.encode("ascii") if text.isascii() else general_from_text(text).octets


def _graphic_text(octets: bytes) -> str:
    # Peer: GraphicStrings hold UTF-8 or Latin-1 without any designation as often as ISO 2022.
    if b"\x1b" not in octets:
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return text_from_general(octets)


def _timed(at: datetime | None) -> DateAndTimeAttribute | None:
    return DateAndTimeAttribute(actual_values=with_offset(at)) if at is not None else None


# --- MIME -> X.400
# -----------------------------------------------------------------------------------------------------------------------------


def attachment_part(item: Entity, scope: Scope, *, whole: bool) -> tuple[BodyPart, tuple[str, ...]]:
    """A body part that carries an entity of any type, by the peer's policy, with the encoded information types it makes.

    Args:
        item: The entity.
        scope: Policy and notes.
        whole: It is the only body of the message: only its Content fields belong to it (RFC 2157 3.1.2).
    """
    if scope.context.policy.x400_version == 84:
        return harpoon_part(item, scope), (IA5_TEXT,)
    if not item.decodable:
        scope.notes.add(
            item.content_type.essence, "RFC 2045 6.4", f"the transfer encoding {item.encoding[:40]} is unknown; carried encoded"
        )
    policy = body_policy(scope.context.policy)
    if item.content_type.essence == "application/octet-stream":
        return _CARRY[MimeCarrier(policy.octet_stream.value)](item, scope, whole)
    if _reference(item, policy) is None and policy.unknown_body is not UnknownBody.ENCAPSULATE:
        return ia5_part(octets(_marker(item.content_type.essence, policy, scope))), (IA5_TEXT,)
    return _CARRY[policy.unknown_mime](item, scope, whole)


def _marker(what: str, policy: BodyPolicy, scope: Scope) -> bytes:
    """What stands in the place of a dropped body part (RFC 2157 2 step 5).

    Raises:
        ConversionError: The policy is to reject such messages.
    """
    if policy.unknown_body is UnknownBody.REJECT:
        text = f"the message has a body part of the type {sanitise(what)[:80]}, for which there is no conversion"
        raise ConversionError(Failure(reason=2, diagnostic=8, smtp_code=554, status="5.6.3", text=text))
    scope.notes.add(what, "RFC 2157 2", "has no equivalent and was dropped by the peer's policy")
    return f"[A body part of the type {sanitise(what)[:80]} was removed by the mail gateway.]\r\n".encode("ascii", "replace")


def dropped_part(what: str, scope: Scope) -> Entity | None:
    """The text in the place of a body part without an equivalent; None where it is carried.

    Raises:
        ConversionError: The policy is to reject such messages.
    """
    policy = body_policy(scope.context.policy)
    if policy.unknown_body is UnknownBody.ENCAPSULATE:
        return None
    return text_entity(octets(_marker(what, policy, scope)), "us-ascii")


def _reference(item: Entity, policy: BodyPolicy) -> str | None:
    """The application reference that means the type of an entity; None where there is none."""
    kind = item.content_type
    if kind.subtype.startswith(_X_FTBP):
        given = kind.subtype.removeprefix(_X_FTBP)
        return given if re.fullmatch(r"[0-2](?:\.[0-9]+)+", given) else None
    table = (*_APPLICATIONS.items(), *policy.applications.items())
    return next((reference for reference, essence in table if essence == kind.essence), None)


def _bilateral_part(item: Entity, scope: Scope, whole: bool) -> tuple[BodyPart, tuple[str, ...]]:
    if item.content_type.essence != "application/octet-stream" or item.filename:
        scope.notes.add(
            item.content_type.essence, "RFC 2157 3.1.4", f"type and file name {item.filename[:80]!r} do not fit into body part 14"
        )
    described = item.header.without("Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version")
    for one in described if not whole else (one for one in described if one.name.lower().startswith("content-")):
        scope.notes.add(one.name, "RFC 2157 3.1.4", f"does not fit into body part 14: {one.value[:80]}")
    return BodyPart(bilaterally_defined=item.content()), (oids.ID_EIT_UNKNOWN,)


def _own_fields(item: Entity, whole: bool) -> list[Field]:
    """The fields that travel with an entity: of a part all, of a message only those that describe its body."""
    dropped = ("Content-Transfer-Encoding", "MIME-Version")
    return [field for field in item.header.without(*dropped) if not whole or field.name.lower().startswith("content-")]


def _line(field: Field) -> str:
    return f"{field.name}: {as_ascii(field.value)}"


def _mime_part(item: Entity, _scope: Scope, whole: bool) -> tuple[BodyPart, tuple[str, ...]]:
    """BP15 mime-body-part (RFC 2157 3.1.2)."""
    others = tuple(_line(field) for field in _own_fields(item, whole) if not field.is_named("Content-Type"))
    pairs = tuple(
        MimeContentParameter(parameter=as_ascii(name), parameter_value=as_ascii(value))
        for name, value in item.content_type.parameters.items()
    )
    parameters = MimeParameters(content_type=item.content_type.essence, content_parameters=pairs, other_header_fields=others)
    part = extended(EXTENDED_BODY_PART_TYPES[oids.ID_MIME_BP_DATA], item.content(), parameters)
    return part, (oids.ID_MIME_BP_DATA,)


def _file_part(item: Entity, scope: Scope, whole: bool) -> tuple[BodyPart, tuple[str, ...]]:
    """FTBP with the file name, dates and size (RFC 2157 3.1.1, 6.4)."""
    reference = _reference(item, body_policy(scope.context.policy))
    known = reference is not None
    fields = [field for field in _own_fields(item, whole) if not (known and field.is_named("Content-Type", "Content-Disposition"))]
    list_ = (IPMSExtension(type_=oids.ID_RFC_822_FIELD_LIST, value=tuple(map(_line, fields))),) if fields else None
    description = decode_text(item.header.value("Content-Description"))
    parameters = FileTransferParameters(
        environment=EnvironmentParameter(
            application_reference=GeneralIdentifier(registered_identifier=reference or oids.ID_MIME_FTBP_DATA),
            user_visible_string=(_graphic(sanitise(description)),) if description else None,
        ),
        file_attributes=_file_attributes(item, scope),
        extensions=list_,
    )
    part = extended(EXTENDED_BODY_PART_TYPES[oids.ID_ET_FILE_TRANSFER], file_transfer_data(item.content()), parameters)
    return part, (oids.ID_EIT_FILE_TRANSFER,)


def _file_attributes(item: Entity, scope: Scope) -> FileAttributes:
    name = safe_filename(item.filename)
    if name != item.filename:
        scope.notes.add("filename", "RFC 2157 2.3.2", f"{sanitise(item.filename)[:80]!r} was made {name!r}")
    dates = item.disposition.parameters if item.disposition is not None else {}
    return FileAttributes(
        pathname=PathnameAttribute(incomplete_pathname=(_graphic(name),)) if name else None,
        date_and_time_of_creation=_timed(parse_date(dates.get("creation-date", ""))),
        date_and_time_of_last_modification=_timed(parse_date(dates.get("modification-date", ""))),
        date_and_time_of_last_read_access=_timed(parse_date(dates.get("read-date", ""))),
        object_size=ObjectSizeAttribute(actual_values=len(item.content())),
    )


def _text_part(item: Entity, scope: Scope, _whole: bool) -> tuple[BodyPart, tuple[str, ...]]:
    return harpoon_part(item, scope), (IA5_TEXT,)


def harpoon_part(item: Entity, scope: Scope) -> BodyPart:
    """The complete entity as IA5 text that begins with MIME-Version (RFC 2157 3.1.3, RFC 1496)."""
    described = [field for field in item.header if field.name.lower().startswith("content-")]
    fields: list[Field | tuple[str, str]] = [("MIME-Version", "1.0 (generated by gateway)"), *described]
    body = item.body
    if item.encoding in ("8bit", "binary") or not all(chunk.isascii() for chunk in body.chunks()):
        if item.content_type.type in ("multipart", "message"):
            scope.notes.add(
                item.content_type.essence, "RFC 2157 3.1.3", "8-bit contents inside cannot be encoded and were carried as they are"
            )
        else:
            fields = [one for one in fields if not isinstance(one, Field) or not one.is_named("Content-Transfer-Encoding")]
            fields.append(("Content-Transfer-Encoding", "base64"))
            body = base64_body(item.content())
    return ia5_part(serialise(entity(fields, body)))


_CARRY: Final[Mapping[MimeCarrier, Callable[[Entity, Scope, bool], tuple[BodyPart, tuple[str, ...]]]]] = {
    MimeCarrier.FTBP: _file_part,
    MimeCarrier.BP15: _mime_part,
    MimeCarrier.IA5: _text_part,
    MimeCarrier.BP14: _bilateral_part,
}


# --- X.400 -> MIME
# -----------------------------------------------------------------------------------------------------------------------------


def octet_entity(content: Octets, essence: str = "application/octet-stream", fields: Iterable[tuple[str, str]] = ()) -> Entity:
    """A base64 entity of some octets."""
    return entity([*fields, ("Content-Type", essence), ("Content-Transfer-Encoding", "base64")], base64_body(content))


def entity_of_extended(part: ExtendedBodyPart, scope: Scope) -> Entity | None:
    """An extended body part of a known carrier as the entity that it carries; None for any other.

    Raises:
        BERError: Parameters or data do not decode.
    """
    reference = part.data.direct_reference
    if reference == oids.ID_ET_FILE_TRANSFER:
        return _entity_of_file(part, scope)
    if reference == oids.ID_MIME_BP_DATA:
        return _entity_of_mime_part(part, scope)
    if reference in _DIRECT_TYPES:
        return octet_entity(data_of(part), _DIRECT_TYPES[reference])
    return None


def _entity_of_mime_part(part: ExtendedBodyPart, scope: Scope) -> Entity:
    parameters, content = parameters_of(part), data_of(part)
    if not isinstance(parameters, MimeParameters):
        return octet_entity(content)
    kind = parse_content_type(parameters.content_type) or ContentType(type="application", subtype="octet-stream")
    # The parameters were copied quoted or unquoted, by the letter or not: both are read.
    pairs = {one.parameter.strip().lower(): decode_text(one.parameter_value.strip().strip('"')) for one in parameters.content_parameters}
    typed = ContentType(type=kind.type, subtype=kind.subtype, parameters={**kind.parameters, **pairs})
    return _wrapped(typed, content, _content_fields(parameters.other_header_fields, scope, ("content-type",)))


def _content_fields(lines: Sequence[str], scope: Scope, without: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Carried fields of an entity, checked; those that the gateway makes itself are left out."""
    unwanted = {"content-transfer-encoding", "mime-version", *without}
    fields = [carried_field(line, scope) for line in lines]
    return [one for one in fields if one is not None and one[0].lower() not in unwanted]


def _wrapped(kind: ContentType, content: Octets, fields: Sequence[tuple[str, str]]) -> Entity:
    """An entity in the transfer encoding that its type allows: text quoted-printable, composites as they are, all else base64."""
    if kind.type in ("multipart", "message"):
        return entity([*fields, ("Content-Type", kind.to_text())], content)
    if kind.type == "text" and kind.subtype == "plain":
        return text_entity(content, kind.charset, fields)
    return octet_entity(content, kind.to_text(), fields)


def _entity_of_file(part: ExtendedBodyPart, scope: Scope) -> Entity | None:
    """FTBP -> MIME; None where the file cannot be taken out: compressed, structured, or in several pieces (RFC 2157 3.3)."""
    parameters, data = parameters_of(part), data_of(part)
    if not isinstance(parameters, FileTransferParameters):
        parameters = FileTransferParameters()
    if parameters.compression is not None or len(data) != 1 or not _is_binary(parameters):
        return None
    encoding = data[0].encoding
    content = encoding.octet_aligned
    if content is None and encoding.single_asn1_type is not None:
        try:
            content = asn1.decode(encoding.single_asn1_type, asn1.LargeOctetString())
        except GatewayError:
            content = encoding.single_asn1_type
    if content is None:
        return None
    carried = _carried_lines(parameters)
    kind = _file_type(parameters, carried, scope)
    fields = _content_fields(carried, scope, ("content-type",))
    name = _pathname(parameters)
    description = _description(parameters)
    if description and not any(other.lower() == "content-description" for other, _ in fields) and description != name:
        fields.append(("Content-Description", encode_text(description)))
    # An entity that went through the tunnel keeps the disposition that it had, or had not: HTML is no attachment.
    if not any(other.lower() == "content-disposition" for other, _ in fields) and (name or not carried):
        disposition = Disposition(kind="attachment", parameters=_disposition_parameters(parameters, name))
        fields.append(("Content-Disposition", disposition.to_text()))
    return _wrapped(kind, content, fields)


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
    if oid is None:
        return octet_stream
    essence = _APPLICATIONS.get(oid) or body_policy(scope.context.policy).applications.get(oid)
    return (parse_content_type(essence) or octet_stream) if essence else ContentType(type="application", subtype=f"{_X_FTBP}{oid}")


def _pathname(parameters: FileTransferParameters) -> str:
    attributes = parameters.file_attributes
    if attributes is not None and attributes.pathname is not None and attributes.pathname.value:
        return safe_filename(_graphic_text(attributes.pathname.value[-1]))
    # Peer: Exchange puts the file name into the user-visible string and leaves the pathname out.
    shown = _description(parameters)
    return safe_filename(shown) if "." in shown and " " not in shown else ""


def _description(parameters: FileTransferParameters) -> str:
    environment = parameters.environment
    strings = environment.user_visible_string if environment is not None else None
    return sanitise(_graphic_text(strings[0])).strip() if strings else ""


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
