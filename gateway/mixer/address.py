"""Mailbox <-> O/R address: the staged algorithms of RFC 2156 4.3.4 and 4.3.5.

Every numbered step of the RFC is one small function; `Mapped.steps` records those that ran, and that record is what
``mixer map explain`` prints. Directory and name server look-ups are not made here: what they found is overlaid on the tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from gateway.errors import ConversionError, Failure, GatewayError
from gateway.internet.fields import Mailbox
from gateway.mixer.mcgam import Entry, Levels
from gateway.mixer.policy import Settings
from gateway.mixer.stdor import (
    MNEMONIC,
    PERSONAL_NAME,
    RFC_822,
    NotStdOrError,
    StdOrError,
    from_text,
    personal_name_from_text,
    text_from_personal_name,
    to_text,
)
from gateway.mixer.text import PRINTABLE, TextError, is_printable, ps_decode, ps_encode
from gateway.x400 import bounds as ub
from gateway.x400.oraddress import ATTRIBUTE_BY_KEYWORD, ORAddress, Syntax

T = TypeVar("T")

CONTINUATIONS: Final = ("RFC-822", "RFC822C1", "RFC822C2", "RFC822C3")
"""Types of the domain-defined attributes that hold an RFC 822 address, in order (4.3.2)."""

_BLOCK: Final = ub.UB_DOMAIN_DEFINED_ATTRIBUTE_VALUE_LENGTH
_LEVEL_NAMES: Final = ("country", "admd", "prmd", "organization")
_LEVEL_BOUNDS: Final = (3, 16, 16, 64, 32, 32, 32, 32)
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+"
_LOCAL: Final = rf'(?:{_ATOM}|"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*")(?:\.(?:{_ATOM}|"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"))*'
_DOMAIN_TEXT: Final = (
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.?)(?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.?)*|\[[^\[\]\\\x00-\x20\x7f]*\]"
)
_ADDR_SPEC: Final = re.compile(rf"((?:@[A-Za-z0-9.\-]+,?)+:)?({_LOCAL})@({_DOMAIN_TEXT})")
_LENIENT: Final = re.compile(r"((?:@[^@,:]+,?)+:)?([^\x00-\x1f\x7f]+)@([^@\x00-\x20\x7f]+)")
_SUBDOMAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?")
_LETTERS_OF_STD_OR: Final = PRINTABLE | set("{}*$;|")


class Role(Enum):
    """What an address is for: 4.3.4 falls back differently for a return path."""

    RECIPIENT = "recipient"
    ORIGINATOR = "originator"
    HEADER = "header"


class AddressError(ConversionError):
    """An address cannot be mapped; carries the `Failure` to report."""

    def __init__(self, text: str, *, diagnostic: int = 0, status: str = "5.1.1") -> None:
        super().__init__(Failure(reason=1, diagnostic=diagnostic, smtp_code=550, status=status, text=text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stage or step of the algorithm that ran, and what it found."""

    clause: str
    text: str

    def __str__(self) -> str:
        return f"{self.clause}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped(Generic[T]):
    """A mapped address and the steps that led to it."""

    result: T
    steps: tuple[Step, ...]

    @property
    def encapsulated(self) -> bool:
        """Whether the address was wrapped (RFC-822 attribute or full left-hand side) rather than translated."""
        return any(step.clause in ("4.3.4 stage II", "4.3.5 encapsulation") for step in self.steps)


