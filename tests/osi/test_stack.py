"""Two stacks joined: every scenario of an association, with whole octet strings and octet by octet."""

from __future__ import annotations

import pytest

from gateway.errors import ProtocolError
from gateway.octets import FilterOctets, MemoryOctets
from gateway.osi import service as s
from gateway.osi.rtse.external import unwrap, wrap
from gateway.osi.stack import Stack
from tests.osi.stack_pair import BIND, BIND_RESULT, REFERENCE, Side, StackPair, opening_request

STEPS = pytest.mark.parametrize("step", [0, 1], ids=["whole", "octets"])
TWA = {"dialogue": s.DialogueMode.TWO_WAY_ALTERNATE}


def apdu_of(size: int) -> bytes:
    return bytes(at * 31 & 0xFF for at in range(min(size, 65536))).ljust(size, b"x")


def received(side: Side) -> list[bytes]:
    return [bytes(data) for data in side.transfers]


def wrapped(size: int) -> bytes:
    return wrap(MemoryOctets(apdu_of(size)), 5).to_bytes()


# --- opening ------------------------------------------------------------------------------------------------------------------------


@STEPS
def test_bind(step):
    pair = StackPair(step=step).run()
    (indication,) = pair.responder.of(s.RTOpenIndication)
    assert indication == s.RTOpenIndication(
        mode=s.Mode.NORMAL,
        calling=s.Selectors(tsel=b"ppa"),
        called=s.Selectors(tsel=b"0188"),
        user_data=BIND,
        checkpoint_size=63,
        window_size=3,
        dialogue=s.DialogueMode.MONOLOGUE,
        initial_turn=s.TokenSide.REQUESTOR,
        application_context="2.6.0.1.6",
        application_protocol=None,
        session_version=2,
        reference=REFERENCE,
    )
    assert pair.initiator.events == [s.RTOpenConfirm(accepted=True, user_data=BIND_RESULT, checkpoint_size=63, window_size=3)]
    assert pair.initiator.stack.our_turn and not pair.responder.stack.our_turn
    assert pair.initiator.stack.idle and pair.responder.stack.idle


def test_all_selectors_and_no_bind_data_arrive():
    calling, called = s.Selectors(tsel=b"t1", ssel=b"s1", psel=b"p1"), s.Selectors(tsel=b"t2", ssel=b"s2", psel=b"p2")
    pair = StackPair(opening_request(calling=calling, called=called, user_data=b""), accept=s.RTOpenResponse(user_data=b"")).run()
    (indication,) = pair.responder.of(s.RTOpenIndication)
    assert (indication.calling, indication.called, indication.user_data) == (calling, called, b"")
    assert pair.initiator.last.accepted and pair.initiator.last.user_data == b""
    assert bytes.fromhex("a3028000") in bytes(pair.initiator.sent), "no user data is [0] IMPLICIT NULL (X.228 ConnectionData)"


@pytest.mark.parametrize(("versions", "agreed"), [({1}, 1), ({2}, 2), ({1, 2}, 2)])
def test_O5_session_versions(versions, agreed):
    pair = StackPair(opening_request(session_versions=frozenset(versions))).run()
    pair.transfer(apdu_of(3000))
    assert pair.initiator.stack.session_version == pair.responder.stack.session_version == agreed
    assert received(pair.responder) == [wrapped(3000)]


@pytest.mark.parametrize(
    ("proposed", "ours", "agreed"),
    [(63, 63, 63), (63, 1, 1), (1, 63, 1), (0, 63, 0), (10, 0, 0), (1000, 64, 64)],
)
def test_O11_the_responder_answers_the_smaller_checkpoint_size(proposed, ours, agreed):
    pair = StackPair(opening_request(checkpoint_size=proposed), accept=s.RTOpenResponse(checkpoint_size=ours)).run()
    assert pair.initiator.stack.checkpoint_size == pair.responder.stack.checkpoint_size == agreed


