"""Every type of X.420 (1999) is declared as its module says, or stands here with the reason why not."""

from __future__ import annotations

import re

import pytest

from gateway import asn1
from gateway.x400 import bodyparts as bp
from gateway.x400 import extended_bodyparts as ep
from gateway.x400 import extension_values as ev
from gateway.x400 import file_attributes as fa
from gateway.x400 import ftbp, ipm, ipms_bounds, ipms_fields, mts, mts_delivery, mts_submission, oids, security
from gateway.x400 import heading_extensions as hx
from gateway.x400 import ipms_security as sec
from gateway.x400 import notifications as ipn
from gateway.x400.extension_attributes import UniversalOrBMPString
from gateway.x400.orname import ORName
from tests.shared import require_shared
from tests.x400.modules import compare_module

STORE = "message store / P7: the gateway is no message store"
SERVICE = "abstract service of a user and its message store: no P2 or P22 octet carries it"
SMIME = "inside a PKCS #7 content, which the gateway carries and never opens"

BOUNDS = {name.lower().replace("_", "-"): value for name, value in vars(ipms_bounds).items() if name.startswith("UB_")}

IMPORTED = {
    "ORName": ORName,
    "EncodedInformationTypes": mts.EncodedInformationTypes,
    "G3FacsimileNonBasicParameters": mts.G3FacsimileNonBasicParameters,
    "TeletexNonBasicParameters": mts.TeletexNonBasicParameters,
    "OtherMessageDeliveryFields": mts_delivery.OtherMessageDeliveryFields,
    "AlgorithmIdentifier": security.AlgorithmIdentifier,
    "ExtendedCertificates": ev.EXTENDED_CERTIFICATES,
    "SecurityLabel": security.SecurityLabel,
    "CertificateAssertion": security.CertificateAssertion,
    "MessageToken": security.Token,
    "Certificates": security.Certificates,
    "UniversalOrBMPString": UniversalOrBMPString,
    "MessageDeliveryTime": asn1.UTCTime(),
    "MTSIdentifier": mts.MTSIdentifier,
    "MessageDeliveryIdentifier": mts.MTSIdentifier,
    "MessageSubmissionEnvelope": mts_submission.MessageSubmissionEnvelope,
    "OriginatingMTACertificate": security.Certificates,
    "ProofOfSubmission": security.Signature,
    "ContentIntegrityCheck": security.Signature,
    "MessageOriginAuthenticationCheck": security.Signature,
    "SupplementaryInformation": mts.SUPPLEMENTARY_INFORMATION,
}

