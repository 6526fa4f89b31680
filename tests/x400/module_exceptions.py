"""Types of X.411 and X.419 that are not declared, or are declared otherwise than the module says, with the reason."""

from __future__ import annotations

_P3 = "P3, between a user and the MTS; the gateway speaks P1 only"
_SIGNED = "what a signature is computed over, never itself on the wire; the gateway computes none"
_RTSE = "RTSE, declared in gateway.osi.rtse"
_SLIP = "the module's RELATIVE-OID is a slip of its text: the printed standard, every peer and Wireshark have OBJECT IDENTIFIER"

EXCEPTIONS: dict[str, str] = {
    **{
        name: _P3
        for name in (
            "MTSBindArgument", "MTSBindResult", "ObjectName", "MessagesWaiting", "DeliveryQueue", "MessageSubmissionArgument",
            "MessageSubmissionResult", "ProbeSubmissionResult", "SecurityProblem", "Waiting", "Operations", "WaitingMessages",
            "MessageDeliveryResult", "ReportDeliveryResult", "DeliveryControlArgument", "DeliveryControlResult", "RefusedOperation",
            "RefusedArgument", "RefusalReason", "Controls", "RegisterArgument", "RegisterResult", "ChangeCredentialsArgument",
            "UserAddress", "RecipientRedirection", "MessageClass", "Restriction", "ExactOrPattern", "RegistrationTypes",
            "DeliveryControls88", "Register88", "LabelAndRedirection",
        )
    },
    **{name: _SIGNED for name in ("PerRecipientReportFields", "PerRecipientDeliveryReportFields", "PerRecipientNonDeliveryReportFields")},
    **{name: _RTSE for name in ("RTSE-apdus", "RTABapdu", "AbortReason")},
    "ExtendedContentType": _SLIP,
    "ContentType.extended": _SLIP,
    "DeliveredContentType.extended": _SLIP,
    "PerDomainBilateralInformation": "its first components are those of a class field (COMPONENTS OF BILATERAL.&id = BilateralDomain)",
    "BILATERAL": "the same",
}  # fmt: skip
