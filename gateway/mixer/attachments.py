"""Attachments: any MIME entity <-> the carrier that the peer takes: body part 14, mime-body-part (BP15), HARPOON text (RFC 2157 3).

File transfer has a module of its own, `body_files`. Contents stay `Octets`: a transfer encoding is undone and made lazily.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from gateway.errors import ConversionError, Failure
from gateway.internet.fields import Field, as_ascii, decode_text, sanitise
from gateway.internet.message import Entity, entity, serialise
from gateway.internet.mime import ContentType, parse_content_type
from gateway.internet.transfer_encodings import base64_body
from gateway.mixer.body_files import (
    OCTET_STREAM,
    content_fields,
    entity_of_file,
    file_part,
    line_of,
    own_fields,
    reference_of,
    with_safe_names,
    wrapped_entity,
)
from gateway.mixer.body_losses import note_disposition, note_entity, note_not_content, note_parameters, shown
from gateway.mixer.body_native import DIRECT_TYPES, entity_of_native, native_part
from gateway.mixer.body_policy import BodyPolicy, Carrier, UnknownBody
from gateway.mixer.body_text import text_entity
from gateway.mixer.body_text_parts import ia5_part
from gateway.mixer.body_wanted import FIELD, Wanted
from gateway.mixer.descriptors import Scope
from gateway.mixer.eits import IA5_TEXT
from gateway.octets import Octets, octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart, ExtendedBodyPart
from gateway.x400.extended_bodyparts import (
    EXTENDED_BODY_PART_TYPES,
    MimeContentParameter,
    MimeParameters,
    data_of,
    extended,
    extended_of,
    parameters_of,
)

# --- MIME -> X.400
# -----------------------------------------------------------------------------------------------------------------------------


def attachment_part(item: Entity, scope: Scope, *, whole: bool) -> tuple[BodyPart, tuple[str, ...]]:
    """A body part that carries an entity of any type, by the peer's policy, with the encoded information types it makes.

    Args:
        item: The entity.
        scope: Policy and notes.
        whole: It is the only body of the message: only its Content fields belong to it (RFC 2157 3.1.2).
    """
    if scope.context.policy.x400_version != 84 and (native := native_part(item, scope, whole=whole)) is not None:
        return native
    policy = scope.context.policy.body
    stream = item.content_type.essence == OCTET_STREAM
    if not stream and policy.unknown_body is not UnknownBody.ENCAPSULATE and reference_of(item, policy) is None:
        return ia5_part(octets(_marker(item.content_type.essence, policy, scope))), (IA5_TEXT,)
    carrier = policy.octet_stream if stream else policy.unknown_mime
    if scope.context.policy.x400_version == 84 and carrier is not Carrier.BP14:
        carrier = Carrier.IA5  # X.400 (1984) has no extended body parts
    if not item.decodable and carrier is not Carrier.IA5:
        scope.notes.add(
            item.content_type.essence, "RFC 2045 6.4", f"the transfer encoding {item.encoding[:40]} is unknown; carried encoded"
        )
    return _CARRY[carrier](item, scope, whole)


def wanted_part(item: Entity, wanted: Wanted, scope: Scope, *, whole: bool) -> tuple[BodyPart, tuple[str, ...]] | None:
    """The body part that the sender asks for (RFC 2157 4.1); None where the peer, or X.400, does not have it."""
    old = scope.context.policy.x400_version == 84
    if not item.decodable or (old and wanted.carrier not in (Carrier.IA5, Carrier.BP14)):
        return None
    scope.notes.add(FIELD, "RFC 2157 4.1", f"{item.content_type.essence} is carried as {wanted.carrier.value}, as its sender asks")
    if wanted.carrier is Carrier.FTBP:
        return file_part(item, scope, whole, wanted.reference or None)
    if wanted.carrier is Carrier.BP15 and wanted.reference in DIRECT_TYPES:
        note_entity(item, "body part", scope, whole=whole, section="RFC 2157 4.1")
        part = extended(EXTENDED_BODY_PART_TYPES[wanted.reference], item.content())
        return part, (wanted.reference,)
    return _CARRY[wanted.carrier](item, scope, whole)


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
    policy = scope.context.policy.body
    if policy.unknown_body is UnknownBody.ENCAPSULATE:
        return None
    return text_entity(octets(_marker(what, policy, scope)), "us-ascii")


def _bilateral_part(item: Entity, scope: Scope, whole: bool) -> tuple[BodyPart, tuple[str, ...]]:
    section = "RFC 2157 3.1.4"
    if item.content_type.essence != OCTET_STREAM:
        scope.notes.add(item.content_type.essence, section, "the type does not fit into body part 14")
    note_parameters(item, "body part 14", scope, section, known=("name",) if item.filename else ())
    note_disposition(item, "body part 14", scope, section, known=())
    described = item.header.without("Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version")
    for one in described if not whole else (one for one in described if one.name.lower().startswith("content-")):
        scope.notes.add(one.name, section, f"does not fit into body part 14: {shown(one.value)}")
    part = BodyPart(bilaterally_defined=item.content())
    return extended_of(part) if scope.context.policy.body.bilateral_extended else part, (oids.ID_EIT_UNKNOWN,)


def _mime_part(item: Entity, _scope: Scope, whole: bool) -> tuple[BodyPart, tuple[str, ...]]:
    """BP15 mime-body-part (RFC 2157 3.1.2)."""
    others = tuple(line_of(field) for field in own_fields(item, whole) if not field.is_named("Content-Type"))
    pairs = tuple(
        MimeContentParameter(parameter=as_ascii(name), parameter_value=as_ascii(value))
        for name, value in item.content_type.parameters.items()
    )
    parameters = MimeParameters(content_type=item.content_type.essence, content_parameters=pairs, other_header_fields=others)
    part = extended(EXTENDED_BODY_PART_TYPES[oids.ID_MIME_BP_DATA], item.content(), parameters)
    return part, (oids.ID_MIME_BP_DATA,)


def _text_part(item: Entity, scope: Scope, whole: bool) -> tuple[BodyPart, tuple[str, ...]]:
    return harpoon_part(item, scope, whole=whole), (IA5_TEXT,)


def harpoon_part(item: Entity, scope: Scope, *, whole: bool) -> BodyPart:
    """The complete entity as IA5 text that begins with MIME-Version (RFC 2157 3.1.3, RFC 1496).

    Of a part of a multipart only the Content fields go into it; what else its header had is noted.
    """
    if not whole:
        note_not_content(item.header, scope, "RFC 2157 3.1.3")
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


_CARRY: Final[Mapping[Carrier, Callable[[Entity, Scope, bool], tuple[BodyPart, tuple[str, ...]]]]] = {
    Carrier.FTBP: file_part,
    Carrier.BP15: _mime_part,
    Carrier.IA5: _text_part,
    Carrier.BP14: _bilateral_part,
}


# --- X.400 -> MIME
# -----------------------------------------------------------------------------------------------------------------------------


def octet_entity(content: Octets, essence: str = OCTET_STREAM, fields: Iterable[tuple[str, str]] = ()) -> Entity:
    """A base64 entity of some octets."""
    return entity([*fields, ("Content-Type", essence), ("Content-Transfer-Encoding", "base64")], base64_body(content))


def entity_of_extended(part: ExtendedBodyPart, scope: Scope) -> Entity | None:
    """An extended body part of a known carrier as the entity that it carries; None for any other.

    Raises:
        BERError: Parameters or data do not decode.
    """
    reference = part.data.direct_reference
    if reference == oids.ID_ET_FILE_TRANSFER:
        return entity_of_file(part, scope)
    return _entity_of_mime_part(part, scope) if reference == oids.ID_MIME_BP_DATA else entity_of_native(part)


def _entity_of_mime_part(part: ExtendedBodyPart, scope: Scope) -> Entity:
    parameters, content = parameters_of(part), data_of(part)
    if not isinstance(parameters, MimeParameters):
        return octet_entity(content)
    kind = parse_content_type(parameters.content_type) or ContentType(type="application", subtype="octet-stream")
    # The parameters were copied quoted or unquoted, by the letter or not: both are read.
    pairs = {one.parameter.strip().lower(): decode_text(one.parameter_value.strip().strip('"')) for one in parameters.content_parameters}
    typed = ContentType(type=kind.type, subtype=kind.subtype, parameters={**kind.parameters, **pairs})
    return wrapped_entity(typed, content, with_safe_names(content_fields(parameters.other_header_fields, scope, ("content-type",)), scope))
