"""The octets of SPDUs (X.225 8): the examples of real traffic, length forms, leniency, and lies."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import ProtocolError
from gateway.osi.session.parameters import Field, decode_fields, encode_fields
from gateway.osi.session.reader import TSDUReader
from gateway.osi.session.spdu import SPDU, Kind, UserInformation, encode_tsdu
from tests.captures import streams
from tests.shared import require_shared


def read(tsdu: bytes, *, accept_bare: bool = False) -> list[SPDU | UserInformation]:
    reader = TSDUReader(limit=65535, accept_bare=accept_bare)
    reader.receive(tsdu, True)
    return list(iter(reader.next, None))


def spdu(tsdu: str) -> SPDU:
    [found] = read(bytes.fromhex(tsdu))
    assert isinstance(found, SPDU)
    return found


EXAMPLES = {
    "01 00 2D 05 29 03 02 01 01": (Kind.AS, {Field.ACTIVITY: b"\x02\x01\x01"}),
    "01 00 31 03 2A 01 31": (Kind.MIP, {Field.SERIAL: b"1"}),
    "01 00 31 06 0F 01 01 2A 01 31": (Kind.MIP, {Field.SYNC_TYPE: b"\x01", Field.SERIAL: b"1"}),
    "01 00 31 04 2A 02 31 30": (Kind.MIP, {Field.SERIAL: b"10"}),
    "02 00 32 03 2A 01 31": (Kind.MIA, {Field.SERIAL: b"1"}),
    "01 00 29 03 2A 01 31": (Kind.AE, {Field.SERIAL: b"1"}),
    "02 00 2A 04 2A 02 34 30": (Kind.AEA, {Field.SERIAL: b"40"}),
    "01 00 19 03 32 01 00": (Kind.AI, {Field.REASON: b"\0"}),
    "02 00 1A 00": (Kind.AIA, {}),
    "01 00 39 03 32 01 00": (Kind.AD, {Field.REASON: b"\0"}),
    "02 00 3A 00": (Kind.ADA, {}),
    "02 00 30 03 32 01 01": (Kind.ED, {Field.REASON: b"\x01"}),
    "15 00": (Kind.GTC, {}),
    "16 00": (Kind.GTA, {}),
    "02 03 10 01 01": (Kind.PT, {Field.TOKENS: b"\x01"}),
    "02 08 10 01 01 C1 03 02 01 00": (Kind.PT, {Field.TOKENS: b"\x01", Field.USER_DATA: b"\x02\x01\x00"}),
    "01 03 10 01 15": (Kind.GT, {Field.TOKENS: b"\x15"}),
    "09 03 11 01 01": (Kind.FN, {Field.TRANSPORT_DISCONNECT: b"\x01"}),
    "0A 00": (Kind.DN, {}),
    "19 03 11 01 05": (Kind.AB, {Field.TRANSPORT_DISCONNECT: b"\x05"}),
    "1A 00": (Kind.AA, {}),
}


@pytest.mark.parametrize(("octets", "expected"), EXAMPLES.items(), ids=[f"{kind.name} {at}" for at, (kind, _) in EXAMPLES.items()])
def test_the_patterns_that_are_seen_everywhere(octets: str, expected: tuple[Kind, dict[Field, bytes]]) -> None:
    kind, fields = expected
    assert encode_tsdu(kind, fields) == bytes.fromhex(octets)
    found = spdu(octets)
    assert (found.kind, dict(found.fields)) == (kind, fields)


CN_PP = (
    "0D 30 01 17 0A 04 14 02 76 6D 0B 0F 17 0D 32 36 31 31 32 33 31 34 34 36 30 37 5A"
    "05 0F 13 01 00 15 04 07 F9 07 F9 16 01 03 1A 01 00 14 02 02 49 C1 00"
)


def test_the_connect_of_pp() -> None:
    found = spdu(CN_PP)
    assert found.octets(Field.CALLING_REFERENCE) == b"\x14\x02vm"
    assert found.octets(Field.COMMON_REFERENCE) == b"\x17\x0d261123144607Z"
    assert found.octets(Field.TSDU_SIZE) == bytes.fromhex("07F907F9")
    assert found.number(Field.VERSION) == 3
    assert found.number(Field.REQUIREMENTS) == 0x0249
    assert encode_tsdu(found.kind, found.fields) == bytes.fromhex(CN_PP)


def test_a_parameter_of_length_0_counts_as_absent_but_is_kept() -> None:
    found = spdu("0E 02 34 00")
    assert found.octets(Field.SELECTOR) == b""
    assert Field.SELECTOR in found.fields
    assert found.number(Field.VERSION, 1) == 1


def test_linking_information_stands_before_the_new_activity() -> None:
    fields = {
        Field.ACTIVITY: b"\x02\x01\x02",
        Field.LINK_ACTIVITY: b"\x02\x01\x01",
        Field.LINK_SERIAL: b"7",
        Field.LINK_CALLING: b"c",
    }
    tsdu = encode_tsdu(Kind.AR, fields)
    assert tsdu == bytes.fromhex("01 00 1D 12 21 0B 0A 01 63 29 03 02 01 01 2A 01 37 29 03 02 01 02")
    assert dict(spdu(tsdu.hex()).fields) == fields


def test_255_octets_and_more_have_the_long_length() -> None:
    assert encode_tsdu(Kind.DN, {Field.USER_DATA: bytes(250)})[:4] == bytes.fromhex("0A FC C1 FA")
    assert encode_tsdu(Kind.DN, {Field.USER_DATA: bytes(254)})[:6] == bytes.fromhex("0A FF 01 00 C1 FE")
    assert encode_tsdu(Kind.DN, {Field.USER_DATA: bytes(255)})[:8] == bytes.fromhex("0A FF 01 03 C1 FF 00 FF")


@pytest.mark.parametrize(
    "tsdu",
    [
        "0A FF 00 05 C1 03 61 62 63",  # long form for a short length
        "0A 08 63 01 00 C1 03 61 62 63",  # unknown parameter before
        "0A 09 C1 03 61 62 63 E7 02 00 00",  # unknown group after
        "0A 08 C1 01 7A C1 03 61 62 63",  # of two the last one counts
        "0A 08 11 01 01 C1 03 61 62 63",  # a parameter that belongs to FN
    ],
)
def test_lenient_in(tsdu: str) -> None:
    assert spdu(tsdu).user_data == b"abc"


def test_O29_order_does_not_matter_on_receipt() -> None:
    found = spdu("0D 0E C1 01 78 14 02 02 49 05 03 16 01 02 34 00 01 00".replace("0D 0E", "0D 10"))
    assert found.number(Field.REQUIREMENTS) == 0x0249
    assert found.number(Field.VERSION) == 2


LIES = {
    "PI past its group": "0D 06 05 04 16 09 02 00",
    "group past the SPDU": "0D 04 05 09 16 01",
    "SPDU past the TSDU": "0D 20 05 03 16 01 02",
    "no length": "0D",
    "half a long length": "0D FF 00",
    "selector of 17 octets": "0D 13 34 11" + "41" * 17,
    "reference of 65 octets": "0D 45 01 43 0A 41" + "41" * 65,
    "version of two octets": "0D 06 05 04 16 02 00 02",
    "activity of 7 octets": "01 00 2D 09 29 07 01 02 03 04 05 06 07",
    "serial of 7 digits": "01 00 31 09 2A 07 31 31 31 31 31 31 31",
    "category 2 without prefix": "31 03 2A 01 31",
    "category 1 after GT": "01 00 0D 00",
    "octets after GTC": "15 00 00",
    "unknown SPDU": "63 00",
    "expedited data": "05 00",
    "major resynchronise": "01 00 35 00",
    "an empty TSDU": "",
}


@pytest.mark.parametrize("tsdu", LIES.values(), ids=LIES.keys())
def test_O29_lies_raise_a_protocol_error_and_the_next_tsdu_is_read(tsdu: str) -> None:
    reader = TSDUReader(limit=65535)
    reader.receive(bytes.fromhex(tsdu), True)
    reader.receive(bytes.fromhex("16 00"), True)
    with pytest.raises(ProtocolError) as caught:
        while True:
            assert reader.next() is not None
    assert caught.value.layer == "session"
    assert not caught.value.ours
    reader.skip()
    found = reader.next()
    assert isinstance(found, SPDU)
    assert found.kind is Kind.GTA


def test_O8_the_prefix_comes_after_what_it_precedes_and_only_if_it_says_something() -> None:
    first, second = read(bytes.fromhex("01 03 10 01 15 29 03 2A 01 31"))
    assert isinstance(first, SPDU)
    assert isinstance(second, SPDU)
    assert (first.kind, second.kind) == (Kind.AE, Kind.GT)
    data = read(bytes.fromhex("01 03 10 01 01 01 00 61 62"))
    assert [type(item).__name__ for item in data] == ["SPDU", "UserInformation", "SPDU"]


def test_O8_a_list_of_category_2_is_read() -> None:
    kinds = [item.kind for item in read(bytes.fromhex("01 00 31 03 2A 01 31 31 03 2A 01 32 01 00 78")) if isinstance(item, SPDU)]
    assert kinds == [Kind.MIP, Kind.MIP, Kind.DT]


def test_O8_either_prefix_is_accepted_on_category_2() -> None:
    for octets in EXAMPLES:
        if octets.startswith(("01 00 ", "02 00 ")):
            other = "02" if octets.startswith("01") else "01"
            assert spdu(other + octets[2:]).kind is spdu(octets).kind


def test_O8_bare_category_2_by_option() -> None:
    [found] = read(bytes.fromhex("31 03 2A 01 31"), accept_bare=True)
    assert isinstance(found, SPDU)
    assert found.kind is Kind.MIP


def test_user_information_is_streamed() -> None:
    reader = TSDUReader(limit=65535)
    found = []
    for octet in bytes.fromhex("01 00 01 00 61 62 63"):
        reader.receive(bytes((octet,)), False)
        found += list(iter(reader.next, None))
    reader.receive(b"", True)
    found += list(iter(reader.next, None))
    assert [item.data for item in found if isinstance(item, UserInformation)] == [b"a", b"b", b"c", b""]
    assert isinstance(found[-1], UserInformation)
    assert found[-1].end


def test_O29_more_than_the_limit_is_refused_before_it_arrives() -> None:
    reader = TSDUReader(limit=1000)
    reader.receive(bytes.fromhex("0D FF 03 E9"), False)
    with pytest.raises(ProtocolError, match="1000"):
        reader.next()


def test_what_cannot_be_written_is_our_fault() -> None:
    for field, value in ((Field.SELECTOR, bytes(17)), (Field.SERIAL, b"1000000"), (Field.USER_DATA, bytes(65536))):
        with pytest.raises(ProtocolError) as caught:
            encode_fields({field: value})
        assert caught.value.ours


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(Field), st.binary(max_size=70), max_size=8))
def test_what_is_written_is_read(fields: dict[Field, bytes]) -> None:
    fields = {field: value for field, value in fields.items() if not value or field.shortest <= len(value) <= field.longest}
    # PI 22 stands alone in RF only; all other fields have a place of their own.
    assert decode_fields(encode_fields(fields), frozenset(Field)) == fields


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["", "0100", "0200", "0D", "0E", "01001D"]))
def test_random_octets_give_spdus_or_a_protocol_error(octets: bytes, start: str) -> None:
    try:
        read(bytes.fromhex(start) + octets)
    except ProtocolError as fault:
        assert fault.layer == "session"


def test_every_captured_tsdu_is_read_and_written_back_octet_by_octet() -> None:
    count = 0
    for path in sorted((require_shared() / "captures").glob("*.pcap")):
        for conversation in streams(path):
            for tsdu in conversation.tsdus("initiator") + conversation.tsdus("responder"):
                items = read(tsdu)
                assert isinstance(items[0], SPDU)
                data = b"".join(item.data for item in items if isinstance(item, UserInformation))
                assert encode_tsdu(items[0].kind, items[0].fields) + data == tsdu
                count += 1
    assert count > 200
