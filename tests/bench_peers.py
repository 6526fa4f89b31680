"""Two hundred peers with ten messages each, four of them dead and two slow: do the others notice? (``make bench``)

The whole way is measured: queue, relay, associations. Runs with and without the six bad peers take turns; the medians give the ratio. When
runs of one kind differ too much among themselves the machine is too noisy for a verdict, and none is given.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway import log
from gateway.errors import Failure
from gateway.mta.credentials import Credentials
from gateway.mta.listener import Listener, ListenerSettings
from gateway.mta.peers import Peer, Peers
from gateway.mta.sender import Sender
from gateway.octets import MemoryOctets, Octets
from gateway.relay import Group, Prepared, Relay
from gateway.spool.schedule import Pace, RetryPolicy
from gateway.spool.store import Store
from gateway.spool.transfer import Claim, Kind, Outcome, Plan, Recipient, Result, Side, Source, Transfer
from tests.mta.given import MemoryIntake, reference

PEERS, MESSAGES, RUNS = 200, 10, 5
DEAD, SLOW = 4, 2
NOISE = 0.3
"""Runs of one kind may differ by this part of their median."""
APDU = MemoryOctets(b"\x04\x82\x08\x00" + bytes(2048))
_PACE = Pace(first=timedelta(minutes=5), longest=timedelta(hours=1), warn_after=timedelta(hours=4), expire_after=timedelta(days=5))


class _ToPeer:
    """Implements `relay.Journey`: the address of a recipient is the name of its peer."""

    def __init__(self, sender: Sender, served: set[tuple[str, int]]) -> None:
        self._sender = sender
        self._served = served

    async def sort(self, claim: Claim) -> tuple[tuple[Group, ...], Mapping[int, Failure]]:
        return tuple(Group(key=each.address, recipients=(each,)) for each in claim.due), {}

    async def prepare(self, claim: Claim, group: Group, plan: Plan) -> Prepared:
        async def send() -> Mapping[int, Outcome]:
            outcome = await self._sender.transfer(group.key, APDU)
            if outcome.result is Result.RELAYED:
                self._served.add((claim.transfer.id, group.recipients[0].number))
            return {group.recipients[0].number: outcome}

        return Prepared(send=send)

    def reports(self, claim: Claim, ended: Mapping[int, Outcome], now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        return ()

    def warnings(self, claim: Claim, late: Mapping[int, Outcome], until: datetime, now: datetime) -> Sequence[tuple[Transfer, Octets]]:
        return ()


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A peer whose MTA hangs: it takes TCP and never answers."""
    await reader.read()
    writer.close()


async def seconds(folder: Path, *, bad: bool, peers: int = PEERS, messages: int = MESSAGES) -> float:
    """How long the good peers take to get all that is theirs."""
    good = [f"good{number}" for number in range(peers - DEAD - SLOW)]
    known = tuple(Peer(name=name, ours=Credentials(mta_name=name), theirs=Credentials(mta_name=f"HERE-{name}")) for name in good)
    listener = Listener(ListenerSettings(port=0, connections=2 * peers, per_address=2 * peers), Peers(known), MemoryIntake())
    await listener.start()
    silent = await asyncio.start_server(_silent, "127.0.0.1", 0)
    ports = {name: listener.port for name in good}
    if bad:
        ports |= {f"dead{number}": 1 for number in range(DEAD)}
        ports |= {f"slow{number}": silent.sockets[0].getsockname()[1] for number in range(SLOW)}
    called = tuple(
        Peer(
            name=name, host="127.0.0.1", port=port, ours=Credentials(mta_name=f"HERE-{name}"), theirs=Credentials(mta_name=name),
            associations=1,
        )
        for name, port in ports.items()
    )  # fmt: skip
    sender = Sender(Peers(called), MemoryIntake(), reference=reference, associations=2 * peers)
    count = itertools.count(1)
    store = await Store.open(f"sqlite:///{folder}/q.sqlite", ids=lambda: f"T{next(count)}", low_water_octets=0, reserve_octets=0)
    now = datetime.now(UTC)
    names = [name for name in ports if name not in good] * messages + good * messages  # the bad ones come first
    await asyncio.gather(*(store.accept(_transfer(store, name, now), b"x") for name in names))
    served: set[tuple[str, int]] = set()
    journey = _ToPeer(sender, served)
    relay = Relay(store, lambda transfer: journey, policy=RetryPolicy(urgent=_PACE, normal=_PACE, non_urgent=_PACE))
    began = time.perf_counter()
    relay.start()
    while len(served) < len(good) * messages:  # noqa: ASYNC110 - the journeys know nothing of who counts them
        await asyncio.sleep(0.01)
    took = time.perf_counter() - began
    await relay.stop(seconds=0)
    await sender.stop()
    await listener.stop()
    silent.close()
    await store.close()
    return took


def _transfer(store: Store, name: str, now: datetime) -> Transfer:
    return Transfer(
        id=store.new_id(), origin=Side.INTERNET, kind=Kind.MESSAGE, arrived=now, size=1, sender="a@example.org",
        source=Source(side=Side.INTERNET, peer="bench"), recipients=(Recipient(number=1, address=name, target=Side.X400),),
    )  # fmt: skip


async def compare(folder: Path) -> bool:
    """Print the ratio; whether there is a verdict and it is good."""
    took: dict[bool, list[float]] = {False: [], True: []}
    for run in range(RUNS):
        for bad in (False, True):
            place = folder / f"{run}{bad}"
            place.mkdir()
            took[bad].append(await seconds(place, bad=bad))
    medians = {bad: statistics.median(found) for bad, found in took.items()}
    ratio = medians[True] / medians[False]
    bad_ones = f"with {DEAD} dead and {SLOW} silent ones"
    print(f"{PEERS} peers, {MESSAGES} messages each: {medians[False]:.2f} s; {bad_ones}: {medians[True]:.2f} s")
    noise = max((max(found) - min(found)) / statistics.median(found) for found in took.values())
    if noise > NOISE:
        print(f"ratio {ratio:.2f}, but runs of one kind differ by {noise:.0%}: no verdict on this machine now")
        return True
    print(f"ratio {ratio:.2f}: {'the others do not notice' if ratio < 1 + NOISE else 'THE OTHERS NOTICE'}")
    return ratio < 1 + NOISE


def main() -> None:
    log.configure(level="critical")
    with tempfile.TemporaryDirectory(prefix="mixer-bench-", dir=".") as folder:
        sys.exit(0 if asyncio.run(compare(Path(folder).resolve())) else 1)


if __name__ == "__main__":
    main()
