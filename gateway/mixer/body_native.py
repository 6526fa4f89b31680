"""Extended body parts that are a content type of their own (RFC 2158, RFC 2160, RFC 1494 7.4, X.420 Annexes F, H and O).

Towards MIME all of them are read, whatever the policy. From MIME they are written only to peers that ask for them, since few systems
know them and none of them holds a file name.
"""

from __future__ import annotations

from typing import Final

from gateway import asn1
from gateway.errors import GatewayError
from gateway.internet.message import Entity, entity
from gateway.internet.mime import ContentType, Disposition
from gateway.internet.transfer_encodings import base64_body
from gateway.mixer.body_losses import note_entity
from gateway.mixer.descriptors import Scope
from gateway.octets import ConcatOctets, Octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart, ExtendedBodyPart, MessageBodyPart, MessageParameters
from gateway.x400.extended_bodyparts import (
    EXTENDED_BODY_PART_TYPES,
    ID_ODA_DATA,
    ContentInfo,
    ExtendedBodyPartType,
    ForwardedContentParameters,
    ODABodyPartParameters,
    ODAClass,
    VoiceParameters,
    data_of,
    extended,
    parameters_of,
)
from gateway.x400.ipm import InformationObject

DIRECT_TYPES: Final[dict[str, str]] = {
    oids.ID_MIME_POSTSCRIPT_BODY: "application/postscript",
    oids.ID_MIME_JPEG_BODY: "image/jpeg",
    oids.ID_MIME_GIF_BODY: "image/gif",
}
"""Extended body part types that are the octets of a content type (RFC 2158, RFC 2160)."""

VOICE_TYPES: Final[dict[str, str]] = {oids.ID_VOICE_G711_MU_LAW: "audio/basic", oids.ID_VOICE_G726_32K_ADPCM: "audio/32kadpcm"}
"""Voice encoding -> content type; the other encodings have none (X.420 Annex F; not in RFC 2157)."""

_PKCS7: Final = "application/pkcs7-mime"
_PKCS7_TYPES: Final[dict[str, str]] = {
    "1.2.840.113549.1.7.2": "signed-data",
    "1.2.840.113549.1.7.3": "enveloped-data",
}
_Q112: Final = "1.3.16.2.6.0.1"
_ODA_CLASSES: Final[dict[int, str]] = {
    ODAClass.FORMATTED: "formatted",
    ODAClass.PROCESSABLE: "processable",
    ODAClass.FORMATTED_PROCESSABLE: "formatted-processable",
}
_CONTENT_OF_IPM: Final = frozenset(f"{oids.ID_ET_CONTENT}.{one}" for one in (oids.ID_MCT_P2_1984, oids.ID_MCT_P2_1988))
_DURATION: Final = "Content-Duration"


# --- X.400 -> MIME ------------------------------------------------------------------------------------------------------------------------


def entity_of_native(part: ExtendedBodyPart) -> Entity | None:
    """The entity of an extended body part that is a content type of its own; None for any other.

    Raises:
        BERError: Parameters or data do not decode.
    """
    reference = part.data.direct_reference or ""
    if reference in DIRECT_TYPES:
        return _typed(_kind_of(DIRECT_TYPES[reference]), data_of(part))
    if reference == oids.ID_ET_VOICE:
        return _entity_of_voice(part)
    if reference == oids.ID_ET_PKCS7:
        return _entity_of_pkcs7(part)
    return _entity_of_oda(part) if reference == ID_ODA_DATA else None


def forwarded_content(part: ExtendedBodyPart) -> MessageBodyPart | None:
    """A forwarded content of type P2 or P22 as the forwarded message that it is (X.420 Annex H); None for any other.

    Raises:
        BERError: Parameters or data do not decode.
    """
    if part.data.direct_reference not in _CONTENT_OF_IPM:
        return None
    ipm = asn1.decode(data_of(part), InformationObject).ipm
    if ipm is None:
        return None
    given = parameters_of(part)
    parameters = given if isinstance(given, ForwardedContentParameters) else ForwardedContentParameters()
    kept = MessageParameters(delivery_time=parameters.delivery_time, delivery_envelope=parameters.delivery_envelope)
    return MessageBodyPart(parameters=kept, data=ipm)


