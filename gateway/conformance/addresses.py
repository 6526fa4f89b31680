"""The operations of address vectors, one small function each; all that matters is done by the production code they call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from gateway.conformance.comparison import canonical_name
from gateway.conformance.notation import NotationError, notation_of, oraddress_from_notation
from gateway.conformance.vector import TABLES, Vector, VectorError, exactly, list_of, load_tables, octets_of, tables_from, text_of
from gateway.errors import GatewayError
from gateway.mixer import address, identifiers, ldap_names, mcgam, px, stdor, text
from gateway.mixer.descriptors import Scope, descriptors_from_text, specifiers_from_text, text_from_specifiers
from gateway.mixer.policy import Context, Settings
from gateway.x400.charsets import t61_from_text, text_from_t61
from gateway.x400.ipms_fields import IPMIdentifier, ORDescriptor, RecipientSpecifier
from gateway.x400.oraddress import ORAddress, oraddress_from_orname, orname_from_oraddress

Operation = Callable[[Vector], Any]
"""Performs a vector; its result is compared, a `GatewayError` of the gateway is a failure of the operation."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PX_TABLES: Final = MappingProxyType(
    {
        "table1": mcgam.MappingTable.ORADDRESS_TO_DOMAIN,
        "table2": mcgam.MappingTable.DOMAIN_TO_ORADDRESS,
        "gate1": mcgam.MappingTable.ORADDRESS_TO_GATEWAY,
        "gate2": mcgam.MappingTable.DOMAIN_TO_GATEWAY,
        "or2rfc": mcgam.MappingTable.ORADDRESS_TO_DOMAIN,
        "rfc2or": mcgam.MappingTable.DOMAIN_TO_ORADDRESS,
    }
)


class NoResultError(GatewayError):
    """The operation has no result for this input."""


def _given_oraddress(raw: object, what: str) -> ORAddress:
    try:
        return oraddress_from_notation(raw)
    except NotationError as error:
        raise VectorError(f"{what}: {error}") from error


def _written(found: ORAddress) -> dict[str, Any]:
    try:
        return notation_of(found)
    except NotationError as error:
        raise VectorError(str(error)) from error


# --- chapter 3 and 4.1: text encodings -------------------------------------------------------------------------------------------------


def _ps_encode(vector: Vector) -> str:
    return text.ps_encode(text_of(vector.input, "input"))


def _ps_decode(vector: Vector) -> str:
    return text.ps_decode(text_of(vector.input, "input"))


def _parse(vector: Vector) -> dict[str, Any]:
    return _written(stdor.from_text(text_of(vector.input, "input"), grammar=vector.world.grammar, x400_version=vector.world.mode))


def _format(vector: Vector) -> str:
    return stdor.to_text(_given_oraddress(vector.input, "input"))


def _parse_teletex(vector: Vector) -> dict[str, str]:
    return {"hex": text.teletex_from_text(text_of(vector.input, "input")).hex()}


def _format_teletex(vector: Vector) -> str:
    parts = exactly(vector.input, "input", needed=("hex",))
    return text.text_from_teletex(octets_of(parts["hex"], "hex"))


def _parse_pair(vector: Vector) -> dict[str, str]:
    printable, teletex = text.pair_from_text(text_of(vector.input, "input"))
    found = {"ps": printable, "t": teletex.hex() if teletex is not None else None}
    return {key: value for key, value in found.items() if value is not None}


def _format_pair(vector: Vector) -> str:
    parts = exactly(vector.input, "input", optional=("ps", "t"))
    printable = text_of(parts["ps"], "ps") if "ps" in parts else None
    return text.text_from_pair(printable, octets_of(parts["t"], "t") if "t" in parts else None)


def _parse_person(vector: Vector) -> dict[str, Any]:
    parts = stdor.personal_name_from_text(text_of(vector.input, "input"))
    if parts is None:
        raise NoResultError("no personal name")
    fields: dict[str, Any] = {**parts}
    return _written(ORAddress(**fields))


