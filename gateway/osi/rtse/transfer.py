"""The two ends of one activity: an APDU cut into RTTR APDUs and checkpoints, and RTTR APDUs put together again.

Either end knows up to where the transfer is confirmed (`point`): from there it can be taken up again after an interruption.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from gateway.errors import ProtocolError
from gateway.octets import Octets
from gateway.osi.framing import FramingError
from gateway.osi.rtse.forms import Form
from gateway.osi.service import TransferPoint

CHECKPOINT_UNIT = 1024
"""Octets in one unit of checkpointSize (X.228, RTORQ)."""

_MOST_UNCONFIRMED = 4096
"""Checkpoints whose octets an incoming activity remembers; no window comes near it."""


class Step(Enum):
    """What the sender does next, other than sending an RTTR."""

    CHECKPOINT = "a checkpoint is due"
    WAIT = "the window is full"
    END = "everything has gone"


class _Activity:
    """What both ends know: how many octets lie before each checkpoint, and the last one that was confirmed.

    Args:
        start: Where the transfer begins or goes on: serial 0 and octet 0, or the checkpoint at which it is resumed.
    """

    def __init__(self, start: TransferPoint) -> None:
        self._last = start
        self._unconfirmed: dict[int, int] = {}

    @property
    def confirmed(self) -> int:
        """Serial of the last confirmed checkpoint, 0 when there is none."""
        return self._last.serial

    @property
    def point(self) -> TransferPoint | None:
        """Where the transfer can be resumed; None where it has to be sent from its start (p1-stack.md 7.8)."""
        return self._last if self._last.serial else None

    def _mark(self, serial: int, octets: int) -> None:
        if len(self._unconfirmed) >= _MOST_UNCONFIRMED:
            raise ProtocolError("RTSE", f"more than {_MOST_UNCONFIRMED} checkpoints without confirmation", clause="local limit")
        self._unconfirmed[serial] = octets

    def _settle(self, serial: int) -> None:
        """One confirmation covers the checkpoints before it."""
        passed = [each for each in self._unconfirmed if each <= serial]
        if passed:
            self._last = replace(self._last, serial=max(passed), octets=self._unconfirmed[max(passed)])
        for each in passed:
            del self._unconfirmed[each]


class Outgoing(_Activity):
    """An activity that we send.

    Args:
        octets: What the RTTR APDUs carry, together; of a resumed transfer all of it as well.
        checkpoint_size: In units of 1024 octets, 0 for no checkpoints.
        window_size: Checkpoints that may stay unconfirmed.
        start: As in `_Activity`.
        form: How an RTTR looks.
        reports: The user wants to hear of each confirmed checkpoint.
    """

    def __init__(
        self, octets: Octets, checkpoint_size: int, window_size: int, *, start: TransferPoint, form: Form, reports: bool = False
    ) -> None:
        super().__init__(start)
        self.reports = reports
        self.position = start.octets
        self.checkpoints = start.serial
        self._octets = octets
        self._frame = form.frame
        self._piece = checkpoint_size * CHECKPOINT_UNIT
        # Window 0 would never let anything go; whoever agrees on it means that each checkpoint is waited for.
        self._window = max(1, window_size)
        self._checkpoint_due = False
        self._started = False

    @property
    def window_full(self) -> bool:
        """Whether the next RTTR has to wait for a confirmation."""
        return self.checkpoints - self.confirmed >= self._window

    def step(self) -> Octets | Step:
        """The next RTTR APDU, or what else is to be done. There is no checkpoint right before the end (X.228 7.3)."""
        if self._checkpoint_due:
            self._checkpoint_due = False
            self.checkpoints += 1
            self._mark(self.checkpoints, self.position)
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
        return self._frame(piece)

    def confirm(self, serial: int) -> None:
        """The peer has secured everything up to a checkpoint."""
        self._settle(serial)


class Incoming(_Activity):
    """An activity that we receive.

    Args:
        activity: Its identifier.
        limit: Octets that it may have.
        start: As in `_Activity`; of a resumed transfer the octets before it count as received.
        form: How an RTTR looks.
    """

    def __init__(self, activity: bytes, limit: int, *, start: TransferPoint, form: Form) -> None:
        super().__init__(start)
        self.activity = activity
        self.received = start.octets
        self.serial = start.serial
        self._limit = limit
        self._reader = form.reader()

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

    def mark(self, serial: int) -> None:
        """The peer made a checkpoint and wants it confirmed.

        Raises:
            ProtocolError: There are far too many that were not.
        """
        self.serial = serial
        self._mark(serial, self.received)

    def confirm(self, serial: int) -> None:
        """Everything before that checkpoint is secured."""
        self._settle(serial)
