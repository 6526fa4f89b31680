"""``mixer convert --explain``: the rules that ran, the plan for each profile, downgrading, the way back; and ``--profile``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway import asn1
from gateway.config import profile_names
from gateway.x400 import p1
from gateway.x400.ipm import InformationObject
from tests.shared import require_shared

LETTER = """From: Anna Berg <anna.berg@example.org>
To: joerg.mueller@partner.example
Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=
X-Mood: fine
Message-ID: <explain.1@example.org>
Date: Mon, 23 Nov 2026 12:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="a b.pdf"
Content-Transfer-Encoding: base64

AAECAwQ=
--b
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64

/wD+
--b--
""".replace("\n", "\r\n")


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.eml"
    path.write_text(LETTER)
    return path


@pytest.fixture
def explained(mixer, config, letter) -> dict[str, Any]:
    found: dict[str, Any] = mixer("convert", letter, "-c", config, "--explain", "--json").json["explain"]
    return found


def carriers(body: list[str]) -> list[str]:
    """The names of the body parts, without what is in them."""
    return [line.partition(" (")[0].partition(",")[0] for line in body]


def plan(explained: dict[str, Any], profile: str) -> dict[str, Any]:
    (found,) = [each for each in explained["profiles"] if each["profile"] == profile]
    return found


def test_each_rule_that_ran_with_its_section_and_law(explained):
    assert any(rule.startswith("From -> ") and "5.1.3" in rule for rule in explained["rules"])
    assert any(rule.startswith("Message-ID -> ") and "4.7.3" in rule for rule in explained["rules"])
    assert not any(rule.startswith("Cc") for rule in explained["rules"])


def test_each_address_with_the_steps_that_mapped_it(explained):
    found = {each["address"]: each for each in explained["addresses"]}
    assert found["joerg.mueller@partner.example"]["result"] == "/G=joerg/S=mueller/PRMD=PARTNER/ADMD=DEMO/C=XX/"
    assert any("step 8" in step for step in found["joerg.mueller@partner.example"]["steps"])


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("default", ["general-text", "file-transfer", "file-transfer"]),
        ("exchange-5.5", ["general-text", "file-transfer", "file-transfer"]),
        ("strict-rfc2157", ["general-text", "file-transfer", "bilaterally-defined"]),
        ("infonet", ["general-text", "mime-body-part", "mime-body-part"]),
        ("isoplex", ["general-text", "bilaterally-defined", "bilaterally-defined"]),
    ],
)
def test_which_body_part_goes_in_which_carrier(explained, profile, expected):
    assert carriers(plan(explained, profile)["body"]) == expected
    assert plan(explained, profile)["content_type"] == 22


def test_every_shipped_profile_has_a_plan(explained):
    assert [each["profile"] for each in explained["profiles"]] == list(profile_names())
    assert not any("refused" in each for each in explained["profiles"])


def test_1984_systems_get_p2_with_the_headers_in_a_first_text(explained):
    found = plan(explained, "x400-1984")
    assert found["content_type"] == 2
    assert carriers(found["body"])[:4] == ["ia5-text", "teletex", "bilaterally-defined", "bilaterally-defined"]
    assert any("file name" in note for note in found["notes"])


def test_the_plan_of_downgrading_is_shown_before_anything_is_sent(explained):
    """RFC 2156 Appendix B, with HARPOON for what has no body part of 1984."""
    found = explained["downgrading"]
    assert found["content_type"] == 2
    assert set(carriers(found["body"])) == {"ia5-text"}


def test_the_way_back(explained):
    back = explained["back"]
    assert {"from", "to", "subject", "message-id", "date", "x-mood"} <= set(back["same"])
    assert back["lost"] == []
    assert back["contents"] == [
        "text/plain (charset iso-8859-1): the same", "application/pdf ('a b.pdf'): the same", "application/octet-stream: the same",
    ]  # fmt: skip


def test_for_people(mixer, config, letter, tmp_path):
    ran = mixer("convert", letter, "-c", config, "--explain", "-o", tmp_path / "out")
    assert ran.code == 0
    for title in ("Rules that ran", "Addresses", "Body", "What each profile makes of it", "Towards X.400 (1984)", "The way back"):
        assert f"== {title}\n" in ran.out
    assert all(name in ran.out for name in profile_names())


def test_converting_for_a_profile(mixer, config, letter, tmp_path):
    out = tmp_path / "out.ber"
    assert mixer("convert", letter, "-c", config, "-o", out, "--profile", "isoplex").code == 0
    ipm = asn1.decode(asn1.decode(out.read_bytes(), p1.MTSAPDU).message.content, InformationObject).ipm
    assert [part.chosen for part in ipm.body] == ["extended", "bilaterally_defined", "bilaterally_defined"]


def test_an_unknown_profile_is_a_usage_error_that_names_those_that_are(mixer, config, letter):
    ran = mixer("convert", letter, "-c", config, "--profile", "nonesuch")
    assert ran.code == 2
    assert "exchange-5.5" in ran.err


@pytest.mark.parametrize("number", range(1, 8))
def test_messages_of_1985(mixer, config, number):
    """Real messages, both ways, under every profile."""
    path = require_shared() / "captures" / "ean" / f"msg{number}"
    facts = mixer("convert", path, "-c", config, "--explain", "--json").json
    explained = facts["explain"]
    assert any(rule.startswith("originator_name -> X400-Originator") for rule in explained["rules"])
    assert [each["profile"] for each in explained["profiles"]] == list(profile_names())
    assert explained["made"]
    if number not in (4, 6):
        assert "refused" not in explained["back"]
        assert {"subject", "this-ipm"} <= {*explained["back"]["same"], *explained["back"]["changed"]}
        assert all(line.endswith(": the same") for line in explained["back"]["contents"])