def _format_person(vector: Vector) -> str:
    found = stdor.text_from_personal_name(_given_oraddress(vector.input, "input"))
    if found is None:
        raise NoResultError("the restrictions of 4.1.2 forbid the short form")
    return found


def _parse_value(vector: Vector) -> dict[str, Any]:
    return _written(stdor.from_text(f"/{text_of(vector.input, 'input')}/"))


def _format_value(vector: Vector) -> str:
    return stdor.to_text(_given_oraddress(vector.input, "input"))[1:-1]


# --- Appendix F, RFC 2164: tables ------------------------------------------------------------------------------------------------------


def _line(vector: Vector) -> dict[str, Any]:
    parts = exactly(vector.input, "input", needed=("table", "line"))
    entry = _entry(_table(parts["table"], TABLES), parts["line"])
    if entry is None:
        return {"comment": True}
    omitted = _omitted(entry.levels)
    return {"domain": entry.domain, "or": _written(address.oraddress_of_entry(entry)), **({"omitted": omitted} if omitted else {})}


def _table(name: object, tables: Mapping[str, mcgam.MappingTable]) -> mcgam.MappingTable:
    if name not in tables:
        raise VectorError(f"unknown table {name!r}")
    return tables[str(name)]


def _entry(table: mcgam.MappingTable, line: object) -> mcgam.Entry | None:
    entries, findings = mcgam.read_table(table, [("line", text_of(line, "line"))])
    if findings:
        raise mcgam.MappingTableError(findings)
    return entries[0] if entries else None


def _omitted(levels: mcgam.Levels) -> list[str]:
    return [mcgam.keyword(place) for place, value in enumerate(levels) if value is None]


def _dmn(vector: Vector) -> dict[str, Any]:
    levels, others = mcgam.prefix_from_text(text_of(vector.input, "input"))
    found = _written(address.oraddress_of_entry(mcgam.Entry(domain="", levels=levels, others=others)))
    omitted = _omitted(levels)
    return {**found, "omitted": omitted} if omitted else found


def _lookup(vector: Vector) -> str | None:
    parts = exactly(vector.input, "input", needed=("keys", "domain"))
    lines = "".join(f"{text_of(key, 'key')}#C$XX#\n" for key in list_of(parts["keys"], "keys"))
    try:
        tables = load_tables({mcgam.MappingTable.DOMAIN_TO_ORADDRESS: lines})
    except mcgam.MappingTableError as error:
        raise VectorError(f"keys: {error}") from error
    entry = tables.oraddress_of_domain(text_of(parts["domain"], "domain"))
    return entry.domain if entry is not None else None


def _map_domain(vector: Vector) -> dict[str, Any] | None:
    found = address.oraddress_of_domain(text_of(vector.input, "input"), vector.settings())
    return _written(found) if found is not None else None


def _set(vector: Vector) -> None:
    load_tables(tables_from(vector.input))


def _ldap(vector: Vector) -> tuple[str, ...]:
    parts = exactly(vector.input, "input", optional=("or", "domain", "collection"))
    if ("or" in parts) == ("domain" in parts):
        raise VectorError("input needs either 'or' or 'domain'")
    collection = text_of(parts.get("collection", ""), "collection")
    if "domain" in parts:
        return canonical_name(ldap_names.name_of_domain(text_of(parts["domain"], "domain"), collection))
    return canonical_name(ldap_names.name_of_oraddress(_given_oraddress(parts["or"], "or"), collection or None))


# --- RFC 2163: PX records --------------------------------------------------------------------------------------------------------------


def _px_encode(vector: Vector) -> str:
    return px.name_from_prefix(text_of(vector.input, "input"))


def _px_decode(vector: Vector) -> dict[str, Any]:
    found = px.prefix_from_name(text_of(vector.input, "input"))
    return {"dmn": found.prefix, "gate": found.gateway}


def _px_key(vector: Vector) -> str:
    return px.owner_of_prefix(text_of(vector.input, "input"))


