"""A recorded association in plain words: what each side said, in the order of time, and what was opened, transferred and refused by it.

SPDUs are read with the layers' own readers. What the opening means is found out by our own stack, which is told the same octets again:
it reads what the caller proposes as a responder would, and the answer as an initiator would.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from gateway import asn1
from gateway.errors import GatewayError
from gateway.mta.binding import read_bind_argument, refusal_text
from gateway.mta.credentials import selector_text, selectors_text
from gateway.mta.intake import decode_apdu
from gateway.mta.pcap import Segment
from gateway.octets import MemoryOctets
from gateway.osi import service as s
from gateway.osi.framing import OctetStringReader, PDVReader
from gateway.osi.session.parameters import Field
from gateway.osi.session.reader import TSDUReader
from gateway.osi.session.spdu import SPDU, Kind
from gateway.osi.stack import Stack
from gateway.osi.tpdu import TPDU, Code, Item, decode_tpdu, size_from_items
from gateway.osi.tpkt import TPKTReader
from gateway.x400 import bind

_LARGEST_SPDU = 65535
_FULLY_ENCODED = b"\x61"
_LARGEST_SHOWN = 1 << 20
_TEXT_FIELDS = frozenset({Field.SERIAL, Field.LINK_SERIAL})
_QUIET = frozenset({Field.USER_DATA, Field.EXTENDED_USER_DATA})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was said, or what it means (``detail``), or a whole value in ASN.1 notation."""

    at: datetime
    caller: bool
    text: str
    detail: bool = False


def transcript(segments: Iterable[Segment]) -> Iterator[Line]:
    """What was said; ``ours`` of a segment stands for the caller here. What cannot be read is told, and ends that direction."""
    opening = _Opening()
    sides = {True: _Side(True, opening), False: _Side(False, opening)}
    for segment in segments:
        yield from sides[segment.ours].hear(segment)


class _Opening:
    """What both sides said until the association stood, told to our own stack again."""

    def __init__(self) -> None:
        self._responder = Stack.responder()
        self._initiator: Stack | None = None
        self._proposed: s.RTOpenIndication | None = None
        self._early = bytearray()
        self.over = False

    def hear(self, data: bytes, caller: bool) -> Iterator[str]:
        if not self.over:
            try:
                yield from self._proposal(data) if caller else self._answer(data)
            except GatewayError as error:
                self.over = True
                yield f"the opening cannot be followed: {error}"

    def _proposal(self, data: bytes) -> Iterator[str]:
        self._responder.receive_data(data)
        while not isinstance(event := self._responder.next_event(), s.Pull):
            if isinstance(event, s.TConnectIndication):
                self._responder.response(s.TConnectResponse())
            elif isinstance(event, s.RTOpenIndication):
                self._proposed = event
                yield from _proposal_text(event)
        while self._responder.data_to_send():
            pass

    def _answer(self, data: bytes) -> Iterator[str]:
        self._early += data
        if self._proposed is None:
            return  # CC comes before CN: what is answered can be read when the proposal is known
        if self._initiator is None:
            self._initiator = Stack.initiator(_same_proposal(self._proposed))
        while self._initiator.data_to_send():
            pass
        self._initiator.receive_data(bytes(self._early))
        self._early.clear()
        while not isinstance(event := self._initiator.next_event(), s.Pull):
            if isinstance(event, s.RTOpenConfirm):
                self.over = True
                yield _answer_text(event)
                return


def _same_proposal(proposed: s.RTOpenIndication) -> s.RTOpenRequest:
    """What the caller asked for, as far as its answer depends on it."""
    return s.RTOpenRequest(
        mode=proposed.mode, checkpoint_size=proposed.checkpoint_size, window_size=proposed.window_size, dialogue=proposed.dialogue,
        initial_turn=proposed.initial_turn, application_context=proposed.application_context,
        application_protocol=proposed.application_protocol, recover=proposed.recover,
    )  # fmt: skip


def _proposal_text(event: s.RTOpenIndication) -> Iterator[str]:
    normal = event.mode is s.Mode.NORMAL
    context = f"application context {event.application_context}" if normal else f"application protocol {event.application_protocol}"
    yield (
        f"proposes an association: mode {event.mode.value}, {context}, session version {event.session_version}, checkpoint "
        f"{event.checkpoint_size}, window {event.window_size}, {event.dialogue.name.lower().replace('_', '-')}, "
        f"calling {selectors_text(event.calling)}, called {selectors_text(event.called)}"
    )
    if event.recover is not None:
        yield f"wants to recover the association {event.recover.common!r} of {event.recover.user!r}"
        return
    offer = read_bind_argument(event.user_data)
    yield "gives a bind argument that cannot be read" if offer is None else f"binds with {offer.introduction}"