class _Trail:
    """Collects steps."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.steps: list[Step] = []

    def add(self, clause: str, text: str) -> None:
        self.steps.append(Step(clause=f"{self._prefix} {clause}", text=text))


class _StageTwoError(GatewayError):
    """Stage I does not apply; `derived` are the attributes that step 8 found until then."""

    def __init__(self, text: str, derived: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.derived = dict(derived or {})


# --- 4.3.4: RFC 822 -> X.400 ---------------------------------------------------------------------------------------------------------


def mailbox_to_oraddress(address: str, settings: Settings, role: Role = Role.HEADER, *, x400_version: int = 88) -> Mapped[ORAddress]:
    """Map ``[route] addr-spec`` to an O/R address (4.3.4).

    Args:
        address: As it stands in the envelope or the header, with quotes and without phrase or angle brackets.
        settings: Tables and the gateway's own addresses.
        role: Decides the fallback of stage II.
        x400_version: 84 keeps attributes out that X.400(1984) lacks (Appendix B).

    Raises:
        AddressError: Nothing can hold the address: it is no mailbox, not ASCII, or longer than four attributes.
    """
    trail = _Trail("4.3.4")
    route, local, domain = _split_mailbox(address)
    if route and (settings.strip_source_routes or role is Role.HEADER):
        trail.add("step 1", f"source route {route} removed")
        route = ""
    try:
        found = _stage_one(route, local, domain, settings, trail)
        found = _for_1984(found, trail) if x400_version == 84 else found
    except _StageTwoError as reason:
        trail.add("stage II", str(reason))
        found = _stage_two(f"{route}{local}@{domain}", domain, reason.derived, settings, role, trail)
    return Mapped(result=found, steps=tuple(trail.steps))


def _split_mailbox(address: str) -> tuple[str, str, str]:
    match = _ADDR_SPEC.fullmatch(address) or _LENIENT.fullmatch(address)
    if match is None or not address.isascii():
        fault = "is not ASCII, which an O/R address cannot hold" if not address.isascii() else "is not of the form local@domain"
        raise AddressError(f"the address {address[:200]!r} {fault}", status="5.1.3" if address.isascii() else "5.6.7")
    return match.group(1) or "", match.group(2), match.group(3).rstrip(".")


def _stage_one(route: str, local: str, domain: str, settings: Settings, trail: _Trail) -> ORAddress:
    if route:
        derived = _derived_or_nothing(domain, settings, trail)
        raise _StageTwoError("step 1: not of the form local@domain but a source route", derived)
    unquoted = _step_2(local, domain, settings, trail)
    left = _steps_3_to_5(unquoted, domain, settings, trail)
    if _fault(left) is None:
        trail.add("step 6", "the local part alone is a complete O/R address; the domain does not count")
        return left
    try:
        _step_7(left)
    except _StageTwoError as error:
        raise _StageTwoError(str(error), _derived_or_nothing(domain, settings, trail)) from None
    right = _step_8(domain, settings, trail)
    merged = _merge(left, right)
    if (fault := _fault(merged)) is not None:
        raise _StageTwoError(f"step 9: {fault}", right)
    trail.add("step 9", f"legal address {to_text(merged)}")
    return merged


def _derived_or_nothing(domain: str, settings: Settings, trail: _Trail) -> dict[str, Any]:
    try:
        return _step_8(domain, settings, trail)
    except _StageTwoError as error:
        return error.derived


def _step_2(local: str, domain: str, settings: Settings, trail: _Trail) -> str:
    unquoted = unquote(local)
    trail.add("step 2", f"local part is {unquoted}")
    if unquoted != unquoted.strip(" ") or "  " in unquoted:
        raise _StageTwoError("step 2: outer or double spaces in the local part", _derived_or_nothing(domain, settings, trail))
    return unquoted


def unquote(local: str) -> str:
    """A local part without quotes and quoted pairs."""
    found, quoted, position = "", False, 0
    while position < len(local):
        character = local[position]
        if character == "\\" and quoted and position + 1 < len(local):
            found, position = found + local[position + 1], position + 1
        elif character == '"':
            quoted = not quoted
        else:
            found += character
        position += 1
    return found


def _steps_3_to_5(unquoted: str, domain: str, settings: Settings, trail: _Trail) -> ORAddress:
    odd = next((character for character in unquoted if character not in _LETTERS_OF_STD_OR), None)
    if odd is not None or not unquoted:
        text = f"step 3: {odd!r} is not in PrintableString" if odd else "step 3: the local part is empty"
        raise _StageTwoError(text, _derived_or_nothing(domain, settings, trail))
    try:
        found = from_text(unquoted)
        trail.add("step 4", "the local part is of std-or form")
        return found
    except NotStdOrError:
        person = personal_name_from_text(unquoted) if is_printable(unquoted) else None
        if person is None:
            text = "step 4: neither std-or nor a personal name"
            raise _StageTwoError(text, _derived_or_nothing(domain, settings, trail)) from None
        trail.add("step 4", f"the local part is a personal name: {', '.join(f'{key}={value}' for key, value in person.items())}")
        parts: dict[str, Any] = {**person}
        return ORAddress(**parts)
    except StdOrError as error:
        raise _StageTwoError(f"step 5: {error}", _derived_or_nothing(domain, settings, trail)) from error


def _present(address: ORAddress) -> frozenset[str]:
    return frozenset(row.name for row, _ in address.attributes())


def _step_7(left: ORAddress) -> None:
    others = _present(left) - MNEMONIC
    if others:
        raise _StageTwoError(f"step 7: {sorted(others)[0]} does not belong to a mnemonic address")
    if left.country is not None:
        raise _StageTwoError("step 7: the country is there and yet the address is not complete")


def _step_8(domain: str, settings: Settings, trail: _Trail) -> dict[str, Any]:
    entry = settings.tables.oraddress_of_domain(domain)
    if entry is None:
        raise _StageTwoError(f"step 8: no mapping is known for {domain}")
    rest = domain[: len(domain) - len(entry.domain)].rstrip(".")
    trail.add("step 8", f"{entry.domain} is {to_text(_of_levels(entry.levels))} ({entry.where}); left: {rest or 'nothing'}")
    levels = list(entry.levels)
    for label in reversed(rest.split(".") if rest else []):
        if _SUBDOMAIN.fullmatch(label) is None:
            raise _StageTwoError(f"step 8: {label!r} is not of letters, digits and inner hyphens")
        if len(levels) == len(_LEVEL_BOUNDS):
            raise _StageTwoError("step 8: more than four organizational units", _fields_of(tuple(levels)))
        if len(label) > _LEVEL_BOUNDS[len(levels)]:
            raise _StageTwoError(f"step 8: {label!r} is longer than {_LEVEL_BOUNDS[len(levels)]} characters", _fields_of(tuple(levels)))
        levels.append(label)
    fields = _fields_of(tuple(levels))
    if (fault := next(_bound_faults(ORAddress(**fields)), None)) is not None:
        raise _StageTwoError(f"step 8: the table's own attributes break X.411: {fault} ({entry.where})")
    return fields


def _fields_of(levels: Levels) -> dict[str, Any]:
    fields: dict[str, Any] = {name: value for name, value in zip(_LEVEL_NAMES, levels, strict=False) if value is not None}
    units = tuple(value for value in levels[4:] if value is not None)
    return {**fields, "organizational_units": units} if units else fields


def _of_levels(levels: Levels) -> ORAddress:
    return ORAddress(**_fields_of(levels))


def _merge(left: ORAddress, right: Mapping[str, Any]) -> ORAddress:
    """Step 8: the most significant attribute of the local part decides how much of the domain's attributes is used."""
    depth = 5
    for place, name in ((1, "admd"), (2, "prmd"), (3, "organization")):
        if getattr(left, name) is not None:
            depth = place
            break
    kept = {name: right[name] for name in _LEVEL_NAMES[: min(depth, 4)] if name in right}
    units = left.organizational_units
    if depth == 5:
        units = (*right.get("organizational_units", ()), *units)
    return replace(left, **kept, organizational_units=units)


