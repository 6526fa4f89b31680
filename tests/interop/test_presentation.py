"""Section 3 of the interoperability cases: presentation and ACSE. Which selectors a configuration may name (IC-016) is its own affair."""

from __future__ import annotations

import pytest

from gateway.octets import MemoryOctets
from gateway.osi import service as s
from gateway.osi.stack import Stack
from gateway.osi.tpkt import encode_tpkt

BIND = bytes.fromhex("b015a1138003505041a10c040a7365637265742d707061")
RESULT = bytes.fromhex("b115a1138003505042a10c040a7365637265742d707062")
CONTEXTS = {"01": "06045201000130", "03": "06045600020c30", "05": "06045600020730"}


def drain(stack: Stack) -> bytes:
    found = b""
    while data := stack.data_to_send():
        found += data
    return found


def events(stack: Stack) -> list[object]:
    found: list[object] = []
    while not isinstance(event := stack.next_event(), s.Pull):
        found.append(event)
        if isinstance(event, s.TConnectIndication):
            stack.response(s.TConnectResponse())
    return found


def opened(mode: s.Mode = s.Mode.NORMAL, *, renumbered: dict[bytes, bytes] | None = None) -> tuple[Stack, Stack]:
    """An initiator and a responder; in between, octets are exchanged as ``renumbered`` says."""
    normal = mode is s.Mode.NORMAL
    request = s.RTOpenRequest(
        mode=mode,
        user_data=BIND if normal else BIND[2:],
        application_protocol=None if normal else 12,
        dialogue=s.DialogueMode.TWO_WAY_ALTERNATE,
        initial_turn=s.TokenSide.ACCEPTOR,
    )
    initiator, responder = Stack.initiator(request), Stack.responder()
    responder.receive_data(drain(initiator))
    events(responder)
    initiator.receive_data(drain(responder))
    events(initiator)
    connect = drain(initiator)
    for old, new in (renumbered or {}).items():
        assert old in connect
        connect = connect.replace(old, new)
    responder.receive_data(connect)
    assert isinstance(events(responder)[-1], s.RTOpenIndication)
    responder.response(s.RTOpenResponse(user_data=RESULT if normal else RESULT[2:]))
    return initiator, responder


def context_of(number: str, syntax: str) -> bytes:
    return bytes.fromhex("300f0201" + number + syntax)


@pytest.mark.parametrize(("rtse", "mtse"), [("07", "09"), ("03", "0b"), ("33", "35")])
def test_IC_014_we_send_in_the_contexts_of_this_association(rtse: str, mtse: str) -> None:
    changes = {
        context_of("03", CONTEXTS["03"]): context_of(rtse, CONTEXTS["03"]),
        context_of("05", CONTEXTS["05"]): context_of(mtse, CONTEXTS["05"]),
    }
    _, responder = opened(renumbered=changes)
    drain(responder)
    responder.request(s.RTTransferRequest(apdu=MemoryOctets(b"\x05\x00")))
    sent = drain(responder)
    assert bytes.fromhex("0201" + rtse + "a0") in sent, "the RTTR in the context of the RTSE"
    assert bytes.fromhex("28070201" + mtse + "a0020500") in sent, "the EXTERNAL in that of the MTSE"


def test_IC_014_data_in_a_context_that_was_not_negotiated_is_never_acknowledged() -> None:
    initiator, responder = opened()
    initiator.receive_data(drain(responder))
    events(initiator)
    tsdus = ("01002d052903020101", "01000100" + "610a3008020107a003040161", "010029032a0131")
    initiator.receive_data(b"".join(encode_tpkt(b"\x02\xf0\x80" + bytes.fromhex(tsdu)) for tsdu in tsdus))
    found = events(initiator)
    answer = drain(initiator)
    assert isinstance(found[-1], s.RTAbortIndication) and found[-1].ours
    assert "context 7" in found[-1].text
    assert not any(isinstance(event, s.RTTransferIndication) for event in found)
    assert answer[7] == 0x19 and bytes.fromhex("2a03") not in answer, "AB with ARP, no AEA"


@pytest.mark.parametrize("mode", list(s.Mode), ids=lambda mode: mode.value)
def test_IC_015_a_caller_of_the_other_mode_is_told_from_its_connect_and_refused_in_its_own_form(mode: s.Mode) -> None:
    """The user sees the mode and refuses; the profile of the peer is his."""
    initiator = Stack.initiator(s.RTOpenRequest(mode=mode, application_protocol=12))
    responder = Stack.responder()
    responder.receive_data(drain(initiator))
    events(responder)
    initiator.receive_data(drain(responder))
    events(initiator)
    responder.receive_data(drain(initiator))
    (indication,) = events(responder)
    assert isinstance(indication, s.RTOpenIndication) and indication.mode is mode and responder.mode is mode
    responder.response(s.RTOpenReject(kind=s.RefusalKind.USER))
    refusal = drain(responder)
    rtorj = bytes.fromhex("3103800102") if mode is s.Mode.X410_1984 else bytes.fromhex("b200")
    assert rtorj in refusal
    initiator.receive_data(refusal)
    (confirm,) = events(initiator)
    assert isinstance(confirm, s.RTOpenConfirm) and confirm.kind is s.RefusalKind.USER


@pytest.mark.parametrize("asked", list(s.Mode), ids=lambda mode: mode.value)
def test_IC_015_an_answer_of_the_other_mode_is_named(asked: s.Mode) -> None:
    other = s.Mode.NORMAL if asked is s.Mode.X410_1984 else s.Mode.X410_1984
    _, responder = opened(other)
    answer = drain(responder)
    initiator = Stack.initiator(s.RTOpenRequest(mode=asked, application_protocol=12))
    initiator.receive_data(encode_tpkt(bytes.fromhex("06d00001000100")) + answer)
    found = events(initiator)
    assert isinstance(found[-1], s.RTAbortIndication) and found[-1].ours
    named = "X.410-1984 mode, normal mode was asked for" if asked is s.Mode.NORMAL else "normal mode, X.410-1984 mode was asked for"
    assert named in found[-1].text


@pytest.mark.parametrize("mode", list(s.Mode), ids=lambda mode: mode.value)
def test_IC_016_which_selectors_travel_in_which_mode(mode: s.Mode) -> None:
    selectors = s.Selectors(tsel=b"TT", ssel=b"SS", psel=b"PP")
    initiator, responder = Stack.initiator(s.RTOpenRequest(mode=mode, called=selectors, application_protocol=12)), Stack.responder()
    responder.receive_data(drain(initiator))
    events(responder)
    initiator.receive_data(drain(responder))
    events(initiator)
    responder.receive_data(drain(initiator))
    (indication,) = events(responder)
    assert isinstance(indication, s.RTOpenIndication)
    assert indication.called == (selectors if mode is s.Mode.NORMAL else s.Selectors(tsel=b"TT"))
