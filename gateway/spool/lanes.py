"""Lanes: how many transfers are under way to each next hop, so that a slow one keeps none of the others waiting.

A lane is the key of a group of recipients: a P1 peer, or an Internet domain. What finds its lane full is parked: it goes back to the
queue untouched, with the name of the lane, and is not claimed again until there is room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

EACH = 32
"""Transfers under way in one lane: enough to keep ten associations busy."""

TOTAL = 512
"""Transfers under way in all lanes; each holds its envelope, and small content, in memory."""


class Lanes:
    """The transfers under way, by lane.

    Args:
        each: The most in one lane.
        total: The most in all.
        room_again: Called when there is room in a lane that was full.
    """

    def __init__(self, *, each: int = EACH, total: int = TOTAL, room_again: Callable[[], None] = lambda: None) -> None:
        self._each = each
        self._total = total
        self._room_again = room_again
        self._under_way: Counter[str] = Counter()

    def room(self, under_way: int) -> int:
        """How many transfers may begin when so many are under way."""
        return max(0, self._total - under_way)

    @property
    def full(self) -> tuple[str, ...]:
        """The lanes without room."""
        return tuple(lane for lane, count in self._under_way.items() if count >= self._each)

    def are_full(self, lanes: Iterable[str]) -> bool:
        """Whether a transfer finds none of its lanes with room; one that has several goes when one has."""
        wanted = tuple(lanes)
        return bool(wanted) and all(self._under_way[lane] >= self._each for lane in wanted)

    def hold(self, lanes: Iterable[str]) -> Hold:
        """Places for a transfer, one in each of its lanes; to be used in a ``with``."""
        return Hold(self, frozenset(lanes))

    def _enter(self, lane: str) -> None:
        self._under_way[lane] += 1

    def _leave(self, lane: str) -> None:
        self._under_way[lane] -= 1
        if self._under_way[lane] == self._each - 1:
            self._room_again()
        if not self._under_way[lane]:
            del self._under_way[lane]


class Hold:
    """The places of one transfer. Each can be given back by itself: a slow lane does not fill the others of its transfers."""

    def __init__(self, lanes: Lanes, names: frozenset[str]) -> None:
        self._lanes = lanes
        self._held = set(names)
        for lane in names:
            lanes._enter(lane)

    def release(self, lane: str) -> None:
        """Give one place back; harmless when it was."""
        if lane in self._held:
            self._held.discard(lane)
            self._lanes._leave(lane)

    def __enter__(self) -> Hold:
        return self

    def __exit__(self, *_: object) -> None:
        for lane in tuple(self._held):
            self.release(lane)
