"""Reverse paths of our own: ``mixer-<tag>@<gateway domain>``, which lead a bounce back to the X.400 message that it is about.

The tag has 128 bits of chance, is written before the message is sent, and is good for nothing once it has expired. Where the next
server speaks DSN (RFC 3461), ENVID and ORCPT do the same, and the originator's own address stands in MAIL FROM.
"""

from __future__ import annotations

import re
from typing import Final

from gateway.mixer.policy import Context

_PREFIX: Final = "mixer-"
_TAG: Final = re.compile(rf"{_PREFIX}([0-9a-f]{{32}})")


def new_tag(context: Context) -> str:
    """The tag of one conversion: from the secret seed of its plan, so every attempt has the same."""
    return context.token("return path", 32)


def path_of_tag(tag: str, domain: str) -> str:
    """The reverse path with a tag."""
    return f"{_PREFIX}{tag}@{domain}"


def tag_of_path(address: str, domain: str) -> str | None:
    """The tag in a mailbox at the gateway's domain, in any case; None for every other mailbox."""
    local, _, right = address.lower().rpartition("@")
    match = _TAG.fullmatch(local) if right == domain.lower() else None
    return match[1] if match is not None else None
