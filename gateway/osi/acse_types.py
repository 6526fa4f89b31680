"""The APDUs of X.227 (module ACSE-1), kernel and authentication functional units."""

from __future__ import annotations

from enum import IntEnum

from gateway import asn1


class Version(IntEnum):
    """Bits of protocol-version."""

    VERSION1 = 0


class Requirement(IntEnum):
    """Bits of ACSE-requirements."""

    AUTHENTICATION = 0
    ASO_CONTEXT_NEGOTIATION = 1
    HIGHER_LEVEL_ASSOCIATION = 2
    NESTED_ASSOCIATION = 3


class AssociateResult(IntEnum):
    """Associate-result."""

    ACCEPTED = 0
    REJECTED_PERMANENT = 1
    REJECTED_TRANSIENT = 2


class UserDiagnostic(IntEnum):
    """acse-service-user of Associate-source-diagnostic."""

    NULL = 0
    NO_REASON_GIVEN = 1
    APPLICATION_CONTEXT_NAME_NOT_SUPPORTED = 2
    CALLING_AP_TITLE_NOT_RECOGNIZED = 3
    CALLING_AP_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 4
    CALLING_AE_QUALIFIER_NOT_RECOGNIZED = 5
    CALLING_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 6
    CALLED_AP_TITLE_NOT_RECOGNIZED = 7
    CALLED_AP_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 8
    CALLED_AE_QUALIFIER_NOT_RECOGNIZED = 9
    CALLED_AE_INVOCATION_IDENTIFIER_NOT_RECOGNIZED = 10
    AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNIZED = 11
    AUTHENTICATION_MECHANISM_NAME_REQUIRED = 12
    AUTHENTICATION_FAILURE = 13
    AUTHENTICATION_REQUIRED = 14


class ProviderDiagnostic(IntEnum):
    """acse-service-provider of Associate-source-diagnostic."""

    NULL = 0
    NO_REASON_GIVEN = 1
    NO_COMMON_ACSE_VERSION = 2


class ReleaseRequestReason(IntEnum):
    """Release-request-reason."""

    NORMAL = 0
    URGENT = 1
    USER_DEFINED = 30


class ReleaseResponseReason(IntEnum):
    """Release-response-reason."""

    NORMAL = 0
    NOT_FINISHED = 1
    USER_DEFINED = 30


class ABRTSource(IntEnum):
    """ABRT-source."""

    ACSE_SERVICE_USER = 0
    ACSE_SERVICE_PROVIDER = 1


class ABRTDiagnostic(IntEnum):
    """ABRT-diagnostic."""

    NO_REASON_GIVEN = 1
    PROTOCOL_ERROR = 2
    AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNIZED = 3
    AUTHENTICATION_MECHANISM_NAME_REQUIRED = 4
    AUTHENTICATION_FAILURE = 5
    AUTHENTICATION_REQUIRED = 6


VERSION1 = frozenset({Version.VERSION1})
ASSOCIATION_DATA = asn1.SequenceOf(asn1.External)


@asn1.choice()
class AssociateSourceDiagnostic(asn1.Choice):
    """Associate-source-diagnostic."""

    acse_service_user: int | None = asn1.alternative(asn1.Integer(UserDiagnostic), tag=asn1.context(1, explicit=True))
    acse_service_provider: int | None = asn1.alternative(asn1.Integer(ProviderDiagnostic), tag=asn1.context(2, explicit=True))


@asn1.sequence(tag=asn1.application(0), extensible=True)
class AARQapdu(asn1.Members):
    """AARQ-apdu. Titles and authentication values are kept as they came; MIXER authenticates in the bind."""

    protocol_version: frozenset[int] = asn1.member(asn1.NamedBitString(Version), tag=asn1.context(0), default=VERSION1)
    aso_context_name: str = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(1, explicit=True), name="aSO-context-name")
    called_ap_title: bytes | None = asn1.member(asn1.Any(), tag=asn1.context(2), optional=True, name="called-AP-title")
    called_ae_qualifier: bytes | None = asn1.member(asn1.Any(), tag=asn1.context(3), optional=True, name="called-AE-qualifier")
    called_ap_invocation_identifier: int | None = asn1.member(
        asn1.Integer(), tag=asn1.context(4, explicit=True), optional=True, name="called-AP-invocation-identifier"
    )
    called_ae_invocation_identifier: int | None = asn1.member(
        asn1.Integer(), tag=asn1.context(5, explicit=True), optional=True, name="called-AE-invocation-identifier"
    )
    calling_ap_title: bytes | None = asn1.member(asn1.Any(), tag=asn1.context(6), optional=True, name="calling-AP-title")
    calling_ae_qualifier: bytes | None = asn1.member(asn1.Any(), tag=asn1.context(7), optional=True, name="calling-AE-qualifier")
    calling_ap_invocation_identifier: int | None = asn1.member(
        asn1.Integer(), tag=asn1.context(8, explicit=True), optional=True, name="calling-AP-invocation-identifier"
    )
    calling_ae_invocation_identifier: int | None = asn1.member(
        asn1.Integer(), tag=asn1.context(9, explicit=True), optional=True, name="calling-AE-invocation-identifier"
    )
    sender_acse_requirements: frozenset[int] | None = asn1.member(
        asn1.NamedBitString(Requirement), tag=asn1.context(10), optional=True
    )
    mechanism_name: str | None = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(11), optional=True)
    calling_authentication_value: bytes | None = asn1.member(asn1.Any(), tag=asn1.context(12, explicit=True), optional=True)
    aso_context_name_list: tuple[str, ...] | None = asn1.member(
        asn1.SequenceOf(asn1.ObjectIdentifier()), tag=asn1.context(13), optional=True, name="aSO-context-name-list"
    )
    implementation_information: bytes | None = asn1.member(asn1.GraphicString(), tag=asn1.context(29), optional=True)
    user_information: tuple[asn1.External, ...] | None = asn1.member(ASSOCIATION_DATA, tag=asn1.context(30), optional=True)


