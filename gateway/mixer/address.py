"""Mailbox <-> O/R address: the staged algorithms of RFC 2156 4.3.4 and 4.3.5.

Every numbered step of the RFC is one small function; `Mapped.steps` records those that ran, and that record is what
``mixer map explain`` prints. Nothing is looked up here: what a directory or a name server knows comes in as `Settings.knowledge`,
and what would have to be known is noted there as a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from gateway.errors import GatewayError
from gateway.internet.fields import Mailbox
from gateway.mixer.legality import beyond_mnemonic, bound_faults, fault, present, repertoire_fault
from gateway.mixer.mailbox_syntax import ADDR_SPEC, LONGEST, UTF8_ADDR_SPEC, split_mailbox, unquote, with_ascii_domain
from gateway.mixer.mapped import AddressError, Mapped, MappedMailbox, Role, Step, Trail
from gateway.mixer.mcgam import Entry, Levels, address_of_others
from gateway.mixer.policy import Settings, SourceRoutes
from gateway.mixer.rfc822_attribute import rfc_822_count, rfc_822_readings, with_own_label, without_empty
from gateway.mixer.stdor import (
    PERSONAL_NAME,
    RFC_822,
    VISIBLE,
    Grammar,
    NotStdOrError,
    StdOrError,
    check_1984,
    from_text,
    has_twin,
    personal_name_from_text,
    stands_inverted,
    text_from_personal_name,
    to_text,
)
from gateway.mixer.text import PRINTABLE, TextError, ps_encode, text_from_teletex
from gateway.mixer.universal import CONTINUATIONS, UniversalError, universal_mailbox, with_universal_mailbox
from gateway.x400 import bounds as ub
from gateway.x400.countries import ISO_3166_OF_X121
from gateway.x400.mts import NonDeliveryDiagnosticCode
from gateway.x400.oraddress import ORAddress

__all__ = [
    "AddressError",
    "Mapped",
    "MappedMailbox",
    "Role",
    "Step",
    "mailbox_to_oraddress",
    "oraddress_of_domain",
    "oraddress_of_entry",
    "oraddress_to_mailbox",
    "unquote",
]

_BLOCK: Final = ub.UB_DOMAIN_DEFINED_ATTRIBUTE_VALUE_LENGTH
_LEVEL_NAMES: Final = ("country", "admd", "prmd", "organization")
_LEVEL_BOUNDS: Final = (3, 16, 16, 64, 32, 32, 32, 32)
_NO_LEVEL: Final = "\0"
"""Stands for a level whose value no table and no domain can hold, because it has a teletex form."""
_TELETEX_OF: Final = {name: f"teletex_{name}" for name in ("organization", "common_name", *sorted(PERSONAL_NAME))}
_SUBDOMAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?")
_LETTERS_OF_STD_OR: Final = PRINTABLE | set("{}*$;|")
_MOST_TEXTS: Final = 4096
"""Rules of the tables whose text and faults are kept: the addresses of many messages lie under few of them."""


class _StageTwoError(GatewayError):
    """Stage I does not apply; `derived` are the attributes that step 8 found until then, None when it has not run."""

    def __init__(self, text: str, derived: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.derived = derived


# --- 4.3.4: RFC 822 -> X.400 ---------------------------------------------------------------------------------------------------------


def mailbox_to_oraddress(
    address: str, settings: Settings, role: Role = Role.HEADER, *, x400_version: int = 88, grammar: Grammar = Grammar.LENIENT
) -> Mapped[ORAddress]:
    """Map ``[route] addr-spec`` to an O/R address (4.3.4).

    Args:
        address: As it stands in the envelope or the header, with quotes and without phrase or angle brackets.
        settings: Tables and the gateway's own addresses.
        role: Decides the fallback of stage II.
        x400_version: 84 keeps attributes out that X.400(1984) lacks (Appendix B).
        grammar: How an O/R address in the local part is read.

    Raises:
        AddressError: Nothing can hold the address: it is no mailbox, not ASCII and unknown to the directory, or longer than four
            attributes.
    """
    if settings.knowledge is None:
        return _to_oraddress(address, settings, role, x400_version, grammar)
    # One message has the same mailbox in its envelope and in several fields.
    key = (address, role, x400_version, grammar)
    return settings.knowledge.once(key, settings, lambda: _to_oraddress(address, settings, role, x400_version, grammar))


def _to_oraddress(address: str, settings: Settings, role: Role, x400_version: int, grammar: Grammar) -> Mapped[ORAddress]:
    trail = Trail("4.3.4", settings.asking(envelope=role is not Role.HEADER))
    route, local, domain = split_mailbox(address)
    route = _kept_route(route, settings, trail, "step 1", header=role is Role.HEADER)
    # What counts is the domain which will be routed on: the first of a source route.
    routed = route[1:].partition(":")[0].partition(",")[0] if route else domain
    try:
        if route:
            raise _StageTwoError("step 1: not of the form local@domain but a source route")
        found = _user(local, domain, trail, x400_version) or _stage_one(local, domain, settings, trail, x400_version, grammar)
    except _StageTwoError as reason:
        derived = reason.derived if reason.derived is not None else _derived(routed, trail)
        trail.add("stage II", str(reason))
        base = _stage_two_base(routed, derived, settings, role, trail)
        whole = f"{route}{local}@{domain}"
        universal = settings.universal_addresses and x400_version != 84 and not whole.isascii()
        found = _universal(whole, base, trail) if universal else _stage_two(whole, base, settings, trail)
    if x400_version == 84:
        found = _without_numeric_prmd(found, settings, role, trail)
    return Mapped(result=found, steps=tuple(trail.steps))


def _kept_route(route: str, settings: Settings, trail: Trail, clause: str, *, header: bool = False) -> str:
    """What is left of a source route with its colon: nothing, what does not name us, or all of it (4.3.4 step 1, for headers 4.7.1)."""
    way = SourceRoutes.STRIP if header else settings.source_routes
    if not route or way is SourceRoutes.KEEP:
        return route
    hops = [hop for hop in route.rstrip(":").split(",") if hop]
    own = f"@{settings.gateway_domain}".lower()
    left = [hop for hop in hops if hop.lower() != own] if way is SourceRoutes.STRIP_OWN else []
    if len(left) != len(hops):
        trail.add(clause, f"source route {route} removed{', all but ' if left else ''}{','.join(left)}")
    return f"{','.join(left)}:" if left else ""


def _user(local: str, domain: str, trail: Trail, x400_version: int) -> ORAddress | None:
    """The O/R address of an individual user, which wins over all rules."""
    pair = trail.rules.user_of_mailbox(Mailbox(local=unquote(local), domain=domain))
    if pair is None:
        return None
    trail.add("directory", pair.where)
    return _for_1984(pair.oraddress, trail) if x400_version == 84 else pair.oraddress


def _stage_one(local: str, domain: str, settings: Settings, trail: Trail, x400_version: int, grammar: Grammar) -> ORAddress:
    unquoted = _step_2(local, trail)
    _step_3(unquoted, grammar)
    left = _steps_4_and_5(unquoted, trail, x400_version, grammar)
    # Peer: 1984 systems rely on attributes of zero length and get them back (Appendix B); nobody else is sent any.
    null_allowed = x400_version == 84
    if fault(left, null_allowed=null_allowed) is None:
        trail.add("step 6", "the local part alone is a complete O/R address; the domain does not count")
        found = left
    else:
        _step_7(left)
        right = _step_8(domain, trail)
        found = _merge(left, right)
        if (wrong := fault(found, null_allowed=null_allowed)) is not None:
            raise _StageTwoError(f"step 9: {wrong}", right)
        trail.add("step 9", f"legal address {to_text(found)}")
    found = _verified(found, unquoted, trail) if settings.inverted_units else found
    return _for_1984(found, trail) if x400_version == 84 else found


def _verified(address: ORAddress, text: str, trail: Trail) -> ORAddress:
    """The heuristic of 4.3.4.1: organizational units the other way round where only that is the address of a user who is known."""
    if len(address.organizational_units) < 2 or address.teletex_organizational_units or not stands_inverted(text):
        return address
    turned = replace(address, organizational_units=address.organizational_units[::-1])
    if trail.rules.user_of_oraddress(address) is not None or trail.rules.user_of_oraddress(turned) is None:
        return address
    trail.add("4.3.4.1", f"no user has {to_text(address)}; an organization stands left of its units, and {to_text(turned)} is known")
    return turned


def _derived(domain: str, trail: Trail) -> Mapping[str, Any]:
    """What step 8 makes of a domain for stage II, possibly nothing."""
    try:
        return _step_8(domain, trail)
    except _StageTwoError as error:
        return error.derived or {}


def _step_2(local: str, trail: Trail) -> str:
    unquoted = unquote(local)
    trail.add("step 2", f"local part is {unquoted}")
    if unquoted != unquoted.strip(" ") or "  " in unquoted:
        raise _StageTwoError("step 2: outer or double spaces in the local part")
    return unquoted


def _step_3(unquoted: str, grammar: Grammar) -> None:
    odd = next((character for character in unquoted if character not in _LETTERS_OF_STD_OR), None)
    # Peer: an address with a domain such as PRMD=R&D came from X.400 and goes back as it came; step 4 sees whether it is one.
    if odd is not None and not (grammar is Grammar.LENIENT and odd in VISIBLE and unquoted[0] == unquoted[-1] == "/"):
        raise _StageTwoError(f"step 3: {odd!r} is not in PrintableString")
    if not unquoted:
        raise _StageTwoError("step 3: the local part is empty")


def _steps_4_and_5(unquoted: str, trail: Trail, x400_version: int, grammar: Grammar) -> ORAddress:
    try:
        found = from_text(unquoted, grammar=grammar, x400_version=x400_version)
        trail.add("step 4", "the local part is of std-or form")
        if (wrong := repertoire_fault(found)) is not None:
            raise _StageTwoError(f"step 5: {wrong}")
        return found
    except NotStdOrError:
        person = personal_name_from_text(unquoted)
        if person is None:
            raise _StageTwoError("step 4: neither std-or nor a personal name") from None
        trail.add("step 4", f"the local part is a personal name: {', '.join(f'{key}={value}' for key, value in person.items())}")
        parts: dict[str, Any] = {**person}
        return ORAddress(**parts)
    except StdOrError as error:
        raise _StageTwoError(f"step 5: {error}") from error


def _step_7(left: ORAddress) -> None:
    others = beyond_mnemonic(left)
    if others:
        raise _StageTwoError(f"step 7: {others[0]} does not belong to a mnemonic address")
    if left.country is not None:
        raise _StageTwoError("step 7: the country is there and yet the address is not complete")


def oraddress_of_domain(domain: str, settings: Settings) -> ORAddress | None:
    """What the mapping tables make of a domain alone (4.2, 4.3.4 step 8); None where no table knows it or it cannot be mapped whole."""
    try:
        return ORAddress(**_step_8(domain, Trail("4.3.4", settings.asking(envelope=False))))
    except _StageTwoError:
        return None


def _step_8(domain: str, trail: Trail) -> Mapping[str, Any]:
    entry = trail.rules.oraddress_of_domain(domain)
    if entry is None:
        raise _StageTwoError(f"step 8: no mapping is known for {domain}", {})
    rest = domain.rstrip(".")[: -len(entry.domain)].rstrip(".")
    trail.add("step 8", f"{entry.domain} is {_text_of_levels(entry.levels)} ({entry.where}); left: {rest or 'nothing'}")
    labels = rest.split(".") if rest else []
    if (odd := next((label for label in labels if _SUBDOMAIN.fullmatch(label) is None), None)) is not None:
        raise _StageTwoError(f"step 8: {odd!r} is not of letters, digits and inner hyphens", {})
    _check_table(entry)
    return _allocated(entry.levels, reversed(labels))


def _check_table(entry: Entry) -> None:
    wrong = _fault_of_levels(entry.levels)
    if wrong is not None:
        raise _StageTwoError(f"step 8: the table's own attributes break X.411: {wrong} ({entry.where})", {})


@lru_cache(maxsize=_MOST_TEXTS)
def _fault_of_levels(levels: Levels) -> str | None:
    return next(bound_faults(_of_levels(levels)), None)


@lru_cache(maxsize=_MOST_TEXTS)
def _text_of_levels(levels: Levels) -> str:
    return to_text(_of_levels(levels))


def _allocated(levels: Levels, labels: Iterable[str]) -> Mapping[str, Any]:
    """Each further component of the domain becomes the next level of the hierarchy."""
    for label in labels:
        if len(levels) == len(_LEVEL_BOUNDS):
            raise _StageTwoError("step 8: more than four organizational units", _fields_of(levels))
        if len(label) > _LEVEL_BOUNDS[len(levels)]:
            raise _StageTwoError(f"step 8: {label!r} is longer than {_LEVEL_BOUNDS[len(levels)]} characters", _fields_of(levels))
        levels = (*levels, label)
    return _fields_of(levels)


def _fields_of(levels: Levels) -> dict[str, Any]:
    fields: dict[str, Any] = {name: value for name, value in zip(_LEVEL_NAMES, levels, strict=False) if value is not None}
    units = tuple(value for value in levels[4:] if value is not None)
    return {**fields, "organizational_units": units} if units else fields


def _of_levels(levels: Levels) -> ORAddress:
    return ORAddress(**_fields_of(levels))


def _merge(left: ORAddress, right: Mapping[str, Any]) -> ORAddress:
    """Step 8: the most significant attribute of the local part decides how much of the domain's attributes is used."""
    names = present(left)
    depth = next((place for place, name in ((1, "admd"), (2, "prmd"), (3, "organization")) if name in names), None)
    kept = {name: right[name] for name in _LEVEL_NAMES[:depth] if name in right}
    if depth is None and (units := right.get("organizational_units", ())):
        above = tuple(unit.encode("ascii") for unit in units) if left.teletex_organizational_units else ()
        kept["organizational_units"] = (*units, *left.organizational_units)
        kept["teletex_organizational_units"] = (*above, *left.teletex_organizational_units)
    return left.changed(**kept)


