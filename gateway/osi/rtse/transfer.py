"""The two ends of one activity: an APDU cut into RTTR APDUs and checkpoints, and RTTR APDUs put together again."""

from __future__ import annotations

from enum import Enum

from gateway.octets import ConcatOctets, Octets
from gateway.osi.framing import FramingError, OctetStringReader
from gateway.osi.rtse.external import length_octets

CHECKPOINT_UNIT = 1024
"""Octets in one unit of checkpointSize (X.228, RTORQ)."""


class Step(Enum):
    """What the sender does next, other than sending an RTTR."""

    CHECKPOINT = "a checkpoint is due"
    WAIT = "the window is full"
    END = "everything has gone"


class Outgoing:
    """An activity that we send.

    Args:
        octets: What the RTTR APDUs carry, together.
        checkpoint_size: In units of 1024 octets, 0 for no checkpoints.
        window_size: Checkpoints that may stay unconfirmed.
    """

    def __init__(self, octets: Octets, checkpoint_size: int, window_size: int) -> None:
        self._octets = octets
        self._piece = checkpoint_size * CHECKPOINT_UNIT
        # Window 0 would never let anything go; whoever agrees on it means that each checkpoint is waited for.
        self._window = max(1, window_size)
        self._checkpoint_due = False
        self._started = False
        self.position = 0
        self.checkpoints = 0
        self.confirmed = 0

    @property
    def window_full(self) -> bool:
        """Whether the next RTTR has to wait for a confirmation."""
        return self.checkpoints - self.confirmed >= self._window

    def step(self) -> Octets | Step:
        """The next RTTR APDU, or what else is to be done. There is no checkpoint right before the end (X.228 7.3)."""
        if self._checkpoint_due:
            self._checkpoint_due = False
            self.checkpoints += 1
            return Step.CHECKPOINT
        rest = len(self._octets) - self.position
        if not rest and self._started:
            return Step.END
        if self.window_full:
            return Step.WAIT
        length = min(rest, self._piece) if self._piece else rest
        piece = self._octets.slice(self.position, self.position + length)
        self.position += length
        self._started = True
        self._checkpoint_due = length < rest
        return ConcatOctets((b"\x04" + length_octets(length), piece))

    def confirm(self, serial: int) -> None:
        """The peer has secured everything up to a checkpoint; one confirmation covers those before it."""
        self.confirmed = max(self.confirmed, min(serial, self.checkpoints))


class Incoming:
    """An activity that we receive.

    Args:
        activity: Its identifier.
        limit: Octets that it may have.
    """

    def __init__(self, activity: bytes, limit: int) -> None:
        self.activity = activity
        self.received = 0
        self.serial = 0
        self.confirmed = 0
        self._limit = limit
        self._reader = OctetStringReader()

    def fits(self, octets: int) -> bool:
        """Whether that much more is within the limit."""
        return self.received + octets <= self._limit

    def take(self, data: bytes, *, end: bool) -> bytes:
        """The octets carried by a slice of a presentation data value; ``end`` with the last slice.

        Raises:
            FramingError: It is no RTTR APDU.
        """
        octets = self._reader.feed(data)
        if end and not self._reader.between_elements:
            raise FramingError("the presentation data value ends inside an RTTR")
        self.received += len(octets)
        return octets
