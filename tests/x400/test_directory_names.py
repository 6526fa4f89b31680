"""Directory names as text: encodings written out by hand from X.501 and X.690, text from RFC 4514."""

from __future__ import annotations

import pytest

from gateway.asn1 import BERError
from gateway.errors import GatewayError
from gateway.x400.directory_names import escaped, text_from_directory_name


def attribute(arc: int, tag: int, value: bytes) -> bytes:
    inner = bytes([6, 3, 0x55, 4, arc]) + bytes([tag, len(value)]) + value
    return bytes([0x30, len(inner)]) + inner


def rdn(*attributes: bytes) -> bytes:
    return bytes([0x31, sum(map(len, attributes))]) + b"".join(attributes)


def name(*rdns: bytes) -> bytes:
    return bytes([0x30, sum(map(len, rdns))]) + b"".join(rdns)


def test_the_example_of_rfc_2156_4_5() -> None:
    octets = name(rdn(attribute(6, 0x13, b"GB")), rdn(attribute(10, 0x13, b"Isode")), rdn(attribute(3, 0x14, b"Steve Kille")))
    assert text_from_directory_name(octets) == "CN=Steve Kille, O=Isode, C=GB"


def test_several_attributes_unknown_types_and_unknown_syntaxes() -> None:
    octets = name(rdn(attribute(10, 0x0C, "Müller, Söhne".encode()), attribute(99, 0x02, b"\x05")))
    assert text_from_directory_name(octets) == "O=Müller\\, Söhne+2.5.4.99=#020105"


@pytest.mark.parametrize(("value", "text"), [(" ", "\\ "), ("#1", "\\#1"), ("a ", "a\\ "), ('a"b\\', 'a\\"b\\\\'), ("\0", "\\00")])
def test_values_are_escaped(value: str, text: str) -> None:
    assert escaped(value) == text


def test_what_is_no_name_raises_its_own_error() -> None:
    whole = name(rdn(attribute(6, 0x13, b"GB")), rdn(attribute(10, 0x1E, b"\0I\0s")))
    assert text_from_directory_name(whole) == "O=Is, C=GB"
    for end in range(len(whole)):
        with pytest.raises(BERError):
            text_from_directory_name(whole[:end])
    for at in range(len(whole)):
        for bit in range(8):
            try:
                text_from_directory_name(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            except GatewayError:
                continue
