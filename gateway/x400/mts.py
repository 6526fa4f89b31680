"""The parameters that X.411 uses everywhere: identifiers, domains, content types, encoded information types, indicators, report types.

Enumerations, named integers and named bits have the standard's names and numbers (``NonDeliveryReasonCode.TRANSFER_FAILURE``); the element
descriptors beside them (in capitals) carry tag and bounds.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Final

from gateway import asn1
from gateway.x400 import bounds as ub
from gateway.x400.orname import AdministrationDomainName, CountryName

# --- names and identifiers ----------------------------------------------------------------------------------------------------------


@asn1.choice()
class PrivateDomainIdentifier(asn1.Choice):
    """X.411 PrivateDomainIdentifier; untagged, unlike the PRMD of an O/R address."""

    numeric: str | None = asn1.alternative(asn1.NumericString(size=(1, ub.UB_DOMAIN_NAME_LENGTH)))
    printable: str | None = asn1.alternative(asn1.PrintableString(size=(1, ub.UB_DOMAIN_NAME_LENGTH)))


@asn1.sequence(tag=asn1.application(3))
class GlobalDomainIdentifier(asn1.Members):
    """X.411 GlobalDomainIdentifier: an ADMD, or a PRMD and the ADMD it is attached to."""

    country_name: CountryName = asn1.member(CountryName)
    administration_domain_name: AdministrationDomainName = asn1.member(AdministrationDomainName)
    private_domain_identifier: PrivateDomainIdentifier | None = asn1.member(PrivateDomainIdentifier, optional=True)


LOCAL_IDENTIFIER: Final = asn1.IA5String(size=(1, ub.UB_LOCAL_ID_LENGTH))
MTA_NAME: Final = asn1.IA5String(size=(1, ub.UB_MTA_NAME_LENGTH))
TIME: Final = asn1.UTCTime()


@asn1.sequence(tag=asn1.application(4))
class MTSIdentifier(asn1.Members):
    """X.411 MTSIdentifier of a message, probe or report: key of duplicate detection and subject of reports."""

    global_domain_identifier: GlobalDomainIdentifier = asn1.member(GlobalDomainIdentifier)
    local_identifier: str = asn1.member(LOCAL_IDENTIFIER)


CONTENT: Final = asn1.LargeOctetString()
CONTENT_IDENTIFIER: Final = asn1.PrintableString(size=(1, ub.UB_CONTENT_ID_LENGTH), tag=asn1.application(10))
CONTENT_LENGTH: Final = asn1.Integer(range=(0, ub.UB_CONTENT_LENGTH))

# --- content type -------------------------------------------------------------------------------------------------------------------


class BuiltInContentType(IntEnum):
    """X.411 BuiltInContentType."""

    UNIDENTIFIED = 0
    EXTERNAL = 1
    INTERPERSONAL_MESSAGING_1984 = 2
    INTERPERSONAL_MESSAGING_1988 = 22
    EDI_MESSAGING = 35
    VOICE_MESSAGING = 40


BUILT_IN_CONTENT_TYPE: Final = asn1.Integer(
    BuiltInContentType, range=(0, ub.UB_BUILT_IN_CONTENT_TYPE), tag=asn1.application(6)
)
# Deviation: the published module of 1999 says RELATIVE-OID; that is a slip of its text, every peer and the printed standard have
# OBJECT IDENTIFIER.
EXTENDED_CONTENT_TYPE: Final = asn1.ObjectIdentifier()


@asn1.choice()
class ContentType(asn1.Choice):
    """X.411 ContentType: a number, or an object identifier."""

    built_in: int | None = asn1.alternative(BUILT_IN_CONTENT_TYPE)
    extended: str | None = asn1.alternative(EXTENDED_CONTENT_TYPE)


@asn1.choice()
class DeliveredContentType(asn1.Choice):
    """X.411 DeliveredContentType: as ContentType, with another tag on the number."""

    built_in: int | None = asn1.alternative(BUILT_IN_CONTENT_TYPE, tag=asn1.context(0))
    extended: str | None = asn1.alternative(EXTENDED_CONTENT_TYPE)


CONTENT_TYPES: Final = asn1.SetOf(ContentType, size=(1, ub.UB_CONTENT_TYPES))

# --- encoded information types ------------------------------------------------------------------------------------------------------


class BuiltInEncodedInformationTypes(IntEnum):
    """X.411 BuiltInEncodedInformationTypes; bit 1 was telex in 1984 and is no longer defined."""

    UNKNOWN = 0
    IA5_TEXT = 2
    G3_FACSIMILE = 3
    G4_CLASS_1 = 4
    TELETEX = 5
    VIDEOTEX = 6
    VOICE = 7
    SFD = 8
    MIXED_MODE = 9


class G3FacsimileNonBasicParameters(IntEnum):
    """X.411 G3FacsimileNonBasicParameters: the bits of T.30."""

    TWO_DIMENSIONAL = 8
    FINE_RESOLUTION = 9
    UNLIMITED_LENGTH = 20
    B4_LENGTH = 21
    A3_WIDTH = 22
    B4_WIDTH = 23
    T6_CODING = 25
    UNCOMPRESSED = 30
    WIDTH_MIDDLE_864_OF_1728 = 37
    WIDTH_MIDDLE_1216_OF_1728 = 38
    RESOLUTION_TYPE = 44
    RESOLUTION_400X400 = 45
    RESOLUTION_300X300 = 46
    RESOLUTION_8X15 = 47
    EDI = 49
    DTM = 50
    BFT = 51
    MIXED_MODE = 58
    CHARACTER_MODE = 60
    TWELVE_BITS = 65
    PREFERRED_HUFFMANN = 66
    FULL_COLOUR = 67
    JPEG = 68
    PROCESSABLE_MODE_26 = 71


BUILT_IN_ENCODED_INFORMATION_TYPES: Final = asn1.NamedBitString(
    BuiltInEncodedInformationTypes, size=(0, ub.UB_BUILT_IN_ENCODED_INFORMATION_TYPES)
)
G3_FACSIMILE_NON_BASIC_PARAMETERS: Final = asn1.NamedBitString(G3FacsimileNonBasicParameters)
EXTENDED_ENCODED_INFORMATION_TYPE: Final = asn1.ObjectIdentifier()
EXTENDED_ENCODED_INFORMATION_TYPES: Final = asn1.SetOf(EXTENDED_ENCODED_INFORMATION_TYPE, size=(1, ub.UB_ENCODED_INFORMATION_TYPES))


@asn1.set_()
class TeletexNonBasicParameters(asn1.Members):
    """X.411 TeletexNonBasicParameters (T.62)."""

    graphic_character_sets: bytes | None = asn1.member(asn1.TeletexString(), tag=asn1.context(0), optional=True)
    control_character_sets: bytes | None = asn1.member(asn1.TeletexString(), tag=asn1.context(1), optional=True)
    page_formats: bytes | None = asn1.member(asn1.OctetString(), tag=asn1.context(2), optional=True)
    miscellaneous_terminal_capabilities: bytes | None = asn1.member(asn1.TeletexString(), tag=asn1.context(3), optional=True)
    private_use: bytes | None = asn1.member(asn1.OctetString(), tag=asn1.context(4), optional=True)


NO_TELETEX_PARAMETERS: Final = TeletexNonBasicParameters()


@asn1.set_()
class NonBasicParameters(asn1.Members):
    """X.411 NonBasicParameters."""

    g3_facsimile: frozenset[int] = asn1.member(G3_FACSIMILE_NON_BASIC_PARAMETERS, tag=asn1.context(1), default=frozenset())
    teletex: TeletexNonBasicParameters = asn1.member(TeletexNonBasicParameters, tag=asn1.context(2), default=NO_TELETEX_PARAMETERS)


# Peer: EAN of 1985 leaves the tag out: ``65 04 03 02 05 20``. Nobody is ever sent this form.
_BUILT_IN_OR_EAN: Final = asn1.Variants(
    asn1.tagged(BUILT_IN_ENCODED_INFORMATION_TYPES, asn1.context(0)),
    ean=asn1.Variant(element=BUILT_IN_ENCODED_INFORMATION_TYPES, to_main=frozenset, from_main=frozenset),
)


@asn1.set_(tag=asn1.application(5))
class EncodedInformationTypes(asn1.Members):
    """X.411 EncodedInformationTypes; a bit and its object identifier mean the same (`gateway.x400.oids.BUILT_IN_EITS`)."""

    built_in_encoded_information_types: frozenset[int] = asn1.member(_BUILT_IN_OR_EAN)
    g3_facsimile: frozenset[int] = asn1.member(G3_FACSIMILE_NON_BASIC_PARAMETERS, tag=asn1.context(1), default=frozenset())
    teletex: TeletexNonBasicParameters = asn1.member(TeletexNonBasicParameters, tag=asn1.context(2), default=NO_TELETEX_PARAMETERS)
    extended_encoded_information_types: tuple[str, ...] | None = asn1.member(
        EXTENDED_ENCODED_INFORMATION_TYPES, tag=asn1.context(4), optional=True
    )


@asn1.sequence()
class EncodedInformationTypesConstraints(asn1.Members):
    """X.411 EncodedInformationTypesConstraints."""

    unacceptable_eits: tuple[str, ...] | None = asn1.member(EXTENDED_ENCODED_INFORMATION_TYPES, tag=asn1.context(0), optional=True)
    acceptable_eits: tuple[str, ...] | None = asn1.member(EXTENDED_ENCODED_INFORMATION_TYPES, tag=asn1.context(1), optional=True)
    exclusively_acceptable_eits: tuple[str, ...] | None = asn1.member(
        EXTENDED_ENCODED_INFORMATION_TYPES, tag=asn1.context(2), optional=True
    )


# --- indicators ---------------------------------------------------------------------------------------------------------------------


class Priority(IntEnum):
    """X.411 Priority."""

    NORMAL = 0
    NON_URGENT = 1
    URGENT = 2


class PerMessageIndicators(IntEnum):
    """X.411 PerMessageIndicators, bits; bits 5 and 6 are the notification type."""

    DISCLOSURE_OF_OTHER_RECIPIENTS = 0
    IMPLICIT_CONVERSION_PROHIBITED = 1
    ALTERNATE_RECIPIENT_ALLOWED = 2
    CONTENT_RETURN_REQUEST = 3
    RESERVED = 4
    BIT_5 = 5
    BIT_6 = 6
    SERVICE_MESSAGE = 7


class PerRecipientIndicators(IntEnum):
    """X.411 PerRecipientIndicators, bits; without RESPONSIBILITY a recipient stands in the list for information only."""

    RESPONSIBILITY = 0
    ORIGINATING_MTA_REPORT = 1
    ORIGINATING_MTA_NON_DELIVERY_REPORT = 2
    ORIGINATOR_REPORT = 3
    ORIGINATOR_NON_DELIVERY_REPORT = 4
    RESERVED_5 = 5
    RESERVED_6 = 6
    RESERVED_7 = 7


class OriginatorReportRequest(IntEnum):
    """X.411 OriginatorReportRequest, bits."""

    REPORT = 3
    NON_DELIVERY_REPORT = 4


class DeliveryFlags(IntEnum):
    """X.411 DeliveryFlags, bits."""

    IMPLICIT_CONVERSION_PROHIBITED = 1


class ExplicitConversion(IntEnum):
    """X.411 ExplicitConversion; 1 to 7 and 15 are no longer defined."""

    IA5_TEXT_TO_TELETEX = 0
    IA5_TEXT_TO_G3_FACSIMILE = 8
    IA5_TEXT_TO_G4_CLASS_1 = 9
    IA5_TEXT_TO_VIDEOTEX = 10
    TELETEX_TO_IA5_TEXT = 11
    TELETEX_TO_G3_FACSIMILE = 12
    TELETEX_TO_G4_CLASS_1 = 13
    TELETEX_TO_VIDEOTEX = 14
    VIDEOTEX_TO_IA5_TEXT = 16
    VIDEOTEX_TO_TELETEX = 17


PRIORITY: Final = asn1.Enumerated(Priority, tag=asn1.application(7))
PER_MESSAGE_INDICATORS: Final = asn1.NamedBitString(PerMessageIndicators, size=(0, ub.UB_BIT_OPTIONS), tag=asn1.application(8))
PER_RECIPIENT_INDICATORS: Final = asn1.NamedBitString(PerRecipientIndicators, size=(8, ub.UB_BIT_OPTIONS))
ORIGINATOR_REPORT_REQUEST: Final = asn1.NamedBitString(OriginatorReportRequest, size=(0, ub.UB_BIT_OPTIONS))
DELIVERY_FLAGS: Final = asn1.NamedBitString(DeliveryFlags, size=(0, ub.UB_BIT_OPTIONS))
EXPLICIT_CONVERSION: Final = asn1.Integer(ExplicitConversion, range=(0, ub.UB_INTEGER_OPTIONS))
ORIGINALLY_SPECIFIED_RECIPIENT_NUMBER: Final = asn1.Integer(range=(1, ub.UB_RECIPIENTS))
SUPPLEMENTARY_INFORMATION: Final = asn1.PrintableString(size=(1, ub.UB_SUPPLEMENTARY_INFO_LENGTH))

# --- reports ------------------------------------------------------------------------------------------------------------------------


class TypeOfMTSUser(IntEnum):
    """X.411 TypeOfMTSUser; 1984 has 0 and 1 only."""

    PUBLIC = 0
    PRIVATE = 1
    MS = 2
    DL = 3
    PDAU = 4
    PHYSICAL_RECIPIENT = 5
    OTHER = 6


class NonDeliveryReasonCode(IntEnum):
    """X.411 NonDeliveryReasonCode; 1984 has 0 to 2 only."""

    TRANSFER_FAILURE = 0
    UNABLE_TO_TRANSFER = 1
    CONVERSION_NOT_PERFORMED = 2
    PHYSICAL_RENDITION_NOT_PERFORMED = 3
    PHYSICAL_DELIVERY_NOT_PERFORMED = 4
    RESTRICTED_DELIVERY = 5
    DIRECTORY_OPERATION_UNSUCCESSFUL = 6
    DEFERRED_DELIVERY_NOT_PERFORMED = 7
    TRANSFER_FAILURE_FOR_SECURITY_REASON = 8


class NonDeliveryDiagnosticCode(IntEnum):
    """X.411 NonDeliveryDiagnosticCode; 1984 has 0 to 11 only."""

    UNRECOGNISED_OR_NAME = 0
    AMBIGUOUS_OR_NAME = 1
    MTS_CONGESTION = 2
    LOOP_DETECTED = 3
    RECIPIENT_UNAVAILABLE = 4
    MAXIMUM_TIME_EXPIRED = 5
    ENCODED_INFORMATION_TYPES_UNSUPPORTED = 6
    CONTENT_TOO_LONG = 7
    CONVERSION_IMPRACTICAL = 8
    IMPLICIT_CONVERSION_PROHIBITED = 9
    IMPLICIT_CONVERSION_NOT_SUBSCRIBED = 10
    INVALID_ARGUMENTS = 11
    CONTENT_SYNTAX_ERROR = 12
    SIZE_CONSTRAINT_VIOLATION = 13
    PROTOCOL_VIOLATION = 14
    CONTENT_TYPE_NOT_SUPPORTED = 15
    TOO_MANY_RECIPIENTS = 16
    NO_BILATERAL_AGREEMENT = 17
    UNSUPPORTED_CRITICAL_FUNCTION = 18
    CONVERSION_WITH_LOSS_PROHIBITED = 19
    LINE_TOO_LONG = 20
    PAGE_SPLIT = 21
    PICTORIAL_SYMBOL_LOSS = 22
    PUNCTUATION_SYMBOL_LOSS = 23
    ALPHABETIC_CHARACTER_LOSS = 24
    MULTIPLE_INFORMATION_LOSS = 25
    RECIPIENT_REASSIGNMENT_PROHIBITED = 26
    REDIRECTION_LOOP_DETECTED = 27
    DL_EXPANSION_PROHIBITED = 28
    NO_DL_SUBMIT_PERMISSION = 29
    DL_EXPANSION_FAILURE = 30
    PHYSICAL_RENDITION_ATTRIBUTES_NOT_SUPPORTED = 31
    UNDELIVERABLE_MAIL_PHYSICAL_DELIVERY_ADDRESS_INCORRECT = 32
    UNDELIVERABLE_MAIL_PHYSICAL_DELIVERY_OFFICE_INCORRECT_OR_INVALID = 33
    UNDELIVERABLE_MAIL_PHYSICAL_DELIVERY_ADDRESS_INCOMPLETE = 34
    UNDELIVERABLE_MAIL_RECIPIENT_UNKNOWN = 35
    UNDELIVERABLE_MAIL_RECIPIENT_DECEASED = 36
    UNDELIVERABLE_MAIL_ORGANIZATION_EXPIRED = 37
    UNDELIVERABLE_MAIL_RECIPIENT_REFUSED_TO_ACCEPT = 38
    UNDELIVERABLE_MAIL_RECIPIENT_DID_NOT_CLAIM = 39
    UNDELIVERABLE_MAIL_RECIPIENT_CHANGED_ADDRESS_PERMANENTLY = 40
    UNDELIVERABLE_MAIL_RECIPIENT_CHANGED_ADDRESS_TEMPORARILY = 41
    UNDELIVERABLE_MAIL_RECIPIENT_CHANGED_TEMPORARY_ADDRESS = 42
    UNDELIVERABLE_MAIL_NEW_ADDRESS_UNKNOWN = 43
    UNDELIVERABLE_MAIL_RECIPIENT_DID_NOT_WANT_FORWARDING = 44
    UNDELIVERABLE_MAIL_ORIGINATOR_PROHIBITED_FORWARDING = 45
    SECURE_MESSAGING_ERROR = 46
    UNABLE_TO_DOWNGRADE = 47
    UNABLE_TO_COMPLETE_TRANSFER = 48
    TRANSFER_ATTEMPTS_LIMIT_REACHED = 49
    INCORRECT_NOTIFICATION_TYPE = 50
    DL_EXPANSION_PROHIBITED_BY_SECURITY_POLICY = 51
    FORBIDDEN_ALTERNATE_RECIPIENT = 52
    SECURITY_POLICY_VIOLATION = 53
    SECURITY_SERVICES_REFUSAL = 54
    UNAUTHORISED_DL_MEMBER = 55
    UNAUTHORISED_DL_NAME = 56
    UNAUTHORISED_ORIGINALLY_INTENDED_RECIPIENT_NAME = 57
    UNAUTHORISED_ORIGINATOR_NAME = 58
    UNAUTHORISED_RECIPIENT_NAME = 59
    UNRELIABLE_SYSTEM = 60
    AUTHENTICATION_FAILURE_ON_SUBJECT_MESSAGE = 61
    DECRYPTION_FAILED = 62
    DECRYPTION_KEY_UNOBTAINABLE = 63
    DOUBLE_ENVELOPE_CREATION_FAILURE = 64
    DOUBLE_ENVELOPING_MESSAGE_RESTORING_FAILURE = 65
    FAILURE_OF_PROOF_OF_MESSAGE = 66
    INTEGRITY_FAILURE_ON_SUBJECT_MESSAGE = 67
    INVALID_SECURITY_LABEL = 68
    KEY_FAILURE = 69
    MANDATORY_PARAMETER_ABSENCE = 70
    OPERATION_SECURITY_FAILURE = 71
    REPUDIATION_FAILURE_OF_MESSAGE = 72
    SECURITY_CONTEXT_FAILURE = 73
    TOKEN_DECRYPTION_FAILED = 74
    TOKEN_ERROR = 75
    UNKNOWN_SECURITY_LABEL = 76
    UNSUPPORTED_ALGORITHM_IDENTIFIER = 77
    UNSUPPORTED_SECURITY_POLICY = 78


TYPE_OF_MTS_USER: Final = asn1.Integer(TypeOfMTSUser, range=(0, ub.UB_MTS_USER_TYPES))
NON_DELIVERY_REASON_CODE: Final = asn1.Integer(NonDeliveryReasonCode, range=(0, ub.UB_REASON_CODES))
NON_DELIVERY_DIAGNOSTIC_CODE: Final = asn1.Integer(NonDeliveryDiagnosticCode, range=(0, ub.UB_DIAGNOSTIC_CODES))


@asn1.set_()
class DeliveryReport(asn1.Members):
    """X.411 DeliveryReport."""

    message_delivery_time: datetime = asn1.member(TIME, tag=asn1.context(0))
    type_of_mts_user: int = asn1.member(TYPE_OF_MTS_USER, tag=asn1.context(1), name="type-of-MTS-user", default=TypeOfMTSUser.PUBLIC)


@asn1.set_()
class NonDeliveryReport(asn1.Members):
    """X.411 NonDeliveryReport."""

    non_delivery_reason_code: int = asn1.member(NON_DELIVERY_REASON_CODE, tag=asn1.context(0))
    non_delivery_diagnostic_code: int | None = asn1.member(NON_DELIVERY_DIAGNOSTIC_CODE, tag=asn1.context(1), optional=True)


@asn1.choice()
class ReportType(asn1.Choice):
    """X.411 ReportType."""

    delivery: DeliveryReport | None = asn1.alternative(DeliveryReport, tag=asn1.context(0))
    non_delivery: NonDeliveryReport | None = asn1.alternative(NonDeliveryReport, tag=asn1.context(1))
