"""The items of the checklist of p1-stack.md (section 11) that the whole stack has to show, each under its number."""

from __future__ import annotations

import tracemalloc

import pytest

from gateway.errors import ProtocolError
from gateway.octets import MemoryOctets
from gateway.osi import service as s
from gateway.osi.stack import Stack
from gateway.osi.tpkt import encode_tpkt
from tests.captures import Conversation
from tests.osi.stack_pair import BIND_RESULT, Side, StackPair, default_answers, opening_request

AS, AE1 = "0100 2d05 2903020101", "0100 2903 2a0131"
RTTR = "0100 0100 610a 3008 020103 a003 040161"
AEA1, ABORT = "0200 2a03 2a0131", "1903 110105"


def tpkt(*tsdus: str, size: int = 1 << 16) -> bytes:
    """TSDUs in DT TPDUs of at most ``size`` octets of data."""
    found = b""
    for tsdu in map(bytes.fromhex, tsdus):
        for at in range(0, len(tsdu), size):
            found += encode_tpkt((b"\x02\xf0\x80" if at + size >= len(tsdu) else b"\x02\xf0\x00") + tsdu[at : at + size])
    return found


def give(side: Side, octets: bytes) -> list[bytes]:
    """The TSDUs that the octets are answered with."""
    side.stack.receive_data(octets)
    side.pull()
    answer = b""
    while data := side.stack.data_to_send():
        answer += data
        side.pull()
    end = ("", 0)
    return Conversation(end, end, [("responder", answer)]).tsdus("responder")


def connect_of(request: s.RTOpenRequest | None = None) -> tuple[bytes, bytes]:
    """CR and the TSDU with CN of our own initiator."""
    pair = StackPair(request or opening_request()).run()
    octets = bytes(pair.initiator.sent)
    length = int.from_bytes(octets[2:4], "big")
    return octets[:length], octets[length + 7 :]


def answered(old: str, new: str, *, adjust: int = 0) -> tuple[Side, list[bytes]]:
    """A responder that gets our CN with one part replaced, and what it says; ``adjust`` is added to the length of CN."""
    cr, cn = connect_of()
    assert cn.count(bytes.fromhex(old)) == 1
    changed = cn.replace(bytes.fromhex(old), bytes.fromhex(new))
    changed = bytes((changed[0], changed[1] + adjust)) + changed[2:]
    side = Side(Stack.responder(), default_answers())
    give(side, cr)
    return side, give(side, tpkt(changed.hex()))


def bound(**changes: object) -> StackPair:
    pair = StackPair(**changes).run()
    for side in pair.sides:
        side.events.clear()
    return pair


@pytest.mark.parametrize(
    ("old", "new", "adjust"), [("14020249", "", -4), ("14020249", "14021fff", 0), ("14020249", "14020349", 0)], ids=["absent", "all", "349"]
)
def test_O6_requirements_that_contain_what_we_need(old, new, adjust):
    side, _ = answered(old, new, adjust=adjust)
    assert side.of(s.RTOpenIndication) and not side.of(s.RTAbortIndication)


@pytest.mark.parametrize(("units", "missing"), [("0209", "activity management"), ("0009", "exceptions"), ("0241", "minor synchronize")])
def test_O6_requirements_without_what_we_need(units, missing):
    side, (refusal,) = answered("14020249", "1402" + units)
    assert refusal[0] == 12 and refusal.endswith(bytes.fromhex("320185")), "RF, refused by the SPM (IC-012)"
    assert missing in side.last.text


@pytest.mark.parametrize("prefix", ["0100", "0200", "0103100101", "020310 0101"])
def test_O8_a_category_2_spdu_behind_any_prefix(prefix):
    pair = bound()
    assert give(pair.responder, tpkt(f"{prefix} 2d05 2903020101")) == []
    assert isinstance(pair.responder.events[0], s.RTTransferStart)


