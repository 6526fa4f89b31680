"""Files without a name: what a worker reads and writes. They are gone with the last process that has them open."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO

from gateway.errors import GatewayError
from gateway.octets import CHUNK, Octets


class ScratchError(GatewayError):
    """The disk has no room for a conversion, or the folder cannot be written to."""


class FileOctets(Octets):
    """The octets of an open file; the file stays open for as long as somebody has them."""

    __slots__ = ("_file", "_length")

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._length = os.fstat(file.fileno()).st_size

    def __len__(self) -> int:
        return self._length

    def read(self, start: int, end: int) -> bytes:
        """See `Octets.read`; from any thread."""
        return os.pread(self._file.fileno(), max(0, min(end, self._length) - start), start)


def scratch_file(folder: Path) -> IO[bytes]:
    """A new file in a folder, without a name.

    Raises:
        ScratchError: The folder cannot be written to.
    """
    try:
        return tempfile.TemporaryFile(dir=folder, buffering=0)
    except OSError as error:
        raise ScratchError(f"{folder}: {error.strerror}") from error


def write(file: IO[bytes], content: Octets) -> None:
    """Write octets to a file.

    Raises:
        ScratchError: The disk is full.
    """
    try:
        for chunk in content.chunks(4 * CHUNK):
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(file.fileno(), rest) :]
    except OSError as error:
        raise ScratchError(f"a message cannot be written for its conversion: {error.strerror}") from error