def _without_numeric_prmd(address: ORAddress, settings: Settings, role: Role, trail: Trail) -> ORAddress:
    """X.419 B.2.8: the forms of 1984 that an X.121 address or a numeric identifier begins have no private domain below the ADMD."""
    if address.prmd is None or (address.x121 is None and address.numeric_user_id is None):
        return address
    if settings.drop_numeric_prmd:
        # Peer: some route such addresses by C, ADMD and the number alone, and take them so.
        trail.add("X.419 B.2.8", f"PRMD {address.prmd} left out beside a number")
        return replace(address, prmd=None)
    if role is Role.HEADER:
        return address
    text = "X.400(1984) has no address with an X.121 address or a numeric user identifier and a PRMD (X.419 B.2.8)"
    raise AddressError(text, diagnostic=NonDeliveryDiagnosticCode.UNABLE_TO_DOWNGRADE, status="5.1.3")


def _for_1984(address: ORAddress, trail: Trail) -> ORAddress:
    """Appendix B: a common name becomes a domain-defined attribute ``Common``; what else is newer than 1984 makes stage II of it."""
    try:
        check_1984(address)
    except StdOrError as error:
        raise _StageTwoError(str(error)) from error
    if address.common_name is None:
        return address
    if len(address.domain_defined) == ub.UB_DOMAIN_DEFINED_ATTRIBUTES:
        raise _StageTwoError("Appendix B: no room for a domain-defined attribute Common")
    trail.add("Appendix B", "common name written as the domain-defined attribute Common")
    return replace(address, common_name=None, domain_defined=(*address.domain_defined, ("Common", address.common_name)))