INFORMATION_OBJECTS = IMPORTED | {
    "InformationObject": ipm.InformationObject,
    "IPM": ipm.IPM,
    "IPMSExtension": ipms_fields.IPMSExtension,
    "Heading": ipm.Heading,
    "IPMIdentifier": ipms_fields.IPMIdentifier,
    "LocalIPMIdentifier": ipms_fields.LocalIPMIdentifier,
    "RecipientSpecifier": ipms_fields.RecipientSpecifier,
    "ORDescriptor": ipms_fields.ORDescriptor,
    "FreeFormName": ipms_fields.FreeFormName,
    "TelephoneNumber": ipms_fields.TelephoneNumber,
    "NotificationRequests": ipms_fields.NotificationRequests,
    "SubjectField": ipm.SubjectField,
    "ImportanceField": ipm.Importance,
    "SensitivityField": ipm.Sensitivity,
    "BodyPart": bp.BodyPart,
    "ExtendedBodyPart": bp.ExtendedBodyPart,
    "IA5TextBodyPart": bp.IA5TextBodyPart,
    "IA5TextParameters": bp.IA5TextParameters,
    "IA5TextData": bp.IA5TextData,
    "Repertoire": bp.Repertoire,
    "G3FacsimileBodyPart": bp.G3FacsimileBodyPart,
    "G3FacsimileParameters": bp.G3FacsimileParameters,
    "G3FacsimileData": bp.G3FacsimileData,
    "G4Class1BodyPart": bp.G4Class1BodyPart,
    "MixedModeBodyPart": bp.MixedModeBodyPart,
    "TeletexBodyPart": bp.TeletexBodyPart,
    "TeletexParameters": bp.TeletexParameters,
    "TeletexData": bp.TeletexData,
    "VideotexBodyPart": bp.VideotexBodyPart,
    "VideotexParameters": bp.VideotexParameters,
    "VideotexSyntax": bp.VideotexSyntax,
    "VideotexData": bp.VideotexData,
    "EncryptedBodyPart": bp.EncryptedBodyPart,
    "EncryptedParameters": bp.EncryptedParameters,
    "EncryptedData": bp.EncryptedData,
    "MessageBodyPart": bp.MessageBodyPart,
    "MessageParameters": bp.MessageParameters,
    "BilaterallyDefinedBodyPart": bp.BilaterallyDefinedBodyPart,
    "IPN": ipn.IPN,
    "CommonFields": ipn.CommonFields,
    "NonReceiptFields": ipn.NonReceiptFields,
    "ReceiptFields": ipn.ReceiptFields,
    "NonReceiptReasonField": ipn.NonReceiptReason,
    "DiscardReasonField": ipn.DiscardReason,
    "AcknowledgmentModeField": ipn.AcknowledgmentMode,
    "AbsenceAdvice": ipn.AbsenceAdvice,
    "ChangeOfAddressAdvice": ipn.ChangeOfAddressAdvice,
}
HEADING_EXTENSIONS = IMPORTED | {
    "ORDescriptor": ipms_fields.ORDescriptor,
    "RecipientSpecifier": ipms_fields.RecipientSpecifier,
    "ThisIPMField": ipms_fields.IPMIdentifier,
    "BodyPart": bp.BodyPart,
    "Language": hx.Language,
    "AutoSubmitted": hx.AutoSubmitted,
    "BodyPartSignatures": hx.BodyPartSignatures,
    "IPMSecurityLabel": hx.IPMSecurityLabel,
    "BodyPartSecurityLabel": hx.BodyPartSecurityLabel,
    "CirculationList": hx.CirculationList,
    "CirculationMember": hx.CirculationMember,
    "Checkmark": hx.Checkmark,
    "DistributionCodes": hx.DistributionCodes,
    "DistributionCode": hx.DistributionCode,
    "InformationCategories": hx.InformationCategories,
    "InformationCategory": hx.InformationCategory,
    "ManualHandlingInstructions": hx.ManualHandlingInstructions,
    "AuthorizationTime": hx.HEADING_EXTENSIONS[oids.ID_HEX_AUTHORIZATION_TIME],
    "PrecedencePolicyIdentifier": hx.HEADING_EXTENSIONS[oids.ID_HEX_PRECEDENCE_POLICY_ID],
    "Precedence": hx.RECIPIENT_EXTENSIONS[oids.ID_REX_PRECEDENCE],
}
FILE_TRANSFER = IMPORTED | {
    "FileTransferParameters": ftbp.FileTransferParameters,
    "FileTransferData": ftbp.FileTransferData,
    "RelatedStoredFile": ftbp.RelatedStoredFile,
    "FileIdentifier": ftbp.FileIdentifier,
    "PathnameandVersion": ftbp.PathnameandVersion,
    "CrossReference": ftbp.CrossReference,
    "MessageReference": ftbp.MessageReference,
    "Relationship": ftbp.Relationship,
    "ExplicitRelationship": ftbp.ExplicitRelationship,
    "Contents-Type-Attribute": ftbp.ContentsTypeAttribute,
    "EnvironmentParameter": ftbp.EnvironmentParameter,
    "GeneralIdentifier": ftbp.GeneralIdentifier,
    "CompressionParameter": ftbp.CompressionParameter,
    "FileAttributes": fa.FileAttributes,
    "Pathname-Attribute": fa.PathnameAttribute,
    "Account-Attribute": fa.AccountAttribute,
    "User-Identity-Attribute": fa.UserIdentityAttribute,
    "Access-Control-Attribute": fa.AccessControlAttribute,
    "Access-Control-Element": fa.AccessControlElement,
    "Access-Request": fa.AccessRequest,
    "Access-Passwords": fa.AccessPasswords,
    "Password": fa.Password,
    "Application-Entity-Title": fa.ApplicationEntityTitle,
    "Attribute-Extensions": fa.AttributeExtensions,
    "Concurrency-Access": fa.ConcurrencyAccess,
    "Date-and-Time-Attribute": fa.DateAndTimeAttribute,
    "Legal-Qualification-Attribute": fa.LegalQualificationAttribute,
    "Object-Availability-Attribute": fa.ObjectAvailabilityAttribute,
    "Object-Size-Attribute": fa.ObjectSizeAttribute,
    "Permitted-Actions-Attribute": fa.Permission,
    "Private-Use-Attribute": fa.PrivateUseAttribute,
    "Pathname": fa.Pathname,
}
FTAM = {
    name: FILE_TRANSFER[name]
    for name in (
        "Attribute-Extensions",
        "Concurrency-Access",
        "Date-and-Time-Attribute",
        "Legal-Qualification-Attribute",
        "Object-Availability-Attribute",
        "Object-Size-Attribute",
        "Permitted-Actions-Attribute",
        "Private-Use-Attribute",
        "Pathname",
    )
} | {
    "Attribute-Extension-Set": fa.AttributeExtensionSet,
    "Extension-Attribute": fa.ExtensionAttributeValue,
    "Concurrency-Key": fa.ConcurrencyKey,
}
SECURITY = IMPORTED | {
    "RecipientSecurityRequest": sec.RecipientSecurityRequest,
    "IpnSecurityResponse": sec.IpnSecurityResponse,
    "SecurityDiagnosticCode": sec.SecurityDiagnosticCode,
    "BodyPartTokens": sec.BodyPartTokens,
    "EncryptionToken": sec.EncryptionToken,
    "ForwardedContentToken": sec.ForwardedContentToken,
}