def _fault(address: ORAddress) -> str | None:
    """Why the address is not legal (X.402 18.5, X.411 bounds); None when it is."""
    if not (address.country is not None and address.admd is not None) and address.x121 is None and address.network_number is None:
        return "country or ADMD is missing"
    if not _present(address) - {"country", "admd", "terminal_type", "generation", "initials", "given_name"}:
        return "nothing below the ADMD"
    return _name_fault(address) or next(_bound_faults(address), None)


def _name_fault(address: ORAddress) -> str | None:
    parts = (address.given_name, address.initials, address.generation)
    if address.surname is None and parts != (None, None, None) and address.teletex_surname is None:
        return "a personal name needs a surname"
    if address.country is not None and not re.fullmatch(r"[A-Za-z]{2}|[0-9]{3}", address.country):
        return f"{address.country!r} is not a country code of two letters or three digits"
    if len(address.organizational_units) > ub.UB_ORGANIZATIONAL_UNITS:
        return "more than four organizational units"
    if max(len(address.domain_defined), len(address.teletex_domain_defined)) > ub.UB_DOMAIN_DEFINED_ATTRIBUTES:
        return "more than four domain-defined attributes"
    return None


def _bound_faults(address: ORAddress) -> Iterator[str]:
    for row, value in address.attributes():
        least = 0 if row.name == "admd" else 1
        values = (value,) if isinstance(value, str) else value if row.name == "organizational_units" else ()
        if any(not least <= len(one) <= row.bound for one in values):
            yield f"{row.key} is empty or longer than {row.bound} characters"
        if row.syntax is Syntax.INTEGER and not 0 <= value <= row.bound:
            yield f"{row.key} is larger than {row.bound}"
    for type_, text in address.domain_defined:
        if not 1 <= len(type_) <= ub.UB_DOMAIN_DEFINED_ATTRIBUTE_TYPE_LENGTH or not 1 <= len(text) <= _BLOCK:
            yield f"the domain-defined attribute {type_} is longer than 8 and 128 characters"


