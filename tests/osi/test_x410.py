"""X.410-1984 mode in both roles: the wire, refusals, aborts, turns, exceptions, and session version 1 below it (O4, O5, O7)."""

from __future__ import annotations

import pytest

from gateway.errors import ProtocolError
from gateway.octets import MemoryOctets
from gateway.osi import service as s
from gateway.osi.rtse.apdu import RefuseReason
from gateway.osi.rtse.refusal import X410_REFUSALS
from gateway.osi.stack import Stack
from gateway.osi.tpkt import encode_tpkt
from tests.captures import Conversation, streams
from tests.osi.stack_pair import BIND, BIND_RESULT, REFERENCE, Side, StackPair, default_answers, opening_request, survives
from tests.shared import require_shared

BARE_BIND, BARE_RESULT = BIND[2:], BIND_RESULT[2:]  # without the [16] and [17] of normal mode (p1-stack 4.2)
STEPS = pytest.mark.parametrize("step", [0, 1], ids=["whole", "octets"])
VERSIONS = pytest.mark.parametrize("versions", [{1}, {2}, {1, 2}], ids=["v1", "v2", "v1+v2"])
TWA = {"dialogue": s.DialogueMode.TWO_WAY_ALTERNATE}


def opening(**changes: object) -> s.RTOpenRequest:
    values: dict[str, object] = {"mode": s.Mode.X410_1984, "user_data": BARE_BIND, "application_protocol": 12}
    if "versions" in changes:
        changes["session_versions"] = frozenset(changes.pop("versions"))  # type: ignore[arg-type]
    return opening_request(**(values | changes))


def pair_of(*, step: int = 0, accept: s.Primitive | None = None, limits: s.StackLimits | None = None, **changes: object) -> StackPair:
    accept = accept or s.RTOpenResponse(user_data=BARE_RESULT)
    return StackPair(opening(**changes), step=step, accept=accept, limits=limits).run()


def said(side: Side) -> list[tuple[int, bytes, bytes]]:
    """The SPDUs of one side, read by the little reader of the tests."""
    end = ("", 0)
    return Conversation(end, end, [("initiator", bytes(side.sent))]).spdus("initiator")


def apdu_of(size: int) -> bytes:
    return bytes(at * 31 & 0xFF for at in range(size))


# --- opening ------------------------------------------------------------------------------------------------------------------------


@STEPS
@VERSIONS
def test_O4_bind_transfer_and_unbind(versions, step):
    pair = pair_of(versions=versions, step=step)
    (indication,) = pair.responder.of(s.RTOpenIndication)
    assert indication == s.RTOpenIndication(
        mode=s.Mode.X410_1984,
        calling=s.Selectors(tsel=b"ppa"),
        called=s.Selectors(tsel=b"0188"),
        user_data=BARE_BIND,
        checkpoint_size=63,
        window_size=3,
        dialogue=s.DialogueMode.MONOLOGUE,
        initial_turn=s.TokenSide.REQUESTOR,
        application_context="",
        application_protocol=12,
        session_version=max(versions),
        reference=REFERENCE,
    )
    assert pair.initiator.events == [
        s.RTOpenConfirm(accepted=True, user_data=BARE_RESULT, checkpoint_size=63, window_size=3, session_version=max(versions))
    ]
    pair.transfer(apdu_of(3000))
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True)
    assert pair.responder.transfers == [bytearray(apdu_of(3000))], "no EXTERNAL in this mode"
    pair.initiator.stack.request(s.RTCloseRequest())
    pair.run()
    assert isinstance(pair.initiator.last, s.RTCloseConfirm) and isinstance(pair.responder.last, s.RTCloseIndication)
    assert pair.initiator.stack.closed and pair.responder.stack.closed


