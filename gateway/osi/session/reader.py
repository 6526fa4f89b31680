"""Cuts TSDUs that arrive in slices into SPDUs (X.225 6.3.7: basic concatenation), and streams the user information of DT."""

from __future__ import annotations

from collections import deque

from gateway.errors import ProtocolError
from gateway.osi.session.parameters import length_at
from gateway.osi.session.spdu import KINDS, SPDU, Kind, UserInformation, decode_spdu


class TSDUReader:
    """Yields the SPDUs of each TSDU in the order in which they are to be processed.

    That is not the order in which they stand there: the GT or PT in front comes after the SPDUs of category 2 that follow it
    (X.225 6.3.7.3), and only if it says anything. Lists of several category 2 SPDUs (extended concatenation) are read, too.

    Args:
        limit: Largest length indicator of an SPDU that is accepted, in octets; may be changed at any time.
        accept_bare: Accept category 2 SPDUs without a prefix, other than DT, AI and AIA, which nobody could tell apart.
    """

    __slots__ = (
        "_accept_bare",
        "_buffer",
        "_category",
        "_data_over",
        "_ended",
        "_followed",
        "_in_data",
        "_prefix",
        "_skipping",
        "_slices",
        "limit",
    )

    def __init__(self, *, limit: int, accept_bare: bool = False) -> None:
        self.limit = limit
        self._accept_bare = accept_bare
        self._slices: deque[tuple[bytes, bool]] = deque()
        self._buffer = bytearray()
        self._start_tsdu()

    def _start_tsdu(self) -> None:
        self._buffer.clear()
        self._ended = False
        self._skipping = False
        self._category: int | None = None
        self._prefix: SPDU | None = None
        self._followed = False
        self._in_data = self._data_over = False

    def receive(self, data: bytes, end: bool) -> None:
        """Take a slice of a TSDU; ``end`` with its last one."""
        self._slices.append((data, end))

    def skip(self) -> None:
        """Leave out the rest of the TSDU that the last SPDU was part of, or that could not be read."""
        self._skipping = self._category is not None or self._ended or bool(self._buffer)

    def next(self) -> SPDU | UserInformation | None:
        """The next SPDU or slice of user information, or None when more octets are needed.

        Raises:
            ProtocolError: The TSDU is malformed; call `skip` to go on with the next one.
        """
        while True:
            found = self._next_data() if self._in_data else self._next_spdu()
            if found is None and self._ended:
                found = self._finish()
            if found is not None:
                return found
            if not self._slices:
                return None
            data, self._ended = self._slices.popleft()
            self._buffer += data

    def _next_data(self) -> UserInformation | None:
        """What is there of the user information of DT; it reaches to the end of the TSDU."""
        if self._skipping or self._data_over or not (self._buffer or self._ended):
            self._buffer.clear()
            return None
        data = bytes(self._buffer)
        self._buffer.clear()
        self._data_over = self._ended
        return UserInformation(data=data, end=self._ended)

    def _next_spdu(self) -> SPDU | None:
        """The next complete SPDU of the buffer; the prefix is put aside."""
        if self._skipping:
            self._buffer.clear()
        while self._buffer:
            header = length_at(self._buffer, 1)
            if header is not None and header[0] > self.limit:
                raise ProtocolError("session", f"SPDU of {header[0]} octets, {self.limit} are accepted", clause="local limit")
            if header is None or sum(header) > len(self._buffer):
                if self._ended:
                    raise ProtocolError("session", "the TSDU ends inside an SPDU", clause="X.225 8.2")
                return None
            spdu = self._take(header[1], sum(header))
            if spdu.kind.category:
                self._followed = True
                self._in_data = spdu.kind is Kind.DT
                return spdu
            self._prefix = spdu
        return None

    def _take(self, start: int, stop: int) -> SPDU:
        """Decode the SPDU at the head of the buffer and remove it."""
        si = self._buffer[0]
        if self._category is None:
            self._category = category = self._first_category(si)
        elif self._category == 1:
            raise ProtocolError("session", "octets after an SPDU that stands alone", clause="X.225 6.3.7")
        else:
            category = 2
        spdu = decode_spdu(category, si, bytes(self._buffer[start:stop]))
        del self._buffer[:stop]
        return spdu

    def _first_category(self, si: int) -> int:
        """The category of the first SPDU of a TSDU, which decides how its code is read."""
        if si in (Kind.GT.si, Kind.PT.si):
            return 0
        return 2 if self._accept_bare and (1, si) not in KINDS else 1

    def _finish(self) -> SPDU | None:
        """The TSDU is over: what is left of it is the prefix, unless it said nothing."""
        if self._category is None and not self._skipping:
            raise ProtocolError("session", "an empty TSDU", clause="X.225 6.3.7")
        prefix = self._prefix
        says_nothing = prefix is None or (self._followed and not any(prefix.fields.values()))
        dropped = self._skipping or says_nothing
        self._start_tsdu()
        return None if dropped else prefix
