"""What the layers above the session have in common: primitives come in from both sides and leave in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from gateway.octets import Octets
from gateway.osi.service import Primitive, SDataRequest

_PIECE = 32 * 1024


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


class DataLayer(Layer):
    """A layer right above the session: it hands a value of any size down piece by piece, when there is room below."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: Iterator[bytes] | None = None
        self._piece = b""

    def more(self) -> bool:
        """Queue the next piece of the value that is being sent; False when there is none."""
        if self._pieces is None:
            return False
        following = next(self._pieces, None)
        self._down.append(SDataRequest(data=self._piece, end=following is None))
        if following is None:
            self._pieces = None
        else:
            self._piece = following
        return True

    def _send_value(self, value: Octets) -> None:
        """Begin with a value; each piece becomes transport data units of its own, so the borders of its parts do not count."""
        self._pieces = (value.read(at, at + _PIECE) for at in range(0, max(len(value), 1), _PIECE))
        self._piece = next(self._pieces)

    def _drop_value(self) -> None:
        """What is left of the value is not sent."""
        self._pieces = None