def test_O4_the_octets_are_those_of_p1_stack_4_2():
    pair = pair_of()
    pair.transfer(b"\x05\x00")
    pair.initiator.stack.request(s.RTCloseRequest())
    pair.run()
    (cn, *rest), (ac, *answers) = said(pair.initiator), said(pair.responder)
    connect = "c128 3126 a003800100 a11f 80013f a317a015a1138003505041a10c040a7365637265742d707061 84010c"
    assert cn[1].endswith(bytes.fromhex("05 09 130100 160103 1a0100 14020249" + connect))
    assert rest == [
        (45, bytes.fromhex("2903020101"), b""),
        (1, b"", b"\x05\x00"),
        (41, bytes.fromhex("2a0131"), b""),
        (9, bytes.fromhex("110101"), b""),
    ]
    accept = "c125 3123 a003800100 a11c 80013f a217a015a1138003505042a10c040a7365637265742d707062"
    assert ac[1].endswith(bytes.fromhex("05 09 130100 160102 1a0100 14020249" + accept))
    assert answers == [(42, bytes.fromhex("2a0131"), b""), (10, b"", b"")]


@pytest.mark.parametrize(
    ("written", "meant"), [(12, 12), (0x0C00, 12), (1, 1), (0x0100, 1), (8883, 1), (None, 1)], ids=lambda value: f"O24-{value}"
)
def test_application_protocols_that_peers_write(written, meant):
    """p1-stack 4.2; IC-029."""
    pair = pair_of(application_protocol=written)
    (indication,) = pair.responder.of(s.RTOpenIndication)
    assert indication.application_protocol == meant and pair.initiator.last.accepted


def test_an_unknown_application_protocol_is_refused():
    """3 is P3 of 1984 (p1-stack 6: 80 02)."""
    pair = pair_of(application_protocol=3)
    assert (pair.initiator.last.accepted, pair.initiator.last.refuse_reason) == (False, RefuseReason.VALIDATION_FAILURE)
    assert "application protocol 3" in pair.responder.last.text


REFUSED = {
    s.RefusalKind.USER: ("3103800102", s.RefusalKind.USER),
    s.RefusalKind.USER_TRANSIENT: ("3103800100", s.RefusalKind.USER_TRANSIENT),
    s.RefusalKind.CANNOT_RECOVER: ("3103800101", s.RefusalKind.CANNOT_RECOVER),
    s.RefusalKind.BUSY: ("3103800100", s.RefusalKind.USER_TRANSIENT),
}


@STEPS
@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: f"O20-{kind.name}")
def test_refusals_in_octets(kind, step):
    octets, meant = REFUSED[kind]
    pair = pair_of(accept=s.RTOpenReject(kind=kind), step=step)
    ((si, parameters, _),) = said(pair.responder)
    assert (si, parameters[-8:]) == (12, bytes.fromhex("320602" + octets)), "RF with reason 2 and RTORJ (p1-stack 6)"
    assert (pair.initiator.last.accepted, pair.initiator.last.kind) == (False, meant)
    assert pair.initiator.stack.closed and pair.responder.stack.closed


def test_O20_the_users_own_refuse_reason_counts_first():
    reject = s.RTOpenReject(kind=s.RefusalKind.USER, refuse_reason=RefuseReason.UNACCEPTABLE_DIALOGUE_MODE)
    pair = pair_of(accept=reject)
    assert pair.initiator.last.refuse_reason == RefuseReason.UNACCEPTABLE_DIALOGUE_MODE
    assert said(pair.responder)[0][1].endswith(bytes.fromhex("3206023103800103"))


@pytest.mark.parametrize(("kind", "reason"), [(s.RefusalKind.SSEL_UNKNOWN, 129), (s.RefusalKind.VERSION, 132)])
def test_refusals_of_the_session(kind, reason):
    pair = pair_of(accept=s.RTOpenReject(kind=kind))
    assert said(pair.responder)[0][1].endswith(bytes((50, 1, reason)))
    assert pair.initiator.last.kind is kind


def test_there_is_a_form_for_every_kind():
    assert set(X410_REFUSALS) == set(s.RefusalKind)


