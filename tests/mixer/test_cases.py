"""Golden cases: one folder each, named after the section that it shows.

``internet.eml`` and ``x400.txt`` (value notation of envelope and content) are the two forms of one message, ``notes.txt`` is
what the conversion noted. A case with ``x400.ber`` is converted from X.400, any other from the Internet.
A Report is converted for the subject in ``subject.json``: what the ledger knows of the message that it is about, as `InternetSubject`
names it. ``MIXER_WRITE_CASES=1`` writes the expected side anew; read the difference before you keep it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gateway import asn1
from gateway.internet import message as internet
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.fields import mailboxes
from gateway.mixer.convert import Context, Conversion, message_to_internet, message_to_x400, report_to_internet
from gateway.mixer.rules import Note
from gateway.mixer.sent import InternetSubject
from gateway.mixer.stdor import from_text
from gateway.x400 import p1
from gateway.x400.ipm import InformationObject
from gateway.x400.oraddress import orname_from_oraddress

CASES = sorted((Path(__file__).parent / "cases").iterdir())


def notation(message: p1.Message) -> str:
    content = asn1.decode(message.content, InformationObject)
    return f"{asn1.to_notation(message.envelope)}\n\n{asn1.to_notation(content)}\n"


def noted(notes: tuple[Note, ...]) -> str:
    return "".join(f"{note}\n" for note in notes)


def notation_of_report(report: p1.Report) -> str:
    return f"{asn1.to_notation(report.envelope)}\n\n{asn1.to_notation(report.content)}\n"


def subject_of(case: Path) -> InternetSubject:
    """What the ledger knows; recipients by their number, O/R names in std-or."""
    given = json.loads((case / "subject.json").read_text())
    return InternetSubject(
        reverse_path=given["reverse_path"],
        recipients={int(number): SmtpRecipient(address=address) for number, address in given["recipients"].items()},
        names={int(number): orname_from_oraddress(from_text(name)) for number, name in given.get("names", {}).items()},
        envid=given.get("envid"),
        header=tuple(given.get("header", ())),
        message_id=given.get("message_id", ""),
        original=internet.parse((case / "original.eml").read_bytes()) if (case / "original.eml").exists() else None,
    )


def from_report(case: Path, report: p1.Report, world: Context) -> dict[str, bytes]:
    made = report_to_internet(report, world, subject_of(case))
    return {
        "internet.eml": made.result.message.to_bytes(),
        "x400.txt": notation_of_report(report).encode(),
        "notes.txt": noted(made.notes).encode(),
    }


def from_x400(case: Path, world: Context) -> dict[str, bytes]:
    apdu = asn1.decode((case / "x400.ber").read_bytes(), p1.MTSAPDU)
    if apdu.report is not None:
        return from_report(case, apdu.report, world)
    assert apdu.message is not None
    recipients = [one.originally_specified_recipient_number for one in apdu.message.envelope.per_recipient_fields]
    made = message_to_internet(apdu.message, recipients, world)
    return {
        "internet.eml": made.result.message.to_bytes(),
        "x400.txt": notation(apdu.message).encode(),
        "notes.txt": noted(made.notes).encode(),
    }


def converted(case: Path, world: Context) -> Conversion[p1.MTSAPDU]:
    """A case that is converted from the Internet, for the recipients of its To field."""
    message = internet.parse((case / "internet.eml").read_bytes())
    recipients = tuple(SmtpRecipient(address=one.address) for one in mailboxes(message.header.value("To")))
    envelope = SmtpEnvelope(reverse_path=mailboxes(message.header.value("From"))[0].address, recipients=recipients)
    return message_to_x400(message, envelope, range(1, len(recipients) + 1), world)


def from_internet(case: Path, world: Context) -> dict[str, bytes]:
    made = converted(case, world)
    assert made.result.message is not None
    return {"x400.txt": notation(made.result.message).encode(), "notes.txt": noted(made.notes).encode()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path, world: Context) -> None:
    made = from_x400(case, world) if (case / "x400.ber").exists() else from_internet(case, world)
    if os.environ.get("MIXER_WRITE_CASES"):
        for name, octets in made.items():
            (case / name).write_bytes(octets)
    for name, octets in made.items():
        assert octets == (case / name).read_bytes(), name
