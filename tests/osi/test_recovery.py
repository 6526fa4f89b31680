"""Interruption and resumption of transfers, on one association and across two, in both roles and modes (p1-stack 7.6-7.8; O15-O18)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import ProtocolError
from gateway.octets import MemoryOctets
from gateway.osi import service as s
from gateway.osi.overhear import overhear
from gateway.osi.rtse.apdu import same_reference
from gateway.osi.rtse.external import wrap
from gateway.osi.stack import Stack
from gateway.osi.tpkt import encode_tpkt
from tests.captures import Conversation
from tests.osi.stack_pair import BIND, BIND_RESULT, REFERENCE, Side, StackPair, default_answers, opening_request

LATER = s.ConnectionReference(user=b"\x14\x02vm", common=b"\x17\x0d261123150000Z", additional=b"0001")
STEPS = pytest.mark.parametrize("step", [0, 1], ids=["whole", "octets"])
MODES = pytest.mark.parametrize("mode", list(s.Mode), ids=lambda mode: mode.value)
APDU = bytes(at * 31 & 0xFF for at in range(9000))
TWA = {"dialogue": s.DialogueMode.TWO_WAY_ALTERNATE}


@dataclass
class Keeper(Side):
    """A user that keeps what arrives, as a store would: by association and activity, with the octets before each checkpoint.

    Attributes:
        kept: The octets of each transfer.
        marks: Of each transfer, the octets before its confirmed checkpoints.
        confirms: The checkpoints that are confirmed; the others stay open.
        refuses: What is answered to a resumption instead of going on.
    """

    kept: dict[tuple[s.ConnectionReference, bytes], bytearray] = field(default_factory=dict)
    marks: dict[tuple[s.ConnectionReference, bytes], dict[int, int]] = field(default_factory=dict)
    confirms: int = 1 << 20
    refuses: s.Primitive | None = None
    now: tuple[s.ConnectionReference, bytes] = (REFERENCE, b"")

    def _take(self, event: s.Primitive) -> None:
        match event:
            case s.RTTransferData():
                self.kept[self.now] += event.data
                return
            case s.RTTransferStart():
                self.now = (self.stack.reference, event.activity)
                self.kept[self.now], self.marks[self.now] = bytearray(), {}
            case s.RTCheckpointIndication() if event.serial <= self.confirms:
                self.marks[self.now][event.serial] = event.octets
                self.stack.response(s.RTCheckpointResponse(serial=event.serial))
            case s.RTResumeIndication():
                self.now = (event.association, event.started_as)
                if self.refuses is None:
                    octets = self.marks[self.now][event.serial]
                    del self.kept[self.now][octets:]
                    self.stack.response(s.RTResumeResponse(octets=octets))
                else:
                    self.stack.request(self.refuses)
        if isinstance(event, s.RTCheckpointIndication | s.RTTransferStart):
            self.events.append(event)
        else:
            super()._take(event)


def opening(mode: s.Mode, **changes: object) -> s.RTOpenRequest:
    values: dict[str, object] = {"mode": mode, "checkpoint_size": 1, "resumption": True}
    if mode is s.Mode.X410_1984:
        values |= {"user_data": BIND[2:], "application_protocol": 12}
    return opening_request(**(values | changes))


def joined(mode: s.Mode, *, step: int = 0, confirms: int = 1 << 20, before: StackPair | None = None, **changes: object) -> StackPair:
    """An association between two keepers; those of ``before`` keep what they have."""
    result = BIND_RESULT if mode is s.Mode.NORMAL else BIND_RESULT[2:]
    recovered = changes.get("recover") is not None
    pair = StackPair(opening(mode, **changes), step=step)
    for name in ("initiator", "responder"):
        side = getattr(pair, name)
        keeper = Keeper(side.stack, default_answers(), confirms=confirms)
        keeper.answers[s.RTOpenIndication] = s.RTOpenResponse(user_data=result, recovered=recovered, resumption=True)
        del keeper.answers[s.RTCheckpointIndication]
        if before is not None:
            old = getattr(before, name)
            keeper.kept, keeper.marks = old.kept, old.marks
        setattr(pair, name, keeper)
    return pair.run()


def whole(mode: s.Mode) -> bytes:
    """What the RTTR APDUs carry together."""
    return wrap(MemoryOctets(APDU), 5).to_bytes() if mode is s.Mode.NORMAL else APDU


def send(pair: StackPair, *, side: Side | None = None, **options: bool) -> None:
    (side or pair.initiator).stack.request(s.RTTransferRequest(apdu=MemoryOctets(APDU), **options))
    pair.run()


def resume(pair: StackPair, point: s.TransferPoint, side: Side | None = None) -> None:
    (side or pair.initiator).stack.request(s.RTResumeRequest(apdu=MemoryOctets(APDU), point=point))
    pair.run()


def said(side: Side) -> list[tuple[int, bytes, bytes]]:
    end = ("", 0)
    return Conversation(end, end, [("initiator", bytes(side.sent))]).spdus("initiator")


def point(serial: int, *, activity: bytes = b"\x02\x01\x01") -> s.TransferPoint:
    return s.TransferPoint(activity=activity, association=REFERENCE, serial=serial, octets=serial * 1024)


def lose_tcp(pair: StackPair) -> None:
    for side in pair.sides:
        side.stack.receive_eof()
        side.pull()


# --- on one association -------------------------------------------------------------------------------------------------------------


@STEPS
@MODES
def test_O17_an_interrupted_transfer_goes_on_behind_the_last_confirmed_checkpoint(mode, step):
    pair = joined(mode, step=step, confirms=2)
    send(pair)
    pair.responder.stack.request(s.RTExceptionRequest(reason=s.ExceptionReason.LOCAL_USER_ERROR))
    pair.run()
    confirm = pair.initiator.last
    assert (confirm.transferred, confirm.reason, confirm.point) == (False, 5, point(2))
    assert pair.responder.last == s.RTTransferInterrupted(reason=5, point=point(2)), "both sides name it alike"
    pair.responder.confirms = 1 << 20
    resume(pair, confirm.point)
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True)
    (asked,) = pair.responder.of(s.RTResumeIndication)
    assert asked == s.RTResumeIndication(activity=b"\x02\x01\x02", started_as=b"\x02\x01\x01", association=REFERENCE, serial=2)
    assert pair.responder.kept[REFERENCE, b"\x02\x01\x01"] == whole(mode)
    (resumption,) = [parameters for si, parameters, _ in said(pair.initiator) if si == 29]
    assert resumption == bytes.fromhex("2108 2903020101 2a0132 2903020102"), "no reference: it is this association (p1-stack 7.8)"


@MODES
def test_a_resumed_transfer_is_overheard_as_one(mode):
    pair = joined(mode, confirms=2)
    send(pair)
    pair.responder.stack.request(s.RTExceptionRequest(reason=s.ExceptionReason.LOCAL_USER_ERROR))
    pair.run()
    pair.responder.confirms = 1 << 20
    resume(pair, point(2))
    heard = [each.transfer for each in overhear(bytes(pair.initiator.sent)) if each.transfer is not None]
    assert heard == [whole(mode)]


@MODES
def test_O17_serial_numbers_go_on_where_they_were(mode):
    pair = joined(mode, confirms=2)
    send(pair)
    pair.responder.stack.request(s.RTExceptionRequest(reason=s.ExceptionReason.LOCAL_USER_ERROR))
    pair.run()
    before = len(pair.responder.of(s.RTCheckpointIndication))
    pair.responder.confirms = 1 << 20
    resume(pair, point(2))
    after = [(event.serial, event.octets) for event in pair.responder.of(s.RTCheckpointIndication)[before:]]
    assert after == [(serial, serial * 1024) for serial in range(3, (len(whole(mode)) - 1) // 1024 + 1)]


def test_a_transfer_that_is_interrupted_twice_keeps_its_first_name():
    pair = joined(s.Mode.NORMAL, confirms=2)
    send(pair)
    pair.responder.stack.request(s.RTExceptionRequest(reason=s.ExceptionReason.LOCAL_USER_ERROR))
    pair.run()
    pair.responder.confirms = 5
    resume(pair, point(2))
    pair.responder.stack.request(s.RTExceptionRequest(reason=s.ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED))
    pair.run()
    assert pair.initiator.last.point == pair.responder.last.point == point(5)
    pair.responder.confirms = 1 << 20
    resume(pair, point(5))
    assert pair.initiator.last.transferred and pair.responder.kept[REFERENCE, b"\x02\x01\x01"] == whole(s.Mode.NORMAL)


@pytest.mark.parametrize("reason", list(s.ExceptionReason), ids=lambda reason: f"O16-{reason.name}")
@pytest.mark.parametrize("confirmed", [0, 1])
def test_only_an_interrupted_transfer_with_a_confirmed_checkpoint_can_be_resumed(reason, confirmed):
    pair = joined(s.Mode.NORMAL, confirms=confirmed)
    send(pair)
    pair.responder.stack.request(s.RTExceptionRequest(reason=reason))
    pair.run()
    interrupts = {s.ExceptionReason.LOCAL_USER_ERROR, s.ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED}
    assert pair.initiator.last.point == (point(1) if confirmed and reason in interrupts else None)


@STEPS
@MODES
@pytest.mark.parametrize(
    ("request_", "seen", "left"),
    [
        (s.RTInterruptRequest(), s.RTTransferInterrupted(reason=5, point=point(2)), point(2)),
        (s.RTDiscardRequest(), s.RTTransferDiscarded(reason=5), None),
    ],
    ids=["interrupt", "discard"],
)
def test_the_sender_may_stop_a_transfer_himself(request_, seen, left, mode, step):
    pair = joined(mode, step=step, confirms=2)
    send(pair)
    pair.initiator.stack.request(request_)
    pair.run()
    assert pair.responder.last == seen
    assert (pair.initiator.last.transferred, pair.initiator.last.reason, pair.initiator.last.point) == (False, None, left)


@pytest.mark.parametrize("request_", [s.RTInterruptRequest(), s.RTDiscardRequest()], ids=["interrupt", "discard"])
def test_a_stop_that_crosses_the_end_is_answered_with_transfer_completed(request_):
    """p1-stack 7.6: responsibility has moved, so the sender counts it as transferred."""
    pair = joined(s.Mode.NORMAL)
    pair.responder.answers[s.RTTransferIndication] = None
    send(pair)
    pair.initiator.stack.request(request_)
    stop = pair.initiator.stack.data_to_send()
    pair.responder.stack.response(s.RTTransferResponse())
    pair.responder.stack.receive_data(stop)
    pair.run()
    assert (pair.initiator.last.reason, pair.initiator.last.transferred) == (s.AbortReason.TRANSFER_COMPLETED, True)
    assert pair.initiator.last.point is None
    assert pair.responder.last.ours and not pair.responder.last.transferred


@MODES
def test_each_confirmed_checkpoint_is_told_when_asked_for(mode):
    pair = joined(mode)
    send(pair, checkpoints=True)
    points = [event.point for event in pair.initiator.of(s.RTCheckpointConfirm)]
    assert points == [point(serial) for serial in range(1, (len(whole(mode)) - 1) // 1024 + 1)]
    send(pair)
    assert len(pair.initiator.of(s.RTCheckpointConfirm)) == len(points), "not asked for the second time"


def test_the_octets_of_a_checkpoint_are_those_before_it():
    """One confirmation covers those before it, and a resumed transfer may have pieces of another size."""
    pair = joined(s.Mode.NORMAL, confirms=0, window_size=3)
    send(pair, checkpoints=True)
    pair.responder.stack.response(s.RTCheckpointResponse(serial=3))
    pair.run()
    assert [event.point for event in pair.initiator.of(s.RTCheckpointConfirm)] == [point(3)]


# --- refused resumptions ------------------------------------------------------------------------------------------------------------

E = s.ExceptionReason


def interrupted(mode: s.Mode = s.Mode.NORMAL) -> StackPair:
    pair = joined(mode, confirms=2)
    send(pair)
    pair.responder.stack.request(s.RTExceptionRequest(reason=E.LOCAL_USER_ERROR))
    return pair.run()


@MODES
@pytest.mark.parametrize(("reason", "transferred"), [(E.IRRECOVERABLE, False), (E.SEQUENCE_ERROR, True), (E.NON_SPECIFIC, False)])
def test_O17_a_resumption_is_refused_with_an_exception(reason, transferred, mode):
    pair = interrupted(mode)
    pair.responder.refuses = s.RTExceptionRequest(reason=reason)
    resume(pair, point(2))
    confirm = pair.initiator.last
    assert (confirm.transferred, confirm.reason, confirm.point) == (transferred, reason, None)
    assert isinstance(pair.responder.last, s.RTTransferDiscarded)
    pair.responder.confirms = 1 << 20
    send(pair)
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True), "and the association goes on (O15)"


@MODES
@pytest.mark.parametrize(
    ("reason", "transferred"), [(s.AbortReason.UNRECOGNIZED_ACTIVITY, False), (s.AbortReason.TRANSFER_COMPLETED, True)]
)
def test_O17_a_resumption_is_refused_with_an_abort(reason, transferred, mode):
    pair = interrupted(mode)
    pair.responder.refuses = s.RTUAbortRequest(reason=reason)
    resume(pair, point(2))
    abort = pair.initiator.last
    assert (abort.reason, abort.transferred, abort.point, abort.activity_open) == (reason, transferred, None, True)


def test_who_does_not_offer_resumption_never_hears_of_one():
    pair = StackPair(opening(s.Mode.NORMAL)).run()
    resume(pair, point(2))
    assert (pair.initiator.last.transferred, pair.initiator.last.reason) == (False, E.IRRECOVERABLE)
    assert not pair.responder.of(s.RTResumeIndication)


def test_nothing_comes_up_while_the_resumption_is_not_answered():
    pair = StackPair(opening(s.Mode.NORMAL), accept=s.RTOpenResponse(user_data=BIND_RESULT, resumption=True)).run()
    resume(pair, point(2))
    assert isinstance(pair.responder.last, s.RTResumeIndication)
    assert pair.responder.stack.next_event() is s.PAUSED
    assert pair.responder.stack.next_deadline() is None, "it is our user who has to answer"
    for octets in (-1, s.StackLimits().apdu + 1):
        with pytest.raises(ProtocolError):
            pair.responder.stack.response(s.RTResumeResponse(octets=octets))


# --- across associations ------------------------------------------------------------------------------------------------------------


@STEPS
@MODES
def test_O17_a_transfer_is_resumed_on_a_recovered_association(mode, step):
    broken = joined(mode, step=step, confirms=3)
    send(broken)
    lose_tcp(broken)
    for side in broken.sides:
        assert isinstance(side.last, s.RTAbortIndication)
        assert (side.last.activity_open, side.last.point) == (True, point(3))
    pair = joined(mode, step=step, before=broken, recover=REFERENCE, reference=LATER)
    (indication,) = pair.responder.of(s.RTOpenIndication)
    assert (indication.recover, indication.reference, indication.user_data) == (REFERENCE, LATER, b"")
    assert pair.initiator.last == s.RTOpenConfirm(
        accepted=True, checkpoint_size=1, window_size=3, recovered=True, session_version=2
    )
    resume(pair, point(3))
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True)
    (asked,) = pair.responder.of(s.RTResumeIndication)
    assert asked == s.RTResumeIndication(activity=b"\x02\x01\x01", started_as=b"\x02\x01\x01", association=REFERENCE, serial=3)
    assert pair.responder.kept[REFERENCE, b"\x02\x01\x01"] == whole(mode)
    (resumption,) = [parameters for si, parameters, _ in said(pair.initiator) if si == 29]
    linking = "211f 0a041402766d 0b0f170d3236313132333134343630375a 2903020101 2a0133"
    assert resumption == bytes.fromhex(linking + "2903020101"), "p1-stack 7.8"


@MODES
def test_the_initiator_may_be_the_one_who_receives(mode):
    broken = joined(mode, confirms=3, initial_turn=s.TokenSide.ACCEPTOR, **TWA)
    send(broken, side=broken.responder)
    lose_tcp(broken)
    assert broken.responder.last.point == broken.initiator.last.point == point(3)
    pair = joined(mode, before=broken, recover=REFERENCE, reference=LATER, initial_turn=s.TokenSide.ACCEPTOR, **TWA)
    resume(pair, point(3), pair.responder)
    assert pair.responder.last == s.RTTransferConfirm(transferred=True)
    assert pair.initiator.kept[REFERENCE, b"\x02\x01\x01"] == whole(mode)


def test_the_receiver_drops_what_the_sender_does_not_know_to_be_confirmed():
    """p1-stack 7.8: the confirmation was lost with the association, so the sender goes back further."""
    broken = joined(s.Mode.NORMAL, confirms=3)
    send(broken)
    lose_tcp(broken)
    pair = joined(s.Mode.NORMAL, before=broken, recover=REFERENCE, reference=LATER)
    resume(pair, point(1))
    assert pair.initiator.last.transferred and pair.responder.kept[REFERENCE, b"\x02\x01\x01"] == whole(s.Mode.NORMAL)


def test_an_association_lost_before_the_end_was_confirmed_leaves_a_point():
    """The receiver may or may not have it whole: it says which when the transfer is resumed."""
    broken = joined(s.Mode.NORMAL)
    broken.responder.answers[s.RTTransferIndication] = None
    send(broken)
    lose_tcp(broken)
    last = (len(whole(s.Mode.NORMAL)) - 1) // 1024
    assert broken.initiator.last.point == point(last)
    pair = joined(s.Mode.NORMAL, before=broken, recover=REFERENCE, reference=LATER)
    resume(pair, point(last))
    assert pair.initiator.last.transferred and pair.responder.kept[REFERENCE, b"\x02\x01\x01"] == whole(s.Mode.NORMAL)


def test_without_a_confirmed_checkpoint_nothing_is_left_to_resume():
    broken = joined(s.Mode.NORMAL, confirms=0)
    send(broken)
    lose_tcp(broken)
    assert [(side.last.activity_open, side.last.point) for side in broken.sides] == [(True, None), (True, None)]


def test_between_transfers_nothing_is_left_to_resume():
    broken = joined(s.Mode.NORMAL)
    send(broken)
    lose_tcp(broken)
    assert [(side.last.activity_open, side.last.point) for side in broken.sides] == [(False, None), (False, None)]


@STEPS
@MODES
def test_O18_a_recovery_is_refused(mode, step):
    pair = StackPair(opening(mode, recover=REFERENCE), step=step, accept=s.RTOpenReject(kind=s.RefusalKind.CANNOT_RECOVER)).run()
    assert (pair.initiator.last.accepted, pair.initiator.last.kind) == (False, s.RefusalKind.CANNOT_RECOVER)
    assert pair.responder.of(s.RTOpenIndication)[0].recover == REFERENCE


@MODES
def test_O18_an_answer_that_is_no_recovery_of_that_association_ends_it(mode):
    """O40: neither a bind result nor somebody else's reference."""
    plain, other = joined(mode), joined(mode, recover=LATER, reference=LATER)
    for answered, asked in ((plain, REFERENCE), (other, REFERENCE), (other, None)):
        side = Side(Stack.initiator(opening(mode, recover=asked)), default_answers())
        side.stack.data_to_send()
        side.stack.receive_data(bytes(answered.responder.sent))
        side.pull()
        assert isinstance(side.last, s.RTAbortIndication) and side.last.ours
        assert "recover" in side.last.text


