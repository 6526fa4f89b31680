"""Mailbox <-> O/R address: the staged algorithms of RFC 2156 4.3.4 and 4.3.5.

Every numbered step of the RFC is one small function; `Mapped.steps` records those that ran, and that record is what
``mixer map explain`` prints. Nothing is looked up here: what a directory or a name server knows comes in as `Settings.knowledge`,
and what would have to be known is noted there as a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from gateway.errors import ConversionError, Failure, GatewayError
from gateway.internet.fields import Mailbox
from gateway.mixer.legality import beyond_mnemonic, bound_faults, fault, present
from gateway.mixer.mcgam import Entry, Levels, address_of_others
from gateway.mixer.policy import Settings
from gateway.mixer.questions import Asking
from gateway.mixer.rfc822_attribute import rfc_822_count, rfc_822_readings, with_own_label, without_empty
from gateway.mixer.stdor import (
    PERSONAL_NAME,
    RFC_822,
    Grammar,
    NotStdOrError,
    StdOrError,
    from_text,
    personal_name_from_text,
    text_from_personal_name,
    to_text,
)
from gateway.mixer.text import PRINTABLE, TextError, ps_encode, text_from_teletex
from gateway.mixer.universal import CONTINUATIONS, UniversalError, universal_mailbox, with_universal_mailbox
from gateway.x400 import bounds as ub
from gateway.x400.countries import ISO_3166_OF_X121
from gateway.x400.mts import NonDeliveryDiagnosticCode
from gateway.x400.oraddress import ORAddress

T = TypeVar("T")

_BLOCK: Final = ub.UB_DOMAIN_DEFINED_ATTRIBUTE_VALUE_LENGTH
_LEVEL_NAMES: Final = ("country", "admd", "prmd", "organization")
_LEVEL_BOUNDS: Final = (3, 16, 16, 64, 32, 32, 32, 32)
_NO_LEVEL: Final = "\0"
"""Stands for a level whose value no table and no domain can hold, because it has a teletex form."""
_TELETEX_OF: Final = {name: f"teletex_{name}" for name in ("organization", "common_name", *sorted(PERSONAL_NAME))}
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+"
_WORD: Final = rf'(?:{_ATOM}|"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*")'
_DOMAIN_TEXT: Final = rf"(?:{_ATOM}(?:\.{_ATOM})*\.?|\[[^\[\]\\\x00-\x20\x7f]*\])"
_ROUTE: Final = r"((?:@[^@,:\x00-\x20\x7f\"<>()\\]+,?)+:)?"
_ADDR_SPEC: Final = re.compile(rf"{_ROUTE}({_WORD}(?:\.{_WORD})*)@({_DOMAIN_TEXT})")
_UTF8_ATOM: Final = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\xa1-\u2027\u202a-\ud7ff\ue000-\U0010ffff]+"
_UTF8_WORD: Final = r'(?:%s|"(?:[^"\\\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff]|\\[\x20-\x7e])*")' % _UTF8_ATOM  # noqa: UP031 - braces
_UTF8_ADDR_SPEC: Final = re.compile(rf"({_UTF8_WORD}(?:\.{_UTF8_WORD})*)@({_DOMAIN_TEXT})")
_LENIENT: Final = re.compile(rf"{_ROUTE}([^\x00-\x1f\x7f]+)@([^@\x00-\x20\x7f]+)")
_LONGEST: Final = 4096
"""Characters of an address that are looked at."""
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
        # RFC 6531 3.5: 553 for a mailbox that needs what is not there (5.6.7).
        code = 553 if status == "5.6.7" else 550
        super().__init__(Failure(reason=1, diagnostic=diagnostic, smtp_code=code, status=status, text=text))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedMailbox(Mapped[Mailbox]):
    """A mailbox, and the source route of an ``EBNF.822-address`` (with its colon) where one is kept."""

    route: str = ""

    @property
    def address(self) -> str:
        """``[route] addr-spec``."""
        return f"{self.route}{self.result.address}"


class _Trail:
    """Collects the steps of one mapping, and has the rules that it asks for."""

    def __init__(self, prefix: str, rules: Asking) -> None:
        self._prefix = prefix
        self.rules = rules
        self.steps: list[Step] = []

    def add(self, clause: str, text: str) -> None:
        self.steps.append(Step(clause=f"{self._prefix} {clause}", text=text))


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
    trail = _Trail("4.3.4", settings.asking(envelope=role is not Role.HEADER))
    route, local, domain = _split_mailbox(address)
    if route and (settings.strip_source_routes or role is Role.HEADER):
        trail.add("step 1", f"source route {route} removed")
        route = ""
    # What counts is the domain which will be routed on: the first of a source route.
    routed = route[1:].partition(":")[0].partition(",")[0] if route else domain
    try:
        if route:
            raise _StageTwoError("step 1: not of the form local@domain but a source route")
        found = _user(local, domain, trail, x400_version) or _stage_one(local, domain, trail, x400_version, grammar)
    except _StageTwoError as reason:
        derived = reason.derived if reason.derived is not None else _derived(routed, trail)
        trail.add("stage II", str(reason))
        base = _stage_two_base(routed, derived, settings, role, trail)
        whole = f"{route}{local}@{domain}"
        universal = settings.universal_addresses and x400_version != 84 and not whole.isascii()
        found = _universal(whole, base, trail) if universal else _stage_two(whole, base, trail)
    if x400_version == 84 and role is not Role.HEADER:
        _check_numeric_1984(found)
    return Mapped(result=found, steps=tuple(trail.steps))


def _split_mailbox(address: str) -> tuple[str, str, str]:
    if len(address) > _LONGEST:
        raise AddressError(f"the address {address[:100]!r}... is too long for an O/R address (RFC 2156 4.3.2)", status="5.1.3")
    address = _with_ascii_domain(address)
    match = _ADDR_SPEC.fullmatch(address) or _LENIENT.fullmatch(address)
    if match is None:
        raise AddressError(f"the address {address[:200]!r} is not of the form local@domain", status="5.1.3")
    if not f"{match.group(1) or ''}{match.group(3)}".isascii():
        raise AddressError(f"the domain of {address[:200]!r} has no form in ASCII (RFC 5890)", status="5.6.7")
    return match.group(1) or "", match.group(2), match.group(3).rstrip(".")


def _with_ascii_domain(address: str) -> str:
    """An internationalised domain as the tables and an O/R address can hold it (RFC 5890 A-labels); the local part is left as it is."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address


