"""O/R addresses of the configuration, with the key in every fault."""

from __future__ import annotations

import re
from dataclasses import replace

from gateway.errors import ConfigurationError, GatewayError
from gateway.mixer.stdor import from_text
from gateway.x400.oraddress import ORAddress

_NAMES_ADMD = re.compile(r"(?:^|[/;])\s*A(?:DMD)?\s*=", re.IGNORECASE)


def oraddress_at(text: str, where: str) -> ORAddress:
    """The O/R address of a key.

    Raises:
        ConfigurationError: It is none; the text begins with the key.
    """
    try:
        return from_text(text)
    except GatewayError as error:
        raise ConfigurationError(f"{where}: {text!r}: {error}") from error


def prefix_at(text: str, where: str) -> ORAddress:
    """A part of the O/R tree: an ADMD that is not named may be any, where an address would get one of one space (4.1.3)."""
    address = oraddress_at(text, where)
    return address if _NAMES_ADMD.search(text) else replace(address, admd=None)
