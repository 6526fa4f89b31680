"""A 100 MB attachment crosses each way; the gateway never holds it in memory, and other mail goes on flowing meanwhile."""

import asyncio
import base64
import binascii
import hashlib
import itertools
import smtplib
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway import asn1
from gateway.correspondent.user import Domain, Letter, envelope_for, ipm_from_letter
from gateway.mixer.stdor import from_text
from gateway.octets import MemoryOctets, Octets
from gateway.x400 import oids, p1
from gateway.x400.bodyparts import BodyPart
from gateway.x400.extended_bodyparts import EXTENDED_BODY_PART_TYPES, MimeParameters, data_of, extended
from gateway.x400.ftbp import FileTransferParameters, file_transfer_data
from gateway.x400.ipm import InformationObject
from tests.e2e.harness import ANNA, ANNA_OR, JOERG, JOERG_OR, PARTNER, simple_message
from tests.e2e.processes import Apart, apart

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

SIZE = 100 * 1000 * 1000
AIM = 150 << 20
SMTP = "largest_octets = 200000000"
OTHER_MAIL_SECONDS = 8.0
"""A small message that arrives in the middle of a large one must be through within this time."""


def contents() -> bytes:
    """100 MB that no line-end or escape rule may touch, always the same."""
    block = hashlib.shake_256(b"large").digest(1 << 20)
    return (block * (SIZE // len(block) + 1))[:SIZE]


def wire(attachment: bytes) -> Iterator[bytes]:
    """The Internet message, a block at a time: headers, a text and the attachment in base64."""
    yield (
        f"From: {ANNA}\r\nTo: {JOERG}\r\nSubject: large\r\nMessage-ID: <large.1@example.org>\r\n"
        "Date: Mon, 23 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="=_large"\r\n\r\n--=_large\r\nContent-Type: text/plain\r\n\r\nsee there\r\n--=_large\r\n'
        'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="large.bin"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    ).encode()
    step = 57 * 1000
    for at in range(0, len(attachment), step):
        encoded = base64.b64encode(attachment[at : at + step])
        yield b"".join(encoded[line : line + 76] + b"\r\n" for line in range(0, len(encoded), 76))
    yield b"--=_large--\r\n"


def send_large(port: int, attachment: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=120) as client:
        client.ehlo()
        client.mail(ANNA)
        client.rcpt(JOERG)
        assert client.docmd("DATA")[0] == 354
        for block in wire(attachment):
            client.send(block)
        code, text = client.docmd(".")
        assert code == 250, text


def send_small(port: int, number: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.send_message(simple_message(f"small {number}"), ANNA, [JOERG])


def report(what: str, a: Apart, idle: int, began: float, worst: float) -> None:
    above = a.gateway.peak_memory_with_children() - idle
    print(
        f"\n{what}: {time.monotonic() - began:.1f} s, processor {a.gateway.processor_seconds():.1f} s, peak {above / 2**20:.0f} MiB "
        f"with workers above the idle process ({idle / 2**20:.0f} MiB), aim {AIM >> 20}; slowest small message meanwhile {worst:.2f} s"
    )
    assert above < AIM


async def others_meanwhile(a: Apart, send: Callable[[int], Awaitable[None]], arrive: Callable[[], Awaitable[bool]]) -> float:
    """Send small messages, one at a time, until the large one arrives; how many seconds the slowest of them took."""
    worst = 0.0
    for number in itertools.count():
        began = time.monotonic()
        await send(number)
        async with asyncio.timeout(120):
            if await arrive():
                return worst
        worst = max(worst, time.monotonic() - began)
        assert worst < OTHER_MAIL_SECONDS
        a.gateway.peak_memory_with_children()
        await asyncio.sleep(0.2)
    raise AssertionError


def octets_of(part: BodyPart) -> tuple[str, Octets]:
    """The object identifier of the carrier, empty for body part 14, and what it carries."""
    if part.bilaterally_defined is not None:
        return "", part.bilaterally_defined
    data = data_of(part.extended)
    reference = part.extended.data.direct_reference
    return reference, data[0].encoding.octet_aligned if reference == oids.ID_ET_FILE_TRANSFER else data


def part_with(carrier: str, octets: Octets) -> BodyPart:
    if carrier == "bp14":
        return BodyPart(bilaterally_defined=octets)
    if carrier == "ftbp":
        return extended(EXTENDED_BODY_PART_TYPES[oids.ID_ET_FILE_TRANSFER], file_transfer_data(octets), FileTransferParameters())
    parameters = MimeParameters(content_type="application/octet-stream", content_parameters=(), other_header_fields=())
    return extended(EXTENDED_BODY_PART_TYPES[oids.ID_MIME_BP_DATA], octets, parameters)


CARRIERS = {"ftbp": oids.ID_ET_FILE_TRANSFER, "bp15": oids.ID_MIME_BP_DATA, "bp14": ""}


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_100_mb_from_smtp_to_x400(tmp_path: Path, carrier: str) -> None:
    attachment, found = contents(), []
    async with apart(tmp_path, smtp=SMTP, peer=f'policy.attachments = "{carrier}"') as a:

        async def send(number: int) -> None:
            await asyncio.to_thread(send_small, a.setting.smtp_port, number)

        async def arrive() -> bool:
            message = (await a.correspondent.received.get()).apdu.message
            found[:] = [message.content]
            return len(message.content) > SIZE

        idle, began = a.gateway.peak_memory(), time.monotonic()
        sending = asyncio.create_task(asyncio.to_thread(send_large, a.setting.smtp_port, attachment))
        worst = await others_meanwhile(a, send, arrive)
        await sending
        report(f"SMTP -> X.400 as {carrier}", a, idle, began, worst)
    reference, octets = octets_of(asn1.decode(found[0], InformationObject).ipm.body[1])
    assert reference == CARRIERS[carrier]
    digest = hashlib.sha256()
    for chunk in octets.chunks():
        digest.update(chunk)
    assert digest.digest() == hashlib.sha256(attachment).digest()


def letter(subject: str) -> Letter:
    return Letter(originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject=subject, text="see there\n")


def with_part(part: BodyPart) -> p1.MTSAPDU:
    written = letter("large")
    ipm = ipm_from_letter(written, "large")
    content = asn1.encode_octets(InformationObject(ipm=replace(ipm, body=(*ipm.body, part))))
    here = Domain(address=from_text(PARTNER), mta_name="PARTNER-MTA")
    envelope = envelope_for(here, written.originator, written.recipients, "large", datetime.now(UTC).replace(microsecond=0), report=False)
    return p1.MTSAPDU(message=p1.Message(envelope=envelope, content=content))


@pytest.mark.parametrize("carrier", CARRIERS)
async def test_100_mb_from_x400_to_smtp(tmp_path: Path, carrier: str) -> None:
    attachment, found = contents(), []
    async with apart(tmp_path, smtp=SMTP) as a:

        async def send(number: int) -> None:
            await a.correspondent.send(letter(f"small {number}"))

        async def arrive() -> bool:
            found[:] = [(await a.sink.received.get()).octets]
            return len(found[0]) > SIZE

        idle, began = a.gateway.peak_memory(), time.monotonic()
        sending = asyncio.create_task(a.correspondent.send_apdu(with_part(part_with(carrier, MemoryOctets(attachment)))))
        worst = await others_meanwhile(a, send, arrive)
        await sending
        report(f"X.400 -> SMTP from {carrier}", a, idle, began, worst)
    digest = hashlib.sha256(binascii.a2b_base64(_attachment_of(found[0])))
    assert digest.digest() == hashlib.sha256(attachment).digest()


def _attachment_of(message: bytes) -> memoryview:
    """The base64 body of the last part."""
    name = message.index(b"base64")
    start = message.index(b"\r\n\r\n", name) + 4
    end = message.index(b"\r\n--", start)
    return memoryview(message)[start:end]
