"""What the layers above the session have in common: primitives come in from both sides and leave in order."""

from __future__ import annotations

from collections import deque

from gateway.osi.service import Primitive


class Layer:
    """A layer that talks in whole primitives; `gateway.osi.stack` carries them from one layer to the next.

    `receive` takes a primitive of the layer below and `request` one of the layer above; what they cause waits in two queues:
    `next_event` for above, `next_request` for below.
    """

    def __init__(self) -> None:
        self._up: deque[Primitive] = deque()
        self._down: deque[Primitive] = deque()

    def next_event(self) -> Primitive | None:
        """The next indication or confirm for the layer above, None when there is none."""
        return self._up.popleft() if self._up else None

    def next_request(self) -> Primitive | None:
        """The next request or response for the layer below, None when there is none."""
        return self._down.popleft() if self._down else None

    def receive(self, primitive: Primitive) -> None:
        """Take an indication or confirm of the layer below."""
        raise TypeError(f"{type(primitive).__name__} means nothing to {type(self).__name__}")

    def request(self, primitive: Primitive) -> None:
        """Take a request or response of the layer above."""
        raise TypeError(f"{type(primitive).__name__} means nothing to {type(self).__name__}")