def _universal(address: str, base: ORAddress, trail: Trail) -> ORAddress:
    # Deviation: RFC 2156 has no way to write characters beyond ASCII (3.4); a peer that was configured so takes universal attributes.
    try:
        found = with_universal_mailbox(base, address)
    except UniversalError as error:
        raise AddressError(f"the address {address[:100]!r} cannot be written in an O/R address: {error}", status="5.1.3") from error
    trail.add("stage II", f"universal {RFC_822} attribute {address}")
    return found


def _stage_two(address: str, base: ORAddress, settings: Settings, trail: Trail) -> ORAddress:
    values = _dda_values(address)
    attributes = (*base.domain_defined, *zip((settings.internet_label, *CONTINUATIONS[1:]), values, strict=False))
    if len(attributes) > ub.UB_DOMAIN_DEFINED_ATTRIBUTES or len(values) > len(CONTINUATIONS):
        raise AddressError(
            f"the address {address[:100]}... is too long for an O/R address (512 characters, RFC 2156 4.3.2)", status="5.1.3"
        )
    trail.add("stage II", f"{settings.internet_label} attribute {values[0]}{' and continuations' if len(values) > 1 else ''}")
    return base.changed(domain_defined=attributes)


def _dda_values(address: str) -> tuple[str, ...]:
    try:
        encoded = ps_encode(address)
    except TextError as error:
        text = f"the address {address[:200]!r} cannot be written in an O/R address, and the directory does not know it: {error}"
        raise AddressError(text, status="5.6.7") from error
    return tuple(encoded[at : at + _BLOCK] for at in range(0, len(encoded), _BLOCK))


