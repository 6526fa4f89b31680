"""The PPDUs of X.226 (module ISO8823-PRESENTATION), as far as the kernel functional unit has them."""

from __future__ import annotations

from enum import IntEnum

from gateway import asn1
from gateway.osi.rtse.apdu import RTABapdu, RTOACapdu, RTORJapdu, RTORQapdu


class ModeValue(IntEnum):
    """mode-value of a Mode-selector."""

    X410_1984_MODE = 0
    NORMAL_MODE = 1


class Result(IntEnum):
    """Result of the definition of one context."""

    ACCEPTANCE = 0
    USER_REJECTION = 1
    PROVIDER_REJECTION = 2


class ContextRejection(IntEnum):
    """provider-reason in a Result-list."""

    REASON_NOT_SPECIFIED = 0
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 1
    PROPOSED_TRANSFER_SYNTAXES_NOT_SUPPORTED = 2
    LOCAL_LIMIT_ON_DCS_EXCEEDED = 3


class ProviderReason(IntEnum):
    """Provider-reason of a CPR PPDU."""

    REASON_NOT_SPECIFIED = 0
    TEMPORARY_CONGESTION = 1
    LOCAL_LIMIT_EXCEEDED = 2
    CALLED_PRESENTATION_ADDRESS_UNKNOWN = 3
    PROTOCOL_VERSION_NOT_SUPPORTED = 4
    DEFAULT_CONTEXT_NOT_SUPPORTED = 5
    USER_DATA_NOT_READABLE = 6
    NO_PSAP_AVAILABLE = 7


class PPDUAbortReason(IntEnum):
    """Abort-reason of an ARP PPDU."""

    REASON_NOT_SPECIFIED = 0
    UNRECOGNIZED_PPDU = 1
    UNEXPECTED_PPDU = 2
    UNEXPECTED_SESSION_SERVICE_PRIMITIVE = 3
    UNRECOGNIZED_PPDU_PARAMETER = 4
    UNEXPECTED_PPDU_PARAMETER = 5
    INVALID_PPDU_PARAMETER_VALUE = 6


class EventIdentifier(IntEnum):
    """Event-identifier of an ARP PPDU: what was received when the fault was found."""

    CP_PPDU = 0
    CPA_PPDU = 1
    CPR_PPDU = 2
    ARU_PPDU = 3
    ARP_PPDU = 4
    AC_PPDU = 5
    ACA_PPDU = 6
    TD_PPDU = 7
    TTD_PPDU = 8
    TE_PPDU = 9
    TC_PPDU = 10
    TCC_PPDU = 11
    RS_PPDU = 12
    RSA_PPDU = 13
    S_RELEASE_INDICATION = 14
    S_RELEASE_CONFIRM = 15
    S_TOKEN_GIVE_INDICATION = 16
    S_TOKEN_PLEASE_INDICATION = 17
    S_CONTROL_GIVE_INDICATION = 18
    S_SYNC_MINOR_INDICATION = 19
    S_SYNC_MINOR_CONFIRM = 20
    S_SYNC_MAJOR_INDICATION = 21
    S_SYNC_MAJOR_CONFIRM = 22
    S_P_EXCEPTION_REPORT_INDICATION = 23
    S_U_EXCEPTION_REPORT_INDICATION = 24
    S_ACTIVITY_START_INDICATION = 25
    S_ACTIVITY_RESUME_INDICATION = 26
    S_ACTIVITY_INTERRUPT_INDICATION = 27
    S_ACTIVITY_INTERRUPT_CONFIRM = 28
    S_ACTIVITY_DISCARD_INDICATION = 29
    S_ACTIVITY_DISCARD_CONFIRM = 30
    S_ACTIVITY_END_INDICATION = 31
    S_ACTIVITY_END_CONFIRM = 32


class Version(IntEnum):
    """Bits of Protocol-version."""

    VERSION_1 = 0


class Requirement(IntEnum):
    """Bits of Presentation-requirements."""

    CONTEXT_MANAGEMENT = 0
    RESTORATION = 1


class ProtocolOption(IntEnum):
    """Bits of Protocol-options."""

    NOMINATED_CONTEXT = 0
    SHORT_ENCODING = 1
    PACKED_ENCODING_RULES = 2


class SessionRequirement(IntEnum):
    """Bits of User-session-requirements."""

    HALF_DUPLEX = 0
    DUPLEX = 1
    EXPEDITED_DATA = 2
    MINOR_SYNCHRONIZE = 3
    MAJOR_SYNCHRONIZE = 4
    RESYNCHRONIZE = 5
    ACTIVITY_MANAGEMENT = 6
    NEGOTIATED_RELEASE = 7
    CAPABILITY_DATA = 8
    EXCEPTIONS = 9
    TYPED_DATA = 10
    SYMMETRIC_SYNCHRONIZE = 11
    DATA_SEPARATION = 12


