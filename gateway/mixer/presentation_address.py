"""Presentation addresses as text: RFC 1278, the value of ``NET-PSAP`` (RFC 2156 4.1.1).

A text is up to three selectors (presentation, session, transport), each with a slash behind it, and network addresses. All forms of
RFC 1278 are read; written are hexadecimal selectors, the user's form of a network address where it says the same octets, else ``NS+``.
The octets of a network address are those of ISO 8348 (X.213 Annex A), below the telex number of RFC 1277 with its digits for RFC 1006
and X.25(80).

# Deviation: RFC 1278 writes ``_`` between network addresses, which the grammar of RFC 2156 4.1.3 has no place for; the bar that stands
there between the lines of a postal address is written instead. Both are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.mixer.text import TextError
from gateway.x400.extension_attributes import PresentationAddress

_LONGEST: Final = 20
"""Octets of a network address (ISO 8348)."""
_MOST_ADDRESSES: Final = 16
_MOST_MACROS: Final = 8
_NETWORKS: Final = re.compile(r"[_|]")
_HEX_SELECTOR: Final = re.compile(r"'((?:[0-9A-Fa-f]{2})*)'H")
_IA5_SELECTOR: Final = re.compile(r'"([\x20\x21\x23-\x7e]*)"')
_NUMBER_SELECTOR: Final = re.compile(r"#([0-9]{1,5})")
_DIGITS: Final = re.compile(r"[0-9]+")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_DOTTED: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3})+")
_RFC_1277: Final = "5400728722"
"""AFI and IDI of the telex number below which RFC 1277 puts networks that are not OSI's."""

