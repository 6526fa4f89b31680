"""Encoded information types of body parts as object identifiers (X.420 Annex E, RFC 2157 6.2), and which of them are newer than 1984."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gateway.errors import GatewayError
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart, ExtendedBodyPart, number_of
from gateway.x400.extended_bodyparts import VoiceParameters, basic_of, parameters_of

_BASIC: Final[Mapping[int, str]] = MappingProxyType(
    {0: "2.6.3.4.2", 1: "2.6.3.4.1", 2: "2.6.3.4.7", 3: "2.6.3.4.3", 4: "2.6.3.4.4", 5: "2.6.3.4.5", 6: "2.6.3.4.6", 10: "2.6.3.4.8"}
    | {11: "2.6.3.4.9"}
)
"""Context tag number -> the object identifier that means its built-in type; the others are undefined."""
_MIME: Final = frozenset(
    {oids.ID_MIME_BP_DATA, oids.ID_MIME_POSTSCRIPT_BODY, oids.ID_MIME_JPEG_BODY, oids.ID_MIME_GIF_BODY}
)
"""Extended types whose information type has the same identifier."""


def types_of(part: BodyPart) -> tuple[str, ...]:
    """The types of one body part; of a forwarded message those of everything in it, each once."""
    try:
        part = basic_of(part)
        if part.extended is not None:
            return _types_of_extended(part.extended)
    except GatewayError:
        return (oids.ID_EIT_UNKNOWN,)
    if part.message is not None:
        return tuple(dict.fromkeys(one for inner in part.message.data.body for one in types_of(inner)))
    return (_BASIC.get(number_of(part), oids.ID_EIT_UNKNOWN),)


def _types_of_extended(part: ExtendedBodyPart) -> tuple[str, ...]:
    reference = part.data.direct_reference or ""
    if reference == oids.ID_ET_GENERAL_TEXT:
        numbers = sorted(frozenset(parameters_of(part) or ()))
        return tuple(f"{oids.ID_CS_EIT_AUTHORITY}.{one}" for one in numbers) or (oids.ID_EIT_UNKNOWN,)
    if reference == oids.ID_ET_VOICE:
        parameters = parameters_of(part)
        encoding = (parameters.voice_encoding_type,) if isinstance(parameters, VoiceParameters) else ()
        return (oids.ID_EIT_IPMS_VOICE, *encoding)
    if reference == oids.ID_ET_FILE_TRANSFER:
        return (oids.ID_EIT_FILE_TRANSFER,)
    return (reference,) if reference in _MIME else (oids.ID_EIT_UNKNOWN,)


def is_newer(parts: Sequence[BodyPart]) -> bool:
    """Whether a body part is of a type that came with 1988 (bilaterally defined, extended), also inside a forwarded message."""
    for part in parts:
        if part.chosen in ("bilaterally_defined", "extended"):
            return True
        if part.message is not None and (part.message.data.heading.extensions or is_newer(part.message.data.body)):
            return True
    return False


def for_1984(part: BodyPart) -> BodyPart | None:
    """The basic form of a body part (RFC 1496 3.1); None for one that X.400 (1984) does not have.

    Raises:
        BERError: It is an extended body part of a basic type, and does not decode.
    """
    basic = basic_of(part)
    return basic if basic.extended is None else None
