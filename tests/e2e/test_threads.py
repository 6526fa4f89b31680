"""Replies thread on both sides, whatever the identifiers look like, and after a restart (RFC 2156 4.7.3, 5.1.3)."""

import asyncio
import email
import email.policy
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import asn1
from gateway.correspondent.user import Letter
from gateway.mixer.stdor import from_text
from gateway.x400.ipm import IPM, InformationObject
from gateway.x400.oraddress import oraddress_from_orname
from gateway.x400.p1 import MTSAPDU, Message
from tests.e2e.harness import ANNA_OR, JOERG_OR, arrangement, settled, simple_message

pytestmark = [pytest.mark.timeout(60), pytest.mark.slow]

LONG = "<a_very_long.identifier.of.a.modern.mail.system.that.never.fits.into.sixty-four.characters.0001@mail.example.org>"
ODD = "note_7@desk"
"""Not printable, as some products write it; there is no form of it that a msg-id could be read back from."""


def ipm_in(apdu: MTSAPDU) -> IPM:
    assert apdu.message is not None
    found = asn1.decode(apdu.message.content, InformationObject).ipm
    assert found is not None
    return found


async def test_I3_a_reply_to_a_message_with_a_long_identifier_threads_after_a_restart(tmp_path: Path) -> None:
    async with arrangement(tmp_path) as a:
        await asyncio.to_thread(a.send_smtp, simple_message(message_id=LONG))
        first = ipm_in((await a.correspondent.received.get()).apdu).heading.this_ipm
        await settled(a.gateway.store)
    assert len(first.user_relative_identifier) <= 64
    async with arrangement(tmp_path) as a:
        reply = Letter(originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject="Re", text="Yes\n", replied_to=first)
        await a.correspondent.send(reply)
        arrived = await a.sink.received.get()
    assert email.message_from_bytes(arrived.octets, policy=email.policy.default)["In-Reply-To"] == LONG


async def test_I2_a_reply_to_an_ipm_whose_identifier_no_msg_id_can_hold_threads_after_a_restart(tmp_path: Path) -> None:
    letter = Letter(originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject="Note", text="Hello\n")
    async with arrangement(tmp_path) as a:
        await a.correspondent.send_apdu(odd(a.correspondent._written(letter, "7", report=False)))
        arrived = await a.sink.received.get()
        await settled(a.gateway.store)
    message_id = email.message_from_bytes(arrived.octets, policy=email.policy.default)["Message-ID"]
    reply = simple_message("Re: Note", message_id="<reply.1@example.org>")
    reply["In-Reply-To"] = message_id
    async with arrangement(tmp_path) as a:
        await asyncio.to_thread(a.send_smtp, reply)
        replied = ipm_in((await a.correspondent.received.get()).apdu).heading.replied_to_ipm
    assert replied is not None
    assert replied.user_relative_identifier == ODD
    assert replied.user is not None
    assert oraddress_from_orname(replied.user) == from_text(JOERG_OR)


def odd(apdu: MTSAPDU) -> MTSAPDU:
    ipm = ipm_in(apdu)
    heading = replace(ipm.heading, this_ipm=replace(ipm.heading.this_ipm, user_relative_identifier=ODD))
    assert apdu.message is not None
    content = asn1.encode_octets(InformationObject(ipm=replace(ipm, heading=heading)), strict=False)
    return MTSAPDU(message=Message(envelope=apdu.message.envelope, content=content))
