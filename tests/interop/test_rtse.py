"""Section 5 of the interoperability cases: RTSE. What is counted over several calls (IC-028) and tried again (IC-026) is the MTA's."""

from __future__ import annotations

import pytest

from gateway.octets import ConcatOctets, MemoryOctets
from gateway.osi import service as s
from gateway.osi.rtse.forms import FORMS
from gateway.osi.rtse.transfer import Outgoing, Step
from gateway.osi.stack import Stack
from gateway.osi.tpkt import encode_tpkt

BARE = bytes.fromhex("a1138003505041a10c040a7365637265742d707061")
CR = encode_tpkt(bytes.fromhex("06E00000002900"))
TERMS = s.TransferPoint(activity=b"\x02\x01\x01", association=s.ConnectionReference(), serial=0, octets=0)
REFERENCE = s.ConnectionReference(user=b"\x14\x02vm", common=b"\x17\x0d261123144607Z")


def ber(tag: int, *parts: bytes) -> bytes:
    contents = b"".join(parts)
    return bytes((tag, len(contents))) + contents


def connect(*members: str, data: bytes | None = None) -> bytes:
    """A CN of X.410-1984 mode whose RTORQ has these members and the bind."""
    bind = ber(0xA3, data if data is not None else ber(0xA0, BARE))
    parameters = ber(0xA1, *map(bytes.fromhex, members), bind)
    user_data = ber(0x31, bytes.fromhex("A003800100"), parameters)
    return ber(0x0D, bytes.fromhex("0106 0A041402766D 0509 130100 160101 1A0100 14020249"), ber(0xC1, user_data))


class Called:
    """Our responder, and what it tells its user."""

    def __init__(self, cn: bytes, answer: object = None) -> None:
        self.stack = Stack.responder()
        self.answer = answer or s.RTOpenResponse(user_data=BARE)
        self.events: list[object] = []
        self.says(CR)
        self.reply = self.says(encode_tpkt(b"\x02\xf0\x80" + cn))

    def says(self, octets: bytes) -> bytes:
        self.stack.receive_data(octets)
        said = b""
        while True:
            event = self.stack.next_event()
            while data := self.stack.data_to_send():
                said += data
            if isinstance(event, s.Pull):
                return said
            self.events.append(event)
            match event:
                case s.TConnectIndication():
                    self.stack.response(s.TConnectResponse())
                case s.RTOpenIndication():
                    self.stack.response(self.answer)
                case s.RTTransferIndication():
                    self.stack.response(s.RTTransferResponse())
                case s.RTCheckpointIndication():
                    self.stack.response(s.RTCheckpointResponse(serial=event.serial))

    def tsdus(self, *tsdus: str) -> bytes:
        return self.says(b"".join(encode_tpkt(b"\x02\xf0\x80" + bytes.fromhex(tsdu)) for tsdu in tsdus))

    @property
    def opening(self) -> s.RTOpenIndication:
        (indication,) = [event for event in self.events if isinstance(event, s.RTOpenIndication)]
        return indication


@pytest.mark.parametrize(("member", "window"), [("", 3), ("810101", 1), ("810105", 5), ("810164", 100)])
@pytest.mark.parametrize("ours", [1, 3, 5])
def test_IC_023_an_absent_window_is_3_and_the_answer_never_exceeds_the_proposal(member: str, window: int, ours: int) -> None:
    called = Called(connect(member, "84010C"), s.RTOpenResponse(user_data=BARE, window_size=ours))
    assert (called.opening.checkpoint_size, called.opening.window_size) == (0, window)
    assert called.stack.window_size == min(window, ours)


