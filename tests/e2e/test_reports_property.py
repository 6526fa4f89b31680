"""Reports as a state machine: for random requests, ends, crashes and copies each report that was asked for is made in the commit of the
end that causes it, once, and none that was not.

The journeys, the relay and the queue are the real ones; the two deliverers do what the example says.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gateway import asn1
from gateway.building.permissions import directions_from
from gateway.errors import Failure
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.journeys import Surroundings, journey_of
from gateway.journeys.remembered import Remembered
from gateway.lookup.sources import Sources
from gateway.mixer import mcgam
from gateway.mixer.policy import GlobalDomain, PeerPolicy, Settings
from gateway.mixer.stdor import from_text
from gateway.mta.intake import X400Intake
from gateway.mta.peers import Credentials, Grant, Peer, Peers
from gateway.mta.routing import X400Router
from gateway.octets import Octets
from gateway.permission import Granted
from gateway.relay import Relay
from gateway.spool.ledger import FactKind
from gateway.spool.schedule import Pace, RetryPolicy
from gateway.spool.store import Store
from gateway.spool.transfer import Kind, Outcome, Priority, Recipient, Result, Side, Source, Transfer
from gateway.x400 import p1
from gateway.x400.mts import PerRecipientIndicators as Bit
from tests.e2e.harness import OWN, PARTNER, TABLES
from tests.e2e.test_reports import ON_BOTH, ON_FAILURE, p1_message

pytestmark = pytest.mark.slow
START = datetime(2026, 11, 23, 12, tzinfo=UTC)
NONE = frozenset({Bit.ORIGINATING_MTA_NON_DELIVERY_REPORT}) - {Bit.ORIGINATING_MTA_NON_DELIVERY_REPORT}
REQUESTS = {"none": NONE, "failure": ON_FAILURE, "both": ON_BOTH}
PACE = Pace(first=timedelta(minutes=1), longest=timedelta(hours=1), warn_after=timedelta(hours=4), expire_after=timedelta(hours=3))
NO = Failure(reason=1, diagnostic=0, smtp_code=550, status="5.1.1", text="nobody")
LATER = Failure(reason=0, smtp_code=451, status="4.4.1", text="down")


@dataclass(frozen=True)
class Case:
    """One recipient: what was asked, how often it waits, how it ends, and what a DSN says of it afterwards, how often."""

    request: str
    waits: int
    end: str  # refused, plain (no DSN there), dsn
    said: tuple[str, ...]


@dataclass
class World:
    """Both sides, as the cases want them."""

    cases: tuple[Case, ...]
    clock: datetime = START
    attempts: dict[str, int] = field(default_factory=dict)
    paths: dict[str, tuple[str, str]] = field(default_factory=dict)
    reports: dict[str, p1.Report] = field(default_factory=dict)

    def next_hop(self, domain: str) -> str:
        return domain

    async def deliver(self, envelope: SmtpEnvelope, message: Octets) -> Mapping[int, Outcome]:
        return {place: self._outcome(envelope, each) for place, each in enumerate(envelope.recipients, 1)}

    def _outcome(self, envelope: SmtpEnvelope, recipient: SmtpRecipient) -> Outcome:
        case = self.cases[int(recipient.address.partition("@")[0].removeprefix("user.x")) - 1]
        tried = self.attempts[recipient.address] = self.attempts.get(recipient.address, 0) + 1
        if tried <= case.waits:
            return Outcome(result=Result.DEFERRED, at=self.clock, failure=LATER)
        if case.end == "refused":
            return Outcome(result=Result.FAILED, at=self.clock, failure=NO)
        plain = case.end == "plain"
        self.paths[recipient.address] = (envelope.tagged_path, "") if plain else (envelope.reverse_path, envelope.envid or "")
        return Outcome(result=Result.RELAYED if plain else Result.DELIVERED, at=self.clock, reply="250")

    async def transfer(self, peer: str, apdu: Octets, priority: Priority = Priority.NORMAL) -> Outcome:
        found = asn1.decode(apdu, p1.MTSAPDU).report
        if found is not None:
            self.reports[found.envelope.report_identifier.local_identifier] = found
        return Outcome(result=Result.RELAYED, at=self.clock, peer=peer)

    def told(self) -> list[tuple[int, str]]:
        """Recipients and ends in all reports that left; copies of one report are one (law 4)."""
        return sorted(
            (one.originally_specified_recipient_number, "failed" if one.last_trace_information.report_type.non_delivery else "delivered")
            for report in self.reports.values()
            for one in report.content.per_recipient_fields
        )  # fmt: skip


def expected(cases: tuple[Case, ...]) -> list[tuple[int, str]]:
    """What has to be told: each end once that somebody asked for."""
    found: set[tuple[int, str]] = set()
    for number, case in enumerate(cases, 1):
        failure, success = case.request != "none", case.request == "both"
        ends = {"refused": ["failed"], "plain": ["delivered", *case.said], "dsn": case.said}[case.end]
        found |= {(number, end) for end in ends if (failure if end == "failed" else success)}
    return sorted(found)


def dsn(address: str, action: str, envid: str, number: int) -> bytes:
    about = f"Original-Envelope-Id: {envid}\r\n" if envid else ""
    status = "5.1.1" if action == "failed" else "2.0.0"
    return (
        f"From: MAILER-DAEMON@example.org\r\nMessage-ID: <{number}@example.org>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\nx\r\n'
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\n{about}Reporting-MTA: dns; m\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n--b--\r\n"
    ).encode()


class Bench:
    """The real queue and relay around a world."""

    def __init__(self, store: Store, world: World) -> None:
        self.store, self.world = store, world
        base = from_text(OWN)
        tables = mcgam.load({name: [(name, text)] for name, text in TABLES.items()})
        found = Settings(
            gateway_domain="x400.example.org", gateway_oraddress=base, mta_name="G", tables=tables,
            global_domain=GlobalDomain(country="XX", admd="DEMO", prmd="EXAMPLE"),
        )  # fmt: skip
        peer = Peer(
            name="partner", ours=Credentials(mta_name="G"), theirs=Credentials(mta_name="P"),
            routes=(from_text(PARTNER),), grant=Grant(to_internet=True),
        )  # fmt: skip
        self.peer, router = peer, X400Router(Peers((peer,)), own=(base,))
        remembered = Remembered(store, clock=lambda: world.clock)
        around = Surroundings(
            settings=lambda: found, directions=lambda settings: directions_from(settings, router, (peer,)), sources=Sources(),
            header_limit=timedelta(days=1), policy_of=lambda name: PeerPolicy(), dialects_of=lambda name: frozenset(),
            granted=lambda source: Granted(to_x400=True, to_internet=True), x400=world, internet=world, new_id=store.new_id,
            recall=self._recall, subjects=remembered.subjects, return_path=remembered.return_path, original=remembered.original,
            clock=lambda: world.clock,
        )  # fmt: skip
        policy = RetryPolicy(urgent=PACE, normal=PACE, non_urgent=PACE)
        self.relay = Relay(store, lambda transfer: journey_of(transfer, around), policy=policy, clock=lambda: world.clock)

    async def _recall(self, keys):  # type: ignore[no-untyped-def]
        found = {key: await self.store.ledger.recall(FactKind.SHORT_IDENTIFIER, key) for key in keys}
        return {key: fact.value["for"] for key, fact in found.items() if fact is not None}

    async def accept_p1(self, apdu: p1.MTSAPDU) -> str:
        intake = X400Intake(self.store, clock=lambda: self.world.clock)
        octets = asn1.encode(apdu)
        stored = await self.store.keep(_memory(octets))
        return await intake.accept(stored, Source(side=Side.X400, peer="partner"), self.peer, normal_mode=False)

    async def accept_smtp(self, octets: bytes, recipient: str) -> None:
        envelope = SmtpEnvelope(reverse_path="", recipients=(SmtpRecipient(address=recipient),))
        await self.store.accept(
            Transfer(
                id=self.store.new_id(), origin=Side.INTERNET, kind=Kind.MESSAGE, arrived=self.world.clock, size=len(octets),
                source=Source(side=Side.INTERNET, peer="mail"), sender="", envelope=envelope.to_json(),
                recipients=(Recipient(number=1, address=recipient, target=Side.X400),),
            ),
            octets,
        )  # fmt: skip

    async def work(self, crashes: list[int]) -> None:
        """Until nothing waits any more; at these steps the process dies before or after the commit."""
        for step in itertools.count():
            claims = await self.store.claim("w", self.world.clock, lease_seconds=60)
            if not claims:
                due = await self.store.next_due()
                if due is None:
                    return
                self.world.clock = max(self.world.clock, due) + timedelta(seconds=1)
                continue
            await self._carry(claims[0], crashes.pop(0) if crashes and step % 2 == 0 else 0)
            await self.check_commit(claims[0].transfer.id)

    async def _carry(self, claim, crash: int) -> None:  # type: ignore[no-untyped-def]
        if not crash:
            await self.relay.carry(claim)
            return
        record = self.store.record

        async def dying(*args: object, **kwargs: object) -> None:
            if crash == 2:
                await record(*args, **kwargs)  # type: ignore[arg-type]
            raise asyncio.CancelledError

        self.store.record = dying  # type: ignore[method-assign]
        try:
            await self.relay.carry(claim)
        except asyncio.CancelledError:
            pass
        finally:
            self.store.record = record  # type: ignore[method-assign]
            self.world.clock += timedelta(seconds=61)  # the lease runs out

    async def check_commit(self, transfer_id: str) -> None:
        """At every moment: a recipient has ended here exactly if its report, where one was asked for, is in the queue."""
        transfer = await self.store.get(transfer_id)
        assert transfer is not None
        if transfer.kind is not Kind.MESSAGE or transfer.origin is not Side.X400:
            return
        covered: set[int] = set()
        for report in await self.store.track(transfer_id):
            if report.subject_of == transfer_id:
                content = asn1.decode(await self.store.content_of(report.id), p1.MTSAPDU).report.content
                covered |= {one.originally_specified_recipient_number for one in content.per_recipient_fields}
        wanted: set[int] = set()
        for each in transfer.recipients:
            case = self.world.cases[each.number - 1]
            if each.state.value == "failed" and case.request != "none":
                wanted.add(each.number)
            if each.state.value == "relayed" and case.request == "both":
                wanted.add(each.number)
        assert covered == wanted


def _memory(octets: bytes):  # type: ignore[no-untyped-def]
    from gateway.octets import MemoryOctets

    return MemoryOctets(octets)


CASE = st.builds(
    Case, request=st.sampled_from(list(REQUESTS)), waits=st.integers(0, 2), end=st.sampled_from(["refused", "plain", "dsn"]),
    said=st.lists(st.sampled_from(["failed", "delivered"]), max_size=3).map(tuple),
)  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(st.lists(CASE, min_size=1, max_size=3).map(tuple), st.lists(st.sampled_from([0, 1, 2]), max_size=6), st.booleans())
def test_each_report_that_was_asked_for_once_and_no_other(cases: tuple[Case, ...], crashes: list[int], copied: bool) -> None:
    async def run() -> World:
        world, count = World(cases), itertools.count(1)
        with tempfile.TemporaryDirectory() as folder, capture_logs():
            store = await Store.open(
                f"sqlite:///{Path(folder)}/q.sqlite", ids=lambda: f"T{next(count)}", clock=lambda: world.clock, synchronous="OFF",
                low_water_octets=0, reserve_octets=0,
            )  # fmt: skip
            bench = Bench(store, world)
            subject = message_for(cases)
            await bench.accept_p1(subject)
            if copied:
                await bench.accept_p1(subject)
            await bench.work(list(crashes))
            for number, case in enumerate(cases, 1):
                address = f"user.x{number}@example.org"
                path, envid = world.paths.get(address, ("", ""))
                for turn, action in enumerate(case.said if path else ()):
                    await bench.accept_smtp(dsn(address, action, envid, 10 * number + turn), path)
                    await bench.work(list(crashes))
            await store.close()
        return world

    assert asyncio.run(run()).told() == expected(cases)


def message_for(cases: tuple[Case, ...]) -> p1.MTSAPDU:
    """One message to all recipients, each with its own request."""
    addresses = [f"/G=user/S=x{number}/O=Example/PRMD=EXAMPLE/ADMD=DEMO/C=XX/" for number in range(1, len(cases) + 1)]
    message = p1_message(*addresses, bits=ON_FAILURE).message
    fields = tuple(
        replace(one, per_recipient_indicators=REQUESTS[case.request] | {Bit.RESPONSIBILITY})
        for one, case in zip(message.envelope.per_recipient_fields, cases, strict=True)
    )
    return p1.MTSAPDU(message=replace(message, envelope=replace(message.envelope, per_recipient_fields=fields)))
