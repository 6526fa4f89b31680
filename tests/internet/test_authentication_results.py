"""Authentication-Results (RFC 8601): our own field is written, and nobody else's is taken for ours."""

from __future__ import annotations

import authres
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.internet.authentication_results import comment_for, identifier_of, is_of, results_field, stamped, value_for
from gateway.internet.fields import field
from gateway.internet.message import parse

RESULTS = {
    "helo": "client.example", "protocol": "ESMTP", "dmarc": "pass (p=reject) header.from=example.org",
    "dkim/2": "fail (the body was changed) header.d=other.example", "dkim": "pass header.d=example.org header.s=r1 header.b=abcDEF12",
    "spf": "pass (ip4:192.0.2.1) smtp.mailfrom=ann@example.org",
}  # fmt: skip


def test_the_field_is_read_by_another_implementation() -> None:
    """The library authres, written by others, finds each method with its result and properties."""
    made = results_field("gw.example", RESULTS)
    assert made is not None
    read = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {made.value}")
    assert read.authserv_id == "gw.example"
    assert [(one.method, one.result) for one in read.results] == [("spf", "pass"), ("dkim", "pass"), ("dkim", "fail"), ("dmarc", "pass")]
    found = {(prop.type, prop.name): prop.value for one in read.results[:2] for prop in one.properties}
    assert found[("smtp", "mailfrom")] == "ann@example.org" and found[("header", "b")] == "abcDEF12"


def test_without_results_there_is_no_field() -> None:
    assert results_field("gw.example", {"helo": "x"}) is None


@pytest.mark.parametrize(
    ("value", "identifier"),
    [
        ("gw.example; spf=pass", "gw.example"),
        (" GW.Example. 1; none", "gw.example"),
        ("(a (nested) comment) gw.example (more); none", "gw.example"),
        ('"gw.example"; none', "gw.example"),
        ('"g\\w.example"; none', "gw.example"),
        ("gw.example", "gw.example"),
        ("(;)gw.example;", "gw.example"),
        ("gw.example.evil; none", "gw.example.evil"),
        ("", ""),
        (";spf=pass", ""),
    ],
)
def test_whose_field_it_is(value: str, identifier: str) -> None:
    assert identifier_of(value) == identifier


def test_forged_results_are_removed_and_others_stay() -> None:
    """RFC 8601 section 5: a border server removes what pretends to be its own."""
    message = parse(
        b"Authentication-Results: border.example; spf=pass\r\nAUTHENTICATION-RESULTS: (x)\r\n Gw.example; dkim=pass\r\n"
        b"authentication-results:gw.example;none\r\nFrom: a@b\r\n\r\nbody"
    )
    found = stamped(message, "gw.example", RESULTS)
    assert [each.value.split(";")[0] for each in found.header.all("Authentication-Results")] == ["gw.example", "border.example"]
    assert next(iter(found.header)).value.startswith("gw.example; spf=pass")
    assert found.body == message.body
    untouched = parse(b"From: a@b\r\n\r\n")
    assert stamped(untouched, "gw.example", {}) is untouched


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_no_text_breaks_out_of_its_place(text: str) -> None:
    """Who a client says it is ends up in the field: it adds no result and no line."""
    made = results_field("gw.example", {"spf": f"fail{comment_for(text)} smtp.helo={value_for(text)}"})
    assert made is not None and made.value.isascii() and "\n" not in made.value
    read = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {made.value}")
    assert [(one.method, one.result) for one in read.results] == [("spf", "fail")]
    assert not is_of(field("Authentication-Results", text + ".other"), "gw.example")
