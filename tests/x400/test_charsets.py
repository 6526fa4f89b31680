"""Character sets against Python's own codecs and the tables of T.61, ISO 6937 and RFC 2157."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.x400.charset_tables import CODEC_BY_REGISTRATION, RIGHT_HAND_BY_REGISTRATION
from gateway.x400.charsets import (
    GENERAL_TEXT_CHARSETS,
    Reading,
    T61Encoder,
    charset_of_registrations,
    choose_repertoire,
    decode_general,
    decode_t61,
    designation_prefix,
    encode_general,
    general_from_text,
    guess_reading,
    ia5_from_text,
    t61_from_text,
    text_from_general,
    text_from_ia5,
    text_from_t61,
)

# T.51 / ISO 6937: the precomposed letters of the repertoire, by language and not by accent.
ISO_6937_LETTERS = (
    "ÀÁÂÃÄÅĀĂĄàáâãäåāăąĆĈÇČĊćĉçčċĎďÈÉÊËĒĘĚĖèéêëēęěėĜĞĠĢĝğġģĤĥÌÍÎÏĨĪĮİìíîïĩīįĴĵĶķĹĻĽĺļľŃÑŅŇńñņňÒÓÔÕÖŌŐòóôõöōőŔŖŘŕŗřŚŜŞŠśŝşšŢŤţť"
    "ÙÚÛÜŨŪŬŮŰŲùúûüũūŭůűųŴŵÝŶŸýŷÿŹŻŽźżž"
)
SPECIAL_LETTERS = "ÆæĐđðĦħıĲĳĿŀŁłØøŒœßÞþŦŧŊŋŉĸªº"


def test_an_accent_stands_before_its_letter():
    assert t61_from_text("Café") == (b"Caf\xc2e", ())
    assert text_from_t61(b"Caf\xc2e") == "Café"


def test_every_letter_of_the_t61_repertoire_survives_the_round_trip():
    for letter in ISO_6937_LETTERS + SPECIAL_LETTERS:
        octets, losses = t61_from_text(letter)
        assert losses == (), letter
        assert "".join(decode_t61((octets,))) == letter


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"\xe9", "Ø"),
        (b"\xea", "Œ"),
        (b"\xfb", "ß"),
        (b"\xa6 \xa4 \xa8", "# $ ¤"),
        (b"\x23 \x24", "# ¤"),
        (b"\xc8u", "ü"),
        (b"\xcfs", "š"),
        (b"\xcd ", "˝"),
        (b"\xc2x", "x\u0301"),
    ],
)
def test_octets_of_the_t61_table(octets, text):
    assert "".join(decode_t61((octets,), Reading.T61)) == text


def test_what_t61_lacks_is_approximated_and_named():
    octets, losses = t61_from_text("{100€} 日")
    assert losses == ("{", "€", "}", "日")
    assert octets == b"(100EUR) ?"


def test_number_and_dollar_sign_go_to_the_right_half():
    assert t61_from_text("#1 $5").octets == b"\xa61 \xa45"


def test_a_peer_that_reads_ascii_gets_ascii():
    assert t61_from_text("a{b}~", keep_ascii=True) == (b"a{b}~", ())


def test_the_designation_of_rfc_2157_appendix_c_comes_once_and_only_where_needed():
    assert t61_from_text("plain", designate=True).octets == b"plain"
    encoder = T61Encoder(designate=True)
    assert encoder.encode("é") + encoder.encode("é") == b"\x1b\x29\x76\xc2e\xc2e"
    assert text_from_t61(b"\x1b\x29\x76\xc2e") == "é"


@pytest.mark.parametrize(
    ("octets", "reading", "text"),
    [
        (b"Caf\xc2e", Reading.T61, "Café"),
        ("Crème brûlée".encode("latin-1"), Reading.LATIN_1, "Crème brûlée"),
        ("Müller, Köln".encode("latin-1"), Reading.LATIN_1, "Müller, Köln"),
        ("Größe ändern".encode(), Reading.UTF_8, "Größe ändern"),
        (b"S\xf9rensen", Reading.T61, "Sørensen"),
        (b"\xc2", Reading.LATIN_1, "Â"),
        (b"array[i] ~ {x} $5", Reading.ASCII, "array[i] ~ {x} $5"),
    ],
)
def test_latin_1_utf_8_and_ascii_in_a_teletex_string_are_recognised(octets, reading, text):
    assert guess_reading((octets,)) is reading
    assert text_from_t61(octets) == text


LATIN_1_WORDS = [
    "VOILÀ ÇA", "Übung", "ÉCOLE", "Ñandú", "São Paulo", "À propos", "Ärger", "Noël", "déjà vu", "à bientôt", "Straße über Öl", "ÅRHUS",
]  # fmt: skip
T61_WORDS = [
    "Østerbro", "Ærø", "Łódź", "Œuvre", "Þórður", "Dvořák", "Çelik", "Ångström", "nº 1", "1ª", "Côte d'Azur", "Straße", "Đorđe", "SØREN",
]  # fmt: skip


@pytest.mark.parametrize("text", LATIN_1_WORDS)
def test_latin_1_words_are_read_as_such(text):
    assert text_from_t61(text.encode("latin-1")) == text


@pytest.mark.parametrize("text", T61_WORDS)
def test_t61_words_are_read_as_such(text):
    assert text_from_t61(t61_from_text(text).octets) == text


def test_the_peer_profile_overrules_the_guess():
    assert text_from_t61(b"\xc2e", Reading.LATIN_1) == "Âe"


def test_japanese_inside_a_teletex_string():
    octets = b"\x1b$B" + "日本".encode("euc_jp").translate(bytes(one & 0x7F for one in range(256))) + b"\x1b(B"
    assert text_from_t61(octets) == "日本"


@pytest.mark.parametrize(("registration", "codec"), sorted(CODEC_BY_REGISTRATION.items()))
def test_right_hand_parts_agree_with_pythons_codecs(registration, codec):
    octets = bytes(range(0x20, 0x7F)) + bytes(range(0xA0, 0x100))
    designated = designation_prefix({registration}) + octets
    assert text_from_general(designated, {6, registration}) == octets.decode(codec, "replace")
    assert text_from_general(octets, {6, registration}) == octets.decode(codec, "replace")


@pytest.mark.parametrize(
    ("number", "final"),
    [(100, 0x41), (101, 0x42), (109, 0x43), (110, 0x44), (126, 0x46), (127, 0x47), (138, 0x48), (144, 0x4C), (148, 0x4D)],
)
def test_final_octets_of_rfc_1502(number, final):
    assert RIGHT_HAND_BY_REGISTRATION[number].final == final


def test_general_text_of_rfc_2157():
    octets, registrations, losses = general_from_text("Café")
    assert octets == bytes.fromhex("1b2842 1b2d41 1b7e 436166e9")
    assert registrations == {6, 100}
    assert losses == ()


def test_ascii_needs_no_designation():
    assert general_from_text("plain") == (b"plain", frozenset({6}), ())


def test_the_fewest_sets_are_chosen():
    assert general_from_text("Привет, мир").registrations == {6, 144}
    assert general_from_text("Ελλάδα, Прага").registrations == {6, 126, 144}
    assert general_from_text("日本語").registrations == {6, 87}


def test_mixed_scripts_switch_sets_on_the_way():
    text = "Ελλάδα Прага ěščř 日本 é"
    octets, registrations, losses = general_from_text(text)
    assert losses == ()
    assert text_from_general(octets, registrations) == text


def test_iso_2022_jp_is_general_text():
    text = "ISO 2022 の日本語テキスト、半角 (ASCII) と全角。"
    assert text_from_general(text.encode("iso2022_jp"), {6, 14, 42, 87}) == text
    assert text_from_general(text.encode("iso2022_jp_2"), {6, 14, 42, 87}) == text
    assert text_from_general("補助漢字 丂".encode("iso2022_jp_1"), {6, 87, 159}) == "補助漢字 丂"
    japanese = "日本語のテキスト"
    assert general_from_text(japanese).octets == japanese.encode("iso2022_jp")


def test_utf_8_inside_general_text():
    assert text_from_general(b"\x1b%G" + "Ünïcode 日本".encode() + b"\x1b%@ back") == "Ünïcode 日本 back"


def test_shifts():
    assert text_from_general(b"\x1b-A\x0eCafi\x0f") == "\u00c3\u00e1\u00e6\u00e9", "SO invokes G1 in the left half, SI comes back"
    assert text_from_general(b"\x1b-A\x0ei\x0fi") == "éi"
    assert text_from_general(b"\x1b.F\x1bN\x61\x61") == "αa".replace("α", "\u03b1"), "SS2 takes one character from G2"
    assert text_from_general(b"\x1b.F\x8e\xe1") == "α"


def test_c1_octets_without_g2_are_not_single_shifts():
    assert text_from_general(b"\x8ea") == "\x8ea"


def test_announcers_and_control_sets_leave_no_trace():
    assert text_from_general(b"\x1b C\x1b\x21\x41\x1b\x22\x43text", {1, 6}) == "text"


def test_unknown_sets_and_cut_sequences_become_replacement_characters():
    assert text_from_general(b"\x1b-z\xe9") == "\ufffd"
    assert text_from_general(b"abc\x1b") == "abc\ufffd"
    assert text_from_general(b"\x1b$BF") == "\ufffd"


def test_registrations_name_the_charset():
    for charset, registrations in GENERAL_TEXT_CHARSETS.items():
        assert charset_of_registrations(registrations) == charset
    assert charset_of_registrations({1, 6, 100}) == "iso-8859-1"
    assert charset_of_registrations({1, 6}) == "us-ascii"
    assert charset_of_registrations({2}) == "us-ascii"
    assert charset_of_registrations({6, 100, 101}) is None


def test_eight_bit_ia5_is_never_stripped():
    assert text_from_ia5(b"plain\r\n") == "plain\r\n"
    assert text_from_ia5("déjà vu".encode("latin-1")) == "déjà vu"
    assert text_from_ia5("déjà vu".encode()) == "déjà vu"
    assert text_from_ia5(b"\xe1", "iso-8859-7") == "α"


def test_losses_of_ia5_are_named():
    assert ia5_from_text("Ærø é") == (b"AEro e", ("Æ", "ø", "é"))


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=ISO_6937_LETTERS + SPECIAL_LETTERS + " abcXYZ0129.,", max_size=40), st.integers(1, 5))
def test_t61_does_not_depend_on_chunks(text, size):
    octets, losses = t61_from_text(text)
    assert losses == ()
    chunks = [octets[at : at + size] for at in range(0, len(octets), size)]
    assert "".join(decode_t61(chunks)) == unicodedata.normalize("NFC", text)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="aZ 9éüßčěžαβЖя日本の×\r\n", max_size=40), st.integers(1, 5))
def test_general_text_round_trip_does_not_depend_on_chunks(text, size):
    repertoire = choose_repertoire((text[:7], text[7:]))
    octets = b"".join(encode_general((text[:7], text[7:]), repertoire))
    chunks = [octets[at : at + size] for at in range(0, len(octets), size)]
    assert repertoire.losses == ()
    assert "".join(decode_general(chunks, repertoire.registrations)) == text


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.integers(1, 7))
def test_any_octets_give_text_whatever_the_chunks(octets, size):
    chunks = [octets[at : at + size] for at in range(0, len(octets), size)]
    assert "".join(decode_general(chunks)) == text_from_general(octets)
    assert "".join(decode_t61(chunks)) == "".join(decode_t61((octets,)))
    assert isinstance(text_from_t61(octets), str)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_written_and_its_losses_are_exactly_what_does_not_come_back(text):
    octets, registrations, losses = general_from_text(text)
    if not losses and "\x1b" not in text and not set(text) & set("\x0e\x0f\x8e\x8f"):
        assert text_from_general(octets, registrations) == text
    octets, losses = t61_from_text(text)
    if not losses:
        assert "".join(decode_t61((octets,))) == unicodedata.normalize("NFC", text)
