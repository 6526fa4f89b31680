"""Session connections: negotiation, refusal, release, abort (X.225 7.1 to 7.10)."""

import pytest

from gateway.errors import ProtocolError
from gateway.osi.service import (
    ConnectionReference,
    SActivityEndRequest,
    SConnectConfirm,
    SConnectIndication,
    SConnectReject,
    SConnectRequest,
    SConnectResponse,
    SDataRequest,
    SPAbortIndication,
    SReleaseConfirm,
    SReleaseIndication,
    SReleaseRequest,
    SReleaseResponse,
    SUAbortIndication,
    SUAbortRequest,
    TokenSide,
)
from gateway.osi.session import Session, State
from tests.captures import streams
from tests.osi.session_pair import PROTOCOL_ERROR, REFERENCE, Pair, events, received, sent
from tests.shared import require_shared

CN_START = "01 17 0A 04 14 02 76 6D 0B 0F 17 0D 32 36 31 31 32 33 31 34 34 36 30 37 5A"


def connect_spdu(*parameters: str) -> bytes:
    octets = bytes.fromhex("".join(parameters))
    return bytes((0x0D, len(octets))) + octets


def answer(cn: bytes, response: SConnectResponse | None = None) -> tuple[SConnectIndication, bytes]:
    """What a CN brings up at a responder, and our AC to it."""
    session = Session(initiator=False)
    [indication] = received(session, cn)
    assert isinstance(indication, SConnectIndication)
    session.response(response or SConnectResponse())
    [ac] = sent(session)
    return indication, ac


# --- connect --------------------------------------------------------------------------------------------------------


def test_our_connect_is_that_of_pp() -> None:
    session = Session(initiator=True, tsdu_size=2041)
    session.request(SConnectRequest(reference=REFERENCE, user_data=bytes(0x81)))
    [cn] = sent(session)
    assert cn == bytes.fromhex(
        "0D B1 01 17 0A 04 14 02 76 6D 0B 0F 17 0D 32 36 31 31 32 33 31 34 34 36 30 37 5A"
        "05 0F 13 01 00 15 04 07 F9 07 F9 16 01 03 1A 01 00 14 02 02 49 C1 81"
    ) + bytes(0x81)


def test_our_accept_is_that_of_pp_but_for_its_empty_selector() -> None:
    cn = connect_spdu(CN_START, "05 0F 13 01 00 15 04 07 F9 07 F9 16 01 03 1A 01 00 14 02 02 49")
    _, ac = answer(cn, SConnectResponse(user_data=b"CPA"))
    assert ac == bytes.fromhex(
        "0E 2D 01 17 09 04 14 02 76 6D 0B 0F 17 0D 32 36 31 31 32 33 31 34 34 36 30 37 5A"
        "05 09 13 01 00 16 01 02 1A 01 00 14 02 02 49 C1 03 43 50 41"
    )


@pytest.mark.parametrize(("offered", "taken"), [("16 01 01", 1), ("16 01 02", 2), ("16 01 03", 2), ("16 01 FF", 2), ("16 00", 1), ("", 1)])
def test_O5_the_highest_common_version_is_taken_and_absent_means_1(offered: str, taken: int) -> None:
    item = bytes.fromhex("13 01 00" + offered)
    indication, ac = answer(connect_spdu(f"05 {len(item):02X}", item.hex()))
    assert indication.version == taken
    assert bytes((0x16, 1, taken)) in ac


