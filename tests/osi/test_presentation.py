"""X.226: contexts, connect, abort and data, against the octets of the digest and of the captures."""

from __future__ import annotations

import pytest

from gateway import asn1
from gateway.octets import MemoryOctets
from gateway.osi import presentation_types as t
from gateway.osi import service as s
from gateway.osi import upper_service as u
from gateway.osi.presentation import BER, Presentation, mode_of
from gateway.osi.rtse.machine import CONTEXTS

ACSE, RTSE, MTSE = CONTEXTS.values()
SUPPORTED = frozenset(CONTEXTS.values())
VALUE = bytes.fromhex("6003020105")
PP_CP = bytes.fromhex(
    "317fa003800101a278a433300f020101060452010001300406025101300f02010306045600020c300406025101300f0201050604560002073004060251016141"
    "303f020101a03a6038a106060456000106be2e282c06025101020103a023b02180013f820100a319a017b015a1138003505041a10c040a7365637265742d707061"
)
X410_CP = bytes.fromhex("3129a003800100a12280013f820100a317a015a1138003505041a10c160a7365637265742d707061840101")


def connect_indication(user_data: bytes) -> s.SConnectIndication:
    return s.SConnectIndication(
        calling=b"", called=b"", reference=s.ConnectionReference(), version=2, requirements=0x249, tokens=s.TokenSide.REQUESTOR,
        user_data=user_data,
    )  # fmt: skip


def cp(*contexts: tuple[int, str, tuple[str, ...]], **members: object) -> bytes:
    definitions = tuple(
        t.ContextDefinition(presentation_context_identifier=number, abstract_syntax_name=syntax, transfer_syntax_name_list=transfer)
        for number, syntax, transfer in contexts
    )
    parameters = t.CPNormalModeParameters(presentation_context_definition_list=definitions, **members)
    connect = t.CPType(mode_selector=t.ModeSelector(mode_value=t.ModeValue.NORMAL_MODE), normal_mode_parameters=parameters)
    return asn1.encode(connect)


def drain(layer: Presentation) -> tuple[list[object], list[object]]:
    up, down = [], []
    while (event := layer.next_event()) is not None:
        up.append(event)
    while (request := layer.next_request()) is not None:
        down.append(request)
    return up, down


def accept(user_data: bytes) -> tuple[u.PConnectIndication, t.CPANormalModeParameters]:
    layer = Presentation(SUPPORTED)
    layer.receive(connect_indication(user_data))
    (indication,), _ = drain(layer)
    layer.request(u.PConnectResponse(values=()))
    _, (response,) = drain(layer)
    assert isinstance(indication, u.PConnectIndication) and isinstance(response, s.SConnectResponse)
    parameters = asn1.decode(response.user_data, t.CPAPPDU).normal_mode_parameters
    assert parameters is not None
    return indication, parameters


def test_the_cp_of_pp_is_read():
    indication, answer = accept(PP_CP)
    assert indication.contexts == CONTEXTS
    assert [(pdv.context, pdv.value[:1]) for pdv in indication.values] == [(1, b"\x60")]
    assert asn1.encode(answer)[:1] == b"\x30"
    assert bytes.fromhex("a51b" + "3007800100" "81025101" * 3) in asn1.encode(answer), "the result list of p1-stack 4.1"


def test_our_cp_has_the_documented_shape():
    layer = Presentation(SUPPORTED)
    layer.request(
        u.PConnectRequest(calling=s.Selectors(), called=s.Selectors(), contexts=CONTEXTS, values=(u.PDV(context=1, value=VALUE),))
    )
    _, (request,) = drain(layer)
    assert isinstance(request, s.SConnectRequest)
    contexts = bytes.fromhex(
        "a433 300f0201010604520100013004060251 01 300f02010306045600020c300406025101 300f020105060456000207300406025101".replace(" ", "")
    )
    assert contexts in PP_CP
    user_data = bytes.fromhex("610c300a020101a005") + VALUE
    assert request.user_data == bytes.fromhex("314aa003800101a243") + contexts + user_data