@pytest.mark.parametrize(("proposed", "ours", "agreed"), [(3, 3, 3), (100, 7, 7), (1, 3, 1), (3, 0, 0)])
def test_O11_the_responder_answers_the_smaller_window(proposed, ours, agreed):
    pair = StackPair(opening_request(window_size=proposed), accept=s.RTOpenResponse(window_size=ours)).run()
    assert pair.initiator.stack.window_size == pair.responder.stack.window_size == agreed


REFUSALS = [
    (s.RTOpenReject(kind=s.RefusalKind.USER, user_data=bytes.fromhex("b203020102")), s.RefusalKind.USER),
    (s.RTOpenReject(kind=s.RefusalKind.USER_TRANSIENT, user_data=bytes.fromhex("b203020100")), s.RefusalKind.USER_TRANSIENT),
    (s.RTOpenReject(kind=s.RefusalKind.USER, user_data=bytes.fromhex("b203020100")), s.RefusalKind.USER_TRANSIENT),
    (s.RTOpenReject(kind=s.RefusalKind.USER), s.RefusalKind.USER),
    (s.RTOpenReject(kind=s.RefusalKind.USER_TRANSIENT), s.RefusalKind.USER_TRANSIENT),
    *[
        (s.RTOpenReject(kind=kind), kind)
        for kind in s.RefusalKind
        if kind not in (s.RefusalKind.USER, s.RefusalKind.USER_TRANSIENT, s.RefusalKind.TRANSPORT, s.RefusalKind.CANNOT_RECOVER)
        and kind is not s.RefusalKind.CONTEXT
    ],
]


@STEPS
@pytest.mark.parametrize(("reject", "kind"), REFUSALS, ids=lambda value: getattr(value, "name", ""))
def test_O20_refusals(reject, kind, step):
    pair = StackPair(step=step, accept=reject).run()
    (confirm,) = pair.initiator.events
    assert isinstance(confirm, s.RTOpenConfirm)
    assert (confirm.accepted, confirm.kind, confirm.user_data) == (False, kind, reject.user_data)
    assert pair.initiator.stack.closed and pair.responder.stack.closed
    assert not pair.responder.of(s.RTAbortIndication)


def test_O18_recovery_can_be_asked_for_and_is_refused():
    pair = StackPair(opening_request(recover=REFERENCE), accept=s.RTOpenReject(kind=s.RefusalKind.CANNOT_RECOVER)).run()
    (indication,) = pair.responder.of(s.RTOpenIndication)
    assert indication.recover == REFERENCE and indication.user_data == b""
    assert pair.initiator.last.kind is s.RefusalKind.CANNOT_RECOVER


@pytest.mark.parametrize("recover", [REFERENCE, None])
def test_O18_a_recovery_is_accepted_only_by_who_says_that_it_is_one(recover):
    """It replaces the password (p1-stack 7.8), so an answer that was meant for a bind must not do."""
    pair = StackPair(opening_request(recover=recover))
    pair.responder.answers[s.RTOpenIndication] = None
    pair.run()
    with pytest.raises(ProtocolError, match="RTOpenResponse is not possible"):
        pair.responder.stack.response(s.RTOpenResponse(recovered=recover is None))


def test_the_transport_connection_can_be_refused():
    pair = StackPair()
    pair.responder.answers[s.TConnectIndication] = s.TDisconnectRequest(reason=s.DisconnectReason.ADDRESS_UNKNOWN)
    pair.run()
    assert pair.initiator.last.kind is s.RefusalKind.TRANSPORT
    assert "reason 3" in pair.initiator.last.text
    assert pair.initiator.stack.closed and pair.responder.stack.closed


def test_tcp_lost_while_the_answer_is_due():
    pair = StackPair()
    pair.responder.answers[s.RTOpenIndication] = None
    pair.run()
    pair.initiator.stack.receive_eof()
    pair.initiator.pull()
    assert (pair.initiator.last.accepted, pair.initiator.last.kind) == (False, s.RefusalKind.TRANSPORT)


