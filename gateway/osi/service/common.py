"""What the layers have in common: pulls, timers, selectors, and the limits of a stack (DESIGN section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Pull(Enum):
    """What `next_event` returns when there is no primitive."""

    NEED_DATA = "more octets from the peer are needed"
    PAUSED = "a response from above is due first"


NEED_DATA = Pull.NEED_DATA
PAUSED = Pull.PAUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A deadline that a layer asks for; ``at`` in seconds of the clock that `handle_timer` is called with."""

    name: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """The selectors of one side: transport, session, presentation; each may be empty (X.650)."""

    tsel: bytes = b""
    ssel: bytes = b""
    psel: bytes = b""


Primitive = object
"""Any of the dataclasses above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackTimers:
    """Seconds a peer may take in each state (p1-stack.md 7.9)."""

    connect: float = 30.0
    open_answer: float = 60.0
    bind_input: float = 30.0
    progress: float = 300.0
    confirm: float = 120.0
    release: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StackLimits:
    """What one association may make us hold, in octets unless said otherwise."""

    connect_tsdu: int = 64 * 1024
    tsdu: int = 1024 * 1024  # of anything that is not streamed
    apdu: int = 1 << 31
    output: int = 256 * 1024  # what one data_to_send() returns at most
    event: int = 64 * 1024  # largest slice of one RTTransferData
