"""X.228: APDUs as the captures show them, EXTERNAL forms, the tables, and every event in every state."""

from __future__ import annotations

import dataclasses

import pytest

from gateway import asn1
from gateway.errors import ProtocolError
from gateway.octets import MemoryOctets
from gateway.osi import service as s
from gateway.osi import upper_service as u
from gateway.osi.acse_types import AssociateResult, UserDiagnostic
from gateway.osi.presentation_types import ProviderReason
from gateway.osi.rtse.apdu import ConnectionData, RTABapdu, RTOACapdu, RTORJapdu, RTORQapdu, RTSEapdus, decode_apdu, encode_apdu
from gateway.osi.rtse.external import unwrap, wrap
from gateway.osi.rtse.machine import CONTEXTS, RTSE
from gateway.osi.rtse.refusal import REFUSALS, bind_error, classify, refusal
from gateway.osi.rtse.tables import TABLE, Cell, State, merge
from tests.osi.stack_pair import BIND, BIND_RESULT, REFERENCE

RTORQ = {
    "PP": "b02180013f820100a319a017b015a1138003505041a10c040a7365637265742d707061",
    "any order": "b021a319a017b015a1138003505041a10c040a7365637265742d70706182010080013f",
    "no defaults": "b01e80013fa319a017b015a1138003505041a10c040a7365637265742d707061",
}
RTOAC = "b121800101810103a219a017b115a1138003505042a10c040a7365637265742d707062"
RECOVER = "b02380013f820100a31ba119140850657263 6976616c170d3035313030313134353130385a"


# --- the APDUs ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("octets", RTORQ.values(), ids=RTORQ.keys())
def test_rtorq(octets):
    apdu = decode_apdu(bytes.fromhex(octets)).rtorq_apdu
    assert apdu == RTORQapdu(checkpoint_size=63, connection_data_rq=ConnectionData(open=BIND))


def test_our_rtorq_is_that_of_pp_without_the_written_defaults():
    ours = encode_apdu(RTSEapdus(rtorq_apdu=RTORQapdu(checkpoint_size=63, connection_data_rq=ConnectionData(open=BIND))))
    assert ours == bytes.fromhex(RTORQ["no defaults"])


def test_rtoac():
    apdu = RTOACapdu(checkpoint_size=1, connection_data_ac=ConnectionData(open=BIND_RESULT))
    assert decode_apdu(bytes.fromhex(RTOAC)).rtoac_apdu == apdu
    assert encode_apdu(RTSEapdus(rtoac_apdu=apdu)) == bytes.fromhex("b11e800101a219a017b115a1138003505042a10c040a7365637265742d707062")


def test_no_user_data_is_an_implicit_null():
    """X.228 ConnectionData: ``80 00`` where the user has no data."""
    none = RTSEapdus(rtoac_apdu=RTOACapdu(connection_data_ac=ConnectionData(open=b"")))
    assert encode_apdu(none, user_data=False) == bytes.fromhex("b104a2028000")
    assert decode_apdu(bytes.fromhex("b104a2028000")) == none
    assert decode_apdu(bytes.fromhex("b106a204a0020500")).rtoac_apdu.connection_data_ac.open == b"\x05\x00"


def test_the_recover_request_of_a_nexor_mta():
    """p1-stack 7.1: T61String in normal mode."""
    apdu = decode_apdu(bytes.fromhex(RECOVER)).rtorq_apdu
    identifier = apdu.connection_data_rq.recover
    assert identifier.calling_ssuser_reference.t61_string == b"Percival"
    assert identifier.common_reference.isoformat() == "2005-10-01T14:51:08+00:00"


@pytest.mark.parametrize("tag", ["b6", "36", "31"])
def test_O24_rtab_in_its_three_tags(tag):
    assert decode_apdu(bytes.fromhex(f"{tag}03800104")) == RTSEapdus(rtab_apdu=RTABapdu(abort_reason=s.AbortReason.PROTOCOL_ERROR))


