"""The text form of O/R addresses, ``EBNF.std-or-address`` (RFC 2156 4.1): ``/S=Linnimouth/O=acme/PRMD=x/ADMD= /C=gb/``.

The attributes, keywords and syntaxes are those of the one table in `gateway.x400.oraddress`. Written strictly, read leniently: ``/`` and
``;`` separate, alternative keywords are known, and where the grammar is not to be taken as printed the forms that people write on visiting
cards are read too (F.401, RFC 1685): ``G=john; S=smith; O=a bank ltd; P=abl; A=snomail; C=aq``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import zip_longest
from typing import Any, Final, TypeVar

from gateway.errors import GatewayError
from gateway.mixer.presentation_address import presentation_address_from_text, text_from_presentation_address
from gateway.mixer.text import PRINTABLE, TextError, integer_from_label, is_printable, pair_from_text, teletex_from_text, text_from_pair
from gateway.x400.extension_attributes import PDSParameter, PresentationAddress, TerminalType, UnformattedPostalAddress
from gateway.x400.oraddress import ATTRIBUTE_BY_KEYWORD, ATTRIBUTES, Attribute, ORAddress, Syntax

T = TypeVar("T")

RFC_822: Final = "RFC-822"
"""Type of the domain-defined attribute with its own keyword (4.1.3)."""


class Grammar(Enum):
    """How the text form is read."""

    STRICT = "strict"
    """``EBNF.std-or-address-input`` as 4.1.3 prints it."""
    LENIENT = "lenient"
    """The outer separators may be missing where every keyword is known, blanks after a separator do not count (RFC 1685 F.3.2.1)."""


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
_TERMINAL_TYPES: Final = {label: number for number, label in _TERMINAL_LABELS.items()}
_ORDERED: Final = re.compile(r"(?:(OU)([1-4])|(PD-A)([1-6]))", re.IGNORECASE)
_KEYWORD: Final = re.compile(r"[A-Za-z0-9\-]*(?:[.:].*)?", re.DOTALL)
_DDA_KEY: Final = re.compile(r"(?:DDA?)([1-4])?[.:](.*)", re.IGNORECASE | re.DOTALL)
_PERSON: Final = re.compile(r"(?:([A-Za-z0-9 '()+,\-/:=?]{2,})\.)?((?:[A-Za-z]\.)*)([A-Za-z0-9 '()+,\-./:=?]*)")
_LABEL: Final = re.compile(r"(?:F\.401|X\.?400)\s*:\s*", re.IGNORECASE)
_TELEPHONE: Final = re.compile(r"\+?[0-9][0-9 ()\-]*")
_UNWRITABLE: Final = re.compile(r"[^\x20-\x7e]|\$")
_QUOTED: Final = str.maketrans({delimiter: f"${delimiter}" for delimiter in "/=;"})
_VALUE_CHARACTERS: Final = PRINTABLE | set("{}*|")

# --- writing -------------------------------------------------------------------------------------------------------------------------


def to_text(address: ORAddress) -> str:
    """Write an address, least significant first (4.3.3); empty text when there is nothing to write.

    Raises:
        StdOrError: It has attributes that the text form cannot express: an unknown one, or a universal one without its printable twin.
    """
    _check_expressible(address)
    parts = [part for row, value in reversed(_rows(address)) for part in _written(address, row, value)]
    return f"/{'/'.join(parts)}/" if parts else ""


def _rows(address: ORAddress) -> list[tuple[Attribute, Any]]:
    """The attributes with their printable values, most significant first; absent ones too where a teletex variant may stand for them."""
    if address.has_teletex:
        return [(row, getattr(address, row.name)) for row in ATTRIBUTES]
    return list(address.attributes())


def _check_expressible(address: ORAddress) -> None:
    if address.unknown_extensions:
        raise StdOrError(f"extension attribute {address.unknown_extensions[0][0]} has no text form (RFC 2156 4.1.1)")
    for number, _ in address.universal:
        if not has_twin(address, number):
            raise StdOrError(f"universal attribute {number} has no printable twin and no text form (RFC 2156 4.1.1)")


def has_twin(address: ORAddress, number: int) -> bool:
    """Whether an address has the printable variant of a universal attribute, by the number of that (X.411 1999)."""
    return any(row.universal == number and getattr(address, row.name) not in (None, ()) for row in ATTRIBUTES)


def _written(address: ORAddress, row: Attribute, value: Any) -> Iterator[str]:
    if row.name == "organizational_units":
        pairs = list(zip_longest(value, address.teletex_organizational_units))
        yield from (f"OU={_quoted(_pair_text(*pair))}" for pair in reversed(pairs))
    elif row.name == "domain_defined":
        attributes = list(zip_longest(value, address.teletex_domain_defined))
        yield from (_dda_text(printable, teletex) for printable, teletex in reversed(attributes))
    elif value is not None or getattr(address, _TELETEX.get(row.name, ""), None) is not None:
        yield f"{row.key}={_quoted(_value_text(address, row, value))}"


def _quoted(text: str) -> str:
    odd = _UNWRITABLE.search(text)
    if odd is not None:
        raise StdOrError(f"{odd[0]!r} in {text[:80]!r} is not PrintableString and has no text form (RFC 2156 4.1.3)")
    return text.translate(_QUOTED)


def _dda_text(printable: tuple[str, str] | None, teletex: tuple[bytes, bytes] | None) -> str:
    if printable is not None and teletex is None and not is_printable("".join(printable)):
        teletex = (_octets(printable[0]), _octets(printable[1]))
        printable = None
    type_ = text_from_pair(printable[0] if printable else None, teletex[0] if teletex else None)
    value = text_from_pair(printable[1] if printable else None, teletex[1] if teletex else None)
    if printable is None and ("{" in type_) != ("{" in value):
        # Type and value have the same encoding, so neither may be written as if it were printable.
        type_, value = f"*{type_.removeprefix('*')}", f"*{value.removeprefix('*')}"
    key = RFC_822 if type_.upper() == RFC_822 else f"DD.{_quoted(type_)}"
    return f"{key}={_quoted(value)}"


def _pair_text(printable: str | None, teletex: bytes | None) -> str:
    """Both forms of a value.

    # Peer: PrintableString with "_", "@" or "&" is common on the wire. Only the teletex form can hold them in a text that comes back.
    """
    if printable is not None and teletex is None and not is_printable(printable):
        return text_from_pair(None, _octets(printable))
    return text_from_pair(printable, teletex)


def _octets(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise StdOrError(f"{text[:80]!r} is not PrintableString and has no text form (RFC 2156 4.1.3)") from error


def _value_text(address: ORAddress, row: Attribute, value: Any) -> str:
    if isinstance(value, PDSParameter):
        return _pair_text(value.printable_string, value.teletex_string)
    if isinstance(value, UnformattedPostalAddress):
        lines = "|".join(value.printable_address) if value.printable_address is not None else None
        return text_from_pair(lines, value.teletex_string)
    if isinstance(value, PresentationAddress):
        return _psap_text(value)
    if row.syntax is Syntax.INTEGER:
        label = _TERMINAL_LABELS.get(value, "")
        return f"{label}({int(value)})"
    if row.name in _TELETEX:
        return _pair_text(value, getattr(address, _TELETEX[row.name]))
    return str(value)


def _psap_text(address: PresentationAddress) -> str:
    try:
        return text_from_presentation_address(address)
    except TextError as error:
        raise StdOrError(str(error)) from error


# --- reading -------------------------------------------------------------------------------------------------------------------------


def from_text(text: str, *, complete: bool = True, grammar: Grammar = Grammar.LENIENT, x400_version: int = 88) -> ORAddress:
    """Read an address.

    Args:
        text: The text.
        complete: Supply an ADMD of one space where there is a country and no ADMD (4.1.3).
        grammar: How much more than the grammar of 4.1.3 is read.
        x400_version: 84 refuses what X.400(1984) lacks, all but a common name (Appendix B).

    Raises:
        NotStdOrError: Not of the form at all.
        StdOrError: Of the form, with an unknown keyword, a repeated attribute or a value that does not fit.
    """
    components, closed = _split(text, grammar)
    try:
        address = _address_from_components(components, grammar)
    except _UnknownKeywordError as error:
        # Without the outer separators only known keywords make it an address: john=doe is somebody's local part.
        raise (StdOrError if closed else NotStdOrError)(str(error)) from None
    if x400_version == 84:
        check_1984(address)
    if complete and address.country is not None and address.admd is None:
        return address.changed(admd=" ")
    return address


def address_from_components(components: Iterable[tuple[str, str]]) -> ORAddress:
    """The address of keywords and values that stand apart, the least significant first; values are as `from_text` has them after ``=``.

    Raises:
        StdOrError: An unknown keyword, a repeated attribute or a value that does not fit.
    """
    return _address_from_components(components, Grammar.LENIENT)


def _address_from_components(components: Iterable[tuple[str, str]], grammar: Grammar) -> ORAddress:
    reader = _Reader(grammar)
    for key, value in components:
        try:
            reader.take(key, value)
        except TextError as error:
            raise StdOrError(f"{key}: {error}") from error
    return reader.address()


def is_known(keyword: str) -> bool:
    """Whether a keyword, as it is written or one of its alternatives, names an attribute (4.1.1)."""
    return keyword.upper() in ATTRIBUTE_BY_KEYWORD


def check_1984(address: ORAddress) -> None:
    """Appendix B: only the attributes of the first part of the table, no teletex; a common name becomes a DDA later.

    Raises:
        StdOrError: Something else is newer.
    """
    newer = [row.key for row, _ in address.attributes() if not row.in_84 and row.name != "common_name"]
    if newer or address.has_teletex:
        raise StdOrError(f"X.400(1984) has no {newer[0] if newer else 'teletex values'} (RFC 2156 Appendix B)")


def stands_inverted(text: str) -> bool:
    """Whether an organization stands left of an organizational unit, so that the hierarchy may be the wrong way round (4.3.4.1)."""
    try:
        keywords = [keyword.upper() for keyword, _ in _split(text, Grammar.LENIENT)[0]]
    except NotStdOrError:
        return False
    return "O" in keywords and "OU" in keywords[keywords.index("O") :]


class _UnknownKeywordError(StdOrError):
    pass


def _split(text: str, grammar: Grammar) -> tuple[list[tuple[str, str]], bool]:
    """Keyword and value (``$`` taken away) of all components, and whether the outer separators were there."""
    if grammar is Grammar.LENIENT:
        text = _LABEL.sub("", text, count=1) if _LABEL.match(text) else text
    parts = [""]
    position = 0
    while position < len(text):
        character = text[position]
        if character == "$":
            position += 1
            parts[-1] += _after_dollar(text, position)
        elif character in "/;":
            parts.append("")
        elif character in _VALUE_CHARACTERS or (character in _ODD and _may_be_odd(text, parts[-1], grammar)):
            parts[-1] += character
        else:
            raise NotStdOrError(f"{character!r} cannot stand in an O/R address (RFC 2156 4.1.3)")
        position += 1
    return _components(text, parts, grammar)


def _may_be_odd(text: str, part: str, grammar: Grammar) -> bool:
    """Whether the value that begins so may hold what is not PrintableString: one that `to_text` cannot write in teletex.

    # Peer: domains such as PRMD=R&D are on the wire, and what is shown of them has to be read again. The signs of RFC 1278 are no
    # characters of 4.1.3 either.
    """
    keyword, equals, _ = part[:40].partition("=")
    row = ATTRIBUTE_BY_KEYWORD.get(keyword.strip(" ").upper()) if equals and grammar is Grammar.LENIENT else None
    return row is not None and row.syntax in _ODD_SYNTAXES and row.name not in _REPEATED and text[:1] == text[-1:] == "/"


_ODD_SYNTAXES: Final = frozenset({Syntax.PRINTABLE, Syntax.PSAP})
_REPEATED: Final = frozenset({"organizational_units", "domain_defined"})
VISIBLE: Final = frozenset(map(chr, range(33, 127)))
"""The visible characters of ASCII."""
_ODD: Final = VISIBLE - _VALUE_CHARACTERS - {"$", ";"}
_HIDDEN: Final = {"/": "\ue000", "=": "\ue001", ".": "\ue002", ":": "\ue003", ";": ";"}
"""What stands for a quoted delimiter until the components are apart; none of them can occur in the text itself."""
_SHOWN: Final = str.maketrans({hidden: shown for shown, hidden in _HIDDEN.items()})


def _after_dollar(text: str, position: int) -> str:
    if position >= len(text) or text[position] not in PRINTABLE | {";"}:
        raise NotStdOrError(f"'$' in {text[:80]!r} has to stand before the character that it quotes (RFC 2156 4.1.3)")
    return _HIDDEN.get(text[position], text[position])


def _components(text: str, parts: list[str], grammar: Grammar) -> tuple[list[tuple[str, str]], bool]:
    if grammar is Grammar.LENIENT:
        # Blanks after a separator, never those that end a value: one space is an ADMD.
        parts = [part.lstrip(" ") for part in parts]
    closed = len(parts) > 2 and not parts[0] and not parts[-1]
    if not closed and grammar is Grammar.STRICT:
        raise NotStdOrError(f"{text[:80]!r} does not begin and end with a separator (RFC 2156 4.1.3)")
    inner = parts[0 if parts[0] else 1 : len(parts) if parts[-1] else -1]
    if not inner:
        raise NotStdOrError(f"{text[:80]!r} has no attribute")
    return [_component(part) for part in inner], closed


def _component(part: str) -> tuple[str, str]:
    key, equals, value = part.partition("=")
    shown = key.translate(_SHOWN)
    if not equals or "=" in value or not (_KEYWORD.fullmatch(key) or is_known(shown)):
        raise NotStdOrError(f"{part.translate(_SHOWN)[:80]!r} is not of the form keyword=value (RFC 2156 4.1.3)")
    return shown, value.translate(_SHOWN)


_Pair = tuple[str | None, bytes | None]


class _Reader:
    """Collects components into the fields of an `ORAddress`."""

    def __init__(self, grammar: Grammar) -> None:
        self._lenient = grammar is Grammar.LENIENT
        self._fields: dict[str, Any] = {}
        self._units: list[_Pair] = []
        self._lines: dict[int, _Pair] = {}
        self._numbered_units: dict[int, _Pair] = {}
        self._ddas: list[tuple[_Pair, _Pair]] = []
        self._numbered_ddas: dict[int, tuple[_Pair, _Pair]] = {}

    def take(self, key: str, value: str) -> None:
        """One component."""
        word = key.upper()
        row = ATTRIBUTE_BY_KEYWORD.get(word)
        if row is not None and row.name == "organizational_units":
            self._units.append(pair_from_text(value))
        elif row is not None and row.name == "domain_defined":
            raise StdOrError("a domain-defined attribute needs a type: DD.type=value (RFC 2156 4.1.3)")
        elif row is not None:
            self._set(row, value)
        elif word == RFC_822:
            self._dda(None, RFC_822, value)
        elif word == "PN":
            self._person(value)
        elif word == "ISDN":
            self._telephone(value)
        else:
            self._special(key, value)

    def _special(self, key: str, value: str) -> None:
        if (match := _ORDERED.fullmatch(key)) is not None:
            places = self._numbered_units if match.group(1) else self._lines
            number = int(match.group(2) or match.group(4))
            if number in places:
                raise StdOrError(f"{key} occurs twice (RFC 2156 4.1.1)")
            places[number] = pair_from_text(value)
        elif (match := _DDA_KEY.fullmatch(key)) is not None:
            self._dda(match.group(1), match.group(2), value)
        else:
            raise _UnknownKeywordError(f"{key[:40]!r} is not a keyword of an O/R address (RFC 2156 4.1.1)")

    def _telephone(self, value: str) -> None:
        """X.400 gives no interpretation of ISDN; a number as people write it is a network address (4.1.1)."""
        if _TELEPHONE.fullmatch(value) is None:
            raise StdOrError(f"ISDN: {value[:40]!r} is no telephone number (RFC 2156 4.1.1)")
        self._once("network_number", "".join(character for character in value if character.isdigit()))

    def _dda(self, number: str | None, type_: str, value: str) -> None:
        pair = (pair_from_text(type_), pair_from_text(value))
        if (pair[0][0] is None) != (pair[1][0] is None) or (pair[0][1] is None) != (pair[1][1] is None):
            raise StdOrError(f"type and value of {type_[:40]!r} have to be in the same encoding (RFC 2156 4.1.3)")
        if number is None:
            self._ddas.append(pair)
        elif int(number) in self._numbered_ddas:
            raise StdOrError(f"DD{number} occurs twice (RFC 2156 4.1.1)")
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
            lines, star, other = value.partition("*")
            octets = teletex_from_text(other) if star else None
            printed = tuple(lines.split("|")) if lines or not star else None
            if not is_printable("".join(printed or ())):
                raise StdOrError(f"{row.key}: {lines[:80]!r} is not PrintableString (RFC 2156 3.3.3)")
            self._once(row.name, UnformattedPostalAddress(printable_address=printed, teletex_string=octets))
        elif row.syntax is Syntax.INTEGER:
            number = _TERMINAL_TYPES.get(value.lower()) if self._lenient else None
            number = integer_from_label(value) if number is None else number
            self._once(row.name, TerminalType(number) if number in set(TerminalType) else number)
        elif row.syntax is Syntax.PSAP:
            self._once(row.name, presentation_address_from_text(value))
        elif row.syntax is Syntax.NUMERIC and not re.fullmatch(r"[0-9 ]*", value):
            raise StdOrError(f"{row.key} has to be of digits, not {value[:40]!r} (RFC 2156 4.1.1)")
        elif not (self._lenient and row.syntax is Syntax.PRINTABLE) and not is_printable(value):
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
        units = _aligned(self._in_order(self._units, self._numbered_units, "OU"), "OU")
        ddas = self._in_order(self._ddas, self._numbered_ddas, "DD")
        types = _aligned([type_ for type_, _ in ddas], "DD")
        values = _aligned([value for _, value in ddas], "DD")
        if self._lines:
            self._once("unformatted_postal_address", self._postal())
        return ORAddress(
            **{name: value for name, value in self._fields.items() if value is not None},
            organizational_units=units[0],
            teletex_organizational_units=units[1],
            domain_defined=tuple(zip(types[0], values[0], strict=True)),
            teletex_domain_defined=tuple(zip(types[1], values[1], strict=True)),
        )

    def _postal(self) -> UnformattedPostalAddress:
        """PD-A1 to PD-A6, one element of the SEQUENCE for each line.

        # Deviation: 4.1.1 joins the lines with line feeds, which a PrintableString cannot hold; only the teletex variant gets them.
        """
        lines = [self._lines[number] for number in sorted(self._lines)]
        printed = tuple(line[0] for line in lines if line[0] is not None)
        teletex = [line[1] if line[1] is not None else (line[0] or "").encode("ascii") for line in lines]
        whole = b"\n".join(teletex) if any(line[1] is not None for line in lines) else None
        return UnformattedPostalAddress(printable_address=printed or None, teletex_string=whole)

    def _in_order(self, listed: list[T], numbered: dict[int, T], key: str) -> list[T]:
        if listed and numbered:
            raise StdOrError(f"{key} and numbered {key}1 to {key}4 must not be mixed (RFC 2156 4.1.1)")
        # The rightmost of the text is the most significant, the first of the SEQUENCE (4.3.3); numbers carry their own order.
        return [numbered[number] for number in sorted(numbered)] if numbered else listed[::-1]


def _aligned(pairs: list[_Pair], key: str) -> tuple[tuple[str, ...], tuple[bytes, ...]]:
    """The printable and the teletex SEQUENCE of pairs, most significant first.

    The two belong together by position, and a position cannot be left out. Where only some have a teletex form the others get their
    printable text: equal forms are written once (4.1.1), so this is what such a text stands for.
    """
    printable = [pair[0] for pair in pairs if pair[0] is not None]
    if [pair[0] for pair in pairs[: len(printable)]] != printable:
        raise StdOrError(f"{key}: a value without a printable form cannot stand above one that has it (X.411)")
    last = max((at for at, pair in enumerate(pairs) if pair[1] is not None), default=-1)
    teletex = (pair[1] if pair[1] is not None else (pair[0] or "").encode("ascii") for pair in pairs[: last + 1])
    return tuple(printable), tuple(teletex)


# --- personal names --------------------------------------------------------------------------------------------------------------------


def personal_name_from_text(text: str) -> dict[str, str] | None:
    """``EBNF.encoded-pn`` (4.1.2): ``Marshall.M.T.Rose`` -> given name, initials, surname; None when the text is not printable.

    The grammar is read greedily: a full stop at the end leaves an empty surname, and whether that is legal is decided later (4.3.4 step 9).
    """
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
