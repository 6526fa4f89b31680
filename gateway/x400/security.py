"""Security parameters of X.411: credentials, tokens, labels, signatures.

The gateway verifies and makes none of them except the simple password; it carries them unchanged. Types of X.509 are declared as far as
their outer SEQUENCE, because X.411 puts implicit tags on them; what is inside stays as it came.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Any, Final

from gateway import asn1
from gateway.x400 import bounds as ub
from gateway.x400 import oids
from gateway.x400.mts import MTA_NAME, TIME, GlobalDomainIdentifier
from gateway.x400.orname import ORName

# --- types of X.509 -----------------------------------------------------------------------------------------------------------------


@asn1.sequence()
class AlgorithmIdentifier(asn1.Members):
    """X.509 AlgorithmIdentifier."""

    algorithm: str = asn1.member(asn1.ObjectIdentifier())
    parameters: bytes | None = asn1.member(asn1.Any(), optional=True)


@asn1.sequence()
class Signature(asn1.Members):
    """X.509 SIGNATURE{}: the signature alone, without what is signed."""

    algorithm_identifier: AlgorithmIdentifier = asn1.member(AlgorithmIdentifier, name="algorithmIdentifier")
    encrypted: asn1.Bits = asn1.member(asn1.BitString())


@asn1.sequence()
class Certificates(asn1.Members):
    """X.509 Certificates: a certificate and, optionally, a certification path; both as their complete encoding."""

    user_certificate: bytes = asn1.member(asn1.Any(), name="userCertificate")
    certification_path: bytes | None = asn1.member(asn1.Any(), name="certificationPath", optional=True)


@asn1.sequence()
class CertificateAssertion(asn1.Members):
    """X.509 CertificateAssertion; all of its members are kept in ``unknown``."""


# --- labels -------------------------------------------------------------------------------------------------------------------------


class SecurityClassification(IntEnum):
    """X.411 SecurityClassification."""

    UNMARKED = 0
    UNCLASSIFIED = 1
    RESTRICTED = 2
    CONFIDENTIAL = 3
    SECRET = 4
    TOP_SECRET = 5


SECURITY_CLASSIFICATION: Final = asn1.Integer(SecurityClassification, range=(0, ub.UB_INTEGER_OPTIONS))


@asn1.sequence()
class SecurityCategory(asn1.Members):
    """X.411 SecurityCategory; no category is published, so the value stays as it came."""

    type_: str = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(0), name="type")
    value: bytes = asn1.member(asn1.Any(), tag=asn1.context(1))


SECURITY_CATEGORIES: Final = asn1.SetOf(SecurityCategory, size=(1, ub.UB_SECURITY_CATEGORIES))


@asn1.set_()
class SecurityLabel(asn1.Members):
    """X.411 SecurityLabel."""

    security_policy_identifier: str | None = asn1.member(asn1.ObjectIdentifier(), optional=True)
    security_classification: int | None = asn1.member(SECURITY_CLASSIFICATION, optional=True)
    privacy_mark: str | None = asn1.member(asn1.PrintableString(size=(1, ub.UB_PRIVACY_MARK_LENGTH)), optional=True)
    security_categories: tuple[SecurityCategory, ...] | None = asn1.member(SECURITY_CATEGORIES, optional=True)


SECURITY_CONTEXT: Final = asn1.SetOf(SecurityLabel, size=(1, ub.UB_SECURITY_LABELS))

# --- tokens -------------------------------------------------------------------------------------------------------------------------


class ProofOfDeliveryRequest(IntEnum):
    """X.411 ProofOfDeliveryRequest."""

    PROOF_OF_DELIVERY_NOT_REQUESTED = 0
    PROOF_OF_DELIVERY_REQUESTED = 1


PROOF_OF_DELIVERY_REQUEST: Final = asn1.Enumerated(ProofOfDeliveryRequest)


@asn1.sequence()
class MessageTokenSignedData(asn1.Members):
    """X.411 MessageTokenSignedData."""

    content_confidentiality_algorithm_identifier: AlgorithmIdentifier | None = asn1.member(
        AlgorithmIdentifier, tag=asn1.context(0), optional=True
    )
    content_integrity_check: Signature | None = asn1.member(Signature, tag=asn1.context(1), optional=True)
    message_security_label: SecurityLabel | None = asn1.member(SecurityLabel, tag=asn1.context(2), optional=True)
    proof_of_delivery_request: int | None = asn1.member(PROOF_OF_DELIVERY_REQUEST, tag=asn1.context(3), optional=True)
    message_sequence_number: int | None = asn1.member(asn1.Integer(), tag=asn1.context(4), optional=True)


@asn1.sequence()
class MessageTokenEncryptedData(asn1.Members):
    """X.411 MessageTokenEncryptedData."""

    content_confidentiality_key: asn1.Bits | None = asn1.member(asn1.BitString(), tag=asn1.context(0), optional=True)
    content_integrity_check: Signature | None = asn1.member(Signature, tag=asn1.context(1), optional=True)
    message_security_label: SecurityLabel | None = asn1.member(SecurityLabel, tag=asn1.context(2), optional=True)
    content_integrity_key: asn1.Bits | None = asn1.member(asn1.BitString(), tag=asn1.context(3), optional=True)
    message_sequence_number: int | None = asn1.member(asn1.Integer(), tag=asn1.context(4), optional=True)


#: X.411 TokenDataTable: number -> element.
TOKEN_DATA: Final[dict[int, Any]] = {
    1: asn1.BitString(),
    2: MessageTokenSignedData,
    3: MessageTokenEncryptedData,
    4: asn1.External,
}


@asn1.sequence()
class TokenData(asn1.Members):
    """X.411 TokenData."""

    type_: int = asn1.member(asn1.Integer(), tag=asn1.context(0), name="type")
    value: Any = asn1.member(asn1.OpenType(key="type_", registry=TOKEN_DATA.get), tag=asn1.context(1))


@asn1.sequence()
class TokenMTA(asn1.Members):
    """X.411 AsymmetricToken.name.mta."""

    global_domain_identifier: GlobalDomainIdentifier | None = asn1.member(GlobalDomainIdentifier, optional=True)
    mta_name: str = asn1.member(MTA_NAME)


@asn1.choice()
class TokenName(asn1.Choice):
    """X.411 AsymmetricToken.name: whom the token is for."""

    recipient_name: ORName | None = asn1.alternative(ORName)
    mta: TokenMTA | None = asn1.alternative(TokenMTA, tag=asn1.context(3))


@asn1.sequence()
class AsymmetricTokenContent(asn1.Members):
    """X.411 AsymmetricToken: what is signed."""

    signature_algorithm_identifier: AlgorithmIdentifier = asn1.member(AlgorithmIdentifier)
    name: TokenName = asn1.member(TokenName)
    time: datetime = asn1.member(TIME)
    signed_data: TokenData | None = asn1.member(TokenData, tag=asn1.context(0), optional=True)
    encryption_algorithm_identifier: AlgorithmIdentifier | None = asn1.member(AlgorithmIdentifier, tag=asn1.context(1), optional=True)
    encrypted_data: asn1.Bits | None = asn1.member(asn1.BitString(), tag=asn1.context(2), optional=True)


@asn1.sequence()
class AsymmetricToken(asn1.Members):
    """X.411 AsymmetricToken: SIGNED{}.

    Attributes:
        to_be_signed: The complete encoding of an `AsymmetricTokenContent`, octet for octet, because the signature is over it.
    """

    to_be_signed: bytes = asn1.member(asn1.Any(), name="toBeSigned")
    algorithm_identifier: AlgorithmIdentifier = asn1.member(AlgorithmIdentifier, name="algorithmIdentifier")
    encrypted: asn1.Bits = asn1.member(asn1.BitString())


#: X.411 TokensTable: identifier -> element.
TOKENS: Final[dict[str, Any]] = {oids.ID_TOK_ASYMMETRICTOKEN: AsymmetricToken}


@asn1.sequence()
class Token(asn1.Members):
    """X.411 Token."""

    token_type_identifier: str = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(0))
    token: Any = asn1.member(asn1.OpenType(key="token_type_identifier", registry=TOKENS.get), tag=asn1.context(1))


# --- credentials --------------------------------------------------------------------------------------------------------------------


@asn1.choice()
class Password(asn1.Choice):
    """X.411 Password; peers use either form, PP sends octets and a 1984 MTA IA5."""

    ia5_string: str | None = asn1.alternative(asn1.IA5String(size=(0, ub.UB_PASSWORD_LENGTH)))
    octet_string: bytes | None = asn1.alternative(asn1.OctetString(size=(0, ub.UB_PASSWORD_LENGTH)))


@asn1.set_(extensible=True)
class StrongCredentials(asn1.Members):
    """X.411 StrongCredentials."""

    bind_token: Token | None = asn1.member(Token, tag=asn1.context(0), optional=True)
    certificate: Certificates | None = asn1.member(Certificates, tag=asn1.context(1), optional=True)
    certificate_selector: CertificateAssertion | None = asn1.member(CertificateAssertion, tag=asn1.context(2), optional=True)


@asn1.set_()
class ProtectedPassword(asn1.Members):
    """X.411 ProtectedPassword."""

    signature: Signature = asn1.member(Signature)
    time1: datetime | None = asn1.member(asn1.UTCTime(), tag=asn1.context(0), optional=True)
    time2: datetime | None = asn1.member(asn1.UTCTime(), tag=asn1.context(1), optional=True)
    random1: asn1.Bits | None = asn1.member(asn1.BitString(), tag=asn1.context(2), optional=True)
    random2: asn1.Bits | None = asn1.member(asn1.BitString(), tag=asn1.context(3), optional=True)


@asn1.choice(extensible=True)
class Credentials(asn1.Choice):
    """X.411 Credentials."""

    simple: Password | None = asn1.alternative(Password)
    strong: StrongCredentials | None = asn1.alternative(StrongCredentials, tag=asn1.context(0))
    protected: ProtectedPassword | None = asn1.alternative(ProtectedPassword, tag=asn1.context(1))