def _user(local: str, domain: str, trail: _Trail, x400_version: int) -> ORAddress | None:
    """The O/R address of an individual user, which wins over all rules."""
    pair = trail.rules.user_of_mailbox(Mailbox(local=unquote(local), domain=domain))
    if pair is None:
        return None
    trail.add("directory", pair.where)
    return _for_1984(pair.oraddress, trail) if x400_version == 84 else pair.oraddress


def _stage_one(local: str, domain: str, trail: _Trail, x400_version: int, grammar: Grammar) -> ORAddress:
    unquoted = _step_2(local, trail)
    _step_3(unquoted)
    left = _steps_4_and_5(unquoted, trail, x400_version, grammar)
    if fault(left) is None:
        trail.add("step 6", "the local part alone is a complete O/R address; the domain does not count")
        return _for_1984(left, trail) if x400_version == 84 else left
    _step_7(left)
    right = _step_8(domain, trail)
    merged = _merge(left, right)
    if (wrong := fault(merged)) is not None:
        raise _StageTwoError(f"step 9: {wrong}", right)
    trail.add("step 9", f"legal address {to_text(merged)}")
    return _for_1984(merged, trail) if x400_version == 84 else merged


def _derived(domain: str, trail: _Trail) -> Mapping[str, Any]:
    """What step 8 makes of a domain for stage II, possibly nothing."""
    try:
        return _step_8(domain, trail)
    except _StageTwoError as error:
        return error.derived or {}


def _step_2(local: str, trail: _Trail) -> str:
    unquoted = unquote(local)
    trail.add("step 2", f"local part is {unquoted}")
    if unquoted != unquoted.strip(" ") or "  " in unquoted:
        raise _StageTwoError("step 2: outer or double spaces in the local part")
    return unquoted


def unquote(local: str) -> str:
    """A local part without quotes and quoted pairs."""
    found: list[str] = []
    quoted = escaped = False
    for character in local:
        if escaped or (character not in '"\\') or (character == "\\" and not quoted):
            found.append(character)
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            quoted = not quoted
    return "".join(found)


def _step_3(unquoted: str) -> None:
    odd = next((character for character in unquoted if character not in _LETTERS_OF_STD_OR), None)
    if odd is not None:
        raise _StageTwoError(f"step 3: {odd!r} is not in PrintableString")
    if not unquoted:
        raise _StageTwoError("step 3: the local part is empty")


