"""COTP class 0 (X.224, RFC 1006 5, RFC 2126 4), with the octets of two real implementations."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import ProtocolError
from gateway.osi.service import (
    NEED_DATA,
    DisconnectReason,
    StackLimits,
    TConnectConfirm,
    TConnectIndication,
    TConnectRequest,
    TConnectResponse,
    TDataIndication,
    TDataRequest,
    TDisconnectIndication,
    TDisconnectRequest,
)
from gateway.osi.tpkt import LARGEST_TPDU, encode_tpkt
from gateway.osi.transport import Transport

CR_PP = bytes.fromhex("03000019 14E000007BBF00 C103707061 C20430313838 C0010B")  # captured from PP 6.0
CC_PP = bytes.fromhex("0300000E 09D07BBF7BC100 C0010B")
DR_PP = bytes.fromhex("0300000B 06807BC17BBF80")
CR_NEXOR = encode_tpkt(bytes.fromhex("18E0000017C400") + b"\xc1\x07X400-88\xc2\x07X400-88")
CC_NEXOR = encode_tpkt(bytes.fromhex("06D017C4034C00"))
LAST, MORE = b"\x02\xf0\x80", b"\x02\xf0\x00"


def events(transport: Transport) -> list[object]:
    return list(iter(transport.next_event, NEED_DATA))


def received(transport: Transport, *packets: bytes) -> list[object]:
    for packet in packets:
        transport.receive_data(packet)
    return events(transport)


def responder(cr: bytes = CR_PP, tpdu_size: int = 8192) -> Transport:
    """An open responder."""
    transport = Transport(initiator=False, reference=0x7BC1)
    received(transport, cr)
    transport.response(TConnectResponse(tpdu_size=tpdu_size))
    transport.data_to_send()
    return transport


def initiator(tpdu_size: int = 8192, reference: int = 0x7BBF) -> Transport:
    """An initiator that has sent its CR."""
    transport = Transport(initiator=True, reference=reference)
    transport.request(TConnectRequest(calling=b"ppa", called=b"0188", tpdu_size=tpdu_size))
    return transport


# --- connecting ---------------------------------------------------------------------------------------------------


def test_our_cr_is_that_of_pp() -> None:
    assert initiator(tpdu_size=2048).data_to_send() == CR_PP


def test_cr_of_pp_is_indicated_and_our_cc_is_that_of_pp() -> None:
    transport = Transport(initiator=False, reference=0x7BC1)
    assert received(transport, CR_PP) == [TConnectIndication(calling=b"ppa", called=b"0188", tpdu_size=2048)]
    transport.response(TConnectResponse())
    assert transport.data_to_send() == CC_PP
    assert transport.tpdu_size == 2048


def test_O9_a_cr_without_tpdu_size_means_65531_and_the_cc_names_none_either() -> None:
    transport = Transport(initiator=False, reference=0x034C)
    assert received(transport, CR_NEXOR) == [TConnectIndication(calling=b"X400-88", called=b"X400-88", tpdu_size=LARGEST_TPDU)]
    transport.response(TConnectResponse(tpdu_size=8192))
    assert transport.data_to_send() == CC_NEXOR
    assert transport.tpdu_size == 8192


@pytest.mark.parametrize("cc", [CC_PP, encode_tpkt(bytes.fromhex("06D07BBF7BC100"))])
def test_O9_a_cc_is_confirmed_with_or_without_a_size(cc: bytes) -> None:
    transport = initiator(tpdu_size=2048)
    assert received(transport, cc) == [TConnectConfirm(tpdu_size=2048)]


def test_a_cc_with_a_larger_size_than_offered_does_not_enlarge_ours() -> None:
    transport = initiator(tpdu_size=2048)
    assert received(transport, encode_tpkt(bytes.fromhex("09D07BBF7BC100C0010D"))) == [TConnectConfirm(tpdu_size=2048)]


@pytest.mark.parametrize(("size", "code"), [(128, "07"), (2048, "0B"), (8192, "0D"), (9000, "0D"), (100, "07")])
def test_the_size_is_a_power_of_two(size: int, code: str) -> None:
    transport = Transport(initiator=True)
    transport.request(TConnectRequest(tpdu_size=size))
    assert transport.data_to_send().endswith(bytes.fromhex("C001" + code))


def test_offering_65531_leaves_the_parameter_out() -> None:
    transport = Transport(initiator=True)
    transport.request(TConnectRequest(tpdu_size=LARGEST_TPDU))
    assert transport.data_to_send() == bytes.fromhex("0300000B 06E00000000100")


def test_O9_unknown_and_repeated_parameters_of_cr() -> None:
    cr = bytes.fromhex("E000007BBF00 C20178 990401020304 C0010D C2023031 C60100 C00107")
    [indication] = received(Transport(initiator=False), encode_tpkt(bytes((len(cr),)) + cr))
    assert indication == TConnectIndication(calling=b"", called=b"01", tpdu_size=128)


def test_the_preferred_maximum_size_counts_in_128_octets() -> None:
    cr = bytes.fromhex("E000007BBF00 C0010B F00120")
    [indication] = received(Transport(initiator=False), encode_tpkt(bytes((len(cr),)) + cr))
    assert isinstance(indication, TConnectIndication)
    assert indication.tpdu_size == 4096


def test_a_class_without_class_0_as_alternative_is_refused() -> None:
    transport = Transport(initiator=False)
    [end] = received(transport, encode_tpkt(bytes.fromhex("06E000007BBF40")))
    assert isinstance(end, TDisconnectIndication)
    assert transport.data_to_send() == encode_tpkt(bytes.fromhex("06807BBF000082"))
    assert transport.closed


def test_class_4_with_class_0_as_alternative_is_answered_with_class_0() -> None:
    transport = Transport(initiator=False)
    cr = encode_tpkt(bytes.fromhex("0AE000007BBF40 C7022000"))
    assert isinstance(received(transport, cr)[0], TConnectIndication)
    transport.response(TConnectResponse())
    assert transport.data_to_send() == encode_tpkt(bytes.fromhex("06D07BBF000100"))


def test_an_unknown_selector_is_refused_with_dr_3() -> None:
    transport = Transport(initiator=False)
    received(transport, CR_PP)
    transport.request(TDisconnectRequest(reason=DisconnectReason.ADDRESS_UNKNOWN))
    assert transport.data_to_send() == encode_tpkt(bytes.fromhex("06807BBF000003"))
    assert transport.closed
    assert received(transport, DR_PP) == []


def test_a_dr_instead_of_cc() -> None:
    transport = initiator()
    [end] = received(transport, encode_tpkt(bytes.fromhex("06807BBF000003")))
    assert isinstance(end, TDisconnectIndication)
    assert end.reason == DisconnectReason.ADDRESS_UNKNOWN
    assert transport.closed


# --- data ---------------------------------------------------------------------------------------------------------


def test_O9_a_tsdu_may_be_cut_anywhere() -> None:
    transport = responder()
    packets = (encode_tpkt(MORE + b"ab"), encode_tpkt(MORE + b"c"), encode_tpkt(LAST))
    assert [received(transport, packet) for packet in packets] == [
        [TDataIndication(data=b"ab", end=False)],
        [TDataIndication(data=b"c", end=False)],
        [TDataIndication(data=b"", end=True)],
    ]


def test_what_is_here_of_a_tsdu_comes_up_at_once_within_a_bound() -> None:
    transport = responder()
    one = encode_tpkt(MORE + bytes(2045))
    transport.receive_data(one * 100 + encode_tpkt(LAST + b"x") + encode_tpkt(LAST + b"y"))
    found = [event for event in events(transport) if isinstance(event, TDataIndication)]
    assert sum(len(event.data) for event in found) == 100 * 2045 + 2
    assert max(len(event.data) for event in found) < 32 * 1024 + 2048
    assert [event.end for event in found] == [False] * (len(found) - 2) + [True, True]
    assert len(found) < 10


def test_what_came_before_a_fault_is_indicated_first() -> None:
    transport = responder()
    transport.receive_data(encode_tpkt(MORE + b"ab") + encode_tpkt(MORE + b"c") + encode_tpkt(bytes.fromhex("02008000")))
    data, end = events(transport)
    assert data == TDataIndication(data=b"abc", end=False)
    assert isinstance(end, TDisconnectIndication)


def test_O9_tpdus_are_cut_at_the_agreed_size() -> None:
    transport = responder(tpdu_size=128)
    transport.request(TDataRequest(data=bytes(251)))
    assert transport.data_to_send() == encode_tpkt(MORE + bytes(125)) + encode_tpkt(MORE + bytes(125)) + encode_tpkt(LAST + bytes(1))


def test_a_tsdu_in_pieces_ends_with_its_last_piece() -> None:
    transport = responder()
    for data, end in ((b"", False), (b"ab", False), (b"", True), (b"c", True)):
        transport.request(TDataRequest(data=data, end=end))
    assert transport.data_to_send() == encode_tpkt(LAST + b"ab") + encode_tpkt(LAST + b"c")


def test_received_tpdus_may_be_larger_than_agreed() -> None:
    [indication] = received(responder(tpdu_size=128), encode_tpkt(LAST + bytes(LARGEST_TPDU - 3)))
    assert indication == TDataIndication(data=bytes(LARGEST_TPDU - 3), end=True)


def test_output_comes_in_bounded_pieces() -> None:
    transport = Transport(initiator=False, limits=StackLimits(output=300))
    received(transport, CR_PP)
    transport.response(TConnectResponse(tpdu_size=128))
    transport.request(TDataRequest(data=bytes(1000)))
    assert transport.pending == 14 + 7 * 8 + 1000
    pieces = list(iter(transport.data_to_send, b""))
    assert max(map(len, pieces)) <= 300
    assert transport.pending == 0


@pytest.mark.parametrize("step", [1, 2, 3, 5, 1000])
def test_the_cut_of_the_tcp_stream_makes_no_difference(step: int) -> None:
    stream = CR_NEXOR
    transport = Transport(initiator=False)
    received(transport, stream)
    transport.response(TConnectResponse())
    data = encode_tpkt(MORE + b"abc") + encode_tpkt(LAST + b"d") + encode_tpkt(LAST + b"e")
    found = [event for at in range(0, len(data), step) for event in received(transport, data[at : at + step])]
    joined = b"".join(event.data + b"|" * event.end for event in found if isinstance(event, TDataIndication))
    assert joined == b"abcd|e|" and len(found) == sum(isinstance(event, TDataIndication) for event in found)


# --- the end ------------------------------------------------------------------------------------------------------


def test_O9_a_dr_in_the_data_phase_is_a_disconnect_and_is_not_answered() -> None:
    transport = responder()
    assert received(transport, DR_PP) == [TDisconnectIndication(reason=DisconnectReason.NORMAL, text="DR TPDU with reason 128")]
    assert transport.data_to_send() == b""
    assert transport.closed


def test_what_came_before_the_end_of_tcp_is_still_indicated() -> None:
    transport = responder()
    transport.receive_data(encode_tpkt(LAST + b"x") + b"\x03\x00")
    transport.receive_eof()
    first, second = events(transport)
    assert first == TDataIndication(data=b"x", end=True)
    assert isinstance(second, TDisconnectIndication)
    assert second.reason == DisconnectReason.CONNECTION_LOST
    assert events(transport) == []


def test_after_our_own_disconnect_nothing_comes_up() -> None:
    transport = responder()
    transport.receive_data(encode_tpkt(LAST + b"x"))
    transport.request(TDisconnectRequest())
    transport.receive_eof()
    assert events(transport) == []
    assert transport.closed
    assert transport.data_to_send() == b""


# --- faults -------------------------------------------------------------------------------------------------------

LIES = {
    "LI beyond the TPKT": "20F080",
    "LI 255": "FFF080",
    "LI 0": "00F080",
    "LI 1": "01F080",
    "DT with LI 3": "03F08000",
    "parameter past the header": "0AE000007BBF00C2400101",
    "parameter without a length": "07E000007BBF00C2",
    "short CR": "05E000007BBF00",
    "expedited data": "0210808080",
    "acknowledgement": "0460000100",
    "no such code": "02008000",
}


@pytest.mark.parametrize("tpdu", LIES.values(), ids=LIES.keys())
@pytest.mark.parametrize("phase", ["responder idle", "responder open", "initiator waits"])
def test_O28_a_malformed_tpdu_ends_the_connection_once(tpdu: str, phase: str) -> None:
    transport = {"responder idle": Transport(initiator=False), "responder open": responder(), "initiator waits": initiator()}[phase]
    [end] = received(transport, encode_tpkt(bytes.fromhex(tpdu)), encode_tpkt(LAST + b"x"))
    assert isinstance(end, TDisconnectIndication)
    assert end.reason == DisconnectReason.PROTOCOL_ERROR
    assert transport.closed


@pytest.mark.parametrize(
    ("transport", "packet"),
    [
        (Transport(initiator=False), encode_tpkt(LAST + b"x")),
        (Transport(initiator=False), CC_PP),
        (Transport(initiator=False), DR_PP),
        (responder(), CR_PP),
        (responder(), CC_PP),
        (initiator(), CR_PP),
        (initiator(), encode_tpkt(LAST + b"x")),
        (initiator(reference=7), CC_PP),
        (initiator(), encode_tpkt(bytes.fromhex("06D07BBF7BC120"))),
        (initiator(), b"\x02"),
        (initiator(), encode_tpkt(bytes.fromhex("04707BBF01"))),
    ],
    ids=[
        "DT before CR",
        "CC to a responder",
        "DR before CR",
        "second CR",
        "CC in the data phase",
        "CR to an initiator",
        "DT before CC",
        "CC for another reference",
        "CC selects class 2",
        "no TPKT",
        "ER",
    ],
)
def test_O28_a_tpdu_that_the_state_does_not_allow(transport: Transport, packet: bytes) -> None:
    [end] = received(transport, packet)
    assert isinstance(end, TDisconnectIndication)
    assert end.reason == DisconnectReason.PROTOCOL_ERROR


@pytest.mark.parametrize(
    ("transport", "primitive"),
    [
        (Transport(initiator=False), TConnectRequest()),
        (initiator(), TConnectRequest()),
        (initiator(), TDataRequest(data=b"x")),
        (Transport(initiator=False), TDataRequest(data=b"x")),
    ],
)
def test_an_illegal_request_changes_nothing(transport: Transport, primitive: TConnectRequest | TDataRequest) -> None:
    before = transport.state, transport.pending
    with pytest.raises(ProtocolError) as caught:
        transport.request(primitive)
    assert caught.value.ours
    assert (transport.state, transport.pending) == before
    with pytest.raises(ProtocolError):
        Transport(initiator=False).response(TConnectResponse())


def test_a_selector_that_does_not_fit_is_our_fault() -> None:
    transport = Transport(initiator=True)
    with pytest.raises(ProtocolError) as caught:
        transport.request(TConnectRequest(called=bytes(255)))
    assert caught.value.ours


def fed(transport: Transport, octets: Iterable[bytes]) -> list[object]:
    found: list[object] = []
    for piece in octets:
        found += received(transport, piece)
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(min_size=3, max_size=40), max_size=5), st.booleans())
def test_random_tpdus_never_raise_and_end_at_most_once(payloads: list[bytes], open_: bool) -> None:
    transport = responder() if open_ else Transport(initiator=False)
    found = fed(transport, map(encode_tpkt, payloads))
    assert sum(isinstance(event, TDisconnectIndication) for event in found) <= 1
