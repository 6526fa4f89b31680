"""Macros of SPF records (RFC 7208 section 7), and which names can be asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

_MACRO = re.compile(r"%(?:\{([slodiphv])([0-9]{0,3})(r?)([-.+,/_=]*)\}|([%_-]))", re.IGNORECASE)
_LITERAL = re.compile(r"[\x21-\x24\x26-\x7e]*")
_END = re.compile(r"\.(?![0-9]+\.?\Z)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?\Z")
_SIGNS = {"%": "%", "_": " ", "-": "%20"}
_LONGEST_NAME = 253


def is_domain(name: str) -> bool:
    """Whether a name can be asked for: labels of 1 to 63 octets, 253 in all."""
    plain = name.removesuffix(".")
    return 0 < len(plain) <= _LONGEST_NAME and all(0 < len(label.encode()) <= 63 for label in plain.split("."))


def is_macro_string(text: str) -> bool:
    """Whether text is a macro-string: visible ASCII whose percent signs all begin a macro."""
    return _LITERAL.fullmatch(_MACRO.sub(_checked, text)) is not None


def _checked(match: re.Match[str]) -> str:
    # ``%`` fails the literal: a macro that takes zero parts is no macro.
    return "%" if match.group(2) and int(match.group(2)) == 0 else ""


def is_domain_spec(text: str) -> bool:
    """Whether text is a domain-spec: a macro-string that ends with a macro or a top label (section 7.1)."""
    if not text or not is_macro_string(text):
        return False
    ends = [match.end() for match in _MACRO.finditer(text) if match.group(1) is not None]
    return (bool(ends) and ends[-1] == len(text)) or _END.search(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Macros:
    """The values of the macro letters in one check."""

    client: IPv4Address | IPv6Address
    sender: str
    helo: str
    domain: str

    def asks_for_name(self, spec: str) -> bool:
        """Whether expansion needs the validated name of the client, the letter p."""
        return any((match.group(1) or "").lower() == "p" for match in _MACRO.finditer(spec))

    def expand(self, spec: str, *, validated: str = "") -> str:
        """The name that a domain-spec means; whole labels are left out on the left where it is too long (section 7.3)."""
        name = _MACRO.sub(lambda match: self._value(match, validated), spec).rstrip(".")
        while len(name) > _LONGEST_NAME and "." in name:
            name = name.partition(".")[2]
        return name

    def _value(self, match: re.Match[str], validated: str) -> str:
        letter, digits, reverse, delimiters, sign = match.groups()
        if sign is not None:
            return _SIGNS[sign]
        parts = re.split(f"[{re.escape(delimiters or '.')}]", self._letter(letter.lower(), validated))
        if reverse:
            parts.reverse()
        value = ".".join(parts[-int(digits) :] if digits else parts)
        return quote(value, safe="-._~") if letter.isupper() else value

    def _letter(self, letter: str, validated: str) -> str:
        local, _, domain = self.sender.rpartition("@")
        plain = self.client.version == 4
        values = {
            "s": self.sender, "l": local, "o": domain, "d": self.domain, "p": validated, "h": self.helo,
            "i": str(self.client) if plain else ".".join(self.client.exploded.replace(":", "")), "v": "in-addr" if plain else "ip6",
        }  # fmt: skip
        return values[letter]
