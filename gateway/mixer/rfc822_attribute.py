"""The domain-defined attribute RFC-822, which holds a mailbox (RFC 2156 4.3.2), and how peers write it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from gateway.mixer.policy import Settings
from gateway.mixer.stdor import RFC_822
from gateway.mixer.text import PRINTABLE, is_printable, ps_decode, ps_encode
from gateway.mixer.universal import CONTINUATIONS
from gateway.x400.oraddress import ORAddress

_MSXENCAP: Final = "MSXENCAP"
_ESCAPED: Final = re.compile(r"\([A-Za-z]\)|\([0-9]{3}\)")


def without_empty(address: ORAddress) -> ORAddress:
    """The address without domain-defined attributes that have neither type nor value, which peers send and which mean nothing."""
    if ("", "") not in address.domain_defined or address.teletex_domain_defined:
        return address
    return replace(address, domain_defined=tuple(pair for pair in address.domain_defined if pair != ("", "")))


def with_own_label(address: ORAddress, settings: Settings) -> ORAddress:
    """The address with the label RFC-822 for the one that the peer writes instead.

    # Peer: Exchange writes DDA SMTP, and beside it DDA MSXENCAP=SMTP, for which nobody else has a use.
    """
    types = [type_.upper() for type_, _ in address.domain_defined]
    if RFC_822 in types or not settings.internet_labels.intersection(types):
        return address
    renamed = ((RFC_822 if type_.upper() in settings.internet_labels else type_, value) for type_, value in address.domain_defined)
    return replace(address, domain_defined=tuple(pair for pair in renamed if pair[0].upper() != _MSXENCAP))


def rfc_822_count(address: ORAddress) -> int:
    """How often the attribute occurs; printable and teletex variant are one."""
    printable = sum(type_.upper() == RFC_822 for type_, _ in address.domain_defined)
    teletex = sum(type_.upper() == RFC_822.encode() for type_, _ in address.teletex_domain_defined)
    return max(printable, teletex)


def rfc_822_readings(address: ORAddress, *, twice: bool) -> Iterator[str]:
    """The mailbox in the attribute and its continuations, of the printable and of the teletex variant (4.3.2).

    Args:
        address: With one such attribute.
        twice: Decode once more what is still escaped.

    Raises:
        TextError: A value is not ps-encoded.
    """
    printable = {type_.upper(): value for type_, value in address.domain_defined}
    if RFC_822 in printable:
        text = _decoded("".join(printable.get(type_, "") for type_ in CONTINUATIONS))
        # Peer: Exchange 5.5 escapes what is escaped, (040)a(041) for (a).
        yield _decoded(text) if twice and _ESCAPED.search(text) else text
    teletex = {type_.upper(): value for type_, value in address.teletex_domain_defined}
    if RFC_822.encode() in teletex:
        text = b"".join(teletex.get(type_.encode(), b"") for type_ in CONTINUATIONS).decode("latin-1")
        # 4.3.2: a teletex value is only decoded when all of it is in the PrintableString repertoire.
        yield ps_decode(text) if is_printable(text) else text


def _decoded(text: str) -> str:
    """A ps-encoded value.

    # Peer: "@" and "_" are common there as they stand, also beside escapes.
    """
    return ps_decode("".join(each if each in PRINTABLE else ps_encode(each) for each in text))
