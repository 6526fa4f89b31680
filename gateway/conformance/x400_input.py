"""Inputs of vectors on the X.400 side: messages, notifications and probes as P1 brings them (the conformance schema, 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway import asn1
from gateway.asn1 import BERError
from gateway.conformance.message_values import oraddress, time_from_text
from gateway.conformance.vector import VectorError, exactly, list_of, mapping_of, text_of
from gateway.conformance.x400_bodies import descriptor_from, identifier_from, ipm_from, orname_from
from gateway.mixer.identifiers import global_domain_identifier
from gateway.mixer.policy import GlobalDomain
from gateway.x400 import oids, p1
from gateway.x400.extension_values import DLExpansion, IntendedRecipientName, Redirection
from gateway.x400.extensions import EXTENSIONS, Criticality, ExtensionField, ExtensionType, StandardExtension, extension_field
from gateway.x400.ipm import IPN, InformationObject, IPNChoice, NonReceiptFields, ReceiptFields
from gateway.x400.mts import ContentType, EncodedInformationTypes, GlobalDomainIdentifier, MTSIdentifier
from gateway.x400.mts_trace import (
    Attempted,
    DomainSuppliedInformation,
    InternalTraceInformationElement,
    MTASuppliedInformation,
    OtherActions,
    TraceInformationElement,
)
from gateway.x400.security import SecurityLabel

KEYS: Final = frozenset(
    {"envelope", "per-recipient", "trace", "internal_trace", "heading", "body_parts", "ipn", "probe", "next_hop", "one_smtp_message",
     "conversion_supported", "configured_reference_table", "output_charset", "g3_non_basic_bits",
     "prior_mixer_conversions_same_direction"}
)  # fmt: skip
_ENVELOPE_KEYS: Final = (
    "message-identifier", "originator-name", "p1_content_type", "content-identifier", "priority", "deferred-delivery-time",
    "per-message-indicators_bits", "extensions", "extension_criticality", "extensions_26", "private_extensions",
)  # fmt: skip
_TRACE_KEYS: Final = ("routing-action", "deferred-time", "converted-eits", "attempted-domain", "other-actions")
_ACTIONS: Final = {"redirected": OtherActions.REDIRECTED, "dl-operation": OtherActions.DL_OPERATION}
_E = StandardExtension


def domain_from(raw: object) -> GlobalDomainIdentifier:
    """A management domain."""
    found = oraddress(raw)
    return global_domain_identifier(GlobalDomain(country=found.country or "", admd=found.admd if found.admd is not None else " ",
                                                 prmd=found.prmd))  # fmt: skip


def mts_identifier_from(raw: object) -> MTSIdentifier:
    """An MTS identifier."""
    parts = exactly(raw, "an MTS identifier", needed=("domain", "local"))
    return MTSIdentifier(global_domain_identifier=domain_from(parts["domain"]), local_identifier=text_of(parts["local"], "local"))


def apdu_from(given: Mapping[str, Any]) -> p1.MTSAPDU:
    """The message, notification or probe, as it decodes from its own octets.

    Raises:
        VectorError: Something cannot be read, or is no legal value.
    """
    try:
        made = _probe(given) if "probe" in given else p1.MTSAPDU(message=_message(given))
        return asn1.decode(asn1.encode(made), p1.MTSAPDU)
    except BERError as error:
        raise VectorError(f"the input is no legal value: {error}") from error


def _message(given: Mapping[str, Any]) -> p1.Message:
    fields = exactly(given["envelope"], "envelope", needed=("message-identifier", "originator-name"), optional=_ENVELOPE_KEYS)
    number = fields.get("p1_content_type", 22)
    content = InformationObject(ipn=_ipn(given["ipn"])) if "ipn" in given else InformationObject(ipm=ipm_from(given))
    recipients = list_of(given["per-recipient"], "per-recipient")
    envelope = p1.MessageTransferEnvelope(
        message_identifier=mts_identifier_from(fields["message-identifier"]),
        originator_name=orname_from(fields["originator-name"]),
        content_type=ContentType(built_in=number),
        content_identifier=fields.get("content-identifier"),
        priority=fields.get("priority", 0),
        per_message_indicators=_bits(fields.get("per-message-indicators_bits", {})),
        deferred_delivery_time=_time(fields.get("deferred-delivery-time")),
        trace_information=_external(given),
        extensions=(*_extensions(fields), *_internal(given)),
        per_recipient_fields=tuple(_recipient(one, place) for place, one in enumerate(recipients, 1)),
    )
    return p1.Message(envelope=envelope, content=asn1.encode_octets(content, strict=False))


def _probe(given: Mapping[str, Any]) -> p1.MTSAPDU:
    probe = exactly(given["probe"], "probe", needed=("p1_content_type", "recipient-names"))
    fields = mapping_of(given["envelope"], "envelope")
    return p1.MTSAPDU(
        probe=p1.ProbeTransferEnvelope(
            probe_identifier=mts_identifier_from(fields["message-identifier"]),
            originator_name=orname_from(fields["originator-name"]),
            content_type=ContentType(built_in=probe["p1_content_type"]),
            trace_information=_external(given),
            per_recipient_fields=tuple(
                p1.PerRecipientProbeTransferFields(
                    recipient_name=orname_from(name), originally_specified_recipient_number=place,
                    per_recipient_indicators=frozenset({0, 1, 3}),
                )
                for place, name in enumerate(list_of(probe["recipient-names"], "recipient-names"), 1)
            ),
        )
    )  # fmt: skip


def _time(raw: object) -> Any:
    return None if raw is None else time_from_text(raw)


def _bits(raw: object) -> frozenset[int]:
    return frozenset(int(bit) for bit, value in mapping_of(raw, "bits").items() if value)


# --- extensions ---------------------------------------------------------------------------------------------------------------------------


def _extensions(fields: Mapping[str, Any]) -> list[ExtensionField]:
    criticality = {int(number): _criticality(names) for number, names in fields.get("extension_criticality", {}).items()}
    found = [_extension(int(number), raw, criticality) for number, raw in mapping_of(fields.get("extensions", {}), "extensions").items()]
    if "extensions_26" in fields:
        found.append(_expansions(fields["extensions_26"]))
    return [*found, *private_extensions(fields.get("private_extensions", []))]


def _extension(number: int, raw: object, criticality: Mapping[int, frozenset[int]]) -> ExtensionField:
    if number not in EXTENSIONS:
        raise VectorError(f"there is no standard extension {number}")
    return extension_field(_E(number), _extension_value(number, raw), criticality=criticality.get(number, frozenset()))


def _extension_value(number: int, raw: object) -> Any:
    if number == _E.MESSAGE_SECURITY_LABEL:
        parts = exactly(raw, "security label", needed=("security-classification",))
        return SecurityLabel(security_classification=parts["security-classification"])
    if isinstance(raw, dict):
        return orname_from(raw)
    return time_from_text(raw) if isinstance(raw, str) else raw


def _expansions(raw: object) -> ExtensionField:
    found = [exactly(one, "extensions_26", needed=("dl", "time")) for one in list_of(raw, "extensions_26")]
    history = tuple(DLExpansion(dl=orname_from(one["dl"]), dl_expansion_time=time_from_text(one["time"])) for one in found)
    return extension_field(_E.DL_EXPANSION_HISTORY, history)


def private_extensions(raw: object) -> list[ExtensionField]:
    """Private extensions without a value."""
    found = [exactly(one, "a private extension", needed=("oid",), optional=("criticality",)) for one in list_of(raw, "private extensions")]
    return [_private_extension(text_of(one["oid"], "oid"), _criticality(one.get("criticality", []))) for one in found]


def _private_extension(oid: str, criticality: frozenset[int]) -> ExtensionField:
    return ExtensionField(type_=ExtensionType(private_extension=oid), criticality=criticality)


def _criticality(names: object) -> frozenset[int]:
    known = {one.name.lower().replace("_", "-"): int(one) for one in Criticality}
    found = list_of(names, "criticality")
    if not set(found) <= known.keys():
        raise VectorError(f"criticality {found!r} is unknown: {', '.join(known)}")
    return frozenset(known[one] for one in found)


# --- recipients and trace -----------------------------------------------------------------------------------------------------------------


def _recipient(raw: object, place: int) -> p1.PerRecipientMessageTransferFields:
    one = exactly(raw, "per-recipient", needed=("recipient-name",), optional=("indicators", "redirection-history"))
    return p1.PerRecipientMessageTransferFields(
        recipient_name=orname_from(one["recipient-name"]),
        originally_specified_recipient_number=place,
        per_recipient_indicators=frozenset(list_of(one.get("indicators", [0, 2, 4]), "indicators")),
        extensions=tuple(redirections_from(one["redirection-history"])) if "redirection-history" in one else (),
    )


def redirections_from(raw: object) -> list[ExtensionField]:
    """The extension redirection-history."""
    needed = ("intended-recipient", "redirection-time", "redirection-reason")
    found = [exactly(one, "redirection-history", needed=needed) for one in list_of(raw, "redirection-history")]
    history = tuple(
        Redirection(
            intended_recipient_name=IntendedRecipientName(
                intended_recipient=orname_from(one["intended-recipient"]), redirection_time=time_from_text(one["redirection-time"])
            ),
            redirection_reason=one["redirection-reason"],
        )
        for one in found
    )
    return [extension_field(_E.REDIRECTION_HISTORY, history)]


def _external(given: Mapping[str, Any]) -> tuple[TraceInformationElement, ...]:
    """External trace; a vector with internal trace only has the same elements without MTA names, beneath what came before (2.2)."""
    elements = list_of(given["trace" if "trace" in given else "internal_trace"], "trace")
    prior = given.get("prior_mixer_conversions_same_direction", 0)
    return (*[_converted()] * prior, *external_trace_from([{k: v for k, v in one.items() if k != "mta"} for one in elements]))


def _converted() -> TraceInformationElement:
    raw = {"global-domain": {"PRMD": "P", "ADMD": "A", "C": "XX"}, "arrival-time": "240301080000+0000",
           "converted-eits": {"bits": [2], "oids": [oids.EIT_MIXER]}}  # fmt: skip
    return external_trace_from([raw])[0]


def external_trace_from(elements: object) -> tuple[TraceInformationElement, ...]:
    """External trace."""
    return tuple(_external_element(one) for one in list_of(elements, "trace"))


def _external_element(raw: object) -> TraceInformationElement:
    one = exactly(raw, "trace", needed=("global-domain", "arrival-time"), optional=_TRACE_KEYS)
    supplied = DomainSuppliedInformation(**_supplied(one), attempted_domain=_attempted(one))
    return TraceInformationElement(global_domain_identifier=domain_from(one["global-domain"]), domain_supplied_information=supplied)


def _attempted(one: Mapping[str, Any]) -> GlobalDomainIdentifier | None:
    return domain_from(one["attempted-domain"]) if "attempted-domain" in one else None


def _supplied(one: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(one.get("other-actions", [])) - _ACTIONS.keys()
    if unknown:
        raise VectorError(f"unknown action {min(unknown)!r}")
    return {
        "arrival_time": time_from_text(one["arrival-time"]),
        "routing_action": one.get("routing-action", 0),
        "deferred_time": _time(one.get("deferred-time")),
        "converted_encoded_information_types": eits_from(one["converted-eits"]) if "converted-eits" in one else None,
        "other_actions": frozenset(_ACTIONS[name] for name in one.get("other-actions", [])),
    }


def eits_from(raw: object) -> EncodedInformationTypes:
    """Encoded information types."""
    parts = exactly(raw, "encoded information types", optional=("bits", "oids"))
    extended = tuple(text_of(one, "oids") for one in parts.get("oids", []))
    return EncodedInformationTypes(
        built_in_encoded_information_types=frozenset(parts.get("bits", [])), extended_encoded_information_types=extended or None
    )


def _internal(given: Mapping[str, Any]) -> list[ExtensionField]:
    if "internal_trace" not in given:
        return []
    elements = []
    for raw in list_of(given["internal_trace"], "internal_trace"):
        one = exactly(raw, "internal_trace", needed=("global-domain", "mta", "arrival-time"), optional=_TRACE_KEYS)
        domain = _attempted(one)
        supplied = MTASuppliedInformation(**_supplied(one), attempted=Attempted(domain=domain) if domain is not None else None)
        elements.append(
            InternalTraceInformationElement(
                global_domain_identifier=domain_from(one["global-domain"]), mta_name=text_of(one["mta"], "mta"),
                mta_supplied_information=supplied,
            )
        )  # fmt: skip
    return [extension_field(_E.INTERNAL_TRACE_INFORMATION, tuple(elements))]


# --- notifications ------------------------------------------------------------------------------------------------------------------------


def _ipn(raw: object) -> IPN:
    optional = ("ipn-originator", "conversion-eits", "receipt-fields", "non-receipt-fields")
    one = exactly(raw, "ipn", needed=("subject-ipm",), optional=optional)
    if ("receipt-fields" in one) == ("non-receipt-fields" in one):
        raise VectorError("an ipn has either receipt-fields or non-receipt-fields")
    return IPN(
        subject_ipm=identifier_from(one["subject-ipm"]),
        ipn_originator=descriptor_from(one["ipn-originator"]) if "ipn-originator" in one else None,
        conversion_eits=eits_from(one["conversion-eits"]) if "conversion-eits" in one else None,
        choice=_receipt(one["receipt-fields"]) if "receipt-fields" in one else _non_receipt(one["non-receipt-fields"]),
    )


def _receipt(raw: object) -> IPNChoice:
    one = exactly(raw, "receipt-fields", needed=("receipt-time",), optional=("acknowledgment-mode",))
    fields = ReceiptFields(receipt_time=time_from_text(one["receipt-time"]), acknowledgment_mode=one.get("acknowledgment-mode", 0))
    return IPNChoice(receipt_fields=fields)


def _non_receipt(raw: object) -> IPNChoice:
    optional = ("discard-reason", "auto-forward-comment", "returned-ipm")
    one = exactly(raw, "non-receipt-fields", needed=("non-receipt-reason",), optional=optional)
    fields = NonReceiptFields(
        non_receipt_reason=one["non-receipt-reason"],
        discard_reason=one.get("discard-reason"),
        auto_forward_comment=one.get("auto-forward-comment"),
        returned_ipm=ipm_from(one["returned-ipm"]) if one.get("returned-ipm", "absent") != "absent" else None,
    )
    return IPNChoice(non_receipt_fields=fields)