MACROS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Int-X25(80)": "TELEX+00728722+X.25(80)+01+",
        "Janet-X25(80)": "TELEX+00728722+X.25(80)+02+",
        "Internet-RFC-1006": "TELEX+00728722+RFC-1006+03+",
        # Deviation: RFC 1278 has RFC-1006 here, but IXI was a network of X.25, and ISODE's own table has that.
        "IXI": "TELEX+00728722+X.25(80)+06+",
        # Peer: the names of ISODE, in the addresses that people have.
        "X25(80)": "TELEX+00728722+X.25(80)+",
        "TCP": "TELEX+00728722+RFC-1006+",
        "Int-X25": "X25(80)=01+",
        "Janet": "X25(80)=02+",
        "Internet": "TCP=03+",
        "localTCP": "TCP=05+",
        "NS": "NS+",
        "NSAP": "NS+",
        "realNS": "NS+",
    }
)
"""Macros of RFC 1278 section 6 and of ISODE; only read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Format:
    """One format of the initial domain part (X.213 table A.3).

    Attributes:
        digits: Length of the IDI; it is filled up to it unless ``fixed``.
        decimal, binary: AFI by the syntax of what follows.
        zeros: The two of them where the IDI begins with a zero that counts.
    """

    name: str
    digits: int
    decimal: str
    binary: str
    zeros: tuple[str, str] | None = None
    characters: str = ""

    def afi(self, idi: str, *, binary: bool) -> str:
        """The AFI for an IDI."""
        plain = (self.decimal, self.binary)
        return (self.zeros if self.zeros and idi.startswith("0") else plain)[binary]


_FORMATS: Final = (
    _Format(name="X121", digits=14, decimal="36", binary="37", zeros=("52", "53")),
    _Format(name="DCC", digits=3, decimal="38", binary="39"),
    _Format(name="TELEX", digits=8, decimal="40", binary="41", zeros=("54", "55")),
    _Format(name="PSTN", digits=12, decimal="42", binary="43", zeros=("56", "57")),
    _Format(name="ISDN", digits=15, decimal="44", binary="45", zeros=("58", "59")),
    _Format(name="ICD", digits=4, decimal="46", binary="47"),
    _Format(name="LOCAL", digits=0, decimal="48", binary="49", characters="50"),
)
_FORMAT_BY_NAME: Final = {one.name: one for one in _FORMATS}
_FORMAT_BY_AFI: Final = {
    afi: one for one in _FORMATS for afi in (one.decimal, one.binary, *(one.zeros or ()), *([one.characters] if one.characters else []))
}

# --- reading -------------------------------------------------------------------------------------------------------------------------


def presentation_address_from_text(text: str) -> PresentationAddress:
    """Read a presentation address.

    Raises:
        TextError: Not of the form, or a domain name instead of an IP address: nothing is looked up here.
    """
    *selectors, networks = text.split("/")
    if len(selectors) > 3:
        raise TextError(f"{text[:80]!r} has more than three selectors (RFC 1278)")
    padded = [*(None,) * (3 - len(selectors)), *map(_selector_from_text, selectors)]
    parts = _NETWORKS.split(networks)
    if len(parts) > _MOST_ADDRESSES:
        raise TextError(f"{text[:80]!r} has more than {_MOST_ADDRESSES} network addresses")
    addresses = tuple(network_address_from_text(part) for part in parts)
    return PresentationAddress(p_selector=padded[0], s_selector=padded[1], t_selector=padded[2], n_addresses=addresses)


def _selector_from_text(text: str) -> bytes:
    if (match := _HEX_SELECTOR.fullmatch(text)) is not None:
        return bytes.fromhex(match.group(1))
    if (match := _IA5_SELECTOR.fullmatch(text)) is not None:
        return match.group(1).encode("ascii")
    if (match := _NUMBER_SELECTOR.fullmatch(text)) is not None and int(match.group(1)) <= 0xFFFF:
        return int(match.group(1)).to_bytes(2, "big")
    if not text:
        return b""
    raise TextError(f"selector {text[:40]!r} is neither \"text\", #number nor 'hexadecimal'H (RFC 1278)")


def network_address_from_text(text: str) -> bytes:
    """The octets of one network address.

    Raises:
        TextError: Not of the form of RFC 1278, or longer than 20 octets.
    """
    expanded = _expanded(text)
    parts = expanded.split("+")
    if parts[0] == "NS" and len(parts) == 2:
        octets = _octets(parts[1])
    elif parts[0] in _FORMAT_BY_NAME and len(parts) > 1:
        octets = bytes.fromhex(_filled(_digits_of(_FORMAT_BY_NAME[parts[0]], parts[1], parts[2:])))
    elif _DIGITS.fullmatch(parts[0]) and len(parts) == 2 and _HEX.fullmatch(parts[1]):
        octets = bytes.fromhex(_filled(parts[0]) + parts[1])
    else:
        raise _wrong(text)
    if not 0 < len(octets) <= _LONGEST:
        raise TextError(f"network address {text[:80]!r} is longer than {_LONGEST} octets (ISO 8348)")
    return octets


def _wrong(text: str) -> TextError:
    return TextError(f"{text[:80]!r} is no network address such as NS+4700... or TELEX+00728722+RFC-1006+03+10.0.0.6 (RFC 1278)")


def _expanded(text: str) -> str:
    """The text with macros replaced, a bounded number of times."""
    for _ in range(_MOST_MACROS):
        name, equals, rest = text.partition("=")
        if not equals:
            return text
        if name not in MACROS:
            raise TextError(f"{name[:40]!r} is not a known macro of network addresses (RFC 1278 6)")
        text = MACROS[name] + rest
    raise _wrong(text)


def _octets(text: str) -> bytes:
    """``dothexstring``."""
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    numbers = [int(each) for each in text.split(".")] if _DOTTED.fullmatch(text) else [256]
    if max(numbers) > 255:
        raise _wrong(text)
    return bytes(numbers)


def _filled(digits: str) -> str:
    """Digits as whole octets (X.213 A.7: a semi-octet of ones at the end)."""
    return digits + "f" * (len(digits) % 2)


def _digits_of(format_: _Format, idi: str, dsp: Sequence[str]) -> str:
    """The semi-octets of a network address in the user's form."""
    fixed = format_.zeros is None
    if len(idi) > format_.digits or (fixed and len(idi) != format_.digits) or (idi and not _DIGITS.fullmatch(idi)):
        raise TextError(f"{idi[:40]!r} are not the {format_.digits} digits that {format_.name} has (RFC 1278)")
    if dsp and dsp[0][:1] == "l" and format_.characters:
        return format_.characters + "".join(f"{_code(each):02d}" for each in "+".join(dsp)[1:])
    syntax, digits = _dsp(dsp)
    afi = format_.afi(idi, binary=syntax == "x")
    # X.213 A.5.2.1: filled up with ones where zeros count, else with zeros.
    pad = "1" if format_.zeros and afi in format_.zeros else "0"
    initial = afi + idi.rjust(format_.digits, pad)
    return (_filled(initial) if syntax == "x" else initial) + digits


