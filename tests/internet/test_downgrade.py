"""What a message asks of its transport, and a message made fit for less (RFC 2045 2.7 to 2.9 and 6.4, RFC 3030 section 3)."""

from __future__ import annotations

import email
import email.policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.internet.downgrade import Demand, demand, fit
from gateway.octets import FilterOctets, MemoryOctets

ANY = bytes(range(256)) * 9


@pytest.mark.parametrize(
    ("octets", "asked"),
    [
        (b"", Demand.SEVEN_BIT),
        (b"a\r\n" + b"x" * 998 + b"\r\n", Demand.SEVEN_BIT),
        (b"no line end", Demand.SEVEN_BIT),
        ("é\r\n".encode(), Demand.EIGHT_BIT),
        (b"x" * 1001, Demand.BINARY),
        (b"a\nb\r\n", Demand.SEVEN_BIT),
        (b"a\rb\r\n", Demand.BINARY),
        (b"a\r\nb\r", Demand.BINARY),
        (b"a\r\r\n", Demand.BINARY),
        (b"a\0b\r\n", Demand.BINARY),
    ],
)
def test_what_octets_ask_of_a_transport(octets: bytes, asked: Demand) -> None:
    assert demand(MemoryOctets(octets)) is asked


@settings(max_examples=60, deadline=None)
@given(st.text("\r\na\0é", max_size=12).map(lambda text: text.encode("latin-1")), st.integers(1, 5))
def test_the_answer_does_not_hang_on_how_the_octets_come(octets: bytes, size: int) -> None:
    pieces = FilterOctets(lambda: (octets[at : at + size] for at in range(0, len(octets), size)))
    assert demand(pieces) is demand(MemoryOctets(octets))


BINARY = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    b"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n" + ANY + b"\r\n"
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: binary\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
    b"--b--\r\n"
)


@pytest.mark.parametrize("most", [Demand.SEVEN_BIT, Demand.EIGHT_BIT])
def test_binary_parts_arrive_octet_for_octet(most: Demand) -> None:
    """Python's own parser reads back what was binary, from lines that every transport carries."""
    made = fit(MemoryOctets(BINARY), most)
    wire = b"".join(made.chunks())
    assert demand(made) <= most and b"binary" not in wire
    first, second = email.message_from_bytes(wire, policy=email.policy.default).iter_parts()
    assert first.get_content() == ANY
    assert second.get_content().rstrip() == "Gr\xfc\xdfe"


def test_what_is_returned_in_a_report_is_made_fit_too() -> None:
    """message/rfc822 cannot be encoded itself (RFC 2046 5.2.1): its parts are."""
    report = b"MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n" + BINARY
    wire = b"".join(fit(MemoryOctets(report)).chunks())
    returned = email.message_from_bytes(wire, policy=email.policy.default).get_content()
    assert next(returned.iter_parts()).get_content() == ANY


def test_a_file_with_unix_lines_keeps_them() -> None:
    """RFC 2045 2.9: in binary content LF is an octet like any other."""
    wire = b"".join(fit(MemoryOctets(BINARY.replace(ANY, b"one\ntwo\n"))).chunks())
    first, _ = email.message_from_bytes(wire, policy=email.policy.default).iter_parts()
    assert first.get_content() == b"one\ntwo\n"
