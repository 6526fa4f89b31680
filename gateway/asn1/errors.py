"""The one error of this package, and the limits that keep hostile input cheap."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import GatewayError

MOST_DEPTH = 100
"""A declared value is read by recursion, a few Python frames a level; this keeps far from Python's own limit."""


class BERError(GatewayError):
    """Octets that are not the BER encoding of the type asked for, or a value that the type does not allow.

    Attributes:
        reason: What is wrong, in one clause.
        offset: Octets from the start of the input to the element at fault; None when a value is being encoded.
        path: Where in the value, such as ``envelope.trace-information.0``; empty for the outermost element.
    """

    def __init__(self, reason: str, *, offset: int | None = None, path: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset
        self.path = path

    def within(self, name: str | int) -> None:
        """Note that the fault lies inside the component ``name``; called from the inside outward."""
        self.path = f"{name}.{self.path}" if self.path else str(name)

    def __str__(self) -> str:
        where = [self.path] if self.path else []
        if self.offset is not None:
            where.append(f"octet {self.offset}")
        return f"{', '.join(where)}: {self.reason}" if where else self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one decode may cost.

    Attributes:
        size: Octets of input.
        depth: Levels of nesting, explicit tags counted; at most `MOST_DEPTH`.
        elements: TLVs looked at, segments of strings not counted.
        segments: Segments of all constructed strings together.
        memory: Octets copied out of the input into values; what stays a slice of the input does not count.
    """

    size: int = 1 << 31
    depth: int = 64
    elements: int = 200_000
    segments: int = 200_000
    memory: int = 32 << 20

    def __post_init__(self) -> None:
        if not 1 <= self.depth <= MOST_DEPTH:
            raise ValueError(f"a depth of 1 to {MOST_DEPTH} is possible, not {self.depth}")
