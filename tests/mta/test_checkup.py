"""`mixer peer test`: each layer that can fail is named, with what was sent, what came back and what to change."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.mta.certificates import Expected
from gateway.mta.checkup import LAYERS, Checkup, alternatives, check_up
from gateway.mta.credentials import Credentials
from gateway.mta.tls import CallerTLS
from gateway.osi import service as s
from tests.mta.certificates import Authority
from tests.mta.given import HERE, PATIENT, QUICK, THERE, called, caller, listening, reference, tcp_server
from tests.mta.letters import message_apdu

TWA = s.DialogueMode.TWO_WAY_ALTERNATE


async def checked(port: int, timers: s.StackTimers = PATIENT, apdu: Any = None, **changes: Any) -> Checkup:
    found = await check_up(called(port, **changes), reference, timers, apdu)
    layers = [step.layer for step in found.steps]
    assert layers == sorted(layers, key=LAYERS.index), "each layer after those below it"
    assert [step.good for step in found.steps] == [True] * (len(layers) - 1) + [found.good]
    said = repr(found)
    assert "our secret" not in said
    assert "their secret" not in said
    return found


async def test_a_peer_that_is_well():
    async with listening() as there:
        found = await checked(there.port, apdu=message_apdu("880704-1"))
        assert len(there.taken) == 1
    assert found.good
    assert [step.layer for step in found.steps] == [layer for layer in LAYERS if layer != "TLS"]
    assert dict(found.offered)["checkpoint size"] == "10 (of 1024 octets)"
    assert "MTA name 'MTA-HERE' with a password" in found.sent
    assert any("accepts with MTA name 'MTA-THERE'" in line.text for line in found.lines)


@pytest.mark.parametrize(
    ("settings", "changes", "layer", "said", "advice"),
    [
        ({"tsels": (b"T",)}, {}, "transport", "reason 3", "called.tsel"),
        ({"ssels": (b"S",)}, {"called": s.Selectors(ssel=b"x")}, "session", "session selector", "called.ssel"),
        ({"psels": (b"P",)}, {"called": s.Selectors(psel=b"x")}, "presentation", "", "called.psel"),
        ({}, {"application_context": "2.6.0.1.4"}, "application context", "", "application_context"),
        ({}, {"dialogue": TWA}, "mode", "unacceptable-dialogue-mode", "either"),
        ({}, {"ours": Credentials(mta_name="MTA-HERE", password=b"x")}, "bind", "authentication-error", "our_password"),
        ({}, {"ours": Credentials(mta_name="mta-here", password=HERE.password)}, "bind", "authentication-error", "with case"),
        ({}, {"theirs": Credentials(mta_name="MTA-There", password=THERE.password)}, "its name and password", "calls itself", "mta_name"),
        ({}, {"theirs": Credentials(mta_name="MTA-THERE", password=b"x")}, "its name and password", "its password", "check_answer"),
    ],
)  # fmt: skip
async def test_what_does_not_match_is_named_with_its_layer(settings, changes, layer, said, advice):
    async with listening(**settings) as there:
        found = await checked(there.port, **changes)
    assert found.failed_at == layer
    assert said in found.steps[-1].text
    assert advice in found.steps[-1].advice
    assert found.last_octets


async def test_a_full_peer_is_full_and_not_wrong():
    async with listening(caller(incoming=0)) as there:
        found = await checked(there.port)
    assert (found.failed_at, "bind error busy" in found.steps[-1].text) == ("bind", True)
    assert "everything matches" in found.steps[-1].advice


async def test_nobody_listens():
    found = await checked(1)
    assert found.failed_at == "TCP"
    assert "Connect call failed" in found.steps[-1].text
    found = await checked(1, host="no host name")
    assert found.failed_at == "TCP"


@pytest.mark.parametrize("answer", [b"", b"220 mail.example.org ESMTP\r\n"])
async def test_something_else_than_x400_listens(answer):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        writer.close()

    async with tcp_server(serve) as port:
        found = await checked(port)
    assert found.failed_at == "transport"
    assert "is this its X.400 port" in found.steps[-1].advice


async def test_a_peer_that_says_nothing():
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with tcp_server(serve) as port:
        found = await checked(port, QUICK)
    assert found.failed_at == "transport"


async def test_a_peer_that_hangs_up_after_our_connect_may_speak_another_mode():
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(bytes.fromhex("0300000b06d00001000200"))
        await reader.read(100)
        writer.close()

    async with tcp_server(serve) as port:
        found = await checked(port)
    assert found.failed_at == "session"
    assert "it speaks another mode (1984, 88-x410)" in found.steps[-1].advice


async def test_tls_fails_before_anything_is_said(tmp_path):
    authority = Authority(tmp_path)
    tls = CallerTLS(authorities=authority.file, expected=Expected(subject="there.example"))
    async with listening(timers=QUICK) as there:
        found = await checked(there.port, tls=tls)
    assert [(step.layer, step.good) for step in found.steps] == [("TCP", True), ("TLS", False)]


def test_IC_029_the_other_application_protocol_is_among_what_is_tried():
    found = dict(alternatives(called(1), "presentation"))
    assert {setting: peer.application_protocol for setting, peer in found.items()} == {
        'mode = "88-x410"': 12, 'mode = "1984"': 1, 'mode = "1984", application_protocol = 8883': 8883,
        'dialogue = "two-way-alternate"': None,
    }  # fmt: skip
    assert alternatives(called(1), "bind") == (), "a wrong password is not tried again in other modes"
