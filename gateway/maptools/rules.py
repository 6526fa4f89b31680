"""A rule on its way between forms."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.mixer.mcgam import MappingTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as some form states it; whether it is legal is still to be seen.

    Attributes:
        prefix: The O/R side in ``dmn`` form (RFC 2156 Appendix F.3).
        line: Of the file it came from.
    """

    table: MappingTable
    domain: str
    prefix: str
    line: int
