"""Section 2 of the interoperability cases: the session layer."""

from __future__ import annotations

import pytest

from gateway.octets import MemoryOctets
from gateway.osi import service as s
from gateway.osi.stack import Stack
from gateway.osi.tpkt import encode_tpkt

CR = encode_tpkt(bytes.fromhex("06E00000002900"))
CN_OF_CSI = bytes.fromhex(
    "0D60 011C 0A051403435349 0B1317113932303530393134353234392D30373030 0509 130100 160101 1A0100 14020249 C131 312F A003800100 A128"
    "800100 810101 820100 840101 A31AA018A116 80107767632E6D6963726F736F66742E6361 A1021600"
)
RESULT = bytes.fromhex("A110 8003505042 A109 1607 736563726574 31".replace(" ", ""))
AS, AE = "01002D052903020101", "010029032A0131"


def tpdus(*tsdus: str | bytes, size: int = 65000) -> bytes:
    found = b""
    for each in tsdus:
        tsdu = bytes.fromhex(each) if isinstance(each, str) else each
        for at in range(0, len(tsdu), size):
            found += encode_tpkt((b"\x02\xf0\x80" if at + size >= len(tsdu) else b"\x02\xf0\x00") + tsdu[at : at + size])
    return found


class Peer:
    """A peer that says what the case says; ``events`` is what our user hears, ``answer`` what it gets."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.events: list[object] = []

    def says(self, *tsdus: str | bytes, size: int = 65000) -> bytes:
        return self.sends(tpdus(*tsdus, size=size))

    def sends(self, octets: bytes) -> bytes:
        self.stack.receive_data(octets)
        answer = b""
        while True:
            event = self.stack.next_event()
            while data := self.stack.data_to_send():
                answer += data
            if isinstance(event, s.Pull):
                return answer
            self.events.append(event)
            self._answer(event)

    def _answer(self, event: object) -> None:
        match event:
            case s.TConnectIndication():
                self.stack.response(s.TConnectResponse())
            case s.RTOpenIndication():
                self.stack.response(s.RTOpenResponse(user_data=RESULT))
            case s.RTCheckpointIndication():
                self.stack.response(s.RTCheckpointResponse(serial=event.serial))
            case s.RTTransferIndication():
                self.stack.response(s.RTTransferResponse())

    def of(self, kind: type) -> list[object]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def data(self) -> bytes:
        return b"".join(event.data for event in self.events if isinstance(event, s.RTTransferData))


def caller(cn: bytes = CN_OF_CSI) -> Peer:
    peer = Peer(Stack.responder())
    peer.sends(CR)
    peer.says(cn)
    return peer


def changed(cn: bytes, old: str, new: str) -> bytes:
    octets = cn.replace(bytes.fromhex(old), bytes.fromhex(new))
    return bytes((octets[0], cn[1] + len(octets) - len(cn))) + octets[2:]


@pytest.mark.parametrize("selector", ["", "34025348", "3400", "33024142 34025348"])
def test_IC_007_a_session_selector_says_nothing_in_x410_mode(selector: str) -> None:
    peer = caller(changed(CN_OF_CSI, "14020249C1", "14020249" + selector + "C1"))
    (indication,) = peer.of(s.RTOpenIndication)
    assert isinstance(indication, s.RTOpenIndication)
    assert (indication.called, indication.calling) == (s.Selectors(), s.Selectors())
    assert not peer.of(s.RTAbortIndication)


@pytest.mark.parametrize("ssel", [b"", b"SH"])
def test_IC_007_we_send_one_only_when_told_to(ssel: bytes) -> None:
    request = s.RTOpenRequest(mode=s.Mode.X410_1984, called=s.Selectors(tsel=b"591", ssel=ssel, psel=b"never"), application_protocol=1)
    stack = Stack.initiator(request)
    stack.data_to_send()
    stack.receive_data(encode_tpkt(bytes.fromhex("06D00001002900")))
    stack.next_event()
    cn = stack.data_to_send()
    assert (bytes.fromhex("34025348") in cn) is bool(ssel)
    assert b"never" not in cn, "there are no presentation selectors in this mode"


def test_IC_008_the_reference_connect_of_a_1984_gateway() -> None:
    peer = Peer(Stack.responder())
    peer.sends(CR)
    answer = peer.says(CN_OF_CSI)
    (indication,) = peer.of(s.RTOpenIndication)
    assert indication == s.RTOpenIndication(
        mode=s.Mode.X410_1984,
        calling=s.Selectors(),
        called=s.Selectors(),
        user_data=bytes.fromhex("A116 80107767632E6D6963726F736F66742E6361 A1021600"),
        checkpoint_size=0,
        window_size=1,
        dialogue=s.DialogueMode.MONOLOGUE,
        initial_turn=s.TokenSide.REQUESTOR,
        application_context="",
        application_protocol=1,
        session_version=1,
        reference=s.ConnectionReference(user=b"\x14\x03CSI", common=b"\x17\x11920509145249-0700"),
    )
    assert bytes.fromhex("160101") in answer and bytes.fromhex("14020249") in answer, "version 1 and our functional units"
    assert peer.says(AS, "01000100A003040161", AE) == tpdus("02002A032A0131")
    assert peer.data == bytes.fromhex("A003040161")


def test_IC_009_a_padded_serial_number_is_the_same_number() -> None:
    stack = Stack.initiator(s.RTOpenRequest(mode=s.Mode.X410_1984, application_protocol=1))
    peer = Peer(stack)
    peer.sends(encode_tpkt(bytes.fromhex("06D00001002900")))
    accepting = Stack.responder()
    other = Peer(accepting)
    other.sends(CR)
    peer.sends(other.says(CN_OF_CSI))
    stack.request(s.RTTransferRequest(apdu=MemoryOctets(b"\x05\x00")))
    sent = b""
    while data := stack.data_to_send():
        sent += data
    assert sent.endswith(bytes.fromhex(AE)), "ours has no leading zeros"
    peer.says("02002A082A06303030303031")
    assert peer.events[-1] == s.RTTransferConfirm(transferred=True)


@pytest.mark.parametrize("size", range(1, 14))
def test_IC_010_a_tsdu_is_put_together_before_it_is_taken_apart(size: int) -> None:
    peer = caller()
    assert peer.says(AS, "01000100A003040161", AE, size=size) == tpdus("02002A032A0131")
    assert peer.data == bytes.fromhex("A003040161") and not peer.of(s.RTAbortIndication)


@pytest.mark.parametrize(
    ("abort", "text"),
    [("1903110103", "the peer aborted without reason"), ("190A110103C1053103800104", "the peer aborted: protocol error")],
)
@pytest.mark.parametrize("sending", [True, False])
def test_IC_011_an_abort_is_told_with_its_reason(abort: str, text: str, sending: bool) -> None:
    peer = caller()
    if sending:
        peer.says(AS, "01000100A003")
    peer.says(abort)
    (event,) = peer.of(s.RTAbortIndication)
    assert isinstance(event, s.RTAbortIndication)
    assert (event.text, event.activity_open, event.ours) == (text, sending, False)
    assert peer.stack.closed


@pytest.mark.parametrize(
    ("units", "missing"),
    [
        ("0009", "activity management and exceptions"),
        ("0209", "activity management"),
        ("0241", "minor synchronize"),
        ("0248", "half duplex"),
    ],
)
def test_IC_012_a_connect_without_our_functional_units_is_refused(units: str, missing: str) -> None:
    peer = Peer(Stack.responder())
    peer.sends(CR)
    answer = peer.says(changed(CN_OF_CSI, "14020249", "1402" + units))
    assert answer[7] == 0x0C and answer.endswith(bytes.fromhex("320185")), "RF with reason 133"
    (event,) = peer.of(s.RTAbortIndication)
    assert isinstance(event, s.RTAbortIndication) and event.text.endswith(f"without {missing}")
    assert not peer.of(s.RTOpenIndication)


def test_IC_013_checkpoints_that_were_not_agreed_are_confirmed() -> None:
    peer = caller()
    assert peer.stack.checkpoint_size == 0
    answer = peer.says(AS, "01000100A003", "010031032A0131", "01000100040161", "010031032A0132", "010029032A0133")
    assert answer == tpdus("020032032A0131", "020032032A0132", "02002A032A0133")
    assert peer.data == bytes.fromhex("A003040161")


@pytest.mark.parametrize("serial", ["32", "30", "3939"])
def test_IC_013_a_serial_number_out_of_sequence_ends_this_association_only(serial: str) -> None:
    """By S-P-ABORT, not by an exception report, which may leave both sides waiting (p1-stack 3.7)."""
    peer = caller()
    octets = bytes.fromhex(serial)
    answer = peer.says(AS, "01000100A003", f"010031{len(octets) + 2:02X}2A{len(octets):02X}{serial}")
    assert answer == tpdus("1903110105")
    assert isinstance(peer.events[-1], s.RTAbortIndication) and peer.events[-1].ours
    other = caller()
    assert other.says(AS, "01000100A003040161", AE) == tpdus("02002A032A0131")


def test_IC_013_we_make_no_checkpoints_that_were_not_agreed() -> None:
    pulled = Peer(Stack.initiator(s.RTOpenRequest(mode=s.Mode.X410_1984, application_protocol=1, checkpoint_size=0)))
    pulled.sends(encode_tpkt(bytes.fromhex("06D00001002900")))
    other = Peer(Stack.responder())
    other.sends(CR)
    pulled.sends(other.says(CN_OF_CSI))
    pulled.stack.request(s.RTTransferRequest(apdu=MemoryOctets(bytes(100_000))))
    sent = b""
    while data := pulled.stack.data_to_send():
        sent += data
    assert bytes.fromhex("01003103") not in sent
