"""RFC 2156 chapter 3: character and number encodings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mixer.text import (
    TextError,
    integer_from_label,
    labelled_integer,
    labelled_integer_2,
    oid_from_text,
    one_line,
    pair_from_text,
    ps_decode,
    ps_encode,
    ps_truncate,
    teletex_from_text,
    text_from_oid,
    text_from_pair,
    text_from_teletex,
)
from gateway.x400.mts import NonDeliveryDiagnosticCode, NonDeliveryReasonCode


@pytest.mark.parametrize(
    ("ascii_text", "printable"),
    [("foo@bar", "foo(a)bar"), ('"_%"', "(q)(u)(p)(q)"), ("@", "(a)"), ("~", "(126)"), ("(", "(l)"), ("a\tb", "a(009)b")],
)
def test_examples_of_3_4(ascii_text: str, printable: str) -> None:
    assert ps_encode(ascii_text) == printable
    assert ps_decode(printable) == ascii_text


def test_letter_escapes_are_read_in_any_case() -> None:
    assert ps_decode("a(U)b(P)c(B)d(Q)") == 'a_b%c!d"'


@pytest.mark.parametrize("text", ["(", "foo(x)bar", "foo(12)", "(128)", "foo@bar", "foo)"])
def test_what_is_not_ps_encoded_is_an_error(text: str) -> None:
    with pytest.raises(TextError):
        ps_decode(text)


@given(st.text(st.characters(max_codepoint=127)))
@settings(max_examples=100)
def test_ps_encoding_is_reversible_for_all_of_ascii(text: str) -> None:
    assert ps_decode(ps_encode(text)) == text


@given(st.text(st.characters(max_codepoint=127), max_size=80), st.integers(4, 64))
@settings(max_examples=60)
def test_a_cut_never_falls_into_an_escape(text: str, bound: int) -> None:
    cut = ps_truncate(ps_encode(text), bound)
    assert len(cut) <= bound
    assert text.startswith(ps_decode(cut))


def test_teletex_octets_of_3_3_4() -> None:
    assert text_from_teletex(b"a\xa5b") == "a{165}b"
    assert teletex_from_text("{195196}") == b"\xc3\xc4"
    assert text_from_pair("yen", b"\xa5") == "yen*{165}"
    assert text_from_pair(None, b"\xa5") == "*{165}"
    assert text_from_pair(None, b"Widget") == "Widget"
    assert pair_from_text("yen*{165}") == ("yen", b"\xa5")


@pytest.mark.parametrize("text", ["{}", "{16}", "{256}", "a{165"])
def test_unfinished_teletex_groups_are_errors(text: str) -> None:
    with pytest.raises(TextError):
        teletex_from_text(text)


@given(st.binary(max_size=40))
@settings(max_examples=60)
def test_teletex_text_is_reversible(octets: bytes) -> None:
    assert teletex_from_text(text_from_teletex(octets)) == octets


def test_labelled_integers_of_3_3_6() -> None:
    assert labelled_integer(1, NonDeliveryReasonCode) == "Unable-To-Transfer (1)"
    assert labelled_integer_2(0, NonDeliveryDiagnosticCode) == "0 (Unrecognised-OR-Name)"
    assert [integer_from_label(text) for text in ("g3fax(5)", "g3fax ( 5 )", "(5)", "5 (g3fax)", "5")] == [5] * 5
    with pytest.raises(TextError):
        integer_from_label("five")


def test_object_identifiers_of_3_3_7() -> None:
    assert text_from_oid("2.6.1") == "(2)(6)(1)"
    assert oid_from_text("joint-iso-ccitt(2) mhs (6) ipms (1)") == "2.6.1"


def test_one_line_takes_line_ends_out() -> None:
    assert one_line("a\r\nBcc: b\0") == "a Bcc: b"


def test_several_blanks_stand_in_braces() -> None:
    """4.3.4 step 2 takes no local part with two blanks in a row, so 3.3.4 must not write them (it may write any octet in braces)."""
    assert text_from_teletex(b"  \xe1") == "{032032225}"
    assert text_from_teletex(b"a b  c") == "a b{032032}c"
    assert teletex_from_text("{032032225}") == b"  \xe1"
