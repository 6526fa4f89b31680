"""Section 7 of the interoperability cases: trace and loop control."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import asn1
from gateway.building.mta import peers_from
from gateway.config import load
from gateway.errors import ConversionError, Failure
from gateway.internet.fields import field
from gateway.mixer.conversion_control import LOSS_IS_FORBIDDEN, MUST_NOT_BE_CONVERTED
from gateway.mixer.identifiers import is_same_domain, text_from_global_domain
from gateway.mixer.policy import InternalTrace, PeerPolicy
from gateway.mixer.rules import Notes
from gateway.mixer.stdor import from_text
from gateway.mixer.trace import (
    Hop,
    LoopError,
    check_hops,
    check_identifier,
    check_received,
    external_trace,
    hop_from_text,
    hops_of,
    internal_trace,
    own_hop,
    text_from_hop,
)
from gateway.permission import RELAYING, Granted, ToX400, from_p1
from gateway.x400.extensions import StandardExtension, extension_value
from gateway.x400.mts import GlobalDomainIdentifier, MTSIdentifier, PrivateDomainIdentifier
from gateway.x400.mts_trace import InternalTraceInformationElement, OtherActions, TraceInformationElement
from gateway.x400.orname import AdministrationDomainName, CountryName
from tests.interop.mixing import CONTEXT, ELSEWHERE, SETTINGS, ipm, noted, p1_message, p1_of, peer, to_internet, to_x400

INFOTEST = bytes.fromhex("302E 6314 610413027573 620A1308696E666F74657374 1300 3116 8011 3936303832383135323330382B30303030 820100")
START = datetime(2024, 3, 1, 9, tzinfo=UTC)


def hop(domain: str, minute: int = 0, *, mta: str | None = None, **changes: object) -> Hop:
    at = START + timedelta(minutes=minute)
    words = f"by mta {mta} in {domain}" if mta else f"by {domain}"
    made = hop_from_text(f"{words}; Relayed; {at:%a, %d %b %Y %H:%M:%S} +0000")
    from dataclasses import replace

    return replace(made, **changes)  # type: ignore[arg-type]


# --- IC-053


def test_ic_053_a_zero_length_prmd_in_the_first_trace_element() -> None:
    element = asn1.decode(INFOTEST, TraceInformationElement)
    (only,) = hops_of((element,))
    shown = text_from_hop(only)
    assert shown == "by /ADMD=infotest/C=us/; Relayed; Wed, 28 Aug 1996 15:23:08 +0000"
    again = asn1.encode(external_trace([hop_from_text(shown)])[0])
    assert b"\x13\x00" not in again
    assert again == INFOTEST.replace(b"\x13\x00", b"").replace(b"\x30\x2e\x63\x14", b"\x30\x2c\x63\x12")


def test_ic_053_a_message_with_such_a_trace_is_delivered() -> None:
    element = asn1.decode(INFOTEST, TraceInformationElement)
    made = to_internet(p1_message(ipm(), trace_information=(element,)))
    assert b"X400-Received: by /ADMD=infotest/C=us/;" in made.result.message.to_bytes()


# --- IC-054


def test_ic_054_identifier_and_first_trace_element_of_different_domains_are_noted() -> None:
    element = external_trace([hop("/PRMD=X/ADMD=TELEMAIL/C=US/")])
    made = to_internet(p1_message(ipm(), trace_information=element))
    (text,) = noted(made, "message-identifier")
    assert "/PRMD=WIDGET/ADMD=TESTMAIL/C=XX/" in text
    assert "/PRMD=X/ADMD=TELEMAIL/C=US/" in text


def test_ic_054_refusal_only_where_the_policy_says_so() -> None:
    message = p1_message(ipm(), trace_information=external_trace([hop("/PRMD=X/ADMD=TELEMAIL/C=US/")]))
    with pytest.raises(ConversionError) as refusal:
        to_internet(message, context=peer(strict_trace=True))
    assert (refusal.value.failure.reason, refusal.value.failure.diagnostic) == (1, 11)


# --- IC-055

HOPS = (hop("/PRMD=A/ADMD=a/C=xx/", mta="one"), hop("/PRMD=A/ADMD=a/C=xx/", 1, mta="two"), hop("/PRMD=B/ADMD=a/C=xx/", 2, mta="three"))


@pytest.mark.parametrize(("much", "names"), [
    (InternalTrace.KEEP, ["one", "two", "three"]), (InternalTrace.FIRST, ["one", "three"]), (InternalTrace.STRIP, []),
])  # fmt: skip
def test_ic_055_how_much_internal_trace_a_peer_gets(much: InternalTrace, names: list[str]) -> None:
    assert [one.mta_name for one in internal_trace(HOPS, much)] == names


CONFIG = """
[gateway]
domain = "x400.example.org"
oraddress = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
global_domain = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
mta_name = "GATEWAY"
postmaster = "postmaster@example.org"

