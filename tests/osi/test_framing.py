"""Octets taken apart while they arrive: any length form, any cut (X.690 8.1, X.226 8.4.2)."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.osi.framing import Content, End, FramingError, OctetStringReader, PDVReader, Start, TLVStream


def pdvs(octets: bytes, step: int = 0) -> list[tuple[int, bytes]]:
    """The presentation data values of one data unit, put together again."""
    reader, found, open_ = PDVReader(), [], b""
    for at in range(0, len(octets), step or len(octets)):
        for piece in reader.feed(octets[at : at + (step or len(octets))]):
            open_ += piece.data
            if piece.end:
                found.append((piece.context, open_))
                open_ = b""
    reader.finish()
    return found


PPDUS = {
    "definite": ("610a 3008 020103 a003 0401aa", [(3, "0401aa")]),
    "PP, indefinite": ("6180 3080 020103 a080 0402aabb 0000 0000 0000", [(3, "0402aabb")]),
    "Nexor, segmented": ("6180 3080 020103 a080 2480 0401aa 0400 0402bbcc 0000 0000 0000 0000", [(3, "2480 0401aa 0400 0402bbcc 0000")]),
    "transfer syntax": ("610e 300c 06025101 020103 a003 0401aa", [(3, "0401aa")]),
    "two lists": ("6114 3008 020103 a003 0401aa 3008 020105 a003 0401bb", [(3, "0401aa"), (5, "0401bb")]),
    "two values in one": ("610d 300b 020103 a006 0401aa 0401bb", [(3, "0401aa0401bb")]),
    "octet-aligned": ("610a 3008 020103 8103 0401aa", [(3, "0401aa")]),
    "octet-aligned in segments": ("6180 3080 020103 a180 0402 0402 0402 aabb 0000 0000 0000", [(3, "0402aabb")]),
    "long lengths": ("61840000000d 3081 0a 02 81 01 03 a0 81 03 0401aa", [(3, "0401aa")]),
    "empty value": ("6107 3005 020103 a000", [(3, "")]),
    "context above 127": ("610c 300a 0203 010000 a003 0401aa", [(65536, "0401aa")]),
    "no list": ("6100", []),
}


@pytest.mark.parametrize("step", [0, 1, 2, 3])
@pytest.mark.parametrize("name", list(PPDUS))
def test_presentation_data(name, step):
    octets, expected = PPDUS[name]
    assert pdvs(bytes.fromhex(octets), step) == [(context, bytes.fromhex(value)) for context, value in expected]


FAULTS = {
    "not fully encoded": "6003 0401aa",
    "another tag inside": "6102 3100",
    "value before its context": "6107 3005 a003 0401aa",
    "unknown member": "6107 3005 020103 0500",
    "context of five octets": "6109 3007 0205 0000000001",
    "element beyond its parent": "6104 3003 020103",
    "inner end beyond": "6105 3003 02040103",
    "end-of-contents in definite": "6104 3002 0000",
    "end-of-contents at the top": "0000",
    "indefinite primitive": "0280",
    "reserved length": "61ff",
    "cut off": "6105 3003",
    "length of twenty octets": "6194" + "00" * 20 + "05",
    "endless tag": "7f" + "ff" * 30,
}


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("name", FAULTS)
def test_O34_faults_are_found_and_bounded(name, step):
    with pytest.raises(FramingError):
        pdvs(bytes.fromhex(FAULTS[name]), step)


def test_O33_ten_thousand_levels_stop_at_the_limit():
    with pytest.raises(FramingError, match="32 elements"):
        pdvs(bytes.fromhex("6180 3080 020103") + b"\xa0\x80" * 10_000)


def test_O34_a_length_of_eight_octets_is_only_a_promise():
    """O34: nothing is reserved for what is announced."""
    reader = PDVReader()
    header = bytes.fromhex("6188 7fffffffffffffff 3088 7fffffffffff0000 020103 a088 7fffffffff000000 0488 7ffffffff0000000")
    assert [piece.data[:1] for piece in reader.feed(header + b"x")] == [b"\x04"]
    with pytest.raises(FramingError):
        reader.finish()


@pytest.mark.parametrize("step", [1, 2, 5, 100])
def test_O35_octet_strings(step):
    """Primitive, segmented, nested, empty, several."""
    octets = bytes.fromhex("0401aa 0400 2480 0401bb 2404 0402 cc dd 0400 0000 2403 0401ee")
    reader = OctetStringReader()
    assert b"".join(reader.feed(octets[at : at + step]) for at in range(0, len(octets), step)) == bytes.fromhex("aabbccddee")
    assert reader.between_elements


@pytest.mark.parametrize("octets", ["0203010203", "30800401aa0000", "2480 0301aa 0000"])
def test_other_types_are_no_octet_strings(octets):
    with pytest.raises(FramingError):
        OctetStringReader().feed(bytes.fromhex(octets))


def test_O35_a_million_segments_of_one_octet_cost_no_memory():
    reader = OctetStringReader()
    assert reader.feed(b"\x24\x80") == b""
    assert sum(len(reader.feed(b"\x04\x01a" * 1000)) for _ in range(100)) == 100_000
    assert not reader.between_elements


def test_tokens():
    tokens = list(TLVStream().feed(bytes.fromhex("3080 0401aa 0000")))
    assert tokens == [
        Start(0, b"\x30", None, b"\x30\x80"),
        Start(1, b"\x04", 1, b"\x04\x01"),
        Content(1, b"\xaa"),
        End(1, b""),
        End(0, b"\0\0"),
    ]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64), st.integers(1, 7))
def test_any_octets_give_a_value_or_a_framing_error(octets, step):
    with suppress(FramingError):
        pdvs(b"\x61\x80\x30\x80\x02\x01\x03" + octets, step)