def _for_1984(address: ORAddress, trail: _Trail) -> ORAddress:
    """Appendix B: a common name becomes an attribute ``Common``; what 1984 does not have at all makes it an RFC 822 address."""
    if address.common_name is not None and len(address.domain_defined) < ub.UB_DOMAIN_DEFINED_ATTRIBUTES:
        trail.add("Appendix B", "common name written as the domain-defined attribute Common")
        address = replace(address, common_name=None, domain_defined=(*address.domain_defined, ("Common", address.common_name)))
    newer = [row.key for row, _ in address.attributes() if not row.in_84]
    teletex = any(getattr(address, name) not in (None, ()) for name in ORAddress.__slots__ if name.startswith("teletex_"))
    if newer or teletex:
        raise _StageTwoError(f"Appendix B: X.400(1984) has no {newer[0] if newer else 'teletex values'}")
    return address


def _stage_two(address: str, domain: str, derived: Mapping[str, Any], settings: Settings, role: Role, trail: _Trail) -> ORAddress:
    values = _dda_values(address)
    base = _stage_two_base(domain, derived, settings, role, trail)
    attributes = (*base.domain_defined, *zip(CONTINUATIONS, values, strict=False))
    if len(attributes) > ub.UB_DOMAIN_DEFINED_ATTRIBUTES or len(values) > len(CONTINUATIONS):
        raise AddressError(
            f"the address {address[:100]}... is too long for an O/R address (512 characters, RFC 2156 4.3.2)", status="5.1.3"
        )
    trail.add("stage II", f"{RFC_822} attribute {values[0]}{' and continuations' if len(values) > 1 else ''}")
    return replace(base, domain_defined=attributes)


def _dda_values(address: str) -> tuple[str, ...]:
    try:
        encoded = ps_encode(address)
    except TextError as error:
        raise AddressError(f"the address {address[:200]!r} cannot be written in an O/R address: {error}", status="5.6.7") from error
    return tuple(encoded[at : at + _BLOCK] for at in range(0, len(encoded), _BLOCK))