@pytest.mark.parametrize("opener", [s.Mode.NORMAL, s.Mode.X410_1984])
def test_an_answer_in_the_other_mode_is_named(opener):
    """IC-015: the operator hears that the modes differ."""
    request = opening() if opener is s.Mode.X410_1984 else opening_request()
    other = pair_of() if opener is s.Mode.NORMAL else StackPair().run()
    side = Side(Stack.initiator(request), default_answers())
    side.stack.data_to_send()
    side.stack.receive_data(bytes(other.responder.sent))
    side.pull()
    assert isinstance(side.last, s.RTAbortIndication) and side.last.ours
    assert "mode was asked for" in side.last.text


@pytest.mark.parametrize("parameters", ["a103800105", "a1020500", "a1058001 3f a3 00", "a100"])
def test_connect_user_data_that_cannot_be_read_is_answered_with_ab(parameters):
    """p1-stack 6, last row."""
    body = bytes.fromhex("a003800100" + parameters)
    pair = pair_of()
    (cn, *_) = said(pair.initiator)
    good = bytes(pair.initiator.sent)
    user_data = cn[1][cn[1].index(b"\xc1") :]
    bad = b"\xc1" + bytes((len(body) + 2,)) + b"\x31" + bytes((len(body),)) + body
    octets = _with_connect(good, cn[1], cn[1].replace(user_data, bad))
    side = Side(Stack.responder(), default_answers())
    side.stack.receive_data(octets)
    side.pull()
    while data := side.stack.data_to_send():
        side.sent += data
    assert isinstance(side.last, s.RTAbortIndication) and side.last.ours
    (kind, answer, _) = said(side)[-1]
    assert (kind, answer) == (25, bytes.fromhex("110103 c105 3103800104")), "AB with AbortInformation protocolError"


def _with_connect(octets: bytes, old: bytes, new: bytes) -> bytes:
    """The first packets of an initiator with other parameters in CN."""
    cr = octets[: int.from_bytes(octets[2:4], "big")]
    assert old in octets
    return cr + encode_tpkt(b"\x02\xf0\x80\x0d" + bytes((len(new),)) + new)


# --- transfers ----------------------------------------------------------------------------------------------------------------------


