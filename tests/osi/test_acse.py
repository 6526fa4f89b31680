"""X.227: APDUs as the captures show them, and what is lived with."""

from __future__ import annotations

import pytest

from gateway import asn1
from gateway.osi import service as s
from gateway.osi import upper_service as u
from gateway.osi.acse import ACSE
from gateway.osi.acse_types import AARQapdu, ACSEapdu, AssociateResult, UserDiagnostic
from gateway.osi.presentation_types import ProviderReason
from gateway.osi.rtse.machine import CONTEXTS

RTORQ = bytes.fromhex("b02180013f820100a319a017b015a1138003505041a10c040a7365637265742d707061")
AARQ_OF_PP = bytes.fromhex(
    "6036a106060456000106be2c282a06025101020103a021b01f80013f820100a317a015b013a11180024757a10b04097365637265742d6777"
)
AARE_OF_PP = bytes.fromhex(
    "6144a106060456000106a203020100a305a103020100be2e282c06025101020103a023"
    "b121800101810103a219a017b115a1138003505042a10c040a7365637265742d707062"
)
REFUSAL_OF_PP = bytes.fromhex("6128a106060456000106a203020101a305a103020101be12281006025101020103a007b205a103020102")


def drain(layer: ACSE) -> tuple[list[object], list[object]]:
    up, down = [], []
    while (event := layer.next_event()) is not None:
        up.append(event)
    while (request := layer.next_request()) is not None:
        down.append(request)
    return up, down


def indication(apdu: bytes, contexts: dict[int, str] | None = None) -> u.PConnectIndication:
    return u.PConnectIndication(
        calling=s.Selectors(), called=s.Selectors(), contexts=CONTEXTS if contexts is None else contexts,
        values=(u.PDV(context=1, value=apdu),), reference=s.ConnectionReference(), version=2, requirements=0x249,
        tokens=s.TokenSide.REQUESTOR,
    )  # fmt: skip


def request() -> u.AAssociateRequest:
    return u.AAssociateRequest(
        calling=s.Selectors(), called=s.Selectors(), contexts=CONTEXTS, application_context="2.6.0.1.6", user_context=3,
        user_information=RTORQ,
    )  # fmt: skip


def associated() -> ACSE:
    layer = ACSE()
    layer.receive(indication(AARQ_OF_PP))
    layer.request(u.AAssociateResponse(user_context=3, user_information=b"\x05\x00"))
    drain(layer)
    return layer


def test_our_aarq_is_that_of_the_captures():
    layer = ACSE()
    layer.request(request())
    _, (connect,) = drain(layer)
    head = bytes.fromhex("6038a106060456000106be2e282c06025101020103a023")
    assert [(pdv.context, pdv.value) for pdv in connect.values] == [(1, head + RTORQ)]


def test_the_aarq_of_pp_is_read():
    layer = ACSE()
    layer.receive(indication(AARQ_OF_PP))
    (event,), _ = drain(layer)
    assert event.application_context == "2.6.0.1.6"
    assert event.user_information == AARQ_OF_PP[-33:]


@pytest.mark.parametrize(
    "external",
    [
        "28 07 06025101 a003 020107",  # direct reference only
        "28 08 020103 a003 020107",  # indirect only
        "28 0c 06025101 020103 a003 020107",  # both
        "28 0c 06025101 020103 8103 020107",  # octet-aligned
        "28 80 020103 a180 0402 0201 0401 07 0000 0000",  # octet-aligned in segments
        "28 0b 020103 0701 41 a003 020107",  # with a descriptor
        "28 09 020103 8204 00 020107",  # arbitrary
    ],
)
def test_O22_every_form_of_external_is_read(external):
    octets = bytes.fromhex(external)
    if octets[1] != 0x80:
        octets = octets[:1] + bytes((len(octets) - 2,)) + octets[2:]
    information = b"\xbe" + bytes((len(octets),)) + octets
    body = bytes.fromhex("a106060456000106") + information
    layer = ACSE()
    layer.receive(indication(b"\x60" + bytes((len(body),)) + body))
    (event,), _ = drain(layer)
    assert event.user_information == bytes.fromhex("020107")


def test_our_answers_are_those_of_the_captures():
    layer = ACSE()
    layer.receive(indication(AARQ_OF_PP))
    layer.request(u.AAssociateResponse(user_context=3, user_information=AARE_OF_PP[-35:]))
    _, (response,) = drain(layer)
    assert response == u.PConnectResponse(values=(u.PDV(context=1, value=AARE_OF_PP),))