def test_nothing_comes_up_while_a_response_is_due():
    pair = StackPair()
    pair.responder.answers[s.TConnectIndication] = None
    pair.run()
    assert pair.responder.stack.next_event() is s.PAUSED


# --- transfers ----------------------------------------------------------------------------------------------------------------------

_C = 1024
SIZES = [0, 1, 1023, 1024, 1025, 2 * _C - 12, 2 * _C - 11, 2 * _C - 10, 2 * _C - 9, 3 * _C]


@STEPS
@pytest.mark.parametrize("size", SIZES)
def test_O12_transfer_sizes_at_checkpoint_1(size, step):
    pair = StackPair(opening_request(checkpoint_size=1), step=step).run()
    pair.transfer(apdu_of(size))
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True)
    (external,) = received(pair.responder)
    assert external == wrapped(size)
    expected = max(0, (len(external) - 1) // 1024)
    assert [event.serial for event in pair.responder.of(s.RTCheckpointIndication)] == list(range(1, expected + 1))


@pytest.mark.parametrize("window", [1, 3, 100])
@pytest.mark.parametrize("checkpoint", [0, 1, 63])
def test_O12_a_megabyte(window, checkpoint):
    pair = StackPair(opening_request(checkpoint_size=checkpoint, window_size=window), accept=s.RTOpenResponse(window_size=window)).run()
    apdu = apdu_of(1 << 20)
    pair.transfer(apdu)
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True)
    assert received(pair.responder)[0].endswith(apdu)
    assert pair.responder.largest_slice <= s.StackLimits().event


@pytest.mark.parametrize("window", [1, 3, 100])
def test_O11_the_sender_stops_when_the_window_is_full(window):
    pair = StackPair(opening_request(checkpoint_size=1, window_size=window), accept=s.RTOpenResponse(window_size=window)).run()
    pair.responder.answers[s.RTCheckpointIndication] = None
    pair.transfer(apdu_of(200 * 1024))
    indicated = pair.responder.of(s.RTCheckpointIndication)
    assert [event.serial for event in indicated] == list(range(1, window + 1))
    assert len(received(pair.responder)[0]) == window * 1024
    pair.responder.stack.response(s.RTCheckpointResponse(serial=window))
    pair.run()
    assert len(pair.responder.of(s.RTCheckpointIndication)) == min(2 * window, 200), "one confirmation covers all before it"


def test_without_checkpoints_the_apdu_goes_in_one_rttr_that_is_pulled_in_pieces():
    pulled = 0

    def pieces():
        nonlocal pulled
        for _ in range(512):
            pulled += 8192
            yield bytes(8192)

    pair = StackPair(opening_request(checkpoint_size=0)).run()
    pair.initiator.stack.request(s.RTTransferRequest(apdu=FilterOctets(pieces, length=512 * 8192)))
    first = pair.initiator.stack.data_to_send()
    assert len(first) <= s.StackLimits().output + 65536
    assert pulled < 1 << 20, "the rest waits until somebody takes what is there"
    pair.responder.stack.receive_data(first)
    pair.run()
    assert len(received(pair.responder)[0]) == 512 * 8192 + 13


@STEPS
def test_O13_many_transfers_on_one_association(step):
    pair = StackPair(step=step).run()
    for number in range(300 if step == 0 else 3):
        pair.transfer(b"\x02\x01" + bytes((number & 0x7F,)))
    starts = [event.activity for event in pair.responder.of(s.RTTransferStart)]
    assert starts[:2] == [b"\x02\x01\x01", b"\x02\x01\x02"]
    assert len(starts) == 3 or (starts[127], starts[255]) == (b"\x02\x02\x00\x80", b"\x02\x02\x01\x00"), "BER INTEGER (p1-stack 7.4)"
    assert all(event.transferred for event in pair.initiator.of(s.RTTransferConfirm))