def test_the_mode_is_read_from_the_cp():
    assert mode_of(PP_CP) is s.Mode.NORMAL
    assert mode_of(X410_CP) is s.Mode.X410_1984
    assert mode_of(bytes.fromhex("310ba003800100 a104 ff820500")) is s.Mode.X410_1984, "only the selector counts"
    assert mode_of(b"garbage") is s.Mode.NORMAL


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("numbers", [(1, 3, 5), (11, 101, 32767), (5, 3, 1)])
def test_O10_contexts_are_known_by_their_abstract_syntax(order, numbers):
    """O10: other order, other identifiers."""
    proposed = [(numbers[at], (ACSE, RTSE, MTSE)[at], (BER,)) for at in order]
    indication, answer = accept(cp(*proposed))
    assert indication.contexts == dict(zip(numbers, (ACSE, RTSE, MTSE), strict=True))
    assert [result.result for result in answer.presentation_context_definition_result_list] == [0, 0, 0]


def test_O10_unknown_contexts_are_rejected_one_by_one():
    indication, answer = accept(
        cp((1, ACSE, (BER,)), (3, "2.6.0.2.8", (BER,)), (5, RTSE, ("2.1.2.1", BER)), (7, MTSE, ("2.1.2.1",)), (9, MTSE, (BER,)))
    )
    assert indication.contexts == {1: ACSE, 5: RTSE, 9: MTSE}
    answered = answer.presentation_context_definition_result_list
    results = [(each.result, each.transfer_syntax_name, each.provider_reason) for each in answered]
    assert results == [(0, BER, None), (2, None, 1), (0, BER, None), (2, None, 2), (0, BER, None)]


def test_O39_a_thousand_contexts_are_answered():
    proposed = [(2 * at + 1, f"1.2.{at}", (BER,)) for at in range(1000)]
    indication, answer = accept(cp(*proposed))
    assert indication.contexts == {} and len(answer.presentation_context_definition_result_list) == 1000


def test_unknown_elements_of_cp_and_cpa_are_ignored():
    """X.226 8.5: undefined elements and bits."""
    indication, _ = accept(cp((1, ACSE, (BER,)), protocol_options=frozenset({9})))
    assert indication.contexts == {1: ACSE}
    mode, unknown = bytes.fromhex("a003800101"), bytes.fromhex("a703040101")
    parameters = bytes.fromhex("80020780 8301ff") + bytes.fromhex("a411300f020101060452010001300406025101") + bytes.fromhex("9f4e0155")
    connect = mode + unknown + b"\xa2" + bytes((len(parameters),)) + parameters
    indication, _ = accept(b"\x31" + bytes((len(connect),)) + connect)
    assert indication.contexts == {1: ACSE}


def test_cpc_values_after_the_cp_are_stepped_over():
    indication, _ = accept(PP_CP + bytes.fromhex("6100"))
    assert indication.contexts == CONTEXTS


def refuse(user_data: bytes) -> tuple[object, t.CPRNormalModeParameters]:
    layer = Presentation(SUPPORTED)
    layer.receive(connect_indication(user_data))
    (event,), (reject,) = drain(layer)
    assert isinstance(reject, s.SConnectReject) and reject.reason == 2
    parameters = asn1.decode(reject.user_data, t.CPRPPDU).normal_mode_parameters
    assert parameters is not None
    return event, parameters


@pytest.mark.parametrize(
    "user_data", [b"", b"\x05\x00", PP_CP[:-3], b"\x31\x84\xff\xff\xff\xff", b"\x31\x80" * 10_000, PP_CP[:3] + PP_CP[8:]]
)
def test_a_cp_that_cannot_be_read_is_refused_with_reason_6(user_data):
    event, reject = refuse(user_data)
    assert isinstance(event, u.PPAbortIndication) and event.ours
    assert reject.provider_reason == t.ProviderReason.USER_DATA_NOT_READABLE


def test_another_version_is_refused_with_reason_4():
    _, reject = refuse(cp((1, ACSE, (BER,)), protocol_version=frozenset({1})))
    assert reject.provider_reason == t.ProviderReason.PROTOCOL_VERSION_NOT_SUPPORTED


def connected() -> Presentation:
    layer = Presentation(SUPPORTED)
    layer.receive(connect_indication(PP_CP))
    layer.request(u.PConnectResponse(values=()))
    drain(layer)
    return layer


@pytest.mark.parametrize("data", ["6009040100", "610a3008020107a0030401aa", "3003", "61ff", "610a30080201", "0203010203"])
def test_data_that_breaks_the_rules_is_answered_with_arp(data):
    layer = connected()
    layer.receive(s.SDataIndication(data=bytes.fromhex(data), end=True))
    up, down = drain(layer)
    assert isinstance(up[-1], u.PPAbortIndication) and up[-1].ours
    assert down == [s.SUAbortRequest(user_data=bytes.fromhex("3006800106810107"))], "ARP: invalid PPDU parameter value, event TD"
    layer.receive(s.SDataIndication(data=b"", end=True))
    assert drain(layer) == ([], []), "and then the layer is silent"