def test_rttp_and_rttr():
    assert decode_apdu(bytes.fromhex("020107")).rttp_apdu == 7
    assert decode_apdu(bytes.fromhex("2480040141040142 0000")).rttr_apdu == b"AB"


# --- EXTERNAL -----------------------------------------------------------------------------------------------------------------------

APDU = bytes.fromhex("a0030401aa")


@pytest.mark.parametrize(
    "octets",
    [
        "2880 020105 a080 a0030401aa 0000 0000",  # PP and Nexor
        "280a 020105 a005 a0030401aa",  # indirect only, definite
        "280b 06025101 a005 a0030401aa",  # direct only
        "280e 06025101 020105 a005 a0030401aa",  # both
        "280a 020105 8105 a0030401aa",  # octet-aligned
        "2880 020105 a180 0402 a003 0400 0403 0401aa 0000 0000",  # octet-aligned, segmented
        "2880 020105 a180 2480 0402 a003 0000 0403 0401aa 0000 0000",  # nested
        "280b 020105 8206 00 a0030401aa",  # arbitrary, whole octets
    ],
)
def test_O22_unwrap(octets):
    assert unwrap(bytes.fromhex(octets)).to_bytes() == APDU


@pytest.mark.parametrize("octets", ["", "a0030401aa", "2803020105", "280b02010582060 1a0030401aa".replace(" ", ""), "2880020105a080a003"])
def test_unwrap_refuses_what_is_none(octets):
    with pytest.raises(asn1.BERError):
        unwrap(bytes.fromhex(octets))


@pytest.mark.parametrize(("size", "head"), [(5, "280a020105a005"), (200, "2881ce020105a081c8"), (70000, "2883011178020105a083011170")])
def test_wrap_has_the_indirect_reference_first(size, head):
    """p1-stack 7.3: PP insists on the INTEGER and takes no direct reference before it."""
    wrapped = wrap(MemoryOctets(bytes(size)), 5)
    assert wrapped.to_bytes() == bytes.fromhex(head) + bytes(size)


def test_wrap_reads_nothing():
    class Unread(MemoryOctets):
        def read(self, start: int, end: int) -> bytes:
            raise AssertionError("a large APDU is not read to be wrapped")

    assert len(wrap(Unread(bytes(1000)), 5)) == 1011


# --- the tables ---------------------------------------------------------------------------------------------------------------------


def test_every_action_and_predicate_of_the_tables_exists_and_every_method_is_used():
    cells = [cell for alternatives in TABLE.values() for cell in alternatives]
    used = {f"_do_{name}" for cell in cells for name in cell.actions} | {f"_if_{cell.predicate}" for cell in cells if cell.predicate}
    assert used == {name for name in dir(RTSE) if name.startswith(("_do_", "_if_"))}


def test_every_state_is_entered_and_left():
    entered = {cell.next_state for cells in TABLE.values() for cell in cells} | {State.UNASSOCIATED}
    assert set(State) <= entered
    assert {state for state, _ in TABLE} == set(State) - {State.CLOSED}


def test_a_cell_that_is_defined_twice_is_noticed():
    table = {(State.TURN, s.RTCloseRequest): (Cell(()),)}
    with pytest.raises(ValueError, match="TURN"):
        merge(table, table)


# --- every event in every state -----------------------------------------------------------------------------------------------------

OPEN = s.RTOpenRequest(user_data=BIND, checkpoint_size=1, window_size=2, dialogue=s.DialogueMode.TWO_WAY_ALTERNATE)
INDICATION = u.AAssociateIndication(
    calling=s.Selectors(), called=s.Selectors(), contexts=CONTEXTS, application_context="2.6.0.1.6",
    user_information=bytes.fromhex("b021 80013f 820101 a319a017b015a1138003505041a10c040a7365637265742d707061"),
    reference=REFERENCE, version=2, requirements=0x249, tokens=s.TokenSide.REQUESTOR,
)  # fmt: skip
ACCEPTED = u.PConnectConfirm(accepted=True, contexts=CONTEXTS, requirements=0x249)
CONFIRM = u.AAssociateConfirm(accepted=True, lower=ACCEPTED, application_context="2.6.0.1.6", user_information=bytes.fromhex(RTOAC))
TRANSFER = s.RTTransferRequest(apdu=MemoryOctets(bytes(3000)))
START = s.SActivityStartIndication(activity=b"\x02\x01\x01")
DATA = u.PDataIndication(context=3, data=b"\x04\x02ab", end=True)

