"""A wire trace of a running gateway: both directions of a peer, switched on over the control socket, no password in it."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

from gateway.admin.control import ask
from gateway.mta.pcap import segments_of
from gateway.mta.transcript import transcript
from tests.e2e.harness import arrangement, settled, simple_message


async def test_a_peer_is_traced_in_both_directions_while_mail_crosses(tmp_path: Path) -> None:
    async with arrangement(tmp_path, answers=True) as running:
        control = running.gateway.config.admin.socket
        assert (await ask(control, "trace", action="on", peer="partner"))["on"] == ["partner"]
        await asyncio.to_thread(running.send_smtp, simple_message(text="traced\n"))
        async with asyncio.timeout(20):
            await running.correspondent.received.get()
        await settled(running.gateway.store)
        listed = await ask(control, "trace", action="list")
        directions = {(each["peer"], each["incoming"]) for each in listed["recordings"]}
        assert ("partner", False) in directions
        found = b""
        for each in listed["recordings"]:
            capture = base64.b64decode((await ask(control, "trace", action="read", recording=each["recording"]))["piece"])
            found += capture
            said = [line.text for line in transcript(segments_of(capture))]
            assert any(line.startswith("binds with MTA name") for line in said)
        assert b"gateway-secret" not in found
        assert b"partner-secret" not in found
