"""Activities, synchronisation points, tokens, exceptions and data of a session connection (X.225 7.11 to 7.33)."""

import pytest

from gateway.errors import ProtocolError
from gateway.osi.service import (
    LinkingInformation,
    SActivityDiscardConfirm,
    SActivityDiscardIndication,
    SActivityDiscardRequest,
    SActivityDiscardResponse,
    SActivityEndConfirm,
    SActivityEndIndication,
    SActivityEndRequest,
    SActivityEndResponse,
    SActivityInterruptConfirm,
    SActivityInterruptIndication,
    SActivityInterruptRequest,
    SActivityInterruptResponse,
    SActivityResumeIndication,
    SActivityResumeRequest,
    SActivityStartIndication,
    SActivityStartRequest,
    SControlGiveConfirm,
    SControlGiveIndication,
    SControlGiveRequest,
    SDataIndication,
    SDataRequest,
    SPExceptionReportIndication,
    SSyncMinorConfirm,
    SSyncMinorIndication,
    SSyncMinorRequest,
    SSyncMinorResponse,
    STokenPleaseIndication,
    STokenPleaseRequest,
    SUExceptionReportIndication,
    SUExceptionReportRequest,
)
from gateway.osi.session import Session, State
from tests.osi.session_pair import ACTIVITY, Pair, events, received, sent


def data_of(found: list[object]) -> bytes:
    return b"".join(event.data for event in found if isinstance(event, SDataIndication))


# --- activities and checkpoints -------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [0, 1, 3])
def test_a_transfer_with_checkpoints(step: int) -> None:
    pair = Pair(step=step).connect()
    pair.tsdus.clear()
    pair.a.request(SActivityStartRequest(activity=ACTIVITY))
    assert pair.carry(pair.a) == [SActivityStartIndication(activity=ACTIVITY)]
    pair.a.request(SDataRequest(data=b"first"))
    pair.a.request(SSyncMinorRequest())
    pair.a.request(SDataRequest(data=b"se", end=False))
    pair.a.request(SDataRequest(data=b"cond", end=True))
    pair.a.request(SSyncMinorRequest(confirm=False))
    pair.a.request(SActivityEndRequest())
    found = pair.carry(pair.a)
    assert data_of(found) == b"firstsecond"
    assert [event for event in found if not isinstance(event, SDataIndication)] == [
        SSyncMinorIndication(serial=1),
        SSyncMinorIndication(serial=2, confirm=False),
        SActivityEndIndication(serial=3),
    ]
    pair.b.response(SSyncMinorResponse(serial=1))
    pair.b.response(SActivityEndResponse())
    assert pair.carry(pair.b) == [SSyncMinorConfirm(serial=1), SActivityEndConfirm(serial=3)]
    assert [tsdu.hex(" ").upper() for tsdu in pair.tsdus] == [
        "01 00 2D 05 29 03 02 01 01",
        "01 00 01 00 66 69 72 73 74",
        "01 00 31 03 2A 01 31",
        "01 00 01 00 73 65 63 6F 6E 64",
        "01 00 31 06 0F 01 01 2A 01 32",
        "01 00 29 03 2A 01 33",
        "02 00 32 03 2A 01 31",
        "02 00 2A 03 2A 01 33",
    ]
    assert not pair.a.activity
    assert not pair.b.activity


def test_O11_one_confirmation_confirms_all_before_it_and_none_twice() -> None:
    pair = Pair().connect().start()
    for _ in range(4):
        pair.a.request(SSyncMinorRequest())
    pair.carry(pair.a)
    pair.b.response(SSyncMinorResponse(serial=3))
    assert pair.carry(pair.b) == [SSyncMinorConfirm(serial=3)]
    assert pair.a.confirmed_serial == pair.b.confirmed_serial == 3
    for serial in (2, 3, 5):
        with pytest.raises(ProtocolError):
            pair.b.response(SSyncMinorResponse(serial=serial))


def test_O11_many_unconfirmed_checkpoints_are_no_fault() -> None:
    # Peer: PP has window + 1 checkpoints unconfirmed; the window is RTSE's matter.
    pair = Pair().connect().start()
    for _ in range(50):
        pair.a.request(SSyncMinorRequest())
    assert len(pair.carry(pair.a)) == 50


def test_serial_numbers_start_again_with_each_activity() -> None:
    pair = Pair().connect()
    for number in range(1, 4):
        pair.a.request(SActivityStartRequest(activity=bytes((2, 1, number))))
        pair.a.request(SSyncMinorRequest())
        assert pair.a.next_serial == 2
        pair.a.request(SActivityEndRequest())
        pair.carry(pair.a)
        pair.b.response(SActivityEndResponse())
        assert pair.carry(pair.b) == [SActivityEndConfirm(serial=2)]


