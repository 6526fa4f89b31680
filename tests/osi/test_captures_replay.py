"""The recorded associations of two PP 6.0 MTAs, replayed against either end of our stack, whole and octet by octet."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from gateway.octets import MemoryOctets
from gateway.osi import service as s
from gateway.osi.rtse.external import unwrap
from gateway.osi.stack import Stack
from gateway.osi.tpkt import encode_tpkt
from tests.captures import Conversation, mts_apdus, streams
from tests.osi.stack_pair import Side, default_answers
from tests.shared import SHARED, require_shared

BIND_ERROR_OF_PP = bytes.fromhex("020102")
INDEPENDENT_PORT = 10200  # the only responder in the captures that is not PP
RF_OF_PP = "p1-88-refused-badpassword"


def names() -> list[str]:
    return sorted(path.stem for path in (SHARED / "captures").glob("*.pcap")) if SHARED else []


def capture(name: str) -> Path:
    return require_shared() / "captures" / f"{name}.pcap"


@cache
def conversations(name: str) -> tuple[Conversation, ...]:
    return tuple(streams(capture(name)))


def apdus(side: Side) -> list[bytes]:
    """What came; in X.410-1984 mode there is no EXTERNAL around it."""
    bare = side.stack.mode is s.Mode.X410_1984
    return [bytes(data) if bare else unwrap(MemoryOctets(bytes(data))).to_bytes() for data in side.transfers]


CASES = [(name, index) for name in names() for index in range(len(conversations(name)))]
WHOLE_AND_OCTETS = pytest.mark.parametrize("step", [0, 1], ids=["whole", "octets"])
EVERY = pytest.mark.parametrize(("name", "index"), CASES, ids=[f"{name}-{index}" for name, index in CASES])


def replay_as_responder(conversation: Conversation, step: int) -> Side:
    side = Side(Stack.responder(), default_answers())
    if len(conversation.tsdus("responder")) == 1 and conversation.tsdus("responder")[0][0] == 12:
        side.answers[s.RTOpenIndication] = s.RTOpenReject(kind=s.RefusalKind.USER, user_data=BIND_ERROR_OF_PP)
    octets = conversation.octets("initiator")
    for at in range(0, len(octets), step or len(octets)):
        side.stack.receive_data(octets[at : at + (step or len(octets))])
        side.pull()
    while data := side.stack.data_to_send():
        side.sent += data
        side.pull()
    side.stack.receive_eof()
    side.pull()
    return side


def test_there_are_captures_of_both_modes():
    require_shared()
    modes = {case: replay_as_responder(conversations(case[0])[case[1]], 0).stack.mode for case in CASES}
    assert {case for case, mode in modes.items() if mode is s.Mode.X410_1984} == {
        ("p1-84-ndr", 0),
        ("p1-84-plain", 0),
        ("p1-88-x410mode", 0),
    }, "the report about a 1984 message comes back in normal mode"
    assert len(modes) >= 21


@WHOLE_AND_OCTETS
@EVERY
def test_as_responder_we_take_what_was_sent(name, index, step):
    conversation = conversations(name)[index]
    side = replay_as_responder(conversation, step)
    normal = side.stack.mode is s.Mode.NORMAL
    sent = [apdu.octets for apdu in mts_apdus(capture(name)) if apdu.normal_mode is normal and apdu.direction == "initiator"]
    received = apdus(side)
    assert all(apdu in sent for apdu in received)
    assert len(received) == sum(si == 45 for si, _, _ in conversation.spdus("initiator"))
    assert len(side.of(s.RTTransferIndication)) == len(received)
    assert [type(event) for event in side.events[:2]] == [s.TConnectIndication, s.RTOpenIndication]
    assert not side.of(s.RTAbortIndication)
    assert isinstance(side.last, s.RTCloseIndication if name != RF_OF_PP else s.RTOpenIndication)


@EVERY
def test_O2_our_answers_are_the_recorded_spdus(name, index):
    """SPDU by SPDU; only what AC and RF carry differs, as user data and the parameters are ours."""
    conversation = conversations(name)[index]
    ours = Conversation(conversation.initiator, conversation.responder, [("responder", bytes(replay_as_responder(conversation, 0).sent))])
    recorded = conversation.spdus("responder")
    assert [si for si, _, _ in ours.spdus("responder")] == [si for si, _, _ in recorded]
    assert ours.spdus("responder")[1:] == recorded[1:]


def opening_of(conversation: Conversation) -> s.RTOpenRequest:
    """The RT-OPEN request that the recorded initiator must have made."""
    (indication,) = replay_as_responder(conversation, 0).of(s.RTOpenIndication)
    assert isinstance(indication, s.RTOpenIndication)
    return s.RTOpenRequest(
        mode=indication.mode,
        application_protocol=indication.application_protocol,
        calling=indication.calling,
        called=indication.called,
        user_data=indication.user_data,
        checkpoint_size=indication.checkpoint_size,
        window_size=indication.window_size,
        dialogue=indication.dialogue,
        initial_turn=indication.initial_turn,
        application_context=indication.application_context,
        reference=indication.reference,
        tpdu_size=2048,
    )


class Lockstep:
    """Our initiator against the recorded answers: the next one is given when ours has nothing more to say."""

    def __init__(self, conversation: Conversation, step: int) -> None:
        self.answers = [encode_tpkt(tpdu) for tpdu in conversation.tpkts("responder")]
        self.step = step
        source_reference = int.from_bytes(conversation.tpkts("initiator")[0][4:6], "big")
        self.side = Side(Stack.initiator(opening_of(conversation), reference=source_reference), default_answers())

    def run(self, until: type) -> s.Primitive:
        """Carry on until an event of that type has come."""
        before = len(self.side.of(until))
        while len(self.side.of(until)) == before:
            self.drain()
            assert self.answers, f"no recorded answer is left, and {until.__name__} has not come: {self.side.events}"
            answer = self.answers.pop(0)
            for at in range(0, len(answer), self.step or len(answer)):
                self.side.stack.receive_data(answer[at : at + (self.step or len(answer))])
                self.side.pull()
        return self.side.last

    def drain(self) -> None:
        while data := self.side.stack.data_to_send():
            self.side.sent += data


@WHOLE_AND_OCTETS
@EVERY
def test_O3_as_initiator_we_lead_the_recorded_association(name, index, step):
    conversation = conversations(name)[index]
    lockstep = Lockstep(conversation, step)
    confirm = lockstep.run(s.RTOpenConfirm)
    assert isinstance(confirm, s.RTOpenConfirm)
    if name == RF_OF_PP:
        assert (confirm.accepted, confirm.kind, confirm.user_data) == (False, s.RefusalKind.USER, BIND_ERROR_OF_PP)
        assert lockstep.side.stack.closed
        return
    assert confirm.accepted and confirm.our_turn and confirm.window_size == 3
    assert confirm.checkpoint_size == (63 if conversation.responder[1] == INDEPENDENT_PORT else 1)
    for apdu in apdus(replay_as_responder(conversation, 0)):
        lockstep.side.stack.request(s.RTTransferRequest(apdu=MemoryOctets(apdu)))
        assert lockstep.run(s.RTTransferConfirm) == s.RTTransferConfirm(transferred=True)
    lockstep.side.stack.request(s.RTCloseRequest())
    lockstep.run(s.RTCloseConfirm)
    lockstep.drain()
    assert lockstep.side.stack.closed and not lockstep.answers


@EVERY
def test_our_opening_says_what_the_recorded_one_said(name, index):
    """Other lengths, other defaults written out, no proposal for a TSDU size: the same RT-OPEN indication at the other side."""
    conversation = conversations(name)[index]
    (recorded,) = replay_as_responder(conversation, 0).of(s.RTOpenIndication)
    lockstep = Lockstep(conversation, 0)
    if name != RF_OF_PP:
        lockstep.run(s.RTOpenConfirm)
    else:
        lockstep.side.stack.receive_data(lockstep.answers[0])
        lockstep.side.pull()
        lockstep.drain()
    responder = Side(Stack.responder(), default_answers())
    responder.stack.receive_data(bytes(lockstep.side.sent))
    responder.pull()
    (ours,) = responder.of(s.RTOpenIndication)
    assert ours == recorded
