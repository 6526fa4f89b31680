"""Trace: Received, X400-Received and Date <-> trace information and internal trace (RFC 2156 5.1.6, 5.1.7, 5.3.7); loop detection.

Both kinds of X.400 trace become one chronological list of `Hop`, which is also what the header fields are read into.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway import asn1
from gateway.errors import ConversionError, Failure, GatewayError
from gateway.internet.fields import Field, parse_date, quote, sanitise, serialise_date
from gateway.mixer.eits import eits_from_text, is_mixer_conversion, text_from_eits
from gateway.mixer.identifiers import (
    comparable,
    global_domain_from_text,
    global_domain_identifier,
    has_text_form,
    is_same_domain,
    text_from_global_domain,
)
from gateway.mixer.mcgam import Levels
from gateway.mixer.policy import Context, GlobalDomain, InternalTrace, PeerPolicy, Settings
from gateway.mixer.rules import Notes
from gateway.mixer.text import TextError, ia5_form, in_utc_time, with_offset
from gateway.x400.bounds import UB_MTA_NAME_LENGTH
from gateway.x400.mts import EncodedInformationTypes, GlobalDomainIdentifier, MTSIdentifier
from gateway.x400.mts_trace import (
    Attempted,
    DomainSuppliedInformation,
    InternalTraceInformationElement,
    MTASuppliedInformation,
    OtherActions,
    RoutingAction,
    TraceInformationElement,
)
from gateway.x400.oraddress import ORAddress

MIXER_COMMENT: Final = "MIXER Conversion following RFC 2156"
"""Comment in the Received field of a conversion; loop detection counts it (5.1.5, 5.3.7)."""

_MARK: Final = re.compile(r"MIXER\s+Conversion\s+following\s+RFC\s*(?:1327|2156)", re.IGNORECASE)
_BY: Final = re.compile(r"\bby\s+([^\s;()]+)", re.IGNORECASE)
_RECEIVED_LIMIT: Final = 100
"""RFC 5321 6.3 wants at least this many Received fields to be accepted; what is read back from X.400 counts on its own."""
_VISITS_LIMIT: Final = 25
"""Visits of an X.400 message to domains. Peers were seen to hand mail to and fro 512 times before anybody was told."""
_BY_PART: Final = re.compile(r'by\s+(?:mta\s+("(?:[^"\\]|\\.)*"|[^\s"]+)\s+in\s+)?(/.*)', re.IGNORECASE | re.DOTALL)
_ACTION_NAMES: Final = {"relayed": RoutingAction.RELAYED, "rerouted": RoutingAction.REROUTED}
_OTHER_NAMES: Final = {"redirected": OtherActions.REDIRECTED, "expanded": OtherActions.DL_OPERATION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One element of trace, external (``mta`` None) or internal."""

    domain: GlobalDomainIdentifier
    arrival: datetime
    mta: str | None = None
    routing_action: int = RoutingAction.RELAYED
    deferred: datetime | None = None
    converted: EncodedInformationTypes | None = None
    attempted_domain: GlobalDomainIdentifier | None = None
    attempted_mta: str | None = None
    other_actions: frozenset[int] = frozenset()


# --- wire <-> hops ---------------------------------------------------------------------------------------------------------------------


def note_domains(hops: Sequence[Hop], identifier: MTSIdentifier, notes: Notes) -> None:
    """Name the management domains that stand in the fields otherwise than on the wire (`identifiers.has_text_form`)."""
    domains = dict.fromkeys((*(hop.domain for hop in hops), identifier.global_domain_identifier))
    odd = [domain for domain in domains if not has_text_form(domain)]
    if odd:
        notes.add("global-domain-identifier", "RFC 2156 4.1.3", f"of {len(odd)} domains in trace and identifiers characters became '?'")


