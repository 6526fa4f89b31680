"""Message vectors (the conformance schema, part 2): read strictly, completed from the baseline, run with the conversions of the gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway import asn1
from gateway.conformance import internet_input, internet_view, report_input, x400_input, x400_view
from gateway.conformance.matchers import compare
from gateway.conformance.message_functions import run_function
from gateway.conformance.message_values import ABSENT, Node
from gateway.conformance.message_world import NOW, MessageWorld, completed, context_from
from gateway.conformance.vector import VectorError, list_of, mapping_of
from gateway.errors import ConversionError, Failure, GatewayError
from gateway.internet.message import parse
from gateway.mixer.convert import message_to_internet, message_to_x400
from gateway.mixer.delivery_reports import dsn_to_x400
from gateway.mixer.policy import Context
from gateway.mixer.probes import probe_outcomes
from gateway.mixer.report_to_dsn import report_to_internet
from gateway.mixer.reports import report_for_x400
from gateway.mixer.results import ReportedOutcome
from gateway.smtp.failures import Reply, Stage, failure_from_reply
from gateway.x400 import p1

_KEYS: Final = frozenset({
    "id", "checklist", "section", "source", "level", "direction", "reasoning", "config", "function", "cases", "reversible", "input",
    "expect", "expect_set", "expect_any_of",
})  # fmt: skip
_DIRECTIONS: Final[Mapping[str, str]] = {
    "common": "", "822-to-x400": "internet", "smtp-to-x400": "internet", "x400-to-822": "x400", "x400-to-smtp": "x400",
    "report-to-dsn": "report", "dsn-to-report": "dsn",
}  # fmt: skip
_LEVELS: Final = frozenset({"shall", "must", "if-used", "recommended"})
_SOURCES: Final = frozenset({"2156", "2157", "x411", "x420", "beyond-2156"})

_NOTHING: Final[Mapping[str, Any]] = dict.fromkeys(
    (
        "headers", "outer", "dsn_per_message", "dsn_recipients", "any_field", "header_order", "x400_received_count",
        "x400_received_mentions_mta", "received_added", "received_comment", "body", "decoded_body", "content_type", "charset", "bp-type",
        "disposition", "filename", "size_parameter", "parameters", "part_types", "part_count", "parts", "smtp", "smtp_status", "reason",
        "diagnostic", "pdu", "report-destination-name", "report-identifier", "subject-identifier", "returned-content", "dsn_header_list",
        "per_report_field_list", "envelope", "p1_content_type", "per-recipient", "trace", "trace_arrival_times",
        "internal_trace_mta_names", "gateway_trace_element", "heading", "body_parts", "body_part_types", "body_part_count",
    ),
    ABSENT,
)  # fmt: skip
"""Everything that a vector may ask for, where nothing of the kind came."""

_NONE: Final[Mapping[str, Any]] = {"smtp_messages": 0, "ipm_count": 0, "report_count": 0, "report_recipients": []}

Result = Mapping[str, Any]


def run_message_vector(raw: Mapping[str, Any], world: MessageWorld) -> str:
    """Run one vector.

    Returns:
        What came instead of what was expected; empty when it is the same.

    Raises:
        VectorError: It cannot be read, or asks for what this runner does not know.
    """
    _check(raw)
    given = raw.get("input")
    config = {**world.config, **mapping_of(raw.get("config", {}), "config")}
    context = context_from(config, given if isinstance(given, dict) else {})
    if "function" in raw:
        return _function(raw, context)
    group = _DIRECTIONS[raw["direction"]]
    if not group or "expect_set" in raw or ("expect" in raw) == ("expect_any_of" in raw):
        raise VectorError("a conversion needs a direction and one of 'expect' and 'expect_any_of'")
    base = mapping_of(world.baseline.get(group, {}), group)
    came = Node({**_NOTHING, **_NONE, **_RUN[group](completed(mapping_of(given, "input"), base), context)})
    wanted = [raw["expect"]] if "expect" in raw else list_of(raw["expect_any_of"], "expect_any_of")
    found = [compare(came, mapping_of(one, "expect")) for one in wanted]
    return "" if "" in found else " | ".join(found)


def _check(raw: Mapping[str, Any]) -> None:
    unknown = raw.keys() - _KEYS
    if unknown:
        raise VectorError(f"unknown key {min(unknown)!r}")
    for key, known in (("direction", _DIRECTIONS.keys()), ("level", _LEVELS), ("source", _SOURCES)):
        if raw.get(key) not in known:
            raise VectorError(f"unknown {key} {raw.get(key)!r}")
    if not isinstance(raw.get("reversible", False), bool):
        raise VectorError("reversible is true or false")


def _function(raw: Mapping[str, Any], context: Context) -> str:
    try:
        return run_function(raw, context)
    except VectorError:
        raise
    except GatewayError as error:
        return f"error: {error}"


def _only(given: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = given.keys() - known
    if unknown:
        raise VectorError(f"unknown key {min(unknown)!r} of input")


# --- Internet -> X.400 --------------------------------------------------------------------------------------------------------------------


def _to_x400(given: dict[str, Any], context: Context) -> Result:
    _only(given, internet_input.KEYS)
    envelope, message = internet_input.envelope_from(given), internet_input.message_from(given)
    try:
        conversion = message_to_x400(message, envelope, tuple(range(1, len(envelope.recipients) + 1)), context)
    except ConversionError as error:
        return {"result": "non-delivery", "smtp_status": error.failure.status}
    return _apdu(conversion.result)


def _apdu(apdu: p1.MTSAPDU) -> Result:
    """What goes to X.400, as it decodes from its own octets."""
    sent = asn1.decode(asn1.encode(apdu), p1.MTSAPDU).value
    if isinstance(sent, p1.Report):
        return {"result": "delivered", "pdu": "report", "report_count": 1, **x400_view.report_view(sent, NOW)}
    return {"result": "delivered", "pdu": "ipm", "ipm_count": 1, **x400_view.message_view(sent, NOW)}


def _dsn_to_x400(given: dict[str, Any], context: Context) -> Result:
    _only(given, internet_input.DSN_KEYS)
    envelope, message = internet_input.envelope_from(given), internet_input.dsn_from(given)
    try:
        conversions = dsn_to_x400(message, envelope, context)
    except ConversionError as error:
        return {"result": "non-delivery", "smtp_status": error.failure.status}
    found = [_apdu(one.result) for one in conversions]
    counts = {name: sum(one.get(name, 0) for one in found) for name in ("report_count", "ipm_count")}
    whole = {key: value for one in reversed(found) for key, value in one.items()}
    return {**whole, **counts, **({"pdu": ABSENT} if len(found) > 1 else {})}


# --- X.400 -> Internet --------------------------------------------------------------------------------------------------------------------


def _to_internet(given: dict[str, Any], context: Context) -> Result:
    _only(given, x400_input.KEYS)
    _check_facts(given)
    apdu = x400_input.apdu_from(given)
    return _message_to_internet(apdu.message, given, context) if apdu.message is not None else _probe(apdu.value, context)


def _probe(probe: p1.Probe, context: Context) -> Result:
    outcomes = probe_outcomes(probe, context)
    failed = any(one.failure is not None for one in outcomes.values())
    return {"result": "non-delivery" if failed else "delivered", **_report_about(probe, outcomes, context)}


def _message_to_internet(message: p1.Message, given: Mapping[str, Any], context: Context) -> Result:
    places = tuple(range(1, len(message.envelope.per_recipient_fields) + 1))
    try:
        result = message_to_internet(message, places, context).result
    except ConversionError as error:
        failed = dict.fromkeys(places, ReportedOutcome(failure=error.failure))
        return {"result": "non-delivery", **_report_about(message, failed, context)}
    view = internet_view.message_view(parse(result.message), result.envelope)
    return {"result": "delivered", **view, **_hop(message, places, given, context)}


def _check_facts(given: Mapping[str, Any]) -> None:
    """Inputs that state a fact of this gateway; another value asks for another gateway."""
    facts: Mapping[str, tuple[Any, ...]] = {
        "one_smtp_message": (True,), "conversion_supported": (True, False), "output_charset": ("teletex", "iso-8859-1"),
    }
    for key, values in facts.items():
        if key in given and given[key] not in values:
            raise VectorError(f"{key} {given[key]!r} is unknown: {', '.join(map(repr, values))}")


def _report_about(subject: p1.Message | p1.Probe, outcomes: Mapping[int, ReportedOutcome], context: Context) -> Result:
    """The report that the originator gets, and its codes."""
    made = report_for_x400(subject, outcomes, context)
    if made is None or made.result.report is None:
        return {}
    view = x400_view.report_view(asn1.decode(asn1.encode(made.result.report), p1.Report), NOW)
    failures = [one.get("report").get("non-delivery") for one in view["report_recipients"]]
    codes = dict(failures[0].members) if failures and isinstance(failures[0], Node) else {}
    return {"report_count": 1, "report_recipients": view["report_recipients"], **codes}


def _hop(message: p1.Message, places: tuple[int, ...], given: Mapping[str, Any], context: Context) -> Result:
    """What the next SMTP hop makes of it, and the report about that."""
    if "next_hop" not in given:
        return {}
    hop = mapping_of(given["next_hop"], "next_hop")
    if not hop.keys() <= {"dsn", "notify_passed", "data_reply"}:
        raise VectorError("next_hop has the keys dsn, notify_passed and data_reply")
    reply = hop.get("data_reply", 250)
    outcome = ReportedOutcome(
        delivered_at=NOW if reply < 300 else None,
        relayed=not hop.get("dsn", False),
        failure=None if reply < 300 else _failure(reply),
        notify_passed=hop.get("notify_passed", False),
    )
    return _report_about(message, dict.fromkeys(places, outcome), context)


def _failure(code: int) -> Failure:
    return failure_from_reply(Reply(code=code, lines=("no",)), Stage.DATA, "mail.example.org")


# --- reports ------------------------------------------------------------------------------------------------------------------------------


def _report(given: dict[str, Any], context: Context) -> Result:
    _only(given, report_input.KEYS)
    try:
        result = report_to_internet(report_input.report_from(given), context).result
    except ConversionError as error:
        return {"result": "non-delivery", "smtp_status": error.failure.status}
    return {"result": "dsn-sent", **internet_view.report_view(parse(result.message), result.envelope)}


_RUN: Final[Mapping[str, Callable[[dict[str, Any], Context], Result]]] = {
    "internet": _to_x400,
    "x400": _to_internet,
    "report": _report,
    "dsn": _dsn_to_x400,
}