# module -> (declared, exceptions with their reasons)
MODULES = {
    "IPMSInformationObjects": (
        INFORMATION_OBJECTS,
        {
            "IPMAssemblyInstructions": STORE,
            "BodyPartReference": STORE,
            "BodyPart": "one CHOICE of all tags here, with those of 1984; the test of the tags is test_body_part_tags",
            "EncryptedParameters.algorithm-identifier": "absent in 1984 and 1988, where the SET is empty",
            "RN": "an IPN with a constraint",
            "NRN": "an IPN with a constraint",
            "ON": "an IPN with a constraint",
        },
    ),
    "IPMSHeadingExtensions": (
        HEADING_EXTENSIONS,
        {
            "BodyPartSignature": "SIGNATURE{} of X.509, compared with that module",
            "CirculationSignature": "SIGNED{} of X.509",
        },
    ),
    "IPMSFileTransferBodyPartType": (FILE_TRANSFER, {}),
    "IPMSSecurityExtensions": (SECURITY, {}),
    "IPMSExtendedVoiceBodyPartType": ({"VoiceParameters": ep.VoiceParameters}, {}),
    "IPMSForwardedContentBodyPartType": (
        IMPORTED | {"ForwardedContentParameters": ep.ForwardedContentParameters, "SubmissionProof": ep.SubmissionProof},
        {},
    ),
    "IPMSForwardedReportBodyPartType": ({}, {}),
    "IPMSExtendedBodyPartTypes": ({}, {}),
    "IPMSExtendedBodyPartTypes2": (
        {
            "GeneralTextParameters": ep.GeneralTextParameters,
            "GeneralTextData": ep.GeneralTextData,
            "CharacterSetRegistration": ep.CharacterSetRegistration,
        },
        {},
    ),
    "PKCS7BodyPartType": ({}, {}),
}


@pytest.mark.parametrize("module", MODULES)
def test_every_type_of_the_module_is_declared_as_it_is_written(module):
    classes, exceptions = MODULES[module]
    path = require_shared() / f"specs/asn1/itu-t_x_x420_1999_{module}.asn1"
    assert compare_module(path, classes, exceptions, values=BOUNDS) == []


def test_the_attributes_that_ftbp_takes_from_ftam():
    path = require_shared() / "specs/asn1/iso_8571-4_1988_ISO8571-FTAM.asn1"
    found = compare_module(path, FTAM, {})
    assert [line for line in found if line.split(".")[0].split(":")[0] in FTAM] == []


LEFT_OUT = {
    "IPMSAbstractService": SERVICE,
    "IPMSFunctionalObjects": SERVICE,
    "IPMSAutoActionTypes": STORE,
    "IPMSMessageStoreAttributes": STORE,
    "PKCS7": SMIME + "; ContentInfo is declared",
    "IPMSObjectIdentifiers": "values only; test_every_registered_identifier_has_its_type",
    "IPMSObjectIdentifiers2": "values only; tests of oids",
    "IPMSUpperBounds": "values only; test_upper_bounds",
}
"""Modules without a type that an MTA or a gateway meets, with the reason."""