def _px_record(vector: Vector) -> str:
    parts = exactly(vector.input, "input", needed=("table", "line"))
    table = _table(parts["table"], _PX_TABLES)
    entry = _entry(table, parts["line"])
    if entry is None:
        raise NoResultError("a comment has no resource record")
    return px.record_of_entry(table, entry)


def _px_apply(vector: Vector) -> Any:
    parts = exactly(vector.input, "input", needed=("direction", "address", "map822", "mapx400"))
    answer = px.Answer(map822=text_of(parts["map822"], "map822"), mapx400=text_of(parts["mapx400"], "mapx400"))
    settings = vector.settings()
    if parts["direction"] == "x400_to_822":
        tables = px.overlaid(settings.tables, answer, by_domain=False)
        return _to_822(_given_oraddress(parts["address"], "address"), vector.world.settings(tables), vector)
    if parts["direction"] == "822_to_x400":
        tables = px.overlaid(settings.tables, answer, by_domain=True)
        return _to_x400(text_of(parts["address"], "address"), vector.world.settings(tables), vector)
    raise VectorError(f"unknown direction {parts['direction']!r}")


# --- 4.3.4, 4.3.5: addresses -----------------------------------------------------------------------------------------------------------


def _address_to_x400(vector: Vector) -> dict[str, Any]:
    return _to_x400(text_of(vector.input, "input"), vector.settings(), vector)


def _to_x400(mailbox: str, settings: Settings, vector: Vector) -> dict[str, Any]:
    world = vector.world
    mapped = address.mailbox_to_oraddress(mailbox, settings, world.role, x400_version=world.mode, grammar=world.grammar)
    return _written(mapped.result)


def _address_to_822(vector: Vector) -> str:
    return _to_822(_given_oraddress(vector.input, "input"), vector.settings(), vector)


def _to_822(found: ORAddress, settings: Settings, vector: Vector) -> str:
    return address.oraddress_to_mailbox(found, settings, vector.world.role, show_unusable=False).address


# --- 4.6.3, 4.7: identifiers and descriptors -------------------------------------------------------------------------------------------


def _msg_id_to_x400(vector: Vector) -> dict[str, Any]:
    found = identifiers.ipm_identifier_from_msg_id(text_of(vector.input, "input"))
    user = {"user": _written(oraddress_from_orname(found.user))} if found.user is not None else {}
    return {"user_relative": found.user_relative_identifier, **user}


def _msg_id_to_822(vector: Vector) -> str:
    parts = exactly(vector.input, "input", needed=("user_relative",), optional=("user",))
    user = orname_from_oraddress(_given_oraddress(parts["user"], "user")) if parts.get("user") is not None else None
    identifier = IPMIdentifier(user=user, user_relative_identifier=text_of(parts["user_relative"], "user_relative"))
    return identifiers.msg_id_from_ipm_identifier(identifier)


def _mts_id(vector: Vector) -> dict[str, str]:
    return {"local_identifier": identifiers.mts_local_identifier_from_msg_id(text_of(vector.input, "input"))}


def _scope(vector: Vector) -> Scope:
    return Scope(context=Context(settings=vector.settings(), now=_EPOCH, plan_seed=""))


def _descriptor_to_x400(vector: Vector) -> Any:
    scope = _scope(vector)
    mailboxes = text_of(vector.input, "input")
    descriptors_from_text(mailboxes, scope)
    found = [_described(one, scope) for one in specifiers_from_text(mailboxes, scope)]
    return found[0] if len(found) == 1 else found


def _described(specifier: RecipientSpecifier, scope: Scope) -> dict[str, str | None]:
    """The parts of a descriptor; its address is shown as the mailbox that it stands for."""
    recipient = specifier.recipient
    mailbox = None
    if recipient.formal_name is not None:
        mailbox = address.oraddress_to_mailbox(oraddress_from_orname(recipient.formal_name), scope.context.settings).address
    return {
        "address": mailbox,
        "free_form_name": text_from_t61(recipient.free_form_name) if recipient.free_form_name is not None else None,
        "telephone": recipient.telephone_number,
    }