def test_O8_a_bare_category_2_spdu_is_refused():
    pair = bound()
    assert give(pair.responder, tpkt("2d05 2903020101")) == [bytes.fromhex(ABORT)]
    assert pair.responder.last.ours


def test_O8_extended_concatenation_is_not_offered_and_is_read():
    _, cn = connect_of()
    assert bytes.fromhex("130100") in cn
    pair = bound()
    answer = give(pair.responder, tpkt("0100 2d05 2903020101", RTTR, "0100 3103 2a0131 0100 610a3008020103a003040162", "01002903 2a0132"))
    assert bytes(pair.responder.transfers[0]) == b"ab"
    assert answer == [bytes.fromhex("0200 3203 2a0131"), bytes.fromhex("0200 2a03 2a0132")]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 11, 125])
def test_O9_a_tsdu_may_be_cut_at_every_octet(size):
    pair = bound()
    assert give(pair.responder, tpkt(AS, RTTR, AE1, size=size)) == [bytes.fromhex(AEA1)]
    assert bytes(pair.responder.transfers[0]) == b"a"


@pytest.mark.parametrize("tpdu_size", [128, 256, 2048, 8192, 65531])
def test_O9_every_size_of_tpdu(tpdu_size):
    pair = StackPair(opening_request(tpdu_size=tpdu_size, checkpoint_size=10))
    pair.responder.answers[s.TConnectIndication] = s.TConnectResponse(tpdu_size=65531)
    pair.run()
    pair.transfer(bytes(30_000))
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True)
    end = ("", 0)
    tpdus = Conversation(end, end, [("initiator", bytes(pair.initiator.sent))]).tpkts("initiator")
    assert max(map(len, tpdus)) <= tpdu_size


@pytest.mark.parametrize("syntax", ["5600 0208", "5600 0209"], ids=["mts-rtse", "another"])
def test_O10_without_the_context_of_the_rtse_we_refuse_in_order(syntax):
    side, (refusal,) = answered("06045600020c", "0604" + syntax)
    assert refusal[0] == 12 and "2.6.0.2.12" in side.last.text
    initiator = Side(Stack.initiator(opening_request()), default_answers())
    initiator.stack.data_to_send()
    other = StackPair().run().responder.sent
    give(initiator, bytes(other)[: int.from_bytes(other[2:4], "big")])
    give(initiator, tpkt(refusal.hex()))
    assert (initiator.last.accepted, initiator.last.kind) == (False, s.RefusalKind.CONTEXT)


def test_O13_an_activity_identifier_is_opaque():
    pair = bound()
    assert give(pair.responder, tpkt("0100 2d08 2906 00ff80204100", RTTR, AE1)) == [bytes.fromhex(AEA1)]
    assert pair.responder.events[-1] == s.RTTransferIndication(activity=bytes.fromhex("00ff80204100"))


def test_O14_only_who_has_the_turn_closes():
    pair = StackPair(opening_request(initial_turn=s.TokenSide.ACCEPTOR, dialogue=s.DialogueMode.TWO_WAY_ALTERNATE)).run()
    with pytest.raises(ProtocolError):
        pair.initiator.stack.request(s.RTCloseRequest())
    pair.initiator.stack.request(s.RTTurnPleaseRequest(priority=0))
    pair.run()
    assert pair.responder.last == s.RTTurnPleaseIndication(priority=0)
    pair.responder.stack.request(s.RTTurnGiveRequest())
    pair.run()
    pair.initiator.stack.request(s.RTCloseRequest())
    pair.run()
    assert isinstance(pair.initiator.last, s.RTCloseConfirm)