@pytest.mark.parametrize(("window", "unconfirmed"), [(3, 3), (1, 1)])
def test_IC_024_a_window_that_the_peer_reduces_is_obeyed(window: int, unconfirmed: int) -> None:
    initiator = Stack.initiator(
        s.RTOpenRequest(mode=s.Mode.X410_1984, application_protocol=12, checkpoint_size=1, window_size=5, user_data=BARE)
    )
    called = Called(connect("800101", "810105", "84010C"), s.RTOpenResponse(user_data=BARE, window_size=window))
    initiator.data_to_send()
    initiator.receive_data(encode_tpkt(bytes.fromhex("06D00001002900")))
    assert initiator.next_event() is s.NEED_DATA
    initiator.data_to_send()
    initiator.receive_data(called.reply)
    confirm = initiator.next_event()
    assert isinstance(confirm, s.RTOpenConfirm) and confirm.accepted and confirm.window_size == window
    initiator.request(s.RTTransferRequest(apdu=MemoryOctets(bytes(20_000))))
    sent = b""
    while data := initiator.data_to_send():
        sent += data
    assert sent.count(bytes.fromhex("01003103")) == unconfirmed


@pytest.mark.parametrize(("member", "dialogue"), [("", 0), ("820100", 0), ("820101", 1)])
def test_IC_025_an_absent_dialogue_mode_is_monologue(member: str, dialogue: int) -> None:
    assert Called(connect(member, "84010C")).opening.dialogue == dialogue


def test_IC_026_an_unacceptable_dialogue_mode_is_refused_by_its_number() -> None:
    reject = s.RTOpenReject(kind=s.RefusalKind.USER, refuse_reason=3)
    called = Called(connect("820101", "84010C"), reject)
    assert called.opening.dialogue is s.DialogueMode.TWO_WAY_ALTERNATE
    assert called.reply.endswith(bytes.fromhex("3206023103800103"))
    initiator = Stack.initiator(s.RTOpenRequest(mode=s.Mode.X410_1984, application_protocol=12, user_data=BARE))
    initiator.receive_data(encode_tpkt(bytes.fromhex("06D00001002900")) + called.reply)
    confirm = initiator.next_event()
    assert isinstance(confirm, s.RTOpenConfirm) and (confirm.accepted, confirm.refuse_reason) == (False, 3)


@pytest.mark.parametrize("checkpoint", [pytest.param(1, marks=pytest.mark.slow), 10, 15, 30, 64])
@pytest.mark.parametrize("mode", list(s.Mode), ids=lambda mode: mode.value)
def test_IC_027_no_size_is_special_whatever_the_checkpoint_size(checkpoint: int, mode: s.Mode) -> None:
    """Sizes around every multiple of 1024 up to 200: each piece but the last is full, and together they are the whole."""
    form = FORMS[mode]
    source = bytes(at * 31 & 0xFF for at in range(200 * 1024 + 2))
    for size in {n * 1024 + d for n in range(1, 201) for d in range(-2, 3)}:
        outgoing = Outgoing(MemoryOctets(source[:size]), checkpoint, 1 << 20, start=TERMS, form=form)
        reader, found, lengths = form.reader(), [], []
        while (step := outgoing.step()) is not Step.END:
            if isinstance(step, Step):
                continue
            found.append(reader.feed(ConcatOctets((step,)).to_bytes()))
            lengths.append(len(found[-1]))
        assert b"".join(found) == source[:size]
        assert all(length == checkpoint * 1024 for length in lengths[:-1]) and 0 < lengths[-1] <= checkpoint * 1024


@pytest.mark.parametrize("tag", ["14", "04"])
def test_IC_028_a_recovery_is_read_and_refused_in_its_own_words(tag: str) -> None:
    reference = bytes.fromhex(f"A115 {tag}02766D 170D") + b"261123144607Z"
    called = Called(connect("84010C", data=ber(0xA1, reference[2:])), s.RTOpenReject(kind=s.RefusalKind.CANNOT_RECOVER))
    assert called.opening.recover == s.ConnectionReference(user=bytes.fromhex(f"{tag}02766D"), common=b"\x17\x0d261123144607Z")
    assert called.opening.user_data == b""
    assert called.reply.endswith(bytes.fromhex("3206023103800101")), "cannotRecover"
    again = Called(connect("84010C"))
    assert again.tsdus("01002D052903020101", "010001000500", "010029032A0131").endswith(bytes.fromhex("02002A032A0131"))


