"""Trace and loop detection: RFC 2156 5.1.6, 5.1.7, 5.3.7."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.internet.fields import field
from gateway.internet.message import parse
from gateway.mixer.eits import eits
from gateway.mixer.policy import Context, PeerPolicy
from gateway.mixer.rules import Notes
from gateway.mixer.stdor import from_text
from gateway.mixer.trace import (
    LoopError,
    check_hops,
    check_received,
    external_trace,
    hop_from_text,
    hops_from_fields,
    hops_of,
    internal_trace,
    own_hop,
    received_field,
    text_from_hop,
)
from gateway.x400 import oids
from gateway.x400.mts_trace import OtherActions

EXAMPLES = [
    "by /PRMD=UK.AC/ADMD=Gold 400/C=GB/; Relayed; Tue, 20 Jun 1989 19:25:11 +0100",
    'by mta "UK.AC.UCL.CS" in /PRMD=UK.AC/ADMD=Gold 400/C=GB/; deferred until Tue, 20 Jun 1989 14:24:22 +0100; '
    "converted (Undefined, G3-Fax); attempted MD /ADMD=Foo/C=GB/; Relayed, Redirected, Expanded; Tue, 20 Jun 1989 19:25:11 +0100",
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_of_5_3_7(text: str) -> None:
    assert text_from_hop(hop_from_text(text)) == text


def test_the_examples_as_the_rfc_prints_them() -> None:
    hop = hop_from_text(
        'by mta "UK.AC.UCL.CS" in /PRMD=UK.AC/ADMD=Gold 400/C=GB/ ; deferred until  Tue, 20 Jun 89 14:24:22 +0100 ; '
        "converted (undefined, g3fax) ; attempted MD /ADMD=Foo/C=GB/ ; Relayed, Expanded, Redirected ; Tue, 20 Jun 89 19:25:11 +0100"
    )
    assert text_from_hop(hop) == EXAMPLES[1]


def test_date_received_and_the_gateway_make_the_trace(context: Context) -> None:
    fields = [
        field("Received", "from b by c.widget.example; Mon, 23 Nov 2026 11:30:00 +0000"),
        field("Received", "from a by b.example.org; Mon, 23 Nov 2026 11:00:00 +0000"),
        field("Date", "Mon, 23 Nov 2026 10:59:00 +0100"),
    ]
    origin = from_text("/RFC-822=x(a)y.org/PRMD=GATEWAY/ADMD=TESTMAIL/C=XX/")
    hops = (*hops_from_fields(fields, origin, "y.org", context, Notes()), own_hop(context, eits([oids.EIT_MIXER])))
    assert [hop.mta for hop in hops] == ["y.org", "b.example.org", "c.widget.example", "gw.example"]
    assert hops[0].arrival.isoformat() == "2026-11-23T10:59:00+01:00"
    assert len(external_trace(hops)) == 3
    assert hops_of(external_trace(hops), internal_trace(hops)) == hops


def test_x400_received_is_mapped_back_and_date_makes_no_element(context: Context) -> None:
    fields = [field("X400-Received", EXAMPLES[0]), field("Date", "Mon, 23 Nov 2026 10:59:00 +0100")]
    hops = hops_from_fields(fields, from_text("/S=x/ADMD=a/C=xx/"), "", context, Notes())
    assert [text_from_hop(hop) for hop in hops] == [EXAMPLES[0]]


def test_a_message_that_was_here_before_loops_unless_it_was_expanded_since(context: Context) -> None:
    ours = own_hop(context, None)
    with pytest.raises(LoopError) as error:
        check_hops((ours, hop_from_text(EXAMPLES[0])), context.settings, PeerPolicy())
    assert (error.value.failure.diagnostic, error.value.failure.status) == (3, "5.4.6")
    expanded = replace(hop_from_text(EXAMPLES[0]), other_actions=frozenset({OtherActions.DL_OPERATION}))
    check_hops((ours, expanded), context.settings, PeerPolicy())


def test_more_than_five_conversions_are_a_loop(context: Context) -> None:
    converted = replace(hop_from_text(EXAMPLES[0]), converted=eits([oids.EIT_MIXER]))
    check_hops((converted,) * 5, context.settings, PeerPolicy())
    with pytest.raises(LoopError):
        check_hops((converted,) * 6, context.settings, PeerPolicy())
    line = field(*received_field((), context))
    check_received([line] * 5, context.settings)
    with pytest.raises(LoopError):
        check_received([line] * 6, context.settings)


def test_a_hostile_mta_name_stays_in_its_place(context: Context) -> None:
    hop = replace(hop_from_text(EXAMPLES[1]), mta='x"\r\nBcc: y; z')
    assert "\n" not in text_from_hop(hop)
    assert hop_from_text(text_from_hop(hop)).domain == hop.domain
    assert ";" not in received_field((hop,), context)[1].split(" by ")[0]


def test_conversions_count_in_one_direction_only(context: Context) -> None:
    """5.1.5: five conversions to X.400 are accepted, six are a loop; those of the other direction are counted on their own."""
    to_x400 = "X400-Received: by /ADMD=a/C=xx/; converted (IA5-Text, (1)(3)(6)(1)(7)(1)(3)(5)); Relayed; Fri, 1 Mar 2024 09:00:00 +0000\r\n"
    back = "Received: from a by b (MIXER Conversion following RFC 2156); Fri, 1 Mar 2024 09:00:00 +0000\r\n"
    check_received(parse((to_x400 + back).encode() * 5 + b"\r\n").header, context.settings)
    for one in (to_x400, back):
        with pytest.raises(LoopError):
            check_received(parse(one.encode() * 6 + b"\r\n").header, context.settings)