def _descriptor_to_822(vector: Vector) -> str | None:
    keys = ("free_form_name", "mapped_address", "telephone", "reply_request")
    parts = {key: value for key, value in exactly(vector.input, "input", optional=keys).items() if value is not None}
    formal = _standing_for(text_of(parts["mapped_address"], "mapped_address")) if "mapped_address" in parts else None
    free = t61_from_text(text_of(parts["free_form_name"], "free_form_name")).octets if "free_form_name" in parts else None
    descriptor = ORDescriptor(
        formal_name=orname_from_oraddress(formal) if formal is not None else None,
        free_form_name=free,
        telephone_number=text_of(parts["telephone"], "telephone") if "telephone" in parts else None,
    )
    specifier = RecipientSpecifier(recipient=descriptor, reply_requested=_truth(parts.get("reply_request", False)))
    return text_from_specifiers([specifier], _scope(vector))


def _truth(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise VectorError(f"reply_request is true or false, not {raw!r:.80}")
    return raw


def _standing_for(mailbox: str) -> ORAddress:
    """An O/R address that maps to a mailbox by mapping A of 4.3.5, whatever the tables are."""
    return ORAddress(domain_defined=((stdor.RFC_822, text.ps_encode(mailbox)),))


OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = MappingProxyType(
    {
        ("ps_encode", "address"): _ps_encode,
        ("ps_decode", "address"): _ps_decode,
        ("std_or_parse", "address"): _parse,
        ("std_or_parse", "t61"): _parse_teletex,
        ("std_or_parse", "pt"): _parse_pair,
        ("std_or_parse", "pn"): _parse_person,
        ("std_or_parse", "value"): _parse_value,
        ("std_or_format", "address"): _format,
        ("std_or_format", "t61"): _format_teletex,
        ("std_or_format", "pt"): _format_pair,
        ("std_or_format", "pn"): _format_person,
        ("std_or_format", "value"): _format_value,
        ("table", "line"): _line,
        ("table", "dmn"): _dmn,
        ("table", "lookup"): _lookup,
        ("table", "map-domain"): _map_domain,
        ("table", "set"): _set,
        ("table", "ldap"): _ldap,
        ("px", "encode"): _px_encode,
        ("px", "decode"): _px_decode,
        ("px", "key"): _px_key,
        ("px", "rr"): _px_record,
        ("px", "apply"): _px_apply,
        ("822_to_x400", "address"): _address_to_x400,
        ("822_to_x400", "msg-id"): _msg_id_to_x400,
        ("822_to_x400", "mts-id"): _mts_id,
        ("822_to_x400", "or-descriptor"): _descriptor_to_x400,
        ("x400_to_822", "address"): _address_to_822,
        ("x400_to_822", "msg-id"): _msg_id_to_822,
        ("x400_to_822", "or-descriptor"): _descriptor_to_822,
    }
)
"""By direction and kind."""

EXPECTATION: Final[Mapping[tuple[str, str], Callable[[Any], Any]]] = MappingProxyType(
    {
        ("table", "ldap"): lambda expected: canonical_name(text_of(expected, "expected")),
        ("table", "line"): lambda expected: _sorted_omissions(expected),
        ("table", "dmn"): lambda expected: _sorted_omissions(expected),
    }
)
"""What has to be done to an expectation before it is compared: blanks of distinguished names, the order of omitted levels."""


def _sorted_omissions(expected: Any) -> Any:
    """Omitted levels are a set; the operations list them most significant first."""
    if isinstance(expected, dict) and isinstance(expected.get("omitted"), list):
        order = [mcgam.keyword(place) for place in range(mcgam.MAX_LEVELS)]
        return {**expected, "omitted": sorted(expected["omitted"], key=lambda one: order.index(one) if one in order else len(order))}
    return expected
