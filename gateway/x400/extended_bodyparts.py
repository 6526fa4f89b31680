"""What is inside extended body parts: identifier -> type of parameters and data (X.420 Annexes B to H, RFC 2157, RFC 2158).

A message is decoded without looking into its extended body parts; `data_of` and `parameters_of` look into one. A type that nobody knows
stays as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final

from gateway import asn1
from gateway.octets import Octets
from gateway.x400 import bodyparts as bp
from gateway.x400 import oids
from gateway.x400.ftbp import FileTransferData, FileTransferParameters
from gateway.x400.heading_extensions import RFC822FieldList
from gateway.x400.mts import TIME, MTSIdentifier
from gateway.x400.mts_delivery import OtherMessageDeliveryFields, ReportDeliveryArgument
from gateway.x400.mts_submission import MessageSubmissionEnvelope
from gateway.x400.notifications import IPN
from gateway.x400.security import Certificates, Signature

ID_ODA_DATA: Final = "2.8.1.0.1"
"""RFC 1494 7.4: an ODA document as an extended body part."""

CharacterSetRegistration = asn1.Integer(range=(1, 32767))
GeneralTextParameters = asn1.SetOf(CharacterSetRegistration)
GeneralTextData = asn1.LargeOctetString(tag=asn1.universal(bp.GENERAL_STRING))


@asn1.sequence()
class VoiceParameters(asn1.Members):
    """X.420 Annex F VoiceParameters.

    Attributes:
        voice_message_duration: Seconds.
        voice_encoding_type: Such as `oids.ID_VOICE_G711_MU_LAW`.
        supplementary_information: Free text.
    """

    voice_message_duration: int | None = asn1.member(asn1.Integer(), tag=asn1.context(0), optional=True)
    voice_encoding_type: str = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(1))
    supplementary_information: str | None = asn1.member(asn1.IA5String(), tag=asn1.context(2), optional=True)


@asn1.set_()
class SubmissionProof(asn1.Members):
    """X.420 Annex H SubmissionProof."""

    proof_of_submission: Signature = asn1.member(Signature, tag=asn1.context(0))
    originating_mta_certificate: Certificates = asn1.member(Certificates, tag=asn1.context(1), name="originating-MTA-certificate")
    message_submission_envelope: MessageSubmissionEnvelope = asn1.member(MessageSubmissionEnvelope)


@asn1.set_()
class ForwardedContentParameters(asn1.Members):
    """X.420 Annex H ForwardedContentParameters."""

    delivery_time: datetime | None = asn1.member(TIME, tag=asn1.context(0), optional=True)
    delivery_envelope: OtherMessageDeliveryFields | None = asn1.member(OtherMessageDeliveryFields, tag=asn1.context(1), optional=True)
    mts_identifier: MTSIdentifier | None = asn1.member(MTSIdentifier, tag=asn1.context(2), optional=True)
    submission_proof: SubmissionProof | None = asn1.member(SubmissionProof, tag=asn1.context(3), optional=True)


@asn1.sequence()
class ContentInfo(asn1.Members):
    """PKCS #7 ContentInfo (X.420 Annex O).

    Attributes:
        content_type: Such as 1.2.840.113549.1.7.2, signed data.
        pkcs7_content: The complete TLV inside the [0].
    """

    content_type: str = asn1.member(asn1.ObjectIdentifier())
    pkcs7_content: Octets = asn1.member(asn1.LargeAny(), tag=asn1.context(0))


@asn1.sequence()
class MimeContentParameter(asn1.Members):
    """One parameter of a Content-Type field; quotes stay in the value (RFC 2157 3.1.2)."""

    parameter: str = asn1.member(asn1.IA5String())
    parameter_value: str = asn1.member(asn1.IA5String())


@asn1.sequence()
class MimeParameters(asn1.Members):
    """RFC 2157 3.1.2 MimeParameters: the header of a MIME entity that travels as a body part."""

    content_type: str = asn1.member(asn1.IA5String())
    content_parameters: tuple[MimeContentParameter, ...] = asn1.member(asn1.SequenceOf(MimeContentParameter))
    other_header_fields: tuple[str, ...] = asn1.member(RFC822FieldList)


class ODAClass(IntEnum):
    """T.411 Annex E: what can be done with a document."""

    FORMATTED = 0
    PROCESSABLE = 1
    FORMATTED_PROCESSABLE = 2


@asn1.set_(extensible=True)
class ODABodyPartParameters(asn1.Members):
    """OdaBodyPartParameters (T.411 Annex E, RFC 1494 7.4)."""

    document_application_profile: str = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(0))
    document_architecture_class: int = asn1.member(asn1.Integer(names=ODAClass), tag=asn1.context(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedBodyPartType:
    """One registered extended body part type.

    Attributes:
        data_reference: Object identifier that names the type, direct reference of the data.
        data: Type of the data.
        parameters_reference: Direct reference of the parameters; None where the type has no parameters.
        parameters: Type of the parameters.
        basic: The alternative of `BodyPart` that means the same (X.420 Annex B), if there is one.
    """

    data_reference: str
    data: asn1.ElementLike
    parameters_reference: str | None = None
    parameters: asn1.ElementLike | None = None
    basic: str | None = None


def _type(
    data_reference: str,
    data: asn1.ElementLike,
    parameters_reference: str | None = None,
    parameters: asn1.ElementLike | None = None,
    basic: str | None = None,
) -> ExtendedBodyPartType:
    return ExtendedBodyPartType(
        data_reference=data_reference, data=data, parameters_reference=parameters_reference, parameters=parameters, basic=basic
    )


_OCTETS: Final = asn1.LargeOctetString()

EXTENDED_BODY_PART_TYPES: Final[Mapping[str, ExtendedBodyPartType]] = MappingProxyType(
    {
        each.data_reference: each
        for each in (
            _type(oids.ID_ET_IA5_TEXT, bp.IA5TextData, oids.ID_EP_IA5_TEXT, bp.IA5TextParameters, "ia5_text"),
            _type(oids.ID_ET_G3_FACSIMILE, bp.G3FacsimileData, oids.ID_EP_G3_FACSIMILE, bp.G3FacsimileParameters, "g3_facsimile"),
            _type(oids.ID_ET_G4_CLASS1, bp.G4Class1BodyPart, basic="g4_class1"),
            _type(oids.ID_ET_TELETEX, bp.TeletexData, oids.ID_EP_TELETEX, bp.TeletexParameters, "teletex"),
            _type(oids.ID_ET_VIDEOTEX, bp.VideotexData, oids.ID_EP_VIDEOTEX, bp.VideotexParameters, "videotex"),
            _type(oids.ID_ET_ENCRYPTED, bp.EncryptedData, oids.ID_EP_ENCRYPTED, bp.EncryptedParameters, "encrypted"),
            _type(oids.ID_ET_MESSAGE, bp.late_ipm, oids.ID_EP_MESSAGE, bp.MessageParameters, "message"),
            _type(oids.ID_ET_MIXED_MODE, bp.MixedModeBodyPart, basic="mixed_mode"),
            _type(oids.ID_ET_BILATERALLY_DEFINED, bp.BilaterallyDefinedBodyPart, basic="bilaterally_defined"),
            _type(oids.ID_ET_NATIONALLY_DEFINED, bp.NationallyDefinedBodyPart, basic="nationally_defined"),
            _type(oids.ID_ET_GENERAL_TEXT, GeneralTextData, oids.ID_EP_GENERAL_TEXT, GeneralTextParameters),
            _type(oids.ID_ET_FILE_TRANSFER, FileTransferData, oids.ID_EP_FILE_TRANSFER, FileTransferParameters),
            _type(oids.ID_ET_REPORT, ReportDeliveryArgument),
            _type(oids.ID_ET_NOTIFICATION, IPN, oids.ID_EP_NOTIFICATION, bp.MessageParameters),
            _type(oids.ID_ET_VOICE, _OCTETS, oids.ID_EP_VOICE, VoiceParameters),
            _type(oids.ID_ET_PKCS7, ContentInfo),
            _type(oids.ID_MIME_BP_DATA, _OCTETS, oids.ID_MIME_BP_PARAMETERS, MimeParameters),
            _type(oids.ID_MIME_POSTSCRIPT_BODY, _OCTETS),
            _type(oids.ID_MIME_JPEG_BODY, _OCTETS),
            _type(oids.ID_MIME_GIF_BODY, _OCTETS),
            _type(ID_ODA_DATA, asn1.SequenceOf(asn1.LargeAny()), None, ODABodyPartParameters),
        )
    }
)

_BASIC_OF_ALTERNATIVE: Final = MappingProxyType({each.basic: each for each in EXTENDED_BODY_PART_TYPES.values() if each.basic})
_SEPARATE_PARTS: Final = MappingProxyType(
    {
        "ia5_text": (bp.IA5TextBodyPart, bp.IA5TextParameters),
        "g3_facsimile": (bp.G3FacsimileBodyPart, bp.G3FacsimileParameters),
        "teletex": (bp.TeletexBodyPart, bp.TeletexParameters),
        "videotex": (bp.VideotexBodyPart, bp.VideotexParameters),
        "encrypted": (bp.EncryptedBodyPart, bp.EncryptedParameters),
        "message": (bp.MessageBodyPart, bp.MessageParameters),
    }
)
"""Basic types that are a SEQUENCE of parameters and data; the others are their data."""


def forwarded_content_type(content_type: str) -> ExtendedBodyPartType:
    """The type of a forwarded content (X.420 Annex H): its references are the arcs 2.6.1.4.17 and 2.6.1.11.17 with the content type behind.

    Args:
        content_type: Dotted arcs of the content type, as a relative identifier.
    """
    return ExtendedBodyPartType(
        data_reference=f"{oids.ID_ET_CONTENT}.{content_type}",
        data=_OCTETS,
        parameters_reference=f"{oids.ID_EP_CONTENT}.{content_type}",
        parameters=ForwardedContentParameters,
    )


def type_of(part: bp.ExtendedBodyPart) -> ExtendedBodyPartType | None:
    """The registered type of an extended body part, None for an unknown one (or for data without a direct reference)."""
    reference = part.data.direct_reference or ""
    if reference.startswith(oids.ID_ET_CONTENT + "."):
        return forwarded_content_type(reference.removeprefix(oids.ID_ET_CONTENT + "."))
    return EXTENDED_BODY_PART_TYPES.get(reference)


def data_of(part: bp.ExtendedBodyPart, *, limits: asn1.Limits | None = None) -> Any:
    """The data of an extended body part as a value of its type.

    Returns:
        The value; for a type that is not registered the `LargeExternalEncoding` as it came.

    Raises:
        BERError: The data is not a value of the type.
    """
    type_ = type_of(part)
    return part.data.encoding if type_ is None else _inside(part.data, type_.data, limits)


def parameters_of(part: bp.ExtendedBodyPart, *, limits: asn1.Limits | None = None) -> Any:
    """The parameters of an extended body part as a value of their type; None when there are none.

    The type of the data decides: some senders put the wrong reference on the parameters, or none.

    Raises:
        BERError: The parameters are not a value of the type.
    """
    type_ = type_of(part)
    if part.parameters is None:
        return None
    if type_ is None or type_.parameters is None:
        return part.parameters.encoding
    return _inside(part.parameters, type_.parameters, limits)


def _inside(external: asn1.LargeExternal, element: Any, limits: asn1.Limits | None) -> Any:
    """The value inside an EXTERNAL, in whichever of the three encodings."""
    encoding = external.encoding
    if encoding.single_asn1_type is not None:
        return asn1.decode(encoding.single_asn1_type, element, limits=limits or asn1.Limits())
    octets = encoding.octet_aligned
    if octets is None:
        # Peer: arbitrary (BIT STRING) was seen only for whole octets.
        octets = encoding.arbitrary.octets if encoding.arbitrary is not None else asn1.Bits().octets
    if not isinstance(element, asn1.LargeOctetString):
        return asn1.decode(octets, element, limits=limits or asn1.Limits())
    # Peer: octet-aligned data of a string type is the bare contents (RFC 2157 5.5); the TLV that the letter asks for is rare, but seen.
    try:
        return asn1.decode(octets, element, limits=limits or asn1.Limits())
    except asn1.BERError:
        return octets


def extended(type_: ExtendedBodyPartType, data: Any, parameters: Any = None) -> bp.BodyPart:
    """Make an extended body part: EXTERNALs with a direct reference and a single ASN.1 type (RFC 2157 5.5).

    Args:
        type_: From `EXTENDED_BODY_PART_TYPES` or `forwarded_content_type`.
        data: Value of ``type_.data``.
        parameters: Value of ``type_.parameters``, None for none.
    """
    given = None
    if parameters is not None and type_.parameters is not None:
        given = _external(type_.parameters_reference, parameters, type_.parameters)
    return bp.BodyPart(extended=bp.ExtendedBodyPart(parameters=given, data=_external(type_.data_reference, data, type_.data)))


def _external(reference: str | None, value: Any, element: asn1.ElementLike) -> asn1.LargeExternal:
    encoded = asn1.encode_octets(value, element)
    return asn1.LargeExternal(direct_reference=reference, encoding=asn1.LargeExternalEncoding(single_asn1_type=encoded))


def basic_of(part: bp.BodyPart, *, limits: asn1.Limits | None = None) -> bp.BodyPart:
    """The basic form of an extended body part whose type has one (X.420 Annex B); every other body part is returned as it is.

    Raises:
        BERError: Parameters or data are not values of their types.
    """
    if part.extended is None:
        return part
    type_ = type_of(part.extended)
    if type_ is None or type_.basic is None:
        return part
    data = data_of(part.extended, limits=limits)
    if type_.basic not in _SEPARATE_PARTS:
        return bp.BodyPart(**{type_.basic: data})
    whole, parameters_class = _SEPARATE_PARTS[type_.basic]
    parameters = parameters_of(part.extended, limits=limits) or parameters_class()
    return bp.BodyPart(**{type_.basic: whole(parameters=parameters, data=data)})


def extended_of(part: bp.BodyPart) -> bp.BodyPart:
    """The extended form of a basic body part that has one; every other body part is returned as it is."""
    type_ = _BASIC_OF_ALTERNATIVE.get(part.chosen)
    if type_ is None:
        return part
    if part.chosen not in _SEPARATE_PARTS:
        return extended(type_, part.value)
    return extended(type_, part.value.data, part.value.parameters)
