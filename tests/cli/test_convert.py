"""``mixer convert``: both ways, offline, with Notes; real messages of 1985; what it does with files that are nothing."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from gateway import asn1
from gateway.mixer.stdor import to_text
from gateway.octets import MemoryOctets
from gateway.osi.rtse.external import wrap
from gateway.x400 import p1
from gateway.x400.charsets import text_from_t61
from gateway.x400.ipm import InformationObject
from gateway.x400.oraddress import oraddress_from_orname
from tests.shared import require_shared

IPMS, IPNS = (1, 2, 3, 5, 7), (4, 6)
SUBJECTS = {
    1: "Simple basic message", 2: "forwarded message", 3: "Reply to a preceeding report", 5: "Thu Nov 14 23:14:16 GMT 1985",
    7: "testing of the forward statement",
}  # fmt: skip


def ean(number: int) -> Path:
    return require_shared() / "captures" / "ean" / f"msg{number}"


def message(**fields: str) -> EmailMessage:
    found = EmailMessage(policy=email.policy.SMTP)
    all_ = {"From": "Anna Berg <anna.berg@example.org>", "To": "joerg.mueller@partner.example", "Subject": "Grüße"} | fields
    for name, value in all_.items():
        found[name] = value
    found["Message-ID"], found["Date"] = "<convert.1@example.org>", "Mon, 23 Nov 2026 12:00:00 +0000"
    found.set_content("Hello\nWorld\n")
    return found


@pytest.fixture
def eml(tmp_path: Path) -> Path:
    path = tmp_path / "message.eml"
    path.write_bytes(message().as_bytes())
    return path


@pytest.mark.parametrize("number", IPMS)
def test_messages_of_1985(mixer, config, number):
    facts = mixer("convert", ean(number), "-c", config, "--json").json
    found = email.message_from_string(facts["shown"], policy=email.policy.default)
    assert facts["target"] == "internet"
    assert found["Subject"] == SUBJECTS[number]
    assert found["X400-Content-Type"] == "P2-1984 (2)"
    assert (found.get_content().strip() == "") == (number == 5)
    assert any("body" in note for note in facts["notes"]) == (number == 5)


def test_the_first_message_of_1985_in_text(mixer, config):
    ran = mixer("convert", ean(1), "-c", config)
    assert ran.code == 0
    assert "\r\n".join(("", "This message cntains 5 lines of text.", "line 1", "line 2")) in ran.out
    assert "Note: notification-requests: " in ran.out


@pytest.mark.parametrize("number", IPNS)
def test_notifications_of_1985(mixer, config, number):
    """They become messages that say what became of the subject message."""
    facts = mixer("convert", ean(number), "-c", config, "--json").json
    assert "was received at " in facts["shown"]


@pytest.mark.parametrize("number", (*IPMS, *IPNS))
def test_bare_p2_is_recognised_too(mixer, config, number):
    """The same content without the header of EAN; two of the files have stray octets behind it."""
    bare = require_shared() / "captures" / "ean" / "p2" / f"ipm{number}.ber"
    one, other = (mixer("convert", path, "-c", config, "--json").json for path in (ean(number), bare))
    assert one["shown"].split("\r\n\r\n", 1)[1] == other["shown"].split("\r\n\r\n", 1)[1]


def test_to_x400_shows_value_notation(mixer, config, eml):
    ran = mixer("convert", eml, "-c", config)
    assert ran.code == 0
    assert "message-identifier" in ran.out
    assert "joerg" in ran.out


def test_there_and_back(mixer, config, eml, tmp_path):
    """The X.400 form is one MTS-APDU in BER; bare or as RTSE wraps it, it comes back as the same message."""
    there, back = tmp_path / "there.ber", tmp_path / "back.eml"
    assert mixer("convert", eml, "-c", config, "-o", there).code == 0
    apdu = asn1.decode(there.read_bytes(), p1.MTSAPDU)
    assert [to_text(oraddress_from_orname(each.recipient_name)) for each in apdu.message.envelope.per_recipient_fields] == [
        "/G=joerg/S=mueller/PRMD=PARTNER/ADMD=DEMO/C=XX/"
    ]
    assert text_from_t61(asn1.decode(apdu.message.content, InformationObject).ipm.heading.subject) == "Grüße"
    wrapped = tmp_path / "wrapped.ber"
    wrapped.write_bytes(wrap(MemoryOctets(there.read_bytes()), 1).to_bytes())
    for path in (there, wrapped):
        assert mixer("convert", path, "-c", config, "-o", back).code == 0
        found = email.message_from_bytes(back.read_bytes(), policy=email.policy.default)
        assert found["Subject"] == "Grüße"
        assert found["Message-ID"] == "<convert.1@example.org>"
        assert found["From"].addresses[0].addr_spec == "anna.berg@example.org"
        assert found["To"].addresses[0].addr_spec == "joerg.mueller@partner.example"
        assert found.get_content().splitlines() == ["Hello", "World"]


def test_the_x400_form_survives_a_round_trip(mixer, config, eml, tmp_path):
    one, between, other = tmp_path / "1.ber", tmp_path / "2.eml", tmp_path / "3.ber"
    assert mixer("convert", eml, "-c", config, "-o", one).code == 0
    assert mixer("convert", one, "-c", config, "-o", between).code == 0
    assert mixer("convert", between, "-c", config, "-o", other).code == 0
    contents = [asn1.decode(asn1.decode(path.read_bytes(), p1.MTSAPDU).message.content, InformationObject).ipm for path in (one, other)]
    assert contents[0].body == contents[1].body
    assert contents[0].heading.this_ipm == contents[1].heading.this_ipm
    assert contents[0].heading.subject == contents[1].heading.subject


def test_envelope_from_options(mixer, config, eml, tmp_path):
    out = tmp_path / "out.ber"
    rcpt = "eva.sand@partner.example"
    assert mixer("convert", eml, "-c", config, "-o", out, "--from", "otto@example.org", "--rcpt", rcpt, "--rcpt", f"x{rcpt}").code == 0
    envelope = asn1.decode(out.read_bytes(), p1.MTSAPDU).message.envelope
    assert to_text(oraddress_from_orname(envelope.originator_name)).startswith("/S=otto/")
    assert len(envelope.per_recipient_fields) == 2


def test_notes_are_no_findings(mixer, config, tmp_path):
    path = tmp_path / "odd.eml"
    path.write_bytes(message(**{"X-Odd": "value"}).as_bytes())
    facts = mixer("convert", path, "-c", config, "--json").json
    assert facts["target"] == "x400"
    assert all(isinstance(note, str) for note in facts["notes"])


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (b"", (), "names no recipient"),
        (b"Subject: x\r\n\r\ny\r\n", (), "names no recipient"),
        (b"Subject: x\r\n\r\ny\r\n", ("--rcpt", "a@b@c@"), ""),
        (b"(a text that begins like an EXTERNAL\r\n", (), "names no recipient"),
        (b"\x01\x00\x01\x01\xff\xff\xff\xff", (), "names no recipient"),
        (b"Subject: x\r\n\r\ny\r\n", ("--to", "internet"), "neither an MTS-APDU nor P2 or P22 content"),
    ],
)
def test_what_cannot_be_converted(mixer, config, tmp_path, content, options, said):
    path = tmp_path / "file"
    path.write_bytes(content)
    ran = mixer("convert", path, "-c", config, *options)
    assert ran.code == 1
    assert ran.err.startswith("mixer: ")
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_a_place_that_cannot_be_written(mixer, config, eml, tmp_path):
    ran = mixer("convert", eml, "-c", config, "-o", tmp_path / "no-folder" / "out.ber")
    assert ran.code == 1
    assert "no-folder" in ran.err


def test_hostile_octets(mixer, config, tmp_path):
    """Cut and changed APDUs: converted or refused in one line, never a traceback (`mixer` asserts that)."""
    source = ean(1).read_bytes()
    path = tmp_path / "hostile"
    for at in range(0, len(source), 12):
        for octets in (source[:at], source[:at] + bytes((source[at] ^ 0xFF,)) + source[at + 1 :]):
            path.write_bytes(octets)
            assert mixer("convert", path, "-c", config, "--to", "internet").code in (0, 1)