def hops_of(external: Sequence[TraceInformationElement], internal: Sequence[InternalTraceInformationElement] = ()) -> tuple[Hop, ...]:
    """One list, oldest first, by order and never by time; where both kinds say the same only the internal one is kept (5.3.7)."""
    found: list[Hop] = []
    waiting = [_internal_hop(element) for element in internal]
    for element in external:
        hop = _external_hop(element)
        at = next((at for at, inner in enumerate(waiting) if is_same_domain(inner.domain, hop.domain)), None)
        if at is None:
            twin = any(is_same_domain(other.domain, hop.domain) and other.mta and other.arrival == hop.arrival for other in found)
            found += [] if twin else [hop]
            continue
        # Internal elements before the match belong to domains that left no external trace.
        end = at
        while end < len(waiting) and is_same_domain(waiting[end].domain, hop.domain):
            end += 1
        found += waiting[:end]
        waiting = waiting[end:]
    return (*found, *waiting)


def _external_hop(element: TraceInformationElement) -> Hop:
    supplied = element.domain_supplied_information
    return Hop(
        domain=element.global_domain_identifier,
        arrival=supplied.arrival_time,
        routing_action=supplied.routing_action,
        deferred=supplied.deferred_time,
        converted=supplied.converted_encoded_information_types,
        attempted_domain=supplied.attempted_domain,
        other_actions=supplied.other_actions,
    )


def _internal_hop(element: InternalTraceInformationElement) -> Hop:
    supplied = element.mta_supplied_information
    return Hop(
        domain=element.global_domain_identifier,
        mta=element.mta_name,
        arrival=supplied.arrival_time,
        routing_action=supplied.routing_action,
        deferred=supplied.deferred_time,
        converted=supplied.converted_encoded_information_types,
        attempted_domain=supplied.attempted.domain if supplied.attempted is not None else None,
        attempted_mta=supplied.attempted.mta if supplied.attempted is not None else None,
        other_actions=supplied.other_actions,
    )


def external_trace(hops: Iterable[Hop]) -> tuple[TraceInformationElement, ...]:
    """External trace: one element wherever the domain changes, and for every conversion (5.1.6)."""
    found: list[TraceInformationElement] = []
    previous: Hop | None = None
    for hop in hops:
        # A conversion always gets an element of its own (5.1.6): the one before it may hold the date of the message.
        if previous is None or not is_same_domain(hop.domain, previous.domain) or hop.other_actions or hop.converted is not None:
            found.append(_external_element(hop))
        previous = hop
    return tuple(found)


def _external_element(hop: Hop) -> TraceInformationElement:
    supplied = DomainSuppliedInformation(
        arrival_time=hop.arrival,
        routing_action=hop.routing_action,
        attempted_domain=hop.attempted_domain,
        deferred_time=hop.deferred,
        converted_encoded_information_types=hop.converted,
        other_actions=hop.other_actions,
    )
    return TraceInformationElement(global_domain_identifier=hop.domain, domain_supplied_information=supplied)


def internal_trace(hops: Iterable[Hop], much: InternalTrace = InternalTrace.KEEP) -> tuple[InternalTraceInformationElement, ...]:
    """Internal trace: one element for every hop that names an MTA, or for fewer of them where the peer wants it so."""
    found: list[InternalTraceInformationElement] = []
    seen: set[GlobalDomain] = set()
    for hop in hops:
        domain = comparable(hop.domain)
        if hop.mta and much is not InternalTrace.STRIP and (much is InternalTrace.KEEP or domain not in seen):
            found.append(_internal_element(hop, hop.mta))
            seen.add(domain)
    return tuple(found)


def _internal_element(hop: Hop, mta: str) -> InternalTraceInformationElement:
    attempted = None
    if hop.attempted_mta is not None:
        attempted = Attempted(mta=hop.attempted_mta)
    elif hop.attempted_domain is not None:
        attempted = Attempted(domain=hop.attempted_domain)
    supplied = MTASuppliedInformation(
        arrival_time=hop.arrival,
        routing_action=hop.routing_action,
        attempted=attempted,
        deferred_time=hop.deferred,
        converted_encoded_information_types=hop.converted,
        other_actions=hop.other_actions,
    )
    return InternalTraceInformationElement(global_domain_identifier=hop.domain, mta_name=mta, mta_supplied_information=supplied)


