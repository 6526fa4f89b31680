"""Section 11 of the interoperability cases: character sets and the layout of text."""

from __future__ import annotations

import base64
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway import asn1
from gateway.internet.fields import decode_text
from gateway.internet.message import Message, parse, serialise
from gateway.mixer.body_policy import BodyPolicy, Carrier, TextForm
from gateway.mixer.body_text_parts import ia5_part
from gateway.mixer.descriptors import Scope
from gateway.mixer.messages import ipm_of_message, message_of_ipm
from gateway.mixer.policy import Context, GlobalDomain, PeerPolicy, Settings
from gateway.octets import octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart, TeletexBodyPart, TeletexParameters, iso6937_part
from gateway.x400.charset_tables import ACCENTS, COMPOSED
from gateway.x400.charsets import Reading, text_from_t61
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, data_of, extended, parameters_of
from gateway.x400.ipm import IPM, Heading, IPMIdentifier
from gateway.x400.oraddress import ORAddress

SETTINGS = Settings(
    gateway_domain="gw.example",
    gateway_oraddress=ORAddress(country="XX", admd="A", prmd="P"),
    global_domain=GlobalDomain(country="XX", admd="A", prmd="P"),
    mta_name="GW",
)
GENERAL_TEXT = EXTENDED_BODY_PART_TYPES[oids.ID_ET_GENERAL_TEXT]


def scope(version: int = 88, **body: Any) -> Scope:
    policy = PeerPolicy(x400_version=version, body=BodyPolicy(**body))
    return Scope(context=Context(settings=SETTINGS, now=datetime(2026, 11, 23, 12, tzinfo=UTC), plan_seed="5eed", policy=policy))


def mail(told: Scope, *parts: BodyPart, **heading: Any) -> Message:
    ipm = IPM(heading=Heading(this_ipm=IPMIdentifier(user_relative_identifier="1"), **heading), body=parts)
    return parse(serialise(message_of_ipm(ipm, told, defaults=[("From", "x@y.example")])))


def text_of(told: Scope, *parts: BodyPart) -> str:
    return "".join(mail(told, *parts).text())


def general(data: bytes, *registrations: int) -> BodyPart:
    return extended(GENERAL_TEXT, octets(data), registrations)


def sent(told: Scope, text: str, charset: str = "utf-8") -> BodyPart:
    head = f"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset={charset}\r\n"
    head += "Content-Transfer-Encoding: base64\r\n\r\n"
    return ipm_of_message(parse(head.encode() + base64.encodebytes(text.encode(charset))), told).ipm.body[0]


def general_data(part: BodyPart) -> tuple[bytes, frozenset[int]]:
    assert part.extended is not None
    return data_of(part.extended).to_bytes(), frozenset(parameters_of(part.extended))


def test_ic_093_our_general_text_designates_both_halves_at_its_start() -> None:
    data, registrations = general_data(sent(scope(), "Grüße"))
    assert data == b"\x1b(B\x1b-A\x1b~Gr\xfc\xdfe"
    assert registrations == {6, 100}


def test_ic_093_a_peer_gets_the_exact_preamble_it_asks_for() -> None:
    """MAILbus 400 expects shift-in behind the designation: 1B 28 42 0F."""
    told = scope(text_preamble=bytes.fromhex("1B28420F"))
    assert general_data(sent(told, "Grüße"))[0] == b"\x1b(B\x0fGr\xfc\xdfe"


def test_ic_093_without_any_designation_the_registered_sets_are_assumed() -> None:
    assert text_of(scope(), general(b"Gr\xfc\xdfe", 1, 6, 100)) == "Grüße"
    assert text_of(scope(), general(b"\x1b(B\x0fGr\xfc\xdfe", 6, 100)) == "Grüße"


def test_ic_093_to_the_letter_the_c1_sequence_of_the_rfc_is_written_too() -> None:
    assert general_data(sent(scope(strict_bodies=True), "ü"))[0] == b"\x1b(B\x1b-A\x1b!A\x1b~\xfc"


@pytest.mark.parametrize("registrations", [(1, 6), (6,), (2,), (1,), ()])
def test_ic_094_general_text_of_ascii_only_is_us_ascii(registrations: tuple[int, ...]) -> None:
    made = mail(scope(), general(b"plain", *registrations))
    assert (made.charset, made.content().to_bytes()) == ("us-ascii", b"plain")


def test_ic_095_a_text_of_one_line_end_before_attachments_is_delivered() -> None:
    made = mail(scope(), general(b"\r\n", 6, 100), BodyPart(bilaterally_defined=octets(b"x")))
    assert made.parts[0].content().to_bytes() == b"\r\n"
    assert made.parts[1].content().to_bytes() == b"x"


