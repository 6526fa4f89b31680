"""O/R addresses in headings that nobody can be written to: shown as text, not as mailboxes at the gateway that would bounce.

Peers put addresses into headings that X.411 does not allow: a country of one letter, values over their bounds, domain-defined attributes
that hold no mailbox. The message goes on, its reader sees what came, and a reply to everybody leaves such a one out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.errors import GatewayError
from gateway.mixer.legality import received_fault
from gateway.mixer.rfc822_attribute import without_empty
from gateway.mixer.stdor import to_text
from gateway.x400 import bounds as ub
from gateway.x400.extension_attributes import PDSParameter, UnformattedPostalAddress
from gateway.x400.oraddress import ORAddress

_TIMES: Final = 4
"""So many times its bound a value is still shown whole (interoperability case 61); the rest of a longer one is cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreplyable:
    """An address as text for people.

    Attributes:
        text: Its std-or form, or in few words what it is where it has none.
        reason: Why no reply reaches it.
        cut: Names of the attributes that were cut off.
    """

    text: str
    reason: str
    cut: tuple[str, ...] = ()


def unreplyable(address: ORAddress, refused: GatewayError | None = None) -> Unreplyable | None:
    """What to show of an address of a heading; None where a reply can be sent.

    Args:
        address: The address.
        refused: Why it has no mailbox; None where it has one.
    """
    wrong = received_fault(without_empty(address))
    if wrong is None and refused is None:
        return None
    shorter, cut = _cut(address)
    try:
        text = to_text(without_empty(shorter))
    except GatewayError:
        text = "an X.400 address without text form"
    return Unreplyable(text=text, reason=wrong or str(refused), cut=cut)


def _cut(address: ORAddress) -> tuple[ORAddress, tuple[str, ...]]:
    """The address with every value at four times its bound, and the names of the values that were longer."""
    changes: dict[str, Any] = {}
    for row, value in address.attributes():
        if row.name == "organizational_units":
            shorter: Any = tuple(one[: _TIMES * row.bound] for one in value[: _TIMES * ub.UB_ORGANIZATIONAL_UNITS])
        elif row.name == "domain_defined":
            shorter = tuple(_cut_pairs(value, row.bound))
        elif isinstance(value, str):
            shorter = value[: _TIMES * row.bound]
        elif isinstance(value, PDSParameter):
            shorter = replace(value, printable_string=(value.printable_string or "")[: _TIMES * row.bound] or value.printable_string)
        elif isinstance(value, UnformattedPostalAddress):
            shorter = replace(value, printable_address=_cut_lines(value.printable_address))
        else:
            continue
        if shorter != value:
            changes[row.name] = shorter
    return replace(address, **changes), tuple(changes)


def _cut_pairs(pairs: Iterable[tuple[str, str]], bound: int) -> Iterable[tuple[str, str]]:
    for type_, value in tuple(pairs)[: _TIMES * ub.UB_DOMAIN_DEFINED_ATTRIBUTES]:
        yield type_[: _TIMES * ub.UB_DOMAIN_DEFINED_ATTRIBUTE_TYPE_LENGTH], value[: _TIMES * bound]


def _cut_lines(lines: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if lines is None:
        return None
    return tuple(line[: _TIMES * ub.UB_PDS_PARAMETER_LENGTH] for line in lines[: _TIMES * ub.UB_PDS_PHYSICAL_ADDRESS_LINES])