RESUME = s.SActivityResumeIndication(activity=b"\x02\x01\x02", linking=s.LinkingInformation(activity=b"\x02\x01\x01", serial=1))

POINT = s.TransferPoint(activity=b"\x02\x01\x01", association=REFERENCE, serial=1, octets=1024)

INITIATOR, RESPONDER = [OPEN, CONFIRM], [INDICATION, s.RTOpenResponse()]
PATHS: dict[State, tuple[bool, list[object]]] = {
    State.UNASSOCIATED: (False, []),
    State.WAIT_OPEN_CONFIRM: (True, INITIATOR[:1]),
    State.WAIT_OPEN_RESPONSE: (False, RESPONDER[:1]),
    State.TURN: (True, INITIATOR),
    State.NO_TURN: (False, RESPONDER),
    State.SENDING: (True, [*INITIATOR, TRANSFER]),
    State.WAIT_END: (True, [*INITIATOR, TRANSFER, "more"]),
    State.WAIT_INTERRUPT: (True, [*INITIATOR, TRANSFER, s.SUExceptionReportIndication(reason=1)]),
    State.WAIT_DISCARD: (True, [*INITIATOR, TRANSFER, s.SUExceptionReportIndication(reason=6)]),
    State.WAIT_GIVE: (True, [*INITIATOR, s.RTTurnGiveRequest()]),
    State.RECEIVING: (False, [*RESPONDER, START, DATA, s.SSyncMinorIndication(serial=1)]),
    State.WAIT_SECURED: (False, [*RESPONDER, START, DATA, s.SActivityEndIndication(serial=1)]),
    State.WAIT_RESUME: (False, [INDICATION, s.RTOpenResponse(resumption=True), RESUME]),
    State.EXCEPTION: (False, [*RESPONDER, START, s.RTExceptionRequest(reason=s.ExceptionReason.NON_SPECIFIC)]),
    State.WAIT_RELEASE: (True, [*INITIATOR, s.RTCloseRequest()]),
    State.CLOSED: (True, [*INITIATOR, s.RTUAbortRequest()]),
}
FROM_BELOW = [
    INDICATION,
    CONFIRM,
    u.AAssociateConfirm(accepted=False, lower=u.PConnectConfirm(accepted=False)),
    START,
    RESUME,
    DATA,
    dataclasses.replace(DATA, context=5),
    dataclasses.replace(DATA, data=b"\x30\x00"),
    s.SSyncMinorIndication(serial=2),
    s.SSyncMinorConfirm(serial=1),
    s.SActivityEndIndication(serial=3),
    s.SActivityEndConfirm(serial=3),
    s.SActivityInterruptIndication(reason=0),
    s.SActivityInterruptConfirm(),
    s.SActivityDiscardIndication(reason=0),
    s.SActivityDiscardConfirm(),
    s.SUExceptionReportIndication(reason=0),
    s.SPExceptionReportIndication(),
    u.PTokenPleaseIndication(),
    u.PTokenPleaseIndication(values=(u.PDV(context=3, value=b"\x04\x00"),)),
    s.SControlGiveIndication(),
    s.SControlGiveConfirm(),
    u.AReleaseIndication(),
    u.AReleaseConfirm(),
    u.AAbortIndication(layer="ACSE"),
]


def reach(state: State) -> RTSE:
    initiates, path = PATHS[state]
    machine = RTSE(initiates=initiates, limits=s.StackLimits())
    for step in path:
        if step == "more":
            while machine.more():
                machine.receive(s.SSyncMinorConfirm(serial=machine.outgoing.checkpoints if machine.outgoing else 0))
        elif (machine.state, type(step)) in TABLE and type(step).__module__ == s.__name__ and type(step).__name__.startswith("RT"):
            machine.request(step)
        else:
            machine.receive(step)
    assert machine.state is state
    drain(machine)
    return machine


