"""X.420 Annex B (module IPMSSecurityExtensions): security requests and responses in IPMs and IPNs, tokens for encrypted body parts.

The gateway carries them; it neither makes nor checks a signature.
"""

from __future__ import annotations

from enum import IntEnum

from gateway import asn1
from gateway.octets import Octets
from gateway.x400.extension_values import EXTENDED_CERTIFICATES, ExtendedCertificate
from gateway.x400.security import AlgorithmIdentifier, CertificateAssertion, Certificates, Signature, Token


class RecipientSecurityRequest(IntEnum):
    """X.420 B.1 RecipientSecurityRequest: bits."""

    CONTENT_NON_REPUDIATION = 0
    CONTENT_PROOF = 1
    IPN_NON_REPUDIATION = 2
    IPN_PROOF = 3


RecipientSecurityRequests = asn1.NamedBitString(RecipientSecurityRequest)


class SecurityDiagnosticCode(IntEnum):
    """X.420 B.2 SecurityDiagnosticCode."""

    INTEGRITY_FAILURE_ON_SUBJECT_MESSAGE = 0
    INTEGRITY_FAILURE_ON_FORWARDED_MESSAGE = 1
    MOAC_FAILURE_ON_SUBJECT_MESSAGE = 2
    UNSUPPORTED_SECURITY_POLICY = 3
    UNSUPPORTED_ALGORITHM_IDENTIFIER = 4
    DECRYPTION_FAILED = 5
    TOKEN_ERROR = 6
    UNABLE_TO_SIGN_NOTIFICATION = 7
    UNABLE_TO_SIGN_MESSAGE_RECEIPT = 8
    AUTHENTICATION_FAILURE_ON_SUBJECT_MESSAGE = 9
    SECURITY_CONTEXT_FAILURE_MESSAGE = 10
    MESSAGE_SEQUENCE_FAILURE = 11
    MESSAGE_SECURITY_LABELLING_FAILURE = 12
    REPUDIATION_FAILURE_OF_MESSAGE = 13
    FAILURE_OF_PROOF_OF_MESSAGE = 14
    SIGNATURE_KEY_UNOBTAINABLE = 15
    DECRYPTION_KEY_UNOBTAINABLE = 16
    KEY_FAILURE = 17
    UNSUPPORTED_REQUEST_FOR_SECURITY_SERVICE = 18
    INCONSISTENT_REQUEST_FOR_SECURITY_SERVICE = 19
    IPN_NON_REPUDIATION_PROVIDED_INSTEAD_OF_CONTENT_PROOF = 20
    TOKEN_DECRYPTION_FAILED = 21
    DOUBLE_ENVELOPING_MESSAGE_RESTORING_FAILURE = 22
    UNAUTHORISED_DL_MEMBER = 23
    RECEPTION_SECURITY_FAILURE = 24
    UNSUITABLE_ALTERNATE_RECIPIENT = 25
    SECURITY_SERVICES_REFUSAL = 26
    UNAUTHORISED_RECIPIENT = 27
    UNKNOWN_CERTIFICATION_AUTHORITY_NAME = 28
    UNKNOWN_DL_NAME = 29
    UNKNOWN_ORIGINATOR_NAME = 30
    UNKNOWN_RECIPIENT_NAME = 31
    SECURITY_POLICY_VIOLATION = 32


@asn1.set_()
class OriginalSecurityArguments(asn1.Members):
    """The security arguments of the subject IPM; anonymous in X.420 B.2."""

    original_content_integrity_check: Signature | None = asn1.member(Signature, tag=asn1.context(0), optional=True)
    original_message_origin_authentication_check: Signature | None = asn1.member(Signature, tag=asn1.context(1), optional=True)
    original_message_token: Token | None = asn1.member(Token, tag=asn1.context(2), optional=True)


@asn1.choice()
class ContentOrArguments(asn1.Choice):
    """What a receipt proves; anonymous in X.420 B.2."""

    original_content: Octets | None = asn1.alternative(asn1.LargeOctetString())
    original_security_arguments: OriginalSecurityArguments | None = asn1.alternative(OriginalSecurityArguments)


@asn1.set_()
class IpnSecurityResponse(asn1.Members):
    """X.420 B.2 IpnSecurityResponse."""

    content_or_arguments: ContentOrArguments = asn1.member(ContentOrArguments)
    security_diagnostic_code: int | None = asn1.member(asn1.Integer(names=SecurityDiagnosticCode), optional=True)


@asn1.set_(extensible=True)
class EncryptionToken(asn1.Members):
    """X.420 B.3 EncryptionToken."""

    encryption_algorithm_identifier: AlgorithmIdentifier = asn1.member(AlgorithmIdentifier)
    encrypted_key: asn1.Bits = asn1.member(asn1.BitString())
    recipient_certificate_selector: CertificateAssertion | None = asn1.member(CertificateAssertion, tag=asn1.context(0), optional=True)
    recipient_certificate: Certificates | None = asn1.member(Certificates, tag=asn1.context(1), optional=True)
    originator_certificate_selector: CertificateAssertion | None = asn1.member(CertificateAssertion, tag=asn1.context(2), optional=True)
    originator_certificates: tuple[ExtendedCertificate, ...] | None = asn1.member(EXTENDED_CERTIFICATES, tag=asn1.context(3), optional=True)


def _body_part_tokens() -> asn1.SetOf:
    return BodyPartTokens


@asn1.choice()
class BodyPartTokenChoice(asn1.Choice):
    """The token of a body part, or those of the parts inside it; anonymous in X.420 B.3."""

    encryption_token: EncryptionToken | None = asn1.alternative(EncryptionToken)
    message_or_content_body_part: tuple[BodyPartToken, ...] | None = asn1.alternative(_body_part_tokens, tag=asn1.context(0))


@asn1.set_()
class BodyPartToken(asn1.Members):
    """One element of X.420 B.3 BodyPartTokens."""

    body_part_number: int = asn1.member(asn1.Integer(range=(1, None)))
    body_part_choice: BodyPartTokenChoice = asn1.member(BodyPartTokenChoice)


BodyPartTokens = asn1.SetOf(BodyPartToken)
"""Value of the P1 extension 43, body-part-encryption-token."""


def _forwarded_content_token() -> asn1.SetOf:
    return ForwardedContentToken


@asn1.choice()
class ForwardingTokenChoice(asn1.Choice):
    """The token of a forwarded content, or those of the parts inside it; anonymous in X.420 B.4."""

    forwarding_token: Token | None = asn1.alternative(Token)
    message_or_content_body_part: tuple[ForwardingToken, ...] | None = asn1.alternative(_forwarded_content_token)


@asn1.set_()
class ForwardingToken(asn1.Members):
    """One element of X.420 B.4 ForwardedContentToken."""

    body_part_number: int = asn1.member(asn1.Integer(range=(1, None)))
    body_part_choice: ForwardingTokenChoice = asn1.member(ForwardingTokenChoice)


ForwardedContentToken = asn1.SetOf(ForwardingToken)
"""Value of the P1 extension 44, forwarded-content-token."""
