"""Seven messages of 1985 (EAN, X.400-1984), against the listings that came with them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest

from gateway import asn1
from gateway.x400.charsets import text_from_t61
from gateway.x400.ipm import InformationObject
from tests import captures
from tests.shared import require_shared

IPMS, IPNS = (1, 2, 3, 5, 7), (4, 6)


def p2(number: int) -> InformationObject:
    """The P2 content; two of the files have stray octets behind it."""
    octets = (require_shared() / f"captures/ean/p2/ipm{number}.ber").read_bytes()
    return asn1.decode(octets, InformationObject, trailing=True)


def listed_strings(number: int) -> str:
    """All strings of the listing in order; it cuts them every four octets."""
    text = (require_shared() / f"captures/ean/msg{number}.pl").read_text(encoding="latin-1")
    pieces = []
    for line in text.splitlines():
        if match := re.fullmatch(r'\s*"(.{1,4})"', line):
            pieces.append(match[1])
        elif match := re.fullmatch(r"\s*0x([0-9a-f]+)", line):
            pieces.append(bytes.fromhex(match[1].zfill(len(match[1]) + len(match[1]) % 2)).decode("latin-1"))
        else:
            pieces.append("\0")
    return re.sub("\0+", "\0", "".join(pieces))


def strings_of(value: object) -> list[str]:
    """Values of the text members of a heading."""
    found = []
    for line in asn1.encode(value, strict=False).split(b"\x13")[1:]:
        if line[0]:
            found.append(line[1 : 1 + line[0]].decode("latin-1"))
    return found


@pytest.mark.parametrize("number", [*IPMS, *IPNS])
def test_every_message_survives_decode_and_encode(number):
    value = p2(number)
    assert value.chosen == ("ipm" if number in IPMS else "ipn")
    assert asn1.decode(asn1.encode(value, strict=False), InformationObject) == value


@pytest.mark.parametrize("number", [*IPMS, *IPNS])
def test_the_indefinite_form_of_the_same_message_is_the_same_value(number):
    octets = (require_shared() / f"captures/ean/msg{number}.pe").read_bytes()
    content = octets[captures.tlv(octets).next :]
    assert asn1.decode(content, InformationObject, trailing=True) == p2(number)


@pytest.mark.parametrize("number", IPMS)
def test_the_subject_is_the_one_of_the_listing(number):
    ipm = p2(number).ipm
    assert ipm is not None and ipm.heading.subject is not None
    assert f"\0{text_from_t61(ipm.heading.subject)}\0" in listed_strings(number)


@pytest.mark.parametrize(
    ("number", "subject"),
    [(1, "Simple basic message"), (2, "forwarded message"), (3, "Reply to a preceeding report"), (5, "Thu Nov 14 23:14:16 GMT 1985")],
)
def test_subjects(number, subject):
    ipm = p2(number).ipm
    assert ipm is not None and text_from_t61(ipm.heading.subject or b"") == subject


@pytest.mark.parametrize("number", IPMS)
def test_originator_and_identifier_are_those_of_the_listing(number):
    ipm = p2(number).ipm
    assert ipm is not None
    listing = listed_strings(number)
    for text in strings_of(ipm.heading.this_ipm) + (strings_of(ipm.heading.originator) if ipm.heading.originator else []):
        assert f"\0{text}\0" in listing


def test_the_first_message_in_full():
    ipm = p2(1).ipm
    assert ipm is not None
    heading = ipm.heading
    assert heading.this_ipm.user_relative_identifier == "420"
    assert heading.originator is not None and heading.originator.free_form_name == b"EAN Slave"
    name = heading.originator.formal_name
    assert name is not None and name.built_in_standard_attributes.private_domain_name.printable == "uk"
    assert name.built_in_standard_attributes.country_name.iso_3166_alpha2_code == ""
    assert [dda.value for dda in name.built_in_domain_defined_attributes] == ["ean", "ean.vax2.cs.ucl.ac"]
    (recipient,) = heading.primary_recipients
    assert recipient.notification_requests == {1}
    (part,) = ipm.body
    text = part.ia5_text.data.to_bytes()
    lines = ["This message cntains 5 lines of text.", *(f"line {number}" for number in range(1, 6)), "end of message", ""]
    assert text.decode() == "\r\n".join(lines), "joined from its segments, with the typing error of 1985"


def test_a_message_without_its_body_has_an_empty_body():
    ipm = p2(5).ipm
    assert ipm is not None
    assert ipm.body == ()
    assert ipm.heading.auto_forwarded is True
    assert asn1.encode(InformationObject(ipm=ipm), strict=False).endswith(b"\x30\x00"), "and what we write has one"


def test_an_auto_forwarded_message():
    ipm = p2(2).ipm
    assert ipm is not None
    assert ipm.heading.auto_forwarded is True


def test_a_message_forwarded_by_hand_is_text():
    ipm = p2(7).ipm
    assert ipm is not None
    (part,) = ipm.body
    assert b"Message-ID: inbox:41\r\nSubject: forward test\r\n" in part.ia5_text.data.to_bytes()


@pytest.mark.parametrize(
    ("number", "name", "when"),
    [
        (4, b"martina busch", datetime(1985, 11, 14, 16, 12, 28, tzinfo=timezone(-timedelta(hours=1)))),
        (6, b"Maurizio Lancia", datetime(1985, 12, 9, 7, 7, 38, tzinfo=timezone(-timedelta(hours=8)))),
    ],
)
def test_receipt_notifications(number, name, when):
    ipn = p2(number).ipn
    assert ipn is not None
    assert ipn.ipn_originator.free_form_name == name
    receipt = ipn.choice.receipt_fields
    assert receipt.receipt_time == when
    assert receipt.receipt_time.utcoffset() == when.utcoffset()
    assert receipt.acknowledgment_mode == 1