def test_O18_references_are_the_same_in_either_string_type():
    """p1-stack 7.1: a Nexor MTA asks under T61String for what it had sent as OCTET STRING."""
    first = s.ConnectionReference(user=b"\x04\x08Percival", common=b"\x17\x0d051001145108Z")
    assert same_reference(first, s.ConnectionReference(user=b"\x14\x08Percival", common=b"\x17\x0d051001145108Z"))
    assert not same_reference(first, s.ConnectionReference(user=b"\x14\x08Percival", common=b"\x17\x0d051001145109Z"))
    assert not same_reference(first, s.ConnectionReference(user=b"\x14\x08Percivax", common=b"\x17\x0d051001145108Z"))
    raw = s.ConnectionReference(user=b"not BER", common=b"either")
    assert same_reference(raw, raw) and not same_reference(raw, first)


# --- exceptions of the provider -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sends", [True, False], ids=["sender", "receiver"])
def test_O16_an_er_spdu_ends_the_association_and_leaves_the_point(sends):
    """p1-stack 3.7: S-P-EXCEPTION-REPORT is a protocol error; what was confirmed can be recovered."""
    pair = joined(s.Mode.NORMAL, confirms=2)
    send(pair)
    side = pair.initiator if sends else pair.responder
    side.stack.receive_data(encode_tpkt(b"\x02\xf0\x80" + bytes.fromhex("0200 0000")))
    side.pull()
    assert isinstance(side.last, s.RTAbortIndication) and side.last.ours
    assert "ER SPDU" in side.last.text and side.last.point == point(2)


