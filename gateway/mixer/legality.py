"""Which O/R addresses are legal: the forms of X.402 18.5, the bounds of X.411 Annex B (RFC 2156 4.3.4 steps 6, 7 and 9)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from gateway.mixer.stdor import MNEMONIC
from gateway.mixer.text import is_printable
from gateway.x400 import bounds as ub
from gateway.x400.extension_attributes import PDSParameter, UnformattedPostalAddress
from gateway.x400.oraddress import ATTRIBUTES, Attribute, ORAddress, Syntax

_TELETEX: Final = {row.name: f"teletex_{row.name}" for row in ATTRIBUTES if f"teletex_{row.name}" in ORAddress.__slots__}
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}|[0-9]{3}")
_NOT_ENOUGH: Final = frozenset({"country", "admd", "terminal_type", "terminal_id", "generation", "initials", "given_name"})
"""Attributes that name nobody by themselves."""
_NETWORK: Final = frozenset({"x121", "network_number", "psap_address"})


def present(address: ORAddress) -> frozenset[str]:
    """Names of the attributes that an address has, in whatever variant."""
    printable = (row.name for row, _ in address.attributes())
    if not address.has_teletex:
        return frozenset(printable)
    return frozenset({*printable, *(name for name, variant in _TELETEX.items() if getattr(address, variant) not in (None, ()))})


def beyond_mnemonic(address: ORAddress) -> tuple[str, ...]:
    """Names of the attributes that the mnemonic form does not have (X.402 18.5.1)."""
    return tuple(sorted(present(address) - MNEMONIC))


def fault(address: ORAddress, *, null_allowed: bool = False) -> str | None:
    """Why an address is not legal; None when it is.

    Args:
        address: The address.
        null_allowed: Attributes other than domain-defined ones may be empty, for X.400(1984).

    # Deviation: X.402 lets no form mix attributes of others; peers put personal names beside network addresses (fax cover sheets), so
    a mix is accepted.
    """
    names = present(address)
    if not names & _NETWORK and (address.country is None or address.admd is None):
        return "country or ADMD is missing"
    if not names - _NOT_ENOUGH:
        return "nothing below the ADMD"
    return _name_fault(address) or _value_fault(address) or next(bound_faults(address, null_allowed=null_allowed), None)


def repertoire_fault(address: ORAddress) -> str | None:
    """Which value has characters that PrintableString lacks (4.3.4 step 5); None when none has.

    # Peer: ADMD and PRMD such as R&D are on the wire, and what came so has to go back so; nothing else is written like that.
    """
    for row, value in address.attributes():
        if row.syntax is Syntax.PRINTABLE and row.name not in ("admd", "prmd") and not is_printable(value):
            return f"{row.key}: {value[:80]!r} is not PrintableString (RFC 2156 3.3.3)"
    return None


def received_fault(address: ORAddress) -> str | None:
    """Why the address of a P1 recipient is not valid; None when it is, or when it only names nobody.

    # Peer: 1984 systems send attributes of zero length and rely on them (RFC 2156 Appendix B), so only a domain-defined one counts.
    """
    return _value_fault(address) or next(bound_faults(address, null_allowed=True), None)


def _value_fault(address: ORAddress) -> str | None:
    return _network_fault(address) or _number_fault(address)


def _name_fault(address: ORAddress) -> str | None:
    if address.surname is None and (address.given_name, address.initials, address.generation) != (None, None, None):
        return "a personal name needs a surname (X.411 PersonalName)"
    parts = (address.teletex_given_name, address.teletex_initials, address.teletex_generation)
    if address.teletex_surname is None and parts != (None, None, None):
        return "a teletex personal name needs a teletex surname (X.411 TeletexPersonalName)"
    return None


def _network_fault(address: ORAddress) -> str | None:
    if address.network_sub_address is not None and address.network_number is None:
        return "a network sub-address needs a network number"
    if address.psap_address is not None and address.network_number is not None:
        return "an extended network address is a number or a presentation address, not both"
    if address.country is not None and not _COUNTRY.fullmatch(address.country):
        return f"{address.country!r} is not a country code of two letters or three digits"
    return None


def _number_fault(address: ORAddress) -> str | None:
    if max(len(address.organizational_units), len(address.teletex_organizational_units)) > ub.UB_ORGANIZATIONAL_UNITS:
        return "more than four organizational units"
    if max(len(address.domain_defined), len(address.teletex_domain_defined)) > ub.UB_DOMAIN_DEFINED_ATTRIBUTES:
        return "more than four domain-defined attributes"
    postal = address.unformatted_postal_address
    if postal is not None and len(postal.printable_address or ()) > ub.UB_PDS_PHYSICAL_ADDRESS_LINES:
        return "more than six lines of a postal address"
    return None


def bound_faults(address: ORAddress, *, null_allowed: bool = False) -> Iterator[str]:
    """Every value that is empty or too long (X.411 Annex B).

    Args:
        address: The address.
        null_allowed: Attributes other than domain-defined ones may be empty.
    """
    teletex = address.has_teletex
    for row, value in ((row, getattr(address, row.name)) for row in ATTRIBUTES) if teletex else address.attributes():
        if row.syntax is Syntax.INTEGER:
            if value is not None and not 0 <= value <= row.bound:
                yield f"{row.key} is larger than {row.bound}"
        elif row.syntax is not Syntax.PSAP:
            # The only attribute that may have zero length is the ADMD (4.3.5 step 1).
            least = 0 if row.name == "admd" or (null_allowed and row.name != "domain_defined") else 1
            yield from _length_faults(row, value, least)
            if teletex:
                yield from _length_faults(row, getattr(address, _TELETEX.get(row.name, ""), None), least)


def _length_faults(row: Attribute, value: Any, least: int) -> Iterator[str]:
    for text, bound in _bounded(row, value):
        if not least <= len(text) <= bound:
            yield f"{row.key} is empty or longer than {bound} characters"


def _bounded(row: Attribute, value: Any) -> Iterator[tuple[str | bytes, int]]:
    """The strings of a value with their bounds."""
    if isinstance(value, str | bytes):
        yield value, row.bound
    elif isinstance(value, PDSParameter | UnformattedPostalAddress):
        lines = (value.printable_string,) if isinstance(value, PDSParameter) else value.printable_address or ()
        yield from ((line, ub.UB_PDS_PARAMETER_LENGTH) for line in lines if line is not None)
        if value.teletex_string is not None:
            yield value.teletex_string, row.bound
    elif row.name == "domain_defined":
        for type_, text in value or ():
            yield type_, ub.UB_DOMAIN_DEFINED_ATTRIBUTE_TYPE_LENGTH
            yield text, row.bound
    else:
        yield from ((one, row.bound) for one in value or ())
