"""Whether a value may stand in an O/R address: string type (RFC 2156 4.1.1, 3.3.3) and bounds (X.411 Annex B)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.mixer.text import PRINTABLE, TextError, pair_from_text
from gateway.x400 import bounds as ub
from gateway.x400.oraddress import ATTRIBUTE_BY_KEYWORD, Attribute, Syntax

LEVEL_KEYS: Final = ("C", "ADMD", "PRMD", "O", "OU", "OU", "OU", "OU")
"""Keywords of the levels of the hierarchy (RFC 2156 4.2), the country first."""

_COUNTRY: Final = re.compile(r"[A-Za-z]{2}|[0-9]{3}")
_TEXT: Final = (Syntax.PRINTABLE, Syntax.NUMERIC, Syntax.PRINTABLE_OR_TELETEX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a value is not legal.

    Attributes:
        at: Place of the character that is wrong, from 0.
        bounds: The value is only too long, which some peers are too; everything else cannot be encoded at all.
    """

    text: str
    expected: str
    at: int = 0
    bounds: bool = False


def value_faults(key: str, value: str) -> Iterator[Fault]:
    """What is wrong with the value of one attribute, given by its keyword."""
    row = ATTRIBUTE_BY_KEYWORD.get(key.upper())
    if row is None or row.syntax not in _TEXT:
        return
    if key.upper() == "C":
        if _COUNTRY.fullmatch(value) is None:
            yield Fault(text=f"{value!r} is no country code", expected="two letters (ISO 3166) or three digits (X.121)")
        return
    printable = value
    if row.syntax is Syntax.PRINTABLE_OR_TELETEX and "*" in value:
        fault, printable = _teletex_fault(row, value)
        if fault is not None:
            yield fault
            return
    yield from _string_faults(row, printable)


def _teletex_fault(row: Attribute, value: str) -> tuple[Fault | None, str]:
    try:
        printable, _ = pair_from_text(value)
    except TextError as error:
        return Fault(text=f"{row.key}: {error}", expected="printable*teletex with octets as {165} (RFC 2156 3.3.4)", at=value.find("*")), ""
    return None, printable or ""


def _string_faults(row: Attribute, value: str) -> Iterator[Fault]:
    odd = next((at for at, character in enumerate(value) if character not in PRINTABLE), None)
    if odd is not None:
        expected = "letters, digits, space and '()+,-./:=? only"
        yield Fault(text=f"{value[odd]!r} cannot stand in {row.key}, a PrintableString", expected=expected, at=odd)
    elif row.syntax is Syntax.NUMERIC and re.fullmatch(r"[0-9 ]*", value) is None:
        yield Fault(text=f"{row.key} is a NumericString", expected="digits")
    if len(value) > row.bound:
        yield Fault(
            text=f"{row.key} has {len(value)} characters", expected=f"at most {row.bound} (X.411)", at=row.bound, bounds=True
        )  # fmt: skip


def blank_fault(key: str, value: str) -> str | None:
    """Blanks and emptiness that are legal and rarely meant; None where there are none.

    Look-ups ignore outer and repeated blanks (4.3.5 step 1), but what a table writes goes out as it is.
    """
    if key == "ADMD" and value == " ":
        return None
    if value == "":
        return f"{key} is there and empty: write {key}$@ for a level that is omitted" + (", 'ADMD$ ' for any ADMD" * (key == "ADMD"))
    if value != value.strip(" ") or "  " in value:
        return f"{key} has outer or repeated blanks, which are part of the address that is written"
    return None


def dda_faults(type_: str, value: str) -> Iterator[Fault]:
    """What is wrong with a domain-defined attribute."""
    for name, text, bound in (
        ("type", type_, ub.UB_DOMAIN_DEFINED_ATTRIBUTE_TYPE_LENGTH),
        ("value", value, ub.UB_DOMAIN_DEFINED_ATTRIBUTE_VALUE_LENGTH),
    ):
        if not PRINTABLE.issuperset(text):
            odd = next(character for character in text if character not in PRINTABLE)
            text = f"{odd!r} cannot stand in the {name} of a domain-defined attribute"
            yield Fault(text=text, expected="a PrintableString")
        elif not 1 <= len(text) <= bound:
            yield Fault(text=f"the {name} of a domain-defined attribute has {len(text)} characters", expected=f"1 to {bound} (X.411)")