def drain(machine: RTSE) -> tuple[list[object], list[object]]:
    up, down = [], []
    while (event := machine.next_event()) is not None:
        up.append(event)
    while (request := machine.next_request()) is not None:
        down.append(request)
    return up, down


def test_there_is_a_path_to_every_state():
    assert set(PATHS) == set(State)


@pytest.mark.parametrize("state", list(State), ids=lambda state: state.name)
def test_O36_whatever_comes_from_below_is_taken_or_ends_the_association(state):
    for primitive in FROM_BELOW:
        machine = reach(state)
        machine.receive(primitive)
        up, down = drain(machine)
        if (state, type(primitive)) not in TABLE and state is not State.CLOSED:
            assert machine.state is State.CLOSED
            assert isinstance(up[-1], s.RTAbortIndication) and up[-1].ours and up[-1].reason == s.AbortReason.PROTOCOL_ERROR
            assert isinstance(down[-1], u.AAbortRequest)
        if state is State.CLOSED:
            assert (up, down) == ([], [])


@pytest.mark.parametrize("state", list(State), ids=lambda state: state.name)
def test_whatever_the_user_asks_is_done_or_refused_without_a_trace(state):
    requests = [
        OPEN, s.RTOpenResponse(), s.RTOpenReject(), TRANSFER, s.RTTransferResponse(), s.RTCheckpointResponse(serial=7),
        s.RTResumeRequest(apdu=TRANSFER.apdu, point=POINT), s.RTResumeResponse(octets=1024), s.RTInterruptRequest(), s.RTDiscardRequest(),
        s.RTExceptionRequest(reason=s.ExceptionReason.NON_SPECIFIC), s.RTTurnPleaseRequest(), s.RTTurnGiveRequest(), s.RTCloseRequest(),
    ]  # fmt: skip
    for primitive in requests:
        machine = reach(state)
        if (state, type(primitive)) in TABLE and not isinstance(primitive, s.RTCheckpointResponse | s.RTOpenRequest):
            machine.request(primitive)
            continue
        if state is State.UNASSOCIATED and primitive is OPEN:
            continue
        with pytest.raises(ProtocolError) as caught:
            machine.request(primitive)
        assert caught.value.ours and machine.state is state and drain(machine) == ([], [])


# --- single rules -------------------------------------------------------------------------------------------------------------------


def test_resumption_is_answered_with_exception_6():
    machine = reach(State.NO_TURN)
    machine.receive(FROM_BELOW[4])
    assert drain(machine) == ([], [s.SUExceptionReportRequest(reason=s.ExceptionReason.IRRECOVERABLE)])
    machine.receive(s.SActivityDiscardIndication(reason=6))
    assert machine.state is State.NO_TURN


def test_O40_discarding_what_is_secured_is_answered_with_transfer_completed():
    machine = reach(State.NO_TURN)
    machine.receive(s.SActivityDiscardIndication(reason=0))
    up, (abort,) = drain(machine)
    assert abort.user_information == bytes.fromhex("b603800107")
    assert up[-1].reason == s.AbortReason.TRANSFER_COMPLETED


def test_checkpoints_are_confirmed_once_and_only_when_asked():
    machine = reach(State.RECEIVING)
    machine.receive(s.SSyncMinorIndication(serial=2, confirm=False))
    machine.receive(s.SSyncMinorIndication(serial=3))
    machine.request(s.RTCheckpointResponse(serial=3))
    up, down = drain(machine)
    assert [(event.serial, event.confirm) for event in up] == [(2, False), (3, True)]
    assert down == [s.SSyncMinorResponse(serial=3)]
    for serial in (0, 1, 3, 4):
        with pytest.raises(ProtocolError):
            machine.request(s.RTCheckpointResponse(serial=serial))