def test_leading_zeros_of_a_serial_number_are_tolerated() -> None:
    pair = Pair().connect().start()
    assert received(pair.b, "01 00 31 05 2A 03 30 30 31") == [SSyncMinorIndication(serial=1)]


def test_O11_a_confirmation_may_cross_the_end_of_the_activity() -> None:
    pair = Pair().connect().start()
    pair.a.request(SSyncMinorRequest())
    pair.carry(pair.a)
    pair.a.request(SActivityEndRequest())
    pair.b.response(SSyncMinorResponse(serial=1))
    assert pair.carry(pair.b) == [SSyncMinorConfirm(serial=1)]
    assert pair.a.state is State.STA04B


def test_the_number_of_the_end_is_confirmed_by_aea_only() -> None:
    pair = Pair().connect().start()
    pair.a.request(SActivityEndRequest())
    pair.carry(pair.a)
    with pytest.raises(ProtocolError):
        pair.b.response(SSyncMinorResponse(serial=1))


def test_O13_an_activity_needs_a_name() -> None:
    pair = Pair().connect()
    with pytest.raises(ProtocolError):
        pair.a.request(SActivityStartRequest(activity=b""))
    with pytest.raises(ProtocolError):
        pair.a.request(SActivityStartRequest(activity=bytes(7)))
    assert not pair.a.activity
    assert sent(pair.a) == []


def test_O17_resume_with_full_linking_information() -> None:
    pair = Pair().connect()
    linking = LinkingInformation(activity=ACTIVITY, serial=7, called=b"d", calling=b"c", common=b"t", additional=b"a")
    pair.a.request(SActivityResumeRequest(activity=b"\x02\x01\x02", linking=linking))
    assert pair.carry(pair.a) == [SActivityResumeIndication(activity=b"\x02\x01\x02", linking=linking)]
    assert pair.a.next_serial == pair.b.next_serial == 8
    pair.a.request(SSyncMinorRequest())
    assert pair.carry(pair.a) == [SSyncMinorIndication(serial=8)]


# --- interrupt and discard ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "indication", "response", "confirm", "tsdus"),
    [
        (
            SActivityInterruptRequest(reason=5),
            SActivityInterruptIndication(reason=5),
            SActivityInterruptResponse(),
            SActivityInterruptConfirm(),
            ["01 00 19 03 32 01 05", "02 00 1A 00"],
        ),
        (
            SActivityDiscardRequest(reason=0),
            SActivityDiscardIndication(reason=0),
            SActivityDiscardResponse(),
            SActivityDiscardConfirm(),
            ["01 00 39 03 32 01 00", "02 00 3A 00"],
        ),
    ],
    ids=["interrupt", "discard"],
)
@pytest.mark.parametrize("at", ["sending", "in the middle of an SSDU", "after the end", "after an exception"])
def test_interrupt_and_discard(
    request_: object, indication: object, response: object, confirm: object, tsdus: list[str], at: str
) -> None:
    pair = Pair().connect().start()
    if at == "in the middle of an SSDU":
        pair.a.request(SDataRequest(data=b"half", end=False))
    if at == "after the end":
        pair.a.request(SActivityEndRequest())
        pair.carry(pair.a)
    if at == "after an exception":
        pair.b.request(SUExceptionReportRequest(reason=1))
        pair.carry(pair.b)
    pair.a.request(request_)
    assert pair.carry(pair.a)[-1] == indication
    pair.b.response(response)
    assert pair.carry(pair.b) == [confirm]
    assert pair.tsdus[-2:] == [bytes.fromhex(tsdu) for tsdu in tsdus]
    assert pair.a.owns_tokens
    assert not pair.b.owns_tokens
    pair.start()
    assert pair.b.activity


def test_O16_what_crosses_an_interrupt_is_dropped() -> None:
    pair = Pair().connect().start()
    pair.a.request(SSyncMinorRequest())
    pair.carry(pair.a)
    pair.b.response(SSyncMinorResponse(serial=1))
    pair.b.request(STokenPleaseRequest())
    pair.b.request(SUExceptionReportRequest(reason=1))
    pair.a.request(SActivityInterruptRequest())
    assert pair.carry(pair.b) == []
    assert pair.carry(pair.a) == [SActivityInterruptIndication(reason=0)]