VERSION_1 = frozenset({Version.VERSION_1})
NO_OPTIONS: frozenset[int] = frozenset()


@asn1.set_()
class ModeSelector(asn1.Members):
    """Mode-selector."""

    mode_value: int = asn1.member(asn1.Integer(ModeValue), tag=asn1.context(0))


@asn1.choice()
class PresentationDataValues(asn1.Choice):
    """presentation-data-values of a PDV-list."""

    single_asn1_type: bytes | None = asn1.alternative(asn1.Any(), tag=asn1.context(0), name="single-ASN1-type")
    octet_aligned: bytes | None = asn1.alternative(asn1.OctetString(), tag=asn1.context(1))
    arbitrary: asn1.Bits | None = asn1.alternative(asn1.BitString(), tag=asn1.context(2))


@asn1.sequence()
class PDVList(asn1.Members):
    """PDV-list: data of one presentation context."""

    transfer_syntax_name: str | None = asn1.member(asn1.ObjectIdentifier(), optional=True)
    presentation_context_identifier: int = asn1.member(asn1.Integer())
    presentation_data_values: PresentationDataValues = asn1.member(PresentationDataValues)


@asn1.choice()
class UserData(asn1.Choice):
    """User-data. Not declared extensible, because an unknown member of a PPDU would then be taken for user data."""

    simply_encoded_data: bytes | None = asn1.alternative(asn1.OctetString(), tag=asn1.application(0))
    fully_encoded_data: tuple[PDVList, ...] | None = asn1.alternative(asn1.SequenceOf(PDVList), tag=asn1.application(1))


@asn1.sequence()
class ContextDefinition(asn1.Members):
    """One element of a Context-list: a context that the initiator proposes."""

    presentation_context_identifier: int = asn1.member(asn1.Integer())
    abstract_syntax_name: str = asn1.member(asn1.ObjectIdentifier())
    transfer_syntax_name_list: tuple[str, ...] = asn1.member(asn1.SequenceOf(asn1.ObjectIdentifier()))


@asn1.sequence()
class ContextResult(asn1.Members):
    """One element of a Result-list, in the order of the Context-list."""

    result: int = asn1.member(asn1.Integer(Result), tag=asn1.context(0))
    transfer_syntax_name: str | None = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(1), optional=True)
    provider_reason: int | None = asn1.member(asn1.Integer(ContextRejection), tag=asn1.context(2), optional=True)


@asn1.sequence()
class ContextIdentifier(asn1.Members):
    """One element of a Presentation-context-identifier-list."""

    presentation_context_identifier: int = asn1.member(asn1.Integer())
    transfer_syntax_name: str = asn1.member(asn1.ObjectIdentifier())


CONTEXT_LIST = asn1.SequenceOf(ContextDefinition)
RESULT_LIST = asn1.SequenceOf(ContextResult)
CONTEXT_IDENTIFIER_LIST = asn1.SequenceOf(ContextIdentifier)


@asn1.sequence()
class DefaultContextName(asn1.Members):
    """Default-context-name."""

    abstract_syntax_name: str = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(0))
    transfer_syntax_name: str = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(1))


@asn1.sequence(extensible=True)
class Extensions(asn1.Members):
    """extensions of CP-type: nothing so far; what a peer puts there is kept as unknown and ignored."""


@asn1.sequence()
class CPNormalModeParameters(asn1.Members):
    """normal-mode-parameters of CP-type."""

    protocol_version: frozenset[int] = asn1.member(asn1.NamedBitString(Version), tag=asn1.context(0), default=VERSION_1)
    calling_presentation_selector: bytes | None = asn1.member(asn1.OctetString(), tag=asn1.context(1), optional=True)
    called_presentation_selector: bytes | None = asn1.member(asn1.OctetString(), tag=asn1.context(2), optional=True)
    presentation_context_definition_list: tuple[ContextDefinition, ...] | None = asn1.member(
        CONTEXT_LIST, tag=asn1.context(4), optional=True
    )
    default_context_name: DefaultContextName | None = asn1.member(DefaultContextName, tag=asn1.context(6), optional=True)
    presentation_requirements: frozenset[int] | None = asn1.member(
        asn1.NamedBitString(Requirement), tag=asn1.context(8), optional=True
    )
    user_session_requirements: frozenset[int] | None = asn1.member(
        asn1.NamedBitString(SessionRequirement), tag=asn1.context(9), optional=True
    )
    protocol_options: frozenset[int] = asn1.member(
        asn1.NamedBitString(ProtocolOption), tag=asn1.context(11, explicit=True), default=NO_OPTIONS
    )
    initiators_nominated_context: int | None = asn1.member(asn1.Integer(), tag=asn1.context(12, explicit=True), optional=True)
    extensions: Extensions | None = asn1.member(Extensions, tag=asn1.context(14, explicit=True), optional=True)
    user_data: UserData | None = asn1.member(UserData, optional=True)


