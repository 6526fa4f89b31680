"""Reports in the inputs of vectors (the conformance schema, 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway import asn1
from gateway.asn1 import BERError
from gateway.conformance.message_values import time_from_text
from gateway.conformance.vector import VectorError, exactly, list_of, text_of
from gateway.conformance.x400_bodies import ipm_from, orname_from
from gateway.conformance.x400_input import external_trace_from, mts_identifier_from, private_extensions, redirections_from
from gateway.octets import Octets
from gateway.x400 import p1
from gateway.x400.extension_values import ContentCorrelator
from gateway.x400.extensions import ExtensionField, StandardExtension, extension_field
from gateway.x400.ipm import InformationObject
from gateway.x400.mts import ContentType, DeliveryReport, NonDeliveryReport, ReportType

KEYS: Final = frozenset(
    {"report-identifier", "report-destination-name", "subject-identifier", "trace", "report_recipients", "returned-content",
     "content-correlator_ia5", "report_private_extensions"}
)  # fmt: skip
_RECIPIENT_KEYS: Final = (
    "originally-intended-recipient-name", "originally-specified-recipient-number", "redirection-history", "supplementary-information",
)  # fmt: skip


def report_from(given: Mapping[str, Any]) -> p1.Report:
    """The report, as it decodes from its own octets.

    Raises:
        VectorError: Something cannot be read, or is no legal value.
    """
    returned = _returned(given.get("returned-content", "absent"))
    trace = external_trace_from(given["trace"])
    arrival = trace[0].domain_supplied_information.arrival_time
    made = p1.Report(
        envelope=p1.ReportTransferEnvelope(
            report_identifier=mts_identifier_from(given["report-identifier"]),
            report_destination_name=orname_from(given["report-destination-name"]),
            trace_information=trace,
        ),
        content=p1.ReportTransferContent(
            subject_identifier=mts_identifier_from(given["subject-identifier"]),
            content_type=ContentType(built_in=22),
            returned_content=returned,
            extensions=tuple(_extensions(given)),
            per_recipient_fields=tuple(_recipient(one, arrival) for one in list_of(given["report_recipients"], "report_recipients")),
        ),
    )
    try:
        found: p1.Report = asn1.decode(asn1.encode(made), p1.Report)
    except BERError as error:
        raise VectorError(f"the input is no legal report: {error}") from error
    return found


def _returned(raw: object) -> Octets | None:
    return None if raw == "absent" else asn1.encode_octets(InformationObject(ipm=ipm_from(raw)))


def _extensions(given: Mapping[str, Any]) -> list[ExtensionField]:
    found = private_extensions(given.get("report_private_extensions", []))
    if "content-correlator_ia5" in given:
        text = text_of(given["content-correlator_ia5"], "content-correlator_ia5")
        found.append(extension_field(StandardExtension.CONTENT_CORRELATOR, ContentCorrelator(ia5text=text)))
    return found


def _recipient(raw: object, arrival: Any) -> p1.PerRecipientReportTransferFields:
    one = exactly(raw, "a report recipient", needed=("actual-recipient-name", "report"), optional=_RECIPIENT_KEYS)
    intended = one.get("originally-intended-recipient-name")
    return p1.PerRecipientReportTransferFields(
        actual_recipient_name=orname_from(one["actual-recipient-name"]),
        originally_specified_recipient_number=one["originally-specified-recipient-number"],
        per_recipient_indicators=frozenset({0, 1, 3}),
        last_trace_information=p1.LastTraceInformation(arrival_time=arrival, report_type=_type(one["report"])),
        originally_intended_recipient_name=orname_from(intended) if intended is not None else None,
        supplementary_information=one.get("supplementary-information"),
        extensions=tuple(redirections_from(one["redirection-history"])) if "redirection-history" in one else (),
    )


def _type(raw: object) -> ReportType:
    one = exactly(raw, "report", optional=("delivery", "non-delivery"))
    if len(one) != 1:
        raise VectorError("a report is either delivery or non-delivery")
    if "delivery" in one:
        fields = exactly(one["delivery"], "delivery", needed=("message-delivery-time",), optional=("type-of-MTS-user",))
        at = time_from_text(fields["message-delivery-time"])
        return ReportType(delivery=DeliveryReport(message_delivery_time=at, type_of_mts_user=fields.get("type-of-MTS-user", 0)))
    fields = exactly(one["non-delivery"], "non-delivery", needed=("reason",), optional=("diagnostic",))
    codes = NonDeliveryReport(non_delivery_reason_code=fields["reason"], non_delivery_diagnostic_code=fields.get("diagnostic"))
    return ReportType(non_delivery=codes)