@pytest.mark.parametrize("reason", [1, 5])
def test_O16_an_exception_may_cross_checkpoints_and_the_end(reason):
    pair = bound(opening=opening_request(checkpoint_size=1))
    pair.initiator.stack.request(s.RTTransferRequest(apdu=MemoryOctets(bytes(2500))))
    everything = b""
    while data := pair.initiator.stack.data_to_send():
        everything += data
    cut = everything.index(bytes.fromhex("0100 3103 2a0131"))
    pair.responder.answers[s.RTCheckpointIndication] = None
    pair.responder.stack.receive_data(everything[:cut])
    pair.responder.pull()
    pair.responder.stack.request(s.RTExceptionRequest(reason=s.ExceptionReason(reason)))
    pair.responder.stack.receive_data(everything[cut:])
    pair.run()
    assert (pair.initiator.last.transferred, pair.initiator.last.reason) == (False, reason)
    assert isinstance(pair.responder.last, s.RTTransferInterrupted | s.RTTransferDiscarded)
    assert not pair.responder.of(s.RTTransferIndication), "what comes after the report is dropped"
    pair.responder.answers[s.RTCheckpointIndication] = s.RTCheckpointResponse(serial=0)
    pair.transfer(b"\x05\x00")
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True)


# --- O25: the end ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["0a00", "1903110103", "190a110103c1053603800103", None], ids=["DN", "AB", "AB with RTAB", "TCP closed"])
def test_O25_a_release_is_answered(answer):
    pair = bound()
    pair.initiator.stack.request(s.RTCloseRequest())
    pair.initiator.stack.data_to_send()
    if answer is None:
        pair.initiator.stack.receive_eof()
    else:
        pair.initiator.stack.receive_data(tpkt(answer))
    pair.initiator.pull()
    assert isinstance(pair.initiator.last, s.RTCloseConfirm if answer == "0a00" else s.RTAbortIndication)
    assert pair.initiator.stack.closed


def test_O25_a_release_in_a_transfer_is_answered_with_ab():
    pair = bound()
    assert give(pair.responder, tpkt(AS, RTTR, "0903110101")) == [bytes.fromhex(ABORT)]
    assert pair.responder.last.activity_open


# --- hostile --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["bind", "data", "activity"])
def test_O30_a_tsdu_without_end_costs_no_memory(phase):
    piece = encode_tpkt(b"\x02\xf0\x00" + bytes(60_000))
    pair = StackPair() if phase == "bind" else bound()
    side = pair.responder
    if phase == "bind":
        give(side, connect_of()[0])
        give(side, encode_tpkt(b"\x02\xf0\x00" + bytes.fromhex("0dffffff")))
    elif phase == "activity":
        give(side, tpkt(AS))
        give(side, encode_tpkt(b"\x02\xf0\x00" + bytes.fromhex("0100 0100 6180 3080 020103 a080 2480 048401000000")))
    else:
        give(side, encode_tpkt(b"\x02\xf0\x00" + bytes.fromhex("02ffffff")))
    tracemalloc.start()
    for _ in range(100):
        side.stack.receive_data(piece)
        side.pull()
        side.transfers[-1:] = [bytearray()] if side.transfers else []
        while side.stack.data_to_send():
            pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 << 20


@pytest.mark.parametrize("situation", ["idle", "before CN", "inside CN"])
def test_O38_one_octet_every_ten_seconds_does_not_hold_us(situation):
    cr, cn = connect_of()
    side = Side(Stack.responder(), default_answers())
    side.stack.start(0.0)
    octets = {"idle": cr, "before CN": cr + tpkt(cn.hex()), "inside CN": cr + tpkt(cn.hex())}[situation]
    quick = {"idle": 0, "before CN": len(cr), "inside CN": len(cr) + 40}[situation]
    give(side, octets[:quick])
    for number, octet in enumerate(octets[quick:], start=1):
        side.stack.now = 10.0 * number
        side.stack.receive_data(bytes((octet,)))
        side.pull()
        deadline = side.stack.next_deadline()
        if deadline is not None and deadline <= side.stack.now:
            side.stack.handle_timer(side.stack.now)
            side.pull()
        if side.stack.closed:
            break
    assert side.stack.closed and side.stack.now <= 2 * s.StackTimers().bind_input + 10
    assert isinstance(side.last, s.RTAbortIndication) and side.last.ours


