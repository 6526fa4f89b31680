"""MTA-bind: what the captured associations carry, and the two forms of every part."""

from __future__ import annotations

import pytest

from gateway import asn1
from gateway.x400.bind import (
    MTABindArgument,
    MTABindError,
    MTABindInitiator,
    MTABindResponder,
    MTABindResult,
    decode_bind_argument,
    decode_bind_error,
    decode_bind_result,
    encode_bind_argument,
    encode_bind_error,
    encode_bind_result,
    simple_credentials,
    simple_password,
)
from gateway.x400.security import Credentials, Password
from tests.captures import connect_user_data, streams, values_tagged
from tests.shared import require_shared

PPA = bytes.fromhex("A113 8003") + b"PPA" + bytes.fromhex("A10C 040A") + b"secret-ppa"
NEXOR = bytes.fromhex("B024 A122 8013") + b"percival.smhs.co.uk" + bytes.fromhex("A10B 1609") + b"excalibur"


def argument(password: str | bytes = b"secret-ppa") -> MTABindArgument:
    return MTABindArgument(authenticated=MTABindInitiator(initiator_name="PPA", initiator_credentials=simple_credentials(password)))


def test_argument_as_pp_sends_it_in_both_modes() -> None:
    assert encode_bind_argument(argument(), normal_mode=False) == PPA
    assert encode_bind_argument(argument(), normal_mode=True) == b"\xb0\x15" + PPA
    assert decode_bind_argument(PPA) == decode_bind_argument(b"\xb0\x15" + PPA) == argument()


def test_argument_as_nexor_sends_it() -> None:
    bind = decode_bind_argument(NEXOR).authenticated
    assert bind is not None and bind.initiator_name == "percival.smhs.co.uk"
    assert bind.initiator_credentials.simple == Password(ia5_string="excalibur")
    assert simple_password(bind.initiator_credentials) == b"excalibur"


def test_members_of_the_x410_mode_argument_come_in_any_order() -> None:
    """p1-84-plain puts the credentials before the name."""
    octets = bytes.fromhex("A113 A10C 040A") + b"secret-ppa" + b"\x80\x03PPA"
    assert decode_bind_argument(octets) == argument()


def test_unauthenticated_is_null() -> None:
    unauthenticated = MTABindArgument(unauthenticated=asn1.NULL)
    assert encode_bind_argument(unauthenticated, normal_mode=True) == bytes.fromhex("B002 0500")
    assert decode_bind_argument(bytes.fromhex("0500")).chosen == "unauthenticated"


def test_result() -> None:
    result = MTABindResult(authenticated=MTABindResponder(responder_name="GW", responder_credentials=simple_credentials("pw")))
    wrapped = encode_bind_result(result, normal_mode=True)
    assert wrapped == bytes.fromhex("B10C A10A 8002 4757 A104 1602 7077")
    assert decode_bind_result(wrapped) == decode_bind_result(wrapped[2:]) == result


@pytest.mark.parametrize("error", MTABindError)
def test_error_with_its_tag_and_without(error: MTABindError) -> None:
    assert encode_bind_error(error) == bytes([0xB2, 3, 2, 1, error])
    assert decode_bind_error(bytes([0xB2, 3, 2, 1, error])) is error
    assert decode_bind_error(bytes([2, 1, error])) is error, "PP as a responder leaves the tag out"


@pytest.mark.parametrize("octets", ["", "B0", "B002 0501", "A1 02 8000", "3000", "B003 A101 80"])
def test_broken_arguments_are_refused(octets: str) -> None:
    with pytest.raises(asn1.BERError):
        decode_bind_argument(bytes.fromhex(octets))


def test_strong_credentials_have_no_password() -> None:
    credentials = asn1.decode(bytes.fromhex("A000"), Credentials)
    assert credentials.chosen == "strong" and simple_password(credentials) is None


def test_every_captured_bind_decodes() -> None:
    found: set[tuple[str, str, bytes | None]] = set()
    for path in sorted((require_shared() / "captures").glob("*.pcap")):
        for conversation in streams(path):
            for direction, tag in (("initiator", 0xB0), ("responder", 0xB1)):
                for data in connect_user_data(conversation, direction):  # type: ignore[arg-type]
                    for octets in (value for value in values_tagged(data, tag) if value[2:3] == b"\xa1"):
                        if tag == 0xB0:
                            bind = decode_bind_argument(octets).authenticated
                            assert bind is not None
                            found.add((direction, bind.initiator_name, simple_password(bind.initiator_credentials)))
                        else:
                            answer = decode_bind_result(octets).authenticated
                            assert answer is not None
                            found.add((direction, answer.responder_name, simple_password(answer.responder_credentials)))
    assert ("initiator", "PPA", b"WRONG") in found
    assert ("responder", "GW", b"secret-gw") in found
    assert len(found) == 7
