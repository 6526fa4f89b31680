"""The extensions of headings, recipient specifiers and notifications (X.420 Annex A, 7.1.3, 8; RFC 2156, RFC 2157, RFC 1495).

`IPMS_EXTENSIONS` maps every published object identifier to the type of its value. X.420 gives each kind of extension its own information
object set, but the identifiers never overlap, so one table serves all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final

from gateway import asn1
from gateway.x400 import ipms_bounds as ub
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart
from gateway.x400.extension_attributes import CharacterEncoding, UniversalOrBMPString
from gateway.x400.extension_values import EXTENDED_CERTIFICATES, ExtendedCertificate
from gateway.x400.ipms_fields import IPMIdentifier, ORDescriptor, RecipientSpecifier
from gateway.x400.ipms_security import IpnSecurityResponse, RecipientSecurityRequests
from gateway.x400.notifications import AbsenceAdvice, ChangeOfAddressAdvice
from gateway.x400.security import AlgorithmIdentifier, CertificateAssertion, SecurityLabel, Signature


class AutoSubmitted(IntEnum):
    """X.420 A.3: whether a person sent the IPM."""

    NOT_AUTO_SUBMITTED = 0
    AUTO_GENERATED = 1
    AUTO_REPLIED = 2


Language = asn1.PrintableString(size=(2, 5))
"""ISO 639, two letters, with an optional ISO 3166 country behind a hyphen or directly (five characters)."""


@asn1.sequence()
class SignedBodyPart(asn1.Members):
    """What a body part signature covers; anonymous in X.420."""

    signature_algorithm_identifier: AlgorithmIdentifier = asn1.member(AlgorithmIdentifier)
    body_part: BodyPart = asn1.member(BodyPart)
    body_part_security_label: SecurityLabel | None = asn1.member(SecurityLabel, optional=True)


BodyPartSignature = Signature
"""X.420 A.4 BodyPartSignature, ``SIGNATURE { SignedBodyPart }``: only algorithm and signature travel."""


@asn1.set_(extensible=True)
class BodyPartSignatureElement(asn1.Members):
    """One element of X.420 A.4 BodyPartSignatures."""

    body_part_number: int = asn1.member(asn1.Integer(range=(1, None)))
    body_part_signature: Signature = asn1.member(BodyPartSignature)
    originator_certificate_selector: CertificateAssertion | None = asn1.member(CertificateAssertion, tag=asn1.context(1), optional=True)
    originator_certificates: tuple[ExtendedCertificate, ...] | None = asn1.member(EXTENDED_CERTIFICATES, tag=asn1.context(0), optional=True)


@asn1.choice()
class BodyPartSecurityLabel(asn1.Choice):
    """X.420 A.5 BodyPartSecurityLabel."""

    body_part_unlabelled: asn1.NullType | None = asn1.alternative(asn1.Null(), tag=asn1.context(0))
    body_part_security_label: SecurityLabel | None = asn1.alternative(SecurityLabel, tag=asn1.context(1))


@asn1.sequence()
class IPMSecurityLabel(asn1.Members):
    """X.420 A.5 IPMSecurityLabel."""

    content_security_label: SecurityLabel = asn1.member(SecurityLabel, tag=asn1.context(0))
    heading_security_label: SecurityLabel | None = asn1.member(SecurityLabel, tag=asn1.context(1), optional=True)
    body_part_security_labels: tuple[BodyPartSecurityLabel, ...] | None = asn1.member(
        asn1.SequenceOf(BodyPartSecurityLabel), tag=asn1.context(2), optional=True
    )


@asn1.sequence()
class SignedCirculation(asn1.Members):
    """What a circulation signature covers; anonymous in X.420."""

    algorithm_identifier: AlgorithmIdentifier = asn1.member(AlgorithmIdentifier)
    this_ipm: IPMIdentifier = asn1.member(IPMIdentifier, name="this-IPM")
    timestamp: datetime = asn1.member(asn1.GeneralizedTime())


@asn1.sequence()
class CirculationSignature(asn1.Members):
    """X.420 A.7 CirculationSignature, ``SIGNED { SignedCirculation }``."""

    to_be_signed: SignedCirculation = asn1.member(SignedCirculation)
    algorithm_identifier: AlgorithmIdentifier = asn1.member(AlgorithmIdentifier)
    encrypted: asn1.Bits = asn1.member(asn1.BitString())


@asn1.choice()
class Checkmark(asn1.Choice):
    """X.420 A.7 Checkmark: how a member of a circulation list has ticked itself off."""

    simple: asn1.NullType | None = asn1.alternative(asn1.Null())
    timestamped: datetime | None = asn1.alternative(asn1.GeneralizedTime())
    signed: CirculationSignature | None = asn1.alternative(CirculationSignature)


@asn1.set_()
class CirculationMember(asn1.Members):
    """X.420 A.7 CirculationMember."""

    circulation_recipient: RecipientSpecifier = asn1.member(RecipientSpecifier)
    checked: Checkmark | None = asn1.member(Checkmark, optional=True)


@asn1.sequence()
class DistributionCode(asn1.Members):
    """X.420 A.8 DistributionCode."""

    oid_code: str | None = asn1.member(asn1.ObjectIdentifier(), optional=True)
    alphanumeric_code: UniversalOrBMPString | None = asn1.member(UniversalOrBMPString, optional=True)
    or_descriptor: ORDescriptor | None = asn1.member(ORDescriptor, tag=asn1.context(0), optional=True)


@asn1.sequence()
class InformationCategory(asn1.Members):
    """X.420 A.10 InformationCategory."""

    reference: str | None = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(0), optional=True)
    description: UniversalOrBMPString | None = asn1.member(UniversalOrBMPString, tag=asn1.context(1), optional=True)


@asn1.sequence()
class MultipartType(asn1.Members):
    """RFC 2157 6.6 MultipartType (multipart-message-v2).

    Attributes:
        subtype: Subtype of the MIME multipart.
        is_a_message: True at the outermost level of a message, False for a multipart inside another one.
    """

    subtype: str = asn1.member(asn1.IA5String())
    is_a_message: bool = asn1.member(asn1.Boolean(), default=True, name="isAMessage")


class MultipartTypeV1(IntEnum):
    """RFC 1495 3.2.1.3 MultipartType: the older extension; where both come the newer one counts."""

    MIXED = 1
    ALTERNATIVE = 2
    DIGEST = 3
    PARALLEL = 4


@asn1.sequence()
class PartialMessage(asn1.Members):
    """RFC 1495 3.2.1.2 PartialMessage."""

    number: int = asn1.member(asn1.Integer())
    total: int = asn1.member(asn1.Integer())
    id_: str = asn1.member(asn1.IA5String(), name="id")


RFC822FieldList = asn1.SequenceOf(asn1.IA5String())
"""RFC 2156 5.1.3: one unfolded header field an element, without its line end."""

CirculationList = asn1.SequenceOf(CirculationMember, size=(2, ub.UB_CIRCULATION_LIST_MEMBERS))
DistributionCodes = asn1.SequenceOf(DistributionCode, size=(1, ub.UB_DISTRIBUTION_CODES))
InformationCategories = asn1.SequenceOf(InformationCategory, size=(1, ub.UB_INFORMATION_CATEGORIES))
ManualHandlingInstructions = asn1.SequenceOf(UniversalOrBMPString, size=(1, ub.UB_MANUAL_HANDLING_INSTRUCTIONS))
BodyPartSignatures = asn1.SetOf(BodyPartSignatureElement)
Languages = asn1.SetOf(Language)
ExtendedSubject = OriginatorsReference = UniversalOrBMPString

HEADING_EXTENSIONS: Final[Mapping[str, asn1.ElementLike]] = MappingProxyType(
    {
        oids.ID_HEX_INCOMPLETE_COPY: asn1.Null(),
        oids.ID_HEX_LANGUAGES: Languages,
        oids.ID_HEX_AUTO_SUBMITTED: asn1.Enumerated(AutoSubmitted),
        oids.ID_HEX_BODY_PART_SIGNATURES: BodyPartSignatures,
        oids.ID_HEX_IPM_SECURITY_LABEL: IPMSecurityLabel,
        oids.ID_HEX_AUTHORIZATION_TIME: asn1.GeneralizedTime(),
        oids.ID_HEX_CIRCULATION_LIST_RECIPIENTS: CirculationList,
        oids.ID_HEX_DISTRIBUTION_CODES: DistributionCodes,
        oids.ID_HEX_EXTENDED_SUBJECT: ExtendedSubject,
        oids.ID_HEX_INFORMATION_CATEGORY: InformationCategories,
        oids.ID_HEX_MANUAL_HANDLING_INSTRUCTIONS: ManualHandlingInstructions,
        oids.ID_HEX_ORIGINATORS_REFERENCE: OriginatorsReference,
        oids.ID_HEX_PRECEDENCE_POLICY_ID: asn1.ObjectIdentifier(),
        oids.ID_RFC_822_FIELD_LIST: RFC822FieldList,
        oids.ID_RFC_822_FIELD_LIST_1327: RFC822FieldList,
        oids.ID_DSN_HEADER_LIST: RFC822FieldList,
        oids.ID_DSN_FIELD_LIST: RFC822FieldList,
        oids.ID_HEX_PARTIAL_MESSAGE: PartialMessage,
        oids.ID_HEX_MULTIPART_MESSAGE: asn1.Enumerated(MultipartTypeV1),
        oids.ID_HEX_MULTIPART_MESSAGE_V2: MultipartType,
    }
)
RECIPIENT_EXTENSIONS: Final[Mapping[str, asn1.ElementLike]] = MappingProxyType(
    {
        oids.ID_REX_CIRCULATION_LIST_INDICATOR: asn1.Null(),
        oids.ID_REX_PRECEDENCE: asn1.Integer(range=(0, ub.UB_PRECEDENCE)),
        oids.ID_SEC_IPM_SECURITY_REQUEST: RecipientSecurityRequests,
    }
)
NOTIFICATION_EXTENSIONS: Final[Mapping[str, asn1.ElementLike]] = MappingProxyType(
    {oids.ID_SEC_SECURITY_COMMON_FIELDS: IpnSecurityResponse}
)
OTHER_NOTIFICATIONS: Final[Mapping[str, asn1.ElementLike]] = MappingProxyType(
    {oids.ID_ON_ABSENCE_ADVICE: AbsenceAdvice, oids.ID_ON_CHANGE_OF_ADDRESS_ADVICE: ChangeOfAddressAdvice}
)
IPMS_EXTENSIONS: Final[Mapping[str, asn1.ElementLike]] = MappingProxyType(
    {**HEADING_EXTENSIONS, **RECIPIENT_EXTENSIONS, **NOTIFICATION_EXTENSIONS, **OTHER_NOTIFICATIONS}
)


def text_of(value: UniversalOrBMPString) -> str:
    """The characters of a UniversalOrBMPString (extended subject, originator's reference, ...)."""
    encoding = value.character_encoding
    return encoding.two_octets if encoding.two_octets is not None else encoding.four_octets or ""


def universal_or_bmp(text: str, *, bound: int, language: str | None = None) -> UniversalOrBMPString:
    """A UniversalOrBMPString: two octets a character where that is enough, else four.

    Args:
        text: Its characters; those beyond ``bound`` are cut off.
        bound: Upper bound in characters, such as `ipms_bounds.UB_EXTENDED_SUBJECT_LENGTH`.
        language: ISO 639 code.
    """
    cut = text[:bound]
    narrow = all(ord(one) <= 0xFFFF for one in cut)
    encoding = CharacterEncoding(two_octets=cut) if narrow else CharacterEncoding(four_octets=cut)
    return UniversalOrBMPString(character_encoding=encoding, iso_639_language_code=language)


def value_of(extensions: tuple[Any, ...] | None, type_: str) -> Any:
    """The value of the first extension of a type, None when there is none; a duplicate is ignored."""
    return next((each.value for each in extensions or () if each.type_ == type_), None)