@asn1.set_()
class CPType(asn1.Members):
    """CP-type, connect presentation."""

    mode_selector: ModeSelector = asn1.member(ModeSelector, tag=asn1.context(0))
    x410_mode_parameters: RTORQapdu | None = asn1.member(RTORQapdu, tag=asn1.context(1), optional=True)
    normal_mode_parameters: CPNormalModeParameters | None = asn1.member(CPNormalModeParameters, tag=asn1.context(2), optional=True)


@asn1.sequence()
class CPANormalModeParameters(asn1.Members):
    """normal-mode-parameters of CPA-PPDU."""

    protocol_version: frozenset[int] = asn1.member(asn1.NamedBitString(Version), tag=asn1.context(0), default=VERSION_1)
    responding_presentation_selector: bytes | None = asn1.member(asn1.OctetString(), tag=asn1.context(3), optional=True)
    presentation_context_definition_result_list: tuple[ContextResult, ...] | None = asn1.member(
        RESULT_LIST, tag=asn1.context(5), optional=True
    )
    presentation_requirements: frozenset[int] | None = asn1.member(
        asn1.NamedBitString(Requirement), tag=asn1.context(8), optional=True
    )
    user_session_requirements: frozenset[int] | None = asn1.member(
        asn1.NamedBitString(SessionRequirement), tag=asn1.context(9), optional=True
    )
    protocol_options: frozenset[int] = asn1.member(
        asn1.NamedBitString(ProtocolOption), tag=asn1.context(11, explicit=True), default=NO_OPTIONS
    )
    responders_nominated_context: int | None = asn1.member(asn1.Integer(), tag=asn1.context(13, explicit=True), optional=True)
    user_data: UserData | None = asn1.member(UserData, optional=True)


@asn1.set_()
class CPAPPDU(asn1.Members):
    """CPA-PPDU, connect presentation accept."""

    mode_selector: ModeSelector = asn1.member(ModeSelector, tag=asn1.context(0))
    x410_mode_parameters: RTOACapdu | None = asn1.member(RTOACapdu, tag=asn1.context(1), optional=True)
    normal_mode_parameters: CPANormalModeParameters | None = asn1.member(CPANormalModeParameters, tag=asn1.context(2), optional=True)


@asn1.sequence()
class CPRNormalModeParameters(asn1.Members):
    """normal-mode-parameters of CPR-PPDU."""

    protocol_version: frozenset[int] = asn1.member(asn1.NamedBitString(Version), tag=asn1.context(0), default=VERSION_1)
    responding_presentation_selector: bytes | None = asn1.member(asn1.OctetString(), tag=asn1.context(3), optional=True)
    presentation_context_definition_result_list: tuple[ContextResult, ...] | None = asn1.member(
        RESULT_LIST, tag=asn1.context(5), optional=True
    )
    default_context_result: int | None = asn1.member(asn1.Integer(Result), tag=asn1.context(7), optional=True)
    provider_reason: int | None = asn1.member(asn1.Integer(ProviderReason), tag=asn1.context(10), optional=True)
    user_data: UserData | None = asn1.member(UserData, optional=True)


@asn1.choice()
class CPRPPDU(asn1.Choice):
    """CPR-PPDU, connect presentation reject."""

    x400_mode_parameters: RTORJapdu | None = asn1.alternative(RTORJapdu)
    normal_mode_parameters: CPRNormalModeParameters | None = asn1.alternative(CPRNormalModeParameters)


@asn1.sequence()
class ARUNormalModeParameters(asn1.Members):
    """normal-mode-parameters of ARU-PPDU."""

    presentation_context_identifier_list: tuple[ContextIdentifier, ...] | None = asn1.member(
        CONTEXT_IDENTIFIER_LIST, tag=asn1.context(0), optional=True
    )
    user_data: UserData | None = asn1.member(UserData, optional=True)


@asn1.choice()
class ARUPPDU(asn1.Choice):
    """ARU-PPDU, abnormal release by the user."""

    x400_mode_parameters: RTABapdu | None = asn1.alternative(RTABapdu)
    normal_mode_parameters: ARUNormalModeParameters | None = asn1.alternative(ARUNormalModeParameters, tag=asn1.context(0))


@asn1.sequence()
class ARPPPDU(asn1.Members):
    """ARP-PPDU, abnormal release by the provider."""

    provider_reason: int | None = asn1.member(asn1.Integer(PPDUAbortReason), tag=asn1.context(0), optional=True)
    event_identifier: int | None = asn1.member(asn1.Integer(EventIdentifier), tag=asn1.context(1), optional=True)


@asn1.choice()
class AbortType(asn1.Choice):
    """Abort-type: what the user data of S-U-ABORT hold."""

    aru_ppdu: ARUPPDU | None = asn1.alternative(ARUPPDU)
    arp_ppdu: ARPPPDU | None = asn1.alternative(ARPPPDU)
