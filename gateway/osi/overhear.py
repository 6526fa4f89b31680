"""Reads one direction of a recorded association without taking part in it: SPDUs by name, and each transfer's octets.

For ``mixer decode``: whatever is cut off or malformed ends the reading with a last line that says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.errors import GatewayError
from gateway.osi.framing import OctetStringReader, PDVReader
from gateway.osi.session.parameters import Field, serial_from_octets
from gateway.osi.session.reader import TSDUReader
from gateway.osi.session.spdu import SPDU, Kind
from gateway.osi.tpdu import Code, decode_tpdu
from gateway.osi.tpkt import TPKTReader

_LARGEST_SPDU = 65535
_FULLY_ENCODED = b"\x61"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One thing that was said.

    Attributes:
        text: ``CR``, ``CN``, ``MIP 3`` and so on, or what is wrong with the octets.
        transfer: With the end of an activity: the octets of the transfer as RTSE carried them.
    """

    text: str
    transfer: bytes | None = None


def overhear(octets: bytes) -> Iterator[Heard]:
    """What one side of a TCP connection said, in order. Data TPDUs and data SPDUs are not told one by one."""
    reader = TPKTReader()
    reader.receive_data(octets)
    session = TSDUReader(limit=_LARGEST_SPDU, accept_bare=True)
    transfer = _Transfer()
    try:
        while (packet := reader.next_packet()) is not None:
            tpdu = decode_tpdu(packet)
            if tpdu.code is not Code.DT:
                yield Heard(text=tpdu.code.name)
                continue
            session.receive(tpdu.data, tpdu.end)
            while (found := session.next()) is not None:
                yield from transfer.heard(found) if isinstance(found, SPDU) else transfer.take(found.data, end=found.end)
        if reader.buffered:
            yield Heard(text=f"the stream ends inside a TPKT, {reader.buffered} octets are left")
    except GatewayError as error:
        yield Heard(text=f"not readable from here on: {error}")


class _Transfer:
    """The activity that is being listened to."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._data = bytearray()
        self._marks: dict[int, int] = {}

    def heard(self, spdu: SPDU) -> Iterator[Heard]:
        match spdu.kind:
            case Kind.AS:
                self._octets.clear()
                self._marks.clear()
            case Kind.MIP:
                self._marks[spdu.serial] = len(self._octets)
            case Kind.AR:  # goes on behind a checkpoint; one of another association was not heard
                del self._octets[self._marks.get(serial_from_octets(spdu.octets(Field.LINK_SERIAL)), 0) :]
        serial = f" {spdu.serial}" if spdu.kind in (Kind.MIP, Kind.MIA, Kind.AE, Kind.AEA) else ""
        over = bytes(self._octets) if spdu.kind is Kind.AE else None
        yield Heard(text=f"{spdu.kind.name}{serial}", transfer=over)

    def take(self, data: bytes, *, end: bool) -> Iterator[Heard]:
        """User information of DT: presentation data in normal mode, bare octets in X.410-1984 mode (X.226 8.4.3.2)."""
        self._data += data
        if end:
            self._octets += _contents(bytes(self._data))
            self._data.clear()
        yield from ()


def _contents(data: bytes) -> bytes:
    if data[:1] != _FULLY_ENCODED:
        return data
    strings = OctetStringReader()
    return b"".join(strings.feed(piece.data) for piece in PDVReader().feed(data))
