"""The directory's keys: equal exactly for addresses that match, and the short way gives the key of the long way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.internet.addresses import Mailbox
from gateway.lookup import user_keys
from gateway.lookup.user_keys import UserAddressError, mailbox_key, mailbox_text_key, oraddress_from, oraddress_key, oraddress_text_key
from gateway.mixer.product_forms import oraddress_from as any_form

VALUE = st.text("ABab12 '()+,-.:?", min_size=1, max_size=12).filter(lambda text: text.strip())
WORDS = (
    "C", "ADMD", "A", "PRMD", "P", "O", "OU", "OU1", "OU2", "S", "G", "I", "GQ", "Q", "CN", "X121", "T-ID", "c", "s", "PN", "DD.x", "BAD",
)  # fmt: skip


@st.composite
def texts(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.tuples(st.sampled_from(WORDS), VALUE | st.sampled_from(["", " ", "gb", "GB"])), max_size=6))
    parts += draw(st.sampled_from([[], [("C", "GB")], [("S", "x"), ("A", " "), ("C", "gb")]]))
    joined = "/".join if draw(st.booleans()) else "; ".join
    body = joined(f"{word}={value}" for word, value in parts)
    return draw(st.sampled_from([f"/{body}/", body, f"{body};"]))


@given(texts())
@settings(max_examples=400, deadline=None)
def test_the_short_way_gives_the_key_of_the_long_way(text: str) -> None:
    short = user_keys._plain_key(text)
    if short is not None:
        assert short == oraddress_key(oraddress_from(text))


def test_the_usual_forms_take_the_short_way() -> None:
    assert user_keys._plain_key("/G=Jane/S=Doe/OU=Unit/O=Acme/PRMD=P/ADMD= /C=GB/") is not None
    assert user_keys._plain_key("c=GB;a= ;p=Acme;o=Exchange;s=Doe;g=Jane;") is not None


@pytest.mark.parametrize(
    "other",
    [
        "/S=doe/G=JANE/O=Acme  Widgets/PRMD=P/ADMD= /C=gb/",
        "/G=Jane/S=Doe/O=acme widgets/PRMD=P/C=GB/",
        "G=Jane; S=Doe; O=Acme Widgets; P=P; A= ; C=GB",
        "c=gb;a=;p=p;o=acme widgets;s=doe;g=jane;",
    ],
)
def test_addresses_that_match_by_x402_have_one_key(other: str) -> None:
    assert oraddress_text_key(other) == oraddress_text_key("/G=Jane/S=Doe/O=Acme Widgets/PRMD=P/ADMD= /C=GB/")


def test_numbered_units_are_the_most_significant_first() -> None:
    assert oraddress_text_key("c=GB;a=x;o=o;ou1=top;ou2=low;s=s") == oraddress_text_key("/S=s/OU=low/OU=top/O=o/ADMD=x/C=GB/")


def test_a_domain_has_no_case_and_one_form_but_a_local_part_has() -> None:
    assert mailbox_text_key("jane@Example.ORG") == mailbox_key(Mailbox(local="jane", domain="example.org."))
    assert mailbox_text_key("Jane@example.org") != mailbox_text_key("jane@example.org")
    assert mailbox_text_key("Jane@example.org", fold_local=True) == mailbox_text_key("jane@example.org", fold_local=True)
    assert mailbox_text_key("j@müller.example") == mailbox_text_key("j@xn--mller-kva.example")
    assert mailbox_text_key('"jane doe"@example.org') == mailbox_key(Mailbox(local="jane doe", domain="example.org"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/G=Jane/O=Acme/ADMD=a/C=GB/", "needs a surname"),
        ("/S=Doe/O=Acme/", "country or ADMD is missing"),
        ("/S=Doe/O=Acme/ADMD=a/C=GBR/", "country code"),
        ("/ADMD=a/C=GB/", "nothing below the ADMD"),
        (f"/S={'x' * 41}/ADMD=a/C=GB/", "longer than 40"),
        ("/S=Doe/S=Roe/ADMD=a/C=GB/", "twice"),
        ("/SURNAME=Doe/ADMD=a/C=GB/", "keyword"),
        ("jane", "expected an O/R address"),
    ],
)
def test_an_address_that_x400_does_not_allow_is_named(text: str, said: str) -> None:
    with pytest.raises(UserAddressError, match=said):
        oraddress_text_key(text)


@pytest.mark.parametrize("text", ["", "jane", "Jane <jane@example.org>", "a@b, c@d", "@x", "jane@"])
def test_what_is_not_one_bare_mailbox_is_refused(text: str) -> None:
    with pytest.raises(UserAddressError):
        mailbox_text_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "[X400:c=GB;a= ;p=Acme;o=Sales / Europe;s=Doe;g=Jane;]", "C=GB;A= ;P=Acme;O=Sales / Europe;S=Doe;G=Jane",
        "/C=gb/A= /P=acme/O=Sales // Europe/S=Doe/G=Jane/", "/G=Jane/S=Doe/O=Sales $/ Europe/PRMD=Acme/ADMD= /C=GB/",
    ],
)  # fmt: skip
def test_the_forms_of_products_are_read_as_the_mixer_reads_them(text: str) -> None:
    assert oraddress_text_key(text) == oraddress_key(any_form(text))
    assert oraddress_from(text).organization == "Sales / Europe"
    assert oraddress_text_key(text) == oraddress_text_key("/G=Jane/S=Doe/O=Sales $/ Europe/PRMD=Acme/ADMD= /C=GB/")


@pytest.mark.parametrize("fold", [False, True])
def test_a_letter_and_its_accent_are_one_character_or_two(fold: bool) -> None:
    """RFC 6532 3.1: normalisation form C; a Macintosh writes the other."""
    assert mailbox_text_key("jo\u0308rg@x.example", fold_local=fold) == mailbox_text_key("j\u00f6rg@x.example", fold_local=fold)
    assert mailbox_key(Mailbox(local="jo\u0308rg", domain="x.example")) == mailbox_key(Mailbox(local="j\u00f6rg", domain="x.example"))
    assert mailbox_text_key("jorg@x.example", fold_local=fold) != mailbox_text_key("j\u00f6rg@x.example", fold_local=fold)
