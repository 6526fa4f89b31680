"""Session protocol errors, hostile input, and whole associations of a real MTA replayed against our machine."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import ProtocolError
from gateway.osi import service
from gateway.osi.service import (
    LinkingInformation,
    SActivityEndIndication,
    SActivityEndRequest,
    SActivityEndResponse,
    SActivityStartRequest,
    SConnectIndication,
    SConnectReject,
    SConnectRequest,
    SConnectResponse,
    SDataRequest,
    SPAbortIndication,
    SReleaseIndication,
    SReleaseRequest,
    SReleaseResponse,
    SSyncMinorIndication,
    SSyncMinorRequest,
    SSyncMinorResponse,
    StackLimits,
)
from gateway.osi.session import Session, State
from gateway.osi.session.cells import DuplicateCellError, Event, merge
from gateway.osi.session.machine import REQUESTS, RESPONSES
from gateway.osi.session.parameters import Field
from gateway.osi.session.reader import TSDUReader
from gateway.osi.session.spdu import SPDU, Kind, UserInformation, encode_tsdu
from gateway.osi.session.tables import TABLE
from gateway.osi.session.tables_kernel import KERNEL
from tests.captures import Conversation, streams
from tests.osi.session_pair import PROTOCOL_ERROR, SITUATIONS, Pair, events, received, sent
from tests.shared import require_shared

SPDUS = {
    "CN": "0D 09 05 03 16 01 03 14 02 02 49",
    "AC": "0E 09 05 03 16 01 02 14 02 02 49",
    "RF": "0C 06 11 01 01 32 01 02",
    "FN": "09 03 11 01 01",
    "DN": "0A 00",
    "NF": "08 00",
    "AB": "19 03 11 01 03",
    "AA": "1A 00",
    "GTC": "15 00",
    "GTA": "16 00",
    "GT": "01 03 10 01 15",
    "GT empty": "01 00",
    "PT": "02 03 10 01 01",
    "DT": "01 00 01 00 61",
    "DT first segment": "01 00 01 03 19 01 01 61",
    "DT middle segment": "01 00 01 03 19 01 00 61",
    "MIP": "01 00 31 03 2A 01 33",
    "MIP wrong serial": "01 00 31 05 2A 03 39 39 39",
    "MIP without serial": "01 00 31 00",
    "MIA": "02 00 32 03 2A 01 31",
    "MIA wrong serial": "02 00 32 08 2A 06 39 39 39 39 39 39",
    "AS": "01 00 2D 05 29 03 02 01 01",
    "AS without name": "01 00 2D 00",
    "AR": "01 00 1D 0F 21 08 29 03 02 01 01 2A 01 31 29 03 02 01 02",
    "AR without linking": "01 00 1D 05 29 03 02 01 02",
    "AE": "01 00 29 03 2A 01 33",
    "AE wrong serial": "01 00 29 03 2A 01 39",
    "AEA": "02 00 2A 03 2A 01 32",
    "AEA wrong serial": "02 00 2A 03 2A 01 39",
    "AI": "01 00 19 03 32 01 00",
    "AIA": "02 00 1A 00",
    "AD": "01 00 39 03 32 01 00",
    "ADA": "02 00 3A 00",
    "ED": "02 00 30 03 32 01 01",
    "ER": "02 00 00 00",
    "CDO": "0F 00",
    "EX": "05 00",
    "TD": "21 00",
    "PR": "07 00",
    "RS": "01 00 35 00",
    "RA": "02 00 22 00",
    "CD": "01 00 3D 00",
    "MAP": "01 00 29 06 0F 01 01 2A 01 33",
    "nothing": "",
    "garbage": "FF FF FF FF",
}
SILENT = (State.STA01, State.STA16)


# --- every SPDU in every state (O36) --------------------------------------------------------------------------------


@pytest.mark.parametrize("situation", SITUATIONS)
def test_O36_every_spdu_in_every_state_is_taken_or_answered_with_abort(situation: str) -> None:
    for name, octets in SPDUS.items():
        session = SITUATIONS[situation]()
        assert situation.startswith(session.state.name)
        before, was = session.state, sent(session)
        assert was == []
        found = received(session, octets)
        answer = sent(session)
        faults = [event for event in found if isinstance(event, SPAbortIndication) and event.ours]
        if before in SILENT:
            assert (found, answer) == ([], []), name
        elif (before, Event.__members__.get(name.split()[0])) not in TABLE and name not in ("GT empty", "MAP"):
            assert answer == [PROTOCOL_ERROR], name
        if faults:
            assert len(faults) == 1, name
            assert answer == [PROTOCOL_ERROR], name
            assert session.state is State.STA16
            assert session.timer_wanted
        else:
            assert PROTOCOL_ERROR not in answer, name


@pytest.mark.parametrize("situation", SITUATIONS)
def test_O36_after_any_spdu_the_machine_still_ends(situation: str) -> None:
    for octets in SPDUS.values():
        session = SITUATIONS[situation]()
        received(session, octets)
        session.receive_disconnect()
        events(session)
        assert session.closed
        assert received(session, *SPDUS.values()) == []


PRIMITIVES = [
    SConnectRequest(),
    SConnectResponse(),
    SConnectReject(),
    SDataRequest(data=b"x"),
    service.STokenPleaseRequest(),
    service.SControlGiveRequest(),
    SSyncMinorRequest(),
    SSyncMinorResponse(serial=1),
    SSyncMinorResponse(serial=99),
    SActivityStartRequest(activity=b"a"),
    service.SActivityResumeRequest(activity=b"a", linking=LinkingInformation(activity=b"b", serial=1)),
    SActivityEndRequest(),
    SActivityEndResponse(),
    service.SActivityInterruptRequest(),
    service.SActivityInterruptResponse(),
    service.SActivityDiscardRequest(),
    service.SActivityDiscardResponse(),
    service.SUExceptionReportRequest(reason=1),
    SReleaseRequest(),
    SReleaseResponse(),
    service.SUAbortRequest(),
]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_request_that_the_state_does_not_allow_changes_nothing(situation: str) -> None:
    for primitive in PRIMITIVES:
        session = SITUATIONS[situation]()
        before = (session.state, session.activity, session.owns_tokens, session.next_serial, session.confirmed_serial)
        submit = session.response if type(primitive) in RESPONSES else session.request
        try:
            submit(primitive)
        except ProtocolError as fault:
            assert fault.ours
            after = (session.state, session.activity, session.owns_tokens, session.next_serial, session.confirmed_serial)
            assert after == before
            assert sent(session) == []


def test_every_primitive_is_a_request_or_a_response_and_not_both() -> None:
    assert {type(primitive) for primitive in PRIMITIVES} == REQUESTS.keys() | RESPONSES.keys()
    with pytest.raises(ProtocolError):
        Session(initiator=True).response(SConnectRequest())


# --- the tables -----------------------------------------------------------------------------------------------------


def test_no_cell_is_defined_twice() -> None:
    with pytest.raises(DuplicateCellError):
        merge(KERNEL, KERNEL)


def test_every_state_ends_with_the_transport_connection_and_can_be_aborted() -> None:
    for state in State:
        for event in (Event.TDISind, Event.SUABreq):
            assert (state, event) in TABLE


def test_every_state_is_reached_and_left() -> None:
    reached = {cell.next_state for cells in TABLE.values() for cell in cells}
    assert reached | {State.STA01C} == set(State)


# --- hostile input --------------------------------------------------------------------------------------------------


def fault_after(session: Session, *tsdus: str) -> str:
    """The text of the one fault that these TSDUs are, after which the machine is silent."""
    found = received(session, *tsdus)
    faults = [event for event in found if isinstance(event, SPAbortIndication)]
    assert len(faults) == 1
    assert sent(session)[-1] == PROTOCOL_ERROR
    assert received(session, *tsdus) == []
    assert sent(session) == []
    return faults[0].text


@pytest.mark.parametrize(
    "tsdus",
    [
        ["01 00 01 03 19 01 01 61", "01 00 01 03 19 01 01 61"],
        ["01 00 01 03 19 01 00 61"],
        ["01 00 01 03 19 01 02 61"],
        ["01 00 01 03 19 01 01 61", "01 00 31 03 2A 01 31"],
        ["01 00 01 03 19 01 01 61", "01 00 29 03 2A 01 31"],
    ],
    ids=["begin twice", "middle without begin", "end without begin", "MIP between", "AE between"],
)
def test_O31_segments_of_data_out_of_order(tsdus: list[str]) -> None:
    assert "6.3.5" in fault_after(Pair().connect().start().b, *tsdus)


@pytest.mark.parametrize(
    "tsdus",
    [
        ["02 06 19 01 01 C1 01 61", "02 06 19 01 01 C1 01 61"],
        ["02 06 19 01 02 C1 01 61"],
        ["02 06 19 01 01 C1 01 61", "0A 03 C1 01 61"],
    ],
    ids=["begin twice", "end without begin", "another between"],
)
def test_O31_segments_of_other_spdus_out_of_order(tsdus: list[str]) -> None:
    assert "6.3.5" in fault_after(Pair().connect().a, *tsdus)


def test_O31_segments_without_end_meet_a_limit() -> None:
    session = Pair(a=Session(initiator=True, limits=StackLimits(tsdu=5000))).connect().a
    first = bytes.fromhex("02 FF 03 EF 19 01 01 C1 FF 03 E8") + bytes(1000)
    middle = bytes.fromhex("02 FF 03 EF 19 01 00 C1 FF 03 E8") + bytes(1000)
    for tsdu in (first, middle, middle, middle, middle):
        assert received(session, tsdu) == []
    [fault] = received(session, middle)
    assert isinstance(fault, SPAbortIndication)
    assert "5000" in fault.text


def test_O30_a_connect_above_the_limit_is_refused_by_its_length_alone() -> None:
    session = Session(initiator=False, limits=StackLimits(connect_tsdu=1000))
    session.receive_tsdu(bytes.fromhex("0D FF 03 E9"), False)
    [fault] = events(session)
    assert isinstance(fault, SPAbortIndication)
    for _ in range(100):
        session.receive_tsdu(bytes(1000), False)
        assert events(session) == []
    assert sent(session) == [PROTOCOL_ERROR]


@pytest.mark.parametrize("serial", ["30", "32", "39 39 39 39 39 39"])
def test_O37_a_serial_number_that_is_not_the_next_one(serial: str) -> None:
    octets = bytes.fromhex(serial)
    for si in ("31", "29"):
        session = Pair().connect().start().b
        fault_after(session, f"01 00 {si} {len(octets) + 2:02X} 2A {len(octets):02X} {serial}")


def test_O37_the_largest_serial_number_is_the_last() -> None:
    pair = Pair().connect()
    linking = LinkingInformation(activity=b"a", serial=999998)
    pair.a.request(service.SActivityResumeRequest(activity=b"b", linking=linking))
    pair.a.request(SSyncMinorRequest())
    with pytest.raises(ProtocolError):
        pair.a.request(SSyncMinorRequest())
    assert pair.carry(pair.a)[-1] == SSyncMinorIndication(serial=999999)
    fault_after(pair.b, "01 00 31 03 2A 01 30")


def test_O37_a_flood_after_our_exception_is_dropped() -> None:
    session = Pair().connect().start().b
    session.request(service.SUExceptionReportRequest(reason=1))
    sent(session)
    for _ in range(500):
        assert received(session, bytes.fromhex("01 00 01 00") + bytes(1000)) == []
    assert sent(session) == []


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(sorted(SITUATIONS)),
    st.lists(st.tuples(st.sampled_from(list(SPDUS.values())), st.integers(0, 30), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_damaged_spdus_never_raise(situation: str, damage: list[tuple[str, int, int]]) -> None:
    session = SITUATIONS[situation]()
    aborts = 0
    for octets, at, value in damage:
        tsdu = bytearray.fromhex(octets)
        if tsdu:
            tsdu[at % len(tsdu)] = value
        aborts += sum(isinstance(event, SPAbortIndication) and event.ours for event in received(session, bytes(tsdu)))
    assert aborts <= 1


# --- replays --------------------------------------------------------------------------------------------------------


def turns(conversation: Conversation) -> list[tuple[str, bytes]]:
    """The TSDUs of both sides in the order in which they were complete."""
    found: list[tuple[str, bytes]] = []
    pending = {"initiator": b"", "responder": b""}
    for side, tpdu in conversation.timed_tpkts():
        if tpdu[1] & 0xF0 == 0xF0:
            pending[side] += tpdu[1 + tpdu[0] :]
            if tpdu[2] & 0x80:
                found.append((side, pending[side]))
                pending[side] = b""
    return found


def conversations() -> list[Conversation]:
    return [conversation for path in sorted((require_shared() / "captures").glob("*.pcap")) for conversation in streams(path)]


def parts(tsdu: bytes) -> tuple[SPDU, bytes]:
    reader = TSDUReader(limit=65535)
    reader.receive(tsdu, True)
    items = list(iter(reader.next, None))
    assert isinstance(items[0], SPDU)
    return items[0], b"".join(item.data for item in items if isinstance(item, UserInformation))


def answered_reference(answer: SPDU) -> service.ConnectionReference | None:
    """None lets the machine echo the reference of CN, as PP does; another peer in the captures gives none back."""
    return None if answer.octets(Field.CALLED_REFERENCE) else service.ConnectionReference()


def answered(session: Session, event: object, answer: SPDU) -> None:
    """Answer as the recorded responder did."""
    match event:
        case SConnectIndication() if answer.kind is Kind.RF:
            session.response(SConnectReject(reason=answer.reason, user_data=answer.octets(Field.REASON)[1:]))
        case SConnectIndication():
            session.response(SConnectResponse(reference=answered_reference(answer), user_data=answer.user_data))
        case SSyncMinorIndication():
            session.response(SSyncMinorResponse(serial=event.serial))
        case SActivityEndIndication():
            session.response(SActivityEndResponse())
        case SReleaseIndication():
            session.response(SReleaseResponse(user_data=answer.user_data))


def without_empty_selector(ac: bytes) -> bytes:
    """PP writes PI 52 with length 0, we leave it out."""
    spdu, _ = parts(ac)
    fields = {field: value for field, value in spdu.fields.items() if field is not Field.SELECTOR or value}
    return encode_tsdu(spdu.kind, fields) if spdu.kind is Kind.AC else ac


def test_as_responder_we_answer_a_recorded_initiator_octet_by_octet() -> None:
    for conversation in conversations():
        session = Session(initiator=False)
        recorded = conversation.tsdus("responder")
        ours: list[bytes] = []
        for tsdu in conversation.tsdus("initiator"):
            for event in received(session, tsdu):
                assert not isinstance(event, SPAbortIndication), event.text
                answered(session, event, parts(recorded[min(len(ours), len(recorded) - 1)])[0])
            ours += sent(session)
        assert ours == [without_empty_selector(tsdu) for tsdu in recorded]


def asked(session: Session, tsdu: bytes) -> None:
    """Ask for what the recorded initiator sent."""
    spdu, data = parts(tsdu)
    match spdu.kind:
        case Kind.CN:
            reference = service.ConnectionReference(user=spdu.octets(Field.CALLING_REFERENCE), common=spdu.octets(Field.COMMON_REFERENCE))
            versions = frozenset(version for version in (1, 2) if spdu.number(Field.VERSION) & version)
            session.request(SConnectRequest(reference=reference, versions=versions, user_data=spdu.user_data))
        case Kind.AS:
            session.request(SActivityStartRequest(activity=spdu.octets(Field.ACTIVITY)))
        case Kind.DT:
            session.request(SDataRequest(data=data))
        case Kind.MIP:
            session.request(SSyncMinorRequest())
        case Kind.AE:
            session.request(SActivityEndRequest())
        case Kind.FN:
            session.request(SReleaseRequest(user_data=spdu.user_data))
        case _:
            pytest.fail(f"no request for {spdu.kind.name}")


def test_as_initiator_we_lead_a_recorded_responder_octet_by_octet() -> None:
    for conversation in conversations():
        first = parts(conversation.tsdus("initiator")[0])[0]
        session = Session(initiator=True, tsdu_size=int.from_bytes(first.octets(Field.TSDU_SIZE)[:2], "big"))
        for side, tsdu in turns(conversation):
            if side == "initiator":
                asked(session, tsdu)
                assert sent(session) == [tsdu]
            else:
                assert not any(isinstance(event, SPAbortIndication) for event in received(session, tsdu))
        assert session.closed
        assert session.disconnect_wanted