def own_hop(context: Context, converted: EncodedInformationTypes | None) -> Hop:
    """The gateway's own element (5.1.6): time of conversion, relayed, what was converted into."""
    domain = global_domain_identifier(context.settings.global_domain)
    return Hop(domain=domain, mta=context.settings.mta_name[:UB_MTA_NAME_LENGTH], arrival=with_offset(context.now), converted=converted)


# --- hops <-> header fields --------------------------------------------------------------------------------------------------------------


def text_from_hop(hop: Hop) -> str:
    """Body of an ``X400-Received`` field (5.3.7)."""
    domain = text_from_global_domain(hop.domain)
    parts = [f"by mta {quote(_word(hop.mta))} in {domain}" if hop.mta is not None else f"by {domain}"]
    if hop.deferred is not None:
        parts.append(f"deferred until {serialise_date(hop.deferred)}")
    if hop.converted is not None:
        parts.append(f"converted ({text_from_eits(hop.converted)})")
    if hop.attempted_mta is not None:
        parts.append(f"attempted MTA {quote(_word(hop.attempted_mta))}")
    elif hop.attempted_domain is not None:
        parts.append(f"attempted MD {text_from_global_domain(hop.attempted_domain)}")
    actions = ["Rerouted" if hop.routing_action == RoutingAction.REROUTED else "Relayed"]
    actions += [name.capitalize() for name, bit in _OTHER_NAMES.items() if bit in hop.other_actions]
    return "; ".join([*parts, ", ".join(actions), serialise_date(hop.arrival)])


def _word(text: str) -> str:
    return sanitise(ia5_form(text))


def hop_from_text(text: str) -> Hop:
    """The inverse of `text_from_hop`.

    Raises:
        GatewayError: Not of the form.
    """
    parts = _outside_quotes(text)
    match = _BY_PART.fullmatch(parts[0].strip())
    arrival = in_utc_time(parse_date(parts[-1]))
    if match is None or arrival is None or len(parts) < 2:
        raise TextError(f"{text[:100]!r} is no trace such as 'by /ADMD=a/C=gb/; Relayed; date' (RFC 2156 5.3.7)")
    fields: dict[str, object] = {}
    for part in parts[1:-1]:
        fields |= _hop_part(part.strip())
    mta = match.group(1)
    name = re.sub(r"\\(.)", r"\1", mta[1:-1]) if mta is not None and mta.startswith('"') else mta
    domain = global_domain_from_text(match.group(2))
    mta_name = _word(name)[:UB_MTA_NAME_LENGTH] if name else ""
    hop = Hop(domain=domain, mta=mta_name or None, arrival=arrival, **fields)  # type: ignore[arg-type]
    asn1.encode(_external_element(hop))  # a domain or time that X.400 cannot hold is found here and not when the message is sent
    return hop


def _outside_quotes(text: str) -> list[str]:
    """Split at semicolons outside quoted strings."""
    return re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^;"])+', text) or [""]


def _hop_part(part: str) -> dict[str, object]:
    lowered = part.lower()
    if lowered.startswith("deferred until"):
        return {"deferred": in_utc_time(parse_date(part[14:]))}
    if lowered.startswith("converted"):
        return {"converted": eits_from_text(part[9:].strip().removeprefix("(").removesuffix(")"))}
    if lowered.startswith("attempted md"):
        return {"attempted_domain": global_domain_from_text(part[12:])}
    if lowered.startswith("attempted mta"):
        return {"attempted_mta": _word(part[13:].strip().strip('"'))[:UB_MTA_NAME_LENGTH] or None}
    words = {word.strip().lower() for word in part.split(",")}
    if not words <= _ACTION_NAMES.keys() | _OTHER_NAMES.keys():
        raise TextError(f"{part[:60]!r} is no part of a trace (RFC 2156 5.3.7)")
    action = max((_ACTION_NAMES[word] for word in words if word in _ACTION_NAMES), default=RoutingAction.RELAYED)
    return {"routing_action": action, "other_actions": frozenset(_OTHER_NAMES[word] for word in words if word in _OTHER_NAMES)}


