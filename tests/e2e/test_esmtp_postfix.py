"""Our signatures after a hop through Postfix, in 8 bits and without them, for dkimpy to judge."""

from __future__ import annotations

import asyncio
import email.policy
from collections.abc import Iterator
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.correspondent.demo import free_ports
from gateway.correspondent.user import Letter
from gateway.mixer.stdor import from_text
from gateway.smtp.dkim.signing import SigningKey
from tests.e2e.harness import ANNA_OR, JOERG_OR, arrangement
from tests.e2e.postfix import Postfix, require_postfix, running

pytestmark = [pytest.mark.peer, pytest.mark.slow, pytest.mark.timeout(60)]
_SIGNING = '\n[smtp.signing]\nforeign_from = "keep"\nkeys = [{ selector = "s", key = { file = "key.pem" } }]\n'
_VERBATIM = email.policy.default.clone(refold_source="none", linesep="\r\n")


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    require_postfix()
    gateway_port, port = free_ports(2)
    with running(gateway_port, port) as found:
        yield found


async def test_a_signature_survives_postfix(postfix: Postfix, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    record = SigningKey.from_pem(pem, domain="x400.example.org", selector="s").record.encode()
    letter = Letter(
        originator=from_text(JOERG_OR), recipients=(from_text(ANNA_OR),), subject="Grüße " * 10,
        text="fünf Zeilen\n.\n..zwei Punkte \n\nund eine lange: " + "wort " * 300 + "\n\n\n",
    )  # fmt: skip
    async with arrangement(tmp_path, smtp_port=postfix.gateway_port, smart_host_port=postfix.port, smtp=_SIGNING) as a:
        await a.correspondent.send(letter)
        message = await asyncio.to_thread(postfix.mail)
    assert message["Received"] is not None and b"Postfix" in message.as_bytes()
    assert dkim.verify(message.as_bytes(policy=_VERBATIM), dnsfunc=lambda name, timeout=5: record)