def test_only_the_initiator_is_asked_to_take_a_release():
    machine = RTSE(initiates=True, limits=s.StackLimits())
    machine.request(dataclasses.replace(OPEN, initial_turn=s.TokenSide.ACCEPTOR))
    machine.receive(dataclasses.replace(CONFIRM, lower=dataclasses.replace(ACCEPTED, tokens=s.TokenSide.ACCEPTOR)))
    assert machine.state is State.NO_TURN
    machine.receive(u.AReleaseIndication())
    assert machine.state is State.CLOSED
    assert drain(machine)[0][-1].ours, "only the initiator releases (X.218 9.2)"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"contexts": {1: CONTEXTS[1], 5: CONTEXTS[5]}}, "2.6.0.2.12"),
        ({"contexts": {1: CONTEXTS[1], 3: "2.6.0.2.8", 5: CONTEXTS[5]}}, "2.6.0.2.12"),
        ({"requirements": 0x0209}, "session requirements 0209 without activity management"),
        ({"user_information": None}, "RTORQ"),
        ({"user_information": bytes.fromhex(RTOAC)}, "rtoac_apdu where RTORQ belongs"),
        ({"user_information": b"\xb0\x02\x80"}, "RTORQ"),
    ],
)
def test_O10_an_association_that_cannot_be_is_refused_at_once(change, text):
    machine = RTSE(initiates=False, limits=s.StackLimits())
    machine.receive(dataclasses.replace(INDICATION, **change))
    (event,), (reject,) = drain(machine)
    assert text in event.text and event.ours
    kinds = {"contexts": u.AAssociateResponse, "requirements": s.SConnectReject, "user_information": u.PConnectReject}
    assert isinstance(reject, kinds[next(iter(change))])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"application_context": "2.6.0.1.0"}, "application context 2.6.0.1.0"),
        ({"user_information": None}, "RTSE"),
        ({"user_information": bytes.fromhex("020100")}, "no RTOAC"),
        ({"lower": dataclasses.replace(ACCEPTED, requirements=0x0208)}, "session requirements"),
        ({"lower": dataclasses.replace(ACCEPTED, contexts={1: CONTEXTS[1]})}, "2.6.0.2.12, 2.6.0.2.7"),
    ],
)
def test_an_answer_that_does_not_fit_ends_the_association(change, text):
    machine = reach(State.WAIT_OPEN_CONFIRM)
    machine.receive(dataclasses.replace(CONFIRM, **change))
    up, down = drain(machine)
    assert up[-1].ours and (text in up[-1].text or text == "RTSE")
    assert isinstance(down[-1], u.AAbortRequest)


@pytest.mark.parametrize(
    ("proposed", "answered", "agreed"), [(63, "800101", 1), (63, "80027fff", 63), (0, "800105", 5), (10, "", 0), (10, "8001ff", 0)]
)
def test_the_answered_checkpoint_size(proposed, answered, agreed):
    machine = RTSE(initiates=True, limits=s.StackLimits())
    machine.request(dataclasses.replace(OPEN, checkpoint_size=proposed))
    body = bytes.fromhex(answered) + bytes.fromhex("a2028000")
    machine.receive(dataclasses.replace(CONFIRM, user_information=b"\xb1" + bytes((len(body),)) + body))
    assert machine.checkpoint_size == agreed


# --- refusals -----------------------------------------------------------------------------------------------------------------------


def test_there_is_a_form_for_every_kind():
    assert set(REFUSALS) == set(s.RefusalKind)