@pytest.mark.parametrize("offer", [frozenset({1}), frozenset({2}), frozenset({1, 2})])
@pytest.mark.parametrize("known", [frozenset({1}), frozenset({2}), frozenset({1, 2})])
def test_O5_versions_offered_and_known(offer: frozenset[int], known: frozenset[int]) -> None:
    pair = Pair(b=Session(initiator=False, versions=known))
    pair.a.request(SConnectRequest(versions=offer))
    [indication] = pair.carry(pair.a)
    if offer & known:
        pair.b.response(SConnectResponse())
        [confirm] = pair.carry(pair.b)
        assert isinstance(confirm, SConnectConfirm)
        assert confirm.version == pair.a.version == pair.b.version == max(offer & known)
    else:
        assert indication == SPAbortIndication(reason=132, text="no session version in common", ours=True)
        [confirm] = pair.carry(pair.b)
        assert isinstance(confirm, SConnectConfirm)
        assert (confirm.accepted, confirm.reason) == (False, 132)
        assert pair.a.disconnect_wanted
        assert pair.b.timer_wanted


@pytest.mark.parametrize(
    ("item", "proposed", "effective"),
    [("", 0x0349, 0x0249), ("14 02 02 49", 0x0249, 0x0249), ("14 02 1F FF", 0x1FFF, 0x0249), ("14 02 02 09", 0x0209, 0x0209)],
    ids=["absent", "RTSE", "all", "without activity"],
)
def test_O6_requirements_in_effect_are_those_of_both_sides(item: str, proposed: int, effective: int) -> None:
    session = Session(initiator=False)
    [indication] = received(session, connect_spdu("05 03 16 01 02", item))
    assert isinstance(indication, SConnectIndication)
    assert indication.requirements == proposed
    session.response(SConnectResponse())
    assert session.requirements == effective


@pytest.mark.parametrize(("side", "octet"), [(TokenSide.REQUESTOR, b"\x00"), (TokenSide.ACCEPTOR, b"\x15")])
def test_the_tokens_are_where_the_requestor_puts_them(side: TokenSide, octet: bytes) -> None:
    pair = Pair().connect(tokens=side)
    assert b"\x1a\x01" + octet in pair.tsdus[0]
    assert b"\x1a\x01" + octet in pair.tsdus[1]
    assert pair.a.owns_tokens is (side is TokenSide.REQUESTOR)
    assert pair.b.owns_tokens is (side is TokenSide.ACCEPTOR)


@pytest.mark.parametrize("choice", [None, TokenSide.REQUESTOR, TokenSide.ACCEPTOR])
def test_the_acceptor_may_choose_when_asked(choice: TokenSide | None) -> None:
    pair = Pair()
    pair.a.request(SConnectRequest(tokens=TokenSide.ACCEPTOR_CHOOSES))
    [indication] = pair.carry(pair.a)
    assert isinstance(indication, SConnectIndication)
    assert indication.tokens is TokenSide.ACCEPTOR_CHOOSES
    pair.b.response(SConnectResponse(tokens=choice))
    [confirm] = pair.carry(pair.b)
    assert isinstance(confirm, SConnectConfirm)
    assert confirm.tokens is (choice or TokenSide.REQUESTOR)
    assert pair.a.owns_tokens is not pair.b.owns_tokens
    assert pair.b.owns_tokens is (choice is TokenSide.ACCEPTOR)


def test_bits_of_tokens_that_do_not_exist_are_ignored() -> None:
    session = Session(initiator=False)
    received(session, connect_spdu("05 06 16 01 02 1A 01 40 14 02 02 49"))
    session.response(SConnectResponse())
    assert not session.owns_tokens


def test_selectors_and_references_arrive() -> None:
    pair = Pair()
    reference = ConnectionReference(user=b"u", common=b"c", additional=b"a")
    pair.a.request(SConnectRequest(calling=b"from", called=b"to", reference=reference, user_data=b"x"))
    [indication] = pair.carry(pair.a)
    assert indication == SConnectIndication(
        calling=b"from", called=b"to", reference=reference, version=2, requirements=0x0249, tokens=TokenSide.REQUESTOR, user_data=b"x"
    )
    pair.b.response(SConnectResponse(responding=b"me"))
    [confirm] = pair.carry(pair.b)
    assert isinstance(confirm, SConnectConfirm)
    assert confirm.responding == b"me"
    assert confirm.reference == reference