@pytest.mark.parametrize(("member", "meant"), [("840101", 1), ("840222B3", 1), ("", 1), ("84010C", 12), ("84020C00", 12)])
def test_IC_029_application_protocols(member: str, meant: int) -> None:
    assert Called(connect(member)).opening.application_protocol == meant


def test_IC_029_what_we_send_is_what_we_are_told_to() -> None:
    for number, octets in ((1, "840101"), (8883, "840222b3"), (12, "84010c")):
        initiator = Stack.initiator(s.RTOpenRequest(mode=s.Mode.X410_1984, application_protocol=number, user_data=BARE))
        initiator.data_to_send()
        initiator.receive_data(encode_tpkt(bytes.fromhex("06D00001002900")))
        initiator.next_event()
        assert initiator.data_to_send().endswith(bytes.fromhex(octets))


LEGAL = {
    "nothing at all": [],
    "one message": ["AS1", "DT", "AE"],
    "three messages": ["AS1", "DT", "AE", "AS2", "DT", "AE", "AS3", "DT", "AE"],
    "discarded and begun again": ["AS1", "DT", "AD", "AS2", "DT", "AE"],
    "discarded before any data": ["AS1", "AD", "AS2", "DT", "AE"],
    "interrupted and begun again": ["AS1", "DT", "AI", "AS2", "DT", "AE"],
    "interrupted, then released": ["AS1", "DT", "AI"],
    "asking for nothing on the way": ["GT", "AS1", "GT", "DT", "GT", "AE", "GT"],
}
WORDS = {
    "AS1": "01002D052903020101", "AS2": "01002D052903020102", "AS3": "01002D052903020103", "DT": "010001000500",
    "AE": "010029032A0131", "AD": "01003903320100", "AI": "01001903320100", "GT": "0100",
}  # fmt: skip


@pytest.mark.parametrize("name", LEGAL)
def test_IC_030_every_legal_order_is_taken(name: str) -> None:
    called = Called(connect("84010C"))
    called.tsdus(*(WORDS[word] for word in LEGAL[name]))
    assert called.stack.next_deadline() is None, "an idle association lives as long as its user wants"
    called.tsdus("0903110101")
    assert isinstance(called.events[-1], s.RTCloseIndication)
    ends = sum(isinstance(event, s.RTTransferIndication) for event in called.events)
    assert ends == LEGAL[name].count("AE")
    assert not any(isinstance(event, s.RTAbortIndication) for event in called.events)


def test_IC_030_an_interrupted_transfer_is_resumed() -> None:
    called = Called(connect("800101", "84010C"), s.RTOpenResponse(user_data=BARE, resumption=True))
    called.tsdus("01002D052903020101", "01000100" + "61" * 1024, "010031032A0131", "01001903320100")
    assert isinstance(called.events[-1], s.RTTransferInterrupted) and called.events[-1].point is not None
    called.tsdus("01001D0F 2108 2903020101 2A0131 2903020102")
    assert isinstance(called.events[-1], s.RTResumeIndication) and called.events[-1].serial == 1
    called.stack.response(s.RTResumeResponse(octets=1024))
    assert called.tsdus("010001000500", "010029032A0132") == encode_tpkt(bytes.fromhex("02F080 02002A032A0132"))


@pytest.mark.parametrize("nesting", [0, 1, 5, 13])
def test_IC_031_an_rttr_may_be_constructed_at_any_depth(nesting: int) -> None:
    """The content inside the APDU is read by `gateway.x400`; here the octet strings that carry the transfer are."""
    value = bytes.fromhex("040161") if not nesting else b"\x24\x80" * nesting + bytes.fromhex("040161") + b"\0\0" * nesting
    reader = FORMS[s.Mode.NORMAL].reader()
    assert reader.feed(value) == b"a" and reader.between_elements