[[mta.peer]]
name = "peer"
mta_name = "PEER"
routes = ["{route}"]
{more}
"""


@pytest.mark.parametrize(("route", "more", "much"), [
    ("/PRMD=PARTNER/ADMD=DEMO/C=XX/", "", InternalTrace.STRIP),
    ("/O=Unit/PRMD=EXAMPLE/ADMD=DEMO/C=XX/", "", InternalTrace.KEEP),
    ("/ADMD=DEMO/C=XX/", "", InternalTrace.STRIP),
    ("/PRMD=PARTNER/ADMD=DEMO/C=XX/", 'policy = { internal_trace = "keep" }', InternalTrace.KEEP),
    ("/O=Unit/PRMD=EXAMPLE/ADMD=DEMO/C=XX/", 'policy = { internal_trace = "first" }', InternalTrace.FIRST),
])  # fmt: skip
def test_ic_055_only_peers_of_our_own_domain_get_it(tmp_path: Path, route: str, more: str, much: InternalTrace) -> None:
    (tmp_path / "gateway.toml").write_text(CONFIG.format(route=route, more=more))
    (found,) = peers_from(load(tmp_path / "gateway.toml"))
    assert found.policy.internal_trace is much


def test_ic_055_none_at_all_is_no_extension() -> None:
    envelope = p1_of(to_x400("Subject: x", context=peer(internal_trace=InternalTrace.STRIP))).envelope
    assert extension_value(envelope.extensions, StandardExtension.INTERNAL_TRACE_INFORMATION) is None
    assert len(envelope.trace_information) == 2


def test_ic_055_never_in_1984() -> None:
    made = to_x400("Subject: x", context=peer(x400_version=84))
    assert p1_of(made).envelope.extensions == ()
    assert any("Internal-Trace-Information" in text for text in noted(made, "1984"))


def test_ic_055_internal_trace_that_a_peer_leaks_is_no_loop() -> None:
    """Elements of other MTAs, of their domain and of ours, and bilateral information: nothing of it says that the message was here."""
    ours = "/PRMD=GATEWAY/ADMD=TESTMAIL/C=XX/"
    leaked = (hop("/PRMD=A/ADMD=a/C=xx/", mta="gw.example"), hop(ours, 1, mta="other-gateway"), hop("/PRMD=A/ADMD=a/C=xx/", 2, mta="one"))
    check_hops(leaked, SETTINGS, PeerPolicy())
    check_hops(leaked, SETTINGS, PeerPolicy(other_domain=True))
    assert to_internet(p1_message(ipm(), trace_information=external_trace(leaked))).result.message


# --- loops (DESIGN section 7)


def test_our_mta_in_the_trace_again_is_a_loop_unless_something_changed_since() -> None:
    ours = own_hop(CONTEXT, None)
    with pytest.raises(LoopError):
        check_hops((ours, hop("/ADMD=a/C=xx/")), SETTINGS, PeerPolicy())
    for change in ({"other_actions": frozenset({OtherActions.DL_OPERATION})}, {"other_actions": frozenset({OtherActions.REDIRECTED})},
                   {"routing_action": 1}):  # fmt: skip
        check_hops((ours, hop("/ADMD=a/C=xx/", **change)), SETTINGS, PeerPolicy())


def test_our_domain_alone_is_a_loop_only_from_another_domain() -> None:
    trace = (hop("/PRMD=GATEWAY/ADMD=TESTMAIL/C=XX/"), hop("/ADMD=a/C=xx/", 1))
    check_hops(trace, SETTINGS, PeerPolicy())
    with pytest.raises(LoopError):
        check_hops(trace, SETTINGS, PeerPolicy(other_domain=True))


# --- IC-056


def test_ic_056_what_would_go_back_is_answered_at_once() -> None:
    """# Deviation: 1/29 and not 1/0, since every relaying between X.400 peers is refused with it; it is not handed back either way."""
    back = ToX400(address=from_text("/S=nobody/PRMD=PARTNER/ADMD=DEMO/C=XX/"), peer="partner")
    assert from_p1(Granted(to_internet=True), from_text("/S=x/ADMD=DEMO/C=XX/"), back) is RELAYING
    assert RELAYING.smtp_code >= 500


# --- IC-057