@pytest.mark.parametrize("request_", [SActivityInterruptRequest(), SActivityDiscardRequest()])
def test_O40_an_interrupt_or_discard_that_crosses_aea_is_the_users_to_judge(request_: object) -> None:
    pair = Pair().connect().start()
    pair.a.request(SActivityEndRequest())
    pair.carry(pair.a)
    pair.b.response(SActivityEndResponse())
    pair.a.request(request_)
    assert pair.carry(pair.b) == []
    [indication] = pair.carry(pair.a)
    assert isinstance(indication, SActivityInterruptIndication | SActivityDiscardIndication)
    answer = SActivityInterruptResponse() if isinstance(indication, SActivityInterruptIndication) else SActivityDiscardResponse()
    pair.b.response(answer)
    assert len(pair.carry(pair.b)) == 1


# --- exceptions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [0, 1, 3, 5, 6, 128])
def test_O15_an_exception_drops_what_comes_until_the_peer_recovers(reason: int) -> None:
    pair = Pair().connect().start()
    pair.b.request(SUExceptionReportRequest(reason=reason))
    pair.a.request(SDataRequest(data=b"crossed"))
    pair.a.request(SSyncMinorRequest())
    pair.a.request(SActivityEndRequest())
    assert pair.carry(pair.a) == []
    assert pair.carry(pair.b) == [SUExceptionReportIndication(reason=reason)]
    assert pair.tsdus[-1] == bytes.fromhex(f"02 00 30 03 32 01 {reason:02X}")
    pair.a.request(SActivityDiscardRequest())
    assert pair.carry(pair.a) == [SActivityDiscardIndication(reason=0)]


def test_the_rest_of_data_on_its_way_is_dropped_after_an_exception() -> None:
    pair = Pair().connect().start()
    pair.b.receive_tsdu(bytes.fromhex("01 00 01 00 61"), False)
    assert events(pair.b) == [SDataIndication(data=b"a", end=False)]
    pair.b.request(SUExceptionReportRequest(reason=1))
    pair.b.receive_tsdu(b"b", True)
    assert events(pair.b) == []


def test_an_exception_at_the_end_of_the_activity() -> None:
    pair = Pair().connect().start()
    pair.a.request(SActivityEndRequest())
    pair.carry(pair.a)
    pair.b.request(SUExceptionReportRequest(reason=6))
    assert pair.carry(pair.b) == [SUExceptionReportIndication(reason=6)]
    assert pair.a.state is State.STA20


def test_exceptions_are_for_the_side_without_the_data_token_and_during_an_activity() -> None:
    pair = Pair().connect()
    with pytest.raises(ProtocolError):
        pair.b.request(SUExceptionReportRequest(reason=1))
    pair.start()
    with pytest.raises(ProtocolError):
        pair.a.request(SUExceptionReportRequest(reason=1))


def test_the_data_token_ends_the_dropping() -> None:
    pair = Pair().connect().start()
    pair.b.request(SUExceptionReportRequest(reason=128))
    assert received(pair.b, "01 03 10 01 01") == []
    assert pair.b.state is State.STA713


def test_a_provider_exception() -> None:
    pair = Pair().connect().start()
    assert received(pair.a, "02 00 00 00") == [SPExceptionReportIndication()]
    assert pair.a.state is State.STA20


# --- tokens ---------------------------------------------------------------------------------------------------------


def test_O14_the_turn_goes_round() -> None:
    pair = Pair().connect()
    pair.b.request(STokenPleaseRequest(user_data=b"\x02\x01\x00"))
    assert pair.carry(pair.b) == [STokenPleaseIndication(user_data=b"\x02\x01\x00")]
    pair.a.request(SControlGiveRequest())
    assert pair.carry(pair.a) == [SControlGiveIndication()]
    assert pair.carry(pair.b) == [SControlGiveConfirm()]
    assert pair.tsdus[-3:] == [bytes.fromhex("02 08 10 01 01 C1 03 02 01 00"), b"\x15\x00", b"\x16\x00"]
    assert pair.b.owns_tokens
    pair.b.request(SActivityStartRequest(activity=ACTIVITY))
    assert pair.carry(pair.b) == [SActivityStartIndication(activity=ACTIVITY)]


def test_a_request_for_the_turn_is_heard_during_a_transfer() -> None:
    pair = Pair().connect().start()
    pair.b.request(STokenPleaseRequest())
    assert pair.carry(pair.b) == [STokenPleaseIndication()]
    pair.a.request(SActivityEndRequest())
    pair.carry(pair.a)
    pair.b.request(STokenPleaseRequest())
    assert pair.carry(pair.b) == [STokenPleaseIndication()]