def _stage_two_base(domain: str, derived: Mapping[str, Any], settings: Settings, role: Role, trail: Trail) -> ORAddress:
    if derived:
        trail.add("stage II", "attributes of the domain's own mapping are used")
        return ORAddress(**derived)
    entry = trail.rules.gateway_of_domain(domain) if role is not Role.ORIGINATOR else None
    if entry is None:
        trail.add("stage II", "attributes of the local gateway are used")
        return settings.gateway_oraddress
    trail.add("stage II", f"preferred gateway of {entry.domain} ({entry.where})")
    return oraddress_of_entry(entry)


def oraddress_of_entry(entry: Entry) -> ORAddress:
    """All attributes of one line of a table; those outside the hierarchy only occur for preferred gateways (Appendix F.7)."""
    return replace(address_of_others(entry.others), **_fields_of(entry.levels))


# --- 4.3.5: X.400 -> RFC 822 ---------------------------------------------------------------------------------------------------------


def oraddress_to_mailbox(
    address: ORAddress, settings: Settings, role: Role = Role.HEADER, *, show_unusable: bool = True
) -> MappedMailbox:
    """Map an O/R address to a mailbox (4.3.5).

    Args:
        address: The address.
        settings: Tables and the gateway's own domain.
        role: For a header, an RFC-822 attribute that holds nonsense is shown on the left-hand side instead of refused.
        show_unusable: False refuses it there too.

    Raises:
        AddressError: The RFC-822 attribute holds no mailbox, or the address has no text form.
    """
    if settings.knowledge is None:
        return _to_mailbox(address, settings, role, show_unusable)
    key = (address, role, show_unusable)
    return settings.knowledge.once(key, settings, lambda: _to_mailbox(address, settings, role, show_unusable))


