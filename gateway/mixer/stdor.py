"""The text form of O/R addresses, ``EBNF.std-or-address`` (RFC 2156 4.1): ``/S=Linnimouth/O=acme/PRMD=x/ADMD= /C=gb/``.

The attributes, keywords and syntaxes are those of the one table in `gateway.x400.oraddress`. Written strictly, read leniently: ``/`` and
``;``
separate, alternative keywords and missing outer separators are accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any, Final

from gateway.errors import GatewayError
from gateway.mixer.text import PRINTABLE, TextError, integer_from_label, is_printable, pair_from_text, text_from_pair
from gateway.x400.extension_attributes import PDSParameter, PresentationAddress, TerminalType, UnformattedPostalAddress
from gateway.x400.oraddress import ATTRIBUTE_BY_KEYWORD, ATTRIBUTES, Attribute, ORAddress, Syntax

RFC_822: Final = "RFC-822"
"""Type of the domain-defined attribute with its own keyword (4.1.3)."""


class StdOrError(GatewayError):
    """A text has the form of an O/R address, but a keyword is unknown or a value does not fit (4.3.4 step 5)."""


class NotStdOrError(StdOrError):
    """A text does not have the form of an O/R address at all."""


_TELETEX: Final = {
    "organization": "teletex_organization",
    "surname": "teletex_surname",
    "given_name": "teletex_given_name",
    "initials": "teletex_initials",
    "generation": "teletex_generation",
    "common_name": "teletex_common_name",
}
_TERMINAL_LABELS: Final = {3: "tlx", 4: "ttx", 5: "g3fax", 6: "g4fax", 7: "ia5", 8: "vtx"}
_ORDERED: Final = re.compile(r"(OU|PD-A)([1-6])", re.IGNORECASE)
_DDA_KEY: Final = re.compile(r"(?:DDA?)([1-4])?[.:](.*)", re.IGNORECASE | re.DOTALL)
_PERSON: Final = re.compile(r"(?:([A-Za-z0-9 '()+,\-/:=?]{2,})\.)?((?:[A-Za-z]\.)*)([A-Za-z0-9 '()+,\-./:=?]+)")
_SELECTOR: Final = re.compile(r"'((?:[0-9A-Fa-f]{2})*)'H")
_VALUE_CHARACTERS: Final = PRINTABLE | set("{}*|")

# --- writing -------------------------------------------------------------------------------------------------------------------------


def to_text(address: ORAddress, *, only: Sequence[str] | None = None) -> str:
    """Write an address, or some of its attributes, least significant first (4.3.3); empty text when there is nothing to write.

    Args:
        address: The address.
        only: Names of the attributes to write; None for all.

    Raises:
        StdOrError: It has attributes that the text form cannot express: an unknown one, or a universal one without its printable twin.
    """
    _check_expressible(address)
    parts = [part for row in reversed(ATTRIBUTES) if only is None or row.name in only for part in _written(address, row)]
    return f"/{'/'.join(parts)}/" if parts else ""


def _check_expressible(address: ORAddress) -> None:
    if address.unknown_extensions:
        raise StdOrError(f"extension attribute {address.unknown_extensions[0][0]} has no text form (RFC 2156 4.1.1)")
    for number, _ in address.universal:
        twins = [row for row in ATTRIBUTES if row.universal == number]
        if not any(getattr(address, row.name) not in (None, ()) for row in twins):
            raise StdOrError(f"universal attribute {number} has no printable twin and no text form (RFC 2156 4.1.1)")


def _written(address: ORAddress, row: Attribute) -> Iterator[str]:
    value = getattr(address, row.name)
    if row.name == "organizational_units":
        pairs = list(zip_longest(value, address.teletex_organizational_units))
        yield from (f"OU={_quoted(text_from_pair(*pair))}" for pair in reversed(pairs))
    elif row.name == "domain_defined":
        attributes = list(zip_longest(value, address.teletex_domain_defined))
        yield from (_dda_text(printable, teletex) for printable, teletex in reversed(attributes))
    elif value is not None or getattr(address, _TELETEX.get(row.name, ""), None) is not None:
        yield f"{row.key}={_quoted(_value_text(address, row, value))}"


def _quoted(text: str) -> str:
    return text.replace("/", "$/").replace("=", "$=")


def _dda_text(printable: tuple[str, str] | None, teletex: tuple[bytes, bytes] | None) -> str:
    type_ = text_from_pair(printable[0] if printable else None, teletex[0] if teletex else None)
    value = text_from_pair(printable[1] if printable else None, teletex[1] if teletex else None)
    key = RFC_822 if type_.upper() == RFC_822 else f"DD.{_quoted(type_)}"
    return f"{key}={_quoted(value)}"


def _value_text(address: ORAddress, row: Attribute, value: Any) -> str:
    if isinstance(value, PDSParameter):
        return text_from_pair(value.printable_string, value.teletex_string)
    if isinstance(value, UnformattedPostalAddress):
        lines = "|".join(value.printable_address) if value.printable_address is not None else None
        return text_from_pair(lines, value.teletex_string)
    if isinstance(value, PresentationAddress):
        return _psap_text(value)
    if row.syntax is Syntax.INTEGER:
        label = _TERMINAL_LABELS.get(value, "")
        return f"{label}({int(value)})"
    if row.name in _TELETEX:
        return text_from_pair(value, getattr(address, _TELETEX[row.name]))
    return str(value)


def _psap_text(psap: PresentationAddress) -> str:
    selectors = [psap.p_selector, psap.s_selector, psap.t_selector]
    while selectors and selectors[0] is None:
        selectors.pop(0)
    networks = "_".join(f"NS+{network.hex().upper()}" for network in psap.n_addresses)
    if "_" in networks:
        raise StdOrError("a presentation address with several network addresses has no std-or form (RFC 1278 writes '_' between them)")
    return "".join(f"'{(selector or b'').hex().upper()}'H/" for selector in selectors) + networks


# --- reading -------------------------------------------------------------------------------------------------------------------------


def from_text(text: str, *, complete: bool = True) -> ORAddress:
    """Read an address.

    Args:
        text: The text.
        complete: Supply an ADMD of one space where there is a country and no ADMD (4.1.3).

    Raises:
        NotStdOrError: Not of the form at all.
        StdOrError: Of the form, with an unknown keyword, a repeated attribute or a value that does not fit.
    """
    components, closed = _split(text)
    reader = _Reader()
    for key, value in components:
        try:
            reader.take(key, value)
        except _UnknownKeywordError as error:
            # Without the outer separators only known keywords make it an address: john=doe is somebody's local part.
            raise (StdOrError if closed else NotStdOrError)(str(error)) from None
        except TextError as error:
            raise StdOrError(f"{key}: {error}") from error
    address = reader.address()
    if complete and address.country is not None and address.admd is None:
        return replace(address, admd=" ")
    return address


class _UnknownKeywordError(GatewayError):
    pass


def _split(text: str) -> tuple[list[tuple[str, str]], bool]:
    """Keyword and value (``$`` taken away) of all components, and whether the outer separators were there."""
    parts: list[str] = []
    current = ""
    position = 0
    while position < len(text):
        character = text[position]
        if character == "$":
            if position + 1 >= len(text) or text[position + 1] not in PRINTABLE:
                raise NotStdOrError(f"'$' in {text[:80]!r} has to stand before the character that it quotes (RFC 2156 4.1.3)")
            current += _HIDDEN[text[position + 1]] if text[position + 1] in _HIDDEN else text[position + 1]
            position += 2
            continue
        if character in "/;":
            parts.append(current)
            current = ""
        elif character in _VALUE_CHARACTERS:
            current += character
        else:
            raise NotStdOrError(f"{character!r} cannot stand in an O/R address (RFC 2156 4.1.3)")
        position += 1
    parts.append(current)
    return _components(text, parts)


_HIDDEN: Final = {"/": "\ue000", "=": "\ue001"}
_SHOWN: Final = str.maketrans({"\ue000": "/", "\ue001": "="})


def _components(text: str, parts: list[str]) -> tuple[list[tuple[str, str]], bool]:
    closed = len(parts) > 2 and not parts[0].strip() and not parts[-1].strip()
    if not parts[0].strip():
        parts = parts[1:]
    if parts and not parts[-1].strip():
        parts = parts[:-1]
    if not parts:
        raise NotStdOrError(f"{text[:80]!r} has no attribute")
    components: list[tuple[str, str]] = []
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            raise NotStdOrError(f"{part.translate(_SHOWN)[:80]!r} is not of the form keyword=value (RFC 2156 4.1.3)")
        components.append((key.lstrip().translate(_SHOWN), value.translate(_SHOWN)))
    return components, closed


class _Reader:
    """Collects components into the fields of an `ORAddress`."""

    def __init__(self) -> None:
        self._fields: dict[str, Any] = {}
        self._units: list[tuple[str | None, bytes | None]] = []
        self._numbered: dict[str, dict[int, tuple[str | None, bytes | None]]] = {"OU": {}, "PD-A": {}, "DD": {}}
        self._ddas: list[tuple[tuple[str | None, bytes | None], tuple[str | None, bytes | None]]] = []
        self._numbered_ddas: dict[int, tuple[tuple[str | None, bytes | None], tuple[str | None, bytes | None]]] = {}

    def take(self, key: str, value: str) -> None:
        """One component."""
        word = key.strip().upper()
        row = ATTRIBUTE_BY_KEYWORD.get(word)
        if row is not None and row.name == "organizational_units":
            self._units.append(pair_from_text(value))
        elif row is not None and row.name == "domain_defined":
            raise StdOrError("a domain-defined attribute needs a type: DD.type=value (RFC 2156 4.1.3)")
        elif row is not None:
            self._set(row, value)
        elif word == RFC_822:
            self._ddas.append(((RFC_822, None), pair_from_text(value)))
        elif word == "PN":
            self._person(value)
        else:
            self._special(key, value)

    def _special(self, key: str, value: str) -> None:
        if (match := _ORDERED.fullmatch(key.strip())) is not None and (match.group(1).upper() != "OU" or match.group(2) <= "4"):
            places = self._numbered[match.group(1).upper()]
            if int(match.group(2)) in places:
                raise StdOrError(f"{key} occurs twice")
            places[int(match.group(2))] = pair_from_text(value)
        elif (match := _DDA_KEY.fullmatch(key)) is not None:
            self._dda(match.group(1), match.group(2), value)
        else:
            raise _UnknownKeywordError(f"{key[:40]!r} is not a keyword of an O/R address (RFC 2156 4.1.1)")

    def _dda(self, number: str | None, type_: str, value: str) -> None:
        pair = (pair_from_text(type_), pair_from_text(value))
        if (pair[0][0] is None) != (pair[1][0] is None) or (pair[0][1] is None) != (pair[1][1] is None):
            raise StdOrError(f"type and value of {type_[:40]!r} have to be in the same encoding (RFC 2156 4.1.3)")
        if number is None:
            self._ddas.append(pair)
        elif int(number) in self._numbered_ddas:
            raise StdOrError(f"DD{number} occurs twice")
        else:
            self._numbered_ddas[int(number)] = pair

    def _person(self, value: str) -> None:
        name = personal_name_from_text(value)
        if name is None:
            raise StdOrError(f"{value[:80]!r} is no personal name (RFC 2156 4.1.2)")
        for attribute, part in name.items():
            self._once(attribute, part)

    def _once(self, name: str, value: Any) -> None:
        if name in self._fields:
            raise StdOrError(f"{name} occurs twice (RFC 2156 4.1.3)")
        self._fields[name] = value

    def _set(self, row: Attribute, value: str) -> None:
        if row.syntax is Syntax.PRINTABLE_OR_TELETEX:
            printable, teletex = pair_from_text(value)
            self._set_pair(row, printable, teletex)
        elif row.syntax is Syntax.POSTAL:
            lines, star, teletex_text = value.partition("*")
            _, octets = pair_from_text(f"*{teletex_text}") if star else (None, None)
            printed = tuple(lines.split("|")) if lines else None
            self._once(row.name, UnformattedPostalAddress(printable_address=printed, teletex_string=octets))
        elif row.syntax is Syntax.INTEGER:
            number = integer_from_label(value)
            self._once(row.name, TerminalType(number) if number in set(TerminalType) else number)
        elif row.syntax is Syntax.PSAP:
            self._once(row.name, _psap_from_text(value))
        elif row.syntax is Syntax.NUMERIC and not re.fullmatch(r"[0-9 ]*", value):
            raise StdOrError(f"{row.key} has to be of digits, not {value[:40]!r} (RFC 2156 4.1.1)")
        elif not is_printable(value):
            raise StdOrError(f"{row.key}: {value[:80]!r} is not PrintableString (RFC 2156 3.3.3)")
        else:
            self._once(row.name, value)

    def _set_pair(self, row: Attribute, printable: str | None, teletex: bytes | None) -> None:
        if row.name in _TELETEX:
            self._once(row.name, printable)
            if teletex is not None:
                self._once(_TELETEX[row.name], teletex)
        else:
            self._once(row.name, PDSParameter(printable_string=printable, teletex_string=teletex))

    def address(self) -> ORAddress:
        """All that was taken."""
        units = self._in_order(self._units, self._numbered["OU"], "OU")
        ddas = self._in_order(self._ddas, self._numbered_ddas, "DD")
        if lines := self._numbered["PD-A"]:
            printed = tuple(lines[number][0] or "" for number in sorted(lines))
            self._once("unformatted_postal_address", UnformattedPostalAddress(printable_address=printed))
        return ORAddress(
            **{name: value for name, value in self._fields.items() if value is not None},
            organizational_units=tuple(pair[0] for pair in units if pair[0] is not None),
            teletex_organizational_units=tuple(pair[1] for pair in units if pair[1] is not None),
            domain_defined=tuple((type_[0], value[0]) for type_, value in ddas if type_[0] is not None and value[0] is not None),
            teletex_domain_defined=tuple((type_[1], value[1]) for type_, value in ddas if type_[1] is not None and value[1] is not None),
        )

    def _in_order(self, listed: list[Any], numbered: dict[int, Any], key: str) -> list[Any]:
        if listed and numbered:
            raise StdOrError(f"{key} and numbered {key}1 to {key}4 must not be mixed (RFC 2156 4.1.1)")
        # The rightmost of the text is the most significant, the first of the SEQUENCE (4.3.3); numbers carry their own order.
        return [numbered[number] for number in sorted(numbered)] if numbered else listed[::-1]


def _psap_from_text(text: str) -> PresentationAddress:
    """A presentation address of hexadecimal selectors and ``NS+`` network addresses, the part of RFC 1278 that needs no tables."""
    *selectors, networks = text.split("/")
    octets: list[bytes] = []
    for selector in selectors:
        match = _SELECTOR.fullmatch(selector)
        if match is None:
            raise StdOrError(f"selector {selector[:40]!r} is not of the form 'hexadecimal'H (RFC 1278)")
        octets.append(bytes.fromhex(match.group(1)))
    if len(octets) > 3 or not re.fullmatch(r"NS\+(?:[0-9A-Fa-f]{2})+", networks):
        raise StdOrError(f"{text[:80]!r} is not a presentation address of up to three selectors and NS+hexadecimal (RFC 1278)")
    padded: list[bytes | None] = [*(None,) * (3 - len(octets)), *octets]
    return PresentationAddress(p_selector=padded[0], s_selector=padded[1], t_selector=padded[2], n_addresses=(bytes.fromhex(networks[3:]),))


# --- personal names --------------------------------------------------------------------------------------------------------------------


def personal_name_from_text(text: str) -> dict[str, str] | None:
    """``EBNF.encoded-pn`` (4.1.2): ``Marshall.M.T.Rose`` -> given name, initials, surname; None when the text is not printable or empty."""
    match = _PERSON.fullmatch(text)
    if match is None:
        return None
    given_name, initials, surname = match.groups()
    parts = {"given_name": given_name, "initials": initials.replace(".", "") or None, "surname": surname}
    return {name: value for name, value in parts.items() if value is not None}


def text_from_personal_name(address: ORAddress) -> str | None:
    """``EBNF.encoded-pn`` of the personal name, None where the restrictions of 4.1.2 forbid it or it would not read back the same."""
    surname, given_name, initials = address.surname, address.given_name, address.initials
    if not surname or address.generation is not None or (initials is not None and not (initials.isascii() and initials.isalpha())):
        return None
    if "." in surname[:2] or ("." in surname and given_name is None and initials is None):
        return None
    text = ".".join([*([given_name] if given_name is not None else []), *(initials or ""), surname])
    expected = {"given_name": given_name, "initials": initials, "surname": surname}
    back = personal_name_from_text(text)
    if back != {name: value for name, value in expected.items() if value is not None} or _reads_as_address(text):
        return None
    return text


def _reads_as_address(text: str) -> bool:
    try:
        from_text(text)
    except NotStdOrError:
        return False
    except StdOrError:
        return True
    return True


PERSONAL_NAME: Final = frozenset({"surname", "given_name", "initials", "generation"})
"""Attributes of the personal name."""

MNEMONIC: Final = PERSONAL_NAME | {"country", "admd", "prmd", "organization", "organizational_units", "common_name", "domain_defined"}
"""Attributes of the mnemonic form (X.402 18.5.1)."""