def test_every_module_of_x420_is_compared_or_left_out_for_a_reason():
    files = (require_shared() / "specs/asn1").glob("itu-t_x_x420_1999_*.asn1")
    modules = {path.stem.removeprefix("itu-t_x_x420_1999_") for path in files}
    assert modules == set(MODULES) | set(LEFT_OUT)


def test_the_comparison_notices_a_difference():
    path = require_shared() / "specs/asn1/itu-t_x_x420_1999_IPMSInformationObjects.asn1"
    wrong = INFORMATION_OBJECTS | {"ReceiptFields": ipn.NonReceiptFields, "SensitivityField": ipm.Importance}
    found = compare_module(path, wrong, MODULES["IPMSInformationObjects"][1], values=BOUNDS)
    assert any(line.startswith("ReceiptFields") for line in found)
    assert any(line.startswith("SensitivityField") for line in found)


def test_pkcs7_content_info():
    path = require_shared() / "specs/asn1/itu-t_x_x420_1999_PKCS7.asn1"
    found = compare_module(path, {"ContentInfo": ep.ContentInfo}, {})
    assert [line for line in found if line.startswith("ContentInfo")] == [], SMIME


def test_body_part_tags():
    text = (require_shared() / "specs/asn1/itu-t_x_x420_1999_IPMSInformationObjects.asn1").read_text(encoding="latin-1")
    written = re.search(r"BodyPart ::= CHOICE \{(.*?)\n\}", text, re.DOTALL)
    assert written is not None
    expected = {name: int(number) for name, number in re.findall(r"([\w-]+)\s+\[(\d+)\]", written[1])}
    declared = {each.name: each.tag.number for each in asn1.describe(bp.BodyPart).members if each.tag}
    assert {name: declared[name] for name in expected} == expected
    assert set(declared) - set(expected) == {"voice"}, "voice [2] is of 1984"


def test_upper_bounds():
    text = (require_shared() / "specs/asn1/itu-t_x_x420_1999_IPMSUpperBounds.asn1").read_text(encoding="latin-1")
    assert {name: int(value) for name, value in re.findall(r"(?m)^(ub-[\w-]+) INTEGER ::= (\d+)", text)} == BOUNDS


@pytest.mark.parametrize(
    ("prefix", "known"),
    [
        ("id-hex", hx.HEADING_EXTENSIONS),
        ("id-rex", hx.RECIPIENT_EXTENSIONS),
        ("id-on", hx.OTHER_NOTIFICATIONS),
        ("id-sec", hx.IPMS_EXTENSIONS),
        ("id-et", ep.EXTENDED_BODY_PART_TYPES),
    ],
)
def test_every_registered_identifier_has_its_type(prefix, known):
    text = (require_shared() / "specs/asn1/itu-t_x_x420_1999_IPMSObjectIdentifiers.asn1").read_text(encoding="latin-1")
    names = [name for name in re.findall(rf"(?m)^({prefix}-[\w-]+) ID ::=", text) if name != "id-et-content"]
    numbers = [getattr(oids, name.upper().replace("-", "_")) for name in names]
    assert names and set(numbers) <= set(known)


def test_extended_types_pair_parameters_with_data_as_the_modules_do():
    for name in ("IPMSExtendedBodyPartTypes", "IPMSExtendedBodyPartTypes2", "IPMSFileTransferBodyPartType", "IPMSExtendedVoiceBodyPartType",
                 "IPMSForwardedReportBodyPartType", "PKCS7BodyPartType"):  # fmt: skip
        text = (require_shared() / f"specs/asn1/itu-t_x_x420_1999_{name}.asn1").read_text(encoding="latin-1")
        for block in re.findall(r"EXTENDED-BODY-PART-TYPE ::= \{(.*?)\n\}", text, re.DOTALL):
            data = re.search(r"(id-et-[\w-]+)", block)
            parameters = re.search(r"(id-ep-[\w-]+)", block)
            assert data is not None
            declared = ep.EXTENDED_BODY_PART_TYPES[getattr(oids, data[1].upper().replace("-", "_"))]
            expected = getattr(oids, parameters[1].upper().replace("-", "_")) if parameters else None
            assert declared.parameters_reference == expected
