"""SPDUs (X.225 8.3): which there are, what each may hold, and their octets.

The first SPDU of a TSDU tells how the rest is to be read: after GT or PT (category 0) the codes of category 2 follow,
anything else (category 1) stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from gateway.errors import ProtocolError
from gateway.osi.session.parameters import Field, decode_fields, encode_fields, encode_unit, serial_from_octets

_CONNECT_ITEM = (Field.PROTOCOL_OPTIONS, Field.TSDU_SIZE, Field.VERSION, Field.INITIAL_SERIAL, Field.TOKEN_SETTING)
_ANSWER_REFERENCE = (Field.CALLED_REFERENCE, Field.COMMON_REFERENCE, Field.ADDITIONAL_REFERENCE)
_DATA = (Field.ENCLOSURE, Field.USER_DATA)


class Kind(Enum):
    """The SPDUs: SI, category, parameters. MAP and MAA share the codes of AE and AEA; RTSE has no use for them."""

    CN = (
        13,
        1,
        Field.CALLING_REFERENCE,
        Field.COMMON_REFERENCE,
        Field.ADDITIONAL_REFERENCE,
        *_CONNECT_ITEM,
        Field.REQUIREMENTS,
        Field.CALLING_SELECTOR,
        Field.SELECTOR,
        Field.DATA_OVERFLOW,
        Field.USER_DATA,
        Field.EXTENDED_USER_DATA,
    )
    AC = (14, 1, *_ANSWER_REFERENCE, *_CONNECT_ITEM, Field.TOKENS, Field.REQUIREMENTS, Field.CALLING_SELECTOR, Field.SELECTOR, *_DATA)
    RF = (
        12,
        1,
        *_ANSWER_REFERENCE,
        Field.TRANSPORT_DISCONNECT,
        Field.REQUIREMENTS,
        Field.VERSION_OF_REFUSAL,
        Field.ENCLOSURE,
        Field.REASON,
    )
    FN = (9, 1, Field.TRANSPORT_DISCONNECT, *_DATA)
    DN = (10, 1, *_DATA)
    NF = (8, 1, *_DATA)
    AB = (25, 1, Field.TRANSPORT_DISCONNECT, Field.REFLECT, *_DATA)
    AA = (26, 1)
    GTC = (21, 1)
    GTA = (22, 1)
    GT = (1, 0, Field.TOKENS, *_DATA)
    PT = (2, 0, Field.TOKENS, *_DATA)
    DT = (1, 2, Field.ENCLOSURE)
    MIP = (49, 2, Field.SYNC_TYPE, Field.SERIAL, *_DATA)
    MIA = (50, 2, Field.SERIAL, *_DATA)
    AS = (45, 2, Field.ACTIVITY, *_DATA)
    AR = (
        29,
        2,
        Field.LINK_CALLED,
        Field.LINK_CALLING,
        Field.LINK_COMMON,
        Field.LINK_ADDITIONAL,
        Field.LINK_ACTIVITY,
        Field.LINK_SERIAL,
        Field.ACTIVITY,
        *_DATA,
    )
    AE = (41, 2, Field.SYNC_TYPE, Field.SERIAL, *_DATA)
    AEA = (42, 2, Field.SERIAL, *_DATA)
    AI = (25, 2, Field.REASON, *_DATA)
    AIA = (26, 2, *_DATA)
    AD = (57, 2, Field.REASON, *_DATA)
    ADA = (58, 2, *_DATA)
    ED = (48, 2, Field.REASON, *_DATA)
    ER = (0, 2, Field.REFLECT)

    def __init__(self, si: int, category: int, *allowed: Field) -> None:
        self.si, self.category, self.allowed = si, category, frozenset(allowed)

    def __repr__(self) -> str:
        return self.name


KINDS = {(kind.category, kind.si): kind for kind in Kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class SPDU:
    """A decoded SPDU. The user information of DT is not part of it: it comes in slices.

    Attributes:
        fields: Its parameters; one that is there with length 0 has an empty value.
    """

    kind: Kind
    fields: Mapping[Field, bytes] = field(default_factory=dict)

    def octets(self, name: Field) -> bytes:
        """Value of a parameter, empty when absent."""
        return self.fields.get(name, b"")

    def number(self, name: Field, default: int = 0) -> int:
        """Value of a parameter as a binary number."""
        value = self.octets(name)
        return int.from_bytes(value, "big") if value else default

    @property
    def serial(self) -> int:
        """The serial number.

        Raises:
            ProtocolError: It is missing or has other characters than digits.
        """
        return serial_from_octets(self.octets(Field.SERIAL))

    @property
    def user_data(self) -> bytes:
        """User data or extended user data."""
        return self.octets(Field.USER_DATA) or self.octets(Field.EXTENDED_USER_DATA)

    @property
    def reason(self) -> int:
        """First octet of the reason code, 0 when absent."""
        return (self.octets(Field.REASON) or b"\0")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInformation:
    """A slice of the user information of a DT SPDU; ``end`` with the end of its TSDU."""

    data: bytes
    end: bool


def decode_spdu(category: int, si: int, parameters: bytes) -> SPDU:
    """One SPDU from its code and parameters.

    Raises:
        ProtocolError: No such SPDU in that category, or its parameters are malformed.
    """
    kind = KINDS.get((category, si))
    if kind is None:
        raise ProtocolError("session", f"SPDU {si} of category {category} is not of a functional unit in use", clause="X.225 6.3.7")
    return SPDU(kind=kind, fields=decode_fields(parameters, kind.allowed))


def encode_spdu(kind: Kind, fields: Mapping[Field, bytes] | None = None) -> bytes:
    """The octets of one SPDU, without a prefix.

    Raises:
        ProtocolError: A value is too long; a fault of ours.
    """
    return encode_unit(kind.si, encode_fields(fields or {}))


GIVE_PREFIX = bytes((Kind.GT.si, 0))
PLEASE_PREFIX = bytes((Kind.PT.si, 0))
# Deviation: X.225 table 7 is read by some as PT before AR. Peer: ISODE sends GT, and it is the owner of the tokens who speaks.
_GIVEN = frozenset({Kind.DT, Kind.MIP, Kind.AS, Kind.AR, Kind.AD, Kind.AI, Kind.AE})


def encode_tsdu(kind: Kind, fields: Mapping[Field, bytes] | None = None) -> bytes:
    """A TSDU with one SPDU, with the empty GT or PT in front that category 2 needs (X.225 6.3.7)."""
    prefix = b""
    if kind.category == 2:
        prefix = GIVE_PREFIX if kind in _GIVEN else PLEASE_PREFIX
    return prefix + encode_spdu(kind, fields)
