"""Section 1 of the interoperability cases: TPKT and COTP. How selectors are written in a configuration (IC-006) is the configuration's."""

from __future__ import annotations

import pytest

from gateway.osi import service as s
from gateway.osi.stack import Stack
from gateway.osi.tpkt import encode_tpkt
from gateway.osi.transport import Transport

CC_OF_EXCHANGE = bytes.fromhex("0311002C 27D001CA002900 C10D53574953534C49464554534150 C20D45584348414E47455453415031 C0010B")
EMPTY_LAST, EMPTY_MORE = encode_tpkt(bytes.fromhex("02F080")), encode_tpkt(bytes.fromhex("02F000"))


def frames(octets: bytes) -> list[bytes]:
    found = []
    while octets:
        length = int.from_bytes(octets[2:4], "big")
        found.append(octets[:length])
        octets = octets[length:]
    return found


def caller(*, tpdu_size: int = 2048, reference: int = 0x01CA) -> Transport:
    transport = Transport(initiator=True, reference=reference)
    transport.request(s.TConnectRequest(calling=b"a", called=b"b", tpdu_size=tpdu_size))
    return transport


def connected(*, agreed: int = 128) -> Transport:
    transport = caller(tpdu_size=agreed)
    transport.data_to_send()
    transport.receive_data(encode_tpkt(bytes.fromhex("06D001CA002900")))
    assert isinstance(transport.next_event(), s.TConnectConfirm)
    return transport


def test_IC_001_the_reserved_octet_is_ignored_and_remarked_once() -> None:
    transport = caller(reference=0x01CA)
    transport.receive_data(CC_OF_EXCHANGE)
    assert transport.next_event() == s.TConnectConfirm(tpdu_size=2048)
    for reserved in (0x11, 0x22, 0xFF):
        transport.receive_data(bytes((3, reserved, 0, 8)) + bytes.fromhex("02F080") + b"x")
        assert transport.next_event() == s.TDataIndication(data=b"x", end=True)
    assert transport.remarks == ("the reserved octet of its TPKT header is 11 instead of 00",)


def test_IC_001_every_frame_of_ours_begins_with_0300() -> None:
    ours = caller()
    cr = ours.data_to_send()
    theirs = Transport(initiator=False)
    theirs.receive_data(cr)
    theirs.next_event()
    theirs.response(s.TConnectResponse())
    cc = theirs.data_to_send()
    theirs.request(s.TDataRequest(data=bytes(5000)))
    refusing = Transport(initiator=False)
    refusing.receive_data(cr)
    refusing.next_event()
    refusing.request(s.TDisconnectRequest(reason=s.DisconnectReason.ADDRESS_UNKNOWN))
    said = frames(cr) + frames(cc) + frames(theirs.data_to_send()) + frames(refusing.data_to_send())
    assert {frame[5] & 0xF0 for frame in said} == {0xE0, 0xD0, 0xF0, 0x80}
    assert all(frame[:2] == b"\x03\x00" for frame in said)
    assert ours.remarks == theirs.remarks == ()


def test_IC_002_2048_is_offered_by_default() -> None:
    assert Stack.initiator(s.RTOpenRequest()).data_to_send().endswith(bytes.fromhex("C0010B"))


@pytest.mark.parametrize("code", range(0x07, 0x0C))
def test_IC_002_every_confirmed_size_is_obeyed(code: int) -> None:
    transport = caller(tpdu_size=2048)
    transport.data_to_send()
    transport.receive_data(encode_tpkt(bytes.fromhex("09D001CA002900C001") + bytes((code,))))
    assert transport.next_event() == s.TConnectConfirm(tpdu_size=1 << code)
    transport.request(s.TDataRequest(data=bytes(5000)))
    assert max(len(frame) - 4 for frame in frames(transport.data_to_send())) == 1 << code


