"""The SMTP sender: one message to one next hop, an outcome for every recipient, connections kept for a while."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from gateway import log
from gateway.errors import Failure
from gateway.internet.envelope import SmtpEnvelope
from gateway.octets import Octets
from gateway.smtp.client import Connection, ConnectionFailed, Timeouts, TLSUnavailable, open_connection
from gateway.smtp.departure import Departure
from gateway.smtp.failures import connection_failure
from gateway.smtp.recipient_check import check_recipient
from gateway.smtp.routing import NoRoute, SMTPRouter, Target
from gateway.smtp.transaction import Transaction
from gateway.spool.transfer import Outcome, Result

_log = log.get("smtp")


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderSettings:
    """How to send.

    Attributes:
        hostname: Our name in EHLO.
        connections_per_hop: At the same time.
        idle_seconds: How long an unused connection is kept.
        messages_per_connection: After so many a connection is closed.
        recipients_per_transaction: RFC 5321 4.5.3.1.8: every server takes 100.
        timeouts: Seconds to wait at each step.
    """

    hostname: str
    connections_per_hop: int = 5
    idle_seconds: float = 30
    messages_per_connection: int = 100
    recipients_per_transaction: int = 100
    timeouts: Timeouts = field(default_factory=Timeouts)


class _Hop:
    """The connections to one next hop."""

    def __init__(self, limit: int) -> None:
        self.slots = asyncio.Semaphore(limit)
        self.users = 0
        self.idle: list[Connection] = []


class SMTPSender:
    """Delivers messages by SMTP.

    Outcomes: DELIVERED, the next hop took the message and the duty to report with it (it offers DSN); RELAYED, it took
    the message but will not report (RFC 3461 5.2.2), so that the gateway answers a request for a delivery report itself;
    DEFERRED, try again; FAILED. The last two carry a `Failure`.

    Args:
        settings: How to send.
        router: Where to.
        departure: What happens to every message before it leaves; None for nothing.
        clock: The present time, for outcomes.
    """

    def __init__(
        self,
        settings: SenderSettings,
        router: SMTPRouter,
        *,
        departure: Departure | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._settings = settings
        self._router = router
        self._departure = departure
        self._clock = clock or (lambda: datetime.now(UTC))
        self._hops: dict[str, _Hop] = defaultdict(lambda: _Hop(settings.connections_per_hop))
        self._sweeper: asyncio.TimerHandle | None = None

    def next_hop(self, domain: str) -> str:
        """Name of what takes mail for a domain; recipients with the same one share a message."""
        return self._router.next_hop(domain)

    async def deliver(self, envelope: SmtpEnvelope, message: Octets) -> Mapping[int, Outcome]:
        """Send a message; recipients of several hops, or too many for one transaction, get several copies.

        Returns:
            Outcome by 1-based position of the recipient in the envelope.
        """
        if self._departure is not None:
            message = await self._departure.prepared(message)
        outcomes: dict[int, Outcome] = {}
        groups: dict[str, list[int]] = defaultdict(list)
        for position, recipient in enumerate(envelope.recipients, 1):
            groups[self.next_hop(_domain(recipient.address))].append(position)
        for hop, positions in groups.items():
            size = self._settings.recipients_per_transaction
            for start in range(0, len(positions), size):
                outcomes |= await self._deliver_to(hop, envelope, positions[start : start + size], message)
        return outcomes

    async def check_recipient(self, address: str) -> Failure | None:
        """Why mail for an address would be refused for good, asked without sending; None when it would not, or nobody can say."""
        settings = self._settings
        return await check_recipient(address, self._router, hostname=settings.hostname, timeouts=settings.timeouts)

    async def stop(self) -> None:
        """Close what is idle. Transactions in progress belong to whoever awaits them."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for hop in self._hops.values():
            while hop.idle:
                hop.idle.pop().quit()

    async def _deliver_to(self, hop: str, envelope: SmtpEnvelope, positions: Sequence[int], message: Octets) -> dict[int, Outcome]:
        copy = replace(envelope, recipients=tuple(envelope.recipients[position - 1] for position in positions))
        pool = self._hops[hop]
        pool.users += 1
        try:
            async with pool.slots:
                results = await self._send(hop, copy, message)
        finally:
            pool.users -= 1
        outcomes = {position: results[number] for number, position in enumerate(positions)}
        for position, outcome in outcomes.items():
            self._tell(envelope, position, outcome)
        return outcomes

    async def _send(self, hop: str, envelope: SmtpEnvelope, message: Octets) -> Sequence[Outcome]:
        """One transaction, on an idle connection or on a new one to the first host that answers."""
        while (kept := self._idle_connection(hop)) is not None:
            transaction = self._transaction(kept, envelope, message)
            if await transaction.run() or transaction.begun_data:
                return self._ended(hop, kept, transaction)
            kept.abort()  # it was closed on us meanwhile: that says nothing about the message
        try:
            targets = await self._router.targets(_domain(envelope.recipients[0].address))
        except NoRoute as error:
            return self._all(envelope, error.failure)
        return await self._try_targets(hop, targets, envelope, message)

    async def _try_targets(self, hop: str, targets: Sequence[Target], envelope: SmtpEnvelope, message: Octets) -> Sequence[Outcome]:
        """RFC 5321 5.1: hosts in order, until one lets us begin."""
        failure = connection_failure(hop, "no host to try")
        for target in targets:
            try:
                connection = await open_connection(target, hostname=self._settings.hostname, timeouts=self._settings.timeouts)
            except TLSUnavailable as error:
                failure = connection_failure(target.host, str(error), "4.7.0")
                continue
            except ConnectionFailed as error:
                failure = _connect_failure(target, error)
                _log.info("smtp.failed", peer=target.host, address=target.address, reason=str(error))
                continue
            transaction = self._transaction(connection, envelope, message)
            await transaction.run()
            return self._ended(hop, connection, transaction)
        return self._all(envelope, failure)

    def _transaction(self, connection: Connection, envelope: SmtpEnvelope, message: Octets) -> Transaction:
        if self._departure is None:
            return Transaction(connection, envelope, message, self._clock)
        return Transaction(connection, envelope, message, self._clock, self._departure.signed)

    def _ended(self, hop: str, connection: Connection, transaction: Transaction) -> Sequence[Outcome]:
        connection.messages += 1
        if connection.alive and connection.messages < self._settings.messages_per_connection:
            connection.idle_since = asyncio.get_running_loop().time()
            self._hops[hop].idle.append(connection)
            self._sweep_later()
        else:
            connection.quit()
        return transaction.outcomes

    def _idle_connection(self, hop: str) -> Connection | None:
        idle = self._hops[hop].idle
        while idle:
            connection = idle.pop()
            if connection.alive:
                return connection
            connection.abort()
        return None

    def _sweep_later(self) -> None:
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(self._settings.idle_seconds, self._sweep)

    def _sweep(self) -> None:
        """Close what was idle long enough, forget hops without connections."""
        self._sweeper = None
        oldest = asyncio.get_running_loop().time() - self._settings.idle_seconds
        for name, hop in list(self._hops.items()):
            for connection in [each for each in hop.idle if each.idle_since <= oldest or not each.alive]:
                hop.idle.remove(connection)
                connection.quit()
            if hop.idle:
                self._sweep_later()
            elif not hop.users:
                del self._hops[name]

    def _all(self, envelope: SmtpEnvelope, failure: Failure) -> list[Outcome]:
        result = Result.FAILED if failure.permanent else Result.DEFERRED
        return [Outcome(result=result, at=self._clock(), failure=failure) for _ in envelope.recipients]

    def _tell(self, envelope: SmtpEnvelope, position: int, outcome: Outcome) -> None:
        good = outcome.result in (Result.DELIVERED, Result.RELAYED)
        _log.info(
            "smtp.sent" if good else "smtp.failed", recipient=envelope.recipients[position - 1].address, result=outcome.result.value,
            peer=outcome.peer, reply=outcome.reply or (outcome.failure.text if outcome.failure else ""),
        )  # fmt: skip


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _connect_failure(target: Target, error: ConnectionFailed) -> Failure:
    """A refused greeting or AUTH stays temporary: it is about us and this host, not about the message."""
    if error.reply is None:
        return connection_failure(target.host, str(error))
    return connection_failure(target.host, f"said {error.reply}", "4.3.2" if error.reply.code == 421 else "4.4.1")
