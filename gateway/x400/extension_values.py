"""The values of the standard extensions of X.411 9.2 that are types of their own."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Final

from gateway import asn1
from gateway.x400 import bounds as ub
from gateway.x400.mts import MTA_NAME, TIME, GlobalDomainIdentifier
from gateway.x400.orname import ORName
from gateway.x400.security import CertificateAssertion, Certificates


class RecipientReassignmentProhibited(IntEnum):
    """Extension 1."""

    RECIPIENT_REASSIGNMENT_ALLOWED = 0
    RECIPIENT_REASSIGNMENT_PROHIBITED = 1


class DLExpansionProhibited(IntEnum):
    """Extension 3."""

    DL_EXPANSION_ALLOWED = 0
    DL_EXPANSION_PROHIBITED = 1


class ConversionWithLossProhibited(IntEnum):
    """Extension 4."""

    CONVERSION_WITH_LOSS_ALLOWED = 0
    CONVERSION_WITH_LOSS_PROHIBITED = 1


class RequestedDeliveryMethod(IntEnum):
    """Extension 6: methods in order of preference."""

    ANY_DELIVERY_METHOD = 0
    MHS_DELIVERY = 1
    PHYSICAL_DELIVERY = 2
    TELEX_DELIVERY = 3
    TELETEX_DELIVERY = 4
    G3_FACSIMILE_DELIVERY = 5
    G4_FACSIMILE_DELIVERY = 6
    IA5_TERMINAL_DELIVERY = 7
    VIDEOTEX_DELIVERY = 8
    TELEPHONE_DELIVERY = 9


class PhysicalForwardingProhibited(IntEnum):
    """Extension 7."""

    PHYSICAL_FORWARDING_ALLOWED = 0
    PHYSICAL_FORWARDING_PROHIBITED = 1


class PhysicalForwardingAddressRequest(IntEnum):
    """Extension 8."""

    PHYSICAL_FORWARDING_ADDRESS_NOT_REQUESTED = 0
    PHYSICAL_FORWARDING_ADDRESS_REQUESTED = 1


class PhysicalDeliveryModes(IntEnum):
    """Extension 9, bits; 0 to 6 exclude each other."""

    ORDINARY_MAIL = 0
    SPECIAL_DELIVERY = 1
    EXPRESS_MAIL = 2
    COUNTER_COLLECTION = 3
    COUNTER_COLLECTION_WITH_TELEPHONE_ADVICE = 4
    COUNTER_COLLECTION_WITH_TELEX_ADVICE = 5
    COUNTER_COLLECTION_WITH_TELETEX_ADVICE = 6
    BUREAU_FAX_DELIVERY = 7


class RegisteredMailType(IntEnum):
    """Extension 10."""

    NON_REGISTERED_MAIL = 0
    REGISTERED_MAIL = 1
    REGISTERED_MAIL_TO_ADDRESSEE_IN_PERSON = 2


class PhysicalDeliveryReportRequest(IntEnum):
    """Extension 14."""

    RETURN_OF_UNDELIVERABLE_MAIL_BY_PDS = 0
    RETURN_OF_NOTIFICATION_BY_PDS = 1
    RETURN_OF_NOTIFICATION_BY_MHS = 2
    RETURN_OF_NOTIFICATION_BY_MHS_AND_PDS = 3


class ProofOfSubmissionRequest(IntEnum):
    """Extension 21."""

    PROOF_OF_SUBMISSION_NOT_REQUESTED = 0
    PROOF_OF_SUBMISSION_REQUESTED = 1


class RedirectionReason(IntEnum):
    """Why a recipient was replaced; 3 and 4 are newer than 1988."""

    RECIPIENT_ASSIGNED_ALTERNATE_RECIPIENT = 0
    ORIGINATOR_REQUESTED_ALTERNATE_RECIPIENT = 1
    RECIPIENT_MD_ASSIGNED_ALTERNATE_RECIPIENT = 2
    DIRECTORY_LOOK_UP = 3
    ALIAS = 4


RECIPIENT_REASSIGNMENT_PROHIBITED: Final = asn1.Enumerated(RecipientReassignmentProhibited)
DL_EXPANSION_PROHIBITED: Final = asn1.Enumerated(DLExpansionProhibited)
CONVERSION_WITH_LOSS_PROHIBITED: Final = asn1.Enumerated(ConversionWithLossProhibited)
REQUESTED_DELIVERY_METHOD: Final = asn1.SequenceOf(asn1.Integer(RequestedDeliveryMethod, range=(0, ub.UB_INTEGER_OPTIONS)))
PHYSICAL_FORWARDING_PROHIBITED: Final = asn1.Enumerated(PhysicalForwardingProhibited)
PHYSICAL_FORWARDING_ADDRESS_REQUEST: Final = asn1.Enumerated(PhysicalForwardingAddressRequest)
PHYSICAL_DELIVERY_MODES: Final = asn1.NamedBitString(PhysicalDeliveryModes, size=(0, ub.UB_BIT_OPTIONS))
REGISTERED_MAIL_TYPE: Final = asn1.Integer(RegisteredMailType, range=(0, ub.UB_INTEGER_OPTIONS))
PHYSICAL_DELIVERY_REPORT_REQUEST: Final = asn1.Integer(PhysicalDeliveryReportRequest, range=(0, ub.UB_INTEGER_OPTIONS))
RECIPIENT_NUMBER_FOR_ADVICE: Final = asn1.TeletexString(size=(1, ub.UB_RECIPIENT_NUMBER_FOR_ADVICE_LENGTH))
PROOF_OF_SUBMISSION_REQUEST: Final = asn1.Enumerated(ProofOfSubmissionRequest)
REDIRECTION_REASON: Final = asn1.Enumerated(RedirectionReason)


@asn1.choice()
class ContentCorrelator(asn1.Choice):
    """Extension 23: comes back in reports. The bound of 512 octets of earlier editions is not checked."""

    ia5text: str | None = asn1.alternative(asn1.IA5String())
    octets: bytes | None = asn1.alternative(asn1.OctetString())


@asn1.sequence()
class IntendedRecipientName(asn1.Members):
    """X.411 IntendedRecipientName."""

    intended_recipient: ORName = asn1.member(ORName)
    redirection_time: datetime = asn1.member(TIME)


@asn1.sequence()
class Redirection(asn1.Members):
    """One element of extension 25, redirection-history."""

    intended_recipient_name: IntendedRecipientName = asn1.member(IntendedRecipientName)
    redirection_reason: int = asn1.member(REDIRECTION_REASON)


@asn1.sequence()
class DLExpansion(asn1.Members):
    """One element of extension 26, dl-expansion-history."""

    dl: ORName = asn1.member(ORName)
    dl_expansion_time: datetime = asn1.member(TIME)


@asn1.sequence()
class OriginatorAndDLExpansion(asn1.Members):
    """One element of extension 30, originator-and-DL-expansion-history."""

    originator_or_dl_name: ORName = asn1.member(ORName)
    origination_or_expansion_time: datetime = asn1.member(TIME)


@asn1.sequence()
class ReportingMTAName(asn1.Members):
    """Extension 39."""

    domain: GlobalDomainIdentifier = asn1.member(GlobalDomainIdentifier)
    mta_name: str = asn1.member(MTA_NAME)
    mta_directory_name: bytes | None = asn1.member(asn1.Any(), tag=asn1.context(0), optional=True)


@asn1.choice()
class ExtendedCertificate(asn1.Choice):
    """X.411 ExtendedCertificate; the directory entry is an X.501 Name as its complete encoding."""

    directory_entry: bytes | None = asn1.alternative(asn1.Any(), tag=asn1.context(0))
    certificate: Certificates | None = asn1.alternative(Certificates, tag=asn1.context(1))


@asn1.set_()
class CertificateSelectors(asn1.Members):
    """Extensions 45 and 46."""

    encryption_recipient: CertificateAssertion | None = asn1.member(CertificateAssertion, tag=asn1.context(0), optional=True)
    encryption_originator: CertificateAssertion | None = asn1.member(CertificateAssertion, tag=asn1.context(1), optional=True)
    content_integrity_check: CertificateAssertion | None = asn1.member(CertificateAssertion, tag=asn1.context(2), optional=True)
    token_signature: CertificateAssertion | None = asn1.member(CertificateAssertion, tag=asn1.context(3), optional=True)
    message_origin_authentication: CertificateAssertion | None = asn1.member(CertificateAssertion, tag=asn1.context(4), optional=True)


REDIRECTION_HISTORY: Final = asn1.SequenceOf(Redirection, size=(1, ub.UB_REDIRECTIONS))
DL_EXPANSION_HISTORY: Final = asn1.SequenceOf(DLExpansion, size=(1, ub.UB_DL_EXPANSIONS))
ORIGINATOR_AND_DL_EXPANSION_HISTORY: Final = asn1.SequenceOf(OriginatorAndDLExpansion, size=(2, ub.UB_ORIG_AND_DL_EXPANSIONS))
EXTENDED_CERTIFICATES: Final = asn1.SetOf(ExtendedCertificate, size=(1, ub.UB_CERTIFICATES))
DL_EXEMPTED_RECIPIENTS: Final = asn1.SetOf(ORName)