def _steps_4_and_5(unquoted: str, trail: _Trail, x400_version: int, grammar: Grammar) -> ORAddress:
    try:
        found = from_text(unquoted, grammar=grammar, x400_version=x400_version)
        trail.add("step 4", "the local part is of std-or form")
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
        return ORAddress(**_step_8(domain, _Trail("4.3.4", settings.asking(envelope=False))))
    except _StageTwoError:
        return None


def _step_8(domain: str, trail: _Trail) -> Mapping[str, Any]:
    entry = trail.rules.oraddress_of_domain(domain)
    if entry is None:
        raise _StageTwoError(f"step 8: no mapping is known for {domain}", {})
    rest = domain.rstrip(".")[: -len(entry.domain)].rstrip(".")
    trail.add("step 8", f"{entry.domain} is {to_text(_of_levels(entry.levels))} ({entry.where}); left: {rest or 'nothing'}")
    labels = rest.split(".") if rest else []
    if (odd := next((label for label in labels if _SUBDOMAIN.fullmatch(label) is None), None)) is not None:
        raise _StageTwoError(f"step 8: {odd!r} is not of letters, digits and inner hyphens", {})
    _check_table(entry)
    return _allocated(entry.levels, reversed(labels))


def _check_table(entry: Entry) -> None:
    wrong = next(bound_faults(_of_levels(entry.levels)), None)
    if wrong is not None:
        raise _StageTwoError(f"step 8: the table's own attributes break X.411: {wrong} ({entry.where})", {})


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
    return replace(left, **kept)


def _check_numeric_1984(address: ORAddress) -> None:
    """X.419 B.2.8: the forms of 1984 that an X.121 address or a numeric identifier begins have no private domain below the ADMD."""
    if address.prmd is not None and (address.x121 is not None or address.numeric_user_id is not None):
        text = "X.400(1984) has no address with an X.121 address or a numeric user identifier and a PRMD (X.419 B.2.8)"
        raise AddressError(text, diagnostic=NonDeliveryDiagnosticCode.UNABLE_TO_DOWNGRADE, status="5.1.3")


def _for_1984(address: ORAddress, trail: _Trail) -> ORAddress:
    """Appendix B: a common name becomes a domain-defined attribute ``Common``."""
    if address.common_name is None:
        return address
    if len(address.domain_defined) == ub.UB_DOMAIN_DEFINED_ATTRIBUTES:
        raise _StageTwoError("Appendix B: no room for a domain-defined attribute Common")
    trail.add("Appendix B", "common name written as the domain-defined attribute Common")
    return replace(address, common_name=None, domain_defined=(*address.domain_defined, ("Common", address.common_name)))


def _universal(address: str, base: ORAddress, trail: _Trail) -> ORAddress:
    # Deviation: RFC 2156 has no way to write characters beyond ASCII (3.4); a peer that was configured so takes universal attributes.
    try:
        found = with_universal_mailbox(base, address)
    except UniversalError as error:
        raise AddressError(f"the address {address[:100]!r} cannot be written in an O/R address: {error}", status="5.1.3") from error
    trail.add("stage II", f"universal {RFC_822} attribute {address}")
    return found


def _stage_two(address: str, base: ORAddress, trail: _Trail) -> ORAddress:
    values = _dda_values(address)
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
        text = f"the address {address[:200]!r} cannot be written in an O/R address, and the directory does not know it: {error}"
        raise AddressError(text, status="5.6.7") from error
    return tuple(encoded[at : at + _BLOCK] for at in range(0, len(encoded), _BLOCK))


def _stage_two_base(domain: str, derived: Mapping[str, Any], settings: Settings, role: Role, trail: _Trail) -> ORAddress:
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
    trail = _Trail("4.3.5", settings.asking(envelope=role is not Role.HEADER))
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


def _mapping_a(address: ORAddress, settings: Settings, trail: _Trail) -> MappedMailbox:
    readings = set(rfc_822_readings(address, twice=settings.repair_double_escapes))
    if len(readings) != 1:
        raise AddressError(f"printable and teletex {RFC_822} attributes name different mailboxes")
    text = readings.pop()
    match = _ADDR_SPEC.fullmatch(text) if len(text) <= _LONGEST and text.isascii() else None
    # A decoded attribute may hold CR, LF or NUL, or a whole list; only one clean mailbox goes near an SMTP command.
    if match is None:
        raise AddressError(f"{text[:200]!r} is not a mailbox")
    trail.add("mapping A", f"{RFC_822} attribute {text}")
    route = match.group(1) or ""
    if route and settings.strip_source_routes:
        trail.add("mapping A", f"source route {route} removed")
        route = ""
    mailbox = Mailbox(local=unquote(match.group(2)), domain=match.group(3).rstrip("."))
    return MappedMailbox(result=mailbox, steps=tuple(trail.steps), route=route)


