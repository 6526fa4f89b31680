"""The parameters of SPDUs (X.225 8.2 and 8.3): codes, lengths, and the TLV form in which they are written.

A parameter is a PI unit, or stands with others in a PGI unit. `Field` names each place where one can stand, so that the
same code in two places (the serial number of MIP and that of the linking information) is two fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import groupby

from gateway.errors import ProtocolError

CLAUSE = "X.225 8.2"
LONG_LENGTH = 0xFF
LARGEST = 65535
REFERENCE_LENGTH, ADDITIONAL_LENGTH, SELECTOR_LENGTH, ACTIVITY_LENGTH = 64, 4, 16, 6


class Field(Enum):
    """A parameter in its place: PGI (0 when it stands alone), PI (0 when the PGI itself holds the value), shortest, longest.

    A parameter of length 0 counts as absent whatever its shortest length (X.225 8.2.6).
    """

    CALLED_REFERENCE = (1, 9, 0, REFERENCE_LENGTH)
    CALLING_REFERENCE = (1, 10, 0, REFERENCE_LENGTH)
    COMMON_REFERENCE = (1, 11, 0, REFERENCE_LENGTH)
    ADDITIONAL_REFERENCE = (1, 12, 0, ADDITIONAL_LENGTH)
    PROTOCOL_OPTIONS = (5, 19, 1, 1)
    TSDU_SIZE = (5, 21, 4, 4)
    VERSION = (5, 22, 1, 1)
    INITIAL_SERIAL = (5, 23, 1, 6)
    TOKEN_SETTING = (5, 26, 1, 1)
    SYNC_TYPE = (0, 15, 1, 1)
    TOKENS = (0, 16, 1, 1)
    TRANSPORT_DISCONNECT = (0, 17, 1, 1)
    REQUIREMENTS = (0, 20, 2, 2)
    VERSION_OF_REFUSAL = (0, 22, 1, 1)
    ENCLOSURE = (0, 25, 1, 1)
    LINK_CALLED = (33, 9, 0, REFERENCE_LENGTH)
    LINK_CALLING = (33, 10, 0, REFERENCE_LENGTH)
    LINK_COMMON = (33, 11, 0, REFERENCE_LENGTH)
    LINK_ADDITIONAL = (33, 12, 0, ADDITIONAL_LENGTH)
    LINK_ACTIVITY = (33, 41, 1, ACTIVITY_LENGTH)
    LINK_SERIAL = (33, 42, 1, 6)
    ACTIVITY = (0, 41, 1, ACTIVITY_LENGTH)
    SERIAL = (0, 42, 1, 6)
    REFLECT = (0, 49, 0, LARGEST)
    REASON = (0, 50, 1, LARGEST)
    CALLING_SELECTOR = (0, 51, 0, SELECTOR_LENGTH)
    SELECTOR = (0, 52, 0, SELECTOR_LENGTH)  # called in CN, responding in AC
    DATA_OVERFLOW = (0, 60, 1, 1)
    USER_DATA = (193, 0, 0, LARGEST)
    EXTENDED_USER_DATA = (194, 0, 0, LARGEST)

    def __init__(self, pgi: int, pi: int, shortest: int, longest: int) -> None:
        self.pgi, self.pi, self.shortest, self.longest = pgi, pi, shortest, longest

    def __repr__(self) -> str:
        return self.name


Fields = Mapping[Field, bytes]
_GROUPS = frozenset(field.pgi for field in Field if field.pgi and field.pi)
_FIELDS = {(field.pgi, field.pi): field for field in Field}


def decode_fields(octets: bytes, allowed: frozenset[Field]) -> dict[Field, bytes]:
    """The parameters of an SPDU, in the order in which they stand there.

    Parameters out of order are accepted, unknown ones are skipped (X.225 8.2.8), and of two the last one counts.

    Raises:
        ProtocolError: A length runs past its unit, or a value is longer or shorter than the standard allows.
    """
    found: dict[Field, bytes] = {}
    for code, value in _units(octets):
        if code in _GROUPS:
            members = [(_FIELDS.get((code, pi)), member) for pi, member in _units(value)]
        else:
            members = [(_FIELDS.get((0, code)) or _FIELDS.get((code, 0)), value)]
        found.update((field, _checked(field, member)) for field, member in members if field is not None and field in allowed)
    return found


def _units(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """The PGI or PI units of one level: code and value."""
    at = 0
    while at < len(octets):
        header = length_at(octets, at + 1)
        if header is None or header[1] + header[0] > len(octets):
            raise ProtocolError("session", f"parameter {octets[at]} runs past its unit", clause=CLAUSE)
        length, start = header
        yield octets[at], octets[start : start + length]
        at = start + length


def _checked(field: Field, value: bytes) -> bytes:
    """The value of a parameter whose length is within the standard's limits."""
    if value and not field.shortest <= len(value) <= field.longest:
        raise ProtocolError("session", f"{field.name} of {len(value)} octets", clause="X.225 8.3")
    return value


def length_at(octets: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """A length indicator: the length and where the contents begin; None when octets are missing (X.225 8.2.5)."""
    if at >= len(octets):
        return None
    if octets[at] != LONG_LENGTH:
        return octets[at], at + 1
    # The long form for fewer than 255 octets is not allowed, but does no harm.
    return (int.from_bytes(octets[at + 1 : at + 3], "big"), at + 3) if at + 3 <= len(octets) else None


def encode_unit(code: int, value: bytes) -> bytes:
    """One PGI, PI or SPDU unit: code, length indicator, value.

    Raises:
        ProtocolError: More than 65535 octets.
    """
    if len(value) < LONG_LENGTH:
        return bytes((code, len(value))) + value
    if len(value) > LARGEST:
        raise ProtocolError("session", f"{len(value)} octets in one unit, 65535 fit", clause=CLAUSE, ours=True)
    return bytes((code, LONG_LENGTH)) + len(value).to_bytes(2, "big") + value


def encode_fields(fields: Fields) -> bytes:
    """The parameters in ascending order of their codes (X.225 8.2.7); an empty value is written with length 0.

    Raises:
        ProtocolError: A value is longer or shorter than the standard allows: a fault of ours.
    """
    for field, value in fields.items():
        if value and not field.shortest <= len(value) <= field.longest:
            raise ProtocolError("session", f"{field.name} of {len(value)} octets", clause="X.225 8.3", ours=True)
    found = []
    ordered = sorted(fields, key=lambda field: (field.pgi or field.pi, field.pi))
    for (code, grouped), members in groupby(ordered, key=lambda field: (field.pgi or field.pi, bool(field.pgi and field.pi))):
        if grouped:
            found.append(encode_unit(code, b"".join(encode_unit(field.pi, fields[field]) for field in members)))
        else:
            found += [encode_unit(code, fields[field]) for field in members]
    return b"".join(found)


def serial_from_octets(octets: bytes) -> int:
    """A serial number: one to six decimal digits. Leading zeros are tolerated (X.225 8.3.16.3 forbids none).

    Raises:
        ProtocolError: Anything else.
    """
    if not 1 <= len(octets) <= 6 or not octets.isdigit():
        raise ProtocolError("session", f"serial number {octets[:8].hex(' ') or 'missing'}", clause="X.225 8.3")
    return int(octets)


def octets_from_serial(serial: int) -> bytes:
    """A serial number without leading zeros."""
    return b"%d" % serial
