"""What peers may send to the stack, what they may not, and that nothing of it raises, hangs or grows."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.octets import FilterOctets
from gateway.osi import service as s
from gateway.osi.stack import Stack
from gateway.osi.tpkt import encode_tpkt
from tests.captures import Conversation, streams
from tests.osi.stack_pair import Side, StackPair, default_answers, feed, opening_request, survives
from tests.shared import require_shared

AS, AE1, MIP1 = "01002d052903020101", "010029032a0131", "010031032a0131"
DT = "01000100"


def tsdus(*octets: str) -> bytes:
    return b"".join(encode_tpkt(b"\x02\xf0\x80" + bytes.fromhex(each)) for each in octets)


def bound_responder(**changes: object) -> StackPair:
    pair = StackPair(**changes).run()
    pair.responder.events.clear()
    pair.responder.sent.clear()
    return pair


# --- what is taken ------------------------------------------------------------------------------------------------------------------

RTTRS = {
    "definite": ["610a 3008 020103 a003 040161"],
    "indefinite": ["6180 3080 020103 a080 040161 0000 0000 0000"],
    "constructed": ["6180 3080 020103 a080 2480 040161 0400 0000 0000 0000 0000"],
    "two RTTRs in one value": ["610c 300a 020103 a005 0400 040161"],
    "two values in one S-DATA": ["6113 3007 020103 a002 0400 3008 020103 a003 040161"],
    "several S-DATA": ["6109 3007 020103 a002 0400", "610a 3008 020103 a003 040161", "6109 3007 020103 a002 0400"],
    "octet-aligned": ["610a 3008 020103 8103 040161"],
    "with its transfer syntax": ["610e 300c 06025101 020103 a003 040161"],
}


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("form", RTTRS)
def test_O35_forms_of_rttr(form, step):
    pair = bound_responder()
    answer = feed(pair.responder, tsdus(AS, *(DT + each for each in RTTRS[form]), AE1), step)
    assert bytes(pair.responder.transfers[0]) == b"a"
    assert answer == tsdus("02002a032a0131"), "AEA"


def test_O11_a_short_rttr_between_checkpoints_and_one_without_confirmation():
    pair = bound_responder()
    data = DT + "610a3008020103a003040161"
    answer = feed(pair.responder, tsdus(AS, data, data, "0100 3106 0f0101 2a0131", data, "0100 3103 2a0132", data, "0100 2903 2a0133"))
    assert bytes(pair.responder.transfers[0]) == b"aaaa"
    assert answer == tsdus("020032032a0132", "02002a032a0133")


def test_O17_resumption_is_answered_with_exception_6_and_the_association_goes_on():
    pair = bound_responder()
    answer = feed(pair.responder, tsdus("0100 1d0f 2903020102 2108 2903020101 2a0131"))
    assert answer == tsdus("02003003320106"), "ED, reason 6"
    assert feed(pair.responder, tsdus(DT + "610a3008020103a003040161", "01003903320106")) == tsdus("02003a00"), "ADA"
    assert [type(event) for event in pair.responder.events] == [s.RTTransferDiscarded]
    feed(pair.responder, tsdus(AS, DT + "610a3008020103a003040161", AE1))
    assert isinstance(pair.responder.last, s.RTTransferIndication)


# --- what is not --------------------------------------------------------------------------------------------------------------------

FAULTS = {
    "data in the context of the MTSE": (AS, DT + "610a3008020105a003040161"),
    "data in no context": (AS, DT + "610a3008020107a003040161"),
    "RTTP where RTTR belongs": (AS, DT + "610a3008020103a003020107"),
    "RTTR that ends early": (AS, DT + "610a3008020103a003040561"),
    "PPDU that ends early": (AS, DT + "610a3008020103a003"),
    "no PPDU": (AS, DT + "ffffffff"),
    "data without activity": (DT + "610a3008020103a003040161",),
    "checkpoint out of order": (AS, "010031032a0137"),
    "activity in an activity": (AS, AS),
    "the turn in monologue": ("1500",),
    "release in an activity": (AS, "0913110101c10e610c300a020101a0056203800100"),
    "a hundred levels": (AS, DT + "61803080020103" + "a080" * 100),
    "RLRQ that cannot be read": ("0911110101c10c610a3008020101a003620380",),
}


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("name", FAULTS)
def test_O37_faults_are_answered_with_ab_and_come_up_as_ours(name, step):
    pair = bound_responder()
    answer = feed(pair.responder, tsdus(*FAULTS[name]), step)
    end = ("", 0)
    assert Conversation(end, end, [("responder", answer)]).tsdus("responder")[-1][0] == 0x19, "AB"
    event = pair.responder.last
    assert isinstance(event, s.RTAbortIndication) and event.ours and event.text
    assert sum(isinstance(each, s.RTAbortIndication) for each in pair.responder.events) == 1
    assert not pair.responder.stack.closed and pair.responder.stack.next_deadline() is not None
    assert feed(pair.responder, tsdus("1a00")) == b"" and pair.responder.stack.closed, "AA: over"


def test_after_ab_nothing_counts_until_the_timer_ends_it():
    pair = bound_responder()
    feed(pair.responder, tsdus(AS, DT + "ffff"))
    count = len(pair.responder.events)
    assert feed(pair.responder, tsdus(*[AS, MIP1, AE1] * 100)) == b""
    assert len(pair.responder.events) == count
    pair.responder.stack.handle_timer(pair.responder.stack.next_deadline())
    assert pair.responder.stack.closed


@pytest.mark.parametrize("octets", ["03000003", "0200000702f080", "030000070100", "03000007 01f080", "03000004"])
def test_O27_a_peer_that_breaks_tpkt_or_cotp_loses_the_connection(octets):
    pair = bound_responder()
    feed(pair.responder, bytes.fromhex(octets) + bytes(16))
    event = pair.responder.last
    assert isinstance(event, s.RTAbortIndication) and (event.layer, event.ours) == ("transport", True)
    assert pair.responder.stack.closed


def recorded(direction: str) -> bytes:
    (conversation,) = streams(require_shared() / "captures/p1-88-plain.pcap")
    return conversation.octets(direction)  # type: ignore[arg-type]


def initiator() -> Side:
    """One that transfers as soon as it may and then closes."""
    side = Side(Stack.initiator(opening_request(), reference=0x7BBF), default_answers())
    side.answers[s.RTTransferConfirm] = s.RTCloseRequest()
    while side.stack.data_to_send():
        pass
    return side


@pytest.mark.slow
@pytest.mark.parametrize("pattern", [0xFF, 0x01, 0x80, 0x20])
def test_every_octet_of_an_initiator_changed(pattern):
    octets = recorded("initiator")
    for at in range(pattern % 3, len(octets), 3):
        survives(Side(Stack.responder(), default_answers()), octets[:at] + bytes((octets[at] ^ pattern,)) + octets[at + 1 :])


@pytest.mark.slow
@pytest.mark.parametrize("pattern", [0xFF, 0x01, 0x80, 0x20])
def test_every_octet_of_a_responder_changed(pattern):
    octets = recorded("responder")
    for at in range(len(octets)):
        survives(initiator(), octets[:at] + bytes((octets[at] ^ pattern,)) + octets[at + 1 :])


def test_every_prefix_of_an_initiator():
    octets = recorded("initiator")
    for at in range(0, len(octets), 7):
        survives(Side(Stack.responder(), default_answers()), octets[:at])


def test_every_prefix_of_a_responder():
    octets = recorded("responder")
    for at in range(len(octets)):
        survives(initiator(), octets[:at])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=4))
def test_any_tsdus_on_an_association(each):
    pair = bound_responder()
    survives(pair.responder, b"".join(encode_tpkt(b"\x02\xf0\x80" + octets) for octets in each))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_any_data_in_an_activity(octets):
    pair = bound_responder()
    survives(pair.responder, tsdus(AS, DT + octets.hex(), AE1))


@pytest.mark.slow
@pytest.mark.parametrize("checkpoint", [0, 63])
def test_O12_a_hundred_megabytes_stay_out_of_memory(checkpoint):
    size = 100 << 20
    piece = bytes(65536)

    class Counting(Side):
        def _take(self, event: s.Primitive) -> None:
            if isinstance(event, s.RTTransferData):
                self.count += len(event.data)
                self.largest_slice = max(self.largest_slice, len(event.data))
            elif not isinstance(event, s.RTCheckpointIndication):
                super()._take(event)
            else:
                self.stack.response(s.RTCheckpointResponse(serial=event.serial))

        count = 0

    pair = StackPair(opening_request(checkpoint_size=checkpoint)).run()
    pair.responder = Counting(pair.responder.stack, pair.responder.answers)
    pair.initiator.stack.request(s.RTTransferRequest(apdu=FilterOctets(lambda: (piece for _ in range(size // len(piece))), length=size)))
    tracemalloc.start()
    source, target = pair.initiator.stack, pair.responder.stack
    while not pair.initiator.of(s.RTTransferConfirm):
        while data := source.data_to_send():
            target.receive_data(data)
            pair.responder.pull()
        while data := target.data_to_send():
            source.receive_data(data)
        pair.initiator.pull()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert pair.responder.count >= size
    assert pair.responder.largest_slice <= s.StackLimits().event
    assert peak < 4 << 20
