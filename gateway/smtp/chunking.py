"""The argument of BDAT (RFC 3030 section 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.smtp.parameters import Refusal

_ARGUMENT = re.compile(r"([0-9]{1,19})(?: +(LAST))?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One BDAT command.

    Attributes:
        octets: How many octets follow it.
        last: The message ends with them.
    """

    octets: int
    last: bool


def parse_bdat(argument: str | None) -> Chunk:
    """Read ``chunk-size [SP LAST]``.

    Raises:
        Refusal: It is malformed, so nobody knows where the next command begins.
    """
    match = _ARGUMENT.fullmatch((argument or "").strip())
    if match is None:
        raise Refusal(501, "5.5.4", "syntax: BDAT <octets> [LAST]")
    return Chunk(octets=int(match.group(1)), last=match.group(2) is not None)
