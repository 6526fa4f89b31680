"""Profiles of peers: each value is one that is known of the product, a peer's own keys count for more, and the manual lists them all."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

from gateway import config
from gateway.building.mta import peers_from
from gateway.building.policy import policy_from, profile_policy, profile_section
from gateway.config import BodySection, PolicySection, profile_names
from gateway.mixer.body_policy import MICROSOFT, BodyPolicy, Carrier, FileNames, TextForm
from gateway.mixer.policy import InternalTrace, PeerPolicy
from gateway.mta.peers import Peer
from tests.profiles import DOCUMENT, document, profiles
from tests.shared import require_shared

GATEWAY = """
[gateway]
domain = "x400.example.org"
oraddress = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
global_domain = "/PRMD=EXAMPLE/ADMD=DEMO/C=XX/"
mta_name = "GATEWAY"
postmaster = "postmaster@example.org"
[[mta.peer]]
name = "partner"
mta_name = "PARTNER"
"""


def peer(folder: Path, text: str) -> Peer:
    path = folder / "gateway.toml"
    path.write_text(GATEWAY + text)
    found = peers_from(config.load(path)).get("partner")
    assert found is not None
    return found


def test_the_names() -> None:
    asked = {"default", "strict-rfc2157", "exchange-5.5", "exchange-2003", "isode-mswitch", "pp-isode", "x400-1984"}
    assert asked <= set(profile_names())


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("default", "checkpoint_size_kilobytes", 30),  # standard defaults
        ("default", "window_size", 5),
        ("default", "tpdu_size_octets", 2048),
        ("default", "idle_timeout_seconds", 300),
        ("default", "dialogue", "monologue"),
        ("slow-line", "checkpoint_size_kilobytes", 10),
        ("slow-line", "window_size", 3),
        ("slow-line", "idle_timeout_seconds", 360),
        ("very-slow-line", "checkpoint_size_kilobytes", 15),
        ("very-slow-line", "window_size", 2),
        ("very-slow-line", "idle_timeout_seconds", 600),
        ("exchange-4.0", "window_size", 3),
        ("exchange-5.5", "window_size", 5),
        ("exchange-5.5", "checkpoint_size_kilobytes", 15),
        ("exchange-5.5", "associations", 9),
        ("exchange-2003", "checkpoint_size_kilobytes", 15),
        ("ms-mail-gateway", "checkpoint_size_kilobytes", 0),
        ("ms-mail-gateway", "incoming", 1),
        ("lotus-soft-switch", "tpdu_size_octets", 2048),
        ("dec-mailbus", "tpdu_size_octets", 2048),
        ("infonet", "window_size", 5),
        ("ean", "tpdu_size_octets", 256),
        ("pp-isode", "octet_string_password", True),
        ("pp-isode", "name_match", "caseless"),
        ("default", "mode", "88-normal"),
        ("x400-1984", "mode", "1984"),
        ("x400-1984", "session_version", "1"),
        ("ms-mail-gateway", "mode", "1984"),
        ("ms-mail-gateway", "application_protocol", 1),
        ("infonet", "mode", "88-normal"),
        ("exchange-5.5", "urgent_associations", 1),
    ],
)
def test_what_is_negotiated(name: str, attribute: str, value: object) -> None:
    assert getattr(profile_section(name), attribute) == value


@pytest.mark.parametrize(
    ("name", "carrier"),
    [
        ("default", Carrier.FTBP), ("exchange-5.5", Carrier.FTBP), ("hp-openmail", Carrier.FTBP), ("infonet", Carrier.BP15),
        ("dec-mailbus", Carrier.BP15), ("isoplex", Carrier.BP14), ("pp-isode", Carrier.BP14), ("x400-1984", Carrier.BP14),
        ("ms-mail-gateway", Carrier.BP14), ("wang-office", Carrier.BP14), ("ean", Carrier.BP14),
    ],
)  # fmt: skip
def test_what_carries_files(name: str, carrier: Carrier) -> None:
    body = profile_policy(name).body
    assert (body.octet_stream, body.unknown_mime) == (carrier, carrier)


@pytest.mark.parametrize("name", ["x400-1984", "ms-mail-gateway", "wang-office", "mci", "sprint", "ean"])
def test_1984_systems_get_nothing_of_1988(name: str) -> None:
    policy = profile_policy(name)
    assert (policy.x400_version, policy.body.text_form, policy.body.file_names) == (84, TextForm.TELETEX, FileNames.LIST)


def test_character_sets_of_exchange() -> None:
    """Q156369: general text in {1, 6, 100} only; Q193345, Q176235: later also Greek and Cyrillic."""
    assert profile_policy("exchange-4.0").body.general_text_charsets == {"iso-8859-1"}
    assert profile_policy("exchange-5.5").body.general_text_charsets == {"iso-8859-1", "iso-8859-5", "iso-8859-7"}


def test_the_rest_of_what_is_known() -> None:
    assert not profile_policy("exchange-4.0").heading_extension and profile_policy("exchange-5.5").heading_extension
    assert profile_policy("exchange-5.5").internet_labels == {"SMTP"}
    assert profile_policy("exchange-5.5").repair_double_escapes
    assert profile_section("hp-openmail").policy.internal_trace == "strip"
    assert not profile_policy("sprint").free_form_names
    assert profile_policy("dec-mailbus").body.text_preamble == bytes.fromhex("1b28420f")
    assert profile_section("pp-isode").policy.extensions == "draft"
    assert (profile_section("pp-isode").called.tsel, profile_section("infonet").called.tsel) == (b"591", b"1032")
    strict = profile_policy("strict-rfc2157")
    assert (strict.body.octet_stream, strict.body.unknown_mime, strict.body.strict_bodies) == (Carrier.BP14, Carrier.FTBP, True)


def test_the_default_profile_is_the_default_policy() -> None:
    """But for the internal trace, which leaves our domain only where the configuration says so (Q169299)."""
    assert profile_policy("default") == replace(PeerPolicy(), internal_trace=InternalTrace.STRIP)
    assert "default" in {one.name for one in profiles() if not one.lines}


def test_what_a_peer_says_itself_counts_for_more(tmp_path: Path) -> None:
    found = peer(
        tmp_path,
        """profile = "exchange-5.5"
