"""``mixer decode``: BER, dumps of TPKTs and pcap files, in ASN.1 value notation."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

import pytest

from tests import captures
from tests.shared import SHARED, require_shared

PCAPS = sorted(path.name for path in (SHARED / "captures").glob("*.pcap")) if SHARED else []
NO_TRANSFER = {"p1-88-initiator-rejects-name.pcap", "p1-88-refused-badpassword.pcap"}


def capture(name: str) -> Path:
    return require_shared() / "captures" / name


@pytest.mark.parametrize("name", PCAPS)
def test_every_capture(mixer, name):
    """Each transfer in the capture is shown with its content, and nothing in it is unreadable."""
    shown = mixer("decode", capture(name), "--json").json
    titles = [each["what"] for each in shown]
    assert not [title for title in titles if "not readable" in title or "ends inside" in title or "not P2" in title]
    assert any(title.endswith(": CN") for title in titles)
    apdus = [title for title in titles if title.startswith("MTS-APDU: ")]
    assert len(apdus) == sum(title.rpartition(": ")[2].startswith("AE ") for title in titles)
    assert bool(apdus) == (name not in NO_TRANSFER)
    assert all(each["value"] for each in shown if each["what"] in apdus)


def test_text_output(mixer):
    ran = mixer("decode", capture("p1-88-plain.pcap"))
    assert ran.code == 0
    assert "-- MTS-APDU: message\n" in ran.out
    assert "message-identifier" in ran.out


def test_a_dump_of_tpkts(mixer, tmp_path):
    """What one side of a connection said, without pcap around it: the same values."""
    path = tmp_path / "dump"
    (conversation, *_) = captures.streams(capture("p1-88-plain.pcap"))
    path.write_bytes(conversation.octets("initiator"))
    dumped = mixer("decode", path, "--json").json
    whole = mixer("decode", capture("p1-88-plain.pcap"), "--json").json
    assert [each["value"] for each in dumped if each["value"]] == [each["value"] for each in whole if each["value"]]
    path.write_bytes(conversation.octets("initiator")[:-3])
    assert "the stream ends inside a TPKT" in mixer("decode", path).out


@pytest.mark.parametrize("number", range(1, 8))
def test_ber(mixer, number):
    """P2 with and without the header of EAN."""
    for name in (f"ean/msg{number}", f"ean/p2/ipm{number}.ber"):
        (shown,) = mixer("decode", capture(name), "--json").json
        assert shown["value"]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"x", b"plain text\r\n", b"\x03", b"\x03\x00", b"(", b"\x28\x80", b"\xa0\x84\xff\xff\xff\xff", b"\x01\x00\x01\x01",
        b"\xd4\xc3\xb2\xa1", b"\xd4\xc3\xb2\xa1" + bytes(20), b"\xd4\xc3\xb2\xa1" + bytes(16) + struct.pack("<I", 999) + bytes(40),
        b"\xd4\xc3\xb2\xa1" + bytes(16) + struct.pack("<I", 1) + struct.pack("<IIII", 0, 0, 0xFFFFFFFF, 0xFFFFFFFF),
        b"\xa1\xb2\xc3\xd4" + bytes(20) + b"\xff" * 99,
    ],
)  # fmt: skip
def test_what_is_nothing(mixer, tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    ran = mixer("decode", path)
    assert ran.code == 1 or (ran.code == 0 and content[:1] == b"\x03")
    assert ran.code == 0 or ran.err.startswith("mixer: ")


def test_hostile_captures(mixer, tmp_path):
    """Cut and changed captures are shown as far as they go, or refused in one line."""
    source = capture("p1-88-plain.pcap").read_bytes()
    path = tmp_path / "hostile"
    for at in itertools.chain(range(0, 120, 7), range(120, len(source), len(source) // 25)):
        for octets in (source[:at], source[:at] + bytes((source[at] ^ 0xFF,)) + source[at + 1 :]):
            path.write_bytes(octets)
            assert mixer("decode", path).code in (0, 1)
