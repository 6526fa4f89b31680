"""Mailboxes as the mapping reads them: ``[route] addr-spec`` (RFC 2156 4.3, RFC 5322 3.4.1), in universal attributes beyond ASCII too."""

from __future__ import annotations

import re
from typing import Final

from gateway.mixer.mapped import AddressError

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+"
_WORD: Final = rf'(?:{_ATOM}|"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*")'
_DOMAIN_TEXT: Final = rf"(?:{_ATOM}(?:\.{_ATOM})*\.?|\[[^\[\]\\\x00-\x20\x7f]*\])"
_ROUTE: Final = r"((?:@[^@,:\x00-\x20\x7f\"<>()\\]+,?)+:)?"
ADDR_SPEC: Final = re.compile(rf"{_ROUTE}({_WORD}(?:\.{_WORD})*)@({_DOMAIN_TEXT})")
_UTF8_ATOM: Final = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\xa1-\u2027\u202a-\ud7ff\ue000-\U0010ffff]+"
_UTF8_WORD: Final = r'(?:%s|"(?:[^"\\\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff]|\\[\x20-\x7e])*")' % _UTF8_ATOM  # noqa: UP031 - braces
UTF8_ADDR_SPEC: Final = re.compile(rf"({_UTF8_WORD}(?:\.{_UTF8_WORD})*)@({_DOMAIN_TEXT})")
_LENIENT: Final = re.compile(rf"{_ROUTE}([^\x00-\x1f\x7f]+)@([^@\x00-\x20\x7f]+)")
LONGEST: Final = 4096
"""Characters of an address that are looked at."""


def split_mailbox(address: str) -> tuple[str, str, str]:
    """Source route with its colon, local part with its quotes, and domain in A-labels without its last dot.

    Raises:
        AddressError: Not of the form, too long, or with a domain that has no form in ASCII.
    """
    if len(address) > LONGEST:
        raise AddressError(f"the address {address[:100]!r}... is too long for an O/R address (RFC 2156 4.3.2)", status="5.1.3")
    address = with_ascii_domain(address)
    match = ADDR_SPEC.fullmatch(address) or _LENIENT.fullmatch(address)
    if match is None:
        raise AddressError(f"the address {address[:200]!r} is not of the form local@domain", status="5.1.3")
    if not f"{match.group(1) or ''}{match.group(3)}".isascii():
        raise AddressError(f"the domain of {address[:200]!r} has no form in ASCII (RFC 5890)", status="5.6.7")
    return match.group(1) or "", match.group(2), match.group(3).rstrip(".")


def with_ascii_domain(address: str) -> str:
    """An internationalised domain as the tables and an O/R address can hold it (RFC 5890 A-labels); the local part is left as it is."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address


def unquote(local: str) -> str:
    """A local part without quotes and quoted pairs."""
    found: list[str] = []
    quoted = escaped = False
    for character in local:
        if escaped or (character not in '"\\') or (character == "\\" and not quoted):
            found.append(character)
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            quoted = not quoted
    return "".join(found)
