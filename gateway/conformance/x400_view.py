"""MTS-APDUs as vectors name their parts (the conformance schema, 2.5): envelope, trace, heading, body parts, reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from gateway import asn1
from gateway.asn1 import BERError
from gateway.conformance.message_values import (
    ABSENT,
    Address,
    Bits,
    Blob,
    Chosen,
    Defaulted,
    Given,
    Moment,
    Node,
    NumberSet,
    optional,
)
from gateway.octets import Octets
from gateway.x400 import oids, p1
from gateway.x400.bodyparts import BodyPart, ExtendedBodyPart
from gateway.x400.charsets import text_from_general, text_from_t61
from gateway.x400.extended_bodyparts import data_of, parameters_of
from gateway.x400.extensions import ExtensionField, StandardExtension, extension_value
from gateway.x400.ftbp import FileTransferParameters
from gateway.x400.heading_extensions import MultipartType
from gateway.x400.ipm import IPM, Heading, Importance, InformationObject, IPMIdentifier, IPMSExtension, ORDescriptor, RecipientSpecifier
from gateway.x400.mts import GlobalDomainIdentifier, MTSIdentifier, NonDeliveryReport, ReportType, TypeOfMTSUser
from gateway.x400.oraddress import ORAddress, oraddress_from_orname
from gateway.x400.orname import EncodedORAddress, ORName

_OID: Final = re.compile(r"[0-2](\.[0-9]+)+")
_NUMBER: Final = re.compile(r"[0-9]+")
_E = StandardExtension


def name_view(name: Any) -> Address:
    """An O/R name."""
    return Address(oraddress_from_orname(name))


def domain_view(domain: GlobalDomainIdentifier) -> Address:
    """A management domain, as the O/R address that names it."""
    prmd = domain.private_domain_identifier
    return Address(
        ORAddress(
            country=str(domain.country_name.value), admd=str(domain.administration_domain_name.value),
            prmd=str(prmd.value) if prmd is not None else None,
        )
    )  # fmt: skip


def mts_identifier_view(identifier: MTSIdentifier) -> Node:
    """An MTS identifier."""
    return Node({"domain": domain_view(identifier.global_domain_identifier), "local": identifier.local_identifier})


def value_view(value: Any) -> Any:
    """The value of an extension."""
    if value == asn1.NULL:
        return None
    if isinstance(value, datetime):
        return Moment(value)
    if isinstance(value, MultipartType):
        return Node({"subtype": value.subtype, "isAMessage": value.is_a_message})
    if isinstance(value, ORName | EncodedORAddress):
        return name_view(value)
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    return [value_view(one) for one in value] if isinstance(value, tuple) else Node({"value": repr(value)})


# --- envelopes ----------------------------------------------------------------------------------------------------------------------------


def message_view(message: p1.Message, run: datetime) -> dict[str, Any]:
    """All that a vector can ask of a P1 message."""
    envelope = message.envelope
    found: dict[str, Any] = {
        "envelope": _envelope(envelope),
        "p1_content_type": _content_type(envelope.content_type),
        "per-recipient": [_recipient(one, run) for one in envelope.per_recipient_fields],
        **_traces(envelope),
    }
    content = asn1.decode(message.content, InformationObject)
    return found | (ipm_view(content.ipm) if content.ipm is not None else {})


def _content_type(content_type: Any) -> Any:
    return ABSENT if content_type is None else int(content_type.built_in) if content_type.built_in is not None else content_type.extended


def _envelope(envelope: p1.MessageTransferEnvelope) -> Node:
    types = envelope.original_encoded_information_types
    correlator = extension_value(envelope.extensions, _E.CONTENT_CORRELATOR)
    expansions = extension_value(envelope.extensions, _E.DL_EXPANSION_HISTORY) or ()
    return Node({
        "message-identifier": mts_identifier_view(envelope.message_identifier),
        "message-identifier_local": envelope.message_identifier.local_identifier,
        "originator-name": name_view(envelope.originator_name),
        "content-identifier": optional(envelope.content_identifier),
        "priority": Defaulted(int(envelope.priority), 0),
        "per-message-indicators": Bits(frozenset(int(bit) for bit in envelope.per_message_indicators)),
        "deferred-delivery-time": optional(envelope.deferred_delivery_time, Moment),
        "extensions": _extensions(envelope.extensions),
        "extensions_26": [Node({"dl": name_view(one.dl), "time": Moment(one.dl_expansion_time)}) for one in expansions],
        "content-correlator": optional(correlator, lambda value: Chosen(value.chosen, str(value.value))),
        "original-eits_builtin": Bits(_builtin(types)),
        "original-eits_oids": _oids(types),
    })  # fmt: skip


def _builtin(types: Any) -> frozenset[int]:
    return frozenset() if types is None else frozenset(int(bit) for bit in types.built_in_encoded_information_types)


def _oids(types: Any) -> list[str]:
    return [] if types is None else list(types.extended_encoded_information_types or ())


def _extensions(fields: Iterable[ExtensionField]) -> Node:
    return Node({str(one.number): value_view(one.value) for one in fields if one.number is not None}, _NUMBER)


def _recipient(one: p1.PerRecipientMessageTransferFields, run: datetime) -> Node:
    return Node({
        "recipient-name": name_view(one.recipient_name),
        "originally-specified-recipient-number": one.originally_specified_recipient_number,
        "explicit-conversion": optional(one.explicit_conversion, int),
        "indicators": Bits(frozenset(int(bit) for bit in one.per_recipient_indicators)),
        "redirection-history": _redirections(one.extensions, run),
    })  # fmt: skip


def _redirections(fields: Sequence[ExtensionField], run: datetime) -> list[Node]:
    return [
        Node({
            "intended-recipient": name_view(one.intended_recipient_name.intended_recipient),
            "redirection-time": Moment(one.intended_recipient_name.redirection_time, run),
            "redirection-reason": int(one.redirection_reason),
        })
        for one in extension_value(fields, _E.REDIRECTION_HISTORY) or ()
    ]  # fmt: skip


def _traces(envelope: p1.MessageTransferEnvelope) -> dict[str, Any]:
    internal = extension_value(envelope.extensions, _E.INTERNAL_TRACE_INFORMATION) or ()
    external = [_trace_element(one.global_domain_identifier, one.domain_supplied_information) for one in envelope.trace_information]
    inside = [_trace_element(one.global_domain_identifier, one.mta_supplied_information) for one in internal]
    return {
        "trace": external,
        "trace_arrival_times": [one.get("arrival-time") for one in (*external, *inside)],
        "internal_trace_mta_names": [one.mta_name for one in internal],
        "gateway_trace_element": external[-1],
    }


def _trace_element(domain: GlobalDomainIdentifier, supplied: Any) -> Node:
    types = supplied.converted_encoded_information_types
    return Node({
        "global-domain": domain_view(domain),
        "arrival-time": Moment(supplied.arrival_time),
        "routing-action": int(supplied.routing_action),
        "converted-eits_builtin": Bits(_builtin(types)),
        "converted-eits_oids": _oids(types),
    })  # fmt: skip


# --- IPMs ---------------------------------------------------------------------------------------------------------------------------------


def ipm_view(ipm: IPM) -> dict[str, Any]:
    """Heading and body parts of an IPM."""
    parts = [part_view(one) for one in ipm.body]
    return {
        "heading": heading_view(ipm.heading),
        "body_parts": parts,
        "body_part_types": [one.get("type") for one in parts],
        "body_part_count": len(parts),
    }


def identifier_view(identifier: IPMIdentifier) -> Node:
    """An IPM identifier."""
    user = identifier.user
    return Node({"user": None if user is None else name_view(user), "id": identifier.user_relative_identifier})


def _descriptor(one: ORDescriptor) -> Node:
    return Node({
        "formal-name": optional(one.formal_name, name_view),
        "free-form-name": optional(one.free_form_name, text_from_t61),
        "telephone-number": optional(one.telephone_number),
    })  # fmt: skip


def _specifier(one: RecipientSpecifier) -> Node:
    recipient = _descriptor(one.recipient)
    return Node({
        **recipient.members,
        "recipient": recipient,
        "reply-requested": one.reply_requested,
        "notification-requests": Bits(frozenset(int(bit) for bit in one.notification_requests)),
    })  # fmt: skip


def heading_view(heading: Heading) -> Node:
    """The heading of an IPM."""
    return Node({
        "this-IPM": identifier_view(heading.this_ipm),
        "originator": optional(heading.originator, _descriptor),
        "authorizing-users": [_descriptor(one) for one in heading.authorizing_users or ()],
        "primary-recipients": [_specifier(one) for one in heading.primary_recipients],
        "copy-recipients": [_specifier(one) for one in heading.copy_recipients],
        "blind-copy-recipients": optional(heading.blind_copy_recipients, lambda value: Given(_specifier(one) for one in value)),
        "replied-to-IPM": optional(heading.replied_to_ipm, identifier_view),
        "related-IPMs": [identifier_view(one) for one in heading.related_ipms],
        "obsoleted-IPMs": [identifier_view(one) for one in heading.obsoleted_ipms],
        "subject": optional(heading.subject, text_from_t61),
        "expiry-time": optional(heading.expiry_time, Moment),
        "reply-time": optional(heading.reply_time, Moment),
        "reply-recipients": [_descriptor(one) for one in heading.reply_recipients or ()],
        "importance": Defaulted(int(heading.importance), int(Importance.NORMAL)),
        "sensitivity": optional(heading.sensitivity, int),
        "auto-forwarded": heading.auto_forwarded,
        **_heading_extensions(heading.extensions),
    })  # fmt: skip


def _heading_extensions(extensions: Sequence[IPMSExtension]) -> dict[str, Any]:
    values = {one.type_: value_view(one.value) for one in extensions}
    counts = {one.type_: sum(other.type_ == one.type_ for other in extensions) for one in extensions}
    return {
        "extensions": Node(values, _OID),
        "extension_oids": list(values),
        "extension_count_of_oid": Node(counts, _OID),
        "auto-submitted": values.get(oids.ID_HEX_AUTO_SUBMITTED, ABSENT),
        "languages": values.get(oids.ID_HEX_LANGUAGES, []),
        "rfc822_field_list": values.get(oids.ID_RFC_822_FIELD_LIST, ABSENT),
    }


# --- body parts ---------------------------------------------------------------------------------------------------------------------------

_OF_EXTENDED: Final = {oids.ID_ET_GENERAL_TEXT: "general-text", oids.ID_ET_FILE_TRANSFER: "file-transfer", oids.ID_MIME_BP_DATA: "mime"}
_MEMBERS: Final = dict.fromkeys(
    (
        "repertoire", "data", "character_sets", "data_oid", "parameters_oid", "application-reference", "incomplete-pathname",
        "user-visible-string", "date-and-time-of-last-modification", "data_octets", "ftbp_rfc822_field_list", "object-size",
        "heading", "body_parts", "body_part_types", "body_part_count", "delivery-time", "pages",
    ),
    ABSENT,
)  # fmt: skip


def part_view(part: BodyPart) -> Node:
    """A body part."""
    if part.extended is not None:
        return Node({**_MEMBERS, **_extended(part.extended)})
    found: dict[str, Any] = {"type": part.chosen.replace("_", "-")}
    if part.ia5_text is not None:
        found |= {"repertoire": int(part.ia5_text.parameters.repertoire), "data": _blob(part.ia5_text.data)}
    elif part.bilaterally_defined is not None:
        found["data"] = _blob(part.bilaterally_defined)
    elif part.teletex is not None:
        found["pages"] = [_blob(one) for one in part.teletex.data]
    elif part.message is not None:
        found |= ipm_view(part.message.data)
        found["delivery-time"] = optional(part.message.parameters.delivery_time, Moment)
    return Node({**_MEMBERS, **found})


def _blob(octets: Octets) -> Blob:
    return Blob(octets.to_bytes())


def _extended(part: ExtendedBodyPart) -> dict[str, Any]:
    reference = part.data.direct_reference or ""
    found: dict[str, Any] = {
        "type": _OF_EXTENDED.get(reference, reference),
        "data_oid": reference,
        "parameters_oid": optional(part.parameters, lambda value: value.direct_reference or ABSENT),
    }
    try:
        data, parameters = data_of(part), parameters_of(part)
    except BERError:
        return found
    if reference == oids.ID_ET_GENERAL_TEXT:
        found |= {"data": _blob(data), "character_sets": NumberSet(frozenset(parameters or ()))}
    elif reference == oids.ID_ET_FILE_TRANSFER:
        found |= _file(parameters if isinstance(parameters, FileTransferParameters) else FileTransferParameters())
        octets = [one.encoding.octet_aligned for one in data]
        found["data_octets"] = Blob(b"".join(one.to_bytes() for one in octets if one is not None))
    elif isinstance(data, Octets):
        found["data"] = _blob(data)
    return found


def _file(parameters: FileTransferParameters) -> dict[str, Any]:
    environment, attributes = parameters.environment, parameters.file_attributes
    reference = environment.application_reference if environment is not None else None
    strings = environment.user_visible_string if environment is not None else None
    found: dict[str, Any] = {
        "application-reference": optional(reference.registered_identifier if reference is not None else None),
        "user-visible-string": [text_from_general(one) for one in strings or ()],
        "ftbp_rfc822_field_list": [
            line for one in parameters.extensions or () if one.type_ == oids.ID_RFC_822_FIELD_LIST for line in one.value
        ],
    }
    if attributes is None:
        return found
    modified, size = attributes.date_and_time_of_last_modification, attributes.object_size
    name = attributes.pathname.incomplete_pathname if attributes.pathname is not None else None
    return found | {
        "incomplete-pathname": optional(name, lambda value: [text_from_general(one) for one in value]),
        "date-and-time-of-last-modification": optional(modified.actual_values if modified is not None else None, Moment),
        "object-size": optional(size, lambda value: value.actual_values if value.actual_values is not None else "no-value-available"),
    }


# --- reports ------------------------------------------------------------------------------------------------------------------------------


def report_view(report: p1.Report, run: datetime) -> dict[str, Any]:
    """All that a vector can ask of a report."""
    content = report.content
    return {
        "report-destination-name": name_view(report.envelope.report_destination_name),
        "report-identifier": mts_identifier_view(report.envelope.report_identifier),
        "subject-identifier": mts_identifier_view(content.subject_identifier),
        "returned-content": optional(content.returned_content, lambda value: _returned(value)),
        "p1_content_type": _content_type(content.content_type),
        "dsn_header_list": _private(content.extensions, oids.ID_DSN_HEADER_LIST),
        "per_report_field_list": _private(content.extensions, oids.ID_DSN_FIELD_LIST),
        "report_recipients": [_report_recipient(one, run) for one in content.per_recipient_fields],
    }


def _returned(content: Octets) -> Node:
    found = asn1.decode(content, InformationObject)
    return Node(ipm_view(found.ipm)) if found.ipm is not None else Node({})


def _private(fields: Sequence[ExtensionField], oid: str) -> Any:
    """A private extension that is a list of texts."""
    found = next((one.value for one in fields if one.type_.private_extension == oid), None)
    if found is None:
        return ABSENT
    return list(asn1.decode(bytes(found), asn1.SequenceOf(asn1.IA5String())))


def _report_recipient(one: p1.PerRecipientReportTransferFields, run: datetime) -> Node:
    last = one.last_trace_information
    return Node({
        "actual-recipient-name": name_view(one.actual_recipient_name),
        "originally-intended-recipient-name": optional(one.originally_intended_recipient_name, name_view),
        "originally-specified-recipient-number": one.originally_specified_recipient_number,
        "indicators": Bits(frozenset(int(bit) for bit in one.per_recipient_indicators)),
        "redirection-history": _redirections(one.extensions, run),
        "supplementary-information": optional(one.supplementary_information),
        "last-trace": Node({"arrival-time": Moment(last.arrival_time)}),
        "report": _report_type(last.report_type),
        "per_recipient_field_list": _private(one.extensions, oids.ID_DSN_FIELD_LIST),
    })  # fmt: skip


def _report_type(kind: ReportType) -> Node:
    delivery, failure = kind.delivery, kind.non_delivery
    return Node({
        "delivery": optional(delivery, lambda value: Node({
            "message-delivery-time": Moment(value.message_delivery_time),
            "type-of-MTS-user": Defaulted(int(value.type_of_mts_user), int(TypeOfMTSUser.PUBLIC)),
        })),
        "non-delivery": optional(failure, codes_view),
    })  # fmt: skip


def codes_view(failure: NonDeliveryReport) -> Node:
    """Reason and diagnostic."""
    diagnostic = failure.non_delivery_diagnostic_code
    return Node({
        "reason": int(failure.non_delivery_reason_code),
        "diagnostic": ABSENT if diagnostic is None else int(diagnostic),
    })  # fmt: skip
