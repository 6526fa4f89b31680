"""Body parts (X.420 7.3) with the types of 1984 that later versions dropped.

Text, pages, files and encrypted data are `Octets` cut out of the input: a body of 100 MB is not read to decode its message. Extended body
parts (tag 15) hold two EXTERNALs here; `extended_bodyparts` says what is in them. A body part with another tag is kept whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from gateway import asn1
from gateway.octets import Octets
from gateway.x400.extension_values import EXTENDED_CERTIFICATES, ExtendedCertificate
from gateway.x400.mts import G3_FACSIMILE_NON_BASIC_PARAMETERS, TIME, TeletexNonBasicParameters
from gateway.x400.mts_delivery import OtherMessageDeliveryFields
from gateway.x400.security import AlgorithmIdentifier

if TYPE_CHECKING:
    from gateway.x400.ipm import IPM

IA5_STRING, TELETEX_STRING, VIDEOTEX_STRING, GENERAL_STRING = 22, 20, 21, 27
"""Universal tags of the string types whose contents stay `Octets`."""


def late_ipm() -> type[IPM]:
    """The class `IPM`; looked up late because an IPM contains body parts and a body part an IPM (X.420 7.3.9)."""
    from gateway.x400.ipm import IPM

    return IPM


class Repertoire(IntEnum):
    """X.420 7.3.1: character set of an ia5-text body part. What comes is often neither."""

    ITA2 = 2
    IA5 = 5


@asn1.set_()
class IA5TextParameters(asn1.Members):
    """X.420 7.3.1 IA5TextParameters."""

    repertoire: int = asn1.member(asn1.Enumerated(Repertoire), tag=asn1.context(0), default=Repertoire.IA5)


IA5TextData = asn1.LargeOctetString(tag=asn1.universal(IA5_STRING))


@asn1.sequence()
class IA5TextBodyPart(asn1.Members):
    """X.420 7.3.1 IA5TextBodyPart; lines end with CR LF, in the field also with LF alone."""

    parameters: IA5TextParameters = asn1.member(IA5TextParameters)
    data: Octets = asn1.member(IA5TextData)


@asn1.sequence()
class VoiceBodyPart(asn1.Members):
    """X.420 (1984) Voice: parameters were left for further study."""

    parameters: bytes = asn1.member(asn1.Any())
    data: asn1.Bits = asn1.member(asn1.BitString())


@asn1.set_()
class G3FacsimileParameters(asn1.Members):
    """X.420 7.3.2 G3FacsimileParameters."""

    number_of_pages: int | None = asn1.member(asn1.Integer(), tag=asn1.context(0), optional=True)
    non_basic_parameters: frozenset[int] | None = asn1.member(G3_FACSIMILE_NON_BASIC_PARAMETERS, tag=asn1.context(1), optional=True)


G3FacsimileData = asn1.SequenceOf(asn1.BitString())


@asn1.sequence()
class G3FacsimileBodyPart(asn1.Members):
    """X.420 7.3.2 G3FacsimileBodyPart: one bit string a page, T.4 or T.6 coded."""

    parameters: G3FacsimileParameters = asn1.member(G3FacsimileParameters)
    data: tuple[asn1.Bits, ...] = asn1.member(G3FacsimileData)


G4Class1BodyPart = MixedModeBodyPart = asn1.SequenceOf(asn1.LargeAny())
"""X.420 7.3.3 and 7.3.8: interchange data elements of ODIF (T.415), carried and not interpreted. In 1984 TIF0 and TIF1."""


@asn1.set_()
class TeletexParameters(asn1.Members):
    """X.420 7.3.4 TeletexParameters."""

    number_of_pages: int | None = asn1.member(asn1.Integer(), tag=asn1.context(0), optional=True)
    telex_compatible: bool = asn1.member(asn1.Boolean(), tag=asn1.context(1), default=False)
    non_basic_parameters: TeletexNonBasicParameters | None = asn1.member(TeletexNonBasicParameters, tag=asn1.context(2), optional=True)


TeletexData = asn1.SequenceOf(asn1.LargeOctetString(tag=asn1.universal(TELETEX_STRING)))


@asn1.sequence()
class TeletexBodyPart(asn1.Members):
    """X.420 7.3.4 TeletexBodyPart: one string of T.61 octets a page."""

    parameters: TeletexParameters = asn1.member(TeletexParameters)
    data: tuple[Octets, ...] = asn1.member(TeletexData)


@asn1.sequence()
class ISO6937TextBodyPart(asn1.Members):
    """ISO6937Text of MOTIS (1986), body part 13 of the European profiles of 1984; X.420 never had it.

    Attributes:
        parameters: SET with the repertoire, which nobody was seen to use.
        data: Lines without their ends, octets of ISO 6937. Some senders put blocks of equal length there.
    """

    parameters: bytes = asn1.member(asn1.Any())
    data: tuple[Octets, ...] = asn1.member(asn1.SequenceOf(asn1.LargeOctetString(tag=asn1.context(0))))


class VideotexSyntax(IntEnum):
    """X.420 7.3.5 VideotexSyntax."""

    IDS = 0
    DATA_SYNTAX1 = 1
    DATA_SYNTAX2 = 2
    DATA_SYNTAX3 = 3


@asn1.set_()
class VideotexParameters(asn1.Members):
    """X.420 7.3.5 VideotexParameters."""

    syntax: int | None = asn1.member(asn1.Integer(names=VideotexSyntax), tag=asn1.context(0), optional=True)


VideotexData = asn1.LargeOctetString(tag=asn1.universal(VIDEOTEX_STRING))


@asn1.sequence()
class VideotexBodyPart(asn1.Members):
    """X.420 7.3.5 VideotexBodyPart."""

    parameters: VideotexParameters = asn1.member(VideotexParameters)
    data: Octets = asn1.member(VideotexData)


@asn1.set_(extensible=True)
class EncryptedParameters(asn1.Members):
    """X.420 7.3.6 EncryptedParameters."""

    # Deviation: X.420 (1999) makes algorithm-identifier mandatory; the empty SET of earlier versions must be read.
    algorithm_identifier: AlgorithmIdentifier | None = asn1.member(AlgorithmIdentifier, optional=True)
    originator_certificates: tuple[ExtendedCertificate, ...] | None = asn1.member(EXTENDED_CERTIFICATES, optional=True)


EncryptedData = asn1.BitString()


@asn1.sequence()
class EncryptedBodyPart(asn1.Members):
    """X.420 7.3.6 EncryptedBodyPart: an encrypted body part."""

    parameters: EncryptedParameters = asn1.member(EncryptedParameters)
    data: asn1.Bits = asn1.member(EncryptedData)


@asn1.set_()
class MessageParameters(asn1.Members):
    """X.420 7.3.7 MessageParameters: when and how a forwarded IPM had been delivered."""

    delivery_time: datetime | None = asn1.member(TIME, tag=asn1.context(0), optional=True)
    delivery_envelope: OtherMessageDeliveryFields | None = asn1.member(OtherMessageDeliveryFields, tag=asn1.context(1), optional=True)


@asn1.sequence()
class MessageBodyPart(asn1.Members):
    """X.420 7.3.7 MessageBodyPart: a forwarded IPM; its data is ``30``, without the ``A0`` of InformationObject."""

    parameters: MessageParameters = asn1.member(MessageParameters)
    data: IPM = asn1.member(late_ipm)


BilaterallyDefinedBodyPart = asn1.LargeOctetString()
NationallyDefinedBodyPart = asn1.LargeAny()


@asn1.sequence()
class ExtendedBodyPart(asn1.Members):
    """X.420 7.3.12 ExtendedBodyPart, in 1988 ExternallyDefinedBodyPart.

    Attributes:
        parameters: EXTERNAL, ``A0`` (the 28 is implicit and gone).
        data: EXTERNAL. Its direct reference is the type; the value comes as a single ASN.1 type (usual) or octet-aligned.
    """

    parameters: asn1.LargeExternal | None = asn1.member(asn1.LargeExternal, tag=asn1.context(0), optional=True)
    data: asn1.LargeExternal = asn1.member(asn1.LargeExternal)


@asn1.choice(extensible=True)
class BodyPart(asn1.Choice):
    """X.420 7.3 BodyPart: the ten basic types, the extended one, and those of 1984.

    Attributes:
        unknown: A body part with another tag, complete with tag and length. `UNINTERPRETED` names those of 1984 and of PP.
    """

    ia5_text: IA5TextBodyPart | None = asn1.alternative(IA5TextBodyPart, tag=asn1.context(0))
    voice: VoiceBodyPart | None = asn1.alternative(VoiceBodyPart, tag=asn1.context(2))
    g3_facsimile: G3FacsimileBodyPart | None = asn1.alternative(G3FacsimileBodyPart, tag=asn1.context(3))
    g4_class1: tuple[Octets, ...] | None = asn1.alternative(G4Class1BodyPart, tag=asn1.context(4))
    teletex: TeletexBodyPart | None = asn1.alternative(TeletexBodyPart, tag=asn1.context(5))
    videotex: VideotexBodyPart | None = asn1.alternative(VideotexBodyPart, tag=asn1.context(6))
    encrypted: EncryptedBodyPart | None = asn1.alternative(EncryptedBodyPart, tag=asn1.context(8))
    message: MessageBodyPart | None = asn1.alternative(MessageBodyPart, tag=asn1.context(9))
    mixed_mode: tuple[Octets, ...] | None = asn1.alternative(MixedModeBodyPart, tag=asn1.context(11))
    bilaterally_defined: Octets | None = asn1.alternative(BilaterallyDefinedBodyPart, tag=asn1.context(14))
    nationally_defined: Octets | None = asn1.alternative(NationallyDefinedBodyPart, tag=asn1.context(7))
    extended: ExtendedBodyPart | None = asn1.alternative(ExtendedBodyPart, tag=asn1.context(15))
    unknown: Octets | None = asn1.alternative(asn1.LargeAny())


BODY_PART_NUMBERS: Final[Mapping[str, int]] = MappingProxyType(
    {each.attribute: each.tag.number for each in asn1.describe(BodyPart).members if each.tag is not None}
)
"""Alternative -> context tag number."""

UNINTERPRETED: Final[Mapping[int, str]] = MappingProxyType({1: "tlx", 10: "sfd", 12: "odif", 13: "iso6937-text"})
"""Body parts that have a name and no usable definition: telex and simple formattable document of 1984, MOTIS and PP additions."""


ISO_6937_NUMBER: Final = 13
_ISO_6937_TEXT: Final = asn1.tagged(ISO6937TextBodyPart, asn1.context(ISO_6937_NUMBER))
_NO_PARAMETERS: Final = b"\x31\x00"


def iso6937_text(part: BodyPart) -> ISO6937TextBodyPart | None:
    """The lines of body part 13; None for any other.

    Raises:
        BERError: It is not what MOTIS defined under that number.
    """
    if part.unknown is None or number_of(part) != ISO_6937_NUMBER:
        return None
    found: ISO6937TextBodyPart = asn1.decode(part.unknown, _ISO_6937_TEXT)
    return found


def iso6937_part(lines: Iterable[Octets]) -> BodyPart:
    """Body part 13 of lines of ISO 6937."""
    value = ISO6937TextBodyPart(parameters=_NO_PARAMETERS, data=tuple(lines))
    return BodyPart(unknown=asn1.encode_octets(value, _ISO_6937_TEXT))


def number_of(part: BodyPart) -> int:
    """The context tag number of a body part, the ``bp-type`` of RFC 2157 3.2."""
    if part.unknown is not None:
        return asn1.first_tag(part.unknown).number
    return BODY_PART_NUMBERS[part.chosen]
