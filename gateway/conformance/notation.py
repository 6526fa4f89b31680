"""O/R addresses as conformance files write them: a mapping from keyword to value, both ways.

The keywords are those of RFC 2156 4.1.1, from the one table of attributes. ``OU`` is a list and ``DDA`` a list of pairs, most significant
first; ``PD-ADDRESS`` is a list of lines; ``T`` maps keywords to the teletex variants, octets in hexadecimal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from gateway.errors import GatewayError
from gateway.x400.extension_attributes import PDSParameter, UnformattedPostalAddress
from gateway.x400.oraddress import ATTRIBUTES, Attribute, ORAddress, Syntax

_DDA: Final = "DDA"
_TELETEX: Final = "T"
_KEY: Final = {row.name: _DDA if row.name == "domain_defined" else row.key for row in ATTRIBUTES if row.syntax is not Syntax.PSAP}
_ROW: Final = {_KEY[row.name]: row for row in ATTRIBUTES if row.name in _KEY}
_ONE_SET: Final = frozenset(row.name for row in ATTRIBUTES if row.teletex is not None and row.teletex == row.extension)
"""Attributes that hold both variants in one SET."""


class NotationError(GatewayError):
    """A mapping is no O/R address in the notation of conformance files."""


def oraddress_from_notation(raw: object) -> ORAddress:
    """Read an address.

    Raises:
        NotationError: An unknown keyword, or a value of the wrong type.
    """
    if not isinstance(raw, dict):
        raise NotationError(f"an O/R address has to be a mapping, not {raw!r:.80}")
    fields: dict[str, Any] = {}
    for key, value in raw.items():
        if key != _TELETEX:
            row = _row(key)
            fields[row.name] = _printable(row, value)
    for key, value in _teletex_of(raw).items():
        _add_teletex(fields, _row(key), value)
    return ORAddress(**fields)


def _teletex_of(raw: dict[Any, Any]) -> dict[Any, Any]:
    found = raw.get(_TELETEX, {})
    if not isinstance(found, dict):
        raise NotationError(f"{_TELETEX} has to be a mapping, not {found!r:.80}")
    return found


def _row(key: object) -> Attribute:
    if key not in _ROW:
        raise NotationError(f"unknown attribute {key!r}")
    return _ROW[str(key)]


def _printable(row: Attribute, value: object) -> Any:
    if row.syntax is Syntax.INTEGER:
        if not isinstance(value, int) or isinstance(value, bool):
            raise NotationError(f"{row.key} has to be a number, not {value!r:.80}")
        return value
    if row.name == "organizational_units":
        return tuple(_text(row, one) for one in _items(row, value))
    if row.name == "domain_defined":
        return tuple(_pair(row, one) for one in _items(row, value))
    if row.syntax is Syntax.POSTAL:
        return UnformattedPostalAddress(printable_address=tuple(_text(row, one) for one in _items(row, value)))
    text = _text(row, value)
    return PDSParameter(printable_string=text) if row.name in _ONE_SET else text


def _add_teletex(fields: dict[str, Any], row: Attribute, value: object) -> None:
    if row.name == "organizational_units":
        fields["teletex_organizational_units"] = tuple(_octets(row, one) for one in _items(row, value))
    elif row.name == "domain_defined":
        pairs = [_pair(row, one) for one in _items(row, value)]
        fields["teletex_domain_defined"] = tuple((_octets(row, type_), _octets(row, text)) for type_, text in pairs)
    elif row.syntax is Syntax.POSTAL:
        known = fields.get(row.name) or UnformattedPostalAddress()
        fields[row.name] = UnformattedPostalAddress(printable_address=known.printable_address, teletex_string=_octets(row, value))
    elif row.name in _ONE_SET:
        known = fields.get(row.name) or PDSParameter()
        fields[row.name] = PDSParameter(printable_string=known.printable_string, teletex_string=_octets(row, value))
    elif row.teletex is not None:
        fields[f"teletex_{row.name}"] = _octets(row, value)
    else:
        raise NotationError(f"{row.key} has no teletex variant")


def _items(row: Attribute, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise NotationError(f"{row.key} has to be a list, not {value!r:.80}")
    return value


def _pair(row: Attribute, value: object) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 2:
        raise NotationError(f"{row.key} has to be a list of pairs of type and value, not of {value!r:.80}")
    return _text(row, value[0]), _text(row, value[1])


def _text(row: Attribute, value: object) -> str:
    if not isinstance(value, str):
        raise NotationError(f"{row.key} has to be a text, not {value!r:.80}")
    return value


def _octets(row: Attribute, value: object) -> bytes:
    try:
        return bytes.fromhex(_text(row, value))
    except ValueError as error:
        raise NotationError(f"{row.key}: {value!r:.80} is not hexadecimal") from error


def notation_of(address: ORAddress) -> dict[str, Any]:
    """Write an address.

    Raises:
        NotationError: It has attributes that the notation does not know.
    """
    if address.unknown_extensions or address.universal or address.psap_address is not None:
        raise NotationError("the address has attributes that conformance files cannot name")
    found: dict[str, Any] = {_KEY[row.name]: value for row, raw in address.attributes() for value in _shown(raw)}
    teletex = {_KEY[row.name]: value for row in ATTRIBUTES for value in _shown_teletex(address, row)}
    return {**found, _TELETEX: teletex} if teletex else found


def _shown(value: Any) -> Iterator[Any]:
    """The printable variant, if there is one."""
    if isinstance(value, PDSParameter):
        if value.printable_string is not None:
            yield value.printable_string
    elif isinstance(value, UnformattedPostalAddress):
        if value.printable_address is not None:
            yield list(value.printable_address)
    elif isinstance(value, tuple):
        yield [list(one) if isinstance(one, tuple) else one for one in value]
    else:
        yield int(value) if isinstance(value, int) else value


def _shown_teletex(address: ORAddress, row: Attribute) -> Iterator[Any]:
    if row.name in _ONE_SET:
        value = getattr(address, row.name)
        if value is not None and value.teletex_string is not None:
            yield value.teletex_string.hex()
    elif row.teletex is not None:
        value = getattr(address, f"teletex_{row.name}")
        if isinstance(value, bytes):
            yield value.hex()
        elif value:
            yield [[part.hex() for part in one] if isinstance(one, tuple) else one.hex() for one in value]