def _code(character: str) -> int:
    if not " " <= character <= "~":
        raise _wrong(character)
    return ord(character) - 32


def _dsp(dsp: Sequence[str]) -> tuple[str, str]:
    """Syntax of the domain specific part, ``d`` or ``x``, and its semi-octets."""
    if not dsp:
        return "d", ""
    reader = _DSP_READERS.get(dsp[0])
    if reader is not None:
        return reader(dsp[1:])
    letter, value = dsp[0][:1], dsp[0][1:]
    if len(dsp) > 1 or not value:
        raise _wrong("+".join(dsp))
    if letter == "d" and _DIGITS.fullmatch(value):
        return "d", value
    if letter == "x":
        return "x", _octets(value).hex()
    raise _wrong(value)


def _rfc_1006_dsp(parts: Sequence[str]) -> tuple[str, str]:
    """RFC 1277: prefix, twelve digits of the IP address, five of the port, five of the transport set."""
    prefix, host, *numbers = parts if len(parts) > 1 else ("", "")
    if len(prefix) != 2 or not _DIGITS.fullmatch(prefix) or len(numbers) > 2:
        raise _wrong("+".join(parts))
    octets = _octets(host) if _DOTTED.fullmatch(host) else b""
    if len(octets) != 4:
        raise TextError(f"{host[:80]!r} has to be an IP address in four numbers: nothing is looked up here (RFC 1278)")
    if not all(_DIGITS.fullmatch(number) and int(number[:6]) <= 0xFFFF for number in numbers):
        raise _wrong("+".join(parts))
    return "d", prefix + "".join(f"{octet:03d}" for octet in octets) + "".join(f"{int(number):05d}" for number in numbers)


_KINDS: Final = ("", "PID", "CUDF")


def _x25_dsp(parts: Sequence[str]) -> tuple[str, str]:
    """RFC 1277: prefix, a digit for what goes with the DTE address, that with its length, the DTE address."""
    if len(parts) not in (2, 4) or not all(_DIGITS.fullmatch(part) for part in parts[:2]) or len(parts[0]) != 2:
        raise _wrong("+".join(parts))
    prefix, dte = parts[:2]
    if len(parts) == 2:
        return "d", f"{prefix}0{dte}"
    # RFC 1278 prints quotes around the octets in its example and none in its grammar.
    kind, octets = parts[2], parts[3].strip('"')
    if kind not in _KINDS[1:] or not _HEX.fullmatch(octets) or len(octets) > 18:
        raise _wrong("+".join(parts))
    data = bytes.fromhex(octets)
    return "d", f"{prefix}{_KINDS.index(kind)}{len(data)}{''.join(f'{octet:03d}' for octet in data)}{dte}"


def _ecma_dsp(lengths: tuple[int, int, int], syntax: str) -> Callable[[Sequence[str]], tuple[str, str]]:
    """ECMA-117: subnetwork, its address, selector; the middle one may be shorter."""

    def read(parts: Sequence[str]) -> tuple[str, str]:
        pattern = _HEX if syntax == "x" else _DIGITS
        if len(parts) != 3 or not all(pattern.fullmatch(part) for part in parts):
            raise _wrong("+".join(parts))
        if (len(parts[0]), len(parts[2])) != (lengths[0], lengths[2]) or len(parts[1]) > lengths[1]:
            raise _wrong("+".join(parts))
        return syntax, "".join(parts)

    return read