def test_nothing_is_confirmed_before_it_is_secured():
    pair = StackPair().run()
    pair.responder.answers[s.RTTransferIndication] = None
    pair.transfer(b"\x05\x00")
    assert not pair.initiator.of(s.RTTransferConfirm)
    assert pair.responder.stack.next_event() is s.PAUSED
    pair.responder.stack.response(s.RTTransferResponse())
    pair.run()
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True)


def test_O11_a_checkpoint_may_be_confirmed_after_the_end_has_come():
    """MIA may cross with AE (X.225 A.4)."""
    pair = StackPair(opening_request(checkpoint_size=1)).run()
    pair.responder.answers |= {s.RTCheckpointIndication: None, s.RTTransferIndication: None}
    pair.transfer(apdu_of(2500))
    assert isinstance(pair.responder.last, s.RTTransferIndication)
    pair.responder.stack.response(s.RTCheckpointResponse(serial=2))
    pair.responder.stack.response(s.RTTransferResponse())
    pair.run()
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True)


# --- the turn -----------------------------------------------------------------------------------------------------------------------


@STEPS
def test_O14_the_turn_passes_in_two_way_alternate(step):
    pair = StackPair(opening_request(**TWA), step=step).run()
    pair.responder.stack.request(s.RTTurnPleaseRequest(priority=2))
    pair.run()
    assert pair.initiator.last == s.RTTurnPleaseIndication(priority=2)
    pair.initiator.stack.request(s.RTTurnGiveRequest())
    pair.run()
    assert pair.responder.last == s.RTTurnGiveIndication()
    assert pair.responder.stack.our_turn and not pair.initiator.stack.our_turn
    pair.transfer(b"\x02\x01\x07", pair.responder)
    assert pair.responder.last == s.RTTransferConfirm(transferred=True)
    assert unwrap(MemoryOctets(received(pair.initiator)[0])).to_bytes() == b"\x02\x01\x07"
    with pytest.raises(ProtocolError):
        pair.responder.stack.request(s.RTCloseRequest())
    pair.responder.stack.request(s.RTTurnGiveRequest())
    pair.run()
    pair.initiator.stack.request(s.RTCloseRequest())
    pair.run()
    assert isinstance(pair.initiator.last, s.RTCloseConfirm)


def test_the_turn_may_be_asked_for_during_a_transfer():
    pair = StackPair(opening_request(**TWA)).run()
    pair.responder.answers[s.RTTransferIndication] = None
    pair.transfer(b"\x05\x00")
    pair.responder.stack.request(s.RTTurnPleaseRequest(priority=0))
    pair.responder.stack.response(s.RTTransferResponse())
    pair.run()
    assert pair.initiator.events[-2:] == [s.RTTurnPleaseIndication(priority=0), s.RTTransferConfirm(transferred=True)]


def test_O14_the_responder_may_have_the_turn_from_the_start():
    pair = StackPair(opening_request(initial_turn=s.TokenSide.ACCEPTOR)).run()
    assert not pair.initiator.last.our_turn and pair.responder.stack.our_turn
    pair.transfer(b"\x05\x00", pair.responder)
    assert pair.responder.last == s.RTTransferConfirm(transferred=True)


def test_O14_in_monologue_the_turn_stays():
    pair = StackPair().run()
    with pytest.raises(ProtocolError):
        pair.initiator.stack.request(s.RTTurnGiveRequest())


# --- exceptions ---------------------------------------------------------------------------------------------------------------------

