"""Two stacks joined by a list of octets: no sockets, no clock, nothing between them but what they say."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.octets import Octets, octets
from gateway.osi import service as s
from gateway.osi.stack import Stack

BIND = bytes.fromhex("b015a1138003505041a10c040a7365637265742d707061")
BIND_RESULT = bytes.fromhex("b115a1138003505042a10c040a7365637265742d707062")
REFERENCE = s.ConnectionReference(user=b"\x14\x02vm", common=b"\x17\x0d261123144607Z")


@dataclass
class Side:
    """One stack and its user, who answers what has to be answered unless told to leave it.

    Attributes:
        events: Everything that came up, the data of transfers left out.
        transfers: The octets of each transfer that was begun.
        answers: What the user answers to an event of a type; None leaves it unanswered.
    """

    stack: Stack
    answers: dict[type, s.Primitive | None]
    events: list[s.Primitive] = field(default_factory=list)
    transfers: list[bytearray] = field(default_factory=list)
    sent: bytearray = field(default_factory=bytearray)
    largest_slice: int = 0

    def pull(self) -> bool:
        """Take what has come up; whether there was something."""
        moved = False
        while not isinstance(event := self.stack.next_event(), s.Pull):
            moved = True
            self._take(event)
        return moved

    def _take(self, event: s.Primitive) -> None:
        if isinstance(event, s.RTTransferData):
            self.transfers[-1] += event.data
            self.largest_slice = max(self.largest_slice, len(event.data))
            return
        self.events.append(event)
        if isinstance(event, s.RTTransferStart):
            self.transfers.append(bytearray())
        answer = self.answers.get(type(event))
        if isinstance(event, s.RTCheckpointIndication) and isinstance(answer, s.RTCheckpointResponse):
            if event.confirm:
                self.stack.response(s.RTCheckpointResponse(serial=event.serial))
        elif answer is not None:
            (self.stack.request if type(answer).__name__.endswith("Request") else self.stack.response)(answer)

    def of(self, kind: type) -> list[s.Primitive]:
        """The events of one type."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def last(self) -> s.Primitive:
        return self.events[-1]


class StackPair:
    """An initiator and a responder; ``wire`` holds what each of them said, in order.

    Args:
        step: At most so many octets are handed over at once; 0 hands over everything there is.
    """

    def __init__(
        self,
        opening: s.RTOpenRequest | None = None,
        *,
        step: int = 0,
        accept: s.Primitive | None = None,
        timers: s.StackTimers | None = None,
        limits: s.StackLimits | None = None,
    ) -> None:
        self.step = step
        self.wire: list[tuple[Side, bytes]] = []
        self._told: list[Side] = []
        self.initiator = Side(Stack.initiator(opening or opening_request(), timers=timers, limits=limits), default_answers())
        self.responder = Side(Stack.responder(timers=timers, limits=limits), default_answers())
        if accept is not None:
            self.responder.answers[s.RTOpenIndication] = accept
        for side in (self.initiator, self.responder):
            side.stack.start(1000.0)

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.initiator, self.responder

    def run(self) -> StackPair:
        """Carry octets both ways until nobody has anything to say; closing TCP is told to the other side."""
        moved = True
        while moved:
            moved = any([self._carry(self.initiator, self.responder), self._carry(self.responder, self.initiator)])
        return self

    def _carry(self, source: Side, target: Side) -> bool:
        moved = source.pull()
        while data := source.stack.data_to_send():
            moved = True
            source.sent += data
            self.wire.append((source, data))
            for at in range(0, len(data), self.step or len(data)):
                target.stack.receive_data(data[at : at + (self.step or len(data))])
                if self.step:
                    target.pull()
        if source.stack.closed and not any(told is source for told in self._told):
            self._told.append(source)
            target.stack.receive_eof()
            moved = True
        return target.pull() or moved

    def transfer(self, apdu: bytes | Octets, source: Side | None = None) -> None:
        """Ask for a transfer and carry on until nothing moves."""
        (source or self.initiator).stack.request(s.RTTransferRequest(apdu=octets(apdu)))
        self.run()


def default_answers() -> dict[type, s.Primitive | None]:
    return {
        s.TConnectIndication: s.TConnectResponse(),
        s.RTOpenIndication: s.RTOpenResponse(user_data=BIND_RESULT),
        s.RTTransferIndication: s.RTTransferResponse(),
        s.RTCheckpointIndication: s.RTCheckpointResponse(serial=0),
    }


def opening_request(**changes: object) -> s.RTOpenRequest:
    """The RT-OPEN request that PP makes in the captures, with our changes."""
    values: dict[str, object] = {
        "calling": s.Selectors(tsel=b"ppa"),
        "called": s.Selectors(tsel=b"0188"),
        "user_data": BIND,
        "checkpoint_size": 63,
        "reference": REFERENCE,
    }
    return s.RTOpenRequest(**(values | changes))  # type: ignore[arg-type]


def feed(side: Side, octets: bytes, step: int = 0) -> bytes:
    """Give octets and take what comes of it; the answer."""
    before = len(side.sent)
    for at in range(0, len(octets), step or len(octets) or 1):
        side.stack.receive_data(octets[at : at + (step or len(octets))])
        side.pull()
    while data := side.stack.data_to_send():
        side.sent += data
        side.pull()
    return bytes(side.sent[before:])


def survives(side: Side, octets: bytes) -> None:
    """Whatever the octets were: nothing raises, the timers end the connection, and an abort says why."""
    feed(side, octets)
    side.stack.receive_eof()
    side.pull()
    while side.stack.data_to_send():
        pass
    for _ in range(3):
        deadline = side.stack.next_deadline()
        if deadline is None:
            break
        side.stack.handle_timer(deadline)
        side.pull()
    assert side.stack.closed
    assert all(not isinstance(event, s.RTAbortIndication) or event.text for event in side.events)