def _stage_two_base(domain: str, derived: Mapping[str, Any], settings: Settings, role: Role, trail: _Trail) -> ORAddress:
    if derived:
        trail.add("stage II", "attributes of the domain's own mapping are used")
        return ORAddress(**derived)
    entry = settings.tables.gateway_of_domain(domain) if role is not Role.ORIGINATOR else None
    if entry is None:
        trail.add("stage II", "attributes of the local gateway are used")
        return settings.gateway_oraddress
    trail.add("stage II", f"preferred gateway of {entry.domain} ({entry.where})")
    return _gateway_address(entry)


def _gateway_address(entry: Entry) -> ORAddress:
    fields = _fields_of(entry.levels)
    fields |= {ATTRIBUTE_BY_KEYWORD[key].name: value for key, value in entry.others if not key.startswith("~")}
    return ORAddress(**fields, domain_defined=tuple((key[1:], value) for key, value in entry.others if key.startswith("~")))


# --- 4.3.5: X.400 -> RFC 822 ---------------------------------------------------------------------------------------------------------


def oraddress_to_mailbox(address: ORAddress, settings: Settings, role: Role = Role.HEADER) -> Mapped[Mailbox]:
    """Map an O/R address to a mailbox (4.3.5).

    Args:
        address: The address.
        settings: Tables and the gateway's own domain.
        role: For a header, an RFC-822 attribute that holds nonsense is shown on the left-hand side instead of refused.

    Raises:
        AddressError: The RFC-822 attribute holds no mailbox, or the address has no text form.
    """
    trail = _Trail("4.3.5")
    if _rfc_822_count(address) == 1:
        try:
            return _mapping_a(address, trail)
        except (TextError, AddressError) as error:
            if role is not Role.HEADER:
                raise AddressError(f"the {RFC_822} attribute of {to_text(address)[:300]} holds no usable mailbox: {error}") from error
            trail.add("mapping A", f"not possible: {error}")
    try:
        found = _mapping_b(address, settings, trail)
    except StdOrError as error:
        raise AddressError(f"the O/R address has no text form: {error}") from error
    return Mapped(result=found, steps=tuple(trail.steps))


def _rfc_822_count(address: ORAddress) -> int:
    printable = sum(type_.upper() == RFC_822 for type_, _ in address.domain_defined)
    return printable or sum(type_.upper() == RFC_822.encode() for type_, _ in address.teletex_domain_defined)


def _mapping_a(address: ORAddress, trail: _Trail) -> Mapped[Mailbox]:
    readings = set(_rfc_822_readings(address))
    if len(readings) != 1:
        raise AddressError(f"printable and teletex {RFC_822} attributes name different mailboxes")
    text = readings.pop()
    match = _ADDR_SPEC.fullmatch(text)
    # A decoded attribute may hold CR, LF or NUL, or a whole list; only one clean mailbox goes near an SMTP command.
    if match is None:
        raise AddressError(f"{text[:200]!r} is not a mailbox")
    trail.add("mapping A", f"{RFC_822} attribute {text}")
    if match.group(1):
        trail.add("mapping A", f"source route {match.group(1)} removed")
    return Mapped(result=Mailbox(local=unquote(match.group(2)), domain=match.group(3).rstrip(".")), steps=tuple(trail.steps))


def _rfc_822_readings(address: ORAddress) -> Iterator[str]:
    printable = {type_.upper(): value for type_, value in address.domain_defined}
    if RFC_822 in printable:
        yield ps_decode("".join(printable.get(type_, "") for type_ in CONTINUATIONS))
    teletex = {type_.upper(): value for type_, value in address.teletex_domain_defined}
    if RFC_822.encode() in teletex:
        text = b"".join(teletex.get(type_.encode(), b"") for type_ in CONTINUATIONS).decode("latin-1")
        # 4.3.2: a teletex value is only decoded when all of it is in the PrintableString repertoire.
        yield ps_decode(text) if is_printable(text) else text