R = s.ExceptionReason
EXCEPTIONS = [
    # reason, checkpoints confirmed before, transferred, what the receiver sees (p1-stack 7.6)
    (R.NON_SPECIFIC, 0, False, s.RTTransferDiscarded),
    (R.RECEIVING_ABILITY_JEOPARDIZED, 0, False, s.RTTransferInterrupted),
    (R.SEQUENCE_ERROR, 0, True, s.RTTransferDiscarded),
    (R.LOCAL_USER_ERROR, 0, False, s.RTTransferDiscarded),
    (R.LOCAL_USER_ERROR, 1, False, s.RTTransferInterrupted),
    (R.IRRECOVERABLE, 1, False, s.RTTransferDiscarded),
    (R.DEMAND_DATA_TOKEN, 0, False, s.RTTransferDiscarded),
]


@STEPS
@pytest.mark.parametrize("at_end", [True, False], ids=["at the end", "in the middle"])
@pytest.mark.parametrize(("reason", "confirmed", "transferred", "seen"), EXCEPTIONS)
def test_O15_exceptions(reason, confirmed, transferred, seen, at_end, step):
    """Reported in either role's every state of a transfer, and the association goes on with a new activity."""
    pair = StackPair(opening_request(checkpoint_size=1, window_size=2), step=step, accept=s.RTOpenResponse(window_size=2)).run()
    pair.responder.answers |= {s.RTTransferIndication: None, s.RTCheckpointIndication: None}
    pair.transfer(apdu_of(1500 if at_end else 9000))
    if confirmed:
        pair.responder.stack.response(s.RTCheckpointResponse(serial=1))
        pair.run()
    pair.responder.stack.request(s.RTExceptionRequest(reason=reason))
    pair.run()
    confirm = pair.initiator.last
    assert isinstance(confirm, s.RTTransferConfirm)
    assert (confirm.transferred, confirm.reason) == (transferred, reason)
    assert isinstance(pair.responder.last, seen)
    pair.responder.answers |= {s.RTTransferIndication: s.RTTransferResponse(), s.RTCheckpointIndication: s.RTCheckpointResponse(serial=0)}
    pair.transfer(apdu_of(5000))
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True)


def test_an_exception_in_the_middle_of_one_large_rttr_cuts_it():
    pair = StackPair(opening_request(checkpoint_size=0)).run()
    pair.initiator.stack.request(s.RTTransferRequest(apdu=MemoryOctets(bytes(4 << 20))))
    pair.responder.stack.receive_data(pair.initiator.stack.data_to_send())
    pair.responder.pull()
    pair.responder.stack.request(s.RTExceptionRequest(reason=R.IRRECOVERABLE))
    pair.initiator.stack.receive_data(pair.responder.stack.data_to_send())
    pair.run()
    assert pair.initiator.last.transferred is False
    assert isinstance(pair.responder.last, s.RTTransferDiscarded)
    assert len(received(pair.responder)[0]) < 1 << 20
    pair.transfer(b"\x05\x00")
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True)


def test_O32_a_transfer_above_the_limit_is_refused_with_exception_6():
    pair = StackPair(limits=s.StackLimits(apdu=10_000)).run()
    pair.transfer(bytes(50_000))
    assert (pair.initiator.last.transferred, pair.initiator.last.reason) == (False, 6)
    assert isinstance(pair.responder.last, s.RTTransferDiscarded)
    pair.transfer(bytes(5_000))
    assert pair.initiator.last.transferred


# --- the end ------------------------------------------------------------------------------------------------------------------------


@STEPS
def test_O25_close(step):
    pair = StackPair(step=step).run()
    pair.initiator.stack.request(s.RTCloseRequest())
    pair.run()
    assert isinstance(pair.initiator.last, s.RTCloseConfirm) and isinstance(pair.responder.last, s.RTCloseIndication)
    assert pair.initiator.stack.closed and pair.responder.stack.closed
    assert bytes.fromhex("0913110101c10e610c300a020101a0056203800100") in bytes(pair.initiator.sent), "FN with RLRQ, p1-stack 5"
    assert bytes.fromhex("0a10c10e610c300a020101a0056303800100") in bytes(pair.responder.sent), "DN with RLRE, p1-stack 5"