@pytest.mark.parametrize("failure", [
    MUST_NOT_BE_CONVERTED, LOSS_IS_FORBIDDEN, Failure(reason=1, diagnostic=7, smtp_code=552, status="5.3.4", text="too long"),
])  # fmt: skip
def test_ic_057_size_and_conversion_are_final_for_a_recipient(failure: Failure) -> None:
    from gateway.relay import _outcome_of
    from gateway.spool.transfer import Result

    assert _outcome_of(failure, START).result is Result.FAILED


def test_ic_057_more_than_25_visits_are_a_loop() -> None:
    visits = [hop(f"/ADMD=a{number}/C=xx/", number) for number in range(26)]
    check_hops(visits[:25], SETTINGS, PeerPolicy())
    with pytest.raises(LoopError) as loop:
        check_hops(visits, SETTINGS, PeerPolicy())
    assert (loop.value.failure.reason, loop.value.failure.diagnostic) == (1, 3)
    assert (loop.value.failure.smtp_code, loop.value.failure.status) == (554, "5.4.6")


def test_ic_057_two_mtas_that_hand_a_message_to_and_fro_are_caught() -> None:
    pair = [hop("/ADMD=a/C=xx/", number, mta=f"mta{number % 2}") for number in range(60)]
    with pytest.raises(LoopError):
        check_hops(pair, SETTINGS, PeerPolicy())


def test_ic_057_many_mtas_of_one_domain_are_no_loop() -> None:
    check_hops([hop("/ADMD=a/C=xx/", number, mta=f"mta{number}") for number in range(60)], SETTINGS, PeerPolicy())


@pytest.mark.parametrize("name", ["X400-Received", "DL-Expansion-History", "Received"])
def test_T7_trace_that_is_read_back_is_bounded_in_number(name: str) -> None:
    body = "by /ADMD=a/C=xx/; Relayed; Fri, 1 Mar 2024 09:00:00 +0000" if name != "DL-Expansion-History" else "a@b.org ; Fri, 1 Mar 2024 ;"
    check_received([field(name, body)] * 99, SETTINGS)
    with pytest.raises(LoopError):
        check_received([field(name, body)] * 100, SETTINGS)


# --- IC-058


def domain(admd: AdministrationDomainName, prmd: str | None = "P") -> GlobalDomainIdentifier:
    private = PrivateDomainIdentifier(printable=prmd) if prmd is not None else None
    country = CountryName(iso_3166_alpha2_code="XX")
    return GlobalDomainIdentifier(country_name=country, administration_domain_name=admd, private_domain_identifier=private)


BLANKS = [AdministrationDomainName(printable=" "), AdministrationDomainName(numeric=" "), AdministrationDomainName(printable=""),
          AdministrationDomainName(numeric="0")]  # fmt: skip


@pytest.mark.parametrize("one", BLANKS, ids=str)
@pytest.mark.parametrize("other", BLANKS, ids=str)
def test_ic_058_blank_admds_of_every_type_are_one(one: AdministrationDomainName, other: AdministrationDomainName) -> None:
    assert is_same_domain(domain(one), domain(other))
    assert is_same_domain(domain(one, ""), domain(other, None))
    assert not is_same_domain(domain(one), domain(AdministrationDomainName(printable="a")))


@pytest.mark.parametrize("admd", BLANKS, ids=str)
def test_ic_058_identifier_and_trace_that_differ_in_type_only_are_not_noted(admd: AdministrationDomainName) -> None:
    notes = Notes()
    identifier = MTSIdentifier(global_domain_identifier=domain(admd), local_identifier="1")
    check_identifier(identifier, [hop("/PRMD=P/ADMD= /C=XX/")], PeerPolicy(strict_trace=True), notes)
    assert notes.taken() == ()


@pytest.mark.parametrize("admd", BLANKS, ids=str)
def test_ic_058_type_and_value_stay_as_they_came(admd: AdministrationDomainName) -> None:
    found = domain(admd)
    assert asn1.decode(asn1.encode(found, strict=False), GlobalDomainIdentifier) == found
    assert text_from_global_domain(found).startswith("/PRMD=P/ADMD=")


def test_ic_058_an_internal_twin_with_another_type_is_still_a_twin() -> None:
    outer, inner = BLANKS[0], BLANKS[1]
    internal = internal_trace([hop("/PRMD=P/ADMD= /C=XX/", mta="one")])
    changed = InternalTraceInformationElement(
        global_domain_identifier=domain(inner), mta_name="one", mta_supplied_information=internal[0].mta_supplied_information
    )
    external = external_trace([hop("/PRMD=P/ADMD= /C=XX/")])[0]
    external = TraceInformationElement(
        global_domain_identifier=domain(outer), domain_supplied_information=external.domain_supplied_information
    )
    assert len(hops_of((external,), (changed,))) == 1
    assert ELSEWHERE
