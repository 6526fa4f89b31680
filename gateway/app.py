"""The composition root: builds every object from the configuration, runs them and stops them in order."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway import __version__, asn1, log
from gateway.admin.control import Command, ControlServer
from gateway.admin.housekeeping import Housekeeping
from gateway.admin.metrics import Figures, MetricsServer
from gateway.admin.reload import Reloader
from gateway.admin.trace import TraceCommand
from gateway.building.lookup import sources_from
from gateway.building.mapping import settings_from, stamps_from
from gateway.building.mta import hard_limit, p1_listener_settings, peers_from, stack_timers
from gateway.building.permissions import directions_from, granted_to_peer
from gateway.building.queue import open_store, retry_policy, workers_from
from gateway.building.reports import manners_from
from gateway.building.smtp import smtp_listener_settings, smtp_sender_from, verifier_from
from gateway.config import Config
from gateway.conversions.workers import Workers
from gateway.errors import GatewayError
from gateway.journeys import Surroundings, journey_of
from gateway.journeys.prober import Prober, question_from
from gateway.journeys.remembered import Remembered
from gateway.mixer.policy import PeerPolicy, Settings
from gateway.mta.intake import X400Intake
from gateway.mta.listener import Listener
from gateway.mta.routing import X400Router
from gateway.mta.sender import Sender
from gateway.mta.shelf import StoredProgress, StoredShelf
from gateway.mta.trace import Trace
from gateway.osi.service import ConnectionReference
from gateway.permission import Directions, Granted
from gateway.relay import Journey, Relay
from gateway.smtp import listener as smtp_listener
from gateway.smtp.gate import SMTPGate
from gateway.smtp.sender import SMTPSender
from gateway.spool.ledger import FactKind
from gateway.spool.store import Store
from gateway.spool.transfer import Side, Source, Transfer

_log = log.get("app")

_MOST_QUESTIONS = 50
"""Look-ups in the ledger for one message (DESIGN section 4)."""


class Gateway:
    """One process of the gateway."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._seen = stamps_from(config)
        self.settings = settings_from(config, keep_users=True)
        self.sources = sources_from(config)
        self.peers = peers_from(config)
        self.router = X400Router(self.peers, own=(self.settings.gateway_oraddress,))
        self.store: Store
        self.relay: Relay
        self.workers: Workers
        self._prober: Prober
        self._housekeeping: Housekeeping
        self.p1: Listener
        self.trace: Trace
        self.smtp: smtp_listener.SMTPListener
        self._sender: Sender
        self._smtp_sender: SMTPSender
        self._control: ControlServer
        self._metrics: MetricsServer
        self._reloader: Reloader
        self._references = 0

    async def start(self, *, smtp_socket: socket.socket | None = None, p1_socket: socket.socket | None = None) -> None:
        """Open the queue, bind the listeners, begin to work.

        Raises:
            GatewayError: The queue cannot be opened, or an address is in use.
        """
        config = self.config
        self.store = await open_store(config)
        intake = X400Intake(self.store)
        self.trace = Trace(frozenset(peer.name for peer in self.peers if peer.trace))
        self._sender = Sender(
            self.peers, intake, reference=self._reference, timers=stack_timers(config), largest_octets=hard_limit(config),
            associations=config.mta.outgoing_associations, trace=self.trace,
            progress=StoredProgress(self.store.parts, config.mta.recovery_seconds),
        )  # fmt: skip
        self._smtp_sender = smtp_sender_from(config)
        self.workers = workers_from(config)
        around = self._surroundings()
        self._prober = Prober(around, self.store)
        self._housekeeping = Housekeeping(self.store)
        self.relay = Relay(
            self.store, self._journeys(around), policy=retry_policy(config), workers=config.relay.workers,
            lease_seconds=config.relay.lease_seconds, name=f"{config.gateway.mta_name}.{secrets.token_hex(4)}",
            tables_version=lambda: self.settings.mapping_version,
        )  # fmt: skip
        self.p1 = Listener(
            p1_listener_settings(config), self.peers, intake, line_to=self._sender.line_to, trace=self.trace,
            shelf=StoredShelf(self.store.parts),
        )  # fmt: skip
        gate = SMTPGate(
            self.store, lambda: self.settings, self.directions, self.granted, sources=self.sources, policy_of=self._policy_of,
            verifier=verifier_from(config),
        )  # fmt: skip
        self.smtp = smtp_listener.SMTPListener(smtp_listener_settings(config), gate)
        self._reloader = Reloader(
            lambda: self.settings, self._load, self._activate, lambda: stamps_from(config), seen=self._seen,
            watch_seconds=config.mixer.watch_seconds,
        )  # fmt: skip
        commands: dict[str, Command] = {
            "status": self._status, "reload": self._reload, "trace": TraceCommand(self.trace), "probe": self._probe,
        }  # fmt: skip
        self._control = ControlServer(config.admin.socket, commands)
        self._metrics = MetricsServer(config.admin.metrics_host, config.admin.metrics_port, self._figures)
        try:
            await self.p1.start(p1_socket)
            await self.smtp.start(smtp_socket)
            await self._control.start()
            await self._metrics.start()
        except OSError as error:
            await self.stop()
            raise GatewayError(f"cannot listen: {error}") from error
        self.relay.start()
        self._reloader.start()
        self._housekeeping.start()
        _log.info("gateway.started", smtp=f"{config.smtp.host}:{self.smtp.port}", p1=f"{config.mta.host}:{self.p1.port}")

    async def stop(self) -> None:
        """Stop taking, finish what can be finished, close. What is not finished stays in the queue."""
        _log.info("gateway.stopping")
        await self._control.stop()
        await self._metrics.stop()
        await self._reloader.stop()
        await self._housekeeping.stop()
        await self.smtp.stop()
        await self.p1.stop()
        await self.relay.stop()
        self.workers.stop()
        await self._sender.stop()
        await self._smtp_sender.stop()
        self.sources.close()
        await self.store.close()
        _log.info("gateway.stopped")

    def directions(self, settings: Settings) -> Directions:
        """What addresses finally mean under settings and the present routes."""
        return directions_from(settings, self.router, self.peers)

    def granted(self, source: Source) -> Granted:
        """What a source may do."""
        if source.side is Side.X400:
            return granted_to_peer(self.peers.get(source.peer))
        classes = {section.name: section for section in self.config.smtp.client}
        section = classes.get(source.peer)
        if section is None:
            return Granted()
        return Granted(to_x400=section.may_send_to_x400, delivery_options=section.may_set_delivery_options)

    def reload_soon(self) -> None:
        """Read tables and users again; for a signal. A set that does not check is refused whole, with the reason in the log."""
        self._reloader.request()

    def _load(self) -> Settings:
        return settings_from(self.config, keep_users=True)

    def _activate(self, settings: Settings) -> None:
        self.settings = settings

    async def _status(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "version": __version__, "smtp_port": self.smtp.port, "p1_port": self.p1.port, **self._reloader.status(),
            **await self.store.counts(), "conversions": self.workers.status(),
            "reports": await self.store.expectations.counts(datetime.now(UTC)),
        }  # fmt: skip

    async def _figures(self) -> Figures:
        """What a scrape of the metrics tells."""
        return Figures(
            queue=await self.store.counts(), reports=await self.store.expectations.counts(datetime.now(UTC)),
            conversions=self.workers.status(), opened=self._sender.associations(), accepted=self.p1.associations(),
        )  # fmt: skip

    async def _reload(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        settings = await self._reloader.reload("a command")
        return {"tables": settings.tables.version, "users": settings.users_version}

    async def _probe(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._prober.ask(question_from(request))

    async def _recall(self, keys: Sequence[str]) -> Mapping[str, str]:
        found = {key: await self.store.ledger.recall(FactKind.SHORT_IDENTIFIER, key) for key in keys[:_MOST_QUESTIONS]}
        return {key: fact.value["for"] for key, fact in found.items() if fact is not None}

    def _surroundings(self) -> Surroundings:
        remembered = Remembered(self.store)
        return Surroundings(
            settings=lambda: self.settings, directions=self.directions, sources=self.sources,
            header_limit=timedelta(seconds=self.config.lookup.header_lookup_limit_seconds),
            policy_of=self._policy_of, dialects_of=self._dialects_of, granted=self.granted,
            x400=self._sender, internet=self._smtp_sender, new_id=self.store.new_id, recall=self._recall,
            workers=self.workers, largest_octets=self.config.mta.largest_octets,
            manners=manners_from(self.config), subjects=remembered.subjects, return_path=remembered.return_path,
            original=remembered.original,
            check_recipient=self._smtp_sender.check_recipient if self.config.reports.check_recipients_of_probes else None,
        )  # fmt: skip

    def _journeys(self, around: Surroundings) -> Callable[[Transfer], Journey]:
        return lambda transfer: journey_of(transfer, around)

    def _policy_of(self, name: str) -> PeerPolicy:
        peer = self.peers.get(name)
        return PeerPolicy() if peer is None else peer.policy

    def _dialects_of(self, name: str) -> frozenset[str]:
        peer = self.peers.get(name)
        return frozenset() if peer is None else peer.dialects

    def _reference(self) -> ConnectionReference:
        """A session connection identifier that never repeats: host name and counter, time (p1-stack.md 3.5)."""
        self._references = (self._references + 1) % 10_000
        user = asn1.encode(self.config.gateway.mta_name.encode("ascii", "replace"), asn1.TeletexString())
        common = asn1.encode(datetime.now(UTC).replace(microsecond=0), asn1.UTCTime())
        additional = asn1.encode(f"{self._references % 100}".encode(), asn1.TeletexString())
        return ConnectionReference(user=user, common=common, additional=additional)