@pytest.mark.parametrize("code", range(0x07, 0x0C))
def test_IC_002_every_offered_size_is_taken(code: int) -> None:
    transport = Transport(initiator=False)
    transport.receive_data(encode_tpkt(bytes.fromhex("09E00000002900C001") + bytes((code,))))
    assert isinstance(transport.next_event(), s.TConnectIndication)
    transport.response(s.TConnectResponse())
    assert transport.data_to_send().endswith(bytes((0xC0, 1, code)))
    assert transport.tpdu_size == 1 << code


def test_IC_003_an_empty_last_tpdu_completes_the_tsdu() -> None:
    transport = connected()
    transport.receive_data(encode_tpkt(bytes.fromhex("02F000") + b"abc") + EMPTY_LAST)
    assert transport.next_event() == s.TDataIndication(data=b"abc", end=True)


def test_IC_003_an_empty_tpdu_that_is_not_the_last_is_a_protocol_error() -> None:
    transport = connected()
    transport.receive_data(EMPTY_MORE)
    end = transport.next_event()
    assert isinstance(end, s.TDisconnectIndication) and end.reason == s.DisconnectReason.PROTOCOL_ERROR
    assert "empty DT" in end.text


@pytest.mark.parametrize("pieces", [1, 7, 1000])
def test_IC_003_we_never_send_an_empty_last_tpdu(pieces: int) -> None:
    for length in range(1, 3 * 125 + 2):
        transport = connected(agreed=128)
        for at in range(0, length, pieces):
            transport.request(s.TDataRequest(data=bytes(min(pieces, length - at)), end=False))
        transport.request(s.TDataRequest(data=b"", end=True))
        sent = frames(transport.data_to_send())
        assert EMPTY_LAST not in sent and EMPTY_MORE not in sent
        assert sum(len(frame) - 7 for frame in sent) == length
        assert [frame[6] for frame in sent] == [0] * (len(sent) - 1) + [0x80]


def test_IC_004_expedited_data_is_not_offered_not_selected_and_not_taken() -> None:
    cr = caller().data_to_send()
    assert b"\xc6\x01" not in cr
    transport = Transport(initiator=False)
    transport.receive_data(encode_tpkt(bytes.fromhex("0CE00000002900 C0010B C60101")))
    assert isinstance(transport.next_event(), s.TConnectIndication)
    transport.response(s.TConnectResponse())
    assert transport.data_to_send() == encode_tpkt(bytes.fromhex("09D00029000100C0010B"))
    transport.receive_data(encode_tpkt(bytes.fromhex("0210 8080 00".replace(" ", ""))))
    end = transport.next_event()
    assert isinstance(end, s.TDisconnectIndication) and end.reason == s.DisconnectReason.PROTOCOL_ERROR
    assert transport.closed


def test_IC_005_an_unknown_selector_is_refused_with_reason_3_and_comes_up_whole() -> None:
    stack = Stack.responder()
    stack.receive_data(encode_tpkt(bytes.fromhex("0FE00000002900 C1026162 C203 00FF41")))
    indication = stack.next_event()
    assert indication == s.TConnectIndication(calling=b"ab", called=b"\x00\xffA", tpdu_size=65531)
    stack.request(s.TDisconnectRequest(reason=s.DisconnectReason.ADDRESS_UNKNOWN))
    assert stack.data_to_send() == encode_tpkt(bytes.fromhex("06800029000003"))
    assert stack.closed


@pytest.mark.parametrize("tsel", [b"MTA88-DECUS1", b"591", b"\x35\x39\x31", bytes(range(32)), b"Case"])
def test_IC_006_selectors_are_octets_as_they_are(tsel: bytes) -> None:
    octets = Stack.initiator(s.RTOpenRequest(called=s.Selectors(tsel=tsel))).data_to_send()
    stack = Stack.responder()
    stack.receive_data(octets)
    indication = stack.next_event()
    assert isinstance(indication, s.TConnectIndication) and indication.called == tsel
