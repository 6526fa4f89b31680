"""The TPDUs of COTP class 0 (X.224 13): their octets and nothing of their procedure.

A TPDU is a length indicator, a code, a fixed part and a variable part of parameters; only DT carries user data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from gateway.errors import ProtocolError
from gateway.osi.tpkt import LARGEST_TPDU

CLAUSE = "X.224 13"
DT_HEADER = 3
END_OF_TSDU = 0x80
SMALLEST_SIZE_CODE, LARGEST_SIZE_CODE = 7, 13  # 128 to 8192 octets
NEGOTIATION_FAILED = 130  # DR reason, X.224 13.5.3


class Code(IntEnum):
    """TPDU codes, the upper half of the second octet."""

    CR = 0xE0
    CC = 0xD0
    DR = 0x80
    DT = 0xF0
    ER = 0x70


class Item(IntEnum):
    """Parameters of the variable part that class 0 knows (X.224 13.3.4)."""

    TPDU_SIZE = 0xC0
    CALLING = 0xC1
    CALLED = 0xC2
    ALTERNATIVE_CLASSES = 0xC7
    PREFERRED_SIZE = 0xF0


@dataclass(frozen=True, slots=True, kw_only=True)
class TPDU:
    """A decoded TPDU.

    Attributes:
        destination: DST-REF, of all but DT.
        source: SRC-REF, of CR, CC and DR.
        option: The octet of class and options of CR and CC, the reason of DR, the reject cause of ER.
        end: Of DT: the last one of its TSDU.
        data: User data of DT.
    """

    code: Code
    destination: int = 0
    source: int = 0
    option: int = 0
    items: Mapping[int, bytes] = field(default_factory=dict)
    end: bool = True
    data: bytes = b""


_FIXED = {Code.CR: 6, Code.CC: 6, Code.DR: 6, Code.DT: 2, Code.ER: 4}
"""The length indicator without a variable part, per code."""


def decode_tpdu(octets: bytes) -> TPDU:
    """Decode one TPDU.

    Raises:
        ProtocolError: It is none of class 0, or its lengths lie.
    """
    if not octets:
        raise ProtocolError("COTP", "a TPDU without octets", clause=f"{CLAUSE}.2.1")
    header = octets[0] + 1
    if octets[0] == 255 or header > len(octets) or header < 2:
        raise ProtocolError("COTP", f"length indicator {octets[0]} in a TPDU of {len(octets)} octets", clause=f"{CLAUSE}.2.1")
    try:
        code = Code(octets[1] & 0xF0)
    except ValueError:
        raise ProtocolError("COTP", f"TPDU code {octets[1]:02X} has no place in class 0", clause=CLAUSE) from None
    if octets[0] < _FIXED[code] or (code is Code.DT and octets[0] != _FIXED[code]):
        raise ProtocolError("COTP", f"length indicator {octets[0]} in {code.name}", clause=CLAUSE)
    if code is Code.DT:
        return TPDU(code=code, end=bool(octets[2] & END_OF_TSDU), data=octets[header:])
    return TPDU(
        code=code,
        destination=int.from_bytes(octets[2:4], "big"),
        source=int.from_bytes(octets[4:6], "big") if code is not Code.ER else 0,
        option=octets[_FIXED[code]],
        items=_decode_items(octets[_FIXED[code] + 1 : header]),
    )


def _decode_items(octets: bytes) -> dict[int, bytes]:
    """The variable part; of a parameter that comes twice the last one counts (X.224 13.2.3)."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(octets):
        value = at + 2
        if value > len(octets) or value + octets[at + 1] > len(octets):
            raise ProtocolError("COTP", f"parameter {octets[at]:02X} runs past the header", clause=f"{CLAUSE}.2.3")
        at = value + octets[at + 1]
        found[octets[value - 2]] = octets[value:at]
    return found


def encode_tpdu(tpdu: TPDU) -> bytes:
    """Encode a TPDU.

    Raises:
        ProtocolError: The header does not fit into 254 octets: a selector is too long.
    """
    if tpdu.code is Code.DT:
        return bytes((2, Code.DT, END_OF_TSDU if tpdu.end else 0)) + tpdu.data
    fixed = tpdu.destination.to_bytes(2, "big") + (b"" if tpdu.code is Code.ER else tpdu.source.to_bytes(2, "big"))
    items = b"".join(bytes((code, len(value))) + value for code, value in tpdu.items.items())
    header = bytes((tpdu.code,)) + fixed + bytes((tpdu.option,)) + items
    if len(header) > 254:
        raise ProtocolError("COTP", f"the header of {tpdu.code.name} has {len(header)} octets, 254 fit", clause=CLAUSE, ours=True)
    return bytes((len(header),)) + header


def size_from_items(items: Mapping[int, bytes]) -> int | None:
    """The largest TPDU, in octets, that the parameters of CR or CC name; None when they name none."""
    preferred = int.from_bytes(items.get(Item.PREFERRED_SIZE, b""), "big") * 128
    if preferred:
        return min(preferred, LARGEST_TPDU)
    code = items.get(Item.TPDU_SIZE, b"")
    if len(code) != 1 or code[0] < SMALLEST_SIZE_CODE:
        return None
    return min(1 << min(code[0], 16), LARGEST_TPDU)


def items_from_size(size: int) -> dict[int, bytes]:
    """The TPDU size parameter for at most ``size`` octets: a power of two from 128 to 8192; nothing above, which means 65531."""
    if size >= LARGEST_TPDU:
        return {}
    code = min(max(size.bit_length() - 1, SMALLEST_SIZE_CODE), LARGEST_SIZE_CODE)
    return {Item.TPDU_SIZE: bytes((code,))}