@pytest.mark.parametrize("size", [512, 513, 10240])
def test_user_data_above_512_octets_is_extended_and_for_version_2_only(size: int) -> None:
    pair = Pair()
    pair.a.request(SConnectRequest(user_data=bytes(size)))
    [indication] = pair.carry(pair.a)
    assert isinstance(indication, SConnectIndication)
    assert len(indication.user_data) == size
    assert (bytes.fromhex("16 01 02") in pair.tsdus[0]) is (size > 512)
    assert pair.tsdus[0][-size - 4 :].startswith(b"\xc2" if size > 512 else b"\xc1")


@pytest.mark.parametrize(("size", "versions"), [(10241, {1, 2}), (513, {1})])
def test_user_data_that_no_connect_carries_is_refused_before_anything_is_sent(size: int, versions: set[int]) -> None:
    session = Session(initiator=True)
    with pytest.raises(ProtocolError) as caught:
        session.request(SConnectRequest(user_data=bytes(size), versions=frozenset(versions)))
    assert caught.value.ours
    assert sent(session) == []
    session.request(SConnectRequest())
    assert session.state is State.STA02A


def test_only_the_opener_of_the_transport_connection_may_connect() -> None:
    with pytest.raises(ProtocolError):
        Session(initiator=False).request(SConnectRequest())
    session = Session(initiator=True)
    [abort] = received(session, connect_spdu("05 03 16 01 02"))
    assert isinstance(abort, SPAbortIndication)
    assert abort.ours


def test_data_overflow_is_refused_with_134() -> None:
    session = Session(initiator=False)
    [abort] = received(session, connect_spdu("05 03 16 01 02 14 02 02 49 3C 01 01"))
    assert abort == SPAbortIndication(reason=134, text="CN announces data overflow", ours=True)
    assert sent(session)[0].endswith(bytes.fromhex("32 01 86"))


# --- refuse ---------------------------------------------------------------------------------------------------------


def test_our_refusal_is_that_of_pp() -> None:
    [conversation] = streams(require_shared() / "captures" / "p1-88-refused-badpassword.pcap")[:1]
    [cn], [rf] = conversation.tsdus("initiator"), conversation.tsdus("responder")
    session = Session(initiator=False)
    received(session, cn)
    session.response(SConnectReject(reason=2, user_data=rf[rf.index(b"\x32\x53\x02") + 3 :]))
    assert sent(session) == [rf]
    assert session.timer_wanted


@pytest.mark.parametrize("reason", [0, 1, 2, 129, 130, 131, 133, 134])
def test_a_refusal_is_a_negative_confirm_and_ends_the_transport_connection(reason: int) -> None:
    pair = Pair()
    pair.a.request(SConnectRequest())
    pair.carry(pair.a)
    pair.b.response(SConnectReject(reason=reason, user_data=b"RTORJ"))
    [confirm] = pair.carry(pair.b)
    assert isinstance(confirm, SConnectConfirm)
    assert (confirm.accepted, confirm.reason, confirm.user_data) == (False, reason, b"RTORJ")
    assert pair.a.closed
    assert pair.a.disconnect_wanted
    assert not pair.b.disconnect_wanted


def test_a_refusal_without_a_reason_counts_as_reason_0() -> None:
    session = Session(initiator=True)
    session.request(SConnectRequest())
    [confirm] = received(session, "0C 00")
    assert isinstance(confirm, SConnectConfirm)
    assert confirm.reason == 0


# --- release --------------------------------------------------------------------------------------------------------


def test_release_and_who_closes() -> None:
    pair = Pair().connect()
    pair.a.request(SReleaseRequest(user_data=b"RLRQ"))
    assert pair.carry(pair.a) == [SReleaseIndication(user_data=b"RLRQ")]
    pair.b.response(SReleaseResponse(user_data=b"RLRE"))
    assert pair.carry(pair.b) == [SReleaseConfirm(user_data=b"RLRE")]
    assert pair.tsdus[-2:] == [bytes.fromhex("09 09 11 01 01 C1 04") + b"RLRQ", bytes.fromhex("0A 06 C1 04") + b"RLRE"]
    assert pair.a.disconnect_wanted
    assert pair.b.timer_wanted
    pair.b.receive_disconnect()
    assert events(pair.b) == []
    assert pair.b.closed
    assert not pair.b.timer_wanted