def _mapping_a_of_universal(address: ORAddress, trail: _Trail) -> MappedMailbox | None:
    """Mapping A for a mailbox beyond ASCII; a printable attribute, which stands for an alias in ASCII, goes before it."""
    text = universal_mailbox(address) if rfc_822_count(address) == 0 else None
    match = _UTF8_ADDR_SPEC.fullmatch(_with_ascii_domain(text)) if text is not None and len(text) <= _LONGEST else None
    if match is None:
        return None
    trail.add("mapping A", f"universal {RFC_822} attribute {text}")
    mailbox = Mailbox(local=unquote(match.group(1)), domain=match.group(2).rstrip("."))
    return MappedMailbox(result=mailbox, steps=tuple(trail.steps))


def _written_once(address: ORAddress) -> ORAddress:
    """The address without teletex variants that its text form does not show (4.1.1): equal to the printable one, or printable alone."""
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
    return replace(address, **changes)


def _mapping_b(address: ORAddress, settings: Settings, trail: _Trail) -> Mailbox:
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


def _step_2_country(levels: Levels, trail: _Trail) -> Iterator[Levels]:
    """The hierarchy as it is, and with the two letters of a numeric country code."""
    yield levels
    letters = ISO_3166_OF_X121.get((levels[0] if levels else None) or "")
    if letters is not None:
        trail.add("step 2", f"the country {levels[0]} is {letters}")
        yield (letters, *levels[1:])


def _shown(levels: Levels) -> str:
    return to_text(_of_levels(tuple(None if value == _NO_LEVEL else value for value in levels))) or "nothing"


def _below(address: ORAddress, levels: Levels, entry: Entry, trail: _Trail) -> Mailbox | None:
    """Steps 3 to 5 for one matching prefix; None when it does not lead to a domain that can be used."""
    trail.add("step 3", f"{_shown(entry.levels)} is {entry.domain} ({entry.where})")
    depth, domain = len(entry.levels), entry.domain
    while depth < len(levels) and _is_subdomain(levels[depth], domain) and to_text(_remaining(address, depth + 1)):
        domain = f"{levels[depth]}.{domain}"
        depth += 1
    rest = to_text(_remaining(address, depth))
    if "." not in domain or not rest:
        trail.add("step 3", f"{domain} has one component or leaves no local part: counts as no match")
        return None
    trail.add("step 4", f"domain {domain}, left for the local part: {rest}")
    return Mailbox(local=_local_part(address, depth, rest, trail), domain=domain)


def _is_subdomain(value: str | None, domain: str) -> bool:
    """Whether a value can stand before a domain; what the DNS could not hold cannot (RFC 1035 2.3.4)."""
    return value is not None and len(value) <= 63 and len(value) + len(domain) < 253 and _SUBDOMAIN.fullmatch(value) is not None


def _remaining(address: ORAddress, depth: int) -> ORAddress:
    """The address without the levels that went into the domain."""
    gone: dict[str, Any] = {name: None for name in _LEVEL_NAMES[:depth]}
    return replace(address, **gone, organizational_units=address.organizational_units[max(0, depth - 4) :])


def _local_part(address: ORAddress, depth: int, rest: str, trail: _Trail) -> str:
    remaining = _remaining(address, depth)
    teletex = any(getattr(address, f"teletex_{name}") is not None for name in PERSONAL_NAME)
    if present(remaining) <= PERSONAL_NAME and not teletex:
        person = text_from_personal_name(remaining)
        if person is not None:
            trail.add("step 5", f"personal name {person}")
            return person
    trail.add("step 5", f"std-or form {rest}")
    return rest


def _encapsulated(address: ORAddress, levels: Levels, settings: Settings, trail: _Trail) -> Mailbox:
    entry = trail.rules.gateway_of_oraddress(levels)
    domain = entry.domain if entry is not None else settings.gateway_domain
    trail.add("encapsulation", f"complete address at {'the preferred gateway' if entry else 'the local gateway'} {domain}")
    text = to_text(address)
    if not text:
        raise AddressError("the O/R address has no attributes")
    return Mailbox(local=text, domain=domain)
