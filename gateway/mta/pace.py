"""Where TPKTs begin in a stream, and how fast a peer may send them: a flood of tiny ones costs us far more than it costs the peer.

Nobody is cut off for being fast: who is too fast is read from more slowly, and TCP tells the peer. The timers of the stack end what
makes no progress.
"""

from __future__ import annotations

_HEADER = 4
_SMALLEST = 7
"""Octets of the smallest TPKT (RFC 1006 6): what claims to be smaller is refused by the stack, and counts as one."""
_BURST_SECONDS = 2.0


class Framing:
    """Follows the TPKTs of one direction.

    Attributes:
        left: Octets of the present TPKT still to come.
        header: What has come of a header that is not complete.
    """

    def __init__(self) -> None:
        self.left = 0
        self.header = b""

    def follow(self, data: bytes) -> int:
        """Go through the next octets; how many headers ended in them."""
        count, at = 0, 0
        while at < len(data):
            if self.left:
                step = min(self.left, len(data) - at)
                self.left -= step
            else:
                step = min(_HEADER - len(self.header), len(data) - at)
                self.header += data[at : at + step]
            at += step
            if len(self.header) == _HEADER:
                count += 1
                self.left = max(_SMALLEST, int.from_bytes(self.header[2:4], "big")) - _HEADER
                self.header = b""
        return count


class Pace:
    """How fast TPKTs may come.

    Args:
        tpkts_per_second: How many may come in one second on average; 0: any number.
    """

    def __init__(self, tpkts_per_second: float) -> None:
        self._rate = tpkts_per_second
        self._credit = tpkts_per_second * _BURST_SECONDS
        self._at = 0.0

    def take(self, tpkts: int, now: float) -> float:
        """Count some TPKTs.

        Args:
            tpkts: How many have come.
            now: The time in seconds of any clock that only goes forward.

        Returns:
            Seconds to wait before more is read; 0 most of the time.
        """
        if not self._rate:
            return 0.0
        self._credit = min(self._rate * _BURST_SECONDS, self._credit + (now - self._at) * self._rate) - tpkts
        self._at = now
        return max(0.0, -self._credit / self._rate)
