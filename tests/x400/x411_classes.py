"""ASN.1 type of X.411 and X.419 -> what was declared for it. Classes are found by their names; the rest is listed."""

from __future__ import annotations

from enum import IntEnum
from types import ModuleType

from gateway import asn1
from gateway.x400 import (
    bind,
    bounds,
    extension_attributes,
    extension_values,
    extensions,
    mts,
    mts_delivery,
    mts_submission,
    mts_trace,
    orname,
    p1,
    security,
)

_MODULES: tuple[ModuleType, ...] = (
    bind, extension_attributes, extension_values, extensions, mts, mts_delivery, mts_submission, mts_trace, orname, p1, security,
)  # fmt: skip


def _declared(found: object) -> bool:
    return isinstance(found, type) and (hasattr(found, "__asn1__") or issubclass(found, IntEnum))


_BY_NAME = {name: found for module in _MODULES for name, found in vars(module).items() if _declared(found)}
_BY_NAME = {name: found for name, found in _BY_NAME.items() if found is not IntEnum}

CLASSES: dict[str, object] = {
    **_BY_NAME,
    "MTS-APDU": p1.MTSAPDU,
    "Probe": p1.ProbeTransferEnvelope,
    # numbers that have a tag or bounds of their own
    "Priority": mts.PRIORITY,
    "BuiltInContentType": mts.BUILT_IN_CONTENT_TYPE,
    "BuiltInEncodedInformationTypes": mts.BUILT_IN_ENCODED_INFORMATION_TYPES,
    "G3FacsimileNonBasicParameters": mts.G3_FACSIMILE_NON_BASIC_PARAMETERS,
    "PerMessageIndicators": mts.PER_MESSAGE_INDICATORS,
    "PerRecipientIndicators": mts.PER_RECIPIENT_INDICATORS,
    "OriginatorReportRequest": mts.ORIGINATOR_REPORT_REQUEST,
    "DeliveryFlags": mts.DELIVERY_FLAGS,
    "ExplicitConversion": mts.EXPLICIT_CONVERSION,
    "TypeOfMTSUser": mts.TYPE_OF_MTS_USER,
    "NonDeliveryReasonCode": mts.NON_DELIVERY_REASON_CODE,
    "NonDeliveryDiagnosticCode": mts.NON_DELIVERY_DIAGNOSTIC_CODE,
    "RoutingAction": mts_trace.ROUTING_ACTION,
    "OtherActions": mts_trace.OTHER_ACTIONS,
    "Criticality": extensions.CRITICALITY,
    "SecurityClassification": security.SECURITY_CLASSIFICATION,
    "ProofOfDeliveryRequest": security.PROOF_OF_DELIVERY_REQUEST,
    "TerminalType": extension_attributes.EXTENSION_ATTRIBUTES[23],
    "RecipientReassignmentProhibited": extension_values.RECIPIENT_REASSIGNMENT_PROHIBITED,
    "DLExpansionProhibited": extension_values.DL_EXPANSION_PROHIBITED,
    "ConversionWithLossProhibited": extension_values.CONVERSION_WITH_LOSS_PROHIBITED,
    "RequestedDeliveryMethod": extension_values.REQUESTED_DELIVERY_METHOD,
    "PhysicalForwardingProhibited": extension_values.PHYSICAL_FORWARDING_PROHIBITED,
    "PhysicalForwardingAddressRequest": extension_values.PHYSICAL_FORWARDING_ADDRESS_REQUEST,
    "PhysicalDeliveryModes": extension_values.PHYSICAL_DELIVERY_MODES,
    "RegisteredMailType": extension_values.REGISTERED_MAIL_TYPE,
    "PhysicalDeliveryReportRequest": extension_values.PHYSICAL_DELIVERY_REPORT_REQUEST,
    "ProofOfSubmissionRequest": extension_values.PROOF_OF_SUBMISSION_REQUEST,
    "RedirectionReason": extension_values.REDIRECTION_REASON,
    # collections and strings with names of their own
    "ContentIdentifier": mts.CONTENT_IDENTIFIER,
    "ContentLength": mts.CONTENT_LENGTH,
    "ContentTypes": mts.CONTENT_TYPES,
    "Content": mts.CONTENT,
    "ExtendedContentType": mts.EXTENDED_CONTENT_TYPE,
    "ExtendedEncodedInformationTypes": mts.EXTENDED_ENCODED_INFORMATION_TYPES,
    "LocalIdentifier": mts.LOCAL_IDENTIFIER,
    "MTAName": mts.MTA_NAME,
    "Time": mts.TIME,
    "SupplementaryInformation": mts.SUPPLEMENTARY_INFORMATION,
    "OriginallySpecifiedRecipientNumber": mts.ORIGINALLY_SPECIFIED_RECIPIENT_NUMBER,
    "TraceInformation": mts_trace.TRACE_INFORMATION,
    "InternalTraceInformation": mts_trace.INTERNAL_TRACE_INFORMATION,
    "SecurityContext": security.SECURITY_CONTEXT,
    "SecurityCategories": security.SECURITY_CATEGORIES,
    "RecipientNumberForAdvice": extension_values.RECIPIENT_NUMBER_FOR_ADVICE,
    "RedirectionHistory": extension_values.REDIRECTION_HISTORY,
    "DLExpansionHistory": extension_values.DL_EXPANSION_HISTORY,
    "OriginatorAndDLExpansionHistory": extension_values.ORIGINATOR_AND_DL_EXPANSION_HISTORY,
    "ExtendedCertificates": extension_values.EXTENDED_CERTIFICATES,
    "DLExemptedRecipients": extension_values.DL_EXEMPTED_RECIPIENTS,
    "OtherRecipientNames": mts_delivery.OTHER_RECIPIENT_NAMES,
    "MessageSecurityLabel": security.SecurityLabel,
    # O/R names
    "ORAddress": orname.EncodedORAddress,
    "X121Address": orname.X121Address,
    "TerminalIdentifier": orname.TerminalIdentifier,
    "OrganizationName": orname.OrganizationName,
    "NumericUserIdentifier": orname.NumericUserIdentifier,
    "OrganizationalUnitName": orname.OrganizationalUnitName,
    "OrganizationalUnitNames": orname.OrganizationalUnitNames,
    "BuiltInDomainDefinedAttributes": orname.BuiltInDomainDefinedAttributes,
    "ExtensionAttributes": extension_attributes.ExtensionAttributes,
    "TeletexOrganizationalUnitName": extension_attributes.TeletexOrganizationalUnitName,
    "TeletexOrganizationalUnitNames": extension_attributes.TeletexOrganizationalUnitNames,
    "TeletexDomainDefinedAttributes": extension_attributes.TeletexDomainDefinedAttributes,
    "UniversalOrganizationalUnitNames": extension_attributes.UniversalOrganizationalUnitNames,
    "UniversalDomainDefinedAttributes": extension_attributes.UniversalDomainDefinedAttributes,
    "CommonName": extension_attributes.EXTENSION_ATTRIBUTES[1],
    "TeletexCommonName": extension_attributes.EXTENSION_ATTRIBUTES[2],
    "TeletexOrganizationName": extension_attributes.EXTENSION_ATTRIBUTES[3],
    "PDSName": extension_attributes.EXTENSION_ATTRIBUTES[7],
    # not of these modules: they stand for what is imported
    "AlgorithmIdentifier": security.AlgorithmIdentifier,
    "Certificates": security.Certificates,
    "Name": asn1.Any(),
}

BOUNDS: dict[str, int] = {
    name.lower().replace("_", "-"): value for name, value in vars(bounds).items() if name.startswith("UB_") and isinstance(value, int)
}
