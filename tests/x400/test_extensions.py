"""Extension fields: both encodings of the type, criticality, values, what is not known."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway import asn1
from gateway.x400 import oids
from gateway.x400.extension_values import (
    CertificateSelectors,
    ContentCorrelator,
    DLExpansion,
    DLExpansionProhibited,
    ExtendedCertificate,
    IntendedRecipientName,
    OriginatorAndDLExpansion,
    PhysicalDeliveryModes,
    Redirection,
    RedirectionReason,
    ReportingMTAName,
    RequestedDeliveryMethod,
)
from gateway.x400.extensions import (
    DRAFT_EXTENSION_TYPE,
    EXTENSIONS,
    Criticality,
    ExtensionField,
    ExtensionType,
    StandardExtension,
    extension_field,
    extension_value,
)
from gateway.x400.mts import GlobalDomainIdentifier
from gateway.x400.mts_trace import (
    DomainSuppliedInformation,
    InternalTraceInformationElement,
    MTASuppliedInformation,
    RoutingAction,
    TraceInformationElement,
)
from gateway.x400.oraddress import EncodedORAddress, ORAddress, orname_from_oraddress
from gateway.x400.orname import AdministrationDomainName, BuiltInStandardAttributes, CountryName
from gateway.x400.security import (
    AlgorithmIdentifier,
    AsymmetricToken,
    CertificateAssertion,
    Certificates,
    SecurityCategory,
    SecurityClassification,
    SecurityLabel,
    Signature,
    Token,
)

DRAFT = frozenset({DRAFT_EXTENSION_TYPE})
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NAME = orname_from_oraddress(ORAddress(country="GB", admd=" ", surname="dl"))
DOMAIN = GlobalDomainIdentifier(
    country_name=CountryName(iso_3166_alpha2_code="GB"), administration_domain_name=AdministrationDomainName(printable=" ")
)
ALGORITHM = AlgorithmIdentifier(algorithm="1.2.840.113549.1.1.1", parameters=b"\x05\x00")
SIGNATURE = Signature(algorithm_identifier=ALGORITHM, encrypted=asn1.Bits(b"\x12\x34", 0))
CERTIFICATES = Certificates(user_certificate=bytes.fromhex("3003020105"))
E = StandardExtension

VALUES: dict[StandardExtension, object] = {
    E.RECIPIENT_REASSIGNMENT_PROHIBITED: 1,
    E.ORIGINATOR_REQUESTED_ALTERNATE_RECIPIENT: NAME,
    E.DL_EXPANSION_PROHIBITED: DLExpansionProhibited.DL_EXPANSION_PROHIBITED,
    E.CONVERSION_WITH_LOSS_PROHIBITED: 1,
    E.LATEST_DELIVERY_TIME: NOW,
    E.REQUESTED_DELIVERY_METHOD: (RequestedDeliveryMethod.MHS_DELIVERY, RequestedDeliveryMethod.PHYSICAL_DELIVERY),
    E.PHYSICAL_FORWARDING_PROHIBITED: 1,
    E.PHYSICAL_FORWARDING_ADDRESS_REQUEST: 1,
    E.PHYSICAL_DELIVERY_MODES: frozenset({PhysicalDeliveryModes.EXPRESS_MAIL}),
    E.REGISTERED_MAIL_TYPE: 2,
    E.RECIPIENT_NUMBER_FOR_ADVICE: b"+44 181",
    E.PHYSICAL_RENDITION_ATTRIBUTES: "2.6.3.5.0",
    E.ORIGINATOR_RETURN_ADDRESS: EncodedORAddress(built_in_standard_attributes=BuiltInStandardAttributes(organization_name="o")),
    E.PHYSICAL_DELIVERY_REPORT_REQUEST: 3,
    E.ORIGINATOR_CERTIFICATE: CERTIFICATES,
    E.MESSAGE_TOKEN: Token(
        token_type_identifier=oids.ID_TOK_ASYMMETRICTOKEN,
        token=AsymmetricToken(to_be_signed=bytes.fromhex("3000"), algorithm_identifier=ALGORITHM, encrypted=asn1.Bits(b"\x01", 0)),
    ),
    E.CONTENT_CONFIDENTIALITY_ALGORITHM_IDENTIFIER: ALGORITHM,
    E.CONTENT_INTEGRITY_CHECK: SIGNATURE,
    E.MESSAGE_ORIGIN_AUTHENTICATION_CHECK: SIGNATURE,
    E.MESSAGE_SECURITY_LABEL: SecurityLabel(
        security_policy_identifier="1.3.26.0.4406.0.9",
        security_classification=SecurityClassification.SECRET,
        privacy_mark="EYES ONLY",
        security_categories=(SecurityCategory(type_="1.2.3", value=b"\x02\x01\x07"),),
    ),
    E.PROOF_OF_SUBMISSION_REQUEST: 1,
    E.PROOF_OF_DELIVERY_REQUEST: 1,
    E.CONTENT_CORRELATOR: ContentCorrelator(octets=b"\x00\xff"),
    E.PROBE_ORIGIN_AUTHENTICATION_CHECK: SIGNATURE,
    E.REDIRECTION_HISTORY: (
        Redirection(
            intended_recipient_name=IntendedRecipientName(intended_recipient=NAME, redirection_time=NOW),
            redirection_reason=RedirectionReason.ALIAS,
        ),
    ),
    E.DL_EXPANSION_HISTORY: (DLExpansion(dl=NAME, dl_expansion_time=NOW),),
    E.PHYSICAL_FORWARDING_ADDRESS: NAME,
    E.RECIPIENT_CERTIFICATE: CERTIFICATES,
    E.PROOF_OF_DELIVERY: SIGNATURE,
    E.ORIGINATOR_AND_DL_EXPANSION_HISTORY: (OriginatorAndDLExpansion(originator_or_dl_name=NAME, origination_or_expansion_time=NOW),) * 2,
    E.REPORTING_DL_NAME: NAME,
    E.REPORTING_MTA_CERTIFICATE: CERTIFICATES,
    E.REPORT_ORIGIN_AUTHENTICATION_CHECK: SIGNATURE,
    E.ORIGINATING_MTA_CERTIFICATE: CERTIFICATES,
    E.PROOF_OF_SUBMISSION: SIGNATURE,
    E.TRACE_INFORMATION: (
        TraceInformationElement(
            global_domain_identifier=DOMAIN,
            domain_supplied_information=DomainSuppliedInformation(arrival_time=NOW, routing_action=RoutingAction.RELAYED),
        ),
    ),
    E.INTERNAL_TRACE_INFORMATION: (
        InternalTraceInformationElement(
            global_domain_identifier=DOMAIN,
            mta_name="gw",
            mta_supplied_information=MTASuppliedInformation(arrival_time=NOW, routing_action=RoutingAction.REROUTED),
        ),
    ),
    E.REPORTING_MTA_NAME: ReportingMTAName(domain=DOMAIN, mta_name="gw", mta_directory_name=bytes.fromhex("3000")),
    E.MULTIPLE_ORIGINATOR_CERTIFICATES: (ExtendedCertificate(certificate=CERTIFICATES), ExtendedCertificate(directory_entry=b"\x30\x00")),
    E.BLIND_COPY_RECIPIENTS: (),
    E.DL_EXEMPTED_RECIPIENTS: (NAME,),
    E.BODY_PART_ENCRYPTION_TOKEN: (),
    E.FORWARDED_CONTENT_TOKEN: (),
    E.CERTIFICATE_SELECTORS: CertificateSelectors(token_signature=CertificateAssertion()),
    E.CERTIFICATE_SELECTORS_OVERRIDE: CertificateSelectors(),
}


@pytest.mark.parametrize("dialects", [frozenset(), DRAFT], ids=["published", "draft"])
@pytest.mark.parametrize("number", VALUES, ids=lambda number: number.name.lower())
def test_every_standard_extension_survives_in_both_forms(number: StandardExtension, dialects: frozenset[str]) -> None:
    field = extension_field(number, VALUES[number])
    octets = asn1.encode(field, dialects=dialects)
    decoded = asn1.decode(octets, ExtensionField)
    assert decoded == field and decoded.understood
    form = bytes([0xA0, 3, 2, 1, number]) if dialects else bytes([0x80, 1, number])
    assert tail(octets).startswith(form)


def tail(octets: bytes) -> bytes:
    """What follows the identifier and length octets."""
    return octets[2:] if octets[1] < 0x80 else octets[2 + (octets[1] & 0x7F) :]


def test_no_standard_extension_is_left_out() -> None:
    assert EXTENSIONS.keys() - VALUES.keys() == {StandardExtension.FORWARDING_REQUEST}


def test_form_of_the_value() -> None:
    field = extension_field(StandardExtension.DL_EXPANSION_PROHIBITED, DLExpansionProhibited.DL_EXPANSION_PROHIBITED)
    assert asn1.encode(field) == bytes.fromhex("300C 800103 8102 0520 A203 0A0101")
    assert field.criticality == {Criticality.FOR_DELIVERY}


def test_private_extension_as_p772_has_it_is_kept_octet_for_octet() -> None:
    """[NX] type [3], criticality of three bits none of which is set; the value is nobody's business."""
    octets = bytes.fromhex("3015 8308 2B1A00A236000800 8102 0500 A205 3003 020101")
    field = asn1.decode(octets, ExtensionField)
    assert field.type_ == ExtensionType(private_extension="1.3.26.0.4406.0.8.0") and field.criticality == frozenset()
    assert field.value == bytes.fromhex("3003 020101") and not field.understood
    assert asn1.encode(field) == bytes.fromhex("3011 8308 2B1A00A236000800 A205 3003 020101"), "the empty criticality is a DEFAULT"


