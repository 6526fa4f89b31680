"""MTA-bind arguments, results and errors against the octets of real MTAs (p1-stack.md section 6), and what they mean."""

from __future__ import annotations

import pytest

from gateway.mta.binding import argument_of_bind, check_bind_result, read_bind_argument, refusal_text, refuse_bind, result_of_bind
from gateway.mta.peers import Credentials, Peer
from gateway.osi.service import Mode, RefusalKind, RTOpenConfirm
from gateway.x400.bind import MTABindError

PP = Peer(
    name="pp",
    ours=Credentials(mta_name="PPA", password=b"secret-ppa", octet_string=True),
    theirs=Credentials(mta_name="PPB", password=b"secret-ppb"),
)
PP_ARGUMENT = bytes.fromhex("b015a1138003505041a10c040a7365637265742d707061")
PP_ARGUMENT_1984 = PP_ARGUMENT[2:]
PP_RESULT = bytes.fromhex("b115a1138003505042a10c040a7365637265742d707062")
NEXOR_ARGUMENT = bytes.fromhex("b024a1228013") + b"percival.smhs.co.uk" + bytes.fromhex("a10b1609") + b"excalibur"


def test_our_argument_is_octet_for_octet_that_of_pp():
    assert argument_of_bind(PP, Mode.NORMAL) == PP_ARGUMENT
    assert argument_of_bind(PP, Mode.X410_1984) == PP_ARGUMENT_1984


def test_our_argument_is_octet_for_octet_that_of_nexor():
    ours = Credentials(mta_name="percival.smhs.co.uk", password=b"excalibur")
    assert argument_of_bind(Peer(name="nexor", ours=ours, theirs=ours), Mode.NORMAL) == NEXOR_ARGUMENT


@pytest.mark.parametrize(
    ("octets", "name", "password"),
    [
        (PP_ARGUMENT, "PPA", b"secret-ppa"),
        (PP_ARGUMENT_1984, "PPA", b"secret-ppa"),
        (NEXOR_ARGUMENT, "percival.smhs.co.uk", b"excalibur"),
        (bytes.fromhex("b0020500"), None, None),
        (bytes.fromhex("0500"), None, None),
    ],
)
def test_both_string_types_and_both_modes_are_read(octets, name, password):
    offered = read_bind_argument(octets)
    assert offered is not None
    assert (offered.mta_name, offered.password) == (name, password)


@pytest.mark.parametrize("octets", [b"", b"\xb0", PP_ARGUMENT[:-1], b"\xb0\x80" * 50, b"rubbish"])
def test_what_does_not_decode_is_none(octets):
    assert read_bind_argument(octets) is None


def test_the_answerer_is_checked_too():
    answerer = Peer(name="x", ours=PP.theirs, theirs=PP.ours)
    assert check_bind_result(PP, PP_RESULT) == ""
    assert check_bind_result(PP, result_of_bind(answerer, Mode.NORMAL)) == ""
    assert "password" in check_bind_result(PP, PP_RESULT[:-1] + b"X")
    assert "calls itself 'ppB'" in check_bind_result(PP, PP_RESULT.replace(b"PPB", b"ppB"))
    assert "did not authenticate itself" in check_bind_result(PP, bytes.fromhex("b1020500"))
    assert "does not decode" in check_bind_result(PP, b"\x30\x00")


def test_an_unauthenticated_answer_is_enough_where_no_password_is_configured():
    trusting = Peer(name="x", ours=PP.ours, theirs=Credentials(mta_name="PPB"))
    assert check_bind_result(trusting, bytes.fromhex("b1020500")) == ""


def test_refusals_as_the_wire_has_them():
    wrong = refuse_bind(MTABindError.AUTHENTICATION_ERROR, Mode.NORMAL)
    assert (wrong.kind, wrong.user_data) == (RefusalKind.USER, bytes.fromhex("b203020102"))
    busy = refuse_bind(MTABindError.BUSY, Mode.NORMAL)
    assert (busy.kind, busy.user_data) == (RefusalKind.USER_TRANSIENT, bytes.fromhex("b203020100"))
    assert refuse_bind(MTABindError.AUTHENTICATION_ERROR, Mode.X410_1984).refuse_reason == 2
    assert refuse_bind(MTABindError.BUSY, Mode.X410_1984).refuse_reason == 0


@pytest.mark.parametrize(
    ("user_data", "said"),
    [
        (bytes.fromhex("b203020102"), "does not accept our MTA name, our password or our calling address"),
        (bytes.fromhex("020102"), "does not accept our MTA name"),  # PP leaves [18] out
        (bytes.fromhex("b203020100"), "bind error busy"),
        (bytes.fromhex("b203020107"), "bind error 7"),
        (b"", "AARE result 1"),
        (b"\x30\x00", "AARE result 1"),
    ],
)
def test_a_refusal_in_words(user_data, said):
    confirm = RTOpenConfirm(accepted=False, user_data=user_data, kind=RefusalKind.USER, text="AARE result 1")
    assert said in refusal_text(confirm)