def _answer_text(confirm: s.RTOpenConfirm) -> str:
    if not confirm.accepted:
        return f"refuses: {refusal_text(confirm)}"
    try:
        who = bind.decode_bind_result(confirm.user_data).authenticated
    except GatewayError:
        who = None
    name = f"MTA name {who.responder_name!r}" if who is not None else "no MTA name"
    version = f"session version {confirm.session_version}"
    return f"accepts with {name}: {version}, checkpoint {confirm.checkpoint_size}, window {confirm.window_size}"


class _Side:
    """One direction."""

    def __init__(self, caller: bool, opening: _Opening) -> None:
        self._caller = caller
        self._opening = opening
        self._packets = TPKTReader()
        self._session = TSDUReader(limit=_LARGEST_SPDU, accept_bare=True)
        self._data = bytearray()
        self._transfer = bytearray()
        self._lost = False

    def hear(self, segment: Segment) -> Iterator[Line]:
        """Lines for what came in one segment."""
        if self._lost:
            return
        try:
            self._packets.receive_data(segment.data)
            while (packet := self._packets.next_packet()) is not None:
                yield from self._tpdu(decode_tpdu(packet), segment.at)
        except GatewayError as error:
            self._lost = True
            yield self._line(segment.at, f"not readable from here on: {error}")
        for text in self._opening.hear(segment.data, self._caller):
            yield self._line(segment.at, text, detail=True)

    def _tpdu(self, tpdu: TPDU, at: datetime) -> Iterator[Line]:
        if tpdu.code is not Code.DT:
            yield self._line(at, _tpdu_text(tpdu))
            return
        self._session.receive(tpdu.data, tpdu.end)
        while (found := self._session.next()) is not None:
            if isinstance(found, SPDU):
                yield from self._spdu(found, at)
            else:
                yield from self._user_information(found.data, found.end, at)

    def _spdu(self, spdu: SPDU, at: datetime) -> Iterator[Line]:
        if spdu.kind is Kind.DT:
            return
        if spdu.kind in (Kind.AS, Kind.AR):
            self._transfer.clear()
        fields = [_field_text(name, value) for name, value in spdu.fields.items() if name not in _QUIET]
        yield self._line(at, " ".join((spdu.kind.name, *fields)))
        if spdu.kind is Kind.AE:
            yield from (self._line(at, text, detail=True) for text in _apdu_text(bytes(self._transfer)))

    def _user_information(self, data: bytes, end: bool, at: datetime) -> Iterator[Line]:
        self._data += data
        if end:
            octets = _contents(bytes(self._data))
            self._transfer += octets[: max(0, _LARGEST_SHOWN - len(self._transfer))]
            self._data.clear()
            yield self._line(at, f"DT {len(octets)} octets")

    def _line(self, at: datetime, text: str, *, detail: bool = False) -> Line:
        return Line(at=at, caller=self._caller, text=text, detail=detail)


def _tpdu_text(tpdu: TPDU) -> str:
    if tpdu.code in (Code.CR, Code.CC):
        size = size_from_items(tpdu.items)
        sides = (("calling", Item.CALLING), ("called", Item.CALLED))
        selectors = [f"{name} {selector_text(tpdu.items[item])}" for name, item in sides if item in tpdu.items]
        return ", ".join((tpdu.code.name, *selectors, f"TPDU size {size}" if size else "no TPDU size"))
    return f"{tpdu.code.name} reason {tpdu.option}"


def _field_text(name: Field, value: bytes) -> str:
    shown = value.decode("ascii", "replace") if name in _TEXT_FIELDS else value.hex() or "empty"
    return f"{name.name.lower().replace('_', '-')}={shown}"


def _contents(data: bytes) -> bytes:
    """The octets of RTTR in user information: presentation data in normal mode, bare octets in X.410-1984 mode (X.226 8.4.3.2)."""
    if data[:1] != _FULLY_ENCODED:
        return data
    strings = OctetStringReader()
    return b"".join(strings.feed(piece.data) for piece in PDVReader().feed(data))


def _apdu_text(transfer: bytes) -> Iterator[str]:
    """The envelope of what was transferred, in ASN.1 notation; its content only by its length."""
    octets = MemoryOctets(transfer)
    try:
        apdu = decode_apdu(octets, normal_mode=transfer[:1] == b"\x28")
        if apdu.message is not None:
            length = len(apdu.message.content)
            apdu = replace(apdu, message=replace(apdu.message, content=MemoryOctets(f"({length} octets of content)".encode())))
        yield from asn1.to_notation(apdu).splitlines()
    except GatewayError as error:
        yield f"a transfer of {len(transfer)} octets that cannot be shown: {error}"