def test_data_is_framed_with_definite_lengths():
    layer = connected()
    layer.request(u.PDataRequest(context=3, value=MemoryOctets(b"\x04\x82\x01\x00" + bytes(256))))
    assert layer.more() and not layer.more()
    _, (request,) = drain(layer)
    assert request == s.SDataRequest(data=bytes.fromhex("6182010f3082010b020103a0820104") + b"\x04\x82\x01\x00" + bytes(256), end=True)


def test_large_data_leaves_in_pieces():
    layer = connected()
    layer.request(u.PDataRequest(context=3, value=MemoryOctets(bytes(100_000))))
    pieces = []
    while layer.more():
        _, (request,) = drain(layer)
        pieces.append(request)
    assert [piece.end for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert sum(len(piece.data) for piece in pieces) == 100_000 + len(bytes.fromhex("61830186ae30830186a9020103a0830186a0"))


@pytest.mark.parametrize(
    ("user_data", "layer_name", "text"),
    [
        ("3006800102810107", "presentation", "unexpected-ppdu at event 7"),
        ("3000", "presentation", "None"),
    ],
)
def test_arp_of_the_peer(user_data, layer_name, text):
    layer = connected()
    layer.receive(s.SUAbortIndication(user_data=bytes.fromhex(user_data)))
    (event,), down = drain(layer)
    assert (event.layer, event.ours, down) == (layer_name, False, [])
    assert text in event.text


@pytest.mark.parametrize("user_data", ["", "ff", "a0820000", "3103800104", "a000"])
def test_any_abort_is_an_abort(user_data):
    layer = connected()
    layer.receive(s.SUAbortIndication(user_data=bytes.fromhex(user_data)))
    (event,), _ = drain(layer)
    assert isinstance(event, u.PUAbortIndication)
    assert event.x410_abort_reason == (4 if user_data.startswith("31") else None)


def test_token_please_with_and_without_data():
    """p1-stack 7.5: ``61 .. 30 .. 02 01 03 a0 03 02 01 p``."""
    layer = connected()
    layer.request(u.PTokenPleaseRequest(values=(u.PDV(context=3, value=b"\x02\x01\x07"),)))
    _, down = drain(layer)
    assert down == [s.STokenPleaseRequest(user_data=bytes.fromhex("610a3008020103a003020107"))]
    layer.receive(s.STokenPleaseIndication(user_data=b""))
    layer.receive(s.STokenPleaseIndication(user_data=down[0].user_data))
    up, _ = drain(layer)
    assert [event.values for event in up] == [(), (u.PDV(context=3, value=b"\x02\x01\x07"),)]


def test_a_cpa_that_cannot_be_read_ends_the_connection():
    layer = Presentation(SUPPORTED)
    layer.request(u.PConnectRequest(calling=s.Selectors(), called=s.Selectors(), contexts=CONTEXTS, values=()))
    drain(layer)
    layer.receive(s.SConnectConfirm(accepted=True, user_data=b"\x31\x00"))
    (event,), (abort,) = drain(layer)
    assert event.ours and abort == s.SUAbortRequest(user_data=bytes.fromhex("3006800106810101"))


@pytest.mark.parametrize(
    ("reason", "user_data", "provider", "refuse"),
    [
        (129, b"", None, None),
        (2, bytes.fromhex("3100"), None, None),
        (2, bytes.fromhex("3103800100"), None, 0),
        (2, bytes.fromhex("30038a0103"), 3, None),
        (2, b"not BER", None, None),
    ],
)
def test_refusals_are_read_whatever_they_are(reason, user_data, provider, refuse):
    layer = Presentation(SUPPORTED)
    layer.request(u.PConnectRequest(calling=s.Selectors(), called=s.Selectors(), contexts=CONTEXTS, values=()))
    drain(layer)
    layer.receive(s.SConnectConfirm(accepted=False, reason=reason, user_data=user_data))
    (confirm,), _ = drain(layer)
    assert (confirm.accepted, confirm.session_reason, confirm.provider_reason, confirm.refuse_reason) == (False, reason, provider, refuse)