def test_our_refusal_is_that_of_the_captures():
    layer = ACSE()
    layer.receive(indication(AARQ_OF_PP))
    layer.request(
        u.AAssociateResponse(
            result=AssociateResult.REJECTED_PERMANENT,
            diagnostic=UserDiagnostic.NO_REASON_GIVEN,
            user_context=3,
            user_information=bytes.fromhex("b205a103020102"),
        )
    )
    _, (reject,) = drain(layer)
    assert reject == u.PConnectReject(values=(u.PDV(context=1, value=REFUSAL_OF_PP),))


def test_titles_and_unknown_members_do_not_matter():
    apdu = asn1.encode(ACSEapdu(aarq=AARQapdu(aso_context_name="2.6.0.1.6", called_ap_title=bytes.fromhex("06022a03"))))
    body = apdu[2:] + bytes.fromhex("bf6403040155")
    layer = ACSE()
    layer.receive(indication(b"\x60" + bytes((len(body),)) + body))
    (event,), _ = drain(layer)
    assert event.application_context == "2.6.0.1.6" and event.user_information is None


@pytest.mark.parametrize("apdu", [AARE_OF_PP, bytes.fromhex("6203800100"), bytes.fromhex("600c80020640a106060456000106")])
def test_anything_but_an_aarq_of_version_1_is_refused(apdu):
    layer = ACSE()
    layer.receive(indication(apdu))
    (event,), (reject,) = drain(layer)
    assert event.ours and reject == u.PConnectReject(provider_reason=ProviderReason.USER_DATA_NOT_READABLE)


def test_without_the_acse_context_there_is_no_association():
    layer = ACSE()
    layer.receive(indication(AARQ_OF_PP, {3: CONTEXTS[3], 5: CONTEXTS[5]}))
    (event,), (reject,) = drain(layer)
    assert event.ours and reject == u.PConnectReject(provider_reason=ProviderReason.REASON_NOT_SPECIFIED)


@pytest.mark.parametrize("apdu", [b"", b"\x60\x03\xa1", b"\x60\x84\xff\xff\xff\xff", b"\x60\x80" * 5000])
def test_what_cannot_be_read_ends_the_association_with_abrt_of_the_provider(apdu):
    layer = ACSE()
    layer.receive(indication(apdu))
    (event,), (abort,) = drain(layer)
    assert event.ours and event.layer == "ACSE"
    assert abort == u.PUAbortRequest(values=(u.PDV(context=1, value=bytes.fromhex("6403800101")),))


def test_release_both_ways():
    layer = associated()
    layer.request(u.AReleaseRequest())
    layer.receive(u.PReleaseIndication(values=(u.PDV(context=1, value=bytes.fromhex("6203800100")),)))
    layer.receive(u.PReleaseIndication())
    layer.request(u.AReleaseResponse())
    up, down = drain(layer)
    assert up == [u.AReleaseIndication(), u.AReleaseIndication()], "FN without RLRQ is a release too"
    assert [request.values[0].value for request in down] == [bytes.fromhex("6203800100"), bytes.fromhex("6303800100")]


def test_abort_with_user_information():
    """p1-stack 7.7: ``64 { 80 01 00, BE { EXTERNAL ctx mta-rtse: RTAB } }``."""
    layer = associated()
    layer.request(u.AAbortRequest(user_context=3, user_information=bytes.fromhex("b603800104")))
    _, (abort,) = drain(layer)
    apdu = bytes.fromhex("6415800100be10280e06025101020103a005b603800104")
    assert [pdv.value for pdv in abort.values] == [apdu]
    other = associated()
    other.receive(u.PUAbortIndication(values=abort.values))
    (event,), _ = drain(other)
    assert (event.layer, event.user_information, event.ours) == ("ACSE", bytes.fromhex("b603800104"), False)


@pytest.mark.parametrize("values", [(), (u.PDV(context=1, value=b"\x64\xff"),), (u.PDV(context=9, value=b"\x05\x00"),)])
def test_any_abort_is_an_abort(values):
    layer = associated()
    layer.receive(u.PUAbortIndication(values=values))
    (event,), down = drain(layer)
    assert isinstance(event, u.AAbortIndication) and not event.ours and down == []


def test_the_refusal_of_pp_is_read():
    layer = ACSE()
    layer.request(request())
    drain(layer)
    layer.receive(u.PConnectConfirm(accepted=False, values=(u.PDV(context=1, value=REFUSAL_OF_PP),), session_reason=2))
    (event,), _ = drain(layer)
    assert (event.accepted, event.result, event.diagnostic) == (False, 1, 1)
    assert event.user_information == bytes.fromhex("b205a103020102")


def test_an_accepted_connection_without_aare_is_none():
    layer = ACSE()
    layer.request(request())
    drain(layer)
    layer.receive(u.PConnectConfirm(accepted=True))
    (event,), (abort,) = drain(layer)
    assert event.ours and isinstance(abort, u.PUAbortRequest)