_DSP_READERS: Final[Mapping[str, Callable[[Sequence[str]], tuple[str, str]]]] = MappingProxyType(
    {
        "RFC-1006": _rfc_1006_dsp,
        "X.25(80)": _x25_dsp,
        "X25(80)": _x25_dsp,  # as RFC 1278 has it in its macros
        "ECMA-117-Binary": _ecma_dsp((4, 12, 2), "x"),
        "ECMA-117-Decimal": _ecma_dsp((5, 15, 3), "d"),
    }
)

# --- writing -------------------------------------------------------------------------------------------------------------------------


def text_from_presentation_address(address: PresentationAddress) -> str:
    """Write a presentation address; an absent selector before one that is there is written as an empty one, which means the same.

    Raises:
        TextError: It has no network address, or more than are read.
    """
    if not 0 < len(address.n_addresses) <= _MOST_ADDRESSES:
        raise TextError(f"a presentation address with {len(address.n_addresses)} network addresses has no text form")
    selectors = [address.p_selector, address.s_selector, address.t_selector]
    while selectors and selectors[0] is None:
        selectors.pop(0)
    networks = "|".join(map(text_from_network_address, address.n_addresses))
    return "".join(f"'{selector.hex().upper()}'H/" if selector else "/" for selector in selectors) + networks


def text_from_network_address(octets: bytes) -> str:
    """One network address: RFC 1006 or X.25(80) below the number of RFC 1277, AFI and IDI by name, else ``NS+``."""
    for candidate in (_non_osi_text(octets.hex()), _osi_text(octets.hex())):
        if candidate is not None and _means(candidate, octets):
            return candidate
    return f"NS+{octets.hex().upper()}"


def _means(text: str, octets: bytes) -> bool:
    try:
        return network_address_from_text(text) == octets
    except TextError:
        return False


def _osi_text(digits: str) -> str | None:
    format_ = _FORMAT_BY_AFI.get(digits[:2])
    if format_ is None or digits[:2] == format_.characters:
        return None
    initial, rest = digits[2 : 2 + format_.digits], digits[2 + format_.digits :]
    pad = "1" if format_.zeros and digits[:2] in format_.zeros else "0"
    idi = initial if format_.zeros is None else initial.lstrip(pad)
    binary = int(digits[:2]) % 2 == 1
    dsp = f"+x{rest[format_.digits % 2 :]}" if binary else f"+d{rest.removesuffix('f')}"
    return f"{format_.name}+{idi}{dsp if len(dsp) > 2 else ''}"


def _non_osi_text(digits: str) -> str | None:
    """RFC 1277: the prefix says which network, 03 the Internet and 05 one's own, 01, 02 and 06 networks of X.25."""
    if not digits.startswith(_RFC_1277):
        return None
    prefix, dsp = digits[10:12], digits[12:].removesuffix("f")
    if prefix in ("03", "05") and len(dsp) in (12, 17, 22) and dsp.isdecimal():
        host = ".".join(str(int(dsp[at : at + 3])) for at in range(0, 12, 3))
        ports = "".join(f"+{int(dsp[at : at + 5])}" for at in range(12, len(dsp), 5))
        return f"TELEX+00728722+RFC-1006+{prefix}+{host}{ports}"
    if prefix in ("01", "02", "06") and dsp.isdecimal():
        return f"TELEX+00728722+X.25(80)+{prefix}+{_x25_text(dsp)}"
    return None


def _x25_text(dsp: str) -> str:
    if dsp[0] == "0" or not dsp[1:2]:
        return dsp[1:]
    end = 2 + 3 * int(dsp[1])
    octets = [int(dsp[at : at + 3]) for at in range(2, end, 3) if dsp[at : at + 3]]
    kind = _KINDS[int(dsp[0])] if int(dsp[0]) < len(_KINDS) else ""
    return f"{dsp[end:]}+{kind}+{''.join(f'{octet:02x}' for octet in octets)}"
