"""Metrics of a running gateway."""

from __future__ import annotations

import asyncio
import urllib.request
from pathlib import Path

from gateway.correspondent.demo import free_ports
from tests.e2e.harness import arrangement, settled, simple_message


async def test_a_gateway_tells_prometheus_of_its_queue_and_of_overdue_reports(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    async with arrangement(tmp_path, answers=True, extra=f"metrics_port = {port}\n") as running:
        await asyncio.to_thread(running.send_smtp, simple_message(text="counted\n"))
        async with asyncio.timeout(20):
            await running.correspondent.received.get()
        await settled(running.gateway.store)
        answer = await asyncio.to_thread(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5).read())
        lines = answer.decode().splitlines()
        assert "mixer_queue_transfers 0.0" in lines and "mixer_reports_overdue 0.0" in lines
        assert any(line.startswith('mixer_queue_recipients{state="relayed"} ') for line in lines)
        assert 'mixer_associations_outgoing{peer="partner"} 1.0' in lines
