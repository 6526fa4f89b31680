"""RFC 1278: every form that it defines, by its own examples, RFC 1277's layout and the octets that ISODE made of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.mixer.presentation_address import (
    network_address_from_text,
    presentation_address_from_text,
    text_from_network_address,
    text_from_presentation_address,
)
from gateway.mixer.stdor import from_text, to_text
from gateway.mixer.text import TextError

EXAMPLES = [
    ('"256"/NS+a433bb93c1_NS+aa3106', (None, None, b"256"), ("a433bb93c1", "aa3106")),
    ("#63/#41/#12/X121+234219200300", (b"\0\x3f", b"\0\x29", b"\0\x0c"), ("3600234219200300",)),
    ("'3a'H/TELEX+00728722+X.25(80)+02+00002340555+CUDF+\"892796\"", (None, None, b"\x3a"), ("5400728722022313703915000002340555",)),
    ("TELEX+00728722+RFC-1006+03+10.0.0.6", (None, None, None), ("540072872203010000000006",)),
]


@pytest.mark.parametrize(("text", "selectors", "networks"), EXAMPLES, ids=[text for text, _, _ in EXAMPLES])
def test_the_four_examples_of_rfc_1278(text: str, selectors: tuple[bytes | None, ...], networks: tuple[str, ...]) -> None:
    found = presentation_address_from_text(text)
    assert (found.p_selector, found.s_selector, found.t_selector) == selectors
    assert tuple(each.hex() for each in found.n_addresses) == networks


FORMS = [
    ("Internet=10.0.0.6+102+1", "5400728722030100000000060010200001"), ("Internet-RFC-1006=10.0.0.6", "540072872203010000000006"),
    ("TCP=05+127.0.0.1", "540072872205127000000001"), ("Int-X25(80)=23421920030013", "54007287220102342192003001 3f"),
    ("Janet=00002340555", "5400728722020000023405 55"), ("DCC+826+d11000012022", "3882611000012022"), ("DCC+840+xff00", "39840fff00"),
    ("ICD+0005+x80ffff", "47000580ffff"), ("470005+80ffff", "47000580ffff"), ("ISDN+441813337777", "44000441813337777f"),
    ("PSTN+0181+d1", "5611111111018 11f"), ("TELEX+1234", "4000001234"), ("X121+0234", "5211111111110234"), ("LOCAL++d123", "48123f"),
    ("LOCAL++labc", "50656667"), ("NS+10.0.0.6", "0a000006"), ("realNS=4700", "4700"),
    ("LOCAL++ECMA-117-Binary+0001+0203+04", "490001020304"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "octets"), FORMS, ids=[text for text, _ in FORMS])
def test_forms_of_network_addresses(text: str, octets: str) -> None:
    assert network_address_from_text(text).hex() == octets.replace(" ", "")


@pytest.mark.parametrize("text", [
    "", "NS+", "NS+1", "NS+zz", "NS+256.1", "FOO+1", "Leeds=22", "DCC+82", "TELEX+123456789", "TELEX+00728722+RFC-1006+03+host.example",
    "TELEX+00728722+RFC-1006+3+10.0.0.6", "TELEX+00728722+RFC-1006+03+10.0.0.6+70000", "X121+1+y2", f"NS+{'00' * 21}", "a/b/c/d/NS+00",
    "x/NS+00", "#70000/NS+00", "_NS+00", "NS+00_", "|".join(["NS+00"] * 17), "Internet=Internet=10.0.0.6",
])  # fmt: skip
def test_what_is_none_of_them(text: str) -> None:
    with pytest.raises(TextError):
        presentation_address_from_text(text)


@pytest.mark.parametrize("text", [
    "/NET-PSAP=#63$/X121+234219200300/C=gb/ADMD=a/", '/NET-PSAP="256"$/NS+a433bb93c1_NS+aa3106/', "/PSAP=Internet$=10.0.0.6/",
    "/NET-PSAP='3a'H$/$/$/NS+a433bb93c1/",
])  # fmt: skip
def test_in_an_address_they_come_back_from_what_is_written(text: str) -> None:
    found = from_text(text)
    assert found.psap_address is not None
    written = to_text(found)
    assert from_text(written) == found and '"' not in written and "_" not in written and "#" not in written


@given(st.binary(min_size=1, max_size=20) | st.binary(max_size=14).map(lambda rest: bytes.fromhex("540072872203") + rest))
@limits(max_examples=300, deadline=None)
def test_any_network_address_comes_back_from_its_text(octets: bytes) -> None:
    assert network_address_from_text(text_from_network_address(octets)) == octets


@given(st.text("NS+_|/'H#\"=xdl0123456789afTELEXCRFIntre.-", max_size=60))
@limits(max_examples=300, deadline=None)
def test_no_text_does_harm(text: str) -> None:
    try:
        found = presentation_address_from_text(text)
    except GatewayError:
        return
    assert presentation_address_from_text(text_from_presentation_address(found)).n_addresses == found.n_addresses