def test_a_release_by_the_acceptor_of_the_transport_connection_waits_for_its_end() -> None:
    pair = Pair().connect(tokens=TokenSide.ACCEPTOR)
    pair.b.request(SReleaseRequest())
    pair.carry(pair.b)
    pair.a.response(SReleaseResponse())
    assert pair.carry(pair.a) == [SReleaseConfirm()]
    assert pair.b.timer_wanted
    assert not pair.b.disconnect_wanted
    pair.b.timer_expired()
    assert pair.b.disconnect_wanted
    assert pair.b.closed


def test_O25_release_needs_the_tokens_and_no_activity() -> None:
    pair = Pair().connect()
    with pytest.raises(ProtocolError):
        pair.b.request(SReleaseRequest())
    pair.start()
    with pytest.raises(ProtocolError):
        pair.a.request(SReleaseRequest())
    [abort] = received(pair.b, "09 03 11 01 01")
    assert isinstance(abort, SPAbortIndication)
    assert sent(pair.b) == [PROTOCOL_ERROR]


# --- abort ----------------------------------------------------------------------------------------------------------


def test_a_user_abort_carries_its_data() -> None:
    pair = Pair().connect().start()
    pair.b.request(SUAbortRequest(user_data=b"some user data"))
    assert pair.carry(pair.b) == [SUAbortIndication(user_data=b"some user data")]
    assert pair.tsdus[-1].startswith(bytes.fromhex("19 13 11 01 03 C1 0E"))
    assert pair.a.closed
    assert pair.a.disconnect_wanted
    assert pair.b.timer_wanted
    assert received(pair.b, "1A 00") == []
    assert pair.b.disconnect_wanted


def test_version_1_leaves_out_abort_data_that_does_not_fit() -> None:
    for size, kept in ((9, 9), (10, 0)):
        pair = Pair(b=Session(initiator=False, versions=frozenset({1}))).connect()
        pair.a.request(SUAbortRequest(user_data=bytes(size)))
        assert pair.carry(pair.a) == [SUAbortIndication(user_data=bytes(kept))]


@pytest.mark.parametrize(("octet", "text"), [("05", "protocol error"), ("09", "no reason"), ("11", "implementation restriction")])
def test_a_provider_abort_says_why(octet: str, text: str) -> None:
    pair = Pair().connect()
    assert received(pair.a, f"19 03 11 01 {octet}") == [SPAbortIndication(reason=int(octet, 16), text=f"AB SPDU of the peer: {text}")]
    assert sent(pair.a) == []


def test_abort_data_in_segments_is_joined() -> None:
    pair = Pair().connect()
    first, last = "19 09 11 01 03 19 01 01 C1 01 61", "19 06 19 01 02 C1 01 62"
    assert received(pair.a, first, last) == [SUAbortIndication(user_data=b"ab")]


def test_the_loss_of_the_transport_connection() -> None:
    pair = Pair().connect()
    pair.a.receive_disconnect("cable cut")
    assert events(pair.a) == [SPAbortIndication(text="cable cut")]
    pair.a.receive_disconnect("again")
    assert events(pair.a) == []
    pair.a.request(SUAbortRequest())
    assert sent(pair.a) == []


def test_an_abort_in_the_middle_of_an_ssdu_closes_its_tsdu_first() -> None:
    pair = Pair().connect().start()
    pair.a.request(SDataRequest(data=b"half", end=False))
    with pytest.raises(ProtocolError):
        pair.a.request(SActivityEndRequest())
    pair.a.request(SUAbortRequest())
    assert sent(pair.a) == [b"\x01\x00\x01\x00half", bytes.fromhex("19 03 11 01 03")]