def test_a_request_for_the_turn_that_crosses_it() -> None:
    pair = Pair().connect()
    pair.b.request(STokenPleaseRequest())
    pair.a.request(SControlGiveRequest())
    assert pair.carry(pair.b) == []
    assert pair.carry(pair.a) == [SControlGiveIndication()]


def test_the_turn_is_not_given_during_an_activity() -> None:
    pair = Pair().connect().start()
    with pytest.raises(ProtocolError):
        pair.a.request(SControlGiveRequest())
    with pytest.raises(ProtocolError):
        pair.a.request(STokenPleaseRequest())


@pytest.mark.parametrize("tsdus", [["01 03 10 01 15"], ["01 03 10 01 01", "01 03 10 01 14"], ["01 03 10 01 55"]])
def test_tokens_given_one_by_one_count_as_the_turn_once_all_are_there(tsdus: list[str]) -> None:
    pair = Pair().connect()
    assert received(pair.b, *tsdus) == [SControlGiveIndication()]
    assert pair.b.owns_tokens


def test_O8_the_effect_of_the_prefix_comes_after_what_it_precedes() -> None:
    pair = Pair().connect().start()
    assert received(pair.b, "01 03 10 01 01 01 00 61 62") == [SDataIndication(data=b"ab", end=True)]
    with pytest.raises(ProtocolError):
        pair.b.request(STokenPleaseRequest())  # the data token is ours now


def test_an_empty_prefix_alone_means_nothing() -> None:
    pair = Pair().connect()
    assert received(pair.a, "02 00") == []
    assert received(pair.b, "01 00") == []


# --- data -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(("size", "segments"), [(0, 1), (1, 1), (93, 1), (94, 2), (186, 2), (93 * 20, 20)])
def test_O7_an_ssdu_is_cut_at_the_tsdu_size_and_joined(version: int, size: int, segments: int) -> None:
    pair = Pair(
        Session(initiator=True, tsdu_size=100),
        Session(initiator=False, tsdu_size=2041, versions=frozenset({version})),
    )
    pair.connect().start()
    assert pair.a.tsdu_limit == pair.b.tsdu_limit == 100
    pair.tsdus.clear()
    ssdu = bytes(range(256)) * 8
    pair.a.request(SDataRequest(data=ssdu[:size]))
    found = pair.carry(pair.a)
    assert data_of(found) == ssdu[:size]
    assert [event.end for event in found if isinstance(event, SDataIndication)] == [False] * (len(found) - 1) + [True]
    begins = [1] + [0] * (segments - 1)
    begins[-1] += 2
    assert [tsdu[:7] for tsdu in pair.tsdus] == [bytes.fromhex(f"01 00 01 03 19 01 {begin:02X}") for begin in begins]
    assert max(map(len, pair.tsdus)) <= 100


def test_pieces_of_an_ssdu_are_cut_too() -> None:
    pair = Pair(Session(initiator=True, tsdu_size=20), Session(initiator=False, tsdu_size=20)).connect().start()
    for at in range(10):
        pair.a.request(SDataRequest(data=b"12345", end=at == 9))
    found = pair.carry(pair.a)
    assert data_of(found) == b"12345" * 10
    assert [event.end for event in found if isinstance(event, SDataIndication)].count(True) == 1


def test_a_proposed_tsdu_size_that_is_not_taken_up_means_no_segments() -> None:
    pair = Pair(Session(initiator=True, tsdu_size=2041)).connect().start()
    assert pair.a.tsdu_limit == pair.b.tsdu_limit == 0
    pair.a.request(SDataRequest(data=bytes(5000)))
    assert data_of(pair.carry(pair.a)) == bytes(5000)


def test_data_goes_up_while_it_arrives() -> None:
    session = Pair().connect().start().b
    session.receive_tsdu(bytes.fromhex("01 00 01 00"), False)
    assert events(session) == []
    for piece in (b"a", b"bc"):
        session.receive_tsdu(piece, False)
        assert events(session) == [SDataIndication(data=piece, end=False)]
    session.receive_tsdu(b"", True)
    assert events(session) == [SDataIndication(data=b"", end=True)]


def test_data_needs_the_token_and_an_activity() -> None:
    pair = Pair().connect()
    with pytest.raises(ProtocolError):
        pair.a.request(SDataRequest(data=b"x"))
    pair.start()
    with pytest.raises(ProtocolError):
        pair.b.request(SDataRequest(data=b"x"))
