"""Metrics for Prometheus over HTTP: what the queue, the ledger, the conversions and the lines say when they are asked.

Nothing is counted here: every scrape reads the same figures that ``mixer status`` shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from gateway import log
from gateway.errors import GatewayError

_log = log.get("admin")
_PATIENCE_SECONDS: Final = 10.0
_LONGEST_REQUEST: Final = 16 * 1024
_MOST_CONNECTIONS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one scrape tells.

    Attributes:
        queue: Of `Store.counts`: recipients by state, and transfers, leased, unclaimed.
        reports: Of `Expectations.counts`: recipients whose end somebody wants to know, by fate; ``overdue`` among them.
        conversions: Of `Workers.status`.
        opened: Associations that are up, by P1 peer: those that we opened.
        accepted: The same: those that the peers opened.
    """

    queue: Mapping[str, int]
    reports: Mapping[str, int]
    conversions: Mapping[str, int] = field(default_factory=dict)
    opened: Mapping[str, int] = field(default_factory=dict)
    accepted: Mapping[str, int] = field(default_factory=dict)


_NO_STATE: Final = {
    "transfers": "unfinished transfers",
    "leased": "transfers that are being worked on",
    "unclaimed": "contents that belong to no transfer yet",
}


def families(figures: Figures) -> Iterator[Metric]:
    """The figures as metric families of Prometheus."""
    states = {state: count for state, count in figures.queue.items() if state not in _NO_STATE}
    yield _family("mixer_queue_recipients", "recipients in the queue by state", "state", states)
    for name, meaning in _NO_STATE.items():
        yield GaugeMetricFamily(f"mixer_queue_{name}", meaning, value=figures.queue.get(name, 0))
    fates = {fate: count for fate, count in figures.reports.items() if fate != "overdue"}
    yield _family("mixer_reports", "recipients whose end somebody wants to know, by fate", "fate", fates)
    overdue = figures.reports.get("overdue", 0)
    yield GaugeMetricFamily("mixer_reports_overdue", "reports and notifications that were asked for and are late", value=overdue)
    yield _family("mixer_conversions", "processes for large conversions, and what became of their work", "what", figures.conversions)
    yield _family("mixer_associations_outgoing", "associations that we have opened", "peer", figures.opened)
    yield _family("mixer_associations_incoming", "associations that peers have opened", "peer", figures.accepted)


def _family(name: str, meaning: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


@dataclass(frozen=True, slots=True, eq=False)
class _Collected:
    """What the library's registry wants to see."""

    figures: Figures

    def collect(self) -> Iterator[Metric]:
        """See `families`; the name is the library's."""
        return families(self.figures)


def exposition(figures: Figures) -> bytes:
    """The figures in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Collected(figures))
    return generate_latest(registry)


class MetricsServer:
    """Answers GET /metrics, and nothing else.

    Args:
        host: Where to listen.
        port: Port; 0 for no metrics at all.
        figures: Asked at every scrape.
    """

    def __init__(self, host: str, port: int, figures: Callable[[], Awaitable[Figures]]) -> None:
        self._host = host
        self._port = port
        self._figures = figures
        self._server: asyncio.Server | None = None
        self._connections = 0

    async def start(self) -> None:
        """Listen, where metrics are wanted.

        Raises:
            OSError: The address is in use.
        """
        if self._port:
            self._server = await asyncio.start_server(self._serve, self._host, self._port, limit=_LONGEST_REQUEST)

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections <= _MOST_CONNECTIONS:
                await asyncio.wait_for(self._exchange(reader, writer), _PATIENCE_SECONDS)
        except (TimeoutError, OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asks so gets no answer
        finally:
            self._connections -= 1
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        status, kind, body = await self._answer(request.split(b"\r\n", 1)[0])
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    async def _answer(self, line: bytes) -> tuple[str, str, bytes]:
        method, _, rest = line.partition(b" ")
        if method != b"GET":
            return "405 Method Not Allowed", "text/plain", b"only GET\n"
        if rest.partition(b" ")[0].partition(b"?")[0] != b"/metrics":
            return "404 Not Found", "text/plain", b"see /metrics\n"
        try:
            return "200 OK", CONTENT_TYPE_PLAIN_0_0_4, exposition(await self._figures())
        except GatewayError as error:
            _log.warning("metrics.fault", reason=str(error))
            return "503 Service Unavailable", "text/plain", b"the queue cannot be read now\n"