@STEPS
@pytest.mark.parametrize("reason", list(s.AbortReason))
@pytest.mark.parametrize("by_initiator", [True, False])
def test_abort(reason, by_initiator, step):
    pair = StackPair(step=step).run()
    ours, theirs = pair.sides if by_initiator else pair.sides[::-1]
    ours.stack.request(s.RTUAbortRequest(reason=reason))
    pair.run()
    assert isinstance(theirs.last, s.RTAbortIndication)
    assert (theirs.last.layer, theirs.last.reason, theirs.last.ours, theirs.last.activity_open) == ("RTSE", reason, False, False)
    assert ours.stack.closed and theirs.stack.closed
    assert not ours.of(s.RTAbortIndication)


@pytest.mark.parametrize("by_initiator", [True, False])
def test_abort_during_a_transfer_in_either_version(by_initiator):
    for versions in ({1}, {2}):
        pair = StackPair(opening_request(session_versions=frozenset(versions), checkpoint_size=1)).run()
        pair.responder.answers[s.RTCheckpointIndication] = None
        pair.transfer(apdu_of(10_000))
        ours, theirs = pair.sides if by_initiator else pair.sides[::-1]
        ours.stack.request(s.RTUAbortRequest())
        pair.run()
        assert theirs.last.activity_open and not theirs.last.ours
        assert theirs.last.reason == (6 if versions == {2} else None), "version 1 has 9 octets for it (X.225 8.3.9)"


def test_the_loss_of_tcp_is_an_abort():
    pair = StackPair().run()
    pair.responder.answers[s.RTTransferIndication] = None
    pair.initiator.stack.request(s.RTTransferRequest(apdu=MemoryOctets(b"\x05\x00")))
    pair.initiator.stack.data_to_send()
    pair.initiator.stack.receive_eof()
    pair.initiator.pull()
    assert pair.initiator.last == s.RTAbortIndication(layer="transport", text="TCP was closed by the peer", activity_open=True)


# --- what is not allowed ------------------------------------------------------------------------------------------------------------

REQUESTS = [
    s.RTTransferRequest(apdu=MemoryOctets(b"\x05\x00")),
    s.RTTurnPleaseRequest(),
    s.RTTurnGiveRequest(),
    s.RTCloseRequest(),
    s.RTExceptionRequest(reason=R.NON_SPECIFIC),
    s.RTTransferResponse(),
    s.RTCheckpointResponse(serial=1),
    s.RTOpenResponse(),
    s.RTOpenReject(),
    s.TConnectResponse(),
    s.TDisconnectRequest(),
    opening_request(),
]
ALLOWED_TO_INITIATOR = {s.RTTransferRequest, s.RTCloseRequest}
ALLOWED_TO_RESPONDER = {s.RTTurnPleaseRequest}


@pytest.mark.parametrize("primitive", REQUESTS, ids=lambda value: type(value).__name__)
def test_illegal_requests_raise_and_change_nothing(primitive):
    for allowed, pick in ((ALLOWED_TO_INITIATOR, 0), (ALLOWED_TO_RESPONDER, 1)):
        if type(primitive) in allowed:
            continue
        pair = StackPair().run()
        for call in (pair.sides[pick].stack.request, pair.sides[pick].stack.response):
            with pytest.raises(ProtocolError) as caught:
                call(primitive)
            assert caught.value.ours
        pair.transfer(b"\x05\x00")
        assert pair.initiator.last == s.RTTransferConfirm(transferred=True)


def test_every_request_is_refused_before_and_after_the_association():
    fresh, over = Stack.responder(), StackPair().run()
    over.initiator.stack.request(s.RTCloseRequest())
    over.run()
    for primitive in REQUESTS:
        for stack in (fresh, over.responder.stack, over.initiator.stack):
            with pytest.raises(ProtocolError):
                stack.request(primitive)