@asn1.sequence(tag=asn1.application(1), extensible=True)
class AAREapdu(asn1.Members):
    """AARE-apdu."""

    protocol_version: frozenset[int] = asn1.member(asn1.NamedBitString(Version), tag=asn1.context(0), default=VERSION1)
    aso_context_name: str = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(1, explicit=True), name="aSO-context-name")
    result: int = asn1.member(asn1.Integer(AssociateResult), tag=asn1.context(2, explicit=True))
    result_source_diagnostic: AssociateSourceDiagnostic = asn1.member(AssociateSourceDiagnostic, tag=asn1.context(3))
    responding_ap_title: bytes | None = asn1.member(asn1.Any(), tag=asn1.context(4), optional=True, name="responding-AP-title")
    responding_ae_qualifier: bytes | None = asn1.member(asn1.Any(), tag=asn1.context(5), optional=True, name="responding-AE-qualifier")
    responding_ap_invocation_identifier: int | None = asn1.member(
        asn1.Integer(), tag=asn1.context(6, explicit=True), optional=True, name="responding-AP-invocation-identifier"
    )
    responding_ae_invocation_identifier: int | None = asn1.member(
        asn1.Integer(), tag=asn1.context(7, explicit=True), optional=True, name="responding-AE-invocation-identifier"
    )
    responder_acse_requirements: frozenset[int] | None = asn1.member(
        asn1.NamedBitString(Requirement), tag=asn1.context(8), optional=True
    )
    mechanism_name: str | None = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(9), optional=True)
    responding_authentication_value: bytes | None = asn1.member(asn1.Any(), tag=asn1.context(10, explicit=True), optional=True)
    aso_context_name_list: tuple[str, ...] | None = asn1.member(
        asn1.SequenceOf(asn1.ObjectIdentifier()), tag=asn1.context(11), optional=True, name="aSO-context-name-list"
    )
    implementation_information: bytes | None = asn1.member(asn1.GraphicString(), tag=asn1.context(29), optional=True)
    user_information: tuple[asn1.External, ...] | None = asn1.member(ASSOCIATION_DATA, tag=asn1.context(30), optional=True)


@asn1.sequence(tag=asn1.application(2), extensible=True)
class RLRQapdu(asn1.Members):
    """RLRQ-apdu."""

    reason: int | None = asn1.member(asn1.Integer(ReleaseRequestReason), tag=asn1.context(0), optional=True)
    user_information: tuple[asn1.External, ...] | None = asn1.member(ASSOCIATION_DATA, tag=asn1.context(30), optional=True)


@asn1.sequence(tag=asn1.application(3), extensible=True)
class RLREapdu(asn1.Members):
    """RLRE-apdu."""

    reason: int | None = asn1.member(asn1.Integer(ReleaseResponseReason), tag=asn1.context(0), optional=True)
    user_information: tuple[asn1.External, ...] | None = asn1.member(ASSOCIATION_DATA, tag=asn1.context(30), optional=True)


@asn1.sequence(tag=asn1.application(4), extensible=True)
class ABRTapdu(asn1.Members):
    """ABRT-apdu."""

    abort_source: int = asn1.member(asn1.Integer(ABRTSource), tag=asn1.context(0))
    abort_diagnostic: int | None = asn1.member(asn1.Enumerated(ABRTDiagnostic), tag=asn1.context(1), optional=True)
    user_information: tuple[asn1.External, ...] | None = asn1.member(ASSOCIATION_DATA, tag=asn1.context(30), optional=True)


@asn1.choice(extensible=True)
class ACSEapdu(asn1.Choice):
    """ACSE-apdu, what the kernel knows of it."""

    aarq: AARQapdu | None = asn1.alternative(AARQapdu)
    aare: AAREapdu | None = asn1.alternative(AAREapdu)
    rlrq: RLRQapdu | None = asn1.alternative(RLRQapdu)
    rlre: RLREapdu | None = asn1.alternative(RLREapdu)
    abrt: ABRTapdu | None = asn1.alternative(ABRTapdu)
