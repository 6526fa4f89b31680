"""The mailbox of the test users: a folder with one file of BER for each MTS-APDU received."""

from __future__ import annotations

import asyncio
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from gateway.octets import MemoryOctets, Octets


class FileWriter:
    """Writes one transfer to a file; it appears under its name only when it is complete and on disk."""

    def __init__(self, folder: Path, number: int) -> None:
        self._partial = folder / f".{number:06d}.part"
        self.path = folder / f"{number:06d}.ber"
        self._file: BinaryIO = self._partial.open("wb")

    async def write(self, data: bytes) -> None:
        """Take the next octets."""
        self._file.write(data)

    async def finish(self) -> Path:
        """The file is complete: onto the disk and under its name."""
        await asyncio.to_thread(self._sync)
        self._partial.rename(self.path)
        return self.path

    async def abort(self) -> None:
        """Forget it."""
        self._file.close()
        self._partial.unlink(missing_ok=True)

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def octets_of_file(path: Path) -> Octets:
    """The octets of a file without reading it to memory."""
    with path.open("rb") as file:
        return MemoryOctets(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b"")


class Mailbox:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._next = max((int(path.stem) for path in self.files()), default=0) + 1

    def files(self) -> Iterator[Path]:
        """The received transfers, oldest first."""
        yield from sorted(self._folder.glob("[0-9]*.ber"))

    def begin(self) -> FileWriter:
        """A place for the next transfer."""
        number, self._next = self._next, self._next + 1
        return FileWriter(self._folder, number)
