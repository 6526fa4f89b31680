"""Wanted-X400-Conversion: the sender says what a part shall become in X.400 (RFC 2157 4.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.internet.message import Entity
from gateway.internet.tokens import without_comments
from gateway.mixer.body_losses import shown
from gateway.mixer.body_policy import Carrier
from gateway.mixer.descriptors import Scope

FIELD: Final = "Wanted-X400-Conversion"
_GRAMMAR: Final = re.compile(
    r"""\s*(?:from\s+"?(?P<type>[^\s/"]{1,100}/[^\s/"]{1,100})"?\s+)?"""
    r"(?:to\s+(?P<to>tunnel|[0-2](?:\.[0-9]{1,20}){1,40})\s+)?in\s+(?P<carrier>bp14|bp15|ftbp|ia5)\s*",
    re.IGNORECASE,
)
_LIMIT: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One wish.

    Attributes:
        carrier: The body part.
        reference: Object identifier of the body part type (BP15) or of the application (FTBP); empty for a tunnel.
    """

    carrier: Carrier
    reference: str = ""


def wish_of(item: Entity, scope: Scope) -> Wanted | None:
    """What a part that is no multipart wants for itself; its own type may be named."""
    return next((wanted for kind, wanted in _wishes(item, scope) if kind in ("", item.content_type.essence)), None)


def wishes_of(item: Entity, inherited: Mapping[str, Wanted], scope: Scope) -> Mapping[str, Wanted]:
    """What a multipart wants for the parts in it by their type, with what is wanted of those outside of it."""
    return {**inherited, **{kind: wanted for kind, wanted in _wishes(item, scope) if kind}}


def _wishes(item: Entity, scope: Scope) -> Iterable[tuple[str, Wanted]]:
    for field in item.header.all(FIELD)[:_LIMIT]:
        match = _GRAMMAR.fullmatch(without_comments(field.value))
        if match is None:
            scope.notes.add(FIELD, "RFC 2157 4.1", f"is not understood and was ignored: {shown(field.value)}")
            continue
        to = (match["to"] or "tunnel").lower()
        yield (match["type"] or "").lower(), Wanted(carrier=Carrier(match["carrier"].lower()), reference=to.removeprefix("tunnel"))
