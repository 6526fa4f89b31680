"""The pure functions that vectors name (the conformance schema, 2.6), each performed by the mapping itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from gateway import asn1
from gateway.conformance.header_values import Date, Instances
from gateway.conformance.internet_input import notify_from
from gateway.conformance.matchers import compare
from gateway.conformance.message_values import time_from_text
from gateway.conformance.message_world import NOW
from gateway.conformance.vector import VectorError, list_of, text_of
from gateway.conformance.x400_bodies import identifier_from, orname_from
from gateway.conformance.x400_input import eits_from, mts_identifier_from
from gateway.conformance.x400_view import identifier_view
from gateway.errors import Failure
from gateway.internet.envelope import EnvelopeError, SmtpEnvelope, SmtpRecipient, decode_xtext, encode_orcpt, encode_xtext
from gateway.internet.fields import Field, parse_date, serialise_date
from gateway.internet.message import Header, parse
from gateway.mixer import body_policy, delivery_options, envelope, identifiers, status
from gateway.mixer.descriptors import Scope
from gateway.mixer.eits import text_from_eits
from gateway.mixer.heading import heading_elements
from gateway.mixer.notifications import discard_text
from gateway.mixer.policy import Context
from gateway.mixer.reports import dsn_for_internet
from gateway.mixer.results import ReportedOutcome
from gateway.mixer.text import in_utc_time, integer_from_label, oid_from_text, ps_decode, ps_encode
from gateway.octets import octets
from gateway.x400 import oids
from gateway.x400.mts import PerMessageIndicators, PerRecipientIndicators


@dataclass(frozen=True, slots=True)
class Function:
    """A function that vectors name.

    Attributes:
        run: From the context and the arguments to the result; several results are a tuple.
        results: How many columns of a row of ``cases`` are results.
        inverse: Name of the inverse function.
        agrees: Compares a result otherwise than by value.
    """

    run: Callable[..., Any]
    results: int = 1
    inverse: str = ""
    agrees: Callable[[Any, Any], str] = compare


# --- chapter 3 ----------------------------------------------------------------------------------------------------------------------------


def _utctime_to_822(_context: Context, raw: object) -> Date:
    return Date(serialise_date(time_from_text(raw)))


def _date_to_utctime(_context: Context, raw: object) -> str:
    at = in_utc_time(parse_date(text_of(raw, "input")))
    return asn1.encode(at, asn1.UTCTime())[2:].decode("ascii")


def _format_eits(_context: Context, raw: object) -> list[str]:
    return [one.strip() for one in text_from_eits(eits_from(raw)).split(",")]


# --- identifiers --------------------------------------------------------------------------------------------------------------------------


def _msgid_to_ipmid(context: Context, raw: object) -> Any:
    rfc_987 = context.policy.rfc_987_identifiers
    return identifier_view(identifiers.ipm_identifier_from_msg_id(text_of(raw, "input"), rfc_987=rfc_987))


def _ipmid_to_msgid(_context: Context, raw: object) -> Instances:
    return Instances("Message-ID", (identifiers.msg_id_from_ipm_identifier(identifier_from(raw)),))


def _in_reply_to(context: Context, raw: object) -> Any:
    field = Field("In-Reply-To", f" {text_of(raw, 'input')}".encode())
    elements, _ = heading_elements([field], Scope(context=context))
    if "replied_to_ipm" not in elements:
        raise VectorError(f"{raw!r} is not one identifier")
    return identifier_view(elements["replied_to_ipm"])


# --- envelope -----------------------------------------------------------------------------------------------------------------------------

_BITS: Final = frozenset({PerRecipientIndicators.ORIGINATOR_REPORT, PerRecipientIndicators.ORIGINATOR_NON_DELIVERY_REPORT})


def _notify_to_bits(_context: Context, raw: object) -> list[int]:
    recipient = SmtpRecipient(address="a@b.example", notify=notify_from(raw))
    return sorted(int(bit) for bit in envelope.indicators_from_notify(recipient, null_sender=False) & _BITS)


def _bits_to_notify(_context: Context, raw: object) -> frozenset[str]:
    return envelope.notify_from_indicators(frozenset({0, *list_of(raw, "bits")}))


def _has_keyword(came: frozenset[str], expected: object) -> str:
    good = expected in came and ("NEVER" not in came or came == {"NEVER"})
    return "" if good else ",".join(sorted(came))


def _envid_to_correlator(_context: Context, raw: object) -> str | None:
    try:
        envid = decode_xtext(text_of(raw, "input"))
    except EnvelopeError as error:
        raise VectorError(str(error)) from error
    return envelope.content_correlator(SmtpEnvelope(reverse_path="", recipients=(), envid=envid), Header())


def _content_return(_context: Context, raw: object) -> str:
    return envelope.ret_from_indicators(frozenset({PerMessageIndicators.CONTENT_RETURN_REQUEST} if raw else ()))


# --- reports ------------------------------------------------------------------------------------------------------------------------------


def _constant(_context: Context, raw: object) -> str:
    name = text_of(raw, "name")
    known = {"ema-unknown-attachment": body_policy.EMA_UNKNOWN}
    found = known.get(name) or getattr(oids, name.upper().replace("-", "_"), None)
    if not isinstance(found, str):
        raise VectorError(f"the gateway has no object identifier {name!r}")
    return found


def _auto_submitted(context: Context, raw: object) -> list[str]:
    """The keywords of a DSN that the gateway makes."""
    if raw != "dsn":
        raise VectorError(f"unknown input {raw!r}: 'dsn' was expected")
    sender = SmtpEnvelope(reverse_path="a@b.example", recipients=(SmtpRecipient(address="c@d.example"),))
    failure = ReportedOutcome(failure=Failure(reason=1, diagnostic=0, text="unknown"))
    made = dsn_for_internet(sender, parse(octets(b"Subject: x\r\n\r\n")), {1: failure}, replace(context, now=NOW))
    found = parse(made.result.message).header.all("Auto-Submitted") if made is not None else ()
    return [one.value.partition(";")[0].strip().lower() for one in found]


def _codes(_context: Context, raw: object) -> tuple[int, int | None]:
    reason, diagnostic = status.x400_from_status(text_of(raw, "status"))
    return int(reason), None if diagnostic is None else int(diagnostic)


FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "ps_encode": Function(lambda _context, raw: ps_encode(text_of(raw, "input")), inverse="ps_decode"),
        "ps_decode": Function(lambda _context, raw: ps_decode(text_of(raw, "input")), inverse="ps_encode"),
        "utctime_to_822": Function(_utctime_to_822),
        "date_to_utctime": Function(_date_to_utctime),
        "parse_oid": Function(lambda _context, raw: oid_from_text(text_of(raw, "input"))),
        "parse_labelled_integer": Function(lambda _context, raw: integer_from_label(text_of(raw, "input"))),
        "format_eits": Function(_format_eits),
        "format_mts_id": Function(lambda _context, raw: identifiers.text_from_mts_identifier(mts_identifier_from(raw))),
        "msgid_to_ipmid": Function(_msgid_to_ipmid, inverse="ipmid_to_msgid"),
        "ipmid_to_msgid": Function(_ipmid_to_msgid, inverse="msgid_to_ipmid"),
        "in_reply_to_value_to_ipmid": Function(_in_reply_to),
        "msgid_to_mts_local_id": Function(lambda _context, raw: identifiers.mts_local_identifier_from_msg_id(text_of(raw, "input"))),
        "content_identifier": Function(lambda _context, raw: envelope.content_identifier(text_of(raw, "input"))),
        "status_from_codes": Function(lambda _context, reason, diagnostic: status.status_from_x400(reason, diagnostic)),
        "codes_from_status": Function(_codes, results=2),
        "discard_reason_text": Function(lambda _context, raw: discard_text(raw)),
        "oid_constant": Function(_constant),
        "notify_to_bits": Function(_notify_to_bits),
        "bits_to_notify_has_element": Function(_bits_to_notify, agrees=_has_keyword),
        "envid_to_correlator": Function(_envid_to_correlator),
        "mtsid_to_envid": Function(lambda _context, raw: encode_xtext(envelope.envid_from_mts_identifier(mts_identifier_from(raw)))),
        "or_to_orcpt": Function(lambda _context, raw: encode_orcpt(envelope.orcpt_from_orname(orname_from(raw)))),
        "content_return_to_ret": Function(_content_return),
        "mt_priority_to_p1": Function(lambda _context, raw: int(delivery_options.priority_from_mt_priority(raw))),
        "p1_to_mt_priority": Function(lambda _context, raw: delivery_options.mt_priority_from_priority(raw)),
        "dsn_auto_submitted_forbidden_value": Function(
            _auto_submitted, agrees=lambda came, expected: "" if expected not in came else f"Auto-Submitted: {expected}"
        ),
    }
)


def run_function(raw: Mapping[str, Any], context: Context) -> str:
    """Run a vector of a function.

    Returns:
        What came instead of what was expected; empty when it is the same.

    Raises:
        VectorError: The function is not known, or the vector not complete.
    """
    function = FUNCTIONS.get(raw["function"])
    if function is None:
        raise VectorError(f"unknown function {raw['function']!r}")
    if "cases" in raw:
        rows = [list_of(row, "cases") for row in list_of(raw["cases"], "cases")]
        return next((found for row in rows if (found := _case(function, row, context))), "")
    if "input" not in raw or ("expect" in raw) == ("expect_set" in raw):
        raise VectorError("a function needs 'cases', or 'input' and one of 'expect' and 'expect_set'")
    came = function.run(context, raw["input"])
    if "expect_set" in raw:
        return "" if frozenset(came) == frozenset(list_of(raw["expect_set"], "expect_set")) else repr(came)
    return function.agrees(came, raw["expect"]) or _reversed(function, came, raw, context)


def _case(function: Function, row: Sequence[Any], context: Context) -> str:
    *arguments, expected = row if function.results == 1 else (*row[: -function.results], tuple(row[-function.results :]))
    came = function.run(context, *arguments)
    found = function.agrees(came, expected) if function.results == 1 else "" if came == expected else repr(came)
    return f"{arguments}: {found}" if found else ""


def _reversed(function: Function, came: Any, raw: Mapping[str, Any], context: Context) -> str:
    if not raw.get("reversible", False):
        return ""
    if not function.inverse or not isinstance(came, str):
        raise VectorError(f"{raw['function']} has no inverse")
    back = FUNCTIONS[function.inverse].run(context, came)
    return "" if back == raw["input"] else f"{came!r} comes back as {back!r}"
