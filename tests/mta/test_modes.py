"""X.410-1984 mode through listener and sender, and every negotiated value as a setting of the peer."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from gateway.mta.call import open_request
from gateway.mta.credentials import Credentials
from gateway.osi import service as s
from tests.mta.given import APDU, HERE, THERE, apdu, associate, called, caller, listening, pull, reference, sending, transferred

OLD = {"mode": s.Mode.X410_1984}


@pytest.mark.parametrize("protocol", [12, 1, 8883])
@pytest.mark.parametrize("versions", [{1}, {1, 2}, {2}])
async def test_mail_crosses_in_x410_mode(protocol, versions):
    async with listening() as there:
        peer = called(there.port, application_protocol=protocol, session_versions=frozenset(versions), **OLD)
        async with sending(peer) as sender:
            assert await transferred(sender) == "relayed"
            assert await transferred(sender, apdu(40_000)) == "relayed"
    assert there.taken == [APDU.to_bytes(), apdu(40_000).to_bytes()]
    assert there.intake.modes == [False, False]


async def test_a_refusal_in_x410_mode_is_told_like_one_in_normal_mode():
    async with listening() as there:
        wrong = called(there.port, application_protocol=1, ours=Credentials(mta_name="MTA-HERE", password=b"x"), **OLD)
        async with sending(wrong) as sender:
            assert "bind error authentication-error" in await transferred(sender)
        other = called(there.port, application_protocol=1, dialogue=s.DialogueMode.TWO_WAY_ALTERNATE, **OLD)
        async with sending(other) as sender:
            assert "bind error unacceptable-dialogue-mode" in await transferred(sender)
    async with listening(caller(incoming=0)) as there, sending(called(there.port, application_protocol=1, **OLD)) as sender:
        assert "bind error busy" in await transferred(sender)


async def test_IC_007_session_selectors_do_not_say_who_is_called_in_x410_mode():
    """A listener that answers to one SSEL and one PSEL only takes calls in X.410 mode with whatever stands there, or nothing."""
    async with listening(ssels=(b"S",), psels=(b"P",)) as there:
        for ssel in (b"", b"SH", b"S"):
            peer = called(there.port, application_protocol=1, called=s.Selectors(ssel=ssel), **OLD)
            async with sending(peer) as sender:
                assert await transferred(sender) == "relayed", ssel
        async with sending(called(there.port, called=s.Selectors(ssel=b"SH", psel=b"P"))) as sender:
            assert await transferred(sender) != "relayed", "in normal mode they count"


@pytest.mark.parametrize(
    ("setting", "value", "seen"),
    [
        ("checkpoint_size", 63, {"checkpoint_size": 63}),
        ("window_size", 1, {"window_size": 1}),
        ("dialogue", s.DialogueMode.TWO_WAY_ALTERNATE, {"dialogue": s.DialogueMode.TWO_WAY_ALTERNATE}),
        ("session_versions", frozenset({1}), {"session_versions": frozenset({1})}),
        ("tpdu_size", 512, {"tpdu_size": 512}),
        ("mode", s.Mode.X410_1984, {"mode": s.Mode.X410_1984}),
        ("application_protocol", 8883, {"application_protocol": 8883}),
        ("application_context", "2.6.0.1.4", {"application_context": "2.6.0.1.4"}),
        ("calling", s.Selectors(tsel=b"\x00\xff", ssel=b"S", psel=b"P"), {"calling": s.Selectors(tsel=b"\x00\xff", ssel=b"S", psel=b"P")}),
        ("called", s.Selectors(tsel=b"591"), {"called": s.Selectors(tsel=b"591")}),
    ],
)
def test_every_negotiated_value_is_a_setting_of_the_peer(setting, value, seen):
    request = open_request(called(102, **{setting: value}), reference(), b"\x05\x00")
    assert {name: getattr(request, name) for name in seen} == seen


@pytest.mark.parametrize("value", [(2, 7), (63, 1), (0, 3)])
async def test_what_we_answer_never_exceeds_what_was_proposed_nor_what_is_configured(value):
    checkpoint, window = value
    async with listening(caller(checkpoint_size=10, window_size=3)) as there:
        association = await associate(there.port, checkpoint_size=checkpoint, window_size=window)
        confirm = await pull(association, s.RTOpenConfirm)
        assert confirm.checkpoint_size == (min(checkpoint, 10) if checkpoint else confirm.checkpoint_size)
        assert confirm.window_size == min(window, 3)
        await association.close()


async def test_each_direction_has_names_and_passwords_of_its_own():
    """IC-018: the called side answers with what is agreed for this link, which differs from what it calls with."""
    answers = Credentials(mta_name="MTA-THERE", password=b"answer")
    calls = Credentials(mta_name="MTA-HERE-OUT", password=b"call")
    peer = caller(ours=Credentials(mta_name="UNUSED", password=b"unused"), answering=answers, expected=calls)
    async with listening(peer) as there, sending(called(there.port, ours=calls, theirs=answers)) as sender:
        assert await transferred(sender) == "relayed"
    async with listening(peer) as there, sending(called(there.port, ours=HERE, theirs=THERE)) as sender:
        assert "authentication-error" in await transferred(sender)


async def test_an_unauthenticated_bind_is_taken_where_it_is_configured_and_nowhere_else():
    nobody = Credentials(mta_name="", bind=type(HERE.bind)("none"))
    async with listening(caller(ours=nobody, theirs=nobody)) as there, sending(called(there.port, ours=nobody, theirs=nobody)) as sender:
        assert await transferred(sender) == "relayed"
    with capture_logs() as logs:
        async with listening() as there, sending(called(there.port, ours=nobody, theirs=nobody)) as sender:
            assert "authentication-error" in await transferred(sender)
    assert any("no peer is configured for that" in line.get("reason", "") for line in logs)


async def test_an_answer_can_be_taken_unchecked():
    async with listening() as there:
        stranger = called(there.port, theirs=Credentials(mta_name="SOMEBODY", password=b"x"), checks_answer=False)
        async with sending(stranger) as sender:
            assert await transferred(sender) == "relayed"