# --- timers -------------------------------------------------------------------------------------------------------------------------

T = s.StackTimers()


def expire(side: Side, seconds: float) -> s.Primitive:
    stack = side.stack
    assert stack.next_deadline() == pytest.approx(stack.now + seconds)
    stack.handle_timer(stack.now + seconds - 0.1)
    assert not side.pull()
    stack.handle_timer(stack.now + 0.1)
    side.pull()
    return side.last


def test_O38_a_peer_that_never_answers_the_cr():
    side = StackPair().initiator
    side.stack.data_to_send()
    event = expire(side, T.connect)
    assert (event.accepted, event.kind) == (False, s.RefusalKind.TRANSPORT) and side.stack.closed


def test_O38_a_peer_that_never_binds():
    side = StackPair().responder
    event = expire(side, T.bind_input)
    assert event.ours and side.stack.closed


def test_O38_a_peer_that_never_answers_the_bind():
    pair = StackPair()
    pair.responder.answers[s.RTOpenIndication] = None
    pair.run()
    assert pair.responder.stack.next_deadline() is None, "it is our user who has to answer"
    event = expire(pair.initiator, T.open_answer)
    assert isinstance(event, s.RTAbortIndication) and event.ours
    assert not pair.initiator.stack.closed and pair.initiator.stack.next_deadline() is not None, "AB is sent, the peer may close"
    pair.initiator.stack.handle_timer(pair.initiator.stack.next_deadline())
    assert pair.initiator.stack.closed


def test_no_confirmation_of_a_checkpoint():
    pair = StackPair(opening_request(checkpoint_size=1)).run()
    pair.responder.answers[s.RTCheckpointIndication] = None
    pair.transfer(apdu_of(9000))
    event = expire(pair.initiator, T.confirm)
    assert (event.reason, event.ours, event.activity_open) == (s.AbortReason.TEMPORARY_PROBLEM, True, True)
    pair.run()
    assert pair.responder.last.reason == s.AbortReason.TEMPORARY_PROBLEM


def test_O38_a_sender_that_stops():
    pair = StackPair(opening_request(checkpoint_size=0)).run()
    pair.initiator.stack.request(s.RTTransferRequest(apdu=MemoryOctets(bytes(1 << 20))))
    pair.responder.stack.receive_data(pair.initiator.stack.data_to_send()[:1000])
    pair.responder.pull()
    event = expire(pair.responder, T.progress)
    assert (event.ours, event.activity_open) == (True, True)


def test_progress_moves_the_deadline():
    pair = StackPair(opening_request(checkpoint_size=0)).run()
    pair.initiator.stack.request(s.RTTransferRequest(apdu=MemoryOctets(bytes(1 << 20))))
    data = pair.initiator.stack.data_to_send()
    stack = pair.responder.stack
    for at in range(0, 50_000, 10_000):
        stack.now = 1000.0 + at
        stack.receive_data(data[at : at + 10_000])
        pair.responder.pull()
        assert stack.next_deadline() == 1000.0 + at + T.progress


def test_O25_no_answer_to_the_release():
    pair = StackPair().run()
    pair.initiator.stack.request(s.RTCloseRequest())
    pair.initiator.stack.data_to_send()
    event = expire(pair.initiator, T.release)
    assert isinstance(event, s.RTAbortIndication) and pair.initiator.stack.closed


def test_idle_associations_have_no_deadline():
    """Releasing idle associations is the affair of the user."""
    pair = StackPair().run()
    assert pair.initiator.stack.next_deadline() is None and pair.responder.stack.next_deadline() is None


def test_O40_the_description_escapes_what_the_peer_sent():
    pair = StackPair(opening_request(calling=s.Selectors(tsel=b"\x1b[2J"))).run()
    assert "\x1b" not in pair.responder.stack.description
    assert "1b5b324a" in pair.responder.stack.description
