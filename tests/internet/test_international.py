"""Reports about internationalised mail (RFC 6533)."""

from __future__ import annotations

from gateway.internet.dsn import Returned, parse_typed, read_delivery_report, report_message, status_part
from gateway.internet.international import conventional
from gateway.internet.message import parse, serialise
from gateway.octets import MemoryOctets

ADDRESS = "j\u00f6rg@b\u00fccher.example"
HEADER = MemoryOctets(f"From: {ADDRESS}\r\nSubject: Gr\u00fc\u00dfe\r\n".encode())
GROUP = [
    ("Original-Recipient", f"utf-8; {ADDRESS}"), ("Final-Recipient", f"rfc822; {ADDRESS}"), ("Action", "failed"), ("Status", "5.1.1"),
]  # fmt: skip


def report(*, headers_only: bool = True) -> MemoryOctets:
    part = status_part([("Reporting-MTA", "dns; gw.example")], [GROUP], utf8=True)
    returned = Returned(content=HEADER, headers_only=headers_only, utf8=True)
    made = report_message(
        [("To", "ann@example.org")], report_type="delivery-status", text="x", machine_part=part, returned=returned, boundary="b"
    )
    return MemoryOctets(serialise(made).to_bytes())


def test_the_international_form_has_addresses_as_they_are() -> None:
    """RFC 6533 4.1: message/global-delivery-status with the utf-8-address form, labelled 8bit."""
    _, status, returned = parse(report()).parts
    assert (status.content_type.essence, status.encoding) == ("message/global-delivery-status", "8bit")
    assert f"Original-Recipient: utf-8; {ADDRESS}\r\nFinal-Recipient: utf-8; {ADDRESS}\r\n".encode() in status.content().to_bytes()
    assert returned.content_type.essence == "message/global-headers"


def test_without_smtputf8_everything_is_seven_bit_and_means_the_same() -> None:
    """RFC 6533 3 (utf-8-addr-xtext where the transport is 7-bit) and 4.5 (what is returned is encoded)."""
    for headers_only in (True, False):
        made = conventional(report(headers_only=headers_only))
        assert made.to_bytes().isascii()
        _, status, returned = parse(made).parts
        assert status.content_type.essence == "message/delivery-status"
        assert b"Final-Recipient: utf-8; j\\x{F6}rg@b\\x{FC}cher.example\r\n" in status.content().to_bytes()
        assert returned.encoding == "base64" and returned.content().to_bytes() == HEADER.to_bytes()
        read = read_delivery_report(parse(made))
        assert read is not None
        for name in ("Original-Recipient", "Final-Recipient"):
            assert read.status.recipients[0].typed(name) == parse_typed(f"utf-8; {ADDRESS}")


def test_other_messages_stay_octet_for_octet() -> None:
    for raw in (b"Subject: x\r\n\r\nhi\r\n", b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"):
        content = MemoryOctets(raw)
        assert conventional(content) is content


def test_escapes_that_hide_control_characters_are_harmless() -> None:
    assert "\n" not in parse_typed("utf-8; a\\x{0A}b@x").value
    assert parse_typed("utf-8; a\\x{110000}@x").value == "a\ufffd@x"
