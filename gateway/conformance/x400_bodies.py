"""IPMs in the inputs of vectors: headings and body parts (the conformance schema, 2.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway import asn1
from gateway.asn1 import BERError
from gateway.conformance.message_values import oraddress, time_from_text
from gateway.conformance.vector import VectorError, exactly, list_of, mapping_of, octets_of, text_of
from gateway.octets import octets
from gateway.x400 import oids
from gateway.x400.bodyparts import (
    BodyPart,
    G3FacsimileBodyPart,
    G3FacsimileParameters,
    IA5TextBodyPart,
    IA5TextParameters,
    MessageBodyPart,
    MessageParameters,
    TeletexBodyPart,
    TeletexParameters,
)
from gateway.x400.charsets import general_from_text, t61_from_text
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, extended
from gateway.x400.file_attributes import FileAttributes, ObjectSizeAttribute, PathnameAttribute
from gateway.x400.ftbp import EnvironmentParameter, FileTransferParameters, GeneralIdentifier, file_transfer_data
from gateway.x400.heading_extensions import MultipartType
from gateway.x400.ipm import IPM, Heading
from gateway.x400.ipms_fields import IPMIdentifier, IPMSExtension, ORDescriptor, RecipientSpecifier
from gateway.x400.oraddress import orname_from_oraddress
from gateway.x400.orname import ORName

VALID_IPM: Final[Mapping[str, Any]] = {"heading": {"subject": "Subject"}, "body_parts": [{"type": "ia5-text", "data": "text\r\n"}]}
"""What ``valid-ipm`` stands for."""

# --- headings -----------------------------------------------------------------------------------------------------------------------------


def orname_from(raw: object) -> ORName:
    """An O/R name."""
    return orname_from_oraddress(oraddress(raw))


def identifier_from(raw: object) -> IPMIdentifier:
    """An IPM identifier."""
    one = exactly(raw, "an IPM identifier", needed=("id",), optional=("user",))
    user = orname_from(one["user"]) if one.get("user") is not None else None
    return IPMIdentifier(user=user, user_relative_identifier=text_of(one["id"], "id"))


def descriptor_from(raw: object) -> ORDescriptor:
    """An OR descriptor."""
    one = exactly(raw, "an OR descriptor", optional=("formal-name", "free-form-name", "telephone-number"))
    return ORDescriptor(
        formal_name=orname_from(one["formal-name"]) if "formal-name" in one else None,
        free_form_name=_t61(one["free-form-name"]) if "free-form-name" in one else None,
        telephone_number=one.get("telephone-number"),
    )


def _t61(raw: object) -> bytes:
    return t61_from_text(text_of(raw, "a text")).octets


def _specifier(raw: object) -> RecipientSpecifier:
    one = exactly(raw, "a recipient", needed=("recipient",), optional=("reply-requested",))
    return RecipientSpecifier(recipient=descriptor_from(one["recipient"]), reply_requested=one.get("reply-requested", False))


def _tuple(shape: Callable[[object], Any]) -> Callable[[object], Any]:
    return lambda raw: tuple(shape(one) for one in list_of(raw, "a list"))


def _extensions(raw: object) -> tuple[IPMSExtension, ...]:
    return tuple(IPMSExtension(type_=str(oid), value=_extension(str(oid), value)) for oid, value in mapping_of(raw, "extensions").items())


def _extension(oid: str, raw: object) -> Any:
    if raw is None:
        return asn1.NULL
    if oid == oids.ID_HEX_MULTIPART_MESSAGE_V2:
        one = exactly(raw, "multipart-message-v2", needed=("subtype",), optional=("isAMessage",))
        return MultipartType(subtype=text_of(one["subtype"], "subtype"), is_a_message=one.get("isAMessage", True))
    return tuple(raw) if isinstance(raw, list) else raw


_MEMBERS: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "this-IPM": ("this_ipm", identifier_from),
    "originator": ("originator", descriptor_from),
    "authorizing-users": ("authorizing_users", _tuple(descriptor_from)),
    "primary-recipients": ("primary_recipients", _tuple(_specifier)),
    "copy-recipients": ("copy_recipients", _tuple(_specifier)),
    "blind-copy-recipients": ("blind_copy_recipients", _tuple(_specifier)),
    "reply-recipients": ("reply_recipients", _tuple(descriptor_from)),
    "replied-to-IPM": ("replied_to_ipm", identifier_from),
    "related-IPMs": ("related_ipms", _tuple(identifier_from)),
    "obsoleted-IPMs": ("obsoleted_ipms", _tuple(identifier_from)),
    "subject": ("subject", _t61),
    "subject_t61_bytes_hex": ("subject", lambda raw: octets_of(raw, "subject_t61_bytes_hex")),
    "expiry-time": ("expiry_time", time_from_text),
    "reply-time": ("reply_time", time_from_text),
    "importance": ("importance", lambda raw: raw),
    "sensitivity": ("sensitivity", lambda raw: raw),
    "auto-forwarded": ("auto_forwarded", lambda raw: raw),
    "extensions": ("extensions", _extensions),
}


def heading_from(raw: object) -> Heading:
    """A heading; an identifier is supplied where none is given."""
    given = mapping_of(raw, "heading")
    unknown = given.keys() - _MEMBERS.keys()
    if unknown:
        raise VectorError(f"unknown key {min(unknown)!r} of heading")
    found = {_MEMBERS[key][0]: _MEMBERS[key][1](value) for key, value in given.items()}
    return Heading(**{"this_ipm": IPMIdentifier(user_relative_identifier="t1"), **found})


def ipm_from(raw: object) -> IPM:
    """An IPM: ``valid-ipm``, or heading and body parts."""
    if raw == "valid-ipm":
        raw = VALID_IPM
    given = mapping_of(raw, "an IPM")
    parts = _facsimile(given["g3_non_basic_bits"]) if "g3_non_basic_bits" in given else _parts(given.get("body_parts", []))
    return IPM(heading=heading_from(given.get("heading", {})), body=parts)


# --- body parts ---------------------------------------------------------------------------------------------------------------------------


def _parts(raw: object) -> tuple[BodyPart, ...]:
    return tuple(_part(mapping_of(one, "a body part")) for one in list_of(raw, "body_parts"))


def _part(given: Mapping[str, Any]) -> BodyPart:
    if "ber_hex" in given:
        one = exactly(given, "a body part", needed=("ber_hex",), optional=("type",))
        try:
            return asn1.decode(octets_of(one["ber_hex"], "ber_hex"), BodyPart)
        except BERError as error:
            raise VectorError(f"ber_hex is no body part: {error}") from error
    maker = _MAKERS.get(given.get("type", ""))
    if maker is None:
        raise VectorError(f"unknown body part type {given.get('type')!r}")
    return maker({key: value for key, value in given.items() if key != "type"})


def _ia5(raw: Mapping[str, Any]) -> BodyPart:
    one = exactly(raw, "ia5-text", needed=("data",), optional=("repertoire",))
    parameters = IA5TextParameters(repertoire=one.get("repertoire", 5))
    return BodyPart(ia5_text=IA5TextBodyPart(parameters=parameters, data=octets(text_of(one["data"], "data").encode("latin-1"))))


def _general(raw: Mapping[str, Any]) -> BodyPart:
    one = exactly(raw, "general-text", needed=("character_sets", "data_hex"))
    kind = EXTENDED_BODY_PART_TYPES[oids.ID_ET_GENERAL_TEXT]
    return extended(kind, octets(octets_of(one["data_hex"], "data_hex")), tuple(list_of(one["character_sets"], "character_sets")))


def _teletex(raw: Mapping[str, Any]) -> BodyPart:
    one = exactly(raw, "teletex", needed=("pages",))
    pages = tuple(octets(_page(page)) for page in list_of(one["pages"], "pages"))
    return BodyPart(teletex=TeletexBodyPart(parameters=TeletexParameters(number_of_pages=len(pages)), data=pages))


def _page(raw: object) -> bytes:
    text = text_of(raw, "pages")
    return text.encode("ascii") if text.isascii() else t61_from_text(text).octets


def _message(raw: Mapping[str, Any]) -> BodyPart:
    one = exactly(raw, "message", optional=("ipm", "heading", "body_parts", "delivery-time"))
    at = time_from_text(one["delivery-time"]) if "delivery-time" in one else None
    inner = ipm_from(one["ipm"] if "ipm" in one else {key: one[key] for key in ("heading", "body_parts") if key in one})
    return BodyPart(message=MessageBodyPart(parameters=MessageParameters(delivery_time=at), data=inner))


def _bilateral(raw: Mapping[str, Any]) -> BodyPart:
    one = exactly(raw, "bilaterally-defined", needed=("data_hex",))
    return BodyPart(bilaterally_defined=octets(octets_of(one["data_hex"], "data_hex")))


_FILE_KEYS: Final = (
    "application-reference", "data_octets_hex", "incomplete-pathname", "user-visible-string", "object-size", "external_count",
    "ftbp_rfc822_field_list",
)  # fmt: skip


def _file(raw: Mapping[str, Any]) -> BodyPart:
    one = exactly(raw, "file-transfer", optional=_FILE_KEYS)
    data = file_transfer_data(octets(octets_of(one.get("data_octets_hex", "00"), "data_octets_hex")))
    kind = EXTENDED_BODY_PART_TYPES[oids.ID_ET_FILE_TRANSFER]
    return extended(kind, data * one.get("external_count", 1), _file_parameters(one))


def _file_parameters(one: Mapping[str, Any]) -> FileTransferParameters:
    reference, lines = one.get("application-reference"), one.get("ftbp_rfc822_field_list")
    strings = tuple(_graphic(text) for text in one.get("user-visible-string", ()))
    environment = EnvironmentParameter(
        application_reference=GeneralIdentifier(registered_identifier=reference) if reference is not None else None,
        user_visible_string=strings or None,
    )
    return FileTransferParameters(
        environment=environment,
        file_attributes=_attributes(one),
        extensions=(IPMSExtension(type_=oids.ID_RFC_822_FIELD_LIST, value=tuple(lines)),) if lines else None,
    )


def _attributes(one: Mapping[str, Any]) -> FileAttributes | None:
    name, size = one.get("incomplete-pathname"), one.get("object-size")
    if name is None and size is None:
        return None
    sized = None
    if size is not None:
        known = size != "no-value-available"
        sized = ObjectSizeAttribute(actual_values=size) if known else ObjectSizeAttribute(no_value_available=asn1.NULL)
    path = PathnameAttribute(incomplete_pathname=tuple(_graphic(text) for text in name)) if name is not None else None
    return FileAttributes(pathname=path, object_size=sized)


def _graphic(text: str) -> bytes:
    return text.encode("ascii") if text.isascii() else general_from_text(text).octets


def _facsimile(bits: object) -> tuple[BodyPart, ...]:
    """A fax of one page."""
    parameters = G3FacsimileParameters(number_of_pages=1, non_basic_parameters=frozenset(list_of(bits, "g3_non_basic_bits")))
    # An end-of-line code and nothing else: a page may be empty.
    page = asn1.Bits(octets=octets(b"\x00\x10"), unused=4)
    return (BodyPart(g3_facsimile=G3FacsimileBodyPart(parameters=parameters, data=(page,))),)


_MAKERS: Final[Mapping[str, Callable[[Mapping[str, Any]], BodyPart]]] = {
    "ia5-text": _ia5,
    "general-text": _general,
    "teletex": _teletex,
    "message": _message,
    "bilaterally-defined": _bilateral,
    "file-transfer": _file,
}
