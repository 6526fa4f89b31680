"""Room on the disk: the low-water mark for what is offered, and a reserve for what must still be written.

Below the mark nothing new is taken, but outcomes and reports of what is here already are recorded. Should the disk
fill up all the same (it may be shared with other programs), the reserve file is given up for them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from gateway.errors import NoSpaceError

FreeSpace = Callable[[Path], int]
"""Free octets on the file system of a folder, for a process like ours."""


def free_octets(folder: Path) -> int:
    """Free octets on the file system of ``folder``."""
    return shutil.disk_usage(folder).free


class Space:
    """Watches the disk of the queue.

    Args:
        queue: The queue file; the reserve lies beside it.
        low_water_octets: Below so much free space nothing new is taken.
        reserve_octets: Size of the reserve file; 0 for none.
        free_space: How to ask the file system.
    """

    def __init__(self, queue: Path, low_water_octets: int, reserve_octets: int, free_space: FreeSpace = free_octets) -> None:
        self._folder = queue.parent
        self._reserve = queue.with_name(queue.name + "-reserve")
        self._low_water = low_water_octets
        self._reserve_octets = reserve_octets
        self._free_space = free_space

    @property
    def enough(self) -> bool:
        """Whether new mail may be taken."""
        return self._free_space(self._folder) >= self._low_water

    def check(self) -> None:
        """Refuse new mail below the low-water mark.

        Raises:
            NoSpaceError: There is too little room.
        """
        free = self._free_space(self._folder)
        if free < self._low_water:
            raise NoSpaceError(f"{free} octets free on the queue's disk, new mail needs at least {self._low_water}")

    def hold_back(self) -> bool:
        """Set the reserve aside, if it is not there and there is room for it; says whether it is there."""
        if self._reserve.exists() or self._reserve_octets <= 0:
            return self._reserve.exists()
        if self._free_space(self._folder) < self._low_water + self._reserve_octets:
            return False
        descriptor = os.open(self._reserve, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._reserve_octets)
        except OSError:  # the disk filled up between question and answer, or the file system cannot do it
            self._reserve.unlink(missing_ok=True)
            return False
        finally:
            os.close(descriptor)
        return True

    def give_up(self) -> bool:
        """Free the reserve; says whether there was one."""
        if not self._reserve.exists():
            return False
        self._reserve.unlink(missing_ok=True)
        return True