def hops_from_fields(fields: Sequence[Field], originator: ORAddress, sender_domain: str, context: Context, notes: Notes) -> tuple[Hop, ...]:
    """Trace of an Internet message, oldest first: from Date, Received and X400-Received (5.1.6, 5.1.7).

    Args:
        fields: The header.
        originator: The mapped SMTP originator: domain of the first element.
        sender_domain: Domain of its mailbox: MTA name of the first element.
        context: Settings and time.
        notes: Receives what does not parse.
    """
    hops: list[Hop] = []
    x400 = False
    for field in reversed(fields):
        if field.is_named("X400-Received"):
            try:
                hops.append(hop_from_text(field.value))
                x400 = True
            except GatewayError as error:
                notes.add("X400-Received", "5.1.7", f"dropped: {error}")
        elif field.is_named("Received") and context.policy.keep_trace:
            hops += _received_hop(field.value, hops[-1] if hops else None, originator, context)
    if not x400:
        hops.insert(0, _first_hop(fields, originator, sender_domain, context, notes))
    return tuple(hops)


def _first_hop(fields: Sequence[Field], originator: ORAddress, sender_domain: str, context: Context, notes: Notes) -> Hop:
    """From the most recent Resent-Date, else Date (5.1.6)."""
    dated = next((field for name in ("Resent-Date", "Date") for field in fields if field.is_named(name)), None)
    arrival = in_utc_time(parse_date(dated.value)) if dated is not None else None
    if arrival is None:
        notes.add("Date", "3.3.5", "is missing or does not parse; the time of conversion is used")
    mta = _word(sender_domain)[:UB_MTA_NAME_LENGTH] or None
    return Hop(domain=_domain_of(originator, context.settings), mta=mta, arrival=arrival or with_offset(context.now))


def _domain_of(address: ORAddress, settings: Settings) -> GlobalDomainIdentifier:
    if address.country is None or address.admd is None:
        return global_domain_identifier(settings.global_domain)
    return global_domain_identifier(GlobalDomain(country=address.country, admd=address.admd, prmd=address.prmd))


def _received_hop(text: str, previous: Hop | None, originator: ORAddress, context: Context) -> list[Hop]:
    by, arrival = _BY.search(text), in_utc_time(parse_date(text.rpartition(";")[2]))
    if by is None or arrival is None:
        return []
    entry = context.settings.tables.oraddress_of_domain(by.group(1))
    domain = _domain_of_levels(entry.levels) if entry is not None else None
    if domain is None:
        # An unmapped host counts as of the domain before it: our own domain here would look like a loop to the next MTA.
        domain = previous.domain if previous is not None else _domain_of(originator, context.settings)
    return [Hop(domain=domain, mta=_word(by.group(1))[:UB_MTA_NAME_LENGTH], arrival=arrival)]


def _domain_of_levels(levels: Levels) -> GlobalDomainIdentifier | None:
    padded = (*levels, None, None)
    if padded[0] is None or padded[1] is None:
        return None
    return global_domain_identifier(GlobalDomain(country=padded[0], admd=padded[1], prmd=padded[2]))


def received_field(hops: Sequence[Hop], context: Context) -> tuple[str, str]:
    """The gateway's own Received field, with the comment that marks the conversion (5.3.7)."""
    last = hops[-1] if hops else None
    source = re.sub(r"[^A-Za-z0-9.\-]", "-", last.mta).strip("-.") if last is not None and last.mta else ""
    identifier = f" id {re.sub(r'[^A-Za-z0-9.-]', '-', context.queue_id)}" if context.queue_id else ""
    domain = context.settings.gateway_domain
    body = f"from {source or 'x400'} by {domain} ({MIXER_COMMENT}) with X400{identifier}; {serialise_date(context.now)}"
    return "Received", body


# --- loops --------------------------------------------------------------------------------------------------------------------------------