def _to_mailbox(address: ORAddress, settings: Settings, role: Role, show_unusable: bool) -> MappedMailbox:
    trail = Trail("4.3.5", settings.asking(envelope=role is not Role.HEADER))
    address = with_own_label(without_empty(address), settings)
    if rfc_822_count(address) == 1:
        try:
            return _mapping_a(address, settings, trail)
        except (TextError, AddressError) as error:
            if role is not Role.HEADER or not show_unusable:
                raise AddressError(f"the {RFC_822} attribute of {_shown_whole(address)} holds no usable mailbox: {error}") from error
            trail.add("mapping A", f"not possible: {error}")
    if (universal := _mapping_a_of_universal(address, trail)) is not None:
        return universal
    pair = trail.rules.user_of_oraddress(address)
    if pair is not None:
        trail.add("directory", pair.where)
        return MappedMailbox(result=pair.mailbox, steps=tuple(trail.steps))
    try:
        found = _mapping_b(_written_once(address), settings, trail)
    except StdOrError as error:
        raise AddressError(f"the O/R address has no text form: {error}") from error
    return MappedMailbox(result=found, steps=tuple(trail.steps))


def _shown_whole(address: ORAddress) -> str:
    try:
        return to_text(address)[:300]
    except StdOrError:
        return "an O/R address"


