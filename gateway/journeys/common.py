"""What every journey may use: the settings of the mapping, the routes, the sources of look-ups, and the two deliverers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, TypeVar

from gateway.conversions.workers import Workers
from gateway.errors import ConversionError, Failure, GatewayError
from gateway.internet.addresses import Mailbox
from gateway.internet.envelope import SmtpEnvelope
from gateway.journeys.manners import Manners
from gateway.lookup.sources import Sources
from gateway.mixer.policy import Context, PeerPolicy, Settings
from gateway.octets import Octets
from gateway.permission import RELAYING, Directions, Granted, ToInternet
from gateway.spool.expectations import Known
from gateway.spool.transfer import Outcome, Plan, Priority, Side, Source, Transfer
from gateway.x400.oraddress import ORAddress

_T = TypeVar("_T")
_SMALL = 32 * 1024
"""Octets of a message that is converted on the event loop."""


class X400Deliverer(Protocol):
    """Hands encoded MTS-APDUs to P1 peers; `mta.sender` implements it."""

    async def transfer(self, peer_name: str, apdu: Octets, priority: Priority = Priority.NORMAL) -> Outcome:
        """One APDU to one peer: RELAYED when secured there, else DEFERRED. Reports go as urgent (interop case IC-115)."""


class InternetDeliverer(Protocol):
    """Hands messages to SMTP servers; `smtp.sender` implements it."""

    async def deliver(self, envelope: SmtpEnvelope, message: Octets) -> Mapping[int, Outcome]:
        """One message to the recipients of ``envelope``, all of one next hop; outcomes by 1-based position in the envelope."""

    def next_hop(self, domain: str) -> str:
        """Name of what takes mail for a domain; recipients with the same one share a message."""


async def _nothing_sent(key: str) -> tuple[Known, ...]:
    return ()


async def _no_way_back(tag: str) -> Mapping[str, str] | None:
    return None


async def _no_original(transfer_id: str) -> Octets | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The outside of a journey.

    Attributes:
        settings: The present settings of the mapping (tables and users are swapped whole on reload).
        directions: What addresses finally mean under settings.
        sources: What can be asked about addresses.
        header_limit: How long a message waits for look-ups of header addresses (RFC 2156 4.2.1).
        policy_of: Policy of a P1 peer by name.
        dialects_of: Encode dialects of a P1 peer by name.
        granted: What a source may do.
        new_id: A fresh queue identifier.
        recall: What the ledger knows under some keys (identifiers that were cut, requests that were made), without those it lacks.
        manners: How the gateway behaves where reports are concerned.
        subjects: What was sent under a name (`spool.expectations`); nothing once it has expired.
        return_path: What a tag of a reverse path leads to: ``subject``, ``transfer``, ``numbers``; None once it has expired.
        original: The octets of a transfer while the queue keeps them.
        check_recipient: Asks the next SMTP server about a mailbox without sending; None where that is not wanted.
        workers: Where large and suspect messages are converted; None for this process.
        largest_octets: Transfers from P1 above this size are reported as too long instead of delivered.
    """

    settings: Callable[[], Settings]
    directions: Callable[[Settings], Directions]
    sources: Sources
    header_limit: timedelta
    policy_of: Callable[[str], PeerPolicy]
    dialects_of: Callable[[str], frozenset[str]]
    granted: Callable[[Source], Granted]
    x400: X400Deliverer
    internet: InternetDeliverer
    new_id: Callable[[], str]
    recall: Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
    manners: Manners = Manners()
    subjects: Callable[[str], Awaitable[tuple[Known, ...]]] = _nothing_sent
    return_path: Callable[[str], Awaitable[Mapping[str, str] | None]] = _no_way_back
    original: Callable[[str], Awaitable[Octets | None]] = _no_original
    check_recipient: Callable[[str], Awaitable[Failure | None]] | None = None
    workers: Workers | None = None
    largest_octets: int = 1 << 30
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def planned(
        self, transfer: Transfer, plan: Plan, settings: Settings, peer: str = "", known: Mapping[str, str] | None = None
    ) -> Context:
        """The context of one conversion under a plan: the same at every attempt."""
        policy = self.policy_of(peer)
        return Context(
            settings=settings.towards(policy), now=plan.made_at, plan_seed=plan.seed, queue_id=transfer.id, policy=policy,
            known=known or {}, arrived=transfer.arrived, delivery_options=self.granted(transfer.source).delivery_options,
            language=self.manners.language,
        )  # fmt: skip

    def largest_from(self, peer: str) -> int:
        """The largest transfer that is passed on from a peer, in octets."""
        theirs = self.policy_of(peer).largest_received_octets
        return min(self.largest_octets, theirs) if theirs else self.largest_octets

    def mailbox_of(self, address: ORAddress, settings: Settings) -> Mailbox:
        """The mailbox that the O/R address of a recipient finally means, who was sorted to the Internet before.

        Raises:
            ConversionError: The tables or the routes have changed meanwhile.
        """
        meaning = self.directions(settings).of_oraddress(address)
        if not isinstance(meaning, ToInternet):
            raise ConversionError(RELAYING)
        return meaning.address

    def reporting(self, transfer: Transfer, ended: Iterable[int], now: datetime, peer: str = "") -> Context:
        """The context of a report; its seed names transfer and recipients, so one end gives one report identifier."""
        seed = f"{transfer.id}/report/{'.'.join(str(number) for number in sorted(ended))}"
        policy = self.policy_of(peer)
        return Context(
            settings=self.settings().towards(policy), now=now, plan_seed=seed, queue_id=transfer.id, policy=policy, arrived=transfer.arrived
        )


def local_source(side: Side) -> Source:
    """The source of what the gateway makes itself."""
    return Source(side=side, peer="local")


TOO_LONG: Final = Failure(
    reason=1, diagnostic=7, smtp_code=552, status="5.3.4", text="The message is larger than this gateway passes on."
)  # fmt: skip
"""X.411 unable-to-transfer(1) / content-too-long(7). A refusal of a P1 transfer would make the peer try for days."""

_TOO_LONG_THERE: Final = replace(TOO_LONG, text="The message is larger than the system takes to which it would have to be passed on.")


def check_size(octets: int, limit: int) -> None:
    """Refuse what the next system would refuse, before it is sent there.

    Args:
        octets: Size of the converted message.
        limit: The largest that the peer takes; 0 for any size.

    Raises:
        ConversionError: It is too large.
    """
    if 0 < limit < octets:
        raise ConversionError(replace(_TOO_LONG_THERE, detail=f"{octets} octets, the peer takes {limit}"))


async def threaded(size: int, work: Callable[[], _T]) -> _T:
    """Run a conversion: at once when the message is small, in a thread when it would hold up everybody else."""
    return work() if size <= _SMALL else await asyncio.to_thread(work)


def failing(work: Callable[[], _T]) -> _T | Failure:
    """The result of a mapping, or the failure that it ended in."""
    try:
        return work()
    except ConversionError as error:
        return error.failure
    except GatewayError as error:
        text = f"The recipient address cannot be read: {error}"
        return Failure(reason=1, diagnostic=11, smtp_code=553, status="5.1.3", text=text)
