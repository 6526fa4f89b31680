"""The declarative tables: every element resolves, and every row obeys the law that it declares."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from gateway import asn1
from gateway.internet.fields import field
from gateway.mixer import envelope, heading
from gateway.mixer.descriptors import Scope
from gateway.mixer.eits import eits
from gateway.mixer.policy import Context, PeerPolicy
from gateway.mixer.rules import Codec, JointRule, Law, Notes, Rule, elements_from_fields, fields_from_elements
from gateway.mixer.stdor import from_text
from gateway.x400 import p1
from gateway.x400.charsets import Reading
from gateway.x400.extension_values import DLExpansion
from gateway.x400.extensions import EXTENSIONS
from gateway.x400.heading_extensions import HEADING_EXTENSIONS
from gateway.x400.ipm import Heading, IPMIdentifier, ORDescriptor, RecipientSpecifier
from gateway.x400.mts import PerMessageIndicators
from gateway.x400.oraddress import orname_from_oraddress
from gateway.x400.orname import EncodedORAddress

ROWS = [*heading.HEADING, *envelope.ENVELOPE]


def name_of(row: Rule | JointRule) -> str:
    return row.field if isinstance(row, Rule) else "/".join(row.fields)


def elements_of(row: Rule | JointRule) -> tuple[str, ...]:
    return (row.element,) if isinstance(row, Rule) else row.elements


@pytest.mark.parametrize("row", heading.HEADING, ids=name_of)
def test_every_heading_element_exists(row: Rule | JointRule) -> None:
    members = {one.attribute for one in asn1.describe(Heading).members}
    for name in elements_of(row):
        assert name in members or name.removeprefix("extension ") in HEADING_EXTENSIONS


@pytest.mark.parametrize("row", envelope.ENVELOPE, ids=name_of)
def test_every_envelope_element_exists(row: Rule | JointRule) -> None:
    members = {one.attribute for one in asn1.describe(p1.MessageTransferEnvelope).members}
    for name in elements_of(row):
        if name.startswith("extension "):
            assert int(name.removeprefix("extension ")) in EXTENSIONS
        elif name.startswith("indicator "):
            assert int(name.removeprefix("indicator ")) in set(PerMessageIndicators)
        else:
            assert name in members


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_a_row_weaker_than_exact_names_the_clause(row: Rule | JointRule) -> None:
    assert re.match(r"[0-9]", row.section)
    assert row.law is Law.EXACT or re.match(r"[0-9]", row.clause)


def test_no_field_and_no_element_belongs_to_two_rows() -> None:
    for table in (heading.HEADING, envelope.ENVELOPE):
        fields = [one.lower() for row in table for one in ((row.field, *row.aliases) if isinstance(row, Rule) else row.fields)]
        elements = [one for row in table for one in elements_of(row)]
        assert len(set(fields)) == len(fields)
        assert len(set(elements)) == len(elements)


# --- values for the laws ------------------------------------------------------------------------------------------------------------

_zones = st.sampled_from([UTC, timezone(timedelta(hours=1)), timezone(timedelta(hours=-5))])
_dates = st.builds(
    lambda seconds, zone: (datetime(1980, 1, 2, tzinfo=UTC) + timedelta(seconds=seconds)).astimezone(zone),
    st.integers(0, 3_155_000_000),
    _zones,
)
_names = st.sampled_from([
    orname_from_oraddress(from_text(text))
    for text in ("/G=Jane/S=Doe/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/", "/RFC-822=a(u)b(a)x.org/ADMD=TESTMAIL/C=XX/", "/X121=1/C=XX/ADMD=a/")
])  # fmt: skip
_free = st.none() | st.sampled_from([b"Jane Doe", b"J\xc2er\xc3ome (Home)", b'a "b" (c', b"x" * 64])
_descriptors = st.builds(
    ORDescriptor, formal_name=_names, free_form_name=_free, telephone_number=st.none() | st.just("+44 1 23")
) | st.builds(ORDescriptor, free_form_name=st.just(b"A Group"))
_specifiers = st.lists(st.builds(RecipientSpecifier, recipient=_descriptors, reply_requested=st.booleans()), min_size=1, max_size=3).map(
    tuple
)
_identifiers = st.builds(
    IPMIdentifier, user=st.none() | _names, user_relative_identifier=st.text(st.sampled_from("ab1 -.():=?"), min_size=1, max_size=20)
) | st.just(IPMIdentifier(user_relative_identifier="1(u)2(a)example.org"))
_lists = st.lists(_identifiers, min_size=1, max_size=3).map(tuple)
_oraddress = _names.map(
    lambda name: EncodedORAddress(
        built_in_standard_attributes=name.built_in_standard_attributes,
        built_in_domain_defined_attributes=name.built_in_domain_defined_attributes,
        extension_attributes=name.extension_attributes,
    )
)

VALUES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "From/Sender": st.fixed_dictionaries(
        {"originator": _descriptors}, optional={"authorizing_users": st.lists(_descriptors, min_size=1, max_size=2).map(tuple)}
    ),
    "To": st.fixed_dictionaries({"primary_recipients": _specifiers}),
    "Cc": st.fixed_dictionaries({"copy_recipients": _specifiers}),
    "Bcc": st.fixed_dictionaries({"blind_copy_recipients": _specifiers | st.just(())}),
    "Reply-To": st.fixed_dictionaries({"reply_recipients": st.lists(_descriptors, min_size=1, max_size=2).map(tuple)}),
    "Subject": st.fixed_dictionaries({"subject": st.binary(max_size=128)}),
    "Message-ID": st.fixed_dictionaries({"this_ipm": _identifiers}),
    "In-Reply-To/References": st.fixed_dictionaries({}, optional={"replied_to_ipm": _identifiers, "related_ipms": _lists}),
    "Supersedes": st.fixed_dictionaries({"obsoleted_ipms": _lists}),
    "Expires": st.fixed_dictionaries({"expiry_time": _dates}),
    "Reply-By": st.fixed_dictionaries({"reply_time": _dates}),
    "Importance": st.fixed_dictionaries({"importance": st.sampled_from([0, 1, 2])}),
    "Sensitivity": st.fixed_dictionaries({"sensitivity": st.sampled_from([1, 2, 3])}),
    "Autosubmitted/Auto-Submitted/Autoforwarded/Auto-Forwarded": st.fixed_dictionaries(
        {}, optional={heading.AUTO_SUBMITTED: st.sampled_from([0, 1, 2]), "auto_forwarded": st.just(True)}
    ),
    "Incomplete-Copy": st.fixed_dictionaries({heading.INCOMPLETE_COPY: st.just(asn1.NULL)}),
    "Content-Language": st.fixed_dictionaries({heading.LANGUAGES: st.sampled_from([("en",), ("en", "fr"), ("en-GB",)])}),
    "X400-Content-Identifier": st.fixed_dictionaries(
        {"content_identifier": st.text(st.sampled_from("ab12 .()_"), min_size=1, max_size=16)}
    ),
    "Original-Encoded-Information-Types": st.fixed_dictionaries(
        {"original_encoded_information_types": st.sampled_from([eits(["2.6.3.4.2"]), eits(["2.6.3.4.3", "1.0.10021.7.1.0.100"])])}
    ),
    "Priority": st.fixed_dictionaries({"priority": st.sampled_from([0, 1, 2])}),
    "Conversion": st.fixed_dictionaries({"indicator 1": st.just(True)}),
    "Conversion-With-Loss": st.fixed_dictionaries({"extension 4": st.just(1)}),
    "Deferred-Delivery": st.fixed_dictionaries({"deferred_delivery_time": _dates}),
    "Latest-Delivery-Time": st.fixed_dictionaries({"extension 5": _dates}),
    "Originator-Return-Address": st.fixed_dictionaries({"extension 13": _oraddress}),
    "DL-Expansion-History": st.fixed_dictionaries(
        {"extension 26": st.lists(st.builds(DLExpansion, dl=_names, dl_expansion_time=_dates), min_size=1, max_size=3).map(tuple)}
    ),
}
DEFAULTS = {"importance": 1, "priority": 0}


def round_trip(row: Rule | JointRule, elements: dict[str, Any], context: Context) -> dict[str, Any]:
    scope = Scope(context=context)
    fields = fields_from_elements([row], elements, scope, scope.notes)
    wire = [field(name, body) for name, body in fields]
    assert all(b"\n" not in one.body.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ") for one in wire)
    result = elements_from_fields([row], wire, scope, scope.notes)
    return dict(result.elements)


@pytest.mark.parametrize("row", [row for row in ROWS if row.law is not Law.ONE_WAY], ids=name_of)
def test_every_row_obeys_its_law(row: Rule | JointRule, context: Context) -> None:
    context = replace(context, policy=PeerPolicy(t61_reading=Reading.T61))

    @given(VALUES[name_of(row)])
    @limits(max_examples=25, deadline=None, database=None)
    def holds(elements: dict[str, Any]) -> None:
        once = round_trip(row, elements, context)
        if row.law is Law.EXACT:
            assert once == {name: value for name, value in elements.items() if DEFAULTS.get(name) != value}
        else:
            assert round_trip(row, once, context) == once

    holds()


@pytest.mark.parametrize("row", [row for row in ROWS if row.law is Law.ONE_WAY], ids=name_of)
def test_a_one_way_row_reads_nothing(row: Rule | JointRule, scope: Scope) -> None:
    result = elements_from_fields([row], [field(name_of(row), "x")], scope, scope.notes)
    assert not result.elements
    assert len(result.left) == 1


def test_what_does_not_parse_is_left_over_and_noted(scope: Scope) -> None:
    fields = [field("Expires", "soon"), field("Importance", "rather"), field("X-Other", "1")]
    result = elements_from_fields(heading.HEADING, fields, scope, scope.notes)
    assert [one.name for one in result.left] == ["Expires", "Importance", "X-Other"]
    assert len(scope.notes.taken()) == 2


def test_two_to_fields_are_one_list(scope: Scope) -> None:
    result = elements_from_fields(heading.HEADING, [field("To", "a@x.org"), field("to", "b@x.org")], scope, scope.notes)
    assert len(result.elements["primary_recipients"]) == 2
    assert not result.left


def test_repeated_fields_that_make_one_list_are_read_once() -> None:
    """5.1.3: two ``To`` are one list. Reading the list again for each of them let a header of 60 kB hold up everybody for minutes."""
    read: list[str] = []

    def to_element(body: str, scope: object) -> str:
        read.append(body)
        return body

    codec = Codec(to_element=to_element, to_field=lambda value, scope: value)
    row = Rule(field="To", element="e", section="5.1.3", joiner=", ", codec=codec)
    result = elements_from_fields([row], [field("To", name) for name in ("a@x", "", "b@x", "c@x")], None, Notes())
    assert read == ["a@x, b@x, c@x"]
    assert (result.elements, result.left) == ({"e": "a@x, b@x, c@x"}, ())
