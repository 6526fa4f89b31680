"""Content of any size: written in chunk rows while it arrives, read back a chunk at a time.

What fits in 64 KiB stays in memory until `accept` and goes with it. More is written in short transactions of its own
as chunks that belong to nobody; `accept` is the one commit that gives them to a transfer, and the sweep removes what
nobody claimed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from threading import Lock

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from gateway.errors import SpoolError
from gateway.octets import Octets
from gateway.spool.reader import Reader
from gateway.spool.schema import chunk, ticks, unclaimed
from gateway.spool.space import Space
from gateway.spool.writer import Writer

SMALL_OCTETS = 64 * 1024
"""Content up to this size goes with the accept itself."""

CHUNK_OCTETS = 256 * 1024
"""Size of every chunk row but the last of a content."""

_CACHED_CHUNKS = 16

_ADD_CHUNK = insert(chunk)
_BEGIN = insert(unclaimed)
_TOUCH = update(unclaimed).where(unclaimed.c.content == bindparam("id")).values(touched_at=bindparam("at"), length=bindparam("total"))
_CLAIM = delete(unclaimed).where(unclaimed.c.content == bindparam("id"), unclaimed.c.length == bindparam("total"))
_DROP_UNCLAIMED = delete(unclaimed).where(unclaimed.c.content == bindparam("id"))
_DROP_CHUNKS = delete(chunk).where(chunk.c.content == bindparam("id"))
_DROP_CHUNKS_FROM = delete(chunk).where(chunk.c.content == bindparam("id"), chunk.c.number >= bindparam("number"))
_IS_UNCLAIMED = select(unclaimed.c.content).where(unclaimed.c.content == bindparam("id"))
_CHUNK = select(chunk.c.octets).where(chunk.c.content == bindparam("id"), chunk.c.number == bindparam("number"))
_LAST_CHUNK = (
    select(chunk.c.number, func.length(chunk.c.octets).label("length"))
    .where(chunk.c.content == bindparam("id"))
    .order_by(chunk.c.number.desc())
    .limit(1)
)


class State(Enum):
    """What became of content."""

    UNCLAIMED = "unclaimed"
    ACCEPTED = "accepted"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredContent:
    """Content that is complete and waits for `accept`.

    Attributes:
        id: Names it in the store.
        length: In octets.
        memory: The octets themselves while they are small; None when they are in chunk rows.
    """

    id: str
    length: int
    memory: bytes | None = None


def insert_chunks(connection: Connection, content_id: str, octets: bytes, first: int = 0) -> int:
    """Write octets as chunk rows numbered from ``first``; the number of rows. Empty content is one empty row."""
    starts = range(0, max(1, len(octets)), CHUNK_OCTETS)
    found = [
        {"content": content_id, "number": number, "octets": octets[start : start + CHUNK_OCTETS]}
        for number, start in enumerate(starts, first)
    ]
    connection.execute(_ADD_CHUNK, found)
    return len(found)


def put(connection: Connection, content: StoredContent) -> None:
    """Give content to the transfer that is being accepted in this transaction.

    Raises:
        SpoolError: It is gone (swept, aborted), or belongs to a transfer already.
    """
    if content.memory is not None:
        insert_chunks(connection, content.id, content.memory)
    elif connection.execute(_CLAIM, {"id": content.id, "total": content.length}).rowcount != 1:
        raise SpoolError(f"content {content.id} cannot be accepted: it was removed, or accepted before")


def drop(connection: Connection, content_id: str) -> None:
    """Remove content, claimed or not."""
    connection.execute(_DROP_CHUNKS, {"id": content_id})
    connection.execute(_DROP_UNCLAIMED, {"id": content_id})


def state_of(connection: Connection, content_id: str) -> State:
    """Whether content still waits for `accept`, belongs to a transfer, or was aborted or swept."""
    if connection.execute(_IS_UNCLAIMED, {"id": content_id}).scalar() is not None:
        return State.UNCLAIMED
    return State.GONE if connection.execute(_LAST_CHUNK, {"id": content_id}).one_or_none() is None else State.ACCEPTED


def drop_beyond(connection: Connection, content_id: str, length: int, at: int) -> bytes:
    """Cut unclaimed content to its first octets, so that it can be gone on with; what its last, unfinished chunk holds.

    Raises:
        SpoolError: It is gone or accepted, or shorter.
    """
    if connection.execute(_TOUCH, {"id": content_id, "at": at, "total": None}).rowcount != 1:
        raise SpoolError(f"content {content_id} cannot be gone on with: it was removed, or accepted before")
    number, wanted = divmod(length, CHUNK_OCTETS)
    tail = bytes(connection.execute(_CHUNK, {"id": content_id, "number": number}).scalar() or b"")[:wanted]
    if len(tail) < wanted:
        raise SpoolError(f"content {content_id} is shorter than {length} octets")
    connection.execute(_DROP_CHUNKS_FROM, {"id": content_id, "number": number + 1 if wanted else number})
    return tail


def first_chunk(connection: Connection, content_id: str) -> bytes:
    """All octets of small content, empty when it is gone."""
    return nth_chunk(connection, content_id, 0)


def nth_chunk(connection: Connection, content_id: str, number: int) -> bytes:
    """One chunk as it is now, empty when it is not there."""
    return bytes(connection.execute(_CHUNK, {"id": content_id, "number": number}).scalar() or b"")


def stored_length(connection: Connection, content_id: str) -> int:
    """Length in octets of what the chunk rows hold.

    Raises:
        SpoolError: There is no such content.
    """
    last = connection.execute(_LAST_CHUNK, {"id": content_id}).one_or_none()
    if last is None:
        raise SpoolError(f"content {content_id} is not in the queue")
    return int(last.number) * CHUNK_OCTETS + int(last.length)


class ContentWriter:
    """Takes content while it arrives. Whoever awaits `write` is slowed down to the speed of the disk.

    Args:
        content_id: Names the content.
        writer: The writing thread.
        space: Refuses further octets when the disk runs low; None for what has to be written all the same.
        clock: The present time, for the age of what is left behind.
        length: For content that is gone on with: its octets so far (`drop_beyond`).
        tail: Those of its last, unfinished chunk.
    """

    def __init__(
        self, content_id: str, writer: Writer, space: Space | None, clock: Callable[[], datetime], *, length: int = 0, tail: bytes = b""
    ) -> None:
        self._id = content_id
        self._writer = writer
        self._space = space
        self._clock = clock
        self._buffer = bytearray(tail)
        self._chunks = length // CHUNK_OCTETS  # whole rows written
        self._begun = length > 0  # it is known to the queue
        self._has_tail = bool(tail)  # a row of what is in the buffer, or of its beginning, is written already
        self._length = length
        self._closed = False

    @property
    def id(self) -> str:
        """Names the content."""
        return self._id

    @property
    def length(self) -> int:
        """Octets taken so far."""
        return self._length

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next octets.

        Raises:
            NoSpaceError: The disk is below the low-water mark.
            SpoolError: The content was finished, aborted or swept.
        """
        self._check_open()
        self._buffer += data
        self._length += len(data)
        while len(self._buffer) >= CHUNK_OCTETS:
            await self._flush(CHUNK_OCTETS, complete=False)

    async def secure(self, also: Callable[[Connection], None]) -> None:
        """Commit all octets taken so far, although more will come.

        Args:
            also: What else the same commit writes.

        Raises:
            NoSpaceError, SpoolError: As for `write`.
        """
        self._check_open()
        await self._flush(len(self._buffer), complete=False, secured=also)

    async def finish(self) -> StoredContent:
        """End the content; it is ready for `accept`.

        Raises:
            SpoolError: As for `write`.
        """
        self._check_open()
        if not self._begun and self._length <= SMALL_OCTETS:
            self._closed = True
            return StoredContent(id=self._id, length=self._length, memory=bytes(self._buffer))
        await self._flush(len(self._buffer), complete=True)
        self._closed = True
        return StoredContent(id=self._id, length=self._length)

    async def abort(self) -> None:
        """Forget the content. Harmless when it was finished but not accepted, aborted before, or never begun."""
        self._closed = True
        self._buffer.clear()
        if self._begun:
            self._begun = False
            await self._writer.run(lambda connection: _drop_if_unclaimed(connection, self._id))

    def _check_open(self) -> None:
        if self._closed:
            raise SpoolError(f"content {self._id} is finished or aborted")

    async def _flush(self, size: int, *, complete: bool, secured: Callable[[Connection], None] | None = None) -> None:
        if self._space is not None:
            self._space.check()
        octets, at = bytes(self._buffer[:size]), ticks(self._clock())
        first, total, begun, has_tail = self._chunks, self._length if complete else None, self._begun, self._has_tail

        def work(connection: Connection) -> None:
            if not begun:
                connection.execute(_BEGIN, {"content": self._id, "touched_at": at, "length": total})
            elif connection.execute(_TOUCH, {"id": self._id, "at": at, "total": total}).rowcount != 1:
                raise SpoolError(f"content {self._id} was swept: nothing was written for too long")
            if has_tail:
                connection.execute(_DROP_CHUNKS_FROM, {"id": self._id, "number": first})
            if octets:
                insert_chunks(connection, self._id, octets, first)
            if secured is not None:
                secured(connection)

        await self._writer.run(work, essential=self._space is None)
        self._begun = True
        whole = len(octets) // CHUNK_OCTETS
        self._chunks += whole
        self._has_tail = bool(len(octets) % CHUNK_OCTETS)
        del self._buffer[: whole * CHUNK_OCTETS]