def _mapping_a(address: ORAddress, settings: Settings, trail: Trail) -> MappedMailbox:
    readings = set(rfc_822_readings(address, twice=settings.repair_double_escapes))
    if len(readings) != 1:
        raise AddressError(f"printable and teletex {RFC_822} attributes name different mailboxes")
    text = readings.pop()
    match = ADDR_SPEC.fullmatch(text) if len(text) <= LONGEST and text.isascii() else None
    # A decoded attribute may hold CR, LF or NUL, or a whole list; only one clean mailbox goes near an SMTP command.
    if match is None:
        raise AddressError(f"{text[:200]!r} is not a mailbox")
    trail.add("mapping A", f"{RFC_822} attribute {text}")
    route = _kept_route(match.group(1) or "", settings, trail, "mapping A")
    mailbox = Mailbox(local=unquote(match.group(2)), domain=match.group(3).rstrip("."))
    return MappedMailbox(result=mailbox, steps=tuple(trail.steps), route=route)


def _mapping_a_of_universal(address: ORAddress, trail: Trail) -> MappedMailbox | None:
    """Mapping A for a mailbox beyond ASCII; a printable attribute, which stands for an alias in ASCII, goes before it."""
    text = universal_mailbox(address) if rfc_822_count(address) == 0 else None
    match = UTF8_ADDR_SPEC.fullmatch(with_ascii_domain(text)) if text is not None and len(text) <= LONGEST else None
    if match is None:
        return None
    trail.add("mapping A", f"universal {RFC_822} attribute {text}")
    mailbox = Mailbox(local=unquote(match.group(1)), domain=match.group(2).rstrip("."))
    return MappedMailbox(result=mailbox, steps=tuple(trail.steps))


def _written_once(address: ORAddress) -> ORAddress:
    """The address without the variants that its text form does not show.

    These are teletex ones that are equal to the printable one or printable alone (4.1.1), and universal ones with a printable twin.
    """
    changes: dict[str, Any] = {}
    for name, variant in _TELETEX_OF.items():
        octets, printable = getattr(address, variant), getattr(address, name)
        text = text_from_teletex(octets) if octets is not None else ""
        if octets is not None and (text == printable or (printable is None and "{" not in text)):
            changes |= {name: text, variant: None}
    units = tuple(text_from_teletex(octets) for octets in address.teletex_organizational_units)
    plain = not any("{" in text for text in units)
    if units and plain and address.organizational_units[: len(units)] in ((), units):
        changes |= {"organizational_units": address.organizational_units or units, "teletex_organizational_units": ()}
    twins = tuple((number, value) for number, value in address.universal if not has_twin(address, number))
    if twins != address.universal:
        changes["universal"] = twins  # the text form has the printable one, and it may go into the domain
    return address.changed(**changes) if changes else address


def _mapping_b(address: ORAddress, settings: Settings, trail: Trail) -> Mailbox:
    levels = _hierarchy(address)
    trail.add("step 1", f"looked up as {_shown(levels)}")
    others = beyond_mnemonic(address)
    if others:
        trail.add("step 5", f"{others[0]} is not of the mnemonic form, so all goes to the left-hand side")
        return _encapsulated(address, levels, settings, trail)
    for looked_up in _step_2_country(levels, trail):
        for entry in trail.rules.domains_of_oraddress(looked_up):
            found = _below(address, levels, entry, trail)
            if found is not None:
                return found
    trail.add("step 3", "no mapping fits")
    return _encapsulated(address, levels, settings, trail)


