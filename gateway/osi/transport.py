"""COTP class 0 over TCP (X.224, RFC 1006, RFC 2126): the transport protocol machine of one connection.

Class 0 has no acknowledgements, no timers and no disconnect in the data phase: releasing a connection means closing TCP.
What comes up is bounded by the size of one TPKT; TSDUs are not collected here.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

from gateway.errors import ProtocolError
from gateway.osi.service import (
    NEED_DATA,
    DisconnectReason,
    Pull,
    StackLimits,
    TConnectConfirm,
    TConnectIndication,
    TConnectRequest,
    TConnectResponse,
    TDataIndication,
    TDataRequest,
    TDisconnectIndication,
    TDisconnectRequest,
)
from gateway.osi.tpdu import (
    DT_HEADER,
    NEGOTIATION_FAILED,
    TPDU,
    Code,
    Item,
    decode_tpdu,
    encode_tpdu,
    items_from_size,
    size_from_items,
)
from gateway.osi.tpkt import LARGEST_TPDU, TPKTReader, encode_tpkt

_SLICE = 32 * 1024
"""Octets of a TSDU that are put together before they go up."""

TransportEvent = TConnectIndication | TConnectConfirm | TDataIndication | TDisconnectIndication


class TransportState(Enum):
    """States of X.224 Annex A, as far as class 0 has them."""

    CLOSED = "no transport connection yet"
    WFCC = "wait for the CC TPDU"
    WFTRESP = "wait for the T-CONNECT response"
    OPEN = "transport connection is open"
    ENDED = "over; TCP is closed or to be closed"


class Transport:
    """One transport connection on one TCP connection.

    Args:
        initiator: Whether we opened TCP; only the opener sends CR.
        limits: `StackLimits.output` bounds one `data_to_send`.
        reference: Our reference, any number but 0: there is one transport connection on a TCP connection.
    """

    def __init__(self, *, initiator: bool, limits: StackLimits | None = None, reference: int = 1) -> None:
        self._initiator = initiator
        self._limits = limits or StackLimits()
        self._reference = reference
        self._peer_reference = 0
        self._state = TransportState.CLOSED
        self._reader = TPKTReader()
        self._events: deque[TransportEvent] = deque()
        self._output: deque[bytes] = deque()
        self._pending = 0
        self._held = b""
        self._eof = False
        self._offered = LARGEST_TPDU
        self._size_named = False
        self._size = LARGEST_TPDU
        self._closed = False

    # --- upward ---------------------------------------------------------------------------------------------------

    def receive_data(self, data: bytes) -> None:
        """Take octets of TCP; they are looked at by `next_event`."""
        if self._state is not TransportState.ENDED:
            self._reader.receive_data(data)

    def receive_eof(self) -> None:
        """The peer closed TCP. What it sent before is still worked on."""
        self._eof = True

    def next_event(self) -> TransportEvent | Pull:
        """The next indication or confirm, or NEED_DATA. Faults of the peer come up as `TDisconnectIndication`."""
        while not self._events:
            if self._state is TransportState.ENDED:
                return NEED_DATA
            if not self._read():
                if not self._eof:
                    return NEED_DATA
                self._end(DisconnectReason.CONNECTION_LOST, "TCP was closed by the peer")
        event = self._events.popleft()
        return self._joined(event) if isinstance(event, TDataIndication) else event

    def _read(self) -> bool:
        """Work on the next packet; False when there is none. A fault of the peer ends the connection."""
        try:
            packet = self._reader.next_packet()
            if packet is None:
                return False
            self._receive(decode_tpdu(packet))
        except ProtocolError as fault:
            # X.224 6.22: class 0 may answer with ER or simply close; closing cannot loop.
            self._end(DisconnectReason.PROTOCOL_ERROR, str(fault))
        return True

    def _joined(self, first: TDataIndication) -> TDataIndication:
        """One indication for what is here of a TSDU: small TPDUs cost every layer above as much as large ones."""
        pieces, size, end = [first.data], len(first.data), first.end
        while not end and size < _SLICE and (self._events or (self._state is TransportState.OPEN and self._read())):
            following = self._events[0] if self._events else None
            if not isinstance(following, TDataIndication):
                break
            self._events.popleft()
            pieces.append(following.data)
            size, end = size + len(following.data), following.end
        return TDataIndication(data=b"".join(pieces), end=end) if len(pieces) > 1 else first

    def _receive(self, tpdu: TPDU) -> None:
        """One TPDU in the present state."""
        match tpdu.code, self._state:
            case Code.DT, TransportState.OPEN if tpdu.data or tpdu.end:
                # Peer: the MS Mail gateway puts the end of a TSDU that fills its last TPDU into an empty one of its own.
                self._events.append(TDataIndication(data=tpdu.data, end=tpdu.end))
            case Code.DT, TransportState.OPEN:
                raise ProtocolError("COTP", "an empty DT TPDU that is not the last of its TSDU", clause="X.224 6.3.3")
            case Code.CR, TransportState.CLOSED if not self._initiator:
                self._receive_cr(tpdu)
            case Code.CC, TransportState.WFCC:
                self._receive_cc(tpdu)
            case Code.DR, TransportState.WFCC | TransportState.OPEN:
                # Peer: ISODE sends a DR in the data phase, straight after DN. It is never answered.
                self._end(tpdu.option, f"DR TPDU with reason {tpdu.option}")
            case Code.ER, TransportState.WFCC | TransportState.OPEN:
                self._end(DisconnectReason.PROTOCOL_ERROR, f"ER TPDU with reject cause {tpdu.option}")
            case _:
                raise ProtocolError("COTP", f"{tpdu.code.name} TPDU in state {self._state.name}", clause="X.224 6.22")

    def _receive_cr(self, tpdu: TPDU) -> None:
        """CR: what the peer offers. Unknown parameters are ignored (X.224 13.2.3)."""
        self._peer_reference = tpdu.source
        if not _class_0_possible(tpdu):
            self._send(TPDU(code=Code.DR, destination=tpdu.source, option=NEGOTIATION_FAILED))
            raise ProtocolError("COTP", f"class {tpdu.option >> 4} without class 0 as alternative", clause="X.224 6.5.5")
        size = size_from_items(tpdu.items)
        # Peer: Nexor names no size. X.224 would make that 128 octets, RFC 1006 5 makes it 65531, and so does everybody.
        self._size_named = size is not None
        self._offered = size or LARGEST_TPDU
        self._state = TransportState.WFTRESP
        calling, called = tpdu.items.get(Item.CALLING, b""), tpdu.items.get(Item.CALLED, b"")
        self._events.append(TConnectIndication(calling=calling, called=called, tpdu_size=self._offered))

    def _receive_cc(self, tpdu: TPDU) -> None:
        """CC: the peer took the connection, perhaps with smaller TPDUs than we offered."""
        if tpdu.destination != self._reference:
            raise ProtocolError("COTP", f"CC for reference {tpdu.destination}, ours is {self._reference}", clause="X.224 6.5.4")
        if tpdu.option >> 4:
            raise ProtocolError("COTP", f"CC selects class {tpdu.option >> 4}", clause="X.224 6.5.5")
        # Deviation: X.224 13.4.4 forbids a CC to name a larger size; what we offered stays the limit, and the mail flows.
        size = min(size_from_items(tpdu.items) or self._offered, self._offered)
        self._peer_reference = tpdu.source
        self._size = size
        self._state = TransportState.OPEN
        self._events.append(TConnectConfirm(tpdu_size=size))

    def _end(self, reason: int, text: str) -> None:
        """The connection is over, and not because we wanted it."""
        self._state = TransportState.ENDED
        self._closed = True
        self._events.append(TDisconnectIndication(reason=reason, text=text))

    # --- downward -------------------------------------------------------------------------------------------------

    def request(self, primitive: TConnectRequest | TDataRequest | TDisconnectRequest) -> None:
        """T-CONNECT, T-DATA or T-DISCONNECT request.

        Raises:
            ProtocolError: The state does not allow it; nothing was changed.
        """
        match primitive, self._state:
            case TConnectRequest(), TransportState.CLOSED if self._initiator:
                self._request_connect(primitive)
            case TDataRequest(), TransportState.OPEN:
                self._request_data(primitive)
            case TDisconnectRequest(), _:
                self._request_disconnect(primitive.reason)
            case _:
                raise ProtocolError("COTP", f"{type(primitive).__name__} in state {self._state.name}", ours=True)

    def response(self, primitive: TConnectResponse) -> None:
        """T-CONNECT response: answer the CR with CC.

        Raises:
            ProtocolError: There is no CR to answer.
        """
        if self._state is not TransportState.WFTRESP:
            raise ProtocolError("COTP", f"TConnectResponse in state {self._state.name}", ours=True)
        self._size = min(self._offered, max(primitive.tpdu_size, 128))
        # A peer that named no size gets none back: both sides then know only the RFC's 65531.
        items = items_from_size(self._size) if self._size_named else {}
        self._send(TPDU(code=Code.CC, destination=self._peer_reference, source=self._reference, items=items))
        self._state = TransportState.OPEN

    def _request_connect(self, primitive: TConnectRequest) -> None:
        items: dict[int, bytes] = {}
        if primitive.calling:
            items[Item.CALLING] = primitive.calling
        if primitive.called:
            items[Item.CALLED] = primitive.called
        size = items_from_size(primitive.tpdu_size)
        self._send(TPDU(code=Code.CR, source=self._reference, items=items | size))
        self._offered = self._size = size_from_items(size) or LARGEST_TPDU
        self._state = TransportState.WFCC

    def _request_data(self, primitive: TDataRequest) -> None:
        """Cut a piece of a TSDU into DT TPDUs of the agreed size.

        The last octets of a piece wait for the next one, so that the end of the TSDU stands in a TPDU with data: an empty one is
        legal (X.224 6.3.3), but some peers end the connection over it.
        """
        room = self._size - DT_HEADER
        data = self._held + primitive.data
        full = max(0, -(-len(data) // room) - 1) * room
        for at in range(0, full, room):
            self._send(TPDU(code=Code.DT, end=False, data=data[at : at + room]))
        self._held = b"" if primitive.end else data[full:]
        if primitive.end:
            self._send(TPDU(code=Code.DT, end=True, data=data[full:]))

    def _request_disconnect(self, reason: int) -> None:
        """Refuse a CR with DR; anywhere else in class 0 the end is the end of TCP (X.224 6.7.1.5)."""
        if self._state is TransportState.WFTRESP:
            self._send(TPDU(code=Code.DR, destination=self._peer_reference, option=reason & 0xFF))
        self._state = TransportState.ENDED
        self._closed = True
        self._events.clear()

    def _send(self, tpdu: TPDU) -> None:
        packet = encode_tpkt(encode_tpdu(tpdu))
        self._output.append(packet)
        self._pending += len(packet)

    def data_to_send(self) -> bytes:
        """The next octets for TCP: whole packets, about `StackLimits.output` octets at most; nothing when there is nothing."""
        found: list[bytes] = []
        size = 0
        while self._output and (not found or size + len(self._output[0]) <= self._limits.output):
            found.append(self._output.popleft())
            size += len(found[-1])
        self._pending -= size
        return b"".join(found)

    # --- how things stand -----------------------------------------------------------------------------------------

    @property
    def state(self) -> TransportState:
        """State of the protocol machine."""
        return self._state

    @property
    def pending(self) -> int:
        """Octets that wait in `data_to_send`."""
        return self._pending

    @property
    def tpdu_size(self) -> int:
        """The largest TPDU that we send, in octets. Received ones may have up to 65531, whatever was agreed."""
        return self._size

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is odd about the peer, but does no harm; for the log."""
        reserved = self._reader.reserved
        return (f"the reserved octet of its TPKT header is {reserved:02X} instead of 00",) if reserved else ()

    @property
    def closed(self) -> bool:
        """Our side wants TCP closed, as soon as `data_to_send` is drained."""
        return self._closed


def _class_0_possible(cr: TPDU) -> bool:
    """Whether a CR may be answered with class 0 (X.224 table 3): preferred 0 or 1, or among the alternatives."""
    alternatives = cr.items.get(Item.ALTERNATIVE_CLASSES, b"")
    return cr.option >> 4 in (0, 1) or any(octet >> 4 == 0 for octet in alternatives)