def test_private_extension_in_the_draft_form() -> None:
    octets = bytes.fromhex("3013 A00A 0608 2B1A00A236000800 A205 3003 020101")
    field = asn1.decode(octets, ExtensionField)
    assert field.type_.private_extension == "1.3.26.0.4406.0.8.0"
    assert asn1.encode(field, dialects=DRAFT) == octets


def test_unknown_number_is_kept() -> None:
    field = asn1.decode(bytes.fromhex("3009 800163 A204 0402 4142"), ExtensionField)
    assert (field.number, field.value, field.understood) == (99, bytes.fromhex("0402 4142"), False)


def test_a_known_extension_whose_value_does_not_decode_is_kept() -> None:
    octets = bytes.fromhex("3008 800103 A203 160161")
    field = asn1.decode(octets, ExtensionField)
    assert not field.understood and field.value == bytes.fromhex("160161")
    assert asn1.encode(field) == octets


def test_absent_value_is_null() -> None:
    assert asn1.decode(bytes.fromhex("3003 800163"), ExtensionField).value is asn1.NULL


def test_first_of_two_instances_counts() -> None:
    first = extension_field(StandardExtension.CONTENT_CORRELATOR, ContentCorrelator(ia5text="1"))
    second = extension_field(StandardExtension.CONTENT_CORRELATOR, ContentCorrelator(ia5text="2"))
    assert extension_value((first, second), StandardExtension.CONTENT_CORRELATOR) == ContentCorrelator(ia5text="1")
    assert extension_value((first,), StandardExtension.MESSAGE_TOKEN) is None


def test_opaque_types_of_x509_are_kept_octet_for_octet() -> None:
    octets = bytes.fromhex("3012 3003 020105 300B 3009 0607 2A864886F70D01".replace(" ", ""))
    assert asn1.encode(asn1.decode(octets, Certificates)) == octets
    assertion = bytes.fromhex("3007 8001 05 A302 3000")
    assert asn1.encode(asn1.decode(assertion, CertificateAssertion)) == assertion
