"""Whole MTS-APDUs for tests of the X.400 side."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway import asn1
from gateway.correspondent.user import Domain, Letter, envelope_for, ipm_from_letter
from gateway.mixer.stdor import from_text
from gateway.octets import Octets
from gateway.x400 import p1
from gateway.x400.ipm import InformationObject

THERE = Domain(address=from_text("/PRMD=PARTNER/ADMD=DEMO/C=XX/"), mta_name="MTA-THERE")
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
USER = from_text("/G=joerg/S=mueller/PRMD=PARTNER/ADMD=DEMO/C=XX/")
ANNA = from_text("/G=anna/S=berg/O=Example/PRMD=EXAMPLE/ADMD=DEMO/C=XX/")


def message(identifier: str, text: str = "Hello") -> p1.MTSAPDU:
    """One message to one recipient of ours."""
    letter = Letter(originator=USER, recipients=(ANNA,), subject="a test", text=text)
    content = InformationObject(ipm=ipm_from_letter(letter, identifier))
    envelope = envelope_for(THERE, USER, (ANNA,), identifier, NOW, report=False)
    return p1.MTSAPDU(message=p1.Message(envelope=envelope, content=asn1.encode_octets(content)))


def message_apdu(identifier: str, text: str = "Hello") -> Octets:
    """The same, encoded."""
    octets: Octets = asn1.encode_octets(message(identifier, text))
    return octets
