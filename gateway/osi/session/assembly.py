"""Joins SPDUs of version 2 that were segmented, other than DT (X.225 6.3.5): each segment carries an enclosure item."""

from __future__ import annotations

from gateway.errors import ProtocolError
from gateway.osi.session.connection import BEGIN, END
from gateway.osi.session.parameters import Field
from gateway.osi.session.spdu import SPDU, Kind

_ALONE = frozenset({Kind.AB, Kind.AA, Kind.DT})
"""SPDUs that may come between the segments of another, or have their own way of being joined."""


class Assembler:
    """Collects the segments of one SPDU at a time.

    Args:
        limit: Most octets of user data that are collected.
    """

    __slots__ = ("_data", "_first", "limit")

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        self.clear()

    def clear(self) -> None:
        """Forget what was collected."""
        self._first: SPDU | None = None
        self._data = bytearray()

    def take(self, spdu: SPDU) -> SPDU | None:
        """The SPDU when it is whole, None while segments are missing.

        Raises:
            ProtocolError: Segments out of order, or more user data than the limit.
        """
        enclosure = spdu.number(Field.ENCLOSURE, BEGIN | END) & (BEGIN | END)
        if spdu.kind is Kind.DT or (enclosure == BEGIN | END and (self._first is None or spdu.kind in _ALONE)):
            return spdu
        field = Field.REASON if spdu.kind is Kind.RF else Field.USER_DATA
        if enclosure & BEGIN:
            if self._first is not None:
                raise ProtocolError("session", f"{spdu.kind.name} between the segments of another SPDU", clause="X.225 6.3.5")
            self._first = spdu
        elif self._first is None or self._first.kind is not spdu.kind:
            raise ProtocolError("session", f"segment of {spdu.kind.name} without its beginning", clause="X.225 6.3.5")
        self._data += spdu.octets(field)
        if len(self._data) > self.limit:
            raise ProtocolError("session", f"more than {self.limit} octets in segments of {spdu.kind.name}", clause="local limit")
        if not enclosure & END:
            return None
        whole = SPDU(kind=spdu.kind, fields={**self._first.fields, field: bytes(self._data)})
        self.clear()
        return whole
