"""O/R addresses as people and products write them; which texts are O/R addresses and which are mailboxes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.mixer.product_forms import is_oraddress, oraddress_from, standard_form
from gateway.mixer.stdor import to_text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("/G=Hans/S=Mueller/O=x/P=acme/A=dbp/C=de/", "/G=Hans/S=Mueller/O=x/PRMD=acme/ADMD=dbp/C=de/"),
        ("c=de;a=dbp;p=acme;o=x;s=mueller;g=hans", "/G=hans/S=mueller/O=x/PRMD=acme/ADMD=dbp/C=de/"),
        ("G=hans; S=mueller; P=acme; A=dbp; C=de", "/G=hans/S=mueller/PRMD=acme/ADMD=dbp/C=de/"),
        ("X400:c=de;a= ;p=acme;s=mueller;", "/S=mueller/PRMD=acme/ADMD= /C=de/"),
        ("c=de;p=acme;s=mueller;a= ", "/S=mueller/PRMD=acme/ADMD= /C=de/"),
        ("[X400:c=fr;a=atlas;s=x]", "/S=x/ADMD=atlas/C=fr/"),
        ("<x400:c=fr;a=atlas;s=x>", "/S=x/ADMD=atlas/C=fr/"),
        ('"X400:c=fr;a=atlas;s=x"', "/S=x/ADMD=atlas/C=fr/"),
        ("c=xx;a=b;p=c;dda:RFC-822=joe_doe@example.org", "/RFC-822=joe(u)doe(a)example.org/PRMD=c/ADMD=b/C=xx/"),
        ("/RFC-822=joe@example.org/PRMD=c/ADMD=b/C=xx/", "/RFC-822=joe(a)example.org/PRMD=c/ADMD=b/C=xx/"),
        ("c=xx;a=b;dda:ID=x=y;s=z", "/DD.ID=x$=y/S=z/ADMD=b/C=xx/"),
    ],
)
def test_forms_that_are_read(text: str, meant: str) -> None:
    assert is_oraddress(text)
    assert to_text(oraddress_from(text)) == meant


@pytest.mark.parametrize(
    "text",
    [
        "joe@example.org", "/S=x/C=GB/@gw.example", '"/S=x/C=GB/"@gw.example', "/RFC-822=joe(a)x.example/C=GB/@gw.example",
        "a=b@c.example", '"/RFC-822=joe@x/C=GB/"@gw.example', "joe",
    ],
)  # fmt: skip
def test_a_mailbox_is_none_whatever_its_local_part(text: str) -> None:
    assert not is_oraddress(text)


def test_one_escape_of_a_slash_is_not_mixed_with_two_components() -> None:
    with pytest.raises(GatewayError):
        oraddress_from("/S=B//O=C/ADMD=a/C=xx/")


@given(st.text(alphabet="/;=$\\@.:[]<>\"'X400xca _\r\n\0é", max_size=40))
def test_hostile_text_gives_an_address_or_a_gateway_error(text: str) -> None:
    try:
        found = to_text(oraddress_from(text))
    except GatewayError:
        return
    assert found.isprintable()
    assert to_text(oraddress_from(found)) == found
    assert standard_form(found) == found