def _hierarchy(address: ORAddress) -> Levels:
    """C, ADMD, PRMD, O, OUs as far as they have only a printable form: a teletex form would be lost in a domain (4.1)."""
    levels: list[str | None] = [address.country, address.admd, address.prmd]
    levels.append(_NO_LEVEL if address.teletex_organization is not None else address.organization)
    levels += [_NO_LEVEL] if address.teletex_organizational_units else address.organizational_units
    while levels and levels[-1] is None:
        levels.pop()
    return tuple(levels)


def _step_2_country(levels: Levels, trail: Trail) -> Iterator[Levels]:
    """The hierarchy as it is, and with the two letters of a numeric country code."""
    yield levels
    letters = ISO_3166_OF_X121.get((levels[0] if levels else None) or "")
    if letters is not None:
        trail.add("step 2", f"the country {levels[0]} is {letters}")
        yield (letters, *levels[1:])


def _shown(levels: Levels) -> str:
    return _text_of_levels(tuple(None if value == _NO_LEVEL else value for value in levels)) or "nothing"


def _below(address: ORAddress, levels: Levels, entry: Entry, trail: Trail) -> Mailbox | None:
    """Steps 3 to 5 for one matching prefix; None when it does not lead to a domain that can be used."""
    trail.add("step 3", f"{_shown(entry.levels)} is {entry.domain} ({entry.where})")
    depth, domain = len(entry.levels), entry.domain
    names = present(address)
    while depth < len(levels) and _is_subdomain(levels[depth], domain) and _is_rest(address, names, depth + 1):
        domain = f"{levels[depth]}.{domain}"
        depth += 1
    if "." not in domain or not _is_rest(address, names, depth):
        trail.add("step 3", f"{domain} has one component or leaves no local part: counts as no match")
        return None
    remaining = _remaining(address, depth)
    rest = to_text(remaining)
    trail.add("step 4", f"domain {domain}, left for the local part: {rest}")
    return Mailbox(local=_local_part(remaining, rest, trail), domain=domain)


def _is_rest(address: ORAddress, names: frozenset[str], depth: int) -> bool:
    """Whether anything stays for the local part when so many levels have become a domain."""
    gone = {*_LEVEL_NAMES[:depth], "organizational_units"}
    return bool(names - gone) or len(address.organizational_units) > max(0, depth - 4) or bool(address.teletex_organizational_units)


def _is_subdomain(value: str | None, domain: str) -> bool:
    """Whether a value can stand before a domain; what the DNS could not hold cannot (RFC 1035 2.3.4)."""
    return value is not None and len(value) <= 63 and len(value) + len(domain) < 253 and _SUBDOMAIN.fullmatch(value) is not None


def _remaining(address: ORAddress, depth: int) -> ORAddress:
    """The address without the levels that went into the domain."""
    gone: dict[str, Any] = {name: None for name in _LEVEL_NAMES[:depth]}
    return address.changed(**gone, organizational_units=address.organizational_units[max(0, depth - 4) :])


def _local_part(remaining: ORAddress, rest: str, trail: Trail) -> str:
    teletex = any(getattr(remaining, f"teletex_{name}") is not None for name in PERSONAL_NAME)
    if present(remaining) <= PERSONAL_NAME and not teletex:
        person = text_from_personal_name(remaining)
        if person is not None:
            trail.add("step 5", f"personal name {person}")
            return person
    trail.add("step 5", f"std-or form {rest}")
    return rest


def _encapsulated(address: ORAddress, levels: Levels, settings: Settings, trail: Trail) -> Mailbox:
    entry = trail.rules.gateway_of_oraddress(levels)
    domain = entry.domain if entry is not None else settings.gateway_domain
    trail.add("encapsulation", f"complete address at {'the preferred gateway' if entry else 'the local gateway'} {domain}")
    text = to_text(address)
    if not text:
        raise AddressError("the O/R address has no attributes")
    return Mailbox(local=text, domain=domain)