@pytest.mark.parametrize("reason", list(s.AbortReason), ids=lambda reason: f"O20-{reason.name}")
@pytest.mark.parametrize("by_sender", [True, False])
def test_every_abort_reason_in_a_transfer_and_what_it_leaves(reason, by_sender):
    pair = joined(s.Mode.NORMAL, confirms=2)
    send(pair)
    ours, theirs = pair.sides if by_sender else pair.sides[::-1]
    ours.stack.request(s.RTUAbortRequest(reason=reason))
    pair.run()
    hopeless = reason in (s.AbortReason.UNRECOGNIZED_ACTIVITY, s.AbortReason.TRANSFER_COMPLETED)
    assert theirs.last.reason == reason and theirs.last.activity_open
    assert theirs.last.point == (None if hopeless else point(2))
    assert theirs.last.transferred is (reason == s.AbortReason.TRANSFER_COMPLETED and not by_sender)


# --- whatever happens ---------------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["exception", "stop", "lost"])), max_size=6), st.sampled_from(list(s.Mode)))
def test_however_often_it_breaks_off_the_transfer_arrives_once_and_whole(breaks, mode):
    """What is asked for is only what either side was told: the point of the sender, the marks of the receiver."""
    pair, left, number = joined(mode, confirms=0), None, 0
    for confirms, how in [*breaks, (1 << 20, "nothing")]:
        pair.responder.confirms = confirms
        send(pair) if left is None else resume(pair, left)
        if pair.initiator.of(s.RTTransferConfirm) and pair.initiator.last.transferred:
            break
        if how == "exception":
            pair.responder.stack.request(s.RTExceptionRequest(reason=s.ExceptionReason.RECEIVING_ABILITY_JEOPARDIZED))
            pair.run()
        elif how == "stop":
            pair.initiator.stack.request(s.RTInterruptRequest())
            pair.run()
        else:
            lose_tcp(pair)
        left = pair.initiator.last.point
        if how == "lost":
            number += 1
            old = pair.initiator.stack.reference
            later = s.ConnectionReference(user=b"\x14\x02vm", common=b"\x17\x0d2611231500%02dZ" % number)
            pair = joined(mode, before=pair, recover=old, reference=later)
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True)
    assert pair.responder.kept[pair.responder.now] == whole(mode)
