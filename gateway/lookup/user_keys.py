"""Under which octets the users' directory finds a mailbox or an O/R address.

Two texts of one address have one key: case, order and repeated blanks do not count in an O/R address (X.402 18.4), the case of the
domain does not in a mailbox. A million O/R addresses are read at activation, so the plain ones (nearly all) take a short way, which gives
exactly the key of the long one or declines.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from gateway.errors import GatewayError
from gateway.internet.addresses import Mailbox
from gateway.mixer.legality import fault
from gateway.mixer.product_forms import oraddress_from as any_form
from gateway.x400.countries import ISO_3166_OF_X121
from gateway.x400.oraddress import ATTRIBUTE_BY_KEYWORD, ATTRIBUTES, ORAddress

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
_PLAIN_MAILBOX: Final = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@({_LABEL}(?:\.{_LABEL})+)")
_PLAIN_VALUES: Final = re.compile(r"[A-Za-z0-9 '()+,\-.:?/;=]+")
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}|[0-9]{3}")
_PLAIN_NAMES: Final = (
    "country", "admd", "prmd", "organization", "organizational_units", "surname", "given_name", "initials", "generation", "common_name",
)  # fmt: skip
"""Attributes of the short way, in the order of `ORAddress.key`."""
_PLAIN_KEYWORDS: Final = {word: row for word, row in ATTRIBUTE_BY_KEYWORD.items() if row.name in _PLAIN_NAMES}
_NUMBERED_UNITS: Final = {"OU1": 0, "OU2": 1, "OU3": 2, "OU4": 3}
_UNIT_BOUND: Final = next(row.bound for row in ATTRIBUTES if row.name == "organizational_units")


class UserAddressError(GatewayError):
    """One of the two addresses of a user cannot be used."""


def domain_key(domain: str) -> str:
    """A domain for comparing: lower case, A-labels (RFC 5890), no final dot."""
    bare = domain.rstrip(".")
    if bare.isascii():
        return bare.lower()
    try:
        return bare.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return bare.lower()


def mailbox_key(mailbox: Mailbox, *, fold_local: bool = False) -> bytes:
    """The key of a mailbox; characters that are written in several ways (e and an accent, or both in one) are one (RFC 6532 3.1).

    Args:
        mailbox: The mailbox.
        fold_local: Ignore the case of the local part as well.
    """
    local = mailbox.local if mailbox.local.isascii() else unicodedata.normalize("NFC", mailbox.local)
    local = local.lower() if fold_local else local
    return f"{local}\0{domain_key(mailbox.domain)}".encode("utf-8", "surrogatepass")


def mailbox_from(text: str) -> Mailbox:
    """A mailbox of the directory.

    Raises:
        UserAddressError: It is not exactly one bare mailbox.
    """
    if (match := _PLAIN_MAILBOX.fullmatch(text)) is not None:
        return Mailbox(local=match.group(1), domain=match.group(2))
    try:
        found = Mailbox.from_text(text)
    except GatewayError as error:
        raise UserAddressError(f"expected a mailbox such as jane@example.org: {error}") from error
    if found.display or found.comments:
        raise UserAddressError(f"expected a bare mailbox without display name or comment, not {text[:120]!r}")
    return found


def mailbox_text_key(text: str, *, fold_local: bool = False) -> bytes:
    """The key of a mailbox in text form.

    Raises:
        UserAddressError: It is not exactly one bare mailbox.
    """
    if (match := _PLAIN_MAILBOX.fullmatch(text)) is not None:
        local = match.group(1).lower() if fold_local else match.group(1)
        return f"{local}\0{match.group(2).lower()}".encode()
    return mailbox_key(mailbox_from(text), fold_local=fold_local)


def oraddress_key(address: ORAddress) -> bytes:
    """The key of an O/R address: one for all that match. That two with one key do match is to be checked by `ORAddress.key`."""
    return "\x1e".join(f"{name}\x1f{_flat(value)}" for name, value in address.key()).encode("utf-8", "surrogatepass")


def _flat(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, tuple) and all(isinstance(part, str) for part in value):
        return "\x1d".join(value)
    return repr(value)


def oraddress_from(text: str) -> ORAddress:
    """An O/R address of the directory, in any of the text forms, those of products too.

    Raises:
        UserAddressError: It cannot be read, is not complete, or breaks a bound of X.411.
    """
    try:
        address = any_form(text)
    except GatewayError as error:
        raise UserAddressError(f"expected an O/R address such as /G=Jane/S=Doe/O=Acme/PRMD=P/ADMD=A/C=GB/: {error}") from error
    if (wrong := fault(address)) is not None:
        raise UserAddressError(f"the O/R address is not legal: {wrong}")
    return address


def oraddress_text_key(text: str) -> bytes:
    """The key of an O/R address in text form.

    Raises:
        UserAddressError: It cannot be read, is not complete, or breaks a bound of X.411.
    """
    return _plain_key(text) or oraddress_key(oraddress_from(text))


def _plain_key(text: str) -> bytes | None:
    """The key of an address of plain attributes in one of the two plain forms; None where the long way has to decide."""
    separator = "/" if "/" in text else ";"
    if _PLAIN_VALUES.fullmatch(text) is None or (separator == "/" and ";" in text):
        return None
    parts = text.split(separator)
    if not parts[0].strip(" "):
        del parts[0]
    if parts and not parts[-1].strip(" "):
        del parts[-1]
    found: dict[str, str] = {}
    units: dict[int, str] = {}
    for part in parts:
        word, _, value = part.partition("=")
        if "=" in value:
            return None
        word = word.strip(" ").upper()
        value = value.lower()
        if "  " in value or value[:1] == " " or value[-1:] == " ":
            value = " ".join(value.split())
        row = _PLAIN_KEYWORDS.get(word)
        if row is not None:
            if row.name in found or len(value) > row.bound or (not value and row.name != "admd"):
                return None
            found[row.name] = value
        else:
            place = _NUMBERED_UNITS.get(word)
            if place is None or place in units or not 0 < len(value) <= _UNIT_BOUND:
                return None
            units[place] = value
    return _joined(found, units)


def _joined(found: dict[str, str], units: dict[int, str]) -> bytes | None:
    if _COUNTRY.fullmatch(found.get("country", "")) is None or not found.keys() - {"country", "admd"}:
        return None
    if "surname" not in found and found.keys() & {"given_name", "initials", "generation"}:
        return None
    if units:
        if len(units) != max(units) + 1 or "organizational_units" in found:
            return None
        found["organizational_units"] = "\x1d".join(units[place] for place in range(len(units)))
    found.setdefault("admd", "")
    found["country"] = ISO_3166_OF_X121.get(found["country"], found["country"]).lower()
    return "\x1e".join(f"{name}\x1f{found[name]}" for name in _PLAIN_NAMES if name in found).encode()