@pytest.mark.parametrize(
    ("part", "registration", "text"),
    [
        (1, 100, "é"), (2, 101, "Łódź"), (3, 109, "ĦĈ"), (4, 110, "ĸŖ"), (5, 144, "Привет"), (6, 127, "مرحبا"), (7, 126, "Καλημέρα"),
        (8, 138, "שלום"), (9, 148, "İğ"), (10, 157, "Ŋŧ"), (11, 166, "สวัสดี"), (13, 179, "Ļģ"), (14, 199, "Ŵŷ"), (15, 203, "€"),
        (16, 226, "Ș"),
    ],
)  # fmt: skip
def test_ic_096_every_part_of_iso_8859_both_ways(part: int, registration: int, text: str) -> None:
    data, registrations = general_data(sent(scope(), text, f"iso-8859-{part}"))
    assert registrations == {6, registration}
    assert data.endswith(text.encode(f"iso-8859-{part}"))
    made = mail(scope(), general(data, *registrations))
    assert (made.charset, "".join(made.text())) == (f"iso-8859-{part}", text)


@pytest.mark.parametrize(
    ("text", "sets", "charset"),
    [("日本語", {6, 87}, "iso-2022-jp"), ("한국어", {6, 149}, "euc-kr"), ("简体汉字", {6, 58}, "gb2312")],
)
def test_ic_096_asian_sets_both_ways(text: str, sets: set[int], charset: str) -> None:
    data, registrations = general_data(sent(scope(), text))
    assert registrations == sets
    assert data.isascii()
    assert data.endswith(b"\x1b(B")
    made = mail(scope(), general(data, *registrations))
    assert (made.charset, "".join(made.text())) == (charset, text)


def test_ic_096_japanese_and_korean_in_one_text() -> None:
    data, registrations = general_data(sent(scope(), "働く 한국"))
    assert registrations == {6, 87, 149}
    assert text_of(scope(), general(data, *registrations)) == "働く 한국"


def test_ic_096_a_subject_in_cyrillic_and_greek_comes_back() -> None:
    content = "From: a@b.example\r\nSubject: =?utf-8?b?{}?=\r\n\r\nx\r\n"
    for text in ("Привет", "Καλημέρα"):
        ipm = ipm_of_message(parse(content.format(base64.b64encode(text.encode()).decode()).encode()), scope()).ipm
        made = parse(serialise(message_of_ipm(ipm, scope(), defaults=[("From", "x@y.example")])))
        assert decode_text(made.header.value("Subject")) == text


def test_ic_096_what_no_set_has_is_named_and_goes_as_a_file() -> None:
    told = scope()
    part = sent(told, "😀")
    assert part.extended is not None
    assert part.extended.data.direct_reference == oids.ID_ET_FILE_TRANSFER
    assert any("no registered set" in note.text for note in told.notes.taken())
    assert text_of(scope(), part) == "😀"


def test_ic_096_utf_8_goes_where_a_peer_takes_it() -> None:
    data, registrations = general_data(sent(scope(utf8_general_text=True), "😀"))
    assert (data, registrations) == (b"\x1b%G" + "😀".encode() + b"\x1b%@", {6, 196})
    assert text_of(scope(), general(data, *registrations)) == "😀"
    assert text_of(scope(), general("é".encode(), 196)) == "é"


def test_ic_096_only_the_listed_charsets_are_written() -> None:
    told = scope(general_text_charsets=frozenset({"iso-8859-1"}))
    assert general_data(sent(told, "é"))[1] == {6, 100}
    part = sent(told, "Привет")
    assert part.extended is not None
    assert part.extended.data.direct_reference == oids.ID_ET_FILE_TRANSFER


def pages(*octet_strings: bytes) -> BodyPart:
    return BodyPart(teletex=TeletexBodyPart(parameters=TeletexParameters(), data=tuple(map(octets, octet_strings))))


def test_ic_097_eastern_european_teletex() -> None:
    """Caron, ogonek, double acute: the accent stands before its letter."""
    assert text_of(scope(), pages(b"P\xcfr\xc2ili\xcfs \xcfzlu\xcftou\xcfck\xcay k\xcau\xcfn")).startswith("Př")
    assert text_of(scope(), pages(b"\xcea\xcee\xcdo\xcdu\xcfc\xcfz")) == "ąęőűčž"


def test_ic_097_every_accent_with_every_letter_of_it_is_one_character() -> None:
    for octet, (combining, _, letters) in ACCENTS.items():
        for letter in letters:
            composed = text_from_t61(bytes((octet,)) + letter.encode())
            assert composed == COMPOSED[chr(0xE000 + octet) + letter]
            assert len(unicodedata.normalize("NFC", letter + combining)) == 1


def test_ic_097_an_unknown_pair_is_the_letter_with_a_combining_mark() -> None:
    assert text_from_t61(b"\xcfx", Reading.T61) == "x\u030c"


def test_ic_097_teletex_is_written_to_peers_that_want_it() -> None:
    part = sent(scope(84, text_form=TextForm.TELETEX), "Příliš\x0cžluťoučký")
    assert part.teletex is not None
    assert part.teletex.parameters.number_of_pages == 2
    assert text_of(scope(), part) == "Příliš\x0cžluťoučký"