@STEPS
@VERSIONS
@pytest.mark.parametrize("size", [2, 1023, 1024, 1025, 2048, 3 * 1024 + 1])
def test_O12_sizes_at_checkpoint_1(size, versions, step):
    pair = pair_of(versions=versions, checkpoint_size=1, step=step)
    pair.transfer(apdu_of(size))
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True)
    assert pair.responder.transfers == [bytearray(apdu_of(size))]
    assert [event.serial for event in pair.responder.of(s.RTCheckpointIndication)] == list(range(1, (size - 1) // 1024 + 1))
    chunks = [user for si, _, user in said(pair.initiator) if si == 1]
    assert chunks == [apdu_of(size)[at : at + 1024] for at in range(0, size, 1024)], "bare chunks (X.226 8.4.3.2)"


def test_O11_no_window_is_exceeded():
    pair = pair_of(checkpoint_size=1, window_size=2)
    pair.responder.answers[s.RTCheckpointIndication] = None
    pair.transfer(apdu_of(9000))
    assert [event.serial for event in pair.responder.of(s.RTCheckpointIndication)] == [1, 2]


def test_O32_a_transfer_above_the_limit_is_refused_with_exception_6():
    pair = pair_of(limits=s.StackLimits(apdu=5_000))
    pair.transfer(bytes(8_000))
    assert (pair.initiator.last.transferred, pair.initiator.last.reason) == (False, 6)


@pytest.mark.parametrize("reason", list(s.ExceptionReason))
def test_O15_exceptions(reason):
    pair = pair_of(checkpoint_size=1)
    pair.responder.answers[s.RTTransferIndication] = None
    pair.transfer(apdu_of(2500))
    pair.responder.stack.request(s.RTExceptionRequest(reason=reason))
    pair.run()
    assert pair.initiator.last.reason == reason
    pair.responder.answers[s.RTTransferIndication] = s.RTTransferResponse()
    pair.transfer(b"\x05\x00")
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True), "the association goes on"


@STEPS
def test_O14_the_turn_passes_with_a_bare_integer(step):
    pair = pair_of(**TWA, step=step)
    pair.responder.stack.request(s.RTTurnPleaseRequest(priority=2))
    pair.run()
    assert pair.initiator.last == s.RTTurnPleaseIndication(priority=2)
    assert said(pair.responder)[-1][:2] == (2, bytes.fromhex("100101 c103 020102")), "p1-stack 7.5"
    pair.initiator.stack.request(s.RTTurnGiveRequest())
    pair.run()
    pair.transfer(b"\x02\x01\x07", pair.responder)
    assert pair.initiator.transfers == [bytearray(b"\x02\x01\x07")]


# --- aborts -------------------------------------------------------------------------------------------------------------------------


@STEPS
@VERSIONS
@pytest.mark.parametrize("reason", list(s.AbortReason))
def test_O4_aborts_fit_the_nine_octets_of_version_1(reason, versions, step):
    pair = pair_of(versions=versions, step=step)
    pair.initiator.stack.request(s.RTUAbortRequest(reason=reason, user_data=b"\x04\x10" + bytes(16)))
    pair.run()
    normal_only = reason in (s.AbortReason.PERMANENT_PROBLEM, s.AbortReason.USER_ERROR)
    told = s.AbortReason.LOCAL_SYSTEM_PROBLEM if normal_only else reason
    assert said(pair.initiator)[-1][:2] == (25, bytes.fromhex("110103 c105 31038001") + bytes((told,)))
    assert pair.responder.last == s.RTAbortIndication(
        layer="RTSE", reason=told, text=f"the peer aborted: {told.name.lower().replace('_', ' ')}"
    )


@pytest.mark.parametrize(
    ("octets", "reason", "text"),
    [
        ("1903110103", None, "without reason"),
        ("190a110103c1053103800104", 4, "protocol error"),
        ("190a110103c105b603800103", 3, "temporary problem"),
        ("190a110103c1053603800102", 2, "unrecognized activity"),
        ("1907110103c1020400", None, "rttr_apdu where RTAB belongs"),
        ("1903110105", None, "protocol error"),
    ],
    ids=["bare", "O24-31", "O24-B6", "O24-36", "no RTAB", "provider"],
)
def test_aborts_of_peers(octets, reason, text):
    pair = pair_of()
    pair.responder.stack.receive_data(encode_tpkt(b"\x02\xf0\x80" + bytes.fromhex(octets)))
    pair.run()
    assert isinstance(pair.responder.last, s.RTAbortIndication)
    assert (pair.responder.last.reason, pair.responder.last.ours) == (reason, False)
    assert text in pair.responder.last.text
    assert pair.responder.stack.closed


# --- session version 1 --------------------------------------------------------------------------------------------------------------


def test_O4_more_than_512_octets_of_bind_do_not_fit_version_1():
    long = b"\x04\x82\x02\x80" + bytes(640)
    pair = StackPair(opening(user_data=long, versions={1}))
    pair.run()
    assert (pair.initiator.last.accepted, pair.initiator.last.kind) == (False, s.RefusalKind.TRANSPORT)
    assert "octets of connect user data" in pair.initiator.last.text
    assert pair_of(user_data=long, versions={1, 2}).initiator.stack.session_version == 2, "version 2 has room"


def test_O4_more_than_512_octets_of_bind_result_do_not_fit_version_1_either():
    long = b"\x04\x82\x02\x80" + bytes(640)
    pair = pair_of(versions={1}, accept=s.RTOpenResponse(user_data=long))
    assert isinstance(pair.responder.last, s.RTAbortIndication) and pair.responder.last.ours
    assert "version 1 has room for 512" in pair.responder.last.text
    assert isinstance(pair.initiator.last, s.RTOpenConfirm | s.RTAbortIndication), "the caller is not left waiting"
    assert pair_of(versions={2}, accept=s.RTOpenResponse(user_data=long)).initiator.last.accepted


@STEPS
@pytest.mark.parametrize("room", [64, 100, 1031, 2041])
@pytest.mark.parametrize("mode", list(s.Mode), ids=lambda mode: mode.value)
def test_O7_segments_of_version_1(mode, room, step):
    """p1-stack 3.4: each DT has its own ``01 00`` and an enclosure item: begin, middle, end."""
    normal = mode is s.Mode.NORMAL
    request = opening_request(checkpoint_size=1, session_versions=frozenset({1}), tsdu_size=room)
    request = request if normal else opening(checkpoint_size=1, versions={1}, tsdu_size=room)
    pair = StackPair(request, step=step)
    pair.responder.stack = Stack.responder(tsdu_size=room)
    pair.responder.stack.start(1000.0)
    pair.run()
    size = 1500
    pair.transfer(apdu_of(size))
    assert pair.initiator.last == s.RTTransferConfirm(transferred=True)
    assert bytes(pair.responder.transfers[0]).endswith(apdu_of(size))
    items = [parameters for si, parameters, _ in said(pair.initiator) if si == 1]
    assert all(parameters[:2] == b"\x19\x01" for parameters in items), "every DT has the item once a size is agreed"
    largest = max(len(user) for si, _, user in said(pair.initiator) if si == 1)
    assert largest <= room - 7
    if not normal:
        first = -(-1024 // (room - 7))
        assert [item[2] for item in items[:first]] == ([3] if first == 1 else [1, *[0] * (first - 2), 2])


def test_O7_a_size_that_only_one_side_names_does_not_segment():
    pair = pair_of(versions={1}, tsdu_size=2041)
    pair.transfer(apdu_of(5000))
    assert {parameters for si, parameters, _ in said(pair.initiator) if si == 1} == {b""}


def test_an_interrupted_resumption_of_the_wrong_point_changes_nothing():
    pair = pair_of()
    point = s.TransferPoint(activity=b"\x02\x01\x01", association=REFERENCE, serial=1, octets=4000)
    with pytest.raises(ProtocolError, match="RTResumeRequest"):
        pair.initiator.stack.request(s.RTResumeRequest(apdu=MemoryOctets(bytes(3999)), point=point))


# --- hostile input ------------------------------------------------------------------------------------------------------------------


def recorded(direction: str, name: str) -> bytes:
    (conversation, *_) = streams(require_shared() / "captures" / f"{name}.pcap")
    return conversation.octets(direction)  # type: ignore[arg-type]


class Asking(Side):
    """Closes as soon as the association stands."""

    def _take(self, event: s.Primitive) -> None:
        super()._take(event)
        if isinstance(event, s.RTOpenConfirm) and event.accepted:
            self.stack.request(s.RTCloseRequest())


def asking(name: str) -> Side:
    """An initiator to which the recorded answers are addressed."""
    reference = int.from_bytes(recorded("initiator", name)[8:10], "big")
    side = Asking(Stack.initiator(opening(), reference=reference), default_answers())
    while side.stack.data_to_send():
        pass
    return side


@pytest.mark.slow
@pytest.mark.parametrize("pattern", [0xFF, 0x01, 0x80, 0x20])
@pytest.mark.parametrize("name", ["p1-84-plain", "p1-88-x410mode"])
def test_O34_every_octet_changed(name, pattern):
    octets = recorded("initiator", name)
    for at in range(len(octets)):
        survives(Side(Stack.responder(), default_answers()), octets[:at] + bytes((octets[at] ^ pattern,)) + octets[at + 1 :])
    octets = recorded("responder", name)
    for at in range(len(octets)):
        survives(asking(name), octets[:at] + bytes((octets[at] ^ pattern,)) + octets[at + 1 :])


@pytest.mark.parametrize("name", ["p1-84-plain", "p1-88-x410mode"])
def test_O34_every_prefix(name):
    for at in range(0, len(recorded("initiator", name)), 7):
        survives(Side(Stack.responder(), default_answers()), recorded("initiator", name)[:at])
    for at in range(len(recorded("responder", name))):
        survives(asking(name), recorded("responder", name)[:at])
