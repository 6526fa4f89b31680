"""Which domains belong to a registry and to nobody's table: top-level domains, and second levels such as ``co.uk``.

A rule of thumb, not the Public Suffix List, which changes weekly: every domain of one label is a top-level domain, and below a country
the labels under which registries sell names are theirs. That errs towards a warning too many.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

_REGISTRY_LABELS: Final = frozenset(
    {
        "ac", "asn", "co", "com", "ed", "edu", "fin", "firm", "gc", "gen", "go", "gob", "gos", "gouv", "gov", "govt", "gub", "gv",
        "id", "ind", "info", "int", "k12", "lg", "ltd", "me", "med", "mil", "muni", "name", "ne", "net", "ngo", "nhs", "nic", "nom",
        "or", "org", "plc", "police", "press", "pro", "re", "res", "sch", "school", "web",
    }
)  # fmt: skip


class Registry(Enum):
    """Whose a domain is."""

    TOP_LEVEL = "a top-level domain"
    SECOND_LEVEL = "a domain under which a registry gives out names"


def registry_of(domain: str) -> Registry | None:
    """Whether a domain is one that no single organisation holds; None for an ordinary one."""
    labels = domain.lower().rstrip(".").split(".")
    if len(labels) == 1:
        return Registry.TOP_LEVEL
    if len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _REGISTRY_LABELS:
        return Registry.SECOND_LEVEL
    return None