class LoopError(ConversionError):
    """A message goes round; it is reported with 1/3 (loop-detected), 5.4.6."""

    def __init__(self, text: str) -> None:
        super().__init__(Failure(reason=1, diagnostic=3, smtp_code=554, status="5.4.6", text=text))


def check_hops(hops: Sequence[Hop], settings: Settings, policy: PeerPolicy) -> None:
    """Refuse an X.400 message that was converted too often, that has been to too many places, or that was here before.

    It was here when an element names our MTA and nothing has changed its recipient since. Our domain alone says so only of what comes from
    another domain (`PeerPolicy.other_domain`): other MTAs of our domain write it too.

    Raises:
        LoopError: It loops.
    """
    conversions = sum(is_mixer_conversion(hop.converted) for hop in hops)
    if conversions > settings.max_conversions:
        raise LoopError(f"the message was converted by MIXER gateways {conversions} times in one direction")
    if _visits(hops) > _VISITS_LIMIT:
        raise LoopError(f"the message was handed on {_visits(hops)} times")
    ours = comparable(global_domain_identifier(settings.global_domain))
    for at, hop in enumerate(hops):
        here = hop.mta == settings.mta_name if hop.mta is not None else policy.other_domain
        if here and comparable(hop.domain) == ours and not _changed_since(hops[at:]):
            raise LoopError("the message was at this gateway before, and no expansion or redirection has changed it since")


def _visits(hops: Sequence[Hop]) -> int:
    """How often a message came to another domain, or to an MTA where it was before."""
    found, seen, previous = 0, set[tuple[GlobalDomain, str]](), None
    for hop in hops:
        place = (comparable(hop.domain), hop.mta or "")
        found += previous is None or place[0] != previous or (bool(hop.mta) and place in seen)
        seen.add(place)
        previous = place[0]
    return found


def check_identifier(identifier: MTSIdentifier, hops: Sequence[Hop], policy: PeerPolicy, notes: Notes) -> None:
    """Note an identifier whose domain is not that of the first trace element; refuse it where the policy says so (X.411 12.2.1.1.1.1).

    # Peer: relays of public services give messages of others identifiers of their own, so it means nothing by itself.

    Raises:
        ConversionError: 1/11, invalid-arguments.
    """
    given = identifier.global_domain_identifier
    if not hops or is_same_domain(given, hops[0].domain):
        return
    text = f"the identifier is of {text_from_global_domain(given)}, the first trace element of {text_from_global_domain(hops[0].domain)}"
    if policy.strict_trace:
        raise ConversionError(Failure(reason=1, diagnostic=11, smtp_code=554, status="5.5.2", text=text))
    notes.add("message-identifier", "X.411 12.2.1.1.1.1", text)


def _changed_since(hops: Sequence[Hop]) -> bool:
    return any(hop.other_actions or hop.routing_action == RoutingAction.REROUTED for hop in hops)


def check_received(fields: Sequence[Field], settings: Settings) -> None:
    """Refuse an Internet message with too many conversions or hops in its Received fields (5.1.5, RFC 5321 6.3).

    Raises:
        LoopError: It loops.
    """
    for name in ("X400-Received", "DL-Expansion-History"):
        if sum(field.is_named(name) for field in fields) >= _RECEIVED_LIMIT:
            raise LoopError(f"the message has {_RECEIVED_LIMIT} or more fields {name}")
    received = [field for field in fields if field.is_named("Received")]
    conversions = max(sum(_MARK.search(field.value) is not None for field in received), _conversions_to_x400(fields))
    if conversions > settings.max_conversions or len(received) >= _RECEIVED_LIMIT:
        raise LoopError(f"the message has {len(received)} Received fields, {conversions} of them of MIXER conversions")


def _conversions_to_x400(fields: Sequence[Field]) -> int:
    """Conversions in the direction that a message to X.400 takes once more: elements of the trace that came back say so (5.1.5)."""
    found = 0
    for field in fields:
        if field.is_named("X400-Received"):
            try:
                found += is_mixer_conversion(hop_from_text(field.value).converted)
            except GatewayError:
                continue
    return found
