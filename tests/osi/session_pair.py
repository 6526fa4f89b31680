"""Two session machines joined by lists of TSDUs, and one machine brought into any state."""

from __future__ import annotations

from collections.abc import Callable

from gateway.osi.service import (
    NEED_DATA,
    ConnectionReference,
    SActivityDiscardRequest,
    SActivityEndRequest,
    SActivityInterruptRequest,
    SActivityStartRequest,
    SConnectRequest,
    SConnectResponse,
    SControlGiveRequest,
    SReleaseRequest,
    SSyncMinorRequest,
    SUExceptionReportRequest,
    TokenSide,
)
from gateway.osi.session import Session, State

REFERENCE = ConnectionReference(user=b"\x14\x02vm", common=b"\x17\x0d261123144607Z")
ACTIVITY = b"\x02\x01\x01"
PROTOCOL_ERROR = bytes.fromhex("19 03 11 01 05")


def sent(session: Session) -> list[bytes]:
    """The TSDUs that wait for the transport, joined."""
    found: list[bytes] = []
    open_ = b""
    while (piece := session.next_tsdu()) is not None:
        open_ += piece[0]
        if piece[1]:
            found.append(open_)
            open_ = b""
    assert not open_, "a TSDU without end"
    return found


def events(session: Session) -> list[object]:
    """What comes up."""
    return list(iter(session.next_event, NEED_DATA))


def received(session: Session, *tsdus: bytes | str) -> list[object]:
    """What comes up after these TSDUs."""
    found: list[object] = []
    for tsdu in tsdus:
        session.receive_tsdu(bytes.fromhex(tsdu) if isinstance(tsdu, str) else tsdu, True)
        found += events(session)
    return found


class Pair:
    """Two machines; ``a`` opened the transport connection.

    Args:
        step: Octets of one slice; 0 hands over what the machine gave.
    """

    def __init__(self, a: Session | None = None, b: Session | None = None, *, step: int = 0) -> None:
        self.a = a or Session(initiator=True)
        self.b = b or Session(initiator=False)
        self.step = step
        self.tsdus: list[bytes] = []

    def carry(self, source: Session) -> list[object]:
        """Everything that one side has to send; what comes up at the other."""
        target = self.b if source is self.a else self.a
        found: list[object] = []
        whole = b""
        while (piece := source.next_tsdu()) is not None:
            data, end = piece
            whole += data
            if end:
                self.tsdus.append(whole)
                whole = b""
            step = self.step or max(len(data), 1)
            for at in range(0, max(len(data), 1), step):
                target.receive_tsdu(data[at : at + step], end and at + step >= len(data))
                found += events(target)
        return found

    def connect(self, tokens: TokenSide = TokenSide.REQUESTOR) -> Pair:
        """Bring both into the data transfer state."""
        self.a.request(SConnectRequest(reference=REFERENCE, tokens=tokens, user_data=b"CP"))
        self.carry(self.a)
        self.b.response(SConnectResponse(user_data=b"CPA"))
        self.carry(self.b)
        assert (self.a.state, self.b.state) == (State.STA713, State.STA713)
        return self

    def start(self) -> Pair:
        """Begin an activity, from ``a`` to ``b``."""
        self.a.request(SActivityStartRequest(activity=ACTIVITY))
        self.carry(self.a)
        return self


def _after(side: str, *requests: object, start: bool = True) -> Callable[[], Session]:
    """A machine of a connected pair after these requests of ``a``; what ``side`` has sent is gone."""

    def build() -> Session:
        pair = Pair().connect()
        if start:
            pair.start()
        for request in requests:
            pair.a.request(request)
        pair.carry(pair.a)
        return pair.a if side == "a" else pair.b

    return build


def _exception(side: str) -> Callable[[], Session]:
    def build() -> Session:
        pair = Pair().connect().start()
        pair.b.request(SUExceptionReportRequest(reason=1))
        pair.carry(pair.b)
        return pair.a if side == "a" else pair.b

    return build


def _waiting_for_answer() -> Session:
    pair = Pair()
    pair.a.request(SConnectRequest(reference=REFERENCE))
    pair.carry(pair.a)
    return pair.a


def _waiting_for_response() -> Session:
    pair = Pair()
    pair.a.request(SConnectRequest(reference=REFERENCE))
    pair.carry(pair.a)
    return pair.b


def _after_fault() -> Session:
    session = _after("b")()
    received(session, "0A 00")
    sent(session)
    return session


def _lost() -> Session:
    session = _after("b")()
    session.receive_disconnect()
    events(session)
    return session


SITUATIONS: dict[str, Callable[[], Session]] = {
    "STA01": _lost,
    "STA01C responder": lambda: Session(initiator=False),
    "STA01C initiator": lambda: Session(initiator=True),
    "STA02A": _waiting_for_answer,
    "STA03": _after("a", SReleaseRequest(), start=False),
    "STA04B": _after("a", SSyncMinorRequest(), SActivityEndRequest()),
    "STA05B": _after("a", SActivityInterruptRequest()),
    "STA05C": _after("a", SActivityDiscardRequest()),
    "STA08": _waiting_for_response,
    "STA09": _after("b", SReleaseRequest(), start=False),
    "STA10B": _after("b", SSyncMinorRequest(), SActivityEndRequest()),
    "STA11B": _after("b", SActivityInterruptRequest()),
    "STA11C": _after("b", SActivityDiscardRequest()),
    "STA16": _after_fault,
    "STA18": _after("a", SControlGiveRequest(), start=False),
    "STA19": _exception("b"),
    "STA20": _exception("a"),
    "STA713 tokens": _after("a", start=False),
    "STA713 no tokens": _after("b", start=False),
    "STA713 sending": _after("a", SSyncMinorRequest(), SSyncMinorRequest()),
    "STA713 receiving": _after("b", SSyncMinorRequest(), SSyncMinorRequest()),
}
"""A machine in every state, with and without the tokens where that matters; the name begins with the state's."""