def _drop_if_unclaimed(connection: Connection, content_id: str) -> None:
    if connection.execute(_DROP_UNCLAIMED, {"id": content_id}).rowcount == 1:
        connection.execute(_DROP_CHUNKS, {"id": content_id})


class ChunkCache:
    """The chunks read last, of all contents together: sequential reading asks the database once a chunk."""

    def __init__(self, reader: Reader, limit: int = _CACHED_CHUNKS) -> None:
        self._reader = reader
        self._limit = limit
        self._chunks: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._lock = Lock()

    def chunk(self, content_id: str, number: int) -> bytes:
        """One chunk.

        Raises:
            SpoolError: It is gone: the transfer was deleted, or swept after its time.
        """
        key = (content_id, number)
        with self._lock:
            if (found := self._chunks.get(key)) is not None:
                self._chunks.move_to_end(key)
                return found
        octets = self._reader.here(lambda connection: connection.execute(_CHUNK, {"id": content_id, "number": number}).scalar())
        if octets is None:
            raise SpoolError(f"content {content_id} is no longer in the queue (chunk {number})")
        with self._lock:
            self._chunks[key] = octets
            while len(self._chunks) > self._limit:
                self._chunks.popitem(last=False)
        return bytes(octets)


class StoreOctets(Octets):
    """Content in the store as `Octets`: read on demand, from any thread."""

    __slots__ = ("_cache", "_id", "_length")

    def __init__(self, content_id: str, length: int, cache: ChunkCache) -> None:
        self._id, self._length, self._cache = content_id, length, cache

    def __len__(self) -> int:
        return self._length

    def read(self, start: int, end: int) -> bytes:
        """See `Octets.read`.

        Raises:
            SpoolError: The content is gone.
        """
        return b"".join(self._pieces(start, min(end, self._length)))

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            number, offset = divmod(start, CHUNK_OCTETS)
            piece = self._cache.chunk(self._id, number)[offset : offset + end - start]
            if not piece:
                raise SpoolError(f"content {self._id} is shorter than its length says")
            yield piece
            start += len(piece)