def _mapping_b(address: ORAddress, settings: Settings, trail: _Trail) -> Mailbox:
    levels = _hierarchy(address)
    trail.add("step 1", f"looked up as {_shown(levels)}")
    others = _present(address) - MNEMONIC
    if others:
        trail.add("step 5", f"{sorted(others)[0]} is not of the mnemonic form, so all goes to the left-hand side")
        return _encapsulated(address, levels, settings, trail)
    for entry in settings.tables.domains_of_oraddress(levels):
        found = _below(address, levels, entry, trail)
        if found is not None:
            return found
    trail.add("step 3", "no mapping fits")
    return _encapsulated(address, levels, settings, trail)


def _hierarchy(address: ORAddress) -> Levels:
    """C, ADMD, PRMD, O, OUs; an OU that is also written in teletex stops the hierarchy, since only printable values are domains."""
    levels: list[str | None] = [address.country, address.admd, address.prmd, address.organization]
    if address.teletex_organization is None:
        levels += list(address.organizational_units) if not address.teletex_organizational_units else []
    else:
        levels[3] = None
    while levels and levels[-1] is None:
        levels.pop()
    return tuple(levels)


def _shown(levels: Levels) -> str:
    return to_text(_of_levels(levels)) or "nothing"


def _below(address: ORAddress, levels: Levels, entry: Entry, trail: _Trail) -> Mailbox | None:
    """Steps 3 to 5 for one matching prefix; None when it does not lead to a domain that can be used."""
    trail.add("step 3", f"{_shown(entry.levels)} is {entry.domain} ({entry.where})")
    depth, domain = len(entry.levels), entry.domain
    rest = _rest_of(address, depth)
    while depth < len(levels):
        value = levels[depth]
        if value is None or _SUBDOMAIN.fullmatch(value) is None or len(value) > 63:
            break
        if not _something_left(address, depth + 1):
            break
        depth, domain, rest = depth + 1, f"{value}.{domain}", _rest_of(address, depth + 1)
    if "." not in domain or not rest:
        trail.add("step 3", f"{domain} has one component or leaves no local part: counts as no match")
        return None
    trail.add("step 4", f"domain {domain}, left for the local part: {rest}")
    return Mailbox(local=_local_part(address, depth, rest, trail), domain=domain)


def _remaining(address: ORAddress, depth: int) -> ORAddress:
    """The address without the levels that went into the domain."""
    gone: dict[str, Any] = {name: None for name in _LEVEL_NAMES[:depth]}
    return replace(address, **gone, organizational_units=address.organizational_units[max(0, depth - 4) :])


def _rest_of(address: ORAddress, depth: int) -> str:
    return to_text(_remaining(address, depth))


def _something_left(address: ORAddress, depth: int) -> bool:
    return bool(_rest_of(address, depth))


def _local_part(address: ORAddress, depth: int, rest: str, trail: _Trail) -> str:
    remaining = _remaining(address, depth)
    teletex = any(getattr(address, name) is not None for name in ("teletex_surname", "teletex_given_name", "teletex_initials"))
    if _present(remaining) <= PERSONAL_NAME and not teletex:
        person = text_from_personal_name(remaining)
        if person is not None:
            trail.add("step 5", f"personal name {person}")
            return person
    trail.add("step 5", f"std-or form {rest}")
    return rest


def _encapsulated(address: ORAddress, levels: Levels, settings: Settings, trail: _Trail) -> Mailbox:
    entry = settings.tables.gateway_of_oraddress(levels)
    domain = entry.domain if entry is not None else settings.gateway_domain
    trail.add("encapsulation", f"complete address at {'the preferred gateway' if entry else 'the local gateway'} {domain}")
    text = to_text(address)
    if not text:
        raise AddressError("the O/R address has no attributes")
    return Mailbox(local=text, domain=domain)
