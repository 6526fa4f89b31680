"""Mailboxes beyond ASCII in universal attributes (X.411 1999, extension attribute 28). Beyond RFC 2156, by agreement with a peer.

RFC 2156 3.4 has no code for a character above 127, so the RFC-822 attribute cannot hold a mailbox of RFC 6531. What it defines for
printable and teletex attributes is done here once more with universal ones: the types ``RFC-822`` and ``RFC822C1`` to ``RFC822C3`` (4.3.2),
128 characters each, and the mailbox as it stands, since a universal string needs no escapes. The domain is written in A-labels.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from gateway.errors import GatewayError
from gateway.mixer.stdor import RFC_822
from gateway.x400 import bounds as ub
from gateway.x400.extension_attributes import UniversalDomainDefinedAttribute
from gateway.x400.heading_extensions import text_of, universal_or_bmp
from gateway.x400.oraddress import ORAddress

UNIVERSAL_DOMAIN_DEFINED: Final = 28
CONTINUATIONS: Final = (RFC_822, "RFC822C1", "RFC822C2", "RFC822C3")
"""Types of the domain-defined attributes that hold an RFC 822 address, in order (4.3.2)."""

_BLOCK: Final = ub.UB_DOMAIN_DEFINED_ATTRIBUTE_VALUE_LENGTH
_NEVER: Final = re.compile("[\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\uffff]")
"""What no local part has: controls, other ends of lines, lone surrogates."""


class UniversalError(GatewayError):
    """A mailbox does not fit into universal attributes."""


def with_universal_mailbox(base: ORAddress, address: str) -> ORAddress:
    """A mailbox as universal RFC-822 attributes of an O/R address.

    Args:
        base: The O/R address of the gateway that will unwrap it.
        address: The mailbox, quoted where it must be, its domain in A-labels.

    Raises:
        UniversalError: Control characters, or more than 512 characters.
    """
    if _NEVER.search(address):
        raise UniversalError("it has characters that no mailbox has")
    values = [address[at : at + _BLOCK] for at in range(0, len(address), _BLOCK)]
    if len(values) > len(CONTINUATIONS):
        raise UniversalError("it is longer than 512 characters")
    attributes = tuple(
        UniversalDomainDefinedAttribute(
            type_=universal_or_bmp(type_, bound=ub.UB_DOMAIN_DEFINED_ATTRIBUTE_TYPE_LENGTH), value=universal_or_bmp(value, bound=_BLOCK)
        )
        for type_, value in zip(CONTINUATIONS, values, strict=False)
    )
    return replace(base, universal=((UNIVERSAL_DOMAIN_DEFINED, attributes),))


def universal_mailbox(address: ORAddress) -> str | None:
    """The text in the universal RFC-822 attributes of an O/R address; None when it has none, or has it twice."""
    attributes = dict(address.universal).get(UNIVERSAL_DOMAIN_DEFINED, ())
    types = [text_of(one.type_).upper() for one in attributes]
    if types.count(RFC_822) != 1:
        return None
    values = dict(zip(types, (text_of(one.value) for one in attributes), strict=True))
    return "".join(values.get(type_, "") for type_ in CONTINUATIONS)