def test_O20_the_refusals_of_the_table_in_octets():
    """p1-stack 6."""
    wrong = refusal(s.RTOpenReject(kind=s.RefusalKind.USER, user_data=bytes.fromhex("b203020102")), 3, s.Mode.NORMAL)
    assert isinstance(wrong, u.AAssociateResponse)
    assert (wrong.result, wrong.diagnostic, wrong.user_information) == (1, 1, bytes.fromhex("b207a105b203020102"))
    busy = refusal(s.RTOpenReject(kind=s.RefusalKind.USER_TRANSIENT, user_data=bytes.fromhex("b203020100")), 3, s.Mode.NORMAL)
    assert busy.result == AssociateResult.REJECTED_TRANSIENT
    context = refusal(s.RTOpenReject(kind=s.RefusalKind.APPLICATION_CONTEXT), 3, s.Mode.NORMAL)
    assert (context.result, context.diagnostic, context.user_information) == (1, 2, None)
    assert refusal(s.RTOpenReject(kind=s.RefusalKind.SSEL_UNKNOWN), 3, s.Mode.NORMAL) == s.SConnectReject(reason=129)
    assert refusal(s.RTOpenReject(kind=s.RefusalKind.PSEL_UNKNOWN), 3, s.Mode.NORMAL).provider_reason == 3


def refused(**members: object) -> u.AAssociateConfirm:
    names = {field.name for field in dataclasses.fields(u.PConnectConfirm)} - {"accepted"}
    lower = {name: members.pop(name) for name in list(members) if name in names}
    return u.AAssociateConfirm(accepted=False, lower=u.PConnectConfirm(accepted=False, **({"contexts": CONTEXTS} | lower)), **members)


def rtorj(user_data: str = "", reason: int | None = None) -> bytes:
    return encode_apdu(RTSEapdus(rtorj_apdu=RTORJapdu(user_data_rj=bytes.fromhex(user_data) or None, refuse_reason=reason)))


K = s.RefusalKind


@pytest.mark.parametrize(
    ("confirm", "kind"),
    [
        (refused(result=1, diagnostic=1, user_information=rtorj("b203020102"), session_reason=2), K.USER),
        (refused(result=1, diagnostic=1, user_information=rtorj("020102"), session_reason=2), K.USER),  # PP
        (refused(result=1, diagnostic=1, user_information=rtorj("b203020100"), session_reason=2), K.USER_TRANSIENT),  # Nexor
        (refused(result=2, user_information=rtorj("b203020102")), K.USER),
        (refused(result=2, user_information=rtorj()), K.USER_TRANSIENT),
        (refused(result=1, user_information=rtorj(reason=0)), K.USER_TRANSIENT),
        (refused(result=1, user_information=rtorj(reason=1)), K.CANNOT_RECOVER),
        (refused(result=1, user_information=b"\xff"), K.USER),
        (refused(result=1, diagnostic=UserDiagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED), K.APPLICATION_CONTEXT),
        (refused(result=1, contexts={1: CONTEXTS[1]}), K.CONTEXT),
        (refused(provider_reason=ProviderReason.CALLED_PRESENTATION_ADDRESS_UNKNOWN, session_reason=2), K.PSEL_UNKNOWN),
        (refused(provider_reason=ProviderReason.TEMPORARY_CONGESTION), K.BUSY),
        (refused(provider_reason=ProviderReason.USER_DATA_NOT_READABLE), K.UNREADABLE),
        (refused(refuse_reason=0, session_reason=2), K.USER_TRANSIENT),
        (refused(session_reason=129), K.SSEL_UNKNOWN),
        (refused(session_reason=132), K.VERSION),
        (refused(session_reason=1), K.BUSY),
        (refused(session_reason=0), K.NOT_SPECIFIED),
        (refused(session_reason=2), K.NOT_SPECIFIED),
    ],
)
def test_O20_classification_looks_at_the_bind_error_first(confirm, kind):
    result = classify(confirm, frozenset(CONTEXTS.values()), recovering=False)
    assert (result.accepted, result.kind) == (False, kind)
    assert result.text.startswith(kind.value)


def test_an_empty_rtorj_to_a_recovery_means_that_it_cannot_be():
    confirm = refused(result=1, user_information=rtorj())
    assert classify(confirm, frozenset(CONTEXTS.values()), recovering=True).kind is K.CANNOT_RECOVER


@pytest.mark.parametrize(("octets", "number"), [("b203020105", 5), ("020103", 3), ("0500", None), ("", None), ("b2", None)])
def test_O20_bind_errors_with_and_without_their_tag(octets, number):
    assert bind_error(bytes.fromhex(octets)) == number
