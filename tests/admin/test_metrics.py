"""Metrics: what Prometheus reads over HTTP."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.admin.metrics import Figures, MetricsServer, exposition
from gateway.correspondent.demo import free_ports
from gateway.errors import SpoolError

FIGURES = Figures(
    queue={"queued": 3, "deferred": 1, "transfers": 2, "leased": 1, "unclaimed": 0},
    reports={"awaited": 4, "overdue": 2, "delivered": 7, "relayed": 0, "failed": 1},
    conversions={"busy": 1},
    opened={"partner": 1},
    accepted={"partner": 2},
)


def samples(text: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, "".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_figures_of_queue_reports_conversions_and_associations_can_be_read() -> None:
    found = samples(exposition(FIGURES).decode())
    assert found["mixer_queue_recipients", "deferred"] == 1
    assert found["mixer_queue_transfers", ""] == 2
    assert found["mixer_reports_overdue", ""] == 2 and ("mixer_reports", "overdue") not in found
    assert found["mixer_reports", "failed"] == 1
    assert found["mixer_conversions", "busy"] == 1
    assert (found["mixer_associations_outgoing", "partner"], found["mixer_associations_incoming", "partner"]) == (1, 2)


async def get(url: str) -> tuple[int, str, str]:
    def read() -> tuple[int, str, str]:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, "", ""

    return await asyncio.to_thread(read)


async def test_an_http_client_gets_them_at_one_path_and_nothing_anywhere_else() -> None:
    async def figures() -> Figures:
        return FIGURES

    (port,) = free_ports(1)
    server = MetricsServer("127.0.0.1", port, figures)
    await server.start()
    status, kind, text = await get(f"http://127.0.0.1:{port}/metrics")
    assert (status, kind.partition(";")[0]) == (200, "text/plain") and samples(text)["mixer_reports_overdue", ""] == 2
    assert (await get(f"http://127.0.0.1:{port}/"))[0] == 404
    await server.stop()


async def test_a_queue_that_cannot_be_read_is_503_and_a_garbled_request_gets_nothing() -> None:
    async def figures() -> Figures:
        raise SpoolError("locked")

    (port,) = free_ports(1)
    server = MetricsServer("127.0.0.1", port, figures)
    await server.start()
    assert (await get(f"http://127.0.0.1:{port}/metrics"))[0] == 503
    for garbled in (b"\xff" * 40_000, b"GET /metrics"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(garbled)
        writer.write_eof()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(1)
        writer.close()
    await server.stop()