@pytest.mark.parametrize(
    "parameter",
    ["3311" + "41" * 17, "3411" + "41" * 17, "0143 0a41" + "41" * 65, "0107 0c05" + "41" * 5],
    ids=["SSEL", "called", "reference", "additional"],
)
def test_O39_oversized_parameters_of_the_connect_end_it(parameter):
    side, answer = answered("14020249", parameter + "14020249", adjust=len(bytes.fromhex(parameter)))
    assert answer == [bytes.fromhex(ABORT)]
    assert side.last.ours


def test_O39_a_long_transport_selector_is_indicated_as_it_came():
    tsel = bytes(range(200))
    body = b"\xe0\0\0\0\1\0\xc2" + bytes((len(tsel),)) + tsel
    side = Side(Stack.responder(), {})
    give(side, encode_tpkt(bytes((len(body),)) + body))
    assert side.last == s.TConnectIndication(calling=b"", called=tsel, tpdu_size=65531)


@pytest.mark.parametrize("tsdus", [("CN",), (AS, "CN"), (AS, AS)], ids=["replayed bind", "bind in an activity", "two activities"])
def test_O40_what_nobody_may_say_twice(tsdus):
    _, cn = connect_of()
    pair = bound()
    answer = give(pair.responder, tpkt(*(cn.hex() if tsdu == "CN" else tsdu for tsdu in tsdus)))
    assert answer == [bytes.fromhex(ABORT)]


def test_O40_a_discard_after_the_end_is_answered_with_transfer_completed():
    pair = bound()
    answer = give(pair.responder, tpkt(AS, RTTR, AE1, "0100 3903 320100"))
    assert answer[0] == bytes.fromhex(AEA1)
    assert answer[1][0] == 25 and bytes.fromhex("b603800107") in answer[1], "AB with RTAB transferCompleted"


def test_O37_an_activity_needs_the_tokens():
    pair = bound()
    assert give(pair.initiator, tpkt(AS)) == [bytes.fromhex(ABORT)]
    assert pair.initiator.last.ours


def test_O26_the_answer_to_our_bind_comes_up_for_the_user_to_check():
    """Names and passwords are the affair of the user: both directions reach him as they came."""
    pair = StackPair().run()
    assert pair.initiator.last.user_data == BIND_RESULT
    pair.initiator.stack.request(s.RTUAbortRequest(reason=s.AbortReason.USER_ERROR))
    pair.run()
    assert pair.responder.last.reason == s.AbortReason.USER_ERROR


def test_O21_associations_do_not_know_of_each_other():
    pairs = [StackPair().run() for _ in range(10)]
    for pair in pairs[1:]:
        pair.transfer(b"\x05\x00")
    pairs[3].initiator.stack.receive_eof()
    pairs[3].initiator.pull()
    assert [isinstance(pair.initiator.last, s.RTAbortIndication) for pair in pairs].count(True) == 1
    assert [bool(pair.initiator.of(s.RTTransferConfirm)) for pair in pairs] == [False] + [True] * 9


@pytest.mark.parametrize("moment", ["before the end", "after the end was answered"])
def test_O19_nothing_is_confirmed_that_was_not_secured(moment):
    """A crash of the receiver before AEA leaves the transfer with its sender; after AEA was written, with the receiver."""
    pair = StackPair().run()
    pair.responder.answers[s.RTTransferIndication] = None
    pair.transfer(b"\x05\x00")
    if moment == "before the end":
        pair.initiator.stack.receive_eof()
        pair.run()
        assert not pair.initiator.of(s.RTTransferConfirm) and pair.initiator.last.activity_open
    else:
        pair.responder.stack.response(s.RTTransferResponse())
        pair.initiator.stack.receive_data(pair.responder.stack.data_to_send())
        pair.initiator.stack.receive_eof()
        pair.initiator.pull()
        assert pair.initiator.of(s.RTTransferConfirm) == [s.RTTransferConfirm(transferred=True)]
        assert not pair.initiator.last.activity_open