def _kind_of(essence: str) -> ContentType:
    main, _, sub = essence.partition("/")
    return ContentType(type=main, subtype=sub)


def _typed(kind: ContentType, content: Octets, *fields: tuple[str, str]) -> Entity:
    return entity([("Content-Type", kind.to_text()), *fields, ("Content-Transfer-Encoding", "base64")], base64_body(content))


def _entity_of_voice(part: ExtendedBodyPart) -> Entity | None:
    parameters = parameters_of(part)
    if not isinstance(parameters, VoiceParameters) or parameters.voice_encoding_type not in VOICE_TYPES:
        return None
    if parameters.supplementary_information:
        return None  # a text that no field of audio/basic has a place for: the whole is carried as application/x400-bp
    duration = parameters.voice_message_duration
    fields = [(_DURATION, str(duration))] if duration is not None else []
    return _typed(_kind_of(VOICE_TYPES[parameters.voice_encoding_type]), data_of(part), *fields)


def _entity_of_pkcs7(part: ExtendedBodyPart) -> Entity:
    info: ContentInfo = data_of(part)
    smime = _PKCS7_TYPES.get(info.content_type)
    parameters = {**({"smime-type": smime} if smime else {}), "name": "smime.p7m"}
    kind = ContentType(type="application", subtype="pkcs7-mime", parameters=parameters)
    disposition = Disposition(kind="attachment", parameters={"filename": "smime.p7m"}).to_text()
    return _typed(kind, asn1.encode_octets(info), ("Content-Disposition", disposition))


def _entity_of_oda(part: ExtendedBodyPart) -> Entity:
    """An ODA document: its interchange elements one behind the other (RFC 1494 7.4)."""
    parameters = parameters_of(part)
    given: dict[str, str] = {}
    if isinstance(parameters, ODABodyPartParameters):
        profile = parameters.document_application_profile
        given = {"profile": "Q112" if profile == _Q112 else profile}
        given |= {"class": _ODA_CLASSES.get(parameters.document_architecture_class, str(parameters.document_architecture_class))}
    return _typed(ContentType(type="application", subtype="oda", parameters=given), ConcatOctets(data_of(part)))


# --- MIME -> X.400 ------------------------------------------------------------------------------------------------------------------------


def native_part(item: Entity, scope: Scope, *, whole: bool) -> tuple[BodyPart, tuple[str, ...]] | None:
    """The extended body part that is the type of an entity, for a peer that asks for those; None where there is none."""
    if not scope.context.policy.body.native_parts or not item.decodable:
        return None
    essence = item.content_type.essence
    made = _voice_part(item) or _pkcs7_part(item) or _direct_part(item)
    if made is not None:
        known = ("smime-type",) if essence == _PKCS7 else ()
        note_entity(item, essence, scope, whole=whole, parameters=known, section="RFC 2157 2.4")
    return made


def _kind(reference: str) -> ExtendedBodyPartType:
    return EXTENDED_BODY_PART_TYPES[reference]


def _direct_part(item: Entity) -> tuple[BodyPart, tuple[str, ...]] | None:
    reference = next((one for one, essence in DIRECT_TYPES.items() if essence == item.content_type.essence), None)
    return (extended(_kind(reference), item.content()), (reference,)) if reference is not None else None


def _voice_part(item: Entity) -> tuple[BodyPart, tuple[str, ...]] | None:
    encoding = next((one for one, essence in VOICE_TYPES.items() if essence == item.content_type.essence), None)
    if encoding is None:
        return None
    told = item.header.value(_DURATION).strip()
    duration = int(told) if told.isdecimal() and len(told) <= 6 else None
    parameters = VoiceParameters(voice_message_duration=duration, voice_encoding_type=encoding)
    return extended(_kind(oids.ID_ET_VOICE), item.content(), parameters), (oids.ID_EIT_IPMS_VOICE, encoding)


def _pkcs7_part(item: Entity) -> tuple[BodyPart, tuple[str, ...]] | None:
    if item.content_type.essence not in (_PKCS7, "application/x-pkcs7-mime"):
        return None
    try:
        info = asn1.decode(item.content(), ContentInfo)
    except GatewayError:
        return None
    return extended(_kind(oids.ID_ET_PKCS7), info), (oids.ID_EIT_UNKNOWN,)