window_size = 2
policy.attachments = "bp14"
policy.body.unknown_mime = "bp15"
policy.body.applications = { "1.2.3" = "application/x-foo" }
policy.largest_octets = 1000000
""",
    )
    assert (found.window_size, found.checkpoint_size, found.tpdu_size) == (2, 15, 2048)
    body = found.policy.body
    assert (body.octet_stream, body.unknown_mime) == (Carrier.BP14, Carrier.BP15)
    assert body.general_text_charsets == {"iso-8859-1", "iso-8859-5", "iso-8859-7"}, "the rest stays as the profile has it"
    assert body.applications == MICROSOFT | {"1.2.3": "application/x-foo"}
    assert found.policy.largest_octets == 1000000


def test_every_choice_can_be_configured() -> None:
    assert {one.name for one in fields(BodyPolicy)} == set(BodySection.model_fields)
    made_of_two = {"bilateral": {"bilateral_domain", "bilateral_information"}}
    plain = {one.name for one in fields(PeerPolicy)} - set(made_of_two)
    assert plain | set().union(*made_of_two.values()) <= set(PolicySection.model_fields)


def test_defaults_of_the_keys_are_those_of_the_policy() -> None:
    assert policy_from(PolicySection(), in_our_domain=True) == PeerPolicy()


@pytest.mark.parametrize("name", profile_names())
def test_each_value_names_a_source_that_says_so(name: str) -> None:
    """The numbers of articles stand in the digest of what is known of products."""
    digest = (require_shared() / "specs" / "quirk-profiles.md").read_text(encoding="utf-8")
    one = next(each for each in profiles() if each.name == name)
    for line in one.lines:
        assert re.search(r"Q\d{5,6}|RFC \d{4}|PP (?:manual|source)", line.source), line
        assert all(number in digest for number in re.findall(r"Q\d{5,6}", line.source)), line


def test_the_manual_lists_the_profiles() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run: python -m tests.profiles"
