"""Extension fields of X.411 (9.2 and 12.2.1.1): the field in its two encodings, and the table of all standard extensions.

The published ``ExtensionType`` is ``80 01 26`` or ``83 ..``; the draft form of 1988 is ``A0 03 02 01 26`` or ``A0 .. 06 ..``. Both are
read. Which one is written is a setting of the peer: `DRAFT_EXTENSION_TYPE` among the dialects given to ``asn1.encode``.

# Peer: PP 6.0 sends the draft form and rejects the published one ("missing mandatory parameter: ExtensionType").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from gateway import asn1
from gateway.x400 import bounds as ub
from gateway.x400 import extension_values as values
from gateway.x400 import mts, security
from gateway.x400.ipms_fields import BlindCopyRecipientsField
from gateway.x400.ipms_security import BodyPartTokens, ForwardedContentToken
from gateway.x400.mts_trace import INTERNAL_TRACE_INFORMATION, TRACE_INFORMATION
from gateway.x400.orname import EncodedORAddress, ORName

DRAFT_EXTENSION_TYPE: Final = "draft-extension-type"


class Criticality(IntEnum):
    """X.411 Criticality, bits."""

    FOR_SUBMISSION = 0
    FOR_TRANSFER = 1
    FOR_DELIVERY = 2


CRITICALITY: Final = asn1.NamedBitString(Criticality, size=(0, ub.UB_BIT_OPTIONS))


class StandardExtension(IntEnum):
    """Numbers of the standard extensions (X.411 9.2; 36 is of X.413, 41, 43 and 44 are of X.420)."""

    RECIPIENT_REASSIGNMENT_PROHIBITED = 1
    ORIGINATOR_REQUESTED_ALTERNATE_RECIPIENT = 2
    DL_EXPANSION_PROHIBITED = 3
    CONVERSION_WITH_LOSS_PROHIBITED = 4
    LATEST_DELIVERY_TIME = 5
    REQUESTED_DELIVERY_METHOD = 6
    PHYSICAL_FORWARDING_PROHIBITED = 7
    PHYSICAL_FORWARDING_ADDRESS_REQUEST = 8
    PHYSICAL_DELIVERY_MODES = 9
    REGISTERED_MAIL_TYPE = 10
    RECIPIENT_NUMBER_FOR_ADVICE = 11
    PHYSICAL_RENDITION_ATTRIBUTES = 12
    ORIGINATOR_RETURN_ADDRESS = 13
    PHYSICAL_DELIVERY_REPORT_REQUEST = 14
    ORIGINATOR_CERTIFICATE = 15
    MESSAGE_TOKEN = 16
    CONTENT_CONFIDENTIALITY_ALGORITHM_IDENTIFIER = 17
    CONTENT_INTEGRITY_CHECK = 18
    MESSAGE_ORIGIN_AUTHENTICATION_CHECK = 19
    MESSAGE_SECURITY_LABEL = 20
    PROOF_OF_SUBMISSION_REQUEST = 21
    PROOF_OF_DELIVERY_REQUEST = 22
    CONTENT_CORRELATOR = 23
    PROBE_ORIGIN_AUTHENTICATION_CHECK = 24
    REDIRECTION_HISTORY = 25
    DL_EXPANSION_HISTORY = 26
    PHYSICAL_FORWARDING_ADDRESS = 27
    RECIPIENT_CERTIFICATE = 28
    PROOF_OF_DELIVERY = 29
    ORIGINATOR_AND_DL_EXPANSION_HISTORY = 30
    REPORTING_DL_NAME = 31
    REPORTING_MTA_CERTIFICATE = 32
    REPORT_ORIGIN_AUTHENTICATION_CHECK = 33
    ORIGINATING_MTA_CERTIFICATE = 34
    PROOF_OF_SUBMISSION = 35
    FORWARDING_REQUEST = 36
    TRACE_INFORMATION = 37
    INTERNAL_TRACE_INFORMATION = 38
    REPORTING_MTA_NAME = 39
    MULTIPLE_ORIGINATOR_CERTIFICATES = 40
    BLIND_COPY_RECIPIENTS = 41
    DL_EXEMPTED_RECIPIENTS = 42
    BODY_PART_ENCRYPTION_TOKEN = 43
    FORWARDED_CONTENT_TOKEN = 44
    CERTIFICATE_SELECTORS = 45
    CERTIFICATE_SELECTORS_OVERRIDE = 46


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """One standard extension.

    Attributes:
        number: Its number.
        element: Type of its value; None for forwarding-request (X.413), which never leaves a message store.
        criticality: The recommended one.
        places: Where X.411 lets it stand: ``M`` message, ``P`` per-recipient message, ``B`` probe, ``b`` per-recipient probe, ``R`` report
            envelope, ``C`` report content, ``p`` per-recipient report; nothing for submission and delivery only.
    """

    number: StandardExtension
    element: Any
    criticality: frozenset[int] = frozenset()
    places: str = ""


_S, _D = frozenset({Criticality.FOR_SUBMISSION}), frozenset({Criticality.FOR_DELIVERY})
_E = StandardExtension


def _row(number: StandardExtension, element: Any, places: str, criticality: frozenset[Criticality] = frozenset()) -> Extension:
    return Extension(number=number, element=element, places=places, criticality=frozenset(criticality))


#: X.411 9.2 and table 27: the standard extensions by number.
EXTENSIONS: Final[dict[int, Extension]] = {
    row.number: row
    for row in (
        _row(_E.RECIPIENT_REASSIGNMENT_PROHIBITED, values.RECIPIENT_REASSIGNMENT_PROHIBITED, "MB", _D),
        _row(_E.ORIGINATOR_REQUESTED_ALTERNATE_RECIPIENT, ORName, "Pb", _S),
        _row(_E.DL_EXPANSION_PROHIBITED, values.DL_EXPANSION_PROHIBITED, "MB", _D),
        _row(_E.CONVERSION_WITH_LOSS_PROHIBITED, values.CONVERSION_WITH_LOSS_PROHIBITED, "MB", _D),
        _row(_E.LATEST_DELIVERY_TIME, mts.TIME, "M", _D),
        _row(_E.REQUESTED_DELIVERY_METHOD, values.REQUESTED_DELIVERY_METHOD, "Pb"),
        _row(_E.PHYSICAL_FORWARDING_PROHIBITED, values.PHYSICAL_FORWARDING_PROHIBITED, "P", _D),
        _row(_E.PHYSICAL_FORWARDING_ADDRESS_REQUEST, values.PHYSICAL_FORWARDING_ADDRESS_REQUEST, "P", _D),
        _row(_E.PHYSICAL_DELIVERY_MODES, values.PHYSICAL_DELIVERY_MODES, "P", _D),
        _row(_E.REGISTERED_MAIL_TYPE, values.REGISTERED_MAIL_TYPE, "P", _D),
        _row(_E.RECIPIENT_NUMBER_FOR_ADVICE, values.RECIPIENT_NUMBER_FOR_ADVICE, "P", _D),
        _row(_E.PHYSICAL_RENDITION_ATTRIBUTES, asn1.ObjectIdentifier(), "Pb", _D),
        _row(_E.ORIGINATOR_RETURN_ADDRESS, EncodedORAddress, "M"),
        _row(_E.PHYSICAL_DELIVERY_REPORT_REQUEST, values.PHYSICAL_DELIVERY_REPORT_REQUEST, "P", _D),
        _row(_E.ORIGINATOR_CERTIFICATE, security.Certificates, "MB"),
        _row(_E.MESSAGE_TOKEN, security.Token, "P", _D),
        _row(_E.CONTENT_CONFIDENTIALITY_ALGORITHM_IDENTIFIER, security.AlgorithmIdentifier, "M", _D),
        _row(_E.CONTENT_INTEGRITY_CHECK, security.Signature, "P", _D),
        _row(_E.MESSAGE_ORIGIN_AUTHENTICATION_CHECK, security.Signature, "M", _D),
        _row(_E.MESSAGE_SECURITY_LABEL, security.SecurityLabel, "MBR", _D),
        _row(_E.PROOF_OF_SUBMISSION_REQUEST, values.PROOF_OF_SUBMISSION_REQUEST, "", _S),
        _row(_E.PROOF_OF_DELIVERY_REQUEST, security.PROOF_OF_DELIVERY_REQUEST, "P", _D),
        _row(_E.CONTENT_CORRELATOR, values.ContentCorrelator, "MBC"),
        _row(_E.PROBE_ORIGIN_AUTHENTICATION_CHECK, security.Signature, "B", _D),
        _row(_E.REDIRECTION_HISTORY, values.REDIRECTION_HISTORY, "PbRp"),
        _row(_E.DL_EXPANSION_HISTORY, values.DL_EXPANSION_HISTORY, "M"),
        _row(_E.PHYSICAL_FORWARDING_ADDRESS, ORName, "p"),
        _row(_E.RECIPIENT_CERTIFICATE, security.Certificates, "Pp"),
        _row(_E.PROOF_OF_DELIVERY, security.Signature, "p"),
        _row(_E.ORIGINATOR_AND_DL_EXPANSION_HISTORY, values.ORIGINATOR_AND_DL_EXPANSION_HISTORY, "R"),
        _row(_E.REPORTING_DL_NAME, ORName, "R"),
        _row(_E.REPORTING_MTA_CERTIFICATE, security.Certificates, "R", _D),
        _row(_E.REPORT_ORIGIN_AUTHENTICATION_CHECK, security.Signature, "R", _D),
        _row(_E.ORIGINATING_MTA_CERTIFICATE, security.Certificates, ""),
        _row(_E.PROOF_OF_SUBMISSION, security.Signature, ""),
        _row(_E.FORWARDING_REQUEST, None, ""),
        _row(_E.TRACE_INFORMATION, TRACE_INFORMATION, ""),
        _row(_E.INTERNAL_TRACE_INFORMATION, INTERNAL_TRACE_INFORMATION, "MBR"),
        _row(_E.REPORTING_MTA_NAME, values.ReportingMTAName, "R"),
        _row(_E.MULTIPLE_ORIGINATOR_CERTIFICATES, values.EXTENDED_CERTIFICATES, "M"),
        _row(_E.BLIND_COPY_RECIPIENTS, BlindCopyRecipientsField, "P"),
        _row(_E.DL_EXEMPTED_RECIPIENTS, values.DL_EXEMPTED_RECIPIENTS, "M"),
        _row(_E.BODY_PART_ENCRYPTION_TOKEN, BodyPartTokens, "P", _D),
        _row(_E.FORWARDED_CONTENT_TOKEN, ForwardedContentToken, "P", _D),
        _row(_E.CERTIFICATE_SELECTORS, values.CertificateSelectors, "M"),
        _row(_E.CERTIFICATE_SELECTORS_OVERRIDE, values.CertificateSelectors, "P"),
    )
}


@asn1.choice()
class ExtensionType(asn1.Choice):
    """X.411 ExtensionType in the published form."""

    standard_extension: int | None = asn1.alternative(asn1.Integer(range=(0, ub.UB_EXTENSION_TYPES)), tag=asn1.context(0))
    private_extension: str | None = asn1.alternative(asn1.ObjectIdentifier(), tag=asn1.context(3))


@asn1.choice(tag=asn1.context(0))
class DraftExtensionType(asn1.Choice):
    """ExtensionType of the draft of 1988: [0] EXPLICIT around an INTEGER or an OBJECT IDENTIFIER."""

    local: int | None = asn1.alternative(asn1.Integer())
    global_: str | None = asn1.alternative(asn1.ObjectIdentifier(), name="global")


def _from_draft(draft: DraftExtensionType) -> ExtensionType:
    return ExtensionType(standard_extension=draft.local, private_extension=draft.global_)


def _to_draft(type_: ExtensionType) -> DraftExtensionType:
    return DraftExtensionType(local=type_.standard_extension, global_=type_.private_extension)


_DRAFT: Final[dict[str, Any]] = {
    DRAFT_EXTENSION_TYPE: asn1.Variant(element=DraftExtensionType, to_main=_from_draft, from_main=_to_draft)
}


def _element(type_: ExtensionType) -> Any:
    row = EXTENSIONS.get(-1 if type_.standard_extension is None else type_.standard_extension)
    return None if row is None else row.element


@asn1.sequence()
class ExtensionField(asn1.Members):
    """X.411 ExtensionField.

    Attributes:
        value: The decoded value; `asn1.Raw` of an extension that is not known or does not decode; NULL when absent.
    """

    type_: ExtensionType = asn1.member(asn1.Variants(ExtensionType, **_DRAFT), name="type")
    criticality: frozenset[int] = asn1.member(CRITICALITY, tag=asn1.context(1), default=frozenset())
    value: Any = asn1.member(asn1.OpenType(key="type_", registry=_element), tag=asn1.context(2), default=asn1.NULL)

    @property
    def number(self) -> int | None:
        """Number of a standard extension, None of a private one."""
        return self.type_.standard_extension

    @property
    def understood(self) -> bool:
        """Whether the value was decoded: the extension is in the table, and its value is of its type."""
        return _element(self.type_) is not None and not isinstance(self.value, asn1.Raw)


EXTENSION_FIELDS: Final = asn1.SetOf(ExtensionField)


def extension_field(number: StandardExtension, value: Any, *, criticality: Iterable[int] | None = None) -> ExtensionField:
    """A standard extension with the recommended criticality, or the one that is given."""
    return ExtensionField(
        type_=ExtensionType(standard_extension=int(number)),
        criticality=EXTENSIONS[number].criticality if criticality is None else frozenset(criticality),
        value=value,
    )


def extension_value(fields: Iterable[ExtensionField], number: StandardExtension) -> Any:
    """The value of the first standard extension of that number that was understood, None when there is none.

    At most one instance of each type is legal; of several the first counts.
    """
    return next((field.value for field in fields if field.number == number and field.understood), None)