def test_ic_097_what_teletex_lacks_goes_another_way() -> None:
    told = scope(text_form=TextForm.TELETEX)
    assert sent(told, "Привет").chosen == "extended"
    assert any("T.61 lacks" in note.text for note in told.notes.taken())


OSIWARE = ("x" * 100 + "\n" + "wörter ohne Ende " * 20).encode("latin-1").replace(b"\xf6", b"\xc8o")


def test_ic_098_iso_6937_elements_are_lines() -> None:
    part = iso6937_part([octets(b"Gr\xc8u\xfbe"), octets(b""), octets(b"$5")])
    assert text_of(scope(), part) == "Grüße\r\n\r\n$5\r\n"


def test_ic_098_blocks_of_equal_length_are_one_text_where_the_peer_sends_blocks() -> None:
    blocks = [octets(OSIWARE[at : at + 256]) for at in range(0, len(OSIWARE), 256)]
    part = iso6937_part(blocks)
    assert text_of(scope(iso6937_chunks=True), part) == "x" * 100 + "\r\n" + "wörter ohne Ende " * 20
    assert text_of(scope(), part).count("\r\n") == len(blocks) + 1


def test_ic_098_lines_are_lines_even_from_a_peer_of_blocks() -> None:
    part = iso6937_part([octets(b"abcd"), octets(b"efgh")])
    assert text_of(scope(iso6937_chunks=True), part) == "abcd\r\nefgh\r\n"


def test_ic_098_iso_6937_is_written_line_by_line() -> None:
    """The form of MOTIS that Microsoft printed (Q154719): [13] { SET {}, SEQUENCE OF [0] IMPLICIT OCTET STRING }."""
    part = sent(scope(84, text_form=TextForm.ISO_6937), "Grüße\r\n~$\r\n")
    assert asn1.encode(part) == bytes.fromhex("AD10 3100 300C 8006 4772C875FB65 8002 7EA4".replace(" ", ""))
    assert text_of(scope(), part) == "Grüße\r\n~$\r\n"


LONG = " ".join(["wort" + "e" * (at % 9) for at in range(40)]) + "\r\n" + "x" * 200 + " end\r\n"


def test_ic_099_nothing_is_wrapped_unless_the_peer_wants_it() -> None:
    part = sent(scope(), LONG)
    assert part.ia5_text is not None
    assert part.ia5_text.data.to_bytes() == LONG.encode()
    assert text_of(scope(), ia5_part(octets(b"y" * 40_000))) == "y" * 40_000


@pytest.mark.parametrize("width", [1, 20, 80, 999])
def test_ic_099_wrapping_breaks_at_blanks_and_takes_nothing_away(width: int) -> None:
    part = sent(scope(text_wrap=width), LONG)
    assert part.ia5_text is not None
    text = part.ia5_text.data.to_bytes().decode()
    assert text.replace("\r\n", "") == LONG.replace("\r\n", "")
    assert text.split() == LONG.split()
    assert all(len(line.rstrip()) <= width or len(line.split()) == 1 for line in text.splitlines())


def test_ic_099_too_long_lines_go_as_a_file_by_policy() -> None:
    told = scope(text_longest_line=2048, unknown_mime=Carrier.FTBP)
    assert sent(told, "x" * 2048 + "\r\n").chosen == "ia5_text"
    part = sent(told, "x" * 2050 + "\r\n")
    assert part.chosen == "extended"
    assert text_of(scope(), part) == "x" * 2050 + "\r\n"


@pytest.mark.parametrize(
    ("variant", "octet_string", "text"),
    [(21, b"Gr}~e {bel", "Grüße äbel"), (10, b"\\l och }", "Öl och å"), (60, b"R|dgr|d p} fl{sk", "Rødgrød på flæsk"), (6, b"[]", "[]")],
)
def test_ic_100_national_tables_both_ways(variant: int, octet_string: bytes, text: str) -> None:
    told = scope(ia5_variant=variant)
    assert text_of(told, ia5_part(octets(octet_string))) == text
    part = sent(told, text)
    assert part.ia5_text is not None
    assert part.ia5_text.data.to_bytes() == octet_string


def test_ic_100_brackets_do_not_become_umlauts() -> None:
    """What the national table lacks goes as general text, which has it; to a 1984 peer as it is, with a Note."""
    assert general_data(sent(scope(ia5_variant=21), "a[0]"))[0] == b"a[0]"
    told = scope(84, ia5_variant=21)
    part = sent(told, "a[0]")
    assert part.ia5_text is not None
    assert any("lacks" in note.text for note in told.notes.taken())


def test_ic_100_without_a_variant_ia5_is_ascii() -> None:
    assert text_of(scope(), ia5_part(octets(b"[x]"))) == "[x]"
